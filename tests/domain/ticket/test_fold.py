"""Folding: a ticket is a function of the set of its entries."""

import random
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.entry import Actor, Change, ClockChange, CustodyHead, Folded, Header, Subject
from node.domain.organisation import Place
from node.domain.payload import Text
from node.domain.ticket.custody import CustodyOverridden, DecideAbove, DecidedAbove
from node.domain.ticket.escalation import AcceptEscalation, EscalationAccepted, RequestEscalation, RequestWithdrawalOfEscalation
from node.domain.ticket.finding import AskRefused, FindingRaised
from node.domain.ticket.fold import Rank, evolve, fold_ticket, goes_on, in_order, line_of
from node.domain.ticket.handling import ProgressRecorded, RecordProgress
from node.domain.ticket.state import State, With
from node.domain.ticket.ticket import clock_key
from tests.domain.ticket.given import CITY, COUNTY, MONDAY, PROVINCE, THURSDAY, TUESDAY, WEDNESDAY
from tests.domain.ticket.levels import LINES, SISTER, World, a_world, desk, handled, office
from tests.domain.ticket.stories import NODES, Story

UP = RequestEscalation(power_item="LAND-07", reason=Text("beyond us"))
SEEDS = st.integers(0, 2**32)


def line_entry(
    node: str,
    number: int,
    version: int,
    *,
    id: str = "",
    holder: str = "",
    follows: int = 0,
    kind: str = "ProgressRecorded",
    addressee: str = "",
    opener: str = "",
    epoch: int = 1,
    when: datetime = MONDAY,
) -> Folded:
    """A line entry of ticket "t" as its header shows it."""
    head = Header(
        node=node,
        epoch=epoch,
        seq=number * 100 + version,
        id=id or f"{number}.{version}",
        recorded_at=when,
        subject=Subject("ticket", "t"),
        kind=kind,
        actor=Actor("a", "office"),
        custody=CustodyHead(number, holder, follows, opener),
        version=version,
        addressee=addressee,
    )
    return Folded(head, None)


def places(entries: tuple[Folded, ...]) -> list[str]:
    """The ids of *entries*, in order."""
    return [entry.header.id for entry in entries]


ZONE = "520424-kfq"
RANK = Place(CITY, (PROVINCE,), {PROVINCE: "", CITY: PROVINCE, COUNTY: CITY, SISTER: CITY}).rank
FIRST = line_entry(COUNTY, 1, 1, holder=COUNTY)
SECOND = line_entry(COUNTY, 1, 2)
FREEZE = line_entry(COUNTY, 1, 3, kind="EscalationRequested", addressee=CITY)
ACCEPT = line_entry(CITY, 2, 1, holder=CITY, follows=3, kind="EscalationAccepted", opener="1.1")
ABOVE = line_entry(CITY, 2, 2, opener="2.1")


