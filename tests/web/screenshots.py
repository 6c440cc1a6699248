"""
`make screenshots`: pictures of the desks as they are at work, all of them in build/screenshots, those of the READMEs in pictures/.

The demo is played to a morning in its second week and left there; Chromium signs in as a person does and looks at every page that
the navigation of a role leads to.  The demo brings its own calendar, numbers and people, so a picture changes only where a page does.
"""

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyotp
from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.tree import ROOT
from tests.web.browser import CHROMIUM_OPTIONS, chromium

BUILD = ROOT / "build" / "screenshots"
PICTURES = Path(__file__).parent / "pictures"
# A Thursday morning on which the county is at its fullest.
MOMENT = "2026-02-05T09:28"
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
CITY, COUNTY = "520400", "520402"
picture_bytes_max = 200_000


@dataclass(frozen=True)
class Seat:
    """Somebody whose pages are looked at, and in which role."""

    node: str
    account: str
    role: str


# One for each role that the demo has; the office, whose pages are most, at each level.
SEATS = (
    Seat(COUNTY, "hall", "window_clerk"),
    Seat(COUNTY, "office-2", "office"),
    Seat(COUNTY, "housing", "department"),
    Seat(COUNTY, "development_reform", "member"),
    Seat(COUNTY, "government", "government"),
    Seat(COUNTY, "leader", "leader"),
    Seat(COUNTY, "supervision", "supervision"),
    Seat(COUNTY, "security", "security_admin"),
    Seat(COUNTY, "audit", "audit_admin"),
    Seat(COUNTY, "operator", "operator"),
    Seat(CITY, "office-2", "office"),
    Seat(CITY, "leader", "leader"),
)
# Pages beside those of the navigation.
MORE = ("/me", "/me/password", "/registers", "/registers/units", "/boards", "/search?q=道路")
ON_THE_PHONE = (Seat(COUNTY, "leader", "leader"), Seat(CITY, "leader", "leader"))
# A ticket of the story that has been through much by now, by a word of its title.
TOLD = "冷库"
# The phone of an enterprise of the story with two needs under way.
CALLER = "138-0000-0115"


@dataclass(frozen=True)
class Picture:
    """One for the READMEs: its file's name, who sits there, which page."""

    name: str
    seat: Seat
    path: str
    is_phone: bool = False


README = (
    Picture("today", SEATS[2], "/"),
    Picture("intake", SEATS[0], "/intake"),
    Picture("ticket", SEATS[1], "a ticket"),
    Picture("triage", SEATS[1], "/boards/triage"),
    Picture("supervision", SEATS[1], "/boards/supervision"),
    Picture("leader", SEATS[5], "/leader", is_phone=True),
)


class Room:
    """A browser in which people sign in at the desks of a demo, each in a window of his own."""

    def __init__(self, browser: Browser, told: dict[str, Any]) -> None:
        self._browser = browser
        self._told = told["desks"]
        self._desks = {(one["node"], one["account"]): one for one in self._told["desks"]}
        # Sessions that go on: a one-time code is taken once, and a window that is closed signs nobody out.
        self._sessions: dict[Seat, Any] = {}

    @contextmanager
    def sit_down(self, seat: Seat, *, is_phone: bool = False) -> Iterator[Page]:
        """A page at the desk *seat*, signed in, in its role."""
        window = self._browser.new_context(
            base_url=self._desks[seat.node, seat.account]["address"],
            storage_state=self._sessions.get(seat),
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            viewport=PHONE if is_phone else DESK,  # type: ignore[arg-type]  # a mapping with its two keys
            device_scale_factor=2 if is_phone else 1,
            is_mobile=is_phone,
        )
        page = window.new_page()
        if seat not in self._sessions:
            self._sign_in(page, seat)
            self._sessions[seat] = window.storage_state()
        yield page
        window.close()

    def _sign_in(self, page: Page, seat: Seat) -> None:
        desk = self._desks[seat.node, seat.account]
        page.goto("/login")
        page.fill('input[name="account"]', seat.account)
        page.fill('input[name="password"]', self._told["password"])
        page.click('form[action$="/login"] button')
        if desk["has_code"]:
            page.fill('input[name="code"]', pyotp.TOTP(self._told["secret"]).now())
            page.click("main form button")
        if seat.role != desk["roles"][0]:
            page.goto("/me")
            page.select_option("select#role", value=seat.role)
            page.click('form[action="/me/role"] button')


