"""
Calls planned by enterprise (USERS B21, 无事不扰): what is due for revisit in one window is one call, with an answer sheet a ticket.

Whoever calls sees every contact of the last 30 days, by whatever level, as far as it came to this node: the department's, this
office's and a superior's (its calls of a round once that is revealed).  What the appellant wished about being called stands
beside; it was said about one ticket and holds for all of his.  Nothing here opens a name or a number.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import select

from node.domain.entry import Actor, Subject, SubjectKind
from node.domain.policy import Policy
from node.domain.round_record import CallRecorded, CallRevealed
from node.domain.ticket.after_record import CallPreference
from node.domain.ticket.sight import is_concealed, may_read
from node.domain.ticket.ticket import Ticket
from node.domain.time import end_of, local_day
from node.services.policies import Policies
from node.services.readership import DRAWERS
from node.services.scope import in_sight
from node.storage import schema
from node.storage.database import instant, micros
from node.storage.journal import Stored
from node.storage.ticket_rows import parts
from node.storage.unit_of_work import View

window_days = 7
contact_days = 30
# A round whose calls may lie in the last 30 days was opened no longer ago: a year's period, its cut and its window.
round_days = 500
# What somebody at this or another level did to reach the appellant.
CONTACT_KINDS = frozenset(
    {"ContactAttempted", "FeedbackGiven", "RevisitAttempted", "RevisitFiled", "EvaluationAttempted", "VerificationRecorded", "SiteVisited"}
)


@dataclass(frozen=True)
class Contact:
    """
    An earlier contact with the appellant: when, by which node and unit (or account), about which ticket, of what kind, and whether
    he was reached ("yes", "no", or "" where the entry does not say).
    """

    at: datetime
    node: str
    by: str
    ticket: str
    kind: str
    reached: str


@dataclass(frozen=True)
class Sheet:
    """The answer sheet of one ticket: what its pack asks, on which scale, how often he was called in vain, and until when."""

    ticket: str
    number: str
    standard: str
    fields: tuple[str, ...]
    scale: tuple[str, ...]
    attempts: int
    attempts_wanted: int
    due_at: datetime


@dataclass(frozen=True)
class Call:
    """One call: ``enterprise`` is the unified code, or the ticket's number where there is none in the open."""

    enterprise: str
    sheets: tuple[Sheet, ...]
    contacts: tuple[Contact, ...]
    preference: CallPreference | None

    @property
    def first_due(self) -> datetime:
        """When the first of its revisits is due."""
        return min(sheet.due_at for sheet in self.sheets)


@dataclass(frozen=True)
class Plan:
    """
    The calls that are shown, and how many revisits are due in all and overdue.  ``next`` is what the next part begins behind: when the
    first revisit of its last call is due, in microseconds, and whose call that is.
    """

    calls: tuple[Call, ...]
    tickets: int
    overdue: int
    next: tuple[int, str] | None = None


def plan(view: View, policies: Mapping[str, Policy], now: datetime, days: int = window_days) -> list[Call]:
    """
    The calls of the next *days*, those first that are due first; what is overdue is due.

    *policies* are those of the tickets, by number (``planned``).
    """
    due = [one for one in _due(view, now, days) if one.ticket in policies]
    return _calls(view, due, view.readings.tickets(one.ticket for one in due), policies, now)


def planned(
    view: View,
    policies: Policies,
    now: datetime,
    days: int = window_days,
    viewer: Actor | None = None,
    tickets_max: int | None = None,
) -> Plan:
    """
    The calls of the next *days* under the policy of each ticket, as far as *viewer* sees these; earlier contacts as in ``contacts_with``,
    and of rounds that are not revealed yet for whoever draws them.  Shown are those about the first *tickets_max* that are due, each
    with whatever else is due of the same enterprise.
    """
    due = _due_for(view, viewer, now, days)
    first = due[:tickets_max]
    tickets = view.readings.tickets(one.ticket for one in first)
    beside = _of_the_same(view, tickets.values(), due[len(first) :])
    tickets |= view.readings.tickets(one.ticket for one in beside)
    shown = [*first, *beside]
    governed = {id: policies.for_ticket(view, ticket, now) for id, ticket in tickets.items()}
    return Plan(tuple(_calls(view, shown, tickets, governed, now, viewer)), len(due), sum(one.due_at <= now for one in due))


def planned_behind(
    view: View, policies: Policies, now: datetime, days: int, viewer: Actor, after: tuple[int, str] | None, calls_max: int
) -> Plan:
    """As ``planned``, call by call: the first *calls_max* behind *after* (``Plan.next``)."""
    due = _due_for(view, viewer, now, days)
    groups = _by_whom(view, due)
    places = sorted((micros(group[0].due_at), whose) for whose, group in groups.items())
    places = [one for one in places if after is None or one > after]
    shown = [one for _, whose in places[:calls_max] for one in groups[whose]]
    tickets = view.readings.tickets(one.ticket for one in shown)
    governed = {id: policies.for_ticket(view, ticket, now) for id, ticket in tickets.items()}
    following = places[calls_max - 1] if len(places) > calls_max else None
    calls = _calls(view, shown, tickets, governed, now, viewer)
    return Plan(tuple(calls), len(due), sum(one.due_at <= now for one in due), following)


