"""The one mapping between events and messages, and what an entry's content may hold."""

from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, date, datetime
from typing import Any, get_args, get_type_hints

import pytest
from google.protobuf.descriptor import FieldDescriptor

from node.domain.entry import Actor, Change, ClockChange, CustodyHead, Event, Header, Subject
from node.domain.events import EVENTS
from node.domain.payload import PayloadKind, SealedRef, Text
from node.domain.refusal import Code, Refusal
from node.storage import codec
from node.storage.codec import PayloadLine, decode_content, decode_event, encode_content, encode_event
from node.v1 import entry_pb2, events_pb2

# The strings that an entry may hold: codes of a pack, unit and account codes, ids, digests, dates, and names of public bodies.
# Whoever adds one here says that nobody writes it freely; what people write is a Text or a Contact, and so a PayloadRef.
IN_THE_OPEN = frozenset(
    [
        "about",
        "account",
        "act",
        "addressed_to",
        "adoption",
        "answer",
        "appeal_kind",
        "appellant_kind",
        "application",
        "area",
        "areas",
        "assessor",
        "assigned_by",
        "basis",
        "batch",
        "blob",
        "block",
        "bodies",
        "body",
        "bound",
        "by",
        "calendar",
        "called_by",
        "case_code",
        "catalogue",
        "category",
        "cause",
        "channel",
        "classes",
        "clause",
        "clock",
        "co_handlers",
        "code",
        "commitment",
        "complexity",
        "conceal_from",
        "concealed",
        "consent_way",
        "consented_on",
        "consistent",
        "contest_kind",
        "contributions",
        "convener",
        "convener_role",
        "core_class",
        "county",
        "credential",
        "credit_code",
        "crossing",
        "decided_by",
        "decided_on",
        "decider",
        "decides",
        "deciding_body",
        "decision",
        "decisions_digest",
        "default_unit",
        "definition",
        "deputy",
        "desk",
        "digest",
        "division",
        "done_on",
        "draft",
        "drawn",
        "due",
        "due_on",
        "duty",
        "duty_item",
        "duty_line",
        "duty_list",
        "duty_matter",
        "effect",
        "effective_from",
        "ended_as",
        "ends_on",
        "enterprise",
        "enterprises",
        "entry",
        "escalations",
        "evidence",
        "examples",
        "external_number",
        "fault",
        "feedback_way",
        "field",
        "file",
        "file_digest",
        "file_version",
        "finder",
        "finding",
        "findings",
        "fingerprint",
        "finishing",
        "first_contact",
        "form",
        "former",
        "former_category",
        "former_complexity",
        "former_due",
        "former_industry",
        "former_layer",
        "former_level",
        "former_state",
        "former_unit",
        "found_cause",
        "frame_root",
        "from_day",
        "from_node",
        "gaps",
        "ground",
        "grounds",
        "group",
        "guide",
        "held_on",
        "holder",
        "hook",
        "indicator",
        "indicators",
        "industries",
        "industry",
        "inspection",
        "intermediary",
        "intermediary_kind",
        "into",
        "introduced_on",
        "issuer",
        "item",
        "item_kind",
        "items",
        "judgement",
        "kept_root",
        "key",
        "key_words",
        "keys",
        "kinds",
        "lapsed",
        "law_basis",
        "layer",
        "lead",
        "leader",
        "letter_kind",
        "level",
        "line",
        "list_kind",
        "local_unit",
        "material_kinds",
        "materials",
        "matter",
        "matter_name",
        "measure",
        "meeting",
        "meeting_kind",
        "member",
        "member_kind",
        "members",
        "merged",
        "missing",
        "mode",
        "move",
        "name",
        "named",
        "names",
        "new",
        "new_enterprise",
        "node",
        "number",
        "occasion",
        "old",
        "old_enterprise",
        "open",
        "opened",
        "opened_by",
        "opened_kind",
        "order",
        "other",
        "outcome",
        "pack",
        "package",
        "paper",
        "part",
        "participants",
        "passed",
        "path_means",
        "period",
        "person",
        "persons",
        "place",
        "planned_on",
        "policy",
        "post",
        "power_item",
        "power_items",
        "precedent",
        "present",
        "procedure",
        "promised",
        "proposed_unit",
        "provided",
        "pulse",
        "purpose",
        "reason",
        "reason_code",
        "receipt",
        "record",
        "rectify_by",
        "red_line",
        "reference",
        "relation",
        "replaces",
        "report_code",
        "reported_on",
        "representatives",
        "request",
        "requires",
        "result",
        "revisited_on",
        "risk_note",
        "role",
        "roles",
        "root",
        "round",
        "rule",
        "ruled_by",
        "rung",
        "satisfied",
        "scale",
        "scan",
        "scopes",
        "seal",
        "secret",
        "seed",
        "session",
        "short_digest",
        "size",
        "sizes",
        "solvable",
        "solved",
        "source",
        "standard",
        "standard_met",
        "status",
        "step",
        "stream",
        "streams",
        "sub_code",
        "subject_type",
        "submission",
        "subtype",
        "successor",
        "suggested",
        "suggested_by",
        "suite",
        "tags",
        "talk_on",
        "task_kind",
        "team",
        "ticket",
        "tickets",
        "to",
        "to_day",
        "to_node",
        "to_nodes",
        "token",
        "told_to",
        "tone",
        "topic",
        "tracker",
        "tried",
        "turn",
        "turn_kind",
        "unit",
        "unit_kind",
        "units",
        "until",
        "valid_from",
        "valid_to",
        "value",
        "version",
        "visit",
        "visited_on",
        "voter_group",
        "way",
        "who",
        "with_whom_next",
    ]
)
AT = datetime(2026, 2, 13, 1, 2, 3, 456789, tzinfo=UTC)


