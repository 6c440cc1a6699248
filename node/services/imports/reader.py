"""
One reader for all files: workbooks (.xlsx), CSV (.csv, UTF-8 or GB 18030) and one JSON object a line (.jsonl).

It gives rows of text by the names of our fields.  The line with the column names is found by these names, so that a title above
it does no harm; what stands above it is kept (a reported list has its head there), and a closing note is no row.
"""

import csv
import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from node.services.imports.column_map import NO_MAP, ColumnMap
from node.services.imports.fault import Fault, Faulty

SUFFIXES = (".xlsx", ".csv", ".jsonl")
rows_max = 100_000
# The column names stand within so many lines from the top.
header_lines_max = 20
_NOTE = re.compile(r"(备注|说明|注)[:：]")
_BETWEEN = re.compile(r"\s+")


@dataclass(frozen=True)
class Columns:
    """
    What a kind of list has: ``names`` are the columns' usual names and the fields they fill (a field's own name is understood, too).

    ``required`` are the fields whose column must be there.  ``is_strict``: a column that nobody knows is a fault; exports of other
    systems have many that are not ours.
    """

    names: Mapping[str, str]
    required: tuple[str, ...]
    is_strict: bool = False

    @property
    def fields(self) -> tuple[str, ...]:
        """Every field, once."""
        return tuple(dict.fromkeys(self.names.values()))


@dataclass(frozen=True)
class Row:
    """One row: its number in the file, from 1, and its text by field; what is empty is not there."""

    number: int
    cells: Mapping[str, str]

    def __getitem__(self, field: str) -> str:
        return self.cells.get(field, "")


@dataclass(frozen=True)
class Table:
    """A file as read.  ``called`` says what the file calls a field."""

    rows: tuple[Row, ...]
    above: tuple[str, ...]
    called: Mapping[str, str]


def read(content: bytes, suffix: str, columns: Columns, by: ColumnMap = NO_MAP) -> Table:
    """
    Read a file of *suffix* (".xlsx", ".csv", ".jsonl").

    Raises:
        Faulty: a file of another kind or a broken one, no sheet of that name, an unknown encoding, a required column that is missing
            or one twice, a column that nobody knows where the list is ours, no row, too many rows.
    """
    match suffix.lower():
        case ".xlsx":
            lines = _of_workbook(content, by.sheet)
        case ".csv":
            lines = _of_csv(content, by.encoding)
        case ".jsonl":
            lines = _of_jsonl(content)
        case _:
            raise Faulty([Fault(0, "", "file_suffix", suffix, ", ".join(SUFFIXES))])
    return _table(lines, columns, by)


# --- lines of text ----------------------------------------------------------------------------------------------------

# A line of cells with its number in the file.
Line = tuple[int, Sequence[str]]


def _of_workbook(content: bytes, sheet: str) -> list[Line]:
    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, OSError, ValueError) as error:
        raise Faulty([Fault(0, "", "file_broken", type(error).__name__)]) from None
    try:
        if sheet and sheet not in book.sheetnames:
            raise Faulty([Fault(0, "", "sheet_missing", sheet, ", ".join(book.sheetnames))])
        page = book[sheet] if sheet else book.worksheets[0]
        return [(number, [_text(value) for value in row]) for number, row in enumerate(page.iter_rows(values_only=True), 1)]
    finally:
        book.close()


def _of_csv(content: bytes, encoding: str) -> list[Line]:
    reader = csv.reader(io.StringIO(_decoded(content, encoding), newline=""))
    try:
        return [(number, [_text(cell) for cell in cells]) for number, cells in enumerate(reader, 1)]
    except csv.Error as error:
        raise Faulty([Fault(0, "", "file_broken", str(error))]) from None


def _decoded(content: bytes, encoding: str) -> str:
    for name in (encoding,) if encoding else ("utf-8-sig", "gb18030"):
        try:
            return content.decode(name).removeprefix("\ufeff")
        except UnicodeDecodeError:
            continue
        except LookupError:
            break
    raise Faulty([Fault(0, "", "encoding", encoding or "UTF-8, GB 18030")])


