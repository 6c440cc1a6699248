"""
The state graph of a pack, walked by the real ``decide``: from each ticket found so far everything is tried that anybody may do.

Commands are filled in from their fields: a plain value for each, then one field at a time with every value that the pack, the
ticket or the field's name offers.  Two tickets that look alike (``look``) are one node of the graph.  Behind each step the
nodes' own reactions run, as they do when an entry arrives; "wait" lets the time pass until the next clock is due and runs what
the clock does by itself.  Above the county stands a city under the product's defaults.
"""

import dataclasses
import types
import typing
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cache
from itertools import count
from typing import Any

from node.domain.command import Command, Facts
from node.domain.dossier import dossier_id
from node.domain.entry import Actor, Folded, Happened, SubjectKind
from node.domain.organisation import Place, Role, Unit
from node.domain.pack import Pack
from node.domain.payload import Contact, Text
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.registry import Account
from node.domain.ticket.after import LapseStep
from node.domain.ticket.assignment import ReceiveAssignment
from node.domain.ticket.close_out import RecordLiaison
from node.domain.ticket.closing import Archive
from node.domain.ticket.completion import Complete
from node.domain.ticket.countersigning import CountersignReply, DraftReply
from node.domain.ticket.custody import OverrideCustody, RequestOverride, ResumeAfterReturn
from node.domain.ticket.decide import DECISIONS, decide
from node.domain.ticket.escalation import ReceiveEscalation, RequestEscalation
from node.domain.ticket.filling import RecordVerification
from node.domain.ticket.finding import ExecuteFinding
from node.domain.ticket.fold import evolve
from node.domain.ticket.forming import Form
from node.domain.ticket.intake import Register
from node.domain.ticket.judgement import CloseJudgement
from node.domain.ticket.recheck import ExecuteRecheckRuling
from node.domain.ticket.state import State, With
from node.domain.ticket.supplement import LapseSupplement
from node.domain.ticket.termination import TakeWithdrawal
from node.domain.ticket.ticket import Ticket
from node.domain.ticket.transfer import CarryOutTransferRuling, ReceiveTransfer
from node.domain.ticket.vote_elsewhere import TakeEvaluation
from node.packs.file import effective_pack, finder
from tests.domain.ticket.given import CALENDAR, CITY, COUNTY, EVIDENCE, MONDAY, PROVINCE
from tests.support.heading import headed

LINES = {COUNTY: (CITY, PROVINCE), CITY: (PROVINCE,)}
SUPERIORS = {PROVINCE: "", CITY: PROVINCE, COUNTY: CITY}
LEAD, HELPER = "housing", "water"
WAIT = "wait"
# After so long a closed ticket may be archived under every pack.
REST = timedelta(days=120)
# Whoever asks, and with whatever else: the answer is the same.
HOPELESS = frozenset(
    {Code.WRONG_STATE, Code.NOT_HOLDER, Code.HANDLING_FROZEN, Code.TICKET_INCOMPLETE, Code.NOTHING_PENDING, Code.NOT_ASKED}
)
# Somebody else may ask with more success.
PERSONAL = frozenset({Code.PERMISSION_DENIED, Code.OWN_CASE, Code.PERSON_UNFIT, Code.NOT_IN_BATCH})
# Joint work of operators over the heads of all levels: open from nearly everywhere, and tested with the hops themselves.
LEFT_OUT = (RequestOverride, OverrideCustody)
# Work at a desk that moves nothing, and what waits for it: the reply that a leader signs, the receipt, the talk with the enterprise.
BEFORE: dict[type[Command], tuple[type[Command], ...]] = {
    Form: (RecordVerification,),
    CloseJudgement: (RecordVerification,),
    Complete: (ReceiveAssignment, RecordLiaison, DraftReply, CountersignReply),
}
# Another ticket of the same appellant, which is registered: what a merger names.
TWIN = "52040220260302000029"
# A ticket goes through so many of the stories that are independent of each other (``detours``): two that meet end as each does.
detours_max = 1
# Where no end was found within them, so many steps are tried with more of them.
STEPS_MORE = 4
# What the city does about the county's ticket; its own handling is a machine of its own, walked as "default".
BETWEEN_LEVELS = frozenset({"escalation", "transfer", "custody", "finding", "recheck", "recheck_above"})

