"""
What a notice asks of the node beside the entry and the ticket's row: who owes a clock, who has a ticket in a unit, who is called so.

Each answer is read when it is asked for, in the transaction of the entry; most entries ask for none.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import bindparam, select

from node.domain.entry import Subject
from node.domain.organisation import Role
from node.notify.notice import account, leader_of, role, unit
from node.storage import schema
from node.storage.dossier_readings import dossier_of
from node.storage.statements import Prepared
from node.storage.unit_of_work import UnitOfWork
from node.storage.waiting import waiting_values

_clocks, _desks, _traits, _units, _accounts = (
    table.c for table in (schema.clocks, schema.desks, schema.traits, schema.units, schema.accounts)
)
_OWES = Prepared(
    select(_clocks.owes).where(_clocks.ticket == bindparam("ticket"), _clocks.name == bindparam("name"), _clocks.node == bindparam("node"))
)
_PERSON = Prepared(
    select(_desks.person)
    .join(schema.accounts, (_accounts.id == _desks.person) & (_accounts.node == bindparam("node")))
    .where(_desks.ticket == bindparam("ticket"), _desks.unit == bindparam("unit"), _accounts.is_active.is_(True))
)
_TRAIT = Prepared(
    select(_traits.value).where(_traits.ticket == bindparam("ticket"), _traits.name == bindparam("name")).order_by(_traits.value).limit(1)
)
_ROLES_IN = Prepared(
    select(_accounts.roles).where(_accounts.node == bindparam("node"), _accounts.unit == bindparam("unit"), _accounts.is_active.is_(True))
)
_UNIT = Prepared(select(_units.code).where(_units.node == bindparam("node"), _units.code == bindparam("code"), _units.is_active.is_(True)))
_ACCOUNT = Prepared(
    select(_accounts.id).where(_accounts.node == bindparam("node"), _accounts.id == bindparam("id"), _accounts.is_active.is_(True))
)


class Around:
    """The node at the moment of an entry; of *new* tickets nothing was here before the entries that are told of."""

    def __init__(self, work: UnitOfWork, new: Collection[str] = ()) -> None:
        self._work = work
        self._new = new
        self._node = work.head.node

    def owes(self, subject_id: str, clock: str) -> str:
        """Who owes this node's clock: a unit, a role or ``With``, an account; "" if there is no such clock."""
        return self._one(_OWES, ticket=subject_id, name=clock, node=self._node)

    def person(self, ticket: str, of_unit: str) -> str:
        """The account that has *ticket* inside the unit; "" if it lies in the shared tray, or that account is closed."""
        return self._one(_PERSON, ticket=ticket, unit=of_unit, node=self._node)

    def trait(self, ticket: str, name: str) -> str:
        """A trait that a ticket has once: its "submitter", its "tracker"; "" if it has none."""
        if ticket in self._new and not self._has_waiting(ticket, name):
            return ""
        return self._one(_TRAIT, ticket=ticket, name=name)

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
        roles = _ROLES_IN.rows(self._work.connection, node=self._node, unit=of_unit)
        has_one = any(Role.DEPARTMENT_LEADER.value in of_account.split(",") for (of_account,) in roles)
        return leader_of(of_unit) if has_one else unit(of_unit)

    def _has_waiting(self, ticket: str, name: str) -> bool:
        """Of a ticket that this transaction began; all that it has waits to be written, or was written since."""
        waiting = waiting_values(self._work.connection, schema.traits, ("ticket", "name"))
        return (ticket, name) in waiting or ticket not in waiting_values(self._work.connection, schema.traits, ("ticket",))

    def _unit(self, code: str) -> str:
        return self._one(_UNIT, node=self._node, code=code)

    def _is_account(self, id: str) -> bool:
        return self._one(_ACCOUNT, node=self._node, id=id) != ""

    def _one(self, query: Prepared, **values: str) -> str:
        return str(query.scalar(self._work.connection, **values) or "")


_ROLES = frozenset(one.value for one in Role)
