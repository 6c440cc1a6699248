"""Intake: how an appeal comes in and gets its register number (AS25-4.1, 2.2)."""

from dataclasses import dataclass
from datetime import datetime

from node.domain.command import Command, Facts
from node.domain.credit_code import Verdict
from node.domain.credit_code import check as check_credit_code
from node.domain.entry import Happened, Header, Subject
from node.domain.organisation import Role
from node.domain.payload import Contact, Reach, Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.register_number import make as make_register_number
from node.domain.ticket import clocks
from node.domain.ticket import records as r
from node.domain.ticket.checks import is_desk_here, need_field, need_value
from node.domain.ticket.completion import SOLVED, report_back_owed
from node.domain.ticket.first_contact import JUDGEMENTS, answered_at_once
from node.domain.ticket.state import State, With
from node.domain.ticket.ticket import Ticket, TicketEvent
from node.domain.time import local_day

APPELLANT_KINDS = ("enterprise", "state_owned_enterprise", "individual_business", "cooperative", "person", "project", "anonymous")


@dataclass(frozen=True)
class Register(Command):
    """
    Take an appeal in.  ``appeal``, ``phone`` (or an anonymous appellant), ``channel`` and ``received_at`` are enough for a number.

    ``first_contact`` is the unit that was reached first (AS25-4.1a); empty for online, hotline and transferred needs, whose
    duties the node's centre does.  ``judgement``: "own_duty" or "foreign", by the first-contact department (AS25-4.1b).
    ``answer`` answers a simple need in the same act (FJ25-3.7.1a).
    """

    roles = frozenset({Role.WINDOW_CLERK, Role.SPECIALIST, Role.OFFICE, Role.STEWARD, Role.DEPARTMENT, Role.ENTERPRISE, Role.FINDER})
    starts = True

    channel: str
    appeal: Text
    title: Text | None = None
    appellant_kind: str = "enterprise"
    name: Contact | None = None
    phone: Contact | None = None
    credit_code: str = ""
    received_at: datetime | None = None
    first_contact: str = ""
    external_number: str = ""
    category: str = ""
    field: str = ""
    matter: str = ""
    judgement: str = ""
    crossing: tuple[str, ...] = ()
    assigned_by: str = ""
    conceal_from: str = ""
    channel_note: Text | None = None
    answer: Text | None = None
    answer_standard: str = ""


@dataclass(frozen=True)
class Registered(TicketEvent):
    """
    An appeal was taken in: the first line entry of custody number 1.

    `credit_code` is empty for an individual business, whose code is sealed in `private_code`. `in_ledger`: it stands in the
    first-contact department's own ledger (线下台账) and is not in the office's pool before `ReportedToOffice` (AS25-4.1d).
    """

    opens = True

    channel: str
    first_contact: str
    appellant_kind: str
    appeal: Words
    title: Words | None = None
    name: Reach | None = None
    phone: Reach | None = None
    private_code: Reach | None = None
    credit_code: str = ""
    credit_code_warning: bool = False
    received_at: datetime | None = None
    external_number: str = ""
    category: str = ""
    field: str = ""
    matter: str = ""
    judgement: str = ""
    crossing: tuple[str, ...] = ()
    assigned_by: str = ""
    conceal_from: str = ""
    channel_note: Words | None = None
    in_ledger: bool = False
    pack: str = ""

    def begin(self, head: Header) -> Ticket:
        return Ticket(
            id=head.subject.id,
            origin=head.node,
            custody=r.Custody(1, head.node),
            version=0,
            state=State.REGISTERED,
            with_whom=With.FIRST_CONTACT if self.in_ledger else With.OFFICE,
            pack=self.pack,
            appellant=r.Appellant(self.appellant_kind, self.credit_code, "", self.name, self.phone, self.private_code),
            intake=r.Intake(
                channel=self.channel,
                registered_at=head.recorded_at,
                registered_by=head.actor.account,
                first_contact=self.first_contact,
                title=self.title,
                appeal=self.appeal,
                received_at=self.received_at,
                external_number=self.external_number,
                field=self.field,
                matter=self.matter,
                judgement=self.judgement,
                crossing=self.crossing,
                assigned_by=self.assigned_by,
                conceal_from=self.conceal_from,
                channel_note=self.channel_note,
                reported_at=None if self.in_ledger else head.recorded_at,
            ),
            classing=r.Classing(category=self.category),
        )

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return ticket  # registered once; a second opener of number 1 is sorted out by line_of


