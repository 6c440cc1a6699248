"""One broken pack for each rule of the linter: whatever a pack must keep, somebody who breaks it is told."""

import pytest

from node.packs.fault import Rule
from node.packs.file import effective_pack, finder, shipped
from node.packs.linter import check
from tests.support.clauses import read_catalogue

HEAD = '[pack]\nid = "mine"\nversion = "1"\nlevel = "county"\nname = "x"\neffective_from = 2026-01-01\nparents = ["{parent}"]\n\n'


def pack(body: str, parent: str = "xixiu-2025") -> str:
    """A county's own pack over a shipped one."""
    return HEAD.format(parent=parent) + body


def leaf(key: str, value: str, source: str = 'default = "x"') -> str:
    table, _, name = key.rpartition(".")
    return f'[{table}]\n"{name}" = {{ value = {value}, {source} }}\n' if table else f"[{name}]\nvalue = {value}\n{source}\n"


FOUR = '["development_reform", "business_environment", "justice"]'
# The rule -> a pack that breaks it, and the key at which it is found.
BROKEN: dict[Rule, tuple[str, str]] = {
    Rule.TOML: ("[pack", ""),
    Rule.HEADER_REQUIRED: (pack("").replace('version = "1"\n', ""), "pack.version"),
    Rule.HEADER_UNKNOWN: (pack("").replace("parents", "parent"), "pack.parent"),
    Rule.HEADER_TYPE: (pack("").replace('"county"', '"village"'), "pack.level"),
    Rule.EFFECTIVE_FROM_REQUIRED: (pack("").replace("effective_from = 2026-01-01\n", ""), "pack.effective_from"),
    Rule.LEAF_FORM: (pack('[limit]\nsign = "2 workdays"\n'), "limit.sign"),
    Rule.KEY_TWICE: (
        pack('[limit]\n"resolve.a" = { value = "1 day", default = "x" }\n[limit.resolve]\na = { value = "1 day", default = "x" }\n'),
        "limit.resolve.a",
    ),
    Rule.LIMIT_FORM: (pack(leaf("limit.sign", '"two days"')), "limit.sign"),
    Rule.SOURCE_REQUIRED: (pack('[limit]\nsign = { value = "1 workday" }\n'), "limit.sign"),
    Rule.SOURCE_TWICE: (pack(leaf("limit.sign", '"1 workday"', 'default = "x", clause = "AS25-4.3.1a"')), "limit.sign"),
    Rule.DEFAULT_REASON: (pack(leaf("limit.sign", '"1 workday"', 'default = " "')), "limit.sign"),
    Rule.PARENT_UNKNOWN: (pack("", "nowhere"), "pack.parents"),
    Rule.PARENT_CYCLE: (pack("", "mine"), "pack.parents"),
    Rule.CLAUSE_UNKNOWN: (pack(leaf("limit.sign", '"1 workday"', 'clause = "AS26-1"')), "limit.sign"),
    Rule.KEY_UNKNOWN: (pack(leaf("intake.chanels", '["window"]')), "intake.chanels"),
    Rule.LIMIT_WITHOUT_CLOCK: (pack(leaf("limit.signing", '"2 workdays"')), "limit.signing"),
    Rule.TYPE: (pack(leaf("forming.verified_first", '"yes"')), "forming.verified_first"),
    Rule.RANGE: (pack(leaf("revisit.sampling.rate", "101")), "revisit.sampling.rate"),
    Rule.REPEATED: (pack(leaf("forming.tests", '["lawfulness", "lawfulness"]')), "forming.tests"),
    Rule.VALUE_UNKNOWN: (pack(leaf("resolve.starts_on", '"whenever"')), "resolve.starts_on"),
    Rule.UNDERCUTS_PARENT: (pack(leaf("limit.sign", '"3 workdays"')), "limit.sign"),
    Rule.KEY_REQUIRED: (pack("").replace('["xixiu-2025"]', "[]"), "limit.sign"),
    Rule.CLASS_WITHOUT_CLOCK: (
        pack(leaf("classes", '["consultation", "inquiry"]') + leaf("complexities.inquiry", '["plain"]')),
        "limit.resolve.inquiry.plain",
    ),
    Rule.CLASS_WITHOUT_COMPLEXITY: (pack(leaf("classes", '["consultation", "inquiry"]')), "complexities.inquiry"),
    Rule.CLASS_WITHOUT_CORE: (
        pack(leaf("classes", '["consultation", "coordination", "complaint", "inquiry"]') + leaf("complexities.inquiry", '["plain"]')),
        "core_class.inquiry",
    ),
    Rule.CORE_WITHOUT_CLASS: (pack(leaf("classes", '["consultation", "coordination"]')), "class_of_core.complaint"),
    Rule.STATE_WITHOUT_EXIT: (pack(leaf("rights.Dispatch", '["tracker"]')), "rights"),
    Rule.LADDER_WITHOUT_ADDRESSEE: (pack("", "anshun-2025"), "bodies.government"),
    Rule.MEMBER_COUNT: (pack(leaf("members.units", '["service_centre"]')), "members.units"),
    Rule.UNIT_UNNAMED: (pack(leaf("steward.tax", '"tax_bureau"')), "unit.tax_bureau.name"),
    Rule.DECISION_WITHOUT_PERSON: (pack(leaf("rights.DecideExtension", '["department"]')), "rights.DecideExtension"),
    Rule.COUNT: (pack(leaf("industries.blocks", '["farming"]'), "fengjie-2023"), "industries.blocks"),
    Rule.ORGANISATION: (pack(leaf("organisation.coordinators", '["justice"]'), "xiangshan-2025"), "organisation.core"),
    Rule.DATE_FORM: (pack(leaf("milestone.begun", '"next summer"')), "milestone.begun"),
    Rule.GROUP_WITHOUT_PARENT: (
        pack('[groups]\nvillage = { value = ["west_village"], default = "x" }\ntown = { value = ["west"], default = "x" }\n'),
        "group.parent.west_village",
    ),
    Rule.BLOCK_WITHOUT_GROUP: (
        pack(leaf("groups.industry", '["farmers"]') + leaf("group.block.farmers", '"mining"')),
        "groups.industry",
    ),
}
# Found only when a pack is called by an id.
BY_ID = {Rule.PACK_UNKNOWN, Rule.ID_DIFFERS}


