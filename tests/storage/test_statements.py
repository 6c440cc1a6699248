"""Statements for many rows: what goes in comes out, however many there are."""

from collections.abc import Iterator

import pytest
from sqlalchemy import bindparam, event, select, update
from sqlalchemy.exc import OperationalError, ProgrammingError

from node.storage import schema
from node.storage.database import Database, open_database
from node.storage.statements import Prepared, copied_rows_min, insert_rows

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


class TestPrepared:
    """A statement that is run again and again gives what SQLAlchemy would, on both engines."""

    def test_its_rows_are_those_of_the_statement(self, database: Database) -> None:
        """Its own values, those given by name, and both truths as such."""
        entries = schema.entries.c
        wanted = select(entries.taken, entries.is_laden, entries.from_above, entries.leaf, entries.cause).where(
            entries.kind == bindparam("kind"), entries.node == "520402"
        )
        query = Prepared(wanted.order_by(entries.taken).limit(2))

        with database.write() as connection:
            insert_rows(connection, schema.entries, COLUMNS, [a_row(taken) for taken in (1, 2, 3)])
            found = query.rows(connection, kind="Signed")
            first, nothing = query.first(connection, kind="Signed"), query.scalar(connection, kind="Other")

        assert [(1, False, False, bytes(range(256)), None), (2, True, False, bytes(range(256)), None)] == found
        assert [bool, bool] == [type(found[0][1]), type(found[1][1])]
        assert (found[0], None) == (first, nothing)
        assert ("taken", "is_laden", "from_above", "leaf", "cause") == query.names

    def test_what_it_changes_is_given_back_where_it_is_asked_for(self, database: Database) -> None:
        """As the head row is taken: changed and read by one statement."""
        entries = schema.entries
        change = update(entries).where(entries.c.taken == bindparam("at"))
        rename = Prepared(change.values(kind=bindparam("name")).returning(entries.c.kind))
        lift = Prepared(change.values(from_above=bindparam("is_above")))

        with database.write() as connection:
            insert_rows(connection, entries, COLUMNS, [a_row(1)])
            named = rename.scalar(connection, at=1, name="Form")
            lift.run(connection, at=1, is_above=True)
            found = connection.execute(select(entries.c.kind, entries.c.from_above)).one()

        assert ("Form", ("Form", True)) == (named, tuple(found))

    def test_who_listens_hears_of_it_and_an_error_is_sqlalchemy_s(self, database: Database) -> None:
        """Statements are counted by listening, and what may pass is told by the kind of the error (FEDERATION 2.3 no. 15)."""
        heard: list[str] = []
        event.listen(database.writer, "before_cursor_execute", lambda *args: heard.append(args[2]))
        query = Prepared(select(schema.tickets.c.id).where(schema.tickets.c.id == bindparam("id")))

        with pytest.raises((OperationalError, ProgrammingError)), database.write() as connection:
            query.rows(connection, id="x")

        assert "FROM tickets" in heard[-1]
