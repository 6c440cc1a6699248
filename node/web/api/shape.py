"""
What the API takes for each command, as JSON Schema: made from the command classes, described by the catalogues.

A text or a contact is a string; a time has its zone; whatever a command does not need may be left out.
"""

import dataclasses
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from typing import Any, get_args

from node.domain.command import Command
from node.domain.entry import SubjectKind
from node.domain.payload import Contact, Text
from node.services.command_codes import codes_with_words, section_of
from node.services.command_fields import commands_by_kind, fields_of, is_many, verb_of
from node.texts.catalogue import Lang, catalogue, text, with_words

code_characters_max = 200
contact_characters_max = 500
text_characters_max = 20_000
items_max = 1_000
number_max = 10**12
first_day, last_day = date(1949, 10, 1), date(2199, 12, 31)
OCCURRED_AT = "occurred_at"

# What stands in a path for each kind of subject.  The node is one, so it has no id.
COLLECTIONS: Mapping[str, SubjectKind] = {
    "tickets": SubjectKind.TICKET,
    "enterprises": SubjectKind.ENTERPRISE,
    "meetings": SubjectKind.MEETING,
    "orders": SubjectKind.ORDER,
    "leaders": SubjectKind.LEADER,
    "support-policies": SubjectKind.SUPPORT_POLICY,
    "papers": SubjectKind.PAPER,
    "tasks": SubjectKind.TASK,
    "appraisals": SubjectKind.APPRAISAL,
    "contests": SubjectKind.CONTEST,
    "letters": SubjectKind.LETTER,
    "rounds": SubjectKind.ROUND,
    "node": SubjectKind.NODE,
}


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """
    One command at its address.  ``collection`` is a key of COLLECTIONS; ``verb`` is empty for the command that a POST to the
    collection itself gives; ``takes_id``: the subject's id stands in the path.
    """

    command: type[Command]
    collection: str
    verb: str
    takes_id: bool

    @property
    def path(self) -> str:
        """Below ``/api/v1``."""
        return "".join(f"/{part}" for part in (self.collection, "{id}" if self.takes_id else "", self.verb) if part)


@cache
def endpoints() -> Mapping[tuple[str, bool, str], Endpoint]:
    """Every command's endpoint by collection, whether an id stands in the path, and verb."""
    found = {}
    for collection, kind in COLLECTIONS.items():
        is_first = True
        for command in commands_by_kind().get(kind, ()):
            takes_id = not command.starts and kind is not SubjectKind.NODE
            verb = "" if command.starts and is_first else verb_of(command)
            is_first = is_first and not command.starts
            found[collection, takes_id, verb] = Endpoint(command, collection, verb, takes_id)
    return found


def body_schema(command: type[Command], lang: Lang) -> dict[str, Any]:
    """The body of *command* as JSON Schema."""
    schema = object_schema(command, lang)
    if OCCURRED_AT not in schema["properties"]:
        schema["properties"][OCCURRED_AT] = {**_MOMENT, "description": text("web.api.occurred_at", lang)}
    return schema


def object_schema(kind: type[Any], lang: Lang) -> dict[str, Any]:
    """A dataclass of the domain as JSON Schema: each field with what it is called and the codes that it takes."""
    fields = fields_of(kind)
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [name for name, (_, default) in fields.items() if default is dataclasses.MISSING],
        "properties": {name: _field_schema(kind, name, one, default, lang) for name, (one, default) in fields.items()},
    }


_MOMENT = {"type": "string", "format": "date-time"}


def _field_schema(owner: type[Any], name: str, kind: Any, default: Any, lang: Lang) -> dict[str, Any]:
    section = section_of(owner, name)
    schema = _type_schema(kind, section, lang)
    entries = catalogue(lang)
    called = entries.get(f"label.{owner.__name__}.{name}") or entries.get(f"field.{name}") or ""
    codes = with_words(section, lang) if section and (kind is str or is_many(kind)) else ""
    description = ": ".join(part for part in (called, codes) if part)
    if description:
        schema["description"] = description
    if isinstance(default, bool | int):
        schema["default"] = default
    return schema


def _type_schema(kind: Any, section: str, lang: Lang) -> dict[str, Any]:
    if is_many(kind):
        return {"type": "array", "items": _type_schema(get_args(kind)[0], section, lang), "maxItems": items_max}
    if dataclasses.is_dataclass(kind) and kind not in (Text, Contact):
        assert isinstance(kind, type)
        return object_schema(kind, lang)
    plain: Mapping[Any, dict[str, Any]] = {
        bool: {"type": "boolean"},
        int: {"type": "integer", "minimum": -number_max, "maximum": number_max},
        date: {"type": "string", "format": "date"},
        datetime: _MOMENT,
        Text: {"type": "string", "maxLength": text_characters_max, "x-sealed": "text"},
        Contact: {"type": "string", "maxLength": contact_characters_max, "x-sealed": "contact"},
        str: {"type": "string", "maxLength": code_characters_max} | ({"enum": list(codes_with_words(section))} if section else {}),
    }
    return dict(plain[kind])
