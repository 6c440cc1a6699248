"""What other systems may ask, answered from one snapshot under the scope of whoever asks."""

import dataclasses
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from node.domain.dossier import Dossier
from node.domain.entry import Actor, Subject, SubjectKind
from node.domain.order.record import SupervisionOrder
from node.domain.organisation import Role
from node.domain.pack import Rule
from node.domain.paper import Paper
from node.domain.refusal import Code, Refusal
from node.domain.registry import unit_code
from node.domain.ticket.sight import OUTSIDE
from node.domain.time import local_day
from node.packs.difference import plain as pack_value
from node.services import bodies, deadlines, dossiers, figures, lookup, progress, queries, rounds, status, tallies, ticket_view, trays
from node.services.calendar_view import files_in_force, line_of
from node.services.dossier_page import dossier_page
from node.services.entry_feed import feed
from node.services.narrowing import Place, Wanted
from node.services.readership import DRAWERS
from node.services.redaction import dossier_without, unseen_in
from node.services.scope import need_all, need_inside
from node.services.search import Sought, search
from node.services.superior_reading import note_reading
from node.services.supervision_lists import must_open
from node.services.ticket_levels import level_of
from node.storage.database import micros
from node.storage.unit_of_work import View
from node.web.api.query import Answered, Given, cursor_of, parts_of
from node.web.desk import Desk

_CALENDAR_DAYS_MAX = 400


# --- tickets ----------------------------------------------------------------------------------------------------------


def tickets_answer(desk: Desk, view: View, given: Given) -> Answered:
    place = parts_of(given["cursor"], (int, type(None)), int, str)
    wanted = Wanted(
        states=given["state"],
        unit=unit_code(desk.node.code, given["unit"]) if given["unit"] else "",
        due=given["due"] or "",
        mine=(desk.role, desk.unit) if given["mine"] else None,
        unsorted=bool(given["unsorted"]),
        rows_max=given["limit"],
        layer=given["layer"] or "",
        level=given["level"] or "",
        viewer=desk.viewer,
        after=None if place is None else Place(*place),
    )
    now = desk.node.now()
    lines = queries.list_tickets(view, wanted, desk.node.policies.bare(view).calendar, now)
    last = lines[-1].place if len(lines) == given["limit"] else None
    following = None if last is None else cursor_of(last.due_at, last.registered_at, last.ticket)
    return Answered({"now": now, "tickets": [bodies.ticket_line_body(line) for line in lines], "next": following})


def _page(desk: Desk, view: View, said: str) -> ticket_view.TicketPage:
    calendar, found = desk.node.policies.bare(view).calendar, queries.find_ticket(view, said, desk.viewer)
    page = ticket_view.ticket_page(view, found, calendar, desk.node.now(), desk.viewer)
    note_reading(desk.node, desk.viewer, page.ticket)
    return progress.for_appellant(page) if desk.role in OUTSIDE else page


def ticket_answer(desk: Desk, view: View, given: Given) -> Answered:
    page = _page(desk, view, given["id"])
    level = level_of(view, page.ticket, desk.node.policies.of_registry(view, desk.node.now()).pack)
    return Answered(bodies.page_body(page, level, desk.node.now()), (page.ticket.custody.number, page.ticket.version))


def clock_answer(desk: Desk, view: View, given: Given) -> Answered:
    page, clock = _page(desk, view, given["id"]), given["clock"]
    codes = sorted({one.name for one in page.clocks})
    if clock not in codes:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="clock", value=clock, offered=codes)
    receipt = deadlines.deadline_receipt(view, page.ticket.id, clock, desk.node.policies.bare(view), desk.node.now())
    return Answered(bodies.receipt_body(receipt))


def search_answer(desk: Desk, view: View, given: Given) -> Answered:
    need_inside(desk.viewer, "search")
    now, place = desk.node.now(), parts_of(given["cursor"], int, str)
    sought = Sought(
        text=given["text"] or "",
        category=given["category"] or "",
        channel=given["channel"] or "",
        unit=unit_code(desk.node.code, given["unit"]) if given["unit"] else "",
        states=given["state"],
        since=given["since"],
        until=given["until"],
        viewer=desk.viewer,
        rows_max=given["limit"],
        due=given["due"] or "",
        counted_max=queries.counted_max,
        after=None if place is None else (place[0], place[1]),
    )
    found = search(view, sought, now)
    lines = [bodies.row_body(one.row) | {"found_in": [dataclasses.asdict(part) for part in one.excerpts]} for one in found.tickets]
    following = None if found.next is None else cursor_of(*found.next)
    counted = {"count": found.count, "is_exact": found.is_exact, "is_more": found.is_more}
    return Answered({"now": now, **counted, "tickets": lines, "next": following})


