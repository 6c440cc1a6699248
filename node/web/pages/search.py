"""
Search over needs and enterprise files: by words and facts, under the viewer's scope; kept under a name, taken away as a table.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from node.documents import sheets
from node.domain.refusal import Code, Refusal
from node.domain.ticket.sight import reads_texts
from node.domain.ticket.state import State
from node.services import enterprise_register, exports, saved_filters
from node.services.ledger_words import with_reason
from node.services.narrowing import DUE_CHOICES
from node.services.openings import HANDLING, RIGHTS
from node.services.queries import Names, counted_max, names, tickets_named
from node.services.search import Found, Sought, search, verified_max
from node.storage.unit_of_work import View
from node.texts.catalogue import BETWEEN, Lang, text, word
from node.web.desk import Desk, SignedIn
from node.web.pages.registers.common import day_of, due_words, need_staff
from node.web.templating import moment, page

router = APIRouter()
rows_a_page = 100
_STATES = tuple(state.value for state in State)
KINDS = ("tickets", "enterprises")
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_TEXTS = ("enterprise", "title", "appeal", "contact", "phone")


@dataclass(frozen=True)
class Filter:
    """What the form of the search page says."""

    q: str = ""
    kind: str = "tickets"
    state: tuple[str, ...] = ()
    unit: str = ""
    category: str = ""
    channel: str = ""
    since: str = ""
    until: str = ""
    due: str = ""

    @property
    def query(self) -> str:
        """It as an address has it, without what asks for nothing."""
        plain = [(name, value) for name, value in vars(self).items() if isinstance(value, str) and value and value != "tickets"]
        return urlencode([*plain, *(("state", one) for one in self.state)])

    @property
    def is_empty(self) -> bool:
        """True if it asks for nothing."""
        return not self.query

    def sought(self, desk: Desk, rows_max: int) -> Sought:
        """
        The conditions on needs.

        Raises:
            Refusal: VALUE_NOT_OFFERED, MALFORMED_COMMAND.
        """
        for one in self.state:
            if one not in _STATES:
                raise Refusal(Code.VALUE_NOT_OFFERED, key="state", value=one, offered=_STATES)
        if self.due and self.due not in DUE_CHOICES:
            raise Refusal(Code.VALUE_NOT_OFFERED, key="due", value=self.due, offered=DUE_CHOICES)
        return Sought(
            text=self.q,
            category=self.category,
            channel=self.channel,
            unit=self.unit,
            states=self.state,
            since=day_of("since", self.since),
            until=day_of("until", self.until),
            viewer=desk.viewer,
            rows_max=rows_max,
            due=self.due,
        )


def _filter(
    q: str = "",
    kind: str = "tickets",
    state: Annotated[list[str] | None, Query()] = None,
    unit: str = "",
    category: str = "",
    channel: str = "",
    since: str = "",
    until: str = "",
    due: str = "",
) -> Filter:
    chosen = tuple(one for one in state or () if one)
    return Filter(q.strip(), kind if kind in KINDS else KINDS[0], chosen, unit, category, channel, since, until, due)


Asked = Annotated[Filter, Depends(_filter)]


@router.get("/search", name="search")
def show(request: Request, desk: SignedIn, asked: Asked) -> Response:
    """The form with what it finds; nothing is looked for before something is asked."""
    need_staff(desk)
    node, facts = desk.node, dict[str, Any]()
    with node.store.read() as view:
        direct = _direct(view, desk, asked.q)
        if not asked.is_empty and asked.kind == "tickets":
            facts["found"] = _found(view, desk, asked, is_number=direct != ())
        elif not asked.is_empty:
            wanted = enterprise_register.Wanted(text=asked.q)
            facts["files"] = enterprise_register.listed(view, wanted, desk.viewer, node.now())
        facts["direct"] = direct
        facts["called"] = names(view)
        facts["saved"] = saved_filters.saved(view, desk.account)
        facts["choices"] = _choices(desk, view)
    return page(
        request,
        "search.html",
        asked=asked,
        now=node.now(),
        states=_STATES,
        verified_max=verified_max,
        **{"found": None, "files": None, **facts},
    )


def _found(view: View, desk: Desk, asked: Filter, *, is_number: bool) -> Found | None:
    """What has the words; None where a number alone was asked for, which names its need, and stands in no text."""
    is_alone = is_number and asked == Filter(asked.q)
    if is_alone and not reads_texts(desk.viewer):
        return None
    found = search(view, replace(asked.sought(desk, rows_a_page), counted_max=counted_max), desk.node.now())
    return None if is_alone and not found.tickets else found


def _direct(view: View, desk: Desk, said: str) -> tuple[str, ...]:
    """The need that *said* names by a number, if it is one and the desk sees it; several, if older needs share their number."""
    return tickets_named(view, said, desk.viewer) if said else ()


def _choices(desk: Desk, view: View) -> dict[str, list[tuple[str, str]]]:
    """What may be chosen from, with its word: by the pack in force, and this node's units."""
    try:
        pack = desk.node.policies.of_node(view, desk.node.now()).pack
        codes = {"category": pack.names("classes"), "channel": pack.names("intake.channels")}
    except Refusal as refusal:
        if refusal.code is not Code.PACK_MISSING:
            raise
        codes = {"category": (), "channel": ()}
    units = [(code, name) for code, name in names(view).units.items() if code.startswith(f"{desk.node.code}-")]
    return {section: [(code, word(section, code, desk.lang)) for code in found] for section, found in codes.items()} | {
        "unit": sorted(units)
    }


# --- kept searches ----------------------------------------------------------------------------------------------------


