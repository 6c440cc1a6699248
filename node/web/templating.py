"""
Pages from templates: Jinja2 with escaping always on; every text comes from the catalogues through ``t``, ``word`` and ``label``.

A template writes no sentence of its own, and a test holds that.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from datetime import date, datetime
from functools import cache
from importlib import resources
from typing import Any

import jinja2
from fastapi import Request
from fastapi.templating import Jinja2Templates
from starlette.responses import HTMLResponse, Response

from node.domain.register_number import is_valid
from node.domain.time import BEIJING, local_day
from node.services.kept_forms import KeptForm, id_of
from node.services.ledger_words import due_said
from node.services.numbers import short_number
from node.services.queries import names
from node.texts.catalogue import BETWEEN, COLON, LANGS, Lang, catalogue, label, text, word
from node.web.clocks import face, said_day, said_due, whose
from node.web.desk import Desk
from node.web.frame import frame_of
from node.web.kept import asked_for, of_page
from node.web.refill import refill

LANGUAGE_COOKIE = "qyzj_lang"
# Of the page that is being written: a filter is given what it filters and nothing else.
_written_in: ContextVar[Lang] = ContextVar("written_in", default=LANGS[0])
_ROOMS = "node.web", "templates"


def page(request: Request, template: str, *, status_code: int = 200, **facts: Any) -> Response:
    """*template* filled with *facts*, the desk of the request (None before signing in) and the texts of its language."""
    lang = language_of(request)
    _written_in.set(lang)
    desk = getattr(request.state, "desk", None)
    other: Lang = next(one for one in LANGS if one != lang)
    context = {
        "desk": desk,
        "lang": lang,
        "other_lang": other,
        "other_language": text("web.language", other),
        "flash": flash(request.query_params.get("done", ""), lang),
        "t": lambda key, /, **given: text(f"web.{key}", lang, **given),
        "word": lambda section, code: word(section, code, lang),
        "word_pairs": lambda section, codes: [(code, word(section, code, lang)) for code in codes],
        "label": lambda owner, field: label(owner, field, lang),
        "between": BETWEEN[lang],
        "colon": COLON[lang],
        "kept": None,
        "keeping": lambda path, key="": id_of(desk.account, path, key) if desk is not None else "",
        "untaken": lambda: of_page(request, desk) if desk is not None else [],
        **(_at_a_desk(desk, lang) if desk is not None else {}),
        **facts,
    }
    kept = asked_for(request, desk)
    if kept is None:
        return _templates().TemplateResponse(request, template, context, status_code=status_code)
    return HTMLResponse(_refilled(request, template, context, kept, lang), status_code)


def _refilled(request: Request, template: str, context: dict[str, Any], kept: KeptForm, lang: Lang) -> str:
    """The page with *kept* in its form; what has no place there any more stands above it."""

    def rendered(apart: dict[str, tuple[str, ...]]) -> str:
        facts = {**context, "kept": kept, "kept_apart": apart}
        return bytes(_templates().TemplateResponse(request, template, facts).body).decode()

    filled, left = refill(rendered({}), request.url.path, kept)
    if left:
        filled, _ = refill(rendered(_told(context["desk"], left, lang)), request.url.path, kept)
    return filled


def _told(desk: Desk, left: Mapping[str, tuple[str, ...]], lang: Lang) -> dict[str, tuple[str, ...]]:
    """Fields without a place as people call them, those of a board's row with its number; what was chosen in words."""
    known = catalogue(lang)
    with desk.node.store.read() as view:
        called = names(view)
    told = {}
    for name, values in left.items():
        field, _, row = name.partition(":")
        # On boards "other" is the unit that stands on no list, which elsewhere is a ticket.
        key = "web.boards.sorting.other" if row and field == "other" else f"field.{field}"
        title = f"{short_number(row) if is_valid(row) else row} {known.get(key, field)}".strip()
        told[title] = tuple(called.units.get(one) or known.get(f"{field}.{one}", one) for one in values)
    return told


def _at_a_desk(desk: Desk, lang: Lang) -> dict[str, Any]:
    """What pages behind the door have beside: the frame, business time, and clocks and days as people say them."""
    now = desk.node.now()
    return {
        "now": now,
        "frame": frame_of(desk),
        "face": lambda clock, names=None: face(clock, now, lang, names),
        "said_due": lambda value: said_due(value, now, lang),
        "whose": lambda owes, names=None: whose(owes, lang, names),
        "day": lambda value: said_day(
            value if isinstance(value, date) and not isinstance(value, datetime) else local_day(value), local_day(now), lang
        ),
    }


def flash(done: str, lang: Lang) -> str:
    """What was just done, as the address behind a redirect says it: "web.done.<done>", or a command by its verb; empty otherwise."""
    known = catalogue(lang)
    if f"web.done.{done}" in known:
        return text(f"web.done.{done}", lang)
    command = "".join(part.capitalize() for part in done.split("-"))
    return text("web.command_done", lang, command=command) if f"command.{command}" in known else ""


def language_of(request: Request) -> Lang:
    """The language that was switched to in this browser, else the desk's, else the one that the browser asks for, else Chinese."""
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    if chosen in LANGS:
        return chosen
    desk = getattr(request.state, "desk", None)
    if desk is not None:
        return desk.lang  # type: ignore[no-any-return]  # state is untyped
    wanted = request.headers.get("accept-language", "")
    return next((lang for lang in LANGS if wanted[:2].lower() == lang[:2].lower()), LANGS[0])


def number_shown(number: str) -> str:
    """A register number as people say it; what is none is shown whole, and said to be damaged."""
    return short_number(number) if is_valid(number) else text("web.number_damaged", _written_in.get(), number=number)


def moment(value: datetime | None, form: str = "%Y-%m-%d %H:%M") -> str:
    """An instant as people read it: Beijing time."""
    return "" if value is None else value.astimezone(BEIJING).strftime(form)


def bytes_said(count: int) -> str:
    """How large a file is, as people say it."""
    return f"{count / 1024**2:.1f} MB" if count >= 1024**2 else f"{max(1, round(count / 1024))} KB"


@cache
def _templates() -> Jinja2Templates:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(*_ROOMS),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"moment": moment, "due": due_said, "short_number": number_shown, "bytes_said": bytes_said}
    # htmx comes with the build and not with the source: without it every page works by forms and links alone.
    environment.globals["has_script"] = (resources.files(_ROOMS[0]) / "static" / "vendor" / "htmx.min.js").is_file()
    return Jinja2Templates(env=environment)
