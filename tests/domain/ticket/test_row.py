"""The thin row: folded entry by entry it is what a refold of the whole ticket gives."""

import importlib
import pkgutil
import types
import typing
from collections.abc import Iterator
from dataclasses import MISSING, fields, replace
from datetime import date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import node.domain.ticket as areas
from node.domain.entry import CustodyHead, Folded, Header
from node.domain.payload import Contact, Text
from node.domain.ticket import records as r
from node.domain.ticket.completion import Completed
from node.domain.ticket.evaluation import Evaluated
from node.domain.ticket.fold import Rank, evolve, fold_ticket
from node.domain.ticket.intake import Registered
from node.domain.ticket.row import LINES, QUIET_SIDES, SIDES, first_row, fold_row, row_of
from node.domain.ticket.state import State, With
from node.domain.ticket.ticket import Ticket, TicketEvent
from tests.domain.ticket.given import CITY, COUNTY, MONDAY, OFFICE, TUESDAY, WEDNESDAY
from tests.domain.ticket.levels import a_world, completed, handled, registered
from tests.domain.ticket.stories import NODES, Story, refolded

for module in pkgutil.iter_modules(areas.__path__):
    importlib.import_module(f"{areas.__name__}.{module.name}")


def kinds(base: type[TicketEvent] = TicketEvent) -> Iterator[type[TicketEvent]]:
    """Every kind of event of a ticket."""
    for one in base.__subclasses__():
        yield one
        yield from kinds(one)


EVENTS = {kind.kind(): kind for kind in kinds() if kind.__module__.startswith(areas.__name__)}
SAMPLES: dict[object, list[object]] = {
    str: ["yes", "no", "", "extension", "category", "office", "satisfied"], int: [1, 2], bool: [True, False],
    date: [date(2026, 3, 20)], datetime: [TUESDAY],
}  # fmt: skip
# Codes that an event turns into a value of an enum.
CODES = {"with_whom_next": ["office", "department"], "to": ["lead", "dispatch", "triage"], "cause": ["rework", "finding", "unconfirmed"]}


@st.composite
def events(draw: st.DrawFn, kind: type[TicketEvent]) -> TicketEvent:
    """An event of *kind* with fields of its types; what it says need not make sense."""
    hints = typing.get_type_hints(kind)
    values = {}
    for field in fields(kind):
        if field.default is not MISSING and field.name not in CODES and draw(st.booleans()):
            continue
        values[field.name] = draw(st.sampled_from(CODES[field.name])) if field.name in CODES else _value(draw, hints[field.name])
    return kind(**values)


def _value(draw: st.DrawFn, hint: object) -> object:
    if hint in SAMPLES:
        return draw(st.sampled_from(SAMPLES[hint]))
    if typing.get_origin(hint) is tuple:
        return draw(st.sampled_from([(), ("a",), ("a", "b")]))
    assert isinstance(hint, types.UnionType), hint
    inner = [one for one in typing.get_args(hint) if one is not type(None)]
    if Text in inner:
        return Text("words")
    return Contact("reach") if Contact in inner else _value(draw, inner[0])


def tickets() -> list[Ticket]:
    """A registered, a handled and a completed ticket, and one with every record filled."""
    world = a_world()
    plain = [world.see(COUNTY, make(world)) for make in (registered, handled, completed)]
    supplement = r.Supplement(("licence",), "handling", MONDAY)
    full = replace(
        plain[-1],
        state=State.REWORKING,
        with_whom=With.DEPARTMENT,
        judgement=r.Judgement(MONDAY),
        supplement=supplement,
        objection=r.Objection("ask", "unit", "other", "office", MONDAY),
        coordination=r.Coordination("ask", "unit", "office", MONDAY, ("unit",)),
        extension=r.Application("ask", "unit", MONDAY),
        recheck=r.Recheck("ask", "facts", "proposed", MONDAY),
        refused=r.Refused("reason", MONDAY),
        left=r.Left(State.COMPLETED, With.OFFICE),
        merge=r.Merge(into="other", left=r.Left(State.FORMED, With.OFFICE)),
        terminated_for="unreachable",
        rounds=(*plain[-1].rounds, r.Round(2, "rework", TUESDAY, left=r.Left(State.COMPLETED, With.OFFICE))),
    )
    return [*plain, full]


TICKETS = tickets()


