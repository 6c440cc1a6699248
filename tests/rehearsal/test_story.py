"""The story plays: every act is carried out, or refused as told, under the real packs and the real calendar."""

from datetime import UTC

import pytest

from federation.rehearsal.story import ACTS, ENDS, LINK_DOWN, sampling
from federation.rehearsal.story.staff import CITY, GUANLING, PROVINCE, XIXIU
from node.domain.entry import Actor
from node.domain.organisation import Role
from node.domain.refusal import Code
from node.domain.round import RecordCall, cut_from
from node.domain.sampling import commitment, draw_sample, sample_size
from node.domain.ticket.finding import RaiseFinding
from node.domain.ticket.state import State
from tests.rehearsal.player import Played, World

CITY_OFFICE = Actor("centre", Role.OFFICE.value, f"{CITY.code}-centre")


@pytest.fixture(scope="module")
def played() -> tuple[World, list[Played]]:
    """The whole story, played once, and swept to its last minute."""
    world = World(LINK_DOWN)
    outcomes = world.play(ACTS)
    world.reach(ENDS.astimezone(UTC))
    return world, outcomes


@pytest.fixture(scope="module")
def world(played: tuple[World, list[Played]]) -> World:
    """The nodes as they are when the story is over."""
    return played[0]


def at_reveal() -> World:
    """The nodes as they are when February's round is revealed."""
    world = World(LINK_DOWN)
    world.play([act for act in ACTS if act.at < sampling.REVEALED_AT])
    world.reach(sampling.REVEALED_AT.astimezone(UTC))
    return world


def kinds_at(world: World, node: str, label: str) -> set[str]:
    """The kinds of entries that *node* has about the ticket."""
    return {entry.header.kind for entry in world.sites[node].files[world[label]]}


def frame(world: World, county: str) -> list[str]:
    """Labels of what the county completed from the first day up to the draw, but for what is decided above or handed down."""
    site = world.sites[county]
    found = []
    for label, number in world.numbers.items():
        ticket = site.ticket(number)
        if ticket is None or ticket.origin != county or ticket.decided_above or ticket.handed_down:
            continue
        if any(one.completion and one.completion.completed_at <= sampling.DRAWN_AT for one in ticket.rounds):
            found.append(label)
    return found


class TestPlaying:
    """Issue 2 item 9: nine weeks, four nodes, real input."""

    def test_every_act_is_carried_out_or_refused_as_it_says(self, played: tuple[World, list[Played]]) -> None:
        """No limit, right or state stands in the way of the story, and what must be refused is refused with that code."""
        wrong = [
            f"{one.act.at:%m-%d %H:%M} {one.act.node} {one.act.account} on {one.act.ticket}: {one.refusal or one.detail or 'carried out'}"
            for one in played[1]
            if one.refusal != one.act.expects or (one.detail and not one.refusal)
        ]

        assert [] == wrong

    def test_what_a_standing_rule_did_already_is_left_out(self, played: tuple[World, list[Played]]) -> None:
        """Letting go in time and passing a decision down need no judgement; giving back what is done is the office's word."""
        left_out = [one.act.ticket for one in played[1] if one.is_left_out]

        assert ["land-quota", "dust-screens"] == left_out

    def test_only_what_is_meant_to_be_late_is_late(self, world: World) -> None:
        """AS25-4.6.1.2a: one ticket is handled and one signed after the limit; everybody else keeps every limit."""
        overdue = sorted((node, label, clock) for node, label, clock, rung in world.fired if rung == "overdue")

        assert [("520402", "drainage", "resolve"), ("520402", "tea-frost", "sign")] == overdue

    def test_what_will_be_late_was_warned_of(self, world: World) -> None:
        """AS25-4.6.1.2a: the early warning goes off before the limit does."""
        fired = [rung for node, label, clock, rung in world.fired if (node, label, clock) == ("520402", "drainage", "resolve")]

        assert ["early_warning", "urge", "overdue", "supervise"] == fired

    def test_the_late_ticket_is_completed_as_late(self, world: World) -> None:
        """What is recorded after the due time does not meet the limit."""
        ticket = world.sites[XIXIU.code].ticket(world["drainage"])

        assert ticket is not None
        assert [False] == [one.completion.is_in_time for one in ticket.rounds if one.completion]

    def test_every_node_that_follows_a_ticket_has_the_same_one(self, world: World) -> None:
        """
        Agreement: the same entries and the same state at every holder past and present and above them, also for what was
        written while the city was away.  Who was only asked for it, and was right to object, follows it no more.
        """
        for label, number in world.numbers.items():
            ticket = world.sites[number[:6]].ticket(number)
            assert ticket is not None
            followers = {code for holder in ticket.custody.openers for code in (holder, *world.sites[holder].policy.place.line)}
            seen = {frozenset(entry.header.id for entry in world.sites[code].files[number]) for code in followers}
            states = {(found.state, found.custody) for code in followers if (found := world.sites[code].ticket(number))}
            assert (1, 1) == (len(seen), len(states)), label

    def test_nothing_at_the_end_waits_without_a_clock(self, world: World) -> None:
        """DESIGN 5: whoever must act now has a running clock."""
        untimed = []
        for label, number in world.numbers.items():
            for site in world.sites.values():
                ticket = site.ticket(number)
                if ticket and ticket.custody.holder == site.entry.code and ticket.is_open:
                    running = [clock for clock in ticket.clocks.values() if clock.is_running]
                    untimed += [] if running else [label]

        assert [] == untimed


