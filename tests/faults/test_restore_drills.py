"""
Seven drills of a night after a lost disk, on processes, with nothing but the program's own verbs (T16, FEDERATION 2.3 nos. 6 to 11).

Each begins with a tree at work and a backup, ends in agreement, and leaves every node writing.  QYZJ_DRILLS: how often the soak
plays each.
"""

import contextlib
import io
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from federation.rehearsal.stage import Stage, free_port
from node import app
from node.cli.console import Parts
from node.cli.main import execute
from node.domain.payload import Text
from node.domain.refusal import Refusal
from node.domain.ticket.escalation import AcceptEscalation, ReturnEscalation
from node.services.acting import act
from tests.faults.conftest import MakeStage
from tests.faults.ground import CITY, COUNTY, OFFICE, PROVINCE, THREE, flaws, form_and_escalate, ids, link, register
from tests.support.node import MONDAY

PARTS = Parts(app.build, app.create, app.set_rehearsal_clock, app.serve)
PASS_PHRASE = "a long pass phrase for drills"
REASON = ("--reason", "恢复演练")


@dataclass
class Drill:
    """A tree of processes, and an operator's hands."""

    stage: Stage
    seed: int = 0
    made: list[str] = field(default_factory=list)

    def qyzj(self, code: str, *arguments: str | Path, data: Path | None = None) -> Any:
        """``qyzj`` at a node, its answer as a machine reads it."""
        out, err = io.StringIO(), io.StringIO()
        place = data or self.stage.nodes[code].data_dir
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            exit_code = execute(["--data", str(place), "--json", *map(str, arguments)], PARTS)
        assert 0 == exit_code, (arguments, out.getvalue(), err.getvalue())
        return json.loads(out.getvalue())

    def work(self, county: str = COUNTY) -> None:
        """Registered at the county, escalated, accepted or returned by the city, and once more to the province."""
        self.made += [register(self.stage, f"演练 {seed}", county) for seed in range(2)]
        ticket = self.made[-1]
        form_and_escalate(self.stage, ticket, county)
        self.stage.arrived(CITY, ticket, "EscalationRequested")
        answer = (
            AcceptEscalation(category="coordination", complexity="plain") if self.seed % 2 else ReturnEscalation("reason", Text("退回"))
        )
        act(self.stage.nodes[CITY], OFFICE, answer, ticket=ticket)
        self.stage.rest(MONDAY)

    def back_up(self, code: str) -> Path:
        """`qyzj backup`, beside the running node."""
        file = self.stage.directory / f"{code}-{len(list(self.stage.directory.glob('*.backup')))}.backup"
        self.qyzj(code, "backup", file, "--pass-phrase-file", self.pass_phrase)
        return file

    @property
    def pass_phrase(self) -> Path:
        file = self.stage.directory / "pass-phrase"
        file.write_text(PASS_PHRASE, encoding="utf-8")
        return file

    def lose(self, code: str) -> Path:
        """The disk is gone; gives where the directory was."""
        if code in self.stage.serving:
            self.stage.kill(code)
        node = self.stage.nodes[code]
        node.close()
        shutil.rmtree(node.data_dir)
        return node.data_dir

    def restore(self, code: str, backup: Path) -> None:
        """`qyzj restore` into the empty directory; not started yet."""
        place = self.lose(code)
        self.qyzj(code, "restore", backup, "--pass-phrase-file", self.pass_phrase, "--verify", data=place)
        self.open(code, place)

    def open(self, code: str, place: Path) -> None:
        """This process looks into the directory anew."""
        self.stage.nodes[code] = app.build(place)  # type: ignore[index]

    def start(self, *codes: str) -> None:
        """Let nodes serve again."""
        for code in codes:
            self.stage.start(code)
            self.stage.wait_listening(code)

    def held(self, code: str) -> str:
        """Why a node writes nothing of its own, or empty."""
        with self.stage.nodes[code].store.read() as view:
            return view.head.held

    def until_held(self, code: str, *reasons: str) -> None:
        """Wait until a node is held for one of *reasons*; none: until it may write."""
        expected = reasons or ("",)
        self.stage.until(lambda: [] if self.held(code) in expected else [f"{code} is held: {self.held(code)!r}, not {expected}"])

    def until_greeted(self, code: str) -> None:
        """Wait until a node's link has nothing to complain about."""
        self.stage.until(lambda: self._complaints(code))

    def _complaints(self, code: str) -> list[str]:
        row = link(self.stage.nodes[code], self.stage.parts[code].superior)
        fine = row.status == "active" and not row.last_error and not self.held(code)
        return [] if fine else [f"{code}: {row.status} {row.last_error} held {self.held(code)!r}"]

    def agree(self) -> None:
        """Everybody is at rest, says the same, writes, and says the same again."""
        for part in self.stage.parts.values():
            self.until_held(part.code)
            if part.superior:
                self.until_greeted(part.code)
        self.stage.rest(MONDAY)
        self.work()
        assert [] == [flaw for flaw in flaws(self.stage) if ": incidents " not in flaw]
        assert set(self.made) <= ids(self.stage.nodes[PROVINCE])
        for code in (COUNTY, CITY):
            assert self.qyzj(code, "reconcile")["reconciled"][0]["agrees"]


