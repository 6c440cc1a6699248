"""Ledger, enterprises, units, groups, the state of the node and the what-if, as their pages have them, for other systems."""

from datetime import timedelta
from typing import Any

from node.domain.pack import Value
from node.domain.refusal import Code, Refusal
from node.domain.registry import unit_code
from node.domain.time import local_day
from node.packs.file import limit_text
from node.packs.keys import find_key
from node.services import bodies, channel_register, ledger
from node.services import enterprise_register as register
from node.services import first_day as steps
from node.services import group_register as groups
from node.services.account_list import accounts_of, count_accounts, need_reader
from node.services.journal_log import Asked, LogLine, OpeningLine, log, openings
from node.services.pack_changes import read_value
from node.services.queries import names
from node.services.replay_runs import Measured
from node.services.scope import need_all, need_inside
from node.services.status import Status, status
from node.services.unit_list import UnitLine, unit_lines
from node.services.what_if import what_if
from node.storage.unit_of_work import View
from node.web.api import answers as a
from node.web.api.query import DAY, LIMIT, NEXT, Answered, Given, Parameter, Query, cursor_of, parts_of
from node.web.desk import Desk
from node.web.machine import certificate_days, free_percent

_PERIOD = (Parameter("first", DAY), Parameter("last", DAY))
_OF_THE_JOURNAL = (Parameter("account"), Parameter("subject"), *_PERIOD, NEXT)
_NEEDS = ("open", "overdue")
# What is replayed unless days are named, as on the page.
days_back = 90
# More than any register has; no database counts further than it can.
_lines_max = 10**9


def ledger_answer(desk: Desk, view: View, given: Given) -> Answered:
    """The ledger of a unit and a period by register number; nobody's own name is opened for it, so that it leaves no entry."""
    unit = unit_code(desk.node.code, given["unit"]) if given["unit"] else ""
    wanted, place = ledger.wanted_by(desk.viewer, unit, given["first"], given["last"]), parts_of(given["cursor"], str)
    lines, following = ledger.part(view, wanted, desk.viewer, names(view), "" if place is None else place[0], given["limit"])
    body = {"unit": wanted.unit, "first": wanted.first, "last": wanted.last, "rows": bodies.plain(tuple(lines))}
    return Answered(body | {"next": cursor_of(following) if following else None})


def enterprises_answer(desk: Desk, view: View, given: Given) -> Answered:
    """Enterprise files by words of a name or a note, by code and kind, those with overdue needs first."""
    place = parts_of(given["cursor"], int, int, str)
    wanted = register.Wanted(
        text=given["text"] or "",
        subject_type=given["subject_type"] or "",
        area=given["area"] or "",
        block=given["block"] or "",
        needs=given["needs"] or "",
        after=None if place is None else (place[0], place[1], place[2]),
        rows_max=given["limit"],
    )
    found = register.listed(view, wanted, desk.viewer, desk.node.now())
    following = None if found.next is None else cursor_of(*found.next)
    return Answered({"count": found.count, "enterprises": bodies.plain(found.lines), "next": following})


def what_if_answer(desk: Desk, view: View, given: Given) -> Answered:
    """A period of this node's own past under another value of one key; nothing is written."""
    need_all(desk.viewer, "what-if")
    now, key = desk.node.now(), given["key"]
    first, last = given["first"] or local_day(now) - timedelta(days=days_back), given["last"] or local_day(now)
    found = what_if(view, desk.node.policies, {key: _value(key, given["value"])}, first, last, now, desk.viewer)
    counts = {kind: dict(zip(("clocks", "late_before", "late_after"), counted, strict=True)) for kind, counted in found.counts.items()}
    body = {
        "key": key,
        "first": first,
        "last": last,
        "counts": counts,
        "fired": {rung: {"before": before, "after": after} for rung, (before, after) in found.fired.items()},
        "tickets_late_before": list(found.late_before),
        "tickets_late_after": list(found.late_after),
        "newly_late": [_measured(one) for one in found.newly_late],
        "no_longer_late": [_measured(one) for one in found.no_longer_late],
    }
    return Answered(body)


def units_answer(desk: Desk, view: View, given: Given) -> Answered:
    """The units of this node with what each has in hand, those with overdue tickets first."""
    return Answered({"units": bodies.plain(tuple(unit_lines(view, desk.viewer, desk.node.now())))})


