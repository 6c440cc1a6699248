"""
Taking a need in: from the caller's number or two characters of a name to a number to read out (USERS C26, walk (a)).

Several intakes lie side by side; each is a draft on the server from its first key stroke.  Everything is one form with plain
buttons; where htmx is there, what is typed is kept and looked up at every pause as well.
"""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from node.domain.enterprise.filing import OpenEnterprise
from node.domain.organisation import Role
from node.domain.payload import Text
from node.domain.refusal import Code, Refusal
from node.domain.ticket.completeness import missing_fields
from node.domain.ticket.consent import AskMergeConsent, RecordMergeConsent
from node.domain.ticket.enquiry import LogEnquiry
from node.domain.ticket.ticket import Ticket
from node.domain.time import BEIJING
from node.services import drafts, lookup, queries
from node.services.boards import allowed_roles
from node.services.command_fields import may_give
from node.services.drafts import Draft
from node.services.lookup import PHONE_DIGITS_MIN
from node.services.refusal_words import in_names
from node.services.spoken import said_aloud, said_number
from node.services.triage_inputs import units_here
from node.services.unreadable import whole_ticket
from node.storage.unit_of_work import View
from node.texts.catalogue import explain, text
from node.web.desk import Desk, SignedIn
from node.web.intake_drafts import (
    DROPPED,
    ENDED,
    PREFIX,
    REVISION,
    Tab,
    brought_back,
    ended,
    form_of,
    is_to_be_emptied,
    may_come_back,
    new_id,
    restore_minutes,
    revised,
    tab_of,
    thrown_away,
    under_way,
)
from node.web.intake_form import as_typed, channels_of, command_of, file_of, has_place, offers
from node.web.intake_hints import Hints, hints
from node.web.templating import language_of, page

router = APIRouter()
# What an account chose last is offered first.
_HABIT = "habit/intake"
# The form that opens an enterprise's file.
_OPENING = "open-enterprise"
# The channel of whoever stands before the clerk.
_AT_THE_WINDOW = "window"
# Thrown away, or a call that only asked after an earlier need.
_OVER = {"drop": "intake-dropped", "hang-up": "call-ended"}
_NAMESPACE = uuid.UUID("6f1c1f0e-2a4b-5c8d-9e10-71797a6a0021")


async def _sent(request: Request) -> FormData:
    """The form as it was sent: reading it is the one thing here that has to wait."""
    return await request.form()


@router.get("/intake", name="intake")
def intake(request: Request, desk: SignedIn) -> Response:
    """The intake that was typed into last, or a new one; what was just done is said there."""
    need_desk(desk)
    with desk.node.store.read() as view:
        kept = under_way(view, desk.account)
    latest = max(kept, key=lambda one: one.saved_at).form.removeprefix(PREFIX) if kept else new_id()
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"/intake/{latest}{query}", 303)


@router.get("/intake/new", name="new_intake")
def new_intake(desk: SignedIn) -> Response:
    """One more intake beside those that are under way: the second telephone rings."""
    need_desk(desk)
    return RedirectResponse(f"/intake/{new_id()}", 303)


@router.get("/intake/done/{ticket}", name="registered")
def registered(request: Request, desk: SignedIn, ticket: str) -> Response:
    """
    The number to read out, with its query code, and what is still to be completed.

    Raises:
        Refusal: SUBJECT_UNKNOWN, PERMISSION_DENIED.
    """
    node, now = desk.node, desk.node.now()
    with node.store.read() as view:
        found = _seen(view, desk, ticket)
        policy = node.policies.for_ticket(view, found, now)
        lines = lookup.of_receipt(view, found.details.receipt or found.id, desk.viewer, policy.calendar, now)
        # The code opens the way to what the appellant sees, so only whoever gives it out is shown it.
        is_own = found.intake.registered_by == desk.account
        facts: dict[str, Any] = {
            "lines": lines or (lookup.status_line(found, policy.calendar, now),),
            "code": view.payloads.query_code(found.subject) if is_own else None,
            "missing": missing_fields(found, policy) if found.is_open else (),
            "names": queries.names(view),
            "merge": found.merge_consent,
        }
    lang = language_of(request)
    refused = request.query_params.get("consent", "")
    return page(
        request,
        "intake_done.html",
        ticket=found,
        spoken=lambda line: said_number(line.ticket, lang),
        said=lambda line: said_aloud(line, facts["names"], lang),
        told_number=lambda number: said_number(number, lang),
        consent_refused=explain(Refusal(Code[refused]), lang) if refused in Code.__members__ else None,
        **facts,
    )


