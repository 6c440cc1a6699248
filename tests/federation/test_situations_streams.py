"""FEDERATION 2.3, rows 1 to 5 and 14 to 17: what arrives twice, late, early, otherwise, unknown, broken, too large or too much."""

import random
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from federation import codec
from federation.admission import Admission, batches_max, retry_after_least_ms, retry_after_most_ms
from federation.link import Lane
from federation.outgoing import read_up
from federation.retry import USUAL, CallFailed, Failure, failed
from federation.v1 import link_pb2
from node.domain.entry import Draft
from node.domain.refusal import Code, Refusal
from node.domain.registry import UnitOpened
from node.domain.ticket.intake import Register
from node.services.rebuild import check
from node.storage import schema
from node.storage.codec import decode_content, encode_content, encode_event, entry_bytes_max
from tests.federation.levels import MemoryWire, Place, connect, enrol, make_place, settle
from tests.federation.situations import (
    CITY,
    COUNTY,
    PROVINCE,
    agree,
    alarms,
    back_up,
    grant_to,
    incidents,
    rejoin_by,
    restore,
    tickets,
    told,
)


def batches(place: Place, entries_max: int = 3) -> list[link_pb2.PushRequest]:
    """Everything that the level has for above, in small batches."""
    requests: list[link_pb2.PushRequest] = []
    after = 0
    assert place.session is not None
    with place.level.store.read() as view:
        while True:
            batch = read_up(view, after, entries_max)
            if not batch.entries:
                return requests
            requests.append(link_pb2.PushRequest(boot_id=place.session.boot_id, segments=codec.segments_to_pb(batch.segments)))
            after = batch.upto


def greeted(county: Place, city: Place) -> MemoryWire:
    """A session that has said hello, and sent nothing yet."""
    wire = connect(county, city)
    assert county.session is not None
    county.session.step(Lane.UP)
    return wire


class TestRow01DuplicateBatch:
    def test_it_is_ignored_and_the_position_said(self, county: Place, city: Place) -> None:
        county.register()
        wire = greeted(county, city)
        settle(county, city)
        before = city.rows(schema.entries), tickets(city)

        answers = [wire.push(one) for one in batches(county)]

        assert before == (city.rows(schema.entries), tickets(city))
        assert county.position(COUNTY) == (answers[-1].positions[0].size, answers[-1].positions[0].root)
        assert {} == told(city), "nobody is told"


class TestRow02Fork:
    def test_both_branches_are_kept_and_nothing_is_half_written(self, county: Place, city: Place) -> None:
        """The bytes that came later are evidence; the batch that brought them leaves no other trace."""
        county.register()
        wire = greeted(county, city)
        settle(county, city)
        mirrored = city.contents(COUNTY)
        county.register()
        request = batches(county, 500)[0]
        last = len(mirrored)
        other = decode_content(request.segments[0].entries[last - 1].content)
        forged = encode_content(replace(other.header, id="01985f2e-0000-7000-8000-00000000f00d"), b"", ())
        request.segments[0].entries[last - 1].content = forged

        with pytest.raises(CallFailed) as caught:
            wire.push(request)

        assert ("FAILED_PRECONDITION", Code.FORK) == (caught.value.failure.status, caught.value.failure.code)
        assert mirrored == city.contents(COUNTY)
        assert [forged] == [row.content for row in city.rows(schema.incidents)]
        assert {"forked_below": "red"} == alarms(city)
        assert check(city.level.store).agrees
        settle(county, city, seconds=51)
        assert mirrored == city.contents(COUNTY), "and nothing more is taken"


class TestRow03Gap:
    def test_nothing_beyond_it_is_applied_and_the_sender_goes_on_from_the_position(self, county: Place, city: Place) -> None:
        county.register()
        wire = greeted(county, city)
        first, second, *_ = batches(county)

        wire.push(first)
        position = wire.push(batches(county)[-1]).positions[0]

        assert first.segments[0].entries[-1] != second.segments[0].entries[-1]
        assert 3 == position.size == city.position(COUNTY)[0]
        assert "lag_below" in told(city), "a number, and no alarm"
        assert {} == alarms(city)
        settle(county, city, seconds=51)
        agree(county, city)
        settle(county, city, seconds=51)
        assert "lag_below" not in told(city)


