"""
Three levels, each under a release of its own: processes that serve, and players that act, started from the tree of that release (T20).

What is looked at is read from the databases with plain SQL, which no release owns.
"""

import json
import os
import socket
import sqlite3
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from federation.rehearsal.stage import free_port
from tests.federation.situations import CITY, COUNTY, PROVINCE

ROOT = Path(__file__).parents[2]
RELEASED = "proto/released.binpb"
PACKS = {PROVINCE: "guizhou", CITY: "anshun-2025", COUNTY: "xixiu-2025"}
NEXT = {COUNTY: CITY, CITY: PROVINCE}
patience_seconds = 180.0
stop_seconds_max = 60.0


@dataclass(frozen=True)
class Release:
    """A release of the program: the tree that it runs from."""

    name: str
    tree: Path

    def run(self, *arguments: str, **more: Any) -> "subprocess.Popen[str]":
        """Start a process of it."""
        environment = os.environ | {"PYTHONPATH": str(self.tree), "QYZJ_TIED": "1", "QYZJ_LANG": "zh-CN"}
        # A release is started many times: compiled once.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        return subprocess.Popen([sys.executable, *arguments], cwd=self.tree, env=environment, text=True, **more)

    def qyzj(self, *arguments: str) -> tuple[int, str]:
        """Call the program; exit code and all that it said."""
        called = self.run("-c", "from node.app import main; main()", *arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        said, _ = called.communicate(timeout=patience_seconds)
        return called.returncode, said


def first_release(to: Path) -> Release:
    """
    The program of the first released wire, taken from the history of this checkout.

    Skips the test where that commit is not here: a shallow clone, or a tree without history.
    """
    log = _git("log", "--diff-filter=A", "--format=%H", "--", RELEASED).decode().split()
    if not log:
        pytest.skip(f"the commit that released the first wire ({RELEASED}) is not in this checkout's history")
    with tarfile.open(fileobj=BytesIO(_git("archive", log[-1]))) as tree:
        tree.extractall(to, filter="data")
    return Release("old", to)


def _git(*arguments: str) -> bytes:
    try:
        called = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"git {arguments[0]} cannot be run here: {type(error).__name__}")
    return called.stdout


@dataclass
class Seat:
    """One node: where it lies, what it runs."""

    code: str
    directory: Path
    listen: str
    release: Release
    player: "subprocess.Popen[str] | None" = None
    server: "subprocess.Popen[str] | None" = None


