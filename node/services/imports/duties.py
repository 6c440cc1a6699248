"""The responsibility catalogue: a file is a version, taken whole (FEATURES 52)."""

from collections.abc import Iterator

from node.domain.duty_list import COLUMNS as NAMES
from node.domain.duty_list import REQUIRED, AdoptDutyList, read_rows
from node.domain.time import local_day
from node.services.imports.fault import Fault
from node.services.imports.plan import Kind, Setting, Step
from node.services.imports.reader import Columns
from node.services.registry import read_units

COLUMNS = Columns(NAMES, required=REQUIRED, is_strict=True)


def steps(setting: Setting) -> Iterator[Step]:
    """One command for all rows; a unit may be called by its name."""
    rows = setting.table.rows
    texts = [{**row.cells, "unit": setting.unit(row["unit"])} for row in rows]
    items, faults = read_rows(texts, setting.node, read_units(setting.work.connection, setting.node))
    for one in faults:
        column = setting.table.called.get(one.column, one.column)
        setting.faults.append(Fault(rows[one.row - 1].number if one.row else 0, column, one.code, one.value))
    if not faults:
        day = setting.options.effective_from or local_day(setting.now)
        command = AdoptDutyList(setting.options.version or day.isoformat(), day, items)
        yield Step(0, command, setting.actor(AdoptDutyList))


KIND = Kind("duties", COLUMNS, steps)
