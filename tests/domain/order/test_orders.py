"""Decisions about supervision orders, without a node: who may order, answer, close, adopt."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from node.domain.command import Command, Facts
from node.domain.dossier import decide, evolve
from node.domain.dossiers import DECISIONS
from node.domain.entry import Actor, Folded, Header
from node.domain.order.answering import AnswerOrder, CloseOrder, LinkTicket, OrderAnswered, ReceiveOrder, ReturnAnswer, SettleOrder
from node.domain.order.issuing import IssueOrder
from node.domain.order.proposing import AdoptProposal, DeclineProposal, ExtendProposal, ProposeOrder, RecordTalk
from node.domain.order.record import MEASURES, SupervisionOrder
from node.domain.organisation import Role
from node.domain.payload import Text
from node.domain.refusal import Code, Refusal
from node.domain.ticket.state import State
from node.domain.ticket.ticket import Ticket
from tests.domain.ticket.given import (
    COUNTY,
    HOUSING,
    HOUSING_DESK,
    MONDAY,
    NODE,
    OFFICE,
    SUPERVISION,
    TUESDAY,
    UNITS,
    WATER,
    WATER_DESK,
    a_policy,
    a_ticket,
    person,
    workdays,
)

RULES: dict[str, Any] = {
    "limit.supervision_reply": workdays(2),
    "limit.supervision_close": workdays(2),
    "limit.proposal_decision": workdays(5),
    "supervision.number_form": "{prefix}督〔{year}〕{serial}号",
    "supervision.measures": ("urge", "supervise", "listed"),
    "supervision.grounds": ("overdue", "unregistered", "repeated_rework", "perfunctory"),
    "supervision.forms": ("phone", "system", "written", "special"),
    "supervision.results": ("rectified", "explained"),
    "supervision.receipt_suffices": ("remind",),
    "talk.triggers": ("overdue", "last_in_row"),
    "number.prefix": "XX",
}
POLICY = a_policy(RULES)
DISCIPLINE = person("discipline", Role.DISCIPLINE, f"{COUNTY}-office")
SPECIALIST = person("specialist", Role.SPECIALIST, WATER)
TRACKER = person("tracker", Role.TRACKER, f"{COUNTY}-office")
HANDLED = a_ticket(State.HANDLING)
ID = f"O{COUNTY}-2026-0001"


def facts_of(actor: Actor, *tickets: Ticket) -> Facts:
    return Facts(actor, UNITS, {ticket.id: ticket for ticket in tickets}, fresh_id=ID)


def played(steps: Sequence[tuple[Actor, Command]], *tickets: Ticket, node: str = COUNTY) -> SupervisionOrder:
    """The order after *steps*, each decided and folded as a node does it."""
    order: Any = None
    for number, (actor, command) in enumerate(steps, 1):
        for happened in decide(DECISIONS, order, command, facts_of(actor, *tickets), POLICY, TUESDAY):
            if happened.subject.kind != "order":
                continue
            head = Header(node, 1, number, f"e{number}", TUESDAY, happened.subject, happened.event.kind(), actor, clocks=happened.clocks)
            order = evolve(order, Folded(head, happened.event))
    assert isinstance(order, SupervisionOrder)
    return order


def refused(order: SupervisionOrder | None, actor: Actor, command: Command, *tickets: Ticket) -> Refusal:
    with pytest.raises(Refusal) as caught:
        decide(DECISIONS, order, command, facts_of(actor, *tickets), POLICY, TUESDAY)
    return caught.value


SUPERVISE = IssueOrder("supervise", "overdue", tickets=(HANDLED.id,))
ISSUED = (OFFICE, SUPERVISE)
PROPOSED = (NODE, ProposeOrder("supervise", "overdue", HOUSING, (HANDLED.id,)))
TALK = (NODE, ProposeOrder("talk", "last_in_row", HOUSING, evidence=("2026-Q1 0/4",), reference="2026-Q1"))


class TestIssuing:
    """AS25-4.6.1, 4.6.2, FJ25-3.8.1b, DESIGN 10."""

    def test_an_order_has_a_number_a_unit_and_a_reply_clock(self):
        """Without a unit it is against the lead of its tickets; the number is a series of its own."""
        order = played([ISSUED], HANDLED)

        assert (ID, "XX督〔2026〕0001号", HOUSING, "office", "issued") == (order.id, order.number, order.unit, order.issuer, order.state)
        assert (HOUSING, order.number, {HANDLED.id}) == (order.clocks["supervision_reply"].owes, order.key, set(order.about))

    @pytest.mark.parametrize(
        ("actor", "command", "code"),
        [
            (HOUSING_DESK, SUPERVISE, Code.PERMISSION_DENIED),
            (OFFICE, replace(SUPERVISE, measure=""), Code.FIELD_REQUIRED),
            (OFFICE, replace(SUPERVISE, measure="talk"), Code.ONLY_PROPOSED),
            (OFFICE, replace(SUPERVISE, measure="accountability"), Code.ONLY_PROPOSED),
            (OFFICE, replace(SUPERVISE, measure="exposure"), Code.VALUE_NOT_OFFERED),
            (OFFICE, replace(SUPERVISE, ground="below_standard"), Code.VALUE_NOT_OFFERED),
            (OFFICE, replace(SUPERVISE, form="letter"), Code.VALUE_NOT_OFFERED),
            (OFFICE, IssueOrder("supervise", "overdue"), Code.FIELD_REQUIRED),
            (OFFICE, IssueOrder("supervise", "overdue", unit=f"{COUNTY}-nowhere"), Code.UNIT_UNKNOWN),
            (OFFICE, IssueOrder("supervise", "overdue", unit=f"{COUNTY}-dissolved"), Code.UNIT_UNKNOWN),
            (OFFICE, IssueOrder("supervise", "unregistered", unit=HOUSING), Code.FIELD_REQUIRED),
            (OFFICE, IssueOrder("supervise", "unregistered", unit=HOUSING, reference="王某 13800001234"), Code.MALFORMED_COMMAND),
            (OFFICE, IssueOrder("supervise", "overdue", to_node="520000"), Code.NOT_SUBORDINATE),
            (OFFICE, replace(SUPERVISE, form="special", team=(f"{COUNTY}-nowhere",), plan=Text("x")), Code.UNIT_UNKNOWN),
            # Who urges, and no more.
            (SPECIALIST, SUPERVISE, Code.PERMISSION_DENIED),
            (person("specialist", Role.SPECIALIST, HOUSING), replace(SUPERVISE, measure="urge"), Code.OWN_CASE),
            (TRACKER, replace(SUPERVISE, measure="urge"), Code.PERMISSION_DENIED),
        ],
    )
    def test_refusals(self, actor: Actor, command: Command, code: Code):
        """The most basic first."""
        assert code is refused(None, actor, command, HANDLED).code

    def test_a_specialist_of_another_unit_and_the_tickets_own_tracker_urge(self):
        """DESIGN 10, FJ25-3.8.1b."""
        urge = replace(SUPERVISE, measure="urge")
        tracked = replace(HANDLED, tracker=TRACKER.account, tracker_node=HANDLED.origin)

        assert "specialist" == played([(SPECIALIST, urge)], HANDLED).issuer
        assert "tracker" == played([(TRACKER, urge)], tracked).issuer


class TestAnswering:
    """AS25-4.6.1: receipt, answer, closing with a result."""

    def test_from_receipt_to_closing(self):
        """The reply clock ends with the answer, the office's own with the closing."""
        steps = [ISSUED, (HOUSING_DESK, ReceiveOrder()), (HOUSING_DESK, AnswerOrder(Text("done")))]
        answered = played(steps, HANDLED)
        closed = played([*steps, (OFFICE, CloseOrder("rectified"))], HANDLED)

        assert ("answered", None, "office") == (
            answered.state,
            answered.clock("supervision_reply"),
            answered.clocks["supervision_close"].owes,
        )
        assert ("closed", "rectified", None) == (closed.state, closed.result, closed.clock("supervision_close"))

    def test_a_returned_answer_begins_the_reply_anew(self):
        """Then the unit answers again."""
        order = played([ISSUED, (HOUSING_DESK, AnswerOrder(Text("x"))), (OFFICE, ReturnAnswer(Text("no")))], HANDLED)

        assert ("received", True) == (order.state, order.clock("supervision_reply") is not None)

    @pytest.mark.parametrize(
        ("steps", "actor", "command", "code"),
        [
            ([ISSUED], WATER_DESK, ReceiveOrder(), Code.PERMISSION_DENIED),
            ([ISSUED], WATER_DESK, AnswerOrder(Text("x")), Code.PERMISSION_DENIED),
            ([ISSUED], HOUSING_DESK, AnswerOrder(Text(" ")), Code.FIELD_REQUIRED),
            ([ISSUED], HOUSING_DESK, AnswerOrder(Text("x"), ("0" * 64,)), Code.EVIDENCE_UNKNOWN),
            ([ISSUED], OFFICE, CloseOrder(""), Code.FIELD_REQUIRED),
            ([ISSUED], OFFICE, CloseOrder("forgotten"), Code.VALUE_NOT_OFFERED),
            ([ISSUED], SUPERVISION, CloseOrder("rectified"), Code.PERMISSION_DENIED),
            ([ISSUED], HOUSING_DESK, CloseOrder("rectified"), Code.PERMISSION_DENIED),
            ([ISSUED], OFFICE, ReturnAnswer(Text("x")), Code.NOTHING_PENDING),
            ([ISSUED], OFFICE, AdoptProposal(), Code.ORDER_NOT_PROPOSED),
            ([ISSUED], OFFICE, SettleOrder((HANDLED.id,)), Code.PERMISSION_DENIED),
            ([ISSUED, (OFFICE, CloseOrder("rectified"))], HOUSING_DESK, AnswerOrder(Text("x")), Code.ORDER_NOT_IN_FORCE),
            ([PROPOSED], HOUSING_DESK, AnswerOrder(Text("x")), Code.ORDER_NOT_IN_FORCE),
            ([PROPOSED], OFFICE, CloseOrder("rectified"), Code.ORDER_NOT_IN_FORCE),
        ],
    )
    def test_refusals(self, steps: list[tuple[Actor, Command]], actor: Actor, command: Command, code: Code):
        """By the unit addressed; closed by the side that opened it, or the office."""
        assert code is refused(played(steps, HANDLED), actor, command, HANDLED).code

    def test_what_was_done_before_is_not_done_again(self):
        """A repeat says nothing new."""
        received = played([ISSUED, (HOUSING_DESK, ReceiveOrder())], HANDLED)
        linked = played([ISSUED], HANDLED)

        assert [] == decide(DECISIONS, received, ReceiveOrder(), facts_of(HOUSING_DESK), POLICY, TUESDAY)
        assert [] == decide(DECISIONS, linked, LinkTicket((HANDLED.id,)), facts_of(OFFICE, HANDLED), POLICY, TUESDAY)
        assert [] == decide(DECISIONS, linked, SettleOrder((HANDLED.id,)), facts_of(NODE, HANDLED), POLICY, TUESDAY)

    def test_only_the_node_addressed_may_write_beside_the_owner(self):
        """Another node's answer to an order that is closed changes nothing."""
        closed = played([ISSUED, (OFFICE, CloseOrder("rectified"))], HANDLED)
        head = Header("520424", 1, 9, "e9", TUESDAY, closed.subject, "OrderAnswered", HOUSING_DESK)

        assert "closed" == evolve(closed, Folded(head, OrderAnswered())).state


