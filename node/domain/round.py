"""
A round of sampled revisits (抽访): one subordinate's completed tickets of one period, drawn and called by its superior.

Four stages: ``opened`` before the period begins, with a commitment to a secret; ``cut`` a day after it ends, at a position
of the subordinate's stream; ``drawn``, which follows from frame and secret and is called in a window of working days;
``revealed``, when everything goes down at once: the secret, the sample, what was heard, and one finding a ticket.

Until then no entry of a round is addressed, so nothing that reaches the subordinate differs between a drawn and an
undrawn ticket (DESIGN 8).  The secret lies sealed beside the entry that commits to it: it survives a restart, stands in
no entry before the reveal, and whoever stands above the drawing node may open it for a purpose.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import ClassVar

from node.domain import sampling
from node.domain.command import Command, Facts
from node.domain.entry import Event, Folded, Happened, Header, Subject, SubjectKind
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.period import Period, period_named
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.registry import PayloadOpened
from node.domain.ticket.decide import check_role
from node.domain.ticket.finding import FindingRaised
from node.domain.ticket.ticket import Ticket
from node.domain.time import due, last_day, local_day

OPENED, CUT, DRAWN, REVEALED = "opened", "cut", "drawn", "revealed"
# What a call of a round is made for, and its tickets are opened for.
PURPOSE = "drawn"


class RoundEvent(Event):
    """An event of a round."""

    subject_kind: ClassVar[SubjectKind] = SubjectKind.ROUND


class RoundCommand(Command):
    """A command about a round; every one but the call may be given by the node itself."""

    subject_kind: ClassVar[SubjectKind] = SubjectKind.ROUND
    roles = frozenset({Role.OFFICE, Role.NODE})


# --- events -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RoundOpened(RoundEvent):
    """
    A superior committed itself before the period began: SHA-256("qyzj/commit/v1\\n" county "\\n" period "\\n" secret), in hex.

    `rate` is whole percent, `floor` a number of tickets. A county's first frame begins behind entry `from_seq` of its epoch
    `from_epoch`; a later one where the former was cut. The secret is sealed and revealed by RoundRevealed.
    """

    county: str
    period: str
    rate: int
    floor: int
    commitment: str
    from_epoch: int
    from_seq: int
    secret: Words | None = None


@dataclass(frozen=True)
class FrameCut(RoundEvent):
    """
    The frame is what the county completed behind entry `from_seq` of epoch `from_epoch` up to and with entry `cut` of epoch
    `cut_epoch`; `root` is the Merkle root of that epoch's first `cut` entries, in hex.
    """

    from_epoch: int
    from_seq: int
    cut_epoch: int
    cut: int
    root: str


@dataclass(frozen=True)
class SampleDrawn(RoundEvent):
    """
    The tickets that the superior calls, as "<register number>#<outcome>", in the order of the draw.

    `frame_root` is the Merkle root over the `frame_size` entries of the frame, in hex. `window_until` ends the revisit window.
    """

    frame_size: int
    frame_root: str
    keys: tuple[str, ...]
    window_until: datetime


@dataclass(frozen=True)
class CallRecorded(RoundEvent):
    """
    The superior called about a drawn ticket. Answers are absent where nobody was reached, or the vote is neither yes nor no.

    `is_given_up`: the last attempt; the ticket stays in the sample and counts against the county.
    """

    key: str
    is_reached: bool
    purpose: str
    is_given_up: bool = False
    is_consistent: bool | None = None
    is_standard_met: bool | None = None
    is_satisfied: bool | None = None
    note: Words | None = None


@dataclass(frozen=True)
class FurtherDrawn(RoundEvent):
    """Too many could not be reached: the next of the same order are called, too. It replaces nobody."""

    keys: tuple[str, ...]


@dataclass(frozen=True)
class RoundRevealed(RoundEvent):
    """
    The round is over and open: with this entry and its own journal the county repeats frame and draw.

    All values of 32 bytes are in hex. `pulse` is 32 zero bytes while no pulses are published, and the round says so by that.
    `drawn` has the further draws in it; `findings` are the keys of what was found otherwise than reported.
    """

    county: str
    period: str
    rate: int
    floor: int
    commitment: str
    from_epoch: int
    from_seq: int
    cut_epoch: int
    cut: int
    root: str
    frame_size: int
    frame_root: str
    secret: str
    pulse: str
    seed: str
    drawn: tuple[str, ...]
    findings: tuple[str, ...]


@dataclass(frozen=True)
class CallRevealed(RoundEvent):
    """
    What the county may see of one drawn ticket, once the round is revealed: who called and opened it, and what was heard.

    `called_by` and `called_at` are those of the last attempt, absent if none was made; `opened_by` are the accounts that
    opened its texts or contacts, `opened_at` the first time.
    """

    key: str
    is_reached: bool
    attempts: int
    is_consistent: bool | None = None
    is_standard_met: bool | None = None
    is_satisfied: bool | None = None
    called_by: str = ""
    called_at: datetime | None = None
    opened_by: tuple[str, ...] = ()
    opened_at: datetime | None = None


# --- commands ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OpenRound(RoundCommand):
    """
    Commit to the round of ``county`` in ``period`` before it begins.

    ``rate`` and ``floor`` may be set above the pack's, never below.
    """

    starts = True

    county: str
    period: str
    rate: int | None = None
    floor: int | None = None


@dataclass(frozen=True)
class CutFrame(RoundCommand):
    """Fix the frame at what is held of the county's stream now."""


