"""`qyzj reconcile`: do two levels hold the same, entry by entry?  And the verbs by which operators mend a link, over a real port."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from federation import reconciling, serving
from federation.numbering import number_down_anew
from federation.retry import USUAL, CallFailed
from federation.server import Server
from federation.serving import Clocks, Serving
from federation.v1 import link_pb2
from node import app
from node.cli.console import Parts
from node.cli.main import execute
from node.domain.order.issuing import IssueOrder
from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.registry import SetNodeStatus
from node.services import reconcile, reconcile_wishes
from node.services.reconcile import Span
from node.storage import schema
from node.storage.guard import Guard
from node.storage.writer import Writer
from tests.federation.levels import WALL, MemoryWire, Place, connect, enrol, make_place, serve, settle, until
from tests.federation.situations import CITY, COUNTY, PROVINCE, agree, alarms, back_up, held, incidents, restore, told

PARTS = Parts(app.build, app.create, app.set_rehearsal_clock, app.serve)


@pytest.fixture
def port(county: Place, city: Place) -> Iterator[Server]:
    """The city's port, where the county dials."""
    server = serve(city)
    with county.level.store.database.write() as connection:
        connection.execute(update(schema.links).where(schema.links.c.peer == CITY).values(address=f"127.0.0.1:{server.port}"))
    yield server
    server.stop()


class Call:
    """``qyzj`` at a level."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self._capture = capture

    def __call__(self, place: Place, *arguments: str) -> tuple[int, Any]:
        self._capture.readouterr()
        code = execute(["--data", str(place.hands.node.data_dir), *arguments, "--json"], PARTS)
        out, err = self._capture.readouterr()
        return code, json.loads(out or err)

    def plain(self, place: Place, *arguments: str) -> str:
        self._capture.readouterr()
        execute(["--data", str(place.hands.node.data_dir), *arguments], PARTS)
        return self._capture.readouterr().out


@pytest.fixture
def qyzj(capsys: pytest.CaptureFixture[str]) -> Call:
    return Call(capsys)


def tamper(place: Place, node: str, seq: int, *, with_leaf: bool = False) -> str:
    """Change a row as somebody with access to the database would; gives what the entry is about."""
    table = schema.entries
    its = (table.c.node == node, table.c.seq == seq)
    with place.level.store.database.write() as connection:
        row = connection.execute(table.select().where(*its)).one()
        content = bytes(row.content)[:-1] + bytes([row.content[-1] ^ 1])
        changed: dict[str, bytes] = {"content": content}
        if with_leaf:
            from node.domain.merkle import leaf_hash

            changed["leaf"] = leaf_hash(content)
        connection.execute(update(table).where(*its).values(**changed))
    return str(row.subject_id)


def damage(place: Place, node: str, seq: int, how: str) -> None:
    """Change an entry's bytes, these and their leaf, or remove its row."""
    if how == "row":
        table = schema.entries
        with place.level.store.database.write() as connection:
            connection.execute(delete(table).where(table.c.node == node, table.c.seq == seq))
    else:
        tamper(place, node, seq, with_leaf=how == "leaf")


def demand(issuer: Place, county: Place, *between: Place, settled: bool = True) -> str:
    """A supervision order about a need of the county, come down if *settled*; gives its id."""
    if county.session is None:
        connect(county, issuer)
    ticket = county.register()
    settle(county, *between, issuer)
    order = issuer.hands.act("office", IssueOrder("supervise", "overdue", "written", (ticket,), demand=Text("请限期办结"))).subject.id
    if settled:
        settle(county, *between, issuer)
    return order


def from_above(place: Place) -> list[bytes]:
    """The bytes of what came down to a level."""
    table = schema.entries
    with place.level.store.read() as view:
        rows = view.connection.execute(select(table.c.content).where(table.c.from_above).order_by(table.c.node, table.c.epoch, table.c.seq))
        return [bytes(content) for content in rows.scalars()]


def place_of(place: Place, subject: str, node: str = CITY) -> int:
    """Where the first entry of *node* about *subject* stands."""
    return min(row.seq for row in place.rows(schema.entries) if (row.node, row.subject_id) == (node, subject))


def places_of(found: dict[str, Any]) -> list[tuple[str, int, int, str]]:
    return [(one["node"], one["epoch"], one["seq"], one["subject"]) for one in found["differing"]]


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


