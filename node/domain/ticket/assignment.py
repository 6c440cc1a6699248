"""
Inside a unit: the formal receipt with the unit's own number, and who has the ticket there (XS25-4.4.1a, 4.4.3; USERS C25).

A unit receives a ticket once per dispatch, by signing or by confirming its part; what it says then is written by ``received``.
From there on the ticket lies in the unit's shared tray or in the own tray of one person, who may pass it on.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from node.domain.command import Command, Facts
from node.domain.entry import Happened, Header
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.registry import Account
from node.domain.ticket import handling_record as h
from node.domain.ticket.checks import need_field, need_state
from node.domain.ticket.parts import involved_units
from node.domain.ticket.state import IN_HAND, State
from node.domain.ticket.ticket import Ticket, TicketEvent
from node.domain.time import local_day


@dataclass(frozen=True)
class AssignPerson(Command):
    """Pass the ticket on to ``person`` of the own unit; to nobody: back into the unit's shared tray."""

    roles = frozenset({Role.DEPARTMENT, Role.DEPARTMENT_LEADER})
    needs = ("accounts",)

    person: str = ""
    note: Text | None = None


@dataclass(frozen=True)
class ReceiveAssignment(Command):
    """Enter a ticket that came without signing (named by a ruling, own duty, an item of a plan) into the unit's receipt register."""

    roles = frozenset({Role.DEPARTMENT})
    needs = ("accounts", "receipt_number")

    person: str = ""


@dataclass(frozen=True)
class AssignmentReceived(TicketEvent):
    """
    A unit entered the ticket into its receipt register, as it does with an incoming document (XS25-4.4.1a).

    `number` counts the unit's receipts of `year` without a gap; 0 under a pack that keeps no register. The actor is the
    receiver, `person` who answers for it inside the unit, or empty.
    """

    unit: str
    year: int
    number: int
    person: str = ""

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        at = head.recorded_at
        receipt = h.Receipt(self.unit, self.year, self.number, at, head.actor.account, self.person)
        return replace(ticket, receipts=(*ticket.receipts, receipt), desks=_with_desk(ticket, h.Desk(self.unit, self.person, at)))


@dataclass(frozen=True)
class PersonAssigned(TicketEvent):
    """Inside `unit` the ticket went from `former` to `person`, both accounts; empty stands for the unit's shared tray."""

    unit: str
    person: str = ""
    former: str = ""
    note: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(ticket, desks=_with_desk(ticket, h.Desk(self.unit, self.person, head.recorded_at)))


def receive(ticket: Ticket, command: ReceiveAssignment, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """XS25-4.4.1a: every unit that has a part, once; what was dispatched is received by signing it."""
    need_state(ticket, IN_HAND | {State.DISPATCHED})
    if facts.actor.unit not in involved_units(ticket):
        raise Refusal(Code.PERMISSION_DENIED, ticket=ticket.id, unit=facts.actor.unit, wanted=involved_units(ticket))
    if facts.actor.unit == ticket.lead:
        need_state(ticket, IN_HAND)
    if any(receipt.unit == facts.actor.unit for receipt in ticket.receipts):
        return []
    # Without a register of receipts there is nothing to write down but who has it.
    if not policy.pack.flag("receipt.numbered"):
        need_field("person", command.person)
    return received(ticket, facts.actor.unit, command.person, facts, policy, now)


def assign(ticket: Ticket, command: AssignPerson, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """XS25-4.4.3: from receipt on there is one named person where the pack asks for one; a change says who had it before."""
    if not ticket.is_open:
        raise Refusal(Code.WRONG_STATE, ticket=ticket.id, state=ticket.state, wanted="open")
    unit = facts.actor.unit
    if unit not in involved_units(ticket):
        raise Refusal(Code.PERMISSION_DENIED, ticket=ticket.id, unit=unit, wanted=involved_units(ticket))
    if command.person:
        need_person(facts, command.person, unit)
    elif policy.pack.flag("receipt.person_required"):
        need_field("person", command.person)
    former = person_of(ticket, unit)
    if former == command.person:
        return []
    return [Happened(ticket.subject, PersonAssigned(unit, command.person, former, command.note))]


def received(ticket: Ticket, unit: str, person: str, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """
    What *unit* writes down when it receives the ticket; nothing under a pack that keeps no register and for nobody named.

    Where ``receipt.numbered``, the decision's command needs the fact "receipt_number".
    """
    if person:
        need_person(facts, person, unit)
    elif policy.pack.flag("receipt.person_required"):
        need_field("person", person)
    if not person and not policy.pack.flag("receipt.numbered"):
        return []
    number = int(facts.given["receipt_number"]) if policy.pack.flag("receipt.numbered") else 0
    return [Happened(ticket.subject, AssignmentReceived(unit, local_day(now).year, number, person))]


def need_received(ticket: Ticket, unit: str, policy: Policy) -> None:
    """XS25-4.4.1a: no handling before the receipt."""
    if policy.pack.flag("receipt.numbered") and not any(receipt.unit == unit for receipt in ticket.receipts):
        raise Refusal(Code.RECEIPT_MISSING, ticket=ticket.id, unit=unit)


def person_of(ticket: Ticket, unit: str) -> str:
    """Who has the ticket inside *unit*, as an account; empty if it lies in the shared tray."""
    return next((desk.person for desk in ticket.desks if desk.unit == unit), "")


def need_person(facts: Facts, account: str, unit: str = "", role: Role | None = None) -> Account:
    """The active account of that id, of *unit* and with *role* where these are given."""
    found: Account | None = facts.given["accounts"].get(account)
    if found is None or not found.is_active:
        raise Refusal(Code.ACCOUNT_UNKNOWN, account=account)
    if (unit and found.unit != unit) or (role is not None and role.value not in found.roles):
        raise Refusal(Code.PERSON_UNFIT, account=account, unit=unit or found.unit, role=role.value if role is not None else "")
    return found


def _with_desk(ticket: Ticket, desk: h.Desk) -> tuple[h.Desk, ...]:
    return (*(one for one in ticket.desks if one.unit != desk.unit), desk)


DECISIONS = {ReceiveAssignment: receive, AssignPerson: assign}
