"""
Folding entries into readings: the tables that pages, the clock and links ask.

One call folds a batch, own or mirrored, in the transaction that appended it: rows are read with a few statements, changed
in memory and written with a few more.  The usual next version is folded onto the row; anything else refolds the ticket
from its entries.  What cannot be folded is kept and put into quarantine with its reason; everything behind it flows on.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, delete, select
from sqlalchemy.engine import Row

from node.domain.dossier import DossierEvent
from node.domain.entry import Change, Folded, Header, Subject, SubjectKind
from node.domain.organisation import Place
from node.domain.registry import LaneHandled
from node.domain.ticket.fold import fold_ticket
from node.domain.ticket.row import TicketRow, first_row, fold_row, row_of
from node.domain.ticket.sweep import RungFired
from node.domain.ticket.ticket import Ticket
from node.storage import (
    catalogue_readings,
    clashes,
    desk_readings,
    dossier_readings,
    folds,
    lane,
    node_readings,
    round_readings,
    schema,
    trait_readings,
)
from node.storage.database import instant_or_none, micros, micros_or_none
from node.storage.journal import Journal, Stored
from node.storage.statements import Prepared, delete_of, upsert_many

_MOMENTS = frozenset({"registered_at", "completed_at", "changed_at"})
_FIELDS = tuple(field.name for field in fields(TicketRow))
_TICKET = SubjectKind.TICKET.value
_IDS: BindParameter[str] = bindparam("ids", expanding=True)
_ROWS = select(schema.tickets).where(schema.tickets.c.id.in_(_IDS))
# A desk's act is about one ticket: what is asked of one alone needs no list.
_ROW = Prepared(select(schema.tickets).where(schema.tickets.c.id == bindparam("id")))
_FIRST = Prepared(
    select(schema.entries.c.taken).where(schema.entries.c.subject_id == bindparam("id")).order_by(schema.entries.c.taken).limit(1)
)
_CLOCKS_OF_ONE = Prepared(select(schema.clocks).where(schema.clocks.c.ticket == bindparam("id")))
_OLDER = select(schema.entries.c.subject_id).where(schema.entries.c.subject_id.in_(_IDS), schema.entries.c.taken < bindparam("taken"))
_CLOCKS = select(schema.clocks).where(schema.clocks.c.ticket.in_(_IDS))
_ASKS = select(schema.asks.c.id, schema.asks.c.is_answered).where(schema.asks.c.id.in_(_IDS))
_ANSWERED = schema.asks.update().where(schema.asks.c.id.in_(_IDS)).values(is_answered=True)
# Keys that fit one IN list.
_PART = 500


@dataclass(frozen=True)
class Moved:
    """What a batch did to one ticket: its row before and after.  ``is_new``: nothing about it was here before the batch."""

    before: TicketRow | None
    after: TicketRow | None
    is_new: bool = False

    @property
    def is_completed(self) -> bool:
        """True if an entry that was missing has come, and none is missing any more."""
        was_incomplete = not self.is_new and (self.before is None or self.before.is_incomplete)
        return was_incomplete and self.after is not None and not self.after.is_incomplete


class Readings:
    """Folds batches of one transaction.  *place* is asked anew for each batch: the tree may have grown."""

    def __init__(self, connection: Connection, journal: Journal, place: Callable[[], Place]) -> None:
        self._connection = connection
        self._journal = journal
        self._place = place
        self._passed_by: frozenset[int] | None = None
        # Whether anything is in quarantine: asked once a transaction, and known once something was set aside.
        self._is_any_set_aside: bool | None = None

    def fold(self, batch: Sequence[Stored]) -> dict[str, Moved]:
        """Fold *batch*, which was just appended, and say what became of each ticket in it."""
        fresh, again = self._without_known(batch)
        tickets = [one for one in fresh if one.header.subject.kind == _TICKET]
        if len(tickets) < len(fresh):
            self._fold_others([one for one in fresh if one.header.subject.kind != _TICKET and one.content.event is not None])
        catalogue_readings.fold_precedents(self._connection, [one.folded for one in tickets])
        for one in fresh:
            if one.content.event is None:
                self._set_aside(one, lane.UNKNOWN_KIND)
        moved = self._fold_tickets(tickets, again)
        for one in fresh:
            if isinstance(one.content.event, LaneHandled):
                self._follow_operator(one, one.content.event)
        return moved

    def _fold_others(self, batch: Sequence[Stored]) -> None:
        """Fold what is about no ticket."""
        dossiers = [one for one in batch if isinstance(one.content.event, DossierEvent)]
        if dossiers:
            for one in dossier_readings.fold(self._connection, self._journal, dossiers):
                self._set_aside(one, "not_its_own")
        for one in batch:
            if not node_readings.fold(self._connection, self._journal.head.node, one.folded):
                self._set_aside(one, "not_its_own")
            round_readings.fold(self._connection, one.folded)

    def _without_known(self, batch: Sequence[Stored]) -> tuple[Sequence[Stored], Sequence[Stored]]:
        """
        An entry id folds once, whichever (node, epoch, seq) brings it; it comes again only in a later epoch.

        The second are those about tickets that came again: as the later epoch has them they take precedence (``line_of``).
        """
        if all(one.header.epoch == 1 for one in batch):
            return batch, ()
        later = [one.header for one in batch if one.header.epoch > 1]
        known: set[str] = set()
        table = schema.entries
        for start in range(0, len(later), _PART):
            part = later[start : start + _PART]
            # The subject is what the index knows an entry by; its id alone would read the whole journal.
            about = table.c.subject_id.in_({head.subject.id for head in part})
            same = (about, table.c.id.in_([head.id for head in part]), table.c.taken < batch[0].taken)
            known |= set(self._connection.execute(select(table.c.id).where(*same)).scalars())
        fresh, again = [], []
        for one in batch:
            if one.header.epoch == 1 or one.header.id not in known:
                fresh.append(one)
            elif one.header.subject.kind == _TICKET:
                again.append(one)
            known.add(one.header.id)
        return fresh, again

    # --- tickets ------------------------------------------------------------------------------------------------------

    def _fold_tickets(self, batch: Sequence[Stored], again: Sequence[Stored]) -> dict[str, Moved]:
        if not batch and not again:
            return {}
        of_ticket: dict[str, list[Stored]] = {}
        for one in (*batch, *again):
            of_ticket.setdefault(one.header.subject.id, []).append(one)
        contested = {one.header.subject.id for one in again}
        before = self.rows(set(of_ticket))
        unseen = set(of_ticket) - set(before)
        older = self._older(unseen, min(several[0].taken for several in (batch, again) if several))
        # A lane that stands stays so: what comes behind the entry that does not fold waits with it (FEDERATION 2.3 no. 15).
        stopped = self._stopped(set(before) | older)
        for ticket in stopped:
            self._stop(of_ticket[ticket], lane.WAITS)
        for ticket in lane.tried_out(self._connection, set(of_ticket) - stopped):
            self._stop(of_ticket[ticket], lane.TRANSIENT)
            stopped.add(ticket)
        lanes = {ticket: entries for ticket, entries in of_ticket.items() if ticket not in stopped}
        new = unseen - older - contested
        rows: dict[str, TicketRow | None] = dict(before)
        found = {
            ticket: None if ticket in contested else self._fold_plainly(entries, rows, ticket in new) for ticket, entries in lanes.items()
        }
        plain = [one for entries in found.values() if entries is not None for one in entries]
        folded = [one.folded for one in plain]
        ClockRows(self._connection).fold(folded, new)
        self._fold_asks(plain)
        desk_readings.fold(self._connection, folded)
        trait_readings.fold(self._connection, self._journal.head.node, folded)
        # What did not fold plainly is folded whole: of a new ticket the entries are at hand, of others they are read again.
        wholes = [self._whole(entries, ticket in new) for ticket, entries in lanes.items() if found[ticket] is None]
        tickets = [whole for whole in wholes if whole is not None]
        self._write_wholes(tickets, [ticket.id for ticket in tickets if ticket.id not in new])
        rows |= {ticket.id: row_of(ticket) for ticket in tickets}
        upsert_many(self._connection, schema.tickets, [ticket_values(row) for row in rows.values() if row is not None])
        return {ticket: Moved(before.get(ticket), rows.get(ticket), ticket in new) for ticket in of_ticket}

    def _stopped(self, tickets: set[str]) -> set[str]:
        """Those of *tickets* of which an entry could not be folded."""
        table = schema.quarantine
        if not tickets or not self._may_be_set_aside():
            return set()
        found: set[str] = set()
        for part in _parts(sorted(tickets)):
            found |= set(self._connection.execute(select(table.c.subject_id).where(table.c.subject_id.in_(part), *lane.stops())).scalars())
        return found

    def is_set_aside(self, ticket: str) -> bool:
        """True if the ticket's readings stand where an entry did not fold."""
        return self._may_be_set_aside() and lane.is_set_aside(self._connection, ticket)

    def _may_be_set_aside(self) -> bool:
        if self._is_any_set_aside is None:
            self._is_any_set_aside = lane.is_any(self._connection)
        return self._is_any_set_aside

    def _older(self, tickets: set[str], taken: int) -> set[str]:
        """Those of *tickets* about which something was taken before: a later entry came first."""
        if len(tickets) == 1:
            (ticket,) = tickets
            first = _FIRST.scalar(self._connection, id=ticket)
            return set(tickets) if first is not None and first < taken else set()
        found: set[str] = set()
        for part in _parts(sorted(tickets)):
            found |= set(self._connection.execute(_OLDER, {"ids": part, "taken": taken}).scalars())
        return found

    def _fold_plainly(self, entries: Sequence[Stored], rows: dict[str, TicketRow | None], is_new: bool) -> Sequence[Stored] | None:
        """
        Fold the entries of one ticket onto its row, if it is new from its first one on, and give those that were folded; None if
        the whole must be folded anew.
        """
        ticket = entries[0].header.subject.id
        row = rows.get(ticket)
        for place, one in enumerate(entries):
            try:
                if row is None and is_new and _begins(one.header):
                    after: TicketRow | None = first_row(one.folded)
                else:
                    # A move of custody touches asks and clocks of both sides: rare enough to fold the whole ticket.
                    after = None if _is_move(one.header) else fold_row(row, one.folded)
            except Exception as error:  # broken content must not stop what is about other tickets (FEDERATION 2.3 no. 15)
                self._need_lasting(ticket, error)
                self._stop(entries[place:], type(error).__name__)
                rows[ticket] = row
                return entries[:place]
            if after is None:
                return None
            row = after
        rows[ticket] = row
        return entries

    def _whole(self, entries: Sequence[Stored], is_new: bool) -> Ticket | None:
        """
        The whole ticket after *entries*, or before the first of them that does not fold; None if its first entry is missing, or
        nothing changed.
        """
        subject = entries[0].header.subject
        try:
            return fold_ticket((one.folded for one in entries), self._place().rank) if is_new else self.ticket(subject.id)
        except Exception as error:
            self._need_lasting(subject.id, error)
            return self._before_trouble(entries, is_new)

    def _before_trouble(self, entries: Sequence[Stored], is_new: bool) -> Ticket | None:
        """As ``_whole``: the longest beginning of *entries* that folds; the rest is set aside."""
        earlier = [] if is_new else [one for one in self._journal.of_subject(entries[0].header.subject) if one.taken < entries[0].taken]
        ticket = None
        for place in range(len(entries)):
            try:
                ticket = fold_ticket((one.folded for one in (*earlier, *entries[: place + 1])), self._place().rank)
            except Exception as error:
                self._stop(entries[place:], type(error).__name__)
                break
        return ticket

    def ticket(self, ticket_id: str) -> Ticket | None:
        """The whole ticket, folded from every entry about it; None if its first entry is not here."""
        stored = self._journal.of_subject(Subject(_TICKET, ticket_id))
        return folds.of(stored, self._skipped(), self._place()) if stored else None

    # --- lanes that stand ---------------------------------------------------------------------------------------------

    def _need_lasting(self, ticket: str, error: Exception) -> None:
        """Let what may pass fail the whole batch, which is taken again: a lane is not set aside for it."""
        if lane.may_pass(error):
            lane.note_try(self._connection, ticket)
            raise error

    def _as_it_counts(self, one: Stored) -> Folded:
        """What an operator had passed by counts like a kind that is not known: its header alone."""
        return folds.as_it_counts(one, self._skipped())

    def _skipped(self) -> frozenset[int]:
        if self._passed_by is None:
            self._passed_by = lane.skipped(self._connection) if self._may_be_set_aside() else frozenset()
        return self._passed_by

    def _follow_operator(self, one: Stored, event: LaneHandled) -> None:
        """What an operator did about a lane: here it takes effect, of a node below it is only noted that he asks for help."""
        table, entries = schema.quarantine, schema.entries
        its = table.c.subject_id == event.ticket
        if one.header.node != self._journal.head.node:
            if event.act == lane.REPORTED:
                self._set_aside(one, lane.REPORTED, event.ticket)
            else:
                self._connection.execute(delete(table).where(its, table.c.reason == lane.REPORTED))
            return
        if event.act == lane.SKIPPED:
            spot = (entries.c.node == event.node, entries.c.epoch == event.epoch, entries.c.seq == event.seq)
            taken = select(entries.c.taken).where(*spot).scalar_subquery()
            self._connection.execute(table.update().where(table.c.taken == taken).values(reason=lane.SKIPPED))
            self._passed_by = None
        if event.act != lane.REPORTED:
            lane.forget_tries(self._connection, event.ticket)
            self._refold(event.ticket)

    def _refold(self, ticket_id: str) -> None:
        """Fold a lane that stands once more, as far as it goes; what does not fold is set aside again."""
        stored = self._journal.of_subject(Subject(SubjectKind.TICKET.value, ticket_id))
        counting = [self._as_it_counts(one) for one in stored]
        table = schema.quarantine
        self._connection.execute(delete(table).where(table.c.subject_id == ticket_id, *lane.stops()))
        ticket = None
        for place in range(len(counting)):
            try:
                ticket = fold_ticket(counting[: place + 1], self._place().rank)
            except Exception as error:
                self._need_lasting(ticket_id, error)
                self._stop(stored[place:], type(error).__name__)
                break
        if ticket is not None:
            self._write_wholes([ticket], [ticket.id])
            upsert_many(self._connection, schema.tickets, [ticket_values(row_of(ticket))])

    def _write_wholes(self, tickets: Sequence[Ticket], known: Sequence[str]) -> None:
        """Write the clocks and asks of whole tickets; those of *known* tickets are replaced."""
        connection = self._connection
        for ticket in tickets:
            if ticket.clash:
                clashes.keep(connection, ticket)
        delete_of(connection, schema.clocks, known)
        delete_of(connection, schema.asks, known)
        upsert_many(connection, schema.clocks, [values for ticket in tickets for values in clock_values(ticket)])
        upsert_many(connection, schema.asks, [values for ticket in tickets for values in ask_values(ticket)])
        desk_readings.write_wholes(connection, tickets, known)
        trait_readings.write_wholes(connection, self._journal.head.node, tickets, known)

    def rows(self, tickets: set[str]) -> dict[str, TicketRow]:
        """The thin rows of these tickets."""
        if len(tickets) == 1:
            (ticket,) = tickets
            values = _ROW.first(self._connection, id=ticket)
            return {} if values is None else {ticket: _ticket_row(dict(zip(_ROW.names, values, strict=True)))}
        found: dict[str, TicketRow] = {}
        for part in _parts(sorted(tickets)):
            for row in self._connection.execute(_ROWS, {"ids": part}):
                found[row.id] = ticket_row(row)
        return found

    def _fold_asks(self, batch: Sequence[Stored]) -> None:
        new, answered = [], []
        for one in batch:
            head, event = one.header, one.content.event
            if event is not None and event.asks:
                new.append(_ask_row(head))
            if head.answers:
                answered.append(head.answers)
        if not new and not answered:
            return
        table = schema.asks
        if new:
            known = {row.id: row.is_answered for row in self._connection.execute(_ASKS, {"ids": [row["id"] for row in new]})}
            for row in new:
                row["is_answered"] = known.get(str(row["id"]), False)
            upsert_many(self._connection, table, new)
        if answered:
            known_ids = set(self._connection.execute(_ASKS, {"ids": answered}).scalars())
            self._connection.execute(_ANSWERED, {"ids": answered})
            # The answer came first: remember it for the ask.
            early = [_early_answer(one.header) for one in batch if one.header.answers and one.header.answers not in known_ids]
            upsert_many(self._connection, table, early)

    def _stop(self, entries: Sequence[Stored], reason: str) -> None:
        """Set the first of *entries* aside for *reason*, and what waits behind it."""
        for place, one in enumerate(entries):
            self._set_aside(one, lane.WAITS if place else reason)

    def _set_aside(self, one: Stored, reason: str, subject: str = "") -> None:
        row = {"taken": one.taken, "subject_id": subject or one.header.subject.id, "reason": reason, "at": micros(one.header.recorded_at)}
        upsert_many(self._connection, schema.quarantine, [row])
        self._is_any_set_aside = True


