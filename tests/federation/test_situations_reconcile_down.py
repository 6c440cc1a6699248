"""`qyzj reconcile` of what came down: the order, the answer, the calendar stand at both ends byte for byte."""

import pytest

from federation import reconciling
from federation.numbering import number_down_anew
from federation.retry import CallFailed
from federation.server import Server
from federation.v1 import link_pb2
from node.domain.refusal import Code
from node.services import reconcile
from node.services.reconcile import Span
from tests.federation.levels import MemoryWire, Place, connect, settle
from tests.federation.reconciling import Call, damage, demand, from_above, place_of, places_of
from tests.federation.situations import CITY, COUNTY, PROVINCE, alarms, incidents


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
