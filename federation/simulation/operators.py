"""What operators do at night: lift what only people may lift, at both ends, in the order of the runbook, from the top down."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from federation import epochs, reparenting
from federation.client import Peer
from federation.level import Level
from federation.retry import CallFailed, Failure, failed
from federation.simulation import acts
from federation.simulation.plan import fault_seconds
from federation.simulation.world import PROVINCE, Crash, Node, join
from node.domain import reparenting as m
from node.domain.entry import Actor
from node.domain.refusal import Refusal
from node.services.situations import told_below
from node.storage import reparenting_readings as readings

if TYPE_CHECKING:
    from federation.simulation.simulation import Simulation

REASON = "恢复备份后数据分叉"
join_every_seconds = 20.0
_MET = (Refusal, CallFailed)


class DirectEnd:
    """The superior as an operator's command calls it: a wire that is well, once."""

    def __init__(self, simulation: Simulation, code: str) -> None:
        self._simulation, self._code = simulation, code

    def __getattr__(self, name: str) -> Callable[[Any], Any]:
        def call(request: Any) -> Any:
            answer = self._simulation.network.serve(
                self._simulation.nodes[self._code].superior,
                self._code,
                "".join(part.capitalize() for part in name.split("_")),
                request.SerializeToString(),
            )
            if isinstance(answer, Failure):
                raise failed(answer)
            return type(answer).FromString(answer.SerializeToString())

        return call


def put_right(simulation: Simulation) -> int:
    """Look at every node and do what its status asks for; gives how much was done."""
    done = 0
    for code, node in simulation.nodes.items():
        superior = node.superior
        done += _at_the_move(simulation, code)
        if superior:
            done += _at_the_link(simulation, code, superior)
        elif node.value("SELECT held FROM heads") or _is_told_more(node):
            done += _try(simulation, code, "starts a new epoch", partial(epochs.start, node.level, REASON, node.actor("operator")))
        if code in simulation.processes and simulation.processes[code].is_ended:
            simulation.stop(code)
            simulation.start(code)
            done += 1
    return done


def decide(simulation: Simulation, what: str, do: Callable[[Level, Actor], object]) -> int:
    """Something that only the province's operator may do."""
    province = simulation.nodes[PROVINCE]
    return _try(simulation, PROVINCE, what, lambda: do(province.level, province.actor("operator")))


def join_when_named(simulation: Simulation, code: str) -> None:
    """The operator of a node that moves looks now and then whether it may join."""
    if not _join(simulation, code) and simulation.schedule.seconds < fault_seconds:
        simulation.schedule.after(join_every_seconds, lambda: join_when_named(simulation, code))


def _join(simulation: Simulation, code: str) -> int:
    """Join the superior that the province named, which is there to be joined."""
    move = _move_of(simulation, code)
    if move is None or move.stage not in (m.REPARENTED, m.JOINED) or simulation.nodes[code].superior == move.to_node:
        return 0
    if move.to_node not in simulation.processes:
        return 0
    done = _try(simulation, code, "joins", lambda: join(simulation.nodes[code], simulation.nodes[move.to_node], is_moved=True))
    if done:
        simulation.stop(code)
        simulation.start(code)
    return done


def _at_the_move(simulation: Simulation, code: str) -> int:
    """A move that does not go on by itself is decided by what the province holds."""
    move = _move_of(simulation, code)
    if move is None or move.stage not in (m.ORDERED, m.ACKNOWLEDGED, m.HANDED_OVER):
        return _join(simulation, code)
    return decide(simulation, f"decides on {code}", lambda level, actor: reparenting.decide(level, code, REASON, actor))


def _move_of(simulation: Simulation, code: str) -> m.Reparenting | None:
    with simulation.nodes[PROVINCE].store.read() as view:
        return readings.find(view.connection, node=code)


def _at_the_link(simulation: Simulation, code: str, superior: str) -> int:
    node, above = simulation.nodes[code], simulation.nodes[superior]
    status = above.value("SELECT status FROM links WHERE peer = ?", code)
    if status is None:
        return _try(simulation, code, "joins again", lambda: join(node, above))
    if above.value("SELECT status FROM nodes WHERE code = ?", code) == "suspended":
        acts.set_status(simulation, code, "active")
        return 1
    if above.value("SELECT status FROM nodes WHERE code = ?", code) == "revoked":
        return 0
    if status == "cloned":
        return _try(simulation, superior, f"releases {code}", lambda: epochs.release(above.level, code))
    held = node.value("SELECT held FROM heads")
    needs_epoch = status == "forked" or held in ("forked", "guard") or _is_told_more(node) or _is_parted(node)
    if not needs_epoch and not _is_stale(node):
        return 0
    granted = needs_epoch and _try(
        simulation, superior, f"grants {code} an epoch", lambda: epochs.grant(above.level, code, REASON, above.actor("operator"))
    )
    end: Peer = DirectEnd(simulation, code)  # type: ignore[assignment]  # of a peer it has what an operator needs, and no channel
    rejoined = _try(simulation, code, "rejoins", lambda: epochs.rejoin(node.level, end, REASON, node.actor("operator")))
    if granted or rejoined:
        simulation.stop(code)
        simulation.start(code)
    return granted + rejoined


def _is_told_more(node: Node) -> bool:
    """What `qyzj status` shows in red: a subordinate holds what this node has not."""
    with node.store.read() as view:
        return told_below(view) > 0


def _is_parted(node: Node) -> bool:
    """What `qyzj status` shows in red: the superior holds another history of a node below, and less of it: it notices nothing itself."""
    return node.value("SELECT 1 FROM links WHERE side = 'superior' AND status = 'parted'") is not None


def _is_stale(node: Node) -> bool:
    """What `qyzj status` shows in red: the superior granted a new epoch, and what this node has behind the former one bars it."""
    return node.value("SELECT 1 FROM links WHERE side = 'superior' AND status = 'stale'") is not None


def _try(simulation: Simulation, code: str, what: str, do: Callable[[], object]) -> int:
    if code not in simulation.processes:
        return 0
    try:
        do()
    except _MET as error:
        said = error.code.name if isinstance(error, Refusal) else error.failure.word
        simulation.note(code, f"the operator {what}: {said}")
        return 0
    except Crash as crash:
        simulation.crashed(crash)
        return 0
    except Exception as error:
        simulation.bug(code, what, error)
        return 0
    simulation.note(code, f"the operator {what}")
    simulation.coverage.operators[what.rpartition(" 5")[0] or what] += 1
    return 1
