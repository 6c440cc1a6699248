"""The outbox and its gateways: written with the entry, sent once, held up by nobody."""

import email
import hashlib
import hmac
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from node import app
from node.domain.entry import Subject
from node.domain.payload import Contact, Text
from node.domain.refusal import Code
from node.domain.registry import PayloadOpened
from node.domain.ticket.completion import GiveFeedback
from node.domain.ticket.dispatching import Sign
from node.domain.ticket.evaluation import Evaluate
from node.domain.ticket.handling import RecordProgress
from node.domain.ticket.milestone import PlanMilestone, ReachMilestone
from node.notify.dispatch import Sent
from node.services.figures import counts
from node.services.votes import vote
from node.storage import notices, schema
from node.storage.notices import Row
from tests.clauses.given import a_county, completed, dispatched, handled, refuses, registered, the
from tests.notify.doors import http_door, smtp_door
from tests.support.node import Hands

STAFF_BY_ROBOT = """
[notify]
staff = { value = ["in_app", "robot"], default = "the node's own choice" }
appellant = { value = ["in_app"], default = "the node's own choice" }
"""


def told(hands: Hands, ticket: str, audience: str = "appellant", channel: str = "in_app") -> list[Row]:
    """What one audience was told of a ticket by one channel."""
    with hands.node.store.read() as view:
        rows = notices.of_subject(view.connection, ticket)
    return [row for row in rows if (row.audience, row.channel) == (audience, channel)]


def send(hands: Hands, **doors: str) -> Sent:
    """One run of the dispatcher with these gateways set."""
    hands.node.settings = hands.node.settings.model_copy(update=doors)
    with hands.node.store.read() as view:
        pack = hands.node.policies.of_node(view, hands.now).pack
    return app.dispatcher(hands.node).run(pack, hands.now)


def test_a_progress_step_is_told_in_the_transaction_that_records_it(tmp_path: Path):
    """FJ25-3.8.4b: the step stands in the ticket, and one notice for the enterprise waits, or neither is there."""
    county = a_county(tmp_path)
    ticket = handled(county)
    before = told(county, ticket)

    county.act("department", RecordProgress(Text("已到现场测量")), ticket, "housing")

    *_, step = told(county, ticket)
    assert len(before) + 1 == len(told(county, ticket))
    assert ("step", "ProgressRecorded", "waiting", None) == (step.template, step.facts["event"], step.state, step.words)

    county.node.store.fault = _die_before_commit
    with pytest.raises(KeyError):
        county.act("department", RecordProgress(Text("又去了一次")), ticket, "housing")
    assert len(before) + 1 == len(told(county, ticket))


def _die_before_commit(point: str) -> None:
    if point == "commit.before":
        raise KeyError(point)


def test_each_change_of_state_is_told_and_who_must_act_hears_that_it_is_his_turn(tmp_path: Path):
    """FJ25-3.8.4b: the enterprise hears of every state; the department of its turn, once."""
    county = a_county(tmp_path)
    ticket = completed(county)
    states = [row.facts["state"] for row in told(county, ticket) if row.template == "state"]
    assert ["registered", "formed", "dispatched", "handling", "completed"] == states
    assert ["turn"] == [row.template for row in told(county, ticket, "unit:520402-housing")]


@pytest.mark.clause("XS25-4.4.2c")
def test_the_result_is_pushed_once_even_if_the_process_dies_before_sending(tmp_path: Path):
    """XS25-4.4.2c: one push with the result's text waits with the completion; a new process sends it once and says so."""
    county = a_county(tmp_path)
    ticket = completed(county)
    (push,) = [row for row in told(county, ticket) if row.facts.get("state") == "completed"]
    assert push.words is not None and push.state == "waiting"

    again = Hands(app.build(county.node.data_dir), county.clock, "")
    sent = send(again)
    (after,) = [row for row in told(again, ticket) if row.id == push.id]
    assert ("sent", again.now) == (after.state, after.sent_at)
    assert (True, Sent()) == (sent.sent > 0, send(again))


