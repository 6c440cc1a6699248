"""
A node at work: its port, its uplink, its clock, its reactions, started and stopped together.

The uplink begins as soon as the node has a superior, also if it joined while it served.  The clock looks at the business
time every ``sweep_seconds``, a rehearsal node whenever its shared clock moved: sampling rounds first, then the sweep.
Certificates are looked at every hour and renewed in the last third of their lives; nobody restarts for it.
"""

import gc
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import func, select

from federation import blobs, reconciling, reparenting
from federation.client import Superior
from federation.credentials import KeyFiles
from federation.enrolment import EnrolmentServer
from federation.level import Clock, Level, steady
from federation.link import Lane
from federation.reactions import Reactions
from federation.renewal import renew_uplink, renewal_look_seconds, uplink_due
from federation.retry import REHEARSAL, USUAL, CallFailed
from federation.runner import Runner, look_seconds, rehearsal_look_seconds
from federation.sampling import conduct
from federation.server import Server
from federation.session import Session, session_of
from node.config import Settings
from node.domain.refusal import Refusal
from node.services import integrity
from node.services.clock import Sweep
from node.services.handle import Handler
from node.services.policies import Policies
from node.services.situations import skew_seconds_max
from node.storage import schema
from node.storage.guard import Guard
from node.storage.unit_of_work import Store
from node.storage.writer import Writer

log = structlog.get_logger()

