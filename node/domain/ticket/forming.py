"""Forming: the registered need becomes a ticket with a number, a class and a limit (AS25-4.2.1.1)."""

from dataclasses import dataclass, replace
from datetime import datetime

from node.domain.command import Command, Facts
from node.domain.entry import Happened, Header
from node.domain.organisation import Role
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import clocks
from node.domain.ticket import records as r
from node.domain.ticket.checks import need_consultation, need_field, need_judged, need_reported, need_scope, need_state, need_value
from node.domain.ticket.hops import accepted_hop
from node.domain.ticket.state import State, With
from node.domain.ticket.ticket import Ticket, TicketEvent
from node.domain.time import local_day


@dataclass(frozen=True)
class Form(Command):
    """
    Form the ticket.  ``passed`` are the acceptance tests that were answered yes; the pack says which must be
    (AS25-4.2.1.1a: responsibility, jurisdiction, materials, lawfulness).
    """

    roles = frozenset({Role.OFFICE, Role.STEWARD})

    category: str
    complexity: str = "plain"
    passed: tuple[str, ...] = ()
    layer: str = ""
    level: str = ""
    is_verified: bool = False


@dataclass(frozen=True)
class Formed(TicketEvent):
    """A ticket number was given; class, complexity, layer and level are set. `is_late` marks forming after its limit (AS25-4.2.1.1b)."""

    number: str
    category: str
    complexity: str
    layer: str = ""
    level: str = ""
    passed: tuple[str, ...] = ()
    is_late: bool = False

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(
            ticket,
            state=State.FORMED,
            with_whom=With.OFFICE,
            number=self.number,
            classing=r.Classing(self.category, self.complexity, self.layer, self.level),
            intake=replace(ticket.intake, sorted_at=head.recorded_at),
            rounds=ticket.rounds or (r.Round(1, "first", head.recorded_at),),
        )


def form(ticket: Ticket, command: Form, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.2.1.1: with all tests passed a ticket is formed, and the handling limit of its class runs (POLICY_PACKS 2 no. 1)."""
    need_state(ticket, {State.REGISTERED, State.IN_JUDGEMENT})
    need_scope(ticket, facts, policy)
    need_reported(ticket)
    need_judged(ticket, "form")
    need_field("category", command.category)
    need_value(policy, "classes", command.category)
    need_value(policy, f"complexities.{command.category}", command.complexity)
    # AS25-4.2.1.1a: all four; for material that never came the office may say that it will do without (AS25-4.2.1.4).
    waived = ("materials",) if ticket.supplement and ticket.supplement.is_waived else ()
    failed = [test for test in policy.pack.names("forming.tests") if test not in (*command.passed, *waived)]
    if failed:
        raise Refusal(Code.FORMING_TEST_FAILED, ticket=ticket.id, failed=failed)
    if policy.pack.flag("forming.verified_first") and not command.is_verified:
        raise Refusal(Code.NOT_VERIFIED, ticket=ticket.id)
    # AS25-4.2.1.3a: what crosses regions, levels or industries is conferred on first.
    need_consultation(ticket, policy)
    running = ticket.clock("form")
    is_late = running is not None and running.due_at is not None and now > running.due_at
    changes = [*clocks.stop_if_on(ticket, "form"), clocks.start(policy, now, "dispatch", With.OFFICE)]
    if policy.pack.choice("resolve.starts_on") == "formed":
        limit = clocks.resolve_limit(ticket, policy, command.category, command.complexity)
        hop = accepted_hop(ticket, policy.node, is_down=True)
        if hop is not None:  # AS25-2.4a: what a superior handed down is due by its date, too
            limit = clocks.stricter(limit, hop.due, policy, now)
        changes.append(clocks.start(policy, now, "resolve", With.OFFICE, limit=limit))
    event = Formed(
        number=ticket_number(ticket, policy, now),
        category=command.category,
        complexity=command.complexity,
        layer=command.layer,
        level=command.level,
        passed=command.passed,
        is_late=is_late,
    )
    return [Happened(ticket.subject, event, clocks=tuple(changes))]


def ticket_number(ticket: Ticket, policy: Policy, now: datetime) -> str:
    """The ticket's number, or the one that it gets now: a number is given once."""
    return ticket.number or number_for(ticket.id, policy, now)


def number_for(register_number: str, policy: Policy, now: datetime) -> str:
    """
    A number in the pack's own form (``number.form``): fields {prefix} {year} {month} {day} {serial}, the serial of the
    register number.
    """
    day = local_day(now)
    form, prefix = policy.pack.choice("number.form"), policy.pack.choice("number.prefix")
    return form.format(prefix=prefix, year=day.year, month=day.month, day=day.day, serial=int(register_number[14:19]))


DECISIONS = {Form: form}
