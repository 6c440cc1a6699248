"""Sampled revisits on real nodes: the secret, the calls, the reveal, the rates."""

import hashlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, select

from node import app
from node.domain import round as d
from node.domain import round_record as record
from node.domain import sampling
from node.domain.entry import Draft, Header, Subject
from node.domain.identifier import uuid7
from node.domain.payload import Text
from node.domain.refusal import Code, Refusal
from node.domain.registry import UnitOpened
from node.domain.ticket.closing import Archive
from node.domain.ticket.finding import ExecuteFinding
from node.domain.ticket.revisit import RecordRevisitAttempt
from node.domain.ticket.state import State
from node.services.registry import NODE_ACTOR
from node.services.rounds import call_list, calls_behind, recompute, round_facts
from node.storage import round_readings, schema
from node.storage.codec import decode_content
from tests.support.levels import carry_down, carry_up, join
from tests.support.node import Hands, make_node
from tests.support.sampling import (
    AFTER_WINDOW,
    BEFORE,
    CITY,
    COUNTY,
    CREDIT_CODE,
    CUT_DAY,
    DURING,
    PROVINCE,
    ROUND,
    SECRET_WORDS,
    answered,
    answered_one,
    beijing,
    call,
    city_and_county,
    down_bytes,
    drawn_round,
    entry_bytes,
    frame_keys,
    opened,
    openings,
    rates,
    refuses,
    the_round,
    the_ticket,
    ticket_place,
)


@pytest.fixture
def levels(tmp_path: Path) -> Iterator[tuple[Hands, Hands]]:
    """A city and a county below it, the round of February opened."""
    city, county = city_and_county(tmp_path)
    yield city, county
    city.node.close()
    county.node.close()


class TestSecret:
    """DESIGN 13: committed to before the period, sealed until the reveal, there again after a restart."""

    def test_it_stands_in_no_entry_before_the_reveal(self, levels: tuple[Hands, Hands]) -> None:
        city, county = levels
        drawn_round(city, county, 11)
        city.at(AFTER_WINDOW)
        before = entry_bytes(city)
        city.act("office", d.RevealRound(), ROUND)
        revealed = the_round(city).revealed
        assert revealed is not None
        secret = revealed.secret

        assert sampling.commitment(COUNTY, "2026-02", bytes.fromhex(secret)).hex() == revealed.commitment
        assert not any(secret.encode() in content or bytes.fromhex(secret) in content for content in before)
        assert any(secret.encode() in content for content in entry_bytes(city))

    def test_a_node_that_was_off_meanwhile_draws_by_it(self, levels: tuple[Hands, Hands]) -> None:
        city, county = levels
        county.at(DURING)
        answered(county, 3)
        carry_up(county, city)
        city.node.close()
        again = Hands(app.build(city.node.data_dir), city.clock, "", serial=1000)

        again.at(CUT_DAY).act("office", d.CutFrame(), ROUND)
        again.act("office", d.DrawSample(), ROUND)

        with again.node.store.read() as view:
            assert recompute(view, ROUND).is_same
        again.node.close()


