"""Escalation, return, withdrawal, decision above and override, between three levels."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from node.domain.command import Command, Facts
from node.domain.payload import Text
from node.domain.refusal import Code, Refusal
from node.domain.ticket.custody import (
    DecideAbove,
    OverrideCustody,
    PassDownDecision,
    ReleaseClocks,
    RequestOverride,
    ResumeAfterReturn,
    ReturnCustody,
)
from node.domain.ticket.decide import decide
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.escalation import (
    AcceptEscalation,
    EscalationAccepted,
    EscalationRequested,
    EscalationReturned,
    ReceiveEscalation,
    RequestEscalation,
    RequestWithdrawalOfEscalation,
    ReturnEscalation,
    WithdrawEscalation,
)
from node.domain.ticket.handling import RecordProgress
from node.domain.ticket.state import State, With
from node.domain.time import Unit, left
from tests.domain.ticket.given import CALENDAR, FRIDAY, MONDAY, THURSDAY, TUESDAY, WEDNESDAY, beijing, day_end
from tests.domain.ticket.levels import (
    CITY,
    COUNTY,
    DONE,
    NODE,
    PROVINCE,
    World,
    a_world,
    desk,
    formed,
    handled,
    office,
    operator,
    registered,
)

UP = RequestEscalation(power_item="LAND-07", reason=Text("land quota"), tried=("coordination",))
BACK = ReturnEscalation("within_authority", Text("yours to decide"))
DECIDE = DecideAbove(Text("the quota is granted"), materials=("ab" * 32,))
LATER = beijing("2026-03-09 09:00")


def escalated(world: World, node: str = COUNTY, **fields: object) -> str:
    """A ticket that *node* put to its superior on Tuesday out of its department's hands, known to everybody."""
    id = handled(world, MONDAY, node, **fields)
    world.act(node, office(node), UP, TUESDAY, id)
    world.deliver()
    return id


def accepted(world: World) -> str:
    """A ticket that the city took over on Wednesday, known to everybody."""
    id = escalated(world)
    world.act(CITY, office(CITY), AcceptEscalation(), WEDNESDAY, id)
    world.deliver()
    return id


