"""Deciding on a due time on the pages: only where another calendar counts otherwise, and from lists."""

import re
from pathlib import Path

import pytest

from node.domain.refusal import Code
from node.domain.ticket.due_proposal import DecideDueProposal
from tests.clauses.given import a_county, clock_of, end_of, handled, refuses
from tests.services.test_deadlines import closed
from tests.support.node import Hands
from tests.web.support import at_desk
from tests.web.test_acts import send
from tests.web.test_ticket_page import not_now, verbs


@pytest.fixture
def county(tmp_path: Path) -> Hands:
    return a_county(tmp_path)


def test_nothing_is_asked_where_nothing_is_proposed(county: Hands) -> None:
    """The calendar in force is the one that it was issued under: neither offered nor "done before"."""
    ticket = handled(county)
    page = at_desk(county, "centre").get(f"/tickets/{ticket}").text

    assert "decide-due-proposal" not in verbs(page)
    assert "没有待处理的“到期日调整”。决定到期日调整" in not_now(page)
    with refuses(Code.NOTHING_PENDING, application="due_proposal"):
        county.act("office", DecideDueProposal("resolve", "2026.1", is_accepted=True), ticket)


def test_what_is_proposed_is_chosen_and_not_typed(county: Hands) -> None:
    """The clock with both its days, and the calendar in force; no clock that has ended or counts alike."""
    ticket = handled(county)
    closed(county, "2026-03-03", "2026-03-04")
    office = at_desk(county, "centre")
    path = f"/tickets/{ticket}/do/decide-due-proposal"

    assert "decide-due-proposal" in verbs(office.get(f"/tickets/{ticket}").text)
    form = office.get(path).text
    assert re.findall(r'<option value="([^"]+)" selected', form) == ["resolve", "2026.1+520402.1"]
    assert "办理：原定 2026-03-05 24:00，按现行日历为 2026-03-09 24:00" in form
    answer = send(office, path, {"clock": "resolve", "calendar": "2026.1+520402.1", "is_accepted": "yes"})

    assert f"/tickets/{ticket}?done=decide-due-proposal" == answer.headers["location"]
    assert end_of("2026-03-09") == clock_of(county, ticket, "resolve").due_at
    assert "decide-due-proposal" not in verbs(office.get(f"/tickets/{ticket}").text)
