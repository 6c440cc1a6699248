"""Papers on their way out: the command that issues one about a ticket, with its whole content as it stands then."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Protocol

from node.documents.layout import to_json
from node.documents.matter import matter_of
from node.documents.papers import layout_of
from node.domain.pack import Pack
from node.domain.paper import ASSIGNMENT, IssuePaper
from node.domain.payload import Text
from node.domain.policy import Policy
from node.domain.ticket.ticket import Ticket
from node.storage.unit_of_work import UnitOfWork, View


class Policies(Protocol):
    """Which pack governs what; see ``services.policies``."""

    def for_ticket(self, work: UnitOfWork, ticket: Ticket | None, now: datetime) -> Policy: ...
    def of_node(self, work: UnitOfWork, now: datetime) -> Policy: ...


def paper_about(view: View | UnitOfWork, paper: str, ticket: Ticket, policy: Policy, office: Pack, now: datetime) -> IssuePaper:
    """
    Issue *paper* about *ticket*; *policy* governs the ticket, *office* is the pack in force at the node.

    Raises:
        LookupError: there is no such paper.
    """
    # The assignment form says what was so when the ticket was assigned, however late it is issued (HM20-A1.2).
    matter = matter_of(view, ticket, at_assignment=paper == ASSIGNMENT)
    return IssuePaper(paper, Text(to_json(layout_of(paper, matter, policy, now, office=office))), ticket=ticket.id)


def papers_of_dispatch(policies: Policies, now: datetime) -> Callable[[UnitOfWork, Ticket], Iterator[IssuePaper]]:
    """What ``batch.papers`` of the pack wants with every ticket of a batch, for ``dispatch_batch`` (HM20-3.2b, HM20-4.3b)."""

    def papers(work: UnitOfWork, ticket: Ticket) -> Iterator[IssuePaper]:
        policy, office = policies.for_ticket(work, ticket, now), policies.of_node(work, now)
        for paper in policy.pack.names("batch.papers"):
            yield paper_about(work, paper, ticket, policy, office.pack, now)

    return papers
