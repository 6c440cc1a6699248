"""
Suggestions, measured on samples that were written without a look at the lexicon (nothing is tuned on them).

The figures are printed by ``pytest -s``; the bounds are those of the clauses.
"""

import dataclasses
import json
from datetime import timedelta
from pathlib import Path

import pytest

from node.domain.ticket.dispatching import Dispatch
from node.services.triage_inputs import earlier_needs, need_of, text_of
from node.triage.duplicates import Need, likely_duplicates
from node.triage.lexicon import shipped
from node.triage.suggest import Suggester
from tests.clauses.given import HOUSING, WATER, a_county, formed, registered, the
from tests.support.node import MONDAY

HERE = Path(__file__).parent


def rows(name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (HERE / name).read_text("utf-8").splitlines()]


@pytest.mark.clause("FJ25-3.7.2a")
def test_the_right_department_is_among_three_and_a_person_decides(tmp_path: Path):
    """FJ25-3.7.2a: at least 80 of 100; proposal, choice and model are stored; without a proposal dispatch works as well."""
    suggester = Suggester(shipped(), shipped().functions)
    sample = rows("appeals.jsonl")
    ranks = [[one.code for one in suggester.suggest(str(row["text"]), 5)] for row in sample]
    hits = {top: sum(row["unit"] in codes[:top] for row, codes in zip(sample, ranks, strict=True)) for top in (1, 3, 5)}
    print(f"{suggester.model}: of {len(sample)} appeals right at top 1, 3, 5: {hits}")
    assert hits[3] >= 0.8 * len(sample)

    county = a_county(tmp_path)
    overruled, by_hand = formed(county), formed(county)
    county.act("office", Dispatch(WATER, suggested=(HOUSING, WATER), suggested_by=suggester.model), overruled)
    county.act("office", Dispatch(HOUSING), by_hand)
    with county.node.store.read() as view:
        events = [one.content.event for one in view.journal.of_subject(the(county, overruled).subject) if one.header.kind == "Dispatched"]
    assert [(WATER, (HOUSING, WATER), suggester.model)] == [(one.lead, one.suggested, one.suggested_by) for one in events]  # type: ignore[union-attr]
    assert (WATER, HOUSING) == (the(county, overruled).lead, the(county, by_hand).lead)


@pytest.mark.clause("AS25-4.2.1.2a")
def test_what_the_same_enterprise_told_in_other_words_is_proposed_and_never_merged(tmp_path: Path):
    """AS25-4.2.1.2a: fifty pairs over two channels; at least 90 of 100 proposed, ranked by likeness; nothing is merged by itself."""
    pairs = [row for row in rows("pairs.jsonl") if row["same"]]
    others = [row for row in rows("pairs.jsonl") if not row["same"]]
    earlier = [Need(f"a{n}", str(row["a"]), MONDAY, frozenset({f"phone:{n}"})) for n, row in enumerate(pairs)]
    found = 0
    for n, row in enumerate(pairs):
        told = Need(f"b{n}", str(row["b"]), MONDAY + timedelta(days=3), frozenset({f"phone:{n}"}))
        found += f"a{n}" in {one.id for one in likely_duplicates(told, earlier)}
    strangers = [
        likely_duplicates(
            Need("b", str(row["b"]), MONDAY, frozenset({"phone:x"})), [Need("a", str(row["a"]), MONDAY, frozenset({"phone:y"}))]
        )
        for row in others
    ]
    print(
        f"proposed {found} of {len(pairs)} pairs of one appellant; of {len(others)} other problems of strangers {sum(map(bool, strangers))}"
    )
    assert found >= 0.9 * len(pairs)

    county = a_county(tmp_path)
    first, second = registered(county), registered(county, "symposium")
    with county.node.store.read() as view:
        whole = the(county, second)
        known = [Need(**dataclasses.asdict(one)) for one in earlier_needs(view, whole)]
        likely = likely_duplicates(Need(**dataclasses.asdict(need_of(view, whole))), known)
        assert "厂房门口" in text_of(view, whole)
    assert [(first, ("same_appellant", "alike_text"))] == [(one.id, one.reasons) for one in likely]
    assert ("", ()) == (the(county, second).merge.into, the(county, first).merge.taken_in)
