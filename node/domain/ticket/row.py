"""
The thin row of a ticket: what lists, counts and routing ask, without the file (DESIGN 13).

The usual next version is folded onto the row from the entry alone, without the ticket; what is not usual (a gap, a number
that changes, a kind of which the row cannot say what it does) is answered by None, and the caller refolds the ticket from
all its entries.  So the table of kinds below is a question of speed only: a kind that is missing there is refolded.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from node.domain.entry import Folded, Header
from node.domain.ticket import records as r
from node.domain.ticket.acceptance import NotAccepted
from node.domain.ticket.after import LAPSING, StepReached
from node.domain.ticket.closing import Closed
from node.domain.ticket.completion import Completed
from node.domain.ticket.dispatching import Dispatched
from node.domain.ticket.escalation import EscalationRequested
from node.domain.ticket.evaluation import Evaluated, truth_of
from node.domain.ticket.fold import evolve
from node.domain.ticket.forming import Formed
from node.domain.ticket.handling import Reclassified
from node.domain.ticket.intake import Registered
from node.domain.ticket.layers import LayerLowered, LayerRaised, LevelChanged
from node.domain.ticket.opinion import OpinionAsked
from node.domain.ticket.revisit import RevisitFiled
from node.domain.ticket.state import State, With, unit_with
from node.domain.ticket.termination import Terminated
from node.domain.ticket.ticket import Ticket
from node.domain.ticket.transfer import TransferRequested
from node.domain.values import changed, of_fields

# Instead of a vote's value: asked as often as the pack wants, never reached (XS25-4.6b).
UNREACHED = "unreached"


@dataclass(frozen=True)
class TicketRow:
    """
    One ticket in one line, own or mirrored.

    ``asked`` is the node that must answer ("" if none), ``opener`` the id of the entry that opened ``custody``, ``parties``
    every node that has or had a part.  ``completed_at`` to ``revisit_consistent`` are those of the round in force: empty again
    once a new round has begun.  ``satisfied`` is the appellant's vote, else what the revisit heard; None if nobody said;
    ``solved`` the same.  ``evaluation`` is the value of the vote on its local scale, or "unreached", and ``evaluation_way`` how
    it was given.  ``ended_as`` tells ends apart that are counted apart: "unconfirmed", "explained", "determined", "struck_off",
    "terminated"; empty for all others.
    """

    id: str
    origin: str
    holder: str
    asked: str
    parties: frozenset[str]
    custody: int
    opener: str
    version: int
    state: str
    with_whom: str
    pack: str
    category: str
    complexity: str
    layer: str
    level: str
    batch: str
    number: str
    lead: str
    channel: str
    first_contact: str
    credit_code: str
    external_number: str
    rounds: int
    outcomes: int
    registered_at: datetime
    completed_at: datetime | None
    completed_in_time: bool | None
    standard: str
    satisfied: bool | None
    solved: bool | None
    evaluation: str
    evaluation_way: str
    revisit_consistent: bool | None
    decided_above: bool
    handed_down: bool
    terminated_for: str
    refused_for: str
    ended_as: str
    is_incomplete: bool
    changed_at: datetime

    @property
    def with_unit(self) -> str:
        """The unit that must act now; empty where another part must (``with_whom``)."""
        return unit_with(self.with_whom, self.lead, self.first_contact)


def row_of(ticket: Ticket) -> TicketRow:
    """The row of a whole ticket."""
    done = ticket.completion
    last = ticket.round
    hops = ticket.escalations
    return TicketRow(
        id=ticket.id,
        origin=ticket.origin,
        holder=ticket.custody.holder,
        asked=ticket.custody.asked,
        parties=frozenset({ticket.origin, *ticket.custody.openers, *(one.node for one in ticket.opinions)}).union(
            *({hop.from_node, hop.to_node} for hop in hops), ticket.beside
        ),
        custody=ticket.custody.number,
        opener=ticket.custody.opener,
        version=ticket.version,
        state=ticket.state.value,
        with_whom=ticket.with_whom.value,
        pack=ticket.pack,
        category=ticket.classing.category,
        complexity=ticket.classing.complexity,
        layer=ticket.classing.layer,
        level=ticket.classing.level,
        batch=ticket.batch,
        number=ticket.number,
        lead=ticket.lead,
        channel=ticket.intake.channel,
        first_contact=ticket.intake.first_contact,
        credit_code=ticket.appellant.credit_code,
        external_number=ticket.intake.external_number,
        rounds=len(ticket.rounds),
        outcomes=ticket.outcomes,
        registered_at=ticket.intake.registered_at,
        completed_at=done.completed_at if done else None,
        completed_in_time=done.is_in_time if done else None,
        standard=done.standard if done else "",
        satisfied=_satisfied(last),
        solved=_solved(last),
        evaluation=_evaluation(last),
        evaluation_way=last.evaluation.way if last and last.evaluation else "",
        revisit_consistent=last.revisit.is_consistent if last and last.revisit else None,
        decided_above=ticket.decided_above,
        handed_down=ticket.handed_down,
        terminated_for=ticket.terminated_for,
        refused_for=ticket.refused.reason if ticket.refused else "",
        ended_as=ticket.ended_as,
        is_incomplete=ticket.is_incomplete,
        changed_at=ticket.changed_at or ticket.intake.registered_at,
    )


def _satisfied(last: r.Round | None) -> bool | None:
    if last is None:
        return None
    if last.evaluation is not None and last.evaluation.is_satisfied is not None:
        return last.evaluation.is_satisfied
    return last.revisit.is_satisfied if last.revisit else None


def _solved(last: r.Round | None) -> bool | None:
    if last is None:
        return None
    if last.evaluation is not None and last.evaluation.is_solved is not None:
        return last.evaluation.is_solved
    return last.revisit.is_solved if last.revisit else None


def _evaluation(last: r.Round | None) -> str:
    if last is None or last.evaluation is None:
        return UNREACHED if last is not None and last.after.unreached_at is not None else ""
    return last.evaluation.value


def first_row(folded: Folded) -> TicketRow:
    """The row of a ticket of which *folded*, its registration, is the only entry so far."""
    head, event = folded.header, folded.event
    if not isinstance(event, Registered) or not head.is_opener:
        return row_of(evolve(None, folded))
    values = {
        **_NEW,
        "id": head.subject.id,
        "origin": head.node,
        "holder": head.custody.holder,
        "parties": frozenset((head.node, head.custody.holder)),
        "custody": head.custody.number,
        "opener": head.id,
        "version": head.version,
        "with_whom": _FIRST_CONTACT if event.in_ledger else _OFFICE,
        "pack": event.pack,
        "category": event.category,
        "channel": event.channel,
        "first_contact": event.first_contact,
        "credit_code": event.credit_code,
        "external_number": event.external_number,
        "registered_at": head.recorded_at,
        "changed_at": head.recorded_at,
    }
    return of_fields(TicketRow, values)


_FIRST_CONTACT, _OFFICE = With.FIRST_CONTACT.value, With.OFFICE.value
# What a row says of a ticket of which nothing but its registration is known.
_NEW: dict[str, Any] = {
    "asked": "",
    "state": State.REGISTERED.value,
    "complexity": "",
    "layer": "",
    "level": "",
    "batch": "",
    "number": "",
    "lead": "",
    "rounds": 0,
    "outcomes": 0,
    "completed_at": None,
    "completed_in_time": None,
    "standard": "",
    "satisfied": None,
    "solved": None,
    "evaluation": "",
    "evaluation_way": "",
    "revisit_consistent": None,
    "decided_above": False,
    "handed_down": False,
    "terminated_for": "",
    "refused_for": "",
    "ended_as": "",
    "is_incomplete": False,
}


def fold_row(row: TicketRow | None, folded: Folded) -> TicketRow | None:
    """
    *row* after one more entry, which was not folded before; None if the ticket must be refolded from all its entries.

    A ticket without a row is refolded, too: a side entry or a later version may have come before the first.
    """
    head = folded.header
    if row is None or folded.event is None:
        return None
    changed_at = max(row.changed_at, head.recorded_at)
    if not head.is_line:
        if head.kind in QUIET_SIDES:
            return changed(row, changed_at=changed_at)
        aside = SIDES.get(head.kind)
        told = aside(row, head, folded.event) if aside is not None else None
        return None if told is None else changed(row, changed_at=changed_at, **told)
    # A later number is refolded: few tickets change hands, and which of its openers holds is the line's to say.
    is_next = head.custody.number == row.custody == 1 and head.version == row.version + 1 and head.node == row.holder
    change = LINES.get(head.kind)
    # As in the line: who names another opener wrote beside it, and whether that is void or early only the whole ticket says.
    is_under = head.custody.opener in ("", row.opener)
    if not is_next or not is_under or head.is_opener or row.asked or row.is_incomplete or change is None:
        return None
    if head.state not in _STATES or head.with_whom not in _WITH_WHOM:
        return None  # nobody can fold it, so it must not stand in a row either
    changes = change(row, head, folded.event)
    if changes is None:
        return None
    return changed(row, version=head.version, state=head.state, with_whom=head.with_whom, changed_at=changed_at, **changes)


_STATES = frozenset(state.value for state in State)
_WITH_WHOM = frozenset(one.value for one in With)

Changes = dict[str, Any]
# What a line entry of a kind does to the row beyond what its header says; None: refold.
Change = Callable[[TicketRow, Header, Any], Changes | None]


def _nothing(row: TicketRow, head: Header, event: object) -> Changes:
    return {}


def _in_round(row: TicketRow, head: Header, event: object) -> Changes:
    """What belongs to a round begins the first one, if there was none."""
    return {"rounds": max(row.rounds, 1)}


def _formed(row: TicketRow, head: Header, event: Formed) -> Changes:
    layered = {"layer": event.layer, "level": event.level}
    return {"number": event.number, "category": event.category, "complexity": event.complexity, **layered, "rounds": max(row.rounds, 1)}


def _reclassified(row: TicketRow, head: Header, event: Reclassified) -> Changes:
    return {"category": event.category, "complexity": event.complexity, "layer": event.layer, "level": event.level}


def _dispatched(row: TicketRow, head: Header, event: Dispatched) -> Changes:
    return {"lead": event.lead, "layer": event.layer or row.layer, "batch": event.batch or row.batch}


def _layer_moved(row: TicketRow, head: Header, event: LayerRaised | LayerLowered) -> Changes:
    return {"layer": event.layer}


def _level_changed(row: TicketRow, head: Header, event: LevelChanged) -> Changes:
    return {"level": event.level}


def _lead_taken(row: TicketRow, head: Header, event: object) -> Changes:
    return {"lead": ""}


def _completed(row: TicketRow, head: Header, event: Completed) -> Changes:
    return {
        "completed_at": head.recorded_at,
        "completed_in_time": event.is_in_time,
        "standard": event.standard,
        "outcomes": row.outcomes + 1,
        "rounds": max(row.rounds, 1),
    }


def _revisited(row: TicketRow, head: Header, event: RevisitFiled) -> Changes | None:
    if row.satisfied is not None or row.solved is not None or row.evaluation:
        return None  # the vote may be another than the revisit's, which the row does not say
    heard: Changes = {"satisfied": truth_of(event.satisfied), "solved": truth_of(event.solved)}
    return {**heard, "revisit_consistent": truth_of(event.consistent), "rounds": max(row.rounds, 1)}


def _evaluated(row: TicketRow, head: Header, event: Evaluated) -> Changes | None:
    """
    The first vote on the round in force, told by the holder himself: it stands behind all that he wrote before, so it is the
    effective one.  Of another round, or beside another vote, the row does not say which is.
    """
    is_plain = head.node == row.holder and row.custody == 1 and not row.asked and not row.is_incomplete
    if not is_plain or event.round != row.rounds or row.evaluation or row.evaluation_way or not event.value:
        return None
    satisfied, solved = truth_of(event.satisfied), truth_of(event.solved)
    return {
        "evaluation": event.value,
        "evaluation_way": event.way,
        "satisfied": row.satisfied if satisfied is None else satisfied,
        "solved": row.solved if solved is None else solved,
    }


def _terminated(row: TicketRow, head: Header, event: Terminated) -> Changes:
    return {"terminated_for": event.reason, "ended_as": event.ended_as}


def _closed(row: TicketRow, head: Header, event: Closed) -> Changes:
    return {"ended_as": event.counted_as}


def _stepped(row: TicketRow, head: Header, event: StepReached) -> Changes:
    return {"rounds": max(row.rounds, 1)} if event.lapsed in LAPSING else {}


def _refused(row: TicketRow, head: Header, event: NotAccepted) -> Changes:
    return {"refused_for": event.reason}


def _asked(row: TicketRow, head: Header, event: EscalationRequested | TransferRequested) -> Changes:
    return {"asked": head.addressee, "parties": row.parties | {head.addressee}}


def _asked_for_opinion(row: TicketRow, head: Header, event: OpinionAsked) -> Changes:
    # Whoever is asked below gets the ticket with the question (DESIGN 6).
    return {"parties": row.parties | {head.addressee or head.node}}


# A new round ("Reworked", "FindingExecuted") is refolded: a vote on it may have come before it, which the row does not say.
LINES: dict[str, Change] = {
    **dict.fromkeys(
        (
            "Signed", "ProgressRecorded", "OpinionGiven", "JudgementOpened", "JudgementClosed", "ReportedToOffice", "OwnDutySorted",
            "CoHandlerAdded", "CoHandlingConfirmed", "CoHandlingRefused", "CoHandlingRuled", "ContributionFiled", "PositionFiled",
            "ExtensionRequested", "ExtensionRefused", "TerminationRequested", "TerminationRefused", "WithdrawalApplied",
            "WithdrawalRefused", "ReportedBack", "Archived", "PersuasionRecorded", "ClocksResumed",
            "FindingAnswered", "FindingJoined", "PassedUp", "ProposalFiled", "LayerDecided", "LeadProposed", "AcceptedWithGaps",
            "AssignmentReceived", "PersonAssigned", "TrackingRecorded", "TaskForceAttached", "JointItemAdded",
            "JointItemDone", "JointItemMoved", "JointItemDropped", "OpinionRequestWithdrawn", "SiteVisitRequired",
            "SiteVisited", "RedLineFlagged", "LiaisonRecorded", "DecisionRecorded", "DecisionConfirmed", "DecisionRecordRejected",
            "DecisionContradicted", "ContradictionAnswered", "ProgressReported", "StatutoryLimitEntered", "MissedTurnExplained",
            "SubmissionAnswered", "SubmittedToComplaintCentre", "ComplaintDecided",
        ),
        _nothing,
    ),
    **dict.fromkeys(
        (
            "ContactAttempted", "EvidenceAdded", "FeedbackGiven", "ReplyDrafted", "ReplyCountersigned", "ExtensionGranted",
            "RevisitAttempted", "Confirmed", "CaseLimitSet", "SignedReplyFiled", "SignedReplyRejected",
            "SolutionPlanFiled", "PreliminaryReplyGiven", "EvaluationInvited",
        ),
        _in_round,
    ),
    "Formed": _formed,
    "Reclassified": _reclassified,
    "Dispatched": _dispatched,
    "DispatchRecalled": _lead_taken,
    "DispatchDeclined": _lead_taken,
    "LayerRaised": _layer_moved,
    "LayerLowered": _layer_moved,
    "LevelChanged": _level_changed,
    "LeadChanged": _lead_taken,
    "Completed": _completed,
    "RevisitFiled": _revisited,
    "Closed": _closed,
    "StepReached": _stepped,
    "Terminated": _terminated,
    "NotAccepted": _refused,
    "EscalationRequested": _asked,
    "OpinionAsked": _asked_for_opinion,
    "TransferRequested": _asked,
}  # fmt: skip

# Side entries that say something about the row.
SIDES: dict[str, Change] = {"Evaluated": _evaluated}

# Side entries that leave the row as it is.
QUIET_SIDES = frozenset({
    "EscalationReceived", "EscalationWithdrawalRequested", "TransferReceived", "TransferObjected", "TransferRuled", "OverrideRequested",
    "OpinionRequestReceived", "MaterialSubmitted", "OpinionFiled", "OpinionRequestReleased", "ClocksReleased", "PrecedentSet",
    "FindingRaised", "AskRefused", "AskGranted", "RungFired", "Supervised", "TicketFollowed", "HandlingVerified", "WithdrawalRequested",
    "CommonLinked", "EnquiryLogged", "EvaluationPassedOn",
    "TurnMissed", "DueProposalAccepted", "DueProposalDeclined",
})  # fmt: skip