class TestLine:
    """DESIGN 13: openers, versions without a gap, and what has no effect."""

    @pytest.mark.parametrize(
        ("entries", "line", "void", "is_incomplete"),
        [
            ((FIRST, SECOND, FREEZE, ACCEPT, ABOVE), ["1.1", "1.2", "1.3", "2.1", "2.2"], [], False),
            ((SECOND,), [], [], True),
            ((FIRST, FREEZE), ["1.1"], [], True),
            ((FIRST, SECOND, ACCEPT), ["1.1", "1.2"], [], True),
            ((FIRST, SECOND, FREEZE, ABOVE), ["1.1", "1.2", "1.3"], [], True),
            ((FIRST, SECOND, FREEZE, ACCEPT, line_entry(CITY, 2, 3)), ["1.1", "1.2", "1.3", "2.1"], [], True),
            # Handling is frozen at the request: what the asker still writes has no effect, before and after the answer.
            ((FIRST, SECOND, FREEZE, line_entry(COUNTY, 1, 4)), ["1.1", "1.2", "1.3"], ["1.4"], False),
            ((FIRST, SECOND, FREEZE, line_entry(COUNTY, 1, 4), ACCEPT), ["1.1", "1.2", "1.3", "2.1"], ["1.4"], False),
            # A late result under a number that the writer no longer holds (I22).
            ((FIRST, SECOND, FREEZE, ACCEPT, line_entry(COUNTY, 2, 2, id="late")), ["1.1", "1.2", "1.3", "2.1"], ["late"], False),
            # What stands behind the version that the next opener follows.
            (
                (
                    FIRST,
                    SECOND,
                    line_entry(COUNTY, 1, 3, id="behind"),
                    line_entry(PROVINCE, 2, 1, holder=PROVINCE, follows=2, kind="CustodyOverridden"),
                ),
                ["1.1", "1.2", "2.1"],
                ["behind"],
                False,
            ),
        ],
    )
    def test_the_effective_line(self, entries: tuple[Folded, ...], line: list[str], void: list[str], is_incomplete: bool):
        """Any order of arrival gives the same."""
        for order in (entries, tuple(reversed(entries))):
            found = line_of(order, RANK)
            assert (line, void, is_incomplete) == (places(found.entries), places(found.void), found.is_incomplete)

    @pytest.mark.parametrize(
        ("writer", "frozen", "kind", "is_lawful"),
        [
            (CITY, True, "EscalationAccepted", True),
            (COUNTY, True, "EscalationReturned", False),
            (COUNTY, True, "CustodyOverridden", True),
            (PROVINCE, True, "CustodyOverridden", True),
            (SISTER, True, "EscalationAccepted", False),
            (COUNTY, False, "CustodyReturned", True),
            (SISTER, False, "CustodyOverridden", False),
            (CITY, False, "CustodyOverridden", True),
            (CITY, False, "DecidedAbove", False),
        ],
    )
    def test_who_may_open_the_next_number(self, writer: str, frozen: bool, kind: str, is_lawful: bool):
        """The node asked, and it alone, while frozen; else the holder; an override of a node above both always."""
        entries = [FIRST, SECOND, *([FREEZE] if frozen else [])]
        opener = line_entry(writer, 2, 1, id="opener", holder=writer, follows=len(entries), kind=kind, opener="1.1")

        line = line_of([*entries, opener], RANK)

        assert ("opener" in places(line.entries)) is is_lawful
        assert ([] if is_lawful else ["opener"], False) == (places(line.void), line.is_incomplete)

    def test_of_two_openers_of_one_number_the_higher_nodes_holds(self):
        """At every node, whichever came first: ranks agree from each place in the tree."""
        over = line_entry(PROVINCE, 2, 1, id="over", holder=COUNTY, follows=3, kind="CustodyOverridden", opener="1.1")
        on = line_entry(COUNTY, 2, 2, id="on")
        for node, line in LINES.items():
            rank = Place(node, line, {PROVINCE: "", CITY: PROVINCE, COUNTY: CITY, SISTER: CITY}).rank
            found = line_of([on, ACCEPT, FREEZE, FIRST, ABOVE, over, SECOND], rank)
            assert ["1.1", "1.2", "1.3", "over", "on"] == places(found.entries)
            assert {"2.1", "2.2"} == set(places(found.void))

    def test_what_was_written_on_a_line_that_did_not_hold_has_no_effect_on_the_other(self):
        """The city accepted, decided; the province had overridden: the decision follows an entry that is void."""
        over = line_entry(PROVINCE, 2, 1, id="over", holder=COUNTY, follows=3, kind="CustodyOverridden", opener="1.1")
        on = line_entry(COUNTY, 2, 2, id="on", opener="over")
        for follows in (1, 2, 3):
            late = line_entry(CITY, 3, 1, id="late", holder=COUNTY, follows=follows, kind="CustodyOverridden", opener="2.1")
            behind = line_entry(COUNTY, 2, 2, id="behind", opener="2.1")
            found = line_of([FIRST, SECOND, FREEZE, ACCEPT, ABOVE, behind, late, over, on], RANK)
            assert (["1.1", "1.2", "1.3", "over", "on"], False) == (places(found.entries), found.is_incomplete)
            assert {"2.1", "2.2", "behind", "late"} == set(places(found.void))
            assert found.clash == ()

    @pytest.mark.parametrize(
        ("beside", "named"),
        [
            ((), set()),
            ((line_entry(CITY, 2, 2, kind="TransferRequested", addressee=SISTER, opener="2.1"),), {SISTER}),
            # Whom that one gave it to, too, whose word alone names it.
            (
                (
                    line_entry(CITY, 2, 2, kind="TransferRequested", addressee=SISTER, opener="2.1"),
                    line_entry(SISTER, 3, 1, holder=ZONE, follows=2, kind="TransferAccepted", opener="2.1"),
                ),
                {SISTER, ZONE},
            ),
            # Nobody gave the sister anything: what she writes of it fetches the file for nobody.
            ((line_entry(SISTER, 3, 1, holder=ZONE, follows=1, kind="TransferAccepted", opener="2.1"),), set()),
        ],
    )
    def test_who_was_named_beside_the_line_by_one_with_a_part_in_it(self, beside: tuple[Folded, ...], named: set[str]):
        """The province had overridden what the city accepted and handed on: who got it there hears of the line that holds."""
        world = a_world()
        id = handled(world)
        (first, *_) = world.known[COUNTY][id].values()
        registered = Folded(FIRST.header, first.event)
        over = line_entry(PROVINCE, 2, 1, id="over", holder=COUNTY, follows=2, kind="CustodyOverridden", opener="1.1")
        asked = line_entry(COUNTY, 1, 2, kind="EscalationRequested", addressee=CITY, opener="1.1")
        accepted = line_entry(CITY, 2, 1, holder=CITY, follows=2, kind="EscalationAccepted", opener="1.1")

        ticket = fold_ticket([registered, asked, accepted, *beside, over], RANK)

        assert ticket is not None
        assert {SISTER, ZONE} & ticket.beside == named

    def test_what_was_written_under_an_opener_that_is_not_here_waits_for_it(self):
        """Two openers of number 2 name the county; the one that the county stood under is still to come."""
        returned = line_entry(CITY, 2, 1, id="returned", holder=COUNTY, follows=3, kind="EscalationReturned", opener="1.1")
        over = line_entry(PROVINCE, 2, 1, id="over", holder=COUNTY, follows=3, kind="CustodyOverridden", opener="1.1")
        on = line_entry(COUNTY, 2, 2, id="on", opener="over")

        before = line_of([FIRST, SECOND, FREEZE, returned, on], RANK)
        after = line_of([FIRST, SECOND, FREEZE, returned, on, over], RANK)

        assert (["1.1", "1.2", "1.3", "returned"], True) == (places(before.entries), before.is_incomplete)
        assert (["1.1", "1.2", "1.3", "over", "on"], ["returned"], False) == (
            places(after.entries),
            places(after.void),
            after.is_incomplete,
        )

    def test_a_used_version_with_another_id_is_an_alarm(self):
        """The later epoch's holds: what lay behind its begin was superseded."""
        again = line_entry(COUNTY, 1, 2, id="again", epoch=2)

        found = line_of([FIRST, SECOND, again], RANK)

        assert (["1.1", "again"], ["1.2"], ["1.2"]) == (places(found.entries), places(found.clash), places(found.void))

    @pytest.mark.parametrize(
        ("answers", "follows", "holds"),
        [
            (("first",), 2, ["1.1", "first", "2 of first"]),
            (("again",), 2, ["1.1", "again", "2 of again"]),
            (("first", "again"), 2, ["1.1", "again", "2 of again"]),
            ((), 2, ["1.1", "again"]),
            # An opener that follows something else is no answer to it.
            (("first",), 1, ["1.1", "again"]),
        ],
    )
    def test_of_two_requests_in_one_place_that_holds_by_which_custody_went_on(
        self, answers: tuple[str, ...], follows: int, holds: list[str]
    ):
        """A request that was lost and is given back takes nothing from whom the second one gave it to; else the later epoch's holds."""
        asked = {"first": SISTER, "again": CITY}
        requests = [
            line_entry(COUNTY, 1, 2, id=id, kind="TransferRequested", addressee=to, epoch=epoch, opener="1.1")
            for epoch, (id, to) in enumerate(asked.items(), 1)
        ]
        openers = [line_entry(asked[id], 2, 1, id=f"2 of {id}", holder=asked[id], follows=follows, opener="1.1") for id in answers]
        openers = [replace(one, header=replace(one.header, answers=id)) for one, id in zip(openers, answers, strict=True)]
        entries = [FIRST, *requests, *openers]

        for several in (entries, entries[::-1]):
            assert holds == places(line_of(several, RANK).entries)

    def test_an_entry_folds_once(self):
        """Whichever journal position brings its id."""
        found = line_of([FIRST, SECOND, replace(SECOND, header=replace(SECOND.header, epoch=2, seq=9))], RANK)

        assert (["1.1", "1.2"], []) == (places(found.entries), places(found.clash))


