"""The vectors of PROTOCOL.md come out the same in another language: the page says enough."""

import json
import subprocess

from tests.interop.javascript import SOURCES, need_node, verb_seconds_max
from tests.support.tree import ROOT


def test_the_county_recomputes_every_vector() -> None:
    """Leaves and roots, seals and wrapped keys, by Node.js and its own crypto: nothing of Python's."""
    need_node()
    command = ["node", str(SOURCES / "vectors.js"), str(ROOT / "federation" / "PROTOCOL.md")]

    done = subprocess.run(command, capture_output=True, text=True, timeout=verb_seconds_max)

    assert (0, []) == (done.returncode, json.loads(done.stdout or "null")), done.stderr
