"""
Calendar files: one TOML file holds one layer of days with the document that orders them.

- *statutory*: the State Council's arrangement for one year.  Days that are not listed follow the week.  It may reach
  back into the last December, where the next New Year's make-up workday may lie.  A change during the year is a new
  version with the whole year in it ("2026.2"); the highest version of a year holds.
- *local*: closures that a place orders for itself (snow, flood).  They only close days, lie over every statutory layer
  and are issued by a node; each change is a new version with all of the issuer's closures in it ("520402.3").

``work_calendar`` lays adopted files over each other.  A file is refused as a whole, with every fault that it has, each
named by file, key and rule; days are numbered from 1 in the order of the file.
"""

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum, unique
from importlib import resources
from types import MappingProxyType
from typing import Any, TypeVar

from node.domain.time import WorkCalendar

Value = TypeVar("Value")

DECEMBER = 12
SATURDAY = 5
YEAR_MIN = 2000
YEAR_MAX = 2100
DOCUMENT = re.compile(r"\S+〔(\d{4})〕\d+号")
ISSUER = re.compile(r"\d{6}(-[0-9a-z]{1,8})?")


@unique
class Layer(Enum):
    """Who ordered the days of a file."""

    STATUTORY = "statutory"
    LOCAL = "local"


@unique
class Rule(Enum):
    """What a calendar file must keep; the value is the code of its sentence."""

    TOML = "toml"
    KEY_REQUIRED = "key_required"
    KEY_UNKNOWN = "key_unknown"
    TYPE = "type"
    NOT_EMPTY = "not_empty"
    LAYER_KNOWN = "layer_known"
    YEAR_RANGE = "year_range"
    VERSION_FORM = "version_form"
    ISSUER_FORM = "issuer_form"
    DOCUMENT_NUMBER = "document_number"
    PUBLISHED_IN_TIME = "published_in_time"
    DATE_IN_YEAR = "date_in_year"
    DATE_ONCE = "date_once"
    DATES_ASCEND = "dates_ascend"
    MAKE_UP_ON_WEEKEND = "make_up_on_weekend"
    LOCAL_ONLY_CLOSES = "local_only_closes"


@dataclass(frozen=True)
class Fault:
    """One rule that *file* breaks at *key*, e.g. "calendar.version" or "day[3].date"; *key* is empty for the whole file."""

    file: str
    key: str
    rule: Rule

    def __str__(self) -> str:
        return f"{self.file}: {self.key}: {self.rule.value}" if self.key else f"{self.file}: {self.rule.value}"


class FaultyCalendar(ValueError):
    """A calendar file that cannot be used; ``faults`` holds all that is wrong with it, one or more."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


@dataclass(frozen=True)
class CalendarDay:
    """One day that differs from the week, and the holiday or closure that it belongs to."""

    date: date
    working: bool
    name: str


@dataclass(frozen=True)
class CalendarFile:
    """
    One layer of days, in ascending order.

    *origin* is the year ("2026") of a statutory layer, the issuing node's code ("520402") of a local one; *version* is
    origin and number, e.g. "2026.1".  *document* is the number of the order, e.g. "国办发明电〔2025〕7号".
    """

    layer: Layer
    origin: str
    version: str
    name: str
    document: str
    published_at: date
    days: tuple[CalendarDay, ...]

    @property
    def number(self) -> int:
        """The number of this version, 1 or more."""
        return int(self.version.rpartition(".")[2])


def parse_calendar(file: str, text: str) -> CalendarFile:
    """
    Read one calendar from *text*; *file* names it in faults.

    Raises:
        FaultyCalendar: the text breaks a rule; all faults are told at once.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FaultyCalendar([Fault(file, "", Rule.TOML)]) from error
    check = _Check(file)
    calendar = check.document(document)
    if calendar is None or check.faults:
        raise FaultyCalendar(check.faults)
    return calendar


def lint_calendar(file: str, text: str) -> tuple[Fault, ...]:
    """Return every fault of the calendar *text*, in the order of its keys; empty if it can be used."""
    try:
        parse_calendar(file, text)
    except FaultyCalendar as refused:
        return refused.faults
    return ()


def shipped_texts() -> Mapping[str, str]:
    """Return the statutory calendars that come with the program: file name and text, in the order of the names."""
    folder = resources.files("node.packs") / "calendars"
    files = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".toml")), key=lambda entry: entry.name)
    return {file.name: file.read_text(encoding="utf-8") for file in files}


def work_calendar(files: Iterable[CalendarFile], published: Callable[[date], bool | None]) -> WorkCalendar:
    """
    Lay the adopted *files* over each other, in whatever order they come.

    Of one origin the highest version holds, alone.  Statutory years are laid in ascending order, whole years first, so that a
    notice may change the December before it; closures lie on top.  The version of the result names all layers that hold,
    "2026.1+2027.1+520402.3", or is "0" if there are none.

    Raises:
        ValueError: two files have the same version and different content.
    """
    newest: dict[str, CalendarFile] = {}
    for file in files:
        held = newest.get(file.origin)
        if held is not None and held.version == file.version and held != file:
            raise ValueError(f"two different calendars are called version {file.version}")
        if held is None or held.number < file.number:
            newest[file.origin] = file
    layers = sorted(newest.values(), key=lambda file: (file.layer is Layer.LOCAL, file.origin))
    days: dict[date, bool] = {}
    for file in layers:
        if file.layer is Layer.STATUTORY:
            days |= _whole_year(int(file.origin))
    for file in layers:
        days |= {day.date: day.working for day in file.days}
    return WorkCalendar("+".join(file.version for file in layers) or "0", MappingProxyType(days), published)


