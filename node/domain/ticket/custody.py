"""
Custody on its way back: decided above, handed back, overridden, and what the node that has the ticket again does.

An opener names the new holder, who then goes on under its own former pack.  Only the node that started a clock changes
it, so the clocks of who had asked go on by that node's own reaction, counted from the day of the return.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from node.domain.command import Command, Facts
from node.domain.entry import ClockChange, Happened, Header
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import clocks
from node.domain.ticket import records as r
from node.domain.ticket.checks import need_field, need_state
from node.domain.ticket.finding import refusing
from node.domain.ticket.hops import accepted_hop, ended_hop, gone_back, with_hop
from node.domain.ticket.state import DONE, ENDED_OTHERWISE, IN_HAND, State, With
from node.domain.ticket.ticket import Ticket, TicketEvent
from node.domain.time import due

# Decided by the office itself, or by what its own department did.
OPEN_TO_DECISION = IN_HAND | {State.FORMED, State.COMPLETED, State.CLOSED}
# What a ticket that was decided above has behind it, wherever it stood when it went up.
BEFORE_HANDLING = frozenset(
    {"form", "register", "report_to_office", "contact", "judgement", "sign", "objection_ruling", "government_ruling"}
)


@dataclass(frozen=True)
class DecideAbove(Command):
    """Decide a ticket that was escalated to this level; ``materials`` are digests of attachments (SHA-256, hex)."""

    roles = frozenset({Role.OFFICE})

    decision: Text
    materials: tuple[str, ...] = ()


@dataclass(frozen=True)
class PassDownDecision(Command):
    """Hand on what a higher level decided to who had asked this one."""

    roles = frozenset({Role.NODE, Role.OFFICE})

    note: Text | None = None


@dataclass(frozen=True)
class ReturnCustody(Command):
    """Give a ticket back: what was handed down and is done, or what was taken over and needs no decision here (with ``reason``)."""

    roles = frozenset({Role.NODE, Role.OFFICE})

    reason: Text | None = None


@dataclass(frozen=True)
class RequestOverride(Command):
    """Agree, as the operator of one end, that custody moves to ``holder`` without the other levels."""

    roles = frozenset({Role.OPERATOR})
    is_side = True

    holder: str
    reason: Text


@dataclass(frozen=True)
class OverrideCustody(Command):
    """
    Move custody to ``holder``, one of those who asked: by a node above both, or, where none exists, by the operator of one
    end after the other end's operator agreed.
    """

    roles = frozenset({Role.OFFICE, Role.OPERATOR})
    is_side = True

    holder: str
    reason: Text


@dataclass(frozen=True)
class ResumeAfterReturn(Command):
    """Go on with a ticket that came back from another level."""

    roles = frozenset({Role.NODE})


@dataclass(frozen=True)
class ReleaseClocks(Command):
    """Stop the clocks of a ticket that was taken away by an override."""

    roles = frozenset({Role.NODE})
    is_side = True


@dataclass(frozen=True)
class DecidedAbove(TicketEvent):
    """
    A higher level decided; custody goes back to who had asked it, one level at a time.

    The origin feeds back, completes and closes, so that exactly one notice reaches the enterprise. `decided_by` is the node
    that decided; `source` is the entry in which its decision stands where this one only passes it down, else empty.
    """

    opens = True

    decided_by: str
    source: str = ""
    materials: tuple[str, ...] = ()
    decision: Words | None = None
    note: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        hop = accepted_hop(ticket, head.node, is_down=False)
        ticket = gone_back(ticket, hop, head, "decided", decided_by=self.decided_by, decision=self.source or head.id)
        rounds = ticket.rounds or (r.Round(1, "first", head.recorded_at),)
        if rounds[-1].completion is not None:  # done by a department above: what the origin now does is a round of its own
            rounds = (*rounds, r.Round(len(rounds) + 1, "decided_above", head.recorded_at))
        ticket = replace(ticket, rounds=rounds)
        if hop is not None and hop.left.state in IN_HAND:
            return replace(ticket, state=State.HANDLING, with_whom=hop.left.with_whom)
        # Escalated before anybody had it in hand: without a department the office first names who feeds back.
        if ticket.lead:
            return replace(ticket, state=State.HANDLING, with_whom=With.DEPARTMENT)
        return replace(ticket, state=State.FORMED, with_whom=With.OFFICE)


@dataclass(frozen=True)
class CustodyReturned(TicketEvent):
    """
    Custody goes back up, with what was done, for the full revisit and the close-out by who handed the ticket down; or back
    down, undecided, with a reason: then the ticket resumes the state it left.
    """

    opens = True

    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        down = accepted_hop(ticket, head.node, is_down=True)
        if down is None:
            return gone_back(ticket, accepted_hop(ticket, head.node, is_down=False), head, "returned")
        ticket = with_hop(ticket, down, ended_at=head.recorded_at, ended_number=head.custody.number)
        units = replace(ticket, pack=down.pack, classing=down.classing if down.classing.category else ticket.classing)
        return replace(units, with_whom=With.OFFICE, left=None)


@dataclass(frozen=True)
class OverrideRequested(TicketEvent):
    """The operator of one end agrees to an override of custody in favour of `holder`; the other end's operator may carry it out."""

    is_side = True
    asks = True

    holder: str
    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return ticket


