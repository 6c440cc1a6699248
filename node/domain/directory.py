"""
What stands around a node and its tickets: who is on duty or appointed when, who is in which service group, and the intermediary
bodies that enterprises are brought together with.

A *turn* is somebody's or some body's time: a person on duty (FJ23-3.2b), a chamber's rotation (AS25-3.5a), a special supervisor's
term (AS25-2.2.7), or an event at which needs are gathered (FJ25-2.5.2).  All of it is journaled by the node, as the registry is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from node.domain.code_words import need_code
from node.domain.command import Command, Facts
from node.domain.dossier import Decision
from node.domain.entry import Event, Happened, Subject, SubjectKind
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.registry import NodeCommand, NodeEvent
from node.domain.service_groups import kind_of_group
from node.domain.time import local_day

DUTY, ROTATION, APPOINTMENT = "duty", "chamber_rotation", "appointment"
# Beside these, the kinds of events that the pack names (``occasions.kinds``).
OWN_KINDS = (DUTY, ROTATION, APPOINTMENT)
KEY_GROUP = "key_enterprise"
ACCOUNT, ENTERPRISE = "account", "enterprise"


@dataclass(frozen=True)
class Turn:
    """Somebody's time: from ``begins_at``, inclusive, to ``ends_at``, exclusive.  ``who`` is an account, or what a body is called."""

    id: str
    kind: str
    who: str
    begins_at: datetime
    ends_at: datetime
    place: str = ""

    def covers(self, moment: datetime) -> bool:
        """True if *moment* lies in it."""
        return self.begins_at <= moment < self.ends_at


# --- events -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TurnPlanned(NodeEvent):
    """
    A turn was entered into the node's plan, or set anew: somebody on duty, a chamber's rotation, a term of appointment, an event.

    `who` is an account, or the public name of a body. It begins at `begins_at` and is over at `ends_at`.
    """

    turn: str
    turn_kind: str
    who: str
    begins_at: datetime
    ends_at: datetime
    place: str = ""


@dataclass(frozen=True)
class TurnCancelled(NodeEvent):
    """The turn does not take place; needs that named it keep it."""

    turn: str


@dataclass(frozen=True)
class GroupJoined(NodeEvent):
    """An official (`member_kind` "account") or an enterprise's head ("enterprise") is in the service group now."""

    group: str
    member: str
    member_kind: str
    reason: Words | None = None


@dataclass(frozen=True)
class GroupLeft(NodeEvent):
    """The member is not in the service group any more."""

    group: str
    member: str


@dataclass(frozen=True)
class IntermediaryListed(NodeEvent):
    """An intermediary body stands in the node's directory; `name` is what the public knows it by."""

    intermediary: str
    intermediary_kind: str
    name: str


# --- commands ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PlanTurn(NodeCommand):
    """Enter a turn into the plan. ``turn`` is its id; given again it sets the turn anew."""

    roles = frozenset({Role.OFFICE, Role.MEMBER, Role.SPECIALIST})

    turn: str
    turn_kind: str
    who: str
    begins_at: datetime
    ends_at: datetime
    place: str = ""


@dataclass(frozen=True)
class CancelTurn(NodeCommand):
    """Take a turn out of the plan."""

    roles = frozenset({Role.OFFICE, Role.MEMBER, Role.SPECIALIST})
    needs = ("turns",)

    turn: str


@dataclass(frozen=True)
class JoinGroup(NodeCommand):
    """
    Record that an official (``account``) or an enterprise's head (``enterprise``, the id of its file) is in a service group.

    ``reason`` is asked for where an enterprise without a tag of the pack joins the key enterprises' group.
    """

    roles = frozenset({Role.OFFICE, Role.SPECIALIST})
    needs = ("enterprise", "members")

    group: str
    account: str = ""
    enterprise: str = ""
    reason: Text | None = None


@dataclass(frozen=True)
class LeaveGroup(NodeCommand):
    """Record that a member left a service group."""

    roles = frozenset({Role.OFFICE, Role.SPECIALIST})
    needs = ("members",)

    group: str
    member: str


@dataclass(frozen=True)
class ListIntermediary(NodeCommand):
    """Put an intermediary body into the directory, or call it anew."""

    roles = frozenset({Role.OFFICE, Role.SPECIALIST})

    intermediary: str
    intermediary_kind: str
    name: str


# --- decisions --------------------------------------------------------------------------------------------------------


