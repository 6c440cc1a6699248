"""What people type as a code stands in entries for ever, so it must look like one: no sentence, no name, no phone goes in as a code."""

import re
from collections.abc import Iterable

from node.domain.refusal import Code, Refusal

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
# Nine digits and more in a row may be a phone or an identity number.
_NUMBER = re.compile(r"\d{9}")


def need_code(field: str, *values: str) -> None:
    """
    Each of *values* that is not empty has the form of a code.

    Raises:
        Refusal: MALFORMED_COMMAND, with the field.
    """
    if not all(is_code(value) for value in values if value):
        raise Refusal(Code.MALFORMED_COMMAND, field=field)


def need_codes(fields: Iterable[tuple[str, str | tuple[str, ...]]]) -> None:
    """``need_code`` for several fields, one value or many each."""
    for field, value in fields:
        need_code(field, *(value if isinstance(value, tuple) else (value,)))


def is_code(value: str) -> bool:
    """Letters, digits, dots, dashes and underlines, at most 40, and no long number."""
    return _CODE.fullmatch(value) is not None and _NUMBER.search(value) is None
