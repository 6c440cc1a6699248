"""Taking a need in: from a phone number to a number to read out, by forms alone and by keyboard alone."""

import re
import time
import uuid
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from node.services import drafts
from node.services.ticket_view import ticket_page
from node.web.intake_form import moment_of
from tests.web.browser import SitDown, violations
from tests.web.office import CLERK, CODE, HANDLER, OTHER_CLERK, PHONE, Office, open_office
from tests.web.support import at_desk, csrf

APPEAL = "门前道路积水，顾客进不来店，请协调排水"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return open_office(Path(tmp_path_factory.mktemp("intake")) / "node")


@pytest.fixture
def client(office: Office) -> TestClient:
    return at_desk(office.hands, CLERK)


def send(client: TestClient, draft: str, do: str, **fields: object) -> Response:
    """Press the button *do* of the intake *draft*."""
    four = {"appeal": APPEAL, "phone": "13900005555", "channel": "window", "received_at": "2026-02-23 09:30"}
    return client.post(f"/intake/{draft}", data={"csrf": csrf, "do": do, **four, **fields})  # type: ignore[dict-item]  # texts and lists of them


def registered(client: TestClient, **fields: object) -> str:
    """Register and return the ticket's number."""
    answer = send(client, str(uuid.uuid4()), "register", **fields)
    assert 303 == answer.status_code, answer.text
    return re.fullmatch(r"/intake/done/(\d{20})(\?consent=\w+)?", answer.headers["location"])[1]  # type: ignore[index]  # matched, or it fails here


def the(office: Office, ticket: str):  # type: ignore[no-untyped-def]  # a whole ticket
    with office.hands.node.store.read() as view:
        return view.readings.ticket(ticket)