@router.get("/intake/{draft}", name="intake_draft")
def show(request: Request, desk: SignedIn, draft: str) -> Response:
    """One intake, as it was typed so far."""
    need_desk(desk)
    kept = _kept(desk, draft)
    over = kept.text(ENDED)
    if over:
        return RedirectResponse("/intake" if over == DROPPED else f"/intake/done/{over}", 303)
    if request.query_params.get("done") == _OPENING and not kept.text("enterprise"):
        kept = _with_file(desk, kept)
    return _page(request, desk, kept)


@router.post("/intake/{draft}/aside", name="intake_aside")
def aside(request: Request, desk: SignedIn, draft: str, form: FormData = Depends(_sent)) -> Response:  # noqa: B008  # how the framework is told
    """Keep what is typed, and answer who that may be, whether the code is one, and what may be the same."""
    need_desk(desk)
    kept, typed = _kept(desk, draft), _typed(desk, draft, form)
    revision = str(form.get(REVISION) or "")
    if kept.text(REVISION) == revision:
        _save(desk, replace(typed, fields={**typed.fields, REVISION: (revision,)}))
    return page(request, "intake_aside.html", **_facts(request, desk, typed))


@router.post("/intake/{draft}")
def carry_on(request: Request, desk: SignedIn, draft: str, form: FormData = Depends(_sent)) -> Response:  # noqa: B008  # as above
    """
    Whatever button was pressed: look the caller up, keep, throw away and bring back, log an enquiry, register.

    Raises:
        Refusal: as ``act``; what is wrong with the intake itself is shown beside its fields.
    """
    need_desk(desk)
    wish, _, of = str(form.get("do") or "find").partition(":")
    left = _kept(desk, draft)
    over = left.text(ENDED)
    if wish == "restore" and may_come_back(left, desk.node.now()):
        _save(desk, brought_back(left, desk.node.now()))
        return RedirectResponse(f"/intake/{draft}?done=intake-restored", 303)
    if over:  # the back button, or a second click: what became of it
        return RedirectResponse("/intake" if over == DROPPED else f"/intake/done/{over}", 303)
    typed = revised(_typed(desk, draft, form))
    is_over = wish in _OVER
    _save(desk, thrown_away(typed) if is_over else typed)
    if is_over:
        return RedirectResponse(f"/intake?done={_OVER[wish]}", 303)
    if wish == "register":
        return _register(request, desk, typed)
    if wish == "enquiry":
        _log_enquiry(request, desk, typed, of)
        return RedirectResponse(f"/intake/{draft}?done=log-enquiry", 303)
    if wish == "open-file":
        return _to_new_file(desk, typed)
    if wish == "find":
        typed = _with_caller(desk, typed)
        return RedirectResponse(f"/intake/{draft}?at=appeal" if typed.text("said") else f"/intake/{draft}", 303)
    return RedirectResponse(f"/intake/{draft}?done=intake-kept", 303)


def _to_new_file(desk: Desk, draft: Draft) -> Response:
    """
    To the form that opens an enterprise's file, filled with what was said already, and back.  It goes by the form's own draft: names and
    numbers stand in no address.  What somebody typed there without an intake stays.
    """
    name, back = f"enterprise/new/{_OPENING}", f"/intake/{draft.form.removeprefix(PREFIX)}"
    with desk.node.store.write() as work:
        left = drafts.load(work, desk.account, name)
        # Of an earlier caller nothing may stand in this one's file; what was typed since about this one stays.
        if left is None or (left.text("back").startswith("/intake/") and left.text("back") != back):
            drafts.save(work, desk.account, name, {**file_of(draft), "back": [back]}, desk.node.now())
    return RedirectResponse(f"/new/{_OPENING}?{urlencode({'back': back})}", 303)


def _with_file(desk: Desk, draft: Draft) -> Draft:
    """The intake for the file that was just opened: the one that is found by what was typed into both."""
    with desk.node.store.read() as view:
        calendar = desk.node.policies.of_node(view, desk.node.now()).calendar
        for words in (one for names in file_of(draft).values() for one in names):
            files = lookup.find(view, words, desk.viewer, calendar, desk.node.now()).enterprises if len(words) > 1 else ()
            if len(files) == 1:
                draft = replace(draft, fields={**draft.fields, "enterprise": (files[0].id,)})
                break
    _save(desk, draft)
    return draft


