"""
One ticket's entries folded twice: as they are, and as they would have been under changed rules of its packs.

Each entry is folded once with its clocks as they were issued and once with those of the changed pack, counted by the engine's
own functions from the same start, over the same pauses and by the same calendar; a date that somebody set or promised stays
that date.  With nothing changed both foldings are the same to the minute (a test holds this).

A limit that was issued is one of the pack's if it is what the pack had under the key that the engine asks for at this entry.
Any other limit (the asker's own at an escalation, what a statute gave) stays as it was.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from node.domain.entry import Change, ClockChange, Folded, Header
from node.domain.organisation import Place
from node.domain.pack import Pack
from node.domain.policy import Policy
from node.domain.ticket import clocks, pace
from node.domain.ticket.fold import evolve
from node.domain.ticket.hops import accepted_hop
from node.domain.ticket.parts import round_of
from node.domain.ticket.records import Clock
from node.domain.ticket.sweep import opening_of
from node.domain.ticket.ticket import Ticket
from node.domain.time import Limit, Pause, Unit, due, last_day
from node.services.replay_keys import STARTS_ON
from node.services.replay_runs import CalendarOf, Measured, Measuring, Run, clock_of

# The packs in force and those laid over them, by the digest of the former.
Packs = Mapping[str, tuple[Pack, Pack]]
# At which entries the handling limit and the contact limit begin of themselves; elsewhere (rework, a transfer) an act begins them.
_OWN_STARTS = frozenset({"Formed", "Dispatched", "Signed"})


def replay(entries: Sequence[Folded], place: Place, packs: Packs, calendar_of: CalendarOf, now: datetime) -> list[Measured]:
    """
    Each clock that the node of *place* started in *entries* (one ticket's, in the order in which they are folded), as it was and
    as it would have been.
    """
    runs: dict[str, Run] = {}
    over: list[Run] = []
    real: Ticket | None = None
    other: Ticket | None = None
    for entry in entries:
        before, real = real, evolve(real, entry)
        head = entry.header
        if head.node != place.node or not head.clocks:
            other = evolve(other, entry)
            continue
        at = _Replaying(head, place, packs, calendar_of, before, real, other)
        instead = tuple(at.instead())
        other = evolve(other, replace(entry, header=replace(head, clocks=instead)))
        for change in head.clocks:
            if change.change is Change.STARTED:
                if change.clock in runs:
                    over.append(runs.pop(change.clock).ended(head))
                is_refused = change.clock == "extension_decision" and change not in instead
                runs[change.clock] = Run(real.id, change.clock, is_refused=is_refused)
        for name in {change.clock for change in (*head.clocks, *instead)} & runs.keys():
            runs[name] = runs[name].at(head, instead, at.pack_after(name), real, other, place.node)
    measuring = Measuring(place, calendar_of, now)
    return [found for run in (*over, *runs.values()) if (found := measuring.measured(run)) is not None]


@dataclass(frozen=True)
class _Replaying:
    """What one entry would have done to clocks: *before* and *after* are the ticket as it was, *other* as it would have been before."""

    head: Header
    place: Place
    packs: Packs
    calendar_of: CalendarOf
    before: Ticket | None
    after: Ticket
    other: Ticket | None

    def instead(self) -> Iterator[ClockChange]:
        """The entry's changes with the limits and due times that they would have had, less those that would not have been."""
        begun_anew = {name for name in ("resolve", pace.CONTACT) if self._begins_otherwise(name)}
        for change in self.head.clocks:
            if change.change is Change.STARTED and change.clock in begun_anew:
                continue
            if not self._is_refused(change):
                yield from self._changed(change)
        for name in begun_anew:
            yield from self._begun(name)
        yield from self._conferring()

    def pack_after(self, clock: str) -> tuple[Pack, Pack] | None:
        """The pack by which the node sweeps the ticket's clocks after this entry, and the one laid over it."""
        if self.after.custody.holder == self.place.node and (named := self.packs.get(self.after.pack.rpartition("@")[2])):
            return named
        mine = clock_of(self.after, clock, self.place.node)
        return self.packs.get(mine.pack) if mine is not None else None

    # --- what begins --------------------------------------------------------------------------------------------------

    def _begins_otherwise(self, name: str) -> bool:
        """What starts the clock of itself is changed, and this is an entry at which it may start under either rule."""
        found = self._packs_here()
        if found is None or self.head.kind not in _OWN_STARTS or self.other is None:
            return False
        was, wanted = found
        if name == "resolve":
            rules: tuple[str, ...] = (STARTS_ON, "limit.sign") if wanted.choice(STARTS_ON) == "signed" else (STARTS_ON,)
        else:
            # The receipt of which it counts from, or the windows in which it may begin.
            rules = ("limit.sign", "contact.after_hours", *(key for key in wanted.rules if key.startswith("opening.")))
            if self.head.kind == "Formed" or not wanted.has_limit(pace.CONTACT) or wanted.choice("contact.starts_on") != "signed":
                return False
        return any(was.find(key) != wanted.find(key) for key in rules)

    def _begun(self, name: str) -> Iterator[ClockChange]:
        """What the engine would have started at this entry under the changed pack."""
        policy, now = self._policy(), self.head.recorded_at
        assert self.other is not None
        ticket = replace(self.other, classing=self.after.classing)
        changes: tuple[ClockChange, ...] = ()
        if self.head.kind == "Signed":
            changes = pace.on_signing(ticket, policy, now)
        elif self.head.kind == "Dispatched" and (name != "resolve" or ticket.clock("resolve") is None):
            changes = pace.from_receipt(ticket, self.after.lead, policy, now)
            if policy.pack.choice(STARTS_ON) != "signed":
                changes += (clocks.start(policy, now, "resolve", self.after.lead, limit=clocks.resolve_limit(ticket, policy)),)
        yield from (change for change in changes if change.clock == name and change.change is Change.STARTED)

    def _started(self, change: ClockChange) -> ClockChange:
        limit = self._limit(change)
        since = self._since(change)
        if change.promised is not None or (limit is None and since == change.since):
            return change
        limit = limit or _limit_of(change)
        due_at = due(since or self.head.recorded_at, limit, self.calendar_of(change.calendar))
        return replace(change, limit=limit.count, unit=limit.unit.value, due_at=due_at, since=since)

    def _since(self, change: ClockChange) -> datetime | None:
        """A contact limit that counts from the appeal begins when somebody is there, if the pack says so (FJ23-3.4b)."""
        found = self._packs_here(change)
        if change.clock != pace.CONTACT or found is None or self.head.kind in _OWN_STARTS:
            return change.since
        was, wanted = found
        begin = self.after.intake.received_at or self.head.recorded_at
        calendar = self.calendar_of(change.calendar)
        issued = opening_of(was).next_open(begin, calendar) if was.choice("contact.after_hours") == "next_opening" else begin
        if issued != (change.since or self.head.recorded_at):
            return change.since
        return opening_of(wanted).next_open(begin, calendar) if wanted.choice("contact.after_hours") == "next_opening" else begin

    # --- what is changed ----------------------------------------------------------------------------------------------

    def _changed(self, change: ClockChange) -> Iterator[ClockChange]:
        match change.change:
            case Change.STARTED:
                yield self._started(change)
            case Change.MOVED:
                yield self._moved(change)
            case Change.RESUMED:
                yield self._resumed(change)
            case Change.PAUSED | Change.STOPPED:
                yield change

    def _moved(self, change: ClockChange) -> ClockChange:
        clock, other = self._clock(self.before, change), self._clock(self.other, change)
        if clock is None or other is None:
            return change
        if (clock.limit, clock.promised) == (_limit_of(change), change.promised) and change.due_at in (clock.due_at, None):
            # Only somebody else owes it.
            return replace(change, limit=other.limit.count, unit=other.limit.unit.value, due_at=other.due_at, promised=other.promised)
        if change.promised is not None:
            return change
        limit = self._limit(change) or _limit_of(change)
        pausing = other.is_paused or change.due_at is None
        calendar = self.calendar_of(change.calendar)
        due_at = None if pausing else clocks.recounted(replace(other, limit=limit, promised=None), calendar)
        return replace(change, limit=limit.count, unit=limit.unit.value, due_at=due_at)

    def _resumed(self, change: ClockChange) -> ClockChange:
        other = self._clock(self.other, change)
        if other is None or not other.is_paused:
            return change
        *earlier, last = other.pauses
        end = max(change.since or self.head.recorded_at, last.begin)
        pauses = (*earlier, Pause(last.begin, end))
        due_at = clocks.recounted(replace(other, pauses=pauses), self.calendar_of(change.calendar))
        return replace(change, limit=other.limit.count, unit=other.limit.unit.value, due_at=due_at)

    def _is_refused(self, change: ClockChange) -> bool:
        """An extension that would not have been asked for, or granted: its ground is not offered, or the round has had its number."""
        found = self._packs_here()
        if found is None or self.head.kind not in ("ExtensionRequested", "ExtensionGranted") or self.before is None:
            return False
        wanted, asked = found[1], self.after.extension or self.before.extension
        offered, most = wanted.names("extension.grounds"), wanted.number("extension.max_count")
        is_out = bool(offered) and asked is not None and asked.reason not in offered
        is_out |= bool(most) and round_of(self.before, self.head.recorded_at).extensions >= most
        return is_out and (change.change, change.clock) in ((Change.STARTED, "extension_decision"), (Change.MOVED, "resolve"))

    def _conferring(self) -> Iterator[ClockChange]:
        """Whether the forming limit stands while the members confer (``judgement.pauses_form``)."""
        found = self._packs_here()
        form = self.other.clock("form", self.place.node) if self.other is not None else None
        if found is None or form is None or found[0].flag("judgement.pauses_form") == found[1].flag("judgement.pauses_form"):
            return
        if self.head.kind == "JudgementOpened":
            # A pause that the entry has is undone where the changed pack knows none.
            yield (
                clocks.pause(form)
                if found[1].flag("judgement.pauses_form")
                else clocks.cancel_pause(
                    replace(form, due_at=None, pauses=(*form.pauses, Pause(self.head.recorded_at, None))), self._policy()
                )
            )
        elif self.head.kind == "JudgementClosed" and form.is_paused and found[1].flag("judgement.pauses_form"):
            yield clocks.resume(form, self._policy(), self.head.recorded_at)

    # --- by which rules -----------------------------------------------------------------------------------------------

    def _limit(self, change: ClockChange) -> Limit | None:
        """The limit that the changed pack gives; None if what was issued came from no pack."""
        found = self._packs_here(change)
        if found is None:
            return None
        old, new = found
        keys = tuple(self._keys(change, old))
        rule, instead = old.find(*keys), new.find(*keys)
        if rule is None or not isinstance(rule.value, Limit) or instead is None or not isinstance(instead.value, Limit):
            return None
        if _limit_of(change) == self._stricter(change, rule.value, old):
            return self._stricter(change, instead.value, new)
        return None

    def _stricter(self, change: ClockChange, limit: Limit, pack: Pack) -> Limit:
        """AS25-2.4a: what was handed down, or merged into another, is due by its own date, too."""
        if change.clock != "resolve" or change.change is not Change.STARTED or self.head.kind not in ("Formed", "TransferAccepted"):
            return limit
        policy = Policy(pack, self.calendar_of(change.calendar), self.place)
        hop = accepted_hop(self.after, self.place.node, is_down=True)
        dates = [hop.due] if hop is not None and hop.due is not None else []
        dates += [last_day(taken.due_at) for taken in self.after.due_taken] if self.head.kind == "Formed" else []
        for date in dates:
            limit = clocks.stricter(limit, date, policy, self.head.recorded_at)
        return limit

    def _keys(self, change: ClockChange, pack: Pack) -> Iterator[str]:
        """Where the limit stands, in the order in which the engine looks at this entry."""
        kind, _, unit = change.clock.partition("/")
        category, complexity = self.after.classing.category, self.after.classing.complexity
        match kind:
            case "resolve" if self.head.kind == "ClocksResumed":
                yield "limit.feedback_after_decision"
            case "resolve":
                chain = (f"resolve.{category}.{complexity}", f"resolve.{category}", f"resolve.any.{complexity}", "resolve")
                yield from (f"limit.{key}" for key in chain)
            case "dispatch" if self.head.kind == "Formed" and self.after.verification is not None and pack.has_limit("assign"):
                yield "limit.assign"
            case "co_handle" if pack.has_limit("co_handle_part") and self._is_part_of(unit):
                yield "limit.co_handle_part"
            case "transfer_answer":
                yield from ("limit.transfer_answer", "limit.sign")
            case "enter_handling":
                yield f"limit.enter_handling.{complexity}"
            case _:
                yield f"limit.{kind}"

    def _is_part_of(self, unit: str) -> bool:
        """The unit was asked before: this clock times its part, not its answer."""
        return self.before is not None and any(part.unit == unit for part in self.before.co_handlers)

    def _packs_here(self, change: ClockChange | None = None) -> tuple[Pack, Pack] | None:
        """The pack that issued *change*, or that the entry's own starts name; with the one laid over it."""
        named = [change] if change is not None else [one for one in self.head.clocks if one.pack]
        digest = next((one.pack for one in named if one.pack), "") or self.after.pack.rpartition("@")[2]
        return self.packs.get(digest)

    def _policy(self) -> Policy:
        found = self._packs_here()
        assert found is not None
        version = next((one.calendar for one in self.head.clocks if one.calendar), "")
        calendar = self.calendar_of(version)
        return Policy(found[1], calendar, self.place, {version: calendar})

    def _clock(self, ticket: Ticket | None, change: ClockChange) -> Clock | None:
        return clock_of(ticket, change.clock, self.place.node) if ticket is not None else None


def _limit_of(change: ClockChange) -> Limit:
    return Limit(change.limit, Unit(change.unit))
