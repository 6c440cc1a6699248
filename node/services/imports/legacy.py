"""
What is open in an older system when the node begins (USERS B15): each need with its own number and its real dates.

It carries the mark of ``node.domain.ticket.legacy`` for life: handled as any other, in no rate and no frame.
"""

from collections.abc import Iterator

from node.domain.refusal import Code
from node.domain.ticket.legacy import RegisterLegacy
from node.services.imports.intake_rows import COLUMNS as NAMES
from node.services.imports.intake_rows import channel_of, registration
from node.services.imports.plan import Kind, Setting, Step
from node.services.imports.reader import Columns

REQUIRED = ("external_number", "received_at", "appeal")
COLUMNS = Columns({**NAMES, "原编号": "external_number", "收到时间": "received_at", "登记时间": "occurred_at"}, required=REQUIRED)


def steps(setting: Setting) -> Iterator[Step]:
    """One registration a row; when it was entered elsewhere is when it is said to have happened."""
    seen: dict[tuple[str, str], int] = {}
    for cells in setting.cells():
        cells.need("external_number", "received_at")
        channel = channel_of(setting, cells)
        given = registration(setting, cells, channel)
        occurred_at = cells.moment("occurred_at") or given["received_at"]
        key = channel, given["external_number"]
        if given["external_number"] and seen.setdefault(key, cells.row.number) != cells.row.number:
            cells.fault("external_number", "repeated", wanted=str(seen[key]))
        if not cells.faults:
            actor = setting.actor(RegisterLegacy, channel)
            command = RegisterLegacy(**given)
            yield Step(cells.row.number, command, actor, "|".join(key), occurred_at=occurred_at, known_by=Code.ALREADY_EXISTS)


KIND = Kind("legacy", COLUMNS, steps)
