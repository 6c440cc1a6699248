"""A program to call in tests: a rehearsal node in a directory, its clock, and what came out of each call."""

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from node import app
from node.cli.console import Parts
from node.cli.main import execute

PARTS = Parts(app.build, app.create, app.set_rehearsal_clock, app.serve)
# What the bytes of a photo begin with.
PHOTO = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(64)
# Monday 2026-01-26, 09:00 in Beijing.
MONDAY = datetime(2026, 1, 26, 1, tzinfo=UTC)
# What the acceptance tests of 安顺 want before a ticket is formed.
PASSED = [part for name in ("responsibility", "jurisdiction", "materials", "lawfulness") for part in ("--passed", name)]
APPEAL = "道路施工挡住了店门"
PHONE = "13912345678"


@dataclass(frozen=True)
class Said:
    """What a call gave: exit code, stdout, stderr."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The answer as a machine reads it."""
        return json.loads(self.out)

    @property
    def complaint(self) -> Any:
        """The complaint as a machine reads it."""
        return json.loads(self.err)


class Program:
    """``qyzj`` at one node; ``--data`` is always given."""

    def __init__(self, directory: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.directory = directory
        self.data = directory / "node"
        self.clock = directory / "clock.json"
        self._capture = capture

    def __call__(self, *arguments: str | Path, data: Path | None = None) -> Said:
        """Call it in Chinese."""
        self._capture.readouterr()
        code = execute(["--data", str(data or self.data), *map(str, arguments)], PARTS)
        out, err = self._capture.readouterr()
        return Said(code, out, err)

    def at(self, moment: datetime) -> None:
        """Move the clock."""
        app.set_rehearsal_clock(self.clock, moment)

    def damage(self, dossier: str) -> None:
        """What the node holds about *dossier* cannot be decoded any more."""
        with closing(sqlite3.connect(self.data / "node.db")) as database, database:
            changed = database.execute("UPDATE entries SET content = x'ffffff' WHERE subject_id = ?", (dossier,)).rowcount
        assert 0 < changed

    def init(self, *more: str) -> Said:
        """A county."""
        self.at(MONDAY)
        return self(
            "init", "--node", "520402", "--name", "西秀区", "--pack", "xixiu-2025", "--rehearsal-clock", self.clock, "--json", *more
        )

    def staff(self) -> None:
        """A department with one person."""
        assert 0 == self("unit", "open", "housing", "住建局").code
        assert 0 == self("account", "open", "li", "--role", "department", "--unit", "housing", "--name", "李明").code

    def register(self, *more: str) -> str:
        """A ticket of the hotline; gives its register number."""
        said = self(
            "ticket", "register", "--as", "centre", "--channel", "hotline_12345", "--appeal", APPEAL, "--name", "王五", "--phone", PHONE,
            "--received-at", "2026-01-26T08:50", "--json", *more,
        )  # fmt: skip
        return str(said.json["ticket"]["id"])

    def form(self, ticket: str, *more: str) -> Said:
        """Form it as a plain coordination."""
        return self("ticket", "form", ticket, "--as", "centre", "--category", "coordination", *PASSED, "--json", *more)

    def handle(self) -> str:
        """A ticket in the department's hands."""
        ticket = self.register()
        self.form(ticket)
        self("ticket", "dispatch", ticket, "--as", "centre", "--lead", "520402-housing")
        assert "handling" == self("ticket", "sign", ticket, "--as", "li", "--json").json["ticket"]["state"]
        return ticket
