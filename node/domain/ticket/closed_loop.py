"""
The closed loop (闭环): raise, accept, assign, handle, track, feed back, evaluate, appraise (XS25-2.2b).

A pack lists in ``closing.stages`` those of which a ticket must have a record before it is struck off; the appraisal comes after
that.  A stage that does not apply to a ticket is not asked for: nobody tracks what is simple and due the next day.
"""

from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket.close_out import SUBMISSION_KINDS
from node.domain.ticket.invitation import is_invited
from node.domain.ticket.ticket import Ticket

RAISE, ACCEPT, ASSIGN, HANDLE, TRACK, FEED_BACK, EVALUATE, APPRAISE = (
    *("raise", "accept", "assign", "handle", "track", "feed_back", "evaluate", "appraise"),
)
LOOP = (RAISE, ACCEPT, ASSIGN, HANDLE, TRACK, FEED_BACK, EVALUATE, APPRAISE)
# Following a ticket while it is handled: the lead's own reports, and whoever looks after it.
TRACKING_KINDS = SUBMISSION_KINDS | {
    *("MilestoneReached", "TicketFollowed", "HandlingVerified", "ProgressAsked", "Supervised", "TrackingRecorded", "RungFired"),
}


def need_stages(ticket: Ticket, policy: Policy) -> None:
    """XS25-2.2b: closed only when each stage that applies has its record; the first one that has none is named."""
    if ticket.details.is_legacy:  # its former stages were gone through elsewhere (USERS B15)
        return
    for stage in policy.pack.names("closing.stages"):
        if not has_record(ticket, stage, policy):
            raise Refusal(Code.STAGE_MISSING, ticket=ticket.id, stage=stage)


def has_record(ticket: Ticket, stage: str, policy: Policy) -> bool:
    """True if *ticket* has a record of *stage* in its round in force, or the stage does not apply to it."""
    of, is_done = ticket.round, ticket.completion is not None
    match stage:
        case "raise":
            return True  # without it there is no ticket
        case "accept":
            return ticket.is_formed
        case "assign":
            return bool(ticket.lead) or is_done
        case "handle":
            return is_done or (ticket.dispatch is not None and ticket.dispatch.signed_at is not None)
        case "track":
            is_tracked = any(hand.kind in TRACKING_KINDS for hand in ticket.hands)
            return is_tracked or ticket.classing.complexity not in policy.pack.names("completion.submissions_for")
        case "feed_back":
            return of is not None and of.feedback_at is not None
        case "evaluate":
            return of is not None and is_invited(of, policy)
        case _:
            raise LookupError(f"the loop knows no stage {stage} before closing")  # the linter should have said so
