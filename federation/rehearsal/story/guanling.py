"""
关岭布依族苗族自治县 (520424): what its enterprises bring up in the nine weeks, and what becomes of it.

Sources as in ``xixiu``.  The village and town names are of this county; the situations are those of the documents.
"""

from federation.rehearsal.story import appellants as who
from federation.rehearsal.story.act import Act, Paper, day
from federation.rehearsal.story.case import Case, acts_of
from federation.rehearsal.story.guanling_disputes import CASES as DISPUTES
from federation.rehearsal.story.guanling_levels import CASES as LEVELS
from federation.rehearsal.story.staff import GUANLING
from node.domain.payload import Text
from node.domain.ticket.acceptance import NotAccept, RecordPersuasion
from node.domain.ticket.extension import DecideExtension, RequestExtension
from node.domain.ticket.first_contact import HandleOwnDuty, ReportToOffice, SortOwnDuty
from node.domain.ticket.handling import RecordProgress
from node.domain.ticket.intake import Register
from node.domain.ticket.merging import LinkCommon
from node.domain.ticket.supplement import ApplySupplement, DecideSupplement, ReportSupplement


def case(label: str) -> Case:
    """A case of this county."""
    return Case(GUANLING, label)


def orange_growers() -> Case:
    """FJ23: "脐橙种植个体户反映“中山段脐橙灌溉缺水”,该镇迅即落实人工抽水灌溉". Found on a visit by another department."""
    line = case("orange-growers").by(
        "01-27 09:30",
        "agriculture",
        Register(
            channel="visit",
            title=Text("断桥镇脐橙灌溉缺水"),
            category="coordination",
            first_contact=GUANLING.code + "-agriculture",
            judgement="foreign",
            appeal=Text(
                "我们断桥镇木城河边种了两百多亩脐橙，入冬以来一个多月没下雨，河沟断流，提水的老泵也坏了，叶子都卷了。再过半个月就要萌芽，缺水今年就没有收成，请尽快想办法送水或者抽水。"
            ),
            **who.ORANGES.fields,
        ),
    )
    line.by("01-27 11:00", "agriculture", ReportToOffice(note=Text("走访中发现，属水务部门职责，附现场照片说明。")))
    line.sorted("01-27 14:30", "coordination", "water", "01-27 16:00")
    line.by("01-28 17:00", "water", RecordProgress(Text("调拨柴油机抽水泵两台，从坝塘连夜架管抽水，当晚上水。")))
    line.completed(
        "02-02 16:30",
        "water",
        "1月28日起组织人工抽水灌溉，五天累计提水一万一千立方米，两百一十亩脐橙全部浇透；损坏的提灌站水泵已更换，2月2日恢复正常运行，并明确了管水员和电话。",
    )
    return line.revisited("02-03 15:00", remarks="王大伯说水已经到地头，树缓过来了。").closed("02-04 09:30")


def farm_loan() -> Case:
    """FJ23: "因扩大种植规模面临的资金难题 ... 银行工作人员上门帮助该公司申请贷款70万元". The extension is granted."""
    line = case("farm-loan").online(
        "01-30 10:20",
        who.FARM,
        "扩种资金贷款七十万元",
        "我公司流转了四百亩坡地扩种皇帝柑和套种中药材，种苗、滴灌要投入一百多万元，自己只凑了四十万，还差七十万元。土地是流转的不能抵押，跑了两家银行都不肯贷，请帮忙对接金融部门。",
    )
    line.sorted("02-02 09:30", "coordination", "finance_service", "02-02 15:00")
    line.by(
        "02-06 15:00",
        "finance_service",
        RecordProgress(Text("组织农商行、农担公司到基地现场核实种植面积和订单，农担公司原则同意担保，待评审会。")),
    )
    line.by(
        "02-12 10:00",
        "finance_service",
        RequestExtension(day("03-06"), "complex", Text("农担公司评审会定于2月26日召开，放款手续约需一周，申请延期至3月6日。")),
    )
    line.by("02-13 09:30", "centre", DecideExtension(is_granted=True, reason=Text("评审和放款确需时间，企业知情并同意，准予延期。")))
    line.completed(
        "03-04 11:00",
        "finance_service",
        "经县农担公司担保、农商行审批，70万元贷款已于3月3日到账，年利率4.1%，期限三年，财政贴息两个百分点；客户经理上门办理，企业已开始采购种苗和滴灌管材。",
    )
    return line.revisited("03-05 15:00").closed("03-06 10:00")


