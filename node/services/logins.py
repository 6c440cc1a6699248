"""
Signing in: passwords, second factors, and the sessions that follow from them.

What is kept is node-local and in no journal (``storage.login_tables``); when and how long is decided in ``domain.login``.  *now* is
the wall clock here, never business time.  An unknown account and a wrong password are one answer after the same work.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection, Row, Select, delete, func, insert, or_, select, update

from node.domain import login as rules_of
from node.domain.login import Rules, Stage, Weakness
from node.domain.refusal import Code, Refusal
from node.services import attempts, passwords, second_factors
from node.services.acting import Node
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


@dataclass(frozen=True)
class Standing:
    """How an account signs in, as its owner and the administrators see it."""

    has_password: bool
    is_start_password: bool
    has_second: bool
    codes_left: int
    certificates: int
    locked_until: datetime | None


def logins_of(node: Node) -> "Logins":
    """Signing in at *node*, by its settings."""
    given = node.settings
    idle, absolute = timedelta(minutes=given.session_idle_minutes), timedelta(hours=given.session_hours)
    return Logins(node.store, node.code, Rules(idle, absolute, given.password_days_max, given.second_factor == "everyone"))


class Logins:
    """Signing in at the node *code*."""

    def __init__(self, store: Store, code: str, rules: Rules) -> None:
        self.store = store
        self.code = code
        self.rules = rules

    # --- in and out ---------------------------------------------------------------------------------------------------

    def sign_in(self, account: str, password: str, now: datetime, *, address: str = "", client: str = "") -> tuple[str, Session]:
        """
        Begin a session; returns what its cookie holds, and itself.  Its stage says what is still to be done.

        Raises:
            Refusal: SIGN_IN_LOCKED with the minutes to wait, SIGN_IN_REFUSED.
        """
        attempts.need_unlocked(self.store.database, account, address, now)
        row = self._login_of(account)
        is_right = passwords.is_password(row.password if row is not None and row.is_active else "", password)
        if row is None or not is_right or rules_of.is_start_over(row.must_change, instant(row.password_at), now):
            attempts.note_failure(self.store.database, account, address, now)
            log.warning("sign_in_refused", account=account if row is not None else "", address=address)
            raise Refusal(Code.SIGN_IN_REFUSED)
        if passwords.is_outdated(row.password):
            self._keep_password(account, password, instant(row.password_at), must_change=row.must_change)
        return self.begin(account, now, is_strong=False, client=client)

    def sign_in_with(self, fingerprint: str, now: datetime, *, client: str = "") -> tuple[str, Session]:
        """
        Begin a session for whoever holds the key of the certificate *fingerprint*: something that he has, and that is two factors.

        Raises:
            Refusal: SIGN_IN_REFUSED.
        """
        table, accounts = schema.login_certificates, schema.accounts
        with self.store.database.read() as connection:
            account = connection.execute(
                select(table.c.account)
                .join(accounts, accounts.c.id == table.c.account)
                .where(table.c.fingerprint == fingerprint, table.c.ends_at > micros(now))
                .where(accounts.c.node == self.code, accounts.c.is_active.is_(True))
            ).scalar()
        if account is None:
            log.warning("sign_in_refused", account="", certificate=fingerprint)
            raise Refusal(Code.SIGN_IN_REFUSED)
        return self.begin(account, now, is_strong=True, client=client)

    def begin(self, account: str, now: datetime, *, is_strong: bool, client: str = "", role: str = "") -> tuple[str, Session]:
        """
        Begin a session of *account*, which whoever calls knows to be there; *is_strong*: by more than a password.

        Raises:
            Refusal: SIGN_IN_REFUSED, if the account is closed, suspended or unknown.
        """
        with self.store.database.write() as connection:
            cookie = self._write_session(connection, account, now, now, is_strong=is_strong, place=(role, ""), client=client)
            session = self._read_session(connection, cookie)
        if session.stage is not Stage.SECOND:
            attempts.forget(self.store.database, account)
        log.info("signed_in", account=account, stage=session.stage.value)
        return cookie, session

    def show_second(self, session: Session, said: str, now: datetime) -> tuple[str, Session]:
        """
        Go on with *session* by a one-time code or a recovery code; the session gets another id.

        Raises:
            Refusal: SIGN_IN_LOCKED, CODE_REFUSED.
        """
        attempts.need_unlocked(self.store.database, session.account, "", now)
        with self.store.database.write() as connection:
            is_right = second_factors.take(connection, self.store, session.account, said, now)
        if not is_right:
            attempts.note_failure(self.store.database, session.account, "", now)
            log.warning("second_factor_refused", account=session.account)
            raise Refusal(Code.CODE_REFUSED)
        return self._go_on(session, now, is_strong=True)

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
            self.end(digest)
            return None
        if now - session.seen_at >= timedelta(seconds=rules_of.touch_seconds):
            table = schema.sessions
            with self.store.database.write() as connection:
                connection.execute(update(table).where(table.c.digest == digest).values(seen_at=micros(now)))
        return session

    def end(self, digest: bytes) -> None:
        """End one session."""
        with self.store.database.write() as connection:
            connection.execute(delete(schema.sessions).where(schema.sessions.c.digest == digest))

    def end_all(self, account: str, but: bytes = b"") -> int:
        """End every session of *account*, but the one of digest *but*; says how many."""
        table = schema.sessions
        with self.store.database.write() as connection:
            ended = connection.execute(delete(table).where(table.c.account == account, table.c.digest != but))
            return int(ended.rowcount)

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

    def set_lang(self, account: str, lang: str, now: datetime) -> None:
        """Keep the language that a person reads."""
        with self.store.database.write() as connection:
            self._need_login(connection, account, now)
            connection.execute(update(schema.logins).where(schema.logins.c.account == account).values(lang=lang))

    # --- passwords ----------------------------------------------------------------------------------------------------

    def start_password(self, account: str, now: datetime) -> str:
        """
        Give *account* a password that is good for 72 hours and for choosing another; ends its sessions and its lock.

        Raises:
            Refusal: ACCOUNT_UNKNOWN.
        """
        if self._login_of(account) is None:
            raise Refusal(Code.ACCOUNT_UNKNOWN, account=account)
        made = passwords.start_password()
        self._keep_password(account, made, now, must_change=True)
        attempts.forget(self.store.database, account)
        self.end_all(account)
        return made

    def check_password(self, account: str, password: str, now: datetime) -> None:
        """
        Let a person who sits there already prove that it is still he; failures count like those of signing in.

        Raises:
            Refusal: SIGN_IN_LOCKED, SIGN_IN_REFUSED.
        """
        attempts.need_unlocked(self.store.database, account, "", now)
        row = self._login_of(account)
        if not passwords.is_password(row.password if row is not None else "", password):
            attempts.note_failure(self.store.database, account, "", now)
            raise Refusal(Code.SIGN_IN_REFUSED)

    def change_password(self, session: Session, old: str, new: str, now: datetime) -> tuple[str, Session]:
        """
        Set another password; all other sessions of the account end, and this one gets another id.

        Raises:
            Refusal: SIGN_IN_LOCKED, SIGN_IN_REFUSED if *old* is wrong, PASSWORD_WEAK with the reason.
        """
        self.check_password(session.account, old, now)
        why = Weakness.SAME if new == old else rules_of.weakness(new, session.account)
        if why is not None:
            raise Refusal(Code.PASSWORD_WEAK, weakness=why.value, characters=rules_of.password_characters_min)
        self._keep_password(session.account, new, now, must_change=False)
        self.end_all(session.account, but=session.digest)
        return self._go_on(session, now, is_strong=session.is_strong)

    # --- second factors -----------------------------------------------------------------------------------------------

    def offer_second(self, account: str, now: datetime) -> str:
        """A fresh secret for one-time codes, base32; it counts once ``confirm_second`` was given its first code."""
        with self.store.database.write() as connection:
            self._need_login(connection, account, now)
            return second_factors.offer(connection, self.store, account)

    def waiting_second(self, account: str) -> str | None:
        """The secret that waits for its first code."""
        with self.store.database.read() as connection:
            return second_factors.waiting(connection, self.store, account)

    def confirm_second(self, session: Session, said: str, now: datetime) -> tuple[str, Session, list[str]]:
        """
        Put the offered secret into force by its first code; also returns ten recovery codes, which are shown this once.

        Raises:
            Refusal: SIGN_IN_LOCKED, CODE_REFUSED.
        """
        attempts.need_unlocked(self.store.database, session.account, "", now)
        with self.store.database.write() as connection:
            codes = second_factors.confirm(connection, self.store, session.account, said, now)
        if codes is None:
            attempts.note_failure(self.store.database, session.account, "", now)
            raise Refusal(Code.CODE_REFUSED)
        self.end_all(session.account, but=session.digest)
        cookie, went_on = self._go_on(session, now, is_strong=True)
        return cookie, went_on, codes

    def new_recovery_codes(self, account: str) -> list[str]:
        """Ten fresh recovery codes; the former ones end."""
        with self.store.database.write() as connection:
            return second_factors.renew_codes(connection, account)

    def reset_second(self, account: str) -> None:
        """Take the second factor and the certificates of *account* away and end its sessions: the phone is lost."""
        with self.store.database.write() as connection:
            second_factors.drop(connection, account)
        self.end_all(account)

    def add_certificate(self, account: str, fingerprint: str, now: datetime, ends_at: datetime) -> None:
        """
        Let whoever holds the key of this certificate sign in as *account*.

        Raises:
            Refusal: ACCOUNT_UNKNOWN.
        """
        if self._login_of(account) is None:
            raise Refusal(Code.ACCOUNT_UNKNOWN, account=account)
        row = {"fingerprint": fingerprint, "account": account, "added_at": micros(now), "ends_at": micros(ends_at)}
        with self.store.database.write() as connection:
            upsert_many(connection, schema.login_certificates, [row])

    def standing_of(self, account: str) -> Standing:
        """How *account* signs in."""
        codes, certificates = schema.recovery_codes, schema.login_certificates
        with self.store.database.read() as connection:
            login = connection.execute(select(schema.logins).where(schema.logins.c.account == account)).first()
            left = connection.execute(
                select(func.count()).select_from(codes).where(codes.c.account == account, codes.c.used_at.is_(None))
            ).scalar_one()
            shown = connection.execute(select(func.count()).select_from(certificates).where(certificates.c.account == account)).scalar_one()
            tried = attempts.attempts_of(connection, "account", account)
        return Standing(
            has_password=login is not None and bool(login.password),
            is_start_password=login is not None and login.must_change,
            has_second=login is not None and login.totp is not None,
            codes_left=left,
            certificates=shown,
            locked_until=tried.locked_until,
        )

    def sweep(self, now: datetime) -> None:
        """Forget sessions and failures that count no more."""
        sessions, tried = schema.sessions, schema.login_attempts
        oldest = micros(now - timedelta(hours=rules_of.failures_kept_hours))
        with self.store.database.write() as connection:
            connection.execute(delete(tried).where(tried.c.last_at < oldest, tried.c.locked_until < micros(now)))
            connection.execute(
                delete(sessions).where(
                    or_(sessions.c.seen_at < micros(now - self.rules.idle), sessions.c.begun_at < micros(now - self.rules.absolute))
                )
            )

    # --- inside -------------------------------------------------------------------------------------------------------

    def _login_of(self, account: str) -> Row[str, int, bool, bool] | None:
        """Password, when it was set, whether it must be changed, whether the account is active; None if there is no such account."""
        logins, accounts = schema.logins, schema.accounts
        columns = (
            func.coalesce(logins.c.password, "").label("password"),
            func.coalesce(logins.c.password_at, 0).label("password_at"),
            func.coalesce(logins.c.must_change, False).label("must_change"),
            accounts.c.is_active,
        )
        with self.store.database.read() as connection:
            return connection.execute(
                select(*columns)
                .select_from(accounts.outerjoin(logins, logins.c.account == accounts.c.id))
                .where(accounts.c.node == self.code, accounts.c.id == account)
            ).first()

    def _go_on(self, session: Session, now: datetime, *, is_strong: bool, role: str = "", behalf: str | None = None) -> tuple[str, Session]:
        """The same session under another id, at whatever stage comes now."""
        with self.store.database.write() as connection:
            connection.execute(delete(schema.sessions).where(schema.sessions.c.digest == session.digest))
            place = (role or session.role, session.behalf if behalf is None else behalf)
            cookie = self._write_session(
                connection, session.account, session.begun_at, now, is_strong=is_strong, place=place, client=session.client
            )
            went_on = self._read_session(connection, cookie)
        if went_on.stage is not Stage.SECOND:
            attempts.forget(self.store.database, session.account)
        return cookie, went_on

    def _write_session(
        self,
        connection: Connection,
        account: str,
        begun_at: datetime,
        now: datetime,
        *,
        is_strong: bool,
        place: tuple[str, str],
        client: str,
    ) -> str:
        role, behalf = place
        accounts, logins = schema.accounts, schema.logins
        row = connection.execute(
            select(accounts.c.unit, accounts.c.roles, logins.c.totp, logins.c.must_change, logins.c.password_at)
            .select_from(accounts.outerjoin(logins, logins.c.account == accounts.c.id))
            .where(accounts.c.node == self.code, accounts.c.id == account, accounts.c.is_active.is_(True))
        ).first()
        if row is None:
            raise Refusal(Code.SIGN_IN_REFUSED)
        # Whoever signs in by a certificate alone has no password that could grow old.
        changes = row.password_at is not None and rules_of.must_change(row.must_change, instant(row.password_at), now, self.rules)
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
                is_strong=is_strong,
                csrf=secrets.token_urlsafe(24),
                begun_at=micros(begun_at),
                seen_at=micros(now),
                client=client[:client_characters_max],
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

    def _keep_password(self, account: str, password: str, at: datetime, *, must_change: bool) -> None:
        kept = passwords.hashed(password)
        with self.store.database.write() as connection:
            self._need_login(connection, account, at)
            table = schema.logins
            connection.execute(
                update(table).where(table.c.account == account).values(password=kept, password_at=micros(at), must_change=must_change)
            )

    def _need_login(self, connection: Connection, account: str, now: datetime) -> None:
        table = schema.logins
        if connection.execute(select(table.c.account).where(table.c.account == account)).first() is None:
            empty = {"password": "", "password_at": micros(now), "must_change": False, "totp_step": 0, "lang": ""}
            connection.execute(insert(table).values(account=account, **empty))


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
    )


def _standing(unit: str, roles: str) -> str:
    return f"{unit}|{','.join(sorted(roles.split(',')))}"


def _digest(cookie: str) -> bytes:
    """Of 256 random bits a plain digest is enough: nobody guesses towards it."""
    return hashlib.sha256(cookie.encode()).digest()
