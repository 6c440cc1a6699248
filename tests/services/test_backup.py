"""Backup and restore: whole or not at all, from either database into either, nothing readable without the pass phrase."""

import io
import json
import os
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path

import pysqlite3.dbapi2 as sqlite
import pytest
from sqlalchemy import select

from node import app
from node.domain.entry import Subject
from node.services import rebuild
from node.services.backup import FILES, LAST, MANIFEST, BackupError, back_up, last_backup_at, restore
from node.storage import schema
from node.storage.sealing import CodedError
from tests.services.test_queries import APPEAL, a_handled_ticket
from tests.support.node import MONDAY, Hands, make_node

PHRASE = "correct horse battery staple"
OTHER_PHRASE = "another horse battery staple"


def a_backup(hands: Hands, folder: Path) -> Path:
    """The node in one file."""
    file = folder / "node.tar"
    node = hands.node
    back_up(node.settings, node.store, file, PHRASE, os.urandom, MONDAY)
    return file


@pytest.fixture
def hands(tmp_path: Path, database_url: str) -> Hands:
    """A county with a ticket."""
    made = make_node(tmp_path, database_url=database_url)
    made.staff("water")
    a_handled_ticket(made)
    return made


@pytest.fixture
def county(tmp_path: Path) -> Hands:
    """The same, on SQLite."""
    made = make_node(tmp_path)
    made.staff("water")
    a_handled_ticket(made)
    return made


def _rows(hands_or_node: app.Node) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with hands_or_node.store.database.read() as connection:
        found = {}
        for table in schema.metadata.sorted_tables:
            order = list(table.primary_key.columns)
            rows = connection.execute(select(table).order_by(*order))
            found[table.name] = [tuple(bytes(value) if isinstance(value, memoryview) else value for value in row) for row in rows]
        return found


class TestRoundTrip:
    """What is restored is what was backed up."""

    def test_from_either_database_into_sqlite(self, hands: Hands, tmp_path: Path):
        """Every row of every table, blobs, keys and settings; it verifies, refolds and opens what is sealed."""
        before = _rows(hands.node)
        file = a_backup(hands, tmp_path)

        restored = restore(file, tmp_path / "again", PHRASE, verifies=True)

        assert ("520402", True) == (restored.node, restored.verdict is not None and restored.verdict.is_sound)
        node = app.build(tmp_path / "again")
        assert before == _rows(node)
        assert rebuild.check(node.store).agrees
        with node.store.read() as view:
            ticket = view.readings.ticket(before["tickets"][0][0])  # type: ignore[arg-type]
            assert ticket is not None
            assert APPEAL == view.payloads.open(Subject("ticket", ticket.id), ticket.intake.appeal)  # type: ignore[arg-type]
        node.close()

    def test_from_sqlite_into_postgresql(self, county: Hands, tmp_path: Path, postgres_database: Callable[..., str]):
        """A county that grows goes on there."""
        before = _rows(county.node)
        file = a_backup(county, tmp_path)

        restore(file, tmp_path / "again", PHRASE, database_url=postgres_database(), verifies=True)

        node = app.build(tmp_path / "again")
        assert (False, before) == (node.store.database.is_sqlite, _rows(node))
        node.close()

    def test_certificates_come_back_and_were_not_readable(self, county: Hands, tmp_path: Path):
        """Every other file of the data directory travels under the pass phrase, with its mode."""
        secret = county.node.data_dir / "keys" / "authority.pem"
        secret.write_text("BEGIN PRIVATE KEY canary")
        secret.chmod(0o600)
        file = a_backup(county, tmp_path)

        restore(file, tmp_path / "again", PHRASE)

        again = tmp_path / "again" / "keys" / "authority.pem"
        assert ("BEGIN PRIVATE KEY canary", 0o600) == (again.read_text(), stat.S_IMODE(again.stat().st_mode))
        assert b"canary" not in file.read_bytes()

    def test_the_file_gives_nothing_away(self, county: Hands, tmp_path: Path):
        """Neither words nor phones, and others than its owner cannot read it."""
        file = a_backup(county, tmp_path)

        content = file.read_bytes()
        assert [False, False] == [canary.encode() in content for canary in (APPEAL, "13912345678")]
        assert 0o600 == stat.S_IMODE(file.stat().st_mode)


