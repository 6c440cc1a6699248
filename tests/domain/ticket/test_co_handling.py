"""Co-handling: other departments take a part, say so, and file it."""

import pytest

from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.ticket.co_handling import AddCoHandler, ConfirmCoHandling, FileContribution, RefuseCoHandling, RuleCoHandling
from node.domain.ticket.state import State
from tests.domain.ticket.given import (
    FINANCE,
    FINANCE_DESK,
    HOUSING,
    HOUSING_DESK,
    OFFICE,
    TAX,
    THURSDAY,
    TUESDAY,
    UNSTAFFED,
    WATER,
    WATER_DESK,
    WEDNESDAY,
    a_completion,
    a_policy,
    a_ticket,
    day_end,
    decided,
    play,
    refused,
)

ADD_WATER = (HOUSING_DESK, AddCoHandler(WATER, Text("Check the pipes.")), TUESDAY)
ADD_FINANCE = (HOUSING_DESK, AddCoHandler(FINANCE, Text("Check the fee.")), TUESDAY)
REFUSE = RefuseCoHandling(Text("Not our duty."))


def parts_of(ticket):
    """Unit and state of each part."""
    return {part.unit: part.state for part in ticket.co_handlers}


def asked():
    """The lead asked water and finance."""
    return play(a_ticket(State.HANDLING), [ADD_WATER, ADD_FINANCE])


class TestAdd:
    """AS25-4.4.3a: the lead adds co-handlers until completion."""

    @pytest.mark.clause("AS25-4.4.3a")
    def test_the_lead_adds_two_and_nobody_else_adds_any(self):
        """Lead A adds B and C: both have a part and a clock; B adds D: rejected; adding after completion: rejected."""
        ticket = asked()

        assert {WATER: "asked", FINANCE: "asked"} == parts_of(ticket)
        assert [(day_end("2026-03-05"), WATER), (day_end("2026-03-05"), FINANCE)] == [
            (ticket.clock(f"co_handle/{unit}").due_at, ticket.clock(f"co_handle/{unit}").owes) for unit in (WATER, FINANCE)
        ]
        assert Code.PERMISSION_DENIED is refused(ticket, WATER_DESK, AddCoHandler(TAX, Text("x")), TUESDAY).code
        assert Code.WRONG_STATE is refused(a_ticket(State.COMPLETED), HOUSING_DESK, AddCoHandler(TAX, Text("x")), THURSDAY).code

    def test_a_part_is_asked_for_once(self):
        """The second time changes nothing."""
        assert [] == decided(asked(), *ADD_WATER)

    @pytest.mark.parametrize(
        ("unit", "task", "code"),
        [
            (UNSTAFFED, "x", Code.UNIT_UNSTAFFED),
            ("520402-nowhere", "x", Code.UNIT_UNKNOWN),
            (HOUSING, "x", Code.MALFORMED_COMMAND),
            (WATER, "", Code.FIELD_REQUIRED),
        ],
    )
    def test_it_must_be_another_staffed_unit_with_a_task(self, unit, task, code):
        """The refusals, in their order."""
        assert code is refused(a_ticket(State.HANDLING), HOUSING_DESK, AddCoHandler(unit, Text(task)), TUESDAY).code


