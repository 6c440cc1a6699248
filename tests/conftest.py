"""What every test may ask for; the helpers themselves lie in tests/support."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from xdist.remote import Producer  # type: ignore[import-untyped]
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from tests.support.postgres import MakeTemplate, NoServer, Postgres, running_postgres

# Tracebacks as the program writes them (``app.log_to_stderr``): with local variables, laid out in colours, one takes seconds.
structlog.configure(processors=[structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)])

pytest_plugins = ["tests.support.clauses", "pytester"]
# Modules whose tests are long and share nothing: each goes to whichever worker is free.
SPREAD = frozenset({"tests/federation/test_simulation.py"})


class ByModule(LoadScopeScheduling):  # type: ignore[misc]  # xdist says no types
    """
    Keep a module's tests in one worker: what a fixture of the module made, and what a walk found, is made once.

    Marks of ``xdist_group`` would say the same, but xdist 3.8 writes them into an attribute that pytest 9.2 does not read.
    """

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        return nodeid if module in SPREAD else module


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByModule:
    """
    In the order in which the modules stand: sorted by their tests, as xdist has it, the longest would come last, each of one test.
    """
    config.option.loadscopereorder = False
    return ByModule(config, log)


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
