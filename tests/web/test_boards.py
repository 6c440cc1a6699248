"""The boards of a county office: what waits by clock, what one click does, who sees what, and what each of several acts reports."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from node.domain.meeting.agenda import SubmitTickets
from node.domain.meeting.convening import ConveneMeeting
from node.domain.meeting.holding import HoldMeeting
from node.domain.order.issuing import IssueOrder
from node.domain.payload import Text
from node.domain.ticket.dispatching import Dispatch, Recall
from node.domain.ticket.forming import Form
from node.domain.ticket.ticket import Ticket
from node.services import boards
from node.services.acting import act
from node.services.readership import BOARD_READERS
from node.services.registry import actor_of
from node.storage import schema
from tests.support.node import make_node
from tests.web.browser import SitDown
from tests.web.busy_county import County, a_busy_day, staffed
from tests.web.office import PASSED
from tests.web.support import at_desk, csrf

OFFICE = ("centre", "office")
UNIT = ("housing", "department")


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> County:
    """A busy day that tests only read."""
    return a_busy_day(make_node(tmp_path_factory.mktemp("county")))


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> County:
    """A county where nothing has happened yet."""
    return staffed(make_node(tmp_path_factory.mktemp("empty")))


@pytest.fixture
def quiet(tmp_path: Path) -> County:
    """A county whose day the test makes."""
    return staffed(make_node(tmp_path / "node"))


def desk(county: County, account: str = "centre", role: str = "office") -> TestClient:
    return at_desk(county.hands, account, role)


def post(client: TestClient, path: str, **fields: object) -> Any:
    """A form that is sent, and the page behind it."""
    answer = client.post(path, data={"csrf": csrf, **fields})
    return client.get(answer.headers["location"]) if answer.status_code == 303 else answer


def shown(page: Any) -> set[str]:
    """The register numbers that a page links to."""
    return set(re.findall(r"/tickets/(\d{20})", page.text))


def ticket_of(county: County, number: str) -> Ticket:
    """The ticket as it is now."""
    with county.hands.node.store.read() as view:
        found = view.readings.ticket(number)
    assert found is not None
    return found


class TestEveryBoard:
    @pytest.mark.parametrize("name", BOARD_READERS)
    def test_it_opens_in_both_languages_without_a_leftover_code(self, county: County, name: str) -> None:
        """STYLE: no key of a catalogue and no placeholder reaches the page."""
        for lang in ("zh-CN", "en"):
            page = at_desk(county.hands, *(UNIT if name == "tray" else OFFICE), lang=lang).get(f"/boards/{name}")

            assert 200 == page.status_code
            assert [] == re.findall(r"boards\.[a-z_]+|\{[a-z_]+\}", page.text.split("<main", 1)[1])

    @pytest.mark.parametrize("name", BOARD_READERS)
    def test_it_says_what_would_appear_where_nothing_waits(self, empty: County, name: str) -> None:
        """A board without work has a sentence in place of a table."""
        assert 'class="empty"' in desk(empty, *(UNIT if name == "tray" else OFFICE)).get(f"/boards/{name}").text

    @pytest.mark.parametrize(("account", "role"), [("hall", "window_clerk"), ("market", "department"), ("development_reform", "member")])
    def test_who_may_not_see_a_board_is_refused_it(self, county: County, account: str, role: str) -> None:
        """Each role has its boards; the rest answer 403."""
        client = desk(county, account, role)

        found = {name: client.get(f"/boards/{name}").status_code for name in BOARD_READERS}

        assert {name: 200 if role in roles else 403 for name, roles in BOARD_READERS.items()} == found

    def test_nobody_sees_a_need_that_complains_of_his_unit(self, county: County) -> None:
        """XS25-4.3.1.4: to the unit complained of it is not there, on no board."""
        client = desk(county, "market", "department")
        own = [name for name, roles in BOARD_READERS.items() if "department" in roles]

        seen = set().union(*(shown(client.get(f"/boards/{name}")) for name in own))

        assert county.tickets["hidden"] not in seen
        assert county.tickets["hidden"] in shown(desk(county).get("/boards/triage"))

    @pytest.mark.parametrize("name", ["approvals", "co-handling", "objections"])
    def test_a_department_sees_what_is_its_own(self, county: County, name: str) -> None:
        """AS25-3.1.1a: lists ask the scope."""
        account = "housing"
        page = desk(county, account, "department").get(f"/boards/{name}")

        assert {id for id in shown(page) if county.unit(account) in ticket_of(county, id).concerned} == shown(page) != set()

    def test_a_form_without_the_token_of_the_session_changes_nothing(self, county: County) -> None:
        """A page elsewhere cannot send our forms."""
        client = desk(county)
        client.headers.pop("x-csrf-token")
        answer = client.post("/boards/triage", data={"row": county.tickets["pool-0"]})

        assert 403 == answer.status_code

    def test_the_first_page_counts_what_waits(self, county: County) -> None:
        """One table of all boards with their counts."""
        page = desk(county).get("/boards").text

        assert re.search(r'href="/boards/approvals">审批</a></th>\s*<td>4</td>', page)


class TestTriage:
    def test_one_click_forms_and_sends_to_the_unit_that_is_proposed(self, quiet: County) -> None:
        """40 needs a day: with the proposals right it is the button of the row, and the class where no word names one."""
        number = quiet.need("one", 2)
        client = desk(quiet)
        fields = _filled(client.get("/boards/triage").text, number)

        page = post(client, "/boards/triage", only=number, command_id="c-1", **fields)

        ticket = ticket_of(quiet, number)
        assert (quiet.unit("water"), "dispatched") == (ticket.lead, ticket.state.value)
        assert "已办1件" in page.text

    def test_a_need_is_sent_with_three_clicks_at_most(self, county: County) -> None:
        """Whatever was proposed: a class, a unit and the button are one click each; a unit that is not proposed is typed."""
        page = desk(county).get("/boards/triage").text

        for place in range(6):
            row = _row(page, county.tickets[f"pool-{place}"])
            assert 3 == len(re.findall(r'type="radio" name="category:', row))
            assert 1 <= len(re.findall(r'type="radio" name="lead:', row)) <= 3
            assert 1 == len(re.findall(r'<input type="text" name="other:', row)) == len(re.findall('name="only"', row))
            assert 1 >= len(re.findall(r'name="category:\d+"[^>]* checked', row))

    def test_the_same_form_sent_twice_sends_once(self, quiet: County) -> None:
        """The token of the form makes a second sending harmless."""
        number = quiet.need("one", 2)
        client = desk(quiet)
        fields = _filled(client.get("/boards/triage").text, number)
        for _ in range(2):
            page = post(client, "/boards/triage", only=number, command_id="c-1", **fields)

        with quiet.hands.node.store.read() as view:
            kinds = [one.header.kind for one in view.journal.of_subject(ticket_of(quiet, number).subject)]
        assert (1, 1) == (kinds.count("Formed"), kinds.count("Dispatched"))
        assert "未办" not in page.text

    def test_each_of_several_reports_for_itself(self, quiet: County) -> None:
        """One that is refused is named with sentence and remedy and stops nothing else."""
        good, bad = quiet.need("good", 2), quiet.need("bad", 3)
        client = desk(quiet)
        page = client.get("/boards/triage").text
        fields = _filled(page, good) | _filled(page, bad) | {f"lead:{bad}": ""}

        after = post(client, "/boards/triage", row=[good, bad], command_id="c-2", **fields)

        assert ["dispatched", "registered"] == [ticket_of(quiet, one).state.value for one in (good, bad)]
        assert "已办1件" in after.text and "未办1件" in after.text
        assert "FIELD_REQUIRED" in after.text
        assert f"/tickets/{bad}/do/form?back=/boards/triage" in after.text

    @pytest.mark.parametrize(("typed", "unit"), [("水务", "water"), ("水务局", "water"), ("供电", "power")])
    def test_a_part_of_a_name_is_enough_for_another_unit(self, quiet: County, typed: str, unit: str) -> None:
        """Whoever knows the unit types two characters of it."""
        number = quiet.need("one", 3)
        client = desk(quiet)
        fields = _filled(client.get("/boards/triage").text, number) | {f"other:{number}": typed}
        post(client, "/boards/triage", only=number, command_id="c-3", **fields)

        assert quiet.unit(unit) == ticket_of(quiet, number).lead

    def test_a_name_that_several_units_have_sends_nothing(self, quiet: County) -> None:
        """ "局" could be anybody."""
        number = quiet.need("one", 3)
        client = desk(quiet)
        fields = _filled(client.get("/boards/triage").text, number) | {f"other:{number}": "局"}
        page = post(client, "/boards/triage", only=number, command_id="c-4", **fields)

        assert "registered" == ticket_of(quiet, number).state.value
        assert "UNIT_UNKNOWN" in page.text

    def test_a_steward_works_in_his_field_only(self, quiet: County) -> None:
        """AS25-3.3, 3.4: 发改委 judges and dispatches in its field, and sees the rest of the pool on no board."""
        other = quiet.need("other", 0)
        field = _field_of(quiet, "development_reform")
        own = quiet.need("own", 1, field=field)

        page = desk(quiet, "development_reform", "steward").get("/boards/triage")

        assert own in shown(page)
        assert other not in shown(page)

    def test_who_may_not_sort_sees_no_button(self, county: County) -> None:
        """A window clerk looks, and is offered nothing."""
        page = desk(county, "hall", "window_clerk").get("/boards/triage").text

        assert 'name="only"' not in page
        assert 'name="row"' not in page

    @pytest.mark.parametrize("board", ["triage", "dispatch"])
    def test_who_may_not_sort_reads_what_is_proposed(self, county: County, board: str) -> None:
        """A specialist: no box to type into whose words nothing would send."""
        page = desk(county, "caller", "specialist").get(f"/boards/{board}").text.partition("<main")[2]

        inputs = re.findall(r'<(?:input|select|textarea)[^>]*name="([a-z]+)', page)
        assert [] == [one for one in inputs if one not in ("csrf", "command")]
        assert re.search(r'<span class="quiet">建议</span> [^<]+ <span class="why">[^<]+</span>', page)

    def test_a_class_is_chosen_beforehand_only_with_its_reasons(self, county: County) -> None:
        """FEATURES 53: beside it the words that speak for it; where none does, somebody chooses, or the limit would be a guess."""
        page = desk(county).get("/boards/triage").text
        spoken, silent = (_row(page, county.tickets[name]) for name in ("pool-0", "pool-2"))

        assert re.search(r'value="coordination" checked> 协调类 <span class="why">建议</span> <span class="why">[^<]*停电[^<]*词表', spoken)
        assert "checked" not in silent.partition('name="lead:')[0]
        assert "没有足够依据，请选择类别" in silent


class TestDispatch:
    def test_several_are_recalled_at_once_until_they_are_signed(self, quiet: County) -> None:
        """USERS A6: a wrong click is taken back; a signed one is refused with its reason."""
        quiet.sent("sent", "fire")
        quiet.in_hand("signed", "fire")
        sent, signed = quiet.tickets["sent"], quiet.tickets["signed"]

        page = post(desk(quiet), "/boards/dispatch/recall", row=[sent, signed], reason="派错单位", command_id="r-1")

        assert "已办1件" in page.text and "未办1件" in page.text
        assert "formed" == ticket_of(quiet, sent).state.value

    def test_what_is_formed_waits_with_its_clock(self, county: County) -> None:
        """Both formed ones are there; the sent one waits to be signed."""
        page = desk(county).get("/boards/dispatch")

        assert {county.tickets[one] for one in ("formed-0", "formed-1", "sent")} <= shown(page)


class TestApprovals:
    def test_one_tray_has_every_kind_with_clock_reason_and_deciders(self, county: County) -> None:
        """USERS walk (c): extensions, terminations, withdrawals and rechecks in one tray."""
        page = desk(county).get("/boards/approvals").text

        for verb in ("decide-extension", "decide-termination", "decide-withdrawal", "open-recheck"):
            assert f"/do/{verb}?back=/boards/approvals" in page
        assert "需等待图审机构出具意见。" in page
        assert "centre、office-2" in page

    def test_the_applicant_sees_it_without_buttons(self, county: County) -> None:
        """AS25-4.4.2a: nobody decides his own."""
        page = desk(county, "housing", "department").get("/boards/approvals").text

        assert county.tickets["extension"] in page
        assert "/do/decide-extension" not in page

    def test_it_is_narrowed_by_unit_and_kind(self, county: County) -> None:
        """Filter by unit and by what is asked."""
        client = desk(county)

        by_unit = shown(client.get(f"/boards/approvals?unit={county.unit('housing')}"))
        by_kind = shown(client.get("/boards/approvals?kind=withdrawal_decision"))

        assert {county.tickets["extension"]} == by_unit
        assert {county.tickets["withdrawal"]} == by_kind


class TestBetweenUnits:
    def test_a_co_handler_is_asked_on_its_own_board_only(self, county: County) -> None:
        """AS25-4.4.3: the fire brigade confirms or refuses; the lead waits."""
        mine = desk(county, "fire", "department").get("/boards/co-handling").text
        lead = desk(county, "housing", "department").get("/boards/co-handling").text

        assert f"/tickets/{county.tickets['joint']}/do/confirm-co-handling" in mine
        assert f"/tickets/{county.tickets['joint']}/do/confirm-co-handling" not in lead
        assert "我单位牵头，等待其他单位" in lead

    def test_a_department_signs_several_at_once(self, quiet: County) -> None:
        """USERS C25: each is signed for itself; one that is somebody else's is refused and stops nothing."""
        for name in ("one", "two"):
            quiet.sent(name, "fire")
        quiet.sent("other", "water")
        client = desk(quiet, "fire", "department")
        page = client.get("/boards/tray")

        after = post(client, "/boards/tray/sign", row=list(quiet.tickets.values()), command_id="s-1")

        assert {quiet.tickets["one"], quiet.tickets["two"]} == shown(page)
        assert "已办2件" in after.text and "未办1件" in after.text
        assert ["handling", "handling", "dispatched"] == [ticket_of(quiet, one).state.value for one in quiet.tickets.values()]

    def test_all_that_the_page_showed_is_signed_with_one_button_and_nothing_that_came_since(self, quiet: County) -> None:
        """USERS (b), Monday: no script, nothing ticked; the button says how many, and what nobody has read is not signed."""
        for name in ("a-1", "a-2", "a-3"):
            quiet.sent(name, "fire")
        client = desk(quiet, "fire", "department")
        page = client.get("/boards/tray").text
        shown = re.findall(r'name="shown" value="([^"]+)"', page)
        quiet.sent("a-4", "fire")

        after = post(client, "/boards/tray/sign", all="yes", shown=shown, command_id="s-2").text

        states = {name: ticket_of(quiet, quiet.tickets[name]).state.value for name in ("a-1", "a-2", "a-3", "a-4")}
        assert {"a-1": "handling", "a-2": "handling", "a-3": "handling", "a-4": "dispatched"} == states
        assert (True, True) == (f"全部签收（{len(shown)}件）" in page, f"已办{len(shown)}件" in after)

    def test_an_objection_shows_who_objects_and_why(self, county: County) -> None:
        """AS25-4.3.2a: what the office must know before it rules."""
        page = desk(county).get("/boards/objections").text

        assert "停电属供电部门职责，不属我局。" in page
        assert f"/tickets/{county.tickets['objection']}/do/rule-objection" in page
        assert f"/tickets/{county.tickets['dispute']}/do/record-coordination" in page