class TestFinding:
    """C26: it starts from a phone number or two characters of a name."""

    @pytest.mark.parametrize("said", [PHONE, "+86 137-0000-1111", "惠民", CODE.lower(), "0126-1-0"])
    def test_whatever_is_said_brings_the_enterprise_and_its_open_needs(self, client: TestClient, office: Office, said: str) -> None:
        """Name, needs, and the one line to read aloud: who has it, until when."""
        draft = str(uuid.uuid4())
        found = client.get(send(client, draft, "find", said=said, phone="", appeal="").headers["location"]).text

        assert "诉求 0126-1-0：目前已派单，由区住房和城乡建设局办理，原定2月9日前答复，已超过期限。" in found
        assert f'<button name="do" value="enquiry:{office.handled}">询问这一件</button>' in found
        assert ("西秀区惠民餐饮店" in found) == (said != "0126-1-0")

    def test_the_one_file_that_it_can_mean_is_chosen_and_the_number_is_the_one_to_call_back(
        self, client: TestClient, office: Office
    ) -> None:
        """Nothing is typed twice; and a click takes it back."""
        draft = str(uuid.uuid4())

        page = client.get(send(client, draft, "find", said=PHONE, phone="", appeal="").headers["location"]).text

        assert f'value="{office.file}" checked' in page
        assert f'name="phone" type="tel" value="{PHONE}"' in page
        assert "来电号码与档案一致" in page

    def test_the_files_own_contact_is_shown_masked_and_nowhere_whole(self, client: TestClient) -> None:
        """HM20-A1.4: enough to ask whether it is still he; the whole is opened only for a purpose."""
        page = client.get(send(client, str(uuid.uuid4()), "find", said="惠民", phone="", appeal="").headers["location"]).text

        assert ("赵某" in page, PHONE in page) == (False, False)
        assert re.search(r"档案联系人\s+赵\* 137\*{4}1111", page)

    def test_a_call_that_only_asks_is_over_with_one_button(self, tmp_path: Path) -> None:
        """What is read out is logged; no intake is left lying; with a new need begun, nothing is offered to end it."""
        own = open_office(tmp_path / "node")
        client, draft = at_desk(own.hands, CLERK), str(uuid.uuid4())
        asked = send(client, draft, "enquiry:" + own.handled, said=PHONE, appeal="")
        offered = client.get(asked.headers["location"]).text
        also_new = send(client, str(uuid.uuid4()), "enquiry:" + own.handled, said=PHONE)

        over = send(client, draft, "hang-up", said=PHONE, appeal="")

        assert ("结束这次来电" in offered, "结束这次来电" in client.get(also_new.headers["location"]).text) == (True, False)
        assert "来电已结束，询问已登记。" in client.get(over.headers["location"], follow_redirects=True).text
        assert draft not in client.get("/").text
        assert 2 == len(the(own, own.handled).details.enquiries)

    def test_who_has_no_file_gets_one_with_what_was_typed_and_the_intake_goes_on(self, tmp_path: Path) -> None:
        """Walk (a): "no file yet" was a dead end.  Names and numbers stand in no address; back at the intake the file is chosen."""
        own = open_office(tmp_path / "node")
        client, draft = at_desk(own.hands, CLERK), str(uuid.uuid4())
        typed = {"said": "13900009999", "phone": "13900009999", "name": "钱某", "enterprise_name": "西秀区安居装饰部"}
        unknown = client.get(send(client, draft, "find", **typed).headers["location"]).text

        led = send(client, draft, "open-file", **typed).headers["location"]
        form = client.get(led).text
        fields = {"name": "西秀区安居装饰部", "subject_type": "project", "contact": "钱某", "phone": "13900009999"}
        command_id = re.findall(r'name="command_id" value="([^"]+)"', form)[0]
        answer = client.post(
            "/new/open-enterprise",
            data={"csrf": csrf, **fields, "back": f"/intake/{draft}", "command_id": command_id},
        )
        back = client.get(answer.headers["location"]).text

        assert '<button name="do" value="open-file">建立企业档案</button>' in unknown
        assert form.index('name="subject_type"') < form.index('name="credit_code"') < form.index('<details class="more"'), (
            "a project has no code"
        )
        assert f"/new/open-enterprise?back=%2Fintake%2F{draft}" == led
        assert all(words in form for words in ("西秀区安居装饰部", "钱某", "13900009999"))
        assert re.search(r'name="enterprise" value="E[^"]+" checked', back) and APPEAL in back

    def test_what_was_left_of_an_earlier_caller_stands_in_nobody_elses_file(self, tmp_path: Path) -> None:
        """The first hung up before the file was opened; the second gets a form of his own."""
        own = open_office(tmp_path / "node")
        client, first, second = at_desk(own.hands, CLERK), str(uuid.uuid4()), str(uuid.uuid4())
        send(client, first, "open-file", enterprise_name="先来的商行")

        form = client.get(send(client, second, "open-file", enterprise_name="后来的商行").headers["location"]).text

        assert ("先来的商行" in form, "后来的商行" in form, f'name="back" value="/intake/{second}"' in form) == (False, True, True)

    def test_whoever_may_open_no_file_is_told_who_may(self, tmp_path: Path) -> None:
        """A pack may keep it from a window."""
        own = open_office(tmp_path / "node")
        client, draft = at_desk(own.hands, CLERK), str(uuid.uuid4())
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("node.web.pages.intake.may_give", lambda *_: False)
            patch.setattr("node.web.pages.intake.allowed_roles", lambda *_: frozenset({"office"}))
            page = client.get(send(client, draft, "find", said="13900009999").headers["location"]).text

        assert ("open-file" in page, "可由联合服务工作机制办公室建立企业档案。" in page) == (False, True)

    def test_asking_about_an_old_need_is_logged_once_a_click(self, tmp_path: Path) -> None:
        """FJ25-4.10.2c: each enquiry counts; the same click twice does not; what is typed beside it stays."""
        own = open_office(tmp_path / "node")
        client, draft = at_desk(own.hands, CLERK), str(uuid.uuid4())

        first = send(client, draft, "enquiry:" + own.handled, said=PHONE)
        counted = len(the(own, own.handled).details.enquiries)
        send(client, draft, "enquiry:" + own.handled, said=PHONE)
        with own.hands.node.store.read() as view:
            page = ticket_page(view, own.handled, own.hands.node.policies.bare(view).calendar, own.hands.now)
        (told,) = {line.texts.get("told") for line in page.timeline if line.kind == "EnquiryLogged"}

        assert (f"/intake/{draft}?done=log-enquiry", 1, 2) == (
            first.headers["location"],
            counted,
            len(the(own, own.handled).details.enquiries),
        )
        assert told == "诉求 0126-1-0：目前已派单，由区住房和城乡建设局办理，原定2月9日前答复，已超过期限。"
        assert APPEAL in client.get(f"/intake/{draft}").text

    def test_nobody_else_looks_callers_up(self, office: Office) -> None:
        """A department has no desk that takes needs in."""
        client = at_desk(office.hands, HANDLER)

        assert [403, 403, 403] == [
            client.get("/intake").status_code,
            client.get("/intake/new").status_code,
            send(client, str(uuid.uuid4()), "find").status_code,
        ]


