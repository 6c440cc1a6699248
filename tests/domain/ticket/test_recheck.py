"""Recheck: is the finding right that sent a ticket back, and who may say so?"""

from dataclasses import replace
from datetime import date

import pytest

from node.domain.organisation import Role
from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.ticket.evaluation import Evaluate
from node.domain.ticket.finding import ExecuteFinding, RaiseFinding
from node.domain.ticket.recheck import (
    AskRecheck,
    DecideRecheck,
    DeclineRecheck,
    ExecuteRecheckRuling,
    GiveRecheckOpinion,
    OpenRecheck,
    ProposeRecheck,
    RuleRecheck,
)
from node.domain.ticket.records import Merge, Refused
from node.domain.ticket.rectification import CheckOffRectification
from node.domain.ticket.revisit import RecordRevisit
from node.domain.ticket.state import State, With
from tests.domain.ticket.given import (
    CITY,
    FINANCE,
    FINANCE_DESK,
    FRIDAY,
    HOUSING,
    HOUSING_DESK,
    NODE,
    OFFICE,
    OFFICE_2,
    OWNER,
    PROVINCE,
    THURSDAY,
    WATER,
    WATER_DESK,
    a_completion,
    a_policy,
    a_ticket,
    beijing,
    day_end,
    decided,
    person,
    play,
    refused,
    workdays,
)

FALSE = RecordRevisit(is_consistent=False, is_standard_met=True, evaluation="dissatisfied")
BELOW = RecordRevisit(is_consistent=True, is_standard_met=False, evaluation="satisfied")
PROPOSE = ProposeRecheck("finding_disputed", Text("The owner meant another building."))
OPINION = Text("The finding holds.")
NEXT_MONDAY, NEXT_TUESDAY = beijing("2026-03-09 09:00"), beijing("2026-03-10 09:00")
STANDS = DecideRecheck("stands", OPINION)
REDO = DecideRecheck("redo", OPINION, date(2026, 3, 20))
CITY_OFFICE = person("city-office", Role.OFFICE, f"{CITY}-office")
AT_CITY = a_policy(node=CITY, line=(PROVINCE,))


def reworked(finding=FALSE):
    """Sent back on Thursday."""
    return play(a_ticket(State.COMPLETED), [(OFFICE, finding, THURSDAY)])


def proposed():
    """The lead proposed a recheck on Friday."""
    return play(reworked(), [(HOUSING_DESK, PROPOSE, FRIDAY)])


def under_review(*opinions):
    """Three participants, the lead among them."""
    opened = (OFFICE, OpenRecheck((HOUSING, WATER, FINANCE)), NEXT_MONDAY)
    return play(proposed(), [opened, *((actor, GiveRecheckOpinion(OPINION), NEXT_MONDAY) for actor in opinions)])


def from_above():
    """The same round, opened by a superior's finding, with a recheck proposed."""
    ticket = reworked()
    found = replace(ticket, rounds=(*ticket.rounds[:-1], replace(ticket.rounds[-1], cause="finding", finding="520400-7")))
    return play(found, [(HOUSING_DESK, PROPOSE, FRIDAY)])


class TestPropose:
    """AS25-4.7.2b: instead of reworking the lead may propose a recheck."""

    @pytest.mark.clause("AS25-4.7.2b")
    def test_the_rework_clock_stands_until_the_office_decides(self):
        """No ground: rejected; proposed: paused; upheld: it runs on with what was left; review: under review."""
        assert Code.FIELD_REQUIRED is refused(reworked(), HOUSING_DESK, ProposeRecheck("", Text("x")), FRIDAY).code

        ticket = proposed()
        assert (State.RECHECKING, With.OFFICE, True) == (ticket.state, ticket.with_whom, ticket.clock("resolve").is_paused)
        assert ("office", day_end("2026-03-10")) == (ticket.clock("recheck_decision").owes, ticket.clock("recheck_decision").due_at)

        upheld = play(ticket, [(OFFICE_2, DeclineRecheck(Text("It is clear.")), NEXT_TUESDAY)])
        # Proposed on Friday 03-06 and answered on Tuesday 03-10: two working days later.
        assert (State.REWORKING, day_end("2026-03-23"), ()) == (upheld.state, upheld.clock("resolve").due_at, upheld.open_asks())

        review = play(ticket, [(OFFICE, OpenRecheck((WATER,)), NEXT_MONDAY)])
        assert ("under_review", True, day_end("2026-03-23")) == (
            review.recheck.stage,
            review.clock("resolve").is_paused,
            review.clock("recheck").due_at,
        )

    def test_once_a_round(self):
        """After a decision the same round has no second proposal."""
        upheld = play(proposed(), [(OFFICE_2, DeclineRecheck(Text("x")), NEXT_MONDAY)])

        assert Code.RECHECK_USED is refused(upheld, HOUSING_DESK, PROPOSE, NEXT_TUESDAY).code

    @pytest.mark.parametrize(
        ("ticket", "actor", "command", "code"),
        [
            (a_ticket(State.HANDLING), HOUSING_DESK, PROPOSE, Code.WRONG_STATE),
            (reworked(), WATER_DESK, PROPOSE, Code.PERMISSION_DENIED),
            (reworked(), HOUSING_DESK, ProposeRecheck("tired", Text("x")), Code.VALUE_NOT_OFFERED),
            (reworked(), HOUSING_DESK, ProposeRecheck("hard_to_solve", Text("")), Code.FIELD_REQUIRED),
            (proposed(), OFFICE, DeclineRecheck(Text("x")), Code.OWN_CASE),
            (reworked(), OFFICE, OpenRecheck((WATER,)), Code.WRONG_STATE),
            (proposed(), OFFICE, OpenRecheck(()), Code.FIELD_REQUIRED),
        ],
    )
    def test_what_is_refused(self, ticket, actor, command, code):
        """Among others the writer of the finding, who may not uphold it himself."""
        assert code is refused(ticket, actor, command, FRIDAY).code


