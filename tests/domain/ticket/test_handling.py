"""Handling: progress, attempts, evidence, and a class that is set anew."""

import pytest

from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.ticket.handling import (
    AddEvidence,
    EvidenceAdded,
    ProgressRecorded,
    Reclassify,
    RecordAttempt,
    RecordProgress,
)
from node.domain.ticket.state import State
from tests.domain.ticket.given import (
    CALL_RECORD,
    HOUSING_DESK,
    OFFICE,
    PHOTO,
    TUESDAY,
    WATER_DESK,
    WEDNESDAY,
    a_form,
    a_registration,
    a_ticket,
    beijing,
    day_end,
    decided,
    play,
    refused,
)

COMPLEX = Reclassify("coordination", "complex", Text("Three permits are involved."))


class TestRecordProgress:
    """AS25-4.5.1b: handling information is filed as it arises."""

    def test_the_lead_writes_down_what_it_did(self):
        """One entry a note; the state stays."""
        ticket = a_ticket(State.HANDLING)
        note = Text("Visited the site.")

        happened = decided(ticket, HOUSING_DESK, RecordProgress(note), TUESDAY)

        assert [ProgressRecorded(note)] == [h.event for h in happened]

    @pytest.mark.parametrize(
        ("until", "actor", "note", "code"),
        [
            (State.DISPATCHED, HOUSING_DESK, "x", Code.WRONG_STATE),
            (State.HANDLING, WATER_DESK, "x", Code.PERMISSION_DENIED),
            (State.HANDLING, HOUSING_DESK, "  ", Code.FIELD_REQUIRED),
        ],
    )
    def test_nobody_else_and_never_empty(self, until, actor, note, code):
        """The refusals, in their order."""
        assert code is refused(a_ticket(until), actor, RecordProgress(Text(note)), TUESDAY).code


class TestRecordAttempt:
    """AS25-4.4.4.1: attempts to reach the appellant are logged."""

    def test_each_attempt_is_kept_with_its_outcome(self):
        """Two attempts, the second one reached."""
        ticket = play(
            a_ticket(State.HANDLING),
            [
                (HOUSING_DESK, RecordAttempt(is_reached=False), TUESDAY),
                (HOUSING_DESK, RecordAttempt(is_reached=True, way="visit"), WEDNESDAY),
            ],
        )

        assert [(TUESDAY, False), (WEDNESDAY, True)] == [(one.at, one.is_reached) for one in ticket.round.attempts]

    def test_the_way_is_one_of_the_packs(self):
        """A pigeon is not."""
        assert Code.VALUE_NOT_OFFERED is refused(a_ticket(State.HANDLING), HOUSING_DESK, RecordAttempt(False, "pigeon"), TUESDAY).code


class TestAddEvidence:
    """AS25-3.6.5a: evidence is an attachment that the node has."""

    def test_a_stored_attachment_is_filed_once(self):
        """The second filing of the same digest changes nothing."""
        ticket = play(a_ticket(State.HANDLING), [(HOUSING_DESK, AddEvidence(PHOTO, Text("photo.jpg")), TUESDAY)])

        assert (PHOTO,) == ticket.round.evidence
        assert [] == decided(ticket, HOUSING_DESK, AddEvidence(PHOTO, Text("photo.jpg")), WEDNESDAY)

    def test_another_attachment_is_added(self):
        """In the order in which they came."""
        happened = decided(a_ticket(State.HANDLING), HOUSING_DESK, AddEvidence(CALL_RECORD, Text("call.amr")), TUESDAY)

        assert [EvidenceAdded(CALL_RECORD, Text("call.amr"))] == [h.event for h in happened]

    def test_a_digest_of_nothing_is_no_evidence(self):
        """The attachment must be here."""
        refusal = refused(a_ticket(State.HANDLING), HOUSING_DESK, AddEvidence("ff" * 32, Text("x")), TUESDAY)

        assert (Code.EVIDENCE_UNKNOWN, "ff" * 32) == (refusal.code, refusal.facts["digests"])

    def test_a_department_without_a_part_files_none(self):
        """Only the lead and its co-handlers."""
        assert Code.PERMISSION_DENIED is refused(a_ticket(State.HANDLING), WATER_DESK, AddEvidence(PHOTO, Text("x")), TUESDAY).code


class TestReclassify:
    """AS25-4.4.1.2b: a changed class counts anew from the same start."""

    @pytest.mark.clause("AS25-4.4.1.2b")
    def test_plain_to_complex_moves_the_deadline_from_the_same_start(self):
        """Formed on 2026-02-13: plain is due 03-05, complex 03-12; reclassified on 02-25 with an entry that has both values."""
        friday = beijing("2026-02-13 10:00")
        ticket = play(None, [(OFFICE, a_registration(), friday), (OFFICE, a_form(), friday)])
        as_complex = play(None, [(OFFICE, a_registration(), friday), (OFFICE, a_form(complexity="complex"), friday)])
        assert (day_end("2026-03-05"), day_end("2026-03-12")) == (ticket.clock("resolve").due_at, as_complex.clock("resolve").due_at)

        journal = []
        after = play(ticket, [(OFFICE, COMPLEX, beijing("2026-02-25 10:00"))], journal=journal)

        assert day_end("2026-03-12") == after.clock("resolve").due_at
        assert [("plain", "complex")] == [(entry.event.former_complexity, entry.event.complexity) for entry in journal]

    @pytest.mark.parametrize("rung", [{"layer": "government"}, {"level": "city"}])
    def test_a_pack_without_a_ladder_has_no_layer_and_no_level(self, rung):
        """A layer of another county's pack would stand in the ticket for ever: neither this command nor the forming takes one."""
        anew = Reclassify("coordination", "plain", Text("x"), **rung)

        answers = [
            refused(a_ticket(State.HANDLING), OFFICE, anew, TUESDAY),
            refused(a_ticket(State.REGISTERED), OFFICE, a_form(**rung), TUESDAY),
        ]

        assert [(Code.VALUE_NOT_OFFERED, "")] * 2 == [(one.code, one.facts["offered"]) for one in answers]

    def test_the_same_class_again_is_no_event(self):
        """Already carried out."""
        assert [] == decided(a_ticket(State.HANDLING), OFFICE, Reclassify("coordination", "plain", Text("x")), TUESDAY)

    @pytest.mark.parametrize(
        ("until", "command", "code"),
        [
            (State.REGISTERED, COMPLEX, Code.WRONG_STATE),
            (State.COMPLETED, COMPLEX, Code.WRONG_STATE),
            (State.HANDLING, Reclassify("weather", "plain", Text("x")), Code.VALUE_NOT_OFFERED),
            (State.HANDLING, Reclassify("coordination", "complex", Text("")), Code.FIELD_REQUIRED),
        ],
    )
    def test_it_needs_a_formed_open_ticket_and_a_ground(self, until, command, code):
        """The refusals, in their order."""
        assert code is refused(a_ticket(until), OFFICE, command, WEDNESDAY).code
