"""The admission standard (入库标准): published above, checked below before anything is sent, and once more above (XS25-4.3.3c)."""

import pytest

from node.domain.letter.sending import PublishStandard, WithdrawLetter
from node.domain.payload import Contact, Text
from node.domain.refusal import Code
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.escalation import AcceptEscalation, RequestEscalation, ReturnEscalation
from node.domain.ticket.forming import Form
from node.domain.ticket.intake import Register
from node.texts.catalogue import word
from tests.clauses.after_given import signed
from tests.clauses.given import refuses
from tests.clauses.test_levels import BEYOND
from tests.federation.exchange import CITY, COUNTY, PASSED, SISTER, Tree, at, opened, receipts
from tests.federation.levels import Place
from tests.web.support import at_desk

STANDARD = PublishStandard(
    requires=("legal_basis", "tried"),
    classes=("coordination", "complaint"),
    power_items=("LAND-07", "LAND-08"),
    material_kinds=("department_opinion",),
    text=Text("涉省市级权限的用地问题"),
)
WHOLE = RequestEscalation(
    "LAND-07",
    Text("用地指标超出本级权限"),
    ("coordination_meeting",),
    legal_basis=Text("土地管理法第四十四条"),
    material_kinds=("department_opinion", "site_plan"),
)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """A city with a county under Xiangshan's mechanism and one under Anshun's."""
    return Tree(tmp_path_factory.mktemp("tree"), county="xiangshan-2025", province="anshun-2025")


@pytest.fixture
def standard(tree: Tree) -> str:
    """The city's standard, in force in both counties."""
    published = tree.city.hands.act("office", STANDARD).subject.id
    tree.settle()
    return published


def page_of(place: Place, ticket: str) -> str:
    """The ticket's page as the office of this level reads it."""
    return str(at_desk(place.hands, "centre", "office").get(f"/tickets/{ticket}").text)


def in_hand(place: Place) -> str:
    """A ticket in the hands of the county's housing department, under whichever mechanism."""
    if place.code == COUNTY:
        return signed(place.hands, "xiangshan-2025")
    ticket = place.register()
    place.hands.act("office", Form("coordination", "plain", PASSED), ticket)
    place.hands.act("office", Dispatch(f"{SISTER}-housing"), ticket)
    place.hands.act("department", Sign(), ticket, "housing")
    return ticket


@pytest.mark.clause("XS25-4.3.3c")
def test_what_does_not_meet_the_citys_standard_is_not_sent_and_what_meets_it_is_accepted(tree: Tree, standard: str):
    """The field is named; a complete one is accepted with the city's number; one that is returned is in handling again, with why."""
    ticket = in_hand(tree.county)
    lacking = RequestEscalation("LAND-07", Text("超出本级权限"), ("coordination_meeting",), material_kinds=("department_opinion",))
    before = tree.county.position(COUNTY)
    with refuses(Code.ADMISSION_UNMET, field="legal_basis", missing="legal_basis", standard=standard, node=CITY):
        tree.county.hands.act("office", lacking, ticket)
    assert (before, "handling") == (tree.county.position(COUNTY), at(tree.county, ticket).state.value)

    tree.county.hands.act("office", WHOLE, ticket)
    tree.settle()
    accepted = tree.city.hands.act("office", AcceptEscalation("coordination", "plain"), ticket).entries[0].content.event
    tree.settle()
    with tree.county.level.store.read() as view:
        known = next(one for one in view.journal.of_subject(at(tree.county, ticket).subject) if one.header.kind == "EscalationAccepted")
    assert accepted.number != "" and (accepted.number, CITY) == (known.content.event.number, at(tree.county, ticket).custody.holder)

    other = in_hand(tree.county)
    tree.county.hands.act("office", WHOLE, other)
    tree.settle()
    tree.city.hands.act("office", ReturnEscalation("within_authority", Text("属县级权限")), other)
    tree.settle()
    after = at(tree.county, other)
    assert ("handling", "within_authority") == (after.state.value, after.escalations[-1].return_reason)
    assert accepted.number in page_of(tree.county, ticket)
    assert all(
        said in page_of(tree.county, other) for said in (word("state", "handling"), word("event", "EscalationReturned"), "属县级权限")
    )


