"""The whole ticket, as it is folded from its entries for a command or for its page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from node.domain.entry import Event, Header, Subject
from node.domain.ticket import handling_record as h
from node.domain.ticket import intake_record as i
from node.domain.ticket import meeting_record as m
from node.domain.ticket import pace_record as p
from node.domain.ticket import records as r
from node.domain.ticket import state as s
from node.domain.ticket import supervision_record as v
from node.domain.ticket import triage_record as t
from node.domain.ticket.after_record import Assessment, CallPreference
from node.domain.ticket.leading_record import Leading
from node.domain.ticket.milestone_record import Milestone
from node.domain.ticket.state import State, With


@dataclass(frozen=True)
class Ticket:
    """
    One appeal and all that was done about it.  ``id`` is its register number, for life; ``number`` the ticket number in the
    pack's own form, empty before forming and for what is refused.  ``version`` counts line entries of ``custody.number``.
    """

    id: str
    origin: str
    custody: r.Custody
    version: int
    state: State
    with_whom: With
    pack: str
    appellant: r.Appellant
    intake: r.Intake
    number: str = ""
    classing: r.Classing = r.Classing()
    judgement: r.Judgement | None = None
    supplement: r.Supplement | None = None
    dispatch: r.Dispatch | None = None
    objection: r.Objection | None = None
    co_handlers: tuple[r.CoHandler, ...] = ()
    extension: r.Application | None = None
    termination: r.Application | None = None
    withdrawal: r.Application | None = None
    terminated_for: str = ""
    refused: r.Refused | None = None
    merge: r.Merge = r.Merge()
    rounds: tuple[r.Round, ...] = ()
    coordination: r.Coordination | None = None
    recheck: r.Recheck | None = None
    rechecks_used: int = 0
    escalations: tuple[r.Escalation, ...] = ()
    left: r.Left | None = None
    # How often it was completed: the n of the frame key `number#n`.
    outcomes: int = 0
    reported_back: bool = False
    # When it was closed or terminated: from here the appellant may have it reopened.
    ended_at: datetime | None = None
    clocks: Mapping[str, r.Clock] = field(default_factory=dict)
    asks: Mapping[str, r.Ask] = field(default_factory=dict)
    hands: frozenset[r.Hand] = frozenset()
    # Entry ids without effect: a late result under a lower custody number, a used version.
    void: tuple[str, ...] = ()
    # Those of them whose place their own writer used twice: two copies of a node ran.
    clash: tuple[str, ...] = ()
    # Nodes that were asked or given the ticket by what clashes, or by one of them.
    beside: frozenset[str] = frozenset()
    # True while an entry of the line is still missing here.
    is_incomplete: bool = False
    # Entries of a kind that this program does not know.
    unknown: tuple[str, ...] = ()
    # When the last of its entries that count was recorded.
    changed_at: datetime | None = None
    # Inside the units: who has it, and under which numbers they received it.
    desks: tuple[h.Desk, ...] = ()
    receipts: tuple[h.Receipt, ...] = ()
    # The one who follows a cross-department ticket, by account.
    tracker: str = ""
    # Whose account that is.
    tracker_node: str = ""
    task_force: h.TaskForce | None = None
    joint_items: tuple[h.JointItem, ...] = ()
    opinions: tuple[h.OpinionRequest, ...] = ()
    site: h.Site = h.Site()
    # Red lines of the pack that it touches (HM20-2.2).
    red_lines: tuple[str, ...] = ()
    liaisons: tuple[h.Liaison, ...] = ()
    proxies: tuple[h.ProxyDecision, ...] = ()
    details: i.Details = i.Details()
    verification: i.Verification | None = None
    offer: i.Offer | None = None
    merge_consent: i.MergeConsent | None = None
    due_taken: tuple[i.DueTaken, ...] = ()
    # How it was sorted, what was accepted with gaps, who held it wrongly, in which batch it went out, where it is on the ladder.
    sorting: t.Sorting = t.Sorting()
    gap_commitment: t.Commitment | None = None
    held: tuple[t.Held, ...] = ()
    batch: str = ""
    layering: t.Layering = t.Layering()
    assessments: tuple[Assessment, ...] = ()
    call_preference: CallPreference | None = None
    # How it ended, where that is counted apart: "unconfirmed", "explained", "determined", "struck_off", "terminated".
    ended_as: str = ""
    # What the lead said in place of a result, and the regular acts that were not done in their turn.
    plan: p.Plan | None = None
    missed_turns: tuple[p.MissedTurn, ...] = ()
    milestones: tuple[Milestone, ...] = ()
    # Measures of supervision that were opened on it, in order, whoever opened them; and risks filed for exemption.
    supervision: tuple[v.SupervisionStep, ...] = ()
    risk_notes: tuple[v.RiskNote, ...] = ()
    # Who leads it, at each node that had a leader take it; which meetings dealt with it and what for it is ready; its industry; and as
    # which case it is told.
    leadings: tuple[Leading, ...] = ()
    readiness: m.Readiness | None = None
    sittings: tuple[m.Sitting, ...] = ()
    industry: str = ""
    cases: tuple[m.Case, ...] = ()
    # What the lead submitted to the centre, in order.
    submissions: tuple[h.Submission, ...] = ()
    # Units, and persons (``concerned.person_at``), that have or had a part in it.
    concerned: frozenset[str] = frozenset()

    @property
    def subject(self) -> Subject:
        """The ticket as the subject of entries."""
        return Subject("ticket", self.id)

    def tracker_at(self, node: str) -> str:
        """The account of *node* that tracks it; "" if none of that node's does."""
        return self.tracker if self.tracker_node == node else ""

    def leading_at(self, node: str) -> Leading:
        """Its leader by *node*'s register of leaders."""
        return next((one for one in self.leadings if one.node == node), Leading(node))

    @property
    def lead(self) -> str:
        """Unit code of the lead department; empty before a dispatch and once it was revoked."""
        return self.dispatch.lead if self.dispatch and self.dispatch.revoked_at is None else ""

    @property
    def judged_lead(self) -> str:
        """Whom the members' judgement named as lead, as long as nobody dispatched to anybody since; empty otherwise."""
        if self.judgement is None or (self.dispatch is not None and self.dispatch.dispatched_at >= self.judgement.opened_at):
            return ""
        return self.judgement.lead

    @property
    def round(self) -> r.Round | None:
        """The round in force."""
        return self.rounds[-1] if self.rounds else None

    @property
    def completion(self) -> r.Completion | None:
        """The completion of the round in force."""
        return self.rounds[-1].completion if self.rounds else None

    @property
    def is_open(self) -> bool:
        """Somebody still has to do something about the appeal."""
        return self.state in s.OPEN

    @property
    def is_waiting(self) -> bool:
        """Open, but not in a department's hands."""
        return self.state in s.WAITING

    @property
    def is_done(self) -> bool:
        """Completed, closed or archived."""
        return self.state in s.DONE

    @property
    def is_final(self) -> bool:
        """No further act of its own custodian is due."""
        return self.state in s.FINAL

    @property
    def is_formed(self) -> bool:
        """It has a ticket number."""
        return self.number != ""

    @property
    def escalation(self) -> r.Escalation | None:
        """The last hop between levels, if any."""
        return self.escalations[-1] if self.escalations else None

    @property
    def decided_above(self) -> bool:
        """A higher level decided it: in nobody's 10 % frame, on the origin's list "decided above"."""
        return any(hop.outcome == "decided" and not hop.is_down for hop in self.escalations)

    @property
    def handed_down(self) -> bool:
        """A superior handed it down: revisited in full above, in nobody's frame."""
        return any(hop.is_down and hop.outcome == "accepted" for hop in self.escalations)

    def open_asks(self, *kinds: str) -> tuple[r.Ask, ...]:
        """Asks of these kinds (all, if none is named) that no entry has answered yet."""
        return tuple(ask for ask in self.asks.values() if not ask.is_answered and (not kinds or ask.kind in kinds))

    def clock(self, name: str, node: str = "") -> r.Clock | None:
        """The holder's clock of this name (or *node*'s) unless it was stopped."""
        clock = self.clocks.get(clock_key(name, node or self.custody.holder, self.custody.holder))
        return clock if clock is not None and clock.stopped_at is None else None

    def clocks_of(self, node: str) -> tuple[r.Clock, ...]:
        """All clocks that *node* started, stopped ones too."""
        return tuple(clock for clock in self.clocks.values() if clock.node == node)


def clock_key(name: str, node: str, holder: str) -> str:
    """
    Under which key of ``Ticket.clocks`` the clock *name* of *node* stands: its name if *node* holds the ticket, else
    "name@node".  So the paused clocks of who escalated do not get in the way of the superior's.
    """
    return name if node == holder else f"{name}@{node}"


class TicketEvent(Event):
    """
    An event of a ticket: says itself what it changes in the file.

    ``completes``: it counts as an outcome, and so stands in the frame of a sampling round.
    """

    completes: ClassVar[bool] = False

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        """
        *ticket* as it is after this event.  Clocks, custody, version, asks and hands are folded from the header by
        ``evolve``; an event changes what is its own: state, ``with_whom`` and its area's record.
        """
        raise NotImplementedError

    def begin(self, head: Header) -> Ticket:
        """The ticket that this event opens.  Only registration does."""
        raise NotImplementedError
