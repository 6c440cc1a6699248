"""The problem library: every need of every source in one place, found by text, type, source, unit, state and date (XS25-4.2b)."""

from collections.abc import Iterator
from datetime import date
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import pytest

from node.domain.payload import Text
from node.domain.ticket.dispatching import Dispatch
from node.domain.ticket.forming import Form
from node.domain.ticket.state import State
from node.services import search
from tests.clauses.given import HOUSING, WATER, a_county, beijing, registered, the
from tests.support.node import Hands

# Nine of the sources that Xiangshan names, with what each asks for.
SOURCES: dict[str, dict[str, Any]] = {
    "centre_online": {},
    "centre_offline": {},
    "hotline_12345": {"received_at": beijing("2026-03-02 09:00")},
    "active_search": {"finder": "department"},
    "talk_meeting": {},
    "good_bad_review": {},
    "grassroots_governance": {},
    "transfer_cross_level": {},
    "other": {"channel_note": Text("信访件转来")},
}
# The third holds 道 and 路 apart and in the other order, the fourth one of them alone.
APPEALS = (
    "厂区外道路破损，货车无法通行",
    "融资困难，银行抽贷",
    "路旁通道被占，门店无法营业",
    "铁路专用线何时开通",
    "园区道路照明不足",
    "招工困难，缺少技术工人",
    "污水管网堵塞",
)
TYPES = ("consultation", "coordination", "suggestion", "complaint")


@pytest.fixture
def library(tmp_path: Path) -> tuple[Hands, dict[str, str]]:
    """象山 with fifty problems over nine sources, in two days; each by its number with its appeal."""
    county = a_county(tmp_path, "2026-03-02 10:00", pack="xiangshan-2025")
    offered = types_of(county)
    appeals: Iterator[str] = cycle(APPEALS)
    said = {}
    for number, channel in enumerate(islice(cycle(SOURCES), 50)):
        if number == 25:
            county.at(beijing("2026-03-03 10:00"))
        appeal = next(appeals)
        fields = {"category": offered[number % len(offered)]} | SOURCES[channel]
        said[registered(county.later(minutes=1), channel, appeal=Text(appeal), **fields)] = appeal
    return county, said


def types_of(county: Hands) -> list[str]:
    """The types of the pack's own standard."""
    with county.node.store.read() as view:
        return sorted(county.node.policies.of_node(view, county.now).pack.names("classes"))


def found(county: Hands, **sought: Any) -> set[str]:
    """The problems that the library finds; as many as it counts."""
    with county.node.store.read() as view:
        answer = search.search(view, search.Sought(**sought), county.now)
    assert (answer.count, True) == (len(answer.tickets), answer.is_exact)
    return {one.row.id for one in answer.tickets}


@pytest.mark.clause("XS25-4.2b")
def test_one_library_holds_every_problem_and_finds_it_by_its_words(library: tuple[Hands, dict[str, str]]):
    """XS25-4.2b: fifty problems over nine sources are fifty; a word of two characters finds exactly those that contain it."""
    county, said = library
    with county.node.store.read() as view:
        assert 50 == search.search(view, search.Sought(rows_max=1), county.now).count
    assert (set(said), 9) == (found(county), len({the(county, ticket).intake.channel for ticket in said}))

    for word in ("道路", "融资", "困难", "堵塞", "路道"):
        assert {ticket for ticket, appeal in said.items() if word in appeal} == found(county, text=word), word
    assert 0 < len(found(county, text="道路")) < len(found(county, text="路"))


@pytest.mark.clause("XS25-4.2b")
def test_the_library_is_searched_by_type_source_unit_state_and_date(library: tuple[Hands, dict[str, str]]):
    """XS25-4.2b: each condition alone against what each problem is, and all together."""
    county, said = library
    first, second = next(iter(said)), next(ticket for ticket, appeal in said.items() if appeal == APPEALS[4])
    for ticket, lead in ((first, HOUSING), (second, WATER)):
        county.act("office", Form(the(county, ticket).classing.category or TYPES[0], "simple"), ticket)
        county.act("office", Dispatch(lead), ticket)
    every = {ticket: the(county, ticket) for ticket in said}

    for category in types_of(county):
        assert {id for id, one in every.items() if one.classing.category == category} == found(county, category=category)
    for channel in SOURCES:
        assert {id for id, one in every.items() if one.intake.channel == channel} == found(county, channel=channel)
    assert [{first}, {second}] == [found(county, unit=unit) for unit in (HOUSING, WATER)]
    for state in (State.REGISTERED, State.DISPATCHED):
        assert {id for id, one in every.items() if one.state is state} == found(county, states=(state.value,))
    days = [found(county, since=day, until=day) for day in (date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 4))]
    assert [25, 25, 0] == [len(one) for one in days]
    assert set(said) == days[0] | days[1]

    whole = {"text": "道路 照明", "unit": WATER, "states": ("dispatched",), "channel": every[second].intake.channel}
    assert {second} == found(county, **whole, category=every[second].classing.category, since=date(2026, 3, 2))
