"""A county in the middle of a day: all that its office, departments and callers work off."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from node.domain import registry as g
from node.domain.command import Command
from node.domain.meeting.agenda import SubmitTickets
from node.domain.meeting.convening import ConveneMeeting
from node.domain.order.issuing import IssueOrder
from node.domain.payload import Contact, Text
from node.domain.ticket.co_handling import AddCoHandler
from node.domain.ticket.completion import Complete
from node.domain.ticket.coordination import DeclareDisagreement
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.extension import RequestExtension
from node.domain.ticket.first_contact import ReportToOffice
from node.domain.ticket.forming import Form
from node.domain.ticket.intake import Register
from node.domain.ticket.judgement import GiveOpinion, OpenJudgement
from node.domain.ticket.objection import Object, RuleObjection
from node.domain.ticket.opinion import AskOpinion
from node.domain.ticket.recheck import ProposeRecheck
from node.domain.ticket.revisit import RecordRevisit
from node.domain.ticket.termination import ApplyTermination, Withdraw
from node.services.acting import act
from tests.support.node import Hands

UNITS = {
    "hall": "政务大厅窗口",
    "housing": "住房和城乡建设局",
    "fire": "消防救援大队",
    "market": "市场监督管理局",
    "water": "水务局",
    "natural_resources": "自然资源分局",
    "power": "供电局",
    "development_reform": "发展和改革局",
    "investment_promotion": "投资促进局",
    "government": "区人民政府",
}
ROLES = {
    "hall": ("window_clerk", "department"),
    "development_reform": ("department", "member", "steward"),
    "investment_promotion": ("department", "member"),
    "government": ("government",),
}
TESTS = ("responsibility", "jurisdiction", "materials", "lawfulness")
NEEDS = (
    ("厂区停电影响生产", "我厂近一周停电三次，冷库货物受损，请尽快查明线路故障。"),
    ("消防验收迟迟没有排期", "厂房扩建已完工四个月，消防验收申请一直没有排上，影响投产。"),
    ("自来水压力不足", "园区自来水水压偏低，生产线清洗工序无法开足。"),
    ("土地证办理进展慢", "受让土地两年仍未拿到不动产权证，银行不给抵押贷款。"),
    ("营业执照变更被退回", "经营范围变更三次被退回，窗口说法不一。"),
    ("施工许可缺材料", "施工许可申请提示缺图审意见，图审机构说不用出。"),
)


@dataclass
class County:
    """The node with what happened there; ``tickets`` are register numbers by what became of them."""

    hands: Hands
    tickets: dict[str, str] = field(default_factory=dict)
    session: str = ""
    order: str = ""

    def by(self, who: str, command: Command, about: str = "", **more: Any) -> Any:
        """One act; *about* is one of ``tickets``."""
        return act(self.hands.node, who, command, ticket=self.tickets.get(about, about), **more)

    def unit(self, short: str) -> str:
        """The unit's code."""
        return g.unit_code(self.hands.node.code, short)

    def need(self, name: str, place: int = 0, **fields: Any) -> str:
        """A need comes to the hall and is reported to the office."""
        title, appeal = NEEDS[place % len(NEEDS)]
        given = {"credit_code": "91520400MAD0R8F80E", "appellant_kind": "enterprise", "channel": "window", "judgement": "foreign"} | fields
        command = Register(
            appeal=Text(appeal),
            title=Text(title),
            name=Contact("张敏"),
            phone=Contact("13885300001"),
            first_contact=self.unit("hall"),
            **given,
        )
        self.tickets[name] = self.by("hall:window_clerk", command).subject.id
        self.by("hall:window_clerk", ReportToOffice(), name)
        return self.tickets[name]

    def formed(self, name: str, place: int = 0, **fields: Any) -> None:
        """... and is formed."""
        self.need(name, place, **fields)
        self.by("centre:office", Form(category="coordination", passed=TESTS), name)

    def sent(self, name: str, lead: str, place: int = 0, **fields: Any) -> None:
        """... and sent."""
        self.formed(name, place, **fields)
        self.by("centre:office", Dispatch(lead=self.unit(lead)), name)

    def in_hand(self, name: str, lead: str, place: int = 0, **fields: Any) -> None:
        """... and signed."""
        self.sent(name, lead, place, **fields)
        self.by(f"{lead}:department", Sign(), name)

    def completed(self, name: str, lead: str, place: int = 0, **fields: Any) -> None:
        """... and completed."""
        self.in_hand(name, lead, place, **fields)
        paper = self.hands.node.blobs.put(f"{name}".encode())
        done = Complete(
            standard="solved",
            result=Text("线路已改造，电压恢复正常。"),
            is_truthful=True,
            feedback_way="phone",
            feedback=Text("已电话告知企业。"),
            evidence=(paper,),
        )
        self.by(f"{lead}:department", done, name)


