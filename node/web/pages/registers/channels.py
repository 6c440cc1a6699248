"""The register of channels: both ways, with the counts of the last thirty days."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from node.services.channel_register import channel_register, days_back
from node.web.desk import SignedIn
from node.web.pages.registers.common import register_page

router = APIRouter()


@router.get("/registers/channels", name="channels")
def channels(request: Request, desk: SignedIn) -> Response:
    """By which ways needs come in, and by which messages go out."""
    with desk.node.store.read() as view:
        found = channel_register(desk.node, view, desk.viewer)
    return register_page(request, desk, "channels", "registers/channels.html", found=found, told=found.told, days_back=days_back)
