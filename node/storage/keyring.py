"""
The secret keys of a node, in one file beside the database and never in it (DESIGN 13, Sealed payloads).

Durable are four keys: the payload secrets of the two readers "node" (texts and contacts of this node, texts of its
subordinates) and "desk" (contacts of subordinates, for revisits), the signing secret for checkpoints, which is not the
TLS key, and the *public* half of the recovery key.  The recovery secret is printed once, by `KeyRing.create`, and kept
by people on paper: with the journal that the superior mirrors it is what a node that lost its disk starts from.

The file is written whole to a temporary name, synced, and linked or renamed into place: it is there or not, never half.
It leaves the machine only as `KeyRing.export_under` writes it, under a pass phrase.
"""

import base64
import contextlib
import hashlib
import json
import os
import re
import tempfile
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from node.storage.sealing import CodedError, Random, Reader, key_length_bytes, new_key, nonce_length_bytes, public_of

file_name = "keyring.json"
pass_phrase_characters_min = 12
recovery_key_characters = 56
recovery_group_characters = 4

_FORMAT = 1
_KEYS = ("node_secret", "desk_secret", "signing_secret", "recovery_public")
_RECOVERY_CHECK_BYTES = 3
_EXPORT_MAGIC = b"QYZJKEYS"
_EXPORT_VERSION = 1
_EXPORT_SALT_BYTES = 16
# 2**17 blocks of 1 KiB: 128 MiB and about half a second a guess.  Stored with the export, so it may grow later.
_EXPORT_LOG2_COST = 17
# Bounds what a foreign file can make us allocate: 1 GiB.
_EXPORT_LOG2_COST_MAX = 20


class KeyRingError(CodedError):
    """
    A key ring, its export or a recovery key cannot be used.

    Codes:
        KEYRING_EXISTS: the directory already holds one; its keys are never replaced.
        KEYRING_MISSING: no such file.  KEYRING_EXPOSED: others than its owner may read it.
        KEYRING_BROKEN: not what was written.  KEYRING_FORMAT_UNKNOWN: written by a later release.
        PASS_PHRASE_TOO_SHORT: under 12 characters.  PASS_PHRASE_WRONG: or the export was changed.
        EXPORT_BROKEN: not an export of a key ring.  EXPORT_FORMAT_UNKNOWN: written by a later release.
        RECOVERY_KEY_LENGTH, RECOVERY_KEY_CHARACTER (names the group), RECOVERY_KEY_CHECK: a slip in typing.
        RECOVERY_KEY_OTHER: typed rightly, but another node's, or of other keys of this one.
    """


