"""
What the outbox needs of a node: where an audience is reached, and the sentence for it.

A phone number is opened at the last moment, by the node itself, for handling; the opening is journaled as any other.  An SMS
says that something happened and where to look, never what: its sentence has only the short number of the ticket, or what kind of
order, meeting or letter it is and of which day.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, time, timedelta

from node.domain.entry import Subject, SubjectKind
from node.domain.payload import SealedRef
from node.domain.refusal import Refusal
from node.domain.time import BEIJING
from node.services.daily_way import EMAIL, way_of
from node.services.dossier_names import dossier_name
from node.services.leader_daily import TEMPLATE, phone_of
from node.services.numbers import short_number
from node.services.openings import HANDLING, open_payloads
from node.services.queries import Names, names
from node.services.registry import NODE_ACTOR
from node.storage.notices import Row
from node.storage.unit_of_work import Store, UnitOfWork, View
from node.storage.writer import Writer
from node.texts.catalogue import Lang, catalogue, text


class Telling:
    """
    *store* is read for what things are called, *writer* journals openings, *now* is business time, *addresses* are the office's own by
    channel, *link* is put before a secret.
    """

    def __init__(
        self, store: Store, writer: Writer, now: Callable[[], datetime], addresses: Mapping[str, str], link: str, lang: Lang = "zh-CN"
    ) -> None:
        self._store = store
        self._writer = writer
        self._now = now
        self._addresses = addresses
        self._link = link
        self._lang = lang

    def reach(self, row: Row) -> str:
        """A phone number for the SMS of an appellant or a leader, the office's own address for the rest; "" where there is none."""
        if row.template == TEMPLATE and row.channel == "sms":
            account = row.audience.removeprefix("account:")
            return self._writer.command(lambda work: phone_of(work, account))
        if row.template == TEMPLATE and row.channel == EMAIL:
            account = row.audience.removeprefix("account:")
            return self._writer.command(lambda work: way_of(work, account).address)
        if row.audience != "appellant":
            return self._addresses.get(row.channel, "")
        if row.channel != "sms" or row.subject_kind != SubjectKind.TICKET.value:
            return ""
        return self._phone(row.subject_id)

    def say(self, row: Row) -> tuple[str, str]:
        """Subject and body of *row* for its channel."""
        link = f"{self._link}{row.token}" if row.token else self._link
        own = f"notice.{row.template}_subject"
        with self._store.read() as view:
            called = names(view)
            facts = {"number": _called(view, row, called, self._lang), "day": row.facts.get("day", "")}
            said = sentence(view, row, called, self._lang, link)
        return text(own if own in catalogue(self._lang) else "notice.subject", self._lang, **facts), said

    def _phone(self, ticket_id: str) -> str:
        def opened(work: UnitOfWork) -> str:
            ticket = work.readings.readable(ticket_id)
            if ticket is None or not isinstance(ticket.appellant.phone, SealedRef) or ticket.custody.holder != work.head.node:
                return ""
            return open_payloads(work, NODE_ACTOR, ticket, {"phone": ticket.appellant.phone}, HANDLING, self._now())["phone"]

        try:
            return self._writer.command(opened)
        except Refusal:
            return ""  # erased, or not this node's to open: it is told on the page only


def sentence(view: View, row: Row, called: Names, lang: Lang, link: str = "") -> str:
    """The sentence of *row*: the one of its channel, where there is one.  What it is about is named as people name it."""
    facts = dict(row.facts) | {"number": _called(view, row, called, lang), "link": link}
    if "due" in facts:
        facts["due"] = _due(datetime.fromisoformat(facts["due"]).astimezone(BEIJING))
    facts["clock"] = facts.get("clock", "").partition("/")[0]
    if row.template == TEMPLATE:  # a page of before they were counted
        facts = {"office_due": "–", "office_overdue": "–"} | facts
    key = f"notice.{row.template}_{row.channel}"
    return text(key if key in catalogue(lang) else f"notice.{row.template}", lang, **facts)


def _due(local: datetime) -> str:
    """A due time: 24:00 belongs to the day that it closes."""
    is_end = local.time() == time(0)
    return f"{local - timedelta(days=1):%m-%d} 24:00" if is_end else f"{local:%m-%d %H:%M}"


def _called(view: View, row: Row, called: Names, lang: Lang) -> str:
    if row.subject_kind == SubjectKind.TICKET.value:
        return short_number(row.subject_id)
    if row.template == TEMPLATE:
        return row.subject_id  # the leader's page is about the day that it names
    return dossier_name(view, Subject(row.subject_kind, row.subject_id), called, lang, is_outside=row.channel != "in_app")
