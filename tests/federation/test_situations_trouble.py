"""FEDERATION 2.3, rows 13 and 18 to 20: clocks that differ, disks that are full or damaged."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from federation.epochs import start
from federation.sampling import due_steps
from node.domain.entry import Subject
from node.domain.refusal import Code, Refusal
from node.services import reconcile
from node.services.rebuild import check
from node.services.situations import skew_seconds_max, skew_seconds_told
from node.services.verify import verify
from node.storage import schema
from node.storage.database import instant
from tests.federation.levels import WALL, Place, connect, enrol, make_place, settle
from tests.federation.situations import (
    CITY,
    COUNTY,
    OPERATOR,
    PROVINCE,
    accept,
    agree,
    alarms,
    back_up,
    damage,
    damaged,
    escalate,
    grant_to,
    held,
    holder,
    incidents,
    look_at,
    rejoin_by,
    restore,
    tickets,
    told,
)
from tests.federation.test_renewal import serving


class TestRow13ClockSkew:
    @pytest.mark.parametrize(
        ("seconds", "expected"),
        [
            (skew_seconds_told, {}),
            (skew_seconds_told + 1, {"skew": "amber"}),
            (-540, {"skew": "amber"}),
            (skew_seconds_max, {"skew": "amber"}),
            (660, {"skew_held": "red"}),
            (-86_400, {"skew_held": "red"}),
        ],
    )
    def test_both_ends_say_it_and_entries_pass_all_the_same(self, tmp_path: Path, seconds: int, expected: dict[str, str]) -> None:
        city = make_place(tmp_path, CITY, "anshun-2025")
        county = make_place(tmp_path, COUNTY, wall=lambda: WALL + timedelta(seconds=seconds))
        object.__setattr__(county.level, "wall", lambda: WALL)
        enrol(county, city)
        object.__setattr__(county.level, "wall", lambda: WALL + timedelta(seconds=seconds))
        connect(county, city)
        county.register()

        settle(county, city)

        assert (expected, expected) == (alarms(county, wall=WALL), alarms(city))
        agree(county, city)

    def test_a_clock_before_the_last_entry_is_told_until_it_is_past(self, county: Place) -> None:
        """What ran ahead and was set right refuses every command: whoever looks at the status has to see why, and how long."""
        county.register()
        with county.level.store.write() as work:
            ahead = instant(work.head.last_at) + timedelta(hours=1)
            work.head.last_at += 3_600_000_000

        before = alarms(county)
        county.hands.at(ahead)

        assert ({"clock_behind": "red"}, {}) == (before, alarms(county))

    @pytest.mark.parametrize(("seconds", "is_cut"), [(0, True), (skew_seconds_max, True), (skew_seconds_max + 1, False)])
    def test_no_frame_is_cut_by_clocks_that_differ(self, county: Place, city: Place, seconds: int, is_cut: bool) -> None:
        """Which closings came in time nobody can say; the step stays due, and is made when the clocks agree."""
        from federation.sampling import conduct

        connect(county, city)
        settle(county, city)
        policies = city.hands.node.policies
        conduct(city.level.store, city.level.handler, policies, city.hands.now)
        with city.level.store.database.write() as connection:
            connection.execute(update(schema.links).values(skew_seconds=-seconds))
        later = city.hands.later(days=70).now

        with city.level.store.read() as view:
            due = {type(order.command).__name__ for order in due_steps(view, policies.of_node(view, later), later)}

        assert is_cut == ("CutFrame" in due)

    @pytest.mark.parametrize("seconds", [skew_seconds_max, skew_seconds_max + 1, -skew_seconds_max, -skew_seconds_max - 1])
    def test_nothing_falls_due_by_a_clock_that_the_superiors_contradicts(self, county: Place, city: Place, seconds: int) -> None:
        """A serving node's own look at the clock: at 601 s it lets everything be, at 600 it does not, and later it makes up for it."""
        ticket = county.register()
        greeted_with(county, city, seconds)
        at_work = serving(county, county.steady)
        county.hands.later(days=70)

        at_work._go_by_the_clock()

        assert seconds == county.link(CITY).skew_seconds
        assert (abs(seconds) <= skew_seconds_max) == ("overdue" in rungs(county, ticket))
        greeted_with(county, city, 0)
        at_work._go_by_the_clock()
        assert 1 == rungs(county, ticket).count("overdue")


