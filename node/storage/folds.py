"""
Whole tickets that were folded, kept by what they follow from.

A ticket follows from its entries, from those that an operator had passed by, and from how high the nodes stand that they name
(``domain.ticket.fold``).  By just that it is kept here: nothing has to be forgotten when something happens, and nothing is known
of heads or positions (DESIGN 13).  A file that has grown is folded on from the ticket that it was, where that is plainly the same.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence

from node.domain.entry import Folded
from node.domain.organisation import Place
from node.domain.ticket.fold import as_far_as_read, evolve, fold_ticket, goes_on
from node.domain.ticket.ticket import Ticket
from node.domain.values import changed
from node.storage.codec import Content
from node.storage.journal import Stored

tickets_kept_max = 512
# How many entries back a ticket is looked for that a file is folded on from: an act appends one or two, a batch a few.
folded_on_max = 4

# Its entries, in the order in which they were taken; which of them were passed by; how high each node stands.
_Key = tuple[tuple[Content, ...], frozenset[int], tuple[tuple[str, int], ...]]

_kept: OrderedDict[_Key, Ticket | None] = OrderedDict()
_lock = threading.Lock()


def of(stored: Sequence[Stored], skipped: frozenset[int], place: Place) -> Ticket | None:
    """The ticket of the entries *stored*; *skipped* (``taken``) count by their headers alone.  None while its first is missing."""
    key = _key(stored, skipped, place)
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    ticket = _folded_on(stored, skipped, place) or anew(stored, skipped, place)
    with _lock:
        _kept[key] = ticket
        if len(_kept) > tickets_kept_max:
            _kept.popitem(last=False)
    return ticket


def anew(stored: Sequence[Stored], skipped: frozenset[int], place: Place) -> Ticket | None:
    """As ``of``, whatever is kept: a rebuild compares with what was folded on, and by it."""
    return fold_ticket([as_it_counts(one, skipped) for one in stored], place.rank)


def _folded_on(stored: Sequence[Stored], skipped: frozenset[int], place: Place) -> Ticket | None:
    """
    The ticket of *stored* from that of fewer of them; None where none is kept, or where it does not plainly follow from it.

    Nor does it where an entry between does not fold: what comes behind that (an override from above) may leave it without effect.
    """
    if skipped:
        return None
    for size in range(len(stored) - 1, max(0, len(stored) - 1 - folded_on_max), -1):
        with _lock:
            ticket = _kept.get(_key(stored[:size], skipped, place))
        if ticket is None:
            continue
        for behind in range(size, len(stored)):
            entry = stored[behind].folded
            if not goes_on([one.folded for one in stored[:behind]], ticket, entry, place.rank):
                return None
            try:
                ticket = evolve(ticket, entry)
            except Exception:
                return None  # the whole says whether it matters
        return ticket
    return None


def as_it_counts(one: Stored, skipped: frozenset[int]) -> Folded:
    """What an operator had passed by counts like a kind that is not known: its header alone, as far as that can be read."""
    return changed(one.folded, event=None, header=as_far_as_read(one.header)) if one.taken in skipped else one.folded


def _key(stored: Sequence[Stored], skipped: frozenset[int], place: Place) -> _Key:
    nodes = {node for one in stored for node in (one.header.node, one.header.custody.holder, one.header.addressee)}
    contents = tuple([one.content for one in stored])
    passed_by = frozenset([at for at, one in enumerate(stored) if one.taken in skipped]) if skipped else skipped
    return contents, passed_by, tuple([(node, place.rank(node)) for node in sorted(nodes)])
