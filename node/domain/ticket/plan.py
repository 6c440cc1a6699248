"""
Answers that come before the result: a solution plan, a preliminary reply, "can" or "cannot".

Each is the lead's word within the handling limit, and what it promises becomes the limit: the plan's date (XS25-4.4.2f), the
promised date of a preliminary reply (HM20-3.2e, 3.2f), the plan that "can" carries (POLICY_PACKS 2 no. 66).  None of them
completes the ticket.  Which complexity knows which is the pack's (``plan.complexities`` and so on).
"""

from dataclasses import dataclass, replace
from datetime import date, datetime

from node.domain.command import Command, Facts
from node.domain.entry import ClockChange, Happened, Header
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import clocks
from node.domain.ticket import pace_record as p
from node.domain.ticket.checks import need_field, need_own_unit, need_state, need_value
from node.domain.ticket.handling_record import PLAN
from node.domain.ticket.parts import round_of, with_round, with_submission
from node.domain.ticket.state import IN_HAND
from node.domain.ticket.ticket import Ticket, TicketEvent
from node.domain.time import LIMIT_COUNT_MAX, Limit, Unit, local_day

CAN, CANNOT = "can", "cannot"
# What a statutory limit counts.
STATUTORY_UNITS = (Unit.DAY.value, Unit.WORKDAY.value)


@dataclass(frozen=True)
class FilePlan(Command):
    """File a solution plan with the day on which the matter will be finished (XS25-4.4.2f)."""

    roles = frozenset({Role.DEPARTMENT})

    plan: Text
    finishing: date | None = None


@dataclass(frozen=True)
class GivePreliminaryReply(Command):
    """Tell the enterprise why it takes longer, and by when it will be done (HM20-3.2e)."""

    roles = frozenset({Role.DEPARTMENT})

    ground: str
    reply: Text
    promised: date | None = None


@dataclass(frozen=True)
class EnterStatutoryLimit(Command):
    """Enter the limit that a law sets, in ``unit`` "day" or "workday", with its legal basis (XS25-4.4.2g)."""

    roles = frozenset({Role.DEPARTMENT})

    count: int
    basis: Text
    unit: str = Unit.DAY.value


@dataclass(frozen=True)
class AnswerSolvability(Command):
    """Say whether the matter "can" or "cannot" be solved; "can" carries a plan with its date (POLICY_PACKS 2 no. 66)."""

    roles = frozenset({Role.DEPARTMENT})

    solvable: str
    reason: Text
    finishing: date | None = None


@dataclass(frozen=True)
class SolutionPlanFiled(TicketEvent):
    """The lead filed a solution plan in place of the result: the header moves the resolve clock to the end of `finishing`."""

    finishing: date
    is_in_time: bool
    plan: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        ticket = replace(ticket, submissions=with_submission(ticket, head, PLAN))
        return _promised(ticket, head, "solution_plan", self.finishing, self.is_in_time)


@dataclass(frozen=True)
class PreliminaryReplyGiven(TicketEvent):
    """
    The lead gave the enterprise a preliminary reply. It completes nothing: the header moves the resolve clock to the end of
    `promised`, which the enterprise sees. `ground` is a code of the pack.
    """

    ground: str
    promised: date
    is_in_time: bool
    reply: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return _promised(ticket, head, "preliminary_reply", self.promised, self.is_in_time)


@dataclass(frozen=True)
class StatutoryLimitEntered(TicketEvent):
    """The lead entered the limit of a law, with its basis: the header counts the resolve clock anew from its own start."""

    count: int
    unit: str
    basis: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return ticket


@dataclass(frozen=True)
class SolvabilityAnswered(TicketEvent):
    """
    The lead said whether the matter "can" or "cannot" be solved. With "can" the header moves the resolve clock to the end of
    `finishing`; "cannot" is followed by a completion on its ground.
    """

    solvable: str
    is_in_time: bool
    finishing: date | None = None
    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return _promised(ticket, head, self.solvable, self.finishing, self.is_in_time)


def plan_of(ticket: Ticket) -> p.Plan | None:
    """The plan of the round in force, if any."""
    number = ticket.round.number if ticket.round else 1
    return ticket.plan if ticket.plan is not None and ticket.plan.round == number else None


