"""Real input: public messages to a government, taken in as they were written.  Skipped where the sample is not at hand."""

import json
from pathlib import Path

import pytest
from sqlalchemy import select

from node.domain.payload import SealedRef, Text
from node.domain.ticket.intake import Register
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
