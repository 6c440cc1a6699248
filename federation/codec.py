"""
Between the messages of a call and values: what a segment holds, as the mirror and the journal know it.

An entry's content crosses untouched: the bytes that came are the bytes that are hashed, stored and relayed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from federation.link import batch_bytes_max, batch_entries_max
from federation.v1 import link_pb2
from node.domain.refusal import Code, Refusal
from node.storage.codec import PAYLOAD_KINDS, number_max, sequence_max
from node.storage.journal import Position
from node.storage.riders import KeyRow
from node.v1 import entry_pb2

boot_id_length_bytes = 16

_MOST = {FieldDescriptor.TYPE_UINT32: number_max, FieldDescriptor.TYPE_UINT64: sequence_max}
_READ_ELSEWHERE = (entry_pb2.Entry.DESCRIPTOR.name,)
# The year 9999 ends.
_seconds_max = 253_402_300_799

_KINDS = {number: kind.value for kind, number in PAYLOAD_KINDS.items()}
_KINDS_BACK = {kind.value: number for kind, number in PAYLOAD_KINDS.items()}


class Carried(NamedTuple):
    """An entry on its way: its content's bytes, the ciphertexts (by SHA-256, as the sender says) and the wrapped keys beside it."""

    data: bytes
    sealed: tuple[tuple[bytes, bytes], ...] = ()
    keys: tuple[KeyRow, ...] = ()


@dataclass(frozen=True)
class Segment:
    """A run of entries of one stream: ``from_seq`` is the first one's, the others follow without a gap."""

    node: str
    epoch: int
    from_seq: int
    entries: tuple[Carried, ...]


@dataclass(frozen=True)
class DownPosition:
    """How far somebody holds the down stream of a link."""

    epoch: int
    size: int
    root: bytes


@dataclass(frozen=True)
class Place:
    """One entry of the superior's journal as a subordinate holds it: ``leaf`` is what stands there."""

    epoch: int
    seq: int
    leaf: bytes


def entry_to_pb(carried: Carried) -> entry_pb2.Entry:
    """An entry as a link carries it."""
    return entry_pb2.Entry(
        content=carried.data,
        sealed=[entry_pb2.Sealed(blob=blob, ciphertext=ciphertext) for blob, ciphertext in carried.sealed],
        keys=[_key_to_pb(key) for key in carried.keys],
    )


def entry_from_pb(pb: entry_pb2.Entry) -> Carried:
    """
    An entry as it came.

    Raises:
        Refusal: MALFORMED_ENTRY, if a wrapped key is of no known kind.
    """
    if not pb.sealed and not pb.keys:
        return Carried(pb.content)
    sealed = tuple([(one.blob, one.ciphertext) for one in pb.sealed])
    return Carried(pb.content, sealed, tuple([_key_from_pb(key) for key in pb.keys]) if pb.keys else ())


def segments_to_pb(segments: Iterable[Segment]) -> list[link_pb2.Segment]:
    """Segments as `Push` carries them."""
    return [
        link_pb2.Segment(node=one.node, epoch=one.epoch, from_seq=one.from_seq, entries=[entry_to_pb(entry) for entry in one.entries])
        for one in segments
    ]


def segments_from_pb(request: link_pb2.PushRequest) -> list[Segment]:
    """
    The segments of a `Push`, in its order.

    Raises:
        Refusal: BATCH_TOO_LARGE; MALFORMED_ENTRY with the field, if a segment names no stream, no place or no entry.
    """
    check_batch([entry for segment in request.segments for entry in segment.entries])
    segments = []
    for pb in request.segments:
        for field, value in (("node", pb.node), ("epoch", pb.epoch), ("from_seq", pb.from_seq), ("entries", pb.entries)):
            if not value:
                raise Refusal(Code.MALFORMED_ENTRY, field=field, node=pb.node, epoch=pb.epoch, seq=pb.from_seq)
        segments.append(Segment(pb.node, pb.epoch, pb.from_seq, tuple(entry_from_pb(entry) for entry in pb.entries)))
    return segments


