"""Enterprise files (一企一档): the list, one file with its needs, and its contacts, opened for a purpose and entered."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from node.domain.enterprise.filing import OpenEnterprise, UpdateEnterprise
from node.domain.enterprise.record import Enterprise, Person
from node.domain.entry import Actor
from node.domain.payload import SealedRef
from node.domain.refusal import Code, Refusal
from node.services import enterprise_register as register
from node.services import enterprises
from node.services.intake_facts import file_of
from node.services.openings import HANDLING, RIGHTS, open_file
from node.services.queries import names
from node.services.redaction import is_about_one, unseen_in
from node.services.scope import sees_all
from node.services.ticket_view import EntryLine, entry_line
from node.storage.unit_of_work import View
from node.web.desk import Desk, SignedIn
from node.web.pages.registers.common import may_give, need_offered, register_page

router = APIRouter()


@router.get("/registers/enterprises", name="enterprises")
def listed(
    request: Request,
    desk: SignedIn,
    q: str = "",
    subject_type: str = "",
    area: str = "",
    block: str = "",
    needs: str = "",
    page: int = 1,
) -> Response:
    """Files by name, code and kind, those with overdue needs first."""
    need_offered(desk, "enterprises")
    wanted = register.Wanted(q, subject_type, area, block, needs if needs in ("open", "overdue") else "", page)
    with desk.node.store.read() as view:
        found = register.listed(view, wanted, desk.viewer, desk.node.now())
        choices = {column: register.choices(view, column) for column in ("subject_type", "area", "block")}
    more = page * register.files_max < found.count
    facts = {"found": found, "wanted": wanted, "choices": choices, "next_page": page + 1 if more else 0}
    facts["may_change"] = may_give(desk, OpenEnterprise)
    facts["is_part"] = not sees_all(desk.viewer)
    return register_page(request, desk, "enterprises", "registers/enterprises.html", **facts)


@router.get("/registers/enterprises/{id}", name="enterprise")
def one_file(request: Request, desk: SignedIn, id: str) -> Response:
    """One enterprise, one file."""
    return _file_page(request, desk, id, {})


@router.post("/registers/enterprises/{id}/contacts", name="open_enterprise_contacts")
def open_contacts(request: Request, desk: SignedIn, id: str, purpose: Annotated[str, Form()] = "") -> Response:
    """The contacts of the file, shown once, on this answer only; the opening is an entry."""
    if purpose != HANDLING:
        raise Refusal(Code.PURPOSE_REQUIRED, ticket=id, purpose=purpose)
    with desk.node.store.read() as view:
        file = register.whole_file(view, id, desk.viewer)
    refs = _contacts(file)
    desk.need_second_factor()
    opened = desk.node.writer.command(lambda work: open_file(work, desk.viewer, file, refs, desk.node.now()))
    answer = _file_page(request, desk, id, opened)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _file_page(request: Request, desk: Desk, id: str, opened: dict[str, str]) -> Response:
    need_offered(desk, "enterprises")
    with desk.node.store.read() as view:
        file = register.whole_file(view, id, desk.viewer)
        calendar, now = desk.node.policies.bare(view).calendar, desk.node.now()
        page = enterprises.file_page(view, id, calendar, now, desk.viewer)
        facts = {
            "file": file,
            "name": register.name_of(view, file),
            "page": page,
            "profile": enterprises.profile(view, id, calendar, now, desk.viewer),
            "history": _history(view, file, desk.viewer),
            "called": names(view),
            "tied": {one: _tied_name(view, one) for one in page.tied},
        }
    facts |= {
        "contacts": sorted(_contacts(file)),
        "opened": opened,
        "may_change": may_give(desk, UpdateEnterprise),
        "may_open": desk.role in {role.value for role in RIGHTS[HANDLING]},
    }
    return register_page(request, desk, "enterprises", "registers/enterprise.html", **facts)


def _contacts(file: Enterprise) -> dict[str, SealedRef]:
    """What of the file is a contact and can be opened: by "contact", "phone", "position", "address", "private_code"."""
    person = file.person or Person(file.opened_at, None, None)
    reach = {
        "contact": person.name,
        "phone": person.phone,
        "position": person.position,
        "address": file.address,
        "private_code": file.private_code,
    }
    return {name: ref for name, ref in reach.items() if isinstance(ref, SealedRef)}


def _history(view: View, file: Enterprise, viewer: Actor) -> list[EntryLine]:
    """The latest first, without what was done there about a ticket that *viewer* does not see."""
    entries = sorted(view.journal.of_subject(file.subject), key=lambda one: (one.header.recorded_at, one.header.seq), reverse=True)
    lines = [entry_line(view, file.subject, one.folded, True) for one in entries]
    unseen = unseen_in(view, viewer, [dict(one.facts) for one in lines])
    return [one for one in lines if not is_about_one(one.facts, unseen)]


def _tied_name(view: View, id: str) -> str:
    found = file_of(view, id)
    return register.name_of(view, found) if found is not None else ""