def micro_credit() -> Case:
    """FJ23: "累计收集解决小额信贷 ... 等问题"."""
    line = case("cattle-credit").called(
        "02-04 09:20",
        who.CATTLE,
        "养牛户小额信贷还能不能续",
        "我们合作社有三十六户养关岭牛，前年办的五万元小额信贷三月份到期，现在牛还没出栏，拿不出钱来还。想问问能不能续贷或者展期，还享不享受贴息，要不要先还清再贷？",
    )
    line.sorted("02-04 09:50", "consultation", "finance_service", "02-04 11:00")
    line.answered(
        "02-04 16:00",
        "finance_service",
        "已电话答复：到期确因生产周期未能出栏的，可在到期前一个月申请无还本续贷或展期一次，展期不超过一年，续贷期间符合条件的继续贴息；名单已交农商行，由客户经理本周到合作社集中办理。",
    )
    return line.revisited("02-06 10:00").closed("02-06 10:30")


def inn_licence() -> Case:
    """FJ23: "企业申办流程"; FJ25 第七条1: 当场答复."""
    line = case("inn-licence").on_the_spot(
        "02-03 09:40",
        who.INN,
        "开客栈要办哪些手续",
        "我想把花江峡谷边的老房子改成客栈，六间房，春节前后开张。除了营业执照，还要不要办特种行业许可证、卫生许可证和消防手续？先办哪个后办哪个，能不能在窗口一次办完？",
        "住宿业需办理营业执照、特种行业许可和公共场所卫生许可，十五间以下的农家客栈适用简易消防安全条件；三项可在“开办民宿一件事”窗口一次提交、并联办理，七个工作日办结，清单已打印给您。",
    )
    return line.revisited("02-04 14:00").closed("02-04 15:00")


def grease_trap() -> Case:
    """XS25 四(三)1(1): "简单的咨询类事项由首问责任人当场答复"."""
    line = case("grease-trap").on_the_spot(
        "02-09 10:10",
        who.SNACKS,
        "小吃店隔油池怎么装",
        "城管上门说我们小吃店要装隔油池，不装要罚款。我的店只有二十个平方米，后面没有地方挖坑，想问问能不能装那种放在洗碗池下面的，去哪里买，装好以后要不要找人验收？",
        "三十平方米以下的小餐饮可以使用不锈钢成品隔油器，放在水槽下即可，不必开挖；自行购买安装后拍照报社区网格员备案，不需要专门验收，整改期内不处罚，已把规格要求写给您。",
    )
    return line.revisited("02-12 10:00").closed("02-12 10:30")


def policy_push() -> Case:
    """FJ23: "精准推送农业、水利、金融等政策"; AS25 三(六)2 "免申即享"."""
    line = case("rice-brand").online(
        "02-11 09:10",
        who.RICE,
        "地理标志产品认证奖补",
        "我们合作社的上关贡米去年拿到了绿色食品认证，看到外县有认证奖补，不知道关岭有没有这个政策，奖多少，是要自己申报还是免申即享？如果过了申报期，还能不能补报？",
    )
    line.sorted("02-11 10:00", "consultation", "agriculture", "02-11 14:00")
    line.answered(
        "02-12 10:30",
        "agriculture",
        "已电话答复：本县对当年新获绿色食品认证的主体一次性奖补2万元，属免申即享事项，由我局根据认证名单直接兑付；贵社已在名单内，3月底前拨付到账，无需另行申报，请核对对公账户信息。",
    )
    return line.revisited("02-13 09:20").closed("02-13 09:40")


