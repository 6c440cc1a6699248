"""``rebuild``, ``verify``, ``backup`` and ``restore`` on the command line."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from node import app
from node.cli import main
from node.domain.refusal import Code
from node.storage import schema
from tests.cli.given import Program

PHRASE = "correct horse battery staple"


def _phrase(folder: Path, phrase: str = PHRASE) -> Path:
    (folder / "phrase").write_text(f"{phrase}\n", encoding="utf-8")
    return folder / "phrase"


def _spoil(program: Program) -> None:
    """Somebody changes a reading by hand."""
    node = app.build(program.data)
    with node.store.database.write() as connection:
        connection.execute(update(schema.tickets).values(state="closed"))
    node.close()


class TestRebuild:
    """The readings are what the journal says (DESIGN 2.1)."""

    def test_a_sound_node_agrees(self, qyzj: Program):
        """Exit code 0."""
        qyzj.handle()

        said = qyzj("rebuild", "--check", "--json")

        assert (0, True, []) == (said.code, said.json["agrees"], said.json["differences"])

    def test_a_changed_reading_is_reported_and_repaired(self, qyzj: Program):
        """``--check`` leaves it and ends with 1; without it the journal wins."""
        ticket = qyzj.handle()
        _spoil(qyzj)

        checked = qyzj("rebuild", "--check", "--json")

        assert (1, [("tickets", "changed", ["state"])]) == (
            checked.code,
            [(one["table"], one["kind"], one["columns"]) for one in checked.json["differences"]],
        )
        assert 1 == qyzj("rebuild", "--check").code
        assert 0 == qyzj("rebuild").code
        assert 0 == qyzj("rebuild", "--check").code
        assert [("handling", ticket)] == [(one["state"], one["id"]) for one in qyzj("ticket", "list", "--json").json["tickets"]]


class TestBackup:
    """One file, under a pass phrase."""

    def test_a_restored_node_shows_the_same_and_opens_what_is_sealed(self, qyzj: Program, tmp_path: Path):
        """Journal, readings, texts and contacts; verified on the way."""
        ticket = qyzj.handle()
        phrase = _phrase(tmp_path)
        assert 0 == qyzj("backup", tmp_path / "b.tar", "--pass-phrase-file", phrase).code

        restored = qyzj("restore", tmp_path / "b.tar", "--pass-phrase-file", phrase, "--verify", "--json", data=tmp_path / "again")

        assert (0, True) == (restored.code, restored.json["verdict"]["is_sound"])
        pages = [qyzj("ticket", "show", ticket, "--json", data=where).json for where in (qyzj.data, tmp_path / "again")]
        assert pages[0] == pages[1]
        phones = [
            qyzj("ticket", "open", ticket, "--purpose", "handling", "--as", "li", "--json", data=where).json["opened"]["phone"]
            for where in (qyzj.data, tmp_path / "again")
        ]
        assert phones[0] == phones[1]

    def test_what_stands_in_the_way_is_said(self, qyzj: Program, tmp_path: Path):
        """A wrong or short phrase, a file that exists, a directory with something in it."""
        phrase = _phrase(tmp_path)
        qyzj("backup", tmp_path / "b.tar", "--pass-phrase-file", phrase)
        wrong = tmp_path / "wrong"
        wrong.write_text("another horse battery staple")
        short = tmp_path / "short"
        short.write_text("horse")

        said = [
            qyzj("backup", tmp_path / "b.tar", "--pass-phrase-file", phrase, "--json"),
            qyzj("backup", tmp_path / "c.tar", "--pass-phrase-file", short, "--json"),
            qyzj("restore", tmp_path / "b.tar", "--pass-phrase-file", wrong, "--json", data=tmp_path / "again"),
            qyzj("restore", tmp_path / "b.tar", "--pass-phrase-file", phrase, "--json"),
        ]

        assert ["BACKUP_EXISTS", "PASS_PHRASE_TOO_SHORT", "PASS_PHRASE_WRONG", "DIRECTORY_NOT_EMPTY"] == [
            one.complaint["refusal"]["code"] for one in said
        ]
        assert {2} == {one.code for one in said}
        assert not (tmp_path / "again").exists() and not (tmp_path / "c.tar").exists()


class TestRecover:
    """`qyzj recover`: what the lost keys had sealed opens again with the paper from `qyzj init`."""

    def test_a_drill_says_whether_the_paper_is_this_nodes(self, tmp_path: Path, qyzj: Program):
        """Without changing anything; exit code 1 for another node's."""
        keys = [_made(qyzj, tmp_path / name) for name in ("3", "4")]
        papers = [_written(tmp_path / f"paper-{n}", key.lower().replace("-", " ")) for n, key in enumerate(keys)]

        said = [qyzj("recover", "--check", "--key-file", paper, data=tmp_path / "3") for paper in papers]

        assert [0, 1] == [one.code for one in said]
        assert "核对无误" in said[0].out and "仍要保管" in said[1].out

    def test_a_slip_in_typing_is_named(self, tmp_path: Path, qyzj: Program):
        """By the group in which it stands; nothing is sealed to a node that lost nothing."""
        key = _made(qyzj, tmp_path / "3")
        right, wrong = _written(tmp_path / "right", key), _written(tmp_path / "wrong", key[:10] + "钥" + key[11:])

        slip = qyzj("recover", "--key-file", wrong, "--json", data=tmp_path / "3")

        assert (2, "RECOVERY_KEY_CHARACTER", 3) == (
            slip.code,
            slip.complaint["refusal"]["code"],
            slip.complaint["refusal"]["facts"]["group"],
        )
        assert {"opened": 0, "had": 0, "sealed": 0} == qyzj("recover", "--key-file", right, "--json", data=tmp_path / "3").json
        assert 64 == qyzj("recover", "--key-file", tmp_path / "none", data=tmp_path / "3").code


def _made(qyzj: Program, data: Path) -> str:
    """A county made anew; gives what is printed to be locked away."""
    return str(qyzj("init", "--node", "520402", "--name", "西秀区", "--pack", "xixiu-2025", "--json", data=data).json["recovery_key"])


def _written(file: Path, words: str) -> Path:
    file.write_text(f"{words}\n", encoding="utf-8")
    return file


class TestTheMachine:
    """What is wrong with the machine is called what it is: whoever looks at the status of a node in trouble looks there first."""

    @pytest.mark.parametrize("verb", ["status", "verify"])
    def test_damaged_pages_are_no_bug(self, qyzj: Program, verb: str):
        database = qyzj.data / "node.db"
        content = bytearray(database.read_bytes())
        content[:16] = b"\0" * 16
        database.write_bytes(content)

        said = qyzj(verb, "--lang", "en")
        assert (2, True) == (said.code, "DATABASE_DAMAGED" in said.err)

    def test_nor_is_a_disk_too_full_to_open_the_database(self, qyzj: Program, monkeypatch: pytest.MonkeyPatch):
        error = OperationalError("PRAGMA", {}, Exception("disk I/O error"))
        for free, code in ((0, Code.STORAGE_FULL), (10**9, None)):
            monkeypatch.setattr(shutil, "disk_usage", lambda _path, free=free: SimpleNamespace(free=free))
            found = main._plain(qyzj.data, error)
            assert code == (found and found.code)