class TestCutOff:
    """Two days in which nobody reaches the city: the counties work on and everybody catches up."""

    def test_nobody_acts_at_the_city_meanwhile(self) -> None:
        """Its process is stopped."""
        assert [] == [act for act in ACTS if act.node == LINK_DOWN.node and LINK_DOWN.begin <= act.at < LINK_DOWN.end]

    def test_it_is_two_working_days(self, world: World) -> None:
        """A weekend would prove nothing."""
        calendar = world.sites[CITY.code].policy.calendar

        assert [True, True] == [calendar.is_workday(LINK_DOWN.begin.date()), calendar.is_workday((LINK_DOWN.end.date()).replace(day=11))]

    def test_both_counties_work_on(self) -> None:
        """At least ten acts in each."""
        acts = [act.node for act in ACTS if LINK_DOWN.begin <= act.at < LINK_DOWN.end]

        assert 10 <= min(acts.count(XIXIU.code), acts.count(GUANLING.code))

    def test_what_was_asked_meanwhile_is_received_when_the_city_is_back(self, world: World) -> None:
        """The request of 02-10 reaches the city on 02-12; its time to answer runs from there (POLICY_PACKS 2 no. 3)."""
        file = world.sites[CITY.code].files[world["fossil-signs"]]
        times = {entry.header.kind: entry.header.recorded_at for entry in file}

        assert LINK_DOWN.begin < times["EscalationRequested"] < LINK_DOWN.end <= times["EscalationReceived"]


