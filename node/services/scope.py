"""
Who sees which tickets of a node: the one place that lists, searches, counts and pages ask (DESIGN 10, AS25-3.1.1a).

Whoever runs, leads or supervises the mechanism, the government office among them, sees the node's whole subtree: what it holds and
what it mirrors from below.  A department and a member unit see what is theirs and what they handle jointly; a tracker and a third
party what was given to them; whoever files from outside his own filings.  From the unit complained of a need is hidden always.

``sight`` says it of one whole ticket; here it is asked of rows, in the same words.
"""

import re
from collections.abc import Collection, Iterable

from sqlalchemy import ColumnElement, CompoundSelect, and_, false, func, not_, or_, select, true, union_all

from node.domain.entry import Actor
from node.domain.organisation import Role
from node.domain.refusal import Code, Refusal
from node.domain.ticket.concerned import BY_PART
from node.domain.ticket.sight import OUTSIDE
from node.domain.ticket.state import With
from node.storage import schema
from node.storage.planning import in_passing
from node.storage.trait_readings import CONCERNED
from node.storage.unit_of_work import UnitOfWork, View

# What may be a register number; asked before a table is.
_NUMBER = re.compile(r"[0-9A-Z]{10,32}")
_AT_ONCE = 500


def visible_to(viewer: Actor | None) -> ColumnElement[bool]:
    """``sight.may_read``, asked of rows of ``tickets``.  Nobody in particular is the node itself, which sees all that it has."""
    if viewer is None:
        return true()
    shown = _not_concealed_from(viewer.unit) if viewer.unit else true()
    if viewer.role in OUTSIDE:
        return and_(shown, has_trait("filed_by", viewer.account))
    return and_(shown, _is_theirs(viewer)) if viewer.role in BY_PART else shown


def listed_for(viewer: Actor | None) -> ColumnElement[bool]:
    """
    The same as ``visible_to``, for lists and counts: what is a unit's or a person's is gathered once a query, from indexes, and not asked
    of each row that a list passes, since of a node's tickets one unit has few.
    """
    if viewer is None or sees_all(viewer):
        return visible_to(viewer)
    return _among(viewer, schema.tickets.c.id.in_(_gathered(viewer)))


def walked_for(viewer: Actor | None, along: ColumnElement[str]) -> ColumnElement[bool]:
    """
    The same as ``listed_for``, for a list that walks in its own order and stops where its page ends: the number that it comes *along* is
    looked for among those gathered, before anything else of the ticket is read.
    """
    if viewer is None or sees_all(viewer):
        return visible_to(viewer)
    # Not as a plain IN: a database would begin with what was gathered, read each of it and sort it.
    return _among(viewer, in_passing(along.in_(_gathered(viewer))))


def has_few(view: View, viewer: Actor | None, most: int) -> bool:
    """True if no more than *most* tickets are gathered for *viewer*: then each of them may be read to find the few that a list shows."""
    if viewer is None or sees_all(viewer):
        return False
    found = _gathered(viewer).limit(most + 1).subquery()
    count = select(func.count()).select_from(found)
    return bool(view.once(("has_few", viewer, most), lambda: view.connection.execute(count).scalar_one() <= most))


def _among(viewer: Actor, found: ColumnElement[bool]) -> ColumnElement[bool]:
    """That a ticket is *found* among those gathered for *viewer*, or is his otherwise, and is not concealed from him."""
    shown = _not_concealed_from(viewer.unit) if viewer.unit else true()
    joint = schema.tickets.c.with_whom == With.MEMBERS.value if viewer.role == Role.MEMBER.value else false()
    return and_(shown, or_(found, joint))


