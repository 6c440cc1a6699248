"""
How a file becomes commands, and how these are carried out: all in one transaction, each on the one road, or none.

**Repeating.**  A command that makes something has an id made of the kind of list and the row's natural key, so the same file a
second time is a no-op, and a longer one brings only what is new.  What decides by itself whether anything changed (a unit, an
account, a version of the duty list) gets a fresh id each time: its latest state counts, also when it goes back to a former one.

**A dry run** carries everything out and rolls it back.  Nothing of it stays, and its answer is exact.
"""

import hashlib
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache

from sqlalchemy import select

from node.domain.command import Command, Order
from node.domain.entry import Actor, SubjectKind
from node.domain.list_record import RecordList
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.registry import unit_code
from node.services.handle import Handler, Outcome
from node.services.imports.cells import Cells
from node.services.imports.column_map import NO_MAP, ColumnMap
from node.services.imports.fault import Fault, Faulty
from node.services.imports.reader import Columns, Table, read
from node.services.policies import Policies
from node.services.registry import actor_of
from node.storage import schema
from node.storage.blobs import Blobs
from node.storage.unit_of_work import UnitOfWork
from node.storage.writer import Writer
from node.texts.catalogue import LANGS, catalogue

_NAMESPACE = uuid.UUID("6f1c1f0e-2a4b-5c8d-9e10-71797a6a0008")
# What may be wrong with a file beside its rows is said once; more faults than this help nobody.
faults_max = 1_000


@dataclass(frozen=True)
class Options:
    """
    What an import is told beside its file.  ``account`` imports, "li" or "li:office".  ``channel`` and ``unit`` hold for rows that
    name none.  ``version`` and ``effective_from`` are a duty list's; ``is_confirmed``: whoever reports a list vouches for it.
    """

    account: str
    by: ColumnMap = NO_MAP
    channel: str = ""
    unit: str = ""
    category: str = ""
    complexity: str = ""
    version: str = ""
    effective_from: date | None = None
    is_confirmed: bool = False
    is_dry_run: bool = False


MoveClock = Callable[[datetime], None]


@dataclass(frozen=True)
class Parts:
    """The parts of a node that an import works with.  ``move_clock`` sets a rehearsal's clock; None on a node that is at work."""

    writer: Writer
    handler: Handler
    policies: Policies
    blobs: Blobs
    now: Callable[[], datetime]
    move_clock: MoveClock | None = None


@dataclass(frozen=True)
class Step:
    """
    One command of a row.  ``key`` is the row's natural key (empty: decides by itself whether it changes anything).  A command may be
    made of the outcome of the row's step before.  ``subject``: empty is what the row's first step made.  ``at`` moves the clock of
    a rehearsal.  ``known_by``: this refusal says that it is known already.
    """

    row: int
    command: Command | Callable[[Outcome], Command]
    actor: Actor
    key: str = ""
    subject: str = ""
    at: datetime | None = None
    occurred_at: datetime | None = None
    known_by: Code | None = None


