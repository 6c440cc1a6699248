"""How people say a ticket's number on the telephone, and what is looked for then (USERS C23)."""

import re

from node.domain.register_number import SpokenNumber, is_valid, normalise, spoken

_FULL_WIDTH = str.maketrans("０１２３４５６７８９", "0123456789")
# "0213-34-7", "2-13-34-7", "02/13 34 7", "2月13日34号7", "2月13日 34号 校验7".
_SHORT = re.compile(r"(?P<month>\d{2})(?P<day>\d{2})[^\d]+(?P<serial>\d{1,5})[^\d]+(?P<check>\d)")
_LONG = re.compile(r"(?P<month>\d{1,2})[^\d]+(?P<day>\d{1,2})[^\d]+(?P<serial>\d{1,5})[^\d]+(?P<check>\d)")
# Six digits of the division, four of the year: what nobody says.
_UNSAID = "_" * 10


def number_pattern(said: str) -> str | None:
    """The LIKE pattern of the register numbers that *said* may mean: the whole number or its spoken form; None if it is neither."""
    if is_valid(normalise(said)):
        return normalise(said)
    heard = parse_spoken(said)
    return None if heard is None else f"{_UNSAID}{heard.month:02d}{heard.day:02d}{heard.serial:05d}{heard.check}"


def parse_spoken(said: str) -> SpokenNumber | None:
    """Month and day, serial and check digit as somebody typed what he heard; None if it is no such thing."""
    text = said.strip().translate(_FULL_WIDTH)
    match = _SHORT.fullmatch(text) or _LONG.fullmatch(text)
    if match is None:
        return None
    heard = SpokenNumber(*(int(match[name]) for name in ("month", "day", "serial", "check")))
    return heard if 1 <= heard.month <= 12 and 1 <= heard.day <= 31 and heard.serial >= 1 else None


def short_number(number: str) -> str:
    """
    The spoken form in writing: "0213-34-7"; ``number_pattern`` finds it again.

    What is no register number, as a damaged row may have it, stays as it is: it must not take a whole list down.
    """
    if not is_valid(number):
        return number
    said = spoken(number)
    return f"{said.month:02d}{said.day:02d}-{said.serial}-{said.check}"
