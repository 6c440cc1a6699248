"""
安顺市 (520400): what enterprises bring to the city itself, and what the city hands down to its counties.

Sources as in ``xixiu``.  What counties put to the city stands with the counties' cases.
"""

from federation.rehearsal.story import appellants as who
from federation.rehearsal.story.act import Act, day
from federation.rehearsal.story.case import Case, acts_of
from federation.rehearsal.story.staff import CITY, GUANLING, XIXIU
from node.domain.payload import Text
from node.domain.ticket.custody import ReturnCustody
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.handling import RecordProgress
from node.domain.ticket.transfer import AcceptTransfer, ObjectTransfer, RuleTransfer, TransferDown


def case(label: str) -> Case:
    """A case of the city."""
    return Case(CITY, label)


def catalogue() -> Case:
    """XS25 四(三)3: 涉及多层级权限; AS25 四(一): the city's own window."""
    line = case("pharmacy-chain").at_window(
        "01-28 10:00",
        who.PHARMACY,
        "连锁药店新增门店许可互认",
        "我们连锁药房在西秀、平坝、关岭都有门店，今年要新开九家。每开一家都要重新交总部的质量体系文件，三个县要求还不一样。能不能总部材料在市里备一次案，门店许可各县直接认？",
    )
    line.sorted("01-29 09:30", "coordination", "market", "01-29 15:00")
    line.completed(
        "02-06 15:00",
        "market",
        "已印发通知，零售连锁总部质量体系文件在市局一次备案、全市互认，县区办理门店许可不再重复收取；企业总部材料2月5日完成备案，首批三家门店已按新流程受理。",
    )
    return line.revisited("02-09 10:00").closed("02-09 16:00")


def aviation_talent() -> Case:
    """AS25 三(六)4: "人才服务、惠企政策、项目申报"; FJ25 第二条2."""
    line = case("aviation-talent").on_the_spot(
        "02-03 11:00",
        who.AVIATION,
        "高级技工引进补贴申报条件",
        "我们做航空精密零件，去年从贵阳引进了八名数控高级技师，想申报市里的紧缺技能人才引进补贴。请问劳动合同要签满几年，社保要在安顺缴多久，八个人能不能一次申报？",
        "引进的高级技师签订三年以上劳动合同、在本市连续缴纳社保满六个月即可申报，由企业统一申报、一次最多十人；每年三月和九月受理，材料清单和网上申报入口已当场打印给企业。",
    )
    return line.revisited("02-05 10:00").closed("02-05 15:00")


def travel_fine() -> Case:
    """XS25 四(三)1(4): "投诉举报类"; AS25 四(四)1(3)."""
    line = case("travel-complaint").called(
        "02-02 09:40",
        who.TRAVEL,
        "团队车辆被要求购指定保险",
        "我们旅行社带团进景区，换乘中心要求每辆大巴加买一份指定的停车保险，五十元一车，不买不让停靠。我们自己的车都有保险，这是不是捆绑收费？春节团多，请尽快查清楚。",
        channel="direct_train",
    )
    line.sorted("02-02 14:30", "complaint", "culture_tourism", "02-03 09:10")
    line.completed(
        "02-06 16:30",
        "culture_tourism",
        "会同市场监管部门现场检查，换乘中心代售停车保险未明示自愿原则，构成变相强制。已责令停止代售、退还一月以来所收费用1.2万元，并在入口公示收费项目和投诉电话。",
    )
    return line.revisited("02-09 11:00").closed("02-09 17:00")


def procurement() -> Case:
    """AS25 四(五)2(3): "企业需求应当通过法定途径解决且涉企服务部门书面给出解决路径的"."""
    line = case("book-tender").online(
        "02-25 09:30",
        who.SCHOOLBOOKS,
        "教辅采购中标结果质疑",
        "上周公布的图书采购项目，中标单位注册还不到三个月，报价比我们高，评分表里的业绩分打了满分。我们认为评审有问题，向代理机构问没有答复，请财政或者发改部门查一查这个项目。",
    )
    line.sorted("02-25 14:30", "coordination", "development_reform", "02-26 09:00")
    line.completed(
        "03-03 15:00",
        "development_reform",
        "该事项属于政府采购质疑投诉范围，应由供应商依法提出质疑，对答复不满意的可向同级财政部门投诉。已书面告知企业途径、受理机关和期限，并督促代理机构依法答复。",
        standard="statutory_path",
        path_means="procurement_challenge",
        path_body=Text("先向采购人和采购代理机构提出质疑；对答复不满意或逾期未答复的，向安顺市财政局投诉。"),
        path_limit=Text("知道权益受损之日起7个工作日内质疑，答复期满后15个工作日内投诉。"),
    )
    return line.revisited("03-05 10:00").closed("03-05 16:00")


