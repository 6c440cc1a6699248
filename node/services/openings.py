"""
Opening what is sealed: with a right and for a purpose, written into the opener's own journal in the same transaction.

At the holder ordinary work needs no entry for texts, and one a person, ticket and day for contacts.  Everywhere else each
opening is an entry, and is refused unless the purpose holds for this very ticket (DESIGN 4, 13): ``handling``, if it is or
was in this node's hands or asks for them; ``drawn``, if a round of this node drew it and is being called; ``inspection``, if
it is under one; ``audit``, for the audit administrator and texts only.
"""

import uuid
from collections.abc import Mapping
from datetime import datetime

from node.domain import round_record as record
from node.domain.enterprise.record import Enterprise
from node.domain.entry import Actor, Draft, Subject, SubjectKind
from node.domain.organisation import Role
from node.domain.paper import Paper
from node.domain.payload import PayloadKind, SealedRef
from node.domain.refusal import Code, Refusal
from node.domain.registry import PayloadOpened
from node.domain.ticket.sight import need_sight, reads_texts
from node.domain.ticket.ticket import Ticket
from node.domain.time import local_day
from node.services.noting import note, noted
from node.services.rounds import find_round
from node.services.scope import sees_all
from node.storage.unit_of_work import UnitOfWork, View

HANDLING, DRAWN, INSPECTION, AUDIT = "handling", record.PURPOSE, "inspection", "audit"
# To count and compare nobody needs a number: contacts are shown masked.
STATISTICS = "statistics"
# Who may open for what.  A handler of a department opens what its own department has a part in.
_IN_DEPARTMENTS = frozenset({Role.DEPARTMENT, Role.DEPARTMENT_LEADER})
_AT_THE_CENTRE = frozenset({Role.OFFICE, Role.WINDOW_CLERK, Role.SPECIALIST, Role.MEMBER, Role.STEWARD, Role.TRACKER})
RIGHTS: Mapping[str, frozenset[Role]] = {
    # The node itself opens a phone number when it sends a message.
    HANDLING: _IN_DEPARTMENTS | _AT_THE_CENTRE | {Role.LEADER, Role.GOVERNMENT, Role.SUPERVISION, Role.NODE},
    DRAWN: frozenset({Role.OFFICE}),
    INSPECTION: frozenset({Role.OFFICE, Role.SUPERVISION, Role.SUPERVISOR}),
    AUDIT: frozenset({Role.AUDIT_ADMIN}),
    STATISTICS: frozenset({Role.ASSESSOR, Role.SUPERVISOR, Role.SUPERVISION, Role.LEADER}),
}
_SHOWN_FIRST, _SHOWN_LAST = 3, 4
# How another level asks for custody, with its words for it.
_ASKING = frozenset({"EscalationRequested", "TransferRequested"})
_NAMESPACE = uuid.UUID("6f1c1f0e-2a4b-5c8d-9e10-71797a6a0002")


def open_payloads(
    work: UnitOfWork,
    actor: Actor,
    ticket: Ticket,
    refs: Mapping[str, SealedRef],
    purpose: str,
    now: datetime,
    subject_round: str | None = None,
    is_export: bool = False,
) -> dict[str, str]:
    """
    Open *refs* of *ticket* and return the plain texts under the same names; the openings stand in this node's journal.

    Args:
        refs: what to open, by any names, as "phone"; all or nothing.
        purpose: "handling", "drawn", "inspection", "audit", or "statistics", for which contacts come masked.
        subject_round: id of the round, with the purpose "drawn".
        is_export: they go into a file that leaves the desk, so that one of them is entered though a page would open them without.
    Raises:
        Refusal: PURPOSE_REQUIRED, PERMISSION_DENIED, PAYLOAD_MISSING or PAYLOAD_SEALED; then nothing is written.
    """
    need_sight(ticket, actor, work.head.node)
    if purpose not in RIGHTS:
        raise Refusal(Code.PURPOSE_REQUIRED, ticket=ticket.id, purpose=purpose)
    _need_right(actor, ticket, purpose)
    _need_purpose(work, ticket, refs, purpose, subject_round)
    # Contacts of a subordinate's ticket open with the revisit desk's key, which only this purpose uses.
    as_desk = purpose in (DRAWN, INSPECTION)
    opened = {name: work.payloads.open(ticket.subject, ref, as_desk=as_desk) for name, ref in refs.items()}
    work.append(_drafts(work, actor, ticket, refs, purpose, now, subject_round, is_export))
    if purpose == STATISTICS:
        return {name: masked(said) if refs[name].kind is PayloadKind.CONTACT else said for name, said in opened.items()}
    return opened


