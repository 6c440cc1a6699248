"""How a need comes in, and what the department that was reached first does with it."""

from datetime import timedelta

import pytest

from node.domain.payload import Contact, Text
from node.domain.refusal import Code
from node.domain.ticket.completion import Complete
from node.domain.ticket.correction import Correct
from node.domain.ticket.dispatching import Dispatch, Recall
from node.domain.ticket.first_contact import AnswerOnTheSpot, HandleOwnDuty, ReportToOffice, SortOwnDuty, awaits_sorting
from node.domain.ticket.state import State, With
from tests.domain.ticket.given import (
    CLERK,
    CREDIT_CODE,
    HOUSING,
    HOUSING_DESK,
    MONDAY,
    OFFICE,
    TUESDAY,
    WATER,
    WATER_DESK,
    WEDNESDAY,
    a_form,
    a_policy,
    a_registration,
    a_ticket,
    day_end,
    decided,
    play,
    refused,
)

ANSWER = Text("Bring the form of the tax office.")
SIMPLE = a_ticket(category="consultation")


class TestRegister:
    """AS25-4.1, 2.2: the register number is given at once, and somebody is timed from then on."""

    def test_a_need_gets_its_number_and_the_office_its_limit(self):
        """AS25-4.2.1.1b: formed within one working day; no ticket number before."""
        ticket = a_ticket()

        assert ("52040220260302000018", "", State.REGISTERED, With.OFFICE) == (ticket.id, ticket.number, ticket.state, ticket.with_whom)
        assert day_end("2026-03-03") == ticket.clocks["form"].due_at

    @pytest.mark.parametrize(
        ("fields", "code", "about"),
        [
            ({"channel": ""}, Code.FIELD_REQUIRED, "channel"),
            ({"channel": "pigeon"}, Code.VALUE_NOT_OFFERED, "pigeon"),
            ({"appeal": Text(" ")}, Code.FIELD_REQUIRED, "appeal"),
            ({"appellant_kind": "state_owned"}, Code.VALUE_NOT_OFFERED, "state_owned"),
            ({"judgement": "maybe"}, Code.VALUE_NOT_OFFERED, "maybe"),
            ({"name": None, "phone": None}, Code.FIELD_REQUIRED, "name"),
            ({"received_at": TUESDAY}, Code.MALFORMED_COMMAND, "received_at"),
            ({"channel": "hotline_12345"}, Code.FIELD_REQUIRED, "received_at"),
            ({"channel": "other"}, Code.FIELD_REQUIRED, "channel_note"),
            ({"channel": "assigned"}, Code.FIELD_REQUIRED, "assigned_by"),
            ({"category": "weather"}, Code.VALUE_NOT_OFFERED, "weather"),
            ({"credit_code": "123"}, Code.CREDIT_CODE_INVALID, ""),
        ],
    )
    def test_what_cannot_be_registered_says_why(self, fields, code, about):
        """The most basic reason first; channels ask for what their clause names (AS25-2.2.2, 2.2.8, 2.2.9)."""
        refusal = refused(None, CLERK, a_registration(**fields), MONDAY)

        assert code == refusal.code
        assert about in refusal.facts.values() or not about

    def test_an_anonymous_appellant_is_taken_in(self):
        """POLICY_PACKS 2 no. 17: taken in and flagged."""
        assert a_ticket(appellant_kind="anonymous", name=None, phone=None).appellant.is_anonymous

    def test_the_code_of_a_legal_entity_stands_in_the_open(self):
        """DESIGN 4: the unified code of a legal entity is a fact."""
        assert (CREDIT_CODE, None) == ((appellant := a_ticket(credit_code=CREDIT_CODE).appellant).credit_code, appellant.private_code)


