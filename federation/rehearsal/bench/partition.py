"""
W3: what a county that was cut off for long has waiting, and how it goes up: undisturbed, and with one kill -9 on each side.

The city is killed and started again after a third of the way, the county after two thirds.  In the end the city must hold the
county's journal, root for root: nothing lost, nothing doubled.  Peak memory is that of the serving processes (VmHWM), with the
whole backlog against a small one.
"""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from federation.rehearsal.bench import backlog
from federation.rehearsal.bench.figures import Figure, Part, figure
from federation.rehearsal.bench.stages import COUNTY, TOP_CITY, Bench, Caught, catch_up, standing
from federation.rehearsal.stage import Create
from node.storage import schema

RATE_FLOOR, RATE_GOAL = 0.6, 0.8
MEMORY_FLOOR, MEMORY_GOAL = 1.5, 1.2
seconds_max = 3_600.0


@dataclass(frozen=True)
class Size:
    """Tickets (of ten entries) that wait, and those of the small backlog that memory is held against."""

    tickets: int = 20_000
    few_tickets: int = 1_000


def run(create: Create, home: Path, size: Size) -> list[Part]:
    """Both catch-ups of the whole backlog, and one of the small one."""
    with standing(create, home / "few", (TOP_CITY, COUNTY)) as bench:
        _fill(bench, size.few_tickets)
        _, few = _caught(bench)
    with standing(create, home / "many", (TOP_CITY, COUNTY)) as bench:
        _fill(bench, size.tickets)
        bench.keep()
        whole, many = _caught(bench)
        bench.bring_back()
        killed, _ = _caught(bench, kills=True)
        lost, doubled = _lost_and_doubled(bench)
        entries = bench.size(COUNTY.code, COUNTY.code)
    figures = [figure("rate with a kill on each side / without", [(killed.rate, whole.rate)], "entries/s", RATE_FLOOR, RATE_GOAL)]
    figures += [
        figure(f"{side}'s peak memory, all waiting / few", [(many[code], few[code])], "MB", MEMORY_FLOOR, MEMORY_GOAL, is_cost=True)
        for code, side in ((TOP_CITY.code, "city"), (COUNTY.code, "county"))
        if code in many and code in few
    ]
    figures.append(
        Figure("lost and doubled entries / asked of them", float(lost + doubled), lost + doubled, 0, "entries", 0.0, 0.0, is_cost=True)
    )
    return [Part("W3", tuple(figures), {"entries": entries, "lost": lost, "doubled": doubled})]


def _fill(bench: Bench, tickets: int) -> None:
    county = bench.node(COUNTY.code)
    backlog.fill(county, backlog.play(county), tickets)


def _caught(bench: Bench, *, kills: bool = False) -> tuple[Caught, dict[str, float]]:
    """How it went up, and the peak memory of each process in megabytes; where it was killed, of the last."""
    stage, city, county = bench.stage, TOP_CITY.code, COUNTY.code
    held, whole = bench.size(city, county), bench.size(county, county)
    stage.start(city)
    stage.wait_listening(city)
    stage.start(county)
    waiting = [(held + (whole - held) * part // 3, code) for part, code in ((1, city), (2, county))] if kills else []

    def strike(size: int) -> None:
        while waiting and size >= waiting[0][0]:
            _, code = waiting.pop(0)
            stage.kill(code)
            stage.start(code)

    caught = catch_up(bench, city, {county: whole}, seconds_max, held, on_look=strike)
    peaks = {code: peak for code in (city, county) if (peak := _peak_megabytes(stage.serving[code].pid)) is not None}
    assert not waiting, "it was through before anybody was killed: let more wait"
    stage.close()
    return caught, peaks


def _peak_megabytes(pid: int) -> float | None:
    """The most that the process ever had in memory; None where the system does not tell."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), None)


def _lost_and_doubled(bench: Bench) -> tuple[int, int]:
    """Entries of the county that the city has not, and those that it has twice; other bytes in a place count as lost."""
    table = schema.entries
    with bench.node(COUNTY.code).store.read() as view:
        own = view.journal.position(COUNTY.code, 1)
    with bench.node(TOP_CITY.code).store.read() as view:
        there = view.journal.position(COUNTY.code, 1)
        count, ids = view.connection.execute(
            select(func.count(), func.count(table.c.id.distinct())).where(table.c.node == COUNTY.code)
        ).one()
        tickets = view.connection.execute(select(func.count()).select_from(schema.tickets)).scalar_one()
        begun = view.connection.execute(select(func.count()).where(table.c.kind == "Registered", table.c.node == COUNTY.code)).scalar_one()
    lost = own.size - ids + abs(begun - tickets) + (own.root != there.root)
    return int(lost), int(count - ids)
