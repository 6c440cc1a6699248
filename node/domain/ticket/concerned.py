"""
Whom a ticket concerns: the units, and the persons by account, that ever had a part in it (AS25-3.1.1a).

Registering it for a unit, owing a limit about it, or being asked in by one of the events below gives a part.  A part is never lost:
what a unit once had in hand, and its own acts in it, it may look up again.  Naming a unit as the right one, or logging an enquiry,
gives none.  Of the first contact and the lead in office the ticket says so itself; whoever works at the centre sees it anyway.
"""

from collections.abc import Iterator

from node.domain.entry import Change, Event, Header
from node.domain.organisation import Role

# Who sees what is his unit's or his own, and what it handles jointly; everybody else inside sees the node's whole subtree.
BY_PART = frozenset(role.value for role in (Role.DEPARTMENT, Role.DEPARTMENT_LEADER, Role.MEMBER, Role.TRACKER, Role.ASSESSOR))
# Fields that ask somebody in: unit codes, and accounts for the tracker, the task force and the third party.
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
    "TaskForceAttached": ("members",),
    "TrackerNamed": ("tracker",),
    "RecheckOpened": ("participants",),
    "Supervised": ("unit",),
    "AssessmentAssigned": ("assessor",),
}


_ASKING = frozenset({*_ASKED_IN, "Registered"})


def may_ask_in(head: Header) -> bool:
    """False if ``asked_in`` gives nobody, told at a glance."""
    return bool(head.clocks) or head.kind in _ASKING


def asked_in(head: Header, event: Event | None) -> Iterator[str]:
    """Codes of units and accounts that one entry gives a part; the same one may come more than once."""
    # A unit's code has a hyphen behind its node's; a role that owes a limit has none.
    yield from (change.owes for change in head.clocks if change.change in (Change.STARTED, Change.MOVED) and "-" in change.owes)
    if head.kind == "Registered" and head.actor.unit and head.actor.role in BY_PART:
        yield head.actor.unit
    for name in _ASKED_IN.get(head.kind, ()):
        value = getattr(event, name, "")
        yield from (one for one in (value if isinstance(value, tuple) else (value,)) if one)
