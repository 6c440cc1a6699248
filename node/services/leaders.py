"""
Leaders: their register, the matters that each has to see, how much each has taken on, what waits for a leader, what a leader owed
and did not do, and who read which report.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, or_, select

from node.domain.command import Order
from node.domain.entry import Subject, SubjectKind
from node.domain.leader.record import Leader, leader_of
from node.domain.payload import SealedRef
from node.domain.policy import Policy
from node.domain.registry import Account
from node.domain.ticket.completion import Completed
from node.domain.ticket.state import OPEN, With
from node.domain.ticket.ticket import Ticket
from node.domain.ticket.turns import LEADER_TURNS
from node.domain.time import last_day, local_day
from node.storage import schema
from node.storage.dossier_readings import dossier_of
from node.storage.unit_of_work import UnitOfWork, View

_OPEN = sorted(state.value for state in OPEN)
# Why a matter is on a leader's list, the most personal first.
AWAITS, IN_CHARGE, SUBMITTED = "awaits", "in_charge", "submitted"
LINKED, DIRECT, GOVERNMENT = "linked", "leader_direct", "government"
REASONS = (AWAITS, IN_CHARGE, SUBMITTED, LINKED, DIRECT, GOVERNMENT)


def leaders(view: View | UnitOfWork) -> tuple[Leader, ...]:
    """This node's register of leaders, as far as they can be read, in the order in which they were entered."""
    return tuple(one for one in view.readings.dossiers(SubjectKind.LEADER, _entered(view)) if isinstance(one, Leader))


def _entered(view: View | UnitOfWork) -> Sequence[str]:
    table = schema.dossiers
    own = (table.c.kind == SubjectKind.LEADER.value, table.c.owner == view.head.node)
    return view.connection.execute(select(table.c.id).where(*own).order_by(table.c.opened_at, table.c.id)).scalars().all()


# --- a leader's own list ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Matter:
    """
    A ticket on a leader's list.  ``reasons`` say why, ``days_open`` counts calendar days from registration to its completion or to now.
    ``result`` are the words of the completion, where they were given; None while it is open.
    """

    ticket: str
    state: str
    with_whom: str
    unit: str
    reasons: tuple[str, ...]
    registered_at: datetime
    completed_at: datetime | None
    days_open: int
    result: SealedRef | None = None

    @property
    def is_leader_direct(self) -> bool:
        """It came to the leaders themselves (FJ23-1.1a)."""
        return DIRECT in self.reasons


def matters(view: View | UnitOfWork, policy: Policy, account: str, now: datetime) -> list[Matter]:
    """
    What the leader *account* has to see, the oldest first: what was put to him on the local ladder, or to no leader by name
    (HM20-3.3d), what he leads (FJ23-2.4b), handed over himself (XS25-4.1.4), what came
    from an enterprise that he is linked to (HM20-3.1b), what came in by a channel of the main leaders' own (FJ23-1.1a), and what
    waits for a decision of the government whose post he holds (AS25-1.1b).  Nothing for whoever is no leader in office.
    """
    leader = leader_of(leaders(view), account)
    if leader is None or not leader.posts_on(local_day(now)):
        return []
    found: dict[str, list[str]] = {}
    for reason, where in _conditions(leader, policy, now).items():
        for id in view.connection.execute(select(schema.tickets.c.id).where(where)).scalars():
            found.setdefault(id, []).append(reason)
    for id in _put_to(view, policy, account):
        found.setdefault(id, []).append(AWAITS)
    tickets = view.readings.tickets(found)
    lines = [_matter(view, ticket, tuple(found[id]), now) for id, ticket in tickets.items()]
    return sorted(lines, key=lambda one: (one.registered_at, one.ticket))


def _put_to(view: View | UnitOfWork, policy: Policy, account: str) -> list[str]:
    """What a leader must decide on the local ladder: he by name, or whoever of them takes it.  Few wait at a time."""
    tickets = schema.tickets
    waiting = select(tickets.c.id).where(tickets.c.holder == policy.node, tickets.c.with_whom == With.LEADER.value)
    found = view.readings.tickets(view.connection.execute(waiting).scalars().all()).values()
    return [ticket.id for ticket in found if ticket.layering.to in ("", account)]