def _by_whom(view: View, due: Sequence["_Due"]) -> dict[str, list["_Due"]]:
    """*due* by who is called (``_whose``); what no row tells, the file of who has no code, is read of those tickets that name one."""
    traits, uncoded = schema.traits, [one.ticket for one in due if not one.credit_code]
    named: set[str] = set()
    for part in parts(uncoded):
        of_files = (traits.c.name == "enterprise", traits.c.ticket.in_(part))
        named |= set(view.connection.execute(select(traits.c.ticket).where(*of_files)).scalars())
    filed = {id: _whose(ticket) for id, ticket in view.readings.tickets(sorted(named)).items()}
    groups: dict[str, list[_Due]] = {}
    for one in due:
        groups.setdefault(one.credit_code or filed.get(one.ticket, one.ticket), []).append(one)
    return groups


def _due_for(view: View, viewer: Actor | None, now: datetime, days: int) -> list["_Due"]:
    due = _due(view, now, days)
    seen = in_sight(view, viewer, [one.ticket for one in due])
    return [one for one in due if one.ticket in seen]


def _of_the_same(view: View, tickets: Collection[Ticket], due: Sequence["_Due"]) -> list["_Due"]:
    """What of *due* is of an enterprise that one of *tickets* is of, by its code or by its file."""
    if not due:
        return []
    codes = {ticket.appellant.credit_code for ticket in tickets} - {""}
    files = {ticket.appellant.enterprise for ticket in tickets if not ticket.appellant.credit_code} - {""}
    traits, filed = schema.traits, set[str]()
    for part in parts(sorted(files)):
        of_files = (traits.c.name == "enterprise", traits.c.value.in_(part))
        filed |= set(view.connection.execute(select(traits.c.ticket).where(*of_files)).scalars())
    return [one for one in due if one.credit_code in codes or (one.ticket in filed and not one.credit_code)]


def _calls(
    view: View,
    due: Iterable["_Due"],
    tickets: Mapping[str, Ticket],
    policies: Mapping[str, Policy],
    now: datetime,
    viewer: Actor | None = None,
) -> list[Call]:
    groups: dict[str, list[tuple[Ticket, datetime]]] = {}
    for one in due:
        ticket = tickets.get(one.ticket)
        if ticket is not None:
            groups.setdefault(_whose(ticket), []).append((ticket, one.due_at))
    called = {key: group[0][0].appellant.credit_code for key, group in groups.items() if key != group[0][0].id}
    others, rounds = _others(view, called.values(), now), _calls_of_rounds(view, now)
    calls = [_call(view, key, group, others.get(called.get(key, ""), ()), rounds, policies, now, viewer) for key, group in groups.items()]
    return sorted(calls, key=lambda call: (call.first_due, call.enterprise))


def contacts_with(view: View, ticket: Ticket, viewer: Actor, now: datetime) -> list[Contact]:
    """
    Every contact of the last 30 days with whoever appeals in *ticket*, the latest first, for somebody who is about to speak to him.

    What was said about another ticket that *viewer* may not read is told without its number; of one that is hidden from his unit, and
    of a call of a round that is not revealed, there is no word.
    """
    code = ticket.appellant.credit_code
    same = [] if _whose(ticket) == ticket.id else _others(view, {code}, now).get(code, [])
    found = _contacts_for(view, {one.id: one for one in (ticket, *same)}, _calls_of_rounds(view, now), now, viewer)
    found = sorted(found, key=lambda one: (one.at, one.ticket), reverse=True)
    return [one for one in found if one.kind != CallRecorded.kind()]


def _contacts_for(view: View, tickets: Mapping[str, Ticket], rounds: "_OfRounds", now: datetime, viewer: Actor | None) -> list[Contact]:
    """The contacts about *tickets*, as *viewer* may know of them: without the numbers of what he does not read."""
    if viewer is None:
        return list(_contacts(view, tickets, rounds, now))
    known = {id: one for id, one in tickets.items() if not is_concealed(one, viewer.unit)}
    readable = {id for id, one in known.items() if may_read(one, viewer, view.head.node)}
    found = [one for one in _contacts(view, known, rounds, now) if viewer.role in DRAWERS or one.kind != CallRecorded.kind()]
    return [one if one.ticket in readable else replace(one, ticket="") for one in found]


def office_of(view: View, policy: Policy) -> str:
    """In whose name the office calls: as the pack binds it, else the node's."""
    rule = policy.pack.find("bodies.joint_office")
    return str(rule.value) if rule is not None else view.head.name


def due_tickets(view: View, now: datetime, days: int = window_days) -> list[str]:
    """The tickets whose revisit this node owes within *days*, by number."""
    return [one.ticket for one in _due(view, now, days)]


class _Due(NamedTuple):
    """A revisit that this node owes, and of which enterprise the ticket is."""

    ticket: str
    due_at: datetime
    credit_code: str


