"""
Enterprise files as people ask for them: one file with all its needs, its profile, and searches over the register.

A project that became an enterprise, and a branch, stay files of their own; their needs are shown with the enterprise's.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, func, or_, select

from node.domain.directory import PlanFault, Turn, plan_faults
from node.domain.enterprise.record import Enterprise
from node.domain.enterprise.service import profile_of
from node.domain.entry import Actor
from node.domain.refusal import Code, Refusal
from node.domain.support_policy import SupportPolicy
from node.domain.time import WorkCalendar, end_of, local_day
from node.services.intake_facts import file_of, policy_of, turn_of
from node.services.lookup import StatusLine, status_line
from node.services.scope import visible_to
from node.storage import schema
from node.storage.database import instant, micros
from node.storage.unit_of_work import View


@dataclass(frozen=True)
class FilePage:
    """A file with its needs, the latest first, those of its projects and branches included; ``tied`` are the ids of these."""

    file: Enterprise
    tied: tuple[str, ...]
    tickets: tuple[StatusLine, ...]


@dataclass(frozen=True)
class Profile:
    """What the file's own data say of an enterprise (FJ25-2.4.4b): counts by class and by vote, and its policies."""

    subject_type: str
    size: str
    industry: str
    block: str
    area: str
    tags: tuple[str, ...]
    has_address: bool
    tickets: int
    by_category: Mapping[str, int]
    open: int
    overdue: int
    votes: Mapping[str, int]
    policies: tuple[str, ...]


def file_page(view: View, id: str, calendar: WorkCalendar, now: datetime, viewer: Actor | None = None) -> FilePage:
    """
    The file and everything that was brought in for it, as far as *viewer* sees it.

    Raises:
        Refusal: SUBJECT_UNKNOWN.
    """
    file = _file(view, id)
    tied = _tied(view, file)
    found = view.readings.tickets(sorted(_tickets(view, (file.id, *tied), viewer), reverse=True)).values()
    return FilePage(file, tied, tuple(status_line(ticket, calendar, now) for ticket in found))


def profile(view: View, id: str, calendar: WorkCalendar, now: datetime, viewer: Actor | None = None) -> Profile:
    """
    The profile of an enterprise, computed from its file and those of its needs that *viewer* sees.

    Raises:
        Refusal: SUBJECT_UNKNOWN.
    """
    file = _file(view, id)
    known = list(view.readings.tickets(_tickets(view, (file.id, *_tied(view, file)), viewer)).values())
    votes = [of.evaluation.value for ticket in known for of in ticket.rounds if of.evaluation is not None]
    lines = [status_line(ticket, calendar, now) for ticket in known]
    return Profile(
        subject_type=file.subject_type,
        size=file.size,
        industry=file.industry,
        block=file.block,
        area=file.area,
        tags=file.tags,
        has_address=file.address is not None,
        tickets=len(known),
        by_category=dict(sorted(Counter(ticket.classing.category for ticket in known if ticket.classing.category).items())),
        open=sum(line.is_open for line in lines),
        overdue=sum(line.is_open and line.is_overdue for line in lines),
        votes=dict(sorted(Counter(votes).items())),
        policies=tuple(one.item for one in file.benefits),
    )


@dataclass(frozen=True)
class Wanted:
    """Which files a search is to find.  Empty fields ask for nothing; of ``tags`` one is enough."""

    subject_type: str = ""
    industry: str = ""
    block: str = ""
    size: str = ""
    area: str = ""
    tags: tuple[str, ...] = ()
    # Nobody visited or called it, and it brought nothing in, since then.
    no_contact_since: date | None = None
    # It brought in at least so many needs.
    tickets_min: int = 0
    # A project of the park that has nobody who acts for it (FJ25-3.7.3b).
    lacks_agent: bool = False


def search(view: View, wanted: Wanted) -> list[str]:
    """The ids of this node's open files that *wanted* describes, in the order in which they were opened (XS25-4.1.1a)."""
    table, dossiers = schema.enterprises, schema.dossiers
    where: list[ColumnElement[bool]] = [table.c.owner == view.head.node, dossiers.c.state == "active"]
    for name in ("subject_type", "industry", "block", "size", "area"):
        value = getattr(wanted, name)
        if value:
            where.append(table.c[name] == value)
    if wanted.tags:
        where.append(or_(*(table.c.tags.contains(f",{tag},", autoescape=True) for tag in wanted.tags)))
    if wanted.lacks_agent:
        where.append(table.c.is_park.is_(True) & (table.c.agent == ""))
    if wanted.no_contact_since is not None:
        since = wanted.no_contact_since
        where.append(table.c.visited_on < since.isoformat())
        where.append(~_brought(schema.tickets.c.registered_at >= micros(end_of(since))))
    rows = view.connection.execute(
        select(table.c.id).join(dossiers, dossiers.c.id == table.c.id).where(*where).order_by(dossiers.c.opened_at, table.c.id)
    ).scalars()
    return [id for id in rows if not wanted.tickets_min or len(_tickets(view, (id,))) >= wanted.tickets_min]


def by_block(view: View) -> Mapping[str, int]:
    """This node's open files by industry block; what is in none stands under "" (FJ23-1.2a)."""
    table, dossiers = schema.enterprises, schema.dossiers
    query = (
        select(table.c.block, func.count())
        .join(dossiers, dossiers.c.id == table.c.id)
        .where(table.c.owner == view.head.node, dossiers.c.state == "active")
        .group_by(table.c.block)
        .order_by(table.c.block)
    )
    return {block: count for block, count in view.connection.execute(query)}