NODE = Actor("node", Role.NODE.value)
_ids = count(1)
DIGESTS = tuple(sorted(EVIDENCE))


@dataclass
class Graph:
    """
    ``steps``: from each look the steps that were possible, (name, look after it).  ``faults``: what raised another thing than a
    Refusal.  ``looked_at``: the looks from which everything was tried.
    """

    tickets: dict[tuple[Any, ...], Ticket] = field(default_factory=dict)
    times: dict[tuple[Any, ...], datetime] = field(default_factory=dict)
    steps: dict[tuple[Any, ...], set[tuple[str, tuple[Any, ...]]]] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    looked_at: set[tuple[Any, ...]] = field(default_factory=set)

    @property
    def commands(self) -> set[str]:
        """The names of the commands that were carried out at least once."""
        return {name for steps in self.steps.values() for name, _ in steps}

    def ending(self) -> set[tuple[Any, ...]]:
        """Every look from which some way leads to a final state."""
        before: dict[tuple[Any, ...], set[tuple[Any, ...]]] = {}
        for start, steps in self.steps.items():
            for _, end in steps:
                before.setdefault(end, set()).add(start)
        found = {look for look, ticket in self.tickets.items() if ticket.is_final}
        waiting = deque(found)
        while waiting:
            for start in before.get(waiting.popleft(), set()) - found:
                found.add(start)
                waiting.append(start)
        return found


def walk(pack_id: str, looks_max: int = 4000) -> Graph:
    """The graph of the pack *pack_id*; a pack with more than *looks_max* looks is told apart too finely to be walked."""
    graph, policies = Graph(), _policies(pack_id)
    waiting: deque[tuple[Any, ...]] = deque()
    bound = detours_max

    def reach(name: str, start: tuple[Any, ...] | None, ticket: Ticket, now: datetime) -> None:
        ticket = _react(graph, ticket, policies, now)
        if detours(ticket) > bound:
            return
        end = look(ticket, policies[COUNTY].pack)
        if end not in graph.tickets:
            assert len(graph.tickets) < looks_max, f"{pack_id}: too many looks"
            graph.tickets[end], graph.times[end], graph.steps[end] = ticket, now, set()
            waiting.append(end)
        if start is not None:
            graph.steps[start].add((name, end))

    for story in _registrations(policies[COUNTY]):
        begun = (_carry_out(graph, None, actor, command, policies[COUNTY], MONDAY) for actor, command in story)
        ticket = next((one for one in begun if isinstance(one, Ticket)), None)
        if ticket is not None:
            reach("Register", None, ticket, MONDAY)
    assert graph.tickets, f"{pack_id}: nothing can be registered {graph.faults}"
    _expand(waiting, reach, graph, policies)
    # What has no end within this bound may need one more story to come to it, a withdrawal for one.
    for _ in range(STEPS_MORE):
        bound = detours_max + 2
        waiting.extend(sorted(graph.tickets.keys() - graph.ending(), key=repr))
        _expand(waiting, reach, graph, policies, len(waiting))
    return graph


def _expand(
    waiting: deque[tuple[Any, ...]], reach: Callable[..., None], graph: Graph, policies: Mapping[str, Policy], most: int = 0
) -> None:
    """Try everything from what is *waiting*, and from what that leads to; from the first *most* of it only, if that is given."""
    count = 0
    while waiting and (not most or count < most):
        count += 1
        start = waiting.popleft()
        graph.looked_at.add(start)
        ticket, now = graph.tickets[start], graph.times[start] + timedelta(hours=1)
        for kind in DECISIONS:
            if kind.starts or kind in LEFT_OUT:
                continue
            for after in _tried(graph, ticket, kind, policies, now + (REST if kind is Archive else timedelta())):
                reach(kind.__name__, start, after, now)
        later = _next_due(ticket, now)
        if later is not None:
            reach(WAIT, start, _let_pass(graph, ticket, policies, later), later)


def owed_by(ticket: Ticket) -> list[str]:
    """The running clocks of whoever must act now, by name; of any kind of unit where a unit must."""
    running = [clock for clock in ticket.clocks.values() if clock.is_running]
    whose = ticket.with_whom
    if whose in (With.DEPARTMENT, With.FIRST_CONTACT, With.CO_HANDLER, With.AWAITING_PROPOSAL):
        return [clock.name for clock in running if clock.owes == whose.value or "-" in clock.owes]
    if whose in (With.SUPERIOR, With.SUBORDINATE):  # the other level's own clock, or the holder's for it
        return [clock.name for clock in running if clock.owes == whose.value or clock.node != ticket.custody.holder]
    return [clock.name for clock in running if clock.owes == whose.value]


