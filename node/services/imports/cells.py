"""What stands in a cell: times, phones, yes and no, lists of codes.  Each reading names its fault and goes on."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from node.domain.payload import Contact, Text
from node.domain.time import BEIJING
from node.services.imports.fault import Fault
from node.services.imports.reader import Row, Table

# Mobile, landline with its area code and an extension, a local number, a service number of the 400 and 800 kind.
_PHONE = re.compile(r"(?:\+?86)?1[3-9]\d{9}|(?:\+?86)?0\d{9,11}(?:转\d{1,6})?|[2-8]\d{6,7}(?:转\d{1,6})?|[48]00\d{7}")
_APART = re.compile(r"[\s()（）-]")
_LISTED = re.compile(r"[,，、;；]\s*")
_FORMS = (
    "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d", "%Y年%m月%d日 %H:%M:%S", "%Y年%m月%d日 %H:%M",
    "%Y年%m月%d日%H时%M分", "%Y年%m月%d日", "%Y.%m.%d %H:%M", "%Y.%m.%d",
)  # fmt: skip
_YES, _NO = ("是", "1", "true", "yes", "y", "√"), ("", "否", "0", "false", "no", "n")


def is_phone(said: str) -> bool:
    """A number by which somebody can be called in China."""
    return _PHONE.fullmatch(_APART.sub("", said)) is not None


@dataclass
class Cells:
    """The cells of one row; what is wrong with them gathers in ``faults``."""

    table: Table
    row: Row
    time_format: str = ""
    faults: list[Fault] = field(default_factory=list)

    def text(self, name: str) -> str:
        """As it stands."""
        return self.row[name]

    def need(self, *names: str) -> None:
        """These may not be empty."""
        for name in names:
            if not self.row[name]:
                self.fault(name, "required")

    def words(self, name: str) -> Text | None:
        """Words of somebody, or None."""
        return Text(self.row[name]) if self.row[name] else None

    def contact(self, name: str) -> Contact | None:
        """Name, address or number of somebody, or None."""
        return Contact(self.row[name]) if self.row[name] else None

    def phone(self, name: str) -> Contact | None:
        """A phone number, which must be one."""
        said = self.row[name]
        if said and not all(is_phone(one) for one in _LISTED.split(said)):
            self.fault(name, "phone_form")
        return Contact(said) if said else None

    def moment(self, name: str) -> datetime | None:
        """A time of Beijing, or with a zone of its own; a day alone is its beginning."""
        said = self.row[name]
        if not said:
            return None
        found = _moment(said, self.time_format)
        if found is None:
            self.fault(name, "time_form")
        return found

    def day(self, name: str) -> date | None:
        """A Beijing day."""
        found = self.moment(name)
        return found.astimezone(BEIJING).date() if found else None

    def flag(self, name: str) -> bool:
        """Yes or no; empty is no."""
        said = self.row[name].lower()
        if said not in (*_YES, *_NO):
            self.fault(name, "flag_form", wanted="是, 否")
        return said in _YES

    def codes(self, name: str) -> tuple[str, ...]:
        """Several codes, by comma or semicolon of either width."""
        return tuple(one.strip() for one in _LISTED.split(self.row[name]) if one.strip())

    def one_of(self, name: str, offered: Iterable[str]) -> str:
        """A code of a list; empty is empty."""
        said, known = self.row[name], tuple(offered)
        if said and said not in known:
            self.fault(name, "value_unknown", wanted=", ".join(known))
        return said

    def fault(self, name: str, code: str, value: str | None = None, wanted: str = "") -> None:
        """Something is wrong with the cell."""
        said = self.row[name] if value is None else value
        self.faults.append(Fault(self.row.number, self.called(name), code, said, wanted))

    def called(self, name: str) -> str:
        """What the file calls the field."""
        return self.table.called.get(name, name)


def _moment(said: str, time_format: str) -> datetime | None:
    if time_format:
        try:
            return _of_beijing(datetime.strptime(said, time_format))
        except ValueError:
            return None
    try:
        return _of_beijing(datetime.fromisoformat(said))
    except ValueError:
        pass
    for form in _FORMS:
        try:
            return _of_beijing(datetime.strptime(said, form))
        except ValueError:
            continue
    return None


def _of_beijing(moment: datetime) -> datetime:
    return (moment if moment.tzinfo else moment.replace(tzinfo=BEIJING)).astimezone(UTC)
