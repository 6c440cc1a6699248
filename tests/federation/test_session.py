"""Whole levels over a wire that can be cut: what is written below arrives above, once, whatever happens in between."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from federation.link import Lane
from federation.retry import USUAL
from node.domain.entry import Draft
from node.domain.payload import Text
from node.domain.registry import SetNodeStatus, UnitOpened
from node.domain.ticket.escalation import RequestEscalation
from node.storage import schema
from node.storage.codec import decode_content
from tests.federation.levels import Place, connect, settle

COUNTY, CITY, PROVINCE = "520402", "520400", "520000"


def escalate(place: Place, number: str) -> None:
    place.hands.act("office", RequestEscalation(power_item="LAND-07", reason=Text("超出权限")), number)


def states(place: Place) -> dict[str, str]:
    return {row.id: row.state for row in place.rows(schema.tickets)}


class TestRelay:
    """A county's entries go through the city to the province, byte for byte."""

    def test_every_level_holds_the_same_bytes_and_roots(self, county: Place, city: Place, province: Place) -> None:
        connect(county, city)
        connect(city, province)
        numbers = [county.register() for _ in range(3)]
        city.register()

        settle(county, city, province)

        assert county.contents(COUNTY) == city.contents(COUNTY) == province.contents(COUNTY)
        assert county.position(COUNTY) == city.position(COUNTY) == province.position(COUNTY)
        assert city.contents(CITY) == province.contents(CITY)
        assert set(numbers) < set(states(province))
        assert (0, 0) == (county.link(CITY).waiting, city.link(COUNTY).waiting)

    def test_what_is_addressed_below_comes_down_and_is_never_sent_up_again(self, county: Place, city: Place, province: Place) -> None:
        """A ticket that goes up is answered on the way down; both down streams agree."""
        connect(county, city)
        connect(city, province)
        settle(county, city, province)
        number = county.register()
        escalate(county, number)

        settle(county, city, province)

        received = [data for data in county.contents(CITY) if decode_content(data).header.kind == "EscalationReceived"]
        assert 1 == len(received)
        assert received[0] in city.contents(CITY)
        below, above = county.link(CITY), city.link(COUNTY)
        assert (below.down_size, bytes(below.down_peaks)) == (above.down_size, bytes(above.down_peaks))
        assert above.down_size == above.down_acked > 0
        assert "escalated" == states(county)[number] == states(city)[number] == states(province)[number]
        # The city's entry reached the province from the city alone.
        assert city.position(CITY) == province.position(CITY)

    def test_an_unknown_kind_is_kept_forwarded_and_set_aside_at_every_level(
        self, county: Place, city: Place, province: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """FEDERATION 2.3 no. 14: written by a later release; replicated, acknowledged, relayed; waits for the upgrade."""
        connect(county, city)
        connect(city, province)
        monkeypatch.setattr(UnitOpened, "kind", classmethod(lambda _cls: "FromTheFuture"))
        _write(county, UnitOpened(f"{COUNTY}-future", "department", "未来局"))
        monkeypatch.undo()
        number = county.register()

        settle(county, city, province)

        assert county.contents(COUNTY) == province.contents(COUNTY)
        assert [["unknown_kind"]] * 3 == [[row.reason for row in place.rows(schema.quarantine)] for place in (county, city, province)]
        assert "registered" == states(province)[number]


class TestOutages:
    """The wire is cut, an answer is lost, a level is restored: nothing is lost and nothing is doubled."""

    def test_a_backlog_goes_up_once_the_superior_is_back(self, county: Place, city: Place) -> None:
        wire = connect(county, city)
        wire.is_cut = True
        for _ in range(3):
            county.register()
        settle(county, city)
        assert ("waiting", "UNAVAILABLE") == (county.status(), county.link(CITY).last_error)
        assert county.link(CITY).next_attempt_at is not None

        wire.is_cut = False
        settle(county, city, seconds=2)

        assert county.contents(COUNTY) == city.contents(COUNTY)
        assert (0, "", None) == (county.link(CITY).attempts, county.link(CITY).last_error, county.link(CITY).next_attempt_at)

    def test_the_next_attempt_is_kept_over_a_restart(self, county: Place, city: Place) -> None:
        wire = connect(county, city, pace=USUAL)
        wire.is_cut = True
        settle(county, city)

        wire = connect(county, city, pace=USUAL)
        assert county.session is not None
        assert not county.session.step(Lane.UP)
        county.steady.later(120)
        assert county.session.step(Lane.UP)
        assert ["Hello"] == wire.calls

    def test_a_lost_answer_is_asked_about_and_nothing_is_doubled(self, county: Place, city: Place) -> None:
        """E11, 2.4: DEADLINE_EXCEEDED means that the outcome is unknown."""
        wire = connect(county, city)
        settle(county, city)
        number = county.register()
        wire.lose_replies = 1
        wire.calls.clear()
        settle(county, city)
        settle(county, city, seconds=2)

        assert ["Push", "Hello"] == [call for call in wire.calls if call != "Pull"]
        assert county.contents(COUNTY) == city.contents(COUNTY)
        assert "registered" == states(city)[number]

    def test_a_restored_superior_is_given_again_what_it_lost(self, county: Place, city: Place, tmp_path: Path) -> None:
        """FEDERATION 2.3 no. 11: the position goes back and the cursor follows, also when nothing is left to send."""
        connect(county, city)
        settle(county, city)
        backup = tmp_path / "backup.db"
        _copy(city, backup)
        county.register()
        settle(county, city)
        whole = city.position(COUNTY)

        _restore(city, backup)
        connect(county, city)  # the wire leads to the restored one
        assert city.position(COUNTY) < whole
        settle(county, city, seconds=51)

        assert whole == city.position(COUNTY) == county.position(COUNTY)

    def test_a_superior_that_lost_what_went_down_numbers_it_anew(self, county: Place, city: Place, tmp_path: Path) -> None:
        """FEDERATION 2.3 no. 11: a new down epoch; no down_seq is ever used twice."""
        _lose_what_went_down(county, city, tmp_path)
        kept = county.contents(CITY)

        settle(county, seconds=51)

        below, above = county.link(CITY), city.link(COUNTY)
        assert (2, 0) == (below.down_epoch, below.down_size) == (above.down_epoch, above.down_size)
        assert kept == county.contents(CITY)
        assert county.contents(COUNTY) == city.contents(COUNTY)

    def test_a_superior_that_then_wrote_another_past_is_found_out(self, county: Place, city: Place, tmp_path: Path) -> None:
        """FEDERATION 2.3 no. 2, seen from below: nothing more is taken from it; what goes up goes on."""
        _lose_what_went_down(county, city, tmp_path)
        kept = county.contents(CITY)
        settle(county, city, seconds=51)  # its reaction answers the escalation once more, under the same number

        another = county.register()
        settle(county, city)

        assert kept == county.contents(CITY)
        assert ("running forked", ["fork"]) == (county.status(), [row.kind for row in county.rows(schema.incidents)])
        assert "registered" == states(city)[another]

    def test_a_restored_node_gets_its_own_history_back(self, county: Place, city: Place, tmp_path: Path) -> None:
        """FEDERATION 2.3 no. 6: the superior has it, byte for byte, with what rode beside; it goes on in the same epoch."""
        connect(county, city)
        settle(county, city)
        backup = tmp_path / "backup.db"
        _copy(county, backup)
        number = county.register(appeal="灌溉水渠堵塞")
        settle(county, city)
        whole = county.contents(COUNTY)

        _restore(county, backup)
        assert county.contents(COUNTY) != whole
        connect(county, city)
        settle(county, city)

        assert whole == county.contents(COUNTY)
        assert "running" == county.status()
        with county.level.store.read() as view:
            ticket = view.readings.ticket(number)
            assert ticket is not None
            assert "灌溉水渠堵塞" == view.payloads.open(ticket.subject, ticket.intake.appeal)  # type: ignore[arg-type]
        another = county.register()
        settle(county, city)
        assert "registered" == states(city)[another]

    def test_a_restored_node_that_wrote_on_is_a_fork(self, county: Place, city: Place, tmp_path: Path) -> None:
        """FEDERATION 2.3 no. 7: found at the next contact; both branches are kept, and nothing more is taken."""
        connect(county, city)
        settle(county, city)
        backup = tmp_path / "backup.db"
        _copy(county, backup)
        county.register(appeal="first past")
        settle(county, city)
        mirrored = city.contents(COUNTY)

        _restore(county, backup)
        county.register(appeal="second past")
        connect(county, city)
        settle(county, city)

        assert "stopped forked" == county.status()
        assert ["fork"] == [row.kind for row in city.rows(schema.incidents)]
        assert ("forked", "forked") == (city.link(COUNTY).status, county.link(CITY).status)
        assert mirrored == city.contents(COUNTY)


class TestIdentity:
    """Suspended, cloned, mixed up: refused on the next call, and people are told which it is."""

    def test_a_suspended_node_stops_and_goes_on_when_it_is_resumed(self, county: Place, city: Place) -> None:
        wire = connect(county, city)
        settle(county, city)
        city.hands.act("operator", SetNodeStatus(COUNTY, "suspended"))
        county.register()
        settle(county, city)
        assert "stopped suspended" == county.status()
        assert county.contents(COUNTY) != city.contents(COUNTY)
        wire.calls.clear()

        city.hands.act("operator", SetNodeStatus(COUNTY, "active"))
        settle(county, city, seconds=2)

        assert "Hello" == wire.calls[0]
        assert county.contents(COUNTY) == city.contents(COUNTY)

    def test_a_new_process_replaces_the_former_and_the_former_is_a_clone(self, county: Place, city: Place) -> None:
        """FEDERATION 2.3 no. 9, DESIGN 13: whoever is replaced and greets again does not go on, and neither does the other."""
        connect(county, city)
        settle(county, city)
        former = county.session
        connect(county, city)
        settle(county, city)
        county.register()
        assert former is not None

        former.step(Lane.UP)
        former.step(Lane.UP)

        assert "clone" == former.machine.status(county.steady()).reason
        assert ["clone"] == [row.kind for row in city.rows(schema.incidents)]
        assert not former.step(Lane.UP)
        settle(county, city)
        assert "stopped clone" == county.status()
        assert county.contents(COUNTY) != city.contents(COUNTY)

    def test_a_rehearsal_is_not_taken_for_the_real_thing(self, county: Place, city: Place) -> None:
        with city.level.store.database.write() as connection:
            connection.execute(update(schema.heads).values(is_rehearsal=False))
        connect(county, city)

        settle(county, city)

        assert ("stopped version", "REHEARSAL_MISMATCH") == (county.status(), county.link(CITY).last_error)
        assert [] == city.contents(COUNTY)

    def test_a_superior_that_forgot_the_session_is_greeted_again(self, county: Place, city: Place) -> None:
        connect(county, city)
        settle(county, city)
        with city.level.store.database.write() as connection:
            connection.execute(update(schema.links).values(boot_id=b""))
        county.register()

        settle(county, city)

        assert county.contents(COUNTY) == city.contents(COUNTY)

    def test_a_registry_that_lost_the_node_refuses_it(self, county: Place, city: Place) -> None:
        connect(county, city)
        with city.level.store.database.write() as connection:
            connection.execute(delete(schema.nodes).where(schema.nodes.c.code == COUNTY))

        settle(county, city)

        assert ("stopped unregistered", []) == (county.status(), city.contents(COUNTY))


def _lose_what_went_down(county: Place, city: Place, tmp_path: Path) -> None:
    """The city answers an escalation, and is then restored from before it."""
    connect(county, city)
    number = county.register()
    settle(county, city)
    _copy(city, tmp_path / "backup.db")
    escalate(county, number)
    settle(county, city)
    assert county.link(CITY).down_size == 1
    _restore(city, tmp_path / "backup.db")
    connect(county, city)


def _write(place: Place, event: UnitOpened) -> None:
    """Append an event as a later release would: the kind is not known here."""
    with place.level.store.write() as work:
        head = decode_content(place.contents(place.code)[0]).header
        fresh = replace(head, id="01985f2e-0000-7000-8000-00000000f001", kind=event.kind(), recorded_at=place.hands.now)
        work.append([Draft(fresh, event)])


def _copy(place: Place, to: Path) -> None:
    with place.level.store.database.writer.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql(f"VACUUM INTO '{to}'")
        connection.exec_driver_sql("BEGIN")


def _restore(place: Place, backup: Path) -> None:
    place.level.store.database.close()
    database = place.hands.node.data_dir / "node.db"
    for leftover in database.parent.glob("node.db-*"):
        leftover.unlink()
    shutil.copy(backup, database)
