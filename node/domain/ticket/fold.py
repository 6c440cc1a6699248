"""
Folding: from entries to the ticket.

A ticket's line is a function of the *set* of its entries, not of the order in which they came: ``line_of`` picks the
opener of each custody number, takes the holder's versions without a gap, and sets aside what has no effect; side entries
are put where their writers stood.  Folding reads headers, events and the tree, never a pack, a calendar, a wall clock or
a payload.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate

from node.domain.entry import Change, ClockChange, Folded, Header
from node.domain.ticket import records as r
from node.domain.ticket.concerned import asked_in, named_in, person_at
from node.domain.ticket.state import State, With
from node.domain.ticket.ticket import Ticket, TicketEvent, clock_key
from node.domain.time import Limit, Pause, Unit
from node.domain.values import changed

# DESIGN 13: the last line entries of their custody number; only the node that they address opens the next.
FREEZING = frozenset({"EscalationRequested", "TransferRequested"})
# The one opener that the frozen holder may write: both operators together, where no node stands above both.
OVERRIDING = "CustodyOverridden"

Rank = Callable[[str], int]


@dataclass(frozen=True)
class Line:
    """
    The effective line of a ticket, in order, and what stands beside it.

    ``void``: without effect, for ever: written behind the version that the next opener follows, under a number that the
    writer did not hold, or an opener that its writer had no right to.  ``clash``: those of them that the holder wrote under
    a used version, which is an alarm.  ``is_incomplete``: an entry of the line is still missing here.
    """

    entries: tuple[Folded, ...]
    void: tuple[Folded, ...]
    clash: tuple[Folded, ...]
    is_incomplete: bool


@dataclass
class _Found:
    """What ``line_of`` has found so far.  ``waiting`` are the ids of what may still take effect."""

    entries: list[Folded] = field(default_factory=list)
    waiting: set[str] = field(default_factory=set)
    clash: list[Folded] = field(default_factory=list)


def line_of(entries: Iterable[Folded], rank: Rank) -> Line:
    """
    Sort line entries of one ticket into its effective line.  *rank* says how high a node is, smaller is higher: of two
    openers of one custody number the higher node's holds.
    """
    lines = _by_id(entry for entry in entries if entry.header.is_line)
    by_number: dict[int, list[Folded]] = {}
    for entry in sorted(lines.values(), key=_precedence):
        by_number.setdefault(entry.header.custody.number, []).append(entry)
    found = _Found()
    run: list[Folded] = []
    number = 1
    while True:
        opener, is_pending = _opener(by_number.get(number, ()), run, rank)
        if opener is None:
            break
        found.entries.extend(run[: opener.header.custody.follows])
        run = _run(opener, by_number[number], by_number.get(number + 1, ()), found)
        number += 1
    # Nothing opens this number (yet): the run before it is the last one, and only a gap in it matters.
    found.entries.extend(run)
    if run and run[-1].header.kind not in FREEZING:
        found.waiting |= {one.header.id for one in _holders(run[0], by_number[number - 1]) if one.header.version > len(run)}
    forged = any(one.header.is_opener for one in by_number.get(number, ())) and not is_pending
    if not forged:
        found.waiting |= {one.header.id for held, several in by_number.items() if held >= number for one in several}
    # Who stood under an opener that is not here may have stood under the one that holds.
    found.waiting |= {id for id, one in lines.items() if one.header.custody.opener and one.header.custody.opener not in lines}
    used = {entry.header.id for entry in found.entries}
    found.waiting -= used
    void = tuple(entry for id, entry in sorted(lines.items()) if id not in used and id not in found.waiting)
    return Line(tuple(found.entries), void, tuple(found.clash), bool(found.waiting))


def _by_id(entries: Iterable[Folded]) -> dict[str, Folded]:
    """Each entry once, as its writer's latest epoch has it: there it was written again under its own id."""
    found: dict[str, Folded] = {}
    for entry in entries:
        held = found.setdefault(entry.header.id, entry)
        if held.header.epoch < entry.header.epoch:
            found[entry.header.id] = entry
    return found


def _precedence(entry: Folded) -> tuple[int, str]:
    """Of two entries in one place the one of the later epoch holds: what lay behind its begin was superseded."""
    return -entry.header.epoch, entry.header.id


def _opener(candidates: Sequence[Folded], run: Sequence[Folded], rank: Rank) -> tuple[Folded | None, bool]:
    """The opener that follows *run*, and whether one is known whose forerunner is still missing."""
    openers = [one for one in candidates if one.header.is_opener]
    if not run:
        return (min(openers, key=lambda one: rank(one.header.node)), False) if openers else (None, False)
    lawful = [one for one in openers if _may_open(one.header, run, rank) or _may_come(one.header, run)]
    if not lawful:
        return None, False
    first = min(lawful, key=lambda one: rank(one.header.node))
    return (None, True) if first.header.custody.follows > len(run) else (first, False)


