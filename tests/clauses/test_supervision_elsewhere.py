"""Supervision in 奉节, 象山 and 海门: the three-step ladder, the four public measures, talks, tracking lists, the backlog."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select, update

from node.domain.order.answering import CloseOrder
from node.domain.order.issuing import IssueOrder
from node.domain.order.proposing import AdoptProposal, ClaimTolerance, ProposeOrder, RecordTalk
from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.ticket.completion import Complete
from node.domain.ticket.dispatching import Sign
from node.domain.ticket.handling import RecordProgress
from node.domain.ticket.supervision import AskProgress, FileRiskNote, FollowTicket, VerifyHandling
from node.services import supervision_lists as lists
from node.storage import schema
from tests.clauses.given import (
    HOUSING,
    WATER,
    a_completion,
    a_county,
    a_revisit,
    beijing,
    clock_of,
    dispatched,
    handled,
    kinds_of,
    listed,
    refuses,
    swept,
    the,
)
from tests.clauses.orders import ordered, orders, the_order
from tests.support.node import Hands

LADDER = """
[urging]
rungs = { value = ["remind", "urge", "warn"], clause = "FJ23-3.4f" }
remind.on = { value = "overdue", default = "what is over its limit lags" }
remind.to = { value = "person", default = "the first step" }
remind.form = { value = "written", clause = "FJ23-3.4f" }
urge.on = { value = "former", clause = "FJ23-3.4f" }
urge.form = { value = "written", clause = "FJ23-3.4f" }
warn.on = { value = "former", clause = "FJ23-3.4f" }
warn.to = { value = "leader", default = "one level higher" }
warn.form = { value = "written", clause = "FJ23-3.4f" }
repeats_max = { value = 60, default = "no end is named" }
in_order = { value = true, clause = "FJ23-3.4f" }

[limit]
"rung.urge" = { value = "1 workday", default = "no period is named" }
"rung.warn" = { value = "1 workday", default = "no period is named" }
"""
PUBLIC = """
[supervision]
measures = { value = ["urge", "listed", "exposure", "publication", "appraisal"], clause = "FJ25-5.12.3a" }

