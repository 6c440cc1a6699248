"""
Tokens of other systems: each belongs to an account of this node, may do what its scopes name, and ends.

A token is shown once, when it is made; what is kept of it opens nothing.  What it does stands in the journal under its account.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, insert, select, update

from node.domain.accounts import TokenMade, TokenRevoked
from node.domain.entry import Actor
from node.domain.refusal import Code, Refusal
from node.domain.time import local_day
from node.services.command_fields import commands_by_kind, verb_of
from node.services.noting import note
from node.services.registry import NODE_ACTOR, actor_of, actor_with_roles
from node.storage import schema
from node.storage.database import instant, instant_or_none, micros
from node.storage.statements import Prepared
from node.storage.unit_of_work import Store, UnitOfWork, View

PREFIX = "qyzj"
READ, ALL = "read", "all"
# The queries that may be allowed one by one.
QUERIES = (
    "accounts", "appraisals", "attachments", "audit", "boards", "calendars", "call-plan", "channels", "contests", "enterprises", "entries",
    "first-day", "groups", "leader-page", "leaders", "ledger", "letters", "links", "lookup", "meetings", "node", "openings", "orders",
    "overview", "packs", "papers", "progress", "rounds", "search", "status", "support-policies", "tallies", "tasks", "tickets", "tray",
    "units", "what-if",
)  # fmt: skip
days_max = 730
_ID_BYTES, _SECRET_BYTES = 6, 32
# The row is written at most so often: a token in use all day costs a write a minute.
used_apart = timedelta(minutes=1)


@dataclass(frozen=True)
class Token:
    """A token as its list shows it.  ``role``: the one role that it acts in, empty for the account's own."""

    id: str
    account: str
    role: str
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None

    @property
    def acts_as(self) -> str:
        """As ``acting.act`` takes an account."""
        return f"{self.account}:{self.role}" if self.role else self.account

    def may_read(self, query: str) -> bool:
        """True if it may ask *query*."""
        return bool({ALL, READ, query} & set(self.scopes))

    def may_do(self, verb: str) -> bool:
        """True if it may give the command *verb*; whether its account may is another question."""
        return bool({ALL, verb} & set(self.scopes))


def offered_scopes() -> tuple[str, ...]:
    """Every scope that a token can have."""
    verbs = sorted(verb_of(command) for commands in commands_by_kind().values() for command in commands)
    return (ALL, READ, *QUERIES, *verbs)


def make_token(
    work: UnitOfWork,
    account: str,
    name: str,
    scopes: Sequence[str],
    days: int,
    wall: datetime,
    role: str = "",
    *,
    by: Actor = NODE_ACTOR,
    now: datetime,
) -> tuple[Token, str]:
    """
    A new token of *account* that ends after *days* (1 to ``days_max``), and its whole text, which is told this once.

    That *by* made it is an entry (AS25-3.2.1a), of which a node that is held writes none.

    Raises:
        Refusal: NODE_HELD, ACCOUNT_UNKNOWN, UNAUTHENTICATED, PERMISSION_DENIED; FIELD_REQUIRED, without a scope or a name;
            VALUE_NOT_OFFERED.
    """
    if work.head.held:
        raise Refusal(Code.NODE_HELD, reason=work.head.held)
    actor_of(work.connection, work.head.node, account, role)
    for field, value in (("name", name.strip()), ("scope", scopes)):
        if not value:
            raise Refusal(Code.FIELD_REQUIRED, field=field)
    offered = offered_scopes()
    unknown = next((scope for scope in scopes if scope not in offered), None)
    if unknown is not None:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="scope", value=unknown, offered=(ALL, READ, *QUERIES))
    if not 1 <= days <= days_max:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="days", value=days, offered=(1, days_max))
    id, secret = _text(work.payloads.random(_ID_BYTES)), _text(work.payloads.random(_SECRET_BYTES))
    made = Token(id, account, role, name.strip(), tuple(dict.fromkeys(scopes)), wall, wall + timedelta(days=days), None, None)
    work.connection.execute(
        insert(schema.tokens).values(
            id=id,
            digest=_digest(secret),
            account=account,
            role=role,
            name=made.name,
            scopes=",".join(made.scopes),
            created_at=micros(wall),
            expires_at=micros(made.expires_at),
        )
    )
    note(work, by, TokenMade(account, id, role, made.scopes, local_day(made.expires_at)), now)
    return made, f"{PREFIX}.{id}.{secret}"


