"""A county's office at work: people at their desks, an enterprise that is known, needs at every distance from their limit."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from node.domain import registry as g
from node.domain.command import Command, Order
from node.domain.enterprise.filing import OpenEnterprise
from node.domain.identifier import uuid7
from node.domain.payload import Contact, Text
from node.domain.ticket.dispatching import Dispatch
from node.domain.ticket.forming import Form
from node.domain.ticket.intake import Register
from node.services.registry import NODE_ACTOR
from tests.support.node import Hands, make_node

CODE = "91350211M000100Y43"
PHONE = "13700001111"
PASSED = ("responsibility", "jurisdiction", "materials", "lawfulness")
CLERK, OTHER_CLERK, OFFICER, DIRECTOR, HANDLER = "li", "zhao", "wang", "chen", "d-housing"


@dataclass
class Office:
    """
    The node with what lies there: the enterprise's ``file``; ``handled``, its need that the housing bureau has, dispatched four weeks
    ago; ``pooled``, one that the clerk took in today and nobody has sorted.
    """

    hands: Hands
    file: str
    handled: str
    pooled: str


def open_office(directory: Path, pack: str = "xixiu-2025", **more: object) -> Office:
    """It is four weeks after Monday, the 26th of January, half past nine in the morning."""
    hands = make_node(directory, pack=pack, **more)  # type: ignore[arg-type]  # options of the node by name
    for unit, name in (("housing", "区住房和城乡建设局"), ("water", "区水务局")):
        _give(hands, g.OpenUnit(unit, name))
        open_account(hands, f"d-{unit}", ("department",), unit, name)
    open_account(hands, CLERK, ("window_clerk",), name="李梅")
    open_account(hands, OTHER_CLERK, ("window_clerk",), name="赵强")
    open_account(hands, OFFICER, ("office",), name="王芳")
    open_account(hands, DIRECTOR, ("director", "office"), name="陈主任")
    opened = OpenEnterprise(Text("西秀区惠民餐饮店"), "enterprise", CODE, contact=Contact("赵某"), phone=Contact(PHONE))
    file = hands.act("office", opened).subject.id
    handled = _handled(hands, file)
    hands.later(days=28, minutes=30)
    appeal = Text("北二路施工围挡堵住店门，已经一周没有顾客，请协调留出通道")
    pooled = hands.act("window_clerk", Register("window", appeal, phone=Contact("13800002222"), received_at=hands.now), account=CLERK)
    return Office(hands, file, handled, pooled.subject.id)


def open_account(hands: Hands, account: str, roles: tuple[str, ...], unit: str = "centre", name: str = "") -> None:
    """One more person."""
    _give(hands, g.OpenAccount(account, roles, g.unit_code(hands.node.code, unit), Contact(name or account)))


def _give(hands: Hands, command: Command) -> None:
    hands.serial += 1
    id = uuid7(hands.now, lambda n: (hands.serial + (1 << 41)).to_bytes(n, "big"))
    hands.node.handler.handle(Order(id, NODE_ACTOR, hands.node.code, command))


def _handled(hands: Hands, file: str) -> str:
    command = Register(
        "hotline_12345", Text("办理施工许可时被反复要求补材料，请协调住建局一次性告知"), title=Text("施工许可反复补材料"),
        phone=Contact(PHONE), enterprise=file, received_at=hands.now - timedelta(minutes=10),
    )  # fmt: skip
    ticket = hands.act("window_clerk", command, account=CLERK).subject.id
    hands.act("office", Form("coordination", passed=PASSED), ticket)
    hands.act("office", Dispatch(g.unit_code(hands.node.code, "housing")), ticket)
    return ticket
