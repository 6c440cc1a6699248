"""
Power loss (FEDERATION T08): a node's files as a disk may hold them when the current fails in the middle of its writing.

The database's log is copied while the node writes, and cut: at the border of a frame, in its middle, or with what a disk may have behind
the end of what it was told to write.  Each copy is a node that opens, holds a beginning of the journal with everything that belongs to
it, and goes on.
"""

import random
import shutil
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from node import app
from node.services import integrity
from node.services.verify import verify
from node.storage import schema
from tests.support.node import Hands, make_node
from tests.support.sampling import COUNTY, answered, answered_one

DATABASE, LOG = "node.db", "node.db-wal"
# The format of SQLite's log: a header, then frames of a header and a page each.
log_header_bytes = 32
frame_bytes = 24 + 4096
# What a disk has behind the last byte that is sure: nothing, room that was not written yet, another file's bytes, frames of the log before
# this one.
TAILS = ("nothing", "zeroes", "noise", "former")
cuts_of_a_kind = 20


@dataclass(frozen=True)
class Interrupted:
    """
    A node's *directory* as it was before it wrote the *log*, copied in the middle of its writing, when it had answered that *promised*
    entries are kept; *entries*, as bytes, is what it wrote in the end, and *former* the log before that.
    """

    directory: Path
    log: bytes
    former: bytes
    promised: int
    entries: list[bytes]

    @property
    def frames(self) -> int:
        return (len(self.log) - log_header_bytes) // frame_bytes


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> Interrupted:
    """A county that answers consultations while somebody copies its log."""
    home = tmp_path_factory.mktemp("interrupted")
    county = make_node(home, COUNTY)
    data = county.node.data_dir
    answered(county, 2)
    former = (data / LOG).read_bytes()
    _pragmas(county, "wal_checkpoint(TRUNCATE)", "wal_autocheckpoint=0")
    shutil.copytree(data, home / "copied", ignore=shutil.ignore_patterns(f"{DATABASE}-*"))
    sizes: list[int] = []
    is_written = threading.Condition()

    def write() -> None:
        for place in range(2, 12):
            answered_one(county, place)
            with is_written:
                sizes.append(len(_entries(county.node)))
                is_written.notify()

    writing = threading.Thread(target=write)
    writing.start()
    with is_written:
        is_written.wait_for(lambda: len(sizes) >= 7, timeout=60)
        promised = sizes[-1]
    log = (data / LOG).read_bytes()
    writing.join()
    entries = _entries(county.node)
    county.node.close()
    return Interrupted(home / "copied", log, former, promised, entries)


def _pragmas(hands: Hands, *pragmas: str) -> None:
    with hands.node.store.database.writer.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        for one in pragmas:
            connection.exec_driver_sql(f"PRAGMA {one}")
        connection.exec_driver_sql("BEGIN")


def _entries(node: app.Node) -> list[bytes]:
    """The whole journal, in the order in which it was taken."""
    with node.store.read() as view:
        return [bytes(one) for one in view.connection.execute(select(schema.entries.c.content).order_by(schema.entries.c.taken)).scalars()]


def image(interrupted: Interrupted, to: Path, cut: int, tail: bytes = b"") -> app.Node:
    """The node that a disk gives back which holds *cut* bytes of the log, and *tail* behind them."""
    shutil.copytree(interrupted.directory, to)
    (to / LOG).write_bytes(interrupted.log[:cut] + tail)
    return app.build(to)


def held(node: app.Node, clock: Path, interrupted: Interrupted) -> int:
    """How many entries it holds: whole ones, the first of the journal, with all that is made of them; and it goes on writing."""
    integrity.need_whole_pages(node.store)
    _need_sound(node)
    entries = _entries(node)
    assert entries == interrupted.entries[: len(entries)]
    answered(Hands(node, clock, "", serial=1_000), 1)  # whose ids were not given yet
    assert len(entries) + 2 == len(_entries(node))
    _need_sound(node)
    return len(entries)


def _need_sound(node: app.Node) -> None:
    """Pages are whole; sizes and roots of the streams agree with the entries, and the readings with a rebuild."""
    with node.store.read() as view:
        assert () == verify(view, node.blobs).flaws
    assert integrity.Looked(()) == integrity.look(node.store)


def test_what_was_answered_is_there_when_the_current_fails_in_the_middle_of_a_write(tmp_path: Path, interrupted: Interrupted) -> None:
    """The copy as it was taken: whatever the node had said before, it holds."""
    assert 100 < interrupted.frames and interrupted.promised < len(interrupted.entries)
    with_all = image(interrupted, tmp_path / "node", len(interrupted.log))

    assert interrupted.promised <= held(with_all, tmp_path / "clock.json", interrupted)


@pytest.mark.parametrize("tail", TAILS)
def test_a_log_that_ends_anywhere_gives_a_beginning_of_the_journal(tmp_path: Path, interrupted: Interrupted, tail: str) -> None:
    """Forty cuts, a quarter of them with each tail: the later the cut, the more entries, and never a half one."""
    chance = random.Random(8)
    frames = range(interrupted.frames)
    cuts = [log_header_bytes + frame_bytes * place for place in chance.sample(frames, cuts_of_a_kind)]
    cuts += [log_header_bytes + frame_bytes * place + chance.randrange(1, frame_bytes) for place in chance.sample(frames, cuts_of_a_kind)]
    mine = sorted(cuts[TAILS.index(tail) :: len(TAILS)])
    behind = {
        "nothing": b"",
        "zeroes": bytes(3 * frame_bytes),
        "noise": chance.randbytes(3 * frame_bytes),
    }
    found = []
    for number, cut in enumerate(mine):
        at_disk = behind[tail] if tail in behind else interrupted.former[cut : cut + 3 * frame_bytes]
        node = image(interrupted, tmp_path / str(number), cut, at_disk)
        found.append(held(node, tmp_path / "clock.json", interrupted))
        node.close()

    assert sorted(found) == found
    assert found[0] < found[-1]