class TestRefusals:
    """On any error nothing is left behind."""

    @pytest.mark.parametrize(
        ("spoil", "code"),
        [
            (lambda name, content: (name, content[:-1] + b"x") if name.startswith("blobs/") else (name, content), "BACKUP_BROKEN"),
            (lambda name, content: None if name == FILES else (name, content), "BACKUP_BROKEN"),
            (lambda name, content: ("../out", content) if name == FILES else (name, content), "BACKUP_BROKEN"),
            (lambda name, content: (name, content.replace(b'"format": 1', b'"format": 2')), "BACKUP_FORMAT_UNKNOWN"),
            (lambda name, content: (name, content.replace(b'"schema": "', b'"schema": "9')), "BACKUP_SCHEMA_UNKNOWN"),
            (lambda name, content: (name, b"[]") if name == MANIFEST else (name, content), "BACKUP_BROKEN"),
        ],
        ids=["changed", "missing", "way_out", "format", "schema", "manifest"],
    )
    def test_a_file_that_was_changed_is_not_restored(
        self, county: Hands, tmp_path: Path, spoil: Callable[[str, bytes], tuple[str, bytes] | None], code: str
    ):
        """Every file in it is checked against the manifest."""
        file = _rewritten(a_backup(county, tmp_path), spoil)

        with pytest.raises(BackupError) as refused:
            restore(file, tmp_path / "again", PHRASE)

        assert code == refused.value.code
        assert [] == [path for path in tmp_path.iterdir() if path.name == "again" or path.name.startswith(".restore-")]

    def test_a_wrong_pass_phrase_opens_nothing(self, county: Hands, tmp_path: Path):
        """And leaves nothing."""
        file = a_backup(county, tmp_path)

        with pytest.raises(CodedError) as refused:
            restore(file, tmp_path / "again", OTHER_PHRASE)

        assert ("PASS_PHRASE_WRONG", False) == (refused.value.code, (tmp_path / "again").exists())

    def test_what_is_no_backup_is_refused(self, tmp_path: Path):
        """Any other file."""
        (tmp_path / "x").write_bytes(b"hello")

        with pytest.raises(BackupError) as refused:
            restore(tmp_path / "x", tmp_path / "again", PHRASE)

        assert "BACKUP_BROKEN" == refused.value.code

    def test_a_backup_overwrites_nothing(self, county: Hands, tmp_path: Path):
        """Neither a file nor a node."""
        file = a_backup(county, tmp_path)

        codes = []
        for attempt in (lambda: a_backup(county, tmp_path), lambda: restore(file, county.node.data_dir, PHRASE)):
            with pytest.raises(BackupError) as refused:
                attempt()
            codes.append(refused.value.code)

        assert ["BACKUP_EXISTS", "DIRECTORY_NOT_EMPTY"] == codes


class TestFullDisk:
    def test_a_backup_that_is_whole_is_made_though_the_nodes_own_disk_is_full(self, county: Hands, tmp_path: Path):
        """Only when it was made is not kept."""
        (county.node.data_dir / LAST).mkdir()  # nothing can be written there

        file = a_backup(county, tmp_path)

        assert (True, None) == (file.exists(), last_backup_at(county.node.data_dir))
        assert "520402" == restore(file, tmp_path / "again", PHRASE).node

    def test_no_room_for_the_copy_is_said_as_no_room_for_a_file(self, county: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        class Full:
            """What SQLite gives for a file on a full disk."""

            def backup(self, _target: object) -> None:
                raise sqlite.OperationalError("database or disk is full")

            def close(self) -> None:
                pass

        monkeypatch.setattr(sqlite, "connect", lambda *_: Full())

        with pytest.raises(OSError, match="No space left"):
            a_backup(county, tmp_path)
        assert [] == [path for path in tmp_path.iterdir() if "backup" in path.name]


def _rewritten(file: Path, change: Callable[[str, bytes], tuple[str, bytes] | None]) -> Path:
    """The backup with each member as *change* gives it, None for one that is left out."""
    out = file.with_name("spoilt.tar")
    with tarfile.open(file) as source, tarfile.open(out, "w") as target:
        for member in source:
            extracted = source.extractfile(member)
            assert extracted is not None
            changed = change(member.name, extracted.read())
            if changed is not None:
                info = tarfile.TarInfo(changed[0])
                info.size = len(changed[1])
                target.addfile(info, io.BytesIO(changed[1]))
    return out


def test_the_manifest_says_what_is_in_it(county: Hands, tmp_path: Path):
    """Node, epoch, positions, and each file by digest and size."""
    with tarfile.open(a_backup(county, tmp_path)) as tar:
        first = tar.next()
        assert first is not None and first.name == MANIFEST
        content = tar.extractfile(first)
        assert content is not None
        manifest = json.loads(content.read())
        names = {member.name for member in tar} - {MANIFEST}

    with county.node.store.read() as view:
        size = view.journal.position("520402", 1).size
    assert ("520402", 1, [["520402", 1, size]], names) == (manifest["node"], manifest["epoch"], manifest["streams"], set(manifest["files"]))
