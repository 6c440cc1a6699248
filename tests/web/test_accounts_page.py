"""The register of accounts: kept by the centre, administrators by the security administrator, each change an entry."""

import re

import pytest

from node.domain import accounts as a
from node.domain import registry as g
from node.domain.entry import Subject
from node.domain.payload import Contact, Text
from node.domain.ticket.intake import Register
from node.services.acting import act
from node.services.logins import logins_of
from tests.support.node import Hands, make_node
from tests.web.support import at_desk, csrf

CENTRE = "520402-centre"


@pytest.fixture(scope="module")
def hands(tmp_path_factory: pytest.TempPathFactory) -> Hands:
    made = make_node(tmp_path_factory.mktemp("accounts") / "node")
    made.staff("housing")
    return made


def last_entry(hands: Hands) -> tuple[str, str, object]:
    with hands.node.store.read() as view:
        one = view.journal.of_subject(Subject("node", hands.node.code))[-1]
    return one.header.actor.account, one.header.actor.role, one.folded.event


class TestKeeping:
    def test_the_centre_opens_an_account_and_hands_over_a_start_password(self, hands: Hands) -> None:
        centre = at_desk(hands, "centre")
        form = {"account": "zhao", "roles": ["window_clerk", "specialist"], "unit": CENTRE, "name": "赵某", "phone": "0851-33220000"}
        opened = centre.post("/registers/accounts", data=form)
        shown = centre.post("/registers/accounts/zhao/reset", data={"credential": "password", "command_id": "c" * 32})
        again = centre.post("/registers/accounts/zhao/reset", data={"credential": "password", "command_id": "c" * 32})
        password = re.findall(r'<code class="digits">([^<]+)<', shown.text)[0]

        assert (303, "/registers/accounts/zhao") == (opened.status_code, opened.headers["location"])
        assert 303 == again.status_code, "a form that is sent twice makes no second password"
        assert "zhao" == logins_of(hands.node).sign_in("zhao", password, hands.node.wall())[1].account
        assert ("centre", "office", a.CredentialsReset("zhao", "password")) == last_entry(hands)
        listed = centre.get("/registers/accounts").text
        assert (True, False) == ("赵某" in listed, "33220000" in listed)

    def test_closing_is_asked_first_and_can_be_undone(self, hands: Hands) -> None:
        """Without script: a page says what it does, that it is not for ever and what else there is; a closed one is opened again."""
        act(hands.node, "centre", g.OpenAccount("leaver", ("window_clerk",), CENTRE))
        centre, path = at_desk(hands, "centre"), "/registers/accounts/leaver"

        before = centre.get(path).text
        asked = centre.get(f"{path}/close").text
        assert (f'action="{path}/close"' in before, f'href="{path}/close"' in before) == (False, True)
        assert "不能再登录和办理" in asked and "重新开通" in asked and "暂停账号" in asked
        assert f'action="{path}/close"' in asked and "已关闭" not in centre.get(path).text

        centre.post(f"{path}/close", data={"command_id": "e" * 32})
        closed = centre.get(path).text
        form = closed.partition("重新开通")[0].rpartition("<form")[2]
        typed = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', form))
        centre.post("/registers/accounts", data=typed)

        assert "已关闭" in closed and ("leaver", "window_clerk", CENTRE) == tuple(typed[one] for one in ("account", "roles", "unit"))
        assert "在用" in centre.get(path).text
        assert 403 == at_desk(hands, "d-housing").get(f"{path}/close").status_code

    def test_it_suspends_one_whose_next_call_is_refused_and_resumes_it(self, hands: Hands) -> None:
        centre, clerk = at_desk(hands, "centre"), at_desk(hands, "d-housing")
        before = clerk.get("/me").status_code
        centre.post("/registers/accounts/d-housing/suspend", data={"reason": "调离"})
        after = clerk.get("/me").headers["location"]
        entry = last_entry(hands)
        listed = centre.get("/registers/accounts?words=d-hous").text
        centre.post("/registers/accounts/d-housing/resume")

        assert (200, True) == (before, "/login" in after)
        assert ("centre", "office", "d-housing") == (entry[0], entry[1], entry[2].account)  # type: ignore[attr-defined]
        assert "已暂停" in listed
        assert 200 == at_desk(hands, "d-housing").get("/me").status_code

    def test_roles_are_changed_and_sessions_of_before_end(self, hands: Hands) -> None:
        act(hands.node, "centre", g.OpenAccount("qian", ("window_clerk",), CENTRE))
        clerk = at_desk(hands, "qian")

        at_desk(hands, "centre").post("/registers/accounts", data={"account": "qian", "roles": ["tracker"], "unit": CENTRE})

        assert 303 == clerk.get("/me").status_code
        assert ("centre", "office", g.AccountOpened("qian", CENTRE, ("tracker",))) == last_entry(hands)


