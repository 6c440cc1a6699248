"""
On which way the leader's page of 08:00 reaches an account beside its desk (USERS B16): on the page only, by SMS, or by e-mail.

Each sets it for himself.  It is a preference and no fact of the office: it stands in no journal, and the address is sealed for this
node alone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import delete, select

from node.domain.refusal import Code, Refusal
from node.storage import schema
from node.storage.statements import upsert_many
from node.storage.unit_of_work import UnitOfWork, View

IN_APP, SMS, EMAIL = "in_app", "sms", "email"
WAYS = (IN_APP, SMS, EMAIL)
address_characters_max = 254
_ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]\\]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_FORM = "daily_way"


@dataclass(frozen=True)
class Way:
    """What an account chose: one of ``WAYS``, with the address of a mailbox where it is that."""

    channel: str
    address: str = ""


def choose(work: UnitOfWork, account: str, channel: str, address: str) -> None:
    """
    Keep what *account* chose; an empty *channel* forgets it: then it is SMS where a phone is known.

    Raises:
        Refusal: VALUE_NOT_OFFERED; FIELD_REQUIRED, of an e-mail without an address; EMAIL_MALFORMED; PAYLOAD_SEALED, without keys.
    """
    table = schema.daily_ways
    if not channel:
        work.connection.execute(delete(table).where(table.c.account == account))
        return
    if channel not in WAYS:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="daily_way", value=channel, offered=WAYS)
    sealed = b""
    if channel == EMAIL:
        if not address:
            raise Refusal(Code.FIELD_REQUIRED, field="email")
        if len(address) > address_characters_max or not address.isascii() or not _ADDRESS.fullmatch(address):
            raise Refusal(Code.EMAIL_MALFORMED)
        kept = work.payloads.seal_draft(address.encode(), account, _FORM)
        if kept is None:
            raise Refusal(Code.PAYLOAD_SEALED)
        sealed = kept
    upsert_many(work.connection, table, [{"account": account, "channel": channel, "address": sealed}])


def way_of(view: View | UnitOfWork, account: str) -> Way:
    """What *account* chose; an empty channel where it chose nothing, an empty address where it does not open any more."""
    table = schema.daily_ways
    row = view.connection.execute(select(table).where(table.c.account == account)).first()
    if row is None:
        return Way("")
    plain = view.payloads.open_draft(bytes(row.address), account, _FORM) if row.address else None
    return Way(row.channel, plain.decode() if plain is not None else "")


def channels(view: View | UnitOfWork) -> Mapping[str, str]:
    """What each account chose, of those that chose."""
    table = schema.daily_ways
    return {row.account: row.channel for row in view.connection.execute(select(table.c.account, table.c.channel))}