class TestRegistering:
    """Four fields suffice for a number; all else waits."""

    def test_four_fields_give_a_number_to_read_out_and_a_query_code(self, client: TestClient, office: Office) -> None:
        """C23: month and day, serial, check digit; the code beside it; what is still to be completed."""
        ticket = registered(client)

        page = client.get(f"/intake/done/{ticket}").text

        assert re.search(r'<p class="spoken">2月23日 \d+号 校验\d', page)
        assert re.search(r'class="query-code">[0-9A-Z]{4} [0-9A-Z]{4}<', page)
        assert "待完善，还缺：名称或姓名。" in page
        assert ("registered", CLERK) == (the(office, ticket).state.value, the(office, ticket).intake.registered_by)

    def test_the_query_code_is_shown_to_whoever_took_it_in(self, client: TestClient, office: Office) -> None:
        """A colleague sees the number, not the key to the appellant's view."""
        ticket = registered(client)

        page = at_desk(office.hands, OTHER_CLERK).get(f"/intake/done/{ticket}").text

        assert ('class="spoken"' in page, "query-code" in page) == (True, False)

    @pytest.mark.parametrize(("field", "given"), [("appeal", {"appeal": ""}), ("phone", {"phone": ""}), ("channel", {"channel": ""})])
    def test_what_lacks_is_said_beside_its_field_and_nothing_is_lost(self, client: TestClient, field: str, given: dict[str, str]) -> None:
        """Sentence and remedy at the field; everything typed is still there."""
        draft = str(uuid.uuid4())

        answer = send(client, draft, "register", title="积水", **given)

        assert 422 == answer.status_code
        assert re.search(rf'name="{field}"[^>]*aria-invalid="true"', answer.text)
        assert 'name="title" type="text" value="积水"' in client.get(f"/intake/{draft}").text
        assert re.search(rf'<\w+ id="f-{field}"[^>]* autofocus', answer.text), "the keyboard goes on there"
        assert 1 == answer.text.count(" autofocus")

    def test_the_name_is_not_asked_for_where_the_file_has_it(self, client: TestClient, office: Office) -> None:
        """Only what the ticket will lack."""
        known, unknown = (client.get(f"/intake/{one}").text for one in (self.kept(client, office.file), self.kept(client, "")))

        assert ("立案前须补齐" in known, "立案前须补齐：名称或姓名" in unknown) == (False, True)

    def kept(self, client: TestClient, file: str) -> str:
        draft = str(uuid.uuid4())
        send(client, draft, "keep", enterprise=file)
        return draft

    @pytest.mark.parametrize(
        ("said", "taken"),
        [("2026-02-22 16:50", "02-22 16:50"), ("16:50", "02-23 16:50"), ("9:05", "02-23 09:05"), ("2026-02-22 16:50", "02-22 16:50")],
    )
    def test_a_time_is_taken_as_people_write_it(self, office: Office, said: str, taken: str) -> None:
        """B19: after the power cut the sheet's own time is typed in; the hour alone is today's."""
        moment = moment_of(said, office.hands.now)

        assert moment is not None and taken == f"{moment:%m-%d %H:%M}"

    def test_what_a_channel_asks_for_is_asked(self, client: TestClient) -> None:
        """AS25-2.2.8: another channel is described; the field appears, and its absence is refused beside it."""
        answer = send(client, str(uuid.uuid4()), "register", channel="other")

        assert 422 == answer.status_code
        assert re.search(r'name="channel_note"[^>]*aria-invalid="true"', answer.text)
        assert registered(client, channel="other", channel_note="工商联座谈时口头提出")

    def test_who_wants_to_stay_unknown_is_not_written_down(self, client: TestClient, office: Office) -> None:
        """Not even the number by which he was looked up."""
        ticket = the(office, registered(client, is_anonymous="1", phone=PHONE, name="赵某", enterprise=office.file))

        assert ("anonymous", None, None, "") == (
            ticket.appellant.kind, ticket.appellant.phone, ticket.appellant.name, ticket.appellant.enterprise,
        )  # fmt: skip

    def test_an_answer_on_the_spot_is_its_end(self, client: TestClient, office: Office) -> None:
        """A8: a simple question is answered in the same act."""
        ticket = registered(client, category="consultation", answer="营业执照遗失可在政务大厅三号窗口补办", appeal="执照丢了怎么补")

        assert the(office, ticket).state.value not in ("registered", "formed")

    def test_the_unit_complained_of_does_not_see_it(self, client: TestClient, office: Office) -> None:
        """XS25-4.3.1.4, walk (a): 不要让他们知道是我."""
        ticket = registered(client, conceal_from="520402-housing")

        assert "520402-housing" in {*the(office, ticket).details.concealed, the(office, ticket).intake.conceal_from}
        assert ticket not in at_desk(office.hands, HANDLER).get("/tickets?state=all").text

    def test_several_matters_of_one_call_get_a_number_each(self, client: TestClient) -> None:
        """XS25-4.0: one receipt, every number to read out."""
        ticket = registered(client, further=["招牌审批一直没有答复", "垃圾清运不及时"])

        page = client.get(f"/intake/done/{ticket}").text

        assert 3 == page.count('class="spoken"')

    def test_sent_twice_it_is_one_need(self, client: TestClient) -> None:
        """A double click, or the back button: the same number again."""
        draft = str(uuid.uuid4())

        first, second = (send(client, draft, "register").headers["location"] for _ in range(2))

        assert first == second

    def test_consent_to_a_merge_is_read_out_and_recorded(self, tmp_path: Path) -> None:
        """AS25-4.2.1.2b by voice: the text that was read, and the answer."""
        own = open_office(tmp_path / "node")
        client, draft = at_desk(own.hands, CLERK), str(uuid.uuid4())
        send(client, draft, "keep", appeal="北二路施工围挡堵住店门，没有顾客", phone="13800002222", merge_into=own.pooled)
        page = client.get(f"/intake/{draft}").text

        location = send(client, draft, "register", phone="13800002222", merge_into=own.pooled, merge_answer="given").headers["location"]

        assert "您此前反映过 2月23日 1号 校验0 这件事" in page
        consent = the(own, location.rsplit("/", 1)[-1]).merge_consent
        assert (own.pooled, "given") == (consent.into, consent.answer)
        assert "并入 2月23日 1号 校验0 一事：同意。" in client.get(location).text, (
            "what the caller was promised stands where he is told his number"
        )

    def test_a_merge_that_cannot_be_asked_leaves_the_number_and_says_why(self, client: TestClient) -> None:
        """The caller has his number; what could not be recorded stands on the page with its remedy."""
        answer = send(client, str(uuid.uuid4()), "register", merge_into="52040220260101999990")

        page = client.get(answer.headers["location"]).text

        assert "号已取；合并意见未能记录：" in page
        assert 'class="spoken"' in page


