"""Intake: how an appeal comes in and gets its register number (AS25-4.1, 2.2)."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from node.domain.code_words import need_codes
from node.domain.command import Command, Facts
from node.domain.credit_code import Verdict
from node.domain.credit_code import check as check_credit_code
from node.domain.entry import Happened, Header, Subject
from node.domain.guide import NO_GUIDE
from node.domain.organisation import Role
from node.domain.payload import Contact, Reach, Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.register_number import make as make_register_number
from node.domain.service_groups import unit_of_group
from node.domain.ticket import channels, clocks, pace
from node.domain.ticket import records as r
from node.domain.ticket import triage_record as t
from node.domain.ticket.checks import is_desk_here, need_field, need_value
from node.domain.ticket.completion import SOLVED, report_back_owed
from node.domain.ticket.first_contact import JUDGEMENTS, answered_at_once, need_one_department
from node.domain.ticket.intake_record import Details
from node.domain.ticket.offering import offered_at_once
from node.domain.ticket.sight import OUTSIDE, need_concealable
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

    What is not given of name, phone and address is taken from the appellant's file, if there is one.

    ``further`` are more matters of the same call, each a need of its own under one receipt (XS25-4.0); ``same_call`` is a need that
    was taken in before in it.  ``enterprise`` is the id of the appellant's file, ``enterprises`` are those for which a common appeal
    is made (FJ25-2.5.3).  ``group``, ``desk``, ``occasion`` and ``finder`` are what the channel asks for.
    """

    roles = frozenset({Role.WINDOW_CLERK, Role.SPECIALIST, Role.OFFICE, Role.STEWARD, Role.DEPARTMENT, Role.ENTERPRISE, Role.FINDER})
    starts = True
    also = ("same_call",)
    needs: ClassVar[tuple[str, ...]] = ("appellant", "appellant_contacts", "files", "turns", "running_number", "guide")

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
    appeal_kind: str = ""
    topic: str = ""
    group: str = ""
    desk: str = ""
    occasion: str = ""
    finder: str = ""
    enterprise: str = ""
    enterprises: tuple[str, ...] = ()
    address: Contact | None = None
    is_number_withheld: bool = False
    is_read_back: bool = False
    further: tuple[Text, ...] = ()
    same_call: str = ""
    # What it is called on the list that it came by (HM20-A2.2).
    list_number: Text | None = None
    # What the enterprise is called; ``name`` is then who speaks for it.  One with a file is called what its file says.
    enterprise_name: Text | None = None


