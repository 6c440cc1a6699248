"""``qyzj ticket calls`` and ``qyzj ticket package``: whom to call, and what is put away."""

import hashlib
import subprocess
import sys
from pathlib import Path

from tests.cli.given import PHOTO, Program


def completed(qyzj: Program, directory: Path) -> str:
    """A ticket of the housing department that is done; its number."""
    ticket = qyzj.handle()
    (directory / "photo.jpg").write_bytes(PHOTO)
    photo = qyzj("ticket", "attach", directory / "photo.jpg", "--json").json["digest"]
    said = qyzj(
        "ticket", "complete", ticket, "--as", "li", "--standard", "solved", "--result", "已处理", "--is-truthful",
        "--feedback-way", "phone", "--feedback", "已告知", "--evidence", photo,
    )  # fmt: skip
    assert 0 == said.code, said.err
    return ticket


class TestCalls:
    """USERS B21: one call an enterprise."""

    def test_nothing_due_is_said_in_a_sentence(self, qyzj: Program):
        """Nobody is called."""
        assert "没有到期的回访" in qyzj("ticket", "calls").out

    def test_each_call_has_its_sheets_its_wishes_and_its_first_sentence(self, qyzj: Program, tmp_path: Path):
        """Which office calls, and why."""
        ticket = completed(qyzj, tmp_path)
        assert 0 == qyzj("ticket", "prefer-calls", ticket, "--as", "centre", "--from-hour", "14", "--to-hour", "17").code

        said, machine = qyzj("ticket", "calls", "--days", "20"), qyzj("ticket", "calls", "--days", "20", "--json").json

        assert (0, True, True) == (said.code, "14至17时" in said.out, "您好，这里是" in said.out)
        (call,) = machine["calls"]
        assert [ticket] == [sheet["ticket"] for sheet in call["sheets"]]
        assert (14, 17) == (call["preference"]["from_hour"], call["preference"]["to_hour"])


def test_a_package_is_written_with_its_digest_beside_it(qyzj: Program, tmp_path: Path):
    """It says of itself that it is sound, and is refused before the ticket is closed."""
    ticket, file = completed(qyzj, tmp_path), tmp_path / "archive.zip"
    assert "WRONG_STATE" == qyzj("ticket", "package", ticket, file, "--json").complaint["refusal"]["code"]
    revisit = ("--is-consistent", "--is-standard-met", "--evaluation", "satisfied")
    assert 0 == qyzj("ticket", "record-revisit", ticket, "--as", "centre", *revisit).code
    assert 0 == qyzj("ticket", "close", ticket, "--as", "centre").code

    said = qyzj("ticket", "package", ticket, file, "--json").json

    assert hashlib.sha256(file.read_bytes()).hexdigest() == said["digest"]
    assert said["digest"] in (tmp_path / "archive.zip.sha256").read_text()
    assert 0 == subprocess.run([sys.executable, "-I", file], check=False, capture_output=True).returncode
