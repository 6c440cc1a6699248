"""What is served over HTTP, put together: static files, the staff's pages, the REST API, and refusals in words."""

from importlib import resources

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from node.services.acting import Node
from node.web import problems
from node.web.pages import attachments, first_day, leader, registers, search, today


def create_app(node: Node) -> FastAPI:
    """The pages and the API of *node*.  The framework's own documentation pages load from a CDN and stay off."""
    app = FastAPI(title="qyzj", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.node = node
    problems.add_to(app)
    app.mount("/static", StaticFiles(directory=str(resources.files("node.web") / "static")), name="static")
    for desk in (today, attachments, registers, search, leader, first_day):
        app.include_router(desk.router)
    return app
