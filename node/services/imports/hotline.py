"""
Any hotline's export by a saved column map (USERS B15): 12345 and its like.

The platform's own number and the time of the call are mandatory; channel and number together are the need's natural key, so an
export that overlaps the last one brings only what is new.  A call that somebody entered by hand under its number is known, too.
"""

from collections.abc import Iterator

from node.domain.refusal import Code
from node.domain.ticket.intake import Register
from node.services.imports.intake_rows import COLUMNS as NAMES
from node.services.imports.intake_rows import channel_of, registration
from node.services.imports.plan import Kind, Setting, Step
from node.services.imports.reader import Columns

REQUIRED = ("external_number", "received_at", "appeal")
COLUMNS = Columns(NAMES, required=REQUIRED)
USUAL = ("hotline_12345", "hotline_12345_transfer", "private_economy_line")


def steps(setting: Setting) -> Iterator[Step]:
    """One registration a row."""
    seen: dict[tuple[str, str], int] = {}
    for cells in setting.cells():
        cells.need("external_number", "received_at")
        channel = channel_of(setting, cells, *USUAL)
        given = registration(setting, cells, channel)
        if given["received_at"] is not None and given["received_at"] > setting.now:
            cells.fault("received_at", "time_ahead")
        key = channel, given["external_number"]
        if given["external_number"] and seen.setdefault(key, cells.row.number) != cells.row.number:
            cells.fault("external_number", "repeated", wanted=str(seen[key]))
        if not cells.faults:
            actor = setting.actor(Register, channel)
            yield Step(cells.row.number, Register(**given), actor, "|".join(key), known_by=Code.ALREADY_EXISTS)


KIND = Kind("hotline", COLUMNS, steps)
