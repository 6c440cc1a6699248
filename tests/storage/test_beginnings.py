"""What begins in a transaction: nothing of it was here, however that is found."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, event, text

from node.storage import schema, waiting
from node.storage.beginnings import Beginnings
from node.storage.database import Database, open_database
from node.storage.statements import insert_rows, write

KEY = ("kind", "node", "month", "subject_kind", "subject_id", "recipient", "wrapped", "taken")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url)
    with opened.write() as connection:
        schema.metadata.create_all(connection, tables=[schema.entries, schema.tickets, schema.wrapped_keys])
    yield opened
    opened.close()


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with database.write() as connection, waiting.begin(connection, write):
        yield connection


def come(connection: Connection, id: str) -> None:
    """A key of the subject *id* comes, and waits to be written."""
    insert_rows(connection, schema.wrapped_keys, KEY, [("text", "520402", "2026-02", "ticket", id, "", b"key", 1)])


def test_one_look_serves_for_all_behind_it(database: Database, connection: Connection) -> None:
    """As long as no statement may have changed what was seen."""
    said: list[str] = []
    event.listen(database.writer, "before_cursor_execute", lambda _c, _cursor, sql, *_: said.append(sql))
    begun = Beginnings(connection)

    assert [True, True, True] == [begun.note(id, "39") for id in ("31", "32", "35")]
    assert 1 == len(said)


@pytest.mark.parametrize("is_written", [False, True])
def test_what_has_come_does_not_begin(connection: Connection, is_written: bool) -> None:
    """Whether it waits or is written by now; what stands before and behind it begins all the same."""
    begun = Beginnings(connection)
    begun.note("31", "39")
    come(connection, "33")
    if is_written:
        connection.execute(text("SELECT 1"))

    assert [True, False, True] == [begun.note(id, "39") for id in ("32", "33", "34")]


def test_its_first_entry_is_the_one_that_is_appended_next(connection: Connection) -> None:
    """And stays it; what was there already has none here."""
    begun = Beginnings(connection)
    begun.note("31", "39")
    begun.follow([("30", 6), ("31", 7)])
    begun.follow([("31", 8)])

    assert (None, 7) == (begun.first_of("30"), begun.first_of("31"))
    begun.forget()
    assert None is begun.first_of("31")
