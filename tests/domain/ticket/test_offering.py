"""Offer and claim, filling in, and concealment, without a node."""

from datetime import timedelta

import pytest

from node.domain.payload import Contact, Text
from node.domain.refusal import Code
from node.domain.ticket.dispatching import Dispatch
from node.domain.ticket.filling import Conceal, FillIn
from node.domain.ticket.judgement import OpenJudgement
from node.domain.ticket.offering import Claim, LapseOffer, Offer, WithdrawOffer
from node.domain.ticket.state import State, With
from node.domain.time import Limit, Unit
from tests.domain.ticket.given import (
    FINANCE,
    FINANCE_DESK,
    HOUSING,
    HOUSING_DESK,
    MONDAY,
    NODE,
    OFFICE,
    TUESDAY,
    WATER,
    WATER_DESK,
    a_form,
    a_policy,
    a_ticket,
    decided,
    play,
    refused,
)

POLICY = a_policy({"limit.claim": Limit(2, Unit.HOUR), "claim.units.water_supply": ("water",), "intake.complete_fields": ("name", "title")})
AFTER = MONDAY + timedelta(hours=2)
CLAIM = Claim("coordination")


def offered(*units: str, **fields: object):
    """A need that *units* may claim."""
    return play(a_ticket(policy=POLICY, first_contact="", **fields), [(OFFICE, Offer(units), MONDAY)], POLICY)


class TestOffering:
    """FJ23-2.3b, 2.3c."""

    def test_each_unit_has_a_clock_until_one_has_claimed_it(self):
        """Then only the handling limit runs, from registration on."""
        ticket = offered(HOUSING, WATER)
        assert {f"claim/{HOUSING}", f"claim/{WATER}"} == {clock.name for clock in ticket.clocks.values() if clock.is_running}

        after = play(ticket, [(WATER_DESK, CLAIM, TUESDAY)], POLICY)

        assert {"resolve": MONDAY} == {clock.name: clock.started_at for clock in after.clocks.values() if clock.is_running}
        assert (State.HANDLING, WATER, True) == (after.state, after.lead, after.is_formed)

    def test_by_field_if_no_unit_is_named(self):
        """The units that the pack names for the field."""
        ticket = play(a_ticket(policy=POLICY, first_contact="", field="water_supply"), [(OFFICE, Offer(), MONDAY)], POLICY)
        assert ticket.offer is not None
        assert (WATER,) == ticket.offer.units

    @pytest.mark.parametrize(
        ("actor", "command", "when", "code"),
        [
            (FINANCE_DESK, CLAIM, TUESDAY, Code.PERMISSION_DENIED),
            (WATER_DESK, Claim(), TUESDAY, Code.FIELD_REQUIRED),
            (WATER_DESK, Claim("gossip"), TUESDAY, Code.VALUE_NOT_OFFERED),
            (NODE, LapseOffer(), AFTER - timedelta(seconds=1), Code.OFFER_RUNNING),
            (OFFICE, WithdrawOffer(Text(" ")), MONDAY, Code.FIELD_REQUIRED),
            (OFFICE, Offer((HOUSING,)), MONDAY, Code.WRONG_STATE),
        ],
    )
    def test_what_is_refused(self, actor, command, when, code):
        """Another field's unit, a claim without a class, a lapse before its time."""
        assert code is refused(offered(HOUSING, WATER), actor, command, when, POLICY).code

    def test_a_repeat_claims_nothing_and_a_second_one_is_told_who_has_it(self):
        """The first outcome stands."""
        claimed = play(offered(HOUSING, WATER), [(WATER_DESK, CLAIM, TUESDAY)], POLICY)
        assert [] == decided(claimed, WATER_DESK, CLAIM, TUESDAY, POLICY)
        assert Code.ALREADY_CLAIMED is refused(claimed, HOUSING_DESK, CLAIM, TUESDAY, POLICY).code

    @pytest.mark.parametrize(("actor", "command"), [(NODE, LapseOffer()), (OFFICE, WithdrawOffer(Text("改由工作机构派单")))])
    def test_what_nobody_has_is_the_offices_again(self, actor, command):
        """Back where it was, under the forming clock; a formed one under the dispatch clock."""
        after = play(offered(HOUSING), [(actor, command, AFTER)], POLICY)
        assert (State.REGISTERED, With.OFFICE, ["form"]) == (
            after.state,
            after.with_whom,
            [clock.name for clock in after.clocks.values() if clock.is_running],
        )
        formed = play(
            a_ticket(policy=POLICY, first_contact="", title=Text("t")),
            [(OFFICE, a_form(), MONDAY), (OFFICE, Offer((HOUSING,)), MONDAY), (actor, command, AFTER)],
            POLICY,
        )
        running = {clock.name for clock in formed.clocks.values() if clock.is_running}
        assert (State.FORMED, {"dispatch", "resolve"}) == (formed.state, running)


