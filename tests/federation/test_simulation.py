"""The simulator: seeds without a breach, traces that are the same everywhere, and rules whose lack it finds."""

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest

from federation import epochs
from federation.mirror import Mirror
from federation.simulation import saga
from federation.simulation.invariants import incidents_are_whole
from federation.simulation.operators import REASON, DirectEnd
from federation.simulation.plan import FAULTS, POINTS, Plan, plan_of
from federation.simulation.report import failure_lines
from federation.simulation.rest import Rest, is_at_rest
from federation.simulation.run import digest_of, run_plan, simulate
from federation.simulation.shrink import shrunk
from federation.simulation.simulation import Coverage, Simulation
from federation.simulation.world import Grounds, Node
from tests.federation.mutants import MUTANTS
from tests.support.tree import ROOT, files

# Every seed that ever broke an invariant, of which each change is tried again; the last line is of seeds that met what no other did: a
# transfer that was ruled back.
# fmt: off
CORPUS = (
    8, 33, 34, 39, 43, 48, 56, 57, 68, 79, 100, 151, 233, 303, 401, 470, 1029, 1129, 5000040,
    210716935, 210716987, 210716994, 619512975, 619512981, 619512990, 2196394529, 2653148607, 2653148641, 3397798909, 3397798921,
    1716874064, 4154708400, 20000446, 20000259, 1845985818, 20000204, 21000190, 21000515, 21000555, 21000832, 21001058, 21001266,
    22001010, 22001433, 22001741, 23000058, 26000232, 26000801, 27000348, 29001308,
    29002362, 29002411, 35000096, 36003832, 36004991, 36005626, 36002111, 36001203, 36004672,
    41000271, 47000720, 48001783,
    52000021, 52000033, 70002897, 80000371, 90000581, 130000645, 130001216,
)
# fmt: on
# Beside the corpus, so many seeds that nobody has tried: whatever the corpus grows to, a change meets no fewer.  In parts that run
# beside one another; each has its share of both.
FRESH_OF_A_CHANGE = 60
PARTS = 10
# A failure there is shrunk by so many runs, which is a minute; `qyzj simulate` has more time.
SHRINKS_OF_A_CHANGE = 12
# What the corpus meets at least (T02); `qyzj simulate` tells it of any run.  Of the pairs of a state and a fault none is impossible: each
# kind comes to any node below another, and such a node sees every state.  Of 286 these seeds meet 171; a change that moves a few acts in
# time moves a few of these.
DEATHS_AT_A_POINT_MIN = 10
PAIRS_MET_PERCENT_MIN = 55
# What the simulator runs and is made of.
PROGRAM = ("federation", "node")
# By `make soak`: so many in parts of a hundred, each of which can be run again by its first seed.
SEEDS_OF_A_SOAK = int(os.environ.get("QYZJ_SOAK_SEEDS", "10000"))
# In so many seeds each mutant is found.
MUTANT_SEEDS_MAX = 1_000


def first_seed() -> int:
    """
    The first of a change's fresh seeds: `QYZJ_FIRST_SEED`, or made of the program's own bytes.

    So whoever changes the program meets seeds that nobody has tried, and the same tree always gives the same answer: a failure is
    there again when the test is run again, at another place, or by whoever looks for the change that brought it.  By the date or
    at random it would come and go.
    """
    said = os.environ.get("QYZJ_FIRST_SEED")
    if said:
        return int(said)
    digest = sha256()
    for path in files():
        if path.parts[0] in PROGRAM:
            digest.update(path.as_posix().encode() + b"\0" + (ROOT / path).read_bytes())
    return int.from_bytes(digest.digest()[:4])


@pytest.fixture(scope="module")
def grounds() -> Grounds:
    return Grounds()