[talk]
triggers = { value = ["perfunctory", "overdue", "last_in_row"], clause = "FJ25-5.14.1a" }
"""


def steps(hands: Hands, ticket: str) -> list[tuple[str, int]]:
    """The steps of the ladder on the ticket, with their numbers."""
    return [(step.measure, step.times) for step in the(hands, ticket).supervision]


@pytest.mark.clause("FJ23-3.4f")
def test_what_lags_is_reminded_urged_warned_and_warned_again(tmp_path: Path):
    """FJ23-3.4f: numbered forms in this order, none skipped; after the third another warning; no warning first by hand."""
    county = a_county(tmp_path, rules=LADDER)
    ticket = handled(county)
    with refuses(Code.STEP_SKIPPED, measure="warn"):
        ordered(county, measure="warn", tickets=(ticket,))
    due = clock_of(county, ticket, "resolve").due_at
    assert due == beijing("2026-03-13 00:00")

    shown = []
    for day in ("2026-03-13", "2026-03-14", "2026-03-17", "2026-03-18", "2026-03-19"):
        swept(county, f"{day} 09:00")
        swept(county, f"{day} 09:05")
        shown.append(steps(county, ticket))

    in_order = [("remind", 1), ("urge", 2), ("warn", 3), ("warn", 4), ("warn", 5)]
    assert [in_order[:1], in_order[:2], in_order[:3], in_order[:4], in_order[:5]] == shown
    assert [1, 2, 3, 4, 5] == [one.times for one in orders(county) if one.follows == "resolve"]
    assert {"written"} == {one.form for one in orders(county) if one.follows == "resolve"}
    assert "issued" == the_order(county, ordered(county, measure="warn", tickets=(ticket,))).state


@pytest.mark.clause("FJ23-3.4e")
def test_the_centre_tracks_supervises_and_verifies_any_ticket_and_a_department_none(tmp_path: Path):
    """FJ23-3.4e: three logged acts on a ticket of one department; another department may do none of them."""
    county = a_county(tmp_path, rules=LADDER)
    ticket = handled(county)
    acts = (FollowTicket(Text("已现场查看")), VerifyHandling("true", Text("属实")))
    supervise = IssueOrder("supervise", "overdue", tickets=(ticket,))

    for act in acts:
        county.act("office", act, ticket)
    county.act("office", supervise)

    assert ["TicketFollowed", "HandlingVerified", "Supervised"] == kinds_of(county, ticket)[-3:]
    assert [ticket] == listed(county, states=("handling",))
    for act in acts:
        with refuses(Code.PERMISSION_DENIED):
            county.act("department", act, ticket, "water")
    with refuses(Code.PERMISSION_DENIED):
        county.act("department", supervise, unit="water")


@pytest.mark.clause("FJ25-5.12.3a")
def test_listing_exposure_publication_and_appraisal_are_opened_and_closed_with_a_result(tmp_path: Path):
    """FJ25-5.12.3a: each has opener, date, demand and closing result."""
    county = a_county(tmp_path, rules=PUBLIC)
    ticket = handled(county)
    measures = ("listed", "exposure", "publication", "appraisal")
    opened = {one: ordered(county, measure=one, tickets=(ticket,), demand=Text("限期销号"), role="supervision") for one in measures}

    assert set(measures) == {one.measure for one in orders(county)}
    assert {("supervision", county.now)} == {(one.issuer, one.opened_at) for one in orders(county)}
    assert {True} == {bool(one.demand) for one in orders(county)}
    with refuses(Code.FIELD_REQUIRED, field="result"):
        county.act("supervision", CloseOrder(""), opened["listed"])
    county.later(days=1).act("supervision", CloseOrder("rectified"), opened["listed"])
    closed = the_order(county, opened["listed"])
    assert ("closed", "rectified", county.now) == (closed.state, closed.result, closed.closed_at)
    assert {"exposure", "publication", "appraisal"} == {one.measure for one in orders(county)}


def voted(hands: Hands, lead: str, vote: str) -> None:
    """A ticket that *lead* completed and the appellant voted on."""
    unit = lead.rpartition("-")[2]
    ticket = dispatched(hands, lead=lead)
    hands.act("department", Sign(), ticket, unit)
    hands.act("department", a_completion(hands), ticket, unit)
    hands.act("office", a_revisit(evaluation=vote), ticket)


def talks(hands: Hands, ground: str) -> list[str]:
    """The units with which a talk is proposed on that ground."""
    return [one.unit for one in orders(hands) if (one.measure, one.ground) == ("talk", ground)]


def test_a_ticket_and_an_order_that_cannot_be_read_keep_the_rules_from_nobody_else(tmp_path: Path):
    """FEDERATION 2.3 no. 15: one of two late tickets is damaged, then an open order is too; the other ticket's proposal comes."""
    county = a_county(tmp_path, rules=PUBLIC)
    broken, late = handled(county), handled(county)
    other = ordered(county, measure="listed", tickets=(late,), role="supervision")
    entries = schema.entries
    with county.node.store.database.write() as connection:
        for subject in (broken, other):
            connection.execute(update(entries).where(entries.c.subject_id == subject).values(content=b"\xff\xff\xff"))

    county.at(clock_of(county, late, "resolve").due_at).node.sweep.run(county.now)

    table = schema.dossiers
    with county.node.store.read() as view:
        query = select(table.c.id).where(table.c.kind == "order", table.c.state == "proposed")
        (id,) = view.connection.execute(query).scalars().all()
    proposal = the_order(county, id)
    assert ("talk", "overdue", HOUSING, (late,)) == (proposal.measure, proposal.ground, proposal.unit, proposal.tickets)


