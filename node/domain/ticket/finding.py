"""
Findings from above: what a superior's sample, inspection or full revisit says about a ticket of its subtree.

The superior asks; the custodian's own reactor executes at once, whatever the state is (DESIGN 6, USERS A3).
"""

from dataclasses import dataclass, replace
from datetime import datetime

from node.domain.command import Command, Facts
from node.domain.entry import Happened, Header
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import clocks
from node.domain.ticket import records as r
from node.domain.ticket.checks import need_field, need_own_unit, need_state, need_value
from node.domain.ticket.rework import BEGINS_IN, LEAD, clocks_back, unled, way_back
from node.domain.ticket.state import ENDED_OTHERWISE, OPEN_TO_FINDING, State, With
from node.domain.ticket.ticket import Ticket, TicketEvent

ANSWERS = ("rework", "recheck")


@dataclass(frozen=True)
class RaiseFinding(Command):
    """
    File what the superior found on a ticket of its subtree.  ``round`` or ``inspection`` is its id; neither for the full
    revisit of what it handed down or decided.
    """

    roles = frozenset({Role.OFFICE, Role.SUPERVISOR})
    is_side = True

    is_consistent: bool
    is_standard_met: bool
    round: str = ""
    inspection: str = ""
    note: Text | None = None


@dataclass(frozen=True)
class ExecuteFinding(Command):
    """Carry out a superior's finding; ``finding`` is the id of its entry."""

    roles = frozenset({Role.NODE})

    finding: str


@dataclass(frozen=True)
class AnswerFinding(Command):
    """Say what will be done about a finding: ``answer`` is "rework" or "recheck" (AS25-4.7.2b)."""

    roles = frozenset({Role.DEPARTMENT, Role.OFFICE})

    answer: str
    note: Text | None = None


@dataclass(frozen=True)
class RefuseAsk(Command):
    """Answer a peer's ask that cannot be carried out; ``code`` is the refusal's."""

    roles = frozenset({Role.NODE, Role.OFFICE})
    is_side = True

    ask: str
    code: str


@dataclass(frozen=True)
class FindingRaised(TicketEvent):
    """
    A superior found that the result is not as reported, or below its standard.

    The custodian's reactor answers by FindingExecuted at once, also on a closed or archived ticket; no person can refuse.
    From here on the superior's figures count the ticket as not completed.
    """

    is_side = True
    asks = True

    is_consistent: bool
    is_standard_met: bool
    round: str = ""
    inspection: str = ""
    note: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return ticket


@dataclass(frozen=True)
class FindingExecuted(TicketEvent):
    """
    A new round was opened by a superior's finding: the ticket is in rework with its lead, or with the office where it has none.

    `former_state` is the state that the finding overturned; its package stays in the archive. `to`: "lead"; "dispatch" where it
    has to be dispatched first, "triage" where it has to be formed.
    """

    former_state: str
    to: str = ""

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        left = r.Left(ticket.state, ticket.with_whom)
        ended = r.Overturned(ticket.terminated_for, ticket.refused, ticket.merge.into, ticket.ended_as)
        overturned = ended if ticket.state in ENDED_OTHERWISE else None
        number = len(ticket.rounds) + 1
        opened = r.Round(number, "finding", head.recorded_at, left=left, finding=head.answers, overturned=overturned)
        return replace(
            unled(ticket, self.to, head),
            state=BEGINS_IN.get(self.to, State.REWORKING),
            with_whom=With.DEPARTMENT if ticket.lead and self.to not in BEGINS_IN else With.OFFICE,
            rounds=(*ticket.rounds, opened),
            merge=replace(ticket.merge, into=""),
            terminated_for="",
            ended_as="",
            refused=None,
            ended_at=None,
        )


@dataclass(frozen=True)
class FindingJoined(TicketEvent):
    """A superior's finding reached a ticket that is open again already: the round in hand answers for it, too."""

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        if not ticket.rounds or ticket.rounds[-1].finding:
            return ticket
        return replace(ticket, rounds=(*ticket.rounds[:-1], replace(ticket.rounds[-1], finding=head.answers)))


@dataclass(frozen=True)
class FindingAnswered(TicketEvent):
    """The lead, or the office, said what it does about the finding: "rework" or "recheck"."""

    answer: str
    note: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return ticket