def greeted_with(county: Place, city: Place, seconds: int) -> None:
    """The superior's clock is so many seconds before the county's when it greets."""
    object.__setattr__(county.level, "wall", lambda: WALL - timedelta(seconds=seconds))
    connect(county, city)
    settle(county, city)


def rungs(place: Place, ticket: str) -> list[str]:
    """What the limits of the ticket set off."""
    with place.level.store.read() as view:
        found = view.journal.of_subject(Subject("ticket", ticket))
    return [one.content.event.rung for one in found if one.header.kind == "RungFired"]


class TestRow18DiskFull:
    def test_nothing_is_half_written_and_it_recovers_without_a_restart(self, county: Place, city: Place) -> None:
        """Intake answers "come again later"; pages stay up; what the journal holds is sent."""
        connect(county, city)
        county.register()
        before = len(county.contents(COUNTY)), tickets(county)
        with _full(county):
            refusals = [_refused(lambda: county.register(appeal="水" * 20_000)) for _ in range(3)]
            assert [Code.STORAGE_FULL] * 3 == [one.code for one in refusals]
            assert before == (len(county.contents(COUNTY)), tickets(county))
            assert {"storage": "red"} == alarms(county, free_percent=4)

        county.register()
        settle(county, city)
        agree(county, city)
        assert {} == alarms(county, free_percent=5)
        assert check(county.level.store).agrees


class TestRow19DiskFullAtTheSuperior:
    def test_it_takes_nothing_and_the_subordinate_loses_nothing(self, county: Place, city: Place) -> None:
        connect(county, city)
        settle(county, city)
        for _ in range(4):
            county.register(appeal="水" * 20_000)
        mirrored = city.contents(COUNTY)
        with _full(city):
            settle(county, city)
            assert mirrored == city.contents(COUNTY)
            assert ("waiting", {"storage_above": "red"}) == (county.status(), alarms(county))
            county.steady.later(0.1)

        settle(county, city, seconds=2)

        agree(county, city)
        assert {} == alarms(county)


