"""
Revisit (回访): after completion the office asks the appellant whether what the department states is so (AS25-4.7.1).

What must be asked is the pack's list ``revisit.fields``; what follows from the answers are its lists ``rework.on`` and
``rework.by``: 安顺 sends a ticket back in the same breath that is ``inconsistent`` or ``below_standard``, mere dissatisfaction is
shown apart and sends nothing back (USERS A9); 海门 puts what is unsolved or dissatisfying to its office; 奉节 puts 不满意 to its
supervision side.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime

from node.domain.command import Command, Facts
from node.domain.entry import ClockChange, Happened, Header
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import records as r
from node.domain.ticket.after import OWES, go_on, with_whom
from node.domain.ticket.calls import need_welcome
from node.domain.ticket.checks import need_state, need_value
from node.domain.ticket.evaluation import code_of, need_changeable, need_solved, need_vote, truth_of, vote, what_follows, with_vote
from node.domain.ticket.parts import need_not_handler, round_of, with_round
from node.domain.ticket.rework import findings_of, send_back
from node.domain.ticket.state import State
from node.domain.ticket.ticket import Ticket, TicketEvent
from node.domain.ticket.urging import below_standard
from node.domain.time import local_day

# What a revisit may have to answer, by its name in ``revisit.fields``: the field of the command.
FIELDS = {
    "consistent": "is_consistent",
    "standard_met": "is_standard_met",
    "evaluation": "evaluation",
    "solved": "is_solved",
    "revisited_on": "revisited_on",
}


@dataclass(frozen=True)
class RecordRevisitAttempt(Command):
    """Nobody answered.  The last attempt that the pack asks for files the revisit as not reached."""

    roles = frozenset({Role.OFFICE, Role.MEMBER, Role.SPECIALIST})

    way: str = "phone"
    remarks: Text | None = None


@dataclass(frozen=True)
class RecordRevisit(Command):
    """
    File what the appellant said: consistent with the completion or not, standard met or not, solved or not, and the vote on the
    pack's scale; what of it must be answered is the pack's.  ``revisited_on`` is the day of the call.
    """

    roles = frozenset({Role.OFFICE, Role.MEMBER, Role.SPECIALIST})
    needs = ("order_id",)

    is_consistent: bool | None = None
    is_standard_met: bool | None = None
    evaluation: str = ""
    way: str = "phone"
    remarks: Text | None = None
    is_solved: bool | None = None
    revisited_on: date | None = None


@dataclass(frozen=True)
class RevisitAttempted(TicketEvent):
    """
    The office tried to reach the appellant and did not. `is_unwelcome`: outside the hours that he had named; it does not count
    towards "not reached".
    """

    way: str
    remarks: Words | None = None
    is_unwelcome: bool = False

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        attempt = r.Attempt(head.recorded_at, False, head.actor.account, "unwelcome" if self.is_unwelcome else "revisit")
        return replace(ticket, rounds=with_round(ticket, head, attempts=(*round_of(ticket, head.recorded_at).attempts, attempt)))


@dataclass(frozen=True)
class RevisitFiled(TicketEvent):
    """
    The holder's own revisit of this round. `consistent`, `standard_met`, `satisfied` and `solved` are "yes", "no" or "" (not
    reached, not asked, or a vote that is neither). The statement of truth by the department stands in the round's completion.
    """

    is_reached: bool
    way: str = ""
    consistent: str = ""
    standard_met: str = ""
    satisfied: str = ""
    remarks: Words | None = None
    solved: str = ""
    revisited_on: date | None = None
    with_whom_next: str = ""

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        revisit = r.Revisit(
            at=head.recorded_at,
            account=head.actor.account,
            is_reached=self.is_reached,
            is_consistent=truth_of(self.consistent),
            is_standard_met=truth_of(self.standard_met),
            is_satisfied=truth_of(self.satisfied),
            is_solved=truth_of(self.solved),
            on=self.revisited_on,
        )
        return replace(ticket, with_whom=with_whom(self.with_whom_next), rounds=with_round(ticket, head, revisit=revisit))


def record_attempt(ticket: Ticket, command: RecordRevisitAttempt, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.7.1b: stays open until the pack's attempts are made, then it is closed as not reached and counted apart."""
    _need_due(ticket, facts)
    need_value(policy, "contact.ways", command.way)
    is_unwelcome = need_welcome(ticket, command.way, now)
    attempted = Happened(ticket.subject, RevisitAttempted(command.way, command.remarks, is_unwelcome))
    made = sum(one.purpose == "revisit" for one in round_of(ticket, now).attempts) + (not is_unwelcome)
    if made < policy.pack.number("revisit.attempts"):
        return [attempted]
    of = round_of(ticket, now)
    revisit = r.Revisit(now, facts.actor.account, is_reached=False)
    with_next, changes = _after_filing(ticket, replace(of, revisit=revisit), policy, now)
    filed = RevisitFiled(is_reached=False, way=command.way, with_whom_next=with_next)
    return [attempted, Happened(ticket.subject, filed, clocks=changes)]


