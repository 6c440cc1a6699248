"""
Acceptance with gaps (告知承诺+容缺受理, FJ25-3.7.3a): a need is formed although secondary items are missing, against a signed
commitment to bring them by a day.  A day that passes without them marks the ticket; it does not stop the handling.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime

from node.domain.command import Command, Facts
from node.domain.entry import Happened, Header
from node.domain.organisation import Role
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import clocks
from node.domain.ticket import triage_record as t
from node.domain.ticket.checks import need_field
from node.domain.ticket.parts import need_evidence_here
from node.domain.ticket.state import With
from node.domain.ticket.ticket import Ticket, TicketEvent
from node.domain.time import local_day

CLOCK = "commitment"


@dataclass(frozen=True)
class MakeGood(Command):
    """Items that were promised came in; ``provided`` are their codes."""

    roles = frozenset({Role.WINDOW_CLERK, Role.SPECIALIST, Role.OFFICE, Role.DEPARTMENT, Role.ENTERPRISE})

    provided: tuple[str, ...]
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class BreakCommitment(Command):
    """The node's own word that the day of a commitment passed without the items."""

    roles = frozenset({Role.NODE})


@dataclass(frozen=True)
class AcceptedWithGaps(TicketEvent):
    """
    The need is accepted although `gaps` are missing; the appellant committed himself to bring them by the end of `due`.

    `evidence` is the digest of the signed commitment.
    """

    gaps: tuple[str, ...]
    due: date
    evidence: tuple[str, ...] = ()

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(ticket, gap_commitment=t.Commitment(self.gaps, next(iter(self.evidence), ""), self.due))


@dataclass(frozen=True)
class MadeGood(TicketEvent):
    """Items that were promised on acceptance came in. `is_late`: after their day."""

    provided: tuple[str, ...]
    evidence: tuple[str, ...] = ()
    is_late: bool = False

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        promised = ticket.gap_commitment
        assert promised is not None
        after = replace(promised, provided=tuple(dict.fromkeys((*promised.provided, *self.provided))))
        return replace(ticket, gap_commitment=after if after.missing else replace(after, made_good_at=head.recorded_at))


@dataclass(frozen=True)
class CommitmentBroken(TicketEvent):
    """The day of a commitment passed and `missing` did not come: the ticket is marked, the handling goes on."""

    missing: tuple[str, ...]

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        assert ticket.gap_commitment is not None
        return replace(ticket, gap_commitment=replace(ticket.gap_commitment, is_broken=True))


def accepted_with_gaps(
    ticket: Ticket,
    category: str,
    gaps: tuple[str, ...],
    evidence: tuple[str, ...],
    due: date | None,
    facts: Facts,
    policy: Policy,
    now: datetime,
) -> list[Happened]:
    """
    What accepting with *gaps* adds to forming; nothing without gaps.

    FJ25-3.7.3a: for the classes of the pack only, and only items that it calls secondary; a main item must be there.
    """
    if not gaps:
        return []
    classes = policy.pack.names("acceptance.gap_classes")
    if category not in classes:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="acceptance.gap_classes", value=category, offered=classes)
    main = [item for item in gaps if item not in policy.pack.names("acceptance.gap_items")]
    if main:
        raise Refusal(Code.MAIN_ITEM_MISSING, ticket=ticket.id, items=main)
    if due is None:
        raise Refusal(Code.FIELD_REQUIRED, field="gaps_due")
    if due < local_day(now):
        raise Refusal(Code.DATE_TOO_EARLY, ticket=ticket.id, date=due, earliest=local_day(now))
    need_field("evidence", evidence)
    need_evidence_here(evidence, facts)
    event = AcceptedWithGaps(gaps=tuple(dict.fromkeys(gaps)), due=due, evidence=evidence)
    return [Happened(ticket.subject, event, clocks=(clocks.start_until(policy, now, CLOCK, With.APPELLANT, due),))]


def make_good(ticket: Ticket, command: MakeGood, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ25-3.7.3a: item by item, also after the day, which stays marked."""
    promised = ticket.gap_commitment
    if promised is None:
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application="commitment")
    need_field("provided", command.provided)
    for item in command.provided:
        if item not in promised.gaps:
            raise Refusal(Code.VALUE_NOT_OFFERED, key="gaps", value=item, offered=promised.gaps)
    need_evidence_here(command.evidence, facts)
    fresh = tuple(item for item in dict.fromkeys(command.provided) if item in promised.missing)
    if not fresh:
        return []
    is_whole = set(promised.missing) == set(fresh)
    event = MadeGood(provided=fresh, evidence=command.evidence, is_late=local_day(now) > promised.due)
    return [Happened(ticket.subject, event, clocks=clocks.stop_if_on(ticket, CLOCK) if is_whole else ())]


def break_commitment(ticket: Ticket, command: BreakCommitment, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ25-3.7.3a: once, when the day is over and something is missing."""
    promised = ticket.gap_commitment
    if promised is None or promised.is_broken or not promised.missing:
        return []
    if local_day(now) <= promised.due:
        raise Refusal(Code.RUNG_NOT_DUE, ticket=ticket.id, clock=CLOCK, rung="overdue")
    return [Happened(ticket.subject, CommitmentBroken(missing=promised.missing))]


DECISIONS = {MakeGood: make_good, BreakCommitment: break_commitment}
