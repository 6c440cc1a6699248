"""
What the forms of a meeting offer to choose from: items of its agenda and its tasks by their words, since nobody knows a matter by
its place on a list, and whom it invited.
"""

from collections.abc import Callable, Mapping

from sqlalchemy import select

from node.domain.command import Command
from node.domain.entry import Actor
from node.domain.meeting.agenda import SubmitTickets, WithdrawItem
from node.domain.meeting.convening import UninviteUnit
from node.domain.meeting.holding import OUTCOMES, DecideItem, FinishTask, HoldMeeting, JudgeItem, PostponeItem, SetTask
from node.domain.meeting.record import CONVENED, Item, Meeting, Task, form_of
from node.domain.meeting.ripeness import lacking
from node.domain.organisation import Role
from node.domain.pack import Pack
from node.domain.payload import SealedRef
from node.domain.ticket.meetings import on_agenda
from node.domain.ticket.state import OPEN, State, With
from node.domain.ticket.ticket import Ticket
from node.services.headlines import headlines, shortened
from node.services.numbers import short_number
from node.services.queries import Names
from node.services.scope import visible_to
from node.services.ticket_view import opened
from node.storage import schema
from node.storage.unit_of_work import View
from node.texts.catalogue import Lang, text, word

Choice = tuple[str, str]
_BETWEEN = " · "
offered_max, looked_through_max = 40, 200


def of_meeting(
    view: View, command: type[Command], meeting: Meeting, viewer: Actor, pack: Pack | None, called: Names, lang: Lang
) -> dict[str, tuple[Choice, ...]]:
    """For each field of *command* that names something of *meeting*: value and words, as far as *viewer* sees what they are about."""
    if command in _ITEMS:
        judges = pack is not None and form_of(pack, meeting.meeting_kind).judges
        items = [one for one in meeting.agenda if _ITEMS[command](one, judges)]
        return {"agenda_item": tuple((str(one.number), words) for one, words in _said(view, meeting, items, viewer, lang))}
    if command is FinishTask:
        return {"task_number": tuple(_task(view, meeting, one, called) for one in _tasks(meeting, viewer))}
    if command is HoldMeeting:
        there = dict.fromkeys((*meeting.units, *([meeting.host] if meeting.host else [])))
        return {"present": tuple((one, called.unit(one)) for one in there)}
    if command is SubmitTickets and pack is not None:
        return {"tickets": tuple(_to_submit(view, meeting, viewer, pack, lang))}
    if command is UninviteUnit:
        return {"unit": tuple((one, called.unit(one)) for one in meeting.units)}
    return {}


def _to_submit(view: View, meeting: Meeting, viewer: Actor, pack: Pack, lang: Lang) -> list[Choice]:
    """
    What may be put on the agenda: the pool of a joint judgement; else what was made ready for such a meeting, and then whatever is open
    here and on no agenda, the oldest first, at most ``offered_max`` in all.  Others are typed.
    """
    form, table = form_of(pack, meeting.meeting_kind), schema.tickets
    held = (table.c.holder == view.head.node, table.c.asked == "", visible_to(viewer))
    states = (State.REGISTERED,) if form.judges else OPEN
    query = select(table.c.id).where(*held, table.c.state.in_(sorted(one.value for one in states)))
    if form.judges:
        query = query.where(table.c.with_whom == With.OFFICE.value)
    if form.complexities:
        query = query.where(table.c.complexity.in_(form.complexities))
    ids = view.connection.execute(query.order_by(table.c.registered_at, table.c.id).limit(looked_through_max)).scalars().all()
    duty_line = meeting.duty_line
    free = [one for one in view.readings.tickets(ids).values() if on_agenda(one) is None]
    ripe = sorted(free, key=lambda one: bool(lacking(one, form.ripe_needs, form.code, duty_line)))[:offered_max]
    rows = view.readings.rows({one.id for one in ripe})
    titles = headlines(view, rows.values(), viewer)

    def words(one: Ticket) -> str:
        missing = lacking(one, form.ripe_needs, form.code, duty_line)
        lacks = text("web.boards.meetings.lacks", lang, missing=word("ripeness", ", ".join(missing), lang)) if missing else ""
        parts = (short_number(one.id), titles.get(one.id, ""), word("state", one.state.value, lang), lacks)
        return _BETWEEN.join(part for part in parts if part)

    return [(one.id, words(one)) for one in ripe]


def _is_open(item: Item, judges: bool) -> bool:
    return item.is_open


def _is_to_decide(item: Item, judges: bool) -> bool:
    """A joint judgement judges its needs, and decides on what else it deals with."""
    return item.is_open and not (judges and item.kind == "ticket")


def _is_to_judge(item: Item, judges: bool) -> bool:
    return item.is_open and judges and item.kind == "ticket"


def _is_decided(item: Item, judges: bool) -> bool:
    return item.outcome in OUTCOMES


_ITEMS: Mapping[type[Command], Callable[[Item, bool], bool]] = {
    DecideItem: _is_to_decide,
    JudgeItem: _is_to_judge,
    PostponeItem: _is_open,
    WithdrawItem: _is_open,
    SetTask: _is_decided,
}


def _said(view: View, meeting: Meeting, items: list[Item], viewer: Actor, lang: Lang) -> list[tuple[Item, str]]:
    """Each item with its place, its ticket's number and first words, or its problem's."""
    named = sorted({one.ticket for one in items if one.ticket})
    shown = select(schema.tickets.c.id).where(schema.tickets.c.id.in_(named), visible_to(viewer))
    seen = set(view.connection.execute(shown).scalars())
    titles = headlines(view, view.readings.rows(seen).values(), viewer) if seen else {}

    def words(item: Item) -> str:
        if item.ticket:
            about = [short_number(item.ticket), titles.get(item.ticket, "")] if item.ticket in seen else []
        else:
            about = [_opened(view, meeting, item.description)]
        return _BETWEEN.join([str(item.number), word("item_kind", item.kind, lang), *(one for one in about if one)])

    return [(one, words(one)) for one in items]


def _tasks(meeting: Meeting, viewer: Actor) -> list[Task]:
    """What *viewer* may tick off: all that is open where he acts for the meeting, else what his unit was given."""
    is_host = viewer.role == Role.OFFICE.value or viewer.unit == meeting.host or viewer.account == meeting.convener
    open_tasks = [one for one in meeting.tasks if one.done_at is None and meeting.state != CONVENED]
    return [one for one in open_tasks if is_host or one.unit == viewer.unit]


def _task(view: View, meeting: Meeting, task: Task, called: Names) -> Choice:
    parts = (str(task.number), called.unit(task.unit), task.due.isoformat(), _opened(view, meeting, task.description))
    return str(task.number), _BETWEEN.join(one for one in parts if one)


def _opened(view: View, meeting: Meeting, ref: object) -> str:
    """The first words, where they may be read here."""
    return shortened(opened(view, meeting.subject, ref) or "") if isinstance(ref, SealedRef) else ""
