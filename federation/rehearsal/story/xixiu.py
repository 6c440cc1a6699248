"""
西秀区 (520402): what its enterprises bring up in the nine weeks, and what becomes of it.

Each case says in a comment from which sentence of the five documents its situation comes; the place is moved to this county.
FJ23 = 奉节 2023 (报道), FJ25 = 奉节府办发〔2025〕14号, XS25 = 象政办发〔2025〕1号, HM20 = 海企服〔2020〕4号, AS25 = 安顺市 2025.
"""

from federation.rehearsal.story import appellants as who
from federation.rehearsal.story.act import Act, Paper, day
from federation.rehearsal.story.case import Case, acts_of
from federation.rehearsal.story.staff import XIXIU
from federation.rehearsal.story.xixiu_disputes import CASES as DISPUTES
from federation.rehearsal.story.xixiu_levels import CASES as LEVELS
from node.domain.payload import Contact, Text
from node.domain.ticket.acceptance import NotAccept, RecordPersuasion
from node.domain.ticket.closing import Close, ReportBack
from node.domain.ticket.co_handling import AddCoHandler, ConfirmCoHandling, FileContribution
from node.domain.ticket.correction import Correct
from node.domain.ticket.dispatching import ChangeLead, Dispatch, Recall
from node.domain.ticket.first_contact import HandleOwnDuty, SortOwnDuty
from node.domain.ticket.forming import Form
from node.domain.ticket.handling import RecordAttempt, RecordProgress
from node.domain.ticket.intake import Register
from node.domain.ticket.merging import Merge, UndoMerge
from node.domain.ticket.supplement import AskSupplement, NotifySupplement, ReportSupplement
from node.domain.ticket.termination import ApplyTermination, DecideTermination


def case(label: str) -> Case:
    """A case of this county."""
    return Case(XIXIU, label)


def frame_plant() -> Case:
    """FJ23: "准备购地建厂增设镜架镜片产业板块,相关审批事项涉及9个部门、17项内容 ... 立即组建联办专班"."""
    line = case("frame-plant").at_window(
        "01-26 09:10", who.FRAMES, "镜架镜片项目购地建厂审批",
        "我公司准备在西秀产业园区购地建厂,新上镜架镜片生产线,总投资约八千万元。前期打听下来,相关审批事项涉及9个部门、17项内容,各家要的材料和先后顺序都不一样,"
        "跑了两个月还没有头绪,希望能有人牵头把这些手续一次说清、一起办理。",
        category="coordination", field="investment_promotion", crossing=("cross_industry",),
    )  # fmt: skip
    line.conferred(
        "01-26 10:30", "01-27 15:00", "investment_promotion",
        {
            "development_reform": "项目备案可以先行办理,建议由投资促进局牵头,比照工程建设项目并联审批,把17项内容列成一张清单逐项销号。",
            "investment_promotion": "同意由本局牵头成立联办专班,自然资源、生态环境、应急、住建、消防、市场监管、水务、供电八家协办。",
            "government_office": "该项目列入区里重点招商项目,建议按协调类复杂需求办理,专班每周碰头一次,进展及时告知企业。",
        },
        "三家成员单位意见一致:属本级权限,跨行业复杂需求,由区投资促进局牵头,八个部门协办,按协调类复杂需求形成工单。",
    )  # fmt: skip
    line.formed("01-27 15:20", "coordination", "complex")
    helpers = {
        "natural_resources": "用地预审、选址意见书、建设用地规划许可等4项已一次受理,现场踏勘完成,承诺2月14日前全部出件。",
        "ecology": "项目属报告表类别,已指导企业委托编制环评报告表,受理后按承诺制办理,法定时限压缩一半。",
        "emergency": "已告知安全设施“三同时”要求并提供范本,企业完成安全预评价备案,本部门2项内容办结。",
        "housing": "施工图联合审查与施工许可合并受理,质量安全监督手续同步办理,3项内容已收件并出具受理单。",
        "fire": "已上门讲解消防设计审查要点,厂房火灾危险性类别核定为丁类,设计图纸意见一次性反馈企业。",
        "market": "经营范围变更登记当日办结,特种设备使用登记流程已告知,2项内容办结。",
        "water": "水土保持方案实行承诺制管理,取排水接入点已现场确定,2项内容已批复。",
        "power": "已完成用电勘察,拟由园区110千伏变电站出线供电,供电方案已答复,接入工程同步设计。",
    }
    line.sent("01-27 15:40", "investment_promotion", *helpers)
    line.signed("01-28 09:05", "investment_promotion")
    for place, unit in enumerate(helpers):
        line.by("01-28 10:00", unit, ConfirmCoHandling(), minutes=7 * place)
    line.by("01-29 16:30", "investment_promotion", RecordProgress(Text("联办专班首次会议召开,17项内容列成一张清单,逐项明确了责任人和完成日期,清单已发给企业。")))
    days = ("02-03 10:00", "02-04 15:00", "02-05 09:30", "02-05 16:00", "02-06 10:30", "02-06 15:20", "02-09 11:00", "02-11 10:00")
    for when, (unit, report) in zip(days, helpers.items(), strict=True):
        line.by(when, unit, FileContribution(Text(report)))
    result = (
        "联办专班共办理9个部门17项内容:用地、环评、安评、水保、施工许可、消防审查、供电方案等已全部出件或出具受理单,完成时间较常规流程缩短一半,"
        "企业可于节后进场施工,专班继续跟到竣工验收。"
    )
    # AS25 四(四)3: no completion while a confirmed co-handler has filed nothing; the power supplier's part is still open.
    line.completed("02-10 09:00", "investment_promotion", result, expects="PART_OPEN")
    line.completed("02-12 10:00", "investment_promotion", result)
    return line.revisited("02-13 10:00", remarks="企业反映专班服务好,一张清单看得明白。").closed("02-14 09:30")


