"""How a database is opened."""

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import text

from node.storage.database import PLANNER, open_database


def test_postgresql_answers_many_short_questions(postgres_database: Callable[[], str]):
    """Every connection compiles nothing and starts no process for a page, and keeps it so behind a transaction that was taken back."""
    opened = open_database(postgres_database())
    with opened.reader.connect() as one, opened.reader.connect() as other:
        for connection in (one, other):
            connection.rollback()
            found = {name: connection.execute(text(f"SHOW {name}")).scalar_one() for name in PLANNER}
            assert {"jit": "off", "max_parallel_workers_per_gather": "0", "work_mem": "32MB", "random_page_cost": "1.1"} == found
    opened.close()


def test_sqlite_waits_for_the_disk(tmp_path: Path):
    """What a writer committed is on the disk, and who reads cannot write."""
    opened = open_database(f"sqlite:///{tmp_path / 'node.db'}")
    with opened.write() as writer:
        assert ("wal", 2) == tuple(writer.execute(text(f"PRAGMA {name}")).scalar_one() for name in ("journal_mode", "synchronous"))
    with opened.read() as reader:
        assert 1 == reader.execute(text("PRAGMA query_only")).scalar_one()
    opened.close()