class TestRequest:
    """AS25-4.2.1.3c, 4.4.5c, 3.2.1d: what exceeds this level's authority is put to the level above."""

    def test_the_ticket_is_frozen_and_its_clocks_stand_from_the_request_on(self):
        """FEDERATION 2.5: handling is frozen at the request, not at the acceptance."""
        world = a_world()
        id = handled(world)

        (entry,) = world.act(COUNTY, office(COUNTY), UP, TUESDAY, id)

        ticket = world.see(COUNTY, id)
        resolve = ticket.clock("resolve")
        assert (State.ESCALATED, With.SUPERIOR, CITY) == (ticket.state, ticket.with_whom, ticket.custody.asked)
        assert (CITY, "escalated") == (entry.header.addressee, entry.header.state)
        assert resolve is not None and resolve.is_paused
        assert [entry.header.id] == [ask.id for ask in ticket.open_asks("EscalationRequested")]
        for actor, command in ((desk(COUNTY), RecordProgress(Text("on"))), (office(COUNTY), UP)):
            assert world.refusal(COUNTY, actor, command, TUESDAY, id).code is Code.HANDLING_FROZEN

    @pytest.mark.parametrize(
        ("state", "with_whom"),
        [
            (State.REGISTERED, With.OFFICE),
            (State.FORMED, With.OFFICE),
            (State.DISPATCHED, With.DEPARTMENT),
            (State.HANDLING, With.DEPARTMENT),
        ],
    )
    def test_it_may_be_asked_from_any_state_held_here_and_a_return_leads_back_there(self, state: State, with_whom: With):
        """DESIGN 5; USERS part 3 no. 9: at triage, back to triage."""
        world = a_world()
        id = registered(world)
        if state is not State.REGISTERED:
            formed(world, id)
        if state in (State.DISPATCHED, State.HANDLING):
            world.act(COUNTY, office(COUNTY), Dispatch(lead=f"{COUNTY}-housing"), MONDAY, id)
        if state is State.HANDLING:
            world.act(COUNTY, desk(COUNTY), Sign(), MONDAY, id)
        before = world.see(COUNTY, id)

        world.act(COUNTY, office(COUNTY), UP, TUESDAY, id)
        world.deliver()
        world.act(CITY, office(CITY), BACK, THURSDAY, id)
        world.deliver()
        world.act(COUNTY, NODE, ResumeAfterReturn(), THURSDAY, id)

        after = world.see(COUNTY, id)
        assert (state, with_whom, before.dispatch, before.pack) == (after.state, after.with_whom, after.dispatch, after.pack)
        running = {clock.name for clock in before.clocks.values() if clock.is_running}
        assert running == {clock.name for clock in after.clocks.values() if clock.is_running}
        assert running != set()

    def test_refusals_come_in_the_stated_order(self):
        """The most basic first; authority before the missing superior before the missing fields."""
        world = a_world({"authority.matters": ("land_quota",)})
        id = handled(world, matter="land_quota")
        top = registered(world, node=PROVINCE)
        bare = RequestEscalation(power_item="", reason=Text(" "))

        assert world.refusal(COUNTY, desk(COUNTY), bare, MONDAY, id).code is Code.PERMISSION_DENIED
        assert world.refusal(COUNTY, office(COUNTY), bare, MONDAY, id).code is Code.WITHIN_AUTHORITY
        assert world.refusal(PROVINCE, office(PROVINCE), bare, MONDAY, top).code is Code.NO_SUPERIOR
        other = handled(world)
        assert world.refusal(COUNTY, office(COUNTY), bare, MONDAY, other).facts == {"field": "power_item"}
        assert world.refusal(COUNTY, office(COUNTY), RequestEscalation("LAND-07", Text(" ")), MONDAY, other).facts == {"field": "reason"}

    @pytest.mark.parametrize("state", ["supplementing", "completed"])
    def test_what_waits_for_somebody_else_or_is_done_does_not_go_up(self, state: str):
        """DESIGN 5: any open state that is held here."""
        world = a_world()
        ticket = replace(world.see(COUNTY, handled(world)), state=State(state))

        with pytest.raises(Refusal) as refused:
            decide(ticket, UP, Facts(office(COUNTY)), world.policies[COUNTY], MONDAY)

        assert refused.value.code is Code.WRONG_STATE

    @pytest.mark.clause("AS25-3.2.1d")
    def test_materials_and_history_travel_and_only_the_office_submits(self):
        """AS25-3.2.1d: the province's copy names both attachments and has the events; a department submitting directly is refused."""
        world = a_world()
        id = handled(world, node=CITY)
        for n in range(2):
            world.act(CITY, desk(CITY), RecordProgress(Text(f"step {n}")), MONDAY, id)
        digests = ("0a" * 32, "0b" * 32)
        command = RequestEscalation("LAND-07", Text("beyond the city"), materials=digests, legal_basis=Text("article 3"))

        refusal = world.refusal(CITY, desk(CITY), command, TUESDAY, id)
        world.act(CITY, office(CITY), command, TUESDAY, id)
        world.deliver(CITY, PROVINCE)

        assert (Code.PERMISSION_DENIED, "PERMISSION_DENIED") == (refusal.code, refusal.code.status)
        copy = sorted(world.known[PROVINCE][id].values(), key=lambda entry: entry.header.seq)
        kinds = ["Registered", "Formed", "Dispatched", "Signed", "ProgressRecorded", "ProgressRecorded", "EscalationRequested"]
        assert kinds == [entry.header.kind for entry in copy]
        assert isinstance(copy[-1].event, EscalationRequested)
        assert digests == copy[-1].event.materials
        assert world.see(CITY, id) == world.see(PROVINCE, id)


