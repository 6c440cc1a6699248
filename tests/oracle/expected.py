"""What must come of a script, by the documents: reckoned without the program."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.oracle.reckoning import LAWS, STEPS, day_of, due, midnight_after, warned
from tests.oracle.script import Script

OWED_BY_UNITS = frozenset({"sign", "resolve"})


@dataclass(frozen=True)
class Expected:
    """The end of one ticket: its state, its rounds, when each limit was due, and which points of which limit went off."""

    state: str
    rounds: int
    due: dict[str, datetime]
    rungs: frozenset[tuple[str, str, datetime]]
    is_late: bool | None
    is_satisfied: bool | None


def expect(script: Script, sweeps: list[datetime]) -> Expected:
    """The one outcome that the documents leave for *script*, with the clock looking at *sweeps*."""
    law, at = LAWS[script.pack], script.at
    limits = _Limits(sweeps, STEPS[script.pack])
    limits.run("form", at["register"], at.get("form") or at["refuse"], 1, "workday")
    if script.ending == "refused":
        return Expected("not_accepted", 0, limits.due, frozenset(limits.rungs), None, None)
    if script.ending == "withdrawn":
        stop = at.get("grant_withdrawal", at["withdraw"])
        limits.run("sign", at["dispatch"], stop, law.sign, "workday")
        if law.starts == "signed":
            limits.before_receipt(script, stop)
        else:
            begin = at["form" if law.starts == "formed" else "dispatch"]
            limits.run("resolve", begin, stop, law.resolve, law.unit, handed=at["dispatch"])
        return Expected("terminated", 1, limits.due, frozenset(limits.rungs), None, None)
    return _handled(script, limits)


def _handled(script: Script, limits: "_Limits") -> Expected:
    law, at = LAWS[script.pack], script.at
    # The ruling that upholds an objection names the new lead, who gets every limit in full (POLICY_PACKS 2 no. 13).
    last_dispatch = at["uphold"] if script.objects else at["dispatch"]
    start = {"formed": at["form"], "dispatched": at["dispatch"], "signed": at["sign"]}[law.starts]
    if script.objects:
        limits.run("sign", at["dispatch"], at["object"], law.sign, "workday")
        limits.run("resolve", start, at["object"], law.resolve, law.unit, handed=at["dispatch"])
        start = last_dispatch
    limits.run("sign", last_dispatch, at["sign"], law.sign, "workday")
    if law.starts == "signed":
        start = limits.before_receipt(script, at["sign"])
    moved = None
    if script.extended_days:
        promised = day_of(at["ask_extension"]) + timedelta(days=script.extended_days)
        moved = (at["grant_extension"], midnight_after(promised))
    is_late = limits.resolve(start, at["complete"], law.resolve, law.unit, last_dispatch, moved)
    for again in range(script.fails):
        if script.pack == "fengjie-2025":  # FJ25-4.11.1b: assigned anew, so signed anew
            limits.run("sign", at[f"fail_{again}"], at[f"complete_{again}"], law.sign, "workday")
        is_late = limits.run("resolve", at[f"fail_{again}"], at[f"complete_{again}"], law.resolve, law.unit)
    satisfied = {"satisfied": True, "very_satisfied": True, "dissatisfied": False}.get(script.vote) if not script.is_silent else None
    return Expected("closed", script.fails + 1, limits.due, frozenset(limits.rungs), is_late, satisfied)


class _Limits:
    """Limits that ran, one after the other; of several of one name the last counts."""

    def __init__(self, sweeps: list[datetime], steps: dict[str, str]) -> None:
        self._sweeps = sweeps
        self._steps = steps
        self.due: dict[str, datetime] = {}
        self.rungs: set[tuple[str, str, datetime]] = set()

    def run(self, name: str, start: datetime, stop: datetime, limit: int, unit: str, handed: datetime | None = None) -> bool:
        """A limit without a break; True if it was missed."""
        due_at = due(start, limit, unit)
        self._fire(name, start, stop, due_at, max(start, min(handed, due_at)) if handed else start, limit, unit)
        self.due[name] = due_at
        return stop >= due_at

    def before_receipt(self, script: Script, stop: datetime) -> datetime:
        """
        POLICY_PACKS 2 no. 60: without a receipt the handling limit starts at the end of the day by which it was due; until there is one
        that is what runs.  The answer is the moment from which it counts once *stop*, the receipt or the end, has come.
        """
        law, dispatched = LAWS[script.pack], script.at["dispatch"]
        receipt_day_over = due(dispatched, law.sign, "workday")
        late_start = receipt_day_over - timedelta(microseconds=1)
        due_at = due(late_start, law.resolve, law.unit)
        self._fire("resolve", dispatched, stop, due_at, max(late_start, dispatched), law.resolve, law.unit)
        self.due["resolve"] = due_at
        return min(stop, late_start)

    def resolve(
        self, start: datetime, stop: datetime, limit: int, unit: str, handed: datetime, moved: tuple[datetime, datetime] | None
    ) -> bool:
        """The handling limit, perhaps extended; True if it was missed."""
        if moved is None:
            return self.run("resolve", start, stop, limit, unit, handed)
        granted, promised = moved
        self.run("resolve", start, granted, limit, unit, handed)
        # A promised date is as long as it is: the rule of the longer limits.
        self._fire("resolve", granted, stop, promised, max(start, min(handed, promised)), 99, "workday")
        self.due["resolve"] = promised
        return stop >= promised

    def _fire(self, name: str, begin: datetime, end: datetime, due_at: datetime, warned_from: datetime, limit: int, unit: str) -> None:
        for rung, moment in (("early_warning", warned(warned_from, due_at, limit, unit)), ("overdue", due_at)):
            if any(moment <= sweep and begin <= sweep < end for sweep in self._sweeps):
                self.rungs.add((name, rung, due_at))
                if name in OWED_BY_UNITS and rung in self._steps:
                    self.rungs.add((name, self._steps[rung], due_at))
