"""Meetings as values: what makes a ticket ripe, how a file is folded, what the digest of its decisions covers."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from node.domain.dossier import fold_dossier
from node.domain.entry import Actor, Folded, Header, Subject, SubjectKind
from node.domain.meeting.agenda import ItemSubmitted, ItemWithdrawn
from node.domain.meeting.convening import MeetingConvened, MeetingInvited, MeetingMoved, MeetingUninvited
from node.domain.meeting.holding import ItemDecided, MeetingHeld, TaskFinished, TaskSet
from node.domain.meeting.minutes import MinutesFiled, decisions_digest
from node.domain.meeting.record import CLOSED, Item, form_of
from node.domain.meeting.ripeness import lacking
from node.domain.pack import Pack, Rule
from node.domain.ticket.handling_record import OpinionRequest
from node.domain.ticket.meeting_record import Readiness
from node.domain.ticket.meetings import is_behind
from node.domain.ticket.records import CoHandler, Round
from node.domain.ticket.state import State
from tests.domain.ticket.given import HOUSING, MONDAY, POLICY, TAX, WATER, a_ticket

AT = datetime(2026, 3, 2, 1, tzinfo=UTC)
NEEDS = ("materials", "opinions", "proposal")
READY = Readiness("line_coordination", "industry", "entry-1", AT)
OPINION = OpinionRequest("ask-1", WATER, "520402", AT, "entry-2", AT)


@pytest.mark.parametrize(
    ("fields", "missing"),
    [
        ({}, NEEDS),
        ({"rounds": (Round(1, "first", AT, evidence=("d",)),)}, ("opinions", "proposal")),
        ({"readiness": replace(READY, materials=("d",))}, ("opinions",)),
        ({"opinions": (OPINION,)}, ("materials", "proposal")),
        ({"opinions": (replace(OPINION, answered_at=None),)}, NEEDS),
        # Every co-handler that has a part has spoken, not just one unit.
        ({"opinions": (OPINION,), "co_handlers": (CoHandler(TAX, "confirmed"),)}, NEEDS),
        ({"co_handlers": (CoHandler(WATER, "filed"),)}, ("materials", "proposal")),
        # A proposal for another line, or for another kind of meeting, is none for this one.
        ({"readiness": replace(READY, duty_line="trade")}, NEEDS),
        ({"readiness": replace(READY, meeting_kind="joint_meeting")}, NEEDS),
    ],
)
def test_a_ticket_is_ripe_once_it_has_what_the_pack_asks_for(fields: dict[str, object], missing: tuple[str, ...]):
    """XS25-4.3.2.3b: materials, opinions of the units, and the centre's proposal for this very meeting."""
    ticket = replace(a_ticket(State.HANDLING), rounds=(), intake=replace(a_ticket().intake, materials=()))

    assert missing == lacking(replace(ticket, **fields), NEEDS, "line_coordination", "industry")


def test_a_meeting_may_lie_on_the_last_day_of_a_limit():
    """POLICY_PACKS 2 no. 44: within the ticket's own limit, which ends at 24:00; a day later it is warned of."""
    ticket = a_ticket(State.HANDLING)
    clock = ticket.clock("resolve")
    assert clock is not None and clock.due_at is not None

    assert [False, True] == [is_behind(ticket, clock.due_at + delta) for delta in (timedelta(hours=-9), timedelta(hours=9))]
    assert not is_behind(a_ticket(), MONDAY + timedelta(days=300))


EVENTS = (
    MeetingConvened("coordination_meeting", AT, "a-office", "office", units=(HOUSING,)),
    MeetingInvited(units=(WATER,)),
    MeetingUninvited(HOUSING),
    ItemSubmitted(1, "ticket", "52040220260302000012", is_behind_limit=True),
    ItemSubmitted(2, "problem"),
    MeetingMoved(AT + timedelta(days=1), (2,)),
    MeetingHeld((WATER,)),
    ItemDecided(1, "decided", WATER, date(2026, 3, 9)),
    TaskSet(1, 1, WATER, date(2026, 3, 9)),
    TaskFinished(1),
    ItemWithdrawn(2),
    MinutesFiled("digest"),
)


def entries(node: str = "520402") -> list[Folded]:
    """The whole life of a meeting, as its owner wrote it."""
    subject = Subject(SubjectKind.MEETING.value, "M520402-2026-0001")
    actor = Actor("a-office", "office", "520402-centre")
    return [
        Folded(Header(node, 1, seq, f"entry-{seq}", AT + timedelta(minutes=seq), subject, event.kind(), actor), event)
        for seq, event in enumerate(EVENTS, 1)
    ]


def test_a_meeting_is_a_function_of_the_set_of_its_entries():
    """DESIGN 13: in whatever order they came, and however often."""
    folded = fold_dossier(entries())

    assert folded == fold_dossier([*reversed(entries()), *entries()])
    assert (CLOSED, (WATER,), (WATER,), len(EVENTS)) == (folded.state, folded.units, folded.present, folded.version)
    assert [("decided", False), ("withdrawn", True)] == [(one.outcome, one.is_behind_limit) for one in folded.agenda]
    assert AT + timedelta(minutes=10) == folded.tasks[0].done_at


def test_nobody_else_writes_into_a_meeting():
    """DESIGN 13: an entry of another node changes nothing."""
    stranger = [replace(one, header=replace(one.header, node="520403", id=f"other-{one.header.id}")) for one in entries()[1:]]

    assert fold_dossier(entries()[:1]) == fold_dossier([*entries()[:1], *stranger])


def test_the_digest_of_the_decisions_covers_every_item():
    """Another outcome, unit or day is another digest; the order of the agenda is part of it."""
    items = (Item(1, "ticket", "T-1", outcome="decided", unit=WATER, due=date(2026, 3, 9)), Item(2, "problem", outcome="decided"))
    others = (
        (replace(items[0], outcome="not_settled"), items[1]),
        (replace(items[0], unit=HOUSING), items[1]),
        (replace(items[0], due=date(2026, 3, 10)), items[1]),
        tuple(reversed(items)),
        items[:1],
    )

    assert len(others) + 1 == len({decisions_digest(one) for one in (items, *others)})


def test_a_pack_that_is_silent_about_a_kind_restricts_nothing():
    """What a pack says, and nothing else."""
    rules = {"meeting.study.tickets_max": Rule(1, "AS25-3.1.1b", "own"), "meeting.study.judges": Rule(False, "default", "own")}
    pack = Pack("own", "1", "county", date(2026, 1, 1), (), "0" * 16, rules)

    assert (1, ("ticket", "problem"), (), "none", False, "") == (
        form_of(pack, "study").tickets_max,
        form_of(pack, "study").takes,
        form_of(pack, "study").fixed,
        form_of(pack, "study").every,
        form_of(pack, "study").judges,
        form_of(POLICY.pack, "other").post,
    )
