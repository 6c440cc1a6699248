"""
The page of a ticket: where it stands and whose turn it is, its clocks with their explanation, what happened, and what may be done now.

What is hidden from whoever looks answers as not found; contacts are shown only after an opening for a purpose, which is journaled.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from node.domain.organisation import Role
from node.domain.paper import IssuePaper
from node.domain.refusal import Code, Refusal
from node.domain.ticket.sight import OUTSIDE
from node.domain.ticket.state import State
from node.domain.ticket.ticket import Ticket
from node.services import deadlines, openings
from node.services.callers import name_of_file
from node.services.command_fields import may_give
from node.services.dossier_names import with_dossiers
from node.services.entry_words import facts_said, who_said
from node.services.headlines import title_in
from node.services.possible import Action, possible_actions
from node.services.progress import for_appellant
from node.services.queries import ClockLine, Names, find_ticket, names
from node.services.refusal_words import in_names
from node.services.rounds import drawn_rounds_of
from node.services.stages import stages_of
from node.services.superior_reading import note_reading
from node.services.ticket_levels import level_of, level_states
from node.services.ticket_view import EntryLine, TicketPage, heard, ticket_page
from node.services.unreadable import as_listed
from node.storage.unit_of_work import View
from node.texts.catalogue import BETWEEN, Lang, explain, label, text, word
from node.web.act_groups import grouped
from node.web.desk import Desk, SignedIn
from node.web.forms import none_yet
from node.web.next_steps import awaited, first_of
from node.web.options import files_of, nothing_to_choose
from node.web.problems import http_status
from node.web.templating import language_of, page

router = APIRouter()

# Commands that need a file, which a page of its own takes in.
_BY_FILE = frozenset({"add-evidence", "submit-material"})
# Who is told by which commands it is repaired; everybody else tells him.
_REPAIRING = frozenset({Role.OPERATOR.value, Role.AUDIT_ADMIN.value, Role.SECURITY_ADMIN.value})
# Texts that the head of the page shows.
_ON_TOP = frozenset({("Registered", "title"), ("Registered", "appeal")})
_STATES = frozenset(one.value for one in State)


@dataclass(frozen=True)
class Step:
    """Something that may be done, and under which address of the ticket; files are handed in on a page of their own."""

    verb: str
    command: str

    @property
    def place(self) -> str:
        """What follows the ticket's own address."""
        return "attach" if self.verb in _BY_FILE else f"do/{self.verb}"


@dataclass(frozen=True)
class Steps:
    """
    What carries the ticket on, what else may be done by group of ``act_groups``, and what may not: by the sentence that says why, and
    by what can be done about it.  ``awaited`` is what has to come before the act that answers a running limit, where nothing is first.
    """

    first: tuple[Step, ...]
    others: Mapping[str, tuple[Step, ...]]
    refused: Mapping[str, Mapping[str, tuple[Step, ...]]]
    awaited: str = ""


@dataclass(frozen=True)
class Happening:
    """One line of the timeline, in words; ``says`` are label and words, None for what is sealed or not opened here."""

    entry: EntryLine
    who: str
    says: tuple[tuple[str, str | None], ...]


@router.get("/tickets/{id}", name="ticket")
def ticket(request: Request, desk: SignedIn, id: str) -> Response:
    """The whole page."""
    node, now, lang = desk.node, desk.node.now(), language_of(request)
    with node.store.read() as view:
        try:
            found = _page(view, desk, id)
        except Refusal as refusal:
            if refusal.code is Code.VALUE_NOT_OFFERED:  # a number that several bear: whoever looks for it chooses
                return RedirectResponse(f"/search?{urlencode({'q': id})}", 303)
            return _unreadable(request, view, desk, refusal)
        policy = node.policies.for_ticket(view, found.ticket, now)
        actions = possible_actions(view, found.ticket, desk.account, desk.unit, desk.roles, policy, now)
        levels = level_states(view, found.ticket)
        level = level_of(view, found.ticket, node.policies.of_registry(view, now).pack)
        appeal = _appeal(found)
        lacks = _lacks(view, desk, found, actions, lang)
        steps = steps_of(view, found, actions, lang, lacks)
        file_name = _file_name(view, found.ticket)
        file_ways = _file_ways(view, desk, found.ticket)
    note_reading(node, desk.viewer, found.ticket)
    return page(
        request,
        "ticket.html",
        shown=found,
        ticket=found.ticket,
        names=found.names,
        here=node.code,
        clocks=_in_order(found),
        happenings=happenings(found.timeline, found.names, lang),
        stages=stages_of(found.timeline),
        absent=[one.name for one in heard(found) if not one.has_spoken],
        steps=steps,
        level=level,
        levels=levels,
        appeal=appeal,
        file_name=file_name,
        files=files_of(found.timeline),
        is_at_hand=openings.reads_files(desk.viewer, node.code, found.ticket),
        file_ways=file_ways,
        may_attach=any(one.refusal is None and one.verb in _BY_FILE for one in actions),
        may_issue=may_give(IssuePaper, (desk.role,), policy.pack),
        may_read_reply=desk.role == Role.OFFICE.value or desk.unit == found.ticket.lead,
        purposes=_purposes(desk, found.ticket),
        sealed=sorted(openings.sealed_of(found.ticket)),
    )


