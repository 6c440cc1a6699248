"""Statements for many rows: what goes in comes out, however many there are."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from node.storage import schema
from node.storage.database import Database, open_database
from node.storage.statements import copied_rows_min, insert_rows

COLUMNS = tuple(column.name for column in schema.entries.columns)


def a_row(taken: int) -> tuple[object, ...]:
    """Every kind of value that a journal's row has: bytes of any value, what COPY writes in its own way, NULL, both truths."""
    words = "反\\斜杠\t制表\n换行\\N"
    return (taken, "520402", 1, taken, f"id-{taken}", "ticket", words, "Signed", None, bytes(range(256)), b"", False, taken % 2 == 0)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url)
    with opened.write() as connection:
        schema.entries.create(connection)
    yield opened
    opened.close()


@pytest.mark.parametrize("count", [0, 1, copied_rows_min, copied_rows_min * 3])
def test_rows_stand_as_they_were_given(database: Database, count: int):
    """On both engines, by either road."""
    rows = [a_row(taken) for taken in range(1, count + 1)]

    with database.write() as connection:
        insert_rows(connection, schema.entries, COLUMNS, rows)

    with database.read() as connection:
        found = connection.execute(select(schema.entries).order_by(schema.entries.c.taken)).all()
    assert rows == [tuple(bytes(value) if isinstance(value, memoryview) else value for value in row) for row in found]


def test_many_rows_are_of_the_transaction_that_they_came_in(database: Database):
    """What goes by COPY is undone with all else."""
    rows = [a_row(taken) for taken in range(1, copied_rows_min * 2)]

    with pytest.raises(RuntimeError), database.write() as connection:
        insert_rows(connection, schema.entries, COLUMNS, rows)
        raise RuntimeError

    with database.read() as connection:
        assert [] == connection.execute(select(schema.entries)).all()
