"""Forming and what may come before it: joint judgement, material, refusal."""

from datetime import date

import pytest

from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.ticket.acceptance import NotAccept, RecordPersuasion
from node.domain.ticket.dispatching import Dispatch
from node.domain.ticket.escalation import RequestEscalation
from node.domain.ticket.first_contact import awaits_sorting
from node.domain.ticket.judgement import CloseJudgement, GiveOpinion, OpenJudgement
from node.domain.ticket.merging import Merge
from node.domain.ticket.state import State, With
from node.domain.ticket.supplement import (
    ApplySupplement,
    AskSupplement,
    DecideLapsed,
    DecideSupplement,
    LapseSupplement,
    NotifySupplement,
    ReportSupplement,
)
from tests.domain.ticket.given import (
    CLERK,
    FINANCE_DESK,
    FORM_TESTS,
    HOUSING,
    HOUSING_DESK,
    HOUSING_MEMBER,
    MONDAY,
    NDRC_STEWARD,
    NODE,
    OFFICE,
    OWNER,
    PROMOTION_STEWARD,
    THURSDAY,
    TUESDAY,
    UNSTAFFED,
    WATER,
    WATER_MEMBER,
    WEDNESDAY,
    a_form,
    a_policy,
    a_ticket,
    beijing,
    day_end,
    decided,
    play,
    refused,
)

WORD = Text("as discussed")
# A pack without a published power list: any item may be cited.
LAX = a_policy({"escalation.power_items": None, "escalation.materials_required": False})
CONFER = OpenJudgement((HOUSING, WATER))
MARCH_10 = beijing("2026-03-10 09:00")


def conferred(outcome: str, *leads: str, **fields):
    """A registered need on which the members came to *outcome*."""
    return play(
        a_ticket(**fields),
        [
            (OFFICE, CONFER, MONDAY),
            (HOUSING_MEMBER, GiveOpinion(WORD), TUESDAY),
            (OFFICE, CloseJudgement(outcome, WORD, leads), TUESDAY),
        ],
    )


class TestForm:
    """AS25-4.2.1.1: four tests, then a number and a limit."""

    @pytest.mark.clause("AS25-4.2.1.1a")
    @pytest.mark.parametrize("failed", FORM_TESTS)
    def test_each_of_the_four_tests_is_needed(self, failed):
        """Three yes and one no: rejected naming the failed test; four yes: formed."""
        three = a_form(passed=tuple(test for test in FORM_TESTS if test != failed))
        refusal = refused(a_ticket(), OFFICE, three, MONDAY)

        assert (Code.FORMING_TEST_FAILED, failed) == (refusal.code, refusal.facts["failed"])
        assert State.FORMED is play(a_ticket(), [(OFFICE, a_form(), MONDAY)]).state

    def test_forming_after_the_limit_is_marked(self):
        """AS25-4.2.1.1b: one working day; what is formed on Wednesday is late, and formed all the same."""
        (in_time,), (late,) = decided(a_ticket(), OFFICE, a_form(), TUESDAY), decided(a_ticket(), OFFICE, a_form(), WEDNESDAY)

        assert (False, True) == (in_time.event.is_late, late.event.is_late)

    def test_a_steward_forms_within_his_field_only(self):
        """AS25-3.3: rights end with the field."""
        ticket = a_ticket(field="investment_promotion")

        assert State.FORMED is play(ticket, [(PROMOTION_STEWARD, a_form(), MONDAY)]).state
        assert Code.PERMISSION_DENIED == refused(ticket, NDRC_STEWARD, a_form(), MONDAY).code


