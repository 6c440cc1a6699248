"""The REST API: every command and every query of a node for other systems, described by one OpenAPI document."""

from fastapi import APIRouter

from node.web.api import commands, pages, query_list
from node.web.api.document import PREFIX


def api_router() -> APIRouter:
    """All of it, below ``/api/v1``: what has a fixed name first, then what has an id there."""
    router = APIRouter(prefix=PREFIX)
    router.include_router(pages.router)
    query_list.add_to(router)
    router.include_router(commands.router)
    return router
