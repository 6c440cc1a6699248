"""
The first nine papers, each as a layout made of a matter's words (USERS B14).

Papers are in Chinese: they go to Chinese enterprises and offices, whatever language the desk works in.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from node.documents.layout import Layout, Row
from node.documents.matter import Matter
from node.domain import paper as p
from node.domain.pack import Pack
from node.domain.policy import Policy
from node.domain.ticket.clocks import resolve_limit
from node.domain.time import BEIJING, Limit, last_day
from node.texts.catalogue import word

TICK, BOX = "（√）", "（　）"


@dataclass(frozen=True)
class Order:
    """What a supervision letter says of its order: number, ground and form as codes, the demand in words, the day to answer by."""

    number: str
    unit: str
    ground: str
    form: str
    demand: str
    due: date | None
    tickets: tuple[str, ...] = ()


def layout_of(
    paper: str, matter: Matter | None, policy: Policy, now: datetime, order: Order | None = None, office: Pack | None = None
) -> Layout:
    """
    The layout of *paper*, as it stands at *now*.  *policy* governs the ticket; *office* is the pack in force, which says where the
    office is found now, whatever pack a ticket began under (HM20-A1.10); *policy*'s own, if it is None.

    Raises:
        LookupError: there is no such paper.
    """
    if paper == p.SUPERVISION:
        assert order is not None
        layout = _supervision(order, policy, now)
    else:
        assert matter is not None
        layout = _BUILDERS[paper](matter, policy, now)
    return replace(layout, foot=foot_of(office or policy.pack))


def day(moment: datetime | date | None) -> str:
    """2026年2月13日, in Beijing; blanks to be filled by hand where there is no date."""
    if moment is None:
        return "____年__月__日"
    local = moment.astimezone(BEIJING).date() if isinstance(moment, datetime) else moment
    return f"{local.year}年{local.month}月{local.day}日"


def foot_of(pack: Pack) -> str:
    """Where the office is found, as the pack has it."""
    labels = (("office.address", "地址"), ("office.phone", "联系电话"), ("office.email", "邮箱"))
    known = [(label, rule.value) for key, label in labels if (rule := pack.find(key)) is not None]
    return f"{_office(pack)}{'，'.join(f'{label}：{value}' for label, value in known)}。" if known else ""


def _office(pack: Pack) -> str:
    return str(pack.choice("bodies.joint_office"))


def _number(matter: Matter) -> str:
    return matter.ticket.number or matter.ticket.id


def _receipt(matter: Matter, policy: Policy, now: datetime) -> Layout:
    ticket = matter.ticket
    register = [clock for clock in ticket.clocks_of(policy.node) if clock.is_running]
    first = min(register, key=lambda clock: clock.due_at or datetime.max.replace(tzinfo=UTC), default=None)
    return Layout(
        title="受理回执",
        to=matter.enterprise or matter.contact or "诉求人",
        head=(("登记号", ticket.id), ("工单编号", ticket.number or "（研判后生成）")),
        paragraphs=("您反映的诉求已登记。请保存本回执，凭登记号和查询码可查询办理进度。",),
        rows=(
            Row("收到时间", _moment(ticket.intake.received_at or ticket.intake.registered_at), "来源", _channel(matter)),
            Row("诉求内容", matter.appeal),
            Row(
                "当前环节",
                word("clock", first.kind) if first else "",
                "期限",
                day(last_day(first.due_at)) if first and first.due_at else "",
            ),
        ),
        dated=day(now),
    )


def _supplement(matter: Matter, policy: Policy, now: datetime) -> Layout:
    supplement = matter.ticket.supplement
    items = supplement.items if supplement else ()
    clock = matter.ticket.clock("supplement") or matter.ticket.clock("supplement_in_handling")
    return Layout(
        title="补正告知书",
        to=matter.enterprise or matter.contact,
        head=(("登记号", matter.ticket.id),),
        paragraphs=("您反映的诉求材料不齐，请补充下列材料或说明：",),
        rows=tuple(Row(f"{number}", word("material", item)) for number, item in enumerate(items, 1)),
        closing=(
            f"请于{day(last_day(clock.due_at)) if clock and clock.due_at else '期限内'}前补齐；补齐后重新计算形成工单的期限。",
            f"说明：{matter.of('SupplementRequested', 'note')}" if matter.of("SupplementRequested", "note") else "",
        ),
        dated=day(now),
    )


def _refusal(matter: Matter, policy: Policy, now: datetime) -> Layout:
    refused = matter.ticket.refused
    reason = refused.reason if refused else ""
    body = matter.of("NotAccepted", "body")
    return Layout(
        title="不予受理告知书",
        to=matter.enterprise or matter.contact,
        head=(("登记号", matter.ticket.id),),
        paragraphs=(
            f"您于{day(matter.ticket.intake.registered_at)}反映的诉求，经研判不予受理。",
            f"理由：{word('refusal_reason', reason)}。{matter.of('NotAccepted', 'note')}",
            f"正在进行的法定程序由{body}办理。" if body else "",
        ),
        rows=(Row("诉求内容", matter.appeal),),
        closing=("如对本告知有疑问，请联系首问部门，由其当面说明并做好劝导。",),
        dated=day(now),
    )


def _explanation(matter: Matter, policy: Policy, now: datetime) -> Layout:
    sub = matter.of("Completed", "sub_code")
    outcome = word("sub_code", sub) if sub else "部分解决或因客观原因难以解决"
    return Layout(
        title="书面释明",
        to=matter.enterprise or matter.contact,
        head=(("工单编号", _number(matter)),),
        paragraphs=(
            f"您反映的“{matter.title or '诉求'}”，由{matter.lead}办理，办理结果为：{outcome}。",
            matter.of("Completed", "explanation"),
        ),
        rows=(Row("诉求内容", matter.appeal), Row("办理结果", matter.of("Completed", "result"))),
        closing=("如对办理结果不满意，可在评价中说明，或申请复核一次。",),
        dated=day(matter.at.get("Completed", now)),
    )


def _statutory_path(matter: Matter, policy: Policy, now: datetime) -> Layout:
    return Layout(
        title="法定途径告知书",
        to=matter.enterprise or matter.contact,
        head=(("工单编号", _number(matter)),),
        paragraphs=("您反映的诉求应当通过法定途径解决，现将途径告知如下：",),
        rows=(
            Row("诉求内容", matter.appeal),
            Row("途径", word("path_means", matter.of("Completed", "path_means"))),
            Row("受理机关", matter.of("Completed", "path_body")),
            Row("提出期限", matter.of("Completed", "path_limit")),
        ),
        closing=(matter.of("Completed", "explanation") or matter.of("Completed", "result"),),
        dated=day(matter.at.get("Completed", now)),
    )


def _supervision(order: Order, policy: Policy, now: datetime) -> Layout:
    return Layout(
        title="督办函",
        to=order.unit,
        head=(("督办编号", order.number),),
        paragraphs=(
            f"因{word('ground', order.ground)}，现对你单位承办的{'、'.join(order.tickets) or '事项'}予以督办。",
            order.demand,
        ),
        rows=(Row("督办方式", word("order_form", order.form), "回复期限", day(order.due)),),
        closing=("请在期限内书面回复办理情况；逾期未回复的，按机制规定处理。",),
        dated=day(now),
    )


def _report(matter: Matter, policy: Policy, now: datetime) -> Layout:
    pack = policy.pack
    return Layout(
        title=f"关于工单{_number(matter)}协调事项的请示",
        to=str(pack.choice("bodies.government")),
        head=(("工单编号", _number(matter)),),
        paragraphs=(
            f"{matter.enterprise or '企业'}反映的“{matter.title or '诉求'}”，经{_office(pack)}组织协调，有关部门未能达成一致，现报请研究。",
            f"一、企业诉求：{matter.appeal}",
            f"二、部门意见：{matter.of('DisagreementDeclared', 'position')}；{matter.of('PositionFiled', 'position')}",
            f"三、协调情况：{matter.of('CoordinationFailed', 'result')}",
            f"四、建议：{matter.of('CoordinationReported', 'report')}",
        ),
        closing=("妥否，请批示。",),
        dated=day(now),
    )


def _assignment(matter: Matter, policy: Policy, now: datetime) -> Layout:
    """海门 annex 1 with every label (HM20-A1)."""
    ticket = matter.ticket
    done, revisit = matter.at.get("Completed"), matter.said.get("RevisitFiled", {})
    sent = ticket.dispatch.dispatched_at if ticket.dispatch else None
    clock = ticket.clock("resolve")
    due = day(last_day(clock.due_at)) if clock and clock.due_at else ""
    reply = "\n".join(part for part in (matter.of("Completed", "result"), matter.of("Completed", "explanation")) if part)
    return Layout(
        title=f"{_office(policy.pack)} 企业问题诉求部门交办单",
        head=(("事项编号", _number(matter)), ("交办日期", day(sent))),
        rows=(
            Row("企业名称", matter.enterprise, "企业地址", matter.address),
            Row("反映时间", _moment(ticket.intake.received_at or ticket.intake.registered_at), "问题来源", _channel(matter)),
            Row("企业联系人", matter.contact, "联系电话", matter.phone),
            Row("企业反映\n主要问题\n（可另附页）", matter.appeal),
            Row("主办部门", "、".join((matter.lead, *(f"{unit}（协办）" for unit in matter.co_handlers)))),
            Row("主办部门\n办理情况\n回 复", f"{reply or '（涉及其他协办部门参与办理的，由主办部门汇总办理情况后统一回复）'}\n{day(done)}"),
            Row("主办部门\n联 系 人", matter.of("Completed", "contact_name"), "联系电话", matter.of("Completed", "contact_phone")),
            Row("求助企业\n回访情况\n（此栏由服务企业办填写）", _revisit_block(revisit)),
        ),
        closing=(f"备注：{_reply_rule(resolve_limit(ticket, policy))}{f'本件应于{due}前答复。' if due else ''}",),
        dated=day(sent),
        attachments=matter.attachments,
    )


def _reply_rule(limit: Limit) -> str:
    return (
        f"主办部门在收到交办单后，{limit.count}个{word('limit_unit', limit.unit)}内给予答复；"
        "内容复杂、调查处理需要一定时间或者法律、法规等规范性文件有办理时限规定的，应先行答复并承诺办结时间。"
    )


def _revisit_block(revisit: Mapping[str, object]) -> str:
    def pick(value: object, yes: str, no: str) -> str:
        return f"{yes} {TICK if value == 'yes' else BOX} / {no} {TICK if value == 'no' else BOX}"

    on = revisit.get("revisited_on")
    return "\n".join(
        (
            f"1. 对部门服务是否满意：{pick(revisit.get('satisfied'), '满意', '不满意')}",
            f"2. 反映的问题是否解决：{pick(revisit.get('solved'), '解决', '未解决')}",
            f"3. 其他说明：{revisit.get('remarks') or '_____'}",
            f"4. 回访日期：{day(on if isinstance(on, date) else None)}",
        )
    )


def _revisit(matter: Matter, policy: Policy, now: datetime) -> Layout:
    revisit = matter.said.get("RevisitFiled", {})
    return Layout(
        title="企业诉求办理回访表",
        head=(("工单编号", _number(matter)), ("办结时间", _moment(matter.at.get("Completed")))),
        rows=(
            Row("企业名称", matter.enterprise, "联系人", matter.contact),
            Row("联系电话", matter.phone, "主办部门", matter.lead),
            Row("诉求内容", matter.appeal),
            Row("办理结果", matter.of("Completed", "result") or matter.of("Completed", "explanation")),
            Row("与办结填报是否一致", _yes_no(revisit.get("consistent")), "是否达到办结标准", _yes_no(revisit.get("standard_met"))),
            Row("回访情况", _revisit_block(revisit)),
        ),
        closing=("开场白：您好，这里是" + _office(policy.pack) + "，就您反映的诉求办理情况做一次回访，大约需要两分钟。",),
        dated=day(now),
    )


def _yes_no(value: object) -> str:
    return f"是 {TICK if value == 'yes' else BOX} / 否 {TICK if value == 'no' else BOX}"


def _moment(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone(BEIJING):%Y-%m-%d %H:%M}"


def _channel(matter: Matter) -> str:
    return word("channel", matter.ticket.intake.channel)


_BUILDERS: Mapping[str, Callable[[Matter, Policy, datetime], Layout]] = {
    p.RECEIPT: _receipt,
    p.SUPPLEMENT: _supplement,
    p.REFUSAL: _refusal,
    p.EXPLANATION: _explanation,
    p.STATUTORY_PATH: _statutory_path,
    p.REPORT: _report,
    p.ASSIGNMENT: _assignment,
    p.REVISIT: _revisit,
}
