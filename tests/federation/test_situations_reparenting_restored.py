"""FEDERATION 2.3, rows 11 and 22 at once: the province, or the new city, is restored while a county moves, or after it."""

from pathlib import Path

import pytest
from sqlalchemy import select, update

from federation.epochs import start
from node.domain.merkle import Range, leaf_hash
from node.domain.payload import Text
from node.domain.ticket.custody import OverrideCustody
from node.domain.ticket.escalation import ReturnEscalation
from node.services.rebuild import check
from node.storage import schema
from tests.federation.levels import Place, connect, enrol, settle
from tests.federation.moving import OTHER, REASON, Four
from tests.federation.situations import (
    CITY,
    COUNTY,
    OPERATOR,
    PROVINCE,
    accept,
    agree,
    alarms,
    back_up,
    escalate,
    grant_to,
    holder,
    incidents,
    reasons,
    rejoin_by,
    restore,
    tickets,
    told,
)


def came_from_above(place: Place, seq: int, *, is_same: bool) -> None:
    """The county's last entry stands here as it does before its stream is held whole; or another one under its place."""
    entries, spot = schema.entries, (COUNTY, 2, seq)
    its = (entries.c.node == COUNTY, entries.c.epoch == 2, entries.c.seq == seq)
    with place.level.store.write() as work:
        content = work.journal.at(*spot)
        assert content is not None
        leaf = leaf_hash(content if is_same else content + b"x")
        work.connection.execute(update(entries).where(*its).values(from_above=True, leaf=leaf))
        before = select(entries.c.leaf).where(entries.c.node == COUNTY, entries.c.epoch == 2, entries.c.seq < seq).order_by(entries.c.seq)
        leaves = [bytes(one) for one in work.connection.execute(before).scalars()]
        work.journal._set_ranges({(COUNTY, 2): Range().extend(leaves)})