class TestProposing:
    """AS25-4.6.1.3, .4, FJ25-5.14.1a: a rule proposes, a person decides."""

    def test_a_proposal_has_no_number_before_it_is_adopted(self):
        """In the name of whoever adopted it, with a reply clock."""
        proposed, adopted = played([PROPOSED], HANDLED), played([PROPOSED, (SUPERVISION, AdoptProposal())], HANDLED)

        assert ("proposed", "", "office") == (proposed.state, proposed.number, proposed.clocks["proposal_decision"].owes)
        assert ("issued", "XX督〔2026〕0001号", "supervision") == (adopted.state, adopted.number, adopted.issuer)
        assert (None, HOUSING) == (adopted.clock("proposal_decision"), adopted.clocks["supervision_reply"].owes)

    def test_a_talk_is_adopted_and_recorded_by_the_discipline_side(self):
        """FJ25-5.14.1a."""
        steps = [TALK, (DISCIPLINE, AdoptProposal()), (DISCIPLINE, RecordTalk(date(2026, 3, 2), Text("held")))]

        assert "discipline" == played(steps[:1]).clocks["proposal_decision"].owes
        assert ("closed", "talked", ("2026-Q1 0/4",)) == (played(steps).state, played(steps).result, played(steps).evidence)

    @pytest.mark.parametrize(
        ("steps", "actor", "command", "code"),
        [
            ([TALK], OFFICE, AdoptProposal(), Code.PERMISSION_DENIED),
            ([TALK], OFFICE, DeclineProposal(Text("x")), Code.PERMISSION_DENIED),
            ([TALK], SUPERVISION, RecordTalk(date(2026, 3, 2), Text("x")), Code.PERMISSION_DENIED),
            ([TALK], DISCIPLINE, RecordTalk(date(2026, 3, 2), Text("x")), Code.ORDER_NOT_IN_FORCE),
            ([TALK, (DISCIPLINE, AdoptProposal())], DISCIPLINE, RecordTalk(date(2026, 3, 9), Text("x")), Code.MALFORMED_COMMAND),
            ([TALK, (DISCIPLINE, AdoptProposal())], DISCIPLINE, RecordTalk(date(2026, 3, 2), Text("")), Code.FIELD_REQUIRED),
            ([PROPOSED], OFFICE, DeclineProposal(Text("")), Code.FIELD_REQUIRED),
            ([PROPOSED, (OFFICE, DeclineProposal(Text("x")))], OFFICE, AdoptProposal(), Code.ORDER_NOT_PROPOSED),
            ([PROPOSED, (OFFICE, AdoptProposal())], NODE, ExtendProposal((HANDLED.id,)), Code.ORDER_NOT_PROPOSED),
        ],
    )
    def test_refusals(self, steps: list[tuple[Actor, Command]], actor: Actor, command: Command, code: Code):
        """Only what is open is decided, and only by whoever may."""
        assert code is refused(played(steps, HANDLED), actor, command, HANDLED).code

    @pytest.mark.parametrize(
        ("command", "code"),
        [
            (ProposeOrder("fine", "overdue", HOUSING, reason=Text("x")), Code.VALUE_NOT_OFFERED),
            (ProposeOrder("talk", "perfunctory", HOUSING, reason=Text("x")), Code.VALUE_NOT_OFFERED),
            (ProposeOrder("supervise", "below_standard", HOUSING, reason=Text("x")), Code.VALUE_NOT_OFFERED),
            (ProposeOrder("supervise", "overdue", "", reason=Text("x")), Code.FIELD_REQUIRED),
            (ProposeOrder("supervise", "overdue", f"{COUNTY}-nowhere", reason=Text("x")), Code.UNIT_UNKNOWN),
            (ProposeOrder("supervise", "perfunctory", HOUSING, (HANDLED.id,), reason=Text("x")), Code.FINDING_MISSING),
            (ProposeOrder("supervise", "overdue", HOUSING), Code.FIELD_REQUIRED),
        ],
    )
    def test_a_person_proposes_with_a_reason_on_a_ground_of_the_pack(self, command: Command, code: Code):
        """What nobody found is not called perfunctory."""
        assert code is refused(None, SUPERVISION, command, HANDLED).code

    def test_nothing_that_names_a_person_is_ever_ordered(self):
        """Accountability and talks are proposed, whatever a pack offers."""
        policy = a_policy(RULES | {"supervision.measures": MEASURES})
        for measure in ("talk", "accountability"):
            with pytest.raises(Refusal) as caught:
                command = replace(SUPERVISE, measure=measure)
                decide(DECISIONS, None, command, facts_of(DISCIPLINE, HANDLED), policy, MONDAY)
            assert Code.ONLY_PROPOSED is caught.value.code
