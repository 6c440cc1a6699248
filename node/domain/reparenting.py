"""
A node moves from one superior to another (FEDERATION 2.7): what each of the four journals of it, and who may say that.

Their common superior orders it; the node says that it heard; its former superior takes nothing more of it and says where it
stands; the common superior finds its own mirror to be that very history and sends it down to the new one, which compares it
with what was handed over; only then does the common superior name the new superior, and a new epoch, of which the former one
never takes an entry.  Until that last entry the former superior is in charge, and the move may be called off.

Each step follows from the journals alone, so any of the four may die behind any of them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from node.domain.command import Command, Facts
from node.domain.entry import Event, Happened, Subject, SubjectKind
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.registry import NodeCommand, NodeEvent
from node.domain.routing import EVERYBODY_BELOW

# What becomes of the escalations that are open at the former superior: it goes on with them, or they go back to who asked.
STAY, MOVE = "stay", "move"
# Stages, in their order; from REPARENTED on the new superior is in charge.
ORDERED, ACKNOWLEDGED, HANDED_OVER, CONFIRMED, TAKEN, REPARENTED, JOINED = (
    "ordered",
    "acknowledged",
    "handed_over",
    "confirmed",
    "taken",
    "reparented",
    "joined",
)
REFUSED, ABORTED = "refused", "aborted"


@dataclass(frozen=True)
class Reparenting:
    """
    One move as a node knows it.  ``streams`` are those that the common superior confirmed, ``handed`` those that the former
    superior handed over, each "node/epoch/size/root".  ``fault`` is the stream that the new superior found to be another one.
    """

    id: str
    node: str
    from_node: str
    to_node: str
    ordered_by: str
    effective_at: datetime
    escalations: str
    stage: str
    streams: tuple[str, ...] = ()
    handed: tuple[str, ...] = ()
    is_forced: bool = False
    fault: str = ""

    @property
    def is_open(self) -> bool:
        """True until the new superior was named, or it was called off."""
        return self.stage not in (REPARENTED, JOINED, ABORTED)


@dataclass(frozen=True)
class Standing:
    """
    What a node holds that a step needs.  ``streams`` as it holds those of the node that moves and of all below it, now;
    ``current`` is the node's own current one (epoch, size, root in hex), ``open`` its escalations that are open here.
    """

    reparenting: Reparenting | None = None
    superior: str = ""
    status: str = ""
    streams: tuple[str, ...] = ()
    current: tuple[int, int, str] = (0, 0, "")
    open: tuple[str, ...] = ()
    down: tuple[int, int, int] = (0, 0, 0)
    # How the streams that were confirmed stand here, each made anew from the bytes.
    found: tuple[str, ...] = ()
    # True if some of them are not here to the end.
    is_partial: bool = False
    # The id of the order that is carried out: it names the move that it begins.
    fresh_id: str = ""


# --- events -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ReparentingOrdered(NodeEvent):
    """
    The writer, superior of `from_node` and `to_node`, orders that `node` leaves the one for the other, not before `effective_at`.

    `move` names the reparenting in every later entry of it. `escalations` says what becomes of those that are open at
    `from_node`: "stay" there until they are done, or "move" (back to who asked, who may ask the new superior).
    """

    move: str
    node: str
    from_node: str
    to_node: str
    effective_at: datetime
    escalations: str
    reason: Words | None = None


@dataclass(frozen=True)
class ReparentingAcknowledged(NodeEvent):
    """The node that moves has heard of it. All that it wrote before reaches its superior before this entry."""

    move: str


@dataclass(frozen=True)
class NodeHandedOver(NodeEvent):
    """
    The former superior takes nothing more of `node`: this is where each stream of it and of those below it stands.

    Each of `streams` is "node/epoch/size/root". `open` are its escalations that are open here, "register number#custody
    number". The down stream of the link had `down_size` entries in `down_epoch`, of which `down_acked` were applied.
    """

    move: str
    node: str
    streams: tuple[str, ...]
    open: tuple[str, ...]
    down_epoch: int
    down_size: int
    down_acked: int


@dataclass(frozen=True)
class HandoverConfirmed(NodeEvent):
    """
    The common superior holds exactly `streams`, and has sent them down to `to_node` before this entry.

    From here on it takes nothing of `node` from the former superior. `is_forced`: it decided with what it holds, without
    the former superior's word; what it has not heard of `node` comes again from there, in the new epoch.
    """

    move: str
    node: str
    to_node: str
    streams: tuple[str, ...]
    is_forced: bool = False
    reason: Words | None = None


@dataclass(frozen=True)
class HistoryTaken(NodeEvent):
    """The new superior holds each of `streams`, made anew from the bytes of its entries, as it was handed over."""

    move: str
    node: str
    streams: tuple[str, ...]


@dataclass(frozen=True)
class HistoryRefused(NodeEvent):
    """What came down as the history of `node` is not what was handed over: `fault` is the stream as it was found here."""

    move: str
    node: str
    fault: str


@dataclass(frozen=True)
class NodeReparented(NodeEvent):
    """
    From this entry on `to_node` is the superior of `node`, which begins `epoch` there; `from_node` takes nothing of it any more.

    The new epoch keeps `kept_size` entries of `previous`, under `kept_root`.
    """

    move: str
    node: str
    from_node: str
    to_node: str
    epoch: int
    previous: int
    kept_size: int
    kept_root: str
    streams: tuple[str, ...]


@dataclass(frozen=True)
class ReparentingAborted(NodeEvent):
    """The move does not take place: `node` stays where it is, and its superior takes from it as before."""

    move: str
    node: str
    reason: Words | None = None


# --- commands ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OrderReparenting(NodeCommand):
    """Let a node two levels below leave its superior for another of this node's subordinates."""

    roles = frozenset({Role.OPERATOR})
    needs = ("reparenting",)

    node: str
    to_node: str
    escalations: str = STAY
    effective_at: datetime | None = None
    reason: Text | None = None


