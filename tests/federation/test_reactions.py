"""What arrived, as commands: each once, in the order of taking, with a cursor of its own (DESIGN 13)."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from federation import following
from federation.codec import Carried
from federation.following import KINDS, OPENERS, of_asks, of_custody
from federation.link import Lane
from federation.mirror import Mirror
from federation.outgoing import down_head, read_down
from federation.reactions import Reactions
from node.domain.command import Command, Order
from node.domain.entry import Actor, CustodyHead, Header, Subject
from node.domain.events import EVENTS
from node.domain.organisation import Place as TreePlace
from node.domain.payload import Text
from node.domain.refusal import Code, Refusal
from node.domain.ticket import records as r
from node.domain.ticket.custody import ReleaseClocks, ResumeAfterReturn
from node.domain.ticket.escalation import (
    AcceptEscalation,
    ReceiveEscalation,
    RequestEscalation,
    RequestWithdrawalOfEscalation,
    ReturnEscalation,
    WithdrawEscalation,
)
from node.domain.ticket.finding import ExecuteFinding, RaiseFinding
from node.domain.ticket.first_contact import AnswerOnTheSpot
from node.domain.ticket.forming import Form
from node.domain.ticket.recheck import ExecuteRecheckRuling
from node.domain.ticket.termination import TakeWithdrawal
from node.domain.ticket.ticket import Ticket
from node.domain.ticket.transfer import CarryOutTransferRuling, ReceiveTransfer, TransferDown
from node.services.handle import Handler, Outcome
from node.storage import schema
from node.storage.codec import decode_content
from node.storage.unit_of_work import UnitOfWork
from tests.domain.ticket.given import a_ticket
from tests.federation.levels import MemoryWire, Place, connect, enrol, make_place, settle

COUNTY, CITY, PROVINCE, SISTER = "520402", "520400", "520000", "520424"
ASK, OPENER = "01985f2e-0000-7000-8000-000000000001", "01985f2e-0000-7000-8000-000000000002"
SUPERIORS = {COUNTY: CITY, SISTER: CITY, CITY: PROVINCE, PROVINCE: ""}
LINES = {COUNTY: (CITY, PROVINCE), CITY: (PROVINCE,), PROVINCE: ()}
NOW = datetime(2026, 2, 10, 4, tzinfo=UTC)
FORMING_TESTS = ("responsibility", "jurisdiction", "materials", "lawfulness")


def tree(node: str) -> TreePlace:
    return TreePlace(node, LINES[node], SUPERIORS)


def header(kind: str, node: str, *, addressee: str = "", entry: str = ASK) -> Header:
    head = Header(node, 1, 9, entry, NOW, Subject("ticket", "t"), kind, Actor("a", "office"))
    return replace(head, addressee=addressee, custody=CustodyHead(1, COUNTY, 0))


def ticket_with(kind: str, asker: str, *, addressee: str = "", holder: str = COUNTY, asked: str = "", is_answered: bool = False) -> Ticket:
    ask = r.Ask(ASK, kind, asker, "a", NOW, addressee, is_answered)
    return replace(a_ticket(), custody=r.Custody(1, holder, asked), asks={ASK: ask})


class TestOfAsks:
    """Which ask calls for which command, and where."""

    @pytest.mark.parametrize(
        ("kind", "asker", "here", "holder", "asked", "expected"),
        [
            ("EscalationRequested", COUNTY, CITY, COUNTY, CITY, ReceiveEscalation()),
            ("EscalationWithdrawalRequested", COUNTY, CITY, COUNTY, CITY, WithdrawEscalation()),
            ("TransferRequested", CITY, COUNTY, CITY, COUNTY, ReceiveTransfer()),
            ("TransferRuled", CITY, COUNTY, CITY, COUNTY, CarryOutTransferRuling()),
            ("FindingRaised", CITY, COUNTY, COUNTY, "", ExecuteFinding(ASK)),
            ("FindingRaised", PROVINCE, COUNTY, COUNTY, "", ExecuteFinding(ASK)),
            ("RecheckRuled", CITY, COUNTY, COUNTY, "", ExecuteRecheckRuling(ASK)),
            ("WithdrawalRequested", COUNTY, CITY, CITY, "", TakeWithdrawal(ASK)),
            # Judgement: left to the office.
            ("TransferObjected", COUNTY, CITY, CITY, COUNTY, None),
            ("OverrideRequested", COUNTY, CITY, CITY, "", None),
        ],
    )
    def test_an_ask_that_needs_no_judgement_is_answered_by_its_addressee(
        self, kind: str, asker: str, here: str, holder: str, asked: str, expected: Command | None
    ) -> None:
        ticket = ticket_with(kind, asker, addressee=here, holder=holder, asked=asked)

        found = of_asks(header(kind, asker, addressee=here), ticket, tree(here))

        assert ([] if expected is None else [(expected, ASK)]) == [(one.command, one.ask) for one in found]

    @pytest.mark.parametrize(
        ("kind", "asker", "here", "holder", "asked", "is_answered"),
        [
            pytest.param("EscalationRequested", COUNTY, PROVINCE, COUNTY, CITY, False, id="relayed, not asked here"),
            pytest.param("FindingRaised", CITY, COUNTY, CITY, "", False, id="custody has moved on: the holder executes it"),
            pytest.param("FindingRaised", CITY, COUNTY, COUNTY, CITY, False, id="frozen: it follows the ticket"),
            pytest.param("FindingRaised", SISTER, COUNTY, COUNTY, "", False, id="a sister is no superior"),
            pytest.param("TransferRequested", SISTER, COUNTY, SISTER, COUNTY, False, id="nor may it hand down"),
            pytest.param("EscalationRequested", COUNTY, CITY, COUNTY, CITY, True, id="answered before"),
        ],
    )
    def test_what_is_not_this_nodes_to_answer(self, kind: str, asker: str, here: str, holder: str, asked: str, is_answered: bool) -> None:
        addressee = CITY if kind == "EscalationRequested" else here
        ticket = ticket_with(kind, asker, addressee=addressee, holder=holder, asked=asked, is_answered=is_answered)

        assert [] == of_asks(header(kind, asker, addressee=addressee), ticket, tree(here))

    def test_what_waited_for_the_holder_is_taken_up_when_custody_comes(self) -> None:
        """DESIGN 13: an ask follows the ticket to the next holder, also if this node's own entry made it the holder."""
        ticket = ticket_with("WithdrawalRequested", COUNTY, holder=CITY)

        (own,) = of_asks(header("EscalationAccepted", CITY, entry=OPENER), ticket, tree(CITY))
        direct = of_asks(header("WithdrawalRequested", COUNTY), ticket, tree(CITY))

        assert TakeWithdrawal(ASK) == own.command
        assert [own.order_id] == [one.order_id for one in direct], "one command, whichever entry brings it about"