def insurance_deferral() -> Case:
    """FJ23: "累计为123家企业缓缴保险费622.1万元,有效缓解企业资金周转难题"."""
    line = case("insurance-deferral").called(
        "02-02 09:40", who.PACKAGING, "社会保险费能否缓缴",
        "我们是做纸箱包装的小厂,有四十几个工人,年前货款收不回来,社保费交不上。听说有企业可以缓缴养老、失业、工伤保险费的单位部分,"
        "想问问我们这种情况能不能缓、缓到什么时候、要不要交滞纳金。",
    )  # fmt: skip
    line.sorted("02-02 10:05", "consultation", "human_resources", "02-02 11:00")
    line.answered(
        "02-02 15:30", "human_resources",
        "已电话答复:生产经营暂时困难的企业可申请缓缴单位缴纳部分,最长不超过6个月,缓缴期间免收滞纳金,职工个人部分仍应按时代扣代缴;申请表和承诺书已发企业,2月底前到社保窗口或网上提交即可。",
    )  # fmt: skip
    return line.revisited("02-03 10:00").closed("02-03 16:00")


def tax_relief() -> Case:
    """FJ25 第二条2: "提供税收、财政补贴、融资贷款等政策的咨询与解读"; 第七条1: "当场答复"."""
    line = case("tax-relief").on_the_spot(
        "02-03 10:20", who.TEA_SHOP, "小规模纳税人免税怎么算",
        "我开了个卖屯堡茶的小店,是个体户,上个月春节备货卖得多,流水有十来万。想问一下我这种小规模纳税人,增值税是不是还能免,超过多少就要交,在哪里申报?",
        "按现行政策,小规模纳税人月销售额未超过10万元(按季30万元)免征增值税,超过的按规定减征;您按季申报,本季度累计未超30万元即可免税,可在电子税务局或手机办税端自行申报,已把操作步骤打印给您。",
    )  # fmt: skip
    return line.revisited("02-05 09:30").closed("02-05 10:00")


def deregistration() -> Case:
    """FJ25 第二条3: "协助办理开办注销企业、工商登记、税务申报、项目审批等事项"."""
    line = case("deregistration").on_the_spot(
        "02-05 14:30", who.BAKERY, "糕点坊注销要跑哪几家",
        "我家糕点坊年纪大了不想做了,想把营业执照注销掉。听人说要先去税务清税,又要登报,还要去市场监管局,到底先跑哪一家,个体户是不是也要公告二十天?",
        "个体工商户注销实行简易程序:未欠税、无未结案件的,可在“企业注销一网服务”平台一次申请,税务、市场监管同步办理,公示期10天,不需要登报;已当场帮您完成网上申请,公示期满即可注销。",
    )  # fmt: skip
    return line.revisited("02-09 14:00").closed("02-09 15:00")


