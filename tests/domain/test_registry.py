"""The node itself as a subject: units, accounts, administrators that exclude one another, nodes below."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from node.domain import registering
from node.domain import registry as g
from node.domain.command import Facts
from node.domain.entry import Actor
from node.domain.organisation import Place, Role
from node.domain.pack import Pack
from node.domain.payload import Contact, Text
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.time import WorkCalendar

NOW = datetime(2026, 1, 26, 1, tzinfo=UTC)
CITY = Policy(
    Pack("none", "0", "any", date.min, (), "0" * 16, {}), WorkCalendar("2026.1", {}, lambda _day: None), Place("520400", ("520000",))
)
KNOWN = g.Registry(
    units={"520400-housing": "住房和城乡建设局"},
    accounts={"li": g.Account("li", "520400-housing", frozenset({"department"}), True)},
    nodes={"520402": "active", "520424": "revoked"},
)


def decide(command: g.NodeCommand, role: Role = Role.OFFICE) -> list[Any]:
    return [one.event for one in registering.decide(KNOWN, command, Facts(Actor("centre", role.value, "520400-centre")), CITY, NOW)]


@pytest.mark.parametrize(
    ("role", "command", "event"),
    [
        (Role.OFFICE, g.OpenUnit("water", "水务局"), g.UnitOpened("520400-water", "department", "水务局")),
        (Role.OFFICE, g.OpenUnit("520400-water", "水务局"), g.UnitOpened("520400-water", "department", "水务局")),
        (Role.OFFICE, g.CloseUnit("520400-housing"), g.UnitClosed("520400-housing")),
        (Role.OFFICE, g.OpenAccount("wang", ("department",), "520400-housing"), g.AccountOpened("wang", "520400-housing", ("department",))),
        (
            Role.OFFICE,
            g.OpenAccount("li", ("department",), "520400-housing", Contact("李梅"), is_named_anew=True),
            g.AccountOpened("li", "520400-housing", ("department",), Contact("李梅")),
        ),
        (Role.SECURITY_ADMIN, g.OpenAccount("wei", ("audit_admin",)), g.AccountOpened("wei", "", ("audit_admin",))),
        (Role.OPERATOR, g.SetNodeStatus("520402", "suspended"), g.NodeStatusSet("520402", "suspended")),
    ],
)
def test_what_is_entered(role: Role, command: g.NodeCommand, event: g.NodeEvent) -> None:
    """Each command becomes the event of its name."""
    assert [event] == decide(command, role)


@pytest.mark.parametrize(
    ("role", "command"),
    [
        (Role.OFFICE, g.OpenUnit("housing", "住房和城乡建设局")),
        (Role.OFFICE, g.OpenAccount("li", ("department",), "520400-housing")),
        # A list that is imported again says the name again.
        (Role.OFFICE, g.OpenAccount("li", ("department",), "520400-housing", Contact("李梅"))),
        (Role.OPERATOR, g.SetNodeStatus("520402", "active")),
        (Role.NODE, g.JoinSuperior(("520000",), ("贵州省",))),
    ],
)
def test_what_is_so_already_is_not_entered_again(role: Role, command: g.NodeCommand) -> None:
    assert [] == decide(command, role)


@pytest.mark.parametrize(
    ("role", "command", "code"),
    [
        (Role.DEPARTMENT, g.OpenUnit("water", "水务局"), Code.PERMISSION_DENIED),
        (Role.OFFICE, g.OpenUnit("", "水务局"), Code.FIELD_REQUIRED),
        (Role.OFFICE, g.OpenUnit("a/b", "水务局"), Code.MALFORMED_COMMAND),
        (Role.OFFICE, g.OpenUnit("水务", "水务局"), Code.MALFORMED_COMMAND),
        (Role.OFFICE, g.CloseUnit("520400-fire"), Code.UNIT_UNKNOWN),
        (Role.OFFICE, g.OpenAccount("wang", ("emperor",)), Code.VALUE_NOT_OFFERED),
        (Role.OFFICE, g.OpenAccount("wang", ("department",), "520400-fire"), Code.UNIT_UNKNOWN),
        # DESIGN 10: three administrators that exclude one another, and only the security administrator makes them.
        (Role.SECURITY_ADMIN, g.OpenAccount("wang", ("operator", "audit_admin")), Code.ROLES_EXCLUDE),
        (Role.OFFICE, g.OpenAccount("wang", ("operator",)), Code.PERMISSION_DENIED),
        (Role.OFFICE, g.CloseAccount("nobody"), Code.ACCOUNT_UNKNOWN),
        (Role.OPERATOR, g.InviteNode("5204", "x", "00"), Code.NODE_CODE_INVALID),
        (Role.OPERATOR, g.InviteNode("520000", "x", "00"), Code.ALREADY_EXISTS),
        (Role.OPERATOR, g.InviteNode("520424", "x", "00"), Code.NODE_REVOKED),
        (Role.OPERATOR, g.SetNodeStatus("520499", "suspended"), Code.NODE_UNKNOWN),
        (Role.OPERATOR, g.SetNodeStatus("520402", "banished"), Code.VALUE_NOT_OFFERED),
        (Role.OPERATOR, g.SetNodeStatus("520424", "active", Text("x")), Code.NODE_REVOKED),
    ],
)
def test_what_is_refused(role: Role, command: g.NodeCommand, code: Code) -> None:
    """A refusal has its code; nothing is entered."""
    with pytest.raises(Refusal) as refused:
        decide(command, role)

    assert code is refused.value.code