def _may_open(head: Header, run: Sequence[Folded], rank: Rank) -> bool:
    """
    DESIGN 13: the holder; or, while another level is asked, the node asked.

    An override is lawful from a node above both; from one of the two where none stands above them.
    """
    if not 1 <= head.custody.follows <= len(run) or not _is_under(head, run[0]):
        return False
    last = run[head.custody.follows - 1].header
    holder = run[0].header.custody.holder
    asked = last.addressee if last.kind in FREEZING else ""
    if head.kind == OVERRIDING:
        return head.node in (holder, asked) or rank(head.node) < min(rank(holder), rank(asked or holder))
    return head.node == (asked or holder)


def _is_under(head: Header, opener: Folded) -> bool:
    """The writer stood under this opener, and under no other of the same number, which did not hold."""
    return head.custody.opener in ("", opener.header.id)


def _may_come(head: Header, run: Sequence[Folded]) -> bool:
    """Whether an opener follows a version that is missing here."""
    return head.custody.follows > len(run) and run[-1].header.kind not in FREEZING and _is_under(head, run[0])


def _run(opener: Folded, candidates: Sequence[Folded], following: Sequence[Folded], found: _Found) -> list[Folded]:
    """
    The opener and the holder's versions behind it, without a gap, to the last one or to the request that freezes them.

    Of two requests in one place that holds by which custody went on: the node asked has opened one of *following* as its answer.
    """
    answers = [one.header for one in following if one.header.is_opener and _is_under(one.header, opener)]
    answered = {(head.answers, head.node, head.custody.follows) for head in answers}
    found.clash.extend(one for one in candidates if one is not opener and one.header.is_opener and one.header.node == opener.header.node)
    run, own = [opener], _holders(opener, candidates)
    while run[-1].header.kind not in FREEZING:
        same = [one for one in own if one.header.version == len(run) + 1]
        if not same:
            break
        asks = [one for one in same if one.header.kind in FREEZING]
        holds = next((one for one in asks if (one.header.id, one.header.addressee, one.header.version) in answered), same[0])
        run.append(holds)
        found.clash.extend([one for one in same if one is not holds])
    return run


def _holders(opener: Folded, candidates: Sequence[Folded]) -> list[Folded]:
    """What the holder wrote under *opener*."""
    holder = opener.header.custody.holder
    return [one for one in candidates if one.header.node == holder and not one.header.is_opener and _is_under(one.header, opener)]


def fold_ticket(entries: Iterable[Folded], rank: Rank) -> Ticket | None:
    """The ticket, or None while its first entry is missing."""
    known = _by_id(entries)
    if len(known) == 1:
        (only,) = known.values()
        # Most tickets that are folded have just begun, and of one opener there is no line to look for.
        if only.header.is_opener and only.header.custody.number == 1 and not only.header.custody.opener:
            return evolve(None, only)
    line = line_of(known.values(), rank)
    if not line.entries:
        return None
    ticket: Ticket | None = None
    for entry in in_order(line.entries, [entry for entry in known.values() if not entry.header.is_line]):
        ticket = evolve(ticket, entry)
    assert ticket is not None
    void, clash = (tuple([entry.header.id for entry in several]) for several in (line.void, line.clash))
    return changed(ticket, void=void, clash=clash, beside=_beside(line), is_incomplete=line.is_incomplete)


def _beside(line: Line) -> frozenset[str]:
    """
    Whom those who have or had a part asked or gave the ticket beside the line, and whom those did.

    They know of that line alone, a clash or what an override made void, and have to hear of the one that holds.  What somebody
    without a part wrote names nobody: else a forged opener would fetch the file.
    """
    if not line.void:
        return frozenset()
    found, named = set[str](), [entry.header for entry in (*line.entries, *line.clash)]
    while more := {node for head in named for node in (head.addressee, head.custody.holder) if node} - found:
        found |= more
        named = [entry.header for entry in line.void if entry.header.node in found]
    return frozenset(found)


