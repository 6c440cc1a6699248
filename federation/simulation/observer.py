"""
What a bystander with eyes on every disk sees: each commit, as it happens.

It keeps what every node ever made durable, so that the invariants of FEDERATION 2.6 which speak of the run and not of its end are
looked at when they could break: after each commit, before anything else happens.  A restore is the one event by which a node
forgets; the observer then forgets with it, and remembers what was lost.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from federation.simulation.world import TREE, Node
from node.domain.entry import Header
from node.domain.merkle import leaf_hash
from node.domain.ticket.fold import FREEZING, OVERRIDING
from node.storage.codec import decode_content, moved_content

if TYPE_CHECKING:
    from federation.simulation.simulation import Simulation

Spot = tuple[str, int, int]

_DONE = frozenset({"completed", "closed", "archived"})
# By these a ticket that was done is open again, each a line entry that everybody sees.
REOPENING = frozenset({"Reworked", "RecheckOpened", "RecheckDecided", "FindingExecuted", "CustodyOverridden", "DecidedAbove", "Completed"})
_ENTRIES = (
    "SELECT taken, node, epoch, seq, leaf, from_above, kind, subject_kind, subject_id, cause, id,"
    " CASE WHEN subject_kind = 'ticket' AND node = ? THEN content END FROM entries WHERE taken > ? ORDER BY taken"
)
# The epoch of a node that another one takes from it just now.
_TAKES = (
    "SELECT coalesce((SELECT max(epoch) FROM streams WHERE node = ?), 1) FROM nodes JOIN links ON links.peer = nodes.code"
    " WHERE nodes.code = ? AND nodes.superior = ? AND nodes.status = 'active' AND nodes.leaving = ''"
    " AND links.side = 'subordinate' AND links.status = 'active'"
)


@dataclass
class Seen:
    """What one node has durable, as far as the observer keeps it."""

    taken: int = 0
    epoch: int = 0
    held: dict[Spot, bytes] = field(default_factory=dict)
    places: dict[int, Spot] = field(default_factory=dict)
    from_above: set[int] = field(default_factory=set)
    sizes: dict[tuple[str, int], int] = field(default_factory=dict)
    epochs: dict[str, int] = field(default_factory=dict)
    causes: dict[tuple[int, str], int] = field(default_factory=dict)
    ids: dict[str, Spot] = field(default_factory=dict)
    custody: dict[str, int] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    # Openers under which this node asked another level, and so wrote its last line entry.
    frozen: set[str] = field(default_factory=set)
    acked: int = 0
    downs: dict[str, tuple[int, int]] = field(default_factory=dict)
    down_acked: dict[str, tuple[int, int]] = field(default_factory=dict)
    restored_at: float = -1.0
    restores: int = 0
    # What it held in its former lives.
    held_before: dict[Spot, bytes] = field(default_factory=dict)
    # Ids of own entries that a restore or a new epoch took away and that have not come back, with the place they had.
    lost: dict[str, tuple[Spot, bytes]] = field(default_factory=dict)


class Observer:
    """Watches the nodes of one simulation."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self.seen = {code: Seen() for code in TREE}
        # Of every place of a stream, what anybody but its writer ever held there.
        self.ledger: dict[Spot, set[bytes]] = {}
        # Every opener that was ever durable: who it gave the ticket to.
        self.openers: dict[str, str] = {}
        self.overridden: set[str] = set()
        # Tickets of which a superior that was left had told something, and lost it: nobody can give it back to that one.
        self.forgotten: set[str] = set()
        self._commits = 0
        for node in simulation.nodes.values():
            self._take(node, is_watched=False)

    def is_suspect(self, code: str) -> bool:
        """True if somebody was told what the node lost: entries that it has not got back."""
        return any(leaf in self.ledger.get(spot, ()) for spot, leaf in self.seen[code].lost.values())

    def committed(self, node: Node) -> None:
        """A transaction of *node* is durable."""
        self._take(node, is_watched=True)

    def restored(self, node: Node) -> None:
        """The node's database is a former one."""
        former = self.seen[node.code]
        self.seen[node.code] = self._anew(former)
        self._take(node, is_watched=False)
        self._keep_lost(node.code, former)

    def _anew(self, former: Seen) -> Seen:
        before = former.held_before | former.held
        return Seen(restored_at=self._simulation.schedule.seconds, restores=former.restores + 1, held_before=before)

    def _keep_lost(self, code: str, former: Seen) -> None:
        """What the node wrote and has not any more."""
        fresh = self.seen[code]
        own = {id: (spot, former.held[spot]) for id, spot in former.ids.items()}
        fresh.lost = {id: place for id, place in {**former.lost, **own}.items() if id not in fresh.ids}

    def _take(self, node: Node, *, is_watched: bool) -> None:
        self._commits += 1
        seen = self.seen[node.code]
        former = None
        epoch = node.value("SELECT epoch FROM heads")
        if epoch != seen.epoch and seen.taken:
            # The node gave up a branch of its own and took back what is held above (2.3 no. 7): it is looked at anew.
            former = seen
            seen = self.seen[node.code] = self._anew(former)
            is_watched = False
        seen.epoch = epoch
        rows = node.rows(_ENTRIES, node.code, seen.taken)
        touched: dict[str, set[str]] = {}
        for row in rows:
            self._entry(node, seen, row, is_watched=is_watched)
            if row[7] == "ticket":
                touched.setdefault(row[8], set()).add(row[6])
        self._streams(node, seen)
        self._links(node, seen, is_watched=is_watched)
        if former is not None:
            self._keep_lost(node.code, former)
        if any(row[7] == "node" for row in rows):
            self._check_superiors()
        for ticket, kinds in touched.items():
            self._ticket(node, seen, ticket, kinds, is_watched=is_watched)

    # --- entries and streams ----------------------------------------------------------------------------------------------

    def _entry(self, node: Node, seen: Seen, row: tuple[Any, ...], *, is_watched: bool) -> None:
        taken, writer, epoch, seq, leaf, from_above, kind, _, subject, cause, id, content = row
        spot, leaf = (writer, epoch, seq), bytes(leaf)
        former = seen.held.get(spot)
        if former is not None and former != leaf:
            gone = _gave_way(node, spot, former, max(at for at, known in seen.places.items() if known == spot))
            if gone is None:
                self._simulation.violate("I13", f"{node.code} took two entries under {_name(spot)}")
            elif _has_left(node, writer) or writer not in node.line:
                self.forgotten.add(gone.subject.id)
        if epoch < seen.epochs.get(writer, 1) and not from_above and writer != node.code:
            self._simulation.violate("I14", f"{node.code} took {_name(spot)} though epoch {seen.epochs[writer]} had begun")
        seen.held[spot], seen.places[taken], seen.taken = leaf, spot, taken
        seen.epochs[writer] = max(epoch, seen.epochs.get(writer, 1))
        if from_above:
            seen.from_above.add(taken)
        if writer != node.code:
            self.ledger.setdefault(spot, set()).add(leaf)
            return
        seen.ids[id] = spot
        was = seen.lost.pop(id, None) or self._written_by_a_clone(node.code, id, spot)
        if was is not None and content is not None and leaf_hash(moved_content(bytes(content), *was[0][1:])) != was[1]:
            self._simulation.violate("I11", f"{node.code} wrote {_name(was[0])} again as {_name(spot)}, and says something else")
        # What was lost and is given back may have been done once more meanwhile: both are kept, and fold as one.
        if cause and was is None:
            first = seen.causes.setdefault((epoch, cause), self._commits)
            if first != self._commits and is_watched:
                self._simulation.violate("I05", f"{node.code} carried out {cause} twice: {_name(spot)} {kind} {subject}")
        if content is not None:
            self._own_ticket_entry(node, seen, decode_content(bytes(content)).header, is_watched=is_watched, is_back=was is not None)

    def _own_ticket_entry(self, node: Node, seen: Seen, head: Header, *, is_watched: bool, is_back: bool) -> None:
        if head.kind == OVERRIDING:
            self.overridden.add(head.subject.id)
        if head.is_opener:
            self.openers[head.id] = head.custody.holder
        elif head.is_line and is_watched and head.subject.id not in self._simulation.poisoned:
            holder = self.openers.get(head.custody.opener) or self._opened_by_a_clone(node, head.custody.opener)
            if holder != node.code:
                self._simulation.violate(
                    "I17", f"{node.code} wrote {head.kind} of {head.subject.id} under a number of {holder or 'nobody'}"
                )
            elif head.custody.opener in seen.frozen and not is_back:
                # What is back was looked at in the life in which it was written.  Beside what was asked in this one it is a clash, which
                # the node has to tell (I18), and every party says the same of the ticket (I16).
                self._simulation.violate("I17", f"{node.code} wrote {head.kind} of {head.subject.id} while it was asked of another")
        if head.kind in FREEZING:
            seen.frozen.add(head.custody.opener or head.id)

    def _written_by_a_clone(self, code: str, id: str, spot: Spot) -> tuple[Spot, bytes] | None:
        """Where a second copy of the node wrote the entry *id* that stands at *spot* now, as others took it, with its leaf."""
        if code in self._simulation.cloned:
            for node in self._simulation.nodes.values():
                for epoch, seq, leaf in node.rows("SELECT epoch, seq, leaf FROM entries WHERE id = ? AND node = ?", id, code):
                    if (code, epoch, seq) != spot:
                        return (code, epoch, seq), bytes(leaf)
        return None

    def _opened_by_a_clone(self, node: Node, opener: str) -> str:
        """Whom *opener* names, which a second copy of a node wrote: its commits are not looked at, what others took of it is."""
        for writer, content in node.rows("SELECT node, content FROM entries WHERE id = ?", opener):
            if writer in self._simulation.cloned:
                self.openers[opener] = decode_content(bytes(content)).header.custody.holder
        return self.openers.get(opener, "")

    def _streams(self, node: Node, seen: Seen) -> None:
        for writer, epoch, size in node.rows("SELECT node, epoch, size FROM streams"):
            former = seen.sizes.get((writer, epoch), 0)
            if size < former:
                self._simulation.violate("I03", f"{node.code} holds {size} entries of {writer}/{epoch}, and held {former}")
            seen.sizes[writer, epoch] = size

    # --- links ------------------------------------------------------------------------------------------------------------

    def _links(self, node: Node, seen: Seen, *, is_watched: bool) -> None:
        rows = node.rows("SELECT peer, side, acked, down_epoch, down_size, down_acked FROM links")
        for peer, side, acked, down_epoch, down_size, down_acked in rows:
            former_epoch, former_size = seen.downs.get(peer, (0, 0))
            if is_watched and (down_epoch < former_epoch or (down_epoch == former_epoch and down_size < former_size)):
                was, now = f"{former_epoch}/{former_size}", f"{down_epoch}/{down_size}"
                self._simulation.violate("I11", f"{node.code}: the down stream of {peer} went back from {was} to {now}")
            seen.downs[peer] = (down_epoch, down_size)
            if side == "superior":
                if is_watched and acked > seen.acked:
                    self._check_ack(node, seen, peer, seen.acked, acked)
                seen.acked = acked
            else:
                former_ack = seen.down_acked.get(peer, (0, 0))
                if is_watched and down_acked and (down_epoch, down_acked) > former_ack:
                    self._check_down_ack(node, peer, down_epoch, down_acked)
                seen.down_acked[peer] = (down_epoch, down_acked)

    def _check_ack(self, node: Node, seen: Seen, peer: str, after: int, upto: int) -> None:
        above, process = self.seen[peer], self._simulation.processes.get(node.code)
        # It may write down later what it was told before the other was restored; from the next greeting on it knows.
        is_told_before = process is not None and above.restored_at >= process.greeted_at
        for taken in range(after + 1, upto + 1):
            spot = seen.places.get(taken)
            if spot is not None and any(self._has_left(at, spot[0], node.code) for at in (peer, node.code)):
                # What its former superior still brings of it is passed by; and one that knows that it was left brings nothing of it,
                # also to a superior that was restored from before: the new superior holds all of that, and the node itself (2.7).
                continue
            if spot is None or taken in seen.from_above or above.held.get(spot) == seen.held[spot]:
                continue
            if not (is_told_before and above.held_before.get(spot) == seen.held[spot]):
                self._simulation.violate("I02", f"{node.code} counts {_name(spot)} as held by {peer}, which does not hold it")
                return

    def _has_left(self, at: str, code: str, superior: str) -> bool:
        """True if the registry at *at* says that *code* has left *superior*, or is just leaving it."""
        rows = self._simulation.nodes[at].rows("SELECT former, leaving, superior FROM nodes WHERE code = ?", code)
        return any(superior in former.split(",") or (leaving and above == superior) for former, leaving, above in rows)

    def _check_down_ack(self, node: Node, peer: str, epoch: int, size: int) -> None:
        applied, child = self.seen[peer].downs.get(node.code, (0, 0)), self.seen[peer]
        if child.restores == 0 and peer not in self._simulation.cloned and (epoch, size) > applied:
            self._simulation.violate(
                "I11", f"{node.code} counts {epoch}/{size} as applied by {peer}, which applied {applied[0]}/{applied[1]}"
            )

    def _check_superiors(self) -> None:
        nodes = self._simulation.nodes
        for county in nodes:
            takes: dict[int, str] = {}
            for code, node in nodes.items():
                epoch = node.value(_TAKES, county, county, code)
                if epoch is not None and takes.setdefault(epoch, code) != code:
                    self._simulation.violate("I23", f"{takes[epoch]} and {code} both take epoch {epoch} of {county}")

    # --- tickets ----------------------------------------------------------------------------------------------------------

    def _ticket(self, node: Node, seen: Seen, ticket: str, kinds: Iterable[str], *, is_watched: bool) -> None:
        row = node.rows("SELECT custody, state, origin FROM tickets WHERE id = ?", ticket)
        if not row or ticket in self._simulation.poisoned:
            return
        custody, state, origin = row[0]
        # An override follows what the higher node knew: what was handed on meanwhile is void, and so are its numbers (2.5).
        is_told_anew = OVERRIDING in kinds or ticket in self.forgotten
        if is_watched and custody < seen.custody.get(ticket, 0) and not is_told_anew:
            self._simulation.violate("I16", f"{node.code}: the custody number of {ticket} went back to {custody}")
        if is_watched and origin == node.code and seen.states.get(ticket, "") in _DONE and state not in _DONE:
            self._check_reopened(node, ticket, state, kinds)
        seen.custody[ticket], seen.states[ticket] = custody, state
        if is_watched:
            self._check_holders(ticket)

    def _check_reopened(self, node: Node, ticket: str, state: str, kinds: Iterable[str]) -> None:
        if not REOPENING.intersection(kinds):
            self._simulation.violate("I24", f"{node.code}: {ticket} was done and is {state} by {', '.join(sorted(kinds))}")

    def _check_holders(self, ticket: str) -> None:
        """Who sees himself as free to act: a node that was overridden and has not heard it is the one exception (2.5)."""
        if ticket in self.overridden:
            return
        holders = [
            code
            for code, node in self._simulation.nodes.items()
            if not self.is_suspect(code)
            and node.value("SELECT 1 FROM tickets WHERE id = ? AND holder = ? AND asked = '' AND NOT is_incomplete", ticket, code)
        ]
        if len(holders) > 1:
            self._simulation.violate("I16", f"{' and '.join(holders)} both hold {ticket}")


