"""What a round of handling gathers once it is completed, besides revisit and vote; and what a ticket keeps beside its rounds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Referral:
    """
    The supervision side's look at what the appellant is dissatisfied with (FJ25-4.11.1).  ``cause`` is "" until it was found;
    ``outcome``: "" while it is open, then "reassigned" or "explained".
    """

    opened_at: datetime
    cause: str = ""
    outcome: str = ""


@dataclass(frozen=True)
class FollowUp:
    """The follow-up assessment of a second handling (FJ25-4.11.2a).  ``effect`` is a code of the pack."""

    at: datetime
    account: str
    effect: str


@dataclass(frozen=True)
class After:
    """
    What happened after the completion of one round.

    ``agreed_at``: the enterprise has no objection to what somebody else submitted and confirmed.  ``silent_at``: who had to
    confirm did not in time.  ``unvoted_at``: the time for the vote went by without one.  ``unreached_at``: asked for a vote as
    often as the pack wants, and never reached.  ``explained_at``: the supervision side let "cannot be handled, explained" stand.
    ``determined_at``: the office determined what could not be settled (定性).  ``invited_at``: somebody sent the appellant a link to
    vote, beside the invitation that goes out by itself.
    """

    referral: Referral | None = None
    follow_up: FollowUp | None = None
    agreed_at: datetime | None = None
    silent_at: datetime | None = None
    unvoted_at: datetime | None = None
    unreached_at: datetime | None = None
    explained_at: datetime | None = None
    determined_at: datetime | None = None
    invited_at: datetime | None = None


@dataclass(frozen=True)
class Assessment:
    """
    A third party's look at an ended ticket, apart from everything that the handling side records (FJ25-5.14.2a).

    ``scores`` are pairs of an indicator's code and its points; empty until they are filed.
    """

    batch: str
    assessor: str
    ask: str
    scores: tuple[tuple[str, int], ...] = ()
    filed_at: datetime | None = None


@dataclass(frozen=True)
class CallPreference:
    """When the appellant may be called: hours of the Beijing day, ``from_hour`` to before ``to_hour``; or not at all."""

    at: datetime
    from_hour: int = 0
    to_hour: int = 24
    do_not_call: bool = False

    def allows(self, hour: int) -> bool:
        """True if a call at that hour of the day is welcome."""
        return not self.do_not_call and self.from_hour <= hour < self.to_hour
