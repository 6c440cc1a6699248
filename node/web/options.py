"""What fields that name something of this node offer to choose from: units, people, nodes, files of a ticket, what is pending on it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import select

from node.domain.command import Command
from node.domain.leader.appointing import LEADING_ROLES, EnterLeader
from node.domain.organisation import Role
from node.domain.pack import Pack
from node.domain.policy import Policy
from node.domain.registry import ADMINISTRATORS
from node.domain.ticket.correction import CONTACTS, DETAILS, FIELDS, WORDS
from node.domain.ticket.due_proposal import proposals
from node.domain.ticket.intake import Register
from node.domain.ticket.ticket import Ticket
from node.domain.time import local_day
from node.services.admission import standard_of
from node.services.command_codes import codes_of
from node.services.command_fields import CommandField, FieldKind, command_fields
from node.services.duties import duty_list
from node.services.entry_words import fact_said
from node.services.leaders import leaders
from node.services.people import people_of
from node.services.queries import Names, names
from node.services.ticket_view import EntryLine
from node.storage import schema
from node.storage.unit_of_work import View
from node.texts.catalogue import Lang, text, word
from node.web.templating import moment

Choice = tuple[str, str]
# What only goes down.
_DOWNWARD = frozenset({"HandDown", "OpenRound", "PublishNotice", "PublishStandard", "TransferDown"})
_FILES = ("digest", "evidence", "materials")


def choices_of(
    view: View,
    command: type[Command],
    lang: Lang,
    now: datetime,
    ticket: Ticket | None = None,
    timeline: Sequence[EntryLine] = (),
    unit: str = "",
    called: Names | None = None,
) -> dict[str, tuple[Choice, ...]]:
    """
    For each field of *command* that is chosen and not typed: value and words, empty if there is nothing to choose.  *timeline* is
    that of *ticket*, texts opened; *unit* that of whoever chooses; *called* the names of this node, if they are at hand.
    """
    found: dict[str, tuple[Choice, ...]] = {}
    called = called if called is not None else names(view)
    for field in command_fields(command):
        listed = LISTED.get(field.name)
        if listed is not None and not field.is_many:
            found[field.name] = tuple(listed(view, called, local_day(now)))
            continue
        offer = _OF_NODE.get(field.kind)
        if field.kind is FieldKind.ACCOUNT and (fit := _fit(view, command, field.name, local_day(now), unit)) is not None:
            found[field.name] = tuple(one for one in _accounts(view) if one[0] in fit)
        elif offer is not None:
            found[field.name] = tuple(_below(view, offer(view)) if command.__name__ in _DOWNWARD else offer(view))
        elif ticket is not None and field.kind is FieldKind.FILE:
            found[field.name] = tuple(files_of(timeline).items())
        elif ticket is not None and field.name in _OF_TICKET:
            of_ticket = _OF_TICKET[field.name](command, ticket, timeline, lang, called)
            found |= {} if of_ticket is None else {field.name: tuple(of_ticket)}
    return found


def nothing_to_choose(
    view: View, command: type[Command], lang: Lang, now: datetime, ticket: Ticket, timeline: Sequence[EntryLine], unit: str, called: Names
) -> str:
    """
    The field of *command* that must be chosen while there is nothing to choose, or empty: then nobody can give the command now.  Asked
    only of what may be lacking: a node has units and accounts.
    """
    narrow = [field.name for field in command_fields(command) if field.is_required and _may_lack(command, field)]
    if not narrow:
        return ""
    found = choices_of(view, command, lang, now, ticket, timeline, unit, called)
    return next((name for name in narrow if name in found and not found[name]), "")


def _may_lack(command: type[Command], field: CommandField) -> bool:
    if field.kind is FieldKind.ACCOUNT:
        return field.name == "leader" or f"{command.__name__}.{field.name}" in _ROLES_OF or field.name in _ROLES_OF
    is_below = field.kind is FieldKind.NODE and command.__name__ in _DOWNWARD
    return is_below or field.kind is FieldKind.FILE or field.name in _OF_TICKET


def _duty_items(view: View, called: Names, day: date) -> list[Choice]:
    """Items of the responsibility catalogue that hold on *day*: what is asked for is the code, what people look for is the matter."""
    held = [one for one in duty_list(view.connection, view.head.node, day).items if one.holds_on(day)]
    return [
        (one.code, " · ".join(part for part in (one.matter_name or one.matter, called.unit(one.unit), one.law_basis) if part))
        for one in held
    ]


def _duty_matters(view: View, called: Names, day: date) -> list[Choice]:
    """Its matters, each with whoever answers for it."""
    found: dict[str, list[str]] = {}
    for one in duty_list(view.connection, view.head.node, day).items:
        if one.holds_on(day):
            words = found.setdefault(one.matter, [one.matter_name] if one.matter_name else [])
            if not one.is_negative and called.unit(one.unit) not in words:
                words.append(called.unit(one.unit))
    return [(matter, " · ".join(words)) for matter, words in sorted(found.items())]


def _power_items(view: View, called: Names, day: date) -> list[Choice]:
    """What the superior's admission standard in force takes."""
    superior = view.place().superior
    standard = standard_of(view, superior) if superior else None
    return [(code, called.node(superior)) for code in standard.power_items] if standard is not None and superior else []