@router.get("/tickets/{id}/clocks/{clock:path}", name="clock")
def clock(request: Request, desk: SignedIn, id: str, clock: str) -> Response:
    """The deadline receipt of one clock: why it ends when it ends, day by day."""
    node, now = desk.node, desk.node.now()
    with node.store.read() as view:
        found = _page(view, desk, id)
        receipt = deadlines.deadline_receipt(view, found.ticket.id, clock, node.policies.bare(view), now)
    note_reading(node, desk.viewer, found.ticket)
    return page(request, "clock.html", receipt=receipt, ticket=found.ticket, names=found.names)


@router.post("/tickets/{id}/open", name="open_contacts")
def open_contacts(
    request: Request, desk: SignedIn, id: str, purpose: Annotated[str, Form()] = "", round: Annotated[str, Form()] = ""
) -> Response:
    """Who appeals and how to reach him, opened for a purpose: the opening stands in the journal before anything is shown."""
    node = desk.node
    with node.store.read() as view:
        found = _page(view, desk, id)
        asked = openings.asked_texts(view, found.ticket) if purpose == openings.HANDLING else {}
    refs = openings.sealed_of(found.ticket, texts_only=purpose == openings.AUDIT) | asked
    desk.need_second_factor()
    opened = node.writer.command(
        lambda work: openings.open_payloads(work, desk.viewer, found.ticket, refs, purpose, node.now(), round or None)
    )
    return page(request, "opened.html", ticket=found.ticket, opened=opened, purpose=purpose)


# --- what is shown ----------------------------------------------------------------------------------------------------


def happenings(timeline: Sequence[EntryLine], names: Names, lang: Lang) -> list[Happening]:
    """The timeline in words; what stands on top of the page already, and which pack governs, is not said again."""
    title = title_in(timeline)
    return [Happening(one, who_said(one, names, lang), tuple(facts_said(_without(one, title), names, lang))) for one in timeline]


def _without(entry: EntryLine, title: str) -> EntryLine:
    facts = {name: value for name, value in entry.facts.items() if name != "pack"}
    texts = {name: words for name, words in entry.texts.items() if words is None or not _is_on_top(entry, name, words, title)}
    return replace(entry, facts=facts, texts=texts)


def _is_on_top(entry: EntryLine, name: str, words: str, title: str) -> bool:
    """Whether the head of the page says so; a title that was corrected stands in the timeline alone."""
    return (entry.kind, name) in _ON_TOP and (name != "title" or words == title)


def _lacks(view: View, desk: Desk, found: TicketPage, actions: Sequence[Action], lang: Lang) -> dict[str, str]:
    """By verb, which field must be chosen while there is nothing to choose; files of those in ``_BY_FILE`` come with the act itself."""
    asked = [one for one in actions if (one.verb not in _BY_FILE and one.refusal is None) or _is_of_empty_list(one)]
    now, ticket, line = desk.node.now(), found.ticket, found.timeline
    return {one.verb: nothing_to_choose(view, one.command, lang, now, ticket, line, desk.unit, found.names) for one in asked}


def _is_of_empty_list(action: Action) -> bool:
    refusal = action.refusal
    return refusal is not None and refusal.code is Code.VALUE_NOT_OFFERED and not refusal.facts.get("offered")


def steps_of(view: View, found: TicketPage, actions: Sequence[Action], lang: Lang, lacks: Mapping[str, str]) -> Steps:
    """*actions* as a person looks for them; of *lacks*, what cannot be done for want of anything to choose (``_lacks``)."""
    ticket = found.ticket
    open_to_him = {one.verb: one for one in actions if one.refusal is None and not lacks.get(one.verb)}
    first = first_of(ticket, open_to_him)
    others = grouped([one for verb, one in open_to_him.items() if verb not in first])
    refused: dict[str, dict[str, tuple[Step, ...]]] = {}
    why: dict[str, str] = {}
    for one in actions:
        field = lacks.get(one.verb, "")
        if field or one.refusal is not None:
            if field:
                sentence, remedy = _nothing_to_choose(one, field, lang)
            else:
                assert one.refusal is not None
                sentence, remedy = _why_not(in_names(view, _in_words(one.refusal, lang), lang, found.names), lang)
            why[one.verb] = sentence + remedy
            of_sentence = refused.setdefault(sentence, {})
            of_sentence[remedy] = (*of_sentence.get(remedy, ()), _step(one))
    by_group = {group: tuple(_step(one) for one in several) for group, several in others.items()}
    awaits = "" if first else why.get(awaited(ticket, why), "")
    return Steps(tuple(_step(open_to_him[verb]) for verb in first), by_group, refused, awaits)