class TestRow20DamagedPage:
    def test_an_own_entry_comes_back_from_the_superior(self, county: Place, city: Place) -> None:
        """Found by the night's look; frozen until it is healed; the root that was kept is the proof."""
        county.register()
        connect(county, city)
        settle(county, city)
        whole = county.contents(COUNTY)
        spot = damage(county, COUNTY, 7)
        look_at(county)

        assert ("damaged", {"held_damaged": "red", "damaged": "red"}) == (held(county), alarms(county))
        assert Code.NODE_HELD is _refused(county.register).code
        assert [spot] == damaged(county)
        settle(county, city, seconds=51)
        settle(county, city, seconds=51)

        assert (whole, "", {}) == (county.contents(COUNTY), held(county), alarms(county))
        assert {"healed": "note"} == told(county)
        with county.level.store.read() as view:
            assert verify(view, county.hands.node.blobs).is_sound
        county.register()
        settle(county, city)
        agree(county, city)

    def test_a_damaged_entry_is_never_sent(self, county: Place, city: Place, tmp_path: Path) -> None:
        """It would be taken for the truth above: the county's entry, damaged at the city, on its way to the province."""
        county.register()
        connect(county, city)
        settle(county, city)
        whole = city.contents(COUNTY)
        province = make_place(tmp_path, PROVINCE, "guizhou")
        enrol(city, province)
        damage(city, COUNTY, 5)
        connect(city, province)

        settle(city, province)
        settle(city, province, seconds=2)
        assert alarms(city)["damaged"] == "red"
        assert all(content in whole for content in province.contents(COUNTY))
        # The county sends it once more, and so heals it; then it goes on.
        settle(county, city, province, seconds=51)
        settle(county, city, province, seconds=51)
        settle(county, city, province, seconds=51)

        assert whole == city.contents(COUNTY)[: len(whole)]
        assert county.contents(COUNTY) == city.contents(COUNTY) == province.contents(COUNTY)
        assert ({}, [], ["healed"]) == (alarms(city), incidents(province), incidents(city))

    def test_a_mirror_at_the_top_is_healed_from_below(self, county: Place, city: Place) -> None:
        county.register()
        connect(county, city)
        settle(county, city)
        whole, size = city.contents(COUNTY), city.position(COUNTY)
        damage(city, COUNTY, 3)
        damage(city, COUNTY, 8)
        with city.level.store.write() as work:
            reconcile.note_damage(work, city.hands.now)
        assert 2 == len(damaged(city))

        settle(county, city, seconds=51)

        assert (whole, size, []) == (city.contents(COUNTY), city.position(COUNTY), damaged(city))
        assert {} == alarms(city)

    def test_another_history_heals_nothing(self, county: Place, city: Place) -> None:
        """What comes for a damaged place has to fit the root that the stream's head has kept."""
        county.register()
        connect(county, city)
        settle(county, city)
        spot = damage(county, COUNTY, 7)
        forged = city.contents(COUNTY)[5]
        with county.level.store.write() as work:
            reconcile.note_damage(work, county.hands.now)
            assert not reconcile.heal(work, spot, forged, county.hands.now)

        assert [spot] == damaged(county)

    def test_what_the_superior_has_not_stays_an_alarm(self, county: Place, city: Place) -> None:
        connect(county, city)
        settle(county, city)
        county.register()
        size = county.position(COUNTY)[0]
        damage(county, COUNTY, size)

        settle(county, city)
        settle(county, city, seconds=51)

        assert ("damaged", {"held_unrepaired": "red", "damaged": "red"}) == (held(county), alarms(county))
        assert city.position(COUNTY)[0] < size
        assert [] == incidents(city)

    @pytest.mark.parametrize("is_known_above", [False, True])
    def test_what_is_damaged_at_the_superior_too_is_given_up_and_the_rest_goes_up(
        self, county: Place, city: Place, is_known_above: bool
    ) -> None:
        """Its own entry, held at both ends and whole at neither: the link goes on, says so, and the new epoch is sent."""
        wire = connect(county, city)
        number = county.register()
        settle(county, city)
        seq = _first_about(county, number)
        for place in (county, city):
            damage(place, COUNTY, seq)
        look_at(county)
        if is_known_above:
            look_at(city)
        settle(county, city, seconds=51)
        assert {"held_unrepaired": "red", "damaged": "red"} == alarms(county)
        assert "red" == alarms(city)["damaged"], "asked for it, it finds that its own is damaged, too"

        grant_to(city, county)
        rejoin_by(county, wire)
        later = county.register()
        settle(county, city, seconds=51)

        assert later in tickets(city)
        assert county.link(CITY).acked == county.rows(schema.heads)[0].taken

    def test_what_was_damaged_at_both_is_asked_for_again_once_the_subordinate_runs_anew(
        self, county: Place, city: Place, tmp_path: Path
    ) -> None:
        """From a backup, perhaps: until then it has it no more than the superior."""
        former = connect(county, city)
        number = county.register()
        settle(county, city)
        seq, backup = _first_about(county, number), back_up(county, tmp_path / "county.db")
        for place in (county, city):
            damage(place, COUNTY, seq)
        look_at(county)
        settle(county, city, seconds=51)
        settle(county, city, seconds=51)
        assert "red" == alarms(city)["damaged"], "not asked for again and again"

        restore(county, backup)
        connect(county, city).servicer = former.servicer
        settle(county, city, seconds=51)
        settle(county, city, seconds=51)

        assert ([], {}, {}) == (damaged(city), alarms(city), alarms(county))
        agree(county, city)

    def test_what_nobody_holds_whole_is_given_up_in_a_new_epoch(self, county: Place, city: Place) -> None:
        """As the sentence says: grant above, rejoin here; what was damaged is written again by nobody, the rest goes on."""
        wire = connect(county, city)
        settle(county, city)
        number, later = county.register(), county.register()
        spot = damage(county, COUNTY, _first_about(county, number))
        settle(county, city)
        settle(county, city, seconds=51)
        assert {"held_unrepaired": "red", "damaged": "red"} == alarms(county)

        grant_to(city, county)
        done = rejoin_by(county, wire)
        settle(county, city, seconds=51)
        look_at(county)

        assert (2, (number,)) == (done.epoch, done.aside)
        assert ("", {}, []) == (held(county), alarms(county), damaged(county))
        assert spot in {(row.node, row.epoch, row.seq) for row in county.rows(schema.incidents) if row.kind == "branch"}
        assert {later} == set(tickets(county)) == set(tickets(city))
        county.register()
        settle(county, city)
        agree(county, city)

    def test_at_the_top_nobody_gives_an_own_entry_back(self, city: Place) -> None:
        """Its operator gives it up with a new epoch: the damage stays in sight, and the node writes again."""
        city.register()
        spot = damage(city, CITY, 5)
        look_at(city)
        assert ("damaged", {"held_damaged_top": "red", "damaged": "red", "differs_own": "red"}) == (held(city), alarms(city))
        assert Code.NODE_HELD is _refused(city.register).code

        start(city.level, "各份备份里都不完好", OPERATOR)
        look_at(city)

        assert ("", [spot], {"damaged": "red", "differs_own": "red"}) == (held(city), damaged(city), alarms(city))
        city.register()
        again = damage(city, CITY, 2, epoch=2)
        look_at(city)
        assert ("damaged", [spot, again]) == (held(city), damaged(city)), "what it goes on in has to be whole"

    @pytest.mark.parametrize("is_heard", [True, False])
    def test_what_the_top_gave_up_comes_back_from_below_or_goes_down_no_more(self, county: Place, city: Place, is_heard: bool) -> None:
        """A subordinate that has it gives it back with the new epoch; where none has, what goes down does not wait for it."""
        wire = connect(county, city)
        number = county.register()
        settle(county, city)
        escalate(county, number)
        settle(county, city)
        wire.is_cut = not is_heard
        accept(city, number)
        settle(county, city)
        spot = damage(city, CITY, city.position(CITY)[0])
        look_at(city)
        wire.is_cut = False

        start(city.level, "各份备份里都不完好", OPERATOR)
        for _ in range(3):
            settle(county, city, seconds=601)

        assert ("", [] if is_heard else [spot]) == (held(city), damaged(city))
        assert ("", {}) == (held(county), alarms(county))
        look_at(city)
        assert ({} if is_heard else {"damaged": "red", "differs_own": "red"}) == alarms(city)
        escalated = county.register()
        escalate(county, escalated)
        settle(county, city, seconds=51)
        accept(city, escalated)
        settle(county, city, seconds=51)
        assert CITY == holder(county, escalated)[0]
        agree(county, city)

    def test_what_is_damaged_of_an_epoch_that_is_over_comes_back_and_stops_nothing(self, county: Place, city: Place) -> None:
        """The superior holds all that the epoch kept."""
        wire = connect(county, city)
        county.register()
        settle(county, city)
        whole = county.contents(COUNTY)
        grant_to(city, county)
        rejoin_by(county, wire)
        settle(county, city)
        damage(county, COUNTY, 7)
        look_at(county)
        assert ("", {"damaged": "red"}) == (held(county), alarms(county))

        county.register()
        settle(county, city, seconds=51)
        settle(county, city, seconds=51)

        assert (whole, {}) == (county.contents(COUNTY)[: len(whole)], alarms(county))
        agree(county, city)


# --- given ------------------------------------------------------------------------------------------------------------


def _refused(act: Callable[[], object]) -> Refusal:
    with pytest.raises(Refusal) as caught:
        act()
    return caught.value


class _full:
    """The level's database may not grow by a page while the block lasts, as on a disk that is full."""

    def __init__(self, place: Place) -> None:
        self._engine = place.level.store.database.writer

    def _set(self, pages: int) -> None:
        with self._engine.connect() as connection:
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")

    def __enter__(self) -> None:
        with self._engine.connect() as connection:
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("VACUUM")
            connection.exec_driver_sql("BEGIN")
            pages = int(connection.exec_driver_sql("PRAGMA page_count").scalar_one())
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")

    def __exit__(self, *_: object) -> None:
        self._set(1 << 30)


def _first_about(place: Place, number: str) -> int:
    return next(row.seq for row in place.rows(schema.entries) if row.subject_id == number)
