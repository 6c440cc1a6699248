"""
Ranked suggestions for a text: departments and classes, each with a score and its grounds.

Two ways vote, the lexicon and naive Bayes, a third if the extra ``semantic`` is installed; their ranks are fused, so that none
needs a scale of the other.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from node.triage import semantic
from node.triage.bayes import Bayes, learn
from node.triage.lexicon import Function, Lexicon

# Reciprocal rank fusion: how fast a lower rank counts less.
_FUSION = 10.0
TOP = 3


@dataclass(frozen=True)
class Suggestion:
    """
    One proposal.  ``score`` is 0 to 1, the share of the best possible vote; ``words`` are those of the lexicon that were found,
    ``ways`` who voted for it among his first three.
    """

    code: str
    name: str
    score: float
    words: tuple[str, ...]
    ways: tuple[str, ...]


class Suggester:
    """
    Proposes among *functions* of *lexicon*.  *history* are (text, code) pairs that people decided at this node: it learns from
    them beside the lexicon's own examples.
    """

    def __init__(self, lexicon: Lexicon, functions: Sequence[Function], history: Iterable[tuple[str, str]] = ()) -> None:
        self._lexicon = lexicon
        self._functions = functions
        known = {function.code for function in functions}
        own = [(text, code) for text, code in history if code in known]
        samples = [*((text, function.code) for function in functions for text in function.examples), *own]
        self._bayes: Bayes = learn(samples)
        # Of a node that has decided nothing yet, all that was learnt are the lexicon's own examples.
        self._learnt = "history" if own else "examples"
        self._meaning = semantic.learn(samples)
        self.model = f"lexicon-{lexicon.version}+{len(own)}{'+semantic' if self._meaning else ''}"

    def suggest(self, text: str, top: int = TOP) -> list[Suggestion]:
        """At most *top* proposals for *text*, the best first; none where nothing speaks for any."""
        scored = self._lexicon.score(text, self._functions)
        votes = {"lexicon": _ranked({code: weight for code, (weight, _) in scored.items()})}
        votes[self._learnt] = _ranked(self._bayes.posterior(text)) if text.strip() else []
        if self._meaning is not None and text.strip():
            votes["meaning"] = _ranked(self._meaning.similarity(text))
        fused: dict[str, float] = {}
        for codes in votes.values():
            for rank, code in enumerate(codes):
                fused[code] = fused.get(code, 0.0) + 1 / (_FUSION + rank)
        best = len(votes) / _FUSION
        names = {function.code: function.name for function in self._functions}
        return [
            Suggestion(
                code=code,
                name=names[code],
                score=round(fused[code] / best, 3),
                words=scored[code][1][:5] if code in scored else (),
                ways=tuple(way for way, codes in votes.items() if code in codes[:TOP]),
            )
            for code in sorted(fused, key=lambda code: (-fused[code], code))[:top]
        ]


def _ranked(scores: Mapping[str, float]) -> list[str]:
    return sorted(scores, key=lambda code: (-scores[code], code))
