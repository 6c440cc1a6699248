"""Ripe for a meeting (成熟一批、上会一批): what a ticket still lacks before it may be put on an agenda (XS25-4.3.2.3b)."""

from collections.abc import Sequence

from node.domain.ticket.parts import involved_units
from node.domain.ticket.ticket import Ticket

MATERIALS, OPINIONS, PROPOSAL = "materials", "opinions", "proposal"
RIPE_NEEDS = (MATERIALS, OPINIONS, PROPOSAL)


def lacking(ticket: Ticket, needs: Sequence[str], meeting_kind: str, duty_line: str) -> tuple[str, ...]:
    """What *ticket* lacks of *needs* for a meeting of this kind and line, in their order; empty: it is ripe."""
    return tuple(need for need in needs if not _has(ticket, need, meeting_kind, duty_line))


def _has(ticket: Ticket, need: str, meeting_kind: str, duty_line: str) -> bool:
    readiness = ticket.readiness
    match need:
        case "materials":
            of_round = ticket.round.evidence if ticket.round is not None else ()
            return bool(of_round or ticket.intake.materials or (readiness is not None and readiness.materials))
        case "opinions":
            given = opinions(ticket)
            co_handlers = set(involved_units(ticket)) - {ticket.lead}
            return bool(given) and co_handlers <= given
        case "proposal":
            return readiness is not None and readiness.meeting_kind == meeting_kind and readiness.duty_line == duty_line
        case _:
            raise LookupError(f"ripeness knows no {need}")  # the linter should have said so


def opinions(ticket: Ticket) -> set[str]:
    """The units whose written word is in the file: a position, a contribution, an opinion that was asked for, one of a judgement."""
    positions = ticket.coordination.positions if ticket.coordination is not None else ()
    contributions = (part.unit for part in ticket.co_handlers if part.state == "filed")
    answered = (one.unit for one in ticket.opinions if one.answered_at is not None)
    judged = ticket.judgement.opinions if ticket.judgement is not None else ()
    return {*positions, *contributions, *answered, *judged}
