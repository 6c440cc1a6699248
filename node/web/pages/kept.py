"""``/kept/{id}``: back to the form that was not taken; and what a page keeps by itself while somebody types."""

from fastapi import APIRouter, Depends, Request
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from node.domain.refusal import Code, Refusal
from node.services import kept_forms
from node.web.desk import SignedIn
from node.web.kept import address_of, drop, is_id, keep_as
from node.web.sessions import safe_path

router = APIRouter()


async def _sent(request: Request) -> FormData:
    return await request.form()


@router.get("/kept/{id}", name="kept")
def kept(desk: SignedIn, id: str) -> Response:
    """To the page of the form, filled with what was typed; whoever did not type it finds nothing and sees nothing of it."""
    with desk.node.store.read() as view:
        found = kept_forms.load(view, desk.account, id, desk.node.now())
    return RedirectResponse("/?done=kept_gone" if found is None else address_of(found), 303)


@router.post("/kept/{id}/drop", name="drop_kept")
def drop_kept(request: Request, desk: SignedIn, id: str) -> Response:
    """It is wanted no more."""
    drop(desk.node, desk.account, id)
    return RedirectResponse("/?done=draft_dropped", 303)


@router.post("/kept/{id}", name="keep_form", status_code=204)
def keep_form(request: Request, desk: SignedIn, id: str, path: str = "", form: FormData = Depends(_sent)) -> Response:  # noqa: B008  # how the framework is told
    """The form that is sent to *path*, as it is typed by now."""
    if not is_id(id) or safe_path(path) != path:
        raise Refusal(Code.MALFORMED_COMMAND, field="path")
    keep_as(request, form, desk.account, path, id)
    return Response(status_code=204)
