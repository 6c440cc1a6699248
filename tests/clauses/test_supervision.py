"""Supervision in 安顺: five grounds, four forms, and what a running limit sets off."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from node.domain.order.answering import AnswerOrder, CloseOrder, ReadOrder, ReceiveOrder, ReturnAnswer
from node.domain.order.proposing import AdoptProposal, DeclineProposal
from node.domain.payload import Contact, Text
from node.domain.refusal import Code
from node.domain.ticket.extension import DecideExtension, RequestExtension
from node.services import supervision_lists as lists
from tests.clauses.given import (
    HOUSING,
    WATER,
    a_completion,
    a_county,
    a_revisit,
    beijing,
    completed,
    dispatched,
    end_of,
    formed,
    handled,
    kinds_of,
    refuses,
    registered,
    rungs_of,
    swept,
    the,
)
from tests.clauses.orders import order_lines, ordered, orders, the_order
from tests.support.node import Hands

REPEATED = {"is_consistent": False, "evaluation": "dissatisfied"}


@pytest.mark.clause("AS25-4.6.1")
def test_orders_by_hand_and_by_the_sweep_stand_in_the_joint_offices_list(tmp_path: Path):
    """AS25-4.6.1: each with ground, reply date and result; the unit answers; nothing is closed without a result."""
    county = a_county(tmp_path)
    ticket = handled(county)
    by_hand = ordered(county, tickets=(ticket,), ground="below_standard", demand=Text("限期说明"))
    swept(county, "2026-03-02 09:00")

    listed = orders(county, issuer="office")
    assert [("supervise", "below_standard", False), ("urge", "may_overdue", True)] == [
        (one.measure, one.ground, one.is_automatic) for one in listed
    ]
    assert [end_of("2026-02-24"), end_of("2026-03-04")] == [line.reply_due_at for line in order_lines(county)]
    assert ["XX督〔2026〕0001号", "XX督〔2026〕0002号"] == [one.number for one in listed]

    with refuses(Code.PERMISSION_DENIED):
        county.act("department", AnswerOrder(Text("非本单位")), by_hand, "water")
    county.act("department", ReceiveOrder(), by_hand, "housing")
    county.act("department", AnswerOrder(Text("已整改")), by_hand, "housing")
    with refuses(Code.FIELD_REQUIRED, field="result"):
        county.act("office", CloseOrder(""), by_hand)
    county.act("office", ReturnAnswer(Text("请补充依据")), by_hand)
    county.act("department", AnswerOrder(Text("依据见附件")), by_hand, "housing")
    county.act("office", CloseOrder("rectified"), by_hand)
    assert ("closed", "rectified", ["urge"]) == (
        the_order(county, by_hand).state,
        the_order(county, by_hand).result,
        [one.measure for one in orders(county)],
    )


@pytest.mark.clause("AS25-4.6.1.1")
def test_a_need_that_was_not_registered_is_supervised_before_there_is_a_ticket(tmp_path: Path):
    """AS25-4.6.1.1: against the unit, by the number of a record elsewhere; the ticket is linked when it comes."""
    county = a_county(tmp_path)
    with refuses(Code.FIELD_REQUIRED, field="reference"):
        ordered(county, ground="unregistered", unit=HOUSING)
    order = ordered(county, ground="unregistered", unit=HOUSING, reference="12345-0007")
    assert () == the_order(county, order).tickets

    ticket = registered(county, channel="hotline_12345", external_number="12345-0007", received_at=county.now)
    swept(county, "2026-02-13 10:05")

    assert ((ticket,), "issued") == (the_order(county, order).tickets, the_order(county, order).state)
    assert "Supervised" in kinds_of(county, ticket)


@pytest.mark.clause("AS25-4.6.1.2a")
def test_one_urge_is_opened_when_the_threshold_is_reached_and_a_new_one_for_a_new_deadline(tmp_path: Path):
    """AS25-4.6.1.2a: three working days before the end, once; a granted extension settles it and allows another."""
    county = a_county(tmp_path)
    ticket = handled(county)

    swept(county, "2026-03-01 23:59")
    assert [] == orders(county)
    swept(county, "2026-03-02 09:00")
    swept(county, "2026-03-02 09:05")
    assert [("urge", "may_overdue", HOUSING, (ticket,), end_of("2026-03-05"))] == [
        (one.measure, one.ground, one.unit, one.tickets, one.due_at) for one in orders(county)
    ]

    county.act("department", RequestExtension(date(2026, 3, 20), "complex", Text("需专家论证")), ticket, "housing")
    county.act("office", DecideExtension(is_granted=True), ticket)
    swept(county, "2026-03-17 23:59")
    assert [("closed", "limit_moved", end_of("2026-03-05")), ("issued", "", end_of("2026-03-20"))] == [
        (one.state, one.result, one.due_at) for one in orders(county, open_only=False)
    ]


@pytest.mark.clause("AS25-4.6.1.2b")
def test_the_moment_a_limit_is_over_the_lead_is_supervised_until_it_completes(tmp_path: Path):
    """AS25-4.6.1.2b: one item at 0:00 of the next day; the days grow; it is settled with the ticket."""
    county = a_county(tmp_path)
    ticket = handled(county)
    swept(county, "2026-03-05 23:59")
    assert ["urge"] == [one.measure for one in orders(county)]

    swept(county, "2026-03-06 00:00")
    swept(county, "2026-03-06 00:01")
    assert 1 == len(rungs_of(county, ticket, "resolve", "overdue"))
    assert [("supervise", "overdue")] == [(one.measure, one.ground) for one in orders(county) if one.measure == "supervise"]

    county.at(beijing("2026-03-09 09:00"))
    assert [2] == [line.overdue_workdays for line in order_lines(county) if line.order.measure == "supervise"]
    county.act("department", a_completion(county), ticket, "housing")
    swept(county, "2026-03-09 09:05")
    assert {("urge", "met_late"), ("supervise", "met_late")} == {(one.measure, one.result) for one in orders(county, open_only=False)}


def complaint(hands: Hands, number: int) -> str:
    """A complaint of another enterprise about one matter."""
    fields: dict[str, Any] = {"matter": "road-works", "name": Contact(f"企业{number}"), "phone": Contact(f"1380000{number:04d}")}
    return dispatched(hands, category="complaint", **fields)


@pytest.mark.clause("AS25-4.6.1.3")
def test_five_complaints_on_one_topic_within_thirty_days_are_grouped_and_proposed(tmp_path: Path):
    """AS25-4.6.1.3: with four nothing happens; a sixth joins the proposal; what is older than the window does not count."""
    county = a_county(tmp_path)
    old = complaint(county, 0)
    county.at(beijing("2026-03-16 09:00"))
    four = [complaint(county, number) for number in range(1, 5)]
    swept(county, "2026-03-16 09:10")
    assert [] == [one for one in orders(county) if one.ground == "concentrated_complaints"]

    fifth = complaint(county, 5)
    swept(county, "2026-03-16 09:20")
    swept(county, "2026-03-16 09:25")
    (proposal,) = [one for one in orders(county) if one.ground == "concentrated_complaints"]
    assert ("proposed", {*four, fifth}, HOUSING) == (proposal.state, set(proposal.tickets), proposal.unit)
    assert old not in proposal.tickets

    sixth = complaint(county, 6)
    swept(county, "2026-03-16 09:30")
    assert {*four, fifth, sixth} == set(the_order(county, proposal.id).tickets)
    county.act("office", AdoptProposal(demand=Text("专题研究")), proposal.id)
    assert ("issued", "XX督〔2026〕") == (the_order(county, proposal.id).state, the_order(county, proposal.id).number[:9])


@pytest.mark.clause("AS25-4.6.1.4")
@pytest.mark.parametrize("is_at_fault", [True, False])
def test_repeated_rework_is_supervised_only_once_the_department_was_judged_to_be_the_cause(tmp_path: Path, is_at_fault: bool):
    """AS25-4.6.1.4: two reworks and still dissatisfied is a proposal to judge; both conditions are needed."""
    county = a_county(tmp_path)
    ticket = completed(county)
    for _ in range(2):
        county.later(minutes=1).node.sweep.run(county.now)
        assert [] == [one for one in orders(county) if one.ground == "repeated_rework"]
        county.act("office", a_revisit(**REPEATED), ticket)
        county.act("department", a_completion(county), ticket, "housing")
    county.act("office", a_revisit(evaluation="dissatisfied"), ticket)
    county.later(minutes=1).node.sweep.run(county.now)
    county.later(minutes=1).node.sweep.run(county.now)

    (proposal,) = [one for one in orders(county) if one.ground == "repeated_rework"]
    assert ("proposed", HOUSING, (ticket,)) == (proposal.state, proposal.unit, proposal.tickets)
    with refuses(Code.FIELD_REQUIRED, field="cause"):
        county.act("office", AdoptProposal(), proposal.id)
    if is_at_fault:
        county.act("office", AdoptProposal(cause="department"), proposal.id)
        assert ("issued", "department") == (the_order(county, proposal.id).state, the_order(county, proposal.id).cause)
    else:
        with refuses(Code.GROUND_NOT_MET):
            county.act("office", AdoptProposal(cause="not_department"), proposal.id)
        county.act("office", DeclineProposal(Text("政策所限"), "not_department"), proposal.id)
        county.later(minutes=1).node.sweep.run(county.now)
        assert [] == [one for one in orders(county) if one.ground == "repeated_rework"]


@pytest.mark.clause("AS25-4.6.1.5")
def test_what_was_completed_below_the_standard_is_supervised_and_goes_to_rework(tmp_path: Path):
    """AS25-4.6.1.5: opened with the revisit that found it, against the lead, linked to the ticket."""
    county = a_county(tmp_path)
    ticket = completed(county)

    county.act("office", a_revisit(is_standard_met=False), ticket)

    (order,) = orders(county)
    assert ("supervise", "below_standard", HOUSING, (ticket,)) == (order.measure, order.ground, order.unit, order.tickets)
    assert ("reworking", [order.id]) == (the(county, ticket).state.value, [step.order for step in the(county, ticket).supervision])
    assert "RevisitFiled" in kinds_of(county, ticket)


@pytest.mark.parametrize(
    ("form", "fields", "missing"),
    [
        ("phone", {}, "called_at"),
        ("written", {}, "demand"),
        ("special", {"plan": Text("分三步推进")}, "team"),
        ("special", {"team": (HOUSING, WATER)}, "plan"),
    ],
)
def test_each_form_has_its_own_mandatory_fields(tmp_path: Path, form: str, fields: dict[str, Any], missing: str):
    """AS25-4.6.2: a call its time, a letter its demand, a special supervision its team and plan."""
    county = a_county(tmp_path)
    ticket = handled(county)

    with refuses(Code.FIELD_REQUIRED, field=missing):
        ordered(county, tickets=(ticket,), form=form, **fields)
    whole = {"called_at": county.now, "demand": Text("限期整改"), "team": (HOUSING, WATER), "plan": Text("分三步推进")}
    assert form == the_order(county, ordered(county, tickets=(ticket,), form=form, **whole)).form


def test_the_system_form_shows_when_the_unit_opened_the_message(tmp_path: Path):
    """AS25-4.6.2: the first opening counts; another unit cannot open it."""
    county = a_county(tmp_path)
    order = ordered(county, tickets=(handled(county),), form="system", demand=Text("请说明进度"))
    assert the_order(county, order).read_at is None

    with refuses(Code.PERMISSION_DENIED):
        county.act("department", ReadOrder(), order, "water")
    read_at = county.later(hours=1).now
    county.act("department", ReadOrder(), order, "housing")
    county.later(hours=1)
    county.act("department", ReadOrder(), order, "housing")

    assert read_at == the_order(county, order).read_at
    reader = county.order("department", ReadOrder(), order, "housing").actor
    with county.node.store.read() as view:
        assert {"demand": "请说明进度"} == lists.order_texts(view, the_order(county, order), reader)
    stranger = county.order("department", ReadOrder(), order, "water").actor
    with county.node.store.read() as view, refuses(Code.PERMISSION_DENIED):
        lists.order_texts(view, the_order(county, order), stranger)


def test_silence_after_the_sign_limit_starts_supervision(tmp_path: Path):
    """POLICY_PACKS 2 no. 12: not deemed signed; the unit is urged before and supervised after."""
    county = a_county(tmp_path)
    ticket = dispatched(county)
    swept(county, "2026-02-25 00:00")

    assert [("urge", "sign"), ("supervise", "sign")] == [
        (one.measure, one.follows) for one in orders(county, open_only=False) if one.follows == "sign"
    ]
    assert "dispatched" == the(county, ticket).state.value


def test_what_nobody_leads_yet_urges_nobody(tmp_path: Path):
    """The office does not supervise itself: its own limits are marked, and nothing is ordered."""
    county = a_county(tmp_path)
    ticket = formed(county)
    swept(county, "2026-03-06 09:00")

    assert 1 == len(rungs_of(county, ticket, "resolve", "overdue"))
    assert [] == orders(county)
