"""Deadline receipts, frozen due times and what another calendar proposes, missed limits by unit."""

from datetime import date, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.registry import AdoptCalendar
from node.domain.ticket.due_proposal import DecideDueProposal, DueProposal
from node.domain.ticket.extension import DecideExtension, RequestExtension
from node.domain.ticket.supplement import ApplySupplement, DecideSupplement, ReportSupplement
from node.domain.time import end_of as day_end
from node.packs.calendar_file import parse_calendar, shipped_texts
from node.services import deadlines
from node.services.acting import act
from node.storage import schema
from tests.clauses.given import a_county, beijing, clock_of, end_of, handled, kinds_of, page_of, refuses, registered, rungs_of, swept, the
from tests.support.node import Hands

SNOW = """
[calendar]
layer = "local"
issuer = "520402"
version = "520402.{number}"
name = "大雪停工"
document = "西秀府发〔2026〕{number}号"
published_at = 2026-02-25

{days}
"""


def closed(hands: Hands, *days: str, number: int = 1) -> None:
    """The county orders days off."""
    rows = "\n".join(f'[[day]]\ndate = {day}\nworking = false\nname = "停工"' for day in days)
    text = SNOW.format(number=number, days=rows)
    found = parse_calendar("520402.toml", text)
    act(hands.node, "centre", AdoptCalendar(f"{found.origin}.toml", found.version, hands.node.blobs.put(text.encode())))


def proposed(hands: Hands) -> list[DueProposal]:
    """What the calendar in force would count otherwise."""
    with hands.node.store.read() as view:
        return deadlines.due_proposals(view, hands.node.policies, hands.now)


def receipt_of(hands: Hands, ticket: str, name: str = "resolve") -> deadlines.Receipt:
    """The receipt as anybody sees it."""
    with hands.node.store.read() as view:
        return deadlines.deadline_receipt(view, ticket, name, hands.node.policies.bare(view), hands.now)


