"""西秀区 (520402): where somebody disagrees, is late, or says that it is done when it is not."""

from federation.rehearsal.story import appellants as who
from federation.rehearsal.story.act import day
from federation.rehearsal.story.case import Case
from federation.rehearsal.story.staff import XIXIU
from node.domain.payload import Text
from node.domain.ticket.dispatching import Dispatch
from node.domain.ticket.extension import DecideExtension, RequestExtension
from node.domain.ticket.handling import RecordProgress
from node.domain.ticket.objection import CoordinateObjection, Object, ReportToGovernment, RuleByGovernment, RuleObjection
from node.domain.ticket.recheck import DecideRecheck, GiveRecheckOpinion, OpenRecheck, ProposeRecheck


def case(label: str) -> Case:
    """A case of this county."""
    return Case(XIXIU, label)


def factory_floor() -> Case:
    """FJ23: "累计收集解决小额信贷、抗旱供水、厂房地等问题4089个", "标准厂房". The lead objects and is right (AS25 四(三)2)."""
    line = case("factory-floor").at_window(
        "01-27 10:10",
        who.TOOLS,
        "标准厂房迟迟不能交付",
        "我们签了园区二期标准厂房四千平方米，合同约定去年十二月交付，现在地坪和行车梁都还没有做，设备已经从浙江运来堆在露天，再不进场就要赔客户违约金，请催一催，给一个准确的交付日期。",
    )
    line.formed("01-28 09:00", "coordination").sent("01-28 09:20", "housing")
    # FEATURES: two clerks at once; the second one looks at the page as it was before the dispatch.
    line.by("01-28 09:25", "office-2", Dispatch(lead=line.unit("industry")), behind=1, expects="VERSION_CONFLICT")
    line.by(
        "01-28 15:00",
        "housing",
        Object(
            Text("标准厂房由产业园区管委会下属平台公司建设和交付，本局只负责质量监督，不掌握工期，建议由园区管委会牵头。"),
            line.unit("industrial_park"),
        ),
    )
    line.by(
        "01-29 10:00",
        "centre",
        RuleObjection(is_upheld=True, reason=Text("异议成立，改派产业园区管委会牵头。"), new_lead=line.unit("industrial_park")),
    )
    line.signed("01-29 14:00", "industrial_park")
    line.by("02-03 17:00", "industrial_park", RecordProgress(Text("已责成平台公司倒排工期，地坪班组增加到三个，行车梁构件2月5日到场。")))
    line.completed(
        "02-06 16:30",
        "industrial_park",
        "地坪2月6日浇筑完成，行车梁2月10日安装，已与企业签订补充协议，2月12日先行交付2000平方米供设备进场，其余部分2月28日前交付，露天设备由平台公司搭棚看护。",
    )
    return line.revisited("02-09 15:00").closed("02-10 11:00")


def cold_store_smell() -> Case:
    """AS25 三(一)2: "经协调,仍不能确定办理单位的,由市人民政府确定"; HM20 二(二): 生态环保底线."""
    line = case("cold-store-smell").called(
        "02-03 10:30",
        who.COLD_CHAIN,
        "冷库旁屠宰废水异味",
        "我们冷链园隔壁的临时屠宰点把废水直接排进雨水沟，味道大，冷库的客户来看货都皱眉头，有一家已经退租。反映过几次，环保说归农业管，农业说归城管管，请明确到底哪个部门来管这件事。",
    )
    line.formed("02-03 15:00", "coordination").sent("02-03 15:20", "ecology")
    line.by(
        "02-04 09:30",
        "ecology",
        Object(Text("该屠宰点为临时定点，未办理排污手续，首先是定点资格问题，应由农业农村部门先行处置。"), line.unit("agriculture")),
    )
    line.by(
        "02-04 15:30",
        "centre",
        CoordinateObjection(
            participants=(line.unit("ecology"), line.unit("agriculture"), line.unit("urban")),
            has_failed=True,
            minutes=Text(
                "三家到场：生态环境认为先查定点资格，农业农村认为点位是城管批的临时疏导点，综合执法认为污水应由生态环境查处，未能达成一致。"
            ),
        ),
    )
    line.by(
        "02-05 09:20",
        "centre",
        ReportToGovernment(Text("附三部门书面意见。办公室建议由农业农村局牵头，生态环境、综合执法配合，请区人民政府确定。")),
    )
    line.by(
        "02-09 10:00",
        "government",
        RuleByGovernment(line.unit("agriculture"), Text("由区农业农村局牵头，三日内清理该临时屠宰点，生态环境分局、综合执法局配合。")),
    )
    line.signed("02-09 15:00", "agriculture")
    line.completed(
        "02-13 15:30",
        "agriculture",
        "2月11日三部门联合清理，临时屠宰点已取缔，经营户引导进入定点屠宰场；雨水沟清淤冲洗完毕，2月13日复查无异味、无积水，今后由镇综合执法队每周巡查一次。",
    )
    return line.revisited("02-14 11:00").closed("02-14 16:30")


