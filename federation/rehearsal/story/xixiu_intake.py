"""西秀区 (520402): what comes in incomplete, twice, or is nothing for a ticket; and who cannot be found any more."""

from federation.rehearsal.story import appellants as who
from federation.rehearsal.story.act import Paper, day
from federation.rehearsal.story.case import Case
from federation.rehearsal.story.staff import XIXIU
from node.domain.payload import Contact, Text
from node.domain.ticket.acceptance import NotAccept, RecordPersuasion
from node.domain.ticket.handling import RecordAttempt
from node.domain.ticket.merging import Merge, UndoMerge
from node.domain.ticket.supplement import AskSupplement, NotifySupplement, ReportSupplement
from node.domain.ticket.termination import ApplyTermination, DecideTermination


def case(label: str) -> Case:
    """A case of this county."""
    return Case(XIXIU, label)


def fire_acceptance() -> Case:
    """AS25 四(二)1(4): "对材料不齐全的,由首问部门告知诉求人补充相关材料"; HM20 二(二): 消防安全等底线."""
    line = case("fire-acceptance").at_window(
        "01-28 10:10",
        who.FURNITURE,
        "家居卖场消防验收卡住了",
        "我们在西航路租了一个三千平方米的厂房改成家居卖场，装修已经完工，消防验收报上去两次都被退回，说图纸和实际不符。房东催租、商户等着进场，希望消防部门能到现场指一指到底要改哪里。",
        category="coordination",
    )
    line.by(
        "01-29 09:30",
        "centre",
        AskSupplement(
            items=("fire_drawings", "lease"),
            note=Text("缺消防设计竣工图和房屋租赁合同，无法判断责任部门和适用规范，请一次性告知企业补齐。"),
        ),
    )
    line.by("01-29 11:00", "hall", NotifySupplement(way="phone"))
    lease, drawings = Paper("租赁合同.txt", "西航路厂房租赁合同（扫描件文字层）"), Paper("消防竣工图.txt", "消防设计竣工图目录及说明")
    line.by(
        "02-02 14:00",
        "hall",
        ReportSupplement(provided=("lease",), materials=(lease.digest,)),
        papers=(lease,),
        expects="SUPPLEMENT_INCOMPLETE",
    )
    line.by(
        "02-03 10:00",
        "hall",
        ReportSupplement(provided=("fire_drawings", "lease"), materials=(drawings.digest, lease.digest)),
        papers=(drawings, lease),
    )
    line.sorted("02-03 15:00", "coordination", "fire", "02-04 09:00")
    line.completed(
        "02-11 16:00",
        "fire",
        "2月5日到现场逐项指导，企业按要求增设了一处疏散出口并调整喷淋间距，竣工图同步修正；2月11日复验合格，消防验收意见书已出具并送达企业。",
    )
    return line.revisited("02-12 10:00").closed("02-13 09:00")


def local_protection() -> Case:
    """FJ25 第三条: "不合法或违背全国统一大市场建设指引和公平竞争政策制度的诉求不予受理"."""
    line = case("local-protection").online(
        "02-04 11:00",
        who.LANDSCAPE,
        "要求本地绿化工程只让本地企业做",
        "今年区里几个绿化养护标段都被外地公司中标了，他们价格低，我们本地企业养着几十号人没活干。希望政府在招标文件里加一条，优先或者只让在西秀区注册纳税的企业参加投标，保护本地企业生存。",
    )
    line.by(
        "02-05 09:40",
        "centre",
        NotAccept(reason="unlawful", note=Text("要求以注册地限制投标，违反公平竞争审查和招标投标有关规定，不予受理。")),
    )
    return line.by(
        "02-05 15:10",
        "centre",
        RecordPersuasion(
            way="phone",
            note=Text(
                "已电话劝导：限定投标人注册地违法，无法支持；同时告知企业可参加中小企业预留份额项目，并把政府采购意向公开网址发给企业，企业表示理解。"
            ),
        ),
    )


def unpaid_goods() -> Case:
    """AS25 四(二)2(3): "市场主体之间产生的矛盾纠纷" 不形成需求工单, 首问部门劝导; FJ25: "免费法律咨询"."""
    line = case("unpaid-goods").at_window(
        "02-24 10:30",
        who.TRADING,
        "供货后对方拖欠货款",
        "去年九月我们给一家外地超市供了一批年货礼盒，合同写明三十天付款，到现在还欠我们二十六万元，打电话不接，上门也见不到人。我们小公司垫不起，请政府帮忙出面把这笔货款要回来。",
    )
    line.by(
        "02-25 09:30",
        "centre",
        NotAccept(
            reason="market_dispute",
            other_party=Contact("某外地超市有限公司"),
            note=Text("属平等市场主体之间的买卖合同纠纷，应通过协商、仲裁或诉讼解决。"),
        ),
    )
    return line.by(
        "02-25 15:00",
        "hall",
        RecordPersuasion(
            way="phone",
            note=Text(
                "已向企业说明不予受理的原因，告知可申请支付令或起诉，并推荐区公共法律服务中心为其提供一次免费法律咨询，企业表示接受。"
            ),
        ),
    )


