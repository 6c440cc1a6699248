"""
The leader's one page a day (每日一页, USERS B16): whose it is, what waits for him on it, and the notice that takes it to him at 08:00.

The figures are those of ``figures``, as the overview and the cockpit have them.  The notice has counts only, no word of anybody;
whoever has no way on which it reaches him is listed, so that the office prints his page.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import select

from node.domain.entry import Actor, Subject, SubjectKind
from node.domain.organisation import Role
from node.domain.payload import SealedRef
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.registry import AccountOpened
from node.domain.ticket.sight import OUTSIDE
from node.domain.time import WorkCalendar, local_day
from node.domain.time.calendar import at
from node.services.daily_way import EMAIL, IN_APP, SMS, channels
from node.services.figures import LeaderPage, count_waiting, leader_page
from node.services.leaders import AWAITS, GOVERNMENT, leaders, matters
from node.services.policies import Policies
from node.services.scope import sees_all
from node.storage import notices, schema
from node.storage.codec import decode_content
from node.storage.unit_of_work import Store, UnitOfWork, View

TEMPLATE = "leader_page"
sent_from = time(8)
LEADING = frozenset({Role.LEADER.value, Role.GOVERNMENT.value})


@dataclass(frozen=True)
class Recipient:
    """
    A leader in office, or an account with that role: ``channels`` are those on which the page reaches him beside his desk;
    ``is_on_page`` where he wants it there only.
    """

    account: str
    posts: tuple[str, ...]
    channels: tuple[str, ...]
    is_on_page: bool = False


def page_for(view: View, policy: Policy, viewer: Actor, now: datetime) -> LeaderPage:
    """
    The page as *viewer* reads it: a leader of the register finds what waits for himself, everybody else what waits for any of them.

    Raises:
        Refusal: PERMISSION_DENIED, for who does not see the node's whole subtree.
    """
    if viewer.role in OUTSIDE or not sees_all(viewer):
        raise Refusal(Code.PERMISSION_DENIED, command="leader", role=viewer.role)
    return leader_page(view, now, viewer, _put_to(view, policy, viewer.account, now), workday_before(policy.calendar, local_day(now)))


def workday_before(calendar: WorkCalendar, day: date) -> date:
    """The last working day before *day*."""
    before = day - timedelta(days=1)
    while not calendar.is_workday(before):
        before -= timedelta(days=1)
    return before


def _put_to(view: View, policy: Policy, account: str, now: datetime) -> list[str] | None:
    """The tickets that wait for the leader *account*; None for who is none of the register: whatever waits for any of them."""
    if all(one.account != account for one in leaders(view)):
        return None
    return [one.ticket for one in matters(view, policy, account, now) if {AWAITS, GOVERNMENT} & set(one.reasons)]


def recipients(view: View | UnitOfWork, gateways: Mapping[str, bool], now: datetime) -> list[Recipient]:
    """Who gets the page: the leaders in office and every open account with a leader's role, by account."""
    posts = {one.account: tuple(term.post for term in one.posts_on(local_day(now))) for one in leaders(view)}
    table = schema.accounts
    rows = view.connection.execute(
        select(table.c.id, table.c.roles).where(table.c.node == view.head.node, table.c.is_active.is_(True)).order_by(table.c.id)
    )
    found = [row.id for row in rows if posts.get(row.id) or LEADING & set(row.roles.split(","))]
    has_phone = _with_phone(view) if gateways.get(SMS) else frozenset[str]()
    chosen = channels(view)
    recipients = []
    for one in found:
        way = chosen.get(one, SMS)
        reaches = one in has_phone if way == SMS else way == EMAIL and gateways.get(EMAIL, False)
        recipients.append(Recipient(one, posts.get(one, ()), (way,) if reaches else (), way == IN_APP))
    return recipients


def to_print(view: View, gateways: Mapping[str, bool], now: datetime) -> list[Recipient]:
    """Whom the page reaches at his desk only: the office prints it for him."""
    return [one for one in recipients(view, gateways, now) if not one.channels and not one.is_on_page]


def send_due(store: Store, policies: Policies, gateways: Mapping[str, bool], now: datetime) -> int:
    """
    Put today's page into the outbox, once, from 08:00 of a working day on; a node that was off then sends it when it is back.

    Returns:
        How many notices were put; 0 before the time, on a free day, and ever after the first time.
    """
    day = local_day(now)
    entry = f"{TEMPLATE}/{day}"
    with store.read() as view:
        calendar = policies.bare(view).calendar
        is_due = now >= at(day, sent_from) and calendar.is_workday(day)
        table = schema.notices
        if not is_due or view.connection.execute(select(table.c.id).where(table.c.entry == entry).limit(1)).first() is not None:
            return 0
        page = leader_page(view, now, since=workday_before(calendar, day))
        policy, to = policies.of_registry(view, now), recipients(view, gateways, now)
        # As many as his own page says: what waits for another is no decision of his.
        waiting = {one.account: count_waiting(view, _put_to(view, policy, one.account, now)) for one in to}
        rows = _notices(entry, day, page, waiting, to, view.head.node)
    if rows:
        with store.write() as work:
            notices.put(work.connection, rows, work.payloads.random, now)
    return len(rows)


def _notices(entry: str, day: date, page: LeaderPage, waiting: Mapping[str, int], to: list[Recipient], node: str) -> list[notices.New]:
    facts = {
        "day": day.isoformat(),
        "since": (page.since or day).isoformat(),
        "came_in": str(page.came_in),
        "due_today": str(page.due_today),
        "overdue": str(page.counts.overdue),
        "office_due": str(page.steps.office_due),
        "office_overdue": str(page.steps.office_overdue),
        "completed": str(page.counts.completed),
        "satisfied": str(page.counts.satisfied),
    }
    return [
        notices.New(
            entry=entry,
            subject_kind=SubjectKind.NODE.value,
            subject_id=node,
            audience=f"account:{one.account}",
            channel=channel,
            template=TEMPLATE,
            facts={**facts, "waiting": str(waiting[one.account])},
        )
        for one in to
        for channel in (IN_APP, *one.channels)
    ]


def phone_of(view: View | UnitOfWork, account: str) -> str:
    """Where the account is reached at work, as it was opened last; "" where nobody said, or that is erased."""
    event = _phoned_last(view).get(account)
    if event is None or not isinstance(event.phone, SealedRef):
        return ""
    try:
        return view.payloads.open(Subject(SubjectKind.NODE.value, view.head.node), event.phone)
    except Refusal as refusal:
        if refusal.code in (Code.PAYLOAD_MISSING, Code.PAYLOAD_SEALED):
            return ""
        raise


def _with_phone(view: View | UnitOfWork) -> frozenset[str]:
    return frozenset(_phoned_last(view))


def _phoned_last(view: View | UnitOfWork) -> dict[str, AccountOpened]:
    table, node = schema.entries, view.head.node
    rows = view.connection.execute(
        select(table.c.content)
        .where(table.c.subject_id == node, table.c.node == node, table.c.kind == AccountOpened.kind())
        .order_by(table.c.taken)
    ).scalars()
    events = (decode_content(bytes(content)).event for content in rows)
    # Roles that are set anew, or a name, without a phone leave the phone that was given.
    return {event.account: event for event in events if isinstance(event, AccountOpened) and isinstance(event.phone, SealedRef)}
