"""
What every board shares: one snapshot with names, calendar and policy; who may act; forms that are posted; several acts at a
stroke, each with an outcome of its own.
"""

import dataclasses
import re
import uuid
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Request
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from node.domain.command import Command
from node.domain.meeting.record import Meeting
from node.domain.organisation import Unit
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket.state import State
from node.domain.time import WorkCalendar
from node.services import boards, dossiers, readership
from node.services.numbers import short_number
from node.services.queries import Names, names
from node.services.readership import BOARD_READERS
from node.services.refusal_words import in_names
from node.services.registry import read_units
from node.services.scope import in_sight, sees_all
from node.services.unreadable import left_out
from node.storage.unit_of_work import View
from node.texts.catalogue import Lang, explain, word
from node.web import kept
from node.web.desk import Desk
from node.web.templating import moment, page

_NAMESPACE = uuid.UUID("6f1c1f0e-2a4b-5c8d-9e10-71797a6a0041")
# Reports of several acts that are kept to be looked at, over all desks.
reports_max = 500
rows_at_once_max = 100


@dataclass(frozen=True)
class Room:
    """A board's node in one snapshot, as *desk* looks at it."""

    desk: Desk
    view: View
    now: datetime
    policy: Policy
    names: Names

    @property
    def calendar(self) -> WorkCalendar:
        """The calendar in force."""
        return self.policy.calendar

    @property
    def units(self) -> Mapping[str, Unit]:
        """The units of this node, with their staff."""
        return read_units(self.view.connection, self.view.head.node)

    @property
    def below(self) -> frozenset[str]:
        """The nodes of this one's subtree, itself not counted."""
        place = self.view.place()
        return frozenset(code for code in place.superiors if place.is_below(code))

    def may(self, command: type[Command]) -> bool:
        """Whether somebody at this desk may give *command* at all: what shows a button."""
        return boards.may_give(self.policy, self.desk.roles, command)

    def waiting(self, *kinds: str, unit: str = "", states: Iterable[State] = (), everything: bool = False) -> boards.Board:
        """What waits with a clock of *kinds*; of a steward in his scope, unless *everything*."""
        within = None if everything else boards.steward_filter(self.policy, self.units, self.desk.viewer)
        viewer = self.desk.viewer
        return boards.waiting(self.view, kinds, self.calendar, self.now, viewer, unit=unit, states=tuple(states), within=within)

    def seen(self, tickets: Iterable[str]) -> set[str]:
        """Those of *tickets* that this desk sees."""
        return in_sight(self.view, self.desk.viewer, tickets)

    def sees_meeting(self, meeting: Meeting) -> bool:
        """Whoever sees the whole node, and else who is invited or hosts it."""
        viewer = self.desk.viewer
        return sees_all(viewer) or bool({viewer.unit, viewer.account} & {*meeting.parties, *meeting.persons, meeting.convener} - {""})

    def staffed(self) -> list[tuple[str, str]]:
        """Units of this node to which something can be sent: code and name, by name."""
        able = [code for code, unit in self.units.items() if unit.is_active and unit.staff]
        return sorted(((code, self.names.unit(code)) for code in able), key=lambda one: one[1])


@contextmanager
def room_of(desk: Desk) -> Iterator[Room]:
    """
    The room of *desk*, for as long as its snapshot is read.

    Raises:
        Refusal: PACK_MISSING.
    """
    node = desk.node
    with node.store.read() as view:
        now = node.now()
        yield Room(desk, view, now, node.policies.of_node(view, now), names(view))


def need_board(desk: Desk, name: str) -> None:
    """
    Refuse a board that is not for the role in which somebody sits here; what he sees of one that is, is his scope's.

    Raises:
        Refusal: PERMISSION_DENIED.
    """
    readership.need_board(desk.role, name)


