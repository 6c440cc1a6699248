"""``/kept/{id}``: back to the form that was not taken."""

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from node.services import kept_forms
from node.web.desk import SignedIn
from node.web.kept import address_of

router = APIRouter()


@router.get("/kept/{id}", name="kept")
def kept(desk: SignedIn, id: str) -> Response:
    """To the page of the form, filled with what was typed; whoever did not type it finds nothing and sees nothing of it."""
    with desk.node.store.read() as view:
        found = kept_forms.load(view, desk.account, id, desk.node.now())
    return RedirectResponse("/?done=kept_gone" if found is None else address_of(found), 303)
