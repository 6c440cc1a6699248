"""
Forms made from command classes, and commands from filled forms.

A form names its fields as the command does.  What was typed is never lost: a form that is refused, or that met another clerk's
change, is shown again with every text as it was typed, and with what is wrong at the field where it is known.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

from node.domain.command import Command
from node.domain.entry import SubjectKind
from node.domain.pack import Pack
from node.domain.payload import Contact, Text
from node.domain.refusal import Code, Refusal
from node.domain.ticket.correction import Correct
from node.domain.time import BEIJING
from node.services import uploads
from node.services.command_codes import codes_of, has_none
from node.services.command_fields import CommandField, FieldKind, Unreadable, command_fields, value_of
from node.texts.catalogue import OFFERED, Lang, catalogue, explain, label, text, word
from node.web.files import CHOSEN, COME, NAMES
from node.web.options import LISTED

# What a browser sends beside the fields of the command: no command may have a field of such a name.
OWN_FIELDS = frozenset({"csrf", "command_id", "seen", "back", "kept_as", "then", "kept", "find", CHOSEN, COME})
Typed = Mapping[str, Sequence[str]]
Choice = tuple[str, str]

fields_up_front_max = 6
# Of commands with more fields than that: what is asked at once beside what must be given.
_UP_FRONT: Mapping[str, tuple[str, ...]] = {
    "AddJointItem": ("person",),
    "ApplyTermination": ("note", "evidence"),
    "Complete": ("draft", "is_truthful", "explanation", "feedback_way", "feedback", "feedback_occurred_at", "evidence", "has_call_record"),
    "ConveneMeeting": ("units", "venue", "theme"),
    "DecideItem": ("unit", "due"),
    "Dispatch": ("co_handlers", "note"),
    "FillIn": ("title", "name", "phone", "category", "field"),
    "Form": ("complexity", "passed", "field"),
    "IssueOrder": ("tickets", "unit", "demand"),
    "OpenEnterprise": ("subject_type", "credit_code", "contact", "phone"),
    "RecordRevisit": ("is_consistent", "is_standard_met", "evaluation", "way", "remarks"),
    "Register": ("name", "phone", "received_at", "first_contact", "category", "field"),
    "RegisterLegacy": ("name", "phone", "received_at", "first_contact", "category", "field", "external_number"),
    "RequestEscalation": ("tried", "material_kinds", "opinion"),
    "SignAndAnswer": ("is_truthful", "standard"),
}
# Texts that are a line, not a page.
_LINES = frozenset(
    {"title", "body", "venue", "file_name", "list_number", "enterprise_name", "name", "path_limit", "path_body", "financing_body"}
)


@dataclass(frozen=True)
class FormField:
    """
    One field as it is shown.

    ``control``: "area", "line", "number", "date", "moment", "select", "listed" (typed, with a list to choose from), "searched" (looked
    for, then chosen; or typed), "checks", "check", "radios", "lines" (one value a line), "files" (chosen at the browser; ``hint`` says
    which are taken).
    ``refused`` is what is wrong with what was typed: a sentence and what to do.
    """

    name: str
    words: str
    hint: str
    control: str
    choices: tuple[Choice, ...]
    values: tuple[str, ...]
    is_required: bool
    is_more: bool
    is_file: bool
    refused: tuple[str, str] | None

    @property
    def value(self) -> str:
        """The one value, or all of them a line each."""
        return "\n".join(self.values) if self.control == "lines" else next(iter(self.values), "")


@dataclass(frozen=True)
class Form:
    """A command's form: what is asked at once, what stands behind "more", and whether that is open."""

    command: str
    title: str
    fields: tuple[FormField, ...]
    more: tuple[FormField, ...]
    is_more_open: bool

    @property
    def brings_files(self) -> bool:
        """True if files are sent along."""
        return any(one.control == "files" for one in (*self.fields, *self.more))


@dataclass(frozen=True)
class Read:
    """What a filled form says: the command, or what is wrong by field."""

    command: Command | None
    refused: Mapping[str, tuple[str, str]]


def can_be_a_form(command: type[Command]) -> bool:
    """A list of records comes from a file, not from a form."""
    return all(field.kind is not FieldKind.RECORDS for field in command_fields(command))


def files_field(command: type[Command]) -> str:
    """
    The field of *command* for files that its form sends along; empty if it takes none so.  Those of a ticket are handed in by
    themselves (``pages.attachments``), and its forms choose among them.
    """
    if command.subject_kind is not SubjectKind.LETTER:
        return ""
    return next((one.name for one in command_fields(command) if one.kind is FieldKind.FILE and one.is_many), "")


