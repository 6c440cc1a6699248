"""A decision recorded on behalf: the scanned paper, his name and the day, a second person; he can contradict (USERS B16)."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from node.domain import registry as g
from node.domain.payload import Contact, Text
from node.domain.refusal import Code
from node.domain.ticket.dispatching import Dispatch
from node.domain.ticket.extension import DecideExtension, RequestExtension
from node.domain.ticket.objection import CoordinateObjection, Object, ReportToGovernment
from node.domain.ticket.proxy_decision import (
    PROXIES,
    AnswerContradiction,
    ConfirmDecisionFor,
    ContradictDecision,
    RecordDecisionFor,
)
from node.domain.ticket.state import State
from node.domain.ticket.termination import ApplyTermination
from tests.clauses.given import (
    CITY,
    COUNTY,
    HOUSING,
    WATER,
    a_completion,
    a_county,
    beijing,
    clock_of,
    dispatched,
    handled,
    kinds_of,
    page_of,
    refuses,
    the,
    words_at,
)
from tests.support.node import Hands

GOVERNMENT = f"{COUNTY}-government"
CENTRE = f"{COUNTY}-centre"


def a_county_with_leaders(directory: Path, rules: str = "") -> Hands:
    """A county whose government is a unit without any account."""
    county = a_county(directory, rules=rules)
    county.act("node", g.OpenUnit("government", "区政府", "government"), county.node.code)
    return county


def put_to_government(county: Hands) -> str:
    """An objection that the office could not settle."""
    ticket = dispatched(county)
    county.act("department", Object(Text("不属本局职责"), WATER), ticket, "housing")
    county.act("office", CoordinateObjection((HOUSING, WATER), True, Text("意见不一")), ticket)
    county.act("office", ReportToGovernment(Text("双方意见附后")), ticket)
    return ticket


def a_record(county: Hands, **fields: object) -> RecordDecisionFor:
    """The vice mayor's ruling on paper, but for *fields*."""
    paper = county.node.blobs.put("区政府批示".encode())
    ruling = RecordDecisionFor(
        "objection", "ruled", GOVERNMENT, Contact("李副区长"), date(2026, 2, 13), paper, Text("由水务局牵头"), lead=WATER
    )
    return replace(ruling, **fields)  # type: ignore[arg-type]


def recorded(county: Hands, ticket: str, command: RecordDecisionFor, account: str = "first") -> str:
    """The record's entry id."""
    return county.act("office", command, ticket, account=account).entries[-1].header.id


class TestGovernmentsRuling:
    """AS25-3.1.2, 4.3.2b under B16: nobody in the government logs in, and its ruling names the lead all the same."""

    def test_it_has_no_effect_before_a_second_person_confirmed_it(self, tmp_path: Path):
        """The record says who decided, when and on which paper; the confirmation dispatches, finally."""
        county = a_county_with_leaders(tmp_path)
        ticket = put_to_government(county)

        record = recorded(county, ticket, a_record(county))
        assert (State.OBJECTED, True) == (the(county, ticket).state, clock_of(county, ticket, "government_ruling").is_running)
        with refuses(Code.OWN_CASE):
            county.act("office", ConfirmDecisionFor(record, is_right=True), ticket, account="first")
        county.act("office", ConfirmDecisionFor(record, is_right=True), ticket, account="second")

        after = the(county, ticket)
        assert (State.DISPATCHED, WATER, True) == (after.state, after.lead, after.dispatch is not None and after.dispatch.is_final)
        assert ["DecisionRecorded", "DecisionConfirmed", "Dispatched"] == kinds_of(county, ticket)[-3:]
        said = page_of(county, ticket).timeline[-3]
        assert ("objection", "ruled", GOVERNMENT, "government", date(2026, 2, 13), WATER) == tuple(
            said.facts[name] for name in ("decision", "outcome", "body", "decider", "decided_on", "lead")
        )
        assert ("由水务局牵头", ("decided_by",)) == (said.texts["reason"], said.contacts)
        assert not clock_of(county, ticket, "government_ruling").is_running

    def test_a_repeated_confirmation_does_nothing_twice(self, tmp_path: Path):
        """Carried out is carried out."""
        county = a_county_with_leaders(tmp_path)
        ticket = put_to_government(county)
        record = recorded(county, ticket, a_record(county))
        county.act("office", ConfirmDecisionFor(record, is_right=True), ticket, account="second")
        before = kinds_of(county, ticket)

        assert () == county.act("office", ConfirmDecisionFor(record, is_right=True), ticket, account="third").entries
        assert before == kinds_of(county, ticket)

    def test_a_record_that_does_not_say_what_the_paper_says_is_void(self, tmp_path: Path):
        """Rejected with a note; another record may follow, and the ruling is still pending."""
        county = a_county_with_leaders(tmp_path)
        ticket = put_to_government(county)
        wrong = recorded(county, ticket, a_record(county, lead=HOUSING))
        with refuses(Code.DECISION_PENDING):
            recorded(county, ticket, a_record(county))
        with refuses(Code.FIELD_REQUIRED, field="note"):
            county.act("office", ConfirmDecisionFor(wrong, is_right=False), ticket, account="second")
        county.act("office", ConfirmDecisionFor(wrong, is_right=False, note=Text("批示写的是水务局")), ticket, account="second")
        with refuses(Code.NOTHING_PENDING):
            county.act("office", ConfirmDecisionFor(wrong, is_right=True), ticket, account="second")

        right = recorded(county, ticket, a_record(county))
        county.act("office", ConfirmDecisionFor(right, is_right=True), ticket, account="second")

        assert WATER == the(county, ticket).lead

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"decision": "budget"}, Code.VALUE_NOT_OFFERED),
            ({"outcome": "granted"}, Code.VALUE_NOT_OFFERED),
            ({"decision": "termination", "outcome": "granted"}, Code.NOTHING_PENDING),
            ({"decider": "leader"}, Code.VALUE_NOT_OFFERED),
            ({"body": f"{CITY}-government"}, Code.UNIT_UNKNOWN),
            ({"decided_by": Contact("")}, Code.FIELD_REQUIRED),
            ({"decided_on": date(2026, 2, 14)}, Code.MALFORMED_COMMAND),
            ({"digest": "ab" * 32}, Code.EVIDENCE_UNKNOWN),
            ({"reason": Text("")}, Code.FIELD_REQUIRED),
            ({"lead": "520402-nobody"}, Code.UNIT_UNKNOWN),
        ],
        ids=[
            "no such decision", "another outcome", "nothing pending", "not his to decide", "no such body",
            "no name", "tomorrow", "no paper", "no words", "a lead that is none",
        ],
    )  # fmt: skip
    def test_what_is_not_recorded(self, tmp_path: Path, fields: dict[str, object], code: Code):
        """What could never take effect is refused to whoever records it."""
        county = a_county_with_leaders(tmp_path)
        ticket = put_to_government(county)
        with refuses(code):
            recorded(county, ticket, a_record(county, **fields))