def quarry_dust() -> Case:
    """AS25 二4, 三(二)2: "转办"; AS25 二2(4) 跨层级平台转办. Handed down to 关岭 with a date, and closed above."""
    line = case("quarry-dust").called(
        "02-25 10:20",
        who.QUARRY,
        "砂石场环保整改后不让复产",
        "我们砂石场去年因为扬尘停产整改，花三百多万元建了全封闭厂棚，十一月就申请验收，到现在没有人来。六十个工人等着开工，打了县里两次电话都说在研究，请市里过问一下。",
    )
    line.formed("02-25 15:00", "coordination")
    line.by("02-25 16:00", "centre", TransferDown(GUANLING.code, day("03-11"), Text("请关岭县按期办理，办结后交回市级回访。")))
    office = f"{GUANLING.code}/centre"
    line.by("02-26 10:00", office, AcceptTransfer(), after="TransferRequested")
    line.by("02-26 10:20", office, Dispatch(lead=f"{GUANLING.code}-natural_resources"))
    line.by("02-26 16:00", f"{GUANLING.code}/natural_resources", Sign())
    line.by("03-02 17:00", f"{GUANLING.code}/natural_resources", RecordProgress(Text("会同生态环境、应急部门到场验收，提出两条整改意见。")))
    line.completed(
        "03-09 10:00",
        f"{GUANLING.code}/natural_resources",
        "3月2日联合现场验收，企业按意见补装了两处喷淋和车辆冲洗台，3月6日复验合格，3月9日下达复产通知，企业已组织工人返岗；今后整改验收实行五个工作日内到场。",
    )
    line.by("03-09 11:00", office, ReturnCustody(), unless_back_at=CITY.code)
    line.revisited("03-11 10:00").closed("03-11 16:00")
    return line


def freight_tolls() -> Case:
    """USERS B12: a transfer that the county objects to, and is right. AS25 二2(2): “服务民营企业省长直通车”等电话热线."""
    line = case("freight-route").called(
        "03-03 09:30",
        who.FREIGHT,
        "货车通行证跨区不互认",
        "我们货运公司车辆要跑西秀、平坝、开发区三个地方送货，每个区都要办一张通行证，线路还接不上，中间一段没有证就被拍。希望全市统一办一张证，或者把三区线路连起来。",
        channel="direct_train",
    )
    line.formed("03-03 15:00", "coordination")
    line.by("03-03 15:30", "centre", TransferDown(XIXIU.code, day("03-13")))
    line.by(
        "03-04 10:00",
        f"{XIXIU.code}/centre",
        ObjectTransfer(Text("涉及三个县区通行线路衔接，非一区能够决定，建议由市交通运输局牵头统一。")),
        after="TransferReceived",
    )
    line.by("03-05 09:30", "centre", RuleTransfer(is_upheld=True, note=Text("异议成立，由市级直接办理。")), after="TransferObjected")
    line.sent("03-05 15:00", "transport").signed("03-06 09:00", "transport")
    line.completed(
        "03-13 15:00",
        "transport",
        "已商公安交管部门自3月20日起试行城市配送车辆全市一证通行，三区线路衔接路段一并纳入许可范围，企业二十二辆车已录入系统，凭电子证通行，不再分区办理。",
    )
    return line.revisited("03-16 10:00").closed("03-16 16:00")


def feed_import() -> Case:
    """FJ23 "供需对接"; still in hand when the story ends."""
    line = case("feed-warehouse").at_window(
        "03-19 10:00",
        who.FEED,
        "饲料原料中转仓租金减免",
        "我们租用市属国有公司的中转仓储存玉米豆粕，去年受行情影响亏损，年租金六十万元压力很大。看到别的市对实体企业有国有房产租金减免，请问安顺今年有没有，能不能缓交一个季度？",
    )
    line.sorted("03-20 09:30", "coordination", "industry", "03-20 15:00")
    return line.by("03-25 16:00", "industry", RecordProgress(Text("已商国资公司同意分期缴纳方案，减免政策正在核对适用范围。")))


CASES = (catalogue(), aviation_talent(), travel_fine(), procurement(), quarry_dust(), freight_tolls(), feed_import())
ACTS: tuple[Act, ...] = acts_of(*CASES)
