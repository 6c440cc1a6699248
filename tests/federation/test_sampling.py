"""The conduct of sampling rounds: each step when it is due, by the node itself, whatever it missed."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from federation.sampling import conduct, due_steps
from node.domain.registry import SetNodeStatus
from node.domain.round_record import round_id, ticket_of
from node.services.rounds import achieved, find_round
from node.storage import schema
from tests.services.test_stopped_lanes import poison
from tests.support.levels import carry_up, join
from tests.support.node import Hands, make_node
from tests.support.sampling import AFTER_WINDOW, CITY, COUNTY, ROUND, answered, beijing, call, the_round, the_ticket

SISTER = "520424"
JANUARY_28 = beijing("2026-01-28 09:00")


@pytest.fixture
def levels(tmp_path: Path) -> Iterator[tuple[Hands, Hands]]:
    """A city and a county below it, on 28 January, with no round yet."""
    city, county = make_node(tmp_path, CITY, "anshun-2025", now=JANUARY_28), make_node(tmp_path, COUNTY, now=JANUARY_28)
    join(city, county)
    carry_up(county, city)
    yield city, county
    city.node.close()
    county.node.close()


def conducted(city: Hands, at: datetime) -> list[str]:
    """What happened to which round when the node looked at *at*: "2026-02 RoundOpened"."""
    city.at(at)
    outcomes = conduct(city.node.store, city.node.handler, city.node.policies, at)
    return [f"{one.subject.id[-7:]} {entry.header.kind}" for one in outcomes for entry in one.entries]


class TestConduct:
    """FEDERATION 3.2, 3.3: opened before the period, cut a day after it, drawn at once, revealed when the window has ended."""

    def test_a_round_runs_by_itself_when_its_hours_come(self, levels: tuple[Hands, Hands]) -> None:
        """Looked at every three hours from January to March; the calls are the only thing that people do."""
        city, county = levels
        moment = JANUARY_28
        told = [f"01-28 09 {what}" for what in conducted(city, moment)]
        answered(county.at(beijing("2026-02-10 09:00")), 2)
        carry_up(county, city)
        while moment <= beijing("2026-03-10 12:00"):
            told += [f"{moment + timedelta(hours=8):%m-%d %H} {what}" for what in conducted(city, moment)]
            moment += timedelta(hours=3)

        assert [
            "01-28 09 2026-02 RoundOpened",
            "02-01 00 2026-03 RoundOpened",
            "03-01 00 2026-04 RoundOpened",
            "03-02 00 2026-02 FrameCut",
            "03-02 00 2026-02 SampleDrawn",
            "03-10 00 2026-02 RoundRevealed",
            "03-10 00 2026-02 CallRevealed",
        ] == told

    def test_what_was_missed_is_made_up_in_its_order(self, levels: tuple[Hands, Hands]) -> None:
        """Off from February to April: both rounds are brought on, the period in between has none, and nothing is in two frames."""
        city, county = levels
        conducted(city, JANUARY_28)
        conducted(city, beijing("2026-02-05 09:00"))
        answered(county.at(beijing("2026-02-10 09:00")), 3)
        carry_up(county, city)

        told = conducted(city, beijing("2026-04-15 09:00"))

        assert [
            "2026-02 FrameCut",
            "2026-03 FrameCut",
            "2026-05 RoundOpened",
            "2026-02 SampleDrawn",
            "2026-03 SampleDrawn",
        ] == told
        with city.node.store.read() as view:
            frames = [(one.period, one.frame, one.drawn) for one in achieved(view)]
        assert [("2026-02", 3, 1), ("2026-03", 0, 0), ("2026-05", 0, 0)] == frames

    def test_looking_again_does_nothing(self, levels: tuple[Hands, Hands]) -> None:
        city, _ = levels
        first = conducted(city, JANUARY_28)
        before = size(city)

        assert ["2026-02 RoundOpened"] == first
        assert ([], before) == (conducted(city, JANUARY_28), size(city))

    def test_every_county_has_its_own_round_and_its_own_secret(self, levels: tuple[Hands, Hands], tmp_path: Path) -> None:
        """AS25-3.2.4b: drawn per county node; a revoked one is not sampled any more."""
        city, _ = levels
        sister, gone = make_node(tmp_path, SISTER, "guanling-2025", now=JANUARY_28), make_node(tmp_path, "520425", now=JANUARY_28)
        join(city, sister, gone)
        city.act("operator", SetNodeStatus("520425", "revoked"), CITY)

        assert ["2026-02 RoundOpened"] * 2 == conducted(city, JANUARY_28)
        with city.node.store.read() as view:
            rounds = [find_round(view, round_id(CITY, county, "2026-02")) for county in (COUNTY, SISTER)]
        assert 2 == len({one.commitment for one in rounds if one is not None})

    def test_a_node_without_subordinates_has_nothing_to_do(self, levels: tuple[Hands, Hands]) -> None:
        _, county = levels
        with county.node.store.read() as view:
            assert [] == due_steps(view, county.node.policies.of_node(view, JANUARY_28), JANUARY_28)

    def test_a_refused_step_holds_up_nobody_and_stays_due(self, levels: tuple[Hands, Hands], tmp_path: Path) -> None:
        """The secret of one county's round cannot be opened: its draw is refused, the sister's is made."""
        city, _ = levels
        sister = make_node(tmp_path, SISTER, "guanling-2025", now=JANUARY_28)
        join(city, sister)
        conducted(city, JANUARY_28)
        lost = round_id(CITY, COUNTY, "2026-02")
        with city.node.store.write() as work:
            work.connection.execute(schema.payloads.update().where(schema.payloads.c.subject_id == lost).values(ciphertext=None))

        told = conducted(city, beijing("2026-03-02 09:00"))

        with city.node.store.read() as view:
            stages = {one.county: one.stage for one in achieved(view, [COUNTY, SISTER]) if one.period == "2026-02"}
            due = [type(order.command).__name__ for order in due_steps(view, city.node.policies.of_node(view, city.now), city.now)]
        assert {COUNTY: "cut", SISTER: "drawn"} == stages
        assert ["DrawSample"] == due
        assert 1 == told.count("2026-02 SampleDrawn")

    @pytest.mark.parametrize("broken", ["round", "ticket", "aside"])
    def test_what_cannot_be_read_waits_and_holds_up_nobody(self, levels: tuple[Hands, Hands], tmp_path: Path, broken: str) -> None:
        """
        Of one county's round the entries are damaged, or those of a ticket of which something was found, or that ticket's lane was set
        aside: the sister's round is revealed, and this one's reveal stays due.
        """
        city, county = levels
        ticket = called_otherwise(city, county, tmp_path)
        if broken == "aside":
            poison(county.at(city.now), ticket)
            carry_up(county, city)
        else:
            unreadable(city, ROUND if broken == "round" else ticket)

        told = conducted(city, AFTER_WINDOW)

        assert ["2026-02 RoundRevealed"] == [one for one in told if "2026-02" in one]
        with city.node.store.read() as view:
            assert {COUNTY: "drawn", SISTER: "revealed"} == {one.county: one.stage for one in achieved(view) if one.period == "2026-02"}

    @pytest.mark.parametrize("broken", ["round", "ticket"])
    def test_once_it_was_repaired_the_round_is_revealed_with_its_finding(
        self, levels: tuple[Hands, Hands], tmp_path: Path, broken: str
    ) -> None:
        """Nothing of what was heard is lost meanwhile."""
        city, county = levels
        ticket = called_otherwise(city, county, tmp_path)
        kept = unreadable(city, ROUND if broken == "round" else ticket)
        conducted(city, AFTER_WINDOW)

        restore(city, kept)

        told = [one for one in conducted(city, AFTER_WINDOW) if "2026-02" in one]
        assert ["2026-02 RoundRevealed", "2026-02 CallRevealed"] == told[:2]
        assert the_ticket(city, ticket).open_asks("FindingRaised")


def called_otherwise(city: Hands, county: Hands, directory: Path) -> str:
    """Two counties' rounds are drawn; of a ticket of the first its office heard otherwise than was reported.  Gives the ticket."""
    join(city, make_node(directory, SISTER, "guanling-2025", now=JANUARY_28))
    conducted(city, JANUARY_28)
    answered(county.at(beijing("2026-02-10 09:00")), 2)
    carry_up(county, city)
    conducted(city, beijing("2026-03-02 09:00"))
    (key,) = the_round(city).drawn
    call(city, key, is_consistent=False)
    return ticket_of(key)


def unreadable(hands: Hands, subject: str) -> dict[int, bytes]:
    """Nothing of what the node holds about *subject* can be decoded any more; gives what was there."""
    entries = schema.entries
    with hands.node.store.database.write() as connection:
        its = entries.c.subject_id == subject
        kept = {row.taken: row.content for row in connection.execute(select(entries.c.taken, entries.c.content).where(its))}
        connection.execute(update(entries).where(its).values(content=b"\xff\xff\xff"))
    return kept


def restore(hands: Hands, kept: dict[int, bytes]) -> None:
    """As it was."""
    with hands.node.store.database.write() as connection:
        for taken, content in kept.items():
            connection.execute(update(schema.entries).where(schema.entries.c.taken == taken).values(content=content))


def size(hands: Hands) -> int:
    with hands.node.store.read() as view:
        return len(view.connection.execute(select(schema.entries.c.taken)).all())