class TestOfficesOwnHead:
    """An extension or a termination that the head of the office decided on paper."""

    def extension(self, county: Hands, **fields: object) -> RecordDecisionFor:
        """The head's word on an extension."""
        paper = county.node.blobs.put("延期审批表".encode())
        granted = RecordDecisionFor("extension", "granted", CENTRE, Contact("王主任"), date(2026, 2, 13), paper, Text("同意延期"))
        return replace(granted, **fields)  # type: ignore[arg-type]

    def test_an_extension_that_was_granted_on_paper_moves_the_limit(self, tmp_path: Path):
        """AS25-4.4.2b: the promised date is the deadline from the confirmation on."""
        county = a_county_with_leaders(tmp_path)
        ticket = handled(county)
        county.act("department", RequestExtension(date(2026, 4, 1), "complex", Text("工程量大")), ticket, "housing")
        record = recorded(county, ticket, self.extension(county))
        before = clock_of(county, ticket, "resolve").due_at

        county.act("office", ConfirmDecisionFor(record, is_right=True), ticket, account="second")

        assert (beijing("2026-04-02 00:00"), None) == (clock_of(county, ticket, "resolve").due_at, the(county, ticket).extension)
        assert before != clock_of(county, ticket, "resolve").due_at

    def test_what_was_decided_online_meanwhile_is_not_decided_again(self, tmp_path: Path):
        """The record was about that application and no other; it never takes effect."""
        county = a_county_with_leaders(tmp_path)
        ticket = handled(county)
        request = RequestExtension(date(2026, 4, 1), "complex", Text("工程量大"))
        county.act("department", request, ticket, "housing")
        record = recorded(county, ticket, self.extension(county))
        county.act("office", DecideExtension(False, Text("理由不足")), ticket, account="third")
        county.later(minutes=1).act("department", request, ticket, "housing")
        with refuses(Code.NOTHING_PENDING, application="extension"):
            county.act("office", ConfirmDecisionFor(record, is_right=True), ticket, account="second")

    def test_a_handler_neither_records_nor_confirms(self, tmp_path: Path):
        """DESIGN 5: whoever handled it has no part in deciding it, on paper neither."""
        county = a_county_with_leaders(tmp_path)
        ticket = handled(county)
        county.act("department", RequestExtension(date(2026, 4, 1), "complex", Text("工程量大")), ticket, "housing", account="chen")
        with refuses(Code.OWN_CASE):
            recorded(county, ticket, self.extension(county), account="chen")
        record = recorded(county, ticket, self.extension(county))
        with refuses(Code.OWN_CASE):
            county.act("office", ConfirmDecisionFor(record, is_right=True), ticket, account="chen")

    def test_a_termination_that_was_granted_on_paper_ends_the_ticket(self, tmp_path: Path):
        """One confirmation, and nothing is left open: no ask, no clock, no record that lapsed."""
        county = a_county_with_leaders(tmp_path)
        ticket = handled(county, name=None, phone=None, appellant_kind="anonymous")
        county.act("department", ApplyTermination("anonymous", Text("未留联系方式")), ticket, "housing")
        record = recorded(county, ticket, self.extension(county, decision="termination"))

        county.act("office", ConfirmDecisionFor(record, is_right=True), ticket, account="second")

        after = the(county, ticket)
        assert (State.TERMINATED, "anonymous") == (after.state, after.terminated_for)
        assert ["DecisionConfirmed", "Terminated"] == kinds_of(county, ticket)[-2:]
        assert ((), []) == (after.open_asks(), [clock.name for clock in after.clocks.values() if clock.is_running])

    def test_a_record_that_nobody_confirmed_lapses_with_the_ticket(self, tmp_path: Path):
        """What is completed meanwhile has nothing left to decide."""
        county = a_county_with_leaders(tmp_path)
        ticket = handled(county)
        county.act("department", RequestExtension(date(2026, 4, 1), "complex", Text("工程量大")), ticket, "housing")
        record = recorded(county, ticket, self.extension(county))

        county.act("department", a_completion(county), ticket, "housing")

        assert (True, ()) == (the(county, ticket).proxies[0].is_void, the(county, ticket).open_asks())
        with refuses(Code.NOTHING_PENDING):
            county.act("office", ConfirmDecisionFor(record, is_right=True), ticket, account="second")


