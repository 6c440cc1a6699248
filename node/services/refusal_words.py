"""
A refusal as people read it: units, levels, people, tickets and dossiers by what they are called, where the rules speak of codes.

For pages alone: programs and peers get the codes (STYLE 3).
"""

from collections.abc import Mapping

from sqlalchemy import select

from node.domain.entry import Subject
from node.domain.refusal import Code, Refusal
from node.domain.register_number import is_valid
from node.services.dossier_names import dossier_name
from node.services.numbers import short_number
from node.services.queries import Names, names
from node.storage import schema
from node.storage.unit_of_work import View
from node.texts.catalogue import BETWEEN, Lang

# What these say is a choice, whose codes and words are shown side by side, or a field.
_AS_THEY_ARE = frozenset({Code.VALUE_NOT_OFFERED, Code.FIELD_REQUIRED, Code.MALFORMED_COMMAND, Code.PAGE_UNKNOWN})
_NODES = frozenset({"holder", "node", "of", "peer", "superior", "to"})
_PEOPLE = frozenset({"account", "deputy", "person"})


def in_names(view: View, refusal: Refusal, lang: Lang, called: Names | None = None) -> Refusal:
    """*refusal* with names in place of codes, as far as this node knows them; code and all other facts stay."""
    if refusal.code in _AS_THEY_ARE or not refusal.facts:
        return refusal
    known = called if called is not None else names(view)
    facts: Mapping[str, object] = {name: _named(view, name, value, known, lang) for name, value in refusal.facts.items()}
    return Refusal(refusal.code, **facts)


def _named(view: View, name: str, value: object, known: Names, lang: Lang) -> object:
    if isinstance(value, list | tuple | set | frozenset):
        return BETWEEN[lang].join(str(_named(view, name, one, known, lang)) for one in value)
    if not isinstance(value, str) or not value:
        return value
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
    table = schema.dossiers
    kind = view.connection.execute(select(table.c.kind).where(table.c.id == value)).scalar()
    return value if kind is None else dossier_name(view, Subject(kind, value), known, lang)
