"""
Likely duplicates of a need: from the same appellant, in a window of time, or nearly the same text from anybody.

What the same appellant brought within the window is always shown, ranked by how alike it is: other words for the same problem
are the rule, and a person sees in a second whether it is the same (AS25-4.2.1.2a).  From others only what is alike is shown: that
is a common appeal to link, never a need to merge (POLICY_PACKS 2 no. 19).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rapidfuzz import fuzz

from node.triage import semantic

window = timedelta(days=90)
# Near copies score above 80 and the same template about something else about 42 (per cent of rapidfuzz's token set ratio).
_ALIKE_OTHERS = 0.6
_MEANING_WEIGHT = 0.5


@dataclass(frozen=True)
class Need:
    """
    What is compared of a need.  ``who`` are keyed digests of phone and names and the code of the enterprise: equal ones are the
    same appellant.  ``matter`` is the code of the matter or topic, if it was sorted.
    """

    id: str
    text: str
    registered_at: datetime
    who: frozenset[str] = frozenset()
    matter: str = ""


@dataclass(frozen=True)
class Likely:
    """A likely duplicate.  ``likeness`` is 0 to 1; ``reasons``: "same_appellant", "same_matter", "alike_text", "alike_meaning"."""

    id: str
    likeness: float
    reasons: tuple[str, ...]


def likely_duplicates(need: Need, earlier: Sequence[Need], top: int = 10) -> list[Likely]:
    """At most *top* of *earlier* that may be the same as *need*: the same appellant's first, then by likeness."""
    near = [one for one in earlier if one.id != need.id and abs(need.registered_at - one.registered_at) <= window]
    meanings = _meanings(need, near)
    found = []
    for place, one in enumerate(near):
        text = likeness(need.text, one.text)
        meaning = meanings[place] if meanings else 0.0
        is_same = bool(need.who & one.who)
        whole = max(text, _MEANING_WEIGHT * text + (1 - _MEANING_WEIGHT) * meaning)
        reasons = {
            "same_appellant": is_same,
            "same_matter": bool(need.matter) and need.matter == one.matter,
            "alike_text": text >= _ALIKE_OTHERS,
            "alike_meaning": meaning >= _ALIKE_OTHERS,
        }
        if is_same or reasons["alike_text"] or reasons["alike_meaning"]:
            found.append(Likely(one.id, round(whole, 3), tuple(reason for reason, holds in reasons.items() if holds)))
    return sorted(found, key=lambda one: ("same_appellant" not in one.reasons, -one.likeness, one.id))[:top]


def likeness(a: str, b: str) -> float:
    """How alike two texts are, 0 to 1: the share of pieces of two characters that they have in common, or their edit distance."""
    pieces_a, pieces_b = _pairs(a), _pairs(b)
    shared = len(pieces_a & pieces_b) / min(len(pieces_a), len(pieces_b)) if pieces_a and pieces_b else 0.0
    return max(shared, fuzz.ratio(a, b) / 100)


def _meanings(need: Need, others: Sequence[Need]) -> list[float]:
    if semantic.encoder() is None or len(others) < 2:
        return []
    own, *rest = semantic.centred([need.text, *(one.text for one in others)])
    return [max(semantic.cosine(own, one), 0.0) for one in rest]


def _pairs(text: str) -> set[str]:
    runs = "".join(character if character.isalnum() else " " for character in text).split()
    return {run[start : start + 2] for run in runs for start in range(len(run) - 1)}
