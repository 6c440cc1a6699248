"""FEDERATION 2.3, rows 9, 10 and 12: two copies of one node, an old database under it, and two superiors."""

from pathlib import Path

import pytest

from federation.epochs import release, start
from federation.link import Lane
from federation.reconciling import reconcile_with
from federation.retry import CallFailed
from node.app import build
from node.domain.refusal import Code
from tests.federation.levels import Place, connect, enrol, make_place, settle
from tests.federation.situations import (
    CITY,
    COUNTY,
    OPERATOR,
    agree,
    alarms,
    back_up,
    escalate,
    grant_to,
    guarded,
    held,
    incidents,
    refused,
    rejoin_by,
    restore,
    tickets,
)


class TestRow09Cloned:
    """Two live copies of one node: neither is taken from until an operator has decided."""

    def test_both_are_refused_and_the_one_that_is_left_goes_on(self, county: Place, city: Place) -> None:
        connect(county, city)
        settle(county, city)
        copy = county.session
        connect(county, city)
        settle(county, city)
        county.register()
        assert copy is not None

        copy.step(Lane.UP)
        copy.step(Lane.UP)
        settle(county, city)

        assert ("stopped clone", {"cloned_below": "red"}) == (county.status(), alarms(city))
        assert {"clone": "red"} == alarms(county)
        assert county.contents(COUNTY) != city.contents(COUNTY)

        assert release(city.level, COUNTY)
        connect(county, city)  # the copy that is left is started again
        settle(county, city)
        assert ({}, {}) == (alarms(county), alarms(city))
        agree(county, city)

    def test_what_a_process_sent_before_it_died_makes_no_clone(self, county: Place, city: Place) -> None:
        """A batch may come late, after the next process has greeted."""
        connect(county, city)
        settle(county, city)
        former = county.session
        connect(county, city)
        settle(county, city)
        county.register()
        assert former is not None

        former.step(Lane.UP)  # its batch; it greets no more

        assert ([], {}) == (incidents(city), alarms(city))
        settle(county, city)
        agree(county, city)

    def test_a_copy_that_wrote_is_found_by_its_history_too(self, county: Place, city: Place, tmp_path: Path) -> None:
        """One after the other, never at once: the boot ids say nothing, the roots do."""
        connect(county, city)
        settle(county, city)
        twin = back_up(county, tmp_path / "twin.db")
        county.register(appeal="one")
        settle(county, city)
        restore(county, twin)
        county.register(appeal="other")
        connect(county, city)

        settle(county, city)

        assert {"forked_below": "red"} == alarms(city)