def next_entry(ticket: Ticket, event: TicketEvent, when: datetime = WEDNESDAY) -> tuple[Folded, Ticket]:
    """*event* as the holder's next entry (a side entry if its kind is one), and the ticket after it."""
    version = 0 if event.is_side else ticket.version + 1
    head = Header(
        node=ticket.custody.holder, epoch=1, seq=900, id="next", recorded_at=when, subject=ticket.subject, kind=event.kind(), actor=OFFICE,
        custody=CustodyHead(ticket.custody.number), version=version, addressee=CITY,
    )  # fmt: skip
    after = evolve(ticket, Folded(head, event))
    if version:
        head = replace(head, state=after.state.value, with_whom=after.with_whom.value)
    return Folded(head, event), after


class TestEveryKind:
    """What the table of kinds says is what ``apply`` does."""

    @pytest.mark.parametrize("kind", sorted({*LINES, *QUIET_SIDES, *SIDES}))
    @settings(max_examples=30, deadline=None)
    @given(data=st.data())
    def test_a_row_says_what_the_ticket_says(self, kind: str, data: st.DataObject):
        """Whatever the event's fields, and whatever ticket it meets, on which it can happen at all."""
        event = data.draw(events(EVENTS[kind]))
        ticket = data.draw(st.sampled_from(TICKETS))
        try:
            entry, after = next_entry(ticket, event)
        except (AssertionError, ValueError):  # it cannot happen to this ticket
            return

        assert fold_row(row_of(ticket), entry) in (None, row_of(after))

    @pytest.mark.parametrize("kind", sorted({*LINES, *QUIET_SIDES, *SIDES}))
    def test_each_kind_of_the_table_is_folded_without_the_ticket(self, kind: str):
        """The usual next entry of a handled or full ticket; else the table would be for nothing."""
        fast = 0
        for ticket in TICKETS:
            for code in ("yes", "office", "lead"):
                try:
                    entry, after = next_entry(ticket, an_event(EVENTS[kind], code))
                except (AssertionError, ValueError):
                    continue
                row = fold_row(row_of(ticket), entry)
                fast += row is not None
                assert row in (None, row_of(after))
        assert fast > 0

    def test_the_table_names_kinds_that_exist(self):
        """Sides are sides, lines are lines."""
        assert {name for name, kind in EVENTS.items() if kind.is_side} >= {*QUIET_SIDES, *SIDES}
        assert {name for name, kind in EVENTS.items() if not kind.is_side and not kind.opens} >= set(LINES)


def an_event(kind: type[TicketEvent], code: str) -> TicketEvent:
    """An event of *kind* with its first values; *code* for codes."""
    hints = typing.get_type_hints(kind)
    values = {}
    for field in fields(kind):
        if field.default is not MISSING and field.name not in CODES:
            continue
        hint = hints[field.name]
        offered = CODES.get(field.name, [code])
        if hint is str:
            values[field.name] = code if code in offered else offered[0]
        else:
            values[field.name] = SAMPLES[hint][0] if hint in SAMPLES else () if typing.get_origin(hint) is tuple else None
    return kind(**values)


def whole(entries: list[Folded], rank: Rank) -> Ticket:
    """The ticket of all its entries."""
    ticket = fold_ticket(entries, rank)
    assert ticket is not None
    return ticket