def record(ticket: Ticket, command: RecordRevisit, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.7.1, 4.7.2a: all that the pack asks is answered; a finding returns the ticket for rework in the same breath."""
    _need_due(ticket, facts)
    for name in policy.pack.names("revisit.fields"):
        _need_answer(name, command)
    satisfied = need_vote(policy, command.evaluation) if command.evaluation else ""
    solved = need_solved(policy, command.is_solved)
    need_value(policy, "contact.ways", command.way)
    _need_day(ticket, command, now)
    if command.evaluation:
        need_changeable(ticket, policy)
    event = RevisitFiled(
        is_reached=True,
        way=command.way,
        consistent=code_of(command.is_consistent),
        standard_met=code_of(command.is_standard_met),
        satisfied=satisfied,
        remarks=command.remarks,
        solved=solved,
        revisited_on=command.revisited_on,
    )
    voted = [vote(ticket, policy, now, command.evaluation, satisfied, "revisit", command.way, solved=solved)] if command.evaluation else []
    heard = r.Revisit(
        now, facts.actor.account, True, command.is_consistent, command.is_standard_met, truth_of(satisfied), command.is_solved
    )
    # AS25-4.6.1.5: what was completed below the standard is supervised, beside being sent back.
    ordered = below_standard(ticket, facts, policy, now) if command.is_standard_met is False else []
    if policy.pack.choice("rework.by") == "revisit" and findings_of(heard) & set(policy.pack.names("rework.on")):
        return [Happened(ticket.subject, event), *voted, send_back(ticket, policy, now, "rework"), *ordered]
    of = replace(round_of(ticket, now), revisit=heard)
    filed = replace(ticket, rounds=(*ticket.rounds[:-1], of))
    followed = what_follows(filed, voted[0], policy, now) if voted else []
    if followed:
        return [Happened(ticket.subject, replace(event, with_whom_next=ticket.with_whom.value)), *voted, *followed, *ordered]
    with_next, changes = _after_filing(ticket, with_vote(of, voted[0], now) if voted else of, policy, now)
    return [Happened(ticket.subject, replace(event, with_whom_next=with_next), clocks=changes), *voted, *ordered]


def _need_due(ticket: Ticket, facts: Facts) -> None:
    need_state(ticket, {State.COMPLETED})
    need_not_handler(ticket, facts)
    if ticket.round is not None and ticket.round.revisit is not None:
        raise Refusal(Code.ALREADY_EXISTS, kind="revisit", id=ticket.id)


def _need_answer(name: str, command: RecordRevisit) -> None:
    field = FIELDS[name]
    value = getattr(command, field)
    if value is None or value == "":
        raise Refusal(Code.FIELD_REQUIRED, field=field)


def _need_day(ticket: Ticket, command: RecordRevisit, now: datetime) -> None:
    """HM20-A1.8d: not before the reply, nor in time to come."""
    assert ticket.completion is not None
    replied, day = local_day(ticket.completion.completed_at), command.revisited_on
    if day is not None and day < replied:
        raise Refusal(Code.DATE_TOO_EARLY, ticket=ticket.id, date=day, earliest=replied)
    if day is not None and day > local_day(now):
        raise Refusal(Code.MALFORMED_COMMAND, field="revisited_on")


def _after_filing(ticket: Ticket, of: r.Round, policy: Policy, now: datetime) -> tuple[str, tuple[ClockChange, ...]]:
    """The revisit is met: the ticket goes on to its next step; one that nobody waited for changes nothing."""
    if ticket.clock("revisit") is None:
        return ticket.with_whom.value, ()
    step, changes = go_on(ticket, of, policy, now)
    return OWES[step].value, changes


DECISIONS = {RecordRevisitAttempt: record_attempt, RecordRevisit: record}
