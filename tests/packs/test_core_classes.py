"""Core classes (POLICY_PACKS 2 no. 26): a ticket passes between packs, the receiver proposes its class, the office confirms it."""

from datetime import date
from pathlib import Path

import pytest

from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.ticket.core_class import CORE_CLASSES, core_of, proposed_class
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.escalation import AcceptEscalation, RequestEscalation
from node.domain.ticket.state import State
from node.domain.ticket.transfer import AcceptTransfer, TransferDown
from node.packs.fault import Rule
from node.packs.file import effective_pack, finder, shipped
from tests.clauses.given import CITY, COUNTY, HOUSING, a_county, formed, refuses, the
from tests.clauses.test_levels import carried
from tests.packs.test_pack_linter import faults_of, leaf
from tests.support.levels import join
from tests.support.node import Hands

# Two classes of its own over the product's defaults: what 奉节 calls enforcement is a complaint everywhere else.
OWN = """
[classes]
value = ["enforcement", "consultation"]
default = "of this test"

[complexities]
enforcement = { value = ["plain"], default = "of this test" }

[core_class]
enforcement = { value = "complaint", default = "of this test" }
# Of the same name as 安顺's, and something else.
consultation = { value = "suggestion", default = "of this test" }

[class_of_core]
consultation = { value = "enforcement", default = "of this test" }
coordination = { value = "enforcement", default = "of this test" }

[limit]
"resolve.enforcement" = { value = "3 workdays", default = "of this test" }
"resolve.consultation" = { value = "3 workdays", default = "of this test" }
"""
BEYOND = RequestEscalation(power_item="LAND-07", reason=Text("超出本级权限"))


@pytest.fixture
def levels(tmp_path: Path) -> tuple[Hands, Hands]:
    """A county with classes of its own, below a city under anshun-2025."""
    county, city = a_county(tmp_path, rules=OWN), a_county(tmp_path, code=CITY, pack="anshun-2025")
    join(city, county)
    return county, city


def asked_above(county: Hands, city: Hands, category: str) -> str:
    ticket = formed(county, category, "plain")
    county.act("office", Dispatch(HOUSING), ticket)
    county.act("department", Sign(), ticket, "housing")
    county.act("office", BEYOND, ticket)
    carried(county, city)
    return ticket


class TestGoingUp:
    """The superior's pack has other classes."""

    def test_the_superior_proposes_its_class_and_its_office_confirms(self, levels: tuple[Hands, Hands]):
        """Enforcement is a complaint above: refused with the proposal, taken over under the class named, the county's kept beside it."""
        county, city = levels
        ticket = asked_above(county, city, "enforcement")

        with refuses(Code.CLASS_UNCONFIRMED, category="enforcement", core="complaint", proposed="complaint"):
            city.act("office", AcceptEscalation(), ticket)
        city.act("office", AcceptEscalation(category="complaint"), ticket)

        found = the(city, ticket)
        assert ("complaint", "enforcement") == (found.classing.category, found.escalations[-1].classing.category)

    def test_the_office_may_name_another_than_is_proposed(self, levels: tuple[Hands, Hands]):
        """The proposal binds nobody; but a class that the pack does not have is refused as ever."""
        county, city = levels
        ticket = asked_above(county, city, "enforcement")

        with refuses(Code.VALUE_NOT_OFFERED, key="classes", value="enforcement"):
            city.act("office", AcceptEscalation(category="enforcement"), ticket)
        city.act("office", AcceptEscalation(category="coordination", complexity="complex"), ticket)

        assert "coordination" == the(city, ticket).classing.category

    def test_a_class_of_the_same_name_that_means_something_else_is_confirmed_too(self, levels: tuple[Hands, Hands]):
        """A consultation here that stands for a suggestion: above it is none; 安顺 takes suggestions as consultations if confirmed."""
        county, city = levels
        ticket = asked_above(county, city, "consultation")

        with refuses(Code.CLASS_UNCONFIRMED, category="consultation", core="suggestion", proposed="consultation"):
            city.act("office", AcceptEscalation(), ticket)
        city.act("office", AcceptEscalation(category="consultation"), ticket)

        assert State.FORMED is the(city, ticket).state