def lookup_answer(desk: Desk, view: View, given: Given) -> Answered:
    found = lookup.find(view, given["said"], desk.viewer, desk.node.policies.bare(view).calendar, desk.node.now())
    return Answered(bodies.plain(found))


def tray_answer(desk: Desk, view: View, given: Given) -> Answered:
    person = {"own": desk.viewer.account, "shared": ""}.get(given["whose"] or "")
    place = parts_of(given["cursor"], (int, type(None)), int, str)
    found = trays.lying(view, desk.unit, person) if desk.unit else []
    after = None if place is None else (place[0] is None, place[0] or 0, place[1], place[2])
    behind = [one for one in found if after is None or one.place > after]
    shown = behind[: given["limit"]]
    lines = [
        bodies.row_body(one.row) | {"person": one.person, "is_lead": one.is_lead, "due_at": one.due_at} for one in trays.lines(view, shown)
    ]
    following = None
    if len(shown) < len(behind):
        is_untimed, due_at, registered_at, ticket = shown[-1].place
        following = cursor_of(None if is_untimed else due_at, registered_at, ticket)
    return Answered({"unit": desk.unit, "count": len(found), "tickets": lines, "next": following})


def progress_answer(desk: Desk, view: View, given: Given) -> Answered:
    found = progress.progress(view, given["id"], given["code"], desk.node.policies.bare(view).calendar, desk.node.now())
    clock = None if found.clock is None else bodies.clock_body(found.clock)
    body = {field.name: getattr(found, field.name) for field in dataclasses.fields(found)}
    return Answered(body | {"clock": clock, "papers": [{"kind": one.kind, "says": dict(one.says)} for one in found.papers]})


# --- dossiers and rounds ----------------------------------------------------------------------------------------------


def listing_of(kind: SubjectKind) -> Callable[[Desk, View, Given], Answered]:
    def listing(desk: Desk, view: View, given: Given) -> Answered:
        place = parts_of(given["cursor"], int, str)
        lines = dossiers.listed(
            view,
            kind,
            state=given["state"] or "",
            ticket=queries.find_ticket(view, given["ticket"], desk.viewer) if given["ticket"] else "",
            unit=unit_code(desk.node.code, given["unit"]) if given["unit"] else "",
            viewer=desk.viewer,
            after=None if place is None else (place[0], place[1]),
            rows_max=given["limit"],
        )
        last = lines[-1] if len(lines) == given["limit"] else None
        following = None if last is None else cursor_of(micros(last.changed_at), last.id)
        return Answered({"dossiers": bodies.plain(tuple(lines)), "next": following})

    return listing


def showing_of(kind: SubjectKind) -> Callable[[Desk, View, Given], Answered]:
    def showing(desk: Desk, view: View, given: Given) -> Answered:
        id = dossiers.find(view, kind, given["id"])
        dossiers.need_sight(view, kind, id, desk.viewer)
        page = dossier_page(view, Subject(kind.value, id), desk.node.policies.bare(view).calendar, desk.node.now(), desk.viewer)
        if page is None:
            raise Refusal(Code.SUBJECT_UNKNOWN, kind=kind.value, id=id)
        body = {
            "dossier": bodies.plain(page.dossier),
            "texts": {f"{ref.entry}/{ref.place}": said for ref, said in page.texts.items()},
            "clocks": [bodies.clock_body(clock) for clock in page.clocks],
            "timeline": [bodies.plain(bodies.entry_body(line)) for line in page.history],
            "opens_at": _opens_at(page.dossier, desk.viewer, view.head.node),
        }
        return Answered(dossier_without(body, unseen_in(view, desk.viewer, body)), (0, page.dossier.version))

    return showing