class TestRow04Reordered:
    @settings(max_examples=12, deadline=None)
    @given(st.data())
    def test_any_order_with_any_repeats_ends_in_the_same(self, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
        directory = tmp_path_factory.mktemp("levels")
        county, city = make_place(directory, COUNTY), make_place(directory, CITY, "anshun-2025")
        enrol(county, city)
        county.register()
        wire = greeted(county, city)
        sent = batches(county, 4)
        for request in data.draw(st.lists(st.sampled_from(sent), max_size=12)):
            wire.push(request)
            size, root = city.position(COUNTY)
            with county.level.store.read() as view:
                from federation.outgoing import Roots

                assert root == Roots().at(view, COUNTY, 1, size), "always a beginning of the county's own"

        settle(county, city, seconds=51)

        agree(county, city)
        assert [] == incidents(city)

    def test_an_old_answer_only_takes_the_cursor_back(self, county: Place, city: Place) -> None:
        county.register()
        wire = greeted(county, city)
        first = wire.push(batches(county)[0])
        settle(county, city)
        assert county.session is not None
        county.session.machine.cursor = first.positions[0].size

        settle(county, city)

        agree(county, city)
        assert [] == incidents(city)


class TestRow05StaleEpoch:
    def test_it_is_refused_with_a_reply_and_counted(self, county: Place, city: Place, tmp_path: Path) -> None:
        """A node restored from before its new epoch follows by itself: it has nothing of its own behind."""
        connect(county, city)
        settle(county, city)
        before = back_up(county, tmp_path / "before.db")
        grant_to(city, county)
        rejoin_by(county, connect(county, city))
        county.register()
        settle(county, city)
        whole = county.contents(COUNTY)

        restore(county, before)
        wire = connect(county, city)
        stale = batches(county, 500)[0]
        settle(county, city)

        assert "Reconcile" in wire.calls
        assert ("running", whole) == (county.status(), county.contents(COUNTY))
        assert 1 == city.link(COUNTY).stale
        settle(county, city, seconds=51)
        assert {"stale_below": "note", "epoch_below": "note"} == told(city)
        stale.boot_id = county.session.boot_id  # type: ignore[union-attr]
        with pytest.raises(CallFailed) as caught:
            wire.push(stale)
        assert (Code.STALE_EPOCH, "2") == (caught.value.failure.code, caught.value.failure.refusal.facts["current"])  # type: ignore[union-attr]

    def test_with_something_of_its_own_it_waits_for_its_operators(self, county: Place, city: Place, tmp_path: Path) -> None:
        connect(county, city)
        settle(county, city)
        before = back_up(county, tmp_path / "before.db")
        grant_to(city, county)
        rejoin_by(county, connect(county, city))
        settle(county, city)
        restore(county, before)
        county.register()
        wire = connect(county, city)

        settle(county, city)

        assert ("stopped stale", {"stale": "red"}) == (county.status(), alarms(county))
        assert 3 == grant_to(city, county)
        assert 3 == rejoin_by(county, wire).epoch
        settle(county, city, seconds=51)
        agree(county, city)
        assert ({}, tickets(county)) == (alarms(county), tickets(city))


class TestRow14UnknownKind:
    def test_it_is_kept_forwarded_and_awaits_the_upgrade(self, county: Place, city: Place, tmp_path: Path) -> None:
        province = make_place(tmp_path, PROVINCE, "guizhou")
        enrol(city, province)

        class FromALaterRelease(UnitOpened):
            """An event of a program that is not here yet."""

        with county.level.store.write() as work:
            head = decode_content(county.contents(COUNTY)[0]).header
            event = UnitOpened(f"{COUNTY}-x", "department", "x")
            fresh = replace(head, id="01985f2e-0000-7000-8000-00000000f001", kind=FromALaterRelease.kind(), recorded_at=county.hands.now)
            work.append([Draft(fresh, event)])
        number = county.register()
        connect(city, province)
        connect(county, city)

        settle(county, city, province)

        agree(county, city, province)
        assert [{"awaiting_upgrade": "amber"}] * 3 == [alarms(place) for place in (county, city, province)]
        assert "registered" == tickets(province)[number], "what stands behind it flows on"


class TestRow15Poison:
    def test_it_holds_up_its_own_ticket_only(self, county: Place, city: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        """No retry: set aside after one failure that would come again, with its age; all else goes on."""
        poisoned, healthy = county.register(), county.register()
        connect(county, city)
        import node.storage.readings as readings
        from node.domain.ticket.row import first_row

        def stumble(one: object) -> object:
            if one.header.subject.id == poisoned and one.header.kind == Register.__name__ + "ed":  # type: ignore[attr-defined]
                raise ZeroDivisionError
            return first_row(one)  # type: ignore[arg-type]

        monkeypatch.setattr(readings, "first_row", stumble)
        monkeypatch.setattr(readings, "fold_ticket", lambda *_: (_ for _ in ()).throw(ZeroDivisionError()))
        settle(county, city)

        assert county.contents(COUNTY) == city.contents(COUNTY), "replicated and acknowledged all the same"
        assert "registered" == tickets(city)[healthy]
        assert poisoned not in tickets(city)
        assert {"quarantined": "amber"} == alarms(city)
        city.hands.later(hours=25)
        assert {"quarantined": "red"} == alarms(city)

        monkeypatch.undo()
        from node.services.rebuild import rebuild

        rebuild(city.level.store)
        assert (tickets(county), {}) == (tickets(city), alarms(city))


class TestRow16Oversized:
    def test_a_batch_that_does_not_pass_is_split(self, county: Place, city: Place) -> None:
        """gRPC's own limit says nothing but RESOURCE_EXHAUSTED: half as many entries, never the same again."""
        for _ in range(4):
            county.register()
        wire = connect(county, city)
        sizes: list[int] = []
        push = wire.push

        def narrow(request: link_pb2.PushRequest) -> link_pb2.PushResponse:
            sizes.append(sum(len(segment.entries) for segment in request.segments))
            if sizes[-1] > 5:
                raise failed(Failure("RESOURCE_EXHAUSTED"))
            return push(request)

        wire.push = narrow  # type: ignore[method-assign]
        settle(county, city)
        settle(county, city, seconds=2)

        assert max(sizes) > 5 >= sizes[-1]
        agree(county, city)
        assert {} == alarms(county), "nobody is told"

    def test_an_entry_that_no_link_carries_is_refused_where_it_is_made(self, county: Place) -> None:
        before = county.contents(COUNTY)
        head = decode_content(before[0]).header

        with pytest.raises(Refusal) as text:
            county.register(appeal="水" * 30_000)
        with pytest.raises(Refusal) as entry:
            encode_content(head, encode_event(UnitOpened("x", "department", "x" * (entry_bytes_max + 1)), lambda _words: 1), ())

        assert (Code.PAYLOAD_TOO_LARGE, Code.MALFORMED_ENTRY) == (text.value.code, entry.value.code)
        assert before == county.contents(COUNTY)


class TestRow17Overload:
    def test_who_comes_when_it_is_full_is_told_when_to_come_again(self) -> None:
        """8 in the writer's hands and 32 that wait; the 41st is answered at once, each at another moment."""
        admission = Admission(random.Random(5))
        leave, inside = threading.Event(), threading.Barrier(batches_max + 1)

        def take() -> None:
            with admission.entered():
                inside.wait()
                leave.wait()

        threads = [threading.Thread(target=take) for _ in range(batches_max)]
        for thread in threads:
            thread.start()
        inside.wait()
        waits = []
        for _ in range(50):
            with pytest.raises(Refusal) as caught, admission.entered():
                pass
            assert Code.BUSY is caught.value.code
            waits.append(int(caught.value.facts["retry_after_ms"]))
        leave.set()
        for thread in threads:
            thread.join()

        assert retry_after_least_ms <= min(waits) < max(waits) <= retry_after_most_ms
        assert len(set(waits)) > 40
        with admission.entered():
            pass

    def test_the_subordinate_waits_exactly_that_long_and_loses_nothing(self, county: Place, city: Place) -> None:
        county.register()
        wire = connect(county, city, pace=USUAL)
        push, calls = wire.push, []

        def busy(request: link_pb2.PushRequest) -> link_pb2.PushResponse:
            calls.append(county.steady())
            if len(calls) <= 3:  # the inner layer's tries
                raise failed(Failure("RESOURCE_EXHAUSTED", Refusal(Code.BUSY, retry_after_ms=3_000)))
            return push(request)

        wire.push = busy  # type: ignore[method-assign]
        settle(county, city)
        assert ("waiting", {"busy": "note", "lag": "note"}) == (county.status(), told(county))
        refused_at = calls[-1]
        settle(county, city, seconds=2.9)
        assert refused_at == calls[-1]
        settle(county, city, seconds=0.2)

        assert calls[-1] > refused_at
        agree(county, city)
        assert {} == told(county)
