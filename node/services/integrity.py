"""
Looking for damage below the journal (FEDERATION 2.3 no. 20): when a node begins to serve, and every night.

Pages that do not hold together: the node does not serve, or writes no more, until it was restored; its superior has its journal.  Readings
that are not what the entries say are folded anew, since they are made of nothing else.
"""

from dataclasses import dataclass

import structlog
from sqlalchemy import func, select

from node.domain.refusal import Code, Refusal
from node.services import rebuild
from node.storage import schema
from node.storage.integrity import page_faults
from node.storage.unit_of_work import Store

log = structlog.get_logger()

# Why a node writes nothing: its pages are damaged.
HELD_PAGES = "pages"
# Readings of more entries than these are not compared every night: it would hold up the morning.
compared_entries_max = 200_000


@dataclass(frozen=True)
class Looked:
    """What a look found: faults of pages, and how many rows of the readings were not what the entries say and were made anew."""

    pages: tuple[str, ...]
    refolded: int = 0


def need_whole_pages(store: Store) -> None:
    """
    Look before a node serves; a hold for damaged pages begins here, too, and ends here, when they are whole again.

    Raises:
        Refusal: DATABASE_DAMAGED.
    """
    faults = page_faults(store.database, whole=False)
    if faults:
        # A node that does not serve is still written to by verbs: what they registered would be gone with the pages.
        _hold(store)
        raise Refusal(Code.DATABASE_DAMAGED, fault=faults[0])
    with store.read() as view:
        if view.head.held != HELD_PAGES:
            return
    with store.write() as work:
        work.head.held = ""


def look(store: Store) -> Looked:
    """The night's look: pages with their indexes, then the readings."""
    faults = tuple(page_faults(store.database, whole=True))
    if faults:
        log.error("database damaged", faults=faults)
        _hold(store)
        return Looked(faults)
    with store.read() as view:
        entries = view.connection.execute(select(func.count()).select_from(schema.entries)).scalar_one()
    if entries > compared_entries_max:
        return Looked(())
    found = rebuild.check(store)
    if not found.agrees:
        log.error("readings folded anew", differences=len(found.differences), tables=sorted({one.table for one in found.differences}))
        rebuild.rebuild(store)
    return Looked((), len(found.differences))


def _hold(store: Store) -> None:
    try:
        with store.write() as work:
            work.head.held = work.head.held or HELD_PAGES
    except Exception as error:  # the damage may be where this is written: it then shows at the next start
        log.error("hold not written", error=type(error).__name__)
