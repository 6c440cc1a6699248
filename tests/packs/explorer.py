"""
Walks the state machine of a pack by the real ``decide``: from registration on, whatever anybody may do next is tried.

Commands are put together from their fields: a field has the values that the pack, the ticket or its name gives it.  So a
command that is new is tried, too, as soon as its fields are known here.  Tickets that look alike (``_kind_of``) are tried once;
``tries_max`` bounds how many kinds are looked at in one state and round.
"""

import dataclasses
import types
import typing
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from itertools import count, islice, product
from typing import Any

from node.domain.command import Command, Facts
from node.domain.entry import Actor, Folded
from node.domain.organisation import Place, Role, Unit
from node.domain.pack import Pack
from node.domain.payload import Contact, Text
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.registry import Account
from node.domain.ticket.decide import DECISIONS, decide
from node.domain.ticket.fold import evolve
from node.domain.ticket.intake import Register
from node.domain.ticket.ticket import Ticket
from node.domain.time import BEIJING
from node.packs.file import effective_pack, finder
from tests.domain.ticket.given import CALENDAR, CITY, COUNTY, EVIDENCE, PROVINCE, recorded

START = datetime(2026, 3, 2, 9, tzinfo=BEIJING)
SUPERIORS = {PROVINCE: "", CITY: PROVINCE, COUNTY: CITY}
LINES = {COUNTY: (CITY, PROVINCE), CITY: (PROVINCE,)}
DESKS = ("housing", "water")
# Rounds beyond the second differ in nothing but their number.
rounds_max = 2
tries_max = 2
# How many tickets are looked at in all, the shortest roads first.
visits_max = 500
# How many ways of filling in one command are tried.
ways_max = 24
combinations_max = 160

Edge = tuple[str, str, str]
# Within every limit, and after all of them.
LATER = (timedelta(hours=1), timedelta(days=60))
# Whoever else asks, and with whatever else: the answer is the same.
HOPELESS = frozenset({Code.WRONG_STATE, Code.NOT_HOLDER, Code.HANDLING_FROZEN, Code.TICKET_INCOMPLETE})
NOTHING = Refusal(Code.NOTHING_PENDING)
Values = Callable[["Walk", Ticket, datetime], Iterable[Any]]


@dataclass
class Walk:
    """What was seen of one pack: (state, command, state after it); "" is the state of what is not registered yet."""

    pack: Pack
    edges: set[Edge] = field(default_factory=set)
    carried_out: set[str] = field(default_factory=set)

    def policy(self, node: str) -> Policy:
        """The pack at the county; the product's defaults above it."""
        pack = self.pack if node == COUNTY else _default()
        return Policy(pack, CALENDAR, Place(node, LINES[node], SUPERIORS))


def walk(pack_id: str) -> Walk:
    """Everything that can happen to a ticket under the pack *pack_id*, as far as it is bounded above."""
    return _walk(pack_id)


@cache
def _walk(pack_id: str) -> Walk:
    found = Walk(effective_pack(pack_id, finder()))
    waiting: deque[tuple[Ticket, datetime]] = deque()
    seen: dict[tuple[Any, ...], set[Any]] = defaultdict(set)

    def look_at(ticket: Ticket, now: datetime) -> None:
        kind = _kind_of(ticket)
        known = seen[kind[:4]]
        if kind not in known and len(known) < tries_max and len(ticket.rounds) <= rounds_max:
            known.add(kind)
            waiting.append((ticket, now))

    for node in (COUNTY, CITY):
        for actor, command in _orders(found, None, Register, node, START):
            after = _carry_out(found, None, actor, command, node, START)
            if isinstance(after, Ticket):
                if node == COUNTY:
                    found.edges.add(("", "Register", after.state.value))
                look_at(after, START)
    for _ in range(visits_max):
        if not waiting:
            break
        ticket, now = waiting.popleft()
        for command, node in product((one for one in DECISIONS if not one.starts), (COUNTY, CITY)):
            for later in LATER:
                moment, is_done = now + later, False
                for after in _afters(found, ticket, command, node, moment):
                    is_done = True
                    if after.state is not ticket.state and COUNTY in (ticket.custody.holder, after.custody.holder, after.custody.asked):
                        found.edges.add((ticket.state.value, command.__name__, after.state.value))
                    look_at(after, moment)
                if is_done:
                    found.carried_out.add(command.__name__)
                    break
    return found