class TestDrafts:
    """C24: nothing typed is lost, and two callers at once are two tabs."""

    def test_two_intakes_lie_side_by_side(self, tmp_path: Path) -> None:
        """Each with its own text; the tab is called by the masked number."""
        own = open_office(tmp_path / "node")
        client = at_desk(own.hands, CLERK)
        one, other = str(uuid.uuid4()), str(uuid.uuid4())
        send(client, one, "keep", appeal="第一位的话")
        send(client, other, "keep", appeal="第二位的话", phone="13611117777")

        page = client.get(f"/intake/{one}").text

        assert ("第一位的话" in page, "第二位的话" in page) == (True, False)
        assert f'href="/intake/{other}">136****7777' in page

    def test_a_tab_is_called_by_the_name_that_was_looked_up(self, tmp_path: Path) -> None:
        """A masked name tells no two callers apart."""
        own = open_office(tmp_path / "node")
        client = at_desk(own.hands, CLERK)
        for said in ("惠民", "惠农"):
            send(client, str(uuid.uuid4()), "keep", said=said, phone="", appeal="门前积水")

        assert ["惠农", "惠民"] == sorted(
            re.findall(r'<a href="/intake/[0-9a-f-]{36}">(\w+) ', client.get("/intake/new", follow_redirects=True).text)
        )

    def test_what_is_typed_is_kept_at_each_pause_and_answered_beside(self, client: TestClient, office: Office) -> None:
        """The partial for htmx: the same look-ups, the same draft."""
        draft = str(uuid.uuid4())
        fields = {"csrf": csrf, "said": PHONE, "appeal": "施工许可反复补材料，住建局", "credit_code": "91350211M00010"}

        answer = client.post(f"/intake/{draft}/aside", data=fields)

        assert ("西秀区惠民餐饮店" in answer.text, "<html" in answer.text) == (True, False)
        assert "代码有误" in answer.text
        with office.hands.node.store.read() as view:
            kept = drafts.load(view, CLERK, f"intake/{draft}")
        assert kept is not None
        assert "施工许可反复补材料，住建局" == kept.text("appeal")

    def test_what_may_be_the_same_is_shown_with_its_reason(self, client: TestClient) -> None:
        """The same caller's open need stands there by its own words."""
        answer = client.post(f"/intake/{uuid.uuid4()}/aside", data={"csrf": csrf, "phone": PHONE, "appeal": "施工许可又被退回，要求补材料"})

        assert re.search(r"可能是同一件事.*施工许可反复补材料.*同一诉求人", answer.text, re.DOTALL)

    def test_a_draft_is_its_accounts_alone(self, client: TestClient, office: Office) -> None:
        """Whoever knows the address of another's intake finds an empty one."""
        draft = str(uuid.uuid4())
        send(client, draft, "keep", appeal="只有我知道")

        assert "只有我知道" not in at_desk(office.hands, OTHER_CLERK).get(f"/intake/{draft}").text

    def test_thrown_away_it_is_gone_and_registered_it_is_gone(self, client: TestClient, office: Office) -> None:
        """A draft ends with its form."""
        dropped, done = str(uuid.uuid4()), str(uuid.uuid4())
        send(client, dropped, "keep")
        send(client, dropped, "drop")
        send(client, done, "register")

        page, late = (
            client.get("/intake/new"),
            client.post(f"/intake/{done}/aside", data={"csrf": csrf, "appeal": "迟到的保存", "revision": ""}),
        )

        with office.hands.node.store.read() as view:
            left = [drafts.load(view, CLERK, f"intake/{one}") for one in (dropped, done)]
        assert (303, 200) == (page.status_code, late.status_code)
        assert [True, False] == ["appeal" in one.fields for one in left if one is not None]
        assert client.get(f"/intake/{done}").headers["location"].startswith("/intake/done/")

    def test_thrown_away_by_mistake_it_is_brought_back_for_a_while(self, tmp_path: Path) -> None:
        """C24: the button stands beside the one that keeps.  In time every word is there again; later nothing is left of it."""
        office = open_office(tmp_path / "node")
        client, draft = at_desk(office.hands, CLERK), str(uuid.uuid4())
        offer = f'<form class="note" method="post" action="/intake/{draft}">'
        send(client, draft, "drop", appeal="写了很久的诉求", phone="13900007777")
        after = client.get("/intake/new", follow_redirects=True).text
        back = client.post(f"/intake/{draft}", data={"csrf": csrf, "do": "restore"})
        page = client.get(f"/intake/{draft}").text

        assert offer in after and "恢复草稿" in after and "13900007777" not in after
        assert f"/intake/{draft}?done=intake-restored" == back.headers["location"]
        assert "写了很久的诉求" in page and 'value="13900007777"' in page and offer not in page

        send(client, draft, "drop", appeal="写了很久的诉求")
        office.hands.later(minutes=31)
        gone = client.get("/intake/new", follow_redirects=True).text
        client.post(f"/intake/{draft}", data={"csrf": csrf, "do": "restore"})

        with office.hands.node.store.read() as view:
            left = drafts.load(view, CLERK, f"intake/{draft}")
        assert offer not in gone
        assert left is not None and {"ended", "revision"} == set(left.fields)

    def test_a_keeping_that_comes_late_undoes_no_button(self, client: TestClient, office: Office) -> None:
        """The pause's keeping may reach the server after the look-up that filled the number in."""
        draft = str(uuid.uuid4())
        send(client, draft, "find", said=PHONE, phone="", appeal="")

        client.post(f"/intake/{draft}/aside", data={"csrf": csrf, "said": PHONE, "revision": ""})

        assert f'name="phone" type="tel" value="{PHONE}"' in client.get(f"/intake/{draft}").text

    def test_an_address_that_is_no_intake_is_refused(self, client: TestClient) -> None:
        """Drafts have ids; a path is no way into other forms' drafts."""
        assert 404 == client.get("/intake/habit").status_code

    def test_the_channel_that_was_used_last_is_offered_first(self, tmp_path: Path) -> None:
        """Who sits at the telephone all day does not choose it forty times."""
        own = open_office(tmp_path / "node")
        client = at_desk(own.hands, CLERK)
        registered(client, channel="hotline_12345")

        page = client.get(f"/intake/{uuid.uuid4()}").text

        assert '<option value="hotline_12345" selected>' in page