class TestFilling:
    """USERS C26: what is open is filled in; what is there is corrected."""

    def test_a_ticket_is_formed_once_nothing_is_missing(self):
        """The pack's fields; of an anonymous appellant nobody asks a name."""
        ticket = a_ticket(policy=POLICY, name=None, first_contact="")
        assert "name, title" == refused(ticket, OFFICE, a_form(), MONDAY, POLICY).facts["missing"]
        filled = play(ticket, [(OFFICE, FillIn(title=Text("t"), name=Contact("n")), MONDAY)], POLICY)
        assert State.FORMED is play(filled, [(OFFICE, a_form(), MONDAY)], POLICY).state
        nobody = a_ticket(policy=POLICY, appellant_kind="anonymous", name=None, phone=None, title=Text("t"), first_contact="")
        assert State.FORMED is play(nobody, [(OFFICE, a_form(), MONDAY)], POLICY).state

    @pytest.mark.parametrize(
        ("actor", "command", "code"),
        [
            (OFFICE, FillIn(), Code.FIELD_REQUIRED),
            (OFFICE, FillIn(phone=Contact("2")), Code.FILLED_BEFORE),
            (OFFICE, FillIn(category="gossip"), Code.VALUE_NOT_OFFERED),
            (OFFICE, FillIn(credit_code="91"), Code.CREDIT_CODE_INVALID),
            (OFFICE, FillIn(topic="tax"), Code.FIELD_REQUIRED),
            (WATER_DESK, FillIn(title=Text("t")), Code.PERMISSION_DENIED),
        ],
    )
    def test_what_is_refused(self, actor, command, code):
        """Nothing, what is there already, what the pack does not offer, somebody who has no part in it."""
        assert code is refused(a_ticket(policy=POLICY), actor, command, MONDAY, POLICY).code


class TestConcealment:
    """XS25-4.3.1.4: whatever would bring it to the unit complained of is refused, in every area."""

    ticket = play(a_ticket(first_contact=""), [(OFFICE, Conceal((HOUSING,)), MONDAY)])

    @pytest.mark.parametrize("command", [OpenJudgement((WATER, HOUSING)), Offer((FINANCE, HOUSING))])
    def test_before_it_is_formed(self, command):
        """Neither as a member that confers nor among those that may claim."""
        assert Code.COMPLAINED_OF is refused(self.ticket, OFFICE, command, MONDAY, POLICY).code

    @pytest.mark.parametrize("command", [Dispatch(HOUSING), Dispatch(WATER, (HOUSING,))])
    def test_afterwards(self, command):
        """Neither as lead nor as co-handler."""
        formed = play(self.ticket, [(OFFICE, a_form(), MONDAY)])
        assert Code.COMPLAINED_OF is refused(formed, OFFICE, command, MONDAY).code

    def test_the_unit_is_told_that_there_is_nothing(self):
        """Not even that it may not: a refusal of its own would say that somebody complained."""
        assert Code.SUBJECT_UNKNOWN is refused(self.ticket, HOUSING_DESK, CLAIM, MONDAY).code
