"""Transfer down, objection and ruling, and custody's way back up."""

from datetime import date

import pytest

from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.ticket import clocks
from node.domain.ticket.completion import Completed
from node.domain.ticket.custody import ResumeAfterReturn, ReturnCustody
from node.domain.ticket.dispatching import Sign
from node.domain.ticket.handling import RecordProgress
from node.domain.ticket.revisit import RecordRevisit
from node.domain.ticket.state import State, With
from node.domain.ticket.transfer import (
    AcceptTransfer,
    CarryOutTransferRuling,
    ObjectTransfer,
    ReceiveTransfer,
    RuleTransfer,
    TransferAccepted,
    TransferDown,
)
from node.domain.time import Limit
from tests.domain.ticket.given import FRIDAY, MONDAY, THURSDAY, TUESDAY, WEDNESDAY, a_policy, beijing, day_end, workdays
from tests.domain.ticket.levels import (
    CITY,
    COUNTY,
    DONE,
    NODE,
    PROVINCE,
    World,
    a_world,
    desk,
    dispatched,
    formed,
    handled,
    office,
    registered,
)

DUE = date(2026, 3, 10)
DOWN = TransferDown(CITY, DUE)


def handed_down(world: World) -> str:
    """A formed ticket that the province handed to the city on Tuesday, known to everybody."""
    id = registered(world, node=PROVINCE)
    formed(world, id, node=PROVINCE)
    world.act(PROVINCE, office(PROVINCE), DOWN, TUESDAY, id)
    world.deliver()
    return id


PACK_OF_CITY, PACK_OF_PROVINCE = "pack-520400@0000000000520400", "pack-520000@0000000000520000"