KINDS = (
    ("answered on the spot", "tax-relief", {"AnsweredOnTheSpot", "RevisitFiled", "Closed"}),
    ("handled as own duty", "food-licence", {"OwnDutyTaken", "OwnDutySorted", "Closed"}),
    ("simple consultation", "insurance-deferral", {"Formed", "Dispatched", "Signed", "Completed", "Closed"}),
    ("complex coordination, conferred first", "frame-plant", {"JudgementOpened", "OpinionGiven", "JudgementClosed", "Formed"}),
    ("co-handlers", "frame-plant", {"CoHandlingConfirmed", "ContributionFiled"}),
    ("a co-handler that the lead adds", "recruitment", {"CoHandlerAdded", "ContributionFiled"}),
    ("complaint", "parking-fees", {"Formed", "Completed", "Closed"}),
    ("missing material, supplied", "fire-acceptance", {"SupplementAsked", "SupplementNotified", "SupplementReported", "Formed"}),
    ("missing material while handling", "timber-boiler", {"SupplementApplied", "SupplementConsented", "SupplementReported"}),
    ("refused as unlawful, with persuasion", "local-protection", {"NotAccepted", "PersuasionRecorded"}),
    ("refused as a dispute between market entities", "unpaid-goods", {"NotAccepted", "PersuasionRecorded"}),
    ("refused for a statutory procedure", "herb-arbitration", {"NotAccepted", "PersuasionRecorded"}),
    ("objection upheld", "factory-floor", {"ObjectionRaised", "ObjectionUpheld"}),
    ("objection rejected", "pump-station", {"ObjectionRaised", "ObjectionRejected", "Signed"}),
    ("objection to the government", "cold-store-smell", {"ObjectionCoordinated", "ObjectionReported", "Signed"}),
    ("duplicate merged with consent", "water-bill-again", {"MergedInto"}),
    ("merge undone", "batik-training", {"MergedInto", "MergeUndone", "Completed"}),
    ("common issue linked", "pump-station", {"CommonLinked"}),
    ("wrong dispatch recalled", "road-works", {"DispatchRecalled", "Signed"}),
    ("change of lead", "recruitment", {"LeadChanged"}),
    ("correction", "recruitment", {"ContactCorrected", "FactCorrected"}),
    ("extension approved", "farm-loan", {"ExtensionRequested", "ExtensionGranted"}),
    ("extension refused", "night-power", {"ExtensionRequested", "ExtensionRefused"}),
    ("escalation accepted, the city decides", "land-title", {"EscalationAccepted", "DecidedAbove", "Completed"}),
    ("escalation returned", "sign-board", {"EscalationReturned", "ClocksResumed", "Completed"}),
    ("escalation withdrawn in time", "dust-screens", {"EscalationWithdrawn", "ClocksResumed", "Completed"}),
    ("passed on to the province", "land-quota", {"EscalationAccepted", "DecidedAbove", "Closed"}),
    ("escalation at triage, the city decides", "pepper-base", {"EscalationAccepted", "DecidedAbove", "Dispatched", "Completed", "Closed"}),
    ("escalation at triage, returned to triage", "solar-forest", {"JudgementClosed", "EscalationRequested", "Formed"}),
    ("asked while the city is away", "fossil-signs", {"EscalationReceived", "DecidedAbove", "Closed"}),
    ("found inconsistent and reworked", "park-lights", {"Reworked", "Closed"}),
    ("recheck: the result stands", "invoice-quota", {"RecheckProposed", "RecheckOpened", "RecheckDecided", "Closed"}),
    ("recheck: done over", "stone-road", {"RecheckDecided", "RectificationChecked", "Closed"}),
    ("dissatisfied but consistent", "repeated-inspections", {"RevisitFiled", "Evaluated", "Closed"}),
    ("withdrawn by the appellant", "bus-parking", {"WithdrawalApplied", "Terminated"}),
    ("unreachable", "phone-off", {"ContactAttempted", "TerminationRequested", "Terminated"}),
    ("anonymous", "anonymous-fees", {"TerminationRequested", "Terminated"}),
    ("overdue", "drainage", {"RungFired", "Completed"}),
    ("late sign", "tea-frost", {"RungFired", "Signed"}),
    ("reopened", "dairy-cooling", {"Reworked", "Closed"}),
    ("reported back to who assigned it", "assigned-logistics", {"ReportedBack", "Closed"}),
    ("handed down by the city", "quarry-dust", {"TransferRequested", "TransferAccepted", "CustodyReturned", "Closed"}),
    ("handed down, objected to, taken back", "freight-route", {"TransferObjected", "TransferRuled", "TransferReturned", "Closed"}),
    ("handed down by the province", "recycled-plastics", {"TransferRequested", "TransferAccepted", "CustodyReturned", "Closed"}),
    ("by the statutory path", "book-tender", {"Completed", "Closed"}),
    ("with the superior at the end", "rail-siding", {"EscalationRequested", "EscalationReceived"}),
)
OPEN_AT_THE_END = {
    "tea-fair": State.HANDLING,
    "software-talent": State.REGISTERED,
    "rail-siding": State.ESCALATED,
    "egg-feed": State.DISPATCHED,
    "feed-warehouse": State.HANDLING,
}
REFUSALS = {
    "VERSION_CONFLICT",
    "PERMISSION_DENIED",
    "PART_OPEN",
    "HANDLING_FROZEN",
    "NOT_HOLDER",
    "MUST_SIGN",
    "SUPPLEMENT_INCOMPLETE",
    "REPORT_BACK_MISSING",
}


class TestKinds:
    """Issue 2 item 9: appeals of all kinds."""

    def test_there_are_forty_appeals_and_more(self, world: World) -> None:
        """At least forty; at both counties and at the city."""
        origins = [number[:6] for number in world.numbers.values()]

        assert len(world.numbers) >= 40
        assert {CITY.code, XIXIU.code, GUANLING.code, PROVINCE.code} == set(origins)

    @pytest.mark.parametrize(("kind", "label", "entries"), KINDS)
    def test_the_kind_occurs(self, world: World, kind: str, label: str, entries: set[str]) -> None:
        """What makes a ticket one of this kind stands in its file, at the node that took it in."""
        node = world[label][:6]

        assert entries == entries & kinds_at(world, node, label)

    def test_the_members_are_asked_before_the_ticket_is_formed(self, world: World) -> None:
        """AS25-4.2.1.3a."""
        file = [entry.header.kind for entry in world.sites[XIXIU.code].files[world["frame-plant"]]]

        assert file.index("OpinionGiven") < file.index("JudgementClosed") < file.index("Formed")

    def test_the_plant_has_nine_departments(self, world: World) -> None:
        """FJ23: "涉及9个部门": the lead and eight co-handlers, each of which filed its part."""
        ticket = world.sites[XIXIU.code].ticket(world["frame-plant"])

        assert ticket is not None
        assert [1, 8] == [len({ticket.lead}), [part.state for part in ticket.co_handlers].count("filed")]

    def test_the_province_decides_what_the_city_passes_on(self, world: World) -> None:
        """The decision comes back the way it went up, and says who decided."""
        ticket = world.sites[XIXIU.code].ticket(world["land-quota"])

        assert ticket is not None
        assert ("520402", "520400", "520000", "520400", "520402") == ticket.custody.openers
        assert ["520000", "520000"] == [hop.decided_by for hop in ticket.escalations]

    def test_some_tickets_stay_open(self, world: World) -> None:
        """The last week's appeals are in hand when the story ends, nothing else is."""
        states = {}
        for label, number in world.numbers.items():
            ticket = world.sites[number[:6]].ticket(number)
            if ticket is not None and ticket.is_open:
                states[label] = ticket.state

        assert OPEN_AT_THE_END == states

    def test_several_attempts_are_refused(self, played: tuple[World, list[Played]]) -> None:
        """Version conflict, wrong role, an open part, an escalated ticket, and more; each code exists."""
        refused = {one.refusal for one in played[1] if one.refusal}

        assert REFUSALS == refused
        assert refused <= {code.name for code in Code}


