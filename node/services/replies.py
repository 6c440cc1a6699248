"""
The lead's one reply, with the co-handlers' parts in it (HM20-3.3b, A1.6; XS25-4.4.2h).

A contribution is for the lead and the joint office (AS25-4.4.3c): nobody else reads it by itself, and the appellant reads it
only as the lead sums it up.
"""

from dataclasses import dataclass
from datetime import datetime

from node.domain.entry import Actor
from node.domain.organisation import Role
from node.domain.payload import SealedRef
from node.domain.refusal import Code, Refusal
from node.domain.ticket.co_handling import ContributionFiled
from node.domain.ticket.completion import Completed
from node.domain.ticket.countersigning import ReplyDrafted, short_digest
from node.domain.ticket.parts import is_member_account
from node.domain.ticket.ticket import Ticket
from node.storage.unit_of_work import View


@dataclass(frozen=True)
class PartOfReply:
    """What a co-handler filed: its unit, when, and its words; "" where they do not open here."""

    unit: str
    filed_at: datetime
    report: str


@dataclass(frozen=True)
class Reply:
    """
    The reply of the round in force, as it is printed.  ``replied_at`` is None while it is a draft; ``check`` then stands on the
    paper that is signed.
    """

    ticket: str
    lead: str
    reply: str
    replied_at: datetime | None
    contact_name: str
    contact_phone: str
    parts: tuple[PartOfReply, ...]
    check: str


def contributions(view: View, ticket: Ticket, actor: Actor) -> list[PartOfReply]:
    """
    What the co-handlers filed last, by unit in the order in which they were asked.

    Raises:
        Refusal: PERMISSION_DENIED, for anybody but the lead, its task force, the joint office, and each unit for its own.
    """
    _need_reader(ticket, actor, own_unit_too=True)
    found = _parts(view, ticket)
    if _is_reader(ticket, actor):
        return found
    return [part for part in found if part.unit == actor.unit]


def reply_of(view: View, ticket: Ticket, actor: Actor) -> Reply | None:
    """
    The reply of the round in force: as completed, else as last drafted; None while there is neither.

    Raises:
        Refusal: PERMISSION_DENIED, for anybody but the lead, its task force and the joint office.
    """
    _need_reader(ticket, actor)
    drafted = completed = None
    begun = ticket.round.begun_at if ticket.round else None
    for one in view.journal.of_subject(ticket.subject):
        if one.header.id in ticket.void or (begun is not None and one.header.recorded_at < begun):
            continue
        event = one.folded.event
        if isinstance(event, Completed):
            completed = (one.header.recorded_at, event)
        elif isinstance(event, ReplyDrafted):
            drafted = event
    parts = tuple(_parts(view, ticket))
    if completed is not None:
        at, done = completed
        name, phone = _plain(view, ticket, done.contact_name), _plain(view, ticket, done.contact_phone)
        return Reply(ticket.id, ticket.lead, _plain(view, ticket, done.result), at, name, phone, parts, "")
    if drafted is not None and ticket.round is not None:
        check = short_digest(ticket.round.draft_digest)
        return Reply(ticket.id, ticket.lead, _plain(view, ticket, drafted.reply), None, "", "", parts, check)
    return None


def _parts(view: View, ticket: Ticket) -> list[PartOfReply]:
    filed = {part.contribution: part.unit for part in ticket.co_handlers if part.contribution}
    found: dict[str, PartOfReply] = {}
    for one in view.journal.of_subject(ticket.subject):
        event = one.folded.event
        if one.header.id in filed and isinstance(event, ContributionFiled):
            found[event.unit] = PartOfReply(event.unit, one.header.recorded_at, _plain(view, ticket, event.report))
    return [found[part.unit] for part in ticket.co_handlers if part.unit in found]


def _is_reader(ticket: Ticket, actor: Actor) -> bool:
    return actor.role == Role.OFFICE.value or actor.unit == ticket.lead or is_member_account(ticket, actor.account)


def _need_reader(ticket: Ticket, actor: Actor, own_unit_too: bool = False) -> None:
    own = own_unit_too and any(part.unit == actor.unit for part in ticket.co_handlers)
    if not (own or _is_reader(ticket, actor)):
        raise Refusal(Code.PERMISSION_DENIED, ticket=ticket.id, unit=actor.unit, wanted=ticket.lead)


def _plain(view: View, ticket: Ticket, value: object) -> str:
    if not isinstance(value, SealedRef):
        return ""
    try:
        return view.payloads.open(ticket.subject, value)
    except Refusal as refusal:
        if refusal.code in (Code.PAYLOAD_MISSING, Code.PAYLOAD_SEALED):
            return ""
        raise