class TestSampledRevisit:
    """AS25-3.2.4c: the city calls itself, only whom it drew, and what it hears has consequences."""

    @pytest.mark.clause("AS25-3.2.4c")
    def test_the_city_reads_calls_and_finds_and_the_county_reworks(self, levels: tuple[Hands, Hands]) -> None:
        """
        For a picked ticket the city reads name and phone, logged at the city, visible below with the reveal; for an unpicked one
        the call is refused. A result that is not consistent opens a rework at the county. Done / frame is shown.
        """
        city, county = levels
        found = drawn_round(city, county, 11)
        first, second = found.drawn
        ticket = record.ticket_of(first)
        place = ticket_place(county, ticket)

        read = opened(city, ticket, first)
        logged_above, logged_below = openings(city), openings(county)
        call(city, first, is_consistent=False, note=Text("渠道仍然堵塞"))
        call(city, second, is_satisfied=False)
        undrawn = next(key for key in frame_keys(city) if key not in found.drawn)
        with refuses(Code.NOT_DRAWN):
            call(city, undrawn)
        with refuses(Code.PURPOSE_REQUIRED):
            opened(city, record.ticket_of(undrawn), undrawn)
        carry_down(city, county)
        nothing_below = openings(county), the_ticket(county, ticket).asks
        city.act("office", d.RevealRound(), ROUND)
        carry_down(city, county)
        (finding,) = the_ticket(county, ticket).open_asks("FindingRaised")
        county.at(city.now).node.handler.handle(county.order("node", ExecuteFinding(finding.id), ticket))
        reworked = the_ticket(county, ticket)
        below = the_round(county)
        shown = {one.key: one for one in below.shown}

        said = {"name": f"王某{place}", "phone": f"1380000{place:04}", "appeal": f"{SECRET_WORDS}{place}", "reply": f"渠道已疏通{place}"}
        assert said == read
        assert [(the_round(city).subject, "drawn", ticket)] * 4 == [(subject, one.purpose, one.opened) for subject, one in logged_above]
        assert ([], ([], {})) == (logged_below, nothing_below)
        assert (False, "a-office", ("a-office",)) == (shown[first].is_consistent, shown[first].called_by, shown[first].opened_by)
        assert (True, False, ()) == (shown[second].is_consistent, shown[second].is_satisfied, shown[second].opened_by)
        # It was answered on the spot: nobody led it, so somebody must be named first.
        assert (State.FORMED, finding.id) == (reworked.state, reworked.round.finding if reworked.round else "")
        assert not the_ticket(county, record.ticket_of(second)).open_asks("FindingRaised")
        for hands in (city, county):
            (rate,) = rates(hands)
            assert (11, 2, 2, 1, 1, 18.1) == (rate.frame, rate.drawn, rate.reached, rate.satisfied, rate.findings, rate.reached_percent)

    def test_with_the_link_cut_the_city_reads_and_calls(self, levels: tuple[Hands, Hands]) -> None:
        """A drawn call needs no answer from the county: its node is off during the whole window."""
        city, county = levels
        (key,) = drawn_round(city, county, 1).drawn
        county.node.close()

        assert "13800000000" == opened(city, record.ticket_of(key), key)["phone"]
        call(city, key)
        assert (key,) == the_round(city).reached

    def test_the_county_repeats_the_draw_after_the_reveal(self, levels: tuple[Hands, Hands]) -> None:
        """One button recomputes the draw, from its own journal and the revealed secret, and a changed journal would show."""
        city, county = levels
        drawn_round(city, county, 12)
        city.at(AFTER_WINDOW).act("office", d.RevealRound(), ROUND)
        carry_down(city, county)

        with county.node.store.read() as view:
            again = recompute(view, ROUND)
        assert (True, 12) == (again.is_same, again.frame_size)

    def test_who_cannot_be_reached_stays_and_the_next_is_called_too(self, levels: tuple[Hands, Hands]) -> None:
        """B13: three attempts; both shares are shown."""
        city, county = levels
        found = drawn_round(city, county, 11)
        for _ in range(3):
            call(city, found.drawn[0], is_reached=False, is_consistent=None, is_standard_met=None, is_satisfied=None)
        call(city, found.drawn[1])
        more = the_round(city)
        call(city, more.drawn[2])

        (rate,) = rates(city)
        assert (3, 2, 27.2, 18.1, True) == (rate.drawn, rate.reached, rate.drawn_percent, rate.reached_percent, rate.is_enough)
        with city.node.store.read() as view:
            assert recompute(view, ROUND).is_same

    def test_the_province_folds_the_same_rates_from_its_mirror(self, tmp_path: Path) -> None:
        """The achieved rate per county goes up to the province, with the round's own entries."""
        province = make_node(tmp_path, PROVINCE, "guizhou", now=BEFORE)
        city, county = make_node(tmp_path, CITY, "anshun-2025", now=BEFORE), make_node(tmp_path, COUNTY, now=BEFORE)
        join(province, city)
        carry_up(city, province)
        join(city, county)
        carry_up(county, city)
        city.act("office", d.OpenRound(COUNTY, "2026-02"))
        (key,) = drawn_round(city, county, 10).drawn
        call(city, key, is_consistent=False)
        city.act("office", d.RevealRound(), ROUND)
        carry_up(city, province)

        assert rates(city) == rates(province)
        assert [(COUNTY, 10, 1, 1, 1)] == [(one.county, one.frame, one.drawn, one.reached, one.findings) for one in rates(province)]
        with province.node.store.read() as view:
            assert recompute(view, ROUND).is_same


