"""What a channel asks for beyond text, appellant and time: its group, its desk, its occasion, its finder, its caller."""

from datetime import datetime

from node.domain.command import Facts
from node.domain.credit_code import normalise
from node.domain.directory import APPOINTMENT, DUTY, Turn
from node.domain.division import NodeCode, is_within
from node.domain.enterprise.record import Enterprise
from node.domain.organisation import Role
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.service_groups import kind_of_group
from node.domain.ticket.checks import need_field, need_value
from node.domain.ticket.sweep import opening_of
from node.domain.time import local_day

# The registering authority of the State itself.
STATE = "100000"


def need_channel(policy: Policy, facts: Facts, channel: str) -> None:
    """The pack has the channel, and the actor's role may use it (FJ25-2.4.2, AS25-2.2.7)."""
    need_field("channel", channel)
    need_value(policy, "intake.channels", channel)
    roles = policy.pack.names(f"channel.roles.{channel}")
    if roles and facts.actor.role not in roles:
        raise Refusal(Code.PERMISSION_DENIED, command=channel, role=facts.actor.role)


def need_group(policy: Policy, channel: str, group: str) -> None:
    """FJ25-2.4.1: what comes in by a group names which one, and one of the pack's."""
    if channel in policy.pack.names("intake.group_required"):
        need_field("group", group)
    if group:
        kind = kind_of_group(policy.pack, group)
        need_value(policy, f"channel.groups.{channel}", kind)


def need_finder(policy: Policy, channel: str, finder: str) -> None:
    """XS25-4.1.1b, 4.1.3b: what was found and not reported names the kind of its finder."""
    if policy.pack.names(f"finders.{channel}"):
        need_field("finder", finder)
        need_value(policy, f"finders.{channel}", finder)


def need_caller(policy: Policy, channel: str, *, has_number: bool, is_withheld: bool) -> None:
    """FJ23-3.2a: a call has the caller's number, or the note that he withheld it."""
    if channel in policy.pack.names("intake.caller_required") and not (has_number or is_withheld):
        raise Refusal(Code.FIELD_REQUIRED, field="phone")


def need_occasion(policy: Policy, channel: str, occasion: str, turns: dict[str, Turn], at: datetime) -> None:
    """FJ25-2.5.2, AS25-2.2.6: the event or the shift in which it was collected; it must have been on, on that Beijing day."""
    kinds = policy.pack.names(f"channel.occasions.{channel}")
    if not kinds:
        return
    need_field("occasion", occasion)
    turn = turns.get(occasion)
    if turn is None or turn.kind not in kinds:
        raise Refusal(Code.NOT_LISTED, kind="turn", id=occasion)
    if not local_day(turn.begins_at) <= local_day(at) <= local_day(turn.ends_at):
        raise Refusal(Code.OUTSIDE_OCCASION, occasion=occasion, begins=local_day(turn.begins_at), ends=local_day(turn.ends_at))


def need_appointed(policy: Policy, facts: Facts, channel: str, turns: dict[str, Turn], now: datetime) -> None:
    """AS25-2.2.7: a special supervisor files within the term of his appointment."""
    if channel not in policy.pack.names("intake.appointed_only") or not facts.is_role(Role.FINDER):
        return
    own = [turn for turn in turns.values() if turn.kind == APPOINTMENT and turn.who == facts.actor.account]
    if not any(turn.covers(now) for turn in own):
        raise Refusal(Code.APPOINTMENT_OVER, account=facts.actor.account)


def is_after_hours(policy: Policy, now: datetime) -> bool:
    """FJ23-3.2b: nobody is there at *now*, by the pack's opening windows; it is taken in all the same."""
    return not opening_of(policy.pack).is_open(now, policy.calendar)


def need_local(policy: Policy, file: Enterprise | None, credit_code: str) -> None:
    """
    FJ25-1.1.3: where a mechanism serves its own place only, an enterprise from elsewhere needs the tie to a native of this one.

    A file says where the enterprise is; without one its code says where it was registered, at this place's level or one above it.
    """
    if not policy.pack.flag("subjects.local_only") or (file is not None and file.is_native_tie):
        return
    division = file.division if file is not None and file.division else normalise(credit_code)[2:8]
    if division and not _is_of_place(division, NodeCode.parse(policy.node).division):
        raise Refusal(Code.SUBJECT_OUT_OF_SCOPE, division=division, node=policy.node)


def _is_of_place(division: str, home: str) -> bool:
    if division == STATE:
        return True
    try:
        return is_within(division, home) or is_within(home, division)
    except ValueError:
        return False


def on_duty(turns: dict[str, Turn], now: datetime) -> str:
    """The account on duty at *now*: of several the one whose duty began last; empty if there is none."""
    found = [turn for turn in turns.values() if turn.kind == DUTY and turn.covers(now)]
    return max(found, key=lambda turn: (turn.begins_at, turn.id)).who if found else ""
