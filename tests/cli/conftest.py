"""The program in a directory of its own."""

from pathlib import Path

import pytest

from tests.cli.given import Program


@pytest.fixture
def qyzj(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Program:
    """A node with a department, and the program to use it."""
    for name in ("QYZJ_DATA", "QYZJ_AS", "QYZJ_LANG", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    program = Program(tmp_path, capsys)
    program.init()
    program.staff()
    return program
