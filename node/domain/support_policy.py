"""
Support policies (惠企政策): a department keeps one with its conditions, and it is pushed to exactly the enterprises that meet them.

Who was told, who read and who applied is recorded by enterprise (AS25-3.6.2a, FJ23-3.2e); nobody is told twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import ClassVar

from node.domain.command import Facts
from node.domain.dossier import Dossier, DossierCommand, DossierEvent
from node.domain.entry import Happened, Header, SubjectKind
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket.checks import need_field, need_value

_KEEPERS = frozenset({Role.OFFICE, Role.MEMBER, Role.SPECIALIST, Role.DEPARTMENT})


@dataclass(frozen=True)
class Profile:
    """What an enterprise file says of an enterprise, as far as conditions ask."""

    id: str
    industry: str = ""
    block: str = ""
    size: str = ""
    area: str = ""
    tags: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Conditions:
    """Codes of which an enterprise must have one each; an empty list asks nothing."""

    industries: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    def are_met_by(self, profile: Profile) -> bool:
        """True if *profile* meets every list; an industry may also be named by its block."""
        return (
            (not self.industries or profile.industry in self.industries or profile.block in self.industries)
            and (not self.sizes or profile.size in self.sizes)
            and (not self.areas or profile.area in self.areas)
            and (not self.tags or bool(profile.tags & set(self.tags)))
        )


@dataclass(frozen=True)
class SupportPolicy(Dossier):
    """``state``: "open" or "withdrawn".  ``pushed``, ``read`` and ``applied``: enterprise files, by id, with the time."""

    kind: ClassVar[SubjectKind] = SubjectKind.SUPPORT_POLICY

    unit: str = ""
    title: Words | None = None
    conditions: Conditions = Conditions()
    mode: str = ""
    pushed: Mapping[str, datetime] = field(default_factory=dict)
    read: Mapping[str, datetime] = field(default_factory=dict)
    applied: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def parties(self) -> frozenset[str]:
        """The unit that keeps it."""
        return frozenset({self.unit})


class _OfPolicies(DossierCommand):
    subject_kind = SubjectKind.SUPPORT_POLICY
    roles = _KEEPERS


@dataclass(frozen=True)
class PublishSupportPolicy(_OfPolicies):
    """Publish a policy with its conditions; it is pushed at once to those who meet them."""

    starts = True
    needs = ("profiles",)

    title: Text
    wording: Text
    industries: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    mode: str = ""


@dataclass(frozen=True)
class PushSupportPolicy(_OfPolicies):
    """Push it to those who meet the conditions now and were not told yet."""

    needs = ("profiles",)


@dataclass(frozen=True)
class NoteSupportPolicyRead(_OfPolicies):
    """An enterprise opened it, or applied under it."""

    roles = _KEEPERS | {Role.ENTERPRISE}

    enterprise: str
    has_applied: bool = False


@dataclass(frozen=True)
class WithdrawSupportPolicy(_OfPolicies):
    """It is no longer in force; nobody is told any more."""


@dataclass(frozen=True)
class SupportPolicyPublished(DossierEvent):
    """
    A unit published a support policy; who meets all of its conditions is told. An empty list asks nothing.

    `mode` is how it is enjoyed: without application, on application, directly (AS25-3.6.2c).
    """

    begins = True

    unit: str
    industries: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    title: Words | None = None
    wording: Words | None = None
    mode: str = ""

    def begin(self, head: Header) -> SupportPolicy:
        return SupportPolicy(
            id=head.subject.id,
            owner=head.node,
            state="open",
            opened_at=head.recorded_at,
            changed_at=head.recorded_at,
            unit=self.unit,
            title=self.title,
            conditions=Conditions(self.industries, self.sizes, self.areas, self.tags),
            mode=self.mode,
        )


@dataclass(frozen=True)
class SupportPolicyPushed(DossierEvent):
    """These enterprises, by their files, met the conditions and were told; each once."""

    enterprises: tuple[str, ...]

    def apply(self, dossier: SupportPolicy, head: Header) -> SupportPolicy:
        return replace(dossier, pushed={**dict.fromkeys(self.enterprises, head.recorded_at), **dossier.pushed})


@dataclass(frozen=True)
class SupportPolicyRead(DossierEvent):
    """An enterprise opened the policy, or applied under it."""

    enterprise: str
    has_applied: bool = False

    def apply(self, dossier: SupportPolicy, head: Header) -> SupportPolicy:
        after = replace(dossier, read={self.enterprise: head.recorded_at, **dossier.read})
        return replace(after, applied={self.enterprise: head.recorded_at, **dossier.applied}) if self.has_applied else after


@dataclass(frozen=True)
class SupportPolicyWithdrawn(DossierEvent):
    """The policy is no longer in force."""

    def apply(self, dossier: SupportPolicy, head: Header) -> SupportPolicy:
        return replace(dossier, state="withdrawn")


def publish(command: PublishSupportPolicy, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-3.6.2a: kept by the unit that publishes it, and told to those whose profile meets it."""
    need_field("title", command.title)
    need_field("wording", command.wording)
    if command.mode:
        need_value(policy, "policy_push.benefit_modes", command.mode)
    conditions = Conditions(command.industries, command.sizes, command.areas, command.tags)
    event = SupportPolicyPublished(
        facts.actor.unit, command.industries, command.sizes, command.areas, command.tags, command.title, command.wording, command.mode
    )
    begun = SupportPolicy(facts.fresh_id, policy.node, "open", now, now, unit=facts.actor.unit, conditions=conditions)
    return [Happened(begun.subject, event), *_pushes(begun, facts)]


def push(dossier: SupportPolicy, command: PushSupportPolicy, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ23-3.2e: pushing again tells nobody twice."""
    _need_open(dossier)
    return _pushes(dossier, facts)


def note_read(dossier: SupportPolicy, command: NoteSupportPolicyRead, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """Of whom it was pushed to; the first time of each counts."""
    if command.enterprise not in dossier.pushed:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="enterprise", value=command.enterprise, offered=sorted(dossier.pushed))
    if command.enterprise in (dossier.applied if command.has_applied else dossier.read):
        return []
    return [Happened(dossier.subject, SupportPolicyRead(command.enterprise, command.has_applied))]


def withdraw(dossier: SupportPolicy, command: WithdrawSupportPolicy, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """Once; by the unit that keeps it, or the office."""
    if dossier.state == "withdrawn":
        return []
    if not facts.is_role(Role.OFFICE) and facts.actor.unit != dossier.unit:
        raise Refusal(Code.PERMISSION_DENIED, command="WithdrawSupportPolicy", role=facts.actor.role, unit=facts.actor.unit)
    return [Happened(dossier.subject, SupportPolicyWithdrawn())]


def _pushes(dossier: SupportPolicy, facts: Facts) -> list[Happened]:
    profiles: tuple[Profile, ...] = facts.given["profiles"]
    new = tuple(sorted(one.id for one in profiles if one.id not in dossier.pushed and dossier.conditions.are_met_by(one)))
    return [Happened(dossier.subject, SupportPolicyPushed(new))] if new else []


def _need_open(dossier: SupportPolicy) -> None:
    if dossier.state != "open":
        raise Refusal(Code.NOT_LISTED, kind="policy", id=dossier.id)


DECISIONS = {
    PublishSupportPolicy: publish,
    PushSupportPolicy: push,
    NoteSupportPolicyRead: note_read,
    WithdrawSupportPolicy: withdraw,
}