@dataclass(frozen=True)
class DecideReparenting(NodeCommand):
    """Go on with what this node holds: the former superior, or the node itself, does not answer."""

    roles = frozenset({Role.OPERATOR})
    needs = ("reparenting",)

    node: str
    reason: Text | None = None


@dataclass(frozen=True)
class AbortReparenting(NodeCommand):
    """Call a move off, as long as the new superior is not named."""

    roles = frozenset({Role.OPERATOR})
    needs = ("reparenting",)

    node: str
    reason: Text | None = None


class _Step:
    """What every step that follows by itself has in common."""

    roles: ClassVar[frozenset[Role]] = frozenset({Role.NODE})
    needs: ClassVar[tuple[str, ...]] = ("reparenting",)


@dataclass(frozen=True)
class AcknowledgeReparenting(_Step, NodeCommand):
    """The node that moves: it has heard of it."""

    move: str


@dataclass(frozen=True)
class HandOver(_Step, NodeCommand):
    """The former superior: nothing more is taken of the node."""

    move: str


@dataclass(frozen=True)
class ConfirmHandover(_Step, NodeCommand):
    """The common superior: what was handed over is what it holds itself."""

    move: str


@dataclass(frozen=True)
class TakeHistory(_Step, NodeCommand):
    """The new superior: what came down is what was handed over, or not."""

    move: str


@dataclass(frozen=True)
class NameSuperior(_Step, NodeCommand):
    """The common superior: the new superior is in charge."""

    move: str


