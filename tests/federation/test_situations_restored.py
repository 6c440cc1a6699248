"""FEDERATION 2.3, rows 6 to 8: a node whose database went back, or was lost."""

import random
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, update

from federation import epochs
from federation.level import Level
from federation.link import Lane
from federation.reconciling import parting, reconcile_with
from federation.v1 import link_pb2
from node.domain.entry import Actor
from node.domain.payload import SealedRef
from node.domain.refusal import Code, Refusal
from node.services import lookup, recovery
from node.services.rebuild import check
from node.storage import schema
from node.storage.codec import decode_content
from node.storage.journal import Position
from node.storage.keyring import KeyRingError
from node.storage.payloads import Recovered
from node.storage.unit_of_work import UnitOfWork
from tests.federation.levels import Place, connect, enrol, make_place, settle
from tests.federation.situations import (
    CITY,
    COUNTY,
    PROVINCE,
    agree,
    alarms,
    back_up,
    escalate,
    fork,
    grant_to,
    held,
    incidents,
    refused,
    rejoin_by,
    restore,
    tickets,
    told,
)


class TestRow06RestoredAndIdle:
    """The superior holds more: nothing is written, everything comes back, the epoch stays."""

    def test_it_may_not_write_before_it_has_everything_back(self, county: Place, city: Place, tmp_path: Path) -> None:
        connect(county, city)
        settle(county, city)
        backup = back_up(county, tmp_path / "backup.db")
        number = county.register()
        settle(county, city)
        whole = county.contents(COUNTY)

        restore(county, backup)
        connect(county, city)
        assert county.session is not None
        county.session.step(Lane.UP)

        assert {"held_behind": "amber"} == alarms(county)
        refusal = refused(county.register)
        assert (Code.NODE_HELD, "behind") == (refusal.code, refusal.facts["reason"])

        settle(county, city)
        assert {} == alarms(county)
        assert whole == county.contents(COUNTY)
        another = county.register()
        settle(county, city)
        assert another != number, "a register number is given once"
        agree(county, city)

    def test_it_greets_without_writing_though_its_superior_has_moved(self, county: Place, city: Place, tmp_path: Path) -> None:
        """What a greeting makes a node write (its place, its keys for new readers) would stand under a number that is taken."""
        connect(county, city)
        settle(county, city)
        backup = back_up(county, tmp_path / "backup.db")
        county.register()
        province = make_place(tmp_path, PROVINCE, "guizhou")
        enrol(city, province)
        settle(county, city, seconds=51)
        whole = county.contents(COUNTY)

        restore(county, backup)
        connect(county, city)
        settle(county, city)

        assert ("running", [], {}) == (county.status(), incidents(city), alarms(county))
        assert whole == county.contents(COUNTY)[: len(whole)]
        agree(county, city)


