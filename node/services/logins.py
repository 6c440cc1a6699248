"""
Signing in: passwords, certificates, second factors, and what a provider of identities says; sessions follow from them.

What is kept is node-local and in no journal (``storage.login_tables``); when and how long is decided in ``domain.login``.  *now* is
the wall clock here, never business time.  An unknown account and a wrong password are one answer after the same work.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection, Row, func, insert, select, update

from node.domain import login as rules_of
from node.domain.login import Rules, Way, Weakness
from node.domain.refusal import Code, Refusal
from node.services import attempts, oidc_subjects, passwords, second_factors
from node.services.acting import Node
from node.services.login_sessions import Session, Sessions
from node.services.oidc_subjects import Identity
from node.storage import schema
from node.storage.database import instant, micros
from node.storage.statements import upsert_many

log = structlog.get_logger()


@dataclass(frozen=True)
class Standing:
    """How an account signs in, as its owner and the administrators see it; ``subjects`` are who it is at the provider of identities."""

    has_password: bool
    is_start_password: bool
    has_second: bool
    codes_left: int
    certificates: int
    subjects: tuple[str, ...]
    locked_until: datetime | None


def logins_of(node: Node) -> "Logins":
    """Signing in at *node*, by its settings."""
    given = node.settings
    idle, absolute = timedelta(minutes=given.session_idle_minutes), timedelta(hours=given.session_hours)
    return Logins(node.store, node.code, Rules(idle, absolute, given.password_days_max, given.second_factor == "everyone"))


class Logins(Sessions):
    """Signing in at the node *code*, and the sessions there."""

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
        return self.begin(account, now, is_strong=False, client=client, address=address)

    def sign_in_with(self, fingerprint: str, now: datetime, *, address: str = "", client: str = "") -> tuple[str, Session]:
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
            log.warning("sign_in_refused", account="", address=address, certificate=fingerprint)
            raise Refusal(Code.SIGN_IN_REFUSED)
        return self.begin(account, now, is_strong=True, client=client, way=Way.CERTIFICATE, address=address)

    def sign_in_as(self, identity: Identity, now: datetime, *, address: str = "", client: str = "") -> tuple[str, Session]:
        """
        Begin a session for whom a provider of identities vouches.  What was checked there opens no account that is not here.

        Raises:
            Refusal: SIGN_IN_LOCKED, of the address; OIDC_UNBOUND; SIGN_IN_REFUSED, if the account is closed or suspended.
        """
        attempts.need_unlocked(self.store.database, "", address, now)
        with self.store.database.read() as connection:
            account = oidc_subjects.account_of(connection, identity)
        if account is None:
            attempts.note_failure(self.store.database, "", address, now)
            log.warning("sign_in_refused", account="", address=address, issuer=identity.issuer, subject=identity.subject)
            raise Refusal(Code.OIDC_UNBOUND, subject=identity.subject)
        return self.begin(account, now, is_strong=identity.is_strong, client=client, way=Way.OIDC, address=address)

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
        log.info("second_factor_taken", account=session.account)
        return self._go_on(session, now, is_strong=True)

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
        self.end_all(account, now)
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
            log.warning("password_refused", account=account if row is not None else "")
            raise Refusal(Code.SIGN_IN_REFUSED)

    def change_password(self, session: Session, old: str, new: str, now: datetime) -> tuple[str, Session]:
        """
        Set another password; all other sessions of the account end, and this one gets another id.

        Raises:
            Refusal: SIGN_IN_LOCKED, SIGN_IN_REFUSED if *old* is wrong, PASSWORD_WEAK with the reason.
        """
        self.check_password(session.account, old, now)
        why = Weakness.SAME if new == old else rules_of.weakness(new, session.account, passwords.TRIED_FIRST)
        if why is None and passwords.is_guessed(new, session.account):
            why = Weakness.COMMON
        if why is not None:
            raise Refusal(Code.PASSWORD_WEAK, weakness=why.value, characters=rules_of.password_characters_min)
        self._keep_password(session.account, new, now, must_change=False)
        self.end_all(session.account, now, but=session.digest)
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
            log.warning("second_factor_refused", account=session.account)
            raise Refusal(Code.CODE_REFUSED)
        self.end_all(session.account, now, but=session.digest)
        cookie, went_on = self._go_on(session, now, is_strong=True)
        return cookie, went_on, codes

    def new_recovery_codes(self, account: str) -> list[str]:
        """Ten fresh recovery codes; the former ones end."""
        with self.store.database.write() as connection:
            return second_factors.renew_codes(connection, account)

    def reset_second(self, account: str, now: datetime) -> None:
        """Take the second factor and the certificates of *account* away and end its sessions: the phone is lost."""
        with self.store.database.write() as connection:
            second_factors.drop(connection, account)
        self.end_all(account, now)

    def need_free(self, account: str, issuer: str, subject: str) -> None:
        """
        Refuse before anything is written what ``bind_subject`` would.

        Raises:
            Refusal: as ``bind_subject``.
        """
        if self._login_of(account) is None:
            raise Refusal(Code.ACCOUNT_UNKNOWN, account=account)
        with self.store.database.read() as connection:
            oidc_subjects.need_free(connection, account, issuer, subject)

    def bind_subject(self, account: str, issuer: str, subject: str, now: datetime) -> None:
        """
        Let whom *issuer* calls *subject* sign in as *account*.

        Raises:
            Refusal: ACCOUNT_UNKNOWN; OIDC_TAKEN, if he is another account already; MALFORMED_COMMAND, for none at all.
        """
        self.need_free(account, issuer, subject)
        with self.store.database.write() as connection:
            oidc_subjects.bind(connection, account, issuer, subject, now)

    def drop_subjects(self, account: str, now: datetime) -> None:
        """Let nobody sign in as *account* through a provider of identities any more, and end its sessions."""
        with self.store.database.write() as connection:
            oidc_subjects.drop(connection, account)
        self.end_all(account, now)

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
            subjects = oidc_subjects.subjects_of(connection, account)
            tried = attempts.attempts_of(connection, "account", account)
        return Standing(
            has_password=login is not None and bool(login.password),
            is_start_password=login is not None and login.must_change,
            has_second=login is not None and login.totp is not None,
            codes_left=left,
            certificates=shown,
            subjects=subjects,
            locked_until=tried.locked_until,
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
