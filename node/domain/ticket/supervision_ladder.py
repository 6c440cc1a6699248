"""
The pack's ladder of supervision on a running clock: 提醒, 催办, 警告, 督办, 挂牌督办 (FJ23-3.4f, AS25-4.6.1.2).

A step goes off at the early warning, when the limit is over, or a wait after the step before; in order, none is skipped, and
each has the time at which it was due, however late the node looks.  The last step may be repeated while the limit stays open.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from node.domain.pack import Pack
from node.domain.policy import Policy
from node.domain.time import Limit, Unit, WorkCalendar, due

AT_WARNING, AT_OVERDUE, AFTER_FORMER = "early_warning", "overdue", "former"
STARTS = (AT_WARNING, AT_OVERDUE, AFTER_FORMER)


@dataclass(frozen=True)
class LadderStep:
    """``measure`` is what happens; ``on`` one of STARTS, ``wait`` how long after it; ``to`` whom it addresses."""

    measure: str
    on: str
    wait: Limit | None
    to: str
    form: str
    is_proposed: bool


def steps_of(pack: Pack) -> tuple[LadderStep, ...]:
    """The steps of the pack's ladder, the first one first; none where the pack has no ladder."""
    proposed = pack.names("urging.proposed")
    return tuple(
        LadderStep(
            measure=measure,
            on=pack.choice(f"urging.{measure}.on"),
            wait=pack.limit(f"rung.{measure}") if pack.has_limit(f"rung.{measure}") else None,
            to=pack.choice(f"urging.{measure}.to"),
            form=pack.choice(f"urging.{measure}.form"),
            is_proposed=measure in proposed,
        )
        for measure in pack.names("urging.rungs")
    )


def has_ladder(kind: str, pack: Pack) -> bool:
    """True if limits of this kind are followed up; a missed signature is, unless silence counts as signing (AS25-4.3.1a)."""
    if kind == "sign":
        silence = pack.find("sign.on_silence")
        if silence is not None and silence.value != "supervise":
            return False
    return kind in pack.names("urging.clocks")


def climb(warning_at: datetime, due_at: datetime, policy: Policy) -> Iterator[tuple[int, str, datetime]]:
    """
    Every step with its number and its time, in order: first each step once, then the last one again, as often as the pack
    repeats it.  *warning_at* is when the clock's early warning was due.
    """
    steps = steps_of(policy.pack)
    if not steps:
        return
    last = warning_at
    for times, step in enumerate(steps, 1):
        base = {AT_WARNING: warning_at, AT_OVERDUE: due_at, AFTER_FORMER: last}[step.on]
        last = max(last, _after(base, step.wait, policy.calendar))
        yield times, step.measure, last
    final = steps[-1]
    if final.wait is None:
        return
    for again in range(1, policy.pack.number("urging.repeats_max") + 1):
        last = _after(last, final.wait, policy.calendar)
        yield len(steps) + again, final.measure, last


def _after(base: datetime, wait: Limit | None, calendar: WorkCalendar) -> datetime:
    """*wait* after *base*; what ends at 24:00 belongs to the day that it closes, which is day 0 of the wait."""
    if wait is None:
        return base
    return due(base if wait.unit is Unit.HOUR else base - timedelta.resolution, wait, calendar)
