"""Seeded stories: what happens to a ticket, and when.  A script says nothing of states, limits or packs' rules."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.oracle.reckoning import BEIJING

BEGIN = datetime(2026, 2, 2, 9, 0, tzinfo=BEIJING)
# Tickets come in over ten weeks, and the last story ends before the June holiday, which this table does not have.
WEEKS = 9
SWEPT_AT = (0, 6, 9, 12, 15, 18, 21)


@dataclass(frozen=True)
class Script:
    """
    One ticket's story: ``at`` has the moment of each step by name.

    ``ending``: "closed", "refused" or "withdrawn".  ``objects``: the first lead declines and is upheld.  ``extended_to``: the
    promised day of an extension.  ``fails``: how often the check after completion sends it back.  ``vote``: what the appellant
    says in the end.  ``is_silent``: who must confirm never answers.
    """

    pack: str
    number: int
    ending: str
    at: dict[str, datetime] = field(default_factory=dict)
    objects: bool = False
    extended_days: int = 0
    fails: int = 0
    vote: str = ""
    is_silent: bool = False

    @property
    def steps(self) -> list[tuple[datetime, str]]:
        """The steps in their order."""
        return sorted((moment, name) for name, moment in self.at.items())


def sweeps(until: datetime) -> list[datetime]:
    """When the node's clock looks, seven times a day."""
    found, day = [], BEGIN.replace(hour=0)
    while day <= until:
        found += [day + timedelta(hours=hour, minutes=1) for hour in SWEPT_AT]
        day += timedelta(days=1)
    return found


def generate(pack: str, count: int, seed: int) -> list[Script]:
    """*count* stories, always the same for the same seed."""
    chance = random.Random(f"{pack}|{seed}")
    return [_one(pack, number, chance) for number in range(count)]


def _one(pack: str, number: int, chance: random.Random) -> Script:
    moment = BEGIN + timedelta(minutes=chance.randrange(WEEKS * 7 * 24 * 60))
    at: dict[str, datetime] = {}

    def step(name: str, hours: tuple[float, float]) -> None:
        nonlocal moment
        # Never on a whole hour and one minute: that is when the clock looks.
        moment = (moment + timedelta(hours=chance.uniform(*hours))).replace(second=chance.randrange(1, 59), microsecond=0)
        at[name] = moment

    step("register", (0, 1))
    roll = chance.random()
    if pack in ("anshun-2025",) and roll < 0.08:
        step("refuse", (0.5, 60))
        step("persuade", (0.5, 60))
        return Script(pack, number, "refused", at)
    step("form", (0.2, 60))
    step("dispatch", (0.1, 40))
    if roll > 0.93:
        step("withdraw", (0.1, 40))
        if pack != "fengjie-2025":
            step("grant_withdrawal", (0.5, 60))
        return Script(pack, number, "withdrawn", at)
    objects = pack == "anshun-2025" and chance.random() < 0.15
    if objects:
        step("object", (0.1, 20))
        step("uphold", (0.5, 90))
    step("sign", (0.1, 70))
    extended_days = 0
    if pack == "anshun-2025" and not objects and moment - at["form"] < timedelta(days=5) and chance.random() < 0.3:
        step("ask_extension", (0.1, 4))
        step("grant_extension", (0.1, 20))
        extended_days = chance.randrange(25, 45)
    step("complete", (1, 300))
    fails = chance.choices((0, 1, 2), (0.8, 0.15, 0.05))[0]
    is_silent = pack == "xiangshan-2025" and not fails and chance.random() < 0.15
    for again in range(fails):
        step(f"fail_{again}", (1, 120))
        step(f"complete_{again}", (1, 120))
    vote = chance.choice(("satisfied", "dissatisfied")) if pack in ("anshun-2025", "xiangshan-2025") else "satisfied"
    if pack == "fengjie-2025":
        vote = chance.choice(("very_satisfied", "satisfied", "average"))
    if not is_silent:
        step("check", (1, 120))
    step("close", (24 * 16, 24 * 17) if is_silent else (0.5, 30))
    return Script(pack, number, "closed", at, objects, extended_days, fails, vote, is_silent)