def need_desk(desk: Desk) -> None:
    """
    Whoever takes needs in sits here.

    Raises:
        Refusal: PERMISSION_DENIED.
    """
    if desk.role not in {role.value for role in lookup.DESKS}:
        raise Refusal(Code.PERMISSION_DENIED, command="Register", role=desk.role)


# --- drafts -----------------------------------------------------------------------------------------------------------


def _seen(view: View, desk: Desk, said: str) -> Ticket:
    return whole_ticket(view, said, desk.viewer)


def _kept(desk: Desk, id: str) -> Draft:
    """The draft as it lies on the server; a new one has the channel that was used last, and the time of now."""
    try:
        uuid.UUID(id)
    except ValueError:
        raise Refusal(Code.PAGE_UNKNOWN, path=f"/intake/{id}") from None
    with desk.node.store.read() as view:
        found = drafts.load(view, desk.account, form_of(id))
        habit = drafts.load(view, desk.account, _HABIT)
        channels = channels_of(desk.node.policies.of_node(view, desk.node.now()).pack, desk.role)
    if found is not None:
        return found
    now = desk.node.now()
    fields = {"received_at": (f"{now.astimezone(BEIJING):%Y-%m-%d %H:%M}",)}
    if habit is not None and habit.text("channel"):
        fields["channel"] = (habit.text("channel"),)
    elif desk.role == Role.WINDOW_CLERK.value and _AT_THE_WINDOW in channels:
        fields |= {"channel": (_AT_THE_WINDOW,), "preset": (_AT_THE_WINDOW,)}
    return Draft(desk.account, form_of(id), fields, now)


def _typed(desk: Desk, id: str, form: FormData) -> Draft:
    sent = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    return Draft(desk.account, form_of(id), as_typed(sent), desk.node.now())


def _save(desk: Desk, draft: Draft) -> None:
    with desk.node.store.write() as work:
        drafts.save(work, desk.account, draft.form, draft.fields, draft.saved_at)


# --- what the buttons do ----------------------------------------------------------------------------------------------


def _with_caller(desk: Desk, draft: Draft) -> Draft:
    """The number that was looked up is the number to call back; the one file that it can mean is chosen, until somebody says no."""
    said = draft.text("said").strip()
    digits = "".join(character for character in said if character.isdigit())
    fields = dict(draft.fields)
    if len(digits) >= PHONE_DIGITS_MIN and len(digits) >= len(said) - 4 and len(digits) <= 13:
        if not draft.text("phone"):
            fields["phone"] = (said,)
        # Somebody calls: that he stands at the window was nobody's word.
        if draft.text("preset") == draft.text("channel"):
            fields.pop("channel", None)
    fields.pop("preset", None)
    with desk.node.store.read() as view:
        policy = desk.node.policies.of_node(view, desk.node.now())
        files = lookup.find(view, said, desk.viewer, policy.calendar, desk.node.now()).enterprises if said else ()
    if len(files) == 1 and not draft.text("enterprise"):
        fields["enterprise"] = (files[0].id,)
    found = replace(draft, fields=fields)
    _save(desk, found)
    return found


def _log_enquiry(request: Request, desk: Desk, draft: Draft, ticket: str) -> None:
    """Somebody asks about an old need: what he is told is the line that is read out.  The same click twice counts once."""
    now, lang = desk.node.now(), language_of(request)
    with desk.node.store.read() as view:
        found = _seen(view, desk, ticket)
        policy = desk.node.policies.for_ticket(view, found, now)
        line = lookup.status_line(found, policy.calendar, now)
        told = said_aloud(line, queries.names(view), lang)
        ways = policy.pack.names("notice.ways")
    way = "phone" if "phone" in ways else ways[0]
    command = LogEnquiry(way, told=Text(told))
    desk.act(command, ticket=found.id, id=str(uuid.uuid5(_NAMESPACE, f"{draft.form}|{found.id}|{line.enquiries}")))