def _afters(found: Walk, ticket: Ticket, command: type[Command], node: str, now: datetime) -> Iterator[Ticket]:
    """The ticket after each way in which somebody can carry *command* out."""
    # Most commands fit no state but few: their ways are made one by one.
    making, ways = islice(_ways(found, ticket, command, now), ways_max), list[Command]()
    for role in sorted(command.roles, key=lambda role: role.value):
        for actor in _actors(role, ticket, node):
            is_allowed = False
            for place in count():
                if place == len(ways):
                    way = next(making, None)
                    if way is None:
                        break
                    ways.append(way)
                after = _carry_out(found, ticket, actor, ways[place], node, now)
                if isinstance(after, Ticket):
                    is_allowed = True
                    yield after
                elif after.code is Code.VALUE_NOT_OFFERED and len(ways) < ways_max:
                    ways += _offered(ways[place], after)
                elif after.code in HOPELESS:
                    return
                elif after.code is Code.PERMISSION_DENIED:
                    break
            if is_allowed:  # who else of the role may makes no difference
                break


def _offered(command: Command, refusal: Refusal) -> list[Command]:
    """*command* with what the refusal says that it should have named."""
    named = [one.name for one in dataclasses.fields(command) if getattr(command, one.name) == refusal.facts["value"]]
    offered = str(refusal.facts["offered"]).split(", ")
    return [dataclasses.replace(command, **dict.fromkeys(named, value)) for value in offered[:4] if value and named]


@cache
def _default() -> Pack:
    return effective_pack("default", finder())


def _kind_of(ticket: Ticket) -> tuple[Any, ...]:
    """What tells two tickets apart for the machine; the first four are what is counted by ``tries_max``."""
    of = ticket.round
    clocks = tuple(sorted((clock.name.partition("/")[0], clock.is_paused) for clock in ticket.clocks.values() if clock.stopped_at is None))
    asks = tuple(sorted({ask.kind for ask in ticket.open_asks()}))
    marks = (
        ticket.custody.holder,
        ticket.custody.asked,
        bool(ticket.lead),
        ticket.handed_down,
        ticket.decided_above,
        of.cause if of else "",
        bool(of and of.revisit),
        bool(of and of.feedback_at),
        bool(of and of.draft) + bool(of and of.countersigned),
        ticket.dispatch.is_final or ticket.dispatch.must_sign if ticket.dispatch else None,
        ticket.objection.stage if ticket.objection else "",
        (ticket.recheck.stage, len(ticket.recheck.opinions)) if ticket.recheck else None,
        bool(ticket.receipts),
        (ticket.termination is not None, ticket.withdrawal is not None),
        of.completion.standard if of and of.completion else "",
        ticket.coordination.stage if ticket.coordination else "",
        of.evaluation.value if of and of.evaluation else "",
        (ticket.judgement.outcome, len(ticket.judgement.opinions)) if ticket.judgement else None,
    )
    return (ticket.state, ticket.with_whom, len(ticket.rounds), marks, clocks, asks)


def _carry_out(found: Walk, ticket: Ticket | None, actor: Actor, command: Command, node: str, now: datetime) -> Ticket | Refusal:
    policy = found.policy(node)
    given = {name: GIVEN[name] for name in command.needs if name in GIVEN}
    facts = Facts(actor, units=_units(), serial=1, evidence=EVIDENCE, given=given)
    if any(getattr(command, name) for name in command.also):
        return NOTHING  # wants another ticket, and there is none
    try:
        happened = decide(ticket, command, facts, policy, now)
    except Refusal as refusal:
        return refusal
    for one in happened:
        if ticket is not None and one.subject != ticket.subject:
            return NOTHING  # what it does to another ticket is that one's story
        entry: Folded = recorded(ticket, one, actor, now, policy)
        ticket = evolve(ticket, entry)
    return ticket if happened and ticket is not None else NOTHING


