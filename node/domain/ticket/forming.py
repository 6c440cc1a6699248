"""
Forming: the registered need becomes a ticket with a number, a class and a limit (AS25-4.2.1.1).

What must be there first is the pack's: tests answered yes (安顺), the verification with the enterprise (海门), the members'
consultation on what crosses (安顺), a ground for a complexity that has grounds (奉节 2023).
"""

import re
from dataclasses import dataclass, replace
from datetime import date, datetime

from node.domain.command import Command, Facts
from node.domain.entry import ClockChange, Happened, Header
from node.domain.guide import NO_GUIDE, Guide
from node.domain.organisation import Role
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import clocks, pace
from node.domain.ticket import records as r
from node.domain.ticket import triage_record as t
from node.domain.ticket.checks import (
    need_consultation,
    need_field,
    need_judged,
    need_reported,
    need_rung,
    need_scope,
    need_state,
    need_value,
)
from node.domain.ticket.commitment import accepted_with_gaps
from node.domain.ticket.completeness import need_complete
from node.domain.ticket.duties import need_listed
from node.domain.ticket.hops import accepted_hop
from node.domain.ticket.state import State, With
from node.domain.ticket.ticket import Ticket, TicketEvent
from node.domain.time import last_day, local_day

# Whether a serial counts the numbers of the Beijing day on which they are given, or of the Beijing year (HM20-4.3a).
OF_DAY, OF_YEAR = "day", "year"


@dataclass(frozen=True)
class Form(Command):
    """
    Form the ticket.  ``passed`` are the acceptance tests that were answered yes; the pack says which must be
    (AS25-4.2.1.1a: responsibility, jurisdiction, materials, lawfulness).

    ``grounds`` say why it has its complexity, where the pack has grounds for it; ``proposed_unit`` is whom the problem list
    names.  ``gaps`` are items still missing, made good by the end of ``gaps_due`` as the paper in ``evidence`` promises
    (FJ25-3.7.3a).  ``field`` may be set right here; ``duty_matter`` is the matter as the responsibility catalogue calls it.
    """

    roles = frozenset({Role.OFFICE, Role.STEWARD})
    needs = ("running_number", "guide", "duties")

    category: str
    complexity: str = "plain"
    passed: tuple[str, ...] = ()
    layer: str = ""
    level: str = ""
    grounds: tuple[str, ...] = ()
    subtype: str = ""
    proposed_unit: str = ""
    field: str = ""
    duty_matter: str = ""
    gaps: tuple[str, ...] = ()
    gaps_due: date | None = None
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class Formed(TicketEvent):
    """
    A ticket number was given; class, complexity, layer and level are set. `is_late` marks forming after its limit (AS25-4.2.1.1b).

    `grounds` are codes of the pack for the complexity, `guide` the version of the classification guide that was used. An empty
    `field` leaves what intake said; `duty_matter` is a code of the responsibility catalogue.
    """

    number: str
    category: str
    complexity: str
    layer: str = ""
    level: str = ""
    passed: tuple[str, ...] = ()
    is_late: bool = False
    grounds: tuple[str, ...] = ()
    subtype: str = ""
    proposed_unit: str = ""
    guide: str = ""
    field: str = ""
    duty_matter: str = ""

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        at, intake = head.recorded_at, ticket.intake
        return replace(
            ticket,
            state=State.FORMED,
            with_whom=With.OFFICE,
            number=self.number,
            classing=r.Classing(self.category, self.complexity, self.layer, self.level),
            intake=replace(intake, sorted_at=at, field=self.field or intake.field),
            rounds=ticket.rounds or (r.Round(1, "first", at),),
            sorting=t.Sorting(
                self.grounds, self.subtype, self.proposed_unit, self.guide or ticket.sorting.guide, local_day(at), self.duty_matter
            ),
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
    need_grounds(command.complexity, command.grounds, policy)
    guide: Guide = facts.given.get("guide") or NO_GUIDE
    _need_subtype(command, guide)
    need_listed(command.duty_matter, facts, now)
    need_rung(policy, "ladder.layers", command.layer or ladder_entry(policy))
    need_rung(policy, "ladder.levels", command.level or ladder_level(policy))
    if command.proposed_unit and command.proposed_unit not in facts.units:
        raise Refusal(Code.UNIT_UNKNOWN, unit=command.proposed_unit)
    # AS25-4.2.1.1a: all four; for material that never came the office may say that it will do without (AS25-4.2.1.4).
    waived = ("materials",) if (ticket.supplement and ticket.supplement.is_waived) or command.gaps else ()
    failed = [test for test in policy.pack.names("forming.tests") if test not in (*command.passed, *waived)]
    if failed:
        raise Refusal(Code.FORMING_TEST_FAILED, ticket=ticket.id, failed=failed)
    # HM20-3.1d: the enterprise was asked first.
    if policy.pack.flag("forming.verified_first") and ticket.verification is None:
        raise Refusal(Code.NOT_VERIFIED, ticket=ticket.id)
    need_complete(ticket, policy)
    # AS25-4.2.1.3a: what crosses regions, levels or industries is conferred on first.
    need_consultation(ticket, policy)
    gaps = accepted_with_gaps(ticket, command.category, command.gaps, command.evidence, command.gaps_due, facts, policy, now)
    running = ticket.clock("form")
    event = Formed(
        number=ticket_number(ticket, policy, now, category=command.category, facts=facts),
        category=command.category,
        complexity=command.complexity,
        layer=command.layer or ladder_entry(policy),
        level=command.level or ladder_level(policy),
        passed=command.passed,
        is_late=running is not None and running.due_at is not None and now > running.due_at,
        grounds=command.grounds,
        subtype=command.subtype,
        proposed_unit=command.proposed_unit,
        guide=guide.version,
        field=command.field,
        duty_matter=command.duty_matter,
    )
    return [*gaps, Happened(ticket.subject, event, clocks=_forming_clocks(ticket, command, policy, now))]


def _forming_clocks(ticket: Ticket, command: Form, policy: Policy, now: datetime) -> tuple[ClockChange, ...]:
    changes = [*clocks.stop_if_on(ticket, "form", "verification"), _dispatch_clock(ticket, policy, now)]
    if policy.pack.choice("resolve.starts_on") == "formed":
        limit = clocks.resolve_limit(ticket, policy, command.category, command.complexity)
        hop = accepted_hop(ticket, policy.node, is_down=True)
        if hop is not None:  # AS25-2.4a: what a superior handed down is due by its date, too
            limit = clocks.stricter(limit, hop.due, policy, now)
        for taken in ticket.due_taken:  # what was merged into it was due already: the earlier one wins
            limit = clocks.stricter(limit, last_day(taken.due_at), policy, now)
        changes.append(clocks.start(policy, now, "resolve", With.OFFICE, limit=limit))
    return *changes, *pace.on_forming(ticket, command.complexity, policy, now)


def _dispatch_clock(ticket: Ticket, policy: Policy, now: datetime) -> ClockChange:
    """The office's limit for dispatching: from the forming, or, where the pack says so, from the verification (HM20-3.2c)."""
    if ticket.verification is not None and policy.pack.has_limit("assign"):
        return clocks.start(policy, now, "dispatch", With.OFFICE, limit=policy.pack.limit("assign"), since=ticket.verification.at)
    return clocks.start(policy, now, "dispatch", With.OFFICE)


def need_grounds(complexity: str, grounds: tuple[str, ...], policy: Policy) -> None:
    """FJ23-2.1b, 2.4a: a complexity for which the pack lists grounds needs one of them at least, and no other."""
    offered = policy.pack.names(f"complexity_grounds.{complexity}")
    if offered and not grounds:
        raise Refusal(Code.FIELD_REQUIRED, field="grounds")
    for ground in grounds:
        if ground not in offered:
            raise Refusal(Code.VALUE_NOT_OFFERED, key="complexity_grounds.", value=ground, offered=offered)


def _need_subtype(command: Form, guide: Guide) -> None:
    """XS25-4.2a: nothing outside the standard."""
    offered = guide.subtypes(command.category)
    if command.subtype and command.subtype not in offered:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="subtype", value=command.subtype, offered=offered)


