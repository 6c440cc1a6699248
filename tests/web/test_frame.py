"""The frame of all pages: who is not signed in, what does not exist, what is refused."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from node.domain.organisation import Role
from node.services.readership import BOARD_READERS
from node.texts.catalogue import LANGS, Lang, text
from node.web.app import create_app
from node.web.navigation import groups_of
from tests.support.node import Hands, make_node
from tests.web.support import at_desk


@pytest.fixture
def hands(tmp_path: Path) -> Hands:
    return make_node(tmp_path / "node")


class TestFrame:
    def test_the_first_page_is_today_in_the_language_of_the_desk(self, hands: Hands) -> None:
        shown = {lang: at_desk(hands, "centre", lang=lang).get("/") for lang in ("zh-CN", "en")}

        assert {200} == {one.status_code for one in shown.values()}
        assert "<h1>今日 <small>2026-01-26 星期一</small></h1>" in shown["zh-CN"].text
        assert "<h1>Today <small>2026-01-26 Monday</small></h1>" in shown["en"].text

    def test_an_unknown_page_is_refused_in_words_with_a_remedy(self, hands: Hands) -> None:
        answer = at_desk(hands, "centre").get("/nowhere")

        assert 404 == answer.status_code
        assert "没有 /nowhere 这个页面。" in answer.text
        assert "PAGE_UNKNOWN" in answer.text

    def test_the_api_answers_a_problem(self, hands: Hands) -> None:
        answer = TestClient(create_app(hands.node)).get("/api/v1/nowhere")

        assert (404, "application/problem+json", "PAGE_UNKNOWN") == (
            answer.status_code,
            answer.headers["content-type"],
            answer.json()["code"],
        )


@pytest.mark.parametrize("lang", LANGS)
def test_a_page_is_called_the_same_in_the_navigation_and_above_it(lang: Lang) -> None:
    """Two words for one page make people look for two pages."""
    ways = {way.path: text(f"web.nav.{way.key}", lang) for role in Role for group in groups_of(role.value) for way in group.ways}
    pages = {f"/boards/{name}": text(f"web.boards.name.{name}", lang) for name in BOARD_READERS}
    pages |= {path: text(f"web.registers.name.{path.rpartition('/')[2]}", lang) for path in ways if path.startswith("/registers/")}
    pages["/first-day"] = text("web.first_day.title", lang)

    assert pages == {path: words for path, words in ways.items() if path in pages}
