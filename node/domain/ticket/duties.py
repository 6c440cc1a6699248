"""
Whose duty it is: what a dispatch, an objection and a ruling owe to the responsibility catalogue and to earlier rulings.

A ruling on an objection becomes a precedent of (matter, unit).  Later dispatches of the matter follow it and name it, and the
unit that it bound may not object to the same matter again, unless the list says something else by then (USERS B15,
FEATURES 36).  Packs may switch each of this off; a node without a list is asked for none.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from node.domain.command import Command, Facts
from node.domain.duty_list import NO_LIST, DutyItem, DutyList, Precedent, latest_first, proposals, settled
from node.domain.entry import Happened, Header
from node.domain.organisation import Role
from node.domain.payload import Text
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket.ticket import Ticket, TicketEvent
from node.domain.time import local_day


@dataclass(frozen=True)
class PrecedentSet(TicketEvent):
    """
    A ruling on whose duty `matter` is: `unit` had declined, `named` must take it; an empty `named` says only that it is not
    the unit's. Later dispatches of the matter follow it.

    `ruled_by` is "office" or "government"; `basis` digests what the writer's duty list said about the matter then.
    """

    is_side = True

    matter: str
    unit: str
    named: str
    ruled_by: str
    basis: str = ""

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return ticket


@dataclass(frozen=True)
class Grounds:
    """What a dispatch stands on: the matter, the item, the version of the list, and the ticket whose ruling it follows."""

    matter: str = ""
    duty_item: str = ""
    duty_list: str = ""
    precedent: str = ""


def matter_of(ticket: Ticket, policy: Policy) -> str:
    """
    The matter as the responsibility catalogue calls it: what forming or a dispatch said, else what intake said.  Where the pack
    has a list of its own for intake, its matters are kinds, far too wide to settle a dispute by.
    """
    return ticket.sorting.matter or ("" if policy.pack.names("intake.matters") else ticket.intake.matter)


def duty_list_of(facts: Facts) -> DutyList:
    """The part of the list in force that concerns this command; NO_LIST where the node has none."""
    found: DutyList | None = facts.given.get("duties")
    return found or NO_LIST


def precedents_of(facts: Facts) -> Sequence[Precedent]:
    """The rulings of this node on the ticket's matter."""
    found: Sequence[Precedent] = facts.given.get("precedents", ())
    return found


def grounds_of_dispatch(
    ticket: Ticket, lead: str, duty_item: str, deviation: Text | None, facts: Facts, policy: Policy, now: datetime
) -> Grounds:
    """
    XS25-4.2d: a dispatch goes where the last ruling, or else the list, says; elsewhere with a reason only.

    Raises:
        Refusal: DUTY_ITEM_UNKNOWN, DUTY_ITEM_OTHER, AGAINST_PRECEDENT, DEPARTS_FROM_DUTIES.
    """
    duties, day = duty_list_of(facts), local_day(now)
    item = _item(duties, duty_item, now) if duty_item else None
    if item is not None and (item.is_negative or item.unit != lead):
        raise Refusal(Code.DUTY_ITEM_OTHER, item=item.code, unit=item.unit)
    precedents = precedents_of(facts) if policy.pack.flag("objection.precedents_bind") else ()
    matter, field = matter_of(ticket, policy) or (item.matter if item else ""), ticket.intake.field
    ruled = next((one for one in latest_first(precedents) if one.matter == matter and one.basis == duties.basis(matter, day)), None)
    # Whom the members' consultation or the government names needs no further reason (AS25-4.2.1.3a, AS25-3.1.2).
    is_free = bool(deviation) or facts.is_role(Role.GOVERNMENT) or (ticket.judgement is not None and ticket.judgement.lead == lead)
    if ruled is not None and not is_free and (lead != ruled.named if ruled.named else lead == ruled.unit):
        raise Refusal(
            Code.AGAINST_PRECEDENT, ticket=ticket.id, of=ruled.ticket, ruled_on=ruled.ruled_on, named=ruled.named, unit=ruled.unit
        )
    wanted = proposals(duties, precedents, matter, field, day)
    if wanted and not is_free and policy.pack.flag("dispatch.by_duty_list") and lead not in {one.unit for one in wanted}:
        raise Refusal(Code.DEPARTS_FROM_DUTIES, ticket=ticket.id, named=[one.unit for one in wanted], items=[one.of for one in wanted])
    followed = next((one for one in wanted if one.unit == lead), None)
    by_list = item.code if item else followed.of if followed and followed.ground == "duty_list" else ""
    return Grounds(matter, by_list, duties.version, followed.of if followed and followed.ground == "precedent" else "")


