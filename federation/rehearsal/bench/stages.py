"""
Stages of a bench: nodes as they serve in earnest, by the wall clock, each a process of its own, on SQLite or PostgreSQL.

What a stage has become can be kept and brought back, so that a round begins where the last one began.
"""

import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from federation.rehearsal.bench.postgres import Cluster
from federation.rehearsal.stage import Create, NotAtRest, Part, Stage, free_port
from node import config
from node.services.acting import Node

look_seconds = 0.05


@dataclass(frozen=True)
class Entry:
    """A node of a bench, its superior ("" at the top) and its pack."""

    code: str
    superior: str
    pack: str


PROVINCE = Entry("520000", "", "guizhou")
CITY = Entry("520400", "520000", "anshun-2025")
COUNTY = Entry("520402", "520400", "xixiu-2025")
TOP_CITY = Entry("520400", "", "anshun-2025")


@dataclass
class Bench:
    """A stage, and where its databases lie: in the cluster, or each in its node's directory."""

    stage: Stage
    create: Create
    cluster: Cluster | None = None

    def node(self, code: str) -> Node:
        """A node, opened in this process."""
        return self.stage.nodes[code]

    def size(self, code: str, stream: str) -> int:
        """How many entries of *stream* the node holds."""
        with self.node(code).store.read() as view:
            return view.journal.position(stream, 1).size

    def close(self) -> None:
        """Stop the processes and close the nodes."""
        self.stage.close()
        for node in self.stage.nodes.values():
            node.close()

    # --- keeping ------------------------------------------------------------------------------------------------------

    def keep(self) -> None:
        """Remember how every node stands; none serves."""
        for code, node in self.stage.nodes.items():
            node.store.close()
            for path in (node.data_dir, node.settings.guard):
                _copy(path, self._kept(path))
            if self.cluster is not None:
                self.cluster.create(f"kept_{code}", _database(code))

    def bring_back(self) -> None:
        """Let every node stand as it was kept; none serves."""
        for code, node in self.stage.nodes.items():
            node.store.close()
            for path in (node.data_dir, node.settings.guard):
                _copy(self._kept(path), path)
            if self.cluster is not None:
                self.cluster.drop(_database(code))
                self.cluster.create(_database(code), f"kept_{code}")

    def _kept(self, path: Path) -> Path:
        return self.stage.directory / "kept" / path.name


def set_up(create: Create, home: Path, entries: Iterable[Entry], cluster: Cluster | None = None) -> Bench:
    """Make a node for each of *entries* (top down) in *home*, on free ports; none serves yet."""
    nodes: dict[str, Node] = {}
    parts: dict[str, Part] = {}
    home.mkdir(parents=True)
    for entry in entries:
        listen = f"127.0.0.1:{free_port()}"
        url = "" if cluster is None else cluster.create(_database(entry.code))
        given = {"data_dir": home / entry.code, "node": entry.code, "listen": listen, "advertise": listen, "database_url": url}
        nodes[entry.code], _recovery_key = create(config.check(given), "bench", entry.pack, "centre")
        parts[entry.code] = Part(entry.code, "bench", entry.superior, listen)
    return Bench(Stage(home, parts, nodes, lambda _moment: None), create, cluster)


@contextmanager
def standing(create: Create, home: Path, entries: Iterable[Entry], cluster: Cluster | None = None) -> Iterator[Bench]:
    """Nodes that have joined each other and hold all of each other's entries; none serves."""
    entries = tuple(entries)
    bench = set_up(create, home, entries, cluster)
    try:
        for entry in entries:
            bench.stage.enter(entry.code)
        for entry in entries:
            if entry.superior:
                wait(bench.stage, partial(_is_level, bench, entry), 60)
        for code in list(bench.stage.serving):
            bench.stage.stop(code)
        yield bench
    finally:
        bench.close()


def wait(stage: Stage, is_so: Callable[[], bool], seconds_max: float) -> None:
    """
    Wait until *is_so*.

    Raises:
        NotAtRest: it took longer than *seconds_max*, or a process ended.
    """
    deadline = time.monotonic() + seconds_max
    while not is_so():
        for code, process in stage.serving.items():
            if process.poll() is not None:
                raise NotAtRest(f"{code} ended with {process.returncode}: see {stage.directory / f'{code}.log'}")
        if time.monotonic() > deadline:
            raise NotAtRest(f"not so after {seconds_max} s")
        time.sleep(look_seconds)


@dataclass(frozen=True)
class Caught:
    """How a backlog went up: entries behind the first that were seen there, and the seconds from these to the last."""

    entries: int
    seconds: float

    @property
    def rate(self) -> float:
        """Entries a second."""
        return self.entries / self.seconds


def catch_up(
    bench: Bench,
    above: str,
    streams: Mapping[str, int],
    seconds_max: float,
    held: int = 0,
    on_look: Callable[[int], None] = lambda _size: None,
) -> Caught:
    """
    Time from the first new entries of *streams* (node, size in the end) at *above*, which held *held* of them, to the last;
    *on_look* is told how many there are at each look.

    Greeting, TLS and the program's start lie before it: they cost the same however much waits.
    """
    seen: list[tuple[float, int]] = []
    whole = sum(streams.values())

    def is_through() -> bool:
        size = sum(bench.size(above, stream) for stream in streams)
        if size > held and (not seen or size > seen[-1][1]):
            seen.append((time.perf_counter(), size))
        on_look(size)
        return size >= whole

    wait(bench.stage, is_through, seconds_max)
    (first, before), (last, after) = seen[0], seen[-1]
    if after == before:
        raise NotAtRest("all of it came at one look: let more wait")
    return Caught(after - before, last - first)


def _is_level(bench: Bench, entry: Entry) -> bool:
    with bench.node(entry.code).store.read() as view:
        return bench.size(entry.superior, entry.code) >= view.journal.position(entry.code, 1).size


def _database(code: str) -> str:
    return f"node_{code.replace('-', '_')}"


def _copy(source: Path, target: Path) -> None:
    if target.is_dir():
        shutil.rmtree(target)
    target.parent.mkdir(exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target)
    elif source.exists():
        shutil.copy2(source, target)
