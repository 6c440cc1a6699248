"""FEDERATION 2.3, rows 1 to 5 and 14 to 17: what arrives twice, late, early, otherwise, unknown, broken, too large or too much."""

import random
import threading
import uuid
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pysqlite3.dbapi2 as sqlite
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError

from federation import codec
from federation.admission import Admission, batches_max, retry_after_least_ms, retry_after_most_ms
from federation.link import Lane
from federation.outgoing import read_up
from federation.retry import USUAL, CallFailed, Failure, failed
from federation.v1 import link_pb2
from node.domain.entry import Draft, Folded
from node.domain.payload import Text
from node.domain.refusal import Code, Refusal
from node.domain.registry import LaneHandled, UnitOpened
from node.domain.ticket.fold import fold_ticket
from node.domain.ticket.intake import Register
from node.domain.ticket.row import TicketRow, first_row, fold_row
from node.domain.ticket.ticket import Ticket
from node.services.lanes import handle_lane
from node.services.rebuild import check, rebuild
from node.storage import folds, readings, schema
from node.storage.codec import decode_content, encode_content, encode_event, entry_bytes_max
from node.texts.catalogue import LANGS, text
from tests.federation.levels import MemoryWire, Place, connect, enrol, make_place, settle
from tests.federation.situations import (
    CITY,
    COUNTY,
    OPERATOR,
    PROVINCE,
    agree,
    alarms,
    back_up,
    escalate,
    found,
    grant_to,
    incidents,
    refused,
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
        wire.push(stale)
        assert ("running", whole) == (county.status(), county.contents(COUNTY)), "what is held already is a repeat"
        header = decode_content(stale.segments[0].entries[-1].content).header
        stale.segments[0].entries.add(content=encode_content(replace(header, id="01985f2e-0000-7000-8000-00000000f00d"), b"", ()))
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

        assert ("stopped stale", {"stale": "red", "held_forked": "red"}) == (county.status(), alarms(county))
        assert Code.NODE_HELD is refused(county.register).code, "it would be one more entry that the later epoch leaves out"
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
        rebuild(city.level.store)
        assert (tickets(county), {}) == (tickets(city), alarms(city))

    @pytest.mark.usefixtures("city")
    def test_a_command_about_it_is_refused_with_a_remedy(self, county: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        """Not an internal error: who works on the ticket hears what is the case, and whom to call."""
        number = _poisoned(county, monkeypatch)

        refusal = refused(lambda: escalate(county, number))

        assert Code.LANE_SET_ASIDE is refusal.code
        assert all(number in text("refusal.LANE_SET_ASIDE.sentence", lang, **refusal.facts) for lang in LANGS)
        county.register()

    @pytest.mark.usefixtures("city")
    def test_the_operator_tries_again(self, county: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        """While it still does not fold nothing is written; after the repair it goes on, and the act stands in the journal."""
        number = _poisoned(county, monkeypatch)
        before = county.contents(COUNTY)
        assert Code.LANE_STILL_STOPS is refused(lambda: _handle(county, number, "retried")).code
        assert before == county.contents(COUNTY)
        monkeypatch.undo()

        _handle(county, number, "retried")

        assert ({}, "escalated") == (alarms(county), tickets(county)[number])
        assert check(county.level.store).agrees
        assert Code.LANE_RUNS is refused(lambda: _handle(county, number, "retried")).code

    def test_the_operator_passes_by_the_entry_in_the_way(self, county: Place, city: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        """With who and why in the journal; of the entry only its header counts, and what waits behind it goes on.  A rebuild agrees."""
        connect(county, city)
        number = county.register()
        settle(county, city)
        escalate(county, number)
        _stumble(monkeypatch, number)
        settle(county, city)
        assert {"quarantined": "amber"} == alarms(city)
        assert Code.FIELD_REQUIRED is refused(lambda: _handle(city, number, "skipped")).code

        _handle(city, number, "skipped", Text("该条内容已由电话核实"))

        assert ({}, "note", "escalated") == (alarms(city), told(city)["skipped"], tickets(city)[number])
        assert check(city.level.store).agrees
        kept = [content.event for data in city.contents(CITY) for content in (decode_content(data),)]
        assert [(number, COUNTY, "skipped")] == [(one.ticket, one.node, one.act) for one in kept if isinstance(one, LaneHandled)]

    def test_the_operator_asks_the_superior(self, county: Place, city: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is on the superior's status until the lane runs again."""
        connect(county, city)
        settle(county, city)
        number = _poisoned(county, monkeypatch)
        settle(county, city)
        _handle(county, number, "reported", Text("请协助"))
        settle(county, city)
        assert "amber" == alarms(city)["reported_below"]
        assert "note" == told(county)["reported_above"]
        assert "reported_above" not in told(city) and "reported_below" not in told(county)
        monkeypatch.undo()

        _handle(county, number, "retried")
        settle(county, city)

        assert "reported_below" not in told(city) and "reported_above" not in told(county)

    def test_what_an_upgrade_has_healed_is_told_above_by_a_retry(self, county: Place, city: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        """Nothing is in the way any more, and the superior would be asked for ever."""
        connect(county, city)
        settle(county, city)
        number = _poisoned(county, monkeypatch)
        _handle(county, number, "reported", Text("请协助"))
        _handle(county, number, "reported", Text("再次请协助"))
        settle(county, city)
        monkeypatch.undo()
        for level in (county, city):
            rebuild(level.level.store)
        settle(county, city)
        assert ({"reported_below": "amber"}, {}, "note") == (alarms(city), alarms(county), told(county)["reported_above"])
        assert [1] == [one.facts["count"] for one in found(city) if one.code == "reported_below"], "asked twice about one"
        assert Code.LANE_RUNS is refused(lambda: _handle(county, number, "reported")).code

        _handle(county, number, "retried")
        settle(county, city)

        assert "reported_below" not in told(city) and "reported_above" not in told(county)
        assert check(county.level.store).agrees and check(city.level.store).agrees

    @pytest.mark.parametrize(
        ("said", "failures", "is_set_aside"),
        [("database is locked", 2, False), ("database is locked", 3, True), ("database or disk is full", 3, False)],
    )
    def test_what_may_pass_is_tried_three_times(
        self, county: Place, city: Place, monkeypatch: pytest.MonkeyPatch, said: str, failures: int, is_set_aside: bool
    ) -> None:
        """
        The batch is taken again whole; only a ticket that fails time and again stands aside, and the others go on.  A full disk says
        nothing about the ticket that met it.
        """
        connect(county, city)
        settle(county, city)
        number, healthy = county.register(), county.register()
        left = [failures]

        def stumble(one: Folded) -> TicketRow:
            if one.header.subject.id == number and left[0]:
                left[0] -= 1
                raise OperationalError("SELECT", {}, sqlite.OperationalError(said))
            return first_row(one)

        monkeypatch.setattr(readings, "first_row", stumble)
        while left[0]:
            settle(county, city, seconds=400)
        settle(county, city, seconds=400)

        assert healthy in tickets(city)
        assert is_set_aside == (number not in tickets(city)) == ("quarantined" in alarms(city))
        agree(county, city)


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


def _stumble(patch: pytest.MonkeyPatch, number: str) -> None:
    """Let the escalation of the ticket not be read; its header can."""

    def broken(one: Folded) -> bool:
        return one.header.subject.id == number and one.header.kind == "EscalationRequested" and one.event is not None

    def row(before: TicketRow | None, one: Folded) -> TicketRow | None:
        if broken(one):
            raise ZeroDivisionError
        return fold_row(before, one)

    def whole(entries: Iterable[Folded], rank: Callable[[str], int]) -> Ticket | None:
        kept = list(entries)
        if any(broken(one) for one in kept):
            raise ZeroDivisionError
        return fold_ticket(kept, rank)

    patch.setattr(readings, "fold_row", row)
    for module in (readings, folds):
        patch.setattr(module, "fold_ticket", whole)


def _poisoned(place: Place, patch: pytest.MonkeyPatch) -> str:
    """A ticket of the place's own that it cannot read on."""
    number = place.register()
    escalate(place, number)
    _stumble(patch, number)
    rebuild(place.level.store)
    return number


def _handle(place: Place, number: str, act: str, reason: Text | None = None) -> None:
    handler = place.hands.node.handler
    order_id = str(uuid.uuid4())
    place.level.writer.command(lambda work: handle_lane(handler, work, order_id, OPERATOR, number, act, reason))
