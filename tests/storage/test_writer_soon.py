"""What nobody waits for goes with the next commit, or has one of its own a moment later; it holds up nobody."""

import threading
from pathlib import Path

import pytest

from node.domain.refusal import Code, Refusal
from node.storage.unit_of_work import Store, UnitOfWork
from node.storage.writer import Writer
from tests.support.node import make_node

patience_seconds = 60


class Written:
    """Jobs that leave their words in the order in which a commit made them durable: those of one commit are one list."""

    def __init__(self, store: Store) -> None:
        self.commits: list[list[str]] = []
        self._begun: list[str] = []
        self._changed = threading.Condition()
        store.fault = self._at

    def job(self, word: str) -> "Job":
        return Job(self, word)

    def said(self, word: str) -> None:
        self._begun.append(word)

    def until(self, commits: list[list[str]]) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.commits == commits, patience_seconds), self.commits

    def _at(self, point: str) -> None:
        if point == "commit.after":
            with self._changed:
                self.commits.append(self._begun)
                self._begun = []
                self._changed.notify_all()


class Job:
    """Says its word; waits first for what it is told to wait for."""

    def __init__(self, written: Written, word: str) -> None:
        self.written, self.word = written, word
        self.begun, self.may_end = threading.Event(), threading.Event()
        self.may_end.set()

    def __call__(self, _work: UnitOfWork) -> None:
        self.begun.set()
        assert self.may_end.wait(patience_seconds)
        self.written.said(self.word)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return make_node(tmp_path / "node").node.store


def held(writer: Writer, written: Written) -> tuple[Job, threading.Thread]:
    """A command that the writer is at, until it may end."""
    first = written.job("first")
    first.may_end.clear()
    waiting = threading.Thread(target=lambda: writer.command(first))
    waiting.start()
    assert first.begun.wait(patience_seconds)
    return first, waiting


def test_it_shares_the_commit_of_the_next_command(store: Store) -> None:
    written, writer = Written(store), Writer(store)
    first, thread = held(writer, written)
    writer.soon("link", written.job("note"))
    second = threading.Thread(target=lambda: writer.command(written.job("second")))
    second.start()
    while not writer._commands:
        second.join(0.01)
    first.may_end.set()

    written.until([["first"], ["note", "second"]])
    thread.join()
    second.join()
    writer.close()


def test_alone_it_is_written_a_moment_later(store: Store) -> None:
    written, writer = Written(store), Writer(store)
    writer.soon("link", written.job("note"))

    written.until([["note"]])
    writer.close()


def test_of_one_key_only_the_latest_is_written(store: Store) -> None:
    written, writer = Written(store), Writer(store)
    first, thread = held(writer, written)
    for key, word in (("a", "old"), ("b", "other"), ("a", "new")):
        writer.soon(key, written.job(word))
    first.may_end.set()

    written.until([["first"], ["new", "other"]])
    thread.join()
    writer.close()


def test_what_still_waits_is_written_before_the_writer_ends(store: Store) -> None:
    written, writer = Written(store), Writer(store)
    first, thread = held(writer, written)
    writer.soon("link", written.job("note"))
    first.may_end.set()
    writer.close()
    thread.join()

    assert [["first"], ["note"]] == written.commits


@pytest.mark.parametrize("error", [ValueError("broken"), Refusal(Code.STORAGE_FULL)], ids=["error", "refusal"])
def test_one_that_fails_spoils_no_command_beside_it(store: Store, error: Exception) -> None:
    def fail(_work: UnitOfWork) -> None:
        raise error

    written, writer = Written(store), Writer(store)
    first, thread = held(writer, written)
    writer.soon("link", fail)
    second = threading.Thread(target=lambda: writer.command(written.job("second")))
    second.start()
    while not writer._commands:
        second.join(0.01)
    first.may_end.set()
    second.join(patience_seconds)
    thread.join()
    writer.close()

    assert "second" in written.commits[-1]


def test_inline_it_is_written_at_once(store: Store) -> None:
    written = Written(store)
    Writer(store, inline=True).soon("link", written.job("note"))

    assert [["note"]] == written.commits