class TestJointJudgement:
    """AS25-3.2.2a, 4.2.1.3: the member units confer, one outcome comes of it."""

    def test_the_members_are_timed_and_the_forming_limit_stands(self):
        """Whoever must act has a running clock; after the judgement the office has its time left."""
        open_, closed = play(a_ticket(), [(OFFICE, CONFER, MONDAY)]), conferred("form", WATER)

        assert (State.IN_JUDGEMENT, With.MEMBERS, True) == (open_.state, open_.with_whom, open_.clocks["form"].is_paused)
        assert day_end("2026-03-04") == open_.clocks["judgement"].due_at
        assert (With.OFFICE, day_end("2026-03-04"), None) == (closed.with_whom, closed.clocks["form"].due_at, closed.clock("judgement"))
        assert ((HOUSING,), "form", WATER) == (closed.judgement.opinions, closed.judgement.outcome, closed.judgement.lead)

    @pytest.mark.clause("AS25-4.2.1.3a")
    def test_a_crossing_need_is_not_dispatched_without_a_consultation(self):
        """Without: rejected. With the opinion "lead A": to A accepted, to B only with a reason."""
        crossing = a_ticket(crossing=("cross_region",))
        formed = play(conferred("form", WATER, crossing=("cross_region",)), [(OFFICE, a_form(), TUESDAY)])
        # A need that was found to cross regions only after it was formed.
        lax = a_policy({"forming.confer_when_crossing": False})
        found_late = play(crossing, [(OFFICE, a_form(), TUESDAY)], lax)

        assert Code.CONSULTATION_MISSING == refused(crossing, OFFICE, a_form(), MONDAY).code
        assert Code.CONSULTATION_MISSING == refused(found_late, OFFICE, Dispatch(lead=WATER), TUESDAY).code
        assert State.DISPATCHED is play(formed, [(OFFICE, Dispatch(lead=WATER), TUESDAY)]).state
        assert Code.CONSULTED_LEAD == refused(formed, OFFICE, Dispatch(lead=HOUSING), TUESDAY).code
        assert State.DISPATCHED is play(formed, [(OFFICE, Dispatch(lead=HOUSING, deviation=WORD), TUESDAY)]).state

    @pytest.mark.clause("AS25-4.2.1.3b")
    def test_what_is_formed_here_has_exactly_one_lead(self):
        """None or two: rejected; one: formed with that lead."""
        open_ = play(a_ticket(), [(OFFICE, CONFER, MONDAY)])

        assert [Code.ONE_LEAD_NEEDED] * 2 == [
            refused(open_, OFFICE, CloseJudgement("form", WORD, leads), TUESDAY).code for leads in ((), (HOUSING, WATER))
        ]
        formed = play(conferred("form", WATER), [(OFFICE, a_form(), TUESDAY)])
        assert (State.FORMED, WATER) == (formed.state, formed.judgement.lead)

    @pytest.mark.clause("AS25-3.2.2a")
    def test_a_session_sends_each_need_its_own_way(self):
        """Six needs leave the pool in six different states; the seventh, undecided, stays in it and on the list."""
        main = a_ticket(State.HANDLING, serial=9)
        same = Merge(main.id, "phone", WORD, date(2026, 3, 3), is_same_appellant=True)
        carried_out = {
            "form": a_form(),
            "merge": same,
            "supplement": AskSupplement(("lease",)),
            "not_accept": NotAccept("unlawful"),
            "escalate": RequestEscalation("LAND-07", WORD),
        }
        sat = [conferred(outcome, *((WATER,) if outcome == "form" else ()), serial=n) for n, outcome in enumerate(carried_out, 1)]
        orders = zip(sat, carried_out.values(), strict=True)
        after = [play(need, [(OFFICE, command, TUESDAY)], LAX, others=[main]) for need, command in orders]
        conferring = play(a_ticket(serial=6), [(OFFICE, CONFER, MONDAY)])
        undecided = conferred("undecided", serial=7)

        assert [
            State.FORMED,
            State.MERGED,
            State.SUPPLEMENTING,
            State.NOT_ACCEPTED,
            State.ESCALATED,
            State.IN_JUDGEMENT,
        ] == [need.state for need in (*after, conferring)]
        assert [False] * 6 + [True] == [awaits_sorting(need) for need in (*after, conferring, undecided)]

    def test_an_undecided_need_stays_in_the_pool(self):
        """AS25-3.2.2a: it is registered again, with the office, and a crossing need still lacks its consultation."""
        ticket = conferred("undecided", crossing=("cross_level",))

        assert (State.REGISTERED, With.OFFICE, "undecided") == (ticket.state, ticket.with_whom, ticket.judgement.outcome)
        assert Code.CONSULTATION_MISSING == refused(ticket, OFFICE, a_form(), TUESDAY).code

    @pytest.mark.parametrize(
        ("outcome", "command", "state"),
        [
            ("supplement", AskSupplement(("licence",)), State.SUPPLEMENTING),
            ("not_accept", NotAccept("unlawful"), State.NOT_ACCEPTED),
            ("form", a_form(), State.FORMED),
        ],
    )
    def test_only_the_outcome_that_was_reached_is_carried_out(self, outcome, command, state):
        """The office executes the judgement; another outcome needs another judgement."""
        leads = (WATER,) if outcome == "form" else ()

        assert state is play(conferred(outcome, *leads), [(OFFICE, command, TUESDAY)]).state
        assert Code.JUDGED_OTHERWISE == refused(conferred("escalate"), OFFICE, command, TUESDAY).code
        assert Code.JUDGEMENT_OPEN == refused(play(a_ticket(), [(OFFICE, CONFER, MONDAY)]), OFFICE, command, TUESDAY).code

    def test_an_outcome_may_be_revised_before_it_is_carried_out(self):
        """The last one counts; the same one again is no entry."""
        ticket = play(conferred("escalate"), [(OFFICE, CloseJudgement("form", WORD, (WATER,)), TUESDAY)])

        assert "form" == ticket.judgement.outcome
        assert [] == decided(ticket, OFFICE, CloseJudgement("form", WORD, (WATER,)), TUESDAY)

    @pytest.mark.parametrize(
        ("ticket", "who", "command", "code"),
        [
            (a_ticket(State.FORMED), OFFICE, CONFER, Code.WRONG_STATE),
            (a_ticket(judgement="foreign"), OFFICE, CONFER, Code.NOT_REPORTED),
            (a_ticket(), OFFICE, OpenJudgement(()), Code.FIELD_REQUIRED),
            (a_ticket(), OFFICE, OpenJudgement((UNSTAFFED,)), Code.UNIT_UNSTAFFED),
            (a_ticket(), OFFICE, OpenJudgement((WATER,), crossing=("cross_river",)), Code.VALUE_NOT_OFFERED),
            (a_ticket(), HOUSING_MEMBER, GiveOpinion(WORD), Code.WRONG_STATE),
            (play(a_ticket(), [(OFFICE, CONFER, MONDAY)]), FINANCE_DESK, GiveOpinion(WORD), Code.PERMISSION_DENIED),
            (play(a_ticket(), [(OFFICE, CONFER, MONDAY)]), WATER_MEMBER, GiveOpinion(Text("")), Code.FIELD_REQUIRED),
            (conferred("escalate"), WATER_MEMBER, GiveOpinion(WORD), Code.JUDGED_OTHERWISE),
            (play(a_ticket(), [(OFFICE, CONFER, MONDAY)]), OFFICE, CloseJudgement("dance", WORD), Code.VALUE_NOT_OFFERED),
            (play(a_ticket(), [(OFFICE, CONFER, MONDAY)]), OFFICE, CloseJudgement("escalate", Text("")), Code.FIELD_REQUIRED),
        ],
    )
    def test_refusals(self, ticket, who, command, code):
        """State, rights, members, then what was said."""
        assert code == refused(ticket, who, command, TUESDAY).code