class TestLedger:
    """AS25-4.1b, 4.1d: the first-contact department's own ledger, and the way out of it."""

    def test_a_foreign_need_waits_in_the_ledger_until_it_is_reported(self):
        """The department owes the report within one working day; only then the office's limit begins."""
        ledger = a_ticket(judgement="foreign")
        reported = play(ledger, [(HOUSING_DESK, ReportToOffice(), TUESDAY)])

        assert (With.FIRST_CONTACT, HOUSING, day_end("2026-03-03")) == (
            ledger.with_whom,
            ledger.clocks["report_to_office"].owes,
            ledger.clocks["report_to_office"].due_at,
        )
        assert (With.OFFICE, day_end("2026-03-04"), None) == (
            reported.with_whom,
            reported.clocks["form"].due_at,
            reported.clock("report_to_office"),
        )

    def test_the_office_cannot_form_what_was_not_reported(self):
        """AS25-0.1: what is not in the pool goes nowhere."""
        assert Code.NOT_REPORTED == refused(a_ticket(judgement="foreign"), OFFICE, a_form(), MONDAY).code

    @pytest.mark.clause("AS25-4.1b")
    def test_no_need_goes_on_without_a_preliminary_judgement(self):
        """Without judgement: rejected; with it and two materials: in the office's pool, both in the file."""
        policy = a_policy({"intake.judgement_first": True})
        ledger = a_ticket(policy=policy)

        without = refused(ledger, HOUSING_DESK, ReportToOffice(), TUESDAY, policy)
        reported = play(ledger, [(HOUSING_DESK, ReportToOffice(judgement="foreign", materials=("aa", "bb")), TUESDAY)], policy)

        assert Code.JUDGEMENT_MISSING == without.code
        assert (With.OFFICE, "foreign", ("aa", "bb")) == (reported.with_whom, reported.intake.judgement, reported.intake.materials)

    @pytest.mark.clause("AS25-3.6.6b")
    def test_a_department_submits_but_does_not_dispatch(self):
        """In the pool with its origin; the department itself may not dispatch it."""
        reported = play(a_ticket(by=HOUSING_DESK, judgement="foreign"), [(HOUSING_DESK, ReportToOffice(), TUESDAY)])

        assert (HOUSING, True) == (reported.intake.first_contact, awaits_sorting(reported))
        assert Code.PERMISSION_DENIED == refused(reported, HOUSING_DESK, Dispatch(lead=WATER), TUESDAY).code

    def test_reporting_twice_does_nothing_and_strangers_may_not(self):
        """A repeat is a no-op; only the first-contact department reports."""
        ledger = a_ticket(judgement="foreign")

        assert [] == decided(play(ledger, [(HOUSING_DESK, ReportToOffice(), TUESDAY)]), HOUSING_DESK, ReportToOffice(), TUESDAY)
        assert Code.PERMISSION_DENIED == refused(ledger, WATER_DESK, ReportToOffice(), TUESDAY).code

    def test_an_online_need_is_the_centres_from_the_start(self):
        """DESIGN 5: for what came online the custodian's centre does the first-contact duties."""
        assert With.OFFICE is a_ticket(channel="platform", first_contact="", judgement="foreign").with_whom

    def test_the_first_contact_department_is_set_once(self):
        """A receives, B handles: it stays A, and no correction reaches it."""
        handled = play(a_ticket(State.FORMED), [(OFFICE, Dispatch(lead=WATER), TUESDAY)])

        assert HOUSING == handled.intake.first_contact
        assert Code.VALUE_NOT_OFFERED == refused(handled, OFFICE, Correct("first_contact", WATER, reason=Text("x")), TUESDAY).code


