"""
Can a pack's decisions be staffed?  Proved under the smallest staffing by enumerating who could have touched a ticket.

The smallest node (DESIGN 5) has an office of three, an operator, a security administrator, the pack's fewest specialists in
each member unit, one lead department with the pack's fewest people and whoever records what the government decides.  An
audit administrator may be the superior's.  Enterprises, the node itself and outside finders are always there; nobody else
is: no steward unless the pack names one, no tracker, no supervision office, no second department.

- Every command must have somebody who may give it.
- Every *decision* must have somebody left whoever of these people handled the ticket, wrote the finding and countersigned
  (USERS A10), one person each.  Separation is by unit for handling and by person for the rest, as the engine refuses it.
- Every open state must have a way out that somebody may take.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from node.domain.command import Command
from node.domain.organisation import Role
from node.domain.pack import Pack
from node.domain.ticket.decide import DECISIONS
from node.domain.ticket.state import OPEN, State
from node.packs.fault import Fault, Rule

# Whose presence does not depend on how the node is staffed.
ALWAYS_THERE = frozenset({Role.ENTERPRISE.value, Role.NODE.value, Role.FINDER.value, Role.SUPERVISOR.value, Role.AUDIT_ADMIN.value})
OFFICE_ROLES = (Role.OFFICE, Role.OPERATOR, Role.SECURITY_ADMIN)
LEAD_ROLES = (Role.DEPARTMENT, Role.DEPARTMENT_LEADER)
ABOVE_ROLES = (Role.GOVERNMENT, Role.LEADER)

# Decisions that a handler of the ticket may not take, and that also the writer of the finding and the countersigner may not.
NOT_BY_HANDLER = ("DecideExtension", "DecideTermination", "DecideWithdrawal")
NOT_BY_FINDER: tuple[str, ...] = ()
# What makes somebody a handler, the writer of a finding, a countersigner.
HANDLES = ("Sign",)
FINDS: tuple[str, ...] = ()
COUNTERSIGNS: tuple[str, ...] = ()

# How a ticket leaves a state; one of them must be open to somebody.
EXITS: Mapping[State, tuple[str, ...]] = {}


@dataclass(frozen=True)
class Person:
    """Somebody of the smallest staffing.  A person acts in one role; *unit* is what separation looks at."""

    name: str
    role: str
    unit: str


def faults(file: str, pack: Pack) -> Iterator[Fault]:
    """Every command, decision and state of *pack* that nobody could serve; *file* names the pack."""
    people = smallest_staffing(pack)
    commands = {command.__name__: command for command in DECISIONS}
    for name, command in commands.items():
        roles = allowed(pack, command)
        if not roles & ALWAYS_THERE and not any(person.role in roles for person in people):
            yield _fault(file, pack, name, roles)
        elif name in NOT_BY_HANDLER + NOT_BY_FINDER and not _is_always_decided(name, pack, commands, people):
            yield _fault(file, pack, name, roles)
    for state in sorted(OPEN, key=lambda state: state.value):
        exits = [commands[name] for name in EXITS.get(state, ()) if name in commands]
        if not any(allowed(pack, command) & (ALWAYS_THERE | {person.role for person in people}) for command in exits):
            yield Fault(file, "rights", Rule.STATE_WITHOUT_EXIT, {"state": state.value})


def allowed(pack: Pack, command: type[Command]) -> frozenset[str]:
    """The roles that may give *command*: the pack's, or the command's own where the pack is silent."""
    return frozenset(pack.names(f"rights.{command.__name__}")) or frozenset(role.value for role in command.roles)


def smallest_staffing(pack: Pack) -> tuple[Person, ...]:
    """The people of the smallest node under *pack*."""
    rows: list[tuple[Role, str]] = [(role, "office") for role in OFFICE_ROLES]
    rows += [(role, "lead") for role in LEAD_ROLES]
    rows += [(role, "government") for role in ABOVE_ROLES]
    rows += [(role, unit) for unit in pack.names("members.units") for role in (Role.SPECIALIST, Role.MEMBER)]
    people = [Person(f"{unit}.{role.value}.{number}", role.value, unit) for role, unit in rows for number in range(fewest(pack, role))]
    stewards = {str(rule.value) for key, rule in pack.rules.items() if key.startswith("steward.")}
    return (*people, *(Person(f"{unit}.steward.0", Role.STEWARD.value, unit) for unit in sorted(stewards)))


def fewest(pack: Pack, role: Role) -> int:
    """How many of *role* the pack asks for at least, in the node or in each unit that has the role."""
    rule = pack.find(f"staffing.{role.value}")
    return rule.value if rule is not None and isinstance(rule.value, int) else 0


def _is_always_decided(name: str, pack: Pack, commands: Mapping[str, type[Command]], people: Iterable[Person]) -> bool:
    roles = allowed(pack, commands[name])
    if roles & ALWAYS_THERE:
        return True
    deciders = [person for person in people if person.role in roles]
    handlers = _who(HANDLES, pack, commands, people)
    finders = _who(FINDS, pack, commands, people) if name in NOT_BY_FINDER else [None]
    countersigners = _who(COUNTERSIGNS, pack, commands, people) if name in NOT_BY_FINDER else [None]
    return all(
        any(person not in (finder, countersigner) and (handler is None or person.unit != handler.unit) for person in deciders)
        for handler, finder, countersigner in product(handlers, finders, countersigners)
    )


def _who(names: Iterable[str], pack: Pack, commands: Mapping[str, type[Command]], people: Iterable[Person]) -> list[Person | None]:
    """Who could have done one of these; nobody at all if there is no such person."""
    roles = {role for name in names if name in commands for role in allowed(pack, commands[name])}
    return [person for person in people if person.role in roles] or [None]


def _fault(file: str, pack: Pack, name: str, roles: Iterable[str]) -> Fault:
    key = f"rights.{name}"
    rule = pack.rules.get(key)
    blamed = file if rule is None or rule.origin == pack.id else f"{rule.origin}.toml"
    return Fault(blamed, key, Rule.DECISION_WITHOUT_PERSON, {"command": name, "role": ", ".join(sorted(roles))})
