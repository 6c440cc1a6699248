"""
The pages' styles and script before linters that know browsers: Chromium 78 and Firefox 78 (USERS C24), by the data of caniuse and MDN.

They come from npm; where it is absent or reaches no registry the tests are skipped and say so.  What they do not know stands in the
list of ``test_templates``.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.interop.javascript import install
from tests.support.tree import ROOT

STATIC = ROOT / "node" / "web" / "static"


@pytest.fixture(scope="module")
def linters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the linters; ``own`` in it holds what we wrote, ``young`` what they must find."""
    folder = install(tmp_path_factory.mktemp("browsers"), Path(__file__).parent / "browsers")
    (folder / "own").mkdir()
    for one in (*STATIC.glob("*.css"), *STATIC.glob("*.js")):
        shutil.copy(one, folder / "own")
    (folder / "young").mkdir()
    (folder / "young" / "young.css").write_text(".a { display: flex; gap: 3px }\n@container (min-width: 1px) { .a { color: red } }\n")
    (folder / "young" / "young.js").write_text("structuredClone({});\n")
    (folder / "young" / "words.js").write_text("window.a?.b;\n")
    return folder


def linted(folder: Path, linter: str, *files: str) -> list[str]:
    """The lines that *linter* says against *files*."""
    program = folder / "node_modules" / ".bin" / linter
    done = subprocess.run([program, *files], cwd=folder, capture_output=True, text=True, timeout=100)
    assert done.returncode in (0, 1, 2), done.stderr
    return [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]


def test_both_browsers_know_every_style_and_every_word_of_the_script(linters: Path) -> None:
    """Issue 5 item 7: checked by a linter against Chromium 78 and Firefox 78."""
    assert [] == linted(linters, "stylelint", "own/*.css")
    assert [] == linted(linters, "eslint", "own/*.js")


def test_the_linters_find_what_is_too_young(linters: Path) -> None:
    """The check itself: of styles, of interfaces, of the language."""
    found = "\n".join([*linted(linters, "stylelint", "young/*.css"), *linted(linters, "eslint", "young/*.js")])

    assert ["flexbox-gap", "structuredClone", "Unexpected token ."] == [
        one for one in ("flexbox-gap", "structuredClone", "Unexpected token .") if one in found
    ], found