def groups_answer(desk: Desk, view: View, given: Given) -> Answered:
    """Every service group, and how many are in it."""
    need_inside(desk.viewer, "groups")
    passed = _passed(given)
    found = groups.listed(view, desk.node.policies.of_registry(view, desk.node.now()).pack)
    shown = found[passed : passed + given["limit"]]
    following = cursor_of(passed + len(shown)) if len(found) > passed + len(shown) else None
    return Answered({"count": len(found), "groups": bodies.plain(tuple(shown)), "next": following})


def group_answer(desk: Desk, view: View, given: Given) -> Answered:
    """Who is in one group: officials by unit, then the enterprises whose files are shown."""
    need_inside(desk.viewer, "groups")
    passed, size = _passed(given), given["limit"]
    one = groups.one_group(view, desk.node.policies.of_registry(view, desk.node.now()).pack, given["id"])
    members = groups.members_of(view, one.group, desk.viewer, skipped=passed, most=size + 1)
    following = cursor_of(passed + size) if len(members) > size else None
    return Answered({**bodies.plain(one), "members": bodies.plain(tuple(members[:size])), "next": following})


def _passed(given: Given) -> int:
    """
    How many lines came before: these registers are read on by their number, as their pages are.

    Raises:
        Refusal: MALFORMED_COMMAND, for a cursor that is no such place.
    """
    place = parts_of(given["cursor"], int)
    if place is not None and not 0 <= place[0] <= _lines_max:
        raise Refusal(Code.MALFORMED_COMMAND, field="cursor")
    return 0 if place is None else int(place[0])


def accounts_answer(desk: Desk, view: View, given: Given) -> Answered:
    """
    Who may act here, by unit; how one signs in stays with the page: which account has no second factor is no other system's to know.
    """
    need_reader(desk.role)
    passed, size = _passed(given), given["limit"]
    here, words = desk.node.code, (given["words"] or "").strip()
    unit = unit_code(here, given["unit"]) if given["unit"] else ""
    found = accounts_of(view, here, words=words, unit=unit, skipped=passed, most=size + 1)
    count = count_accounts(view, here, words=words, unit=unit)
    shown = [{name: getattr(one, name) for name in _OF_AN_ACCOUNT} for one in found[:size]]
    following = cursor_of(passed + size) if len(found) > size else None
    return Answered({"count": count, "accounts": bodies.plain(shown), "next": following})


def channels_answer(desk: Desk, view: View, given: Given) -> Answered:
    """By which ways needs come in and messages go out, with how many did, wait and failed."""
    return Answered({"days": channel_register.days_back, **bodies.plain(channel_register.channel_register(desk.node, view, desk.viewer))})


def first_day_answer(desk: Desk, view: View, given: Given) -> Answered:
    """What a node needs from its first day on; of what is missing what follows and how it is done, in the caller's language."""
    steps.need_reader(desk.role)
    found = steps.first_day(desk.node, view)
    lines = [
        {
            "code": one.code,
            "is_done": one.is_done,
            "is_needed": one.is_needed,
            "page": one.path,
            **bodies.plain(steps.words_of(one, desk.lang)),
        }
        for one in found.steps
    ]
    return Answered({"is_complete": found.is_complete, "is_at_work": found.is_at_work, "steps": lines})


def status_answer(desk: Desk, view: View, given: Given) -> Answered:
    """What an operator looks at first: links, the levels below, what is due, and what is wrong."""
    need_all(desk.viewer, "status")
    node = desk.node
    calendar, beat = node.policies.bare(view).calendar, node.settings.heartbeat_seconds
    free, days = free_percent(node), certificate_days(node)
    return Answered(bodies.plain(status(view, calendar, node.now(), node.wall(), beat, free_percent=free, certificate_days=days)))


def openings_answer(desk: Desk, view: View, given: Given) -> Answered:
    """Who opened what for which purpose, the latest first; whoever may not read all reads his own."""
    need_inside(desk.viewer, "contacts")
    found = openings(view, _asked(given), desk.viewer)
    return Answered({"openings": bodies.plain(found.openings), "next": cursor_of(found.next) if found.next else None})


def audit_answer(desk: Desk, view: View, given: Given) -> Answered:
    """What this node wrote, by whom and about what, the latest first."""
    found = log(view, _asked(given), desk.viewer)
    return Answered({"entries": bodies.plain(found.lines), "next": cursor_of(found.next) if found.next else None})


def _asked(given: Given) -> Asked:
    place = parts_of(given["cursor"], int)
    before = 0 if place is None else max(place[0], 0)
    return Asked(given["account"] or "", given["subject"] or "", False, given["first"], given["last"], before)


def _value(key: str, said: str) -> Value:
    row = find_key(key)
    value = read_value(row, said) if row is not None else None
    if value is None:
        raise Refusal(Code.MALFORMED_COMMAND, field="value")
    return value


