"""What the department must bring to complete a ticket, and what must be there before it is struck off."""

from pathlib import Path

import pytest

from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.ticket.closing import Close, ReportBack
from node.domain.ticket.co_handling import ConfirmCoHandling, FileContribution
from node.domain.ticket.completion import GiveFeedback
from node.domain.ticket.countersigning import CountersignReply, DraftReply, short_digest
from node.domain.ticket.state import State
from node.services.queries import Wanted, list_tickets
from node.services.truthfulness import Untrue, untrue_completions
from node.services.verify import Flaw, verify
from tests.clauses.given import (
    HOUSING,
    WATER,
    a_completion,
    a_county,
    a_revisit,
    beijing,
    clock_of,
    completed,
    handled,
    page_of,
    refuses,
    the,
)

# 奉节: feedback, then the appellant's vote; whoever is dissatisfied is handled anew until he is satisfied.
FOUR_LEVELS = """
[evaluation]
scale = { value = ["very_satisfied", "satisfied", "average", "dissatisfied"], clause = "FJ25-4.10.3a" }
satisfied = { value = ["very_satisfied", "satisfied"], clause = "FJ25-4.10.3a" }
dissatisfied = { value = ["dissatisfied"], clause = "FJ25-4.11.1a" }
[completion]
then = { value = "feedback", clause = "FJ25-4.10.1a" }
needs = { value = ["standard"], clause = "FJ25-4.10.1a" }
[resolve]
starts_on = { value = "dispatched", clause = "FJ25-3.7.2c" }
"""


def closing_needs(*needs: str) -> str:
    """The rules of a pack whose tickets are closed once they have these."""
    named = ", ".join(f'"{need}"' for need in needs)
    return FOUR_LEVELS + f'[closing]\nneeds = {{ value = [{named}], clause = "FJ25-4.10.1a" }}\n'


@pytest.mark.clause("AS25-3.6.5a")
def test_evidence_is_there_and_stays_what_it_was(tmp_path: Path):
    """AS25-3.6.5a: no completion without evidence; a file that was changed on disk is named by the check."""
    county = a_county(tmp_path)
    ticket = handled(county)
    with refuses(Code.EVIDENCE_MISSING):
        county.act("department", a_completion(county, evidence=()), ticket, "housing")
    photo = county.node.blobs.put("竣工照片".encode())
    county.act("department", a_completion(county, evidence=(photo,)), ticket, "housing")
    with county.node.store.read() as view:
        assert verify(view, county.node.blobs).is_sound

    (on_disk,) = (county.node.data_dir / "blobs").rglob(photo)
    on_disk.write_bytes("另一张照片".encode())

    with county.node.store.read() as view:
        assert (Flaw("blob_damaged", photo),) == verify(view, county.node.blobs).flaws


@pytest.mark.clause("XS25-4.4.1b")
def test_the_lead_completes_and_only_once_its_helpers_are_done(tmp_path: Path):
    """XS25-4.4.1b: a co-operating unit applies for nothing; an open part is named; filed, the lead completes."""
    county = a_county(tmp_path)
    ticket = handled(county, WATER)
    county.act("department", ConfirmCoHandling(), ticket, "water")
    with refuses(Code.PERMISSION_DENIED, unit=WATER):
        county.act("department", a_completion(county), ticket, "water")
    with refuses(Code.PART_OPEN, units=WATER):
        county.act("department", a_completion(county), ticket, "housing")

    county.act("department", FileContribution(Text("管线已迁改")), ticket, "water")
    county.act("department", a_completion(county), ticket, "housing")

    assert State.COMPLETED is the(county, ticket).state


@pytest.mark.clause("XS25-4.4.2i")
def test_a_reply_goes_out_with_the_signature_of_a_leader(tmp_path: Path):
    """XS25-4.4.2i: not without it, not by its author; signer and time stand in the file."""
    rules = '[completion]\nneeds = { value = ["standard", "countersignature"], clause = "XS25-4.4.2i" }\n'
    county = a_county(tmp_path, rules=rules)
    ticket = handled(county)
    drafted = county.act("department", DraftReply(Text("拟答复：便道已开通")), ticket, "housing", account="chen").entries[-1].header.id
    with refuses(Code.COUNTERSIGNATURE_MISSING):
        county.act("department", a_completion(county, draft=drafted), ticket, "housing", account="chen")
    with refuses(Code.OWN_CASE):
        county.act("department_leader", CountersignReply(drafted), ticket, "housing", account="chen")

    county.later(minutes=5)
    county.act("department_leader", CountersignReply(drafted), ticket, "housing", account="deputy")
    county.act("department", a_completion(county, draft=drafted), ticket, "housing", account="chen")

    signed, done = page_of(county, ticket).timeline[-2:]
    assert ("ReplyCountersigned", "deputy", county.now, drafted) == (signed.kind, signed.account, signed.recorded_at, done.facts["draft"])
    assert State.COMPLETED is the(county, ticket).state


