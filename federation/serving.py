"""
A node at work: its port, its uplink, its clock, its reactions, started and stopped together.

The uplink begins as soon as the node has a superior, also if it joined while it served.  The clock looks at the business
time every ``sweep_seconds``, a rehearsal node whenever its shared clock moved: sampling rounds first, then the sweep.
"""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select

from federation.client import Superior
from federation.credentials import KeyFiles
from federation.enrolment import EnrolmentServer
from federation.level import Clock, Level, steady
from federation.link import Lane
from federation.reactions import Reactions
from federation.retry import REHEARSAL, USUAL
from federation.runner import Runner, look_seconds, rehearsal_look_seconds
from federation.sampling import conduct
from federation.server import Server
from federation.session import Session, session_of
from node.config import Settings
from node.domain.refusal import Refusal
from node.services.clock import Sweep
from node.services.handle import Handler
from node.services.policies import Policies
from node.storage import schema
from node.storage.unit_of_work import Store
from node.storage.writer import Writer

log = structlog.get_logger()


@dataclass(frozen=True)
class Clocks:
    """The three clocks of DESIGN 13, and what waits: business, wall, monotonic."""

    now: Clock
    wall: Clock
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]


class Serving:
    """What a serving process runs.  The node's parts are its owner's, who closes them after ``stop``."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        writer: Writer,
        handler: Handler,
        policies: Policies,
        sweep: Sweep,
        clocks: Clocks,
        program: str,
    ) -> None:
        self._settings = settings
        self._policies = policies
        self._sweep = sweep
        self._clocks = clocks
        self._level = Level(store, writer, handler, clocks.now, clocks.wall, clocks.monotonic, program=program)
        self._files = KeyFiles(settings.data_dir / "keys")
        self._stopping = threading.Event()
        self._clock = threading.Thread(target=self._tick, name="clock", daemon=True)
        wall = clocks.wall()
        enrolment = EnrolmentServer(self._level, self._files.authority(settings.node, wall))
        self._server = Server(self._level, self._files.server(settings.node, wall), enrolment, settings.listen, settings.subordinates_max)
        self._session: Session | None = None
        self._runner = self._new_runner()

    @property
    def port(self) -> int:
        """The port that subordinates dial."""
        return self._server.port

    def start(self) -> None:
        """Serve from here on."""
        self._server.start()
        self._runner.start()
        self._clock.start()
        log.info("serving", node=self._settings.node, port=self.port)

    def stop(self) -> None:
        """End in good order: what is under way is finished, nothing new is taken."""
        self._stopping.set()
        self._clock.join()
        self._runner.stop()
        self._server.stop()
        log.info("stopped", node=self._settings.node)

    def _new_runner(self) -> Runner:
        level = self._level
        self._session = self._new_session()
        look = rehearsal_look_seconds if self._settings.is_rehearsal else look_seconds
        return Runner(level.store, Reactions(level.store, level.writer, level.handler), self._session, self._server, look)

    def _new_session(self) -> Session | None:
        found = self._superior()
        if found is None:
            return None
        superior, address = found
        clocks, settings = self._clocks, self._settings
        return session_of(
            self._level,
            superior,
            {lane: Superior(address, self._files.uplink, settings.node, superior, clocks.wall) for lane in Lane},
            os.urandom(16),
            pace=REHEARSAL if settings.is_rehearsal else USUAL,
            hello_every=timedelta(seconds=settings.heartbeat_seconds),
            now=steady(clocks.wall, clocks.monotonic),
            sleep=clocks.sleep,
        )

    def _superior(self) -> tuple[str, str] | None:
        table = schema.links
        with self._level.store.read() as view:
            row = view.connection.execute(select(table.c.peer, table.c.address).where(table.c.side == "superior")).first()
        return None if row is None else (row.peer, row.address)

    def _tick(self) -> None:
        settings = self._settings
        pause = rehearsal_look_seconds if settings.is_rehearsal else settings.sweep_seconds
        swept: datetime | None = None
        while True:
            try:
                swept = self._sweep_once(swept)
                self._look_for_superior()
            except Refusal as refusal:
                log.warning("clock refused", code=refusal.code.name, **refusal.facts)
            except Exception:
                log.exception("clock stumbled")
            if self._stopping.wait(pause):
                return

    def _sweep_once(self, swept: datetime | None) -> datetime:
        now = self._clocks.now()
        if now != swept or not self._settings.is_rehearsal:
            conduct(self._level.store, self._level.handler, self._policies, now)
            self._sweep.run(now)
        return now

    def _look_for_superior(self) -> None:
        if self._session is None and self._superior() is not None:
            self._runner.stop()
            self._runner = self._new_runner()
            self._runner.start()