class ClockRows:
    """Thin rows of clocks: what is due when, and who owes it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def fold(self, batch: Sequence[Folded], new: Collection[str] = ()) -> None:
        """Fold the clock changes and fired rungs of *batch* onto the rows; tickets in *new* have none yet."""
        touching = [one for one in batch if one.header.clocks or one.header.kind == "RungFired"]
        if not touching:
            return
        rows: dict[tuple[str, str, str], dict[str, Any]] = {}
        for row in self._rows({one.header.subject.id for one in touching}.difference(new)):
            rows[row["ticket"], row["node"], row["name"]] = row
        touched: set[tuple[str, str, str]] = set()
        for one in touching:
            touched |= _fold_clocks(rows, one)
        upsert_many(self._connection, schema.clocks, [rows[key] for key in sorted(touched)])

    def _rows(self, tickets: Collection[str]) -> Iterator[dict[str, Any]]:
        if len(tickets) == 1:
            (ticket,) = tickets
            yield from (dict(zip(_CLOCKS_OF_ONE.names, row, strict=True)) for row in _CLOCKS_OF_ONE.rows(self._connection, id=ticket))
            return
        for part in _parts(sorted(tickets)):
            yield from (dict(row._mapping) for row in self._connection.execute(_CLOCKS, {"ids": part}))


def _fold_clocks(rows: dict[tuple[str, str, str], dict[str, Any]], one: Folded) -> set[tuple[str, str, str]]:
    """As ``ticket.fold.fold_clocks``, on thin rows: a clock belongs to the node that started it, and a stopped one stays so."""
    head, touched = one.header, set()
    for change in head.clocks:
        key = (head.subject.id, head.node, change.clock)
        former = rows.get(key)
        at = micros(change.since or head.recorded_at)
        due = micros_or_none(change.due_at)
        if change.change is Change.STARTED:
            rows[key] = {
                "ticket": head.subject.id,
                "name": change.clock,
                "node": head.node,
                "owes": change.owes,
                "count": change.limit,
                "unit": change.unit,
                "started_at": at,
                "due_at": due,
                "last_due_at": due,
                "stopped_at": None,
                "is_provisional": change.provisional,
                "fired": "",
            }
        elif former is None or former["stopped_at"] is not None:
            continue
        elif change.change is Change.PAUSED:
            rows[key] = former | {"due_at": None}
        elif change.change is Change.RESUMED:
            if former["due_at"] is None:
                rows[key] = former | {"due_at": due, "last_due_at": due}
        elif change.change is Change.STOPPED:
            rows[key] = former | {"due_at": None, "stopped_at": at}
        else:
            rows[key] = former | {
                # Written where the clock still ran: it stands all the same, until it is resumed.
                "due_at": due if former["due_at"] is not None else None,
                "last_due_at": due if due is not None else former["last_due_at"],
                "count": change.limit,
                "unit": change.unit,
                "is_provisional": change.provisional,
                "owes": change.owes or former["owes"],
                "fired": former["fired"] if due is not None and due == former["due_at"] else "",
            }
        touched.add(key)
    if isinstance(one.event, RungFired):
        key = (head.subject.id, head.node, one.event.clock)
        row = rows.get(key)
        if row is not None and row["started_at"] == micros(one.event.started_at):
            fired = [name for name in row["fired"].split(",") if name]
            if one.event.mark not in fired:
                rows[key] = row | {"fired": ",".join([*fired, one.event.mark])}
                touched.add(key)
    return touched


def _begins(head: Header) -> bool:
    return head.is_opener and head.custody.number == 1 and not head.custody.opener


def _is_move(head: Header) -> bool:
    return head.is_opener and head.custody.number > 1


def ticket_values(row: TicketRow) -> dict[str, Any]:
    """A row as its table keeps it."""
    moments = {name: micros_or_none(getattr(row, name)) for name in _MOMENTS}
    return {**vars(row), **moments, "parties": f",{','.join(sorted(row.parties))},"}


def ticket_row(row: Row[Any]) -> TicketRow:
    """A row as the domain knows it."""
    return _ticket_row(row._mapping)


def _ticket_row(values: Mapping[Any, Any]) -> TicketRow:
    found: dict[str, Any] = {}
    for name in _FIELDS:
        value = values[name]
        if name in _MOMENTS:
            value = instant_or_none(value)
        elif name == "parties":
            value = frozenset(part for part in value.split(",") if part)
        found[name] = value
    return TicketRow(**found)


def clock_values(ticket: Ticket) -> list[dict[str, Any]]:
    """The clock rows of a whole ticket."""
    return [dossier_readings.clock_row(ticket.id, clock) for clock in ticket.clocks.values()]


def ask_values(ticket: Ticket) -> list[dict[str, Any]]:
    """The ask rows of a whole ticket."""
    return [
        {
            "id": ask.id,
            "ticket": ticket.id,
            "kind": ask.kind,
            "node": ask.node,
            "addressee": ask.addressee,
            "asked_at": micros(ask.asked_at),
            "is_answered": ask.is_answered,
        }
        for ask in ticket.asks.values()
    ]


def _ask_row(head: Header) -> dict[str, Any]:
    return {
        "id": head.id,
        "ticket": head.subject.id,
        "kind": head.kind,
        "node": head.node,
        "addressee": head.addressee,
        "asked_at": micros(head.recorded_at),
        "is_answered": False,
    }


def _early_answer(head: Header) -> dict[str, Any]:
    return {
        "id": head.answers,
        "ticket": head.subject.id,
        "kind": "",
        "node": "",
        "addressee": "",
        "asked_at": micros(head.recorded_at),
        "is_answered": True,
    }


def _parts(keys: Sequence[str], size: int = _PART) -> list[Sequence[str]]:
    """Keys in parts that fit one IN list."""
    return [keys[start : start + size] for start in range(0, len(keys), size)]
