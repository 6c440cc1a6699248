"""A round of sampled revisits, decided: who may do what when, and what follows (AS25-3.2.4b, DESIGN 8, FEDERATION 3)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest

from node.domain import period as d_period
from node.domain import round as d
from node.domain import round_record as record
from node.domain import sampling
from node.domain.command import Facts
from node.domain.entry import Actor, Folded, Happened, Header
from node.domain.pack import Value
from node.domain.payload import Text
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.registry import PayloadOpened
from node.domain.ticket.closing import MONTHS_OF_PERIOD
from node.domain.ticket.finding import FindingRaised
from node.domain.time import local_day
from tests.domain.ticket.given import CITY, COUNTY, NODE, OFFICE, PROVINCE, a_policy, a_ticket, beijing, day_end, workdays

SECRET = bytes(range(32))
ROOT = bytes(32)
RULES: Mapping[str, Value] = {
    "revisit.sampling.rate": 10,
    "revisit.sampling.floor": 1,
    "revisit.sampling.cut_hours": 24,
    "limit.sampled_revisit": workdays(5),
    "revisit.attempts": 3,
}
POLICY = a_policy(RULES, node=CITY, line=(PROVINCE,))
BEFORE = beijing("2026-01-28 09:00")
AFTER = beijing("2026-03-02 09:00")
OPEN = d.OpenRound(COUNTY, "2026-02")
_ids = count(1)


def a_frame(size: int) -> tuple[sampling.FrameEntry, ...]:
    """*size* completions, one entry in ten of the county's stream."""
    return tuple(sampling.FrameEntry(f"52040220260201{n:05}0#1", "completed", 10 * n) for n in range(1, size + 1))


def a_pack_with_rate(rate: int) -> Policy:
    return a_policy({**RULES, "revisit.sampling.rate": rate}, node=CITY, line=(PROVINCE,))


def held(frame: Sequence[sampling.FrameEntry] = (), **more: Any) -> d.Held:
    known = {"fresh": SECRET, "secret": SECRET, "position": record.Place(1, 500), "position_root": ROOT, "frame": tuple(frame)}
    return d.Held(**{**known, **more})


def decided(state: d.RoundState, command: d.RoundCommand, when: datetime, actor: Actor = NODE, policy: Policy = POLICY) -> list[Happened]:
    return d.decide(state, command, Facts(actor), policy, when)


def refused(state: d.RoundState, command: d.RoundCommand, when: datetime, actor: Actor = NODE, policy: Policy = POLICY) -> Refusal:
    with pytest.raises(Refusal) as caught:
        decided(state, command, when, actor, policy)
    return caught.value


def folded(happened: Happened, when: datetime, actor: Actor = NODE) -> Folded:
    number = next(_ids)
    header = Header(CITY, 1, number, f"entry-{number}", when, happened.subject, happened.event.kind(), actor, addressee=happened.addressee)
    return Folded(header, happened.event)


def after(before: record.Round | None, happened: Sequence[Happened], when: datetime, actor: Actor = NODE) -> record.Round:
    found = before
    for one in happened:
        if one.subject.kind == "round":
            found = record.evolve(found, folded(one, when, actor))
    assert found is not None
    return found


def opened(policy: Policy = POLICY) -> record.Round:
    return after(None, decided(d.RoundState(None, held(position=record.Place(1, 40))), OPEN, BEFORE, policy=policy), BEFORE)


def cut() -> record.Round:
    found = opened()
    return after(found, decided(d.RoundState(found, held()), d.CutFrame(), AFTER), AFTER)


def drawn(size: int) -> tuple[record.Round, d.Held]:
    found, known = cut(), held(a_frame(size))
    return after(found, decided(d.RoundState(found, known), d.DrawSample(), AFTER), AFTER), known


def called(found: record.Round, known: d.Held, key: str, **answers: Any) -> record.Round:
    command = d.RecordCall(key, **{"is_reached": True, "is_consistent": True, "is_standard_met": True, **answers})
    return after(found, decided(d.RoundState(found, known), command, AFTER, OFFICE), AFTER, OFFICE)


def not_reached(found: record.Round, known: d.Held, key: str, times: int = 3) -> record.Round:
    for _ in range(times):
        found = called(found, known, key, is_reached=False, is_consistent=None, is_standard_met=None)
    return found


