"""Hops between levels: what every move of custody writes into the ticket, and what it gives back."""

from dataclasses import replace
from datetime import date
from typing import Any

from node.domain.entry import Header
from node.domain.ticket import records as r
from node.domain.ticket.state import State, With
from node.domain.ticket.ticket import Ticket


def asking(
    ticket: Ticket, head: Header, *, is_down: bool = False, power_item: str = "", due: date | None = None, core_class: str = ""
) -> Ticket:
    """*ticket* after its holder asked another level: frozen, with all that a return will need."""
    left = r.Left(ticket.state, ticket.with_whom)
    hop = r.Escalation(
        ask=head.id,
        from_node=head.node,
        to_node=head.addressee,
        asked_at=head.recorded_at,
        left=left,
        power_item=power_item,
        is_down=is_down,
        due=due,
        number=head.custody.number,
        pack=ticket.pack,
        classing=ticket.classing,
        dispatch=ticket.dispatch,
        co_handlers=ticket.co_handlers,
        core_class=core_class,
    )
    return replace(
        ticket,
        state=State.ESCALATED,
        with_whom=With.SUBORDINATE if is_down else With.SUPERIOR,
        left=left,
        escalations=(*ticket.escalations, hop),
    )


def asked_hop(ticket: Ticket) -> r.Escalation | None:
    """The hop that is asked and not answered yet."""
    return next((hop for hop in reversed(ticket.escalations) if hop.is_active and hop.outcome == ""), None)


def accepted_hop(ticket: Ticket, node: str, *, is_down: bool) -> r.Escalation | None:
    """The hop by which *node* holds the ticket: it has to go back along it."""
    hop = next((hop for hop in reversed(ticket.escalations) if hop.is_active), None)
    return hop if hop is not None and hop.outcome == "accepted" and hop.to_node == node and hop.is_down is is_down else None


def ended_hop(ticket: Ticket, node: str) -> r.Escalation | None:
    """The hop along which the ticket came back to *node* last."""
    ended = [hop for hop in ticket.escalations if hop.from_node == node and hop.ended_at is not None]
    return max(ended, key=lambda hop: hop.ended_number, default=None)


def with_hop(ticket: Ticket, hop: r.Escalation | None, **changes: Any) -> Ticket:
    """*ticket* with *changes* in this hop; unchanged without one (its request is void or unknown here)."""
    if hop is None:
        return ticket
    return replace(ticket, escalations=tuple(replace(one, **changes) if one.ask == hop.ask else one for one in ticket.escalations))


def gone_back(ticket: Ticket, hop: r.Escalation | None, head: Header, outcome: str, **changes: Any) -> Ticket:
    """*ticket* back in the state that was left, with the pack, class and units of who had asked."""
    if hop is None:
        return replace(ticket, left=None)
    answered_at = hop.answered_at or head.recorded_at
    ticket = with_hop(
        ticket, hop, outcome=outcome, answered_at=answered_at, ended_at=head.recorded_at, ended_number=head.custody.number, **changes
    )
    return replace(given_back(ticket, hop), state=hop.left.state, with_whom=hop.left.with_whom, left=None)


def given_back(ticket: Ticket, hop: r.Escalation) -> Ticket:
    """
    *ticket* with what ``from_node`` had: after a return the former pack goes on (DESIGN 13).

    What it had not got, a class, stays as the other level set it.
    """
    classing = hop.classing if hop.classing.category else ticket.classing
    return replace(ticket, pack=hop.pack, classing=classing, dispatch=hop.dispatch, co_handlers=hop.co_handlers)
