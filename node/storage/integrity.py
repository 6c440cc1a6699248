"""
Are the database's own pages whole?  What the entries say is checked by their hashes (``services.verify``); this is what lies below them.

SQLite: `PRAGMA quick_check` when a node begins to serve, `integrity_check`, which also compares indexes with their tables, every night.
PostgreSQL checks pages by their checksums when it reads them, and counts the failures; `amcheck` looks at the indexes where an operator
installed it.
"""

from sqlalchemy import Connection, text
from sqlalchemy.exc import DatabaseError

from node.storage import schema
from node.storage.database import Database

faults_max = 10


def page_faults(database: Database, *, whole: bool) -> list[str]:
    """
    What the database finds wrong with itself, in its own words; empty if nothing.

    Args:
        whole: also compare every index with its table; takes several times as long.
    """
    try:
        with database.read() as connection:
            return _sqlite(connection, whole=whole) if database.is_sqlite else _postgresql(connection, whole=whole)
    except DatabaseError as error:
        return [str(error.orig)]


def _sqlite(connection: Connection, *, whole: bool) -> list[str]:
    check = "integrity_check" if whole else "quick_check"
    rows = connection.exec_driver_sql(f"PRAGMA {check}({faults_max})").scalars()
    found = [str(row) for row in rows if row != "ok"]
    return found if found or not whole else _misnamed(connection)


def _misnamed(connection: Connection) -> list[str]:
    """
    Columns that the database does not have by their names: what it says of its own tables is no page that it checks.

    A column in the place of another would be read as that one.
    """
    rows = connection.exec_driver_sql(
        "SELECT m.name, p.name FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS p WHERE m.type = 'table'"
    ).all()
    has: dict[str, list[str]] = {}
    for table, column in rows:
        has.setdefault(table, []).append(column)
    wanted = {table.name: {column.name for column in table.columns} for table in schema.metadata.tables.values()}
    return [f"{table}: columns {', '.join(has.get(table, ()))}" for table, columns in wanted.items() if columns != set(has.get(table, ()))]


def _postgresql(connection: Connection, *, whole: bool) -> list[str]:
    failures = connection.execute(
        text("SELECT coalesce(sum(checksum_failures), 0) FROM pg_stat_database WHERE datname = current_database()")
    ).scalar_one()
    found = [f"{failures} pages with a wrong checksum"] if failures else []
    if whole and connection.execute(text("SELECT 1 FROM pg_extension WHERE extname = 'amcheck'")).first() is not None:
        indexes = connection.execute(
            text(
                "SELECT c.oid, c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam"
                " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE a.amname = 'btree' AND n.nspname = current_schema() AND i.indisvalid"
            )
        ).all()
        for index in indexes:
            # The first that is damaged ends the transaction, and so the look.
            connection.execute(text("SELECT bt_index_check(CAST(:index AS regclass), true)"), {"index": index.oid})
    return found
