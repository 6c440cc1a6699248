"""
A meeting as a file: who is invited, what stands on the agenda and what came of it, which tasks it set, and its minutes.

What a kind of meeting is (who convenes it, whom it always has, what it may deal with, what its decisions must say, how often it is
due) is the pack's: ``form_of`` reads it.  The engine knows one kind by name only through what the pack says of it.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import ClassVar

from node.domain.dossier import Dossier, DossierCommand, DossierEvent
from node.domain.entry import SubjectKind
from node.domain.pack import Pack
from node.domain.payload import Words

CONVENED, HELD, CLOSED, CANCELLED, NOT_HELD = "convened", "held", "closed", "cancelled", "not_held"
TICKET, PROBLEM, CASE = "ticket", "problem", "case"
TAKES = (TICKET, PROBLEM, CASE)


class MeetingEvent(DossierEvent):
    """An event of a meeting."""

    subject_kind: ClassVar[SubjectKind] = SubjectKind.MEETING


class MeetingCommand(DossierCommand):
    """A command about a meeting."""

    subject_kind: ClassVar[SubjectKind] = SubjectKind.MEETING


@dataclass(frozen=True)
class Form:
    """
    What the pack says of a kind of meeting.

    ``convened_by`` are roles, ``post`` the post whose holder alone convenes it ("" for none), ``fixed`` the units that it always has,
    by short name, ``takes`` what it may deal with, ``tickets_max`` how many tickets at once (0: no cap), ``submitted_by`` the roles that
    put tickets on its agenda, ``ripe_needs`` what a ticket must have before, ``decision_needs`` what a decision must say, ``bodies`` the
    decision-making bodies of which it must name one, ``layer`` the layer of the local ladder that decides by it ("" for none), ``every``
    how often it is due ("none", "month", "quarter"), ``judges`` that it is a joint judgement: its decisions are the outcomes of needs
    that are not formed yet, ``complexities`` those of which a ticket must be (none: any), ``by_lead`` that a lead calls its
    co-handlers to it.
    """

    code: str
    convened_by: tuple[str, ...]
    post: str
    fixed: tuple[str, ...]
    takes: tuple[str, ...]
    tickets_max: int
    submitted_by: tuple[str, ...]
    ripe_needs: tuple[str, ...]
    decision_needs: tuple[str, ...]
    bodies: tuple[str, ...]
    layer: str
    every: str
    judges: bool
    complexities: tuple[str, ...]
    by_lead: bool


def form_of(pack: Pack, kind: str) -> Form:
    """What *pack* says of meetings of *kind*."""
    post, layer = pack.find(f"meeting.{kind}.post"), pack.find(f"meeting.{kind}.layer")
    most, every = pack.find(f"meeting.{kind}.tickets_max"), pack.find(f"meeting.{kind}.every")
    return Form(
        code=kind,
        convened_by=pack.names(f"meeting.{kind}.convened_by"),
        post=str(post.value) if post is not None else "",
        fixed=pack.names(f"meeting.{kind}.fixed"),
        takes=pack.names(f"meeting.{kind}.takes") or (TICKET, PROBLEM),
        tickets_max=most.value if most is not None and isinstance(most.value, int) else 0,
        submitted_by=pack.names(f"meeting.{kind}.submitted_by"),
        ripe_needs=pack.names(f"meeting.{kind}.ripe_needs"),
        decision_needs=pack.names(f"meeting.{kind}.decision_needs"),
        bodies=pack.names(f"meeting.{kind}.bodies"),
        layer=str(layer.value) if layer is not None else "",
        every=str(every.value) if every is not None else "none",
        judges=pack.flag(f"meeting.{kind}.judges"),
        complexities=pack.names(f"meeting.{kind}.complexities"),
        by_lead=(called := pack.find("co_handling.meeting")) is not None and called.value == kind,
    )


@dataclass(frozen=True)
class Item:
    """
    One item of the agenda, ``number`` from 1.  ``kind``: "ticket", "case" (a ticket told as one), or "problem" of running the mechanism,
    whose ``description`` is sealed.  ``outcome`` is "" until there is one.  ``is_behind_limit``: planned behind the ticket's own limit.
    """

    number: int
    kind: str
    ticket: str = ""
    description: Words | None = None
    is_behind_limit: bool = False
    outcome: str = ""
    unit: str = ""
    due: date | None = None
    decision: Words | None = None
    decided_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Nothing came of it yet."""
        return not self.outcome


@dataclass(frozen=True)
class Task:
    """What a unit has to do by the end of ``due``; its clock is ``milestone/task_<number>``."""

    number: int
    item: int
    unit: str
    due: date
    description: Words | None
    set_at: datetime
    done_at: datetime | None = None


@dataclass(frozen=True)
class Meeting(Dossier):
    """
    ``host`` is the unit of who convened it, ``convener`` the account in whose name, in the role ``convener_role``.  ``units``,
    ``persons`` and ``enterprises`` are invited, ``present`` and ``enterprises_present`` were there.  ``period`` is set for a meeting
    that was due and not held.
    """

    kind: ClassVar[SubjectKind] = SubjectKind.MEETING

    meeting_kind: str = ""
    host: str = ""
    convener: str = ""
    convener_role: str = ""
    duty_line: str = ""
    deciding_body: str = ""
    planned_at: datetime | None = None
    held_at: datetime | None = None
    period: str = ""
    units: tuple[str, ...] = ()
    persons: tuple[str, ...] = ()
    enterprises: tuple[str, ...] = ()
    present: tuple[str, ...] = ()
    enterprises_present: tuple[str, ...] = ()
    agenda: tuple[Item, ...] = ()
    tasks: tuple[Task, ...] = ()
    # Needs that came up there, by register number; and the needs that its material is made of, with their industry.
    raised: tuple[str, ...] = ()
    industry: str = ""
    material: tuple[str, ...] = ()
    minutes: Words | None = None
    digest: str = ""
    closed_at: datetime | None = None

    @property
    def key(self) -> str:
        """Kind, and line or period where it has one: what lists are narrowed by."""
        return "/".join(part for part in (self.meeting_kind, self.duty_line, self.period) if part)

    @property
    def parties(self) -> frozenset[str]:
        """The host and the units invited."""
        return frozenset({self.host, *self.units}) - {""}

    @property
    def about(self) -> frozenset[str]:
        """Its tickets, those that came up there included."""
        return frozenset({one.ticket for one in self.agenda} | set(self.raised)) - {""}

    @property
    def is_open(self) -> bool:
        """Its minutes are not filed yet."""
        return self.state in (CONVENED, HELD)

    def item(self, number: int) -> Item | None:
        """The item of that number."""
        return next((one for one in self.agenda if one.number == number), None)

    def item_of(self, ticket: str) -> Item | None:
        """The open item about *ticket*."""
        return next((one for one in self.agenda if one.ticket == ticket and one.is_open), None)

    @property
    def open_items(self) -> tuple[Item, ...]:
        """Those of which nothing came yet."""
        return tuple(one for one in self.agenda if one.is_open)

    def with_item(self, item: Item) -> "Meeting":
        """The meeting with *item* in place of the one of its number, or behind the last."""
        others = [one for one in self.agenda if one.number != item.number]
        return replace(self, agenda=tuple(sorted((*others, item), key=lambda one: one.number)))