class TestFrozen:
    """DESIGN 5: an issued due time moves by nobody's calendar, only by the office's word on that ticket."""

    def test_a_calendar_that_is_adopted_moves_nothing_and_proposes(self, tmp_path: Path):
        """Two snow days within ten working days from 13 February: due on 5 March as issued, on the 9th as counted again."""
        county = a_county(tmp_path)
        ticket, done = handled(county), registered(county)
        county.at(beijing("2026-02-25 09:00"))
        closed(county, "2026-03-03", "2026-03-04")

        assert end_of("2026-03-05") == clock_of(county, ticket, "resolve").due_at
        (one,) = proposed(county)
        expected = (ticket, "resolve", end_of("2026-03-05"), end_of("2026-03-09"), "2026.1+520402.1", True)
        assert expected == (one.ticket, one.clock, one.issued, one.recounted, one.calendar, one.is_later)
        assert done not in {one.ticket for one in proposed(county)}
        swept(county, "2026-03-06 00:00")
        assert 1 == len(rungs_of(county, ticket, "resolve", "overdue"))

    def test_the_office_accepts_a_proposal(self, tmp_path: Path):
        """The clock is issued anew under the calendar in force, and nothing is proposed any more."""
        county = a_county(tmp_path)
        ticket = handled(county)
        closed(county, "2026-03-03", "2026-03-04")

        county.act("office", DecideDueProposal("resolve", "2026.1+520402.1", is_accepted=True), ticket)

        assert end_of("2026-03-09") == clock_of(county, ticket, "resolve").due_at
        assert ([], True) == (proposed(county), receipt_of(county, ticket).agrees)
        said = page_of(county, ticket).timeline[-1]
        assert ("DueProposalAccepted", end_of("2026-03-05")) == (said.kind, said.facts["former_due_at"])

    def test_the_office_keeps_what_was_issued(self, tmp_path: Path):
        """With a reason: from then on it is a date that was set, and the next calendar proposes nothing for it."""
        county = a_county(tmp_path)
        ticket = handled(county)
        closed(county, "2026-03-03", "2026-03-04")

        with refuses(Code.FIELD_REQUIRED, field="reason"):
            county.act("office", DecideDueProposal("resolve", "2026.1+520402.1", is_accepted=False), ticket)
        county.act("office", DecideDueProposal("resolve", "2026.1+520402.1", False, Text("已向企业承诺")), ticket)
        with refuses(Code.NOTHING_PENDING, application="due_proposal"):
            county.act("office", DecideDueProposal("resolve", "2026.1+520402.1", False, Text("再点一次")), ticket)

        assert 1 == kinds_of(county, ticket).count("DueProposalDeclined")
        assert (end_of("2026-03-05"), []) == (clock_of(county, ticket, "resolve").due_at, proposed(county))
        receipt = receipt_of(county, ticket)
        assert (date(2026, 3, 5), True) == (receipt.promised, receipt.agrees)
        closed(county, "2026-03-02", "2026-03-03", "2026-03-04", number=2)
        assert [] == proposed(county)

    def test_a_proposal_that_somebody_saw_under_another_calendar_is_refused(self, tmp_path: Path):
        """Between looking and deciding another calendar came."""
        county = a_county(tmp_path)
        ticket = handled(county)
        closed(county, "2026-03-03")
        closed(county, "2026-03-03", "2026-03-04", number=2)

        with refuses(Code.CALENDAR_CHANGED, calendar="2026.1+520402.1", version="2026.1+520402.2"):
            county.act("office", DecideDueProposal("resolve", "2026.1+520402.1", is_accepted=True), ticket)
        with refuses(Code.PERMISSION_DENIED):
            county.act("department", DecideDueProposal("resolve", "2026.1+520402.2", is_accepted=True), ticket, "housing")

    def test_a_pause_goes_on_by_the_calendar_under_which_the_limit_was_issued(self, tmp_path: Path):
        """A closure behind the pause moves nothing by itself; the proposal comes once the clock runs again."""
        county = a_county(tmp_path)
        ticket = handled(county)
        asked_and_returned(county, ticket, "2026-02-24 09:00", "2026-02-26 09:00", closing="2026-03-04")

        assert end_of("2026-03-09") == clock_of(county, ticket, "resolve").due_at
        assert [end_of("2026-03-10")] == [one.recounted for one in proposed(county) if one.clock == "resolve"]
        assert receipt_of(county, ticket).agrees

    def test_a_statutory_calendar_of_another_year_proposes_for_what_was_provisional(self, tmp_path: Path):
        """December 2026: the limit that runs into a year nobody has arranged is provisional, and holds until the office says."""
        county = a_county(tmp_path, "2026-12-30 10:00")
        ticket = handled(county)
        issued = clock_of(county, ticket, "resolve").due_at
        assert clock_of(county, ticket, "resolve").is_provisional
        text = YEAR_2027
        act(county.node, "centre", AdoptCalendar("2027.toml", "2027.1", county.node.blobs.put(text.encode())))

        (one,) = (one for one in proposed(county) if one.clock == "resolve")

        assert (issued, True) == (one.issued, one.recounted > one.issued)


YEAR_2027 = """
[calendar]
layer = "statutory"
year = 2027
version = "2027.1"
name = "2027年部分节假日安排"
document = "国办发明电〔2026〕7号"
published_at = 2026-11-04

[[day]]
date = 2027-01-01
working = false
name = "元旦"

[[day]]
date = 2027-01-04
working = false
name = "元旦调休"
"""


def asked_and_returned(hands: Hands, ticket: str, asked: str, returned: str, *, closing: str) -> None:
    """A supplement during handling, consented to and answered; meanwhile a day is ordered off."""
    hands.at(beijing(asked))
    hands.act("department", ApplySupplement(("certificate",), Text("缺证照")), ticket, "housing")
    hands.act("office", DecideSupplement(consents=True), ticket)
    closed(hands, closing)
    hands.at(beijing(returned))
    hands.act("department", ReportSupplement(("certificate",)), ticket, "housing")