def _whole_year(year: int) -> dict[date, bool]:
    first = date(year, 1, 1)
    days = (first + timedelta(days=number) for number in range((date(year + 1, 1, 1) - first).days))
    return {day: day.weekday() < SATURDAY for day in days}


class _Check:
    """Reads one document and gathers its faults; a value that breaks a rule is read as None."""

    def __init__(self, file: str) -> None:
        self.faults: list[Fault] = []
        self._file = file

    def document(self, document: dict[str, Any]) -> CalendarFile | None:
        self._unknown("", document, {"calendar", "day"})
        head = self._value(document, "", "calendar", dict)
        rows = self._value(document, "", "day", list)
        if head is None:
            return None
        layer = self._layer(head)
        if layer is None:
            return None
        by_origin = {Layer.STATUTORY: "year", Layer.LOCAL: "issuer"}[layer]
        self._unknown("calendar", head, {"layer", by_origin, "version", "name", "document", "published_at"})
        origin = self._year(head) if layer is Layer.STATUTORY else self._issuer(head)
        version = self._text(head, "calendar", "version")
        if version is not None and origin is not None and not re.fullmatch(re.escape(origin) + r"\.[1-9]\d{0,5}", version):
            self._fault("calendar.version", Rule.VERSION_FORM)
        name = self._text(head, "calendar", "name")
        number = self._text(head, "calendar", "document")
        if number is not None and not DOCUMENT.fullmatch(number):
            self._fault("calendar.document", Rule.DOCUMENT_NUMBER)
        published_at = self._date(head, "calendar", "published_at")
        year = int(origin) if layer is Layer.STATUTORY and origin is not None else None
        if year is not None and published_at is not None and published_at.year not in (year - 1, year):
            self._fault("calendar.published_at", Rule.PUBLISHED_IN_TIME)
        days = self._days(rows or [], layer, year)
        if origin is None or version is None or name is None or number is None or published_at is None:
            return None
        return CalendarFile(layer, origin, version, name, number, published_at, days)

    def _layer(self, head: dict[str, Any]) -> Layer | None:
        text = self._text(head, "calendar", "layer")
        if text is None:
            return None
        if text not in [layer.value for layer in Layer]:
            self._fault("calendar.layer", Rule.LAYER_KNOWN)
            return None
        return Layer(text)

    def _year(self, head: dict[str, Any]) -> str | None:
        year = self._value(head, "calendar", "year", int)
        if year is not None and not YEAR_MIN <= year <= YEAR_MAX:
            self._fault("calendar.year", Rule.YEAR_RANGE)
            return None
        return None if year is None else str(year)

    def _issuer(self, head: dict[str, Any]) -> str | None:
        issuer = self._text(head, "calendar", "issuer")
        if issuer is not None and not ISSUER.fullmatch(issuer):
            self._fault("calendar.issuer", Rule.ISSUER_FORM)
            return None
        return issuer

    def _days(self, rows: list[Any], layer: Layer, year: int | None) -> tuple[CalendarDay, ...]:
        if not rows and layer is Layer.STATUTORY:
            self._fault("day", Rule.NOT_EMPTY)
        days: list[CalendarDay] = []
        for number, row in enumerate(rows, start=1):
            key = f"day[{number}]"
            if not isinstance(row, dict):
                self._fault(key, Rule.TYPE)
                continue
            self._unknown(key, row, {"date", "working", "name"})
            day = self._date(row, key, "date")
            working = self._value(row, key, "working", bool)
            name = self._text(row, key, "name")
            if day is not None:
                self._place(key, day, days, year)
            if working:
                self._opening(key, day, layer)
            if day is not None and working is not None and name is not None:
                days.append(CalendarDay(day, working, name))
        return tuple(days)

    def _place(self, key: str, day: date, before: Sequence[CalendarDay], year: int | None) -> None:
        if year is not None and day.year != year and (day.year, day.month) != (year - 1, DECEMBER):
            self._fault(f"{key}.date", Rule.DATE_IN_YEAR)
        if any(day == other.date for other in before):
            self._fault(f"{key}.date", Rule.DATE_ONCE)
        elif before and day < before[-1].date:
            self._fault(f"{key}.date", Rule.DATES_ASCEND)

    def _opening(self, key: str, day: date | None, layer: Layer) -> None:
        if layer is Layer.LOCAL:
            self._fault(f"{key}.working", Rule.LOCAL_ONLY_CLOSES)
        elif day is not None and day.weekday() < SATURDAY:
            self._fault(f"{key}.working", Rule.MAKE_UP_ON_WEEKEND)

    def _text(self, table: dict[str, Any], place: str, key: str) -> str | None:
        text = self._value(table, place, key, str)
        if text is not None and not text.strip():
            self._fault(f"{place}.{key}", Rule.NOT_EMPTY)
            return None
        return text

    def _date(self, table: dict[str, Any], place: str, key: str) -> date | None:
        value = self._value(table, place, key, date)
        if isinstance(value, datetime):
            self._fault(f"{place}.{key}", Rule.TYPE)
            return None
        return value

    def _value(self, table: dict[str, Any], place: str, key: str, kind: type[Value]) -> Value | None:
        full_key = f"{place}.{key}" if place else key
        if key not in table:
            self._fault(full_key, Rule.KEY_REQUIRED)
            return None
        value = table[key]
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self._fault(full_key, Rule.TYPE)
            return None
        return value

    def _unknown(self, place: str, table: dict[str, Any], known: set[str]) -> None:
        for key in table:
            if key not in known:
                self._fault(f"{place}.{key}" if place else key, Rule.KEY_UNKNOWN)

    def _fault(self, key: str, rule: Rule) -> None:
        self.faults.append(Fault(self._file, key, rule))
