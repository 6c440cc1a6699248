"""`make clauses` counts a clause only if every test that bears its mark passed in that very run."""

import pytest

from tests.support.clauses import covered_clauses, read_catalogue
from tests.support.tree import ROOT

CORE = sum(clause.core for clause in read_catalogue().values())

# Of the eight clauses only the first is proved by this file.
MARKED = """
    import pytest

    @pytest.mark.clause("AS25-4.4.2a")
    @pytest.mark.parametrize("n", [1, 2])
    def test_passes(n): pass

    @pytest.mark.clause("FJ25-1.1.2")
    def test_passes_too(): pass
    @pytest.mark.clause("FJ25-1.1.2")
    def test_fails(): assert False

    @pytest.mark.clause("FJ25-1.1.3")
    def test_is_skipped(): pytest.skip("no server")

    @pytest.mark.clause("FJ25-1.2.1")
    def test_is_deselected(): pass
    @pytest.mark.clause("FJ25-1.2.1")
    def test_is_not(): pass

    @pytest.mark.clause("FJ25-1.2.2")
    @pytest.mark.xfail
    def test_fails_as_expected(): assert False

    @pytest.fixture
    def broken():
        yield
        raise OSError

    @pytest.mark.clause("FJ25-1.2.3")
    def test_cannot_tidy_up(broken): pass

    @pytest.mark.clause("FJ25-0.1")  # not core
    def test_of_a_clause_that_is_not_counted(): pass
"""


@pytest.fixture(params=[[], ["-n", "1"]], ids=["alone", "xdist"])
def run(request: pytest.FixtureRequest, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch):
    """``run(source, *arguments)`` runs a test file with the plugin, alone and under xdist."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))

    def run(source: str, *arguments: str) -> pytest.RunResult:
        pytester.makepyfile(source)
        return pytester.runpytest_subprocess("-p", "tests.support.clauses", "--clauses", *request.param, *arguments)

    return run


def test_what_failed_was_skipped_or_left_out_covers_nothing(run):
    """The count is the very last line, below pytest's own; a run that left a marked test out does not count its clause."""
    result = run(MARKED, "--deselect", "test_what_failed_was_skipped_or_left_out_covers_nothing.py::test_is_deselected")

    assert f"core clauses covered: 1 of {CORE}" == result.outlines[-1]
    result.stdout.fnmatch_lines(["extension: 1 of 2", "  + AS25-4.4.2a", "  - AS25-4.4.2b"])


def test_an_id_that_the_catalogue_does_not_have_is_refused(run):
    """A mark with a mistyped id would count for nothing, unseen; its file is not collected and the run fails."""
    mistyped = "AS25-" + "4.4.99"  # in one piece it would be a citation

    result = run(f'import pytest\n@pytest.mark.clause("{mistyped}")\ndef test_a(): pass')

    assert pytest.ExitCode.OK != result.ret
    result.stdout.fnmatch_lines([f"*test_a: clause('{mistyped}',): one id of tests/clauses.toml is wanted"])


def test_a_clause_needs_all_its_tests():
    """Clauses of a test that did not pass are not covered, even where another test of theirs passed."""
    marked = {"a": ["X", "Y"], "b": ["Y"], "c": ["Z"], "d": []}

    assert {"X"} == covered_clauses(marked, passed={"a", "d"})