def decide(command: Command, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """
    Say what follows from a command about the directory, or raise a Refusal.

    Raises:
        Refusal: COMMAND_UNKNOWN, PERMISSION_DENIED, FIELD_REQUIRED, VALUE_NOT_OFFERED, MALFORMED_COMMAND, SUBJECT_UNKNOWN,
            GROUP_UNKNOWN.
    """
    decision = DECISIONS.get(type(command))
    if decision is None:
        raise Refusal(Code.COMMAND_UNKNOWN, command=type(command).__name__)
    name = type(command).__name__
    allowed = policy.pack.names(f"rights.{name}") or tuple(role.value for role in command.roles)
    if facts.actor.role not in allowed:
        raise Refusal(Code.PERMISSION_DENIED, command=name, role=facts.actor.role)
    return decision(command, facts, policy, now)


def _said(policy: Policy, event: Event) -> list[Happened]:
    return [Happened(Subject(SubjectKind.NODE.value, policy.node), event)]


def plan_turn(command: PlanTurn, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-3.5a, AS25-2.2.7, FJ25-2.5.2, FJ23-3.2b: who, from when to when, and where; overlaps are reported, not refused."""
    for field in ("turn", "turn_kind", "who"):
        if not getattr(command, field):
            raise Refusal(Code.FIELD_REQUIRED, field=field)
    need_code("turn", command.turn)
    offered = (*OWN_KINDS, *policy.pack.names("occasions.kinds"))
    if command.turn_kind not in offered:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="occasions.kinds", value=command.turn_kind, offered=offered)
    if command.ends_at <= command.begins_at:
        raise Refusal(Code.MALFORMED_COMMAND, field="ends_at")
    event = TurnPlanned(command.turn, command.turn_kind, command.who, command.begins_at, command.ends_at, command.place)
    return _said(policy, event)


def cancel_turn(command: CancelTurn, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """A turn that is not in the plan cannot be taken out of it."""
    turns: Mapping[str, Turn] = facts.given["turns"]
    if command.turn not in turns:
        raise Refusal(Code.NOT_LISTED, kind="turn", id=command.turn)
    return _said(policy, TurnCancelled(command.turn))


def join_group(command: JoinGroup, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ23-3.2c, FJ23-1.1b: a group of the pack; an untagged enterprise is in the key group only with a reason."""
    kind = kind_of_group(policy.pack, command.group)
    if bool(command.account) == bool(command.enterprise):
        raise Refusal(Code.FIELD_REQUIRED, field="account")
    member = command.account or command.enterprise
    need_code("account", command.account)
    if member in facts.given["members"]:
        return []
    if command.enterprise:
        enterprise = facts.given["enterprise"]
        if enterprise is None:
            raise Refusal(Code.SUBJECT_UNKNOWN, kind="enterprise", id=command.enterprise)
        invited = policy.pack.names("groups.key_enterprise_tags")
        if kind == KEY_GROUP and invited and not set(invited) & set(enterprise.tags) and not command.reason:
            raise Refusal(Code.FIELD_REQUIRED, field="reason")
    joined = GroupJoined(command.group, member, ACCOUNT if command.account else ENTERPRISE, command.reason)
    return _said(policy, joined)


def leave_group(command: LeaveGroup, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """Only a member leaves."""
    kind_of_group(policy.pack, command.group)
    return _said(policy, GroupLeft(command.group, command.member)) if command.member in facts.given["members"] else []


def list_intermediary(command: ListIntermediary, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ25-1.2.4a: by one of the pack's kinds."""
    for field in ("intermediary", "intermediary_kind", "name"):
        if not getattr(command, field):
            raise Refusal(Code.FIELD_REQUIRED, field=field)
    need_code("intermediary", command.intermediary)
    offered = policy.pack.names("intermediaries.kinds")
    if offered and command.intermediary_kind not in offered:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="intermediaries.kinds", value=command.intermediary_kind, offered=offered)
    return _said(policy, IntermediaryListed(command.intermediary, command.intermediary_kind, command.name))


DECISIONS: dict[type[Command], Decision] = {
    PlanTurn: plan_turn,
    CancelTurn: cancel_turn,
    JoinGroup: join_group,
    LeaveGroup: leave_group,
    ListIntermediary: list_intermediary,
}


# --- what a plan lacks ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, order=True)
class PlanFault:
    """A day without anybody (``turns`` is empty), or one on which several are at the same place."""

    day: date
    place: str = ""
    turns: tuple[str, ...] = ()


def plan_faults(turns: Iterable[Turn], first: date, last: date) -> list[PlanFault]:
    """
    Overlaps and gaps of a rotation plan from *first* to *last*, both included, by Beijing day (AS25-3.5a).

    Two bodies on one day at one place are an overlap, a day without any is a gap.
    """
    found: list[PlanFault] = []
    planned = sorted(turns, key=lambda turn: (turn.begins_at, turn.id))
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        on_duty = [turn for turn in planned if local_day(turn.begins_at) <= day <= local_day(turn.ends_at - timedelta.resolution)]
        if not on_duty:
            found.append(PlanFault(day))
        for place in sorted({turn.place for turn in on_duty}):
            same = tuple(turn.id for turn in on_duty if turn.place == place)
            if len(same) > 1:
                found.append(PlanFault(day, place, same))
    return found