def _gathered(viewer: Actor) -> CompoundSelect[tuple[str]]:
    """The numbers of what is his unit's or his own, or what he filed; one may come more than once."""
    tickets, traits = schema.tickets, schema.traits
    if viewer.role in OUTSIDE:
        return union_all(select(traits.c.ticket).where(traits.c.name == "filed_by", traits.c.value == viewer.account).correlate(None))
    own = sorted({viewer.account, viewer.unit} - {""})
    theirs = [select(traits.c.ticket).where(traits.c.name == CONCERNED, traits.c.value.in_(own)).correlate(None)]
    if viewer.unit:
        # That they are not empty is said for the indexes, which leave out what is.
        columns = (tickets.c.lead, tickets.c.first_contact)
        theirs += [select(tickets.c.id).where(column == viewer.unit, column != "").correlate(None) for column in columns]
    return union_all(*theirs)


def sees_all(viewer: Actor | None) -> bool:
    """True if his scope is the node's whole subtree: also what is about no single ticket is for him."""
    return viewer is None or viewer.role not in BY_PART | OUTSIDE


def need_inside(viewer: Actor, asked: str) -> None:
    """
    Refuse whoever files from outside.

    Raises:
        Refusal: PERMISSION_DENIED.
    """
    if viewer.role in OUTSIDE:
        raise Refusal(Code.PERMISSION_DENIED, command=asked, role=viewer.role)


def need_all(viewer: Actor, asked: str) -> None:
    """
    What is about no single ticket is for whoever sees the node's whole subtree.

    Raises:
        Refusal: PERMISSION_DENIED.
    """
    if not sees_all(viewer):
        raise Refusal(Code.PERMISSION_DENIED, command=asked, role=viewer.role)


def _not_concealed_from(unit: str) -> ColumnElement[bool]:
    """
    From the unit itself, or from one that it is a part of ("<unit>.<part>").  Asked once of a query, not of each of its rows: few needs
    are ever concealed.
    """
    return schema.tickets.c.id.not_in(select(schema.traits.c.ticket).where(conceals_from(unit)))


def conceals_from(unit: str) -> ColumnElement[bool]:
    """Asked of rows of ``traits``: that one hides its ticket from *unit*."""
    traits, parts = schema.traits, unit.split(".")
    whole = [".".join(parts[:count]) for count in range(1, len(parts) + 1)]
    return and_(traits.c.name == "concealed", traits.c.value.in_(whole))


def out_of_sight(view: View | UnitOfWork, viewer: Actor | None, said: Collection[str]) -> frozenset[str]:
    """Those of the words *said* that are numbers of tickets which *viewer* does not see."""
    if viewer is None:
        return frozenset()
    tickets, numbers = schema.tickets, sorted(one for one in set(said) if _NUMBER.fullmatch(one))
    found: set[str] = set()
    for start in range(0, len(numbers), _AT_ONCE):
        query = select(tickets.c.id).where(tickets.c.id.in_(numbers[start : start + _AT_ONCE]), not_(visible_to(viewer)))
        found |= set(view.connection.execute(query).scalars())
    return frozenset(found)


def in_sight(view: View | UnitOfWork, viewer: Actor | None, ids: Iterable[str]) -> set[str]:
    """Those of the tickets *ids* that *viewer* sees."""
    tickets, wanted, found = schema.tickets, sorted(set(ids)), set[str]()
    for start in range(0, len(wanted), _AT_ONCE):
        query = select(tickets.c.id).where(tickets.c.id.in_(wanted[start : start + _AT_ONCE]), visible_to(viewer))
        found |= set(view.connection.execute(query).scalars())
    return found


def has_trait(name: str, *values: str) -> ColumnElement[bool]:
    """That a ticket has one of *values* under *name*."""
    traits, tickets = schema.traits, schema.tickets
    return select(traits.c.ticket).where(traits.c.ticket == tickets.c.id, traits.c.name == name, traits.c.value.in_(values)).exists()


def _is_theirs(viewer: Actor) -> ColumnElement[bool]:
    tickets = schema.tickets
    own = has_trait(CONCERNED, viewer.account, *([viewer.unit] if viewer.unit else []))
    if viewer.unit:
        own = or_(tickets.c.lead == viewer.unit, tickets.c.first_contact == viewer.unit, own)
    joint = tickets.c.with_whom == With.MEMBERS.value if viewer.role == Role.MEMBER.value else false()
    return or_(own, joint)
