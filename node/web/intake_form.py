"""
The intake as a form: which fields a pack and a channel ask for, and the command that they make.

Four fields suffice for a number (what it is about, how to reach whoever says it or that he stays unknown, by which channel, when);
all others may wait as 待完善.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from node.domain.pack import Pack
from node.domain.payload import Contact, Text
from node.domain.refusal import Code, Refusal
from node.domain.service_groups import KINDS
from node.domain.ticket.intake import Register
from node.domain.time import BEIJING, local_day
from node.services.drafts import Draft
from node.services.enterprises import turns
from node.services.registry import read_units
from node.storage.unit_of_work import View

ANONYMOUS = "anonymous"
_TIME_ALONE = re.compile(r"\d{1,2}:\d{2}")
_TEXTS = ("title", "channel_note", "answer", "enterprise_name")
_CONTACTS = ("name", "phone", "address")
_CODES = (
    "credit_code", "first_contact", "external_number", "category", "field", "matter", "judgement", "assigned_by", "conceal_from",
    "answer_standard", "appeal_kind", "topic", "group", "desk", "occasion", "finder", "enterprise",
)  # fmt: skip
_FLAGS = ("is_number_withheld", "is_read_back")
# What goes with a draft beside what the command takes.
# "preset" is a channel that nobody chose yet.
_BESIDE = ("said", "channel", "preset", "appeal", "received_at", "is_anonymous", "further", "merge_into", "merge_answer")
FIELDS = frozenset((*_TEXTS, *_CONTACTS, *_CODES, *_FLAGS, *_BESIDE))
# What a channel may ask for, by the key of the pack that lists such channels.
_ASKED_BY_CHANNEL = (
    ("intake.time_required", "received_at"),
    ("intake.note_required", "channel_note"),
    ("intake.assigner_required", "assigned_by"),
    ("intake.desk_required", "desk"),
    ("intake.group_required", "group"),
    ("intake.caller_required", "phone"),
)


@dataclass(frozen=True)
class Offers:
    """What the form's choices are under the pack, as codes; units and turns as pairs of code and name."""

    channels: tuple[str, ...]
    categories: tuple[str, ...]
    matters: tuple[str, ...]
    topics: tuple[str, ...]
    natures: tuple[str, ...]
    standards: tuple[str, ...]
    groups: tuple[str, ...]
    finders: tuple[str, ...]
    occasions: tuple[tuple[str, str], ...]
    units: tuple[tuple[str, str], ...]
    concealable: tuple[tuple[str, str], ...]
    # What the chosen channel asks for, and what its pack wants before a ticket is formed.
    asked: frozenset[str]
    completed: tuple[str, ...]


def offers(view: View, pack: Pack, role: str, unit: str, draft: Draft, units: Mapping[str, str], now: datetime) -> Offers:
    """The choices for somebody of *unit* in *role*, with those of the channel that *draft* names."""
    channel, matter = draft.text("channel"), draft.text("matter")
    day, kinds = local_day(now), pack.names(f"channel.occasions.{channel}")
    return Offers(
        channels=channels_of(pack, role),
        categories=pack.names("classes"),
        matters=pack.names("intake.matters"),
        topics=pack.names(f"matter.topics.{matter}") if matter else (),
        natures=pack.names("matter.natures"),
        standards=pack.names("completion.standards"),
        groups=tuple(group for kind in KINDS if kind in pack.names(f"channel.groups.{channel}") for group in pack.names(f"groups.{kind}")),
        finders=pack.names(f"finders.{channel}"),
        occasions=tuple((turn.id, turn.place or turn.who) for kind in kinds for turn in turns(view, kind, day, day)),
        units=tuple(sorted(units.items(), key=lambda one: one[1])),
        concealable=tuple(sorted(_concealable(view, draft, unit, units), key=lambda one: one[1])),
        asked=_asked(pack, channel),
        completed=pack.names("intake.complete_fields"),
    )


def _concealable(view: View, draft: Draft, own: str, units: Mapping[str, str]) -> list[tuple[str, str]]:
    """
    Those of *units* from which a need may be hidden by somebody of the unit *own* (XS25-4.3.1.4): neither the hub itself nor his own.
    What was chosen stays to be seen, so that it is refused and not lost.
    """
    offices = {code for code, unit in read_units(view.connection, view.head.node).items() if unit.kind == "office"}
    return [(code, name) for code, name in units.items() if code == draft.text("conceal_from") or code not in {*offices, own}]


def channels_of(pack: Pack, role: str) -> tuple[str, ...]:
    """The channels under which somebody in *role* takes in."""
    return tuple(one for one in pack.names("intake.channels") if _may_use(pack, one, role))