class TestOpening:
    """FEDERATION 3.3: before the period the superior binds itself to a secret that nobody sees."""

    def test_the_commitment_is_journaled_and_the_secret_only_sealed(self) -> None:
        """The entry says the hash; the 32 bytes themselves are a text, which no entry holds."""
        (happened,) = decided(d.RoundState(None, held(position=record.Place(1, 40))), OPEN, BEFORE)

        commitment = sampling.commitment(COUNTY, "2026-02", SECRET).hex()
        expected = record.RoundOpened(COUNTY, "2026-02", 10, 1, commitment, from_epoch=1, from_seq=40, secret=Text(SECRET.hex()))
        assert (expected, "R520400-520402-2026-02", "") == (happened.event, happened.subject.id, happened.addressee)

    def test_a_round_that_is_open_stays_as_it_is(self) -> None:
        """A second secret for the same period would be a choice between two draws."""
        assert [] == decided(d.RoundState(opened(), held(fresh=bytes(32))), OPEN, BEFORE)

    def test_the_pack_may_ask_for_more_and_so_may_the_office(self) -> None:
        policy = a_policy({**RULES, "revisit.sampling.rate": 20, "revisit.sampling.floor": 10}, node=CITY, line=(PROVINCE,))
        command = replace(OPEN, rate=30)

        (happened,) = decided(d.RoundState(None, held()), command, BEFORE, OFFICE, policy)

        assert isinstance(happened.event, record.RoundOpened)
        assert (30, 10) == (happened.event.rate, happened.event.floor)

    @pytest.mark.parametrize(
        ("command", "when", "policy", "code"),
        [
            (replace(OPEN, county="520500"), BEFORE, POLICY, Code.NOT_SUBORDINATE),
            (replace(OPEN, county=PROVINCE), BEFORE, POLICY, Code.NOT_SUBORDINATE),
            (replace(OPEN, period="February"), BEFORE, POLICY, Code.MALFORMED_COMMAND),
            (replace(OPEN, period="2026-13"), BEFORE, POLICY, Code.MALFORMED_COMMAND),
            (replace(OPEN, rate=9), BEFORE, POLICY, Code.SAMPLE_TOO_SMALL),
            (replace(OPEN, rate=101), BEFORE, POLICY, Code.MALFORMED_COMMAND),
            (replace(OPEN, floor=0), BEFORE, POLICY, Code.SAMPLE_TOO_SMALL),
            (OPEN, BEFORE, a_pack_with_rate(9), Code.SAMPLE_TOO_SMALL),
            (replace(OPEN, rate=19), BEFORE, a_pack_with_rate(20), Code.SAMPLE_TOO_SMALL),
            (OPEN, beijing("2026-02-01 00:00"), POLICY, Code.PERIOD_BEGUN),
            # Of two that apply the more basic one is given.
            (replace(OPEN, rate=9), AFTER, POLICY, Code.SAMPLE_TOO_SMALL),
        ],
    )  # fmt: skip
    def test_is_refused(self, command: d.OpenRound, when: datetime, policy: Policy, code: Code) -> None:
        """AS25-3.2.4b: never below 10 %; and nobody commits to a period that has begun."""
        assert code is refused(d.RoundState(None, held()), command, when, policy=policy).code

    def test_the_last_moment_before_the_period_is_in_time(self) -> None:
        assert 1 == len(decided(d.RoundState(None, held()), OPEN, beijing("2026-02-01 00:00") - timedelta(microseconds=1)))

    @pytest.mark.parametrize("other", ["2026-03", "2026-Q1"])
    def test_periods_go_forward(self, other: str) -> None:
        """A county's rounds follow one another and do not overlap, or an outcome would stand in two frames."""
        known = held(others=(d.Former(other, None),))
        assert Code.PERIOD_ORDER is refused(d.RoundState(None, known), OPEN, BEFORE).code

    def test_only_the_office_and_the_node_itself_open_a_round(self) -> None:
        somebody = Actor("x", "window_clerk")
        assert Code.PERMISSION_DENIED is refused(d.RoundState(None, held()), OPEN, BEFORE, somebody).code


