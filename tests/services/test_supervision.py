"""The sweep and its ladder: once each, in order, with the time it should have had, however long the node was off."""

import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node.domain.command import Order
from node.domain.order.issuing import IssueOrder
from node.domain.organisation import Place
from node.domain.pack import Pack
from node.domain.policy import Policy
from node.domain.refusal import Refusal
from node.domain.ticket.supervision_ladder import climb
from node.domain.ticket.urging import ClimbLadder
from node.packs.calendar_file import work_calendar
from node.packs.file import effective_pack, finder
from node.packs.linter import check
from node.packs.published import published
from node.services.clock import Sweep
from node.services.supervision import Standing, closed_quarters, last_of
from node.storage.unit_of_work import View
from tests.clauses.given import HOUSING, a_completion, a_county, beijing, clock_of, dispatched, handled, page_of, swept, the
from tests.clauses.orders import orders, the_order
from tests.support.node import Hands

# Warned, reminded, urged, warned and warned again: five steps beside the clock's own two points.
LADDER = """
[urging]
rungs = { value = ["urge", "supervise", "warn"], default = "for this test" }
urge.on = { value = "early_warning", default = "for this test" }
supervise.on = { value = "overdue", default = "for this test" }
warn.on = { value = "former", default = "for this test" }
warn.to = { value = "leader", default = "for this test" }
warn.form = { value = "written", default = "for this test" }
repeats_max = { value = 3, default = "for this test" }

[limit]
"rung.warn" = { value = "2 workdays", default = "for this test" }
"""
END = beijing("2026-04-01 09:00")


def a_desk_with_tickets(directory: Path) -> tuple[Hands, list[str]]:
    """A county with a ticket that is signed, one that is not, and one that asked a co-handler."""
    county = a_county(directory, rules=LADDER)
    return county, [handled(county), dispatched(county), dispatched(county, f"{county.node.code}-water")]


def fired(hands: Hands, tickets: list[str]) -> list[tuple[str, str, str, int, object, object]]:
    """Every rung of the tickets in the order of its writing: ticket, clock, rung, step, when the clock is due, when the rung was."""
    found = []
    for ticket in tickets:
        for entry in page_of(hands, ticket).timeline:
            if entry.kind == "RungFired":
                facts = entry.facts
                found.append((ticket[-5:], facts["clock"], facts["rung"], facts.get("times") or 0, facts["due_at"], entry.occurred_at))
    return found  # type: ignore[return-value]


@pytest.fixture(scope="module")
def always_on(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str, str, int, object, object]]:
    """What a node fires that looks every six hours."""
    county, tickets = a_desk_with_tickets(tmp_path_factory.mktemp("always-on"))
    while county.now < END:
        county.at(min(county.now + timedelta(hours=6), END)).node.sweep.run(county.now)
    return fired(county, tickets)