class TestDecide:
    """AS25-4.8a: opinions, then an outcome of the list, by nobody who had a part."""

    @pytest.mark.clause("AS25-3.2.2b")
    def test_no_outcome_without_an_opinion_nor_by_the_handling_unit(self):
        """Three invited; not before one opinion is in; the unit that handled the ticket cannot set the outcome."""
        ticket = under_review()
        assert (HOUSING, WATER, FINANCE) == ticket.recheck.participants
        assert Code.OPINION_MISSING is refused(ticket, OFFICE_2, STANDS, NEXT_MONDAY).code

        heard = under_review(HOUSING_DESK, WATER_DESK)
        assert (HOUSING, WATER) == heard.recheck.opinions
        insider = person("insider", Role.MEMBER, HOUSING)
        assert Code.OWN_CASE is refused(heard, insider, STANDS, NEXT_MONDAY).code
        assert "stands" == play(heard, [(OFFICE_2, STANDS, NEXT_MONDAY)]).recheck.outcome

    def test_the_writer_of_the_finding_does_not_decide_it(self):
        """USERS A10: heard, but excluded from deciding."""
        assert Code.OWN_CASE is refused(under_review(WATER_DESK), OFFICE, STANDS, NEXT_MONDAY).code

    def test_it_stands(self):
        """The former result holds: completed, nothing owed by the lead; the office closes; no further outcome is counted."""
        ticket = play(under_review(WATER_DESK), [(OFFICE_2, STANDS, NEXT_MONDAY)])

        assert (State.COMPLETED, With.OFFICE, 1, None) == (ticket.state, ticket.with_whom, ticket.outcomes, ticket.clock("resolve"))
        assert (ticket.rounds[0].completion, NEXT_MONDAY, ()) == (ticket.completion, ticket.round.upheld_at, ticket.open_asks())
        assert ["close"] == [clock.name for clock in ticket.clocks.values() if clock.stopped_at is None]

    @pytest.mark.clause("AS25-4.8b")
    def test_redo_sets_a_date_that_the_office_checks_off(self):
        """Redo by 2026-03-20: a task of the lead; nothing on 03-21 is overdue; filed and checked off: it closes or is revisited."""
        ticket = play(under_review(WATER_DESK), [(OFFICE_2, REDO, NEXT_MONDAY)])
        clock = ticket.clock("rectification")
        assert (State.REWORKING, HOUSING, day_end("2026-03-20"), None) == (ticket.state, clock.owes, clock.due_at, ticket.clock("resolve"))
        assert clock.due_at < beijing("2026-03-21 00:00:01")

        filed, late = (play(ticket, [(HOUSING_DESK, a_completion(), beijing(when))]) for when in ("2026-03-20 17:00", "2026-03-21 09:00"))
        assert [True, False] == [one.completion.is_in_time for one in (filed, late)]

        at = beijing("2026-03-23 09:00")
        to_close = play(filed, [(OFFICE, CheckOffRectification(True), at)])
        to_ask = play(filed, [(OFFICE, CheckOffRectification(True, needs_revisit=True), at)])
        back = play(filed, [(OFFICE, CheckOffRectification(False, remarks=Text("Half done.")), at)])
        assert [["close"], ["revisit"], ["resolve"]] == [
            [clock.name for clock in one.clocks.values() if clock.stopped_at is None] for one in (to_close, to_ask, back)
        ]
        assert [State.COMPLETED, State.COMPLETED, State.REWORKING] == [one.state for one in (to_close, to_ask, back)]

    @pytest.mark.parametrize(
        ("command", "code"),
        [
            (DecideRecheck("maybe", OPINION), Code.VALUE_NOT_OFFERED),
            (DecideRecheck("redo", OPINION), Code.FIELD_REQUIRED),
            (DecideRecheck("partly_correct", OPINION, date(2026, 3, 6)), Code.DATE_TOO_EARLY),
            (DecideRecheck("stands", Text("")), Code.FIELD_REQUIRED),
        ],
    )
    def test_an_outcome_is_one_of_the_list_with_its_date(self, command, code):
        """The refusals, in their order."""
        assert code is refused(under_review(WATER_DESK), OFFICE_2, command, NEXT_MONDAY).code

    def test_only_participants_are_asked(self):
        """A unit that was not invited files none."""
        review = play(proposed(), [(OFFICE, OpenRecheck((WATER,)), NEXT_MONDAY)])

        assert Code.PERMISSION_DENIED is refused(review, FINANCE_DESK, GiveRecheckOpinion(OPINION), NEXT_MONDAY).code


