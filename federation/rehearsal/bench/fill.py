"""
A city's office after years: a node with as many tickets as a bench of its pages wants.

Those that the office itself has open stand whole in its journal: lives played through the services up to each stage, repeated by the
journal (``backlog``), so pages fold them and open their texts.  All others, settled ones of its own and what it mirrors from ten
counties below, are filled by SQL through the readings' own schema, as DESIGN 12 has it of W6: rows of the same lives under numbers,
nodes, units, days and due times of their own.  Nobody opens their pages here.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection, Table, func, select, text, update

from federation.following import concerns
from federation.rehearsal.bench import backlog
from node.domain import registry as g
from node.domain.organisation import Role
from node.domain.register_number import make as make_register_number
from node.domain.time import local_day
from node.services.acting import Node, act
from node.storage import schema
from node.storage.database import instant, micros
from node.storage.statements import insert_rows

COUNTIES = tuple(f"5204{number:02}" for number in (2, 3, 22, 23, 24, 25, 26, 27, 28, 29))
UNITS = ("water", "housing", "market", "fire", "power", "transport", "finance", "tax")
# Of tickets that nobody has settled yet: here, and below.
own_open_max = 3_000
open_below_part = 0.012
# Of the settled ones: the office's own.
own_part = 0.1
years = 4
tickets_a_commit = 5_000
# Steps of a life (``backlog.play``) after which it is still open, and how often each of these stands in the office.
STAGES = {1: 0.15, 2: 0.15, 3: 0.15, 5: 0.45, 7: 0.1}
_CHANNELS = ("window", "hotline_12345", "centre_online", "visit")
_US_A_DAY = 24 * 3600 * 1_000_000
_WHOLE = backlog.entries_a_ticket


@dataclass(frozen=True)
class Filled:
    """What a node was filled with: tickets in all, and those that the office has open."""

    tickets: int
    own_open: Sequence[str]


def fill(node: Node, tickets: int, seed: int = 1) -> Filled:
    """Let *node*, which is fresh and serves nobody, hold *tickets*."""
    chance = random.Random(seed)
    lives = _lives(node)
    firsts, own = _open_ones(node, lives, min(own_open_max, tickets // 10), chance)
    kept = _count(node)
    with node.store.database.read() as connection:
        whole = _template(connection, lives[_WHOLE].entries[0].header.subject.id)
        below = [_template(connection, first) for first in firsts]
    copies = _Copies(node, whole, below, chance)
    for begin in range(kept, tickets, tickets_a_commit):
        with node.store.database.write() as connection:
            for table, columns, rows in copies.rows(range(begin, min(begin + tickets_a_commit, tickets))):
                insert_rows(connection, table, columns, rows)
    with node.store.database.write() as connection:
        connection.execute(text("ANALYZE"))
    return Filled(_count(node), own)


def _count(node: Node) -> int:
    with node.store.read() as view:
        return view.connection.execute(select(func.count()).select_from(schema.tickets)).scalar_one()


# --- what stands whole in the journal ---------------------------------------------------------------------------------


def _lives(node: Node) -> dict[int, backlog.Life]:
    """The life of one ticket, played once, up to each of the stages and to its end."""
    whole = backlog.play(node)
    for unit in UNITS:
        if unit != backlog.UNIT:
            act(node, "centre:office", g.OpenUnit(unit, unit))
            act(node, "centre:office", g.OpenAccount(f"bench-{unit}", (Role.DEPARTMENT.value,), g.unit_code(node.code, unit)))
    return {stage: backlog.Life(whole.entries[:stage], whole.plain[:stage]) for stage in (*STAGES, _WHOLE)}


def _open_ones(node: Node, lives: dict[int, backlog.Life], count: int, chance: random.Random) -> tuple[list[str], list[str]]:
    """
    Open tickets of the office in the journal, their clocks spread over three days past and twelve to come: the first of each stage,
    and all.
    """
    node.store.concerns = concerns  # as a serving node knows them: nothing is left to be reacted to
    day = local_day(lives[_WHOLE].entries[0].header.recorded_at)
    serial, firsts = backlog.first_serial, []
    for stage, part in STAGES.items():
        firsts.append(make_register_number(node.code, day, serial))
        end = serial + max(1, round(count * part))
        while serial < end:
            serials = range(serial, min(serial + backlog.tickets_a_commit, end))
            with node.store.write() as work:
                backlog.repeat(work, lives[stage], serials)
            serial = serials.stop
    own = [make_register_number(node.code, day, one) for one in range(backlog.first_serial, serial)]
    clocks, now = schema.clocks, micros(node.now())
    with node.store.database.write() as connection:
        for ticket in own:
            due = now + chance.randint(-3 * _US_A_DAY, 12 * _US_A_DAY)
            running = (clocks.c.ticket == ticket, clocks.c.due_at.isnot(None))
            connection.execute(update(clocks).where(*running).values(due_at=due, last_due_at=due))
    return firsts, own


# --- what is filled by SQL --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Template:
    """The readings' rows of one ticket: of tickets, clocks and traits."""

    ticket: dict[str, Any]
    clocks: tuple[dict[str, Any], ...]
    traits: tuple[dict[str, Any], ...]