@dataclass
class Levels:
    """County, city and province."""

    home: Path
    seats: dict[str, Seat] = field(default_factory=dict)

    @property
    def clock(self) -> Path:
        return self.home / "clock.json"

    def ask(self, code: str, do: str, /, **request: Any) -> str:
        """Let the node's player do it; fails the test if it is refused."""
        answer = self.tried(code, do, **request)
        assert "answer" in answer, (code, request, answer)
        return str(answer["answer"])

    def seat(self, code: str) -> None:
        """Start the node's player."""
        seat = self.seats[code]
        log = (self.home / f"{code}.player.log").open("a")
        script = str(Path(__file__).with_name("skew_player.py"))
        seat.player = seat.release.run(script, str(seat.directory), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
        log.close()

    def tried(self, code: str, do: str, /, **request: Any) -> dict[str, Any]:
        seat = self.seats[code]
        if seat.player is None:
            self.seat(code)
        assert seat.player is not None
        assert seat.player.stdin is not None and seat.player.stdout is not None
        seat.player.stdin.write(json.dumps({"do": do, **request}) + "\n")
        seat.player.stdin.flush()
        line = seat.player.stdout.readline()
        assert line, f"{code} fell over: {(self.home / f'{code}.player.log').read_text()[-2000:]}"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def act(self, code: str, by: str, command: str, subject: str = "", /, **fields: Any) -> str:
        return self.ask(code, "act", account=by, command=command, fields=fields, subject=subject)

    def at(self, moment: str) -> None:
        """Move the clock that they share, and wait until all is done that fell due by it."""
        self.ask(CITY, "clock", file=str(self.clock), moment=moment)
        self.rest()

    def serve(self, code: str) -> None:
        seat = self.seats[code]
        log = (self.home / f"{code}.log").open("a")
        arguments = ("-c", "from node.app import main; main()", "--data", str(seat.directory), "serve")
        seat.server = seat.release.run(*arguments, stdin=subprocess.PIPE, stdout=log, stderr=log)
        log.close()

    def stop(self, code: str) -> None:
        seat = self.seats[code]
        for process in (seat.player, seat.server):
            if process is not None:
                assert process.stdin is not None
                process.stdin.close()
                try:
                    process.wait(stop_seconds_max)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                if process.stdout is not None:
                    process.stdout.close()
        seat.player = seat.server = None

    def change(self, code: str, release: Release) -> None:
        """Stop the node, bring its database to *release*, and let it go on."""
        self.stop(code)
        self.seats[code].release = release
        done = release.qyzj("--data", str(self.seats[code].directory), "upgrade")
        assert 0 == done[0], done
        self.serve(code)

    def rows(self, code: str, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"file:{self.seats[code].directory / 'node.db'}?mode=ro", uri=True, timeout=20)) as database:
            return database.execute(sql, values).fetchall()

    def contents(self, code: str, node: str) -> list[bytes]:
        """A stream's bytes as the node holds them."""
        rows = self.rows(code, "SELECT content FROM entries WHERE node = ? ORDER BY epoch, seq", node)
        return [bytes(content) for (content,) in rows]

    def standing(self, code: str, ticket: str) -> tuple[str, str]:
        """A ticket's state and holder as the node shows them."""
        ((state, holder),) = self.rows(code, "SELECT state, holder FROM tickets WHERE id = ?", ticket)
        return state, holder

    def rest(self) -> None:
        """Wait until nobody owes anything to himself or to a neighbour."""
        self.until(lambda: list(self.owed()))

    def owed(self) -> Iterator[str]:
        moment = json.loads(self.clock.read_text())["now"]
        for code in self.seats:
            taken, reacted, swept = self.rows(code, "SELECT taken, reacted, swept_at FROM heads")[0]
            if reacted < taken:
                yield f"{code} has reacted to {reacted} of {taken}"
            if swept < _micros(moment):
                yield f"{code} has not swept"
            if code not in NEXT:
                continue
            above = NEXT[code]
            held = {(node, epoch): size for node, epoch, size in self.rows(above, "SELECT node, epoch, size FROM streams")}
            for node, epoch, size in self.rows(code, "SELECT node, epoch, size FROM streams"):
                if held.get((node, epoch), 0) < size:
                    yield f"{code} still sends {node}"
            owes = self.rows(above, "SELECT down_size FROM links WHERE peer = ?", code)
            if owes != self.rows(code, "SELECT down_size FROM links WHERE side = 'superior'"):
                yield f"{code} still receives"

    def until(self, owed: Callable[[], list[str]]) -> None:
        end = time.monotonic() + patience_seconds
        while still := owed():
            for code, seat in self.seats.items():
                assert seat.server is None or seat.server.poll() is None, (self.home / f"{code}.log").read_text()[-2000:]
            assert time.monotonic() < end, (still, *((self.home / f"{code}.log").read_text()[-1500:] for code in self.seats))
            time.sleep(0.02)


@contextmanager
def linked(home: Path, releases: Sequence[Release], begin: str) -> Iterator[Levels]:
    """Province, city and county under *releases*, top down, linked and serving."""
    levels = Levels(home)
    for code, release in zip(PACKS, releases, strict=True):
        levels.seats[code] = Seat(code, home / code, f"127.0.0.1:{free_port()}", release)
    try:
        for code in levels.seats:
            levels.seat(code)
        for code, seat in levels.seats.items():
            if code == PROVINCE:
                levels.ask(code, "clock", file=str(levels.clock), moment=begin)
            levels.ask(code, "init", code=code, name=f"node {code}", pack=PACKS[code], listen=seat.listen, clock=str(levels.clock))
            if code in NEXT:
                file = str(home / f"{code}.invitation")
                levels.ask(NEXT[code], "invite", code=code, file=file)
                levels.until(lambda above=NEXT[code]: _closed(levels.seats[above].listen))  # type: ignore[misc]
                levels.ask(code, "join", file=file)
            levels.serve(code)
        levels.rest()
        yield levels
    finally:
        for code in levels.seats:
            levels.stop(code)


def _closed(listen: str) -> list[str]:
    host, _, port = listen.partition(":")
    try:
        socket.create_connection((host, int(port)), 1).close()
    except OSError:
        return [f"{listen} is not open yet"]
    return []


def _micros(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp() * 1_000_000)
