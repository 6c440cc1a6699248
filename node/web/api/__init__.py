"""The REST API: every command and every query of a node for other systems, described by one OpenAPI document."""

from fastapi import APIRouter
from starlette.routing import BaseRoute, Match
from starlette.types import Scope

from node.web.api import commands, files, pages, query_list
from node.web.api.document import PREFIX


def api_router() -> APIRouter:
    """What is asked of it, below ``/api/v1``; what has a fixed name first."""
    router = _Below(prefix=PREFIX)
    router.include_router(pages.router)
    router.include_router(files.router)
    query_list.add_to(router)
    return router


def command_route() -> BaseRoute:
    """What is done by it: commands are posted, and nothing else is."""
    return commands.Posted(PREFIX)


class _Below(APIRouter):
    """A router whose hundred paths are tried for what lies below its prefix only."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return super().matches(scope) if scope["path"].startswith(f"{self.prefix}/") else (Match.NONE, {})