class TestRuledAbove:
    """DESIGN 6: the recheck of a superior's finding is the superior's."""

    def test_the_proposal_goes_to_the_superior_and_nobody_here_decides_it(self):
        """Addressed; with the superior, who owes the clock; the own office is not asked."""
        found = from_above()

        assert (CITY, With.SUPERIOR, "superior") == (found.recheck.decides, found.with_whom, found.clock("recheck_decision").owes)
        assert [CITY] == [ask.addressee for ask in found.open_asks("RecheckProposed")]
        assert Code.NOT_ASKED is refused(found, OFFICE_2, OpenRecheck((WATER,)), NEXT_MONDAY).code
        assert Code.NOT_ASKED is refused(proposed(), CITY_OFFICE, RuleRecheck("stands", OPINION), NEXT_MONDAY, AT_CITY).code

    @pytest.mark.parametrize(
        ("ruling", "state", "clock"),
        [
            (RuleRecheck("stands", OPINION), State.COMPLETED, "close"),
            (RuleRecheck("redo", OPINION, date(2026, 3, 20)), State.REWORKING, "rectification"),
            (RuleRecheck("declined", OPINION), State.REWORKING, "resolve"),
        ],
    )
    def test_the_ruling_is_carried_out_by_the_holder(self, ruling, state, clock):
        """A side entry at the superior that answers the proposal and asks the holder; the holder's own entry answers it."""
        ruled = play(from_above(), [(CITY_OFFICE, ruling, NEXT_MONDAY)], AT_CITY)
        assert (State.RECHECKING, ["RecheckRuled"]) == (ruled.state, [ask.kind for ask in ruled.open_asks()])
        assert [] == decided(ruled, CITY_OFFICE, ruling, NEXT_MONDAY, AT_CITY)

        ticket = play(ruled, [(NODE, ExecuteRecheckRuling(ruled.recheck.ruling), NEXT_TUESDAY)])

        assert (state, ()) == (ticket.state, ticket.open_asks())
        assert [clock] == [one.name for one in ticket.clocks.values() if one.stopped_at is None]
        assert [] == decided(ticket, NODE, ExecuteRecheckRuling(ruled.recheck.ruling), NEXT_TUESDAY)

    def test_the_level_that_found_it_decides_also_two_levels_up(self):
        """A finding of the province on a county's closed ticket: the province rules, not the city between; the result stands."""
        at_province = a_policy({"limit.finding_answer": workdays(2)}, node=PROVINCE, line=())
        county = a_policy({"limit.finding_answer": workdays(2)})
        inspector = person("inspector", Role.SUPERVISOR, f"{PROVINCE}-office")
        found = play(a_ticket(State.CLOSED), [(inspector, RaiseFinding(False, True, inspection="i-1"), FRIDAY)], at_province)
        (ask,) = found.open_asks("FindingRaised")
        again = play(found, [(NODE, ExecuteFinding(ask.id), FRIDAY), (HOUSING_DESK, PROPOSE, NEXT_MONDAY)], county)
        assert (PROVINCE, None) == (again.recheck.decides, again.clock("finding_answer"))
        assert Code.NOT_ASKED is refused(again, CITY_OFFICE, RuleRecheck("stands", OPINION), NEXT_MONDAY, AT_CITY).code

        ruler = person("province-office", Role.OFFICE, f"{PROVINCE}-office")
        ruled = play(again, [(ruler, RuleRecheck("stands", OPINION), NEXT_MONDAY)], at_province)
        ticket = play(ruled, [(NODE, ExecuteRecheckRuling(ruled.recheck.ruling), NEXT_TUESDAY)], county)

        assert (State.COMPLETED, ticket.rounds[0].completion) == (ticket.state, ticket.completion)

    @pytest.mark.parametrize("state", [State.TERMINATED, State.NOT_ACCEPTED, State.MERGED])
    def test_an_end_without_a_result_stands_again_with_its_ground(self, state):
        """A finding overturned it; the recheck says that it was right: the ticket ends as it had ended, and is counted so."""
        at_city = a_policy({"limit.finding_answer": workdays(2)}, node=CITY, line=(PROVINCE,))
        county = a_policy({"limit.finding_answer": workdays(2)})
        refusal = Refused("unlawful", FRIDAY) if state is State.NOT_ACCEPTED else None
        ended = replace(
            a_ticket(State.HANDLING),
            state=state,
            with_whom=With.NOBODY,
            terminated_for="unreachable" if state is State.TERMINATED else "",
            refused=refusal,
            merge=Merge(into="other" if state is State.MERGED else ""),
        )
        inspector = person("inspector", Role.OFFICE, f"{CITY}-office")
        found = play(ended, [(inspector, RaiseFinding(False, True, inspection="i-1"), FRIDAY)], at_city)
        (ask,) = found.open_asks("FindingRaised")
        again = play(found, [(NODE, ExecuteFinding(ask.id), FRIDAY), (HOUSING_DESK, PROPOSE, NEXT_MONDAY)], county)
        assert ("", None, "") == (again.terminated_for, again.refused, again.merge.into)

        ruled = play(again, [(CITY_OFFICE, RuleRecheck("stands", OPINION), NEXT_MONDAY)], at_city)
        ticket = play(ruled, [(NODE, ExecuteRecheckRuling(ruled.recheck.ruling), NEXT_TUESDAY)], county)

        assert (ended.state, ended.terminated_for, ended.refused, ended.merge.into) == (
            ticket.state,
            ticket.terminated_for,
            ticket.refused,
            ticket.merge.into,
        )

    def test_nothing_is_carried_out_that_nobody_ruled(self):
        """An id of nothing is refused."""
        assert Code.NOT_ASKED is refused(from_above(), NODE, ExecuteRecheckRuling("nothing"), NEXT_MONDAY).code


