"""
Can a pack's decisions be staffed?  Proved under the smallest staffing by enumerating who could have touched a ticket.

The smallest node (DESIGN 5) has an office of three, an operator, a security administrator, the pack's fewest specialists in
each member unit, one lead department with the pack's fewest people and whoever records what the government decides.  An
audit administrator may be the superior's.  Enterprises, the node itself, outside finders and third parties are always there;
nobody else is unless the pack counts one: no steward, no tracker, no leader, no supervision office, no second department.

- Every command must have somebody who may give it.
- Every *decision* must have somebody left, whoever of these people handled the ticket, wrote the finding and countersigned
  (USERS A10), one person each.  Separation is by unit for a lead and by person for the rest, as the engine refuses it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from node.domain.command import Command
from node.domain.organisation import Role
from node.domain.pack import Pack
from node.domain.ticket.decide import DECISIONS
from node.packs.fault import Fault, Rule

# Whose presence does not depend on how the node is staffed.
ALWAYS_THERE = frozenset(role.value for role in (Role.ENTERPRISE, Role.NODE, Role.FINDER, Role.ASSESSOR, Role.SUPERVISOR, Role.AUDIT_ADMIN))
OFFICE_ROLES = (Role.OFFICE, Role.OPERATOR, Role.SECURITY_ADMIN, Role.TRACKER)
LEAD_ROLES = (Role.DEPARTMENT, Role.DEPARTMENT_LEADER)
ABOVE_ROLES = (Role.GOVERNMENT, Role.LEADER, Role.SUPERVISION)

# Decisions that a handler of the ticket may not take, by unit (need_not_handler, or the same said in the decision) ...
NOT_BY_HANDLER = (
    "RuleObjection",
    "RuleCoHandling",
    "RecordCoordination",
    "DecideSupplement",
    "DecideExtension",
    "DecideTermination",
    "DecideWithdrawal",
    "RecordRevisit",
    "RecordRevisitAttempt",
    "OpenRecheck",
    "CheckOffRectification",
    "RecordDecisionFor",
    "ConfirmDecisionFor",
    "OrderRework",
    "ApproveExplanation",
    "AssessFollowUp",
    "SendBack",
    "Determine",
    "PrepareForMeeting",
    "AnswerSubmission",
    "VerifyHandling",
    "MarkCase",
    "Confirm",
    "RecordEvaluation",
    "RecordEvaluationAttempt",
    "Close",
)
# ... and those that the writer of the finding and the countersigner may not take either, by person (need_outside_recheck).
NOT_BY_FINDER = ("DeclineRecheck", "DecideRecheck", "RuleRecheck")
# What makes somebody's unit the handler; what makes only him one; what makes him the writer of a finding, a countersigner.
HANDLES = ("Sign", "HandleOwnDuty", "ConfirmCoHandling", "Complete")
ANSWERS = ("AnswerOnTheSpot",)
FINDS = ("RecordRevisit", "RecordRevisitAttempt")
COUNTERSIGNS = ("CountersignReply",)

# Commands that nobody needs unless the pack asks for what they do.
NEEDED_IF: Mapping[str, Callable[[Pack], bool]] = {
    "RecordTracking": lambda pack: any("tracker" in pack.names(name) for name in pack.rules if name.startswith("dispatch.needs.")),
    "DecideComplaint": lambda pack: bool(pack.names("complaint_centre.classes")),
    "CountersignReply": lambda pack: "countersignature" in pack.names("completion.needs"),
    "OrderRework": lambda pack: pack.choice("rework.by") == "supervision",
    "ApproveExplanation": lambda pack: pack.choice("rework.by") == "supervision",
    "AssessFollowUp": lambda pack: "follow_up" in pack.names("closing.needs"),
    "ReportToGovernment": lambda pack: pack.choice("objection.final_by") == "government",
    "RuleByGovernment": lambda pack: pack.choice("objection.final_by") == "government",
}


@dataclass(frozen=True)
class Person:
    """Somebody of the smallest staffing.  A person acts in one role; *unit* is what separation looks at."""

    name: str
    role: str
    unit: str


def faults(file: str, pack: Pack) -> Iterator[Fault]:
    """Every command and decision of *pack* that nobody could serve; *file* names the pack."""
    people = smallest_staffing(pack)
    commands = {command.__name__: command for command in DECISIONS}
    for name, command in commands.items():
        if name in NEEDED_IF and not NEEDED_IF[name](pack):
            continue
        roles = allowed(pack, command)
        is_somebody = bool(roles & ALWAYS_THERE) or any(person.role in roles for person in people)
        is_separate = name in NOT_BY_HANDLER + NOT_BY_FINDER
        if not is_somebody or (is_separate and not _is_always_decided(name, pack, commands, people)):
            yield _fault(file, pack, name, roles)


def present_roles(pack: Pack) -> frozenset[str]:
    """The roles that somebody of the smallest staffing acts in."""
    return ALWAYS_THERE | {person.role for person in smallest_staffing(pack)}


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
    """Whoever handled, found and countersigned, one of *people* each: somebody is left to take the decision *name*."""
    roles = allowed(pack, commands[name])
    if roles & ALWAYS_THERE:
        return True
    deciders = [person for person in people if person.role in roles]
    units = [{person.unit} for person in _who(HANDLES, pack, commands, people)]
    answering: list[Person | None] = [None, *_who(ANSWERS, pack, commands, people)]
    finding: list[Person | None] = [None, *_who(FINDS, pack, commands, people)] if name in NOT_BY_FINDER else [None]
    countersigning: list[Person | None] = [None, *_who(COUNTERSIGNS, pack, commands, people)] if name in NOT_BY_FINDER else [None]
    # Answered on the spot, or led by a unit: never both (``need_not_handler``).
    no_unit: set[str] = set()
    led = product(units or [no_unit], [None], finding, countersigning)
    answered = product([no_unit], answering, finding, countersigning)
    return all(any(person.unit not in unit and person not in out for person in deciders) for unit, *out in (*led, *answered))


def _who(names: Iterable[str], pack: Pack, commands: Mapping[str, type[Command]], people: Iterable[Person]) -> list[Person]:
    """Who could have done one of these."""
    roles = {role for name in names for role in allowed(pack, commands[name])}
    return [person for person in people if person.role in roles]


def _fault(file: str, pack: Pack, name: str, roles: Iterable[str]) -> Fault:
    key = f"rights.{name}"
    rule = pack.rules.get(key)
    blamed = file if rule is None or rule.origin == pack.id else f"{rule.origin}.toml"
    return Fault(blamed, key, Rule.DECISION_WITHOUT_PERSON, {"command": name, "role": ", ".join(sorted(roles))})
