"""Objection to a dispatch: sign or object, the office rules, the government ends it."""

import pytest

from node.domain.entry import Folded
from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.fold import fold_ticket
from node.domain.ticket.objection import CoordinateObjection, Object, ReportToGovernment, RuleByGovernment, RuleObjection
from node.domain.ticket.state import State, With
from tests.domain.ticket.given import (
    FINANCE,
    FINANCE_DESK,
    FRIDAY,
    GOVERNMENT,
    HOUSING,
    HOUSING_DESK,
    OFFICE,
    OFFICE_UNIT,
    POLICY,
    THURSDAY,
    TUESDAY,
    UNSTAFFED,
    WATER,
    WATER_DESK,
    WEDNESDAY,
    Role,
    a_policy,
    a_ticket,
    beijing,
    day_end,
    decided,
    person,
    play,
    refused,
)

WHY = Text("not our duty")
OBJECT = Object(WHY, WATER)
DISPATCHED = a_ticket(State.DISPATCHED)
OBJECTED = play(DISPATCHED, [(HOUSING_DESK, OBJECT, TUESDAY)])
REJECTED = play(OBJECTED, [(OFFICE, RuleObjection(False, WHY), THURSDAY)])
FAILED = play(OBJECTED, [(OFFICE, CoordinateObjection((HOUSING, WATER), True, WHY), WEDNESDAY)])
REPORTED = play(FAILED, [(OFFICE, ReportToGovernment(WHY), WEDNESDAY)])


class TestObject:
    """AS25-4.3.1b: exactly one of two answers."""

    def test_the_office_is_timed_while_signing_and_handling_stand(self):
        """POLICY_PACKS 2 no. 13, 57: shown as pending; two working days for the ruling."""
        assert (State.OBJECTED, With.OFFICE, True, True, day_end("2026-03-05")) == (
            OBJECTED.state,
            OBJECTED.with_whom,
            OBJECTED.clocks["resolve"].is_paused,
            OBJECTED.clocks["sign"].is_paused,
            OBJECTED.clocks["objection_ruling"].due_at,
        )
        assert 1 == len(OBJECTED.open_asks("ObjectionRaised"))

    @pytest.mark.clause("AS25-4.3.1b")
    def test_one_of_two_answers(self):
        """Signed, then object; object without reason or unit; on the third working day; signed and objected in parallel."""
        signed = play(DISPATCHED, [(HOUSING_DESK, Sign(), TUESDAY)])

        assert Code.SIGNED_BEFORE == refused(signed, HOUSING_DESK, OBJECT, TUESDAY).code
        assert Code.FIELD_REQUIRED == refused(DISPATCHED, HOUSING_DESK, Object(Text(""), WATER), TUESDAY).code
        assert Code.FIELD_REQUIRED == refused(DISPATCHED, HOUSING_DESK, Object(WHY, ""), TUESDAY).code
        assert Code.OBJECTION_PERIOD_OVER == refused(DISPATCHED, HOUSING_DESK, OBJECT, THURSDAY).code
        assert Code.WRONG_STATE == refused(OBJECTED, HOUSING_DESK, Sign(), TUESDAY).code

    @pytest.mark.parametrize(
        ("when", "is_open"),
        [("2026-03-04 23:59", True), ("2026-03-05 00:00", True), ("2026-03-05 00:01", False)],
    )
    def test_the_period_ends_with_the_second_working_day(self, when, is_open):
        """What is recorded at the due time meets it."""
        if is_open:
            assert 1 == len(decided(DISPATCHED, HOUSING_DESK, OBJECT, beijing(when)))
        else:
            assert Code.OBJECTION_PERIOD_OVER == refused(DISPATCHED, HOUSING_DESK, OBJECT, beijing(when)).code

    @pytest.mark.parametrize(
        ("ticket", "who", "command", "code"),
        [
            (DISPATCHED, WATER_DESK, Object(WHY, HOUSING), Code.PERMISSION_DENIED),
            (DISPATCHED, OFFICE, OBJECT, Code.PERMISSION_DENIED),
            (DISPATCHED, HOUSING_DESK, Object(WHY, "520402-nowhere"), Code.UNIT_UNKNOWN),
            (DISPATCHED, HOUSING_DESK, Object(WHY, HOUSING), Code.MALFORMED_COMMAND),
        ],
    )
    def test_refusals(self, ticket, who, command, code):
        """Only the lead's own staff, and naming another unit of this node."""
        assert code == refused(ticket, who, command, TUESDAY).code

    def test_objecting_twice_does_nothing(self):
        """A repeat is a no-op."""
        assert [] == decided(OBJECTED, HOUSING_DESK, OBJECT, TUESDAY)


