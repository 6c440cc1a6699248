"""
All nodes of a run when it is over, as the checks at rest look at them, and whether it is over.

A link that is forked, cloned or revoked is taken out of what has to agree at rest, but only if it says so itself: that it says so is
I04's and I15's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from federation.outgoing import down_head
from federation.reconciling import answer
from federation.reconciling_down import Compared, compare
from federation.simulation.world import Node, subtree
from federation.v1 import link_pb2
from node.domain.ticket.ticket import Ticket
from node.services.situations import TOLD_BELOW
from node.storage import reparenting_readings as readings

if TYPE_CHECKING:
    from federation.simulation.simulation import Simulation


class Rest:
    """All nodes at rest, with what several checks ask."""

    def __init__(self, simulation: Simulation, swept_at: Mapping[str, datetime] | None = None) -> None:
        self.simulation = simulation
        # Business time at each node when its clock looked last.
        self.swept_at = swept_at or {}
        self.nodes = simulation.nodes
        self.held = {code: seen.held for code, seen in simulation.observer.seen.items()}

    @cached_property
    def superiors(self) -> dict[str, str]:
        """Who stands below whom, as each node says of itself."""
        return {code: node.superior for code, node in self.nodes.items()}

    def above(self, code: str) -> set[str]:
        """A node and all its superiors."""
        return {code} | (self.above(self.superiors[code]) if self.superiors[code] else set())

    def concerned(self, ticket: Ticket) -> set[str]:
        """Who is told of all about the ticket: where it came from, who ever held it or was told so by a clash, and all above them."""
        return {code for party in (ticket.origin, *ticket.custody.openers, *ticket.beside) for code in self.above(party)}

    @cached_property
    def conflicts(self) -> list[tuple[str, str, tuple[str, int, int]]]:
        """Places where a node holds something else than the writer of the stream: writer, holder, place."""
        found = []
        for holder, held in self.held.items():
            for spot, leaf in held.items():
                own = self.held[spot[0]].get(spot) if spot[0] != holder else leaf
                if own is not None and own != leaf and not self.is_superseded(holder, spot) and not self.is_given_back(holder, spot):
                    found.append((spot[0], holder, spot))
        return found

    def is_superseded(self, holder: str, spot: tuple[str, int, int]) -> bool:
        """True if a later epoch left this place behind."""
        kept = self.nodes[holder].value("SELECT kept FROM streams WHERE node = ? AND epoch = ?", spot[0], spot[1])
        return kept is not None and spot[2] > kept

    def is_given_back(self, holder: str, spot: tuple[str, int, int]) -> bool:
        """True if the writer has what stands there in another place: it was given back to it, and counts from there."""
        id = self.nodes[holder].value("SELECT id FROM entries WHERE node = ? AND epoch = ? AND seq = ?", *spot)
        return id in self.simulation.observer.seen[spot[0]].ids

    @cached_property
    def forks(self) -> dict[str, set[str]]:
        """Nodes whose history is told in two ways, by whom it was written down."""
        found: dict[str, set[str]] = {}
        for code, node in self.nodes.items():
            for (writer,) in node.rows("SELECT node FROM incidents WHERE kind = 'fork'"):
                found.setdefault(writer, set()).add(code)
        return found

    def told_below(self, code: str, epoch: int) -> int:
        """The last of its entries in *epoch* that a node was told a subordinate holds, and that it did not have; 0: none."""
        query = "SELECT max(seq) FROM incidents WHERE kind = ? AND node = ? AND epoch = ?"
        found: int | None = self.nodes[code].value(query, TOLD_BELOW, code, epoch)
        return found or 0

    @cached_property
    def taken_back(self) -> set[tuple[str, int, int]]:
        """Places of its own history that a node gave up for its superior's copy, as it wrote them down itself."""
        query = "SELECT node, epoch, seq FROM incidents WHERE kind = 'branch' AND node = ?"
        return {(writer, epoch, seq) for code, node in self.nodes.items() for writer, epoch, seq in node.rows(query, code)}

    @cached_property
    def tainted(self) -> set[str]:
        """Nodes of which others hold another history than they do themselves, and the nodes that hold it."""
        return {code for writer, holder, _ in self.conflicts for code in (writer, holder)} | set(self.forks)

    def links(self) -> Iterator[LinkAtRest]:
        """Every link."""
        for code, superior in self.superiors.items():
            if superior:
                yield LinkAtRest(self.simulation, self.nodes[code], self.nodes[superior])

    def live(self) -> Iterator[LinkAtRest]:
        """Links that have to agree."""
        return (link for link in self.links() if not link.excuse)

    @cached_property
    def tickets(self) -> dict[str, dict[str, Ticket]]:
        """Every ticket as each node folds it that has it whole, poisoned ones left out."""
        found: dict[str, dict[str, Ticket]] = {}
        for code, node in self.nodes.items():
            with node.store.read() as view:
                for (ticket_id,) in node.rows("SELECT id FROM tickets ORDER BY id"):
                    if ticket_id not in self.simulation.poisoned:
                        ticket = view.readings.ticket(ticket_id)
                        if ticket is not None:
                            found.setdefault(ticket_id, {})[code] = ticket
        return found

    @cached_property
    def cut_off(self) -> set[str]:
        """Nodes below a link that does not have to agree."""
        return {code for link in self.links() if link.excuse for code in subtree(self.nodes, link.child.code)}

    def is_sound(self, ticket: Ticket) -> bool:
        """True if no party of the ticket tells two histories or is cut off from the others."""
        return not (parties(ticket) & (self.tainted | self.cut_off)) and not any(
            self.simulation.observer.is_suspect(code) for code in parties(ticket)
        )


