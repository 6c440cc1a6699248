"""Supervision from above: addressed to a node below, confirmed and answered there, closed above (DESIGN 6, USERS A3)."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete

from federation.link import Lane
from node.domain.entry import Subject, SubjectKind
from node.domain.order.answering import AnswerOrder, CloseOrder
from node.domain.order.issuing import IssueOrder
from node.domain.order.record import SupervisionOrder
from node.domain.payload import Text
from node.domain.refusal import Code, Refusal
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.finding import AnswerFinding, RaiseFinding
from node.domain.ticket.forming import Form
from node.services import supervision_lists as lists
from node.storage import schema
from node.storage.dossier_readings import dossier_of
from tests.clauses.given import a_completion
from tests.federation.levels import Place, connect, enrol, make_place, settle

COUNTY, CITY, PROVINCE = "520402", "520400", "520000"
PASSED = ("responsibility", "jurisdiction", "materials", "lawfulness")


def three_levels(directory: Path) -> tuple[Place, Place, Place]:
    """Province, city and county, joined."""
    province, city = make_place(directory, PROVINCE, "anshun-2025"), make_place(directory, CITY, "anshun-2025")
    county = make_place(directory, COUNTY)
    for below, above in ((city, province), (county, city)):
        enrol(below, above)
        connect(below, above)
    county.hands.staff("housing")
    return province, city, county


def in_hand(county: Place) -> str:
    """A ticket in the hands of the county's housing department."""
    ticket = county.register()
    county.hands.act("office", Form("coordination", "plain", PASSED), ticket)
    county.hands.act("office", Dispatch(f"{COUNTY}-housing"), ticket)
    county.hands.act("department", Sign(), ticket, "housing")
    return ticket


def the_order(place: Place, id: str) -> SupervisionOrder:
    """The order as this level knows it."""
    with place.level.store.read() as view:
        found: SupervisionOrder = dossier_of(view.journal, Subject(SubjectKind.ORDER.value, id))
    return found


def words_of(place: Place, id: str) -> dict[str, str]:
    """What the order's texts say to the office of this level."""
    actor = place.hands.order("office", IssueOrder("supervise", "overdue")).actor
    with place.level.store.read() as view:
        return dict(lists.order_texts(view, the_order(place, id), actor))


@pytest.mark.parametrize("from_above", ["city", "province"])
def test_a_superiors_order_is_confirmed_at_once_answered_below_and_closed_above(tmp_path: Path, from_above: str):
    """DESIGN 6: relayed and readable by the levels between; its clock is the issuer's; only the issuer closes it."""
    province, city, county = three_levels(tmp_path)
    ticket = in_hand(county)
    settle(county, city, province)
    issuer = {"city": city, "province": province}[from_above]

    issue = IssueOrder("supervise", "overdue", "written", (ticket,), demand=Text("请市县两级限期办结"))
    order = issuer.hands.act("office", issue).subject.id
    assert (COUNTY, COUNTY) == (the_order(issuer, order).to_node, the_order(issuer, order).clocks["supervision_reply"].owes)
    settle(county, city, province)

    assert {"received"} == {the_order(place, order).state for place in (county, issuer)}
    assert [{"demand": "请市县两级限期办结"}] * 2 == [words_of(county, order), words_of(city, order)]
    with county.level.store.read() as view:
        found = view.readings.ticket(ticket)
    assert found is not None and [order] == [step.order for step in found.supervision]
    with pytest.raises(Refusal) as refused:
        county.hands.act("office", CloseOrder("rectified"), order)
    assert Code.NOT_HOLDER is refused.value.code

    county.hands.act("office", AnswerOrder(Text("已约定本周开工")), order)
    settle(county, city, province)
    issuer.hands.node.sweep.run(issuer.hands.now)
    answered = the_order(issuer, order)
    assert ("answered", None, "office") == (answered.state, answered.clock("supervision_reply"), answered.clocks["supervision_close"].owes)
    assert "已约定本周开工" == words_of(issuer, order)["answer"]
    issuer.hands.act("office", CloseOrder("rectified"), order)
    settle(county, city, province)
    settle(county, city, province)
    assert ("closed", "rectified") == (the_order(county, order).state, the_order(county, order).result)


