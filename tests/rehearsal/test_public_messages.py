"""Real input: public messages to a government, taken in as they were written.  Skipped where the sample is not at hand."""

import json
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from chinese_calendar import is_workday
from sqlalchemy import select

from node import app
from node.cli.console import Parts
from node.cli.main import execute
from node.domain.payload import SealedRef, Text
from node.domain.ticket.intake import Register
from node.services.figures import Counts, counts
from node.storage import schema
from tests.support.node import make_node
from tests.support.tree import ROOT

SAMPLE = ROOT.parent / "shared" / "data" / "public_messages.jsonl"


@pytest.mark.skipif(not SAMPLE.exists(), reason="the sample of public messages is not beside this checkout")
def test_every_message_gets_a_number_and_none_of_its_words_stands_in_the_open(tmp_path: Path) -> None:
    """1,408 messages with their own line breaks, quotation marks and lengths: each numbered, sealed, and opened as it was."""
    hands = make_node(tmp_path)
    messages = [json.loads(line) for line in SAMPLE.read_text("utf-8").splitlines()]
    told: dict[str, str] = {}
    for message in messages:
        hands.later(minutes=1)
        command = Register(channel="platform", title=Text(message["subject"]), appeal=Text(message["text"]), appellant_kind="anonymous")
        told[hands.act("enterprise", command).subject.id] = message["text"]

    with hands.node.store.read() as view:
        journal = b"\n".join(bytes(content) for content in view.connection.execute(select(schema.entries.c.content)).scalars())
        opened = {}
        for ticket_id in told:
            ticket = view.readings.ticket(ticket_id)
            assert ticket is not None
            assert isinstance(ticket.intake.appeal, SealedRef)
            opened[ticket_id] = view.payloads.open(ticket.subject, ticket.intake.appeal)

    assert len(messages) == len(told)
    assert told == opened
    assert [] == [
        message["id"] for message in messages if message["text"][:20].encode() in journal or message["subject"].encode() in journal
    ]


# --- on-time shares under the five packs ------------------------------------------------------------------------------

# For each pack the class and complexity whose limit is the mechanism's general one, and that limit in its own words: what nothing
# makes special.  安顺: a coordination, plain (AS25-4.4.1.2a).  奉节 2023 and 2025: general (FJ23-3.4c, FJ25-3.7.2c).  象山: a
# coordination, simple (XS25-4.4.2d).  海门: routine (HM20-3.2d).
GENERAL = {
    "anshun-2025": ("coordination", "plain", 10, "workdays"),
    "fengjie-2023": ("general", "general", 3, "days"),
    "fengjie-2025": ("other_matter", "general", 3, "workdays"),
    "xiangshan-2025": ("coordination", "simple", 1, "workdays"),
    "haimen-2020": ("routine", "routine", 3, "workdays"),
}
# A county of 安顺 has its mechanism by a pack of its own, which names its government.
COUNTY_OF = {"anshun-2025": "xixiu-2025"}
# Before the first message; and a pack of the same rules that is in force then.
BEGINNING = datetime(2011, 1, 4, 1, tzinfo=UTC)
EARLIER = """
[pack]
id = "earlier"
version = "1"
level = "county"
name = "rehearsed over the days of the messages"
effective_from = 2010-01-01
parents = ["{pack}"]
"""


def answered_in_time(message: dict[str, str], count: int, unit: str) -> bool:
    """The separate few lines: days counted one by one over the published calendar, with nothing of the node's."""
    submitted, replied = (datetime.fromisoformat(message[name]) for name in ("submitted_at", "replied_at"))
    day = submitted.date()
    while count:
        day += timedelta(days=1)
        count -= unit == "days" or is_workday(day)
    return replied <= datetime.combine(day + timedelta(days=1), time.min)


def rehearsed(directory: Path, pack: str, messages: Path) -> Counts:
    """What a node under *pack* counts once ``qyzj import`` took the messages over."""
    parts = Parts(app.build, app.create, app.set_rehearsal_clock, app.serve)
    data, clock = directory / "node", directory / "clock.json"
    app.set_rehearsal_clock(clock, BEGINNING)
    (data / "packs").mkdir(parents=True)
    (data / "packs" / "earlier.toml").write_text(EARLIER.format(pack=COUNTY_OF.get(pack, pack)), "utf-8")

    def call(*arguments: str | Path) -> int:
        return execute(["--data", str(data), *map(str, arguments), "--json"], parts)

    category, complexity, _, _ = GENERAL[pack]
    assert 0 == call("init", "--node", "520402", "--name", "n", "--pack", "earlier", "--rehearsal-clock", clock)
    assert 0 == call("unit", "open", "board", "留言办理单位")
    assert 0 == call("account", "open", "clerk", "--role", "department", "--unit", "board")
    assert 0 == call("account", "open", "chief", "--role", "department_leader", "--unit", "board")
    more = ("--unit", "board", "--category", category, "--complexity", complexity)
    assert 0 == call("import", "messages", messages, *more)
    node = app.build(data)
    try:
        with node.store.read() as view:
            return counts(view, node.now())
    finally:
        node.close()


def check_shares(directory: Path, pack: str, some: list[str]) -> None:
    """Import *some* lines under *pack* and compare what the hub counts with the few lines above."""
    file = directory / "messages.jsonl"
    file.write_text("\n".join(some), "utf-8")
    _, _, limit, unit = GENERAL[pack]
    in_time = sum(answered_in_time(json.loads(line), limit, unit) for line in some)

    counted = rehearsed(directory, pack, file)

    assert (len(some), len(some), in_time, len(some) - in_time) == (
        counted.tickets, counted.completed, counted.on_time, counted.late,
    )  # fmt: skip


@pytest.mark.skipif(not SAMPLE.exists(), reason="the sample of public messages is not beside this checkout")
@pytest.mark.parametrize("pack", GENERAL)
def test_the_shares_in_time_of_some_messages_are_what_a_few_lines_count(tmp_path: Path, pack: str) -> None:
    """Every fourteenth message: each real submission, each real reply, under the clocks of the pack."""
    check_shares(tmp_path, pack, SAMPLE.read_text("utf-8").splitlines()[::14])


@pytest.mark.slow
@pytest.mark.skipif(not SAMPLE.exists(), reason="the sample of public messages is not beside this checkout")
@pytest.mark.parametrize("pack", GENERAL)
def test_the_shares_in_time_of_all_messages_are_what_a_few_lines_count(tmp_path: Path, pack: str) -> None:
    """All 1,408."""
    check_shares(tmp_path, pack, SAMPLE.read_text("utf-8").splitlines())
