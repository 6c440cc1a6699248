"""关岭自治县 (520424): where somebody disagrees, gives up, comes back, or does not give a name."""

from federation.rehearsal.story import appellants as who
from federation.rehearsal.story.act import day
from federation.rehearsal.story.case import Case
from federation.rehearsal.story.staff import GUANLING
from node.domain.payload import Text
from node.domain.ticket.closing import Reopen
from node.domain.ticket.co_handling import ConfirmCoHandling, FileContribution
from node.domain.ticket.handling import RecordProgress
from node.domain.ticket.objection import Object, RuleObjection
from node.domain.ticket.recheck import DecideRecheck, GiveRecheckOpinion, OpenRecheck, ProposeRecheck
from node.domain.ticket.rectification import CheckOffRectification
from node.domain.ticket.termination import ApplyTermination, DecideTermination, DecideWithdrawal, Withdraw


def case(label: str) -> Case:
    """A case of this county."""
    return Case(GUANLING, label)


def pump_station() -> Case:
    """FJ23: "在15个脐橙主产区实施应急提水灌溉项目". The lead objects, is not right, and must sign (AS25 四(三)2)."""
    line = case("pump-station").at_window(
        "01-29 14:00",
        who.DRAGON_FRUIT,
        "板贵提灌站电费和设备",
        "板贵河谷有六个提灌站给火龙果和花椒供水，泵房变压器还是十五年前的，一开两台泵就跳闸，电费也按一般工商业收，合作社负担不起。请把用电增容和农排电价一起解决，赶上三月灌溉。",
    )
    line.formed("01-30 09:10", "coordination").sent("01-30 09:30", "power", "water")
    line.by(
        "01-30 15:00", "power", Object(Text("提灌站产权属水务部门，增容应由产权单位申请并出资，不属供电企业职责。"), line.unit("water"))
    )
    line.by(
        "02-02 10:00",
        "centre",
        RuleObjection(
            is_upheld=False, reason=Text("需求核心是用电增容和电价类别核定，属供电部门职责，水务部门已列协办；异议不成立，请签收办理。")
        ),
    )
    # AS25 四(三)2: on this dispatch no second objection.
    line.by("02-02 11:00", "power", Object(Text("仍认为应由水务部门牵头。"), line.unit("water")), expects="MUST_SIGN")
    line.signed("02-02 14:30", "power")
    line.by("02-02 15:00", "water", ConfirmCoHandling())
    line.by("02-06 10:00", "water", FileContribution(Text("六个泵站产权和运行台账已整理移交，泵房漏雨修缮完成，落实管护人员六名。")))
    line.completed(
        "02-12 16:00",
        "power",
        "六个提灌站已全部改按农业排灌电价执行，自2月起计；三处变压器增容至160千伏安，2月12日完成两处送电，余下一处2月底前完成，不影响三月灌溉。",
    )
    return line.revisited("02-14 10:00").closed("02-14 16:00")


def parking_fees() -> Case:
    """AS25 四(四)1(3) 一般投诉举报类 5个工作日; FJ25 第六条 "执法监管"."""
    line = case("parking-fees").called(
        "02-03 15:30",
        who.PEPPER,
        "货场进门乱收清洁费",
        "我们花椒油厂到县货场拉原料，门口的人每车收二十元清洁费，不给票，不交就不让进，一个月下来两千多元。问物业说是村里收的，问村里说不知道。请查一查是谁在收，该不该收。",
    )
    line.sorted("02-04 09:10", "complaint", "market", "02-04 14:00")
    line.completed(
        "02-09 16:30",
        "market",
        "经核查，该费用系货场保洁承包人擅自收取，无任何收费依据。已责令停止并退还三个月来收取的5640元，涉及企业十一家，退款已到位，货场入口张贴公示和举报电话。",
    )
    return line.revisited("02-12 14:00").closed("02-12 15:00")