@dataclass
class Setting:
    """What a kind reads when it makes its steps, inside the transaction; faults gather here."""

    work: UnitOfWork
    parts: Parts
    options: Options
    table: Table
    digest: str
    policy: Policy
    now: datetime
    faults: list[Fault] = field(default_factory=list)
    # What is noted of the list, where it has more to it than its rows.
    record: RecordList | None = None
    # Files that only this import brought: they go again if it does not stand.
    files: list[str] = field(default_factory=list)
    _actors: dict[tuple[type[Command], str], Actor] = field(default_factory=dict)

    @property
    def node(self) -> str:
        """The node's code."""
        return self.policy.node

    def file(self, content: bytes) -> str:
        """Keep a file for the row; its digest."""
        digest = hashlib.sha256(content).hexdigest()
        if not self.parts.blobs.has(digest):
            self.files.append(digest)
        return self.parts.blobs.put(content)

    def cells(self) -> Iterator[Cells]:
        """Each row; its faults are taken up when the next is asked for."""
        for row in self.table.rows:
            cells = Cells(self.table, row, self.options.by.time_format)
            yield cells
            self.faults += cells.faults

    @staticmethod
    def code_of(section: str, said: str) -> str:
        """The code of a word that people use, in any language of the catalogue; what is no such word stays."""
        return _codes(section).get(said, said) if said else ""

    def unit(self, said: str) -> str:
        """A unit's code from its code, its short name or its name; what it is not stays as it is."""
        if not said:
            return ""
        called = self._units()
        return called.get(said) or unit_code(self.node, said)

    def has_unit(self, code: str) -> bool:
        """True if there is such a unit."""
        return code in set(self._units().values())

    def _units(self) -> Mapping[str, str]:
        table = schema.units
        rows = self.work.connection.execute(
            select(table.c.code, table.c.name).where(table.c.node == self.node, table.c.is_active.is_(True))
        )
        return {name: row.code for row in rows for name in (row.name, row.code)}

    def actor(self, command: type[Command], channel: str = "") -> Actor:
        """
        Who imports, in the first of his roles that may give *command* (by *channel*); in the role that he named.

        Raises:
            Refusal: ACCOUNT_UNKNOWN, UNAUTHENTICATED, PERMISSION_DENIED.
        """
        key = (command, channel)
        if key not in self._actors:
            self._actors[key] = self._acting(command, channel)
        return self._actors[key]

    def _acting(self, command: type[Command], channel: str) -> Actor:
        name, _, role = self.options.account.partition(":")
        actor = actor_of(self.work.connection, self.node, name, role)
        if role:
            return actor
        table = schema.accounts
        own = self.work.connection.execute(select(table.c.roles).where(table.c.node == self.node, table.c.id == name)).scalar_one()
        allowed = self.policy.pack.names(f"rights.{command.__name__}") or tuple(one.value for one in command.roles)
        by_channel = self.policy.pack.names(f"channel.roles.{channel}")
        fitting = [one for one in own.split(",") if one in allowed and (not by_channel or one in by_channel)]
        return Actor(name, fitting[0], actor.unit) if fitting else actor

    def of_unit(self, unit: str, role: str) -> Actor:
        """
        Somebody of *unit* in *role*, the first by name.

        Raises:
            Refusal: UNIT_UNSTAFFED.
        """
        table = schema.accounts
        rows = self.work.connection.execute(
            select(table.c.id, table.c.roles).where(table.c.node == self.node, table.c.unit == unit, table.c.is_active.is_(True))
        )
        found = sorted(row.id for row in rows if role in row.roles.split(","))
        if not found:
            raise Refusal(Code.UNIT_UNSTAFFED, unit=unit)
        return Actor(found[0], role, unit)


@dataclass(frozen=True)
class Kind:
    """A kind of list: its columns and how its rows become steps.  ``moves_clock``: its rows happen at their own times."""

    name: str
    columns: Columns
    steps: Callable[[Setting], Iterable[Step]]
    moves_clock: bool = False


@dataclass(frozen=True)
class Report:
    """What an import did, or would do: rows that brought something and rows that were known, and the entries written."""

    kind: str
    rows: int
    imported: int
    known: int
    entries: int
    is_dry_run: bool
    tickets: tuple[str, ...] = ()


class _RolledBack(Exception):
    """Ends a dry run: what it wrote goes."""

    def __init__(self, report: Report) -> None:
        super().__init__()
        self.report = report


def run(parts: Parts, kind: Kind, content: bytes, suffix: str, options: Options) -> Report:
    """
    Import a file, whole or not at all.

    Raises:
        Faulty: everything that is wrong with the file, and what its rows were refused for; nothing was imported.
        Refusal: nobody may import here at all (ACCOUNT_UNKNOWN, PACK_MISSING ...), NOT_REHEARSAL.
    """
    if kind.moves_clock and parts.move_clock is None:
        raise Refusal(Code.NOT_REHEARSAL, kind=kind.name)
    table = read(content, suffix, kind.columns, options.by)
    digest = hashlib.sha256(content).hexdigest()
    began = parts.now()
    files: list[str] = []
    try:
        return parts.writer.command(lambda work: _carry_out(work, parts, kind, table, digest, options, files))
    except BaseException as error:
        for name in files:
            parts.blobs.discard(name)
        if kind.moves_clock and parts.move_clock is not None:
            parts.move_clock(began)
        if isinstance(error, _RolledBack):
            return error.report
        raise


def _carry_out(work: UnitOfWork, parts: Parts, kind: Kind, table: Table, digest: str, options: Options, files: list[str]) -> Report:
    now = parts.now()
    setting = Setting(work, parts, options, table, digest, parts.policies.of_registry(work, now), now, files=files)
    # All steps are made before the first is taken.  With a fault they are taken all the same: whatever else would be refused is
    # said at once, and nothing of it stays.
    steps = list(kind.steps(setting))
    done = _Done(setting, kind.name)
    for step in steps:
        done.take(step)
    if not setting.faults and done.written:
        done.note()
    if setting.faults:
        raise Faulty(setting.faults[:faults_max])
    # A list that is taken as a whole (row 0) is new in all its rows or in none.
    rows = len(table.rows)
    imported = rows if 0 in done.written else len(done.written)
    report = Report(kind.name, rows, imported, rows - imported, done.entries, options.is_dry_run, tuple(done.tickets))
    if options.is_dry_run:
        raise _RolledBack(report)
    return report


