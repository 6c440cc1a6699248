"""What lists of needs have in common: the columns of a registration, and how a row becomes one."""

from collections.abc import Mapping
from typing import Any

from node.domain.ticket.intake import APPELLANT_KINDS
from node.services.imports.cells import Cells
from node.services.imports.plan import Setting, first_of

# Columns as lists and exports usually call them.
COLUMNS: Mapping[str, str] = {
    "工单编号": "external_number",
    "来电时间": "received_at",
    "受理渠道": "channel",
    "诉求内容": "appeal",
    "诉求标题": "title",
    "企业名称": "enterprise_name",
    "联系人": "name",
    "联系电话": "phone",
    "统一社会信用代码": "credit_code",
    "诉求主体": "appellant_kind",
    "地址": "address",
    "诉求类别": "category",
    "所属领域": "field",
    "事项": "matter",
    "事项细类": "topic",
    "问题或建议": "appeal_kind",
    "号码保密": "is_number_withheld",
    "服务群": "group",
    "窗口": "desk",
    "交办单位": "assigned_by",
    "渠道说明": "channel_note",
    "首接单位": "first_contact",
    "职责研判": "judgement",
}
_PLAIN = ("field", "topic", "group", "desk", "assigned_by", "credit_code")
_CODED = (("category", "category"), ("matter", "matter"), ("appeal_kind", "appeal_kind"), ("judgement", "judgement"))


def channel_of(setting: Setting, cells: Cells, *usual: str) -> str:
    """The row's channel, else the one that was named, else the first of *usual* that the pack has; it must be one of the pack's."""
    offered = setting.policy.pack.names("intake.channels")
    named = setting.code_of("channel", cells.text("channel")) or setting.options.channel
    channel = named or next((one for one in usual if one in offered), "")
    if channel not in offered:
        cells.fault("channel", "value_unknown" if channel else "required", channel, ", ".join(offered))
    return channel


def registration(setting: Setting, cells: Cells, channel: str, unit: str = "") -> dict[str, Any]:
    """The fields of ``Register`` that the row gives, *unit* where it names no first contact; its faults gather in *cells*."""
    cells.need("appeal")
    given: dict[str, Any] = {name: cells.text(name) for name in _PLAIN}
    given |= {name: setting.code_of(section, cells.text(name)) for name, section in _CODED}
    offered = setting.policy.pack.names("classes")
    given["category"] = given["category"] or setting.options.category
    if given["category"] and given["category"] not in offered:
        cells.fault("category", "value_unknown", given["category"], ", ".join(offered))
    given["appellant_kind"] = _appellant_kind(setting, cells)
    given["first_contact"] = setting.unit(cells.text("first_contact") or unit)
    if given["first_contact"] and not setting.has_unit(given["first_contact"]):
        cells.fault("first_contact", "unit_unknown")
    for name in ("name", "address"):
        given[name] = cells.contact(name)
    for name in ("title", "enterprise_name", "channel_note", "appeal"):
        given[name] = cells.words(name)
    return {
        **given,
        "channel": channel,
        "phone": cells.phone("phone"),
        "received_at": cells.moment("received_at"),
        "external_number": cells.text("external_number"),
        "is_number_withheld": cells.flag("is_number_withheld"),
    }


def _appellant_kind(setting: Setting, cells: Cells) -> str:
    """As the row says; else an enterprise, if the pack serves them and somebody is named; else nobody who said who he is."""
    said = setting.code_of("appellant_kind", cells.text("appellant_kind"))
    if said and said not in APPELLANT_KINDS:
        cells.fault("appellant_kind", "value_unknown", said, ", ".join(APPELLANT_KINDS))
    if said:
        return said
    served = setting.policy.pack.names("intake.appellant_kinds") or APPELLANT_KINDS
    is_named = bool(cells.text("name") or cells.text("phone") or cells.text("enterprise_name"))
    return first_of(served, "enterprise") if is_named or "anonymous" not in served else "anonymous"
