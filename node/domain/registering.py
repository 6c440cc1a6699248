"""What follows from commands about the node itself: each decision on what the registry knows, without reading anything."""

import re
from datetime import datetime

from node.domain.command import Command, Facts
from node.domain.division import NodeCode
from node.domain.entry import Event, Happened, Subject, SubjectKind
from node.domain.interpreting import need_interpreter
from node.domain.organisation import Role
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.registry import (
    ADMINISTRATORS,
    LANE_ACTS,
    NODE_STATUSES,
    Account,
    AccountClosed,
    AccountOpened,
    AdmitNode,
    AdoptCalendar,
    AdoptPack,
    CalendarAdopted,
    CloseAccount,
    CloseUnit,
    EpochGranted,
    GrantEpoch,
    HandleLane,
    InviteNode,
    JoinSuperior,
    LaneHandled,
    NodeAdmitted,
    NodeInvited,
    NodeStatusSet,
    OpenAccount,
    OpenUnit,
    PackAdopted,
    Registry,
    SetNodeStatus,
    SuperiorJoined,
    UnitClosed,
    UnitOpened,
    unit_code,
)

# What a unit is called behind its node's code: it stands in clock names and file names.
_SHORT_NAME = re.compile(r"[a-z0-9][a-z0-9_]{0,39}")


def decide(registry: Registry, command: Command, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """
    Say what follows from a command about the node itself, or raise a Refusal.

    Raises:
        Refusal: PERMISSION_DENIED, OWN_CASE, UNIT_UNKNOWN, ACCOUNT_UNKNOWN, LAST_SPECIALIST, NODE_UNKNOWN, ALREADY_EXISTS,
            VALUE_NOT_OFFERED, FIELD_REQUIRED.
    """
    if facts.actor.role not in {role.value for role in command.roles}:
        raise Refusal(Code.PERMISSION_DENIED, command=type(command).__name__, role=facts.actor.role)
    subject = Subject(SubjectKind.NODE.value, policy.node)
    match command:
        case OpenUnit():
            event: Event | None = _open_unit(registry, command, policy)
        case CloseUnit():
            event = _close_unit(registry, command)
        case OpenAccount():
            event = _open_account(registry, command, facts, policy)
        case CloseAccount():
            event = _close_account(registry, command, facts, policy)
        case InviteNode():
            event = _invite(registry, command, policy)
        case AdmitNode():
            event = NodeAdmitted(command.node, command.name, command.fingerprint)
        case SetNodeStatus():
            event = _set_status(registry, command, policy)
        case GrantEpoch():
            event = _grant_epoch(registry, command, facts)
        case HandleLane():
            event = _handle_lane(command, facts, policy)
        case JoinSuperior():
            event = None if command.line == policy.place.line else SuperiorJoined(command.line, command.names)
        case AdoptPack():
            event = _adopt_pack(registry, command, facts, policy)
        case AdoptCalendar():
            is_known = registry.adopted.get(("calendar", command.calendar)) == command.blob
            event = None if is_known else CalendarAdopted(command.calendar, command.version, command.blob)
        case _:
            raise Refusal(Code.COMMAND_UNKNOWN, command=type(command).__name__)
    return [] if event is None else [Happened(subject, event)]


def _adopt_pack(registry: Registry, command: AdoptPack, facts: Facts, policy: Policy) -> Event | None:
    need_interpreter("AdoptPack", command.reason, facts, policy)
    if registry.adopted.get(("pack", command.pack)) == command.digest:
        return None
    return PackAdopted(command.pack, command.version, command.digest, command.blob, command.effective_from, command.reason)


def _open_unit(registry: Registry, command: OpenUnit, policy: Policy) -> Event | None:
    if not command.unit or not command.name:
        raise Refusal(Code.FIELD_REQUIRED, field="unit" if not command.unit else "name")
    code = unit_code(policy.node, command.unit)
    if not _SHORT_NAME.fullmatch(code.removeprefix(f"{policy.node}-")):
        raise Refusal(Code.MALFORMED_COMMAND, field="unit")
    if registry.units.get(code) == command.name:
        return None
    return UnitOpened(code, command.kind, command.name)


def _close_unit(registry: Registry, command: CloseUnit) -> Event:
    if command.unit not in registry.units:
        raise Refusal(Code.UNIT_UNKNOWN, unit=command.unit)
    return UnitClosed(command.unit)


def _open_account(registry: Registry, command: OpenAccount, facts: Facts, policy: Policy) -> Event | None:
    if not command.account:
        raise Refusal(Code.FIELD_REQUIRED, field="account")
    if not command.account_roles:
        raise Refusal(Code.FIELD_REQUIRED, field="roles")
    known = {role.value for role in Role}
    for role in command.account_roles:
        if role not in known:
            raise Refusal(Code.VALUE_NOT_OFFERED, key="role", value=role, offered=sorted(known))
    if command.unit and command.unit not in registry.units:
        raise Refusal(Code.UNIT_UNKNOWN, unit=command.unit)
    wanted = set(command.account_roles) & ADMINISTRATORS
    # DESIGN 10: three administrators that exclude one another; their rights come from the security administrator.
    if len(wanted) > 1:
        raise Refusal(Code.ROLES_EXCLUDE, roles=sorted(wanted))
    if wanted and not facts.is_role(Role.SECURITY_ADMIN, Role.NODE):
        raise Refusal(Code.PERMISSION_DENIED, command="OpenAccount", role=facts.actor.role)
    former = registry.accounts.get(command.account)
    is_same = former and former.is_active and former.roles == frozenset(command.account_roles) and former.unit == command.unit
    if is_same and not (command.is_named_anew and (command.name or command.phone)):
        return None
    if former and (Role.SPECIALIST.value not in command.account_roles or former.unit != command.unit):
        _need_successor(registry, former, policy)
    return AccountOpened(command.account, command.unit, command.account_roles, command.name, command.phone)


def _close_account(registry: Registry, command: CloseAccount, facts: Facts, policy: Policy) -> Event | None:
    account = registry.accounts.get(command.account)
    if account is None:
        raise Refusal(Code.ACCOUNT_UNKNOWN, account=command.account)
    need_say_over(account, command, facts)
    if account.status == "closed":
        return None
    _need_successor(registry, account, policy)
    return AccountClosed(command.account)


def need_say_over(account: Account, command: Command, facts: Facts) -> None:
    """
    DESIGN 10: administrators are the security administrator's; nobody decides about his own account.

    Raises:
        Refusal: PERMISSION_DENIED, OWN_CASE.
    """
    name = type(command).__name__
    if account.roles & ADMINISTRATORS and not facts.is_role(Role.SECURITY_ADMIN, Role.NODE):
        raise Refusal(Code.PERMISSION_DENIED, command=name, role=facts.actor.role)
    if facts.actor.account == account.id:
        raise Refusal(Code.OWN_CASE, unit=account.unit)


def _need_successor(registry: Registry, account: Account, policy: Policy) -> None:
    """AS25-1.2c: the last service specialist of a member unit goes only once there is another."""

    def serves(one: Account) -> bool:
        return one.is_active and one.unit == account.unit and Role.SPECIALIST.value in one.roles

    is_member = account.unit in {unit_code(policy.node, unit) for unit in policy.pack.names("members.units")}
    if is_member and serves(account) and not any(serves(one) for one in registry.accounts.values() if one.id != account.id):
        raise Refusal(Code.LAST_SPECIALIST, account=account.id, unit=account.unit)


def _invite(registry: Registry, command: InviteNode, policy: Policy) -> Event:
    try:
        NodeCode.parse(command.node)
    except ValueError:
        raise Refusal(Code.NODE_CODE_INVALID, node=command.node) from None
    if command.node == policy.node or command.node in policy.place.line:
        raise Refusal(Code.ALREADY_EXISTS, kind="node", id=command.node)
    if registry.nodes.get(command.node) == "revoked":
        raise Refusal(Code.NODE_REVOKED, node=command.node)
    return NodeInvited(command.node, command.name, command.fingerprint)


def _set_status(registry: Registry, command: SetNodeStatus, policy: Policy) -> Event | None:
    if command.status not in NODE_STATUSES:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="status", value=command.status, offered=NODE_STATUSES)
    status = registry.nodes.get(command.node)
    if status is None:
        raise Refusal(Code.NODE_UNKNOWN, node=command.node)
    if status == "revoked" and command.status != "revoked":
        raise Refusal(Code.NODE_REVOKED, node=command.node)
    if command.node in policy.place.frozen:
        # Who has handed a node over decides nothing of it any more: where the move is known to be over, it is a stranger's word (2.7).
        raise Refusal(Code.REPARENTING_OPEN, node=command.node)
    return None if status == command.status else NodeStatusSet(command.node, command.status, command.reason)


