"""`qyzj reconcile`: do two levels hold the same, entry by entry?  On demand and every night, over a real port."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, update

from federation import reconciling, serving
from federation.retry import USUAL, CallFailed
from federation.server import Server
from federation.v1 import link_pb2
from node.domain.refusal import Code
from node.domain.registry import SetNodeStatus
from node.services import reconcile
from node.services.reconcile import Span
from node.storage import schema
from node.storage.guard import Guard
from tests.federation.levels import WALL, Place, connect, enrol, make_place, settle, until
from tests.federation.reconciling import Call, places_of, serving_at, tamper
from tests.federation.situations import CITY, COUNTY, PROVINCE, alarms, incidents


class TestTwoLevels:
    def test_what_is_the_same_gets_a_certificate_at_both_ends(self, county: Place, city: Place, port: Server, qyzj: Call) -> None:
        county.register()
        connect(county, city)
        settle(county, city)
        entries = county.position(COUNTY)[0]

        code, said = qyzj(county, "reconcile")

        assert (0, [(CITY, 1, entries, 0, True)]) == (code, [_short(one) for one in said["reconciled"]])
        for place, peer in ((county, CITY), (city, COUNTY)):
            _, status = qyzj(place, "status")
            assert [(peer, 1, entries, 0, True)] == [_short(one) for one in status["reconciled"]]
            assert "核对一致：0 处不同" in qyzj.plain(place, "status")
        assert "0 differences" in qyzj.plain(county, "status", "--lang", "en")

    @pytest.mark.parametrize("where", ["county", "city"])
    def test_one_damaged_row_is_found_named_and_healed(self, county: Place, city: Place, port: Server, qyzj: Call, where: str) -> None:
        """The heads' roots agree on both sides all the while: only the bytes tell."""
        number = county.register()
        connect(county, city)
        settle(county, city)
        whole, place = county.contents(COUNTY), {"county": county, "city": city}[where]
        seq = county.position(COUNTY)[0]
        assert number == tamper(place, COUNTY, seq)
        assert county.position(COUNTY) == city.position(COUNTY)

        code, said = qyzj(county, "reconcile")

        (found,) = said["reconciled"]
        assert (1, 1, [(COUNTY, 1, seq, number)]) == (
            code,
            found["differences"],
            [(one["node"], one["epoch"], one["seq"], one["subject"]) for one in found["differing"]],
        )
        assert ("red", "red") == (alarms(county)["differs"], alarms(city)["differs_below"])
        assert number in qyzj.plain(county, "reconcile")
        settle(county, city, seconds=51)
        settle(county, city, seconds=51)
        assert whole == county.contents(COUNTY) == city.contents(COUNTY)
        assert 0 == qyzj(county, "reconcile")[0]
        assert ({}, {}) == (alarms(county), alarms(city))

    def test_bytes_that_became_a_text_are_found_named_and_healed(self, county: Place, city: Place, port: Server, qyzj: Call) -> None:
        """One bit in a row's head, and SQLite reads a text where bytes were: everything that read a list with it failed."""
        number = county.register()
        connect(county, city)
        settle(county, city)
        whole, seq = county.contents(COUNTY), county.position(COUNTY)[0]
        with county.level.store.database.write() as connection:
            connection.exec_driver_sql(f"UPDATE entries SET content = CAST(content AS TEXT) WHERE node = '{COUNTY}' AND seq = {seq}")

        verified, reconciled = qyzj(county, "verify"), qyzj(county, "reconcile")

        place = {"kind": "leaf", "place": f"{COUNTY}/1/{seq}"}
        assert (1, True) == (verified[0], place in verified[1]["flaws"])
        assert (1, [(COUNTY, 1, seq, number)]) == (reconciled[0], places_of(reconciled[1]["reconciled"][0]))
        settle(county, city, seconds=51)
        settle(county, city, seconds=51)
        assert (0, 0) == (qyzj(county, "verify")[0], qyzj(county, "reconcile")[0])
        assert whole == county.contents(COUNTY)

    def test_a_row_that_was_changed_with_its_leaf_is_found_too(self, county: Place, city: Place, port: Server, qyzj: Call) -> None:
        """The stored hash says nothing against the change; the other end does, and so does the root."""
        number = county.register()
        connect(county, city)
        settle(county, city)
        seq = county.position(COUNTY)[0]
        tamper(county, COUNTY, seq, with_leaf=True)

        code, said = qyzj(county, "reconcile")

        assert (1, [number]) == (code, [one["subject"] for one in said["reconciled"][0]["differing"]])
        whole = city.contents(COUNTY)
        settle(county, city, seconds=51)
        assert whole == county.contents(COUNTY)[: len(whole)]
        assert 0 == qyzj(county, "reconcile")[0]

    @pytest.mark.parametrize("where", ["county", "city"])
    def test_a_row_that_was_removed_is_found_and_put_back(self, county: Place, city: Place, port: Server, qyzj: Call, where: str) -> None:
        """With what rode beside it: the appeal can be read as before."""
        number = county.register(appeal="水渠堵塞")
        connect(county, city)
        settle(county, city)
        whole, place = county.contents(COUNTY), {"county": county, "city": city}[where]
        table = schema.entries
        with place.level.store.database.write() as connection:
            its = (table.c.node == COUNTY, table.c.subject_id == number)
            seq = connection.execute(table.select().with_only_columns(table.c.seq).where(*its).order_by(table.c.seq)).scalars().first()
            connection.execute(delete(table).where(table.c.node == COUNTY, table.c.seq.in_([4, seq])))

        code, said = qyzj(county, "reconcile")

        assert (1, [4, seq]) == (code, [one["seq"] for one in said["reconciled"][0]["differing"]])
        assert "damaged" in alarms(place)
        settle(county, city, seconds=51)
        settle(county, city, seconds=51)
        assert whole == county.contents(COUNTY) == city.contents(COUNTY)
        assert 0 == qyzj(county, "reconcile")[0]
        assert ({}, [], []) == (alarms(place), *[[one for one in incidents(place) if one == "fork"] for place in (county, city)])
        with place.level.store.read() as view:
            ticket = view.readings.ticket(number)
            assert ticket is not None and "水渠堵塞" == view.payloads.open(ticket.subject, ticket.intake.appeal)  # type: ignore[arg-type]

    def test_what_is_still_on_its_way_is_no_difference(self, county: Place, city: Place, port: Server, qyzj: Call) -> None:
        connect(county, city)
        settle(county, city)
        before = county.position(COUNTY)[0]
        county.register()

        code, said = qyzj(county, "reconcile")

        waiting = county.position(COUNTY)[0] - before
        assert (0, before, waiting) == (code, said["reconciled"][0]["entries"], said["reconciled"][0]["waiting"])

    def test_the_subtree_is_compared_with_it(self, county: Place, city: Place, tmp_path: Path) -> None:
        province = make_place(tmp_path, PROVINCE, "guizhou")
        enrol(city, province)
        county.register()
        wire = connect(city, province)
        connect(county, city)
        settle(county, city, province)
        seq = county.position(COUNTY)[0]
        number = tamper(province, COUNTY, seq)

        found = reconciling.reconcile_with(city.level, PROVINCE, wire)

        assert (2, 1, [(COUNTY, seq, number)]) == (
            found.streams,
            found.differences,
            [(one.node, one.seq, one.subject) for one in found.differing],
        )

    def test_a_stream_that_only_one_end_holds_waits_whole(self, county: Place, city: Place, tmp_path: Path) -> None:
        """A city that nobody has told of its county yet, and a province that lost the county's stream, are no "0 and nothing waits"."""
        province = make_place(tmp_path, PROVINCE, "guizhou")
        enrol(city, province)
        wire = connect(city, province)
        connect(county, city)
        settle(county, city, province)
        size = county.position(COUNTY)[0]
        with province.hands.node.store.database.write() as connection:
            connection.execute(delete(schema.streams).where(schema.streams.c.node == COUNTY))

        found = reconciling.reconcile_with(city.level, PROVINCE, wire)

        assert (1, 0, size) == (found.streams, found.differences, found.waiting)

    def test_nobody_asks_about_a_stream_of_others(self, county: Place, city: Place) -> None:
        wire = connect(county, city)
        settle(county, city)
        foreign = link_pb2.ReconcileRequest(ranges=[link_pb2.Range(node=CITY, epoch=1, from_seq=1, to_seq=3)])
        large = link_pb2.ReconcileRequest(ranges=[link_pb2.Range(node=COUNTY, epoch=1, from_seq=1, to_seq=100_000)])

        for request, code in ((foreign, Code.FOREIGN_STREAM), (large, Code.BATCH_TOO_LARGE)):
            with pytest.raises(CallFailed) as caught:
                wire.reconcile(request)
            assert code is caught.value.failure.code