@pytest.mark.clause("XS25-4.3.3c")
def test_a_department_pushes_by_itself_where_its_pack_says_so(tree: Tree, standard: str):
    """Accepted under Xiangshan's mechanism, for what it leads; rejected under Anshun's."""
    own, theirs = in_hand(tree.county), in_hand(tree.sister)
    with refuses(Code.PERMISSION_DENIED, wanted=f"{COUNTY}-housing"):
        tree.county.hands.act("department", WHOLE, own, "water")
    tree.county.hands.act("department", WHOLE, own, "housing")
    tree.settle()
    assert CITY == at(tree.city, own).custody.asked

    with refuses(Code.PERMISSION_DENIED, role="department"):
        tree.sister.hands.act("department", WHOLE, theirs, "housing")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"power_item": "LAND-99"}, "power_item"),
        ({"tried": ()}, "tried"),
        ({"legal_basis": None}, "legal_basis"),
        ({"material_kinds": ("site_plan",)}, "material_kinds"),
    ],
)
def test_each_condition_is_checked_and_named(tree: Tree, standard: str, change: dict[str, object], field: str):
    """Class and power item first, then the fields, then the evidence."""
    ticket = in_hand(tree.sister)
    whole = {"power_item": "LAND-07", "reason": WHOLE.reason, "tried": WHOLE.tried, "legal_basis": WHOLE.legal_basis}
    with refuses(Code.ADMISSION_UNMET, field=field):
        tree.sister.hands.act("office", RequestEscalation(**(whole | {"material_kinds": WHOLE.material_kinds} | change)), ticket)  # type: ignore[arg-type]


def test_a_class_that_the_city_does_not_take_stays_here(tree: Tree, standard: str):
    """The core class is the same in every pack."""
    ticket = tree.sister.register()
    tree.sister.hands.act("office", Form("consultation", "plain", PASSED), ticket)
    with refuses(Code.ADMISSION_UNMET, field="category"):
        tree.sister.hands.act("office", WHOLE, ticket)


def test_what_was_asked_before_the_standard_came_is_checked_above_by_what_was_published_when_it_was_asked(tree: Tree, standard: str):
    """A county that was cut off does not know it: the city refuses to accept by its own standard, and returns the ticket with why."""
    ticket = in_hand(tree.sister)
    tree.wires[SISTER].is_cut = True
    tree.city.hands.later(minutes=1)
    stricter = tree.city.hands.act("office", PublishStandard(requires=("opinion",))).subject.id
    tree.city.hands.later(minutes=1)
    tree.sister.hands.act("office", WHOLE, ticket)
    tree.wires[SISTER].is_cut = False
    tree.settle(60)
    with refuses(Code.ADMISSION_UNMET, field="opinion", standard=stricter):
        tree.city.hands.act("office", AcceptEscalation("coordination", "plain"), ticket)
    tree.city.hands.act("office", ReturnEscalation("materials_incomplete", Text("缺办理意见")), ticket)
    tree.settle()
    assert ("handling", "materials_incomplete") == (
        at(tree.sister, ticket).state.value,
        at(tree.sister, ticket).escalations[-1].return_reason,
    )

    late = in_hand(tree.sister)
    with refuses(Code.ADMISSION_UNMET, field="opinion"):
        tree.sister.hands.act("office", WHOLE, late)
    tree.city.hands.act("office", WithdrawLetter(Text("另行发布")), stricter)
    tree.settle()
    # The former one holds again.
    tree.sister.hands.act("office", WHOLE, late)


def test_a_standard_is_read_like_any_letter_and_its_publisher_sees_by_whom(tree: Tree, standard: str):
    """XS25-4.3.3c, AS25-3.2.3a: the same receipts."""
    assert "涉省市级权限的用地问题" == opened(tree.county, standard)["text"]
    tree.settle()
    assert {COUNTY: "rR", SISTER: "r"} == receipts(tree.city, standard)


@pytest.mark.parametrize("command", [PublishStandard(requires=("mood",)), PublishStandard(classes=("gossip",))])
def test_a_standard_asks_only_for_what_can_be_checked(tree: Tree, command: PublishStandard):
    """Fields and classes that both ends know."""
    with refuses(Code.VALUE_NOT_OFFERED):
        tree.city.hands.act("office", command)


def test_in_anshun_what_crosses_goes_up_only_after_the_members_conferred(tree: Tree):
    """AS25-4.2.1.3a: the recorded consultation is checked before the request is sent."""
    entered = Register("window", Text("跨区用地"), name=Contact("王某"), crossing=("cross_region",), judgement="foreign")
    ticket = tree.city.hands.act("window_clerk", entered).subject.id
    with refuses(Code.CONSULTATION_MISSING, ticket=ticket):
        tree.city.hands.act("office", BEYOND, ticket)
