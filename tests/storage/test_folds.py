"""Whole tickets are kept by what they follow from: never stale, and folded once (DESIGN 13)."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from node.domain.entry import Folded, Subject
from node.domain.payload import Contact, Text
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.fold import Rank, fold_ticket
from node.domain.ticket.forming import Form
from node.domain.ticket.handling import RecordProgress
from node.domain.ticket.intake import Register
from node.domain.ticket.ticket import Ticket
from node.storage import folds, schema
from node.storage.codec import decode_content
from tests.support.node import Hands, make_node

PASSED = ("responsibility", "jurisdiction", "materials", "lawfulness")
REGISTER = Register(channel="window", appeal=Text("水渠堵塞"), name=Contact("王某"), phone=Contact("13800001234"))


@pytest.fixture
def hands(tmp_path: Path, database_url: str) -> Hands:
    """A county with two departments."""
    made = make_node(tmp_path, database_url=database_url)
    made.staff("water", "housing")
    return made


def test_each_outcome_is_what_the_bytes_fold_to(hands: Hands) -> None:
    """Read anew, entry by entry, from what stands in the journal."""
    ticket = hands.act("office", REGISTER).subject.id
    acts = [
        ("office", Form("coordination", passed=PASSED), ""),
        ("office", Dispatch("520402-water"), ""),
        ("department", Sign(), "water"),
        ("department", RecordProgress(Text("已到现场")), "water"),
    ]
    for role, command, unit in acts:
        outcome = hands.later(minutes=5).act(role, command, ticket, unit)

        with hands.node.store.read() as view:
            contents = view.connection.execute(
                select(schema.entries.c.content).where(schema.entries.c.subject_id == ticket).order_by(schema.entries.c.taken)
            ).scalars()
            anew = fold_ticket([decode_content(bytes(content)).folded for content in contents], view.place().rank)
            read = view.readings.ticket(ticket)
        assert anew == outcome.ticket
        assert anew == read


def test_of_one_transaction_each_act_sees_the_one_before(hands: Hands) -> None:
    """Its file is at hand from the first look on, and grows with what is written."""
    ticket = hands.act("office", REGISTER).subject.id

    with hands.node.store.write() as work:
        before = work.journal.of_subject(Subject("ticket", ticket))
        hands.node.handler.carry_out(work, hands.order("office", Form("coordination", passed=PASSED), ticket))
        hands.node.handler.carry_out(work, hands.order("office", Dispatch("520402-water"), ticket))
        at_hand = work.journal.of_subject(Subject("ticket", ticket))
        work.journal.forget_files()
        read = work.journal.of_subject(Subject("ticket", ticket))

    assert len(before) < len(at_hand)
    assert [(one.taken, one.leaf, one.content) for one in read] == [(one.taken, one.leaf, one.content) for one in at_hand]


def test_what_was_passed_by_counts_by_its_header_alone(hands: Hands) -> None:
    """The same entries, one of them passed by an operator: another ticket (FEDERATION 2.3 no. 15)."""
    ticket = hands.act("office", REGISTER).subject.id
    hands.act("office", Form("coordination", passed=PASSED), ticket)

    with hands.node.store.read() as view:
        stored = view.journal.of_subject(Subject("ticket", ticket))
        whole = folds.of(stored, frozenset(), view.place())
        without = folds.of(stored, frozenset({stored[-1].taken}), view.place())

    assert whole is not None and without is not None
    assert ((), (stored[-1].header.id,)) == (whole.unknown, without.unknown)


def test_it_is_folded_again_only_where_the_tree_orders_its_nodes_otherwise(hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two openers the higher node's holds, so the ticket follows from the tree, too; a node elsewhere in it changes nothing."""
    ticket = hands.act("office", REGISTER).subject.id
    folded: list[int] = []

    def fold(entries: Sequence[Folded], rank: Rank) -> Ticket | None:
        folded.append(len(entries))
        return fold_ticket(entries, rank)

    monkeypatch.setattr(folds, "fold_ticket", fold)

    with hands.node.store.read() as view:
        stored, place = view.journal.of_subject(Subject("ticket", ticket)), view.place()
        for tree in (
            place,
            replace(place, superiors={**place.superiors, "520499": "520402"}),
            replace(place, node="520400", superiors={"520402": "520400"}),
            replace(place, node="520400", superiors={"520402": "520400"}),
        ):
            folds.of(stored, frozenset(), tree)

    # Once for the tree in which this node is another's subordinate; as it stands it was folded when it was registered.
    assert [len(stored)] == folded
