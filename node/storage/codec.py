"""
Between values and bytes: events and headers to protobuf and back.

One mapping, by field name, from each event class to the message of the same name in ``events.proto``; a test compares the
two.  A ``Text`` or ``Contact`` leaves as a place in the header's payload list and comes back as a ``SealedRef``.  An
entry's content is made once, by the journal that numbers it, and never again.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple, Union, get_args, get_origin, get_type_hints

from google.protobuf.message import DecodeError, Message
from google.protobuf.timestamp_pb2 import Timestamp

from node.domain.entry import Actor, Change, ClockChange, CustodyHead, Event, Folded, Header, Subject
from node.domain.events import EVENTS
from node.domain.payload import Contact, PayloadKind, SealedRef, Text
from node.domain.refusal import Code, Refusal
from node.domain.values import of_fields
from node.v1 import entry_pb2, events_pb2

# Sums of money stand in no column.
_AMOUNT = "_yuan"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

# An entry over this size is refused when it is made (FEDERATION 2.3 no. 16).
entry_bytes_max = 256 * 1024
# What PostgreSQL keeps of an epoch, a version, a round ...: larger ones nobody writes, and one database would take what another refuses.
number_max = 2**31 - 1
sequence_max = 2**63 - 1
# Entries that a process keeps as they were read: those of the files that are being worked on.
contents_kept_max = 4_096

Words = Text | Contact
Seal = Callable[[Words], int]

_CHANGES = {
    Change.STARTED: entry_pb2.ClockChange.CHANGE_STARTED,
    Change.MOVED: entry_pb2.ClockChange.CHANGE_MOVED,
    Change.PAUSED: entry_pb2.ClockChange.CHANGE_PAUSED,
    Change.RESUMED: entry_pb2.ClockChange.CHANGE_RESUMED,
    Change.STOPPED: entry_pb2.ClockChange.CHANGE_STOPPED,
}
_CHANGES_BACK = {number: change for change, number in _CHANGES.items()}
PAYLOAD_KINDS = {PayloadKind.TEXT: entry_pb2.Payload.KIND_TEXT, PayloadKind.CONTACT: entry_pb2.Payload.KIND_CONTACT}
_PAYLOAD_KINDS_BACK: dict[int, PayloadKind] = {number: kind for kind, number in PAYLOAD_KINDS.items()}


class PayloadLine(NamedTuple):
    """A line of ``EntryContent.payloads``: kind, digest of the ciphertext, salted digest of the plain text."""

    kind: PayloadKind
    blob: bytes
    digest: bytes


def encode_event(event: Event, seal: Seal) -> bytes:
    """
    The body of *event*.  *seal* keeps a text or contact and gives its 1-based place among the entry's payloads; it is called
    in the order of the fields.
    """
    message, said = _message(type(event))(), vars(event)
    for name, way in _ways(type(event)):
        value = said[name]
        if value or not (value is None or value == "" or value == ()):
            way.put(message, name, value, seal)
    body: bytes = message.SerializeToString(deterministic=True)
    return body


def decode_event(kind: str, body: bytes, entry_id: str, payloads: Sequence[PayloadLine]) -> Event | None:
    """
    The event of that kind, or None where this program does not know it or cannot read it (a number out of range, too): the header goes
    on without it.
    """
    cls = EVENTS.get(kind)
    if cls is None:
        return None
    try:
        reading = _reading(cls)
        message = reading.message.FromString(body)
        # Most fields of most events say nothing: only what is there is looked at.
        values = reading.empty.copy()
        for field, value in message.ListFields():
            name = field.name
            get = reading.ways.get(name)
            if value.__class__ is int and not -number_max <= value <= number_max and not name.endswith(_AMOUNT):
                return None
            if get is not None:
                values[name] = value if get is _get_plain else get(message, name, entry_id, payloads)
        return of_fields(cls, values)
    except (DecodeError, ValueError, IndexError, TypeError):
        return None


def encode_content(header: Header, body: bytes, payloads: Sequence[PayloadLine]) -> bytes:
    """
    The hashed bytes of an entry.

    Raises:
        Refusal: MALFORMED_ENTRY, if it is larger than ``entry_bytes_max``.
    """
    content = entry_pb2.EntryContent(
        node=header.node,
        epoch=header.epoch,
        seq=header.seq,
        id=header.id,
        recorded_at=stamp(header.recorded_at),
        occurred_at=None if header.occurred_at is None else stamp(header.occurred_at),
        subject=entry_pb2.Subject(kind=header.subject.kind, id=header.subject.id),
        custody=entry_pb2.Custody(
            number=header.custody.number, holder=header.custody.holder, follows=header.custody.follows, opener=header.custody.opener
        )
        if header.custody.number
        else None,
        version=header.version,
        state=header.state,
        with_whom=header.with_whom,
        clocks=[_clock_to_pb(change) for change in header.clocks],
        actor=entry_pb2.Actor(account=header.actor.account, role=header.actor.role, unit=header.actor.unit, behalf=header.actor.behalf),
        addressee=header.addressee,
        answers=header.answers,
        cause=header.cause,
        payloads=[entry_pb2.Payload(kind=PAYLOAD_KINDS[line.kind], blob=line.blob, digest=line.digest) for line in payloads],
        kind=header.kind,
        body=body,
    )
    data: bytes = content.SerializeToString(deterministic=True)
    if len(data) > entry_bytes_max:
        raise Refusal(Code.MALFORMED_ENTRY, field="content", bytes=len(data), bytes_max=entry_bytes_max)
    return data


@dataclass(frozen=True, eq=False)
class Content:
    """A parsed entry: header, event (None if unknown or broken) and payload lines.  As a key it stands for itself alone."""

    header: Header
    event: Event | None
    payloads: tuple[PayloadLine, ...]

    @property
    def folded(self) -> Folded:
        """What folding needs of it."""
        return of_fields(Folded, {"header": self.header, "event": self.event})


def moved_content(data: bytes, epoch: int, seq: int) -> bytes:
    """The bytes of an entry of this node's own as it stands at another place of its journal; all else is as it was."""
    content = entry_pb2.EntryContent.FromString(data)
    content.epoch, content.seq = epoch, seq
    moved: bytes = content.SerializeToString(deterministic=True)
    return moved


