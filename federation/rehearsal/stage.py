"""
The stage of a rehearsal: a tree of nodes on this machine, each a process of its own, and the clock that they share.

Acts are given in this process, one data directory after the other, while the nodes serve; the shared clock stands still
until every node has come to rest: swept up to it, nothing to react to, nothing to send.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import select

from federation.credentials import KeyFiles
from federation.enrolment import invite, join
from federation.invitation import read as read_invitation
from federation.level import Level
from node import config
from node.services.acting import Node
from node.services.registry import actor_of
from node.storage import schema
from node.storage.database import micros

rest_seconds_max = 180.0
look_seconds = 0.01
stop_seconds_max = 60.0
# Where browsers look first for the pages of a rehearsal.
pages_port = 8400


class NotAtRest(RuntimeError):
    """A node did not come to rest in time; says what is still to be done."""


class Create(Protocol):
    """``node.app.create``."""

    def __call__(self, settings: config.Settings, name: str, pack: str, centre_name: str) -> tuple[Node, str]: ...


SetClock = Callable[[Path, datetime], None]


class Process(Protocol):
    """A node that runs, as ``subprocess.Popen`` shows it."""

    pid: int

    @property
    def returncode(self) -> int | Any: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...


class Start(Protocol):
    """Begins ``qyzj`` with *arguments*; what it says goes to *log*.  *is_tied*: it ends with this process."""

    def __call__(self, arguments: Sequence[str], log: Path, *, is_tied: bool) -> Process: ...


class Entry(Protocol):
    """A node to put on the stage."""

    @property
    def code(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def superior(self) -> str: ...
    @property
    def pack(self) -> str: ...
    @property
    def centre_name(self) -> str: ...


@dataclass(frozen=True)
class Part:
    """A node's part in the tree: its code and name, its superior's code ("" at the top), where it listens, and for browsers ("": not)."""

    code: str
    name: str
    superior: str
    listen: str
    pages: str = ""

    @property
    def port(self) -> int:
        """The port of *listen*."""
        return int(self.listen.rpartition(":")[2])


def start_program(arguments: Sequence[str], log: Path, *, is_tied: bool) -> Process:
    """The program's own entrance, in the interpreter that runs this."""
    command = [sys.executable, "-c", "from node.app import main; main()", *arguments]
    stdin = subprocess.PIPE if is_tied else subprocess.DEVNULL
    environment = os.environ | {"QYZJ_TIED": "1" if is_tied else ""}
    with log.open("ab") as said:
        return subprocess.Popen(command, stdin=stdin, stdout=said, stderr=said, env=environment, start_new_session=True)


@dataclass
class Stage:
    """
    Nodes by code, top down.  *nodes* are opened in this process for acting and looking; *serving* are the processes, which
    ``begin`` starts.
    """

    directory: Path
    parts: Mapping[str, Part]
    nodes: Mapping[str, Node]
    set_clock: Callable[[datetime], None]
    serving: dict[str, Process] = field(default_factory=dict)
    # The processes end with this one, however it ends; not tied, they outlive it.
    is_tied: bool = True
    begin: Start = start_program

    def enter(self, code: str) -> None:
        """Let a node join below its superior, which serves already, and serve."""
        part = self.parts[code]
        if part.superior:
            self.join(code)
        self.start(code)
        self.wait_listening(code)

    def join(self, code: str) -> None:
        """As `qyzj invite` above and `qyzj join` below, with the file between them."""
        part = self.parts[code]
        above, below = self.nodes[part.superior], self.nodes[code]
        authority = KeyFiles(above.data_dir / "keys").authority(above.code, above.wall())
        with above.store.read() as view:
            operator = actor_of(view.connection, above.code, "operator")
        file = self.directory / f"{part.code}.invitation"
        invite(_level_of(above), authority, part.code, part.name, above.settings.advertise, operator).write(file)
        join(_level_of(below), KeyFiles(below.data_dir / "keys"), read_invitation(file, below.code, below.wall()))

    def start(self, code: str) -> None:
        """Let a node serve; its log goes to ``<code>.log`` in the stage's directory."""
        arguments = ["--data", str(self.nodes[code].data_dir), "serve"]
        self.serving[code] = self.begin(arguments, self.directory / f"{code}.log", is_tied=self.is_tied)

    def stop(self, code: str) -> None:
        """Let a node end in good order."""
        process = self.serving.pop(code)
        process.terminate()
        try:
            process.wait(stop_seconds_max)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def kill(self, code: str) -> None:
        """End a node with no time to clean up: kill -9."""
        process = self.serving.pop(code)
        process.kill()
        process.wait()

    def close(self) -> None:
        """Stop every process."""
        for code in list(self.serving):
            self.stop(code)

    def wait_listening(self, code: str) -> None:
        """Wait until the node answers on its ports."""
        part = self.parts[code]
        for address in filter(None, (part.listen, part.pages)):
            self.until(partial(_not_listening, code, address))

    def rest(self, now: datetime) -> None:
        """
        Wait until every serving node has swept up to *now* and owes nothing to itself or to a serving neighbour.

        Raises:
            NotAtRest: with what is still owed after ``rest_seconds_max``.
        """
        self.until(lambda: list(self.unrest(now)))

    def arrived(self, code: str, ticket: str, kind: str) -> None:
        """Wait until an entry of *kind* about *ticket* stands at the node *code*."""
        entries = schema.entries

        def missing() -> list[str]:
            with self.nodes[code].store.read() as view:
                found = view.connection.execute(
                    select(entries.c.taken).where(entries.c.subject_id == ticket, entries.c.kind == kind)
                ).first()
            return [] if found else [f"{code} has no {kind} of {ticket}"]

        self.until(missing)

    def unrest(self, now: datetime) -> Iterator[str]:
        """What is still owed, as sentences."""
        told = {code: _told(self.nodes[code]) for code in self.serving}
        for code, one in told.items():
            if one.reacted < one.taken:
                yield f"{code} has not reacted to {one.taken - one.reacted} entries"
            if one.swept_at < micros(now):
                yield f"{code} has not swept"
            above = told.get(self.parts[code].superior)
            if above is None:
                continue
            behind = [stream for stream, size in one.streams.items() if above.streams.get(stream, 0) < size]
            if behind:
                yield f"{code} still sends {', '.join(node for node, _ in behind)} to {self.parts[code].superior}"
            if above.down.get(code, 0) > one.applied:
                yield f"{code} has {one.applied} of {above.down[code]} entries from above"

    def until(self, owed: Callable[[], list[str]], *, seconds_max: float = rest_seconds_max) -> None:
        """Wait until *owed* is empty.  Raises NotAtRest with what it last said, or if a process ended."""
        deadline = time.monotonic() + seconds_max
        while True:
            still = owed()
            if not still:
                return
            for code, process in self.serving.items():
                if process.poll() is not None:
                    raise NotAtRest(f"{code} ended with {process.returncode}: see {self.directory / f'{code}.log'}")
            if time.monotonic() > deadline:
                raise NotAtRest("; ".join(still))
            time.sleep(look_seconds)