def look(ticket: Ticket, pack: Pack) -> tuple[Any, ...]:
    """What tells two tickets apart for the machine: state, who acts, what is pending and what the round has behind it."""
    of, recheck, supplement = ticket.round, ticket.recheck, ticket.supplement
    is_open_recheck = recheck is not None and recheck.stage != "decided"
    return (
        ticket.state.value,
        ticket.with_whom.value,
        ticket.custody.holder,
        ticket.custody.asked,
        bool(ticket.lead),
        (ticket.handed_down, ticket.decided_above),
        "" if of is None else of.cause if of.cause in ("first", "finding", "unconfirmed") else "again",
        pending_of(ticket),
        ticket.layering.stage,
        (supplement.during, supplement.is_lapsed) if supplement and ticket.state is State.SUPPLEMENTING else (),
        ticket.judgement.outcome if ticket.judgement and ticket.state is State.IN_JUDGEMENT else "",
        (recheck.stage, recheck.ground, recheck.decides) if is_open_recheck and recheck else (),
        of is not None and of.rectification_due is not None,
        _after_completion(ticket, pack) if of and of.completion and ticket.state in (State.COMPLETED, State.VERIFYING) else (),
        of is not None and of.evaluation is not None and of.evaluation.is_satisfied is False and ticket.state is State.CLOSED,
    )


def detours(ticket: Ticket) -> int:
    """The stories beside the plain one that it is in, or was: pending applications, a hop, a finding, a recheck, a reopening."""
    stories = (
        bool(ticket.escalations),
        any(one.cause == "finding" for one in ticket.rounds),
        ticket.recheck is not None,
        any(one.cause == "reopened" for one in ticket.rounds),
    )
    return len(pending_of(ticket)) + sum(stories)


def pending_of(ticket: Ticket) -> frozenset[str]:
    """What the office has to decide beside the handling."""
    applications = {"withdrawal": ticket.withdrawal, "termination": ticket.termination, "extension": ticket.extension}
    pending = {name for name, one in applications.items() if one is not None}
    if ticket.supplement is not None and ticket.supplement.is_pending:
        pending.add("supplement")
    if ticket.coordination is not None and ticket.coordination.stage != "settled":
        pending.add(f"coordination at the {ticket.coordination.stage}")
    return frozenset(pending)


def _after_completion(ticket: Ticket, pack: Pack) -> tuple[Any, ...]:
    """What a completed ticket has behind it, of that which its pack waits for; a vote that says no matters everywhere."""
    of = ticket.round
    assert of is not None
    after, needs = of.after, pack.names("closing.needs")
    vote = of.evaluation.is_satisfied if of.evaluation else "none"
    heard = of.revisit and (of.revisit.is_consistent, of.revisit.is_standard_met, of.revisit.is_solved, of.revisit.is_satisfied)
    told: dict[str, tuple[Any, ...]] = {
        "revisit": (of.revisit is not None, pack.choice("rework.by") == "office" and False in (heard or ())),
        "feedback": (of.feedback_at is not None,),
        "confirmation": (of.confirmed_at is not None, after.agreed_at is not None, after.silent_at is not None),
        "evaluation": (vote, after.unvoted_at is not None, after.explained_at is not None),
        "follow_up": (after.follow_up is not None,),
        "report_back": (bool(ticket.intake.assigned_by) and ticket.reported_back,),
    }
    rectified = of.rectification_due is not None and of.rectified_at is not None
    is_explained = of.completion is not None and of.completion.standard in pack.names("dissatisfaction.explained_standards")
    return (vote is False, of.upheld_at is not None, rectified, is_explained, *(told[need] for need in needs))


@cache
def _policies(pack_id: str) -> Mapping[str, Policy]:
    packs = {COUNTY: effective_pack(pack_id, finder()), CITY: effective_pack("default", finder())}
    return {node: Policy(pack, CALENDAR, Place(node, LINES[node], SUPERIORS)) for node, pack in packs.items()}


# --- carrying out -------------------------------------------------------------------------------------------------------


