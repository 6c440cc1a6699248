"""Termination and withdrawal: ends without a result."""

from dataclasses import replace
from datetime import date

import pytest

from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.ticket.extension import RequestExtension
from node.domain.ticket.handling import RecordAttempt
from node.domain.ticket.records import Supplement
from node.domain.ticket.state import OPEN, State, With
from node.domain.ticket.termination import (
    ApplyTermination,
    DecideTermination,
    DecideWithdrawal,
    TakeWithdrawal,
    Terminated,
    Withdraw,
    WithdrawalApplied,
    WithdrawalRequested,
)
from tests.domain.ticket.given import (
    CALL_RECORD,
    CITY,
    CLERK,
    FRIDAY,
    HOUSING_DESK,
    MONDAY,
    NODE,
    OFFICE,
    OWNER,
    PHOTO,
    THURSDAY,
    TUESDAY,
    WATER_DESK,
    WEDNESDAY,
    a_completion,
    a_policy,
    a_ticket,
    beijing,
    day_end,
    decided,
    play,
    refused,
)

FALSE = ApplyTermination("false_information", Text("The licence number belongs to another firm; checked in the register."), (PHOTO,))
GRANT, REFUSE = DecideTermination(True), DecideTermination(False, Text("Try again."))
MISSED = RecordAttempt(is_reached=False)


def applied(policy=None):
    """A termination is applied for on Tuesday."""
    return play(a_ticket(State.HANDLING, policy), [(HOUSING_DESK, FALSE, TUESDAY)], policy)