def _template(connection: Connection, ticket: str) -> _Template:
    row = connection.execute(select(schema.tickets).where(schema.tickets.c.id == ticket)).one()
    clocks = connection.execute(select(schema.clocks).where(schema.clocks.c.ticket == ticket))
    traits = connection.execute(select(schema.traits).where(schema.traits.c.ticket == ticket))
    return _Template(dict(row._mapping), tuple(dict(one._mapping) for one in clocks), tuple(dict(one._mapping) for one in traits))


@dataclass
class _Copies:
    """Rows of tickets like *whole*, which is settled, and like those *below*, which are open, for counties that this node mirrors."""

    node: Node
    whole: _Template
    below: Sequence[_Template]
    chance: random.Random
    serials: dict[tuple[str, date], int] = field(default_factory=dict)

    def rows(self, numbers: range) -> Iterator[tuple[Table, tuple[str, ...], list[tuple[Any, ...]]]]:
        """As ``insert_rows`` takes them, a table after the other."""
        found: dict[Table, list[dict[str, Any]]] = {schema.tickets: [], schema.clocks: [], schema.traits: []}
        for _ in numbers:
            ticket, clocks, traits = self._copy()
            found[schema.tickets].append(ticket)
            found[schema.clocks] += clocks
            found[schema.traits] += traits
        for table, rows in found.items():
            columns = tuple(column.name for column in table.columns)
            yield table, columns, [tuple([row[name] for name in columns]) for row in rows]

    def _copy(self) -> tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]:
        chance, own = self.chance, self.node.code
        is_open = chance.random() < open_below_part
        like = chance.choice(self.below) if is_open else self.whole
        holder = chance.choice(COUNTIES) if is_open or chance.random() >= own_part else own
        age_days = chance.randint(0, 30) if is_open else chance.randint(1, round(365 * years))
        moved = -age_days * _US_A_DAY + chance.randint(-_US_A_DAY // 3, 0)
        registered = like.ticket["registered_at"] + moved
        number = self._number(holder, local_day(instant(registered)))
        unit = g.unit_code(holder, chance.choice(UNITS))

        def there(code: str) -> str:
            return unit if code == g.unit_code(own, backlog.UNIT) else code.replace(own, holder)

        vote = chance.random() < 0.95
        ticket = like.ticket | {
            "id": number,
            "origin": holder,
            "holder": holder,
            "parties": like.ticket["parties"].replace(own, holder),
            "lead": there(like.ticket["lead"]),
            "first_contact": there(like.ticket["first_contact"]),
            "channel": chance.choice(_CHANNELS),
            "number": number if like.ticket["number"] else "",
            "satisfied": None if like.ticket["satisfied"] is None else vote,
            "registered_at": registered,
            "completed_at": None if like.ticket["completed_at"] is None else like.ticket["completed_at"] + moved,
            "changed_at": like.ticket["changed_at"] + moved,
        }
        due = micros(self.node.now()) + chance.randint(-3 * _US_A_DAY, 12 * _US_A_DAY)
        clocks = [_moved(one, moved, due) | {"ticket": number, "node": holder, "owes": there(one["owes"])} for one in like.clocks]
        traits = [
            one | {"ticket": number, "value": there(one["value"])} for one in like.traits if holder == own or one["name"] != "taken_in_by"
        ]
        return ticket, clocks, traits

    def _number(self, holder: str, day: date) -> str:
        serial = self.serials.get((holder, day), 0) + 1
        self.serials[holder, day] = serial
        return make_register_number(holder, day, serial)


def _moved(clock: dict[str, Any], by: int, due: int) -> dict[str, Any]:
    """A clock that ran and stopped so much earlier; one that runs still is due at *due*."""
    times = {name: clock[name] + by for name in ("started_at", "last_due_at", "stopped_at") if clock[name] is not None}
    return clock | times | ({"due_at": due, "last_due_at": due} if clock["due_at"] is not None else {})