def stone_road() -> Case:
    """AS25 四(八): "将复查复核处置意见及时反馈牵头办理部门进行整改". The recheck says: do it over."""
    line = case("stone-road").at_window(
        "01-27 15:00",
        who.STONE,
        "矿山道路限宽墩影响出货",
        "通往我们石材厂的村道新装了限宽墩，两米二的货车过不去，石板只能小车倒运，每吨多花十五元。装之前没有征求意见，村里说是交通局装的，请把限宽墩放宽一点，或者给货车留一条路。",
    )
    line.sorted("01-28 10:00", "coordination", "transport", "01-28 15:00")
    line.completed(
        "02-03 15:00",
        "transport",
        "限宽设施系为保护新建桥梁设置，符合规范要求，已向企业解释设置原因，并建议企业使用小型车辆运输或者绕行县道，企业对解释表示理解。",
        standard="explained",
        sub_code="objectively_hard",
        explanation=Text("该桥设计荷载为20吨，限宽设施用于防止超载车辆通行，暂不能放宽。"),
    )
    line.revisited(
        "02-04 10:30",
        consistent=False,
        met=False,
        vote="dissatisfied",
        remarks="企业否认表示过理解，称没有人到现场看过，绕行县道要多走二十六公里。",
    )
    line.by("02-05 09:30", "transport", ProposeRecheck("hard_to_solve", Text("桥梁荷载不足，现有条件难以放宽，建议复查复核。")))
    line.by("02-05 15:00", "centre", OpenRecheck((line.unit("transport"), line.unit("development_reform"), line.unit("natural_resources"))))
    line.by("02-06 10:00", "transport", GiveRecheckOpinion(Text("桥梁承载能力有限，如增设限高检测和便道，可以分时段放行。")))
    line.by(
        "02-06 15:00",
        "development_reform",
        GiveRecheckOpinion(Text("企业年产值两千余万元，建议在桥下游修建过水便道，投资约十二万元。")),
        role="department",
    )
    line.by(
        "02-09 10:00",
        "centre",
        DecideRecheck("redo", Text("原办理未到现场、结论与企业陈述不符，责令整改：2月27日前修通便道并向企业当面反馈。"), day("02-27")),
    )
    line.by("02-14 10:00", "transport", RecordProgress(Text("便道路基完成，节后铺碎石。")))
    line.completed(
        "02-26 15:00",
        "transport",
        "桥下游过水便道二百二十米已修通，可通行四轴以下货车，限宽墩旁设置分流标志；2月26日会同企业现场通车，企业负责人签字确认，今后汛期由乡镇负责管护。",
    )
    line.by("02-27 10:00", "centre", CheckOffRectification(is_accepted=True, remarks=Text("现场核验便道可通行，整改到位。")))
    return line.closed("02-28 10:00")


def bus_parking() -> Case:
    """AS25 四(四)4(2): "诉求人明示放弃或主动申请撤回需求的"; FJ25 第九条1."""
    line = case("bus-parking").online(
        "02-05 16:00",
        who.BUS,
        "客运站发车位调整",
        "我们客运公司在老站有十二个发车位，新站启用后只分到八个，早班车排队出站要四十分钟。请协调新站再增加四个发车位，或者允许部分班线仍在老站发车，春运马上到高峰了。",
    )
    line.sorted("02-06 10:00", "coordination", "transport", "02-06 16:00")
    line.by("02-09 11:00", "public", Withdraw(Text("新站已经同我们谈妥，增加四个车位，这件事不用再办了，申请撤回。")))
    return line.by("02-10 09:30", "centre", DecideWithdrawal(is_granted=True, reason=Text("企业主动撤回，问题已自行解决，同意终止。")))


def anonymous_call() -> Case:
    """AS25 四(四)4(4): "申请人匿名提交需求,或提供虚假信息的" 终止办理; taken in first (POLICY_PACKS 2 no. 17)."""
    line = case("anonymous-fees").online(
        "02-09 14:00",
        who.NOBODY,
        "反映某单位吃拿卡要",
        "我是一个小老板，不方便说名字。有的单位办事的人暗示要送土特产才给快办，我们做点小生意不容易，希望上面派人来暗访，管一管这种现象，不要只听汇报。",
    )
    line.sorted("02-10 09:40", "complaint", "justice", "02-10 15:00")
    line.by("02-12 10:00", "justice", RecordProgress(Text("未指明单位、人员、时间，无联系方式，线索已转有关部门作为暗访参考。")))
    line.by("02-13 10:00", "justice", ApplyTermination(reason="anonymous", note=Text("匿名提交，无法核实和反馈，申请终止办理。")))
    return line.by("02-14 09:30", "centre", DecideTermination(is_granted=True, reason=Text("同意终止，所反映现象列入作风暗访内容。")))


def dairy_cooling() -> Case:
    """FJ25 第十一条: "对企业评价“不满意”的诉求 ... 重新交办"; POLICY_PACKS 2 no. 64: reopened once by the appellant."""
    line = case("dairy-cooling").online(
        "02-02 10:00",
        who.DAIRY,
        "鲜奶收购站停电频繁",
        "我们百合乳品的鲜奶收购站这个月停了七次电，每次两三个小时，制冷罐温度升上去，一罐奶就得倒掉，损失三万多元。供电所说是线路检修，能不能提前通知，或者给收购站接第二路电源？",
    )
    line.sorted("02-02 14:30", "coordination", "power", "02-03 09:00")
    line.completed(
        "02-10 11:00",
        "power",
        "线路检修已于2月8日结束，今后计划停电提前七天短信通知；已为收购站办理临时应急发电车优先保障登记，并在2月10日更换了老化跌落开关，近三天未再停电。",
    )
    line.revisited("02-12 11:00").closed("02-13 10:00")
    line.by(
        "03-16 09:30", "public", Reopen(Text("三月以来又停了三次电，有一次没有任何通知，当时说好的提前七天短信没有兑现，要求重新办理。"))
    )
    line.completed(
        "03-20 15:00",
        "power",
        "经查，3月三次停电中两次为故障、一次漏发通知。已对责任人通报，收购站改由城关二回线供电并安装备自投装置，3月20日试验成功，单路停电可自动切换。",
    )
    return line.revisited("03-24 10:00").closed("03-25 10:00")


CASES = (pump_station(), parking_fees(), stone_road(), bus_parking(), anonymous_call(), dairy_cooling())