class TestGoingDown:
    """The subordinate's pack has other classes than the superior that hands a ticket down."""

    def test_the_county_proposes_its_class_and_its_office_confirms(self, levels: tuple[Hands, Hands]):
        """A complaint of the city is enforcement here; the city's class is kept for its return."""
        county, city = levels
        ticket = formed(city, "complaint")
        city.act("office", TransferDown(COUNTY, date(2026, 3, 13)), ticket)
        carried(county, city)

        with refuses(Code.CLASS_UNCONFIRMED, category="complaint", core="complaint", proposed="enforcement"):
            county.act("office", AcceptTransfer(), ticket)
        county.act("office", AcceptTransfer(category="enforcement"), ticket)

        found = the(county, ticket)
        assert ("enforcement", "complaint") == (found.classing.category, found.escalations[-1].classing.category)

    def test_packs_of_one_parent_need_no_word(self, tmp_path: Path):
        """A county under xixiu-2025 has the city's classes: what means the same is taken over as it is."""
        county, city = a_county(tmp_path), a_county(tmp_path, code=CITY, pack="anshun-2025")
        join(city, county)
        ticket = formed(city, "complaint")
        city.act("office", TransferDown(COUNTY, date(2026, 3, 13)), ticket)
        carried(county, city)

        county.act("office", AcceptTransfer(), ticket)

        assert "complaint" == the(county, ticket).classing.category


class TestMap:
    """The map is pack data, and the linter proves that it is whole."""

    @pytest.mark.parametrize("pack", shipped())
    def test_every_class_of_every_shipped_pack_stands_for_a_core_class_and_back(self, pack: str):
        """From any of the packs to any other something is proposed."""
        rules = effective_pack(pack, finder())

        assert {core_of(rules, one) for one in rules.names("classes")} <= set(CORE_CLASSES)
        assert {proposed_class(rules, core) for core in CORE_CLASSES} <= set(rules.names("classes"))

    @pytest.mark.parametrize(
        ("sender", "category", "receiver", "proposed"),
        [
            ("fengjie-2025", "policy_consultation", "anshun-2025", "consultation"),
            ("fengjie-2025", "enforcement", "anshun-2025", "complaint"),
            ("anshun-2025", "coordination", "fengjie-2025", "other_matter"),
            ("anshun-2025", "complaint", "fengjie-2025", "enforcement"),
            ("xiangshan-2025", "suggestion", "anshun-2025", "consultation"),
            ("haimen-2020", "routine", "xiangshan-2025", "coordination"),
            ("xiangshan-2025", "complaint", "haimen-2020", "routine"),
            ("fengjie-2023", "key", "fengjie-2025", "other_matter"),
        ],
    )
    def test_what_is_proposed_from_pack_to_pack(self, sender: str, category: str, receiver: str, proposed: str):
        """By way of the core class."""
        core = core_of(effective_pack(sender, finder()), category)

        assert proposed == proposed_class(effective_pack(receiver, finder()), core)

    def test_a_class_without_a_core_class_is_a_fault(self):
        """The key that is missing is named."""
        body = leaf("classes", '["consultation", "coordination", "complaint", "inquiry"]') + leaf("complexities.inquiry", '["plain"]')

        found = faults_of(body + leaf("limit.resolve.inquiry", '"3 workdays"'))

        assert [("mine.toml", "core_class.inquiry", Rule.CLASS_WITHOUT_CORE)] == found

    def test_a_core_class_that_nothing_is_proposed_for_is_a_fault(self):
        """What is proposed must be a class of the pack, too."""
        fewer = leaf("classes", '["consultation", "coordination"]')

        assert [("mine.toml", "class_of_core.complaint", Rule.CORE_WITHOUT_CLASS)] == faults_of(fewer)
        assert [("mine.toml", "class_of_core.complaint", Rule.VALUE_UNKNOWN)] == faults_of(
            fewer + leaf("class_of_core.complaint", '"enforcement"')
        )

    def test_only_core_classes_are_stood_for(self):
        """Another word is refused with those that there are."""
        assert [("mine.toml", "core_class.consultation", Rule.VALUE_UNKNOWN)] == faults_of(leaf("core_class.consultation", '"inquiry"'))
