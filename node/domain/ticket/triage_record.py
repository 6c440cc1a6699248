"""What a ticket remembers of its sorting, of who held it wrongly, and of the local ladder."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True)
class Sorting:
    """
    How the office judged the need on forming.  ``grounds`` are the codes for which it has its complexity, ``proposed`` the unit
    that the problem list names, ``guide`` the version of the classification guide, ``formed_on`` the Beijing day.  ``matter`` is
    a code of the responsibility catalogue.
    """

    grounds: tuple[str, ...] = ()
    subtype: str = ""
    proposed: str = ""
    guide: str = ""
    formed_on: date | None = None
    matter: str = ""


@dataclass(frozen=True)
class Commitment:
    """
    Accepted with gaps (容缺受理): ``gaps`` are the items still missing, made good by the end of ``due`` as the paper ``digest``
    says.  ``is_broken``: the day passed without them.
    """

    gaps: tuple[str, ...]
    digest: str
    due: date
    provided: tuple[str, ...] = ()
    made_good_at: datetime | None = None
    is_broken: bool = False

    @property
    def missing(self) -> tuple[str, ...]:
        """What did not come yet."""
        return tuple(item for item in self.gaps if item not in self.provided)


@dataclass(frozen=True)
class Held:
    """
    A unit had the ticket and it was not its duty: time that is shown apart.  ``why``: "recalled", "lead_changed", "upheld",
    "declined" or "ruled".
    """

    unit: str
    since: datetime
    until: datetime
    workdays: int
    why: str


@dataclass(frozen=True)
class LayerStep:
    """One move on the local ladder, by entry.  ``ground`` is a code of the pack, ``account`` who moved it."""

    layer: str
    former: str
    at: datetime
    account: str
    entry: str
    ground: str = ""
    # The person of the layer whom it was put to, or empty for the body.
    to: str = ""


@dataclass(frozen=True)
class LayerDecision:
    """What a layer decided: its entry, and whether that settled the matter."""

    layer: str
    at: datetime
    account: str
    entry: str
    is_settled: bool
    due: date | None = None


@dataclass(frozen=True)
class Layering:
    """
    Where the ticket stands on the local ladder.  ``stage``: "" while it is handled, "proposal" while the lead owes one, "forward"
    while the office must pass it on, "layer" while the body of the layer must decide, "complaint_centre" while that one must.

    ``asked`` is the ask that the layer must answer; ``proposal`` the entry of the lead's proposal, ``tried`` of what it tried.
    """

    stage: str = ""
    asked: str = ""
    to: str = ""
    proposal: str = ""
    tried: str = ""
    steps: tuple[LayerStep, ...] = ()
    levels: tuple[LayerStep, ...] = ()
    decisions: tuple[LayerDecision, ...] = ()

    @property
    def has_failed(self) -> bool:
        """A layer met about it and could not settle it."""
        return any(not decision.is_settled for decision in self.decisions)
