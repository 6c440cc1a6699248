"""The calendar: each day of a month with its reason, and the orders that are in force."""

import re
from datetime import date

from fastapi import APIRouter, Request
from starlette.responses import Response

from node.domain.refusal import Code, Refusal
from node.domain.time import local_day
from node.services.calendar_view import DayLine, days_of, files_in_force
from node.services.deadlines import due_proposals
from node.web.desk import SignedIn
from node.web.pages.registers.common import need_offered, register_page

router = APIRouter()
# Beyond, the page says that there are more: each is recounted from its whole ticket.
proposals_counted_max = 200
_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")


@router.get("/registers/calendar", name="calendar")
def calendar(request: Request, desk: SignedIn, month: str = "") -> Response:
    """One month, this one unless another is named."""
    need_offered(desk, "calendar")
    today = local_day(desk.node.now())
    year, number = _month(month or f"{today:%Y-%m}")
    with desk.node.store.read() as view:
        found = desk.node.policies.bare(view).calendar
        files = files_in_force(desk.node, view)
        proposals = due_proposals(view, desk.node.policies, desk.node.now(), proposals_counted_max + 1)
    days = days_of(found, files, year, number)
    facts = {
        "today": today,
        "year": year,
        "month": number,
        "weeks": _weeks(days[0].day.weekday(), days),
        "days": days,
        "named": [one for one in days if one.name or one.source == "provisional"],
        "workdays": sum(one.is_workday for one in days),
        "files": files,
        "version": found.version,
        "proposals": min(len(proposals), proposals_counted_max),
        "has_more_proposals": len(proposals) > proposals_counted_max,
        "before": _shifted(year, number, -1),
        "behind": _shifted(year, number, 1),
    }
    return register_page(request, desk, "calendar", "registers/calendar.html", **facts)


def _month(said: str) -> tuple[int, int]:
    match = _MONTH.fullmatch(said)
    if match is None:
        raise Refusal(Code.MALFORMED_COMMAND, field="month")
    return int(match[1]), int(match[2])


def _shifted(year: int, month: int, by: int) -> str:
    count = year * 12 + month - 1 + by
    return f"{date(count // 12, count % 12 + 1, 1):%Y-%m}"


def _weeks(first_weekday: int, days: list[DayLine]) -> list[list[DayLine | None]]:
    """The days in weeks from Monday on; None where a week has a day of another month."""
    cells: list[DayLine | None] = [*([None] * first_weekday), *days]
    cells += [None] * (-len(cells) % 7)
    return [cells[start : start + 7] for start in range(0, len(cells), 7)]
