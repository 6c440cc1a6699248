"""
Verbs made from command classes: one option a field, positional TICKET unless the command starts a ticket.

A text or contact may be read from a file (``@file``) or from standard input (``@-``), so that it stands in no shell history.
Times without a zone are Beijing's.
"""

import dataclasses
import inspect
import re
import sys
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from node.cli.console import Session, Usage
from node.cli.verbs import Verbs
from node.domain.command import Command
from node.domain.payload import Contact, Text
from node.services.command_codes import section_of
from node.services.command_fields import Unreadable, fields_of, is_many, read_day, read_moment
from node.texts.catalogue import Lang, with_words

# Options of every generated verb: their names must not be fields of a command.
RESERVED = frozenset({"ticket", "command_id", "seen"})
OCCURRED_AT = "occurred_at"


@dataclass(frozen=True)
class Typed:
    """What was typed for one command."""

    command: Command
    ticket: str
    id: str
    seen: tuple[int, int] | None
    occurred_at: datetime | None


def function_of(
    command: type[Command], verbs: Verbs, does: Callable[[Session, Typed], None], *, positional: str = "TICKET"
) -> Callable[..., None]:
    """A function whose signature is *command*'s, for ``Verbs.add``; it hands what was typed to *does*."""
    fields = fields_of(command)

    def verb(session: Session, /, **values: Any) -> None:
        ticket, id, seen = values.pop("ticket", ""), values.pop("command_id"), values.pop("seen")
        occurred_at = moment_of(OCCURRED_AT, values[OCCURRED_AT] if OCCURRED_AT in fields else values.pop(OCCURRED_AT))
        given = {name: _read(name, values[name], kind, default) for name, (kind, default) in fields.items()}
        does(session, Typed(command(**given), ticket, id or str(uuid.uuid4()), _seen(seen), occurred_at))

    parameters = [inspect.Parameter("the_session", inspect.Parameter.POSITIONAL_ONLY)]
    if positional and not command.starts:
        help = verbs.option("dossier" if positional == "ID" else positional.lower())
        parameters.append(_parameter("ticket", Annotated[str, typer.Argument(metavar=positional, help=help, show_default=False)]))
    parameters += [_option(command, name, kind, default, verbs) for name, (kind, default) in fields.items()]
    common: Mapping[str, tuple[str, str]] = {
        "command_id": ("--id", "UUID"),
        "seen": ("--seen", "N.N"),
        OCCURRED_AT: ("--occurred-at", "TIME"),
    }
    for name, (flag, metavar) in common.items():
        if name not in fields:
            option = typer.Option(flag, metavar=metavar, help=verbs.option(flag.removeprefix("--")), show_default=False)
            parameters.append(_parameter(name, Annotated[str, option], ""))
    verb.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # any function may bear one; the stubs know of none
    return verb


def choices(command: type[Command], field: str, lang: Lang) -> str:
    """The codes that *field* takes, each with its word; "" where there is no list of them.  The pack in force may offer fewer."""
    section = section_of(command, field)
    return with_words(section, lang) if section else ""


def _option(command: type[Command], name: str, kind: Any, default: Any, verbs: Verbs) -> inspect.Parameter:
    flag = f"--{name.replace('_', '-')}"
    is_required = default is dataclasses.MISSING
    help = verbs.option(name, command.__name__)
    if kind is str or is_many(kind):
        help = ": ".join(part for part in (help, choices(command, name, verbs.lang)) if part)
    if kind is bool:
        both = f"{flag}/--no-{name.replace('_', '-')}"
        option = typer.Option(both, help=help, show_default=False)
        return _parameter(name, Annotated[bool | None, option], inspect.Parameter.empty if is_required else None)
    metavar = {Text: "TEXT", Contact: "TEXT", int: "NUMBER", date: "DATE", datetime: "TIME"}.get(kind, "CODE")
    option = typer.Option(flag, metavar=metavar, help=help, show_default=False)
    if is_many(kind):
        return _parameter(name, Annotated[list[str], option], inspect.Parameter.empty if is_required else [])
    annotation: Any = Annotated[int | None, option] if kind is int else Annotated[str | None, option]
    return _parameter(name, annotation, inspect.Parameter.empty if is_required else None)


def _parameter(name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


def _read(name: str, value: Any, kind: Any, default: Any) -> Any:
    if value is None or (is_many(kind) and not value):
        return () if default is dataclasses.MISSING and is_many(kind) else default
    if is_many(kind):
        return tuple(Text(_words(name, one)) for one in value) if get_args(kind)[0] is Text else tuple(value)
    if kind is Text or kind is Contact:
        return kind(_words(name, value))
    if kind is date:
        return read_date(name, value)
    if kind is datetime:
        return moment_of(name, value)
    return value


def _words(name: str, value: str) -> str:
    """Words as typed, or from a file (``@file``) or standard input (``@-``)."""
    if value == "@-":
        return sys.stdin.read().strip()
    if not value.startswith("@"):
        return value
    try:
        return Path(value[1:]).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Usage("file_unreadable", option=_flag(name), file=value[1:]) from error


def read_date(name: str, value: str) -> date:
    """
    A day, "2026-02-13".

    Raises:
        Usage: it is none.
    """
    try:
        return read_day(value)
    except Unreadable as error:
        raise Usage("date_wanted", option=_flag(name), value=value) from error


def moment_of(name: str, value: str | None) -> datetime | None:
    """A time, "2026-02-13T16:50" or with a zone; a day alone is its beginning in Beijing."""
    if not value:
        return None
    try:
        return read_moment(value)
    except Unreadable as error:
        raise Usage("time_wanted", option=_flag(name), value=value) from error


def _seen(value: str) -> tuple[int, int] | None:
    """Custody number and version of the page that somebody looked at, "1.4"."""
    if not value:
        return None
    match = re.fullmatch(r"(\d+)\.(\d+)", value)
    if match is None:
        raise Usage("seen_wanted", value=value)
    return int(match[1]), int(match[2])


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
