"""``qyzj paper``: issued at the command line, printed as it was issued."""

from pathlib import Path

from tests.cli.given import Program

REGISTER = ("ticket", "register", "--as", "centre", "--channel", "window", "--name", "某厂", "--phone", "13800001234", "--json")


def test_a_receipt_is_issued_printed_and_withdrawn(qyzj: Program, tmp_path: Path):
    """Two forms of one paper; a withdrawn one says so, and a paper without ground is refused."""
    said = qyzj(
        "ticket",
        "register",
        "--as",
        "centre",
        "--channel",
        "window",
        "--appeal",
        "厂区停水",
        "--name",
        "某厂",
        "--phone",
        "13800001234",
        "--json",
    )
    ticket = said.json["subject"]["id"]
    page = tmp_path / "receipt.html"
    issued = qyzj("paper", "issue", "receipt", ticket, "--as", "centre", "--to", page, "--json").json
    paper = issued["subject"]["id"]
    assert ("受理回执" in page.read_text("utf-8"), "厂区停水" in page.read_text("utf-8")) == (True, True)

    word = tmp_path / "receipt.docx"
    assert 0 == qyzj("paper", "print", paper, "--to", word, "--as", "centre").code
    assert b"PK" == word.read_bytes()[:2]

    assert 0 == qyzj("paper", "withdraw", paper, "--reason", "填错", "--as", "centre").code
    assert 0 == qyzj("paper", "print", paper, "--to", page, "--as", "centre").code
    assert "本件已作废" in page.read_text("utf-8")
    assert "PAPER_WITHOUT_GROUND" == qyzj("paper", "issue", "refusal", ticket, "--as", "centre", "--json").complaint["refusal"]["code"]
    assert [paper] == [one["id"] for one in qyzj("paper", "list", "--json").json["dossiers"]]


def test_suggestions_and_the_inbox_answer(qyzj: Program):
    """A proposal has its grounds; the office hears that a need waits for it."""
    said = qyzj(
        "ticket",
        "register",
        "--as",
        "centre",
        "--channel",
        "window",
        "--appeal",
        "银行不给续贷",
        "--name",
        "某厂",
        "--phone",
        "13800001234",
        "--json",
    )
    ticket = said.json["subject"]["id"]
    proposals = qyzj("ticket", "suggest", ticket, "--json").json
    assert (True, ticket) == (proposals["is_on"], proposals["ticket"])
    assert ticket in [one["subject"]["id"] for one in qyzj("inbox", "--as", "centre", "--json").json["notices"]]
