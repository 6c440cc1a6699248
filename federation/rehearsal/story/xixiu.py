"""
西秀区 (520402): what its enterprises bring up in the nine weeks, and what becomes of it.

Each case says in a comment from which sentence of the five documents its situation comes; the place is moved to this county.
FJ23 = 奉节 2023 (报道), FJ25 = 奉节府办发〔2025〕14号, XS25 = 象政办发〔2025〕1号, HM20 = 海企服〔2020〕4号, AS25 = 安顺市 2025.
"""

from federation.rehearsal.story import appellants as who
from federation.rehearsal.story.act import Act
from federation.rehearsal.story.case import Case, acts_of
from federation.rehearsal.story.staff import XIXIU
from federation.rehearsal.story.xixiu_disputes import CASES as DISPUTES
from federation.rehearsal.story.xixiu_intake import CASES as INTAKE
from federation.rehearsal.story.xixiu_levels import CASES as LEVELS
from node.domain.payload import Contact, Text
from node.domain.ticket.closing import Close, ReportBack
from node.domain.ticket.co_handling import AddCoHandler, ConfirmCoHandling, FileContribution
from node.domain.ticket.correction import Correct
from node.domain.ticket.dispatching import ChangeLead, Dispatch, Recall
from node.domain.ticket.first_contact import HandleOwnDuty, SortOwnDuty
from node.domain.ticket.forming import Form
from node.domain.ticket.handling import RecordProgress
from node.domain.ticket.intake import Register


def case(label: str) -> Case:
    """A case of this county."""
    return Case(XIXIU, label)


def frame_plant() -> Case:
    """FJ23: "准备购地建厂增设镜架镜片产业板块,相关审批事项涉及9个部门、17项内容 ... 立即组建联办专班"."""
    line = case("frame-plant").at_window(
        "01-26 09:10",
        who.FRAMES,
        "镜架镜片项目购地建厂审批",
        "我公司准备在西秀产业园区购地建厂，新上镜架镜片生产线，总投资约八千万元。前期打听下来，相关审批事项涉及9个部门、17项内容，各家要的材料和先后顺序都不一样，"
        "跑了两个月还没有头绪，希望能有人牵头把这些手续一次说清、一起办理。",
        category="coordination",
        field="investment_promotion",
        crossing=("cross_industry",),
    )
    line.conferred(
        "01-26 10:30",
        "01-27 15:00",
        "investment_promotion",
        {
            "development_reform": "项目备案可以先行办理，建议由投资促进局牵头，比照工程建设项目并联审批，把17项内容列成一张清单逐项销号。",
            "investment_promotion": "同意由本局牵头成立联办专班，自然资源、生态环境、应急、住建、消防、市场监管、水务、供电八家协办。",
            "government_office": "该项目列入区里重点招商项目，建议按协调类复杂需求办理，专班每周碰头一次，进展及时告知企业。",
        },
        "三家成员单位意见一致：属本级权限，跨行业复杂需求，由区投资促进局牵头，八个部门协办，按协调类复杂需求形成工单。",
    )
    line.formed("01-27 15:20", "coordination", "complex")
    helpers = {
        "natural_resources": "用地预审、选址意见书、建设用地规划许可等4项已一次受理，现场踏勘完成，承诺2月14日前全部出件。",
        "ecology": "项目属报告表类别，已指导企业委托编制环评报告表，受理后按承诺制办理，法定时限压缩一半。",
        "emergency": "已告知安全设施“三同时”要求并提供范本，企业完成安全预评价备案，本部门2项内容办结。",
        "housing": "施工图联合审查与施工许可合并受理，质量安全监督手续同步办理，3项内容已收件并出具受理单。",
        "fire": "已上门讲解消防设计审查要点，厂房火灾危险性类别核定为丁类，设计图纸意见一次性反馈企业。",
        "market": "经营范围变更登记当日办结，特种设备使用登记流程已告知，2项内容办结。",
        "water": "水土保持方案实行承诺制管理，取排水接入点已现场确定，2项内容已批复。",
        "power": "已完成用电勘察，拟由园区110千伏变电站出线供电，供电方案已答复，接入工程同步设计。",
    }
    line.sent("01-27 15:40", "investment_promotion", *helpers)
    line.signed("01-28 09:05", "investment_promotion")
    for place, unit in enumerate(helpers):
        line.by("01-28 10:00", unit, ConfirmCoHandling(), minutes=7 * place)
    line.by(
        "01-29 16:30",
        "investment_promotion",
        RecordProgress(Text("联办专班首次会议召开，17项内容列成一张清单，逐项明确了责任人和完成日期，清单已发给企业。")),
    )
    days = ("02-03 10:00", "02-04 15:00", "02-05 09:30", "02-05 16:00", "02-06 10:30", "02-06 15:20", "02-09 11:00", "02-11 10:00")
    for when, (unit, report) in zip(days, helpers.items(), strict=True):
        line.by(when, unit, FileContribution(Text(report)))
    result = (
        "联办专班共办理9个部门17项内容：用地、环评、安评、水保、施工许可、消防审查、供电方案等已全部出件或出具受理单，完成时间较常规流程缩短一半，"
        "企业可于节后进场施工，专班继续跟到竣工验收。"
    )
    # AS25 四(四)3: no completion while a confirmed co-handler has filed nothing; the power supplier's part is still open.
    line.completed("02-10 09:00", "investment_promotion", result, expects="PART_OPEN")
    line.completed("02-12 10:00", "investment_promotion", result)
    return line.revisited("02-13 10:00", remarks="企业反映专班服务好，一张清单看得明白。").closed("02-14 09:30")