class TestAsked:
    """POLICY_PACKS 2 no. 59: a dissatisfied appellant may ask once."""

    def test_it_is_asked_for_once_and_may_be_declined(self):
        """Declined, the ticket waits for its revisit as before; a second request is refused."""
        voted = play(a_ticket(State.COMPLETED), [(OWNER, Evaluate("dissatisfied"), THURSDAY)])
        asked = play(voted, [(OWNER, AskRecheck(Text("The roof leaks.")), FRIDAY)])
        assert (State.RECHECKING, "office") == (asked.state, asked.clock("recheck_decision").owes)

        ticket = play(asked, [(OFFICE_2, DeclineRecheck(Text("As agreed.")), NEXT_MONDAY)])

        assert (State.COMPLETED, With.OFFICE, ["revisit"]) == (
            ticket.state,
            ticket.with_whom,
            [one.name for one in ticket.clocks.values() if one.stopped_at is None],
        )
        assert Code.RECHECK_USED is refused(ticket, OWNER, AskRecheck(Text("x")), NEXT_TUESDAY).code

    def test_redo_opens_a_round_of_its_own(self):
        """What was completed is done over until the date."""
        asked = play(a_ticket(State.COMPLETED), [(OWNER, Evaluate("dissatisfied"), THURSDAY), (OWNER, AskRecheck(Text("x")), FRIDAY)])

        ticket = play(
            asked,
            [
                (OFFICE, OpenRecheck((WATER,)), NEXT_MONDAY),
                (WATER_DESK, GiveRecheckOpinion(OPINION), NEXT_MONDAY),
                (OFFICE_2, REDO, NEXT_MONDAY),
            ],
        )

        assert (State.REWORKING, "recheck", date(2026, 3, 20), None) == (
            ticket.state,
            ticket.round.cause,
            ticket.round.rectification_due,
            ticket.completion,
        )

    def test_only_who_is_dissatisfied(self):
        """A satisfied vote, or none, gives no right to it."""
        assert Code.GROUND_NOT_MET is refused(a_ticket(State.COMPLETED), OWNER, AskRecheck(Text("x")), THURSDAY).code