def _conditions(leader: Leader, policy: Policy, now: datetime) -> Mapping[str, ColumnElement[bool]]:
    tickets, pack, today = schema.tickets, policy.pack, local_day(now)
    here = tickets.c.origin == policy.node
    found: dict[str, ColumnElement[bool]] = {
        IN_CHARGE: tickets.c.id.in_(_with_trait("leader", (leader.account,))),
        SUBMITTED: tickets.c.id.in_(_with_trait("submitter", (leader.account,))),
    }
    if leader.enterprises and pack.names("leaders.linked_channels"):
        found[LINKED] = and_(
            here,
            tickets.c.credit_code.in_(leader.enterprises),
            tickets.c.credit_code != "",
            tickets.c.channel.in_(pack.names("leaders.linked_channels")),
        )
    if leader.holds(pack.names("leaders.direct_posts"), today):
        found[DIRECT] = and_(here, tickets.c.channel.in_(pack.names("leaders.direct_channels")))
    if leader.holds(pack.names("leaders.government_posts"), today):
        found[GOVERNMENT] = and_(tickets.c.holder == policy.node, tickets.c.with_whom == With.GOVERNMENT.value)
    return found


def _with_trait(name: str, values: Iterable[str]) -> Select[tuple[str]]:
    traits = schema.traits
    return select(traits.c.ticket).where(traits.c.name == name, traits.c.value.in_(list(values)))


def _matter(view: View | UnitOfWork, ticket: Ticket, reasons: tuple[str, ...], now: datetime) -> Matter:
    done = ticket.completion
    until = done.completed_at if done is not None else now
    return Matter(
        ticket=ticket.id,
        state=ticket.state.value,
        with_whom=ticket.with_whom.value,
        unit=ticket.lead,
        reasons=tuple(reason for reason in REASONS if reason in reasons),
        registered_at=ticket.intake.registered_at,
        completed_at=done.completed_at if done is not None else None,
        days_open=(local_day(until) - local_day(ticket.intake.registered_at)) // timedelta(days=1),
        result=_result(view, ticket) if done is not None else None,
    )


def _result(view: View | UnitOfWork, ticket: Ticket) -> SealedRef | None:
    """The words of the last completion."""
    for one in reversed(view.journal.of_subject(ticket.subject)):
        if isinstance(one.content.event, Completed):
            words = one.content.event.result
            return words if isinstance(words, SealedRef) else None
    return None


# --- matters led by leaders -----------------------------------------------------------------------------------------------


def load(view: View | UnitOfWork) -> dict[str, int]:
    """How many open matters each leader has in charge, by account; a leader without any has 0 (FJ23-2.4b)."""
    tickets, traits = schema.tickets, schema.traits
    led = view.connection.execute(
        select(traits.c.value)
        .join(tickets, tickets.c.id == traits.c.ticket)
        .where(traits.c.name == "leader", tickets.c.state.in_(_OPEN), tickets.c.holder == view.head.node)
    ).scalars()
    count = {one.account: 0 for one in leaders(view)}
    for account in led:
        count[account] = count.get(account, 0) + 1
    return count


def in_charge_of_any(view: View | UnitOfWork) -> Select[tuple[str]]:
    """The numbers of the tickets that a leader of the register has in charge, open or not."""
    return _with_trait("leader", [one.account for one in leaders(view)])


def unassigned(view: View | UnitOfWork, policy: Policy) -> list[str]:
    """Open matters of a class or complexity that the pack wants led by a leader, and that have none, the oldest first."""
    return _oldest_first(view, is_unassigned(view, policy))