class TestCallList:
    """B21: calls are planned by enterprise."""

    def test_one_enterprise_is_one_call(self, tmp_path: Path) -> None:
        """Its drawn tickets are the sheets of one call, with attempts and what was said before by any level; a person is another."""
        city, county = make_node(tmp_path, CITY, "anshun-2025", now=BEFORE), make_node(tmp_path, COUNTY, now=BEFORE)
        join(city, county)
        city.act("office", d.OpenRound(COUNTY, "2026-02", rate=100))
        county.at(DURING)
        theirs = [answered_one(county, place, credit_code=CREDIT_CODE) for place in range(2)]
        other = answered_one(county, 2)
        county.at(beijing("2026-02-12 10:00")).act("office", RecordRevisitAttempt(), theirs[0])
        carry_up(county, city)
        city.at(CUT_DAY).act("office", d.CutFrame(), ROUND)
        city.act("office", d.DrawSample(), ROUND)
        call(city, f"{theirs[1]}#1", is_reached=False, is_consistent=None, is_standard_met=None, is_satisfied=None)
        call(city, f"{other}#1")

        with city.node.store.read() as view:
            planned = {one.enterprise: one for one in call_list(view, ROUND, city.now)}

            first, place = calls_behind(view, ROUND, city.now, -1, 1)
            second, end = calls_behind(view, ROUND, city.now, -1 if place is None else place, 1)

        assert [*planned.values()] == [*first, *second] and (1, None) == (len(first), end)
        assert {CREDIT_CODE, other} == set(planned)
        sheets = {sheet.ticket: sheet for sheet in planned[CREDIT_CODE].sheets}
        assert {theirs[0]: (0, False), theirs[1]: (1, False)} == {name: (one.attempts, one.is_settled) for name, one in sheets.items()}
        assert [("RevisitAttempted", COUNTY, theirs[0])] == [(one.kind, one.node, one.ticket) for one in planned[CREDIT_CODE].contacts]
        assert (False, True) == (planned[CREDIT_CODE].is_settled, planned[other].is_settled)

    def test_there_is_none_before_the_draw(self, levels: tuple[Hands, Hands]) -> None:
        city, _ = levels
        with city.node.store.read() as view, refuses(Code.WRONG_STAGE):
            call_list(view, ROUND, city.now)


class TestReadings:
    """A row of ``rounds`` is folded from entries and nothing else."""

    def test_folding_all_entries_again_gives_the_same_rows(self, levels: tuple[Hands, Hands]) -> None:
        """At the city from every step, at the county from the reveal."""
        city, county = levels
        found = drawn_round(city, county, 11)
        for _ in range(3):
            call(city, found.drawn[0], is_reached=False, is_consistent=None, is_standard_met=None, is_satisfied=None)
        for key in the_round(city).pending:
            call(city, key, is_standard_met=False)
        city.act("office", d.RevealRound(), ROUND)
        carry_down(city, county)

        for hands in (city, county):
            with hands.node.store.write() as work:
                before = work.connection.execute(select(schema.rounds)).all()
                work.connection.execute(delete(schema.rounds))
                for content in work.connection.execute(select(schema.entries.c.content).order_by(schema.entries.c.taken)).scalars().all():
                    round_readings.fold(work.connection, decode_content(bytes(content)).folded)
                assert before == work.connection.execute(select(schema.rounds)).all() != []


