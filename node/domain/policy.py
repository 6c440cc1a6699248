"""What a decision is measured by: the effective pack, the working-day calendar, and the node's place in the tree."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from node.domain.organisation import Place
from node.domain.pack import Pack
from node.domain.time import WorkCalendar


@dataclass(frozen=True)
class Policy:
    """
    Pack and calendar in force for one subject, and where this node stands.

    ``former`` are the calendars that were in force here before, by version: what was issued under one is counted by it until
    the office accepts a proposal (DESIGN 5, "issued promises are frozen").
    """

    pack: Pack
    calendar: WorkCalendar
    place: Place
    former: Mapping[str, WorkCalendar] = field(default_factory=dict)

    def calendar_of(self, version: str) -> WorkCalendar:
        """The calendar under which something was issued; the one in force for a version that was never in force here."""
        return self.former.get(version, self.calendar)

    @property
    def node(self) -> str:
        """This node's code."""
        return self.place.node

    @property
    def superior(self) -> str | None:
        """The level above, or None at the top."""
        return self.place.superior
