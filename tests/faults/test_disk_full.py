"""
A disk that fills up while a node serves: nothing is half written, pages stay up, and it goes on by itself once there is room (T13).

Each node's data lies on a small file system of its own.  A cycle: filled to the last block, work goes on, freed.  The soak makes
100 cycles for each role, five a run; QYZJ_CYCLES sets another number a run.
"""

import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from federation.rehearsal.stage import Stage
from node.domain.refusal import Code, Refusal
from node.services.acting import Node
from node.services.status import link_lines
from node.storage import schema
from tests.faults.conftest import MakeStage
from tests.faults.ground import CITY, COUNTY, TWO, flaws, ids, link, register, size_of
from tests.support.node import MONDAY

disk_bytes = 96 * 1024 * 1024
# As large as one may be: a few of them and the write-ahead log needs another block.
LONG = "水" * 18_000
refusals_a_cycle = 3
tries_max = 400


@pytest.fixture
def small_disks(tmp_path: Path) -> Iterator[Path]:
    """A home for a stage, each node's data directory a file system of its own."""
    home = tmp_path / "small"
    with ExitStack() as mounted:
        for entry in TWO:
            place = home / entry.code
            place.mkdir(parents=True)
            made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={disk_bytes}", "none", place], capture_output=True, check=False)
            if made.returncode:
                pytest.skip(f"no file system may be mounted here: {made.stderr.decode().strip()}")
            mounted.callback(_unmount, place)
        yield home


def _unmount(place: Path) -> None:
    subprocess.run(["umount", "-l", place], check=True)


@contextmanager
def full(place: Path) -> Iterator[None]:
    """Not a block is left on the disk of *place* while this lasts."""
    filler = place / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 20, 4096):
            while True:
                try:
                    file.write(b"\0" * size)
                except OSError as error:
                    assert errno.ENOSPC == error.errno
                    break
    try:
        yield
    finally:
        filler.unlink()


def at_the_county(stage: Stage) -> None:
    """Intake says "come again later" and keeps nothing of what it refused; what can be read can still be read."""
    county = stage.nodes[COUNTY]
    refused = 0
    for _ in range(tries_max):
        before = size_of(county), ids(county)
        try:
            register(stage, LONG)
        except Refusal as refusal:
            assert Code.STORAGE_FULL is refusal.code
            # Registering and reporting to the office are two acts: the first may have been the last that found room.
            assert size_of(county) - before[0] == len(ids(county) - before[1]) <= 1
            refused += 1
        if refused == refusals_a_cycle:
            break
    assert refusals_a_cycle == refused
    assert readable(county)


def at_the_city(stage: Stage) -> None:
    """The county is told that there is no room, and keeps everything."""
    city = stage.nodes[CITY]
    for _ in range(tries_max):
        register(stage, LONG)
        stage.until(lambda: [] if not wrong_error(stage, "STORAGE_FULL") or is_through(stage) else ["neither through nor refused"])
        if not is_through(stage):
            break
    stage.until(lambda: wrong_error(stage, "STORAGE_FULL"))
    assert readable(city)


def is_through(stage: Stage) -> bool:
    """True if the city holds all that the county has."""
    with stage.nodes[CITY].store.read() as view:
        return view.journal.position(COUNTY, 1).size == size_of(stage.nodes[COUNTY])


def wrong_error(stage: Stage, expected: str) -> list[str]:
    """What the county's link says, if that is not what is expected."""
    said = link(stage.nodes[COUNTY], CITY).last_error
    return [] if said == expected else [f"the county's link says {said!r}"]


def readable(node: Node) -> bool:
    """What a page asks: the node's links and its tickets."""
    with node.store.read() as view:
        return len(link_lines(view, node.wall(), 30)) == 1 and view.connection.execute(schema.tickets.select()).first() is not None


ROLES: dict[str, Callable[[Stage], None]] = {COUNTY: at_the_county, CITY: at_the_city}


class TestFullDisk:
    def test_three_cycles_for_each_role(self, make_stage: MakeStage, small_disks: Path) -> None:
        stage = make_stage(TWO, home=small_disks)
        for code in ROLES:
            cycle(stage, code, 3)

    @pytest.mark.slow
    @pytest.mark.timeout(0)
    @pytest.mark.parametrize("run", range(20))
    @pytest.mark.parametrize("code", ROLES)
    def test_a_hundred_cycles_in_twenty_runs(self, make_stage: MakeStage, small_disks: Path, code: str, run: int) -> None:
        """Five each: what the appeals themselves take up stays."""
        stage = make_stage(TWO, home=small_disks)
        cycle(stage, code, int(os.environ.get("QYZJ_CYCLES", "5")))


def cycle(stage: Stage, code: str, times: int) -> None:
    """Fill and free the disk of one node so often; then everything agrees, and the same process still serves."""
    process = stage.serving[code]
    for number in range(times):
        register(stage, f"before {number}")
        stage.rest(MONDAY)
        with full(stage.nodes[code].data_dir):
            ROLES[code](stage)
        register(stage, f"after {number}")
        stage.rest(MONDAY)
        stage.until(lambda: wrong_error(stage, ""))
    assert process.poll() is None
    assert [] == flaws(stage)