@dataclass(frozen=True)
class DrawSample(RoundCommand):
    """Draw the sample from the frame; it follows from frame and secret, so there is nothing to choose."""


@dataclass(frozen=True)
class RecordCall(RoundCommand):
    """Record one call about the drawn ticket ``key``: nobody reached, or what the appellant said."""

    roles = frozenset({Role.OFFICE})

    key: str
    is_reached: bool
    is_consistent: bool | None = None
    is_standard_met: bool | None = None
    is_satisfied: bool | None = None
    note: Text | None = None


@dataclass(frozen=True)
class RevealRound(RoundCommand):
    """End the round: reveal secret, sample and results, and file the findings."""


# --- the round as it is folded ----------------------------------------------------------------------------------------


@dataclass(frozen=True, order=True)
class Place:
    """An entry's place in a node's streams; later epochs come later."""

    epoch: int
    seq: int


@dataclass(frozen=True)
class Span:
    """The part of a county's history from which a frame is made: behind ``begin``, up to and with ``end``."""

    begin: Place
    end: Place


@dataclass(frozen=True)
class Call:
    """One attempt.  ``entry`` is the entry's id, where the note lies sealed."""

    entry: str
    at: datetime
    account: str
    is_reached: bool
    is_given_up: bool
    is_consistent: bool | None
    is_standard_met: bool | None
    is_satisfied: bool | None
    note: Words | None

    @property
    def is_finding(self) -> bool:
        """AS25-4.7.2a: not as reported, or below the standard; dissatisfaction alone is none."""
        return self.is_consistent is False or self.is_standard_met is False


@dataclass(frozen=True)
class Opening:
    """A payload of ``ticket`` was opened for this round."""

    ticket: str
    account: str
    at: datetime