def ginger_permit() -> Case:
    """AS25 四(一), 三(六)1: own duty of the department that was asked first."""
    line = case("ginger-permit").by(
        "02-05 10:00",
        "market",
        Register(
            channel="department_report",
            title=Text("小黄姜加工食品生产许可"),
            category="coordination",
            first_contact=GUANLING.code + "-market",
            judgement="own_duty",
            appeal=Text(
                "我们把小黄姜做成姜糖和姜茶，在集上卖得好，超市要货却说没有生产许可证不能进。厂房是租的老粮站，不晓得合不合要求，想请市场局的同志先来看看，指点一下怎么改，少走弯路。"
            ),
            **who.GINGER.fields,
        ),
    )
    line.by("02-05 10:20", "market", HandleOwnDuty(category="coordination")).by("02-05 16:00", "centre", SortOwnDuty())
    line.completed(
        "02-13 10:30",
        "market",
        "2月6日上门指导厂房功能分区和工艺流程，企业按图改造了更衣间和包装间；2月13日受理食品生产许可申请，实行告知承诺，当日发证，企业可向超市供货。",
    )
    return line.revisited("02-14 14:00").closed("02-14 15:00")


def returnee() -> Case:
    """FJ25 第一条3: "县外奉节籍民营企业家及其关联企业" (natives who come back)."""
    line = case("returnee-workshop").at_window(
        "01-29 10:00",
        who.RETURNEE,
        "返乡办厂装修补助未兑现",
        "我在东莞做电子厂二十年，去年响应号召回关岭办厂，招商时承诺厂房装修每平方米补三百元，一千五百平方米共四十五万元。厂子投产半年了，补助还没有到账，请帮忙问问卡在哪里。",
    )
    line.sorted("01-30 09:20", "coordination", "investment_promotion", "02-02 09:00")
    line.completed(
        "02-10 15:00",
        "investment_promotion",
        "经查，补助因缺验收表未进入拨付程序。2月5日会同财政、审计现场验收，核定装修面积1480平方米，补助44.4万元已列入2月资金计划，2月10日完成支付，企业确认到账。",
    )
    return line.revisited("02-13 14:00").closed("02-13 15:00")


def recruitment() -> Case:
    """FJ25 第十三条: "高频、共性问题(如融资难、用工缺)"."""
    line = case("shoe-workers").called(
        "02-02 14:30",
        who.SHOES,
        "布鞋厂缺绣花女工",
        "我们厂做布依族绣花布鞋，外贸单子接到六月份，会绣花的女工大多在家带孩子来不了厂里。想请政府帮忙在安置点设一个扶贫车间，让她们就近上班，我们出设备和师傅，只要有间屋子。",
    )
    line.sorted("02-02 16:00", "coordination", "human_resources", "02-03 10:00")
    line.completed(
        "02-11 16:00",
        "human_resources",
        "已协调百合街道安置点腾出闲置活动室180平方米作为就业帮扶车间，水电改造完成，2月11日现场报名绣工34人，企业设备节后进场，符合条件的按规定给予场地补贴。",
    )
    return line.revisited("02-14 09:30").closed("02-14 11:00")


def egg_road() -> Case:
    """HM20 三(三): "相关主办部门主动登门研究解决"; FJ25 第六条 "基础设施"."""
    line = case("egg-road").at_window(
        "02-05 15:00",
        who.EGGS,
        "养鸡场进场路塌方",
        "我们蛋鸡场进场的机耕路被挖管道的车压塌了一段，饲料车进不来，现在靠摩托车一袋一袋驮，三万只鸡一天要四吨料。请尽快把塌的那一段填好，哪怕先铺碎石让货车能过。",
    )
    line.sorted("02-06 09:30", "coordination", "transport", "02-06 15:00")
    line.completed(
        "02-13 17:00",
        "transport",
        "2月7日即组织抢通，回填片石两百立方米并铺碎石路面，饲料车已可通行；2月13日加固挡墙完工，施工单位承担恢复费用，路面硬化纳入今年农村公路养护计划。",
    )
    return line.revisited("02-25 10:00").closed("02-25 15:00")


