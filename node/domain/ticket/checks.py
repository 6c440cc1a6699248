"""Refusals that several areas share."""

from collections.abc import Mapping

from node.domain.command import Facts
from node.domain.organisation import Role, Unit
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket.state import State, With
from node.domain.ticket.ticket import Ticket


def need_state(ticket: Ticket, states: frozenset[State] | set[State]) -> None:
    """Refuse unless the ticket is in one of *states*."""
    if ticket.state not in states:
        raise Refusal(Code.WRONG_STATE, ticket=ticket.id, state=ticket.state, wanted=sorted(state.value for state in states))


def need_unit(facts: Facts, code: str) -> Unit:
    """The unit of that code, active and staffed (AS25-1.2e: no dispatch to a unit without staff)."""
    unit = facts.units.get(code)
    if unit is None or not unit.is_active:
        raise Refusal(Code.UNIT_UNKNOWN, unit=code)
    if unit.staff == 0:
        raise Refusal(Code.UNIT_UNSTAFFED, unit=code)
    return unit


def need_own_unit(ticket: Ticket, facts: Facts, unit: str) -> None:
    """The actor must belong to *unit*."""
    if facts.actor.unit != unit:
        raise Refusal(Code.PERMISSION_DENIED, ticket=ticket.id, unit=facts.actor.unit, wanted=unit)


def is_desk_here(unit: str, facts: Facts) -> bool:
    """True if *unit* is a department of this node that can do a first-contact department's duties itself."""
    known = facts.units.get(unit)
    return known is not None and known.is_active and known.staff > 0 and known.kind != "office"


def first_contact_owes(ticket: Ticket, facts: Facts) -> str:
    """
    The unit that does the first-contact department's duties, or "" where this node's centre does them: for what came
    online, by hotline or from another node (DESIGN 5).
    """
    return ticket.intake.first_contact if is_desk_here(ticket.intake.first_contact, facts) else ""


def need_first_contact(ticket: Ticket, facts: Facts) -> None:
    """The actor must belong to the first-contact department, or to the office where that one is not here (AS25-4.1a)."""
    unit = first_contact_owes(ticket, facts)
    if unit:
        need_own_unit(ticket, facts, unit)
    elif facts.actor.role != Role.OFFICE.value and (known := facts.units.get(facts.actor.unit)) is not None and known.kind != "office":
        raise Refusal(Code.PERMISSION_DENIED, ticket=ticket.id, unit=facts.actor.unit, wanted=With.OFFICE)


def steward_of(field: str, policy: Policy) -> str:
    """The unit that judges, dispatches, coordinates and supervises needs of *field* (AS25-3.3, 3.4), or empty."""
    rule = policy.pack.find(f"steward.{field}")
    unit = str(rule.value) if rule is not None else ""
    # A pack that several nodes inherit names the unit without the node: each has its own of that name (POLICY_PACKS 2 no. 65).
    return f"{policy.node}-{unit}" if unit and "-" not in unit else unit


def need_scope(ticket: Ticket, facts: Facts, policy: Policy) -> None:
    """
    A steward acts within his scope only: the field that the pack gives his unit (AS25-3.3, 3.4), or, where it says so, what
    reached a unit of his kind first (a town, a block: USERS B11).  Everybody else passes.
    """
    if not facts.is_role(Role.STEWARD):
        return
    if not is_in_scope(ticket, facts.actor.unit, facts.units, policy):
        wanted = steward_of(ticket.intake.field, policy)
        raise Refusal(Code.PERMISSION_DENIED, ticket=ticket.id, unit=facts.actor.unit, wanted=wanted)


def is_in_scope(ticket: Ticket, unit: str, units: Mapping[str, Unit], policy: Policy) -> bool:
    """True if a steward of *unit* may judge and dispatch *ticket*."""
    own = units.get(unit)
    reached_it = unit == ticket.intake.first_contact and own is not None and own.kind in policy.pack.names("stewards.own_kinds")
    return reached_it or unit == steward_of(ticket.intake.field, policy)


def need_joint(ticket: Ticket, policy: Policy) -> None:
    """FJ23-2.3a: one matter, one unit, from begin to end; another complexity, set with its ground, is another mode."""
    if ticket.classing.complexity in policy.pack.names("direct.complexities"):
        raise Refusal(Code.DIRECT_HANDLING, ticket=ticket.id, complexity=ticket.classing.complexity)


def need_judged(ticket: Ticket, outcome: str) -> None:
    """Refuse while the members confer, and once they came to another outcome than *outcome* (AS25-3.2.2a)."""
    if ticket.state is not State.IN_JUDGEMENT or ticket.judgement is None or ticket.judgement.outcome == outcome:
        return
    if not ticket.judgement.outcome:
        raise Refusal(Code.JUDGEMENT_OPEN, ticket=ticket.id)
    raise Refusal(Code.JUDGED_OTHERWISE, ticket=ticket.id, outcome=ticket.judgement.outcome, wanted=outcome)


def need_consultation(ticket: Ticket, policy: Policy) -> None:
    """AS25-4.2.1.3a: what crosses regions, levels or industries needs the members' opinion before it is formed or dispatched."""
    if not {*ticket.intake.crossing} - {"cross_department"} or not policy.pack.flag("forming.confer_when_crossing"):
        return
    if ticket.judgement is None or ticket.judgement.outcome != "form":
        raise Refusal(Code.CONSULTATION_MISSING, ticket=ticket.id, crossing=ticket.intake.crossing)


def need_reported(ticket: Ticket) -> None:
    """AS25-4.1b, 4.1d: what is still in the first-contact department's own ledger is not in the office's pool yet."""
    if ticket.state is State.REGISTERED and ticket.with_whom is With.FIRST_CONTACT:
        raise Refusal(Code.NOT_REPORTED, ticket=ticket.id, unit=ticket.intake.first_contact)


def need_value(policy: Policy, key: str, value: str) -> None:
    """*value* must be one that the pack offers under *key*; a pack that is silent offers everything."""
    offered = policy.pack.names(key)
    if offered and value not in offered:
        raise Refusal(Code.VALUE_NOT_OFFERED, key=key, value=value, offered=offered)


def need_rung(policy: Policy, key: str, value: str) -> None:
    """A layer or level that is named must be one of the pack's own ladder: a pack that is silent has none."""
    offered = policy.pack.names(key)
    if value and value not in offered:
        raise Refusal(Code.VALUE_NOT_OFFERED, key=key, value=value, offered=offered)


def need_field(field: str, value: object) -> None:
    """A field that must be filled: None, "", an empty tuple or an empty text will not do."""
    if not value:
        raise Refusal(Code.FIELD_REQUIRED, field=field)
