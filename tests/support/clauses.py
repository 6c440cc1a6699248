"""
Which clauses of the source documents the tests cover: ``@pytest.mark.clause("AS25-4.4.2a")`` and ``pytest --clauses``.

A mark says that the test makes the `check` of that clause of tests/clauses.toml.  A clause is covered by a run if at least one test
bears its mark and every test that bears it passed in that run: one that failed, was skipped, was deselected or never reported uncovers
it, and a file that could not be collected uncovers all.  An id that the catalogue does not have is refused at collection.

Under pytest-xdist the workers collect and the controller counts: each worker sends what is marked when it ends, and the reports pass
through the controller anyway.
"""

import textwrap
import tomllib
from collections import defaultdict
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

CATALOGUE = Path(__file__).parents[1] / "clauses.toml"
SENT_BY_WORKER = "qyzj_marked_clauses"


@dataclass(frozen=True)
class Clause:
    """One testable statement of a source document; *core* ones are counted."""

    id: str
    area: str
    core: bool


def read_catalogue(path: Path = CATALOGUE) -> dict[str, Clause]:
    """The clauses by id, in the order of the file."""
    rows = tomllib.loads(path.read_text("utf-8"))["clause"]
    return {row["id"]: Clause(row["id"], row["area"], row["core"]) for row in rows}


def covered_clauses(marked: Mapping[str, Iterable[str]], passed: set[str]) -> set[str]:
    """The clause ids of *marked* (clause ids by test) all of whose tests are in *passed*."""
    tests: defaultdict[str, set[str]] = defaultdict(set)
    for test, clauses in marked.items():
        for clause in clauses:
            tests[clause].add(test)
    return {clause for clause, bearers in tests.items() if bearers <= passed}


def summary(catalogue: Mapping[str, Clause], covered: set[str]) -> list[str]:
    """Core clauses by area, covered (+) and not (-); the last line is the count."""
    core = [clause for clause in catalogue.values() if clause.core]
    lines = []
    for area in sorted({clause.area for clause in core}):
        ids = [clause.id for clause in core if clause.area == area]
        done = [id for id in ids if id in covered]
        lines.append(f"{area}: {len(done)} of {len(ids)}")
        lines += _listed("+", done) + _listed("-", [id for id in ids if id not in covered])
    lines.append(f"core clauses covered: {sum(clause.id in covered for clause in core)} of {len(core)}")
    return lines


def _listed(sign: str, ids: list[str]) -> list[str]:
    # An id contains hyphens and is never broken at one.
    return textwrap.wrap(" ".join(ids), width=120, initial_indent=f"  {sign} ", subsequent_indent="    ", break_on_hyphens=False)


@dataclass(eq=False)  # a plugin is hashed by identity
class Coverage:
    """What one run learns: the plugin."""

    catalogue: Mapping[str, Clause]
    prints: bool
    marked: dict[str, list[str]] = field(default_factory=dict)
    _uncollected: bool = False
    _called: set[str] = field(default_factory=set)
    _spoilt: set[str] = field(default_factory=set)

    # As a collection error of its file, which xdist's workers can report too.
    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        report = yield
        items = [item for item in report.result if isinstance(item, pytest.Item)]
        faults = [f"{item.nodeid}: {mark}: one id of tests/clauses.toml is wanted" for item, mark in self._refused(items)]
        if faults:
            report.outcome = "failed"
            report.longrepr = "\n".join(faults)
            report.result = []
        return report

    def _refused(self, items: list[pytest.Item]) -> Iterator[tuple[pytest.Item, str]]:
        for item in items:
            for mark in item.iter_markers("clause"):
                if len(mark.args) != 1 or mark.kwargs or mark.args[0] not in self.catalogue:
                    yield item, f"clause{mark.args}"

    # First, so that tests that are deselected afterwards are seen and count as not passed.
    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        self.marked = {item.nodeid: [mark.args[0] for mark in item.iter_markers("clause")] for item in items}

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._uncollected |= report.failed

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.outcome != "passed" or hasattr(report, "wasxfail"):
            self._spoilt.add(report.nodeid)
        elif report.when == "call":
            self._called.add(report.nodeid)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self.marked.update(getattr(node, "workeroutput", {}).get(SENT_BY_WORKER, {}))

    # Outermost, so that the count stands below pytest's own last line.
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> Generator[None]:
        worker = getattr(session.config, "workeroutput", None)
        if worker is not None:
            worker[SENT_BY_WORKER] = self.marked
        yield
        ran = exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
        if worker is None and self.prints and ran:
            terminal = session.config.pluginmanager.get_plugin("terminalreporter")
            assert terminal is not None
            for line in ["", *summary(self.catalogue, self._covered())]:
                terminal.write_line(line)

    def _covered(self) -> set[str]:
        # What a file that could not be collected marks is not known.
        return set() if self._uncollected else covered_clauses(self.marked, self._called - self._spoilt)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--clauses", action="store_true", help="list the core clauses that this run covers, by area")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Coverage(read_catalogue(), config.getoption("--clauses")), "qyzj-clauses")
