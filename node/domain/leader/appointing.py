"""Who leads: entering a leader, appointing him to a post, ending a term, linking him to enterprises and units."""

from dataclasses import dataclass, replace
from datetime import date, datetime

from node.domain.command import Facts
from node.domain.entry import Happened, Header, Subject, SubjectKind
from node.domain.leader.record import IN_OFFICE, OUT_OF_OFFICE, Leader, LeaderCommand, LeaderEvent, Term, has_lines, is_single, leader_of
from node.domain.open_codes import legal_codes, need_plain_code
from node.domain.organisation import Role
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket.checks import need_field, need_value
from node.domain.time import local_day

LEADING_ROLES = (Role.LEADER.value, Role.GOVERNMENT.value)


@dataclass(frozen=True)
class EnterLeader(LeaderCommand):
    """Enter a person into the register of leaders; ``leader`` is an account that may act as leader or government."""

    roles = frozenset({Role.OFFICE})
    starts = True
    needs = ("leaders", "leader_account")

    leader: str


@dataclass(frozen=True)
class AppointLeader(LeaderCommand):
    """
    Appoint the leader to a post of the pack, up to and with the day ``until`` if one is named.  ``duty_line`` where the post has
    lines.  Who holds a post of which there is one, is relieved of it.
    """

    roles = frozenset({Role.OFFICE})
    needs = ("leaders",)

    post: str
    duty_line: str = ""
    until: date | None = None


@dataclass(frozen=True)
class RelieveLeader(LeaderCommand):
    """End the leader's term in a post."""

    roles = frozenset({Role.OFFICE})

    post: str
    duty_line: str = ""


@dataclass(frozen=True)
class LinkLeader(LeaderCommand):
    """Name the enterprises (by credit code) and units that the leader is linked to, all of them, in place of those before."""

    roles = frozenset({Role.OFFICE})

    enterprises: tuple[str, ...] = ()
    units: tuple[str, ...] = ()


@dataclass(frozen=True)
class LeaderEntered(LeaderEvent):
    """A person is in the register of leaders."""

    begins = True

    leader: str

    def begin(self, head: Header) -> Leader:
        at = head.recorded_at
        return Leader(head.subject.id, head.node, OUT_OF_OFFICE, at, at, account=self.leader)


@dataclass(frozen=True)
class LeaderAppointed(LeaderEvent):
    """The leader holds the post from now on, up to and with `until` if that is set; in `duty_line` where the post has lines."""

    post: str
    duty_line: str = ""
    until: date | None = None

    def apply(self, leader: Leader, head: Header) -> Leader:
        former = tuple(_ended(one, self.post, self.duty_line, head) for one in leader.terms)
        return replace(leader, state=IN_OFFICE, terms=(*former, Term(self.post, self.duty_line, head.recorded_at, self.until)))


@dataclass(frozen=True)
class LeaderRelieved(LeaderEvent):
    """The leader's term in the post is over; `successor` is the account that was appointed in his place, or empty."""

    post: str
    duty_line: str = ""
    successor: str = ""

    def apply(self, leader: Leader, head: Header) -> Leader:
        terms = tuple(_ended(one, self.post, self.duty_line, head, self.successor) for one in leader.terms)
        is_in_office = any(one.ended_at is None for one in terms)
        return replace(leader, state=IN_OFFICE if is_in_office else OUT_OF_OFFICE, terms=terms)


@dataclass(frozen=True)
class LeaderLinked(LeaderEvent):
    """The enterprises and units that the leader is linked to from now on, by credit code and unit code."""

    enterprises: tuple[str, ...] = ()
    units: tuple[str, ...] = ()

    def apply(self, leader: Leader, head: Header) -> Leader:
        return replace(leader, enterprises=self.enterprises, units=self.units)


def _ended(term: Term, post: str, duty_line: str, head: Header, successor: str = "") -> Term:
    if (term.post, term.duty_line) != (post, duty_line) or term.ended_at is not None:
        return term
    return replace(term, ended_at=head.recorded_at, successor=successor)


def enter(command: EnterLeader, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ23-2.4b, AS25-1.1b: a person with an account, once."""
    need_field("leader", command.leader)
    account = facts.given["leader_account"]
    if account is None or not account.is_active:
        raise Refusal(Code.ACCOUNT_UNKNOWN, account=command.leader)
    if account.roles.isdisjoint(LEADING_ROLES):
        raise Refusal(Code.VALUE_NOT_OFFERED, key="role", value=sorted(account.roles), offered=LEADING_ROLES)
    known = leader_of(facts.given["leaders"], command.leader)
    if known is not None:
        raise Refusal(Code.ALREADY_EXISTS, kind=SubjectKind.LEADER, id=known.id)
    return [Happened(Subject(SubjectKind.LEADER.value, facts.fresh_id), LeaderEntered(command.leader))]


def appoint(leader: Leader, command: AppointLeader, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-1.1b, XS25-4.3.2.3a: a post of the pack; of a single one the former holder's term ends, and that is logged."""
    need_field("post", command.post)
    need_value(policy, "leaders.posts", command.post)
    _need_line(policy, command.post, command.duty_line)
    if command.until is not None and command.until < local_day(now):
        raise Refusal(Code.DATE_TOO_EARLY, ticket=leader.id, date=command.until, earliest=local_day(now))
    own = leader.term(command.post, command.duty_line)
    if own is not None and own.until == command.until:
        return []
    happened = [Happened(leader.subject, LeaderAppointed(command.post, command.duty_line, command.until))]
    if is_single(policy.pack, command.post):
        others = (one for one in facts.given["leaders"] if one.id != leader.id and one.term(command.post, command.duty_line) is not None)
        happened += [Happened(one.subject, LeaderRelieved(command.post, command.duty_line, leader.account)) for one in others]
    return happened


def relieve(leader: Leader, command: RelieveLeader, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """A term that runs ends; one that does not is no matter."""
    need_field("post", command.post)
    if leader.term(command.post, command.duty_line) is None:
        return []
    return [Happened(leader.subject, LeaderRelieved(command.post, command.duty_line))]


def link(leader: Leader, command: LinkLeader, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """HM20-3.1b: each leader is linked to enterprises and units (双挂钩)."""
    for unit in command.units:
        if unit not in facts.units:
            raise Refusal(Code.UNIT_UNKNOWN, unit=unit)
    event = LeaderLinked(legal_codes(command.enterprises), tuple(dict.fromkeys(command.units)))
    if (event.enterprises, event.units) == (leader.enterprises, leader.units):
        return []
    return [Happened(leader.subject, event)]


def _need_line(policy: Policy, post: str, duty_line: str) -> None:
    if has_lines(policy.pack, post):
        need_field("duty_line", duty_line)
        need_plain_code("duty_line", duty_line)
        need_value(policy, "leaders.lines", duty_line)
    elif duty_line:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="duty_line", value=duty_line, offered=())


DECISIONS = {EnterLeader: enter, AppointLeader: appoint, RelieveLeader: relieve, LinkLeader: link}
