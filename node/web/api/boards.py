"""
What waits, as the boards of the pages have it, for other systems: how much on each board, and each board that is clocks line by line.
"""

from typing import Any

from node.domain.registry import unit_code
from node.services import boards, bodies
from node.services.readership import BOARD_READERS, boards_of
from node.storage.unit_of_work import View
from node.web.api import answers as a
from node.web.api.query import LIMIT, NEXT, Answered, Given, Parameter, Query, cursor_of, parts_of
from node.web.desk import Desk

_UNIT = Parameter("unit")


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
)