@dataclass(frozen=True)
class LinkAtRest:
    """One link when all is over."""

    simulation: Simulation
    child: Node
    above: Node

    @property
    def name(self) -> str:
        return f"{self.child.code}-{self.above.code}"

    @cached_property
    def up(self) -> Mapping[str, Any]:
        """The subordinate's row."""
        return _row(self.child, self.above.code)

    @cached_property
    def down(self) -> Mapping[str, Any]:
        """The superior's row."""
        return _row(self.above, self.child.code)

    @cached_property
    def excuse(self) -> str:
        """Why this link need not agree, as the product itself says it; empty if it has to."""
        if any(
            node.value("SELECT status FROM nodes WHERE code = ?", self.child.code) == "revoked" for node in (self.above, *self._moved_to)
        ):
            return "revoked"
        if self.down["status"] not in ("active", ""):
            return str(self.down["status"])
        process = self.simulation.processes.get(self.child.code)
        reason = (
            "" if process is None or process.session is None else process.session.machine.status(self.simulation.schedule.moment).reason
        )
        if reason in ("forked", "parted") and self.hears_of_an_epoch:
            return ""  # what comes down is looked at again as soon as it hears of the new epoch
        return reason if reason in ("forked", "parted", "clone", "fenced") else ""

    @cached_property
    def down_compared(self) -> Compared:
        """What a comparison of the down stream finds."""
        with self.above.store.read() as view:
            head = down_head(view, self.child.code)
        return compare(self.child.store, self.above.code, _End(self.above, self.child.code), head)

    @property
    def _moved_to(self) -> Iterator[Node]:
        """Where the subordinate belongs by now, if it does not know: restored from before it moved, it still dials its former superior."""
        with self.above.store.read() as view:
            move = readings.find(view.connection, node=self.child.code)
        if move is not None and move.from_node == self.above.code:
            yield self.simulation.nodes[move.to_node]

    @property
    def hears_of_an_epoch(self) -> bool:
        """True if the next greeting tells the subordinate of a later epoch above it than it has heard of."""
        here, there = (dict(node.rows("SELECT node, epoch FROM line_epochs")) for node in (self.child, self.above))
        there[self.above.code] = self.above.value("SELECT epoch FROM heads")
        return any(there.get(node, 0) > here.get(node, 0) for node in (self.above.code, *self.above.line))


@dataclass(frozen=True)
class _End:
    """The superior's answers, without a network: all is over."""

    above: Node
    child: str

    def reconcile(self, request: link_pb2.ReconcileRequest) -> link_pb2.ReconcileResponse:
        with self.above.store.read() as view:
            return answer(view, self.child, request)


# --- is there anything left to do? ------------------------------------------------------------------------------------------


def is_at_rest(simulation: Simulation) -> bool:
    """True if every link agrees and every reaction was made."""
    rest = Rest(simulation)
    if any(True for link in rest.live() for _ in differences(link)):
        return False
    held = [code for code, node in simulation.nodes.items() if node.value("SELECT held FROM heads") and code not in rest.cut_off]
    return not held and all(node.value("SELECT reacted >= taken FROM heads") for node in simulation.nodes.values())


def differences(link: LinkAtRest) -> Iterator[str]:
    """What is not through on the link yet, each in words."""
    for writer in subtree(link.simulation.nodes, link.child.code):
        sizes = [
            node.rows("SELECT epoch, size FROM streams WHERE node = ? ORDER BY epoch DESC", writer) for node in (link.child, link.above)
        ]
        here, there = sizes[0][0] if sizes[0] else (1, 0), sizes[1][0] if sizes[1] else (1, 0)
        if here != there and not (writer != link.child.code and here < there):
            yield f"{here[1]} of {writer} in epoch {here[0]}, above {there[1]} in epoch {there[0]}"
    behind = link.child.value("SELECT max(taken) FROM entries WHERE NOT from_above") or 0
    if link.up["acked"] < behind:
        yield f"known up to {link.up['acked']} of {behind}"
    downs = [(row["down_epoch"], row["down_size"], row["down_peaks"]) for row in (link.up, link.down)]
    if downs[0] != downs[1] or link.down["down_acked"] != link.down["down_size"]:
        yield f"down {downs[0][0]}/{downs[0][1]} of {downs[1][0]}/{downs[1][1]}"
    epoch = link.above.value("SELECT epoch FROM heads")
    if link.up["given_epoch"] < epoch:
        # Where nothing was numbered anew all else agrees already: what only the subordinate holds goes back when it greets.
        yield f"given back up to epoch {link.up['given_epoch']} of {epoch}"
    for node in link.above.line:
        row = link.child.rows("SELECT epoch, given_epoch FROM line_epochs WHERE node = ?", node)
        if any(given < epoch for epoch, given in row):
            yield f"what {node} lost is not given back"
    if link.hears_of_an_epoch:
        yield "has not heard of an epoch above"  # and then may have something to give back
    if link.child.rows("SELECT 1 FROM relayed"):
        yield f"what {link.child.code} was given back is not passed on"


def _row(node: Node, peer: str) -> Mapping[str, Any]:
    names = ("acked", "down_epoch", "down_size", "down_peaks", "down_acked", "status", "given_epoch")
    found = node.rows(f"SELECT {', '.join(names)} FROM links WHERE peer = ?", peer)
    # A superior that was restored from before it admitted the node knows nothing of it: there is no such link at its end.
    return dict(zip(names, found[0] if found else (0, 1, 0, b"", 0, "unregistered", 1), strict=True))


def parties(ticket: Ticket) -> set[str]:
    """The nodes that had or have a part in the ticket, or were told so by what has no effect."""
    hops = (node for hop in ticket.escalations for node in (hop.from_node, hop.to_node))
    return {ticket.origin, *ticket.custody.openers, *ticket.beside, *hops}