@dataclass(frozen=True)
class Round:
    """
    A round as its entries tell it.  Below the node that draws it begins with the reveal; ``shown`` are then the results.

    ``drawn`` are all keys to call, further draws included; hex strings are as in the events.
    """

    id: str
    node: str
    county: str
    period: str
    rate: int
    floor: int
    commitment: str
    opened_at: datetime
    stage: str
    begin: Place
    secret: Words | None = None
    end: Place | None = None
    root: str = ""
    cut_at: datetime | None = None
    frame_size: int = 0
    frame_root: str = ""
    drawn: tuple[str, ...] = ()
    window_until: datetime | None = None
    calls: Mapping[str, tuple[Call, ...]] = field(default_factory=dict)
    openings: tuple[Opening, ...] = ()
    revealed: RoundRevealed | None = None
    revealed_at: datetime | None = None
    shown: tuple[CallRevealed, ...] = ()

    @property
    def subject(self) -> Subject:
        """The round as the subject of entries."""
        return Subject(SubjectKind.ROUND.value, self.id)

    @property
    def span(self) -> Span:
        """
        Where the frame lies.

        Raises:
            Refusal: WRONG_STAGE, before the cut.
        """
        if self.end is None:
            raise Refusal(Code.WRONG_STAGE, round=self.id, stage=self.stage, wanted=CUT)
        return Span(self.begin, self.end)

    def last_call(self, key: str) -> Call | None:
        """The last attempt about *key*; none follows one that reached somebody."""
        made = self.calls.get(key, ())
        return made[-1] if made else None

    @property
    def reached(self) -> tuple[str, ...]:
        """Keys whose appellant answered."""
        return tuple(key for key in self.drawn if (call := self.last_call(key)) is not None and call.is_reached)

    @property
    def given_up(self) -> tuple[str, ...]:
        """Keys that were tried as often as the pack says, in vain."""
        return tuple(key for key in self.drawn if (call := self.last_call(key)) is not None and call.is_given_up)

    @property
    def pending(self) -> tuple[str, ...]:
        """Keys still to be called."""
        settled = {*self.reached, *self.given_up}
        return tuple(key for key in self.drawn if key not in settled)


@dataclass(frozen=True)
class Former:
    """An earlier or later round of the same county: where it was cut, None before."""

    period: str
    end: Place | None


@dataclass(frozen=True)
class Held:
    """
    What a decision about a round must know besides it; each command gets what it needs, the rest is empty.

    ``fresh`` are 32 random bytes for a new round, ``secret`` the opened secret of this one.  ``position`` is how far the
    county's stream is held, ``position_root`` its root.  ``notes`` are the opened notes by key; ``tickets`` the drawn
    tickets by register number.
    """

    fresh: bytes = b""
    secret: bytes = b""
    position: Place = Place(1, 0)
    position_root: bytes = b""
    others: tuple[Former, ...] = ()
    frame: tuple[sampling.FrameEntry, ...] = ()
    notes: Mapping[str, Text] = field(default_factory=dict)
    tickets: Mapping[str, Ticket] = field(default_factory=dict)


@dataclass(frozen=True)
class RoundState:
    """A round, or None where it is yet to be opened, and what is held about it here."""

    round: Round | None
    held: Held = Held()


def round_id(node: str, county: str, period: str) -> str:
    """The id of the round that *node* draws from *county* in *period*: "R520400-520402-2026-02"."""
    return f"R{node}-{county}-{period}"


def ticket_of(key: str) -> str:
    """The register number in a frame key."""
    return key.partition("#")[0]


def fold_round(entries: Sequence[Folded]) -> Round | None:
    """The round as *entries* tell it, in the order in which its node wrote them; None before the first that says what it is."""
    found: Round | None = None
    for entry in entries:
        found = evolve(found, entry)
    return found


def evolve(before: Round | None, entry: Folded) -> Round | None:
    """*before* after one more entry; what this program does not know changes nothing."""
    head, event = entry.header, entry.event
    if isinstance(event, RoundOpened):
        return before or _begun(event, head)
    if isinstance(event, RoundRevealed):
        return _revealed(before, event, head)
    if before is None:
        return None
    match event:
        case FrameCut():
            begin, end = Place(event.from_epoch, event.from_seq), Place(event.cut_epoch, event.cut)
            return replace(before, stage=CUT, begin=begin, end=end, root=event.root, cut_at=head.recorded_at)
        case SampleDrawn():
            drawn = replace(before, stage=DRAWN, drawn=event.keys, window_until=event.window_until)
            return replace(drawn, frame_size=event.frame_size, frame_root=event.frame_root)
        case FurtherDrawn():
            return replace(before, drawn=(*before.drawn, *event.keys))
        case CallRecorded():
            call = Call(
                head.id, head.recorded_at, head.actor.account, event.is_reached, event.is_given_up,
                event.is_consistent, event.is_standard_met, event.is_satisfied, event.note,
            )  # fmt: skip
            return replace(before, calls={**before.calls, event.key: (*before.calls.get(event.key, ()), call)})
        case PayloadOpened():
            return replace(before, openings=(*before.openings, Opening(event.opened, head.actor.account, head.recorded_at)))
        case CallRevealed():
            return replace(before, shown=(*before.shown, event))
    return before


