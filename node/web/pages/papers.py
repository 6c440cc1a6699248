"""
Papers about a ticket as they are printed: a preview before anything is issued, marked as a draft; the issued one with its number and
check; and the reply of the round in force, marked as long as nobody has signed it.

A preview opens no contact: where a name or a phone will stand it says so.  What was issued bears them, and is opened like them.
"""

import uuid
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from node.documents.layout import from_json
from node.documents.matter import matter_of
from node.documents.papers import layout_of
from node.documents.stamp import Stamp
from node.domain import paper as p
from node.domain.entry import SubjectKind
from node.domain.organisation import Role
from node.domain.refusal import Code, Refusal
from node.domain.ticket.ticket import Ticket
from node.services import dossiers
from node.services.command_fields import may_give
from node.services.openings import HANDLING, open_paper
from node.services.queries import names
from node.services.replies import reply_of
from node.services.unreadable import whole_ticket
from node.storage.unit_of_work import View
from node.texts.catalogue import text
from node.web.desk import Desk, SignedIn
from node.web.templating import language_of, page

router = APIRouter()
# What is issued about a ticket; a supervision letter is about an order.
KINDS = tuple(one for one in p.KINDS if one != p.SUPERVISION)


@router.get("/tickets/{id}/papers", name="papers")
def papers(request: Request, desk: SignedIn, id: str) -> Response:
    """What was issued, and what may be looked at before it is."""
    with desk.node.store.read() as view:
        ticket = _ticket(view, desk, id)
        issued = [dossiers.whole(view, SubjectKind.PAPER, one.id) for one in dossiers.listed(view, SubjectKind.PAPER, ticket=ticket.id)]
    return page(request, "papers.html", ticket=ticket, kinds=[one for one in KINDS if _may_issue(desk, one)], issued=issued)


@router.get("/tickets/{id}/papers/{paper}", name="paper")
def paper(request: Request, desk: SignedIn, id: str, paper: str, issued: str = "") -> Response:
    """The paper as it would be issued now, or of the *issued* one what may be said before it is opened."""
    node, now = desk.node, desk.node.now()
    with node.store.read() as view:
        ticket = _ticket(view, desk, id)
        _need_kind(paper)
        if issued:
            found = _issued(view, ticket, paper, issued)
            return page(request, "paper_sealed.html", ticket=ticket, paper=paper, issued=found, stamp=_stamp(view, found))
        policy, office = node.policies.for_ticket(view, ticket, now), node.policies.of_node(view, now)
        unopened = text("web.papers.at_issue", "zh-CN")
        matter = matter_of(view, ticket, at_assignment=paper == p.ASSIGNMENT, unopened=unopened)
        layout = layout_of(paper, matter, policy, now, office=office.pack)
    mark = text("web.papers.mark", language_of(request))
    return page(
        request,
        "paper.html",
        ticket=ticket,
        paper=paper,
        layout=layout,
        stamp=None,
        mark=mark,
        form_id=str(uuid.uuid4()) if _may_issue(desk, paper) else "",
    )


@router.post("/tickets/{id}/papers/{paper}", name="issue_paper")
def issue(desk: SignedIn, id: str, paper: str, command_id: Annotated[str, Form()] = "") -> Response:
    """Issue it: from now on it is printed as it stands at this moment."""
    with desk.node.store.read() as view:
        ticket = _ticket(view, desk, id)
        _need_kind(paper)
        # A name and a phone may stand on it.
        desk.need_second_factor()
    issued = desk.act(p.IssuePaper(paper, ticket=ticket.id), id=command_id).subject.id
    return RedirectResponse(f"/tickets/{ticket.id}/papers/{paper}?issued={issued}&done=issue-paper", 303)


@router.post("/tickets/{id}/papers/{paper}/open", name="open_paper")
def open_issued(
    request: Request, desk: SignedIn, id: str, paper: str, issued: Annotated[str, Form()] = "", purpose: Annotated[str, Form()] = ""
) -> Response:
    """The issued paper as it was, shown once, on this answer only; the opening is an entry."""
    node, now = desk.node, desk.node.now()
    with node.store.read() as view:
        ticket = _ticket(view, desk, id)
        _need_kind(paper)
        if purpose != HANDLING:
            raise Refusal(Code.PURPOSE_REQUIRED, ticket=id, purpose=purpose)
        found = _issued(view, ticket, paper, issued)
        stamp = _stamp(view, found)
    desk.need_second_factor()
    content = node.writer.command(lambda work: open_paper(work, desk.viewer, found, ticket, now))
    answer = page(request, "paper.html", ticket=ticket, paper=paper, layout=from_json(content), stamp=stamp, mark="", form_id="")
    answer.headers["Cache-Control"] = "no-store"
    return answer


@router.get("/tickets/{id}/reply", name="reply")
def reply(request: Request, desk: SignedIn, id: str) -> Response:
    """The reply as it is printed; a draft says that nobody has signed it."""
    with desk.node.store.read() as view:
        ticket = whole_ticket(view, id, desk.viewer)
        found, called = reply_of(view, ticket, desk.viewer), names(view)
    of = ticket.round
    is_signed = found is not None and (found.replied_at is not None or (of is not None and bool(of.draft) and of.countersigned == of.draft))
    mark = "" if is_signed else text("web.papers.mark", language_of(request))
    return page(request, "reply.html", ticket=ticket, reply=found, called=called, mark=mark)


def _ticket(view: View, desk: Desk, said: str) -> Ticket:
    """
    The ticket, for whoever may issue papers about it.

    Raises:
        Refusal: PERMISSION_DENIED, SUBJECT_UNKNOWN, TICKET_UNREADABLE.
    """
    ticket = whole_ticket(view, said, desk.viewer)
    pack = desk.node.policies.for_ticket(view, ticket, desk.node.now()).pack
    if not may_give(p.IssuePaper, (desk.role,), pack):
        raise Refusal(Code.PERMISSION_DENIED, command="papers", role=desk.role)
    return ticket


def _may_issue(desk: Desk, paper: str) -> bool:
    """A department writes in its own name only."""
    return paper in p.OF_DEPARTMENTS or desk.role not in (Role.DEPARTMENT.value, Role.DEPARTMENT_LEADER.value)


def _need_kind(paper: str) -> None:
    if paper not in KINDS:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="paper", value=paper, offered=KINDS)


def _stamp(view: View, found: p.Paper) -> Stamp:
    opener = next(one for one in view.journal.of_subject(found.subject) if one.header.kind == p.PaperIssued.kind())
    return Stamp(found.number, found.issuer, found.seal, opener.leaf.hex()[:16], "", found.state == "withdrawn")


def _issued(view: View, ticket: Ticket, paper: str, id: str) -> p.Paper:
    found = dossiers.whole(view, SubjectKind.PAPER, id)
    if not isinstance(found, p.Paper) or (found.ticket, found.paper) != (ticket.id, paper):
        raise Refusal(Code.SUBJECT_UNKNOWN, kind="paper", id=id)
    return found