def is_at_hand(node: str, ticket: Ticket) -> bool:
    """True if *ticket* is or was in *node*'s hands, or is put to it: what stands in it is read there as any work is."""
    return node in (ticket.custody.holder, ticket.custody.asked) or node in ticket.custody.openers


def reads_files(actor: Actor, node: str, ticket: Ticket) -> bool:
    """True if *actor* opens files of *ticket* without saying for what: as a part of work that is at hand."""
    return is_at_hand(node, ticket) and reads_texts(actor)


def open_attachment(
    work: UnitOfWork, actor: Actor, ticket: Ticket, digest: str, purpose: str, now: datetime, subject_round: str | None = None
) -> None:
    """
    Let *actor* read the file *digest* where ``reads_files`` says no, as its texts are read: for a purpose, with an entry.

    Args:
        purpose: "drawn", "inspection" or "audit".
        subject_round: id of the round, with the purpose "drawn".
    Raises:
        Refusal: PURPOSE_REQUIRED or PERMISSION_DENIED; EVIDENCE_UNKNOWN, if no entry of the ticket names it.
    """
    need_sight(ticket, actor, work.head.node)
    if purpose not in (DRAWN, INSPECTION, AUDIT):
        raise Refusal(Code.PURPOSE_REQUIRED, ticket=ticket.id, purpose=purpose)
    _need_right(actor, ticket, purpose)
    _need_purpose(work, ticket, {}, purpose, subject_round)
    entry, place = _named_by(work, ticket, digest)
    subject = Subject(SubjectKind.NODE.value, work.head.node)
    if purpose == DRAWN and subject_round is not None:
        subject = Subject(SubjectKind.ROUND.value, subject_round)
    work.append([noted(work, actor, subject, PayloadOpened(ticket.subject.kind, ticket.id, entry, place, purpose), now)])


def _named_by(view: View | UnitOfWork, ticket: Ticket, digest: str) -> tuple[str, int]:
    """The first entry of *ticket* that names a file, by its id, and where the file's sealed name stands in it; 0 if it has none."""
    for one in view.journal.of_subject(ticket.subject):
        event = one.folded.event
        said = [value for value in vars(event).values() if value is not None] if event is not None else []
        if any(digest == value or (isinstance(value, tuple) and digest in value) for value in said):
            name = getattr(event, "file_name", None)
            return one.header.id, name.place if isinstance(name, SealedRef) else 0
    raise Refusal(Code.EVIDENCE_UNKNOWN, digests=digest)


def sealed_of(ticket: Ticket, *, texts_only: bool = False) -> dict[str, SealedRef]:
    """What lies sealed of who appeals and what about, by field."""
    appellant, intake = ticket.appellant, ticket.intake
    parts: dict[str, object] = {"title": intake.title, "appeal": intake.appeal}
    if not texts_only:
        parts |= {"name": appellant.name, "phone": appellant.phone, "private_code": appellant.private_code}
    return {name: ref for name, ref in parts.items() if isinstance(ref, SealedRef)}


