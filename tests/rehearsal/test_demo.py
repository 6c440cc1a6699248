"""The demo itself: what somebody sees who types `make demo KEEP=1`, and that the desks which it prints can be sat down at."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pyotp
import pytest


@pytest.mark.timeout(600)
def test_the_demo_ends_in_agreement_and_leaves_desks_that_open(tmp_path: Path) -> None:
    """Four processes, nine weeks: exit code 0, what every level holds was compared, and each log-in that was printed opens its desk."""
    home = tmp_path / "demo"
    command = [sys.executable, "-c", "from node.app import main; main()", "--json", "demo", "--keep", "--directory", str(home)]
    with ended(home):
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=560)

        assert (0, "") == (done.returncode, done.stderr if done.returncode else "")
        told = json.loads(done.stdout)
        assert told["line"].startswith("agreement: ok (4 journals, 5 mirrors, ")
        assert told["tickets"] >= 40
        assert [] == told["agreement"]["broken"]
        # A leader begins with his page of the day, everybody else with Today.
        titles = opened(told["desks"])
        assert {} == {(node, who): title for (node, who), title in titles.items() if _begin(who) not in title}


def _begin(account: str) -> str:
    return "每日一页" if account == "leader" else "今日"


def opened(desks: dict[str, Any]) -> dict[tuple[str, str], str]:
    """The title of the page behind the door, for a desk of each kind at each node."""
    kinds = {(one["node"], *one["roles"], one["has_code"]): one for one in desks["desks"]}
    assert {"520000", "520400", "520402", "520424"} == {node for node, *_ in kinds}
    return {(one["node"], one["account"]): sign_in(one, desks["password"], desks["secret"]) for one in kinds.values()}


def sign_in(desk: dict[str, Any], password: str, secret: str) -> str:
    """Do what a person does: account and password, then a code if one is asked for."""
    with httpx2.Client(base_url=desk["address"], follow_redirects=True, timeout=30) as browser:
        page = browser.post("/login", data={"account": desk["account"], "password": password})
        if desk["has_code"]:
            page = browser.post("/login/second", data={"code": pyotp.TOTP(secret).now(), "csrf": token_on(page.text)})
        assert 200 == page.status_code, page.text
        return re.search("<title>(.*?)</title>", page.text, re.DOTALL)[1]  # type: ignore[index]


def token_on(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found is not None, page
    return found[1]


@contextmanager
def ended(home: Path) -> Iterator[None]:
    """End whatever still serves out of *home*, however the test went: kept nodes outlive the demo."""
    try:
        yield
    finally:
        for process in Path("/proc").glob("[0-9]*"):
            try:
                serves = f"{home}{os.sep}".encode() in (process / "cmdline").read_bytes()
            except OSError:
                continue
            if serves:
                os.kill(int(process.name), signal.SIGKILL)
