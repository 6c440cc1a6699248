"""
What a notice asks of the node beside the entry and the ticket's row: who owes a clock, who has a ticket in a unit, who is called so.

Each answer is read when it is asked for, in the transaction of the entry; most entries ask for none.
"""

from typing import Any

from sqlalchemy import select

from node.domain.entry import Subject
from node.domain.organisation import Role
from node.notify.notice import account, leader_of, role, unit
from node.storage import schema
from node.storage.dossier_readings import dossier_of
from node.storage.unit_of_work import UnitOfWork


class Around:
    """The node at the moment of an entry."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._node = work.head.node

    def owes(self, subject_id: str, clock: str) -> str:
        """Who owes this node's clock: a unit, a role or ``With``, an account; "" if there is no such clock."""
        table = schema.clocks
        same = (table.c.ticket == subject_id, table.c.name == clock, table.c.node == self._node)
        return self._one(select(table.c.owes).where(*same))

    def person(self, ticket: str, of_unit: str) -> str:
        """The account that has *ticket* inside the unit; "" if it lies in the shared tray, or that account is closed."""
        desks, accounts = schema.desks, schema.accounts
        return self._one(
            select(desks.c.person)
            .join(accounts, (accounts.c.id == desks.c.person) & (accounts.c.node == self._node))
            .where(desks.c.ticket == ticket, desks.c.unit == of_unit, accounts.c.is_active.is_(True))
        )

    def trait(self, ticket: str, name: str) -> str:
        """A trait that a ticket has once: its "submitter", its "tracker"; "" if it has none."""
        table = schema.traits
        return self._one(select(table.c.value).where(table.c.ticket == ticket, table.c.name == name).order_by(table.c.value).limit(1))

    def dossier(self, subject: Subject) -> Any:
        """The whole dossier that the entry is about; None if it is not here."""
        return dossier_of(self._work.journal, subject)

    def called(self, name: str) -> str:
        """
        The audience that is meant by *name*: a unit of this node, by its code or by the part behind the node's; a role; an
        account.  "" if nobody here is called so: a body outside.
        """
        if not name:
            return ""
        if found := self._unit(name) or self._unit(f"{self._node}-{name}"):
            return unit(found)
        if name in _ROLES:
            return role(name)
        return account(name) if self._is_account(name) else ""

    def leader(self, of_unit: str) -> str:
        """The audience of the unit's leader; the unit itself where nobody has that role."""
        accounts = schema.accounts
        same = (accounts.c.node == self._node, accounts.c.unit == of_unit, accounts.c.is_active.is_(True))
        roles = self._work.connection.execute(select(accounts.c.roles).where(*same)).scalars()
        has_one = any(Role.DEPARTMENT_LEADER.value in of_account.split(",") for of_account in roles)
        return leader_of(of_unit) if has_one else unit(of_unit)

    def _unit(self, code: str) -> str:
        table = schema.units
        return self._one(select(table.c.code).where(table.c.node == self._node, table.c.code == code, table.c.is_active.is_(True)))

    def _is_account(self, id: str) -> bool:
        table = schema.accounts
        same = (table.c.node == self._node, table.c.id == id, table.c.is_active.is_(True))
        return self._one(select(table.c.id).where(*same)) != ""

    def _one(self, query: Any) -> str:
        return str(self._work.connection.execute(query).scalar() or "")


_ROLES = frozenset(one.value for one in Role)
