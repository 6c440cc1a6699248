"""
Joint judgement (集中研判, 会商): the member units confer on a need before it is formed (AS25-3.2.2a, 4.2.1.3a).

The judgement ends with one outcome; the office then carries it out by the command of that name.  An undecided need goes back
to the pool.  A need that is put before the members together with others is judged in that session (``node.domain.meeting``), which
writes its outcome here; one by itself by ``OpenJudgement`` and ``CloseJudgement``.
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
from node.domain.ticket.checks import need_field, need_reported, need_scope, need_state, need_unit
from node.domain.ticket.state import State, With
from node.domain.ticket.ticket import Ticket, TicketEvent

UNDECIDED = "undecided"
OUTCOMES = ("form", "merge", "supplement", "not_accept", "escalate", UNDECIDED)
# The last asks for no conference; it only is no need to be answered on the spot (XS25-4.3.1.1b).
CROSSINGS = ("cross_region", "cross_level", "cross_industry", "cross_department")


@dataclass(frozen=True)
class OpenJudgement(Command):
    """Put a need before member units.  ``crossing`` says what it crosses, where intake did not see it."""

    roles = frozenset({Role.OFFICE, Role.STEWARD})

    members: tuple[str, ...]
    crossing: tuple[str, ...] = ()
    question: Text | None = None


@dataclass(frozen=True)
class GiveOpinion(Command):
    """A member unit's opinion, with the outcome and the lead that it proposes; given again it replaces the former one."""

    roles = frozenset({Role.MEMBER, Role.DEPARTMENT, Role.STEWARD})

    opinion: Text
    outcome: str = ""
    lead: str = ""


@dataclass(frozen=True)
class CloseJudgement(Command):
    """
    What came of it.  ``leads`` names exactly one unit where the outcome is "form" (AS25-4.2.1.3b), else none.  Until the
    outcome is carried out it may be closed again with another one.
    """

    roles = frozenset({Role.OFFICE, Role.STEWARD})

    outcome: str
    conclusion: Text
    leads: tuple[str, ...] = ()


@dataclass(frozen=True)
class JudgementOpened(TicketEvent):
    """
    The need was put before `members`, whose opinions the office waits for. The forming clock stands meanwhile if the header says so.

    `session` is the meeting that judges it together with other needs, or empty.
    """

    members: tuple[str, ...]
    session: str = ""
    crossing: tuple[str, ...] = ()
    question: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(
            ticket,
            state=State.IN_JUDGEMENT,
            with_whom=With.MEMBERS,
            intake=replace(ticket.intake, crossing=self.crossing),
            judgement=r.Judgement(head.recorded_at, self.members, session=self.session),
        )


@dataclass(frozen=True)
class OpinionGiven(TicketEvent):
    """The opinion of the actor's unit; the last one of a unit is the one that counts."""

    outcome: str = ""
    lead: str = ""
    opinion: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        assert ticket.judgement is not None
        given = tuple(dict.fromkeys((*ticket.judgement.opinions, head.actor.unit)))
        return replace(ticket, judgement=replace(ticket.judgement, opinions=given))


@dataclass(frozen=True)
class JudgementClosed(TicketEvent):
    """
    The members' judgement: one of form, merge, supplement, not_accept, escalate or undecided.

    `lead` is the one unit that they name. An undecided need is back in the pool; every other outcome waits for the office
    to carry it out.
    """

    outcome: str
    lead: str = ""
    conclusion: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        assert ticket.judgement is not None
        return replace(
            ticket,
            state=State.REGISTERED if self.outcome == UNDECIDED else State.IN_JUDGEMENT,
            with_whom=With.OFFICE,
            judgement=replace(ticket.judgement, outcome=self.outcome, lead=self.lead),
        )