def _of_jsonl(content: bytes) -> list[Line]:
    lines: list[Line] = []
    names: dict[str, int] = {}
    faults = []
    for number, text in enumerate(_decoded(content, "").splitlines(), 1):
        if not text.strip():
            continue
        try:
            found = json.loads(text)
        except json.JSONDecodeError as error:
            faults.append(Fault(number, "", "line_form", str(error)))
            continue
        if not isinstance(found, dict):
            faults.append(Fault(number, "", "line_form", text[:40]))
            continue
        for name in found:
            names.setdefault(name, len(names))
        lines.append((number, [_text(found.get(name)) for name in names]))
    if faults:
        raise Faulty(faults)
    return [(0, list(names)), *lines]


def _text(value: object) -> str:
    """A cell as text; what our own lists mark as no formula loses the mark."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ") if value.time() != time.min else value.date().isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = str(value).strip()
    return text[1:] if text[:1] == "'" and text[1:2] in tuple("=+-@") else text


# --- a table ----------------------------------------------------------------------------------------------------------


def _table(lines: list[Line], columns: Columns, by: ColumnMap) -> Table:
    fields = _names(columns, by)
    place = _header(lines, fields, columns, by)
    header = [_plain(cell) for cell in lines[place][1]]
    where = {fields[name]: position for position, name in enumerate(header) if name in fields}
    called = {field: header[position] for field, position in where.items()}
    _check(header, where, fields, columns, by)
    rows = []
    for number, cells in lines[place + 1 :]:
        texts = {field: cells[position] for field, position in where.items() if position < len(cells) and cells[position]}
        if not texts or _is_note(cells):
            continue
        coded = {field: by.values.get(field, {}).get(text, text) for field, text in texts.items()}
        rows.append(Row(number, {**by.constants, **coded}))
    if not rows:
        raise Faulty([Fault(0, "", "no_rows")])
    if len(rows) > rows_max:
        raise Faulty([Fault(0, "", "too_many_rows", str(len(rows)), str(rows_max))])
    above = tuple(" ".join(cell for cell in cells if cell) for _, cells in lines[:place])
    return Table(tuple(rows), tuple(line for line in above if line), called)


def _names(columns: Columns, by: ColumnMap) -> dict[str, str]:
    """Name of a column -> field; what the map says goes before what is usual."""
    usual = {_plain(name): field for name, field in columns.names.items() if field not in by.columns}
    own = {field: field for field in columns.fields if field not in by.columns}
    return {**own, **usual, **{_plain(name): field for field, name in by.columns.items()}}


def _header(lines: list[Line], fields: Mapping[str, str], columns: Columns, by: ColumnMap) -> int:
    """The place of the line with the column names: that with most of them, of two such the upper."""
    if by.header_row:
        place = next((place for place, (number, _) in enumerate(lines) if number == by.header_row), None)
        if place is None:
            raise Faulty([Fault(by.header_row, "", "no_rows")])
        return place
    known = [len({_plain(cell) for cell in cells} & fields.keys()) for _, cells in lines[:header_lines_max]]
    if not known or max(known) == 0:
        raise Faulty([Fault(0, _called(field, columns, by), "column_missing") for field in columns.required])
    return known.index(max(known))


def _check(header: Sequence[str], where: Mapping[str, int], fields: Mapping[str, str], columns: Columns, by: ColumnMap) -> None:
    there = {*where, *by.constants}
    faults = [Fault(0, _called(field, columns, by), "column_missing") for field in columns.required if field not in there]
    faults += [Fault(0, name, "column_missing") for field, name in by.columns.items() if field not in where]
    named = [name for name in header if name in fields]
    faults += [Fault(0, name, "column_twice") for name in _twice(fields[name] for name in named)]
    if columns.is_strict:
        faults += [Fault(0, name, "column_unknown", name) for name in header if name and name not in fields]
    if faults:
        raise Faulty(list(dict.fromkeys(faults)))


def _called(field: str, columns: Columns, by: ColumnMap) -> str:
    return by.columns.get(field) or next(name for name, known in columns.names.items() if known == field)


def _twice(names: Iterable[str]) -> list[str]:
    return sorted(name for name, count in Counter(names).items() if count > 1)


def _plain(cell: str) -> str:
    """A column's name without the blanks and breaks that a narrow column has, and without the mark of a mandatory one."""
    return _BETWEEN.sub("", cell).strip("*＊")


def _is_note(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell]
    return len(filled) == 1 and _NOTE.match(filled[0]) is not None