def test_a_leader_names_the_draft_by_the_code_that_is_printed_with_it(tmp_path: Path):
    """USERS C25: who reads the print has its check code, not the entry's id; the code of an earlier draft is another text."""
    county = a_county(tmp_path)
    ticket = handled(county)
    codes = []
    for reply in ("拟答复：便道下周开通", "拟答复：便道已开通"):
        county.act("department", DraftReply(Text(reply)), ticket, "housing", account="chen")
        codes.append(short_digest(the(county, ticket).rounds[-1].draft_digest))
    with refuses(Code.VERSION_CONFLICT):
        county.act("department_leader", CountersignReply(codes[0]), ticket, "housing", account="deputy")

    county.act("department_leader", CountersignReply(codes[1]), ticket, "housing", account="deputy")

    last = the(county, ticket).rounds[-1]
    assert (last.draft, True) == (last.countersigned, last.draft != "")


@pytest.mark.clause("FJ25-4.10.1a")
def test_nothing_is_closed_that_was_not_fed_back(tmp_path: Path):
    """FJ25-4.10.1a: after completion the lead tells the enterprise the result, by telephone for one."""
    county = a_county(tmp_path, rules=closing_needs("feedback"))
    ticket = handled(county)
    county.act("department", a_completion(county, feedback_way="", feedback=None), ticket, "housing")
    with refuses(Code.FEEDBACK_MISSING):
        county.act("office", Close(), ticket)

    county.act("department", GiveFeedback("phone", Text("已向王某说明结果")), ticket, "housing")
    told = page_of(county, ticket).timeline[-1]
    assert ("phone", "已向王某说明结果", "a-department") == (told.facts["way"], told.texts["content"], told.account)
    county.act("office", Close(), ticket)

    assert State.CLOSED is the(county, ticket).state


@pytest.mark.clause("AS25-2.2.9")
def test_what_was_assigned_from_above_is_reported_back(tmp_path: Path):
    """AS25-2.2.9: with body and reference; once completed the office owes that body a report, and closes nothing before."""
    county = a_county(tmp_path)
    with refuses(Code.FIELD_REQUIRED, field="assigned_by"):
        handled(county, channel="assigned", external_number="市委督〔2026〕7号")
    ticket = completed(county, channel="assigned", assigned_by="市委办公室", external_number="市委督〔2026〕7号")
    came = the(county, ticket).intake
    assert ("市委办公室", "市委督〔2026〕7号") == (came.assigned_by, came.external_number)
    task = clock_of(county, ticket, "report_back")
    assert ("office", True) == (task.owes, task.is_running)

    county.act("office", a_revisit(), ticket)
    with refuses(Code.REPORT_BACK_MISSING, body="市委办公室"):
        county.act("office", Close(), ticket)
    assert clock_of(county, ticket, "report_back").is_running
    county.act("office", ReportBack(Text("施工便道已开通，企业满意")), ticket)
    county.act("office", Close(), ticket)

    assert (False, State.CLOSED) == (clock_of(county, ticket, "report_back").is_running, the(county, ticket).state)


@pytest.mark.clause("AS25-3.6.5b")
def test_whoever_completes_answers_for_the_truth(tmp_path: Path):
    """AS25-3.6.5b: no completion without the confirmation; a revisit that finds otherwise stands in the record of unit and person."""
    county = a_county(tmp_path)
    ticket, other = handled(county), completed(county)
    with refuses(Code.TRUTHFULNESS_UNCONFIRMED):
        county.act("department", a_completion(county, is_truthful=False), ticket, "housing")
    said = county.act("department", a_completion(county), ticket, "housing", account="chen").entries[-1].header
    county.act("office", a_revisit(), other)

    county.act("office", a_revisit(is_consistent=False), ticket)

    (finding,) = (entry.id for entry in page_of(county, ticket).timeline if entry.kind == "RevisitFiled")
    record = (Untrue(ticket, HOUSING, "chen", said.id, finding),)
    with county.node.store.read() as view:
        assert record == untrue_completions(view, unit=HOUSING) == untrue_completions(view, account="chen")
        assert () == untrue_completions(view, unit=WATER)


@pytest.mark.clause("HM20-4.3a")
def test_one_register_for_all_channels(tmp_path: Path):
    """HM20-4.3a: one series of numbers; what is written off stands there as settled, with its date, the others open."""
    form = '[number]\nform = { value = "{prefix}{serial:03}", clause = "HM20-4.3a" }\nprefix = { value = "HM", clause = "HM20-4.3a" }\n'
    county = a_county(tmp_path, rules=form)
    came = {"received_at": county.now}
    tickets = [handled(county, channel=channel, **came) for channel in ("platform", "portal", "hotline_12345", "window", "visit")]
    assert [f"HM00{place}" for place in range(1, 6)] == [the(county, ticket).number for ticket in tickets]

    third = tickets[2]
    county.act("department", a_completion(county), third, "housing")
    county.at(beijing("2026-02-25 09:00"))
    county.act("office", a_revisit(), third)
    county.act("office", Close(), third)

    with county.node.store.read() as view:
        lines = list_tickets(view, Wanted(), county.node.policies.bare(view).calendar, county.now)
    register = {line.row.number: line.row for line in lines}
    assert ("closed", county.now) == (register["HM003"].state, register["HM003"].changed_at)
    assert {"handling"} == {row.state for number, row in register.items() if number != "HM003"}
