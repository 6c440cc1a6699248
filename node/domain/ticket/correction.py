"""
Correcting a registered fact (USERS A6): an event with the old value beside it, never a new ticket.

By the registering account, before dispatch and on the same Beijing day, it is a *slip*; everything else is a *change*, which
counts for the strata of a superior's sample.  The first-contact department is fixed for ever (AS25-4.1a); class and
complexity of a formed ticket are reclassified, as that moves its limit.  What the appellant said stays as he said it.

Which enterprise it is stands in two places, its file and its unified code, and both say the same: whoever corrects one of them
corrects the other with it.  The name and phone of whoever called are facts of their own.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar

from node.domain.command import Command, Facts
from node.domain.credit_code import Verdict
from node.domain.credit_code import check as check_credit_code
from node.domain.enterprise.record import Enterprise
from node.domain.entry import Happened, Header
from node.domain.organisation import Role
from node.domain.payload import Contact, Reach, Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket.channels import need_group, need_local
from node.domain.ticket.checks import need_field, need_state, need_value
from node.domain.ticket.state import ENDED_OTHERWISE, OPEN, State
from node.domain.ticket.ticket import Ticket, TicketEvent
from node.domain.time import local_day

FACTS = ("category", "channel", "external_number", "field", "matter", "assigned_by", "topic", "appeal_kind", "group", "desk", "finder")
# Of these, the ones that stand among the details of intake.
DETAILS = frozenset({"topic", "appeal_kind", "group", "desk", "finder"})
# What the pack offers for a fact that it lists.
_LISTED = {"channel": "intake.channels", "matter": "intake.matters", "appeal_kind": "matter.natures"}
# Sealed: what is reached by it, and words.
CONTACTS = ("name", "phone", "address")
WORDS = ("title", "enterprise_name")
FIELDS = (*FACTS, *CONTACTS, *WORDS, "credit_code", "enterprise")
# Of the contacts, those by which somebody is called: a stratum of the superior's sample.
_CALLED_BY = frozenset({"name", "phone"})
CORRECTABLE = (OPEN | {State.COMPLETED}) - ENDED_OTHERWISE


@dataclass(frozen=True)
class Correct(Command):
    """
    Replace one registered fact.  ``field`` is one of ``FIELDS``; ``value`` is the new fact or code, ``contact`` the new name,
    phone or address, ``text`` the new title or what the enterprise is called.  Of an enterprise ``value`` is the id, or the
    unified code, of the right file; empty if it has none.  A change needs its ``reason``, a slip does not.
    """

    roles = frozenset({Role.WINDOW_CLERK, Role.SPECIALIST, Role.DEPARTMENT, Role.OFFICE, Role.STEWARD})
    needs: ClassVar[tuple[str, ...]] = ("corrected_file", "linked_file")

    field: str
    value: str = ""
    contact: Contact | None = None
    reason: Text | None = None
    text: Text | None = None


@dataclass(frozen=True)
class FactCorrected(TicketEvent):
    """
    `field` was `old` and is `new`. `is_slip`: by whoever registered it, the same day and before dispatch. Both are empty where
    the new value is sealed, in `words` or `address`; the old one stays sealed in the entry that brought it.
    """

    field: str
    old: str
    new: str
    is_slip: bool
    reason: Words | None = None
    words: Words | None = None
    address: Reach | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        match self.field:
            case "category":
                return replace(ticket, classing=replace(ticket.classing, category=self.new))
            case "enterprise":
                return replace(ticket, appellant=replace(ticket.appellant, enterprise=self.new))
            case "title":
                return replace(ticket, intake=replace(ticket.intake, title=self.words))
            case "enterprise_name":
                return replace(ticket, details=replace(ticket.details, enterprise_name=self.words))
            case "address":
                return replace(ticket, details=replace(ticket.details, address=self.address))
        if self.field not in FACTS:
            return ticket  # a field that this program does not know, or one that is fixed
        changed: dict[str, Any] = {self.field: self.new}
        if self.field in DETAILS:
            return replace(ticket, details=replace(ticket.details, **changed))
        return replace(ticket, intake=replace(ticket.intake, **changed))


@dataclass(frozen=True)
class ContactCorrected(TicketEvent):
    """
    A name or phone was replaced; the old one stays sealed in the entry that brought it. What is no slip is a stratum of
    the superior's sample.
    """

    field: str
    is_slip: bool
    contact: Reach | None = None
    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        appellant = ticket.appellant
        if self.field == "name":
            return replace(ticket, appellant=replace(appellant, name=self.contact))
        return replace(ticket, appellant=replace(appellant, phone=self.contact))


@dataclass(frozen=True)
class CreditCodeCorrected(TicketEvent):
    """
    The unified code was `old` and is `new`. Of an individual business the code is sealed: `new` is empty then, and
    `private_code` has it. With it the ticket went from the file `old_enterprise` to `new_enterprise`; if both are empty, it
    stayed where it was.
    """

    old: str
    new: str
    is_slip: bool
    credit_code_warning: bool = False
    private_code: Reach | None = None
    reason: Words | None = None
    old_enterprise: str = ""
    new_enterprise: str = ""

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        appellant = replace(ticket.appellant, credit_code=self.new, private_code=self.private_code)
        if self.old_enterprise or self.new_enterprise:
            appellant = replace(appellant, enterprise=self.new_enterprise)
        return replace(ticket, appellant=appellant)


def correct(ticket: Ticket, command: Correct, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """USERS A6: by the registering account or the office; a fact that the ticket has already is not written again."""
    # AS25-4.1a: the first-contact department is set once; it is not among the fields.
    if command.field not in FIELDS:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="correctable", value=command.field, offered=FIELDS)
    need_state(ticket, CORRECTABLE)
    is_registrar = facts.actor.account == ticket.intake.registered_by
    if not is_registrar and not facts.is_role(Role.OFFICE, Role.STEWARD):
        raise Refusal(Code.PERMISSION_DENIED, ticket=ticket.id, unit=facts.actor.unit, wanted=Role.OFFICE)
    is_slip = is_registrar and ticket.dispatch is None and local_day(ticket.intake.registered_at) == local_day(now)
    if not is_slip:
        need_field("reason", command.reason)
    match command.field:
        case field if field in CONTACTS or field in WORDS:
            return [Happened(ticket.subject, _sealed(command, is_slip))]
        case "credit_code":
            return _credit_code(ticket, command, facts, policy, is_slip)
        case "enterprise":
            return _enterprise(ticket, command, facts, policy, is_slip)
        case _:
            return _fact(ticket, command, policy, is_slip)


def _sealed(command: Correct, is_slip: bool) -> TicketEvent:
    """The old value is not opened to be compared: it stays sealed where it is."""
    if command.field in WORDS:
        need_field("text", command.text)
        return FactCorrected(command.field, "", "", is_slip, command.reason, words=command.text)
    need_field("contact", command.contact)
    if command.field in _CALLED_BY:
        return ContactCorrected(command.field, is_slip, command.contact, command.reason)
    return FactCorrected(command.field, "", "", is_slip, command.reason, address=command.contact)


def _enterprise(ticket: Ticket, command: Correct, facts: Facts, policy: Policy, is_slip: bool) -> list[Happened]:
    """
    USERS A6: the file of the right enterprise.  A code that the ticket has goes with the file that it came from; of the new one
    only a code in the open is taken over, as a sealed one is its own.
    """
    old, file = ticket.appellant.enterprise, _file(facts, "corrected_file")
    if command.value and file is None:
        raise Refusal(Code.SUBJECT_UNKNOWN, kind="enterprise", id=command.value)
    new = file.id if file is not None else ""
    if old == new:
        return []
    code = file.credit_code if file is not None else ""
    need_local(policy, file, code)
    happened = [Happened(ticket.subject, FactCorrected("enterprise", old, new, is_slip, command.reason))]
    had_code = bool(ticket.appellant.credit_code or ticket.appellant.private_code)
    if had_code and (ticket.appellant.private_code or ticket.appellant.credit_code != code):
        corrected = CreditCodeCorrected(ticket.appellant.credit_code, code, is_slip, reason=command.reason)
        happened.append(Happened(ticket.subject, corrected))
    return happened


def _file(facts: Facts, name: str) -> Enterprise | None:
    found = facts.given.get(name)
    return found if isinstance(found, Enterprise) else None


def _fact(ticket: Ticket, command: Correct, policy: Policy, is_slip: bool) -> list[Happened]:
    holder = ticket.details if command.field in DETAILS else ticket.intake
    old = ticket.classing.category if command.field == "category" else str(getattr(holder, command.field))
    if old == command.value:
        return []
    if command.field == "category":
        # AS25-4.4.1.2b: the class of a formed ticket has a limit; Reclassify recomputes it.
        if ticket.is_formed:
            raise Refusal(Code.WRONG_STATE, ticket=ticket.id, state=ticket.state, wanted=State.REGISTERED)
        need_field("value", command.value)
        need_value(policy, "classes", command.value)
    elif command.field in _LISTED:
        need_field("value", command.value)
        need_value(policy, _LISTED[command.field], command.value)
    elif command.field == "topic":
        need_value(policy, f"matter.topics.{ticket.intake.matter}", command.value)
    elif command.field == "group":
        need_group(policy, ticket.intake.channel, command.value)
    return [Happened(ticket.subject, FactCorrected(command.field, old, command.value, is_slip, command.reason))]


def _credit_code(ticket: Ticket, command: Correct, facts: Facts, policy: Policy, is_slip: bool) -> list[Happened]:
    need_field("value", command.value)
    found = check_credit_code(command.value)
    if found.verdict is Verdict.INVALID:
        raise Refusal(Code.CREDIT_CODE_INVALID, faults=found.faults, suggestion=found.suggestion or "")
    need_local(policy, _file(facts, "corrected_file"), found.normalised)
    old, new = ticket.appellant.credit_code, "" if found.personal else found.normalised
    enterprise = _file_of_code(ticket, facts, new)
    if new and old == new and enterprise == ticket.appellant.enterprise:
        return []
    moves = enterprise != ticket.appellant.enterprise
    event = CreditCodeCorrected(
        old=old,
        new=new,
        is_slip=is_slip,
        credit_code_warning=found.verdict is Verdict.WARN,
        private_code=Contact(found.normalised) if found.personal else None,
        reason=command.reason,
        old_enterprise=ticket.appellant.enterprise if moves else "",
        new_enterprise=enterprise if moves else "",
    )
    return [Happened(ticket.subject, event)]


def _file_of_code(ticket: Ticket, facts: Facts, code: str) -> str:
    """
    The file that the ticket belongs to once its code is the one that was given: that code's own, else the one that it has, unless
    that is of another code.
    """
    meant, linked = _file(facts, "corrected_file"), _file(facts, "linked_file")
    if linked is not None and code and linked.credit_code == code:
        return linked.id
    if meant is not None:
        return meant.id
    has_another = linked is not None and (linked.credit_code or linked.private_code)
    return "" if has_another else ticket.appellant.enterprise


DECISIONS = {Correct: correct}
