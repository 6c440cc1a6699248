"""
A column map: how somebody else's export becomes ours, kept as a TOML file beside it.

    [read]
    sheet = "工单"                 # of a workbook; else the first
    header_row = 3                 # else it is found by its names
    encoding = "gb18030"           # of a CSV; else UTF-8, then GB 18030
    time_format = "%Y/%m/%d %H:%M"

    [columns]                      # field = the column's name in the file
    external_number = "热线工单号"

    [constants]                    # field = the same value in every row
    channel = "hotline_12345"

    [values.category]              # what the file says = our code
    "咨询" = "consultation"
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from node.services.imports.fault import Fault, Faulty

_SECTIONS = ("read", "columns", "constants", "values")
_READ: Mapping[str, type] = {"sheet": str, "header_row": int, "encoding": str, "time_format": str}


@dataclass(frozen=True)
class ColumnMap:
    """See above; every part may be missing."""

    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    sheet: str = ""
    header_row: int = 0
    encoding: str = ""
    time_format: str = ""


NO_MAP = ColumnMap()


def parse_map(text: str, fields: Iterable[str]) -> ColumnMap:
    """
    Read a map for a kind with these *fields*.

    Raises:
        Faulty: no TOML; a section, a field or a setting that there is not; a value that is no text.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Faulty([Fault(0, "", "map_form", str(error))]) from None
    known = set(fields)
    faults = [Fault(0, name, "map_unknown", name, ", ".join(_SECTIONS)) for name in raw if name not in _SECTIONS]
    tables = {name: _table(raw, name, faults) for name in _SECTIONS}
    for section in ("columns", "constants", "values"):
        faults += [Fault(0, name, "map_unknown", name, ", ".join(sorted(known))) for name in tables[section] if name not in known]
    for name, value in tables["read"].items():
        if name not in _READ:
            faults.append(Fault(0, name, "map_unknown", name, ", ".join(_READ)))
        elif type(value) is not _READ[name]:
            faults.append(Fault(0, name, "map_form", str(value)))
    for section in ("columns", "constants"):
        faults += [Fault(0, name, "map_form", str(value)) for name, value in tables[section].items() if not isinstance(value, str)]
    for name, words in tables["values"].items():
        if not isinstance(words, dict) or not all(isinstance(one, str) for one in words.values()):
            faults.append(Fault(0, name, "map_form", str(words)))
    if faults:
        raise Faulty(faults)
    return ColumnMap(tables["columns"], tables["constants"], tables["values"], **tables["read"])


def _table(raw: Mapping[str, Any], name: str, faults: list[Fault]) -> dict[str, Any]:
    table = raw.get(name, {})
    if isinstance(table, dict):
        return table
    faults.append(Fault(0, name, "map_form", str(table)))
    return {}
