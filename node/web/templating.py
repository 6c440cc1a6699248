"""
Pages from templates: Jinja2 with escaping always on; every text comes from the catalogues through ``t``, ``word`` and ``label``.

A template writes no sentence of its own, and a test holds that.
"""

from datetime import datetime
from functools import cache
from typing import Any

import jinja2
from fastapi import Request
from fastapi.templating import Jinja2Templates
from starlette.responses import Response

from node.domain.time import BEIJING
from node.services.numbers import short_number
from node.texts.catalogue import LANGS, Lang, label, text, word

_ROOMS = "node.web", "templates"


def page(request: Request, template: str, *, status_code: int = 200, **facts: Any) -> Response:
    """*template* filled with *facts*, the desk of the request (None before signing in) and the texts of its language."""
    lang = language_of(request)
    desk = getattr(request.state, "desk", None)
    context = {
        "desk": desk,
        "lang": lang,
        "t": lambda key, /, **given: text(f"web.{key}", lang, **given),
        "word": lambda section, code: word(section, code, lang),
        "label": lambda owner, field: label(owner, field, lang),
        **facts,
    }
    return _templates().TemplateResponse(request, template, context, status_code=status_code)


def language_of(request: Request) -> Lang:
    """The desk's language, else the one that the browser was told to ask for, else Chinese."""
    desk = getattr(request.state, "desk", None)
    if desk is not None:
        return desk.lang  # type: ignore[no-any-return]  # state is untyped
    wanted = request.cookies.get("qyzj_lang") or request.headers.get("accept-language", "")
    return next((lang for lang in LANGS if wanted[:2].lower() == lang[:2].lower()), LANGS[0])


def moment(value: datetime | None, form: str = "%Y-%m-%d %H:%M") -> str:
    """An instant as people read it: Beijing time."""
    return "" if value is None else value.astimezone(BEIJING).strftime(form)


@cache
def _templates() -> Jinja2Templates:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(*_ROOMS),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"moment": moment, "short_number": short_number}
    return Jinja2Templates(env=environment)
