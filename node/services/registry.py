"""What decisions ask of the registry: units with their staff, accounts, nodes below, adoptions."""

from sqlalchemy import Connection, bindparam, func, or_, select

from node.domain.entry import Actor
from node.domain.organisation import Role, Unit
from node.domain.refusal import Code, Refusal
from node.domain.registry import Account, Registry
from node.storage import schema
from node.storage.statements import Prepared

_accounts, _units, _nodes, _adoptions = schema.accounts.c, schema.units.c, schema.nodes.c, schema.adoptions.c
_STAFF = Prepared(
    select(_accounts.unit, func.count().label("accounts"))
    .where(_accounts.node == bindparam("node"), _accounts.is_active.is_(True), _accounts.unit != "")
    .group_by(_accounts.unit)
)
_ACCOUNT = Prepared(
    select(_accounts.unit, _accounts.roles, _accounts.is_active).where(
        _accounts.node == bindparam("node"), _accounts.id == bindparam("account")
    )
)
_UNITS = Prepared(select(_units.code, _units.kind, _units.is_active).where(_units.node == bindparam("node")))
_OPEN_UNITS = Prepared(select(_units.code, _units.name).where(_units.node == bindparam("node"), _units.is_active.is_(True)))
_EVERYBODY_HERE = select(_accounts.id, _accounts.unit, _accounts.roles, _accounts.is_active, _accounts.status).where(
    _accounts.node == bindparam("node")
)
_EVERYBODY = Prepared(_EVERYBODY_HERE)
_ITS_UNIT = (
    select(_accounts.unit)
    .where(_accounts.node == bindparam("node"), _accounts.id == bindparam("account"))
    .correlate(None)
    .scalar_subquery()
)
_CONCERNED = Prepared(
    _EVERYBODY_HERE.where(or_(_accounts.id == bindparam("account"), _accounts.id == bindparam("deputy"), _accounts.unit == _ITS_UNIT))
)
_BELOW = Prepared(select(_nodes.code, _nodes.status).where(_nodes.superior == bindparam("node")))
_ADOPTED = Prepared(
    select(_adoptions.kind, _adoptions.id, _adoptions.digest).where(_adoptions.node == bindparam("node")).order_by(_adoptions.seq)
)


def read_units(connection: Connection, node: str) -> dict[str, Unit]:
    """Every unit of *node* with the number of its active accounts."""
    staff: dict[str, int] = dict(_STAFF.rows(connection, node=node))
    return {code: Unit(code, kind, staff.get(code, 0), is_active) for code, kind, is_active in _UNITS.rows(connection, node=node)}


def read_registry(connection: Connection, node: str, account: str = "", deputy: str = "") -> Registry:
    """
    The registry of *node* as decisions about the node need it.  Of accounts, where *account* is named, that one, those of its
    unit, and *deputy*: what is decided about one depends on no others, and a list of thousands is opened one by one.
    """
    concerned = (
        _CONCERNED.rows(connection, node=node, account=account, deputy=deputy) if account else _EVERYBODY.rows(connection, node=node)
    )
    return Registry(
        units=dict(_OPEN_UNITS.rows(connection, node=node)),
        accounts={
            id: Account(id, unit, frozenset(roles.split(",")), is_active, status) for id, unit, roles, is_active, status in concerned
        },
        nodes=dict(_BELOW.rows(connection, node=node)),
        adopted={(kind, id): digest for kind, id, digest in _ADOPTED.rows(connection, node=node)},
    )


def actor_of(connection: Connection, node: str, account: str, role: str = "") -> Actor:
    """
    The actor of an account, in *role* or in its only (first) one.

    Raises:
        Refusal: ACCOUNT_UNKNOWN, UNAUTHENTICATED if it is suspended, PERMISSION_DENIED if it does not have that role.
    """
    return actor_with_roles(connection, node, account, role)[0]


def actor_with_roles(connection: Connection, node: str, account: str, role: str = "") -> tuple[Actor, tuple[str, ...]]:
    """
    As ``actor_of``, with every role that the account has.

    Raises:
        Refusal: as ``actor_of``.
    """
    row = _ACCOUNT.first(connection, node=node, account=account)
    if row is None:
        raise Refusal(Code.ACCOUNT_UNKNOWN, account=account)
    unit, said, is_active = row
    if not is_active:
        raise Refusal(Code.UNAUTHENTICATED, account=account)
    roles = tuple(said.split(","))
    if role and role not in roles:
        raise Refusal(Code.PERMISSION_DENIED, command="", role=role)
    return Actor(account, role or roles[0], unit), roles


NODE_ACTOR = Actor("clock", Role.NODE.value)