class TestJudgement:
    def test_what_each_member_said_stands_beside_the_need(self, county: County) -> None:
        """AS25-4.2.1.3a: opinions with outcome and lead, and who is silent."""
        page = desk(county).get("/boards/judgement").text

        assert "属自然资源部门职责，建议立案。" in page
        assert "未发表意见：投资促进局" in page

    def test_a_member_is_offered_his_opinion_and_no_closing(self, county: County) -> None:
        """Opinions are the members', closing the office's."""
        page = desk(county, "investment_promotion", "member").get("/boards/judgement").text

        assert f"/tickets/{county.tickets['single']}/do/give-opinion" in page
        assert "/do/close-judgement" not in page

    def test_a_session_writes_one_outcome_each_and_undecided_stay(self, quiet: County) -> None:
        """AS25-3.2.2a: one outcome of six for each; what has none stays on the agenda; each reports for itself."""
        day = a_session(quiet)
        client = desk(quiet)
        fields = {
            f"outcome:{day['formed']}": "form",
            f"lead:{day['formed']}": quiet.unit("water"),
            f"conclusion:{day['formed']}": "属水务部门职责。",
            f"outcome:{day['leaderless']}": "form",
            f"conclusion:{day['leaderless']}": "立案。",
            f"outcome:{day['left']}": "",
        }

        page = post(client, f"/boards/judgement/{quiet.session}", command_id="j-1", **fields)

        assert "已办1件" in page.text and "未办1件" in page.text and "ONE_LEAD_NEEDED" in page.text
        judged = {name: ticket_of(quiet, number).judgement for name, number in day.items()}
        assert {"formed": "form", "leaderless": "", "left": ""} == {name: one.outcome for name, one in judged.items() if one is not None}

    def test_the_lead_that_a_session_named_stands_in_the_forms_that_follow_until_it_was_dispatched(self, quiet: County) -> None:
        """AS25-4.2.1.3a: the outcome is carried on, and the form says where it comes from; a recalled dispatch is chosen anew."""
        number, water, client = a_session(quiet)["formed"], quiet.unit("water"), desk(quiet)
        judged = {f"outcome:{number}": "form", f"lead:{number}": water, f"conclusion:{number}": "属水务部门职责。"}
        post(client, f"/boards/judgement/{quiet.session}", command_id="j-3", **judged)
        forming = client.get(f"/tickets/{number}/do/form").text
        quiet.hands.act("office", Form("coordination", passed=PASSED), number)
        sending = client.get(f"/tickets/{number}/do/dispatch").text
        quiet.hands.act("office", Dispatch(water), number)
        quiet.hands.act("office", Recall(Text("点错单位")), number)
        again = client.get(f"/tickets/{number}/do/dispatch").text

        chosen = [f'<option value="{water}" selected>' in page for page in (forming, sending, again)]
        said = ["来自集中研判" in page for page in (forming, sending, again)]
        assert ([True, True, False], [True, True, False]) == (chosen, said)

    def test_what_is_typed_in_a_long_session_outlives_a_crash_and_a_refusal(self, quiet: County) -> None:
        """USERS C24: the page keeps it by itself, offers it again, and keeps what was refused until it is taken."""
        day = a_session(quiet)
        client, path = desk(quiet), f"/boards/judgement/{quiet.session}"
        id = re.findall(r'data-keep="(\w+)"', client.get(path).text)[0]
        typed = {f"outcome:{day['leaderless']}": "form", f"conclusion:{day['leaderless']}": "立案，先查管网。"}
        kept = client.post(f"/kept/{id}", params={"path": path}, data=typed, headers={"referer": f"http://testserver{path}"})
        again = client.get(path).text
        filled = client.get(client.get(f"/kept/{id}").headers["location"]).text
        sent = {**typed, "kept": id, "command_id": "j-2"}
        refused = client.post(path, data=sent, headers={"referer": f"http://testserver{path}"})
        still = client.get(client.get(f"/kept/{id}").headers["location"]).text

        assert (204, True, 303) == (kept.status_code, f'href="/kept/{id}"' in again, refused.status_code)
        assert [True, True] == ["立案，先查管网。</textarea>" in one for one in (filled, still)]
        assert f'href="/kept/{id}"' not in filled, "the page that shows it does not offer it"

    def test_the_script_keeps_it_a_moment_after_the_last_key(self, quiet: County, sit_down: SitDown) -> None:
        """Typed, said to be kept, the window gone: there again, without anything having been sent."""
        day = a_session(quiet)
        page = sit_down(quiet.hands, "centre", "office")
        page.goto(f"/boards/judgement/{quiet.session}")
        page.fill(f"[name='conclusion:{day['left']}']", "先查管网，下次再议。")
        page.wait_for_selector("text=已自动保存")
        page.goto(f"/boards/judgement/{quiet.session}")
        page.click("a[href^='/kept/']")

        assert "先查管网，下次再议。" == page.input_value(f"[name='conclusion:{day['left']}']")


