"""
What becomes of accounts after they were opened: suspended and resumed, signed in for anew, stood in for.

All of it is journaled, so that whoever asks later sees who could act when, in whose place, and who changed it (AS25-3.2.1a).  What
people sign in with is not: that a password was reset is an entry, the password never.

A *deputy* acts for somebody who is away, in his roles and his unit; each entry says on whose behalf.  A *secretary* of a leader reads
what he reads and records what he decided on paper; he countersigns nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from node.domain.command import Command, Facts
from node.domain.entry import Event, Happened, Subject, SubjectKind
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.registering import need_say_over
from node.domain.registry import ADMINISTRATORS, Account, NodeCommand, NodeEvent, Registry
from node.domain.time import local_day

DEPUTY, SECRETARY = "deputy", "secretary"
DUTIES = (DEPUTY, SECRETARY)
# What a secretary may give in his leader's name: an entry of what stands on paper, which a second account of the office confirms.
SECRETARY_RECORDS = frozenset({"RecordDecisionFor"})
# A leave; a secretary is appointed for a year at most, and again.
days_max: Mapping[str, int] = {DEPUTY: 92, SECRETARY: 366}
CREDENTIALS = ("password", "second_factor", "certificate", "oidc")

_LED = frozenset({Role.LEADER.value, Role.GOVERNMENT.value})
_STAFF = frozenset(Role) - {Role.ENTERPRISE, Role.NODE, Role.FINDER, Role.ASSESSOR}


# --- events -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class AccountSuspended(NodeEvent):
    """The account may not act until it is resumed; its sessions are over at once."""

    account: str
    reason: Words | None = None


@dataclass(frozen=True)
class AccountResumed(NodeEvent):
    """A suspended account may act again, in the roles that it had."""

    account: str


@dataclass(frozen=True)
class CredentialsReset(NodeEvent):
    """
    What the account signs in with was set anew by somebody else; every session of it ended.

    `credential`: "password", "second_factor", "certificate" or "oidc".
    """

    account: str
    credential: str


@dataclass(frozen=True)
class DeputyNamed(NodeEvent):
    """
    From `from_day` to `to_day`, both included, `deputy` acts for `account`; naming him again sets the days anew.

    `duty`: "deputy" (in all that `account` may) or "secretary" (reading, and recording what was decided on paper).
    """

    account: str
    deputy: str
    duty: str
    from_day: date
    to_day: date


@dataclass(frozen=True)
class DeputyEnded(NodeEvent):
    """`deputy` acts for `account` no more."""

    account: str
    deputy: str


@dataclass(frozen=True)
class TokenMade(NodeEvent):
    """
    Another system may act as `account` by a token until `to_day`, included: in `role` alone unless that is empty.

    `token` is what lists call it, of its secret there is nothing here. `scopes`: "all", "read", queries and commands.
    """

    account: str
    token: str
    role: str
    scopes: tuple[str, ...]
    to_day: date


@dataclass(frozen=True)
class TokenRevoked(NodeEvent):
    """The token `token` of `account` opens nothing any more."""

    account: str
    token: str


@dataclass(frozen=True)
class HookAdded(NodeEvent):
    """
    Another system at `told_to` is told of entries as `account` in `role` sees them, of `kinds` alone if any are named.

    `told_to` is a host with its port, without a path, which may be a secret. `hook` is what lists call it.
    """

    account: str
    hook: str
    role: str
    told_to: str
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class HookRemoved(NodeEvent):
    """Nothing more is told to `hook`."""

    account: str
    hook: str


# --- commands ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SuspendAccount(NodeCommand):
    """Let an account act no more until it is resumed (AS25-3.2.1a)."""

    roles = frozenset({Role.OFFICE, Role.SECURITY_ADMIN, Role.NODE})

    account: str
    reason: Text | None = None


@dataclass(frozen=True)
class ResumeAccount(NodeCommand):
    """Let a suspended account act again."""

    roles = frozenset({Role.OFFICE, Role.SECURITY_ADMIN, Role.NODE})

    account: str


@dataclass(frozen=True)
class ResetCredentials(NodeCommand):
    """Note that what an account signs in with is set anew: ``credential`` "password", "second_factor", "certificate" or "oidc"."""

    roles = frozenset({Role.OFFICE, Role.SECURITY_ADMIN, Role.NODE})

    account: str
    credential: str


@dataclass(frozen=True)
class NameDeputy(NodeCommand):
    """
    Let ``deputy`` act for ``account`` from one day to another, both included; ``duty`` "deputy" or "secretary".

    Somebody names his own; the office and the leader of his department name one for him.
    """

    roles = _STAFF

    account: str
    deputy: str
    from_day: date
    to_day: date
    duty: str = DEPUTY


@dataclass(frozen=True)
class EndDeputy(NodeCommand):
    """Let ``deputy`` act for ``account`` no more."""

    roles = _STAFF

    account: str
    deputy: str


def decide(registry: Registry, command: Command, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """
    Say what follows from a command about an account, or raise a Refusal.

    Raises:
        Refusal: COMMAND_UNKNOWN, PERMISSION_DENIED, ACCOUNT_UNKNOWN, OWN_CASE, ACCOUNT_CLOSED, DEPUTY_UNFIT, FIELD_REQUIRED,
            VALUE_NOT_OFFERED, MALFORMED_COMMAND.
    """
    decision = DECISIONS.get(type(command))
    if decision is None:
        raise Refusal(Code.COMMAND_UNKNOWN, command=type(command).__name__)
    if facts.actor.role not in {role.value for role in command.roles}:
        raise Refusal(Code.PERMISSION_DENIED, command=type(command).__name__, role=facts.actor.role)
    event = decision(registry, command, facts, now)
    return [] if event is None else [Happened(Subject(SubjectKind.NODE.value, policy.node), event)]


def suspend(registry: Registry, command: SuspendAccount, facts: Facts, now: datetime) -> Event | None:
    account = _need_other(registry, command, facts)
    return AccountSuspended(command.account, command.reason) if account.is_active else None


def resume(registry: Registry, command: ResumeAccount, facts: Facts, now: datetime) -> Event | None:
    account = _need_other(registry, command, facts)
    if account.is_active:
        return None
    # A closed account is opened again with its roles set anew: who left may come back as somebody else.
    if account.status != "suspended":
        raise Refusal(Code.ACCOUNT_CLOSED, account=account.id)
    return AccountResumed(command.account)


def reset(registry: Registry, command: ResetCredentials, facts: Facts, now: datetime) -> Event:
    _need_other(registry, command, facts)
    if command.credential not in CREDENTIALS:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="credential", value=command.credential, offered=CREDENTIALS)
    return CredentialsReset(command.account, command.credential)


def name_deputy(registry: Registry, command: NameDeputy, facts: Facts, now: datetime) -> Event:
    """A leave is covered inside a unit unless the office says otherwise; rights of administrators are lent to nobody."""
    _need_say(registry, command, facts)
    absent, deputy = _need_known(registry, command.account), _need_known(registry, command.deputy)
    if command.duty not in DUTIES:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="duty", value=command.duty, offered=DUTIES)
    if absent.id == deputy.id or not deputy.is_active or (absent.roles | deputy.roles) & ADMINISTRATORS:
        raise Refusal(Code.DEPUTY_UNFIT, account=command.account, deputy=command.deputy)
    if command.duty == SECRETARY and not absent.roles & _LED:
        raise Refusal(Code.DEPUTY_UNFIT, account=command.account, deputy=command.deputy)
    if command.duty == DEPUTY and absent.unit != deputy.unit and not facts.is_role(Role.OFFICE):
        raise Refusal(Code.DEPUTY_UNFIT, account=command.account, deputy=command.deputy)
    last = command.from_day + timedelta(days=days_max[command.duty] - 1)
    if not command.from_day <= command.to_day <= last or command.to_day < local_day(now):
        raise Refusal(Code.MALFORMED_COMMAND, field="to_day")
    return DeputyNamed(command.account, command.deputy, command.duty, command.from_day, command.to_day)


def end_deputy(registry: Registry, command: EndDeputy, facts: Facts, now: datetime) -> Event:
    # Who stands in may give it back, too.
    if facts.actor.account != command.deputy:
        _need_say(registry, command, facts)
    _need_known(registry, command.account)
    return DeputyEnded(command.account, command.deputy)


def _need_other(registry: Registry, command: SuspendAccount | ResumeAccount | ResetCredentials, facts: Facts) -> Account:
    account = _need_known(registry, command.account)
    need_say_over(account, command, facts)
    return account


def _need_known(registry: Registry, account: str) -> Account:
    found = registry.accounts.get(account)
    if found is None:
        raise Refusal(Code.ACCOUNT_UNKNOWN, account=account)
    return found


def _need_say(registry: Registry, command: NameDeputy | EndDeputy, facts: Facts) -> None:
    """Asked before anything is known of the account: who has no say over it is not told whether it is there."""
    absent = registry.accounts.get(command.account)
    is_leader = absent is not None and facts.is_role(Role.DEPARTMENT_LEADER) and facts.actor.unit == absent.unit
    if facts.actor.account != command.account and not is_leader and not facts.is_role(Role.OFFICE, Role.NODE):
        raise Refusal(Code.PERMISSION_DENIED, command=type(command).__name__, role=facts.actor.role)


DECISIONS: Mapping[type[Command], Callable[..., Event | None]] = {
    SuspendAccount: suspend,
    ResumeAccount: resume,
    ResetCredentials: reset,
    NameDeputy: name_deputy,
    EndDeputy: end_deputy,
}
