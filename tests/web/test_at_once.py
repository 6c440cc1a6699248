"""What a real browser shows when two act at once, when the way up is cut, and when there is no mouse."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page

from federation.server import Server
from node.app import wall_clock
from node.domain.command import Order
from node.domain.identifier import uuid7
from node.domain.payload import Contact, Text
from node.domain.registry import OpenAccount
from node.domain.ticket.intake import Register
from node.services.registry import NODE_ACTOR
from node.storage.writer import Writer
from tests.federation.levels import Place, enrol, make_place, serve, until
from tests.web.browser import SitDown
from tests.web.office import CLERK, DIRECTOR, OFFICER, PASSED, Office, open_office
from tests.web.test_story import APPEAL, CITY, COUNTY, runner_of, state

REASON = "来电人更正：号码末位听错"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return open_office(Path(tmp_path_factory.mktemp("at-once")) / "node")


class TestTwoClerks:
    def test_the_second_is_told_what_the_first_did_and_keeps_his_text(self, office: Office, sit_down: SitDown) -> None:
        """C24: two browsers, the same form; nothing is overwritten unseen, nothing typed is lost, and after a look it may be sent again."""
        first, second = sit_down(office.hands, DIRECTOR), sit_down(office.hands, OFFICER)
        for page, words in ((first, "外部编号"), (second, "联系电话")):
            page.goto(f"/tickets/{office.handled}/do/correct")
            page.click(f'.facts-to-correct a:has-text("{words}")')
        first.fill("#f-value", "12345-0001")
        first.fill("#f-reason", "补录热线编号")
        first.click("form.act button.first")
        second.fill("#f-contact", "13700001112")
        second.fill("#f-reason", REASON)
        second.click("form.act button.first")
        refused = second.inner_text("main")
        typed = [second.input_value(f'[name="{name}"]') for name in ("field", "contact", "reason")]
        told = second.inner_text("[aria-labelledby=changes]")
        second.click("form.act button.first")
        second.wait_for_url(f"**/tickets/{office.handled}**")

        assert "f-value" not in first.content() and second.query_selector('[role="alert"]') is None
        assert ["phone", "13700001112", REASON] == typed, refused
        assert "陈主任" in told and "补录热线编号" in told and "12345-0001" in told
        with office.hands.node.store.read() as view:
            found = view.readings.ticket(office.handled)
        assert found is not None and "12345-0001" == found.intake.external_number
        assert REASON in second.inner_text(".timeline")


class TestKeyboardOnly:
    def test_a_need_is_sorted_and_sent_without_a_mouse(self, office: Office, sit_down: SitDown) -> None:
        """From the board to the form and back, by Tab, Space, arrows and Enter; the focus is seen all the way."""
        page, node = sit_down(office.hands, OFFICER), office.hands.node
        command = Register("window", Text(APPEAL), name=Contact("王五"), phone=Contact("13900001111"), received_at=office.hands.now)
        ticket = office.hands.act("window_clerk", command, account=CLERK).subject.id
        page.goto(f"/tickets/{ticket}")
        go_to(page, f'a[href$="/{ticket}/do/form"]')
        page.keyboard.press("Enter")
        page.wait_for_url("**/do/form**")
        go_to(page, "#f-category")
        page.keyboard.press("ArrowDown")
        for code in PASSED:
            go_to(page, f'input[value="{code}"]')
            page.keyboard.press("Space")
        go_to(page, "form.act button.first")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/tickets/{ticket}?done=form")
        go_to(page, f'a[href$="/{ticket}/do/dispatch"]')
        page.keyboard.press("Enter")
        page.wait_for_url("**/do/dispatch**")
        go_to(page, "#f-lead")
        while page.input_value("#f-lead") != f"{node.code}-water":
            before = page.input_value("#f-lead")
            page.keyboard.press("ArrowDown")
            assert before != page.input_value("#f-lead"), "the list has an end"
        go_to(page, "form.act button.first")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/tickets/{ticket}?done=dispatch")

        with node.store.read() as view:
            found = view.readings.ticket(ticket)
        assert found is not None and ("dispatched", f"{node.code}-water") == (found.state.value, found.lead)


class TestCutLink:
    @pytest.fixture
    def linked(self, tmp_path: Path) -> Iterator[tuple[Place, Place, "Port"]]:
        """A county below a city on a real port; silence is told after three seconds."""
        county, city = make_place(tmp_path, COUNTY, wall=wall_clock), make_place(tmp_path, CITY, "anshun-2025", wall=wall_clock)
        enrol(county, city)
        hands = county.hands
        command = OpenAccount("clerk", ("window_clerk",), f"{COUNTY}-centre")
        hands.node.handler.handle(Order(uuid7(hands.now, lambda n: b"c" * n), NODE_ACTOR, COUNTY, command))
        hands.node = replace(hands.node, settings=hands.node.settings.model_copy(update={"heartbeat_seconds": 1}))
        for place in (county, city):
            object.__setattr__(place.level, "monotonic", time.monotonic)
            object.__setattr__(place.level, "writer", Writer(place.level.store))
        port = Port(city)
        with ExitStack() as stack:
            stack.callback(lambda: port.server.stop())
            for place, above in ((county, city), (city, None)):
                runner = runner_of(place, above, port.server if above else None)
                runner.start()
                stack.callback(runner.stop)
            yield county, city, port

    def test_the_banner_says_since_when_and_what_goes_on_and_leaves_when_all_is_sent(
        self, linked: tuple[Place, Place, "Port"], sit_down: SitDown
    ) -> None:
        """What is taken in meanwhile gets its number as always, and is at the city once the banner is gone."""
        county, city, port = linked
        clerk = sit_down(county.hands, "clerk")
        clerk.goto("/")
        until(lambda: banner(clerk) == "")
        port.cut()
        until(lambda: banner(clerk) != "")
        cut = banner(clerk)
        ticket = take_in(clerk)
        waiting = banner(clerk)
        before = state(city, ticket)
        port.restore()
        until(lambda: banner(clerk) == "")
        until(lambda: state(city, ticket) == ("registered", COUNTY))

        assert "与上级联系中断" in cut and f"node {CITY}" in cut and "本级登记、办理照常，计时不受影响；恢复后自动补送" in cut
        assert "从未" not in cut and "现有 0 条待送" not in waiting
        assert ("", "") == before


class Port:
    """The superior's port, which can be shut and opened again at the same address."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self.server: Server = serve(place)
        self._address = f"127.0.0.1:{self.server.port}"

    def cut(self) -> None:
        self.server.stop()

    def restore(self) -> None:
        self.server = serve(self._place, self._address)


def banner(page: Page) -> str:
    """What the page says of the way up as it is loaded now; empty if nothing."""
    threading.Event().wait(0.2)
    page.goto("/")
    found = page.query_selector(".banner.cut")
    return found.inner_text() if found else ""


def take_in(page: Page) -> str:
    page.goto("/intake/new")
    page.fill("#f-appeal", APPEAL)
    page.fill("#f-phone", "13900001111")
    page.select_option("#f-channel", "window")
    page.click("button[value=register]")
    page.wait_for_selector(".spoken")
    return page.url.rpartition("/")[2]


def go_to(page: Page, selector: str, steps_max: int = 120) -> None:
    """Press Tab until *selector* has the focus, and see that it shows."""
    for _ in range(steps_max):
        page.keyboard.press("Tab")
        if page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none", "the focus is seen"
            return
    raise AssertionError(f"{selector} is not reached by the keyboard")