# --- the seven --------------------------------------------------------------------------------------------------------


def county_old_and_idle(drill: Drill) -> None:
    """No. 6: it writes nothing until it has its own history back, and then goes on by itself."""
    backup = drill.back_up(COUNTY)
    drill.work()
    drill.restore(COUNTY, backup)
    assert "restored" == drill.held(COUNTY)
    with pytest.raises(Refusal):
        register(drill.stage, "too early")
    drill.start(COUNTY)


def county_old_and_wrote(drill: Drill) -> None:
    """No. 7: a machine's image came back whole, guard file and all, and people wrote on before the city was reached."""
    county = drill.stage.nodes[COUNTY]
    image = drill.stage.directory / f"image-{len(drill.made)}"
    drill.stage.stop(COUNTY)
    place, guard = county.data_dir, county.settings.guard
    county.close()
    shutil.copytree(place, image)
    kept = guard.read_bytes() if guard.exists() else None
    drill.open(COUNTY, place)
    drill.start(COUNTY)
    drill.work()
    drill.stage.kill(CITY)
    drill.lose(COUNTY)
    shutil.copytree(image, place)
    guard.unlink(missing_ok=True)
    if kept is not None:
        guard.write_bytes(kept)
    drill.open(COUNTY, place)
    drill.made.append(register(drill.stage, "written on an old image"))
    drill.start(CITY, COUNTY)
    drill.until_held(COUNTY, "forked")
    rejoin(drill, CITY, COUNTY)


def county_empty(drill: Drill) -> None:
    """No. 8: made anew and invited again; never "start again at 1"."""
    place, listen = drill.lose(COUNTY), drill.stage.parts[COUNTY].listen
    named = ("--node", COUNTY, "--name", "node", "--pack", "xixiu-2025", "--centre", "centre")
    drill.qyzj(COUNTY, "init", *named, "--listen", listen, "--rehearsal-clock", drill.stage.directory / "clock.json", data=place)
    drill.open(COUNTY, place)
    file = drill.stage.directory / f"again-{len(drill.made)}.invitation"
    drill.qyzj(CITY, "invite", COUNTY, "--name", "node", "--out", file)
    drill.qyzj(COUNTY, "join", file)
    drill.start(COUNTY)
    drill.until_held(COUNTY, "forked", "guard")
    rejoin(drill, CITY, COUNTY)


