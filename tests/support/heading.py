"""The header that a journal gives to what happened, as DESIGN 6 and 13 have it; written apart from the product's own."""

from datetime import datetime

from node.domain.entry import Actor, CustodyHead, Folded, Happened, Header
from node.domain.ticket.ticket import Ticket


def headed(ticket: Ticket | None, one: Happened, node: str, actor: Actor, when: datetime, seq: int, id: str = "") -> Folded:
    """*one* as entry *seq* of *node*, about *ticket* as it stands (None: it starts one); state and ``with`` are left to folding."""
    number, version, opener = (ticket.custody.number, ticket.version, ticket.custody.opener) if ticket else (0, 0, "")
    if one.event.opens:
        custody, version = CustodyHead(number + 1, one.holder, version, opener), 1
    else:
        custody, version = CustodyHead(number, opener=opener), 0 if one.event.is_side else version + 1
    head = Header(
        node=node,
        epoch=1,
        seq=seq,
        id=id or f"{node}-{seq:06}",
        recorded_at=when,
        subject=one.subject,
        kind=one.event.kind(),
        actor=actor,
        custody=custody,
        version=version,
        clocks=one.clocks,
        addressee=one.addressee,
        answers=one.answers,
    )
    return Folded(head, one.event)
