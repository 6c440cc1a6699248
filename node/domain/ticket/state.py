"""States of a ticket, asked in groups, and who must act now."""

from collections.abc import Mapping
from enum import Enum, unique


@unique
class State(Enum):
    """DESIGN 5; a pack says which it uses."""

    REGISTERED = "registered"
    IN_JUDGEMENT = "in_judgement"
    SUPPLEMENTING = "supplementing"
    FORMED = "formed"
    OFFERED = "offered"
    DISPATCHED = "dispatched"
    OBJECTED = "objected"
    HANDLING = "handling"
    ESCALATED = "escalated"
    COMPLETED = "completed"
    VERIFYING = "verifying"
    REWORKING = "reworking"
    RECHECKING = "rechecking"
    CLOSED = "closed"
    ARCHIVED = "archived"
    NOT_ACCEPTED = "not_accepted"
    MERGED = "merged"
    TERMINATED = "terminated"


@unique
class With(Enum):
    """Who must act now: what pages, clocks and the enterprise's progress speak of."""

    NOBODY = "nobody"
    FIRST_CONTACT = "first_contact"
    OFFICE = "office"
    MEMBERS = "members"
    DEPARTMENT = "department"
    # The lead, which owes a proposal to the next layer (HM20-3.3c).
    AWAITING_PROPOSAL = "awaiting_proposal"
    CO_HANDLER = "co_handler"
    LEADER = "leader"
    GOVERNMENT = "government"
    COMPLAINT_CENTRE = "complaint_centre"
    SUPERVISION = "supervision"
    SUPERIOR = "superior"
    SUBORDINATE = "subordinate"
    APPELLANT = "appellant"


def unit_with(with_whom: str, lead: str, first_contact: str) -> str:
    """The unit behind a value of ``With``, or who owes a clock; empty where that is no unit's, whoever led the ticket before or will."""
    if with_whom == With.DEPARTMENT.value:
        return lead
    return first_contact if with_whom == With.FIRST_CONTACT.value else ""


# Whom to tell of what a part owes, where it is nobody by name.
ROLE_OF: Mapping[str, str] = {
    With.OFFICE.value: "office",
    With.FIRST_CONTACT.value: "office",
    With.MEMBERS.value: "member",
    With.LEADER.value: "leader",
    With.GOVERNMENT.value: "government",
    With.COMPLAINT_CENTRE.value: "supervision",
    With.SUPERVISION.value: "supervision",
}


def who_acts(with_whom: str, lead: str) -> tuple[str, str]:
    """The unit, or else the role, whose people are told that it is their turn; both empty where nobody of this node is."""
    if lead and with_whom in (With.DEPARTMENT.value, With.AWAITING_PROPOSAL.value):
        return lead, ""
    return "", ROLE_OF.get(with_whom, "")


BEFORE_FORMING = frozenset({State.REGISTERED, State.IN_JUDGEMENT, State.SUPPLEMENTING})
IN_HAND = frozenset({State.HANDLING, State.REWORKING})
OPEN = (
    BEFORE_FORMING
    | IN_HAND
    | {State.FORMED, State.OFFERED, State.DISPATCHED, State.OBJECTED, State.ESCALATED, State.VERIFYING, State.RECHECKING}
)
WAITING = frozenset({State.SUPPLEMENTING, State.OBJECTED, State.ESCALATED, State.RECHECKING, State.VERIFYING, State.IN_JUDGEMENT})
DONE = frozenset({State.COMPLETED, State.CLOSED, State.ARCHIVED})
ENDED_OTHERWISE = frozenset({State.NOT_ACCEPTED, State.MERGED, State.TERMINATED})
FINAL = ENDED_OTHERWISE | {State.CLOSED, State.ARCHIVED}
# DESIGN 5: a superior's finding opens a new round from each of these.
OPEN_TO_FINDING = DONE | ENDED_OTHERWISE