def _due(view: View, now: datetime, days: int) -> list[_Due]:
    clocks, tickets = schema.clocks, schema.tickets
    until = end_of(local_day(now) + timedelta(days=days))
    rows = view.connection.execute(
        select(clocks.c.ticket, clocks.c.due_at, tickets.c.credit_code)
        .join(tickets, tickets.c.id == clocks.c.ticket)
        .where(
            clocks.c.node == view.head.node,
            clocks.c.name == "revisit",
            clocks.c.stopped_at.is_(None),
            clocks.c.due_at <= micros(until),
            tickets.c.holder == view.head.node,
        )
        .order_by(clocks.c.due_at, clocks.c.ticket)
    )
    return [_Due(row.ticket, instant(row.due_at), row.credit_code) for row in rows]


def _whose(ticket: Ticket) -> str:
    """Who is called: an individual's code is no fact, so his tickets are each a call of their own."""
    return ticket.appellant.credit_code or ticket.appellant.enterprise or ticket.id


def _call(
    view: View,
    key: str,
    tickets: Sequence[tuple[Ticket, datetime]],
    others: Sequence[Ticket],
    rounds: "_OfRounds",
    policies: Mapping[str, Policy],
    now: datetime,
    viewer: Actor | None,
) -> Call:
    known = {ticket.id: ticket for ticket in (*(one for one, _ in tickets), *others)}
    wishes = [ticket.call_preference for ticket in known.values() if ticket.call_preference is not None]
    return Call(
        enterprise=key,
        sheets=tuple(_sheet(ticket, due_at, policies[ticket.id]) for ticket, due_at in tickets),
        contacts=tuple(sorted(_contacts_for(view, known, rounds, now, viewer), key=lambda one: (one.at, one.ticket))),
        preference=max(wishes, key=lambda wish: wish.at, default=None),
    )


def _others(view: View, credit_codes: Collection[str], now: datetime) -> dict[str, list[Ticket]]:
    """By unified code every ticket of the enterprise in this node's sight about which something was written in the last 30 days."""
    table = schema.tickets
    since = micros(now - timedelta(days=contact_days))
    ids: list[str] = []
    for part in parts(sorted(set(credit_codes) - {""})):
        # That they are not empty is said for the index, which leaves out what is.
        same = (table.c.credit_code.in_(part), table.c.credit_code != "", table.c.changed_at >= since)
        ids += view.connection.execute(select(table.c.id).where(*same).order_by(table.c.id)).scalars()
    found: dict[str, list[Ticket]] = {}
    for ticket in view.readings.tickets(ids).values():
        found.setdefault(ticket.appellant.credit_code, []).append(ticket)
    return found


def _sheet(ticket: Ticket, due_at: datetime, policy: Policy) -> Sheet:
    of = ticket.round
    return Sheet(
        ticket=ticket.id,
        number=ticket.number,
        standard=ticket.completion.standard if ticket.completion else "",
        fields=policy.pack.names("revisit.fields"),
        scale=policy.pack.names("evaluation.scale"),
        attempts=sum(one.purpose == "revisit" for one in of.attempts) if of else 0,
        attempts_wanted=policy.pack.number("revisit.attempts"),
        due_at=due_at,
    )


def _contacts(view: View, tickets: Iterable[str], rounds: "_OfRounds", now: datetime) -> Iterator[Contact]:
    since = now - timedelta(days=contact_days)
    for id in tickets:
        for one in view.journal.of_subject(Subject(SubjectKind.TICKET.value, id)):
            if one.header.kind in CONTACT_KINDS and since <= one.header.recorded_at <= now:
                yield _contact(one, id)
        yield from (one for one in rounds.get(id, ()) if since <= one.at <= now)


def _contact(one: Stored, ticket: str) -> Contact:
    head = one.header
    told = getattr(one.content.event, "is_reached", head.kind not in ("RevisitAttempted", "EvaluationAttempted"))
    return Contact(head.recorded_at, head.node, head.actor.unit or head.actor.account, ticket, head.kind, "yes" if told else "no")


# A superior's own calls, and those that it has revealed, by ticket.
_OfRounds = Mapping[str, Sequence[Contact]]


def _calls_of_rounds(view: View, now: datetime) -> _OfRounds:
    table, found = schema.rounds, dict[str, list[Contact]]()
    since = micros(now - timedelta(days=round_days))
    ids = view.connection.execute(select(table.c.id).where(table.c.opened_at >= since).order_by(table.c.id)).scalars().all()
    view.journal.bring(SubjectKind.ROUND.value, ids)
    for id in ids:
        for one in view.journal.of_subject(Subject(SubjectKind.ROUND.value, id)):
            event, head = one.content.event, one.header
            if not isinstance(event, CallRecorded | CallRevealed):
                continue
            ticket, reached = event.key.partition("#")[0], "yes" if event.is_reached else "no"
            if isinstance(event, CallRecorded):
                said = Contact(head.recorded_at, head.node, head.actor.unit, ticket, head.kind, reached)
            elif event.called_at is not None:
                said = Contact(event.called_at, head.node, event.called_by, ticket, head.kind, reached)
            else:
                continue
            found.setdefault(ticket, []).append(said)
    return found