@router.post("/search/saved", name="save_search")
def save(desk: SignedIn, name: Annotated[str, Form()] = "", query: Annotated[str, Form()] = "") -> Response:
    """Keep a search under a name."""
    need_staff(desk)
    desk.node.writer.command(lambda work: saved_filters.save(work, desk.account, name, query, desk.node.now()))
    return RedirectResponse(f"/search?{query}", 303)


@router.post("/search/saved/forget", name="forget_search")
def forget(desk: SignedIn, name: Annotated[str, Form()] = "") -> Response:
    """Keep it no longer."""
    need_staff(desk)
    desk.node.writer.command(lambda work: saved_filters.forget(work, desk.account, name))
    return RedirectResponse("/search", 303)


# --- taken away -------------------------------------------------------------------------------------------------------


@router.get("/export", name="export")
def export(request: Request, desk: SignedIn, asked: Asked) -> Response:
    """What would be taken away and what that leaves behind, before anything is: how many, by which conditions, with which masks."""
    need_staff(desk)
    node = desk.node
    with node.store.read() as view:
        found = search(view, replace(asked.sought(desk, 0), counted_max=exports.counted_max), node.now())
        conditions = _conditions(asked, dict(_choices(desk, view)["unit"]), desk.lang)
    sizes = {
        "rows": min(found.count, exports.rows_max),
        "rows_with_texts": min(found.count, exports.rows_with_texts_max),
        "may_open": desk.role in {role.value for role in RIGHTS[HANDLING]},
    }
    return page(request, "export.html", asked=asked, now=node.now(), found=found, conditions=conditions, texts=_TEXTS, **sizes)


@router.get("/export/table", name="export_table")
def export_table(desk: SignedIn, asked: Asked) -> Response:
    """What the search finds, as a table without texts."""
    return _table(desk, asked, with_texts=False)


@router.post("/export", name="export_texts")
def export_texts(desk: SignedIn, asked: Asked) -> Response:
    """The same with texts and masked contacts, as on a ticket's page by more than a password: each need's opening is an entry."""
    need_staff(desk)
    desk.need_second_factor()
    return _table(desk, asked, with_texts=True)


def _conditions(asked: Filter, units: Mapping[str, str], lang: Lang) -> list[tuple[str, str]]:
    """What was asked for: label and words."""
    said = [
        ("find.q", asked.q),
        ("registers.state", BETWEEN[lang].join(word("state", one, lang) for one in asked.state)),
        ("registers.unit", units.get(asked.unit, asked.unit)),
        ("find.category", word("category", asked.category, lang) if asked.category else ""),
        ("registers.channels.channel", word("channel", asked.channel, lang) if asked.channel else ""),
        ("find.due", word("due_choice", asked.due, lang) if asked.due else ""),
        ("find.since", asked.since),
        ("find.until", asked.until),
    ]
    return [(text(f"web.{key}", lang), words) for key, words in said if words]


def _table(desk: Desk, asked: Filter, *, with_texts: bool) -> Response:
    need_staff(desk)
    taken = exports.export(desk.node, asked.sought(desk, 1), desk.viewer, with_texts=with_texts)
    with desk.node.store.read() as view:
        called = names(view)
    now = desk.node.now()
    columns = (
        "ticket",
        "number",
        "state",
        "with",
        "lead",
        "channel",
        "category",
        "complexity",
        "registered",
        "due",
        "completed",
        "in_time",
    )
    columns += ("satisfied", *(_TEXTS if with_texts else ()))
    count = len(taken.lines)
    shown = {
        "node": called.node(desk.node.code),
        "as_of": moment(now),
        "who": desk.name if desk.is_service else called.person(desk.account),
        "role": desk.role,
    }
    more = "_more" if taken.is_more else ""
    above = [_say(desk, "head", **shown), _say(desk, f"count{more}", count=taken.count, rows=count)]
    if count < taken.count or taken.is_more:
        above.append(_say(desk, f"cut{more}", rows=count, count=taken.count))
    if with_texts:
        above.append(_say(desk, "opened", count=taken.opened))
    rows = (_row(desk, called, line, with_texts) for line in taken.lines)
    sheet = sheets.Sheet(_say(desk, "title"), tuple(above), tuple(_say(desk, f"column.{name}") for name in columns), rows)
    file = f"{desk.node.code}-{moment(now, '%Y%m%d-%H%M')}.xlsx"
    head = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(file)}", "Cache-Control": "no-store"}
    return Response(sheets.to_xlsx(sheet), media_type=_XLSX, headers=head)


def _row(desk: Desk, called: Names, line: exports.ExportLine, with_texts: bool) -> tuple[str, ...]:
    def words(section: str, code: str) -> str:
        return word(section, code, desk.lang) if code else ""

    def truth(value: bool | None) -> str:
        return "" if value is None else text("cli.yes" if value else "cli.no", desk.lang)

    row = line.row
    return (
        row.id,
        row.number,
        with_reason(words("state", row.state), line.unreadable, desk.lang),
        called.unit(row.with_unit) or words("with_whom", row.with_whom),
        called.unit(row.lead),
        words("channel", row.channel),
        words("category", row.category),
        words("complexity", row.complexity),
        moment(row.registered_at),
        text("cli.clock.paused", desk.lang) if line.is_paused else due_words(line.due_at),
        moment(row.completed_at),
        truth(row.completed_in_time),
        truth(row.satisfied),
        *((line.texts.get(name, "") for name in _TEXTS) if with_texts else ()),
    )


def _say(desk: Desk, key: str, **facts: object) -> str:
    return text(f"web.export.{key}", desk.lang, **facts)
