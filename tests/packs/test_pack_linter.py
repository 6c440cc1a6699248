"""The linter of packs: each test breaks one rule and expects its file, key and rule."""

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator

import pytest

from node.domain.organisation import Role
from node.domain.ticket.decide import DECISIONS
from node.domain.ticket.state import OPEN, State
from node.packs import graph, staffing
from node.packs.fault import Fault, Rule
from node.packs.file import effective_pack, finder, shipped
from node.packs.linter import check, check_file, stands_for
from node.texts.catalogue import LANGS
from tests.support.clauses import read_catalogue

HEAD = '[pack]\nid = "mine"\nversion = "1"\nlevel = "county"\nname = "x"\neffective_from = 2026-01-01\nparents = ["{parent}"]\n\n'


def mine(body: str, parent: str = "xixiu-2025") -> str:
    """A node's own pack over a shipped one."""
    return HEAD.format(parent=parent) + body


def faults_of(body: str, parent: str = "xixiu-2025") -> list[tuple[str, str, Rule]]:
    return [(fault.file, fault.key, fault.rule) for fault in check("mine.toml", mine(body, parent), clause_ids=set(read_catalogue()))]


def leaf(key: str, value: str, source: str = 'default = "x"') -> str:
    """One rule as TOML: *value* as it stands in a file."""
    table, _, name = key.rpartition(".")
    return f'[{table}]\n"{name}" = {{ value = {value}, {source} }}\n' if table else f"[{name}]\nvalue = {value}\n{source}\n"


# A class that no document has, with what it has in common with other packs.
WITH_INQUIRIES = leaf("classes", '["consultation", "coordination", "complaint", "inquiry"]') + leaf("core_class.inquiry", '"consultation"')


class TestOneRule:
    """Each value by itself: a key that the engine knows, of its type, within its range, with a source."""

    @pytest.mark.parametrize(
        ("key", "value", "rule"),
        [
            ("intake.chanels", '["window"]', Rule.KEY_UNKNOWN),
            ("limit.signing", '"2 workdays"', Rule.LIMIT_WITHOUT_CLOCK),
            ("limit.sign", '"0 workdays"', Rule.RANGE),
            ("forming.verified_first", '"yes"', Rule.TYPE),
            ("forming.tests", "true", Rule.TYPE),
            ("revisit.sampling.rate", '"10"', Rule.TYPE),
            ("revisit.sampling.rate", "true", Rule.TYPE),
            ("revisit.sampling.rate", "101", Rule.RANGE),
            ("revisit.sampling.floor", "0", Rule.RANGE),
            ("resolve.starts_on", '"registered"', Rule.VALUE_UNKNOWN),
            ("bodies.government", '" "', Rule.VALUE_UNKNOWN),
            ("forming.tests", '["responsibility", "responsibility"]', Rule.REPEATED),
            ("forming.tests", '["Clear responsibility"]', Rule.VALUE_UNKNOWN),
        ],
    )
    def test_a_wrong_rule_is_named(self, key: str, value: str, rule: Rule):
        """File, key and rule; a limit without a clock is a promise that nobody watches."""
        assert [("mine.toml", key, rule)] == [fault for fault in faults_of(leaf(key, value)) if fault[2] is not Rule.UNDERCUTS_PARENT]

    def test_a_sampling_rate_below_ten_percent_is_refused(self):
        """AS25-3.2.4b: the rate may be raised, never set below 10 %."""
        assert ("mine.toml", "revisit.sampling.rate", Rule.RANGE) in faults_of(leaf("revisit.sampling.rate", "9"))
        assert [] == faults_of(leaf("revisit.sampling.rate", "10"))
        assert [] == faults_of(leaf("revisit.sampling.rate", "25"))

    def test_a_number_without_clause_or_mark_is_refused(self):
        """Beside each value stands its article, or why there is none."""
        assert [("mine.toml", "revisit.sampling.rate", Rule.SOURCE_REQUIRED)] == faults_of("[revisit.sampling]\nrate = { value = 20 }\n")

    def test_a_clause_that_is_not_in_the_catalogue_is_refused(self):
        """Only where the catalogue is given: a node in the field has none."""
        text = mine(leaf("revisit.sampling.rate", "20", 'clause = "AS26-9.9"'))

        assert [("revisit.sampling.rate", Rule.CLAUSE_UNKNOWN)] == [
            (fault.key, fault.rule) for fault in check("mine.toml", text, clause_ids={"AS25-3.2.4b"})
        ]
        assert () == check("mine.toml", text)

    @pytest.mark.parametrize(
        ("cited", "exists"), [("DOC-4.4.1.3", True), ("DOC-4.4.1.3a", True), ("DOC-4.4.1.4", False), ("DOC-4.4.1.3c", False)]
    )
    def test_what_several_clauses_have_in_common_may_be_cited(self, cited: str, exists: bool):
        """A list that two articles make up names what their ids begin with."""
        assert exists == stands_for(cited, {"DOC-4.4.1.3a", "DOC-4.4.1.3b"})

    def test_a_beginning_ends_where_a_number_ends(self):
        """4.1 does not stand for 4.10."""
        assert not stands_for("DOC-4.1", {"DOC-4.10.1a"})


