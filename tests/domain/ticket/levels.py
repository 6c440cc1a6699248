"""
Three levels in one process: each node has the entries that it knows, and nothing else.

``act`` does what ``services.handle`` does: fold what this node knows, decide under its policy, write the entries with their
headers, and check that the folded ticket agrees with what was written.  ``deliver`` carries entries; a test that cuts a
link simply does not deliver.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise
from typing import cast

from node.domain.command import Command, Facts
from node.domain.entry import Actor, Folded, Happened, SubjectKind
from node.domain.organisation import Role, Unit
from node.domain.pack import Value
from node.domain.payload import Contact, Text
from node.domain.policy import Policy
from node.domain.refusal import Refusal
from node.domain.ticket.completion import Complete
from node.domain.ticket.decide import decide
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.fold import evolve, fold_ticket
from node.domain.ticket.forming import Form
from node.domain.ticket.intake import Register
from node.domain.ticket.ticket import Ticket
from tests.domain.ticket.given import CITY, COUNTY, FORM_TESTS, MONDAY, NODE, PROVINCE, a_policy, workdays
from tests.support.heading import headed

SISTER = "520424"
LINES: Mapping[str, tuple[str, ...]] = {PROVINCE: (), CITY: (PROVINCE,), COUNTY: (CITY, PROVINCE), SISTER: (CITY, PROVINCE)}

LEVEL_RULES: dict[str, Value | None] = {
    "limit.escalation_answer": workdays(2),
    "limit.override_wait": workdays(5),
    "limit.feedback_after_decision": workdays(2),
    "limit.finding_answer": workdays(2),
    "limit.revisit": workdays(5),
    "escalation.return_reasons": ("within_authority", "incomplete"),
    "completion.then": "revisit",
    "completion.needs": None,
    "completion.standards": ("solved",),
}


def office(node: str) -> Actor:
    """The office of *node*."""
    return Actor(f"{node}-office-1", Role.OFFICE.value, f"{node}-office")


def desk(node: str, name: str = "housing") -> Actor:
    """A department of *node*."""
    return Actor(f"{node}-{name}-1", Role.DEPARTMENT.value, f"{node}-{name}")


def operator(node: str) -> Actor:
    """The operator of *node*."""
    return Actor(f"{node}-operator", Role.OPERATOR.value)


def units_of(node: str) -> dict[str, Unit]:
    """An office and two departments."""
    names = {"office": "office", "housing": "department", "water": "department"}
    return {f"{node}-{name}": Unit(f"{node}-{name}", kind, staff=2) for name, kind in names.items()}


@dataclass
class World:
    """``known``: by node and ticket id, the entries by id.  ``journals``: what each node wrote, in order."""

    policies: dict[str, Policy]
    known: dict[str, dict[str, dict[str, Folded]]] = field(default_factory=dict)
    journals: dict[str, list[Folded]] = field(default_factory=dict)
    # What was folded last, and from how many entries: a node never loses one.
    _folded: dict[tuple[str, str], tuple[int, Ticket | None]] = field(default_factory=dict)

    def ticket(self, node: str, id: str) -> Ticket | None:
        """The ticket as *node* folds it."""
        entries = self.known.get(node, {}).get(id, {})
        count, ticket = self._folded.get((node, id), (-1, None))
        if count != len(entries):
            ticket = fold_ticket(entries.values(), self.policies[node].place.rank)
            self._folded[node, id] = len(entries), ticket
        return ticket

    def see(self, node: str, id: str) -> Ticket:
        """The ticket at *node*, which must have it."""
        ticket = self.ticket(node, id)
        assert ticket is not None
        return ticket

    def act(self, node: str, actor: Actor, command: Command, when: datetime, id: str = "", **facts: object) -> list[Folded]:
        """What *node* wrote; raises the Refusal."""
        policy = self.policies[node]
        ticket = self.ticket(node, id)
        more: dict[str, object] = {"units": units_of(node), "serial": len(self.journals.get(node, ())) + 1, **facts}
        more["given"] = {"running_number": 1, **cast(Mapping[str, object], more.get("given", {}))}
        happened = decide(ticket, command, Facts(actor, **more), policy, when)  # type: ignore[arg-type]
        return [self._write(node, actor, one, when) for one in happened]

    def refusal(self, node: str, actor: Actor, command: Command, when: datetime, id: str = "", **facts: object) -> Refusal:
        """The refusal that the command gets; fails if it was carried out."""
        try:
            written = self.act(node, actor, command, when, id, **facts)
        except Refusal as refusal:
            return refusal
        raise AssertionError(f"{type(command).__name__} was not refused: {[entry.header.kind for entry in written]}")

    def _write(self, node: str, actor: Actor, one: Happened, when: datetime) -> Folded:
        ticket = self.ticket(node, one.subject.id)
        entry = written(ticket, one, node, actor, when, len(self.journals.setdefault(node, [])) + 1)
        self.journals[node].append(entry)
        self.take(node, [entry])
        after = self.see(node, one.subject.id)
        if entry.header.is_line:
            assert (entry.header.state, entry.header.with_whom, entry.header.version) == (
                after.state.value,
                after.with_whom.value,
                after.version,
            )
        return entry

    def take(self, node: str, entries: Iterable[Folded]) -> None:
        """*node* gets these entries."""
        for entry in entries:
            if entry.header.subject.kind == SubjectKind.TICKET.value:
                self.known.setdefault(node, {}).setdefault(entry.header.subject.id, {})[entry.header.id] = entry

    def deliver(self, *route: str) -> None:
        """Carry all that the first node of *route* knows to the second, on to the third, and so on; without a route, all to all."""
        for giver, taker in pairwise(route):
            for entries in list(self.known.get(giver, {}).values()):
                self.take(taker, list(entries.values()))
        if not route:
            nodes = list(self.policies)
            self.deliver(*nodes, *reversed(nodes))


def written(ticket: Ticket | None, one: Happened, node: str, actor: Actor, when: datetime, seq: int) -> Folded:
    """*one* with the header that *node*'s journal gives it."""
    entry = headed(ticket, one, node, actor, when, seq)
    after = evolve(ticket, entry)
    state, with_whom = (after.state.value, after.with_whom.value) if entry.header.version else ("", "")
    return Folded(replace(entry.header, state=state, with_whom=with_whom), entry.event)


