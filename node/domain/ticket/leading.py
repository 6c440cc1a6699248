"""
Leader-led tickets (领办): one leader in charge, and what he owes in each period: a check, a session on the spot, an analysis.

Which of these acts are owed, and how often, is the pack's: each is a limit, of a month, two months, a quarter.  An act meets the
period that runs and begins the next one; a period that went by without it is flagged, and the next one begins all the same
(``turns``).  Periods follow the calendar, whenever in it somebody acts.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime

from node.domain.command import Command, Facts
from node.domain.entry import Happened, Header
from node.domain.leader.record import leader_of
from node.domain.open_codes import need_plain_code
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import clocks, turns
from node.domain.ticket.checks import need_field
from node.domain.ticket.leading_record import LeaderAct, Leading
from node.domain.ticket.ticket import Ticket, TicketEvent
from node.domain.time import local_day

# What must be said of an act, beside its result.
NEEDED = {"onsite_session": ("venue", "attendees")}


@dataclass(frozen=True)
class AssignLeader(Command):
    """Put a leader in charge of the ticket, by account.  Another one takes over only once the former was released."""

    roles = frozenset({Role.OFFICE, Role.GOVERNMENT, Role.LEADER})
    needs = ("leaders",)

    leader: str


@dataclass(frozen=True)
class ReleaseLeader(Command):
    """Let the ticket be without a leader again, with the reason: it is on the list of those that wait for one."""

    roles = frozenset({Role.OFFICE, Role.GOVERNMENT})

    reason: Text


@dataclass(frozen=True)
class NameSubmitter(Command):
    """Enter, or set right, which leader handed the matter over, and at which visit; he is kept informed of it."""

    roles = frozenset({Role.OFFICE, Role.WINDOW_CLERK, Role.SPECIALIST, Role.DEPARTMENT})
    needs = ("leaders",)

    leader: str
    visit: str = ""


@dataclass(frozen=True)
class RecordLeaderAct(Command):
    """
    Record what the leader in charge did in person, or who writes it down for him: ``act`` is "monthly_check",
    "onsite_session" or "quarterly_analysis", ``done_on`` the day.  A session on the spot says venue and attendees.
    """

    roles = frozenset({Role.LEADER, Role.GOVERNMENT, Role.OFFICE, Role.TRACKER})

    act: str
    result: Text
    done_on: date | None = None
    venue: Text | None = None
    attendees: Text | None = None


@dataclass(frozen=True)
class LeaderAssigned(TicketEvent):
    """A leader takes the matter himself; the header starts what he owes in each period."""

    leader: str

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        leading = ticket.leading_at(head.node)
        since = leading.since if leading.leader == self.leader else head.recorded_at
        return _with_leading(ticket, replace(leading, leader=self.leader, since=since))


@dataclass(frozen=True)
class LeaderReleased(TicketEvent):
    """The matter has no leader in charge any more; nothing is owed in his name."""

    leader: str
    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        leading = ticket.leading_at(head.node)
        return _with_leading(ticket, replace(leading, leader="", since=None, former=(*leading.former, self.leader)))


@dataclass(frozen=True)
class SubmitterNamed(TicketEvent):
    """The leader who handed the matter over, on a visit if one is named: progress and result go to him."""

    is_side = True

    leader: str
    visit: str = ""

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return _with_leading(ticket, replace(ticket.leading_at(head.node), source=self.leader, visit=self.visit))


@dataclass(frozen=True)
class LeaderActRecorded(TicketEvent):
    """
    The leader in charge acted in person: a check, a session on the spot, an analysis. The header begins the next period if this act
    met one, which ended at `period_due_at`.
    """

    act: str
    done_on: date
    period_due_at: datetime | None = None
    result: Words | None = None
    venue: Words | None = None
    attendees: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        act = LeaderAct(self.act, self.done_on, head.recorded_at, head.actor.account, head.id, self.period_due_at)
        leading = ticket.leading_at(head.node)
        return _with_leading(ticket, replace(leading, acts=(*leading.acts, act)))


def _with_leading(ticket: Ticket, leading: Leading) -> Ticket:
    return replace(ticket, leadings=(*(one for one in ticket.leadings if one.node != leading.node), leading))


def assign(ticket: Ticket, command: AssignLeader, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ23-2.4b: a leader of the register, in office; exactly one at a time."""
    need_field("leader", command.leader)
    if not ticket.is_open:
        raise Refusal(Code.WRONG_STATE, ticket=ticket.id, state=ticket.state, wanted="open")
    need_leader(command.leader, facts, now)
    in_charge = ticket.leading_at(policy.node).leader
    if in_charge not in ("", command.leader):
        raise Refusal(Code.ALREADY_LED, ticket=ticket.id, leader=in_charge)
    # Named again in a later round: what stood still since the completion is owed again.
    begun = turns.begin(policy, now, command.leader, *(act for act in turns.LEADER_TURNS if ticket.clock(act) is None))
    if in_charge and not begun:
        return []
    return [Happened(ticket.subject, LeaderAssigned(command.leader), clocks=begun)]


