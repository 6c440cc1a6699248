"""
The one road for every command: a desk's, the REST API's, the clock's, a peer's entry's (DESIGN 3).

In one transaction: load the subject by folding, gather the facts that the command declares, ask ``decide``, append what
happened, fold it.  The same command id again gives the first outcome; a refusal writes nothing.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from sqlalchemy import bindparam, func, select

from node.domain import accounts, catalogues, directory, dossiers, registering, reparenting
from node.domain import dossier as dossier_domain
from node.domain import registry as registry_domain
from node.domain import round as round_domain
from node.domain.command import Command, Facts, Order
from node.domain.division import NodeCode
from node.domain.entry import CustodyHead, Draft, Folded, Happened, Header, Subject, SubjectKind
from node.domain.identifier import uuid7
from node.domain.letter.readers import letter_readers
from node.domain.order.readers import is_sealed, readers
from node.domain.organisation import Unit
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.register_number import serials_of
from node.domain.ticket.decide import decide as decide_ticket
from node.domain.ticket.fold import evolve
from node.domain.ticket.intake import Register
from node.domain.ticket.ticket import Ticket, TicketEvent
from node.domain.time import local_day
from node.domain.values import changed
from node.services.facts import Provider, fresh_id, gather
from node.services.lookup_index import fill_index
from node.services.policies import Policies
from node.services.registry import read_registry, read_units
from node.services.rounds import read_round, round_facts
from node.services.unreadable import folded
from node.storage import schema
from node.storage.blobs import Blobs
from node.storage.database import instant, micros
from node.storage.dossier_readings import dossier_of
from node.storage.journal import Stored
from node.storage.sealing import month_of
from node.storage.statements import Prepared
from node.storage.unit_of_work import UnitOfWork
from node.storage.waiting import changes_so_far, waiting_values
from node.storage.writer import Writer

Now = Callable[[], datetime]

_DIGEST = re.compile(r"[0-9a-f]{64}")
_tickets = schema.tickets.c
_OF_EXTERNAL_NUMBER = Prepared(
    select(_tickets.id)
    .where(
        _tickets.external_number == bindparam("number"), _tickets.channel == bindparam("channel"), _tickets.origin == bindparam("origin")
    )
    .limit(1)
)
# The index of the key is read from its end, one row of it: what a node registered in all its years is not looked through for each.
_LAST_IN_RANGE = Prepared(
    select(_tickets.id, _tickets.origin)
    .where(_tickets.id.between(bindparam("first"), bindparam("last")))
    .order_by(_tickets.id.desc())
    .limit(1)
)
# A number in a node's range that is another's: nobody has seen one.
_LAST_OF_NODE = Prepared(
    select(func.max(_tickets.id)).where(_tickets.id.between(bindparam("first"), bindparam("last")), _tickets.origin == bindparam("origin"))
)


@dataclass(frozen=True)
class Outcome:
    """
    What a command led to: ids and kinds of the entries that followed, and the subject as it stands now.

    ``is_repeat``: the same command id was carried out before; this is that outcome.
    """

    subject: Subject
    entries: tuple[Stored, ...]
    ticket: Ticket | None = None
    is_repeat: bool = False


class Handler:
    """
    Carries out orders.  *now* is the business clock; *policies* says which pack and calendar govern what; *blobs* are the
    attachments that are stored here; *more* are facts that ``app`` has others provide, by the name under which a command needs them.
    """

    def __init__(self, writer: Writer, policies: Policies, blobs: Blobs, now: Now, more: Mapping[str, Provider]) -> None:
        self._writer = writer
        self._policies = policies
        self._blobs = blobs
        self._now = now
        self._more = more

    @property
    def blobs(self) -> Blobs:
        """The attachments that are stored here."""
        return self._blobs

    def now(self) -> datetime:
        """The business time by which it decides."""
        return self._now()

    def handle(self, order: Order) -> Outcome:
        """
        Carry out *order* and return its outcome once it is durable.

        Raises:
            Refusal: what ``decide`` refuses, VERSION_CONFLICT, SAME_ID_OTHER_CONTENT (the id was used for another subject),
                CLOCK_BEHIND, BUSY.
        """
        return self._writer.command(lambda work: self.carry_out(work, order))

    def carry_out(self, work: UnitOfWork, order: Order) -> Outcome:
        """As ``handle``, inside the caller's unit of work."""
        now = self._now()
        first = self._first_outcome(work, order)
        if first is not None:
            return first
        # A node that was made anew joins, or nobody could ever compare it (no. 8); so does one that was restored from before it moved
        # to another superior, which alone has what it wrote since.
        is_joining = isinstance(order.command, registry_domain.JoinSuperior) and order.command.line[:1] != work.head.line[:1]
        if work.head.held and not is_joining:
            # What it wrote now might stand under a number that its superior holds already (FEDERATION 2.3 no. 6, 7, 10).
            raise Refusal(Code.NODE_HELD, reason=work.head.held)
        # DESIGN 9: a clock behind the last entry takes no command that has a time.
        if micros(now) < work.head.last_at:
            raise Refusal(Code.CLOCK_BEHIND, now=now.isoformat(), last=instant(work.head.last_at).isoformat())
        match order.command.subject_kind:
            case SubjectKind.TICKET:
                return self._about_ticket(work, order, now)
            case SubjectKind.ROUND:
                return self._about_round(work, order, now)
            case kind if kind in dossiers.KINDS:
                return self._about_dossier(work, order, now)
            case _:
                return self._about_node(work, order, now)

    def _first_outcome(self, work: UnitOfWork, order: Order) -> Outcome | None:
        stored = work.journal.of_cause(order.id)
        if not stored:
            return None
        subject = stored[0].header.subject
        if order.subject and order.subject not in {one.header.subject.id for one in stored}:
            raise Refusal(Code.SAME_ID_OTHER_CONTENT, id=order.id, subject=subject.id)
        ticket = work.readings.ticket(subject.id) if subject.kind == SubjectKind.TICKET.value else None
        return Outcome(subject, tuple(stored), ticket, is_repeat=True)

    # --- tickets ------------------------------------------------------------------------------------------------------

    def _about_ticket(self, work: UnitOfWork, order: Order, now: datetime) -> Outcome:
        command = order.command
        if not command.starts and work.readings.is_set_aside(order.subject):
            raise Refusal(Code.LANE_SET_ASIDE, ticket=order.subject)
        ticket = None if command.starts else work.readings.ticket(order.subject)
        if ticket is None and not command.starts:
            raise Refusal(Code.SUBJECT_UNKNOWN, kind="ticket", id=order.subject)
        if ticket is not None and order.seen is not None and order.seen != (ticket.custody.number, ticket.version):
            raise Refusal(Code.VERSION_CONFLICT, ticket=ticket.id, seen=order.seen[1], version=ticket.version)
        policy = self._policies.for_ticket(work, ticket, now)
        facts = self._facts(work, order, policy, now)
        happened = decide_ticket(ticket, command, facts, policy, now)
        known = {ticket.id: ticket, **facts.others} if ticket is not None else dict(facts.others)
        if command.starts and happened:
            work.journal.begin(happened[0].subject, _range_of(policy.node, local_day(now))[2])
        drafts, known = drafts_of(happened, known, order, policy, now, work)
        for one in happened:
            self._grant(work, one, policy)
        stored = work.append(drafts)
        fill_index(work, happened)
        subject = happened[0].subject if happened else Subject(SubjectKind.TICKET.value, order.subject)
        return Outcome(subject, tuple(stored), work.readings.ticket(subject.id))

    def _grant(self, work: UnitOfWork, happened: Happened, policy: Policy) -> None:
        """Who is asked to take a ticket gets its keys with the entry that asks (DESIGN 13)."""
        if happened.event.asks and happened.addressee and happened.addressee != policy.node and not happened.event.is_side:
            work.payloads.grant(happened.subject, happened.addressee)

    def _hand_keys(
        self, work: UnitOfWork, dossier: dossier_domain.Dossier | None, happened: Happened, policy: Policy, now: datetime
    ) -> None:
        """An order to a node below is readable there, and by the levels between; a sealed one by them from its receipt on (DESIGN 6)."""
        if not isinstance(happened.event, dossier_domain.DossierEvent):
            return
        # Only the owner makes a key: whoever passes on what he cannot read himself has none to give.
        month = month_of(now, work.head.epoch) if dossier is None or dossier.owner == policy.node else ""
        nodes = readers(dossier, happened, policy) or letter_readers(dossier, happened, policy)
        for node in nodes:
            # Nobody between could hand on later what this node cannot wrap now.
            if is_sealed(dossier, happened) and dossier is None and not work.payloads.knows(node):
                raise Refusal(Code.RECEIVER_KEY_UNKNOWN, node=node)
            work.payloads.grant(happened.subject, node, month)

    def _facts(self, work: UnitOfWork, order: Order, policy: Policy, now: datetime) -> Facts:
        command = order.command
        return Facts(
            actor=order.actor,
            units=_units(work, policy.node),
            others=self._others(work, command),
            serial=next_serial(work, policy.node, now) if isinstance(command, Register) else 0,
            evidence=self._stored(command),
            open_rounds=round_facts(work.connection, order.subject, now, policy),
            registered_before=_registered_before(work, policy, command) if isinstance(command, Register) else "",
            given=gather(work, order, policy, now, self._more),
        )

    def _others(self, work: UnitOfWork, command: Command) -> dict[str, Ticket]:
        """The tickets that the command names beside its subject."""
        others = {}
        for name in command.also:
            value = getattr(command, name)
            for ticket_id in (value,) if isinstance(value, str) else value:
                if ticket_id:
                    others[ticket_id] = folded(work, ticket_id)
        return others

    def _stored(self, command: Command) -> frozenset[str]:
        """The attachments that the command names and that are stored here."""
        named = (*getattr(command, "evidence", ()), getattr(command, "digest", ""))
        return frozenset(digest for digest in named if _DIGEST.fullmatch(digest) and self._blobs.has(digest))

    # --- dossiers, rounds and the node itself -----------------------------------------------------------------------------------

    def _about_dossier(self, work: UnitOfWork, order: Order, now: datetime) -> Outcome:
        command, kind = order.command, order.command.subject_kind
        dossier = None if command.starts else dossier_of(work.journal, Subject(kind.value, order.subject))
        if dossier is None and not command.starts:
            raise Refusal(Code.SUBJECT_UNKNOWN, kind=kind.value, id=order.subject)
        if dossier is not None and order.seen is not None and order.seen[1] != dossier.version:
            raise Refusal(Code.VERSION_CONFLICT, ticket=dossier.id, seen=order.seen[1], version=dossier.version)
        policy = self._policies.of_node(work, now)
        facts = Facts(
            actor=order.actor,
            units=_units(work, policy.node),
            others=self._others(work, command),
            evidence=self._stored(command),
            fresh_id=fresh_id(work, kind, policy, now) if command.starts else "",
            given=gather(work, order, policy, now, self._more),
        )
        happened = dossier_domain.decide(dossiers.DECISIONS, dossier, command, facts, policy, now)
        for one in happened:
            self._hand_keys(work, dossier, one, policy, now)
        return self._append_plain(work, order, happened, now)

    def _about_round(self, work: UnitOfWork, order: Order, now: datetime) -> Outcome:
        policy = self._policies.of_node(work, now)
        state = read_round(work, order, policy)
        facts = Facts(actor=order.actor, units=_units(work, policy.node))
        happened = round_domain.decide(state, order.command, facts, policy, now)
        return self._append_plain(work, order, happened, now)

    def _about_node(self, work: UnitOfWork, order: Order, now: datetime) -> Outcome:
        policy = self._policies.of_registry(work, now)
        facts = Facts(actor=order.actor, given=gather(work, order, policy, now, self._more))
        if type(order.command) in directory.DECISIONS:
            return self._append_plain(work, order, directory.decide(order.command, facts, policy, now), now)
        if type(order.command) in reparenting.DECISIONS:
            return self._append_plain(work, order, reparenting.decide(order.command, facts, policy, now), now)
        named = [str(getattr(order.command, field, "")) for field in ("account", "deputy")]
        known = read_registry(work.connection, policy.node, *named)
        place = next((one for one in (catalogues, accounts) if type(order.command) in one.DECISIONS), registering)
        happened = place.decide(known, order.command, facts, policy, now)
        return self._append_plain(work, order, happened, now)

    def _append_plain(self, work: UnitOfWork, order: Order, happened: list[Happened], now: datetime) -> Outcome:
        tickets = {one.subject.id: work.readings.ticket(one.subject.id) for one in happened if one.subject.kind == SubjectKind.TICKET.value}
        known = {name: ticket for name, ticket in tickets.items() if ticket is not None}
        drafts, _ = drafts_of(happened, known, order, self._policies.bare(work), now, work)
        stored = work.append(drafts)
        fill_index(work, happened)
        subject = happened[0].subject if happened else Subject(order.command.subject_kind.value, order.subject)
        return Outcome(subject, tuple(stored))


