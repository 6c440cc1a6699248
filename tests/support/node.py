"""Whole nodes for tests: a data directory, a database, a business clock that the test moves."""

import atexit
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from node import app, config
from node.domain import registry as g
from node.domain.command import Command, Order
from node.domain.entry import Actor
from node.domain.identifier import uuid7
from node.services.handle import Outcome
from node.services.registry import NODE_ACTOR
from node.storage.database import open_database
from node.storage.migrate import upgrade

# Monday 2026-01-26, 09:00 in Beijing.
MONDAY = datetime(2026, 1, 26, 1, tzinfo=UTC)


@dataclass
class Hands:
    """A node with the hands to use it: acts in a role, at the time of a clock file that the test moves."""

    node: app.Node
    clock: Path
    recovery_key: str
    serial: int = field(default=0)

    @property
    def now(self) -> datetime:
        """The business time of this node."""
        return self.node.now()

    def at(self, moment: datetime) -> "Hands":
        """Move the clock."""
        app.set_rehearsal_clock(self.clock, moment)
        return self

    def later(self, **by: float) -> "Hands":
        """Move the clock on."""
        return self.at(self.now + timedelta(**by))

    def order(self, role: str, command: Command, subject: str = "", unit: str = "", **more: Any) -> Order:
        """An order by somebody in *role*; of the centre unless *unit* is named."""
        self.serial += 1
        unit = g.unit_code(self.node.code, unit or "centre")
        order_id = more.pop("id", None) or uuid7(self.now, lambda n: self.serial.to_bytes(n, "big"))
        return Order(order_id, Actor(more.pop("account", f"a-{role}"), role, unit), subject, command, **more)

    def act(self, role: str, command: Command, subject: str = "", unit: str = "", **more: Any) -> Outcome:
        """Carry a command out."""
        return self.node.handler.handle(self.order(role, command, subject, unit, **more))

    def staff(self, *units: str) -> None:
        """Open departments with one account each."""
        for unit in units:
            self.node.handler.handle(Order(uuid7(self.now, self._count), NODE_ACTOR, self.node.code, g.OpenUnit(unit, unit)))
            open_account = g.OpenAccount(f"d-{unit}", ("department",), g.unit_code(self.node.code, unit))
            self.node.handler.handle(Order(uuid7(self.now, self._count), NODE_ACTOR, self.node.code, open_account))

    def _count(self, n: int) -> bytes:
        self.serial += 1
        return (self.serial + (1 << 40)).to_bytes(n, "big")


def make_node(
    directory: Path,
    code: str = "520402",
    pack: str = "xixiu-2025",
    *,
    database_url: str = "",
    now: datetime = MONDAY,
    clock: Path | None = None,
) -> Hands:
    """A fresh node in *directory*, rehearsing at *now*."""
    clock = clock or directory / "clock.json"
    directory.mkdir(parents=True, exist_ok=True)
    if not clock.exists():
        app.set_rehearsal_clock(clock, now)
    settings = config.check(
        {"data_dir": directory / code, "node": code, "database_url": database_url, "rehearsal_clock": clock, "listen": "127.0.0.1:0"}
    )
    if not database_url and not settings.data_dir.exists():
        # Two thirds of what a node costs here are its migrations, which say the same each time; tests/storage runs them.
        settings.data_dir.mkdir()
        shutil.copyfile(_migrated(), settings.data_dir / "node.db")
    node, recovery_key = app.create(settings, f"node {code}", pack, "centre")
    return Hands(node, clock, recovery_key)


@cache
def _migrated() -> Path:
    """A database with the schema of this program and nothing in it; gone with the process."""
    directory = Path(tempfile.mkdtemp(prefix="qyzj-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    database = open_database(f"sqlite:///{directory / 'node.db'}")
    upgrade(database)
    database.close()
    return directory / "node.db"


Make = Callable[..., Hands]
