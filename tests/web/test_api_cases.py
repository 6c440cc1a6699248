"""
Schemathesis against the API in this process: whatever the document allows, and much that it does not, is answered as the document says.

No answer is a fault of the server, every status is a declared one, and every body is what its schema says.
"""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis import strategies as st
from schemathesis import checks
from schemathesis.generation import GenerationMode

from tests.support.node import MONDAY, make_node
from tests.web.api import Caller, a_need

CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
# Half of what a document allows, half of what it does not.
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


def play(directory: Path, examples: int, first_seed: int) -> Counter[int]:
    """Try *examples* cases of each mode on every call; returns how many answers had which status."""
    hands = make_node(directory / "node", now=MONDAY)
    hands.staff("housing", "water")
    office = Caller(hands, "centre")
    ids = [office.post("/tickets", a_need()).json()["subject"]["id"] for _ in range(3)]
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", office.client.app, headers={"Accept-Language": "en"})
    answered: Counter[int] = Counter()
    for number, result in enumerate(schema.get_all_operations()):
        operation = result.ok()
        named = {"id": st.sampled_from(ids)} if "{id}" in operation.path and "/tickets/" in operation.path else {}
        for mode in MODES:
            cases = operation.as_strategy(mode)

            @seed(first_seed + number)
            @settings(
                max_examples=examples,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                verbosity=Verbosity.quiet,
                suppress_health_check=list(HealthCheck),
            )
            @given(case=cases, known=st.fixed_dictionaries(named))
            def attempt(case: Any, known: dict[str, str]) -> None:
                case.path_parameters = {**(case.path_parameters or {}), **known}
                answer = case.call(session=None, headers={"Authorization": f"Bearer {office.secret}"})
                answered[answer.status_code] += 1
                case.validate_response(answer, checks=CHECKS)

            attempt()
    return answered


def test_a_thousand_requests_meet_no_fault(tmp_path: Path):
    """About a thousand cases over every call of the document."""
    answered = play(tmp_path, 2, 1)

    assert set() == {status for status in answered if status >= 500}
    assert 1_000 <= sum(answered.values())


@pytest.mark.slow
@pytest.mark.timeout(3_600)
def test_ten_thousand_requests_meet_no_fault(tmp_path: Path):
    """The same from another seed."""
    answered = play(tmp_path, 17, 2_026)

    assert set() == {status for status in answered if status >= 500}
    assert 10_000 <= sum(answered.values())
