"""What the tests of sampled revisits begin with: a city, a county, consultations answered in February, a round of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from node.domain import round as d
from node.domain import round_record as record
from node.domain.entry import Actor, Subject
from node.domain.payload import Contact, SealedRef, Text
from node.domain.refusal import Code, Refusal
from node.domain.registry import PayloadOpened
from node.domain.ticket.first_contact import AnswerOnTheSpot
from node.domain.ticket.intake import Register
from node.domain.ticket.ticket import Ticket
from node.domain.time import BEIJING
from node.services.openings import open_payloads
from node.services.rounds import Achieved, achieved, find_round, frame_of, refs_of
from node.storage import schema
from node.storage.codec import decode_content
from tests.support.levels import carry_up, join
from tests.support.node import Hands, make_node

CITY, COUNTY, PROVINCE = "520400", "520402", "520000"
ROUND = f"R{CITY}-{COUNTY}-2026-02"
SECRET_WORDS = "灌溉水渠堵塞"
CREDIT_CODE = "91350211M000100Y43"


def beijing(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING).astimezone(UTC)


BEFORE, DURING, CUT_DAY, AFTER_WINDOW = (
    beijing(text) for text in ("2026-01-28 09:00", "2026-02-10 09:00", "2026-03-02 09:00", "2026-03-10 00:00")
)


def city_and_county(directory: Path, city_url: str = "") -> tuple[Hands, Hands]:
    """A city and a county below it, on 28 January, the round of February opened."""
    city = make_node(directory, CITY, "anshun-2025", database_url=city_url, now=BEFORE)
    county = make_node(directory, COUNTY, now=BEFORE)
    join(city, county)
    carry_up(county, city)
    city.act("office", d.OpenRound(COUNTY, "2026-02"))
    return city, county


def answered(county: Hands, count: int, **fields: Any) -> list[str]:
    """*count* consultations, answered at the window."""
    return [answered_one(county, place, **fields) for place in range(count)]


def answered_one(county: Hands, place: int, **fields: Any) -> str:
    appeal, name, phone = Text(f"{SECRET_WORDS}{place}"), Contact(f"王某{place}"), Contact(f"1380000{place:04}")
    ticket = county.act("window_clerk", Register(channel="window", appeal=appeal, name=name, phone=phone, **fields)).subject.id
    county.act("window_clerk", AnswerOnTheSpot(Text(f"渠道已疏通{place}"), category="consultation"), ticket)
    return ticket


def drawn_round(city: Hands, county: Hands, count: int, at: datetime = CUT_DAY) -> record.Round:
    """*count* outcomes in February, cut and drawn."""
    county.at(DURING)
    answered(county, count)
    carry_up(county, city)
    city.at(at)
    city.act("office", d.CutFrame(), ROUND)
    city.act("office", d.DrawSample(), ROUND)
    return the_round(city)


def the_round(hands: Hands) -> record.Round:
    with hands.node.store.read() as view:
        found = find_round(view, ROUND)
    assert found is not None
    return found


def the_ticket(hands: Hands, number: str) -> Ticket:
    with hands.node.store.read() as view:
        ticket = view.readings.ticket(number)
    assert ticket is not None
    return ticket


def opened(hands: Hands, number: str, key: str, purpose: str = "drawn", role: str = "office") -> dict[str, str]:
    """Name, phone, appeal and reply of a drawn ticket, as the city opens them."""
    ticket = the_ticket(hands, number)
    with hands.node.store.read() as view:
        refs = refs_of(view, ticket, key)
    return opened_refs(hands, ticket, dict(refs), purpose, role)


def opened_refs(
    hands: Hands, ticket: Ticket, refs: dict[str, SealedRef], purpose: str, role: str = "office", round_id: str | None = ROUND
) -> dict[str, str]:
    """What *refs* say, opened by somebody in *role*."""
    actor = Actor(f"a-{role}", role, f"{hands.node.code}-centre")
    return hands.node.writer.command(lambda work: open_payloads(work, actor, ticket, refs, purpose, hands.now, round_id))


def openings(hands: Hands) -> list[tuple[Subject, PayloadOpened]]:
    table = schema.entries
    with hands.node.store.read() as view:
        rows = view.connection.execute(select(table.c.content).where(table.c.kind == "PayloadOpened").order_by(table.c.taken)).scalars()
        contents = [decode_content(bytes(row)) for row in rows]
    return [(one.header.subject, one.event) for one in contents if isinstance(one.event, PayloadOpened)]


def call(city: Hands, key: str, **answers: Any) -> None:
    """Record a call: all is well, but for what *answers* say."""
    command = d.RecordCall(key, **{"is_reached": True, "is_consistent": True, "is_standard_met": True, "is_satisfied": True, **answers})
    city.act("office", command, ROUND)


def down_bytes(city: Hands) -> list[bytes]:
    """Every byte that goes down to the county, in the order of the link."""
    down, entries = schema.down, schema.entries
    with city.node.store.read() as view:
        rows = view.connection.execute(
            select(entries.c.content).join(down, down.c.taken == entries.c.taken).where(down.c.link == COUNTY).order_by(down.c.down_seq)
        ).scalars()
        return [bytes(row) for row in rows]


@contextmanager
def refuses(code: Code) -> Iterator[None]:
    with pytest.raises(Refusal) as caught:
        yield
    assert code is caught.value.code


def entry_bytes(hands: Hands) -> list[bytes]:
    table = schema.entries
    with hands.node.store.read() as view:
        return [bytes(row) for row in view.connection.execute(select(table.c.content)).scalars()]


def rates(hands: Hands) -> list[Achieved]:
    with hands.node.store.read() as view:
        return achieved(view)


def frame_keys(hands: Hands) -> list[str]:
    with hands.node.store.read() as view:
        return [entry.key for entry in frame_of(view, COUNTY, the_round(hands).span)]


def ticket_place(county: Hands, ticket: str) -> int:
    """Which of the consultations it was, as its texts say."""
    table = schema.tickets
    with county.node.store.read() as view:
        return list(view.connection.execute(select(table.c.id).order_by(table.c.id)).scalars()).index(ticket)