def staffed(hands: Hands) -> County:
    """Units with an account each, under the unit's short name; two more in the office, one for supervision."""
    for short, name in UNITS.items():
        act(hands.node, "centre", g.OpenUnit(short, name, {"government": "government"}.get(short, "department")))
        roles = ROLES.get(short, ("department",))
        act(hands.node, "centre", g.OpenAccount(short, roles, g.unit_code(hands.node.code, short), Contact(f"{name}经办人")))
    centre = g.unit_code(hands.node.code, "centre")
    for account, role in (("office-2", "office"), ("watch", "supervision"), ("caller", "specialist")):
        act(hands.node, "centre", g.OpenAccount(account, (role,), centre, Contact(account)))
    return County(hands)


def a_busy_day(hands: Hands) -> County:
    """Everything that a board can show."""
    county = staffed(hands)
    for place in range(6):
        county.need(f"pool-{place}", place)
    county.need("hidden", 4, conceal_from=county.unit("market"))
    county.need("single", 3)
    members = (county.unit("development_reform"), county.unit("investment_promotion"))
    county.by("centre:office", OpenJudgement(members, ("cross_department",), Text("涉及用地与规划，请发表意见。")), "single")
    opinion = GiveOpinion(Text("属自然资源部门职责，建议立案。"), "form", county.unit("natural_resources"))
    county.by("development_reform:member", opinion, "single")
    for place in range(2):
        county.need(f"batch-{place}", place + 1)
    planned = hands.now + timedelta(hours=5)
    convened = county.by("centre:office", ConveneMeeting("joint_judgement", planned, units=members))
    county.session = convened.subject.id
    pair = (county.tickets["batch-0"], county.tickets["batch-1"])
    act(hands.node, "centre:office", SubmitTickets(pair), subject=county.session)
    county.formed("formed-0", 0)
    county.formed("formed-1", 1)
    county.sent("sent", "fire", 1)
    _handling(county)
    return county


def _handling(county: County) -> None:
    today = county.hands.now.date()
    county.in_hand("extension", "housing", 5)
    ask = RequestExtension(today + timedelta(days=30), "complex", Text("需等待图审机构出具意见。"))
    county.by("housing:department", ask, "extension")
    county.in_hand("termination", "market", 4)
    paper = county.hands.node.blobs.put("现场核查记录".encode())
    county.by("market:department", ApplyTermination("false_information", Text("现场核查，所述情况不属实。"), (paper,)), "termination")
    county.in_hand("withdrawal", "water", 2)
    county.by("hall:window_clerk", Withdraw(Text("企业已自行解决，申请撤回。"), (paper,)), "withdrawal")
    county.in_hand("joint", "housing", 1)
    county.by("housing:department", AddCoHandler(county.unit("fire"), Text("请协助消防验收排期。")), "joint")
    county.by("housing:department", AskOpinion(county.unit("water"), Text("请就供水管网提出意见。")), "joint")
    county.in_hand("dispute", "natural_resources", 3)
    county.by("natural_resources:department", AddCoHandler(county.unit("housing"), Text("请认定用地性质。")), "dispute")
    county.by("natural_resources:department", DeclareDisagreement(Text("与住建部门对用地性质认定不一致。")), "dispute")
    for name in ("objection", "ruled"):
        county.sent(name, "water", 0)
        county.by("water:department", Object(Text("停电属供电部门职责，不属我局。"), county.unit("power")), name)
    county.by("centre:office", RuleObjection(True, Text("线路属供电部门职责。"), county.unit("power")), "ruled")
    county.completed("revisit-0", "power", 0)
    county.completed("revisit-1", "power", 2)
    county.completed("recheck", "power", 0, credit_code="91520400MAD6NKYB2L")
    answers = RecordRevisit(is_consistent=False, is_standard_met=False, evaluation="dissatisfied", remarks=Text("仍然停电。"))
    county.by("office-2:office", answers, "recheck")
    county.by("power:department", ProposeRecheck("finding_disputed", Text("已改造完毕，请复查。")), "recheck")
    order = IssueOrder(
        "urge", "overdue", "system", tickets=(county.tickets["extension"],), unit=county.unit("housing"), demand=Text("请抓紧办理。")
    )
    county.order = act(county.hands.node, "centre:office", order).subject.id
