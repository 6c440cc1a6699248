"""``qyzj simulate``: its last line, what it met, and an exit code that a night's job can go by."""

import re
from pathlib import Path

import pytest

from federation.simulation import run
from federation.simulation.invariants import checked
from federation.simulation.plan import FAULTS, NOT_INJECTED, POINTS, Plan
from tests.cli.given import Program
from tests.federation.mutants import MUTANTS


@pytest.fixture
def alone(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Program:
    """The program in a directory without a node: the simulated ones are its own."""
    for name in ("QYZJ_DATA", "QYZJ_AS", "QYZJ_LANG", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    return Program(tmp_path, capsys)


class TestSimulate:
    """FEDERATION 5.2, T01: "0 violations" is said with the number of seeds and faults."""

    def test_what_was_met_is_said_before_the_last_line(self, alone: Program) -> None:
        """Faults by kind, deaths by point, pairs with the states of an escalation, invariants; then the sum, and 0."""
        said = alone("simulate", "--seeds", "2", "--first-seed", "1")

        *coverage, last = said.out.rstrip("\n").splitlines()
        assert (0, "") == (said.code, said.err)
        found = re.fullmatch(r"simulated: 2 seeds, (\d+) faults, 0 violations", last)
        assert found is not None and 0 < int(found[1])
        told = "\n".join(coverage)
        assert [] == [one for one in (*FAULTS, *POINTS, *checked(), *NOT_INJECTED) if one not in told]
        assert "pairs never met: " in told

    def test_a_breach_is_counted_told_and_ends_with_1(self, alone: Program, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nodes that do not compare custody numbers: the seed, its commit and each breach stand on stderr."""
        MUTANTS["the custody number is not compared"].mutate(monkeypatch)
        monkeypatch.setattr(run, "shrunk", whole)  # how a failure is shrunk has tests of its own

        said = alone("simulate", "--seeds", "1", "--first-seed", "1")

        found = re.fullmatch(r"simulated: 1 seeds, (\d+) faults, (\d+) violations", said.out.rstrip("\n").splitlines()[-1])
        assert found is not None and 0 < int(found[2])
        assert 1 == said.code
        assert "seed 1 at commit" in said.err
        assert int(found[2]) == len(re.findall(r"^  I\d\d ", said.err, re.MULTILINE))


def whole(plan: Plan, *_: object) -> Plan:
    """The plan as it is."""
    return plan
