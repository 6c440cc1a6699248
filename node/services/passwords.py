"""
Passwords: hashed by Argon2id with OWASP's parameters, few at once, with the same work where there is nothing to compare with; and those
that are guessed first, by what breaches brought out.
"""

import secrets
import threading
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn import zxcvbn
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from node.domain.login import COMMON, password_characters_max

# 19 MiB, two passes.  So many at once that a flood of sign-ins does not eat the memory.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
hashes_at_once_max = 4
_AT_ONCE = threading.BoundedSemaphore(hashes_at_once_max)
# A password that needs fewer guesses than this is one that somebody tries.  zxcvbn reads so many characters and no more.
guesses_least = 10**8
_characters_read = 72
# The passwords that are tried first, as parts of others: two or three of them side by side are many guesses to zxcvbn, and no better
# than one ("Admin@12345678").  Shorter ones are parts of honest words, too.
_tried_first_max, _tried_first_characters_min = 1000, 5
TRIED_FIRST = (*COMMON, *(one for one in FREQUENCY_LISTS["passwords"][:_tried_first_max] if len(one) >= _tried_first_characters_min))
# Letters and digits that nobody misreads.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS, _IN_GROUP = 4, 4


def hashed(password: str) -> str:
    """*password* as it is kept, with its salt and parameters."""
    with _AT_ONCE:
        return _HASHER.hash(password)


def is_password(kept: str, password: str) -> bool:
    """Whether *kept* is the hash of *password*; an empty *kept* is none's, and takes as long to say so."""
    said = password[: password_characters_max + 1]
    against = kept or _nobodys()
    with _AT_ONCE:
        try:
            return _HASHER.verify(against, said) and bool(kept)
        except (VerificationError, InvalidHashError):
            return False


def is_outdated(kept: str) -> bool:
    """True if *kept* was made with weaker parameters than today's."""
    return _HASHER.check_needs_rehash(kept)


def start_password() -> str:
    """A random one, 79 bits, as it is read out and typed: "k7fm-2xqd-9vbn-c4wt"."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(_IN_GROUP)) for _ in range(_GROUPS))


def is_guessed(password: str, *words: str) -> bool:
    """
    True if *password* is among the first hundred million guesses of somebody who knows the *words*: what breaches brought out most often
    (30,000 of them lie in zxcvbn), names, dates, runs on the keyboard, and what is made of these (OWASP ASVS 5.0 6.2.4, 6.2.12).

    Nothing is asked of anybody: a node may have no way out.
    """
    known = [one for one in (*words, *COMMON) if one]
    return bool(zxcvbn(password[:_characters_read], user_inputs=known)["guesses"] < guesses_least)


@cache
def _nobodys() -> str:
    return _HASHER.hash(secrets.token_urlsafe(32))
