"""
Readings of dossiers: one thin row each, and their clocks among those of the tickets, by the dossier's id.

A dossier is folded whole from its entries whenever one is added: there are few, and each is short.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, delete

from node.domain.dossier import Dossier, DossierEvent, fold_dossier
from node.domain.enterprise.record import Enterprise
from node.domain.entry import Subject, SubjectKind
from node.domain.refusal import Code, Refusal
from node.domain.ticket import records as r
from node.storage import enterprise_readings, folds, lane, schema
from node.storage.database import micros, micros_or_none
from node.storage.journal import Journal, Stored
from node.storage.statements import upsert_many

# What a word of a dossier is: who has a part in it, or a ticket that it is about.
PARTY, ABOUT = "party", "about"


def fold(connection: Connection, journal: Journal, batch: Sequence[Stored], skipped: frozenset[int] = frozenset()) -> list[Stored]:
    """
    Fold the entries of dossiers in *batch*; the answer are those that their writer may not write.

    What stands behind the batch does not count yet; of *skipped* (``taken``) the headers alone do.
    """
    of_subject: dict[Subject, list[Stored]] = {}
    for one in batch:
        of_subject.setdefault(one.header.subject, []).append(one)
    dossiers: list[Dossier] = []
    changed: list[str] = []
    refused: list[Stored] = []
    for subject, entries in of_subject.items():
        first = entries[0]
        # What this node opens itself is new; of another node's dossier something may have come before what opens it.
        is_new = isinstance(first.content.event, DossierEvent) and first.content.event.begins and first.header.node == journal.head.node
        known = entries if is_new else [one for one in journal.of_subject(subject) if one.taken <= entries[-1].taken]
        dossier = fold_dossier(folds.as_it_counts(one, skipped) for one in known)
        if dossier is None:
            continue  # what opens it comes later, and folds it whole
        dossiers.append(dossier)
        if not is_new:
            changed.append(dossier.id)
        refused += [one for one in entries if not _may_write(one, dossier)]
    upsert_many(connection, schema.dossiers, [values(one) for one in dossiers])
    if changed:
        connection.execute(delete(schema.dossier_words).where(schema.dossier_words.c.dossier.in_(changed)))
    upsert_many(connection, schema.dossier_words, [row for one in dossiers for row in _words(one)])
    enterprise_readings.write(connection, [one for one in dossiers if isinstance(one, Enterprise)])
    with_clocks = [one for one in dossiers if one.clocks]
    if with_clocks:
        connection.execute(delete(schema.clocks).where(schema.clocks.c.ticket.in_([one.id for one in with_clocks])))
        upsert_many(connection, schema.clocks, [clock_row(one.id, clock) for one in with_clocks for clock in one.clocks.values()])
    return refused


def _may_write(one: Stored, dossier: Dossier) -> bool:
    event = one.content.event
    if one.header.subject.kind != dossier.kind.value:
        return False
    return one.header.node == dossier.owner or (isinstance(event, DossierEvent) and event.is_side)


def dossier_of(journal: Journal, subject: Subject) -> Any:
    """
    The whole dossier, folded from every entry about it that is held here; None if there is none.

    Raises:
        Refusal: LANE_SET_ASIDE, if an entry of it was set aside because it does not fold (FEDERATION 2.3 no. 15).
    """
    entries = journal.of_subject(subject)
    try:
        return fold_dossier(one.folded for one in entries)
    except Exception as error:
        if not lane.would_come_again(error):
            raise
        skipped = lane.skipped(journal.connection).intersection([one.taken for one in entries])
        if lane.is_set_aside(journal.connection, subject.id):
            raise Refusal(Code.LANE_SET_ASIDE, ticket=subject.id) from error
        if not skipped:
            raise
        return fold_dossier(folds.as_it_counts(one, skipped) for one in entries)


def readable_dossier(journal: Journal, subject: Subject) -> Any:
    """As ``dossier_of``; None as well if an entry of it is damaged or was set aside: for who must not stand still for one of many."""
    try:
        return dossier_of(journal, subject)
    except Refusal as refusal:
        if refusal.code not in (Code.MALFORMED_ENTRY, Code.LANE_SET_ASIDE):
            raise
        return None


def values(dossier: Dossier) -> dict[str, Any]:
    """The row of a dossier."""
    return {
        "id": dossier.id,
        "kind": dossier.kind.value,
        "owner": dossier.owner,
        "state": dossier.state,
        "version": dossier.version,
        "key": dossier.key,
        "parties": f",{','.join(sorted(dossier.parties))},",
        "about": f",{','.join(sorted(dossier.about))},",
        "opened_at": micros(dossier.opened_at),
        "changed_at": micros(dossier.changed_at),
    }


def _words(dossier: Dossier) -> Iterator[dict[str, str]]:
    """The rows of its words; what a paper is about stands in its own row alone."""
    named = {PARTY: dossier.parties, ABOUT: () if dossier.kind is SubjectKind.PAPER else dossier.about}
    for name, words in named.items():
        yield from ({"dossier": dossier.id, "name": name, "word": word, "kind": dossier.kind.value} for word in sorted(set(words) - {""}))


def clock_row(subject: str, clock: r.Clock) -> dict[str, Any]:
    """The row of one clock of a ticket or a dossier."""
    return {
        "ticket": subject,
        "name": clock.name,
        "node": clock.node,
        "owes": clock.owes,
        "count": clock.limit.count,
        "unit": clock.limit.unit.value,
        "started_at": micros(clock.started_at),
        "due_at": micros_or_none(clock.due_at),
        "last_due_at": micros_or_none(clock.last_due_at),
        "stopped_at": micros_or_none(clock.stopped_at),
        "is_provisional": clock.is_provisional,
        "fired": ",".join(clock.fired),
        "calendar": clock.calendar,
    }
