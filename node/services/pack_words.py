"""A value of a pack as people read it: limits and yes or no in words, codes with their words where the catalogue has them."""

from node.domain.pack import Value
from node.domain.time import Limit
from node.packs.file import limit_text
from node.texts.catalogue import OFFERED, Lang, catalogue, sections, text, word

# What a list of codes holds, by the first or the last part of its key.
_SECTIONS = {"rights": "role", "roles": "role", "clocks": "clock", "appellant": "message_channel", "staff": "message_channel"}


def in_words(key: str, value: Value, lang: Lang) -> str:
    """*value* of *key* in *lang*; a code without a word stays what it is."""
    if isinstance(value, bool):
        return text("cli.yes" if value else "cli.no", lang)
    if isinstance(value, Limit):
        said = f"limit.{value.unit.value}"
        return text(said, lang, count=value.count) if said in catalogue(lang) else limit_text(value)
    if isinstance(value, tuple):
        section = _section_of(key, lang)
        between = text("cli.between", lang)
        return between.join(word(section, one, lang) if section else one for one in value)
    return str(value)


def key_in_words(key: str, lang: Lang) -> str:
    """What *key* says, where its parts have words: a limit by its clock, class and complexity; "" where one of them has none."""
    head, *parts = key.split(".")
    if head != "limit" or not parts:
        return ""
    known = catalogue(lang)
    said = [known.get(f"{section}.{part}", "") for section, part in zip(("clock", "category", "complexity"), parts, strict=False)]
    return " · ".join(said) if all(said) and len(said) == len(parts) else ""


def _section_of(key: str, lang: Lang) -> str:
    exact = OFFERED.get(key) or next((row for known, row in OFFERED.items() if known[-1] == "." and key.startswith(known)), None)
    if exact is not None:
        return exact[1]
    first, last = key.split(".")[0], key.split(".")[-1]
    section = _SECTIONS.get(first) or _SECTIONS.get(last) or last.removesuffix("s")
    return section if section in sections(lang) else ""
