"""Templates and style sheets as files: no word of their own, nothing that the oldest browsers do not know, nothing that CSP forbids."""

import re
from pathlib import Path

import pytest

from tests.support.tree import ROOT

TEMPLATES = sorted((ROOT / "node/web/templates").rglob("*.html"))
STYLES = sorted((ROOT / "node/web/static").glob("*.css"))
_NOT_TEXT = re.compile(r"{#.*?#}|{%.*?%}|{{.*?}}|<!--.*?-->|<!doctype[^>]*>", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"<[a-zA-Z/][^>]*>", re.DOTALL)
# An attribute that a macro hands to a tag.
_ATTRIBUTE = re.compile(r"(?<!\S)[a-z-]+=\"[^\"]*\"")
_ENTITY = re.compile(r"&[a-zA-Z]+;|&#\d+;")
# Attributes that people hear or read.
_SPOKEN = re.compile(r"\b(?:title|alt|placeholder|aria-label|aria-description|value)\s*=\s*(\"[^\"]*\"|'[^']*')")
# Values that a program reads: codes of fields, verbs of buttons.
_CODE = re.compile(r"[a-z0-9_:.-]*")

# Younger than Chromium 78 or Firefox 78 (DESIGN: USERS C24).  The linters of npm (test_browsers) know less of it, so the list is ours.
TOO_YOUNG = {
    "gap of flex": r"display:\s*(?:inline-)?flex[^}]*[;{\s](?:row-|column-)?gap:",
    "gap between flex rules": r"(?:^|[;{\s])(?:row|column)-gap:",
    ":is, :where, :has": r":(?:is|where|has)\(",
    ":not with a list": r":not\([^)]*,",
    ":focus-visible": r":focus-visible",
    "inset": r"(?:^|[;{\s])inset(?:-\w+)*:",
    "aspect-ratio": r"aspect-ratio",
    "min, max, clamp": r"[:\s(,](?:min|max|clamp)\(",
    "nesting": r"(?:^|[;{\s])&",
    "container queries": r"@container|container-(?:type|name)",
    "layers": r"@layer",
    "content-visibility": r"content-visibility",
    "accent-color": r"accent-color",
    "color-mix and new colour spaces": r"color-mix\(|oklch\(|lab\(|lch\(|hwb\(",
    "colour with spaces": r"rgba?\(\s*\d+\s+\d+",
    "subgrid": r"subgrid",
    "viewport units of phones": r"\d(?:svh|dvh|lvh|svw|dvw|lvw)\b",
    "overflow: clip": r"overflow(?:-[xy])?:\s*clip",
    "logical insets": r"(?:margin|padding)-(?:inline|block):",
    "overscroll and scrollbar-gutter": r"scrollbar-gutter",
    "text-wrap": r"text-wrap:",
    "range media queries": r"@media[^{]*[<>]=?",
    "backdrop-filter": r"backdrop-filter",
    "individual transforms": r"(?:^|[;{\s])(?:scale|rotate|translate):",
    "::marker": r"::marker",
    "prefers-contrast": r"prefers-contrast",
}


def bare_words(source: str) -> list[str]:
    """Letters that stand in *source* outside of tags, expressions and comments, and those in attributes that are read out."""
    plain = _NOT_TEXT.sub(" ", source)
    spoken = [value[1:-1] for value in _SPOKEN.findall(plain)]
    said = [one for one in spoken if any(letter.isalpha() for letter in one) and not _CODE.fullmatch(one.strip())]
    between = _ATTRIBUTE.sub(" ", _ENTITY.sub(" ", _TAG.sub("\n", plain)))
    return said + [line.strip() for line in between.splitlines() if any(letter.isalpha() for letter in line)]


def too_young(style: str) -> list[str]:
    """What of TOO_YOUNG stands in *style*; the gap of a grid is old enough."""
    plain = re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL)
    return [name for name, pattern in TOO_YOUNG.items() if re.search(pattern, plain, re.MULTILINE)]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
class TestTemplates:
    """Every text stands in the catalogues, and a page has nothing of its own that the policy would forbid."""

    def test_no_word_stands_bare(self, path: Path) -> None:
        """zh-CN complete and en second: a word in a template would be in one language only."""
        assert [] == bare_words(path.read_text("utf-8"))

    def test_no_style_and_no_script_is_written_inline(self, path: Path) -> None:
        """CSP allows files of this node and nothing inline, and no address leads to another machine."""
        source = _NOT_TEXT.sub(" ", path.read_text("utf-8"))

        found = re.findall(r"<style|<script(?![^>]*\bsrc=)|\son[a-z]+=|\sstyle=|javascript:|(?:src|href)=[\"']https?:", source)

        assert [] == found

    def test_every_form_that_changes_something_carries_the_token(self, path: Path) -> None:
        """CSRF: a form that posts has the token of the session; before signing in there is none, and what the browser says decides."""
        source = path.read_text("utf-8")

        forms = re.findall(r"<form\b[^>]*method=[\"']post[\"'].*?</form>", source, re.DOTALL)

        assert [] == [form[:80] for form in forms if "tokens(" not in form and 'name="csrf"' not in form and path.name != "sign_in.html"]


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.name)
def test_a_style_sheet_has_nothing_that_the_oldest_browsers_do_not_know(path: Path) -> None:
    """USERS C24: Chromium 78 kernels and Firefox 78 ESR stand in the offices."""
    assert [] == too_young(path.read_text("utf-8"))


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        (".a { display: flex; gap: 4px }", ["gap of flex"]),
        (".a { display: grid; gap: 4px }", []),
        (".a:is(p) { inset: 0 }", [":is, :where, :has", "inset"]),
        (".a { width: min(10px, 2em) }", ["min, max, clamp"]),
        (".a { grid-template-columns: repeat(auto-fill, minmax(10px, 1fr)) }", []),
        (".a { &:hover { color: red } }", ["nesting"]),
        ("/* inset: 0 */ .a { box-shadow: inset 3px 0 0 red }", []),
        ("@media (width >= 600px) { .a { color: red } }", ["range media queries"]),
    ],
)
def test_the_list_finds_what_is_too_young(style: str, expected: list[str]) -> None:
    """The check itself: what it must find and what it must let pass."""
    assert expected == too_young(style)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<p>{{ t('a') }} · {{ x }}</p>", []),
        ("<p>登记</p>", ["登记"]),
        ("<p>Save</p>", ["Save"]),
        ('<input placeholder="电话">', ["电话"]),
        ('<button value="register">{{ t("a") }}</button>', []),
        ("{# a remark #}<td>&nbsp;</td>", []),
        ("{% if a %}or else{% endif %}", ["or else"]),
    ],
)
def test_the_check_finds_bare_words(source: str, expected: list[str]) -> None:
    """The check itself: a letter outside of tags and expressions, in any language."""
    assert expected == bare_words(source)
