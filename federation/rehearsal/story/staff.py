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
LEADER, SUPERVISION = Role.LEADER.value, Role.SUPERVISION.value


# One unit of a node: its short name, its name, who works there, and its kind.
Row = tuple[str, str, str] | tuple[str, str, str, str]
# A member unit of the joint office has its specialist, gives opinions, and handles what is its own; so does a window with
# what it answered itself.
_ROLES = {"member": (DESK, MEMBER, SPECIALIST), "window": (CLERK, DESK), "government": (GOVERNMENT,)}


def _node(
    code: str,
    name: str,
    superior: str,
    pack: str,
    centre: tuple[str, str, str, str, str],
    first_people: tuple[str, str, str, str],
    rows: tuple[Row, ...],
) -> NodeEntry:
    """
    A node with one desk account for each unit, under the unit's short name, two more in its office, one each for the leader and for
    supervision, and the public entrance.

    *centre* is the centre's name, the two people beside its first account, the leader, and who supervises; *first_people* have the
    accounts that ``init`` opens: the centre's, and those of the security, audit and system administrators.
    """
    centre_name, second, third, leader, supervisor = centre
    accounts = [
        AccountEntry("office-2", "centre", (OFFICE,), Contact(second)),
        AccountEntry("office-3", "centre", (OFFICE,), Contact(third)),
        AccountEntry("leader", "government", (LEADER,), Contact(leader)),
        AccountEntry("supervision", "centre", (SUPERVISION,), Contact(supervisor)),
        AccountEntry("public", "", (ENTERPRISE,), Contact("企业之家公众端")),
    ]
    units = []
    for short, unit_name, person, *kind in rows:
        unit = UnitEntry(short, unit_name, *kind)
        units.append(unit)
        accounts.append(AccountEntry(short, short, _ROLES.get(unit.kind, (DESK,)), Contact(person)))
    first = tuple(Contact(one) for one in first_people)
    return NodeEntry(code, name, superior, pack, centre_name, first, tuple(units), tuple(accounts))


