"""What the mechanism does for an enterprise beside its appeals: service packages, benefits, an agent for a project of the park."""

from dataclasses import dataclass, replace
from datetime import datetime

from node.domain.command import Facts
from node.domain.dossier import DossierCommand, DossierEvent
from node.domain.enterprise import record as e
from node.domain.entry import Happened, Header, SubjectKind
from node.domain.organisation import Role
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.support_policy import Profile, SupportPolicy

_DESKS = frozenset({Role.OFFICE, Role.WINDOW_CLERK, Role.SPECIALIST, Role.STEWARD, Role.MEMBER})


@dataclass(frozen=True)
class DrawService(DossierCommand):
    """The enterprise draws ``item`` of the service package for small firms (FJ25-1.2.4b)."""

    subject_kind = SubjectKind.ENTERPRISE
    roles = _DESKS | {Role.ENTERPRISE}

    item: str


@dataclass(frozen=True)
class GrantBenefit(DossierCommand):
    """The enterprise was granted the benefit of ``policy``, a support policy of the node, by its id (AS25-3.6.2c)."""

    subject_kind = SubjectKind.ENTERPRISE
    roles = _DESKS | {Role.DEPARTMENT}
    needs = ("benefit",)

    policy: str


@dataclass(frozen=True)
class AssignAgent(DossierCommand):
    """``account`` files and acts for a project of the park (FJ25-3.7.3b)."""

    subject_kind = SubjectKind.ENTERPRISE
    roles = frozenset({Role.OFFICE, Role.SPECIALIST})

    account: str


@dataclass(frozen=True)
class RecordStep(DossierCommand):
    """A step of the pack's list, from start to production, is done."""

    subject_kind = SubjectKind.ENTERPRISE
    roles = _DESKS | {Role.DEPARTMENT}

    step: str


@dataclass(frozen=True)
class ServiceDrawn(DossierEvent):
    """An item of the service package was drawn."""

    item: str

    def apply(self, dossier: e.Enterprise, head: Header) -> e.Enterprise:
        return replace(dossier, draws=(*dossier.draws, e.Draw(self.item, head.recorded_at, head.actor.account)))


@dataclass(frozen=True)
class BenefitGranted(DossierEvent):
    """The enterprise enjoys the policy."""

    policy: str

    def apply(self, dossier: e.Enterprise, head: Header) -> e.Enterprise:
        return replace(dossier, benefits=(*dossier.benefits, e.Draw(self.policy, head.recorded_at, head.actor.account)))


@dataclass(frozen=True)
class AgentAssigned(DossierEvent):
    """`account` is the project's agent from now on."""

    account: str

    def apply(self, dossier: e.Enterprise, head: Header) -> e.Enterprise:
        return replace(dossier, agent=self.account)


@dataclass(frozen=True)
class StepDone(DossierEvent):
    """A step of the project is done."""

    step: str

    def apply(self, dossier: e.Enterprise, head: Header) -> e.Enterprise:
        return replace(dossier, steps=(*dossier.steps, self.step))


def draw_service(file: e.Enterprise, command: DrawService, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ25-1.2.4b: an item of the package, for small and micro enterprises only; each draw counts."""
    offered = policy.pack.names("service_package.items")
    if command.item not in offered:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="service_package.items", value=command.item, offered=offered)
    sizes = policy.pack.names("service_package.sizes")
    if file.size not in sizes:
        raise Refusal(Code.NOT_ELIGIBLE, item=command.item, size=file.size, offered=sizes)
    return [Happened(file.subject, ServiceDrawn(item=command.item))]


def grant_benefit(file: e.Enterprise, command: GrantBenefit, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-3.6.2c: a policy in force, whose conditions the enterprise meets; once."""
    found: SupportPolicy | None = facts.given["benefit"]
    if found is None or found.state != "open":
        raise Refusal(Code.NOT_LISTED, kind="policy", id=command.policy)
    if not found.conditions.are_met_by(profile_of(file)):
        raise Refusal(Code.NOT_ELIGIBLE, item=command.policy, size=file.size, offered=found.conditions.sizes)
    if any(one.item == command.policy for one in file.benefits):
        return []
    return [Happened(file.subject, BenefitGranted(policy=command.policy))]


def profile_of(file: e.Enterprise) -> Profile:
    """What conditions ask of an enterprise."""
    return Profile(file.id, file.industry, file.block, file.size, file.area, frozenset(file.tags))


def assign_agent(file: e.Enterprise, command: AssignAgent, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ25-3.7.3b: a project of the park has one."""
    if not file.is_park:
        raise Refusal(Code.NOT_LINKABLE, relation="agent", kind=file.subject_type)
    if not command.account:
        raise Refusal(Code.FIELD_REQUIRED, field="account")
    return [] if file.agent == command.account else [Happened(file.subject, AgentAssigned(account=command.account))]


def record_step(file: e.Enterprise, command: RecordStep, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ25-3.7.3b: of the pack's list, each once; a project without an agent has nobody who does them."""
    offered = policy.pack.names("park.steps")
    if not file.is_park or not file.agent:
        raise Refusal(Code.NOT_LINKABLE, relation="agent", kind=file.subject_type)
    if command.step not in offered:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="park.steps", value=command.step, offered=offered)
    return [] if command.step in file.steps else [Happened(file.subject, StepDone(step=command.step))]


DECISIONS = {DrawService: draw_service, GrantBenefit: grant_benefit, AssignAgent: assign_agent, RecordStep: record_step}