def kind_of(field: FieldDescriptor) -> str:
    """A field of a message as the codec must carry it."""
    if field.message_type is not None:
        return {"Timestamp": "MOMENT", "PayloadRef": "WORDS"}[field.message_type.name]
    if field.is_repeated:
        return "MANY"
    return "OPTIONAL" if field.has_presence else "PLAIN"


def way_name(hint: Any) -> str:
    """How the codec carries a field of an event."""
    return next(name for name in ("PLAIN", "OPTIONAL", "MANY", "MOMENT", "DAY", "WORDS") if getattr(codec, name) is codec.way_of(hint))


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_event_and_message_have_the_same_fields(name: str) -> None:
    """Each event class has a message of its name, field by field, and every field a way across."""
    event = EVENTS[name]
    hints = get_type_hints(event)
    message = events_pb2.DESCRIPTOR.message_types_by_name[name]

    ours = {field.name: way_name(hints[field.name]).replace("DAY", "PLAIN") for field in fields(event)}  # type: ignore[arg-type]

    assert ours == {field.name: kind_of(field) for field in message.fields}


def test_every_message_is_an_event() -> None:
    """No message without an event: what nobody writes is not on the wire."""
    assert sorted(EVENTS) == sorted(events_pb2.DESCRIPTOR.message_types_by_name)


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_no_free_text_stands_in_the_open(name: str) -> None:
    """DESIGN 13: what people write is a PayloadRef; strings are codes, ids, digests and names of public bodies."""
    message = events_pb2.DESCRIPTOR.message_types_by_name[name]
    strings = [field.name for field in message.fields if field.type == FieldDescriptor.TYPE_STRING]

    assert [] == [field for field in strings if field not in IN_THE_OPEN]


def a_value(hint: Any, field: str) -> Any:
    """Some value of a field's type, never the empty one."""
    way = codec.way_of(hint)
    if way is codec.WORDS:
        return Text(f"{field} 说明")
    if way is codec.MOMENT:
        return AT
    if way is codec.DAY:
        return date(2026, 3, 20)
    if way is codec.MANY:
        return (1, 2) if int in get_args(hint) else (f"{field}-1", f"{field}-2")
    bare = [one for one in (getattr(hint, "__args__", None) or (hint,)) if one is not type(None)]
    return {str: field, int: 7, bool: True}[bare[0]]


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_an_event_comes_back_as_it_left(name: str) -> None:
    """Encoded and decoded, every field has its value; a text has become a reference to its payload."""
    cls = EVENTS[name]
    hints = get_type_hints(cls)
    lines: list[PayloadLine] = []

    def seal(words: Any) -> int:
        lines.append(PayloadLine(PayloadKind.TEXT, b"b" * 32, words.plain.encode()))
        return len(lines)

    event = cls(**{field.name: a_value(hints[field.name], field.name) for field in fields(cls)})  # type: ignore[arg-type]
    back = decode_event(name, encode_event(event, seal), "entry-1", lines)

    assert back is not None
    for field in fields(cls):  # type: ignore[arg-type]
        sent, got = getattr(event, field.name), getattr(back, field.name)
        assert (sent.plain.encode() if isinstance(sent, Text) else sent) == (got.digest if isinstance(got, SealedRef) else got)


