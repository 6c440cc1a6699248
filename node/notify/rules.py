"""
Which entry makes which notice: pure functions over entries and the rows that they moved.

The appellant hears of every change of his ticket's state and of every step that is recorded for him; whoever must act now
hears that it is his turn, and of every rung of a clock that he owes (FJ25-3.8.4b, XS25-4.4.2c).  Whoever is named hears in
person: who has the ticket in his unit, who tracks it, whom an order addresses, who does a regular task, who submitted it.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from node.domain.dossier import DossierRungFired
from node.domain.entry import Folded, Header, Subject, SubjectKind
from node.domain.letter.answering import LetterReceived
from node.domain.meeting.convening import MeetingConvened, MeetingInvited
from node.domain.meeting.holding import TaskSet
from node.domain.order.answering import OrderReceived
from node.domain.order.issuing import OrderIssued
from node.domain.order.proposing import OrderProposed
from node.domain.organisation import Role
from node.domain.pack import Pack
from node.domain.payload import SealedRef
from node.domain.task import TaskAssigned, TaskOpened
from node.domain.ticket.assignment import AssignmentReceived, PersonAssigned
from node.domain.ticket.row import TicketRow
from node.domain.ticket.state import ROLE_OF, With, who_acts
from node.domain.ticket.sweep import RungFired
from node.domain.ticket.tracking import TrackerNamed
from node.domain.time import end_of
from node.notify.notice import APPELLANT, Channel, Notice, account, role, unit

# Entries that are told to the appellant although they change no state, and the text that goes with them.
STEPS: Mapping[str, str] = {
    # What a department notes for itself is told as a step, never in its words.
    "ProgressRecorded": "",
    "ProgressReported": "report",
    "MilestoneReached": "note",
    "FeedbackGiven": "content",
    "ExtensionGranted": "",
}
# What comes with the result.
RESULTS: Mapping[str, tuple[str, ...]] = {"Completed": ("result", "feedback", "explanation"), "AnsweredOnTheSpot": ("answer",)}
# Moves between desks of the office that tell the appellant nothing.
SILENT_STATES = frozenset({"archived"})
# Where whoever assigned a need gets his answer: it is done, or nothing more will be done.
ANSWERING_STATES = frozenset({"completed", "not_accepted", "terminated"})


class Known(Protocol):
    """What is known of the node around an entry; see ``around``."""

    def owes(self, subject_id: str, clock: str) -> str: ...
    def person(self, ticket: str, of_unit: str) -> str: ...
    def trait(self, ticket: str, name: str) -> str: ...
    def dossier(self, subject: Subject) -> Any: ...
    def called(self, name: str) -> str: ...
    def leader(self, of_unit: str) -> str: ...


def notices_of(one: Folded, was: str, before: TicketRow | None, after: TicketRow | None, pack: Pack, known: Known) -> list[Notice]:
    """
    What to tell of one entry of this node.  *before* and *after* are the ticket's rows around the transaction that wrote it,
    None for what is no ticket; *was* is the ticket's state right before this entry, "" of a new one.
    """
    if isinstance(one.event, RungFired | DossierRungFired):
        return _rung(one.header, one.event, known)
    if after is None:
        return _of_dossier(one, known)
    is_change = one.header.is_line and one.header.state not in ("", was)
    return [
        *_to_appellant(one, is_change, pack),
        *_to_who_acts(one.header, before, after),
        *_to_named(one, is_change, after, known),
    ]


def channels_of(audience: str, pack: Pack) -> tuple[Channel, ...]:
    """The channels of the pack for this audience; the platform's own at least."""
    named = pack.names("notify.appellant" if audience == APPELLANT else "notify.staff")
    return tuple(Channel(name) for name in named) or (Channel.IN_APP,)


# --- tickets ------------------------------------------------------------------------------------------------------------


def _to_appellant(one: Folded, is_change: bool, pack: Pack) -> list[Notice]:
    head = one.header
    facts = {"ticket": head.subject.id}
    if head.kind in STEPS:
        return [Notice(APPELLANT, "step", facts | {"event": head.kind}, _words(one, (STEPS[head.kind],)))]
    if head.kind == "EvaluationInvited":
        return [Notice(APPELLANT, "evaluate", facts, invites=True)]
    if not is_change or head.state in SILENT_STATES:
        return []
    told = [Notice(APPELLANT, "state", facts | {"state": head.state}, _words(one, RESULTS.get(head.kind, ())))]
    if head.state == "completed" and pack.flag("notify.invite_evaluation"):
        told.append(Notice(APPELLANT, "evaluate", facts, invites=True))
    return told


def _to_who_acts(head: Header, before: TicketRow | None, after: TicketRow) -> list[Notice]:
    """Once, with the entry that made it somebody's turn."""
    if not head.is_line or head.with_whom != after.with_whom:
        return []
    was = (before.with_whom, before.lead) if before is not None else ("", "")
    if was == (after.with_whom, after.lead):
        return []
    of_unit, of_role = who_acts(after.with_whom, after.lead)
    who = unit(of_unit) if of_unit else role(of_role)
    return [Notice(who, "turn", {"ticket": head.subject.id, "state": after.state})] if of_unit or of_role else []