def test_an_sms_says_that_something_happened_and_never_what(tmp_path: Path):
    """FEATURES 87: no name, no number of the caller, no word of the appeal; signed, with a key under which a repeat is one."""
    county = a_county(tmp_path)
    ticket = registered(county, appeal=Text("厂房门口道路施工"), name=Contact("王某某"), phone=Contact("13800001234"))
    with http_door() as door:
        sent = send(county, sms_url=door.url, sms_secret="shared")
    (body,), (headers,) = door.bodies, door.headers
    assert ("13800001234", 3) == (body["to"], sent.sent)
    for word in ("王某", "道路", "施工", "13800001234"):
        assert word not in body["text"]
    signature = hmac.new(b"shared", body["raw"], hashlib.sha256).hexdigest()
    assert (f"sha256={signature}", body["id"]) == (headers["X-Signature"], headers["Idempotency-Key"])
    assert ticket == the_opened(county)


def test_without_a_gateway_no_number_is_opened(tmp_path: Path):
    """Nothing could be sent: the row says so, and the journal has no opening that served nobody."""
    county = a_county(tmp_path)
    ticket = registered(county, phone=Contact("13800001234"))
    send(county)
    (sms,) = told(county, ticket, channel="sms")
    assert ("waiting", "no gateway is set", []) == (sms.state, sms.error, the_openings(county))


def the_opened(hands: Hands) -> str:
    """The ticket of the only opening."""
    (opened,) = the_openings(hands)
    return opened


def the_openings(hands: Hands) -> list[str]:
    """The ticket of each opening in the node's own journal."""
    with hands.node.store.read() as view:
        entries = view.journal.of_subject(Subject("node", hands.node.code))
    return [str(one.content.event.opened) for one in entries if isinstance(one.content.event, PayloadOpened)]


def test_a_dead_gateway_makes_its_own_rows_wait_and_nothing_else(tmp_path: Path):
    """FEATURES 87: handling goes on, the page is delivered, the SMS is tried again later and later, and given up after three days."""
    county = a_county(tmp_path)
    with http_door() as door:
        door.status = 503
        ticket = registered(county)
        first = send(county, sms_url=door.url)
        assert ((2, 1), "sent") == ((first.sent, first.failed), told(county, ticket)[0].state)
        assert Sent() == send(county)
        assert Sent(failed=1) == send(county.later(seconds=30))
        (sms,) = told(county, ticket, channel="sms")
        assert ("waiting", 2, "HTTP 503") == (sms.state, sms.attempts, sms.error)
        send(county.later(days=3, hours=2))
        assert "failed" == told(county, ticket, channel="sms")[0].state


def test_no_phone_rings_at_night(tmp_path: Path):
    """FEATURES 87: what happens at 21:00 is sent at 08:00; the page shows it at once."""
    county = a_county(tmp_path, "2026-02-13 21:00")
    ticket = registered(county)
    with http_door() as door:
        assert Sent(sent=2, put_off=1) == send(county, sms_url=door.url)
        assert [] == door.bodies
        assert Sent(sent=1) == send(county.later(hours=11))
    assert "sent" == told(county, ticket, channel="sms")[0].state


def test_the_robot_bundles_and_stays_under_twenty_posts_a_minute(tmp_path: Path):
    """FEATURES 88: 200 turns at once are a few posts; what is over the budget goes a minute later; a refusal of WeCom is a failure."""
    county = a_county(tmp_path, rules=STAFF_BY_ROBOT)
    with county.node.store.write() as work:
        rows = [notices.New(f"e{n}", "order", f"O{n}", "role:office", "robot", "turn", {"state": "formed"}) for n in range(1500)]
        notices.put(work.connection, rows, work.payloads.random, county.now)
    with http_door() as door:
        county.node.settings = county.node.settings.model_copy(update={"robot_url": door.url})
        sender = app.dispatcher(county.node)
        with county.node.store.read() as view:
            pack = county.node.policies.of_node(view, county.now).pack
        runs = []
        while True:
            done = sender.run(pack, county.now)
            runs.append(len(door.bodies))
            if done.put_off == 0 and done.sent < 500:
                break
            county.later(seconds=61 if done.put_off else 0)
        assert 1500 == sum(body["markdown"]["content"].count("O") for body in door.bodies)
        assert max(after - before for before, after in zip([0, *runs], runs, strict=False)) < 20
        door.answer = {"errcode": 45009}
        with county.node.store.write() as work:
            notices.put(
                work.connection, [notices.New("x", "order", "O", "role:office", "robot", "turn", {})], work.payloads.random, county.now
            )
        assert Sent(failed=1) == sender.run(pack, county.later(minutes=2).now)