def form_of(
    command: type[Command],
    typed: Typed,
    choices: Mapping[str, Sequence[Choice]],
    pack: Pack | None,
    lang: Lang,
    refused: Mapping[str, tuple[str, str]] | None = None,
    is_fresh: bool = True,
) -> Form:
    """
    The form of *command* with what was *typed*.

    Args:
        choices: what the fields that name units, people, files and the like offer, by field.
        is_fresh: nothing was sent yet, so that a field without a value shows the command's own default.
    """
    wrong = refused or {}
    fields = [one for one in command_fields(command) if one.name != NAMES and _is_asked(command, one, pack)]
    is_short = len(fields) <= fields_up_front_max
    shown = [
        _shown(command, one, typed, choices, pack, lang, wrong, is_fresh, is_short)
        for one in fields
        if one.is_required or any(typed.get(one.name, ())) or one.name == files_field(command) or _is_offered(one, choices)
    ]
    more = tuple(one for one in shown if one.is_more)
    is_open = any(one.refused or (one.values and one.name in typed and any(typed[one.name])) for one in more)
    return Form(command.__name__, word("command", command.__name__, lang), tuple(one for one in shown if not one.is_more), more, is_open)


# What a command takes that has an act of its own: another layer or level is set there, and refused here.
_ELSEWHERE: Mapping[str, frozenset[str]] = {"Reclassify": frozenset({"layer", "level"})}


def _is_asked(command: type[Command], field: CommandField, pack: Pack | None) -> bool:
    """Whether anything that somebody chose for *field* could be taken under *pack*."""
    if field.is_required:
        return True
    return field.name not in _ELSEWHERE.get(command.__name__, ()) and not (pack is not None and has_none(command, field.name, pack))


def _is_offered(field: CommandField, choices: Mapping[str, Sequence[Choice]]) -> bool:
    """
    What is chosen out of nothing is asked only where it must be given: there the form says that there is nothing yet.  A file is handed
    in with a ticket; where a form is about none there is no way to it.
    """
    if field.kind is FieldKind.FILE:
        return field.name in choices
    return field.name not in choices or bool(choices[field.name])


def read_form(command: type[Command], typed: Typed, lang: Lang) -> Read:
    """The command that a filled form gives, or what is wrong with its fields."""
    values: dict[str, Any] = {}
    wrong: dict[str, tuple[str, str]] = {}
    for field in command_fields(command):
        said = _said(field, typed.get(field.name, ()))
        try:
            values[field.name] = value_of(field, said)
        except Unreadable as refused:
            wrong[field.name] = _unreadable(refused.wanted, lang)
            continue
        if field.is_required and not said:
            wrong[field.name] = _explained(command, Refusal(Code.FIELD_REQUIRED, field=field.name), lang)
    if wrong:
        return Read(None, wrong)
    return Read(cast(Any, command)(**values), {})


def typed_of(command: Command) -> dict[str, list[str]]:
    """What somebody types to give *command*: the way back of ``read_form``."""
    return {field.name: _texts(field, getattr(command, field.name)) for field in command_fields(type(command))}


def listed_of(command: type[Command]) -> tuple[str, ...]:
    """The fields of *command* that are typed with a list to choose from."""
    more = ("value",) if command is Correct else ()
    return (*more, *(field.name for field in command_fields(command) if field.name in LISTED and not field.is_many))


def at_field(command: type[Command], refusal: Refusal, lang: Lang, named: Refusal | None = None) -> dict[str, tuple[str, str]]:
    """
    The field of *command* that *refusal* speaks of, with sentence and remedy; empty if it speaks of none.  *named*: the same refusal
    with names in place of codes.
    """
    names = {field.name for field in command_fields(command)}
    said = [str(refusal.facts.get(name, "")) for name in ("field", "key")]
    if refusal.code is Code.VALUE_NOT_OFFERED:
        key = said[1]
        row = OFFERED.get(key) or next((row for known, row in OFFERED.items() if known[-1] == "." and key.startswith(known)), ("", ""))
        said.append(row[0])
    if refusal.code in (Code.DUTY_ITEM_UNKNOWN, Code.DUTY_ITEM_OTHER, Code.DUTY_LISTED):
        said += ["duty_item", "duty_matter"]
    if refusal.code is Code.UNIT_UNKNOWN or refusal.code is Code.UNIT_UNSTAFFED:
        said += [one.name for one in command_fields(command) if one.kind is FieldKind.UNIT]
    field = next((one for one in said if one in names), "")
    return {field: _explained(command, named or refusal, lang)} if field else {}


def _explained(command: type[Command], refusal: Refusal, lang: Lang) -> tuple[str, str]:
    """Sentence and remedy; the field is called as the form of *command* calls it."""
    named = next((one for one in command_fields(command) if one.name == refusal.facts.get("field", "")), None)
    if named is not None:
        refusal = Refusal(refusal.code, **{**refusal.facts, "field": _words(command, named, lang)[0]})
    return explain(refusal, lang)


def _unreadable(wanted: str, lang: Lang) -> tuple[str, str]:
    return text(f"web.form.unreadable.{wanted}.sentence", lang), text(f"web.form.unreadable.{wanted}.remedy", lang)


def _said(field: CommandField, typed: Sequence[str]) -> list[str]:
    """Texts that are not empty; many words and numbers may stand in one area, a line each."""
    if field.is_many and field.kind is not FieldKind.TEXT:
        typed = [line for one in typed for line in one.splitlines()]
    # A browser sends the ends of lines of an area as \r\n.
    return [said for one in typed if (said := one.replace("\r\n", "\n").strip())]


