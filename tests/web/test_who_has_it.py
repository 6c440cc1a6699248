"""Whom a list, a search and the sentence read aloud name is who must act now: ``with``, as the ticket's own page says it (DESIGN 5)."""

import html
import io
import re

import pytest
from fastapi.testclient import TestClient
from openpyxl import load_workbook

from node.services.lookup import find
from node.services.queries import names
from node.services.registry import actor_of
from node.services.spoken import said_aloud
from node.texts.catalogue import word
from tests.support.node import make_node
from tests.web.busy_county import UNITS, County, a_busy_day
from tests.web.support import at_desk

OFFICE = word("with_whom", "office", "zh-CN")
# By what became of it: who has it, whoever led it before.
HAS = {
    "objection": OFFICE,  # the department that it was sent to has objected
    "dispute": OFFICE,  # its units disagree
    "formed-0": OFFICE,
    "pool-0": OFFICE,
    "revisit-0": OFFICE,  # done, and waits for the revisit
    "sent": UNITS["fire"],
    "extension": UNITS["housing"],
}


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> County:
    return a_busy_day(make_node(tmp_path_factory.mktemp("county")))


def cell(page: str, ticket: str, place: int) -> str:
    """The words of a cell of the row of *ticket*."""
    (row,) = (one for one in re.findall(r"<tr\b.*?</tr>", page, re.S) if f'href="/tickets/{ticket}"' in one)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", re.findall(r"<td\b.*?</td>", row, re.S)[place])).split())


def taken(client: TestClient, asked: str) -> dict[str, dict[str, str]]:
    """The rows of the xlsx, by register number, each by the heads of its columns."""
    sheet = load_workbook(io.BytesIO(client.get(f"/export/table?{asked}").content)).active
    assert sheet is not None
    rows = [[str(one or "") for one in row] for row in sheet.iter_rows(values_only=True)]
    head = next(place for place, row in enumerate(rows) if row[0] == "登记号")
    return {row[0]: dict(zip(rows[head], row, strict=True)) for row in rows[head + 1 :]}


@pytest.mark.parametrize("name", HAS)
def test_every_page_names_the_same(county: County, name: str) -> None:
    """The list, the search, the table that is taken away, the sentence, and the head of the ticket's page."""
    client, ticket = at_desk(county.hands, "centre"), county.tickets[name]
    head = re.search(r'<p class="stands">.*?</p>', client.get(f"/tickets/{ticket}").text, re.S)
    assert head is not None
    with county.hands.node.store.read() as view:
        clerk = actor_of(view.connection, county.hands.node.code, "hall", "window_clerk")
        (line,) = find(view, ticket, clerk, county.hands.node.policies.bare(view).calendar, county.hands.now).tickets
        aloud = said_aloud(line, names(view), "zh-CN")
    asked = f"state={line.state}"

    named = {
        "page": HAS[name] in head[0],
        "list": cell(client.get(f"/tickets?{asked}").text, ticket, 4),
        "search": cell(client.get(f"/search?{asked}").text, ticket, 2),
        "table": taken(client, asked)[ticket]["现由谁办"],
        "aloud": HAS[name] in aloud or not line.is_open,
    }

    assert {"page": True, "list": HAS[name], "search": HAS[name], "table": HAS[name], "aloud": True} == named


def test_the_lead_of_the_table_is_whoever_leads_and_nobody_else(county: County) -> None:
    """Beside who has it: the unit that led before, also where the office has it again; who was asked first is no lead."""
    client, lines = at_desk(county.hands, "centre"), dict[str, dict[str, str]]()
    for state in ("registered", "handling", "completed"):
        lines |= taken(client, f"state={state}")
    said = {name: lines[county.tickets[name]]["主办单位"] for name in ("pool-0", "extension", "revisit-0")}

    assert {"pool-0": "", "extension": UNITS["housing"], "revisit-0": UNITS["power"]} == said