def test_a_sealed_order_is_read_between_only_once_it_was_received(tmp_path: Path):
    """DESIGN 6: the city passes on what it cannot read; with the county's receipt it gets the keys, to the answer, too."""
    province, city, county = three_levels(tmp_path)
    ticket = in_hand(county)
    settle(county, city, province)
    # The city's next greeting brings the county's key up.
    settle(county, city, province, seconds=60)
    issue = IssueOrder("supervise", "overdue", "written", (ticket,), demand=Text("请直接说明市级是否干预"), is_sealed=True)
    order = province.hands.act("office", issue).subject.id
    for above, below in ((province, city), (city, county)):
        assert below.session is not None
        while below.session.step(Lane.UP):
            pass
        below.session.step(Lane.DOWN)
        if below is city:
            city.reactions.run()
            with pytest.raises(Refusal) as sealed:
                words_of(city, order)
            assert (Code.PAYLOAD_SEALED, CITY, above.code) == (sealed.value.code, city.code, PROVINCE)
    assert {"demand": "请直接说明市级是否干预"} == words_of(county, order)

    settle(county, city, province)
    assert "received" == the_order(province, order).state
    assert {"demand": "请直接说明市级是否干预"} == words_of(city, order)
    county.hands.act("office", AnswerOrder(Text("未受干预")), order)
    settle(county, city, province)
    assert ["未受干预"] * 3 == [words_of(place, order)["answer"] for place in (county, city, province)]


def test_only_what_goes_to_another_level_is_sealed(tmp_path: Path):
    """There is nobody between the node and its own department."""
    _, _, county = three_levels(tmp_path)
    ticket = in_hand(county)

    with pytest.raises(Refusal) as refused:
        county.hands.act("office", IssueOrder("supervise", "overdue", tickets=(ticket,), is_sealed=True))
    assert (Code.MALFORMED_COMMAND, "is_sealed") == (refused.value.code, refused.value.facts["field"])


def test_what_nobody_could_open_below_is_not_sealed(tmp_path: Path):
    """A node below whose key has not come up yet would hold an order that it cannot read."""
    province, city, county = three_levels(tmp_path)
    ticket = in_hand(county)
    settle(county, city, province)
    with province.level.store.write() as work:
        work.connection.execute(delete(schema.payload_keys).where(schema.payload_keys.c.recipient == f"{COUNTY}/node"))

    with pytest.raises(Refusal) as refused:
        province.hands.act("office", IssueOrder("supervise", "overdue", tickets=(ticket,), is_sealed=True))
    assert (Code.RECEIVER_KEY_UNKNOWN, COUNTY) == (refused.value.code, refused.value.facts["node"])


def test_a_node_supervises_below_itself_and_nowhere_else(tmp_path: Path):
    """A county does not supervise its city, nor a ticket that the city holds."""
    *_, county = three_levels(tmp_path)

    with pytest.raises(Refusal) as refused:
        county.hands.act("office", IssueOrder("supervise", "overdue", to_node=CITY))
    assert Code.NOT_SUBORDINATE is refused.value.code


@pytest.mark.parametrize("is_answered", [True, False])
def test_a_finding_without_an_answer_after_its_limit_becomes_a_supervision_order(tmp_path: Path, is_answered: bool):
    """USERS A3: two working days after it was executed; once; none if the lead had answered."""
    province, city, county = three_levels(tmp_path)
    ticket = in_hand(county)
    county.hands.act("department", a_completion(county.hands), ticket, "housing")
    settle(county, city, province)
    city.hands.act("office", RaiseFinding(is_consistent=False, is_standard_met=True, note=Text("渠道仍堵塞")), ticket)
    settle(county, city, province)
    settle(county, city, province)
    if is_answered:
        county.hands.act("department", AnswerFinding("rework"), ticket, "housing")
        settle(county, city, province)

    city.hands.later(days=2)
    city.hands.node.sweep.run(city.hands.now)
    assert [] == orders_of(city)
    city.hands.at(city.hands.now + timedelta(days=1))
    city.hands.node.sweep.run(city.hands.now)
    city.hands.node.sweep.run(city.hands.now)

    shown = [(one.measure, one.ground, one.to_node, one.tickets) for one in orders_of(city)]
    assert ([] if is_answered else [("supervise", "finding_unanswered", COUNTY, (ticket,))]) == shown
    settle(county, city, province)
    assert shown == [
        (one.measure, one.ground, one.to_node, one.tickets) for one in map(lambda one: the_order(county, one.id), orders_of(city))
    ]


def orders_of(place: Place) -> list[SupervisionOrder]:
    """The orders that this level issued."""
    with place.level.store.read() as view:
        calendar = place.hands.node.policies.bare(view).calendar
        return [line.order for line in lists.order_lines(view, calendar, place.hands.now)]
