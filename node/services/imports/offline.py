"""
The offline ledger (线下台账): what a department or a window wrote down on paper (AS25-4.1d).

Unit, serial and time of receipt are the natural key: serials of two units, or of two years, are not the same.
"""

from collections.abc import Iterator

from node.domain.ticket.intake import Register
from node.services.imports.intake_rows import COLUMNS as NAMES
from node.services.imports.intake_rows import channel_of, registration
from node.services.imports.plan import Kind, Setting, Step
from node.services.imports.reader import Columns

REQUIRED = ("list_number", "received_at", "appeal")
COLUMNS = Columns(
    {
        **{name: field for name, field in NAMES.items() if field not in ("external_number", "received_at")},
        "序号": "list_number",
        "接收时间": "received_at",
        "答复内容": "answer",
    },
    required=REQUIRED,
    is_strict=True,
)
USUAL = ("window", "centre_offline", "face_to_face_visit", "other")


def steps(setting: Setting) -> Iterator[Step]:
    """One registration a row; what was answered there and then is registered with its answer."""
    seen: dict[str, int] = {}
    for cells in setting.cells():
        cells.need(*REQUIRED)
        channel = channel_of(setting, cells, *USUAL)
        given = registration(setting, cells, channel, setting.options.unit)
        received_at = given["received_at"]
        if received_at is not None and received_at > setting.now:
            cells.fault("received_at", "time_ahead")
        key = f"{given['first_contact']}|{cells.text('list_number')}|{received_at}"
        if seen.setdefault(key, cells.row.number) != cells.row.number:
            cells.fault("list_number", "repeated", wanted=str(seen[key]))
        if not cells.faults:
            command = Register(**given, list_number=cells.words("list_number"), answer=cells.words("answer"))
            yield Step(cells.row.number, command, setting.actor(Register, channel), key, occurred_at=received_at)


KIND = Kind("offline", COLUMNS, steps)