class TestParents:
    """A pack is checked with all that it inherits."""

    def test_an_unknown_parent_is_named(self):
        """The line of parents is complete, or there is no pack."""
        assert [("mine.toml", "pack.parents", Rule.PARENT_UNKNOWN)] == faults_of("", parent="nowhere")

    def test_a_pack_that_is_its_own_parent_is_named(self):
        """A circle has no root."""
        assert [("mine.toml", "pack.parents", Rule.PARENT_CYCLE)] == faults_of("", parent="mine")

    def test_a_parents_fault_is_blamed_on_the_parent(self):
        """Whoever repairs it opens the right file."""
        broken = {**shipped(), "broken": HEAD.format(parent="default").replace('"mine"', '"broken"') + "[limit]\nsign = 2\n"}

        faults = check("mine.toml", mine("", "broken"), broken.get)

        assert [("broken.toml", "limit.sign", Rule.LEAF_FORM)] == [(fault.file, fault.key, fault.rule) for fault in faults]

    @pytest.mark.parametrize(
        ("key", "value", "is_refused"),
        [
            ("limit.sign", '"3 workdays"', True),
            ("limit.sign", '"2 days"', True),
            ("limit.sign", '"2 workdays"', False),
            ("limit.sign", '"1 workday"', False),
            ("limit.resolve.coordination.complex", '"20 workdays"', True),
            ("limit.revisit", '"10 workdays"', True),
            # A default of the product binds nobody.
            ("limit.objection_ruling", '"4 workdays"', False),
        ],
    )
    def test_what_a_document_promises_a_child_may_only_tighten(self, key: str, value: str, is_refused: bool):
        """AS25-5.1: a county is quicker than the city's document, or as quick."""
        assert ([("mine.toml", key, Rule.UNDERCUTS_PARENT)] if is_refused else []) == faults_of(leaf(key, value))

    def test_a_pack_without_a_parent_must_say_everything_itself(self):
        """Nobody who must act is left without a clock: every limit that the engine needs is required."""
        text = mine("").replace('["xixiu-2025"]', "[]")

        missing = {fault.key for fault in check("mine.toml", text) if fault.rule is Rule.KEY_REQUIRED}

        assert {
            "limit.form",
            "limit.sign",
            "limit.objection_ruling",
            "limit.resolve",
            "revisit.sampling.rate",
            "bodies.government",
        } <= missing

    def test_a_parent_in_the_same_folder_is_found(self, tmp_path):
        """``qyzj pack check FILE`` looks beside the file, then among the shipped packs."""
        (tmp_path / "own-parent.toml").write_text(mine("").replace('"mine"', '"own-parent"'), "utf-8")
        (tmp_path / "mine.toml").write_text(mine("", "own-parent"), "utf-8")

        assert () == check_file(tmp_path / "mine.toml")