class TestRights:
    @pytest.mark.parametrize(
        ("account", "reads", "suspends"),
        [("centre", 200, 303), ("security", 200, 303), ("audit", 200, 403), ("operator", 403, 403), ("d-housing", 403, 403)],
    )
    def test_who_reads_and_who_keeps(self, hands: Hands, account: str, reads: int, suspends: int) -> None:
        act(hands.node, "centre", g.OpenAccount("sun", ("window_clerk",), CENTRE))
        browser = at_desk(hands, account)

        assert [reads, reads] == [browser.get(path).status_code for path in ("/registers/accounts", "/registers/accounts/sun")]
        assert suspends == browser.post("/registers/accounts/sun/suspend").status_code

    @pytest.mark.parametrize(("account", "form"), [("centre", False), ("security", True), ("audit", False)])
    def test_administrators_are_the_security_administrators(self, hands: Hands, account: str, form: bool) -> None:
        browser = at_desk(hands, account)

        assert form == ("operator/suspend" in browser.get("/registers/accounts/operator").text)
        assert (200 if form else 403) == browser.post("/registers/accounts/operator/reset", data={"credential": "password"}).status_code

    def test_an_administrator_shows_more_than_a_password(self, hands: Hands) -> None:
        assert "/me/second" in at_desk(hands, "security", is_strong=False).get("/login").headers["location"]


class TestStandingIn:
    def test_a_deputy_sits_in_the_place_and_goes_back(self, hands: Hands) -> None:
        for account, roles in (("boss", ("department_leader",)), ("helper", ("department",))):
            act(hands.node, "centre", g.OpenAccount(account, roles, "520402-housing"))
        named = at_desk(hands, "boss").post("/me/deputy", data={"deputy": "helper", "from_day": "2026-01-26", "to_day": "2026-01-30"})
        helper = at_desk(hands, "helper")
        sat = helper.post("/me/place", data={"account": "boss", "back": "/me"})
        helper.headers["x-csrf-token"] = re.findall(r'name="csrf" value="([^"]+)"', helper.get("/me").text)[0]
        shown = helper.get("/me").text
        helper.post("/me/deputy", data={"deputy": "helper", "ends": "1"})

        assert (303, 303) == (named.status_code, sat.status_code)
        assert "正在代理 boss" in shown
        assert "部门负责人" in shown or "部门领导" in shown

    def test_nobody_takes_a_place_that_was_not_lent(self, hands: Hands) -> None:
        assert 403 == at_desk(hands, "d-housing").post("/me/place", data={"account": "centre"}).status_code


class TestNames:
    """Walk (b): the account that a node begins with stood in every timeline, and no person."""

    def test_the_first_account_names_itself_and_the_timeline_shows_it(self, hands: Hands) -> None:
        """Nobody else of the centre could: it opens all the others."""
        client = at_desk(hands, "centre")
        assert "未写明姓名" in client.get("/registers/accounts/centre").text
        roles = re.findall(r'name="roles" value="([^"]+)"', client.get("/registers/accounts/centre").text.partition("由谁使用")[2])

        answer = client.post(
            "/registers/accounts",
            data={"account": "centre", "roles": roles, "unit": CENTRE, "name": "方敏行", "command_id": "a1b2", "csrf": csrf},
        )
        register = Register("window", Text("厂区门口道路破损"), phone=Contact("13900001111"), received_at=hands.now)
        number = hands.act("office", register, account="centre").subject.id

        assert 303 == answer.status_code
        assert "方敏行" in client.get("/registers/accounts").text
        assert re.search(r"登记需求</strong>\s*<span class=\"quiet\">方敏行", client.get(f"/tickets/{number}").text)

    def test_an_administrator_is_named_by_the_security_administrator(self, hands: Hands) -> None:
        """The centre has no say over them."""
        centre, security = (at_desk(hands, account).get("/registers/accounts/operator").text for account in ("centre", "security"))

        assert (False, True) == ("保存姓名" in centre, "保存姓名" in security)