@cache
def _units() -> Mapping[str, Unit]:
    names = {"office": "office", "government": "government", **dict.fromkeys(DESKS, "department")}
    return {f"{node}-{name}": Unit(f"{node}-{name}", kind, staff=3) for node in (COUNTY, CITY) for name, kind in names.items()}


class _Accounts(dict[str, Account]):
    """Whoever ``_actors`` knows has an account; its id says its unit and role."""

    def get(self, id: str, default: Any = None) -> Any:
        unit, _, role = id.rpartition(".")
        return Account(id, unit, frozenset({role}), True) if unit else default


# What the node's own lists say; what is not named here is not there.
GIVEN: Mapping[str, Any] = {
    "accounts": _Accounts(),
    "turns": {},
    "files": frozenset(),
    "members": frozenset(),
    "intermediaries": frozenset(),
    "benefit_policies": {},
    "precedents": (),
    "running_number": 1,
    "receipt_number": 1,
    "leaders": (),
    "order_id": f"{COUNTY}-order-2026-1",
    "recheck_deciders": tuple(Actor(f"{COUNTY}.office.{number}", Role.OFFICE.value, f"{COUNTY}-office") for number in range(3)),
}


# --- who ----------------------------------------------------------------------------------------------------------------


def _orders(found: Walk, ticket: Ticket | None, command: type[Command], node: str, now: datetime) -> Iterator[tuple[Actor, Command]]:
    """Who may want what: each way of filling in *command*, by each of its roles."""
    ways = list(islice(_ways(found, ticket, command, now), ways_max))
    actors = [actor for role in sorted(command.roles, key=lambda role: role.value) for actor in _actors(role, ticket, node)]
    yield from islice(((actor, way) for way in ways for actor in actors), combinations_max)


def _actors(role: Role, ticket: Ticket | None, node: str) -> list[Actor]:
    if role in (Role.NODE, Role.ENTERPRISE):
        return [Actor(role.value, role.value)]
    if role in (Role.DEPARTMENT, Role.DEPARTMENT_LEADER):
        units = dict.fromkeys((*((ticket.lead,) if ticket and ticket.lead else ()), *(f"{node}-{desk}" for desk in DESKS)))
        return [Actor(f"{unit}.{role.value}", role.value, unit) for unit in units]
    if role is Role.OFFICE:
        return [Actor(f"{node}.office.{number}", role.value, f"{node}-office") for number in range(3)]
    return [Actor(f"{node}.{role.value}", role.value, f"{node}-{'government' if role is Role.GOVERNMENT else 'office'}")]


# --- what ---------------------------------------------------------------------------------------------------------------


def _ways(found: Walk, ticket: Ticket | None, command: type[Command], now: datetime) -> Iterator[Command]:
    """The command with each combination of values.  What may be left out is, but for words and what ``FILLED`` names."""
    hints = _hints(command)
    offered = []
    for one in dataclasses.fields(command):
        is_needed = one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING
        is_named = (command.__name__, one.name) in FILLED or ("", one.name) in FILLED
        if is_needed or is_named or (Text in _kinds(hints[one.name]) and command is not Register) or bool in _kinds(hints[one.name]):
            offered.append([(one.name, value) for value in _values(found, ticket, command, one.name, hints[one.name], now)])
    for chosen in product(*offered):
        yield command(**dict(chosen))


@cache
def _hints(command: type[Command]) -> Mapping[str, Any]:
    return typing.get_type_hints(command)