def _gave_way(node: Node, spot: Spot, former: bytes, taken: int) -> Header | None:
    """
    What stood there, if it was the superior's own, of an epoch that it has left behind by now, or of a superior that was left, or another
    node's that was *taken* before somebody above began the epoch in which he is, and is kept as evidence.

    A superior that was restored without its guard file tells two histories before anybody knows; its new epoch says which holds.  What
    stood there went back to it (`GiveBack`) and counts under its id: nothing is accepted beside it (2.3 no. 11).
    """
    writer, epoch, _ = spot
    said = node.value("SELECT epoch FROM line_epochs WHERE node = ?", writer) or 0
    is_over = max(said, node.value("SELECT max(epoch) FROM entries WHERE node = ? AND from_above", writer) or 0) > epoch
    is_superseded = writer not in node.line and taken <= (node.value("SELECT max(taken) FROM line_epochs") or 0)
    if not is_over and not is_superseded and not _has_left(node, writer):
        return None
    kept = node.rows("SELECT content FROM incidents WHERE kind = 'branch' AND node = ? AND epoch = ? AND seq = ?", *spot)
    return next((decode_content(bytes(content)).header for (content,) in kept if leaf_hash(bytes(content)) == former), None)


def _has_left(node: Node, superior: str) -> bool:
    return bool(node.rows("SELECT 1 FROM links WHERE peer = ? AND side IN ('former', 'leaving')", superior))


def _name(spot: Spot) -> str:
    return "/".join(map(str, spot))
