"""
What waits, as the boards of the pages have it, for other systems: how much on each board, each board that is clocks line by line, the
calls that are planned, and the leader's one page.
"""

from collections.abc import Mapping
from datetime import time, timedelta
from typing import Any

from node.domain.duty_list import Precedent
from node.domain.registry import unit_code
from node.domain.ticket.after_record import CallPreference
from node.domain.time import end_of, local_day
from node.domain.time.calendar import at
from node.services import boards, bodies, call_plan, figures
from node.services import supervision_lists as lists
from node.services.headlines import headlines
from node.services.leader_daily import page_for
from node.services.letters import AskedLine, ReturnedLine, asked_levels, returned_again
from node.services.precedents import seen_by
from node.services.readership import BOARD_READERS, boards_of, need_board
from node.services.scope import in_sight
from node.storage.database import instant_or_none, micros
from node.storage.unit_of_work import View
from node.web.api import answers as a
from node.web.api.query import LIMIT, NEXT, NUMBER, Answered, Given, Parameter, Query, cursor_of, parts_of
from node.web.desk import Desk

_UNIT = Parameter("unit")
call_days_max = 60


def all_boards_answer(desk: Desk, view: View, given: Given) -> Answered:
    """The boards of the role that asks, with how much waits on those that are clocks."""
    shown = boards_of(desk.role)
    counts = boards.counted(view, shown, desk.node.now(), desk.viewer)
    return Answered({"boards": [{"board": name, **_counts(counts.get(name))} for name in shown]})


def _counts(counted: boards.Counted | None) -> dict[str, int | None]:
    return {"count": None, "overdue": None} if counted is None else {"count": counted.total, "overdue": counted.overdue}


def board_answer(desk: Desk, view: View, given: Given) -> Answered:
    """One board, what is due first first; what stands follows behind what runs."""
    now, place = desk.node.now(), parts_of(given["cursor"], int, int, str, str)
    found = boards.board(
        view,
        given["board"],
        desk.node.policies.of_node(view, now),
        desk.viewer,
        now,
        unit=_unit(desk, given),
        after=None if place is None else boards.Place(bool(place[0]), *place[1:]),
        lines_max=given["limit"],
    )
    following = None if found.next is None else cursor_of(int(found.next.is_standing), *found.next[1:])
    counted = {"board": given["board"], "count": found.total, "overdue": found.overdue}
    return Answered(counted | {"tickets": [_line(one) for one in found.lines], "next": following})


def _line(one: boards.Waiting) -> dict[str, Any]:
    return bodies.ticket_body(one.ticket) | {"clock": bodies.clock_body(one.clock), "unit": one.unit, "title": one.title}


def _unit(desk: Desk, given: Given) -> str:
    return unit_code(desk.node.code, given["unit"]) if given["unit"] else ""


def call_plan_answer(desk: Desk, view: View, given: Given) -> Answered:
    """The revisits that are due, one call an enterprise, what is due first first; no name and no number is opened."""
    need_board(desk.role, "revisits")
    now, place = desk.node.now(), parts_of(given["cursor"], int, str)
    after = None if place is None else (place[0], place[1])
    found = call_plan.planned_behind(view, desk.node.policies, now, given["days"], desk.viewer, after, given["limit"])
    titles = headlines(view, view.readings.rows({sheet.ticket for one in found.calls for sheet in one.sheets}).values(), desk.viewer)
    body = {
        "now": now,
        "until": local_day(now) + timedelta(days=given["days"]),
        "office": call_plan.office_of(view, desk.node.policies.of_node(view, now)),
        "tickets": found.tickets,
        "overdue": found.overdue,
        "calls": [_call(one, titles) for one in found.calls],
        "next": None if found.next is None else cursor_of(*found.next),
    }
    return Answered(body)


def _call(one: call_plan.Call, titles: Mapping[str, str]) -> dict[str, Any]:
    sheets = [bodies.plain(sheet) | {"title": titles.get(sheet.ticket)} for sheet in one.sheets]
    return {**bodies.plain(one), "first_due": one.first_due, "sheets": sheets}


def tracking_answer(desk: Desk, view: View, given: Given) -> Answered:
    """HM20-3.4a: every open assignment by its limit; and HM20-4.3c: what this month found open, and what became of it."""
    need_board(desk.role, "supervision")
    now, unit, place = desk.node.now(), _unit(desk, given), parts_of(given["cursor"], (int, type(None)), str)
    calendar, after = desk.node.policies.bare(view).calendar, None if place is None else (place[0], place[1])
    lines = lists.tracking_list(view, calendar, now, desk.viewer, unit=unit, rows_max=given["limit"] + 1, after=after)
    shown, today = lines[: given["limit"]], local_day(now)
    titles = headlines(view, view.readings.rows({one.ticket for one in shown}).values(), desk.viewer)
    last = shown[-1] if len(lines) > len(shown) else None
    body = {
        "now": now,
        "count": lists.tracked(view, desk.viewer, unit=unit),
        "tracking": [bodies.plain(one) | {"title": titles.get(one.ticket)} for one in shown],
        "backlog": bodies.plain(lists.backlog(view, at(today.replace(day=1), time.min), end_of(today), desk.viewer)),
        "next": None if last is None else cursor_of(None if last.due_at is None else micros(last.due_at), last.ticket),
    }
    return Answered(body)


