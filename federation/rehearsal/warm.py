"""
Nodes that begin at once: one process loads the program and then forks a node whenever it is asked for one.

Loading takes seconds of a core, and a rehearsal that kills nodes by the hundred would spend its time there.  A node that was
forked is a process like any other: an address space of its own, its own threads, killed by its own number.  Nothing runs in the
process that forks: no thread, no channel, no database.

It reads one JSON line a node and answers with the node's process number.  It ends with its standard input, and the nodes with it.
"""

import importlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

# Loaded late by a node that serves, so asked for here by name.
_LATE = ("node.cli.main", "federation.serving", "federation.epochs")
_PROGRAM = "from node.app import main; from federation.rehearsal.warm import fork_nodes; fork_nodes(main)"


class Forked:
    """A node that was forked: as much of ``subprocess.Popen`` as a stage asks for.  How it ended is not known: 0 stands for that."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        try:
            self._end: int | None = os.pidfd_open(pid)
        except ProcessLookupError:
            self._end = None

    @property
    def returncode(self) -> int | None:
        """0 once it has ended."""
        return self.poll()

    def poll(self) -> int | None:
        """None while it lives."""
        return self._look(0)

    def wait(self, timeout: float | None = None) -> int:
        """
        Wait until it has ended.

        Raises:
            subprocess.TimeoutExpired: after *timeout* seconds.
        """
        if self._look(timeout) is None:
            raise subprocess.TimeoutExpired("node", timeout or 0)
        return 0

    def terminate(self) -> None:
        """Ask it to end in good order."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it with no time to clean up."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self._end is not None:
            signal.pidfd_send_signal(self._end, number)

    def _look(self, seconds: float | None) -> int | None:
        if self._end is None:
            return 0
        poll = select.poll()
        poll.register(self._end, select.POLLIN)
        if not poll.poll(None if seconds is None else seconds * 1000):
            return None
        os.close(self._end)
        self._end = None
        return 0


class Warm:
    """The process that forks.  ``start`` is what a stage begins a node with."""

    def __init__(self, log: Path) -> None:
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, start_new_session=True
            )

    def start(self, arguments: Sequence[str], log: Path, *, is_tied: bool) -> Forked:
        """A node that runs ``qyzj`` with *arguments*, logs to *log*, and ends with this process."""
        assert is_tied, "a forked node always ends with its starter"
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps({"arguments": list(arguments), "log": str(log)}).encode() + b"\n")
        self._process.stdin.flush()
        return Forked(int(self._process.stdout.readline()))

    def close(self) -> None:
        """End it; nodes that still run end with it."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


def fork_nodes(main: Callable[[], None]) -> None:
    """Answer on standard output what is asked on standard input, until that ends."""
    for name in _LATE:
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system forgets who has ended
    tie, held = os.pipe()
    for line in iter(sys.stdin.buffer.readline, b""):
        asked = json.loads(line)
        pid = os.fork()
        if pid == 0:
            os.close(held)
            _become(main, asked["arguments"], asked["log"], tie)
        os.write(1, b"%d\n" % pid)


def _become(main: Callable[[], None], arguments: Sequence[str], log: str, tie: int) -> None:
    """The rest of a forked process's life."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    os.dup2(tie, 0)
    out = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.environ["QYZJ_TIED"] = "1"
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  # as long as the process
    sys.argv = ["qyzj", *arguments]
    code = 1
    try:
        main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
