"""Extension: a promised date, and an office that decides."""

from datetime import date

import pytest

from node.domain.organisation import Role
from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.ticket.extension import DecideExtension, RequestExtension
from node.domain.ticket.handling import Reclassify
from node.domain.ticket.state import State
from tests.domain.ticket.given import (
    HOUSING,
    HOUSING_DESK,
    OFFICE,
    TUESDAY,
    WATER_DESK,
    a_completion,
    a_policy,
    a_ticket,
    beijing,
    day_end,
    person,
    play,
    refused,
)

REASON = Text("Two authorities must measure.")
# The plain coordination ticket of Monday 2026-03-02 is due at the end of 2026-03-16.
DEADLINE, PROMISED = day_end("2026-03-16"), date(2026, 3, 20)
ASK = RequestExtension(PROMISED, "hard_to_verify", REASON)
DAY_BEFORE = beijing("2026-03-13 16:00")
GRANT, REFUSE = DecideExtension(True), DecideExtension(False, Text("Ten days are enough."))


def asked():
    """An extension is asked for on the last working day before the deadline."""
    return play(a_ticket(State.HANDLING), [(HOUSING_DESK, ASK, DAY_BEFORE)])


class TestExtension:
    """AS25-4.4.2: the department asks and promises, the office decides."""

    @pytest.mark.clause("AS25-4.4.2a")
    def test_the_office_decides_and_the_old_deadline_stands_until_then(self):
        """Pending: unchanged; granted: the new deadline; refused: the old one; too late: rejected; its own request: denied."""
        assert (DEADLINE, PROMISED) == (asked().clock("resolve").due_at, asked().extension.promised)

        granted = play(asked(), [(OFFICE, GRANT, DAY_BEFORE)])
        kept = play(asked(), [(OFFICE, REFUSE, DAY_BEFORE)])

        assert [day_end("2026-03-20"), DEADLINE] == [ticket.clock("resolve").due_at for ticket in (granted, kept)]
        assert [None, None] == [granted.extension, kept.extension]
        late = beijing("2026-03-17 00:00:01")
        assert Code.DEADLINE_PASSED is refused(a_ticket(State.HANDLING), HOUSING_DESK, ASK, late).code
        assert Code.PERMISSION_DENIED is refused(asked(), HOUSING_DESK, GRANT, DAY_BEFORE).code

    def test_who_handles_it_does_not_decide_it_in_another_role_either(self):
        """DESIGN 5: no handler decides its own extension."""
        insider = person("insider", Role.OFFICE, HOUSING)
        assert Code.OWN_CASE is refused(asked(), insider, GRANT, DAY_BEFORE).code

    def test_the_office_has_a_limit_for_its_decision(self):
        """POLICY_PACKS 2 no. 57: one working day, stopped by the decision."""
        clock = asked().clock("extension_decision")
        assert ("office", day_end("2026-03-16")) == (clock.owes, clock.due_at)

        after = play(asked(), [(OFFICE, GRANT, DAY_BEFORE)])
        assert (None, ()) == (after.clock("extension_decision"), after.open_asks())

    def test_a_promise_that_is_missed_is_overdue(self):
        """AS25-4.4.2b: completed on 2026-03-20 is in time, on 03-21 it is not."""
        granted = play(asked(), [(OFFICE, GRANT, DAY_BEFORE)])

        moments = beijing("2026-03-20 23:59"), beijing("2026-03-21 00:01")
        in_time, late = (play(granted, [(HOUSING_DESK, a_completion(), when)]) for when in moments)

        assert (True, False) == (in_time.completion.is_in_time, late.completion.is_in_time)

    def test_granted_after_the_deadline_it_still_heals(self):
        """POLICY_PACKS 2 no. 14: asked for in time, decided late."""
        granted = play(asked(), [(OFFICE, GRANT, beijing("2026-03-17 10:00"))])

        assert day_end("2026-03-20") == granted.clock("resolve").due_at

    def test_there_is_no_cap_unless_the_pack_sets_one(self):
        """POLICY_PACKS 2 no. 14: each is decided and counted."""
        capped = a_policy({"extension.max_count": 1})
        once = play(asked(), [(OFFICE, GRANT, DAY_BEFORE)])
        more = RequestExtension(date(2026, 3, 25), "complex", REASON)

        twice = play(once, [(HOUSING_DESK, more, DAY_BEFORE), (OFFICE, GRANT, DAY_BEFORE)])

        assert (2, day_end("2026-03-25")) == (twice.round.extensions, twice.clock("resolve").due_at)
        assert Code.EXTENSIONS_USED is refused(once, HOUSING_DESK, more, DAY_BEFORE, capped).code

    def test_an_undecided_request_lapses_with_the_completion(self):
        """Nobody has to decide what is done."""
        done = play(asked(), [(HOUSING_DESK, a_completion(), DAY_BEFORE)])

        assert (None, None, ()) == (done.extension, done.clock("extension_decision"), done.open_asks())

    def test_a_granted_promise_is_not_shortened_by_a_new_class(self):
        """Reclassified to a limit that ends before the promise: the promise stays."""
        granted = play(asked(), [(OFFICE, GRANT, DAY_BEFORE)])

        after = play(granted, [(OFFICE, Reclassify("complaint", "plain", Text("It is a complaint.")), DAY_BEFORE)])

        assert day_end("2026-03-20") == after.clock("resolve").due_at

    @pytest.mark.parametrize(
        ("until", "actor", "command", "when", "code"),
        [
            (State.DISPATCHED, HOUSING_DESK, ASK, TUESDAY, Code.WRONG_STATE),
            (State.HANDLING, WATER_DESK, ASK, TUESDAY, Code.PERMISSION_DENIED),
            (State.HANDLING, HOUSING_DESK, RequestExtension(PROMISED, "", REASON), TUESDAY, Code.FIELD_REQUIRED),
            (State.HANDLING, HOUSING_DESK, RequestExtension(PROMISED, "busy", REASON), TUESDAY, Code.VALUE_NOT_OFFERED),
            (State.HANDLING, HOUSING_DESK, RequestExtension(PROMISED, "complex", Text("")), TUESDAY, Code.FIELD_REQUIRED),
            (State.HANDLING, HOUSING_DESK, RequestExtension(None, "complex", REASON), TUESDAY, Code.FIELD_REQUIRED),
            (State.HANDLING, HOUSING_DESK, RequestExtension(date(2026, 3, 16), "complex", REASON), TUESDAY, Code.DATE_TOO_EARLY),
            (State.HANDLING, OFFICE, GRANT, TUESDAY, Code.NOTHING_PENDING),
        ],
    )
    def test_what_is_refused(self, until, actor, command, when, code):
        """AS25-4.4.2b: no request without a date, or with one before the deadline; the refusals in their order."""
        assert code is refused(a_ticket(until), actor, command, when).code

    def test_one_at_a_time_and_no_refusal_without_a_reason(self):
        """A second request waits for the first; a refusal says why."""
        assert Code.DECISION_PENDING is refused(asked(), HOUSING_DESK, ASK, DAY_BEFORE).code
        assert Code.FIELD_REQUIRED is refused(asked(), OFFICE, DecideExtension(False), DAY_BEFORE).code