def _carry_out(
    graph: Graph, ticket: Ticket | None, actor: Actor, command: Command, policy: Policy, now: datetime
) -> Ticket | Refusal | None:
    """The ticket after *command*; the refusal; None where nothing followed, or only for another ticket."""
    given = {name: GIVEN.get(name, {}) for name in command.needs}
    try:
        others = {TWIN: replace(ticket, id=TWIN)} if ticket is not None and type(command).also else {}
        facts = Facts(actor, units=_units(), serial=1, evidence=EVIDENCE, given=given, others=others)
        happened = decide(ticket, command, facts, policy, now)
        before = ticket
        for one in happened:
            if ticket is not None and one.subject != ticket.subject:
                continue  # what it does to another subject is that one's story
            ticket = evolve(ticket, _entry(ticket, one, actor, now, policy))
    except Refusal as refusal:
        return refusal
    except Exception as error:
        graph.faults.setdefault(f"{type(command).__name__}: {error!r}", repr(command))
        return None
    return None if ticket is before else ticket


def _entry(ticket: Ticket | None, one: Happened, actor: Actor, now: datetime, policy: Policy) -> Folded:
    """*one* as the journal of that node writes it."""
    return headed(ticket, one, policy.node, actor, now, next(_ids))


def _tried(graph: Graph, ticket: Ticket, kind: type[Command], policies: Mapping[str, Policy], now: datetime) -> Iterator[Ticket]:
    """The tickets that some way of giving *kind* leads to, by somebody of either level, after what has to be done before it."""
    for first in BEFORE.get(kind, ()):
        ticket = next(_tried(graph, ticket, first, policies, now), ticket)
    for node, policy in policies.items():
        if node == CITY and (kind.__module__.rpartition(".")[2] not in BETWEEN_LEVELS or kind is RequestEscalation):
            continue
        ways, pack = list(_ways(ticket, kind, policy, now)), policies[COUNTY].pack
        was = look(ticket, pack)
        for role in policy.pack.names(f"rights.{kind.__name__}") or _office_first(kind):
            found = list(_by_role(graph, ticket, ways, _actors(role, node), policy, now))
            yield from (one for one in found if one is not None)
            # Nobody need ask again what is hopeless, or what moves nothing.
            if found and (found[-1] is None or all(look(one, pack) == was for one in found if one is not None)):
                break


def _office_first(kind: type[Command]) -> list[str]:
    """What the office does is the usual way, what a government does in its place is final."""
    return sorted((role.value for role in kind.roles), key=lambda role: (role != Role.OFFICE.value, role))


def _by_role(
    graph: Graph, ticket: Ticket, ways: list[Command], actors: tuple[Actor, ...], policy: Policy, now: datetime
) -> Iterator[Ticket | None]:
    """What the people of one role bring about; None at the end if nobody else need ask either."""
    for command in ways:
        for actor in actors:
            after = _carry_out(graph, ticket, actor, command, policy, now)
            if isinstance(after, Ticket):
                yield after
                break
            if isinstance(after, Refusal) and after.code in HOPELESS:
                yield None
                return
            if isinstance(after, Refusal) and after.code not in PERSONAL:
                break


def _react(graph: Graph, ticket: Ticket, policies: Mapping[str, Policy], now: datetime) -> Ticket:
    """What the nodes do by themselves about what arrived (``federation.reactions``)."""
    for _ in range(3 if ticket.escalations or ticket.open_asks() else 0):
        commands: list[Command] = [ReceiveEscalation(), ReceiveTransfer(), CarryOutTransferRuling(), ResumeAfterReturn()]
        for ask in ticket.open_asks():
            commands += [ExecuteFinding(ask.id)] if ask.kind == "FindingRaised" else []
            commands += [ExecuteRecheckRuling(ask.id)] if ask.kind == "RecheckRuled" else []
            commands += [TakeWithdrawal(ask.id)] if ask.kind == "WithdrawalRequested" else []
            commands += [TakeEvaluation(ask.id)] if ask.kind == "EvaluationPassedOn" else []
        before = ticket
        for policy in policies.values():
            for command in commands:
                if isinstance(command, ResumeAfterReturn) and ticket.state is before.state and not _came_back(ticket, policy.node):
                    continue
                after = _carry_out(graph, ticket, NODE, command, policy, now)
                ticket = after if isinstance(after, Ticket) else ticket
        if ticket is before:
            break
    return ticket