class TestCutting:
    """FEDERATION 3.2: the frame is fixed by a position of the county's stream, a day after the period."""

    def test_the_first_frame_begins_where_the_commitment_was_journaled(self) -> None:
        found = opened()

        (happened,) = decided(d.RoundState(found, held()), d.CutFrame(), AFTER)

        assert record.FrameCut(1, 40, 1, 500, ROOT.hex()) == happened.event

    def test_the_next_one_begins_where_the_former_was_cut(self) -> None:
        """So what came too late for one frame stands in the next, and every outcome in exactly one."""
        others = (d.Former("2026-02", None), d.Former("2025-12", record.Place(1, 90)), d.Former("2026-01", record.Place(1, 120)))

        (happened,) = decided(d.RoundState(opened(), held(others=others)), d.CutFrame(), AFTER)

        assert record.FrameCut(1, 120, 1, 500, ROOT.hex()) == happened.event

    def test_a_county_that_came_back_under_a_new_epoch_is_cut_there(self) -> None:
        known = held(position=record.Place(2, 30), others=(d.Former("2026-01", record.Place(1, 120)),))

        (happened,) = decided(d.RoundState(opened(), known), d.CutFrame(), AFTER)

        assert record.FrameCut(1, 120, 2, 30, ROOT.hex()) == happened.event

    def test_it_is_not_cut_before_a_day_has_passed(self) -> None:
        found = d.RoundState(opened(), held())
        earliest = beijing("2026-03-02 00:00")

        assert Code.CUT_TOO_EARLY is refused(found, d.CutFrame(), earliest - timedelta(microseconds=1)).code
        assert 1 == len(decided(found, d.CutFrame(), earliest))

    def test_it_is_not_cut_before_the_former_round(self) -> None:
        known = held(others=(d.Former("2026-01", None), d.Former("2026-02", None)))
        assert Code.PERIOD_ORDER is refused(d.RoundState(opened(), known), d.CutFrame(), AFTER).code

    def test_cutting_twice_changes_nothing(self) -> None:
        """Whoever could cut again could choose among frames."""
        assert [] == decided(d.RoundState(cut(), held(position=record.Place(1, 600))), d.CutFrame(), AFTER)


class TestDrawing:
    """AS25-3.2.4b: at least 10 %, rounded up, by lot."""

    @pytest.mark.clause("AS25-3.2.4b")
    @pytest.mark.parametrize(("completed", "called"), [(0, 0), (1, 1), (9, 1), (10, 1), (11, 2), (30, 3), (101, 11)])
    def test_so_many_are_called_and_anybody_gets_the_same(self, completed: int, called: int) -> None:
        """The row of the clause; the stored frame and the revealed seed give the same picks; 9 % cannot be set."""
        known = held(a_frame(completed))
        found = cut()
        (happened,) = decided(d.RoundState(found, known), d.DrawSample(), AFTER)
        event = happened.event
        assert isinstance(event, record.SampleDrawn)
        late = after(found, [happened], AFTER)

        (revealed, *_) = decided(d.RoundState(late, known), d.RevealRound(), event.window_until)

        assert isinstance(revealed.event, record.RoundRevealed)
        again = sampling.draw_sample([entry.key for entry in known.frame], 10, 1, bytes.fromhex(revealed.event.seed))
        assert (completed, called, again) == (event.frame_size, len(event.keys), event.keys)
        assert Code.SAMPLE_TOO_SMALL is refused(d.RoundState(None, held()), replace(OPEN, rate=9), BEFORE).code

    def test_the_vector_of_the_treaty_with_its_floor_of_ten(self) -> None:
        """FEDERATION 3.4: 23 closings, F = 10: ten calls (the pulse of this round is 32 zero bytes, so the picks differ)."""
        found = replace(cut(), floor=10)

        (happened,) = decided(d.RoundState(found, held(a_frame(23))), d.DrawSample(), AFTER)

        assert isinstance(happened.event, record.SampleDrawn)
        assert 10 == len(happened.event.keys)

    def test_the_window_is_five_working_days(self) -> None:
        """FEDERATION 3.3; drawn on Monday 2 March, it ends with Monday 9 March."""
        assert day_end("2026-03-09") == drawn(30)[0].window_until

    def test_nothing_is_drawn_before_the_cut(self) -> None:
        assert Code.WRONG_STAGE is refused(d.RoundState(opened(), held(a_frame(3))), d.DrawSample(), AFTER).code

    def test_a_secret_other_than_the_one_committed_to_draws_nothing(self) -> None:
        known = held(a_frame(3), secret=bytes(32))
        assert Code.COMMITMENT_BROKEN is refused(d.RoundState(cut(), known), d.DrawSample(), AFTER).code

    def test_drawing_twice_changes_nothing(self) -> None:
        found, known = drawn(30)
        assert [] == decided(d.RoundState(found, known), d.DrawSample(), AFTER)


