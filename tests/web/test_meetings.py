"""A meeting walked by its pages, from convening to the last task done; no number is typed that people do not know."""

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from node.domain.registry import unit_code
from node.domain.time import BEIJING
from node.services.numbers import short_number
from tests.web.office import HANDLER, OFFICER, Office, open_office
from tests.web.support import at_desk
from tests.web.test_acts import send


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return open_office(tmp_path / "node")


def options(page: str, field: str) -> dict[str, str]:
    """What a select offers: value and words."""
    chosen = page.partition(f'<select id="f-{field}"')[2].partition("</select>")[0]
    return {code: words for code, words in re.findall(r'<option value="([^"]+)"[^>]*>([^<]+)</option>', chosen)}


def shown(client: TestClient, path: str) -> str:
    answer = client.get(path)
    assert 200 == answer.status_code, answer.text
    return answer.text


def sent(client: TestClient, path: str, **typed: object) -> Any:
    """The form filled in and sent, which is taken."""
    answer = send(client, path, typed)
    assert 303 == answer.status_code, answer.text
    return answer


def convened(office: Office, unit: str, planned_at: datetime) -> str:
    """A coordination meeting to which one unit is invited: its id."""
    officer, at = at_desk(office.hands, OFFICER), f"{planned_at.astimezone(BEIJING):%Y-%m-%dT%H:%M}"
    units = [unit_code(office.hands.node.code, unit)]
    sent(officer, "/new/convene-meeting", meeting_kind="coordination_meeting", planned_at=at, units=units)
    (meeting,) = set(re.findall(r"/boards/meetings/([^\"?]+)\"", shown(officer, "/boards/meetings")))
    return meeting


def verbs(page: str, meeting: str) -> list[str]:
    """The acts that a meeting's page leads to, with what they are about."""
    return re.findall(rf'href="/meeting/{meeting}/do/([a-z-]+)\?back=[^"&]*(?:&amp;)?([^"]*)"', page)


