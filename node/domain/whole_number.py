"""Whole numbers that somebody wrote."""

# Python raises at some thousands of digits; nothing that is counted here comes near this many.
_DIGITS_MAX = 18


def whole_number(said: str) -> int | None:
    """*said* as a number, which 18 digits at most can say; None if it is none: a sign, a blank, a digit of another writing, more digits."""
    return int(said) if len(said) <= _DIGITS_MAX and said.isascii() and said.isdigit() else None
