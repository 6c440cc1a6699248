"""
Leader-led matters for other systems, as their board has them: what leaders have in charge, what should have a leader and has none, what
names nobody of the register, and what was owed and not done.
"""

from typing import Any

from node.domain.ticket.ticket import Ticket
from node.domain.time import local_day
from node.services import bodies, leader_led, leaders
from node.services.readership import need_board
from node.storage.unit_of_work import View
from node.web.api import answers as a
from node.web.api.query import LIMIT, NEXT, Answered, Given, Query, cursor_of, parts_of
from node.web.desk import Desk

_BOARD = "leading"


def leading_answer(desk: Desk, view: View, given: Given) -> Answered:
    """What leaders have in charge, what is due first first, each with all that its leader owes on it; and how much each has."""
    need_board(desk.role, _BOARD)
    now, place = desk.node.now(), parts_of(given["cursor"], int, int, str)
    calendar, after = desk.node.policies.bare(view).calendar, None if place is None else leader_led.LedPlace(bool(place[0]), *place[1:])
    found, load = leader_led.led(view, calendar, desk.viewer, now, after=after, lines_max=given["limit"]), leaders.load(view)
    register = [
        {
            "account": one.account,
            "posts": [{"post": term.post, "duty_line": term.duty_line} for term in one.posts_on(local_day(now))],
            "in_charge": load.get(one.account, 0),
        }
        for one in leaders.leaders(view)
    ]
    body = {
        "now": now,
        "count": found.total,
        "overdue": found.overdue,
        "tickets": [_led(one) for one in found.lines],
        "leaders": register,
        "next": None if found.next is None else cursor_of(int(found.next.is_standing), *found.next[1:]),
    }
    return Answered(body)


def _led(one: leader_led.Led) -> dict[str, Any]:
    return _titled(one.ticket, one.title) | {"leader": one.leader, "turns": [bodies.clock_body(clock) for clock in one.turns]}


def _titled(ticket: Ticket, title: str | None) -> dict[str, Any]:
    return bodies.ticket_body(ticket) | {"title": title}


def unassigned_answer(desk: Desk, view: View, given: Given) -> Answered:
    """What the pack wants led by a leader and has none, the oldest first."""
    return _lacking(desk, view, given, "unassigned")


def unnamed_answer(desk: Desk, view: View, given: Given) -> Answered:
    """What a leader handed over and names nobody of the register, the oldest first."""
    return _lacking(desk, view, given, "unnamed")


def _lacking(desk: Desk, view: View, given: Given, what: str) -> Answered:
    need_board(desk.role, _BOARD)
    policy, place = desk.node.policies.of_node(view, desk.node.now()), parts_of(given["cursor"], int, str)
    after = None if place is None else (place[0], place[1])
    found = leader_led.lacking(view, policy, what, desk.viewer, after=after, lines_max=given["limit"])
    following = None if found.next is None else cursor_of(*found.next)
    return Answered({"count": found.total, "tickets": [_titled(*one) for one in found.lines], "next": following})


def missed_answer(desk: Desk, view: View, given: Given) -> Answered:
    """The periods in which a leader did not do what he owed on a matter, the oldest first."""
    need_board(desk.role, _BOARD)
    place = parts_of(given["cursor"], str, str, str)
    found = [((one.period_ended_on, one.ticket, one.flag), one) for one in leader_led.missed(view, desk.viewer)]
    behind = [(at, one) for at, one in found if place is None or at > (place[0], place[1], place[2])]
    shown = behind[: given["limit"]]
    following = cursor_of(*shown[-1][0]) if len(behind) > len(shown) else None
    return Answered({"count": len(found), "missed": bodies.plain([one for _, one in shown]), "next": following})


_TITLED = a.whole(count=a.NUMBER, tickets=a.many(a.ref("TitledTicket")), next=a.maybe(a.WORD))
_LEADERS = a.many(a.whole(account=a.WORD, posts=a.many(a.whole(post=a.WORD, duty_line=a.WORD)), in_charge=a.NUMBER))
_PAGED = (LIMIT, NEXT)
QUERIES = (
    Query(
        "/leading",
        "leading",
        "boards",
        a.whole(now=a.MOMENT, count=a.NUMBER, overdue=a.NUMBER, tickets=a.many(a.ref("LedTicket")), leaders=_LEADERS, next=a.maybe(a.WORD)),
        leading_answer,
        _PAGED,
        has_mark=True,
    ),
    Query("/leading/unassigned", "unassigned", "boards", _TITLED, unassigned_answer, _PAGED, has_mark=True),
    Query("/leading/unnamed", "unnamed", "boards", _TITLED, unnamed_answer, _PAGED, has_mark=True),
    Query(
        "/leading/missed",
        "missed",
        "boards",
        a.whole(count=a.NUMBER, missed=a.many(a.of_type(leaders.Flag)), next=a.maybe(a.WORD)),
        missed_answer,
        _PAGED,
        has_mark=True,
    ),
)
