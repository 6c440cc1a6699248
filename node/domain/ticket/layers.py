"""
The local ladder (分层): what a unit cannot settle goes up the node's own layers, in the order and by the people that the pack
names, and the decision comes down again (FJ25-3.8.2, 3.8.3; XS25-4.3.2, 4.3.3b; HM20-3.3c, 3.3d).

The handling limit runs on meanwhile: no document grants a pause.  Whoever must act on the ladder has a limit of its own.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime

from node.domain.command import Command, Facts
from node.domain.entry import Happened, Header
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import clocks, turns
from node.domain.ticket import triage_record as t
from node.domain.ticket.checks import need_field, need_own_unit, need_scope, need_state, need_value
from node.domain.ticket.forming import ladder_entry
from node.domain.ticket.local_ladder import FORWARD, LAYER, LAYER_CLOCKS, PROPOSAL, body_of, layers, with_layer
from node.domain.ticket.state import IN_HAND, State, With
from node.domain.ticket.ticket import Ticket, TicketEvent
from node.domain.time import local_day

ON_THE_LADDER = IN_HAND | {State.FORMED}


@dataclass(frozen=True)
class PassUp(Command):
    """
    The lead says that it cannot settle the matter: ``reason``, and what the pack asks for: what it ``tried`` (XS25-4.3.3b), its
    ``proposal`` (HM20-3.3d), which may follow.
    """

    roles = frozenset({Role.DEPARTMENT})

    reason: Text
    tried: Text | None = None
    proposal: Text | None = None


@dataclass(frozen=True)
class FileProposal(Command):
    """The lead's preliminary proposal for the next layer (HM20-3.3d)."""

    roles = frozenset({Role.DEPARTMENT})

    proposal: Text


@dataclass(frozen=True)
class RaiseLayer(Command):
    """
    Put the ticket to a higher ``layer``.  ``ground`` is a code where the pack lists grounds for it; ``to`` the account of the
    leader whom it is put to, or empty for the body.
    """

    roles = frozenset({Role.OFFICE, Role.STEWARD, Role.LEADER})

    layer: str
    reason: Text
    ground: str = ""
    to: str = ""


@dataclass(frozen=True)
class LowerLayer(Command):
    """Put the ticket back to a lower ``layer``."""

    roles = frozenset({Role.OFFICE, Role.STEWARD, Role.LEADER})

    layer: str
    reason: Text


@dataclass(frozen=True)
class DecideAtLayer(Command):
    """
    What the layer decided or instructed, and by when; ``is_settled`` is no where it could not settle the matter.  ``minutes``
    are those of its meeting.
    """

    roles = frozenset({Role.LEADER, Role.OFFICE, Role.GOVERNMENT, Role.MEMBER, Role.STEWARD})

    is_settled: bool
    decision: Text
    minutes: Text | None = None
    due: date | None = None


@dataclass(frozen=True)
class ChangeLevel(Command):
    """Set whose power the matter is: a ``level`` of the pack."""

    roles = frozenset({Role.OFFICE, Role.STEWARD})

    level: str
    reason: Text


@dataclass(frozen=True)
class PassedUp(TicketEvent):
    """
    The lead cannot settle the matter at its own level. `owes_proposal`: it must still file one; else the office passes the
    ticket on.
    """

    owes_proposal: bool
    reason: Words | None = None
    tried: Words | None = None
    proposal: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        layering = replace(
            ticket.layering,
            stage=PROPOSAL if self.owes_proposal else FORWARD,
            tried=head.id if self.tried else ticket.layering.tried,
            proposal=head.id if self.proposal else ticket.layering.proposal,
        )
        return replace(ticket, with_whom=With.AWAITING_PROPOSAL if self.owes_proposal else With.OFFICE, layering=layering)


@dataclass(frozen=True)
class ProposalFiled(TicketEvent):
    """The lead's preliminary proposal; the office passes it on with the ticket."""

    proposal: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(ticket, with_whom=With.OFFICE, layering=replace(ticket.layering, stage=FORWARD, proposal=head.id))