class TestSeeds:
    """Whatever happens to seven nodes, they end in agreement, or say that they do not."""

    @pytest.mark.timeout(1_200)
    @pytest.mark.parametrize("part", range(PARTS))
    def test_no_seed_breaks_an_invariant(self, part: int, met_in_parts: Path) -> None:
        """
        The corpus, then fresh ones (T01).  Each that fails is named with its least plan; `qyzj simulate` runs it again by its number.

        Whichever part ends last looks at what all of the corpus met (T02): the parts may run in several processes.
        """
        first = first_seed()
        seeds = [*CORPUS, *range(first, first + FRESH_OF_A_CHANGE)][part::PARTS]
        met = Coverage(seeds=0)

        found = simulate(seeds, on_seed=partial(_add_of_the_corpus, met), shrinks_max=SHRINKS_OF_A_CHANGE)
        together = _with_the_others(met, met_in_parts, part)

        assert [] == [line for failure in found.failures for line in failure_lines(failure)]
        assert len(seeds) == found.coverage.seeds
        assert found.coverage.acts.total() > 10 * len(seeds)
        assert [] == list(unmet(together))

    @pytest.mark.slow
    @pytest.mark.timeout(0)
    @pytest.mark.parametrize("first", range(1, SEEDS_OF_A_SOAK + 1, 100))
    def test_a_hundred_seeds_break_no_invariant(self, first: int) -> None:
        found = simulate(range(first, first + 100))

        assert 100 == found.coverage.seeds
        assert [] == [(failure.seed, [one.line() for one in failure.violations]) for failure in found.failures]

    @pytest.mark.parametrize(
        ("spoil", "said"),
        [
            (lambda met: met.faults.pop("clog"), "never injected: clog"),
            (lambda met: met.crashes.update({POINTS[0]: 1 - DEATHS_AT_A_POINT_MIN}), f"1 deaths at {POINTS[0]}"),
            (lambda met: _forget_pairs(met, *saga.STATES[-6:]), "54 % of pairs met"),
            (lambda met: _forget_pairs(met, "RULED"), "never met: RULED"),
        ],
        ids=["a kind", "a point", "pairs", "a state"],
    )
    def test_what_the_corpus_does_not_meet_is_told(self, spoil: Callable[[Coverage], object], said: str) -> None:
        """T02: of a run that meets all, and then not quite."""
        met = Coverage(seeds=len(CORPUS))
        met.faults.update(FAULTS)
        met.crashes.update(dict.fromkeys(POINTS, DEATHS_AT_A_POINT_MIN))
        met.pairs.update((state, kind) for state in saga.STATES for kind in FAULTS)
        assert [] == list(unmet(met))

        spoil(met)

        assert 1 == sum(line.startswith(said) for line in unmet(met))

    def test_every_kind_of_fault_comes_in_a_tenth_of_the_seeds_and_a_restore_in_two_fifths(self) -> None:
        """T02, of the plans of 1,000 seeds."""
        kinds = [{item.kind for item in plan_of(seed).items} for seed in range(1000)]

        assert {kind for kind in FAULTS if sum(kind in one for one in kinds) < 100} <= {"revoked"}
        assert sum(bool(one & {"restore", "restore_unguarded"}) for one in kinds) >= 400


