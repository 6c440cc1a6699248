"""The simulator: seeds without a breach, traces that are the same everywhere, and rules whose lack it finds."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from federation import codec, greeting, mirror, outgoing, server
from federation.link import Uplink
from federation.simulation.plan import FAULTS, POINTS, Plan, plan_of
from federation.simulation.run import digest_of, run_plan, simulate
from federation.simulation.shrink import shrunk
from federation.simulation.world import Grounds
from federation.v1 import link_pb2
from node.services import handle
from node.services.handle import Handler
from tests.support.tree import ROOT

# Seeds of a change: a few here, hundreds by `make soak`.
FEW = (1, 23)
MANY = range(100, 200)
# In so many seeds each mutant is found.
MUTANT_SEEDS_MAX = 40


@pytest.fixture(scope="module")
def grounds() -> Grounds:
    return Grounds()


class TestSeeds:
    """Whatever happens to seven nodes, they end in agreement, or say that they do not."""

    @pytest.mark.parametrize("seed", FEW)
    def test_a_seed_breaks_no_invariant(self, grounds: Grounds, seed: int) -> None:
        simulation = run_plan(grounds, plan_of(seed))

        assert [] == [one.line() for one in simulation.violations]
        assert simulation.coverage.acts.total() > 10

    @pytest.mark.slow
    @pytest.mark.timeout(0)
    def test_many_seeds_break_no_invariant(self) -> None:
        found = simulate(MANY)

        assert len(MANY) == found.coverage.seeds
        assert [] == [(failure.seed, [one.line() for one in failure.violations]) for failure in found.failures]

    def test_every_kind_of_fault_comes_in_a_tenth_of_the_seeds_and_a_restore_in_two_fifths(self) -> None:
        """T02, of the plans of 1,000 seeds."""
        kinds = [{item.kind for item in plan_of(seed).items} for seed in range(1000)]

        assert {kind for kind in FAULTS if sum(kind in one for one in kinds) < 100} <= {"revoked"}
        assert sum(bool(one & {"restore", "restore_unguarded"}) for one in kinds) >= 400


class TestDeterminism:
    """The same seed is the same story."""

    def test_a_seed_gives_the_same_trace_twice_and_in_a_fresh_process_with_other_hashes(self, grounds: Grounds) -> None:
        plan = plan_of(23).only(range(1, 35))
        first, again = run_plan(grounds, plan), run_plan(grounds, plan)
        program = (
            "from federation.simulation.run import digest_of, run_plan\n"
            "from federation.simulation.plan import plan_of\n"
            "from federation.simulation.world import Grounds\n"
            "print(digest_of(run_plan(Grounds(), plan_of(23).only(range(1, 35)))))"
        )
        fresh = subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONHASHSEED": "4242"},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )

        assert first.trace == again.trace
        assert digest_of(first) == fresh.stdout.strip()

    def test_the_named_points_are_those_of_the_product(self) -> None:
        """A point at which no node ever dies would be a crash that nobody tried."""
        texts = [path.read_text("utf-8") for room in ("node/storage", "federation") for path in (ROOT / room).rglob("*.py")]
        named = {part.split('"')[1] for text in texts for part in text.split(".fault(")[1:] if part.startswith('"')}

        assert named == set(POINTS)


class TestShrinking:
    """A failure is told by the least plan that still fails."""

    def test_what_does_not_matter_is_left_out(self) -> None:
        plan = plan_of(7)
        guilty = {plan.items[3].number, plan.items[20].number}

        least = shrunk(plan, lambda one: guilty <= {item.number for item in one.items}, 500)

        assert guilty == {item.number for item in least.items}

    def test_no_more_runs_are_made_than_allowed(self) -> None:
        tried: list[Plan] = []

        def fails(plan: Plan) -> bool:
            tried.append(plan)
            return False

        assert plan_of(7) == shrunk(plan_of(7), fails, 9)
        assert 9 == len(tried)


Mutate = Callable[[pytest.MonkeyPatch], None]


class _Early(Exception):
    """Ends the transaction of a Push after its answer was made."""

    def __init__(self, taken: mirror.Taken) -> None:
        super().__init__()
        self.taken = taken


def _ack_before_commit(patch: pytest.MonkeyPatch) -> None:
    """Now and then the answer to a Push goes out before its transaction commits, which then does not."""
    take, push = mirror.Mirror.take, server.LinkServer.Push
    is_early = [False]

    def taking(self: Any, work: Any, peer: str, segments: Any) -> Any:
        taken = take(self, work, peer, segments)
        if is_early[0] and taken.entries:
            raise _Early(taken)
        return taken

    def pushing(self: Any, request: Any, context: Any) -> Any:
        is_early[0] = self._level.random.random() < 0.1
        try:
            return push(self, request, context)
        except _Early as early:
            return link_pb2.PushResponse(positions=[codec.position_to_pb(one) for one in early.taken.positions], credit=500)
        finally:
            is_early[0] = False

    patch.setattr(mirror.Mirror, "take", taking)
    patch.setattr(server.LinkServer, "Push", pushing)


def _repeat_is_appended(patch: pytest.MonkeyPatch) -> None:
    """The id of a reaction's command is not looked for: what is done twice has two effects."""
    patch.setattr(Handler, "_first_outcome", lambda _self, _work, _order: None)