@dataclass(frozen=True)
class LayerRaised(TicketEvent):
    """
    The ticket was put to a higher layer of the local ladder, whose body must decide. Class and level stay as they are.

    `with_whom_next` is who acts there, `to` the account whom it was put to.
    """

    asks = True

    layer: str
    former_layer: str
    with_whom_next: str
    ground: str = ""
    to: str = ""
    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        after = with_layer(ticket, self.layer, head, self.ground, self.to)
        return replace(after, with_whom=With(self.with_whom_next), layering=replace(after.layering, stage=LAYER, asked=head.id, to=self.to))


@dataclass(frozen=True)
class LayerLowered(TicketEvent):
    """The ticket was put back to a lower layer of the local ladder; the handling goes on there."""

    layer: str
    former_layer: str
    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        after = with_layer(ticket, self.layer, head)
        return replace(after, with_whom=_back(ticket), layering=replace(after.layering, stage="", asked="", to=""))


@dataclass(frozen=True)
class LayerDecided(TicketEvent):
    """
    A layer of the local ladder decided or instructed, for whoever handles the ticket to carry out by the end of `due`.

    Not `is_settled`: it could not settle the matter, and the office passes it on or takes it back.
    """

    layer: str
    is_settled: bool
    due: date | None = None
    decision: Words | None = None
    minutes: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        decided = t.LayerDecision(self.layer, head.recorded_at, head.actor.account, head.id, self.is_settled, self.due)
        layering = replace(
            ticket.layering,
            stage="" if self.is_settled else FORWARD,
            asked="",
            to="",
            decisions=(*ticket.layering.decisions, decided),
        )
        return replace(ticket, with_whom=_back(ticket) if self.is_settled else With.OFFICE, layering=layering)


@dataclass(frozen=True)
class LevelChanged(TicketEvent):
    """Whose power the matter is was set anew: local, county, city or province. Class and layer stay as they are."""

    level: str
    former_level: str
    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        step = t.LayerStep(self.level, self.former_level, head.recorded_at, head.actor.account, head.id)
        return replace(
            ticket,
            classing=replace(ticket.classing, level=self.level),
            layering=replace(ticket.layering, levels=(*ticket.layering.levels, step)),
        )


