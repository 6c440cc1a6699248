"""``pack what-if``: a period of the node's own journal under other limits; nothing is written, and nothing changed changes nothing."""

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from node.domain.payload import Text
from node.domain.ticket.dispatching import Sign
from node.domain.ticket.extension import DecideExtension, RequestExtension
from node.domain.ticket.handling import Reclassify
from node.domain.ticket.objection import Object, RuleObjection
from node.domain.ticket.supplement import ApplySupplement, DecideSupplement, NotifySupplement, ReportSupplement
from node.domain.time import Limit, Unit
from node.services.what_if import Measured, WhatIf, is_replayed, what_if
from node.storage import schema
from tests.clauses.given import WATER, a_completion, a_county, beijing, completed, dispatched, formed, handled, page_of
from tests.support.node import Hands


def workdays(number: int) -> Limit:
    return Limit(number, Unit.WORKDAY)


def tried(hands: Hands, first: date | None = None, last: date | None = None, **changes: object) -> WhatIf:
    """What the changed *limits* would have done; a key's dots are written as two underscores."""
    given = {key.replace("__", "."): value for key, value in changes.items()}
    with hands.node.store.read() as view:
        return what_if(view, hands.node.policies, given, first, last, hands.now)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Hands:
    """
    A county with one ticket of each kind of story: signed late, paused for material, objected to in vain and with success,
    reclassified, extended, completed in time and never touched.
    """
    hands = a_county(tmp_path_factory.mktemp("what-if"), "2026-03-02 09:00")
    formed(hands, "complaint")
    paused, rejected, upheld = handled(hands), dispatched(hands), dispatched(hands)
    reclassified, extended, late = handled(hands), handled(hands), dispatched(hands)
    completed(hands)
    hands.at(beijing("2026-03-03 10:00"))
    hands.act("department", ApplySupplement(("licence",), Text("缺营业执照")), paused, "housing")
    hands.act("office", DecideSupplement(True), paused)
    hands.act("department", Object(Text("不是我局职责"), WATER, none_listed=True), rejected, "housing")
    hands.act("department", Object(Text("不是我局职责"), WATER, none_listed=True), upheld, "housing")
    hands.act("office", Reclassify("coordination", "complex", Text("涉及多部门")), reclassified)
    hands.act("department", RequestExtension(date(2026, 3, 27), "complex", Text("需专家论证")), extended, "housing")
    hands.at(beijing("2026-03-04 10:00"))
    hands.act("office", NotifySupplement("phone"), paused)
    hands.act("office", RuleObjection(False, Text("属你局职责")), rejected)
    hands.act("office", RuleObjection(True, Text("属水务局"), WATER), upheld)
    hands.act("office", DecideExtension(is_granted=True), extended)
    hands.at(beijing("2026-03-06 10:00"))
    hands.act("enterprise", ReportSupplement(("licence",)), paused)
    hands.act("department", Sign(), late, "housing")
    hands.at(beijing("2026-03-10 10:00"))
    hands.act("department", a_completion(hands), paused, "housing")
    return hands.at(beijing("2026-03-30 10:00"))


class TestNothingChanged:
    """The replay is the engine's own reckoning: with nothing changed it gives the due times that were issued."""

    def test_every_due_time_is_the_one_that_was_issued(self, county: Hands):
        """To the minute, for every clock that ever ran, and none is late that was not."""
        found = tried(county)

        assert [one.due_before for one in found.clocks] == [one.due_after for one in found.clocks]
        assert ([one.limit_before for one in found.clocks], found.late_before) == (
            [one.limit_after for one in found.clocks],
            found.late_after,
        )
        assert ((), ()) == (found.newly_late, found.no_longer_late)

    def test_it_replays_every_clock_that_the_pages_show(self, county: Hands):
        """Pauses, extensions and rulings included: the last due time of each is that of the ticket's page."""
        found = {(one.ticket, one.clock): one.due_after for one in tried(county).clocks}

        shown = {
            (ticket, line.name): line.due_at
            for ticket in {one for one, _ in found}
            for line in page_of(county, ticket).clocks
            if line.due_at is not None
        }
        assert shown
        assert shown == {key: found[key] for key in shown}

    def test_nothing_is_written(self, county: Hands):
        """The journal is as long as before."""
        before = length(county)

        tried(county, limit__sign=workdays(1))

        assert before == length(county)