class TestWhole:
    """What must hold once the parents are laid under a pack."""

    def test_a_class_without_a_handling_limit_is_refused(self):
        """A class that no clock runs for; the limit for what is not classed yet does not stand in."""
        body = WITH_INQUIRIES + leaf("complexities.inquiry", '["plain", "complex"]')

        expected = [("mine.toml", f"limit.resolve.inquiry.{complexity}", Rule.CLASS_WITHOUT_CLOCK) for complexity in ("plain", "complex")]
        assert expected == faults_of(body)
        assert [] == faults_of(body + '[limit]\n"resolve.inquiry" = { value = "3 workdays", default = "x" }\n')

    def test_a_class_without_complexities_is_refused(self):
        """Nobody could form a ticket of it with a limit."""
        assert [("mine.toml", "complexities.inquiry", Rule.CLASS_WITHOUT_COMPLEXITY)] == faults_of(WITH_INQUIRIES)

    def test_a_pack_of_anshun_with_four_members_is_refused(self):
        """AS25-1.1a: "1+4+N" has five member units."""
        four = '["government_office", "service_centre", "development_reform", "investment_promotion"]'

        assert [("mine.toml", "members.units", Rule.MEMBER_COUNT)] == faults_of(leaf("members.units", four))

    def test_a_member_without_a_name_is_refused(self):
        """A unit is shown by its name in this node."""
        members = '["government_office", "service_centre", "development_reform", "investment_promotion", "tax"]'

        assert [("mine.toml", "unit.tax.name", Rule.UNIT_UNNAMED)] == faults_of(leaf("members.units", members))

    def test_a_county_that_inherits_a_citys_ladder_binds_its_own_government(self):
        """A ladder without an addressee at this level would send the county's matter to the city's government (POLICY_PACKS 2 no. 65)."""
        assert [("mine.toml", "bodies.government", Rule.LADDER_WITHOUT_ADDRESSEE)] == faults_of("", parent="anshun-2025")
        assert [] == faults_of(leaf("bodies.government", '"关岭布依族苗族自治县人民政府"'), parent="anshun-2025")

    @pytest.mark.parametrize(
        "form",
        [
            "{prefix}{serial}",
            "{year}{month}{day}",
            "{prefix}{year}{month}{day}{serial}{unit}",
            "{year",
            "{0}{year}{month}{day}{serial}",
            "{year:x9z}{month}{day}{serial}",
        ],
    )
    def test_a_number_that_could_repeat_or_cannot_be_made_is_refused(self, form: str):
        """The serial counts within a day: without day or serial two tickets would share a number."""
        assert [("mine.toml", "number.form", Rule.VALUE_UNKNOWN)] == faults_of(leaf("number.form", f'"{form}"'))


