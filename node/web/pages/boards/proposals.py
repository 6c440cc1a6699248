"""
What the classifier proposes for needs on a board: units and classes with their grounds (FJ25-3.7.2a: a person decides).

It learns from where people of this node sent tickets, which takes a second; so what it learnt is kept for some dispatches.  Of the
texts nothing is kept but how often a word came.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select

from node.domain.pack import Pack
from node.domain.ticket.ticket import Ticket
from node.services.triage_inputs import bring_texts, history, text_of, units_here
from node.storage import schema
from node.storage.unit_of_work import View
from node.triage.lexicon import shipped
from node.triage.offered import SWITCH, classes_here, functions_here
from node.triage.suggest import Suggester, Suggestion

# It learns anew after so many tickets more that people gave to a unit.
learnt_anew_after = 20


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
        self._kept: dict[tuple[str, str, tuple[str, ...], int], tuple[Suggester, Suggester | None]] = {}

    def of(self, view: View, pack: Pack, tickets: list[Ticket]) -> Mapping[str, Proposal]:
        """The proposals for *tickets*, by number."""
        if not tickets or not pack.flag(SWITCH):
            return {}
        units, classes = self._suggesters(view, pack)
        bring_texts(view, tickets)
        found = {}
        for ticket in tickets:
            text = text_of(view, ticket)
            if text:
                named = tuple(classes.suggest(text)) if classes is not None else ()
                found[ticket.id] = Proposal(tuple(units.suggest(text)), named, units.model)
        return found

    def _suggesters(self, view: View, pack: Pack) -> tuple[Suggester, Suggester | None]:
        here = units_here(view)
        tickets = schema.tickets
        given = (tickets.c.holder == view.head.node, tickets.c.lead != "")
        decided = view.connection.execute(select(func.count()).select_from(tickets).where(*given)).scalar_one()
        key = (view.head.node, pack.name, tuple(sorted(here)), decided // learnt_anew_after)
        with self._lock:
            if key not in self._kept:
                offered = classes_here(pack)
                units = Suggester(shipped(), functions_here(here, pack), history(view))
                self._kept = {key: (units, Suggester(shipped(), offered) if offered else None)}
            return self._kept[key]