@dataclass(frozen=True)
class Registered(TicketEvent):
    """
    An appeal was taken in: the first line entry of custody number 1.

    `credit_code` is empty for an individual business, whose code is sealed in `private_code`. `in_ledger`: it stands in the
    first-contact department's own ledger (线下台账) and is not in the office's pool before `ReportedToOffice` (AS25-4.1d).
    `receipt` is the register number of the first need of the same call. `enterprises` are the files of those for whom a common
    appeal is made. `local_unit` is the unit that the service group belongs to, `duty` the account on duty after hours.
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
    appeal_kind: str = ""
    topic: str = ""
    group: str = ""
    local_unit: str = ""
    desk: str = ""
    occasion: str = ""
    finder: str = ""
    is_found: bool = False
    receipt: str = ""
    enterprise: str = ""
    enterprises: tuple[str, ...] = ()
    is_after_hours: bool = False
    duty: str = ""
    is_number_withheld: bool = False
    is_read_back: bool = False
    # Entered later than the pack allows after its receipt (FJ25-3.6d, FJ23-3.4a).
    is_late: bool = False
    address: Reach | None = None
    # The version of the classification guide that was in force (FJ25-3.6b).
    guide: str = ""
    # What it is called on the list that it came by.
    list_number: Words | None = None
    # It was open before this node began: it counts in no rate and stands in no frame.
    is_legacy: bool = False
    # What the enterprise is called, where it has no file.
    enterprise_name: Words | None = None

    def begin(self, head: Header) -> Ticket:
        return Ticket(
            id=head.subject.id,
            origin=head.node,
            custody=r.Custody(1, head.node),
            version=0,
            state=State.REGISTERED,
            with_whom=With.FIRST_CONTACT if self.in_ledger else With.OFFICE,
            pack=self.pack,
            appellant=r.Appellant(self.appellant_kind, self.credit_code, self.enterprise, self.name, self.phone, self.private_code),
            intake=self._intake(head),
            classing=r.Classing(category=self.category),
            details=self._details(head),
            sorting=t.Sorting(guide=self.guide),
        )

    def _intake(self, head: Header) -> r.Intake:
        return r.Intake(
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
        )

    def _details(self, head: Header) -> Details:
        return Details(
            appeal_kind=self.appeal_kind,
            topic=self.topic,
            group=self.group,
            local_unit=self.local_unit,
            desk=self.desk,
            occasion=self.occasion,
            finder=self.finder,
            is_found=self.is_found,
            receipt=self.receipt,
            enterprises=self.enterprises,
            is_after_hours=self.is_after_hours,
            duty=self.duty,
            is_number_withheld=self.is_number_withheld,
            read_back_at=head.recorded_at if self.is_read_back else None,
            address=self.address,
            filed_by=head.actor.account if head.actor.role in OUTSIDE else "",
            list_number=self.list_number,
            is_legacy=self.is_legacy,
            enterprise_name=self.enterprise_name,
        )

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return ticket  # registered once; a second opener of number 1 is sorted out by line_of


def register(command: Register, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """
    AS25-4.1, 2.2.*: the number is given at once.  The forming clock runs from here (AS25-4.2.1.1b), or, for what stands in
    a department's own ledger, the one for reporting it (AS25-4.1d); what a service group brought is offered (FJ23-2.3b).
    """
    _need_who(command, facts, policy, now)
    _need_channel(command, facts, policy, now)
    _need_matter(command, policy)
    need_concealable(command.conceal_from, command.first_contact, facts, policy)
    # AS25-2.2.1, XS25-4.1.5: what another system sends twice is one need.
    if facts.registered_before:
        raise Refusal(Code.ALREADY_EXISTS, kind="ticket", id=facts.registered_before)
    if command.further and command.answer:
        raise Refusal(Code.MALFORMED_COMMAND, field="further")
    receipt = _receipt(command, facts, policy)
    happened: list[Happened] = []
    for place, appeal in enumerate((command.appeal, *command.further)):
        subject = _subject(policy, now, facts.serial + place)
        receipt = receipt if place == 0 or receipt else happened[0].subject.id
        happened += _taken_in(subject, appeal, receipt, place == 0, command, facts, policy, now)
    return happened


def _taken_in(
    subject: Subject, appeal: Text, receipt: str, is_first: bool, command: Register, facts: Facts, policy: Policy, now: datetime
) -> list[Happened]:
    """One need, and what is done with it in the same act: answered, offered, or put where it waits under a clock."""
    in_ledger = not command.answer and _stays_in_ledger(command, facts, policy)
    event = _registered(command, appeal, receipt, is_first, in_ledger, facts, policy, now)
    desk = command.first_contact or facts.actor.unit
    if command.answer:
        standard = command.answer_standard or SOLVED
        reporting = report_back_owed(command.assigned_by, policy, now)
        need_one_department(command.category, command.crossing, policy)
        answered = answered_at_once(subject, command.category, standard, command.answer, facts, policy, now, reporting)
        entered = pace.on_registration(command.received_at, desk, policy, now, is_answered=True)
        return [Happened(subject, event, clocks=entered, holder=policy.node), answered]
    paced = pace.on_registration(command.received_at, desk, policy, now)
    offered = (
        None
        if in_ledger
        else offered_at_once(subject, event.channel, event.local_unit, event.field, event.conceal_from, facts, policy, now)
    )
    if offered is not None:
        return [Happened(subject, event, clocks=paced, holder=policy.node), offered]
    kind, owes = ("report_to_office", command.first_contact) if in_ledger else ("form", With.OFFICE.value)
    started = [clocks.start(policy, now, kind, owes), *paced]
    if policy.pack.flag("forming.verified_first"):  # HM20-3.1d: asked first of all
        started.append(clocks.start(policy, now, "verification", With.OFFICE))
    return [Happened(subject, event, clocks=tuple(started), holder=policy.node)]


def _registered(
    command: Register, appeal: Text, receipt: str, is_first: bool, in_ledger: bool, facts: Facts, policy: Policy, now: datetime
) -> Registered:
    code, private_code, is_warned = _credit_code(command)
    after_hours = channels.is_after_hours(policy, now)
    file, known = facts.given.get("appellant"), facts.given.get("appellant_contacts", {})
    return Registered(
        channel=command.channel,
        first_contact=command.first_contact,
        appellant_kind=command.appellant_kind,
        appeal=appeal,
        title=command.title if is_first else None,
        name=command.name or known.get("name"),
        phone=command.phone or known.get("phone"),
        private_code=private_code,
        credit_code=code,
        credit_code_warning=is_warned,
        received_at=command.received_at,
        external_number=command.external_number if is_first else "",
        category=command.category if is_first or policy.pack.flag("intake.category_required") else "",
        field=command.field if is_first else "",
        matter=command.matter if is_first else "",
        judgement=command.judgement,
        crossing=command.crossing if is_first else (),
        assigned_by=command.assigned_by,
        conceal_from=command.conceal_from,
        channel_note=command.channel_note,
        in_ledger=in_ledger,
        pack=policy.pack.name,
        appeal_kind=command.appeal_kind if is_first else "",
        topic=command.topic if is_first else "",
        group=command.group,
        local_unit=unit_of_group(policy.pack, policy.node, command.group) if command.group else "",
        desk=command.desk,
        occasion=command.occasion,
        finder=command.finder,
        is_found=command.channel in policy.pack.names("intake.found_channels"),
        receipt=receipt,
        enterprise=command.enterprise or (file.id if file is not None else ""),
        enterprises=tuple(dict.fromkeys(command.enterprises)),
        is_after_hours=after_hours,
        duty=channels.on_duty(facts.given.get("turns", {}), now) if after_hours else "",
        is_number_withheld=command.is_number_withheld,
        is_read_back=command.is_read_back,
        address=command.address or known.get("address"),
        is_late=pace.registration_is_late(command.received_at, policy, now),
        guide=(facts.given.get("guide") or NO_GUIDE).version,
        list_number=command.list_number if is_first else None,
        enterprise_name=command.enterprise_name,
    )


def _need_who(command: Register, facts: Facts, policy: Policy, now: datetime) -> None:
    """Who appeals: somebody whom the mechanism serves and who can be reached; what he says, and when he said it."""
    channels.need_channel(policy, facts, command.channel)
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
        need_field("name", command.name or command.phone or facts.given.get("appellant"))
    if command.received_at is not None and command.received_at > now:
        raise Refusal(Code.MALFORMED_COMMAND, field="received_at")
    if command.enterprise and facts.given.get("appellant") is None:
        raise Refusal(Code.SUBJECT_UNKNOWN, kind="enterprise", id=command.enterprise)
    channels.need_local(policy, facts.given.get("appellant"), command.credit_code)


def _need_channel(command: Register, facts: Facts, policy: Policy, now: datetime) -> None:
    """What the channel asks for beside it."""
    # AS25-2.2.2: the time of the call; 2.2.8: what other channel; 2.2.9: the body that assigned it; FJ25-2.5.1: window or desk.
    need_codes((name, getattr(command, name)) for name in ("desk", "occasion", "topic"))
    for key, field, value in (
        ("intake.time_required", "received_at", command.received_at),
        ("intake.note_required", "channel_note", command.channel_note),
        ("intake.assigner_required", "assigned_by", command.assigned_by),
        ("intake.desk_required", "desk", command.desk),
    ):
        if command.channel in policy.pack.names(key):
            need_field(field, value)
    turns = facts.given.get("turns", {})
    channels.need_appointed(policy, facts, command.channel, turns, now)
    channels.need_group(policy, command.channel, command.group)
    channels.need_occasion(policy, command.channel, command.occasion, turns, command.received_at or now)
    channels.need_finder(policy, command.channel, command.finder)
    channels.need_caller(policy, command.channel, has_number=bool(command.phone), is_withheld=command.is_number_withheld)
    # FJ25-2.5.3: a common appeal comes from a body that speaks for several.
    if command.enterprises and command.channel not in policy.pack.names("intake.common_channels"):
        raise Refusal(Code.NOT_COMMON, channel=command.channel, offered=policy.pack.names("intake.common_channels"))
    unknown = [one for one in command.enterprises if one not in facts.given.get("files", command.enterprises)]
    if unknown:
        raise Refusal(Code.SUBJECT_UNKNOWN, kind="enterprise", id=unknown)


def _need_matter(command: Register, policy: Policy) -> None:
    """What it is about, by the pack's lists; all of it may come later (XS25-1.0)."""
    if command.category:
        need_value(policy, "classes", command.category)
    elif policy.pack.flag("intake.category_required"):  # FJ25-3.6a
        need_field("category", command.category)
    need_matter(policy, command.matter, command.topic)
    if command.appeal_kind:
        need_value(policy, "matter.natures", command.appeal_kind)