# DESIGN 7: a `Hello` comes at most so long after the last.
hello_apart_seconds = 60.0
# How often it is looked whether the night's comparison is due.
night_look_seconds = 900.0
# After a failure the next try comes with the superior's next word, and not at each tick.
blobs_look_seconds = 60.0
# Values made and kept before the collector looks for cycles among them.
garbage_looked_for_every = 50_000


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
        tell: Callable[[], None] = lambda: None,
    ) -> None:
        self._settings = settings
        self._tell = tell
        self._policies = policies
        self._sweep = sweep
        self._clocks = clocks
        self._level = Level(store, writer, handler, clocks.now, clocks.wall, clocks.monotonic, program=program, guard=Guard(settings.guard))
        self._files = KeyFiles(settings.data_dir / "keys")
        self._swept: datetime | None = None
        self._night_looked_at: float | None = None
        self._is_nothing_compared = False
        # The newest comparison with the superior when the link began to wait, in microseconds; None while it does not.
        self._compared_at: int | None = None
        self._garbage_thresholds = gc.get_threshold()
        wall = clocks.wall()
        enrolment = EnrolmentServer(self._level, self._files.authority(settings.node, wall))
        self._shown = self._files.server(settings.node, wall)
        self._server = Server(
            self._level, self._shown, enrolment, settings.listen, settings.subordinates_max, settings.connection_age_seconds
        )
        self._session = self._new_session()
        self._runner = Runner(
            store,
            Reactions(store, writer, handler, clocks.wall),
            self._session,
            self._server,
            self._look_every,
            {"clock": self._go_by_the_clock, "certificates": self._renew, "night": self._reconcile, "attachments": self._exchange_blobs},
            clocks.monotonic,
        )

    @property
    def port(self) -> int:
        """The port that subordinates dial."""
        return self._server.port

    def start(self) -> None:
        """Serve from here on."""
        # A batch makes a hundred thousand values and no cycle among them: looked through every 700, they cost a fifth of its time.
        gc.freeze()
        gc.set_threshold(garbage_looked_for_every, *self._garbage_thresholds[1:])
        integrity.need_whole_pages(self._level.store)
        self._server.start()
        self._runner.start()
        log.info("serving", node=self._settings.node, port=self.port)

    def stop(self) -> None:
        """End in good order: what is under way is finished, nothing new is taken."""
        self._runner.stop()
        self._server.stop()
        gc.set_threshold(*self._garbage_thresholds)
        gc.unfreeze()
        log.info("stopped", node=self._settings.node)

    @property
    def _look_every(self) -> float:
        return rehearsal_look_seconds if self._settings.is_rehearsal else look_seconds

    def _new_session(self) -> Session | None:
        found = self._superior()
        if found is None:
            return None
        superior, address = found
        clocks, settings = self._clocks, self._settings
        end = self._end(superior, address)
        return session_of(
            self._level,
            superior,
            dict.fromkeys(Lane, end),
            os.urandom(16),
            pace=REHEARSAL if settings.is_rehearsal else USUAL,
            # The timer may be one tick late.
            hello_every=timedelta(seconds=min(settings.heartbeat_seconds, hello_apart_seconds - self._look_every)),
            now=steady(clocks.wall, clocks.monotonic),
            sleep=clocks.sleep,
            helper=ThreadPoolExecutor(1, "read-ahead"),
        )

    def _end(self, superior: str, address: str) -> Superior:
        return Superior(address, self._files.uplink, self._settings.node, superior, self._clocks.wall)

    def _superior(self) -> tuple[str, str] | None:
        table = schema.links
        with self._level.store.read() as view:
            row = view.connection.execute(select(table.c.peer, table.c.address).where(table.c.side == "superior")).first()
        return None if row is None else (row.peer, row.address)

    def _go_by_the_clock(self) -> float:
        try:
            self._sweep_once()
            reparenting.advance(self._level.store, self._level.writer, self._level.handler)
            self._look_for_superior()
        except Refusal as refusal:
            log.warning("clock refused", code=refusal.code.name, **refusal.facts)
        return rehearsal_look_seconds if self._settings.is_rehearsal else self._settings.sweep_seconds

    def _sweep_once(self) -> None:
        now = self._clocks.now()
        self._note_guard()
        if self._is_skewed():
            return  # nothing falls due by a clock that its superior's contradicts
        if now != self._swept or not self._settings.is_rehearsal:
            conduct(self._level.store, self._level.handler, self._policies, now)
            self._sweep.run(now)
            self._tell()
        self._swept = now

    def _is_skewed(self) -> bool:
        links = schema.links
        its = (links.c.side == "superior", func.abs(links.c.skew_seconds) > skew_seconds_max)
        with self._level.store.read() as view:
            return view.connection.execute(select(links.c.peer).where(*its)).first() is not None

    def _note_guard(self) -> None:
        """At the top nobody else holds this journal: the guard file alone sees that an old database came back."""
        guard = self._level.guard
        with self._level.store.read() as view:
            if guard is not None and not view.head.line and not view.head.held:
                guard.note(view.journal.position(view.head.node, view.head.epoch))

    def _reconcile(self) -> float:
        """Once a night, and when the superior asks: look at every entry that is held, then compare with it (`qyzj reconcile`)."""
        self._heed_comparison()
        now, session = self._clocks.now(), self._session
        is_asked, is_due = session is not None and session.is_asked, self._is_night_due(now)
        if is_due:
            integrity.look(self._level.store)
        if is_due or is_asked:
            self._level.writer.command(lambda work: reconciling.look(work, now, self._clocks.wall()))
            self._compare()
        if session is not None and is_asked:
            session.is_asked = False  # what failed is asked again at the next greeting
        return self._look_every

    def _heed_comparison(self) -> None:
        """A comparison that an operator made meanwhile (`qyzj reconcile`) proves that the superior answers again: nothing waits longer."""
        session = self._session
        if session is None or not session.is_held_back:
            self._compared_at = None
            return
        table = schema.reconciliations
        with self._level.store.read() as view:
            at = view.connection.execute(select(func.max(table.c.at)).where(table.c.peer == session.peer)).scalar() or 0
        if self._compared_at is not None and at > self._compared_at:
            session.on_heard_elsewhere()
            self._runner.wake()
        self._compared_at = at

    def _is_night_due(self, now: datetime) -> bool:
        at = self._clocks.monotonic()
        is_early = self._night_looked_at is not None and at < self._night_looked_at + night_look_seconds
        # Who joined a moment ago is compared as soon as his first entries are there, and not in a quarter of an hour.
        if is_early and not self._is_nothing_compared:
            return False
        self._night_looked_at = at
        with self._level.store.read() as view:
            return reconciling.is_due(view, now, self._clocks.wall())

    def _compare(self) -> None:
        found = self._superior()
        if found is None:
            return
        end = self._end(*found)
        try:
            self._is_nothing_compared = reconciling.reconcile_with(self._level, found[0], end).is_empty
            self._runner.wake()
        except (CallFailed, Refusal) as error:
            log.warning("not reconciled", peer=found[0], failure=str(error))
        finally:
            end.close()

    def _exchange_blobs(self) -> float:
        """Attachments that the superior wants, and those that are wanted of it: beside the lanes, so they hold up no entry."""
        session, every = self._session, rehearsal_look_seconds if self._settings.is_rehearsal else look_seconds
        if session is None:
            return every
        wanted, session.wanted = session.wanted, ()
        try:
            blobs.exchange(self._level, session.peer, session.ends[Lane.UP], wanted)
        except CallFailed as error:
            log.info("attachments wait", peer=session.peer, failure=str(error))
            return blobs_look_seconds
        return every

    def _look_for_superior(self) -> None:
        found = self._superior()
        # Also one that joined another superior while it served (FEDERATION 2.7).
        if found is not None and (self._session is None or self._session.peer != found[0]):
            self._session = self._new_session()
            if self._session is not None:
                self._runner.link(self._session)

    def _renew(self) -> float:
        node = self._settings.node
        shown = self._files.server(node, self._clocks.wall())
        if shown.certificate != self._shown.certificate:
            self._shown = shown
            self._server.show(shown)
            log.info("certificate renewed", node=node, end="server")
        found, session = self._superior(), self._session
        if found is not None and session is not None and uplink_due(self._files, self._level):
            self._renew_uplink(*found, session)
        return renewal_look_seconds

    def _renew_uplink(self, superior: str, address: str, session: Session) -> None:
        end, node = self._end(superior, address), self._settings.node
        try:
            renew_uplink(self._level, self._files, node, superior, end.renew)
            session.redial()
            self._runner.wake()
            log.info("certificate renewed", node=node, end="uplink")
        except (CallFailed, Refusal) as error:
            left = self._files.days_left(self._clocks.wall())["uplink"]
            log.warning("certificate not renewed", node=node, end="uplink", days_left=left, failure=str(error))
        finally:
            end.close()
