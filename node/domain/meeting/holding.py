"""
Holding a meeting: who was there, what was decided on each item, who has to do what by when.

A decision on a ticket is written into the ticket's own file as well: the layer or the lead that it changes, the disagreement that
it settles, whoever owes it and by when.  A joint judgement comes to one of the six outcomes for each need instead.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime

from node.domain.command import Facts
from node.domain.entry import Actor, ClockChange, Happened, Header
from node.domain.meeting.agenda import open_item
from node.domain.meeting.convening import CHAIRS, HOSTS, need_host, need_open, need_state_of
from node.domain.meeting.record import CASE, CONVENED, HELD, TICKET, Form, Item, Meeting, MeetingCommand, MeetingEvent, Task, form_of
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import clocks
from node.domain.ticket.checks import need_field, need_state, need_unit
from node.domain.ticket.coordination import CoordinationFailed
from node.domain.ticket.decide import check_custody
from node.domain.ticket.judgement import in_session, judged, leave_undecided
from node.domain.ticket.layers import DecideAtLayer, LowerLayer, RaiseLayer, decide_at_layer, lower_layer, raise_layer
from node.domain.ticket.local_ladder import LAYER, layers
from node.domain.ticket.meetings import DECIDED, NOT_SETTLED, POSTPONED, MeetingDecided, MeetingTaskSet, TakenOffAgenda
from node.domain.ticket.parts import need_not_handler
from node.domain.ticket.state import IN_HAND
from node.domain.ticket.ticket import Ticket
from node.domain.time import local_day

OUTCOMES = (DECIDED, NOT_SETTLED)


@dataclass(frozen=True)
class HoldMeeting(MeetingCommand):
    """Record who was there: units, and enterprises by credit code.  Given again it replaces what was recorded."""

    roles = CHAIRS

    present: tuple[str, ...]
    enterprises: tuple[str, ...] = ()


@dataclass(frozen=True)
class DecideItem(MeetingCommand):
    """
    Record what came of an item: "decided", or "not_settled".

    ``unit`` owes it by the end of ``due``.  A ticket may be put to another ``layer`` (on a ``ground`` of the pack) or get a new
    ``lead``; with ``settles_coordination`` what its departments disagreed about is settled, or has failed.
    """

    roles = CHAIRS
    needs = ("agenda",)

    agenda_item: int
    outcome: str
    decision: Text
    unit: str = ""
    due: date | None = None
    layer: str = ""
    ground: str = ""
    lead: str = ""
    settles_coordination: bool = False


@dataclass(frozen=True)
class JudgeItem(MeetingCommand):
    """Record the outcome of a need in a joint judgement, one of six; ``leads`` names exactly one unit where it is "form"."""

    roles = HOSTS
    needs = ("agenda",)

    agenda_item: int
    outcome: str
    conclusion: Text
    leads: tuple[str, ...] = ()


@dataclass(frozen=True)
class PostponeItem(MeetingCommand):
    """Leave an item to a later meeting, with the reason."""

    roles = CHAIRS
    needs = ("agenda",)

    agenda_item: int
    reason: Text


@dataclass(frozen=True)
class SetTask(MeetingCommand):
    """Give a unit a task in an item that was decided, due with the day ``due``."""

    roles = CHAIRS
    needs = ("agenda",)

    agenda_item: int
    unit: str
    due: date
    description: Text


@dataclass(frozen=True)
class FinishTask(MeetingCommand):
    """Tick a task off: its unit, or who convened the meeting, says what was done."""

    roles = HOSTS | {Role.DEPARTMENT, Role.SPECIALIST}

    task_number: int
    result: Text


@dataclass(frozen=True)
class MeetingHeld(MeetingEvent):
    """The meeting took place, with these units and enterprises."""

    present: tuple[str, ...]
    enterprises: tuple[str, ...] = ()

    def apply(self, meeting: Meeting, head: Header) -> Meeting:
        held_at = meeting.held_at or head.recorded_at
        return replace(meeting, state=HELD, held_at=held_at, present=self.present, enterprises_present=self.enterprises)


@dataclass(frozen=True)
class ItemDecided(MeetingEvent):
    """
    What came of the item: "decided", "not_settled", "postponed", or the outcome of a joint judgement. `unit` owes it by the
    day `due`. What it means for a ticket stands in the ticket's own file.
    """

    agenda_item: int
    outcome: str
    unit: str = ""
    due: date | None = None
    decision: Words | None = None

    def apply(self, meeting: Meeting, head: Header) -> Meeting:
        item = meeting.item(self.agenda_item)
        if item is None:
            return meeting
        decided = replace(item, outcome=self.outcome, unit=self.unit, due=self.due, decision=self.decision, decided_at=head.recorded_at)
        return meeting.with_item(decided)


@dataclass(frozen=True)
class TaskSet(MeetingEvent):
    """A unit has to do something by the day `due`; the header times it."""

    task_number: int
    agenda_item: int
    unit: str
    due: date
    description: Words | None = None

    def apply(self, meeting: Meeting, head: Header) -> Meeting:
        task = Task(self.task_number, self.agenda_item, self.unit, self.due, self.description, head.recorded_at)
        return replace(meeting, tasks=(*meeting.tasks, task))


@dataclass(frozen=True)
class TaskFinished(MeetingEvent):
    """The task was done."""

    task_number: int
    result: Words | None = None

    def apply(self, meeting: Meeting, head: Header) -> Meeting:
        tasks = tuple(replace(one, done_at=head.recorded_at) if one.number == self.task_number else one for one in meeting.tasks)
        return replace(meeting, tasks=tasks)


def hold(meeting: Meeting, command: HoldMeeting, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """XS25-4.3.2.0a: attendance is recorded; nobody is present who was not invited, and nobody before the day."""
    need_host(meeting, facts)
    need_open(meeting)
    need_field("present", command.present)
    assert meeting.planned_at is not None
    if local_day(now) < local_day(meeting.planned_at):
        raise Refusal(Code.DATE_TOO_EARLY, ticket=meeting.id, date=local_day(now), earliest=local_day(meeting.planned_at))
    for unit in command.present:
        if unit not in (*meeting.units, meeting.host):
            raise Refusal(Code.UNIT_UNKNOWN, unit=unit)
    absent = [code for code in command.enterprises if code not in meeting.enterprises]
    if absent:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="enterprises", value=absent[0], offered=meeting.enterprises)
    event = MeetingHeld(tuple(dict.fromkeys(command.present)), tuple(dict.fromkeys(command.enterprises)))
    if meeting.state == HELD and (meeting.present, meeting.enterprises_present) == (event.present, event.enterprises):
        return []
    return [Happened(meeting.subject, event)]


def decide_item(meeting: Meeting, command: DecideItem, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """XS25-4.3.2.0a, AS25-1.3a, HM20-4.1b: one decision an item, with owner and date where the pack asks for them."""
    form = _sitting(meeting, facts, policy)
    item = open_item(meeting, command.agenda_item)
    if form.judges and item.kind == TICKET:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="item_kind", value=item.kind, offered=("problem",))
    need_field("outcome", command.outcome)
    if command.outcome not in OUTCOMES:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="outcome", value=command.outcome, offered=OUTCOMES)
    need_field("decision", command.decision)
    if command.outcome == DECIDED and item.kind != CASE:
        for field in form.decision_needs:
            need_field(field, getattr(command, field))
    if command.unit:
        need_unit(facts, command.unit)
    if command.due is not None and command.due < local_day(now):
        raise Refusal(Code.DATE_TOO_EARLY, ticket=item.ticket, date=command.due, earliest=local_day(now))
    decided = ItemDecided(item.number, command.outcome, command.unit, command.due, command.decision)
    happened = [Happened(meeting.subject, decided)]
    if command.unit and command.due is not None:  # whoever owes what was decided is timed until he ticks it off
        happened.append(_task(meeting, item, command.unit, command.due, command.decision, policy, now))
    if item.kind == TICKET:
        happened += _of_ticket(facts.given["agenda"][item.ticket], form, meeting, command, facts, policy, now)
    elif command.lead or command.layer or command.settles_coordination:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="item_kind", value=item.kind, offered=(TICKET,))
    return happened


def _sitting(meeting: Meeting, facts: Facts, policy: Policy) -> Form:
    """The meeting is being held, and the actor may speak for it."""
    need_host(meeting, facts)
    need_state_of(meeting, HELD)
    return form_of(policy.pack, meeting.meeting_kind)


def _of_ticket(
    ticket: Ticket, form: Form, meeting: Meeting, command: DecideItem, facts: Facts, policy: Policy, now: datetime
) -> list[Happened]:
    """What the decision means for the ticket; never recorded by the unit that handles it."""
    check_custody(ticket, policy)
    if form.by_lead:
        _need_own_matter(ticket, command)
    else:
        need_not_handler(ticket, facts)
    changes: list[ClockChange] = []
    if command.lead:
        need_state(ticket, IN_HAND)
        need_unit(facts, command.lead)
        changes += _handed_over(ticket, command.lead)
    coordination = ticket.coordination
    if command.settles_coordination and (coordination is None or coordination.stage == "settled"):
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application="coordination")
    is_settling = command.settles_coordination and command.outcome == DECIDED
    event = MeetingDecided(
        meeting=meeting.id,
        meeting_kind=meeting.meeting_kind,
        outcome=command.outcome,
        decided_on=local_day(meeting.held_at or now),
        deciding_body=meeting.deciding_body,
        layer=command.layer,
        former_layer=ticket.classing.layer,
        lead=command.lead,
        unit=command.unit,
        due=command.due,
        settles_coordination=is_settling,
        decision=command.decision,
    )
    ask = coordination.ask if is_settling and coordination is not None else ""
    if is_settling:
        changes += clocks.stop_if_on(ticket, "coordination", "government_ruling")
    happened = [Happened(ticket.subject, event, clocks=tuple(changes), answers=ask)]
    if command.settles_coordination and not is_settling:
        happened.append(Happened(ticket.subject, CoordinationFailed(command.decision)))
    return happened + _on_the_ladder(ticket, form, meeting, command, facts, policy, now)


def _need_own_matter(ticket: Ticket, command: DecideItem) -> None:
    """XS25-4.3.2.1c: how the units go about it; a lead moves neither the lead nor the layer of its own ticket."""
    for field in ("lead", "layer", "settles_coordination"):
        if getattr(command, field):
            raise Refusal(Code.MALFORMED_COMMAND, ticket=ticket.id, field=field)


def _on_the_ladder(
    ticket: Ticket, form: Form, meeting: Meeting, command: DecideItem, facts: Facts, policy: Policy, now: datetime
) -> list[Happened]:
    """
    HM20-3.3d, XS25-4.3.2.3a: where the layer that convened it has the ticket, the meeting's decision is the layer's; else it may put
    the ticket to another one.  Both in the name of whoever convened it.
    """
    for_convener = replace(facts, actor=Actor(meeting.convener, meeting.convener_role, meeting.host))
    if form.layer and form.layer == ticket.classing.layer and ticket.layering.stage == LAYER:
        decided = DecideAtLayer(command.outcome == DECIDED, command.decision, command.decision, command.due)
        return decide_at_layer(ticket, decided, for_convener, policy, now)
    if not command.layer:
        return []
    known = layers(policy)
    is_lower = command.layer in known and ticket.classing.layer in known[known.index(command.layer) + 1 :]
    if is_lower:
        return lower_layer(ticket, LowerLayer(command.layer, command.decision), for_convener, policy, now)
    return raise_layer(ticket, RaiseLayer(command.layer, command.decision, command.ground), for_convener, policy, now)


def _handed_over(ticket: Ticket, lead: str) -> list[ClockChange]:
    """AS25-4.4.5b: the new lead owes the limit that is left; its own part as a co-handler is over."""
    changes = [clocks.stop(name) for name in (f"co_handle/{lead}", f"co_handle_part/{lead}") if ticket.clock(name) is not None]
    resolve = ticket.clock("resolve")
    if resolve is not None and lead != ticket.lead:
        changes.append(clocks.hand_to(resolve, lead))
    return changes


def judge_item(meeting: Meeting, command: JudgeItem, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-3.2.2a: one of six outcomes for each need; the office then carries it out."""
    form = _sitting(meeting, facts, policy)
    item = open_item(meeting, command.agenda_item)
    if not form.judges or item.kind != TICKET:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="item_kind", value=item.kind, offered=())
    ticket = facts.given["agenda"][item.ticket]
    check_custody(ticket, policy)
    if not in_session(ticket, meeting.id):
        raise Refusal(Code.ITEM_UNKNOWN, meeting=meeting.id, item=item.number)
    closed = judged(ticket, command.outcome, command.leads, command.conclusion, facts, policy, now)
    decided = ItemDecided(item.number, command.outcome, next(iter(command.leads), ""), None, command.conclusion)
    return [Happened(meeting.subject, decided), *closed, _settled(ticket, meeting, command.outcome)]


