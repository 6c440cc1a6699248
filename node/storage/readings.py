"""
Folding entries into readings: the tables that pages, the clock and links ask.

One call folds a batch, own or mirrored, in the transaction that appended it: rows are read with a few statements, changed
in memory and written with a few more.  The usual next version is folded onto the row; anything else refolds the ticket
from its entries.  What cannot be folded is kept and put into quarantine with its reason; everything behind it flows on.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select
from sqlalchemy.exc import DBAPIError

from node.domain.dossier import DossierEvent
from node.domain.entry import Folded, Header, Subject, SubjectKind
from node.domain.organisation import Place
from node.domain.refusal import Code, Refusal
from node.domain.registry import LaneHandled
from node.domain.ticket.fold import fold_ticket, is_clock_read
from node.domain.ticket.row import TicketRow, first_row, fold_row, row_of
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
    waiting,
)
from node.storage.clock_rows import ClockRows
from node.storage.codec import decode_content
from node.storage.database import is_full, micros
from node.storage.journal import Journal, Stored, files_at_hand_max
from node.storage.statements import Prepared, PreparedForMany, delete_of, upsert_many
from node.storage.ticket_rows import (
    ask_row,
    ask_values,
    clock_values,
    early_answer,
    keys_max,
    parts,
    row_of_values,
    ticket_values,
)
from node.storage.waiting import waiting_values

_TICKET = SubjectKind.TICKET.value
_ROWS = PreparedForMany(lambda ids: select(schema.tickets).where(schema.tickets.c.id.in_(ids)))
# A desk's act is about one ticket: what is asked of one alone needs no list.
_ROW = Prepared(select(schema.tickets).where(schema.tickets.c.id == bindparam("id")))
_FIRST = Prepared(
    select(schema.entries.c.taken).where(schema.entries.c.subject_id == bindparam("id")).order_by(schema.entries.c.taken).limit(1)
)
_OLDER = PreparedForMany(
    lambda ids: select(schema.entries.c.subject_id).where(schema.entries.c.subject_id.in_(ids), schema.entries.c.taken < bindparam("taken"))
)
_ASKS = PreparedForMany(lambda ids: select(schema.asks.c.id, schema.asks.c.is_answered).where(schema.asks.c.id.in_(ids)))
_ANSWERED = PreparedForMany(lambda ids: schema.asks.update().where(schema.asks.c.id.in_(ids)).values(is_answered=True))


class _Stumbled(Exception):
    """Something could not be folded; ``reason`` names the fault."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