def county_cloned(drill: Drill) -> None:
    """No. 9: two copies of one machine run; an operator ends one and releases the other."""
    county = drill.stage.nodes[COUNTY]
    twin = drill.stage.directory / f"twin-{len(drill.made)}" / COUNTY
    drill.stage.stop(COUNTY)
    county.close()
    shutil.copytree(county.data_dir, twin)
    settings = twin / "qyzj.toml"
    settings.write_text(settings.read_text(encoding="utf-8").replace(drill.stage.parts[COUNTY].listen, f"127.0.0.1:{free_port()}"))
    drill.open(COUNTY, county.data_dir)
    drill.start(COUNTY)
    drill.until_greeted(COUNTY)
    copy = drill.stage.begin(["--data", str(twin), "serve"], drill.stage.directory / "twin.log", is_tied=True)
    city = drill.stage.nodes[CITY]
    # The one that was replaced greets again at its next heartbeat, or with the next entry.
    drill.made.append(register(drill.stage, "beside a copy"))
    drill.stage.until(lambda: [] if link(city, COUNTY).status == "cloned" else [f"the city says {link(city, COUNTY).status}"])
    copy.kill()
    copy.wait()
    drill.stage.stop(COUNTY)
    assert drill.qyzj(CITY, "link", "release", COUNTY)["released"]
    drill.start(COUNTY)


def city_old(drill: Drill) -> None:
    """No. 11: what it lost comes back from both sides."""
    backup = drill.back_up(CITY)
    drill.work()
    drill.restore(CITY, backup)
    drill.start(CITY)


def city_and_county_old(drill: Drill) -> None:
    """Nos. 6 and 11 in one night, with backups of different ages."""
    backups = {COUNTY: drill.back_up(COUNTY)}
    drill.work()
    backups[CITY] = drill.back_up(CITY)
    drill.work()
    for code, backup in backups.items():
        drill.restore(code, backup)
    drill.start(CITY, COUNTY)


def province_old(drill: Drill) -> None:
    """No. 11 at the top, where nobody else holds the journal: it goes on in a new epoch."""
    backup = drill.back_up(PROVINCE)
    drill.work()
    drill.restore(PROVINCE, backup)
    assert "restored" == drill.held(PROVINCE)
    drill.qyzj(PROVINCE, "link", "begin", *REASON)
    drill.start(PROVINCE)


def rejoin(drill: Drill, above: str, below: str) -> None:
    """As the status of both ends says."""
    drill.qyzj(above, "link", "grant", below, *REASON)
    drill.qyzj(below, "link", "rejoin", *REASON)


DRILLS: list[Callable[[Drill], None]] = [
    county_old_and_idle,
    county_old_and_wrote,
    county_empty,
    county_cloned,
    city_old,
    city_and_county_old,
    province_old,
]


class TestDrills:
    @pytest.mark.parametrize("drill", [county_old_and_wrote])
    def test_it_ends_in_agreement(self, make_stage: MakeStage, drill: Callable[[Drill], None]) -> None:
        """The one that needs every part: fork, grant, rejoin, what was written again."""
        given = Drill(make_stage(THREE))
        given.work()
        drill(given)
        given.agree()

    @pytest.mark.slow
    @pytest.mark.timeout(0)
    @pytest.mark.parametrize("drill", DRILLS)
    def test_each_many_times(self, make_stage: MakeStage, drill: Callable[[Drill], None]) -> None:
        """One tree lives through all of them: what a drill leaves behind is what the next one finds."""
        given = Drill(make_stage(THREE))
        given.work()
        for seed in range(int(os.environ.get("QYZJ_DRILLS", "7"))):
            given.seed = seed
            drill(given)
            given.agree()

    @pytest.mark.slow
    @pytest.mark.timeout(0)
    def test_all_in_one_tree(self, make_stage: MakeStage) -> None:
        given = Drill(make_stage(THREE))
        given.work()
        for seed, drill in enumerate(DRILLS):
            given.seed = seed
            drill(given)
            given.agree()