def _units(work: UnitOfWork, node: str) -> Mapping[str, Unit]:
    """The node's units with their staff, read once a transaction: an import carries thousands of commands out in one."""
    return work.once("units", lambda: read_units(work.connection, node))


def drafts_of(
    happened: list[Happened], known: Mapping[str, Ticket], order: Order, policy: Policy, now: datetime, work: UnitOfWork
) -> tuple[list[Draft], dict[str, Ticket]]:
    """
    Write headers for what happened: ids, custody, version, and the state and ``with`` that folding gives.

    *known* are the tickets concerned, by id; the second value are the same after what happened.
    """
    tickets = dict(known)
    drafts = []
    for one in happened:
        header = Header(
            node=policy.node,
            epoch=work.head.epoch,
            seq=0,
            id=uuid7(now, work.payloads.random),
            recorded_at=now,
            subject=one.subject,
            kind=one.event.kind(),
            actor=order.actor,
            occurred_at=order.occurred_at,
            clocks=one.clocks,
            addressee=one.addressee,
            answers=one.answers,
            cause=order.id,
        )
        if isinstance(one.event, TicketEvent):
            ticket = tickets.get(one.subject.id)
            header = changed(header, custody=_custody(ticket, one), version=_version(ticket, one))
            after = evolve(ticket, Folded(header, one.event))
            if header.is_line:
                header = changed(header, state=after.state.value, with_whom=after.with_whom.value)
            tickets[one.subject.id] = after
        drafts.append(Draft(header, one.event))
    return drafts, tickets


