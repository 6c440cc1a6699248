"""``pack what-if``: which keys a replay answers for, each answer reckoned by hand, and what would have gone off."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from node.domain.entry import Subject
from node.domain.payload import Contact, Text
from node.domain.refusal import Code
from node.domain.ticket.dispatching import Sign
from node.domain.ticket.extension import DecideExtension, RequestExtension
from node.domain.ticket.intake import Register
from node.domain.ticket.judgement import CloseJudgement, GiveOpinion, OpenJudgement
from node.domain.ticket.sweep import RungFired
from node.domain.time import BEIJING, Limit, Unit
from node.packs.keys import KEYS
from node.services.what_if import is_replayed, replayed_keys
from node.storage import schema
from node.storage.unit_of_work import View
from tests.clauses.given import HOUSING, a_completion, a_county, beijing, dispatched, end_of, handled, refuses, registered
from tests.packs.test_what_if import tried, workdays
from tests.support.node import Hands

CONTACT_IN_24_HOURS = """
[limit]
contact = { value = "24 hours", default = "of this test" }

[contact]
starts_on = { value = "registered", default = "of this test" }
"""
FROM_THE_RECEIPT = """
[limit]
sign = { value = "1 workday", default = "of this test" }
resolve = { value = "3 workdays", default = "of this test" }