def food_licence() -> Case:
    """AS25 四(一): "属本部门职责范围内的,按照相关要求规范办理企业需求,并在“企业之家”系统进行登记" (own duty)."""
    line = case("food-licence").by(
        "02-04 09:20", "market",
        Register(
            channel="department_report", title=Text("米粉加工坊许可证变更"), category="coordination", first_contact=XIXIU.code + "-market", judgement="own_duty",
            appeal=Text("我家米粉加工坊从老城搬到了虹山湖边的新铺面,食品生产加工小作坊登记证上的地址还是旧的,年前订单多,怕被说无证生产。来你们局里问,希望能尽快把地址变更办下来,不耽误春节供货。"),
            **who.NOODLES.fields,
        ),
    )  # fmt: skip
    line.by("02-04 09:40", "market", HandleOwnDuty(category="coordination")).by("02-04 15:00", "centre", SortOwnDuty())
    line.completed(
        "02-09 15:30", "market",
        "2月5日派员到新址现场核查,布局和设施符合小作坊生产要求,提出的两处防鼠防蝇问题当场整改,2月9日核发变更后的登记证,企业已领证,不影响春节供货。",
    )  # fmt: skip
    return line.revisited("02-11 10:00").closed("02-11 15:00")


def repeated_inspections() -> Case:
    """FJ25 第六条 "执法监管"; XS25 四(三)1(4) 投诉举报类: "流转至相关职能部门依法依规调查查处". Dissatisfied, but as reported."""
    line = case("repeated-inspections").online(
        "02-02 08:50", who.BUILDERS, "一个月内被重复检查五次",
        "今年一月份,我们建材堆场先后被五拨人检查,扬尘、占道、货车冲洗、围挡、消防各查各的,其中两次是同一个中队,内容也一样,每次都要停工半天陪同。"
        "我们愿意接受监管,但这样查影响生产,请查一查是不是重复执法。",
        conceal_from=XIXIU.code + "-urban", field="private_economy_environment",
    )  # fmt: skip
    line.sorted("02-02 14:30", "complaint", "development_reform", "02-03 09:10")
    line.completed(
        "02-06 15:00", "development_reform",
        "经核查,一月份确有五次检查,其中两次为同一中队就同一事项重复上门。已约谈该中队负责人,今后对该堆场实行综合查一次、检查前备案;其余三次系不同部门依法履职,已向企业说明。",
    )  # fmt: skip
    line.revisited("02-09 10:30", vote="dissatisfied", remarks="情况与办结信息一致,但企业认为只约谈、没有处分人,不满意。")
    return line.closed("02-10 09:20")


def fire_acceptance() -> Case:
    """AS25 四(二)1(4): "对材料不齐全的,由首问部门告知诉求人补充相关材料"; HM20 二(二): 消防安全等底线."""
    line = case("fire-acceptance").at_window(
        "01-28 10:10", who.FURNITURE, "家居卖场消防验收卡住了",
        "我们在西航路租了一个三千平方米的厂房改成家居卖场,装修已经完工,消防验收报上去两次都被退回,说图纸和实际不符。房东催租、商户等着进场,希望消防部门能到现场指一指到底要改哪里。",
        category="coordination",
    )  # fmt: skip
    line.by("01-29 09:30", "centre", AskSupplement(items=("fire_drawings", "lease"), note=Text("缺消防设计竣工图和房屋租赁合同,无法判断责任部门和适用规范,请一次性告知企业补齐。")))
    line.by("01-29 11:00", "hall", NotifySupplement(way="phone"))
    lease, drawings = Paper("租赁合同.txt", "西航路厂房租赁合同(扫描件文字层)"), Paper("消防竣工图.txt", "消防设计竣工图目录及说明")
    line.by("02-02 14:00", "hall", ReportSupplement(provided=("lease",), materials=(lease.digest,)), papers=(lease,), expects="SUPPLEMENT_INCOMPLETE")
    line.by("02-03 10:00", "hall", ReportSupplement(provided=("fire_drawings", "lease"), materials=(drawings.digest, lease.digest)), papers=(drawings, lease))
    line.sorted("02-03 15:00", "coordination", "fire", "02-04 09:00")
    line.completed(
        "02-11 16:00", "fire",
        "2月5日到现场逐项指导,企业按要求增设了一处疏散出口并调整喷淋间距,竣工图同步修正;2月11日复验合格,消防验收意见书已出具并送达企业。",
    )  # fmt: skip
    return line.revisited("02-12 10:00").closed("02-13 09:00")


