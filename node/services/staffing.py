"""
The staffing check: the members of the joint mechanism (联合服务工作机制成员), and which member unit lacks whom (AS25-1.1c, 1.2c).
"""

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import select

from node.domain.organisation import Role
from node.domain.pack import Pack
from node.domain.registry import unit_code
from node.storage import schema
from node.storage.unit_of_work import View


@dataclass(frozen=True)
class Seat:
    """An account that sits in the joint mechanism for its unit."""

    account: str
    unit: str


@dataclass(frozen=True)
class Gap:
    """A member unit with fewer active accounts of a role than the pack asks for."""

    unit: str
    role: str
    has: int
    wanted: int


@dataclass(frozen=True)
class Staffing:
    """Who sits in the joint mechanism, by unit in the pack's order, and what is lacking."""

    members: tuple[Seat, ...]
    gaps: tuple[Gap, ...]


def staffing(view: View, pack: Pack) -> Staffing:
    """
    Check the member units of *pack* at this node.

    AS25-1.1c: each unit has its members, one unless the pack gives it more seats (``members.seats.<unit>``); AS25-1.2c: each
    has its service specialists (``staffing.specialist``).
    """
    seats: list[Seat] = []
    gaps: list[Gap] = []
    filled = _filled(view)
    for short in pack.names("members.units"):
        unit = unit_code(view.head.node, short)
        sitting = [Seat(account, unit) for account in filled.get((unit, Role.MEMBER.value), ())]
        seats += sitting
        for role, has, wanted in (
            (Role.MEMBER, len(sitting), _number(pack, f"members.seats.{short}", 1)),
            (Role.SPECIALIST, len(filled.get((unit, Role.SPECIALIST.value), ())), _number(pack, "staffing.specialist", 0)),
        ):
            if has < wanted:
                gaps.append(Gap(unit, role.value, has, wanted))
    return Staffing(tuple(seats), tuple(gaps))


def _filled(view: View) -> dict[tuple[str, str], list[str]]:
    """The accounts in use of this node by unit and role, each list in their order."""
    table, found = schema.accounts, defaultdict[tuple[str, str], list[str]](list)
    rows = view.connection.execute(
        select(table.c.id, table.c.unit, table.c.roles)
        .where(table.c.node == view.head.node, table.c.is_active.is_(True))
        .order_by(table.c.id)
    )
    for row in rows:
        for role in row.roles.split(","):
            found[row.unit, role].append(row.id)
    return found


def _number(pack: Pack, key: str, otherwise: int) -> int:
    rule = pack.find(key)
    return rule.value if rule is not None and isinstance(rule.value, int) else otherwise
