"""What a clerk stumbled over when the pages were walked (USERS, walks a, b, c and f): names in place of codes, and no dead ends."""

import re
from pathlib import Path

import pytest

from node.domain.leader.appointing import AppointLeader, EnterLeader
from node.domain.refusal import Code, Refusal
from node.domain.registry import unit_code
from node.services.numbers import short_number
from node.services.refusal_words import in_names
from node.storage import notices
from node.texts.catalogue import explain
from tests.web.office import CLERK, HANDLER, OFFICER, OTHER_CLERK, Office, open_account, open_office
from tests.web.support import at_desk
from tests.web.test_acts import send


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return open_office(tmp_path / "node")


def words(page: str) -> str:
    """A page without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.partition("<main")[2]))


def test_a_clerk_without_work_is_led_to_intake(office: Office) -> None:
    """Walk (a): whoever takes needs in begins there; a department does not."""
    clerk, housing = at_desk(office.hands, OTHER_CLERK).get("/").text, at_desk(office.hands, "d-water").get("/").text

    assert (True, False) == ('<a href="/intake">登记一件诉求</a>' in clerk, "登记一件诉求" in housing)


def test_a_leader_whose_desk_is_empty_is_led_to_his_page(office: Office) -> None:
    """Walk (f): five lines, three names, two decisions; Today has none of it."""
    open_account(office.hands, "chief", ("leader",), name="莫县长")

    empty = at_desk(office.hands, "chief").get("/").text.partition('<p class="empty">')[2].partition("</p>")[0]

    assert '<a href="/leader">每日一页</a>' in empty


def test_a_notice_of_a_ticket_says_what_the_matter_is(office: Office) -> None:
    """Walk (b): nobody knows a matter by its number."""
    told = at_desk(office.hands, HANDLER).get("/").text.partition("<h2>通知</h2>")[2]

    assert re.search(rf'<a href="/tickets/{office.handled}">[^<]+</a> <span class="quiet">施工许可反复补材料</span>', told)


def test_a_refusal_names_the_unit_the_ticket_and_the_person(office: Office) -> None:
    """Codes stay in the refusal itself, which programs read."""
    unit = unit_code(office.hands.node.code, "housing")
    refusals = (Refusal(Code.PERSON_UNFIT, account=CLERK, unit=unit, role="department"), Refusal(Code.UNIT_UNSTAFFED, unit=unit))
    unripe = Refusal(Code.NOT_RIPE, tickets=[office.handled, office.pooled], missing=["plan"])
    state = Refusal(Code.WRONG_STATE, ticket=office.handled, state="dispatched", wanted="open")
    with office.hands.node.store.read() as view:
        said = " ".join(part for one in (*refusals, state, unripe) for part in explain(in_names(view, one, "zh-CN"), "zh-CN"))

    assert "尚在办理的工单" in said and f"{short_number(office.handled)}、{short_number(office.pooled)}" in said, said
    assert [] == [code for code in (CLERK + " ", unit, office.handled, "open") if code in said], said
    assert all(name in said for name in ("李梅", "区住房和城乡建设局", short_number(office.handled))), said


def test_a_choice_that_is_refused_is_said_in_words(office: Office) -> None:
    """Walk (b): "coordination" stood among what may not be done now."""
    refusal = Refusal(Code.VALUE_NOT_OFFERED, key="classes", value="coordination", offered=("consultation", "complaint"))
    with office.hands.node.store.read() as view:
        said = " ".join(explain(in_names(view, refusal, "zh-CN"), "zh-CN"))

    assert "“协调类”不在“类别”的可选范围内" in said and not re.search("[a-z]{5}", said)


def test_a_form_that_is_refused_says_the_number_that_people_say(office: Office) -> None:
    """Walk (b): the sentence at the top of the form, as the road of the command gave it."""
    answer = send(at_desk(office.hands, HANDLER), f"/tickets/{office.handled}/do/complete", {"result": "已告知", "standard": "solved"})

    said = words(answer.text)
    assert answer.status_code >= 400 and short_number(office.handled) in said and office.handled not in said


def test_an_order_on_the_timeline_has_its_number_and_a_due_time_the_day_that_it_closes(office: Office) -> None:
    """Walk (b): 00:00 of the next day misleads by a day."""
    office.hands.node.sweep.run(office.hands.now)
    page = words(at_desk(office.hands, HANDLER).get(f"/tickets/{office.handled}").text)

    assert "24:00" in page and not re.search(r"到期时间 \d{4}-\d\d-\d\d 00:00", page)
    assert not re.search(r"督办单 O\d{6}", page) and re.search(r"督办单 \S+ \S+督〔2026〕\d{4}号", page)


def test_only_who_may_be_named_is_offered(office: Office) -> None:
    """Walk (f): a leader is one of the register who is in office; no administrator is one."""
    hands = office.hands
    open_account(hands, "chief", ("leader",), name="莫县长")
    open_account(hands, "idle", ("leader",), name="前任")
    leader = hands.act("office", EnterLeader("chief")).subject.id
    hands.act("office", AppointLeader("deputy_convenor"), leader)

    form = at_desk(hands, OFFICER).get(f"/tickets/{office.handled}/do/assign-leader").text
    offered = re.findall(r'<option value="([^"]+)"', form.partition('id="f-leader"')[2].partition("</select>")[0])

    assert ["chief"] == offered


def test_what_a_gateway_said_is_said_in_words(office: Office) -> None:
    """The register of channels is read by people who know no word of a program."""
    with office.hands.node.store.read() as view:
        (row, *_) = notices.of_subject(view.connection, office.handled)
    with office.hands.node.store.write() as work:
        notices.mark_failed(work.connection, row.id, 1, None, "no gateway is set")

    page = words(at_desk(office.hands, OFFICER).get("/registers/channels").text)

    assert (True, False) == ("没有接通网关" in page, "no gateway" in page)


def test_the_form_s_aside_says_what_the_matter_is(office: Office) -> None:
    """A number of twenty digits says nothing to whoever fills in the form."""
    form = at_desk(office.hands, HANDLER).get(f"/tickets/{office.handled}/do/sign").text
    aside = form.partition("<aside")[2]

    assert ("施工许可反复补材料" in aside, f">{office.handled}<" in aside) == (True, False)


@pytest.mark.parametrize("verb", ["publish-notice", "ask-guidance", "convene-meeting"])
def test_a_form_about_no_ticket_asks_for_no_file_that_cannot_be_handed_in(office: Office, verb: str) -> None:
    """Walk (c): "this ticket has no files yet" stood on a notice to the counties, with no way to hand one in."""
    form = at_desk(office.hands, OFFICER).get(f"/new/{verb}").text

    assert "本工单还没有附件" not in form