class TestUnusual:
    """DESIGN 13: anything but the usual next version refolds the ticket."""

    def test_what_the_row_cannot_say_is_refolded(self):
        """A gap, a used version, another number, another node, a frozen or incomplete row, an unknown kind, no row."""
        ticket = TICKETS[1]
        row = row_of(ticket)
        entry, after = next_entry(ticket, an_event(EVENTS["ProgressRecorded"], "x"))
        head = entry.header

        assert fold_row(row, entry) == row_of(after)
        assert fold_row(None, entry) is None
        assert fold_row(row, replace(entry, event=None)) is None
        for other in (
            replace(head, version=head.version + 1),
            replace(head, version=head.version - 1),
            replace(head, custody=CustodyHead(2)),
            replace(head, node=CITY),
        ):
            assert fold_row(row, Folded(other, entry.event)) is None
        assert fold_row(replace(row, asked=CITY), entry) is None
        assert fold_row(replace(row, is_incomplete=True), entry) is None

    @pytest.mark.parametrize(
        ("opener", "is_plain", "after"),
        [
            ("own", True, (2, False, 0)),
            ("", True, (2, False, 0)),
            # Of an opener that is not here it may have been the turn: what names it waits, and the ticket with it.
            ("019bf7d0-9280-7c5d-8ccf-f35ac553e325", False, (1, True, 0)),
            # Beside the line for ever: no opener at all, and one of somebody lower, which does not hold.
            ("told", False, (1, False, 1)),
            ("lower", False, (1, False, 2)),
        ],
    )
    def test_what_stands_under_another_opener_is_judged_by_the_whole_ticket(
        self, opener: str, is_plain: bool, after: tuple[int, bool, int]
    ):
        """In the first custody number, too, a peer may name what it likes: row and refold say the same (I06)."""
        world = a_world()
        id = registered(world)
        (first,) = world.known[COUNTY][id].values()
        rank = world.policies[COUNTY].place.rank
        entries = [first]
        if opener == "lower":  # below it stands nobody here: a node that nobody knows ranks last
            entries.append(Folded(replace(first.header, id="lower", node="520402-x", custody=CustodyHead(1, "520402-x")), first.event))
        row = row_of(whole(entries, rank))
        event = an_event(EVENTS["ProgressRecorded"], "x")
        head = next_entry(whole(entries, rank), event)[0].header
        head = replace(head, id="told", custody=replace(head.custody, opener=first.header.id if opener == "own" else opener))
        told = Folded(head, event)

        plain, refolded = fold_row(row, told), whole([*entries, told], rank)

        assert row_of(refolded) == (plain or row_of(refolded))
        assert (is_plain, after) == (plain is not None, (refolded.version, refolded.is_incomplete, len(refolded.void)))

    def test_a_registration_alone_makes_the_first_row(self):
        """For a caller who knows that there is nothing else about the ticket."""
        world = a_world()
        id = registered(world)
        (entry,) = world.known[COUNTY][id].values()

        assert first_row(entry) == row_of(world.see(COUNTY, id))

    @settings(max_examples=100, deadline=None)
    @given(event=events(Registered), version=st.sampled_from([1, 2]))
    def test_whatever_a_registration_says_its_row_is_that_of_the_ticket(self, event: Registered, version: int):
        """The short road and the long one, also for a header that opens nothing."""
        head = Header(
            node=COUNTY, epoch=1, seq=9, id="first", recorded_at=MONDAY, subject=TICKETS[0].subject, kind="Registered", actor=OFFICE,
            custody=CustodyHead(1, COUNTY), version=version, state="registered", with_whom="office",
        )  # fmt: skip

        assert first_row(Folded(head, event)) == row_of(evolve(None, Folded(head, event)))

    def test_a_new_round_takes_the_result_away(self):
        """The figures of the round in force; the count of outcomes stays.  It is refolded: a vote may have come before it."""
        ticket = TICKETS[2]
        before = row_of(ticket)
        entry, after = next_entry(ticket, an_event(EVENTS["FindingExecuted"], "completed"))
        row = row_of(after)

        assert fold_row(before, entry) is None
        assert (MONDAY, True, 1, 1) == (before.completed_at, before.completed_in_time, before.outcomes, before.rounds)
        assert (None, None, 1, 2) == (row.completed_at, row.completed_in_time, row.outcomes, row.rounds)

    def test_the_appellants_vote_comes_before_what_the_revisit_heard(self):
        """And where the vote is neither, the revisit's stands."""
        ticket = TICKETS[2]
        revisit = r.Revisit(MONDAY, "a", True, is_satisfied=True)
        for vote, expected in ((False, False), (None, True)):
            last = replace(ticket.rounds[-1], revisit=revisit, evaluation=r.Evaluation(MONDAY, "s", "v", vote))
            assert row_of(replace(ticket, rounds=(last,))).satisfied is expected
        assert (Completed.kind(), Evaluated.kind()) == ("Completed", "Evaluated")

    def test_whoever_ever_had_a_part_is_named(self):
        """Routing asks it: origin, holders, and who was asked."""
        story = Story(3, True).tell(150)
        for node in NODES:
            ticket, row = story.see(node), story.rows[node]
            assert ticket is not None and row is not None
            named = {ticket.origin, ticket.custody.holder, *(hop.to_node for hop in ticket.escalations)}
            assert named <= row.parties


class TestStories:
    """Random stories between three levels, random delivery: every node's row is always what a refold gives (I06)."""

    @settings(max_examples=25, deadline=None)
    @given(seed=st.integers(0, 2**32), with_overrides=st.booleans())
    def test_the_row_is_the_refolded_row_at_every_step(self, seed: int, with_overrides: bool):
        """Own entries and those of others, in any order, with gaps that close later."""

        def check(story: Story) -> None:
            for node in NODES:
                assert story.rows.get(node) == refolded(story, node)

        story = Story(seed, with_overrides, after_each=check).tell(60)

        assert len({story.rows[node] for node in NODES}) == 1

    def test_most_entries_take_the_short_way(self):
        """The rest is refolded: gaps, moves of custody, votes."""
        stories = [Story(seed, False).tell(80) for seed in range(10)]
        entries = sum(len(story.entries()) for story in stories)

        assert sum(story.fast for story in stories) > entries
