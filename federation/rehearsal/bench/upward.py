"""
W1: durable upward sync.  A county's backlog crosses a real link (two processes, mutual TLS, batches, mirror, fold, readings,
commit before ack) into a city, on SQLite and on PostgreSQL.  Beside it, in the same run, on the same disk, of the same bytes:

* raw: what a receiver must store (the entries, the sealed payloads and wrapped keys beside them), inserted 4,000 entries a
  commit by the program's own fastest statements, without network, fold or readings; and, without floor, the entries alone;
* naive: each entry in a call and a commit of its own, everything else as in the product;
* PostgreSQL's logical replication of the same rows between two clusters: each entry with what rides beside it is a transaction
  at the publisher, and counts once the publisher knows that it is flushed at the subscriber.

What bounds it is the interpreter of the one process that takes: CPU an entry of a ticket of ten entries, batches of 500, SQLite,
beside the 18 us that the raw insert of the same rows took in the same run (a loaded machine: the shares hold, not the microseconds).

    =====================================================  ====
    read the request: messages to values                      8
    decode header and event, check id and place              30
    check what rides beside (SHA-256), leaf hashes            4
    make and insert rows of entries, payloads and keys       28
    fold onto thin rows: tickets 8, clocks 6, traits 5,      33
      asks and desks 4, rows read and compared 10
    upsert the thin rows of the batch                        15
    route downward, positions, Merkle ranges                  8
    the transaction: head, place, link, commit               14
    giving the values of a batch back                         6
    =====================================================  ====
    whole                                                   146

The subordinate's 50 us an entry (read, check, build the request, compare the answer) go on beside it on the other core.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Table, select

from federation import codec, outgoing
from federation.client import Superior
from federation.credentials import KeyFiles
from federation.greeting import FEATURES, protocol_max, protocol_min
from federation.rehearsal.bench import backlog, replication
from federation.rehearsal.bench.figures import Part, figure
from federation.rehearsal.bench.postgres import Cluster, NoCluster, cluster
from federation.rehearsal.bench.stages import COUNTY, TOP_CITY, Bench, catch_up, standing
from federation.rehearsal.stage import Create
from federation.v1 import link_pb2
from node.services.acting import Node
from node.storage import schema
from node.storage.codec import stamp
from node.storage.database import open_database
from node.storage.statements import insert_rows

raw_entries_a_commit = 4_000
# Floors and goals of DESIGN 12: (raw, naive, logical replication).
SQLITE_RAW, SQLITE_NAIVE = (0.15, 0.25), (30.0, 60.0)
PG_RAW, PG_NAIVE, PG_LOGICAL = (0.12, 0.20), (50.0, 100.0), (0.35, 0.7)
TABLES = (schema.entries, schema.payloads, schema.wrapped_keys)
seconds_max = 1_800.0

Rows = dict[str, list[tuple[Any, ...]]]


@dataclass(frozen=True)
class Size:
    """How much is measured: tickets in the backlog, entries sent one by one, rounds."""

    tickets: int = 2_000
    singles: int = 300
    rounds: int = 3


def run(create: Create, home: Path, size: Size) -> list[Part]:
    """Both databases; PostgreSQL only where a server can be had."""
    parts = [_measured("W1 SQLite", create, home / "sqlite", size, None)]
    try:
        with cluster(home / "cluster") as found, cluster(home / "subscriber") as subscriber:
            parts.append(_measured("W1 PostgreSQL", create, home / "pg", size, found, subscriber))
    except NoCluster as error:
        parts.append(Part("W1 PostgreSQL", skipped=str(error)))
    return parts


def _measured(name: str, create: Create, home: Path, size: Size, found: Cluster | None, subscriber: Cluster | None = None) -> Part:
    with standing(create, home, (TOP_CITY, COUNTY), found) as bench:
        county = bench.node(COUNTY.code)
        backlog.fill(county, backlog.play(county), size.tickets)
        rows = _rows(county)
        bench.keep()
        rounds = [_round(bench, home / f"raw{number}", rows, size, found) for number in range(size.rounds)]
    entries = len(rows["entries"])
    raw, naive = (SQLITE_RAW, SQLITE_NAIVE) if found is None else (PG_RAW, PG_NAIVE)
    figures = [
        figure("sync / raw insert of all its rows", [(one.sync, one.raw) for one in rounds], "entries/s", *raw),
        figure("sync / raw insert of the entries alone", [(one.sync, one.bare) for one in rounds], "entries/s"),
        figure("sync / one call and one commit an entry", [(one.sync, one.naive) for one in rounds], "entries/s", *naive),
    ]
    if found is not None and subscriber is not None:
        rates = [replication.rate(found, subscriber, rows) for _ in rounds]
        figures.append(
            figure(
                "sync / logical replication, flushed", [(a.sync, b) for a, b in zip(rounds, rates, strict=True)], "entries/s", *PG_LOGICAL
            )
        )
    beside = {table.name: len(rows[table.name]) for table in TABLES}
    return Part(name, tuple(figures), {"entries": entries, "rows": beside, "us an entry": round(1e6 / figures[0].measured)})


@dataclass(frozen=True)
class _Round:
    """Entries a second."""

    sync: float
    raw: float
    bare: float
    naive: float


def _round(bench: Bench, scratch: Path, rows: Rows, size: Size, found: Cluster | None) -> _Round:
    bench.bring_back()
    with _serving(bench):
        naive = _naive(bench, size.singles)
    bench.bring_back()
    held, county = bench.size(TOP_CITY.code, COUNTY.code), bench.size(COUNTY.code, COUNTY.code)
    with _serving(bench):
        bench.stage.start(COUNTY.code)
        sync = catch_up(bench, TOP_CITY.code, {COUNTY.code: county}, seconds_max, held).rate
    return _Round(sync, raw(scratch, rows, TABLES, found), raw(scratch, rows, TABLES[:1], found), naive)


class _serving:
    """The city serves as long as the block lasts, and nobody afterwards."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def __enter__(self) -> None:
        self._bench.stage.start(TOP_CITY.code)
        self._bench.stage.wait_listening(TOP_CITY.code)

    def __exit__(self, *_: object) -> None:
        self._bench.stage.close()


