"""FEDERATION 2.3, row 11: a superior that went back to a backup."""

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from federation.codec import entry_to_pb
from federation.epochs import Rejoined, start
from federation.outgoing import read_places, read_stream
from federation.retry import CallFailed
from federation.v1.link_pb2 import GiveBackRequest
from node.app import build
from node.domain.entry import CustodyHead, Draft, Subject
from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.ticket.completion import Completed
from node.domain.ticket.escalation import ReturnEscalation
from node.domain.ticket.intake import Registered
from node.domain.ticket.transfer import AcceptTransfer, TransferDown
from node.domain.time import local_day
from node.services import backup as services
from node.services.rebuild import check, rebuild
from node.storage import lane, schema
from tests.federation.levels import WALL, MemoryWire, Place, connect, enrol, make_place, settle
from tests.federation.situations import (
    CITY,
    COUNTY,
    OPERATOR,
    agree,
    alarms,
    back_up,
    escalate,
    grant_to,
    holder,
    incidents,
    rejoin_by,
    restore,
    tickets,
    told,
)

SISTER = "520424"


def hand_to(city: Place, to: Place, number: str) -> None:
    """The city asks a county to take the ticket."""
    city.hands.act("office", TransferDown(to.code, local_day(city.hands.now + timedelta(days=20))), number)


def decided_unheard(county: Place, city: Place, province: Place, tmp_path: Path) -> tuple[str, Path]:
    """
    The city sends back what the county asked of it, and the province hears nothing of either: the ticket, and the city's backup from
    before.
    """
    upwards, _ = connect(city, province), connect(county, city)
    number = county.register()
    settle(county, city, province)
    backup = back_up(city, tmp_path / "backup.db")
    upwards.is_cut = True
    escalate(county, number)
    settle(county, city, province)
    city.hands.act("office", ReturnEscalation("reason", Text("材料不全")), number)
    settle(county, city, province)
    return number, backup


def rejoined(city: Place, province: Place, wire: MemoryWire, *counties: Place) -> Rejoined:
    """The province grants the city an epoch, the city joins again over *wire*, and everybody comes to rest."""
    grant_to(province, city)
    done = rejoin_by(city, wire)
    settle(*counties, city, province, seconds=700)
    return done


