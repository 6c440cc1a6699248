"""FEDERATION 2.4, UNKNOWN and INTERNAL, with 2.3, row 15: one entry over which the receiver stumbles holds up nothing but its own lane."""

import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError

from federation.link import Lane
from node.domain import dossier
from node.domain.entry import Subject
from node.domain.letter.answering import AnswerLetter
from node.domain.letter.sending import RaiseIssue, SubmitIssue
from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.registry import CloseUnit, OpenUnit
from node.services.lanes import handle_lane, listed
from node.services.rebuild import check, rebuild
from node.storage import desk_readings, downs, node_readings, schema, text_index
from node.storage.dossier_readings import readable_dossier
from node.storage.writer import Writer
from tests.federation.levels import Place, connect, settle
from tests.federation.situations import (
    CITY,
    COUNTY,
    OPERATOR,
    agree,
    alarms,
    back_up,
    escalate,
    grant_to,
    held,
    refused,
    rejoin_by,
    restore,
    tickets,
)

Patch = pytest.MonkeyPatch
ISSUE = RaiseIssue("process", Text("会签环节过多"), Text("建议并联会签"))


class Bug(Exception):
    """Nobody expected it."""


def units(place: Place, node: str = COUNTY) -> set[str]:
    return {row.code for row in place.rows(schema.units) if row.node == node}


def aside(place: Place) -> list[tuple[str, str]]:
    """Subject and reason of what waits for an operator."""
    with place.level.store.read() as view:
        return [(one.ticket, one.reason) for one in listed(view)]


def stumble_over_tickets(patch: Patch, number: str, kind: str, error: Exception | None = None) -> None:
    """Let the lists of desks stumble over that entry: the ticket itself would fold."""
    real = desk_readings.fold

    def fold(connection: Any, batch: Iterable[Any]) -> None:
        entries = list(batch)
        if any((one.header.subject.id, one.header.kind) == (number, kind) for one in entries):
            raise error or Bug
        real(connection, entries)

    def write_wholes(_connection: Any, whole: Iterable[Any], _known: object) -> None:
        if any(one.id == number for one in whole):
            raise error or Bug

    patch.setattr(desk_readings, "fold", fold)
    patch.setattr(desk_readings, "write_wholes", write_wholes)


def stumble_over_units(patch: Patch, unit: str) -> None:
    """Let the register of units stumble over one, after it has written half of it."""
    real = node_readings._unit_opened

    def opened(connection: Any, own: str, head: Any, event: Any) -> bool:
        done = real(connection, own, head, event)
        if event.unit == unit:
            raise Bug
        return done

    patch.setitem(node_readings._WAYS, node_readings.g.UnitOpened, opened)


def handle(place: Place, subject: str, act: str, reason: Text | None = None) -> None:
    handler, order_id = place.hands.node.handler, str(uuid.uuid4())
    place.level.writer.command(lambda work: handle_lane(handler, work, order_id, OPERATOR, subject, act, reason))


@pytest.fixture
def linked(county: Place, city: Place) -> Iterator[tuple[Place, Place]]:
    connect(county, city)
    settle(county, city)
    yield county, city