class TestTheWholeMeeting:
    """AS25-1.3a, 3.1.1b: convene, agenda, decide, task, minutes, done."""

    def test_a_meeting_is_walked_by_its_pages(self, office: Office) -> None:
        """Items and tasks are chosen by their words, and each stands with what may be done about it."""
        hands, officer, housing = office.hands, at_desk(office.hands, OFFICER), at_desk(office.hands, HANDLER)
        unit, planned = unit_code(hands.node.code, "housing"), hands.now + timedelta(hours=1)

        meeting = convened(office, "housing", planned)
        assert meeting not in re.sub(r"<[^>]+>", "", shown(officer, "/boards/meetings"))
        invited = shown(housing, f"/boards/meetings/{meeting}")
        assert "区住房和城乡建设局" in invited and "协调会" in invited

        page = f"/boards/meetings/{meeting}"
        sent(officer, f"/meeting/{meeting}/do/submit-tickets", tickets=short_number(office.handled))
        sent(officer, f"/meeting/{meeting}/do/submit-problem", description="工单在部门之间来回转办，请明确首问单位")
        assert "施工许可反复补材料" in shown(officer, page)
        hands.later(hours=2)
        there = shown(officer, f"/meeting/{meeting}/do/hold-meeting").partition('id="f-present"')[2].partition("</fieldset>")[0]
        assert (True, False) == ("区住房和城乡建设局" in there, "区水务局" in there)
        sent(officer, f"/meeting/{meeting}/do/hold-meeting", present=[unit])

        open_items = options(shown(officer, f"/meeting/{meeting}/do/decide-item"), "agenda_item")
        assert ["1", "2"] == list(open_items)
        assert re.fullmatch(r"1 · 工单 · 0126-\d+-\d · 施工许可反复补材料", open_items["1"])
        assert "2 · 运行问题 · 工单在部门之间来回转办，请明确首问单位" == open_items["2"]
        assert ("decide-item", "agenda_item=1") in verbs(shown(officer, page), meeting)
        due = f"{hands.now + timedelta(days=3):%Y-%m-%d}"
        sent(officer, f"/meeting/{meeting}/do/decide-item", agenda_item="1", outcome="decided", decision="一次性告知", unit=unit, due=due)
        sent(officer, f"/meeting/{meeting}/do/postpone-item", agenda_item="2", reason="待首问单位提出方案")
        assert {} == options(shown(officer, f"/meeting/{meeting}/do/decide-item"), "agenda_item")
        assert ["1"] == list(options(shown(officer, f"/meeting/{meeting}/do/set-task"), "agenda_item"))
        sent(officer, f"/meeting/{meeting}/do/set-task", agenda_item="1", unit=unit, due=due, description="修订一次性告知单")

        sent(officer, f"/meeting/{meeting}/do/file-minutes", minutes="会议议定一次性告知，住建局负责。")
        closed = shown(officer, page)
        assert "会议议定一次性告知，住建局负责。" in closed and "decide-item" not in closed

        told = shown(housing, "/").partition("<h2>通知</h2>")[2]
        assert "给本单位交办了任务" in told and f'href="/boards/meetings/{meeting}"' in told
        tasks = options(shown(housing, f"/meeting/{meeting}/do/finish-task"), "task_number")
        assert f"2 · 区住房和城乡建设局 · {due} · 修订一次性告知单" == tasks["2"]
        for number in tasks:
            assert ("finish-task", f"task_number={number}") in verbs(shown(housing, page), meeting)
            sent(housing, f"/meeting/{meeting}/do/finish-task", task_number=number, result="告知单已修订并公布")
        assert [] == [one for one in verbs(shown(housing, page), meeting) if one[0] == "finish-task"]
        assert meeting not in re.sub(r"<[^>]+>", "", shown(housing, "/") + shown(officer, page))

    def test_a_form_about_a_meeting_is_headed_by_what_people_call_it(self, office: Office) -> None:
        """Kind and time; the id stands in the address alone."""
        officer, planned = at_desk(office.hands, OFFICER), office.hands.now + timedelta(days=1)
        meeting = convened(office, "water", planned)

        heading = re.search(r"<h1>(.*?)</h1>", shown(officer, f"/meeting/{meeting}/do/submit-problem"))

        assert heading is not None and f"协调会（{planned.astimezone(BEIJING):%Y-%m-%d %H:%M}）" in heading[1] and meeting not in heading[1]

    def test_what_may_be_put_on_the_agenda_is_ticked_and_others_are_typed(self, office: Office) -> None:
        """Walk (c): nobody remembers numbers.  What is on the agenda already is offered no more; both ways may be mixed."""
        officer = at_desk(office.hands, OFFICER)
        meeting = convened(office, "housing", office.hands.now + timedelta(hours=1))
        path = f"/meeting/{meeting}/do/submit-tickets"
        before = shown(officer, path)

        sent(officer, path, tickets=[office.handled, ""])

        offered = re.findall(r'<input type="checkbox" name="tickets" value="(\d{20})"> ([^<]+)</label>', before)
        assert f"{short_number(office.handled)} · 施工许可反复补材料" in dict(offered)[office.handled]
        assert re.search(r'<textarea id="f-tickets-others" name="tickets"', before)
        assert f'value="{office.handled}"' not in shown(officer, path)
        assert "施工许可反复补材料" in shown(officer, f"/boards/meetings/{meeting}")

    def test_a_refused_agenda_keeps_what_was_ticked_and_what_was_typed(self, office: Office) -> None:
        """A number that is none is refused, and nothing has to be said again."""
        officer = at_desk(office.hands, OFFICER)
        meeting = convened(office, "housing", office.hands.now + timedelta(hours=1))

        refused = send(officer, f"/meeting/{meeting}/do/submit-tickets", {"tickets": [office.handled, "0101-9-9"]})

        assert 400 <= refused.status_code < 500
        assert f'value="{office.handled}" checked' in refused.text and ">\n0101-9-9</textarea>" in refused.text
