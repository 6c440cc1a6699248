"""``qyzj order``: a supervision order from its issue to its closing, and the daily lists."""

from tests.cli.given import MONDAY, Program


def test_an_order_is_issued_answered_and_closed(qyzj: Program):
    """AS25-4.6.1: by the short names of units; the open list shows it until it is closed."""
    ticket = qyzj.handle()
    issued = qyzj("order", "issue", "--measure", "supervise", "--ground", "overdue", "--tickets", ticket, "--as", "centre", "--json")
    order = issued.json["subject"]["id"]
    (line,) = qyzj("order", "open", "--unit", "housing", "--json").json["orders"]
    assert (order, "520402-housing", [ticket]) == (line["id"], line["unit"], line["tickets"])

    assert 0 == qyzj("order", "answer", order, "--answer", "已约定开工", "--as", "li").code
    refused = qyzj("order", "close", line["number"], "--result", "forgotten", "--as", "centre", "--json")
    refusal = refused.complaint["refusal"]
    assert ("VALUE_NOT_OFFERED", "supervision.results") == (refusal["code"], refusal["facts"]["key"])
    assert 0 == qyzj("order", "close", line["number"], "--result", "rectified", "--as", "centre").code
    assert [] == qyzj("order", "open", "--json").json["orders"]
    assert "督办单已办结" in qyzj("order", "show", order).out


def test_the_daily_lists(qyzj: Program):
    """HM20-3.4a, 4.3c: open assignments with the days left, and what became of the backlog."""
    ticket = qyzj.handle()

    (line,) = qyzj("order", "tracking", "--json").json["assignments"]
    assert (ticket, "handling", 10) == (line["ticket"], line["state"], line["left"])
    assert 0 == qyzj("ticket", "ask-progress", ticket, "--as", "centre").code
    counts = qyzj("order", "backlog", "--first", "2026-01-27", "--last", "2026-01-31", "--json").json["backlog"]
    assert {"open_before": 1, "solved": 0, "determined": 0, "other": 0, "remaining": 1} == counts


def test_an_order_that_cannot_be_read_is_named_and_keeps_no_other_from_the_list(qyzj: Program):
    """For a machine by its id, for people in a sentence; a meeting's lists say the same of what they miss."""
    ticket = qyzj.handle()
    issue = ("order", "issue", "--measure", "supervise", "--ground", "overdue", "--tickets", ticket, "--as", "centre", "--json")
    lost, whole = (qyzj(*issue).json["subject"]["id"] for _ in range(2))
    qyzj.damage(lost)

    listed = qyzj("order", "open", "--json").json
    assert ([lost], [whole]) == (listed["unread"], [line["id"] for line in listed["orders"]])
    assert lost in qyzj("order", "open").out


def test_a_meeting_that_cannot_be_read_is_named_by_the_list_of_tasks(qyzj: Program):
    """The tasks of the others stand."""
    convene = ("meeting", "convene", "--as", "centre", "--meeting-kind", "joint_judgement", "--planned-at", MONDAY.isoformat())
    lost = qyzj(*convene, "--units", "housing", "--json").json["subject"]["id"]
    assert 0 == qyzj("meeting", "hold", lost, "--as", "centre", "--present", "housing").code
    qyzj.damage(lost)

    assert {"tasks": [], "unread": [lost]} == qyzj("meeting", "tasks", "--json").json
    assert lost in qyzj("meeting", "tasks").out


def test_a_letter_that_cannot_be_read_is_named_by_the_inbox(qyzj: Program):
    """The others are listed."""
    issue = ("letter", "raise-issue", "--topic", "process", "--title", "会签", "--text", "建议并联", "--as", "centre", "--json")
    lost, whole = (qyzj(*issue).json["subject"]["id"] for _ in range(2))
    qyzj.damage(lost)

    listed = qyzj("letter", "inbox", "--json").json
    assert ([lost], [whole]) == (listed["unread"], [line["id"] for line in listed["letters"]])
    assert lost in qyzj("letter", "inbox").out
