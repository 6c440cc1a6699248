"""每日一页: the leader's one page, for a phone and for one sheet A4 (USERS B16)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy import select
from starlette.responses import Response

from node.domain.organisation import Role
from node.domain.ticket.proxy_decision import PROXIES, RecordDecisionFor
from node.domain.ticket.state import With
from node.services import dossiers
from node.services.command_fields import may_give, verb_of
from node.services.figures import rate_from
from node.services.leader_daily import page_for, to_print
from node.services.leaders import leaders
from node.services.link_proof import proofs, state_of
from node.services.queries import Names, names
from node.services.reconcile import latest
from node.services.status import link_lines
from node.storage import schema
from node.storage.unit_of_work import View
from node.texts.catalogue import BETWEEN, Lang
from node.web.desk import Desk, SignedIn
from node.web.templating import page

router = APIRouter()
# What one sheet A4 holds beside five questions.
units_shown_max = 8
GATEWAYS = {"sms": "sms_url", "email": "smtp_url", "robot": "robot_url"}


@router.get("/leader", name="leader")
def leader(request: Request, desk: SignedIn) -> Response:
    """The figures of today, departments worst first, and what waits for a decision."""
    node = desk.node
    with node.store.read() as view:
        found = page_for(view, node.policies.of_registry(view, node.now()), desk.viewer, node.now())
        up = [
            one
            for one in proofs(tuple(link_lines(view, node.wall(), node.settings.heartbeat_seconds)), latest(view))
            if one.link.side == "superior"
        ]
        called = names(view)
        is_listed = any(one.account == desk.account for one in leaders(view))
        facts: dict[str, Any] = {
            "found": found,
            "up": up[0] if up else None,
            "up_state": state_of(up[0].link) if up else "",
            "called": called,
            "decisions": {one.ticket: _decision(view, desk, one.ticket) for one in found.waiting_for_leader},
            "deciders": _deciders(view, called, [one.ticket for one in found.waiting_for_leader], desk.lang),
            "to_print": to_print(view, gateways_of(desk), node.now()) if desk.role == "office" else [],
            "lost": dossiers.shown(view, view.readings.unread_dossiers, desk.viewer),
        }
    # Who enters what another decided on paper decides nothing.
    facts["decides"] = is_listed or any(one is not None and not one.pending for one in facts["decisions"].values())
    shown = {"units_shown_max": units_shown_max, "rate_from": rate_from}
    return page(request, "leader.html", now=node.now(), percent=percent, **shown, **facts)


@dataclass(frozen=True)
class Decision:
    """
    What may be done about a question from the page itself: decide it, with the command of ``verb``, or enter what was written on
    paper about ``pending`` (for another account of the office to confirm).
    """

    verb: str
    command: str
    pending: str = ""


def _decision(view: View, desk: Desk, id: str) -> Decision | None:
    """The decision that *desk* may take or enter; None where it is somebody else's."""
    ticket = view.readings.readable(id)
    pending = next((name for name, one in PROXIES.items() if ticket is not None and one.pending(ticket)), "")
    if ticket is None or not pending:
        return None
    pack, command = desk.node.policies.for_ticket(view, ticket, desk.node.now()).pack, PROXIES[pending].command
    if may_give(command, desk.roles, pack):
        return Decision(verb_of(command), command.__name__)
    if desk.role == Role.OFFICE.value and may_give(RecordDecisionFor, desk.roles, pack):
        return Decision(verb_of(RecordDecisionFor), RecordDecisionFor.__name__, pending)
    return None


def _deciders(view: View, called: Names, ids: Sequence[str], lang: Lang) -> dict[str, str]:
    """For each of *ids* the people who decide it here: the leader whom it was put to, or everybody of the role."""
    table = schema.accounts
    rows = view.connection.execute(
        select(table.c.id, table.c.roles).where(table.c.node == view.head.node, table.c.is_active.is_(True))
    ).all()
    found: dict[str, str] = {}
    for id in ids:
        ticket = view.readings.readable(id)
        if ticket is None:
            continue
        if ticket.with_whom is With.LEADER and ticket.layering.to:
            found[id] = called.person(ticket.layering.to)
        else:
            role = Role.GOVERNMENT if ticket.with_whom is With.GOVERNMENT else Role.LEADER
            found[id] = BETWEEN[lang].join(sorted(called.person(row.id) for row in rows if role.value in row.roles.split(",")))
    return found


def gateways_of(desk: Desk) -> dict[str, bool]:
    """Which ways out the operator has set."""
    return {channel: bool(getattr(desk.node.settings, name)) for channel, name in GATEWAYS.items()}


def percent(part: int, whole: int) -> str:
    """A rate, from ``rate_from`` on; below that the two counts say more, and it is empty."""
    return f"{part * 100 / whole:.1f}%" if whole >= rate_from else ""
