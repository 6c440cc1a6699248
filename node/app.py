"""
The composition root: the only file that knows every part of a node, and the only one below which the wall clock is read.

Three clocks are handed out: business *now* (decisions, due times, sweeps), *wall* (certificates, tokens), *monotonic*
(heartbeats, retries).  A rehearsal node reads business time from a file that its peers share.
"""

import json
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from node import config
from node.documents.issuing import content_by
from node.domain.pack import Pack
from node.domain.paper import CONTENT
from node.domain.refusal import Code, Refusal
from node.notify import pace
from node.notify.dispatch import Dispatcher
from node.notify.gateways import gateways
from node.notify.outbox import Announcer
from node.packs.file import Find, finder
from node.services.begun_uploads import BegunUploads
from node.services.clock import Sweep
from node.services.handle import Handler
from node.services.hooks import Hooks
from node.services.leader_daily import send_due
from node.services.logins import logins_of
from node.services.policies import Policies
from node.services.secret_files import secret_of
from node.services.setup import Beginning, initialise
from node.services.telling import Telling
from node.services.upgrading import check_schema
from node.storage.blobs import Blobs
from node.storage.database import open_database
from node.storage.guard import HELD, Guard
from node.storage.keyring import KeyRing
from node.storage.migrate import upgrade
from node.storage.unit_of_work import Fault, Store, UnitOfWork, View, no_fault
from node.storage.writer import Writer

if TYPE_CHECKING:
    from federation.serving import Serving
    from node.web.server import WebServer

# Set to "1" by whoever starts a node for a rehearsal: it ends when its standard input does, so with its starter.
TIED = "QYZJ_TIED"

# How often the pages' certificate is looked at.
renew_look_seconds = 6 * 3600.0

Clock = Callable[[], datetime]


@dataclass
class Node:
    """A node put together: what entrances (CLI, pages, links) work with."""

    settings: config.Settings
    store: Store
    writer: Writer
    handler: Handler
    policies: Policies
    blobs: Blobs
    sweep: Sweep
    now: Clock
    wall: Clock
    find_pack: Find

    @property
    def code(self) -> str:
        """The node's code."""
        return self.settings.node

    @property
    def data_dir(self) -> Path:
        """Where database, keys, blobs, certificates and packs lie."""
        return self.settings.data_dir

    def close(self) -> None:
        """Finish what waits and give everything back."""
        self.writer.close()
        self.store.close()


def build(data_dir: Path, *, inline: bool = True, fault: Fault = no_fault, **over: object) -> Node:
    """
    Put the node in *data_dir* together.  *inline*: commands run in the caller's thread (CLI); a serving node has a writer
    thread.

    Raises:
        Refusal: NODE_UNKNOWN, SETTING_REFUSED, SCHEMA_OLD, SCHEMA_NEW.
    """
    settings = config.load(data_dir, **over)
    store = Store(open_database(settings.url), KeyRing.load(settings.data_dir / "keys"), os.urandom, fault)
    check_schema(store.database)
    _check_guard(settings, store)
    return _assemble(settings, store, inline=inline)


def create(settings: config.Settings, name: str, pack: str, centre_name: str) -> tuple[Node, str]:
    """
    Make a new node in an empty data directory; also returns its recovery key, which is printed once and kept nowhere.

    Raises:
        Refusal: ALREADY_EXISTS, SETTING_REFUSED, or a faulty pack.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    if (settings.data_dir / config.FILE).exists():
        raise Refusal(Code.ALREADY_EXISTS, kind="node", id=settings.node)
    store = Store(open_database(settings.url), None)
    upgrade(store.database)
    ring, recovery_key = KeyRing.create(settings.data_dir / "keys", os.urandom)
    store.ring = ring
    node = _assemble(settings, store, inline=True)
    beginning = Beginning(settings.node, name, pack, settings.is_rehearsal, centre_name)
    initialise(store, node.blobs, ring, beginning, node.find_pack, node.now())
    config.save(settings)
    return node, recovery_key


def _assemble(settings: config.Settings, store: Store, *, inline: bool) -> Node:
    now = wall_clock if settings.rehearsal_clock is None else rehearsal_clock(settings.rehearsal_clock)
    blobs = Blobs(settings.data_dir / "blobs")
    policies = Policies(blobs)
    writer = Writer(store, inline=inline)
    handler = Handler(writer, policies, blobs, now, {CONTENT: content_by(policies)})
    sweep = Sweep(store, handler, policies)
    store.announce = Announcer(lambda work: _pack_in_force(policies, work, now()))
    return Node(settings, store, writer, handler, policies, blobs, sweep, now, wall_clock, finder(settings.data_dir / "packs"))


def _pack_in_force(policies: Policies, view: UnitOfWork | View, moment: datetime) -> Pack | None:
    try:
        return policies.of_node(view, moment).pack
    except Refusal:
        return None  # none is adopted yet: nobody is told anything


def dispatcher(node: Node) -> Dispatcher:
    """
    What sends the messages that wait at *node*.

    Raises:
        Refusal: as ``secret_of``.
    """
    given = node.settings
    password = secret_of(given.smtp_password_file, "smtp_password_file") if given.smtp_url and given.smtp_password_file else ""
    telling = Telling(node.store, node.writer, node.now, {"email": given.office_email}, given.public_url)
    doors = gateways(given.sms_url, given.sms_secret, given.smtp_url, given.robot_url, password)
    return Dispatcher(node.store, doors, telling.say, telling.reach, random.random)


def hooks(node: Node) -> Hooks:
    """What tells other systems of the entries of *node*."""
    return Hooks(node.store, node.wall, lambda moment, attempts: pace.next_attempt(moment, attempts, random.random()))


def tell(node: Node) -> Callable[[], None]:
    """Send what waits, in a thread of its own: a gateway that hangs holds up nothing else."""
    sender, others = dispatcher(node), hooks(node)
    at_work: list[threading.Thread] = []

    def run() -> None:
        moment = node.now()
        with node.store.read() as view:
            pack = _pack_in_force(node.policies, view, moment)
        try:
            send_due(node.store, node.policies, dict.fromkeys(sender.gateways, True), moment)
            sender.run(pack, moment)
        except Exception as error:  # whatever it was, the next round tries again
            structlog.get_logger().error("notices_not_sent", error=type(error).__name__)
        try:
            others.run()
        except Exception as error:
            structlog.get_logger().error("hooks_not_told", error=type(error).__name__)

    def begin() -> None:
        if at_work and at_work[-1].is_alive():
            return
        at_work[:] = [threading.Thread(target=run, name="notices", daemon=True)]
        at_work[0].start()

    return begin


def _check_guard(settings: config.Settings, store: Store) -> None:
    """A database older than its guard file writes nothing until its superior has said where it stands (FEDERATION 2.3 no. 10)."""
    with store.read() as view:
        if Guard(settings.guard).fits(view) or view.head.held:
            return
    with store.write() as work:
        work.head.held = HELD


def wall_clock() -> datetime:
    """The machine's clock, aware, UTC."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Seconds that only grow; for heartbeats and retries."""
    return time.monotonic()