class TestStaffing:
    """No decision without a person under the smallest staffing; no open state without a way out."""

    def test_a_decision_that_only_an_absent_role_may_take_is_refused(self):
        """The smallest node has no tracker."""
        assert [("mine.toml", "rights.DecideExtension", Rule.DECISION_WITHOUT_PERSON)] == faults_of(
            leaf("rights.DecideExtension", '["tracker"]')
        )

    def test_a_decision_that_only_the_handlers_desk_may_take_is_refused(self):
        """There is a person, but he is always the one who handled the ticket (USERS A10)."""
        assert [("mine.toml", "rights.DecideExtension", Rule.DECISION_WITHOUT_PERSON)] == faults_of(
            leaf("rights.DecideExtension", '["department"]')
        )

    def test_a_state_that_nobody_may_leave_is_refused(self):
        """Dispatch is the way on from "formed": given to a role that the smallest node has nobody for, a ticket stays there."""
        wanted = [("mine.toml", "rights.Dispatch", Rule.DECISION_WITHOUT_PERSON), ("mine.toml", "rights", Rule.STATE_WITHOUT_EXIT)]

        assert wanted == faults_of(leaf("rights.Dispatch", '["tracker"]'))

    def test_an_office_of_three_can_be_staffed_and_a_smaller_one_cannot(self):
        """One answers on the spot, another revisits it, a third rules on the recheck; alone nobody may even close it."""
        refused = {size: {key for _, key, _ in faults_of(leaf("staffing.office", str(size)))} for size in (1, 2, 3)}

        rechecks = {"rights.DeclineRecheck", "rights.DecideRecheck", "rights.RuleRecheck"}
        assert {2: rechecks, 3: set()} == {size: refused[size] for size in (2, 3)}
        assert rechecks | {"rights.Close"} <= refused[1]

    def test_a_pack_that_asks_for_a_countersignature_needs_a_leader(self):
        """Nobody needs a department leader until the pack does."""
        body = leaf("completion.needs", '["standard", "countersignature"]')

        assert [("mine.toml", "rights.CountersignReply", Rule.DECISION_WITHOUT_PERSON)] == faults_of(body)
        assert [] == faults_of(body + leaf("staffing.department_leader", "1"))

    def test_the_smallest_staffing_is_that_of_the_design(self):
        """Office 3, one operator, one security administrator (DESIGN 5); one specialist in each of five members (AS25-1.2c)."""
        people = staffing.smallest_staffing(effective_pack("anshun-2025", finder()))

        count = {role: sum(person.role == role.value for person in people) for role in Role}
        wanted = {Role.OFFICE: 3, Role.OPERATOR: 1, Role.SECURITY_ADMIN: 1, Role.SPECIALIST: 5, Role.DEPARTMENT: 1, Role.GOVERNMENT: 1}
        assert wanted == {role: count[role] for role in wanted}

    def test_every_open_state_has_exits_and_every_exit_is_a_command(self):
        """The table of exits follows the engine."""
        known = {command.__name__ for command in DECISIONS}

        assert OPEN | {State.COMPLETED} == set(graph.REGULAR)
        named = {*(name for exits in graph.REGULAR.values() for name in exits), *staffing.NOT_BY_HANDLER, *staffing.NOT_BY_FINDER}
        acts = {*staffing.HANDLES, *staffing.ANSWERS, *staffing.FINDS, *staffing.COUNTERSIGNS, *staffing.NEEDED_IF}
        assert set() == (named | acts) - known

    def test_the_decisions_that_are_proved_are_those_that_the_engine_keeps_apart(self):
        """Whichever decision refuses a handler, or the writer of the finding, is in the table."""
        by_handler = {name for name, calls in calls_of_decisions() if "need_not_handler" in calls}
        by_finder = {name for name, calls in calls_of_decisions() if {"need_outside_recheck", "need_turn"} & calls} - {"MoveRecheckUp"}

        assert set() == by_handler - {*staffing.NOT_BY_HANDLER}
        assert by_finder == {*staffing.NOT_BY_FINDER}


class TestFault:
    """A fault says where and what, in both languages."""

    def test_a_fault_prints_file_key_and_rule_in_chinese_and_english(self):
        """The sentence comes from the catalogues."""
        fault = Fault("mine.toml", "revisit.sampling.rate", Rule.RANGE, {"value": "9", "least": "10", "most": "100"})

        assert "mine.toml: revisit.sampling.rate: range: 9超出范围（10至100）" == fault.sentence("zh-CN")
        assert "mine.toml: revisit.sampling.rate: range: 9 is out of range (10 to 100)" == fault.sentence("en") == str(fault)

    @pytest.mark.parametrize("rule", list(Rule))
    def test_every_rule_has_its_sentence(self, rule: Rule):
        """No rule prints its code alone."""
        assert all(Fault("f", "k", rule).sentence(lang) for lang in LANGS)


def calls_of_decisions() -> Iterator[tuple[str, set[str]]]:
    """Each command with the names that its decision calls, by itself or through functions of its module."""
    for command, decision in DECISIONS.items():
        yield command.__name__, _calls(decision, set())


def _calls(function: Callable[..., object], seen: set[object]) -> set[str]:
    called: set[str] = set()
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function)))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            called.add(node.func.id)
            inner = getattr(inspect.getmodule(function), node.func.id, None)
            if inspect.isfunction(inner) and inner.__module__ == function.__module__ and inner not in seen:
                called |= _calls(inner, {*seen, inner})
    return called