class TestOfCustody:
    """Openers: who has the ticket again goes on, by rule."""

    @pytest.mark.parametrize(
        ("kind", "writer", "here", "holder", "expected"),
        [
            ("EscalationReturned", CITY, COUNTY, COUNTY, [ResumeAfterReturn()]),
            ("EscalationWithdrawn", CITY, COUNTY, COUNTY, [ResumeAfterReturn()]),
            ("DecidedAbove", CITY, COUNTY, COUNTY, [ResumeAfterReturn()]),
            ("CustodyReturned", COUNTY, CITY, CITY, [ResumeAfterReturn()]),
            ("TransferReturned", COUNTY, CITY, CITY, [ResumeAfterReturn()]),
            ("CustodyOverridden", PROVINCE, COUNTY, COUNTY, [ResumeAfterReturn()]),
            ("CustodyOverridden", PROVINCE, CITY, COUNTY, [ReleaseClocks()]),
            ("EscalationReturned", CITY, PROVINCE, COUNTY, []),
            ("EscalationAccepted", CITY, COUNTY, CITY, []),
            ("EscalationAccepted", CITY, CITY, CITY, []),
        ],
    )
    def test_each_opener_has_its_sequel(self, kind: str, writer: str, here: str, holder: str, expected: list[Command]) -> None:
        ticket = replace(a_ticket(), custody=r.Custody(2, holder, opener=OPENER))

        assert expected == [one.command for one in of_custody(header(kind, writer, entry=OPENER), ticket, tree(here))]

    def test_an_opener_that_was_followed_by_another_has_none(self) -> None:
        """Accepted and decided in one batch: what the county gets back is the decision, once."""
        ticket = replace(a_ticket(), custody=r.Custody(3, COUNTY, opener=ASK))

        assert [] == of_custody(header("EscalationAccepted", CITY, entry=OPENER), ticket, tree(COUNTY))

    def test_an_opener_without_effect_has_none(self) -> None:
        ticket = replace(a_ticket(), void=(OPENER,))

        assert [] == of_custody(header("EscalationReturned", CITY, entry=OPENER), ticket, tree(COUNTY))


