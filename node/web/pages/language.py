"""The switch of language, beside every page."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from node.domain.refusal import Code, Refusal
from node.texts.catalogue import LANGS
from node.web.templating import LANGUAGE_COOKIE

router = APIRouter()
cookie_seconds = 365 * 24 * 3600


@router.post("/language", name="speak")
def speak(request: Request, lang: Annotated[str, Form()], back: Annotated[str, Form()] = "/") -> Response:
    """
    Show every page of this browser in *lang* from now on and go *back*.

    Raises:
        Refusal: VALUE_NOT_OFFERED.
    """
    if lang not in LANGS:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="lang", value=lang, offered=LANGS)
    answer = RedirectResponse(own_path(back), 303)
    answer.set_cookie(LANGUAGE_COOKIE, lang, max_age=cookie_seconds, httponly=True, samesite="lax", secure=request.url.scheme == "https")
    return answer


def own_path(back: str) -> str:
    """*back* if it is a path of this site, else the first page: an address that somebody else wrote leads nowhere else."""
    parts = urlsplit(back)
    is_own = back.startswith("/") and not back.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return back if is_own and back.isprintable() and "\\" not in back else "/"
