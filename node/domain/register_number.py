"""
The register number (登记号): the one number of a ticket, for life, given at registration without any central server.

    PPCCDD YYYYMMDD SSSSS C      520402 20260126 00034 0

Division of the node that registered, Beijing date of registration, serial of that day, check digit (ISO 7064 MOD 11,10).

**Nodes with a suffix.**  Only the six digits of a node code enter the number, so 520402 and 520402-kfq must not count in the same
range.  The serials of a day are divided: 1 to 89999 belong to the node whose code is the six digits alone; 90000 to 99999 are ten
blocks of a thousand for the nodes with a suffix to that division.  Which block is whose is data of the signed tree, beside the node
code that it grants, where one block is given once; `make` refuses a serial from the other's range.  A node that outgrows
its block is granted a second one; nothing in the number has to change.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from node.domain.division import NodeCode

SUFFIX_BLOCKS: Final = 10
_SUFFIX_BLOCK_SERIALS: Final = 1_000
_PLAIN_SERIALS: Final = range(1, 90_000)
_SUFFIX_SERIALS: Final = range(90_000, 100_000)

_DIGITS: Final = re.compile(r"[0-9]{20}")
_FULL_WIDTH_DIGITS: Final = {0xFF10 + digit: str(digit) for digit in range(10)}
# White space of every width (none included), and the dashes that people and programs put between groups.
_SEPARATORS: Final = re.compile(r"[\s\-\u200b\ufeff\u2010-\u2015\u2212\uFF0D]+")


@dataclass(frozen=True)
class RegisterNumberParts:
    """What a register number says: division (six digits), Beijing date, serial of the day (1 to 99999), check digit (0 to 9)."""

    division: str
    day: date
    serial: int
    check: int


@dataclass(frozen=True)
class SpokenNumber:
    """The short form for the telephone, as numbers; the catalogues say it in a language ("一月二十六日 三十四号 校验零")."""

    month: int
    day: int
    serial: int
    check: int


def serials_of(node_code: str, block: int | None = None) -> range:
    """
    Return the serials that a node may give in one day, in the order of giving.

    Args:
        node_code: six digits, or with a suffix.
        block: for a node with a suffix, its block of the signed tree, 0 to 9; else None.
    Raises:
        ValueError: *node_code* is none, a node with a suffix has no block, one without has one, or *block* is out of range.
    """
    if not NodeCode.parse(node_code).suffix:
        if block is not None:
            raise ValueError(f"{node_code} has no suffix and so no block of serials")
        return _PLAIN_SERIALS
    if block is None or not 0 <= block < SUFFIX_BLOCKS:
        raise ValueError(f"{node_code} needs a block of serials from 0 to {SUFFIX_BLOCKS - 1}, not {block}")
    start = block * _SUFFIX_BLOCK_SERIALS
    return _SUFFIX_SERIALS[start : start + _SUFFIX_BLOCK_SERIALS]


def make(node_code: str, day: date, serial: int) -> str:
    """
    Return the register number of the *serial*-th registration of *day* at the node.

    Source: FEATURES 3.1, DESIGN 5.

    Args:
        node_code: six digits, or with a suffix, which does not enter the number.
        day: the Beijing date; not a datetime, whose date would be UTC's.
        serial: 1 to 89999; for a node with a suffix, one of its block within 90000 to 99999 (`serials_of`).
    Raises:
        ValueError: *node_code* is none, *day* is a datetime, or *serial* is not one of this kind of node.
    """
    code = NodeCode.parse(node_code)
    if isinstance(day, datetime):
        raise ValueError("a register number takes the Beijing date, not a point in time")
    serials = _SUFFIX_SERIALS if code.suffix else _PLAIN_SERIALS
    if serial not in serials:
        raise ValueError(f"serial {serial} of {node_code} is not in {serials.start}..{serials.stop - 1}")
    body = f"{code.division}{day.isoformat().replace('-', '')}{serial:05d}"
    return body + str(_check_digit(body))


def parts(text: str) -> RegisterNumberParts:
    """
    Return what the register number *text* says.

    Raises:
        ValueError: *text* is not 20 digits, its check digit is wrong, or division, date or serial cannot be.
    """
    if not _DIGITS.fullmatch(text):
        raise ValueError("a register number has 20 digits")
    body, check = text[:19], int(text[19])
    if check != _check_digit(body):
        raise ValueError(f"the check digit of {text} is wrong")
    division = NodeCode(body[:6]).division
    day = date(int(body[6:10]), int(body[10:12]), int(body[12:14]))
    serial = int(body[14:])
    if serial == 0:
        raise ValueError("serials begin at 1")
    return RegisterNumberParts(division, day, serial, check)


def is_valid(text: str) -> bool:
    """Say whether *text* is a register number as it is stored; what a person typed goes through `normalise` first."""
    try:
        parts(text)
    except ValueError:
        return False
    return True


def spoken(number: str) -> SpokenNumber:
    """
    Return what is said on the telephone: month and day, serial, check digit.

    Raises:
        ValueError: *number* is no register number.
    """
    said = parts(number)
    return SpokenNumber(said.day.month, said.day.day, said.serial, said.check)


def normalise(text: str) -> str:
    """Return *text* without spaces and hyphens and with full-width digits made plain; nothing else is changed."""
    return _SEPARATORS.sub("", text).translate(_FULL_WIDTH_DIGITS)


def _check_digit(digits: str) -> int:
    """Return the ISO 7064 MOD 11,10 check digit of *digits*: every single wrong digit is found, and nearly every swap of neighbours."""
    product = 10
    for digit in digits:
        product = ((product + int(digit)) % 10 or 10) * 2 % 11
    return (11 - product) % 10
