"""
The catalogues: every sentence and word that a person reads, by code, one TOML file a language.

A key is dotted: "state.handling", "pack_rule.range"; a refusal's two texts stand under "refusal.<CODE>".  A sentence has its
facts in braces.  A fact that is itself a code is shown in words: ``{state}`` by the section ``state``, where there is one of
the fact's name, and ``{wanted:state}`` by the section that is named behind the colon; several codes joined by ", " one by
one.  ``{used:moment}`` shows a time as people in Beijing say it.  A code that a catalogue does not know (an older program reads a
newer peer) is shown as it is, a fact that is missing as a dash: a text never fails for want of a fact.
"""

import string
import tomllib
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Literal, get_args

from node.domain.refusal import Code, Refusal
from node.domain.time import BEIJING

Lang = Literal["zh-CN", "en"]
LANGS: tuple[Lang, ...] = get_args(Lang)
MISSING = "—"
_MOMENT = "moment"
# What a refusal calls the choice by: the key of a pack (or of a command line), the field that people fill, the words for the codes.
OFFERED: Mapping[str, tuple[str, str]] = {
    "intake.channels": ("channel", "channel"),
    "classes": ("category", "category"),
    "complexities.": ("complexity", "complexity"),
    "forming.tests": ("passed", "forming_test"),
    "acceptance.refusal_reasons": ("reason", "refusal_reason"),
    "acceptance.procedures": ("procedure", "procedure"),
    "completion.adoptions": ("adoption", "adoption"),
    "complexity_grounds.": ("grounds", "ground"),
    "ladder.layers": ("layer", "layer"),
    "ladder.levels": ("level", "level"),
    "ladder.grounds.": ("ground", "ground"),
    "acceptance.gap_classes": ("category", "category"),
    "acceptance.gap_items": ("gaps", "gap_item"),
    "gaps": ("gaps", "gap_item"),
    "notice.ways": ("way", "way"),
    "contact.ways": ("way", "way"),
    "feedback.ways": ("feedback_way", "way"),
    "extension.grounds": ("ground", "ground"),
    "escalation.return_reasons": ("reason_code", "return_reason"),
    "termination.reasons": ("reason", "ground"),
    "recheck.grounds": ("ground", "ground"),
    "recheck.outcomes": ("outcome", "outcome"),
    "supervision.measures": ("measure", "measure"),
    "supervision.grounds": ("ground", "supervision_ground"),
    "supervision.forms": ("form", "supervision_form"),
    "supervision.results": ("result", "supervision_result"),
    "talk.triggers": ("ground", "supervision_ground"),
    "tolerance.rules": ("rule", "tolerance_rule"),
    "completion.standards": ("standard", "standard"),
    "completion.sub_codes.": ("sub_code", "sub_code"),
    "evaluation.scale": ("evaluation", "evaluation"),
    "evaluation.ways": ("way", "way"),
    "dissatisfaction.causes": ("found_cause", "dissatisfaction_cause"),
    "follow_up.results": ("effect", "follow_up_result"),
    "assessment.indicators": ("indicators", "indicator"),
    "paper": ("paper", "paper"),
    "correctable": ("correctable", "field"),
    "speaks_for": ("speaks_for", "speaker"),
    "meetings.kinds": ("meeting_kind", "meeting_kind"),
    "leaders.posts": ("post", "leader_post"),
    "contest.kinds": ("contest_kind", "contest_kind"),
    "act": ("act", "leader_act"),
    "tone": ("tone", "case_tone"),
    "item_kind": ("item_kind", "item_kind"),
    "deciding_body": ("deciding_body", "deciding_body"),
    "appellant_kind": ("appellant_kind", "appellant_kind"),
    "crossing": ("crossing", "crossing"),
    "judgement": ("judgement", "judgement"),
    "outcome": ("outcome", "outcome"),
    "role": ("roles", "role"),
    "state": ("state", "state"),
    "status": ("status", "node_status"),
    "due": ("due_choice", "due_choice"),
    "clock": ("clock", "clock"),
    "answer": ("answer", "answer"),
    "preliminary_reply.grounds": ("ground", "preliminary_ground"),
    "solvable": ("solvable", "solvable"),
    "limit_unit": ("unit", "limit_unit"),
    "letters.issue_topics": ("topic", "issue_topic"),
    "letters.issue_results": ("result", "issue_result"),
    "letter_kind": ("letter_kind", "letter_kind"),
    "red_lines": ("red_line", "red_line"),
    "requires": ("requires", "field"),
    "core_class": ("classes", "category"),
    "result": ("result", "letter_result"),
    "daily_way": ("way", "message_channel"),
    "intake.own_duty": ("judgement", "judgement"),
    "intermediaries.kinds": ("intermediary_kind", "intermediary_kind"),
    "objection.final_by": ("ruled_by", "ruled_by"),
    "occasions.kinds": ("turn_kind", "occasion_kind"),
    "park.steps": ("step", "park_step"),
    "service_package.items": ("service_item", "service_item"),
    "supplement.may_end": ("supplement_end", "supplement_end"),
    "urging.rungs": ("rung", "rung"),
    "visits.purposes": ("purpose", "visit_purpose"),
}
# The key of a complexity that nobody typed: the ticket has it, and what was asked for is only for others.
OF_TICKET = "complexities."
BETWEEN: Mapping[Lang, str] = {"zh-CN": "、", "en": ", "}
COLON: Mapping[Lang, str] = {"zh-CN": "：", "en": ": "}


