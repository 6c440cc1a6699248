"""
What somebody needs before his eyes while he fills in a form about a ticket: what he answers and what was written last, who spoke to the
enterprise lately, and what the co-handlers filed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from node.domain.command import Command
from node.domain.refusal import Refusal
from node.domain.ticket.completion import Complete, GiveFeedback
from node.domain.ticket.countersigning import ConfirmSignedReply, CountersignReply, DraftReply, FileSignedReply, short_digest
from node.domain.ticket.handling import RecordAttempt
from node.domain.ticket.revisit import RecordRevisit
from node.domain.ticket.ticket import Ticket
from node.services import call_plan
from node.services.replies import PartOfReply, contributions
from node.services.ticket_view import EntryLine, TicketPage
from node.storage.unit_of_work import View
from node.texts.catalogue import Lang, label
from node.web.desk import Desk
from node.web.pages.ticket import Happening, happenings

lately_shown, contacts_shown = 4, 8
# What a command is about, where that is no open ask: the last entry of each kind.
_ABOUT: dict[type[Command], tuple[str, ...]] = {
    Complete: ("ReplyDrafted", "ReplyCountersigned", "FeedbackGiven"),
    ConfirmSignedReply: ("SignedReplyFiled", "ReplyDrafted"),
    CountersignReply: ("ReplyDrafted",),
    DraftReply: ("ReplyDrafted",),
    FileSignedReply: ("ReplyDrafted",),
    RecordRevisit: ("Completed", "FeedbackGiven"),
}
_SPEAKING = frozenset({RecordAttempt, GiveFeedback, Complete})
_SUMMING_UP = frozenset({DraftReply, Complete})
_ON_PAPER = frozenset({DraftReply, FileSignedReply})


@dataclass(frozen=True)
class Beside:
    """
    ``said``: entries in words, what is answered first, then the latest.  ``contacts``: who spoke to the enterprise in the last 30 days, the
    latest first; of another's ticket its number is not said.  ``check`` stands on the paper of a draft that is signed by hand.
    """

    said: tuple[Happening, ...]
    contacts: tuple[call_plan.Contact, ...] = ()
    parts: tuple[PartOfReply, ...] = ()
    check: str = ""


def beside(view: View, desk: Desk, command: type[Command], shown: TicketPage) -> Beside:
    """What stands beside the form of *command* about the ticket of *shown*."""
    ticket, timeline = shown.ticket, [one for one in shown.timeline if one.counts and one.kind != "Registered"]
    chosen = list(_answered(ticket, command, timeline))
    chosen += [one for one in reversed(timeline[-lately_shown:]) if one not in chosen]
    contacts = call_plan.contacts_with(view, ticket, desk.viewer, desk.node.now()) if command in _SPEAKING else []
    drafted = ticket.round.draft_digest if ticket.round and command in _ON_PAPER else ""
    return Beside(
        tuple(_words_first(one, desk.lang) for one in happenings(chosen, shown.names, desk.lang)),
        tuple(contacts[:contacts_shown]),
        tuple(_parts(view, desk, ticket)) if command in _SUMMING_UP and ticket.co_handlers else (),
        short_digest(drafted) if drafted else "",
    )


def _answered(ticket: Ticket, command: type[Command], timeline: Iterable[EntryLine]) -> Iterable[EntryLine]:
    """What waits for an answer, and what the command itself is about, the latest first."""
    asked = {one.id for one in ticket.open_asks()}
    last = {one.kind: one.id for one in timeline}
    about = {last[kind] for kind in _ABOUT.get(command, ()) if kind in last}
    return [one for one in reversed(list(timeline)) if one.id in asked | about]


def _words_first(one: Happening, lang: Lang) -> Happening:
    """What somebody wrote before what he ticked: in a narrow column nobody looks for it below."""
    written = {label(one.entry.kind, name, lang) for name in one.entry.texts}
    return replace(one, says=tuple(sorted(one.says, key=lambda line: line[0] not in written)))


def _parts(view: View, desk: Desk, ticket: Ticket) -> list[PartOfReply]:
    try:
        return contributions(view, ticket, desk.viewer)
    except Refusal:  # for the lead and the office alone
        return []
