"""The files of this repository, as the tidy tests look at them."""

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
MADE_BY_TOOLS = {".git", ".venv", ".hypothesis", "__pycache__", "build", "dist", "mutants"}


def files(*suffixes: str) -> list[Path]:
    """
    The repository's files, relative to ROOT and sorted; with *suffixes* only those.

    What git tracks or would track: new files count before they are committed, ignored ones never.
    """
    found = {Path(name) for name in _listed_by_git() or _walked()}
    return sorted(path for path in found if (ROOT / path).is_file() and (not suffixes or path.suffix in suffixes))


def _listed_by_git() -> list[str]:
    """Empty without git, or in a copy of the tree that is no checkout."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        return []
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    return [name for name in subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0") if name]


def _walked() -> list[str]:
    found = []
    for folder, subfolders, names in os.walk(ROOT):
        subfolders[:] = [name for name in subfolders if name not in MADE_BY_TOOLS and not name.endswith((".egg-info", "_cache"))]
        found += [str((Path(folder) / name).relative_to(ROOT)) for name in names]
    return found


def text(path: Path) -> str | None:
    """What *path* says, or None if it is not a text."""
    try:
        return (ROOT / path).read_text("utf-8")
    except UnicodeDecodeError:
        return None
