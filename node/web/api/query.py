"""
What a query takes and answers, said once: the same description reads the request and stands in the OpenAPI document.
"""

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from fastapi import Request

from node.domain.refusal import Code, Refusal
from node.storage.unit_of_work import View
from node.web.api import converting, shape
from node.web.desk import Desk

Given = Mapping[str, Any]
limit_max = 200
LIMIT_USUAL = 50
WORD, WORDS, NUMBER, DAY, FLAG, CURSOR = "word", "words", "number", "day", "flag", "cursor"


@dataclass(frozen=True)
class Parameter:
    """
    One parameter.  ``kind`` is one of the constants above; ``codes`` are all that it may be, if they can be told; ``usual`` is what it
    is where nothing is said.  ``place`` is "query" or "path".
    """

    name: str
    kind: str = WORD
    codes: tuple[str, ...] = ()
    usual: Any = None
    is_required: bool = False
    place: str = "query"
    least: int = 0
    most: int = 2**53 - 1


class Answer(Protocol):
    """What a query does: the body of its answer, from a snapshot."""

    def __call__(self, desk: Desk, view: View, given: Given) -> "Answered": ...


@dataclass(frozen=True)
class Answered:
    """A body for machines; ``state``: custody number and version of the one subject that it shows, which a command may go by."""

    body: Any
    state: tuple[int, int] | None = None


@dataclass(frozen=True)
class Query:
    """
    A query at its address below ``/api/v1``.  ``scope`` is what a token's scopes call it.  ``answers`` is the schema of the body.
    ``key``: the name of its texts in the section ``web.api.query``.  ``has_state``: it is answered with an ETag (``Answered.state``);
    ``has_mark``: with one that is a mark of the whole answer and says nothing of a subject's version.
    """

    path: str
    key: str
    scope: str
    answers: Mapping[str, Any]
    answer: Callable[[Desk, View, Given], Answered]
    parameters: tuple[Parameter, ...] = ()
    has_state: bool = False
    has_mark: bool = False


LIMIT = Parameter("limit", NUMBER, usual=LIMIT_USUAL, least=1, most=limit_max)
NEXT = Parameter("cursor", CURSOR)


def read(request: Request, query: Query) -> dict[str, Any]:
    """
    The parameters of *request*, each of its type; those of no name that the query knows are refused.

    Raises:
        Refusal: MALFORMED_COMMAND, FIELD_REQUIRED, VALUE_NOT_OFFERED.
    """
    return read_parameters(request, query.parameters)


def read_parameters(request: Request, parameters: Sequence[Parameter]) -> dict[str, Any]:
    """As ``read``, of *parameters*."""
    known = {one.name for one in parameters if one.place == "query"}
    for name in request.query_params:
        if name not in known:
            raise Refusal(Code.MALFORMED_COMMAND, field=name[: shape.code_characters_max])
    return {one.name: _value(one, _said(request, one)) for one in parameters}


def _said(request: Request, one: Parameter) -> list[str]:
    if one.place == "path":
        return [str(request.path_params[one.name])]
    return request.query_params.getlist(one.name)


def _value(one: Parameter, said: list[str]) -> Any:
    for value in said:
        converting.words(one.name, value, shape.text_characters_max if one.kind == CURSOR else shape.code_characters_max)
        if one.codes and value not in one.codes:
            raise Refusal(Code.VALUE_NOT_OFFERED, key=one.name, value=value, offered=one.codes)
    if one.kind == WORDS:
        return tuple(said)
    if len(said) > 1:
        raise Refusal(Code.MALFORMED_COMMAND, field=one.name)
    if not said or (said == [""] and not one.is_required):
        if one.is_required:
            raise Refusal(Code.FIELD_REQUIRED, field=one.name)
        return one.usual
    return _READING[one.kind](one, said[0])


def _number(one: Parameter, said: str) -> int:
    if not (said.isascii() and said.isdigit() and len(said) <= 16 and one.least <= int(said) <= one.most):
        raise Refusal(Code.MALFORMED_COMMAND, field=one.name)
    return int(said)


def _flag(one: Parameter, said: str) -> bool:
    if said not in ("true", "false"):
        raise Refusal(Code.MALFORMED_COMMAND, field=one.name)
    return said == "true"


def _day(one: Parameter, said: str) -> date:
    return converting.day(one.name, said)


def _word(one: Parameter, said: str) -> str:
    if one.is_required and not said.strip():
        raise Refusal(Code.FIELD_REQUIRED, field=one.name)
    return said


def _cursor(one: Parameter, said: str) -> list[Any]:
    try:
        found = json.loads(base64.urlsafe_b64decode(said.encode() + b"=" * (-len(said) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        found = None
    if not isinstance(found, list) or not all(_is_of_a_cursor(part) for part in found):
        raise Refusal(Code.MALFORMED_COMMAND, field=one.name)
    return found


def _is_of_a_cursor(part: object) -> bool:
    if isinstance(part, str):
        return len(part) <= shape.code_characters_max and "\0" not in part and part.isprintable()
    return part is None or (isinstance(part, int) and not isinstance(part, bool) and abs(part) < 2**62)


_READING: Mapping[str, Callable[[Parameter, str], Any]] = {
    WORD: _word, NUMBER: _number, FLAG: _flag, DAY: _day, CURSOR: _cursor,
}  # fmt: skip


def cursor_of(*parts: str | int | None) -> str:
    """The opaque word for a place in a list, which ``Given`` has as its parts again."""
    return base64.urlsafe_b64encode(json.dumps(parts, ensure_ascii=True).encode()).decode().rstrip("=")


def parts_of(cursor: list[Any] | None, *kinds: type[Any] | tuple[type[Any], ...]) -> list[Any] | None:
    """
    The parts of a cursor, if they are of these kinds; None without a cursor.

    Raises:
        Refusal: MALFORMED_COMMAND, for a cursor of another list.
    """
    if cursor is None:
        return None
    if len(cursor) != len(kinds) or not all(isinstance(part, kind) for part, kind in zip(cursor, kinds, strict=True)):
        raise Refusal(Code.MALFORMED_COMMAND, field="cursor")
    return cursor


def parameter_schema(one: Parameter) -> dict[str, Any]:
    """*one* as the OpenAPI document has it, without its description."""
    word = {"type": "string", "maxLength": shape.code_characters_max} | ({"enum": list(one.codes)} if one.codes else {})
    schemas: Mapping[str, dict[str, Any]] = {
        WORD: word | ({"minLength": 1} if one.is_required else {}),
        WORDS: {"type": "array", "items": word},
        NUMBER: {"type": "integer", "minimum": one.least, "maximum": one.most},
        DAY: {"type": "string", "format": "date"},
        FLAG: {"type": "boolean"},
        CURSOR: {"type": "string"},
    }
    schema = dict(schemas[one.kind])
    if one.usual is not None and one.kind in (NUMBER, FLAG):
        schema["default"] = one.usual
    return schema
