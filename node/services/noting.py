"""Entries about this node itself that follow from no command: what was done at the machine."""

from datetime import datetime

from node.domain.entry import Actor, Draft, Event, Header, Subject, SubjectKind
from node.domain.identifier import uuid7
from node.domain.registry import NodeEvent
from node.storage.unit_of_work import UnitOfWork


def note(work: UnitOfWork, actor: Actor, event: NodeEvent, now: datetime, cause: str = "") -> None:
    """Enter that *actor* did *event*, in the transaction that does it; *cause* finds it again, where it is entered once."""
    work.append([noted(work, actor, Subject(SubjectKind.NODE.value, work.head.node), event, now, cause)])


def noted(work: UnitOfWork, actor: Actor, subject: Subject, event: Event, now: datetime, cause: str = "") -> Draft:
    """The entry that says it, of *subject*, which is to be appended."""
    header = Header(
        node=work.head.node,
        epoch=work.head.epoch,
        seq=0,
        id=uuid7(now, work.payloads.random),
        recorded_at=now,
        subject=subject,
        kind=event.kind(),
        actor=actor,
        cause=cause,
    )
    return Draft(header, event)
