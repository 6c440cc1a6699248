"""
``qyzj bench``: ratios of the design (DESIGN 12), measured side by side in one run; never a single absolute time.

W1, durable upward sync: a county's backlog crosses a real link (two processes, mutual TLS, batches, mirror, fold, commit
before ack) into a city on SQLite.  Beside it, in the same run and on the same disk: the same entries inserted raw, 4,000 a
commit, with no network and no fold; and inserted one commit an entry.  Limits: due times of working days, half of them with
a pause, against the rate that is asked of them.  W3 and W4, PostgreSQL and the peers follow with the issue about links.
"""

import tempfile
import time
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console, RenderableType
from rich.table import Table
from sqlalchemy import select

from federation.rehearsal.stage import Create, SetClock, Stage, closing, set_up
from node.cli.act import Node
from node.domain.command import Order
from node.domain.entry import Actor
from node.domain.organisation import Role
from node.domain.payload import Contact, Text
from node.domain.ticket.intake import Register
from node.domain.time import Limit, Pause, Unit, due
from node.packs.calendar_file import parse_calendar, shipped_texts, work_calendar
from node.packs.published import published
from node.storage import schema
from node.storage.database import open_database
from node.storage.statements import insert_many

BEGIN = datetime(2026, 1, 26, 1, tzinfo=UTC)
tickets_measured = 4_000
# Registered in one transaction each: how the backlog is made is not measured.
tickets_a_commit = 250
raw_entries_a_commit = 4_000
single_commits = 300
# What a release must reach (DESIGN 12, W1 on SQLite).
w1_floor = 0.15
# A calendar that changes has every running clock counted anew: that many in a second.
due_times_per_second_asked = 10_000


@dataclass(frozen=True)
class Entry:
    """A node of the bench."""

    code: str
    superior: str
    pack: str
    name: str = "bench"
    centre_name: str = "centre"


TREE = (Entry("520400", "", "anshun-2025"), Entry("520402", "520400", "xixiu-2025"))


@dataclass(frozen=True)
class Ratio:
    """
    One line: *value* is measured / *against*, both from this run or, for due times, against the rate asked; *floor* is what a
    release must show, if that is said.
    """

    key: str
    value: float
    floor: float | None
    measured_per_second: float
    against_per_second: float


@dataclass(frozen=True)
class Measured:
    """What a bench gives back."""

    entries: int
    ratios: tuple[Ratio, ...]

    def body(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)

    def show(self, console: Console) -> None:
        """For people."""
        console.print(self._table())

    def _table(self) -> RenderableType:
        table = Table(title=f"{self.entries} entries", title_justify="left")
        for name in ("", "ratio", "floor", "a second", "against, a second"):
            table.add_column(name, justify="left" if not name else "right")
        for one in self.ratios:
            style = "" if one.floor is None or one.value >= one.floor else "yellow"
            floor = "" if one.floor is None else f"{one.floor:g}"
            table.add_row(
                one.key,
                f"{one.value:.3g}",
                floor,
                f"{one.measured_per_second:,.0f}",
                f"{one.against_per_second:,.0f}",
                style=style,
            )
        return table


def run(create: Create, set_clock: SetClock, *, console: Console) -> Measured:
    """Measure everything once."""
    with tempfile.TemporaryDirectory(prefix="qyzj-bench-") as home, console.status("W1"):
        stage = set_up(create, set_clock, Path(home), TREE, BEGIN)
        with closing(stage, keep=False):
            for entry in TREE:
                stage.enter(entry.code)
            stage.rest(BEGIN)
            stage.stop("520400")
            _make_backlog(stage.nodes["520402"])
            rows = _rows(stage.nodes["520402"])
            synced = _sync(stage, len(rows))
        raw = _raw(Path(home) / "raw.db", rows, raw_entries_a_commit)
        single = _raw(Path(home) / "single.db", rows[:single_commits], 1)
        for node in stage.nodes.values():
            node.close()
    ratios = (
        Ratio("W1 sync / raw batched insert", synced / raw, w1_floor, synced, raw),
        Ratio("W1 sync / raw insert, one commit an entry", synced / single, None, synced, single),
        _due_times(),
    )
    return Measured(len(rows), ratios)


def _make_backlog(county: Node) -> None:
    actor = Actor("centre", Role.WINDOW_CLERK.value, "520402-centre")
    for start in range(0, tickets_measured, tickets_a_commit):
        with county.store.write() as work:
            for number in range(start, start + tickets_a_commit):
                appeal = Text(f"园区道路施工,货车进出困难,希望协调临时通道。第{number}件")
                command = Register(channel="window", appeal=appeal, phone=Contact("13800001234"), name=Contact("某厂"), judgement="foreign")
                county.handler.carry_out(work, Order(str(uuid.uuid4()), actor, "", command))


def _rows(county: Node) -> list[dict[str, Any]]:
    with county.store.read() as view:
        return [dict(row._mapping) for row in view.connection.execute(select(schema.entries).order_by(schema.entries.c.taken))]


def _sync(stage: Stage, entries: int) -> float:
    """Entries a second from the city's port being open to its last durable position."""
    held = _held(stage)
    stage.start("520400")
    stage.wait_listening("520400")
    begun = time.perf_counter()
    stage.until(lambda: [] if _held(stage) >= entries else ["the backlog is not through"])
    return (entries - held) / (time.perf_counter() - begun)


def _due_times() -> Ratio:
    """Due times a second of limits of 1 to 15 working days that start over a year, by the calendars that come with the program."""
    calendar = work_calendar([parse_calendar(name, text) for name, text in shipped_texts().items()], published)
    starts = [BEGIN + timedelta(hours=number * 8_000 // due_times_per_second_asked) for number in range(due_times_per_second_asked)]
    pauses = [((), (Pause(start + timedelta(days=1), start + timedelta(days=4)),)) for start in starts]
    begun = time.perf_counter()
    for number, start in enumerate(starts):
        due(start, Limit(1 + number % 15, Unit.WORKDAY), calendar, pauses[number][number % 2])
    rate = len(starts) / (time.perf_counter() - begun)
    return Ratio("due times / asked of them", rate / due_times_per_second_asked, 1.0, rate, due_times_per_second_asked)


def _held(stage: Stage) -> int:
    with stage.nodes["520400"].store.read() as view:
        return view.journal.position("520402", 1).size


def _raw(path: Path, rows: Sequence[dict[str, Any]], a_commit: int) -> float:
    """Entries a second into the table of entries alone, so many a commit."""
    database = open_database(f"sqlite:///{path}")
    with database.write() as connection:
        schema.entries.create(connection)
    begun = time.perf_counter()
    for start in range(0, len(rows), a_commit):
        with database.write() as connection:
            insert_many(connection, schema.entries, rows[start : start + a_commit])
    taken = time.perf_counter() - begun
    database.close()
    return len(rows) / taken