class TestAnswerOnTheSpot:
    """FJ25-3.7.1a, XS25-4.3.1.1a: simple needs are answered where they come in."""

    @pytest.mark.clause("FJ25-3.7.1a")
    @pytest.mark.clause("XS25-4.3.1.1a")
    def test_registered_and_answered_in_one_call(self):
        """Completed, by the account that registered it, in no time; a class that is not simple is refused."""
        policy = a_policy({"classes": ("policy_consultation", "infrastructure"), "on_the_spot.classes": ("policy_consultation",)})
        ticket = play(None, [(CLERK, a_registration(category="policy_consultation", answer=ANSWER), MONDAY)], policy)
        completion = ticket.completion

        assert completion is not None
        assert (State.COMPLETED, "clerk", timedelta(0)) == (ticket.state, completion.account, completion.completed_at - MONDAY)
        assert ("AS2026-00001", 1, True, "clerk") == (ticket.number, ticket.outcomes, completion.on_the_spot, ticket.intake.registered_by)
        refusal = refused(None, CLERK, a_registration(category="infrastructure", answer=ANSWER), MONDAY, policy)
        assert Code.NOT_ON_THE_SPOT == refusal.code

    def test_a_registered_need_may_still_be_answered_at_once(self):
        """The forming limit ends, the revisit begins, as after any completion."""
        ticket = play(a_ticket(category="consultation"), [(CLERK, AnswerOnTheSpot(ANSWER), TUESDAY)])

        assert (State.COMPLETED, With.OFFICE, ["revisit"]) == (
            ticket.state,
            ticket.with_whom,
            [clock.name for clock in ticket.clocks.values() if clock.is_running],
        )

    @pytest.mark.parametrize(
        ("ticket", "who", "command", "policy", "code"),
        [
            (SIMPLE, WATER_DESK, AnswerOnTheSpot(ANSWER), None, Code.PERMISSION_DENIED),
            (a_ticket(State.FORMED), CLERK, AnswerOnTheSpot(ANSWER), None, Code.WRONG_STATE),
            (SIMPLE, CLERK, AnswerOnTheSpot(Text("")), None, Code.FIELD_REQUIRED),
            (a_ticket(), CLERK, AnswerOnTheSpot(ANSWER), None, Code.FIELD_REQUIRED),
            (SIMPLE, CLERK, AnswerOnTheSpot(ANSWER), a_policy({"on_the_spot.classes": None}), Code.NOT_ON_THE_SPOT),
            (SIMPLE, CLERK, AnswerOnTheSpot(ANSWER, "perfect"), None, Code.VALUE_NOT_OFFERED),
        ],
    )
    def test_who_and_what_may_not(self, ticket, who, command, policy, code):
        """Another department, another state, no answer, no class, a pack without it, a standard that the pack has not."""
        assert code == refused(ticket, who, command, TUESDAY, policy).code


class TestHandleOwnDuty:
    """AS25-4.1c, 4.2.1.0: the first-contact department handles what is its own, the office sorts it beside."""

    @pytest.mark.clause("AS25-3.6.6a")
    def test_it_becomes_a_ticket_of_the_department_with_the_normal_limits(self):
        """No dispatch, no sign clock; the handling limit counts from registration; the office sorts within one working day."""
        need = a_ticket(by=HOUSING_DESK, channel="paired_assistance_visit", judgement="own_duty")
        taken = play(need, [(HOUSING_DESK, HandleOwnDuty("coordination"), TUESDAY)])
        running = {clock.name: (clock.owes, clock.due_at) for clock in taken.clocks.values() if clock.is_running}

        assert (State.HANDLING, HOUSING, "AS2026-00001") == (taken.state, taken.lead, taken.number)
        assert {"resolve": (HOUSING, day_end("2026-03-16")), "sort": ("office", day_end("2026-03-03"))} == running

    @pytest.mark.clause("AS25-4.1c")
    def test_it_counts_as_any_other_ticket(self):
        """A ticket with that handler and a deadline exists, and after completion somebody owes the revisit."""
        taken = play(a_ticket(judgement="own_duty"), [(HOUSING_DESK, HandleOwnDuty("coordination"), MONDAY)])
        done = Complete("solved", Text("Done."), is_truthful=True)
        completed = play(taken, [(HOUSING_DESK, done, TUESDAY)], a_policy({"completion.needs": None}))

        assert (True, HOUSING, True) == (taken.is_formed, taken.lead, taken.clocks["resolve"].is_running)
        assert (State.COMPLETED, With.OFFICE, True) == (completed.state, completed.with_whom, completed.clocks["revisit"].is_running)

    def test_the_office_sorts_beside_the_handling(self):
        """On the list until sorted; sorting late is marked; sorting twice does nothing."""
        taken = play(a_ticket(judgement="own_duty"), [(HOUSING_DESK, HandleOwnDuty("coordination"), MONDAY)])
        (happened,) = decided(taken, OFFICE, SortOwnDuty(), WEDNESDAY)
        after = play(taken, [(OFFICE, SortOwnDuty(), WEDNESDAY)])

        assert (True, True, False) == (awaits_sorting(taken), happened.event.is_late, awaits_sorting(after))
        assert [] == decided(after, OFFICE, SortOwnDuty(), WEDNESDAY)
        assert Code.WRONG_STATE == refused(after, OFFICE, Recall(Text("not theirs")), WEDNESDAY).code

    def test_the_office_recalls_what_is_not_the_departments(self):
        """Back to formed, for another lead; the handling limit goes on with the office."""
        taken = play(a_ticket(judgement="own_duty"), [(HOUSING_DESK, HandleOwnDuty("coordination"), MONDAY)])
        recalled = play(taken, [(OFFICE, Recall(Text("not theirs")), TUESDAY), (OFFICE, Dispatch(lead=WATER), TUESDAY)])

        assert (State.DISPATCHED, WATER, day_end("2026-03-16")) == (recalled.state, recalled.lead, recalled.clocks["resolve"].due_at)

    @pytest.mark.parametrize(
        ("fields", "who", "policy", "code"),
        [
            ({}, WATER_DESK, None, Code.PERMISSION_DENIED),
            ({}, HOUSING_DESK, a_policy({"intake.own_duty": False}), Code.VALUE_NOT_OFFERED),
            ({"judgement": "foreign"}, HOUSING_DESK, None, Code.FOREIGN_DUTY),
            ({"crossing": ("cross_region",)}, HOUSING_DESK, None, Code.CONSULTATION_MISSING),
        ],
    )
    def test_what_is_not_its_own(self, fields, who, policy, code):
        """Another's need, a pack without self-handling, one judged foreign, one that crosses regions."""
        assert code == refused(a_ticket(**fields), who, HandleOwnDuty("coordination"), TUESDAY, policy).code

    def test_taking_it_up_twice_does_nothing(self):
        """A repeat is a no-op."""
        taken = play(a_ticket(), [(HOUSING_DESK, HandleOwnDuty("coordination"), MONDAY)])

        assert [] == decided(taken, HOUSING_DESK, HandleOwnDuty("coordination"), MONDAY)


