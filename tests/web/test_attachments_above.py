"""Files of a subordinate's tickets: opened above for a purpose and with an entry; nobody below learns from what is asked for."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import delete, select

from node.domain import round as d
from node.domain import round_record as record
from node.domain.payload import Contact, Text
from node.domain.registry import PayloadOpened
from node.domain.ticket.first_contact import AnswerOnTheSpot
from node.domain.ticket.handling import SubmitMaterial
from node.domain.ticket.intake import Register
from node.storage import schema
from tests.support.levels import carry_up
from tests.support.node import Hands
from tests.support.sampling import CUT_DAY, DURING, ROUND, city_and_county, openings, the_round
from tests.web.support import at_desk

PHOTO = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(400)


@dataclass
class Levels:
    """A city that drew some of a county's tickets; ``files`` by ticket, none of which has come up."""

    city: Hands
    county: Hands
    files: dict[str, str]

    @property
    def drawn(self) -> list[str]:
        return [record.ticket_of(key) for key in the_round(self.city).drawn]

    def asked_for(self) -> set[tuple[str, str]]:
        """Files that the county is asked for, and for which ticket."""
        table = schema.wanted_blobs
        with self.city.node.store.read() as view:
            return {(row.subject, row.digest) for row in view.connection.execute(select(table))}


@pytest.fixture
def levels(tmp_path: Path) -> Iterator[Levels]:
    city, county = city_and_county(tmp_path)
    county.at(DURING)
    files = {}
    for place in range(20):
        digest = county.node.blobs.put(PHOTO + bytes([place]))
        need = Register(channel="window", appeal=Text(f"水渠{place}"), name=Contact("王某"), phone=Contact(f"1380000{place:04}"))
        ticket = county.act("window_clerk", need).subject.id
        county.act("window_clerk", SubmitMaterial(digest, Text("现场.jpg")), ticket)
        county.act("window_clerk", AnswerOnTheSpot(Text("已疏通"), category="consultation"), ticket)
        files[ticket] = digest
    carry_up(county, city)
    city.at(CUT_DAY)
    city.act("office", d.CutFrame(), ROUND)
    city.act("office", d.DrawSample(), ROUND)
    yield Levels(city, county, files)
    city.node.close()
    county.node.close()


def test_it_needs_a_purpose_as_a_text_does(levels: Levels) -> None:
    """DESIGN 4: who may look around in the whole subtree opens no file of it for that; nothing is asked for, and nothing entered."""
    ticket = levels.drawn[0]
    levels.city.node.blobs.put(PHOTO + bytes([list(levels.files).index(ticket)]))
    path = f"/tickets/{ticket}/attachments/{levels.files[ticket]}"
    office = at_desk(levels.city, "centre", "office")
    other = next(one for one in levels.files if one not in levels.drawn)

    told = [
        office.get(path),
        office.post(path),
        office.post(path, data={"purpose": "handling"}),
        office.post(path, data={"purpose": "drawn"}),
        office.post(f"/tickets/{other}/attachments/{levels.files[other]}", data={"purpose": "drawn", "round": ROUND}),
        at_desk(levels.city, "centre", "office", is_strong=False).post(path, data={"purpose": "drawn", "round": ROUND}),
    ]

    assert not any(answer.is_success or PHOTO in answer.content for answer in told)
    assert [True] * 5 + [False] == ["PURPOSE_REQUIRED" in answer.text for answer in told]
    assert ([], set()) == (openings(levels.city), levels.asked_for())


def test_for_a_drawn_call_it_is_opened_with_an_entry_of_the_round(levels: Levels) -> None:
    """The round's entries stay above until it is revealed; the ticket's page offers it to who makes the calls."""
    ticket = levels.drawn[0]
    content = PHOTO + bytes([list(levels.files).index(ticket)])
    levels.city.node.blobs.put(content)
    path = f"/tickets/{ticket}/attachments/{levels.files[ticket]}"
    office = at_desk(levels.city, "centre", "office")
    page = office.get(f"/tickets/{ticket}").text

    got = office.post(path, data={"purpose": "drawn", "round": ROUND})

    ((subject, event),) = openings(levels.city)
    assert (True, False) == (f'action="{path}"' in page, f'href="{path}"' in page)
    assert (200, content) == (got.status_code, got.content)
    assert (ROUND, PayloadOpened("ticket", ticket, event.entry, event.place, "drawn")) == (subject.id, event)


def test_the_audit_administrator_opens_it_for_the_audit(levels: Levels) -> None:
    """As the texts, and with an entry; a file that is not here is not asked for."""
    ticket = next(one for one in levels.files if one not in levels.drawn)
    path = f"/tickets/{ticket}/attachments/{levels.files[ticket]}"

    answer = at_desk(levels.city, "audit").post(path, data={"purpose": "audit"})

    assert (404, True, set()) == (answer.status_code, "不单独向下级索取" in answer.text, levels.asked_for())
    assert ["audit"] == [event.purpose for _, event in openings(levels.city)]


def test_nobody_below_learns_from_what_is_asked_for_which_ticket_is_drawn(levels: Levels) -> None:
    """USERS A2: whichever drawn ticket's file is opened, the same files are asked for: those of the whole frame."""
    office, asked = at_desk(levels.city, "centre", "office"), []
    assert 1 < len(levels.drawn) < len(levels.files)
    for ticket in levels.drawn[:2]:
        answer = office.post(f"/tickets/{ticket}/attachments/{levels.files[ticket]}", data={"purpose": "drawn", "round": ROUND})
        assert (404, True) == (answer.status_code, "样本框内全部工单" in answer.text)
        asked.append(levels.asked_for())
        with levels.city.node.store.write() as work:
            work.connection.execute(delete(schema.wanted_blobs))

    assert [set(levels.files.items())] * 2 == asked