class TestRevisits:
    def test_an_owner_is_called_once(self, county: County) -> None:
        """USERS B21: two tickets of an enterprise are one call with two sheets."""
        page = desk(county).get("/boards/revisits").text

        assert "1个电话，2件工单" in page
        assert 1 == page.count('class="script"')

    def test_the_number_is_shown_for_a_call_and_the_opening_is_kept(self, quiet: County) -> None:
        """Contacts are opened with a purpose, which is journaled; the list itself has none."""
        quiet.completed("done", "power")
        client = desk(quiet, "caller", "specialist")
        before = client.get("/boards/revisits").text

        opened = client.post("/boards/revisits/open", data={"csrf": csrf, "ticket": quiet.tickets["done"]})

        assert "13885300001" not in before
        assert "13885300001" in opened.text
        assert "no-store" == opened.headers["cache-control"]
        with quiet.hands.node.store.read() as view:
            table = schema.entries
            rows = view.connection.execute(table.select().where(table.c.kind == "PayloadOpened")).all()
        assert 1 == len(rows)

    def test_who_makes_no_calls_opens_no_number(self, county: County) -> None:
        """The window registers, and does not revisit."""
        client = desk(county, "hall", "window_clerk")

        answer = client.post("/boards/revisits/open", data={"csrf": csrf, "ticket": county.tickets["revisit-0"]})

        assert 403 == answer.status_code
        assert "13885300001" not in answer.text


