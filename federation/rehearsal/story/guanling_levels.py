"""关岭自治县 (520424): what exceeds the county's authority and goes up, from the pool, from the members' judgement, while handling."""

from federation.rehearsal.story import appellants as who
from federation.rehearsal.story.case import Case
from federation.rehearsal.story.staff import CITY, GUANLING
from node.domain.payload import Text
from node.domain.ticket.co_handling import ConfirmCoHandling, FileContribution
from node.domain.ticket.custody import DecideAbove
from node.domain.ticket.escalation import AcceptEscalation, RequestEscalation, ReturnEscalation
from node.domain.ticket.handling import RecordProgress
from node.domain.ticket.judgement import CloseJudgement, GiveOpinion, OpenJudgement

CITY_OFFICE = f"{CITY.code}/centre"


def case(label: str) -> Case:
    """A case of this county."""
    return Case(GUANLING, label)


def solar_forest() -> Case:
    """AS25 四(二)1(3): "对跨区域、跨层级、跨行业的复杂需求,由 ... 成员单位会商 ... 提出提级办理申请". At triage; returned to triage."""
    line = case("solar-forest").at_window(
        "02-03 10:00",
        who.SOLAR,
        "光伏项目用地跨县认定",
        "我们在岗乌镇和邻县交界的山上建光伏电站，有三百亩在两县交界，林地和草地的认定两边说法不一样，可研批复是市里给的。请上级明确这三百亩到底按什么地类办，由哪个县受理。",
        category="coordination",
        crossing=("cross_region", "cross_level"),
    )
    line.by("02-03 14:30", "centre", OpenJudgement(members=(line.unit("development_reform"), line.unit("government_office"))))
    line.by(
        "02-04 10:00",
        "development_reform",
        GiveOpinion(Text("项目由市级核准，跨县部分超出本县权限，建议提级。"), outcome="escalate"),
        role="member",
    )
    line.by("02-04 15:00", "government_office", GiveOpinion(Text("同意提级，由市级协调两县。"), outcome="escalate"), role="member")
    line.by(
        "02-05 09:30",
        "centre",
        CloseJudgement(outcome="escalate", conclusion=Text("成员单位意见一致，超出本级政府权限，提出提级办理申请。")),
    )
    line.by(
        "02-05 10:00",
        "centre",
        RequestEscalation(power_item="520400-FR-04", reason=Text("跨县光伏用地地类认定，需市级协调。"), tried=("conferred",)),
    )
    line.by(
        "02-06 16:00",
        CITY_OFFICE,
        ReturnEscalation(
            "materials_insufficient",
            Text("交界地块的国土变更调查成果以2024年度为准，按成果即可确定权属和地类，请关岭县先行形成工单办理，确有争议再报。"),
        ),
        after="EscalationRequested",
    )
    line.by(
        "02-09 09:30",
        "centre",
        CloseJudgement(
            outcome="form", conclusion=Text("按退回意见，由县林业局牵头核对变更调查成果后办理。"), leads=(line.unit("forestry"),)
        ),
        after="EscalationReturned",
    )
    line.formed("02-09 10:00", "coordination", "complex").sent("02-09 10:20", "forestry", "natural_resources").signed(
        "02-09 15:00", "forestry"
    )
    line.by("02-10 10:00", "natural_resources", ConfirmCoHandling())
    line.by("02-26 16:00", "natural_resources", FileContribution(Text("提供2024年度国土变更调查成果和交界线坐标，并参加联合踏勘。")))
    line.by("02-27 10:00", "forestry", RecordProgress(Text("与邻县林业、自然资源部门联合踏勘，交界线以省级勘界成果为准，已无争议。")))
    line.completed(
        "03-03 16:00",
        "forestry",
        "经两县联合核对2024年度国土变更调查成果，三百亩中二百一十二亩属本县宜林地以外的其他草地，按草地办理用地手续；其余属邻县，已书面告知企业分别申报，并移交联系人。",
    )
    return line.revisited("03-09 10:00").closed("03-10 10:00")


def pepper_base() -> Case:
    """XS25 四(三)2(4): "规划类、政策类共性问题"; AS25 四(二)1(3): 跨区域. Put to the city straight from the pool, and decided there."""
    line = case("pepper-base").online(
        "03-10 10:00",
        who.PEPPER,
        "出口花椒基地跨三县备案",
        "我们厂出口花椒油的原料基地分布在关岭、镇宁、紫云三个县，海关要求种植基地备案由同一家主管部门出意见，三个县各写各的格式，材料被退了两次。订单六月装船，请市里统一出一份意见。",
    )
    line.by(
        "03-10 15:00", "centre", RequestEscalation(power_item="520400-AG-06", reason=Text("基地跨三县，需市级统一出具意见，本级无权办理。"))
    )
    line.by("03-11 10:00", CITY_OFFICE, AcceptEscalation(category="coordination"), after="EscalationRequested")
    line.by(
        "03-13 15:00",
        CITY_OFFICE,
        DecideAbove(Text("由市级统一出具三县花椒基地备案意见，意见书已送海关，请关岭县反馈企业并指导补齐种植台账。")),
    )
    line.sent("03-16 09:30", "agriculture").signed("03-16 14:00", "agriculture")
    line.completed(
        "03-17 10:00",
        "agriculture",
        "市级统一备案意见书3月13日已送达海关，企业可直接提交基地备案；我局派员指导补齐三个基地的种植和用药台账，预计四月上旬完成备案，不影响六月装船。",
    )
    return line.closed("03-18 10:00")


def fossil_signs() -> Case:
    """AS25 三(六)3 "旅游业". Asked while nobody reaches the city; taken up when it is back, and decided there."""
    line = case("fossil-signs").online(
        "02-06 10:30",
        who.TOURISM,
        "高速出口景区指示牌",
        "我们化石群景区离高速出口只有九公里，可出口没有景区指示牌，游客经常开过了头。交通部门说高速路上的旅游标志要市里统一报，春节和五一是旺季，请帮忙把标志牌立起来。",
    )
    line.sorted("02-06 15:00", "coordination", "culture_tourism", "02-09 09:00")
    line.by(
        "02-10 10:00",
        "centre",
        RequestEscalation(power_item="520400-TR-02", reason=Text("高速公路旅游标志由市级统一申报，超出本级权限。"), tried=("department",)),
    )
    line.by("02-12 09:30", CITY_OFFICE, AcceptEscalation(category="coordination", complexity="plain"), after="EscalationRequested")
    line.by(
        "02-24 15:00",
        CITY_OFFICE,
        DecideAbove(
            Text("同意将该景区列入2026年第一批旅游交通标志设置计划，由市交通运输局会同高速公司3月底前在出口前两公里和出口处各设一块。")
        ),
    )
    line.completed(
        "02-25 15:00",
        "culture_tourism",
        "市级已将景区标志列入今年第一批设置计划，3月底前在高速出口前两公里和出口处各立一块；在此之前我局已在连接线设置临时指引牌三块，便于春季游客识别。",
        after="DecidedAbove",
    )
    return line.closed("02-26 10:00")


CASES = (solar_forest(), pepper_base(), fossil_signs())
