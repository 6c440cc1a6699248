"""The audit: what was written here, by whom, about what; and the state of the chain that all of it stands in."""

from collections.abc import Sequence
from datetime import date
from itertools import groupby

from fastapi import APIRouter, Request
from sqlalchemy import false, or_, select
from starlette.responses import Response

from node.domain.entry import Subject, SubjectKind
from node.domain.time import local_day
from node.services.dossier_names import dossier_name
from node.services.journal_log import Asked, LogLine, log
from node.services.narrowing import is_numbered
from node.services.numbers import number_pattern
from node.services.queries import Names, names
from node.services.reconcile import latest
from node.services.status import status
from node.storage import schema
from node.storage.unit_of_work import View
from node.web.desk import SignedIn
from node.web.pages.registers.common import day_of, need_offered, register_page

router = APIRouter()
ABOUT = ("", "registry")
# What people call otherwise than by its id.
_NAMED = frozenset(one.value for one in (SubjectKind.ORDER, SubjectKind.MEETING, SubjectKind.LETTER, SubjectKind.TASK, SubjectKind.LEADER))


@router.get("/registers/audit", name="audit")
def audit(
    request: Request,
    desk: SignedIn,
    account: str = "",
    subject: str = "",
    about: str = "",
    since: str = "",
    until: str = "",
    before: int = 0,
) -> Response:
    """Entries of this node's journal, the latest first."""
    need_offered(desk, "audit")
    node = desk.node
    with node.store.read() as view:
        called = names(view)
        meant = _account(called, account.strip()), _subject(view, subject.strip())
        asked = Asked(*meant, about == "registry", day_of("since", since), day_of("until", until), before)
        found = log(view, asked, desk.viewer)
        dossiers = {
            one.subject: dossier_name(view, Subject(one.subject_kind, one.subject), called, desk.lang)
            for one in found.lines
            if one.subject_kind in _NAMED
        }
        chain = status(view, node.policies.bare(view).calendar, node.now(), node.wall(), node.settings.heartbeat_seconds)
        facts = {"found": found, "called": called, "dossiers": dossiers, "chain": chain, "own_look": latest(view).get(node.code)}
        facts |= {"days": _by_day(found.lines), "typed_account": account.strip(), "typed_subject": subject.strip()}
    return register_page(request, desk, "audit", "registers/audit.html", asked=asked, about=about, choices=ABOUT, **facts)


def _account(called: Names, said: str) -> str:
    """The account that somebody means: by itself, or by the name of whoever has it, if only one is called so."""
    own = [account for account, person in called.people.items() if person == said]
    return own[0] if len(own) == 1 and said not in called.people else said


def _subject(view: View, said: str) -> str:
    """The id of what somebody means: a ticket by its spoken or its printed number, an order by its own, anything else by its id."""
    tickets, dossiers = schema.tickets, schema.dossiers
    if not said:
        return ""
    pattern = number_pattern(said)
    of_ticket = or_(tickets.c.number == said, is_numbered(pattern) if pattern is not None else false())
    found = list(view.connection.execute(select(tickets.c.id).where(of_ticket).limit(2)).scalars())
    found = found or list(view.connection.execute(select(dossiers.c.id).where(dossiers.c.key == said).limit(2)).scalars())
    return str(found[0]) if len(found) == 1 else said


def _by_day(lines: Sequence[LogLine]) -> list[tuple[date, list[LogLine]]]:
    """*lines* under the day, in Beijing, on which each was written."""
    return [(day, list(of_day)) for day, of_day in groupby(lines, key=lambda one: local_day(one.at))]
