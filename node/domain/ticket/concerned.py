"""
Whom a ticket concerns: the units, and the persons by account, that ever had a part in it (AS25-3.1.1a).

An account is one node's: beside another node's account of the same name, "<node>/<account>" says whose.

Registering it for a unit, owing a limit about it, or being asked in by one of the events below gives a part.  A part is never lost:
what a unit once had in hand, and its own acts in it, it may look up again.  Naming a unit as the right one, or logging an enquiry,
gives none.  Of the first contact and the lead in office the ticket says so itself; whoever works at the centre sees it anyway.
"""

from collections.abc import Iterator

from node.domain.entry import Change, Event, Header
from node.domain.organisation import Role

# Who sees what is his unit's or his own, and what it handles jointly; everybody else inside sees the node's whole subtree.
BY_PART = frozenset(role.value for role in (Role.DEPARTMENT, Role.DEPARTMENT_LEADER, Role.MEMBER, Role.TRACKER, Role.ASSESSOR))
# Fields that ask units in, by their codes.
_ASKED_IN: dict[str, tuple[str, ...]] = {
    "Offered": ("units",),
    "JudgementOpened": ("members",),
    "Dispatched": ("lead", "co_handlers"),
    "CoHandlerAdded": ("unit",),
    "OpinionAsked": ("unit",),
    "ObjectionCoordinated": ("participants",),
    "CoordinationRuled": ("lead",),
    "MeetingTaskSet": ("unit",),
    "JointItemAdded": ("unit",),
    "RecheckOpened": ("participants",),
    "Supervised": ("unit",),
}
# Fields that ask persons in, by their accounts at the node that says so.
_NAMED: dict[str, tuple[str, ...]] = {"TaskForceAttached": ("members",), "TrackerNamed": ("tracker",), "AssessmentAssigned": ("assessor",)}

_ASKING = frozenset({*_ASKED_IN, *_NAMED, "Registered"})


def may_ask_in(head: Header) -> bool:
    """False if ``asked_in`` gives nobody, told at a glance."""
    return bool(head.clocks) or head.kind in _ASKING


def asked_in(head: Header, event: Event | None) -> Iterator[str]:
    """Codes of the units that one entry gives a part; the same one may come more than once."""
    # A unit's code has a hyphen behind its node's; a role that owes a limit has none.
    yield from (change.owes for change in head.clocks if change.change in (Change.STARTED, Change.MOVED) and "-" in change.owes)
    if head.kind == "Registered" and head.actor.unit and head.actor.role in BY_PART:
        yield head.actor.unit
    yield from _values(event, _ASKED_IN.get(head.kind, ()))


def named_in(head: Header, event: Event | None) -> Iterator[str]:
    """Accounts, at the node of the entry, that it gives a part."""
    yield from _values(event, _NAMED.get(head.kind, ()))


def person_at(node: str, account: str) -> str:
    """The *account* of *node*, as it stands in ``Ticket.concerned``."""
    return f"{node}/{account}"


def _values(event: Event | None, names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        value = getattr(event, name, "")
        yield from (one for one in (value if isinstance(value, tuple) else (value,)) if one)
