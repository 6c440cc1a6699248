"""Contacts that were opened: who read what about whom for which purpose; every account at least its own."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from node.services.journal_log import Asked, openings
from node.services.queries import names
from node.services.readership import OPENING_READERS
from node.web.desk import SignedIn
from node.web.pages.registers.common import day_of, need_offered, register_page

router = APIRouter()


@router.get("/registers/contacts", name="contacts")
def opened_contacts(
    request: Request, desk: SignedIn, account: str = "", subject: str = "", since: str = "", until: str = "", before: int = 0
) -> Response:
    """The openings, the latest first."""
    need_offered(desk, "contacts")
    asked = Asked(account.strip(), subject.strip(), False, day_of("since", since), day_of("until", until), before)
    with desk.node.store.read() as view:
        found = openings(view, asked, desk.viewer)
        called = names(view)
    facts = {"asked": asked, "found": found, "called": called, "sees_all": desk.role in OPENING_READERS}
    return register_page(request, desk, "contacts", "registers/contacts.html", **facts)
