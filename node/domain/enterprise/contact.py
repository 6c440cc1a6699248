"""
Contacts of an enterprise: who is to be reached there, who keeps contact with it, and every visit or call with its purpose.

No needless contact (无事不扰, FJ25-0.1): a contact without a purpose is not recorded, so whatever stands in the file had one.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime

from node.domain.code_words import need_code
from node.domain.command import Facts
from node.domain.dossier import DossierCommand, DossierEvent
from node.domain.enterprise import record as e
from node.domain.entry import Happened, Header, SubjectKind
from node.domain.organisation import Role
from node.domain.payload import Contact, Reach, Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.time import local_day

_DESKS = frozenset({Role.OFFICE, Role.WINDOW_CLERK, Role.SPECIALIST, Role.STEWARD, Role.MEMBER})
# Purposes of a visit that are about a ticket.
TICKET = "ticket"


@dataclass(frozen=True)
class SetContact(DossierCommand):
    """Somebody else is to be reached from now on, or under another number; who was before stays in the file."""

    subject_kind = SubjectKind.ENTERPRISE
    roles = _DESKS

    contact: Contact
    phone: Contact | None = None
    position: Contact | None = None


@dataclass(frozen=True)
class VisitEnterprise(DossierCommand):
    """
    Somebody visited or called the enterprise on ``visited_on`` for a ``purpose`` of the pack; about ``ticket``, where that is the
    purpose.
    """

    subject_kind = SubjectKind.ENTERPRISE
    roles = _DESKS | {Role.DEPARTMENT, Role.LEADER, Role.GOVERNMENT, Role.SUPERVISION}
    also = ("ticket_number",)

    purpose: str = ""
    way: str = "visit"
    visited_on: date | None = None
    ticket_number: str = ""
    note: Text | None = None


@dataclass(frozen=True)
class AssignOfficial(DossierCommand):
    """``account`` keeps contact with the enterprise, as its ``part`` (a code of the pack)."""

    subject_kind = SubjectKind.ENTERPRISE
    roles = frozenset({Role.OFFICE})

    account: str
    part: str = "contact_official"


@dataclass(frozen=True)
class ContactSet(DossierEvent):
    """Who is to be reached at the enterprise from now on."""

    position: Reach | None = None
    contact: Reach | None = None
    phone: Reach | None = None

    def apply(self, dossier: e.Enterprise, head: Header) -> e.Enterprise:
        at = head.recorded_at
        former = tuple(replace(one, until=one.until or at) for one in dossier.people)
        return replace(dossier, people=(*former, e.Person(at, self.contact, self.phone, self.position)))


@dataclass(frozen=True)
class EnterpriseVisited(DossierEvent):
    """The enterprise was visited or called, for a purpose. The actor's unit is who did it."""

    purpose: str
    way: str
    visited_on: date
    ticket: str = ""
    note: Words | None = None

    def apply(self, dossier: e.Enterprise, head: Header) -> e.Enterprise:
        visit = e.Visit(self.visited_on, head.actor.unit, head.actor.account, self.purpose, self.way, self.ticket)
        return replace(dossier, visits=(*dossier.visits, visit))


@dataclass(frozen=True)
class OfficialAssigned(DossierEvent):
    """`account` keeps contact with the enterprise in this part, in place of whoever did."""

    account: str
    part: str

    def apply(self, dossier: e.Enterprise, head: Header) -> e.Enterprise:
        others = tuple(one for one in dossier.officials if one.part != self.part)
        return replace(dossier, officials=(*others, e.Official(self.account, self.part)))


def set_contact(file: e.Enterprise, command: SetContact, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """Each change is an entry, so that the file shows who was to be reached when."""
    if not command.contact:
        raise Refusal(Code.FIELD_REQUIRED, field="contact")
    return [Happened(file.subject, ContactSet(position=command.position, contact=command.contact, phone=command.phone))]


def record_visit(file: e.Enterprise, command: VisitEnterprise, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ25-0.1: no contact without a purpose; one about a ticket names it."""
    if not command.purpose:
        raise Refusal(Code.FIELD_REQUIRED, field="purpose")
    offered = policy.pack.names("visits.purposes")
    if offered and command.purpose not in offered:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="visits.purposes", value=command.purpose, offered=offered)
    need_code("way", command.way)
    if command.purpose == TICKET and not command.ticket_number:
        raise Refusal(Code.FIELD_REQUIRED, field="ticket_number")
    on = command.visited_on or local_day(now)
    if on > local_day(now):
        raise Refusal(Code.MALFORMED_COMMAND, field="visited_on")
    event = EnterpriseVisited(purpose=command.purpose, way=command.way, visited_on=on, ticket=command.ticket_number, note=command.note)
    return [Happened(file.subject, event)]


def assign_official(file: e.Enterprise, command: AssignOfficial, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ23: one to one."""
    if not command.account:
        raise Refusal(Code.FIELD_REQUIRED, field="account")
    need_code("part", command.part)
    if e.Official(command.account, command.part) in file.officials:
        return []
    return [Happened(file.subject, OfficialAssigned(account=command.account, part=command.part))]


DECISIONS = {SetContact: set_contact, VisitEnterprise: record_visit, AssignOfficial: assign_official}
