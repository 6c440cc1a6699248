"""The first entries of a node: its epoch, its pack and calendars, its centre and administrators."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select

from node.domain import registry as g
from node.domain.entry import Actor, Draft, Header, Subject, SubjectKind
from node.domain.identifier import uuid7
from node.domain.organisation import Role
from node.domain.refusal import Code, Refusal
from node.packs.calendar_file import parse_calendar, shipped_texts
from node.packs.file import Find, effective_pack
from node.services.policies import bundle
from node.services.registry import NODE_ACTOR
from node.storage import schema
from node.storage.blobs import Blobs
from node.storage.keyring import KeyRing
from node.storage.payloads import recipient
from node.storage.riders import learn
from node.storage.unit_of_work import Store

Randomness = Callable[[int], bytes]

# The smallest staffing that lets a node begin (DESIGN 10): who opens all other accounts, and the three administrators.
FIRST_ACCOUNTS = (
    ("centre", (Role.OFFICE.value, Role.WINDOW_CLERK.value)),
    ("security", (Role.SECURITY_ADMIN.value,)),
    ("audit", (Role.AUDIT_ADMIN.value,)),
    ("operator", (Role.OPERATOR.value,)),
)
CENTRE_UNIT = "centre"


@dataclass(frozen=True)
class Beginning:
    """What `init` was told."""

    node: str
    name: str
    pack: str
    is_rehearsal: bool
    centre_name: str


def initialise(store: Store, blobs: Blobs, ring: KeyRing, beginning: Beginning, find: Find, now: datetime) -> None:
    """
    Make an empty, migrated database into a node.

    Raises:
        Refusal: ALREADY_EXISTS, if it is one already.
    """
    with store.database.write() as connection:
        if connection.execute(select(schema.heads.c.id)).first() is not None:
            raise Refusal(Code.ALREADY_EXISTS, kind="node", id=beginning.node)
        connection.execute(
            insert(schema.heads).values(
                id=1, node=beginning.node, name=beginning.name, epoch=1, taken=0, reacted=0, last_at=0, swept_at=0,
                is_rehearsal=beginning.is_rehearsal, line="", pack=beginning.pack,
            )
        )  # fmt: skip
    with store.write() as work:
        learn(work.connection, {recipient(beginning.node, reader): public for reader, public in ring.public_keys().items()})
        drafts = [_draft(event, beginning.node, now, work.payloads.random) for event in _first_events(blobs, beginning, find)]
        work.append(drafts)


def _first_events(blobs: Blobs, beginning: Beginning, find: Find) -> list[g.NodeEvent]:
    events: list[g.NodeEvent] = [g.EpochStarted(name=beginning.name, is_rehearsal=beginning.is_rehearsal)]
    pack = effective_pack(beginning.pack, find)
    events.append(g.PackAdopted(pack.id, pack.version, pack.digest, blobs.put(bundle(pack.id, find)), pack.effective_from))
    for name, text in sorted(shipped_texts().items()):
        calendar = parse_calendar(name, text)
        events.append(g.CalendarAdopted(name, str(calendar.version), blobs.put(text.encode())))
    centre = g.unit_code(beginning.node, CENTRE_UNIT)
    events.append(g.UnitOpened(centre, "office", beginning.centre_name))
    events += [g.AccountOpened(account, centre, roles) for account, roles in FIRST_ACCOUNTS]
    return events


def _draft(event: g.NodeEvent, node: str, now: datetime, random: Randomness) -> Draft:
    actor: Actor = NODE_ACTOR
    head = Header(
        node="",
        epoch=0,
        seq=0,
        id=uuid7(now, random),
        recorded_at=now,
        subject=Subject(SubjectKind.NODE.value, node),
        kind=event.kind(),
        actor=actor,
    )
    return Draft(head, event)