def _to_named(one: Folded, is_change: bool, after: TicketRow, known: Known) -> list[Notice]:
    """Who was just named for the ticket, who tracks it, and who submitted it; nobody is told of what he did himself."""
    head, event = one.header, one.event
    facts = {"ticket": head.subject.id, "state": after.state}
    told: list[Notice] = []
    if isinstance(event, PersonAssigned | AssignmentReceived) and event.person not in ("", head.actor.account):
        told.append(Notice(account(event.person), "named", facts))
    if isinstance(event, TrackerNamed):
        told.append(Notice(account(event.tracker), "tracked", facts))
    if not is_change:
        return told
    facts["state"] = head.state
    # FJ25-3.8.1b: the one who tracks it sees every step.
    if tracker := known.trait(head.subject.id, "tracker"):
        told.append(Notice(account(tracker), "tracked", facts))
    if head.state in ANSWERING_STATES and (submitter := known.trait(head.subject.id, "submitter")):
        told.append(_result(one, submitter, facts, known))
    return told


def _result(one: Folded, submitter: str, facts: Mapping[str, str], known: Known) -> Notice:
    """XS25-4.1.3a: to whoever assigned it; a body that has no desk here is told by the office."""
    words = _words(one, RESULTS.get(one.header.kind, ()))
    if who := known.called(submitter):
        return Notice(who, "result", dict(facts), words)
    return Notice(role("office"), "result_owed", {**facts, "body": submitter}, words)


# --- clocks -------------------------------------------------------------------------------------------------------------


def _rung(head: Header, event: RungFired | DossierRungFired, known: Known) -> list[Notice]:
    """Who owes the clock; of a step of the ladder its order tells, to whom it is addressed."""
    if isinstance(event, RungFired) and event.times:
        return []
    facts = {"ticket": head.subject.id, "clock": event.clock, "rung": event.rung, "due": event.due_at.isoformat()}
    return [Notice(who, "rung", facts) for who in _who_owes(head, known.owes(head.subject.id, event.clock), known)]


def _who_owes(head: Header, owes: str, known: Known) -> list[str]:
    """A named person before his unit; what the appellant owes the office hears, too, as does what is owed elsewhere."""
    if owes == With.APPELLANT.value:
        return [APPELLANT, role("office")]
    if person := known.person(head.subject.id, owes):
        return [account(person)]
    if owes in ROLE_OF:
        return [_named_for(head, owes, known) or role(ROLE_OF[owes])]
    return [known.called(owes) or role("office")]


def _named_for(head: Header, owes: str, known: Known) -> str:
    """Who was named for what his role owes: for a regular task, or as the leader in charge of a ticket."""
    if head.subject.kind == SubjectKind.TASK.value:
        return known.called(known.dossier(head.subject).person)
    return known.called(known.trait(head.subject.id, "leader")) if owes == With.LEADER.value else ""


# --- orders and tasks -----------------------------------------------------------------------------------------------------


def _of_dossier(one: Folded, known: Known) -> list[Notice]:
    head, event = one.header, one.event
    match event:
        case OrderIssued():
            return [] if event.to_node else [_order(head, event, known)]
        case OrderReceived() if head.actor.role == Role.NODE.value:
            # It came from the level above: the unit that it is about hears of it here.
            return [_order(head, known.dossier(head.subject), known)]
        case OrderProposed():
            facts = {"measure": event.measure, "ground": event.ground}
            return [Notice(who, "proposal", facts) for who in _who_owes(head, known.owes(head.subject.id, "proposal_decision"), known)]
        case MeetingConvened() | MeetingInvited():
            return _invitations(head, event)
        case TaskSet():
            facts = {"task": str(event.task_number), "due": end_of(event.due).isoformat()}
            return [] if event.unit == head.actor.unit else [Notice(unit(event.unit), "meeting_task", facts)]
        case LetterReceived():
            letter = known.dossier(head.subject)
            facts = {"letter_kind": letter.letter_kind, "letter": letter.id, "node": letter.owner}
            return [Notice(role("office"), "letter", facts)]
        case TaskOpened():
            facts = {"task_kind": event.task_kind, "period": event.period, "due": end_of(event.ends_on).isoformat()}
            return [Notice(role(event.role), "task", facts)]
        case TaskAssigned():
            task = known.dossier(head.subject)
            return [Notice(account(event.person), "task_named", {"task_kind": task.task_kind, "period": task.period})]
        case _:
            return []


def _invitations(head: Header, event: MeetingConvened | MeetingInvited) -> list[Notice]:
    """Each unit and each person that is invited; who convened it needs no invitation."""
    units = (unit(one) for one in event.units if one != head.actor.unit)
    persons = (account(one) for one in event.persons if one != head.actor.account)
    return [Notice(who, "invited", {"meeting": head.subject.id}) for who in (*units, *persons)]


def _order(head: Header, order: Any, known: Known) -> Notice:
    """FJ23-3.4f: a step of the ladder names whom it addresses; an order by hand goes to the unit."""
    facts = {"order": order.number, "measure": order.measure, "ground": order.ground}
    reply = next((change.due_at for change in head.clocks if change.clock == "supervision_reply"), None)
    template = "order" if reply is None else "order_due"
    return Notice(_addressed(order, known), template, facts if reply is None else facts | {"due": reply.isoformat()})


def _addressed(order: Any, known: Known) -> str:
    """One of ``order.record.ADDRESSEES``; whoever is not there leaves it to the unit, and no unit to the office."""
    if order.addressed_to == "supervision":
        return role(Role.SUPERVISION.value)
    if not order.unit:
        return role("office")
    if order.addressed_to == "leader":
        return known.leader(order.unit)
    person = known.person(order.tickets[0], order.unit) if order.addressed_to == "person" and order.tickets else ""
    return account(person) if person else unit(order.unit)


def _words(one: Folded, names: tuple[str, ...]) -> SealedRef | None:
    for name in names:
        value = getattr(one.event, name, None) if name else None
        if isinstance(value, SealedRef):
            return value
    return None
