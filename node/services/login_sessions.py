"""
Sessions: who sits behind a cookie, from signing in until an end that somebody or the clock makes.

Each is a row of this node's own tables, found by the digest of what the cookie holds; when one ends is decided in ``domain.login``.
*now* is the wall clock here, never business time.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Connection, Row, Select, delete, func, insert, or_, select, update

from node.domain import login as rules_of
from node.domain.login import Rules, Stage, Way
from node.domain.refusal import Code, Refusal
from node.services import attempts
from node.storage import schema
from node.storage.database import instant, micros
from node.storage.statements import upsert_many
from node.storage.unit_of_work import Store

log = structlog.get_logger()

client_characters_max = 200


@dataclass(frozen=True)
class Session:
    """Who a cookie stands for.  ``roles`` are the account's, ``role`` the one that he looks around in."""

    digest: bytes
    account: str
    unit: str
    roles: tuple[str, ...]
    role: str
    stage: Stage
    is_strong: bool
    csrf: str
    lang: str
    behalf: str
    begun_at: datetime
    seen_at: datetime
    client: str = ""
    way: Way = Way.PASSWORD


@dataclass(frozen=True)
class _Begun:
    """What stays of a session under every id that it gets."""

    account: str
    at: datetime
    client: str
    way: Way


class Sessions:
    """The sessions of the node *code*."""

    def __init__(self, store: Store, code: str, rules: Rules) -> None:
        self.store = store
        self.code = code
        self.rules = rules

    def begin(
        self,
        account: str,
        now: datetime,
        *,
        is_strong: bool,
        client: str = "",
        role: str = "",
        way: Way = Way.PASSWORD,
        address: str = "",
    ) -> tuple[str, Session]:
        """
        Begin a session of *account*, which whoever calls knows to be there; *is_strong*: by more than a password.  *address* is for
        the log alone.

        Raises:
            Refusal: SIGN_IN_REFUSED, if the account is closed, suspended or unknown.
        """
        with self.store.database.write() as connection:
            begun = _Begun(account, now, client, way)
            cookie = self._write_session(connection, begun, now, is_strong=is_strong, place=(role, ""))
            session = self._read_session(connection, cookie)
        if session.stage is not Stage.SECOND:
            attempts.forget(self.store.database, account)
        log.info("signed_in", account=account, address=address, stage=session.stage.value)
        return cookie, session

    def find(self, cookie: str, now: datetime) -> Session | None:
        """
        The session of *cookie*; None if there is none, if it ended, or if its account is closed, suspended or another since.

        What a minute or more has passed for is noted as seen now.
        """
        digest = _digest(cookie)
        with self.store.database.read() as connection:
            row = self._session_row(connection, digest)
        if row is None:
            return None
        session = _session_of(row)
        is_same = row.is_active and row.standing == _standing(row.unit, row.roles)
        if not is_same or rules_of.has_ended(session.begun_at, session.seen_at, now, self.rules):
            self.end(digest, now)
            return None
        if now - session.seen_at >= timedelta(seconds=rules_of.touch_seconds):
            table = schema.sessions
            with self.store.database.write() as connection:
                connection.execute(update(table).where(table.c.digest == digest).values(seen_at=micros(now)))
        return session

    def end(self, digest: bytes, now: datetime) -> None:
        """End one session."""
        with self.store.database.write() as connection:
            self._end(connection, now, schema.sessions.c.digest == digest)

    def end_all(self, account: str, now: datetime, but: bytes = b"") -> int:
        """End every session of *account*, but the one of digest *but*; says how many."""
        table = schema.sessions
        with self.store.database.write() as connection:
            return self._end(connection, now, table.c.account == account, table.c.digest != but)

    def owner_of(self, token: str, now: datetime) -> str:
        """The account of the session that ended within ``former_hours_max`` and whose forms carry *token*; empty if there is none."""
        table = schema.former_sessions
        oldest = micros(now - timedelta(hours=rules_of.former_hours_max))
        query = select(table.c.account).where(table.c.digest == _digest(token), table.c.ended_at >= oldest)
        with self.store.database.read() as connection:
            return str(connection.execute(query).scalar() or "")

    def sessions_of(self, account: str, now: datetime) -> list[Session]:
        """The sessions of *account* that last, the newest first."""
        with self.store.database.read() as connection:
            rows = connection.execute(self._sessions().where(schema.sessions.c.account == account)).all()
        found = [_session_of(row) for row in rows]
        return sorted(
            (one for one in found if not rules_of.has_ended(one.begun_at, one.seen_at, now, self.rules)),
            key=lambda one: one.begun_at,
            reverse=True,
        )

    def act_as(self, session: Session, role: str, now: datetime) -> tuple[str, Session]:
        """
        Let the person look around in another of his roles; the session gets another id.

        Raises:
            Refusal: PERMISSION_DENIED, if the role is not his.
        """
        if role not in session.roles:
            raise Refusal(Code.PERMISSION_DENIED, command="", role=role)
        return self._go_on(session, now, is_strong=session.is_strong, role=role)

    def sit_for(self, session: Session, behalf: str, role: str, now: datetime) -> tuple[str, Session]:
        """Let the person sit in the place of *behalf*, whose deputy he is, or at his own desk again; the session gets another id."""
        return self._go_on(session, now, is_strong=session.is_strong, role=role, behalf=behalf)

    def sweep(self, now: datetime) -> None:
        """Forget sessions and failures that count no more."""
        sessions, tried, former, flows = schema.sessions, schema.login_attempts, schema.former_sessions, schema.sign_in_flows
        oldest = micros(now - timedelta(hours=rules_of.failures_kept_hours))
        is_over = or_(sessions.c.seen_at < micros(now - self.rules.idle), sessions.c.begun_at < micros(now - self.rules.absolute))
        with self.store.database.write() as connection:
            connection.execute(delete(tried).where(tried.c.last_at < oldest, tried.c.locked_until < micros(now)))
            self._end(connection, now, is_over)
            connection.execute(delete(former).where(former.c.ended_at < micros(now - timedelta(hours=rules_of.former_hours_max))))
            connection.execute(delete(flows).where(flows.c.begun_at < micros(now - timedelta(minutes=rules_of.flow_minutes_max))))

    # --- inside -------------------------------------------------------------------------------------------------------

    def _go_on(self, session: Session, now: datetime, *, is_strong: bool, role: str = "", behalf: str | None = None) -> tuple[str, Session]:
        """The same session under another id, at whatever stage comes now."""
        with self.store.database.write() as connection:
            self._end(connection, now, schema.sessions.c.digest == session.digest)
            place = (role or session.role, session.behalf if behalf is None else behalf)
            begun = _Begun(session.account, session.begun_at, session.client, session.way)
            cookie = self._write_session(connection, begun, now, is_strong=is_strong, place=place)
            went_on = self._read_session(connection, cookie)
        if went_on.stage is not Stage.SECOND:
            attempts.forget(self.store.database, session.account)
        return cookie, went_on

    def _end(self, connection: Connection, now: datetime, *wanted: ColumnElement[bool]) -> int:
        """Take sessions away and note whose their forms were; says how many."""
        table = schema.sessions
        ended = connection.execute(select(table.c.digest, table.c.csrf, table.c.account).where(*wanted)).all()
        rows = [{"digest": _digest(row.csrf), "account": row.account, "ended_at": micros(now)} for row in ended]
        upsert_many(connection, schema.former_sessions, rows)
        connection.execute(delete(table).where(*wanted))
        return len(ended)

    def _write_session(self, connection: Connection, begun: "_Begun", now: datetime, *, is_strong: bool, place: tuple[str, str]) -> str:
        account, (role, behalf) = begun.account, place
        accounts, logins = schema.accounts, schema.logins
        row = connection.execute(
            select(accounts.c.unit, accounts.c.roles, logins.c.totp, logins.c.must_change, logins.c.password_at)
            .select_from(accounts.outerjoin(logins, logins.c.account == accounts.c.id))
            .where(accounts.c.node == self.code, accounts.c.id == account, accounts.c.is_active.is_(True))
        ).first()
        if row is None:
            raise Refusal(Code.SIGN_IN_REFUSED)
        # Whoever signs in by a certificate alone has no password that could grow old; the provider of identities sees to its own.
        changes = (
            row.password_at is not None
            and begun.way is not Way.OIDC
            and rules_of.must_change(row.must_change, instant(row.password_at), now, self.rules)
        )
        roles = row.roles.split(",")
        stage = rules_of.stage_of(
            roles=frozenset(roles), has_second=row.totp is not None, is_strong=is_strong, must_change=changes, rules=self.rules
        )
        cookie = secrets.token_urlsafe(32)
        connection.execute(
            insert(schema.sessions).values(
                digest=_digest(cookie),
                account=account,
                role=role if behalf or role in roles else roles[0],
                behalf=behalf,
                standing=_standing(row.unit, row.roles),
                stage=stage.value,
                way=begun.way.value,
                is_strong=is_strong,
                csrf=secrets.token_urlsafe(24),
                begun_at=micros(begun.at),
                seen_at=micros(now),
                client=begun.client[:client_characters_max],
            )
        )
        return cookie

    def _read_session(self, connection: Connection, cookie: str) -> Session:
        row = self._session_row(connection, _digest(cookie))
        if row is None:
            raise Refusal(Code.SIGN_IN_REFUSED)
        return _session_of(row)

    def _session_row(self, connection: Connection, digest: bytes) -> Row[Any] | None:
        return connection.execute(self._sessions().where(schema.sessions.c.digest == digest)).first()

    def _sessions(self) -> Select[Any]:
        sessions, accounts, logins = schema.sessions, schema.accounts, schema.logins
        return (
            select(sessions, accounts.c.unit, accounts.c.roles, accounts.c.is_active, func.coalesce(logins.c.lang, "").label("lang"))
            .join(accounts, accounts.c.id == sessions.c.account)
            .outerjoin(logins, logins.c.account == sessions.c.account)
            .where(accounts.c.node == self.code)
        )


def _session_of(row: Row[Any]) -> Session:
    one = row._mapping
    roles = tuple(one["roles"].split(","))
    return Session(
        digest=bytes(one["digest"]),
        account=one["account"],
        unit=one["unit"],
        roles=roles,
        role=one["role"] if one["behalf"] or one["role"] in roles else roles[0],
        stage=Stage(one["stage"]),
        is_strong=one["is_strong"],
        csrf=one["csrf"],
        lang=one["lang"],
        behalf=one["behalf"],
        begun_at=instant(one["begun_at"]),
        seen_at=instant(one["seen_at"]),
        client=one["client"],
        way=Way(one["way"]),
    )


def _standing(unit: str, roles: str) -> str:
    return f"{unit}|{','.join(sorted(roles.split(',')))}"


def _digest(cookie: str) -> bytes:
    """Of 256 random bits a plain digest is enough: nobody guesses towards it."""
    return hashlib.sha256(cookie.encode()).digest()