def open_judgement(ticket: Ticket, command: OpenJudgement, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-3.2.2a, 4.2.1.3a: what stands in the office's pool is put before staffed member units."""
    need_poolable(ticket)
    need_scope(ticket, facts, policy)
    need_field("members", command.members)
    for unit in command.members:
        need_unit(facts, unit)
    for crossing in command.crossing:
        if crossing not in CROSSINGS:
            raise Refusal(Code.VALUE_NOT_OFFERED, key="crossing", value=crossing, offered=CROSSINGS)
    return [put_before(ticket, command.members, policy, now, crossing=command.crossing, question=command.question)]


def need_poolable(ticket: Ticket) -> None:
    """It stands in the office's pool: not formed, reported to the office, not before the members already."""
    need_state(ticket, {State.REGISTERED})
    need_reported(ticket)


def put_before(
    ticket: Ticket,
    members: tuple[str, ...],
    policy: Policy,
    now: datetime,
    *,
    session: str = "",
    crossing: tuple[str, ...] = (),
    question: Text | None = None,
) -> Happened:
    """*ticket* goes before *members*, alone or in the meeting *session*; their clock runs, the forming clock as the pack says."""
    event = JudgementOpened(
        members=tuple(dict.fromkeys(members)),
        session=session,
        crossing=tuple(dict.fromkeys((*ticket.intake.crossing, *crossing))),
        question=question,
    )
    standing = clocks.pause_if_on(ticket, "form") if policy.pack.flag("judgement.pauses_form") else ()
    return Happened(ticket.subject, event, clocks=(*standing, clocks.start(policy, now, "judgement", With.MEMBERS)))


def give_opinion(ticket: Ticket, command: GiveOpinion, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.2.1.3a: only of a unit that was asked, while the judgement is open."""
    need_state(ticket, {State.IN_JUDGEMENT})
    judgement = ticket.judgement
    assert judgement is not None
    if facts.actor.unit not in judgement.members:
        raise Refusal(Code.PERMISSION_DENIED, ticket=ticket.id, unit=facts.actor.unit, wanted=judgement.members)
    if judgement.outcome:
        raise Refusal(Code.JUDGED_OTHERWISE, ticket=ticket.id, outcome=judgement.outcome, wanted="")
    need_field("opinion", command.opinion)
    if command.outcome and command.outcome not in OUTCOMES:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="outcome", value=command.outcome, offered=OUTCOMES)
    return [Happened(ticket.subject, OpinionGiven(outcome=command.outcome, lead=command.lead, opinion=command.opinion))]


def close_judgement(ticket: Ticket, command: CloseJudgement, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-3.2.2a: one outcome of six; what a session judges ends there."""
    need_state(ticket, {State.IN_JUDGEMENT})
    need_scope(ticket, facts, policy)
    assert ticket.judgement is not None
    if ticket.judgement.session and not ticket.judgement.outcome:
        raise Refusal(Code.IN_SESSION, ticket=ticket.id, meeting=ticket.judgement.session)
    return judged(ticket, command.outcome, command.leads, command.conclusion, facts, policy, now)


def judged(
    ticket: Ticket, outcome: str, leads: tuple[str, ...], conclusion: Text | None, facts: Facts, policy: Policy, now: datetime
) -> list[Happened]:
    """AS25-3.2.2a: one outcome of six; AS25-4.2.1.3b: what is to be formed here has exactly one lead."""
    need_state(ticket, {State.IN_JUDGEMENT})
    judgement = ticket.judgement
    assert judgement is not None
    need_field("outcome", outcome)
    if outcome not in OUTCOMES:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="outcome", value=outcome, offered=OUTCOMES)
    if len(leads) != (1 if outcome == "form" else 0):
        raise Refusal(Code.ONE_LEAD_NEEDED, ticket=ticket.id, outcome=outcome, count=len(leads))
    lead = next(iter(leads), "")
    if lead:
        need_unit(facts, lead)
    if (judgement.outcome, judgement.lead) == (outcome, lead):
        return []
    need_field("conclusion", conclusion)
    return [_close(ticket, JudgementClosed(outcome=outcome, lead=lead, conclusion=conclusion), policy, now)]


def leave_undecided(ticket: Ticket, reason: Text, policy: Policy, now: datetime) -> list[Happened]:
    """A session that does not come to *ticket* leaves it undecided: it is in the pool again."""
    if ticket.state is not State.IN_JUDGEMENT or ticket.judgement is None or ticket.judgement.outcome:
        return []
    return [_close(ticket, JudgementClosed(outcome=UNDECIDED, conclusion=reason), policy, now)]


def in_session(ticket: Ticket, meeting: str) -> bool:
    """The ticket is being judged in *meeting*, which has not come to an outcome."""
    judgement = ticket.judgement
    return ticket.state is State.IN_JUDGEMENT and judgement is not None and judgement.session == meeting and not judgement.outcome


def _close(ticket: Ticket, event: JudgementClosed, policy: Policy, now: datetime) -> Happened:
    changes = (*clocks.stop_if_on(ticket, "judgement"), *clocks.resume_if_paused(ticket, policy, now, "form"))
    return Happened(ticket.subject, event, clocks=changes)


DECISIONS = {OpenJudgement: open_judgement, GiveOpinion: give_opinion, CloseJudgement: close_judgement}