def local_protection() -> Case:
    """FJ25 第三条: "不合法或违背全国统一大市场建设指引和公平竞争政策制度的诉求不予受理"."""
    line = case("local-protection").online(
        "02-04 11:00", who.LANDSCAPE, "要求本地绿化工程只让本地企业做",
        "今年区里几个绿化养护标段都被外地公司中标了,他们价格低,我们本地企业养着几十号人没活干。希望政府在招标文件里加一条,优先或者只让在西秀区注册纳税的企业参加投标,保护本地企业生存。",
    )  # fmt: skip
    line.by("02-05 09:40", "centre", NotAccept(reason="unlawful", note=Text("要求以注册地限制投标,违反公平竞争审查和招标投标有关规定,不予受理。")))
    return line.by(
        "02-05 15:10", "centre",
        RecordPersuasion(way="phone", note=Text("已电话劝导:限定投标人注册地违法,无法支持;同时告知企业可参加中小企业预留份额项目,并把政府采购意向公开网址发给企业,企业表示理解。")),
    )  # fmt: skip


def unpaid_goods() -> Case:
    """AS25 四(二)2(3): "市场主体之间产生的矛盾纠纷" 不形成需求工单, 首问部门劝导; FJ25: "免费法律咨询"."""
    line = case("unpaid-goods").at_window(
        "02-24 10:30", who.TRADING, "供货后对方拖欠货款",
        "去年九月我们给一家外地超市供了一批年货礼盒,合同写明三十天付款,到现在还欠我们二十六万元,打电话不接,上门也见不到人。我们小公司垫不起,请政府帮忙出面把这笔货款要回来。",
    )  # fmt: skip
    line.by(
        "02-25 09:30", "centre",
        NotAccept(reason="market_dispute", other_party=Contact("某外地超市有限公司"), note=Text("属平等市场主体之间的买卖合同纠纷,应通过协商、仲裁或诉讼解决。")),
    )  # fmt: skip
    return line.by(
        "02-25 15:00", "hall",
        RecordPersuasion(way="phone", note=Text("已向企业说明不予受理的原因,告知可申请支付令或起诉,并推荐区公共法律服务中心为其提供一次免费法律咨询,企业表示接受。")),
    )  # fmt: skip


def road_works() -> Case:
    """FJ25 第六条 "基础设施" (USERS walk a: road works block the shop). A wrong dispatch, recalled before it was signed."""
    line = case("road-works").at_window(
        "01-29 15:00", who.RESTAURANT, "门前修路把店堵了",
        "我家夺夺粉店门口从元旦开始挖路埋管,围挡把店门堵得只剩一米宽,客人进不来,外卖车也停不下,一天营业额少了七成。不知道要修到什么时候,能不能先开个口子,春节前把人行道恢复?",
    )  # fmt: skip
    line.formed("01-30 09:20", "coordination").sent("01-30 10:00", "transport")
    line.by("01-30 10:40", "centre", Recall(Text("中华南路系城市道路,由住房和城乡建设局管理,误派交通运输局,予以撤回重派。")))
    line.sent("01-30 11:00", "housing").signed("02-02 09:00", "housing")
    line.completed(
        "02-09 11:00", "housing",
        "2月3日协调施工单位在店前开设三米宽通道并加装指示牌,2月8日该段管线回填完成,人行道临时恢复通行,余下路面节后夜间施工,不再占用店前空间。",
    )  # fmt: skip
    return line.revisited("02-11 14:30").closed("02-12 09:30")