def goes_on(earlier: Sequence[Folded], ticket: Ticket, entry: Folded, rank: Rank) -> bool:
    """
    True if *entry* plainly stands behind all of *earlier*, which fold to *ticket*: all of them fold to ``evolve(ticket, entry)``.

    Plainly: nothing is missing or without effect so far, *entry* was recorded after everything else, behind whatever its writer
    has written, and is the line's next version, its next opener, or a side entry.  Whatever else comes is folded with the whole.
    """
    head, ids = entry.header, {entry.header.id}
    if ticket.is_incomplete or ticket.void or ticket.clash:
        return False
    run: list[Folded] = []
    for one in earlier:
        past = one.header
        ids.add(past.id)
        is_behind = past.recorded_at < head.recorded_at and (past.node != head.node or (past.epoch, past.seq) < (head.epoch, head.seq))
        if not is_behind or past.answers == head.id or past.custody.number > ticket.custody.number:
            return False
        if past.is_line and past.custody.number == ticket.custody.number:
            run.append(one)
    if len(ids) <= len(earlier) or not run:
        return False
    run.sort(key=lambda one: one.header.version)
    if not head.is_line:
        return True
    if head.is_opener:
        is_next = head.custody.number == ticket.custody.number + 1 and head.custody.follows == len(run)
        return is_next and _may_open(head, run, rank)
    is_next = head.custody.number == ticket.custody.number and head.version == len(run) + 1
    return is_next and run[-1].header.kind not in FREEZING and bool(_holders(run[0], [entry]))


def in_order(line: Sequence[Folded], sides: Iterable[Folded]) -> list[Folded]:
    """
    The line with each side entry behind what its writer had before it.

    That is: behind the writer's own earlier line entries and before his later ones, behind the opener of the custody number
    that it names, and before a line entry that answers it.  In this span ``recorded_at`` decides, so a peer's wrong clock
    can misplace an entry among other people's, never among its own.
    """
    numbers = {entry.header.custody.number: place for place, entry in enumerate(line) if entry.header.is_opener}
    answered = {entry.header.answers: place for place, entry in reversed(list(enumerate(line))) if entry.header.answers}
    times = list(accumulate((entry.header.recorded_at for entry in line), max))
    own: dict[str, list[tuple[tuple[int, int], int]]] = {}
    for place, entry in enumerate(line):
        own.setdefault(entry.header.node, []).append(((entry.header.epoch, entry.header.seq), place))
    slots: list[tuple[int, datetime, str, int, int, Folded]] = []
    reached: dict[str, tuple[int, datetime]] = {}
    for side in sorted(sides, key=lambda one: (one.header.node, one.header.epoch, one.header.seq)):
        head = side.header
        mine = own.get(head.node, [])
        before = bisect_right(mine, ((head.epoch, head.seq), len(line)))
        former_slot, former_time = reached.get(head.node, (0, head.recorded_at))
        lower = max(former_slot, mine[before - 1][1] if before else 0, numbers.get(head.custody.number, 0))
        upper = min(mine[before][1] if before < len(mine) else len(line), answered.get(head.id, len(line))) - 1
        slot = max(lower, min(upper, bisect_right(times, head.recorded_at) - 1))
        reached[head.node] = (slot, max(former_time, head.recorded_at))
        slots.append((slot, reached[head.node][1], head.node, head.epoch, head.seq, side))
    slots.sort(key=lambda one: one[:5])
    ordered: list[Folded] = []
    waiting = iter(slots)
    nxt = next(waiting, None)
    for place, entry in enumerate(line):
        ordered.append(entry)
        while nxt is not None and nxt[0] <= place:
            ordered.append(nxt[-1])
            nxt = next(waiting, None)
    return ordered


def evolve(ticket: Ticket | None, entry: Folded) -> Ticket:
    """*ticket* after one more entry.  An event that this program does not know still moves what its header says."""
    head, event = entry.header, entry.event
    if ticket is None:
        if not isinstance(event, TicketEvent):
            raise ValueError(f"{head.kind} cannot begin ticket {head.subject.id}")
        ticket = event.begin(head)
    elif isinstance(event, TicketEvent):
        ticket = event.apply(ticket, head)
    else:
        ticket = changed(ticket, unknown=(*ticket.unknown, head.id))
        if head.is_line and head.state:
            ticket = changed(ticket, state=State(head.state), with_whom=With(head.with_whom))
    custody = _custody(ticket.custody, head)
    return changed(
        ticket,
        custody=custody,
        version=head.version if head.is_line else ticket.version,
        clocks=fold_clocks(_rekeyed(ticket.clocks, ticket.custody.holder, custody.holder), head, custody.holder),
        asks=_asks(ticket.asks, entry),
        hands=ticket.hands | {r.Hand(head.actor.account, head.actor.unit, head.kind)},
        concerned=ticket.concerned.union(asked_in(head, event), (person_at(head.node, one) for one in named_in(head, event))),
        changed_at=max(ticket.changed_at or head.recorded_at, head.recorded_at),
    )