class TestSides:
    """Side entries stand where their writers stood, whatever their clocks said."""

    def test_a_side_entry_stays_among_its_writers_own(self):
        """The county's clock is an hour slow for one entry: its order is its journal's."""
        slow = line_entry(COUNTY, 1, 0, id="side", when=MONDAY - timedelta(hours=1))
        side = Folded(replace(slow.header, seq=103), None)
        third = line_entry(COUNTY, 1, 4, id="third")

        ordered = in_order((FIRST, SECOND, third), [side])

        assert ["1.1", "1.2", "side", "third"] == [entry.header.id for entry in ordered]

    def test_what_is_answered_comes_before_its_answer(self):
        """The asker's clock is fast; the answer names the ask."""
        ask = line_entry(CITY, 1, 0, id="ask", when=WEDNESDAY)
        answer = Folded(replace(SECOND.header, answers="ask"), None)

        ordered = in_order((FIRST, answer), [ask])

        assert ["1.1", "ask", "1.2"] == [entry.header.id for entry in ordered]

    def test_an_ask_that_comes_after_its_answer_is_answered(self):
        """A side entry may overtake what it answers."""
        world = a_world()
        ticket = world.see(COUNTY, handled(world))
        answer = Folded(replace(line_entry(COUNTY, 1, 0, id="no").header, answers="ask"), AskRefused("WRONG_STATE"))
        ask = Folded(replace(line_entry(CITY, 1, 0, id="ask", addressee=COUNTY).header, kind="FindingRaised"), FindingRaised(False, False))

        after = evolve(evolve(ticket, answer), ask)

        assert (True, "FindingRaised", CITY) == (after.asks["ask"].is_answered, after.asks["ask"].kind, after.asks["ask"].node)
        assert after.open_asks() == ()

    def test_the_request_for_withdrawal_that_the_answer_overtook_stays_answered(self):
        """Clocks: the county's is seven minutes fast, so its request is recorded after the city's answer to it."""
        world = a_world()
        id = handled(world)
        world.act(COUNTY, office(COUNTY), UP, TUESDAY, id)
        world.act(COUNTY, office(COUNTY), RequestWithdrawalOfEscalation(Text("back")), TUESDAY + timedelta(minutes=7), id)
        world.deliver()
        world.act(CITY, office(CITY), AcceptEscalation(), TUESDAY + timedelta(minutes=1), id)
        world.deliver()

        ticket = world.see(COUNTY, id)
        assert ((), True, "accepted") == (ticket.open_asks(), ticket.escalations[-1].withdrawal_asked, ticket.escalations[-1].outcome)


