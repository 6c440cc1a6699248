"""What a ticket remembers of its supervision."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class SupervisionStep:
    """
    One measure that was opened on the ticket, or proposed.  ``order`` is the supervision order, ``times`` the how-manyth step of
    the ladder, or 0; ``ground`` is empty for a step of the ladder, which has its limit for a ground.
    """

    order: str
    measure: str
    times: int
    node: str
    at: datetime
    ground: str = ""
    is_proposed: bool = False


@dataclass(frozen=True)
class RiskNote:
    """A risk filed for exemption (XS25-5.3a).  ``is_prior``: before the first act of handling."""

    entry: str
    account: str
    filed_at: datetime
    is_prior: bool