def _register(request: Request, desk: Desk, draft: Draft) -> Response:
    id = draft.form.removeprefix(PREFIX)
    try:
        outcome = desk.act(command_of(draft), id=id)
    except Refusal as refusal:
        return _page(request, desk, draft, refusal)
    ticket = next(entry.header.subject.id for entry in outcome.entries)
    consent = _consent(request, desk, draft, ticket)
    with desk.node.store.write() as work:
        drafts.save(work, desk.account, _HABIT, {"channel": [draft.text("channel")]}, desk.node.now())
        over = ended(draft, ticket)
        drafts.save(work, desk.account, over.form, over.fields, desk.node.now())
    return RedirectResponse(f"/intake/done/{ticket}{consent}", 303)


def _consent(request: Request, desk: Desk, draft: Draft, ticket: str) -> str:
    """
    What the caller was read out about an earlier need, and what he said.  The number stands whatever becomes of this: a refusal is
    shown on the next page.
    """
    into, answer, lang = draft.text("merge_into"), draft.text("merge_answer"), language_of(request)
    if not into:
        return ""
    try:
        asked = AskMergeConsent(into, Text(text("web.intake.read_out", lang, number=said_number(into, lang))))
        desk.act(asked, ticket=ticket, id=str(uuid.uuid5(_NAMESPACE, f"{draft.form}|ask")))
        if answer:
            said = RecordMergeConsent(answer == "given", Text(text(f"web.intake.told.{answer}", lang)))
            desk.act(said, ticket=ticket, id=str(uuid.uuid5(_NAMESPACE, f"{draft.form}|answer")))
    except Refusal as refusal:
        return f"?consent={refusal.code.name}"
    return ""


# --- the page ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Wrong:
    """What was refused, for the form: beside its field if it has one."""

    field: str
    sentence: str
    remedy: str
    is_beside: bool


def _page(request: Request, desk: Desk, draft: Draft, refusal: Refusal | None = None) -> Response:
    facts = _facts(request, desk, draft)
    wrong = None
    if refusal is not None:
        lang = language_of(request)
        with desk.node.store.read() as view:
            sentence, way_out = explain(in_names(view, refusal, lang), lang)
        name = str(refusal.facts.get("field", ""))
        wrong = _Wrong(name, sentence, way_out, has_place(facts["offers"], name))
    with desk.node.store.read() as view:
        tabs = [tab_of(one) for one in under_way(view, desk.account)]
    return page(
        request,
        "intake.html",
        status_code=200 if refusal is None else 422,
        tabs=tabs,
        thrown=_thrown_away(desk),
        restore_minutes=restore_minutes,
        wrong=wrong,
        at=_focus(request, wrong),
        **facts,
    )


def _thrown_away(desk: Desk) -> list[Tab]:
    """What may still be brought back, the last first; of what nobody wanted back in time the words go now."""
    now = desk.node.now()
    with desk.node.store.read() as view:
        over = drafts.of_account(view, desk.account, PREFIX)
    for one in over:
        if is_to_be_emptied(one, now):
            _save(desk, ended(one, DROPPED))
    lately = sorted((one for one in over if may_come_back(one, now)), key=lambda one: one.saved_at, reverse=True)
    return [tab_of(one) for one in lately]


def _focus(request: Request, wrong: _Wrong | None) -> str:
    """Where the keyboard goes on: at what was refused, else where the address says; at the caller if neither says."""
    return (wrong.field or "appeal") if wrong is not None else request.query_params.get("at", "")


def _facts(request: Request, desk: Desk, draft: Draft) -> dict[str, Any]:
    lang, now = language_of(request), desk.node.now()
    with desk.node.store.read() as view:
        policy = desk.node.policies.of_node(view, now)
        names = queries.names(view)
        found = _hints(view, desk, draft, now)
        return {
            "draft": draft,
            "id": draft.form.removeprefix(PREFIX),
            "offers": offers(view, policy.pack, desk.role, desk.unit, draft, units_here(view), now),
            "names": names,
            "hints": found,
            "may_open": may_give(OpenEnterprise, desk.roles, policy.pack),
            "openers": sorted(allowed_roles(policy, OpenEnterprise) - {Role.NODE.value}),
            "said": lambda line: said_aloud(line, names, lang),
            "read_out": lambda ticket: text("web.intake.read_out", lang, number=said_number(ticket, lang)),
        }


def _hints(view: View, desk: Desk, draft: Draft, now: datetime) -> Hints:
    policy = desk.node.policies.of_node(view, now)
    return hints(view, draft, desk.viewer, policy, now)
