"""
W2: a county puts a ticket to its city, the city to the province, and the answer comes back.

Three processes over mutual TLS on the loopback (``office``); each office's part is one act, played as soon as the request is
there.  Against it, measured in the same run: eight durable commits and four one-way hops, which is what the way needs at least
(DESIGN 12).

What bounds it is the interpreter: CPU on the way itself, in ms, as a quiet machine of two cores took it (the shares hold, not the
milliseconds; p50 was 60 in the same run).

    ==============================================================  ====
    the county asks: one command and its transaction                 2.8
    the city takes it: read, push, mirror, fold                      2.4
    the city accepts and asks on: two commands                       5.3
    the province takes it                                            2.7
    the province accepts and decides: two commands                   4.4
    the city takes the decision                                      3.0
    the city passes it down: its own reaction                        3.2
    the county takes it                                              2.7
    ==============================================================  ====
    whole                                                           26.5

The rest is waiting: eight commits, hand-overs between twelve threads of three processes, and for the two cores with what goes on
beside the way: the county's other pulls, the relays of each step up to the province, the reactions' own cursors.  A command that costs
1.7 in a loop costs 3.2 on a machine that rested 50 ms before it, so that whoever saves half of the CPU saves less than half of the time.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from federation.certificates import Credentials
from federation.channel import secure_channel
from federation.credentials import KeyFiles
from federation.rehearsal.bench.figures import Figure, Part, figure
from federation.rehearsal.bench.stages import CITY, COUNTY, PROVINCE, Bench, standing
from federation.rehearsal.stage import Create
from node.storage import schema
from node.storage.database import open_database
from node.storage.statements import insert_rows

commits, hops = 8, 4
FLOOR, GOAL = 4.0, 2.0
SPREAD_FLOOR, SPREAD_GOAL = 15.0, 8.0
call_seconds_max = 30.0
_OFFICE = (
    "from node.app import build, log_to_stderr, serving; from federation.rehearsal.bench.office import main; "
    "log_to_stderr(); main(build, serving)"
)


@dataclass(frozen=True)
class Size:
    """Escalations that are timed, behind a few that are not; commits and calls that the limit is made of."""

    escalations: int = 100
    unmeasured: int = 5
    samples: int = 200


def run(create: Create, home: Path, size: Size) -> list[Part]:
    """p50 and p99 of the whole way against the limit."""
    with standing(create, home, (PROVINCE, CITY, COUNTY)) as bench:
        for code, part in ((PROVINCE.code, "decide"), (CITY.code, "pass_on")):
            _sit(bench, code, part)
            bench.stage.wait_listening(code)
        hop = _hop_seconds(bench, size.samples)
        county = _sit(bench, COUNTY.code, str(size.unmeasured + size.escalations))
        assert county.stdout is not None
        taken = json.loads(county.stdout.readline() or "[]")[size.unmeasured :]
        if not taken:
            raise RuntimeError((bench.stage.directory / f"{COUNTY.code}.log").read_text())
    commit = _commit_seconds(home / "commits.db", size.samples)
    return [Part("W2", _figures(taken, statistics.median(commit), statistics.median(hop)), {"escalations": len(taken)})]


def _figures(taken: Sequence[float], commit: float, hop: float) -> tuple[Figure, ...]:
    """All in milliseconds."""
    limit, p50, p99 = commits * commit + hops * hop, statistics.median(taken), _p99(taken)
    return (
        figure("p50 / 8 commits and 4 hops", [(p50 * 1e3, limit * 1e3)], "ms", FLOOR, GOAL, is_cost=True),
        figure("p99 / 8 commits and 4 hops", [(p99 * 1e3, limit * 1e3)], "ms"),
        figure("p99 / p50", [(p99 * 1e3, p50 * 1e3)], "ms", SPREAD_FLOOR, SPREAD_GOAL, is_cost=True),
        figure("commit / hop", [(commit * 1e3, hop * 1e3)], "ms"),
    )


def _sit(bench: Bench, code: str, part: str) -> "subprocess.Popen[bytes]":
    """Let an office begin; it ends with this process, or with the stage."""
    command = [sys.executable, "-c", _OFFICE, str(bench.node(code).data_dir), part]
    with (bench.stage.directory / f"{code}.log").open("ab") as log:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, start_new_session=True)
    bench.stage.serving[code] = process
    return process


def _commit_seconds(path: Path, samples: int) -> list[float]:
    """Durable commits of one row of an entry's size, on the nodes' disk."""
    database = open_database(f"sqlite:///{path}")
    columns = ("id", "kind", "node", "epoch", "seq", "content", "at")
    with database.write() as connection:
        schema.incidents.create(connection)
    taken = []
    for number in range(samples):
        begun = time.perf_counter()
        with database.write() as connection:
            insert_rows(connection, schema.incidents, columns, [(str(number), "", "", 1, number, os.urandom(600), 0)])
        taken.append(time.perf_counter() - begun)
    database.close()
    return taken


def _hop_seconds(bench: Bench, samples: int) -> list[float]:
    """Half the round trips of the smallest call over the county's own channel."""
    county, city = bench.node(COUNTY.code), bench.stage.parts[CITY.code]
    own = Credentials.read(KeyFiles(county.data_dir / "keys").uplink)
    with secure_channel(city.listen, own, CITY.code) as channel:
        grpc.channel_ready_future(channel).result(call_seconds_max)
        stub = health_pb2_grpc.HealthStub(channel)
        taken = []
        for _ in range(samples):
            begun = time.perf_counter()
            stub.Check(health_pb2.HealthCheckRequest(), timeout=call_seconds_max)
            taken.append((time.perf_counter() - begun) / 2)
    return taken


def _p99(values: Sequence[float]) -> float:
    return sorted(values)[max(0, -(-len(values) * 99 // 100) - 1)]
