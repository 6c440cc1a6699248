"""How a clock looks: a colour, a sign and words, so that none of the three has to be seen alone."""

from dataclasses import dataclass
from datetime import date, datetime

from node.domain.ticket.state import With
from node.domain.time import BEIJING, Unit, last_day, local_day
from node.services.queries import ClockLine, Names
from node.texts.catalogue import Lang, text, word

_SIGNS = {"overdue": "!", "due": "◔", "running": "○", "paused": "‖", "ended": "✓"}
# Limits that end with a period, not after so many days: what is left of them is counted in days.
_IN_DAYS = frozenset({Unit.MONTH_END, Unit.MONTH, Unit.QUARTER_END})


@dataclass(frozen=True)
class Face:
    """
    A clock's badge.  ``kind``: "overdue", "due" (today or within the hour), "running", "paused" or "ended".

    ``words`` say how much is left, ``until`` the last day as people say it, ``name`` what the limit is for, ``owes`` whose it is.
    """

    kind: str
    sign: str
    words: str
    until: str
    name: str
    owes: str


def face(clock: ClockLine, now: datetime, lang: Lang, names: Names | None = None) -> Face:
    """The badge of *clock* at *now*; units are called by *names*."""
    kind = _kind(clock, now)
    until = "" if clock.due_at is None else said_due(clock.due_at, now, lang)
    return Face(kind, _SIGNS[kind], _words(clock, kind, lang), until, clock_name(clock.name, lang, names), whose(clock.owes, lang, names))


def said_due(due_at: datetime, now: datetime, lang: Lang) -> str:
    """A due time as people say it: the day that it closes, and the hour where it is not midnight."""
    local = due_at.astimezone(BEIJING)
    day = said_day(last_day(due_at), local_day(now), lang)
    return day if (local.hour, local.minute) == (0, 0) else f"{day} {local:%H:%M}"


def said_day(day: date, today: date, lang: Lang) -> str:
    """ "今天", "明天", "1月28日 周三"; with the year if it is another one."""
    near = {0: "today", 1: "tomorrow", -1: "yesterday"}.get((day - today).days)
    if near:
        return text(f"web.day.{near}", lang)
    key = "web.day.this_year" if day.year == today.year else "web.day.other_year"
    facts = {"year": day.year, "month_number": day.month, "day_number": day.day, "weekday": day.isoweekday()}
    return text(key, lang, **facts)


def clock_name(name: str, lang: Lang, names: Names | None = None) -> str:
    """The clock in words; the unit that stands behind its kind by its name."""
    kind, slash, rest = name.partition("/")
    return word("clock", kind, lang) + (f" {names.unit(rest) if names else rest}" if slash else "")


def whose(owes: str, lang: Lang, names: Names | None = None) -> str:
    """Who owes: a part or a role in words, a unit by its name."""
    if owes in {one.value for one in With}:
        return word("with_whom", owes, lang)
    called = names.unit(owes) if names else owes
    return called if called != owes else word("role", owes, lang)


def _kind(clock: ClockLine, now: datetime) -> str:
    if clock.stopped_at is not None:
        return "ended"
    if clock.due_at is None:
        return "paused"
    if clock.is_overdue:
        return "overdue"
    return "due" if last_day(clock.due_at) <= local_day(now) else "running"


def _words(clock: ClockLine, kind: str, lang: Lang) -> str:
    if kind in ("paused", "ended"):
        return text(f"web.clock.{kind}", lang)
    left = clock.left or 0
    unit = Unit.DAY if clock.limit.unit in _IN_DAYS else clock.limit.unit
    if kind == "overdue":
        key = "overdue_by" if left < 0 else "overdue"
        return text(f"web.clock.{key}", lang, span=_span(-left, unit, lang))
    if kind == "due" and unit is not Unit.HOUR:
        return text("web.clock.due_today", lang)
    return text("web.clock.left", lang, span=_span(left, unit, lang)) if left else text("web.clock.within_the_hour", lang)


def _span(count: int, unit: Unit, lang: Lang) -> str:
    return text(f"web.span.{unit.value}", lang, count=count)
