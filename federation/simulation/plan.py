"""
What a seed is: a plan of acts and faults, each with its time, its node and a seed of its own.

A swarm: every seed has some kinds of faults and not others, at its own rates, so that rare pairs meet without the noise of all.
Since each item carries its own seed, leaving one out changes nothing about the others: that is how a failure is shrunk.
"""

import random
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from federation.simulation.world import TREE

ACT = "act"
SWEEP = "sweep"
BACKUP = "backup"

# Faults of the wire between a node and its superior.
WIRE = ("loss", "duplicate", "delay", "reorder", "partition", "one_way_up", "one_way_down", "clog")
# Faults of a node.
NODE = (
    "crash",
    "restart",
    "disk_full",
    "restore",
    "restore_unguarded",
    "clock_jump",
    "clone",
    "poison",
    "unknown_kind",
    "expired",
    "suspended",
    "revoked",
)
# Planned by chances of their own: what a seed planned before these kinds were there stays as it was.
LATER = ("reparent", "usurp")
FAULTS = (*WIRE, *NODE, *LATER)
# What T02 names and this does not do, and why.
NOT_INJECTED = {
    "torn_write": "a database in memory has no sectors; T08 cuts real files",
}
# Named points of the product at which a node may die: ``Store.fault`` and the ends of a call.
POINTS = ("append.after_entries", "mirror.after_entries", "commit.before", "commit.after")

# How often a seed has a kind of fault at all, and how many of it, at most.
_SHARE = {"restore": 0.45, "restore_unguarded": 0.15, "crash": 0.7, "revoked": 0.1, "clone": 0.2, "clog": 0.2}
_COUNT = {"crash": 8, "restore": 3, "restore_unguarded": 2, "revoked": 1, "clone": 1, "clock_jump": 3, "restart": 4, "poison": 2}
_reparent_share = 0.35
_usurp_share = 0.2
_usual_share = 0.3
_usual_count = 4

fault_seconds = 300.0
_acts = (40, 90)
# A superior is met by every fault below it, so it is chosen less often than there are counties.
_SUBORDINATES = tuple(code for code, (superior, _) in TREE.items() if superior)


@dataclass(frozen=True)
class Item:
    """One act or fault: ``size`` is its own measure (a share, seconds, the n-th time), ``until`` its end, 0 if it has none."""

    number: int
    at: float
    kind: str
    node: str
    seed: int
    until: float = 0.0
    size: float = 0.0
    point: str = ""

    def line(self) -> str:
        """For people, and for the trace."""
        more = [f"until {self.until:.1f}"] if self.until else []
        more += [self.point] if self.point else []
        more += [f"size {self.size:.3g}"] if self.size else []
        return f"#{self.number:<3} {self.at:9.3f} s  {self.node}  {self.kind} {' '.join(more)}".rstrip()


@dataclass(frozen=True)
class Plan:
    """
    A seed's plan.  ``pace`` is how many seconds of business time pass in one; ``is_idle``: nobody writes after the faults, so the
    nodes have to come to agree by heartbeats alone.
    """

    seed: int
    items: tuple[Item, ...]
    hello_seconds: float
    pace: float
    is_idle: bool

    @property
    def faults(self) -> int:
        """How many faults it has."""
        return sum(item.kind in FAULTS for item in self.items)

    def only(self, numbers: Collection[int]) -> "Plan":
        """The same with these items alone."""
        return replace(self, items=tuple(item for item in self.items if item.number in numbers))


def plan_of(seed: int) -> Plan:
    """The plan of *seed*."""
    chance = random.Random(f"plan|{seed}")
    found = [*_work(chance), *_faults(chance), *_moves(random.Random(f"reparent|{seed}")), *_usurpers(random.Random(f"usurp|{seed}"))]
    found.sort(key=lambda item: (item.at, item.kind, item.node, item.seed))
    items = tuple(replace(item, number=number) for number, item in enumerate(found, 1))
    return Plan(seed, items, chance.choice((30.0, 50.0, 80.0)), chance.choice((10.0, 60.0, 300.0)), chance.random() < 0.4)


def _work(chance: random.Random) -> Iterable[Item]:
    codes = tuple(TREE)
    weights = [2 if code in _SUBORDINATES else 1 for code in codes]
    for _ in range(chance.randint(*_acts)):
        yield Item(0, chance.uniform(1, fault_seconds), ACT, chance.choices(codes, weights)[0], chance.getrandbits(48))
    for code in codes:
        if chance.random() < 0.5:
            yield Item(0, chance.uniform(1, fault_seconds), SWEEP, code, 0)
        yield Item(0, chance.uniform(0, fault_seconds * 0.7), BACKUP, code, 0)


def _faults(chance: random.Random) -> Iterable[Item]:
    for kind in (*WIRE, *NODE):
        if chance.random() < _SHARE.get(kind, _usual_share):
            for _ in range(chance.randint(1, _COUNT.get(kind, _usual_count))):
                yield _fault(kind, chance)


def _moves(chance: random.Random) -> Iterable[Item]:
    """A county leaves its city for the other one; ``size`` 1: open escalations move with it.  Some moves are called off."""
    if chance.random() < _reparent_share:
        at = chance.uniform(5, fault_seconds * 0.8)
        county = chance.choice([code for code in _SUBORDINATES if not code.endswith("00")])
        until = at + chance.uniform(1, 60) if chance.random() < 0.25 else 0.0
        yield Item(0, at, "reparent", county, chance.getrandbits(48), until, float(chance.random() < 0.5))


def _usurpers(chance: random.Random) -> Iterable[Item]:
    """A node writes that it holds a ticket which another one has."""
    if chance.random() < _usurp_share:
        for _ in range(chance.randint(1, 3)):
            yield Item(0, chance.uniform(60, fault_seconds), "usurp", chance.choice(tuple(TREE)), chance.getrandbits(48))


def _fault(kind: str, chance: random.Random) -> Item:
    at = chance.uniform(5, fault_seconds * 0.95)
    until = min(fault_seconds, at + chance.expovariate(1 / 50))
    node = chance.choice(_SUBORDINATES)
    size, point = 0.0, ""
    match kind:
        case "loss":
            size = chance.uniform(0.02, 0.4)
        case "duplicate":
            size = chance.uniform(0.05, 0.3)
        case "delay":
            size = 10 ** chance.uniform(-2, 1.8)  # 10 ms to a minute
        case "reorder":
            size = 10 ** chance.uniform(0, 3.55)  # a second to an hour
        case "crash":
            node, point, size = chance.choice(tuple(TREE)), chance.choice(POINTS), chance.randint(1, 6)
            until = 0.0
        case "clock_jump":
            node, size = chance.choice(tuple(TREE)), chance.uniform(-86_400, 86_400)
        case "restart" | "restore" | "restore_unguarded" | "disk_full":
            # The top has nobody to fetch its own journal back from; it is restored, too, but not as often as there are nodes.
            node = chance.choice(tuple(TREE))
            until = until if kind == "disk_full" else 0.0
        case "poison" | "unknown_kind" | "revoked":
            until = 0.0
        case "clone":
            size = float(chance.random() < 0.4)  # it also writes
    return Item(0, at, kind, node, chance.getrandbits(48), until, size, point)
