"""What the enterprise is promised and told: read as it reads it, by number and query code."""

from datetime import date
from pathlib import Path

import pytest

from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.ticket.extension import DecideExtension, RequestExtension
from node.services.progress import Progress, progress
from tests.clauses.given import a_completion, a_county, beijing, clock_of, end_of, handled, refuses, the
from tests.support.node import Hands


def seen_by_the_enterprise(hands: Hands, ticket: str) -> Progress:
    """Its own page."""
    with hands.node.store.read() as view:
        code = view.payloads.query_code(the(hands, ticket).subject)
        assert code is not None
        return progress(view, ticket, code, hands.node.policies.bare(view).calendar, hands.now)


@pytest.mark.clause("AS25-4.4.2b")
def test_a_longer_time_is_a_promised_date(tmp_path: Path):
    """AS25-4.4.2b: no date or an earlier one will not do; once granted, the enterprise sees it and it binds."""
    county = a_county(tmp_path)
    ticket = handled(county)
    with refuses(Code.FIELD_REQUIRED, field="promised"):
        county.act("department", RequestExtension(None, "complex", Text("需专家论证")), ticket, "housing")  # type: ignore[arg-type]
    with refuses(Code.DATE_TOO_EARLY, earliest="2026-03-05"):
        county.act("department", RequestExtension(date(2026, 3, 4), "complex", Text("需专家论证")), ticket, "housing")

    county.act("department", RequestExtension(date(2026, 3, 20), "complex", Text("需专家论证")), ticket, "housing")
    county.act("office", DecideExtension(is_granted=True), ticket)

    assert end_of("2026-03-20") == clock_of(county, ticket, "resolve").due_at
    seen = seen_by_the_enterprise(county, ticket)
    assert (date(2026, 3, 20), date(2026, 3, 20)) == (seen.promised, seen.due)
    county.at(beijing("2026-03-20 23:59"))
    assert not clock_of(county, ticket, "resolve").is_overdue
    county.at(beijing("2026-03-21 00:00"))
    assert clock_of(county, ticket, "resolve").is_overdue


@pytest.mark.clause("AS25-4.5.2.3")
def test_the_statutory_path_is_written_out(tmp_path: Path):
    """AS25-4.5.2.3: which means, which body, within which time; the enterprise reads all three."""
    county = a_county(tmp_path)
    ticket = handled(county)
    with refuses(Code.FIELD_REQUIRED, field="path_means"):
        county.act("department", a_completion(county, standard="statutory_path"), ticket, "housing")

    path = {"path_means": "lawsuit", "path_body": Text("西秀区人民法院"), "path_limit": Text("知道之日起六个月内")}
    county.act("department", a_completion(county, standard="statutory_path", **path), ticket, "housing")

    seen = seen_by_the_enterprise(county, ticket)
    (paper,) = seen.papers
    assert ("completed", "Completed") == (seen.state, paper.kind)
    assert ("statutory_path", "lawsuit", "西秀区人民法院", "知道之日起六个月内") == (
        paper.says["standard"], paper.says["path_means"], paper.says["path_body"], paper.says["path_limit"],
    )  # fmt: skip


@pytest.mark.clause("FJ25-4.10.1b")
def test_what_cannot_be_handled_is_explained(tmp_path: Path):
    """FJ25-4.10.1b: by law or by circumstances; without an explanation it is not completed, with it the enterprise reads it."""
    rules = """
[completion]
standards = { value = ["solved", "explained"], clause = "FJ25-4.10.1b" }
sub_codes.explained = { value = ["law", "circumstances"], clause = "FJ25-4.10.1b" }
"""
    county = a_county(tmp_path, rules=rules)
    ticket = handled(county)
    with refuses(Code.FIELD_REQUIRED, field="explanation"):
        county.act("department", a_completion(county, standard="explained", sub_code="law"), ticket, "housing")

    explained = a_completion(county, standard="explained", sub_code="law", explanation=Text("该地块属永久基本农田，依法不得占用"))
    county.act("department", explained, ticket, "housing")

    (paper,) = seen_by_the_enterprise(county, ticket).papers
    assert ("explained", "law", "该地块属永久基本农田，依法不得占用") == (
        paper.says["standard"], paper.says["sub_code"], paper.says["explanation"],
    )  # fmt: skip


def test_notes_between_offices_are_not_shown(tmp_path: Path):
    """Only what is meant for the enterprise is on its page: not why the department asked for more time."""
    county = a_county(tmp_path)
    ticket = handled(county)
    county.act("department", RequestExtension(date(2026, 3, 20), "complex", Text("经办人请假")), ticket, "housing")
    county.act("office", DecideExtension(is_granted=True, reason=Text("下不为例")), ticket)

    assert () == seen_by_the_enterprise(county, ticket).papers