def register(command: Register, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """
    AS25-4.1, 2.2.*: the number is given at once.  The forming clock runs from here (AS25-4.2.1.1b), or, for what stands in
    a department's own ledger, the one for reporting it (AS25-4.1d).
    """
    need_field("channel", command.channel)
    need_value(policy, "intake.channels", command.channel)
    need_field("appeal", command.appeal)
    if command.appellant_kind not in APPELLANT_KINDS:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="appellant_kind", value=command.appellant_kind, offered=APPELLANT_KINDS)
    # FJ25-1.1.1: whom a mechanism serves is its own; a pack that is silent serves everybody.
    served = policy.pack.names("intake.appellant_kinds")
    if served and command.appellant_kind not in served:
        raise Refusal(Code.SUBJECT_TYPE_OUT_OF_SCOPE, kind=command.appellant_kind, offered=served)
    if command.judgement not in JUDGEMENTS:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="judgement", value=command.judgement, offered=JUDGEMENTS[1:])
    if command.appellant_kind != "anonymous":
        need_field("name", command.name or command.phone)
    if command.received_at is not None and command.received_at > now:
        raise Refusal(Code.MALFORMED_COMMAND, field="received_at")
    # AS25-2.2.2: the time of the call; 2.2.8: what other channel; 2.2.9: the body that assigned it.
    for key, field, value in (
        ("intake.time_required", "received_at", command.received_at),
        ("intake.note_required", "channel_note", command.channel_note),
        ("intake.assigner_required", "assigned_by", command.assigned_by),
    ):
        if command.channel in policy.pack.names(key):
            need_field(field, value)
    if command.category:
        need_value(policy, "classes", command.category)
    # AS25-2.2.1, XS25-4.1.5: what another system sends twice is one need.
    if facts.registered_before:
        raise Refusal(Code.ALREADY_EXISTS, kind="ticket", id=facts.registered_before)
    in_ledger = not command.answer and _stays_in_ledger(command, facts, policy)
    code, private_code, is_warned = _credit_code(command)
    event = Registered(
        channel=command.channel,
        first_contact=command.first_contact,
        appellant_kind=command.appellant_kind,
        appeal=command.appeal,
        title=command.title,
        name=command.name,
        phone=command.phone,
        private_code=private_code,
        credit_code=code,
        credit_code_warning=is_warned,
        received_at=command.received_at,
        external_number=command.external_number,
        category=command.category,
        field=command.field,
        matter=command.matter,
        judgement=command.judgement,
        crossing=command.crossing,
        assigned_by=command.assigned_by,
        conceal_from=command.conceal_from,
        channel_note=command.channel_note,
        in_ledger=in_ledger,
        pack=policy.pack.name,
    )
    subject = Subject("ticket", make_register_number(policy.node, local_day(now), facts.serial))
    if command.answer:
        standard = command.answer_standard or SOLVED
        reporting = report_back_owed(command.assigned_by, policy, now)
        answered = answered_at_once(subject, command.category, standard, command.answer, facts, policy, now, reporting)
        return [Happened(subject, event, holder=policy.node), answered]
    kind, owes = ("report_to_office", command.first_contact) if in_ledger else ("form", With.OFFICE.value)
    return [Happened(subject, event, clocks=(clocks.start(policy, now, kind, owes),), holder=policy.node)]


def _stays_in_ledger(command: Register, facts: Facts, policy: Policy) -> bool:
    """AS25-4.1b, 4.1d: a department's foreign need, and one that it has not judged where the pack asks for that first."""
    if not is_desk_here(command.first_contact, facts):
        return False
    return command.judgement == "foreign" or (not command.judgement and policy.pack.flag("intake.judgement_first"))


def _credit_code(command: Register) -> tuple[str, Contact | None, bool]:
    """The code in the open, the code to be sealed, and whether it must be looked at twice (FEATURES 3.2)."""
    if not command.credit_code:
        return "", None, False
    found = check_credit_code(command.credit_code)
    if found.verdict is Verdict.INVALID:
        raise Refusal(Code.CREDIT_CODE_INVALID, faults=found.faults, suggestion=found.suggestion or "")
    if found.personal:
        return "", Contact(found.normalised), found.verdict is Verdict.WARN
    return found.normalised, None, found.verdict is Verdict.WARN


DECISIONS = {Register: register}
