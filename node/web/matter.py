"""What the form of a command is about: looked up as it is shown and as it is sent, with what of it nobody types twice."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from fastapi import Request

from node.domain.command import Command
from node.domain.entry import Actor, SubjectKind
from node.domain.meeting.record import Meeting
from node.domain.pack import Pack
from node.domain.refusal import Code, Refusal
from node.domain.ticket.completion import Complete
from node.domain.ticket.correction import Correct
from node.domain.ticket.dispatching import Dispatch
from node.domain.ticket.due_proposal import DecideDueProposal
from node.domain.ticket.forming import Form
from node.domain.ticket.sight import OUTSIDE
from node.domain.ticket.supplement import ReportSupplement
from node.domain.ticket.ticket import Ticket
from node.services import dossiers
from node.services.command_fields import commands, may_give
from node.services.dossier_names import name_of, with_dossiers
from node.services.headlines import title_in
from node.services.parts import find_for
from node.services.progress import for_appellant
from node.services.queries import names
from node.services.superior_reading import note_reading
from node.services.ticket_view import TicketPage, ticket_page
from node.services.unreadable import whole_ticket
from node.storage.unit_of_work import View
from node.texts.catalogue import Lang, text
from node.web import forms, meeting_options, options
from node.web.beside import Beside, beside
from node.web.desk import Desk
from node.web.templating import language_of, moment

# The field that takes the lead that a joint judgement named.
_LEAD_OF: Mapping[type[Command], str] = {Dispatch: "lead", Form: "proposed_unit"}


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


def matter_of(request: Request, desk: Desk, verb: str, kind: SubjectKind | None = None, said: str = "") -> Matter:
    """
    The command *verb* and what it is about: *said*, of *kind*, or nothing that is there yet.

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
        if ticket is not None and command is DecideDueProposal:
            choices |= options.of_due_proposal(ticket, policy, called, lang)
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


def known_of(matter: Matter) -> dict[str, list[str]]:
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


def sources_of(matter: Matter, lang: Lang) -> dict[str, str]:
    """Where what stands in a field already comes from, by field."""
    named = _judged_lead(matter)
    if not named or matter.shown is None or matter.shown.ticket.judgement is None:
        return {}
    closed = [one.recorded_at for one in matter.shown.timeline if one.kind == "JudgementClosed"]
    day = moment(max(closed, default=matter.shown.ticket.judgement.opened_at), "%m-%d")
    unit = matter.shown.names.unit(named)
    return {_LEAD_OF[matter.command]: text("web.form.from_judgement", lang, day=day, unit=unit)}
