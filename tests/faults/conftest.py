"""Stages of serving processes."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from federation.rehearsal.stage import Stage, closing, set_up
from federation.rehearsal.warm import Warm
from node import app
from tests.faults.ground import THREE, Entry
from tests.faults.proxy import Proxy
from tests.support.node import MONDAY

MakeStage = Callable[..., Stage]
MakeProxy = Callable[..., Proxy]


@pytest.fixture(scope="session")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    """A process that has loaded the program: nodes fork off it in a quarter of a second."""
    made = Warm(tmp_path_factory.mktemp("warm") / "warm.log")
    yield made
    made.close()


@pytest.fixture
def make_stage(tmp_path: Path, warm: Warm) -> Iterator[MakeStage]:
    """Makes trees of nodes; ``serves``: they have joined and serve.  Everything ends with the test."""
    with ExitStack() as ends:
        numbers = itertools.count(1)

        def make(entries: Sequence[Entry] = THREE, *, home: Path | None = None, serves: bool = True, is_rehearsal: bool = True) -> Stage:
            place = home or tmp_path / f"stage{next(numbers)}"
            stage = set_up(app.create, app.set_rehearsal_clock, place, entries, MONDAY, is_rehearsal=is_rehearsal)
            stage.begin = warm.start
            for node in stage.nodes.values():
                ends.callback(node.close)
            ends.enter_context(closing(stage, keep=False))
            for entry in entries if serves else ():
                stage.enter(entry.code)
            return stage

        yield make


@pytest.fixture
def make_proxy() -> Iterator[MakeProxy]:
    """Makes wires to a port above."""
    with ExitStack() as ends:

        def make(port_above: int, seed: int = 0) -> Proxy:
            proxy = Proxy(port_above, seed)
            ends.callback(proxy.close)
            return proxy

        yield make


@pytest.fixture
def stage(make_stage: MakeStage) -> Stage:
    """Province, city and county, each serving in a process of its own."""
    return make_stage()
