"""The bodies that the API answers, as JSON Schema: by hand where ``node.services.bodies`` makes them, else from the dataclass itself."""

import dataclasses
import types
import typing
from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from typing import Any, get_args, get_origin

from node.domain.payload import SealedRef

Schema = dict[str, Any]
WORD: Schema = {"type": "string"}
NUMBER: Schema = {"type": "integer"}
YES_OR_NO: Schema = {"type": "boolean"}
MOMENT: Schema = {"type": "string", "format": "date-time"}
DAY: Schema = {"type": "string", "format": "date"}
ANYTHING: Schema = {}


def maybe(schema: Schema) -> Schema:
    """*schema*, or nothing."""
    return {"anyOf": [schema, {"type": "null"}]}


def many(schema: Schema) -> Schema:
    """A list of *schema*."""
    return {"type": "array", "items": schema}


def by_name(schema: Schema) -> Schema:
    """An object whose keys are codes."""
    return {"type": "object", "additionalProperties": schema}


def whole(**properties: Schema) -> Schema:
    """An object that has all of *properties*; more may come with a later release.  A trailing "_" spares Python's own words."""
    named = {name.rstrip("_"): schema for name, schema in properties.items()}
    return {"type": "object", "required": list(named), "properties": named}


def ref(name: str) -> Schema:
    """One of COMPONENTS."""
    return {"$ref": f"#/components/schemas/{name}"}


def of_type(kind: Any) -> Schema:
    """The schema of what ``bodies.plain`` makes of a value of the type *kind*."""
    origin = get_origin(kind)
    if origin in (types.UnionType, typing.Union):
        return {"anyOf": [of_type(one) for one in get_args(kind)]}
    if origin in (tuple, list, frozenset):
        return many(_item(get_args(kind)))
    if origin is not None and issubclass(origin, Mapping):
        return by_name(of_type(get_args(kind)[1]))
    if kind is SealedRef:
        return whole(sealed=WORD)
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        return whole(**{f"{field.name}_": of_type(hints[field.name]) for field in dataclasses.fields(kind)})
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {"type": "string", "enum": [one.value for one in kind]}
    plain = {
        str: WORD,
        bool: YES_OR_NO,
        int: NUMBER,
        float: {"type": "number"},
        datetime: MOMENT,
        date: DAY,
        types.NoneType: {"type": "null"},
    }
    return plain.get(kind, ANYTHING)


def of_type_and(kind: type[Any], without: str = "", **more: Schema) -> Schema:
    """As ``of_type`` of the dataclass *kind*, with *more* and without the field of that name."""
    properties = {name: schema for name, schema in of_type(kind)["properties"].items() if name != without}
    return whole(**{f"{name}_": schema for name, schema in (properties | more).items()})


def _item(arguments: tuple[Any, ...]) -> Schema:
    if len(arguments) == 1 or arguments[-1] is Ellipsis:
        return of_type(arguments[0])
    return {"anyOf": [of_type(one) for one in arguments]}


_PLACE = {
    "id": WORD, "spoken": WORD, "number": WORD, "state": WORD, "with": WORD, "origin": WORD, "holder": WORD, "asked": WORD,
    "custody": NUMBER, "version": NUMBER, "category": WORD, "complexity": WORD, "layer": WORD, "level": WORD, "lead": WORD,
    "first_contact": WORD, "channel": WORD, "registered_at": maybe(MOMENT),
}  # fmt: skip
_ENTRY = whole(id=WORD, kind=WORD, recorded_at=MOMENT)

COMPONENTS: Mapping[str, Schema] = {
    "Problem": whole(type=WORD, title=WORD, status=NUMBER, detail=WORD, code=WORD, facts=by_name(WORD)),
    "Ticket": whole(**_PLACE, round=NUMBER, is_incomplete=YES_OR_NO),
    "Clock": whole(
        name=WORD, node=WORD, owes=WORD, limit=whole(count=NUMBER, unit=WORD), started_at=MOMENT, due_at=maybe(MOMENT),
        stopped_at=maybe(MOMENT), is_paused=YES_OR_NO, is_overdue=YES_OR_NO, is_provisional=YES_OR_NO, left=maybe(NUMBER),
    ),
    "TicketLine": whole(**_PLACE, completed_at=maybe(MOMENT), clock=maybe(ref("Clock"))),
    "BoardLine": whole(
        **_PLACE, round=NUMBER, is_incomplete=YES_OR_NO, clock=ref("Clock"), unit=WORD, title=maybe(WORD),
    ),
    "TitledTicket": whole(**_PLACE, round=NUMBER, is_incomplete=YES_OR_NO, title=maybe(WORD)),
    "LedTicket": whole(
        **_PLACE, round=NUMBER, is_incomplete=YES_OR_NO, title=maybe(WORD), leader=WORD, turns=many(ref("Clock")),
    ),
    "TimelineEntry": whole(
        id=WORD, kind=WORD, node=WORD, recorded_at=MOMENT, occurred_at=maybe(MOMENT),
        actor=whole(account=WORD, role=WORD, unit=WORD), state=WORD, custody=NUMBER, version=NUMBER, addressee=WORD,
        facts=by_name(ANYTHING), texts=by_name(maybe(WORD)), contacts=many(WORD), is_void=YES_OR_NO, is_read=YES_OR_NO,
    ),
    "TicketPage": whole(
        now=MOMENT, ticket=ref("Ticket"),
        asks=many(whole(id=WORD, kind=WORD, node=WORD, addressee=WORD, asked_at=MOMENT)),
        channels=many(WORD), other_number=WORD, heard=many(whole(about=WORD, unit=WORD, name=WORD, has_spoken=YES_OR_NO)),
        clocks=many(ref("Clock")), timeline=many(ref("TimelineEntry")),
    ),
    "DeadlineReceipt": whole(
        ticket=WORD, clock=ref("Clock"), calendar=WORD, pack=WORD, pauses=many(whole(begin=MOMENT, end=maybe(MOMENT))),
        promised=maybe(DAY), counted_due_at=MOMENT, recounted_due_at=maybe(MOMENT), agrees=YES_OR_NO, proposed_due_at=maybe(MOMENT),
        days=many(whole(day=DAY, counted=YES_OR_NO, number=maybe(NUMBER), why=WORD, is_workday=YES_OR_NO)),
    ),
    "Outcome": {
        **(base := whole(command_id=WORD, is_repeat=YES_OR_NO, subject=whole(kind=WORD, id=WORD), entries=many(_ENTRY))),
        "properties": {**base["properties"], "ticket": ref("Ticket"), "query_code": maybe(WORD)},
    },
}  # fmt: skip
