"""
Rules of signing in: lock-out, time-outs, passwords, what is still to be done before a desk is open.

GB/T 22239-2019 8.1.4.1 asks for lock-out, time-outs, complexity and change; OWASP ASVS 5.0 6.2 for length before complexity.  Both
are met: a long password needs no mixture of characters, and the age at which one ends is a setting.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, unique

from node.domain.organisation import Role

failures_max = 5
failures_of_address_max = 60
lock_minutes = 15
lock_hours_max = 8
failures_kept_hours = 24
password_characters_min = 10
password_characters_max = 128
# From here on length stands for mixture.
password_characters_long = 16
password_kinds_min = 3
start_password_hours = 72
totp_step_seconds = 30
recovery_codes_count = 10
touch_seconds = 60
# A form that comes so long after its session ended is still known by its token, and its text still brought back.
former_hours_max = 24
# From here to the provider of identities and back.
flow_minutes_max = 10

# DESIGN 10: the three administrators never sign in by a password alone.
SECOND_FACTOR_FORCED = frozenset({Role.OPERATOR.value, Role.SECURITY_ADMIN.value, Role.AUDIT_ADMIN.value})

# What no list of breaches has, or so far back that it does not count: Chinese words, and names of this product.  All other words that
# everybody tries are known to ``services.passwords``; the first of them stands here for whoever asks this rule alone.
COMMON = ("password", "woaini", "5201314", "1314520", "wodemima", "mimashi", "qyzj", "qiyezhijia", "企业之家")
_LINES = "01234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm"
_RUNS = frozenset(line[at : at + 4] for one in _LINES for line in (one, one[::-1]) for at in range(len(line) - 3))


@unique
class Stage(Enum):
    """What a session still asks for; OPEN is a desk."""

    SECOND = "second"
    CHANGE = "change"
    ENROL = "enrol"
    OPEN = "open"


@unique
class Way(Enum):
    """How a session was begun."""

    PASSWORD = "password"
    CERTIFICATE = "certificate"
    OIDC = "oidc"


@unique
class Weakness(Enum):
    """Why a password is not taken."""

    SHORT = "short"
    LONG = "long"
    COMMON = "common"
    NAME = "name"
    KINDS = "kinds"
    SAME = "same"


@dataclass(frozen=True)
class Rules:
    """What an operator may set; a password of 0 days never ends."""

    idle: timedelta = timedelta(minutes=15)
    absolute: timedelta = timedelta(hours=8)
    password_days_max: int = 90
    is_second_for_all: bool = False


@dataclass(frozen=True)
class Attempts:
    """Failed attempts under one name, or from one address."""

    failures: int = 0
    last_at: datetime | None = None
    locked_until: datetime | None = None

    def is_locked(self, now: datetime) -> bool:
        """True while nothing is tried at all."""
        return self.locked_until is not None and now < self.locked_until


def failed(attempts: Attempts, now: datetime, failures_allowed: int = failures_max) -> Attempts:
    """
    One more failure: the one that reaches *failures_allowed* locks for 15 minutes, each one after it twice as long, at most 8 hours.

    A day without a failure, or a success, forgets them all.
    """
    is_old = attempts.last_at is None or now - attempts.last_at >= timedelta(hours=failures_kept_hours)
    count = 1 if is_old else attempts.failures + 1
    if count < failures_allowed:
        return Attempts(count, now)
    # Bounded before it is shifted: a count grows as long as somebody goes on.
    doubled = timedelta(minutes=lock_minutes) * (1 << min(count - failures_allowed, 10))
    return replace(attempts, failures=count, last_at=now, locked_until=now + min(doubled, timedelta(hours=lock_hours_max)))


def has_ended(begun_at: datetime, seen_at: datetime, now: datetime, rules: Rules) -> bool:
    """True once nobody sat there for ``idle``, or it began ``absolute`` ago; the very moment counts as over."""
    return now - seen_at >= rules.idle or now - begun_at >= rules.absolute


def stage_of(*, roles: frozenset[str], has_second: bool, is_strong: bool, must_change: bool, rules: Rules) -> Stage:
    """What is to be done next: the second factor first, so that a stolen password alone changes nothing."""
    if has_second and not is_strong:
        return Stage.SECOND
    if must_change:
        return Stage.CHANGE
    if not is_strong and is_second_forced(roles, rules):
        return Stage.ENROL
    return Stage.OPEN


def is_second_forced(roles: frozenset[str], rules: Rules) -> bool:
    """True if *roles* never sit at a desk by a password alone."""
    return rules.is_second_for_all or bool(roles & SECOND_FACTOR_FORCED)


def must_change(is_start: bool, set_at: datetime, now: datetime, rules: Rules) -> bool:
    """True of a start password, and of one that is older than the setting allows."""
    return is_start or (rules.password_days_max > 0 and now - set_at >= timedelta(days=rules.password_days_max))


def is_start_over(is_start: bool, set_at: datetime, now: datetime) -> bool:
    """True of a start password that nobody used within 72 hours."""
    return is_start and now - set_at >= timedelta(hours=start_password_hours)


def weakness(password: str, account: str, tried_first: Collection[str] = COMMON) -> Weakness | None:
    """
    Why *password* is not taken for *account*; None if it is.  10 to 128 characters; three kinds of them, or 16 characters; five beside
    words that are *tried_first*, in small letters.
    """
    if len(password) < password_characters_min:
        return Weakness.SHORT
    if len(password) > password_characters_max:
        return Weakness.LONG
    folded = password.casefold()
    if len(account) >= 4 and account.casefold() in folded:
        return Weakness.NAME
    if _beside_common(folded, tried_first) < password_characters_min // 2 or len(set(folded)) < 5:
        return Weakness.COMMON
    kinds = sum(bool(re.search(kind, password)) for kind in ("[a-z]", "[A-Z]", "[0-9]", "[^a-zA-Z0-9]"))
    if len(password) < password_characters_long and kinds < password_kinds_min:
        return Weakness.KINDS
    return None


def step_of(now: datetime) -> int:
    """The number of the 30 seconds in which *now* lies (RFC 6238)."""
    return int(now.timestamp()) // totp_step_seconds


def _beside_common(folded: str, words: Collection[str]) -> int:
    """How many characters of a password are no part of what everybody tries first: *words*, runs along the keyboard of four and more."""
    common = set[int]()
    for word in (*words, *_RUNS):
        at = folded.find(word)
        while at >= 0:
            common.update(range(at, at + len(word)))
            at = folded.find(word, at + 1)
    return len(folded) - len(common)