def board(request: Request, room: Room, name: str, *, template: str = "", **facts: Any) -> Response:
    """
    The page of the board *name*, with what all of them show.

    Raises:
        Refusal: PERMISSION_DENIED, if it is none for this role.
    """
    need_board(room.desk, name)
    called, lang = room.names, room.desk.lang
    context: dict[str, Any] = {
        "name": name,
        "path": request.url.path,
        "shown_boards": [one for one, roles in BOARD_READERS.items() if room.desk.role in roles],
        "now": room.now,
        "names": called,
        "may_name": lambda verb: room.may(commands()[verb]),
        "pascal": lambda verb: commands()[verb].__name__,
        "report": _report_of(request, room.desk),
        "clock_word": lambda clock: clock_word(clock, called, lang),
        "owes_word": lambda owes: owes_word(owes, called, lang),
        "when": lambda value: when(value, room.now),
        "day": lambda value: moment(value, "%m-%d"),
        "new_id": new_id,
        "all_units": room.staffed(),
        "left_out": left_out(room.view, room.seen(room.view.readings.unread)),
        "lost": dossiers.shown(room.view, room.view.readings.unread_dossiers, room.desk.viewer),
    }
    return page(request, f"boards/{template or name}.html", **(context | facts))


@cache
def commands() -> Mapping[str, type[Command]]:
    """Every command by the verb of its form: RequestEscalation is "request-escalation"."""
    found: dict[str, type[Command]] = {}
    waiting: list[type[Command]] = [Command]
    while waiting:
        one = waiting.pop()
        waiting += one.__subclasses__()
        if dataclasses.is_dataclass(one):
            found[re.sub(r"(?<!^)(?=[A-Z])", "-", one.__name__).lower()] = one
    return found


def clock_word(name: str, called: Names, lang: Lang) -> str:
    """A clock in words, with the unit that its name has."""
    kind, _, rest = name.partition("/")
    return " ".join(one for one in (word("clock", kind, lang), called.unit(rest) if "-" in rest else "") if one)


def owes_word(owes: str, called: Names, lang: Lang) -> str:
    """Who owes: a part in words, a unit by its name, else a role."""
    said = word("with_whom", owes, lang)
    said = called.unit(owes) if said == owes else said
    return said if said != owes else word("role", owes, lang)


def when(value: datetime | None, now: datetime) -> str:
    """A moment as people say it: without today's date, without this year; 24:00 belongs to the day that it closes."""
    if value is None:
        return ""
    is_end = moment(value, "%H:%M:%S") == "00:00:00"
    day = value - timedelta(minutes=1) if is_end else value
    clock = "24:00" if is_end else moment(value, "%H:%M")
    if moment(day, "%Y-%m-%d") == moment(now, "%Y-%m-%d"):
        return clock
    return f"{moment(day, '%m-%d' if moment(day, '%Y') == moment(now, '%Y') else '%Y-%m-%d')} {clock}"


def new_id() -> str:
    """An id for a form, so that sending it twice acts once."""
    return str(uuid.uuid4())


# --- forms ----------------------------------------------------------------------------------------------------------------


async def _posted(request: Request) -> FormData:
    """The fields of a form; that a page of ours sent it, ``security.need_own_form`` has seen."""
    return await request.form()


Posted = Annotated[FormData, Depends(_posted)]


def said(form: FormData, name: str) -> str:
    """What was typed into *name*, without blanks around it."""
    value = form.get(name, "")
    return value.strip() if isinstance(value, str) else ""


def chosen(form: FormData, name: str) -> list[str]:
    """
    The rows that were ticked.

    Raises:
        Refusal: FIELD_REQUIRED, if none was; MALFORMED_COMMAND, if there are more than ``rows_at_once_max``.
    """
    rows = list(dict.fromkeys(str(one) for one in form.getlist(name)))
    if not rows:
        raise Refusal(Code.FIELD_REQUIRED, field=name)
    if len(rows) > rows_at_once_max:
        raise Refusal(Code.MALFORMED_COMMAND, field=name)
    return rows