@dataclass(frozen=True)
class AskRefused(TicketEvent):
    """What another node asked cannot be carried out; `code` is the refusal's. The asker shows it and may ask otherwise."""

    is_side = True

    code: str

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return ticket


@dataclass(frozen=True)
class AskGranted(TicketEvent):
    """What another node asked was done, by an entry of its own that stands before this one."""

    is_side = True

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return ticket


def raise_finding(ticket: Ticket, command: RaiseFinding, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.7.2a, 3.2.4c: addressed to whoever holds the ticket; one finding of a round or an inspection."""
    holder = ticket.custody.holder
    if not policy.place.is_below(holder):
        raise Refusal(Code.NOT_SUBORDINATE, node=holder, superior=policy.node)
    if ticket.is_incomplete:
        raise Refusal(Code.TICKET_INCOMPLETE, ticket=ticket.id)
    if command.round and command.inspection:
        raise Refusal(Code.MALFORMED_COMMAND, field="inspection")
    if command.is_consistent and command.is_standard_met:
        raise Refusal(Code.NOTHING_FOUND, ticket=ticket.id)
    if any(ask.node == policy.node for ask in ticket.open_asks("FindingRaised")):
        return []
    need_state(ticket, OPEN_TO_FINDING)
    event = FindingRaised(command.is_consistent, command.is_standard_met, command.round, command.inspection, command.note)
    return [Happened(ticket.subject, event, addressee=holder)]


def execute_finding(ticket: Ticket, command: ExecuteFinding, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """DESIGN 6, USERS A3: at once, from every state after handling; POLICY_PACKS 2 no. 20: the class limit anew."""
    ask = ticket.asks.get(command.finding)
    if ask is None or ask.kind != "FindingRaised":
        raise Refusal(Code.NOT_ASKED, ticket=ticket.id, node=policy.node)
    if ask.is_answered:
        return []
    if ticket.state not in OPEN_TO_FINDING:
        answer = clocks.start(policy, now, "finding_answer", ticket.lead or With.OFFICE)
        return [Happened(ticket.subject, FindingJoined(), clocks=(answer,), answers=ask.id, addressee=ask.node)]
    to = way_back(ticket)
    answer = clocks.start(policy, now, "finding_answer", ticket.lead if to == LEAD else With.OFFICE)
    event = FindingExecuted(ticket.state.value, to)
    return [Happened(ticket.subject, event, clocks=(*clocks_back(ticket, to, policy, now), answer), answers=ask.id, addressee=ask.node)]


def answer_finding(ticket: Ticket, command: AnswerFinding, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """DESIGN 6: within 2 working days (default), else it becomes a supervision order."""
    if ticket.clock("finding_answer") is None:
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application="finding")
    if ticket.lead and facts.is_role(Role.DEPARTMENT):
        need_own_unit(ticket, facts, ticket.lead)
    need_field("answer", command.answer)
    if command.answer not in ANSWERS:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="answer", value=command.answer, offered=ANSWERS)
    need_value(policy, "finding.answers", command.answer)
    return [Happened(ticket.subject, FindingAnswered(command.answer, command.note), clocks=clocks.stop_if_on(ticket, "finding_answer"))]


def refuse_ask(ticket: Ticket, command: RefuseAsk, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """DESIGN 13: a peer's refused ask is answered, never left open."""
    ask = ticket.asks.get(command.ask)
    if ask is None or ask.node == policy.node or policy.node not in (ask.addressee, ticket.custody.holder):
        raise Refusal(Code.NOT_ASKED, ticket=ticket.id, node=policy.node)
    need_field("code", command.code)
    if ask.is_answered:
        return []
    return [refusing(ticket, ask, command.code)]


def refusing(ticket: Ticket, ask: r.Ask, code: str) -> Happened:
    """The entry that answers *ask* with no."""
    return Happened(ticket.subject, AskRefused(code), addressee=ask.node, answers=ask.id)


def granting(ticket: Ticket, ask: r.Ask) -> Happened:
    """The entry that answers *ask* with yes, beside the one that does it."""
    return Happened(ticket.subject, AskGranted(), addressee=ask.node, answers=ask.id)


DECISIONS = {RaiseFinding: raise_finding, ExecuteFinding: execute_finding, AnswerFinding: answer_finding, RefuseAsk: refuse_ask}
