"""What the tests of faults stand on: trees of serving processes, people at work in them, and what must be true at the end."""

import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from federation.rehearsal.agreement import compare
from federation.rehearsal.stage import Stage
from node.domain.command import Command
from node.domain.payload import Contact, Text
from node.domain.refusal import Refusal
from node.domain.ticket.escalation import AcceptEscalation, RequestEscalation, ReturnEscalation
from node.domain.ticket.first_contact import ReportToOffice
from node.domain.ticket.forming import Form
from node.domain.ticket.intake import Register
from node.services.acting import Node, act
from node.services.verify import verify
from node.storage import schema

PROVINCE, CITY, COUNTY = "520000", "520400", "520402"
TESTS = ("responsibility", "jurisdiction", "materials", "lawfulness")
CLERK, OFFICE = "centre:window_clerk", "centre:office"


@dataclass(frozen=True)
class Entry:
    """A node of a stage."""

    code: str
    superior: str
    pack: str
    name: str = "node"
    centre_name: str = "centre"


THREE = (Entry(PROVINCE, "", "guizhou"), Entry(CITY, PROVINCE, "anshun-2025"), Entry(COUNTY, CITY, "xixiu-2025"))
TWO = (Entry(CITY, "", "anshun-2025"), Entry(COUNTY, CITY, "xixiu-2025"))
SEVEN = (
    Entry(PROVINCE, "", "guizhou"),
    Entry(CITY, PROVINCE, "anshun-2025"),
    Entry("520300", PROVINCE, "anshun-2025"),
    Entry(COUNTY, CITY, "xixiu-2025"),
    Entry("520424", CITY, "guanling-2025"),
    Entry("520302", "520300", "xixiu-2025"),
    Entry("520303", "520300", "xixiu-2025"),
)


def register(stage: Stage, text: str, county: str = COUNTY) -> str:
    """A need at a county's window, in the office's pool."""
    node = stage.nodes[county]
    command = Register(
        channel="window",
        appeal=Text(text),
        phone=Contact("13800001234"),
        name=Contact("某厂"),
        judgement="foreign",
        first_contact=f"{county}-centre",
    )
    ticket = act(node, CLERK, command).subject.id
    act(node, CLERK, ReportToOffice(), ticket=ticket)
    return ticket


def form_and_escalate(stage: Stage, ticket: str, county: str = COUNTY) -> None:
    """The county's office asks the level above to take a ticket."""
    node = stage.nodes[county]
    act(node, OFFICE, Form(category="coordination", passed=TESTS), ticket=ticket)
    act(node, OFFICE, RequestEscalation(power_item="LAND-07", reason=Text("超出权限"), tried=("x",)), ticket=ticket)


def ids(node: Node) -> set[str]:
    """The numbers of every ticket that a node knows."""
    with node.store.read() as view:
        return set(view.connection.execute(select(schema.tickets.c.id)).scalars())


def states(stage: Stage, ticket: str) -> list[str]:
    """The ticket's state at each level, from the top."""
    told = []
    for node in stage.nodes.values():
        with node.store.read() as view:
            row = view.readings.rows({ticket}).get(ticket)
        told.append(row.state if row else "")
    return told


def link(node: Node, peer: str) -> Any:
    """A link's row."""
    with node.store.read() as view:
        return view.connection.execute(select(schema.links).where(schema.links.c.peer == peer)).one()


def flaws(stage: Stage) -> list[str]:
    """What differs between the levels, and what `qyzj verify` finds at each, once everything came to rest."""
    found = compare({code: node.store for code, node in stage.nodes.items()}).broken
    for code, node in stage.nodes.items():
        with node.store.read() as view:
            verdict = verify(view, node.blobs)
            for table in (schema.quarantine, schema.incidents):
                found += [f"{code}: {table.name} {tuple(row)[:4]}" for row in view.connection.execute(select(table))]
        found += [f"{code}: {flaw}" for flaw in verdict.flaws]
    return found


def size_of(node: Node) -> int:
    """How many entries stand in a node's own journal."""
    with node.store.read() as view:
        return view.journal.position(node.code, view.head.epoch).size


@dataclass
class Office:
    """
    People at work in a tree while its nodes suffer: a thread that registers, forms, escalates, accepts and returns.

    ``made`` are tickets whose registration was answered as done, ``took`` the seconds of each act.
    """

    stage: Stage
    seed: int
    counties: Sequence[str]
    acts_per_second: float = 20.0
    escalates: bool = True
    made: list[str] = field(default_factory=list)
    acts: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    took: list[float] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    _end: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> "Office":
        self._thread = threading.Thread(target=self._work, name="office", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        assert self._thread is not None
        self._thread.join()

    @property
    def is_at_work(self) -> bool:
        """False once something broke that nobody expected."""
        return self._thread is not None and self._thread.is_alive()

    def percentile(self, part: float) -> float:
        """So many seconds did *part* of the acts take at most."""
        return percentile(self.took, part)

    def _work(self) -> None:
        chance = random.Random(self.seed)
        while not self._end.wait(1 / self.acts_per_second):
            begun = time.monotonic()
            try:
                self._act(chance)
            except Refusal as refusal:
                self.refused[refusal.code.name] = self.refused.get(refusal.code.name, 0) + 1
            except Exception as error:
                self.broken.append(f"{type(error).__name__}: {error}")
                return
            self.took.append(time.monotonic() - begun)
            self.acts += 1

    def _act(self, chance: random.Random) -> None:
        place = chance.random()
        county = chance.choice(self.counties)
        if place < 0.6 or not self.made or not self.escalates:
            self.made.append(register(self.stage, f"道路施工 {chance.getrandbits(32):08x}", county))
        elif place < 0.8:
            waiting = self._tickets(county, "state = 'registered' AND asked = ''", county)
            if waiting:
                form_and_escalate(self.stage, chance.choice(waiting), county)
        else:
            superior = self.stage.parts[county].superior
            asked = self._tickets(superior, f"asked = '{superior}'")
            if asked:
                answer: Command = AcceptEscalation(category="coordination", complexity="plain")
                if chance.random() < 0.5:
                    answer = ReturnEscalation("reason", Text("退回"))
                act(self.stage.nodes[superior], OFFICE, answer, ticket=chance.choice(asked))

    def _tickets(self, code: str, where: str, origin: str = "") -> list[str]:
        only = f" AND origin = '{origin}'" if origin else ""
        with self.stage.nodes[code].store.read() as view:
            rows = view.connection.exec_driver_sql(f"SELECT id FROM tickets WHERE {where}{only} ORDER BY id DESC LIMIT 20")
            return [row[0] for row in rows]


def percentile(seconds: Sequence[float], part: float) -> float:
    """So much at most in *part* of the cases, by rank."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0


def resident_bytes(pid: int) -> int:
    """What a process holds in memory, by /proc."""
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * 4096


def at_work(stage: Stage, code: str, since_wall: float) -> bool:
    """True once a node that was started has heard its superior (if that runs) and owes itself no reaction."""
    node, superior = stage.nodes[code], stage.parts[code].superior
    with node.store.read() as view:
        if view.head.reacted < view.head.taken:
            return False
        if superior not in stage.serving:
            return True
        heard = view.connection.execute(select(schema.links.c.heard_at).where(schema.links.c.side == "superior")).scalar()
    return heard is not None and heard >= since_wall * 1e6
