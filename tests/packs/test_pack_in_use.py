"""A ticket's life under the shipped packs, with the shipped calendar: the numbers of the documents, not of a test's own pack."""

import pytest

from node.domain.organisation import Place, Role
from node.domain.payload import Text
from node.domain.policy import Policy
from node.domain.ticket.checks import steward_of
from node.domain.ticket.closing import Close
from node.domain.ticket.completion import Complete
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.forming import Form
from node.domain.ticket.revisit import RecordRevisit
from node.domain.ticket.state import State
from node.domain.ticket.ticket import Ticket
from node.packs.calendar_file import parse_calendar, shipped_texts, work_calendar
from node.packs.file import effective_pack, finder
from node.packs.published import published
from tests.domain.ticket.given import (
    CLERK,
    FORM_TESTS,
    HOUSING,
    HOUSING_DESK,
    OFFICE,
    OFFICE_2,
    PHOTO,
    a_registration,
    beijing,
    day_end,
    play,
)

FRIDAY = beijing("2026-02-13 09:00")
CALENDAR = work_calendar([parse_calendar(file, text) for file, text in shipped_texts().items()], published)
SUPERIORS = {"520000": "", "520400": "520000", "520402": "520400"}


def policy_of(pack: str, node: str, *line: str) -> Policy:
    return Policy(effective_pack(pack, finder()), CALENDAR, Place(node, line, SUPERIORS))


XIXIU = policy_of("xixiu-2025", "520402", "520400", "520000")
ANSHUN = policy_of("anshun-2025", "520400", "520000")
GUIZHOU = policy_of("guizhou", "520000")


def formed(category: str, complexity: str = "plain", policy: Policy = XIXIU) -> Ticket:
    """Registered and formed on Friday 2026-02-13, two days before the Spring Festival."""
    form = Form(category, complexity, passed=FORM_TESTS)
    return play(None, [(CLERK, a_registration(first_contact=""), FRIDAY), (OFFICE, form, FRIDAY)], policy)


def due_day(ticket: Ticket, clock: str, policy: Policy = XIXIU) -> object:
    found = ticket.clock(clock, policy.node)
    assert found is not None
    return found.due_at


class TestTimeLimits:
    """AS25-4.4.1: due so many working days after the ticket was formed, make-up workdays counted."""

    @pytest.mark.clause("AS25-4.4.1.1")
    def test_a_consultation_is_due_after_one_working_day(self):
        """Formed Friday 2026-02-13: end of Saturday 2026-02-14, a make-up workday."""
        assert day_end("2026-02-14") == due_day(formed("consultation"), "resolve")

    @pytest.mark.clause("AS25-4.4.1.2a")
    def test_a_plain_coordination_is_due_after_ten(self):
        """Formed 2026-02-13, signed 2026-02-24: end of 2026-03-05, whenever it was signed."""
        steps = [(OFFICE, Dispatch(lead=HOUSING), FRIDAY), (HOUSING_DESK, Sign(), beijing("2026-02-24 10:00"))]
        signed = play(formed("coordination"), steps, XIXIU)

        assert (State.HANDLING, day_end("2026-03-05")) == (signed.state, due_day(signed, "resolve"))

    @pytest.mark.clause("AS25-4.4.1.3a")
    def test_a_plain_complaint_is_due_after_five(self):
        """Formed 2026-02-13: end of 2026-02-27."""
        assert day_end("2026-02-27") == due_day(formed("complaint"), "resolve")

    @pytest.mark.clause("AS25-4.4.1.3b")
    def test_a_complex_complaint_is_due_after_fifteen(self):
        """Formed 2026-02-13: end of 2026-03-12."""
        assert day_end("2026-03-12") == due_day(formed("complaint", "complex"), "resolve")

    def test_the_county_and_the_city_have_the_same_limits(self):
        """A county that inherits binds its bodies, nothing else."""
        assert due_day(formed("complaint"), "resolve") == due_day(formed("complaint", policy=ANSHUN), "resolve", ANSHUN)

    def test_a_ticket_in_the_province_has_a_clock_though_its_document_is_missing(self):
        """USERS B12: guizhou gives no value; the product's default runs, and says that it is one."""
        ticket = formed("coordination", policy=GUIZHOU)

        assert day_end("2026-03-12") == due_day(ticket, "resolve", GUIZHOU)
        assert "default" == GUIZHOU.pack.rules["limit.resolve"].clause


class TestSpine:
    """Every decision on the plain road finds what it asks the pack for."""

    @pytest.mark.parametrize("policy", [XIXIU, ANSHUN, GUIZHOU], ids=["xixiu-2025", "anshun-2025", "guizhou"])
    def test_a_ticket_goes_from_registration_to_its_close(self, policy: Policy):
        """Formed, dispatched, signed, completed, revisited and closed; nobody is left with a running clock."""
        completion = Complete(
            standard="solved",
            result=Text("The certificate was issued."),
            is_truthful=True,
            feedback_way="phone",
            feedback=Text("Told the owner."),
            evidence=(PHOTO,),
        )
        revisit = RecordRevisit(is_consistent=True, is_standard_met=True, evaluation="satisfied", way="phone")
        steps = [
            (OFFICE, Dispatch(lead=HOUSING), FRIDAY),
            (HOUSING_DESK, Sign(), beijing("2026-02-14 09:00")),
            (HOUSING_DESK, completion, beijing("2026-02-24 09:00")),
            (OFFICE_2, revisit, beijing("2026-02-25 09:00")),
            (OFFICE, Close(), beijing("2026-02-26 09:00")),
        ]

        closed = play(formed("coordination", policy=policy), steps, policy)

        assert (State.CLOSED, []) == (closed.state, [clock.name for clock in closed.clocks.values() if clock.is_running])


class TestStewards:
    """AS25-3.3, 3.4: a field has its steward, in each node the node's own unit of that name."""

    @pytest.mark.parametrize(
        ("policy", "field", "unit"),
        [
            (ANSHUN, "private_economy_environment", "520400-development_reform"),
            (ANSHUN, "business_environment", "520400-investment_promotion"),
            (ANSHUN, "investment_promotion", "520400-investment_promotion"),
            (XIXIU, "investment_promotion", "520402-investment_promotion"),
            (XIXIU, "tax", ""),
            (GUIZHOU, "investment_promotion", ""),
        ],
    )
    def test_the_steward_of_a_field_is_a_unit_of_this_node(self, policy: Policy, field: str, unit: str):
        """The pack names the unit without a node, so that a county that inherits it has its own."""
        assert unit == steward_of(field, policy)

    def test_the_roles_that_the_packs_staff_are_roles_of_the_engine(self):
        """staffing.<role> counts accounts of a role that exists."""
        staffed = {key.removeprefix("staffing.") for key in XIXIU.pack.rules if key.startswith("staffing.")}

        assert set() == staffed - {role.value for role in Role}