class TestRow11SuperiorRestored:
    """The superior is given again what it lost, and numbers what goes down anew."""

    def test_the_missing_tail_is_pushed_once_more(self, county: Place, city: Place, province: Place, tmp_path: Path) -> None:
        connect(city, province)
        connect(county, city)
        settle(county, city, province)
        backup = back_up(city, tmp_path / "backup.db")
        county.register()
        city.register()
        settle(county, city, province)

        restore(city, backup)
        connect(city, province)
        connect(county, city)
        settle(county, city, province, seconds=51)

        agree(county, city, province)
        assert tickets(county).items() <= tickets(city).items() == tickets(province).items()
        assert ({}, {}) == (alarms(county), alarms(city))

    def test_a_superior_that_has_one_gets_its_own_answers_back_from_there(
        self, county: Place, city: Place, province: Place, tmp_path: Path
    ) -> None:
        """So the county hears nothing twice and nothing else, and nothing has to be numbered anew."""
        connect(city, province)
        connect(county, city)
        number = county.register()
        settle(county, city, province)
        backup = back_up(city, tmp_path / "backup.db")
        escalate(county, number)
        settle(county, city, province)
        heard = county.contents(CITY)
        assert heard

        restore(city, backup)
        connect(city, province)
        settle(city, province)
        connect(county, city)
        settle(county, city, province, seconds=51)

        assert (heard, []) == (county.contents(CITY), incidents(county))
        assert ({}, {}) == (alarms(county), alarms(city))
        agree(county, city, province)

    def test_what_went_down_is_numbered_anew_where_nobody_holds_it(self, county: Place, city: Place, tmp_path: Path) -> None:
        connect(county, city)
        number = county.register()
        settle(county, city)
        backup = back_up(city, tmp_path / "backup.db")
        escalate(county, number)
        settle(county, city)
        heard = county.contents(CITY)

        restore(city, backup)
        connect(county, city)
        settle(county, seconds=51)

        assert (2, 2) == (county.link(CITY).down_epoch, city.link(COUNTY).down_epoch)
        assert heard == county.contents(CITY)
        assert "down_anew" in told(city)

    def test_what_only_the_county_holds_is_given_back_and_counts_once_everywhere(
        self, county: Place, city: Place, province: Place, tmp_path: Path
    ) -> None:
        """What the city had decided and sent down is decided, though neither it nor the province had it any more."""
        number, backup = decided_unheard(county, city, province, tmp_path)
        decided, lost = tickets(county)[number], city.position(CITY)[0]
        restore(city, backup)
        wire = connect(city, province)
        connect(county, city)

        settle(county, city, seconds=51)

        assert "told_below" in alarms(city)
        assert 2 == rejoined(city, province, wire, county).epoch
        assert [decided] * 3 == [tickets(place)[number] for place in (county, city, province)]
        assert [] == [place.code for place in (county, city, province) if check(place.level.store).differences]
        assert lost <= sum(city.position(CITY, epoch)[0] for epoch in (1, 2))
        with city.level.store.read() as view:
            returned = next(one for one in view.journal.of_subject(Subject("ticket", number)) if one.header.kind == "EscalationReturned")
            assert "材料不全" == view.payloads.open(returned.header.subject, returned.folded.event.reason)  # type: ignore[union-attr]
        assert ({}, {}) == (alarms(county), alarms(city))
        agree(county, city, province)

    def test_what_came_again_stands_before_what_was_written_behind_it(
        self, county: Place, city: Place, province: Place, tmp_path: Path
    ) -> None:
        """
        The city's decision comes to the county twice, and folds both times; an entry behind it does not (row 15).  That one is set aside
        and named to the operator, and no decision with it, after a rebuild, too, where all come in one batch.  Seed 36002111.
        """
        number, backup = decided_unheard(county, city, province, tmp_path)
        restore(city, backup)
        wire = connect(city, province)
        connect(county, city)
        settle(county, city, seconds=51)
        rejoined(city, province, wire, county)
        with county.level.store.read() as view:
            held = view.journal.of_subject(Subject("ticket", number))
        assert [1, 2] == [one.header.epoch for one in held if one.header.kind == "EscalationReturned"]

        spot = _poison(county, number)

        aside = county.rows(schema.quarantine)
        assert [(held[-1].taken + 1, "ValueError")] == [(one.taken, one.reason) for one in aside]
        assert () == rebuild(county.level.store).differences
        assert aside == county.rows(schema.quarantine)
        with county.level.store.read() as view:
            assert spot == lane.in_the_way(view.connection, number)

    def test_a_need_given_back_under_a_number_that_a_copy_gave_too_is_told_and_neither_is_lost(
        self, county: Place, city: Place, province: Place, tmp_path: Path
    ) -> None:
        """
        Both registered under one number; the province had the copy's, the county was asked to take the other.  The one that people
        worked on takes effect everywhere; the copy's is kept, shown as void, and told of.  When the city set its own aside it
        registered the need once more, so its words are there whatever comes.
        """
        upwards, downwards = connect(city, province), connect(county, city)
        settle(county, city, province)
        before = back_up(city, tmp_path / "before.db")
        downwards.is_cut = True
        number = city.register(appeal="of the copy")
        settle(city, province)
        restore(city, before)
        upwards.is_cut, downwards.is_cut = True, False
        assert number == city.register(appeal="worked on")
        with city.level.store.read() as view:
            registered_at = view.readings.ticket(number).intake.received_at  # type: ignore[union-attr]
        city.hands.act("office", TransferDown(COUNTY, local_day(city.hands.now) + timedelta(days=30)), number)
        connect(county, city)
        settle(county, city, seconds=51)
        assert number in tickets(county)

        wire = connect(city, province)
        settle(county, city, province, seconds=51)
        done = rejoined(city, province, wire, county)
        assert ((number,), [number]) == (done.aside, list(done.anew))

        assert ["amber", "note", "note"] == [told(place)["clash"] for place in (city, county, province)]
        assert "amber" == told(city)["renumbered"]
        agree(county, city, province)
        for place in (county, city, province):
            assert check(place.level.store).agrees, place.code
            with place.level.store.read() as view:
                ticket = view.readings.ticket(number)
                assert ticket is not None and (1, ticket.void, COUNTY) == (len(ticket.void), ticket.clash, ticket.custody.asked)
        with city.level.store.read() as view:
            assert ticket is not None
            (void,) = [one.content.event for one in view.journal.of_subject(Subject("ticket", number)) if one.header.id in ticket.void]
            assert isinstance(void, Registered) and "of the copy" == view.payloads.open(Subject("ticket", number), void.appeal)  # type: ignore[arg-type]
            anew = view.readings.ticket(done.anew[number])
            assert anew is not None and "worked on" == view.payloads.open(anew.subject, anew.intake.appeal)  # type: ignore[arg-type]
            assert registered_at == anew.intake.received_at

    @pytest.mark.parametrize(("accepting", "held_by"), [((), CITY), ((COUNTY,), COUNTY), ((SISTER,), SISTER), ((COUNTY, SISTER), COUNTY)])
    def test_a_ticket_that_was_handed_to_two_has_one_line_of_which_both_are_told(
        self, county: Place, city: Place, province: Place, tmp_path: Path, accepting: tuple[str, ...], held_by: str
    ) -> None:
        """
        The city handed it to one county, forgot that, and handed it to another; then the first one gives back what it was asked.  That
        holds by which custody went on, or else what came back; nobody goes on by the other, and the city is told to look.
        """
        sister = make_place(tmp_path, SISTER)
        enrol(sister, city)
        upwards, downwards, _ = connect(city, province), connect(county, city), connect(sister, city)
        number = city.register()
        settle(county, sister, city, province)
        backup = back_up(city, tmp_path / "backup.db")
        upwards.is_cut = True
        hand_to(city, county, number)
        settle(county, city)
        downwards.is_cut = True
        restore(city, backup)
        wire, _ = connect(city, province), connect(sister, city)
        settle(sister, city, province, seconds=51)
        hand_to(city, sister, number)
        settle(sister, city, province, seconds=51)
        for place in (county, sister):
            if place.code in accepting:
                place.hands.act("office", AcceptTransfer("coordination"), number)
        settle(sister, city, province, seconds=51)

        connect(county, city)
        settle(county, sister, city, province, seconds=51)
        rejoined(city, province, wire, county, sister)

        asked = "" if accepting else COUNTY
        assert [(held_by, asked)] * 4 == [holder(place, number) for place in (county, sister, city, province)]
        assert [["clash"]] * 2 == [[one for one in incidents(place) if one == "clash"] for place in (county, sister)]
        assert {"clash": "amber"} == alarms(city)
        assert [] == [place.code for place in (county, sister, city, province) if check(place.level.store).differences]

    def test_a_county_gives_nothing_back_in_another_name_or_to_a_node_that_stands(self, county: Place, city: Place) -> None:
        wire = connect(county, city)
        number = county.register()
        settle(county, city)
        escalate(county, number)
        settle(county, city)
        with county.level.store.read() as view:
            own = [entry_to_pb(one) for one in read_stream(view, COUNTY, 1, 1)]
            held = [entry_to_pb(one) for one in read_places(view, CITY, [(1, seq) for seq in range(1, city.position(CITY)[0] + 1)])]
        assert own and held
        assert county.session is not None
        boot_id = county.session.boot_id
        before = city.position(CITY)

        for entries in (own, held):
            with pytest.raises(CallFailed) as caught:
                wire.give_back(GiveBackRequest(boot_id=boot_id, entries=entries))
            assert Code.FOREIGN_STREAM is caught.value.failure.code
        assert before == city.position(CITY)

    def test_a_county_gives_nothing_back_that_is_none_of_its_business(
        self, county: Place, city: Place, province: Place, tmp_path: Path
    ) -> None:
        """Whatever bytes it has of it: nothing that could not have gone down to it is written in the city's name."""
        connect(city, province)
        wire = connect(county, city)
        settle(county, city, province)
        backup = back_up(city, tmp_path / "backup.db")
        number = city.register()
        with city.level.store.read() as view:
            kept = [entry_to_pb(one) for one in read_stream(view, CITY, 1, city.position(CITY)[0])]
        restore(city, backup)
        upwards = connect(city, province)
        settle(city, province)
        grant_to(province, city)
        rejoin_by(city, upwards)
        wire = connect(county, city)
        settle(county, city, province)
        assert county.session is not None

        answer = wire.give_back(GiveBackRequest(boot_id=county.session.boot_id, entries=kept[-1:]))

        assert (0, False) == (answer.written, number in tickets(city))

    def test_a_top_that_begins_a_new_epoch_tells_no_second_history(self, county: Place, city: Place, tmp_path: Path) -> None:
        """Without it the first answer after the restore would stand under a number that the county has heard already."""
        connect(county, city)
        number = county.register()
        settle(county, city)
        backup = back_up(city, tmp_path / "backup.db")
        escalate(county, number)
        settle(county, city)
        heard = county.contents(CITY)

        restore(city, backup)
        start(city.level, "从备份恢复", OPERATOR)
        connect(county, city)
        settle(county, city, seconds=51)
        settle(county, city, seconds=51)

        assert ([], {}) == (incidents(county), alarms(county))
        assert heard == county.contents(CITY)[: len(heard)]
        agree(county, city)

    @pytest.mark.parametrize("code", [COUNTY, CITY])
    def test_a_backup_that_is_restored_writes_nothing_before_it_was_compared(
        self, county: Place, city: Place, tmp_path: Path, code: str
    ) -> None:
        """Rows 6 and 11: `qyzj restore` knows that it is an old database, without any guard file; a node alone just goes on."""
        place = {COUNTY: county, CITY: city}[code]
        node = place.hands.node
        services.back_up(node.settings, node.store, tmp_path / "backup.tar", "a long pass phrase", os.urandom, WALL)

        services.restore(tmp_path / "backup.tar", tmp_path / "restored", "a long pass phrase")

        again = build(tmp_path / "restored")
        with again.store.read() as view:
            assert "restored" == view.head.held
        again.close()


def _poison(place: Place, number: str) -> tuple[str, int, int]:
    """Write of the ticket what can be read and not be folded, and say where it stands: node, epoch, seq."""
    with place.level.store.write() as work:
        ticket = work.readings.ticket(number)
        assert ticket is not None
        head = replace(
            work.journal.of_subject(ticket.subject)[0].header,
            id="01985f2e-0000-7000-8000-0000000000ee",
            kind=Completed.kind(),
            recorded_at=place.hands.now,
            custody=CustodyHead(ticket.custody.number, opener=ticket.custody.opener),
            version=ticket.version + 1,
            state="no state",
            with_whom="",
            cause="",
            clocks=(),
        )
        work.append([Draft(head, Completed("", False, False))])
        written = work.journal.of_subject(ticket.subject)[-1].header
    return written.node, written.epoch, written.seq