def park_lights() -> Case:
    """AS25 四(七)2: "回访情况与办结信息不一致 ... 退回牵头部门重新办理"; FJ25 第六条 "基础设施"."""
    line = case("park-lights").at_window(
        "01-28 14:00",
        who.LIGHTING,
        "园区主干道路灯不亮",
        "产业园区三号路路灯从去年十一月就不亮，我们厂实行两班倒，女工晚上十点下班走夜路害怕，已经有人因为这个辞职。我们自己就是做灯具的，看着很着急，请尽快把路灯修好。",
    )
    line.sorted("01-29 09:30", "coordination", "industrial_park", "01-29 15:00")
    line.completed(
        "02-04 16:00",
        "industrial_park",
        "已安排维护单位对三号路路灯线路进行检修，更换损坏的控制箱一台、灯头二十六个，目前三号路路灯已全部恢复照明，夜间巡查正常，已将结果电话告知企业。",
    )
    line.revisited(
        "02-05 16:40",
        consistent=False,
        met=False,
        vote="dissatisfied",
        remarks="企业反映只亮了靠大门的一段，后半段四百米仍然漆黑，与办结信息不一致。",
    )
    line.by(
        "02-06 10:00", "industrial_park", RecordProgress(Text("经夜间实地查看，后段电缆被盗割约三百米，前次检修未发现，现重新敷设电缆。"))
    )
    line.completed(
        "02-11 17:00",
        "industrial_park",
        "后段三百二十米电缆已重新敷设并加装防盗井盖，2月10日晚全线试亮，由企业行政主管到场确认，三号路五十八盏路灯全部点亮，并纳入每周夜巡。",
    )
    return line.revisited("02-12 16:00").closed("02-13 11:00")


def invoice_quota() -> Case:
    """AS25 四(七)2, 四(八): "牵头部门不认可 ... 提出复查复核建议". The former result stands."""
    line = case("invoice-quota").online(
        "02-03 11:00",
        who.MACHINES,
        "电子发票额度不够用",
        "我们卖工程机械，一台设备就四五十万元，每月电子发票总额度只有七百五十万元，春节前集中交付，额度已经用完，客户催票付不了款。申请临时调增两天没有结果，请帮忙问问税务要多久。",
    )
    line.sorted("02-03 15:30", "coordination", "tax", "02-04 09:10")
    line.completed(
        "02-05 17:00",
        "tax",
        "2月5日已按企业实际经营情况将当月电子发票总额度临时调增至2000万元，系统即时生效，并指导企业下月起按合同提前申请定期调整，企业财务已确认可以开票。",
    )
    line.revisited(
        "02-06 10:00", consistent=False, vote="dissatisfied", remarks="接电话的销售人员称额度没有变化，开不出票，与办结信息不一致。"
    )
    line.by(
        "02-06 14:30",
        "tax",
        ProposeRecheck(
            "finding_disputed", Text("系统记录显示额度已于2月5日生效，企业当日已开具发票11份，回访接听人不是办税人员，请求复查。")
        ),
    )
    line.by("02-09 10:00", "centre", OpenRecheck((line.unit("tax"), line.unit("development_reform"))))
    line.by("02-09 15:00", "tax", GiveRecheckOpinion(Text("提供额度调整记录和2月5日至6日开票清单，证明办结信息属实。")))
    line.by(
        "02-10 09:30",
        "development_reform",
        GiveRecheckOpinion(Text("到企业核实，财务负责人确认额度已调增、发票已开，销售人员不知情。")),
        role="department",
    )
    line.by("02-10 15:00", "centre", DecideRecheck("stands", Text("复查认定原办结信息属实，维持原处理结果；今后回访应联系登记的联系人。")))
    return line.closed("02-11 09:10")