class TestSupplementAtTriage:
    """AS25-4.2.1.4: the first-contact department tells the appellant; the forming limit starts anew with the second report."""

    asked = play(a_ticket(), [(OFFICE, AskSupplement(("licence", "lease")), MONDAY)])
    notified = play(asked, [(HOUSING_DESK, NotifySupplement("phone"), TUESDAY)])
    lapsed = play(notified, [(NODE, LapseSupplement(), beijing("2026-03-18 00:00"))])

    @pytest.mark.clause("AS25-4.2.1.4a")
    def test_the_first_contact_department_tells_what_is_missing(self):
        """A task at that department; then the appellant is timed; no ticket number yet."""
        assert (With.FIRST_CONTACT, HOUSING, ("licence", "lease"), "") == (
            self.asked.with_whom,
            self.asked.clocks["supplement_notice"].owes,
            self.asked.supplement.items,
            self.asked.number,
        )
        assert (With.APPELLANT, day_end("2026-03-17"), None) == (
            self.notified.with_whom,
            self.notified.clocks["supplement"].due_at,
            self.notified.clock("form"),
        )
        assert [] == decided(self.notified, HOUSING_DESK, NotifySupplement("phone"), TUESDAY)

    @pytest.mark.clause("AS25-4.2.1.4b")
    def test_the_forming_limit_starts_anew_with_the_second_report(self):
        """First report 2 March, complete and reported again 10 March: due 11 March; an item missing: rejected."""
        missing = refused(self.notified, HOUSING_DESK, ReportSupplement(("licence",)), MARCH_10)
        reported = play(self.notified, [(HOUSING_DESK, ReportSupplement(("licence", "lease"), ("aa",)), MARCH_10)])

        assert (Code.SUPPLEMENT_INCOMPLETE, "lease") == (missing.code, missing.facts["missing"])
        assert (State.REGISTERED, With.OFFICE, day_end("2026-03-11")) == (
            reported.state,
            reported.with_whom,
            reported.clocks["form"].due_at,
        )

    def test_online_the_centre_tells_and_the_appellant_may_bring_it_himself(self):
        """DESIGN 5: the custodian's centre does the duties of a first contact that is not here."""
        asked = play(a_ticket(first_contact=""), [(OFFICE, AskSupplement(("lease",)), MONDAY)])
        reported = play(asked, [(CLERK, NotifySupplement("message"), MONDAY), (OWNER, ReportSupplement(("lease",)), TUESDAY)])

        assert (With.OFFICE, "office") == (asked.with_whom, asked.clocks["supplement_notice"].owes)
        assert Code.PERMISSION_DENIED == refused(asked, HOUSING_DESK, NotifySupplement("message"), MONDAY).code
        assert State.REGISTERED is reported.state

    def test_it_lapses_after_the_limit_and_the_office_is_timed(self):
        """USERS part 3 no. 11: not a moment earlier."""
        assert Code.SUPPLEMENT_NOT_DUE == refused(self.notified, NODE, LapseSupplement(), beijing("2026-03-17 23:59")).code
        assert (State.SUPPLEMENTING, With.OFFICE, day_end("2026-03-19")) == (
            self.lapsed.state,
            self.lapsed.with_whom,
            self.lapsed.clocks["supplement_decision"].due_at,
        )
        assert [] == decided(self.lapsed, NODE, LapseSupplement(), beijing("2026-03-18 00:00"))

    def test_the_office_forms_without_the_material(self):
        """The materials test is waived, the other three are not."""
        back = play(self.lapsed, [(OFFICE, DecideLapsed(True, WORD), beijing("2026-03-18 10:00"))])
        three = a_form(passed=("responsibility", "jurisdiction", "lawfulness"))

        assert (State.REGISTERED, day_end("2026-03-19")) == (back.state, back.clocks["form"].due_at)
        assert State.FORMED is play(back, [(OFFICE, three, beijing("2026-03-18 11:00"))]).state
        assert Code.FORMING_TEST_FAILED == refused(back, OFFICE, a_form(passed=("responsibility",)), beijing("2026-03-18 11:00")).code

    def test_or_ends_it_where_the_pack_lets_it(self):
        """Ended as not supplemented, without a number; under 海门 it is always formed."""
        when, end = beijing("2026-03-18 10:00"), DecideLapsed(False, WORD)
        ended = play(self.lapsed, [(OFFICE, end, when)])

        assert (State.TERMINATED, "not_supplemented", "", []) == (
            ended.state,
            ended.terminated_for,
            ended.number,
            [clock for clock in ended.clocks.values() if clock.stopped_at is None],
        )
        assert Code.VALUE_NOT_OFFERED == refused(self.lapsed, OFFICE, end, when, a_policy({"supplement.may_end": False})).code
        assert Code.SUPPLEMENT_NOT_DUE == refused(self.notified, OFFICE, end, when).code

    @pytest.mark.parametrize(
        ("ticket", "who", "command", "code"),
        [
            (a_ticket(State.FORMED), OFFICE, AskSupplement(("lease",)), Code.WRONG_STATE),
            (a_ticket(judgement="foreign"), OFFICE, AskSupplement(("lease",)), Code.NOT_REPORTED),
            (a_ticket(), OFFICE, AskSupplement(()), Code.FIELD_REQUIRED),
            (asked, FINANCE_DESK, NotifySupplement("phone"), Code.PERMISSION_DENIED),
            (asked, HOUSING_DESK, NotifySupplement(""), Code.FIELD_REQUIRED),
            (asked, HOUSING_DESK, NotifySupplement("pigeon"), Code.VALUE_NOT_OFFERED),
            (asked, FINANCE_DESK, ReportSupplement(("licence", "lease")), Code.PERMISSION_DENIED),
            (a_ticket(), HOUSING_DESK, ReportSupplement(("lease",)), Code.WRONG_STATE),
        ],
    )
    def test_refusals(self, ticket, who, command, code):
        """State, rights, then what is missing in the act itself."""
        assert code == refused(ticket, who, command, TUESDAY).code


