"""
What a person may do about a ticket now, asked of the decisions themselves.

Each command that one of the person's roles may give is put to ``decide`` with a probe: a command whose fields are filled with
what would fit, decided on the ticket as it stands and thrown away.  Decisions are pure, so nothing is written.  What is refused for
the ticket's own sake (its state, its custody, whose turn it is, what was used up) would be refused whatever is typed: it is
shown with that refusal.  What is refused for the probe's words (a unit that is none, a paper that is missing) may be given: codes
of such refusals are in no list, and a code that may mean either is asked what it speaks of (``_is_beyond_typing``).
A probe never allows anything: the command itself is decided anew when it is given.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from node.domain.command import Command, Facts, Order
from node.domain.entry import Actor
from node.domain.payload import Contact, Text
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket.correction import Correct
from node.domain.ticket.decide import DECISIONS, decide
from node.domain.ticket.ticket import Ticket
from node.services.command_codes import codes_of
from node.services.command_fields import CommandField, FieldKind, command_fields, fields_of, is_for_people, may_give, verb_of
from node.services.facts import PROVIDERS
from node.services.registry import read_units
from node.services.unreadable import folded
from node.storage.unit_of_work import UnitOfWork, View
from node.texts.catalogue import offered_as

# Refusals that nothing that is typed can turn away.
_WHATEVER_IS_TYPED = frozenset(
    {
        Code.WRONG_STATE,
        Code.PERMISSION_DENIED,
        Code.OWN_CASE,
        Code.NOT_HOLDER,
        Code.HANDLING_FROZEN,
        Code.TICKET_INCOMPLETE,
        Code.SUBJECT_UNKNOWN,
        Code.NOTHING_PENDING,
        Code.DECISION_PENDING,
        Code.NOT_REPORTED,
        Code.NOT_ASKED,
        Code.NOT_ABOVE,
        Code.NO_SUPERIOR,
        Code.WITHIN_AUTHORITY,
        Code.NO_LADDER,
        Code.NO_MILESTONES,
        Code.JUDGEMENT_OPEN,
        Code.IN_SESSION,
        Code.JUDGED_OTHERWISE,
        Code.FOREIGN_DUTY,
        Code.JUDGEMENT_MISSING,
        Code.REFUSAL_NOT_ALLOWED,
        Code.CONSULTATION_MISSING,
        Code.NOT_VERIFIED,
        Code.SUPPLEMENT_NOT_DUE,
        Code.MUST_SIGN,
        Code.SIGNED_BEFORE,
        Code.DECISION_FINAL,
        Code.OBJECTION_PERIOD_OVER,
        Code.NOT_AT_SIGNING,
        Code.ALREADY_CLAIMED,
        Code.DIRECT_HANDLING,
        Code.EXTENSIONS_USED,
        Code.DEADLINE_PASSED,
        Code.PLAN_FILED,
        Code.RECHECK_USED,
        Code.DECIDER_LEFT,
        Code.OPINION_MISSING,
        Code.RULED_BEFORE,
        Code.POSITIONS_MISSING,
        Code.RECEIPT_MISSING,
        Code.PART_OPEN,
        Code.ITEM_OPEN,
        Code.REVISIT_MISSING,
        Code.RECTIFICATION_OPEN,
        Code.REPORT_BACK_MISSING,
        Code.CONFIRMATION_MISSING,
        Code.EVALUATION_MISSING,
        Code.FOLLOW_UP_MISSING,
        Code.STAGE_MISSING,
        Code.REVISIT_ADVERSE,
        Code.DO_NOT_CALL,
        Code.IN_OPEN_ROUND,
        Code.ARCHIVE_TOO_EARLY,
        Code.REOPENED_BEFORE,
        Code.ALREADY_LED,
        Code.NOT_LED,
    }
)


@dataclass(frozen=True)
class Action:
    """A command that somebody may give; ``refusal`` is the answer that it would get whatever is typed, None if it may pass."""

    verb: str
    command: type[Command]
    actor: Actor
    refusal: Refusal | None

    @property
    def area(self) -> str:
        """The area of the domain that it belongs to."""
        return self.command.__module__.rpartition(".")[2]


def possible_actions(
    view: View, ticket: Ticket, account: str, unit: str, roles: Sequence[str], policy: Policy, now: datetime
) -> list[Action]:
    """
    Every command about *ticket* that *account* may give in one of its *roles*, in the order of a ticket's life; without what was
    done already and would lead to nothing.
    """
    units = read_units(view.connection, policy.node)
    found = []
    for command in DECISIONS:
        if command.starts or not is_for_people(command):
            continue
        allowed = may_give(command, roles, policy.pack)
        role = next((one for one in roles if one in allowed), None)
        if role is None:
            continue
        actor = Actor(account, role, unit)
        answers = []
        # What leads to nothing, neither with the least that must be given nor with everything, was done before.
        for fills_all in (False, True):
            probe = probe_of(command, ticket, actor, units, policy, now, fills_all=fills_all)
            order = Order("", actor, ticket.id, probe)
            facts = Facts(actor=actor, units=units, others=_Others(view), given=_Given(view, order, policy, now))
            answers.append(_answer(ticket, probe, facts, policy, now))
            if answers[-1] != _NOTHING:
                break
        if answers[-1] != _NOTHING:
            found.append(Action(verb_of(command), command, actor, next((one for one in answers if isinstance(one, Refusal)), None)))
    return found


_ONCE_A_ROUND = frozenset({"revisit", "follow_up", "evaluation"})
_NOTHING, _SOMETHING = "nothing", "something"


def _answer(ticket: Ticket, probe: Command, facts: Facts, policy: Policy, now: datetime) -> Refusal | str:
    """What a probe leads to: something, nothing, or the refusal that it would get whatever is typed."""
    try:
        return _SOMETHING if decide(ticket, probe, facts, policy, now) else _NOTHING
    except Refusal as refusal:
        return refusal if _is_beyond_typing(refusal, probe, ticket) else _SOMETHING
    except Exception:  # a probe's words may be such as nobody types: then the form says what is wrong with them
        return _SOMETHING


def _is_beyond_typing(refusal: Refusal, probe: Command, ticket: Ticket) -> bool:
    """Whether the refusal would come whatever is typed in place of what the *probe* says."""
    if refusal.code in _WHATEVER_IS_TYPED or _is_of_its_class(refusal, ticket) or _is_done(refusal) or _is_of_no_choice(refusal, probe):
        return True
    # What asks for words alone is refused for the ticket's sake, unless it is for want of words.
    kinds = {field.kind for field in command_fields(type(probe))}
    return kinds <= _WORDS and refusal.code not in (Code.FIELD_REQUIRED, Code.MALFORMED_COMMAND)


_WORDS = frozenset({FieldKind.TEXT, FieldKind.CONTACT})


def _is_of_no_choice(refusal: Refusal, probe: Command) -> bool:
    """Of a choice: the list is empty, or what was found wrong is the ticket's (its complexity, its holder) and in no field of the form."""
    fields = command_fields(type(probe))
    said = {str(one) for field in fields for one in _each(getattr(probe, field.name))}
    if refusal.code is Code.NOT_SUBORDINATE:
        return refusal.facts.get("node") not in said
    if refusal.code is not Code.VALUE_NOT_OFFERED:
        return False
    asked = offered_as(refusal.facts.get("key", ""))[0]
    is_typed = refusal.facts.get("value") in said or any(field.name == asked for field in fields)
    return not refusal.facts.get("offered") or not is_typed


