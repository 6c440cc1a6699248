"""
What people call an order, a meeting, a letter, a task: by its number, or by kind, title and day; its id says nothing to anybody.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from node.domain.dossier import Dossier
from node.domain.enterprise.record import Enterprise
from node.domain.entry import Subject, SubjectKind
from node.domain.leader.record import Leader
from node.domain.letter.record import Letter
from node.domain.meeting.record import Meeting
from node.domain.order.record import SupervisionOrder
from node.domain.payload import SealedRef
from node.domain.task import RegularTask
from node.domain.ticket.correction import FactCorrected
from node.domain.time import BEIJING
from node.services.queries import Names
from node.services.ticket_view import EntryLine, opened
from node.storage.dossier_readings import readable_dossier
from node.storage.unit_of_work import View
from node.texts.catalogue import Lang, text, word


def dossier_name(view: View, subject: Subject, names: Names, lang: Lang, *, is_outside: bool = False) -> str:
    """
    The name of the dossier *subject* in *lang*; its id, where nothing of it is here, or what is cannot be read.

    *is_outside*: it leaves the platform, by SMS or mail, or is shown to who may not read it, and so has no word that somebody wrote.
    """
    found = readable_dossier(view.journal, subject)  # a notice of it must not take the first page of a desk down
    return subject.id if found is None else name_of(view, found, names, lang, is_outside=is_outside)


# Facts of a ticket's entries that are the id of a dossier, by its kind.
_IN_ENTRIES = {
    "order": SubjectKind.ORDER,
    "meeting": SubjectKind.MEETING,
    **dict.fromkeys(("enterprise", "old_enterprise", "new_enterprise"), SubjectKind.ENTERPRISE),
}


def with_dossiers(view: View, names: Names, entries: Sequence[EntryLine], lang: Lang) -> Names:
    """*names* with those of the dossiers that *entries* speak of."""
    said = {(kind, str(value)) for one in entries for name, kind in _IN_ENTRIES.items() if (value := one.facts.get(name))}
    moved = [one for one in entries if one.kind == FactCorrected.kind() and one.facts.get("field") == "enterprise"]
    said |= {(SubjectKind.ENTERPRISE, str(value)) for one in moved for name in ("old", "new") if (value := one.facts.get(name))}
    return replace(names, dossiers={id: dossier_name(view, Subject(kind.value, id), names, lang) for kind, id in sorted(said, key=str)})


def name_of(view: View, dossier: Dossier, names: Names, lang: Lang, *, is_outside: bool = False) -> str:
    """The name of *dossier*, as ``dossier_name``."""

    def said(ref: object) -> str:
        return (opened(view, dossier.subject, ref) or "") if isinstance(ref, SealedRef) and not is_outside else ""

    match dossier:
        case SupervisionOrder():
            return _order(dossier, names, lang)
        case Meeting():
            return text("named.meeting", lang, meeting_kind=dossier.meeting_kind, day=_meeting_day(dossier))
        case Letter():
            day = _day(dossier.sent_at or dossier.opened_at)
            facts = {"sender": names.node(dossier.owner), "letter_kind": dossier.letter_kind, "day": day}
            title = said(dossier.title) or dossier.file
            return text("named.letter_titled", lang, title=title, **facts) if title else text("named.letter", lang, **facts)
        case RegularTask():
            return text("named.task", lang, task_kind=dossier.task_kind, period=dossier.period)
        case Leader():
            return names.person(dossier.account, dossier.owner)
        case Enterprise() if name := said(dossier.name):
            return name
        case _:
            kind = word("subject_kind", dossier.kind, lang)
            return text("named.dossier", lang, dossier_kind=kind, day=_day(dossier.opened_at))


def _order(order: SupervisionOrder, names: Names, lang: Lang) -> str:
    if order.number:
        return text("named.order", lang, measure=order.measure, order=order.number)
    against = names.unit(order.unit) if order.unit else names.node(order.to_node)
    return text("named.proposal", lang, measure=order.measure, against=against, day=_day(order.opened_at))


def _meeting_day(meeting: Meeting) -> str:
    at = meeting.held_at or meeting.planned_at
    return meeting.period if at is None else f"{at.astimezone(BEIJING):%Y-%m-%d %H:%M}"


def _day(at: datetime) -> str:
    return f"{at.astimezone(BEIJING):%Y-%m-%d}"
