"""What every test may ask for; the helpers themselves lie in tests/support."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.postgres import MakeTemplate, NoServer, Postgres, running_postgres

pytest_plugins = ["tests.support.clauses", "pytester"]
# Modules whose tests are long and share nothing: each goes to whichever worker is free.
SPREAD = frozenset({"tests/federation/test_simulation.py"})


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep a module's tests in one worker: what a fixture of the module made, and what a walk found, is made once."""
    for item in items:
        module = item.nodeid.partition("::")[0]
        if module not in SPREAD:
            item.add_marker(pytest.mark.xdist_group(module))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """One PostgreSQL server a test process, or the test is skipped with what was looked for."""
    try:
        with running_postgres() as server:
            yield server
    except NoServer as error:
        pytest.skip(f"PostgreSQL: {error}")


@pytest.fixture
def postgres_database(postgres_server: Postgres) -> Iterator[Callable[..., str]]:
    """
    ``postgres_database(make_template=None)`` makes a database and returns its URL, ``postgresql+psycopg://...``.

    Empty, or a copy of what *make_template* (a module-level function that takes a URL) filled once.  Dropped after the test.
    """
    made = []

    def make(make_template: MakeTemplate | None = None) -> str:
        made.append(postgres_server.create(make_template))
        return made[-1]

    yield make
    for url in made:
        postgres_server.drop(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh, empty database, once on each engine: a contract test that asks for it runs on both."""
    if request.param == "sqlite":
        # Opened with the pysqlite3 wheel's module, as a node does: create_engine(url, module=pysqlite3.dbapi2).
        return f"sqlite:///{tmp_path / 'node.db'}"
    url: str = request.getfixturevalue("postgres_database")()
    return url