class TestRow07RestoredAndWroteOn:
    """Two histories: found at the next contact, both kept, and one again by a new epoch that both ends asked for."""

    def test_the_link_stops_and_nothing_is_half_written(self, county: Place, city: Place, tmp_path: Path) -> None:
        mirrored = fork(county, city, tmp_path)

        assert ("stopped forked", "forked") == (county.status(), held(county))
        assert ({"held_forked": "red"}, {"forked_below": "red"}) == (alarms(county), alarms(city))
        assert (mirrored, ["fork"]) == (city.contents(COUNTY), incidents(city))
        assert Code.NODE_HELD is refused(county.register).code

    def test_nothing_that_the_grant_kept_goes_out_whatever_the_node_says(
        self, county: Place, city: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A node that says that its new epoch keeps less than was granted rids itself of nothing: others have decided by it."""
        mirrored = fork(county, city, tmp_path)
        grant_to(city, county)
        begin = epochs._begin

        def begin_with_less(level: Level, work: UnitOfWork, epoch: int, kept: Position, reason: str, actor: Actor) -> None:
            begin(level, work, epoch, replace(kept, size=3), reason, actor)

        monkeypatch.setattr(epochs, "_begin", begin_with_less)
        rejoin_by(county, connect(county, city))
        settle(county, city, seconds=51)

        (begun,) = [one for one in city.rows(schema.entries) if (one.node, one.epoch, one.seq) == (COUNTY, 2, 1)]
        assert 3 == decode_content(bytes(begun.content)).event.kept_size
        assert mirrored == city.contents(COUNTY)[: len(mirrored)]
        assert "branch" not in incidents(city)

    def test_what_it_writes_while_its_greeting_is_under_way_is_a_fork_and_not_held_above(
        self, county: Place, city: Place, tmp_path: Path
    ) -> None:
        """The superior compared what the greeting said, which was alike: that it holds more says nothing of what came since."""
        connect(county, city)
        settle(county, city)
        backup = back_up(county, tmp_path / "backup.db")
        kept = len(county.contents(COUNTY))
        lost = [county.register(appeal="first past"), county.register(appeal="first past, too")]
        settle(county, city)
        whole = city.contents(COUNTY)
        restore(county, backup)
        wire = connect(county, city)
        greet = wire.hello

        def hello(request: link_pb2.HelloRequest) -> link_pb2.HelloResponse:
            answer = greet(request)
            county.register(appeal="second past")
            return answer

        wire.hello = hello  # type: ignore[method-assign]
        assert county.session is not None
        county.session.step(Lane.UP)
        wire.hello = greet  # type: ignore[method-assign]

        with county.level.store.read() as view:
            before = next(one.taken for one in county.rows(schema.entries) if (one.node, one.seq) == (COUNTY, kept + 1)) - 1
            assert view.head.taken > before >= county.link(CITY).acked
        settle(county, city)
        assert ("stopped forked", "forked", kept + 1) == (county.status(), held(county), len(county.contents(COUNTY)))
        assert "Fetch" not in wire.calls
        settle(county, city, seconds=51)
        assert (whole, ["fork"]) == (city.contents(COUNTY), incidents(city))

        grant_to(city, county)
        done = rejoin_by(county, wire)
        settle(county, city, seconds=51)
        assert (2, len(whole) - kept, "") == (done.epoch, done.fetched, held(county))
        assert whole == county.contents(COUNTY)[: len(whole)]
        assert set(lost) <= set(tickets(county))
        agree(county, city)

    def test_nobody_rejoins_what_nobody_granted(self, county: Place, city: Place, tmp_path: Path) -> None:
        fork(county, city, tmp_path)
        before = county.contents(COUNTY)

        assert Code.NOTHING_GRANTED is refused(lambda: rejoin_by(county, connect(county, city))).code
        assert before == county.contents(COUNTY)

    def test_a_new_epoch_keeps_what_both_wrote(self, county: Place, city: Place, province: Place, tmp_path: Path) -> None:
        """What was acknowledged stays as it is; what was written since comes behind it, with the same ids, and opens as before."""
        connect(city, province)
        connect(county, city)
        first = county.register(appeal="first")
        settle(county, city, province)
        backup = back_up(county, tmp_path / "backup.db")
        escalate(county, first)
        settle(county, city, province)
        acknowledged = city.contents(COUNTY)
        restore(county, backup)
        # As after a start: the register has forgotten nothing, so the branch has a ticket of another number.
        county.register(appeal="second")
        ids = {row.id for row in county.rows(schema.entries) if row.node == COUNTY}
        wire = connect(county, city)
        settle(county, city, province)
        assert "stopped forked" == county.status()

        assert 2 == grant_to(city, county)
        settle(county, city, province, seconds=51)
        assert ({"granted_below": "amber"}, "stopped stale") == (alarms(city), county.status())
        done = rejoin_by(county, wire)
        row = county.link(CITY)
        assert (("active", 0, "", None), {}) == ((row.status, row.attempts, row.last_error, row.next_attempt_at), alarms(county)), "at once"
        settle(county, city, province, seconds=2)

        assert (2, ()) == (done.epoch, done.aside)
        assert ("running", "", {}, {}) == (county.status(), held(county), alarms(county), alarms(city))
        assert acknowledged == county.contents(COUNTY)[: len(acknowledged)]
        assert ids <= {row.id for row in province.rows(schema.entries)}
        agree(county, city, province)
        assert tickets(county) == tickets(city) == tickets(province)
        for place in (county, city, province):
            assert check(place.level.store).agrees
            with place.level.store.read() as view:
                for number, appeal in ((first, "first"), (max(tickets(county)), "second")):
                    ticket = view.readings.ticket(number)
                    assert ticket is not None and appeal == view.payloads.open(ticket.subject, ticket.intake.appeal)  # type: ignore[arg-type]
        assert "branch_kept" in told(county)
        assert "epoch_below" in told(city), "noted for ever"

    def test_a_ticket_of_which_both_tell_is_left_to_people(self, county: Place, city: Place, tmp_path: Path) -> None:
        """One register number for two appeals: the acknowledged one stays, the other is named and kept."""
        fork(county, city, tmp_path)
        wire = connect(county, city)
        branch = {row.content for row in county.rows(schema.entries) if row.node == COUNTY}
        grant_to(city, county)

        done = rejoin_by(county, wire)
        settle(county, city, seconds=2)

        assert 1 == len(done.aside)
        agree(county, city)
        evidence = {row.content for row in county.rows(schema.incidents) if row.kind == "branch"}
        assert evidence and evidence <= branch
        with county.level.store.read() as view:
            ticket = view.readings.ticket(done.aside[0])
            assert ticket is not None and "first past" == view.payloads.open(ticket.subject, ticket.intake.appeal)  # type: ignore[arg-type]
        another = county.register()
        settle(county, city)
        assert another not in done.aside and tickets(county) == tickets(city)

    def test_a_need_that_came_back_already_is_not_registered_once_more(self, county: Place, city: Place, tmp_path: Path) -> None:
        """Restored from before it rejoined, the node has its branch again; the epoch that it had begun brings the same entries."""
        connect(county, city)
        first = county.register(appeal="first")
        settle(county, city)
        backup = back_up(county, tmp_path / "backup.db")
        escalate(county, first)
        settle(county, city)
        restore(county, backup)
        second = county.register(appeal="second")
        branch = back_up(county, tmp_path / "branch.db")
        wire = connect(county, city)
        settle(county, city)
        grant_to(city, county)
        assert {} == rejoin_by(county, wire).anew
        connect(county, city)
        settle(county, city, seconds=51)
        before = tickets(city)
        assert second in before
        restore(county, branch)

        done = rejoin_by(county, connect(county, city))
        connect(county, city)
        settle(county, city, seconds=51)

        assert ((), {}, before) == (done.aside, done.anew, tickets(city))
        agree(county, city)

    def test_a_rejoining_that_dies_has_not_happened(self, county: Place, city: Place, tmp_path: Path) -> None:
        fork(county, city, tmp_path)
        wire = connect(county, city)
        grant_to(city, county)
        before = county.contents(COUNTY)

        def die(point: str) -> None:
            if point == "commit.before":
                raise OSError("power")

        county.level.store.fault = die
        with pytest.raises(OSError, match="power"):
            rejoin_by(county, wire)
        county.level.store.fault = lambda _point: None

        assert before == county.contents(COUNTY)
        rejoin_by(county, wire)
        settle(county, city, seconds=2)
        agree(county, city)

    def test_the_branch_of_a_former_epoch_is_never_taken(self, county: Place, city: Place, tmp_path: Path) -> None:
        """Rows 2 and 5: once the new epoch is granted, what still comes of the old one is refused, with a reply."""
        mirrored = fork(county, city, tmp_path)
        connect(county, city)
        grant_to(city, county)

        settle(county, city, seconds=2)

        assert (mirrored, "stopped stale") == (city.contents(COUNTY), county.status())

    @pytest.mark.parametrize("seed", range(8))
    def test_the_parting_is_found_wherever_it_lies(self, county: Place, city: Place, tmp_path: Path, seed: int) -> None:
        wire = connect(county, city)
        settle(county, city)
        size = county.position(COUNTY)[0]
        first = random.Random(seed).randint(1, size)
        with city.level.store.database.write() as connection:
            table = schema.entries
            behind = (table.c.node == COUNTY, table.c.seq >= first)
            connection.execute(update(table).where(*behind).values(content=table.c.content + table.c.content))

        assert first - 1 == parting(county.level.store, wire, COUNTY, 1, size)

    def test_nothing_is_held_open_while_the_superior_is_asked(
        self, county: Place, city: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An answer may take as long as a call may: a transaction that waits for it keeps others from their work."""
        fork(county, city, tmp_path)
        wire = connect(county, city)
        grant_to(city, county)
        database, ask = county.level.store.database, wire.reconcile
        held: list[int] = []
        is_open: list[Connection] = []
        for engine in {database.reader, database.writer}:
            event.listen(engine, "begin", is_open.append)
            event.listen(engine, "commit", is_open.remove)
            event.listen(engine, "rollback", is_open.remove)

        def counted(request: link_pb2.ReconcileRequest) -> link_pb2.ReconcileResponse:
            held.append(len(is_open))
            return ask(request)

        monkeypatch.setattr(wire, "reconcile", counted)
        rejoin_by(county, wire)
        to_rejoin = len(held)
        reconcile_with(county.level, CITY, wire)

        assert 0 < to_rejoin < len(held)
        assert {0} == set(held)


class TestRow08LostEverything:
    """A node made anew under its old code: never "start again at 1"."""

    def test_its_history_comes_back_and_what_began_again_goes(self, county: Place, city: Place, tmp_path: Path) -> None:
        connect(county, city)
        number = county.register()
        settle(county, city)
        whole = city.contents(COUNTY)

        emptied = make_place(tmp_path / "again", COUNTY)
        enrol(emptied, city)
        begun = emptied.contents(COUNTY)
        wire = connect(emptied, city)
        settle(emptied, city)

        assert ("stopped forked", "forked") == (emptied.status(), held(emptied))
        assert (whole, begun) == (city.contents(COUNTY), emptied.contents(COUNTY)), "neither is mixed with the other"
        assert Code.NODE_HELD is refused(emptied.register).code

        grant_to(city, emptied, "磁盘损毁，重新建立")
        done = rejoin_by(emptied, wire)
        settle(emptied, city, seconds=51)

        assert (2, len(whole), 0) == (done.epoch, done.fetched, done.again)
        assert whole == emptied.contents(COUNTY)[: len(whole)]
        agree(emptied, city)
        assert "registered" == tickets(emptied)[number]
        assert number != emptied.register()
        settle(emptied, city)
        agree(emptied, city)
        assert check(emptied.level.store).agrees

    def test_a_second_time_it_joins_and_rejoins_as_the_first(self, county: Place, city: Place, tmp_path: Path) -> None:
        """The city knows it in epoch 2 by then; made anew it begins in its first, and is let in to be told so."""
        connect(county, city)
        first = county.register()
        settle(county, city)
        again = made_anew(tmp_path / "again", city)
        second = again.register()
        settle(again, city)
        whole = city.contents(COUNTY)

        once_more = make_place(tmp_path / "once-more", COUNTY)
        enrol(once_more, city)
        wire = connect(once_more, city)
        settle(once_more, city)
        assert Code.NODE_HELD is refused(once_more.register).code
        assert whole == city.contents(COUNTY), "neither is mixed with the other"
        grant_to(city, once_more, "又一次损毁")
        done = rejoin_by(once_more, wire)
        settle(once_more, city, seconds=51)

        assert (3, len(whole), 0) == (done.epoch, done.fetched, done.again)
        assert {first: "registered", second: "registered"} == tickets(once_more)
        once_more.register()
        settle(once_more, city)
        agree(once_more, city)
        assert check(once_more.level.store).agrees

    def test_its_recovery_key_opens_what_its_lost_keys_had_sealed(self, county: Place, city: Place, tmp_path: Path) -> None:
        """DESIGN 4: texts and contacts come back with the history; the new keys open neither, the paper from `qyzj init` opens both."""
        connect(county, city)
        number = county.register()
        settle(county, city)
        emptied = made_anew(tmp_path / "again", city)
        lost, other = county.hands.recovery_key, emptied.hands.recovery_key
        sealed = {"appeal": "PAYLOAD_SEALED", "phone": "PAYLOAD_SEALED"}
        assert (sealed, []) == (words_of(emptied, number), called_from(emptied, "13800001234"))
        with pytest.raises(KeyRingError) as refusal:
            recovered(emptied, other)
        assert ("RECOVERY_KEY_OTHER", sealed) == (refusal.value.code, words_of(emptied, number))

        first, again = recovered(emptied, lost), recovered(emptied, lost)

        assert (2, 0) == (first.opened, first.sealed)
        assert (0, first.had + 2, 0) == (again.opened, again.had, again.sealed)
        assert {"appeal": "水渠堵塞", "phone": "13800001234"} == words_of(emptied, number)
        assert [number] == called_from(emptied, "13800001234"), "the indexes follow from the new keys"
        emptied.register("路灯不亮")
        settle(emptied, city)
        agree(emptied, city)
        assert check(emptied.level.store).agrees


def made_anew(directory: Path, city: Place) -> Place:
    """A node under the lost one's code, whose history came back from *city*."""
    emptied = make_place(directory, COUNTY)
    enrol(emptied, city)
    wire = connect(emptied, city)
    settle(emptied, city)
    grant_to(city, emptied, "磁盘损毁，重新建立")
    rejoin_by(emptied, wire)
    settle(emptied, city, seconds=51)
    return emptied


def recovered(place: Place, printed: str) -> Recovered:
    """``qyzj recover`` at *place*."""
    return place.hands.node.writer.command(lambda work: recovery.recover(work, printed))


def words_of(place: Place, number: str) -> dict[str, str]:
    """What *place* itself can open of a ticket, by field; the code where it cannot."""
    found = {}
    with place.level.store.read() as view:
        ticket = view.readings.ticket(number)
        assert ticket is not None
        for name, ref in (("appeal", ticket.intake.appeal), ("phone", ticket.appellant.phone)):
            assert isinstance(ref, SealedRef)
            try:
                found[name] = view.payloads.open(ticket.subject, ref)
            except Refusal as refusal:
                found[name] = refusal.code.name
    return found


def called_from(place: Place, phone: str) -> list[str]:
    """The tickets that a clerk finds by a caller's number."""
    clerk = Actor("li", "window_clerk", f"{COUNTY}-centre")
    with place.level.store.read() as view:
        calendar = place.hands.node.policies.bare(view).calendar
        return [one.ticket for one in lookup.find(view, phone, clerk, calendar, place.hands.now).tickets]
