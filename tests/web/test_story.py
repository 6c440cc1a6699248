"""
The life of a ticket through pages alone: five people at three levels, whose nodes speak gRPC over mTLS on loopback.

A clerk takes a caller in, with a photo; the county's office sorts and sends it on, the department signs; what exceeds the county goes to
the city and on to the province, whose answer comes back; the department tells the enterprise and completes.  Nobody uses anything but a
browser.
"""

import hashlib
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page

from federation import blobs
from federation.client import Superior
from federation.link import Lane
from federation.retry import REHEARSAL
from federation.runner import Runner
from federation.server import Server
from federation.session import session_of
from node.app import wall_clock
from node.domain.command import Order
from node.domain.identifier import uuid7
from node.domain.registry import OpenAccount
from node.services.registry import NODE_ACTOR
from node.storage.writer import Writer
from node.texts.catalogue import word
from tests.federation.levels import Place, enrol, make_place, serve, until
from tests.web.browser import SitDown

COUNTY, CITY, PROVINCE = "520402", "520400", "520000"
Typed = Mapping[str, str | bool | tuple[str, ...]]
PASSED = ("responsibility", "jurisdiction", "materials", "lawfulness")
STEPS = ("Registered", "Dispatched", "Signed", "EscalationRequested", "EscalationAccepted", "DecidedAbove", "FeedbackGiven", "Completed")
PHOTO = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(400)
APPEAL = "厂区门口道路破损，货车进出困难，希望尽快修复"


@pytest.fixture
def levels(tmp_path: Path) -> Iterator[tuple[Place, Place, Place]]:
    """County, city and province, each at work on a port of its own."""
    county, city = make_place(tmp_path, COUNTY), make_place(tmp_path, CITY, "anshun-2025")
    province = make_place(tmp_path, PROVINCE, "anshun-2025")
    enrol(county, city)
    enrol(city, province)
    county.hands.staff("housing")
    county.hands.node.handler.handle(
        Order(uuid7(county.hands.now, lambda n: b"c" * n), NODE_ACTOR, COUNTY, OpenAccount("clerk", ("window_clerk",), f"{COUNTY}-centre"))
    )
    for place in (county, city, province):
        object.__setattr__(place.level, "monotonic", time.monotonic)
        object.__setattr__(place.level, "writer", Writer(place.level.store))
    with ExitStack() as stack:
        ports = {place.code: serve(place) for place in (city, province)}
        for port in ports.values():
            stack.callback(port.stop)
        for place, above in ((county, city), (city, province), (province, None)):
            runner = runner_of(place, above, ports[above.code] if above else None)
            runner.start()
            stack.callback(runner.stop)
        yield county, city, province


def runner_of(place: Place, above: Place | None, port: Server | None) -> Runner:
    """What works at *place* beside its pages: its link to *above* on that port."""
    if above is None or port is None:
        return Runner(place.level.store, place.reactions, None, None, 0.05)
    ends = {lane: Superior(f"127.0.0.1:{port.port}", place.files.uplink, place.code, above.code, place.level.wall) for lane in Lane}
    session = session_of(
        place.level,
        above.code,
        ends,
        time.monotonic_ns().to_bytes(16, "big"),
        pace=REHEARSAL,
        hello_every=timedelta(seconds=1),
        now=wall_clock,
        sleep=threading.Event().wait,  # type: ignore[arg-type]
    )

    def files() -> float:
        wanted, session.wanted = session.wanted, ()
        blobs.exchange(place.level, above.code, session.ends[Lane.UP], wanted)
        return 0.2

    return Runner(place.level.store, place.reactions, session, None, 0.05, jobs={"attachments": files})


def give(page: Page, ticket: str, verb: str, typed: Typed | None = None) -> None:
    """Go from the ticket's page to the form, fill it in as people do, and send it."""
    page.goto(f"/tickets/{ticket}")
    for closed in page.query_selector_all(".do details:not([open]) > summary"):
        closed.click()
    page.click(f'.do a[href$="/do/{verb}"]')
    fill(page, typed or {})


def take_in(page: Page) -> str:
    """Intake, from the caller's number to the number that is read out; gives the ticket."""
    page.goto("/intake/new")
    page.fill("#f-said", "13900001111")
    page.click('button[value="find"]')
    page.fill("#f-appeal", APPEAL)
    page.select_option("#f-channel", value="window")
    page.click("form details:not([open]) > summary")
    page.fill("#f-name", "王五")
    page.select_option("#f-judgement", value="foreign")
    page.click('button[value="register"]')
    page.wait_for_url("**/intake/done/*")
    return page.url.rpartition("/")[2]