class TestAnswer:
    """AS25-4.4.3b: a part is confirmed, or refused with a reason that the office looks at."""

    @pytest.mark.clause("AS25-4.4.3b")
    def test_one_confirms_and_the_other_refuses(self):
        """The states show it, the office has an item and a clock for the refusal; without a reason there is none."""
        assert Code.FIELD_REQUIRED is refused(asked(), FINANCE_DESK, RefuseCoHandling(Text(" ")), WEDNESDAY).code

        ticket = play(asked(), [(WATER_DESK, ConfirmCoHandling(), WEDNESDAY), (FINANCE_DESK, REFUSE, WEDNESDAY)])

        assert {WATER: "confirmed", FINANCE: "refused"} == parts_of(ticket)
        assert ["CoHandlingRefused"] == [ask.kind for ask in ticket.open_asks()]
        ruling = ticket.clock(f"co_handle_ruling/{FINANCE}")
        assert ("office", day_end("2026-03-06")) == (ruling.owes, ruling.due_at)
        assert [None, None] == [ticket.clock(f"co_handle/{unit}") for unit in (WATER, FINANCE)]

    def test_who_was_not_asked_has_nothing_to_confirm(self):
        """Only the units of the ticket."""
        assert Code.PERMISSION_DENIED is refused(a_ticket(State.HANDLING), WATER_DESK, ConfirmCoHandling(), TUESDAY).code

    @pytest.mark.parametrize(("must_take", "state"), [(True, "confirmed"), (False, "released")])
    def test_the_office_ends_a_refusal(self, must_take, state):
        """Bound or released, and the item is answered."""
        ticket = play(asked(), [(FINANCE_DESK, REFUSE, WEDNESDAY), (OFFICE, RuleCoHandling(FINANCE, must_take, Text("x")), THURSDAY)])

        assert state == parts_of(ticket)[FINANCE]
        assert () == ticket.open_asks()
        assert ticket.clock(f"co_handle_ruling/{FINANCE}") is None

    def test_each_refusal_is_answered_by_its_own_ruling(self):
        """Two refuse; the ruling on one leaves the other's item open."""
        ticket = play(
            asked(),
            [
                (WATER_DESK, REFUSE, WEDNESDAY),
                (FINANCE_DESK, REFUSE, WEDNESDAY),
                (OFFICE, RuleCoHandling(WATER, False, Text("x")), THURSDAY),
            ],
        )

        assert ["finance"] == [ask.account for ask in ticket.open_asks("CoHandlingRefused")]

    def test_a_released_unit_can_be_asked_again(self):
        """The office let it go; the lead asks anew."""
        ticket = play(
            asked(),
            [
                (FINANCE_DESK, REFUSE, WEDNESDAY),
                (OFFICE, RuleCoHandling(FINANCE, False, Text("x")), THURSDAY),
                (HOUSING_DESK, AddCoHandler(FINANCE, Text("Only the fee.")), THURSDAY),
            ],
        )

        assert "asked" == parts_of(ticket)[FINANCE]

    def test_without_a_refusal_there_is_nothing_to_rule(self):
        """A part that is only asked stays with its unit."""
        assert Code.NOTHING_PENDING is refused(asked(), OFFICE, RuleCoHandling(WATER, True, Text("x")), THURSDAY).code

    def test_a_pack_may_limit_the_part_itself(self):
        """From the confirmation on."""
        policy = a_policy({"limit.co_handle_part": a_policy().pack.limit("revisit")})

        ticket = play(asked(), [(WATER_DESK, ConfirmCoHandling(), WEDNESDAY)], policy)

        assert day_end("2026-03-11") == ticket.clock(f"co_handle/{WATER}").due_at


class TestContribute:
    """AS25-4.4.3c: the lead cannot complete while a confirmed part is open."""

    def test_an_open_confirmed_part_holds_up_the_completion(self):
        """Complete with B's part open: rejected naming B; after B filed: accepted."""
        ticket = play(asked(), [(WATER_DESK, ConfirmCoHandling(), WEDNESDAY)])
        refusal = refused(ticket, HOUSING_DESK, a_completion(), THURSDAY)
        assert (Code.PART_OPEN, WATER) == (refusal.code, refusal.facts["units"])

        done = play(ticket, [(WATER_DESK, FileContribution(Text("Pipes are sound.")), THURSDAY), (HOUSING_DESK, a_completion(), THURSDAY)])

        assert (State.COMPLETED, "filed") == (done.state, parts_of(done)[WATER])

    def test_a_part_that_was_never_confirmed_holds_up_nothing(self):
        """Its clock ends with the completion."""
        done = play(asked(), [(HOUSING_DESK, a_completion(), THURSDAY)])

        assert (State.COMPLETED, None) == (done.state, done.clock(f"co_handle/{WATER}"))

    def test_a_refusal_nobody_ruled_on_lapses_with_the_completion(self):
        """No ask stays open for ever."""
        done = play(asked(), [(WATER_DESK, REFUSE, WEDNESDAY), (HOUSING_DESK, a_completion(), THURSDAY)])

        assert () == done.open_asks()

    def test_where_the_pack_allows_it_a_reason_is_enough(self):
        """HM20-3.3b: completed with an open part, with the recorded reason and not without."""
        policy = a_policy({"completion.open_part": "with_reason"})
        ticket = play(asked(), [(WATER_DESK, ConfirmCoHandling(), WEDNESDAY)], policy)

        assert Code.PART_OPEN is refused(ticket, HOUSING_DESK, a_completion(), THURSDAY, policy).code
        done = play(ticket, [(HOUSING_DESK, a_completion(open_part_reason=Text("Answers next year.")), THURSDAY)], policy)
        assert State.COMPLETED is done.state