def _values(found: Walk, ticket: Ticket | None, command: type[Command], name: str, hint: Any, now: datetime) -> list[Any]:
    known = FILLED.get((command.__name__, name)) or FILLED.get(("", name))
    if known is not None:
        return list(known(found, ticket, now)) or [_plain(hint, now)]  # type: ignore[arg-type]
    return _plain_values(hint, now)


def _plain_values(hint: Any, now: datetime) -> list[Any]:
    return [True, False] if bool in _kinds(hint) else [_plain(hint, now)]


def _plain(hint: Any, now: datetime) -> Any:
    kinds = _kinds(hint)
    for kind, value in (
        (Text, Text("x")),
        (Contact, Contact("13800001234")),
        (datetime, now),
        (date, now.date() + timedelta(days=10)),
        (bool, True),
        (int, 1),
        (str, "x"),
    ):
        if kind in kinds:
            return value
    return ()


def _kinds(hint: Any) -> tuple[Any, ...]:
    return typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)


def _of(key: str) -> Values:
    return lambda walk, ticket, now: walk.pack.names(key)


def _asked(*kinds: str) -> Values:
    return lambda walk, ticket, now: [ask.id for ask in ticket.open_asks(*kinds)]


def _desk(walk: Walk, ticket: Ticket, now: datetime) -> list[str]:
    holder = ticket.custody.holder if ticket is not None else COUNTY
    return [f"{holder}-{desk}" for desk in DESKS]


def _complexities(walk: Walk, ticket: Ticket, now: datetime) -> list[str]:
    offered = [one for category in walk.pack.names("classes") for one in walk.pack.names(f"complexities.{category}")]
    return list(dict.fromkeys((offered[0], offered[-1])))


