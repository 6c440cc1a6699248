"""A value of a pack as somebody types it, to try it on the past."""

import re
from datetime import time

from node.domain.pack import Value
from node.domain.time import parse_windows
from node.domain.whole_number import whole_number
from node.packs.file import parse_limit
from node.packs.key import Key, Kind

_UNITS = {"工作日": "workdays", "小时": "hours", "天": "days", "日": "days", "月": "months"}
_SAID = re.compile(rf"(\d+)\s*个?({'|'.join(_UNITS)})")


def read_value(row: Key, said: str) -> Value | None:
    """What *said* means for *row*; None if it is no value of that kind, or out of its range.  Several codes are parted by commas."""
    text = said.strip()
    match row.kind:
        case Kind.LIMIT:
            limit = parse_limit(_as_in_a_file(text))
            return limit if limit is not None and limit.count >= row.least else None
        case Kind.NUMBER:
            number = whole_number(text)
            return number if number is not None and row.least <= number <= row.most else None
        case Kind.FLAG:
            return {"true": True, "false": False}.get(text)
        case Kind.NAMES:
            codes = tuple(part.strip() for part in text.split(",") if part.strip())
            return codes if not row.among or set(codes) <= set(row.among) else None
        case Kind.WINDOWS:
            windows = parse_windows(text)
            return text if windows or (windows == () and not row.required) else None
        case Kind.CHOICE:
            return text if not row.among or text in row.among else None
        case Kind.TEXT:
            # The one text that times anything is a time of day.
            return text if _is_time_of_day(text) else None


def _as_in_a_file(text: str) -> str:
    """A limit that is said as people say it ("3个工作日", "2小时") in the words of a pack file; anything else as it is."""
    match = _SAID.fullmatch(text)
    return f"{match[1]} {_UNITS[match[2]]}" if match is not None else text


def _is_time_of_day(text: str) -> bool:
    try:
        return f"{time.fromisoformat(text):%H:%M}" == text
    except ValueError:
        return False