def set_up(
    create: Create,
    set_clock: SetClock,
    home: Path,
    entries: Iterable[Entry],
    begin: datetime,
    *,
    is_rehearsal: bool = True,
    has_pages: bool = False,
) -> Stage:
    """
    Make a node for each of *entries* (top down) in *home*, on free ports, with one clock that stands at *begin*.

    Without *is_rehearsal* they live by the machine's clock and at their usual pace.  With *has_pages* each serves its desks too.
    """
    clock = home / "clock.json"
    home.mkdir(parents=True, exist_ok=True)
    set_clock(clock, begin)
    nodes: dict[str, Node] = {}
    parts: dict[str, Part] = {}
    for place, entry in enumerate(entries, 1):
        listen, pages = f"127.0.0.1:{free_port()}", pages_address(place) if has_pages else ""
        given: dict[str, Any] = {
            "data_dir": home / entry.code,
            "node": entry.code,
            "listen": listen,
            "advertise": listen,
            "web_listen": pages,
        }
        given["rehearsal_clock"] = clock if is_rehearsal else None
        nodes[entry.code], _recovery_key = create(config.check(given), entry.name, entry.pack, entry.centre_name)
        parts[entry.code] = Part(entry.code, entry.name, entry.superior, listen, pages)
    return Stage(home, parts, nodes, lambda moment: set_clock(clock, moment))


def _level_of(node: Node) -> Level:
    return Level(node.store, node.writer, node.handler, node.now, node.wall, time.monotonic)


@dataclass(frozen=True)
class _Told:
    """What a node's database says of its work."""

    taken: int
    reacted: int
    swept_at: int
    # Streams that this node owes upward, with their sizes.
    streams: Mapping[tuple[str, int], int]
    # At a superior: how much each link owes downward; at a subordinate: how much of it was applied.
    down: Mapping[str, int]
    applied: int


def _told(node: Node) -> _Told:
    with node.store.read() as view:
        links, streams = schema.links, schema.streams
        rows = view.connection.execute(select(links.c.peer, links.c.side, links.c.down_size)).all()
        sizes = view.connection.execute(select(streams.c.node, streams.c.epoch, streams.c.size)).all()
        return _Told(
            taken=view.head.taken,
            reacted=view.head.reacted,
            swept_at=view.head.swept_at,
            streams={(row.node, row.epoch): row.size for row in sizes},
            down={row.peer: row.down_size for row in rows if row.side == "subordinate"},
            applied=next((row.down_size for row in rows if row.side == "superior"), 0),
        )


def _not_listening(code: str, address: str) -> list[str]:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=0.5).close()
    except OSError:
        return [f"{code} does not listen on {address}"]
    return []


def free_port(host: str = "127.0.0.1", wanted: int = 0) -> int:
    """
    A port of the loopback that nobody uses right now; 0 leaves it to the system.

    Raises:
        OSError: the wanted one is in use, or *host* is no address of this machine.
    """
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does: one that was closed just now is free
        one.bind((host, wanted))
        port: int = one.getsockname()[1]
        return port


def pages_address(place: int) -> str:
    """
    Where the pages of the node at *place* (from 1) are served: an address of the loopback of its own.

    A browser keeps its cookies by address whatever the port: at one address, signing in at the city would end the county's session.
    """
    own = f"127.0.0.{place}"
    for host, port in ((own, pages_port), (own, 0)):
        try:
            return f"{host}:{free_port(host, port)}"
        except OSError:
            continue
    return f"127.0.0.1:{free_port()}"  # where the loopback has one address only


@contextmanager
def closing(stage: Stage, *, keep: bool) -> Iterator[Stage]:
    """Stop the processes at the end, unless they are to be kept."""
    try:
        yield stage
    except BaseException:
        stage.close()
        raise
    if not keep:
        stage.close()
