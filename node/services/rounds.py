"""
Rounds of sampled revisits, as this node holds them: what a decision must know, the frame, the calls to make, the rates.

The frame is derived from the journal that is mirrored here, by position and never by anybody's clock, so the node that
draws, every node above it and, after the reveal, the county itself derive the same one (FEDERATION 3.2).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Select, and_, bindparam, func, literal, or_, select, tuple_

from node.domain import round as d
from node.domain import round_record as record
from node.domain import sampling
from node.domain.command import Order
from node.domain.entry import Folded, Subject, SubjectKind
from node.domain.events import EVENTS
from node.domain.payload import SealedRef, Text
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket.fold import evolve, in_order, line_of
from node.domain.ticket.ticket import Ticket, TicketEvent
from node.services.unreadable import folded
from node.storage import schema
from node.storage.codec import decode_content
from node.storage.database import instant
from node.storage.statements import Prepared
from node.storage.unit_of_work import UnitOfWork, View

# DESIGN 8: the frame is by the event that counts as an outcome.
COMPLETING = frozenset(name for name, event in EVENTS.items() if issubclass(event, TicketEvent) and event.completes)
# Entries that say somebody spoke to the appellant, or tried to: the caller sees them (无事不扰).
CONTACTING = frozenset({"ContactAttempted", "FeedbackGiven", "RevisitAttempted", "RevisitFiled"})
earlier_contacts_days = 30


# --- for decisions ----------------------------------------------------------------------------------------------------


def read_round(work: UnitOfWork, order: Order, policy: Policy) -> d.RoundState:
    """
    The round that *order* is about, and what its command must know besides.

    Raises:
        Refusal: SUBJECT_UNKNOWN, PAYLOAD_MISSING or PAYLOAD_SEALED (the secret was erased, or is not this node's).
    """
    command = order.command
    if isinstance(command, d.OpenRound):
        found = find_round(work, record.round_id(policy.node, command.county, command.period))
        begin, root = _position(work, command.county)
        held = d.Held(fresh=work.payloads.random(sampling.SECRET_BYTES), position=begin, position_root=root)
        return d.RoundState(found, _with_others(held, _formers(work.connection, policy.node, command.county)))
    found = find_round(work, order.subject)
    if found is None:
        raise Refusal(Code.SUBJECT_UNKNOWN, kind="round", id=order.subject)
    if found.node != policy.node:
        return d.RoundState(found)
    match command:
        case d.CutFrame():
            end, root = _position(work, found.county)
            held = d.Held(position=end, position_root=root)
            return d.RoundState(found, _with_others(held, _formers(work.connection, policy.node, found.county)))
        case d.DrawSample() if found.stage == record.CUT:
            return d.RoundState(found, d.Held(secret=_secret(work, found), frame=frame_of(work, found.county, found.span)))
        case d.RecordCall() if found.stage == record.DRAWN and not command.is_reached:
            return d.RoundState(found, d.Held(secret=_secret(work, found), frame=frame_of(work, found.county, found.span)))
        case d.RevealRound() if found.stage == record.DRAWN:
            return d.RoundState(found, _held_for_reveal(work, found))
    return d.RoundState(found)


def _with_others(held: d.Held, others: tuple[d.Former, ...]) -> d.Held:
    return d.Held(fresh=held.fresh, position=held.position, position_root=held.position_root, others=others)


def _held_for_reveal(work: UnitOfWork, found: record.Round) -> d.Held:
    notes: dict[str, Text] = {}
    tickets: dict[str, Ticket] = {}
    for key in found.reached:
        call = found.last_call(key)
        if call is None or not call.is_finding:
            continue
        if isinstance(call.note, SealedRef):
            notes[key] = Text(work.payloads.open(found.subject, call.note))
        # What was heard of one that cannot be read is published with all the others once it can be: nobody would hear of it afterwards.
        ticket = folded(work, record.ticket_of(key))
        tickets[ticket.id] = ticket
    return d.Held(secret=_secret(work, found), notes=notes, tickets=tickets)


def find_round(view: UnitOfWork | View, round_id: str) -> record.Round | None:
    """The round, folded from every entry about it that is held here; None if there is none."""
    return record.fold_round([one.folded for one in view.journal.of_subject(Subject(SubjectKind.ROUND.value, round_id))])


def drawn_rounds_of(view: UnitOfWork | View, ticket: str) -> list[record.Round]:
    """This node's rounds that drew *ticket* and are being called."""
    table = schema.rounds
    its = select(table.c.id).where(table.c.node == view.head.node, table.c.state == record.DRAWN).order_by(table.c.id)
    found = [readable_round(view, id) for id in view.connection.execute(its).scalars()]
    return [one for one in found if one is not None and ticket in {record.ticket_of(key) for key in one.drawn}]


def readable_round(view: UnitOfWork | View, round_id: str) -> record.Round | None:
    """As ``find_round``; None as well if an entry of it is damaged, and noted in ``unread_dossiers``: it waits, the others do not."""
    try:
        return find_round(view, round_id)
    except Refusal as refusal:
        if refusal.code is not Code.MALFORMED_ENTRY:
            raise
        view.readings.unread_dossiers.add(round_id)
        return None


def _secret(view: UnitOfWork | View, found: record.Round) -> bytes:
    if found.revealed is not None:
        return bytes.fromhex(found.revealed.secret)
    if not isinstance(found.secret, SealedRef):
        raise Refusal(Code.PAYLOAD_MISSING, entry=found.id, place=1)
    return bytes.fromhex(view.payloads.open(found.subject, found.secret))


def _position(view: UnitOfWork | View, node: str) -> tuple[record.Place, bytes]:
    """How far the latest stream of *node* is held, and its root."""
    table = schema.streams
    epoch = view.connection.execute(select(func.max(table.c.epoch)).where(table.c.node == node)).scalar() or 1
    position = view.journal.position(node, epoch)
    return record.Place(epoch, position.size), position.root


def _formers(connection: Connection, node: str, county: str) -> tuple[d.Former, ...]:
    table = schema.rounds
    rows = connection.execute(select(table).where(table.c.node == node, table.c.county == county).order_by(table.c.period)).all()
    return tuple(d.Former(row.period, None if row.state == record.OPENED else record.Place(row.cut_epoch, row.cut)) for row in rows)


_ANY_OPEN = Prepared(
    select(schema.rounds.c.id).where(schema.rounds.c.node == bindparam("node"), schema.rounds.c.state != record.REVEALED).limit(1)
)


def _open_of_ticket() -> Select[str]:
    rounds, entries = schema.rounds.c, schema.entries.c
    # An uncut frame has no end yet.  The row does not say in which epoch a frame begins: one that spans two is taken too wide.
    is_in_last_epoch = and_(entries.epoch == rounds.cut_epoch, entries.seq <= rounds.cut)
    is_before_end = or_(rounds.state == record.OPENED, entries.epoch < rounds.cut_epoch, is_in_last_epoch)
    is_behind_begin = or_(entries.epoch > 1, entries.seq > rounds.cut_from)
    completes = entries.kind.in_([literal(kind) for kind in sorted(COMPLETING)])
    is_open = and_(rounds.node == bindparam("node"), rounds.state != record.REVEALED)
    return (
        select(rounds.id)
        .distinct()
        .join(schema.entries, entries.node == rounds.county)
        .where(is_open, entries.subject_id == bindparam("ticket"), completes, is_before_end, is_behind_begin)
    )


_OPEN_OF_TICKET = Prepared(_open_of_ticket())


def round_facts(connection: Connection, ticket_id: str, now: datetime, policy: Policy) -> frozenset[str]:
    """
    Ids of this node's own rounds that are not revealed and have *ticket_id* in their frame, or will have it once it is cut.

    A county learns nothing from it: rounds that its superior draws are not here before the reveal, and what its archive waits
    for is the calendar (``closing.archivable_from``), the same for a drawn and an undrawn ticket.
    """
    if not ticket_id or _ANY_OPEN.first(connection, node=policy.node) is None:
        return frozenset()
    return frozenset([id for (id,) in _OPEN_OF_TICKET.rows(connection, node=policy.node, ticket=ticket_id)])


# --- the frame --------------------------------------------------------------------------------------------------------


def frame_of(view: UnitOfWork | View, county: str, span: record.Span) -> tuple[sampling.FrameEntry, ...]:
    """
    What *county* completed within *span* of its own stream, in the order of the stream (FEDERATION 3.2, DESIGN 13).

    Left out are completions without effect (void), and those of tickets that a higher level had decided or handed down by
    then: these are revisited in full elsewhere.
    """
    table = schema.entries
    place = tuple_(table.c.epoch, table.c.seq)
    rows = view.connection.execute(
        select(table.c.subject_id, table.c.epoch, table.c.seq, table.c.id)
        .where(
            table.c.node == county,
            table.c.kind.in_(COMPLETING),
            place > tuple_(span.begin.epoch, span.begin.seq),
            place <= tuple_(span.end.epoch, span.end.seq),
        )
        .order_by(table.c.epoch, table.c.seq)
    ).all()
    outcomes: dict[str, Mapping[str, int]] = {}
    frame: dict[str, sampling.FrameEntry] = {}
    for ticket_id, _, seq, entry_id in rows:
        if ticket_id not in outcomes:
            outcomes[ticket_id] = _outcomes(view, ticket_id)
        number = outcomes[ticket_id].get(entry_id)
        # An entry that came again in a later epoch keeps its first place.
        key = f"{ticket_id}#{number}"
        if number is not None and key not in frame:
            frame[key] = sampling.FrameEntry(key, "completed", seq - 1)
    return tuple(frame.values())


def _outcomes(view: UnitOfWork | View, ticket_id: str) -> Mapping[str, int]:
    """Entry id of each outcome of the ticket that belongs in a frame -> which outcome it is, counted from 1."""
    entries = _entries_of(view, ticket_id)
    line = line_of(entries, view.place().rank)
    sides = {entry.header.id: entry for entry in entries if not entry.header.is_line}
    found: dict[str, int] = {}
    ticket: Ticket | None = None
    for entry in in_order(line.entries, sides.values()):
        before = 0 if ticket is None else ticket.outcomes
        ticket = evolve(ticket, entry)
        # What was open before the county's node began is in no frame (USERS B15).
        if ticket.outcomes > before and not (ticket.decided_above or ticket.handed_down or ticket.details.is_legacy):
            found[entry.header.id] = ticket.outcomes
    return found


def _entries_of(view: UnitOfWork | View, ticket_id: str) -> list[Folded]:
    return [one.folded for one in view.journal.of_subject(Subject(SubjectKind.TICKET.value, ticket_id))]


@dataclass(frozen=True)
class Recomputed:
    """
    A draw, made again: what agrees with what the round says.  ``frame_size`` is that of the frame as derived here; commitment,
    root and seed are as computed again, in hex, and ``drawn`` as many keys of the new order as the round drew.
    """

    is_commitment_kept: bool
    is_frame_same: bool
    is_sample_same: bool
    frame_size: int
    commitment: str = ""
    frame_root: str = ""
    seed: str = ""
    size: int = 0
    drawn: tuple[str, ...] = ()

    @property
    def is_same(self) -> bool:
        """Everything agrees."""
        return self.is_commitment_kept and self.is_frame_same and self.is_sample_same


def recompute(view: UnitOfWork | View, round_id: str) -> Recomputed:
    """
    Repeat the draw of a round from this node's own copy of the county's journal: "one button recomputes the draw" (DESIGN 8).

    Further draws continue the same order, so every drawn key must stand in it from the first one on.

    Raises:
        Refusal: SUBJECT_UNKNOWN; WRONG_STAGE, before the cut; PAYLOAD_SEALED, where the secret is not revealed and not ours.
    """
    found = find_round(view, round_id)
    if found is None:
        raise Refusal(Code.SUBJECT_UNKNOWN, kind="round", id=round_id)
    secret = _secret(view, found)
    frame = frame_of(view, found.county, found.span)
    root = sampling.frame_root(frame)
    seed = sampling.seed(found.county, found.period, root, secret)
    order = sampling.draw_order([entry.key for entry in frame], seed)
    promised = sampling.commitment(found.county, found.period, secret).hex()
    size = sampling.sample_size(len(frame), found.rate, found.floor)
    return Recomputed(
        is_commitment_kept=promised == found.commitment,
        is_frame_same=root.hex() == found.frame_root,
        is_sample_same=len(found.drawn) >= size and order[: len(found.drawn)] == found.drawn,
        frame_size=len(frame),
        commitment=promised,
        frame_root=root.hex(),
        seed=seed.hex(),
        size=size,
        drawn=order[: len(found.drawn)],
    )


# --- the calls --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Contacted:
    """Somebody of *node* spoke to the appellant about *ticket*, or tried to; ``kind`` is the entry's."""

    at: datetime
    node: str
    ticket: str
    kind: str


@dataclass(frozen=True)
class Sheet:
    """One answer sheet of a call.  ``refs`` are the sealed name, phone, appeal and reply, as far as the ticket has them."""

    key: str
    ticket: str
    attempts: int
    is_settled: bool
    refs: Mapping[str, SealedRef]


@dataclass(frozen=True)
class PlannedCall:
    """
    All drawn tickets of one enterprise: one call with one sheet each (DESIGN 8, 无事不扰).

    ``enterprise`` is its unified code, or the ticket's number where the appellant is no legal entity.  ``contacts`` are those
    of the last 30 days, by any level, the latest first.
    """

    enterprise: str
    sheets: tuple[Sheet, ...]
    contacts: tuple[Contacted, ...]

    @property
    def is_settled(self) -> bool:
        """Nothing is left to ask."""
        return all(sheet.is_settled for sheet in self.sheets)


def call_list(view: UnitOfWork | View, round_id: str, now: datetime) -> list[PlannedCall]:
    """
    The calls of a drawn round, in the order of the draw, grouped by enterprise.

    Raises:
        Refusal: SUBJECT_UNKNOWN; WRONG_STAGE, before the draw and after the reveal.
    """
    return calls_behind(view, round_id, now)[0]


def calls_behind(
    view: UnitOfWork | View, round_id: str, now: datetime, after: int = -1, calls_max: int | None = None
) -> tuple[list[PlannedCall], int | None]:
    """
    As ``call_list``: at most *calls_max* calls, of those whose first sheet stands behind the place *after* of the draw.

    Returns:
        The calls, and the place behind which they go on; None if these are the last.
    """
    found = find_round(view, round_id)
    if found is None or found.node != view.head.node:
        raise Refusal(Code.SUBJECT_UNKNOWN, kind="round", id=round_id)
    if found.stage != record.DRAWN:
        raise Refusal(Code.WRONG_STAGE, round=found.id, stage=found.stage, wanted=record.DRAWN)
    pending = set(found.pending)
    # By enterprise, where its sheets stand in the draw.
    planned: dict[str, list[int]] = {}
    known = view.readings.tickets(record.ticket_of(key) for key in found.drawn)
    for place, key in enumerate(found.drawn):
        number = record.ticket_of(key)
        ticket = known.get(number)
        # What cannot be read is in ``unread``, and stays to be called: the others' calls do not wait for its repair.
        if ticket is not None:
            planned.setdefault(ticket.appellant.credit_code or number, []).append(place)

    def sheet(key: str) -> Sheet:
        number = record.ticket_of(key)
        return Sheet(key, number, len(found.calls.get(key, ())), key not in pending, refs_of(view, known[number], key))

    behind = [(enterprise, places) for enterprise, places in planned.items() if places[0] > after]
    shown = behind[:calls_max]
    calls = [
        PlannedCall(enterprise, sheets, _contacts(view, enterprise, [one.ticket for one in sheets], now))
        for enterprise, places in shown
        for sheets in [tuple(sheet(found.drawn[place]) for place in places)]
    ]
    return calls, shown[-1][1][0] if shown and len(shown) < len(behind) else None


def refs_of(view: UnitOfWork | View, ticket: Ticket, key: str) -> Mapping[str, SealedRef]:
    """Where name, phone, appeal and the reply of the outcome *key* lie sealed."""
    outcome = int(key.partition("#")[2])
    replies = {number: entry_id for entry_id, number in _outcomes(view, ticket.id).items()}
    reply = next((one for one in _entries_of(view, ticket.id) if one.header.id == replies.get(outcome)), None)
    said = None if reply is None else getattr(reply.event, "result", None) or getattr(reply.event, "answer", None)
    parts = {"name": ticket.appellant.name, "phone": ticket.appellant.phone, "appeal": ticket.intake.appeal, "reply": said}
    return {name: ref for name, ref in parts.items() if isinstance(ref, SealedRef)}


def _contacts(view: UnitOfWork | View, enterprise: str, tickets: Sequence[str], now: datetime) -> tuple[Contacted, ...]:
    table, entries = schema.tickets, schema.entries
    same = view.connection.execute(select(table.c.id).where(table.c.credit_code == enterprise, table.c.credit_code != "")).scalars()
    since = now - timedelta(days=earlier_contacts_days)
    rows = view.connection.execute(
        select(entries.c.content)
        .where(entries.c.subject_id.in_({*same, *tickets}), entries.c.kind.in_(CONTACTING))
        .order_by(entries.c.taken)
    ).scalars()
    heads = (decode_content(bytes(content)).header for content in rows)
    found = [Contacted(head.recorded_at, head.node, head.subject.id, head.kind) for head in heads if head.recorded_at >= since]
    return tuple(sorted(found, key=lambda one: one.at, reverse=True))


# --- the rates --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Achieved:
    """
    What came of one round: done / frame, per county and period (AS25-3.2.4c).

    ``drawn_percent`` and ``reached_percent`` are the two shares of the frame, to one decimal, rounded down so that 9.96 is not
    shown as 10; None for an empty frame.  ``detection_percent`` is the chance that the draw meets one of the bad tickets, if a
    tenth of the frame (at least one ticket) is bad.
    """

    id: str
    node: str
    county: str
    period: str
    stage: str
    rate: int
    frame: int
    drawn: int
    reached: int
    satisfied: int
    findings: int
    cut_at: datetime | None
    revealed_at: datetime | None

    @property
    def drawn_percent(self) -> float | None:
        """Share of the frame that was drawn."""
        return _percent(self.drawn, self.frame)

    @property
    def reached_percent(self) -> float | None:
        """Share of the frame that answered."""
        return _percent(self.reached, self.frame)

    @property
    def is_enough(self) -> bool:
        """The reached are the rate, rounded up, or more (AS25-3.2.4b)."""
        return self.reached * 100 >= self.frame * self.rate

    @property
    def detection_percent(self) -> float | None:
        """See the class."""
        if self.frame == 0:
            return None
        return round(100 * sampling.detection_probability(self.frame, self.drawn, max(1, self.frame // 10)), 1)


def achieved(view: UnitOfWork | View, counties: Iterable[str] = ()) -> list[Achieved]:
    """Every round held here, or those of *counties*, by county and period.  A superior above folds the same entries."""
    table = schema.rounds
    names = tuple(counties)
    query = select(table).order_by(table.c.county, table.c.period)
    rows = view.connection.execute(query.where(table.c.county.in_(names)) if names else query)
    return [
        Achieved(
            row.id, row.node, row.county, row.period, row.state, row.rate, row.frame, row.drawn, row.reached, row.satisfied, row.findings,
            None if row.cut_at is None else instant(row.cut_at), None if row.revealed_at is None else instant(row.revealed_at),
        )
        for row in rows
    ]  # fmt: skip


def _percent(part: int, whole: int) -> float | None:
    return None if whole == 0 else part * 1000 // whole / 10
