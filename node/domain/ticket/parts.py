"""Who had which part in a ticket, and the round in force: what the areas from handling to archive ask."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from node.domain.command import Facts
from node.domain.entry import Actor, Header
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import handling_record as h
from node.domain.ticket import records as r
from node.domain.ticket.ticket import Ticket

# Registering, sorting and dispatching do not exclude (DESIGN 5): only these make somebody a handler.
HANDLING_KINDS = frozenset(
    {
        "AnsweredOnTheSpot",
        "OwnDutyTaken",
        "Signed",
        "ProgressRecorded",
        "ContactAttempted",
        "EvidenceAdded",
        "CoHandlingConfirmed",
        "ContributionFiled",
        "JointItemDone",
        "SiteVisited",
        "ReplyDrafted",
        "ReplyCountersigned",
        "FeedbackGiven",
        "ExtensionRequested",
        "TerminationRequested",
        "Completed",
    }
)
FINDING_KINDS = frozenset({"RevisitFiled", "FindingRaised"})
COUNTERSIGNING_KINDS = frozenset({"ReplyCountersigned"})


def co_handler(ticket: Ticket, unit: str) -> r.CoHandler | None:
    """The part of *unit*, if it was asked for one."""
    return next((part for part in ticket.co_handlers if part.unit == unit), None)


def involved_units(ticket: Ticket) -> tuple[str, ...]:
    """The lead and every co-handler that has a part, the lead first."""
    parts = tuple(part.unit for part in ticket.co_handlers if part.state in ("asked", "confirmed", "filed"))
    return (ticket.lead, *parts) if ticket.lead else parts


def handling_units(ticket: Ticket) -> frozenset[str]:
    """The units that led or co-handled any round."""
    # Who answers on the spot leads nothing: only the person is out, or an office that answers could never close (USERS A10).
    by_hand = {hand.unit for hand in ticket.hands if hand.kind in HANDLING_KINDS and hand.kind != "AnsweredOnTheSpot"}
    return frozenset(by_hand | set(involved_units(ticket))) - {""}


def is_member(ticket: Ticket, facts: Facts) -> bool:
    """True if the actor belongs to the ticket's task force (FJ23-2.2b)."""
    return is_member_account(ticket, facts.actor.account)


def is_member_account(ticket: Ticket, account: str) -> bool:
    """True if *account* belongs to the ticket's task force."""
    return ticket.task_force is not None and account in ticket.task_force.members


def need_involved(ticket: Ticket, facts: Facts) -> None:
    """The actor must belong to the lead, to a co-handler with a part, or to the task force."""
    if facts.actor.unit not in involved_units(ticket) and not is_member(ticket, facts):
        raise Refusal(Code.PERMISSION_DENIED, ticket=ticket.id, unit=facts.actor.unit, wanted=involved_units(ticket))


def need_handling(ticket: Ticket, facts: Facts) -> None:
    """The actor must belong to the lead or to the task force, which handles with it."""
    if facts.actor.unit != ticket.lead and not is_member(ticket, facts):
        raise Refusal(Code.PERMISSION_DENIED, ticket=ticket.id, unit=facts.actor.unit, wanted=ticket.lead)


def need_not_handler(ticket: Ticket, facts: Facts) -> None:
    """A handler never decides its own extension, termination, revisit or verification (DESIGN 5): neither its unit nor itself."""
    if is_handler(ticket, facts.actor):
        raise Refusal(Code.OWN_CASE, ticket=ticket.id, unit=facts.actor.unit)


def is_handler(ticket: Ticket, actor: Actor) -> bool:
    """True if *actor* handled *ticket*, by himself or through his unit."""
    by_person = {hand.account for hand in ticket.hands if hand.kind in HANDLING_KINDS}
    # What was answered on the spot no unit led: only the person is out, or an office that answers itself could never close (USERS A10).
    is_on_the_spot = ticket.completion is not None and ticket.completion.on_the_spot
    by_unit = frozenset[str]() if is_on_the_spot else handling_units(ticket)
    return actor.unit in by_unit or actor.account in by_person


def need_outside_recheck(ticket: Ticket, facts: Facts) -> None:
    """Who may decide a recheck: nobody who handled, wrote the finding or countersigned; they are heard (USERS A10)."""
    need_not_handler(ticket, facts)
    if any(hand.account == facts.actor.account and hand.kind in FINDING_KINDS | COUNTERSIGNING_KINDS for hand in ticket.hands):
        raise Refusal(Code.OWN_CASE, ticket=ticket.id, unit=facts.actor.unit)


def need_evidence_here(digests: tuple[str, ...], facts: Facts) -> None:
    """Evidence is a digest of an attachment that this node has: a name for nothing proves nothing."""
    missing = [digest for digest in digests if digest not in facts.evidence]
    if missing:
        raise Refusal(Code.EVIDENCE_UNKNOWN, digests=missing)


def round_of(ticket: Ticket, at: datetime) -> r.Round:
    """The round in force; the first one, begun at *at*, for a ticket that is handled before it is formed."""
    return ticket.round or r.Round(1, "first", at)


def with_round(ticket: Ticket, head: Header, **changes: Any) -> tuple[r.Round, ...]:
    """The rounds, with *changes* in the one in force."""
    return (*ticket.rounds[:-1], replace(round_of(ticket, head.recorded_at), **changes))


def with_submission(ticket: Ticket, head: Header, kind: str) -> tuple[h.Submission, ...]:
    """What the lead submitted to the centre so far, with this very entry as one more."""
    return (*ticket.submissions, h.Submission(head.id, kind, head.recorded_at, head.actor.unit))


def recheck_decider(ticket: Ticket, policy: Policy) -> str:
    """The node above whose finding opened the round, be it the next level or a higher one; else this node."""
    finding = ticket.round.finding if ticket.round else ""
    if not finding:
        return policy.node
    raised = ticket.asks.get(finding)
    return raised.node if raised is not None and raised.node else policy.superior or policy.node
