"""``rebuild``, ``verify``, ``backup`` and ``restore`` on the command line."""

from pathlib import Path

from sqlalchemy import update

from node import app
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
