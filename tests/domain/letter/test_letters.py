"""Letters as values: whatever the order in which the clocks of several nodes put their entries, the letter is the same."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import permutations

import pytest

from node.domain.dossier import fold_dossier
from node.domain.entry import Actor, Event, Folded, Header, Subject
from node.domain.letter.answering import LetterAnswered, LetterRead, LetterReceived, LetterReported
from node.domain.letter.record import Letter
from node.domain.letter.sending import IssueCollected, IssueSubmitted, LetterSent, LetterWithdrawn

PROVINCE, CITY, COUNTY, OTHER = "520000", "520400", "520402", "520403"
AT = datetime(2026, 3, 2, 1, tzinfo=UTC)
NOTICE = LetterSent("notice", (CITY, COUNTY), due_on=date(2026, 3, 6))
SUBJECT = Subject("letter", "N520000-2026-0001")


def entry(node: str, event: Event, seq: int, minutes: int = 0) -> Folded:
    """An entry of a node, so many minutes after nine."""
    header = Header(
        node=node, epoch=1, seq=seq, id=f"{node}-{seq}", recorded_at=AT + timedelta(minutes=minutes), subject=SUBJECT,
        kind=event.kind(), actor=Actor("li", "office", ""),
    )  # fmt: skip
    return Folded(header, event)


def folded(*entries: Folded) -> Letter:
    """The letter of these entries."""
    found: Letter = fold_dossier(entries)
    return found


class TestFolding:
    """A letter is a function of the set of its entries."""

    @pytest.mark.parametrize("skew", [-5, 0, 5])
    def test_an_answer_counts_wherever_the_clock_of_its_writer_stands(self, skew: int):
        """A superior whose clock is behind answers, by the times, before it was asked."""
        entries = [
            entry(CITY, IssueCollected("process"), 1),
            entry(CITY, IssueSubmitted(PROVINCE), 2, 1),
            entry(PROVINCE, LetterReceived(), 1, skew),
            entry(PROVINCE, LetterAnswered("accepted"), 2, skew),
        ]
        for order in permutations(entries):
            letter = folded(*order)
            assert letter.answer is not None
            assert ("answered", PROVINCE, "accepted") == (letter.state, letter.answer.node, letter.answer.result)

    def test_it_is_complete_once_every_node_reported_and_not_before(self):
        """The reports come in any order."""
        reports = [entry(CITY, LetterReported(), 1, 3), entry(COUNTY, LetterReported(), 1, 2)]
        for order in permutations([entry(PROVINCE, NOTICE, 1), *reports]):
            assert "complete" == folded(*order).state
        assert "sent" == folded(entry(PROVINCE, NOTICE, 1), reports[0]).state

    def test_what_a_node_says_that_is_not_addressed_decides_nothing(self):
        """Its receipt is kept and counts for nobody."""
        letter = folded(entry(PROVINCE, NOTICE, 1), entry(CITY, LetterReported(), 1, 1), entry(OTHER, LetterReported(), 1, 1))
        assert ("sent", False) == (letter.state, letter.is_done_by(COUNTY))
        asked = folded(entry(COUNTY, LetterSent("guidance", (CITY,)), 1), entry(OTHER, LetterAnswered(), 1, 1))
        assert ("sent", None) == (asked.state, asked.answer)

    def test_only_the_owner_withdraws(self):
        """DESIGN 13: what another node writes about it changes nothing."""
        kept = folded(entry(PROVINCE, NOTICE, 1), entry(CITY, LetterWithdrawn(), 1, 1))
        gone = folded(entry(PROVINCE, NOTICE, 1), entry(PROVINCE, LetterWithdrawn(), 2, 1), entry(CITY, LetterReported(), 1, 2))
        assert ("sent", "withdrawn") == (kept.state, gone.state)

    def test_the_first_receipt_reading_and_report_count(self):
        """A second one is kept as an entry, and moves no time."""
        twice = [entry(CITY, event, seq, seq) for seq, event in enumerate((LetterReceived(), LetterRead(), LetterReported()) * 2, 1)]
        receipt = folded(entry(PROVINCE, NOTICE, 1), *twice).receipt(CITY)
        assert [AT + timedelta(minutes=minutes) for minutes in (1, 2, 3)] == [receipt.received_at, receipt.read_at, receipt.reported_at]


@pytest.mark.parametrize(
    ("reported", "now", "is_late"),
    [
        (None, "2026-03-06T15:59:59", False),
        (None, "2026-03-06T16:00:00", True),
        ("2026-03-06T15:59:59", "2026-03-09T01:00:00", False),
        ("2026-03-06T16:00:00", "2026-03-09T01:00:00", True),
    ],
)
def test_the_last_day_ends_at_24_00_in_beijing(reported: str | None, now: str, is_late: bool):
    """AS25-3.2.3a: by the date asked."""
    letter = folded(entry(PROVINCE, NOTICE, 1))
    if reported:
        said = entry(CITY, LetterReported(), 1)
        at = datetime.fromisoformat(reported).replace(tzinfo=UTC)
        letter = folded(entry(PROVINCE, NOTICE, 1), replace(said, header=replace(said.header, recorded_at=at)))
    assert is_late == letter.is_late_at(CITY, datetime.fromisoformat(now).replace(tzinfo=UTC))