class TestRow22WithRow11:
    """What was lost of a move comes back from below and from above, and the move ends as it was begun."""

    def test_a_province_that_was_restored_from_before_the_move_gets_all_of_it_from_the_new_city(self, four: Four, tmp_path: Path) -> None:
        """Row 11 beside it: what the county had written below its former city, and the move itself."""
        before = back_up(four.province, tmp_path / "before.db")
        number = four.county.register()
        four.run()
        four.move()
        later = four.county.register()
        four.run()

        four.bring_back_province(before)

        agree(four.county, four.other, four.province)
        assert {number, later} <= set(tickets(four.province))
        assert [] == [code for place in four.all for code in incidents(place) if code == "fork"]
        assert [{}] * 3 == [alarms(place) for place in (four.county, four.other, four.province)]

    def test_what_a_province_decided_before_it_heard_of_the_move_again_reaches_the_new_city(self, four: Four, tmp_path: Path) -> None:
        """
        Restored without its guard file from before the move, it took the county for the former city's, and overrode an escalation: that
        is owed to the former city alone.  Under the number of its order, too, so that all that heard the order have to give way.
        """
        county, _, other, province = four.all
        number = county.register()
        escalate(county, number)
        four.run()
        backup = back_up(province, tmp_path / "before.db")
        four.move()
        restore(province, backup)
        four.start()
        four.run(seconds=51)
        province.hands.act("office", OverrideCustody(COUNTY, Text("退回原办理层级")), number)
        four.run(seconds=51)
        assert (COUNTY, "") == holder(province, number) != holder(other, number) == holder(county, number)

        start(province.level, "从备份恢复", OPERATOR)
        for _ in range(3):
            four.run(seconds=121)

        assert [(COUNTY, "")] * 4 == [holder(place, number) for place in four.all]
        agree(county, other, province)
        assert (OTHER, {OTHER: 2}) == (four.superior, four.taken_by())
        assert [{}] * 4 == [alarms(place) for place in four.all]
        assert [] == [row for place in four.all for row in place.rows(schema.quarantine)]
        assert all(check(place.level.store).agrees for place in four.all)

    @pytest.mark.parametrize("saved", ["before the order", "before the handover", "before the confirmation"])
    def test_a_province_that_was_restored_on_the_way_sends_the_history_once_more(self, four: Four, saved: str, tmp_path: Path) -> None:
        """
        Row 11 in a move: its order and its confirmation come back from below, what it owed the new city did not.  The handover may be
        known there before the order is once more.
        """
        province = four.province
        number = four.county.register()
        four.run()
        four.wires[OTHER].is_cut = True
        backup = back_up(province, tmp_path / "before.db")
        four.order()
        if saved == "before the handover":
            backup = back_up(province, tmp_path / "ordered.db")
        for place in (four.city, four.county):  # the order goes down, and what the county had written comes to the city
            settle(place)
        four.run()
        if saved == "before the confirmation":
            backup = back_up(province, tmp_path / "handed.db")
        four.run(seconds=130)
        assert "reparenting_confirmed_above" in told(province)

        four.bring_back_province(backup)
        four.join()
        for _ in range(2):
            four.run(seconds=121)

        four.need_moved(number)

    @pytest.mark.parametrize("is_joined_first", [False, True])
    def test_what_a_province_and_the_former_city_took_of_the_county_when_they_knew_of_no_move_goes_on_with_it(
        self, four: Four, tmp_path: Path, is_joined_first: bool
    ) -> None:
        """
        Seed 70002897.  Both were restored from before the move; the county wrote on below the former city, and that went up.  It comes
        to the new city from above; if the county has joined before, it writes it again there, and the province takes its own out.
        """
        county, city, other, province = four.all
        backups = [(place, back_up(place, tmp_path / f"{place.code}.db")) for place in (province, city)]
        four.order()
        four.run(seconds=51)
        assert OTHER == four.superior
        for place, backup in backups:
            restore(place, backup)
        four.start()
        number = county.register()
        four.run(seconds=51)
        assert number in tickets(province)
        taken = province.position(COUNTY)[0]

        if is_joined_first:
            four.join()
        start(province.level, "从备份恢复", OPERATOR)
        for _ in range(3):
            four.run(seconds=121)
        assert OTHER == four.superior
        if not is_joined_first:
            four.join()
        for _ in range(3):
            four.run(seconds=121)

        four.need_moved(number)
        assert is_joined_first == (province.position(COUNTY)[0] < taken) == ("branch" in incidents(province))
        assert "registered" == tickets(other)[number] == tickets(province)[number]
        assert all(check(place.level.store).agrees for place in four.all)

    def test_what_another_city_wrote_twice_is_what_the_province_says_once_it_begins_an_epoch(self, four: Four, tmp_path: Path) -> None:
        """
        Seed 80000371.  The former city, which decides what stayed with it, and the province were restored in one night: the new city alone
        holds the decision that was given first.  Under its number stands another one by now.
        """
        county, city, other, province = four.all
        number = county.register()
        escalate(county, number)
        four.run()
        four.move()
        backups = [(place, back_up(place, tmp_path / f"{place.code}.db")) for place in (province, city)]
        accept(city, number)
        four.run(seconds=51)
        first = other.contents(CITY)
        for place, backup in backups:
            restore(place, backup)
        four.start()
        city.hands.act("office", ReturnEscalation("within_authority", Text("属县级权限")), number)
        four.run(seconds=51)
        assert "superior_forked" in alarms(other)

        start(province.level, "从备份恢复", OPERATOR)
        for _ in range(3):
            four.run(seconds=121)

        agree(county, other, province)
        assert first != other.contents(CITY) == [one for one in province.contents(CITY) if one in other.contents(CITY)]
        assert [(COUNTY, "")] * 4 == [holder(place, number) for place in four.all]
        assert "branch" in incidents(other)
        assert [{}] * 4 == [alarms(place) for place in four.all]
        assert all(check(place.level.store).agrees for place in four.all)

    @pytest.mark.parametrize("is_same", [True, False])
    def test_what_came_down_before_the_stream_was_the_new_city_s_counts_as_its_writer_s(self, four: Four, is_same: bool) -> None:
        """
        Seed 90000581.  What the county wrote behind the handover came to the new city from above, before that was named its superior, and
        comes once more with the stream; where it is another entry, that is a fork.
        """
        county, _, other, _ = four.all
        four.move()
        county.register()
        number = county.register()
        four.run()
        whole = other.contents(COUNTY)
        came_from_above(other, county.position(COUNTY, 2)[0], is_same=is_same)

        four.wires[COUNTY] = connect(county, other)
        four.run(seconds=51)

        if is_same:
            assert whole == other.contents(COUNTY)
            four.need_moved(number)
            assert [[]] * 4 == [place.rows(schema.quarantine) for place in four.all]
            assert [False] == [one.from_above for one in other.rows(schema.entries) if one.subject_id == number]
            assert all(check(place.level.store).agrees for place in four.all)
        else:
            assert ("stopped forked", ["fork"]) == (county.status(), incidents(other))

    def test_a_new_city_that_was_restored_from_before_the_move_takes_the_county_in_once_more(self, four: Four, tmp_path: Path) -> None:
        """
        Seeds 22001010 and 22001741.  Its own word that the county joined comes back before the province's that names it; what came for
        the county before it joined once more goes on to it.
        """
        province, other = four.province, four.other
        number = four.county.register()
        four.run()
        four.order()
        settle(other)
        backup = back_up(other, tmp_path / "ordered.db")
        four.run(seconds=130)
        four.join()
        four.run()
        escalate(four.county, number)
        four.run()
        assert (COUNTY, OTHER) == holder(other, number)

        restore(other, backup)
        four.start()
        four.run(seconds=51)
        province.hands.act("office", OverrideCustody(COUNTY, Text("退回原办理层级")), number)
        four.run(seconds=51)
        assert "stopped unregistered" == four.county.status()
        enrol(four.county, other)
        four.start()
        for _ in range(2):
            four.run(seconds=121)

        four.need_moved(number)
        assert [(COUNTY, "")] * 3 == [holder(place, number) for place in (four.county, other, province)]
        assert all(check(place.level.store).agrees for place in four.all)

    def test_what_the_new_city_answered_counts_once_the_province_has_its_question_back(self, four: Four, tmp_path: Path) -> None:
        """Seed 21001058: restored from before the order, the province hears that the history was taken before it has confirmed anything."""
        province = four.province
        number = four.county.register()
        four.run()
        four.wires[OTHER].is_cut = True
        backup = back_up(province, tmp_path / "before.db")
        four.order()
        for place in (four.city, four.county):
            settle(place)
        four.run()
        four.run(seconds=130)
        four.wires[OTHER].is_cut = False
        settle(four.other, seconds=130)
        assert "reparenting_taken_to" in told(four.other)

        four.bring_back_province(backup)
        four.join()
        for _ in range(2):
            four.run(seconds=121)

        four.need_moved(number)
        assert all(check(place.level.store).agrees for place in four.all)

    def test_what_the_former_city_told_and_lost_gives_way_to_what_comes_by_the_new_one(self, four: Four, tmp_path: Path) -> None:
        """Seed 26000232: nobody tells the county any more in which epoch its former city is, and it had taken its two words for a fork."""
        county, city, _, province = four.all
        backup = back_up(city, tmp_path / "before.db")
        number = county.register()
        settle(county, city)
        four.order()
        settle(city, province)
        four.wires[CITY].is_cut = True
        escalate(county, number)
        settle(county, city)
        told_first = county.contents(CITY)

        restore(city, backup)
        four.wires[CITY] = connect(city, province)
        four.run()
        grant_to(province, city)
        rejoin_by(city, four.wires[CITY])
        four.run(seconds=130)
        four.join(is_moved=True)
        for _ in range(3):
            four.run(seconds=121)

        assert told_first != county.contents(CITY)
        four.need_moved(number)

    def test_what_the_province_decided_of_a_county_by_moving_it_comes_back_behind_the_move(self, four: Four, tmp_path: Path) -> None:
        """
        Seed 27000348: restored from before it knew the need, and its former city with it, the province could not tell whose the need is
        before the move was back.
        """
        county, city, other, province = four.all
        backups = [(place, back_up(place, tmp_path / f"{place.code}.db")) for place in (city, province)]
        number = county.register()
        escalate(county, number)
        four.run()
        four.move("move")
        assert [(COUNTY, "")] * 3 == [holder(place, number) for place in (county, other, province)]

        for place, backup in backups:
            restore(place, backup)
        four.bring_back_province(backups[1][1])

        assert [(COUNTY, "")] * 3 == [holder(place, number) for place in (county, other, province)]
        assert {(row.node, row.id) for row in other.rows(schema.entries) if row.node == PROVINCE} <= {
            (row.node, row.id) for row in province.rows(schema.entries)
        }
        agree(county, other, province)

    def test_what_the_province_had_sealed_before_it_was_restored_opens_behind_its_new_epoch(self, four: Four, tmp_path: Path) -> None:
        """
        Seeds 36004991 and 36005626: the new epoch's reason made another text key of the province itself, behind which nobody read why the
        move was ordered, and the need that was to go back with it held the move up for ever.
        """
        county, _, other, province = four.all
        number = county.register()
        escalate(county, number)
        four.run()
        four.wires[OTHER].is_cut = True
        backup = back_up(province, tmp_path / "before.db")
        four.order("move")
        for place in (four.city, county):
            settle(place)
        four.run()

        four.bring_back_province(backup)
        four.join()
        for _ in range(2):
            four.run(seconds=121)

        four.need_moved(number)
        assert [(COUNTY, "")] * 4 == [holder(place, number) for place in four.all]
        assert {"从备份恢复", REASON} == set(reasons(province, "EpochStarted", "ReparentingOrdered"))
        assert [[REASON]] * 2 == [reasons(place, "CustodyOverridden") for place in (province, other)]
