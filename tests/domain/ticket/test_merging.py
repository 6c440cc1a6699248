"""Merging within one appellant, and linking across appellants."""

from dataclasses import replace
from datetime import date

import pytest

from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.ticket.merging import LinkCommon, Merge, UndoMerge
from node.domain.ticket.state import State, With
from tests.domain.ticket.given import (
    CREDIT_CODE,
    MONDAY,
    OFFICE,
    TUESDAY,
    WEDNESDAY,
    a_form,
    a_ticket,
    day_end,
    decided,
    play,
    play_all,
    refused,
)

WORD = Text("as discussed")


class TestMerge:
    """AS25-4.2.1.2b, POLICY_PACKS 2 no. 19: within one appellant and with its consent; across appellants linked."""

    main = a_ticket(State.HANDLING, serial=1, credit_code=CREDIT_CODE)
    twin = a_ticket(serial=2, credit_code=CREDIT_CODE, channel="platform", first_contact="")

    @property
    def both(self):
        return {self.main.id: self.main, self.twin.id: self.twin}

    def merging(self, **fields):
        return Merge(**{"into": self.main.id, "consent_way": "phone", "consent": WORD, "consented_on": date(2026, 3, 3), **fields})

    def test_one_main_ticket_and_one_that_points_to_it(self):
        """Both show it; the absorbed one is nobody's any more; undoing restores both, with a fresh forming limit."""
        merged = play_all(self.both, self.twin.id, [(OFFICE, self.merging(), TUESDAY)])
        main, twin = merged[self.main.id], merged[self.twin.id]
        split = play_all(merged, self.twin.id, [(OFFICE, UndoMerge(self.main.id, WORD), WEDNESDAY)])

        assert (State.HANDLING, (twin.id,)) == (main.state, main.merge.taken_in)
        assert (State.MERGED, With.NOBODY, main.id, []) == (
            twin.state,
            twin.with_whom,
            twin.merge.into,
            [clock for clock in twin.clocks.values() if clock.stopped_at is None],
        )
        assert ((), State.REGISTERED, "", With.OFFICE, day_end("2026-03-05")) == (
            split[self.main.id].merge.taken_in,
            split[self.twin.id].state,
            split[self.twin.id].merge.into,
            split[self.twin.id].with_whom,
            split[self.twin.id].clocks["form"].due_at,
        )

    def test_a_formed_ticket_comes_back_with_the_limits_of_its_class(self):
        """The office must dispatch, and the handling limit runs, both from the split on."""
        formed = play(self.twin, [(OFFICE, a_form(), MONDAY)])
        merged = play_all({**self.both, formed.id: formed}, formed.id, [(OFFICE, self.merging(), TUESDAY)])
        split = play_all(merged, formed.id, [(OFFICE, UndoMerge(self.main.id, WORD), WEDNESDAY)])[formed.id]

        assert (State.FORMED, day_end("2026-03-05"), day_end("2026-03-18")) == (
            split.state,
            split.clocks["dispatch"].due_at,
            split.clocks["resolve"].due_at,
        )

    @pytest.mark.parametrize(
        "fields",
        [{"consent": None}, {"consent": Text(" ")}, {"consent_way": ""}, {"consented_on": None}],
    )
    def test_no_merge_without_consent(self, fields):
        """AS25-4.2.1.2b: who, when and how."""
        assert Code.CONSENT_REQUIRED == refused(self.twin, OFFICE, self.merging(**fields), TUESDAY, others=[self.main]).code

    def test_without_a_code_a_clerk_must_make_sure(self):
        """Where no code says that it is the same appellant, the confirmation is a field, and the entry says so."""
        unknown = a_ticket(serial=2)
        (merged, _) = decided(unknown, OFFICE, self.merging(is_same_appellant=True), TUESDAY, others=[self.main])

        assert Code.APPELLANT_UNCONFIRMED == refused(unknown, OFFICE, self.merging(), TUESDAY, others=[self.main]).code
        assert merged.event.is_confirmed

    @pytest.mark.parametrize(
        ("ticket", "command", "others", "code"),
        [
            (a_ticket(State.DISPATCHED, serial=2), Merge("x", "phone"), [], Code.WRONG_STATE),
            (a_ticket(serial=2, judgement="foreign"), Merge("x", "phone"), [], Code.NOT_REPORTED),
            (twin, Merge("x", "phone"), [], Code.SUBJECT_UNKNOWN),
            (twin, Merge(twin.id, "phone"), [twin], Code.MALFORMED_COMMAND),
            (twin, UndoMerge(main.id, WORD), [main], Code.WRONG_STATE),
        ],
    )
    def test_refusals(self, ticket, command, others, code):
        """Not after dispatch, not from the ledger, not with what is not here, not with itself; nothing to undo."""
        assert code == refused(ticket, OFFICE, command, TUESDAY, others=others).code

    def test_a_main_ticket_that_another_node_holds_is_out_of_reach(self):
        """DESIGN 2.4: a merge writes on both tickets, so both must be held here."""
        away = replace(self.main, custody=replace(self.main.custody, holder="520400"))
        frozen = replace(self.main, custody=replace(self.main.custody, asked="520400"))

        assert [Code.NOT_HOLDER, Code.HANDLING_FROZEN] == [
            refused(self.twin, OFFICE, self.merging(), TUESDAY, others=[main]).code for main in (away, frozen)
        ]

    def test_different_appellants_are_linked_not_merged(self):
        """Both tickets show the link and keep their state."""
        other = a_ticket(serial=4, credit_code="914403001922038216")
        tickets = {self.main.id: self.main, other.id: other}
        linked = play_all(tickets, other.id, [(OFFICE, LinkCommon(self.main.id), TUESDAY)])

        assert Code.OTHER_APPELLANT == refused(other, OFFICE, self.merging(is_same_appellant=True), TUESDAY, others=[self.main]).code
        assert ((self.main.id,), (other.id,)) == (linked[other.id].merge.linked, linked[self.main.id].merge.linked)
        assert (State.REGISTERED, State.HANDLING) == (linked[other.id].state, linked[self.main.id].state)
        assert [] == decided(linked[other.id], OFFICE, LinkCommon(self.main.id), TUESDAY, others=[linked[self.main.id]])
