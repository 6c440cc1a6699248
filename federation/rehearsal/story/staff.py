"""
The four nodes of the story and whom their centres enter on the first day.

Names of units are those that such places have; the names of people are invented.  Each unit has a short name, which
together with the node makes its code ("520402-water").
"""

from federation.rehearsal.story.act import AccountEntry, LinkDown, NodeEntry, UnitEntry, beijing
from node.domain.organisation import Role
from node.domain.payload import Contact

OFFICE, CLERK, DESK = Role.OFFICE.value, Role.WINDOW_CLERK.value, Role.DEPARTMENT.value
MEMBER, SPECIALIST, GOVERNMENT, ENTERPRISE = Role.MEMBER.value, Role.SPECIALIST.value, Role.GOVERNMENT.value, Role.ENTERPRISE.value


def _node(
    code: str, name: str, superior: str, pack: str, centre_name: str, units: tuple[UnitEntry, ...], people: dict[str, str]
) -> NodeEntry:
    """A node with one desk account for each unit, two more in its office, and the public entrance for enterprises."""
    accounts = [
        AccountEntry("office-2", "centre", (OFFICE,), Contact(people["office-2"])),
        AccountEntry("office-3", "centre", (OFFICE,), Contact(people["office-3"])),
        AccountEntry("public", "", (ENTERPRISE,), Contact("企业之家公众端")),
    ]
    for unit in units:
        accounts.append(AccountEntry(unit.short, unit.short, _ROLES.get(unit.kind, (DESK,)), Contact(people[unit.short])))
    return NodeEntry(code, name, superior, pack, centre_name, units, tuple(accounts))


# A member unit of the joint office has its specialist, gives opinions, and handles what is its own; so does a window with
# what it answered itself.
_ROLES = {"member": (DESK, MEMBER, SPECIALIST), "window": (CLERK, DESK), "government": (GOVERNMENT,)}

PROVINCE = _node(
    "520000", "贵州省", "", "guizhou", "贵州省政务服务中心",
    (
        UnitEntry("natural_resources", "贵州省自然资源厅"),
        UnitEntry("market", "贵州省市场监督管理局"),
        UnitEntry("government", "贵州省人民政府", "government"),
    ),
    {"office-2": "龙文博", "office-3": "陆婉清", "natural_resources": "谭敬之", "market": "石景行", "government": "田开平"},
)  # fmt: skip

CITY = _node(
    "520400", "安顺市", "520000", "anshun-2025", "安顺市人民政府政务服务中心",
    (
        UnitEntry("government_office", "安顺市人民政府办公室", "member"),
        UnitEntry("development_reform", "安顺市发展和改革委员会", "member"),
        UnitEntry("investment_promotion", "安顺市投资促进局", "member"),
        UnitEntry("industry_commerce_federation", "安顺市工商业联合会", "member"),
        UnitEntry("hall", "安顺市政务服务大厅“企业之家”窗口", "window"),
        UnitEntry("government", "安顺市人民政府", "government"),
        UnitEntry("industry", "安顺市工业和信息化局"),
        UnitEntry("natural_resources", "安顺市自然资源局"),
        UnitEntry("market", "安顺市市场监督管理局"),
        UnitEntry("tax", "国家税务总局安顺市税务局"),
        UnitEntry("ecology", "安顺市生态环境局"),
        UnitEntry("transport", "安顺市交通运输局"),
        UnitEntry("culture_tourism", "安顺市文化广电旅游局"),
    ),
    {
        "office-2": "周毓敏", "office-3": "罗天佑", "government_office": "韦思远", "development_reform": "吴海宁", "investment_promotion": "蒋一鸣",
        "industry_commerce_federation": "程素芬", "hall": "伍小雨", "government": "姚立行", "industry": "胡仲平", "natural_resources": "宋怀山",
        "market": "秦巧云", "tax": "邓树声", "ecology": "冉青禾", "transport": "潘道远", "culture_tourism": "梁晚晴",
    },
)  # fmt: skip