def decode_content(data: bytes) -> Content:
    """
    Read an entry's content.

    Raises:
        Refusal: MALFORMED_ENTRY with the field's name, if a field that every entry has is missing or out of range.
    """
    try:
        pb = entry_pb2.EntryContent.FromString(data)
    except DecodeError:
        raise Refusal(Code.MALFORMED_ENTRY, field="content") from None
    subject, actor = pb.subject, pb.actor
    node, epoch, seq, id, kind = pb.node, pb.epoch, pb.seq, pb.id, pb.kind
    if not (node and epoch and seq and id and kind and subject.kind and pb.HasField("recorded_at")):
        raise Refusal(Code.MALFORMED_ENTRY, field=_missing(pb))
    if epoch > number_max or seq > sequence_max or pb.version > number_max:
        raise Refusal(Code.MALFORMED_ENTRY, field=_too_large(pb))
    try:
        values = {
            "node": node,
            "epoch": epoch,
            "seq": seq,
            "id": id,
            "recorded_at": moment(pb.recorded_at),
            "subject": _subject(subject.kind, subject.id),
            "kind": kind,
            "actor": _actor(actor.account, actor.role, actor.unit, actor.behalf),
            "occurred_at": moment(pb.occurred_at) if pb.HasField("occurred_at") else None,
            "custody": _custody_from_pb(pb.custody) if pb.HasField("custody") else _NO_CUSTODY,
            "version": pb.version,
            "state": pb.state,
            "with_whom": pb.with_whom,
            "clocks": tuple([_clock_from_pb(change) for change in pb.clocks]),
            "addressee": pb.addressee,
            "answers": pb.answers,
            "cause": pb.cause,
        }
        header = of_fields(Header, values)
        payloads = tuple([_line_from_pb(line) for line in pb.payloads])
    except (ValueError, KeyError, OverflowError):
        raise Refusal(Code.MALFORMED_ENTRY, field="header") from None
    return Content(header, decode_event(kind, pb.body, id, payloads), payloads)


