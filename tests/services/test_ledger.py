"""The ledger (台账): its rows say what the tickets themselves say (FJ25-3.6e)."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from node.domain.entry import Actor
from node.domain.payload import Text
from node.domain.ticket.objection import Object
from node.services import exports, ledger
from node.services.ledger_words import ledger_row
from node.services.queries import names
from node.services.search import Sought
from node.texts.catalogue import text
from tests.clauses.given import COUNTY, a_county, a_revisit, clock_of, completed, dispatched, handled, the
from tests.support.node import Hands

OFFICE = Actor("centre", "office", f"{COUNTY}-centre")
PAUSED = text("cli.clock.paused", "zh-CN")


@pytest.fixture
def county(tmp_path: Path) -> Hands:
    return a_county(tmp_path)


def objected(hands: Hands) -> str:
    """A ticket whose clock stands while the office rules."""
    ticket = dispatched(hands)
    hands.act("department", Object(Text("不属本单位职责"), f"{COUNTY}-water"), ticket, "housing")
    return ticket


def rows_of(hands: Hands) -> dict[str, ledger.LedgerLine]:
    with hands.node.store.read() as view:
        called = names(view)
    lines = hands.node.writer.command(lambda work: ledger.ledger(work, ledger.Wanted(), OFFICE, called, hands.now))
    return {one.ticket: one for one in lines}


def words_of(hands: Hands, ticket: str) -> Sequence[str]:
    return ledger_row(rows_of(hands)[ticket], "zh-CN")


class TestLimit:
    """「办理期限」 (USERS B14): the week's list can be checked against the tickets."""

    def test_what_was_completed_has_the_limit_that_it_was_judged_by(self, county: Hands) -> None:
        """「是否按期」 beside an empty limit could not be checked by anybody."""
        ticket = handled(county)
        due = clock_of(county, ticket, "resolve").due_at
        done = completed(county)

        found = rows_of(county)

        assert (due, None) == (found[ticket].due_at, found[ticket].is_in_time)
        assert (due, True) == (found[done].due_at, found[done].is_in_time)

    def test_what_stands_has_no_date_but_says_so(self, county: Hands) -> None:
        """As the ticket and its clock say it: when it goes on, the date will be another."""
        ticket = objected(county)
        assert the(county, ticket).clocks["resolve"].is_paused

        line = rows_of(county)[ticket]

        assert (None, True) == (line.due_at, line.is_paused)
        assert PAUSED == words_of(county, ticket)[10]

    def test_the_table_of_a_search_says_the_same(self, county: Hands) -> None:
        """One ticket, one limit, in whichever list it is handed out."""
        stands, done = objected(county), completed(county)

        table = {one.row.id: one for one in exports.export(county.node, Sought(), OFFICE, with_texts=False).lines}

        found = rows_of(county)
        assert {id: (found[id].due_at, found[id].is_paused) for id in (stands, done)} == {
            id: (table[id].due_at, table[id].is_paused) for id in (stands, done)
        }


class TestWords:
    """A column says what its head asks."""

    def test_satisfaction_and_revisit_stand_in_their_words(self, county: Hands) -> None:
        """「满意度 是」 and 「回访结果 是」 answer nothing."""
        ticket = completed(county)
        before = words_of(county, ticket)[14:16]
        county.act("office", a_revisit(), ticket)
        line = rows_of(county)[ticket]
        poor = ledger_row(replace(line, is_satisfied=False, is_consistent=False), "zh-CN")

        assert [("", ""), ("满意", "一致"), ("不满意", "不一致")] == [before, words_of(county, ticket)[14:16], poor[14:16]]
