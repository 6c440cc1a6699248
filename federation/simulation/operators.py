"""What operators do at night: lift what only people may lift, at both ends, in the order of the runbook, from the top down."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from federation import epochs
from federation.client import Peer
from federation.retry import CallFailed, Failure, failed
from federation.simulation import acts
from federation.simulation.world import TREE, Crash, Node
from node.domain.refusal import Refusal
from node.services.situations import told_below

if TYPE_CHECKING:
    from federation.simulation.simulation import Simulation

REASON = "恢复备份后数据分叉"
_MET = (Refusal, CallFailed)


class DirectEnd:
    """The superior as an operator's command calls it: a wire that is well, once."""

    def __init__(self, simulation: Simulation, code: str) -> None:
        self._simulation, self._code = simulation, code

    def __getattr__(self, name: str) -> Callable[[Any], Any]:
        def call(request: Any) -> Any:
            answer = self._simulation.network.serve(
                TREE[self._code][0], self._code, "".join(part.capitalize() for part in name.split("_")), request.SerializeToString()
            )
            if isinstance(answer, Failure):
                raise failed(answer)
            return type(answer).FromString(answer.SerializeToString())

        return call


def put_right(simulation: Simulation) -> int:
    """Look at every node and do what its status asks for; gives how much was done."""
    done = 0
    for code, (superior, _) in TREE.items():
        node = simulation.nodes[code]
        if superior:
            done += _at_the_link(simulation, code, superior)
        elif node.value("SELECT held FROM heads") or _is_told_more(node):
            done += _try(simulation, code, "starts a new epoch", partial(epochs.start, node.level, REASON, node.actor("operator")))
        if code in simulation.processes and simulation.processes[code].is_ended:
            simulation.stop(code)
            simulation.start(code)
            done += 1
    return done


def _at_the_link(simulation: Simulation, code: str, superior: str) -> int:
    node, above = simulation.nodes[code], simulation.nodes[superior]
    status = above.value("SELECT status FROM links WHERE peer = ?", code)
    if above.value("SELECT status FROM nodes WHERE code = ?", code) == "suspended":
        acts.set_status(simulation, code, "active")
        return 1
    if above.value("SELECT status FROM nodes WHERE code = ?", code) == "revoked":
        return 0
    if status == "cloned":
        return _try(simulation, superior, f"releases {code}", lambda: epochs.release(above.level, code))
    held = node.value("SELECT held FROM heads")
    if status != "forked" and held not in ("forked", "guard") and not _is_told_more(node):
        return 0
    granted = _try(
        simulation, superior, f"grants {code} an epoch", lambda: epochs.grant(above.level, code, REASON, above.actor("operator"))
    )
    # Of a peer it has what an operator needs, and no channel.
    end: Peer = DirectEnd(simulation, code)  # type: ignore[assignment]
    done = granted + _try(simulation, code, "rejoins", lambda: epochs.rejoin(node.level, end, REASON, node.actor("operator")))
    if granted:
        simulation.stop(code)
        simulation.start(code)
    return done


def _is_told_more(node: Node) -> bool:
    """What `qyzj status` shows in red: a subordinate holds what this node has not."""
    with node.store.read() as view:
        return told_below(view) > 0


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
