"""A window clerk's call at 10:20 (USERS, walk a), on the command line: found, told, taken in, put right, hidden, filed."""

from pathlib import Path

import pytest

from tests.cli.given import PASSED, PHONE, Program

CODE = "91350211M000100Y43"


@pytest.fixture
def qyzj(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Program:
    """西秀区 with a department."""
    program = Program(tmp_path, capsys)
    program.init()
    program.staff()
    return program


def test_a_known_caller_asks_and_brings_more(qyzj: Program):
    """By the number shown she finds enterprise and need, reads one line aloud, notes the enquiry, and takes two more matters in."""
    opening = ("enterprise", "open", "--as", "centre", "--name", "惠民餐饮店", "--credit-code", CODE)
    file = qyzj(*opening, "--contact", "赵某", "--phone", PHONE, "--json").json["subject"]["id"]
    old = qyzj(
        "ticket", "register", "--as", "centre:window_clerk", "--channel", "window", "--appeal", "办证", "--enterprise", CODE, "--json"
    )
    number = old.json["ticket"]["id"]

    for said in (PHONE, "惠民", CODE, number, old.json["ticket"]["spoken"]):
        found = qyzj("ticket", "find", said, "--as", "centre:window_clerk", "--json").json
        assert [number] == [line["ticket"] for line in found["tickets"]], said
    aloud = qyzj("ticket", "find", "惠民", "--as", "centre:window_clerk").out
    assert "“形成工单”的期限到1月27日" in aloud and "赵某" not in aloud  # no answer is promised for that day
    assert 0 == qyzj("ticket", "log-enquiry", number, "--as", "centre:window_clerk", "--told", "已告知").code
    call = qyzj(
        "ticket", "register", "--as", "centre:window_clerk", "--channel", "window", "--appeal", "门前积水", "--further", "用电增容",
        "--enterprise", file, "--is-read-back", "--json",
    ).json  # fmt: skip
    assert ["Registered", "Registered"] == [entry["kind"] for entry in call["entries"]]

    page = qyzj("enterprise", "file", CODE, "--json").json
    assert (3, 1) == (len(page["tickets"]), max(line["enquiries"] for line in page["tickets"]))
    assert 3 == qyzj("enterprise", "profile", file, "--json").json["tickets"]


def test_what_is_to_be_completed_says_so(qyzj: Program):
    """Without a name there is a number and no ticket; filled in there is one."""
    typed = ("--channel", "hotline_12345", "--appeal", "道路施工", "--phone", PHONE, "--received-at", "2026-01-26T08:55")
    number = qyzj("ticket", "register", "--as", "centre:window_clerk", *typed, "--json").json["ticket"]["id"]
    form = ("ticket", "form", number, "--as", "centre", "--category", "coordination", *PASSED, "--json")

    assert "INTAKE_INCOMPLETE" == qyzj(*form).complaint["refusal"]["code"]
    assert 0 == qyzj("ticket", "fill-in", number, "--as", "centre:window_clerk", "--name", "王五").code
    assert "formed" == qyzj(*form).json["ticket"]["state"]


def test_a_complaint_is_hidden_from_the_bureau_next_door(qyzj: Program):
    """Its clerk's list and page have nothing of it; the operator's have."""
    typed = ("--channel", "platform", "--appeal", "投诉住建局", "--name", "王五", "--conceal-from", "housing")
    number = qyzj("ticket", "register", "--as", "centre:window_clerk", *typed, "--json").json["ticket"]["id"]

    assert [] == qyzj("ticket", "list", "--as", "li", "--json").json["tickets"]
    assert "SUBJECT_UNKNOWN" == qyzj("ticket", "show", number, "--as", "li", "--json").complaint["refusal"]["code"]
    assert [number] == [line["id"] for line in qyzj("ticket", "list", "--json").json["tickets"]]


def test_the_plan_of_the_chambers(qyzj: Program):
    """Planned, shown with its gaps, and asked for by the channel."""
    planned = ("directory", "plan-turn", "--as", "centre", "--turn", "2026-05", "--turn-kind", "chamber_rotation", "--who", "餐饮商会")
    assert 0 == qyzj(*planned, "--begins-at", "2026-01-26", "--ends-at", "2026-01-31", "--place", "企业之家").code

    shown = qyzj("directory", "turns", "chamber_rotation", "--from", "2026-01-26", "--to", "2026-02-01", "--json").json
    assert (["2026-05"], ["2026-01-31", "2026-02-01"]) == ([one["id"] for one in shown["turns"]], [one["day"] for one in shown["faults"]])
    typed = ("ticket", "register", "--as", "centre", "--channel", "chamber_rotation", "--appeal", "用工", "--name", "王五", "--json")
    assert "FIELD_REQUIRED" == qyzj(*typed).complaint["refusal"]["code"]
    assert 0 == qyzj(*typed, "--occasion", "2026-05").code