XIXIU = _node(
    "520402", "西秀区", "520400", "xixiu-2025", "安顺市西秀区人民政府政务服务中心",
    (
        UnitEntry("government_office", "安顺市西秀区人民政府办公室", "member"),
        UnitEntry("development_reform", "西秀区发展和改革局", "member"),
        UnitEntry("investment_promotion", "西秀区投资促进局", "member"),
        UnitEntry("industry_commerce_federation", "西秀区工商业联合会", "member"),
        UnitEntry("hall", "西秀区政务服务大厅“企业之家”窗口", "window"),
        UnitEntry("government", "安顺市西秀区人民政府", "government"),
        UnitEntry("industrial_park", "西秀产业园区管理委员会"),
        UnitEntry("industry", "西秀区工业和信息化局"),
        UnitEntry("housing", "西秀区住房和城乡建设局"),
        UnitEntry("transport", "西秀区交通运输局"),
        UnitEntry("natural_resources", "安顺市自然资源局西秀分局"),
        UnitEntry("ecology", "安顺市生态环境局西秀分局"),
        UnitEntry("emergency", "西秀区应急管理局"),
        UnitEntry("fire", "西秀区消防救援大队"),
        UnitEntry("human_resources", "西秀区人力资源和社会保障局"),
        UnitEntry("finance_service", "西秀区金融服务中心"),
        UnitEntry("market", "西秀区市场监督管理局"),
        UnitEntry("urban", "西秀区综合行政执法局"),
        UnitEntry("tax", "国家税务总局安顺市西秀区税务局"),
        UnitEntry("water", "西秀区水务局"),
        UnitEntry("agriculture", "西秀区农业农村局"),
        UnitEntry("power", "安顺西秀供电局"),
    ),
    {
        "office-2": "杨晓棠", "office-3": "陈立勤", "government_office": "何启明", "development_reform": "鲍志成", "investment_promotion": "金雅雯",
        "industry_commerce_federation": "丁长青", "hall": "王小满", "government": "齐正民", "industrial_park": "肖建业", "industry": "彭士杰",
        "housing": "谢安居", "transport": "车大路", "natural_resources": "田守土", "ecology": "蓝清源", "emergency": "安玉平", "fire": "霍卫东",
        "human_resources": "任惠仁", "finance_service": "钱若水", "market": "尚公平", "urban": "程序宁", "tax": "舒为民", "water": "江润泽",
        "agriculture": "田晓禾", "power": "雷电生",
    },
)  # fmt: skip

GUANLING = _node(
    "520424", "关岭布依族苗族自治县", "520400", "guanling-2025", "关岭布依族苗族自治县人民政府政务服务中心",
    (
        UnitEntry("government_office", "关岭自治县人民政府办公室", "member"),
        UnitEntry("development_reform", "关岭自治县发展和改革局", "member"),
        UnitEntry("investment_promotion", "关岭自治县投资促进局", "member"),
        UnitEntry("industry_commerce_federation", "关岭自治县工商业联合会", "member"),
        UnitEntry("hall", "关岭自治县政务服务大厅“企业之家”窗口", "window"),
        UnitEntry("government", "关岭布依族苗族自治县人民政府", "government"),
        UnitEntry("agriculture", "关岭自治县农业农村局"),
        UnitEntry("water", "关岭自治县水务局"),
        UnitEntry("finance_service", "关岭自治县金融服务中心"),
        UnitEntry("human_resources", "关岭自治县人力资源和社会保障局"),
        UnitEntry("tax", "国家税务总局关岭布依族苗族自治县税务局"),
        UnitEntry("market", "关岭自治县市场监督管理局"),
        UnitEntry("natural_resources", "关岭自治县自然资源局"),
        UnitEntry("forestry", "关岭自治县林业局"),
        UnitEntry("transport", "关岭自治县交通运输局"),
        UnitEntry("housing", "关岭自治县住房和城乡建设局"),
        UnitEntry("culture_tourism", "关岭自治县文体广电旅游局"),
        UnitEntry("justice", "关岭自治县司法局"),
        UnitEntry("power", "安顺关岭供电局"),
    ),
    {
        "office-2": "岑晓岚", "office-3": "伍德胜", "government_office": "韦国栋", "development_reform": "罗振华", "investment_promotion": "王开来",
        "industry_commerce_federation": "杨惠昌", "hall": "陆小梅", "government": "黄知行", "agriculture": "班有田", "water": "卢江涛",
        "finance_service": "岑融", "human_resources": "任可为", "tax": "税永清", "market": "石公正", "natural_resources": "龙守山",
        "forestry": "林茂盛", "transport": "路通达", "housing": "安有余", "culture_tourism": "游佳景", "justice": "韦法正", "power": "电永明",
    },
)  # fmt: skip

STAFF = (PROVINCE, CITY, XIXIU, GUANLING)

# Two working days in which nobody reaches the city: the counties work on, the province and they catch up afterwards.
LINK_DOWN = LinkDown("520400", beijing("02-10 00:00"), beijing("02-12 00:00"))