# The ticket of a file: its entries, those of them that were passed by, and where the nodes stand.
TicketOf = Callable[[Sequence[Stored], frozenset[int], Place], Ticket | None]


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
    """
    Folds batches of one transaction.  *place* is asked anew for each batch: the tree may have grown.  *ticket_of* gives the ticket of a
    file, usually one that is kept.
    """

    def __init__(self, connection: Connection, journal: Journal, place: Callable[[], Place], ticket_of: TicketOf = folds.of) -> None:
        self._connection = connection
        self._ticket_of = ticket_of
        self._journal = journal
        self._place = place
        self._passed_by: frozenset[int] | None = None
        self._whole_tickets: dict[str, tuple[tuple[list[Stored], frozenset[int], Place], Ticket | None]] = {}
        # Whether anything is in quarantine: asked once a transaction, and known once something was set aside.
        self._is_any_set_aside: bool | None = None
        # Whether entries are held behind the batch that do not count yet: of a refold that goes entry by entry.
        self._is_followed = False
        # Of the tickets, and of the dossiers, that were asked for together: those that cannot be read.
        self.unread: set[str] = set()
        self.unread_dossiers: set[str] = set()

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

    def fold_or_leave_out(self, batch: Sequence[Stored]) -> None:
        """Fold *batch*, or where that stumbles its entries one by one, and set aside what does not fold alone."""
        if len(batch) > 1:
            with suppress(_Stumbled), self._taken_back():
                self.fold(batch)
                return
        was, self._is_followed = self._is_followed, True
        for one in batch:
            try:
                with self._taken_back():
                    self.fold([one])
            except _Stumbled as stumbled:
                self.leave_out(one, stumbled.reason)
        self._is_followed = was

    def leave_out(self, one: Stored, reason: str) -> dict[str, Moved]:
        """
        Set aside an entry of which nothing else was written: of a ticket what comes behind it waits.  Says where the ticket stands.
        """
        self._forget()
        self._set_aside(one, reason)
        head = one.header
        if head.subject.kind != _TICKET:
            return {}
        row = self.rows({head.subject.id}).get(head.subject.id)
        return {head.subject.id: Moved(row, row)}

    @contextmanager
    def _taken_back(self) -> Iterator[None]:
        """What stumbles inside leaves nothing behind, and is told as ``_Stumbled``."""
        try:
            with waiting.savepoint(self._connection):
                yield
        except Exception as error:
            self._forget()
            if not lane.would_come_again(error):
                raise
            raise _Stumbled(type(error).__name__) from error

    def _forget(self) -> None:
        """What is known of rows that were taken back."""
        self._passed_by = self._is_any_set_aside = None
        self._whole_tickets.clear()

    def _fold_others(self, batch: Sequence[Stored]) -> None:
        """Fold what is about no ticket."""
        dossiers = [one for one in batch if isinstance(one.content.event, DossierEvent)]
        if dossiers:
            for one in dossier_readings.fold(self._connection, self._journal, dossiers, self._skipped()):
                self._set_aside(one, lane.NOT_ITS_OWN)
        for one in batch:
            if not node_readings.fold(self._connection, self._journal.head.node, one.folded):
                self._set_aside(one, lane.NOT_ITS_OWN)
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
        for start in range(0, len(later), keys_max):
            part = later[start : start + keys_max]
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
        # As they were taken: behind which entry a lane stands must not depend on how many came in one batch.
        for one in sorted((*batch, *again), key=attrgetter("taken")) if again else batch:
            of_ticket.setdefault(one.header.subject.id, []).append(one)
        contested = {one.header.subject.id for one in again}
        begun = {ticket for ticket, entries in of_ticket.items() if self._journal.begins_with(entries[0])}
        before = self.rows(set(of_ticket) - begun)
        unseen = set(of_ticket) - set(before)
        older = self._older(unseen - begun, min(several[0].taken for several in (batch, again) if several))
        # A lane that stands stays so: what comes behind the entry that does not fold waits with it (FEDERATION 2.3 no. 15).
        stopped = self._stopped(set(before) | older)
        for ticket in stopped:
            self._stop(of_ticket[ticket], lane.WAITS)
        may_go_on = [
            ticket
            for ticket in sorted(stopped)
            if ticket in contested or any(_reaches_back(one.header, before.get(ticket)) for one in of_ticket[ticket])
        ]
        for ticket in lane.tried_out(self._connection, set(of_ticket) - stopped):
            self._stop(of_ticket[ticket], lane.TRANSIENT)
            stopped.add(ticket)
        lanes = {ticket: entries for ticket, entries in of_ticket.items() if ticket not in stopped}
        new = unseen - older - contested
        if len(of_ticket) == 1 and new and not self._is_followed:
            self._journal.begin_file(batch)
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
        rows |= {ticket.id: row_of(ticket) for ticket in map(self._refold, may_go_on) if ticket is not None}
        return {ticket: Moved(before.get(ticket), rows.get(ticket), ticket in new) for ticket in of_ticket}

    def _stopped(self, tickets: set[str]) -> set[str]:
        """Those of *tickets* of which an entry could not be folded."""
        table = schema.quarantine
        if not tickets or not self._may_be_set_aside():
            return set()
        found: set[str] = set()
        for part in parts(sorted(tickets)):
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
            first = _FIRST.written(self._connection, id=ticket)
            if first and first[0][0] < taken:
                return set(tickets)
            waiting = waiting_values(self._connection, schema.entries, ("subject_id", "taken"))
            return set(tickets) if any(subject == ticket and at < taken for subject, at in waiting) else set()
        return {ticket for (ticket,) in _OLDER.rows(self._connection, sorted(tickets), taken=taken)}

    def _fold_plainly(self, entries: Sequence[Stored], rows: dict[str, TicketRow | None], is_new: bool) -> Sequence[Stored] | None:
        """
        Fold the entries of one ticket onto its row, if it is new from its first one on, and give them; None if the whole must be folded
        anew.
        """
        ticket = entries[0].header.subject.id
        row = rows.get(ticket)
        for one in entries:
            if not all(is_clock_read(change) for change in one.header.clocks):
                return None  # nobody can fold it, so it must not stand in a row either
            try:
                if row is None and is_new and _begins(one.header):
                    after: TicketRow | None = first_row(one.folded)
                else:
                    # A move of custody touches asks and clocks of both sides: rare enough to fold the whole ticket.
                    after = None if _is_move(one.header) else fold_row(row, one.folded)
            except Exception as error:  # broken content must not stop what is about other tickets (FEDERATION 2.3 no. 15)
                self._need_lasting(ticket, error)
                return None
            if after is None:
                return None
            row = after
        rows[ticket] = row
        return entries

    def _whole(self, entries: Sequence[Stored], is_new: bool) -> Ticket | None:
        """
        The whole ticket after *entries*, or after the longest beginning of them that folds; None if its first entry is missing, or
        nothing changed.
        """
        subject = entries[0].header.subject
        try:
            if is_new:
                return fold_ticket((one.folded for one in entries), self._place().rank)
            return self._ticket_up_to(entries[-1]) if self._is_followed else self.ticket(subject.id)
        except Exception as error:
            self._need_lasting(subject.id, error)
        earlier = [] if is_new else [one for one in self._journal.of_subject(subject) if one.taken < entries[0].taken]
        return self._as_far_as_it_goes([*earlier, *entries], len(earlier))

    def _ticket_up_to(self, last: Stored) -> Ticket | None:
        upto = [one for one in self._journal.of_subject(last.header.subject) if one.taken <= last.taken]
        return self._ticket_of(upto, self._skipped(), self._place())

    def _as_far_as_it_goes(self, entries: Sequence[Stored], folded: int) -> Ticket | None:
        """
        The longest beginning of *entries* that folds, beyond the first *folded*; the rest is set aside.  None if there is none.

        The longest, and not the first that stumbles: what comes later (an override from above) may put aside what does not fold, and
        the readings have to follow from the entries alone, in however many batches they came.
        """
        counting, reason = [self._as_it_counts(one) for one in entries], ""
        for size in range(len(entries), folded, -1):
            try:
                ticket = fold_ticket(counting[:size], self._place().rank)
            except Exception as error:
                self._need_lasting(entries[0].header.subject.id, error)
                reason = type(error).__name__
            else:
                if size < len(entries):
                    self._stop(entries[size:], reason)
                return ticket
        self._stop(entries[folded:], reason)
        return None

    def ticket(self, ticket_id: str) -> Ticket | None:
        """The whole ticket, folded from every entry about it; None if its first entry is not here."""
        stored = self._journal.of_subject(Subject(_TICKET, ticket_id))
        if not stored:
            return None
        known, wanted = self._whole_tickets.get(ticket_id), (stored, self._skipped(), self._place())
        # One transaction asks for a ticket again and again; its entries are then the very same values.
        if known is None or known[0] != wanted:
            if len(self._whole_tickets) >= files_at_hand_max:
                self._whole_tickets.clear()
            known = self._whole_tickets[ticket_id] = wanted, self._ticket_of(*wanted)
        return known[1]

    def tickets(self, ids: Iterable[str]) -> dict[str, Ticket]:
        """
        As ``ticket`` of each of *ids*, their entries read together; without those that cannot be read.

        A list of many is not refused for one: what is damaged, or has no first entry here, is noted in ``unread``, for the page to name.
        """
        wanted, found = list(dict.fromkeys(ids)), dict[str, Ticket]()
        self._journal.bring(_TICKET, wanted)
        for id in wanted:
            ticket = self.readable(id)
            if ticket is not None:
                found[id] = ticket
            else:
                self.unread.add(id)
        return found

    def dossiers(self, kind: SubjectKind, ids: Iterable[str]) -> list[Any]:
        """
        The whole dossiers *ids* of *kind*, in that order, their entries read together.  Those of which an entry is damaged are not among
        them and are noted in ``unread_dossiers``, as tickets are in ``unread``.
        """
        wanted, found = list(dict.fromkeys(ids)), []
        self._journal.bring(kind.value, wanted)
        for id in wanted:
            dossier = dossier_readings.readable_dossier(self._journal, Subject(kind.value, id))
            if dossier is not None:
                found.append(dossier)
            else:
                self.unread_dossiers.add(id)
        return found

    def readable(self, ticket_id: str) -> Ticket | None:
        """
        As ``ticket``; None as well if an entry of it is damaged, or does not fold and was set aside: for who must not stand still for
        one of many.
        """
        try:
            return self.ticket(ticket_id)
        except Refusal as refusal:
            if refusal.code is not Code.MALFORMED_ENTRY:
                raise
            return None
        except Exception as error:
            if lane.may_pass(error) or not self.is_set_aside(ticket_id):
                raise
            return None

    # --- lanes that stand ---------------------------------------------------------------------------------------------

    def _need_lasting(self, ticket: str, error: Exception) -> None:
        """
        Let what may pass fail the whole batch, which is taken again: a lane is not set aside for it.  Nor for what the database says
        of rows: those that waited to be written may be another ticket's, and a full disk is nobody's.
        """
        if lane.may_pass(error) and not is_full(error):
            lane.note_try(self._connection, ticket)
        if lane.may_pass(error) or isinstance(error, DBAPIError):
            raise error

    def _as_it_counts(self, one: Stored) -> Folded:
        """What an operator had passed by counts like a kind that is not known: its header alone."""
        return folds.as_it_counts(one, self._skipped())

    def _skipped(self) -> frozenset[int]:
        if self._passed_by is None:
            self._passed_by = lane.skipped(self._connection) if self._may_be_set_aside() else frozenset()
        return self._passed_by

    def _follow_operator(self, one: Stored, event: LaneHandled) -> None:
        """What an operator did about a lane: here it takes effect; that he asks for help is noted by him and above him, until it runs."""
        table, entries = schema.quarantine, schema.entries
        its = table.c.subject_id == event.ticket
        if event.act == lane.REPORTED:
            self._set_aside(one, lane.REPORTED, event.ticket)
        else:
            by = select(entries.c.node).where(entries.c.taken == table.c.taken).scalar_subquery()
            self._connection.execute(delete(table).where(its, table.c.reason == lane.REPORTED, by == one.header.node))
        if one.header.node != self._journal.head.node:
            return
        if event.act == lane.SKIPPED:
            spot = (entries.c.node == event.node, entries.c.epoch == event.epoch, entries.c.seq == event.seq)
            taken = select(entries.c.taken).where(*spot).scalar_subquery()
            self._connection.execute(table.update().where(table.c.taken == taken).values(reason=lane.SKIPPED))
            self._passed_by = None
        if event.act != lane.REPORTED:
            lane.forget_tries(self._connection, event.ticket)
            self._refold(event.ticket)
            self._fold_again(event.ticket)

    def _fold_again(self, subject: str) -> None:
        """Fold what was set aside of a subject that is no ticket once more, entry by entry: it has no lane."""
        table, entries = schema.quarantine, schema.entries
        its = (table.c.subject_id == subject, entries.c.subject_kind != _TICKET, *lane.stops())
        query = select(entries.c.taken, entries.c.content, entries.c.leaf).join(table, table.c.taken == entries.c.taken).where(*its)
        rows = self._connection.execute(query.order_by(entries.c.taken)).all()
        self._connection.execute(delete(table).where(table.c.taken.in_([row.taken for row in rows])))
        for row in rows:
            self.fold_or_leave_out([Stored.of(row.taken, decode_content(bytes(row.content)), bytes(row.leaf))])

    def _refold(self, ticket_id: str) -> Ticket | None:
        """Fold a lane that stands once more, as far as it goes; what does not fold is set aside again."""
        stored = self._journal.of_subject(Subject(SubjectKind.TICKET.value, ticket_id))
        if not stored:
            return None
        table = schema.quarantine
        self._connection.execute(delete(table).where(table.c.subject_id == ticket_id, *lane.stops()))
        ticket = self._as_far_as_it_goes(stored, 0)
        if ticket is not None:
            self._write_wholes([ticket], [ticket.id])
            upsert_many(self._connection, schema.tickets, [ticket_values(row_of(ticket))])
        return ticket

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
            return {} if values is None else {ticket: row_of_values(dict(zip(_ROW.names, values, strict=True)))}
        found = (row_of_values(dict(zip(_ROW.names, values, strict=True))) for values in _ROWS.rows(self._connection, sorted(tickets)))
        return {row.id: row for row in found}

    def _fold_asks(self, batch: Sequence[Stored]) -> None:
        new, answered = [], []
        for one in batch:
            head, event = one.header, one.content.event
            if event is not None and event.asks:
                new.append(ask_row(head))
            if head.answers:
                answered.append(head.answers)
        if not new and not answered:
            return
        table = schema.asks
        if new:
            known = dict(_ASKS.rows(self._connection, [row["id"] for row in new]))
            for row in new:
                row["is_answered"] = known.get(str(row["id"]), False)
            upsert_many(self._connection, table, new)
        if answered:
            known_ids = {id for id, _ in _ASKS.rows(self._connection, answered)}
            _ANSWERED.run(self._connection, answered)
            # The answer came first: remember it for the ask.
            early = [early_answer(one.header) for one in batch if one.header.answers and one.header.answers not in known_ids]
            upsert_many(self._connection, table, early)

    def _stop(self, entries: Sequence[Stored], reason: str) -> None:
        """Set the first of *entries* aside for *reason*, and what waits behind it."""
        for place, one in enumerate(entries):
            self._set_aside(one, lane.WAITS if place else reason)

    def _set_aside(self, one: Stored, reason: str, subject: str = "") -> None:
        row = {"taken": one.taken, "subject_id": subject or one.header.subject.id, "reason": reason, "at": micros(one.header.recorded_at)}
        upsert_many(self._connection, schema.quarantine, [row])
        self._is_any_set_aside = True


def _begins(head: Header) -> bool:
    return head.is_opener and head.custody.number == 1 and not head.custody.opener


def _is_move(head: Header) -> bool:
    return head.is_opener and head.custody.number > 1


def _reaches_back(head: Header, row: TicketRow | None) -> bool:
    """True if a lane that stands behind *row* may go on by it: it opens a custody number, or takes a place that is taken."""
    return head.is_line and (row is None or head.is_opener or (head.custody.number, head.version) <= (row.custody, row.version + 1))