class TestChanged:
    """What would have been late, and what no longer."""

    def test_a_shorter_limit_to_sign_makes_the_late_signer_later(self, county: Hands):
        """Signed on the fourth working day: late under two days, in time under four; so the counts of the clock move."""
        is_late = {number: tried(county, limit__sign=workdays(number)).counts["sign"][2] for number in (1, 2, 4)}

        assert tried(county).counts["sign"][1] == is_late[2] > is_late[4]
        assert is_late[1] >= is_late[2]

    def test_tickets_that_become_late_and_that_no_longer_are_are_named(self, county: Hands):
        """With the due time of both reckonings beside each other."""
        stricter = tried(county, **{"limit__resolve__coordination__plain": workdays(2)})

        gained = [one for one in stricter.newly_late if one.clock == "resolve"]
        assert gained
        assert all(one.due_before and one.due_after and one.due_after < one.due_before for one in gained)
        laxer = tried(county, limit__sign=workdays(10))
        assert {"sign"} == {one.clock for one in laxer.no_longer_late}

    def test_a_pause_counts_under_the_changed_limit_too(self, county: Hands):
        """Formed 2 March with 10 working days, paused from the 3rd to the 6th: the 19th; with 8 two days earlier."""
        ten, eight = (resolve_of(tried(county, **{"limit__resolve__coordination__plain": workdays(n)})) for n in (10, 8))

        moved = {
            one.ticket: (one.due_after, other.due_after) for one, other in zip(ten, eight, strict=True) if one.due_after != other.due_after
        }
        assert moved
        assert {timedelta(days=2)} == {
            before - after for before, after in moved.values() if before and after and before - after < timedelta(days=4)
        }

    def test_a_promised_date_stays_what_was_promised(self, county: Hands):
        """An extension that was granted to 27 March is due that day, whatever the limit."""
        extended = [
            one
            for one in resolve_of(tried(county, **{"limit__resolve__coordination__plain": workdays(5)}))
            if one.due_before == beijing("2026-03-28 00:00")
        ]

        assert [beijing("2026-03-28 00:00")] == [one.due_after for one in extended]

    def test_another_start_of_the_handling_limit(self, county: Hands):
        """Counted from the signature, a ticket that was signed late has more time, and one that nobody signed has no clock yet."""
        found = {one.ticket: one for one in resolve_of(tried(county, resolve__starts_on="signed"))}

        later = [one for one in found.values() if one.due_after and one.due_before and one.due_after > one.due_before]
        unsigned = [one for one in found.values() if one.due_after is None]
        assert (True, True) == (bool(later), bool(unsigned))

    def test_a_period_takes_the_clocks_that_began_in_it(self, county: Hands):
        """Both days included; the later days have the clocks of the later acts only."""
        first = tried(county, last=date(2026, 3, 2))
        rest = tried(county, first=date(2026, 3, 3))

        assert len(tried(county).clocks) == len(first.clocks) + len(rest.clocks)
        assert 0 < len(first.clocks) < len(tried(county).clocks)

    def test_only_what_is_replayed_can_be_tried(self):
        """A limit, and what starts the handling limit; the rest of a pack has no past to be replayed."""
        assert [True, True, False] == [is_replayed(key) for key in ("limit.sign", "resolve.starts_on", "rework.on")]


def resolve_of(found: WhatIf) -> list[Measured]:
    return [one for one in found.clocks if one.clock == "resolve"]


def length(hands: Hands) -> int:
    with hands.node.store.read() as view:
        return view.connection.execute(select(func.count()).select_from(schema.entries)).scalar_one()
