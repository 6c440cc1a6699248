"""
Opening a node's database, and the two ways into it.

SQLite: a *writer* engine with one connection that begins with ``BEGIN IMMEDIATE`` (a deferred transaction that reads and
then writes loses updates without an error), and a *reader* engine, deferred and ``query_only``.  The library is the
``pysqlite3`` wheel's: 3.7.0 to 3.51.2 can corrupt a WAL database when two connections write at the same moment.
PostgreSQL: one engine, READ COMMITTED; the head row taken first orders the writers.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pysqlite3.dbapi2 as sqlite
from sqlalchemy import Connection, Engine, StaticPool, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from node.domain.refusal import Code, Refusal
from node.storage.waiting import settle_all

SQLITE_OLDEST = (3, 51, 3)
busy_timeout_ms = 20_000
# PostgreSQL for many short questions of many people: compiling one, or starting processes for it, takes longer than its answer, and
# what a unit gathers (``scope``) is looked up in memory only where it is expected to find room there.
PLANNER = {"jit": "off", "max_parallel_workers_per_gather": "0", "work_mem": "'32MB'", "random_page_cost": "1.1"}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(moment: datetime) -> int:
    """An aware instant as stored: microseconds since 1970, UTC."""
    return (moment - _EPOCH) // _MICROSECOND


def micros_or_none(moment: datetime | None) -> int | None:
    """As ``micros``; None stays None."""
    return None if moment is None else micros(moment)


def instant(stored: int) -> datetime:
    """The aware instant of a stored time."""
    return _EPOCH + timedelta(microseconds=stored)


def instant_or_none(stored: int | None) -> datetime | None:
    """As ``instant``; None stays None."""
    return None if stored is None else instant(stored)


@dataclass(frozen=True)
class Database:
    """A node's database.  ``writer`` and ``reader`` are the same engine on PostgreSQL."""

    writer: Engine
    reader: Engine
    # Connections of SQLite between two reads: taking one from the engine's pool costs several times what a read begins with.
    _idle: list[Connection] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def is_sqlite(self) -> bool:
        """True for the embedded default."""
        return self.writer.dialect.name == "sqlite"

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that may write; commits at the end, rolls back on any exception."""
        with _plain_errors(), self.writer.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads, from one snapshot on SQLite."""
        if not self.is_sqlite:
            with self.reader.connect() as connection, connection.begin():
                yield connection
            return
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self.reader.connect()
        try:
            with connection.begin():
                yield connection
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)

    def close(self) -> None:
        """Give back every connection."""
        while self._idle:
            self._idle.pop().close()
        self.writer.dispose()
        self.reader.dispose()


def open_database(url: str) -> Database:
    """
    Open the database at *url*: ``sqlite:///<file>``, ``sqlite://`` (in memory) or ``postgresql://...``.

    Raises:
        Refusal: DATABASE_OLD, if the SQLite library may corrupt a database.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        engine = create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True, pool_size=10, max_overflow=20)
        event.listen(engine, "before_cursor_execute", settle_all)
        event.listen(engine, "connect", _settle_planner)
        return Database(engine, engine)
    if sqlite.sqlite_version_info < SQLITE_OLDEST:
        raise Refusal(Code.DATABASE_OLD, version=sqlite.sqlite_version, oldest=".".join(map(str, SQLITE_OLDEST)))
    if parsed.database in (None, "", ":memory:"):
        memory = _sqlite_engine(url, is_writer=True, poolclass=StaticPool)
        return Database(memory, memory)
    return Database(_sqlite_engine(url, is_writer=True, poolclass=None), _sqlite_engine(url, is_writer=False, poolclass=None))


def _settle_planner(connection: Any, _record: Any) -> None:
    with connection.cursor() as cursor:
        for setting, value in PLANNER.items():
            cursor.execute(f"SET {setting} = {value}")
    # A setting is taken back with the transaction that made it.
    connection.commit()


def _sqlite_engine(url: str, *, is_writer: bool, poolclass: Any) -> Engine:
    # One writer connection; readers are kept, as opening one costs more than most reads.
    pool = {"pool_size": 1, "max_overflow": 0, "pool_timeout": 60} if is_writer else {"pool_size": 8, "max_overflow": 56}
    options: dict[str, Any] = {"poolclass": poolclass} if poolclass else pool
    engine = create_engine(url, module=sqlite, connect_args={"check_same_thread": False, "timeout": busy_timeout_ms / 1000}, **options)
    if is_writer:
        event.listen(engine, "before_cursor_execute", settle_all)

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        # The driver must not begin transactions by itself, or a SELECT runs outside the one that writes.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={busy_timeout_ms}")
        if is_writer:
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute("PRAGMA synchronous=FULL")
        else:
            cursor.execute("PRAGMA query_only=ON")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # By the driver itself: a node begins thousands of transactions where it carries out a few commands.
        said = "BEGIN IMMEDIATE" if is_writer else "BEGIN"
        driver: Any = connection.connection.driver_connection
        try:
            driver.execute(said)
        except sqlite.Error as error:
            raise DBAPIError.instance(said, None, error, sqlite.Error, dialect=connection.dialect) from error

    return engine


@contextmanager
def _plain_errors() -> Iterator[None]:
    """A full disk is an answer to whoever waits (2.3 no. 18, 19), not an internal error."""
    try:
        yield
    except Exception as error:
        if is_full(error):
            raise Refusal(Code.STORAGE_FULL) from error
        raise


def is_full(error: BaseException) -> bool:
    """True if the database found no room for what it was to write."""
    origin = getattr(error, "orig", error)
    return (isinstance(origin, sqlite.OperationalError) and "full" in str(origin)) or getattr(origin, "sqlstate", "") == "53100"
