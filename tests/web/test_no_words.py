"""Who keeps the node and acts on no need reads no word of one, wherever needs are listed (FEATURES 77, 79)."""

from collections.abc import Iterator

import pytest

from node.domain.registry import ADMINISTRATORS
from tests.web.registers_given import Given, a_county_with_registers, open_account
from tests.web.support import at_desk
from tests.web.test_every_page import PAGES

# Of titles, and of an appeal.
WORDS = ("灌溉渠", "桃树", "积水", "推诿", "水源")


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Given]:
    made = a_county_with_registers(tmp_path_factory.mktemp("words"))
    yield made
    made.hands.node.close()


@pytest.mark.parametrize("role", sorted(ADMINISTRATORS))
def test_no_page_shows_an_administrator_what_people_wrote(given: Given, role: str) -> None:
    """Rows, states and times are there; the office sees the words in the same list."""
    open_account(given.hands, f"of-{role}", (role,))
    pages = [path for path in PAGES if "{" not in path] + ["/search?state=handling", f"/tickets/{given.late}"]
    client = at_desk(given.hands, f"of-{role}")

    shown = {path: words for path in pages if (words := {word for word in WORDS if word in client.get(path).text})}

    assert {} == shown
    assert f'"/tickets/{given.late}"' in client.get("/tickets").text
    assert "灌溉渠" in at_desk(given.hands, "centre").get("/tickets").text