def _came_back(ticket: Ticket, node: str) -> bool:
    """Custody was just returned to *node*, which has not gone on yet."""
    return ticket.custody.holder == node and ticket.version == 1 and ticket.custody.number > 1


def _next_due(ticket: Ticket, now: datetime) -> datetime | None:
    """When something is due next, if anything is."""
    ahead = [clock.due_at for clock in ticket.clocks.values() if clock.is_running and clock.due_at is not None and clock.due_at > now]
    return min(ahead) + timedelta(minutes=1) if ahead else None


def _let_pass(graph: Graph, ticket: Ticket, policies: Mapping[str, Policy], now: datetime) -> Ticket:
    """What the clock does by itself once *now* has come."""
    for policy in policies.values():
        for command in (LapseSupplement(), LapseStep()):
            after = _carry_out(graph, ticket, NODE, command, policy, now)
            ticket = after if isinstance(after, Ticket) else ticket
    return ticket


# --- who ----------------------------------------------------------------------------------------------------------------


@cache
def _units() -> Mapping[str, Unit]:
    kinds = {"office": "office", "government": "government", "supervision": "office", LEAD: "department", HELPER: "department"}
    return {f"{node}-{name}": Unit(f"{node}-{name}", kind, staff=3) for node in LINES for name, kind in kinds.items()}


@cache
def _actors(role: str, node: str) -> tuple[Actor, ...]:
    """Two people of each role, so that nobody decides his own case; of a department, two of the lead's and two of the helper's."""
    if role in (Role.NODE.value, Role.ENTERPRISE.value):
        return (Actor(role, role),)
    desks = {
        Role.DEPARTMENT.value: (LEAD, HELPER),
        Role.DEPARTMENT_LEADER.value: (LEAD, HELPER),
        Role.SUPERVISION.value: ("supervision",),
        Role.GOVERNMENT.value: ("government",),
    }.get(role, ("office",))
    return tuple(Actor(f"{node}-{desk}.{role}.{number}", role, f"{node}-{desk}") for desk in desks for number in (1, 2))


class _Accounts(dict[str, Account]):
    """Whoever ``_actors`` makes has an account; its id says its unit and role."""

    def get(self, id: str, default: Any = None) -> Any:
        unit, _, rest = id.partition(".")
        return Account(id, unit, frozenset({rest.partition(".")[0]}), True) if rest else default


# What the lists of a node say; what is not named here is empty there.
GIVEN: Mapping[str, Any] = {
    "admission_standard": None,
    "own_admission_standard": None,
    "appellant": None,
    "accounts": _Accounts(),
    "turns": {},
    "files": frozenset(),
    "members": frozenset(),
    "intermediaries": frozenset(),
    "precedents": (),
    "running_number": 1,
    "receipt_number": 1,
    "leaders": (),
    "order_id": dossier_id(SubjectKind.ORDER, COUNTY, MONDAY, 1),
    "recheck_deciders": (),
}


# --- what ---------------------------------------------------------------------------------------------------------------

Offered = Callable[[Ticket | None, Policy, datetime], Iterable[Any]]


def _registrations(policy: Policy) -> Iterator[Iterator[tuple[Actor, Command]]]:
    """
    At the desk for another department, at the department for itself or for another, by the enterprise itself, and by somebody
    other than the enterprise: each by the first channel that takes it.
    """
    online, others = policy.pack.names("channels.online"), policy.pack.names("confirmation.submitted_by_others")
    plain = [one for one in policy.pack.names("intake.channels") if one not in (*online, *others)]
    clerk, desk, owner = (_actors(role.value, COUNTY)[0] for role in (Role.WINDOW_CLERK, Role.DEPARTMENT, Role.ENTERPRISE))
    stories = (
        (clerk, plain, ""),
        (desk, plain, "own_duty"),
        (desk, plain, "foreign"),
        (owner, online, ""),
        (clerk, others, ""),
        (desk, others, ""),
    )
    for actor, channels, judgement in stories:
        sorts = ("", *policy.pack.names("classes")[:1])
        yield ((actor, _a_need(policy, channel, actor, judgement, category)) for channel in channels for category in sorts)