# --- groups, policies, plans ------------------------------------------------------------------------------------------


def members(view: View, group: str) -> list[str]:
    """Who is in a service group of this node: accounts and files, by id (FJ23-3.2c)."""
    table = schema.group_members
    query = select(table.c.member).where(table.c.node == view.head.node, table.c.service_group == group).order_by(table.c.member)
    return list(view.connection.execute(query).scalars())


def to_invite(view: View, group: str, tags: tuple[str, ...]) -> list[str]:
    """The enterprises with one of *tags* whose head is not in *group* yet (FJ23-1.1b)."""
    there = set(members(view, group))
    return [id for id in search(view, Wanted(tags=tags)) if id not in there] if tags else []


def eligible(view: View, policy: str) -> list[str]:
    """The enterprises that meet the conditions of a policy: those that enjoy one without application (AS25-3.6.2c)."""
    wanted = _policy(view, policy).conditions
    return [id for id in search(view, Wanted()) if (file := file_of(view, id)) is not None and wanted.are_met_by(profile_of(file))]


def coverage_percent(view: View, policy: str) -> int | None:
    """Of those that may enjoy it, how many percent do, rounded down; None if nobody may."""
    ids = eligible(view, policy)
    granted = sum(any(one.item == policy for one in file.benefits) for id in ids if (file := file_of(view, id)) is not None)
    return granted * 100 // len(ids) if ids else None


def turns(view: View, kind: str, first: date, last: date) -> list[Turn]:
    """The plan of this node for turns of *kind* that touch the Beijing days from *first* to *last*, both included."""
    table = schema.turns
    within = (table.c.begins_at < micros(end_of(last)), table.c.ends_at > micros(end_of(first)) - 86_400_000_000)
    rows = view.connection.execute(
        select(table).where(table.c.node == view.head.node, table.c.kind == kind, *within).order_by(table.c.begins_at, table.c.id)
    )
    return [turn_of(row) for row in rows]


def faults_of_plan(view: View, kind: str, first: date, last: date) -> list[PlanFault]:
    """Overlaps and gaps of that plan (AS25-3.5a)."""
    return plan_faults(turns(view, kind, first, last), first, last)


@dataclass(frozen=True)
class Digest:
    """The office's list of one day: what came in by the channels of the pack, and what of it nobody has disposed of yet."""

    day: date
    tickets: tuple[str, ...]
    unhandled: tuple[str, ...]


def digest(view: View, channels: Iterable[str], day: date) -> Digest:
    """HM20-3.1a: the needs of that Beijing day; a day without any has an empty digest, not none."""
    table = schema.tickets
    begin, end = micros(end_of(day)) - 86_400_000_000, micros(end_of(day))
    rows = view.connection.execute(
        select(table.c.id, table.c.state)
        .where(table.c.origin == view.head.node, table.c.channel.in_(list(channels)))
        .where(table.c.registered_at >= begin, table.c.registered_at < end)
        .order_by(table.c.id)
    ).all()
    return Digest(day, tuple(row.id for row in rows), tuple(row.id for row in rows if row.state == "registered"))


def last_contact(view: View, id: str) -> date | None:
    """The day on which the enterprise was last visited or called, or brought something in; None if never."""
    file = _file(view, id)
    table = schema.tickets
    days = [visit.on for visit in file.visits]
    ids = _tickets(view, (id,))
    at = view.connection.execute(select(func.max(table.c.registered_at)).where(table.c.id.in_(sorted(ids)))).scalar() if ids else None
    if at is not None:
        days.append(local_day(instant(at)))
    return max(days, default=None)


def _file(view: View, id: str) -> Enterprise:
    file = file_of(view, id)
    if file is None:
        raise Refusal(Code.SUBJECT_UNKNOWN, kind="enterprise", id=id)
    return file


def _policy(view: View, id: str) -> SupportPolicy:
    found = policy_of(view, id)
    if found is None:
        raise Refusal(Code.NOT_LISTED, kind="policy", id=id)
    return found


def _tied(view: View, file: Enterprise) -> tuple[str, ...]:
    """The projects that became it, and its branches."""
    table = schema.enterprises
    same = or_(table.c.became == file.id, table.c.head == file.id)
    return tuple(view.connection.execute(select(table.c.id).where(same, table.c.owner == file.owner).order_by(table.c.id)).scalars())


def _tickets(view: View, files: Iterable[str], viewer: Actor | None = None) -> set[str]:
    """The needs of *files*: those that name one, and those that came in under its code."""
    tickets, traits, table = schema.tickets, schema.traits, schema.enterprises
    ids = list(files)
    codes = select(table.c.credit_code).where(table.c.id.in_(ids), table.c.credit_code != "")
    linked = select(traits.c.ticket).where(traits.c.name == "enterprise", traits.c.value.in_(ids))
    by_code = and_(tickets.c.credit_code.in_(codes), tickets.c.credit_code != "")  # said for the index, too
    query = select(tickets.c.id).where(or_(by_code, tickets.c.id.in_(linked)), visible_to(viewer))
    return set(view.connection.execute(query).scalars())


def _brought(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """That the file of the row has a need with *condition*."""
    tickets, traits, table = schema.tickets, schema.traits, schema.enterprises
    by_code = and_(tickets.c.credit_code == table.c.credit_code, table.c.credit_code != "", tickets.c.credit_code != "")
    by_file = select(traits.c.ticket).where(traits.c.ticket == tickets.c.id, traits.c.name == "enterprise", traits.c.value == table.c.id)
    return select(tickets.c.id).where(or_(by_code, by_file.correlate(tickets, table).exists()), condition).correlate(table).exists()
