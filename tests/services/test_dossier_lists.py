"""Lists of dossiers: what is looked up among all that a node ever made."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event, insert, text

from node.domain.entry import Actor, SubjectKind
from node.domain.meeting.convening import ConveneMeeting, InviteParticipants
from node.services import dossiers, rebuild
from node.storage import schema
from node.storage.unit_of_work import View
from tests.support.node import make_node

MANY = 5_000


def put(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """Dossiers with their words, as a fold writes them."""
    connection.execute(insert(schema.dossiers), rows)
    columns = {"party": "parties", "about": "about"}
    words = [
        {"dossier": row["id"], "kind": row["kind"], "name": name, "word": word}
        for row in rows
        for name, column in columns.items()
        for word in row[column].split(",")
        if word and (row["kind"], name) != ("paper", "about")
    ]
    connection.execute(insert(schema.dossier_words), words)


def test_the_papers_of_a_ticket_are_looked_up(tmp_path: Path, database_url: str) -> None:
    """Each ticket has some, so that there are more of them after years than of anything else: no list passes those of the others."""
    hands = make_node(tmp_path, database_url=database_url)
    row = {"owner": hands.node.code, "state": "issued", "version": 1, "parties": ",", "opened_at": 1, "changed_at": 1}
    papers = [{**row, "id": f"p-{n}", "kind": "paper", "key": f"{n}号", "about": f",t-{n // 2},"} for n in range(MANY)]
    orders = [{**row, "id": f"o-{n}", "kind": "order", "key": "", "about": f",t-{n},t-{n + 1},"} for n in range(50)]
    with hands.node.store.database.write() as connection:
        put(connection, [*papers, *orders])
        connection.execute(text("ANALYZE"))
    said: list[tuple[str, object]] = []
    with hands.node.store.read() as view:
        engine = view.connection.engine
        event.listen(engine, "before_cursor_execute", lambda _c, _cursor, sql, given, *_: said.append((sql, given)))
        found = dossiers.listed(view, SubjectKind.PAPER, ticket="t-7")
        sql, given = next(one for one in said if "FROM dossiers" in one[0])
        explain = "EXPLAIN" if view.connection.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
        plan = str(view.connection.exec_driver_sql(f"{explain} {sql}", given).all())
        others = dossiers.listed(view, SubjectKind.ORDER, ticket="t-7")

    assert ["p-14", "p-15"] == [one.id for one in found]
    assert ["o-6", "o-7"] == [one.id for one in others]
    assert "ix_dossiers_about" in plan, plan


def plan_of(view: View, kind: SubjectKind, **wanted: Any) -> str:
    """How the database finds the rows of such a list."""
    said: list[tuple[str, object]] = []

    def hear(_connection: object, _cursor: object, sql: str, given: object, *_more: object) -> None:
        said.append((sql, given))

    event.listen(view.connection.engine, "before_cursor_execute", hear)
    try:
        dossiers.listed(view, kind, **wanted)
    finally:
        event.remove(view.connection.engine, "before_cursor_execute", hear)
    sql, given = next(one for one in said if "FROM dossiers" in one[0])
    explain = "EXPLAIN" if view.connection.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    return str(view.connection.exec_driver_sql(f"{explain} {sql}", given).all())


@pytest.mark.parametrize("is_analysed", [False, True], ids=["as it came", "analysed"])
def test_what_a_unit_has_a_part_in_or_is_about_a_ticket_is_looked_up(tmp_path: Path, database_url: str, is_analysed: bool) -> None:
    """A unit's own list, and any list that is narrowed by one or by a ticket, reads no row of all the others."""
    hands = make_node(tmp_path, database_url=database_url)
    row = {"owner": hands.node.code, "kind": "order", "state": "issued", "version": 1, "key": "", "opened_at": 1, "changed_at": 1}
    rows = [{**row, "id": f"o-{n}", "about": f",t-{n},t-{n + 1},", "parties": f",520402-unit{n // 2},"} for n in range(MANY)]
    with hands.node.store.database.write() as connection:
        put(connection, rows)
        if is_analysed or connection.dialect.name == "postgresql":
            connection.execute(text("ANALYZE"))
    viewer = Actor("zhang", "department", "520402-unit3")
    wanted: tuple[dict[str, Any], ...] = (
        {"unit": "520402-unit3"},
        {"ticket": "t-7"},
        {"viewer": viewer},
        {"unit": "520402-unit3", "ticket": "t-7"},
    )
    with hands.node.store.read() as view:
        found = [[one.id for one in dossiers.listed(view, SubjectKind.ORDER, **one)] for one in wanted]
        plans = [plan_of(view, SubjectKind.ORDER, **one) for one in wanted]

    assert [["o-6", "o-7"]] * 4 == found
    assert [] == [one for one in plans if "ix_dossier_words_word" not in one or "dossiers_kind" in one or "Seq Scan on dossiers" in one]


def test_the_words_of_a_dossier_are_those_of_its_last_state(tmp_path: Path, database_url: str) -> None:
    """Who is invited later finds the meeting, too; what is rebuilt from the journal is the same."""
    hands = make_node(tmp_path, database_url=database_url)
    hands.staff("housing", "water")
    housing, water = (f"{hands.node.code}-{unit}" for unit in ("housing", "water"))
    convened = ConveneMeeting("coordination_meeting", hands.now + timedelta(days=7), units=(housing,))
    meeting = hands.act("office", convened).subject.id
    hands.act("office", InviteParticipants((water,)), meeting)
    with hands.node.store.read() as view:
        found = [[one.id for one in dossiers.listed(view, SubjectKind.MEETING, unit=unit)] for unit in (housing, water, "housing")]

    assert [[meeting], [meeting], []] == found
    assert rebuild.check(hands.node.store).agrees


def test_a_list_is_narrowed_by_whole_words_letter_by_letter(tmp_path: Path, database_url: str) -> None:
    """Neither by the beginning of a code, nor by signs that a pattern has, nor by capitals; alike on both databases."""
    hands = make_node(tmp_path, database_url=database_url)
    row = {"owner": hands.node.code, "kind": "order", "state": "issued", "version": 1, "key": "", "opened_at": 1, "changed_at": 1}
    rows = [
        {**row, "id": "o-1", "about": ",t-1,t-12,", "parties": ",520402,520402-water,"},
        {**row, "id": "o-2", "about": ",t-12,", "parties": ",520402-water.north,"},
        {**row, "id": "o-3", "about": ",", "parties": ",520402,"},
    ]
    with hands.node.store.database.write() as connection:
        put(connection, rows)
    with hands.node.store.read() as view:
        by_ticket = {
            said: [one.id for one in dossiers.listed(view, SubjectKind.ORDER, ticket=said)] for said in ("t-1", "t-12", "t-%", "t-_", "T-1")
        }
        by_unit = {
            said: [one.id for one in dossiers.listed(view, SubjectKind.ORDER, unit=said)]
            for said in ("520402-water", "520402-WATER", "520402", "520402-wate%", "water")
        }

    assert {"t-1": ["o-1"], "t-12": ["o-1", "o-2"], "t-%": [], "t-_": [], "T-1": []} == by_ticket
    assert {"520402-water": ["o-1"], "520402-WATER": [], "520402": ["o-1", "o-3"], "520402-wate%": [], "water": []} == by_unit
