"""Every state of the small models of link, saga and epochs, by Spin (FEDERATION 5, T04, Appendix A): and that they can fail."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

MODELS = Path(__file__).parent
TOOLS = ("spin", "gcc")
search_depth_max = 500_000
seconds_max = 300

pytestmark = pytest.mark.skipif(
    any(shutil.which(tool) is None for tool in TOOLS), reason=f"the models need {' and '.join(TOOLS)}: apt-get install spin gcc"
)


@pytest.mark.parametrize(
    ("model", "rules", "errors", "states"),
    [
        ("link", ("CHECK=1",), 0, 79_661),
        ("link", ("CHECK=0",), 1, None),
        ("saga", ("FREEZE=1", "SINKFENCE=1"), 0, 927),
        ("saga", ("FREEZE=0", "SINKFENCE=1"), 1, None),
        ("saga", ("FREEZE=1", "SINKFENCE=0"), 1, None),
        ("epochs", ("GUARD=1", "EPOCHS=1"), 0, 153_513),
        ("epochs", ("GUARD=0", "EPOCHS=1"), 1, None),
        ("epochs", ("GUARD=1", "EPOCHS=0"), 1, None),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_a_model_holds_with_all_its_rules_and_fails_without_one(
    tmp_path: Path, model: str, rules: tuple[str, ...], errors: int, states: int | None
) -> None:
    """A rule that can be left out unnoticed is none; the number of states says that all of them were seen."""
    said = explored(tmp_path, model, rules)

    assert errors == int(_found(r"errors: (\d+)", said))
    assert ("assertion violated" in said) == bool(errors)
    assert "max search depth too small" not in said
    if states is not None:
        assert states == int(_found(r"(\d+) states, stored", said))


def explored(directory: Path, model: str, rules: tuple[str, ...]) -> str:
    """What the verifier of *model* says when it has seen every state."""
    shutil.copy(MODELS / f"{model}.pml", directory)
    _run(directory, "spin", *(f"-D{rule}" for rule in rules), "-a", f"{model}.pml")
    _run(directory, "gcc", "-O2", "-DSAFETY", "-w", "-o", "pan", "pan.c")
    return _run(directory, "./pan", "-E", f"-m{search_depth_max}")


def _run(directory: Path, *command: str) -> str:
    called = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=seconds_max, check=False)
    assert called.returncode == 0, called.stdout + called.stderr
    return called.stdout


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match is not None, text
    return match[1]
