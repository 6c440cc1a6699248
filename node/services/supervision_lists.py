"""
What the supervision side looks at: its own orders, the daily tracking list (HM20-3.4a), the backlog (HM20-4.3c), and the texts of an
order, for those whom it concerns.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, not_, or_, select, true

from node.domain.entry import Actor, SubjectKind
from node.domain.order import record as o
from node.domain.order.answering import is_addressed
from node.domain.order.record import SupervisionOrder
from node.domain.organisation import Role
from node.domain.payload import SealedRef
from node.domain.refusal import Code, Refusal
from node.domain.ticket.state import OPEN, State
from node.domain.time import Unit, WorkCalendar, left
from node.services.dossiers import hidden_from
from node.services.scope import sees_all, visible_to
from node.storage import schema
from node.storage.codec import decode_content
from node.storage.database import instant_or_none, micros
from node.storage.ticket_rows import parts
from node.storage.unit_of_work import UnitOfWork, View

# Assigned, and in somebody's hands.
_ASSIGNED = (State.DISPATCHED, State.OBJECTED, State.HANDLING, State.REWORKING, State.ESCALATED)
# What counts as progress: anything that the units wrote about the matter.
_PROGRESS = ("ProgressRecorded", "ProgressReported", "VisitRecorded", "ContributionFiled", "PlanFiled", "PreliminaryReplied", "Signed")


@dataclass(frozen=True)
class OrderLine:
    """An order in a list.  ``overdue_workdays`` is how long the limit that it follows has been over, 0 if it is not or follows none."""

    order: SupervisionOrder
    reply_due_at: datetime | None
    overdue_workdays: int


@dataclass(frozen=True)
class TrackingLine:
    """An open assignment.  ``left`` is in ``limit_unit``, negative when overdue, None while no limit runs."""

    ticket: str
    number: str
    state: str
    unit: str
    due_at: datetime | None
    left: int | None
    progress_at: datetime | None
    is_asked: bool
    limit_unit: str = ""


@dataclass(frozen=True)
class Backlog:
    """What was open when a period began, and what became of it by its end; ``other`` was ended otherwise."""

    open_before: int
    solved: int
    determined: int
    other: int
    remaining: int


def order_lines(
    view: View,
    calendar: WorkCalendar,
    now: datetime,
    *,
    issuer: str = "",
    unit: str = "",
    open_only: bool = True,
    viewer: Actor | None = None,
) -> list[OrderLine]:
    """
    The orders and proposals of this node that can be read, the oldest first; *issuer* is the role in whose name they stand.

    Who does not see the whole node sees those in which his unit has a part; a unit complained of sees none about that.
    """
    table = schema.dossiers
    wanted = [table.c.kind == SubjectKind.ORDER.value, table.c.owner == view.head.node, not_(hidden_from(viewer))]
    if open_only:
        wanted.append(table.c.state.in_(sorted(o.OPEN)))
    for one in (unit, "" if viewer is None or sees_all(viewer) else viewer.unit or viewer.account):
        if one:
            wanted.append(table.c.parties.contains(f",{one},", autoescape=True))
    found = []
    ids = view.connection.execute(select(table.c.id).where(*wanted).order_by(table.c.opened_at, table.c.id)).scalars().all()
    for order in view.readings.dossiers(SubjectKind.ORDER, ids):
        if not issuer or order.issuer == issuer:
            reply = order.clock("supervision_reply")
            found.append(OrderLine(order, reply.due_at if reply else None, _overdue_workdays(order, calendar, now)))
    return found


def _overdue_workdays(order: SupervisionOrder, calendar: WorkCalendar, now: datetime) -> int:
    """Working days since the limit that an open order follows was over (AS25-4.6.1.2b)."""
    if order.due_at is None or not order.is_open or now < order.due_at:
        return 0
    return max(-left(order.due_at, now, Unit.WORKDAY, calendar), 0)


def tracking_list(
    view: View,
    calendar: WorkCalendar,
    now: datetime,
    viewer: Actor | None = None,
    *,
    unit: str = "",
    rows_max: int | None = None,
    after: tuple[int | None, str] | None = None,
) -> list[TrackingLine]:
    """
    Every open assignment of this node that *viewer* sees, what is due first on top; of *unit* only if one is named, and of those the
    first *rows_max* behind *after*: when one is due, in microseconds, if it is, and its ticket.
    """
    tickets, clocks = schema.tickets, schema.clocks
    rows = view.connection.execute(
        select(tickets.c.id, tickets.c.number, tickets.c.state, tickets.c.lead, clocks.c.due_at, clocks.c.unit)
        .outerjoin(clocks, (clocks.c.ticket == tickets.c.id) & (clocks.c.name == "resolve") & (clocks.c.node == tickets.c.holder))
        .where(*_tracked(view, viewer, unit), true() if after is None else _behind(*after))
        .order_by(clocks.c.due_at.is_(None), clocks.c.due_at, tickets.c.id)
        .limit(rows_max)
    ).all()
    shown = [row.id for row in rows]
    progress, asked = _progress_at(view, shown), _asked_for_progress(view, shown)
    found = []
    for row in rows:
        due_at = instant_or_none(row.due_at)
        found.append(
            TrackingLine(
                ticket=row.id,
                number=row.number,
                state=row.state,
                unit=row.lead,
                due_at=due_at,
                left=None if due_at is None else left(due_at, now, Unit(row.unit), calendar),
                progress_at=progress.get(row.id),
                is_asked=row.id in asked,
                limit_unit=row.unit or "",
            )
        )
    return found


def _behind(due_at: int | None, ticket: str) -> ColumnElement[bool]:
    tickets, clocks = schema.tickets, schema.clocks
    if due_at is None:
        return and_(clocks.c.due_at.is_(None), tickets.c.id > ticket)
    beside = and_(clocks.c.due_at == due_at, tickets.c.id > ticket)
    return or_(clocks.c.due_at.is_(None), clocks.c.due_at > due_at, beside)


def tracked(view: View, viewer: Actor | None = None, *, unit: str = "") -> int:
    """How many assignments the whole list has."""
    return view.connection.execute(select(func.count()).select_from(schema.tickets).where(*_tracked(view, viewer, unit))).scalar_one()


def _tracked(view: View, viewer: Actor | None, unit: str) -> list[ColumnElement[bool]]:
    table = schema.tickets
    wanted = [table.c.holder == view.head.node, table.c.state.in_([state.value for state in _ASSIGNED]), visible_to(viewer)]
    return [*wanted, table.c.lead == unit] if unit else wanted


def _progress_at(view: View, tickets: Sequence[str]) -> dict[str, datetime]:
    """When the units wrote last about each of *tickets*."""
    table, found = schema.entries, dict[str, datetime]()
    for part in parts(tickets):
        last = select(func.max(table.c.taken)).where(table.c.subject_id.in_(part), table.c.kind.in_(_PROGRESS)).group_by(table.c.subject_id)
        for content in view.connection.execute(select(table.c.content).where(table.c.taken.in_(last))).scalars():
            head = decode_content(bytes(content)).header
            found[head.subject.id] = head.recorded_at
    return found


def _asked_for_progress(view: View, tickets: Sequence[str]) -> set[str]:
    """Those of *tickets* on which an answer about progress is owed."""
    table, found = schema.clocks, set[str]()
    for part in parts(tickets):
        owed = (table.c.ticket.in_(part), table.c.name == "progress_answer", table.c.stopped_at.is_(None))
        found |= set(view.connection.execute(select(table.c.ticket).where(*owed)).scalars())
    return found


def backlog(view: View, begins: datetime, ends: datetime, viewer: Actor | None = None) -> Backlog:
    """
    HM20-4.3c: what came in before *begins* and was not completed by then, and what became of it before *ends*.

    What was sent back and is open again at *ends* remains; what ended without a result is ``other``.
    """
    table = schema.tickets
    rows = view.connection.execute(
        select(table.c.state, table.c.standard, table.c.completed_at, table.c.changed_at).where(
            table.c.holder == view.head.node,
            visible_to(viewer),
            table.c.registered_at < micros(begins),
            or_(table.c.completed_at.is_(None), table.c.completed_at >= micros(begins)),
            # What ended without a result before the period was no backlog.
            or_(
                table.c.completed_at.isnot(None),
                table.c.state.in_(sorted(state.value for state in OPEN)),
                table.c.changed_at >= micros(begins),
            ),
        )
    ).all()
    ended = [row for row in rows if row.completed_at is not None and row.completed_at < micros(ends)]
    open_states = {state.value for state in OPEN}
    other = [row for row in rows if row.completed_at is None and row.state not in open_states and row.changed_at < micros(ends)]
    solved = sum(row.standard == "solved" for row in ended)
    determined = sum(row.standard == "determined" for row in ended)
    others = len(ended) - solved - determined + len(other)
    return Backlog(len(rows), solved, determined, others, len(rows) - len(ended) - len(other))


def order_texts(view: View | UnitOfWork, order: SupervisionOrder, actor: Actor) -> Mapping[str, str]:
    """
    The demand, the plan and the answer of *order*, for the sides that it concerns: who supervises at the issuing node, the unit
    addressed, the office of the node addressed and of the levels between.

    Raises:
        Refusal: PERMISSION_DENIED, PAYLOAD_MISSING, PAYLOAD_SEALED.
    """
    if not _concerns(order, actor):
        raise Refusal(Code.PERMISSION_DENIED, command="OpenPayloads", role=actor.role, unit=actor.unit)
    refs = {name: getattr(order, name) for name in ("demand", "plan", "answer")}
    return {name: view.payloads.open(order.subject, ref) for name, ref in refs.items() if isinstance(ref, SealedRef)}


def must_open(order: SupervisionOrder, actor: Actor, node: str) -> bool:
    """True while *order* waits to be opened where it is addressed, and *actor* stands there: to read it is to say so (AS25-4.6.2)."""
    return order.read_at is None and is_addressed(order, actor, node)


def shows_texts(order: SupervisionOrder, actor: Actor, node: str) -> bool:
    """True if *actor* is shown what *order* says as he looks at it: it concerns him, and nobody waits for him to open it."""
    return _concerns(order, actor) and not must_open(order, actor, node)


def _concerns(order: SupervisionOrder, actor: Actor) -> bool:
    return actor.role in {role.value for role in o.SUPERVISING | {Role.STEWARD}} or actor.unit == order.unit
