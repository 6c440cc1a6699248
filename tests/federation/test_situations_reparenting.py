"""FEDERATION 2.3, row 22, and 2.7: a county leaves one city for another."""

from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import select, update

from federation import reparenting
from federation.epochs import grant
from federation.link import Lane
from federation.reparenting import abort, decide
from node.domain import reparenting as steps
from node.domain.command import Command
from node.domain.entry import Subject, SubjectKind
from node.domain.merkle import leaf_hash
from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.registry import SetNodeStatus
from node.domain.ticket.custody import DecideAbove
from node.services.handle import Handler
from node.services.rebuild import check
from node.services.status import LinkLine, link_lines
from node.storage import reparenting_readings as readings
from node.storage import schema
from node.storage.codec import moved_content
from node.storage.unit_of_work import View
from node.storage.writer import Writer
from tests.federation.levels import WALL, Place, connect, full_behind, settle
from tests.federation.moving import OTHER, Four, invited, redeem
from tests.federation.situations import (
    CITY,
    COUNTY,
    OPERATOR,
    PROVINCE,
    accept,
    agree,
    alarms,
    back_up,
    damage,
    damaged,
    escalate,
    holder,
    incidents,
    look_at,
    reasons,
    refused,
    restore,
    tickets,
    told,
)


class TestRow22Reparented:
    """One history, one superior at a time, nothing lost."""

    def test_what_the_former_city_had_not_taken_comes_to_the_new_one(self, four: Four) -> None:
        """What the county wrote meanwhile has its ids there; the province goes on with one history; each phase has its sentence."""
        county, city, other, province = four.all
        first = county.register(appeal="first")
        four.run()
        four.wires[OTHER].is_cut = True  # so that it stops before B has the history
        four.order()
        assert "reparenting_ordered_above" in told(province)
        county.session.step(Lane.DOWN)  # type: ignore[union-attr]
        unsent = county.register(appeal="unsent")
        four.run()

        assert {} == four.taken_by()
        words = [next(code for code in told(place) if code.startswith("reparenting_")) for place in (county, city, province)]
        assert ["reparenting_handed_self", "reparenting_handed_from", "reparenting_confirmed_above"] == words
        later = county.register(appeal="after the handover")
        four.run()
        assert ("waiting handed_over", Code.REPARENTING_OPEN) == (county.status(), refused(four.join).code)
        ids = {row.id for row in county.rows(schema.entries) if row.node == COUNTY}

        # What is damaged at the province meanwhile is put right from A, of which nothing of the county is taken any more.
        damage(province, COUNTY, 3)
        look_at(province)
        four.run(seconds=51)
        assert ([], ["healed"]) == (damaged(province), incidents(province))
        look_at(province)

        four.wires[OTHER].is_cut = False
        four.run(seconds=130)
        assert (OTHER, {}) == (four.superior, four.taken_by())
        assert "stopped reparented" == county.status(), "a late greeting at A is told where to go"
        assert ("red", "amber", "note") == (
            alarms(county)["reparented"],
            told(other)["reparenting_named_to"],
            told(city)["reparenting_named_from"],
        )
        assert later not in tickets(province)

        former = county.session
        four.join()
        assert former is not None
        former.step(Lane.UP)  # the process that served went on for a moment, with A
        four.run()

        assert ({OTHER: 2}, "running", (OTHER, PROVINCE)) == (four.taken_by(), county.status(), line(county))
        agree(county, other, province)
        assert ids <= {row.id for row in province.rows(schema.entries)}
        for place in (county, other, province):
            assert {first, unsent, later} <= set(tickets(place))
            with place.level.store.read() as view:
                for number, appeal in ((first, "first"), (later, "after the handover")):
                    ticket = view.readings.ticket(number)
                    assert ticket is not None and appeal == view.payloads.open(ticket.subject, ticket.intake.appeal)  # type: ignore[arg-type]
        assert [{}] * 4 == [alarms(place) for place in four.all]
        assert {"left"} == {one.status for one in lines(city) if one.peer == COUNTY}
        assert all(check(place.level.store).agrees for place in four.all)
        four.start()
        another = county.register()
        four.run(seconds=51)
        agree(county, other, province)
        assert another in tickets(province) and another not in tickets(city)
        assert [] == [code for place in four.all for code in incidents(place) if code not in ("branch", "healed")]

    def test_once_the_former_city_has_said_that_it_is_over_the_county_reads_nothing_else(self, four: Four) -> None:
        """Its own word of the move goes no further down than the handover: two sentences would contradict one another."""
        four.order()
        settle(four.province, four.city, four.county)
        assert {"reparenting_handed_self": "amber"} == told(four.county)

        four.run(seconds=51)
        four.run(seconds=51)

        assert {"reparented": "red"} == told(four.county)
        four.join()
        four.run(seconds=51)
        assert {} == alarms(four.county)

    def test_an_escalation_that_stays_is_answered_by_way_of_the_province(self, four: Four) -> None:
        """One that is being handled, one that is asked, and one that was asked when A took nothing any more."""
        county, city, other, province = four.all
        handled, asked, late = (county.register(appeal=appeal) for appeal in ("handled", "asked", "late"))
        escalate(county, handled)
        escalate(county, asked)
        four.run()
        accept(city, handled)
        four.wires[OTHER].is_cut = True
        four.order()
        four.run()
        escalate(county, late)
        four.wires[OTHER].is_cut = False
        four.run(seconds=130)
        four.join()
        four.run()
        assert [(CITY, ""), (COUNTY, CITY), (COUNTY, CITY)] == [holder(other, one) for one in (handled, asked, late)]

        accept(city, asked)
        accept(city, late)
        for one in (handled, asked, late):
            city.hands.act("office", DecideAbove(Text("按批复办理")), one)
        four.run(seconds=2)

        for place in four.all:
            assert [(COUNTY, "")] * 3 == [holder(place, one) for one in (handled, asked, late)], place.code
        assert [{}] * 4 == [alarms(place) for place in four.all]
        agree(county, other, province)
        new = county.register()
        escalate(county, new)
        four.run(seconds=2)
        assert (COUNTY, OTHER) == holder(province, new), "what is asked from now on is asked of B"

    def test_a_request_that_comes_to_the_former_city_with_the_news_of_the_move_is_not_taken_for_its_own(self, four: Four) -> None:
        """A was away since it handed over: by the tree it knew, the county's entries were its own subtree's, and only counted."""
        county, city = four.county, four.city
        number = county.register()
        four.run()
        four.wires[OTHER].is_cut = True
        four.order()
        four.run()
        escalate(county, number)
        four.wires[CITY].is_cut = True
        four.wires[OTHER].is_cut = False
        four.run(seconds=130)
        four.join()
        four.run()
        assert (COUNTY, "") == holder(city, number)

        four.wires[CITY].is_cut = False
        four.run(seconds=130)
        accept(city, number)
        four.run(seconds=2)

        assert [(CITY, "")] * 4 == [holder(place, number) for place in four.all]

    @pytest.mark.slow
    def test_an_escalation_that_moves_goes_back_and_is_asked_anew(self, four: Four) -> None:
        """By the authority of the level above both; the new request names the one that it replaces."""
        county, city, other, province = four.all
        number = county.register()
        escalate(county, number)
        four.run()
        accept(city, number)
        four.run()

        four.move("move")

        for place in four.all:
            assert (COUNTY, "") == holder(place, number), place.code
        with province.level.store.read() as view:
            ticket = view.readings.ticket(number)
        assert ticket is not None
        former = ticket.escalations[-1]
        assert ("overridden", CITY) == (former.outcome, former.to_node)
        escalate(county, number)
        four.run(seconds=2)
        accept(other, number)
        four.run(seconds=2)
        with province.level.store.read() as view:
            replaced = [
                one.content.event.replaces  # type: ignore[union-attr]
                for one in view.journal.of_subject(ticket.subject)
                if one.header.kind == "EscalationRequested"
            ]
        assert (["", former.ask], [(OTHER, "")] * 4) == (replaced, [holder(place, number) for place in four.all])
        agree(county, other, province)

    def test_a_reason_that_cannot_be_read_any_more_does_not_hold_the_move_up(self, four: Four) -> None:
        """As behind a lost key ring; the need that goes back with the county then names the move, where the reason is sealed."""
        county, _, other, province = four.all
        number = county.register()
        escalate(county, number)
        four.run()
        four.wires[OTHER].is_cut = True
        move = four.order("move")
        four.run()
        province.level.writer.command(lambda work: work.payloads.erase(Subject(SubjectKind.NODE.value, PROVINCE)))

        four.wires[OTHER].is_cut = False
        four.run(seconds=130)
        four.join()
        for _ in range(2):
            four.run(seconds=121)

        four.need_moved(number)
        assert [(COUNTY, "")] * 4 == [holder(place, number) for place in four.all]
        assert [[move]] * 2 == [reasons(place, "CustodyOverridden") for place in (province, other)]

    def test_a_move_that_stumbles_does_not_stop_those_behind_it(self, four: Four, monkeypatch: pytest.MonkeyPatch) -> None:
        """Every other one goes as far as it can, and then whoever runs them is told."""
        level, due = four.county.level, reparenting._due
        monkeypatch.setattr(reparenting, "_due", lambda _view, _now: [])
        move = four.order()
        four.run()

        def behind_another(view: View, now: datetime) -> list[tuple[steps.Reparenting, reparenting.Make]]:
            return [(known(four.county, move), lambda _: steps.HandOver("unknown")), *due(view, now)]

        monkeypatch.setattr(reparenting, "_due", behind_another)
        assert steps.ORDERED == known(four.county, move).stage
        assert Code.REPARENTING_UNKNOWN is refused(lambda: reparenting.advance(level.store, level.writer, level.handler)).code
        assert steps.ACKNOWLEDGED == known(four.county, move).stage

    def test_called_off_it_leaves_the_former_city_in_charge(self, four: Four) -> None:
        county, city, other, province = four.all
        four.wires[OTHER].is_cut = True
        four.order()
        four.run()
        number = county.register()
        four.run()
        assert ({}, True) == (four.taken_by(), number not in tickets(city))

        abort(province.level, COUNTY, "暂缓调整", OPERATOR)
        four.wires[OTHER].is_cut = False
        four.run(seconds=130)
        four.run(seconds=130)

        assert ({CITY: 1}, "running") == (four.taken_by(), county.status())
        agree(county, city, province)
        assert [{}] * 4 == [alarms(place) for place in four.all]
        assert Code.REPARENTING_OVER is refused(lambda: abort(province.level, COUNTY, "再次", OPERATOR)).code
        assert Code.OTHER_SUPERIOR is refused(four.join).code
        four.move()
        assert {OTHER: 2} == four.taken_by()
        agree(county, other, province)
        assert Code.REPARENTING_OVER is refused(lambda: abort(province.level, COUNTY, "反悔", OPERATOR)).code

    def test_where_the_former_city_is_away_the_province_decides_with_what_it_holds(self, four: Four) -> None:
        """What only A had comes again from the county; what A brings of it afterwards is passed by, and its own goes on."""
        county, city, other, province = four.all
        four.wires[CITY].is_cut = True
        only_here = county.register(appeal="A has it, the province has not")
        escalate(county, only_here)
        four.run()
        assert only_here in tickets(city) and only_here not in tickets(province)
        four.order()
        four.run(seconds=130)
        assert {CITY: 1} == four.taken_by()

        decide(province.level, COUNTY, "原上级机房停运", OPERATOR)
        four.run()
        assert (OTHER, {CITY: 1}) == (four.superior, four.taken_by()), "A has heard of nothing"
        assert Code.OTHER_SUPERIOR is refused(four.join).code
        four.join(is_moved=True)
        four.run()
        assert ("running", {OTHER: 2, CITY: 1}) == (county.status(), four.taken_by()), "never one epoch by two"
        assert only_here in tickets(province)
        agree(county, other, province)

        own = city.register()
        four.wires[CITY].is_cut = False
        four.run(seconds=130)
        four.run(seconds=130)
        assert {OTHER: 2} == four.taken_by()
        assert own in tickets(province), "what is A's own is not held up by what it still brings of the county"
        assert (COUNTY, CITY) == holder(city, only_here)
        accept(city, only_here)
        four.run(seconds=2)
        assert [(CITY, "")] * 4 == [holder(place, only_here) for place in four.all]
        agree(county, other, province)
        assert city.contents(CITY) == province.contents(CITY)
        assert [{}] * 4 == [alarms(place) for place in four.all]
        assert all(check(place.level.store).agrees for place in four.all)

    def test_what_the_former_city_says_of_it_before_it_hears_of_the_decision_has_no_effect(self, four: Four) -> None:
        """It let it rest while it was away: an operator's word that came too late, and nothing that anybody has to look at."""
        county, city, _, province = four.all
        four.wires[CITY].is_cut = True
        four.order()
        four.run(seconds=130)
        decide(province.level, COUNTY, "原上级机房停运", OPERATOR)
        city.hands.act("operator", SetNodeStatus(COUNTY, "suspended"), CITY)
        four.run()
        four.join(is_moved=True)
        four.wires[CITY].is_cut = False
        for _ in range(2):
            four.run(seconds=130)

        assert city.contents(CITY) == province.contents(CITY)
        assert ["active"] == [row.status for row in province.rows(schema.nodes) if row.code == COUNTY]
        assert [] == [row for place in four.all for row in place.rows(schema.quarantine)]
        assert (OTHER, {OTHER: 2}, "running") == (four.superior, four.taken_by(), county.status())
        assert all(check(place.level.store).agrees for place in four.all)

    @pytest.mark.slow
    def test_another_history_is_not_taken_by_the_new_city(self, four: Four) -> None:
        """The province's copy was changed, with its leaf: the roots say so, nothing is named, and A stays in charge."""
        county, _, other, province = four.all
        county.register()
        four.run()
        table = schema.entries
        with province.level.store.database.write() as connection:
            its = (table.c.node == COUNTY, table.c.seq == 3)
            other_entry = connection.execute(select(table.c.content).where(table.c.node == COUNTY, table.c.seq == 2)).scalar_one()
            forged = moved_content(bytes(other_entry), 1, 3)
            connection.execute(update(table).where(*its).values(content=forged, leaf=leaf_hash(forged)))

        four.order()
        four.run(seconds=2)

        assert ("red", "red") == (told(other)["reparenting_refused_to"], told(province)["reparenting_refused_above"])
        assert (CITY, {}) == (four.superior, four.taken_by())
        assert Code.REPARENTING_OPEN is refused(four.join).code
        abort(province.level, COUNTY, "数据损坏", OPERATOR)
        four.run(seconds=130)
        assert {CITY: 1} == four.taken_by()

    @pytest.mark.slow
    def test_a_county_that_shows_another_past_is_not_followed(self, four: Four, tmp_path: Path) -> None:
        """It was restored from before the handover and wrote on: row 7 at its new superior."""
        county, other = four.county, four.other
        backup = back_up(county, tmp_path / "backup.db")
        county.register(appeal="handed over")
        four.run()
        four.order()
        four.run(seconds=130)
        taken = other.contents(COUNTY)
        restore(county, backup)
        county.register(appeal="another past")

        four.join(is_moved=True)
        four.run(seconds=130)

        assert (taken, {OTHER: 2}) == (other.contents(COUNTY), four.taken_by())
        assert "stopped stale" == county.status()

    def test_whoever_handed_a_node_over_decides_nothing_of_it_any_more(self, four: Four) -> None:
        """Where the move is known to be over by then, its word would be a stranger's, and set aside."""
        four.wires[OTHER].is_cut = True
        four.order()
        four.run()
        assert "reparenting_handed_from" in told(four.city)

        assert Code.REPARENTING_OPEN is refused(lambda: four.city.hands.act("operator", SetNodeStatus(COUNTY, "suspended"), CITY)).code
        assert Code.REPARENTING_OPEN is refused(lambda: grant(four.city.level, COUNTY, "备份恢复", OPERATOR)).code

    def test_a_disk_that_fills_as_the_county_joins_the_new_city_does_not_hold_it_in_the_former_epoch(self, four: Four) -> None:
        """Its place is written, its month keys find no room: the operator has done what he had to, and it goes on as there is room."""
        county, _, other, province = four.all
        four.order()
        four.run()
        unsent = county.register(appeal="unsent")

        with full_behind(county, 1):
            four.join()
            four.run()
            assert (OTHER, PROVINCE) == line(county)
        four.run(seconds=130)
        four.run(seconds=130)

        assert ({OTHER: 2}, "running") == (four.taken_by(), county.status())
        agree(county, other, province)
        with other.level.store.read() as view:
            ticket = view.readings.ticket(unsent)
            assert ticket is not None and "unsent" == view.payloads.open(ticket.subject, ticket.intake.appeal)  # type: ignore[arg-type]
        assert [{}] * 4 == [alarms(place) for place in four.all]

    def test_whoever_dies_behind_whatever_step_goes_on_from_there(self, four: Four, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each step dies once before its commit and once behind it, and every process is started anew each time."""
        county, _, other, province = four.all
        number = county.register()
        four.run()
        deaths: list[str] = []
        do = reparenting._do

        def dying(writer: Writer, handler: Handler, move: steps.Reparenting, make: type[Command]) -> bool:
            name = make.__name__
            if deaths.count(name) == 0:
                deaths.append(name)
                for place in four.all:
                    place.level.store.fault = die
                return do(writer, handler, move, make)
            done = do(writer, handler, move, make)
            if deaths.count(name) == 1:
                deaths.append(name)
                raise OSError("power")
            return done

        def die(point: str) -> None:
            if point == "commit.before":
                raise OSError("power")

        def live_on() -> None:
            while True:
                for place in four.all:
                    place.level.store.fault = lambda _point: None
                four.start()
                try:
                    four.run(seconds=130)
                except OSError:
                    four.taken_by()
                    continue
                return

        monkeypatch.setattr(reparenting, "_do", dying)
        four.order()
        live_on()
        kinds = (steps.AcknowledgeReparenting, steps.HandOver, steps.ConfirmHandover, steps.TakeHistory, steps.NameSuperior)
        assert [kind.__name__ for kind in kinds for _ in range(2)] == deaths
        assert (OTHER, {}) == (four.superior, four.taken_by())

        # The county's own: the answer is lost; it dies with B's link and A's certificate; it dies as it begins the epoch.
        files = county.files
        invitation = invited(county, other)
        with pytest.raises(OSError, match="power"):
            redeem(county, other, invitation, lose_answer=True)
        assert (CITY, PROVINCE) == line(county)
        monkeypatch.setattr(type(files), "keep_uplink", raising)
        with pytest.raises(OSError, match="power"):
            redeem(county, other, invitation)
        monkeypatch.undo()
        redeem(county, other, invitation)
        before = county.contents(COUNTY)
        connect(county, other)
        county.level.store.fault = die
        with pytest.raises(OSError, match="power"):
            settle(county, other)
        assert before == county.contents(COUNTY)
        live_on()

        assert ({OTHER: 2}, "running") == (four.taken_by(), county.status())
        agree(county, other, province)
        assert number in tickets(other)
        assert [{}] * 4 == [alarms(place) for place in four.all]


# --- hands ------------------------------------------------------------------------------------------------------------


def known(place: Place, move: str) -> steps.Reparenting:
    with place.level.store.read() as view:
        found = readings.find(view.connection, move=move)
    assert found is not None
    return found


def line(place: Place) -> tuple[str, ...]:
    with place.level.store.read() as view:
        return view.head.line


def lines(place: Place) -> list[LinkLine]:
    with place.level.store.read() as view:
        return link_lines(view, WALL, 30.0)


def raising(*_: object) -> None:
    raise OSError("power")