def night_power() -> Case:
    """FJ25 第六条 "基础设施"; FJ23 "对进度滞后的 ... 第1次提醒". An extension that is not granted."""
    line = case("night-power").at_window(
        "01-30 09:10",
        who.BEARINGS,
        "夜间电压波动损坏磨床",
        "我们做精密轴承，磨床对电压要求高，一月以来夜间电压忽高忽低，已经烧坏两块伺服驱动板，损失六万多元。供电所来看过一次说是线路末端，请协调尽快更换变压器或者调整线路。",
    )
    line.sorted("01-30 15:00", "coordination", "power", "02-02 09:00")
    line.by("02-11 10:00", "power", RequestExtension(day("03-06"), "complex", Text("变压器增容需列入检修计划，申请延期至3月6日。")))
    line.by(
        "02-11 16:00",
        "centre",
        DecideExtension(is_granted=False, reason=Text("可先行采取调压措施解决电压波动，增容不是办结的前提，不同意延期。")),
    )
    line.completed(
        "02-13 16:00",
        "power",
        "2月12日在线路末端加装自动调压器，连续两夜监测电压在387至402伏之间，企业磨床恢复夜班；变压器增容已列入3月检修计划，届时提前三天通知企业。",
    )
    return line.revisited("02-24 15:00").closed("02-25 10:00")


def drainage() -> Case:
    """HM20 三(三): "需要实地了解、现场研判的企业诉求,相关主办部门主动登门研究解决". Answered too late: the sweep says so."""
    line = case("drainage").called(
        "02-02 11:20",
        who.CASTINGS,
        "厂区门口排水沟堵塞",
        "我们铸造厂大门外的排水沟去年修路时被碎石堵了，一下雨水就倒灌进成品库，去年秋天泡坏过一批铸件。马上又到雨季，请安排疏通，最好把涵管换粗一点。",
    )
    line.sorted("02-02 15:30", "coordination", "housing", "02-04 09:00")
    line.completed(
        "02-27 10:00",
        "housing",
        "因春节期间施工队伍放假，疏通工作拖后，2月26日完成清淤一百二十米并将过路涵管由三百毫米更换为六百毫米，2月27日通水试验正常；逾期办理已向企业致歉。",
    )
    return line.revisited("02-28 11:00").closed("02-28 16:00")


def tea_frost() -> Case:
    """FJ23: "7个行业群 ... 同台解难" (agriculture). The lead signs after its two working days (AS25 四(三)1)."""
    line = case("tea-frost").at_window(
        "02-04 10:00",
        who.TEA_GARDEN,
        "倒春寒前茶园防冻物资",
        "气象台预报节后有倒春寒，我们双堡一带茶园海拔高，去年这个时候冻坏了三百多亩春茶芽。合作社想提前备防霜布和烟熏材料，本地买不到，请农业部门帮忙联系货源，有补助更好。",
    )
    line.formed("02-05 09:10", "coordination").sent("02-05 09:30", "agriculture")
    line.signed("02-11 10:00", "agriculture")
    line.completed(
        "02-14 10:00",
        "agriculture",
        "已联系供销公司调运防霜布四万平方米，按成本价供应，2月13日送达合作社；防灾减灾物资补助按每亩30元核定，材料已收齐，节后随第一批惠农资金拨付。",
    )
    return line.revisited("02-25 14:00").closed("02-26 09:30")


CASES = (factory_floor(), cold_store_smell(), park_lights(), invoice_quota(), night_power(), drainage(), tea_frost())
