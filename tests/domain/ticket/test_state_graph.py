"""Every path of the machine ends: the state graph of each pack, walked by the real ``decide``."""

from collections import Counter
from functools import cache

import pytest

from node.domain.ticket.state import State, With
from node.packs.file import effective_pack, finder
from tests.domain.ticket.state_graph import Graph, owed_by, walk

PACKS = ("anshun-2025", "default", "fengjie-2023", "fengjie-2025", "guizhou", "haimen-2020", "xiangshan-2025")
# The states that every pack reaches; "verifying" is 奉节's, "not_accepted" no ticket's under 海门, "offered" 奉节 2023's.
COMMON = frozenset(State) - {State.MERGED, State.VERIFYING, State.NOT_ACCEPTED, State.OFFERED, State.REWORKING, State.IN_JUDGEMENT}


@cache
def graph_of(pack: str) -> Graph:
    """The graph of a pack, walked once for all tests; 贵州's is an empty parent, so the product's defaults are walked for it."""
    return graph_of("default") if pack == "guizhou" and _rules(pack) == _rules("default") else walk(pack)


def _rules(pack: str) -> dict[str, object]:
    return {key: rule.value for key, rule in effective_pack(pack, finder()).rules.items()}


@pytest.mark.parametrize("pack", PACKS)
class TestStateGraph:
    """Issue 3, item 6: from wherever a ticket may come there is a lawful way to an end, and somebody is timed."""

    def test_no_command_raises_anything_but_a_refusal(self, pack: str):
        """Whatever anybody tries, the answer is an entry or a code with a remedy."""
        assert {} == graph_of(pack).faults

    def test_every_state_has_a_way_to_an_end(self, pack: str):
        """No ticket is caught anywhere."""
        graph = graph_of(pack)

        assert Counter() == Counter(look[:2] for look in graph.looked_at - graph.ending())

    def test_whoever_must_act_is_timed(self, pack: str):
        """DESIGN 5: office, members, government, superior and appellant included."""
        untimed = Counter(
            (look[:2], tuple(sorted(clock.name for clock in ticket.clocks.values() if clock.is_running)))
            for look, ticket in graph_of(pack).tickets.items()
            if not ticket.is_final and ticket.with_whom is not With.NOBODY and not owed_by(ticket)
        )

        assert Counter() == untimed

    def test_nobody_is_timed_once_it_is_over(self, pack: str):
        """No clock of the holder runs on a ticket that is closed, archived, terminated or merged."""
        running = Counter(
            (look[:2], clock.name)
            for look, ticket in graph_of(pack).tickets.items()
            if ticket.state in (State.CLOSED, State.ARCHIVED, State.TERMINATED, State.MERGED)
            for clock in ticket.clocks.values()
            if clock.is_running and clock.node == ticket.custody.holder
        )

        assert Counter() == running

    def test_the_walk_came_everywhere(self, pack: str):
        """A walk that sees little proves little."""
        # What is declined under 象山 goes back to whoever was asked first (XS25-4.4.2a): nobody objects.
        wanted = COMMON - {State.OBJECTED} if pack == "xiangshan-2025" else COMMON

        assert set() == {state.value for state in wanted} - {look[0] for look in graph_of(pack).tickets}


def test_only_fengjie_verifies():
    """USERS A9: what a pack says, and nothing else."""
    verifying = {pack for pack in PACKS if any(look[0] == "verifying" for look in graph_of(pack).tickets)}

    assert {"fengjie-2025"} == verifying
