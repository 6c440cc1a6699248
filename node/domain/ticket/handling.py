"""Handling: what the lead department does between signing and completion."""

from dataclasses import dataclass, replace
from datetime import datetime

from node.domain.command import Command, Facts
from node.domain.entry import Happened, Header
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import clocks
from node.domain.ticket.checks import need_field, need_own_unit, need_state, need_value
from node.domain.ticket.parts import need_evidence_here, need_involved, round_of, with_round
from node.domain.ticket.records import Attempt, Classing
from node.domain.ticket.state import IN_HAND
from node.domain.ticket.ticket import Ticket, TicketEvent


@dataclass(frozen=True)
class RecordProgress(Command):
    """Say what was done so far."""

    roles = frozenset({Role.DEPARTMENT})

    note: Text


@dataclass(frozen=True)
class RecordAttempt(Command):
    """Log an attempt to reach the appellant; ``way`` is a code such as "phone" or "visit"."""

    roles = frozenset({Role.DEPARTMENT})

    is_reached: bool
    way: str = "phone"
    note: Text | None = None


@dataclass(frozen=True)
class AddEvidence(Command):
    """File an attachment that is stored here: the lead or a co-handler.  ``digest`` is its SHA-256 in hex, ``file_name`` is sealed."""

    roles = frozenset({Role.DEPARTMENT})

    digest: str
    file_name: Text


@dataclass(frozen=True)
class Reclassify(Command):
    """Set class and complexity anew, with the ground."""

    roles = frozenset({Role.OFFICE, Role.STEWARD})

    category: str
    complexity: str
    ground: Text
    layer: str = ""
    level: str = ""


@dataclass(frozen=True)
class ProgressRecorded(TicketEvent):
    """The lead department wrote down what it did."""

    note: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return ticket


@dataclass(frozen=True)
class ContactAttempted(TicketEvent):
    """The lead department tried to reach the appellant."""

    is_reached: bool
    way: str
    note: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        attempt = Attempt(head.recorded_at, self.is_reached, head.actor.account)
        return replace(ticket, rounds=with_round(ticket, head, attempts=(*round_of(ticket, head.recorded_at).attempts, attempt)))


@dataclass(frozen=True)
class EvidenceAdded(TicketEvent):
    """An attachment was filed as evidence of this round. `digest` is the attachment's SHA-256 in hex; its name is sealed."""

    digest: str
    file_name: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(ticket, rounds=with_round(ticket, head, evidence=(*round_of(ticket, head.recorded_at).evidence, self.digest)))


@dataclass(frozen=True)
class Reclassified(TicketEvent):
    """Class or complexity was changed; the header moves the resolve clock, counted from the same start (AS25-4.4.1.2b)."""

    category: str
    complexity: str
    layer: str = ""
    level: str = ""
    former_category: str = ""
    former_complexity: str = ""
    ground: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(ticket, classing=Classing(self.category, self.complexity, self.layer, self.level))


def record_progress(ticket: Ticket, command: RecordProgress, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.5.1b: handling information is filed as it arises."""
    need_state(ticket, IN_HAND)
    need_own_unit(ticket, facts, ticket.lead)
    need_field("note", command.note)
    return [Happened(ticket.subject, ProgressRecorded(command.note))]


def record_attempt(ticket: Ticket, command: RecordAttempt, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.4.4.1: only logged attempts prove that nobody could be reached."""
    need_state(ticket, IN_HAND)
    need_own_unit(ticket, facts, ticket.lead)
    need_value(policy, "contact.ways", command.way)
    return [Happened(ticket.subject, ContactAttempted(command.is_reached, command.way, command.note))]


def add_evidence(ticket: Ticket, command: AddEvidence, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-3.6.5a: the attachment must be here, and is filed once a round."""
    need_state(ticket, IN_HAND)
    need_involved(ticket, facts)
    need_field("digest", command.digest)
    need_field("file_name", command.file_name)
    need_evidence_here((command.digest,), facts)
    if command.digest in round_of(ticket, now).evidence:
        return []
    return [Happened(ticket.subject, EvidenceAdded(command.digest, command.file_name))]


def reclassify(ticket: Ticket, command: Reclassify, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.4.1.2b: the deadline is recomputed from the same start; a later date that was promised and granted stays."""
    if not (ticket.is_open and ticket.is_formed):
        raise Refusal(Code.WRONG_STATE, ticket=ticket.id, state=ticket.state, wanted="formed and open")
    need_field("category", command.category)
    need_value(policy, "classes", command.category)
    need_value(policy, f"complexities.{command.category}", command.complexity)
    need_field("ground", command.ground)
    after = Classing(command.category, command.complexity, command.layer or ticket.classing.layer, command.level or ticket.classing.level)
    if after == ticket.classing:
        return []
    event = Reclassified(
        category=after.category,
        complexity=after.complexity,
        layer=after.layer,
        level=after.level,
        former_category=ticket.classing.category,
        former_complexity=ticket.classing.complexity,
        ground=command.ground,
    )
    changes = []
    clock = ticket.clock("resolve")
    if clock is not None and (after.category, after.complexity) != (ticket.classing.category, ticket.classing.complexity):
        change = clocks.relimit(clock, clocks.resolve_limit(ticket, policy, after.category, after.complexity), policy)
        is_promised = ticket.round is not None and ticket.round.promised is not None
        if not (is_promised and change.limit <= clock.limit.count and change.unit == clock.limit.unit.value):
            changes.append(change)
    return [Happened(ticket.subject, event, clocks=tuple(changes))]


DECISIONS = {RecordProgress: record_progress, RecordAttempt: record_attempt, AddEvidence: add_evidence, Reclassify: reclassify}