class TestByKeyboard:
    """Issue 5, item 3: a known caller to a number with the keyboard alone."""

    def test_a_known_caller_has_his_number_without_a_mouse(self, tmp_path: Path, sit_down: SitDown, record_property) -> None:  # type: ignore[no-untyped-def]
        """Measured: the seconds are printed, the keys beside the text are counted; only focus moves by Tab and Enter."""
        own = open_office(tmp_path / "node")
        registered(at_desk(own.hands, CLERK), channel="hotline_12345")  # the channel of this telephone, chosen once
        page = sit_down(own.hands, CLERK)
        pressed: list[str] = []

        def press(key: str, times: int = 1) -> None:
            for _ in range(times):
                page.keyboard.press(key)
                pressed.append(key)

        page.goto("/")
        begin = time.monotonic()
        page.goto("/intake")
        page.keyboard.type(PHONE)
        press("Enter")
        page.wait_for_url("**?at=appeal")
        page.wait_for_function("document.activeElement.name === 'appeal'")
        shown = page.locator("#aside").inner_text()
        page.keyboard.type(APPEAL)
        while page.evaluate("document.activeElement.value") != "register":
            press("Tab")
            assert len(pressed) < 20
        press("Enter")
        page.wait_for_url("**/intake/done/*")
        seconds = time.monotonic() - begin
        spoken = page.locator(".spoken").inner_text()

        record_property("seconds", round(seconds, 2))
        print(f"a known caller to a number: {seconds:.1f} s beside the typing, {len(pressed)} keys, {len(PHONE) + len(APPEAL)} characters")
        assert ("西秀区惠民餐饮店" in shown, "2月9日前答复" in shown) == (True, True)
        assert re.match(r"2月23日 \d+号 校验\d", spoken)
        assert ["Enter", *["Tab"] * 8, "Enter"] == pressed
        assert "接下一位" == page.evaluate("document.activeElement.innerText")

    def test_one_key_registers_from_wherever_one_is(self, office: Office, sit_down: SitDown) -> None:
        """Alt+S, as the page says."""
        page = sit_down(office.hands, CLERK)
        page.goto("/intake/new")
        page.select_option("#f-channel", "window")
        page.fill("#f-phone", "13900006666")
        page.focus("#f-appeal")
        page.keyboard.type(APPEAL)
        # The browser's access key: Playwright's own key press carries no unmodified text with Alt.
        keys = page.context.new_cdp_session(page)
        pressed = {"type": "keyDown", "modifiers": 1, "key": "s", "code": "KeyS", "windowsVirtualKeyCode": 83}
        keys.send("Input.dispatchKeyEvent", {**pressed, "text": "s", "unmodifiedText": "s"})
        page.wait_for_url("**/intake/done/*")

        assert page.locator(".spoken").count() == 1

    def test_without_script_it_is_the_same_form(self, office: Office, sit_down: SitDown) -> None:
        """The old browser whose script is switched off."""
        page = sit_down(office.hands, CLERK, java_script_enabled=False)
        page.goto("/intake/new")
        page.fill("#f-said", "惠民")
        page.press("#f-said", "Enter")
        page.fill("#f-appeal", APPEAL)
        page.select_option("#f-channel", "window")
        page.click("button[value=register]")

        assert page.locator(".spoken").count() == 1

    def test_with_script_what_is_typed_is_kept_without_a_click(self, office: Office, sit_down: SitDown) -> None:
        """The power goes, the window is closed: the text is on the server."""
        if not (Path(__file__).parents[2] / "node/web/static/vendor/htmx.min.js").exists():
            pytest.skip("htmx is not there: the build hook copies it (python docker/static_files.py)")
        page = sit_down(office.hands, CLERK)
        page.goto("/intake/new")
        page.fill("#f-said", "")
        with page.expect_response("**/aside"):
            page.locator("#f-appeal").press_sequentially("门前积水，排水口堵了")
        address = page.url
        page.goto("about:blank")
        page.goto(address)

        assert "门前积水，排水口堵了" == page.input_value("#f-appeal")

    @pytest.mark.parametrize("state", ["empty", "found", "refused", "done"])
    def test_axe_finds_nothing(self, office: Office, sit_down: SitDown, state: str) -> None:
        """In each of the states of the page."""
        page = sit_down(office.hands, CLERK)
        page.goto("/intake/new")
        if state != "empty":
            page.fill("#f-said", PHONE)
            page.click("button[value=find]")
            page.wait_for_url("**?at=appeal")
        if state in ("refused", "done"):
            page.select_option("#f-channel", "window")
            page.fill("#f-appeal", APPEAL if state == "done" else "")
            page.click("button[value=register]")
            page.wait_for_selector(".spoken, .refusal")

        assert [] == violations(page)


