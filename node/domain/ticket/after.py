"""
What a completed ticket waits for: one step after the other, as the pack's ``completion.then`` and ``closing.needs`` say.

At each step somebody must act and is timed: the lead gives feedback, the appellant confirms or votes, the office calls back,
the supervision side assesses a second handling, the office closes.  Where the appellant does not answer in time, the node
itself goes on to the next step (POLICY_PACKS 2 no. 43); his silence is marked, never counted as a yes.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from node.domain.command import Command, Facts
from node.domain.entry import ClockChange, Happened, Header
from node.domain.organisation import Role
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import clocks
from node.domain.ticket import records as r
from node.domain.ticket.after_record import After
from node.domain.ticket.checks import need_state
from node.domain.ticket.parts import with_round
from node.domain.ticket.state import State, With
from node.domain.ticket.ticket import Ticket, TicketEvent

# Who acts at a step; the step is the clock, too.
OWES = {
    "feedback": With.DEPARTMENT,
    "confirm": With.APPELLANT,
    "evaluate": With.APPELLANT,
    "revisit": With.OFFICE,
    "follow_up": With.SUPERVISION,
    "close": With.OFFICE,
}
# The steps that end by themselves, at which only the appellant is waited for.
LAPSING = ("confirm", "evaluate")
# A second handling: its result is assessed apart (FJ25-4.11.2a).
SECOND_HANDLING = ("rework", "finding", "recheck")


@dataclass(frozen=True)
class LapseStep(Command):
    """The appellant did not answer within his time: go on without him."""

    roles = frozenset({Role.NODE})


@dataclass(frozen=True)
class StepReached(TicketEvent):
    """
    A completed ticket waits for its next `step`: feedback, confirm, evaluate, revisit, follow_up or close.

    `lapsed` is the step at which the appellant was waited for in vain, or empty: he neither confirmed nor voted, and is counted
    as neither.
    """

    step: str
    with_whom_next: str
    lapsed: str = ""

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        ticket = replace(ticket, with_whom=With(self.with_whom_next))
        match self.lapsed:
            case "confirm":
                return with_after(ticket, head, silent_at=head.recorded_at)
            case "evaluate":
                return with_after(ticket, head, unvoted_at=head.recorded_at)
            case _:
                return ticket


def with_after(ticket: Ticket, head: Header, **changes: Any) -> Ticket:
    """*ticket* with *changes* in what happened after the completion of the round in force."""
    former = ticket.round.after if ticket.round else After()
    return replace(ticket, rounds=with_round(ticket, head, after=replace(former, **changes)))


def with_whom(next_one: str, otherwise: With = With.OFFICE) -> With:
    """Who acts next, as an event says it; what an older program wrote says nothing and means *otherwise*."""
    return With(next_one) if next_one else otherwise


def step_of(ticket: Ticket, of: r.Round, policy: Policy) -> str:
    """The step at which *ticket* stands, were *of* its completed round in force."""
    needs = policy.pack.names("closing.needs")
    if "feedback" in needs and of.feedback_at is None and ticket.lead:
        return "feedback"
    if "confirmation" in needs and awaits_confirmation(ticket, of, policy):
        return "confirm"
    if "evaluation" in needs and awaits_vote(of):
        return "evaluate"
    if "revisit" in needs and awaits_revisit(ticket, of):
        return "revisit"
    return "follow_up" if "follow_up" in needs and awaits_follow_up(of) else "close"


def step_once_told(policy: Policy) -> str:
    """The first step of a need that was answered on the spot: the answer was the feedback, none is waited for."""
    then = policy.pack.choice("completion.then")
    if then != "feedback":
        return then
    return "evaluate" if "evaluation" in policy.pack.names("closing.needs") else "close"


def awaits_confirmation(ticket: Ticket, of: r.Round, policy: Policy) -> bool:
    """
    Who submitted it has not answered yet; or he has, and the enterprise, which is somebody else, may still object (USERS 3.2
    no. 54).  Silence ends both.
    """
    if of.after.silent_at is not None:
        return False
    if of.confirmed_at is None:
        return True
    return is_submitted_by_others(ticket, policy) and of.after.agreed_at is None and not ticket.appellant.is_anonymous


def is_submitted_by_others(ticket: Ticket, policy: Policy) -> bool:
    """Somebody other than the enterprise submitted it: a leader, a deputy, a supervisor, a town."""
    return ticket.intake.channel in policy.pack.names("confirmation.submitted_by_others")


def awaits_vote(of: r.Round) -> bool:
    """No vote so far, and still time for one."""
    return of.evaluation is None and of.after.unvoted_at is None and not is_settled_otherwise(of)


def awaits_revisit(ticket: Ticket, of: r.Round) -> bool:
    """Neither filed, nor settled by a recheck or a checked rectification (AS25-4.8b), nor another level's (POLICY_PACKS 2 no. 8)."""
    is_waived = of.upheld_at is not None or (of.rectified_at is not None and ticket.clock("revisit") is None)
    return of.revisit is None and not is_waived and not ticket.decided_above


def awaits_follow_up(of: r.Round) -> bool:
    """FJ25-4.11.2a: a second handling is assessed before it is closed."""
    return of.cause in SECOND_HANDLING and of.after.follow_up is None and not is_settled_otherwise(of)


def is_settled_otherwise(of: r.Round) -> bool:
    """A recheck or the supervision side let the result stand, whatever the appellant says of it."""
    return of.upheld_at is not None or of.after.explained_at is not None


def enter(ticket: Ticket, step: str, policy: Policy, now: datetime) -> ClockChange:
    """The clock of *step*."""
    owes = OWES[step]
    return clocks.start(policy, now, step, ticket.lead if owes is With.DEPARTMENT else owes)


def go_on(ticket: Ticket, of: r.Round, policy: Policy, now: datetime) -> tuple[str, tuple[ClockChange, ...]]:
    """
    The step at which *ticket* stands with *of* as its round, and what its clocks then do: a step that it stands at already
    goes on, a new one begins, beside the report to who had assigned the need.
    """
    step = step_of(ticket, of, policy)
    if ticket.clock(step) is not None:
        return step, ()
    return step, (*clocks.stop_all(ticket, policy.node, "report_back"), enter(ticket, step, policy, now))


def stepping(ticket: Ticket, of: r.Round, policy: Policy, now: datetime, *, lapsed: str = "") -> list[Happened]:
    """The entry that takes a completed ticket to its next step; none where it stays at its own."""
    step, changes = go_on(ticket, of, policy, now)
    if not changes:
        return []
    return [Happened(ticket.subject, StepReached(step, OWES[step].value, lapsed), clocks=changes)]


def lapse(ticket: Ticket, command: LapseStep, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """POLICY_PACKS 2 no. 43: after the appellant's limit, not before; the office may then go on, marked."""
    need_state(ticket, {State.COMPLETED})
    asked = next((clock for name in LAPSING if (clock := ticket.clock(name)) is not None), None)
    if asked is None or ticket.round is None:
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application="confirmation")
    if asked.due_at is None or now < asked.due_at:
        raise Refusal(Code.RUNG_NOT_DUE, ticket=ticket.id, clock=asked.name, rung="overdue")
    of = ticket.round
    after = replace(of.after, silent_at=now) if asked.name == "confirm" else replace(of.after, unvoted_at=now)
    of = replace(of, after=after)
    return stepping(ticket, of, policy, now, lapsed=asked.name)


DECISIONS = {LapseStep: lapse}
