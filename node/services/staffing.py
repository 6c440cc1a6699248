"""
The staffing check: the members of the joint mechanism (联合服务工作机制成员), and which member unit lacks whom (AS25-1.1c, 1.2c).
"""

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
    for short in pack.names("members.units"):
        unit = unit_code(view.head.node, short)
        sitting = [Seat(account, unit) for account in _accounts(view, unit, Role.MEMBER)]
        seats += sitting
        for role, has, wanted in (
            (Role.MEMBER, len(sitting), _number(pack, f"members.seats.{short}", 1)),
            (Role.SPECIALIST, len(_accounts(view, unit, Role.SPECIALIST)), _number(pack, "staffing.specialist", 0)),
        ):
            if has < wanted:
                gaps.append(Gap(unit, role.value, has, wanted))
    return Staffing(tuple(seats), tuple(gaps))


def _accounts(view: View, unit: str, role: Role) -> list[str]:
    table = schema.accounts
    rows = view.connection.execute(
        select(table.c.id, table.c.roles)
        .where(table.c.node == view.head.node, table.c.unit == unit, table.c.is_active.is_(True))
        .order_by(table.c.id)
    )
    return [row.id for row in rows if role.value in row.roles.split(",")]


def _number(pack: Pack, key: str, otherwise: int) -> int:
    rule = pack.find(key)
    return rule.value if rule is not None and isinstance(rule.value, int) else otherwise
