"""
Poison (FEDERATION 2.3 no. 15): an entry that can be read and not be folded stops its own ticket and nothing else, and a refold
says the same, however the entries came together.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from node.domain.entry import Actor, Change, ClockChange, CustodyHead, Draft, Subject
from node.domain.payload import Text
from node.domain.refusal import Code, Refusal
from node.domain.ticket.completion import Completed
from node.domain.ticket.custody import CustodyOverridden
from node.domain.ticket.forming import Form
from node.services import rebuild
from node.services.lanes import handle_lane
from node.storage import schema
from node.storage.codec import decode_content
from node.storage.unit_of_work import UnitOfWork
from tests.clauses.given import PASSED, a_county, page_of, registered
from tests.support.node import Hands


@pytest.fixture
def hands(tmp_path: Path) -> Hands:
    return a_county(tmp_path)


def poison(
    hands: Hands, ticket: str, *, state: str = "no state", times: int = 1, name: str = "f0", clocks: tuple[ClockChange, ...] = ()
) -> None:
    """Append entries about *ticket* whose header names a state that is none, as a broken release might."""
    with hands.node.store.read() as view:
        found = view.readings.ticket(ticket)
        first = view.journal.of_subject(found.subject)[0]  # type: ignore[union-attr]
    assert found is not None

    def write(work: UnitOfWork) -> None:
        drafts = []
        for place in range(times):
            head = replace(
                decode_content(work.journal.at(first.header.node, 1, first.header.seq) or b"").header,
                id=f"01985f2e-0000-7000-8000-0000{ticket[-5:-1]}{name}{place:02}",
                kind=Completed.kind(),
                recorded_at=hands.now,
                custody=CustodyHead(found.custody.number, opener=found.custody.opener),
                version=found.version + 1 + place,
                state=state,
                with_whom="office",
                cause="",
                clocks=clocks,
            )
            drafts.append(Draft(head, Completed("", False, False)))
        work.append(drafts)

    hands.node.writer.command(write)


def override(hands: Hands, ticket: str) -> None:
    """Custody goes on behind the registration, over the head of its holder."""

    def write(work: UnitOfWork) -> None:
        first = work.journal.of_subject(Subject("ticket", ticket))[0].header
        head = replace(
            first,
            id="01985f2e-0000-7000-8000-0000000000ee",
            kind=CustodyOverridden.kind(),
            recorded_at=hands.now,
            custody=CustodyHead(2, holder=first.node, follows=1, opener=first.id),
            version=1,
            cause="",
            clocks=(),
        )
        work.append([Draft(head, CustodyOverridden())])

    hands.node.writer.command(write)


def read(hands: Hands, ticket: str) -> tuple[int, int]:
    """Custody number and version of the whole ticket."""
    with hands.node.store.read() as view:
        found = view.readings.ticket(ticket)
    assert found is not None
    return found.custody.number, found.version


def handle(hands: Hands, ticket: str, act: str, reason: str = "") -> None:
    handler, words = hands.node.handler, Text(reason) if reason else None
    order_id = f"01985f2e-0000-7000-8000-0000{ticket[-4:]}{act:_<4.4}"
    hands.node.writer.command(lambda work: handle_lane(handler, work, order_id, Actor("a-operator", "operator"), ticket, act, words))


def reasons(hands: Hands) -> list[str]:
    with hands.node.store.read() as view:
        return [row.reason for row in view.connection.execute(schema.quarantine.select().order_by(schema.quarantine.c.taken))]


class TestStoppedLanes:
    def test_the_ticket_stays_as_it_was_and_what_comes_behind_waits(self, hands: Hands) -> None:
        ticket = registered(hands)
        poison(hands, ticket, times=3)

        with hands.node.store.read() as view:
            row = view.readings.rows({ticket})[ticket]
        assert ("registered", 1) == (row.state, row.version)
        assert ["ValueError", "waits", "waits"] == reasons(hands)

    def test_a_refold_says_the_same(self, hands: Hands) -> None:
        """I06: folded at once with its ticket's first entry, the poison takes no more with it than it did alone."""
        poisoned, other = registered(hands), registered(hands)
        poison(hands, poisoned)

        assert () == rebuild.check(hands.node.store).differences
        with hands.node.store.read() as view:
            assert {poisoned, other} == set(view.readings.rows({poisoned, other}))

    def test_the_clocks_of_all_other_tickets_go_on(self, hands: Hands) -> None:
        """I10: the sweep passes by what it cannot fold."""
        poisoned, other = registered(hands), registered(hands)
        poison(hands, poisoned)
        hands.later(days=30)

        swept = hands.node.sweep.run(hands.now + timedelta(seconds=1))

        assert swept.fired > 0
        with hands.node.store.read() as view:
            fired = {row.ticket: row.fired for row in view.connection.execute(schema.clocks.select())}
        assert "overdue" in fired[other]
        assert "overdue" not in fired[poisoned]

    def test_what_a_reaction_set_aside_stays_after_a_refold(self, hands: Hands) -> None:
        registered(hands)
        row = {"taken": 3, "subject_id": "520402", "reason": "reaction:KeyError", "at": 0}
        hands.node.writer.command(lambda work: work.connection.execute(schema.quarantine.insert().values(**row)))

        assert () == rebuild.rebuild(hands.node.store).differences
        assert ["reaction:KeyError"] == reasons(hands)

    @pytest.mark.parametrize("poisons", [1, 3])
    def test_an_override_that_puts_the_poison_aside_lets_the_ticket_go_on(self, hands: Hands, poisons: int) -> None:
        """What does not fold is of no effect any more: nobody has to help, and a refold in one go says the same."""
        ticket, other = registered(hands), registered(hands)
        poison(hands, ticket, times=poisons)

        override(hands, ticket)

        with hands.node.store.read() as view:
            row = view.readings.rows({ticket})[ticket]
        assert (2, 1, "registered", []) == (row.custody, row.version, row.state, reasons(hands))
        assert () == rebuild.check(hands.node.store).differences
        poison(hands, other)
        assert ["ValueError"] == reasons(hands)

    def test_an_override_is_read_where_the_poison_was_set_aside_before(self, hands: Hands) -> None:
        """
        Seed 36001203: somebody has read the ticket without the poison.  What is folded on from that stumbles over it, and the whole, in
        which it has no effect, does not; whoever asks gets the whole.
        """
        ticket = registered(hands)
        read(hands, ticket)
        poison(hands.later(minutes=5), ticket)

        override(hands.later(minutes=5), ticket)

        assert (2, 1) == read(hands, ticket)

    def test_poison_behind_the_override_stops_there(self, hands: Hands) -> None:
        """In however many batches they come: the ticket stands behind the longest beginning that folds."""
        ticket = registered(hands)
        poison(hands, ticket)
        override(hands, ticket)
        poison(hands, ticket, name="f1")

        with hands.node.store.read() as view:
            row = view.readings.rows({ticket})[ticket]
        assert (2, 1, ["ValueError"]) == (row.custody, row.version, reasons(hands))
        assert () == rebuild.check(hands.node.store).differences

    @pytest.mark.parametrize(
        ("state", "clocks"),
        [
            ("no state", ()),
            ("registered", (ClockChange("handling", Change.STARTED, 5, "fortnight", datetime(2026, 2, 9, tzinfo=UTC)),)),
            ("no state", (ClockChange("handling", Change.STARTED, 1_000_000, "workday", datetime(2026, 2, 9, tzinfo=UTC)),)),
        ],
    )
    def test_what_was_passed_by_says_nothing_where_its_header_cannot_be_read(
        self, hands: Hands, state: str, clocks: tuple[ClockChange, ...]
    ) -> None:
        """It keeps its place in the line: the ticket stands where it stood, one version on, and is worked on."""
        ticket, other = registered(hands), registered(hands)
        poison(hands, ticket, state=state, clocks=clocks)
        with hands.node.store.read() as view:
            before = view.readings.rows({other})[other]
            assert 1 == len(reasons(hands))

        handle(hands, ticket, "skipped", "表头也无法读取")

        with hands.node.store.read() as view:
            row, whole = view.readings.rows({ticket})[ticket], view.readings.ticket(ticket)
        assert whole is not None
        assert ("registered", 2, before.with_whom, ["skipped"]) == (row.state, row.version, row.with_whom, reasons(hands))
        assert () == rebuild.check(hands.node.store).differences
        hands.later(minutes=5).act("office", Form("coordination", "plain", PASSED), ticket)
        assert (1, 3) == read(hands, ticket)
        assert ["skipped"] == reasons(hands)
        assert () == rebuild.check(hands.node.store).differences
        shown = [(entry.kind, entry.counts) for entry in page_of(hands, ticket).timeline]
        assert [("Registered", True), ("Completed", False), ("Formed", True)] == shown

    def test_the_entry_that_a_ticket_begins_with_is_not_passed_by(self, hands: Hands) -> None:
        ticket = registered(hands)
        with hands.node.store.read() as view:
            first = view.journal.of_subject(Subject("ticket", ticket))[0]
        aside = {"taken": first.taken, "subject_id": ticket, "reason": "ValueError", "at": 0}
        hands.node.writer.command(lambda work: work.connection.execute(schema.quarantine.insert().values(**aside)))

        with pytest.raises(Refusal) as refused:
            handle(hands, ticket, "skipped", "无法读取")

        assert Code.LANE_NEEDS_ENTRY is refused.value.code
        assert ["ValueError"] == reasons(hands)