@pytest.mark.clause("FJ25-5.14.1a")
def test_a_talk_is_proposed_with_who_is_overdue_or_last_twice_and_the_discipline_side_records_it(tmp_path: Path):
    """FJ25-5.14.1a: last in two quarters in a row, after the second closed; an overdue ticket; only ever proposed."""
    county = a_county(tmp_path, at="2026-01-26 09:00", rules=PUBLIC)
    voted(county, HOUSING, "dissatisfied")
    voted(county, WATER, "satisfied")
    swept(county, "2026-04-01 09:00")
    assert [] == talks(county, "last_in_row")
    voted(county, HOUSING, "dissatisfied")
    voted(county, WATER, "satisfied")
    swept(county, "2026-06-30 23:59")
    assert [] == talks(county, "last_in_row")
    swept(county, "2026-07-01 00:00")
    swept(county, "2026-07-02 09:00")
    assert [HOUSING] == talks(county, "last_in_row")
    (proposal,) = [one for one in orders(county) if one.ground == "last_in_row"]
    assert ("2026-Q1 0/1", "2026-Q2 0/1") == proposal.evidence

    late = handled(county)
    swept(county, "2026-07-10 09:00")
    assert [] == talks(county, "overdue")
    county.at(clock_of(county, late, "resolve").due_at).node.sweep.run(county.now)
    assert [HOUSING] == talks(county, "overdue")

    for role in ("office", "supervision"):
        with refuses(Code.PERMISSION_DENIED):
            county.act(role, AdoptProposal(), proposal.id)
        with refuses(Code.PERMISSION_DENIED):
            county.act(role, RecordTalk(date(2026, 7, 10), Text("已约谈")), proposal.id)
    with refuses(Code.ONLY_PROPOSED):
        ordered(county, role="discipline", measure="talk", ground="overdue", unit=HOUSING)
    county.act("discipline", AdoptProposal(), proposal.id)
    county.act("discipline", RecordTalk(date(2026, 7, 10), Text("主要负责人已作检讨")), proposal.id)
    assert ("closed", "talked", date(2026, 7, 10)) == (
        the_order(county, proposal.id).state,
        the_order(county, proposal.id).result,
        the_order(county, proposal.id).talk_on,
    )


def test_perfunctory_handling_must_stand_found_before_a_talk_is_proposed_for_it(tmp_path: Path):
    """FJ25-5.14.1a, "a found fact": a revisit, a check or a superior found it."""
    county = a_county(tmp_path, rules=PUBLIC)
    ticket = handled(county)
    propose = ProposeOrder("talk", "perfunctory", HOUSING, (ticket,), reason=Text("答非所问"))
    with refuses(Code.FINDING_MISSING, unit=HOUSING):
        county.act("supervision", propose)

    county.act("department", a_completion(county), ticket, "housing")
    county.act("office", a_revisit(is_consistent=False), ticket)
    proposal = county.act("supervision", propose).subject.id

    assert ("proposed", (ticket,)) == (the_order(county, proposal).state, the_order(county, proposal).tickets)


@pytest.mark.clause("XS25-5.2a")
@pytest.mark.parametrize("role", ["discipline", "supervision"])
def test_the_supervision_roles_see_every_ticket_and_supervise_and_never_handle(tmp_path: Path, role: str):
    """XS25-5.2a: discipline commission and supervision office."""
    county = a_county(tmp_path)
    tickets = {handled(county) for _ in range(2)} | {dispatched(county)}

    assert tickets == set(listed(county))
    order = ordered(county, role=role, tickets=tuple(sorted(tickets)))
    assert ("issued", role) == (the_order(county, order).state, the_order(county, order).issuer)
    with refuses(Code.PERMISSION_DENIED):
        county.act(role, a_completion(county), sorted(tickets)[0], "housing")


HAIMEN = """
[completion]
standards = { value = ["solved", "determined"], clause = "HM20-4.3c" }
needs = { value = ["standard", "paper", "co_handling"], clause = "HM20-4.3c" }
"""


@pytest.mark.clause("HM20-3.4a")
def test_the_daily_list_shows_every_open_assignment_and_progress_is_asked_with_one_call(tmp_path: Path):
    """HM20-3.4a: state, days left and last progress; one request at a time, answered by what is recorded next."""
    county = a_county(tmp_path, rules=HAIMEN)
    tickets = [handled(county) for _ in range(5)]
    county.later(hours=1).act("department", RecordProgress(Text("已立项")), tickets[0], "housing")

    rows = tracked(county)
    assert set(tickets) == {row.ticket for row in rows}
    assert {("handling", HOUSING, 15)} == {(row.state, row.unit, row.left) for row in rows}
    assert county.now == next(row.progress_at for row in rows if row.ticket == tickets[0])

    county.later(hours=1).act("office", AskProgress(), tickets[1])
    county.act("office", AskProgress(), tickets[1])
    assert [tickets[1]] == [row.ticket for row in tracked(county) if row.is_asked]
    assert (1, HOUSING) == (kinds_of(county, tickets[1]).count("ProgressAsked"), clock_of(county, tickets[1], "progress_answer").owes)
    county.later(hours=1).act("department", RecordProgress(Text("本周开工")), tickets[1], "housing")
    assert [] == [row.ticket for row in tracked(county) if row.is_asked]
    assert county.now == next(row.progress_at for row in tracked(county) if row.ticket == tickets[1])


