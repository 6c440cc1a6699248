"""How a ticket ends without a result: 奉节's three grounds under a pack that has them."""

import pytest

from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.ticket.state import State
from node.domain.ticket.supplement import ApplySupplement, DecideSupplement
from node.domain.ticket.termination import ApplyTermination, DecideTermination, Withdraw
from tests.clauses.given import a_county, handled, refuses, swept, the
from tests.support.node import Hands

RULES = """
[termination]
reasons = { value = ["withdrawn", "refuses_materials", "false_information"], clause = "FJ25-3.9.1" }
[withdrawal]
effect = { value = "at_once", clause = "FJ25-3.9.1" }
"""


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Hands:
    """A county under 奉节's article 9: each test has a need of its own."""
    return a_county(tmp_path_factory.mktemp("termination"), rules=RULES)


@pytest.mark.clause("FJ25-3.9.1")
def test_what_the_enterprise_withdraws_ends_at_once(county: Hands):
    """FJ25-3.9.1: by its own act; a handler needs proof that it was withdrawn."""
    ticket, other = handled(county), handled(county)

    county.act("enterprise", Withdraw(), ticket)
    with refuses(Code.EVIDENCE_MISSING):
        county.act("department", ApplyTermination("withdrawn"), other, "housing")

    assert (State.TERMINATED, "withdrawn") == (the(county, ticket).state, the(county, ticket).terminated_for)
    assert State.HANDLING is the(county, other).state


@pytest.mark.clause("FJ25-3.9.2")
def test_who_refuses_material_was_asked_for_it_before(county: Hands):
    """FJ25-3.9.2: without a request in the history there is no such ground."""
    ticket = handled(county)
    refusal = ApplyTermination("refuses_materials", note=Text("三次催要，明确拒绝"))
    with refuses(Code.GROUND_NOT_MET, ground="supplement_request"):
        county.act("department", refusal, ticket, "housing")

    county.act("department", ApplySupplement(("lease",), Text("需租赁合同")), ticket, "housing")
    with refuses(Code.GROUND_NOT_MET, ground="supplement_request"):  # the office has not let him be asked yet
        county.act("department", refusal, ticket, "housing")
    county.act("office", DecideSupplement(consents=True), ticket)
    swept(county, "2026-02-28 00:00")
    county.act("department", refusal, ticket, "housing")
    county.act("office", DecideTermination(is_granted=True), ticket)

    assert (State.TERMINATED, "refuses_materials") == (the(county, ticket).state, the(county, ticket).terminated_for)
