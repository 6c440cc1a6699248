"""
What carries a ticket on: by its state, and by the limits that run on it, each with the acts that answer it.

A limit may run in any state, and of whoever must keep it nobody may read that the next step is another's.
"""

from collections.abc import Collection, Mapping

from node.domain.ticket.state import State
from node.domain.ticket.ticket import Ticket

# What carries a ticket on from each state: shown first, as far as it is possible.
_BY_STATE: Mapping[State, tuple[str, ...]] = {
    State.REGISTERED: (
        *("report-to-office", "answer-on-the-spot", "handle-own-duty", "sort-own-duty", "form", "ask-supplement", "not-accept"),
        "open-judgement",
    ),
    State.IN_JUDGEMENT: ("give-opinion", "close-judgement"),
    State.SUPPLEMENTING: ("notify-supplement", "report-supplement", "decide-lapsed", "decide-supplement"),
    State.FORMED: ("dispatch", "offer"),
    State.OFFERED: ("claim", "withdraw-offer"),
    State.DISPATCHED: ("sign", "sign-and-answer", "object", "recall"),
    State.OBJECTED: ("rule-objection", "coordinate-objection", "rule-by-government"),
    State.HANDLING: (
        *("decide-extension", "decide-termination", "decide-withdrawal", "confirm-co-handling", "file-contribution"),
        *("record-attempt", "give-feedback", "add-evidence", "draft-reply", "countersign-reply", "complete", "request-extension"),
        *("decide-above", "pass-down-decision", "return-custody", "accept-escalation", "return-escalation"),
    ),
    State.ESCALATED: ("accept-escalation", "return-escalation", "accept-transfer", "object-transfer", "request-withdrawal-of-escalation"),
    State.COMPLETED: (
        "check-off-rectification",
        "record-revisit",
        "record-revisit-attempt",
        "confirm",
        "record-evaluation",
        "report-back",
        "close",
    ),
    State.VERIFYING: ("order-rework", "approve-explanation"),
    State.REWORKING: ("answer-finding", "propose-recheck", "give-feedback", "draft-reply", "countersign-reply", "complete"),
    State.RECHECKING: ("open-recheck", "give-recheck-opinion", "decide-recheck", "decline-recheck"),
    State.CLOSED: ("archive",),
    State.NOT_ACCEPTED: ("record-persuasion",),
}

# What answers a limit that runs beside the state's own; by the kind of the clock.
BY_CLOCK: Mapping[str, tuple[str, ...]] = {
    "coordination": ("file-position", "record-coordination", "report-coordination"),
    "government_ruling": ("rule-by-government", "rule-coordination"),
    "objection_ruling": ("rule-objection", "coordinate-objection", "report-to-government"),
    "co_handle_ruling": ("rule-co-handling",),
    "reroute": ("dispatch", "change-lead"),
    "opinion": ("file-opinion",),
    "joint_item": ("tick-joint-item",),
    "milestone": ("reach-milestone",),
    "commitment": ("make-good", "break-commitment"),
    "progress_answer": ("report-progress", "record-progress"),
    "progress_report": ("report-progress",),
    "proposal": ("file-proposal", "pass-up"),
    "layer_forward": ("raise-layer", "pass-up"),
    "layer_decision": ("decide-at-layer", "decide-complaint"),
    "file_decision": ("confirm-decision-for",),
    "contradiction": ("answer-contradiction",),
    "extension_decision": ("decide-extension",),
    "termination_decision": ("decide-termination",),
    "withdrawal_decision": ("decide-withdrawal",),
    "supplement_notice": ("notify-supplement",),
    "supplement": ("report-supplement",),
    "supplement_decision": ("decide-supplement", "decide-lapsed"),
    "persuasion": ("record-persuasion",),
    "verification": ("record-verification",),
    "sort": ("sort-own-duty",),
    "contact": ("record-liaison",),
    "follow_up": ("assess-follow-up",),
    "finding_answer": ("answer-finding",),
    "report_back": ("report-back",),
    "escalation_answer": ("accept-escalation", "return-escalation"),
    "transfer_answer": ("accept-transfer", "object-transfer"),
}


def first_of(ticket: Ticket, possible: Collection[str]) -> list[str]:
    """The verbs of *possible* that carry *ticket* on: of the limits that run, the earliest due first, then of its state."""
    return [verb for verb in dict.fromkeys((*_of_clocks(ticket), *_BY_STATE.get(ticket.state, ()))) if verb in possible]


def awaited(ticket: Ticket, refused: Collection[str]) -> str:
    """The verb of *refused* that answers a limit which runs, and has to wait for something; empty if there is none."""
    return next((verb for verb in _of_clocks(ticket) if verb in refused), "")


def _of_clocks(ticket: Ticket) -> list[str]:
    running = sorted((one for one in ticket.clocks.values() if one.is_running), key=lambda one: (one.due_at is None, one.due_at, one.name))
    return [verb for clock in running for verb in BY_CLOCK.get(clock.kind, ())]