class TestAnswer:
    """POLICY_PACKS 2 no. 3: the upper node answers within its limit; acceptance makes it the sole handler."""

    def test_the_superior_has_a_limit_from_its_receipt_which_everybody_sees(self):
        """The clock is the superior's own and does not get in the way of the asker's."""
        world = a_world()
        id = escalated(world)

        (entry,) = world.act(CITY, NODE, ReceiveEscalation(), WEDNESDAY, id)
        world.deliver()

        assert entry.header.version == 0
        for node in (COUNTY, CITY, PROVINCE):
            clock = world.see(node, id).clock("escalation_answer", CITY)
            assert clock is not None
            assert (day_end("2026-03-06"), "office", CITY) == (clock.due_at, clock.owes, clock.node)
        assert world.act(CITY, NODE, ReceiveEscalation(), THURSDAY, id) == []

    def test_accepted_it_is_classed_anew_under_the_receivers_pack_and_clock(self):
        """DESIGN 6, 13: pack, class and limit are the receiver's from acceptance; the sender's class stays in the entry."""
        world = a_world(
            n520400={"limit.resolve.complaint.plain": None, "limit.resolve.complaint": None, "classes": ("complaint", "coordination")}
        )
        id = escalated(world)
        world.act(CITY, NODE, ReceiveEscalation(), TUESDAY, id)

        entry, *more = world.act(CITY, office(CITY), AcceptEscalation(category="complaint"), WEDNESDAY, id)
        world.deliver()

        assert more == []
        assert isinstance(entry.event, EscalationAccepted)
        assert ("coordination", "plain", "complaint") == (entry.event.former_category, entry.event.former_complexity, entry.event.category)
        assert (2, CITY, 4 + 1) == (entry.header.custody.number, entry.header.custody.holder, entry.header.custody.follows)
        ticket = world.see(COUNTY, id)
        assert (State.FORMED, With.OFFICE, "pack-520400@0000000000520400", "", True) == (
            ticket.state,
            ticket.with_whom,
            ticket.pack,
            ticket.lead,
            ticket.is_formed,
        )
        own, former = ticket.clock("resolve"), ticket.clock("resolve", COUNTY)
        assert own is not None and former is not None
        # The pack is silent about this class, so the asker's ten working days count anew from the acceptance.
        assert (day_end("2026-03-18"), CITY, True) == (own.due_at, own.node, former.is_paused)
        assert ticket.clock("escalation_answer", CITY) is None
        assert ticket.open_asks() == ()

    def test_the_lower_level_has_no_say_while_it_is_held_above(self):
        """I16-I18: one holder at a time."""
        world = a_world()
        id = accepted(world)

        refusal = world.refusal(COUNTY, desk(COUNTY), RecordProgress(Text("still mine")), WEDNESDAY, id)

        assert (Code.NOT_HOLDER, CITY, "2") == (refusal.code, refusal.facts["holder"], refusal.facts["number"])

    @pytest.mark.parametrize("command", [AcceptEscalation(), BACK, ReceiveEscalation()], ids=lambda one: type(one).__name__)
    def test_only_the_node_asked_answers_and_only_once(self, command: Command):
        """DESIGN 13: then only the node asked may open number + 1."""
        world = a_world()
        id = escalated(world)
        actor = NODE if isinstance(command, ReceiveEscalation) else None

        assert world.refusal(PROVINCE, actor or office(PROVINCE), command, WEDNESDAY, id).code is Code.NOT_ASKED
        world.act(CITY, office(CITY), AcceptEscalation(), WEDNESDAY, id)
        assert world.refusal(CITY, actor or office(CITY), command, THURSDAY, id).code is Code.NOT_ASKED

    def test_a_return_needs_a_reason(self):
        """AS25-4.2.1.3c: return without reason is refused; so is a reason that the pack does not offer."""
        world = a_world()
        id = escalated(world)

        for command, facts in (
            (ReturnEscalation("", Text("why")), {"field": "reason_code"}),
            (ReturnEscalation("incomplete", Text("  ")), {"field": "reason"}),
        ):
            assert world.refusal(CITY, office(CITY), command, WEDNESDAY, id).facts == facts
        assert world.refusal(CITY, office(CITY), ReturnEscalation("whim", Text("why")), WEDNESDAY, id).code is Code.VALUE_NOT_OFFERED

    @pytest.mark.clause("AS25-4.4.5c")
    def test_what_is_returned_resumes_with_the_time_that_was_left(self):
        """AS25-4.4.5c: 6 of 10 working days left at the request are left from the return day; completing is refused meanwhile."""
        world = a_world()
        id = handled(world, MONDAY)  # 10 working days
        ask_day, return_day = FRIDAY, beijing("2026-03-11 16:00")  # used 4; returned 3 working days later
        world.act(COUNTY, office(COUNTY), UP, ask_day, id)
        world.deliver()
        world.act(CITY, office(CITY), BACK, return_day, id)
        world.deliver()

        # The reaction runs a day late; the time counts from the return all the same.
        world.act(COUNTY, NODE, ResumeAfterReturn(), return_day + timedelta(days=1), id)

        ticket = world.see(COUNTY, id)
        resolve = ticket.clock("resolve")
        assert resolve is not None and resolve.due_at is not None
        assert 6 == left(resolve.due_at, return_day, Unit.WORKDAY, CALENDAR)
        assert (State.HANDLING, "returned", ()) == (ticket.state, ticket.escalations[-1].outcome, ticket.open_asks())
        assert world.act(COUNTY, NODE, ResumeAfterReturn(), return_day + timedelta(days=1), id) == []

    @pytest.mark.clause("AS25-4.4.5c")
    def test_whoever_asked_completes_nothing_from_the_request_until_the_upper_node_is_done(self):
        """AS25-4.4.5c: frozen while it is asked, not the holder's once it is accepted, whichever state it has above."""
        world = a_world()
        id = escalated(world)
        assert world.refusal(COUNTY, desk(COUNTY), DONE, TUESDAY, id).code is Code.HANDLING_FROZEN
        world.act(CITY, office(CITY), AcceptEscalation(), WEDNESDAY, id)
        world.deliver()
        steps = (
            (office(CITY), Dispatch(lead=f"{CITY}-housing"), State.DISPATCHED),
            (desk(CITY), Sign(), State.HANDLING),
            (desk(CITY), DONE, State.COMPLETED),
        )
        for actor, step, state in steps:
            assert world.refusal(COUNTY, desk(COUNTY), DONE, THURSDAY, id).code is Code.NOT_HOLDER
            world.act(CITY, actor, step, THURSDAY, id)
            world.deliver(CITY, COUNTY)
            shown = world.see(COUNTY, id)
            assert (state, f"{CITY}-housing", CITY) == (shown.state, shown.lead, shown.custody.holder)
        assert world.refusal(COUNTY, desk(COUNTY), DONE, THURSDAY, id).code is Code.NOT_HOLDER

    def test_returned_twice_for_the_same_reason_is_marked(self):
        """FEDERATION 2.5: it goes to the next level's list."""
        world = a_world()
        id = escalated(world)
        marks = []
        for day in (WEDNESDAY, FRIDAY):
            (entry,) = world.act(CITY, office(CITY), BACK, day, id)
            assert isinstance(entry.event, EscalationReturned)
            marks.append(entry.event.is_repeated)
            world.deliver()
            world.act(COUNTY, office(COUNTY), UP, day, id)
            world.deliver()

        assert [False, True] == marks


