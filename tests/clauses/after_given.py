"""A ticket completed under one of the shipped packs, with as few steps as that pack allows, and what follows it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from node.domain.payload import Contact, Text
from node.domain.ticket.assignment import ReceiveAssignment
from node.domain.ticket.completion import Complete, GiveFeedback
from node.domain.ticket.countersigning import CountersignReply, DraftReply
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.filling import RecordVerification
from node.domain.ticket.forming import Form
from node.domain.ticket.intake import Register
from tests.clauses.given import COUNTY, HOUSING, a_county, beijing, the
from tests.support.node import Hands

DESK = f"{COUNTY}-housing"


@dataclass
class Mechanism:
    """How a ticket gets through one pack: the channel, the class, and what its completion needs."""

    channel: str
    category: str
    complexity: str
    standard: str
    intake: dict[str, Any] = field(default_factory=dict)
    completion: dict[str, Any] = field(default_factory=dict)
    is_verified: bool = False
    is_received: bool = False
    is_countersigned: bool = False
    is_fed_back: bool = True


FED_BACK = {"feedback_way": "phone", "feedback": Text("已电话告知结果")}
MECHANISMS = {
    "fengjie-2025": Mechanism(
        "website",
        "infrastructure",
        "general",
        "done",
        {"received_at": beijing("2026-03-02 08:30"), "category": "infrastructure"},
        is_fed_back=False,
    ),
    "xiangshan-2025": Mechanism(
        "centre_offline",
        "coordination",
        "simple",
        "solved",
        completion=FED_BACK,
        is_received=True,
        is_countersigned=True,
    ),
    "haimen-2020": Mechanism(
        "face_to_face_visit",
        "routine",
        "routine",
        "solved",
        completion={**FED_BACK, "contact_name": Contact("周某"), "contact_phone": Contact("13800005678")},
        is_verified=True,
    ),
}


def a_node(directory: Path, pack: str, at: str = "2026-03-02 09:00") -> Hands:
    """A county under *pack*, on Monday 2026-03-02 unless said otherwise."""
    return a_county(directory, at, pack=pack)


def signed(hands: Hands, pack: str, **fields: Any) -> str:
    """A ticket that the housing department has signed."""
    way = MECHANISMS[pack]
    intake = {"appeal": Text("厂区门口积水"), "name": Contact("王某"), "phone": Contact("13800001234"), **way.intake}
    ticket = hands.act("window_clerk", Register(**({"channel": way.channel} | intake | fields))).subject.id
    if way.is_verified:
        hands.act("office", RecordVerification("confirmed", Text("已向企业核实")), ticket)
    hands.act("office", Form(way.category, way.complexity), ticket)
    hands.act("office", Dispatch(HOUSING), ticket)
    resign(hands, pack, ticket)
    return ticket


def resign(hands: Hands, pack: str, ticket: str) -> None:
    """The department signs, and writes the receipt where its pack keeps a register."""
    person = hands_account(hands) if MECHANISMS[pack].is_received else ""
    hands.act("department", Sign(person) if person else Sign(), ticket, "housing")
    if MECHANISMS[pack].is_received:
        hands.act("department", ReceiveAssignment(person), ticket, "housing")


def hands_account(hands: Hands) -> str:
    """The housing department's account."""
    return "d-housing"


def complete(hands: Hands, pack: str, ticket: str, **fields: Any) -> None:
    """The housing department completes what it has in hand, and gives feedback where the pack asks for it afterwards."""
    way = MECHANISMS[pack]
    given: dict[str, Any] = {"standard": way.standard, "result": Text("积水已排除"), "is_truthful": True, **way.completion, **fields}
    if way.is_countersigned:
        draft = hands.act("department", DraftReply(Text("拟答复：积水已排除")), ticket, "housing").entries[-1].header.id
        hands.act("department_leader", CountersignReply(draft), ticket, "housing", account="deputy")
        given["draft"] = draft
    hands.act("department", Complete(**given), ticket, "housing")
    if not way.is_fed_back:
        hands.act("department", GiveFeedback("phone", Text("已电话告知结果")), ticket, "housing")


def completed(hands: Hands, pack: str, **fields: Any) -> str:
    """A ticket that the housing department completed."""
    ticket = signed(hands, pack, **fields)
    complete(hands, pack, ticket)
    return ticket


def state_of(hands: Hands, ticket: str) -> tuple[str, str]:
    """State and who must act now."""
    found = the(hands, ticket)
    return found.state.value, found.with_whom.value