class TestRow15WhatTheReceiverStumblesOver:
    @pytest.mark.parametrize("error", [Bug(), IntegrityError("INSERT", {}, Exception("NOT NULL constraint failed"))])
    def test_a_ticket_waits_and_all_others_go_on(self, linked: tuple[Place, Place], monkeypatch: Patch, error: Exception) -> None:
        """Of a batch of many: kept, acknowledged and named; after the upgrade the operator has it read."""
        county, city = linked
        before, poisoned = county.register(), county.register()
        escalate(county, poisoned)
        after = county.register()
        stumble_over_tickets(monkeypatch, poisoned, "EscalationRequested", error)

        settle(county, city)

        agree(county, city)
        assert "running" == county.status()
        assert {before: "registered", poisoned: "registered", after: "registered"} == tickets(city)
        assert ({"quarantined": "amber"}, [(poisoned, type(error).__name__)]) == (alarms(city), aside(city))
        assert check(city.level.store).agrees, "a rebuild comes to the same, and to an end"
        assert Code.LANE_STILL_STOPS is refused(lambda: handle(city, poisoned, "retried")).code
        monkeypatch.undo()

        handle(city, poisoned, "retried")
        settle(county, city)

        assert ({}, "escalated") == (alarms(city), tickets(city)[poisoned])
        kept = {(one.kind, one.subject_id) for one in city.rows(schema.entries) if one.node == CITY}
        assert ("EscalationReceived", poisoned) in kept, "and what follows from it follows now"
        assert check(city.level.store).agrees

    def test_what_is_said_of_a_node_waits_alone(self, linked: tuple[Place, Place], monkeypatch: Patch) -> None:
        """What else the node says of itself is no lane behind it; nothing of it is half written."""
        county, city = linked
        for unit in ("first", "second", "third"):
            county.hands.act("office", OpenUnit(unit, unit), COUNTY)
        number = county.register()
        known = units(county)
        stumble_over_units(monkeypatch, f"{COUNTY}-second")

        settle(county, city)

        agree(county, city)
        assert {f"{COUNTY}-second"} == known - units(city)
        assert "registered" == tickets(city)[number]
        assert ({"quarantined": "amber"}, [(COUNTY, "Bug")]) == (alarms(city), aside(city))
        assert check(city.level.store).agrees
        assert Code.LANE_STILL_STOPS is refused(lambda: handle(city, COUNTY, "retried")).code
        assert [(COUNTY, "Bug")] == aside(city)
        monkeypatch.undo()

        handle(city, COUNTY, "retried")

        assert (known, {}) == (units(city), alarms(city))
        assert check(city.level.store).agrees

    def test_a_dossier_waits_and_its_commands_are_refused_with_a_remedy(self, linked: tuple[Place, Place], monkeypatch: Patch) -> None:
        county, city = linked
        letters = [county.hands.act("window_clerk", ISSUE).subject.id for _ in range(2)]
        for letter in letters:
            county.hands.act("office", SubmitIssue(), letter)
        evolve = dossier.evolve

        def evolved(before: Any, entry: Any) -> Any:
            if (entry.header.subject.id, entry.header.kind) == (letters[0], "IssueSubmitted") and entry.event is not None:
                raise Bug
            return evolve(before, entry)

        monkeypatch.setattr(dossier, "evolve", evolved)
        settle(county, city)

        agree(county, city)
        states = {row.id: row.state for row in city.rows(schema.dossiers)}
        assert {letters[0]: "collected", letters[1]: "sent"} == {one: states[one] for one in letters}
        assert [(letters[0], "Bug")] == aside(city)
        assert check(city.level.store).agrees
        with city.level.store.read() as view:
            assert readable_dossier(view.journal, Subject("letter", letters[0])) is None
        assert Code.LANE_SET_ASIDE is refused(lambda: city.hands.act("office", AnswerLetter(Text("采纳"), "accepted"), letters[0])).code

        handle(city, letters[0], "skipped", Text("该条已电话核实"))

        assert ({}, "collected") == (alarms(city), next(row.state for row in city.rows(schema.dossiers) if row.id == letters[0]))
        with city.level.store.read() as view:
            assert readable_dossier(view.journal, Subject("letter", letters[0])) is not None
        assert check(city.level.store).agrees

    def test_an_upgrade_reads_it_by_itself(self, linked: tuple[Place, Place], monkeypatch: Patch) -> None:
        county, city = linked
        county.hands.act("office", OpenUnit("late", "late"), COUNTY)
        county.hands.act("office", CloseUnit(f"{COUNTY}-late"), COUNTY)
        stumble_over_units(monkeypatch, f"{COUNTY}-late")
        settle(county, city)
        assert f"{COUNTY}-late" not in units(city)
        monkeypatch.undo()

        rebuild(city.level.store)

        assert ({}, units(county)) == (alarms(city), units(city))

    def test_what_comes_down_passes_it_as_well(self, linked: tuple[Place, Place], monkeypatch: Patch) -> None:
        """A county stumbles over one entry of its city: the down stream goes on behind it."""
        county, city = linked
        numbers = [county.register(), county.register()]
        for number in numbers:
            escalate(county, number)
        assert county.session is not None
        while county.session.step(Lane.UP):
            pass
        city.reactions.run()
        stumble_over_tickets(monkeypatch, numbers[0], "EscalationReceived")

        settle(county, seconds=1)

        down = county.link(CITY)
        assert (city.link(COUNTY).down_size, "running") == (down.down_size, county.status())
        assert [(numbers[0], "Bug")] == aside(county)
        assert check(county.level.store).agrees

    @pytest.mark.parametrize(("module", "name"), [(text_index, "follow"), (downs.Downs, "route")])
    def test_so_does_what_is_made_of_an_entry_beside_its_readings(
        self, linked: tuple[Place, Place], monkeypatch: Patch, module: Any, name: str
    ) -> None:
        county, city = linked
        first, second = county.register(), county.register()
        real: Callable[..., Any] = getattr(module, name)

        def stumbles(*given: Any) -> Any:
            entries = next(one for one in given if isinstance(one, list))
            if any((one.header.subject.id, one.header.node) == (first, COUNTY) for one in entries):
                raise Bug
            return real(*given)

        monkeypatch.setattr(module, name, stumbles)
        settle(county, city)

        agree(county, city)
        assert "registered" == tickets(city)[second]
        assert {first} == {subject for subject, _ in aside(city)}

    @pytest.mark.parametrize("is_of_the_branch", [False, True])
    def test_a_node_that_follows_into_a_new_epoch_sets_aside_what_it_stumbles_over(
        self, linked: tuple[Place, Place], tmp_path: Path, monkeypatch: Patch, is_of_the_branch: bool
    ) -> None:
        """Of what its superior gives back, and of what it writes again: held for ever it would be by one entry."""
        county, city = linked
        backup = back_up(county, tmp_path / "backup.db")
        given_back = [county.register() for _ in range(2)]
        settle(county, city)
        restore(county, backup)
        county.hands.act("office", OpenUnit("second", "second"), COUNTY)
        escalate(county, county.register("13900000001"))
        wire = connect(county, city)
        settle(county, city)
        assert grant_to(city, county)
        if is_of_the_branch:
            stumble_over_units(monkeypatch, f"{COUNTY}-second")
        else:
            stumble_over_tickets(monkeypatch, given_back[0], "Registered")

        rejoin_by(county, wire)

        subject = COUNTY if is_of_the_branch else given_back[0]
        assert ("", [(subject, "Bug")]) == (held(county), aside(county))
        assert given_back[1] in tickets(county)
        settle(county, city, seconds=51)
        agree(county, city)
        monkeypatch.undo()
        for place in (county, city) if is_of_the_branch else (county,):
            handle(place, subject, "retried")
        settle(county, city)
        assert f"{COUNTY}-second" in units(county) and set(given_back) <= set(tickets(county))
        agree(county, city)
        assert check(county.level.store).agrees and check(city.level.store).agrees

    def test_what_the_database_cannot_do_just_now_sets_nothing_aside(self, linked: tuple[Place, Place], monkeypatch: Patch) -> None:
        """It says nothing about an entry: the batch comes again."""
        county, city = linked
        number = county.register()
        stumble_over_tickets(monkeypatch, number, "Registered", OperationalError("INSERT", {}, Exception("database is locked")))
        settle(county, city)
        assert ({}, []) == (tickets(city), aside(city))
        monkeypatch.undo()

        settle(county, city, seconds=601)

        assert {number: "registered"} == tickets(city)

    def test_a_writer_that_gathers_several_batches_leaves_the_others_alone(self, linked: tuple[Place, Place], monkeypatch: Patch) -> None:
        county, city = linked
        county.hands.act("office", OpenUnit("second", "second"), COUNTY)
        stumble_over_units(monkeypatch, f"{COUNTY}-second")
        writer = Writer(city.level.store)
        object.__setattr__(city.level, "writer", writer)
        try:
            settle(county, city)
        finally:
            writer.close()

        agree(county, city)
        assert [(COUNTY, "Bug")] == aside(city)
