"""
Consent to a merge by voice: the text is read out to the appellant and kept, and so are his answer, the way and who asked.

Asked and answered are two entries, so that what waits for an answer stands on a list; a merge then needs nothing further
(AS25-4.2.1.2b, USERS C26).
"""

from dataclasses import dataclass, replace
from datetime import datetime

from node.domain.command import Command, Facts
from node.domain.entry import Happened, Header
from node.domain.organisation import Role
from node.domain.payload import Contact, Reach, Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket.checks import need_field, need_state, need_value
from node.domain.ticket.intake_record import MergeConsent
from node.domain.ticket.state import State
from node.domain.ticket.ticket import Ticket, TicketEvent

GIVEN, REFUSED = "given", "refused"
_BEFORE_MERGING = frozenset({State.REGISTERED, State.IN_JUDGEMENT, State.FORMED})
_DESKS = frozenset({Role.WINDOW_CLERK, Role.SPECIALIST, Role.OFFICE, Role.STEWARD, Role.DEPARTMENT})


@dataclass(frozen=True)
class AskMergeConsent(Command):
    """Ask the appellant whether this need may be handled with ``into``; ``read_out`` is the text that he is read."""

    roles = _DESKS
    also = ("into",)

    into: str
    read_out: Text
    way: str = "phone"


@dataclass(frozen=True)
class RecordMergeConsent(Command):
    """What he answered: ``said`` in his words or where the recording lies, ``speaker`` who spoke, if not the appellant himself."""

    roles = _DESKS

    is_given: bool
    said: Text
    speaker: Contact | None = None


@dataclass(frozen=True)
class MergeConsentAsked(TicketEvent):
    """The appellant was asked whether this need may be handled with `into`; the text that was read to him is sealed."""

    into: str
    way: str
    read_out: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(ticket, merge_consent=MergeConsent(self.into, head.recorded_at, self.read_out, self.way))


@dataclass(frozen=True)
class MergeConsentRecorded(TicketEvent):
    """The appellant's answer, given or refused, in his own words."""

    answer: str
    said: Words | None = None
    speaker: Reach | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        asked = ticket.merge_consent
        assert asked is not None
        return replace(ticket, merge_consent=replace(asked, answer=self.answer, answered_at=head.recorded_at, said=self.said))


def ask_consent(ticket: Ticket, command: AskMergeConsent, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.2.1.2b: of another need, with the very text that was read out."""
    need_state(ticket, _BEFORE_MERGING)
    if command.into == ticket.id:
        raise Refusal(Code.MALFORMED_COMMAND, field="into")
    need_field("read_out", command.read_out)
    need_field("way", command.way)
    need_value(policy, "notice.ways", command.way)
    event = MergeConsentAsked(into=facts.others[command.into].id, way=command.way, read_out=command.read_out)
    return [Happened(ticket.subject, event)]


def record_consent(ticket: Ticket, command: RecordMergeConsent, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.2.1.2b: an answer to what was asked, once."""
    need_state(ticket, _BEFORE_MERGING)
    asked = ticket.merge_consent
    if asked is None or asked.answer:
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application="merge_consent")
    need_field("said", command.said)
    event = MergeConsentRecorded(answer=GIVEN if command.is_given else REFUSED, said=command.said, speaker=command.speaker)
    return [Happened(ticket.subject, event)]


DECISIONS = {AskMergeConsent: ask_consent, RecordMergeConsent: record_consent}
