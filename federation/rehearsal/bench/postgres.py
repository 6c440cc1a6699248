"""
PostgreSQL clusters for a bench: made in its directory from the machine's own programs, durable, gone with it.

Everything that makes a server safe stays on (fsync, full pages, synchronous commit); ``wal_level`` is that of a publisher.
"""

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from federation.rehearsal.stage import free_port

start_seconds_max = 60.0
# PostgreSQL refuses to run as root.
_ROOTS_SUBSTITUTE = "postgres"


class NoCluster(Exception):
    """No server can be had here; says why."""


@dataclass(frozen=True)
class Cluster:
    """A running server on the loopback."""

    port: int

    def url(self, database: str) -> str:
        """The URL of *database*, as a node's setting has it."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def create(self, database: str, template: str = "template0") -> str:
        """Make *database*, as a copy of *template*, to which nobody is connected, and give its URL."""
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} ENCODING 'UTF8'")
        self.execute("postgres", statement.format(sql.Identifier(database), sql.Identifier(template)))
        return self.url(database)

    def drop(self, database: str) -> None:
        """Drop *database*, with whatever connections it has."""
        self.execute("postgres", sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))

    def execute(self, database: str, statement: sql.Composed | sql.SQL) -> list[tuple[Any, ...]]:
        """Run one statement outside any transaction."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []


@contextmanager
def cluster(home: Path) -> Iterator[Cluster]:
    """
    A server on a data directory of its own in *home*.

    Raises:
        NoCluster: the machine has no server programs, or nobody may run them.
    """
    programs = _programs()
    data = home / "data"
    home.mkdir(parents=True)
    if os.geteuid() == 0:
        shutil.chown(home, _ROOTS_SUBSTITUTE)
        for folder in home.parents:
            if folder.owner() == pwd.getpwuid(0).pw_name and not folder.stat().st_mode & 0o001:
                folder.chmod(folder.stat().st_mode | 0o011)
    made = _start(
        [programs / "initdb", "-A", "trust", "-U", "postgres", "--encoding=UTF8", "--locale=C.UTF-8", "-D", data], home / "initdb.log"
    )
    if made.wait() != 0:
        raise NoCluster((home / "initdb.log").read_text())
    port = free_port()
    settings = ("wal_level=logical", "max_wal_size=4GB", "shared_buffers=256MB", "listen_addresses=127.0.0.1")
    options = [part for setting in settings for part in ("-c", setting)]
    server = _start([programs / "postgres", "-D", data, "-p", port, "-k", home, *options], home / "server.log")
    try:
        _wait_until_ready(server, port, home / "server.log")
        yield Cluster(port)
    finally:
        server.send_signal(signal.SIGINT)  # ends the sessions that are still open
        server.wait()


def _programs() -> Path:
    found = [Path(one).parent for one in (shutil.which("initdb"),) if one]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    programs = next((folder for folder in found if (folder / "initdb").exists() and (folder / "postgres").exists()), None)
    if programs is None:
        raise NoCluster("the programs of a PostgreSQL server are not here")
    if os.geteuid() == 0 and _ROOTS_SUBSTITUTE not in {user.pw_name for user in pwd.getpwall()}:
        raise NoCluster(f"root may run no PostgreSQL server, and there is no user {_ROOTS_SUBSTITUTE}")
    return programs


def _start(command: list[Any], log: Path) -> "subprocess.Popen[bytes]":
    substitute = _ROOTS_SUBSTITUTE if os.geteuid() == 0 else None
    with log.open("wb") as output:
        return subprocess.Popen(
            [str(part) for part in command],
            cwd="/",
            stdout=output,
            stderr=output,
            user=substitute,
            group=substitute,
            extra_groups=[] if substitute else None,
            start_new_session=True,
        )


def _wait_until_ready(server: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    given_up = time.monotonic() + start_seconds_max
    while True:
        try:
            psycopg.connect(f"postgresql://postgres@127.0.0.1:{port}/postgres").close()
            return
        except psycopg.OperationalError as error:
            if server.poll() is not None or time.monotonic() > given_up:
                raise NoCluster(f"PostgreSQL did not start:\n{log.read_text()}") from error
        time.sleep(0.05)