def attach(page: Page, ticket: str) -> bytes:
    """Hand in a photo of the road, as it comes from a phone; gives its bytes as the county keeps them."""
    page.click(".actions a.button[href^='/tickets/']")
    page.click('a.button[href$="/attach"]')
    page.set_input_files("#file", {"name": "路面.jpg", "mimeType": "image/jpeg", "buffer": PHOTO})
    page.check('input[value="material"]')
    page.click("form[enctype] button")
    page.wait_for_url(f"**/tickets/{ticket}*")
    with page.expect_download() as begun:
        page.click('a:has-text("路面.jpg")')
    return Path(begun.value.path()).read_bytes()


def opened(page: Page, ticket: str) -> bytes:
    """The photo, from the page of a ticket that came from below."""
    page.goto(f"/tickets/{ticket}")
    with page.expect_download() as begun:
        page.click('[aria-labelledby="files-title"] li :is(a, button)')
    return Path(begun.value.path()).read_bytes()


def fill(page: Page, typed: Typed) -> None:
    for closed in page.query_selector_all("form.act details:not([open]) > summary"):
        closed.click()
    for name, value in typed.items():
        if value is True:
            page.check(f"#f-{name}")
        elif isinstance(value, tuple):
            for one in value:
                page.check(f'#f-{name} input[value="{one}"]')
        elif page.query_selector(f"select#f-{name}"):
            page.select_option(f"#f-{name}", value=str(value))
        else:
            page.fill(f"#f-{name}", str(value))
    page.click("form.act button.first")
    refused = page.query_selector('[role="alert"]')
    assert refused is None, refused.inner_text() if refused else ""


def state(place: Place, ticket: str) -> tuple[str, str]:
    with place.level.store.read() as view:
        found = view.readings.ticket(ticket)
    return ("", "") if found is None else (found.state.value, found.custody.holder)


class TestLifeOfATicket:
    """Issue 5 item 7: by five people at three levels, through pages alone, over real gRPC."""

    def test_it_climbs_to_the_province_and_comes_back_to_who_asked(self, levels: tuple[Place, Place, Place], sit_down: SitDown) -> None:
        """Each finds on his page what he may do; each level's page tells the whole story."""
        county, city, province = levels
        clerk, office = sit_down(county.hands, "clerk"), sit_down(county.hands, "centre")
        housing, mayor, governor = sit_down(county.hands, "d-housing"), sit_down(city.hands, "centre"), sit_down(province.hands, "centre")

        ticket = take_in(clerk)
        photo = attach(clerk, ticket)
        give(office, ticket, "form", {"category": "consultation", "complexity": "plain", "passed": PASSED})
        give(office, ticket, "dispatch", {"lead": f"{COUNTY}-housing"})
        give(housing, ticket, "sign")
        assert ("handling", COUNTY) == state(county, ticket)

        for place, below, above in ((city, office, mayor), (province, mayor, governor)):
            give(below, ticket, "request-escalation", {"power_item": "LAND-07", "reason": "超出本级权限"})
            until(lambda place=place: state(place, ticket)[0] == "escalated")  # type: ignore[misc]
            give(above, ticket, "accept-escalation", {"category": "consultation", "complexity": "plain"})
        until(lambda: province.hands.node.blobs.has(hashlib.sha256(photo).hexdigest()))
        assert photo == opened(governor, ticket)
        give(governor, ticket, "decide-above", {"decision": "同意列入今年道路改造计划"})
        until(lambda: state(county, ticket) == ("handling", COUNTY))

        give(housing, ticket, "give-feedback", {"way": "phone", "content": "已电话告知企业"})
        give(housing, ticket, "complete", {"standard": "solved", "result": "已列入计划", "is_truthful": True, "has_call_record": True})
        until(lambda: {("completed", COUNTY)} == {state(place, ticket) for place in levels})
        for page in (office, mayor, governor):
            page.goto(f"/tickets/{ticket}")
            told = page.inner_text(".timeline")
            assert [] == [kind for kind in STEPS if word("event", kind) not in told]
            assert "王五" not in told and "13900001111" not in told
            assert word("state", "completed") in page.inner_text(".ticket-head .state")
