"""
Seals texts and contacts beside the journal, so that they can be read for a purpose and erased for good (DESIGN 4, 13).

Three layers, each under the next:

1. A payload (a text or a contact) is sealed under its subject's key of that kind: AES-256-GCM, the nonce first, a salt
   inside.  The entry names it by two digests: ``blob`` of the ciphertext, by which anyone can see that the right bytes
   came, and ``digest`` of the plain text, salted, so that a guess at a phone number cannot be tried from outside.
2. A subject's key is wrapped by the *month key* that its node has for that kind and month: AES key wrap (RFC 3394).
3. A month key is wrapped by HPKE (RFC 9180: X25519, HKDF-SHA-256, AES-256-GCM) for each that may open it.  So a ticket
   costs no public-key step, and a new reader costs one a month and kind.

Everything here is a function over bytes.  *random* gives so many fresh random bytes; only HPKE draws its ephemeral key
from the system itself, and its output stands in no hash.
"""

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from enum import StrEnum, unique
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from node.domain.payload import PayloadKind

Random = Callable[[int], bytes]

key_length_bytes = 32
salt_length_bytes = 32
nonce_length_bytes = 12
tag_length_bytes = 16
wrapped_subject_key_length_bytes = key_length_bytes + 8
# HPKE: the encapsulated X25519 key, the ciphertext, the tag.
wrapped_month_key_length_bytes = 32 + key_length_bytes + tag_length_bytes

_HPKE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_BEIJING = timezone(timedelta(hours=8))
# Tokens of the text index that a process keeps at hand: the pairs of characters that people use again and again.
grams_kept_max = 65_536
# Two of each ticket that is being written.
bindings_kept_max = 256
# Month keys that a process keeps open: of a few months, its own and its subordinates'.
month_keys_kept_max = 256
# Nothing in it is misheard or misread for something else: no I, L, O, U.
_QUERY_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class CodedError(ValueError):
    """What went wrong, as a ``code`` for callers and ``facts`` (codes and numbers, never a text or a key) for the sentence."""

    def __init__(self, code: str, **facts: str | int) -> None:
        super().__init__(" ".join([code, *(f"{name}={fact}" for name, fact in facts.items())]))
        self.code = code
        self.facts = facts


class SealingError(CodedError):
    """
    A seal or a wrapped key does not open.

    Codes:
        SEAL_BROKEN: wrong key, changed bytes, or a payload of another subject or kind.
        DIGEST_MISMATCH: it opens, but is not what the entry named.
        SUBJECT_KEY_UNOPENED: wrong month key or changed bytes.
        MONTH_KEY_UNOPENED: wrong secret key, changed bytes, or wrapped for another node, kind, month or reader.
        KEY_MALFORMED: a key that is not 32 bytes, or a public key that is no point for a secret.
    """


@unique
class Reader(StrEnum):
    """As whom a node opens month keys."""

    NODE = "node"
    DESK = "desk"
    RECOVERY = "recovery"


@dataclass(frozen=True)
class Sealed:
    """A payload on its way: *blob* is SHA-256 of *ciphertext*, *digest* HMAC-SHA-256(salt, plain); 32 bytes each."""

    ciphertext: bytes
    blob: bytes
    digest: bytes


@dataclass(frozen=True)
class MonthKeyName:
    """Whose month key, for which kind, of which month: "2026-02", by Beijing time; "2026-02.2" in the node's second epoch."""

    node: str
    kind: PayloadKind
    month: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])(\.[0-9]{1,9})?", self.month):
            raise ValueError(f"month {self.month!r} is not of the form 2026-02")

    def info(self, recipient: str) -> bytes:
        """Return what HPKE binds: this name and who may open it, as "<node>/node", "<node>/desk" or "<node>/recovery"."""
        return _bound("qyzj month key 1", self.node, self.kind.value, self.month, recipient)


def seal(plain: bytes, key: bytes, aad: bytes, random: Random) -> Sealed:
    """
    Seal *plain* under the 32-byte subject key *key*, bound to *aad* (see `binding`).

    The ciphertext is nonce (12) || AES-256-GCM(salt (32) || plain) with its tag (16): 60 bytes more than *plain*.

    Raises:
        SealingError: KEY_MALFORMED.
    """
    salt, nonce = random(salt_length_bytes), random(nonce_length_bytes)
    ciphertext = nonce + AESGCM(_checked(key)).encrypt(nonce, salt + plain, aad)
    return Sealed(ciphertext, blob_of(ciphertext), _digest(salt, plain))


