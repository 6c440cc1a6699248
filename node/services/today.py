"""
What somebody sees before anything else: his clocks and his unit's by due time, what waits for him, what he left unfinished.

Each count is that of a list which the same conditions bring up, so a number and the list behind it never differ.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from node.domain.entry import Actor
from node.domain.organisation import Role
from node.domain.policy import Policy
from node.domain.ticket.completeness import missing_fields
from node.domain.ticket.row import TicketRow
from node.domain.ticket.state import BEFORE_FORMING, OPEN
from node.domain.time import local_day
from node.services import enterprises, queries, supervision_lists, tasks, trays
from node.services.lookup import DESKS
from node.services.narrowing import Wanted
from node.services.policies import Policies
from node.services.queries import TicketLine
from node.storage.unit_of_work import View

# Lines of a first page: what is further down is a click away.
lines_max = 40
own_intakes_max = 100
_TAKING_IN = frozenset(role.value for role in DESKS | {Role.DEPARTMENT})
_RUNNING = frozenset({Role.OFFICE.value, Role.DIRECTOR.value})
_IN_UNITS = frozenset({Role.DEPARTMENT.value, Role.DEPARTMENT_LEADER.value})
# Zero is worth knowing of these; of the others only what is there.
_ALWAYS = frozenset({"overdue", "due", "waiting"})
_OPEN = tuple(sorted(state.value for state in OPEN))
_UNFORMED = tuple(sorted(state.value for state in BEFORE_FORMING))

# A list's conditions as an address has them: "whose", "due", "state", "unit", "category", "only", "since".
Query = Mapping[str, str]
WHOSE = ("me", "owed", "own", "shared", "taken_in")
ONLY = ("incomplete", "consent", "unsorted")


@dataclass(frozen=True)
class Tray:
    """
    A count with the conditions of its list, or with the ``path`` of the board that works it off.  ``is_more``: there are more than
    ``count``, which were not counted.
    """

    key: str
    query: Query
    count: int
    path: str = ""
    is_more: bool = False


@dataclass(frozen=True)
class Incomplete:
    """An own intake that is still to be completed (待完善), with what its pack wants and what is not there."""

    row: TicketRow
    missing: tuple[str, ...]


@dataclass(frozen=True)
class TaskLine:
    """A regular task that is open, and how many needs wait to be sorted in it (HM20-3.1c)."""

    id: str
    kind: str
    period: str
    ends_on: date | None
    waiting: int


@dataclass(frozen=True)
class Daily:
    """The office's lists of a day under a pack that wants them: what came in (HM20-3.1a), and every open assignment (HM20-3.4a)."""

    digest: enterprises.Digest
    before: enterprises.Digest
    tracking: tuple[supervision_lists.TrackingLine, ...]


@dataclass(frozen=True)
class Today:
    """The first page.  ``lines`` are clocks, the oldest due first, with what comes next behind them; at most ``lines_max``."""

    trays: tuple[Tray, ...]
    lines: tuple[TicketLine, ...]
    incomplete: tuple[Incomplete, ...]
    tasks: tuple[TaskLine, ...]
    daily: Daily | None

    @property
    def rows(self) -> list[TicketRow]:
        """Every ticket on the page."""
        return [*(line.row for line in self.lines), *(one.row for one in self.incomplete)]


def today(view: View, viewer: Actor, policies: Policies, now: datetime) -> Today:
    """The first page of *viewer* at *now*."""
    policy = policies.of_node(view, now)
    owed = Wanted(owed=(viewer.role, viewer.unit), viewer=viewer, rows_max=lines_max)
    keys = _trays_of(viewer, local_day(now))
    lists = {key: wanted_of(query, viewer) for key, query in keys.items()}
    found = queries.count_lists(view, lists, now, queries.counted_max)
    is_running = viewer.role in _RUNNING
    return Today(
        trays=(
            *_of_unit(view, viewer),
            *(_tray(key, keys[key], count) for key, count in found.items() if count or key in _ALWAYS),
        ),
        lines=tuple(queries.owed_clocks(view, owed, policy.calendar, now)),
        incomplete=tuple(_incomplete(view, viewer, policies, now)) if found.get("incomplete") else (),
        tasks=tuple(_tasks(view, policy)) if is_running else (),
        daily=_daily(view, viewer, policy, now) if is_running and policy.pack.names("digest.channels") else None,
    )


def _tray(key: str, query: Query, count: int) -> Tray:
    return Tray(key, query, min(count, queries.counted_max), is_more=count > queries.counted_max)