def asked_texts(view: View, ticket: Ticket) -> dict[str, SealedRef]:
    """What was written for this node to answer, while another level asks it to take *ticket*: reason, basis, opinion, by field."""
    if ticket.custody.asked != view.head.node:
        return {}
    asks = [one.folded.event for one in view.journal.of_subject(ticket.subject) if one.header.kind in _ASKING]
    event = asks[-1] if asks else None
    found = vars(event).items() if event is not None else ()
    return {name: value for name, value in found if isinstance(value, SealedRef) and value.kind is PayloadKind.TEXT}


def open_file(work: UnitOfWork, actor: Actor, file: Enterprise, refs: Mapping[str, SealedRef], now: datetime) -> dict[str, str]:
    """
    Open contacts of an enterprise file of this node, to be worked with; each stands in the journal once an account, file and day.

    A department opens those of enterprises whose needs it has a part in: whoever shows it the file asks that.

    Raises:
        Refusal: PERMISSION_DENIED, PURPOSE_REQUIRED for another node's file, PAYLOAD_MISSING or PAYLOAD_SEALED.
    """
    if actor.role not in {role.value for role in RIGHTS[HANDLING]}:
        raise Refusal(Code.PERMISSION_DENIED, command="OpenPayloads", role=actor.role)
    if file.owner != work.head.node:
        raise Refusal(Code.PURPOSE_REQUIRED, ticket=file.id, purpose=HANDLING)
    opened = {name: work.payloads.open(file.subject, ref) for name, ref in refs.items()}
    cause = str(uuid.uuid5(_NAMESPACE, f"{actor.account}|{file.id}|{','.join(sorted(refs))}|{local_day(now)}"))
    if not work.journal.of_cause(cause):
        subject = Subject(SubjectKind.NODE.value, work.head.node)
        events = [PayloadOpened(file.subject.kind, file.id, ref.entry, ref.place, HANDLING) for ref in refs.values()]
        work.append([noted(work, actor, subject, event, now, cause) for event in events])
    return opened


def open_paper(work: UnitOfWork, actor: Actor, paper: Paper, ticket: Ticket | None, now: datetime) -> str:
    """
    What an issued *paper* of this node says, to be printed again: names and phones are among it.  It stands in the journal once an
    account, paper and day.

    Args:
        ticket: the one that it is about; None for a supervision letter, which is about an order.
    Raises:
        Refusal: SUBJECT_UNKNOWN, PERMISSION_DENIED, PURPOSE_REQUIRED for another node's paper, PAYLOAD_MISSING or PAYLOAD_SEALED.
    """
    if ticket is not None:
        need_sight(ticket, actor, work.head.node)
        _need_right(actor, ticket, HANDLING)
    elif actor.role not in {role.value for role in RIGHTS[HANDLING]} or not sees_all(actor):
        raise Refusal(Code.PERMISSION_DENIED, command="OpenPayloads", role=actor.role)
    if paper.owner != work.head.node or not isinstance(paper.content, SealedRef):
        raise Refusal(Code.PURPOSE_REQUIRED, ticket=paper.id, purpose=HANDLING)
    said = work.payloads.open(paper.subject, paper.content)
    cause = str(uuid.uuid5(_NAMESPACE, f"{actor.account}|{paper.id}|{local_day(now)}"))
    if not work.journal.of_cause(cause):
        note(work, actor, PayloadOpened(paper.subject.kind, paper.id, paper.content.entry, paper.content.place, HANDLING), now, cause)
    return said


def masked_contacts(view: View, actor: Actor, file: Enterprise) -> dict[str, str]:
    """
    Contact person and phone of a file of this node as a desk may see them beside a caller, masked: enough to ask whether it is still
    he, not enough to call, so that no entry is made (HM20-A1.4).  What is not there or cannot be read is left out.
    """
    if file.owner != view.head.node or actor.role not in {role.value for role in _AT_THE_CENTRE}:
        return {}
    found: dict[str, str] = {}
    person = file.person
    refs = (("contact", person.name, masked_name), ("phone", person.phone, masked)) if person is not None else ()
    for name, ref, mask in refs:
        try:
            found |= {name: mask(view.payloads.open(file.subject, ref))} if isinstance(ref, SealedRef) else {}
        except Refusal as refusal:
            if refusal.code not in (Code.PAYLOAD_MISSING, Code.PAYLOAD_SEALED):
                raise
    return found