class TestTermination:
    """AS25-4.4.4a: an application of the department, decided by the office."""

    @pytest.mark.clause("AS25-4.4.4a")
    def test_nothing_changes_until_the_office_decides(self):
        """State and deadline stand; granted it is terminated, refused it goes on with the same deadline; never by the department."""
        before = a_ticket(State.HANDLING)
        due = before.clock("resolve").due_at
        assert (State.HANDLING, due) == (applied().state, applied().clock("resolve").due_at)

        ended, going_on = play(applied(), [(OFFICE, GRANT, WEDNESDAY)]), play(applied(), [(OFFICE, REFUSE, WEDNESDAY)])

        assert (State.TERMINATED, With.NOBODY, "false_information") == (ended.state, ended.with_whom, ended.terminated_for)
        assert (State.HANDLING, due, None) == (going_on.state, going_on.clock("resolve").due_at, going_on.termination)
        assert [(), ()] == [ticket.open_asks() for ticket in (ended, going_on)]
        assert Code.PERMISSION_DENIED is refused(applied(), HOUSING_DESK, GRANT, WEDNESDAY).code

    def test_no_clock_runs_behind_the_end(self):
        """Every clock of the ticket is stopped, open applications lapse."""
        extension = RequestExtension(date(2026, 3, 20), "complex", Text("x"))
        ticket = play(applied(), [(HOUSING_DESK, extension, TUESDAY), (OFFICE, GRANT, WEDNESDAY)])

        assert [] == [clock.name for clock in ticket.clocks.values() if clock.stopped_at is None]
        assert (None, ()) == (ticket.extension, ticket.open_asks())

    def test_the_office_has_two_working_days(self):
        """POLICY_PACKS 2 no. 57."""
        clock = applied().clock("termination_decision")
        assert ("office", day_end("2026-03-05")) == (clock.owes, clock.due_at)

    def test_the_department_never_ends_it_itself(self):
        """Nothing without an application, a reason, and the lead's own unit."""
        assert Code.NOTHING_PENDING is refused(a_ticket(State.HANDLING), OFFICE, GRANT, WEDNESDAY).code
        assert Code.FIELD_REQUIRED is refused(applied(), OFFICE, DecideTermination(False), WEDNESDAY).code
        assert Code.DECISION_PENDING is refused(applied(), HOUSING_DESK, FALSE, WEDNESDAY).code
        assert Code.PERMISSION_DENIED is refused(a_ticket(State.HANDLING), WATER_DESK, FALSE, WEDNESDAY).code
        assert Code.VALUE_NOT_OFFERED is refused(a_ticket(State.HANDLING), HOUSING_DESK, ApplyTermination("tired"), WEDNESDAY).code

    @pytest.mark.clause("AS25-4.4.4.1")
    def test_unreachable_needs_three_attempts_on_two_days(self):
        """Two attempts: rejected; three on two days: taken for decision."""
        two = play(a_ticket(State.HANDLING), [(HOUSING_DESK, MISSED, TUESDAY), (HOUSING_DESK, MISSED, WEDNESDAY)])
        refusal = refused(two, HOUSING_DESK, ApplyTermination("unreachable"), WEDNESDAY)
        assert (Code.ATTEMPTS_MISSING, "2", "3") == (refusal.code, refusal.facts["attempts"], refusal.facts["wanted"])

        three = play(two, [(HOUSING_DESK, MISSED, WEDNESDAY), (HOUSING_DESK, ApplyTermination("unreachable"), WEDNESDAY)])

        assert "unreachable" == three.termination.reason

    @pytest.mark.parametrize(
        "attempts",
        [
            [(MISSED, TUESDAY), (MISSED, TUESDAY), (MISSED, TUESDAY)],
            [(MISSED, TUESDAY), (MISSED, WEDNESDAY), (MISSED, THURSDAY), (RecordAttempt(is_reached=True), THURSDAY)],
            [(MISSED, TUESDAY), (MISSED, WEDNESDAY), (RecordAttempt(is_reached=True), THURSDAY), (MISSED, FRIDAY)],
        ],
    )
    def test_one_day_is_not_two_and_who_was_reached_is_reachable(self, attempts):
        """Only attempts since somebody was last reached count, and on two days."""
        ticket = play(a_ticket(State.HANDLING), [(HOUSING_DESK, command, when) for command, when in attempts])

        assert Code.ATTEMPTS_MISSING is refused(ticket, HOUSING_DESK, ApplyTermination("unreachable"), FRIDAY).code

    @pytest.mark.clause("AS25-4.4.4.3")
    def test_unclear_is_for_online_needs_with_a_supplement_request(self):
        """Registered at a window, or never asked: rejected; online with request and refusal: taken for decision."""
        asked = Supplement(("licence",), "handling", TUESDAY, notified_at=TUESDAY)
        unclear = ApplyTermination("unclear_online", Text("On the phone he said that he sends nothing."))
        offline = replace(a_ticket(State.HANDLING), supplement=asked)
        online = a_ticket(State.HANDLING, channel="platform")

        assert "online_channel" == refused(offline, HOUSING_DESK, unclear, WEDNESDAY).facts["ground"]
        assert "supplement_request" == refused(online, HOUSING_DESK, unclear, WEDNESDAY).facts["ground"]
        asked_online = replace(online, supplement=asked)
        assert Code.FIELD_REQUIRED is refused(asked_online, HOUSING_DESK, ApplyTermination("unclear_online"), WEDNESDAY).code
        assert "unclear_online" == play(asked_online, [(HOUSING_DESK, unclear, WEDNESDAY)]).termination.reason
        answered = replace(online, supplement=replace(asked, answered_at=WEDNESDAY))
        assert "supplement_request" == refused(answered, HOUSING_DESK, unclear, WEDNESDAY).facts["ground"]

    @pytest.mark.clause("AS25-4.4.4.4a")
    def test_anonymous_is_for_anonymous_appellants(self):
        """Taken in without name and contact, marked; applied for there, rejected where somebody is named."""
        nameless = a_ticket(State.HANDLING, appellant_kind="anonymous", name=None, phone=None, channel="platform")
        assert nameless.appellant.is_anonymous

        assert "anonymous" == play(nameless, [(HOUSING_DESK, ApplyTermination("anonymous"), TUESDAY)]).termination.reason
        assert Code.GROUND_NOT_MET is refused(a_ticket(State.HANDLING), HOUSING_DESK, ApplyTermination("anonymous"), TUESDAY).code

    @pytest.mark.clause("AS25-4.4.4.4b")
    def test_false_information_says_what_is_false_and_shows_it(self):
        """An empty note or no evidence is rejected; with both it is taken for decision and counted under its reason."""
        assert "false_information" == applied().termination.reason
        ticket = a_ticket(State.HANDLING)
        assert Code.FIELD_REQUIRED is refused(ticket, HOUSING_DESK, replace(FALSE, note=None), TUESDAY).code
        assert Code.EVIDENCE_MISSING is refused(ticket, HOUSING_DESK, replace(FALSE, evidence=()), TUESDAY).code
        assert Code.EVIDENCE_UNKNOWN is refused(ticket, HOUSING_DESK, replace(FALSE, evidence=("ff" * 32,)), TUESDAY).code

    def test_completed_is_completed(self):
        """The lead completes while its own application waits: the application lapses."""
        done = play(applied(), [(HOUSING_DESK, a_completion(), TUESDAY)])

        assert (State.COMPLETED, None, None) == (done.state, done.termination, done.clock("termination_decision"))
        assert Code.NOTHING_PENDING is refused(done, OFFICE, GRANT, WEDNESDAY).code