def is_unassigned(view: View | UnitOfWork, policy: Policy) -> ColumnElement[bool]:
    """As ``unassigned``, asked of rows of ``tickets``."""
    tickets = schema.tickets
    wanted = list(policy.pack.names("leaders.led"))
    led = select(schema.traits.c.ticket).where(schema.traits.c.name == "leader")
    return and_(
        tickets.c.holder == view.head.node,
        tickets.c.state.in_(_OPEN),
        or_(tickets.c.category.in_(wanted), tickets.c.complexity.in_(wanted)),
        tickets.c.id.not_in(led),
    )


def unnamed(view: View | UnitOfWork, policy: Policy) -> list[str]:
    """Open matters that a leader handed over and that name nobody of the register, the oldest first: nobody would be told of them."""
    return _oldest_first(view, is_unnamed(view, policy))


def is_unnamed(view: View | UnitOfWork, policy: Policy) -> ColumnElement[bool]:
    """As ``unnamed``, asked of rows of ``tickets``."""
    tickets = schema.tickets
    known = [one.account for one in leaders(view)]
    return and_(
        tickets.c.holder == view.head.node,
        tickets.c.state.in_(_OPEN),
        tickets.c.channel.in_(policy.pack.names("leaders.source_channels")),
        tickets.c.id.not_in(_with_trait("submitter", known)),
    )


def _oldest_first(view: View | UnitOfWork, where: ColumnElement[bool]) -> list[str]:
    tickets = schema.tickets
    return list(view.connection.execute(select(tickets.c.id).where(where).order_by(tickets.c.registered_at, tickets.c.id)).scalars())


@dataclass(frozen=True)
class Flag:
    """A period in which a leader did not do what he owed on a matter; ``period_ended_on`` is its last day."""

    ticket: str
    leader: str
    flag: str
    period_ended_on: str


def flags(view: View | UnitOfWork) -> list[Flag]:
    """
    What leaders owed on matters that they have in charge, or had, and did not do, the oldest first: ``missing_monthly_check``,
    ``missing_onsite_session``, ``missing_quarterly_analysis`` (FJ23-2.4c to e).  A period stays flagged, whatever was done later.
    """
    traits = schema.traits
    led = select(traits.c.ticket).where(traits.c.name.in_(("leader", "led_before"))).distinct()
    found = []
    for id, ticket in view.readings.tickets(view.connection.execute(led).scalars().all()).items():
        leading = ticket.leading_at(view.head.node)
        leader = leading.leader or leading.former[-1]
        missed = [one for one in ticket.missed_turns if one.clock in LEADER_TURNS]
        found += [Flag(id, leader, f"missing_{one.clock}", last_day(one.due_at).isoformat()) for one in missed]
    return sorted(found, key=lambda one: (one.period_ended_on, one.ticket, one.flag))


# --- reports ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class DeliveryLine:
    """Who got a report, and when he opened it; None: he did not."""

    leader: str
    digest: str
    delivered_at: datetime
    read_at: datetime | None


def deliveries(view: View | UnitOfWork, report: str) -> list[DeliveryLine]:
    """The proof of delivery and reading of *report*, leader by leader (FJ25-5.14.2b)."""
    return [
        DeliveryLine(leader.account, one.digest, one.delivered_at, one.read_at)
        for leader in leaders(view)
        for one in leader.deliveries
        if one.report == report
    ]


# --- what the decisions need -------------------------------------------------------------------------------------------------


def leaders_fact(work: UnitOfWork, order: Order, policy: Policy, now: datetime) -> tuple[Leader, ...]:
    """
    The whole register.

    Raises:
        Refusal: MALFORMED_ENTRY: nothing is decided by a part of it.
    """
    found = (dossier_of(work.journal, Subject(SubjectKind.LEADER.value, id)) for id in _entered(work))
    return tuple(one for one in found if isinstance(one, Leader))


def leader_account(work: UnitOfWork, order: Order, policy: Policy, now: datetime) -> Account | None:
    """The account that the command names as ``leader``."""
    table = schema.accounts
    named = getattr(order.command, "leader", "")
    row = work.connection.execute(select(table).where(table.c.node == policy.node, table.c.id == named)).first()
    return Account(row.id, row.unit, frozenset(row.roles.split(",")), row.is_active) if row is not None else None
