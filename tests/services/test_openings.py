"""Opening sealed content: a right, a purpose, an entry."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from node.domain import round as d
from node.domain import round_record as record
from node.domain.entry import Actor
from node.domain.payload import SealedRef
from node.domain.refusal import Code
from node.services.openings import open_payloads
from tests.support.node import Hands
from tests.support.sampling import (
    COUNTY,
    DURING,
    ROUND,
    SECRET_WORDS,
    answered_one,
    call,
    city_and_county,
    drawn_round,
    frame_keys,
    opened,
    opened_refs,
    openings,
    refuses,
    the_ticket,
)


@pytest.fixture
def levels(tmp_path: Path) -> Iterator[tuple[Hands, Hands]]:
    """A city and a county below it, the round of February opened."""
    city, county = city_and_county(tmp_path)
    yield city, county
    city.node.close()
    county.node.close()


class TestOpenings:
    """DESIGN 4, 13: a right, a purpose, an entry."""

    def test_a_superior_without_a_purpose_opens_nothing(self, levels: tuple[Hands, Hands]) -> None:
        """Not drawn, not escalated, not inspected; a text no more than a phone."""
        city, county = levels
        found = drawn_round(city, county, 11)
        number = next(record.ticket_of(key) for key in frame_keys(city) if key not in found.drawn)
        ticket = the_ticket(city, number)
        refs = {"appeal": ticket.intake.appeal, "phone": ticket.appellant.phone}
        for name, ref in refs.items():
            assert isinstance(ref, SealedRef)
            for purpose in ("drawn", "handling", "inspection", "curiosity"):
                with refuses(Code.PURPOSE_REQUIRED):
                    opened_refs(city, ticket, {name: ref}, purpose)
        assert [] == openings(city)

    def test_a_drawn_ticket_is_opened_while_it_is_called_and_not_after(self, levels: tuple[Hands, Hands]) -> None:
        city, county = levels
        (key,) = drawn_round(city, county, 1).drawn
        with refuses(Code.SUBJECT_UNKNOWN):
            opened(city, record.ticket_of(key), key, role="department")
        opened(city, record.ticket_of(key), key)
        call(city, key)
        city.act("office", d.RevealRound(), ROUND)

        with refuses(Code.PURPOSE_REQUIRED):
            opened(city, record.ticket_of(key), key)

    def test_the_auditor_reads_texts_and_no_contacts(self, levels: tuple[Hands, Hands]) -> None:
        _, county = levels
        ticket = the_ticket(county, answered_one(county.at(DURING), 0))
        assert isinstance(ticket.intake.appeal, SealedRef)
        assert isinstance(ticket.appellant.phone, SealedRef)

        assert {"appeal": f"{SECRET_WORDS}0"} == opened_refs(county, ticket, {"appeal": ticket.intake.appeal}, "audit", "audit_admin", None)
        assert ["audit"] == [one.purpose for _, one in openings(county)]
        with refuses(Code.PURPOSE_REQUIRED):
            opened_refs(county, ticket, {"phone": ticket.appellant.phone}, "audit", "audit_admin", None)

    def test_the_holder_logs_a_contact_once_a_person_ticket_and_day_and_a_text_never(self, levels: tuple[Hands, Hands]) -> None:
        _, county = levels
        ticket = the_ticket(county, answered_one(county.at(DURING), 0))
        assert isinstance(ticket.intake.appeal, SealedRef)
        assert isinstance(ticket.appellant.phone, SealedRef)

        counts = []
        for refs, role in (
            ({"appeal": ticket.intake.appeal}, "office"),
            ({"phone": ticket.appellant.phone}, "office"),
            ({"phone": ticket.appellant.phone, "appeal": ticket.intake.appeal}, "office"),
            ({"phone": ticket.appellant.phone}, "window_clerk"),
        ):
            opened_refs(county, ticket, refs, "handling", role, None)
            counts.append(len(openings(county)))
        county.later(days=1)
        opened_refs(county, ticket, {"phone": ticket.appellant.phone}, "handling", "office", None)

        assert [0, 1, 1, 2, 3] == [*counts, len(openings(county))]

    def test_a_department_opens_what_it_has_a_part_in(self, levels: tuple[Hands, Hands]) -> None:
        _, county = levels
        ticket = the_ticket(county, answered_one(county.at(DURING), 0))
        assert isinstance(ticket.appellant.phone, SealedRef)
        refs = {"phone": ticket.appellant.phone}
        stranger, centre = (Actor("d", "department", f"{COUNTY}-{unit}") for unit in ("water", "centre"))

        with refuses(Code.SUBJECT_UNKNOWN):
            county.node.writer.command(lambda work: open_payloads(work, stranger, ticket, refs, "handling", county.now))
        said = county.node.writer.command(lambda work: open_payloads(work, centre, ticket, refs, "handling", county.now))
        assert {"phone": "13800000000"} == said