def test_every_kind_that_is_reacted_to_exists() -> None:
    assert set(EVENTS) >= KINDS
    assert {name for name, event in EVENTS.items() if event.opens and name not in OPENERS} <= {"Registered"}


# --- on real nodes ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def levels(tmp_path: Path) -> tuple[Place, Place, MemoryWire]:
    county, city = make_place(tmp_path, COUNTY), make_place(tmp_path, CITY, "anshun-2025")
    enrol(county, city)
    wire = connect(county, city)
    settle(county, city)
    return county, city, wire


def kinds(place: Place, ticket: str) -> list[str]:
    with place.level.store.read() as view:
        return [one.header.kind for one in view.journal.of_subject(Subject("ticket", ticket))]


def escalated(county: Place, city: Place) -> str:
    number = county.register()
    county.hands.act("office", RequestEscalation(power_item="LAND-07", reason=Text("超出权限")), number)
    settle(county, city)
    return number


def handed_down(city: Place) -> tuple[str, Carried, Carried, Carried]:
    """A ticket that the city asks the county to take: its number, and its first entry, a second one and the ask."""
    number = city.register()
    city.hands.act("office", Form(category="consultation", passed=FORMING_TESTS), number)
    city.hands.act("office", TransferDown(COUNTY, date(2026, 2, 27)), number)
    with city.level.store.read() as view:
        batch = read_down(view, COUNTY, 1, 0)
    found = [one for one in batch.entries if decode_content(one.data).header.subject.id == number]
    registered, formed, asked = found
    return number, registered, formed, asked


def take_down(county: Place, *entries: Carried) -> None:
    """Bring the county these entries, in this order."""
    with county.level.store.write() as work:
        size = down_head(work, CITY).size
        Mirror(county.level.now).take_down(work, CITY, 1, size + 1, entries)