PROVINCE = _node(
    "520000",
    "贵州省",
    "",
    "guizhou",
    ("贵州省政务服务中心", "龙文博", "陆婉清", "欧阳治远", "纪明诚"),
    ("石敬言", "申守正", "盘清源", "沙一舟"),
    (
        ("natural_resources", "贵州省自然资源厅", "谭敬之"),
        ("market", "贵州省市场监督管理局", "石景行"),
        ("government", "贵州省人民政府", "田开平", "government"),
    ),
)
CITY = _node(
    "520400",
    "安顺市",
    "520000",
    "anshun-2025",
    ("安顺市人民政府政务服务中心", "周毓敏", "罗天佑", "骆远山", "费公允"),
    ("伍向荣", "申如山", "平直之", "车文远"),
    (
        ("government_office", "安顺市人民政府办公室", "韦思远", "member"),
        ("development_reform", "安顺市发展和改革委员会", "吴海宁", "member"),
        ("investment_promotion", "安顺市投资促进局", "蒋一鸣", "member"),
        ("industry_commerce_federation", "安顺市工商业联合会", "程素芬", "member"),
        ("hall", "安顺市政务服务大厅“企业之家”窗口", "伍小雨", "window"),
        ("government", "安顺市人民政府", "姚立行", "government"),
        ("industry", "安顺市工业和信息化局", "胡仲平"),
        ("natural_resources", "安顺市自然资源局", "宋怀山"),
        ("market", "安顺市市场监督管理局", "秦巧云"),
        ("tax", "国家税务总局安顺市税务局", "邓树声"),
        ("ecology", "安顺市生态环境局", "冉青禾"),
        ("transport", "安顺市交通运输局", "潘道远"),
        ("culture_tourism", "安顺市文化广电旅游局", "梁晚晴"),
    ),
)
XIXIU = _node(
    "520402",
    "西秀区",
    "520400",
    "xixiu-2025",
    ("安顺市西秀区人民政府政务服务中心", "杨晓棠", "陈立勤", "莫文清", "严如一"),
    ("方敏行", "申谨言", "简明达", "汪守机"),
    (
        ("government_office", "安顺市西秀区人民政府办公室", "何启明", "member"),
        ("development_reform", "西秀区发展和改革局", "鲍志成", "member"),
        ("investment_promotion", "西秀区投资促进局", "金雅雯", "member"),
        ("industry_commerce_federation", "西秀区工商业联合会", "丁长青", "member"),
        ("hall", "西秀区政务服务大厅“企业之家”窗口", "王小满", "window"),
        ("government", "安顺市西秀区人民政府", "齐正民", "government"),
        ("industrial_park", "西秀产业园区管理委员会", "肖建业"),
        ("industry", "西秀区工业和信息化局", "彭士杰"),
        ("housing", "西秀区住房和城乡建设局", "谢安居"),
        ("transport", "西秀区交通运输局", "车大路"),
        ("natural_resources", "安顺市自然资源局西秀分局", "田守土"),
        ("ecology", "安顺市生态环境局西秀分局", "蓝清源"),
        ("emergency", "西秀区应急管理局", "安玉平"),
        ("fire", "西秀区消防救援大队", "霍卫东"),
        ("human_resources", "西秀区人力资源和社会保障局", "任惠仁"),
        ("finance_service", "西秀区金融服务中心", "钱若水"),
        ("market", "西秀区市场监督管理局", "尚公平"),
        ("urban", "西秀区综合行政执法局", "程序宁"),
        ("tax", "国家税务总局安顺市西秀区税务局", "舒为民"),
        ("water", "西秀区水务局", "江润泽"),
        ("agriculture", "西秀区农业农村局", "田晓禾"),
        ("power", "安顺西秀供电局", "雷电生"),
    ),
)
GUANLING = _node(
    "520424",
    "关岭布依族苗族自治县",
    "520400",
    "guanling-2025",
    ("关岭布依族苗族自治县人民政府政务服务中心", "岑晓岚", "伍德胜", "覃光华", "明鉴之"),
    ("卢春晖", "申念慈", "简审之", "罗运平"),
    (
        ("government_office", "关岭自治县人民政府办公室", "韦国栋", "member"),
        ("development_reform", "关岭自治县发展和改革局", "罗振华", "member"),
        ("investment_promotion", "关岭自治县投资促进局", "王开来", "member"),
        ("industry_commerce_federation", "关岭自治县工商业联合会", "杨惠昌", "member"),
        ("hall", "关岭自治县政务服务大厅“企业之家”窗口", "陆小梅", "window"),
        ("government", "关岭布依族苗族自治县人民政府", "黄知行", "government"),
        ("agriculture", "关岭自治县农业农村局", "班有田"),
        ("water", "关岭自治县水务局", "卢江涛"),
        ("finance_service", "关岭自治县金融服务中心", "岑融"),
        ("human_resources", "关岭自治县人力资源和社会保障局", "任可为"),
        ("tax", "国家税务总局关岭布依族苗族自治县税务局", "税永清"),
        ("market", "关岭自治县市场监督管理局", "石公正"),
        ("natural_resources", "关岭自治县自然资源局", "龙守山"),
        ("forestry", "关岭自治县林业局", "林茂盛"),
        ("transport", "关岭自治县交通运输局", "路通达"),
        ("housing", "关岭自治县住房和城乡建设局", "安有余"),
        ("culture_tourism", "关岭自治县文体广电旅游局", "游佳景"),
        ("justice", "关岭自治县司法局", "韦法正"),
        ("power", "安顺关岭供电局", "电永明"),
    ),
)

STAFF = (PROVINCE, CITY, XIXIU, GUANLING)

# Two working days in which nobody reaches the city: the counties work on, the province and they catch up afterwards.
LINK_DOWN = LinkDown("520400", beijing("02-10 00:00"), beijing("02-12 00:00"))
