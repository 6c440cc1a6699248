"""Lists taken over on the command line, and given back: what a clerk sees of it."""

from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from node.cli.console import EXIT_REFUSED, EXIT_USAGE
from tests.cli.given import PASSED, PHOTO, Program

MAP = """
[read]
encoding = "gb18030"
time_format = "%Y/%m/%d %H:%M"

[columns]
external_number = "热线单号"
received_at = "呼入时间"
appeal = "反映内容"
name = "来电人"
phone = "来电号码"

[constants]
channel = "hotline_12345"

[values.category]
"求助" = "coordination"
"""
CALLS = """12345热线工单导出
热线单号,呼入时间,来电人,来电号码,反映内容,坐席
12345-0001,2026/01/25 16:20,王五,13912345678,门前道路积水,9号
12345-0002,2026/01/26 08:10,李四,0851-33221100,执照办理慢,3号
"""


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    """A hotline's export as its system writes it, with the column map beside it."""
    (tmp_path / "map.toml").write_text(MAP, "utf-8")
    file = tmp_path / "calls.csv"
    file.write_bytes(CALLS.encode("gb18030"))
    return file


def workbook(file: Path, *lines: tuple[object, ...]) -> Path:
    """A workbook of one sheet."""
    book = Workbook()
    for line in lines:
        book.active.append(list(line))
    book.save(file)
    return file


class TestHotline:
    """USERS B15: any hotline's export by a saved column map; external number and time of the call are mandatory."""

    def test_a_dry_run_says_what_would_be_and_writes_nothing(self, qyzj: Program, calls: Path) -> None:
        """The answer is that of the import itself."""
        before = qyzj("status", "--json").json

        said = qyzj("import", "hotline", calls, "--map", calls.parent / "map.toml", "--dry-run", "--json")

        assert (0, 2, True) == (said.code, said.json["imported"], said.json["is_dry_run"])
        assert before == qyzj("status", "--json").json
        assert [] == qyzj("ticket", "list", "--json").json["tickets"]

    def test_the_same_file_again_brings_nothing_and_a_longer_one_only_what_is_new(self, qyzj: Program, calls: Path) -> None:
        """Channel and external number are the key."""
        arguments = ("import", "hotline", calls, "--map", calls.parent / "map.toml", "--json")
        first = qyzj(*arguments).json
        again = qyzj(*arguments).json
        calls.write_bytes((CALLS + "12345-0003,2026/01/26 08:40,赵六,13800000000,噪声扰民,1号\n").encode("gb18030"))
        longer = qyzj(*arguments).json

        assert [(2, 0), (0, 2), (1, 2)] == [(one["imported"], one["known"]) for one in (first, again, longer)]
        assert (0, 0) == (again["entries"], len(again["tickets"]))
        assert 3 == len(qyzj("ticket", "list", "--json").json["tickets"])

    def test_a_call_that_was_entered_by_hand_is_known(self, qyzj: Program, calls: Path) -> None:
        """The need is there once."""
        qyzj.register("--external-number", "12345-0001")

        said = qyzj("import", "hotline", calls, "--map", calls.parent / "map.toml", "--json").json

        assert (1, 1) == (said["imported"], said["known"])

    def test_every_fault_is_named_with_row_column_and_remedy_and_nothing_is_imported(self, qyzj: Program, calls: Path) -> None:
        """All at once, so that the file is corrected once."""
        calls.write_bytes((CALLS + ",2026/01/26 08:40,赵六,13800000000,噪声,1\n12345-0004,昨天,赵六,12345,噪声,1\n").encode("gb18030"))

        said = qyzj("import", "hotline", calls, "--map", calls.parent / "map.toml", "--json")

        assert EXIT_REFUSED == said.code
        found = [(one["row"], one["column"], one["code"]) for one in said.json["faults"]]
        assert [(5, "热线单号", "required"), (6, "呼入时间", "time_form"), (6, "来电号码", "phone_form")] == found
        assert all(one["sentence"] and one["remedy"] for one in said.json["faults"])
        assert [] == qyzj("ticket", "list", "--json").json["tickets"]
        shown = qyzj("import", "hotline", calls, "--map", calls.parent / "map.toml").out
        assert "发现3处问题" in shown
        assert "“来电号码”填写的“12345”不是有效的电话号码。" in shown

    def test_a_missing_column_and_an_unknown_map_field_are_named(self, qyzj: Program, calls: Path) -> None:
        """Before any row is read."""
        (calls.parent / "map.toml").write_text(MAP + '\n[columns2]\nx = "y"\n', "utf-8")
        unknown = qyzj("import", "hotline", calls, "--map", calls.parent / "map.toml", "--json").json["faults"]
        (calls.parent / "map.toml").write_text(MAP.replace("呼入时间", "接通时间"), "utf-8")
        missing = qyzj("import", "hotline", calls, "--map", calls.parent / "map.toml", "--json").json["faults"]

        assert [("columns2", "map_unknown")] == [(one["column"], one["code"]) for one in unknown]
        assert [("接通时间", "column_missing")] == [(one["column"], one["code"]) for one in missing]

    def test_the_answers_go_back_by_the_hotlines_own_numbers(self, qyzj: Program, calls: Path, tmp_path: Path) -> None:
        """What is not over has its state and no answer."""
        tickets = qyzj("import", "hotline", calls, "--map", calls.parent / "map.toml", "--json").json["tickets"]
        qyzj("ticket", "form", tickets[0], "--as", "centre", "--category", "coordination", *PASSED)
        qyzj("ticket", "dispatch", tickets[0], "--as", "centre", "--lead", "housing")
        qyzj("ticket", "sign", tickets[0], "--as", "li")
        proof = tmp_path / "proof.jpg"
        proof.write_bytes(PHOTO)
        digest = qyzj("ticket", "attach", proof, "--json").json["digest"]
        done = qyzj(
            "ticket", "complete", tickets[0], "--as", "li", "--standard", "solved", "--result", "已疏通", "--is-truthful",
            "--feedback-way", "phone", "--feedback", "已告知", "--evidence", digest, "--json",
        )  # fmt: skip
        assert 0 == done.code

        for name in ("answers.csv", "answers.xlsx"):
            said = qyzj("export", "answers", "--channel", "hotline_12345", "--to", tmp_path / name, "--json").json
            assert (2, 1) == (said["count"], said["answered"])

        lines = (tmp_path / "answers.csv").read_text("utf-8-sig").splitlines()
        assert lines[1].startswith(f"12345-0001,{tickets[0]},") and lines[1].endswith(",已疏通")
        assert lines[2].startswith(f"12345-0002,{tickets[1]},") and lines[2].endswith(",")
        page = load_workbook(tmp_path / "answers.xlsx").active
        assert ["12345-0001", "已疏通"] == [page.cell(3, 1).value, page.cell(3, 9).value]


