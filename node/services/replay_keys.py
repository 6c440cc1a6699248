"""
Which keys of a pack a replay of the journal can answer for.

What people did stays as it was, so a key can be tried if it only says *when* something is due or fires, or what of the recorded
would have been refused.  It cannot if it would have let other people act, or the node itself: the end of such a limit is an act
of the node (a lapse, the next turn), and nobody knows what people would have done after it.
"""

from collections.abc import Iterable, Mapping

from node.domain.pack import Pack, Value
from node.domain.refusal import Code, Refusal
from node.domain.ticket.after import LAPSING
from node.domain.ticket.turns import TURNS
from node.packs.key import Key
from node.packs.keys import KEYS, find_key

STARTS_ON = "resolve.starts_on"
# Which entry starts the handling limit, by the pack's word for it; in the order of a ticket's life.
BEGINS: Mapping[str, str] = {"formed": "Formed", "dispatched": "Dispatched", "signed": "Signed"}

# Limits that no clock of a ticket counts: they say how long something may still be asked for, or time a dossier or a round.
_NO_CLOCK = frozenset(
    {"archive_wait", "minutes", "override_wait", "proposal_decision", "reopen", "sampled_revisit", "supervision_close", "supervision_reply"}
)
# Limits at whose end the node acts of itself.
_ACTED_ON = frozenset({"claim", "progress_report.<complexity>", "supplement", "supplement_in_handling", *LAPSING, *TURNS})
_OTHERS = frozenset(
    {
        STARTS_ON,
        "contact.after_hours",
        "extension.grounds",
        "extension.max_count",
        "judgement.pauses_form",
        "urging.<measure>.on",
        "urging.clocks",
        "urging.repeats_max",
        "urging.rungs",
    }
)
_FAMILIES = ("opening.", "warning.")
# What a pack may be silent about, and is still timed: the engine or another key of the family steps in.
_MAY_BE_NEW = ("limit.resolve", "limit.rung.", "limit.transfer_answer", *_FAMILIES)


def replayed_keys() -> tuple[str, ...]:
    """Every key, or family of keys, that can be tried, in alphabetical order."""
    return tuple(sorted(row.pattern for row in KEYS if _is_replayed(row)))


def is_replayed(key: str) -> bool:
    """True if *key* is one of them."""
    row = find_key(key)
    return row is not None and _is_replayed(row)


def need_replayed(changes: Mapping[str, Value], packs: Iterable[Pack]) -> None:
    """
    Raises:
        Refusal: KEY_NOT_REPLAYED, with all that can be tried; or EARLIER_START_UNRECORDED, for a handling limit that would have begun
            before any entry of the journal started one; VALUE_NOT_OFFERED, for a step of the ladder that a pack says nothing of.
    """
    known = tuple(packs)
    for key, value in changes.items():
        if not is_replayed(key) or not (key.startswith(_MAY_BE_NEW) or not known or any(key in pack.rules for pack in known)):
            raise Refusal(Code.KEY_NOT_REPLAYED, key=key, offered=replayed_keys())
        # A signature by silence is the node's own act at the end of the limit.
        if key == "limit.sign" and any(_says(pack, "sign.on_silence") == "deemed_signed" for pack in known):
            raise Refusal(Code.KEY_NOT_REPLAYED, key=key, offered=replayed_keys())
        if key == "urging.rungs" and isinstance(value, tuple):
            _need_steps(value, known)
        if key == STARTS_ON:
            former = next((was for pack in known if _rank(was := _says(pack, STARTS_ON)) > _rank(value)), None)
            if former is not None:
                raise Refusal(Code.EARLIER_START_UNRECORDED, former=former, wanted=value)


def _need_steps(measures: tuple[str, ...], packs: Iterable[Pack]) -> None:
    for pack in packs:
        offered = sorted(key.split(".")[1] for key in pack.rules if key.startswith("urging.") and key.endswith(".on"))
        for measure in measures:
            if measure not in offered:
                raise Refusal(Code.VALUE_NOT_OFFERED, key="urging.rungs", value=measure, offered=offered)


def _is_replayed(row: Key) -> bool:
    if row.is_recorded:
        return False
    if row.pattern.startswith("limit."):
        return row.pattern.removeprefix("limit.") not in _NO_CLOCK | _ACTED_ON
    return row.pattern in _OTHERS or row.pattern.startswith(_FAMILIES)


def _says(pack: Pack, key: str) -> Value | None:
    rule = pack.find(key)
    return rule.value if rule is not None else None


def _rank(value: Value | None) -> int:
    order = list(BEGINS)
    return order.index(value) if isinstance(value, str) and value in order else -1
