"""Files, whole tickets and what opens their texts, read for many at once: the same as one by one, in no more statements for more."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event

from node.domain.entry import SubjectKind
from node.domain.payload import Contact, SealedRef, Text
from node.domain.refusal import Code, Refusal
from node.domain.ticket.ticket import Ticket
from node.services.ticket_view import bring_words
from node.storage import journal, payloads
from node.storage.unit_of_work import View
from tests.clauses.given import a_county, handled, registered
from tests.support.node import Hands


@pytest.fixture
def county(tmp_path: Path) -> tuple[Hands, list[str]]:
    hands = a_county(tmp_path)
    made = [handled(hands, appeal=Text(f"第{number}件"), phone=Contact("13885300001")) for number in range(4)]
    return hands, [*made, registered(hands, appeal=Text("第4件"))]


@contextmanager
def statements(hands: Hands) -> Iterator[list[str]]:
    """What is asked of the readers' engine."""
    said: list[str] = []
    engine = hands.node.store.database.reader

    def hear(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        said.append(statement)

    event.listen(engine, "before_cursor_execute", hear)
    yield said
    event.remove(engine, "before_cursor_execute", hear)


def appeal(view: View, ticket: Ticket) -> str:
    """The words, or the code of why there are none."""
    assert isinstance(ticket.intake.appeal, SealedRef)
    try:
        return view.payloads.open(ticket.subject, ticket.intake.appeal)
    except Refusal as refusal:
        return refusal.code.name


class TestTickets:
    """Whole tickets by their numbers."""

    def test_they_are_those_that_are_read_one_by_one(self, county: tuple[Hands, list[str]]) -> None:
        """In the order in which they were asked for, each once; a number that nobody has is left out."""
        hands, made = county
        with hands.node.store.read() as view:
            one_by_one = {id: view.readings.ticket(id) for id in made}
        with hands.node.store.read() as view:
            together = view.readings.tickets([*made[::-1], "52040220260126999999", made[0]])

        assert one_by_one == together
        assert made[::-1] == list(together)

    def test_they_take_one_statement_and_their_files_stay_at_hand(
        self, county: tuple[Hands, list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Also of more tickets than a transaction keeps files of otherwise."""
        monkeypatch.setattr(journal, "files_at_hand_max", 2)
        hands, made = county
        with hands.node.store.read() as view:
            view.readings.tickets(made[:1])
            with statements(hands) as said:
                found = view.readings.tickets(made)
                files = [view.journal.of_subject(one.subject) for one in found.values()]

        assert 1 == sum("FROM entries" in one for one in said)
        assert made == [file[0].header.subject.id for file in files]

    def test_more_than_one_statement_holds_are_read_in_parts(
        self, county: tuple[Hands, list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(journal, "subjects_at_once_max", 2)
        hands, made = county
        with hands.node.store.read() as view, statements(hands) as said:
            found = view.readings.tickets(made)

        assert (made, 3) == (list(found), sum("FROM entries" in one for one in said))

    def test_what_is_written_after_they_were_brought_is_in_their_files(self, county: tuple[Hands, list[str]]) -> None:
        """In a transaction that writes, too."""
        hands, made = county
        with hands.node.store.write() as work:
            work.journal.bring(SubjectKind.TICKET.value, made)
            before = len(work.journal.of_subject(work.readings.tickets(made)[made[0]].subject))
        handled(hands)
        with hands.node.store.read() as view:
            assert before == len(view.journal.of_subject(view.readings.tickets(made)[made[0]].subject))


class TestTexts:
    """What opens the texts of many tickets."""

    @pytest.mark.parametrize("at_once", [500, 2])
    def test_they_open_as_one_by_one_and_ask_nothing_more(
        self, county: tuple[Hands, list[str]], monkeypatch: pytest.MonkeyPatch, at_once: int
    ) -> None:
        """What was erased does not open, and is not asked for again either."""
        monkeypatch.setattr(payloads, "taken_at_once_max", at_once)
        hands, made = county
        with hands.node.store.write() as work:
            erased = work.readings.ticket(made[1])
            assert erased is not None
            work.payloads.erase(erased.subject)
        with hands.node.store.read() as view:
            tickets = view.readings.tickets(made).values()
            bring_words(view, tickets, lambda _ticket, head: head.kind == "Registered")
            appeal(view, next(iter(tickets)))  # the key of the month, which all share
            with statements(hands) as said:
                opened = [appeal(view, ticket) for ticket in tickets]

        assert ["第0件", Code.PAYLOAD_MISSING.name, "第2件", "第3件", "第4件"] == opened
        assert [] == said

    def test_what_was_not_brought_is_read_by_itself(self, county: tuple[Hands, list[str]]) -> None:
        """Bringing some takes nothing from the others."""
        hands, made = county
        with hands.node.store.read() as view:
            tickets = view.readings.tickets(made)
            bring_words(view, [tickets[made[0]]], lambda _ticket, head: head.kind == "Registered")

            assert ["第0件", "第1件"] == [appeal(view, tickets[one]) for one in made[:2]]
