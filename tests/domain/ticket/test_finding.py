"""Findings from above: raised by a superior, executed by the custodian's own node."""

from dataclasses import replace

import pytest

from node.domain.command import Facts
from node.domain.entry import Folded
from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.ticket import records as r
from node.domain.ticket.decide import decide
from node.domain.ticket.escalation import RequestEscalation
from node.domain.ticket.finding import AnswerFinding, ExecuteFinding, RaiseFinding, RefuseAsk
from node.domain.ticket.fold import evolve
from node.domain.ticket.state import OPEN_TO_FINDING, State, With
from tests.domain.ticket.given import FRIDAY, THURSDAY, TUESDAY, WEDNESDAY, day_end
from tests.domain.ticket.levels import (
    CITY,
    COUNTY,
    DONE,
    NODE,
    PROVINCE,
    SISTER,
    World,
    a_world,
    completed,
    desk,
    handled,
    office,
    registered,
    units_of,
    written,
)

FAULT = RaiseFinding(is_consistent=False, is_standard_met=True, round="2026-02", note=Text("the road is still closed"))


def found(world: World) -> tuple[str, str]:
    """A completed ticket of the county on which the city raised a finding on Wednesday, and the finding's id."""
    id = completed(world)
    world.deliver()
    (entry,) = world.act(CITY, office(CITY), FAULT, WEDNESDAY, id)
    world.deliver()
    return id, entry.header.id


class TestRaise:
    """AS25-4.7.2a, 3.2.4c; DESIGN 6: a sample, an inspection or a full revisit says that the result does not hold."""

    def test_it_is_an_ask_to_whoever_holds_the_ticket(self):
        """A side entry: it changes nothing by itself."""
        world = a_world()
        id, finding = found(world)

        for node in (COUNTY, CITY, PROVINCE):
            ticket = world.see(node, id)
            assert [(finding, COUNTY)] == [(ask.id, ask.addressee) for ask in ticket.open_asks("FindingRaised")]
            assert ticket.state is State.COMPLETED
        assert world.act(CITY, office(CITY), FAULT, WEDNESDAY, id) == []

    def test_refusals_come_in_the_stated_order(self):
        """Only on the subtree's tickets, only a fault, only about what somebody called done."""
        world = a_world()
        id = handled(world)
        world.deliver()
        own = registered(world, node=CITY)
        both = replace(FAULT, inspection="i-1")
        fine = RaiseFinding(is_consistent=True, is_standard_met=True)

        assert world.refusal(CITY, desk(CITY), both, TUESDAY, id).code is Code.PERMISSION_DENIED
        assert world.refusal(SISTER, office(SISTER), both, TUESDAY, id).code is Code.NOT_SUBORDINATE
        assert world.refusal(CITY, office(CITY), both, TUESDAY, own).code is Code.NOT_SUBORDINATE
        assert world.refusal(CITY, office(CITY), both, TUESDAY, id).facts == {"field": "inspection"}
        assert world.refusal(CITY, office(CITY), fine, TUESDAY, id).code is Code.NOTHING_FOUND
        assert world.refusal(CITY, office(CITY), FAULT, TUESDAY, id).code is Code.WRONG_STATE