def pass_up(ticket: Ticket, command: PassUp, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """HM20-3.3c, XS25-4.3.3b: the lead alone declares it, with what the pack asks of it."""
    need_state(ticket, IN_HAND)
    need_own_unit(ticket, facts, ticket.lead)
    if not policy.pack.names("ladder.pass_up"):
        raise Refusal(Code.NO_LADDER, ticket=ticket.id)
    need_field("reason", command.reason)
    needed = policy.pack.names("ladder.pass_up")
    if "tried" in needed:
        need_field("tried", command.tried)
    if ticket.layering.stage:
        return [] if ticket.layering.stage == PROPOSAL else _busy(ticket)
    owes = "proposal" in needed and not command.proposal
    event = PassedUp(owes_proposal=owes, reason=command.reason, tried=command.tried, proposal=command.proposal)
    started = clocks.start(policy, now, "proposal", ticket.lead) if owes else clocks.start(policy, now, "layer_forward", With.OFFICE)
    return [Happened(ticket.subject, event, clocks=(started,))]


def file_proposal(ticket: Ticket, command: FileProposal, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """HM20-3.3d: by the lead, to the office."""
    need_state(ticket, IN_HAND)
    need_own_unit(ticket, facts, ticket.lead)
    if ticket.layering.stage not in (PROPOSAL, FORWARD):
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application="proposal")
    need_field("proposal", command.proposal)
    changes = (*clocks.stop_if_on(ticket, "proposal", "layer_forward"), clocks.start(policy, now, "layer_forward", With.OFFICE))
    return [Happened(ticket.subject, ProposalFiled(command.proposal), clocks=changes)]


def raise_layer(ticket: Ticket, command: RaiseLayer, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ25-3.8.2, 3.8.3, XS25-4.3.2.4a, HM20-3.3d: one layer up or, where the pack allows, more; by whom and on which ground it says."""
    need_state(ticket, ON_THE_LADDER)
    need_field("layer", command.layer)
    known = layers(policy)
    if not known:
        raise Refusal(Code.NO_LADDER, ticket=ticket.id)
    need_value(policy, "ladder.layers", command.layer)
    if ticket.classing.layer == command.layer and ticket.layering.stage == LAYER:
        return []
    _need_right(ticket, command.layer, facts, policy)
    # What was taken up without being formed (own duty, a claim) stands where tickets begin.
    present = ticket.classing.layer or ladder_entry(policy)
    place = known.index(present) if present in known else -1
    if known.index(command.layer) <= place and not (command.layer == ticket.classing.layer and ticket.layering.stage == FORWARD):
        raise Refusal(Code.LAYER_ORDER, ticket=ticket.id, layer=command.layer, former_layer=ticket.classing.layer)
    # FJ25-3.8.3: nobody is passed over.
    if policy.pack.flag("ladder.strict") and known.index(command.layer) > place + 1:
        raise Refusal(Code.LAYER_SKIPPED, ticket=ticket.id, layer=command.layer, wanted=known[place + 1])
    admitted = policy.pack.names(f"ladder.complexities.{command.layer}")
    if admitted and ticket.classing.complexity not in admitted:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="complexities.", value=ticket.classing.complexity, offered=admitted)
    _need_ground(ticket, command, policy)
    need_field("reason", command.reason)
    body = body_of(command.layer, policy)
    event = LayerRaised(
        layer=command.layer,
        former_layer=ticket.classing.layer,
        with_whom_next=body.value,
        ground=command.ground,
        to=command.to,
        reason=command.reason,
    )
    owes = ticket.lead if body is With.DEPARTMENT and ticket.lead else body
    changes = (
        *clocks.stop_if_on(ticket, *LAYER_CLOCKS),
        clocks.start(policy, now, "layer_decision", owes),
        *turns.put_to_layer(ticket, command.layer, owes, policy, now),
    )
    return [Happened(ticket.subject, event, clocks=changes, answers=ticket.layering.asked)]


def lower_layer(ticket: Ticket, command: LowerLayer, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """XS25-4.3.0: down again, with a reason; what a layer was asked is thereby answered."""
    need_state(ticket, ON_THE_LADDER)
    need_value(policy, "ladder.layers", command.layer)
    known = layers(policy)
    if not known:
        raise Refusal(Code.NO_LADDER, ticket=ticket.id)
    if ticket.classing.layer == command.layer:
        return []
    _need_turn(ticket, facts, policy)
    if ticket.classing.layer not in known or known.index(command.layer) > known.index(ticket.classing.layer):
        raise Refusal(Code.LAYER_ORDER, ticket=ticket.id, layer=command.layer, former_layer=ticket.classing.layer)
    need_field("reason", command.reason)
    event = LayerLowered(layer=command.layer, former_layer=ticket.classing.layer, reason=command.reason)
    return [Happened(ticket.subject, event, clocks=clocks.stop_if_on(ticket, *LAYER_CLOCKS), answers=ticket.layering.asked)]


def decide_at_layer(ticket: Ticket, command: DecideAtLayer, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ25-3.8.2, HM20-3.3d: the decision goes back to whoever handles the ticket; a failed one back to the office."""
    need_state(ticket, ON_THE_LADDER)
    if ticket.layering.stage != LAYER:
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application="layer_decision")
    _need_turn(ticket, facts, policy)
    need_field("decision", command.decision)
    if "minutes" in policy.pack.names(f"ladder.decided_with.{ticket.classing.layer}"):
        need_field("minutes", command.minutes)
    if command.due is not None and command.due < local_day(now):
        raise Refusal(Code.DATE_TOO_EARLY, ticket=ticket.id, date=command.due, earliest=local_day(now))
    event = LayerDecided(
        layer=ticket.classing.layer,
        is_settled=command.is_settled,
        due=command.due,
        decision=command.decision,
        minutes=command.minutes,
    )
    changes = [*clocks.stop_if_on(ticket, *LAYER_CLOCKS)]
    if not command.is_settled:
        changes.append(clocks.start(policy, now, "layer_forward", With.OFFICE))
    elif command.due is not None:
        changes.append(clocks.start_until(policy, now, "milestone", ticket.lead or With.OFFICE, command.due))
    elif ticket.state is State.FORMED and ticket.clock("dispatch") is None:
        changes.append(clocks.start(policy, now, "dispatch", With.OFFICE))
    return [Happened(ticket.subject, event, clocks=tuple(changes), answers=ticket.layering.asked)]


def change_level(ticket: Ticket, command: ChangeLevel, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """XS25-4.3.0: level is a field of its own, with its own history."""
    if not (ticket.is_open and ticket.is_formed):
        raise Refusal(Code.WRONG_STATE, ticket=ticket.id, state=ticket.state, wanted="formed and open")
    need_scope(ticket, facts, policy)
    offered = policy.pack.names("ladder.levels")
    if command.level not in offered:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="ladder.levels", value=command.level, offered=offered)
    if ticket.classing.level == command.level:
        return []
    need_field("reason", command.reason)
    return [Happened(ticket.subject, LevelChanged(command.level, ticket.classing.level, command.reason))]


def _back(ticket: Ticket) -> With:
    """Whose turn it is once the ladder is done."""
    return With.OFFICE if ticket.state is State.FORMED else With.DEPARTMENT


def _busy(ticket: Ticket) -> list[Happened]:
    raise Refusal(Code.DECISION_PENDING, ticket=ticket.id, application="layer_decision")


def _need_right(ticket: Ticket, layer: str, facts: Facts, policy: Policy) -> None:
    """Who may put a ticket to *layer*: the roles that the pack names; a layer that has it, before anybody else."""
    named = policy.pack.names(f"ladder.raised_by.{layer}")
    if named and facts.actor.role not in named:
        raise Refusal(Code.PERMISSION_DENIED, ticket=ticket.id, role=facts.actor.role, wanted=named)
    _need_turn(ticket, facts, policy)


def _need_turn(ticket: Ticket, facts: Facts, policy: Policy) -> None:
    """Where a layer has the ticket, its body acts: whoever it was put to by name, or somebody of the body; stewards in their scope."""
    need_scope(ticket, facts, policy)
    if ticket.layering.stage != LAYER:
        return
    # What the office records on his behalf has no account (``proxy_decision``): role and body were compared with the paper.
    if ticket.layering.to and facts.actor.account not in ("", ticket.layering.to):
        raise Refusal(Code.PERMISSION_DENIED, ticket=ticket.id, role=facts.actor.role, wanted=ticket.layering.to)
    roles = ROLES_OF[body_of(ticket.classing.layer, policy)]
    if not facts.is_role(*roles):
        raise Refusal(Code.PERMISSION_DENIED, ticket=ticket.id, role=facts.actor.role, wanted=[role.value for role in roles])


ROLES_OF: dict[With, tuple[Role, ...]] = {
    With.DEPARTMENT: (Role.STEWARD, Role.OFFICE),
    With.OFFICE: (Role.OFFICE, Role.STEWARD),
    With.MEMBERS: (Role.MEMBER, Role.OFFICE),
    With.LEADER: (Role.LEADER,),
    With.GOVERNMENT: (Role.GOVERNMENT,),
    With.COMPLAINT_CENTRE: (Role.SUPERVISION,),
}


def _need_ground(ticket: Ticket, command: RaiseLayer, policy: Policy) -> None:
    """XS25-4.3.2.4a: one of the pack's grounds; one that speaks of a failed meeting needs it.  HM20-3.3d: the lead's proposal."""
    offered = policy.pack.names(f"ladder.grounds.{command.layer}")
    if offered:
        need_field("ground", command.ground)
    if command.ground and command.ground not in offered:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="ladder.grounds.", value=command.ground, offered=offered)
    if command.ground in policy.pack.names("ladder.grounds_of_failure") and not has_failed(ticket):
        raise Refusal(Code.GROUND_NOT_MET, ticket=ticket.id, ground=command.ground)
    needed = policy.pack.names(f"ladder.needs.{command.layer}")
    if "proposal" in needed and not ticket.layering.proposal:
        raise Refusal(Code.PROPOSAL_MISSING, ticket=ticket.id)


def has_failed(ticket: Ticket) -> bool:
    """A meeting or coordination about it was held and settled nothing: a layer's, the office's, or one about the lead."""
    coordination = ticket.coordination
    about_lead = ticket.objection is not None and ticket.objection.coordination_failed
    has_sat = any(one.outcome == "not_settled" for one in ticket.sittings)
    return has_sat or ticket.layering.has_failed or about_lead or (coordination is not None and coordination.outcome == "failed")


DECISIONS = {
    PassUp: pass_up,
    FileProposal: file_proposal,
    RaiseLayer: raise_layer,
    LowerLayer: lower_layer,
    DecideAtLayer: decide_at_layer,
    ChangeLevel: change_level,
}