def recruitment() -> Case:
    """FJ23: "缓解企业招工难题"; FJ25 第十三条 "用工缺". Two corrections, and a change of lead."""
    line = case("recruitment").by(
        "02-02 10:30", "centre",
        Register(
            channel="chamber_rotation", title=Text("年后缺熟练缝纫工四十名"), category="coordination",
            appeal=Text("我们服装厂接了春季校服订单,年后要开两条新线,熟练缝纫工缺四十个。外地招来的人留不住,本地劳务市场上又找不到,想请政府帮忙在西秀区几个乡镇和易地搬迁安置点专门招一次工,最好能带培训。"),
            **{**who.GARMENTS.fields, "phone": Contact("138-0000-0121")},
        ),
    )  # fmt: skip
    line.by("02-02 10:42", "centre", Correct(field="phone", contact=Contact(who.GARMENTS.phone)))
    line.sorted("02-02 14:00", "coordination", "human_resources", "02-03 09:00")
    line.by("02-04 10:00", "office-2", Correct(field="matter", value="labour_recruitment", reason=Text("商会轮值台账补录,原登记未填事项,按企业陈述归入用工招聘。")))
    line.by("02-05 09:30", "centre", ChangeLead(Text("需求主要是园区内的专场招聘和厂房内培训场地,经与两家沟通,由产业园区管委会牵头、人社局配合更便于落实。")))
    line.by("02-05 09:50", "centre", Dispatch(lead=line.unit("industrial_park"))).signed("02-05 14:00", "industrial_park")
    line.by("02-05 15:00", "industrial_park", AddCoHandler(line.unit("human_resources"), Text("请组织安置点劳动力信息比对和缝纫工培训班开班补贴。")))
    line.by("02-06 09:10", "human_resources", ConfirmCoHandling())
    line.by("02-11 15:00", "human_resources", FileContribution(Text("已在三个安置点登记有缝纫意向人员63人,落实以工代训补贴,培训班2月26日在厂区开班。")))
    line.completed(
        "02-12 11:00", "industrial_park",
        "2月9日在园区举办专场招聘会,企业现场达成意向45人,其中熟练工31人;人社部门同步安排以工代训班,2月26日开班,首批学员已签用工意向,缺工问题基本解决。",
    )  # fmt: skip
    return line.revisited("02-13 15:00").closed("02-14 10:00")


def water_bill() -> tuple[Case, Case]:
    """AS25 四(二)1(2): "对多渠道反映的相同企业需求,取得诉求人同意后,进行需求去重、合并处理"; FJ23: "抗旱供水"."""
    main = case("water-bill").online(
        "02-03 09:10", who.BREWERY, "酒厂片区水压不足",
        "我们酒厂在轿子山片区,入冬以来每天上午水压只有平时的一半,冷却水跟不上,蒸馏班次只能改到夜里。自来水公司说是管网末端问题,请协调把片区管网或者加压设备解决一下。",
    )  # fmt: skip
    double = case("water-bill-again").called(
        "02-03 14:20", who.BREWERY, "再次反映酒厂水压不足",
        "上午已经在网上反映过,怕没人看到,再打个电话:轿子山片区上午水压太低,我们酒厂生产用水不够,影响春节前最后一批酒的生产,请尽快安排人来现场看看管网压力。",
    )  # fmt: skip
    double.by(
        "02-04 09:10", "centre",
        lambda known: Merge(known["water-bill"], "phone", Text("沈女士电话同意把热线反映的内容并入网上登记的需求一并办理。"), day("02-04")),
        role="office",
    )  # fmt: skip
    main.sorted("02-04 09:40", "coordination", "water", "02-04 14:00")
    main.completed(
        "02-10 16:00", "water",
        "2月5日现场测压,确认末端压力0.12兆帕;2月9日在轿子山泵站增投一台加压泵并调整夜间蓄水,目前上午压力稳定在0.26兆帕,企业已恢复白班生产。",
    )  # fmt: skip
    main.revisited("02-12 15:00").closed("02-13 10:00")
    return main, double


