"""What a ticket remembers, area by area.  Each record is written by the events of one area and read by all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from node.domain.payload import Reach, Words
from node.domain.ticket.after_record import After
from node.domain.ticket.handling_record import ScannedSignature
from node.domain.ticket.state import State, With
from node.domain.time import Limit, Pause


@dataclass(frozen=True)
class Custody:
    """
    The handling right.  ``holder`` alone may change the state; ``asked`` is the node that must answer an escalation or a
    transfer ("" if none): until then nobody handles.  ``openers`` are the holders so far, the origin first.
    """

    number: int
    holder: str
    asked: str = ""
    openers: tuple[str, ...] = ()
    # The entry that opened ``number``: what is written under it names it.
    opener: str = ""

    @property
    def is_frozen(self) -> bool:
        """Handling is frozen at the request, not at the acceptance (FEDERATION 2.5)."""
        return self.asked != ""


@dataclass(frozen=True)
class Left:
    """The state that was left by asking another level, kept for a return."""

    state: State
    with_whom: With


@dataclass(frozen=True)
class Clock:
    """
    One clock of the ticket.  ``node`` started it and alone changes and sweeps it.  ``due_at`` is None while it stands or
    once it is stopped.  ``fired`` are the rungs that went off, by name ("early_warning", "overdue").
    """

    name: str
    node: str
    started_at: datetime
    limit: Limit
    due_at: datetime | None
    owes: str
    pack: str
    calendar: str
    pauses: tuple[Pause, ...] = ()
    stopped_at: datetime | None = None
    # Due time when it was stopped or paused last: what "in time" is measured by.
    last_due_at: datetime | None = None
    is_provisional: bool = False
    fired: tuple[str, ...] = ()
    # The date that was set where no limit was counted, and how many pauses were over then: they move it no more.
    promised: date | None = None
    pauses_before: int = 0

    @property
    def kind(self) -> str:
        """The kind of clock, without the unit behind it."""
        return self.name.partition("/")[0]

    @property
    def is_running(self) -> bool:
        """True if somebody is being timed right now."""
        return self.stopped_at is None and self.due_at is not None

    @property
    def is_paused(self) -> bool:
        """True if it stands and will go on."""
        return self.stopped_at is None and self.due_at is None


@dataclass(frozen=True)
class Ask:
    """Something asked of the holder, or of another node, open until an entry answers it."""

    id: str
    kind: str
    node: str
    account: str
    asked_at: datetime
    addressee: str = ""
    is_answered: bool = False


@dataclass(frozen=True)
class Hand:
    """Somebody who had a part in the ticket: what separation of duties looks at."""

    account: str
    unit: str
    kind: str


@dataclass(frozen=True)
class Appellant:
    """
    Who appeals.  ``kind``: "enterprise", "individual_business", "cooperative", "person", "project", "anonymous".
    ``credit_code`` stands in the open only for a legal entity; an individual business's is a contact.
    """

    kind: str
    credit_code: str = ""
    enterprise: str = ""
    name: Reach | None = None
    phone: Reach | None = None
    private_code: Reach | None = None

    @property
    def is_anonymous(self) -> bool:
        """AS25-4.4.4.4a: no name and no way to reach him."""
        return self.kind == "anonymous"


@dataclass(frozen=True)
class Intake:
    """How it came in.  ``first_contact`` is fixed for ever (AS25-4.1a)."""

    channel: str
    registered_at: datetime
    registered_by: str
    first_contact: str
    title: Words | None
    appeal: Words | None
    received_at: datetime | None = None
    external_number: str = ""
    division: str = ""
    field: str = ""
    matter: str = ""
    # "own_duty" or "foreign": the first-contact department's preliminary judgement (AS25-4.1b).
    judgement: str = ""
    # Any of "cross_region", "cross_level", "cross_industry" (AS25-4.2.1.3a).
    crossing: tuple[str, ...] = ()
    assigned_by: str = ""
    conceal_from: str = ""
    # What the channel was, where its code alone does not say it (AS25-2.2.8).
    channel_note: Words | None = None
    # Digests of the material that the first-contact department collected (AS25-4.1b).
    materials: tuple[str, ...] = ()
    reported_at: datetime | None = None
    sorted_at: datetime | None = None
    former_number: str = ""


@dataclass(frozen=True)
class Classing:
    """Class, complexity, layer and level as they stand now; each change is an entry with the old value beside it."""

    category: str = ""
    complexity: str = ""
    layer: str = ""
    level: str = ""


@dataclass(frozen=True)
class Judgement:
    """
    Joint judgement (集中研判) or consultation of the members before forming.  ``opinions`` are the units that gave theirs;
    ``outcome`` is "" while it is open, then "form", "merge", "supplement", "not_accept", "escalate" or "undecided".
    """

    opened_at: datetime
    members: tuple[str, ...] = ()
    opinions: tuple[str, ...] = ()
    outcome: str = ""
    lead: str = ""
    # Code of the sitting that many needs were put before at once, or empty.
    session: str = ""


@dataclass(frozen=True)
class Supplement:
    """
    Material that was asked for.  ``during`` is "triage" or "handling"; ``items`` are codes of what is missing.  ``ask`` is
    the application that the office must decide (during handling), ``is_waived`` its word to form without the material.
    """

    items: tuple[str, ...]
    during: str
    asked_at: datetime
    is_consented: bool = True
    notified_at: datetime | None = None
    answered_at: datetime | None = None
    provided: tuple[str, ...] = ()
    is_lapsed: bool = False
    ask: str = ""
    is_waived: bool = False
    is_declined: bool = False
    # Items for which the handling clock stood already: once an item (POLICY_PACKS 2 no. 58).
    paused_for: tuple[str, ...] = ()

    @property
    def is_pending(self) -> bool:
        """The office has still to decide on the application."""
        return not self.is_consented and not self.is_declined


@dataclass(frozen=True)
class Dispatch:
    """The dispatch in force; ``number`` counts dispatches of this ticket."""

    number: int
    lead: str
    dispatched_at: datetime
    # By the government, or after its ruling: no objection any more.
    is_final: bool = False
    # An objection on this dispatch was rejected: must sign (AS25-4.3.2a).
    must_sign: bool = False
    signed_at: datetime | None = None
    # Recalled, or its lead changed: nobody's until it is dispatched again.
    revoked_at: datetime | None = None


@dataclass(frozen=True)
class Objection:
    """An objection to the dispatch.  ``stage`` is "office" or "government"."""

    ask: str
    unit: str
    proposed_unit: str
    stage: str
    raised_at: datetime
    coordination_failed: bool = False
    duty_item: str = ""


@dataclass(frozen=True)
class CoHandler:
    """
    ``state``: "asked", "confirmed", "refused", "filed", or "released" once the office let a refusing unit go.

    ``contribution`` is the entry of what it filed last.
    """

    unit: str
    state: str
    contribution: str = ""


@dataclass(frozen=True)
class Application:
    """What the office must decide: an extension, a termination, a withdrawal, a supplement during handling."""

    ask: str
    unit: str
    applied_at: datetime
    reason: str = ""
    promised: date | None = None


@dataclass(frozen=True)
class Attempt:
    """A logged attempt to reach the appellant.  ``purpose``: "handling", by the lead, or "revisit", by the office."""

    at: datetime
    is_reached: bool
    account: str
    purpose: str = "handling"


@dataclass(frozen=True)
class Coordination:
    """
    A disagreement between departments during handling (AS25-4.4.5a).  ``stage``: "office", "government", "settled".
    ``positions`` are the units whose written position is in the file.
    """

    ask: str
    unit: str
    stage: str
    declared_at: datetime
    positions: tuple[str, ...] = ()
    outcome: str = ""
    bound: tuple[str, ...] = ()
    due: date | None = None


@dataclass(frozen=True)
class Completion:
    """The department's word that it is done.  ``is_in_time`` measures the feedback, too (AS25-4.5.1a)."""

    standard: str
    completed_at: datetime
    unit: str
    account: str
    feedback_at: datetime | None
    is_in_time: bool
    evidence: tuple[str, ...] = ()
    sub_code: str = ""
    on_the_spot: bool = False
    decided_above: bool = False
    # What a financing need got (FJ23-3.3a).
    financing_amount_yuan: int = 0


