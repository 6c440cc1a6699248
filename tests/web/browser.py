"""
Pages in a real browser: headless Chromium from the PATH against a node that listens on loopback.

The fixtures are those of every test beside this file (``conftest``), and one browser serves the whole run: Playwright takes no second
one in a process.  Without a Chromium the tests are skipped and say so.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
from axe_playwright_python.sync_playwright import Axe
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, sync_playwright

from node.web.server import WebServer
from tests.support.node import Hands
from tests.web.support import desk_app

WIDE = {"width": 1366, "height": 768}
CHROMIUM_OPTIONS = ("--no-sandbox", "--disable-gpu")
# A page that does not come is told of; a machine that is busy with other things is waited for.
patience_ms = 120_000
SitDown = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for the run."""
    path = chromium()
    if path is None:
        pytest.skip("no Chromium on the PATH")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM_OPTIONS))
        yield found
        found.close()


def chromium() -> str | None:
    """Where Chromium lies; None without one."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """Serve *app* on loopback; the address without a slash at its end."""
    server = WebServer(app, "127.0.0.1:0")
    server.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.stop()


@pytest.fixture
def sit_down(browser: Browser) -> Iterator[SitDown]:
    """``sit_down(hands, account, role="", lang="zh-CN", **context)``: a page at that desk; its addresses may begin with "/"."""
    with ExitStack() as stack:

        def sit(hands: Hands, account: str, role: str = "", lang: str = "zh-CN", **context: object) -> Page:
            address = stack.enter_context(serving(desk_app(hands, account, role, lang)))
            options: dict[str, object] = {"base_url": address, "locale": lang, "viewport": WIDE, "timezone_id": "Asia/Shanghai", **context}
            room = browser.new_context(**options)  # type: ignore[arg-type]  # options of the browser by name
            room.set_default_timeout(patience_ms)
            stack.callback(room.close)
            return room.new_page()

        yield sit


def violations(page: Page) -> list[str]:
    """What axe finds wrong on *page*, a line for each place: the rule, its weight, the element."""
    found = Axe().run(page).response["violations"]
    return [f"{one['id']} ({one['impact']}): {place['html'][:200]}" for one in found for place in one["nodes"]]
