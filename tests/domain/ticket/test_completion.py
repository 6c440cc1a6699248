"""Completion: the department's word that it is done, with all that proves it."""

from dataclasses import replace

import pytest

from node.domain.organisation import Role
from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.ticket.completion import Complete, FeedbackGiven, GiveFeedback
from node.domain.ticket.countersigning import CountersignReply, DraftReply
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.handling import AddEvidence
from node.domain.ticket.records import Escalation, Left
from node.domain.ticket.state import State, With
from tests.domain.ticket.given import (
    CALL_RECORD,
    CITY,
    COUNTY,
    HOUSING,
    HOUSING_DESK,
    HOUSING_LEADER,
    OFFICE,
    PHOTO,
    SUPERVISION,
    TUESDAY,
    WATER_DESK,
    WEDNESDAY,
    a_completion,
    a_form,
    a_policy,
    a_registration,
    a_ticket,
    beijing,
    day_end,
    decided,
    person,
    play,
    refused,
    workdays,
)

NEEDS_SIGNATURE = a_policy({"completion.needs": ("standard", "countersignature")})


def completed(policy=None, **fields):
    """Completed on Tuesday 9:00."""
    return play(a_ticket(State.HANDLING, policy), [(HOUSING_DESK, a_completion(**fields), TUESDAY)], policy)


def refusal_of(policy=None, **fields):
    """What the same completion on a ticket in hand is refused with."""
    return refused(a_ticket(State.HANDLING, policy), HOUSING_DESK, a_completion(**fields), TUESDAY, policy)


