"""A county with enterprises, needs in several states, and people, for the registers' tests; the tests only read it."""

from dataclasses import dataclass
from pathlib import Path

from node.domain import registry as g
from node.domain.enterprise.contact import VisitEnterprise
from node.domain.enterprise.filing import OpenEnterprise
from node.domain.payload import Contact, Text
from node.domain.ticket.objection import CoordinateObjection, Object, ReportToGovernment
from node.services.registry import NODE_ACTOR
from tests.clauses.given import COUNTY, beijing, completed, dispatched, handled, registered
from tests.support.node import Hands, make_node

PHONE = "13885312345"


def open_account(hands: Hands, account: str, roles: tuple[str, ...], phone: str = "") -> None:
    """An account of the centre."""
    command = g.OpenAccount(account, roles, f"{COUNTY}-centre", phone=Contact(phone) if phone else None)
    hands.act("node", command, COUNTY, account=NODE_ACTOR.account)


@dataclass(frozen=True)
class Given:
    """The node, the files of two enterprises, and the needs: late and in hand, completed, concealed, waiting for the government."""

    hands: Hands
    farm: str
    mill: str
    late: str
    done: str
    concealed: str
    disputed: str


def a_county_with_registers(directory: Path, database_url: str = "") -> Given:
    """From 2026-01-26 to 2026-03-02, 08:30."""
    hands = make_node(directory, now=beijing("2026-01-26 09:00"), database_url=database_url)
    hands.staff("housing", "water", "finance")
    for account, roles in (("mayor", ("leader",)), ("director", ("director",)), ("clerk", ("window_clerk",)), ("finder", ("finder",))):
        open_account(hands, account, roles)
    farm = hands.act(
        "office",
        OpenEnterprise(
            Text("安顺市西秀区双堡果业有限公司"), subject_type="project", area="shuangbao", size="small",
            contact=Contact("欧阳建国"), phone=Contact(PHONE), address=Contact("双堡镇塘山村1号"),
        ),
    ).subject.id  # fmt: skip
    mill = hands.act("office", OpenEnterprise(Text("黔中面粉加工厂"), subject_type="project", area="qiyanqiao")).subject.id
    hands.act("office", VisitEnterprise("planned_visit", note=Text("询问灌溉渠修复进展")), farm)
    late = handled(hands, appeal=Text("果园灌溉渠垮塌，三百亩桃树缺水"), title=Text("灌溉渠修复"), enterprise=farm)
    done = completed(hands, appeal=Text("厂区门口道路积水，货车进不来"), title=Text("门口积水"), enterprise=mill)
    concealed = registered(
        hands, appeal=Text("反映住建局工作人员推诿"), title=Text("反映推诿"), conceal_from=f"{COUNTY}-housing", enterprise=farm
    )
    disputed = dispatched(hands, lead=f"{COUNTY}-water", appeal=Text("水源地保护区内能否扩建"), title=Text("扩建与水源保护"))
    hands.act("department", Object(Text("不属本单位职责"), f"{COUNTY}-housing"), disputed, "water")
    units = (f"{COUNTY}-water", f"{COUNTY}-housing")
    hands.act("office", CoordinateObjection(units, True, Text("未达成一致")), disputed)
    hands.act("office", ReportToGovernment(Text("住建局、水务局均认为不属本单位职责，请明确由谁承办")), disputed)
    hands.at(beijing("2026-03-02 08:30")).node.sweep.run(hands.now)
    return Given(hands, farm, mill, late, done, concealed, disputed)