def _opens_at(dossier: Dossier, viewer: Actor, node: str) -> str | None:
    """
    The page on which a person opens what is held back: what an issued paper says, with a second factor; an order that nobody read yet
    where it is addressed, which a program opens by ``read-order``.  Of all others nothing is.
    """
    if isinstance(dossier, SupervisionOrder) and must_open(dossier, viewer, node):
        return f"/boards/supervision/{dossier.id}"
    if isinstance(dossier, Paper) and dossier.ticket:
        return f"/tickets/{dossier.ticket}/papers/{dossier.paper}?issued={dossier.id}"
    return None


def rounds_answer(desk: Desk, view: View, given: Given) -> Answered:
    if desk.role not in DRAWERS:
        raise Refusal(Code.PERMISSION_DENIED, command="rounds", role=desk.role)
    return Answered({"rounds": [bodies.achieved_body(one) for one in rounds.achieved(view, given["county"])]})


def round_calls_answer(desk: Desk, view: View, given: Given) -> Answered:
    if desk.role != Role.OFFICE.value:
        raise Refusal(Code.PERMISSION_DENIED, command="rounds", role=desk.role)
    place = parts_of(given["cursor"], int)
    calls, following = rounds.calls_behind(view, given["id"], desk.node.now(), -1 if place is None else place[0], given["limit"])
    body = {"round": given["id"], "calls": bodies.plain(tuple(calls))}
    return Answered(body | {"next": None if following is None else cursor_of(following)})


# --- figures, rules, links, journal -----------------------------------------------------------------------------------


def overview_answer(desk: Desk, view: View, given: Given) -> Answered:
    return Answered(dataclasses.asdict(figures.level(view, desk.node.now(), desk.viewer)))


TALLIES: Mapping[str, Callable[[View, tallies.Period], Mapping[str, int]]] = {
    "channel": tallies.by_channel,
    "refusal": tallies.by_refusal,
    "termination": tallies.by_termination,
    "arrival": tallies.by_arrival,
}


def tally_answer(desk: Desk, view: View, given: Given) -> Answered:
    by, period = given["by"], tallies.Period(given["first"], given["last"], desk.viewer)
    if by == "late":
        counted = deadlines.late_by_kind(view, desk.node.now(), first=period.first, last=period.last, viewer=period.viewer)
    else:
        counted = TALLIES[by](view, period)
    return Answered({"by": by, "counts": dict(counted)})


def links_answer(desk: Desk, view: View, given: Given) -> Answered:
    need_all(desk.viewer, "links")
    lines = status.link_lines(view, desk.node.wall(), desk.node.settings.heartbeat_seconds)
    return Answered({"links": [bodies.plain(line) for line in lines]})


def packs_answer(desk: Desk, view: View, given: Given) -> Answered:
    try:
        in_force = desk.node.policies.of_node(view, desk.node.now()).pack.digest
    except Refusal:
        in_force = ""
    lines = [
        {
            "id": pack.id,
            "version": pack.version,
            "level": pack.level,
            "digest": pack.digest,
            "effective_from": pack.effective_from,
            "is_in_force": pack.digest == in_force,
            "rules": {
                key: {"value": pack_value(rule.value), "clause": rule.clause, "origin": rule.origin} for key, rule in pack.rules.items()
            },
        }
        for pack in desk.node.policies.adopted(view)
    ]
    return Answered({"packs": lines})


def _rule(rule: Rule) -> dict[str, Any]:
    return {"value": pack_value(rule.value), "clause": rule.clause, "origin": rule.origin}


def calendars_answer(desk: Desk, view: View, given: Given) -> Answered:
    calendar = desk.node.policies.bare(view).calendar
    first = given["first"] or local_day(desk.node.now())
    last = given["last"] or first
    if not 0 <= (last - first).days <= _CALENDAR_DAYS_MAX:
        raise Refusal(Code.MALFORMED_COMMAND, field="last")
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    files = files_in_force(desk.node, view)
    lines = [bodies.plain(line_of(calendar, files, day)) | {"is_provisional": calendar.is_provisional(day)} for day in days]
    return Answered({"calendar": calendar.version, "days": lines})


def node_answer(desk: Desk, view: View, given: Given) -> Answered:
    body = {"node": view.head.node, "name": view.head.name, "line": list(view.head.line), "now": desk.node.now(), "end": view.head.taken}
    return Answered(body | {"account": desk.account, "roles": list(desk.roles), "unit": desk.unit})


def entries_answer(desk: Desk, view: View, given: Given) -> Answered:
    return Answered(bodies.plain(feed(view, given["after"], desk.viewer, given["kind"], given["limit"])))