class TestComplete:
    """AS25-4.5, 3.6.5: standard, paper, feedback, evidence, truth."""

    def test_it_is_done_and_the_office_revisits(self):
        """AS25-4.7.1: the resolve clock ends, 5 working days of the office begin, one more outcome is counted."""
        ticket = completed()

        assert (State.COMPLETED, With.OFFICE, 1) == (ticket.state, ticket.with_whom, ticket.outcomes)
        revisit = ticket.clock("revisit")
        assert (None, "office", day_end("2026-03-10")) == (ticket.clock("resolve"), revisit.owes, revisit.due_at)
        done = ticket.completion
        assert ("solved", HOUSING, "housing", TUESDAY, True, (PHOTO,)) == (
            done.standard,
            done.unit,
            done.account,
            done.feedback_at,
            done.is_in_time,
            done.evidence,
        )

    @pytest.mark.clause("AS25-4.5.2.1")
    def test_exactly_one_standard(self):
        """Standard 1 with evidence is accepted; none, or two in one field, is not."""
        assert "solved" == completed().completion.standard
        assert Code.FIELD_REQUIRED is refusal_of(standard="").code
        assert Code.VALUE_NOT_OFFERED is refusal_of(standard="solved,explained").code

    def test_the_second_standard_needs_its_written_explanation_and_a_sub_code(self):
        """AS25-4.5.2.2: partly or objectively hard, in writing."""
        fields = {"standard": "explained", "sub_code": "partly"}
        assert "explanation" == refusal_of(**fields).facts["field"]
        assert "sub_code" == refusal_of(standard="explained", explanation=Text("x")).facts["field"]
        assert Code.VALUE_NOT_OFFERED is refusal_of(standard="explained", sub_code="rather", explanation=Text("x")).code

        assert ["partly", "objectively_hard"] == [
            completed(standard="explained", sub_code=code, explanation=Text("The plan is fixed.")).completion.sub_code
            for code in ("partly", "objectively_hard")
        ]

    @pytest.mark.parametrize("missing", ["path_means", "path_body", "path_limit"])
    def test_the_third_standard_needs_the_whole_path(self, missing):
        """AS25-4.5.2.3: which means, which body, which time limit."""
        path = {"path_means": "lawsuit", "path_body": Text("The district court"), "path_limit": Text("Within six months")}
        assert "statutory_path" == completed(standard="statutory_path", **path).completion.standard

        assert missing == refusal_of(standard="statutory_path", **{**path, missing: ""}).facts["field"]

    @pytest.mark.clause("AS25-4.5.1a")
    def test_without_feedback_it_is_not_done_and_late_feedback_is_late(self):
        """Without feedback: rejected.  Handled before, fed back one day after the deadline: overdue."""
        assert Code.FEEDBACK_MISSING is refusal_of(feedback_way="", feedback=None).code

        late = beijing("2026-03-17 09:00")
        said = a_completion(feedback_occurred_at=beijing("2026-03-16 15:00"))
        ticket = play(a_ticket(State.HANDLING), [(HOUSING_DESK, said, late)])

        assert (False, late) == (ticket.completion.is_in_time, ticket.completion.feedback_at)

    def test_at_the_due_time_is_in_time(self):
        """24:00 of the last day still meets the limit, the next microsecond does not."""
        due = a_ticket(State.HANDLING).clock("resolve").due_at
        assert day_end("2026-03-16") == due

        last, too_late = (
            play(a_ticket(State.HANDLING), [(HOUSING_DESK, a_completion(), when)]) for when in (due, beijing("2026-03-17 00:00:00.000001"))
        )

        assert (True, False) == (last.completion.is_in_time, too_late.completion.is_in_time)

    def test_feedback_given_before_counts_from_its_own_entry(self):
        """A typed time is shown beside; the recorded one is measured."""
        told = GiveFeedback("visit", Text("Told him."), beijing("2026-03-02 20:00"))
        ticket = play(
            a_ticket(State.HANDLING),
            [
                (HOUSING_DESK, told, TUESDAY),
                (HOUSING_DESK, a_completion(feedback_way="", feedback=None), WEDNESDAY),
            ],
        )

        assert TUESDAY == ticket.completion.feedback_at
        assert [FeedbackGiven("visit", beijing("2026-03-02 20:00"), told.content)] == [
            h.event for h in decided(a_ticket(State.HANDLING), HOUSING_DESK, told, TUESDAY)
        ]
        assert (
            Code.MALFORMED_COMMAND
            is refused(a_ticket(State.HANDLING), HOUSING_DESK, GiveFeedback("visit", Text("x"), WEDNESDAY), TUESDAY).code
        )

    def test_evidence_is_what_was_filed_and_what_comes_with_it(self):
        """AS25-3.6.5a: none at all is rejected; earlier evidence counts; each digest once."""
        assert Code.EVIDENCE_MISSING is refusal_of(evidence=()).code
        assert Code.EVIDENCE_UNKNOWN is refusal_of(evidence=("ff" * 32,)).code

        ticket = play(
            a_ticket(State.HANDLING),
            [
                (HOUSING_DESK, AddEvidence(CALL_RECORD, Text("call.amr")), TUESDAY),
                (HOUSING_DESK, a_completion(evidence=(PHOTO, CALL_RECORD)), TUESDAY),
            ],
        )

        assert (CALL_RECORD, PHOTO) == ticket.completion.evidence

    def test_a_call_is_evidence_for_a_consultation_only(self):
        """POLICY_PACKS 2 no. 63."""
        consultation = play(
            None,
            [
                (OFFICE, a_registration(), TUESDAY),
                (OFFICE, a_form(category="consultation"), TUESDAY),
                (OFFICE, Dispatch(lead=HOUSING), TUESDAY),
                (HOUSING_DESK, Sign(), TUESDAY),
            ],
        )
        assert State.COMPLETED is play(consultation, [(HOUSING_DESK, a_completion(evidence=(), has_call_record=True), TUESDAY)]).state

        assert Code.EVIDENCE_MISSING is refusal_of(evidence=(), has_call_record=True).code

    def test_without_the_statement_of_truth_it_is_rejected(self):
        """AS25-3.6.5b."""
        assert Code.TRUTHFULNESS_UNCONFIRMED is refusal_of(is_truthful=False).code

    @pytest.mark.clause("AS25-4.5.1b")
    def test_the_fields_of_the_category_are_named(self):
        """A mandatory field left empty is rejected by name; filled it is stored with the entry."""
        policy = a_policy({"completion.fields.coordination": ("result", "measures")})

        assert "measures" == refusal_of(policy).facts["field"]
        assert "result" == refusal_of(policy, result=Text("")).facts["field"]
        (happened,) = decided(a_ticket(State.HANDLING, policy), HOUSING_DESK, a_completion(measures=Text("Survey.")), TUESDAY, policy)
        assert Text("Survey.") == happened.event.measures

    @pytest.mark.parametrize(
        ("until", "actor", "code"),
        [
            (State.DISPATCHED, HOUSING_DESK, Code.WRONG_STATE),
            (State.COMPLETED, HOUSING_DESK, Code.WRONG_STATE),
            (State.HANDLING, WATER_DESK, Code.PERMISSION_DENIED),
            (State.HANDLING, OFFICE, Code.PERMISSION_DENIED),
        ],
    )
    def test_only_the_lead_and_only_in_hand(self, until, actor, code):
        """The refusals, in their order."""
        assert code is refused(a_ticket(until), actor, a_completion(), WEDNESDAY).code

    def test_a_need_that_no_program_knows_is_a_fault_of_the_pack(self):
        """Not an answer no: the linter should have found it."""
        policy = a_policy({"completion.needs": ("blessing",)})
        with pytest.raises(LookupError, match="blessing"):
            completed(policy)

    @pytest.mark.parametrize(
        ("then", "with_whom", "owes", "due"),
        [
            ("confirm", With.APPELLANT, "appellant", "2026-03-10"),
            ("feedback", With.DEPARTMENT, HOUSING, "2026-03-04"),
            ("close", With.OFFICE, "office", "2026-03-05"),
        ],
    )
    def test_other_packs_go_on_otherwise(self, then, with_whom, owes, due):
        """XS25-4.4.2k confirms, FJ25-4.10.1a feeds back, and whoever must act has a clock."""
        limits = {"limit.confirm": workdays(5), "limit.feedback": workdays(1)}
        policy = a_policy({"completion.then": then, "completion.needs": ("standard",), **limits})

        ticket = completed(policy, feedback_way="", feedback=None)

        assert (with_whom, owes, day_end(due)) == (ticket.with_whom, ticket.clock(then).owes, ticket.clock(then).due_at)

    @pytest.mark.parametrize(("outcome", "is_down"), [("decided", False), ("accepted", True)])
    def test_what_a_higher_level_decided_or_handed_down_is_revisited_there(self, outcome, is_down):
        """POLICY_PACKS 2 no. 8, DESIGN 6: no revisit is owed here."""
        ticket = a_ticket(State.HANDLING)
        hop = Escalation("ask", COUNTY, CITY, TUESDAY, Left(State.HANDLING, With.DEPARTMENT), outcome=outcome, is_down=is_down)

        done = play(replace(ticket, escalations=(hop,)), [(HOUSING_DESK, a_completion(), TUESDAY)])

        assert ["close"] == [clock.name for clock in done.clocks.values() if clock.stopped_at is None]

    def test_feedback_after_completion_ends_its_clock(self):
        """FJ25-4.10.1a: then the office closes."""
        needs = {"completion.needs": ("standard",), "completion.then": "feedback", "closing.needs": ("feedback",)}
        policy = a_policy({**needs, "limit.feedback": workdays(1)})
        ticket = completed(policy, feedback_way="", feedback=None)
        assert ticket.completion.feedback_at is None

        told = play(ticket, [(HOUSING_DESK, GiveFeedback("phone", Text("Told.")), WEDNESDAY)], policy)

        assert (WEDNESDAY, None, day_end("2026-03-06")) == (told.round.feedback_at, told.clock("feedback"), told.clock("close").due_at)
        assert With.OFFICE is told.with_whom