class TestSampling:
    """AS25-3.2.4b: the city calls a tenth of what each county completed in February."""

    @pytest.mark.parametrize("county", sampling.COUNTIES)
    def test_enough_is_completed_for_a_sample_to_mean_something(self, world: World, county: str) -> None:
        """Twelve tickets or more in each county's frame."""
        assert 12 <= len(frame(world, county))

    def test_the_frame_can_be_cut_by_then(self, world: World) -> None:
        """FEDERATION 3.2: late synchronisation has had its time when the story looks at the draw."""
        assert cut_from(sampling.PERIOD, world.sites[CITY.code].policy) <= sampling.DRAWN_AT

    def test_the_round_runs_in_order_and_ends_before_the_story(self) -> None:
        """Drawn, called, revealed; rework and the second revisit are over by 03-29."""
        steps = [sampling.DRAWN_AT, sampling.CALLED_FROM, sampling.CALLED_AGAIN, sampling.REVEALED_AT]

        assert sorted(steps) == steps
        assert ENDS > max(act.at for act in sampling.rework("any", f"{XIXIU.code}-housing")) > sampling.REVEALED_AT

    @pytest.mark.parametrize("county", sampling.COUNTIES)
    def test_every_drawn_ticket_is_reached_before_the_reveal(self, county: str) -> None:
        """Calls for whatever is drawn, in office hours, the last of each a reached one."""
        made = sampling.calls(county, [(f"key-{place}#1", "any") for place in range(5)])
        last = {one.command.key: one.command.is_reached for one in made if isinstance(one.command, RecordCall)}

        assert {f"key-{place}#1": True for place in range(5)} == last
        assert all(sampling.DRAWN_AT < one.at < sampling.REVEALED_AT for one in made)

    def test_exactly_one_finding_follows(self) -> None:
        """Only what is drawn first in 西秀区 is not as reported."""
        answers = [sampling.answer_of(county, place, "any") for county in sampling.COUNTIES for place in range(3)]

        assert [False] + [True] * 5 == [one.is_consistent for one in answers]

    def test_whatever_is_drawn_first_can_be_worked_over_and_closed(self) -> None:
        """The draw cannot be foreseen, so the finding and what follows from it play on every ticket of the frame."""
        world = at_reveal()
        now = sampling.REVEALED_AT.astimezone(UTC)
        labels = frame(world, XIXIU.code)
        tickets = {label: world.sites[XIXIU.code].ticket(world[label]) for label in labels}
        for label in labels:
            world.give(world.sites[CITY.code], CITY_OFFICE, world[label], RaiseFinding(False, True, round="R520400-520402-2026-02"), now)
        fired = len(world.fired)
        acts = [
            act
            for label, ticket in tickets.items()
            if ticket is not None and ticket.completion is not None
            for act in sampling.rework(label, ticket.lead, on_the_spot=ticket.completion.on_the_spot)
        ]
        outcomes = [world.act(act) for act in sorted(acts, key=lambda act: act.at)]

        assert [] == [(one.act.ticket, one.refusal or one.detail) for one in outcomes if one.refusal or one.detail]
        assert [] == [rung for rung in world.fired[fired:] if rung[1] in labels and rung[3] == "overdue"]
        assert {State.CLOSED} == {world.sites[CITY.code].ticket(world[label]).state for label in labels}  # type: ignore[union-attr]

    @pytest.mark.parametrize("county", sampling.COUNTIES)
    def test_a_tenth_is_drawn(self, world: World, county: str) -> None:
        """AS25-3.2.4b by the real pack: rounded up."""
        pack = world.sites[CITY.code].policy.pack
        rate, floor = pack.number("revisit.sampling.rate"), pack.number("revisit.sampling.floor")
        keys = [f"{world[label]}#1" for label in frame(world, county)]
        seed = commitment(county, sampling.PERIOD, bytes(32))

        assert max(-(-len(keys) * rate // 100), min(floor, len(keys))) == len(draw_sample(keys, rate, floor, seed))
        assert sample_size(len(keys), rate, floor) >= 2