def _gap_is_jumped(patch: pytest.MonkeyPatch) -> None:
    """Entries behind a gap are taken as if they were the next."""
    real = mirror._Batch.take

    def take(self: Any, segment: Any) -> Any:
        size = self.work.journal.range_of(segment.node, segment.epoch).size
        return real(self, replace(segment, from_seq=min(segment.from_seq, size + 1)))

    patch.setattr(mirror._Batch, "take", take)


def _cursor_runs_ahead(patch: pytest.MonkeyPatch) -> None:
    """The cursor is set to what was sent, whatever the answer says."""
    real = outgoing.after_push
    patch.setattr(outgoing, "after_push", lambda view, batch, reported, roots: replace(real(view, batch, [], roots), cursor=batch.upto))
    patch.setattr(outgoing, "standing", lambda view, *_args: outgoing.Standing(view.head.taken))


def _positions_only_grow(patch: pytest.MonkeyPatch) -> None:
    """Positions only grow: what a restored superior says is not believed."""
    real = Uplink._on_greeted

    def on_greeted(self: Any, reply: Any, now: Any) -> None:
        former = self.cursor
        real(self, reply, now)
        self.cursor = max(former, self.cursor)

    patch.setattr(Uplink, "_on_greeted", on_greeted)


def _custody_is_not_compared(patch: pytest.MonkeyPatch) -> None:
    """Whoever has the ticket's file may handle it."""
    real = handle.decide_ticket

    def decide(ticket: Any, command: Any, facts: Any, policy: Any, now: Any) -> Any:
        if ticket is not None and not command.is_side and not command.starts:
            own = replace(ticket.custody, holder=policy.node, asked="")
            return real(replace(ticket, custody=own), command, facts, policy, now)
        return real(ticket, command, facts, policy, now)

    patch.setattr(handle, "decide_ticket", decide)


def _idle_nodes_do_not_greet(patch: pytest.MonkeyPatch) -> None:
    """A node that has nothing to send does not ask where its superior stands."""
    real = Uplink._next_up

    def next_up(self: Any, now: Any) -> Any:
        if self._greeted and not self._must_greet and self.cursor >= self.tail:
            return None
        return real(self, now)

    patch.setattr(Uplink, "_next_up", next_up)


def _forks_are_not_looked_for(patch: pytest.MonkeyPatch) -> None:
    """Roots are not compared, neither above nor below."""
    patch.setattr(greeting, "_is_forked", lambda *_args: False)
    real = outgoing.standing
    patch.setattr(outgoing, "standing", lambda *args: replace(real(*args), forked=()))


MUTANTS: dict[str, tuple[Mutate, str]] = {
    "ack before commit": (_ack_before_commit, "partition"),
    "a repeat has a second effect": (_repeat_is_appended, "reorder"),
    "a gap is jumped over": (_gap_is_jumped, "restore"),
    "the cursor is advanced whatever the answer says": (_cursor_runs_ahead, "loss"),
    "positions only grow": (_positions_only_grow, "restore"),
    "the custody number is not compared": (_custody_is_not_compared, "partition"),
    "an idle node does not greet": (_idle_nodes_do_not_greet, "restore"),
    "forks are not looked for": (_forks_are_not_looked_for, "restore_unguarded"),
}


class TestMutants:
    """T03: a protocol without one of its rules is found out."""

    @pytest.mark.slow
    @pytest.mark.timeout(0)
    @pytest.mark.parametrize("name", MUTANTS)
    def test_a_mutant_is_killed(self, grounds: Grounds, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        mutate, kind = MUTANTS[name]
        mutate(monkeypatch)

        assert any(run_plan(grounds, plan).violations for plan in _plans_with(kind))

    def test_who_ignores_custody_is_found_in_the_first_seeds(self, grounds: Grounds, monkeypatch: pytest.MonkeyPatch) -> None:
        """One mutant at every change; the others by `make soak`."""
        _custody_is_not_compared(monkeypatch)

        assert any(run_plan(grounds, plan_of(seed)).violations for seed in (1, 2, 3))


def _plans_with(kind: str) -> Iterator[Plan]:
    """The first plans that have this kind of fault."""
    found = (plan for plan in map(plan_of, range(10_000)) if any(item.kind == kind for item in plan.items))
    return (plan for _, plan in zip(range(MUTANT_SEEDS_MAX), found, strict=False))