def need_leader(account: str, facts: Facts, now: datetime) -> None:
    """*account* is in the register of leaders and holds a post today."""
    leader = leader_of(facts.given.get("leaders", ()), account)
    if leader is None:
        raise Refusal(Code.ACCOUNT_UNKNOWN, account=account)
    if not leader.posts_on(local_day(now)):
        raise Refusal(Code.LEADER_OUT_OF_OFFICE, leader=account)


def release(ticket: Ticket, command: ReleaseLeader, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """A matter may change hands, never silently."""
    need_field("reason", command.reason)
    in_charge = ticket.leading_at(policy.node).leader
    if not in_charge:
        return []
    ended = clocks.stop_if_on(ticket, *turns.LEADER_TURNS)
    return [Happened(ticket.subject, LeaderReleased(in_charge, command.reason), clocks=ended)]


def name_submitter(ticket: Ticket, command: NameSubmitter, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """XS25-4.1.4, HM20-3.1b: whoever handed it over is a leader of the register."""
    need_field("leader", command.leader)
    need_leader(command.leader, facts, now)
    need_plain_code("visit", command.visit)
    leading = ticket.leading_at(policy.node)
    if (leading.source, leading.visit) == (command.leader, command.visit):
        return []
    return [Happened(ticket.subject, SubmitterNamed(command.leader, command.visit))]


def record_act(ticket: Ticket, command: RecordLeaderAct, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ23-2.4c, 2.4d, 2.4e: by the leader in charge, or written down for him by the office or the tracker."""
    leading = ticket.leading_at(policy.node)
    if not leading.leader:
        raise Refusal(Code.NOT_LED, ticket=ticket.id)
    if facts.is_role(Role.LEADER, Role.GOVERNMENT) and facts.actor.account != leading.leader:
        raise Refusal(Code.ALREADY_LED, ticket=ticket.id, leader=leading.leader)
    need_field("act", command.act)
    if command.act not in turns.LEADER_TURNS:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="act", value=command.act, offered=turns.LEADER_TURNS)
    for field in NEEDED.get(command.act, ()):
        need_field(field, getattr(command, field))
    need_field("result", command.result)
    done_on = command.done_on or local_day(now)
    if done_on > local_day(now) or (leading.since is not None and done_on < local_day(leading.since)):
        raise Refusal(Code.MALFORMED_COMMAND, field="done_on")
    renewed = turns.done(ticket, command.act, policy, now)
    clock = ticket.clock(command.act)
    event = LeaderActRecorded(
        act=command.act,
        done_on=done_on,
        period_due_at=clock.due_at if renewed and clock is not None else None,
        result=command.result,
        venue=command.venue,
        attendees=command.attendees,
    )
    return [Happened(ticket.subject, event, clocks=renewed)]


DECISIONS = {
    AssignLeader: assign,
    ReleaseLeader: release,
    NameSubmitter: name_submitter,
    RecordLeaderAct: record_act,
}
