"""What the tests of meetings and leaders begin with: leaders in their posts, member units, meetings under way."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from node.domain import registry as g
from node.domain.entry import Subject, SubjectKind
from node.domain.leader.appointing import AppointLeader, EnterLeader
from node.domain.meeting.agenda import SubmitTickets
from node.domain.meeting.convening import ConveneMeeting
from node.domain.meeting.holding import HoldMeeting
from node.domain.meeting.record import Meeting
from node.domain.payload import Text
from node.services import leaders, meetings
from node.services.dossiers import page
from tests.clauses.given import COUNTY
from tests.support.node import Hands

WORD = Text("经研究，按会议意见办理")
CENTRE = f"{COUNTY}-centre"


def a_leader(hands: Hands, account: str, post: str = "", line: str = "", *, role: str = "leader", until: date | None = None) -> str:
    """A leader of the register, in a post if one is named; the id of his file."""
    hands.act("office", g.OpenAccount(account, (role,), CENTRE), COUNTY)
    leader = hands.act("office", EnterLeader(account)).subject.id
    if post:
        hands.act("office", AppointLeader(post, line, until), leader)
    return leader


def the_leader(hands: Hands, account: str) -> leaders.Leader:
    """The leader's file."""
    with hands.node.store.read() as view:
        return next(one for one in leaders.leaders(view) if one.account == account)


def matters_of(hands: Hands, account: str) -> dict[str, leaders.Matter]:
    """The leader's own list, by ticket."""
    with hands.node.store.read() as view:
        found = leaders.matters(view, hands.node.policies.of_node(view, hands.now), account, hands.now)
    return {one.ticket: one for one in found}


def units_opened(hands: Hands, *units: str, role: str = "department") -> tuple[str, ...]:
    """Units with one account each; their codes."""
    for unit in units:
        hands.act("office", g.OpenUnit(unit, unit, role), COUNTY)
        hands.act("office", g.OpenAccount(f"d-{unit}", (role,), f"{COUNTY}-{unit}"), COUNTY)
    return tuple(f"{COUNTY}-{unit}" for unit in units)


def convened(hands: Hands, kind: str, *, role: str = "office", account: str = "", **fields: Any) -> str:
    """A meeting convened for right now."""
    given = {"account": account} if account else {}
    return hands.act(role, ConveneMeeting(kind, fields.pop("planned_at", hands.now), **fields), **given).subject.id


def sitting(
    hands: Hands, kind: str, tickets: Sequence[str] = (), *, role: str = "office", present: Sequence[str] = (), **fields: Any
) -> str:
    """A meeting that is being held, with these tickets on its agenda."""
    meeting = convened(hands, kind, role=role, **fields)
    if tickets:
        hands.act("office", SubmitTickets(tuple(tickets)), meeting)
    hands.act(role, HoldMeeting(tuple(present) or (CENTRE,)), meeting)
    return meeting


def the_meeting(hands: Hands, meeting: str) -> Meeting:
    """The meeting's file."""
    with hands.node.store.read() as view:
        found = meetings.meeting_of(view, meeting)
    assert found is not None
    return found


def history_of(hands: Hands, kind: SubjectKind, id: str) -> list[str]:
    """The kinds of entries of a meeting's or leader's file, in order."""
    with hands.node.store.read() as view:
        found = page(view, Subject(kind.value, id))
    assert found is not None
    return [line.kind for line in found.history]
