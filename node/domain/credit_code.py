"""
The unified social credit code (统一社会信用代码), GB 32100-2015.

    1 authority, 2 class, 3-8 division of the authority (GB/T 2260), 9-17 organisation code (GB 11714), 18 check character

Two traps (FEATURES 3.2).  One resident identity number in 31 passes the outer check; stored as a company's key it could never be
taken out of the journal again.  So the inner check, the pair of authority and class, and the form of a resident number are tested too.
And real codes exist that fail the outer check (early ones of 厦门): what fails it alone is a warning, accepted with evidence
and a second pair of eyes.
"""

import re
from dataclasses import dataclass
from datetime import date
from enum import Enum, StrEnum, auto, unique
from typing import Final

_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_VALUES: Final = {character: value for value, character in enumerate(_ALPHABET)}
_LENGTH: Final = 18
_OUTER_WEIGHTS: Final = tuple(pow(3, place, 31) for place in range(17))
_INNER_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)

# Authority and the entity classes that it registers.
_CLASSES: Final = {
    "1": "1239",  # 机构编制: 机关, 事业单位, 群众团体, 其他
    "2": "19",  # 外交: 外国常驻新闻机构, 其他
    "3": "123459",  # 司法行政: 律师执业机构, 公证处, 基层法律服务所, 司法鉴定机构, 仲裁委员会, 其他
    "4": "19",  # 文化: 外国在华文化中心, 其他
    "5": "1239",  # 民政: 社会团体, 民办非企业单位, 基金会, 其他
    "6": "129",  # 旅游: 外国, 港澳台旅游部门常驻代表机构, 其他
    "7": "129",  # 宗教: 宗教活动场所, 宗教院校, 其他
    "8": "19",  # 工会: 基层工会, 其他
    "9": "123",  # 市场监管: 企业, 个体工商户, 农民专业合作社
    "A": "19",  # 中央军委: 军队事业单位, 其他
    "N": "1239",  # 农业: 组级, 村级, 乡镇级集体经济组织, 其他
    "Y": "1",  # 其他
}
_INDIVIDUAL_BUSINESS: Final = "92"

# Full-width forms of the printable ASCII characters.
_HALF_WIDTH: Final = {0xFF01 + offset: chr(0x21 + offset) for offset in range(94)}
_SEPARATORS: Final = re.compile(r"[\s\-\u200b\ufeff\u2010-\u2015\u2212]+")
# Letters that the alphabet leaves out because they are read for these digits.
_MISREAD: Final = str.maketrans({"I": "1", "O": "0", "S": "5", "Z": "2"})

_RESIDENT_NUMBER: Final = re.compile(r"[1-8][0-9]{5}((?:18|19|20)[0-9]{2})([0-9]{2})([0-9]{2})[0-9]{3}[0-9X]")


@unique
class Verdict(Enum):
    """VALID: take it.  WARN: take it with evidence and a second person's confirmation.  INVALID: refuse it."""

    VALID = auto()
    WARN = auto()
    INVALID = auto()


@unique
class Fault(StrEnum):
    """What is wrong with a code; the sentences stand by these in the catalogues."""

    LENGTH = "length"
    ALPHABET = "alphabet"
    SUBJECT = "subject"  # no such pair of authority and class
    DIVISION = "division"
    ORGANISATION_CHECK = "organisation_check"
    CHECK = "check"
    RESIDENT_NUMBER = "resident_number"


# The faults that a person can set aside, each only if it is the one fault there is.
_PARDONABLE: Final = ((Fault.CHECK,), (Fault.RESIDENT_NUMBER,))


@dataclass(frozen=True)
class CreditCodeResult:
    """
    What `check` found.

    *normalised* is the code to store, once the verdict allows it.  *faults* stand in the order of `Fault`; empty only if VALID.
    *suggestion* is what the code may have been meant to be; it is shown, and never taken without a person's word.
    *personal* says that the text must be kept and shown as a contact: the code of an individual business, or what has the
    form of a resident number, whatever the verdict.
    """

    verdict: Verdict
    normalised: str
    faults: tuple[Fault, ...]
    suggestion: str | None
    personal: bool


def check(text: str) -> CreditCodeResult:
    """
    Say whether *text*, as somebody typed it, is a unified social credit code.

    Never raises.  Spaces and hyphens are dropped, full-width characters and small letters brought to their plain form; no character is
    exchanged for another.  Who has no code leaves the field empty, which is not asked here (an empty text is INVALID).

    A code of class 93 (农民专业合作社) is not personal: a cooperative is a legal person.  A code of class 92 is (DESIGN 4).
    """
    code = normalise(text)
    faults = _faults(code)
    if not faults:
        verdict = Verdict.VALID
    elif faults in _PARDONABLE:
        verdict = Verdict.WARN
    else:
        verdict = Verdict.INVALID
    # A letter typed for a digit makes it no less personal.
    meant = code.translate(_MISREAD)
    personal = meant.startswith(_INDIVIDUAL_BUSINESS) or _reads_as_resident_number(meant)
    return CreditCodeResult(verdict, code, faults, _suggestion(code), personal)


def normalise(text: str) -> str:
    """Return *text* without spaces and hyphens, half-width, in capitals."""
    return _SEPARATORS.sub("", text.translate(_HALF_WIDTH)).upper()


def _faults(code: str) -> tuple[Fault, ...]:
    """Return all faults of the normalised *code*; the checks behind length and alphabet have a meaning only if these are right."""
    form = {Fault.LENGTH: len(code) != _LENGTH, Fault.ALPHABET: not set(code) <= _VALUES.keys()}
    if any(form.values()):
        return tuple(fault for fault, found in form.items() if found)
    content = {
        Fault.SUBJECT: code[1] not in _CLASSES.get(code[0], ""),
        Fault.DIVISION: not code[2:8].isdigit() or code[2] == "0",
        Fault.ORGANISATION_CHECK: code[16] != _organisation_check(code[8:16]),
        Fault.CHECK: code[17] != _check_character(code[:17]),
        Fault.RESIDENT_NUMBER: _reads_as_resident_number(code),
    }
    return tuple(fault for fault, found in content.items() if found)


def _check_character(first_17: str) -> str:
    total = sum(_VALUES[character] * weight for character, weight in zip(first_17, _OUTER_WEIGHTS, strict=True))
    return _ALPHABET[-total % 31]


def _organisation_check(first_8: str) -> str:
    """Return the check character of an organisation code (GB 11714): 0-9 as they are, A-Z as 10 to 35."""
    total = sum(int(character, 36) * weight for character, weight in zip(first_8, _INNER_WEIGHTS, strict=True))
    # 11 minus the remainder; 10 is written X, 11 is written 0.
    return "0123456789X"[-total % 11]


def _reads_as_resident_number(code: str) -> bool:
    """
    Say whether *code* has the form of a resident identity number: division, a date of birth that exists, 18 places.

    Its own check digit is not asked for: a mistyped resident number is as personal as a right one.
    """
    found = _RESIDENT_NUMBER.fullmatch(code)
    if found is None:
        return False
    try:
        date(*map(int, found.groups()))
    except ValueError:
        return False
    return True


def _suggestion(code: str) -> str | None:
    """Return *code* with its misread letters put right, if it has some and is then right; a doubtful code is suggested to nobody."""
    meant = code.translate(_MISREAD)
    return meant if meant != code and not _faults(meant) else None