def batik() -> tuple[Case, Case]:
    """AS25 四(二)1(2), 三(六)4 "人才服务": two needs of one enterprise merged by mistake, and split again."""
    venue = case("batik-venue").online(
        "02-05 09:00", who.BATIK, "蜡染展示馆场地租期",
        "我们在南街租用的蜡染展示馆场地是区属国有房产,租期三月底到,管理方说要重新公开招租。装修和展陈投了两百多万元,希望能给一个明确的续租办法,或者提前告知招租条件,好做准备。",
    )  # fmt: skip
    training = case("batik-training").online(
        "02-05 09:25", who.BATIK, "蜡染传承人培训补贴",
        "我们公司带了二十六个返乡妇女学蜡染,都签了劳动合同,听说非遗技能培训有补贴,但窗口说蜡染不在目录里。想请帮忙核实蜡染能不能按职业技能培训申请补贴,需要准备什么材料。",
    )  # fmt: skip
    training.by(
        "02-05 10:30", "centre",
        lambda known: Merge(known["batik-venue"], "phone", Text("杨师傅电话中表示两件事可以一起处理。"), day("02-05")),
        role="office",
    )  # fmt: skip
    training.by(
        "02-06 09:10", "office-3",
        lambda known: UndoMerge(known["batik-venue"], Text("复核发现场地续租与培训补贴是两件事、两个部门,并非相同需求,撤销合并分别办理。")),
        role="office",
    )  # fmt: skip
    venue.sorted("02-05 14:30", "coordination", "investment_promotion", "02-06 09:00")
    venue.completed(
        "02-13 11:00", "investment_promotion",
        "经与国资管理方协调,非遗展示类场地可按文化产业用房评估续租,续租评估已启动,租期届满前不清场;招租条件和评估时间表已书面告知企业,企业对安排认可。",
        standard="explained", sub_code="partly", explanation=Text("场地属国有资产,续租须经评估和集体决策,评估预计三月中旬完成,在此之前按原合同履行。"),
    )  # fmt: skip
    venue.revisited("02-14 10:30").closed("02-14 16:00")
    training.sorted("02-06 09:40", "coordination", "human_resources", "02-06 14:00")
    training.completed(
        "02-12 16:30", "human_resources",
        "经核实,蜡染属于地方特色工种,已列入本年度职业技能培训补充目录,企业可按每人不超过1200元申请补贴;材料清单和申报入口已发企业,并约定2月25日上门辅导申报。",
    )  # fmt: skip
    return venue, training.revisited("02-14 09:30").closed("02-14 15:30")


def phone_off() -> Case:
    """AS25 四(四)4(1): "通过诉求人提供的联系方式,无法联系诉求人的" 终止办理, after three attempts on different days."""
    line = case("phone-off").online(
        "02-13 16:00", who.PHONES, "店招被要求更换",
        "年前街道通知我们这条街的店招要统一更换,我店的招牌去年才做的,花了八千多块,现在又要换,费用谁出也没说清楚。希望能说明统一更换的依据,已经换过的能不能不换或者给点补助。",
    )  # fmt: skip
    line.sorted("02-14 10:00", "coordination", "urban", "02-24 09:30")
    line.by("02-25 10:00", "urban", RecordAttempt(is_reached=False, note=Text("电话关机。")))
    line.by("02-26 15:30", "urban", RecordAttempt(is_reached=False, way="visit", note=Text("上门走访,店面已转让,新店主不知原店主去向。")))
    line.by("02-27 09:30", "urban", RecordAttempt(is_reached=False, note=Text("电话仍关机,短信未回复。")))
    line.by("02-27 15:00", "urban", ApplyTermination(reason="unreachable", note=Text("三次联系均未果,店面已转让,申请终止办理。")))
    return line.by("02-28 10:00", "centre", DecideTermination(is_granted=True, reason=Text("联系记录完整,同意终止;如店主再次联系,可重新提出。")))


