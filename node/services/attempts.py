"""Failed attempts to sign in, counted under the name that was typed, known here or not, and under the address that they came from."""

from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection, delete, select

from node.domain import login as rules_of
from node.domain.login import Attempts
from node.domain.refusal import Code, Refusal
from node.storage import schema
from node.storage.database import Database, instant, instant_or_none, micros, micros_or_none
from node.storage.statements import upsert_many

log = structlog.get_logger()
# What a name or an address is cut at before it is kept.
name_characters_max = 200
_ALLOWED = {"account": rules_of.failures_max, "address": rules_of.failures_of_address_max}


def need_unlocked(database: Database, account: str, address: str, now: datetime) -> None:
    """
    Refuse whoever failed too often.

    Raises:
        Refusal: SIGN_IN_LOCKED with the whole minutes to wait, 1 or more.
    """
    with database.read() as connection:
        tried = [attempts_of(connection, kind, name) for kind, name in _named(account, address)]
        is_barred = any(one.is_locked(now) for one in tried)
        known = _known(connection, account) if is_barred else ""
    if is_barred:
        log.warning("sign_in_barred", account=known, address=address)
    for one in tried:
        if one.locked_until is not None and one.is_locked(now):
            raise Refusal(Code.SIGN_IN_LOCKED, minutes=-(-(one.locked_until - now) // timedelta(minutes=1)))


def note_failure(database: Database, account: str, address: str, now: datetime) -> None:
    """Count one more failure of both."""
    with database.write() as connection:
        for kind, name in _named(account, address):
            after = rules_of.failed(attempts_of(connection, kind, name), now, _ALLOWED[kind])
            row = {
                "kind": kind,
                "name": name,
                "failures": after.failures,
                "last_at": micros(now),
                "locked_until": micros_or_none(after.locked_until) or 0,
            }
            upsert_many(connection, schema.login_attempts, [row])
            if after.is_locked(now):
                known = _known(connection, account)
                log.warning("sign_in_locked", kind=kind, account=known, address=address, failures=after.failures)


def forget(database: Database, account: str) -> None:
    """The account signed in: its failures count no more.  Those of an address do, or one good account would hide many guesses."""
    table = schema.login_attempts
    with database.write() as connection:
        connection.execute(delete(table).where(table.c.kind == "account", table.c.name == account))


def attempts_of(connection: Connection, kind: str, name: str) -> Attempts:
    """What is counted under *name*."""
    table = schema.login_attempts
    row = connection.execute(select(table).where(table.c.kind == kind, table.c.name == name)).first()
    if row is None:
        return Attempts()
    return Attempts(row.failures, instant(row.last_at), instant_or_none(row.locked_until or None))


def _known(connection: Connection, account: str) -> str:
    """*account* if there is one of that name, else nothing: a password that was typed in the wrong place stands in no log."""
    return account if connection.execute(select(schema.accounts.c.id).where(schema.accounts.c.id == account)).first() else ""


def _named(account: str, address: str) -> list[tuple[str, str]]:
    return [(kind, name[:name_characters_max]) for kind, name in (("account", account), ("address", address)) if name]
