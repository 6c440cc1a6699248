"""
From the body of a request to a command, and nothing that the schema does not name.

What is refused is named by its field; the words themselves stand in no refusal.
"""

import dataclasses
import json
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, TypeVar, get_args

from node.domain.command import Command
from node.domain.payload import Contact, Text
from node.domain.refusal import Code, Refusal
from node.services.command_fields import fields_of, is_many
from node.web.api import shape

T = TypeVar("T")


def read_json(body: bytes) -> dict[str, Any]:
    """
    The object that *body* is; an empty body is an empty object.

    Raises:
        Refusal: MALFORMED_COMMAND.
    """
    if not body:
        return {}
    try:
        read = json.loads(body.decode("utf-8"), parse_constant=_no_number)
    except (ValueError, RecursionError):  # whatever is no JSON: also a number of 5,000 figures, or brackets without end
        raise Refusal(Code.MALFORMED_COMMAND, field="body") from None
    if not isinstance(read, dict):
        raise Refusal(Code.MALFORMED_COMMAND, field="body")
    return read


def command_of(kind: type[Command], body: Mapping[str, Any]) -> tuple[Command, datetime | None]:
    """
    The command of class *kind* that *body* describes, and when it is said to have happened.

    Raises:
        Refusal: FIELD_REQUIRED or MALFORMED_COMMAND, with the field.
    """
    said = dict(body)
    occurred_at = said.get(shape.OCCURRED_AT)
    if shape.OCCURRED_AT not in fields_of(kind):
        said.pop(shape.OCCURRED_AT, None)
    command: Command = _object(kind, said, "")
    return command, None if occurred_at is None else moment(shape.OCCURRED_AT, occurred_at)


def moment(field: str, value: object) -> datetime:
    """
    A time with its zone, as RFC 3339 writes it, in UTC.

    Raises:
        Refusal: MALFORMED_COMMAND.
    """
    if not isinstance(value, str):
        raise _malformed(field)
    try:
        read = datetime.fromisoformat(value)
        if read.tzinfo is None or not shape.first_day <= read.date() <= shape.last_day:
            raise _malformed(field)
        return read.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _malformed(field) from None


def day(field: str, value: object) -> date:
    """
    A day, "2026-02-13".

    Raises:
        Refusal: MALFORMED_COMMAND.
    """
    try:
        read = date.fromisoformat(value) if isinstance(value, str) and len(value) == len("2026-02-13") else None
    except ValueError:
        read = None
    if read is None or not shape.first_day <= read <= shape.last_day:
        raise _malformed(field)
    return read


def key_of(value: str | None) -> str:
    """
    The id of a command as the idempotency key gives it: a UUID; empty without one.

    Raises:
        Refusal: MALFORMED_COMMAND.
    """
    if not value:
        return ""
    try:
        return str(uuid.UUID(value))
    except ValueError:
        raise _malformed("Idempotency-Key") from None


def words(field: str, value: object, characters_max: int) -> str:
    """
    A string that both databases can keep.

    Raises:
        Refusal: MALFORMED_COMMAND.
    """
    if not isinstance(value, str) or len(value) > characters_max or "\0" in value or (not value.isprintable() and _has_surrogate(value)):
        raise _malformed(field)
    return value


def _object(kind: type[T], body: Mapping[str, Any], path: str) -> T:
    fields = fields_of(kind)
    for name in body:
        if name not in fields:
            raise _malformed(f"{path}{name}"[: shape.code_characters_max])
    given = {}
    for name, (one, default) in fields.items():
        value = body.get(name)
        if value is not None:
            given[name] = _value(one, value, f"{path}{name}")
        elif default is dataclasses.MISSING:
            raise Refusal(Code.FIELD_REQUIRED, field=f"{path}{name}")
    return kind(**given)


def _value(kind: Any, value: object, field: str) -> Any:
    if is_many(kind):
        if not isinstance(value, list) or len(value) > shape.items_max:
            raise _malformed(field)
        return tuple(_value(get_args(kind)[0], one, f"{field}.{place}") for place, one in enumerate(value))
    read = _READING.get(kind)
    if read is not None:
        return read(field, value)
    if not isinstance(value, dict):
        raise _malformed(field)
    return _object(kind, value, f"{field}.")


def _number(field: str, value: object) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # to JSON 3.0 is an integer
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > shape.number_max:
        raise _malformed(field)
    return value


def _yes_or_no(field: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise _malformed(field)
    return value


_READING: Mapping[Any, Callable[[str, object], Any]] = {
    str: lambda field, value: words(field, value, shape.code_characters_max),
    Text: lambda field, value: Text(words(field, value, shape.text_characters_max)),
    Contact: lambda field, value: Contact(words(field, value, shape.contact_characters_max)),
    bool: _yes_or_no,
    int: _number,
    date: day,
    datetime: moment,
}


def _has_surrogate(value: str) -> bool:
    return any("\ud800" <= one <= "\udfff" for one in value)


def _no_number(value: str) -> None:
    raise ValueError(value)


def _malformed(field: str) -> Refusal:
    return Refusal(Code.MALFORMED_COMMAND, field=field)
