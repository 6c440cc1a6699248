"""Support policies reach the enterprises that meet them, each once."""

from pathlib import Path

import pytest

from node.domain import credit_code
from node.domain.enterprise.filing import OpenEnterprise, UpdateEnterprise
from node.domain.entry import Subject
from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.support_policy import NoteSupportPolicyRead, PublishSupportPolicy, PushSupportPolicy, SupportPolicy, WithdrawSupportPolicy
from node.storage.dossier_readings import dossier_of
from tests.clauses.given import a_county, refuses
from tests.support.node import Hands


def the_policy(hands: Hands, policy: str) -> SupportPolicy:
    with hands.node.store.read() as view:
        found = dossier_of(view.journal, Subject("support_policy", policy))
    assert isinstance(found, SupportPolicy)
    return found


def filed(hands: Hands, n: int, **profile: str) -> str:
    """The file of an enterprise."""
    organisation = f"MA6D11{n:02d}"
    first_17 = f"91520402{organisation}{credit_code._organisation_check(organisation)}"
    code = first_17 + credit_code._check_character(first_17)
    return hands.act("office", OpenEnterprise(Text(f"企业{n}"), credit_code=code, **profile)).subject.id


def published(hands: Hands, **conditions: tuple[str, ...]) -> str:
    command = PublishSupportPolicy(Text("贴息贷款"), Text("凭合同申请"), **conditions)
    return hands.act("specialist", command, unit="finance").subject.id


@pytest.mark.clause("FJ23-3.2e")
def test_a_policy_for_agriculture_goes_to_the_four_that_farm_and_once(tmp_path: Path):
    """FJ23-3.2e: of ten enterprises four match: four pushes, none to the others; pushing again sends no second one."""
    county = a_county(tmp_path)
    farms = {filed(county, n, industry="agriculture") for n in range(4)}
    for n in range(4, 10):
        filed(county, n, industry="trade")
    policy = published(county, industries=("agriculture",))
    assert farms == set(the_policy(county, policy).pushed)
    before = the_policy(county, policy)
    assert () == county.act("specialist", PushSupportPolicy(), policy, "finance").entries
    assert before == the_policy(county, policy)


@pytest.mark.clause("AS25-3.6.2a")
def test_who_comes_to_meet_the_conditions_is_told_then_and_reading_is_recorded(tmp_path: Path):
    """AS25-3.6.2a: of twenty three match; one more that changes makes exactly one push more; sent, read, applied are kept."""
    county = a_county(tmp_path)
    matching = {filed(county, n, industry="tourism", size="small") for n in range(3)}
    other = [filed(county, n, industry="tourism", size="large") for n in range(3, 20)]
    policy = published(county, industries=("tourism",), sizes=("small",))
    assert matching == set(the_policy(county, policy).pushed)

    county.act("office", UpdateEnterprise(size="small"), other[0])
    county.act("specialist", PushSupportPolicy(), policy, "finance")
    assert {other[0]} == set(the_policy(county, policy).pushed) - matching

    reader, *_ = sorted(matching)
    county.act("specialist", NoteSupportPolicyRead(reader), policy, "finance")
    county.act("specialist", NoteSupportPolicyRead(reader, has_applied=True), policy, "finance")
    with refuses(Code.VALUE_NOT_OFFERED, value=other[1]):
        county.act("specialist", NoteSupportPolicyRead(other[1]), policy, "finance")
    after = the_policy(county, policy)
    assert ({reader}, {reader}) == (set(after.read), set(after.applied))


def test_a_policy_that_was_withdrawn_is_not_spoken_of_as_a_ticket(tmp_path: Path):
    """It is pushed no more, and said to be on no list, as where a benefit of it is granted."""
    county = a_county(tmp_path)
    policy = published(county, industries=("tourism",))
    county.act("specialist", WithdrawSupportPolicy(), policy, "finance")

    with refuses(Code.NOT_LISTED, kind="policy", id=policy):
        county.act("specialist", PushSupportPolicy(), policy, "finance")
