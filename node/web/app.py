"""What is served over HTTP, put together: static files, the staff's pages, the REST API, and refusals in words."""

from importlib import resources

from fastapi import Depends, FastAPI
from starlette.staticfiles import StaticFiles

from node.services.acting import Node
from node.services.oidc import provider_of
from node.web import api, problems
from node.web.api import open311
from node.web.api.together import Together
from node.web.pages import (
    accounts,
    acts,
    attachments,
    boards,
    first_day,
    intake,
    kept,
    language,
    leader,
    ledger,
    me,
    oidc,
    papers,
    registers,
    search,
    sign_in,
    ticket,
    ticket_list,
    today,
    trust,
)
from node.web.security import Guarded, need_own_form
from node.web.sessions import Sessions

# The pages whose paths take any word come last.
_DESKS = (
    accounts,
    attachments,
    boards,
    first_day,
    intake,
    kept,
    language,
    leader,
    ledger,
    me,
    oidc,
    papers,
    registers,
    search,
    sign_in,
    ticket_list,
    today,
    trust,
    acts,
    ticket,
)


def create_app(node: Node) -> FastAPI:
    """
    The pages and the API of *node*.  The framework's own documentation pages load from a CDN and stay off.

    Raises:
        Refusal: EXTRA_MISSING, SETTING_REFUSED, as ``provider_of``.
    """
    app = FastAPI(title="qyzj", docs_url=None, redoc_url=None, openapi_url=None, dependencies=[Depends(need_own_form)])
    app.state.node = node
    app.state.provider = provider_of(node.settings)
    app.state.together = Together(node)
    problems.add_to(app)
    app.mount("/static", StaticFiles(directory=str(resources.files("node.web") / "static")), name="static")
    api.add_to(app)
    for desk in _DESKS:
        app.include_router(desk.router)
    app.include_router(open311.router)
    # The last one stands outermost.
    app.add_middleware(Sessions, node=node)
    app.add_middleware(Guarded)
    return app
