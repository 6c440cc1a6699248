"""The responsibility catalogue as a value: reading a table, whom it proposes, what it settles."""

from dataclasses import replace
from datetime import date

import pytest

from node.domain.duty_list import (
    NO_LIST,
    DutyItem,
    DutyList,
    Precedent,
    Proposal,
    digest_of,
    proposals,
    read_rows,
    settled,
)

NODE, HOUSING, WATER = "520402", "520402-housing", "520402-water"
UNITS = (HOUSING, WATER)
DAY = date(2026, 3, 2)
LAND = DutyItem("L-1", HOUSING, "land_use", field="infrastructure")
PIPES = DutyItem("W-1", WATER, "water_pipe", field="infrastructure")
LIST = DutyList("2026-1", "d", (LAND, PIPES))
RULED = Precedent("land_use", HOUSING, WATER, "office", "T1", "e1", date(2026, 2, 1), LIST.basis("land_use", DAY))


class TestReadRows:
    """Every fault is named, by row and column; what has none is an item."""

    def test_a_table_in_chinese(self):
        """Columns by their Chinese names; a unit without its node; both ends of the validity."""
        row = {
            "事项编码": "L-1",
            "责任单位": "housing",
            "事项": "land_use",
            "事项名称": "土地使用",
            "法律依据": "《土地管理法》",
            "层级": "county",
            "生效日期": "2026/01/01",
            "失效日期": "2026-12-31",
            "负面事项": "否",
        }

        items, faults = read_rows([row], NODE, UNITS)

        begin, end = date(2026, 1, 1), date(2026, 12, 31)
        assert ((DutyItem("L-1", HOUSING, "land_use", "土地使用", "", "《土地管理法》", "county", begin, end),), ()) == (items, faults)

    @pytest.mark.parametrize(
        ("change", "fault"),
        [
            ({"code": ""}, (2, "code", "required")),
            ({"code": "L-1"}, (2, "code", "repeated")),
            ({"unit": "nobody"}, (2, "unit", "unit_unknown")),
            ({"matter": " "}, (2, "matter", "required")),
            ({"level": "village"}, (2, "level", "level_unknown")),
            ({"valid_from": "1 March"}, (2, "valid_from", "date_form")),
            ({"valid_from": "2026-03-02", "valid_to": "2026-03-01"}, (2, "valid_to", "date_order")),
            ({"is_negative": "perhaps"}, (2, "is_negative", "flag_form")),
            ({"remark": "x"}, (0, "remark", "column_unknown")),
        ],
    )
    def test_faults(self, change: dict[str, str], fault: tuple[int, str, str]):
        """One each."""
        first = {"code": "L-1", "unit": "housing", "matter": "land_use"}
        second = {"code": "W-1", "unit": "water", "matter": "water_pipe"} | change

        _, faults = read_rows([first, second], NODE, UNITS)

        assert [fault] == [(one.row, one.column, one.code) for one in faults]

    def test_the_same_list_has_the_same_digest_in_any_order(self):
        """However its file looked."""
        assert digest_of((LAND, PIPES)) == digest_of((PIPES, LAND)) != digest_of((LAND,))


class TestProposals:
    """The last ruling, as long as the list says the same; else the list, by matter, then by field."""

    @pytest.mark.parametrize(
        ("precedents", "matter", "field", "wanted"),
        [
            ((), "land_use", "", (Proposal(HOUSING, "duty_list", "L-1"),)),
            ((), "unheard_of", "infrastructure", (Proposal(HOUSING, "duty_list", "L-1"), Proposal(WATER, "duty_list", "W-1"))),
            ((), "unheard_of", "", ()),
            ((RULED,), "land_use", "", (Proposal(WATER, "precedent", "T1"),)),
            # A ruling that names nobody only takes its unit out.
            ((replace(RULED, named=""),), "land_use", "", ()),
            # The list has said something else since.
            ((replace(RULED, basis="other"),), "land_use", "", (Proposal(HOUSING, "duty_list", "L-1"),)),
            # The later ruling holds.
            ((RULED, replace(RULED, named=HOUSING, entry="e2", ticket="T2")), "land_use", "", (Proposal(HOUSING, "precedent", "T2"),)),
        ],
    )
    def test_who_should_lead(self, precedents, matter, field, wanted):
        """In the order of the grounds."""
        assert wanted == proposals(LIST, precedents, matter, field, DAY)

    def test_a_negative_item_proposes_nobody(self):
        """It says what a unit does not answer for."""
        negative = DutyList("1", "d", (replace(LAND, is_negative=True),))

        assert () == proposals(negative, (), "land_use", "", DAY)


class TestSettled:
    """What was ruled on is settled for the unit that was named, while the list says the same."""

    @pytest.mark.parametrize(
        ("duties", "unit", "is_settled"),
        [
            (LIST, WATER, True),
            (LIST, HOUSING, False),
            (DutyList("2026-2", "e", (replace(LAND, law_basis="新法"), PIPES)), WATER, False),
            (DutyList("2026-2", "e", (LAND, PIPES, DutyItem("X", WATER, "other"))), WATER, True),
            (NO_LIST, WATER, False),
        ],
    )
    def test_for_whom_and_how_long(self, duties, unit, is_settled):
        """Another version that says the same of the matter changes nothing."""
        assert is_settled == (settled(duties, (RULED,), "land_use", unit, DAY) is not None)

    def test_another_matter_is_open(self):
        """A precedent is one of its matter."""
        assert settled(LIST, (RULED,), "water_pipe", WATER, DAY) is None