class TestOffTimes:
    """DESIGN 5, 9: the clock service fires what is due, once, whatever was missed while the node was off."""

    def test_a_node_that_is_always_on_fires_each_rung_at_its_time(self, always_on: list[tuple[str, str, str, int, object, object]]):
        """The resolve limit ends on 12 March: urged with three days left, supervised at the end, warned every two days after."""
        of_first = [(rung, times, at) for ticket, clock, rung, times, _, at in always_on if (ticket, clock) == (always_on[0][0], "resolve")]

        assert [
            ("early_warning", 0, beijing("2026-03-09 00:00")),
            ("urge", 1, beijing("2026-03-09 00:00")),
            ("overdue", 0, beijing("2026-03-13 00:00")),
            ("supervise", 2, beijing("2026-03-13 00:00")),
            ("warn", 3, beijing("2026-03-17 00:00")),
            ("warn", 4, beijing("2026-03-19 00:00")),
            ("warn", 5, beijing("2026-03-21 00:00")),
            ("warn", 6, beijing("2026-03-25 00:00")),
        ] == of_first
        assert {"sign", "resolve", f"co_handle/{HOUSING[:6]}-water"} == {clock for _, clock, *_ in always_on}

    @settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.lists(st.integers(min_value=1, max_value=47 * 24), max_size=6), st.booleans())
    def test_whenever_it_was_off_the_same_rungs_fire_with_the_same_times(
        self, always_on: list[tuple[str, str, str, int, object, object]], hours: list[int], restarts: bool
    ):
        """Random times at which the node looks, the last of them at the end; with and without a restart in between."""
        with TemporaryDirectory() as directory:
            county, tickets = a_desk_with_tickets(Path(directory))
            begin = county.now
            sweep = county.node.sweep
            for hour in [*sorted(set(hours)), None]:
                moment = END if hour is None else min(begin + timedelta(hours=hour), END)
                if restarts:
                    sweep = Sweep(county.node.store, county.node.handler, county.node.policies)
                county.at(moment)
                sweep.run(county.now)
            assert always_on == fired(county, tickets)
            again = Sweep(county.node.store, county.node.handler, county.node.policies).run(county.now)
            assert (0, 0) == (again.fired, again.refused)
            county.node.close()

    def test_a_week_off_is_made_up_in_order(self, tmp_path: Path):
        """Each entry stands in the order of its due time, recorded now, with the time that it should have had beside it."""
        county = a_county(tmp_path, rules=LADDER)
        ticket = handled(county)
        swept(county, "2026-03-19 09:00")

        entries = [entry for entry in page_of(county, ticket).timeline if entry.kind == "RungFired"]
        times = [entry.occurred_at for entry in entries if entry.occurred_at]
        assert (6, sorted(times), {county.now}) == (len(times), times, {entry.recorded_at for entry in entries})

    def test_an_order_and_its_mark_are_there_together_or_not_at_all(self, tmp_path: Path):
        """Every step on the ticket names an order that is there; a step is never taken out of turn."""
        county = a_county(tmp_path, rules=LADDER)
        ticket = handled(county)
        county.at(beijing("2026-03-19 09:00"))
        with pytest.raises(Refusal):
            county.node.handler.handle(_climb(county, ticket, 2))
        county.node.sweep.run(county.now)

        steps = the(county, ticket).supervision
        assert [1, 2, 3, 4] == [step.times for step in steps]
        assert [(step.measure, step.times, (ticket,)) for step in steps] == [
            (order.measure, order.times, order.tickets) for order in (the_order(county, step.order) for step in steps)
        ]

    def test_what_a_limit_led_to_is_settled_with_it(self, tmp_path: Path):
        """Completed late: every order of the limit is closed as met late, once."""
        county = a_county(tmp_path, rules=LADDER)
        ticket = handled(county)
        swept(county, "2026-03-19 09:00")
        county.act("department", a_completion(county), ticket, "housing")
        swept(county, "2026-03-19 09:05")
        swept(county, "2026-03-19 09:10")

        assert [] == [one for one in orders(county) if one.follows == "resolve"]
        assert {"met_late"} == {one.result for one in orders(county, open_only=False) if one.follows == "resolve"}


def _climb(hands: Hands, ticket: str, times: int) -> Order:
    return hands.order("node", ClimbLadder("resolve", times), ticket)


class TestShippedLadders:
    """What each shipped mechanism does about a limit of ten working days that nobody meets."""

    DUE = beijing("2026-03-17 00:00")
    WARNED = beijing("2026-03-11 00:00")

    @pytest.mark.parametrize(
        ("packs", "steps"),
        [
            (("anshun-2025",), [("urge", "2026-03-11"), ("supervise", "2026-03-17")]),
            (("fengjie-2023",), [("remind", "2026-03-17"), ("urge", "2026-03-18"), ("warn", "2026-03-19"), ("warn", "2026-03-20")]),
            (("fengjie-2025",), [("warn", "2026-03-17"), ("listed", "2026-03-20"), ("exposure", "2026-03-27")]),
            (
                ("fengjie-2023-ladder", "fengjie-2025"),
                [("remind", "2026-03-17"), ("urge", "2026-03-18"), ("warn", "2026-03-19"), ("warn", "2026-03-20")],
            ),
            (("haimen-2020",), [("supervise", "2026-03-17")]),
            (
                ("xiangshan-2025",),
                [("urge", "2026-03-11"), ("supervise", "2026-03-17"), ("exposure", "2026-03-24"), ("accountability", "2026-03-31")],
            ),
        ],
        ids=lambda value: "+".join(value) if isinstance(value, tuple) else "",
    )
    def test_each_pack_has_its_own_ladder(self, packs: tuple[str, ...], steps: list[tuple[str, str]]):
        """The three steps of 2023 can be switched on in the mechanism of 2025 (POLICY_PACKS 2 no. 35)."""
        policy = Policy(_pack(packs), work_calendar([], published), Place("500236"))

        climbed = list(itertools.islice(climb(self.WARNED, self.DUE, policy), 4))

        assert [(measure, beijing(f"{day} 00:00")) for measure, day in steps] == [(measure, at) for _, measure, at in climbed]
        assert list(range(1, len(steps) + 1)) == [times for times, *_ in climbed]


