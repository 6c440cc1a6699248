"""
A calendar day by day with its reason: what is adopted says it, or what is published, or it is only guessed; and which files are
in force, with the orders behind them.
"""

import calendar as months
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from node.domain.time import WorkCalendar
from node.packs.calendar_file import CalendarDay, CalendarFile, Layer, parse_calendar
from node.packs.published import published
from node.services.acting import Node
from node.storage import schema
from node.storage.unit_of_work import View

SATURDAY = 5
# Where a day's kind comes from: an adopted arrangement, a closure of this place, a former year's publication, nothing.
ADOPTED, CLOSED_HERE, PUBLISHED, PROVISIONAL = "adopted", "closed_here", "published", "provisional"


@dataclass(frozen=True)
class DayLine:
    """A day: ``why`` is a code of section ``day``, ``source`` one of the four above, ``name`` the holiday's, ``document`` the order's."""

    day: date
    is_workday: bool
    why: str
    source: str
    name: str
    document: str


def why_of(calendar: WorkCalendar, day: date) -> str:
    """A code of section ``day``."""
    if calendar.is_provisional(day):
        return "provisional"
    on_weekend = day.weekday() >= SATURDAY
    if calendar.is_workday(day):
        return "make_up_workday" if on_weekend else "workday"
    return "weekend" if on_weekend else "holiday"


def files_in_force(node: Node, view: View) -> list[CalendarFile]:
    """The adopted calendars that hold, of each origin the highest version; statutory years first."""
    table = schema.adoptions
    rows = view.connection.execute(
        select(table.c.id, table.c.blob).where(table.c.node == node.code, table.c.kind == "calendar").order_by(table.c.seq)
    ).all()
    newest: dict[str, CalendarFile] = {}
    for row in rows:
        blob = bytes(row.blob).hex()
        if not node.blobs.has(blob):
            continue
        file = parse_calendar(row.id, node.blobs.get(blob).decode())
        if file.origin not in newest or newest[file.origin].number <= file.number:
            newest[file.origin] = file
    return sorted(newest.values(), key=lambda file: (file.layer is Layer.LOCAL, file.origin))


def days_of(calendar: WorkCalendar, files: list[CalendarFile], year: int, month: int) -> list[DayLine]:
    """Every day of that month."""
    last = months.monthrange(year, month)[1]
    return [line_of(calendar, files, date(year, month, number)) for number in range(1, last + 1)]


def line_of(calendar: WorkCalendar, files: list[CalendarFile], day: date) -> DayLine:
    """That *day*, with its reason."""
    named = [(file, one) for file in files for one in file.days if one.date == day]
    file, listed = named[-1] if named else (None, None)
    return DayLine(
        day=day,
        is_workday=calendar.is_workday(day),
        why=why_of(calendar, day),
        source=_source(calendar, files, file, day),
        name=listed.name if isinstance(listed, CalendarDay) else "",
        document=file.document if file is not None else "",
    )


def _source(calendar: WorkCalendar, files: list[CalendarFile], named_by: CalendarFile | None, day: date) -> str:
    if named_by is not None:
        return CLOSED_HERE if named_by.layer is Layer.LOCAL else ADOPTED
    if any(file.layer is Layer.STATUTORY and file.origin == str(day.year) for file in files):
        return ADOPTED
    return PROVISIONAL if published(day) is None and day not in calendar.days else PUBLISHED