class TestClocks:
    """DESIGN 13: a clock belongs to the node that started it; only that node changes it."""

    def test_another_nodes_entry_cannot_touch_it(self):
        """Nor can a change to a clock that is not there make one."""
        world = a_world()
        ticket = world.see(COUNTY, handled(world))
        stop = tuple(ClockChange(name, Change.STOPPED) for name in ("resolve", "nothing"))
        side = line_entry(CITY, 1, 0, id="side")
        foreign = Folded(replace(side.header, clocks=stop), None)

        assert evolve(ticket, foreign).clocks == ticket.clocks

    def test_both_ends_have_a_resolve_clock_of_their_own(self):
        """The asker's stands under the receiver's eyes and is the first again after the return."""
        world = a_world()
        id = handled(world)
        world.act(COUNTY, office(COUNTY), UP, TUESDAY, id)
        world.deliver()
        world.act(CITY, office(CITY), AcceptEscalation(), WEDNESDAY, id)
        above = world.see(CITY, id)
        world.act(CITY, office(CITY), DecideAbove(Text("yes")), THURSDAY, id)
        after = world.see(CITY, id)

        assert {"resolve", f"resolve@{COUNTY}"} <= set(above.clocks)
        assert {"resolve", f"resolve@{CITY}"} <= set(after.clocks)
        assert ("resolve", "resolve@x") == (clock_key("resolve", CITY, CITY), clock_key("resolve", "x", CITY))

    def test_a_peer_whose_clock_is_behind_cannot_end_a_pause_before_it_began(self):
        """Folding does not stumble over it."""
        world = a_world()
        id = handled(world)
        world.act(COUNTY, office(COUNTY), UP, TUESDAY, id)
        ticket = world.see(COUNTY, id)
        resumed = ClockChange("resolve", Change.RESUMED, 10, "workday", THURSDAY, since=MONDAY)
        side = line_entry(COUNTY, 1, 0, id="side")

        after = evolve(ticket, Folded(replace(side.header, clocks=(resumed,)), None)).clock("resolve")

        assert after is not None and after.pauses[-1].begin == after.pauses[-1].end == TUESDAY


