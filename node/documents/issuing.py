"""What a paper says, made as it is issued: its whole content as it stands at that moment."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Protocol

from node.documents.layout import to_json
from node.documents.matter import matter_of
from node.documents.papers import Order, layout_of
from node.domain import command
from node.domain.entry import Subject, SubjectKind
from node.domain.order.record import SupervisionOrder
from node.domain.paper import ASSIGNMENT, KINDS, SUPERVISION, IssuePaper
from node.domain.payload import SealedRef
from node.domain.policy import Policy
from node.domain.ticket.ticket import Ticket
from node.domain.time import last_day
from node.storage.dossier_readings import dossier_of
from node.storage.unit_of_work import UnitOfWork


class Policies(Protocol):
    """Which pack governs what; see ``services.policies``."""

    def for_ticket(self, work: UnitOfWork, ticket: Ticket | None, now: datetime) -> Policy: ...


def content_by(policies: Policies) -> Callable[[UnitOfWork, command.Order, Policy, datetime], str]:
    """
    What makes the content of a paper, a provider of facts for the node's ``Handler``: the JSON of its layout, or nothing where the
    command names no paper, ticket or order that there is, which its decision then refuses.
    """

    def content(work: UnitOfWork, given: command.Order, office: Policy, now: datetime) -> str:
        issue = given.command
        assert isinstance(issue, IssuePaper)  # no other needs it
        if issue.paper == SUPERVISION:
            order = _order(work, issue.order)
            return "" if order is None else to_json(layout_of(issue.paper, None, office, now, order))
        ticket = work.readings.ticket(issue.ticket) if issue.ticket else None
        if ticket is None or issue.paper not in KINDS:
            return ""
        # The assignment form says what was so when the ticket was assigned, however late it is issued (HM20-A1.2).
        matter = matter_of(work, ticket, at_assignment=issue.paper == ASSIGNMENT)
        return to_json(layout_of(issue.paper, matter, policies.for_ticket(work, ticket, now), now, office=office.pack))

    return content


def papers_of_dispatch(policies: Policies, now: datetime) -> Callable[[UnitOfWork, Ticket], Iterator[IssuePaper]]:
    """What ``batch.papers`` of the pack wants with every ticket of a batch, for ``dispatch_batch`` (HM20-3.2b, HM20-4.3b)."""

    def papers(work: UnitOfWork, ticket: Ticket) -> Iterator[IssuePaper]:
        for paper in policies.for_ticket(work, ticket, now).pack.names("batch.papers"):
            yield IssuePaper(paper, ticket=ticket.id)

    return papers


def _order(work: UnitOfWork, id: str) -> Order | None:
    subject = Subject(SubjectKind.ORDER.value, id)
    order = dossier_of(work.journal, subject) if id else None
    if not isinstance(order, SupervisionOrder):
        return None
    clock = order.clock("supervision_reply")
    demand = work.payloads.open(subject, order.demand) if isinstance(order.demand, SealedRef) else ""
    due = last_day(clock.due_at) if clock is not None and clock.due_at is not None else None
    return Order(order.number, order.unit or order.to_node, order.ground, order.form, demand, due, tuple(order.tickets))