def text(key: str | Code, lang: Lang = "zh-CN", /, **facts: Any) -> str:
    """
    Return the text under *key* in *lang*, filled with *facts*; of a Code the sentence.  A fact may be called "key", too.

    Raises:
        LookupError: there is no such text.
    """
    entries = catalogue(lang)
    name = f"refusal.{key.name}.sentence" if isinstance(key, Code) else key
    if name not in entries:
        raise LookupError(f"no text {name} in {lang}")
    return _Filling(lang).vformat(entries[name], (), {fact: _plain(value) for fact, value in facts.items()})


def remedy(code: Code, lang: Lang = "zh-CN", /, **facts: Any) -> str:
    """What to do about a refusal, filled with *facts*."""
    return text(f"refusal.{code.name}.remedy", lang, **facts)


def explain(refusal: Refusal, lang: Lang = "zh-CN") -> tuple[str, str]:
    """Sentence and remedy of *refusal*; a choice that is not offered is named with its field and with what each code means."""
    facts = refusal.facts
    if refusal.code is Code.VALUE_NOT_OFFERED and (not _plain(facts.get("offered", "")) or facts.get("key") == OF_TICKET):
        return _of_no_choice(facts, lang)
    if refusal.code is Code.VALUE_NOT_OFFERED:
        field, section = offered_as(str(facts.get("key", "")))
        codes = _plain(facts.get("offered", "")).split(", ")
        offered = BETWEEN[lang].join(_with_word(section, one, lang) for one in codes)
        facts = {**facts, "key": word("field", field, lang), "offered": offered}
    if refusal.code is Code.WRONG_STATE:
        # Several states at once, and those of a co-handler's part, are no states of a ticket.
        named = {name: catalogue(lang).get(f"state_group.{_plain(value)}", value) for name, value in facts.items()}
        facts = {**facts, **{name: named[name] for name in ("state", "wanted") if name in named}}
    if refusal.code is Code.GROUND_NOT_MET:
        # Of an order and of its measure, too.
        ground = _plain(facts.get("ground", MISSING))
        said = (catalogue(lang).get(f"{section}.{ground}") for section in ("ground", "supervision_ground", "measure"))
        facts = {**facts, "ground": next((one for one in said if one), ground)}
    return text(refusal.code, lang, **facts), remedy(refusal.code, lang, **facts)


def _of_no_choice(facts: Mapping[str, Any], lang: Lang) -> tuple[str, str]:
    """Nothing is offered, or the ticket's own complexity is none that goes this way: no list to choose from is printed empty."""
    key, offered = str(facts.get("key", "")), _plain(facts.get("offered", ""))
    field, section = offered_as(key)
    if key == OF_TICKET:
        listed = BETWEEN[lang].join(word(section, one, lang) for one in offered.split(", "))
        remedy_of = "choice.of_ticket.only" if offered else "choice.of_ticket.none"
        sentence = text("choice.of_ticket.sentence", lang, value=word(section, _plain(facts.get("value", MISSING)), lang))
        return sentence, text(remedy_of, lang, offered=listed)
    of_whom = "pack" if key in OFFERED or "." in key else "here"
    return text("choice.empty.sentence", lang, key=word("field", field, lang)), text(f"choice.empty.{of_whom}", lang)


