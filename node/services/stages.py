"""
The six stages of a need (AS25-0.1), the eight of a closed loop (XS25-2.2b) and the four duties of the office (AS25-2.2), read from
what was journaled.

A stage is not kept anywhere: it is the kinds of entries that a need has.  So a report of needs that were never judged lists exactly
those whose history has no such entry, whoever formed or dispatched them and however they came in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from node.domain.entry import SubjectKind
from node.domain.ticket import closed_loop as loop
from node.services.ticket_view import EntryLine
from node.storage import schema
from node.storage.unit_of_work import View

COLLECTION, POOL, JUDGEMENT, TRANSFER, SUPERVISION, RECHECK = "collection", "pool", "judgement", "transfer", "supervision", "recheck"

# Wide collection, one pool, central judgement, transfer by class, follow-up and supervision, recheck and review.
STAGES: Mapping[str, frozenset[str]] = {
    COLLECTION: frozenset({"Registered", "IntakeFilled"}),
    POOL: frozenset({"ReportedToOffice", "OwnDutyTaken"}),
    JUDGEMENT: frozenset(
        {
            *("JudgementOpened", "OpinionGiven", "JudgementClosed", "Formed", "OwnDutySorted", "Reclassified"),
            *("SupplementAsked", "NotAccepted", "MergedInto", "EscalationRequested"),
        }
    ),
    TRANSFER: frozenset({"Dispatched", "Offered", "OfferClaimed", "TransferRequested", "AnsweredOnTheSpot"}),
    SUPERVISION: frozenset({"TicketFollowed", "HandlingVerified", "ProgressAsked", "Supervised", "TrackingRecorded", "RungFired"}),
    RECHECK: frozenset({"RevisitFiled", "Reworked", "RecheckProposed", "RecheckOpened", "RecheckOpinionGiven", "RecheckDecided"}),
}

# Raise, accept, assign, handle, track, feed back, evaluate, appraise.  One act may be a record of several stages.
LOOP_KINDS: Mapping[str, frozenset[str]] = {
    loop.RAISE: frozenset({"Registered", "IntakeFilled"}),
    loop.ACCEPT: frozenset({"Formed", "OwnDutyTaken", "AnsweredOnTheSpot"}),
    loop.ASSIGN: frozenset({"Dispatched", "Offered", "OfferClaimed", "OwnDutyTaken", "AnsweredOnTheSpot"}),
    loop.HANDLE: frozenset(
        {"Signed", "AssignmentReceived", "EvidenceAdded", "ReplyDrafted", "AnsweredOnTheSpot", "Completed", "DecidedAbove"}
    ),
    loop.TRACK: loop.TRACKING_KINDS,
    loop.FEED_BACK: frozenset({"FeedbackGiven", "AnsweredOnTheSpot"}),
    loop.EVALUATE: frozenset({"EvaluationInvited", "EvaluationAttempted", "Evaluated", "RevisitFiled"}),
    loop.APPRAISE: frozenset({"AssessmentFiled"}),
}

JUDGE, DISPATCH, COORDINATE, FOLLOW_UP = "judge", "dispatch", "coordinate", "follow_up"

# What the unit responsible for a need does about it.  The clock's own rungs are nobody's act.
DUTIES: Mapping[str, frozenset[str]] = {
    JUDGE: STAGES[JUDGEMENT] - {"OpinionGiven"},
    DISPATCH: STAGES[TRANSFER] - {"AnsweredOnTheSpot", "OfferClaimed"},
    COORDINATE: frozenset(
        {
            *("CoordinationAgreed", "CoordinationFailed", "CoordinationReported", "ObjectionCoordinated", "CoHandlingRuled"),
            *("MeetingDecided", "LayerRaised", "LayerDecided"),
        }
    ),
    FOLLOW_UP: STAGES[SUPERVISION] - {"RungFired"},
}


@dataclass(frozen=True)
class Reached:
    """A stage that a need reached, and the first entry by which it did."""

    stage: str
    at: datetime
    kind: str


def stages_of(timeline: tuple[EntryLine, ...]) -> list[Reached]:
    """
    The stages of a need's timeline, in the order in which it reached them.  What the centre takes in itself is in the pool from its
    registration on (AS25-4.1d).
    """
    found: dict[str, Reached] = {}
    for entry in timeline:
        for stage, kinds in STAGES.items():
            if entry.kind in kinds and stage not in found:
                found[stage] = Reached(stage, entry.recorded_at, entry.kind)
        if entry.kind == "Registered" and not entry.facts.get("in_ledger"):
            found.setdefault(POOL, Reached(POOL, entry.recorded_at, entry.kind))
    return list(found.values())


def loop_of(timeline: tuple[EntryLine, ...]) -> dict[str, list[EntryLine]]:
    """The records of a ticket by stage of the closed loop, each stage's in order; void entries are none (XS25-2.2b)."""
    found: dict[str, list[EntryLine]] = {stage: [] for stage in loop.LOOP}
    for entry in timeline:
        if not entry.counts:
            continue
        for stage, kinds in LOOP_KINDS.items():
            # A completion may say that the appellant was told in the same breath (AS25-4.5.1a).
            is_told = stage == loop.FEED_BACK and entry.kind == "Completed" and bool(entry.facts.get("feedback_way"))
            if entry.kind in kinds or is_told:
                found[stage].append(entry)
    return found


def duties_done(timeline: tuple[EntryLine, ...]) -> dict[str, int]:
    """How often each of the four duties was done about a need, each a logged act (AS25-2.2)."""
    return {duty: sum(entry.kind in kinds for entry in timeline) for duty, kinds in DUTIES.items()}


def not_judged(view: View) -> list[str]:
    """The needs that this node took in and that no judgement speaks of, the oldest first."""
    tickets, entries = schema.tickets, schema.entries
    judged = select(entries.c.subject_id).where(
        entries.c.subject_id == tickets.c.id, entries.c.subject_kind == SubjectKind.TICKET.value, entries.c.kind.in_(sorted(DUTIES[JUDGE]))
    )
    wanted = (tickets.c.origin == view.head.node, ~judged.exists())
    return list(view.connection.execute(select(tickets.c.id).where(*wanted).order_by(tickets.c.registered_at, tickets.c.id)).scalars())