def as_far_as_read(head: Header) -> Header:
    """
    *head* of an entry that was passed by, without what this program cannot read of it: where that says the ticket stands, a clock.

    It keeps its place in the line, with nothing more to say there.
    """
    if head.state:
        try:
            State(head.state), With(head.with_whom)
        except ValueError:
            head = changed(head, state="", with_whom="")
    return changed(head, clocks=tuple([change for change in head.clocks if is_clock_read(change)]))


def is_clock_read(change: ClockChange) -> bool:
    """False if nobody can fold it: its unit is none, or does not count that far."""
    if change.change in (Change.STARTED, Change.MOVED):
        try:
            Limit(change.limit, Unit(change.unit))
        except ValueError:
            return False
    return True


def _custody(custody: r.Custody, head: Header) -> r.Custody:
    if head.is_opener:
        return r.Custody(head.custody.number, head.custody.holder, "", (*custody.openers, head.custody.holder), head.id)
    if head.kind in FREEZING:
        return changed(custody, asked=head.addressee)
    return custody


def _rekeyed(clocks: Mapping[str, r.Clock], former: str, holder: str) -> Mapping[str, r.Clock]:
    if former == holder:
        return clocks
    return {clock_key(clock.name, clock.node, holder): clock for clock in clocks.values()}


def _asks(asks: Mapping[str, r.Ask], entry: Folded) -> Mapping[str, r.Ask]:
    head, event = entry.header, entry.event
    after = dict(asks)
    if head.is_opener:  # whatever it says, the question who is to hold the ticket is settled
        after = {id: changed(ask, is_answered=True) if ask.kind in FREEZING else ask for id, ask in after.items()}
    if event is not None and event.asks:
        answered = head.id in after and after[head.id].is_answered
        after[head.id] = r.Ask(head.id, head.kind, head.node, head.actor.account, head.recorded_at, head.addressee, answered)
    if head.answers:
        asked = after.get(head.answers)
        if asked is None:  # the answer came first: remember it for the ask
            asked = r.Ask(head.answers, "", "", "", head.recorded_at)
        after[head.answers] = changed(asked, is_answered=True)
    return after


def fold_clocks(clocks: Mapping[str, r.Clock], head: Header, holder: str) -> Mapping[str, r.Clock]:
    """
    The clocks after what *head* did to them.  A clock belongs to the node that started it: an entry of another node
    cannot touch it, and what it does to a clock that is not there has no effect.
    """
    if not head.clocks:
        return clocks
    after = dict(clocks)
    for change in head.clocks:
        key = clock_key(change.clock, head.node, holder)
        former = after.get(key)
        if change.change is Change.STARTED:
            after[key] = _started(change, head)
        elif former is not None and former.stopped_at is None:
            after[key] = _changed(former, change, head)
    return after


def _started(change: ClockChange, head: Header) -> r.Clock:
    return r.Clock(
        name=change.clock,
        node=head.node,
        started_at=change.since or head.recorded_at,
        limit=Limit(change.limit, Unit(change.unit)),
        due_at=change.due_at,
        owes=change.owes,
        pack=change.pack,
        calendar=change.calendar,
        last_due_at=change.due_at,
        is_provisional=change.provisional,
        promised=change.promised,
    )


def _changed(clock: r.Clock, change: ClockChange, head: Header) -> r.Clock:
    at = change.since or head.recorded_at
    match change.change:
        case Change.PAUSED:
            return changed(clock, due_at=None, pauses=(*clock.pauses, Pause(at, None))) if clock.is_running else clock
        case Change.RESUMED:
            if not clock.is_paused:
                return clock
            *before, last = clock.pauses
            pauses = (*before, Pause(last.begin, max(at, last.begin)))
            return changed(clock, due_at=change.due_at, last_due_at=change.due_at, pauses=pauses, calendar=change.calendar)
        case Change.MOVED:
            is_same = (change.due_at, change.promised) == (clock.due_at, clock.promised)
            return changed(
                clock,
                # Written where the clock still ran: it stands all the same, until it is resumed.
                due_at=None if clock.is_paused else change.due_at,
                last_due_at=change.due_at or clock.last_due_at,
                limit=Limit(change.limit, Unit(change.unit)),
                pack=change.pack,
                calendar=change.calendar,
                is_provisional=change.provisional,
                owes=change.owes or clock.owes,
                # What went off stays so, once for each due time.
                fired=clock.fired if change.due_at is not None and change.due_at == clock.due_at else (),
                promised=change.promised,
                pauses_before=clock.pauses_before if is_same else sum(pause.end is not None for pause in clock.pauses),
            )
        case Change.STOPPED:
            return changed(clock, due_at=None, stopped_at=at)
        case Change.STARTED:
            raise AssertionError("a started clock is never changed here")
