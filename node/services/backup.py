"""
Backup and restore in their simple form: one tar file with everything that a node is.

    manifest.json   what is in it, each file with its SHA-256 and its size, and the positions of the streams
    node.db         the database: SQLite's own online copy, made beside a running node
    tables/*.jsonl  or, of PostgreSQL, every table row by row, from one snapshot; it can be restored into either database
    blobs/ packs/   content-addressed files, the node's own packs
    qyzj.toml       settings
    keys.sealed     the key ring under the pass phrase (`KeyRing.export_under`)
    files.sealed    every other file of the data directory, certificates and their keys, under the same pass phrase

The database is copied first and the blobs after it: a blob is there before the entry that names it.  What the file holds of
texts and contacts is sealed; without the pass phrase it opens nothing.
"""

import base64
import errno
import hashlib
import io
import json
import os
import shutil
import tarfile
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

import pysqlite3.dbapi2 as sqlite
import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from sqlalchemy import Connection, LargeBinary, Table, func, insert, or_, select
from sqlalchemy.engine import make_url

from node import config
from node.services.verify import Verdict, verify
from node.storage import schema
from node.storage.blobs import Blobs
from node.storage.database import Database, is_full, open_database
from node.storage.journal import read_head
from node.storage.keyring import KeyRing, file_name
from node.storage.migrate import is_newer, revision, upgrade
from node.storage.sealing import CodedError, Random
from node.storage.unit_of_work import Store

log = structlog.get_logger()

FORMAT = 1
MANIFEST = "manifest.json"
DATABASE = "node.db"
KEYS = "keys.sealed"
FILES = "files.sealed"
# When this node was backed up last; of the machine that it ran on, and so in no backup.
LAST = "last-backup"
SETTINGS = config.FILE
rows_at_once = 500

_OPEN_FOLDERS = ("blobs", "packs")
# Written anew by whoever needs it; of no use anywhere else.
_FLEETING = (".lock", ".pid", ".sock", ".log", ".part", ".tmp")
_MAGIC = b"QYZJFILE1"
_SALT_BYTES = 16
_NONCE_BYTES = 12
_LOG2_COST = 17


class BackupError(CodedError):
    """
    A backup cannot be made or used.

    Codes:
        BACKUP_EXISTS: the file is there already.  BACKUP_BROKEN (names the file in it): not what was written.
        BACKUP_FORMAT_UNKNOWN: written by a later release.  BACKUP_SCHEMA_UNKNOWN: its tables are a later release's.
        DIRECTORY_NOT_EMPTY: a node is never restored over another.  PASS_PHRASE_WRONG.
    """


@dataclass(frozen=True)
class BackedUp:
    """What a backup holds; ``taken`` is the last entry in it."""

    file: Path
    node: str
    taken: int
    files: int
    size_bytes: int


@dataclass(frozen=True)
class Restored:
    """What a restore gave; ``verdict`` is None unless it was asked for."""

    node: str
    made_at: str
    taken: int
    files: int
    verdict: Verdict | None


# --- backup -----------------------------------------------------------------------------------------------------------


def back_up(settings: config.Settings, store: Store, file: Path, pass_phrase: str, random: Random, now: datetime) -> BackedUp:
    """
    Write the node into *file*, readable by its owner only, whole or not at all.

    Raises:
        BackupError: BACKUP_EXISTS.  KeyRingError: PASS_PHRASE_TOO_SHORT.  OSError: no room for it.
    """
    if file.exists():
        raise BackupError("BACKUP_EXISTS", file=file.name)
    assert store.ring is not None
    sealed_keys = store.ring.export_under(pass_phrase, random)
    with tempfile.TemporaryDirectory(dir=file.parent, prefix=".backup-") as folder:
        stage = Path(folder)
        head = _copy_database(settings, store.database, stage)
        (stage / KEYS).write_bytes(sealed_keys)
        (stage / FILES).write_bytes(_seal(pass_phrase, _other_files(settings), random))
        members = {path.relative_to(stage).as_posix(): path for path in sorted(stage.rglob("*")) if path.is_file()}
        for path in _open_files(settings.data_dir):
            members[path.relative_to(settings.data_dir).as_posix()] = path
        manifest = {
            **head,
            "format": FORMAT,
            "made_at": now.isoformat(),
            "files": {name: _digest(path) for name, path in sorted(members.items())},
        }
        _write_tar(stage / "backup.tar", manifest, members)
        os.link(stage / "backup.tar", file)
    _note_last(settings.data_dir, now)
    return BackedUp(file, str(head["node"]), int(head["taken"]), len(members), file.stat().st_size)