def assigned_logistics() -> Case:
    """AS25 二2(9): "市委、市政府交办牵头办理的"; HM20 三(一): "区领导“双挂钩”调研走访交办问题". Reported back before closing."""
    line = case("assigned-logistics").by(
        "02-06 09:00", "centre",
        Register(
            channel="assigned", title=Text("物流园货车停放与夜间通行"), category="coordination", assigned_by="西秀区人民政府",
            appeal=Text("区领导到我们物流园调研时我们提过:园区大门外没有货车临时停放区,夜间送货车辆常被贴条,十点以前又进不了城区,春节前货量大,希望能划一块临时停车区,并放开一条夜间配送路线。"),
            **who.LOGISTICS.fields,
        ),
    )  # fmt: skip
    line.sorted("02-06 10:30", "coordination", "transport", "02-06 15:00")
    line.completed(
        "02-12 15:00", "transport",
        "已会同交警在物流园东侧划定货车临时停放泊位28个,节前试行晚八点至早七点配送车辆持证通行北环路,通行证已发放企业36张,试行一个月后评估。",
    )  # fmt: skip
    line.revisited("02-24 10:00")
    line.by("02-24 14:00", "office-3", Close(), expects="REPORT_BACK_MISSING")
    line.by("02-24 15:00", "centre", ReportBack(Text("交办事项已办结:划定临时泊位28个,试行夜间配送通行证36张,企业满意,现将办理情况报区人民政府。")))
    return line.closed("02-25 09:00")


def tea_fair() -> Case:
    """AS25 三(六)3: "服务业、旅游业、农业等行业企业需求". Still in hand when the story ends."""
    line = case("tea-fair").at_window(
        "03-24 09:30", who.TEA_GARDEN, "春茶采摘用工和展销",
        "清明前后是瀑布毛峰采摘高峰,我们合作社两千亩茶园每天缺采茶工三百人,茶青当天不采就老了。另外想在景区设一个春茶展销点,不知道找谁批,请帮忙协调采茶工和展销场地。",
    )  # fmt: skip
    line.sorted("03-24 14:30", "coordination", "agriculture", "03-25 09:00")
    return line.by("03-27 10:00", "agriculture", RecordProgress(Text("已联系三个乡镇组织采茶工220人,剩余缺口与职业学校对接;展销点选址意见已报景区管理方,待答复。")))


def software_talent() -> Case:
    """FJ25 第四条4: "畅通服务渠道". Registered on the last working day: still in the office's pool when the story ends."""
    return case("software-talent").online(
        "03-27 15:30", who.SOFTWARE, "软件人才住房补贴咨询",
        "我们公司从省外引进了三名软件工程师,都是研究生,听说区里有人才公寓和租房补贴,但网上查到的办法是前年的。请问今年还有没有,企业怎么替员工申报,有没有名额限制?",
    )  # fmt: skip


def chestnut_price() -> Case:
    """AS25 四(二)1: the office forms tickets; a window clerk cannot.  FJ25 第七条2: 一般事项."""
    line = case("chestnut-subsidy").at_window(
        "02-24 09:20", who.CHESTNUT, "金刺梨鲜果收购价保护",
        "我们合作社种了六百亩金刺梨,去年鲜果收购价跌到八毛,加工厂还压级。马上要施春肥,社员问今年还种不种。想问政府有没有订单收购或者价格保险的政策,能不能帮我们和加工企业谈一个保底价。",
    )  # fmt: skip
    line.by("02-24 10:00", "hall", Form(category="coordination", passed=("responsibility",)), role="window_clerk", expects="PERMISSION_DENIED")
    line.sorted("02-24 14:10", "coordination", "agriculture", "02-25 09:00")
    line.completed(
        "03-05 10:00", "agriculture",
        "已组织两家加工企业与合作社座谈,签订600亩订单收购协议,保底价每斤1.2元;同时指导合作社投保特色农产品价格指数保险,财政补贴保费七成,投保手续正在办理。",
    )  # fmt: skip
    return line.revisited("03-09 09:30").closed("03-10 09:30")


CASES = (
    frame_plant(), insurance_deferral(), tax_relief(), deregistration(), food_licence(), repeated_inspections(), fire_acceptance(),
    local_protection(), unpaid_goods(), road_works(), recruitment(), *water_bill(), *batik(), phone_off(), assigned_logistics(), tea_fair(),
    software_talent(), chestnut_price(), *DISPUTES, *LEVELS,
)  # fmt: skip
ACTS: tuple[Act, ...] = acts_of(*CASES)