class TestSupervision:
    def test_the_unit_addressed_opens_its_order_and_that_is_kept(self, quiet: County) -> None:
        """AS25-4.6.2: the reading receipt is written when the demand is shown, not before."""
        order = an_order(quiet)
        client = desk(quiet, "housing", "department")
        before = client.get(f"/boards/supervision/{order}").text

        after = post(client, f"/boards/supervision/{order}/open")

        assert "请抓紧办理。" not in before
        assert "请抓紧办理。" in after.text

    def test_another_unit_finds_no_such_order(self, county: County) -> None:
        """An order is its sides' alone."""
        assert 404 == desk(county, "water", "department").get(f"/boards/supervision/{county.order}").status_code


class TestCounting:
    def test_a_count_is_of_what_the_viewer_sees(self, county: County) -> None:
        """AS25-3.1.1a: counts ask the scope as lists do."""
        node, asked = county.hands.node, {"both": ("extension_decision", "termination_decision")}
        found = {}
        for account, role in (("centre", "office"), ("housing", "department"), ("fire", "department")):
            with node.store.read() as view:
                viewer = actor_of(view.connection, node.code, account, role)
                found[account] = boards.count(view, asked, node.now(), viewer)["both"].total

        assert {"centre": 2, "housing": 1, "fire": 0} == found


