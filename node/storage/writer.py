"""
The one writer of a process: takes what waits, in one transaction and one commit, then answers (DESIGN 13, "Threads").

Commands go before mirror batches.  On an unexpected error the group is rolled back and its jobs run one by one, so that
one bad job spoils no other.  The queue is bounded: who comes when it is full is told to come again (BUSY).  What nobody waits
for (``soon``) goes with the next commit, or has one of its own a moment later.
"""

import threading
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future, wait
from typing import Any, Generic, TypeVar

import structlog

from node.domain.refusal import Code, Refusal
from node.storage.unit_of_work import Store, UnitOfWork

log = structlog.get_logger()

R = TypeVar("R")

queue_jobs_max = 1_000
group_commands_max = 64
group_entries_max = 4_000
retry_after_ms = 500
# What nobody waits for has no commit of its own before this.
soon_seconds = 0.2


class _Job(Generic[R]):
    def __init__(self, work: Callable[[UnitOfWork], R], entries: int) -> None:
        self.work = work
        self.entries = entries
        self.future: Future[R] = Future()


class Writer:
    """
    Runs jobs against a store.  ``inline``: in the caller's thread, for the CLI and the simulator.

    A job is ``Callable[[UnitOfWork], R]``; a Refusal that it raises is its answer, writes nothing and disturbs nobody.
    """

    def __init__(self, store: Store, *, inline: bool = False) -> None:
        self._store = store
        self._inline = inline
        self._commands: deque[_Job[Any]] = deque()
        self._batches: deque[_Job[Any]] = deque()
        self._soon: dict[Hashable, _Job[Any]] = {}
        self._wake = threading.Condition()
        self._closing = False
        self._thread: threading.Thread | None = None
        if not inline:
            self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
            self._thread.start()

    def command(self, work: Callable[[UnitOfWork], R]) -> R:
        """
        Run a command's job and give its answer once it is durable.

        Raises:
            Refusal: what the job refused, or BUSY.
        """
        return self._submit(work, 0)

    def commands(self, works: Sequence[Callable[[UnitOfWork], R]]) -> "list[Future[R]]":
        """
        Run the jobs of commands that came together, and give their answers in order once each is durable or refused.

        Where the queue is full they are refused like one that comes alone (BUSY).
        """
        jobs = [_Job(work, 0) for work in works]
        if self._inline:
            for job in jobs:
                self._run_alone(job)
            return [job.future for job in jobs]
        with self._wake:
            free = 0 if self._closing else max(0, queue_jobs_max - len(self._commands) - len(self._batches))
            self._commands.extend(jobs[:free])
            self._wake.notify_all()
        for job in jobs[free:]:
            job.future.set_exception(Refusal(Code.BUSY, retry_after_ms=retry_after_ms))
        wait([job.future for job in jobs])
        return [job.future for job in jobs]

    def batch(self, work: Callable[[UnitOfWork], R], entries: int) -> R:
        """As ``command``, for a batch of so many mirrored entries; commands go before it."""
        return self._submit(work, max(entries, 1))

    def soon(self, key: Hashable, work: Callable[[UnitOfWork], None]) -> None:
        """
        Run *work* with the next commit, within ``soon_seconds`` at the latest; of one *key* only the latest that waits.

        It is for what is known from elsewhere if the process dies before, and may say something older meanwhile.  What it raises is logged.
        """
        if self._inline:
            with self._store.write() as unit:
                work(unit)
            return
        job = _Job(work, 0)
        job.future.add_done_callback(_tell)
        with self._wake:
            if self._closing:
                return
            is_first = not self._soon
            self._soon[key] = job
            if is_first:
                self._wake.notify_all()  # the writer waits no longer than ``soon_seconds`` from here on

    def close(self) -> None:
        """Finish what waits, then stop."""
        with self._wake:
            self._closing = True
            self._wake.notify_all()
        if self._thread is not None:
            self._thread.join()

    def _submit(self, work: Callable[[UnitOfWork], R], entries: int) -> R:
        if self._inline:
            with self._store.write() as unit:
                return work(unit)
        job = _Job(work, entries)
        with self._wake:
            if self._closing or len(self._commands) + len(self._batches) >= queue_jobs_max:
                raise Refusal(Code.BUSY, retry_after_ms=retry_after_ms)
            (self._batches if entries else self._commands).append(job)
            self._wake.notify_all()
        return job.future.result()

    def _run(self) -> None:
        while True:
            group = self._next_group()
            if not group:
                return
            if len(group) == 1 or not self._run_together(group):
                for job in group:
                    self._run_alone(job)

    def _next_group(self) -> list[_Job[Any]]:
        with self._wake:
            while not self._commands and not self._batches and not self._closing:
                if not self._wake.wait(soon_seconds if self._soon else None):
                    break
            group: list[_Job[Any]] = list(self._soon.values())
            self._soon.clear()
            entries = 0
            while self._commands and len(group) < group_commands_max:
                group.append(self._commands.popleft())
            while self._batches and (not entries or entries + self._batches[0].entries <= group_entries_max):
                job = self._batches.popleft()
                entries += job.entries
                group.append(job)
            return group

    def _run_together(self, group: list[_Job[Any]]) -> bool:
        """True if all of *group* was carried out in one commit; otherwise nothing was."""
        answers: list[Any] = []
        try:
            with self._store.write() as unit:
                for job in group:
                    answers.append(_answer(job, unit))
        except Exception:
            return False
        for job, answer in zip(group, answers, strict=True):
            if isinstance(answer, Refusal):
                job.future.set_exception(answer)
            else:
                job.future.set_result(answer)
        return True

    def _run_alone(self, job: _Job[Any]) -> None:
        try:
            with self._store.write() as unit:
                answer = job.work(unit)
        except Exception as error:
            job.future.set_exception(error)
        else:
            job.future.set_result(answer)


def _answer(job: _Job[Any], unit: UnitOfWork) -> Any:
    """The job's answer; a refusal that wrote nothing is one, and disturbs nobody in the group."""
    before = unit.head.taken
    try:
        return job.work(unit)
    except Refusal as refusal:
        if unit.head.taken != before:
            raise
        return refusal


def _tell(future: "Future[None]") -> None:
    error = future.exception()
    if error is not None:
        log.warning("note not written", error=type(error).__name__)
