"""Dispatch, signing, and taking a dispatch back."""

from datetime import date

import pytest

from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.ticket.checks import steward_of
from node.domain.ticket.co_handling import ConfirmCoHandling
from node.domain.ticket.dispatching import ChangeLead, Dispatch, Recall, Sign
from node.domain.ticket.extension import RequestExtension
from node.domain.ticket.state import State, With
from tests.domain.ticket.given import (
    DISSOLVED,
    FINANCE,
    GOVERNMENT,
    HOUSING,
    HOUSING_DESK,
    MONDAY,
    NDRC,
    NDRC_STEWARD,
    OFFICE,
    PROMOTION,
    PROMOTION_STEWARD,
    TUESDAY,
    UNSTAFFED,
    WATER,
    WATER_DESK,
    WEDNESDAY,
    a_form,
    a_policy,
    a_ticket,
    day_end,
    decided,
    play,
    refused,
)

WHY = Text("wrong department")
FORMED = a_ticket(State.FORMED)
DISPATCHED = a_ticket(State.DISPATCHED)
HANDLED = a_ticket(State.HANDLING)


class TestDispatch:
    """AS25-4.3.1a: one staffed lead, who signs or objects within two working days."""

    def test_the_lead_owes_from_the_dispatch_on(self):
        """Sign limit in full; the handling limit, running since forming, is the lead's now; the office's own ended."""
        assert {"sign": (HOUSING, day_end("2026-03-04")), "resolve": (HOUSING, day_end("2026-03-16"))} == {
            clock.name: (clock.owes, clock.due_at) for clock in DISPATCHED.clocks.values() if clock.is_running
        }

    @pytest.mark.parametrize(
        ("starts_on", "runs"),
        [("formed", [True, True, True]), ("dispatched", [False, True, True]), ("signed", [False, True, True])],
    )
    def test_the_pack_says_when_the_handling_limit_starts(self, starts_on, runs):
        """POLICY_PACKS 2 no. 1: formed, dispatched or signed; between forming and dispatch the office is always timed."""
        policy = a_policy({"resolve.starts_on": starts_on})
        states = (State.FORMED, State.DISPATCHED, State.HANDLING)

        assert runs == [a_ticket(state, policy).clock("resolve") is not None for state in states]
        assert a_ticket(State.FORMED, policy).clocks["dispatch"].is_running

    @pytest.mark.clause("AS25-3.3")
    def test_the_commission_dispatches_in_its_field_only(self):
        """Proposed for its field and accepted there; refused in the field of investment."""
        own, other = (a_ticket(State.FORMED, field=field) for field in ("private_economy_environment", "investment_promotion"))

        assert NDRC == steward_of("private_economy_environment", a_policy())
        assert State.DISPATCHED is play(own, [(NDRC_STEWARD, Dispatch(lead=WATER), TUESDAY)]).state
        assert Code.PERMISSION_DENIED == refused(other, NDRC_STEWARD, Dispatch(lead=WATER), TUESDAY).code

    @pytest.mark.clause("AS25-3.4")
    def test_the_bureau_has_two_fields(self):
        """Business environment and investment promotion, and not the private economy."""
        fields = ("business_environment", "investment_promotion", "private_economy_environment")
        tickets = [a_ticket(State.FORMED, field=field) for field in fields]

        assert [PROMOTION, PROMOTION, NDRC] == [steward_of(field, a_policy()) for field in fields]
        assert State.DISPATCHED is play(tickets[0], [(PROMOTION_STEWARD, Dispatch(lead=WATER), TUESDAY)]).state
        assert Code.PERMISSION_DENIED == refused(tickets[2], PROMOTION_STEWARD, Dispatch(lead=WATER), TUESDAY).code

    @pytest.mark.parametrize(
        ("ticket", "who", "command", "code"),
        [
            (a_ticket(), OFFICE, Dispatch(lead=HOUSING), Code.WRONG_STATE),
            (FORMED, HOUSING_DESK, Dispatch(lead=WATER), Code.PERMISSION_DENIED),
            (FORMED, OFFICE, Dispatch(lead="520402-nowhere"), Code.UNIT_UNKNOWN),
            (FORMED, OFFICE, Dispatch(lead=DISSOLVED), Code.UNIT_UNKNOWN),
            (FORMED, OFFICE, Dispatch(lead=UNSTAFFED), Code.UNIT_UNSTAFFED),
            (FORMED, OFFICE, Dispatch(lead=HOUSING, co_handlers=(UNSTAFFED,)), Code.UNIT_UNSTAFFED),
            (FORMED, OFFICE, Dispatch(lead=HOUSING, co_handlers=(HOUSING,)), Code.MALFORMED_COMMAND),
            (DISPATCHED, WATER_DESK, Sign(), Code.PERMISSION_DENIED),
            (FORMED, HOUSING_DESK, Sign(), Code.PERMISSION_DENIED),
        ],
    )
    def test_refusals(self, ticket, who, command, code):
        """State, rights, then units."""
        assert code == refused(ticket, who, command, TUESDAY).code

    def test_what_the_government_dispatches_is_final(self):
        """AS25-3.1.2: no objection to it."""
        assert play(FORMED, [(GOVERNMENT, Dispatch(lead=WATER), TUESDAY)]).dispatch.is_final

    def test_signing_twice_does_nothing(self):
        """A repeat is a no-op."""
        assert [] == decided(HANDLED, HOUSING_DESK, Sign(), TUESDAY)


