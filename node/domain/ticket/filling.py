"""
Filling in (补录): what a need lacks after the four fields that gave it its number waits as 待完善, under the forming clock.

Filling in writes what was empty; what was wrong is corrected (``correction``).  What a pack wants to be there before a ticket is
formed stands under ``intake.complete_fields``.  Here, too, the office verifies with the enterprise (HM20-3.1d) and hides a need
from the unit that it is about.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from node.domain.command import Command, Facts
from node.domain.credit_code import Verdict
from node.domain.credit_code import check as check_credit_code
from node.domain.entry import Happened, Header
from node.domain.organisation import Role
from node.domain.payload import Contact, Reach, Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import channels, clocks
from node.domain.ticket.checks import need_field, need_state, need_value
from node.domain.ticket.completeness import value_of
from node.domain.ticket.intake import need_matter
from node.domain.ticket.intake_record import Verification
from node.domain.ticket.sight import concealed_units, need_concealable
from node.domain.ticket.state import BEFORE_FORMING, ENDED_OTHERWISE, OPEN, State
from node.domain.ticket.ticket import Ticket, TicketEvent

FILLABLE = (OPEN | {State.COMPLETED}) - ENDED_OTHERWISE
_FACTS = ("external_number", "field", "matter", "topic", "appeal_kind", "enterprise", "category", "credit_code")
_SEALED = ("title", "name", "phone", "address")
FIELDS = (*_FACTS, *_SEALED)
CONFIRMED = "confirmed"


@dataclass(frozen=True)
class FillIn(Command):
    """Add what was left open on registration.  ``is_read_back``: the whole was read to the appellant, who agreed."""

    roles = frozenset({Role.WINDOW_CLERK, Role.SPECIALIST, Role.DEPARTMENT, Role.OFFICE, Role.STEWARD, Role.ENTERPRISE})
    needs = ("appellant",)

    title: Text | None = None
    name: Contact | None = None
    phone: Contact | None = None
    address: Contact | None = None
    credit_code: str = ""
    enterprise: str = ""
    category: str = ""
    field: str = ""
    matter: str = ""
    topic: str = ""
    appeal_kind: str = ""
    external_number: str = ""
    is_read_back: bool = False


@dataclass(frozen=True)
class RecordVerification(Command):
    """The office asked the enterprise whether it is as the need says (HM20-3.1d); ``result`` is a code of the pack."""

    roles = frozenset({Role.OFFICE, Role.WINDOW_CLERK, Role.SPECIALIST})

    result: str
    note: Text | None = None


@dataclass(frozen=True)
class Conceal(Command):
    """Hide the need from ``units``: they are complained of (XS25-4.3.1.4)."""

    roles = frozenset({Role.OFFICE, Role.WINDOW_CLERK, Role.SPECIALIST})

    units: tuple[str, ...]
    reason: Text | None = None


@dataclass(frozen=True)
class IntakeFilled(TicketEvent):
    """What a need lacked was filled in; an empty field was not touched."""

    title: Words | None = None
    name: Reach | None = None
    phone: Reach | None = None
    address: Reach | None = None
    private_code: Reach | None = None
    credit_code: str = ""
    credit_code_warning: bool = False
    enterprise: str = ""
    category: str = ""
    field: str = ""
    matter: str = ""
    topic: str = ""
    appeal_kind: str = ""
    external_number: str = ""
    is_read_back: bool = False

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        of_appellant = self._filled("name", "phone", "private_code", "credit_code", "enterprise")
        of_details = self._filled("topic", "appeal_kind", "address")
        if self.is_read_back:
            of_details["read_back_at"] = head.recorded_at
        return replace(
            ticket,
            appellant=replace(ticket.appellant, **of_appellant),
            intake=replace(ticket.intake, **self._filled("title", "field", "matter", "external_number")),
            details=replace(ticket.details, **of_details),
            classing=replace(ticket.classing, **self._filled("category")),
        )

    def _filled(self, *names: str) -> dict[str, Any]:
        return {name: getattr(self, name) for name in names if getattr(self, name)}


@dataclass(frozen=True)
class VerificationRecorded(TicketEvent):
    """The office asked the enterprise whether it is as the need says, and heard `result`."""

    result: str
    note: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(ticket, verification=Verification(head.recorded_at, head.actor.account, self.result))


@dataclass(frozen=True)
class Concealed(TicketEvent):
    """The need is hidden from `concealed` from now on: they are complained of."""

    concealed: tuple[str, ...]
    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        units = tuple(dict.fromkeys((*ticket.details.concealed, *self.concealed)))
        return replace(ticket, details=replace(ticket.details, concealed=units))


def fill_in(ticket: Ticket, command: FillIn, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """USERS C26: only what is empty; by whoever took it in, his unit, or the office."""
    need_state(ticket, FILLABLE)
    _need_registrar(ticket, facts)
    given = {name: getattr(command, name) for name in FIELDS if getattr(command, name)}
    if not given and not command.is_read_back:
        raise Refusal(Code.FIELD_REQUIRED, field="name")
    full = [name for name in given if value_of(ticket, name)]
    if full:
        raise Refusal(Code.FILLED_BEFORE, ticket=ticket.id, fields=full)
    if command.category:
        need_value(policy, "classes", command.category)
    if command.appeal_kind:
        need_value(policy, "matter.natures", command.appeal_kind)
    need_matter(policy, command.matter or ticket.intake.matter, command.topic)
    if command.enterprise and facts.given.get("appellant") is None:
        raise Refusal(Code.SUBJECT_UNKNOWN, kind="enterprise", id=command.enterprise)
    channels.need_local(policy, facts.given.get("appellant"), command.credit_code)
    values: dict[str, Any] = {name: value for name, value in given.items() if name != "credit_code"}
    return [Happened(ticket.subject, IntakeFilled(**values, **_code(command.credit_code), is_read_back=command.is_read_back))]


def _need_registrar(ticket: Ticket, facts: Facts) -> None:
    is_own = facts.actor.account == ticket.intake.registered_by or facts.actor.unit == ticket.intake.first_contact
    if not is_own and not facts.is_role(Role.OFFICE, Role.STEWARD, Role.WINDOW_CLERK):
        raise Refusal(Code.PERMISSION_DENIED, ticket=ticket.id, unit=facts.actor.unit, wanted=ticket.intake.first_contact)


def _code(said: str) -> dict[str, Any]:
    if not said:
        return {}
    found = check_credit_code(said)
    if found.verdict is Verdict.INVALID:
        raise Refusal(Code.CREDIT_CODE_INVALID, faults=found.faults, suggestion=found.suggestion or "")
    if found.personal:
        return {"private_code": Contact(found.normalised), "credit_code_warning": found.verdict is Verdict.WARN}
    return {"credit_code": found.normalised, "credit_code_warning": found.verdict is Verdict.WARN}


def record_verification(ticket: Ticket, command: RecordVerification, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """HM20-3.1d: before the ticket is formed; whatever is not a plain confirmation says how it is in a note."""
    need_state(ticket, BEFORE_FORMING)
    need_field("result", command.result)
    need_value(policy, "verification.results", command.result)
    if command.result != CONFIRMED:
        need_field("note", command.note)
    event = VerificationRecorded(result=command.result, note=command.note)
    return [Happened(ticket.subject, event, clocks=clocks.stop_if_on(ticket, "verification"))]


def conceal(ticket: Ticket, command: Conceal, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """XS25-4.3.1.4: before any of the units has a part in it; afterwards it has been seen."""
    need_state(ticket, OPEN)
    need_field("units", command.units)
    news = tuple(unit for unit in dict.fromkeys(command.units) if unit not in concealed_units(ticket))
    if not news:
        return []
    parts = {ticket.lead, ticket.intake.first_contact, *(part.unit for part in ticket.co_handlers)}
    for unit in news:
        need_concealable(unit, "", facts, policy)
        if unit in parts:
            raise Refusal(Code.SEEN_ALREADY, unit=unit)
    return [Happened(ticket.subject, Concealed(concealed=news, reason=command.reason))]


DECISIONS = {FillIn: fill_in, RecordVerification: record_verification, Conceal: conceal}