def found_by(data: bytes) -> tuple[str, str, str, str] | None:
    """
    What the table of entries has beside the content, for entries to be found by: id, kind, and the subject's kind and id.  None of bytes
    that are no entry.
    """
    try:
        pb = entry_pb2.EntryContent.FromString(data)
    except DecodeError:
        return None
    return pb.id, pb.kind, pb.subject.kind, pb.subject.id


@lru_cache(maxsize=contents_kept_max)
def content_at_hand(data: bytes) -> Content:
    """As ``decode_content``; the same bytes give the same value, and are read once while it is kept."""
    return decode_content(data)


def _missing(pb: entry_pb2.EntryContent) -> str:
    """The first field that every entry has and this one has not."""
    needed = {"node": pb.node, "epoch": pb.epoch, "seq": pb.seq, "id": pb.id, "kind": pb.kind, "subject": pb.subject.kind}
    return next((name for name, value in needed.items() if not value), "recorded_at")


def _too_large(pb: entry_pb2.EntryContent) -> str:
    """The first number of an entry that has one which no database keeps."""
    most = {"epoch": (pb.epoch, number_max), "seq": (pb.seq, sequence_max), "version": (pb.version, number_max)}
    return next(name for name, (value, at_most) in most.items() if value > at_most)


def stamp(at: datetime) -> Timestamp:
    """An aware instant as a Timestamp, to the microsecond."""
    micros = (at - _EPOCH) // _MICROSECOND
    return Timestamp(seconds=micros // 1_000_000, nanos=micros % 1_000_000 * 1000)


def moment(pb: Timestamp) -> datetime:
    """The aware instant of a Timestamp."""
    return _EPOCH + timedelta(0, pb.seconds, pb.nanos // 1000)


_NO_CUSTODY = CustodyHead()
# The same few persons write most entries, and a ticket's come close together.
_actor = lru_cache(maxsize=1024)(Actor)
_subject = lru_cache(maxsize=4096)(Subject)


def _custody_from_pb(pb: entry_pb2.Custody) -> CustodyHead:
    if pb.number > number_max or pb.follows > number_max:
        raise OverflowError
    return of_fields(CustodyHead, {"number": pb.number, "holder": pb.holder, "follows": pb.follows, "opener": pb.opener})


def _line_from_pb(pb: entry_pb2.Payload) -> PayloadLine:
    return PayloadLine(_PAYLOAD_KINDS_BACK[pb.kind], pb.blob, pb.digest)


def _clock_to_pb(change: ClockChange) -> entry_pb2.ClockChange:
    return entry_pb2.ClockChange(
        clock=change.clock,
        change=_CHANGES[change.change],
        limit=change.limit,
        unit=change.unit,
        due_at=None if change.due_at is None else stamp(change.due_at),
        owes=change.owes,
        pack=change.pack,
        calendar=change.calendar,
        since=None if change.since is None else stamp(change.since),
        provisional=change.provisional,
        promised="" if change.promised is None else change.promised.isoformat(),
    )


def _clock_from_pb(pb: entry_pb2.ClockChange) -> ClockChange:
    promised = pb.promised
    if pb.limit > number_max:
        raise OverflowError
    values = {
        "clock": pb.clock,
        "change": _CHANGES_BACK[pb.change],
        "limit": pb.limit,
        "unit": pb.unit,
        "due_at": moment(pb.due_at) if pb.HasField("due_at") else None,
        "owes": pb.owes,
        "pack": pb.pack,
        "calendar": pb.calendar,
        "since": moment(pb.since) if pb.HasField("since") else None,
        "provisional": pb.provisional,
        "promised": date.fromisoformat(promised) if promised else None,
    }
    return of_fields(ClockChange, values)


@dataclass(frozen=True)
class _Way:
    """How one field crosses: into a message, and out of it."""

    put: Callable[[Any, str, Any, Seal], None]
    get: Callable[[Any, str, str, Sequence[PayloadLine]], Any]


def _put_plain(message: Any, name: str, value: Any, _seal: Seal) -> None:
    setattr(message, name, value)


def _get_plain(message: Any, name: str, _entry: str, _payloads: Sequence[PayloadLine]) -> Any:
    return getattr(message, name)


def _put_optional(message: Any, name: str, value: Any, _seal: Seal) -> None:
    setattr(message, name, value)


def _get_optional(message: Any, name: str, _entry: str, _payloads: Sequence[PayloadLine]) -> Any:
    return getattr(message, name) if message.HasField(name) else None


def _put_many(message: Any, name: str, value: Any, _seal: Seal) -> None:
    getattr(message, name).extend(value)


def _get_many(message: Any, name: str, _entry: str, _payloads: Sequence[PayloadLine]) -> Any:
    return tuple(getattr(message, name))


def _put_moment(message: Any, name: str, value: Any, _seal: Seal) -> None:
    getattr(message, name).CopyFrom(stamp(value))


def _get_moment(message: Any, name: str, _entry: str, _payloads: Sequence[PayloadLine]) -> Any:
    return moment(getattr(message, name)) if message.HasField(name) else None


def _put_day(message: Any, name: str, value: Any, _seal: Seal) -> None:
    setattr(message, name, value.isoformat())


def _get_day(message: Any, name: str, _entry: str, _payloads: Sequence[PayloadLine]) -> Any:
    text = getattr(message, name)
    return date.fromisoformat(text) if text else None


def _put_words(message: Any, name: str, value: Any, seal: Seal) -> None:
    if isinstance(value, SealedRef):
        raise TypeError(f"{name}: a sealed text belongs to the entry that brought it")
    getattr(message, name).place = seal(value)


def _get_words(message: Any, name: str, entry: str, payloads: Sequence[PayloadLine]) -> Any:
    if not message.HasField(name):
        return None
    place = getattr(message, name).place
    if not 1 <= place <= len(payloads):
        raise ValueError(f"{name}: no payload at place {place}")
    line = payloads[place - 1]
    return SealedRef(entry, place, line.kind, line.digest)


PLAIN = _Way(_put_plain, _get_plain)
OPTIONAL = _Way(_put_optional, _get_optional)
MANY = _Way(_put_many, _get_many)
MOMENT = _Way(_put_moment, _get_moment)
DAY = _Way(_put_day, _get_day)
WORDS = _Way(_put_words, _get_words)


def _message(cls: type[Event]) -> type[Message]:
    found: type[Message] = getattr(events_pb2, cls.__name__)
    return found


def _ways(cls: type[Any]) -> tuple[tuple[str, _Way], ...]:
    known = _WAYS.get(cls)
    if known is None:
        hints = get_type_hints(cls)
        known = _WAYS[cls] = tuple((field.name, way_of(hints[field.name])) for field in fields(cls))
    return known


_WAYS: dict[type[Event], tuple[tuple[str, _Way], ...]] = {}


@dataclass(frozen=True)
class _Reading:
    """How an event is read: what its fields are when the message is empty, and how each that is there comes out of it."""

    message: type[Message]
    empty: dict[str, Any]
    ways: dict[str, Callable[[Any, str, str, Sequence[PayloadLine]], Any]]


_READINGS: dict[type[Event], _Reading] = {}


def _reading(cls: type[Event]) -> _Reading:
    known = _READINGS.get(cls)
    if known is None:
        message, ways = _message(cls), dict(_ways(cls))
        nothing = message()
        empty = {name: way.get(nothing, name, "", ()) for name, way in ways.items()}
        known = _READINGS[cls] = _Reading(message, empty, {name: way.get for name, way in ways.items()})
    return known


def way_of(hint: Any) -> _Way:
    """
    How a field of that type crosses.

    Raises:
        TypeError: an event may not have such a field.
    """
    is_union = get_origin(hint) in (Union, types.UnionType)
    members = set(get_args(hint)) if is_union else {hint}
    bare = members - {type(None)}
    if bare <= {Text, Contact, SealedRef}:
        return WORDS
    if bare == {datetime}:
        return MOMENT
    if bare == {date}:
        return DAY
    if len(bare) == 1:
        (only,) = bare
        if only in (str, int, bool):
            return OPTIONAL if type(None) in members else PLAIN
        if get_origin(only) is tuple and get_args(only)[0] in (str, int):
            return MANY
    raise TypeError(f"no way to carry a field of type {hint}")