class TestSupplementInHandling:
    """POLICY_PACKS 2 no. 58: pauses only after the office's consent, once an item, five working days at most."""

    applied = play(a_ticket(State.HANDLING), [(HOUSING_DESK, ApplySupplement(("lease",), WORD), TUESDAY)])
    waiting = play(applied, [(OFFICE, DecideSupplement(True), WEDNESDAY)])

    def test_applying_alone_stops_no_clock(self):
        """The office is timed, the handling limit runs on."""
        assert (State.HANDLING, True, "office") == (
            self.applied.state,
            self.applied.clocks["resolve"].is_running,
            self.applied.clocks["supplement_decision"].owes,
        )
        assert 1 == len(self.applied.open_asks("SupplementApplied"))

    def test_the_office_consents_and_the_handling_limit_stands(self):
        """The appellant is timed for five working days; one day of waiting moves the limit by one day."""
        back = play(self.waiting, [(HOUSING_DESK, ReportSupplement(("lease",)), THURSDAY)])

        assert (State.SUPPLEMENTING, With.APPELLANT, True, day_end("2026-03-11"), ()) == (
            self.waiting.state,
            self.waiting.with_whom,
            self.waiting.clocks["resolve"].is_paused,
            self.waiting.clocks["supplement"].due_at,
            self.waiting.open_asks(),
        )
        assert (State.HANDLING, day_end("2026-03-17")) == (back.state, back.clocks["resolve"].due_at)

    def test_it_stands_five_working_days_at_most_however_late_the_sweep_comes(self):
        """Consented on 4 March, the limit is over on the 11th: five working days after 16 March, noticed or reported late."""
        on_time = play(self.waiting, [(NODE, LapseSupplement(), beijing("2026-03-12 00:01"))])
        late = play(self.waiting, [(NODE, LapseSupplement(), beijing("2026-03-20 09:00"))])
        reported = play(self.waiting, [(HOUSING_DESK, ReportSupplement(("lease",)), beijing("2026-03-20 09:00"))])

        assert [State.HANDLING] * 3 == [ticket.state for ticket in (on_time, late, reported)]
        assert [day_end("2026-03-23")] * 3 == [ticket.clocks["resolve"].due_at for ticket in (on_time, late, reported)]

    def test_an_item_is_asked_for_once(self):
        """A second pause for the same item is refused; another item is not."""
        back = play(self.waiting, [(HOUSING_DESK, ReportSupplement(("lease",)), THURSDAY)])

        assert Code.ITEM_ASKED_BEFORE == refused(back, HOUSING_DESK, ApplySupplement(("lease",), WORD), THURSDAY).code
        assert 1 == len(decided(back, HOUSING_DESK, ApplySupplement(("licence",), WORD), THURSDAY))

    def test_a_declined_application_leaves_everything_as_it_was(self):
        """No clock ever stood; nothing is pending any more; the item may be asked for again."""
        declined = play(self.applied, [(OFFICE, DecideSupplement(False, WORD), WEDNESDAY)])

        assert (day_end("2026-03-16"), (), None) == (
            declined.clocks["resolve"].due_at,
            declined.open_asks(),
            declined.clock("supplement_decision"),
        )
        assert Code.NOTHING_PENDING == refused(declined, OFFICE, DecideSupplement(True), WEDNESDAY).code
        assert 1 == len(decided(declined, HOUSING_DESK, ApplySupplement(("lease",), WORD), THURSDAY))

    @pytest.mark.parametrize(
        ("ticket", "who", "command", "code"),
        [
            (a_ticket(State.HANDLING), FINANCE_DESK, ApplySupplement(("lease",), WORD), Code.PERMISSION_DENIED),
            (a_ticket(State.DISPATCHED), HOUSING_DESK, ApplySupplement(("lease",), WORD), Code.WRONG_STATE),
            (applied, HOUSING_DESK, ApplySupplement(("licence",), WORD), Code.DECISION_PENDING),
            (applied, HOUSING_DESK, DecideSupplement(True), Code.PERMISSION_DENIED),
            (applied, OFFICE, DecideSupplement(False), Code.FIELD_REQUIRED),
        ],
    )
    def test_refusals(self, ticket, who, command, code):
        """The lead applies, the office decides, with a reason where it says no."""
        assert code == refused(ticket, who, command, WEDNESDAY).code


