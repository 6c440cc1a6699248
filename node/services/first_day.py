"""
From an empty node to the first dispatched ticket: what is there, what is missing, and what follows from that (USERS B15).

Each step has a code, for its words; ``is_needed`` are those without which no ticket can be dispatched and timed rightly.  It reads
the node as it is: a step is done when what it asks for is there, whoever brought it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from urllib.parse import urlencode

from sqlalchemy import select

from node.domain.duty_list import DUTIES
from node.domain.organisation import Role
from node.domain.pack import Pack
from node.domain.refusal import Code, Refusal
from node.domain.time import local_day
from node.services import duties, leaders
from node.services.acting import Node
from node.services.backup import last_backup_at
from node.services.people import people_of
from node.services.readership import FIRST_DAY_READERS
from node.services.staffing import staffing
from node.storage import schema
from node.storage.unit_of_work import View
from node.texts.catalogue import Lang, text

# A backup that is older is none to rely on.
backup_days_max = 7
# From this month on next year's arrangement is out (POLICY_PACKS 2).
_NEXT_YEAR_FROM = 12
ADMINISTRATORS = (Role.SECURITY_ADMIN, Role.AUDIT_ADMIN, Role.OPERATOR)
_GATEWAYS: Mapping[str, str] = {"sms": "sms_url", "email": "smtp_url", "robot": "robot_url"}


@dataclass(frozen=True)
class Step:
    """
    One thing that a node needs.  ``facts`` fill its sentence; ``path`` is the page that does it, "" where only the operator at the
    machine does, by a command that its words name.
    """

    code: str
    is_done: bool
    is_needed: bool
    path: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class FirstDay:
    """All steps in the order in which they are done."""

    steps: tuple[Step, ...]

    @property
    def missing(self) -> tuple[Step, ...]:
        """What is not done, the needed first."""
        return tuple(sorted((step for step in self.steps if not step.is_done), key=lambda step: not step.is_needed))

    @property
    def is_complete(self) -> bool:
        """True once everything that is needed is there and a first ticket was dispatched: then the list leaves Today."""
        return all(step.is_done for step in self.steps if step.is_needed)

    @property
    def is_at_work(self) -> bool:
        """True once a ticket of this node was dispatched: what is still needed then stops none."""
        return any(step.code == "first_dispatch" and step.is_done for step in self.steps)


@dataclass(frozen=True)
class StepWords:
    """A step in words: what it is, what follows as long as it is not done and how it is done; the latter two of one that is not."""

    name: str
    lack: str = ""
    how: str = ""


def need_reader(role: str) -> None:
    """
    Let nobody read it who does not set a node up.

    Raises:
        Refusal: PERMISSION_DENIED.
    """
    if role not in FIRST_DAY_READERS:
        raise Refusal(Code.PERMISSION_DENIED, command="first-day", role=role)


def first_day(node: Node, view: View | None = None) -> FirstDay:
    """How far *node* has come, by *view* if one is open."""
    if view is None:
        with node.store.read() as opened:
            return first_day(node, opened)
    pack = _pack(node, view)
    today = local_day(node.now())
    return FirstDay(
        (
            *_ruled(node, view, pack, today),
            *_manned(view, pack, today),
            *_machine(node, view, pack),
            *_secured(view, node.code),
            *_first_ticket(view),
        )
    )


def still_needed(node: Node, view: View) -> tuple[Step, ...]:
    """What *node* cannot do without and lacks, as ``first_day`` has it; nothing else is looked at: it stands on the page seen most."""
    pack = _pack(node, view)
    steps = (*_ruled(node, view, pack, local_day(node.now())), *_secured(view, node.code), *_first_ticket(view))
    return tuple(step for step in steps if step.is_needed and not step.is_done)


def _pack(node: Node, view: View) -> Pack | None:
    try:
        return node.policies.of_node(view, node.now()).pack
    except Refusal as refusal:
        if refusal.code is not Code.PACK_MISSING:
            raise
        return None


def words_of(step: Step, lang: Lang) -> StepWords:
    """*step* as people read it."""
    lack = "without_any" if step.facts.get("count") == 0 else "without"
    said = ("name",) if step.is_done else ("name", lack, "how")
    return StepWords(*(text(f"web.first_day.step.{step.code}.{one}", lang, **step.facts) for one in said))


def _ruled(node: Node, view: View, pack: Pack | None, today: date) -> Iterator[Step]:
    """By which rules and days, and for which units."""
    yield Step("pack", pack is not None, True, "/registers/packs", {"day": today})
    yield from _calendar(node, view, today)
    yield from _units(view, node.code)


def _manned(view: View, pack: Pack | None, today: date) -> Iterator[Step]:
    """Who sits where, and who answers for what."""
    if pack is not None:
        yield from _mechanism(view, pack)
    has_duties = duties.in_force(view.connection, view.head.node, DUTIES, today) is not None
    yield Step("duties", has_duties, False)
    in_office = [one for one in leaders.leaders(view) if one.posts_on(today)]
    yield Step("leaders", bool(in_office), False, "/new/enter-leader?back=/first-day")


def _calendar(node: Node, view: View, today: date) -> Iterator[Step]:
    calendar = node.policies.bare(view).calendar
    yield Step("calendar", not calendar.is_provisional(today), True, f"/registers/calendar?month={today:%Y-%m}", {"year": today.year})
    if today.month >= _NEXT_YEAR_FROM:
        following = date(today.year + 1, 1, 1)
        is_known = not calendar.is_provisional(following)
        yield Step("next_calendar", is_known, False, f"/registers/calendar?month={following:%Y-%m}", {"year": following.year})


def _units(view: View, node: str) -> Iterator[Step]:
    units, accounts = schema.units, schema.accounts
    staffed = select(accounts.c.id).where(accounts.c.node == node, accounts.c.unit == units.c.code, accounts.c.is_active.is_(True)).exists()
    rows = view.connection.execute(
        select(units.c.name, staffed.label("is_staffed"))
        .where(units.c.node == node, units.c.is_active.is_(True), units.c.kind == "department")
        .order_by(units.c.code)
    ).all()
    yield Step("units", bool(rows), True, f"/node/{node}/do/open-unit?back=/first-day")
    bare = [row.name for row in rows if not row.is_staffed]
    if rows:
        yield Step("staff", not bare, True, "/registers/accounts", {"count": len(bare), "names": _some(bare)})
    else:
        yield Step("staff_to_come", False, True, f"/node/{node}/do/open-unit?back=/first-day")


def _mechanism(view: View, pack: Pack) -> Iterator[Step]:
    """The members and specialists that the pack counts (AS25-1.1c, 1.2c); nothing where it counts none."""
    gaps = staffing(view, pack).gaps
    called = {row.code: row.name for row in view.connection.execute(select(schema.units.c.code, schema.units.c.name))}
    unopened = sorted({gap.unit for gap in gaps} - called.keys())
    if unopened:
        facts = {"count": len(unopened), "names": _some([_named(pack, one) for one in unopened])}
        yield Step("member_units", False, False, _opening(view.head.node, unopened[0], _named(pack, unopened[0])), facts)
    for code, role in (("members", Role.MEMBER), ("specialists", Role.SPECIALIST)):
        if not pack.names("members.units"):
            return
        lacking = [called.get(gap.unit) or _named(pack, gap.unit) for gap in gaps if gap.role == role.value]
        yield Step(code, not lacking, False, "/registers/accounts", {"count": len(lacking), "names": _some(lacking)})


def _opening(node: str, unit: str, name: str) -> str:
    """The form that enters the unit, with what the pack knows of it filled in: nobody can guess its code."""
    return f"/node/{node}/do/open-unit?" + urlencode({"unit": unit.partition("-")[2], "name": name, "kind": "member", "back": "/first-day"})


def _named(pack: Pack, unit: str) -> str:
    """What the pack calls a unit that nobody has entered yet."""
    rule = pack.find(f"unit.{unit.partition('-')[2]}.name")
    return str(rule.value) if rule is not None else unit


def _machine(node: Node, view: View, pack: Pack | None) -> Iterator[Step]:
    """What the operator sets: gateways, the way up, the public address, backups; whose the accounts are."""
    asked = set(pack.names("notify.appellant")) | set(pack.names("notify.staff")) if pack is not None else set()
    unset = [channel for channel, name in _GATEWAYS.items() if channel in asked and not getattr(node.settings, name)]
    yield Step("gateways", not unset, False, "/registers/channels", {"channels": ", ".join(unset)})
    yield Step("public_url", bool(node.settings.public_url), False)
    yield Step("superior", bool(view.head.line) or (pack is not None and pack.level == "province"), False, "/registers/links")
    last = last_backup_at(node.data_dir)
    is_fresh = last is not None and node.wall() - last <= timedelta(days=backup_days_max)
    yield Step("backup", is_fresh, False)
    nameless = _nameless(view, node.code)
    yield Step("account_names", not nameless, False, "/registers/accounts", {"names": _some(nameless)})


def _secured(view: View, node: str) -> Iterator[Step]:
    """The second factors of the administrators."""
    open_ones = _without_second_factor(view, node)
    yield Step("second_factor", not open_ones, True, "/registers/accounts", {"names": _some(open_ones)})


def _without_second_factor(view: View, node: str) -> list[str]:
    """Administrators who sign in with a password alone."""
    logins, accounts, certificates = schema.logins, schema.accounts, schema.login_certificates
    strong = set(view.connection.execute(select(logins.c.account).where(logins.c.totp.is_not(None))).scalars())
    strong |= set(view.connection.execute(select(certificates.c.account)).scalars())
    rows = view.connection.execute(
        select(accounts.c.id, accounts.c.roles).where(accounts.c.node == node, accounts.c.is_active.is_(True)).order_by(accounts.c.id)
    )
    wanted = {role.value for role in ADMINISTRATORS}
    return [row.id for row in rows if wanted & set(row.roles.split(",")) and row.id not in strong]


def _nameless(view: View, node: str) -> list[str]:
    """Accounts of which nobody said whose they are, as the first of a node: what is done by them shows no person."""
    accounts, people = schema.accounts, people_of(view)
    in_use = select(accounts.c.id).where(accounts.c.node == node, accounts.c.is_active.is_(True)).order_by(accounts.c.id)
    return [account for account in view.connection.execute(in_use).scalars() if account not in people]


def _first_ticket(view: View) -> Iterator[Step]:
    """The first need and the first dispatch of this node."""
    tickets = schema.tickets
    own = select(tickets.c.id).where(tickets.c.origin == view.head.node).limit(1)
    yield Step("first_ticket", view.connection.execute(own).first() is not None, True, "/intake")
    led = select(tickets.c.id).where(tickets.c.holder == view.head.node, tickets.c.lead != "").limit(1)
    has_led = view.connection.execute(led).first() is not None
    yield Step("first_dispatch", has_led, True, "/boards/dispatch")


def _some(names: list[str], shown_max: int = 8) -> str:
    """The first of *names*, for a sentence."""
    return "、".join(names[:shown_max]) + ("…" if len(names) > shown_max else "")