def a_world(changes: Mapping[str, Value | None] | None = None, **by_node: Mapping[str, Value | None]) -> World:
    """
    Province, city and two counties.  *changes* are laid over every pack, ``n520400={...}`` over that node's alone.
    """
    policies = {}
    for node, line in LINES.items():
        policy = a_policy({**LEVEL_RULES, **(changes or {}), **by_node.get(f"n{node}", {})}, node=node, line=line)
        policies[node] = replace(policy, pack=replace(policy.pack, id=f"pack-{node}", digest=f"{int(node):016d}"))
    return World(policies)


def registered(world: World, when: datetime = MONDAY, node: str = COUNTY, **fields: object) -> str:
    """A ticket that *node* took in; its id."""
    command = Register(
        **{"channel": "window", "appeal": Text("appeal"), "name": Contact("Company"), "first_contact": f"{node}-office", **fields}
    )  # type: ignore[arg-type]
    (entry,) = world.act(node, office(node), command, when)
    return entry.header.subject.id


def formed(
    world: World, id: str, when: datetime = MONDAY, node: str = COUNTY, category: str = "coordination", complexity: str = "plain"
) -> None:
    """Form it."""
    world.act(node, office(node), Form(category=category, complexity=complexity, passed=FORM_TESTS), when, id)


def handled(world: World, when: datetime = MONDAY, node: str = COUNTY, **fields: object) -> str:
    """A ticket in the housing department's hands, all at *when*; its id."""
    id = registered(world, when, node, **fields)
    formed(world, id, when, node)
    dispatched(world, id, when, node)
    return id


def dispatched(world: World, id: str, when: datetime, node: str) -> None:
    """Dispatch it to the housing department of *node*, which signs."""
    world.act(node, office(node), Dispatch(lead=f"{node}-housing"), when, id)
    world.act(node, desk(node), Sign(), when, id)


DONE = Complete(standard="solved", result=Text("settled"), is_truthful=True)


def completed(world: World, when: datetime = MONDAY, node: str = COUNTY) -> str:
    """A ticket that the housing department of *node* completed, all at *when*; its id."""
    id = handled(world, when, node)
    world.act(node, desk(node), DONE, when, id)
    return id


__all__ = ["CITY", "COUNTY", "NODE", "PROVINCE", "SISTER", "World", "a_world"]