def rehearsal_clock(path: Path) -> Clock:
    """The business clock of a rehearsal: the instant that *path* holds, shared by all nodes of a demo."""

    def now() -> datetime:
        return datetime.fromisoformat(json.loads(path.read_text(encoding="utf-8"))["now"]).astimezone(UTC)

    return now


def set_rehearsal_clock(path: Path, moment: datetime) -> None:
    """Move the shared clock of a rehearsal to *moment*, at once for every reader."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps({"now": moment.astimezone(UTC).isoformat()}), encoding="utf-8")
    part.replace(path)


def serving(node: Node) -> "Serving":
    """The node at work, not started yet."""
    from federation.serving import Clocks, Serving  # gRPC takes longest to load, and most commands do without

    clocks = Clocks(node.now, node.wall, monotonic, time.sleep)
    return Serving(node.settings, node.store, node.writer, node.handler, node.policies, node.sweep, clocks, version(), tell(node))


def serve(node: Node, on_start: Callable[[], None] = lambda: None) -> None:
    """
    Serve until the process is told to stop (SIGTERM, SIGINT); *on_start* is called once all ports are open.

    Raises:
        Refusal: ADDRESS_TAKEN, with its setting.
    """
    told = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: told.set())
    if os.environ.get(TIED) == "1":
        threading.Thread(target=_end_with_input, args=(told,), name="tied", daemon=True).start()
    at_work, pages = serving(node), web_server(node)
    at_work.start()
    try:
        if pages is not None:
            pages.start()
            structlog.get_logger().info("pages_served", address=pages.address)
        on_start()
        while not told.wait(renew_look_seconds):
            if pages is not None:
                _keep_pages(node, pages)
    finally:
        if pages is not None:
            pages.stop()
        at_work.stop()


def _keep_pages(node: Node, pages: "WebServer") -> None:
    """Renew the pages' certificate, forget sessions and half uploads that are over.  What fails is tried again: the node goes on."""
    try:
        pages.renew(node)
        logins_of(node).sweep(node.wall())
        BegunUploads(node.data_dir).expire(node.wall())
    except Exception as error:
        structlog.get_logger().error("pages_not_kept", error=type(error).__name__)


def web_server(node: Node) -> "WebServer | None":
    """The port of the pages, not started yet; None if the settings have none."""
    if not node.settings.web_listen:
        return None
    from node.web.server import server_of  # FastAPI takes long to load, and most nodes of a rehearsal do without

    return server_of(node)


def _end_with_input(told: threading.Event) -> None:
    # Not by way of its buffer: a thread that waits there keeps a lock, and the program would end with a fatal error.
    while os.read(sys.stdin.fileno(), 4096):
        pass
    told.set()


def version() -> str:
    """The program's version, as peers are told."""
    try:
        return metadata.version("qyzj")
    except metadata.PackageNotFoundError:  # run from a checkout that was never installed
        return ""


def log_to_stderr() -> None:
    """One line an event, and tracebacks without local variables: these may hold what somebody wrote."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=False),
            structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def main() -> None:
    """The program ``qyzj``."""
    log_to_stderr()
    from node.cli.main import run  # the CLI is handed its node here, and imports nothing of this file

    run(build=build, create=create, set_clock=set_rehearsal_clock, serve=serve)
