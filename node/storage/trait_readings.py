"""
Traits: what a ticket is found by besides its thin row, each as a name and a code (``traits``).

They follow from the whole ticket.  A registration brings those of a new ticket; every other kind that changes one folds the
ticket whole (``ticket.row``).  Only whom it concerns grows with any entry, so that is read from each.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from sqlalchemy import Connection

from node.domain.entry import Folded, Header
from node.domain.ticket.concerned import asked_in, may_ask_in, named_in
from node.domain.ticket.intake import Registered
from node.domain.ticket.sight import OUTSIDE, concealed_units
from node.domain.ticket.ticket import Ticket
from node.storage import schema
from node.storage.statements import delete_of, upsert_many

CONCERNED = "concerned"
_PLAIN = ("appeal_kind", "topic", "group", "local_unit", "desk", "occasion", "finder", "receipt", "duty", "filed_by")
# Those that a registration says itself, under the same names.
_REGISTERED = (*_PLAIN[:-1], "matter", "field")


def fold(connection: Connection, node: str, batch: Sequence[Folded]) -> None:
    """Write the traits of what was registered in *batch*, and whom its entries ask in; *node* is this one."""
    found = []
    for one in batch:
        head = one.header
        if may_ask_in(head):
            own = named_in(head, one.event) if head.node == node else ()
            found += [(head.subject.id, CONCERNED, code) for code in (*asked_in(head, one.event), *own)]
            if isinstance(one.event, Registered):
                found += [(head.subject.id, name, value) for name, value in traits_of_registration(head, one.event, node)]
    upsert_many(connection, schema.traits, [_row(*one) for one in dict.fromkeys(found)])


def traits_of_registration(head: Header, event: Registered, node: str) -> Iterator[tuple[str, str]]:
    """As ``traits_of`` of the ticket that *event* begins, which is never made for it."""
    for name in _REGISTERED:
        value = getattr(event, name)
        if value:
            yield name, value
    if head.actor.account and head.node == node:
        yield "taken_in_by", head.actor.account
    if event.assigned_by and head.node == node:
        yield "submitter", event.assigned_by
    if event.conceal_from:
        yield "concealed", event.conceal_from
    if head.actor.role in OUTSIDE and head.actor.account and head.node == node:
        yield "filed_by", head.actor.account
    if event.enterprise or event.enterprises:
        yield from (("enterprise", one) for one in sorted({event.enterprise, *event.enterprises} - {""}))
    flags = {"found": event.is_found, "common": event.enterprises, "after_hours": event.is_after_hours, "legacy": event.is_legacy}
    yield from ((name, "yes") for name, is_so in flags.items() if is_so)


def write_wholes(connection: Connection, node: str, tickets: Sequence[Ticket], known: Sequence[str]) -> None:
    """Write the traits of whole tickets; those of *known* tickets are replaced."""
    delete_of(connection, schema.traits, known)
    upsert_many(connection, schema.traits, [_row(ticket.id, *trait) for ticket in tickets for trait in traits_of(ticket, node)])


def traits_of(ticket: Ticket, node: str) -> Iterator[tuple[str, str]]:
    """
    Names and codes, each once.  Persons are those of *node*: another's accounts may have the same names, and are asked for there, and
    nowhere else.
    """
    details, is_own, leading = ticket.details, ticket.origin == node, ticket.leading_at(node)
    plain = {name: getattr(details, name) for name in _PLAIN if is_own or name != "filed_by"}
    plain |= {"matter": ticket.intake.matter, "field": ticket.intake.field}
    yield from ((name, value) for name, value in plain.items() if value)
    yield from (("enterprise", one) for one in sorted({ticket.appellant.enterprise, *details.enterprises} - {""}))
    others = {
        "taken_in_by": ticket.intake.registered_by if is_own else "",
        "leader": leading.leader,
        "submitter": leading.source or (ticket.intake.assigned_by if is_own else ""),
        "tracker": ticket.tracker_at(node),
        "industry": ticket.industry,
        "ready_for": f"{ticket.readiness.meeting_kind}/{ticket.readiness.duty_line}" if ticket.readiness is not None else "",
    }
    yield from ((name, value) for name, value in others.items() if value)
    yield from (("returned_again", one) for one in sorted(_returned_again(ticket)))
    yield from (("led_before", one) for one in sorted(set(leading.former)))
    yield from (("case", tone) for tone in sorted({one.tone for one in ticket.cases}))
    yield from (("concealed", unit) for unit in sorted(concealed_units(ticket)))
    persons = (one.rpartition("/") for one in ticket.concerned)
    yield from ((CONCERNED, name) for name in sorted({name for at, _, name in persons if at in ("", node)}))
    flags = {
        "found": details.is_found,
        "common": bool(details.enterprises),
        "after_hours": details.is_after_hours,
        "legacy": details.is_legacy,
        "awaits_consent": ticket.merge_consent is not None and not ticket.merge_consent.answer,
    }
    yield from ((name, "yes") for name, is_so in flags.items() if is_so)


def _returned_again(ticket: Ticket) -> set[str]:
    """The reasons for which one level gave it back to another more than once (FEDERATION 2.5)."""
    given = Counter((hop.from_node, hop.to_node, hop.return_reason) for hop in ticket.escalations if hop.return_reason)
    return {reason for (_, _, reason), count in given.items() if count > 1}


def _row(ticket: str, name: str, value: str) -> dict[str, str]:
    return {"ticket": ticket, "name": name, "value": value}