def check_batch(entries: Sequence[entry_pb2.Entry]) -> None:
    """
    Need *entries* to be no more than a call carries.

    Raises:
        Refusal: BATCH_TOO_LARGE.
    """
    count, size = len(entries), sum(entry.ByteSize() for entry in entries)
    if count > batch_entries_max or (size > batch_bytes_max and count > 1):
        raise Refusal(Code.BATCH_TOO_LARGE, entries=count, entries_max=batch_entries_max, bytes=size, bytes_max=batch_bytes_max)


def check_numbers(message: Message) -> None:
    """
    Need the numbers and times of a call to be such as both databases keep; those of its entries are looked at where these are read.

    Raises:
        Refusal: MALFORMED_ENTRY with the field.
    """
    for field, value in message.ListFields():
        if field.message_type is not None and field.message_type.name not in _READ_ELSEWHERE:
            for one in value if field.is_repeated else (value,):
                check_numbers(one)
            is_kept = not isinstance(value, Timestamp) or 0 <= value.seconds <= _seconds_max
        else:
            is_kept = field.type not in _MOST or max(value if field.is_repeated else (value,)) <= _MOST[field.type]
        if not is_kept:
            raise Refusal(Code.MALFORMED_ENTRY, field=field.name, node="", epoch=0, seq=0)


def position_to_pb(position: Position) -> link_pb2.Position:
    """A position as a call says it."""
    return link_pb2.Position(node=position.node, epoch=position.epoch, size=position.size, root=position.root)


def position_from_pb(pb: link_pb2.Position) -> Position:
    """A position as it was said."""
    return Position(pb.node, pb.epoch, pb.size, pb.root)


def down_to_pb(position: DownPosition) -> link_pb2.DownPosition:
    """A down position as a call says it."""
    return link_pb2.DownPosition(epoch=position.epoch, size=position.size, root=position.root)


def down_from_pb(pb: link_pb2.DownPosition) -> DownPosition:
    """A down position as it was said."""
    return DownPosition(pb.epoch, pb.size, pb.root)


def place_to_pb(place: Place, node: str = "") -> link_pb2.Place:
    """A place as a call says it, with whose it is where that is not plain."""
    return link_pb2.Place(epoch=place.epoch, seq=place.seq, leaf=place.leaf, node=node)


def place_from_pb(pb: link_pb2.Place) -> Place:
    """A place as it was said."""
    return Place(pb.epoch, pb.seq, pb.leaf)


def payload_keys_to_pb(keys: Mapping[str, bytes]) -> list[link_pb2.PayloadKey]:
    """Payload public keys by recipient, as a call says them."""
    return [link_pb2.PayloadKey(recipient=name, public_key=public) for name, public in sorted(keys.items())]


def payload_keys_from_pb(keys: Sequence[link_pb2.PayloadKey], nodes: Iterable[str]) -> dict[str, bytes]:
    """The payload public keys that are well formed and belong to one of *nodes*: nobody speaks for others."""
    known = frozenset(nodes)
    found = {}
    for key in keys:
        node, _, reader = key.recipient.partition("/")
        if node in known and reader in ("node", "desk", "recovery") and len(key.public_key) == 32:
            found[key.recipient] = key.public_key
    return found


def _key_to_pb(key: KeyRow) -> entry_pb2.WrappedKey:
    return entry_pb2.WrappedKey(
        kind=_KINDS_BACK[key.kind],
        node=key.node,
        month=key.month,
        subject=entry_pb2.Subject(kind=key.subject_kind, id=key.subject_id) if key.subject_id else None,
        recipient=key.recipient,
        wrapped=key.wrapped,
    )


def _key_from_pb(pb: entry_pb2.WrappedKey) -> KeyRow:
    kind = _KINDS.get(pb.kind)
    if kind is None:
        raise Refusal(Code.MALFORMED_ENTRY, field="keys.kind", node=pb.node)
    return KeyRow(kind, pb.node, pb.month, pb.subject.kind, pb.subject.id, pb.recipient, pb.wrapped)