def asks_answer(desk: Desk, view: View, given: Given) -> Answered:
    """What was put to another level and waits there, what is due first first; and what two levels hand to and fro."""
    need_board(desk.role, "escalations")
    now, place = desk.node.now(), parts_of(given["cursor"], int, str)
    lines, again = asked_levels(view, now), returned_again(view)
    seen = in_sight(view, desk.viewer, [*(one.ticket for one in lines), *(one.ticket for one in again)])
    found = sorted((micros(one.due_at), one.ticket, one) for one in lines if one.ticket in seen)
    behind = [(due_at, ticket, one) for due_at, ticket, one in found if place is None or (due_at, ticket) > (place[0], place[1])]
    shown = behind[: given["limit"]]
    body = {
        "now": now,
        "count": len(found),
        "asked": [bodies.plain(one) for _, _, one in shown],
        "again": [bodies.plain(one) for one in again if one.ticket in seen],
        "next": cursor_of(*shown[-1][:2]) if len(shown) < len(behind) else None,
    }
    return Answered(body)


def precedents_answer(desk: Desk, view: View, given: Given) -> Answered:
    """The rulings of this node on whose duty a matter is, the last one first."""
    need_board(desk.role, "objections")
    place = parts_of(given["cursor"], str)
    found = seen_by(view, desk.viewer)
    passed = 0 if place is None else next((number for number, one in enumerate(found, 1) if one.entry == place[0]), len(found))
    shown = found[passed : passed + given["limit"]]
    following = cursor_of(shown[-1].entry) if len(found) > passed + len(shown) else None
    return Answered({"count": len(found), "precedents": bodies.plain(tuple(shown)), "next": following})


def leader_page_answer(desk: Desk, view: View, given: Given) -> Answered:
    """每日一页: the figures of today, and what waits for a decision."""
    now = desk.node.now()
    found = page_for(view, desk.node.policies.of_registry(view, now), desk.viewer, now)
    body = {name: value for name, value in bodies.plain(found).items() if name != "as_of"}
    return Answered(body | {"now": found.as_of, "link_heard_at": instant_or_none(found.link_heard_at)})


_COUNTED = a.whole(board={"type": "string", "enum": list(BOARD_READERS)}, count=a.maybe(a.NUMBER), overdue=a.maybe(a.NUMBER))
QUERIES = (
    Query("/boards", "boards", "boards", a.whole(boards=a.many(_COUNTED)), all_boards_answer, has_mark=True),
    Query(
        "/boards/{board}",
        "board",
        "boards",
        a.whole(board=a.WORD, count=a.NUMBER, overdue=a.NUMBER, tickets=a.many(a.ref("BoardLine")), next=a.maybe(a.WORD)),
        board_answer,
        (Parameter("board", codes=tuple(boards.KINDS), is_required=True, place="path"), _UNIT, LIMIT, NEXT),
        has_mark=True,
    ),
    Query(
        "/call-plan",
        "call_plan",
        "call-plan",
        a.whole(
            now=a.MOMENT,
            until=a.DAY,
            office=a.WORD,
            tickets=a.NUMBER,
            overdue=a.NUMBER,
            calls=a.many(
                a.whole(
                    enterprise=a.WORD,
                    first_due=a.MOMENT,
                    sheets=a.many(a.of_type_and(call_plan.Sheet, title=a.maybe(a.WORD))),
                    contacts=a.many(a.of_type(call_plan.Contact)),
                    preference=a.maybe(a.of_type(CallPreference)),
                )
            ),
            next=a.maybe(a.WORD),
        ),
        call_plan_answer,
        (Parameter("days", NUMBER, usual=call_plan.window_days, most=call_days_max), LIMIT, NEXT),
        has_mark=True,
    ),
    Query(
        "/tracking",
        "tracking",
        "boards",
        a.whole(
            now=a.MOMENT,
            count=a.NUMBER,
            tracking=a.many(a.of_type_and(lists.TrackingLine, title=a.maybe(a.WORD))),
            backlog=a.of_type(lists.Backlog),
            next=a.maybe(a.WORD),
        ),
        tracking_answer,
        (_UNIT, LIMIT, NEXT),
        has_mark=True,
    ),
    Query(
        "/asks",
        "asks",
        "boards",
        a.whole(
            now=a.MOMENT,
            count=a.NUMBER,
            asked=a.many(a.of_type(AskedLine)),
            again=a.many(a.of_type(ReturnedLine)),
            next=a.maybe(a.WORD),
        ),
        asks_answer,
        (LIMIT, NEXT),
        has_mark=True,
    ),
    Query(
        "/precedents",
        "precedents",
        "boards",
        a.whole(count=a.NUMBER, precedents=a.many(a.of_type(Precedent)), next=a.maybe(a.WORD)),
        precedents_answer,
        (LIMIT, NEXT),
        has_mark=True,
    ),
    Query(
        "/leader-page",
        "leader_page",
        "leader-page",
        a.of_type_and(figures.LeaderPage, without="as_of", now=a.MOMENT, link_heard_at=a.maybe(a.MOMENT)),
        leader_page_answer,
        has_mark=True,
    ),
)
