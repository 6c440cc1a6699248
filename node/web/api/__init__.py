"""The REST API: every command and every query of a node for other systems, described by one OpenAPI document."""

from fastapi import APIRouter, FastAPI
from starlette.routing import Match
from starlette.types import Scope

from node.web.api import commands, files, pages, query_list
from node.web.api.document import PREFIX


def add_to(app: FastAPI) -> None:
    """
    Everything below ``/api/v1``, what is told by less of its path after what is told by more: files, then commands, which are whatever
    else is posted, then what is asked, fixed names first.
    """
    app.include_router(_below(files.router))
    app.router.routes.append(commands.Posted(PREFIX))
    asked = _below(pages.router)
    query_list.add_to(asked)
    app.include_router(asked)


def _below(first: APIRouter) -> APIRouter:
    router = _Below(prefix=PREFIX)
    router.include_router(first)
    return router


class _Below(APIRouter):
    """A router whose hundred paths are tried for what lies below its prefix only."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return super().matches(scope) if scope["path"].startswith(f"{self.prefix}/") else (Match.NONE, {})