class TestRuleObjection:
    """AS25-4.3.2a: the office upholds or rejects, with a reason."""

    @pytest.mark.clause("AS25-4.3.2a")
    def test_upheld_the_new_unit_has_a_fresh_limit_and_rejected_the_old_one_must_sign(self):
        """B has two working days of its own; A must sign and cannot object again on this dispatch."""
        upheld = play(OBJECTED, [(OFFICE, RuleObjection(True, WHY, WATER), THURSDAY)])

        assert (State.DISPATCHED, WATER, day_end("2026-03-09")) == (upheld.state, upheld.lead, upheld.clocks["sign"].due_at)
        assert Code.MUST_SIGN == refused(REJECTED, HOUSING_DESK, OBJECT, THURSDAY).code
        assert State.HANDLING is play(REJECTED, [(HOUSING_DESK, Sign(), FRIDAY)]).state
        assert Code.FIELD_REQUIRED == refused(OBJECTED, OFFICE, RuleObjection(False, Text("")), THURSDAY).code

    def test_upheld_gives_the_new_unit_the_full_handling_limit(self):
        """POLICY_PACKS 2 no. 13: ten working days from the new dispatch; the ask is answered."""
        upheld = play(OBJECTED, [(OFFICE, RuleObjection(True, WHY, WATER), THURSDAY)])

        assert (day_end("2026-03-19"), WATER, (), None) == (
            upheld.clocks["resolve"].due_at,
            upheld.clocks["resolve"].owes,
            upheld.open_asks(),
            upheld.clock("objection_ruling"),
        )

    def test_upheld_without_a_new_unit_the_office_dispatches_later(self):
        """Formed again, the office timed; both limits are full from the next dispatch on."""
        formed = play(OBJECTED, [(OFFICE, RuleObjection(True, WHY), THURSDAY)])
        again = play(formed, [(OFFICE, Dispatch(lead=FINANCE), FRIDAY)])

        assert (State.FORMED, ["dispatch"]) == (formed.state, [clock.name for clock in formed.clocks.values() if clock.is_running])
        assert (day_end("2026-03-10"), day_end("2026-03-20")) == (again.clocks["sign"].due_at, again.clocks["resolve"].due_at)
        assert 1 == len(decided(again, FINANCE_DESK, OBJECT, FRIDAY))

    def test_rejected_buys_no_time(self):
        """The handling limit is due as if nobody had objected; the two days are written down against the unit."""
        (happened,) = decided(OBJECTED, OFFICE, RuleObjection(False, WHY), THURSDAY)

        assert 2 == happened.event.workdays
        assert (DISPATCHED.clocks["resolve"].due_at, True, False) == (
            REJECTED.clocks["resolve"].due_at,
            REJECTED.clocks["resolve"].is_running,
            REJECTED.clocks["resolve"].is_paused,
        )

    def test_rejected_the_unit_signs_in_what_was_left_of_its_limit(self):
        """Objected on the first of two working days, ruled on Thursday: one day is left, Friday."""
        assert day_end("2026-03-06") == REJECTED.clocks["sign"].due_at

    @pytest.mark.parametrize(
        ("ticket", "who", "command", "code"),
        [
            (DISPATCHED, OFFICE, RuleObjection(True, WHY, WATER), Code.WRONG_STATE),
            (OBJECTED, HOUSING_DESK, RuleObjection(True, WHY, WATER), Code.PERMISSION_DENIED),
            (OBJECTED, person("both", Role.OFFICE, HOUSING), RuleObjection(True, WHY, WATER), Code.OWN_CASE),
            (OBJECTED, OFFICE, RuleObjection(True, WHY, UNSTAFFED), Code.UNIT_UNSTAFFED),
            (OBJECTED, OFFICE, RuleObjection(True, WHY, HOUSING), Code.MALFORMED_COMMAND),
            (OBJECTED, OFFICE, RuleObjection(False, WHY, WATER), Code.MALFORMED_COMMAND),
            (REPORTED, OFFICE, RuleObjection(True, WHY, WATER), Code.WRONG_STATE),
        ],
    )
    def test_refusals(self, ticket, who, command, code):
        """Nothing pending, not the office, its own objection, no such unit, or already before the government."""
        assert code == refused(ticket, who, command, THURSDAY).code