# --- a day as a test needs it -----------------------------------------------------------------------------------------------


def _filled(page: str, number: str) -> dict[str, str]:
    """
    What a browser sends of the row *number* as it was shown: radios that are checked, the first options, hidden fields; and the class of
    coordination, where somebody has to choose.
    """
    found = {f"category:{number}": "coordination"} if f'name="category:{number}"' in page else {}
    for tag in re.findall(rf'<input[^>]*name="(?:category|lead|suggested|model):{number}"[^>]*>', page):
        name, value = (re.search(rf'{one}="([^"]*)"', tag) for one in ("name", "value"))
        assert name is not None and value is not None
        if 'type="radio"' not in tag or "checked" in tag:
            found[name[1]] = value[1]
    return found


def _row(page: str, number: str) -> str:
    """The row of one need in the pool."""
    return next(row for row in re.split("<tr", page) if f'name="only" value="{number}"' in row)


def _field_of(county: County, unit: str) -> str:
    """A field whose steward is *unit*."""
    with county.hands.node.store.read() as view:
        pack = county.hands.node.policies.of_node(view, county.hands.now).pack
    return next(key.partition(".")[2] for key in _keys(pack, "steward.") if str(pack.find(key).value).endswith(unit))  # type: ignore[union-attr]


def _keys(pack: object, prefix: str) -> Iterator[str]:
    return (key for key in pack.rules if key.startswith(prefix))  # type: ignore[attr-defined]


def a_session(county: County) -> dict[str, str]:
    """A session that is held, with three needs on its agenda."""
    day = {name: county.need(name, place) for place, name in enumerate(("formed", "leaderless", "left"))}
    members = (county.unit("development_reform"), county.unit("investment_promotion"))
    node = county.hands.node
    planned = county.hands.now + timedelta(hours=1)
    county.session = act(node, "centre:office", ConveneMeeting("joint_judgement", planned, units=members)).subject.id
    act(node, "centre:office", SubmitTickets(tuple(day.values())), subject=county.session)
    county.hands.later(hours=2)
    act(node, "centre:office", HoldMeeting(members), subject=county.session)
    return day


def an_order(county: County) -> str:
    """An order to the housing bureau."""
    county.in_hand("late", "housing", 5)
    about = (county.tickets["late"],)
    command = IssueOrder("urge", "overdue", "system", tickets=about, unit=county.unit("housing"), demand=Text("请抓紧办理。"))
    return str(act(county.hands.node, "centre:office", command).subject.id)