def ladder_entry(policy: Policy) -> str:
    """The layer on which a ticket begins; empty where the pack has no layers."""
    rule = policy.pack.find("ladder.entry")
    return str(rule.value) if rule is not None else ""


def ladder_level(policy: Policy) -> str:
    """The level that a ticket begins with: the first of the pack's; empty where it has none."""
    return next(iter(policy.pack.names("ladder.levels")), "")


# --- the number -------------------------------------------------------------------------------------------------------


def ticket_number(ticket: Ticket, policy: Policy, now: datetime, *, category: str, facts: Facts) -> str:
    """The ticket's number, or the one that it gets now: a number is given once."""
    return ticket.number or number_for(policy, now, category=category, facts=facts)


def number_for(policy: Policy, now: datetime, *, category: str, facts: Facts) -> str:
    """
    A number in the pack's own form (``number.form``): fields {prefix} {year} {month} {day} {class} {serial}.

    The serial is the next of this node's series, which ``facts.given["running_number"]`` brings: "day" (``number.serial``) counts the
    numbers of the Beijing day on which they are given, "year" those of the year, over all classes and channels (HM20-3.2a, 4.3a).
    The serial of the register number would not do: it is of the day of registration, and what is formed later stands beside another
    day's number.
    """
    serial = int(facts.given.get("running_number", 0))
    if serial < 1:
        raise LookupError(f"pack {policy.pack.id}: a ticket number is due, and this command brings no running number")
    letter = policy.pack.find(f"number.class.{category}")
    return _numbered(policy, now, str(letter.value) if letter is not None else "", serial)


def series_of(policy: Policy) -> str:
    """Which series the serial of a ticket number is of: OF_DAY where the pack is silent."""
    rule = policy.pack.find("number.serial")
    return str(rule.value) if rule is not None else OF_DAY


def serial_pattern(policy: Policy, now: datetime) -> tuple[str, re.Pattern[str]]:
    """
    What the numbers of the series of *now* look like, whatever their class: how they all begin, and a pattern with the serial as group 1.
    """
    is_yearly = series_of(policy) == OF_YEAR
    class_, serial, month, day = (_Mark(mark) for mark in "\0\1\2\3")
    shape = _numbered(policy, now, class_, serial, *((month, day) if is_yearly else ()))
    pattern = re.escape(shape)
    for mark, found in (("\0", "[^0-9]*"), ("\1", "([0-9]+)"), ("\2", "[0-9]{2}"), ("\3", "[0-9]{2}")):
        pattern = pattern.replace(re.escape(mark), found)
    return re.split("[\0\1\2\3]", shape)[0], re.compile(pattern)


class _Mark:
    """Stands in a number for whatever may stand there, in any format."""

    def __init__(self, mark: str) -> None:
        self._mark = mark

    def __format__(self, spec: str) -> str:
        return self._mark


def _numbered(
    policy: Policy, now: datetime, class_: str | _Mark, serial: int | _Mark, month: _Mark | None = None, day: _Mark | None = None
) -> str:
    on = local_day(now)
    form, prefix = policy.pack.choice("number.form"), policy.pack.choice("number.prefix")
    return form.format(prefix=prefix, year=on.year, month=month or on.month, day=day or on.day, serial=serial, **{"class": class_})


DECISIONS = {Form: form}
