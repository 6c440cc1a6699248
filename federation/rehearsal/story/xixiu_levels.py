"""西秀区 (520402): what exceeds the county's authority and goes up (AS25 四(二)1(3), 四(四)5: "超出本级政府权限的 ... 提级办理申请")."""

from federation.rehearsal.story import appellants as who
from federation.rehearsal.story.act import Paper
from federation.rehearsal.story.case import Case
from federation.rehearsal.story.staff import CITY, PROVINCE, XIXIU
from node.domain.payload import Text
from node.domain.ticket.custody import DecideAbove, PassDownDecision
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.escalation import (
    AcceptEscalation,
    RequestEscalation,
    RequestWithdrawalOfEscalation,
    ReturnEscalation,
    WithdrawEscalation,
)
from node.domain.ticket.handling import RecordProgress

CITY_OFFICE, CITY_LAND = f"{CITY.code}/centre", f"{CITY.code}/natural_resources"
PROVINCE_OFFICE = f"{PROVINCE.code}/centre"


def case(label: str) -> Case:
    """A case of this county."""
    return Case(XIXIU, label)


def land_title() -> Case:
    """FJ23: "厂房地等问题", "解决事项跨层级审批、企业多头跑路". Accepted, and decided by the city."""
    line = case("land-title").at_window(
        "01-28 09:40",
        who.CONCRETE,
        "搅拌站用地历史遗留无证",
        "我们搅拌站的地是二〇〇九年通过镇里招商拿的，钱交了、厂建了，土地证一直没办下来，银行不认抵押。区里说当年是按市里的统征方案供地，要市里才能认定，跑了好几年没有结果，请给一个说法。",
    )
    line.sorted("01-29 10:00", "coordination", "natural_resources", "01-30 09:00")
    line.by(
        "02-02 16:00",
        "natural_resources",
        RecordProgress(Text("查阅档案，该宗地属2008年市级统征范围，供地手续缺市级认定文件，本级无权补办。")),
    )
    papers = (Paper("统征批复摘录.txt", "安府地〔2008〕统征批复摘录"), Paper("缴费凭证.txt", "2009年土地款缴纳凭证三张"))
    line.by(
        "02-03 10:00",
        "centre",
        RequestEscalation(
            power_item="520400-NR-07",
            reason=Text("涉及市级统征土地历史遗留问题认定，超出本级权限，申请提级办理。"),
            tried=("department", "joint_office"),
            materials=tuple(paper.digest for paper in papers),
            opinion=Text("建议按历史遗留问题容缺补办，先行认定土地来源。"),
        ),
        papers=papers,
    )
    result = "本局已就该宗土地的来源和缴费情况完成核查，拟直接答复企业补办土地手续的途径，并将核查情况书面告知企业，请企业按要求准备材料。"
    # FEDERATION 2.5: frozen at the request; and after the acceptance it is the city's.
    line.completed("02-03 15:00", "natural_resources", result, expects="HANDLING_FROZEN")
    line.by("02-04 10:00", CITY_OFFICE, AcceptEscalation(category="coordination", complexity="plain"), after="EscalationRequested")
    line.completed("02-05 09:30", "natural_resources", result, expects="NOT_HOLDER", after="EscalationAccepted")
    line.by("02-04 10:20", CITY_OFFICE, Dispatch(lead=f"{CITY.code}-natural_resources"))
    line.by("02-04 15:00", CITY_LAND, Sign())
    line.by("02-06 16:00", CITY_LAND, RecordProgress(Text("经市局业务会研究，该宗地来源清楚、价款已缴清，符合历史遗留问题补办条件。")))
    line.by(
        "02-09 10:00",
        CITY_OFFICE,
        DecideAbove(
            Text(
                "认定该宗地为市级统征范围内已供应土地，土地价款已缴清，同意由西秀分局按历史遗留问题补办供地手续和不动产登记，时限二十个工作日，不再加收价款。"
            )
        ),
    )
    line.completed(
        "02-12 15:00",
        "natural_resources",
        "市级已认定该宗土地来源并同意补办，我局已受理企业补办申请，2月12日完成权籍调查，不动产权证二十个工作日内核发，期间可凭受理通知书向银行说明情况。",
        after="DecidedAbove",
    )
    return line.closed("02-13 15:00")