class TestReceipt:
    """A deadline receipt proves itself: start, limit, pauses and the kinds of its days give the due time to anybody."""

    def test_it_is_counted_again_by_other_code(self, tmp_path: Path):
        """From what it prints alone, to the minute."""
        county = a_county(tmp_path)
        receipt = receipt_of(county, handled(county))

        assert end_of("2026-03-05") == receipt.clock.due_at == receipt.counted_due_at == receipt.recounted_due_at

    @pytest.mark.parametrize("promised", [date(2026, 3, 20), date(2026, 3, 22)], ids=["friday", "sunday"])
    def test_a_promised_date_is_told_as_such(self, tmp_path: Path, promised: date):
        """AS25-4.4.2: a date that was granted holds, be it a day off."""
        county = a_county(tmp_path)
        ticket = handled(county)
        county.act("department", RequestExtension(promised, "complex", Text("需专家论证")), ticket, "housing")
        county.act("office", DecideExtension(True), ticket)

        receipt = receipt_of(county, ticket)

        assert (promised, day_end(promised), True) == (receipt.promised, receipt.recounted_due_at, receipt.agrees)
        assert promised == receipt.days[-1].day

    def test_it_is_explained_by_the_calendar_under_which_it_was_issued(self, tmp_path: Path):
        """Its days do not change with the next calendar; what that one would count stands beside."""
        county = a_county(tmp_path)
        ticket = handled(county)
        before = receipt_of(county, ticket)
        closed(county, "2026-03-03")

        after = receipt_of(county, ticket)

        assert (before.days, "2026.1", True) == (after.days, after.calendar, after.agrees)
        assert after.proposed is not None
        assert end_of("2026-03-06") == after.proposed.recounted

    def test_a_stopped_clock_still_has_its_receipt(self, tmp_path: Path):
        """What was counted stays countable after the clock was met."""
        county = a_county(tmp_path)
        receipt = receipt_of(county, handled(county), "form")

        assert receipt.clock.stopped_at is not None
        assert (["start_day", "due_day"], True) == ([line.why for line in receipt.days], receipt.agrees)

    def test_a_clock_that_the_ticket_does_not_have_is_refused(self, tmp_path: Path):
        """By name."""
        county = a_county(tmp_path)
        ticket = handled(county)
        with refuses(Code.CLOCK_UNKNOWN, clock="revisit"):
            receipt_of(county, ticket, "revisit")


class TestMissedLimits:
    """How often each kind of limit was missed, by unit and period."""

    def test_late_and_overdue_limits_are_counted(self, tmp_path: Path):
        """Formed late, and a handling limit that is over; what is in time counts nowhere."""
        county = a_county(tmp_path)
        ticket = handled(county)
        county.at(beijing("2026-03-06 09:00"))

        def late(**given: object) -> dict[str, int]:
            with county.node.store.read() as view:
                return dict(deadlines.late_by_kind(view, county.now, **given))  # type: ignore[arg-type]

        assert {"resolve": 1} == late() == late(unit=the(county, ticket).lead)
        assert {} == late(unit="520402-water") == late(last=date(2026, 3, 4)) == late(first=date(2026, 3, 6))


def test_the_shipped_calendar_is_that_of_2026():
    """What the dates of these tests rest on."""
    assert ["2026.toml"] == list(shipped_texts())
    assert datetime(2026, 3, 5).weekday() == 3


class TestConcerned:
    """Only what another calendar may count otherwise is recounted: the others' files are not even read."""

    @pytest.mark.parametrize(
        ("day", "is_read"), [("2026-03-03", True), ("2026-02-10", False), ("2026-03-20", False)], ids=["within", "before", "behind"]
    )
    def test_a_day_outside_a_limit_concerns_nobody(self, tmp_path: Path, day: str, is_read: bool) -> None:
        """Ten working days from 13 February, due on 5 March."""
        county = a_county(tmp_path)
        ticket = handled(county)
        closed(county, day)
        with county.node.store.read() as view:
            read = deadlines._under_another_calendar(view, county.node.policies.bare(view))

        assert (is_read, is_read) == (ticket in read, ticket in {one.ticket for one in proposed(county)})

    def test_what_was_decided_is_under_the_calendar_in_force(self, tmp_path: Path) -> None:
        """Its clock's row says so, as the whole ticket does."""
        county = a_county(tmp_path)
        ticket = handled(county)
        closed(county, "2026-03-03", "2026-03-04")
        county.act("office", DecideDueProposal("resolve", "2026.1+520402.1", is_accepted=True), ticket)
        with county.node.store.read() as view:
            rows = view.connection.execute(select(schema.clocks.c.name, schema.clocks.c.calendar).where(schema.clocks.c.ticket == ticket))
            kept = {row.name: row.calendar for row in rows}

        assert {clock.name: clock.calendar for clock in the(county, ticket).clocks.values()} == kept
        assert "2026.1+520402.1" == kept["resolve"]

    def test_no_more_are_looked_for_than_are_wanted(self, tmp_path: Path) -> None:
        """The register says that there are more."""
        county = a_county(tmp_path)
        for _ in range(3):
            handled(county)
        closed(county, "2026-03-03", "2026-03-04")
        with county.node.store.read() as view:
            found = deadlines.due_proposals(view, county.node.policies, county.now, 2)

        assert (2, 3) == (len(found), len(proposed(county)))