# Channels that ask for nothing of their own.
CHANNELS = ("window", "centre_offline", "face_to_face_visit", "private_economy_line")
FILLED: dict[tuple[str, str], Values] = {
    ("Register", "channel"): lambda walk, ticket, now: [one for one in CHANNELS if one in walk.pack.names("intake.channels")][:1],
    ("Register", "received_at"): lambda walk, ticket, now: [now],
    ("Register", "desk"): lambda walk, ticket, now: ["1"],
    ("Register", "name"): lambda walk, ticket, now: [Contact("王某")],
    ("Register", "phone"): lambda walk, ticket, now: [Contact("13800001234")],
    ("Register", "appellant_kind"): lambda walk, ticket, now: ["enterprise"],
    ("Register", "first_contact"): lambda walk, ticket, now: [f"{COUNTY}-housing", ""],
    ("Register", "judgement"): lambda walk, ticket, now: ["own_duty", "foreign", ""],
    ("Register", "answer"): lambda walk, ticket, now: [None],
    ("Register", "crossing"): lambda walk, ticket, now: [()],
    ("Register", "assigned_by"): lambda walk, ticket, now: [""],
    ("Register", "category"): lambda walk, ticket, now: walk.pack.names("classes")[:1],
    # The first is the plainest; the last has the longest limit.
    ("", "category"): lambda walk, ticket, now: list(
        dict.fromkeys((*walk.pack.names("on_the_spot.classes")[:1], *walk.pack.names("classes")[1:2]))
    ),
    ("", "complexity"): _complexities,
    ("", "passed"): lambda walk, ticket, now: [walk.pack.names("forming.tests")],
    ("", "evidence"): lambda walk, ticket, now: [tuple(sorted(EVIDENCE))],
    ("", "materials"): lambda walk, ticket, now: [tuple(sorted(EVIDENCE))],
    ("", "digest"): lambda walk, ticket, now: sorted(EVIDENCE)[:1],
    ("", "way"): lambda walk, ticket, now: ["phone", "online"],
    ("", "feedback_way"): lambda walk, ticket, now: walk.pack.names("feedback.ways")[:1],
    ("", "standard"): _of("completion.standards"),
    ("", "answer_standard"): _of("completion.standards"),
    ("", "sub_code"): lambda walk, ticket, now: [
        "",
        *(c for s in walk.pack.names("completion.standards") for c in walk.pack.names(f"completion.sub_codes.{s}")[:1]),
    ],
    ("", "draft"): lambda walk, ticket, now: [ticket.round.draft if ticket.round else ""],
    ("", "evaluation"): _of("evaluation.scale"),
    ("Evaluate", "value"): _of("evaluation.scale"),
    ("NotAccept", "reason"): _of("acceptance.refusal_reasons"),
    ("NotAccept", "procedure"): lambda walk, ticket, now: ["", *walk.pack.names("acceptance.procedures")[:1]],
    ("ApplyTermination", "reason"): _of("termination.reasons"),
    ("RequestExtension", "ground"): _of("extension.grounds"),
    ("ProposeRecheck", "ground"): _of("recheck.grounds"),
    ("DecideRecheck", "outcome"): _of("recheck.outcomes"),
    ("RuleRecheck", "outcome"): _of("recheck.outcomes"),
    ("AnswerFinding", "answer"): _of("finding.answers"),
    ("CloseJudgement", "outcome"): lambda walk, ticket, now: ["form", "merge", "supplement", "not_accept", "escalate", "undecided"],
    ("GiveOpinion", "outcome"): lambda walk, ticket, now: ["form"],
    ("", "leads"): lambda walk, ticket, now: [(), (_desk(walk, ticket, now)[0],)],
    ("", "lead"): _desk,
    ("", "new_lead"): lambda walk, ticket, now: ["", *_desk(walk, ticket, now)],
    ("", "proposed_unit"): lambda walk, ticket, now: _desk(walk, ticket, now)[1:],
    ("", "unit"): lambda walk, ticket, now: _desk(walk, ticket, now)[1:],
    ("AttachTaskForce", "members"): lambda walk, ticket, now: [(f"{COUNTY}-housing.department",)],
    ("", "members"): lambda walk, ticket, now: [tuple(_desk(walk, ticket, now)[:1])],
    ("", "participants"): lambda walk, ticket, now: [tuple(_desk(walk, ticket, now)[1:])],
    ("", "bound"): lambda walk, ticket, now: [()],
    ("Dispatch", "co_handlers"): lambda walk, ticket, now: [(), (_desk(walk, ticket, now)[1],)],
    ("", "items"): lambda walk, ticket, now: [("licence",)],
    ("", "provided"): lambda walk, ticket, now: [("licence",)],
    ("", "power_item"): lambda walk, ticket, now: ["LAND-07"],
    ("", "tried"): lambda walk, ticket, now: [()],
    ("", "to"): lambda walk, ticket, now: [COUNTY],
    ("", "holder"): lambda walk, ticket, now: [COUNTY, CITY],
    ("", "ask"): _asked(),
    ("", "finding"): _asked("FindingRaised"),
    ("", "ruling"): _asked(),
    ("", "clock"): lambda walk, ticket, now: [name for name, clock in ticket.clocks.items() if clock.is_running],
    ("", "rung"): lambda walk, ticket, now: ["early_warning", "overdue"],
    ("", "return_reason"): _of("escalation.return_reasons"),
    ("Correct", "field"): lambda walk, ticket, now: ["matter"],
    ("", "is_solved"): lambda walk, ticket, now: [None, True, False],
    ("", "rectify_by"): lambda walk, ticket, now: [None, now.date() + timedelta(days=10)],
    ("", "units"): lambda walk, ticket, now: [tuple(_desk(walk, ticket, now))],
    ("", "visited_on"): lambda walk, ticket, now: [now.date()],
    ("", "on"): lambda walk, ticket, now: [now.date()],
    ("", "revisited_on"): lambda walk, ticket, now: [now.date()],
    ("", "tracker"): lambda walk, ticket, now: [f"{COUNTY}-office.tracker"],
    ("", "person"): lambda walk, ticket, now: [f"{ticket.lead or _desk(walk, ticket, now)[0]}.department"],
    ("", "due_on"): lambda walk, ticket, now: [now.date() + timedelta(days=10)],
}
