"""
PostgreSQL's own logical replication of a backlog's rows: the peer of W1.

At the publisher each entry, with what rides beside it, is one transaction.  They wait in its log until the subscription is
enabled; from then on it is timed until the publisher hears that the last of them is flushed at the subscriber.  Some tenths of a
second of that are fixed: they weigh the more, in the product's favour, the fewer entries there are.
"""

import time
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import Table

from federation.rehearsal.bench.postgres import Cluster
from node.storage import schema
from node.storage.database import open_database

TABLES = (schema.entries, schema.payloads, schema.wrapped_keys)
PUBLISHER, SUBSCRIBER, SUBSCRIPTION = "publisher", "subscriber", "bench"
look_seconds = 0.005
seconds_max = 600.0

Rows = dict[str, list[tuple[Any, ...]]]


def rate(publisher: Cluster, subscriber: Cluster, rows: Rows) -> float:
    """Entries a second, from the subscription's start to the confirmation of the last flush."""
    subscriber.drop(SUBSCRIBER)
    publisher.drop(PUBLISHER)
    for where, database in ((publisher, PUBLISHER), (subscriber, SUBSCRIBER)):
        opened = open_database(where.create(database))
        with opened.write() as connection:
            for table in TABLES:
                table.create(connection)
        opened.close()
    publisher.execute(PUBLISHER, sql.SQL("CREATE PUBLICATION bench FOR ALL TABLES"))
    publisher.execute(PUBLISHER, sql.SQL("SELECT pg_create_logical_replication_slot('bench', 'pgoutput')"))
    options = "(enabled = false, create_slot = false, slot_name = 'bench', copy_data = false)"
    told = sql.SQL(f"CREATE SUBSCRIPTION {SUBSCRIPTION} CONNECTION {{}} PUBLICATION bench WITH {options}")
    subscriber.execute(SUBSCRIBER, told.format(sql.Literal(f"{publisher.url(PUBLISHER)}")))
    end = _write(publisher, rows)
    begun = time.perf_counter()
    subscriber.execute(SUBSCRIBER, sql.SQL(f"ALTER SUBSCRIPTION {SUBSCRIPTION} ENABLE"))
    _wait_until_flushed(publisher, end)
    taken = time.perf_counter() - begun
    counted = subscriber.execute(SUBSCRIBER, sql.SQL("SELECT count(*) FROM entries"))
    assert counted == [(len(rows["entries"]),)], counted
    subscriber.execute(SUBSCRIBER, sql.SQL(f"ALTER SUBSCRIPTION {SUBSCRIPTION} DISABLE"))
    subscriber.execute(SUBSCRIBER, sql.SQL(f"DROP SUBSCRIPTION {SUBSCRIPTION}"))
    return len(rows["entries"]) / taken


def _write(publisher: Cluster, rows: Rows) -> str:
    """
    A transaction an entry; how fast they come to wait is not measured, so none of these commits waits for the disk.  Gives where
    the last of them ends in the log.
    """
    statements = {table.name: _insert(table) for table in TABLES}
    beside: dict[int, list[tuple[str, tuple[Any, ...]]]] = {}
    for table in TABLES[1:]:
        place = _columns(table).index("taken")
        for row in rows[table.name]:
            beside.setdefault(row[place], []).append((table.name, row))
    place = _columns(schema.entries).index("taken")
    with psycopg.connect(publisher.url(PUBLISHER)) as connection:
        connection.execute("SET synchronous_commit = off")
        connection.commit()
        for row in rows["entries"]:
            connection.execute(statements["entries"], row)
            for name, one in beside.get(row[place], ()):
                connection.execute(statements[name], one)
            connection.commit()
        (end,) = connection.execute("SELECT pg_current_wal_insert_lsn()::text").fetchone() or ("",)
    # What waits in the log is there, as it would be if each commit had waited for it.
    publisher.execute(PUBLISHER, sql.SQL("SELECT pg_switch_wal()"))
    return str(end)


def _wait_until_flushed(publisher: Cluster, end: str) -> None:
    with psycopg.connect(publisher.url(PUBLISHER), autocommit=True) as connection:
        told = "SELECT coalesce(confirmed_flush_lsn >= %s::pg_lsn, false) FROM pg_replication_slots WHERE slot_name = 'bench'"
        deadline = time.monotonic() + seconds_max
        while True:
            found = connection.execute(told, (end,)).fetchone()
            if found is not None and found[0]:
                return
            if time.monotonic() > deadline:
                raise TimeoutError("logical replication did not catch up")
            time.sleep(look_seconds)


def _columns(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.columns)


def _insert(table: Table) -> sql.Composed:
    columns = _columns(table)
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    marks = sql.SQL(", ").join(sql.Placeholder() for _ in columns)
    return sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(sql.Identifier(table.name), names, marks)