def a_header(**more: Any) -> Header:
    values: dict[str, Any] = {
        "node": "520402",
        "epoch": 1,
        "seq": 9,
        "id": "0190a000-0000-7000-8000-000000000001",
        "recorded_at": AT,
        "kind": "Signed",
        "subject": Subject("ticket", "52040220260213000017"),
        "actor": Actor("a-1", "department", "520402-housing", "a-2"),
        "occurred_at": AT,
        "custody": CustodyHead(2, "520402", 5, "opener-1"),
        "version": 1,
        "state": "handling",
        "with_whom": "department",
        "addressee": "520400",
        "clocks": (
            ClockChange("resolve", Change.STARTED, 10, "workday", AT, "520402-housing", "a" * 16, "2026.1", AT, True, date(2026, 3, 6)),
        ),
        "answers": "ask-1",
        "cause": "cause-1",
    }
    return Header(**(values | more))


def test_a_header_comes_back_as_it_left() -> None:
    """To the microsecond, with custody, clocks and payload lines."""
    lines = (PayloadLine(PayloadKind.CONTACT, b"b" * 32, b"d" * 32),)

    back = decode_content(encode_content(a_header(), b"", lines))

    assert (a_header(), lines) == (back.header, back.payloads)


@pytest.mark.parametrize("field", ["node", "epoch", "seq", "id", "recorded_at", "subject", "kind"])
def test_a_missing_field_is_named(field: str) -> None:
    """A malformed entry is refused by the name of what is wrong."""
    pb = entry_pb2.EntryContent.FromString(encode_content(a_header(), b"", ()))
    pb.ClearField(field)

    with pytest.raises(Refusal) as refused:
        decode_content(pb.SerializeToString())

    assert (Code.MALFORMED_ENTRY, field) == (refused.value.code, refused.value.facts["field"])


@pytest.mark.parametrize(
    ("named", "spoil"),
    [
        ("epoch", lambda pb: setattr(pb, "epoch", 2**31)),
        ("seq", lambda pb: setattr(pb, "seq", 2**63)),
        ("version", lambda pb: setattr(pb, "version", 2**31)),
        ("header", lambda pb: setattr(pb.custody, "number", 2**31)),
        ("header", lambda pb: setattr(pb.custody, "follows", 2**31)),
        ("header", lambda pb: setattr(pb.clocks[0], "limit", 2**31)),
    ],
)
def test_a_number_that_only_one_database_would_keep_is_refused(named: str, spoil: Callable[[Any], None]) -> None:
    """A county on SQLite would hand it up to a province on PostgreSQL, whose whole batch it would stop."""
    pb = entry_pb2.EntryContent.FromString(encode_content(a_header(), b"", ()))
    spoil(pb)

    with pytest.raises(Refusal) as refused:
        decode_content(pb.SerializeToString())

    assert (Code.MALFORMED_ENTRY, named) == (refused.value.code, refused.value.facts["field"])


@pytest.mark.parametrize("round", [2**31, -(2**31)])
def test_an_event_with_such_a_number_is_kept_unread(round: int) -> None:
    body = events_pb2.Evaluated(round=round).SerializeToString()
    assert decode_content(encode_content(a_header(kind="Evaluated"), events_pb2.Evaluated(round=2).SerializeToString(), ())).event

    assert decode_content(encode_content(a_header(kind="Evaluated"), body, ())).event is None


@pytest.mark.parametrize("data", [b"\xff\xff\xff", b"\x0a\x80", bytes(range(256))])
def test_garbage_is_refused(data: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        decode_content(data)

    assert Code.MALFORMED_ENTRY is refused.value.code


@pytest.mark.parametrize(("kind", "body"), [("KindOfNextYear", b""), ("Dispatched", b"\xff\xff")])
def test_an_unknown_or_broken_body_leaves_the_header_readable(kind: str, body: bytes) -> None:
    """DESIGN 3: it is kept and forwarded, and the header still says state, clocks and custody."""
    back = decode_content(encode_content(a_header(kind=kind), body, ()))

    assert (None, "handling") == (back.event, back.header.state)


def test_an_oversized_entry_is_refused_where_it_is_made() -> None:
    """FEDERATION 2.3 no. 16: over 256 KiB an entry is not made at all."""
    with pytest.raises(Refusal) as refused:
        encode_content(a_header(), b"x" * codec.entry_bytes_max, ())

    assert Code.MALFORMED_ENTRY is refused.value.code


def test_every_event_is_an_event() -> None:
    assert all(issubclass(event, Event) for event in EVENTS.values())