def insurance_deferral() -> Case:
    """FJ23: "累计为123家企业缓缴保险费622.1万元,有效缓解企业资金周转难题"."""
    line = case("insurance-deferral").called(
        "02-02 09:40",
        who.PACKAGING,
        "社会保险费能否缓缴",
        "我们是做纸箱包装的小厂，有四十几个工人，年前货款收不回来，社保费交不上。听说有企业可以缓缴养老、失业、工伤保险费的单位部分，"
        "想问问我们这种情况能不能缓、缓到什么时候、要不要交滞纳金。",
    )
    line.sorted("02-02 10:05", "consultation", "human_resources", "02-02 11:00")
    line.answered(
        "02-02 15:30",
        "human_resources",
        "已电话答复：生产经营暂时困难的企业可申请缓缴单位缴纳部分，最长不超过6个月，缓缴期间免收滞纳金，职工个人部分仍应按时代扣代缴；申请表和承诺书已发企业，2月底前到社保窗口或网上提交即可。",
    )
    return line.revisited("02-03 10:00").closed("02-03 16:00")


def tax_relief() -> Case:
    """FJ25 第二条2: "提供税收、财政补贴、融资贷款等政策的咨询与解读"; 第七条1: "当场答复"."""
    line = case("tax-relief").on_the_spot(
        "02-03 10:20",
        who.TEA_SHOP,
        "小规模纳税人免税怎么算",
        "我开了个卖屯堡茶的小店，是个体户，上个月春节备货卖得多，流水有十来万。想问一下我这种小规模纳税人，增值税是不是还能免，超过多少就要交，在哪里申报？",
        "按现行政策，小规模纳税人月销售额未超过10万元（按季30万元）免征增值税，超过的按规定减征；您按季申报，本季度累计未超30万元即可免税，可在电子税务局或手机办税端自行申报，已把操作步骤打印给您。",
    )
    return line.revisited("02-05 09:30").closed("02-05 10:00")


def deregistration() -> Case:
    """FJ25 第二条3: "协助办理开办注销企业、工商登记、税务申报、项目审批等事项"."""
    line = case("deregistration").on_the_spot(
        "02-05 14:30",
        who.BAKERY,
        "糕点坊注销要跑哪几家",
        "我家糕点坊年纪大了不想做了，想把营业执照注销掉。听人说要先去税务清税，又要登报，还要去市场监管局，到底先跑哪一家，个体户是不是也要公告二十天？",
        "个体工商户注销实行简易程序：未欠税、无未结案件的，可在“企业注销一网服务”平台一次申请，税务、市场监管同步办理，公示期10天，不需要登报；已当场帮您完成网上申请，公示期满即可注销。",
    )
    return line.revisited("02-09 14:00").closed("02-09 15:00")


def food_licence() -> Case:
    """AS25 四(一): "属本部门职责范围内的,按照相关要求规范办理企业需求,并在“企业之家”系统进行登记" (own duty)."""
    line = case("food-licence").by(
        "02-04 09:20",
        "market",
        Register(
            channel="department_report",
            title=Text("米粉加工坊许可证变更"),
            category="coordination",
            first_contact=XIXIU.code + "-market",
            judgement="own_duty",
            appeal=Text(
                "我家米粉加工坊从老城搬到了虹山湖边的新铺面，食品生产加工小作坊登记证上的地址还是旧的，年前订单多，怕被说无证生产。来你们局里问，希望能尽快把地址变更办下来，不耽误春节供货。"
            ),
            **who.NOODLES.fields,
        ),
    )
    line.by("02-04 09:40", "market", HandleOwnDuty(category="coordination")).by("02-04 15:00", "centre", SortOwnDuty())
    line.completed(
        "02-09 15:30",
        "market",
        "2月5日派员到新址现场核查，布局和设施符合小作坊生产要求，提出的两处防鼠防蝇问题当场整改，2月9日核发变更后的登记证，企业已领证，不影响春节供货。",
    )
    return line.revisited("02-11 10:00").closed("02-11 15:00")


