"""A value of a pack as people read it: limits and yes or no in words, codes with their words where the catalogue has them."""

from collections.abc import Sequence

from node.domain.pack import Value
from node.domain.time import Limit
from node.packs.file import limit_text
from node.packs.keys import find_key
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
    known = find_key(key)
    asked = (_section_of(key, lang), *(known.words if known is not None else ()), "pack_code")
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
