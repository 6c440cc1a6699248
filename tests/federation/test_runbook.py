"""RUNBOOK.md is read at night: each sentence that it quotes is one that `qyzj status` says, and both languages say the same."""

import ast
import re
from pathlib import Path

import pytest

from federation.retry import USUAL
from node.services import reparentings, situations
from node.texts.catalogue import LANGS, Lang, catalogue
from tests.support.tree import ROOT

TEXT = (ROOT / "federation" / "RUNBOOK.md").read_text("utf-8")
LANGUAGES = {"zh-CN": "中文", "en": "English"}
LABELS = {
    "zh-CN": ("你会看到", "照常运行", "现在做什么", "怎样算结束", "找谁", "绝不要"),
    "en": ("You see", "What still works", "Do now", "It is over when", "Call", "Never"),
}


def pages() -> dict[str, dict[str, str]]:
    """Each page's text by its heading and by language."""
    found = {}
    for heading, body in re.findall(r"^## (\d+\. .+?)$\n(.+?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL):
        parts = dict(re.findall(r"^### (.+?)$\n(.+?)(?=^### |\Z)", body, re.MULTILINE | re.DOTALL))
        if parts:
            found[heading] = {lang: parts[title] for lang, title in LANGUAGES.items()}
    return found


PAGES = pages()


def quoted(text: str) -> list[str]:
    return re.findall(r"^> (.+)$", text, re.MULTILINE)


def code_of(sentence: str, lang: Lang) -> str:
    """The situation that says *sentence*; empty if none does."""
    for key, template in catalogue(lang).items():
        if key.startswith("situation.") and re.fullmatch(re.sub(r"\\\{\w+\\\}", ".+?", re.escape(template)), sentence):
            return key.removeprefix("situation.")
    return ""


def codes(heading: str, lang: Lang) -> set[str]:
    return {code_of(sentence, lang) for sentence in quoted(PAGES[heading][lang])}


def red() -> set[str]:
    """Every situation that can be red, by the calls that make one."""
    found: set[str] = set()
    computed = reckoned()
    for call in calls():
        code, colour = call.args[0], call.args[2]
        if colours(colour) & {situations.RED, "?"}:
            found |= {str(code.value)} if isinstance(code, ast.Constant) else computed[ast.unparse(code)]
    return found


def reckoned() -> dict[str, set[str]]:
    """The codes that can be red of the calls that do not write theirs out, by how they stand there."""
    above = {reason for reason, (_, colour) in situations._UP_REASONS.items() if colour == situations.RED} - {"damaged"}
    errors = {code for code, _, colour in situations._UP_ERRORS.values() if colour == situations.RED}
    below = {code for code, _ in situations.TURNED_AWAY.values()}
    held = {f"held_{reason}" for reason, (_, colour) in situations._HELD_ROWS.items() if colour == situations.RED}
    differs = {"differs", "differs_below", "differs_own"}
    return {
        "code": above | errors | below | {"damaged_above"} | set(situations._VERSIONS.values()) | differs,
        "_held_code(view, links)": held | {"held_damaged_top", "held_unrepaired"},
        "f'{end}_expired'": {"server_expired", "uplink_expired"},
        "f'reparenting_{word}'": {f"reparenting_{word}" for word in reparentings.RED_WORDS},
        "TOLD_BELOW": {situations.TOLD_BELOW},
    }


def calls() -> list[ast.Call]:
    """Wherever a situation is made."""
    tree = ast.parse(Path(situations.__file__).read_text("utf-8"))
    return [one for one in ast.walk(tree) if isinstance(one, ast.Call) and ast.unparse(one.func) == "Situation"]


def colours(expression: ast.expr) -> set[str]:
    """Those that *expression* may come to; "?" where only the program knows."""
    if isinstance(expression, ast.IfExp):
        return colours(expression.body) | colours(expression.orelse)
    is_named = isinstance(expression, ast.Name) and expression.id in ("RED", "AMBER", "NOTE")
    return {getattr(situations, ast.unparse(expression))} if is_named else {"?"}


def test_the_pages_of_the_night_are_there() -> None:
    """An operator finds each situation of the issue on a page."""
    told = {code for heading in PAGES for code in codes(heading, "en")}

    assert {"away", "storage", "uplink_expired", "held_restored", "held_behind", "forked_below", "quarantined"} <= told


def test_the_check_itself_sees_every_call() -> None:
    """Also codes and colours that are put together: of moves, of certificates, of what holds the node."""
    found = red()

    assert {"reparenting_named_self", "uplink_expired", "held_pages", "version", "fault", "quarantined", "superior_forked"} <= found
    assert set() == {code for code in found if f"situation.{code}" not in catalogue("en")}


def test_everything_that_can_be_red_is_on_a_page() -> None:
    assert set() == red() - {code for heading in PAGES for code in codes(heading, "zh-CN")}


@pytest.mark.parametrize("lang", LANGS)
def test_every_quoted_sentence_is_one_of_the_catalogue(lang: Lang) -> None:
    sentences = [sentence for parts in PAGES.values() for sentence in quoted(parts[lang])]

    assert sentences
    assert [] == [sentence for sentence in sentences if not code_of(sentence, lang)]


@pytest.mark.parametrize("heading", PAGES)
def test_both_languages_say_the_same(heading: str) -> None:
    """The same situations, the same commands, the same numbers of steps, each part under its label."""
    chinese, english = (PAGES[heading][lang] for lang in ("zh-CN", "en"))

    assert codes(heading, "zh-CN") == codes(heading, "en")
    assert re.findall(r"^qyzj .+$", chinese, re.MULTILINE) == re.findall(r"^qyzj .+$", english, re.MULTILINE) != []
    assert len(re.findall(r"^\d+\. ", chinese, re.MULTILINE)) == len(re.findall(r"^\d+\. ", english, re.MULTILINE))
    for lang, labels in LABELS.items():
        assert list(labels) == re.findall(r"^\*\*(.+?)\*\*", PAGES[heading][lang], re.MULTILINE), lang


def test_figures_are_those_of_the_program() -> None:
    """Two minutes at most between tries, ten for a probe, 5 % of the disk, a day for quarantine, ten minutes of skew."""
    assert (120, 600) == (USUAL.longest_seconds, USUAL.probe_seconds)
    assert (5, 24, 600) == (situations.free_percent_least, situations.quarantine_hours_max, situations.skew_seconds_max)
    for said in ("间隔最长 2 分钟", "at most 2 minutes apart", "最迟十分钟", "within ten minutes", "不超过 24 小时", "up to 24 hours"):
        assert said in TEXT, said