def unseal(ciphertext: bytes, key: bytes, aad: bytes, digest: bytes) -> bytes:
    """
    Open what `seal` closed and return the plain text, which is the one that the entry names by *digest*.

    Raises:
        SealingError: SEAL_BROKEN, DIGEST_MISMATCH or KEY_MALFORMED.
    """
    nonce, box = ciphertext[:nonce_length_bytes], ciphertext[nonce_length_bytes:]
    if len(box) < salt_length_bytes + tag_length_bytes:
        raise SealingError("SEAL_BROKEN")
    try:
        opened = AESGCM(_checked(key)).decrypt(nonce, box, aad)
    except InvalidTag:
        raise SealingError("SEAL_BROKEN") from None
    salt, plain = opened[:salt_length_bytes], opened[salt_length_bytes:]
    # GCM alone does not commit to one key: who holds both could make a box that opens to two texts.  The digest does.
    if not hmac.compare_digest(_digest(salt, plain), digest):
        raise SealingError("DIGEST_MISMATCH")
    return plain


@lru_cache(maxsize=bindings_kept_max)
def binding(subject_kind: str, subject_id: str, kind: PayloadKind) -> bytes:
    """Return the *aad* that ties a payload to its subject and kind: moved to another ticket, it does not open."""
    return _bound("qyzj payload 1", subject_kind, subject_id, kind.value)


def blob_of(ciphertext: bytes) -> bytes:
    """Return the name under which a sealed payload is stored and carried: SHA-256, 32 bytes."""
    return hashlib.sha256(ciphertext).digest()


def new_key(random: Random) -> bytes:
    """Return a fresh 32-byte subject key, month key or payload secret key."""
    return _checked(random(key_length_bytes))


def wrap_subject_key(key: bytes, month_key: bytes) -> bytes:
    """Return *key* wrapped by *month_key* (RFC 3394): 40 bytes, the same whenever the two are the same."""
    return aes_key_wrap(_checked(month_key), _checked(key))


def unwrap_subject_key(wrapped: bytes, month_key: bytes) -> bytes:
    """
    Open what `wrap_subject_key` closed.

    Raises:
        SealingError: SUBJECT_KEY_UNOPENED or KEY_MALFORMED.
    """
    _checked(month_key)
    if len(wrapped) != wrapped_subject_key_length_bytes:
        raise SealingError("SUBJECT_KEY_UNOPENED")
    try:
        return aes_key_unwrap(month_key, wrapped)
    except InvalidUnwrap:
        raise SealingError("SUBJECT_KEY_UNOPENED") from None


def wrap_month_key(month_key: bytes, recipient_public: bytes, info: bytes) -> bytes:
    """
    Return *month_key* wrapped for the holder of *recipient_public* (X25519, 32 raw bytes): 80 bytes, other ones each time.

    Args:
        info: `MonthKeyName.info`; who opens it must name the same node, kind, month and recipient.
    Raises:
        SealingError: KEY_MALFORMED.
    """
    _checked(month_key)
    try:
        return _HPKE.encrypt(month_key, X25519PublicKey.from_public_bytes(recipient_public), info)
    except ValueError:  # not 32 bytes, or a point of low order, whose shared secret is known to all
        raise SealingError("KEY_MALFORMED", length_bytes=len(recipient_public)) from None


def unwrap_month_key(wrapped: bytes, recipient_secret: bytes, info: bytes) -> bytes:
    """
    Open what `wrap_month_key` closed.

    Raises:
        SealingError: MONTH_KEY_UNOPENED or KEY_MALFORMED.
    """
    secret = _secret(recipient_secret)
    if len(wrapped) != wrapped_month_key_length_bytes:
        raise SealingError("MONTH_KEY_UNOPENED")
    try:
        return _HPKE.decrypt(wrapped, secret, info)
    except (InvalidTag, ValueError):
        raise SealingError("MONTH_KEY_UNOPENED") from None


@lru_cache(maxsize=8)
def _secret(recipient_secret: bytes) -> X25519PrivateKey:
    """A node's own secrets, which its process holds in any case; made ready for use they cost as much as an opening."""
    return X25519PrivateKey.from_private_bytes(_checked(recipient_secret))


@lru_cache(maxsize=month_keys_kept_max)
def month_key_at_hand(wrapped: bytes, recipient_secret: bytes, info: bytes) -> bytes:
    """As ``unwrap_month_key``; what was opened once stays in the memory that holds the secret which opens it."""
    return unwrap_month_key(wrapped, recipient_secret, info)