@dataclass(frozen=True)
class Revisit:
    """The holder's own revisit of a round.  None where it was not reached or not asked."""

    at: datetime
    account: str
    is_reached: bool
    is_consistent: bool | None = None
    is_standard_met: bool | None = None
    is_satisfied: bool | None = None
    is_solved: bool | None = None
    # The day of the call, where the pack's form asks for it (HM20-A1.8d).
    on: date | None = None


@dataclass(frozen=True)
class Evaluation:
    """
    The appellant's effective vote of a round: the pack's scale, and the federation-wide mapping beside it.

    ``is_late``: given after the time for voting.  ``source``: "appellant", "recorded" by staff, or "revisit".
    """

    at: datetime
    scale: str
    value: str
    is_satisfied: bool | None
    is_solved: bool | None = None
    way: str = ""
    source: str = ""
    is_late: bool = False


@dataclass(frozen=True)
class Overturned:
    """How a ticket had ended without a result when a finding opened it again; it stands again if a recheck says so."""

    terminated_for: str
    refused: Refused | None
    merged_into: str
    ended_as: str = ""


@dataclass(frozen=True)
class Round:
    """
    One handling from begin to outcome.  ``cause``: "first", "rework", "finding", "recheck", "reopened", "unconfirmed",
    "decided_above".
    """

    number: int
    cause: str
    begun_at: datetime
    completion: Completion | None = None
    attempts: tuple[Attempt, ...] = ()
    revisit: Revisit | None = None
    evaluation: Evaluation | None = None
    # Digests of the attachments that were filed as evidence, in order.
    evidence: tuple[str, ...] = ()
    # When the result was given to the appellant, as recorded (AS25-4.5.1a).
    feedback_at: datetime | None = None
    # The reply as last drafted, and the draft that a leader countersigned: entry ids.
    draft: str = ""
    countersigned: str = ""
    # Extensions granted, and the promised date of the last one.
    extensions: int = 0
    promised: date | None = None
    confirmed_at: datetime | None = None
    # Set by a recheck that did not let the result stand (AS25-4.8b).
    rectification_due: date | None = None
    rectified_at: datetime | None = None
    # A recheck let the former result stand.
    upheld_at: datetime | None = None
    # The state that was left when this round began.
    left: Left | None = None
    # The finding from above that opened this round: its entry id; and the end, other than a result, that it overturned.
    finding: str = ""
    overturned: Overturned | None = None
    # Digest of the draft's words, of which the paper shows the beginning; and the signature on paper that waits to be confirmed.
    draft_digest: str = ""
    scanned: ScannedSignature | None = None
    after: After = After()


