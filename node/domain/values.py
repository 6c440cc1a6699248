"""
Frozen values by the thousand.

A frozen dataclass sets each field by a call of its own, and ``dataclasses.replace`` does so for every field that does not change:
for a value of forty fields that is most of what a fold costs.  Here the fields are set at a stroke.  Only for classes that check
nothing when they are made (no ``__post_init__``) and have no slots.
"""

from typing import Any, TypeVar

V = TypeVar("V")


def of_fields(cls: type[V], values: dict[str, Any]) -> V:
    """The value of *cls* with *values*, one for each of its fields; the dictionary is the value's from here on."""
    made = object.__new__(cls)
    object.__setattr__(made, "__dict__", values)
    return made


def changed(value: V, **changes: Any) -> V:
    """*value* with other values in some of its fields, which are named rightly: as ``dataclasses.replace``."""
    made = object.__new__(type(value))
    object.__setattr__(made, "__dict__", {**value.__dict__, **changes})
    return made