class TestTransferDown:
    """AS25-2.4a: the receiver takes it into its pool, with the superior's id and any limit set above."""

    def test_it_is_frozen_until_the_receiver_answers(self):
        """FEDERATION 2.5, with the direction turned."""
        world = a_world()
        id = handed_down(world)

        ticket = world.see(PROVINCE, id)
        assert (State.ESCALATED, With.SUBORDINATE, CITY, DUE) == (
            ticket.state, ticket.with_whom, ticket.custody.asked, ticket.escalations[-1].due)  # fmt: skip
        assert world.refusal(PROVINCE, office(PROVINCE), DOWN, TUESDAY, id).code is Code.HANDLING_FROZEN
        assert all(not clock.is_running for clock in ticket.clocks.values())

    def test_refusals_come_in_the_stated_order(self):
        """Only to a node directly below, with a date that can still be met."""
        world = a_world()
        id = registered(world, node=PROVINCE)
        yesterday = date(2026, 3, 1)

        assert world.refusal(PROVINCE, desk(PROVINCE), DOWN, MONDAY, id).code is Code.PERMISSION_DENIED
        assert world.refusal(PROVINCE, office(PROVINCE), TransferDown(COUNTY, yesterday), MONDAY, id).code is Code.NOT_SUBORDINATE
        assert world.refusal(PROVINCE, office(PROVINCE), TransferDown(CITY, yesterday), MONDAY, id).code is Code.DATE_TOO_EARLY
        assert len(world.act(PROVINCE, office(PROVINCE), TransferDown(CITY, MONDAY.date()), MONDAY, id)) == 1

    @pytest.mark.parametrize(
        ("limit", "due_on", "expected"),
        [
            (workdays(10), DUE, workdays(5)),
            (workdays(5), DUE, workdays(5)),
            (workdays(3), DUE, workdays(3)),
            (workdays(10), date(2026, 3, 8), workdays(3)),
            (workdays(10), date(2026, 3, 2), workdays(0)),
            (workdays(10), None, workdays(10)),
        ],
    )
    def test_the_stricter_limit_holds(self, limit: Limit, due_on: date | None, expected: Limit):
        """POLICY_PACKS 2 no. 22, counted from Tuesday 3 March; a Sunday ends with the Friday before."""
        assert clocks.stricter(limit, due_on, a_policy(), TUESDAY) == expected

    @pytest.mark.clause("AS25-2.4a")
    def test_done_below_it_goes_back_up_for_the_full_revisit(self):
        """AS25-2.4a, 3.2.4a: the city's ticket shows the origin and the date; the result appears in the province."""
        world = a_world()
        id = handed_down(world)
        (noted,) = world.act(CITY, NODE, ReceiveTransfer(), TUESDAY, id)
        assert world.act(CITY, NODE, ReceiveTransfer(), TUESDAY, id) == []
        (entry,) = world.act(CITY, office(CITY), AcceptTransfer(), TUESDAY, id)
        taken = world.see(CITY, id)
        resolve = taken.clock("resolve")
        assert resolve is not None
        assert isinstance(entry.event, TransferAccepted)
        assert (PROVINCE, CITY, State.FORMED, PACK_OF_CITY) == (
            taken.origin,
            taken.custody.holder,
            taken.state,
            taken.pack,
        )
        assert (day_end("2026-03-10"), ["transfer_answer"], True) == (
            resolve.due_at, [change.clock for change in noted.header.clocks], taken.handed_down)  # fmt: skip

        assert world.refusal(CITY, office(CITY), ReturnCustody(), WEDNESDAY, id).code is Code.WRONG_STATE
        dispatched(world, id, WEDNESDAY, CITY)
        world.act(CITY, desk(CITY), DONE, THURSDAY, id)
        world.act(CITY, NODE, ReturnCustody(), THURSDAY, id)
        world.deliver()
        world.act(PROVINCE, NODE, ResumeAfterReturn(), FRIDAY, id)

        ticket = world.see(PROVINCE, id)
        assert ticket.completion is not None
        assert (State.COMPLETED, With.OFFICE, PROVINCE, 3, True) == (
            ticket.state, ticket.with_whom, ticket.custody.holder, ticket.custody.number, ticket.handed_down)  # fmt: skip
        assert (THURSDAY, f"{CITY}-housing", PACK_OF_PROVINCE) == (
            ticket.completion.completed_at,
            ticket.completion.unit,
            ticket.pack,
        )
        results = [entry.event.result for entry in world.known[PROVINCE][id].values() if isinstance(entry.event, Completed)]
        assert [DONE.result] == results
        # The revisit is owed from the day of the return, and nothing else runs.
        assert {("revisit", day_end("2026-03-12"))} == {(clock.name, clock.due_at) for clock in ticket.clocks.values() if clock.is_running}
        assert world.act(PROVINCE, NODE, ResumeAfterReturn(), FRIDAY, id) == []

    def test_what_was_never_classed_is_formed_below(self):
        """The receiver names its class when it signs."""
        world = a_world()
        id = registered(world, node=PROVINCE)
        world.act(PROVINCE, office(PROVINCE), DOWN, MONDAY, id)
        world.deliver()

        assert world.refusal(CITY, office(CITY), AcceptTransfer(), TUESDAY, id).facts == {"field": "category"}
        world.act(CITY, office(CITY), AcceptTransfer("complaint"), TUESDAY, id)

        ticket = world.see(CITY, id)
        assert (State.FORMED, "complaint", 1, True) == (ticket.state, ticket.classing.category, len(ticket.rounds), ticket.is_formed)

    def test_a_rework_goes_to_the_same_department_below(self):
        """USERS part 3 no. 32: back to the lead, no new dispatch, no signing."""
        world = a_world()
        id = handed_down(world)
        world.act(CITY, office(CITY), AcceptTransfer(), TUESDAY, id)
        dispatched(world, id, TUESDAY, CITY)
        world.act(CITY, desk(CITY), DONE, TUESDAY, id)
        world.act(CITY, NODE, ReturnCustody(), TUESDAY, id)
        world.deliver()
        world.act(
            PROVINCE, office(PROVINCE), RecordRevisit(is_consistent=False, is_standard_met=False, evaluation="dissatisfied"), WEDNESDAY, id
        )
        assert world.see(PROVINCE, id).state is State.REWORKING
        world.act(PROVINCE, office(PROVINCE), TransferDown(CITY, date(2026, 3, 20)), WEDNESDAY, id)
        world.deliver()
        world.act(CITY, office(CITY), AcceptTransfer(), WEDNESDAY, id)

        ticket = world.see(CITY, id)
        resolve = ticket.clock("resolve")
        assert resolve is not None
        assert (State.REWORKING, With.DEPARTMENT, f"{CITY}-housing", f"{CITY}-housing") == (
            ticket.state, ticket.with_whom, ticket.lead, resolve.owes)  # fmt: skip
        world.act(CITY, desk(CITY), RecordProgress(Text("again")), WEDNESDAY, id)


