"""The register of enterprise files: what is found by which characters, by whom, on both databases."""

import random
from pathlib import Path

import pytest

from node.domain.enterprise.filing import OpenEnterprise, RenameEnterprise
from node.domain.entry import Actor
from node.domain.payload import Text
from node.domain.refusal import Code
from node.services import enterprise_register as register
from node.services import rebuild
from node.storage import text_index
from tests.clauses.given import COUNTY, beijing, handled, refuses
from tests.support.node import Hands, make_node

NAMES = (
    "安顺市西秀区双堡果业有限公司", "黔中面粉加工厂", "安顺双阳机械厂", "西秀区旧州镇屯堡酒坊", "贵州果蔬冷链物流有限公司",
    "ABC电子（安顺）有限公司", "大西桥镇鲍屯水碾房", "安顺老街牛肉粉店",
)  # fmt: skip
OFFICE = Actor("centre", "office", f"{COUNTY}-centre")


@pytest.fixture
def county(tmp_path: Path, database_url: str) -> Hands:
    """A county with a file for each of NAMES."""
    hands = make_node(tmp_path, now=beijing("2026-01-26 09:00"), database_url=database_url)
    hands.staff("housing", "water")
    for name in NAMES:
        hands.act("office", OpenEnterprise(Text(name), subject_type="project"))
    return hands


def found(hands: Hands, text: str, viewer: Actor = OFFICE, **more: str) -> list[str]:
    """The names of the files that are found."""
    with hands.node.store.read() as view:
        return sorted(line.name for line in register.listed(view, register.Wanted(text, **more), viewer, hands.now).lines)


class TestWords:
    """Names are found by one character and more, exactly those that have it."""

    def test_every_piece_of_one_to_four_characters_finds_the_names_that_have_it_and_no_other(self, county: Hands) -> None:
        draw = random.Random(20260126)
        words = {
            name[at : at + length]
            for length in (1, 2, 3, 4)
            for name in draw.sample(NAMES, 5)
            for at in draw.sample(range(len(name) - length), 2)
        }
        words = {word for word in words if all(letter.isalnum() for letter in word)} | {"果堡", "有限厂", "安顺双堡"}
        expected = {word: sorted(name for name in NAMES if text_index.normal(word) in text_index.normal(name)) for word in words}

        assert {1, 2, 3, 4} <= {len(word) for word in words}
        assert expected == {word: found(county, word) for word in words}
        assert rebuild.rebuild(county.node.store).agrees
        assert expected == {word: found(county, word) for word in words}

    def test_a_hit_is_marked_where_it_stands(self, county: Hands) -> None:
        """Also in a former name, which still finds it."""
        with county.node.store.read() as view:
            id = register.listed(view, register.Wanted("面粉"), OFFICE, county.now).lines[0].id
        county.act("office", RenameEnterprise(Text("黔中粮油有限公司")), id)
        with county.node.store.read() as view:
            (line,) = register.listed(view, register.Wanted("面粉"), OFFICE, county.now).lines

        assert "黔中粮油有限公司" == line.name
        assert [("EnterpriseOpened", ("黔中", "面粉", "加工厂"))] == [(one.event, one.parts) for one in line.excerpts]


class TestScope:
    """A department sees the files behind its own needs, the enterprise's side none."""

    def test_a_department_finds_only_the_enterprises_whose_needs_it_has(self, county: Hands) -> None:
        with county.node.store.read() as view:
            id = register.listed(view, register.Wanted("机械"), OFFICE, county.now).lines[0].id
        handled(county, enterprise=id)
        housing, water = (Actor(f"d-{unit}", "department", f"{COUNTY}-{unit}") for unit in ("housing", "water"))

        assert (["安顺双阳机械厂"], []) == (found(county, "", housing), found(county, "", water))
        with county.node.store.read() as view, refuses(Code.SUBJECT_UNKNOWN, id=id):
            register.whole_file(view, id, water)
        with refuses(Code.PERMISSION_DENIED):
            found(county, "", Actor("finder", "finder"))

    def test_what_is_overdue_comes_first_and_can_be_asked_for(self, county: Hands) -> None:
        with county.node.store.read() as view:
            id = register.listed(view, register.Wanted("酒坊"), OFFICE, county.now).lines[0].id
        handled(county, enterprise=id)
        county.at(beijing("2026-03-02 08:30"))

        with county.node.store.read() as view:
            first = register.listed(view, register.Wanted(), OFFICE, county.now).lines[0]
        assert (id, 1, 1, 1) == (first.id, first.needs, first.open, first.overdue)
        assert ["西秀区旧州镇屯堡酒坊"] == found(county, "", needs="overdue")