def _note_last(data_dir: Path, now: datetime) -> None:
    """Where the data directory's disk is full, the backup is whole all the same: the time of the one before it stays."""
    part = data_dir / f"{LAST}.part"
    try:
        part.write_text(now.isoformat(), encoding="utf-8")
        part.replace(data_dir / LAST)
    except OSError as error:
        log.warning("time of the backup not kept", fault=str(error))
        with suppress(OSError):
            part.unlink(missing_ok=True)


def last_backup_at(data_dir: Path) -> datetime | None:
    """When the node in *data_dir* was backed up last; None if never."""
    try:
        return datetime.fromisoformat((data_dir / LAST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _copy_database(settings: config.Settings, database: Database, stage: Path) -> dict[str, Any]:
    """Copy the database into *stage* and say what it stands at."""
    if database.is_sqlite:
        source, target = sqlite.connect(make_url(settings.url).database), sqlite.connect(stage / DATABASE)
        try:
            source.backup(target)
            target.execute("PRAGMA journal_mode=DELETE")
        except sqlite.OperationalError as error:
            if is_full(error):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
            raise
        finally:
            target.close()
            source.close()
        copy = open_database(f"sqlite:///{stage / DATABASE}")
        try:
            with copy.reader.connect() as connection:
                described = _described(connection)
        finally:
            copy.close()
        for beside in ("-wal", "-shm"):
            (stage / f"{DATABASE}{beside}").unlink(missing_ok=True)
    else:
        with database.reader.connect().execution_options(isolation_level="REPEATABLE READ") as connection, connection.begin():
            described = _described(connection)
            for table in schema.metadata.sorted_tables:
                _dump(connection, table, stage / "tables" / f"{table.name}.jsonl")
    return {**described, "database": "sqlite" if database.is_sqlite else "tables", "schema": revision(database)}


def _described(connection: Connection) -> dict[str, Any]:
    head = read_head(connection)
    table = schema.streams
    streams = [[row.node, row.epoch, row.size] for row in connection.execute(select(table).order_by(table.c.node, table.c.epoch))]
    return {"node": head.node, "name": head.name, "epoch": head.epoch, "taken": head.taken, "streams": streams}


def _dump(connection: Connection, table: Table, path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        for row in connection.execution_options(yield_per=rows_at_once).execute(select(table)):
            file.write(json.dumps([base64.b64encode(value).decode() if isinstance(value, bytes | memoryview) else value for value in row]))
            file.write("\n")


def _open_files(data_dir: Path) -> Iterator[Path]:
    """Blobs, packs and settings: nothing of them is secret."""
    for folder in _OPEN_FOLDERS:
        yield from (path for path in sorted((data_dir / folder).rglob("*")) if path.is_file() and not path.name.startswith("."))
    if (data_dir / SETTINGS).is_file():
        yield data_dir / SETTINGS


def _other_files(settings: config.Settings) -> bytes:
    """Every other file of the data directory, as a tar: certificates, their keys, whatever a later part keeps there."""
    data_dir = settings.data_dir
    database = make_url(settings.url).database if settings.url.startswith("sqlite") else None
    skipped = {data_dir / SETTINGS, data_dir / LAST, data_dir / "keys" / file_name}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for path in sorted(data_dir.rglob("*")):
            name = path.relative_to(data_dir)
            is_database = database is not None and str(path).startswith(database)
            if not path.is_file() or path in skipped or name.parts[0] in _OPEN_FOLDERS or is_database or path.suffix in _FLEETING:
                continue
            if path == settings.rehearsal_clock:
                continue
            tar.add(path, name.as_posix(), recursive=False)
    return packed.getvalue()


def _write_tar(path: Path, manifest: dict[str, Any], members: dict[str, Path]) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        with tarfile.open(fileobj=file, mode="w") as tar:
            content = json.dumps(manifest, ensure_ascii=False, indent=1).encode()
            info = tarfile.TarInfo(MANIFEST)
            info.size, info.mode = len(content), 0o600
            tar.addfile(info, io.BytesIO(content))
            for name, member in sorted(members.items()):
                tar.add(member, name, recursive=False)
        file.flush()
        os.fsync(file.fileno())


def _digest(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return {"sha256": hashlib.file_digest(file, "sha256").hexdigest(), "bytes": path.stat().st_size}


# --- restore ----------------------------------------------------------------------------------------------------------


def restore(file: Path, data_dir: Path, pass_phrase: str, *, database_url: str = "", verifies: bool = False) -> Restored:
    """
    Make *data_dir*, which is empty or missing, into the node that *file* holds.

    Rows of a PostgreSQL node go into the empty database at *database_url*, or into SQLite if none is named.  Every file is
    checked against the manifest; *verifies* also checks entries, streams, payloads and blobs.  On any error nothing is left.

    Raises:
        BackupError: BACKUP_BROKEN, BACKUP_FORMAT_UNKNOWN, BACKUP_SCHEMA_UNKNOWN, DIRECTORY_NOT_EMPTY, PASS_PHRASE_WRONG.
        KeyRingError: PASS_PHRASE_WRONG, EXPORT_BROKEN.
    """
    if data_dir.exists() and (not data_dir.is_dir() or any(data_dir.iterdir())):
        raise BackupError("DIRECTORY_NOT_EMPTY", directory=data_dir.name)
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(dir=data_dir.parent, prefix=".restore-"))
    try:
        manifest = _unpack(file, stage)
        if is_newer(manifest.get("schema")):
            raise BackupError("BACKUP_SCHEMA_UNKNOWN", found=str(manifest["schema"]))
        KeyRing.import_under(pass_phrase, (stage / KEYS).read_bytes(), stage / "keys")
        _unpack_others(_unseal(pass_phrase, (stage / FILES).read_bytes()), stage)
        settings = config.load(stage, database_url=database_url)
        config.save(settings)
        _fill_database(manifest, settings, stage)
        _hold(settings)
        for name in (KEYS, FILES):
            (stage / name).unlink()
        if data_dir.exists():
            data_dir.rmdir()
        stage.rename(data_dir)
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        raise
    verdict = _verified(data_dir) if verifies else None
    return Restored(manifest["node"], manifest["made_at"], manifest["taken"], len(manifest["files"]), verdict)


def _unpack(file: Path, stage: Path) -> dict[str, Any]:
    """Every file that the manifest names, and no other, checked while it is written."""
    try:
        with tarfile.open(file, "r:") as tar:
            first = tar.next()
            content = tar.extractfile(first) if first is not None and first.name == MANIFEST else None
            manifest = json.loads(content.read()) if content is not None else None
            if not isinstance(manifest, dict) or not isinstance(manifest.get("format"), int):
                raise BackupError("BACKUP_BROKEN", file=MANIFEST)
            if manifest["format"] != FORMAT:
                raise BackupError("BACKUP_FORMAT_UNKNOWN", found=manifest["format"], known=FORMAT)
            wanted = dict(manifest["files"])
            while (member := tar.next()) is not None:
                _unpack_one(tar, member, wanted.pop(member.name, None), stage)
    except (tarfile.TarError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, CodedError):
            raise
        raise BackupError("BACKUP_BROKEN", file=file.name) from error
    if wanted:
        raise BackupError("BACKUP_BROKEN", file=min(wanted))
    return manifest


def _unpack_one(tar: tarfile.TarFile, member: tarfile.TarInfo, wanted: dict[str, Any] | None, stage: Path) -> None:
    source = tar.extractfile(member) if member.isfile() else None
    if wanted is None or source is None or not _is_plain(member.name):
        raise BackupError("BACKUP_BROKEN", file=member.name)
    path = stage / member.name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        shutil.copyfileobj(source, file)
    path.chmod(0o600)
    if _digest(path) != wanted:
        raise BackupError("BACKUP_BROKEN", file=member.name)


def _unpack_others(packed: bytes, stage: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(packed), mode="r:") as tar:
        for member in tar:
            source = tar.extractfile(member) if member.isfile() else None
            if source is None or not _is_plain(member.name):
                raise BackupError("BACKUP_BROKEN", file=FILES)
            path = stage / member.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(source.read())
            path.chmod(member.mode & 0o700)


def _is_plain(name: str) -> bool:
    """Never a way out of the directory."""
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts


def _fill_database(manifest: dict[str, Any], settings: config.Settings, stage: Path) -> None:
    if manifest["database"] == "sqlite" and not settings.database_url:
        return
    tables = stage / "tables"
    if manifest["database"] == "sqlite":
        _tables_of_sqlite(stage / DATABASE, tables)
    database = open_database(settings.url)
    try:
        upgrade(database)
        if manifest["schema"] != revision(database):
            raise BackupError("BACKUP_SCHEMA_UNKNOWN", found=str(manifest["schema"]))
        with database.write() as connection:
            if connection.execute(select(func.count()).select_from(schema.heads)).scalar_one():
                raise BackupError("DIRECTORY_NOT_EMPTY", directory="database")
            for table in schema.metadata.sorted_tables:
                _load(connection, table, tables / f"{table.name}.jsonl")
    finally:
        database.close()
    shutil.rmtree(tables)


def _hold(settings: config.Settings) -> None:
    """
    What it writes before its superior has said where it stands might bear numbers that are taken (FEDERATION 2.3 no. 6); so might
    what a node at the top writes, of which its subordinates hold more, before it begins a new epoch (no. 11).
    """
    database = open_database(settings.url)
    try:
        with database.write() as connection:
            heads, links = schema.heads, schema.links
            has_neighbours = or_(heads.c.line != "", select(links.c.peer).exists())
            connection.execute(heads.update().where(has_neighbours).values(held="restored"))
    finally:
        database.close()
        if database.is_sqlite:
            _settle_sqlite(Path(str(make_url(settings.url).database)))


def _settle_sqlite(file: Path) -> None:
    """The database is one file again: what is moved next to it is whole."""
    connection = sqlite.connect(file)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _tables_of_sqlite(file: Path, tables: Path) -> None:
    """A SQLite node goes on in PostgreSQL."""
    source = open_database(f"sqlite:///{file}")
    try:
        with source.read() as connection:
            for table in schema.metadata.sorted_tables:
                _dump(connection, table, tables / f"{table.name}.jsonl")
    finally:
        source.close()
    for beside in ("", "-wal", "-shm"):
        file.with_name(file.name + beside).unlink(missing_ok=True)


def _load(connection: Connection, table: Table, path: Path) -> None:
    columns = list(table.columns)
    rows: list[dict[str, Any]] = []
    with path.open(encoding="utf-8") as file:
        for line in file:
            values = zip(columns, json.loads(line), strict=True)
            rows.append({column.name: _loaded(column.type, value) for column, value in values})
            if len(rows) >= rows_at_once:
                connection.execute(insert(table), rows)
                rows = []
    if rows:
        connection.execute(insert(table), rows)


def _loaded(kind: object, value: Any) -> Any:
    return base64.b64decode(value) if isinstance(kind, LargeBinary) and value is not None else value


def _verified(data_dir: Path) -> Verdict:
    store = Store(open_database(config.load(data_dir).url), None)
    try:
        with store.read() as view:
            return verify(view, Blobs(data_dir / "blobs"))
    finally:
        store.close()


# --- sealing under a pass phrase --------------------------------------------------------------------------------------


def _seal(pass_phrase: str, content: bytes, random: Random) -> bytes:
    head = _MAGIC + random(_SALT_BYTES) + random(_NONCE_BYTES)
    return head + _cipher(pass_phrase, head).encrypt(head[-_NONCE_BYTES:], content, head)


def _unseal(pass_phrase: str, sealed: bytes) -> bytes:
    length = len(_MAGIC) + _SALT_BYTES + _NONCE_BYTES
    head, box = sealed[:length], sealed[length:]
    if not head.startswith(_MAGIC) or len(head) < length:
        raise BackupError("BACKUP_BROKEN", file=FILES)
    try:
        return _cipher(pass_phrase, head).decrypt(head[-_NONCE_BYTES:], box, head)
    except InvalidTag:
        raise BackupError("PASS_PHRASE_WRONG") from None


def _cipher(pass_phrase: str, head: bytes) -> AESGCM:
    salt = head[len(_MAGIC) : len(_MAGIC) + _SALT_BYTES]
    return AESGCM(Scrypt(salt=salt, length=32, n=1 << _LOG2_COST, r=8, p=1).derive(unicodedata.normalize("NFC", pass_phrase).encode()))
