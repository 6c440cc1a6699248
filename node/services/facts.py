"""
Further facts of decisions: what a command declares that it ``needs``, loaded in its transaction (DESIGN 13).

A provider is a function of (work, order, policy, now); what it gives stands in ``facts.given`` under its name.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select

from node.domain.command import Order
from node.domain.dossier import dossier_id
from node.domain.entry import SubjectKind
from node.domain.policy import Policy
from node.domain.time import BEIJING, local_day
from node.storage import schema
from node.storage.database import micros
from node.storage.unit_of_work import UnitOfWork

Provider = Callable[[UnitOfWork, Order, Policy, datetime], Any]

PROVIDERS: dict[str, Provider] = {}


def gather(work: UnitOfWork, order: Order, policy: Policy, now: datetime) -> Mapping[str, Any]:
    """What the command of *order* needs, by name."""
    return {name: PROVIDERS[name](work, order, policy, now) for name in order.command.needs}


def fresh_id(work: UnitOfWork, kind: SubjectKind, policy: Policy, now: datetime) -> str:
    """The id of the dossier that is being started: the next serial of this node, this kind and this Beijing year."""
    table = schema.dossiers
    year = datetime(local_day(now).year, 1, 1, tzinfo=BEIJING).astimezone(UTC)
    own = (table.c.kind == kind.value, table.c.owner == policy.node, table.c.opened_at >= micros(year))
    count = work.connection.execute(select(func.count()).select_from(table).where(*own)).scalar_one()
    return dossier_id(kind, policy.node, now, count + 1)