def wanted_of(query: Query, viewer: Actor) -> Wanted:
    """
    The list that *query* asks for, within what *viewer* sees: open tickets, unless it names a state, or "all" of them, or whatever
    waits for "me", where what is done and must be revisited waits, too.

    Raises:
        ValueError: "since" is no date.
    """
    whose, only, state = query.get("whose", ""), query.get("only", ""), query.get("state", "")
    person = {"own": viewer.account, "shared": ""}.get(whose)
    traits = [("taken_in_by", viewer.account)] if whose == "taken_in" else []
    if only == "consent":
        traits.append(("awaits_consent", "yes"))
    return Wanted(
        states=() if whose == "me" and not state else _states(only, state),
        unit=query.get("unit", ""),
        due=query.get("due", ""),
        mine=(viewer.role, viewer.unit) if whose == "me" else None,
        owed=(viewer.role, viewer.unit) if whose == "owed" else None,
        unsorted=only == "unsorted",
        traits=tuple(traits),
        viewer=viewer,
        tray=None if person is None else (viewer.unit, person),
        category=query.get("category", ""),
        since=date.fromisoformat(query["since"]) if query.get("since") else None,
    )


def _states(only: str, state: str) -> tuple[str, ...]:
    if only == "incomplete":
        return _UNFORMED
    if state == "all":
        return ()
    return (state,) if state else _OPEN


def _of_unit(view: View, viewer: Actor) -> list[Tray]:
    """What a unit's people do at a stroke: sign what was sent to them, countersign what is drafted."""
    if viewer.role not in _IN_UNITS or not viewer.unit:
        return []
    found = [Tray("to_sign", {}, trays.waiting_to_be_signed(view, viewer.unit), "/boards/tray")]
    if viewer.role == Role.DEPARTMENT_LEADER.value:
        drafted = sum(one.author != viewer.account for one in trays.unsigned_replies(view, viewer.unit))
        found.append(Tray("to_countersign", {}, drafted, "/boards/tray"))
    return [one for one in found if one.count]


def _trays_of(viewer: Actor, today: date) -> dict[str, Query]:
    """Which counts somebody needs, in the order in which he needs them."""
    found: dict[str, Query] = {
        "overdue": {"whose": "owed", "due": "overdue"},
        "due": {"whose": "owed", "due": "today"},
        "waiting": {"whose": "me"},
    }
    if viewer.role in _IN_UNITS:
        found |= {"own": {"whose": "own"}, "shared": {"whose": "shared"}}
    if viewer.role in _RUNNING:
        found |= {"unsorted": {"only": "unsorted"}, "all_overdue": {"due": "overdue"}, "all_due": {"due": "today"}}
    if viewer.role in _TAKING_IN:
        found |= {
            "incomplete": {"whose": "taken_in", "only": "incomplete"},
            "consent": {"whose": "taken_in", "only": "consent"},
            "taken_in": {"whose": "taken_in", "since": today.isoformat(), "state": "all"},
        }
    return found


def _incomplete(view: View, viewer: Actor, policies: Policies, now: datetime) -> list[Incomplete]:
    query = {"whose": "taken_in", "only": "incomplete"}
    wanted = wanted_of(query, viewer)
    lines = queries.list_tickets(view, wanted, policies.bare(view).calendar, now)[:own_intakes_max]
    tickets, found = view.readings.tickets(line.row.id for line in lines), []
    for line in lines:
        ticket = tickets.get(line.row.id)
        if ticket is not None and (missing := missing_fields(ticket, policies.for_ticket(view, ticket, now))):
            found.append(Incomplete(line.row, missing))
    return found


def _tasks(view: View, policy: Policy) -> list[TaskLine]:
    found = []
    for kind in policy.pack.names("tasks.kinds"):
        for task in tasks.tasks(view, kind, tasks_max=1):
            if task.state == "open":
                found.append(TaskLine(task.id, kind, task.period, task.ends_on, len(tasks.waiting(view, policy, kind))))
    return found


def _daily(view: View, viewer: Actor, policy: Policy, now: datetime) -> Daily:
    channels, day = policy.pack.names("digest.channels"), local_day(now)
    tracking = tuple(supervision_lists.tracking_list(view, policy.calendar, now, viewer))
    before = enterprises.digest(view, channels, day - timedelta(days=1))
    return Daily(enterprises.digest(view, channels, day), before, tracking)