def water_bill() -> tuple[Case, Case]:
    """AS25 四(二)1(2): "对多渠道反映的相同企业需求,取得诉求人同意后,进行需求去重、合并处理"; FJ23: "抗旱供水"."""
    main = case("water-bill").online(
        "02-03 09:10",
        who.BREWERY,
        "酒厂片区水压不足",
        "我们酒厂在轿子山片区，入冬以来每天上午水压只有平时的一半，冷却水跟不上，蒸馏班次只能改到夜里。自来水公司说是管网末端问题，请协调把片区管网或者加压设备解决一下。",
    )
    double = case("water-bill-again").called(
        "02-03 14:20",
        who.BREWERY,
        "再次反映酒厂水压不足",
        "上午已经在网上反映过，怕没人看到，再打个电话：轿子山片区上午水压太低，我们酒厂生产用水不够，影响春节前最后一批酒的生产，请尽快安排人来现场看看管网压力。",
    )
    double.by(
        "02-04 09:10",
        "centre",
        lambda known: Merge(known["water-bill"], "phone", Text("沈女士电话同意把热线反映的内容并入网上登记的需求一并办理。"), day("02-04")),
        role="office",
    )
    main.sorted("02-04 09:40", "coordination", "water", "02-04 14:00")
    main.completed(
        "02-10 16:00",
        "water",
        "2月5日现场测压，确认末端压力0.12兆帕；2月9日在轿子山泵站增投一台加压泵并调整夜间蓄水，目前上午压力稳定在0.26兆帕，企业已恢复白班生产。",
    )
    main.revisited("02-12 15:00").closed("02-13 10:00")
    return main, double


def batik() -> tuple[Case, Case]:
    """AS25 四(二)1(2), 三(六)4 "人才服务": two needs of one enterprise merged by mistake, and split again."""
    venue = case("batik-venue").online(
        "02-05 09:00",
        who.BATIK,
        "蜡染展示馆场地租期",
        "我们在南街租用的蜡染展示馆场地是区属国有房产，租期三月底到，管理方说要重新公开招租。装修和展陈投了两百多万元，希望能给一个明确的续租办法，或者提前告知招租条件，好做准备。",
    )
    training = case("batik-training").online(
        "02-05 09:25",
        who.BATIK,
        "蜡染传承人培训补贴",
        "我们公司带了二十六个返乡妇女学蜡染，都签了劳动合同，听说非遗技能培训有补贴，但窗口说蜡染不在目录里。想请帮忙核实蜡染能不能按职业技能培训申请补贴，需要准备什么材料。",
    )
    training.by(
        "02-05 10:30",
        "centre",
        lambda known: Merge(known["batik-venue"], "phone", Text("杨师傅电话中表示两件事可以一起处理。"), day("02-05")),
        role="office",
    )
    training.by(
        "02-06 09:10",
        "office-3",
        lambda known: UndoMerge(
            known["batik-venue"], Text("复核发现场地续租与培训补贴是两件事、两个部门，并非相同需求，撤销合并分别办理。")
        ),
        role="office",
    )
    venue.sorted("02-05 14:30", "coordination", "investment_promotion", "02-06 09:00")
    venue.completed(
        "02-13 11:00",
        "investment_promotion",
        "经与国资管理方协调，非遗展示类场地可按文化产业用房评估续租，续租评估已启动，租期届满前不清场；招租条件和评估时间表已书面告知企业，企业对安排认可。",
        standard="explained",
        sub_code="partly",
        explanation=Text("场地属国有资产，续租须经评估和集体决策，评估预计三月中旬完成，在此之前按原合同履行。"),
    )
    venue.revisited("02-14 10:30").closed("02-14 16:00")
    training.sorted("02-06 09:40", "coordination", "human_resources", "02-06 14:00")
    training.completed(
        "02-12 16:30",
        "human_resources",
        "经核实，蜡染属于地方特色工种，已列入本年度职业技能培训补充目录，企业可按每人不超过1200元申请补贴；材料清单和申报入口已发企业，并约定2月25日上门辅导申报。",
    )
    return venue, training.revisited("02-14 09:30").closed("02-14 15:30")


def phone_off() -> Case:
    """AS25 四(四)4(1): "通过诉求人提供的联系方式,无法联系诉求人的" 终止办理, after three attempts on different days."""
    line = case("phone-off").online(
        "02-13 16:00",
        who.PHONES,
        "店招被要求更换",
        "年前街道通知我们这条街的店招要统一更换，我店的招牌去年才做的，花了八千多块，现在又要换，费用谁出也没说清楚。希望能说明统一更换的依据，已经换过的能不能不换或者给点补助。",
    )
    line.sorted("02-14 10:00", "coordination", "urban", "02-24 09:30")
    line.by("02-25 10:00", "urban", RecordAttempt(is_reached=False, note=Text("电话关机。")))
    line.by("02-26 15:30", "urban", RecordAttempt(is_reached=False, way="visit", note=Text("上门走访，店面已转让，新店主不知原店主去向。")))
    line.by("02-27 09:30", "urban", RecordAttempt(is_reached=False, note=Text("电话仍关机，短信未回复。")))
    line.by("02-27 15:00", "urban", ApplyTermination(reason="unreachable", note=Text("三次联系均未果，店面已转让，申请终止办理。")))
    return line.by(
        "02-28 10:00", "centre", DecideTermination(is_granted=True, reason=Text("联系记录完整，同意终止；如店主再次联系，可重新提出。"))
    )


CASES = (fire_acceptance(), local_protection(), unpaid_goods(), *water_bill(), *batik(), phone_off())