def _custody(ticket: Ticket | None, one: Happened) -> CustodyHead:
    if ticket is None:
        return CustodyHead(1, one.holder, 0)
    if one.event.opens:
        return CustodyHead(ticket.custody.number + 1, one.holder, ticket.version, ticket.custody.opener)
    return CustodyHead(ticket.custody.number, opener=ticket.custody.opener)


def _version(ticket: Ticket | None, one: Happened) -> int:
    if one.event.is_side:
        return 0
    return 1 if ticket is None or one.event.opens else ticket.version + 1


def _registered_before(work: UnitOfWork, policy: Policy, command: Register) -> str:
    """The need that came in here under the same number of the same channel, or empty."""
    if not command.external_number:
        return ""
    same = {"number": command.external_number, "channel": command.channel, "origin": policy.node}
    return _OF_EXTERNAL_NUMBER.scalar(work.connection, **same) or ""


@lru_cache(maxsize=64)
def _range_of(node: str, day: date) -> tuple[range, str, str]:
    """The serials that *node* may give on *day*, and the first and the last number that there can be with them."""
    code = NodeCode.parse(node)
    serials = serials_of(node, 0 if code.suffix else None)
    prefix = f"{code.division}{day:%Y%m%d}"
    return serials, f"{prefix}{serials[0]:05}0", f"{prefix}{serials[-1]:05}9"


