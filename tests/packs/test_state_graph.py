"""The machine of each pack: its table of moves is what the engine does, and every way in it ends."""

import pytest

from node.domain.ticket.decide import DECISIONS
from node.domain.ticket.state import FINAL, State
from node.packs.file import effective_pack, finder, shipped
from node.packs.graph import dead_ends, dot, moves_of, states_of
from node.packs.moves import MOVES, Move
from tests.packs import explorer

MECHANISMS = ("fengjie-2025", "fengjie-2023", "xiangshan-2025", "haimen-2020", "xixiu-2025")

# What a walk of one ticket through two nodes does not come to, or not within its bounds: why, by command.
NOT_WALKED = {
    "Merge": "wants a second ticket",
    "UndoMerge": "wants a second ticket",
    "DeemSigned": "no shipped mechanism lets silence sign",
    "CarryOutTransferRuling": "wants a ruling on what a lower node objected to",
    "ExecuteRecheckRuling": "wants a superior's ruling on a superior's finding",
    "TakeWithdrawal": "wants a wish that was told at another node",
    "TakeEvaluation": "wants a vote that was given at another node",
    "WithdrawEscalation": "wants a request that crossed the answer",
    "RuleByGovernment": "wants a coordination that failed, and its report",
    "RuleCoordination": "wants every position, a coordination that failed, and its report",
    "SendBack": "wants a revisit with a finding that the office decides on",
    "Determine": "wants a revisit with a finding that the office decides on",
}


class TestTable:
    """The declared moves against the real decisions."""

    @pytest.mark.slow
    @pytest.mark.timeout(900)
    @pytest.mark.parametrize("id", MECHANISMS)
    def test_whatever_the_engine_does_is_in_the_table(self, id: str):
        """No decision takes a ticket where the graph of the pack has no way."""
        table = {edge(move) for move in moves_of(effective_pack(id, finder()))}

        assert set() == explorer.walk(id).edges - table

    @pytest.mark.slow
    @pytest.mark.timeout(1800)
    def test_whatever_is_in_the_table_the_engine_does(self):
        """Under one mechanism at least; what the walk does not come to is named with the reason."""
        walked = {command for id in MECHANISMS for _, command, _ in explorer.walk(id).edges}

        assert set() == {move.command for move in MOVES} - walked - NOT_WALKED.keys()

    def test_every_command_of_the_table_is_one_of_the_engine(self):
        """A command that was renamed is renamed here, too."""
        assert set() == {move.command for move in MOVES} - {command.__name__ for command in DECISIONS}


class TestEnds:
    """DESIGN 5: no state without an exit."""

    @pytest.mark.parametrize("id", sorted(shipped()))
    def test_every_way_of_every_shipped_pack_ends(self, id: str):
        """From each state that a ticket can be brought to, one leads to an end: closed, archived, not accepted, merged, terminated."""
        moves = moves_of(effective_pack(id, finder()))

        assert () == dead_ends(moves)
        assert set(states_of(moves)) & FINAL
        assert State.REGISTERED in states_of(moves)

    def test_a_state_that_a_pack_never_comes_to_is_none_of_its_graph(self):
        """Only 奉节 has the supervision side verify what an enterprise is dissatisfied with."""
        verifying = {id: State.VERIFYING in states_of(moves_of(effective_pack(id, finder()))) for id in MECHANISMS}

        assert {"fengjie-2025"} == {id for id, is_there in verifying.items() if is_there}

    def test_the_graph_is_drawn_with_every_state_and_every_way(self):
        """Graphviz: a box a state, an arrow for each two that something leads between, ends with a double border."""
        pack = effective_pack("haimen-2020", finder())
        moves = moves_of(pack)

        drawn = dot(pack, moves, "en")

        assert drawn.startswith('digraph "haimen-2020" {')
        assert set() == {state.value for state in states_of(moves)} - {
            line.split('"')[1] for line in drawn.splitlines() if "[label" in line
        }
        assert len({(move.source, move.target) for move in moves}) == drawn.count("->")
        assert len(set(states_of(moves)) & FINAL) == drawn.count("peripheries=2")


def edge(move: Move) -> explorer.Edge:
    return move.source.value if move.source is not None else "", move.command, move.target.value