def offered_as(key: str) -> tuple[str, str]:
    """The field that people fill for the choice *key* of a refusal, and the section with the words for its codes, "" if it has none."""
    whole = OFFERED.get(key) or next((row for known, row in OFFERED.items() if known[-1] == "." and key.startswith(known)), None)
    return whole or (key, "")


def _with_word(section: str, code: str, lang: Lang) -> str:
    """A code with its word: what to type and what it means."""
    called = word(section, code, lang)
    if called == code:
        return code
    return with_more(code, called, lang)


def with_more(said: str, more: str, lang: Lang) -> str:
    """*said*, and *more* of it in the brackets of *lang*."""
    return f"{said}（{more}）" if lang == "zh-CN" else f"{said} ({more})"


def word(section: str, code: str | Enum, lang: Lang = "zh-CN") -> str:
    """
    The word for *code* in *section*, or the code itself if the catalogue does not know it; several joined by ", " one by one.

    Codes that are numbered through, as a pack's "town_07", have one word for all: "<section>.town_numbered" with the number in it.
    """
    entries = catalogue(lang)
    return BETWEEN[lang].join(entries.get(f"{section}.{one}") or _numbered(entries, section, one) for one in _plain(code).split(", "))


def _numbered(entries: Mapping[str, str], section: str, code: str) -> str:
    series, _, number = code.rpartition("_")
    of_all = entries.get(f"{section}.{series}_numbered") if number.isdecimal() else None
    return code if of_all is None else of_all.replace("{number}", number)


def label(owner: str, field: str, lang: Lang = "zh-CN") -> str:
    """What *field* of the command or event *owner* is called: its own label, else the name of all such fields, else the code."""
    entries = catalogue(lang)
    return entries.get(f"label.{owner}.{field}") or entries.get(f"field.{field}", field)


@cache
def catalogue(lang: Lang) -> Mapping[str, str]:
    """All texts of *lang* by dotted key, from every file of that language: ``en.toml``, ``cli.en.toml``."""
    files = [item for item in resources.files("node.texts").iterdir() if f".{item.name}".endswith(f".{lang}.toml")]
    rows = [row for item in sorted(files, key=lambda item: item.name) for row in _flat(tomllib.loads(item.read_text("utf-8")), ())]
    return MappingProxyType(dict(rows))


@cache
def sections(lang: Lang) -> frozenset[str]:
    """The first names of all keys."""
    return frozenset(key.partition(".")[0] for key in catalogue(lang))


def placeholders(sentence: str) -> frozenset[str]:
    """The names of the facts that *sentence* asks for."""
    return frozenset(name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None)


def with_words(section: str, lang: Lang) -> str:
    """Every code of *section* with its word, in the catalogue's order; a space behind each lets a narrow page break the line."""
    codes = [key.removeprefix(f"{section}.") for key in catalogue(lang) if key.startswith(f"{section}.")]
    return ("、 " if lang == "zh-CN" else ", ").join(_with_word(section, code, lang) for code in codes)


def _flat(table: Mapping[str, Any], path: tuple[str, ...]) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for name, value in table.items():
        if isinstance(value, dict):
            rows += _flat(value, (*path, name))
        else:
            rows.append((".".join((*path, name)), value))
    return rows


def _plain(value: Any) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(_plain(one) for one in value)
    return str(value)


def _said_in_beijing(fact: Any) -> str:
    """A time, which is written down with its zone; anything else is shown as it is."""
    try:
        moment = datetime.fromisoformat(str(fact))
    except ValueError:
        return str(fact)
    return f"{moment.astimezone(BEIJING):%Y-%m-%d %H:%M}" if moment.tzinfo is not None else str(fact)


class _Filling(string.Formatter):
    """Fills a sentence; see the head of this module."""

    def __init__(self, lang: Lang) -> None:
        self.lang = lang

    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Any, str]:
        # Facts are plain values: "{node}" is a name and never a way into an object.
        return (field_name, kwargs.get(field_name, MISSING)), field_name

    def format_field(self, value: Any, format_spec: str) -> str:
        name, fact = value
        if format_spec == _MOMENT:
            return _said_in_beijing(fact)
        section = format_spec or name
        return word(section, fact, self.lang) if section in sections(self.lang) else str(fact)