def _a_need(policy: Policy, channel: str, actor: Actor, judgement: str, category: str) -> Register:
    given = {
        "appeal": Text("x"),
        "name": Contact("x"),
        "phone": Contact("13800001234"),
        "received_at": MONDAY,
        "channel_note": Text("x"),
        "assigned_by": "body" if channel in policy.pack.names("intake.assigner_required") else "",
        "first_contact": "" if actor.role == Role.ENTERPRISE.value else f"{COUNTY}-{LEAD}",
        "judgement": judgement,
        "category": category,
    }
    return Register(channel, **given)


def _ways(ticket: Ticket, kind: type[Command], policy: Policy, now: datetime) -> Iterator[Command]:
    """The command with a plain value in each field, then one field at a time with everything that is offered for it."""
    offered = {one.name: _values(ticket, kind, one, policy, now) for one in dataclasses.fields(kind)}
    plain = {name: values[0] for name, values in offered.items()}
    yield kind(**plain)
    for name, values in offered.items():
        for value in values[1:]:
            yield kind(**(plain | {name: value} | _with_it(kind, name, value, policy)))


def _with_it(kind: type[Command], name: str, value: Any, policy: Policy) -> dict[str, Any]:
    """What another value of one field asks of the others."""
    if name == "standard" and "sub_code" in _hints(kind):
        return {"sub_code": next(iter(policy.pack.names(f"completion.sub_codes.{value}")), "")}
    if name == "category" and "complexity" in _hints(kind):
        return {"complexity": next(iter(policy.pack.names(f"complexities.{value}")), "")}
    return {}


@cache
def _hints(kind: type[Command]) -> Mapping[str, Any]:
    return typing.get_type_hints(kind)


def _values(ticket: Ticket, kind: type[Command], one: dataclasses.Field[Any], policy: Policy, now: datetime) -> list[Any]:
    """What is offered for a field, the plain value first."""
    if one.name in kind.also:
        return [TWIN] if _hints(kind)[one.name] is str else [(TWIN,)]
    named = OFFERED.get(f"{kind.__name__}.{one.name}") or OFFERED.get(one.name)
    if named is not None:
        return list(dict.fromkeys(named(ticket, policy, now))) or [""]
    hint = _hints(kind)[one.name]
    kinds = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    if bool in kinds:
        return [True, False]
    for type_, value in ((Text, Text("x")), (Contact, Contact("13800001234"))):
        if type_ in kinds:
            return [value]
    if one.default is not dataclasses.MISSING:
        return [one.default]
    for type_, value in ((datetime, now), (date, now.date() + timedelta(days=10)), (int, 1), (str, "x")):
        if type_ in kinds:
            return [value]
    return [()]


def _names(key: str) -> Offered:
    return lambda ticket, policy, now: policy.pack.names(key)


def _just(*values: Any) -> Offered:
    return lambda ticket, policy, now: values


def _asks(*kinds: str) -> Offered:
    return lambda ticket, policy, now: [ask.id for ask in ticket.open_asks(*kinds)] or ["x"] if ticket else ["x"]


def _desks(*names: str) -> Offered:
    return lambda ticket, policy, now: [f"{policy.node}-{name}" for name in names]


def _class(ticket: Ticket | None, policy: Policy, now: datetime) -> list[str]:
    had = ticket.classing.category if ticket else ""
    return [*([had] if had in policy.pack.names("classes") else []), *policy.pack.names("classes")[:2]]


def _complexity(ticket: Ticket | None, policy: Policy, now: datetime) -> list[str]:
    category = _class(ticket, policy, now)[0]
    return list(policy.pack.names(f"complexities.{category}"))[:2]


def _lead(ticket: Ticket | None) -> list[str]:
    return [ticket.lead] if ticket is not None and ticket.lead else []


def _soon(ticket: Ticket | None, policy: Policy, now: datetime) -> list[date]:
    return [now.date() + timedelta(days=10)]


def _completed_on(ticket: Ticket | None, policy: Policy, now: datetime) -> list[date]:
    return [now.date()]


