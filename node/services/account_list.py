"""The accounts of a node, for those who keep them: the centre, the security administrator, and whoever audits them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from node.domain.organisation import Role
from node.domain.refusal import Code, Refusal
from node.services.acting import Node
from node.services.logins import Logins, Standing
from node.services.people import people_of
from node.services.readership import ACCOUNT_READERS
from node.storage import schema
from node.storage.unit_of_work import View

# Who keeps accounts, and who may look at the list beside them.
KEEPING = frozenset({Role.OFFICE.value, Role.SECURITY_ADMIN.value})
READING = ACCOUNT_READERS


@dataclass(frozen=True)
class AccountLine:
    """An account as the list shows it; ``unit_name`` is empty for one of no unit, ``name`` where nobody gave one."""

    account: str
    unit: str
    unit_name: str
    roles: tuple[str, ...]
    status: str
    has_password: bool = False
    has_second: bool = False
    seen_at: datetime | None = None
    name: str = ""


def accounts_of(
    view: View,
    node: str,
    *,
    words: str = "",
    unit: str = "",
    skipped: int = 0,
    most: int | None = None,
) -> list[AccountLine]:
    """
    The accounts of *node*, by unit and id; of those whose id has *words* in it, of *unit*, where these are said; *most* of them behind
    the first *skipped*.
    """
    accounts, units, logins, people = schema.accounts, schema.units, schema.logins, people_of(view)
    rows = view.connection.execute(
        select(accounts, units.c.name, logins.c.password, logins.c.totp)
        .select_from(accounts.outerjoin(units, units.c.code == accounts.c.unit).outerjoin(logins, logins.c.account == accounts.c.id))
        .where(*_wanted(node, words, unit))
        .order_by(accounts.c.unit, accounts.c.id)
        .offset(skipped)
        .limit(most)
    )
    return [
        AccountLine(
            account=row.id,
            unit=row.unit,
            unit_name=row.name or "",
            roles=tuple(row.roles.split(",")),
            status=row.status,
            has_password=bool(row.password),
            has_second=row.totp is not None,
            name=people.get(row.id, ""),
        )
        for row in rows
    ]


def count_accounts(view: View, node: str, *, words: str = "", unit: str = "") -> int:
    """How many these are in all."""
    return view.connection.execute(select(func.count()).select_from(schema.accounts).where(*_wanted(node, words, unit))).scalar_one()


def _wanted(node: str, words: str, unit: str) -> list[ColumnElement[bool]]:
    accounts = schema.accounts
    wanted: list[ColumnElement[bool]] = [accounts.c.node == node]
    if words:
        wanted.append(func.lower(accounts.c.id).contains(words.lower(), autoescape=True))
    if unit:
        wanted.append(accounts.c.unit == unit)
    return wanted


def account_of(view: View, node: Node, logins: Logins, account: str) -> tuple[AccountLine, Standing]:
    """
    One account with how it signs in.

    Raises:
        Refusal: ACCOUNT_UNKNOWN.
    """
    found = next((one for one in accounts_of(view, node.code, words=account) if one.account == account), None)
    if found is None:
        raise Refusal(Code.ACCOUNT_UNKNOWN, account=account)
    return found, logins.standing_of(account)


def need_reader(role: str) -> None:
    """
    Let nobody else read the list.

    Raises:
        Refusal: PERMISSION_DENIED.
    """
    if role not in READING:
        raise Refusal(Code.PERMISSION_DENIED, command="accounts", role=role)