def _begun(event: RoundOpened | RoundRevealed, head: Header) -> Round:
    return Round(
        id=head.subject.id,
        node=head.node,
        county=event.county,
        period=event.period,
        rate=event.rate,
        floor=event.floor,
        commitment=event.commitment,
        opened_at=head.recorded_at,
        stage=OPENED,
        begin=Place(event.from_epoch, event.from_seq),
        secret=event.secret if isinstance(event, RoundOpened) else None,
    )


def _revealed(before: Round | None, event: RoundRevealed, head: Header) -> Round:
    return replace(
        before or _begun(event, head),
        stage=REVEALED,
        begin=Place(event.from_epoch, event.from_seq),
        end=Place(event.cut_epoch, event.cut),
        root=event.root,
        frame_size=event.frame_size,
        frame_root=event.frame_root,
        drawn=event.drawn,
        revealed=event,
        revealed_at=head.recorded_at,
    )


# --- decisions --------------------------------------------------------------------------------------------------------


def decide(state: RoundState, command: Command, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """
    Say what follows from a command about a round, or raise a Refusal.  Empty if it was already carried out.

    Raises:
        Refusal: COMMAND_UNKNOWN, PERMISSION_DENIED, SUBJECT_UNKNOWN, or what the command's own decision says, in its order.
    """
    if not isinstance(command, RoundCommand):
        raise Refusal(Code.COMMAND_UNKNOWN, command=type(command).__name__)
    check_role(command, facts, policy)
    if isinstance(command, OpenRound):
        return _open(state, command, policy, now)
    found = state.round
    if found is None or found.node != policy.node:
        raise Refusal(Code.SUBJECT_UNKNOWN, kind="round", id=found.id if found else "")
    match command:
        case CutFrame():
            return _cut(found, state.held, policy, now)
        case DrawSample():
            return _draw(found, state.held, policy, now)
        case RecordCall():
            return _record(found, state.held, command, policy)
        case RevealRound():
            return _reveal(found, state.held, now)
    raise Refusal(Code.COMMAND_UNKNOWN, command=type(command).__name__)


def _open(state: RoundState, command: OpenRound, policy: Policy, now: datetime) -> list[Happened]:
    if state.round is not None:
        return []
    if command.county not in policy.place.subordinates:
        raise Refusal(Code.NOT_SUBORDINATE, node=command.county, superior=policy.node)
    period = _named(command.period)
    rate = _at_least(command.rate, "revisit.sampling.rate", sampling.RATE_MIN_PERCENT, 100, policy)  # AS25-3.2.4b
    floor = _at_least(command.floor, "revisit.sampling.floor", 1, None, policy)
    if now >= period.begins:  # FEDERATION 3.3: whoever commits later may have seen part of the frame
        raise Refusal(Code.PERIOD_BEGUN, period=period.name, begins=local_day(period.begins))
    later = [one.period for one in state.held.others if _named(one.period).ends > period.begins]
    if later:
        raise Refusal(Code.PERIOD_ORDER, county=command.county, period=period.name, other=max(later))
    secret = state.held.fresh
    event = RoundOpened(
        county=command.county,
        period=period.name,
        rate=rate,
        floor=floor,
        commitment=sampling.commitment(command.county, period.name, secret).hex(),
        from_epoch=state.held.position.epoch,
        from_seq=state.held.position.seq,
        secret=Text(secret.hex()),
    )
    return [Happened(Subject(SubjectKind.ROUND.value, round_id(policy.node, command.county, period.name)), event)]


def _named(period: str) -> Period:
    try:
        return period_named(period)
    except ValueError:
        raise Refusal(Code.MALFORMED_COMMAND, field="period") from None


def _at_least(asked: int | None, key: str, least: int, most: int | None, policy: Policy) -> int:
    """What was asked, or the pack's value; refused below either the pack's or the engine's own least."""
    ours = policy.pack.number(key)
    value = ours if asked is None else asked
    if value < max(ours, least):
        raise Refusal(Code.SAMPLE_TOO_SMALL, key=key, value=value, least=max(ours, least))
    if most is not None and value > most:
        raise Refusal(Code.MALFORMED_COMMAND, field=key.rpartition(".")[2])
    return value


def cut_from(period: str, policy: Policy) -> datetime:
    """The first moment at which the frame of *period* may be cut: late synchronisation has had its time (FEDERATION 3.2)."""
    return _named(period).ends + timedelta(hours=policy.pack.number("revisit.sampling.cut_hours"))


def _cut(found: Round, held: Held, policy: Policy, now: datetime) -> list[Happened]:
    if found.stage != OPENED:
        return []
    earliest = cut_from(found.period, policy)
    if now < earliest:
        raise Refusal(Code.CUT_TOO_EARLY, round=found.id, earliest=local_day(earliest))
    begins = _named(found.period).begins
    former = [one for one in held.others if _named(one.period).begins < begins]
    uncut = [one.period for one in former if one.end is None]
    if uncut:  # each outcome stands in exactly one frame: this one begins where the former ends
        raise Refusal(Code.PERIOD_ORDER, county=found.county, period=found.period, other=min(uncut))
    begin = max((one.end for one in former if one.end is not None), default=found.begin)
    end = held.position
    event = FrameCut(begin.epoch, begin.seq, end.epoch, end.seq, held.position_root.hex())
    return [Happened(found.subject, event)]


def _draw(found: Round, held: Held, policy: Policy, now: datetime) -> list[Happened]:
    if found.stage in (DRAWN, REVEALED):
        return []
    _need_stage(found, CUT)
    keys = [entry.key for entry in held.frame]
    root = sampling.frame_root(held.frame)
    sample = sampling.draw_sample(keys, found.rate, found.floor, _seed(found, held, root))
    until = due(now, policy.pack.limit("sampled_revisit"), policy.calendar)
    return [Happened(found.subject, SampleDrawn(len(keys), root.hex(), sample, until))]


def _record(found: Round, held: Held, command: RecordCall, policy: Policy) -> list[Happened]:
    _need_stage(found, DRAWN)
    if command.key not in found.drawn:  # AS25-3.2.4c: for an unpicked ticket the call is refused
        raise Refusal(Code.NOT_DRAWN, round=found.id, key=command.key)
    made = found.calls.get(command.key, ())
    if made and (made[-1].is_reached or made[-1].is_given_up):
        raise Refusal(Code.ALREADY_EXISTS, kind="call", id=command.key)
    answers = {name: getattr(command, name) for name in ("is_consistent", "is_standard_met", "is_satisfied")}
    for name, answer in answers.items():
        if command.is_reached and answer is None and name != "is_satisfied":
            raise Refusal(Code.FIELD_REQUIRED, field=name)
        if not command.is_reached and answer is not None:
            raise Refusal(Code.MALFORMED_COMMAND, field=name)
    is_given_up = not command.is_reached and len(made) + 1 >= policy.pack.number("revisit.attempts")
    event = CallRecorded(command.key, command.is_reached, PURPOSE, is_given_up, note=command.note, **answers)
    happened = [Happened(found.subject, event)]
    further = _further(found, held) if is_given_up else ()
    return [*happened, Happened(found.subject, FurtherDrawn(further))] if further else happened


def _further(found: Round, held: Held) -> tuple[str, ...]:
    """Whom to call besides, now that one more is given up (DESIGN 8)."""
    root = sampling.frame_root(held.frame)
    if root.hex() != found.frame_root:
        raise Refusal(Code.FRAME_CHANGED, round=found.id, drawn=found.frame_root, now=root.hex())
    order = sampling.draw_order([entry.key for entry in held.frame], _seed(found, held, root))
    return sampling.further_draws(order, len(found.drawn), len(found.reached), len(found.given_up) + 1, found.rate)


def _reveal(found: Round, held: Held, now: datetime) -> list[Happened]:
    if found.stage == REVEALED:
        return []
    _need_stage(found, DRAWN)
    assert found.window_until is not None and found.end is not None  # set with this stage
    # Nobody is pending only if enough were reached or the frame is exhausted: further draws follow each one given up.
    if found.pending and now < found.window_until:
        raise Refusal(Code.CALLS_OPEN, round=found.id, pending=len(found.pending), until=last_day(found.window_until))
    root = bytes.fromhex(found.frame_root)
    findings = tuple(key for key in found.reached if (call := found.last_call(key)) is not None and call.is_finding)
    event = RoundRevealed(
        county=found.county,
        period=found.period,
        rate=found.rate,
        floor=found.floor,
        commitment=found.commitment,
        from_epoch=found.begin.epoch,
        from_seq=found.begin.seq,
        cut_epoch=found.end.epoch,
        cut=found.end.seq,
        root=found.root,
        frame_size=found.frame_size,
        frame_root=found.frame_root,
        secret=held.secret.hex(),
        pulse=sampling.NO_PULSE.hex(),
        seed=_seed(found, held, root).hex(),
        drawn=found.drawn,
        findings=findings,
    )
    revealed = Happened(found.subject, event, addressee=found.county)
    calls = [Happened(found.subject, _shown(found, key), addressee=found.county) for key in found.drawn]
    return [revealed, *calls, *_findings(found, held, findings)]


def _shown(found: Round, key: str) -> CallRevealed:
    call = found.last_call(key)
    openings = [one for one in found.openings if one.ticket == ticket_of(key)]
    return CallRevealed(
        key=key,
        is_reached=call is not None and call.is_reached,
        attempts=len(found.calls.get(key, ())),
        is_consistent=call.is_consistent if call else None,
        is_standard_met=call.is_standard_met if call else None,
        is_satisfied=call.is_satisfied if call else None,
        called_by=call.account if call else "",
        called_at=call.at if call else None,
        opened_by=tuple(sorted({one.account for one in openings})),
        opened_at=min((one.at for one in openings), default=None),
    )


def _findings(found: Round, held: Held, keys: Sequence[str]) -> list[Happened]:
    """
    One finding a ticket, whatever state it is in; two outcomes of one ticket found wrong make one.

    Not through the command: that refuses a ticket that is open again, while the custodian's reactor joins a finding of a round
    to the handling that runs.  Where an earlier finding of this node is still unanswered, it stands for this one, too.
    """
    happened = []
    for number in dict.fromkeys(ticket_of(key) for key in keys):
        ticket = held.tickets.get(number)
        if ticket is None:
            raise Refusal(Code.SUBJECT_UNKNOWN, kind="ticket", id=number)
        if any(ask.node == found.node for ask in ticket.open_asks("FindingRaised")):
            continue
        of_ticket = [key for key in keys if ticket_of(key) == number]
        calls = [call for key in of_ticket if (call := found.last_call(key)) is not None]
        notes = [held.notes[key].plain for key in of_ticket if key in held.notes]
        event = FindingRaised(
            is_consistent=all(call.is_consistent is not False for call in calls),
            is_standard_met=all(call.is_standard_met is not False for call in calls),
            round=found.id,
            note=Text("\n".join(notes)) if notes else None,
        )
        happened.append(Happened(ticket.subject, event, addressee=ticket.custody.holder))
    return happened


def _seed(found: Round, held: Held, root: bytes) -> bytes:
    """The seed, from the secret that was committed to and no other."""
    if sampling.commitment(found.county, found.period, held.secret).hex() != found.commitment:
        raise Refusal(Code.COMMITMENT_BROKEN, round=found.id)
    return sampling.seed(found.county, found.period, root, held.secret)


def _need_stage(found: Round, stage: str) -> None:
    if found.stage != stage:
        raise Refusal(Code.WRONG_STAGE, round=found.id, stage=found.stage, wanted=stage)