class TestWithdrawal:
    """FEDERATION 2.5: exactly one of accepted, returned and withdrawn is journaled by the node asked."""

    WISH = RequestWithdrawalOfEscalation(Text("solved here"))

    def test_asked_back_in_time_it_comes_back(self):
        """The superior's own entry lets it go; until then it stays frozen."""
        world = a_world()
        id = escalated(world)

        world.act(COUNTY, office(COUNTY), self.WISH, WEDNESDAY, id)
        still = world.see(COUNTY, id)
        world.deliver()
        world.act(CITY, NODE, WithdrawEscalation(), WEDNESDAY, id)
        world.deliver()

        ticket = world.see(COUNTY, id)
        assert (State.ESCALATED, True) == (still.state, still.escalations[-1].withdrawal_asked)
        assert (State.HANDLING, COUNTY, 2, "withdrawn") == (
            ticket.state,
            ticket.custody.holder,
            ticket.custody.number,
            ticket.escalations[-1].outcome,
        )
        assert ticket.open_asks() == ()

    def test_too_late_is_answered_too(self):
        """The request crossed with the acceptance: it is refused by an entry and stays accepted."""
        world = a_world()
        id = escalated(world)
        world.act(COUNTY, office(COUNTY), self.WISH, WEDNESDAY, id)
        world.deliver()

        entries = world.act(CITY, office(CITY), AcceptEscalation(), WEDNESDAY, id)
        world.deliver()

        assert ["EscalationAccepted", "AskRefused"] == [entry.header.kind for entry in entries]
        assert (CITY, ()) == (world.see(COUNTY, id).custody.holder, world.see(COUNTY, id).open_asks())
        assert world.refusal(CITY, NODE, WithdrawEscalation(), WEDNESDAY, id).code is Code.NOT_ASKED

    def test_nobody_withdraws_what_was_not_asked_back(self):
        """And nobody but who holds it asks it back."""
        world = a_world()
        id = escalated(world)

        assert world.refusal(CITY, NODE, WithdrawEscalation(), WEDNESDAY, id).code is Code.NOTHING_PENDING
        assert world.refusal(PROVINCE, office(PROVINCE), self.WISH, WEDNESDAY, id).code is Code.NOT_HOLDER