def arbitration() -> Case:
    """AS25 四(二)2(2): "已进入仲裁 ... 等法定程序,相关部门正在办理的企业需求"."""
    line = case("herb-arbitration").at_window(
        "02-26 10:00",
        who.HERBS,
        "工伤赔偿仲裁请求协调",
        "我们公司一个烘干工人去年受伤，他要二十八万元，我们认为太高，他已经申请了劳动仲裁，三月十号开庭。想请政府出面协调一下，让仲裁那边把金额定低一点，或者劝他撤回仲裁私下解决。",
    )
    line.by(
        "02-27 09:20",
        "centre",
        NotAccept(reason="statutory_procedure", procedure="arbitration", body=Text("关岭自治县劳动人事争议仲裁委员会，已立案。")),
    )
    return line.by(
        "02-27 15:30",
        "hall",
        RecordPersuasion(
            way="phone", note=Text("已向企业说明案件已进入劳动仲裁，行政机关不得干预裁决；告知可在仲裁庭主持下调解，并提供法律援助电话。")
        ),
    )


def timber_boiler() -> Case:
    """FJ25 第七条3: "告知承诺+容缺受理"; POLICY_PACKS 2 no. 58: material asked for during handling."""
    line = case("timber-boiler").at_window(
        "02-24 11:00",
        who.TIMBER,
        "生物质锅炉改造补贴",
        "我们木业公司把燃煤锅炉换成了生物质锅炉，花了六十多万元，听说有大气污染防治资金补贴百分之三十。材料交到窗口半个月没有答复，请问审核到哪一步了，还缺什么，什么时候能拿到钱？",
    )
    line.sorted("02-25 09:30", "coordination", "development_reform", "02-25 15:00")
    line.by(
        "02-26 10:00",
        "development_reform",
        ApplySupplement(("boiler_test_report",), Text("缺锅炉能效测试报告，无法核定补贴比例。")),
        role="department",
    )
    line.by("02-26 15:00", "centre", DecideSupplement(consents=True, reason=Text("同意，请一次性告知企业。")))
    report = Paper("锅炉能效测试报告.txt", "生物质锅炉能效测试报告摘要")
    line.by("03-02 16:00", "hall", ReportSupplement(("boiler_test_report",), (report.digest,)), role="window_clerk", papers=(report,))
    line.completed(
        "03-06 15:00",
        "development_reform",
        "企业补交能效测试报告后，核定补贴19.2万元，已列入3月第一批资金公示名单，公示期七天，无异议即拨付；审核进度查询方式已告知企业，后续由专人跟踪到账。",
    )
    return line.revisited("03-11 10:00").closed("03-12 09:30")


def links() -> Case:
    """XS25 四(三)2(4): "共性问题": two appellants, one issue; linked, never merged."""
    line = Case(GUANLING, "orange-growers")
    return line.by(
        "01-30 11:00", "centre", lambda known: LinkCommon(known["pump-station"], Text("同属北盘江河谷冬春抗旱提灌问题。")), role="office"
    )


def egg_feed() -> Case:
    """FJ23 "供需对接". Registered in the last week and dispatched; not signed when the story ends."""
    line = case("egg-feed").online(
        "03-26 10:00",
        who.EGGS,
        "饲料涨价请求集中采购",
        "今年玉米和豆粕涨得厉害，我们小规模养殖户单独进货每吨比大厂贵两百多元。想请农业部门牵头组织附近七八家养殖场集中采购，或者对接饲料厂直供，降低一点成本。",
    )
    return line.formed("03-27 09:30", "coordination").sent("03-27 09:50", "agriculture")


CASES = (
    orange_growers(),
    farm_loan(),
    micro_credit(),
    inn_licence(),
    grease_trap(),
    policy_push(),
    ginger_permit(),
    returnee(),
    recruitment(),
    egg_road(),
    arbitration(),
    timber_boiler(),
    links(),
    egg_feed(),
    *LEVELS,
    *DISPUTES,
)
ACTS: tuple[Act, ...] = acts_of(*CASES)