def repeated_inspections() -> Case:
    """FJ25 第六条 "执法监管"; XS25 四(三)1(4) 投诉举报类: "流转至相关职能部门依法依规调查查处". Dissatisfied, but as reported."""
    line = case("repeated-inspections").online(
        "02-02 08:50",
        who.BUILDERS,
        "一个月内被重复检查五次",
        "今年一月份，我们建材堆场先后被五拨人检查，扬尘、占道、货车冲洗、围挡、消防各查各的，其中两次是同一个中队，内容也一样，每次都要停工半天陪同。"
        "我们愿意接受监管，但这样查影响生产，请查一查是不是重复执法。",
        conceal_from=XIXIU.code + "-urban",
        field="private_economy_environment",
    )
    line.sorted("02-02 14:30", "complaint", "development_reform", "02-03 09:10")
    line.completed(
        "02-06 15:00",
        "development_reform",
        "经核查，一月份确有五次检查，其中两次为同一中队就同一事项重复上门。已约谈该中队负责人，今后对该堆场实行综合查一次、检查前备案；其余三次系不同部门依法履职，已向企业说明。",
    )
    line.revisited("02-09 10:30", vote="dissatisfied", remarks="情况与办结信息一致，但企业认为只约谈、没有处分人，不满意。")
    return line.closed("02-10 09:20")


def road_works() -> Case:
    """FJ25 第六条 "基础设施" (USERS walk a: road works block the shop). A wrong dispatch, recalled before it was signed."""
    line = case("road-works").at_window(
        "01-29 15:00",
        who.RESTAURANT,
        "门前修路把店堵了",
        "我家夺夺粉店门口从元旦开始挖路埋管，围挡把店门堵得只剩一米宽，客人进不来，外卖车也停不下，一天营业额少了七成。不知道要修到什么时候，能不能先开个口子，春节前把人行道恢复？",
    )
    line.formed("01-30 09:20", "coordination").sent("01-30 10:00", "transport")
    line.by("01-30 10:40", "centre", Recall(Text("中华南路系城市道路，由住房和城乡建设局管理，误派交通运输局，予以撤回重派。")))
    line.sent("01-30 11:00", "housing").signed("02-02 09:00", "housing")
    line.completed(
        "02-09 11:00",
        "housing",
        "2月3日协调施工单位在店前开设三米宽通道并加装指示牌，2月8日该段管线回填完成，人行道临时恢复通行，余下路面节后夜间施工，不再占用店前空间。",
    )
    return line.revisited("02-11 14:30").closed("02-12 09:30")


def recruitment() -> Case:
    """FJ23: "缓解企业招工难题"; FJ25 第十三条 "用工缺". Two corrections, and a change of lead."""
    line = case("recruitment").by(
        "02-02 10:30",
        "centre",
        Register(
            channel="symposium",
            title=Text("年后缺熟练缝纫工四十名"),
            category="coordination",
            appeal=Text(
                "我们服装厂接了春季校服订单，年后要开两条新线，熟练缝纫工缺四十个。外地招来的人留不住，本地劳务市场上又找不到，想请政府帮忙在西秀区几个乡镇和易地搬迁安置点专门招一次工，最好能带培训。"
            ),
            **{**who.GARMENTS.fields, "phone": Contact("138-0000-0121")},
        ),
    )
    line.by("02-02 10:42", "centre", Correct(field="phone", contact=Contact(who.GARMENTS.phone)))
    line.sorted("02-02 14:00", "coordination", "human_resources", "02-03 09:00")
    line.by(
        "02-04 10:00",
        "office-2",
        Correct(field="matter", value="labour_recruitment", reason=Text("座谈会台账补录，原登记未填事项，按企业陈述归入用工招聘。")),
    )
    line.by(
        "02-05 09:30",
        "centre",
        ChangeLead(Text("需求主要是园区内的专场招聘和厂房内培训场地，经与两家沟通，由产业园区管委会牵头、人社局配合更便于落实。")),
    )
    line.by("02-05 09:50", "centre", Dispatch(lead=line.unit("industrial_park"))).signed("02-05 14:00", "industrial_park")
    line.by(
        "02-05 15:00",
        "industrial_park",
        AddCoHandler(line.unit("human_resources"), Text("请组织安置点劳动力信息比对和缝纫工培训班开班补贴。")),
    )
    line.by("02-06 09:10", "human_resources", ConfirmCoHandling())
    line.by(
        "02-11 15:00",
        "human_resources",
        FileContribution(Text("已在三个安置点登记有缝纫意向人员63人，落实以工代训补贴，培训班2月26日在厂区开班。")),
    )
    line.completed(
        "02-12 11:00",
        "industrial_park",
        "2月9日在园区举办专场招聘会，企业现场达成意向45人，其中熟练工31人；人社部门同步安排以工代训班，2月26日开班，首批学员已签用工意向，缺工问题基本解决。",
    )
    return line.revisited("02-13 15:00").closed("02-14 10:00")


