"""The tree stays the one of the design: what lies where, how long, and what never stands in a file."""

import ast
import re
import sys
from pathlib import Path

from tests.support.tree import ROOT, files, text

TOP_LEVEL = {
    *("proto", "node", "federation", "migrations", "tests", "docker"),
    *("pyproject.toml", "requirements.lock", "Makefile"),
    *("README.md", "README.zh-CN.md", "CHANGELOG.md", "LICENSE", "NOTICE"),
}
LINES_MAX = 600
LEAK = re.compile(
    r"(?<![\w.])/(?:work|farm)/"  # a folder of the machine that it was written on
    r"|/root/\."
    r"|https?://[a-z0-9.-]*(?:pypi|pythonhosted|npmjs|debian\.org|artifact|mirror|proxy)[a-z0-9./-]*"  # a registry host
)


def test_the_top_level_holds_the_listed_rooms_and_nothing_else():
    """Prose lives beside the code that it speaks of; beside the listed names only dot-files stand in the root."""
    names = {path.parts[0] for path in files()}

    assert set() == {name for name in names if not name.startswith(".")} - TOP_LEVEL


def test_no_file_names_the_machine_it_was_written_on():
    """No path of somebody's machine and no registry host: the lock holds hashes, not addresses."""
    leaks = [f"{path}: {match.group()}" for path in files() for match in LEAK.finditer(text(path) or "")]

    assert [] == leaks


def test_no_file_grows_past_what_a_reader_holds_in_mind():
    """A Python file of node/ or federation/ has at most 600 lines; generated code is not read."""
    lengths = {path: len((text(path) or "").splitlines()) for path in files(".py") if path.parts[0] in ("node", "federation")}

    assert {} == {str(path): lines for path, lines in lengths.items() if lines > LINES_MAX and not is_generated(path)}


def test_the_domain_imports_the_standard_library_and_itself():
    """node/domain decides purely: no database, no wire, no generated code, nothing installed."""
    domain = [path for path in files(".py") if path.is_relative_to("node/domain")]

    foreign = {f"{path}: {name}" for path in domain for name in imported_modules(path) if not allowed_in_domain(name)}

    assert set() == foreign


def test_the_rooms_are_packages():
    """The wheel holds node, federation and migrations; a folder with code and no __init__.py would be missing from the import checks."""
    folders = {path.parent for path in files(".py") if path.parts[0] in ("node", "federation", "migrations")}

    assert [] == sorted(str(folder) for folder in folders if folder.name != "versions" and not (ROOT / folder / "__init__.py").exists())


def is_generated(path: Path) -> bool:
    return path.parent.name == "v1" and "_pb2" in path.name


def imported_modules(path: Path) -> list[str]:
    """Full names of what the file at *path* imports, relative imports resolved."""
    package = ".".join(path.parent.parts)
    names = []
    for statement in ast.walk(ast.parse(text(path) or "")):
        if isinstance(statement, ast.Import):
            names += [alias.name for alias in statement.names]
        elif isinstance(statement, ast.ImportFrom):
            within = package.split(".")[: len(package.split(".")) - statement.level + 1] if statement.level else []
            base = [*within, statement.module] if statement.module else within
            names += [".".join([*base, alias.name]) for alias in statement.names]
    return names


def allowed_in_domain(name: str) -> bool:
    return name.split(".")[0] in sys.stdlib_module_names or name == "node.domain" or name.startswith("node.domain.")
