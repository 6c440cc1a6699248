"""The ledger (台账) of a unit and a period as a sheet with fixed columns: what a chief asks for on Friday (USERS B14)."""

from datetime import date, timedelta
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from node.documents import sheets
from node.domain.time import local_day
from node.services import ledger as lists
from node.services.ledger_words import ledger_row
from node.services.queries import names
from node.services.triage_inputs import units_here
from node.texts.catalogue import text
from node.web.desk import SignedIn
from node.web.pages.registers.common import day_of
from node.web.templating import page

router = APIRouter()
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@router.get("/ledger", name="ledger")
def ledger(request: Request, desk: SignedIn) -> Response:
    """Which unit and which days: this week's, unless something else is chosen."""
    lists.need_reader(desk.viewer)
    today = local_day(desk.node.now())
    with desk.node.store.read() as view:
        units = sorted(units_here(view).items(), key=lambda one: one[1])
        own = names(view).unit(desk.viewer.unit)
    monday = today - timedelta(days=today.weekday())
    return page(request, "ledger.html", units=units, own=own if lists.is_bound(desk.viewer) else "", first=monday, last=today)


@router.post("/ledger", name="take_ledger")
def take_ledger(
    desk: SignedIn, unit: Annotated[str, Form()] = "", first: Annotated[str, Form()] = "", last: Annotated[str, Form()] = ""
) -> Response:
    """The sheet; the names of enterprises on it are opened, and each opening is kept."""
    wanted = lists.wanted_by(desk.viewer, unit, _day("first", first), _day("last", last))
    desk.need_second_factor()
    node, lang = desk.node, desk.lang
    with node.store.read() as view:
        called = names(view)
    lines = node.writer.command(lambda work: lists.ledger(work, wanted, desk.viewer, called, node.now()))
    whose = called.unit(wanted.unit) if wanted.unit else text("cli.ledger.all_units", lang)
    period = text("cli.ledger.period", lang, first=wanted.first or "", last=wanted.last or "")
    sheet = sheets.ledger(whose, period, [ledger_row(one, lang) for one in lines])
    file = f"{text('web.ledger.title', lang)}-{whose}-{wanted.first or ''}-{wanted.last or ''}.xlsx"
    head = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(file)}", "Cache-Control": "no-store"}
    return Response(sheets.to_xlsx(sheet), media_type=_XLSX, headers=head)


def _day(name: str, said: str) -> date | None:
    return day_of(name, said)