def decide(command: Command, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """
    Say what follows from a command about a move, or raise a Refusal; nothing, if that step is done.

    Raises:
        Refusal: PERMISSION_DENIED, FIELD_REQUIRED, VALUE_NOT_OFFERED, NODE_UNKNOWN, NODE_REVOKED, NOT_SUBORDINATE, REPARENTING_OPEN,
            REPARENTING_UNKNOWN, REPARENTING_OVER, REPARENTING_TOO_EARLY.
    """
    if facts.actor.role not in {role.value for role in command.roles}:
        raise Refusal(Code.PERMISSION_DENIED, command=type(command).__name__, role=facts.actor.role)
    standing: Standing = facts.given["reparenting"]
    event, addressee = DECISIONS[type(command)](command, standing, facts, policy, now)
    return [] if event is None else [Happened(Subject(SubjectKind.NODE.value, policy.node), event, addressee=addressee)]


Answer = tuple[Event | None, str]
_NOTHING: Answer = (None, "")


def _order(command: OrderReparenting, standing: Standing, facts: Facts, policy: Policy, now: datetime) -> Answer:
    _need_reason(command.reason)
    if command.escalations not in (STAY, MOVE):
        raise Refusal(Code.VALUE_NOT_OFFERED, key="escalations", value=command.escalations, offered=(STAY, MOVE))
    place, former = policy.place, standing.superior
    if not former or place.superiors.get(former) != policy.node:
        raise Refusal(Code.NODE_UNKNOWN, node=command.node)
    if standing.status == "revoked":
        raise Refusal(Code.NODE_REVOKED, node=command.node)
    if place.superiors.get(command.to_node) != policy.node:
        raise Refusal(Code.NOT_SUBORDINATE, node=command.to_node, superior=policy.node)
    if command.to_node == former:
        raise Refusal(Code.ALREADY_EXISTS, kind="node", id=command.node)
    if standing.reparenting is not None and standing.reparenting.is_open:
        raise Refusal(Code.REPARENTING_OPEN, node=command.node)
    effective_at = command.effective_at or now
    event = ReparentingOrdered(standing.fresh_id, command.node, former, command.to_node, effective_at, command.escalations, command.reason)
    return event, EVERYBODY_BELOW


def _force(command: DecideReparenting, standing: Standing, facts: Facts, policy: Policy, now: datetime) -> Answer:
    _need_reason(command.reason)
    move = _open_move(command.node, standing, policy)
    if now < move.effective_at:
        raise Refusal(Code.REPARENTING_TOO_EARLY, node=move.node, effective_at=move.effective_at.isoformat())
    if move.stage not in (ORDERED, ACKNOWLEDGED, HANDED_OVER):
        return _NOTHING
    event = HandoverConfirmed(move.id, move.node, move.to_node, standing.streams, is_forced=True, reason=command.reason)
    return event, EVERYBODY_BELOW


def _abort(command: AbortReparenting, standing: Standing, facts: Facts, policy: Policy, now: datetime) -> Answer:
    _need_reason(command.reason)
    move = _open_move(command.node, standing, policy)
    return ReparentingAborted(move.id, move.node, command.reason), EVERYBODY_BELOW


def _acknowledge(command: AcknowledgeReparenting, standing: Standing, facts: Facts, policy: Policy, now: datetime) -> Answer:
    move = _known(standing)
    is_next = move.node == policy.node and move.stage == ORDERED
    return (ReparentingAcknowledged(move.id), "") if is_next else _NOTHING


def _hand_over(command: HandOver, standing: Standing, facts: Facts, policy: Policy, now: datetime) -> Answer:
    """FEDERATION 2.7 (3): only once all that the node had written when it heard of the move is here."""
    move = _known(standing)
    if move.from_node != policy.node or move.stage != ACKNOWLEDGED or now < move.effective_at:
        return _NOTHING
    return NodeHandedOver(move.id, move.node, standing.streams, standing.open, *standing.down), move.to_node


def _confirm(command: ConfirmHandover, standing: Standing, facts: Facts, policy: Policy, now: datetime) -> Answer:
    """What was handed over came before the entry that says so: a mirror that is another one by then is no proof of it."""
    move = _known(standing)
    if move.ordered_by != policy.node or move.stage != HANDED_OVER or set(move.handed) != set(standing.streams):
        return _NOTHING
    return HandoverConfirmed(move.id, move.node, move.to_node, standing.streams), EVERYBODY_BELOW


def _take(command: TakeHistory, standing: Standing, facts: Facts, policy: Policy, now: datetime) -> Answer:
    """
    FEDERATION 2.7 (4): held against the former superior's own word, too, wherever there is one.  What is not all here yet is waited
    for: a common superior that was restored sends it once more.
    """
    move = _known(standing)
    if move.to_node != policy.node or move.stage != CONFIRMED or standing.is_partial:
        return _NOTHING
    said = set(move.streams) if move.is_forced else set(move.streams) & set(move.handed)
    wrong = next((found for found in standing.found if found not in said), None)
    if wrong is not None:
        return HistoryRefused(move.id, move.node, wrong), ""
    return HistoryTaken(move.id, move.node, standing.found), ""


def _name(command: NameSuperior, standing: Standing, facts: Facts, policy: Policy, now: datetime) -> Answer:
    """FEDERATION 2.7 (5): the one entry by which the node's superior is another one."""
    move = _known(standing)
    if move.ordered_by != policy.node or move.stage != TAKEN:
        return _NOTHING
    epoch, size, root = standing.current
    event = NodeReparented(move.id, move.node, move.from_node, move.to_node, epoch + 1, epoch, size, root, move.streams)
    return event, EVERYBODY_BELOW


def _need_reason(reason: Text | None) -> None:
    if reason is None or not reason.plain:
        raise Refusal(Code.FIELD_REQUIRED, field="reason")


def _known(standing: Standing) -> Reparenting:
    if standing.reparenting is None:
        raise Refusal(Code.REPARENTING_UNKNOWN, node="")
    return standing.reparenting


def _open_move(node: str, standing: Standing, policy: Policy) -> Reparenting:
    move = standing.reparenting
    if move is None or move.ordered_by != policy.node:
        raise Refusal(Code.REPARENTING_UNKNOWN, node=node)
    if not move.is_open:
        raise Refusal(Code.REPARENTING_OVER, node=node, superior=move.to_node if move.stage != ABORTED else move.from_node)
    return move


DECISIONS: Mapping[type[Command], Callable[[Any, Standing, Facts, Policy, datetime], Answer]] = {
    OrderReparenting: _order,
    DecideReparenting: _force,
    AbortReparenting: _abort,
    AcknowledgeReparenting: _acknowledge,
    HandOver: _hand_over,
    ConfirmHandover: _confirm,
    TakeHistory: _take,
    NameSuperior: _name,
}