def _pack(parents: tuple[str, ...]) -> Pack:
    if len(parents) == 1:
        return effective_pack(parents[0], finder())
    named = ", ".join(f'"{parent}"' for parent in parents)
    text = f'[pack]\nid = "own"\nversion = "1"\nlevel = "county"\nname = "x"\neffective_from = 2025-05-19\nparents = [{named}]\n'
    shipped = finder()
    return effective_pack("own", lambda id: text if id == "own" else shipped(id))

    @pytest.mark.parametrize(
        ("rules", "fault"),
        [
            ('listed.on = { value = "former", default = "x" }', ("urging.listed.to", "ladder_without_addressee")),
            ('listed.to = { value = "unit", default = "x" }', ("urging.listed.on", "key_required")),
            ('repeats_max = { value = 1, default = "x" }', ("limit.rung.listed", "key_required")),
            ('listed.to = { value = "nobody", default = "x" }', ("urging.listed.to", "value_unknown")),
        ],
    )
    def test_no_ladder_is_without_an_addressee(self, rules: str, fault: tuple[str, str]):
        """The linter names the step: nobody is urged by an order that reaches nobody."""
        head = '[pack]\nid = "own"\nversion = "1"\nlevel = "county"\nname = "x"\neffective_from = 2025-05-19\nparents = ["default"]\n'
        text = f'{head}[urging]\nrungs = {{ value = ["urge", "listed"], default = "x" }}\n{rules}\n'

        assert fault in [(one.key, one.rule.value) for one in check("own.toml", text)]


class TestLastInRow:
    """FJ25-5.14.1a, POLICY_PACKS 2 no. 29, 31."""

    @pytest.mark.parametrize(
        ("votes", "last"),
        [
            ([], []),
            ([("a", 1, 2)], []),
            ([("a", 1, 2), ("b", 2, 4)], []),
            ([("a", 1, 2), ("b", 1, 3)], ["b"]),
            ([("a", 0, 1), ("b", 0, 9), ("c", 1, 1)], ["a", "b"]),
            ([("a", 33, 100), ("b", 1, 3)], ["a"]),
        ],
    )
    def test_who_is_last(self, votes: list[tuple[str, int, int]], last: list[str]):
        """By the share of satisfied votes; nobody is last where all stand alike."""
        assert last == [one.unit for one in last_of(Standing(*vote) for vote in votes)]

    def test_only_quarters_that_are_over_count(self):
        """At 0:00 of 1 July Beijing time the second quarter is over."""
        before, after = datetime(2026, 6, 30, 15, 59, tzinfo=UTC), datetime(2026, 6, 30, 16, tzinfo=UTC)

        assert ["2025-Q4", "2026-Q1"] == [quarter.name for quarter in closed_quarters(before, 2)]
        assert ["2026-Q1", "2026-Q2"] == [quarter.name for quarter in closed_quarters(after, 2)]


def test_an_idle_node_looks_at_nothing_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What has nothing due is not folded again until something about it changes or its next rung comes."""
    county = a_county(tmp_path, rules=LADDER)
    ticket = handled(county)
    swept(county, "2026-03-19 09:00")
    swept(county, "2026-03-19 09:01")
    looked: list[str] = []
    rungs_of = Sweep._rungs_of

    def noting(sweep: Sweep, view: View, subject: str, now: datetime) -> tuple[list[tuple[datetime, Order]], datetime | None]:
        looked.append(subject)
        return rungs_of(sweep, view, subject, now)

    monkeypatch.setattr(Sweep, "_rungs_of", noting)

    swept(county, "2026-03-19 09:02")
    assert [] == looked
    county.act("office", IssueOrder("supervise", "overdue", tickets=(ticket,)))
    swept(county, "2026-03-19 09:03")
    assert [order.id for order in orders(county) if not order.follows] == looked
    assert clock_of(county, ticket, "resolve").is_overdue
