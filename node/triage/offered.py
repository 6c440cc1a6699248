"""What of the lexicon a node can propose: its own units, and the classes of its pack."""

import dataclasses
from collections.abc import Mapping

from node.domain.pack import Pack
from node.triage.lexicon import Function, shipped
from node.triage.suggest import Suggester, Suggestion

# The pack key that switches suggestions off.
SWITCH = "triage.suggestions"


def functions_here(units: Mapping[str, str], pack: Pack) -> list[Function]:
    """The lexicon's functions as units of this node: of the same short name, or named by the pack's ``triage.unit.<function>``."""
    found = []
    for function in shipped().functions:
        rule = pack.find(f"triage.unit.{function.code}")
        short = str(rule.value) if rule is not None else function.code
        code = next((code for code in units if code.partition("-")[2] == short), None)
        if code is not None:
            found.append(dataclasses.replace(function, code=code, name=units[code]))
    return found


def classes_here(pack: Pack) -> list[Function]:
    """The lexicon's classes that the pack has."""
    return [one for one in shipped().classes if one.code in pack.names("classes")]


def suggest_classes(text: str, pack: Pack) -> list[Suggestion]:
    """Classes of *pack* for *text*, the best first; none where the lexicon knows none of them."""
    offered = classes_here(pack)
    return Suggester(shipped(), offered).suggest(text) if offered else []