class TestDecidedAbove:
    """DESIGN 6: the superior ends by deciding and returns custody; the origin feeds back, completes and closes."""

    def test_the_decision_brings_custody_back_to_the_department_that_had_it(self):
        """The former pack, class, lead and remaining time go on."""
        world = a_world()
        id = accepted(world)

        (entry,) = world.act(CITY, office(CITY), DECIDE, LATER, id)
        world.deliver()
        world.act(COUNTY, NODE, ResumeAfterReturn(), LATER, id)

        ticket = world.see(COUNTY, id)
        assert (3, COUNTY, 1) == (entry.header.custody.number, entry.header.custody.holder, entry.header.custody.follows)
        assert (State.HANDLING, With.DEPARTMENT, f"{COUNTY}-housing", f"pack-{COUNTY}@0000000000{COUNTY}") == (
            ticket.state,
            ticket.with_whom,
            ticket.lead,
            ticket.pack,
        )
        assert (True, CITY, entry.header.id) == (ticket.decided_above, ticket.escalations[-1].decided_by, ticket.escalations[-1].decision)
        resolve = ticket.clock("resolve")
        assert resolve is not None and resolve.due_at == day_end("2026-03-20")  # 9 of 10 days were left on the 9th
        assert [clock for clock in ticket.clocks_of(CITY) if clock.stopped_at is None] == []
        world.act(COUNTY, desk(COUNTY), RecordProgress(Text("told the company")), LATER, id)

    def test_from_the_county_over_the_city_to_the_province_and_back(self):
        """DESIGN 6: the numbers form a chain that everybody sees, and the decision comes down the way it went up."""
        world = a_world()
        id = registered(world)
        world.act(COUNTY, office(COUNTY), UP, MONDAY, id)
        world.deliver()
        world.act(CITY, office(CITY), AcceptEscalation(category="coordination"), TUESDAY, id)
        world.act(CITY, office(CITY), UP, TUESDAY, id)
        world.deliver()
        world.act(PROVINCE, office(PROVINCE), AcceptEscalation(), WEDNESDAY, id)
        assert world.refusal(CITY, NODE, PassDownDecision(), WEDNESDAY, id).code is Code.HANDLING_FROZEN
        (decision,) = world.act(PROVINCE, office(PROVINCE), DECIDE, THURSDAY, id)
        world.deliver()
        world.act(CITY, NODE, PassDownDecision(), THURSDAY, id)
        world.deliver()
        world.act(COUNTY, NODE, ResumeAfterReturn(), THURSDAY, id)
        world.deliver()

        for node in (COUNTY, CITY, PROVINCE):
            ticket = world.see(node, id)
            assert ((COUNTY, CITY, PROVINCE, CITY, COUNTY), 5) == (ticket.custody.openers, ticket.custody.number)
            assert ["decided", "decided"] == [hop.outcome for hop in ticket.escalations]
            assert {(PROVINCE, decision.header.id)} == {(hop.decided_by, hop.decision) for hop in ticket.escalations}
            # Nobody had it in hand when it went up: the county's office names who feeds back, within a limit.
            assert (State.FORMED, With.OFFICE, f"pack-{COUNTY}@0000000000{COUNTY}") == (ticket.state, ticket.with_whom, ticket.pack)
            assert {"resolve"} == {clock.name for clock in ticket.clocks.values() if clock.is_running}

    def test_without_an_escalation_there_is_nothing_to_decide_above(self):
        """Only what was taken over from below."""
        world = a_world()
        id = handled(world, node=CITY)

        for command in (DECIDE, PassDownDecision(), ReturnCustody(Text("yours"))):
            assert world.refusal(CITY, office(CITY), command, WEDNESDAY, id).code is Code.NOT_ASKED
        taken = accepted(world)
        assert world.refusal(CITY, office(CITY), PassDownDecision(), WEDNESDAY, taken).code is Code.NOTHING_PENDING
        assert world.refusal(CITY, office(CITY), DecideAbove(Text("")), WEDNESDAY, taken).facts == {"field": "decision"}

    def test_what_was_taken_over_may_go_back_undecided_with_a_reason(self):
        """The ticket resumes the state it left."""
        world = a_world()
        id = accepted(world)

        assert world.refusal(CITY, office(CITY), ReturnCustody(), THURSDAY, id).facts == {"field": "reason"}
        world.act(CITY, office(CITY), ReturnCustody(Text("the law changed")), THURSDAY, id)

        ticket = world.see(CITY, id)
        assert (State.HANDLING, COUNTY, "returned", False) == (
            ticket.state, ticket.custody.holder, ticket.escalations[-1].outcome, ticket.decided_above)  # fmt: skip