class TestUnknownKinds:
    """An older node shows the right state for a kind that it does not know (DESIGN 13)."""

    def test_the_header_alone_moves_the_ticket(self):
        """State, who must act, custody and version; the entry is listed."""
        world = a_world()
        id = handled(world)
        ticket = world.see(COUNTY, id)
        head = line_entry(COUNTY, 1, ticket.version + 1, id="new", kind="FromTheFuture").header
        entry = Folded(replace(head, state="verifying", with_whom="leader"), None)

        after = evolve(ticket, entry)

        assert (State.VERIFYING, With.LEADER, ("new",), ticket.version + 1) == (after.state, after.with_whom, after.unknown, after.version)

    def test_nothing_unknown_begins_a_ticket(self):
        """Without a registration there is no file; while it is missing there is no ticket."""
        with pytest.raises(ValueError, match="cannot begin"):
            evolve(None, FIRST)
        assert fold_ticket([SECOND], RANK) is None


def raced(world: World) -> tuple[str, Folded, Folded]:
    """The city decides while the province, which cannot see it, overrides: the city's decision has no effect."""
    id = handled(world)
    world.act(COUNTY, office(COUNTY), UP, TUESDAY, id)
    world.deliver()
    (accepted,) = world.act(CITY, office(CITY), AcceptEscalation(), WEDNESDAY, id)
    world.deliver()
    over = line_entry(PROVINCE, 3, 1, id="over", holder=COUNTY, follows=1, kind="CustodyOverridden", opener=accepted.header.id)
    head = over.header
    override = Folded(replace(head, subject=Subject("ticket", id)), CustodyOverridden())
    return id, accepted, override


def test_a_race_between_decision_and_override_ends_the_same_everywhere():
    """I16, I22: two openers of number 3; the higher node's holds and the other is void evidence."""
    world = a_world()
    id, accepted, override = raced(world)
    (decided,) = world.act(CITY, office(CITY), DecideAbove(Text("yes")), THURSDAY, id)
    world.take(PROVINCE, [override])
    world.deliver()

    assert (EscalationAccepted, DecidedAbove) == (type(accepted.event), type(decided.event))
    for node in NODES:
        ticket = world.see(node, id)
        assert (COUNTY, 3, (decided.header.id,), "overridden") == (
            ticket.custody.holder, ticket.custody.number, ticket.void, ticket.escalations[-1].outcome)  # fmt: skip
        assert State.HANDLING is ticket.state
    (on,) = world.act(COUNTY, desk(COUNTY), RecordProgress(Text("on")), THURSDAY, id)
    assert isinstance(on.event, ProgressRecorded)


