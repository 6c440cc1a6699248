"""
What the source documents say, reckoned anew by hand: days, limits, warnings.  Nothing of the program is used here.

The table of 2026 is the State Council's notice as the clause catalogue quotes it; limits and what starts them are read from the
documents themselves (clause beside each).
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

BEIJING = timezone(timedelta(hours=8))
OFF = {
    *(date(2026, 1, day) for day in (1, 2, 3)),
    *(date(2026, 2, day) for day in range(15, 24)),
    *(date(2026, 4, day) for day in (4, 5, 6)),
    *(date(2026, 5, day) for day in range(1, 6)),
}
MADE_UP = {date(2026, 1, 4), date(2026, 2, 14), date(2026, 2, 28), date(2026, 5, 9)}
ONE = timedelta(days=1)


@dataclass(frozen=True)
class Law:
    """
    What a mechanism says of one kind of matter: the class and difficulty of the test's tickets, how many days the handling may
    take, of which kind ("workday" or "day"), from when ("formed", "dispatched" or "signed"), and the days to sign and to revisit.
    """

    category: str
    complexity: str
    resolve: int
    unit: str
    starts: str
    sign: int
    revisit: int


LAWS = {
    # AS25-4.4.1.2a ten working days, AS25-4.3.1a two to sign, AS25-4.7.1 five for the revisit; from forming (POLICY_PACKS 2 no. 1).
    "anshun-2025": Law("coordination", "plain", 10, "workday", "formed", 2, 5),
    # FJ25-3.7.2c three working days; from the assignment.  No article on signing or on a revisit by the centre: the product's two.
    "fengjie-2025": Law("infrastructure", "general", 3, "workday", "dispatched", 2, 5),
    # FJ23-3.4c three days, without "working".
    "fengjie-2023": Law("general", "general", 3, "day", "formed", 2, 5),
    # XS25-4.4.2e three working days from the formal receipt; the receipt within one (no. 60).
    "xiangshan-2025": Law("coordination", "complex", 3, "workday", "signed", 1, 5),
    # HM20-3.2d three working days from the receipt of the form; the receipt within one (no. 60).
    "haimen-2020": Law("routine", "routine", 3, "workday", "signed", 1, 5),
}


# The first steps that a warning and a missed limit of a unit set off: AS25-4.6.1.2a and b, XS25-5.2c, FJ25-3.8.4a, FJ23-3.4f; 海门
# names supervision and no earlier step.
STEPS = {
    "anshun-2025": {"early_warning": "urge", "overdue": "supervise"},
    "xiangshan-2025": {"early_warning": "urge", "overdue": "supervise"},
    "haimen-2020": {"overdue": "supervise"},
    "fengjie-2025": {"overdue": "warn"},
    "fengjie-2023": {"overdue": "remind"},
}


def is_workday(day: date) -> bool:
    """Monday to Friday but for the holidays, and the days that are made up for."""
    return day in MADE_UP or (day.weekday() < 5 and day not in OFF)


def counts(day: date, unit: str) -> bool:
    """Whether the day counts in a limit of that unit."""
    return unit == "day" or is_workday(day)


def day_of(moment: datetime) -> date:
    """The Beijing day."""
    return moment.astimezone(BEIJING).date()


def midnight_after(day: date) -> datetime:
    """24:00 of the Beijing day."""
    return datetime(day.year, day.month, day.day, tzinfo=BEIJING) + ONE


def due(start: datetime, limit: int, unit: str) -> datetime:
    """The end of the *limit*-th day that counts after the day of *start*."""
    day, left = day_of(start), limit
    while left:
        day += ONE
        left -= counts(day, unit)
    return midnight_after(day)


def warned(start: datetime, due_at: datetime, limit: int, unit: str) -> datetime:
    """
    When the product warns (POLICY_PACKS 2 no. 15): a limit of one day at 14:00 of its last day and never within two office hours of
    its start; up to five days when one is left; longer ones when three are.
    """
    last = day_of(due_at - timedelta(microseconds=1))
    if limit <= 1:
        moment = max(datetime(last.year, last.month, last.day, 14, tzinfo=BEIJING), office_hours_later(start, 2))
    else:
        day, left = last, 1 if limit <= 5 else 3
        while left:
            day -= ONE
            left -= counts(day, unit)
        moment = midnight_after(day - ONE)
    return min(max(moment, start), due_at)


def office_hours_later(start: datetime, hours: int) -> datetime:
    """After so much office time, nine to five on working days."""
    moment, left = start.astimezone(BEIJING), timedelta(hours=hours)
    while True:
        if is_workday(moment.date()):
            opens = moment.replace(hour=9, minute=0, second=0, microsecond=0)
            closes = opens.replace(hour=17)
            begin = max(moment, opens)
            if closes - begin >= left and closes > begin:
                return begin + left
            left -= max(closes - begin, timedelta())
        moment = (moment + ONE).replace(hour=0, minute=0, second=0, microsecond=0)
