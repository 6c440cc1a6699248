"""
The forms of all commands: shown, kept as drafts while they are typed, sent once, and shown again with every text if they are refused.

A form is at ``/tickets/{id}/do/{verb}``, at ``/{kind}/{id}/do/{verb}`` for other subjects and at ``/new/{verb}`` for what starts
one; it is sent to the same address.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect
from starlette.responses import RedirectResponse, Response

from node.domain.command import Command
from node.domain.entry import Actor, SubjectKind
from node.domain.meeting.record import Meeting
from node.domain.pack import Pack
from node.domain.refusal import Code, Refusal
from node.domain.ticket.completion import Complete
from node.domain.ticket.correction import Correct
from node.domain.ticket.dispatching import Dispatch
from node.domain.ticket.forming import Form
from node.domain.ticket.handling import AddEvidence, SubmitMaterial
from node.domain.ticket.sight import OUTSIDE
from node.domain.ticket.supplement import ReportSupplement
from node.domain.ticket.ticket import Ticket
from node.services import dossiers, drafts, uploads
from node.services.command_fields import command_fields, commands, may_give
from node.services.dossier_names import name_of, with_dossiers
from node.services.handle import Outcome
from node.services.headlines import title_in
from node.services.parts import find_for
from node.services.progress import for_appellant
from node.services.queries import names
from node.services.refusal_words import in_names
from node.services.superior_reading import note_reading
from node.services.ticket_view import EntryLine, TicketPage, ticket_page
from node.services.unreadable import whole_ticket
from node.storage.unit_of_work import UnitOfWork, View
from node.texts.catalogue import Lang, explain, text
from node.web import correction_form, files, forms, meeting_options, options
from node.web.beside import Beside, beside
from node.web.desk import Desk, SignedIn
from node.web.pages.ticket import happenings
from node.web.problems import http_status
from node.web.sessions import safe_path
from node.web.templating import language_of, moment, page

router = APIRouter()

# The field that takes the lead that a joint judgement named.
_LEAD_OF: Mapping[type[Command], str] = {Dispatch: "lead", Form: "proposed_unit"}
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


@dataclass(frozen=True)
class Matter:
    """
    What a form is about; ``about`` is what people call it.  ``seen`` is custody number and version of the subject as it stands
    ("1.4"), empty for a new one; ``shown`` is the page of the ticket, if it is one, and ``beside`` what of it is read while the form is
    filled in.
    """

    command: type[Command]
    subject: str
    about: str
    seen: str
    pack: Pack | None
    shown: TicketPage | None
    beside: Beside | None
    choices: Mapping[str, tuple[forms.Choice, ...]]

    @property
    def title(self) -> str:
        """What the ticket is called, where its words are opened; empty elsewhere."""
        return title_in(self.shown.timeline) if self.shown else ""

    @property
    def draft(self) -> str:
        """Under which name what is typed is kept."""
        verb = next(verb for verb, command in commands().items() if command is self.command)
        return f"{self.command.subject_kind.value}/{self.subject or 'new'}/{verb}"


# --- addresses --------------------------------------------------------------------------------------------------------


@router.get("/new/{verb}", name="new_form")
def new_form(request: Request, desk: SignedIn, verb: str) -> Response:
    """The form of a command that starts a subject."""
    return _show(request, desk, _matter(request, desk, verb, None, ""))


@router.post("/new/{verb}", name="start")
def start(request: Request, desk: SignedIn, verb: str, typed: Sent, brought: files.Brought) -> Response:
    """Give it."""
    return _take(request, desk, _matter(request, desk, verb, None, ""), typed, brought)


@router.get("/tickets/{id}/do/{verb}", name="ticket_form")
def ticket_form(request: Request, desk: SignedIn, id: str, verb: str) -> Response:
    """The form of a command about a ticket."""
    return _show(request, desk, _matter(request, desk, verb, SubjectKind.TICKET, id))


@router.post("/tickets/{id}/do/{verb}", name="ticket_act")
def ticket_act(request: Request, desk: SignedIn, id: str, verb: str, typed: Sent) -> Response:
    """Give it."""
    return _take(request, desk, _matter(request, desk, verb, SubjectKind.TICKET, id), typed)


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
    return _show(request, desk, _matter(request, desk, verb, _kind(request, kind), id))


@router.post("/{kind}/{id}/do/{verb}", name="subject_act")
def subject_act(request: Request, desk: SignedIn, kind: str, id: str, verb: str, typed: Sent, brought: files.Brought) -> Response:
    """Give it."""
    return _take(request, desk, _matter(request, desk, verb, _kind(request, kind), id), typed, brought)


def _kind(request: Request, kind: str) -> SubjectKind:
    found = next((one for one in SubjectKind if one.value == kind and one is not SubjectKind.TICKET), None)
    if found is None:
        raise Refusal(Code.PAGE_UNKNOWN, path=request.url.path)
    return found


# --- what the form is about -------------------------------------------------------------------------------------------


def _matter(request: Request, desk: Desk, verb: str, kind: SubjectKind | None, said: str) -> Matter:
    """
    The command of this address and what it is about.

    Raises:
        Refusal: PAGE_UNKNOWN, PERMISSION_DENIED (no role of the desk may give it), SUBJECT_UNKNOWN, also for what is hidden.
    """
    command = commands().get(verb)
    is_here = command is not None and command.starts == (kind is None) and (kind is None or command.subject_kind is kind)
    if command is None or not is_here or not forms.can_be_a_form(command):
        raise Refusal(Code.PAGE_UNKNOWN, path=request.url.path)
    node, now, lang = desk.node, desk.node.now(), language_of(request)
    with node.store.read() as view:
        ticket = _ticket(view, desk, said) if kind is SubjectKind.TICKET else None
        policy = node.policies.of_registry(view, now) if ticket is None else node.policies.for_ticket(view, ticket, now)
        pack = policy.pack if policy.pack.rules else None
        # Before another subject is looked for: whoever may do nothing about one is not told whether it is there.
        if not may_give(command, desk.roles, pack):
            raise Refusal(Code.PERMISSION_DENIED, command=command.__name__, role=desk.role)
        subject = ticket.id if ticket else _subject(view, desk, kind, said)
        shown = said_here = None
        seen = ""
        if ticket is not None:
            whole = ticket_page(view, ticket.id, policy.calendar, now)
            whole = replace(whole, names=with_dossiers(view, whole.names, whole.timeline, lang))
            shown = for_appellant(whole) if desk.role in OUTSIDE else whole
            said_here = beside(view, desk, command, shown)
            seen = f"{ticket.custody.number}.{ticket.version}"
        choices = options.choices_of(view, command, lang, now, ticket, shown.timeline if shown else (), desk.unit)
        called, about = names(view), subject
        if subject and kind not in (None, SubjectKind.TICKET, SubjectKind.NODE, SubjectKind.ROUND):
            dossier = dossiers.whole(view, kind, subject)
            # Without the words of a letter: that somebody may act on it is no right to read it.
            seen, about = f"0.{dossier.version}", name_of(view, dossier, called, lang, is_outside=True)
            if isinstance(dossier, Meeting):
                choices |= meeting_options.of_meeting(view, command, dossier, desk.viewer, pack, called, lang)
        elif kind is SubjectKind.NODE:
            about = called.node(subject)
        if ticket is not None and command is Correct and shown is not None:
            choices |= options.of_correction(ticket, pack, shown.names, lang)
    if ticket is not None:
        note_reading(node, desk.viewer, ticket)
    return Matter(command, subject, about, seen, pack, shown, said_here, choices)


def _ticket(view: View, desk: Desk, said: str) -> Ticket:
    return whole_ticket(view, said, *_seats(desk))


def _seats(desk: Desk) -> list[Actor]:
    """The person in the role in which he looks around, and in his others."""
    return [desk.viewer, *(replace(desk.viewer, role=role) for role in desk.roles if role != desk.role)]


def _subject(view: View, desk: Desk, kind: SubjectKind | None, said: str) -> str:
    if kind is None:
        return ""
    if kind is SubjectKind.NODE:
        if said != view.head.node:
            raise Refusal(Code.SUBJECT_UNKNOWN, kind=kind.value, id=said)
        return said
    return find_for(view, kind, said, *_seats(desk)) if kind is not SubjectKind.ROUND else said


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
    return _page(request, desk, matter, {**_known(matter), **asked}, is_fresh=True)


def _known(matter: Matter) -> dict[str, list[str]]:
    """
    What nobody types twice: whoever completes with a reply that was countersigned states that very text, who reports material
    has before him what was asked for, from which he strikes what is not there, and who dispatches the lead that the members named.
    """
    if named := _judged_lead(matter):
        return {_LEAD_OF[matter.command]: [named]}
    supplement = matter.shown.ticket.supplement if matter.shown is not None else None
    if matter.command is ReportSupplement and supplement is not None:
        return {"provided": list(supplement.items)}
    of = matter.shown.ticket.round if matter.shown is not None else None
    if matter.shown is None or of is None or matter.command is not Complete or not of.draft or of.countersigned != of.draft:
        return {}
    reply = next((one.texts.get("reply") for one in matter.shown.timeline if one.id == of.draft), None)
    return {"draft": [of.draft], **({"result": [reply]} if reply else {})}


def _judged_lead(matter: Matter) -> str:
    return matter.shown.ticket.judged_lead if matter.command in _LEAD_OF and matter.shown is not None else ""


def _sources(matter: Matter, lang: Lang) -> dict[str, str]:
    """Where what stands in a field already comes from, by field."""
    named = _judged_lead(matter)
    if not named or matter.shown is None or matter.shown.ticket.judgement is None:
        return {}
    closed = [one.recorded_at for one in matter.shown.timeline if one.kind == "JudgementClosed"]
    day = moment(max(closed, default=matter.shown.ticket.judgement.opened_at), "%m-%d")
    unit = matter.shown.names.unit(named)
    return {_LEAD_OF[matter.command]: text("web.form.from_judgement", lang, day=day, unit=unit)}


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
    return page(
        request,
        "form.html",
        status_code=status,
        form=form,
        facts_to_correct=facts,
        sources=_sources(matter, lang),
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
        chosen=[one for one in dict.fromkeys(typed.get(files.CHOSEN, ())) if one],
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
    not_taken = files.look_at(brought, lang) if files_field else None
    if read.command is None or not_taken:
        _keep(desk, matter.draft, typed)
        return _page(request, desk, matter, typed, wrong={**read.refused, **({files_field: not_taken} if not_taken else {})})
    try:
        command = files.with_files(read.command, files_field, desk.node.blobs, brought) if files_field else read.command
        outcome = _give(desk, matter, command, typed)
    except Refusal as refusal:
        _keep(desk, matter.draft, typed)
        return _refused(request, desk, matter, typed, refusal, lang)
    desk.node.writer.command(lambda work: drafts.drop(work, desk.account, matter.draft))
    back = safe_path(next(iter(typed.get("back", ())), ""), _after(matter, outcome))
    return RedirectResponse(_with(back, done=request.url.path.rpartition("/")[2] if outcome.entries else "nothing"), 303)


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
        matter = _matter(request, desk, verb, matter.command.subject_kind, matter.subject)
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