class TestWhatCameDown:
    """What the superior sent and this node acknowledged: the order, the answer, the calendar stand at both ends byte for byte."""

    def test_it_is_compared_with_the_rest(self, county: Place, city: Place, port: Server, qyzj: Call) -> None:
        demand(city, county)
        came = len(from_above(county))

        code, said = qyzj(county, "reconcile")

        assert (0, came, 0, 0) == (code, *[said["reconciled"][0][key] for key in ("down", "differences", "waiting")])
        assert came == county.link(CITY).down_size
        _, above = qyzj(city, "status")
        assert [came] == [one["down"] for one in above["reconciled"]]
        assert f"上级下发的 {came} 条" in qyzj.plain(county, "status")
        assert f"{came} that came down" in qyzj.plain(city, "status", "--lang", "en")

    @pytest.mark.parametrize("how", ["content", "leaf", "row"])
    def test_a_damaged_copy_is_found_named_and_healed(self, county: Place, city: Place, port: Server, qyzj: Call, how: str) -> None:
        """A row that was changed, changed with its leaf, or removed: what was acknowledged says which end is wrong."""
        order = demand(city, county)
        whole, seq = from_above(county), place_of(county, order)
        damage(county, CITY, seq, how)

        code, said = qyzj(county, "reconcile")

        (found,) = said["reconciled"]
        assert (1, 1, [(CITY, 1, seq, order)]) == (code, found["differences"], places_of(found))
        assert ({"differs", "damaged"}, {"differs_below"}) == (set(alarms(county)), set(alarms(city)))
        settle(county, city, seconds=51)
        assert whole == from_above(county)
        assert (0, []) == (qyzj(county, "reconcile")[0], places_of(qyzj(county, "reconcile")[1]["reconciled"][0]))
        assert ({}, {}, {}) == (alarms(county), alarms(city), {kind: kind for kind in incidents(county) if kind != "healed"})

    def test_several_at_once_are_healed_too(self, county: Place, city: Place, port: Server, qyzj: Call) -> None:
        orders = [demand(city, county) for _ in range(3)]
        whole = from_above(county)
        for order, how in zip(orders, ("content", "leaf", "row"), strict=True):
            damage(county, CITY, place_of(county, order), how)

        assert set(orders) == {subject for *_, subject in places_of(qyzj(county, "reconcile")[1]["reconciled"][0])}

        settle(county, city, seconds=51)
        assert (whole, 0) == (from_above(county), qyzj(county, "reconcile")[0])

    @pytest.mark.parametrize("how", ["content", "leaf"])
    def test_what_is_damaged_at_the_superior_is_named_and_is_its_own_to_mend(
        self, county: Place, city: Place, port: Server, qyzj: Call, how: str
    ) -> None:
        order = demand(city, county)
        whole, seq = from_above(county), place_of(county, order)
        damage(city, CITY, seq, how)

        code, said = qyzj(county, "reconcile")

        assert (1, [(CITY, 1, seq, order)]) == (code, places_of(said["reconciled"][0]))
        assert ({"differs"}, {"differs_below", "damaged"}) == (set(alarms(county)), set(alarms(city)))
        settle(county, city, seconds=51)
        assert whole == from_above(county)

    def test_an_entry_that_is_gone_at_the_superior_counts(self, county: Place, city: Place, port: Server, qyzj: Call) -> None:
        """With its row went its place: its number in the down stream is all that is known of it."""
        order = demand(city, county)
        damage(city, CITY, place_of(county, order), "row")

        code, said = qyzj(county, "reconcile")

        assert (1, 1, [(CITY, 0, 1, "")]) == (code, said["reconciled"][0]["differences"], places_of(said["reconciled"][0]))
        assert (1, {"differs_below"}) == (qyzj(city, "status")[1]["reconciled"][0]["differences"], set(alarms(city)))

    def test_a_city_gets_its_own_damaged_entry_from_the_province(self, county: Place, city: Place, province: Place) -> None:
        order = demand(city, county)
        wire, up = connect(county, city), connect(city, province)
        settle(county, city, province)
        whole = city.contents(CITY)
        damage(city, CITY, place_of(county, order), "content")

        assert 1 == reconciling.reconcile_with(county.level, CITY, wire).differences

        settle(county, city, province, seconds=51)
        assert whole == city.contents(CITY)
        assert [0, 0] == [
            reconciling.reconcile_with(county.level, CITY, wire).differences,
            reconciling.reconcile_with(city.level, PROVINCE, up).differences,
        ]

    def test_what_a_level_between_passed_on_is_healed_from_above_it(self, county: Place, city: Place, province: Place) -> None:
        """The province's entry, damaged at the city: the county names it, and the province gives it to the city."""
        wire, up = connect(county, city), connect(city, province)
        order = demand(province, county, city)
        whole, seq = from_above(city), place_of(city, order, PROVINCE)
        damage(city, PROVINCE, seq, "content")

        found = reconciling.reconcile_with(county.level, CITY, wire)

        assert [(PROVINCE, seq, order)] == [(one.node, one.seq, one.subject) for one in found.differing]
        settle(county, city, province, seconds=51)
        assert whole == from_above(city)
        assert 0 == reconciling.reconcile_with(county.level, CITY, wire).differences
        assert 0 == reconciling.reconcile_with(city.level, PROVINCE, up).differences

    def test_what_both_ends_lost_holds_up_nothing(self, county: Place, city: Place, port: Server, qyzj: Call) -> None:
        """The link says so and goes on; a damaged entry is never given."""
        order = demand(city, county)
        seq = place_of(county, order)
        for place in (county, city):
            damage(place, CITY, seq, "content")
        with county.level.store.write() as work:
            reconcile.note_damage(work, county.hands.now, [Span(CITY, 1, seq, seq)])
        county.register()

        settle(county, city, seconds=51)

        assert ("running unrepaired", county.position(COUNTY)) == (county.status(), city.position(COUNTY))

    def test_what_is_still_to_come_down_waits(self, county: Place, city: Place, port: Server, qyzj: Call) -> None:
        demand(city, county)
        before = county.link(CITY).down_size
        demand(city, county, settled=False)

        code, said = qyzj(county, "reconcile")

        waiting = city.link(COUNTY).down_size - before
        assert (0, before, waiting, True) == (code, *[said["reconciled"][0][key] for key in ("down", "waiting")], waiting > 0)

    def test_a_numbering_that_was_begun_anew_waits_until_it_came_once_more(
        self, county: Place, city: Place, port: Server, qyzj: Call
    ) -> None:
        demand(city, county)
        with city.level.store.write() as work:
            number_down_anew(work)

        code, said = qyzj(county, "reconcile")

        assert (0, 0, city.link(COUNTY).down_size) == (code, *[said["reconciled"][0][key] for key in ("down", "waiting")])
        settle(county, city, seconds=51)
        assert (city.link(COUNTY).down_size, 0) == tuple(qyzj(county, "reconcile")[1]["reconciled"][0][key] for key in ("down", "waiting"))

    def test_a_superior_that_does_not_say_what_it_sent_is_compared_as_before(self, county: Place, city: Place) -> None:
        class Older(MemoryWire):
            def reconcile(self, request: link_pb2.ReconcileRequest) -> link_pb2.ReconcileResponse:
                assert not request.HasField("down")
                answer = super().reconcile(request)
                answer.ClearField("down")
                return answer

        demand(city, county)

        found = reconciling.reconcile_with(county.level, CITY, Older(city, county.files))

        assert (None, 0) == (found.down, found.differences)

    def test_nobody_is_told_what_went_to_others(self, county: Place, city: Place) -> None:
        demand(city, county)
        wire = connect(county, city)
        size = city.link(COUNTY).down_size
        last = city.position(CITY)[0]
        asked = [
            (wire.reconcile, link_pb2.ReconcileRequest(down=link_pb2.DownRange(epoch=1, from_seq=1, to_seq=size + 1)), Code.DOWN_EPOCH),
            (wire.reconcile, link_pb2.ReconcileRequest(down=link_pb2.DownRange(epoch=2, from_seq=1, to_seq=1)), Code.DOWN_EPOCH),
            (wire.reconcile, link_pb2.ReconcileRequest(down=link_pb2.DownRange(epoch=1, from_seq=1, to_seq=5_000)), Code.BATCH_TOO_LARGE),
            (wire.fetch, link_pb2.FetchRequest(node=CITY, epoch=1, from_seq=last + 1, max=1), Code.FOREIGN_STREAM),
        ]

        for call, request, code in asked:
            with pytest.raises(CallFailed) as caught:
                call(request)  # type: ignore[operator]
            assert code is caught.value.failure.code
        given = {entry.content for entry in wire.fetch(link_pb2.FetchRequest(node=CITY, epoch=1, from_seq=1, max=500)).entries}
        assert given == set(from_above(county)) < set(city.contents(CITY))

    @pytest.mark.parametrize("how", ["leaf", "row"])
    def test_what_a_level_between_lost_comes_back_to_its_place_and_goes_down_from_there(
        self, county: Place, city: Place, province: Place, how: str
    ) -> None:
        """The city's own comparison finds it; the number under which it went down to the county stands for it again."""
        wire, up = connect(county, city), connect(city, province)
        order = demand(province, county, city)
        whole, sizes = from_above(city), reconciling.reconcile_with(county.level, CITY, wire).down
        damage(city, PROVINCE, place_of(city, order, PROVINCE), how)

        assert 1 == reconciling.reconcile_with(county.level, CITY, wire).differences
        assert 1 == reconciling.reconcile_with(city.level, PROVINCE, up).differences

        settle(county, city, province, seconds=51)
        again = reconciling.reconcile_with(county.level, CITY, wire)
        assert (whole, 0, sizes) == (from_above(city), again.differences, again.down)