class TestFirstLook:
    """Walk (a): what a caller says first, and what is wrong said once."""

    def test_the_window_is_there_beforehand_until_somebody_calls(self, tmp_path: Path) -> None:
        """Who begins at the window without a call chooses no channel; a number that is looked up is a call, and no habit yet."""
        own = open_office(tmp_path / "node")
        fresh, officer = at_desk(own.hands, OTHER_CLERK), at_desk(own.hands, "wang")
        chosen = '<option value="window" selected>'
        begun, office = (one.get(one.get("/intake/new").headers["location"]).text for one in (fresh, officer))
        draft = str(uuid.uuid4())
        called = fresh.get(send(fresh, draft, "find", said=PHONE, preset="window").headers["location"]).text
        visitor = fresh.get(send(fresh, str(uuid.uuid4()), "find", said="惠民", preset="window").headers["location"]).text

        assert (True, False, False, True) == tuple(chosen in page for page in (begun, office, called, visitor))

    def test_from_whom_it_is_kept_stands_in_the_first_view(self, client: TestClient) -> None:
        """ "不要让他们知道是我" is the first sentence of a complaint."""
        page = client.get(client.get("/intake/new").headers["location"]).text

        assert page.index('name="conceal_from"') < page.index('value="register"') < page.index("<details")

    def test_what_is_missing_is_said_at_the_field_and_linked_on_top(self, client: TestClient) -> None:
        """Once in words; what has no field stands on top whole."""
        page = send(client, str(uuid.uuid4()), "register", channel="").text
        top = page.partition('id="refused"')[2].partition("</div>")[0]
        sentence = re.findall(r'id="f-channel-refused"><strong>([^<]+)</strong>', page)

        assert 1 == len(sentence) == page.count(sentence[0])
        assert '<a href="#f-channel">渠道</a>' in top