def tracked(hands: Hands) -> list[lists.TrackingLine]:
    """The daily tracking list."""
    with hands.node.store.read() as view:
        return lists.tracking_list(view, hands.node.policies.bare(view).calendar, hands.now)


@pytest.mark.clause("HM20-4.3c")
def test_the_backlog_is_shown_apart_and_what_became_of_it(tmp_path: Path):
    """HM20-4.3c: open when the month began, solved, determined with a conclusion, left; new tickets are no backlog."""
    county = a_county(tmp_path, rules=HAIMEN)
    tickets = [handled(county) for _ in range(7)]
    before = handled(county)
    county.act("department", a_completion(county), before, "housing")
    county.at(beijing("2026-03-10 09:00"))
    handled(county)

    for ticket in tickets[:3]:
        county.act("department", a_completion(county), ticket, "housing")
    with refuses(Code.FIELD_REQUIRED):
        county.act("department", Complete(standard="determined", result=Text("")), tickets[3], "housing")
    for ticket in tickets[3:5]:
        determined = a_completion(county, standard="determined", result=Text("超出政策范围"), explanation=Text("已当面说明"))
        county.act("department", determined, ticket, "housing")

    with county.node.store.read() as view:
        march = lists.backlog(view, beijing("2026-03-01 00:00"), beijing("2026-04-01 00:00"))
    assert lists.Backlog(open_before=7, solved=3, determined=2, other=0, remaining=2) == march


XIANGSHAN = """
[urging]
rungs = { value = ["supervise", "accountability"], default = "the steps are named, not their days" }
supervise.on = { value = "overdue", default = "the steps are named, not their days" }
accountability.on = { value = "former", default = "the steps are named, not their days" }
accountability.to = { value = "supervision", default = "one level higher" }
accountability.form = { value = "written", default = "a paper" }
proposed = { value = ["accountability"], default = "only ever proposed" }

[limit]
"rung.accountability" = { value = "5 workdays", default = "no days are given" }

[tolerance]
rules = { value = ["reform_tolerance", "tolerance_notice"], clause = "XS25-5.3b" }
"""


def test_accountability_is_only_proposed_and_answered_by_a_listed_rule_of_tolerance(tmp_path: Path):
    """XS25-5.2c, 5.3a, 5.3b: slow handling is proposed by itself; the risk note was filed before anybody acted."""
    county = a_county(tmp_path, rules=XIANGSHAN)
    ticket = handled(county)
    county.act("department", FileRiskNote(Text("先行施工"), Text("可控"), Text("每日巡查")), ticket, "housing")
    county.act("department", RecordProgress(Text("先行施工")), ticket, "housing")
    county.act("department", FileRiskNote(Text("夜间施工"), Text("可控"), Text("限时")), ticket, "housing")
    assert [True, False] == [note.is_prior for note in the(county, ticket).risk_notes]
    due = clock_of(county, ticket, "resolve").due_at
    assert due is not None
    county.at(due).node.sweep.run(county.now)
    assert {"supervise"} == {one.measure for one in orders(county)}
    county.later(days=7).node.sweep.run(county.now)

    (proposal,) = [one for one in orders(county) if one.measure == "accountability"]
    assert ("proposed", HOUSING) == (proposal.state, proposal.unit)
    note = the(county, ticket).risk_notes[0].entry
    with refuses(Code.VALUE_NOT_OFFERED):
        county.act("department", ClaimTolerance("no_such_rule", Text("属先行先试"), note), proposal.id, "housing")
    county.act("department", ClaimTolerance("reform_tolerance", Text("属先行先试"), note), proposal.id, "housing")
    assert ("proposed", "reform_tolerance") == (the_order(county, proposal.id).state, the_order(county, proposal.id).tolerance)
