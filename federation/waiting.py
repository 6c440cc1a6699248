"""Long polls: who waits for something to go down sleeps until a commit has it, or until the time is up."""

import threading

from node.storage.unit_of_work import Outcome


class Waiting:
    """Counts what each link was woken for; ``wake`` is put into ``Store.on_commit``."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._counts: dict[str, int] = {}
        self._everybody = 0
        self.is_closed = False

    def wake(self, outcome: Outcome) -> None:
        """A commit has something for these links."""
        if not outcome.down:
            return
        with self._changed:
            for link in outcome.down:
                self._counts[link] = self._counts.get(link, 0) + 1
            self._changed.notify_all()

    def wake_all(self) -> None:
        """Another process may have written: let everybody look."""
        with self._changed:
            self._everybody += 1
            self._changed.notify_all()

    def close(self) -> None:
        """Let everybody go: the server stops."""
        with self._changed:
            self.is_closed = True
            self._changed.notify_all()

    def mark(self, link: str) -> tuple[int, int]:
        """Taken before looking, so that nothing which comes between looking and waiting is missed."""
        with self._changed:
            return self._counts.get(link, 0), self._everybody

    def wait(self, link: str, mark: tuple[int, int], seconds: float) -> bool:
        """Wait until something came since *mark*; False when the time is up or the server stops."""

        def is_new() -> bool:
            return self.is_closed or (self._counts.get(link, 0), self._everybody) != mark

        with self._changed:
            return self._changed.wait_for(is_new, seconds) and not self.is_closed