class TestCalling:
    """DESIGN 8: the superior calls itself, and only whom it drew."""

    def test_an_undrawn_ticket_is_not_called(self) -> None:
        found, known = drawn(30)
        undrawn = next(entry.key for entry in known.frame if entry.key not in found.drawn)

        assert Code.NOT_DRAWN is refused(d.RoundState(found, known), d.RecordCall(undrawn, True, True, True), AFTER, OFFICE).code

    @pytest.mark.parametrize(
        ("answers", "code"),
        [
            ({"is_reached": True, "is_standard_met": True}, Code.FIELD_REQUIRED),
            ({"is_reached": True, "is_consistent": True}, Code.FIELD_REQUIRED),
            ({"is_reached": False, "is_satisfied": True}, Code.MALFORMED_COMMAND),
        ],
    )
    def test_a_call_is_answered_in_full_or_not_at_all(self, answers: Mapping[str, Any], code: Code) -> None:
        found, known = drawn(30)
        assert code is refused(d.RoundState(found, known), d.RecordCall(found.drawn[0], **answers), AFTER, OFFICE).code

    def test_nobody_is_called_again_once_he_answered(self) -> None:
        found, known = drawn(30)
        key = found.drawn[0]
        found = called(found, known, key)

        assert Code.ALREADY_EXISTS is refused(d.RoundState(found, known), d.RecordCall(key, True, True, True), AFTER, OFFICE).code

    def test_the_node_itself_calls_nobody(self) -> None:
        found, known = drawn(30)
        assert Code.PERMISSION_DENIED is refused(d.RoundState(found, known), d.RecordCall(found.drawn[0], False), AFTER).code

    def test_after_three_attempts_the_next_of_the_order_is_called_too(self) -> None:
        """The unreachable one stays in the sample and counts against the county (B13)."""
        found, known = drawn(30)
        order = sampling.draw_order(
            [entry.key for entry in known.frame], sampling.seed(COUNTY, "2026-02", sampling.frame_root(known.frame), SECRET)
        )
        assert found.drawn == order[:3]

        twice = not_reached(found, known, order[0], times=2)
        thrice = not_reached(twice, known, order[0], times=1)

        assert (order[:3], order[:3], (), order[:4], (order[0],)) == (
            twice.drawn, twice.pending, twice.given_up, thrice.drawn, thrice.given_up
        )  # fmt: skip

    def test_with_the_frame_at_its_end_nobody_is_added(self) -> None:
        found, known = drawn(1)
        found = not_reached(found, known, found.drawn[0])
        assert (1, ()) == (len(found.drawn), found.pending)

    def test_a_frame_that_changed_since_the_draw_is_an_alarm(self) -> None:
        found, known = drawn(30)
        found = not_reached(found, known, found.drawn[0], times=2)
        other = held(a_frame(31))

        command = d.RecordCall(found.drawn[0], is_reached=False)
        assert Code.FRAME_CHANGED is refused(d.RoundState(found, other), command, AFTER, OFFICE).code


