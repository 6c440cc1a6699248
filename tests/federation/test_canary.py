"""What people write and how to reach them is found nowhere but sealed, and a superior that may still reads it (DESIGN 4, 13)."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from node.domain import round as d
from node.domain.payload import Contact, SealedRef, Text
from node.domain.ticket.escalation import AcceptEscalation, RequestEscalation
from node.domain.ticket.first_contact import AnswerOnTheSpot
from node.domain.ticket.intake import Register
from tests.federation.levels import MemoryWire, Place, connect, enrol, make_place, settle
from tests.support.sampling import BEFORE, CUT_DAY, DURING, ROUND, opened, opened_refs, openings, the_round, the_ticket

PROVINCE, CITY, COUNTY = "520000", "520400", "520402"
NAME, PHONE, APPEAL = "金丝雀甲乙丙", "13912345678", "金丝雀在厂房里唱歌canary-7f3a"
REASON, REPLY, OPINION = "金丝雀的事超出本级权限", "已为金丝雀打开笼门", "金丝雀须由省级定"
CANARIES = (NAME, PHONE, APPEAL, REASON, REPLY, OPINION)
# A fact: what finds the canaries must find this everywhere.
CREDIT_CODE = "91350211M000100Y43"


@dataclass
class Levels:
    """A province, a city and a county, linked by wires that keep what crossed them."""

    province: Place
    city: Place
    county: Place
    wires: list[MemoryWire]

    def settle(self) -> None:
        settle(self.county, self.city, self.province, seconds=2)

    def cut(self) -> None:
        for wire in self.wires:
            wire.is_cut = True

    def register(self) -> str:
        command = Register(
            channel="window",
            appeal=Text(APPEAL),
            name=Contact(NAME),
            phone=Contact(PHONE),
            credit_code=CREDIT_CODE,
            judgement="foreign",
        )
        return self.county.hands.act("window_clerk", command).subject.id


@pytest.fixture
def levels(tmp_path: Path) -> Levels:
    province, city = make_place(tmp_path, PROVINCE, "guizhou"), make_place(tmp_path, CITY, "anshun-2025")
    county = make_place(tmp_path, COUNTY)
    county.hands.at(BEFORE)
    enrol(city, province)
    enrol(county, city)
    found = Levels(province, city, county, [connect(city, province), connect(county, city)])
    found.settle()
    city.hands.act("office", d.OpenRound(COUNTY, "2026-02"))
    return found


def escalated(levels: Levels) -> str:
    """A ticket that the county put to the city, and the city to the province, which took it."""
    number = levels.register()
    levels.county.hands.act("office", RequestEscalation(power_item="LAND-07", reason=Text(REASON)), number)
    levels.settle()
    accept = AcceptEscalation(category="coordination", complexity="plain")
    levels.city.hands.act("office", accept, number)
    levels.city.hands.act("office", RequestEscalation(power_item="LAND-08", reason=Text(OPINION)), number)
    levels.settle()
    levels.province.hands.act("office", accept, number)
    levels.settle()
    return number


def drawn(levels: Levels) -> str:
    """A consultation of February that the city's round draws: the key."""
    levels.county.hands.at(DURING)
    number = levels.register()
    levels.county.hands.act("window_clerk", AnswerOnTheSpot(Text(REPLY), category="consultation"), number)
    levels.settle()
    levels.city.hands.at(CUT_DAY)
    levels.city.hands.act("office", d.CutFrame(), ROUND)
    levels.city.hands.act("office", d.DrawSample(), ROUND)
    (key,) = the_round(levels.city.hands).drawn
    return key


class TestOpening:
    """With the link cut: what a superior needs lies sealed in its own mirror."""

    def test_the_province_reads_what_was_escalated_to_it(self, levels: Levels) -> None:
        number = escalated(levels)
        levels.cut()
        hands = levels.province.hands
        ticket = the_ticket(hands, number)
        refs = {"appeal": ticket.intake.appeal, "name": ticket.appellant.name, "phone": ticket.appellant.phone}
        sealed = {name: ref for name, ref in refs.items() if isinstance(ref, SealedRef)}

        read = opened_refs(hands, ticket, sealed, "handling", "office", None)

        assert {"appeal": APPEAL, "name": NAME, "phone": PHONE} == read
        # It holds the ticket: a contact once a person, ticket and day, a text never.
        assert [("handling", number)] == [(one.purpose, one.opened) for _, one in openings(hands)]

    def test_the_city_that_passed_it_on_writes_each_opening_down(self, levels: Levels) -> None:
        number = escalated(levels)
        levels.cut()
        hands = levels.city.hands
        ticket = the_ticket(hands, number)
        appeal, phone = ticket.intake.appeal, ticket.appellant.phone
        assert isinstance(appeal, SealedRef)
        assert isinstance(phone, SealedRef)

        read = opened_refs(hands, ticket, {"appeal": appeal, "phone": phone}, "handling", "office", None)

        assert {"appeal": APPEAL, "phone": PHONE} == read
        assert [("handling", number)] * 2 == [(one.purpose, one.opened) for _, one in openings(hands)]

    def test_the_city_reads_what_it_drew(self, levels: Levels) -> None:
        key = drawn(levels)
        levels.cut()
        number = key.partition("#")[0]

        read = opened(levels.city.hands, number, key)

        assert {NAME, PHONE, APPEAL, REPLY} == set(read.values())
        written = openings(levels.city.hands)
        assert [("round", ROUND, "drawn", number)] * 4 == [(at.kind, at.id, one.purpose, one.opened) for at, one in written]


class TestNowhereElse:
    """Not in a message, a database, a file or a log, of any level; before and after it was opened."""

    def test_a_canary_is_found_nowhere_but_sealed(self, levels: Levels, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        escalated(levels)
        key = drawn(levels)
        levels.cut()
        levels.settle()
        opened(levels.city.hands, key.partition("#")[0], key)

        said = capsys.readouterr()
        haystacks = {
            **{f"wire {place}": b"".join(wire.carried) for place, wire in enumerate(levels.wires)},
            **{code: files_of(tmp_path / code) for code in (PROVINCE, CITY, COUNTY)},
        }
        assert {name: True for name in haystacks} == {name: CREDIT_CODE.encode() in bytes_ for name, bytes_ in haystacks.items()}
        assert "UNAVAILABLE" in said.out
        haystacks["log"] = (said.out + said.err).encode()
        assert [] == [(name, canary) for name, bytes_ in haystacks.items() for canary in CANARIES if is_in(canary, bytes_)]


def files_of(directory: Path) -> bytes:
    """Every byte that a node keeps: databases with their logs, blobs, keys, settings."""
    files = [path for path in sorted(directory.rglob("*")) if path.is_file()]
    assert {"node.db", "node.db-wal"} <= {path.name for path in files}
    return b"\n".join(path.read_bytes() for path in files)


def is_in(canary: str, haystack: bytes) -> bool:
    """As it is, in UTF-16, and as JSON and logs escape it."""
    return any(form in haystack for form in (canary.encode(), canary.encode("utf-16-le"), canary.encode("unicode_escape")))
