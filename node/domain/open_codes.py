"""What people may type into an entry: codes, never words; of an enterprise the credit code only if it is a legal entity's (DESIGN 4)."""

import re
from collections.abc import Iterable

from node.domain.credit_code import Verdict, check
from node.domain.refusal import Code, Refusal

_PLAIN = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]{0,59}")


def need_plain_code(field: str, code: str) -> None:
    """
    *code* is empty, or letters, digits, and ``_ . -``, at most 60 of them.

    Raises:
        Refusal: MALFORMED_COMMAND, for what could be a name or a sentence.
    """
    if code and _PLAIN.fullmatch(code) is None:
        raise Refusal(Code.MALFORMED_COMMAND, field=field)


def legal_codes(codes: Iterable[str]) -> tuple[str, ...]:
    """
    *codes* as they are stored, each once.

    Raises:
        Refusal: CREDIT_CODE_INVALID, for one that is none, or that is a person's.
    """
    found = []
    for code in codes:
        result = check(code)
        if result.verdict is Verdict.INVALID or result.personal:
            raise Refusal(Code.CREDIT_CODE_INVALID, faults=result.faults or ("personal",), suggestion=result.suggestion or "")
        found.append(result.normalised)
    return tuple(dict.fromkeys(found))