class TestExecute:
    """USERS A3: executed at once by the custodian's own reactor; refusing is impossible."""

    @pytest.mark.parametrize("state", sorted(OPEN_TO_FINDING, key=lambda one: one.value))
    def test_a_new_round_begins_from_every_state_after_handling(self, state: State):
        """Completed, closed, archived, terminated, not accepted, merged."""
        world = a_world()
        id, finding = found(world)
        merge = r.Merge(into="other") if state is State.MERGED else r.Merge()
        before = replace(world.see(COUNTY, id), state=state, with_whom=With.NOBODY, terminated_for="unreachable", merge=merge)

        policy = world.policies[COUNTY]
        (one,) = decide(before, ExecuteFinding(finding), Facts(NODE, units=units_of(COUNTY)), policy, THURSDAY)
        entry: Folded = written(before, one, COUNTY, NODE, THURSDAY, 99)
        after = evolve(before, entry)

        assert (State.REWORKING, With.DEPARTMENT, f"{COUNTY}-housing") == (after.state, after.with_whom, after.lead)
        assert (("finding", finding), 2) == ((after.rounds[-1].cause, after.rounds[-1].finding), len(after.rounds))
        assert ("", "", None) == (after.merge.into, after.terminated_for, after.completion)
        running = {clock.name: clock.due_at for clock in after.clocks.values() if clock.is_running}
        assert {"resolve": day_end("2026-03-19"), "finding_answer": day_end("2026-03-09")} == running
        assert (finding, CITY) == (entry.header.answers, entry.header.addressee)
        assert after.open_asks("FindingRaised") == ()

    def test_the_office_has_it_where_no_department_ever_had(self):
        """A refused need has no lead, no number and no class: it waits for the office to form it, so that it can be dispatched."""
        world = a_world({"limit.resolve": None})
        id = registered(world)
        world.deliver()
        before = replace(world.see(CITY, id), state=State.NOT_ACCEPTED, with_whom=With.NOBODY)
        (raised,) = decide(before, FAULT, Facts(office(CITY)), world.policies[CITY], TUESDAY)
        asked = evolve(before, written(before, raised, CITY, office(CITY), TUESDAY, 1))
        (ask,) = asked.open_asks("FindingRaised")

        (one,) = decide(asked, ExecuteFinding(ask.id), Facts(NODE), world.policies[COUNTY], WEDNESDAY)
        after = evolve(asked, written(asked, one, COUNTY, NODE, WEDNESDAY, 9))

        form = after.clock("form")
        assert form is not None
        assert (State.REGISTERED, With.OFFICE, "office", day_end("2026-03-05")) == (after.state, after.with_whom, form.owes, form.due_at)

    def test_once_and_only_what_was_asked(self):
        """A repeat writes nothing; an unknown finding is none; and it is the holder's to execute."""
        world = a_world()
        id, finding = found(world)

        assert world.refusal(CITY, NODE, ExecuteFinding(finding), THURSDAY, id).code is Code.NOT_HOLDER
        assert world.refusal(COUNTY, office(COUNTY), ExecuteFinding(finding), THURSDAY, id).code is Code.PERMISSION_DENIED
        assert world.refusal(COUNTY, NODE, ExecuteFinding("unknown"), THURSDAY, id).code is Code.NOT_ASKED
        world.act(COUNTY, NODE, ExecuteFinding(finding), THURSDAY, id)
        assert world.act(COUNTY, NODE, ExecuteFinding(finding), FRIDAY, id) == []

    def test_a_ticket_that_is_open_again_already_answers_in_the_round_in_hand(self):
        """The finding crossed with another one: no second round, and its answer is still owed."""
        world = a_world()
        id, first = found(world)
        (second,) = world.act(PROVINCE, office(PROVINCE), FAULT, WEDNESDAY, id)
        world.deliver()

        world.act(COUNTY, NODE, ExecuteFinding(first), THURSDAY, id)
        (joined,) = world.act(COUNTY, NODE, ExecuteFinding(second.header.id), THURSDAY, id)

        ticket = world.see(COUNTY, id)
        assert ("FindingJoined", 2, first, ()) == (
            joined.header.kind,
            len(ticket.rounds),
            ticket.rounds[-1].finding,
            ticket.open_asks("FindingRaised"),
        )

    def test_it_follows_the_ticket_to_the_next_holder(self):
        """DESIGN 13: an ask stays open until an entry answers it."""
        world = a_world()
        id, first = found(world)
        (second,) = world.act(PROVINCE, office(PROVINCE), FAULT, WEDNESDAY, id)
        world.deliver()
        world.act(COUNTY, NODE, ExecuteFinding(first), THURSDAY, id)
        world.act(COUNTY, office(COUNTY), RequestEscalation("LAND-07", Text("beyond us")), THURSDAY, id)

        refusal = world.refusal(COUNTY, NODE, ExecuteFinding(second.header.id), THURSDAY, id)

        assert refusal.code is Code.HANDLING_FROZEN
        assert [second.header.id] == [ask.id for ask in world.see(COUNTY, id).open_asks("FindingRaised")]


class TestAnswer:
    """DESIGN 6: answered within 2 working days, as rework or as a proposal to recheck."""

    def test_the_lead_says_what_it_does(self):
        """Its clock stops; another department has no say."""
        world = a_world()
        id, finding = found(world)
        assert world.refusal(COUNTY, desk(COUNTY), AnswerFinding("rework"), WEDNESDAY, id).code is Code.NOTHING_PENDING
        world.act(COUNTY, NODE, ExecuteFinding(finding), WEDNESDAY, id)

        assert world.refusal(COUNTY, desk(COUNTY, "water"), AnswerFinding("rework"), THURSDAY, id).code is Code.PERMISSION_DENIED
        assert world.refusal(COUNTY, desk(COUNTY), AnswerFinding("ignore"), THURSDAY, id).code is Code.VALUE_NOT_OFFERED
        world.act(COUNTY, desk(COUNTY), AnswerFinding("rework"), THURSDAY, id)

        assert world.see(COUNTY, id).clock("finding_answer") is None
        world.act(COUNTY, desk(COUNTY), DONE, THURSDAY, id)
        assert 2 == world.see(COUNTY, id).outcomes


class TestRefuseAsk:
    """DESIGN 13: a peer's refused ask is answered by an entry, never left open."""

    def test_an_ask_that_cannot_be_carried_out_is_answered(self):
        """The asker sees the refusal's code."""
        world = a_world()
        id, finding = found(world)

        assert world.refusal(SISTER, NODE, RefuseAsk(finding, "WRONG_STATE"), THURSDAY, id).code is Code.NOT_ASKED
        (entry,) = world.act(COUNTY, NODE, RefuseAsk(finding, "WRONG_STATE"), THURSDAY, id)
        world.deliver()

        assert (finding, CITY, 0) == (entry.header.answers, entry.header.addressee, entry.header.version)
        assert world.see(CITY, id).open_asks() == ()
        assert world.act(COUNTY, NODE, RefuseAsk(finding, "WRONG_STATE"), FRIDAY, id) == []