@dataclass(frozen=True)
class KeyRing:
    """A node's secret keys, 32 bytes each, and its recovery public key.  Printing it shows no secret."""

    node_secret: bytes = field(repr=False)
    desk_secret: bytes = field(repr=False)
    signing_secret: bytes = field(repr=False)
    recovery_public: bytes

    @classmethod
    def create(cls, directory: Path, random: Random) -> tuple["KeyRing", str]:
        """
        Make a node's keys, write them into *directory* and return them with the recovery key to print, which is kept nowhere.

        Raises:
            KeyRingError: KEYRING_EXISTS.
            OSError: the file cannot be written; nothing is left behind.
        """
        recovery_secret = new_key(random)
        ring = cls(new_key(random), new_key(random), new_key(random), public_of(recovery_secret))
        ring._keep(directory)
        return ring, print_recovery_key(recovery_secret)

    @classmethod
    def load(cls, directory: Path) -> "KeyRing":
        """
        Read the key ring in *directory*.

        Raises:
            KeyRingError: KEYRING_MISSING, KEYRING_EXPOSED, KEYRING_BROKEN or KEYRING_FORMAT_UNKNOWN.
        """
        path = directory / file_name
        try:
            with path.open("rb") as file:
                if os.fstat(file.fileno()).st_mode & 0o077:
                    raise KeyRingError("KEYRING_EXPOSED", file=file_name)
                content = file.read()
        except FileNotFoundError:
            raise KeyRingError("KEYRING_MISSING", file=file_name) from None
        return cls._decode(content)

    @classmethod
    def import_under(cls, pass_phrase: str, content: bytes, directory: Path) -> "KeyRing":
        """
        Write the key ring that `export_under` made into *directory* and return it.

        Raises:
            KeyRingError: EXPORT_BROKEN, EXPORT_FORMAT_UNKNOWN, PASS_PHRASE_WRONG or KEYRING_EXISTS; nothing is written.
        """
        ring = cls._decode(_opened_export(pass_phrase, content))
        ring._keep(directory)
        return ring

    def export_under(self, pass_phrase: str, random: Random) -> bytes:
        """
        Return the key ring for a backup, under *pass_phrase* (scrypt, AES-256-GCM).

        Raises:
            KeyRingError: PASS_PHRASE_TOO_SHORT.
        """
        if len(_normal(pass_phrase)) < pass_phrase_characters_min:
            raise KeyRingError("PASS_PHRASE_TOO_SHORT", characters_min=pass_phrase_characters_min)
        head = _EXPORT_MAGIC + bytes([_EXPORT_VERSION, _EXPORT_LOG2_COST]) + random(_EXPORT_SALT_BYTES) + random(nonce_length_bytes)
        return head + _export_cipher(pass_phrase, head).encrypt(head[-nonce_length_bytes:], self._encode(), head)

    def public_keys(self) -> Mapping[Reader, bytes]:
        """Return the payload public keys for the signed tree of nodes: X25519, 32 raw bytes a reader."""
        return {Reader.NODE: public_of(self.node_secret), Reader.DESK: public_of(self.desk_secret), Reader.RECOVERY: self.recovery_public}

    def secret(self, reader: Reader) -> bytes:
        """
        Return the payload secret key with which this node opens month keys as *reader*.

        Raises:
            ValueError: *reader* is RECOVERY, whose secret is on paper only.
        """
        match reader:
            case Reader.NODE:
                return self.node_secret
            case Reader.DESK:
                return self.desk_secret
            case Reader.RECOVERY:
                raise ValueError("the recovery secret is not kept; parse_recovery_key reads it from what was printed")

    def is_recovery_key(self, recovery_secret: bytes) -> bool:
        """Say whether *recovery_secret*, as `parse_recovery_key` read it, is the one printed when this ring was made."""
        return public_of(recovery_secret) == self.recovery_public

    @property
    def signing_public(self) -> bytes:
        """The Ed25519 public key of this node's checkpoints, 32 raw bytes."""
        return Ed25519PrivateKey.from_private_bytes(self.signing_secret).public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """Return the Ed25519 signature of *message*, 64 bytes."""
        return Ed25519PrivateKey.from_private_bytes(self.signing_secret).sign(message)

    def _keep(self, directory: Path) -> None:
        path = directory / file_name
        # Never rename over a key ring: what is sealed for it could not be opened again.
        try:
            write_private(path, self._encode(), replace=False)
        except FileExistsError:
            raise KeyRingError("KEYRING_EXISTS", file=file_name) from None

    def _encode(self) -> bytes:
        keys = {name: base64.b64encode(getattr(self, name)).decode() for name in _KEYS}
        return (json.dumps({"format": _FORMAT, **keys}, indent=1) + "\n").encode()

    @classmethod
    def _decode(cls, content: bytes) -> "KeyRing":
        try:
            written = json.loads(content)
            found = int(written["format"])
            if found > _FORMAT:
                raise KeyRingError("KEYRING_FORMAT_UNKNOWN", found=found, known=_FORMAT)
            keys = {name: base64.b64decode(written[name], validate=True) for name in _KEYS}
        except KeyRingError:
            raise
        except (ValueError, KeyError, TypeError):
            raise KeyRingError("KEYRING_BROKEN", file=file_name) from None
        if found != _FORMAT or any(len(key) != key_length_bytes for key in keys.values()):
            raise KeyRingError("KEYRING_BROKEN", file=file_name)
        return cls(**keys)