def _measured(one: Measured) -> dict[str, Any]:
    limits = {"limit_before": limit_text(one.limit_before), "limit_after": limit_text(one.limit_after) if one.limit_after else None}
    return {**bodies.plain(one), **limits}


# As the line of the page has them, without how one signs in.
_OF_AN_ACCOUNT = {"account": a.WORD, "name": a.WORD, "unit": a.WORD, "unit_name": a.WORD, "roles": a.many(a.WORD), "status": a.WORD}
_CLOCKS = a.many(a.of_type_and(Measured, limit_before=a.WORD, limit_after=a.maybe(a.WORD)))
QUERIES = (
    Query(
        "/ledger",
        "ledger",
        "ledger",
        a.whole(unit=a.WORD, first=a.maybe(a.DAY), last=a.maybe(a.DAY), rows=a.many(a.of_type(ledger.LedgerLine)), next=a.maybe(a.WORD)),
        ledger_answer,
        (Parameter("unit"), *_PERIOD, LIMIT, NEXT),
        has_mark=True,
    ),
    Query(
        "/enterprise-register",
        "enterprise_register",
        "enterprises",
        a.whole(count=a.NUMBER, enterprises=a.many(a.of_type(register.FileLine)), next=a.maybe(a.WORD)),
        enterprises_answer,
        (
            *(Parameter("text"), Parameter("subject_type"), Parameter("area"), Parameter("block")),
            *(Parameter("needs", codes=_NEEDS), LIMIT, NEXT),
        ),
        has_mark=True,
    ),
    Query("/units", "units", "units", a.whole(units=a.many(a.of_type(UnitLine))), units_answer, has_mark=True),
    Query(
        "/groups",
        "groups",
        "groups",
        a.whole(count=a.NUMBER, groups=a.many(a.of_type(groups.GroupLine)), next=a.maybe(a.WORD)),
        groups_answer,
        (LIMIT, NEXT),
        has_mark=True,
    ),
    Query(
        "/groups/{id}",
        "group",
        "groups",
        a.of_type_and(groups.GroupLine, members=a.many(a.of_type(groups.Member)), next=a.maybe(a.WORD)),
        group_answer,
        (Parameter("id", is_required=True, place="path"), LIMIT, NEXT),
        has_mark=True,
    ),
    Query(
        "/accounts",
        "accounts",
        "accounts",
        a.whole(count=a.NUMBER, accounts=a.many(a.whole(**_OF_AN_ACCOUNT)), next=a.maybe(a.WORD)),
        accounts_answer,
        (Parameter("words"), Parameter("unit"), LIMIT, NEXT),
        has_mark=True,
    ),
    Query(
        "/openings",
        "openings",
        "openings",
        a.whole(openings=a.many(a.of_type(OpeningLine)), next=a.maybe(a.WORD)),
        openings_answer,
        _OF_THE_JOURNAL,
        has_mark=True,
    ),
    Query(
        "/audit",
        "audit",
        "audit",
        a.whole(entries=a.many(a.of_type(LogLine)), next=a.maybe(a.WORD)),
        audit_answer,
        _OF_THE_JOURNAL,
        has_mark=True,
    ),
    Query(
        "/channels",
        "channels",
        "channels",
        a.of_type_and(channel_register.ChannelRegister, days=a.NUMBER),
        channels_answer,
        has_mark=True,
    ),
    Query(
        "/first-day",
        "first_day",
        "first-day",
        a.whole(
            is_complete=a.YES_OR_NO,
            is_at_work=a.YES_OR_NO,
            steps=a.many(a.of_type_and(steps.StepWords, code=a.WORD, is_done=a.YES_OR_NO, is_needed=a.YES_OR_NO, page=a.WORD)),
        ),
        first_day_answer,
        has_mark=True,
    ),
    Query("/status", "status", "status", a.of_type(Status), status_answer, has_mark=True),
    Query(
        "/what-if",
        "what_if",
        "what-if",
        a.whole(
            key=a.WORD,
            first=a.DAY,
            last=a.DAY,
            counts=a.by_name(a.whole(clocks=a.NUMBER, late_before=a.NUMBER, late_after=a.NUMBER)),
            fired=a.by_name(a.whole(before=a.NUMBER, after=a.NUMBER)),
            tickets_late_before=a.many(a.WORD),
            tickets_late_after=a.many(a.WORD),
            newly_late=_CLOCKS,
            no_longer_late=_CLOCKS,
        ),
        what_if_answer,
        (Parameter("key", is_required=True), Parameter("value", is_required=True), *_PERIOD),
        has_mark=True,
    ),
)