def folded_on(entries: list[Folded], rank: Rank) -> list[bool]:
    """Whether each of *entries* goes on from those before it; where it does, it is checked that nothing else would have come of it."""
    found = []
    for size, entry in enumerate(entries):
        ticket = fold_ticket(entries[:size], rank) if size else None
        found.append(ticket is not None and goes_on(entries[:size], ticket, entry, rank))
        if found[-1]:
            assert fold_ticket(entries[: size + 1], rank) == evolve(ticket, entry)
    return found


class TestGoingOn:
    """What plainly stands behind everything else needs no folding anew; all else does."""

    PLAIN = (FIRST, SECOND, FREEZE, ACCEPT, ABOVE)

    @staticmethod
    def later(entries: tuple[Folded, ...]) -> list[Folded]:
        """*entries*, each recorded an hour after the one before, the first of them one that begins a ticket."""
        opening = handled_first()
        heads = [opening.header, *(one.header for one in entries[1:])]
        events = [opening.event, *(one.event for one in entries[1:])]
        times = [MONDAY + timedelta(hours=place) for place in range(len(heads))]
        return [Folded(replace(head, recorded_at=at), event) for head, event, at in zip(heads, events, times, strict=True)]

    def test_a_line_goes_on_from_its_first_entry(self):
        assert [False, True, True, True, True] == folded_on(self.later(self.PLAIN), RANK)

    @pytest.mark.parametrize(
        "last",
        [
            line_entry(COUNTY, 2, 3, holder="", opener="1.1"),
            line_entry(CITY, 2, 4),
            line_entry(CITY, 3, 1, holder=COUNTY, follows=1, kind="DecidedAbove", opener="2.1"),
            line_entry(COUNTY, 3, 1, holder=COUNTY, follows=2, kind="CustodyReturned", opener="2.1"),
            line_entry(CITY, 2, 3, id="1.2"),
            line_entry(CITY, 4, 1, holder=CITY, follows=2),
        ],
        ids=["not the holder", "a gap", "follows an earlier version", "may not open", "known", "skips a number"],
    )
    def test_what_is_not_the_lines_next_is_folded_with_the_whole(self, last: Folded):
        assert [True, False] == folded_on(self.later((*self.PLAIN, last)), RANK)[-2:]

    @pytest.mark.parametrize("hours", [-2, -1])
    def test_nor_does_what_was_not_recorded_after_everything_else(self, hours: int):
        """A peer's clock: where a side entry belongs depends on it."""
        entries = self.later((*self.PLAIN, line_entry(PROVINCE, 2, 0, id="side")))
        late = entries[-1]

        entries[-1] = Folded(replace(late.header, recorded_at=late.header.recorded_at + timedelta(hours=hours)), late.event)

        assert not folded_on(entries, RANK)[-1]

    def test_a_side_entry_goes_on(self):
        assert folded_on(self.later((*self.PLAIN, line_entry(PROVINCE, 2, 0, id="side"))), RANK)[-1]


def handled_first() -> Folded:
    """The first entry of a ticket of the county, under the id of ``FIRST``."""
    world = a_world()
    handled(world)
    first = world.journals[COUNTY][0]
    return Folded(replace(first.header, id=FIRST.header.id, node=COUNTY, seq=FIRST.header.seq, subject=FIRST.header.subject), first.event)