def _last_written(work: UnitOfWork, node: str, first: str, end: str) -> str:
    """The last number from *first* to *end* that *node* gave, as the table has it; empty if it gave none.  Of a group one asks."""
    changes = changes_so_far(work.connection)
    if changes is None:
        return _read_last(work, node, first, end)
    return work.once(("last number", node, first, changes), lambda: _read_last(work, node, first, end))


def _read_last(work: UnitOfWork, node: str, first: str, end: str) -> str:
    last, origin = next(iter(_LAST_IN_RANGE.written(work.connection, first=first, last=end)), ("", node))
    found = last if origin == node else _LAST_OF_NODE.written(work.connection, first=first, last=end, origin=node)[0][0]
    return found or ""


def next_serial(work: UnitOfWork, node: str, now: datetime) -> int:
    """
    The next register serial of the Beijing day; the head row's lock makes it unique.

    Raises:
        Refusal: SERIALS_EXHAUSTED, after the last number of the day.
    """
    serials, first, end = _range_of(node, local_day(now))
    last = _last_written(work, node, first, end)
    # Those of this very group stand in no table yet.
    numbers = waiting_values(work.connection, schema.tickets, ("id", "origin"))
    id, origin = max(numbers, default=("", node))
    if origin != node or not first <= id <= end:
        id = max((id for id, origin in numbers if origin == node and first <= id <= end), default="")
    last = max(last, id)
    serial = int(last[14:19]) + 1 if last else serials[0]
    if serial not in serials:
        raise Refusal(Code.SERIALS_EXHAUSTED, node=node, serial=serial)
    return serial