def main() -> None:
    parser = argparse.ArgumentParser(prog="make screenshots", description=__doc__)
    parser.add_argument("--demo", type=Path, help="what `qyzj --json demo --keep` answered, of one that still runs")
    parser.add_argument("--readme", action="store_true", help="only the pictures of the READMEs")
    given = parser.parse_args()
    shutil.rmtree(BUILD / "pages", ignore_errors=True)
    with playing(given.demo) as told, sync_playwright() as playwright:
        path = chromium()
        if path is None:
            sys.exit("no Chromium on the PATH: apt-get install chromium fonts-noto-cjk")
        browser = playwright.chromium.launch(executable_path=path, args=[*CHROMIUM_OPTIONS, "--lang=zh-CN"])
        room = Room(browser, told)
        for picture in README:
            take(room, picture)
        for seat in () if given.readme else SEATS:
            look_around(room, seat)
        for seat in () if given.readme else ON_THE_PHONE:
            look_around(room, seat, is_phone=True)
        browser.close()
    pages = len(list((BUILD / "pages").rglob("*.png")))
    print(f"{pages} pictures in {BUILD.relative_to(ROOT)}, {len(README)} in {PICTURES.relative_to(ROOT)}")


@contextmanager
def playing(answered: Path | None) -> Iterator[dict[str, Any]]:
    """What a demo tells that stands at MOMENT and goes on serving; one of our own ends with us."""
    if answered is not None:
        yield json.loads(answered.read_text("utf-8"))
        return
    home = BUILD / "demo"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    command = [sys.executable, "-c", "from node.app import main; main()", "--json", "demo", "--keep"]
    done = subprocess.run([*command, "--until", MOMENT, "--directory", str(home)], stdout=subprocess.PIPE, text=True, check=True)
    told = json.loads(done.stdout)
    try:
        yield told
    finally:
        for process in told["processes"]:
            os.kill(process, signal.SIGTERM)


def look_around(room: Room, seat: Seat, *, is_phone: bool = False) -> None:
    """A picture, as long as the page is, of every page that the navigation of *seat* leads to, and of a few more."""
    folder = BUILD / "pages" / f"{seat.node}-{seat.role}{'-phone' if is_phone else ''}"
    folder.mkdir(parents=True, exist_ok=True)
    with room.sit_down(seat, is_phone=is_phone) as page:
        page.goto("/")
        paths = [str(one.get_attribute("href")) for one in page.query_selector_all("nav.side a")]
        for path in [*paths, *([] if is_phone else MORE), *one_of_each(page)]:
            answer = page.goto(path)
            if answer is not None and answer.status == 200:
                page.screenshot(path=folder / f"{file_name(path)}.png", full_page=True)


def one_of_each(page: Page) -> list[str]:
    """The first subject of each list: the ticket, with its clock and two of its forms, an enterprise, a board's subject."""
    found: list[str] = []
    for path in ("/tickets", "/registers/enterprises", "/boards/supervision", "/boards/meetings", "/boards/letters", "/boards/rounds"):
        page.goto(path)
        found += links(page, rf"^{path}/[^/?#]+$")[:1]
    for ticket in [one for one in found if one.startswith("/tickets/")]:
        page.goto(ticket)
        found += [*links(page, r"/do/")[:3], *links(page, r"/clocks/")[:1]]
    return found


def links(page: Page, pattern: str) -> list[str]:
    """Where the links of the page's matter lead that match *pattern*, each once."""
    all_of_them = [str(one.get_attribute("href")) for one in page.query_selector_all("main a[href]")]
    return list(dict.fromkeys(one for one in all_of_them if re.search(pattern, one)))


def take(room: Room, picture: Picture) -> None:
    """One picture for the READMEs: what a screen shows at once, in few colours."""
    PICTURES.mkdir(exist_ok=True)
    target = PICTURES / f"{picture.name}.png"
    with room.sit_down(picture.seat, is_phone=picture.is_phone) as page:
        page.goto("/tickets" if picture.path == "a ticket" else picture.path)
        if picture.path == "/intake":
            take_in(page)
        if picture.path == "a ticket":
            page.click(f'main a[href^="/tickets/"]:has-text("{TOLD}")')
        page.screenshot(path=target)
    if shutil.which("pngquant"):
        subprocess.run(["pngquant", "--force", "--strip", "--speed", "1", "--output", str(target), "64", str(target)], check=True)
    if target.stat().st_size > picture_bytes_max:
        print(f"{target.name} has more than {picture_bytes_max} bytes: apt-get install pngquant", file=sys.stderr)


def take_in(page: Page) -> None:
    """Somebody calls whose number is known: what is under way for him appears beside what he says."""
    page.fill(".caller input", CALLER)
    page.click(".caller button")
    page.wait_for_selector("#aside a[href^='/tickets/']")
    page.fill("main textarea", "展馆三月底租期就到了，上次问的续租办法有没有结果？另外想问培训补贴今天能不能受理。")


def file_name(path: str) -> str:
    return re.sub(r"[^\w-]+", "_", path.strip("/")) or "today"


if __name__ == "__main__":
    main()
