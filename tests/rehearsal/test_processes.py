"""
Real processes on loopback, killed in the middle: nothing is lost, nothing doubled (T09 in small, FEDERATION 5.2).

The nodes serve with their own databases over mutual TLS; this process acts at them and kills them without warning.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from federation.rehearsal.agreement import compare
from federation.rehearsal.stage import Stage, closing, set_up
from node import app
from node.cli.act import act
from node.domain import registry as g
from node.domain.payload import Contact, Text
from node.domain.ticket.escalation import AcceptEscalation, RequestEscalation
from node.domain.ticket.first_contact import ReportToOffice
from node.domain.ticket.forming import Form
from node.domain.ticket.intake import Register
from node.storage import schema
from tests.support.node import MONDAY

TESTS = ("responsibility", "jurisdiction", "materials", "lawfulness")


@dataclass(frozen=True)
class Entry:
    """A node of this stage."""

    code: str
    superior: str
    pack: str
    name: str = "node"
    centre_name: str = "centre"


TREE = (Entry("520000", "", "guizhou"), Entry("520400", "520000", "anshun-2025"), Entry("520402", "520400", "xixiu-2025"))


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Province, city and county, each serving in a process of its own."""
    made = set_up(app.create, app.set_rehearsal_clock, tmp_path, TREE, MONDAY)
    with closing(made, keep=False):
        for entry in TREE:
            made.enter(entry.code)
        yield made
    for node in made.nodes.values():
        node.close()


def register(stage: Stage, text: str) -> str:
    """A need at the county's window, in the office's pool."""
    county = stage.nodes["520402"]
    command = Register(
        channel="window",
        appeal=Text(text),
        phone=Contact("13800001234"),
        name=Contact("某厂"),
        judgement="foreign",
        first_contact="520402-centre",
    )
    ticket = act(county, "centre:window_clerk", command).subject.id
    act(county, "centre:window_clerk", ReportToOffice(), ticket=ticket)
    return ticket


def agreement(stage: Stage) -> list[str]:
    """What differs between the levels once everything came to rest."""
    return compare({code: node.store for code, node in stage.nodes.items()}).broken


def states(stage: Stage, ticket: str) -> list[str]:
    """The ticket's state at each level, from the top."""
    told = []
    for node in stage.nodes.values():
        with node.store.read() as view:
            row = view.readings.rows({ticket}).get(ticket)
        told.append(row.state if row else "")
    return told


def kill_loop(stage: Stage, kills: int, seed: int) -> int:
    """Work at the county and escalate now and then, while nodes are killed at random and come back; gives the tickets made."""
    rng = random.Random(seed)
    tickets = []
    for turn in range(kills):
        victim = rng.choice(list(stage.nodes))
        for _ in range(rng.randint(1, 4)):
            tickets.append(register(stage, f"turn {turn}"))
            if rng.random() < 0.5:
                act(stage.nodes["520402"], "centre:office", Form(category="coordination", passed=TESTS), ticket=tickets[-1])
            if rng.random() < 0.3:
                act(
                    stage.nodes["520402"],
                    "centre:office",
                    RequestEscalation(power_item="LAND-07", reason=Text("x"), tried=("x",)),
                    ticket=tickets[-1],
                )
        stage.kill(victim)
        tickets.append(register(stage, f"while {victim} is dead"))
        stage.start(victim)
    for code in stage.nodes:
        stage.wait_listening(code)
    stage.rest(stage.nodes["520402"].now())
    return len(tickets)


class TestKilled:
    """Kill -9 of any node at any moment loses nothing and doubles nothing."""

    @pytest.mark.timeout(300)
    def test_ten_kills_end_in_agreement(self, stage: Stage) -> None:
        """T09: after the last one is back, every level holds the same, byte for byte."""
        tickets = kill_loop(stage, kills=10, seed=20260126)

        with stage.nodes["520000"].store.read() as view:
            held = len(view.readings.rows(_ids(stage)))

        assert [] == agreement(stage)
        assert tickets == held

    @pytest.mark.slow
    @pytest.mark.timeout(0)
    @pytest.mark.parametrize("seed", range(10))
    def test_a_hundred_kills_end_in_agreement(self, stage: Stage, seed: int) -> None:
        """T09 for the soak: ten runs of a hundred kills."""
        kill_loop(stage, kills=100, seed=seed)

        assert [] == agreement(stage)


def _ids(stage: Stage) -> set[str]:
    with stage.nodes["520402"].store.read() as view:
        return set(view.connection.execute(select(schema.tickets.c.id)).scalars())


class TestAway:
    """A superior that is away for an hour holds up nobody below, and has everything when it is back."""

    @pytest.mark.timeout(300)
    def test_an_hour_without_the_city_loses_nothing(self, stage: Stage) -> None:
        """The county works on; an escalation waits in its journal, and is taken as soon as the city is back."""
        stage.kill("520400")
        county, city = stage.nodes["520402"], stage.nodes["520400"]
        stage.set_clock(MONDAY + timedelta(minutes=1))
        tickets = [register(stage, f"appeal {number}") for number in range(20)]
        act(county, "centre:office", Form(category="coordination", passed=TESTS), ticket=tickets[0])
        act(county, "centre:office", RequestEscalation(power_item="LAND-07", reason=Text("too big"), tried=("x",)), ticket=tickets[0])
        stage.set_clock(MONDAY + timedelta(hours=1))
        stage.start("520400")
        stage.wait_listening("520400")
        stage.rest(MONDAY + timedelta(hours=1))

        assert [] == agreement(stage)
        assert ["escalated"] * 3 == states(stage, tickets[0])

        act(city, "centre:office", AcceptEscalation(category="coordination", complexity="plain"), ticket=tickets[0])
        stage.rest(MONDAY + timedelta(hours=1))

        assert ["formed"] * 3 == states(stage, tickets[0])
        assert [] == agreement(stage)


class TestSuspended:
    """`qyzj node suspend` takes effect on the next call, and is told apart from an outage."""

    @pytest.mark.timeout(300)
    def test_a_suspended_county_is_refused_and_keeps_its_journal(self, stage: Stage) -> None:
        act(stage.nodes["520400"], "operator", g.SetNodeStatus("520402", "suspended", Text("drill")))
        register(stage, "while suspended")
        stage.until(lambda: [] if "NODE_SUSPENDED" in link_error(stage) else [f"the county's link says {link_error(stage)!r}"])
        act(stage.nodes["520400"], "operator", g.SetNodeStatus("520402", "active"))
        stage.rest(MONDAY)

        assert "" == link_error(stage)
        assert [] == agreement(stage)


def link_error(stage: Stage) -> str:
    """What the county's status says of its link."""
    with stage.nodes["520402"].store.read() as view:
        return str(view.connection.execute(select(schema.links.c.last_error)).scalar())