def _why_not(refusal: Refusal, lang: Lang) -> tuple[str, str]:
    """
    Sentence and remedy.  Of a state only which ones the step takes, as the next ones stand beside it; where nobody waits there is
    nothing to be done about it.
    """
    sentence, remedy = explain(refusal, lang)
    if refusal.code in (Code.NOTHING_PENDING, Code.NOT_ASKED):
        return sentence, ""
    if refusal.code is not Code.WRONG_STATE:
        return sentence, remedy
    states = [word("state", one, lang) for one in str(refusal.facts.get("wanted", "")).split(", ") if one in _STATES]
    return sentence, text("web.ticket.only_in", lang, wanted=BETWEEN[lang].join(states)) if states else ""


def _nothing_to_choose(action: Action, field: str, lang: Lang) -> tuple[str, str]:
    """What there is none of, and who can do something about it, as the form itself says it."""
    said = none_yet(action.command, field, lang)
    return said or text("choice.empty.sentence", lang, key=label(action.command.__name__, field, lang)), ""


def _in_words(refusal: Refusal, lang: Lang) -> Refusal:
    """A clock that is not there to be explained, by its word."""
    named = refusal.facts.get("application", "")
    return Refusal(refusal.code, **{**refusal.facts, "application": word("clock", named, lang)}) if named else refusal


def _step(action: Action) -> Step:
    return Step(action.verb, action.command.__name__)


def _unreadable(request: Request, view: View, desk: Desk, refusal: Refusal) -> Response:
    """
    What a list has of a ticket that cannot be read, why, and what to do, for whoever sees it there.

    Raises:
        Refusal: *refusal*, if it says anything else.
    """
    if refusal.code is not Code.TICKET_UNREADABLE:
        raise refusal
    found, lang = as_listed(view, refusal), language_of(request)
    sentence, remedy = explain(in_names(view, refusal, lang), lang)
    facts = {"row": found.row, "why": found.why, "names": names(view), "repairs": desk.role in _REPAIRING}
    return page(request, "unreadable.html", status_code=http_status(refusal.code), sentence=sentence, remedy=remedy, **facts)


def _page(view: View, desk: Desk, said: str) -> TicketPage:
    calendar = desk.node.policies.bare(view).calendar
    found = ticket_page(view, find_ticket(view, said, desk.viewer), calendar, desk.node.now(), desk.viewer)
    found = replace(found, names=with_dossiers(view, found.names, found.timeline, desk.lang))
    # Who files from outside reads what was said to him, and nothing that offices wrote among themselves.
    return for_appellant(found) if desk.role in OUTSIDE else found


def _in_order(found: TicketPage) -> list[ClockLine]:
    """Clocks: what runs, first due first, then what stands, then what ended, the latest first."""
    running = sorted((one for one in found.clocks if one.is_running), key=lambda one: (one.due_at, one.name))
    paused = [one for one in found.clocks if one.is_paused]
    ended = sorted((one for one in found.clocks if one.stopped_at is not None), key=lambda one: (one.stopped_at, one.name), reverse=True)
    return [*running, *paused, *ended]


def _appeal(found: TicketPage) -> Mapping[str, str | None]:
    """Title and appeal, as far as they are opened here without an entry: where the ticket is held."""
    registered = next((one for one in found.timeline if "appeal" in one.texts), None)
    return {"title": title_in(found.timeline) or None, "appeal": registered.texts.get("appeal") if registered else None}


def _file_name(view: View, ticket: Ticket) -> str:
    """What the enterprise is called, where the ticket is held: its own texts open there without an entry."""
    is_here = ticket.appellant.enterprise and ticket.custody.holder == view.head.node
    return name_of_file(view, ticket.appellant.enterprise) if is_here else ""


def _file_ways(view: View, desk: Desk, ticket: Ticket) -> list[tuple[str, str]]:
    """For what this person may open files that he reads for no other: purpose, and the round that drew it."""
    if openings.reads_files(desk.viewer, desk.node.code, ticket):
        return []
    if desk.role == Role.AUDIT_ADMIN.value:
        return [(openings.AUDIT, "")]
    return [(openings.DRAWN, one.id) for one in drawn_rounds_of(view, ticket.id)] if desk.role == Role.OFFICE.value else []


def _purposes(desk: Desk, ticket: Ticket) -> list[str]:
    """What this person may open contacts for here; a round's calls are made from its own board."""
    roles = {name: {role.value for role in allowed} for name, allowed in openings.RIGHTS.items()}
    node = desk.node.code
    holds = {
        openings.HANDLING: openings.is_at_hand(node, ticket),
        openings.AUDIT: desk.role == Role.AUDIT_ADMIN.value,
        openings.STATISTICS: node == ticket.custody.holder,
    }
    return [name for name, is_so in holds.items() if is_so and desk.role in roles[name]]