def need_matter(policy: Policy, matter: str, topic: str) -> None:
    """FJ25-1.2.1-4: a matter of the pack's list, and a topic of that matter's."""
    if matter:
        need_value(policy, "intake.matters", matter)
    if topic:
        need_field("matter", matter)
        need_value(policy, f"matter.topics.{matter}", topic)


def _receipt(command: Register, facts: Facts, policy: Policy) -> str:
    """The receipt of a call that is going on; empty for the first need of one."""
    if not command.same_call:
        return ""
    before = facts.others.get(command.same_call)
    if not isinstance(before, Ticket) or before.origin != policy.node:
        raise Refusal(Code.SUBJECT_UNKNOWN, kind="ticket", id=command.same_call)
    # XS25-4.0: one registration, so one clerk took it in.
    if before.intake.registered_by != facts.actor.account:
        raise Refusal(Code.PERMISSION_DENIED, ticket=before.id, unit=facts.actor.unit, wanted=before.intake.first_contact)
    return before.details.receipt or before.id


def _subject(policy: Policy, now: datetime, serial: int) -> Subject:
    try:
        return Subject("ticket", make_register_number(policy.node, local_day(now), serial))
    except ValueError:
        raise Refusal(Code.SERIALS_EXHAUSTED, node=policy.node, serial=serial) from None


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
