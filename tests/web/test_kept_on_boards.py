"""Issue 5 item 3: what was typed on a board outlives a refusal, in its own places, and a crash; what was done is gone from it."""

import re
from collections.abc import Mapping
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser

from node.domain import registry as g
from node.domain.payload import Contact
from node.domain.ticket.dispatching import Dispatch
from node.services.acting import act
from node.services.numbers import short_number
from node.web.app import create_app
from tests.support.node import make_node
from tests.web.browser import patience_ms, serving
from tests.web.busy_county import UNITS, County, staffed
from tests.web.support import at_desk, csrf
from tests.web.test_boards import _filled, desk, ticket_of

REASON = "点错了，应当由<住建局>办 & 消防配合"


@pytest.fixture
def county(tmp_path: Path) -> County:
    """A county whose day the test makes."""
    return staffed(make_node(tmp_path / "node"))


def sent(client: TestClient, path: str, **fields: object) -> tuple[str, str]:
    """A form that is sent: the way behind it, and the page that stands there."""
    answer = client.post(path, data={"csrf": csrf, **fields})
    assert 303 == answer.status_code, answer.text
    location = answer.headers["location"]
    return location, client.get(location).text


def form_of(page: str, action: str) -> str:
    return page.partition(f'method="post" action="{action}"')[2].partition("</form>")[0]


def value_of(page: str, name: str) -> str:
    found = re.findall(rf'<input [^>]*name="{name}"[^>]*>', page)
    return unescape(next(iter(re.findall(r'value="([^"]*)"', found[0])), "")) if found else "no field"


def is_on(page: str, name: str, value: str) -> bool:
    return any(" checked" in one for one in re.findall(rf'<input [^>]*name="{name}" value="{value}"[^>]*>', page))


class TestTriage:
    def test_a_row_that_was_refused_shows_every_choice_again(self, county: County) -> None:
        """The one that was done is gone; the class, the unit and the reason of the other stand where they were typed."""
        good, bad = county.need("good", 2), county.need("bad", 3)
        client = desk(county)
        page = client.get("/boards/triage").text
        fields = _filled(page, good) | _filled(page, bad)
        fields |= {f"category:{bad}": "coordination", f"other:{bad}": "局", f"deviation:{bad}": REASON, f"deviation:{good}": "不再留"}
        _, again = sent(client, "/boards/triage", row=[good, bad], command_id="k-1", **fields)

        assert "已办1件" in again and "未办1件" in again
        assert ["局", REASON] == [value_of(again, f"{name}:{bad}") for name in ("other", "deviation")]
        assert is_on(again, f"category:{bad}", "coordination") and is_on(again, "row", bad)
        assert "不再留" not in again
        assert "没有提交成功" in client.get("/").text

    def test_sent_again_it_is_done_and_kept_no_more(self, county: County) -> None:
        number = county.need("one", 3)
        client = desk(county)
        fields = _filled(client.get("/boards/triage").text, number) | {f"other:{number}": "局", f"deviation:{number}": REASON}
        _, again = sent(client, "/boards/triage", only=number, command_id="k-2", **fields)
        kept, token = value_of(form_of(again, "/boards/triage"), "kept"), value_of(form_of(again, "/boards/triage"), "command_id")
        more = {**fields, f"other:{number}": "水务", "kept": kept, "command_id": token}
        location, _ = sent(client, "/boards/triage", only=number, **more)

        assert ("k-2", False) == (token, "kept=" in location)
        assert county.unit("water") == ticket_of(county, number).lead
        assert "没有提交成功" not in client.get("/").text

    def test_what_is_typed_about_other_rows_outlives_the_button_of_one(self, county: County) -> None:
        """A button in a row means that row alone: nobody types the others again."""
        one, other = county.need("one", 2), county.need("other", 3)
        client = desk(county)
        page = client.get("/boards/triage").text
        fields = _filled(page, one) | _filled(page, other) | {f"deviation:{other}": REASON}
        _, again = sent(client, "/boards/triage", only=one, command_id="k-3", **fields)

        assert "未办" not in again
        assert REASON == value_of(again, f"deviation:{other}")

    def test_of_one_that_is_formed_and_not_sent_the_form_that_sends_it_has_the_text(self, county: County) -> None:
        """It left the pool: the way behind its refusal leads to what was typed."""
        number = county.need("one", 2)
        client = desk(county)
        fields = _filled(client.get("/boards/triage").text, number)
        fields |= {f"other:{number}": "", f"lead:{number}": "520402-nobody", f"deviation:{number}": REASON}
        _, again = sent(client, "/boards/triage", only=number, command_id="k-4", **fields)
        way = re.findall(rf'href="(/tickets/{number}/do/[^"]+)"', again.partition('class="report"')[2].partition("</section>")[0])
        form = client.get(way[0]).text

        assert "formed" == ticket_of(county, number).state.value
        assert f"/tickets/{number}/do/dispatch?back=/boards/triage" == way[0]
        assert REASON in unescape(form)