class TestStories:
    """The properties, over random stories between three levels with random delivery (I06, I07, I16, I17, I22)."""

    @settings(max_examples=25, deadline=None)
    @given(seed=SEEDS, shuffle=SEEDS, with_overrides=st.booleans())
    def test_a_ticket_is_a_function_of_the_set_of_its_entries(self, seed: int, shuffle: int, with_overrides: bool):
        """Any order of any part of them gives the same ticket, in everything."""
        story = Story(seed, with_overrides).tell(60)
        chance = random.Random(shuffle)
        entries = story.entries()
        part = [entry for entry in entries if chance.random() < 0.8]
        for chosen in (entries, part):
            rank = story.world.policies[CITY].place.rank
            before = fold_ticket(chosen, rank)
            mixed = list(chosen)
            chance.shuffle(mixed)
            assert fold_ticket(mixed, rank) == before

    @settings(max_examples=25, deadline=None)
    @given(seed=SEEDS, shuffle=SEEDS, with_overrides=st.booleans())
    def test_a_ticket_that_goes_on_is_what_all_its_entries_fold_to(self, seed: int, shuffle: int, with_overrides: bool):
        """In their order, and where some come late or not at all."""
        story = Story(seed, with_overrides).tell(40)
        chance, rank = random.Random(shuffle), story.world.policies[CITY].place.rank
        entries = sorted(story.entries(), key=lambda entry: entry.header.recorded_at)
        folded_on(entries, rank)
        late = [entry for entry in entries if chance.random() < 0.95]
        for place in range(1, len(late)):
            if chance.random() < 0.2:
                late[place - 1], late[place] = late[place], late[place - 1]
        folded_on(late, rank)

    @settings(max_examples=25, deadline=None)
    @given(seed=SEEDS, with_overrides=st.booleans())
    def test_when_all_is_delivered_every_node_agrees(self, seed: int, with_overrides: bool):
        """On everything, not only on state, holder, number and version; and nothing is missing."""
        story = Story(seed, with_overrides).tell(60)

        county, city, province = (story.see(node) for node in NODES)

        assert county == city == province
        assert county is not None and not county.is_incomplete

    @settings(max_examples=25, deadline=None)
    @given(seed=SEEDS)
    def test_at_most_one_node_may_act_at_any_moment(self, seed: int):
        """I16 ONLINE, where nobody overrides: whoever sees himself as holder and not frozen is alone."""

        def check(story: Story) -> None:
            tickets = {node: story.see(node) for node in NODES}
            actors = [
                node
                for node, one in tickets.items()
                if one is not None and one.custody.holder == node and not one.custody.is_frozen and not one.is_incomplete
            ]
            assert len(actors) <= 1

        Story(seed, False, after_each=check).tell(60)

    @settings(max_examples=25, deadline=None)
    @given(seed=SEEDS, with_overrides=st.booleans())
    def test_numbers_grow_by_one_and_only_the_holder_writes_under_his(self, seed: int, with_overrides: bool):
        """I16, I17: of the effective line; what else was written is void."""
        story = Story(seed, with_overrides).tell(60)
        line = line_of(story.entries(), story.world.policies[PROVINCE].place.rank)

        openers = [entry.header for entry in line.entries if entry.header.is_opener]
        holders = {head.custody.number: head.custody.holder for head in openers}
        assert list(range(1, len(openers) + 1)) == [head.custody.number for head in openers]
        assert all(entry.header.node == holders[entry.header.custody.number] for entry in line.entries if entry.header.version > 1)
        effective = {entry.header.id for entry in line.entries}
        written = {entry.header.id for entry in story.entries() if entry.header.is_line}
        assert effective | {entry.header.id for entry in line.void} == written

    @settings(max_examples=25, deadline=None)
    @given(seed=SEEDS)
    def test_whoever_must_act_has_a_running_clock(self, seed: int):
        """DESIGN 5, once reactions have run: an open ticket of which nobody is timed would be forgotten."""
        story = Story(seed, False).tell(60)
        story.react()
        ticket = story.see(COUNTY)

        assert ticket is not None
        if ticket.is_open:
            assert [clock.name for clock in ticket.clocks.values() if clock.is_running] != []

    def test_the_stories_do_not_stand_still(self):
        """Every move of custody happens in some of them, and some late results are void."""
        stories = [Story(seed, True).tell(60) for seed in range(30)]

        told = {entry.header.kind for story in stories for entry in story.entries()}
        moves = {
            "EscalationAccepted",
            "EscalationReturned",
            "EscalationWithdrawn",
            "DecidedAbove",
            "TransferAccepted",
            "CustodyReturned",
            "CustodyOverridden",
        }
        assert moves <= told
        assert any(ticket is not None and ticket.void for ticket in (story.see(CITY) for story in stories))
