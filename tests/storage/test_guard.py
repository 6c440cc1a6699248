"""The guard file: whatever a write leaves half done, what was said before it is still there (FEDERATION 2.3 no. 10)."""

import json
from pathlib import Path

import pytest

from node.storage.guard import Guard
from node.storage.journal import Position


def at(size: int) -> Position:
    """A position of the county's journal."""
    return Position("520402", 1, size, bytes([size % 256]) * 32)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the guard lies."""
    return tmp_path / "520402.guard"


def test_a_guard_that_was_never_written_says_nothing(file: Path) -> None:
    assert Guard(file).read() is None


@pytest.mark.parametrize("times", [1, 2, 3, 10])
def test_what_was_noted_last_is_what_the_next_process_reads(file: Path, times: int) -> None:
    guard = Guard(file)
    for size in range(1, times + 1):
        guard.note(at(size))

    assert at(times) == Guard(file).read()


@pytest.mark.parametrize("times", [2, 3])
def test_a_line_that_was_half_written_leaves_the_former_one(file: Path, times: int) -> None:
    guard = Guard(file)
    for size in range(1, times + 1):
        guard.note(at(size))
    whole = file.read_bytes()
    begun = 512 * (times % 2)

    file.write_bytes(whole[: begun + 200] + bytes(312) + whole[begun + 512 :])

    assert at(times - 1) == Guard(file).read()


def test_a_process_that_begins_again_writes_beside_what_was_said_last(file: Path) -> None:
    """Every process begins with the line that is not the last one, or a torn write would leave nothing."""
    Guard(file).note(at(1))
    before = file.read_bytes()

    Guard(file).note(at(2))

    line = before[512:1024]
    assert line.strip(b"\0")
    assert line == file.read_bytes()[512:1024]


def test_the_file_of_an_older_program_is_read(file: Path) -> None:
    """It was one position, made anew each time."""
    file.write_text(json.dumps({"node": "520402", "epoch": 1, "size": 7, "root": at(7).root.hex()}))
    assert at(7) == Guard(file).read()

    Guard(file).note(at(8))

    assert at(8) == Guard(file).read()


@pytest.mark.parametrize("said", [b"", b"{", b"[]", b"7", bytes(1024), b"x" * 1024])
def test_a_guard_that_cannot_be_read_says_nothing(file: Path, said: bytes) -> None:
    file.write_bytes(said)

    assert Guard(file).read() is None


def test_where_nothing_can_be_written_the_guard_stays_behind(file: Path) -> None:
    file.mkdir()

    Guard(file).note(at(1))

    assert Guard(file).read() is None