def test_mail_goes_to_the_offices_own_address(tmp_path: Path):
    """FEATURES 87: staff are told by mail where the pack says so."""
    rules = '[notify]\nstaff = { value = ["email"], default = "own" }\nappellant = { value = ["in_app"], default = "own" }\n'
    county = a_county(tmp_path, rules=rules)
    registered(county)
    with smtp_door() as door:
        assert 1 == send(county, smtp_url=door.url, office_email="desk@example.cn").sent - 1
    mail = email.message_from_string(door.mails[0])
    assert ("desk@example.cn", "office@example.cn") == (mail["To"], mail["From"])


def test_an_invitation_to_vote_works_once_and_silence_is_not_satisfaction(tmp_path: Path):
    """FJ25-4.10.3b: one invitation a completion; its link votes once; who does not answer is counted apart."""
    county = a_county(tmp_path)
    voted, silent = completed(county), completed(county)
    (invitation,) = [row for row in told(county, voted) if row.template == "evaluate"]

    def by_link(value: str) -> None:
        county.node.writer.command(lambda work: vote(work, county.node.handler, invitation.token, Evaluate(value=value), county.now))

    by_link("satisfied")
    with refuses(Code.LINK_USED):
        by_link("dissatisfied")
    with refuses(Code.LINK_UNKNOWN):
        county.node.writer.command(lambda work: vote(work, county.node.handler, "nobody's", Evaluate(value="satisfied"), county.now))
    assert (True, None) == (
        the(county, voted).rounds[-1].evaluation.is_satisfied,  # type: ignore[union-attr]
        the(county, silent).rounds[-1].evaluation,
    )
    with county.node.store.read() as view:
        here = counts(view, county.now)
    assert (2, 1, 0) == (here.completed, here.satisfied, here.dissatisfied)


@pytest.mark.clause("FJ25-4.10.2a")
def test_each_milestone_of_a_long_matter_is_told_and_a_short_one_has_none(tmp_path: Path):
    """FJ25-4.10.2a: threshold 5 working days; three milestones of a matter of ten make three notices; a matter of three has none."""
    county = a_county(tmp_path)
    long = handled(county)
    days = [(county.now + timedelta(days=days)).date() for days in (12, 13, 14)]
    for day in days:
        county.act("department", PlanMilestone(day, Text("完成一步")), long, "housing")
    for number in (1, 2, 3):
        county.act("department", ReachMilestone(number), long, "housing")
    county.act("department", ReachMilestone(3), long, "housing")
    reached = [row for row in told(county, long) if row.facts.get("event") == "MilestoneReached"]
    assert 3 == len(reached)

    short = dispatched(county, category="consultation")
    county.act("department", Sign(), short, "housing")
    with refuses(Code.NO_MILESTONES, ticket=short):
        county.act("department", PlanMilestone(days[0], Text("一步")), short, "housing")
    assert () == the(county, short).milestones


def test_feedback_is_shown_with_its_text_on_the_page_only_where_it_may_be_read(tmp_path: Path):
    """DESIGN 4: the outbox has no word of anybody; it names where the text lies."""
    county = a_county(tmp_path)
    ticket = handled(county)
    county.act("department", GiveFeedback("phone", Text("便道下周开通")), ticket, "housing")
    (row,) = [row for row in told(county, ticket) if row.facts.get("event") == "FeedbackGiven"]
    with county.node.store.read() as view:
        stored = view.connection.execute(select(schema.notices)).mappings().all()
        count = view.connection.execute(select(func.count()).select_from(schema.notices)).scalar_one()
    assert len(stored) == count
    assert not any("便道" in str(value) for one in stored for value in one.values())
    assert row.words is not None
