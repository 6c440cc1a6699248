"""
Which entry makes which notice: pure functions over entries and the rows that they moved.

The appellant hears of every change of his ticket's state and of every step that is recorded for him; whoever must act now
hears that it is his turn, and of every rung of a clock that he owes (FJ25-3.8.4b, XS25-4.4.2c).
"""

from collections.abc import Mapping

from node.domain.dossier import DossierRungFired
from node.domain.entry import Folded, Header
from node.domain.pack import Pack
from node.domain.payload import SealedRef
from node.domain.ticket.row import TicketRow
from node.domain.ticket.state import With
from node.domain.ticket.sweep import RungFired
from node.notify.notice import APPELLANT, Channel, Notice, role, unit

# Entries that are told to the appellant although they change no state, and the text that goes with them.
STEPS: Mapping[str, str] = {
    # What a department notes for itself is told as a step, never in its words.
    "ProgressRecorded": "",
    "ProgressReported": "report",
    "MilestoneReached": "note",
    "FeedbackGiven": "content",
    "ExtensionGranted": "",
}
# What comes with the result.
RESULTS: Mapping[str, tuple[str, ...]] = {"Completed": ("result", "feedback", "explanation"), "AnsweredOnTheSpot": ("answer",)}
# Moves between desks of the office that tell the appellant nothing.
SILENT_STATES = frozenset({"archived"})
_ROLES: Mapping[str, str] = {
    With.OFFICE.value: "office",
    With.FIRST_CONTACT.value: "office",
    With.MEMBERS.value: "member",
    With.LEADER.value: "leader",
    With.GOVERNMENT.value: "government",
    With.COMPLAINT_CENTRE.value: "supervision",
    "supervision": "supervision",
}


def notices_of(one: Folded, before: TicketRow | None, after: TicketRow | None, pack: Pack) -> list[Notice]:
    """
    What to tell of one entry of this node.  *before* and *after* are the ticket's rows around the transaction that wrote it;
    None for what is no ticket.
    """
    if isinstance(one.event, RungFired | DossierRungFired):
        return _rung(one.header, one.event, after)
    if after is None:
        return []
    return [*_to_appellant(one, before, after, pack), *_to_who_acts(one.header, before, after)]


def channels_of(audience: str, pack: Pack) -> tuple[Channel, ...]:
    """The channels of the pack for this audience; the platform's own at least."""
    named = pack.names("notify.appellant" if audience == APPELLANT else "notify.staff")
    return tuple(Channel(name) for name in named) or (Channel.IN_APP,)


def _to_appellant(one: Folded, before: TicketRow | None, after: TicketRow, pack: Pack) -> list[Notice]:
    head = one.header
    facts = {"ticket": head.subject.id}
    if head.kind in STEPS:
        return [Notice(APPELLANT, "step", facts | {"event": head.kind}, _words(one, (STEPS[head.kind],)))]
    is_change = head.is_line and bool(head.state) and (before is None or before.state != head.state)
    if not is_change or head.state in SILENT_STATES:
        return []
    told = [Notice(APPELLANT, "state", facts | {"state": head.state}, _words(one, RESULTS.get(head.kind, ())))]
    if head.state == "completed" and pack.flag("notify.invite_evaluation"):
        told.append(Notice(APPELLANT, "evaluate", facts, invites=True))
    return told


def _to_who_acts(head: Header, before: TicketRow | None, after: TicketRow) -> list[Notice]:
    """Once, with the entry that made it somebody's turn."""
    if not head.is_line or head.with_whom != after.with_whom:
        return []
    was = (before.with_whom, before.lead) if before is not None else ("", "")
    if was == (after.with_whom, after.lead):
        return []
    who = unit(after.lead) if after.with_whom in (With.DEPARTMENT.value, With.AWAITING_PROPOSAL.value) and after.lead else ""
    who = who or (role(_ROLES[after.with_whom]) if after.with_whom in _ROLES else "")
    return [Notice(who, "turn", {"ticket": head.subject.id, "state": after.state})] if who else []


def _rung(head: Header, event: RungFired | DossierRungFired, after: TicketRow | None) -> list[Notice]:
    facts = {"ticket": head.subject.id, "clock": event.clock, "rung": event.rung, "due": event.due_at.isoformat()}
    if event.clock == "commitment":  # FJ25-3.7.3a: who promised the items is reminded of them
        return [Notice(APPELLANT, "rung", facts), Notice(role("office"), "rung", facts)]
    name = event.clock.partition("/")[2]
    who = unit(name) if name else unit(after.lead) if after is not None and event.clock == "resolve" and after.lead else role("office")
    return [Notice(who, "rung", facts)]


def _words(one: Folded, names: tuple[str, ...]) -> SealedRef | None:
    for name in names:
        value = getattr(one.event, name, None) if name else None
        if isinstance(value, SealedRef):
            return value
    return None