class TestRun:
    """The cursor, on real nodes."""

    def test_a_receipt_is_written_once_however_often_it_is_looked_at(self, levels: tuple[Place, Place, MemoryWire]) -> None:
        county, city, _ = levels
        number = escalated(county, city)
        before = city.contents(CITY)

        with city.level.store.write() as work:
            work.head.reacted = 0
        city.reactions.run()

        assert 1 == kinds(city, number).count("EscalationReceived")
        assert before == city.contents(CITY)

    def test_a_return_starts_the_clocks_of_the_origin_again(self, levels: tuple[Place, Place, MemoryWire]) -> None:
        """AS25-4.4.5c: by the origin's own reaction, from the day of the return."""
        county, city, _ = levels
        number = escalated(county, city)

        city.hands.act("office", ReturnEscalation(_return_reason(city), Text("县级可办")), number)
        settle(city, county)

        assert ["EscalationReturned", "ClocksResumed"] == kinds(county, number)[-2:]
        settle(county, city)
        assert kinds(county, number) == kinds(city, number)

    def test_a_withdrawal_that_comes_too_late_is_answered_with_no(self, levels: tuple[Place, Place, MemoryWire]) -> None:
        """The superior's journal is the arbiter: accepted first, so the ask is refused, and no ask stays open."""
        county, city, _ = levels
        number = escalated(county, city)
        county.hands.act("office", RequestWithdrawalOfEscalation(Text("可自行办理")), number)
        city.hands.act("office", AcceptEscalation(category="coordination", complexity="plain"), number)

        settle(county, city)

        refusals = [kind for kind in kinds(county, number) if kind == "AskRefused"]
        assert (["AskRefused"], CITY) == (refusals, {row.id: row.holder for row in county.rows(schema.tickets)}[number])
        assert [] == [row for row in county.rows(schema.asks) if row.ticket == number and not row.is_answered]

    def test_a_withdrawal_in_time_gives_the_ticket_back(self, levels: tuple[Place, Place, MemoryWire]) -> None:
        county, city, _ = levels
        number = escalated(county, city)
        county.hands.act("office", RequestWithdrawalOfEscalation(Text("可自行办理")), number)

        settle(county, city)

        assert ("registered", COUNTY) == {row.id: (row.state, row.holder) for row in city.rows(schema.tickets)}[number]

    def test_a_superiors_finding_opens_a_new_round_at_once(self, levels: tuple[Place, Place, MemoryWire]) -> None:
        county, city, _ = levels
        number = county.register()
        county.hands.act("window_clerk", AnswerOnTheSpot(Text("渠道已疏通"), category="consultation"), number)
        settle(county, city)

        city.hands.act("office", RaiseFinding(is_consistent=False, is_standard_met=True, note=Text("渠道仍堵塞")), number)
        settle(county, city)

        assert ["FindingRaised", "FindingExecuted"] == kinds(city, number)[-2:]
        # It was answered on the spot: nobody led it, so somebody must be named first.
        assert ["formed"] * 2 == [{row.id: row.state for row in place.rows(schema.tickets)}[number] for place in (county, city)]

    def test_a_clock_that_stands_behind_keeps_the_cursor(self, levels: tuple[Place, Place, MemoryWire]) -> None:
        """DESIGN 9: nothing is skipped; when the clock is right again, the reactions go on from there."""
        county, city, _ = levels
        with city.level.store.write() as work:
            work.head.last_at += 3_600_000_000
        number = escalated(county, city)
        assert "EscalationReceived" not in kinds(city, number)
        with city.level.store.read() as view:
            assert view.head.reacted < view.head.taken

        city.hands.later(hours=2)
        settle(county, city)

        assert 1 == kinds(city, number).count("EscalationReceived")

    def test_a_refused_ask_is_answered_and_the_cursor_moves_on(self, levels: tuple[Place, Place, MemoryWire]) -> None:
        county, city, wire = levels
        wire.is_cut = True
        number = county.register()
        county.hands.act("office", RequestEscalation(power_item="LAND-07", reason=Text("超出权限")), number)
        wire.is_cut = False
        _push(county)

        refusing = Refusing(city, ReceiveEscalation, Refusal(Code.VALUE_NOT_OFFERED, key="x"))
        refusing.reactions.run()

        assert "AskRefused" == kinds(city, number)[-1]
        assert _is_through(city)

    def test_an_ask_that_must_wait_is_left_open(self, levels: tuple[Place, Place, MemoryWire]) -> None:
        """A gap in the line is no answer: the ask stays in the tray."""
        county, city, _ = levels
        number = county.register()
        county.hands.act("office", RequestEscalation(power_item="LAND-07", reason=Text("超出权限")), number)
        _push(county)

        Refusing(city, ReceiveEscalation, Refusal(Code.TICKET_INCOMPLETE, ticket=number)).reactions.run()

        assert "EscalationRequested" == kinds(city, number)[-1]
        assert [False] == [row.is_answered for row in city.rows(schema.asks) if row.ticket == number]
        assert _is_through(city)

    def test_an_ask_that_waited_for_a_missing_entry_is_taken_up_when_that_comes(self, levels: tuple[Place, Place, MemoryWire]) -> None:
        """Whatever the missing entry is: it calls for nothing itself."""
        county, city, _ = levels
        number, registered, formed, asked = handed_down(city)
        take_down(county, registered, asked)
        county.reactions.run()
        assert "TransferReceived" not in kinds(county, number)
        assert _is_through(county)

        take_down(county, formed)
        county.reactions.run()

        assert ["TransferReceived"] == kinds(county, number)[3:]
        assert _is_through(county)

    def test_nor_does_it_matter_that_the_missing_entry_is_the_first(self, levels: tuple[Place, Place, MemoryWire]) -> None:
        county, city, _ = levels
        number, registered, formed, asked = handed_down(city)
        take_down(county, formed, asked)
        county.reactions.run()

        take_down(county, registered)
        county.reactions.run()

        assert ["TransferReceived"] == kinds(county, number)[3:]

    def test_a_bug_in_one_reaction_is_set_aside_and_the_next_goes_on(self, levels: tuple[Place, Place, MemoryWire]) -> None:
        county, city, _ = levels
        first, second = county.register(), county.register()
        for number in (first, second):
            county.hands.act("office", RequestEscalation(power_item="LAND-07", reason=Text("超出权限")), number)
        _push(county)

        Refusing(city, ReceiveEscalation, RuntimeError("bug"), subject=first).reactions.run()

        assert [(first, "reaction:RuntimeError")] == [(row.subject_id, row.reason) for row in city.rows(schema.quarantine)]
        assert "EscalationReceived" not in kinds(city, first)
        assert "EscalationReceived" in kinds(city, second)
        assert _is_through(city)

    def test_a_batch_that_calls_for_none_costs_no_commit_of_its_own(self, levels: tuple[Place, Place, MemoryWire]) -> None:
        county, city, _ = levels
        county.register()
        _push(county)

        assert _is_through(city)

    def test_nor_does_what_a_node_asks_of_the_level_above(self, levels: tuple[Place, Place, MemoryWire]) -> None:
        """By its kind it might call for a reaction; as it stands nothing follows from it here."""
        county, city, wire = levels
        wire.is_cut = True

        escalated(county, city)

        assert _is_through(county)

    def test_an_ask_from_below_is_left_to_the_reactions(self, levels: tuple[Place, Place, MemoryWire]) -> None:
        county, city, wire = levels
        wire.is_cut = True
        number = escalated(county, city)
        wire.is_cut = False

        _push(county)

        assert not _is_through(city)
        assert "EscalationReceived" not in kinds(city, number)

    def test_what_was_written_before_the_reaction_is_passed_by_in_its_commit(self, levels: tuple[Place, Place, MemoryWire]) -> None:
        """The office took the ticket over before anybody reacted to the ask: its entry costs the reactions no second commit."""
        county, city, wire = levels
        wire.is_cut = True
        number = escalated(county, city)
        wire.is_cut = False
        _push(county)
        city.hands.act("office", AcceptEscalation(category="coordination", complexity="plain"), number)
        points: list[str] = []
        city.level.store.fault = points.append

        city.reactions.run()

        assert _is_through(city)
        assert 1 == points.count("commit.after")

    def test_a_bug_in_the_look_leaves_the_entry_to_the_reactions(
        self, levels: tuple[Place, Place, MemoryWire], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The commit that brings it does not fail for it."""
        county, city, wire = levels
        wire.is_cut = True
        number = escalated(county, city)
        wire.is_cut = False
        monkeypatch.setattr(following, "of_asks", _stumble)

        _push(county)

        assert "EscalationRequested" == kinds(city, number)[-1]
        assert not _is_through(city)


class Refusing:
    """A node whose handler answers one kind of command with an error."""

    def __init__(self, place: Place, kind: type[Command], error: Exception, subject: str = "") -> None:
        handler = place.level.handler

        class Stub(Handler):
            def __init__(self) -> None:
                self._blobs = handler.blobs

            def now(self) -> datetime:
                return handler.now()

            def carry_out(self, work: UnitOfWork, order: Order) -> Outcome:
                if isinstance(order.command, kind) and subject in ("", order.subject):
                    raise error
                return handler.carry_out(work, order)

        self.reactions = Reactions(place.level.store, place.level.writer, Stub(), place.level.wall)


def _push(county: Place) -> None:
    county.steady.later(2)
    assert county.session is not None
    while county.session.step(Lane.UP):
        pass


def _stumble(*_: object) -> list[following.Reaction]:
    raise RuntimeError("bug")


def _is_through(place: Place) -> bool:
    with place.level.store.read() as view:
        return view.head.reacted == view.head.taken


def _return_reason(city: Place) -> str:
    policy_names = city.hands.node.policies
    with city.level.store.read() as view:
        offered = policy_names.of_node(view, city.hands.now).pack.names("escalation.return_reasons")
    return offered[0] if offered else "within_authority"
