"""
Administrative division codes (GB/T 2260) and node codes.

The federation's tree is data, signed by the top node; it is never derived from codes.  What stands here gives defaults when a tree
is drawn up and finds slips in it.  Whether a code exists, and what it is called, is a table's business.
"""

import re
from dataclasses import dataclass
from enum import Enum, unique
from typing import Final

_DIVISION: Final = re.compile(r"[1-9][0-9]{5}")
_SUFFIX: Final = re.compile(r"[0-9a-z]{1,8}")
# 北京, 天津, 上海, 重庆.  Their CC 01 (districts) and 02 (counties) are headings of the table without an office.
_MUNICIPALITIES: Final = frozenset({"11", "12", "31", "50"})


@unique
class Level(Enum):
    """The level of a division.  The engine asks for superior and subordinates and never counts levels; this is for forms and checks."""

    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"


def level(code: str) -> Level:
    """
    Return the level of the six-digit *code* PPCCDD (FEATURES 3.1).

    A heading of the code table (500100 市辖区, 469000 省直辖县级行政区划) has the form of a city and is taken for one.

    Raises:
        ValueError: *code* is not six digits, begins with 0, or names a county of no city (PP00DD).
    """
    _check_division(code)
    if code[4:] != "00":
        return Level.COUNTY
    return Level.CITY if code[2:4] != "00" else Level.PROVINCE


def parent(code: str) -> str | None:
    """
    Return the code of the division above *code*, None for a province.

    The last pair that is not zero becomes 00; but counties directly under a province (CC = 90) and the districts and
    counties of the four municipalities (CC = 01, 02) have the province above them.  So 500236 has no city.

    Raises:
        ValueError: as `level`.
    """
    match level(code):
        case Level.PROVINCE:
            return None
        case Level.CITY:
            return code[:2] + "0000"
        case Level.COUNTY:
            under_province = code[2:4] == "90" or (code[:2] in _MUNICIPALITIES and code[2:4] in ("01", "02"))
            return code[:2] + "0000" if under_province else code[:4] + "00"


def is_within(code: str, ancestor: str) -> bool:
    """
    Say whether the division *code* is *ancestor* itself or lies below it.

    Raises:
        ValueError: as `level`, for either code.
    """
    _check_division(ancestor)
    above: str | None = code
    while above is not None and above != ancestor:
        above = parent(above)
    return above is not None


@dataclass(frozen=True, order=True)
class NodeCode:
    """
    The code of a node, for life: a division code, or one with a suffix for an office that has none (development zone, 管委会).

    Raises:
        ValueError: *division* is no division code, or *suffix* is neither empty nor one to eight of 0-9 and a-z.
    """

    division: str
    suffix: str = ""

    def __post_init__(self) -> None:
        _check_division(self.division)
        if self.suffix and not _SUFFIX.fullmatch(self.suffix):
            raise ValueError(f"{self.suffix!r} is no suffix of a node code")

    @classmethod
    def parse(cls, text: str) -> "NodeCode":
        """
        Return the code that *text* ("520402", "520402-kfq") is the one written form of.

        Raises:
            ValueError: *text* is no node code.
        """
        division, hyphen, suffix = text.partition("-")
        if hyphen and not suffix:
            raise ValueError(f"{text!r} has a hyphen and no suffix")
        return cls(division, suffix)

    def __str__(self) -> str:
        return f"{self.division}-{self.suffix}" if self.suffix else self.division


def _check_division(code: str) -> None:
    if not _DIVISION.fullmatch(code):
        raise ValueError(f"{code!r} is no division code: six digits, the first not 0")
    if code[2:4] == "00" and code[4:] != "00":
        raise ValueError(f"{code!r} is no division code: a county without a city")