@pytest.mark.parametrize("rule", [rule for rule in Rule if rule not in BY_ID])
def test_a_pack_that_breaks_the_rule_is_found(rule: Rule):
    """The fault names the rule and the key; the same pack with nothing of its own has no fault."""
    text, key = BROKEN[rule]

    found = [(fault.rule, fault.key) for fault in check("mine.toml", text, clause_ids=set(read_catalogue()))]

    assert (rule, key) in found


@pytest.mark.parametrize("parent", ["xixiu-2025", "fengjie-2023", "fengjie-2025", "xiangshan-2025", "haimen-2020"])
def test_a_pack_that_adds_nothing_to_a_shipped_one_has_no_fault(parent: str):
    """So what is found above is found in what was broken."""
    assert () == check("mine.toml", pack("", parent), clause_ids=set(read_catalogue()))


def test_a_rung_that_addresses_nobody_is_found():
    """No ladder without an addressee: neither who decides last, nor whom a step of supervision goes to."""
    nobody = shipped()["default"].replace('supervise.to = { value = "leader"', 'other.to = { value = "leader"')
    assert nobody != shipped()["default"]
    texts = {**shipped(), "default": nobody.replace("[urging]", "[urging]", 1)}

    found = {(fault.rule, fault.key) for fault in check("mine.toml", pack(""), texts.get)}

    assert (Rule.LADDER_WITHOUT_ADDRESSEE, "urging.supervise.to") in found


@pytest.mark.clause("XS25-4.3.2.0b")
def test_xiangshan_has_one_coordinator_and_four_core_departments_and_the_others_cooperate():
    """XS25-4.3.2.0b: 1+4+N; a pack with three core departments is refused, and so is a unit with two parts or none."""
    units = '["service_centre", "development_reform", "business_environment", "justice"]'

    three = {
        (fault.rule, fault.key)
        for fault in check("mine.toml", pack(leaf("organisation.core", FOUR) + leaf("members.units", units), "xiangshan-2025"))
    }
    twice = {fault.rule for fault in check("mine.toml", pack(leaf("organisation.coordinators", '["justice"]'), "xiangshan-2025"))}

    assert {(Rule.COUNT, "organisation.core"), (Rule.MEMBER_COUNT, "members.units")} <= three
    assert {Rule.ORGANISATION} == twice
    assert () == check("xiangshan-2025.toml", shipped()["xiangshan-2025"])
    whole = effective_pack("xiangshan-2025", finder())
    assert (1, 4) == (len(whole.names("organisation.coordinators")), len(whole.names("organisation.core")))
