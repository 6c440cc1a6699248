"""
Drafts: what an account typed into a form, as typed, until the form is sent or thrown away.

A draft may hold a phone number or a complaint, so it is sealed under a key that follows from the node's own secret: whoever has
the database alone reads nothing in it, and a row cut and pasted to another account or form does not open.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, select

from node.domain.refusal import Code, Refusal
from node.storage import schema
from node.storage.database import instant, micros
from node.storage.statements import upsert_many
from node.storage.unit_of_work import UnitOfWork, View

# What nobody came back to within a month is personal data without a purpose.
draft_days_max = 30
Fields = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Draft:
    """A form as it was typed: each field's values in the order in which the browser sent them."""

    account: str
    form: str
    fields: Mapping[str, tuple[str, ...]]
    saved_at: datetime

    def text(self, name: str) -> str:
        """The one value of a field; empty if nothing was typed."""
        return next(iter(self.fields.get(name, ())), "")


def save(work: UnitOfWork, account: str, form: str, fields: Fields, now: datetime) -> None:
    """
    Keep what is typed in place of what was there, and forget what the account left lying for ``draft_days_max``.

    Raises:
        Refusal: PAYLOAD_SEALED, if this process has no keys.
    """
    plain = json.dumps({name: list(values) for name, values in fields.items()}, ensure_ascii=False).encode()
    sealed = work.payloads.seal_draft(plain, account, form)
    if sealed is None:
        raise Refusal(Code.PAYLOAD_SEALED)
    row = {"account": account, "form": form, "sealed": sealed, "saved_at": micros(now)}
    table = schema.drafts
    forgotten = micros(now - timedelta(days=draft_days_max))
    work.connection.execute(delete(table).where(table.c.account == account, table.c.saved_at < forgotten))
    upsert_many(work.connection, table, [row])


def load(view: View | UnitOfWork, account: str, form: str) -> Draft | None:
    """What *account* typed into *form*; None if there is nothing, or it was sealed under keys that this node has no more."""
    found = _rows(view, account, schema.drafts.c.form == form)
    return found[0] if found else None


def of_account(view: View | UnitOfWork, account: str, prefix: str = "") -> list[Draft]:
    """The drafts of *account* whose form begins with *prefix*, by form."""
    return _rows(view, account, func.substr(schema.drafts.c.form, 1, len(prefix)) == prefix)


def drop(work: UnitOfWork, account: str, form: str) -> None:
    """Forget a draft: it was sent, or thrown away.  Nothing happens if there is none."""
    table = schema.drafts
    work.connection.execute(delete(table).where(table.c.account == account, table.c.form == form))


def _rows(view: View | UnitOfWork, account: str, condition: ColumnElement[bool]) -> list[Draft]:
    table = schema.drafts
    query = select(table).where(table.c.account == account, condition).order_by(table.c.form)
    found = []
    for row in view.connection.execute(query):
        plain = view.payloads.open_draft(bytes(row.sealed), row.account, row.form)
        if plain is not None:
            fields = {name: tuple(values) for name, values in json.loads(plain).items()}
            found.append(Draft(row.account, row.form, fields, instant(row.saved_at)))
    return found