class TestWithdrawal:
    """POLICY_PACKS 2 no. 62: in every open state, under every pack."""

    @pytest.mark.clause("AS25-4.4.4.2")
    def test_online_it_is_an_application_by_itself_and_by_phone_it_needs_a_record(self):
        """The owner's own click becomes an application; a clerk's entry for him needs the record."""
        ticket = play(a_ticket(State.HANDLING), [(OWNER, Withdraw(), TUESDAY)])
        assert ("withdrawn", State.HANDLING) == (ticket.withdrawal.reason, ticket.state)
        assert ("office", day_end("2026-03-05")) == (ticket.clock("withdrawal_decision").owes, ticket.clock("withdrawal_decision").due_at)

        assert Code.EVIDENCE_MISSING is refused(a_ticket(State.HANDLING), CLERK, Withdraw(Text("He called.")), TUESDAY).code
        recorded = play(a_ticket(State.HANDLING), [(CLERK, Withdraw(Text("He called."), (CALL_RECORD,)), TUESDAY)])
        assert "withdrawn" == recorded.withdrawal.reason

    @pytest.mark.parametrize(("granted", "state"), [(True, State.TERMINATED), (False, State.HANDLING)])
    def test_under_anshun_the_office_decides(self, granted, state):
        """Granted it ends as withdrawn, refused it goes on."""
        ticket = play(a_ticket(State.HANDLING), [(OWNER, Withdraw(), TUESDAY), (OFFICE, DecideWithdrawal(granted, Text("x")), WEDNESDAY)])

        assert (state, None, ()) == (ticket.state, ticket.withdrawal, ticket.open_asks())
        assert ("withdrawn" if granted else "") == ticket.terminated_for

    @pytest.mark.parametrize("until", [State.REGISTERED, State.FORMED, State.DISPATCHED, State.HANDLING])
    def test_under_fengjie_it_takes_effect_at_once_in_every_open_state(self, until):
        """FJ25-3.9.1: terminated in the same breath, no clock left."""
        policy = a_policy({"withdrawal.effect": "at_once"})

        ticket = play(a_ticket(until, policy), [(OWNER, Withdraw(), TUESDAY)], policy)

        assert (State.TERMINATED, "withdrawn") == (ticket.state, ticket.terminated_for)
        assert [] == [clock.name for clock in ticket.clocks.values() if clock.stopped_at is None]

    @pytest.mark.parametrize("state", sorted(OPEN, key=lambda state: state.value))
    def test_every_open_state_takes_it(self, state):
        """None of them is a trap."""
        ticket = replace(a_ticket(State.HANDLING), state=state)

        assert [WithdrawalApplied] == [type(h.event) for h in decided(ticket, OWNER, Withdraw(), TUESDAY)]

    def test_twice_is_once_and_never_after_the_end(self):
        """A second click changes nothing; a completed ticket is not withdrawn."""
        assert [] == decided(play(a_ticket(State.HANDLING), [(OWNER, Withdraw(), TUESDAY)]), OWNER, Withdraw(), TUESDAY)
        assert Code.WRONG_STATE is refused(a_ticket(State.COMPLETED), OWNER, Withdraw(), FRIDAY).code

    @pytest.mark.parametrize(("custody", "addressee"), [({"holder": CITY, "number": 2}, CITY), ({"asked": CITY}, CITY)])
    def test_where_custody_is_elsewhere_it_is_an_ask_that_the_holder_takes_up(self, custody, addressee):
        """Held above, or frozen while another level is asked: a side entry, then the holder's own."""
        ticket = a_ticket(State.HANDLING)
        elsewhere = replace(ticket, custody=replace(ticket.custody, **custody))
        happened = decided(elsewhere, OWNER, Withdraw(), TUESDAY)
        assert [(WithdrawalRequested(), addressee, True)] == [(h.event, h.addressee, h.event.is_side) for h in happened]

        asked = play(elsewhere, [(OWNER, Withdraw(), TUESDAY)])
        assert [] == decided(asked, OWNER, Withdraw(), TUESDAY)
        back = replace(asked, custody=ticket.custody)
        (ask,) = back.open_asks("WithdrawalRequested")
        taken = play(back, [(NODE, TakeWithdrawal(ask.id), WEDNESDAY)])

        assert ("withdrawn", day_end("2026-03-06")) == (taken.withdrawal.reason, taken.clock("withdrawal_decision").due_at)
        assert ["WithdrawalApplied"] == [one.kind for one in taken.open_asks()]
        assert [] == decided(taken, NODE, TakeWithdrawal(ask.id), WEDNESDAY)

    def test_taken_up_under_a_pack_that_says_at_once_it_ends(self):
        """The holder's pack says how."""
        policy = a_policy({"withdrawal.effect": "at_once"})
        ticket = a_ticket(State.HANDLING, policy)
        asked = play(replace(ticket, custody=replace(ticket.custody, asked=CITY)), [(OWNER, Withdraw(), TUESDAY)], policy)
        back = replace(asked, custody=ticket.custody)

        happened = decided(back, NODE, TakeWithdrawal(back.open_asks()[0].id), WEDNESDAY, policy)

        assert [(Terminated, back.open_asks()[0].id)] == [(type(h.event), h.answers) for h in happened]

    def test_only_what_was_asked_is_taken_up(self):
        """An id of nothing is refused."""
        assert Code.NOT_ASKED is refused(a_ticket(State.HANDLING), NODE, TakeWithdrawal("nothing"), MONDAY).code
        assert Code.NOTHING_PENDING is refused(a_ticket(State.HANDLING), OFFICE, DecideWithdrawal(True), beijing("2026-03-03 09:00")).code
