"""``qyzj duty``: the catalogue from a file, whose a ticket is, precedents, the problem list, a batch."""

from pathlib import Path

import pytest

from tests.cli.given import Program

SOUND = "事项编码,责任单位,事项,事项名称,领域,法律依据\nL-1,housing,land_use,土地使用,infrastructure,《土地管理法》\n"


@pytest.fixture(autouse=True)
def water(qyzj: Program) -> None:
    """A second department beside housing."""
    assert 0 == qyzj("unit", "open", "water", "水务局").code
    assert 0 == qyzj("account", "open", "wang", "--role", "department", "--unit", "water", "--name", "王强").code


def a_file(directory: Path, text: str = SOUND) -> Path:
    """A catalogue file as a spreadsheet program saves it."""
    path = directory / "duties.csv"
    path.write_text(text, "utf-8-sig")
    return path


def test_a_list_from_a_file_and_whose_a_ticket_is(qyzj: Program, tmp_path: Path):
    """Checked, adopted, shown; adopting it again is nothing; a ticket's page of reasons names the item."""
    path = a_file(tmp_path)
    assert (0, []) == ((checked := qyzj("duty", "check", path, "--json")).code, checked.json["faults"])
    assert ["CatalogueAdopted", "DutyItemListed"] == [
        one["kind"] for one in qyzj("duty", "adopt", path, "--version", "2026-1", "--json").json["entries"]
    ]
    assert [] == qyzj("duty", "adopt", path, "--version", "2026-1", "--json").json["entries"]
    shown = qyzj("duty", "list")
    assert all(word in shown.out for word in ("2026-1", "L-1", "住建局", "土地使用", "《土地管理法》"))

    ticket = qyzj.register("--matter", "land_use")
    qyzj.form(ticket)

    found = qyzj("duty", "show", ticket, "--json").json["proposals"]
    assert [{"unit": "520402-housing", "ground": "duty_list", "of": "L-1"}] == found
    assert "住建局" in qyzj("duty", "show", ticket).out
    refused = qyzj("ticket", "dispatch", ticket, "--as", "centre", "--lead", "water", "--json")
    assert (2, "DEPARTS_FROM_DUTIES") == (refused.code, refused.complaint["refusal"]["code"])


def test_a_faulty_file_changes_nothing_and_every_fault_is_named(qyzj: Program, tmp_path: Path):
    """All or nothing."""
    path = a_file(tmp_path, SOUND + "L-1,nobody,,,,\n")

    said = qyzj("duty", "adopt", path, "--version", "2026-1", "--json")

    assert 2 == said.code
    assert {("code", "repeated"), ("unit", "unit_unknown"), ("matter", "required")} == {
        (one["column"], one["code"]) for one in said.json["faults"]
    }
    assert "" == qyzj("duty", "list", "--json").json["version"]
    assert "没有这个单位" in qyzj("duty", "check", path).out


def test_a_ruling_is_a_precedent_that_everybody_can_look_up(qyzj: Program):
    """In a list, and beside the next ticket of the matter."""
    first, second = (qyzj.register("--matter", "land_use") for _ in range(2))
    for ticket in (first, second):
        qyzj.form(ticket)
    qyzj("ticket", "dispatch", first, "--as", "centre", "--lead", "housing")
    objected = qyzj("ticket", "object", first, "--as", "li", "--reason", "不属我局", "--proposed-unit", "water", "--json")
    assert 0 == objected.code, objected.err
    ruled = qyzj("ticket", "rule-objection", first, "--as", "centre", "--is-upheld", "--reason", "属河道", "--new-lead", "water", "--json")
    assert 0 == ruled.code, ruled.err

    (line,) = qyzj("duty", "precedents", "--json").json["precedents"]
    assert ("land_use", "520402-housing", "520402-water", first) == tuple(line[name] for name in ("matter", "unit", "named", "ticket"))
    assert "水务局" in qyzj("duty", "show", second).out
    assert "水务局" in qyzj("duty", "precedents").out


def test_a_batch_and_the_problem_list(qyzj: Program):
    """Two out in one call; the list of the day numbers them; what nobody judged waits."""
    sent, waiting = [qyzj.register() for _ in range(2)], qyzj.register()
    for ticket in sent:
        qyzj.form(ticket)

    said = qyzj("duty", "send", "B1", "housing", *sent, "--as", "centre", "--json")

    assert 0 == said.code, said.err
    assert ["dispatched"] * 2 == [one["ticket"]["state"] for one in said.json["tickets"]]
    assert {"tickets": sorted(sent), "struck_off": [], "completed": [], "code": "B1"} == qyzj("duty", "batch", "B1", "--json").json
    assert "2 张" in qyzj("duty", "batch", "B1").out
    listed = qyzj("duty", "problems", "--json").json
    assert ([1, 2], [waiting]) == ([one["place"] for one in listed["judged"]], [one["ticket"] for one in listed["waiting"]])
    assert 0 == qyzj("duty", "problems").code


def test_a_node_without_a_list_says_so(qyzj: Program):
    """USERS B15: the first day."""
    assert "尚未启用权责清单" in qyzj("duty", "list").out