class TestNightly:
    @pytest.mark.parametrize(
        ("beijing", "last", "is_due"),
        [
            ("01:59", None, False),
            ("04:31", None, True),
            ("04:31", timedelta(hours=23), True),
            ("04:31", timedelta(seconds=1), False),
            ("23:59", timedelta(hours=19), False),
            ("23:59", timedelta(hours=23), True),
        ],
    )
    def test_it_is_due_once_from_this_nodes_minute_on(
        self, county: Place, city: Place, beijing: str, last: timedelta | None, is_due: bool
    ) -> None:
        hour, minute = map(int, beijing.split(":"))
        now = datetime(2026, 3, 2, hour, minute, tzinfo=UTC) - timedelta(hours=8)
        if last is not None:
            with county.level.store.write() as work:
                reconcile.keep(work, reconcile.Reconciled(CITY, WALL - last, 1, 1, 0, 0))

        with county.level.store.read() as view:
            assert is_due == reconciling.is_due(view, now, WALL)

    @pytest.mark.parametrize(("acked", "entries", "is_due"), [(0, 0, False), (3, 0, True), (3, 3, False)])
    def test_what_was_compared_before_anything_had_arrived_is_compared_again(
        self, county: Place, city: Place, acked: int, entries: int, is_due: bool
    ) -> None:
        """At any hour, as soon as the superior confirmed the first entries: a comparison of nothing is no certificate."""
        with county.level.store.write() as work:
            reconcile.keep(work, reconcile.Reconciled(CITY, WALL, 1, entries, 13, 0))
            work.connection.execute(update(schema.links).where(schema.links.c.peer == CITY).values(acked=acked))

        with county.level.store.read() as view:
            assert is_due == reconciling.is_due(view, datetime(2026, 3, 1, 15, tzinfo=UTC), WALL)

    def test_a_serving_node_does_it_by_itself_and_keeps_its_guard_file(self, county: Place, city: Place) -> None:
        """It is 9 in the morning: what the night missed is made up for at the start."""
        with city.level.store.database.write() as connection:
            assert connection.execute(schema.reconciliations.select()).first() is None
        above = serving_at(city)
        above.start()
        with county.level.store.database.write() as connection:
            connection.execute(update(schema.links).where(schema.links.c.peer == CITY).values(address=f"127.0.0.1:{above.port}"))
        below = serving_at(county)
        below.start()
        try:
            county.register()
            until(lambda: {row.peer for row in city.rows(schema.reconciliations)} == {CITY, COUNTY})
            until(lambda: county.position(COUNTY) == city.position(COUNTY))
            until(lambda: not any(one.is_empty for place in (city, county) for one in _newest(place)))
            guard = Guard(county.hands.node.settings.guard)
            until(lambda: (said := guard.read()) is not None and (said.size, said.root) == county.position(COUNTY))
            until(lambda: Guard(city.hands.node.settings.guard).read() is not None)
        finally:
            below.stop()
            above.stop()
        assert [0, 0] == [one.differences for one in _newest(city)]
        assert not guard.file.is_relative_to(county.hands.node.data_dir), "no backup holds it"

    def test_an_operator_s_comparison_lets_a_waiting_link_greet_at_once(
        self, county: Place, city: Place, qyzj: Call, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """FEDERATION 2.4: the superior resumed this node; whoever hears from it does not wait ten minutes for the next probe."""
        monkeypatch.setattr(serving, "REHEARSAL", USUAL)
        above = serving_at(city)
        above.start()
        with county.level.store.database.write() as connection:
            connection.execute(update(schema.links).where(schema.links.c.peer == CITY).values(address=f"127.0.0.1:{above.port}"))
        below = serving_at(county)
        below.start()
        try:
            until(lambda: county.position(COUNTY) == city.position(COUNTY))
            city.hands.act("operator", SetNodeStatus(COUNTY, "suspended"))
            county.register()
            until(lambda: county.link(CITY).status == "suspended" and below._compared_at is not None)
            city.hands.act("operator", SetNodeStatus(COUNTY, "active"))

            assert 0 == qyzj(county, "reconcile")[0]

            until(lambda: county.link(CITY).status == "active")
            until(lambda: county.position(COUNTY) == city.position(COUNTY))
        finally:
            below.stop()
            above.stop()

    def test_at_the_top_a_node_looks_at_itself(self, county: Place, city: Place) -> None:
        connect(county, city)
        settle(county, city)
        tamper(city, COUNTY, 3)

        with city.level.store.write() as work:
            reconciling.look(work, city.hands.now, WALL)

        with city.level.store.read() as view:
            assert [(COUNTY, 3)] == [(one.node, one.seq) for one in reconcile.latest(view)[CITY].differing]
        assert "red" == alarms(city)["damaged"]


@pytest.mark.parametrize(("entries", "most"), [(1, 64), (2, 64), (63, 64), (64, 64), (65, 64), (1_000_003, 64), (10, 1)])
def test_the_parts_of_a_range_are_the_range(entries: int, most: int) -> None:
    span = Span(COUNTY, 1, 5, 4 + entries)

    parts = span.parts(most)

    assert min(entries, most) == len(parts)
    assert (5, 4 + entries) == (parts[0].from_seq, parts[-1].to_seq)
    assert all(one.to_seq + 1 == other.from_seq for one, other in pairwise(parts))
    assert max(one.entries for one in parts) - min(one.entries for one in parts) <= 1


def _newest(place: Place) -> list[reconcile.Reconciled]:
    with place.level.store.read() as view:
        return list(reconcile.latest(view).values())


def _short(one: dict[str, Any]) -> tuple[object, ...]:
    return one["peer"], one["streams"], one["entries"], one["differences"], one["agrees"]
