"""
The forms of all commands: shown, kept as drafts while they are typed, sent once, and shown again with every text if they are refused.

A form is at ``/tickets/{id}/do/{verb}``, at ``/{kind}/{id}/do/{verb}`` for other subjects and at ``/new/{verb}`` for what starts
one; it is sent to the same address.
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect
from starlette.responses import RedirectResponse, Response

from node.domain.command import Command
from node.domain.entry import SubjectKind
from node.domain.refusal import Code, Refusal
from node.domain.ticket.correction import Correct
from node.domain.ticket.handling import AddEvidence, SubmitMaterial
from node.services import drafts, uploads
from node.services.command_fields import command_fields, commands, may_give
from node.services.handle import Outcome
from node.services.refusal_words import in_names
from node.services.ticket_view import EntryLine
from node.storage.unit_of_work import UnitOfWork
from node.texts.catalogue import Lang, explain
from node.web import correction_form, files, forms, options, pieces
from node.web.desk import Desk, SignedIn
from node.web.matter import Matter, known_of, matter_of, sources_of
from node.web.pages.ticket import happenings
from node.web.problems import http_status
from node.web.sessions import safe_path
from node.web.templating import language_of, page

router = APIRouter()

draft_bytes_max = 512 * 1024
_KEEP, _DROP, _ATTACH = "keep", "drop", "attach"
# Where somebody goes who gave a command about a subject of this kind and said no other way back.
_HOMES: Mapping[SubjectKind, str] = {
    SubjectKind.ENTERPRISE: "/registers/enterprises",
    SubjectKind.ROUND: "/boards/rounds",
    SubjectKind.ORDER: "/boards/supervision",
    SubjectKind.MEETING: "/boards/meetings",
    SubjectKind.LEADER: "/boards/leading",
    SubjectKind.LETTER: "/boards/letters",
}


async def sent(request: Request) -> dict[str, list[str]]:
    """The texts of the form that was sent, by field, in their order; files are taken elsewhere."""
    try:
        form = await request.form()
    except ClientDisconnect as gone:
        # The browser went on to another page while it was still sending a draft: nobody waits for the answer.
        raise Refusal(Code.MALFORMED_COMMAND, field="form") from gone
    found: dict[str, list[str]] = {}
    for name, value in form.multi_items():
        if isinstance(value, str):
            found.setdefault(name, []).append(value)
    return found


Sent = Annotated[dict[str, list[str]], Depends(sent)]


# --- addresses --------------------------------------------------------------------------------------------------------


@router.get("/new/{verb}", name="new_form")
def new_form(request: Request, desk: SignedIn, verb: str) -> Response:
    """The form of a command that starts a subject."""
    return _show(request, desk, matter_of(request, desk, verb))


@router.post("/new/{verb}", name="start")
def start(request: Request, desk: SignedIn, verb: str, typed: Sent, brought: files.Brought) -> Response:
    """Give it."""
    return _take(request, desk, matter_of(request, desk, verb), typed, brought)


@router.get("/tickets/{id}/do/{verb}", name="ticket_form")
def ticket_form(request: Request, desk: SignedIn, id: str, verb: str) -> Response:
    """The form of a command about a ticket."""
    return _show(request, desk, matter_of(request, desk, verb, SubjectKind.TICKET, id))


@router.post("/tickets/{id}/do/{verb}", name="ticket_act")
def ticket_act(request: Request, desk: SignedIn, id: str, verb: str, typed: Sent) -> Response:
    """Give it."""
    return _take(request, desk, matter_of(request, desk, verb, SubjectKind.TICKET, id), typed)


@router.post("/drafts", name="keep_draft", status_code=204)
def keep_draft(desk: SignedIn, typed: Sent) -> Response:
    """What is typed into a form, kept as it is typed: sent by the page itself every few seconds."""
    name = (typed.get("kept_as") or [""])[0]
    if len(name) > 120 or name.count("/") != 2 or name.rpartition("/")[2] not in commands():
        raise Refusal(Code.MALFORMED_COMMAND, field="kept_as")
    _keep(desk, name, typed)
    return Response(status_code=204)


@router.get("/{kind}/{id}/do/{verb}", name="subject_form")
def subject_form(request: Request, desk: SignedIn, kind: str, id: str, verb: str) -> Response:
    """The form of a command about another subject."""
    return _show(request, desk, matter_of(request, desk, verb, _kind(request, kind), id))


@router.post("/{kind}/{id}/do/{verb}", name="subject_act")
def subject_act(request: Request, desk: SignedIn, kind: str, id: str, verb: str, typed: Sent, brought: files.Brought) -> Response:
    """Give it."""
    return _take(request, desk, matter_of(request, desk, verb, _kind(request, kind), id), typed, brought)


def _kind(request: Request, kind: str) -> SubjectKind:
    found = next((one for one in SubjectKind if one.value == kind and one is not SubjectKind.TICKET), None)
    if found is None:
        raise Refusal(Code.PAGE_UNKNOWN, path=request.url.path)
    return found


# --- showing ----------------------------------------------------------------------------------------------------------


def _show(request: Request, desk: Desk, matter: Matter) -> Response:
    """The form as it was typed last, else as the address fills it, else empty."""
    with desk.node.store.read() as view:
        draft = drafts.load(view, desk.account, matter.draft)
    other = request.query_params.get("field", "") if matter.command is Correct else ""
    if draft is not None and other and draft.text("field") != other:
        # What was typed about another fact is no value of this one.
        draft = None
    names = {field.name for field in command_fields(matter.command)}
    if draft is not None:
        typed = {name: list(values) for name, values in draft.fields.items()}
        return _page(request, desk, matter, typed, draft=draft, since=draft.text("seen"))
    asked = {name: request.query_params.getlist(name) for name in names if name in request.query_params}
    return _page(request, desk, matter, {**known_of(matter), **asked}, is_fresh=True)


def _page(
    request: Request,
    desk: Desk,
    matter: Matter,
    typed: forms.Typed,
    *,
    is_fresh: bool = False,
    refusal: Refusal | None = None,
    wrong: Mapping[str, tuple[str, str]] | None = None,
    draft: drafts.Draft | None = None,
    since: str = "",
) -> Response:
    lang = language_of(request)
    form = forms.form_of(matter.command, typed, matter.choices, matter.pack, lang, wrong, is_fresh)
    facts: tuple[forms.Choice, ...] = ()
    if matter.command is Correct:
        facts = matter.choices["field"]
        chosen = correction_form.chosen_of(typed, facts)
        if chosen:
            form, facts = correction_form.fitting(form, chosen, matter.choices, lang), ()
            with desk.node.store.read() as view:
                calendar, now = desk.node.policies.bare(view).calendar, desk.node.now()
                form = correction_form.searched(form, typed, view, desk.viewer, calendar, now, lang)
    sentence, remedy = explain(refusal, lang) if refusal else ("", "")
    status = http_status(refusal.code) if refusal else 422 if wrong else 200
    back = next(iter(typed.get("back", ())), "") or request.query_params.get("back", "")
    come = pieces.come(desk, pieces.LETTER, typed.get(files.COME, ())) if form.brings_files else []
    called = {one.name for one in come}
    return page(
        request,
        "form.html",
        status_code=status,
        form=form,
        facts_to_correct=facts,
        sources=sources_of(matter, lang),
        matter=matter,
        names=matter.shown.names if matter.shown else None,
        sentence=sentence,
        remedy=remedy,
        is_conflict=refusal is not None and refusal.code is Code.VERSION_CONFLICT,
        # What he wrote himself in between, as a file that he handed in, is no news to him.
        changes=happenings([one for one in _changes(matter, since) if one.account != desk.account], matter.shown.names, lang)
        if matter.shown
        else [],
        wrong=wrong or {},
        draft=draft,
        back=safe_path(back, ""),
        way_out=safe_path(back, _home(matter)),
        may_attach=matter.shown is not None and any(may_give(one, desk.roles, matter.pack) for one in (AddEvidence, SubmitMaterial)),
        command_id=next(iter(typed.get("command_id", ())), "") or str(uuid.uuid4()),
        accept=",".join(uploads.ACCEPTED),
        sought=next(iter(typed.get(correction_form.FIND, ())), ""),
        chosen=[one for one in dict.fromkeys(typed.get(files.CHOSEN, ())) if one and one not in called],
        come=come,
    )


def _changes(matter: Matter, since: str) -> list[EntryLine]:
    """What was written about the ticket since somebody saw it at custody number and version *since*."""
    if matter.shown is None or not since or since == matter.seen:
        return []
    number, _, version = since.partition(".")
    if not (number.isdecimal() and version.isdecimal()):
        return []
    seen = (int(number), int(version))
    line = list(matter.shown.timeline)
    last = max((place for place, one in enumerate(line) if one.version and (one.custody, one.version) <= seen), default=-1)
    return line[last + 1 :]


# --- taking -----------------------------------------------------------------------------------------------------------


def _take(request: Request, desk: Desk, matter: Matter, typed: dict[str, list[str]], brought: Sequence[UploadFile] = ()) -> Response:
    """
    Give the command that was typed, or show the form again with every text and what is wrong.  Of *brought*, the files that came
    with it, only the names stay then: no browser lets a page choose them again.
    """
    files_field = forms.files_field(matter.command)
    if files_field:
        # What is named here was handed in with this very form: a digest that somebody typed opens no other file of the node.
        typed.pop(files_field, None)
        typed.pop(files.NAMES, None)
        typed[files.CHOSEN] = list(dict.fromkeys((*files.names_of(brought), *typed.get(files.CHOSEN, ()))))
    then = next(iter(typed.get("then", ())), "")
    if then == correction_form.FIND:
        # Names stand in no address: what was found is shown where it was asked for.
        _keep(desk, matter.draft, typed)
        return _page(request, desk, matter, typed, since=next(iter(typed.get("seen", ())), ""))
    if then in (_KEEP, _DROP, _ATTACH):
        return _set_aside(request, desk, matter, typed, then)
    lang = language_of(request)
    for name in forms.listed_of(matter.command):
        typed[name] = [options.meant(matter.choices.get(name, ()), one.strip()) for one in typed.get(name, ())]
    read = forms.read_form(matter.command, typed, lang)
    come = [one.id for one in pieces.come(desk, pieces.LETTER, typed.get(files.COME, ()))] if files_field else []
    not_taken = _not_taken(desk, typed, brought, lang) if files_field else None
    if read.command is None or not_taken:
        _keep(desk, matter.draft, typed)
        return _page(request, desk, matter, typed, wrong={**read.refused, **({files_field: not_taken} if not_taken else {})})
    try:
        command = read.command
        if files_field:
            kept = [pieces.finish(desk, pieces.LETTER, one) for one in come]
            command = files.with_files(command, files_field, desk.node.blobs, brought, kept)
        outcome = _give(desk, matter, command, typed)
    except Refusal as refusal:
        _keep(desk, matter.draft, typed)
        return _refused(request, desk, matter, typed, refusal, lang)
    desk.node.writer.command(lambda work: drafts.drop(work, desk.account, matter.draft))
    back = safe_path(next(iter(typed.get("back", ())), ""), _after(matter, outcome))
    return RedirectResponse(_with(back, done=request.url.path.rpartition("/")[2] if outcome.entries else "nothing"), 303)


def _not_taken(desk: Desk, typed: Mapping[str, list[str]], brought: Sequence[UploadFile], lang: Lang) -> tuple[str, str] | None:
    """What is wrong with the first of all files that came, whichever way."""
    return pieces.look_at(desk, pieces.LETTER, typed.get(files.COME, ()), lang) or files.look_at(brought, lang)


def _give(desk: Desk, matter: Matter, command: Command, typed: Mapping[str, list[str]]) -> Outcome:
    number, _, version = next(iter(typed.get("seen", ())), "").partition(".")
    seen = (int(number), int(version)) if number.isdecimal() and version.isdecimal() and matter.seen else None
    id = next(iter(typed.get("command_id", ())), "")
    return desk.act(command, subject=matter.subject, id=id, seen=seen)


def _refused(request: Request, desk: Desk, matter: Matter, typed: dict[str, list[str]], refusal: Refusal, lang: Lang) -> Response:
    since = next(iter(typed.get("seen", ())), "")
    if refusal.code is Code.VERSION_CONFLICT:
        # Of another clerk's change in between: the form is about the subject as it stands now.
        verb = request.url.path.rpartition("/")[2]
        matter = matter_of(request, desk, verb, matter.command.subject_kind, matter.subject)
    with desk.node.store.read() as view:
        named = in_names(view, refusal, lang)
    wrong = forms.at_field(matter.command, refusal, lang, named)
    return _page(request, desk, matter, typed, refusal=named, wrong=wrong, since=since)


def _set_aside(request: Request, desk: Desk, matter: Matter, typed: dict[str, list[str]], then: str) -> Response:
    if then != _DROP:
        _keep(desk, matter.draft, typed)
        back = next(iter(typed.get("back", ())), "")
        if then == _ATTACH and matter.shown is not None:
            return RedirectResponse(_with(f"/tickets/{matter.subject}/attach", back=_with(request.url.path, back=back)), 303)
        return RedirectResponse(_with(request.url.path, done="draft_kept", back=back), 303)
    desk.node.writer.command(lambda work: drafts.drop(work, desk.account, matter.draft))
    return RedirectResponse(_with(safe_path(next(iter(typed.get("back", ())), ""), _home(matter)), done="draft_dropped"), 303)


def _keep(desk: Desk, name: str, typed: Mapping[str, list[str]]) -> None:
    size = sum(len(one.encode()) for values in typed.values() for one in values)
    if size > draft_bytes_max:
        raise Refusal(Code.PAYLOAD_TOO_LARGE, bytes=size, bytes_max=draft_bytes_max)
    fields = {field: values for field, values in typed.items() if field not in ("csrf", "then", "kept_as", "kept")}
    command_id = next(iter(typed.get("command_id", ())), "")

    def keep(work: UnitOfWork) -> None:
        # What the page sent while the form itself was on its way comes late: the command was carried out, and its draft dropped.
        if not (command_id and work.journal.of_cause(command_id)):
            drafts.save(work, desk.account, name, fields, desk.node.now())

    desk.node.writer.command(keep)


# --- addresses of this node -------------------------------------------------------------------------------------------


def _home(matter: Matter) -> str:
    if matter.command.subject_kind is SubjectKind.TICKET:
        return f"/tickets/{matter.subject}" if matter.subject else "/"
    return _HOMES.get(matter.command.subject_kind, "/")


def _after(matter: Matter, outcome: Outcome) -> str:
    if matter.command.subject_kind is SubjectKind.TICKET and outcome.subject.id:
        return f"/tickets/{outcome.subject.id}"
    return _home(matter)


def _with(path: str, **more: Any) -> str:
    """*path* with these parameters; those that are empty are left out."""
    query = urlencode({name: value for name, value in more.items() if value})
    return f"{path}{'&' if '?' in path else '?'}{query}" if query else path