def need_listed(matter: str, facts: Facts, now: datetime) -> None:
    """
    A matter that is named as the catalogue calls it stands in it; a node without a list names it as it likes.

    Raises:
        Refusal: DUTY_ITEM_UNKNOWN.
    """
    duties = duty_list_of(facts)
    if matter and duties.version and not duties.on(matter, local_day(now)):
        raise Refusal(Code.DUTY_ITEM_UNKNOWN, item=matter, version=duties.version)


def need_not_settled(ticket: Ticket, unit: str, facts: Facts, policy: Policy, now: datetime) -> None:
    """FEATURES 36: what was ruled on is not objected to again, as long as matter and list are the same."""
    if not policy.pack.flag("objection.precedents_bind"):
        return
    ruling = settled(duty_list_of(facts), precedents_of(facts), matter_of(ticket, policy), unit, local_day(now))
    if ruling is not None:
        raise Refusal(
            Code.SETTLED_BEFORE, ticket=ticket.id, unit=unit, matter=ruling.matter, of=ruling.ticket, ruled_on=ruling.ruled_on,
            body=ruling.ruled_by,
        )  # fmt: skip


def need_citation(
    ticket: Ticket, unit: str, proposed: str, duty_item: str, none_listed: bool, facts: Facts, policy: Policy, now: datetime
) -> None:
    """
    USERS B15: an objection cites an item that proves it, or says that the list has none; a node without a list asks for neither.

    An item proves it if it names the proposed unit, or says that this unit does not answer for it.

    Raises:
        Refusal: DUTY_ITEM_UNKNOWN, DUTY_ITEM_OTHER, FIELD_REQUIRED, DUTY_LISTED (the list does say something).
    """
    duties, day, matter = duty_list_of(facts), local_day(now), matter_of(ticket, policy)
    if duty_item:
        item = _item(duties, duty_item, now)
        proves = item.unit == unit if item.is_negative else item.unit == proposed
        if not proves or (matter and item.matter != matter):
            raise Refusal(Code.DUTY_ITEM_OTHER, item=item.code, unit=item.unit)
        return
    if not duties.version or not policy.pack.flag("objection.cites_duty"):
        return
    if not none_listed:
        raise Refusal(Code.FIELD_REQUIRED, field="duty_item")
    listed = duties.on(matter, day)
    if listed:
        raise Refusal(Code.DUTY_LISTED, ticket=ticket.id, items=[one.code for one in listed])


def precedent(
    ticket: Ticket, unit: str, named: str, ruled_by: str, duty_item: str, facts: Facts, policy: Policy, now: datetime
) -> list[Happened]:
    """The ruling as a precedent, if the ticket, or the item that was cited, says what matter it is."""
    duties, day = duty_list_of(facts), local_day(now)
    cited = duties.item(duty_item, day) if duty_item else None
    matter = matter_of(ticket, policy) or (cited.matter if cited else "")
    if not matter or not unit:
        return []
    return [Happened(ticket.subject, PrecedentSet(matter, unit, named, ruled_by, duties.basis(matter, day)))]


def _item(duties: DutyList, code: str, now: datetime) -> DutyItem:
    item = duties.item(code, local_day(now))
    if item is None:
        raise Refusal(Code.DUTY_ITEM_UNKNOWN, item=code, version=duties.version)
    return item


# No command of its own: dispatching and objection ask it.
DECISIONS: dict[type[Command], Callable[..., list[Happened]]] = {}