@pytest.fixture(scope="module")
def met_in_parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the parts of one run leave what they met, whichever process they run in."""
    base = tmp_path_factory.getbasetemp()
    place = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "met_in_parts"
    place.mkdir(exist_ok=True)
    return place


def _add_of_the_corpus(met: Coverage, simulation: Simulation) -> None:
    if simulation.plan.seed in CORPUS:
        met.add(simulation.coverage)


def _with_the_others(met: Coverage, place: Path, part: int) -> Coverage | None:
    """What all parts met, once *part* is the last of them; else None."""
    own = place / f"{part}.part"
    own.write_bytes(pickle.dumps(met))
    own.rename(own.with_suffix(".whole"))
    parts = sorted(place.glob("*.whole"))
    if len(parts) < PARTS:
        return None
    together = Coverage(seeds=0)
    for one in parts:
        together.add(pickle.loads(one.read_bytes()))
    return together


def unmet(met: Coverage | None) -> Iterator[str]:
    """What the corpus has to meet and did not (T02); nothing of a run that is not whole."""
    if met is None:
        return
    assert len(CORPUS) <= met.seeds
    yield from (f"never injected: {kind}" for kind in FAULTS if not met.faults[kind])
    yield from (f"{met.crashes[point]} deaths at {point}" for point in POINTS if met.crashes[point] < DEATHS_AT_A_POINT_MIN)
    yield from (f"never met: {state}" for state in saga.STATES if not any(met.pairs[state, kind] for kind in FAULTS))
    never = [f"{state} x {kind}" for state in saga.STATES for kind in FAULTS if not met.pairs[state, kind]]
    pairs = len(saga.STATES) * len(FAULTS)
    if (pairs - len(never)) * 100 < PAIRS_MET_PERCENT_MIN * pairs:
        yield f"{100 - len(never) * 100 // pairs} % of pairs met; not {', '.join(never)}"


def _forget_pairs(met: Coverage, *states: str) -> None:
    for state in states:
        for kind in FAULTS:
            del met.pairs[state, kind]


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


class TestRest:
    """Nothing is judged while somebody still has something to do."""

    def test_who_has_not_given_back_to_the_superiors_new_epoch_is_waited_for(self, grounds: Grounds) -> None:
        """
        2.3 no. 11, seed 1845985818: a city that begins an epoch with nothing of its own behind numbers nothing anew, so every
        stream agrees before its counties have heard of it.
        """
        simulation = Simulation(grounds, plan_of(23).only(()))
        nodes, counties = simulation.nodes, ("520402", "520424")
        city, province = nodes["520400"], nodes["520000"]
        for code in nodes:
            simulation.start(code)
        simulation.schedule.run_until(60.0)
        assert is_at_rest(simulation)

        for code in counties:
            simulation.links[code].is_cut = True
        epochs.grant(province.level, city.code, REASON, province.actor("operator"))
        epochs.rejoin(city.level, DirectEnd(simulation, city.code), REASON, city.actor("operator"))  # type: ignore[arg-type]
        simulation.stop(city.code)
        simulation.start(city.code)
        simulation.schedule.run_until(180.0)
        held_above = province.value("SELECT size FROM streams WHERE node = ? AND epoch = 2", city.code)
        assert (1, False) == (held_above, is_at_rest(simulation))

        for code in counties:
            simulation.links[code].is_cut = False
        simulation.schedule.run_until(600.0)
        assert is_at_rest(simulation)
        assert [2, 2] == [nodes[code].value("SELECT given_epoch FROM links WHERE peer = ?", city.code) for code in counties]
        for code in nodes:
            simulation.stop(code)

    def test_a_fork_of_which_one_history_is_nowhere_is_found(self, grounds: Grounds) -> None:
        """I15: a root alone, or bytes that stand there anyhow, are no second history; what an end kept as evidence is one."""
        simulation = Simulation(grounds, plan_of(23).only(()))
        county, city = (simulation.nodes[code] for code in ("520402", "520400"))
        for code in simulation.nodes:
            simulation.start(code)
        simulation.schedule.run_until(60.0)
        (held,) = (bytes(row[0]) for row in city.rows("SELECT content FROM entries WHERE node = '520402' AND seq = 3"))

        def breaches_after(end: Node, kind: str, seq: int, content: bytes) -> int:
            with end.store.write() as work:
                Mirror(end.now).keep_incident(work, kind, county.code, 1, seq, content)
            return len(list(incidents_are_whole(Rest(simulation))))

        assert 1 == breaches_after(city, "fork", 4, bytes(32))
        assert 2 == breaches_after(city, "fork", 3, held)
        assert 1 == breaches_after(county, "branch", 3, held + b"kept below")
        assert 0 == breaches_after(city, "branch", 3, held + b"kept above")
        for code in simulation.nodes:
            simulation.stop(code)


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


class TestMutants:
    """T03: a protocol without one of its rules is found out, by the invariant that speaks of it."""

    @pytest.mark.slow
    @pytest.mark.timeout(0)
    @pytest.mark.parametrize("name", MUTANTS)
    def test_a_mutant_is_killed(self, grounds: Grounds, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        mutant = MUTANTS[name]
        mutant.mutate(monkeypatch)

        assert any(mutant.noticed_by & {one.invariant for one in run_plan(grounds, plan).violations} for plan in _plans_with(mutant.fault))

    def test_who_ignores_custody_is_found_in_the_first_seeds(self, grounds: Grounds, monkeypatch: pytest.MonkeyPatch) -> None:
        """One mutant at every change; the others by `make soak`."""
        MUTANTS["the custody number is not compared"].mutate(monkeypatch)

        assert any(run_plan(grounds, plan_of(seed)).violations for seed in (1, 2, 3))


def _plans_with(kind: str) -> Iterator[Plan]:
    """The first plans that have this kind of fault."""
    found = (plan for plan in map(plan_of, range(10_000)) if any(item.kind == kind for item in plan.items))
    return (plan for _, plan in zip(range(MUTANT_SEEDS_MAX), found, strict=False))
