"""The demo itself: what somebody sees who types `make demo`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.timeout(600)
def test_the_demo_ends_in_agreement(tmp_path: Path) -> None:
    """Four processes, nine weeks: exit code 0, and what every level holds was compared."""
    command = [sys.executable, "-c", "from node.app import main; main()", "--json", "demo", "--directory", str(tmp_path / "demo")]

    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=580)

    assert (0, "") == (ended.returncode, ended.stderr if ended.returncode else "")
    told = json.loads(ended.stdout)
    assert told["line"].startswith("agreement: ok (4 journals, 5 mirrors, ")
    assert told["tickets"] >= 40
    assert [] == told["agreement"]["broken"]