def listed(view: View | UnitOfWork, account: str = "") -> list[Token]:
    """The tokens of *account*, or all, the latest first; also those that ended."""
    table = schema.tokens
    query = select(table).order_by(table.c.created_at.desc(), table.c.id)
    return [_token(row) for row in view.connection.execute(query.where(table.c.account == account) if account else query)]


def revoke(work: UnitOfWork, id: str, wall: datetime, *, by: Actor = NODE_ACTOR, now: datetime) -> Token:
    """
    End a token now, with an entry; one that has ended stays as it is.  At a node that is held, too, which enters nothing: what was
    stolen does not wait.

    Raises:
        Refusal: SUBJECT_UNKNOWN.
    """
    table = schema.tokens
    ended = work.connection.execute(update(table).where(table.c.id == id, table.c.revoked_at.is_(None)).values(revoked_at=micros(wall)))
    row = work.connection.execute(select(table).where(table.c.id == id)).first()
    if row is None:
        raise Refusal(Code.SUBJECT_UNKNOWN, kind="token", id=id)
    if ended.rowcount and not work.head.held:
        note(work, by, TokenRevoked(row.account, id), now)
    return _token(row)


def token_of(store: Store, said: str, wall: datetime) -> tuple[Token, Actor, tuple[str, ...]]:
    """
    As ``token_in``, and note that it is in use.

    Raises:
        Refusal: UNAUTHENTICATED.
    """
    with store.read() as view:
        found = token_in(view, said, wall)
    note_use(store, found[0], wall)
    return found


def note_use(store: Store, token: Token, wall: datetime) -> None:
    """Note that *token* is in use, unless that was noted just before."""
    if token.used_at is None or wall - token.used_at >= used_apart:
        with store.write() as work:
            work.connection.execute(update(schema.tokens).where(schema.tokens.c.id == token.id).values(used_at=micros(wall)))


def token_in(view: View, said: str, wall: datetime) -> tuple[Token, Actor, tuple[str, ...]]:
    """
    The token that somebody shows, who it acts as, and all roles of that account.

    Raises:
        Refusal: UNAUTHENTICATED, alike for what never was a token, has ended, was revoked, or whose account was closed.
    """
    prefix, _, rest = said.partition(".")
    id, _, secret = rest.partition(".")
    if prefix != PREFIX or not (id + secret).isascii():
        raise Refusal(Code.UNAUTHENTICATED, account="")
    row = _OF_ID.first(view.connection, id=id)
    if row is None:
        raise Refusal(Code.UNAUTHENTICATED, account="")
    values = dict(zip(_OF_ID.names, row, strict=True))
    fits = hmac.compare_digest(bytes(values["digest"]), _digest(secret))
    if not fits or values["revoked_at"] is not None or values["expires_at"] <= micros(wall):
        raise Refusal(Code.UNAUTHENTICATED, account="")
    found = _of_values(values)
    try:
        actor, roles = actor_with_roles(view.connection, view.head.node, found.account, found.role)
    except Refusal:
        raise Refusal(Code.UNAUTHENTICATED, account="") from None
    return found, actor, (found.role,) if found.role else roles


_OF_ID = Prepared(select(schema.tokens).where(schema.tokens.c.id == bindparam("id")))


def _token(row: Row[tuple[object, ...]]) -> Token:
    return _of_values(dict(row._mapping))


def _of_values(values: Mapping[str, Any]) -> Token:
    return Token(
        id=values["id"],
        account=values["account"],
        role=values["role"],
        name=values["name"],
        scopes=tuple(values["scopes"].split(",")),
        created_at=instant(values["created_at"]),
        expires_at=instant(values["expires_at"]),
        used_at=instant_or_none(values["used_at"]),
        revoked_at=instant_or_none(values["revoked_at"]),
    )


def _text(random: bytes) -> str:
    return base64.urlsafe_b64encode(random).decode().rstrip("=")


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