class TestContradiction:
    """B16: the leader can contradict."""

    def test_before_it_has_effect_it_never_gets_one(self, tmp_path: Path):
        """He says that he decided otherwise: the record is void, the office must answer him."""
        county = a_county_with_leaders(tmp_path)
        ticket = put_to_government(county)
        record = recorded(county, ticket, a_record(county))

        county.act("government", ContradictDecision(record, Text("未作此批示")), ticket, "government")

        with refuses(Code.NOTHING_PENDING):
            county.act("office", ConfirmDecisionFor(record, is_right=True), ticket, account="second")
        assert (State.OBJECTED, True) == (the(county, ticket).state, clock_of(county, ticket, "contradiction/objection").is_running)
        county.act("office", AnswerContradiction(record, Text("已作废并重新呈批")), ticket)
        assert ((), False) == (
            the(county, ticket).open_asks("DecisionContradicted", "DecisionRecorded"),
            clock_of(county, ticket, "contradiction/objection").is_running,
        )

    def test_after_it_the_office_is_timed_until_it_answers(self, tmp_path: Path):
        """What followed stands until the office sets it right by its ordinary means."""
        county = a_county_with_leaders(tmp_path)
        ticket = put_to_government(county)
        record = recorded(county, ticket, a_record(county))
        county.act("office", ConfirmDecisionFor(record, is_right=True), ticket, account="second")

        county.act("government", ContradictDecision(record, Text("未作此批示")), ticket, "government")

        after = the(county, ticket)
        assert (State.DISPATCHED, WATER, 1) == (after.state, after.lead, len(after.open_asks("DecisionContradicted")))
        said = page_of(county, ticket).timeline[-1]
        assert ("DecisionContradicted", True, "未作此批示") == (said.kind, said.facts["was_in_effect"], said.texts["statement"])
        assert beijing("2026-02-15 00:00") == clock_of(county, ticket, "contradiction/objection").due_at
        county.act("office", AnswerContradiction(record, Text("已收回派单")), ticket)
        with refuses(Code.NOTHING_PENDING):
            county.act("office", AnswerContradiction(record, Text("已收回派单")), ticket)

    def test_nobody_else_contradicts_for_him(self, tmp_path: Path):
        """Only the body that is said to have decided, in that role."""
        county = a_county_with_leaders(tmp_path)
        ticket = put_to_government(county)
        record = recorded(county, ticket, a_record(county))
        for role, unit in (("leader", "government"), ("government", "water")):
            with refuses(Code.PERMISSION_DENIED):
                county.act(role, ContradictDecision(record, Text("未作此批示")), ticket, unit)


def test_the_words_of_a_record_open_where_the_ticket_is_held(tmp_path: Path):
    """Name and reason are sealed like everything that people write."""
    county = a_county_with_leaders(tmp_path)
    ticket = put_to_government(county)
    recorded(county, ticket, a_record(county))

    assert "由水务局牵头" == words_at(county, ticket, the(county, ticket).proxies[0].reason)


def test_every_decision_that_may_be_recorded_names_a_command_with_its_roles():
    """A decision that nobody could give online cannot be recorded either."""
    assert {} == {name: one.command.__name__ for name, one in PROXIES.items() if not one.command.roles}
    assert Dispatch not in {one.command for one in PROXIES.values()}