def masked_name(name: str) -> str:
    """The first character of a person's name and a star for each other."""
    said = name.strip()
    return said[:1] + "*" * max(len(said) - 1, 0)


def masked(contact: str) -> str:
    """HM20-A1.4: the first three and the last four characters of a phone; of what is no longer than that only the first."""
    shown = contact.strip()
    if len(shown) <= _SHOWN_FIRST + _SHOWN_LAST:
        return shown[:1] + "*" * (len(shown) - 1)
    return shown[:_SHOWN_FIRST] + "*" * (len(shown) - _SHOWN_FIRST - _SHOWN_LAST) + shown[-_SHOWN_LAST:]


def _need_right(actor: Actor, ticket: Ticket, purpose: str) -> None:
    allowed = RIGHTS[purpose]
    if actor.role not in {role.value for role in allowed}:
        raise Refusal(Code.PERMISSION_DENIED, command="OpenPayloads", role=actor.role)
    if actor.role in {role.value for role in _IN_DEPARTMENTS}:
        units = {ticket.lead, ticket.intake.first_contact, *(part.unit for part in ticket.co_handlers)}
        if not actor.unit or actor.unit not in units:
            raise Refusal(Code.PERMISSION_DENIED, command="OpenPayloads", role=actor.role, unit=actor.unit)


def _need_purpose(work: UnitOfWork, ticket: Ticket, refs: Mapping[str, SealedRef], purpose: str, subject_round: str | None) -> None:
    node, custody = work.head.node, ticket.custody
    match purpose:
        case "statistics":
            holds = node == custody.holder
        case "handling":
            holds = is_at_hand(node, ticket)
        case "drawn":
            holds = subject_round is not None and _is_drawn(work, ticket, subject_round)
        case "audit":
            holds = all(ref.kind is PayloadKind.TEXT for ref in refs.values())
        case _:
            # No inspection can be opened yet, so no ticket is under one.
            holds = False
    if not holds:
        raise Refusal(Code.PURPOSE_REQUIRED, ticket=ticket.id, purpose=purpose)


def _is_drawn(work: UnitOfWork, ticket: Ticket, round_id: str) -> bool:
    """A round of this node drew it, and its calls are being made: before there is no sample, afterwards no call."""
    found = find_round(work, round_id)
    if found is None or found.node != work.head.node or found.stage != record.DRAWN:
        return False
    return ticket.id in {record.ticket_of(key) for key in found.drawn}


def _drafts(
    work: UnitOfWork,
    actor: Actor,
    ticket: Ticket,
    refs: Mapping[str, SealedRef],
    purpose: str,
    now: datetime,
    subject_round: str | None,
    is_export: bool,
) -> list[Draft]:
    is_ordinary = purpose == HANDLING and ticket.custody.holder == work.head.node
    entered = list(refs.values())
    cause = ""
    if is_ordinary:
        cause = str(uuid.uuid5(_NAMESPACE, f"{actor.account}|{ticket.id}|{local_day(now)}{'|export' if is_export else ''}"))
        contacts = [ref for ref in entered if ref.kind is PayloadKind.CONTACT]
        entered = [] if work.journal.of_cause(cause) else (contacts or (entered if is_export else []))[:1]
    subject = Subject(SubjectKind.NODE.value, work.head.node)
    if purpose == DRAWN and subject_round is not None:
        # The round's entries stay above until it is revealed.
        subject = Subject(SubjectKind.ROUND.value, subject_round)
    events = [PayloadOpened(ticket.subject.kind, ticket.id, ref.entry, ref.place, purpose) for ref in entered]
    return [noted(work, actor, subject, event, now, cause) for event in events]