def land_quota() -> Case:
    """XS25 四(三)3: "涉及省市级权限的涉企问题 ... 推送至省市"; AS25 三(二)1: "企业需求超出市级权限的,提交省级“企业之家”研究"."""
    line = case("land-quota").at_window(
        "02-02 09:30",
        who.PACKAGING,
        "扩建用地缺新增建设用地指标",
        "我们想在现有厂区旁边扩建八亩做彩印车间，订单和设备都落实了，自然资源部门说今年区里新增建设用地计划指标已经用完，要等省里下达。能不能请上级统筹解决，或者告诉我们什么时候能有指标。",
    )
    line.sorted("02-02 15:10", "coordination", "natural_resources", "02-03 09:00", complexity="complex")
    line.by(
        "02-05 09:00",
        "centre",
        RequestEscalation(
            power_item="520400-NR-02", reason=Text("本级年度计划指标已用完，需市级统筹或向省级争取。"), tried=("department", "joint_office")
        ),
    )
    line.by("02-06 10:00", CITY_OFFICE, AcceptEscalation(category="coordination", complexity="complex"), after="EscalationRequested")
    line.by(
        "02-09 10:00",
        CITY_OFFICE,
        RequestEscalation(
            power_item="520000-NR-01",
            reason=Text("市级预留指标不足，该项目符合省级重点产业方向，申请省级统筹。"),
            tried=("department", "joint_office"),
        ),
    )
    line.by("02-09 16:00", PROVINCE_OFFICE, AcceptEscalation(category="coordination", complexity="complex"), after="EscalationRequested")
    line.by("02-10 09:30", PROVINCE_OFFICE, Dispatch(lead=f"{PROVINCE.code}-natural_resources"))
    line.by("02-10 15:00", f"{PROVINCE.code}/natural_resources", Sign())
    line.by(
        "02-13 10:00",
        PROVINCE_OFFICE,
        DecideAbove(
            Text(
                "经省自然资源厅研究，该项目纳入第一批省级统筹计划，安排新增建设用地指标八亩，随2月下旬批次下达，由安顺市组织西秀区依法报批。"
            )
        ),
    )
    line.by(
        "02-13 15:00",
        CITY_OFFICE,
        PassDownDecision(Text("转省级决定，请西秀区抓紧组卷报批。")),
        after="DecidedAbove",
        unless_back_at=XIXIU.code,
    )
    line.completed(
        "02-26 10:30",
        "natural_resources",
        "省级已统筹安排新增建设用地指标八亩，指标文件2月25日到区，我局已启动农用地转用组卷，预计四月底完成供地，具体流程和所需材料清单已交企业。",
        after="DecidedAbove",
    )
    return line.closed("02-27 10:00")


def sign_board() -> Case:
    """XS25 四(三)3: "属地解决办理-县级协调办理-市级协同办理". The city returns it: within the county's own authority."""
    line = case("sign-board").online(
        "02-24 10:00",
        who.ADVERTISING,
        "户外广告牌设置审批无人受理",
        "我们去年中标了二环路二十六块户外公益和商业广告牌，结构安全报告都做了，综合执法局说跨市级道路要市里批，市里又让回区里。合同期只有三年，已经耽误了五个月，请明确由哪一级审批。",
    )
    line.sorted("02-24 15:00", "coordination", "urban", "02-25 09:20")
    line.by(
        "02-25 15:00",
        "centre",
        RequestEscalation(power_item="520400-UM-03", reason=Text("二环路部分路段为市管道路，审批权限存在争议，申请提级办理。")),
    )
    line.by(
        "02-26 11:00",
        CITY_OFFICE,
        ReturnEscalation(
            "within_authority", Text("户外广告设置审批已于2024年整体下放至县区，二环路全线由西秀区综合执法局审批，退回本级办理。")
        ),
        after="EscalationRequested",
    )
    line.completed(
        "03-04 16:00",
        "urban",
        "已明确由本局审批，2月28日受理企业申请，3月4日对二十六处点位现场核验，其中二十四处核发设置许可，另两处因遮挡交通标志调整位置后随下一批办理。",
        after="EscalationReturned",
    )
    return line.revisited("03-05 10:00").closed("03-06 09:20")


def dust_screens() -> Case:
    """HM20 二(二): "严守国土规划、生态环保 ... 底线". Asked back before the city answered."""
    line = case("dust-screens").called(
        "02-26 14:30",
        who.CONCRETE,
        "扬尘在线监测设备安装标准",
        "环保要求我们搅拌站三月底前装扬尘在线监测，可设备型号要求和市里平台对不上，厂家说要等市里开放接口。装早了怕白花钱，装晚了要停产，请明确用哪种设备、谁来对接平台。",
    )
    line.sorted("02-27 09:30", "coordination", "ecology", "02-27 15:00")
    line.by(
        "03-02 10:00", "centre", RequestEscalation(power_item="520400-EE-05", reason=Text("监测平台接口由市级管理，申请提级明确设备标准。"))
    )
    line.by(
        "03-02 15:00",
        "centre",
        RequestWithdrawalOfEscalation(Text("市局已电话明确按2025版接口规范执行，本级可直接答复，申请撤回提级。")),
        after="EscalationReceived",
    )
    line.by("03-03 09:30", CITY_OFFICE, WithdrawEscalation(), after="EscalationWithdrawalRequested", unless_back_at=XIXIU.code)
    line.completed(
        "03-09 15:00",
        "ecology",
        "已书面明确采用符合2025版接口规范的设备，提供三家已接入平台的型号供企业自主选择，接口调试由本局监测站免费协助，3月20日前完成联网即视为按期，不影响生产。",
        after="EscalationWithdrawn",
    )
    return line.revisited("03-10 10:00").closed("03-11 09:30")


def rail_siding() -> Case:
    """FJ23: "涉及范围广、遗留问题多、解决难度大的重点事项". Put to the city in the last days; not answered when the story ends."""
    line = case("rail-siding").at_window(
        "03-23 09:40",
        who.LOGISTICS,
        "铁路货场专用线接入",
        "我们物流园离铁路货场不到两公里，货主都希望公铁联运，但货场专用线只给两家国企用。我们愿意出资接一条支线，可不知道找哪一级谈，请帮忙协调铁路部门，哪怕先给一个共用的办法。",
    )
    line.sorted("03-23 15:00", "coordination", "transport", "03-24 10:00", complexity="complex")
    return line.by(
        "03-27 16:00",
        "centre",
        RequestEscalation(
            power_item="520400-TR-11",
            reason=Text("铁路货场共用涉及市级与铁路部门协商，超出本级权限，申请提级办理。"),
            tried=("department", "joint_office"),
        ),
    )


CASES = (land_title(), land_quota(), sign_board(), dust_screens(), rail_siding())
