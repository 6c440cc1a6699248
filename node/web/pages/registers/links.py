"""Links: how far each neighbour is, and whether its copy is the same as ours, in words (与上级副本一致 / 待见证 / 历史不一致)."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from node.services.link_proof import proofs, state_of
from node.services.queries import names
from node.services.reconcile import latest
from node.services.status import status
from node.texts.catalogue import catalogue, text
from node.web.desk import Desk, SignedIn
from node.web.machine import certificate_days, free_percent
from node.web.pages.registers.common import need_offered, register_page

router = APIRouter()
# So many places that differ are named; the rest is counted.
differing_shown_max = 20


@router.get("/registers/links", name="links")
def links(request: Request, desk: SignedIn) -> Response:
    """The superior and every subordinate."""
    need_offered(desk, "links")
    node = desk.node
    with node.store.read() as view:
        found = status(
            view,
            node.policies.bare(view).calendar,
            node.now(),
            node.wall(),
            node.settings.heartbeat_seconds,
            free_percent=free_percent(node),
            certificate_days=certificate_days(node),
        )
        compared = latest(view)
        called = names(view)
    facts = {
        "found": found,
        "proofs": proofs(found.links, compared),
        "states": {link.peer: state_of(link) for link in found.links},
        "situations": [(one.colour, _sentence(desk, one.code, dict(one.facts), one.peer)) for one in found.situations],
        "compared": [compared[peer] for peer in sorted(compared)],
        "called": called,
        "differing_shown_max": differing_shown_max,
    }
    return register_page(request, desk, "links", "registers/links.html", **facts)


def _sentence(desk: Desk, code: str, facts: dict[str, str | int], peer: str) -> str:
    """A situation in words; an error of the link by its own sentence, where it has one."""
    given: dict[str, str | int] = {"node": "", **facts, "peer": peer}
    error = str(given.get("error", ""))
    if error:
        given["error"] = catalogue(desk.lang).get(f"coded.{error}.sentence", error)
    return text(f"situation.{code}", desk.lang, **given)