def _texts(field: CommandField, value: Any) -> list[str]:
    if value is None or value == ():
        return []
    return [_text(one) for one in value] if field.is_many else [_text(value)]


def _text(value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case Text() | Contact():
            return value.plain
        case datetime():
            return value.astimezone(BEIJING).strftime("%Y-%m-%dT%H:%M:%S.%f" if value.microsecond else "%Y-%m-%dT%H:%M")
        case date():
            return value.isoformat()
        case _:
            return str(value)


def _shown(
    command: type[Command],
    field: CommandField,
    typed: Typed,
    choices: Mapping[str, Sequence[Choice]],
    pack: Pack | None,
    lang: Lang,
    wrong: Mapping[str, tuple[str, str]],
    is_fresh: bool,
    is_short: bool,
) -> FormField:
    offered = tuple(choices.get(field.name, ())) or _codes(command, field, pack, lang)
    values = tuple(typed.get(field.name, ()))
    if field.name not in typed and is_fresh:
        values = tuple(_texts(field, field.default))
    control = _control(command, field, offered, is_chosen=field.name in choices)
    if control in ("select", "radios") and len(offered) == 1 and field.is_required and not values:
        values = (offered[0][0],)
    words, hint = _words(command, field, lang)
    if control == "files":
        hint = text("web.attachments.hint", lang, megabytes=uploads.upload_bytes_max // (1024 * 1024))
    elif control == "listed" and field.name in LISTED:
        hint = text("web.form.hint.listed" if offered else "web.form.hint.unlisted", lang)
    elif control in ("select", "checks") and not offered and field.is_required:
        # A list with nothing in it: who has to fill it first, and where.
        hint = none_yet(command, field.name, lang) or text("web.form.none_yet.any", lang)
    return FormField(
        name=field.name,
        words=words,
        hint=hint,
        control=control,
        choices=_with_typed(offered, values) if control in ("select", "checks") else offered,
        values=values,
        is_required=field.is_required,
        is_more=not (is_short or field.is_required or field.name in _UP_FRONT.get(command.__name__, ())),
        is_file=field.kind is FieldKind.FILE,
        refused=wrong.get(field.name),
    )


def none_yet(command: type[Command], field: str, lang: Lang) -> str:
    """Why there is nothing to choose for *field* and who can do something about it; empty if there is no word of it."""
    known = catalogue(lang)
    return known.get(f"web.form.none_yet.{command.__name__}.{field}") or known.get(f"web.form.none_yet.{field}", "")


def _control(command: type[Command], field: CommandField, offered: Sequence[Choice], *, is_chosen: bool) -> str:
    match field.kind:
        case _ if field.name in listed_of(command):
            return "listed"
        case FieldKind.FILE if field.name == files_field(command):
            return "files"
        case FieldKind.TICKET if field.is_many and offered:
            return "checks_or_lines"
        case FieldKind.TEXT:
            return "lines" if field.is_many else "line" if field.name in _LINES else "area"
        case FieldKind.CONTACT:
            return "line"
        case FieldKind.NUMBER:
            return "select" if offered or is_chosen else "number"
        case FieldKind.DAY:
            return "date"
        case FieldKind.MOMENT:
            return "moment"
        case FieldKind.YES_NO:
            return "radios" if field.is_required or field.default is not False else "check"
        case _ if offered or is_chosen or field.kind is FieldKind.FILE:
            return "checks" if field.is_many else "select"
        case _:
            return "lines" if field.is_many else "line"


def _codes(command: type[Command], field: CommandField, pack: Pack | None, lang: Lang) -> tuple[Choice, ...]:
    if field.kind not in (FieldKind.CODE, FieldKind.WORD):
        return ()
    section = field.section or field.name
    return tuple((code, word(section, code, lang)) for code in codes_of(command, field.name, pack))


def _with_typed(offered: Sequence[Choice], values: Sequence[str]) -> tuple[Choice, ...]:
    """What was chosen stays chosen, also where it is offered no more."""
    known = {code for code, _ in offered}
    return (*offered, *((one, one) for one in values if one and one not in known))


def _words(command: type[Command], field: CommandField, lang: Lang) -> tuple[str, str]:
    """The label of a field, and a hint: its own, the rest of a label that explains, or that of its kind."""
    called = label(command.__name__, field.name, lang)
    words, rest = called, ""
    for mark in ("；", ";", "：", ": ", ":", "，", ", "):
        head, found, tail = called.partition(mark)
        if found:
            words, rest = head, "" if field.kind is FieldKind.CODE else tail.strip()
            break
    known = catalogue(lang)
    own = known.get(f"web.form.hint_of.{command.__name__}.{field.name}") or known.get(f"web.form.hint_of.{field.name}")
    kind = known.get(f"web.form.hint.{field.kind.value}", "")
    if field.is_many and field.kind in (FieldKind.WORD, FieldKind.TEXT, FieldKind.TICKET, FieldKind.ENTERPRISE):
        kind = " ".join(one for one in (kind, text("web.form.hint.many", lang)) if one)
    return words, own or rest or kind
