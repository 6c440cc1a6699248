"""Appraisals of units: those of a period, so that no unit is scored twice in it."""

from datetime import datetime

from sqlalchemy import select

from node.domain.appraisal.record import Appraisal
from node.domain.command import Order
from node.domain.entry import Subject, SubjectKind
from node.domain.policy import Policy
from node.storage import schema
from node.storage.dossier_readings import dossier_of
from node.storage.unit_of_work import UnitOfWork


def appraisals_of_period(work: UnitOfWork, order: Order, policy: Policy, now: datetime) -> tuple[Appraisal, ...]:
    """This node's appraisals of the period that the command names, the earliest first."""
    table = schema.dossiers
    wanted = (
        table.c.kind == SubjectKind.APPRAISAL.value,
        table.c.owner == policy.node,
        table.c.key == getattr(order.command, "period", ""),
    )
    ids = work.connection.execute(select(table.c.id).where(*wanted).order_by(table.c.opened_at, table.c.id)).scalars().all()
    found = (dossier_of(work.journal, Subject(SubjectKind.APPRAISAL.value, id)) for id in ids)
    return tuple(one for one in found if isinstance(one, Appraisal))