class TestAskedFromAbove:
    """A superior cannot dial: `qyzj reconcile` keeps the wish, says it at the next greeting, and the result comes as it does at night."""

    def test_the_wish_waits_for_the_next_greeting_and_ends_with_the_conclusion(
        self, county: Place, city: Place, port: Server, qyzj: Call
    ) -> None:
        connect(county, city)
        settle(county, city)

        code, said = qyzj(city, "reconcile")

        (asked,) = said["asked"]
        assert (0, COUNTY, True, None, False) == (code, asked["peer"], bool(asked["asked_at"]), asked["compared_at"], asked["is_too_old"])
        assert not county.session.is_asked  # type: ignore[union-attr]
        assert "被要求核对" in qyzj.plain(city, "reconcile") and "被要求核对" in qyzj.plain(city, "status")
        assert asked["asked_at"] == qyzj(city, "reconcile")[1]["asked"][0]["asked_at"], "asked once, however often it is typed"
        for _ in range(2):
            settle(county, city, seconds=51)
            assert county.session.is_asked, "until it was done"  # type: ignore[union-attr]
        assert 0 == qyzj(county, "reconcile")[0]
        settle(county, city, seconds=51)
        assert not county.session.is_asked  # type: ignore[union-attr]
        assert [None] == [link["asked_at"] for link in qyzj(city, "status")[1]["links"]]
        assert "被要求核对" not in qyzj.plain(city, "status")
        assert qyzj(city, "reconcile")[1]["asked"][0]["compared_at"]

    def test_a_serving_node_carries_it_out_and_the_superior_sees_what_differs(self, county: Place, city: Place, qyzj: Call) -> None:
        number = county.register()
        connect(county, city)
        settle(county, city)
        wire = connect(county, city)
        reconciling.reconcile_with(county.level, CITY, wire)  # this night's is done at both
        with city.level.store.write() as work:
            reconciling.look(work, city.hands.now, WALL)
        tamper(city, COUNTY, county.position(COUNTY)[0])
        assert [0, 0] == [one["differences"] for one in qyzj(city, "status")[1]["reconciled"]]
        above = _serving(city)
        above.start()
        with county.level.store.database.write() as connection:
            connection.execute(update(schema.links).where(schema.links.c.peer == CITY).values(address=f"127.0.0.1:{above.port}"))
        with city.level.store.write() as work:
            reconcile_wishes.ask(work, WALL)
        below = _serving(county)
        below.start()
        try:
            until(lambda: city.link(COUNTY).asked_at is None)
        finally:
            below.stop()
            above.stop()
        newest = max((row for row in city.rows(schema.reconciliations) if row.peer == COUNTY), key=lambda row: row.at)
        assert (1, [number]) == (newest.differences, [one["subject"] for one in json.loads(newest.content)["differing"]])

    def test_an_older_program_is_not_asked_and_said_to_be_so(self, county: Place, city: Place, port: Server, qyzj: Call) -> None:
        connect(county, city)
        settle(county, city)
        with city.level.store.database.write() as connection:
            connection.execute(update(schema.links).where(schema.links.c.peer == COUNTY).values(features="fetch renew reconcile"))

        code, said = qyzj(city, "reconcile")

        assert (0, [(COUNTY, None, True)]) == (code, [(one["peer"], one["asked_at"], one["is_too_old"]) for one in said["asked"]])
        assert "程序较旧" in qyzj.plain(city, "reconcile")
        settle(county, city, seconds=51)
        assert "被要求核对" in qyzj.plain(city, "reconcile"), "upgraded, it greets and can be asked"

    def test_who_may_not_call_is_not_asked(self, county: Place, city: Place, port: Server, qyzj: Call) -> None:
        connect(county, city)
        settle(county, city)
        with city.level.store.database.write() as connection:
            connection.execute(update(schema.nodes).where(schema.nodes.c.code == COUNTY).values(status="suspended"))

        assert [] == qyzj(city, "reconcile")[1]["asked"]
        assert None is city.link(COUNTY).asked_at

    def test_the_wish_survives_a_restart_of_the_superior(self, county: Place, city: Place, port: Server, qyzj: Call) -> None:
        with city.level.store.write() as work:
            reconcile_wishes.ask(work, WALL)
        connect(county, city)

        settle(county, city)

        assert county.session.is_asked  # type: ignore[union-attr]


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
        above = _serving(city)
        above.start()
        with county.level.store.database.write() as connection:
            connection.execute(update(schema.links).where(schema.links.c.peer == CITY).values(address=f"127.0.0.1:{above.port}"))
        below = _serving(county)
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
        above = _serving(city)
        above.start()
        with county.level.store.database.write() as connection:
            connection.execute(update(schema.links).where(schema.links.c.peer == CITY).values(address=f"127.0.0.1:{above.port}"))
        below = _serving(county)
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