def _settled(ticket: Ticket, meeting: Meeting, outcome: str) -> Happened:
    """The session is done with the ticket: it may come before another meeting."""
    return Happened(ticket.subject, TakenOffAgenda(meeting.id, outcome))


def postpone(meeting: Meeting, command: PostponeItem, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """XS25-4.3.2.0a: an item without a decision is marked postponed, or the minutes are not filed."""
    _sitting(meeting, facts, policy)
    item = open_item(meeting, command.agenda_item)
    need_field("reason", command.reason)
    happened = [Happened(meeting.subject, ItemDecided(item.number, POSTPONED, decision=command.reason))]
    if item.kind == TICKET:
        ticket = facts.given["agenda"][item.ticket]
        happened += leave_undecided(ticket, command.reason, policy, now) if in_session(ticket, meeting.id) else []
        happened.append(Happened(ticket.subject, TakenOffAgenda(meeting.id, POSTPONED, command.reason)))
    return happened


def set_task(meeting: Meeting, command: SetTask, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-3.1.1b: tasks with owners and dates, each timed until it is ticked off."""
    _sitting(meeting, facts, policy)
    item = meeting.item(command.agenda_item)
    if item is None or item.outcome not in OUTCOMES:
        raise Refusal(Code.ITEM_UNKNOWN, meeting=meeting.id, item=command.agenda_item)
    need_unit(facts, command.unit)
    need_field("description", command.description)
    if command.due < local_day(now):
        raise Refusal(Code.DATE_TOO_EARLY, ticket=item.ticket, date=command.due, earliest=local_day(now))
    happened = [_task(meeting, item, command.unit, command.due, command.description, policy, now)]
    if item.kind == TICKET:
        told = MeetingTaskSet(meeting.id, len(meeting.tasks) + 1, command.unit, command.due, command.description)
        happened.append(Happened(facts.given["agenda"][item.ticket].subject, told))
    return happened


def _task(meeting: Meeting, item: Item, unit: str, due: date, content: Text, policy: Policy, now: datetime) -> Happened:
    """The next task of the meeting, with the milestone that *unit* owes by the end of *due*."""
    number = len(meeting.tasks) + 1
    clock = replace(clocks.start_until(policy, now, "milestone", unit, due), clock=task_clock(number))
    return Happened(meeting.subject, TaskSet(number, item.number, unit, due, content), clocks=(clock,))


def task_clock(number: int) -> str:
    """What the clock of the meeting's task is called."""
    return f"milestone/task_{number}"


def finish_task(meeting: Meeting, command: FinishTask, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """A task is ticked off by its unit or by who convened the meeting, also after the minutes were filed."""
    task = next((one for one in meeting.tasks if one.number == command.task_number), None)
    if task is None or meeting.state == CONVENED:
        raise Refusal(Code.ITEM_UNKNOWN, meeting=meeting.id, item=command.task_number)
    if facts.actor.unit != task.unit:
        need_host(meeting, facts)
    need_field("result", command.result)
    if task.done_at is not None:
        return []
    name = task_clock(task.number)
    ended = (clocks.stop(name),) if meeting.clock(name) is not None else ()
    return [Happened(meeting.subject, TaskFinished(task.number, command.result), clocks=ended)]


DECISIONS = {
    HoldMeeting: hold,
    DecideItem: decide_item,
    JudgeItem: judge_item,
    PostponeItem: postpone,
    SetTask: set_task,
    FinishTask: finish_task,
}
