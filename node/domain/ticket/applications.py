"""What happens to applications that are still open when the ticket ends or is completed: nobody decides them any more."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from node.domain.command import Command
from node.domain.entry import Happened, Header
from node.domain.ticket.opinion import open_questions, withdrawn
from node.domain.ticket.ticket import Ticket, TicketEvent


@dataclass(frozen=True)
class ApplicationLapsed(TicketEvent):
    """
    Something was still undecided when the ticket was completed or ended.

    `application`: extension, termination, withdrawal, supplement, coordination, co_handling, layer or
    decision_record.
    """

    application: str

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        match self.application:
            case "extension":
                return replace(ticket, extension=None)
            case "termination":
                return replace(ticket, termination=None)
            case "withdrawal":
                return replace(ticket, withdrawal=None)
            case "supplement":
                return replace(ticket, supplement=replace(ticket.supplement, is_declined=True)) if ticket.supplement else ticket
            case "coordination" if ticket.coordination is not None:
                outcome = ticket.coordination.outcome or "lapsed"
                return replace(ticket, coordination=replace(ticket.coordination, stage="settled", outcome=outcome))
            case "layer":
                return replace(ticket, layering=replace(ticket.layering, stage="", asked="", to=""))
            case "decision_record":
                return replace(ticket, proxies=tuple(replace(one, is_void=True) if one.is_pending else one for one in ticket.proxies))
            case _:
                return ticket


def lapse_open(ticket: Ticket, *besides: str) -> list[Happened]:
    """Let everything undecided lapse but what is named in *besides*; the clocks are stopped by whoever ends the ticket."""
    applications = {"extension": ticket.extension, "termination": ticket.termination, "withdrawal": ticket.withdrawal}
    pending = [(name, one.ask) for name, one in applications.items() if one is not None]
    if ticket.supplement is not None and ticket.supplement.is_pending:
        pending.append(("supplement", ticket.supplement.ask))
    if ticket.coordination is not None and ticket.coordination.stage != "settled":
        pending.append(("coordination", ticket.coordination.ask))
    pending += [("co_handling", ask.id) for ask in ticket.open_asks("CoHandlingRefused")]
    if ticket.layering.stage:
        pending.append(("layer", ticket.layering.asked))
    pending += [("decision_record", one.id) for one in ticket.proxies if one.is_pending]
    lapsed = [Happened(ticket.subject, ApplicationLapsed(name), answers=ask) for name, ask in pending if name not in besides]
    asked = [] if "opinion" in besides else open_questions(ticket)
    return [*lapsed, *(withdrawn(ticket, one) for one in asked)]


# Nobody gives a command for it: it follows from others.
DECISIONS: Mapping[type[Command], Callable[..., list[Happened]]] = {}
