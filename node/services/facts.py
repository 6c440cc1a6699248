"""
Further facts of decisions: what a command declares that it ``needs``, loaded in its transaction (DESIGN 13).

A provider is a function of (work, order, policy, now); what it gives stands in ``facts.given`` under its name.  What a part beside
the services provides (``documents``: what a paper says) is handed in by ``app``.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select

from node.domain.command import Order
from node.domain.dossier import dossier_id
from node.domain.entry import SubjectKind
from node.domain.policy import Policy
from node.domain.registry import HandleLane
from node.domain.time import BEIJING, local_day
from node.services import intake_facts
from node.services.admission import standard_of
from node.services.after_facts import recheck_deciders
from node.services.appraisals import appraisals_of_period
from node.services.desk_facts import named_accounts, next_receipt_number
from node.services.duties import duties_fact, guide_fact
from node.services.leaders import leader_account, leaders_fact
from node.services.meetings import agenda_tickets, missed_meetings, named_meeting, needs_of_industry, negative_cases
from node.services.precedents import precedents_fact
from node.services.profiles import profiles
from node.services.reparentings import standing_fact
from node.services.tasks import waiting_for_task
from node.services.ticket_numbers import running_number
from node.storage import lane, schema
from node.storage.database import micros
from node.storage.unit_of_work import UnitOfWork

Provider = Callable[[UnitOfWork, Order, Policy, datetime], Any]

PROVIDERS: dict[str, Provider] = {
    "appellant": intake_facts.appellant,
    "appellant_contacts": intake_facts.appellant_contacts,
    "corrected_file": intake_facts.corrected_file,
    "linked_file": intake_facts.linked_file,
    "enterprise": intake_facts.enterprise,
    "files": intake_facts.files,
    "file_of_code": intake_facts.file_of_code,
    "turns": intake_facts.turns,
    "members": intake_facts.members,
    "intermediaries": intake_facts.intermediaries,
    "node_began": intake_facts.node_began,
    "profiles": profiles,
    "benefit": intake_facts.benefit,
    "duties": duties_fact,
    "guide": guide_fact,
    "precedents": precedents_fact,
    "running_number": running_number,
    "recheck_deciders": recheck_deciders,
    "accounts": named_accounts,
    "leaders": leaders_fact,
    "leader_account": leader_account,
    "agenda": agenda_tickets,
    "missed_meetings": missed_meetings,
    "named_meeting": named_meeting,
    "negative_cases": negative_cases,
    "needs_of_industry": needs_of_industry,
    "receipt_number": next_receipt_number,
    "waiting_for_task": waiting_for_task,
    "appraisals_of_period": appraisals_of_period,
    "admission_standard": lambda work, _order, policy, _now: standard_of(work, policy.superior or ""),
    "own_admission_standard": lambda work, _order, policy, _now: standard_of(work, policy.node),
    "mirror": lambda work, order, _policy, _now: mirrored(work, getattr(order.command, "node", "")),
    "reparenting": standing_fact,
    "lane": lambda work, order, policy, _now: _lane(work, order, policy),
    "order_id": lambda work, _order, policy, now: fresh_id(work, SubjectKind.ORDER, policy, now),
}


def gather(work: UnitOfWork, order: Order, policy: Policy, now: datetime, more: Mapping[str, Provider]) -> Mapping[str, Any]:
    """What the command of *order* needs, by name; *more* are the providers that do not stand here."""
    return {name: (PROVIDERS.get(name) or more[name])(work, order, policy, now) for name in order.command.needs}


def _lane(work: UnitOfWork, order: Order, policy: Policy) -> tuple[str, int, int] | None:
    """Where the entry in the way stands; of what runs again (an upgrade folded it) where the superior was asked, who is to hear of it."""
    assert isinstance(order.command, HandleLane)
    ticket, act = order.command.ticket, order.command.act
    found = lane.in_the_way(work.connection, ticket)
    return lane.reported_by(work.connection, policy.node, ticket) if found is None and act == "retried" else found


def fresh_id(work: UnitOfWork, kind: SubjectKind, policy: Policy, now: datetime) -> str:
    """The id of the dossier that is being started: the next serial of this node, this kind and this Beijing year."""
    table = schema.dossiers
    year = datetime(local_day(now).year, 1, 1, tzinfo=BEIJING).astimezone(UTC)
    own = (table.c.kind == kind.value, table.c.owner == policy.node, table.c.opened_at >= micros(year))
    count = work.connection.execute(select(func.count()).select_from(table).where(*own)).scalar_one()
    return dossier_id(kind, policy.node, now, count + 1)


def mirrored(work: UnitOfWork, node: str) -> tuple[int, int, str] | None:
    """The current epoch of *node*, how many entries of it are held here, and the root over them, in hex; None if none is held."""
    epoch = work.journal.current_epochs({node}).get(node)
    if epoch is None:
        return None
    position = work.journal.position(node, epoch)
    return epoch, position.size, position.root.hex()
