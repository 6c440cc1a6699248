"""Not accepting (不予受理): the office refuses a need on a ground of the pack; the first-contact department explains it (AS25-4.2.2)."""

from dataclasses import dataclass, replace
from datetime import datetime

from node.domain.command import Command, Facts
from node.domain.entry import Happened, Header
from node.domain.organisation import Role
from node.domain.payload import Contact, Reach, Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import clocks
from node.domain.ticket import records as r
from node.domain.ticket.applications import lapse_open
from node.domain.ticket.checks import first_contact_owes, need_field, need_first_contact, need_judged, need_reported, need_state, need_value
from node.domain.ticket.state import BEFORE_FORMING, State, With
from node.domain.ticket.ticket import Ticket, TicketEvent

REFUSABLE = BEFORE_FORMING | {State.FORMED, State.OFFERED, State.DISPATCHED, State.OBJECTED, State.HANDLING}


@dataclass(frozen=True)
class NotAccept(Command):
    """
    Refuse the need by a ``reason`` of the pack.  ``procedure`` (a code) and ``body`` say which statutory procedure is under
    way, where the reason asks for it (AS25-4.2.2.2); ``other_party`` who the dispute is with (AS25-4.2.2.3).
    """

    roles = frozenset({Role.OFFICE})

    reason: str
    procedure: str = ""
    body: Text | None = None
    other_party: Contact | None = None
    note: Text | None = None


@dataclass(frozen=True)
class RecordPersuasion(Command):
    """The first-contact department explained the refusal to the appellant, by ``way``."""

    roles = frozenset({Role.DEPARTMENT, Role.WINDOW_CLERK, Role.SPECIALIST, Role.OFFICE})

    way: str
    note: Text


@dataclass(frozen=True)
class NotAccepted(TicketEvent):
    """
    The office does not accept the need; the first-contact department must explain it to the appellant (劝导).

    An outcome of its own, never a completion. `by_centre`: the centre does the first-contact department's duties here.
    """

    reason: str
    procedure: str = ""
    by_centre: bool = False
    body: Words | None = None
    other_party: Reach | None = None
    note: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(
            ticket,
            state=State.NOT_ACCEPTED,
            with_whom=With.OFFICE if self.by_centre else With.FIRST_CONTACT,
            refused=r.Refused(self.reason, head.recorded_at, self.procedure),
            objection=None,
        )


@dataclass(frozen=True)
class PersuasionRecorded(TicketEvent):
    """The refusal was explained to the appellant: nothing more is due."""

    way: str
    note: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        assert ticket.refused is not None
        told = replace(ticket.refused, persuaded_at=head.recorded_at, persuaded_by=head.actor.account)
        return replace(ticket, with_whom=With.NOBODY, refused=told)


def not_accept(ticket: Ticket, command: NotAccept, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.2.2a, b: before completion, on a ground of the pack; a pack without grounds accepts everything (HM20-2.1a)."""
    need_state(ticket, REFUSABLE)
    need_reported(ticket)
    offered = policy.pack.names("acceptance.refusal_reasons")
    # HM20-2.1a, POLICY_PACKS 2 no. 48: one hundred per cent, whoever sent it.
    if not offered:
        raise Refusal(Code.REFUSAL_NOT_ALLOWED, ticket=ticket.id)
    need_judged(ticket, "not_accept")
    need_field("reason", command.reason)
    if command.reason not in offered:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="acceptance.refusal_reasons", value=command.reason, offered=offered)
    # FJ25-1.3a: with a written note.
    if policy.pack.flag("acceptance.note_required"):
        need_field("note", command.note)
    # AS25-4.2.2.2: which procedure is under way, and where.
    if command.reason in policy.pack.names("acceptance.procedure_reasons"):
        need_field("procedure", command.procedure)
        need_value(policy, "acceptance.procedures", command.procedure)
        need_field("body", command.body)
    owes = first_contact_owes(ticket, facts)
    event = NotAccepted(
        reason=command.reason,
        procedure=command.procedure,
        by_centre=not owes,
        body=command.body,
        other_party=command.other_party,
        note=command.note,
    )
    changes = (*clocks.stop_all(ticket, policy.node), clocks.start(policy, now, "persuasion", owes or With.OFFICE))
    answers = ticket.objection.ask if ticket.objection else ""
    return [*lapse_open(ticket), Happened(ticket.subject, event, clocks=changes, answers=answers)]


def record_persuasion(ticket: Ticket, command: RecordPersuasion, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.2.2a: the refusal is closed only when the first-contact department recorded that it explained it."""
    need_first_contact(ticket, facts)
    need_state(ticket, {State.NOT_ACCEPTED})
    assert ticket.refused is not None
    if ticket.refused.persuaded_at is not None:
        return []
    need_field("way", command.way)
    need_value(policy, "notice.ways", command.way)
    need_field("note", command.note)
    event = PersuasionRecorded(way=command.way, note=command.note)
    return [Happened(ticket.subject, event, clocks=clocks.stop_if_on(ticket, "persuasion"))]


DECISIONS = {NotAccept: not_accept, RecordPersuasion: record_persuasion}