def verify_signature(public: bytes, message: bytes, signature: bytes) -> bool:
    """Say whether *signature* is that of *message* by the Ed25519 key *public* (32 raw bytes); a malformed one is not."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def print_recovery_key(secret: bytes) -> str:
    """Return *secret* as people write it down: 14 groups of four letters and digits (base32), the last ones a check."""
    text = base64.b32encode(secret + _recovery_check(secret)).decode()
    return "-".join(text[start : start + recovery_group_characters] for start in range(0, len(text), recovery_group_characters))


def parse_recovery_key(text: str) -> bytes:
    """
    Read a recovery key as it was written down: any case, hyphens and blanks anywhere, 0, 1 and 8 for O, I and B.

    Raises:
        KeyRingError: RECOVERY_KEY_LENGTH, RECOVERY_KEY_CHARACTER or RECOVERY_KEY_CHECK.
    """
    # Full-width letters are what a Chinese input method gives.
    typed = re.sub(r"[\s\-\u2010-\u2015\u2212]", "", unicodedata.normalize("NFKC", text)).upper().translate(str.maketrans("018", "OIB"))
    for place, character in enumerate(typed):
        if not re.fullmatch("[A-Z2-7]", character):
            raise KeyRingError("RECOVERY_KEY_CHARACTER", group=place // recovery_group_characters + 1)
    if len(typed) != recovery_key_characters:
        raise KeyRingError("RECOVERY_KEY_LENGTH", characters=len(typed), characters_due=recovery_key_characters)
    read = base64.b32decode(typed)
    secret, check = read[:key_length_bytes], read[key_length_bytes:]
    if check != _recovery_check(secret):
        raise KeyRingError("RECOVERY_KEY_CHECK")
    return secret


def write_private(path: Path, content: bytes, *, replace: bool) -> None:
    """
    Write *content* so that only its owner may read it (0600, in a directory of 0700), all of it or nothing, and durably.

    The directory is made if it is missing; one that is there keeps its mode.

    Raises:
        FileExistsError: *path* is there and *replace* is false.
        OSError: it cannot be written; what was there before still is.
    """
    if not path.parent.is_dir():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sync_directory(path.parent.parent)
    # mkstemp opens with 0600, so there is no moment at which others could read.
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            os.replace(temporary, path)
        else:
            os.link(temporary, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
    _sync_directory(path.parent)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _recovery_check(secret: bytes) -> bytes:
    return hashlib.sha256(b"qyzj recovery key 1" + secret).digest()[:_RECOVERY_CHECK_BYTES]


def _opened_export(pass_phrase: str, content: bytes) -> bytes:
    length = len(_EXPORT_MAGIC) + 2 + _EXPORT_SALT_BYTES + nonce_length_bytes
    head, box = content[:length], content[length:]
    if not head.startswith(_EXPORT_MAGIC) or len(head) < length:
        raise KeyRingError("EXPORT_BROKEN")
    version, log2_cost = head[len(_EXPORT_MAGIC)], head[len(_EXPORT_MAGIC) + 1]
    if version != _EXPORT_VERSION:
        raise KeyRingError("EXPORT_FORMAT_UNKNOWN", found=version, known=_EXPORT_VERSION)
    if not 1 <= log2_cost <= _EXPORT_LOG2_COST_MAX:
        raise KeyRingError("EXPORT_BROKEN")
    try:
        return _export_cipher(pass_phrase, head).decrypt(head[-nonce_length_bytes:], box, head)
    except InvalidTag:
        raise KeyRingError("PASS_PHRASE_WRONG") from None


def _export_cipher(pass_phrase: str, head: bytes) -> AESGCM:
    start = len(_EXPORT_MAGIC) + 2
    kdf = Scrypt(salt=head[start : start + _EXPORT_SALT_BYTES], length=key_length_bytes, n=1 << head[start - 1], r=8, p=1)
    return AESGCM(kdf.derive(_normal(pass_phrase).encode()))


def _normal(pass_phrase: str) -> str:
    """The same phrase typed at another keyboard: composed letters, blanks as one (RFC 8265, OpaqueString)."""
    return unicodedata.normalize("NFC", re.sub(r"\s", " ", pass_phrase))