class TestOpenRounds:
    """DESIGN 5: what is in an open round of this node is not archived here; the county's facts never tell of a round."""

    def test_from_the_completion_to_the_reveal(self, levels: tuple[Hands, Hands]) -> None:
        city, county = levels
        ticket = answered_one(county.at(DURING), 0)
        carry_up(county, city)
        seen = [open_rounds(city, ticket)]
        drawn_round(city, county, 1)
        late = answered_one(county.at(CUT_DAY), 5)
        carry_up(county, city)
        seen += [open_rounds(city, ticket), open_rounds(city, late), open_rounds(county, ticket)]
        city.at(AFTER_WINDOW).act("office", d.RevealRound(), ROUND)
        seen.append(open_rounds(city, ticket))

        assert [{ROUND}, {ROUND}, set(), set(), set()] == seen


def open_rounds(hands: Hands, ticket: str) -> frozenset[str]:
    with hands.node.store.read() as view:
        return round_facts(view.connection, ticket, hands.now, hands.node.policies.of_node(view, hands.now))


class TestNothingLeaks:
    """USERS A2: nothing that reaches the county before the window ends differs between a drawn and an undrawn ticket."""

    def test_two_rounds_that_draw_otherwise_send_the_same_bytes_down(self, tmp_path: Path) -> None:
        """
        Two cities, alike but for the secret, with the same county: they draw, open, call and hear different tickets. Whatever
        they send down until the reveal is the same, byte for byte and number for number.
        """
        only, county = make_node(tmp_path, CITY, "anshun-2025", now=BEFORE), make_node(tmp_path, COUNTY, now=BEFORE)
        join(only, county)
        carry_up(county, only)
        only.node.close()
        cities = [copied(only, tmp_path / name) for name in ("one", "two")]
        for place, city in enumerate(cities):
            city.node.store.random = counted(f"secret {place}")
            city.act("office", d.OpenRound(COUNTY, "2026-02"))
        answered(county.at(DURING), 20)
        samples, before, after = [], [], []
        for city in cities:
            carry_up(county, city)
            city.at(CUT_DAY).act("office", d.CutFrame(), ROUND)
            city.act("office", d.DrawSample(), ROUND)
            samples.append(the_round(city).drawn)
            for key in samples[-1]:
                opened(city, record.ticket_of(key), key)
                call(city, key, is_consistent=False, note=Text("不一致"))
            publish(city)
            before.append(down_bytes(city))
            city.at(AFTER_WINDOW).act("office", d.RevealRound(), ROUND)
            after.append(down_bytes(city))

        assert samples[0] != samples[1]
        assert 2 == len(samples[0]) == len(samples[1])
        assert before[0] == before[1] != []
        assert after[0] != after[1]

    def test_the_archive_waits_alike_for_drawn_and_undrawn(self, levels: tuple[Hands, Hands]) -> None:
        """The rule is the calendar's: the county knows of no round, and refuses both on the same day with the same words."""
        city, county = levels
        found = drawn_round(city, county, 11)
        tickets = [record.ticket_of(found.drawn[0]), next(record.ticket_of(key) for key in frame_keys(city) if key not in found.drawn)]
        answers = []
        for number in tickets:
            with pytest.raises(Refusal) as caught:
                county.at(CUT_DAY).act("office", Archive(), number)
            answers.append((caught.value.code, {**caught.value.facts, "ticket": ""}))

        assert answers[0] == answers[1]


def copied(hands: Hands, directory: Path) -> Hands:
    """The same node once more, with the same keys and history."""
    shutil.copytree(hands.node.data_dir, directory)
    return Hands(app.build(directory), hands.clock, hands.recovery_key, hands.serial)


def counted(secret: str) -> Callable[[int], bytes]:
    """Random bytes that are the same in every run but for the first ones that are asked for, which follow from *secret*."""
    calls = iter(range(1, 1_000_000))

    def random(size: int) -> bytes:
        call = next(calls)
        return hashlib.shake_256(f"{secret if call == 1 else ''}|{call}".encode()).digest(size)

    return random


def publish(city: Hands) -> None:
    """Something ordinary that goes down to everybody below, written after the calls."""
    with city.node.store.write() as work:
        event = UnitOpened(f"{CITY}-water", "department", "水务局")
        entry_id = uuid7(city.now, work.payloads.random)
        header = Header(CITY, 1, 0, entry_id, city.now, Subject("node", CITY), event.kind(), NODE_ACTOR, addressee="*")
        work.append([Draft(header, event)])