# Codes of a list that may be long: searched while they are typed, and checked by the list when they are sent.
LISTED: Mapping[str, Callable[[View, Names, date], list[Choice]]] = {
    "duty_item": _duty_items,
    "duty_matter": _duty_matters,
    "power_item": _power_items,
}


def of_correction(ticket: Ticket, pack: Pack | None, called: Names, lang: Lang) -> dict[str, tuple[Choice, ...]]:
    """
    What may be corrected, each with what stands there now, and what the pack offers in its place: "value.channel" of the channel alone,
    "value" of all that has codes.
    """
    fields: list[Choice] = []
    offered: list[Choice] = []
    of_each: dict[str, tuple[Choice, ...]] = {}
    for name in sorted(FIELDS, key=lambda one: one not in _OFTEN_WRONG):
        said = word("field", name, lang)
        if name in CONTACTS or name in WORDS:
            sealed = "web.form.old_sealed" if _as_registered(ticket, name) else "web.form.old"
            fields.append((name, text(sealed, lang, field=said, old=text("web.form.old_none", lang))))
            continue
        old = str(_as_registered(ticket, name) or "")
        codes = codes_of(Register, name, pack) if name in _CODED else ()
        if name in _CODED and not codes and not old:
            continue  # the pack has no such thing
        shown = fact_said("Registered", name, old, called, lang) if old else text("web.form.old_none", lang)
        fields.append((name, text("web.form.old", lang, field=said, old=shown)))
        of_each[f"value.{name}"] = tuple((code, fact_said("Registered", name, code, called, lang)) for code in codes)
        offered += [(code, f"{said} · {words}") for code, words in of_each[f"value.{name}"]]
    return {"field": tuple(fields), "value": tuple(offered), **of_each}


def _as_registered(ticket: Ticket, name: str) -> object:
    match name:
        case "category":
            return ticket.classing.category
        case "credit_code" | "enterprise" | "name" | "phone":
            return getattr(ticket.appellant, name)
        case "address" | "enterprise_name":
            return getattr(ticket.details, name)
        case _:
            return getattr(ticket.details if name in DETAILS else ticket.intake, name)


def meant(offered: Sequence[Choice], typed: str) -> str:
    """The code of what was *typed*: itself, or what alone is called so."""
    called = [code for code, words in offered if typed in words.split(" · ")]
    return called[0] if len(called) == 1 and typed not in {code for code, _ in offered} else typed


def of_due_proposal(ticket: Ticket, policy: Policy, called: Names, lang: Lang) -> dict[str, tuple[Choice, ...]]:
    """The clocks that the calendar in force counts otherwise, each as it was issued and as it is counted now, and that calendar."""
    asked = []
    kinds = {clock.name: word("clock", clock.kind, lang) for clock in ticket.clocks.values()}
    for one in proposals(ticket, policy):
        issued, recounted = (fact_said("DueProposal", "due_at", at, called, lang) for at in (one.issued, one.recounted))
        asked.append((one.clock, text("web.form.due_proposal", lang, clock=kinds[one.clock], issued=issued, recounted=recounted)))
    version = policy.calendar.version
    return {"clock": tuple(asked), "calendar": ((version, version),) if asked else ()}


def files_of(timeline: Sequence[EntryLine]) -> dict[str, str]:
    """The files that a ticket's entries name, by digest: their names where they may be read, else when they came."""
    found: dict[str, str] = {}
    for entry in timeline:
        for name in _FILES:
            value = entry.facts.get(name)
            for digest in value if isinstance(value, tuple) else (value,) if value else ():
                found.setdefault(str(digest), entry.texts.get("file_name") or moment(entry.recorded_at))
    return {digest: name for digest, name in found.items() if len(digest) == 64}


def _units(view: View) -> list[Choice]:
    table = schema.units
    rows = view.connection.execute(
        select(table.c.code, table.c.name).where(table.c.node == view.head.node, table.c.is_active.is_(True)).order_by(table.c.name)
    )
    return [(row.code, row.name) for row in rows]


def _accounts(view: View) -> list[Choice]:
    accounts, units = schema.accounts, schema.units
    rows = view.connection.execute(
        select(accounts.c.id, units.c.name)
        .outerjoin(units, units.c.code == accounts.c.unit)
        .where(accounts.c.node == view.head.node, accounts.c.is_active.is_(True))
        .order_by(units.c.name, accounts.c.id)
    )
    people = people_of(view)
    called = [(row.id, people.get(row.id, row.id), row.name) for row in rows]
    return [(id, f"{person} · {unit}" if unit else person) for id, person, unit in called]


