"""
A refusal as people read it: units, levels, people, tickets and dossiers by what they are called, where the rules speak of codes.

For pages alone: programs and peers get the codes (STYLE 3).
"""

import re

from sqlalchemy import select

from node.domain.entry import Subject
from node.domain.refusal import Code, Refusal
from node.domain.register_number import is_valid
from node.services.dossier_names import dossier_name
from node.services.entry_words import clock_said
from node.services.numbers import short_number
from node.services.queries import Names, names
from node.storage import schema
from node.storage.unit_of_work import View
from node.texts.catalogue import BETWEEN, Lang, offered_as, word

# What these say is a field, a path, or nothing of what is hidden.
_AS_THEY_ARE = frozenset({Code.FIELD_REQUIRED, Code.MALFORMED_COMMAND, Code.PAGE_UNKNOWN, Code.SUBJECT_UNKNOWN})
_NODES = frozenset({"holder", "node", "of", "peer", "superior", "to"})
# A ticket's page explains dozens of refusals: only what may be the id of a dossier, "O520402-2026-0018" or a UUID, is looked for.
_ID = re.compile(r"[A-Z]{1,2}\d{6}\S*-\d+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PEOPLE = frozenset({"account", "deputy", "person"})


def in_names(view: View, refusal: Refusal, lang: Lang, called: Names | None = None) -> Refusal:
    """*refusal* with names in place of codes, as far as this node knows them; code and all other facts stay."""
    if refusal.code in _AS_THEY_ARE or not refusal.facts:
        return refusal
    if refusal.code is Code.VALUE_NOT_OFFERED:
        return _choice(refusal, lang)
    known = called if called is not None else names(view)
    return Refusal(refusal.code, **{name: _all_named(view, name, value, known, lang) for name, value in refusal.facts.items()})


def _all_named(view: View, name: str, value: str, known: Names, lang: Lang) -> str:
    """*value*, or each of several codes that are joined by ", "."""
    codes = value.split(", ")
    said = [_named(view, name, one, known, lang) for one in codes]
    return value if said == codes else BETWEEN[lang].join(said)


def _choice(refusal: Refusal, lang: Lang) -> Refusal:
    """Who chooses from a list knows its words; the codes beside them are for who types."""
    section = offered_as(str(refusal.facts.get("key", "")))[1]
    if not section:
        return refusal
    offered = str(refusal.facts.get("offered", "")).split(", ")
    said = {"value": word(section, str(refusal.facts.get("value", "")), lang), "offered": [word(section, one, lang) for one in offered]}
    return Refusal(refusal.code, **{**refusal.facts, **said})


def _named(view: View, name: str, value: str, known: Names, lang: Lang) -> str:
    if not value:
        return value
    if name == "clock" and "/" in value:
        return clock_said(value, known, lang)
    if name in _NODES and value in known.nodes:
        return known.node(value)
    if name in _PEOPLE:
        return known.person(value)
    if value in known.units:
        return known.unit(value)
    if is_valid(value):
        return short_number(value)
    return _dossier(view, value, known, lang)


def _dossier(view: View, value: str, known: Names, lang: Lang) -> str:
    if _ID.fullmatch(value) is None:
        return value
    table = schema.dossiers
    kind = view.connection.execute(select(table.c.kind).where(table.c.id == value)).scalar()
    # Whoever is refused may not be one who reads it: no title.
    return value if kind is None else dossier_name(view, Subject(kind, value), known, lang, is_outside=True)
