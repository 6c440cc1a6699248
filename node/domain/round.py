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
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar

from node.domain import sampling
from node.domain.command import Command, Facts
from node.domain.entry import Happened, Subject, SubjectKind
from node.domain.organisation import Role
from node.domain.payload import Text
from node.domain.period import Period, period_named
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.round_record import (
    BEGINNING,
    CUT,
    DRAWN,
    OPENED,
    PURPOSE,
    REVEALED,
    CallRecorded,
    CallRevealed,
    FrameCut,
    FurtherDrawn,
    Place,
    Round,
    RoundOpened,
    RoundRevealed,
    SampleDrawn,
    round_id,
    ticket_of,
)
from node.domain.ticket.decide import check_role
from node.domain.ticket.finding import FindingRaised
from node.domain.ticket.ticket import Ticket
from node.domain.time import due, last_day, local_day


class RoundCommand(Command):
    """A command about a round; every one but the call may be given by the node itself."""

    subject_kind: ClassVar[SubjectKind] = SubjectKind.ROUND
    roles = frozenset({Role.OFFICE, Role.NODE})


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


# --- what a decision looks at ------------------------------------------------------------------------------------------


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
    position: Place = BEGINNING
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
    need_calls_done(found, now)
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


def need_calls_done(found: Round, now: datetime) -> None:
    """
    Refuse while calls of a drawn round are open and its window runs.  Nobody is pending only if enough were reached or the frame is
    exhausted: further draws follow each one given up.
    """
    if found.pending and found.window_until is not None and now < found.window_until:
        raise Refusal(Code.CALLS_OPEN, round=found.id, pending=len(found.pending), until=last_day(found.window_until))


def _need_stage(found: Round, stage: str) -> None:
    if found.stage != stage:
        raise Refusal(Code.WRONG_STAGE, round=found.id, stage=found.stage, wanted=stage)
