"""The audit: what was written here, by whom, about what; and the state of the chain that all of it stands in."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from node.services.journal_log import Asked, log
from node.services.queries import names
from node.services.reconcile import latest
from node.services.status import status
from node.web.desk import SignedIn
from node.web.pages.registers.common import day_of, need_offered, register_page

router = APIRouter()
ABOUT = ("", "registry")


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
    asked = Asked(account.strip(), subject.strip(), about == "registry", day_of("since", since), day_of("until", until), before)
    node = desk.node
    with node.store.read() as view:
        found = log(view, asked, desk.viewer)
        chain = status(view, node.policies.bare(view).calendar, node.now(), node.wall(), node.settings.heartbeat_seconds)
        facts = {"found": found, "called": names(view), "chain": chain, "own_look": latest(view).get(node.code)}
    return register_page(request, desk, "audit", "registers/audit.html", asked=asked, about=about, choices=ABOUT, **facts)