def _handle_lane(command: HandleLane, facts: Facts, policy: Policy) -> Event:
    """FEDERATION 2.3 no. 15.  The fact "lane" is where the entry in the way stands, or None."""
    if command.act not in LANE_ACTS:
        raise Refusal(Code.MALFORMED_COMMAND, field="act")
    if command.act == "skipped" and (command.reason is None or not command.reason.plain):
        raise Refusal(Code.FIELD_REQUIRED, field="reason")
    if command.act == "reported" and not policy.place.line:
        raise Refusal(Code.NO_SUPERIOR, node=policy.node)
    found = facts.given["lane"]
    if found is None:
        raise Refusal(Code.LANE_RUNS, ticket=command.ticket)
    node, epoch, seq = found
    return LaneHandled(command.ticket, node, epoch, seq, command.act, command.reason)


def _grant_epoch(registry: Registry, command: GrantEpoch, facts: Facts) -> Event:
    if command.reason is None or not command.reason.plain:
        raise Refusal(Code.FIELD_REQUIRED, field="reason")
    status = registry.nodes.get(command.node)
    held = facts.given["mirror"]
    if status is None or held is None:
        raise Refusal(Code.NODE_UNKNOWN, node=command.node)
    if status == "revoked":
        raise Refusal(Code.NODE_REVOKED, node=command.node)
    epoch, size, root = held
    return EpochGranted(command.node, epoch + 1, epoch, size, root, command.reason)