class TestUnits:
    """USERS B15: a node starts empty; one list brings units and people."""

    def test_a_list_of_units_and_people_lets_the_first_ticket_be_dispatched(self, qyzj: Program, tmp_path: Path) -> None:
        """Roles may be written in words; again, it changes nothing."""
        file = workbook(
            tmp_path / "units.xlsx",
            ("西秀区单位与人员",),
            ("单位编码", "单位名称", "账号", "姓名", "联系电话", "角色"),
            ("water", "水务局", "shui", "孙七", "13800000001", "department"),
            ("water", "", "zhang", "张八", "", "department，department_leader"),
            ("finance", "财政局", "", "", "", ""),
        )

        first, again = (qyzj("import", "units", file, "--json").json for _ in range(2))

        assert [(3, 0), (0, 3)] == [(one["imported"], one["known"]) for one in (first, again)]
        accounts = {one["account"]: one["roles"] for one in qyzj("account", "list", "--json").json["accounts"]}
        assert (["department"], ["department", "department_leader"]) == (accounts["shui"], accounts["zhang"])
        units = {one["unit"]: one["staff"] for one in qyzj("unit", "list", "--json").json["units"]}
        assert (2, 0) == (units["520402-water"], units["520402-finance"])

    def test_an_unknown_role_and_an_administrator_are_refused_and_nobody_is_opened(self, qyzj: Program, tmp_path: Path) -> None:
        """The centre opens no administrator: that is the security administrator's."""
        file = workbook(
            tmp_path / "units.xlsx",
            ("单位编码", "单位名称", "账号", "角色"),
            ("water", "水务局", "shui", "chief"),
            ("water", "水务局", "ops", "operator"),
        )

        said = qyzj("import", "units", file, "--json")

        assert [(2, "角色", "value_unknown"), (3, "", "PERMISSION_DENIED")] == [
            (one["row"], one["column"], one["code"]) for one in said.json["faults"]
        ]
        assert "shui" not in {one["account"] for one in qyzj("account", "list", "--json").json["accounts"]}

    def test_a_duty_list_is_a_version_taken_whole(self, qyzj: Program, tmp_path: Path) -> None:
        """With one faulty row none is adopted; a unit may be called by its name."""
        head = "事项编码,责任单位,事项,事项名称\n"
        file = tmp_path / "duties.csv"
        file.write_text(head + "D1,住建局,road_repair,道路养护\nD2,水利局,drain,排水\n", "utf-8")
        faulty = qyzj("import", "duties", file, "--version", "2026-1", "--json")
        file.write_text(head + "D1,住建局,road_repair,道路养护\n", "utf-8")
        taken = qyzj("import", "duties", file, "--version", "2026-1", "--json")

        assert [(3, "责任单位", "unit_unknown")] == [(one["row"], one["column"], one["code"]) for one in faulty.json["faults"]]
        assert 1 == taken.json["imported"]
        assert ["D1"] == [one["code"] for one in qyzj("duty", "list", "--json").json["items"]]


def test_an_unknown_kind_or_file_is_refused_with_what_there_is(qyzj: Program, tmp_path: Path) -> None:
    """Nobody guesses."""
    (tmp_path / "x.pdf").write_bytes(b"%PDF")

    assert "VALUE_NOT_OFFERED" == qyzj("import", "people", tmp_path / "x.pdf", "--json").complaint["refusal"]["code"]
    assert EXIT_USAGE == qyzj("import", "units", tmp_path / "none.csv").code
    assert "file_suffix" == qyzj("import", "units", tmp_path / "x.pdf", "--json").json["faults"][0]["code"]


def test_the_ledger_is_written_with_its_fixed_columns_as_text(qyzj: Program, tmp_path: Path) -> None:
    """Per unit and period; what lies outside is not in it."""
    ticket = qyzj.handle()
    qyzj.register()
    file = tmp_path / "ledger.xlsx"

    said = qyzj("ledger", "--unit", "housing", "--from", "2026-01-26", "--to", "2026-01-26", "--to-file", file, "--json")
    none = qyzj("ledger", "--unit", "housing", "--from", "2026-01-27", "--json").json["rows"]

    assert (0, [ticket], []) == (said.code, [one["ticket"] for one in said.json["rows"]], none)
    page = load_workbook(file).active
    assert ("登记号", "当前责任方") == (page.cell(3, 1).value, page.cell(3, 18).value)
    assert (ticket, "@", "住建局", "办理中") == (
        page.cell(4, 1).value, page.cell(4, 1).number_format, page.cell(4, 8).value, page.cell(4, 17).value,
    )  # fmt: skip