class TestGovernment:
    """AS25-4.3.2b, 3.1.2: what cannot be coordinated the government decides, finally."""

    @pytest.mark.clause("AS25-3.1.2")
    def test_its_choice_is_dispatched_and_final(self):
        """After a failed coordination the government names A: dispatched to A, who cannot object any more."""
        ruled = play(REPORTED, [(GOVERNMENT, RuleByGovernment(FINANCE), FRIDAY)])

        assert (State.DISPATCHED, FINANCE, True, ()) == (ruled.state, ruled.lead, ruled.dispatch.is_final, ruled.open_asks())
        assert Code.DECISION_FINAL == refused(ruled, FINANCE_DESK, OBJECT, FRIDAY).code

    def test_only_the_office_reports_and_only_after_a_failed_coordination(self):
        """A department that reports by itself: refused; without coordination: refused; then the government is timed."""
        agreed = play(OBJECTED, [(OFFICE, CoordinateObjection((HOUSING, WATER), False, WHY), WEDNESDAY)])

        assert Code.PERMISSION_DENIED == refused(FAILED, HOUSING_DESK, ReportToGovernment(WHY), WEDNESDAY).code
        assert Code.COORDINATION_MISSING == refused(OBJECTED, OFFICE, ReportToGovernment(WHY), WEDNESDAY).code
        assert Code.COORDINATION_MISSING == refused(agreed, OFFICE, ReportToGovernment(WHY), WEDNESDAY).code
        assert Code.FIELD_REQUIRED == refused(FAILED, OFFICE, ReportToGovernment(Text("")), WEDNESDAY).code
        assert (State.OBJECTED, With.GOVERNMENT, day_end("2026-03-11"), None) == (
            REPORTED.state,
            REPORTED.with_whom,
            REPORTED.clocks["government_ruling"].due_at,
            REPORTED.clock("objection_ruling"),
        )

    def test_a_pack_may_end_it_at_the_centre(self):
        """XS25-4.3.2.2a: the centre decides the lead, nobody above it."""
        policy = a_policy({"objection.final_by": "office"})

        assert Code.VALUE_NOT_OFFERED == refused(FAILED, OFFICE, ReportToGovernment(WHY), WEDNESDAY, policy).code

    @pytest.mark.parametrize(("lead", "due"), [(HOUSING, "2026-03-19"), (FINANCE, "2026-03-20")])
    def test_the_pause_stands_once_it_went_to_the_government(self, lead, due):
        """Tuesday to Friday stood: three days later for the same unit; another unit has the full limit from Friday."""
        ruled = play(REPORTED, [(GOVERNMENT, RuleByGovernment(lead), FRIDAY)])

        assert (day_end(due), day_end("2026-03-10")) == (ruled.clocks["resolve"].due_at, ruled.clocks["sign"].due_at)

    @pytest.mark.parametrize(
        ("ticket", "who", "command", "code"),
        [
            (FAILED, GOVERNMENT, RuleByGovernment(FINANCE), Code.WRONG_STATE),
            (REPORTED, OFFICE, RuleByGovernment(FINANCE), Code.PERMISSION_DENIED),
            (REPORTED, GOVERNMENT, RuleByGovernment(UNSTAFFED), Code.UNIT_UNSTAFFED),
            (OBJECTED, OFFICE, CoordinateObjection((), True, WHY), Code.FIELD_REQUIRED),
            (OBJECTED, OFFICE, CoordinateObjection(("520402-nowhere",), True, WHY), Code.UNIT_UNKNOWN),
        ],
    )
    def test_refusals(self, ticket, who, command, code):
        """Not asked yet, not the government, no such unit, nobody heard."""
        assert code == refused(ticket, who, command, FRIDAY).code


def test_a_contested_ticket_folds_the_same_from_any_order():
    """DESIGN 13: a line is a function of the set of its entries; whoever must act is timed after every step."""
    journal: list[Folded] = []
    ticket = a_ticket(State.DISPATCHED, journal=journal)
    owes = {With.OFFICE: "office", With.GOVERNMENT: "government"}
    for step in (
        (HOUSING_DESK, OBJECT, TUESDAY),
        (OFFICE, RuleObjection(True, WHY, WATER), WEDNESDAY),
        (WATER_DESK, Object(WHY, FINANCE), THURSDAY),
        (OFFICE, CoordinateObjection((HOUSING, WATER, OFFICE_UNIT), True, WHY), THURSDAY),
        (OFFICE, ReportToGovernment(WHY), FRIDAY),
        (GOVERNMENT, RuleByGovernment(WATER), FRIDAY),
        (WATER_DESK, Sign(), FRIDAY),
    ):
        ticket = play(ticket, [step], journal=journal)
        timed = {clock.owes for clock in ticket.clocks.values() if clock.is_running}
        assert owes.get(ticket.with_whom, ticket.lead) in timed

    assert ticket == fold_ticket(reversed(journal), POLICY.place.rank)