OFFERED: Mapping[str, Offered] = {
    "category": _class,
    "complexity": _complexity,
    "passed": _names("forming.tests"),
    "Form.passed": lambda ticket, policy, now: [policy.pack.names("forming.tests")],
    "evidence": _just(DIGESTS),
    "materials": _just(DIGESTS),
    "digest": _just(DIGESTS[0]),
    "lead": _desks(LEAD, HELPER),
    "leads": lambda ticket, policy, now: [(f"{policy.node}-{LEAD}",)],
    "new_lead": lambda ticket, policy, now: ["", f"{policy.node}-{HELPER}"],
    "proposed_unit": lambda ticket, policy, now: [one for one in _desks(HELPER, LEAD)(ticket, policy, now) if one not in _lead(ticket)],
    "unit": _desks(HELPER, LEAD),
    "members": lambda ticket, policy, now: [(f"{policy.node}-{LEAD}", f"{policy.node}-{HELPER}")],
    "participants": lambda ticket, policy, now: [(f"{policy.node}-{LEAD}", f"{policy.node}-{HELPER}")],
    "units": lambda ticket, policy, now: [(f"{policy.node}-{HELPER}",)],
    "co_handlers": lambda ticket, policy, now: [(), (f"{policy.node}-{HELPER}",)],
    "person": lambda ticket, policy, now: [
        f"{desk}.department.1" for desk in (*_lead(ticket), f"{policy.node}-{LEAD}", f"{policy.node}-{HELPER}")
    ],
    "account": lambda ticket, policy, now: [f"{policy.node}-{LEAD}.department.1"],
    "tracker": lambda ticket, policy, now: ["", f"{policy.node}-office.tracker.1"],
    "way": lambda ticket, policy, now: [*policy.pack.names("contact.ways"), *policy.pack.names("evaluation.ways")],
    "feedback_way": lambda ticket, policy, now: policy.pack.names("feedback.ways")[:1],
    "GiveFeedback.way": lambda ticket, policy, now: policy.pack.names("feedback.ways")[:1],
    "Evaluate.way": _just(""),
    "standard": _names("completion.standards"),
    "answer_standard": _names("completion.standards"),
    "sub_code": _just(""),
    "draft": lambda ticket, policy, now: [ticket.round.draft if ticket and ticket.round else ""],
    "evaluation": _names("evaluation.scale"),
    "Evaluate.value": _names("evaluation.scale"),
    "RecordEvaluation.value": _names("evaluation.scale"),
    "is_solved": lambda ticket, policy, now: [True, False] if policy.pack.flag("evaluation.solved") else [None],
    "revisited_on": _completed_on,
    "RecordVerification.result": _names("verification.results"),
    "found_cause": _names("dissatisfaction.causes"),
    "effect": _names("follow_up.results"),
    "speaks_for": _just("submitter", "enterprise"),
    "NotAccept.reason": _names("acceptance.refusal_reasons"),
    "procedure": lambda ticket, policy, now: ["", *policy.pack.names("acceptance.procedures")[:1]],
    "ApplyTermination.reason": _names("termination.reasons"),
    "ground": lambda ticket, policy, now: [*policy.pack.names("extension.grounds"), *policy.pack.names("recheck.grounds")],
    "DecideRecheck.outcome": _names("recheck.outcomes"),
    "RuleRecheck.outcome": lambda ticket, policy, now: [*policy.pack.names("recheck.outcomes"), "declined"],
    "RaiseLayer.layer": lambda ticket, policy, now: policy.pack.names("ladder.layers")[1:3],
    "LowerLayer.layer": lambda ticket, policy, now: policy.pack.names("ladder.layers")[:1],
    "PassUp.proposal": _just(None, Text("x")),
    "rectify_by": _soon,
    "promised": _soon,
    "due_on": _soon,
    "answer": lambda ticket, policy, now: [*policy.pack.names("finding.answers"), Text("x")],
    "AnswerOnTheSpot.answer": _just(Text("x")),
    "SignAndAnswer.answer": _just(Text("x")),
    "CloseJudgement.outcome": _just("form", "merge", "supplement", "not_accept", "escalate", "undecided"),
    "GiveOpinion.outcome": _just("form"),
    "GiveJudgement.outcome": _just("form"),
    "items": _just(("licence",)),
    "provided": _just(("licence",)),
    "ask": _asks(),
    "finding": _asks("FindingRaised"),
    "ruling": _asks("RecheckRuled"),
    "holder": lambda ticket, policy, now: [policy.node],
    "to": _just(COUNTY),
    "power_item": _just("LAND-07"),
    "assessor": _just("assessor"),
    "scores": lambda ticket, policy, now: [tuple(f"{one}=90" for one in policy.pack.names("assessment.indicators"))],
    "RaiseFinding.round": _just(""),
    "inspection": _just(""),
}