class TestRecall:
    """USERS A6: the office takes a wrong dispatch back before it is signed."""

    def test_the_ticket_is_formed_again_and_the_handling_limit_goes_on(self):
        """The new lead gets a full sign limit; the days that the wrong one held it are not given back."""
        recalled = play(DISPATCHED, [(OFFICE, Recall(WHY), TUESDAY)])
        again = play(recalled, [(OFFICE, Dispatch(lead=WATER), WEDNESDAY)])

        assert (State.FORMED, With.OFFICE, "", None) == (recalled.state, recalled.with_whom, recalled.lead, recalled.clock("sign"))
        assert {"dispatch": ("office", day_end("2026-03-04")), "resolve": ("office", day_end("2026-03-16"))} == {
            clock.name: (clock.owes, clock.due_at) for clock in recalled.clocks.values() if clock.is_running
        }
        assert (2, day_end("2026-03-06"), day_end("2026-03-16"), WATER) == (
            again.dispatch.number,
            again.clocks["sign"].due_at,
            again.clocks["resolve"].due_at,
            again.clocks["resolve"].owes,
        )

    def test_the_pack_may_restart_the_handling_limit(self):
        """Unless the pack says otherwise: then it counts from the next dispatch."""
        policy = a_policy({"recall.restarts_resolve": True})
        again = play(DISPATCHED, [(OFFICE, Recall(WHY), TUESDAY), (OFFICE, Dispatch(lead=WATER), WEDNESDAY)], policy)

        assert day_end("2026-03-18") == again.clocks["resolve"].due_at

    def test_co_handlers_that_had_not_agreed_are_released(self):
        """Their limit ends with the dispatch that asked them."""
        asked = play(FORMED, [(OFFICE, Dispatch(lead=HOUSING, co_handlers=(WATER, FINANCE)), TUESDAY)])
        recalled = play(asked, [(OFFICE, Recall(WHY), TUESDAY)])

        assert ((), None, None) == (recalled.co_handlers, recalled.clock(f"co_handle/{WATER}"), recalled.clock(f"co_handle/{FINANCE}"))

    def test_recalling_twice_does_nothing(self):
        """A repeat is a no-op."""
        assert [] == decided(play(DISPATCHED, [(OFFICE, Recall(WHY), TUESDAY)]), OFFICE, Recall(WHY), TUESDAY)

    @pytest.mark.parametrize(
        ("ticket", "who", "command", "code"),
        [
            (HANDLED, OFFICE, Recall(WHY), Code.WRONG_STATE),
            (FORMED, OFFICE, Recall(WHY), Code.WRONG_STATE),
            (DISPATCHED, HOUSING_DESK, Recall(WHY), Code.PERMISSION_DENIED),
            (DISPATCHED, OFFICE, Recall(Text("")), Code.FIELD_REQUIRED),
            (a_ticket(), OFFICE, ChangeLead(WHY), Code.WRONG_STATE),
            (HANDLED, OFFICE, ChangeLead(Text("")), Code.FIELD_REQUIRED),
            (HANDLED, HOUSING_DESK, ChangeLead(WHY), Code.PERMISSION_DENIED),
        ],
    )
    def test_refusals(self, ticket, who, command, code):
        """Signed, it is no recall but a change of lead; both by the office, with a reason."""
        assert code == refused(ticket, who, command, TUESDAY).code


class TestChangeLead:
    """USERS A6, AS25-4.4.5b: until completion, with a reason."""

    def test_the_new_lead_signs_and_the_old_one_is_out(self):
        """How long the former lead held it is said; the former lead's requests lapse; its staff may do nothing any more."""
        asks = RequestExtension(date(2026, 3, 20), "external", WHY)
        asking = play(HANDLED, [(HOUSING_DESK, asks, TUESDAY)], a_policy({"extension.grounds": ("external",)}))
        *lapsed, changed = decided(asking, OFFICE, ChangeLead(WHY), WEDNESDAY)
        after = play(asking, [(OFFICE, ChangeLead(WHY), WEDNESDAY), (OFFICE, Dispatch(lead=WATER), WEDNESDAY)])

        assert (["ApplicationLapsed"], 2) == ([one.event.kind() for one in lapsed], changed.event.workdays)
        assert (None, (), None, WATER) == (after.extension, after.open_asks(), after.clock("extension_decision"), after.lead)
        assert Code.PERMISSION_DENIED == refused(after, HOUSING_DESK, Sign(), WEDNESDAY).code
        assert State.HANDLING is play(after, [(WATER_DESK, Sign(), WEDNESDAY)]).state

    def test_a_co_handler_that_becomes_the_lead_has_no_part_of_its_own(self):
        """It was confirmed as a co-handler before; now it owes the whole."""
        joined = play(
            FORMED,
            [
                (OFFICE, Dispatch(lead=HOUSING, co_handlers=(WATER,)), MONDAY),
                (HOUSING_DESK, Sign(), TUESDAY),
                (WATER_DESK, ConfirmCoHandling(), TUESDAY),
            ],
        )
        after = play(joined, [(OFFICE, ChangeLead(WHY), WEDNESDAY), (OFFICE, Dispatch(lead=WATER), WEDNESDAY)])

        assert ((), None, WATER) == (after.co_handlers, after.clock(f"co_handle/{WATER}"), after.lead)

    def test_class_and_number_stay(self):
        """The ticket is formed once."""
        after = play(HANDLED, [(OFFICE, ChangeLead(WHY), TUESDAY)])

        assert (HANDLED.number, HANDLED.classing) == (after.number, after.classing)
        assert Code.WRONG_STATE == refused(after, OFFICE, a_form(), TUESDAY).code