def assigned_logistics() -> Case:
    """AS25 二2(9): "市委、市政府交办牵头办理的"; HM20 三(一): "区领导“双挂钩”调研走访交办问题". Reported back before closing."""
    line = case("assigned-logistics").by(
        "02-06 09:00",
        "centre",
        Register(
            channel="assigned",
            title=Text("物流园货车停放与夜间通行"),
            category="coordination",
            assigned_by="西秀区人民政府",
            appeal=Text(
                "区领导到我们物流园调研时我们提过：园区大门外没有货车临时停放区，夜间送货车辆常被贴条，十点以前又进不了城区，春节前货量大，希望能划一块临时停车区，并放开一条夜间配送路线。"
            ),
            **who.LOGISTICS.fields,
        ),
    )
    line.sorted("02-06 10:30", "coordination", "transport", "02-06 15:00")
    line.completed(
        "02-12 15:00",
        "transport",
        "已会同交警在物流园东侧划定货车临时停放泊位28个，节前试行晚八点至早七点配送车辆持证通行北环路，通行证已发放企业36张，试行一个月后评估。",
    )
    line.revisited("02-24 10:00")
    line.by("02-24 14:00", "office-3", Close(), expects="REPORT_BACK_MISSING")
    line.by(
        "02-24 15:00",
        "centre",
        ReportBack(Text("交办事项已办结：划定临时泊位28个，试行夜间配送通行证36张，企业满意，现将办理情况报区人民政府。")),
    )
    return line.closed("02-25 09:00")


def tea_fair() -> Case:
    """AS25 三(六)3: "服务业、旅游业、农业等行业企业需求". Still in hand when the story ends."""
    line = case("tea-fair").at_window(
        "03-24 09:30",
        who.TEA_GARDEN,
        "春茶采摘用工和展销",
        "清明前后是瀑布毛峰采摘高峰，我们合作社两千亩茶园每天缺采茶工三百人，茶青当天不采就老了。另外想在景区设一个春茶展销点，不知道找谁批，请帮忙协调采茶工和展销场地。",
    )
    line.sorted("03-24 14:30", "coordination", "agriculture", "03-25 09:00")
    return line.by(
        "03-27 10:00",
        "agriculture",
        RecordProgress(Text("已联系三个乡镇组织采茶工220人，剩余缺口与职业学校对接；展销点选址意见已报景区管理方，待答复。")),
    )


def software_talent() -> Case:
    """FJ25 第四条4: "畅通服务渠道". Registered on the last working day: still in the office's pool when the story ends."""
    return case("software-talent").online(
        "03-27 15:30",
        who.SOFTWARE,
        "软件人才住房补贴咨询",
        "我们公司从省外引进了三名软件工程师，都是研究生，听说区里有人才公寓和租房补贴，但网上查到的办法是前年的。请问今年还有没有，企业怎么替员工申报，有没有名额限制？",
    )


def chestnut_price() -> Case:
    """AS25 四(二)1: the office forms tickets; a window clerk cannot.  FJ25 第七条2: 一般事项."""
    line = case("chestnut-subsidy").at_window(
        "02-24 09:20",
        who.CHESTNUT,
        "金刺梨鲜果收购价保护",
        "我们合作社种了六百亩金刺梨，去年鲜果收购价跌到八毛，加工厂还压级。马上要施春肥，社员问今年还种不种。想问政府有没有订单收购或者价格保险的政策，能不能帮我们和加工企业谈一个保底价。",
    )
    line.by(
        "02-24 10:00", "hall", Form(category="coordination", passed=("responsibility",)), role="window_clerk", expects="PERMISSION_DENIED"
    )
    line.sorted("02-24 14:10", "coordination", "agriculture", "02-25 09:00")
    line.completed(
        "03-05 10:00",
        "agriculture",
        "已组织两家加工企业与合作社座谈，签订600亩订单收购协议，保底价每斤1.2元；同时指导合作社投保特色农产品价格指数保险，财政补贴保费七成，投保手续正在办理。",
    )
    return line.revisited("03-09 09:30").closed("03-10 09:30")


CASES = (
    frame_plant(),
    insurance_deferral(),
    tax_relief(),
    deregistration(),
    food_licence(),
    repeated_inspections(),
    road_works(),
    recruitment(),
    assigned_logistics(),
    tea_fair(),
    software_talent(),
    chestnut_price(),
    *INTAKE,
    *DISPUTES,
    *LEVELS,
)
ACTS: tuple[Act, ...] = acts_of(*CASES)