def _each(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _is_done(refusal: Refusal) -> bool:
    """What a round has once, whatever is said in it."""
    return refusal.code is Code.ALREADY_EXISTS and refusal.facts.get("kind") in _ONCE_A_ROUND


def _is_of_its_class(refusal: Refusal, ticket: Ticket) -> bool:
    """What the pack offers only for needs of other classes: nobody types the class that was given at forming; another is the probe's."""
    own = ticket.classing.category
    return (
        refusal.code is Code.VALUE_NOT_OFFERED and bool(own) and (refusal.facts.get("key"), refusal.facts.get("value")) == ("classes", own)
    )


class _Given(Mapping[str, Any]):
    """What the command needs, loaded when the decision looks at it: most probes are refused before."""

    def __init__(self, view: View, order: Order, policy: Policy, now: datetime) -> None:
        self._load: Callable[[str], Any] = lambda name: PROVIDERS[name](cast(UnitOfWork, view), order, policy, now)
        self._names = order.command.needs

    def __getitem__(self, name: str) -> Any:
        if name not in self._names:
            raise KeyError(name)
        return self._load(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class _Others(dict[str, Any]):
    """Other tickets that a probe names; it names the ticket itself, which every merge refuses by its own rule."""

    def __init__(self, view: View) -> None:
        super().__init__()
        self._view = view

    def __missing__(self, ticket: str) -> Any:
        return folded(self._view, ticket)


def probe_of(
    command: type[Command],
    ticket: Ticket,
    actor: Actor,
    units: Mapping[str, Any],
    policy: Policy,
    now: datetime,
    *,
    fills_all: bool = False,
) -> Command:
    """A command of this class about *ticket* with every field that must be given (or every one) filled with what would fit."""
    defaults = {name: default for name, (_, default) in fields_of(command).items()}
    values = {
        field.name: _fitting(command, field, ticket, actor, units, policy, now)
        for field in command_fields(command)
        if fills_all or defaults[field.name] is MISSING
    }
    made: Command = cast(Any, command)(**values)
    return made


# Of these codes the first one is no plain case: a class cannot be corrected any more once it has a limit.
_CHOSEN: Mapping[tuple[type[Command], str], str] = {(Correct, "field"): "external_number"}


def _fitting(
    command: type[Command], field: CommandField, ticket: Ticket, actor: Actor, units: Mapping[str, Any], policy: Policy, now: datetime
) -> Any:
    match field.kind:
        case FieldKind.TEXT:
            one: Any = Text("—")
        case FieldKind.CONTACT:
            one = Contact("—")
        case FieldKind.NUMBER:
            one = 1
        case FieldKind.DAY:
            one = (now + timedelta(days=7)).date()
        case FieldKind.MOMENT:
            one = now
        case FieldKind.YES_NO:
            one = True
        case FieldKind.CODE if (command, field.name) in _CHOSEN:
            one = _CHOSEN[command, field.name]
        case FieldKind.CODE:
            one = next(iter(codes_of(command, field.name, policy.pack)), "code")
        case FieldKind.UNIT:
            one = next((code for code, unit in units.items() if unit.kind == "department" and code != actor.unit), actor.unit)
        case FieldKind.ACCOUNT:
            one = actor.account
        case FieldKind.TICKET:
            one = ticket.id
        case FieldKind.NODE:
            one = next(iter(sorted(policy.place.subordinates)), policy.superior or policy.node)
        case FieldKind.FILE:
            one = "0" * 64
        case _ if field.name == "clock":
            one = next(iter(ticket.clocks), "resolve")
        case _:
            one = "x"
    return (one,) if field.is_many else one
