"""Handling: what the lead department does between signing and completion."""

from dataclasses import dataclass, replace
from datetime import date, datetime

from node.domain.command import Command, Facts
from node.domain.entry import Happened, Header
from node.domain.organisation import Role
from node.domain.payload import Contact, Reach, Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import clocks, pace
from node.domain.ticket.checks import need_field, need_rung, need_scope, need_state, need_value
from node.domain.ticket.forming import need_grounds
from node.domain.ticket.handling_record import Visit
from node.domain.ticket.parts import need_evidence_here, need_handling, need_involved, round_of, with_round
from node.domain.ticket.records import Attempt, Classing
from node.domain.ticket.state import IN_HAND
from node.domain.ticket.ticket import Ticket, TicketEvent
from node.domain.time import local_day


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
class SubmitMaterial(Command):
    """The appellant hands in material that is stored here: once, for every unit that has a part.  ``digest`` is its SHA-256 in hex."""

    roles = frozenset({Role.ENTERPRISE, Role.WINDOW_CLERK, Role.SPECIALIST})
    is_side = True

    digest: str
    file_name: Text


@dataclass(frozen=True)
class RequireSiteVisit(Command):
    """Say that the ticket must be looked at on the spot before it can be completed, and why."""

    roles = frozenset({Role.OFFICE, Role.STEWARD, Role.DEPARTMENT})

    reason: Text


@dataclass(frozen=True)
class RecordSiteVisit(Command):
    """Write down a visit: the day, who was there, what was found.  The time at which it is recorded is the one that counts."""

    roles = frozenset({Role.DEPARTMENT})

    visited_on: date
    people: Contact
    findings: Text
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class FlagRedLine(Command):
    """Say that the ticket touches a red line of the pack: its solution needs the lead's statement that it was checked."""

    roles = frozenset({Role.OFFICE, Role.STEWARD, Role.DEPARTMENT, Role.WINDOW_CLERK, Role.SPECIALIST})

    red_line: str


@dataclass(frozen=True)
class Reclassify(Command):
    """Set class and complexity anew, with the ground."""

    roles = frozenset({Role.OFFICE, Role.STEWARD})

    category: str
    complexity: str
    ground: Text
    layer: str = ""
    level: str = ""
    # Codes, where the pack has grounds for the complexity (FJ23-2.1b, 2.4a).
    grounds: tuple[str, ...] = ()


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
class MaterialSubmitted(TicketEvent):
    """The appellant handed in material; whoever has a part in the ticket reads it. `digest` is its SHA-256 in hex."""

    is_side = True

    digest: str
    file_name: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        materials = tuple(dict.fromkeys((*ticket.intake.materials, self.digest)))
        return replace(ticket, intake=replace(ticket.intake, materials=materials))


@dataclass(frozen=True)
class SiteVisitRequired(TicketEvent):
    """The ticket must be looked at on the spot: it is not completed before a visit is recorded (HM20-3.3a)."""

    reason: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(ticket, site=replace(ticket.site, flagged_at=head.recorded_at))


@dataclass(frozen=True)
class SiteVisited(TicketEvent):
    """The lead went to see, on `visited_on` as it states; who was there and what was found is sealed."""

    visited_on: date
    evidence: tuple[str, ...] = ()
    people: Reach | None = None
    findings: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        visit = Visit(self.visited_on, head.recorded_at, head.actor.unit, head.actor.account)
        return replace(ticket, site=replace(ticket.site, visits=(*ticket.site.visits, visit)))


@dataclass(frozen=True)
class RedLineFlagged(TicketEvent):
    """The ticket touches `red_line`, a code of the pack: its solution needs a statement that the red line was checked (HM20-2.2)."""

    red_line: str

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(ticket, red_lines=(*ticket.red_lines, self.red_line))


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
    grounds: tuple[str, ...] = ()

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        classing = Classing(self.category, self.complexity, self.layer, self.level)
        return replace(ticket, classing=classing, sorting=replace(ticket.sorting, grounds=self.grounds))


