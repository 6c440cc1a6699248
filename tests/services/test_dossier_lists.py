"""Lists of dossiers: what is looked up among all that a node ever made."""

from pathlib import Path

from sqlalchemy import event, insert, text

from node.domain.entry import SubjectKind
from node.services import dossiers
from node.storage import schema
from tests.support.node import make_node

MANY = 5_000


def test_the_papers_of_a_ticket_are_looked_up(tmp_path: Path, database_url: str) -> None:
    """Each ticket has some, so that there are more of them after years than of anything else: no list passes those of the others."""
    hands = make_node(tmp_path, database_url=database_url)
    row = {"owner": hands.node.code, "state": "issued", "version": 1, "parties": ",", "opened_at": 1, "changed_at": 1}
    papers = [{**row, "id": f"p-{n}", "kind": "paper", "key": f"{n}号", "about": f",t-{n // 2},"} for n in range(MANY)]
    orders = [{**row, "id": f"o-{n}", "kind": "order", "key": "", "about": f",t-{n},t-{n + 1},"} for n in range(50)]
    with hands.node.store.database.write() as connection:
        connection.execute(insert(schema.dossiers), [*papers, *orders])
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
        connection.execute(insert(schema.dossiers), rows)
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
