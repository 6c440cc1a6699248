"""``qyzj letter`` at two levels: what a clerk of the city and one of the county type."""

from datetime import timedelta
from pathlib import Path

import pytest

from node.packs.calendar_file import shipped_texts
from node.packs.file import shipped
from tests.cli.given import MONDAY, Program
from tests.federation.exchange import CITY, COUNTY
from tests.federation.levels import Place, connect, enrol, make_place, settle
from tests.federation.test_letter_files import exchange
from tests.web.test_attachments import PHOTO

PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%%EOF"


@pytest.fixture
def levels(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> tuple[Place, Place, Program]:
    """A city and a county, joined, and the program to use either."""
    for name in ("QYZJ_DATA", "QYZJ_AS", "QYZJ_LANG", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    city, county = make_place(tmp_path, CITY, "anshun-2025"), make_place(tmp_path, COUNTY)
    enrol(county, city)
    connect(county, city)
    carried(county, city)
    return city, county, Program(tmp_path, capsys)


def carried(county: Place, city: Place) -> None:
    """Everything that either owes the other."""
    for seconds in (60, 1):
        settle(county, city, seconds=seconds)


def test_a_notice_from_its_publication_to_the_last_report(levels: tuple[Place, Place, Program]):
    """AS25-3.2.3a: published, waiting below, read, overdue, reported; the city sees it node by node."""
    city, county, qyzj = levels
    above, below = city.hands.node.data_dir, county.hands.node.data_dir
    notice = ("--title", "开展走访月活动", "--text", "请报告走访情况", "--due-on", "2026-01-30")
    published = qyzj("letter", "publish-notice", *notice, "--as", "centre", "--json", data=above)
    letter = published.json["subject"]["id"]
    carried(county, city)
    (line,) = qyzj("letter", "inbox", "--json", data=below).json["letters"]
    assert (letter, "notice", CITY, COUNTY) == (line["id"], line["letter_kind"], line["owner"], line["node"])

    assert "工作通知" in qyzj("letter", "list", data=above).out

    assert "请报告走访情况" in qyzj("letter", "read", letter, "--as", "centre", data=below).out
    qyzj.at(MONDAY + timedelta(days=6))
    carried(county, city)
    assert "超期" in qyzj("letter", "late", data=above).out
    assert 0 == qyzj("letter", "report", letter, "--report", "已走访12户", "--as", "centre", data=below).code
    carried(county, city)
    (node,) = qyzj("letter", "receipts", letter, "--json", data=above).json["nodes"]
    assert (COUNTY, True, True) == (node["node"], node["read_at"] is not None, node["is_overdue"])
    assert "已走访12户" in qyzj("letter", "read", letter, "--as", "centre", data=above).out
    assert "已全部落实" in qyzj("letter", "show", letter, data=above).out
    assert [] == qyzj("letter", "late", "--json", data=above).json["letters"]


def test_a_notice_with_a_document_and_a_report_with_a_photo(levels: tuple[Place, Place, Program], tmp_path: Path):
    """Kept, named by digest, listed where the letter is read: asked for until it is here."""
    city, county, qyzj = levels
    above, below = city.hands.node.data_dir, county.hands.node.data_dir
    document, photo = tmp_path / "通知.pdf", tmp_path / "现场.jpg"
    document.write_bytes(PDF)
    photo.write_bytes(PHOTO)
    program = tmp_path / "通知.exe"
    program.write_bytes(b"MZ" + bytes(64))
    assert "不接收这类文件" in qyzj("letter", "attach", program, data=above).err
    digest = qyzj("letter", "attach", document, "--json", data=above).json["digest"]
    words = ("--title", "走访月", "--text", "见附件", "--evidence", digest, "--file-names", "通知.pdf", "--as", "centre")
    letter = qyzj("letter", "publish-notice", *words, "--json", data=above).json["subject"]["id"]
    carried(county, city)

    assert "尚未到本级" in qyzj("letter", "read", letter, "--as", "centre", data=below).out
    exchange(county)
    (file,) = qyzj("letter", "read", letter, "--as", "centre", "--json", data=below).json["files"]
    assert {"by": CITY, "digest": digest, "name": "通知.pdf", "is_here": True, "bytes": len(PDF), "type": ".pdf"} == file

    shot = qyzj("letter", "attach", photo, "--json", data=below).json["digest"]
    reported = qyzj("letter", "report", letter, "--report", "已走访12户", "--evidence", shot, "--as", "centre", data=below)
    assert 0 == reported.code
    carried(county, city)
    exchange(county)
    files = qyzj("letter", "read", letter, "--as", "centre", "--json", data=above).json["files"]
    assert [(CITY, digest, True), (COUNTY, shot, True)] == [(one["by"], one["digest"], one["is_here"]) for one in files]
    assert (True, True) == tuple(one in qyzj("letter", "read", letter, "--as", "centre", data=above).out for one in ("jpg", shot))


def test_guidance_and_platform_issues_from_the_county(levels: tuple[Place, Place, Program]):
    """AS25-3.2.3b, 3.2.1c: asked below, answered above, read below; the top of the tree is the city here."""
    city, county, qyzj = levels
    above, below = city.hands.node.data_dir, county.hands.node.data_dir
    asked = qyzj("letter", "ask-guidance", "--title", "牵头单位", "--text", "如何确定？", "--as", "centre", "--json", data=below)
    raised = qyzj(
        "letter", "raise-issue", "--topic", "process", "--title", "会签", "--text", "环节过多", "--as", "centre", "--json", data=below
    )
    question, issue = asked.json["subject"]["id"], raised.json["subject"]["id"]
    assert 0 == qyzj("letter", "submit-issue", issue, "--as", "centre", data=below).code
    carried(county, city)
    assert {question, issue} == {line["id"] for line in qyzj("letter", "inbox", "--json", data=above).json["letters"]}
    refused = qyzj("letter", "answer", issue, "--answer", "采纳", "--result", "never", "--as", "centre", data=above)
    assert 2 == refused.code and "采纳" in refused.err

    assert 0 == qyzj("letter", "answer", issue, "--answer", "下一版本调整", "--result", "accepted", "--as", "centre", data=above).code
    assert 0 == qyzj("letter", "answer", question, "--answer", "由住建局牵头", "--as", "centre", data=above).code
    carried(county, city)
    for letter, answer in ((issue, "下一版本调整"), (question, "由住建局牵头")):
        assert answer in qyzj("letter", "read", letter, "--as", "centre", data=below).out
    answered = qyzj("letter", "read", issue, "--as", "centre", "--json", data=below).json["letter"]["answered"]
    assert (CITY, "accepted") == (answered["by"], answered["result"])


def test_calendars_and_packs_are_handed_down(levels: tuple[Place, Place, Program], tmp_path: Path):
    """DESIGN 6: the statutory calendar is in force below at once; a pack waits for the office, which adopts it."""
    city, county, qyzj = levels
    above, below = city.hands.node.data_dir, county.hands.node.data_dir
    year = tmp_path / "2026.toml"
    year.write_text(shipped_texts()["2026.toml"].replace('version = "2026.1"', 'version = "2026.2"'), "utf-8")
    pack = tmp_path / "xixiu-2025.toml"
    pack.write_text(shipped()["xixiu-2025"].replace('version = "1"', 'version = "2"'), "utf-8")
    handed = [qyzj("letter", "hand-down", file, "--as", "centre", "--json", data=above).json["subject"]["id"] for file in (year, pack)]
    carried(county, city)
    assert "2026.2" == qyzj("calendar", "show", "--json", data=below).json["version"]
    (line,) = qyzj("letter", "inbox", "--json", data=below).json["letters"]
    assert (handed[1], "pack") == (line["id"], line["letter_kind"])

    assert 0 == qyzj("letter", "adopt", handed[1], "--as", "centre", data=below).code
    assert [] == qyzj("letter", "inbox", "--json", data=below).json["letters"]
    # For people one sentence, no head of a table with nothing under it.
    assert ["待办文书（没有）"] == qyzj("letter", "inbox", data=below).out.splitlines()
    carried(county, city)
    assert ["adopted", "adopted"] == [qyzj("letter", "receipts", one, "--json", data=above).json["nodes"][0]["result"] for one in handed]


def test_a_standard_is_published_and_the_asks_for_a_decision_are_listed(levels: tuple[Place, Place, Program]):
    """XS25-4.3.3c, FEDERATION 2.5: refused below with the field named; what waits above is listed at both ends, overdue when it is."""
    city, county, qyzj = levels
    above, below = city.hands.node.data_dir, county.hands.node.data_dir
    assert 0 == qyzj("letter", "publish-standard", "--requires", "legal_basis", "--as", "centre", data=above).code
    carried(county, city)
    ticket = county.register()
    put = ("ticket", "request-escalation", ticket, "--power-item", "LAND-07", "--reason", "超出权限", "--as", "centre")
    refused = qyzj(*put, data=below)
    assert 2 == refused.code and "法律依据" in refused.err

    assert 0 == qyzj(*put, "--legal-basis", "土地管理法", data=below).code
    carried(county, city)
    for data in (above, below):
        (line,) = qyzj("letter", "decisions", "--json", data=data).json["decisions"]
        assert (ticket, CITY, COUNTY, False) == (line["ticket"], line["node"], line["asker"], line["is_overdue"])
    qyzj.at(MONDAY + timedelta(days=4))
    assert "超期" in qyzj("letter", "decisions", "--overdue", data=above).out
    assert {"from_below": 1} == qyzj("tally", "--by", "arrival", "--json", data=above).json["counts"]