def record_progress(ticket: Ticket, command: RecordProgress, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.5.1b: handling information is filed as it arises."""
    need_state(ticket, IN_HAND)
    need_handling(ticket, facts)
    need_field("note", command.note)
    # HM20-3.4a: who was asked how far it is has answered.
    return [Happened(ticket.subject, ProgressRecorded(command.note), clocks=clocks.stop_if_on(ticket, "progress_answer"))]


def record_attempt(ticket: Ticket, command: RecordAttempt, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.4.4.1: only logged attempts prove that nobody could be reached."""
    need_state(ticket, IN_HAND)
    need_handling(ticket, facts)
    need_value(policy, "contact.ways", command.way)
    event = ContactAttempted(command.is_reached, command.way, command.note)
    return [Happened(ticket.subject, event, clocks=pace.on_contact(ticket, command.is_reached))]


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


def submit_material(ticket: Ticket, command: SubmitMaterial, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ23-2.1c: filed once, wherever custody is; what is here already is not filed again."""
    if not ticket.is_open:
        raise Refusal(Code.WRONG_STATE, ticket=ticket.id, state=ticket.state, wanted="open")
    need_field("digest", command.digest)
    need_field("file_name", command.file_name)
    need_evidence_here((command.digest,), facts)
    if command.digest in ticket.intake.materials:
        return []
    addressee = ticket.custody.holder if ticket.custody.holder != policy.node else ""
    return [Happened(ticket.subject, MaterialSubmitted(command.digest, command.file_name), addressee=addressee)]


def flag_visit(ticket: Ticket, command: RequireSiteVisit, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """HM20-3.3a: what needs looking at on the spot; a department says so of its own tickets."""
    if not ticket.is_open:
        raise Refusal(Code.WRONG_STATE, ticket=ticket.id, state=ticket.state, wanted="open")
    need_scope(ticket, facts, policy)
    if facts.is_role(Role.DEPARTMENT):
        need_involved(ticket, facts)
    need_field("reason", command.reason)
    if ticket.site.is_owed:
        return []
    return [Happened(ticket.subject, SiteVisitRequired(command.reason))]


def record_visit(ticket: Ticket, command: RecordSiteVisit, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """HM20-3.3a: the lead's own people, with date, people and findings; nobody visits tomorrow."""
    need_state(ticket, IN_HAND)
    need_handling(ticket, facts)
    need_field("visited_on", command.visited_on)
    if command.visited_on > local_day(now):
        raise Refusal(Code.MALFORMED_COMMAND, field="visited_on")
    need_field("people", command.people)
    need_field("findings", command.findings)
    need_evidence_here(command.evidence, facts)
    return [Happened(ticket.subject, SiteVisited(command.visited_on, command.evidence, command.people, command.findings))]


def flag_red_line(ticket: Ticket, command: FlagRedLine, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """HM20-2.2: one of the red lines that the pack names, whoever sees it first."""
    if not ticket.is_open:
        raise Refusal(Code.WRONG_STATE, ticket=ticket.id, state=ticket.state, wanted="open")
    need_field("red_line", command.red_line)
    offered = policy.pack.names("red_lines")
    if command.red_line not in offered:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="red_lines", value=command.red_line, offered=offered)
    if command.red_line in ticket.red_lines:
        return []
    return [Happened(ticket.subject, RedLineFlagged(command.red_line))]


def reclassify(ticket: Ticket, command: Reclassify, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.4.1.2b: the deadline is recomputed from the same start; a later date that was promised and granted stays."""
    if not (ticket.is_open and ticket.is_formed):
        raise Refusal(Code.WRONG_STATE, ticket=ticket.id, state=ticket.state, wanted="formed and open")
    need_field("category", command.category)
    need_value(policy, "classes", command.category)
    need_value(policy, f"complexities.{command.category}", command.complexity)
    need_grounds(command.complexity, command.grounds, policy)
    # Layer and level have ways of their own (``layers``), and only where the pack has a ladder.
    for field, key in (("layer", "ladder.layers"), ("level", "ladder.levels")):
        if getattr(command, field) in ("", getattr(ticket.classing, field)):
            continue
        need_rung(policy, key, getattr(command, field))
        raise Refusal(Code.MALFORMED_COMMAND, field=field)
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
        grounds=command.grounds,
    )
    changes = []
    clock = ticket.clock("resolve")
    if clock is not None and (after.category, after.complexity) != (ticket.classing.category, ticket.classing.complexity):
        change = clocks.relimit(clock, clocks.resolve_limit(ticket, policy, after.category, after.complexity), policy)
        is_promised = ticket.round is not None and ticket.round.promised is not None
        if not (is_promised and change.limit <= clock.limit.count and change.unit == clock.limit.unit.value):
            changes.append(change)
    return [Happened(ticket.subject, event, clocks=tuple(changes))]


DECISIONS = {
    RecordProgress: record_progress,
    RecordAttempt: record_attempt,
    AddEvidence: add_evidence,
    SubmitMaterial: submit_material,
    RequireSiteVisit: flag_visit,
    RecordSiteVisit: record_visit,
    FlagRedLine: flag_red_line,
    Reclassify: reclassify,
}
