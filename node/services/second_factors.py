"""
One-time codes (RFC 6238) and recovery codes of accounts.

The secret lies sealed under a key that follows from the key ring and is not in the database; a code is taken once, one step early
or late at most.  A recovery code has 50 random bits and is kept as its scrypt digest: too much to search for.
"""

import hashlib
import hmac
import os
import re
import secrets
from datetime import datetime

import pyotp
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, delete, insert, select, update

from node.domain import login as rules_of
from node.domain.refusal import Code, Refusal
from node.storage import schema
from node.storage.database import micros
from node.storage.sealing import login_key, nonce_length_bytes
from node.storage.unit_of_work import Store

_CODE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_CODE_LENGTH = 10


def offer(connection: Connection, store: Store, account: str) -> str:
    """A fresh secret, base32, kept until its first code confirms it."""
    secret = pyotp.random_base32()
    table = schema.logins
    connection.execute(update(table).where(table.c.account == account).values(totp_waiting=seal(store, account, secret)))
    return secret


def waiting(connection: Connection, store: Store, account: str) -> str | None:
    """The secret that waits for its first code."""
    table = schema.logins
    sealed = connection.execute(select(table.c.totp_waiting).where(table.c.account == account)).scalar()
    return None if sealed is None else _open(store, account, bytes(sealed))


def confirm(connection: Connection, store: Store, account: str, said: str, now: datetime) -> list[str] | None:
    """Put the offered secret into force and return fresh recovery codes; None if *said* is not its code of this moment."""
    secret = waiting(connection, store, account)
    step = None if secret is None else _step_of(secret, said, now)
    if secret is None or step is None:
        return None
    table = schema.logins
    kept = seal(store, account, secret)
    connection.execute(update(table).where(table.c.account == account).values(totp=kept, totp_waiting=None, totp_step=step))
    return renew_codes(connection, account)


def take(connection: Connection, store: Store, account: str, said: str, now: datetime) -> bool:
    """Whether *said* is a one-time code or a recovery code of *account* that was not used yet; then it is from now on."""
    typed = _plain(said)
    return _take_code(connection, account, typed, now) if len(typed) == _CODE_LENGTH else _take_totp(connection, store, account, typed, now)


def renew_codes(connection: Connection, account: str) -> list[str]:
    """Ten fresh recovery codes in place of the former ones, as people write them down: "ABCDE-FGHJK"."""
    table = schema.recovery_codes
    made = ["".join(secrets.choice(_CODE_LETTERS) for _ in range(_CODE_LENGTH)) for _ in range(rules_of.recovery_codes_count)]
    connection.execute(delete(table).where(table.c.account == account))
    connection.execute(insert(table), [{"account": account, "digest": _code_digest(account, one), "used_at": None} for one in made])
    half = _CODE_LENGTH // 2
    return [f"{one[:half]}-{one[half:]}" for one in made]


def drop(connection: Connection, account: str) -> None:
    """Take secret, codes and certificates of *account* away."""
    logins = schema.logins
    connection.execute(update(logins).where(logins.c.account == account).values(totp=None, totp_waiting=None, totp_step=0))
    for table in (schema.recovery_codes, schema.login_certificates):
        connection.execute(delete(table).where(table.c.account == account))


def _take_totp(connection: Connection, store: Store, account: str, typed: str, now: datetime) -> bool:
    table = schema.logins
    sealed = connection.execute(select(table.c.totp).where(table.c.account == account)).scalar()
    step = None if sealed is None else _step_of(_open(store, account, bytes(sealed)), typed, now)
    if step is None:
        return False
    # Checked and noted in one statement: of two that show the same code one comes too late.
    noted = connection.execute(update(table).where(table.c.account == account, table.c.totp_step < step).values(totp_step=step))
    return bool(noted.rowcount == 1)


def _take_code(connection: Connection, account: str, typed: str, now: datetime) -> bool:
    table = schema.recovery_codes
    used = connection.execute(
        update(table)
        .where(table.c.account == account, table.c.digest == _code_digest(account, typed), table.c.used_at.is_(None))
        .values(used_at=micros(now))
    )
    return bool(used.rowcount == 1)


def _step_of(secret: str, said: str, now: datetime) -> int | None:
    """The step whose code *said* is: this one, the one before, or the one after."""
    totp, here, typed = pyotp.TOTP(secret), rules_of.step_of(now), _plain(said)
    return next(
        (step for step in (here, here - 1, here + 1) if hmac.compare_digest(totp.generate_otp(step).encode(), typed.encode())), None
    )


def _plain(said: str) -> str:
    return re.sub(r"[\s\-]", "", said).upper()


def _code_digest(account: str, code: str) -> bytes:
    return hashlib.scrypt(code.encode(), salt=b"qyzj recovery code|" + account.encode(), n=1 << 12, r=8, p=1, dklen=32)


def seal(store: Store, account: str, secret: str) -> bytes:
    """*secret* as the table keeps it for *account*."""
    nonce = os.urandom(nonce_length_bytes)
    return nonce + AESGCM(_key(store)).encrypt(nonce, secret.encode(), account.encode())


def _open(store: Store, account: str, sealed: bytes) -> str:
    """Raises: Refusal SECOND_FACTOR_REQUIRED, if it was sealed under keys that this node has no more: it must be set up anew."""
    try:
        return AESGCM(_key(store)).decrypt(sealed[:nonce_length_bytes], sealed[nonce_length_bytes:], account.encode()).decode()
    except InvalidTag:
        raise Refusal(Code.SECOND_FACTOR_REQUIRED, account=account) from None


def _key(store: Store) -> bytes:
    if store.ring is None:
        raise Refusal(Code.SETTING_REFUSED, setting="keys", fault="no key ring")
    return login_key(store.ring.node_secret)