class TestOverride:
    """FEDERATION 2.5: the level above both may move custody; without one, both operators together after 5 working days."""

    def test_the_province_gives_a_ticket_back_over_a_dead_city(self):
        """What the city still writes under its number has no effect (I22), and it lets its clocks go."""
        world = a_world()
        id = accepted(world)
        command = OverrideCustody(COUNTY, Text("the city is flooded"))

        assert world.refusal(COUNTY, office(COUNTY), command, LATER, id).code is Code.NOT_ABOVE
        world.act(PROVINCE, office(PROVINCE), command, LATER, id)
        (late,) = world.act(CITY, office(CITY), DECIDE, LATER, id)
        world.deliver()
        world.act(CITY, NODE, ReleaseClocks(), LATER, id)
        world.act(COUNTY, NODE, ResumeAfterReturn(), LATER, id)
        world.deliver()

        for node in (COUNTY, CITY, PROVINCE):
            ticket = world.see(node, id)
            assert (State.HANDLING, COUNTY, 3, False) == (ticket.state, ticket.custody.holder, ticket.custody.number, ticket.decided_above)
            assert ((late.header.id,), "overridden", False) == (ticket.void, ticket.escalations[-1].outcome, ticket.is_incomplete)
            assert {(COUNTY, "resolve")} == {(clock.node, clock.name) for clock in ticket.clocks.values() if clock.is_running}

    def test_a_request_that_nobody_answers_is_overridden_too(self):
        """The ask is settled by the opener, whatever it names."""
        world = a_world()
        id = escalated(world)

        world.act(PROVINCE, office(PROVINCE), OverrideCustody(COUNTY, Text("no answer")), LATER, id)

        ticket = world.see(PROVINCE, id)
        assert (State.HANDLING, COUNTY, ()) == (ticket.state, ticket.custody.holder, ticket.open_asks())

    def test_two_operators_together_where_no_node_stands_above_both(self):
        """DESIGN 6: agreed by the other end's own entry, and not before 5 working days."""
        world = a_world()
        id = handled(world, node=CITY)
        world.act(CITY, office(CITY), UP, TUESDAY, id)
        world.deliver()
        command = OverrideCustody(CITY, Text("the province is away"))

        assert world.refusal(CITY, office(CITY), command, LATER, id).code is Code.NOT_ABOVE
        assert world.refusal(CITY, operator(CITY), command, LATER, id).code is Code.OVERRIDE_UNCONFIRMED
        world.act(PROVINCE, operator(PROVINCE), RequestOverride(CITY, Text("agreed")), WEDNESDAY, id)
        world.deliver()
        early = world.refusal(CITY, operator(CITY), command, beijing("2026-03-11 18:00"), id)
        world.act(CITY, operator(CITY), command, beijing("2026-03-12 09:00"), id)
        world.deliver()

        assert early.code is Code.OVERRIDE_TOO_EARLY
        for node in (CITY, PROVINCE):
            ticket = world.see(node, id)
            assert (State.HANDLING, CITY, 2, ()) == (ticket.state, ticket.custody.holder, ticket.custody.number, ticket.open_asks())

    def test_operators_do_not_decide_where_a_level_stands_above(self):
        """The province is there: it decides."""
        world = a_world()
        id = escalated(world)
        world.act(CITY, operator(CITY), RequestOverride(COUNTY, Text("agreed")), WEDNESDAY, id)
        world.deliver()

        refusal = world.refusal(COUNTY, operator(COUNTY), OverrideCustody(COUNTY, Text("back")), beijing("2026-03-20 09:00"), id)

        assert refusal.code is Code.NOT_ABOVE


def test_the_calendar_of_these_tests_has_no_holiday_in_march():
    """The dates above count plain weeks."""
    assert all(CALENDAR.is_workday(date(2026, 3, day)) for day in (2, 3, 4, 5, 6, 9, 10, 11, 12, 13))
