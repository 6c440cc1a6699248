"""What a ticket's page offers can be done: what would be refused, or led nowhere, whatever is typed stands under what cannot, and why."""

import re

import pytest

from node.domain.refusal import Code, Refusal
from node.services.command_fields import commands
from node.texts.catalogue import LANGS, OFFERED, explain
from tests.support.node import make_node
from tests.web.busy_county import County, a_busy_day
from tests.web.support import at_desk
from tests.web.test_acts import send
from tests.web.test_ticket_page import not_now, verbs


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> County:
    return a_busy_day(make_node(tmp_path_factory.mktemp("offered") / "node", pack="anshun-2025"))


def page_of(county: County, account: str, ticket: str, role: str = "") -> str:
    answer = at_desk(county.hands, account, role).get(f"/tickets/{county.tickets[ticket]}")
    assert 200 == answer.status_code
    return answer.text


@pytest.mark.parametrize(
    ("account", "role", "ticket", "verb", "why"),
    [
        # Another's duty, as was said when it was reported: nobody types that away.
        ("hall", "department", "pool-0", "handle-own-duty", "不属“政务大厅窗口”的职责。自行办理本部门职责请报办公室研判"),
        # The pack has no value for what must be chosen.
        ("centre", "office", "extension", "change-level", "目前没有可选的“层级”，不能这样办理。调整权限层级本地规则没有列出任何一项"),
        ("housing", "department", "extension", "flag-red-line", "目前没有可选的“底线红线”，不能这样办理。标注底线红线"),
        # The complexity of the ticket is none that goes this way, and no field of the form.
        ("housing", "department", "joint", "file-plan", "难易程度为“一般”的事项不能这样办理。提出解决方案、初步答复、"),
        # A condition of the ticket.
        ("centre", "office", "revisit-0", "refer-dissatisfaction", "不具备“评价为不满意”这一条件。移交督查核查"),
        ("centre", "office", "objection", "report-to-government", "没有协调不成的记录。报人民政府确定"),
        ("housing", "department", "extension", "declare-disagreement", "不具备“涉及两个以上部门”这一条件。提出分歧"),
        ("centre", "office", "batch-0", "close-judgement", "不能单独作出结论。结束研判"),
    ],
)
def test_what_no_typing_can_turn_away_is_not_offered(county: County, account: str, role: str, ticket: str, verb: str, why: str) -> None:
    """A wide button that always answers no teaches people not to press."""
    page = page_of(county, account, ticket, role)

    assert verb not in verbs(page)
    assert why in not_now(page)


@pytest.mark.parametrize(
    ("account", "role", "ticket", "verb", "why"),
    [
        ("housing", "department", "extension", "tick-joint-item", "还没有待办的联办事项。"),
        ("hall", "department", "extension", "tick-joint-item", "还没有待办的联办事项。"),
        ("centre", "office", "extension", "drop-joint-item", "还没有待办的联办事项。"),
        ("housing", "department", "extension", "reach-milestone", "还没有未完成的计划节点。"),
        ("housing", "department", "extension", "file-signed-reply", "还没有上传过附件。"),
        ("centre", "office", "extension", "transfer-down", "本级没有下级节点"),
        ("centre", "office", "extension", "name-tracker", "还没有跟踪专员。"),
    ],
)
def test_a_choice_of_nothing_is_not_offered(county: County, account: str, role: str, ticket: str, verb: str, why: str) -> None:
    """What must be chosen while there is nothing to choose cannot be done now; who can do something about it stands beside."""
    page = page_of(county, account, ticket, role)

    assert verb not in verbs(page)
    assert why in not_now(page)


def test_whatever_is_offered_has_something_to_choose(county: County) -> None:
    """Every act that each desk is offered, whoever sits there and however the matter stands."""
    empty = set()
    for account, role in (("centre", "office"), ("hall", "window_clerk"), ("housing", "department"), ("power", "department")):
        client = at_desk(county.hands, account, role)
        for name in ("pool-0", "formed-0", "extension", "joint", "revisit-0", "objection"):
            number = county.tickets[name]
            page = client.get(f"/tickets/{number}")
            if page.status_code != 200:
                continue
            for verb in verbs(page.text):
                form = client.get(f"/tickets/{number}/do/{verb}").text if verb in commands() else ""
                empty |= {(account, name, verb)} if "没有可选项" in form or "目前没有可以选的" in form else set()

    assert set() == empty


def test_receiving_without_a_register_asks_who_has_it(county: County) -> None:
    """Where no receipt is numbered there is nothing else to write down: that it was done before would be untrue."""
    answer = send(at_desk(county.hands, "housing", "department"), f"/tickets/{county.tickets['extension']}/do/receive-assignment", {})

    assert 422 == answer.status_code or "done=nothing" not in answer.headers.get("location", "")
    assert 'id="f-person-refused"' in answer.text


@pytest.mark.parametrize("lang", LANGS)
def test_no_refusal_prints_an_empty_list(lang: str) -> None:
    """Whatever the choice is called."""
    for key in (*OFFERED, "milestone", "item", "subtype"):
        said = " ".join(explain(Refusal(Code.VALUE_NOT_OFFERED, key=key, value="x", offered=()), lang))  # type: ignore[arg-type]

        assert re.search(r"[：:]\s*[。.]|“”|\{", said) is None, (key, said)


def test_classing_anew_asks_only_for_what_the_pack_has(county: County) -> None:
    """No layer, level or ground of another county's pack; what is typed is called a reason."""
    form = at_desk(county.hands, "centre", "office").get(f"/tickets/{county.tickets['extension']}/do/reclassify").text
    asked = set(re.findall(r'name="([a-z_]+)"', form))

    assert ({"category", "complexity", "ground"} <= asked, asked & {"layer", "level", "grounds"}) == (True, set())
    assert re.search(r'for="f-ground">\s*([^<\s]+)', form)[1] == "调整理由"  # type: ignore[index]