class TestRow10GuardFile:
    """A file beside the data, in no backup, knows how far the journal was held above."""

    def test_a_database_that_is_older_than_it_writes_nothing_before_it_was_compared(
        self, county: Place, city: Place, tmp_path: Path
    ) -> None:
        guard = guarded(county)
        connect(county, city)
        settle(county, city)
        backup = back_up(county, tmp_path / "backup.db")
        county.register()
        settle(county, city)
        said = guard.read()
        assert said is not None and (said.size, said.root) == county.position(COUNTY)

        restore(county, backup)
        node = build(county.hands.node.data_dir)
        node.close()

        assert {"held_guard": "red"} == alarms(county)
        assert Code.NODE_HELD is refused(county.register).code
        connect(county, city)
        settle(county, city)
        assert {} == alarms(county)
        agree(county, city)

    def test_what_neither_end_holds_any_more_is_not_numbered_again(self, county: Place, city: Place, tmp_path: Path) -> None:
        """Both were restored: only a new epoch goes on from there."""
        guarded(county)
        connect(county, city)
        settle(county, city)
        backups = [back_up(place, tmp_path / f"{place.code}.db") for place in (county, city)]
        county.register()
        settle(county, city)
        for place, backup in zip((county, city), backups, strict=True):
            restore(place, backup)
        build(county.hands.node.data_dir).close()
        wire = connect(county, city)

        settle(county, city)

        assert {"held_guard": "red"} == alarms(county)
        grant_to(city, county)
        assert 2 == rejoin_by(county, wire).epoch
        county.register()
        settle(county, city, seconds=2)
        assert {} == alarms(county)
        agree(county, city)

    @pytest.mark.parametrize("is_granted_anew", [False, True])
    def test_an_epoch_that_went_further_than_the_superior_knows_is_not_gone_on_in(
        self, county: Place, city: Place, tmp_path: Path, is_granted_anew: bool
    ) -> None:
        """
        Seed 130000645: both restored in one night, after an epoch was granted or before.  Whoever was told of the lost entry by way of
        the superior would have held another history of that epoch for ever.
        """
        guarded(county)
        wire = connect(county, city)
        settle(county, city)
        county_backup, city_backup = back_up(county, tmp_path / "county.db"), back_up(city, tmp_path / "before.db")
        assert 2 == grant_to(city, county)
        assert 2 == rejoin_by(county, wire).epoch
        settle(county, city, seconds=51)
        if not is_granted_anew:
            city_backup = back_up(city, tmp_path / "after.db")
        county.register()
        settle(county, city)
        restore(county, county_backup)
        restore(city, city_backup)
        build(county.hands.node.data_dir).close()
        wire = connect(county, city)
        settle(county, city, seconds=51)
        assert ({"held_guard"}, Code.NODE_HELD) == ({*alarms(county)} - {"stale"}, refused(county.register).code)
        if is_granted_anew:
            assert 2 == grant_to(city, county)

        before = county.contents(COUNTY)
        wire.calls.clear()
        assert Code.NOTHING_GRANTED is refused(lambda: rejoin_by(county, wire)).code
        assert (before, False) == (county.contents(COUNTY), "Fetch" in wire.calls), "nothing is fetched that cannot be used"

        assert 3 == grant_to(city, county)
        assert 3 == rejoin_by(county, wire).epoch
        settle(county, city, seconds=51)
        county.register()
        settle(county, city, seconds=2)
        assert ({}, {}) == (alarms(county), alarms(city))
        agree(county, city)

    def test_what_went_down_and_never_up_is_not_numbered_again(self, county: Place, city: Place, province: Place, tmp_path: Path) -> None:
        """The province gives back what it holds; of what only the county heard neither knows: a new epoch, and no second history."""
        guarded(city)
        upwards, _ = connect(city, province), connect(county, city)
        number = county.register()
        settle(county, city, province)
        backup = back_up(city, tmp_path / "backup.db")
        city.register()
        settle(county, city, province)
        upwards.is_cut = True
        escalate(county, number)
        settle(county, city, province)
        heard = county.contents(CITY)
        assert heard
        restore(city, backup)
        build(city.hands.node.data_dir).close()
        wire = connect(city, province)

        settle(city, province, seconds=51)

        assert ({"held_guard": "red"}, Code.NODE_HELD) == (alarms(city), refused(city.register).code)
        grant_to(province, city)
        assert 2 == rejoin_by(city, wire).epoch
        connect(county, city)
        settle(county, city, province, seconds=700)
        assert (heard, []) == (county.contents(CITY)[: len(heard)], incidents(county))
        assert ({}, {}) == (alarms(county), alarms(city))
        agree(county, city, province)

    def test_the_top_goes_on_only_in_a_new_epoch(self, city: Place, tmp_path: Path) -> None:
        guard = guarded(city)
        backup = back_up(city, tmp_path / "backup.db")
        city.register()
        with city.level.store.read() as view:
            guard.note(view.journal.position(CITY, 1))
        restore(city, backup)
        build(city.hands.node.data_dir).close()
        assert ({"held_guard": "red"}, Code.NODE_HELD) == (alarms(city), refused(city.register).code)

        assert 2 == start(city.level, "从备份恢复", OPERATOR)

        assert {} == alarms(city)
        city.register()
        assert city.position(CITY, 2)[0] > 1

    @pytest.mark.parametrize("is_known_by", ["guard", "county"])
    def test_the_top_begins_no_epoch_twice(self, county: Place, city: Place, tmp_path: Path, is_known_by: str) -> None:
        """Restored from before an epoch of its own, it is told apart from its old copy by going past what is known of it."""
        guard = guarded(city) if is_known_by == "guard" else None
        connect(county, city)
        settle(county, city)
        backup = back_up(city, tmp_path / "backup.db")
        assert 2 == start(city.level, "从备份恢复", OPERATOR)
        city.register(appeal="lost")
        settle(county, city, seconds=51)
        if guard is not None:
            with city.level.store.read() as view:
                guard.note(view.journal.position(CITY, 2))
        restore(city, backup)
        if guard is not None:
            build(city.hands.node.data_dir).close()
        else:
            connect(county, city)
            settle(county, city, seconds=51)
            assert "fenced" == held(city)

        assert 3 == start(city.level, "再次从备份恢复", OPERATOR)

        connect(county, city)
        settle(county, city, seconds=51)
        county.register()
        settle(county, city, seconds=51)
        assert ({}, {}) == (alarms(county), alarms(city))
        agree(county, city)

    @pytest.mark.parametrize("content", [b"", b"{", b'{"node": "520402"}', b'{"node": "520402", "epoch": 1, "size": 2, "root": "xx"}'])
    def test_a_file_that_cannot_be_read_says_nothing(self, county: Place, content: bytes) -> None:
        guard = guarded(county)
        guard.file.write_bytes(content)

        with county.level.store.read() as view:
            assert guard.read() is None and guard.fits(view)


class TestRow12TwoSuperiors:
    """A copy of the superior in a lower epoch is nobody's superior any more."""

    def test_the_old_copy_is_refused_and_knows_it(self, county: Place, city: Place, tmp_path: Path) -> None:
        connect(county, city)
        settle(county, city)
        old = back_up(city, tmp_path / "old.db")
        assert 2 == start(city.level, "换机", OPERATOR)
        settle(county, city, seconds=51)
        number = county.register()
        settle(county, city)
        new = back_up(city, tmp_path / "new.db")
        assert "registered" == tickets(city)[number]

        restore(city, old)  # the machine that everybody took for dead
        wire = connect(county, city)
        county.register()
        settle(county, city, seconds=51)

        assert ("stopped fenced", {"fenced": "red"}) == (county.status(), alarms(county))
        assert ("fenced", {"held_fenced": "red"}) == (held(city), {code: colour for code, colour in alarms(city).items() if "held" in code})
        assert number not in tickets(city)
        assert Code.NODE_HELD is refused(city.register).code
        with pytest.raises(CallFailed, match="SUPERIOR_FENCED"):
            reconcile_with(county.level, CITY, wire)

        restore(city, new)
        connect(county, city)
        settle(county, city, seconds=51)
        assert {} == alarms(county)
        agree(county, city)

    def test_a_fenced_copy_takes_nothing_from_those_that_know_nothing_of_the_new_one(
        self, county: Place, city: Place, tmp_path: Path
    ) -> None:
        other = make_place(tmp_path, "520403")
        enrol(other, city)
        connect(other, city)
        with city.level.store.write() as work:
            work.head.held = "fenced"
        other.register()

        settle(other, city)

        assert ("stopped fenced", []) == (other.status(), city.contents("520403"))