class TestCorrect:
    """USERS A6: a registered fact is replaced by an event with the old value beside it."""

    def test_the_registering_account_slips_the_same_day(self):
        """Before dispatch, the same Beijing day: no reason needed, no stratum."""
        (happened,) = decided(a_ticket(), CLERK, Correct("phone", contact=Contact("13900000000")), MONDAY)

        assert (True, "ContactCorrected") == (happened.event.is_slip, happened.event.kind())

    @pytest.mark.parametrize(
        ("ticket", "who", "when"),
        [(a_ticket(), CLERK, TUESDAY), (a_ticket(State.DISPATCHED), CLERK, MONDAY + timedelta(hours=3)), (a_ticket(), OFFICE, MONDAY)],
    )
    def test_later_or_by_another_it_is_a_change(self, ticket, who, when):
        """The next day, after dispatch, or by another account: a change, with its reason."""
        command = Correct("external_number", "GD-7", reason=Text("mistyped"))
        (happened,) = decided(ticket, who, command, when)

        assert ("", "GD-7", False) == (happened.event.old, happened.event.new, happened.event.is_slip)
        assert Code.FIELD_REQUIRED == refused(ticket, who, Correct("external_number", "GD-7"), when).code

    def test_the_file_shows_the_new_fact(self):
        """Facts, contacts and code alike."""
        ticket = play(
            a_ticket(category="complaint"),
            [
                (CLERK, Correct("category", "coordination"), MONDAY),
                (CLERK, Correct("credit_code", CREDIT_CODE), MONDAY),
                (CLERK, Correct("name", contact=Contact("Other")), MONDAY),
            ],
        )

        assert ("coordination", CREDIT_CODE, Contact("Other")) == (
            ticket.classing.category,
            ticket.appellant.credit_code,
            ticket.appellant.name,
        )

    @pytest.mark.parametrize(
        ("ticket", "who", "command", "code"),
        [
            (a_ticket(), HOUSING_DESK, Correct("phone", contact=Contact("1"), reason=Text("x")), Code.PERMISSION_DENIED),
            (a_ticket(), CLERK, Correct("phone"), Code.FIELD_REQUIRED),
            (a_ticket(), CLERK, Correct("channel", "pigeon"), Code.VALUE_NOT_OFFERED),
            (a_ticket(), CLERK, Correct("credit_code", "123"), Code.CREDIT_CODE_INVALID),
            (a_ticket(State.FORMED), CLERK, Correct("category", "complaint"), Code.WRONG_STATE),
        ],
    )
    def test_what_cannot_be_corrected(self, ticket, who, command, code):
        """By strangers; to nothing; to what is not offered; the class of a formed ticket, which has a limit."""
        assert code == refused(ticket, who, command, MONDAY).code

    def test_the_same_value_again_writes_nothing(self):
        """A repeat is a no-op."""
        assert [] == decided(a_ticket(), CLERK, Correct("channel", "window"), MONDAY)