class TestNotAccept:
    """AS25-4.2.2: refused on a ground of the pack; the first-contact department explains it."""

    refused_need = play(a_ticket(), [(OFFICE, NotAccept("market_dispute"), MONDAY)])

    @pytest.mark.clause("AS25-4.2.2a")
    def test_the_refusal_is_closed_by_the_persuasion(self):
        """No ticket number; a task at the first-contact department; done only when it is recorded."""
        ticket = play(a_ticket(), [(OFFICE, NotAccept("statutory_procedure", "arbitration", Text("the commission")), MONDAY)])
        told = play(ticket, [(HOUSING_DESK, RecordPersuasion("phone", WORD), TUESDAY)])

        assert ("", With.FIRST_CONTACT, HOUSING, day_end("2026-03-04")) == (
            ticket.number,
            ticket.with_whom,
            ticket.clocks["persuasion"].owes,
            ticket.clocks["persuasion"].due_at,
        )
        assert (With.NOBODY, TUESDAY, "housing", None) == (
            told.with_whom,
            told.refused.persuaded_at,
            told.refused.persuaded_by,
            told.clock("persuasion"),
        )
        assert [] == decided(told, HOUSING_DESK, RecordPersuasion("phone", WORD), WEDNESDAY)

    @pytest.mark.parametrize("state", [State.REGISTERED, State.FORMED, State.DISPATCHED, State.HANDLING])
    def test_until_completion_the_office_may_refuse(self, state):
        """AS25-4.2.2b: a registered ticket is ended by the reason; no completion, only the persuasion is left to do."""
        ticket = play(a_ticket(state), [(OFFICE, NotAccept("unlawful"), TUESDAY)])

        assert (State.NOT_ACCEPTED, 0, ["persuasion"]) == (
            ticket.state,
            ticket.outcomes,
            [clock.name for clock in ticket.clocks.values() if clock.stopped_at is None],
        )

    @pytest.mark.clause("AS25-4.2.2.2")
    def test_a_procedure_under_way_is_named(self):
        """Reason 2 without procedure kind: rejected; with kind and body: accepted."""
        named = play(a_ticket(), [(OFFICE, NotAccept("statutory_procedure", "administrative_review", Text("the bureau")), MONDAY)])

        assert [Code.FIELD_REQUIRED, Code.FIELD_REQUIRED, Code.VALUE_NOT_OFFERED] == [
            refused(a_ticket(), OFFICE, NotAccept("statutory_procedure", kind, body), MONDAY).code
            for kind, body in (("", Text("the bureau")), ("arbitration", None), ("duel", Text("the bureau")))
        ]
        assert "administrative_review" == named.refused.procedure

    @pytest.mark.parametrize(
        ("ticket", "who", "command", "policy", "code"),
        [
            (a_ticket(), HOUSING_DESK, NotAccept("unlawful"), None, Code.PERMISSION_DENIED),
            (a_ticket(), OFFICE, NotAccept(""), None, Code.FIELD_REQUIRED),
            (a_ticket(), OFFICE, NotAccept("boring"), None, Code.VALUE_NOT_OFFERED),
            (a_ticket(), OFFICE, NotAccept("unlawful"), a_policy({"acceptance.refusal_reasons": None}), Code.REFUSAL_NOT_ALLOWED),
            (refused_need, OFFICE, NotAccept("unlawful"), None, Code.WRONG_STATE),
            (refused_need, FINANCE_DESK, RecordPersuasion("phone", WORD), None, Code.PERMISSION_DENIED),
            (refused_need, HOUSING_DESK, RecordPersuasion("phone", Text("")), None, Code.FIELD_REQUIRED),
            (a_ticket(), HOUSING_DESK, RecordPersuasion("phone", WORD), None, Code.WRONG_STATE),
        ],
    )
    def test_refusals(self, ticket, who, command, policy, code):
        """Only the office, only with a reason of the pack; a pack without reasons (海门) accepts everything."""
        assert code == refused(ticket, who, command, TUESDAY, policy).code