class TestVerbs:
    def test_operators_at_both_ends_mend_a_fork(self, county: Place, city: Place, port: Server, qyzj: Call, tmp_path: Path) -> None:
        """The status of each end says what to type there."""
        connect(county, city)
        settle(county, city)
        backup = back_up(county, tmp_path / "backup.db")
        county.register(appeal="first past")
        settle(county, city)
        restore(county, backup)
        county.register(appeal="second past")
        connect(county, city)
        settle(county, city)

        _, below = qyzj(county, "status")
        _, above = qyzj(city, "status")
        (down,) = [one for one in above["situations"] if one["colour"] == "red"]
        assert ("forked", "forked_below", 2) == (below["held"], down["code"], down["row"])
        assert f"qyzj link grant {COUNTY}" in down["sentence"] and "qyzj link rejoin" in below["situations"][0]["sentence"]
        refusal = qyzj(county, "link", "rejoin", "--reason", "旧备份")
        assert (2, "NOTHING_GRANTED") == (refusal[0], refusal[1]["refusal"]["code"])

        assert (0, {"node": COUNTY, "epoch": 2}) == qyzj(city, "link", "grant", COUNTY, "--reason", "旧备份")
        code, done = qyzj(county, "link", "rejoin", "--reason", "旧备份")

        assert (0, 2, 1) == (code, done["epoch"], len(done["aside"]))
        settle(county, city, seconds=51)
        agree(county, city)
        assert ("", {"renumbered": "amber"}) == (held(county), alarms(county))

    def test_a_clone_is_released_and_a_top_begins_anew(self, county: Place, city: Place, qyzj: Call) -> None:
        with city.level.store.database.write() as connection:
            connection.execute(update(schema.links).values(status="cloned"))

        assert (0, {"node": COUNTY, "released": True}) == qyzj(city, "link", "release", COUNTY)
        assert (0, {"node": COUNTY, "released": False}) == qyzj(city, "link", "release", COUNTY)
        assert (0, {"epoch": 2}) == qyzj(city, "link", "begin", "--reason", "换机")
        code, said = qyzj(county, "link", "begin", "--reason", "换机")
        assert (2, "NOTHING_GRANTED") == (code, said["refusal"]["code"])
        assert "epoch" in told(city)

    def test_a_reason_is_needed(self, city: Place, qyzj: Call) -> None:
        code, said = qyzj(city, "link", "grant", COUNTY, "--reason", "")

        assert (2, "FIELD_REQUIRED") == (code, said["refusal"]["code"])

    def test_a_superior_that_is_away_is_said_to_be(self, county: Place, city: Place, qyzj: Call) -> None:
        code, said = qyzj(county, "reconcile")

        assert (2, "PEER_AWAY") == (code, said["refusal"]["code"])


def _newest(place: Place) -> list[reconcile.Reconciled]:
    with place.level.store.read() as view:
        return list(reconcile.latest(view).values())


def _serving(place: Place) -> Serving:
    node = place.hands.node
    clocks = Clocks(node.now, node.wall, time.monotonic, time.sleep)
    return Serving(node.settings, node.store, Writer(node.store), node.handler, node.policies, node.sweep, clocks, "0.1.0")


def _short(one: dict[str, Any]) -> tuple[object, ...]:
    return one["peer"], one["streams"], one["entries"], one["differences"], one["agrees"]
