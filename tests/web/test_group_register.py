"""The register of service groups: which there are, and exactly who is in each, as far as the desk may see it (FJ23-3.2c)."""

import re

import pytest

from node.domain import registry as g
from node.domain.directory import JoinGroup, LeaveGroup
from node.domain.enterprise.filing import OpenEnterprise
from node.domain.payload import Contact, Text
from tests.clauses.given import beijing
from tests.support.node import Hands, make_node
from tests.web.support import at_desk

FENGJIE = "500236"
PAGE = "/registers/groups"


@pytest.fixture(scope="module")
def hands(tmp_path_factory: pytest.TempPathFactory) -> Hands:
    """One group with two officials and an enterprise's head, one with an official of another unit."""
    county = make_node(tmp_path_factory.mktemp("groups") / "node", FENGJIE, "fengjie-2023", now=beijing("2023-06-05 10:00"))
    for unit, called in (("agriculture", "农业农村委"), ("commerce", "商务委")):
        county.act("office", g.OpenUnit(unit, called), FENGJIE)
        county.act("office", g.OpenAccount(f"d-{unit}", ("department",), f"{FENGJIE}-{unit}", Contact(f"{called}小李")), FENGJIE)
    farm = county.act("office", OpenEnterprise(Text("脐橙果业公司"), subject_type="project")).subject.id
    for group, member in (("modern_agriculture", "d-agriculture"), ("modern_agriculture", "centre"), ("trade_services", "d-commerce")):
        county.act("office", JoinGroup(group, member), FENGJIE)
    county.act("office", JoinGroup("modern_agriculture", enterprise=farm), FENGJIE)
    return county


def test_every_group_of_the_pack_is_listed_by_name_with_its_members_counted(hands: Hands) -> None:
    """The 1 + 7 + 33 groups and those of the villages, a hundred a page; a unit is said by its name, and no code is shown."""
    client = at_desk(hands, "centre")
    pages = [client.get(f"{PAGE}?page={number}").text for number in (1, 2, 3, 4)]
    row = pages[0].partition('href="/registers/groups/modern_agriculture"')[2].partition("</tr>")[0]
    rows = [shown.partition("<tbody>")[2].partition("</tbody>")[0] for shown in pages]

    assert [100, 100, 100, 64] == [shown.count('href="/registers/groups/') for shown in rows]
    assert 1 + 7 + 33 + 323 == len({group for shown in rows for group in re.findall(r'href="/registers/groups/([^"]+)"', shown)})
    assert ["现代农业群", "行业群", "农业农村委", ">2<", ">1<"] == [
        one for one in ("现代农业群", "行业群", "农业农村委", ">2<", ">1<") if one in row
    ]
    said = " ".join(re.sub(r"<[^>]+>", " ", shown) for shown in rows)
    assert ([], True) == (
        re.findall(r"[a-z]+_\w+", said),
        all(one in said for one in ("重点企业群", "行业群4", "镇街群01", "村（社区）群323")),
    )


def test_the_list_is_narrowed_to_one_kind(hands: Hands) -> None:
    """Each kind with how many there are; another one is refused."""
    client = at_desk(hands, "centre")
    shown = client.get(f"{PAGE}?kind=town").text
    villages = client.get(f"{PAGE}?kind=village&page=2").text

    assert 33 == shown.partition("<tbody>")[2].count('href="/registers/groups/town_')
    assert '<option value="town" selected>镇街群（33）</option>' in shown and '<option value="village">' in shown
    assert 'value="unnamed"' not in shown, "a kind of which there is none is not offered"
    assert 100 == villages.partition("<tbody>")[2].count('href="/registers/groups/village_') and "kind=village&amp;page=3" in villages
    assert 422 == client.get(f"{PAGE}?kind=no_such").status_code


def test_a_group_shows_exactly_its_members_officials_by_name(hands: Hands) -> None:
    shown = at_desk(hands, "centre").get(f"{PAGE}/modern_agriculture").text

    assert ["农业农村委小李", "脐橙果业公司"] == [one for one in ("农业农村委小李", "商务委小李", "脐橙果业公司") if one in shown]
    assert "干部2人，企业1户" in shown


def test_an_enterprise_is_named_to_nobody_who_may_not_see_its_file(hands: Hands) -> None:
    shown = at_desk(hands, "d-commerce").get(f"{PAGE}/modern_agriculture").text

    assert "农业农村委小李" in shown and "脐橙果业公司" not in shown
    assert "join-group" not in shown, "a department puts nobody into a group"


def test_a_member_is_put_in_and_taken_out_from_the_page(hands: Hands) -> None:
    """The forms know their group already, and lead back to it."""
    centre, here = at_desk(hands, "centre"), f"{PAGE}/industry_4"
    form = centre.get(f"/node/{FENGJIE}/do/join-group?group=industry_4&back={here}").text
    joined = centre.post(f"/node/{FENGJIE}/do/join-group", data={"group": "industry_4", "account": "d-commerce", "back": here})
    within = centre.get(here).text
    centre.post(f"/node/{FENGJIE}/do/leave-group", data={"group": "industry_4", "member": "d-commerce", "back": here})

    assert 'value="industry_4"' in form
    assert joined.headers["location"].startswith(here)
    assert "商务委小李" in within and "群里还没有成员" in centre.get(here).text


def test_an_account_says_which_groups_it_is_in(hands: Hands) -> None:
    assert f'href="{PAGE}/trade_services">商贸服务群</a>' in at_desk(hands, "centre").get("/registers/accounts/d-commerce").text


def test_a_group_that_was_never_named_is_refused(hands: Hands) -> None:
    refused = at_desk(hands, "centre").get(f"{PAGE}/no_such_group")

    assert (404, True) == (refused.status_code, "政策包中没有服务群" in refused.text)


def test_thousands_of_accounts_come_a_hundred_a_page(hands: Hands) -> None:
    for number in range(120):
        hands.act("office", g.OpenAccount(f"w{number:03}", ("tracker",), f"{FENGJIE}-commerce"), FENGJIE)
        hands.act("office", JoinGroup("industry_5", f"w{number:03}"), FENGJIE)
    centre = at_desk(hands, "centre")
    pages = [centre.get(f"{path}{'&' if '?' in path else '?'}page={page}").text
             for path in (f"{PAGE}/industry_5", "/registers/accounts?words=w") for page in (1, 2)]  # fmt: skip

    assert [100, 20, 100, 20] == [sum(f">w{number:03}<" in page for number in range(120)) for page in pages]
    hands.act("office", LeaveGroup("industry_5", "w000"), FENGJIE)
    assert ">w000<" not in centre.get(f"{PAGE}/industry_5").text
