"""What a decision is measured by: the effective pack, the working-day calendar, and the node's place in the tree."""

from dataclasses import dataclass

from node.domain.organisation import Place
from node.domain.pack import Pack
from node.domain.time import WorkCalendar


@dataclass(frozen=True)
class Policy:
    """Pack and calendar in force for one subject, and where this node stands."""

    pack: Pack
    calendar: WorkCalendar
    place: Place

    @property
    def node(self) -> str:
        """This node's code."""
        return self.place.node

    @property
    def superior(self) -> str | None:
        """The level above, or None at the top."""
        return self.place.superior
