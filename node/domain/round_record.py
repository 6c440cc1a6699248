"""What is remembered of a round of sampled revisits: its events, and the round as they tell it (see ``round``)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import ClassVar

from node.domain.entry import Event, Folded, Header, Subject, SubjectKind
from node.domain.payload import Words
from node.domain.refusal import Code, Refusal
from node.domain.registry import PayloadOpened

OPENED, CUT, DRAWN, REVEALED = "opened", "cut", "drawn", "revealed"
# What a call of a round is made for, and its tickets are opened for.
PURPOSE = "drawn"


class RoundEvent(Event):
    """An event of a round."""

    subject_kind: ClassVar[SubjectKind] = SubjectKind.ROUND


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


@dataclass(frozen=True, order=True)
class Place:
    """An entry's place in a node's streams; later epochs come later."""

    epoch: int
    seq: int


# Before the first entry of a node.
BEGINNING = Place(1, 0)


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