@dataclass(frozen=True)
class Recheck:
    """A recheck proposed from rework.  ``stage``: "proposed", "under_review", "decided"."""

    ask: str
    ground: str
    stage: str
    proposed_at: datetime
    participants: tuple[str, ...] = ()
    opinions: tuple[str, ...] = ()
    outcome: str = ""
    # The node that decides: this one, or the superior whose finding it is about.
    decides: str = ""
    # The round whose finding is disputed.
    round: int = 0
    # The superior's ruling: entry id, outcome and rectification date, until the holder has carried it out.
    ruling: str = ""
    ruled_outcome: str = ""
    ruled_due: date | None = None


@dataclass(frozen=True)
class Merge:
    """
    ``into``: the main ticket, if this one was merged.  ``taken_in``: tickets merged into this one.  ``linked``: tickets of
    other appellants about the same issue, which stay tickets of their own (POLICY_PACKS 2 no. 19).
    """

    into: str = ""
    taken_in: tuple[str, ...] = ()
    linked: tuple[str, ...] = ()
    left: Left | None = None
    consent_at: datetime | None = None


@dataclass(frozen=True)
class Escalation:
    """
    One hop upward or downward that this ticket made.  ``outcome``: "", "accepted", "returned", "withdrawn", "decided",
    "overridden".  ``from_node`` asked, ``to_node`` answers.  ``is_down`` for a transfer.  ``number`` is the custody number
    under which it was asked; ``ended_at`` is when custody came back.  ``pack``, ``classing``, ``dispatch`` and ``co_handlers``
    are those of ``from_node``, kept for its return.
    """

    ask: str
    from_node: str
    to_node: str
    asked_at: datetime
    left: Left
    power_item: str = ""
    outcome: str = ""
    answered_at: datetime | None = None
    is_down: bool = False
    due: date | None = None
    withdrawal_asked: bool = False
    number: int = 0
    pack: str = ""
    classing: Classing = Classing()
    dispatch: Dispatch | None = None
    co_handlers: tuple[CoHandler, ...] = ()
    return_reason: str = ""
    ended_at: datetime | None = None
    # The custody number with which it ended.
    ended_number: int = 0
    # Who decided, and the entry in which the decision stands, however often it was passed down since.
    decided_by: str = ""
    decision: str = ""
    # The receiver's objection to a transfer, and the superior's ruling on it: entry ids.
    objection: str = ""
    ruling: str = ""
    is_upheld: bool = False
    # What the asker's class stands for in every pack (POLICY_PACKS 2 no. 26).
    core_class: str = ""
    # What the request had of what an admission standard may ask for, and its kinds of evidence (XS25-4.3.3c).
    filled: tuple[str, ...] = ()
    material_kinds: tuple[str, ...] = ()

    @property
    def is_active(self) -> bool:
        """Asked and not answered, or accepted and not over: custody will come back along it."""
        return self.ended_at is None and self.outcome in ("", "accepted")


@dataclass(frozen=True)
class Refused:
    """Not accepted: the ground, and whether the persuasion task was carried out (AS25-4.2.2a)."""

    reason: str
    refused_at: datetime
    procedure: str = ""
    persuaded_at: datetime | None = None
    persuaded_by: str = ""