def file_plan(ticket: Ticket, command: FilePlan, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """XS25-4.4.2f: within the limit either completed or a plan with a date, which meets the limit and is the next one."""
    _need_offered(ticket, "plan.complexities", facts, policy)
    need_field("plan", command.plan)
    finishing, change, is_in_time = _until(ticket, "finishing", command.finishing, policy, now)
    return [Happened(ticket.subject, SolutionPlanFiled(finishing, is_in_time, command.plan), clocks=(change,))]


def reply_preliminarily(ticket: Ticket, command: GivePreliminaryReply, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """HM20-3.2e, 3.2f: with a ground and a promised date; POLICY_PACKS 2 no. 50: it never finishes the ticket."""
    _need_offered(ticket, "preliminary_reply.complexities", facts, policy)
    need_field("ground", command.ground)
    need_value(policy, "preliminary_reply.grounds", command.ground)
    need_field("reply", command.reply)
    promised, change, is_in_time = _until(ticket, "promised", command.promised, policy, now)
    return [Happened(ticket.subject, PreliminaryReplyGiven(command.ground, promised, is_in_time, command.reply), clocks=(change,))]


def enter_limit(ticket: Ticket, command: EnterStatutoryLimit, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """XS25-4.4.2g: no statutory limit without its legal basis; it counts from the start of the handling limit."""
    _need_offered(ticket, "statutory_limit.complexities", facts, policy)
    need_field("basis", command.basis)
    if command.unit not in STATUTORY_UNITS:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="limit_unit", value=command.unit, offered=STATUTORY_UNITS)
    if not 1 <= command.count <= LIMIT_COUNT_MAX:
        raise Refusal(Code.MALFORMED_COMMAND, field="count")
    clock = ticket.clock("resolve")
    if clock is None:
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application="resolve")
    change = clocks.relimit(clock, Limit(command.count, Unit(command.unit)), policy)
    return [Happened(ticket.subject, StatutoryLimitEntered(command.count, command.unit, command.basis), clocks=(change,))]


def answer_solvability(ticket: Ticket, command: AnswerSolvability, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """XS25-4.4.2g: a clear answer; POLICY_PACKS 2 no. 66: "can" carries a plan with a date, which becomes the limit."""
    _need_offered(ticket, "statutory_limit.complexities", facts, policy)
    if command.solvable not in (CAN, CANNOT):
        raise Refusal(Code.VALUE_NOT_OFFERED, key="solvable", value=command.solvable, offered=(CAN, CANNOT))
    need_field("reason", command.reason)
    if command.solvable == CAN:
        finishing, change, is_in_time = _until(ticket, "finishing", command.finishing, policy, now)
        return [Happened(ticket.subject, SolvabilityAnswered(CAN, is_in_time, finishing, command.reason), clocks=(change,))]
    clock = ticket.clock("resolve")
    is_in_time = clock is None or clock.due_at is None or now <= clock.due_at
    return [Happened(ticket.subject, SolvabilityAnswered(CANNOT, is_in_time, None, command.reason))]


def need_answered(ticket: Ticket, standard: str, solved: str, policy: Policy) -> None:
    """XS25-4.4.2g: what is specially hard is completed only on a clear answer, and what cannot be solved not as *solved*."""
    if ticket.classing.complexity not in policy.pack.names("statutory_limit.complexities"):
        return
    plan = plan_of(ticket)
    if plan is None or plan.kind not in (CAN, CANNOT):
        raise Refusal(Code.SOLVABILITY_UNANSWERED, ticket=ticket.id)
    offered = tuple(one for one in policy.pack.names("completion.standards") if one != solved)
    if plan.kind == CANNOT and standard == solved:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="completion.standards", value=standard, offered=offered)


def _need_offered(ticket: Ticket, key: str, facts: Facts, policy: Policy) -> None:
    """In the lead's hands, and of a complexity that the pack answers in this way."""
    need_state(ticket, IN_HAND)
    need_own_unit(ticket, facts, ticket.lead)
    offered = policy.pack.names(key)
    if ticket.classing.complexity not in offered:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="complexities.", value=ticket.classing.complexity, offered=offered)


def _until(ticket: Ticket, field: str, until: date | None, policy: Policy, now: datetime) -> tuple[date, ClockChange, bool]:
    """The date that becomes the limit, the clock that it moves, and whether the limit so far was met."""
    if until is None:
        raise Refusal(Code.FIELD_REQUIRED, field=field)
    if until < local_day(now):
        raise Refusal(Code.DATE_TOO_EARLY, ticket=ticket.id, date=until, earliest=local_day(now))
    # Once a round: after that more time is an extension, which somebody else decides.
    former = plan_of(ticket)
    if former is not None and former.until is not None:
        raise Refusal(Code.PLAN_FILED, ticket=ticket.id, date=former.until)
    clock = ticket.clock("resolve")
    if clock is None or clock.due_at is None:
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application="resolve")
    return until, clocks.move_to(clock, until, policy), now <= clock.due_at


def _promised(ticket: Ticket, head: Header, kind: str, until: date | None, is_in_time: bool) -> Ticket:
    number = round_of(ticket, head.recorded_at).number
    plan = p.Plan(kind, head.recorded_at, number, until, is_in_time)
    rounds = with_round(ticket, head, promised=until) if until is not None else ticket.rounds
    return replace(ticket, plan=plan, rounds=rounds)


DECISIONS = {
    FilePlan: file_plan,
    GivePreliminaryReply: reply_preliminarily,
    EnterStatutoryLimit: enter_limit,
    AnswerSolvability: answer_solvability,
}