class TestObjection:
    """USERS B12: the receiver signs or objects within its sign limit; the superior rules, and the ruling is final."""

    @pytest.mark.parametrize(
        ("is_upheld", "holder", "state", "kind"),
        [(True, PROVINCE, State.FORMED, "TransferReturned"), (False, CITY, State.FORMED, "TransferAccepted")],
    )
    def test_the_ruling_is_carried_out_by_the_receivers_own_entry(self, is_upheld: bool, holder: str, state: State, kind: str):
        """DESIGN 13: there are no remote writes."""
        world = a_world()
        id = handed_down(world)
        world.act(CITY, office(CITY), ObjectTransfer(Text("not ours")), WEDNESDAY, id)
        world.deliver()
        assert world.act(CITY, office(CITY), ObjectTransfer(Text("not ours")), WEDNESDAY, id) == []
        world.act(PROVINCE, office(PROVINCE), RuleTransfer(is_upheld), WEDNESDAY, id)
        world.deliver()
        assert world.refusal(CITY, office(CITY), ObjectTransfer(Text("still not")), WEDNESDAY, id).code is Code.RULED_BEFORE

        entry, granted = world.act(CITY, NODE, CarryOutTransferRuling(), THURSDAY, id)
        assert granted.header.kind == "AskGranted"
        world.deliver()
        if is_upheld:
            world.act(PROVINCE, NODE, ResumeAfterReturn(), THURSDAY, id)

        ticket = world.see(PROVINCE, id)
        assert (holder, state, (), kind) == (ticket.custody.holder, ticket.state, ticket.open_asks(), entry.header.kind)
        assert ticket.handed_down is not is_upheld
        assert {holder} == {clock.node for clock in ticket.clocks.values() if clock.is_running}

    def test_forced_without_a_class_of_this_pack_it_is_sorted_here_first(self):
        """A machine does not class: the office gets the forming limit."""
        world = a_world(n520400={"classes": ("consultation",)})
        id = handed_down(world)
        world.act(CITY, office(CITY), ObjectTransfer(Text("not ours")), WEDNESDAY, id)
        world.deliver()
        world.act(PROVINCE, office(PROVINCE), RuleTransfer(False), WEDNESDAY, id)
        world.deliver()

        world.act(CITY, NODE, CarryOutTransferRuling(), THURSDAY, id)

        ticket = world.see(CITY, id)
        assert (State.REGISTERED, ["form"]) == (ticket.state, [clock.name for clock in ticket.clocks_of(CITY) if clock.is_running])

    def test_too_late_and_out_of_turn(self):
        """No objection after the limit to sign, no ruling without an objection, no signing what was ruled away."""
        world = a_world()
        id = handed_down(world)
        world.act(CITY, NODE, ReceiveTransfer(), TUESDAY, id)

        assert world.refusal(CITY, office(CITY), ObjectTransfer(Text("")), WEDNESDAY, id).facts == {"field": "reason"}
        late = world.refusal(CITY, office(CITY), ObjectTransfer(Text("not ours")), beijing("2026-03-06 08:00"), id)
        assert late.code is Code.DEADLINE_PASSED
        assert world.refusal(PROVINCE, office(PROVINCE), RuleTransfer(True), WEDNESDAY, id).code is Code.NOTHING_PENDING
        assert world.refusal(CITY, office(CITY), RuleTransfer(True), WEDNESDAY, id).code is Code.NOT_HOLDER
        assert world.refusal(CITY, NODE, CarryOutTransferRuling(), WEDNESDAY, id).code is Code.NOTHING_PENDING
        world.act(CITY, office(CITY), ObjectTransfer(Text("not ours")), WEDNESDAY, id)
        world.deliver()
        world.act(PROVINCE, office(PROVINCE), RuleTransfer(True), WEDNESDAY, id)
        world.deliver()
        assert world.refusal(CITY, office(CITY), AcceptTransfer(), WEDNESDAY, id).code is Code.RULED_BEFORE

    def test_only_the_addressee_answers(self):
        """A county below the addressee has no say, and an escalation is no transfer."""
        world = a_world()
        id = handed_down(world)
        other = handled(world)

        assert world.refusal(COUNTY, office(COUNTY), AcceptTransfer(), WEDNESDAY, id).code is Code.NOT_ASKED
        assert world.refusal(COUNTY, office(COUNTY), AcceptTransfer(), WEDNESDAY, other).code is Code.NOT_ASKED
        assert world.refusal(CITY, desk(CITY), Sign(), WEDNESDAY, id).code is Code.NOT_HOLDER
