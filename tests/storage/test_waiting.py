"""Rows that wait: whoever reads finds what he would have found if each had been written at once."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, bindparam, event, func, or_, select, update

from node.storage import schema, waiting
from node.storage.database import Database, open_database
from node.storage.statements import Prepared, delete_of, insert_missing, upsert_many, write
from node.storage.waiting import Waiting

DESKS = schema.desks
_desks = DESKS.c
OF_TICKET = Prepared(select(DESKS).where(_desks.ticket == bindparam("ticket")).order_by(_desks.unit))
OF_DESK = Prepared(select(_desks.person).where(_desks.ticket == bindparam("ticket"), _desks.unit == bindparam("unit")))
EARLY = Prepared(select(_desks.ticket, _desks.unit).where(_desks.since <= bindparam("at")).order_by(_desks.ticket, _desks.unit))
EITHER = Prepared(
    select(_desks.unit).where(or_(_desks.ticket == bindparam("ticket"), _desks.person == bindparam("person"))).order_by(_desks.unit)
)
BUSIEST = Prepared(
    select(_desks.unit)
    .where(_desks.ticket == bindparam("ticket"), _desks.since == select(func.max(_desks.since)).scalar_subquery())
    .order_by(_desks.unit)
)
HAND_OVER = Prepared(update(DESKS).where(_desks.ticket == bindparam("of")).values(person=bindparam("to")))


def desk(ticket: str, unit: str, person: str, since: int) -> dict[str, Any]:
    """A row of ``desks``, whose key is ticket and unit."""
    return {"ticket": ticket, "unit": unit, "person": person, "since": since}


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url)
    with opened.write() as connection:
        DESKS.create(connection)
    yield opened
    opened.close()


@pytest.fixture
def run(database: Database) -> Iterator[list[str]]:
    """The statements that the database was given."""
    said: list[str] = []
    event.listen(database.writer, "before_cursor_execute", lambda _c, _cursor, sql, *_: said.append(sql))
    yield said


@pytest.fixture
def at_work(database: Database) -> Iterator[tuple[Connection, Waiting]]:
    with database.write() as connection, waiting.begin(connection, write) as rows:
        yield connection, rows


Work = tuple[Connection, Waiting]


class TestReading:
    def test_what_concerns_another_key_has_nothing_written(self, at_work: Work, run: list[str]) -> None:
        """By all columns that are compared, not by one of them."""
        connection, _ = at_work
        upsert_many(connection, DESKS, [desk("t1", "water", "li", 1)])

        assert [] == OF_TICKET.rows(connection, ticket="t2")
        assert [] == OF_DESK.rows(connection, ticket="t1", unit="fire")
        assert ["SELECT", "SELECT"] == [one.split()[0] for one in run]

    @pytest.mark.parametrize(
        ("query", "given", "expected"),
        [
            (OF_TICKET, {"ticket": "t1"}, [("t1", "water", "li", 1)]),
            (OF_DESK, {"ticket": "t1", "unit": "water"}, [("li",)]),
            (EARLY, {"at": 5}, [("t1", "water")]),
            (EITHER, {"ticket": "none", "person": "li"}, [("water",)]),
            (BUSIEST, {"ticket": "t1"}, [("water",)]),
        ],
    )
    def test_what_may_concern_it_is_found(
        self, at_work: Work, query: Prepared, given: dict[str, Any], expected: list[tuple[Any, ...]]
    ) -> None:
        """A key that is the same; and whatever is not said as plainly: a range, one of two, a select inside."""
        connection, _ = at_work
        upsert_many(connection, DESKS, [desk("t1", "water", "li", 1)])

        assert expected == query.rows(connection, **given)

    def test_every_other_statement_finds_all(self, at_work: Work) -> None:
        """Nobody knows what it reads."""
        connection, _ = at_work
        upsert_many(connection, DESKS, [desk("t1", "water", "li", 1)])

        assert 1 == connection.execute(select(func.count()).select_from(DESKS)).scalar_one()

    def test_a_change_finds_what_it_changes(self, at_work: Work) -> None:
        """Also one that is given by a prepared statement."""
        connection, _ = at_work
        upsert_many(connection, DESKS, [desk("t1", "water", "li", 1)])
        HAND_OVER.run(connection, of="t1", to="wang")

        assert "wang" == OF_DESK.scalar(connection, ticket="t1", unit="water")


class TestWriting:
    def test_a_whole_group_takes_one_statement_a_table(self, at_work: Work, run: list[str]) -> None:
        """Of rows that replace one another the last one is written, and nothing of the others."""
        connection, rows = at_work
        for person in ("li", "wang", "zhao"):
            upsert_many(connection, DESKS, [desk("t1", "water", person, 1)])
        rows.settle()

        assert 1 == len(run)
        assert [("t1", "water", "zhao", 1)] == OF_TICKET.rows(connection, ticket="t1")

    def test_no_more_wait_than_a_limit(self, at_work: Work, run: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
        """A rebuild refolds a journal of any length in one transaction."""
        connection, _ = at_work
        monkeypatch.setattr(waiting, "rows_max", 8)
        for place in range(20):
            insert_missing(connection, DESKS, [desk(f"t{place}", "water", "li", place)])

        assert 2 <= len(run)

    def test_what_was_not_settled_when_it_fails_is_gone(self, database: Database) -> None:
        """All or nothing, as without it."""
        with pytest.raises(RuntimeError), database.write() as connection, waiting.begin(connection, write):
            upsert_many(connection, DESKS, [desk("t1", "water", "li", 1)])
            raise RuntimeError

        with database.read() as connection:
            assert [] == OF_TICKET.rows(connection, ticket="t1")


_tickets, _units = st.sampled_from(["t1", "t2", "t3"]), st.sampled_from(["fire", "water"])
_rows = st.lists(st.builds(desk, _tickets, _units, st.sampled_from(["li", "wang"]), st.integers(1, 5)), min_size=1, max_size=20)
Step = Callable[[Connection], object]
_steps = st.one_of(
    st.builds(lambda rows: lambda connection: upsert_many(connection, DESKS, rows), _rows),
    st.builds(lambda rows: lambda connection: insert_missing(connection, DESKS, rows), _rows),
    st.builds(lambda ticket: lambda connection: delete_of(connection, DESKS, [ticket]), _tickets),
    st.builds(lambda ticket: lambda connection: OF_TICKET.rows(connection, ticket=ticket), _tickets),
    st.builds(lambda ticket, unit: lambda connection: OF_DESK.rows(connection, ticket=ticket, unit=unit), _tickets, _units),
    st.builds(lambda at: lambda connection: EARLY.rows(connection, at=at), st.integers(1, 5)),
    st.builds(lambda ticket: lambda connection: BUSIEST.rows(connection, ticket=ticket), _tickets),
    st.builds(lambda ticket: lambda connection: HAND_OVER.run(connection, of=ticket, to="zhao"), _tickets),
    st.just(lambda connection: connection.execute(select(DESKS).order_by(_desks.ticket, _desks.unit)).all()),
)


@settings(max_examples=60, deadline=None)
@given(steps=st.lists(_steps, max_size=15))
def test_nobody_can_tell_that_they_wait(steps: list[Step]) -> None:
    """Any order of writes, deletions, changes and reads gives the same answers, and leaves the same rows."""
    with ExitStack() as stack:
        told, left = [], []
        for waits in (True, False):
            database = open_database("sqlite://")
            stack.callback(database.close)
            with database.write() as connection:
                DESKS.create(connection)
                with waiting.begin(connection, write) if waits else ExitStack() as rows:
                    told.append([step(connection) for step in steps])
                    if isinstance(rows, Waiting):
                        rows.settle()
            with database.read() as connection:
                left.append(connection.execute(select(DESKS).order_by(_desks.ticket, _desks.unit)).all())

    assert told[0] == told[1]
    assert left[0] == left[1]