[resolve]
starts_on = { value = "signed", default = "of this test" }
"""


# --- due times ----------------------------------------------------------------------------------------------------------


def extended_twice(directory: Path) -> Hands:
    """Formed on 2 March with 10 working days; extended to 27 March and to 10 April, completed on 2 April."""
    hands = a_county(directory, "2026-03-02 09:00")
    ticket = handled(hands)
    for at, promised in (("2026-03-04 10:00", date(2026, 3, 27)), ("2026-03-26 10:00", date(2026, 4, 10))):
        hands.at(beijing(at))
        hands.act("department", RequestExtension(promised, "complex", Text("需专家论证")), ticket, "housing")
        hands.act("office", DecideExtension(is_granted=True), ticket)
    hands.at(beijing("2026-04-02 10:00"))
    hands.act("department", a_completion(hands), ticket, "housing")
    return hands


def conferred(directory: Path) -> Hands:
    """Registered on Monday with one working day to form, conferred on from then till Wednesday."""
    hands = a_county(directory, "2026-03-02 09:00")
    ticket = registered(hands)
    hands.act("office", OpenJudgement((HOUSING,)), ticket)
    hands.at(beijing("2026-03-04 10:00"))
    hands.act("department", GiveOpinion(Text("应受理"), "form"), ticket, "housing")
    hands.act("office", CloseJudgement("form", Text("同意"), (HOUSING,)), ticket)
    return hands.at(beijing("2026-03-10 10:00"))


def raised_on_saturday(directory: Path) -> Hands:
    """Saturday 7 March, 20:00, under a pack that wants contact within 24 hours from the appeal."""
    hands = a_county(directory, "2026-03-07 20:00", rules=CONTACT_IN_24_HOURS)
    hands.act("window_clerk", Register("window", appeal=Text("停水"), phone=Contact("13800001234")))
    return hands.at(beijing("2026-03-12 10:00"))


def received_late(directory: Path) -> Hands:
    """Counted from the receipt: dispatched on Monday, to be received by Tuesday, received on Wednesday."""
    hands = a_county(directory, "2026-03-02 10:00", rules=FROM_THE_RECEIPT)
    ticket = dispatched(hands)
    hands.at(beijing("2026-03-04 10:00"))
    hands.act("department", Sign(), ticket, "housing")
    return hands.at(beijing("2026-03-20 10:00"))


@pytest.mark.parametrize(
    ("story", "clock", "change", "before", "after"),
    [
        # The second extension refused: the first one's date; both refused: the tenth working day after 2 March.
        (extended_twice, "resolve", {"extension__max_count": 2}, "2026-04-10", "2026-04-10"),
        (extended_twice, "resolve", {"extension__max_count": 1}, "2026-04-10", "2026-03-27"),
        (extended_twice, "resolve", {"extension__grounds": ("hard_to_verify",)}, "2026-04-10", "2026-03-16"),
        # The pause of two working days is gone.
        (conferred, "form", {"judgement__pauses_form": False}, "2026-03-05", "2026-03-03"),
        # From Saturday 20:00; from Monday 9:00; on Saturdays somebody is there till 21:00; on Mondays from 8:00.
        (raised_on_saturday, "contact", {"contact__after_hours": "next_opening"}, "2026-03-08 20:00", "2026-03-10 09:00"),
        (
            raised_on_saturday,
            "contact",
            {"contact__after_hours": "next_opening", "opening__saturday": "09:00-21:00"},
            "2026-03-08 20:00",
            "2026-03-08 20:00",
        ),
        (
            raised_on_saturday,
            "contact",
            {"contact__after_hours": "next_opening", "opening__workday": "08:00-12:00"},
            "2026-03-08 20:00",
            "2026-03-10 08:00",
        ),
        # Three working days from the end of Tuesday, when it should have been received; or from Wednesday, when it was in time.
        (received_late, "resolve", {"limit__sign": workdays(2)}, "2026-03-06", "2026-03-09"),
        (received_late, "resolve", {"limit__resolve": workdays(4)}, "2026-03-06", "2026-03-09"),
        (received_late, "sign", {"limit__sign": workdays(2)}, "2026-03-03", "2026-03-04"),
    ],
)
def test_a_key_moves_a_due_time_to_what_a_hand_reckons(
    tmp_path: Path, story: Callable[[Path], Hands], clock: str, change: dict[str, object], before: str, after: str
):
    """A day is its end, 24:00; what is compared is the last due time of the clock in each reckoning."""
    found = [one for one in tried(story(tmp_path), **change).clocks if one.clock == clock]

    expected = tuple(beijing(text) if ":" in text else end_of(text) for text in (before, after))
    assert expected == (found[-1].due_before, found[-1].due_after)


def test_an_extension_that_is_refused_makes_the_completion_late(tmp_path: Path):
    """Completed on 2 April: in time under the second date, late under the first; the second request is no clock any more."""
    found = tried(extended_twice(tmp_path), extension__max_count=1)

    assert ["resolve"] == [one.clock for one in found.newly_late]
    assert [True, False] == [one.due_after is not None for one in found.clocks if one.clock == "extension_decision"]


# --- what goes off --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Hands:
    """Dispatched on Monday 2 March at 9:00 with two working days to sign, signed on Friday; swept at every hour till the 20th."""
    hands = a_county(tmp_path_factory.mktemp("what-if"), "2026-03-02 09:00")
    ticket = dispatched(hands)
    for day in range(2, 21):
        for hour in (0, 9, 10, 14):
            at = beijing(f"2026-03-{day:02d} {hour:02d}:00")
            if at < hands.now:
                continue
            hands.at(at).node.sweep.run(hands.now)
            if (day, hour) == (6, 10):
                hands.act("department", Sign(), ticket, "housing")
    return hands


def tickets_of(view: View) -> list[str]:
    return list(view.connection.execute(select(schema.tickets.c.id)).scalars())


def test_with_nothing_changed_that_goes_off_which_went_off(swept: Hands):
    """Every rung in the journal of a node that was never off, with the time at which it was due."""
    with swept.node.store.read() as view:
        stored = [one for id in tickets_of(view) for one in view.journal.of_subject(Subject("ticket", id))]
    events = [(one.folded.event, one.header.occurred_at) for one in stored]
    journal = sorted((event.clock, event.rung, at) for event, at in events if isinstance(event, RungFired) and at is not None)

    found = tried(swept)

    assert journal
    assert journal == sorted((one.clock, rung.rung, rung.at) for one in found.clocks for rung in one.fired_before)
    assert () == found.fired_otherwise


@pytest.mark.parametrize(
    ("change", "after"),
    [
        # Due on Wednesday 24:00, one day left from Tuesday 0:00, urged then; supervised when it was over.
        ({}, "early_warning 03@00:00, urge 03@00:00, overdue 05@00:00, supervise 05@00:00"),
        # No day left: from Wednesday 0:00.
        ({"warning__short_left": 0}, "early_warning 04@00:00, urge 04@00:00, overdue 05@00:00, supervise 05@00:00"),
        # A limit of four working days ends on Friday; it was signed that morning.
        ({"limit__sign": workdays(4)}, "early_warning 05@00:00, urge 05@00:00"),
        # Supervised a working day after Wednesday is over.
        ({"limit__rung__supervise": workdays(1)}, "early_warning 03@00:00, urge 03@00:00, overdue 05@00:00, supervise 06@00:00"),
        ({"urging__rungs": ("supervise",)}, "early_warning 03@00:00, overdue 05@00:00, supervise 05@00:00"),
        ({"urging__supervise__on": "early_warning"}, "early_warning 03@00:00, urge 03@00:00, supervise 03@00:00, overdue 05@00:00"),
        ({"urging__clocks": ("resolve",)}, "early_warning 03@00:00, overdue 05@00:00"),
        # Of one working day it is warned at 14:00 of the last, and not before the office was open for so many hours.
        ({"limit__sign": workdays(1)}, "early_warning 03@14:00, urge 03@14:00, overdue 04@00:00, supervise 04@00:00"),
        (
            {"limit__sign": workdays(1), "warning__last_day_time": "10:30"},
            "early_warning 03@10:30, urge 03@10:30, overdue 04@00:00, supervise 04@00:00",
        ),
        (
            {"limit__sign": workdays(1), "warning__quiet_office_hours": 8, "opening__workday": "14:00-18:00"},
            "early_warning 03@18:00, urge 03@18:00, overdue 04@00:00, supervise 04@00:00",
        ),
    ],
)
def test_what_would_have_gone_off_is_what_a_hand_reckons(swept: Hands, change: dict[str, object], after: str):
    """The two days to sign, under other rules; each rung with its day of March 2026 and hour, in the order of the times."""
    (sign,) = (one for one in tried(swept, **change).clocks if one.clock == "sign")

    fired = sorted(sign.fired_after, key=lambda one: (one.at, one.times))
    assert after == ", ".join(f"{one.rung} {one.at.astimezone(BEIJING):%d@%H:%M}" for one in fired)


def test_how_often_each_rung_goes_off_is_counted(swept: Hands):
    """Without the limits to sign in the ladder nobody is urged to; the marks stay."""
    found = tried(swept, urging__clocks=("co_handle",)).fired

    assert (0, 0) == (found["urge"][1], found["supervise"][1])
    assert found["overdue"][0] == found["overdue"][1]
    assert min(found["urge"][0], found["supervise"][0]) > 0


# --- which keys -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "answers"),
    [
        ("limit.sign", True),
        ("limit.resolve.coordination.plain", True),
        ("limit.rung.urge", True),
        ("resolve.starts_on", True),
        ("contact.after_hours", True),
        ("opening.saturday", True),
        ("warning.long_left", True),
        ("urging.rungs", True),
        ("urging.urge.on", True),
        ("extension.max_count", True),
        ("judgement.pauses_form", True),
        # The node acts of itself when they are over.
        ("limit.supplement", False),
        ("limit.confirm", False),
        ("limit.evaluate", False),
        ("limit.claim", False),
        ("limit.monthly_check", False),
        ("limit.progress_report.key", False),
        # They time a dossier, a round, or how long something may be asked for.
        ("limit.supervision_reply", False),
        ("limit.minutes", False),
        ("limit.reopen", False),
        # They say who may do what, or to whom it goes.
        ("rework.on", False),
        ("urging.urge.to", False),
        ("sign.on_silence", False),
        ("contact.starts_on", False),
        ("no.such.key", False),
    ],
)
def test_which_keys_a_replay_answers_for(key: str, answers: bool):
    """Those that say when something is due or goes off, or what was recorded and would have been refused."""
    assert answers == is_replayed(key)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"rework__on": ("inconsistent",)}, Code.KEY_NOT_REPLAYED),
        ({"limit__supplement": workdays(9)}, Code.KEY_NOT_REPLAYED),
        # A limit that no pack has set timed nothing.
        ({"limit__contact": Limit(24, Unit.HOUR)}, Code.KEY_NOT_REPLAYED),
        ({"urging__rungs": ("urge", "whisper")}, Code.VALUE_NOT_OFFERED),
        ({"sign__on_silence": "deemed_signed"}, Code.KEY_NOT_REPLAYED),
    ],
)
def test_any_other_is_refused(swept: Hands, change: dict[str, object], code: Code):
    """With a code, and the keys that can be tried among its facts."""
    with refuses(code, **({"offered": ", ".join(replayed_keys())} if code is Code.KEY_NOT_REPLAYED else {})):
        tried(swept, **change)


def test_an_earlier_start_is_refused(tmp_path: Path):
    """From the receipt to the forming: of what was never dispatched the journal has no clock to count."""
    with refuses(Code.EARLIER_START_UNRECORDED, former="signed", wanted="formed"):
        tried(received_late(tmp_path), resolve__starts_on="formed")


def test_every_key_of_the_list_is_one_of_the_schema():
    """The list is made from the schema, so that a new limit of a ticket is tried without another word."""
    assert set(replayed_keys()) <= {row.pattern for row in KEYS}
    assert {"limit.sign", "limit.form", "limit.resolve.<class>"} < set(replayed_keys())
