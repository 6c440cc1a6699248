"""
Backlogs: the entries that a cut-off county has waiting.

One ticket's life is played through the services, from its registration to its closing; the others repeat its decisions under
register numbers and ids of their own, each text and contact sealed anew under the keys of its ticket.  So what waits is what such
a county would have written, and two hundred thousand entries are made in minutes.
"""

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from federation.following import concerns
from node.domain import registry as g
from node.domain.command import Command, Order
from node.domain.entry import Actor, Draft, Event, Header, Subject
from node.domain.organisation import Role
from node.domain.payload import Contact, PayloadKind, SealedRef, Text
from node.domain.register_number import make as make_register_number
from node.domain.ticket.closing import Close
from node.domain.ticket.completion import Complete
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.forming import Form
from node.domain.ticket.handling import RecordProgress
from node.domain.ticket.intake import Register
from node.domain.ticket.revisit import RecordRevisit
from node.domain.time import local_day
from node.domain.values import changed
from node.services.acting import Node, act
from node.storage.journal import Stored
from node.storage.unit_of_work import UnitOfWork

UNIT = "water"
# Entries of one ticket: registered, formed, dispatched, signed, two reports, completed, revisited, closed.
entries_a_ticket = 9
# Serials of the tickets that are repeated begin here; those that people register begin at 1.
first_serial = 10_000
tickets_a_commit = 100

# Role, unit, command.
Step = tuple[str, str, Command]


@dataclass(frozen=True)
class Life:
    """What was decided about one ticket, in order, with the plain texts and contacts of each event."""

    entries: tuple[Stored, ...]
    plain: tuple[Event, ...]


def play(node: Node) -> Life:
    """Play one ticket at *node*, whose department ``UNIT`` is opened for it."""
    act(node, "centre:office", g.OpenUnit(UNIT, "水务局"))
    act(node, "centre:office", g.OpenAccount(f"bench-{UNIT}", (Role.DEPARTMENT.value,), g.unit_code(node.code, UNIT)))
    number, entries = "", list[Stored]()
    evidence = node.blobs.put("办理情况记录".encode())
    for role, unit, command in _steps(g.unit_code(node.code, UNIT), evidence):
        actor = Actor(f"bench-{unit}", role, g.unit_code(node.code, unit))
        with node.store.write() as work:
            outcome = node.handler.carry_out(work, Order(str(uuid.uuid4()), actor, number, command))
        number = outcome.subject.id
        entries += outcome.entries
    with node.store.read() as view:
        plain = tuple(_opened(one, lambda ref: view.payloads.open(Subject("ticket", number), ref)) for one in entries)
    return Life(tuple(entries), plain)


def _steps(lead: str, evidence: str) -> Iterator[Step]:
    centre, office = "centre", Role.OFFICE.value
    yield (
        Role.WINDOW_CLERK.value,
        centre,
        Register(
            channel="window",
            title=Text("水渠堵塞"),
            appeal=Text("园区排水渠堵塞，雨天厂区积水，货车进出困难，希望协调清淤并开临时通道。"),
            name=Contact("某某包装厂 王女士"),
            phone=Contact("13800001234"),
            judgement="foreign",
        ),
    )
    yield office, centre, Form("coordination", "plain", ("responsibility", "jurisdiction", "materials", "lawfulness"))
    yield office, centre, Dispatch(lead)
    yield Role.DEPARTMENT.value, UNIT, Sign()
    yield Role.DEPARTMENT.value, UNIT, RecordProgress(Text("已到现场查看，确认堵点三处，清淤队伍已安排进场。"))
    yield Role.DEPARTMENT.value, UNIT, RecordProgress(Text("清淤完成两处，余下一处在施工便道下，正与施工单位协调。"))
    yield (
        Role.DEPARTMENT.value,
        UNIT,
        Complete(
            standard="solved",
            result=Text("排水渠已全部疏通，施工便道下的管道已更换，雨后复查厂区无积水。"),
            is_truthful=True,
            feedback_way="phone",
            feedback=Text("已电话向企业反馈办理结果，企业表示知悉。"),
            evidence=(evidence,),
        ),
    )
    yield office, centre, RecordRevisit(is_consistent=True, is_standard_met=True, evaluation="satisfied", is_solved=True)
    yield office, centre, Close()


def repeat(work: UnitOfWork, life: Life, serials: Sequence[int]) -> None:
    """
    Append the entries of one ticket for each of *serials*, in the caller's transaction: all registered, then all formed, and so
    on, as tickets that are handled at the same time stand in a journal.
    """
    lives = [list(_drafts(work.head.node, life, serial)) for serial in serials]
    work.append([draft for step in zip(*lives, strict=True) for draft in step])


def fill(node: Node, life: Life, tickets: int) -> None:
    """Let *tickets* more wait at *node*, which does not serve meanwhile."""
    node.store.concerns = concerns  # as a serving node knows them: nothing is left to be reacted to
    for begin in range(0, tickets, tickets_a_commit):
        with node.store.write() as work:
            repeat(work, life, range(first_serial + begin, first_serial + min(begin + tickets_a_commit, tickets)))


def _drafts(node: str, life: Life, serial: int) -> Iterator[Draft]:
    first = life.entries[0].header
    subject = Subject("ticket", make_register_number(node, local_day(first.recorded_at), serial))
    opener = str(uuid.uuid4())
    for one, event in zip(life.entries, life.plain, strict=True):
        yield Draft(_moved(one.header, subject, opener), event)


def _moved(head: Header, subject: Subject, opener: str) -> Header:
    """*head* about *subject*, whose registration has the id *opener*: what names another opener has no effect on a ticket."""
    id = opener if head.is_opener else str(uuid.uuid4())
    custody = replace(head.custody, opener=opener if head.custody.opener else "")
    return replace(head, subject=subject, id=id, cause=str(uuid.uuid4()), custody=custody)


def _opened(one: Stored, opened: Callable[[SealedRef], str]) -> Event:
    event = one.content.event
    assert event is not None
    return changed(event, **{name: _plain(ref, opened) for name, ref in _sealed(event)})


def _sealed(event: Event) -> Iterator[tuple[str, SealedRef]]:
    for name, value in vars(event).items():
        if isinstance(value, SealedRef):
            yield name, value


def _plain(ref: SealedRef, opened: Callable[[SealedRef], str]) -> Text | Contact:
    return Text(opened(ref)) if ref.kind is PayloadKind.TEXT else Contact(opened(ref))
