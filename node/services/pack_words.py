"""A value of a pack as people read it: limits and yes or no in words, codes with their words where the catalogue has them."""

import re
from collections.abc import Sequence

from node.domain.pack import Value
from node.domain.time import Limit
from node.packs.file import limit_text
from node.texts.catalogue import OFFERED, Lang, catalogue, sections, text, word

# What a list of codes holds, by the first or the last part of its key.
_SECTIONS = {
    "groups": "group",
    "rights": "role",
    "roles": "role",
    "clocks": "clock",
    "appellant": "message_channel",
    "staff": "message_channel",
}


# What a key says by its form: the sections in which its codes have their words, the first that has one.
_BY_FORM: Sequence[tuple[re.Pattern[str], tuple[str, ...]]] = tuple(
    (re.compile(form), sections)
    for form, sections in (
        (r"channels\.|leaders\..*_channels|confirmation\.submitted_by_others", ("channel",)),
        (r"intake\.(appointed_only|.*_required|found_channels|common_channels)", ("channel",)),
        (r"intake\.complete_fields|completion\.fields\.|meeting\..*\.decision_needs", ("field",)),
        (r"channel\.occasions\.", ("occasion_kind",)),
        (r"channel\.roles\.|.*\.(convened_by|submitted_by)|ladder\.raised_by\.|task\..*\.role", ("role",)),
        (r"ladder\.with\.|rework\.by|objection\.", ("with_whom", "role")),
        (r"acceptance\.procedure_reasons", ("refusal_reason",)),
        (r"closing\.needs|closing\.stages|completion\.(needs|then)", ("step", "application", "loop_stage", "field")),
        (r"completion\.call_is_evidence|.*[._]classes", ("category",)),
        (r"core_class\.|class_of_core\.", ("category",)),
        (r"completion\.adoptions_explained", ("adoption",)),
        (r"completion\.(coordination_for|push_first)|dissatisfaction\.explained_standards", ("standard", "sub_code")),
        (r"completion\.introduction_matters|matter\.kinds", ("matter", "field_of_service", "red_line")),
        (r"completion\.papers\.|forms\.kinds", ("paper",)),
        (r".*complexities|completion\.submissions_for|leaders\.led", ("complexity",)),
        (r"evaluation\.", ("evaluation",)),
        (r"industries\.blocks|group\.block\.|ladder\.kind\.|group\.parent\.|groups\.", ("block", "group")),
        (r"leaders\..*posts|.*\.post", ("leader_post",)),
        (r"ladder\.entry|.*\.layer", ("layer",)),
        (r"matter\.(natures|topics|stages)", ("appeal_kind", "topic")),
        (r"meeting\..*\.takes", ("item_kind",)),
        (r"meeting\..*\.ripe_needs|ladder\.(needs|pass_up)", ("ripeness", "field")),
        (r"meeting\..*\.bodies", ("deciding_body",)),
        (r".*\.meeting", ("meeting_kind",)),
        (r"dispatch\.needs\.", ("dispatch_need",)),
        (r"finders\.", ("finder",)),
        (r"service_package\.sizes", ("enterprise_size",)),
        (r"supervision\.receipt_suffices|urging\.proposed", ("measure", "rung")),
        (r"urging\..*\.form", ("supervision_form",)),
        (r"tasks\.kinds", ("task_kind",)),
        (r"verification\.results", ("verification_result",)),
        (r"withdrawal\.ends_as", ("ended_as",)),
        (r"steward\.|group\.unit\.|members\.|organisation\.|interpreter\.", ("unit_code", "field_of_service", "group")),
    )
)


def in_words(key: str, value: Value, lang: Lang) -> str:
    """*value* of *key* in *lang*; a code without a word stays what it is."""
    if isinstance(value, bool):
        return text("cli.yes" if value else "cli.no", lang)
    if isinstance(value, Limit):
        said = f"limit.{value.unit.value}"
        return text(said, lang, count=value.count) if said in catalogue(lang) else limit_text(value)
    if isinstance(value, tuple):
        return text("cli.between", lang).join(_word_of(key, one, lang) for one in value)
    # With its code, which is what whoever tries another value types.
    said = catalogue(lang).get(f"pack_value.{value}") or _word_of(key, str(value), lang)
    return text("web.registers.pack_key.value", lang, said=said, code=value) if said != str(value) else said


def _word_of(key: str, code: str, lang: Lang) -> str:
    """The word of a code that stands under *key*; the code itself where no section that is asked knows it."""
    by_form = (one for form, sections_of in _BY_FORM if form.match(key) for one in sections_of)
    asked = (_section_of(key, lang), *by_form, "pack_code")
    return next((said for section in asked if section and (said := word(section, code, lang)) != code), code)


def key_in_words(key: str, lang: Lang) -> str:
    """
    What *key* says: its own words, or those of its parts, as of a limit by its clock, class and complexity and of a step of the ladder;
    "" where one of them has none.
    """
    known = catalogue(lang)
    if own := known.get(f"pack_key.{key}"):
        return own
    match key.split("."):
        case ["urging", rung, "on"]:
            return _of_rung("rung_on", rung, lang)
        case ["limit", "rung", rung]:
            return _of_rung("rung_limit", rung, lang)
        case ["limit", _, complexity] if f"complexity.{complexity}" in known:
            return _of_limit(key.split(".")[1:], ("clock", "complexity"), lang)
        case ["limit", *parts] if parts:
            return _of_limit(parts, ("clock", "category", "complexity"), lang)
        case _:
            return ""


def _of_rung(said: str, rung: str, lang: Lang) -> str:
    word_of = catalogue(lang).get(f"rung.{rung}", "")
    return text(f"web.registers.pack_key.{said}", lang, rung=word_of) if word_of else ""


def _of_limit(parts: Sequence[str], sections_of: Sequence[str], lang: Lang) -> str:
    known = catalogue(lang)
    pairs = zip(sections_of, parts, strict=False)
    said = [text("web.registers.pack_key.any", lang) if part == "any" else known.get(f"{section}.{part}", "") for section, part in pairs]
    return " · ".join(said) if all(said) and len(said) == len(parts) else ""


def _section_of(key: str, lang: Lang) -> str:
    if key.startswith("channel.groups."):
        return "service_group"
    exact = OFFERED.get(key) or next((row for known, row in OFFERED.items() if known[-1] == "." and key.startswith(known)), None)
    if exact is not None:
        return exact[1]
    first, last = key.split(".")[0], key.split(".")[-1]
    section = _SECTIONS.get(first) or _SECTIONS.get(last) or last.removesuffix("s")
    return section if section in sections(lang) else ""
