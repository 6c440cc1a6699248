"""``qyzj desk``: trays, several at a stroke, hand-over, the receipt register, the reply as it is printed, the joint plan."""

from pathlib import Path

import pytest

from tests.cli.given import MONDAY, PHOTO, Program

OWN = """
[pack]
id = "own-2025"
version = "1"
level = "county"
name = "本县机制"
effective_from = 2025-01-01
parents = ["xixiu-2025"]

[receipt]
numbered = { value = true, clause = "XS25-4.4.1a" }
"""


@pytest.fixture
def registered(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Program:
    """A node whose units keep receipt registers, with two people in the housing department."""
    for name in ("QYZJ_DATA", "QYZJ_AS", "QYZJ_LANG", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    program = Program(tmp_path, capsys)
    own = program.data / "packs" / "own-2025.toml"
    own.parent.mkdir(parents=True)
    own.write_text(OWN, "utf-8")
    program.at(MONDAY)
    said = program("init", "--node", "520402", "--name", "西秀区", "--pack", "own-2025", "--rehearsal-clock", program.clock, "--json")
    assert 0 == said.code, said.err
    program.staff()
    assert 0 == program("account", "open", "zhao", "--role", "department", "--unit", "housing").code
    return program


def dispatched(qyzj: Program) -> str:
    """A ticket that waits for the housing department to sign it."""
    ticket = qyzj.register()
    qyzj.form(ticket)
    assert 0 == qyzj("ticket", "dispatch", ticket, "--as", "centre", "--lead", "housing").code
    return ticket


def test_several_are_signed_at_once_and_each_has_its_receipt(registered: Program):
    """XS25-4.4.1a, USERS C25: what cannot be signed is named and stops nothing; the register counts the rest."""
    qyzj = registered
    tickets = [dispatched(qyzj) for _ in range(2)]
    formed = qyzj.register()
    qyzj.form(formed)

    said = qyzj("desk", "sign", *tickets, formed, "--person", "zhao", "--as", "li", "--json").json
    register = qyzj("desk", "receipts", "--unit", "housing", "--json").json

    assert [(tickets[0], None), (tickets[1], None), (formed, "PERMISSION_DENIED")] == [
        (one["ticket"], one["refusal"]) for one in said["tickets"]
    ]
    assert [(1, tickets[0], "li", "zhao"), (2, tickets[1], "li", "zhao")] == [
        (one["number"], one["ticket"], one["account"], one["person"]) for one in register["receipts"]
    ]
    assert "收文登记簿" in qyzj("desk", "receipts", "--unit", "housing").out


def test_what_somebody_has_goes_to_another_or_back_into_the_tray(registered: Program):
    """USERS C25: own tray, shared tray, hand-over on leave."""
    qyzj = registered
    tickets = sorted(dispatched(qyzj) for _ in range(2))
    qyzj("desk", "sign", *tickets, "--person", "zhao", "--as", "li")

    def tray(account: str, *more: str) -> list[str]:
        return sorted(one["ticket"] for one in qyzj("desk", "tray", *more, "--as", account, "--json").json["tickets"])

    assert (tickets, [], []) == (tray("zhao", "--own"), tray("li", "--own"), tray("li", "--shared"))
    assert 0 == qyzj("desk", "hand-over", "zhao", "--person", "li", "--note", "休假", "--as", "li").code
    assert ([], tickets) == (tray("zhao", "--own"), tray("li", "--own"))
    said = qyzj("desk", "hand-over", "li", "--as", "zhao")
    assert (tickets, tickets) == (tray("li", "--shared"), tray("li"))
    assert "共2张，成功2张。" in said.out


@pytest.mark.clause("HM20-A1.6")
def test_the_leads_reply_is_printed_with_its_date_and_nobody_elses(qyzj: Program):
    """HM20-A1.6: a co-handler does not write it; the lead's is printed with the day, the summary of all parts in it."""
    assert 0 == qyzj("unit", "open", "water", "水务局").code
    assert 0 == qyzj("account", "open", "wu", "--role", "department", "--unit", "water").code
    ticket = qyzj.handle()
    assert 0 == qyzj("ticket", "add-co-handler", ticket, "--as", "li", "--unit", "water", "--task", "核实管线").code
    assert (
        "PERMISSION_DENIED"
        == qyzj("ticket", "draft-reply", ticket, "--as", "wu", "--reply", "我局答复", "--json").complaint["refusal"]["code"]
    )
    assert 0 == qyzj("ticket", "file-contribution", ticket, "--as", "wu", "--report", "管线已迁改").code

    draft = qyzj("ticket", "draft-reply", ticket, "--as", "li", "--reply", "便道已开通", "--json").json["entries"][-1]["id"]
    before = qyzj("desk", "reply", ticket, "--as", "li", "--json").json
    photo = qyzj.directory / "photo.jpg"
    photo.write_bytes(PHOTO)
    evidence = qyzj("ticket", "attach", photo, "--json").json["digest"]
    done = qyzj(
        "ticket", "complete", ticket, "--as", "li", "--standard", "solved", "--result", "便道已开通，管线已迁改", "--is-truthful",
        "--feedback-way", "phone", "--feedback", "已电话告知", "--evidence", evidence, "--draft", draft,
    )  # fmt: skip
    assert 0 == done.code, done.err
    printed = qyzj("desk", "reply", ticket, "--as", "centre").out

    assert (None, 8) == (before["replied_at"], len(before["check"]))
    for said in ("住建局", "便道已开通，管线已迁改", "水务局", "管线已迁改", "答复日期：2026-01-26"):
        assert said in printed


def test_the_joint_plan_is_a_table_with_ticks(qyzj: Program):
    """FJ23-2.2a: items, owners, dates, and how many are done."""
    ticket = qyzj.handle()
    for item in ("permit", "road"):
        added = qyzj(
            "ticket", "add-joint-item", ticket, "--as", "li", "--item", item, "--unit", "housing", "--due", "2026-02-10", "--title", "审批",
        )  # fmt: skip
        assert 0 == added.code, added.err
    assert 0 == qyzj("ticket", "tick-joint-item", ticket, "--as", "li", "--item", "permit", "--result", "已批").code

    body = qyzj("desk", "items", ticket, "--json").json

    assert (1, 2) == (body["done"], body["items_count"])
    assert [("permit", True), ("road", False)] == [(one["code"], one["done_at"] is not None) for one in body["items"]]
    assert "1/2" in qyzj("desk", "items", ticket).out


def test_what_completed_tickets_came_to_is_counted(qyzj: Program):
    """AS25-4.5.2.2: by standard and sub-code, and nothing where nothing was completed."""
    assert [] == qyzj("desk", "outcomes", "--json").json["by_standard"]
