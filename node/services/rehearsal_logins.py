"""
Log-ins of a rehearsal: one password and one secret for all its desks, so that a person can sit down at each of them at once.

Nothing else gives a password that its owner has not chosen and need not change.
"""

from collections.abc import Collection
from datetime import datetime

from node.services import passwords, second_factors
from node.storage import schema
from node.storage.database import micros
from node.storage.statements import upsert_many
from node.storage.unit_of_work import Store


def open_desks(store: Store, accounts: Collection[str], password: str, strong: Collection[str], secret: str, now: datetime) -> None:
    """
    Let *accounts* sign in by *password*, and those in *strong* by a one-time code of *secret* (base32) too.

    Raises:
        ValueError: at a node where real people work.
    """
    with store.read() as view:
        if not view.head.is_rehearsal:
            raise ValueError(f"{view.head.node} is no rehearsal node")
    # Hashed once: it is one secret however many know it.
    kept = passwords.hashed(password)
    rows = [
        {
            "account": account,
            "password": kept,
            "password_at": micros(now),
            "must_change": False,
            "totp": second_factors.seal(store, account, secret) if account in strong else None,
            "totp_step": 0,
            "lang": "",
        }
        for account in accounts
    ]
    with store.database.write() as connection:
        upsert_many(connection, schema.logins, rows)
