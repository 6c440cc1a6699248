"""贵州省 (520000): one call to the governor's line, handed down to the city; what the city puts to the province stands with its case."""

from federation.rehearsal.story import appellants as who
from federation.rehearsal.story.act import Act, day
from federation.rehearsal.story.case import Case, acts_of
from federation.rehearsal.story.staff import CITY, PROVINCE
from node.domain.payload import Text
from node.domain.ticket.custody import ReturnCustody
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.transfer import AcceptTransfer, TransferDown


def recycling() -> Case:
    """AS25 二2(2): "“服务民营企业省长直通车”等电话热线平台反映的", 二4 "系统省级转办的". Revisited by the province."""
    line = Case(PROVINCE, "recycled-plastics").called(
        "03-02 09:30",
        who.PLASTICS,
        "再生塑料企业环评批复迟迟未下",
        "我们公司在安顺做再生塑料颗粒，二期环评报告去年十月就送审了，专家会开过两次，每次都补新的要求，到现在没有批复。上千万元的设备停在那里，恳请省里督促按时限给个明确答复。",
        channel="hotline_other",
    )
    line.formed("03-02 15:00", "coordination")
    line.by("03-02 16:00", "centre", TransferDown(CITY.code, day("03-13"), Text("请安顺市按期办理并反馈企业，办结后由省级回访。")))
    office, desk = f"{CITY.code}/centre", f"{CITY.code}/ecology"
    line.by("03-03 10:00", office, AcceptTransfer(), after="TransferRequested")
    line.by("03-03 10:20", office, Dispatch(lead=f"{CITY.code}-ecology"))
    line.by("03-03 15:00", desk, Sign())
    line.completed(
        "03-11 10:00",
        desk,
        "经核查，二期环评两次补正意见确有重复。市局3月6日一次性列明剩余三项修改意见，企业3月9日补齐，3月11日作出批复；今后技术评估实行一次性告知，补正不超过一次。",
    )
    line.by("03-11 11:00", office, ReturnCustody(), unless_back_at=PROVINCE.code)
    return line.revisited("03-13 10:00").closed("03-13 16:00")


CASES = (recycling(),)
ACTS: tuple[Act, ...] = acts_of(*CASES)