class TestRevealing:
    """DESIGN 8, 13: with the reveal everything goes down at once; before it, nothing."""

    def test_it_waits_for_the_calls_or_the_end_of_the_window(self) -> None:
        found, known = drawn(11)
        until = day_end("2026-03-09")
        one_called = called(found, known, found.drawn[0])
        both_called = called(one_called, known, found.drawn[1])

        assert Code.CALLS_OPEN is refused(d.RoundState(one_called, known), d.RevealRound(), until - timedelta(microseconds=1)).code
        assert 3 == len(decided(d.RoundState(one_called, known), d.RevealRound(), until))
        assert 3 == len(decided(d.RoundState(both_called, known), d.RevealRound(), AFTER))

    def test_nothing_is_addressed_before_and_everything_with_it(self) -> None:
        found, known = drawn(11)
        before = [
            *decided(d.RoundState(None, held()), OPEN, BEFORE),
            *decided(d.RoundState(opened(), held()), d.CutFrame(), AFTER),
            *decided(d.RoundState(cut(), known), d.DrawSample(), AFTER),
            *decided(d.RoundState(found, known), d.RecordCall(found.drawn[0], False), AFTER, OFFICE),
        ]

        revealed = decided(d.RoundState(found, known), d.RevealRound(), day_end("2026-03-09"))

        assert {""} == {one.addressee for one in before}
        assert {COUNTY} == {one.addressee for one in revealed}

    def test_the_county_sees_who_called_and_who_opened_and_what_was_heard(self) -> None:
        """USERS A2: what stood in the city's journal only is shown now, one entry a drawn ticket."""
        found, known = drawn(11)
        first, second = found.drawn
        opening = Happened(found.subject, PayloadOpened("ticket", record.ticket_of(first), "entry", 1, "drawn"))
        found = after(found, [opening], AFTER, OFFICE)
        found = called(found, known, first, is_satisfied=False)

        _, *shown = decided(d.RoundState(found, known), d.RevealRound(), day_end("2026-03-09"))

        assert [
            record.CallRevealed(first, True, 1, True, True, False, "office", AFTER, ("office",), AFTER),
            record.CallRevealed(second, False, 0),
        ] == [one.event for one in shown]

    def test_what_is_not_as_reported_is_one_finding_a_ticket(self) -> None:
        """AS25-4.7.2a: addressed to whoever holds the ticket, with what was noted; dissatisfaction alone is no finding."""
        ticket = a_ticket()
        keys = (f"{ticket.id}#1", f"{ticket.id}#2", "520402202602010000200#1")
        found, known = drawn(30)
        found = replace(found, drawn=keys)
        found = called(found, known, keys[0], is_consistent=False, is_satisfied=False)
        found = called(found, known, keys[1], is_standard_met=False)
        found = called(found, known, keys[2], is_satisfied=False)
        known = replace(known, notes={keys[0]: Text("the road is still closed")}, tickets={ticket.id: ticket})

        (revealed, *others) = decided(d.RoundState(found, known), d.RevealRound(), AFTER)

        expected = FindingRaised(False, False, round=found.id, note=Text("the road is still closed"))
        findings = [(one.event, one.subject.id, one.addressee) for one in others if one.subject.kind == "ticket"]
        assert [(expected, ticket.id, COUNTY)] == findings
        assert isinstance(revealed.event, record.RoundRevealed)
        assert keys[:2] == revealed.event.findings

    def test_revealing_twice_changes_nothing(self) -> None:
        found, known = drawn(1)
        late = day_end("2026-03-09")
        found = after(found, decided(d.RoundState(found, known), d.RevealRound(), late), late)

        assert ([], record.REVEALED) == (decided(d.RoundState(found, known), d.RevealRound(), late), found.stage)

    def test_the_county_folds_the_same_round_from_the_reveal_alone(self) -> None:
        """It never had the earlier entries; what it needs to repeat the draw stands in the last one."""
        found, known = drawn(11)
        late = day_end("2026-03-09")
        entries = [folded(one, late) for one in decided(d.RoundState(found, known), d.RevealRound(), late)]
        whole = found
        for entry in entries:
            whole = record.evolve(whole, entry) or whole

        below = record.fold_round(entries)

        assert below is not None
        above_only: dict[str, Any] = {"opened_at": below.opened_at, "secret": None, "cut_at": None, "window_until": None}
        assert replace(whole, **above_only) == below


class TestStrangers:
    """What is no round of this node, or no command about one."""

    def test_a_round_of_another_node_is_not_touched(self) -> None:
        theirs = replace(cut(), node=PROVINCE)
        assert Code.SUBJECT_UNKNOWN is refused(d.RoundState(theirs, held()), d.DrawSample(), AFTER).code
        assert Code.SUBJECT_UNKNOWN is refused(d.RoundState(None, held()), d.DrawSample(), AFTER).code


class TestPeriods:
    """Periods are Beijing's months and what is made of them."""

    @pytest.mark.parametrize("kind", sorted(MONTHS_OF_PERIOD))
    @pytest.mark.parametrize("day", ["2026-01-31", "2026-06-30", "2026-12-31"])
    def test_each_name_says_its_period_and_the_next_one_begins_where_it_ends(self, kind: str, day: str) -> None:
        moment = beijing(f"{day} 23:59")
        period = d_period.period_of(local_day(moment), kind)

        assert period == d_period.period_named(period.name)
        assert period.begins <= moment < period.ends
        assert d_period.next_period(local_day(moment), kind).begins == period.ends

    def test_a_month_begins_at_midnight_in_beijing(self) -> None:
        expected = d_period.Period("2026-02", beijing("2026-02-01 00:00"), beijing("2026-03-01 00:00"))
        assert expected == d_period.period_named("2026-02")
