"""
Who sees a ticket: each role its own scope (AS25-3.1.1a), and a unit complained of nothing (XS25-4.3.1.4, every pack).

The unit complained of neither sees the reporter nor is sent the need: it is enforced in one place for commands (``decide``) and in
one for reading (``services.scope`` of rows, here of a whole ticket): to such a unit the need is not there, so that not even the
refusal tells it that somebody complained.
"""

from node.domain.command import Facts
from node.domain.entry import Actor, Event, Happened
from node.domain.organisation import Role
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.registry import ADMINISTRATORS
from node.domain.ticket.concerned import BY_PART, person_at
from node.domain.ticket.state import With
from node.domain.ticket.ticket import Ticket

# Fields of events by which a unit gets a part in a ticket.
_PARTS = frozenset({"lead", "co_handlers", "members", "participants", "proposed_unit", "new_lead", "unit", "units", "bound", "tracker"})
# No page opens the texts of these and no search finds by them.  AS25-4.4.3c: what a co-handler files is for the lead and the office
# alone.  What an issued paper says has a name and a phone in it: it is opened like these (``openings.open_paper``).
RESERVED = frozenset({"ContributionFiled", "PaperIssued"})
# Whoever files from outside sees his own filings and no others (AS25-2.2.7).
OUTSIDE = frozenset({Role.FINDER.value, Role.ENTERPRISE.value})


def concealed_units(ticket: Ticket) -> frozenset[str]:
    """The units from which *ticket* is hidden."""
    return frozenset({ticket.intake.conceal_from, *ticket.details.concealed}) - {""}


def is_concealed(ticket: Ticket, unit: str) -> bool:
    """True if *unit*, or a unit above it in name ("<unit>.<part>"), is complained of."""
    return any(unit == hidden or unit.startswith(f"{hidden}.") for hidden in concealed_units(ticket))


def may_read(ticket: Ticket, actor: Actor, node: str) -> bool:
    """Whether *actor*, of *node*, may look at *ticket* at all; what of it he may open is another question."""
    if is_concealed(ticket, actor.unit):
        return False
    if actor.role in BY_PART:
        own = {actor.unit, person_at(node, actor.account)} - {""}
        is_joint = actor.role == Role.MEMBER.value and ticket.with_whom is With.MEMBERS
        return is_joint or bool(own & {*ticket.concerned, ticket.lead, ticket.intake.first_contact})
    return actor.role not in OUTSIDE or (ticket.origin, ticket.intake.registered_by) == (node, actor.account)


def reads_texts(viewer: Actor | None) -> bool:
    """
    Whether *viewer* reads what people wrote in a ticket that he sees, where his node holds it.

    The three administrators keep the node and act on no need (FEATURES 77, 79): they see rows, states, times and who acted, and no
    words.  The audit administrator opens texts for the audit, and each opening is an entry (DESIGN 4).  None is the node itself.
    """
    return viewer is None or viewer.role not in ADMINISTRATORS


def need_sight(ticket: Ticket, actor: Actor, node: str) -> None:
    """
    Refuse what ``may_read`` denies.

    Raises:
        Refusal: as ``not_shown``.
    """
    if not may_read(ticket, actor, node):
        raise not_shown(actor, ticket.id)


def not_shown(actor: Actor | None, said: str) -> Refusal:
    """
    What is said of a ticket that *actor* does not see, as *said* named it: the same whether it is hidden, another's, or was never
    given.  Numbers run on, so an answer of its own for what is hidden would show as a gap between the others.
    """
    if actor is not None and actor.role in OUTSIDE:
        return Refusal(Code.PERMISSION_DENIED, command="show", role=actor.role)
    return Refusal(Code.SUBJECT_UNKNOWN, kind="ticket", id=said)


def need_concealable(unit: str, first_contact: str, facts: Facts, policy: Policy) -> None:
    """A need can be hidden from a unit of this node that neither took it in nor runs the hub."""
    if not unit:
        return
    known = facts.units.get(unit)
    if known is None:
        raise Refusal(Code.UNIT_UNKNOWN, unit=unit)
    if known.kind == "office":
        if policy.superior is None:
            raise Refusal(Code.NONE_ABOVE_FOR_COMPLAINT, unit=unit)
        raise Refusal(Code.OFFICE_COMPLAINED_OF, unit=unit, superior=policy.superior)
    if unit in (first_contact, facts.actor.unit):
        raise Refusal(Code.SEEN_ALREADY, unit=unit)


def check_concealment(ticket: Ticket, happened: list[Happened]) -> None:
    """
    Whatever follows from a command: nothing of it gives a unit a part from which the ticket is hidden.

    Raises:
        Refusal: COMPLAINED_OF, with the unit.
    """
    if not concealed_units(ticket):
        return
    for one in happened:
        if one.subject != ticket.subject:
            continue
        for unit in (*_units_in(one.event), *(change.owes for change in one.clocks)):
            if is_concealed(ticket, unit):
                raise Refusal(Code.COMPLAINED_OF, ticket=ticket.id, unit=unit)


def _units_in(event: Event) -> tuple[str, ...]:
    found: list[str] = []
    for name in _PARTS:
        value = getattr(event, name, "")
        found += value if isinstance(value, tuple) else [value] if isinstance(value, str) else []
    return tuple(found)
