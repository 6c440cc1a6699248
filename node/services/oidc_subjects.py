"""Who is who: the subjects of a provider of identities and the accounts of this node.  An administrator binds them, nobody else."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from node.domain.refusal import Code, Refusal
from node.storage import schema
from node.storage.database import micros

# OpenID Connect Core 1.0, 2: at most so many ASCII characters.
subject_characters_max = 255


@dataclass(frozen=True)
class Identity:
    """For whom *issuer* vouches; ``is_strong``: by more than a password, in words that the operator believes."""

    issuer: str
    subject: str
    is_strong: bool


def account_of(connection: Connection, identity: Identity) -> str | None:
    """The account that *identity* is bound to, in use or not; None if there is none."""
    table = schema.login_subjects
    return connection.execute(
        select(table.c.account).where(table.c.issuer == identity.issuer, table.c.subject == identity.subject)
    ).scalar()


def subjects_of(connection: Connection, account: str) -> tuple[str, ...]:
    """The subjects that are *account*, in their order."""
    table = schema.login_subjects
    return tuple(connection.execute(select(table.c.subject).where(table.c.account == account).order_by(table.c.subject)).scalars())


def need_free(connection: Connection, account: str, issuer: str, subject: str) -> bool:
    """
    Refuse a subject that cannot become *account*; False if it is already.

    Raises:
        Refusal: OIDC_TAKEN, MALFORMED_COMMAND.
    """
    if not subject or len(subject) > subject_characters_max or not subject.isprintable():
        raise Refusal(Code.MALFORMED_COMMAND, field="subject")
    known = account_of(connection, Identity(issuer, subject, is_strong=False))
    if known not in (None, account):
        raise Refusal(Code.OIDC_TAKEN, subject=subject, account=known)
    return known is None


def bind(connection: Connection, account: str, issuer: str, subject: str, now: datetime) -> None:
    """
    Note that *subject* is *account*.  Nothing happens if that is noted already.

    Raises:
        Refusal: OIDC_TAKEN, if he is another account; MALFORMED_COMMAND.
    """
    if need_free(connection, account, issuer, subject):
        row = {"issuer": issuer, "subject": subject, "account": account, "added_at": micros(now)}
        connection.execute(insert(schema.login_subjects).values(row))


def drop(connection: Connection, account: str) -> None:
    """Forget every subject of *account*."""
    table = schema.login_subjects
    connection.execute(delete(table).where(table.c.account == account))