# --- several at a stroke --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """
    What became of one row: ``done`` names the entries in words; else sentence and remedy.  ``href`` is the page of what it is
    about, ``verb`` the form in which to go on.
    """

    about: str
    done: str = ""
    sentence: str = ""
    remedy: str = ""
    code: str = ""
    verb: str = ""
    href: str = ""

    @property
    def shown(self) -> str:
        """The row as people say it; *about* is a register number, or one with the number of an outcome behind it."""
        return short_number(self.about.partition("#")[0])


@dataclass(frozen=True)
class Report:
    """Several acts of one account, row by row."""

    account: str
    outcomes: tuple[Outcome, ...]

    @property
    def refused(self) -> int:
        """How many were not done."""
        return sum(1 for one in self.outcomes if one.code)

    @property
    def done(self) -> int:
        """How many were."""
        return len(self.outcomes) - self.refused


def each(
    desk: Desk, form: FormData, rows: list[str], do: Callable[[str, str], list[str]], verb: str = "", home: str = "/tickets/"
) -> list[Outcome]:
    """
    Carry out *do* (row, id) for each of *rows*; it gives back the kinds of the entries that came of it.

    One that is refused stops nothing else.  The id is the form's and the row's, so that sending the form again does only what
    was not done yet.
    """
    token = said(form, "command_id") or new_id()
    outcomes = []
    for row in rows:
        try:
            kinds = do(row, str(uuid.uuid5(_NAMESPACE, f"{token}|{row}")))
            outcomes.append(Outcome(row, done=word("event", ", ".join(kinds), desk.lang) if kinds else "=", href=home + row))
        except Refusal as refusal:
            with desk.node.store.read() as view:
                sentence, way_out = explain(in_names(view, refusal, desk.lang), desk.lang)
            outcomes.append(Outcome(row, sentence=sentence, remedy=way_out, code=refusal.code.name, verb=verb, href=home + row))
    return outcomes


def kinds_of(desk: Desk, command: Command, row: str, id: str, **more: Any) -> list[str]:
    """
    Give *command* about the ticket *row* and return the kinds of its entries.

    Raises:
        Refusal: as ``Desk.act``.
    """
    return [one.header.kind for one in desk.act(command, ticket=row, id=id, **more).entries]


def reported(
    request: Request, desk: Desk, to: str, outcomes: list[Outcome], texts: Sequence[str] = (), moved: Collection[str] = ()
) -> Response:
    """
    Back to the board *to*, which shows what became of each row, and again what was typed about those that were not done.

    *texts* are the fields of a row into which people write, as "deviation" of "deviation:<row>": what stands there about a row that was
    not meant this time stays, too.  *moved*: the rows whose text is kept elsewhere.
    """
    reports = _reports(request)
    token = new_id()
    reports[token] = Report(desk.account, tuple(outcomes))
    while len(reports) > reports_max:
        reports.popitem(last=False)
    again = {"report": token}
    over = {one.about for one in outcomes if not one.code} | set(moved)
    left = _not_over(request.state.form, over)
    if left is not None and (any(one.about not in over for one in outcomes) or any(_is_text(one, texts) for one in left.multi_items())):
        # It has the id by which the page knows it: nothing that is kept may be forgotten because the form was answered.
        request.state.resent = None
        if id := kept.keep(request, left, desk.account, to):
            again[kept.FIELD] = id
    return RedirectResponse(f"{to}{'&' if '?' in to else '?'}{urlencode(again)}", 303)


def _not_over(form: FormData | None, over: Collection[str]) -> FormData | None:
    """*form* without the rows that are *over*: they are ticked no more, and have no fields."""
    if form is None:
        return None
    return FormData([(name, value) for name, value in form.multi_items() if name.partition(":")[2] not in over and value not in over])


def _is_text(field: tuple[str, Any], texts: Sequence[str]) -> bool:
    name, value = field
    return name.partition(":")[0] in texts and isinstance(value, str) and bool(value.strip())


def _reports(request: Request) -> OrderedDict[str, Report]:
    """What was done is in the journal; only the list of one click is kept here, for as long as the program runs."""
    state = request.app.state
    if not hasattr(state, "board_reports"):
        state.board_reports = OrderedDict()
    return state.board_reports  # type: ignore[no-any-return]  # state is untyped


def _report_of(request: Request, desk: Desk) -> Report | None:
    found = _reports(request).get(request.query_params.get("report", ""))
    return found if found is not None and found.account == desk.account else None