class TestDispatch:
    def test_a_refused_dispatch_has_its_reason_and_its_unit_again(self, county: County) -> None:
        county.formed("one", 3)
        number, client = county.tickets["one"], desk(county)
        fields = {f"other:{number}": "局", f"deviation:{number}": REASON}
        _, again = sent(client, "/boards/dispatch", only=number, command_id="k-5", **fields)

        assert ["局", REASON] == [value_of(again, f"{name}:{number}") for name in ("other", "deviation")]

    def test_a_refused_recall_has_its_reason_again(self, county: County) -> None:
        """Another one still waits to be signed: its form is there, with the reason."""
        county.sent("sent", "fire")
        county.in_hand("signed", "fire")
        _, again = sent(desk(county), "/boards/dispatch/recall", row=[county.tickets["signed"]], reason=REASON, command_id="k-6")

        assert "WRONG_STATE" in again
        assert REASON == value_of(form_of(again, "/boards/dispatch/recall"), "reason")

    def test_where_no_form_is_left_it_stands_above_in_words(self, county: County) -> None:
        """Sent by somebody else meanwhile: what was chosen is named, and no code of it."""
        county.formed("one", 3)
        number, client = county.tickets["one"], desk(county)
        fields = _filled(client.get("/boards/dispatch").text, number) | {
            f"lead:{number}": county.unit("water"),
            f"deviation:{number}": REASON,
        }
        county.by("centre", Dispatch(county.unit("fire")), "one")
        _, again = sent(client, "/boards/dispatch", only=number, command_id="k-7", **fields)
        apart = unescape(again.partition('class="note kept-form"')[2].partition("</section>")[0])

        assert "WRONG_STATE" in again
        said = [("牵头部门", UNITS["water"]), ("改派理由", REASON)]
        assert [(f"{short_number(number)} {name}", value) for name, value in said] == re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", apart)


class TestTray:
    def test_a_refused_passing_on_has_its_note_and_its_person_again(self, county: County) -> None:
        county.in_hand("own", "fire")
        county.in_hand("other", "water")
        act(county.hands.node, "centre", g.OpenAccount("fire-2", ("department",), county.unit("fire"), Contact("赵某")))
        fields = {"row": [county.tickets["own"], county.tickets["other"]], "person": "fire-2", "note": REASON}
        _, again = sent(desk(county, "fire", "department"), "/boards/tray/pass", command_id="k-8", **fields)
        inner = form_of(again, "/boards/tray/pass")

        assert "已办1件" in again and "未办1件" in again
        assert REASON == value_of(inner, "note")
        assert '<option value="fire-2" selected>' in inner
        assert not is_on(inner, "row", county.tickets["own"]), "what was done is ticked no more"


class TestCrash:
    """The script of the page keeps what is typed, and the page offers it again."""

    @pytest.mark.parametrize(
        ("desk_of", "path", "action", "fields"),
        [
            (("centre", "office"), "/boards/triage", "/boards/triage", {"deviation": REASON}),
            (("centre", "office"), "/boards/dispatch", "/boards/dispatch", {"deviation": REASON}),
            (("centre", "office"), "/boards/dispatch", "/boards/dispatch/recall", {"reason": REASON}),
            (("fire", "department"), "/boards/tray", "/boards/tray/pass", {"note": REASON}),
            (("centre", "office"), "/registers/accounts", "/registers/accounts", {"account": "zhao"}),
            (("centre", "office"), "/registers/accounts/fire", "/registers/accounts/fire/suspend", {"reason": REASON}),
            (("centre", "office"), "/registers/accounts/fire", "/registers/accounts", {"name": "赵某"}),
        ],
    )
    def test_each_form_in_which_people_write_has_its_draft(
        self, county: County, desk_of: tuple[str, str], path: str, action: str, fields: Mapping[str, Any]
    ) -> None:
        pooled = county.need("pool", 2)
        county.formed("formed", 3)
        county.sent("sent", "fire")
        county.in_hand("own", "fire")
        number = county.tickets["formed"] if path == "/boards/dispatch" else pooled
        named = {f"{name}:{number}" if name == "deviation" else name: said for name, said in fields.items()}
        client = at_desk(county.hands, *desk_of)
        inner = re.findall(rf'<form method="post" action="{action}"[^>]* data-keep="(\w+)"', client.get(path).text)
        client.post(f"/kept/{inner[0]}", params={"path": action}, data=named, headers={"referer": f"http://testserver{path}?report=x"})
        offered = client.get(path).text
        filled = client.get(client.get(f"/kept/{inner[0]}").headers["location"]).text

        assert f'href="/kept/{inner[0]}"' in offered
        assert list(named.values()) == [value_of(form_of(filled, action), name) for name in named]
        assert 'class="report"' not in filled


def test_in_a_browser_without_a_script_the_row_stands_as_it_was(county: County, browser: Browser) -> None:
    """Sent, refused, and there: nobody clicks to get back what he typed."""
    number = county.need("one", 3)
    app, client = create_app(county.hands.node), desk(county)
    with serving(app) as address:
        room = browser.new_context(base_url=address, java_script_enabled=False)
        room.add_cookies([{"name": "qyzj", "value": client.cookies["qyzj"], "url": address}])
        room.set_default_timeout(patience_ms)
        page = room.new_page()
        page.goto("/boards/triage")
        page.click(f"tr:has([name='only'][value='{number}']) details:has([name^='deviation:']) summary")
        page.fill(f"[name='deviation:{number}']", REASON)
        page.fill(f"[name='other:{number}']", "局")
        page.click(f"[name='only'][value='{number}']")

        assert "未办1件" in page.inner_text("main")
        assert page.is_visible(f"[name='deviation:{number}']"), "what was folded away is open"
        assert [REASON, "局"] == [page.input_value(f"[name='{name}:{number}']") for name in ("deviation", "other")]
        room.close()
