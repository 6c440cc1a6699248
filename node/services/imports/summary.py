"""
The summary list of problems (海门, annex 2): six columns, who reports it in its head, vouched for by whoever hands it in.

HM20-A2.1: no list without a reporting unit.  HM20-A2.3: each row is checked before anything is taken, and the list is taken only with
the confirmation of its accuracy; time and account stand in the list's own entry.  Lists are numbered 1, 2, 3 anew each time, so a
row's natural key is what it says and not its number.
"""

import re
from collections.abc import Iterator

from node.domain.list_record import RecordList
from node.domain.payload import Contact, Text
from node.domain.ticket.intake import Register
from node.services.imports.cells import is_phone
from node.services.imports.fault import Fault
from node.services.imports.intake_rows import channel_of, registration
from node.services.imports.plan import Kind, Setting, Step, digest_of
from node.services.imports.reader import Columns

REQUIRED = ("list_number", "enterprise_name", "appeal", "channel_note", "name", "phone")
COLUMNS = Columns(
    {
        "编号": "list_number",
        "企业名称": "enterprise_name",
        "存在问题": "appeal",
        "问题来源": "channel_note",
        "企业联系人": "name",
        "联系电话": "phone",
    },
    required=REQUIRED,
    is_strict=True,
)
USUAL = ("grassroots_report", "department_report", "grassroots_governance")
_HEAD = (("填表单位", "reporting_unit"), ("填报人", "reporter"), ("联系电话", "phone"))
_NEXT = "|".join(name for name, _ in _HEAD)


def steps(setting: Setting) -> Iterator[Step]:
    """One registration a row, of the channel by which the grass roots report."""
    head = head_of(setting.table.above)
    for name, field in _HEAD:
        if not head[field]:
            setting.faults.append(Fault(0, name, "head_missing"))
    if head["phone"] and not is_phone(head["phone"]):
        setting.faults.append(Fault(0, "联系电话", "phone_form", head["phone"]))
    if not setting.options.is_confirmed:
        setting.faults.append(Fault(0, "", "unconfirmed"))
    setting.record = RecordList(
        KIND.name,
        setting.digest,
        len(setting.table.rows),
        Text(head["reporting_unit"]),
        Contact(head["reporter"]),
        Contact(head["phone"]),
        setting.options.is_confirmed,
    )
    numbers: dict[str, int] = {}
    seen: dict[str, int] = {}
    for cells in setting.cells():
        cells.need(*REQUIRED)
        number = cells.text("list_number")
        if number and numbers.setdefault(number, cells.row.number) != cells.row.number:
            cells.fault("list_number", "repeated", wanted=str(numbers[number]))
        said = digest_of(cells.text("enterprise_name"), cells.text("appeal"))
        if seen.setdefault(said, cells.row.number) != cells.row.number:
            cells.fault("appeal", "repeated", wanted=str(seen[said]))
        channel = channel_of(setting, cells, *USUAL)
        given = registration(setting, cells, channel)
        if not cells.faults:
            command = Register(**given, list_number=cells.words("list_number"))
            yield Step(cells.row.number, command, setting.actor(Register, channel), digest_of(head["reporting_unit"], number, said))


def head_of(above: tuple[str, ...]) -> dict[str, str]:
    """Reporting unit, reporter and phone from what stands above the columns, in one line or in several; "" where nothing is filled in."""
    text = " ".join(above)
    found = {}
    for name, field in _HEAD:
        match = re.search(rf"{name}\s*[:：]\s*(.*?)\s*(?=(?:{_NEXT})\s*[:：]|$)", text)
        found[field] = match[1].strip(" _＿") if match else ""
    return found


KIND = Kind("summary", COLUMNS, steps)
