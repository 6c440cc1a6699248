"""Who acts for whom today: what ``acting`` and the desks ask before anybody does something in another's place."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, or_, select

from node.domain.accounts import SECRETARY, SECRETARY_RECORDS
from node.domain.command import Command
from node.domain.entry import Actor
from node.domain.refusal import Code, Refusal
from node.storage import schema


@dataclass(frozen=True)
class Deputyship:
    """``deputy`` acts for ``account``, in that one's roles and unit, from one day to another, both included."""

    account: str
    deputy: str
    duty: str
    from_day: date
    to_day: date
    roles: tuple[str, ...]
    unit: str

    def need_may(self, command: Command) -> None:
        """
        A secretary records what stands on paper, and countersigns nothing.

        Raises:
            Refusal: PERMISSION_DENIED.
        """
        if self.duty == SECRETARY and type(command).__name__ not in SECRETARY_RECORDS:
            raise Refusal(Code.PERMISSION_DENIED, command=type(command).__name__, role=SECRETARY)

    def actor(self, role: str) -> Actor:
        """Who acts, as the entry says it."""
        return Actor(self.deputy, role if role in self.roles else self.roles[0], self.unit, self.account)


def standing_in(connection: Connection, node: str, deputy: str, today: date) -> list[Deputyship]:
    """For whom *deputy* acts on *today*; both accounts are active."""
    return [one for one in deputyships(connection, node, deputy) if one.deputy == deputy and one.from_day <= today <= one.to_day]


def deputyship(connection: Connection, node: str, deputy: str, account: str, today: date) -> Deputyship:
    """
    The one by which *deputy* acts for *account* on *today*.

    Raises:
        Refusal: NOT_THE_DEPUTY.
    """
    found = next((one for one in standing_in(connection, node, deputy, today) if one.account == account), None)
    if found is None:
        raise Refusal(Code.NOT_THE_DEPUTY, account=account, deputy=deputy)
    return found


def deputyships(connection: Connection, node: str, account: str = "") -> list[Deputyship]:
    """Every deputyship, past and future, or those of *account* on either side; of accounts that are active."""
    table, absent, deputy = schema.deputies, schema.accounts.alias("absent"), schema.accounts.alias("deputy")
    concerned = [or_(table.c.account == account, table.c.deputy == account)] if account else []
    rows = connection.execute(
        select(table, absent.c.roles, absent.c.unit)
        .join(absent, (absent.c.node == table.c.node) & (absent.c.id == table.c.account))
        .join(deputy, (deputy.c.node == table.c.node) & (deputy.c.id == table.c.deputy))
        .where(table.c.node == node, absent.c.is_active.is_(True), deputy.c.is_active.is_(True), *concerned)
        .order_by(table.c.from_day, table.c.account)
    )
    return [
        Deputyship(
            account=row.account,
            deputy=row.deputy,
            duty=row.duty,
            from_day=date.fromisoformat(row.from_day),
            to_day=date.fromisoformat(row.to_day),
            roles=tuple(row.roles.split(",")),
            unit=row.unit,
        )
        for row in rows
    ]