@dataclass(frozen=True)
class CustodyOverridden(TicketEvent):
    """
    Custody was moved over the head of its holder, by a node above both ends or by the operators of both ends together.

    Shown for ever on the ticket. What the former holder still writes has a lower number and no effect. `is_joint` tells the
    two apart.
    """

    opens = True

    is_joint: bool = False
    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        active = [hop for hop in ticket.escalations if hop.is_active]
        back_to = next((hop for hop in active if hop.from_node == head.custody.holder), None)
        if back_to is not None:
            for hop in active[active.index(back_to) + 1 :]:
                ticket = with_hop(
                    ticket,
                    hop,
                    outcome="overridden",
                    answered_at=hop.answered_at or head.recorded_at,
                    ended_at=head.recorded_at,
                    ended_number=head.custody.number,
                )
        return gone_back(ticket, back_to, head, "overridden")


@dataclass(frozen=True)
class ClocksResumed(TicketEvent):
    """The node that has the ticket again lets its clocks go on from the day of the return, with the time that was left."""

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return ticket


@dataclass(frozen=True)
class ClocksReleased(TicketEvent):
    """A node that lost the ticket by an override no longer times anybody about it."""

    is_side = True

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return ticket


def decide_above(ticket: Ticket, command: DecideAbove, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """DESIGN 6: who decided ends by returning custody with the decision; revisited in full here (POLICY_PACKS 2 no. 8)."""
    hop = _taken_over(ticket, policy)
    need_state(ticket, OPEN_TO_DECISION)
    need_field("decision", command.decision)
    event = DecidedAbove(policy.node, materials=command.materials, decision=command.decision)
    return [_opener(ticket, event, policy, hop)]


def pass_down(ticket: Ticket, command: PassDownDecision, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """DESIGN 6: the chain goes back the way it came, so that every level sees it."""
    hop = _taken_over(ticket, policy)
    above = ended_hop(ticket, policy.node)
    if above is None or above.outcome != "decided" or above.number < hop.number:
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application="decision")
    need_state(ticket, OPEN_TO_DECISION)
    event = DecidedAbove(above.decided_by, source=above.decision, note=command.note)
    return [_opener(ticket, event, policy, hop)]


def return_custody(ticket: Ticket, command: ReturnCustody, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-2.4a, 3.2.4a: done below, revisited in full and closed above; a ticket that was escalated goes back with a reason only."""
    down = accepted_hop(ticket, policy.node, is_down=True)
    if down is not None:
        need_state(ticket, DONE | ENDED_OTHERWISE)
        return [_opener(ticket, CustodyReturned(command.reason), policy, down)]
    hop = _taken_over(ticket, policy)
    need_state(ticket, IN_HAND | {State.FORMED})
    need_field("reason", command.reason)
    return [_opener(ticket, CustodyReturned(command.reason), policy, hop)]


def _taken_over(ticket: Ticket, policy: Policy) -> r.Escalation:
    hop = accepted_hop(ticket, policy.node, is_down=False)
    if hop is None:
        raise Refusal(Code.NOT_ASKED, ticket=ticket.id, node=policy.node)
    return hop


def _opener(ticket: Ticket, event: TicketEvent, policy: Policy, hop: r.Escalation) -> Happened:
    changes = clocks.stop_all(ticket, policy.node)
    return Happened(ticket.subject, event, clocks=changes, addressee=hop.from_node, holder=hop.from_node)


def request_override(ticket: Ticket, command: RequestOverride, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """DESIGN 6: the operators of both ends, where no higher node exists."""
    ends = _ends(ticket, command.holder)
    if policy.node not in ends:
        raise Refusal(Code.NOT_ABOVE, ticket=ticket.id, node=policy.node)
    need_field("reason", command.reason)
    if any(ask.node == policy.node for ask in ticket.open_asks("OverrideRequested")):
        return []
    other = ends[1] if policy.node == ends[0] else ends[0]
    return [Happened(ticket.subject, OverrideRequested(command.holder, command.reason), addressee=other)]


def override(ticket: Ticket, command: OverrideCustody, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FEDERATION 2.5: by the level above both; jointly only where there is none, and after 5 working days (default)."""
    if ticket.is_incomplete:
        raise Refusal(Code.TICKET_INCOMPLETE, ticket=ticket.id)
    ends = _ends(ticket, command.holder)
    need_field("reason", command.reason)
    pending = [
        refusing(ticket, ask, Code.NOT_ASKED.name)
        for ask in ticket.open_asks("EscalationWithdrawalRequested", "TransferObjected", "TransferRuled")
    ]
    addressee = ends[1] if ends[1] != policy.node else ends[0]
    if all(policy.place.is_below(end) for end in ends):
        event = CustodyOverridden(False, command.reason)
        return [Happened(ticket.subject, event, addressee=addressee, holder=command.holder), *pending]
    # The holder, or both while one of them is asked: nobody else may open the next number (DESIGN 13).
    if policy.node not in (ticket.custody.holder, ticket.custody.asked) or _has_above(ends, policy) or not facts.is_role(Role.OPERATOR):
        raise Refusal(Code.NOT_ABOVE, ticket=ticket.id, node=policy.node)
    agreed = next((ask for ask in ticket.open_asks("OverrideRequested") if ask.node in ends and ask.node != policy.node), None)
    if agreed is None:
        raise Refusal(Code.OVERRIDE_UNCONFIRMED, ticket=ticket.id, node=addressee)
    earliest = due(agreed.asked_at, policy.pack.limit("override_wait"), policy.calendar)
    if now < earliest:
        raise Refusal(Code.OVERRIDE_TOO_EARLY, ticket=ticket.id, earliest=earliest.isoformat())
    event = CustodyOverridden(True, command.reason)
    changes = _lost(ticket, policy, command.holder)
    opener = Happened(ticket.subject, event, clocks=changes, addressee=addressee, answers=agreed.id, holder=command.holder)
    return [opener, *pending]


def _ends(ticket: Ticket, holder: str) -> tuple[str, str]:
    """Who asked and gets it back, and who has it or was asked."""
    active = [hop for hop in ticket.escalations if hop.is_active]
    if holder not in {hop.from_node for hop in active}:
        raise Refusal(Code.NOT_ASKED, ticket=ticket.id, node=holder)
    return holder, active[-1].to_node


def _has_above(ends: tuple[str, str], policy: Policy) -> bool:
    """True if some node stands above both ends: then it decides, not their operators."""
    place = policy.place
    top = max((place.line.index(end) for end in ends if end in place.line), default=-1)
    return len(place.line) > top + 1


def _lost(ticket: Ticket, policy: Policy, holder: str) -> tuple[ClockChange, ...]:
    return clocks.stop_all(ticket, policy.node) if holder != policy.node else ()


def resume_after_return(ticket: Ticket, command: ResumeAfterReturn, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.4.5c: the time that was left goes on from the day of the return; what is done needs the full revisit (AS25-3.2.4a)."""
    hop = ended_hop(ticket, policy.node)
    if hop is None or hop.ended_at is None:
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application="return")
    paused = [clock for clock in ticket.clocks_of(policy.node) if clock.is_paused and clock.pauses[-1].begin == hop.asked_at]
    changes: tuple[ClockChange, ...]
    if not ticket.is_open:
        changes = _after_done(ticket, policy, now, hop, paused)
    elif hop.outcome == "decided":
        changes = _after_decision(ticket, policy, now, hop, paused)
    else:
        changes = tuple(clocks.resume(clock, policy, now, since=hop.ended_at) for clock in paused)
    return [Happened(ticket.subject, ClocksResumed(), clocks=changes)] if changes else []


def _after_done(ticket: Ticket, policy: Policy, now: datetime, hop: r.Escalation, paused: list[r.Clock]) -> tuple[ClockChange, ...]:
    """Nobody handles any more; what was completed below is revisited in full by who handed it down."""
    stopped = tuple(clocks.stop(clock.name) for clock in paused)
    if ticket.state is not State.COMPLETED or ticket.clock("revisit") is not None:
        return stopped
    return (*stopped, clocks.start(policy, now, "revisit", With.OFFICE, since=hop.ended_at))


def _after_decision(ticket: Ticket, policy: Policy, now: datetime, hop: r.Escalation, paused: list[r.Clock]) -> tuple[ClockChange, ...]:
    """What lies before handling is behind it; the rest goes on, and whoever must feed back has a limit for it."""
    over = tuple(clocks.stop(clock.name) for clock in paused if clock.kind in BEFORE_HANDLING)
    resumed = tuple(clocks.resume(clock, policy, now, since=hop.ended_at) for clock in paused if clock.kind not in BEFORE_HANDLING)
    if ticket.clock("resolve") is not None:
        return over + resumed
    owes = ticket.lead if ticket.with_whom is With.DEPARTMENT else ticket.with_whom
    return (
        *over,
        *resumed,
        clocks.start(policy, now, "resolve", owes, limit=policy.pack.limit("feedback_after_decision"), since=hop.ended_at),
    )


def release_clocks(ticket: Ticket, command: ReleaseClocks, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """DESIGN 13: only the node that started a clock changes it, so who was overridden stops its own."""
    if ticket.custody.holder == policy.node or ticket.custody.asked == policy.node:
        return []
    ended = [
        hop.ended_at
        for hop in ticket.escalations
        if hop.to_node == policy.node and hop.outcome == "overridden" and hop.ended_at is not None
    ]
    running = [clock for clock in ticket.clocks_of(policy.node) if clock.stopped_at is None and ended and clock.started_at <= max(ended)]
    return [Happened(ticket.subject, ClocksReleased(), clocks=tuple(clocks.stop(clock.name) for clock in running))] if running else []


DECISIONS = {
    DecideAbove: decide_above,
    PassDownDecision: pass_down,
    ReturnCustody: return_custody,
    RequestOverride: request_override,
    OverrideCustody: override,
    ResumeAfterReturn: resume_after_return,
    ReleaseClocks: release_clocks,
}