class _Done:
    """Carries steps out and remembers what became of each row."""

    def __init__(self, setting: Setting, kind: str) -> None:
        self._setting = setting
        self._kind = kind
        self._last: dict[int, Outcome] = {}
        self._subjects: dict[int, str] = {}
        self._places: dict[int, int] = {}
        self._stopped: set[int] = set()
        self.written: set[int] = set()
        self.entries = 0
        self.tickets: list[str] = []

    def take(self, step: Step) -> None:
        """Carry a step out; a refusal is a fault of its row, and the row's further steps are left out."""
        if step.row in self._stopped:
            return
        handler, move_clock = self._setting.parts.handler, self._setting.parts.move_clock
        try:
            order = self._order(step)
            if step.at is not None and move_clock is not None:
                self._move(step.at, order, move_clock)
            outcome = handler.carry_out(self._setting.work, order)
        except Refusal as refusal:
            self._stopped.add(step.row)
            if refusal.code is not step.known_by:
                self._setting.faults.append(Fault(step.row, self._column(refusal), "refused", refusal=refusal))
            return
        self._last[step.row] = outcome
        self._subjects.setdefault(step.row, outcome.subject.id)
        if outcome.entries and not outcome.is_repeat:
            self.written.add(step.row)
            self.entries += len(outcome.entries)
            if order.command.starts and outcome.subject.kind == SubjectKind.TICKET.value:
                self.tickets.append(outcome.subject.id)

    def _move(self, at: datetime, order: Order, move_clock: MoveClock) -> None:
        """On to the time at which it happened; what would have to go back, and is not known yet, comes too late."""
        now = self._setting.parts.now()
        if at > now:
            move_clock(at)
        elif at < now and not self._setting.work.journal.of_cause(order.id):
            raise Refusal(Code.CLOCK_BEHIND, now=at.isoformat(), last=now.isoformat())

    def note(self) -> None:
        """The one entry that says which list was taken over."""
        setting = self._setting
        command = setting.record or RecordList(self._kind, setting.digest, len(setting.table.rows))
        order = Order(str(uuid.uuid4()), setting.actor(RecordList), setting.node, command)
        try:
            self.entries += len(setting.parts.handler.carry_out(setting.work, order).entries)
        except Refusal as refusal:
            setting.faults.append(Fault(0, "", "refused", refusal=refusal))

    def _order(self, step: Step) -> Order:
        command = step.command if isinstance(step.command, Command) else step.command(self._last[step.row])
        subject = "" if command.starts else step.subject or self._subjects.get(step.row, "")
        if command.subject_kind is SubjectKind.NODE:
            subject = self._setting.node
        return Order(self._id(step), step.actor, subject, command, None, step.occurred_at)

    def _id(self, step: Step) -> str:
        """The row's own id and the place of the step in it; a fresh one where the command decides by itself."""
        if not step.key:
            return str(uuid.uuid4())
        place = self._places[step.row] = self._places.get(step.row, 0) + 1
        return id_of(self._kind, step.key, place)

    def _column(self, refusal: Refusal) -> str:
        """The column of the field that the refusal names, where it names one."""
        named = str(refusal.facts.get("field") or refusal.facts.get("key") or "")
        return self._setting.table.called.get(named, "")


@cache
def _codes(section: str) -> Mapping[str, str]:
    """The codes of a section by the words for them, those of the first language first."""
    prefix = f"{section}."
    found: dict[str, str] = {}
    for lang in LANGS:
        for key, value in catalogue(lang).items():
            if key.startswith(prefix):
                found.setdefault(value, key.removeprefix(prefix))
    return found


def id_of(kind: str, key: str, place: int = 1) -> str:
    """The id of the command of a row: the same row has the same id for ever."""
    return str(uuid.uuid5(_NAMESPACE, f"{kind}|{key}|{place}"))


def digest_of(*parts: str) -> str:
    """A natural key of words: 32 hex digits over them."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def first_of(offered: Sequence[str], *wanted: str) -> str:
    """The first of *wanted* that is offered, else the first that is; empty if nothing is."""
    return next((one for one in wanted if one in offered), offered[0] if offered else "")