def _naive(bench: Bench, singles: int) -> float:
    """Entries a second of the county's first *singles*, each pushed and committed by itself."""
    county = bench.node(COUNTY.code)
    address = bench.stage.parts[TOP_CITY.code].listen
    end = Superior(address, KeyFiles(county.data_dir / "keys").uplink, COUNTY.code, TOP_CITY.code, county.wall)
    boot_id = b"bench".ljust(codec.boot_id_length_bytes, b"\0")
    held = bench.size(TOP_CITY.code, COUNTY.code)
    requests = []
    with county.store.read() as view:
        greeting = link_pb2.HelloRequest(
            protocol_min=protocol_min,
            protocol_max=protocol_max,
            boot_id=boot_id,
            positions=[codec.position_to_pb(one) for one in view.journal.positions()],
            down=codec.down_to_pb(outgoing.down_head(view, TOP_CITY.code)),
            now=stamp(county.now()),
            wall=stamp(county.wall()),
            features=FEATURES,
        )
        entries = outgoing.read_stream(view, COUNTY.code, 1, held + 1, singles)
        for place, entry in enumerate(entries):
            segment = codec.Segment(COUNTY.code, 1, held + 1 + place, (entry,))
            requests.append(link_pb2.PushRequest(boot_id=boot_id, segments=codec.segments_to_pb([segment])))
    end.hello(greeting)
    begun = time.perf_counter()
    for request in requests:
        end.push(request)
    taken = time.perf_counter() - begun
    end.close()
    assert bench.size(TOP_CITY.code, COUNTY.code) == held + len(requests)
    return len(requests) / taken


def _rows(county: Node) -> Rows:
    with county.store.read() as view:
        return {table.name: [tuple(row) for row in view.connection.execute(select(table).order_by(table.c.taken))] for table in TABLES}


def raw(scratch: Path, rows: Rows, tables: Sequence[Table], found: Cluster | None) -> float:
    """Entries a second into *tables* alone, 4,000 entries a commit."""
    for file in scratch.parent.glob(f"{scratch.name}*"):
        file.unlink()
    if found is not None:
        found.drop("raw")
    database = open_database(f"sqlite:///{scratch}" if found is None else found.create("raw"))
    with database.write() as connection:
        for table in tables:
            table.create(connection)
    parts = list(_in_parts(rows, tables))
    begun = time.perf_counter()
    for part in parts:
        with database.write() as connection:
            for table, columns, some in part:
                insert_rows(connection, table, columns, some)
    seconds = time.perf_counter() - begun
    database.close()
    return len(rows["entries"]) / seconds


def _in_parts(rows: Rows, tables: Sequence[Table]) -> Iterator[list[tuple[Table, tuple[str, ...], list[tuple[Any, ...]]]]]:
    """What each commit inserts: 4,000 entries and what rides beside them."""
    entries = rows["entries"]
    for start in range(0, len(entries), raw_entries_a_commit):
        part = entries[start : start + raw_entries_a_commit]
        within = _between(part[0][0], part[-1][0])
        found = []
        for table in tables:
            columns = tuple(column.name for column in table.columns)
            found.append((table, columns, [row for row in rows[table.name] if within(row[columns.index("taken")])]))
        yield found


def _between(first: int, last: int) -> Callable[[int], bool]:
    return lambda taken: first <= taken <= last
