"""
What the classifier proposes for needs on a board: units and classes with their grounds (FJ25-3.7.2a: a person decides).

It learns from where people of this node sent tickets, which takes a second; so what it learnt is kept for some dispatches.  Of the
texts nothing is kept but how often a word came.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from node.domain.pack import Pack
from node.domain.ticket.ticket import Ticket
from node.services.triage_inputs import bring_texts, dispatched_since, history, text_of, units_here
from node.storage.unit_of_work import View
from node.triage.lexicon import shipped
from node.triage.offered import SWITCH, classes_here, functions_here
from node.triage.suggest import Suggester, Suggestion

# It learns anew after so many tickets more that were sent to a unit.
learnt_anew_after = 20
proposals_kept_max = 2_000


@dataclass(frozen=True)
class Proposal:
    """For one need: units and classes, the best first, and the model that proposed them; empty where a pack switches it off."""

    units: tuple[Suggestion, ...] = ()
    classes: tuple[Suggestion, ...] = ()
    model: str = ""

    @property
    def codes(self) -> tuple[str, ...]:
        """The units' codes, the best first: what is kept beside the choice."""
        return tuple(one.code for one in self.units)


class Proposals:
    """The suggesters of a node, made when they are first asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, str, tuple[str, ...]], _Learnt] = {}

    def of(self, view: View, pack: Pack, tickets: list[Ticket]) -> Mapping[str, Proposal]:
        """The proposals for *tickets*, by number."""
        if not tickets or not pack.flag(SWITCH):
            return {}
        learnt = self._learnt(view, pack)
        bring_texts(view, tickets)
        found = {}
        for ticket in tickets:
            text = text_of(view, ticket)
            if text:
                found[ticket.id] = self._proposed(learnt, ticket, text)
        return found

    def _proposed(self, learnt: "_Learnt", ticket: Ticket, text: str) -> Proposal:
        """The same needs stand on a board click after click: what was proposed for one is kept as long as what it follows from."""
        key = (ticket.id, ticket.intake.title, ticket.intake.appeal)
        proposal = learnt.proposed.get(key)
        if proposal is None:
            named = tuple(learnt.classes.suggest(text)) if learnt.classes is not None else ()
            proposal = Proposal(tuple(learnt.units.suggest(text)), named, learnt.units.model)
            if len(learnt.proposed) < proposals_kept_max:
                learnt.proposed[key] = proposal
        return proposal

    def _learnt(self, view: View, pack: Pack) -> "_Learnt":
        here = units_here(view)
        key = (view.head.node, pack.name, tuple(sorted(here)))
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None:
                kept.sent += dispatched_since(view, kept.taken)
                kept.taken = max(kept.taken, view.head.taken)
            if kept is None or kept.sent >= learnt_anew_after:
                offered = classes_here(pack)
                units = Suggester(shipped(), functions_here(here, pack), history(view))
                kept = _Learnt(units, Suggester(shipped(), offered) if offered else None, view.head.taken)
                self._kept = {key: kept}
            return kept


@dataclass
class _Learnt:
    """
    Suggesters; up to where the journal was read and how many tickets were sent since they learnt; and what they proposed, by ticket
    and where its texts lie.
    """

    units: Suggester
    classes: Suggester | None
    taken: int
    sent: int = 0
    proposed: dict[tuple[str, object, object], Proposal] = field(default_factory=dict)