class TestCountersign:
    """DESIGN 5: over the exact text."""

    def test_what_was_signed_is_what_is_completed(self):
        """The last draft, signed by a leader of the lead; a newer draft undoes the signature."""
        drafted = play(a_ticket(State.HANDLING, NEEDS_SIGNATURE), [(HOUSING_DESK, DraftReply(Text("Solved.")), TUESDAY)], NEEDS_SIGNATURE)
        draft = drafted.round.draft
        assert Code.COUNTERSIGNATURE_MISSING is refused(drafted, HOUSING_DESK, a_completion(draft=draft), TUESDAY, NEEDS_SIGNATURE).code

        signed = play(drafted, [(HOUSING_LEADER, CountersignReply(draft), TUESDAY)], NEEDS_SIGNATURE)
        changed = play(signed, [(HOUSING_DESK, DraftReply(Text("Solved in part.")), TUESDAY)], NEEDS_SIGNATURE)

        done = play(signed, [(HOUSING_DESK, a_completion(draft=draft), TUESDAY)], NEEDS_SIGNATURE)
        assert State.COMPLETED is done.state
        assert Code.COUNTERSIGNATURE_MISSING is refused(signed, HOUSING_DESK, a_completion(), TUESDAY, NEEDS_SIGNATURE).code
        assert [Code.COUNTERSIGNATURE_MISSING] * 2 == [
            refused(changed, HOUSING_DESK, a_completion(draft=one), TUESDAY, NEEDS_SIGNATURE).code for one in (draft, changed.round.draft)
        ]

    def test_nobody_signs_a_text_that_he_has_not_seen_or_wrote_himself(self):
        """An older draft is a conflict; a leader who drafted it needs another leader."""
        drafted = play(a_ticket(State.HANDLING), [(HOUSING_DESK, DraftReply(Text("Solved.")), TUESDAY)])
        both = person("housing", Role.DEPARTMENT_LEADER, HOUSING)

        assert Code.VERSION_CONFLICT is refused(drafted, HOUSING_LEADER, CountersignReply("another"), TUESDAY).code
        assert Code.OWN_CASE is refused(drafted, both, CountersignReply(drafted.round.draft), TUESDAY).code
        assert Code.PERMISSION_DENIED is refused(drafted, SUPERVISION, CountersignReply(drafted.round.draft), TUESDAY).code


def test_a_completion_has_no_default_for_truth():
    """AS25-3.6.5b: it must be said."""
    assert Complete("solved", Text("x")).is_truthful is False