def _may_use(pack: Pack, channel: str, role: str) -> bool:
    roles = pack.names(f"channel.roles.{channel}")
    return not roles or role in roles


def _asked(pack: Pack, channel: str) -> frozenset[str]:
    found = {field for key, field in _ASKED_BY_CHANNEL if channel and channel in pack.names(key)}
    found |= {"finder"} if pack.names(f"finders.{channel}") else set()
    found |= {"occasion"} if pack.names(f"channel.occasions.{channel}") else set()
    return frozenset(found | ({"category"} if pack.flag("intake.category_required") else set()))


def command_of(draft: Draft, file_has_phone: bool = False) -> Register:
    """
    What *draft* asks to be registered.

    Raises:
        Refusal: FIELD_REQUIRED, for one of the four; MALFORMED_COMMAND, for a time that is none.
    """
    is_anonymous = bool(draft.text("is_anonymous"))
    appeal, phone = draft.text("appeal").strip(), draft.text("phone").strip()
    if not appeal:
        raise Refusal(Code.FIELD_REQUIRED, field="appeal")
    if not draft.text("channel"):
        raise Refusal(Code.FIELD_REQUIRED, field="channel")
    is_reachable = phone or draft.text("enterprise") or draft.text("name") or draft.text("is_number_withheld")
    if not is_anonymous and not is_reachable:
        raise Refusal(Code.FIELD_REQUIRED, field="phone")
    given: dict[str, object] = {name: draft.text(name).strip() for name in _CODES}
    given |= {name: Text(said) for name in _TEXTS if (said := draft.text(name).strip())}
    # Who wants to stay unknown is not written down, even where a number was typed to look him up.
    given |= {name: Contact(said) for name in _CONTACTS if not is_anonymous and (said := draft.text(name).strip())}
    given |= {name: bool(draft.text(name)) for name in _FLAGS}
    if is_anonymous:
        given |= {"appellant_kind": ANONYMOUS, "enterprise": "", "credit_code": ""}
        given.pop("enterprise_name", None)
    further = tuple(Text(one.strip()) for one in draft.fields.get("further", ()) if one.strip())
    return Register(
        channel=draft.text("channel"),
        appeal=Text(appeal),
        received_at=moment_of(draft.text("received_at"), draft.saved_at),
        further=further,
        **given,  # type: ignore[arg-type]  # each name has the type of its list above
    )


def moment_of(said: str, now: datetime) -> datetime | None:
    """
    A Beijing time as people type it, "2026-02-23 09:30", or "09:30" for the day of *now*; None for an empty one.  A field of text,
    since the oldest browser has no other, and one key leaves it.

    Raises:
        Refusal: MALFORMED_COMMAND.
    """
    if not said:
        return None
    typed = unicodedata.normalize("NFKC", said).strip()
    if _TIME_ALONE.fullmatch(typed):
        typed = f"{local_day(now)} {typed.rjust(5, '0')}"
    try:
        return datetime.fromisoformat(typed).replace(tzinfo=BEIJING)
    except ValueError:
        raise Refusal(Code.MALFORMED_COMMAND, field="received_at") from None


# What a form without a place of its own for what is wrong has: who calls and what was called before stand beside it.
_PLACELESS = frozenset({"said", "preset", "further", "merge_into", "merge_answer", "enterprise", "field", "is_anonymous"})


def has_place(offered: Offers, name: str) -> bool:
    """Whether the form shows a field *name*, beside which it says what is wrong with it."""
    choices = {"group": offered.groups, "finder": offered.finders, "matter": offered.matters, "topic": offered.topics}
    choices["appeal_kind"] = offered.natures
    if name in choices:
        return bool(choices[name])
    if name in ("channel_note", "assigned_by", "desk", "occasion"):
        return name in offered.asked
    return name in FIELDS - _PLACELESS


# The file of whoever calls, by what was typed into the intake already.
_OF_FILE = {"name": "enterprise_name", "credit_code": "credit_code", "address": "address", "contact": "name", "phone": "phone"}


def file_of(draft: Draft) -> dict[str, list[str]]:
    """What the form that opens an enterprise's file takes over from *draft*; a name that was looked up is its name."""
    said = draft.text("said").strip()
    found = {field: draft.text(name).strip() for field, name in _OF_FILE.items()}
    if not found["name"] and said and not any(character.isdigit() for character in said):
        found["name"] = said
    return {field: [words] for field, words in found.items() if words}


def as_typed(form: Sequence[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """The fields of the intake among those that a browser sent, empty ones left out."""
    found: dict[str, list[str]] = {}
    for name, value in form:
        if name in FIELDS and value.strip():
            found.setdefault(name, []).append(value)
    return {name: tuple(values) for name, values in found.items()}