def _fit(view: View, command: type[Command], name: str, day: date, unit: str) -> frozenset[str] | None:
    """
    The accounts that may be named in the field *name* of *command* at all: leaders of the register in a post on *day*, who tracks, who
    assesses, for a matter in hand whoever works on matters, and of *unit* alone where it names its own; None where any account may.
    """
    if name == "leader" and command is not EnterLeader:
        return frozenset(one.account for one in leaders(view) if one.posts_on(day))
    roles = LEADING_ROLES if command is EnterLeader else _ROLES_OF.get(f"{command.__name__}.{name}", _ROLES_OF.get(name))
    if roles is None and name not in _WORKING:
        return None
    table = schema.accounts
    rows = view.connection.execute(select(table.c.id, table.c.unit, table.c.roles).where(table.c.node == view.head.node)).all()
    if roles is None:
        own = unit if name == "person" and command.__name__ in _OF_OWN_UNIT else ""
        return frozenset(row.id for row in rows if not set(row.roles.split(",")) <= ADMINISTRATORS and own in ("", row.unit))
    return frozenset(row.id for row in rows if not set(roles).isdisjoint(row.roles.split(",")))


# Who answers for a matter, sits in a meeting: not who only keeps the platform running.
_WORKING = frozenset({"person", "persons"})
# The unit that gives these commands names one of its own (``assignment.need_person``).
_OF_OWN_UNIT = frozenset({"AssignPerson", "ConfirmCoHandling", "ReceiveAssignment", "Sign", "SignAndAnswer"})
_ROLES_OF: Mapping[str, Collection[str]] = {
    "tracker": (Role.TRACKER.value,),
    "assessor": (Role.ASSESSOR.value,),
    "AttachTaskForce.members": (Role.DEPARTMENT.value,),
}


def _below(view: View, nodes: list[Choice]) -> list[Choice]:
    place = view.place()
    return [one for one in nodes if place.is_below(one[0])]


def _nodes(view: View) -> list[Choice]:
    table = schema.nodes
    rows = view.connection.execute(select(table.c.code, table.c.name).order_by(table.c.code))
    return [(row.code, row.name or row.code) for row in rows if row.code != view.head.node]


_OF_NODE: Mapping[FieldKind, Callable[[View], list[Choice]]] = {
    FieldKind.UNIT: _units,
    FieldKind.ACCOUNT: _accounts,
    FieldKind.NODE: _nodes,
}

# Facts of intake that are codes.
# What a caller corrects most: it stands first.
_OFTEN_WRONG = frozenset({"enterprise", "name", "phone", "credit_code", "channel"})
_CODED = frozenset({"category", "channel", "field", "matter", "topic", "appeal_kind", "group", "finder"})

# None: of this command the field is typed.
Offer = Callable[[type[Command], Ticket, Sequence[EntryLine], Lang, Names], list[Choice] | None]


def _asks(command: type[Command], ticket: Ticket, timeline: Sequence[EntryLine], lang: Lang, called: Names) -> list[Choice]:
    return [
        (ask.id, f"{word('event', ask.kind, lang)} · {moment(ask.asked_at)} · {called.person(ask.account, ask.node)}")
        for ask in ticket.open_asks()
    ]


def _records(command: type[Command], ticket: Ticket, timeline: Sequence[EntryLine], lang: Lang, called: Names) -> list[Choice]:
    return [(one.id, f"{word('decision', one.decision, lang)} · {one.decided_on.isoformat()} · {one.body}") for one in ticket.proxies]


def _drafts(command: type[Command], ticket: Ticket, timeline: Sequence[EntryLine], lang: Lang, called: Names) -> list[Choice]:
    # Only the last draft of the round can be signed, and only that one replied with.
    last = ticket.round.draft if ticket.round else ""
    drafted = [one for one in timeline if one.id == last]
    return [(one.id, f"{moment(one.recorded_at)} · {called.person(one.account, one.node)}") for one in drafted]


def _submissions(command: type[Command], ticket: Ticket, timeline: Sequence[EntryLine], lang: Lang, called: Names) -> list[Choice]:
    return [(one.entry, f"{word('submission', one.kind, lang)} · {moment(one.submitted_at)}") for one in ticket.submissions]


def _items(command: type[Command], ticket: Ticket, timeline: Sequence[EntryLine], lang: Lang, called: Names) -> list[Choice] | None:
    open_items = [one for one in ticket.joint_items if one.done_at is None and not one.is_dropped]
    return None if command.__name__ == "AddJointItem" else [(one.code, f"{one.code} · {one.due.isoformat()}") for one in open_items]


def _clocks(command: type[Command], ticket: Ticket, timeline: Sequence[EntryLine], lang: Lang, called: Names) -> list[Choice]:
    return [(clock.name, word("clock", clock.kind, lang)) for clock in ticket.clocks.values()]


def _milestones(command: type[Command], ticket: Ticket, timeline: Sequence[EntryLine], lang: Lang, called: Names) -> list[Choice]:
    return [(str(one.number), f"{one.number} · {one.planned_on.isoformat()}") for one in ticket.milestones if one.reached_at is None]


_OF_TICKET: Mapping[str, Offer] = {
    "ask": _asks,
    "clock": _clocks,
    "draft": _drafts,
    "item": _items,
    "milestone": _milestones,
    "record": _records,
    "submission": _submissions,
}