def public_of(secret: bytes) -> bytes:
    """Return the X25519 public key, 32 raw bytes, of the payload secret key *secret*."""
    return X25519PrivateKey.from_private_bytes(_checked(secret)).public_key().public_bytes_raw()


def month_of(now: datetime, epoch: int = 1) -> str:
    """
    Return the month, such as "2026-02", whose keys are used at *now* (aware) in a node's first epoch; in a later one "2026-02.2".

    Each epoch has its own: the keys of a month that began before it may be lost, or others than those that are held above.
    """
    there = now.astimezone(_BEIJING)
    month = f"{there.year:04}-{there.month:02}"
    return month if epoch == 1 else f"{month}.{epoch}"


def _digest(salt: bytes, plain: bytes) -> bytes:
    return hmac.digest(salt, plain, "sha256")


def _bound(*parts: str) -> bytes:
    """Join *parts* so that no two lists give the same bytes: each behind its length."""
    encoded = [part.encode() for part in parts]
    return b"".join(len(part).to_bytes(2, "big") + part for part in encoded)


def _checked(key: bytes) -> bytes:
    if len(key) != key_length_bytes:
        raise SealingError("KEY_MALFORMED", length_bytes=len(key))
    return key


def query_code(key: bytes, subject: str) -> str:
    """Eight letters and digits (40 bits) that follow from a subject's text *key* and its id, and say nothing about the key."""
    number = int.from_bytes(hmac.digest(key, b"qyzj query code|" + subject.encode(), "sha256")[:5], "big")
    return "".join(_QUERY_LETTERS[number >> shift & 31] for shift in range(35, -1, -5))


@lru_cache(maxsize=8)
def text_index_key(secret: bytes) -> bytes:
    """The key of the text index, 32 bytes: it follows from a node's *secret*, and no other key follows from it."""
    return hmac.digest(_checked(secret), b"qyzj text index 1", "sha256")


def login_key(secret: bytes) -> bytes:
    """The key under which the secrets of second factors lie, 32 bytes: it follows from a node's *secret*."""
    return hmac.digest(_checked(secret), b"qyzj login secrets 1", "sha256")


@lru_cache(maxsize=64)
def purpose_key(secret: bytes, purpose: str) -> bytes:
    """A key of 32 bytes for one *purpose*, such as "hook <id>", that follows from a node's *secret*."""
    return hmac.digest(_checked(secret), f"qyzj purpose 1|{purpose}".encode(), "sha256")


@lru_cache(maxsize=grams_kept_max)
def gram_token(key: bytes, gram: str) -> int:
    """48 bits that follow from *gram*, one or two characters, under the *key* of the text index; 0 to 2**48 - 1."""
    return int.from_bytes(hashlib.blake2b(gram.encode(), key=key, digest_size=6).digest(), "big")


def lookup_token(secret: bytes, kind: str, piece: str) -> str:
    """Sixteen bytes in hex that follow from a node's *secret* and from *piece*, under a key of the blind index's own."""
    return hmac.digest(_lookup_key(secret), f"{kind}|{piece}".encode(), "sha256")[:16].hex()


@lru_cache(maxsize=8)
def _lookup_key(secret: bytes) -> bytes:
    return hmac.digest(_checked(secret), b"qyzj lookup index 1", "sha256")


def seal_draft(plain: bytes, secret: bytes, account: str, form: str, random: Random) -> bytes:
    """*plain* under a key of drafts' own that follows from a node's *secret*: nonce (12) || ciphertext || tag (16)."""
    nonce = random(nonce_length_bytes)
    return nonce + AESGCM(_draft_key(secret)).encrypt(nonce, plain, _bound("qyzj draft 1", account, form))


def open_draft(sealed: bytes, secret: bytes, account: str, form: str) -> bytes | None:
    """What `seal_draft` sealed; None if it was sealed under another secret, for another account or form, or was changed."""
    nonce, box = sealed[:nonce_length_bytes], sealed[nonce_length_bytes:]
    try:
        return AESGCM(_draft_key(secret)).decrypt(nonce, box, _bound("qyzj draft 1", account, form))
    except (InvalidTag, ValueError):
        return None


def _draft_key(secret: bytes) -> bytes:
    return hmac.digest(_checked(secret), b"qyzj drafts 1", "sha256")
