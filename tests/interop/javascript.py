"""The county in JavaScript as a test runs it: installed once, one process a verb, its answers as JSON."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.tree import ROOT

SOURCES = ROOT / "tests" / "interop"
verb_seconds_max = 180.0
install_seconds_max = 90.0
# What npm says where its registry cannot be reached or gives nothing: no fault of ours.
_AWAY = re.compile(r"ENOTFOUND|EAI_AGAIN|ECONN|ENETUNREACH|ETIMEDOUT|ERR_SOCKET_TIMEOUT|network|\bE(?:401|403|404|5\d\d)\b")


@dataclass(frozen=True)
class County:
    """A county in *data*; its programs lie in *code*.  *now* is the business time of the rehearsal."""

    code: Path
    data: Path
    now: str

    def __call__(self, verb: str, *arguments: str) -> Any:
        """Carry a verb out; gives its answer, also an error's."""
        done = subprocess.run(self._command(verb, *arguments), capture_output=True, text=True, timeout=verb_seconds_max, env=_environment())
        assert done.stdout, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    def serve(self) -> subprocess.Popen[str]:
        """A process that stays with the superior."""
        return subprocess.Popen(self._command("serve"), stdout=subprocess.PIPE, text=True, env=_environment())

    def _command(self, verb: str, *arguments: str) -> list[str]:
        return ["node", str(self.code / "main.js"), str(self.data), verb, *arguments, "--now", self.now]


def answers(process: subprocess.Popen[str]) -> Iterator[Any]:
    """What a serving county says, as it comes."""
    assert process.stdout is not None
    for line in process.stdout:
        yield json.loads(line)


def need_node() -> None:
    """Skip where there is no Node.js, or one that is too old."""
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.lstrip("v").partition(".")[0]) < 18:
        pytest.skip(f"node {version} is older than 18")


def install(directory: Path, sources: Path = SOURCES) -> Path:
    """The programs of *sources* with their libraries in *directory*; skips where npm is absent or reaches no registry."""
    need_node()
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    for source in (*sources.glob("*.js"), *sources.glob("package*.json")):
        shutil.copy(source, directory)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1", "--fetch-timeout=20000"]
    try:
        done = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=install_seconds_max)
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm did not install within {install_seconds_max:.0f} s")
    if done.returncode and _AWAY.search(done.stderr):
        pytest.skip("npm reaches no registry")
    assert 0 == done.returncode, done.stderr
    return directory


def _environment() -> dict[str, str]:
    return os.environ | {"QYZJ_PROTO": str(ROOT / "proto")}
