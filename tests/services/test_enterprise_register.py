"""The register of enterprise files: what is found by which characters, by whom, on both databases."""

import random
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import ColumnElement, func, insert, or_, select

from node.domain.enterprise.filing import OpenEnterprise, RenameEnterprise
from node.domain.entry import Actor
from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.ticket.state import OPEN
from node.services import enterprise_register as register
from node.services import rebuild
from node.services.scope import visible_to
from node.storage import schema, text_index
from node.storage.database import micros
from node.storage.unit_of_work import View
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


UNITS = tuple(f"{COUNTY}-{unit}" for unit in ("housing", "water", "fire"))
VIEWERS = (OFFICE, *(Actor(f"d-{unit[7:]}", "department", unit) for unit in UNITS), Actor("m-fire", "member", UNITS[2]))


@dataclass
class Rows:
    """Rows of needs as readings have them, for the files *ids*: by name, by code, both, neither; hidden, late, stopped, another's."""

    hands: Hands
    ids: list[str]
    draw: random.Random

    def fill(self, count: int) -> None:
        now, codes = self.hands.now, [f"91520402MA{number:08}" for number in range(len(self.ids))]
        first = handled(self.hands)
        with self.hands.node.store.database.write() as connection:
            for id, code in list(zip(self.ids, codes, strict=True))[::2]:
                connection.execute(schema.enterprises.update().where(schema.enterprises.c.id == id).values(credit_code=code))
            ticket = dict(connection.execute(select(schema.tickets).where(schema.tickets.c.id == first)).one()._mapping)
            clock = dict(connection.execute(select(schema.clocks).where(schema.clocks.c.ticket == first)).first()._mapping)  # type: ignore[union-attr]
            for number in range(count):
                id = f"T{number:05}"
                at = self.draw.randrange(len(self.ids) - 3)  # some have none
                row = ticket | {"id": id, "state": self.draw.choice(["handling", "handling", "archived", "escalated"])}
                row |= {"credit_code": self.draw.choice(["", codes[at], codes[self.draw.randrange(len(codes))]])}
                row |= {"lead": self.draw.choice(UNITS), "first_contact": "", "with_whom": self.draw.choice(["members", "department"])}
                row |= {"holder": self.draw.choice([COUNTY, COUNTY, "520403"])}
                connection.execute(insert(schema.tickets).values(row))
                traits = [("enterprise", self.ids[at])] if self.draw.random() < 0.5 else []
                traits += [("concealed", self.draw.choice(UNITS))] if self.draw.random() < 0.1 else []
                traits += [("concerned", self.draw.choice(UNITS))] if self.draw.random() < 0.1 else []
                due = micros(now + timedelta(days=self.draw.randint(-4, 4))) if self.draw.random() < 0.8 else None
                its = {"ticket": id, "node": self.draw.choice([COUNTY, "520403"]), "name": self.draw.choice(["resolve", "resolve", "sign"])}
                connection.execute(insert(schema.clocks).values(clock | its | {"due_at": due}))
                for name, value in traits:
                    connection.execute(insert(schema.traits).values(ticket=id, name=name, value=value))


def plainly(view: View, wanted: register.Wanted, viewer: Actor, hands: Hands) -> tuple[list[tuple[Any, ...]], int]:
    """Id, needs, open ones and overdue ones of each file in the order of the list, and how many there are: counted file by file."""
    tickets, traits, clocks, files = schema.tickets, schema.traits, schema.clocks, schema.enterprises
    is_open = tickets.c.state.in_([state.value for state in OPEN])
    late = (clocks.c.ticket == tickets.c.id, clocks.c.node == tickets.c.holder, clocks.c.name == "resolve")
    is_late = is_open & select(clocks.c.ticket).where(*late, clocks.c.due_at <= micros(hands.now)).correlate(tickets).exists()

    def brought(*conditions: ColumnElement[bool]) -> Any:
        by_code = (tickets.c.credit_code == files.c.credit_code) & (files.c.credit_code != "") & (tickets.c.credit_code != "")
        named = tickets.c.id.in_(
            select(traits.c.ticket).where(traits.c.name == "enterprise", traits.c.value == files.c.id).correlate(files)
        )
        query = select(func.count()).select_from(tickets).where(or_(by_code, named), visible_to(viewer), *conditions)
        return query.correlate(files).scalar_subquery()

    counts = (brought(), brought(is_open), brought(is_late))
    query = select(files.c.id, *counts, files.c.agent).join(schema.dossiers, schema.dossiers.c.id == files.c.id)
    order = (counts[2].desc(), schema.dossiers.c.changed_at.desc(), files.c.id)
    rows = view.connection.execute(query.where(files.c.owner == COUNTY).order_by(*order)).all()
    seen = [row for row in rows if viewer.role == "office" or row[1] or row[4] == viewer.account]
    seen = [row for row in seen if {"": True, "open": row[2] > 0, "overdue": row[3] > 0}[wanted.needs]]
    first = (wanted.page - 1) * register.files_max
    return [tuple(row[:4]) for row in seen[first : first + register.files_max]], len(seen)


class TestCounts:
    """What is overdue is found from the clocks and the rest is counted for the page alone: the answer is that of counting it all."""

    @pytest.mark.parametrize("gathered_max", [0, 20_000])
    def test_the_list_is_what_counting_file_by_file_gives(self, county: Hands, gathered_max: int, monkeypatch: pytest.MonkeyPatch) -> None:
        """By whoever looks, all or with needs only, page by page; also where a unit has too many needs to gather them."""
        monkeypatch.setattr(register, "files_max", 5)
        monkeypatch.setattr(register, "gathered_max", gathered_max)
        for number in range(16):
            county.act("office", OpenEnterprise(Text(f"第{number}家"), subject_type="project"))
        with county.node.store.read() as view:
            ids = list(view.connection.execute(select(schema.enterprises.c.id).order_by(schema.enterprises.c.id)).scalars())
        Rows(county, ids, random.Random(20260126)).fill(120)

        wrong, shown = [], 0
        with county.node.store.read() as view:
            for viewer in VIEWERS:
                for needs, page in ((needs, page) for needs in ("", "open", "overdue") for page in (1, 2, 3)):
                    wanted = register.Wanted(needs=needs, page=page)
                    found = register.listed(view, wanted, viewer, county.now)
                    rows = [(one.id, one.needs, one.open, one.overdue) for one in found.lines]
                    shown += sum(one.overdue for one in found.lines)
                    if (rows, found.count) != plainly(view, wanted, viewer, county):
                        wrong.append((viewer.account, needs, page))
        assert [] == wrong
        assert shown > 50

    @pytest.mark.parametrize("needs", ["", "open", "overdue"])
    def test_what_was_settled_for_files_of_other_pages_costs_nothing(
        self, tmp_path: Path, needs: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A page is as quick after years; a database counts its steps."""
        monkeypatch.setattr(register, "files_max", 3)
        county = make_node(tmp_path, now=beijing("2026-01-26 09:00"))
        county.staff("housing")
        shown, *_, other = [county.act("office", OpenEnterprise(Text(name), subject_type="project")).subject.id for name in NAMES]
        late = handled(county, enterprise=shown)
        county.at(beijing("2026-03-02 08:30"))
        steps = []
        for begin, end in ((0, 20), (20, 2_000)):
            self.settle(county, late, other, range(begin, end))
            with county.node.store.read() as view:
                driver = view.connection.connection.driver_connection
                counted: list[None] = []
                driver.set_progress_handler(lambda counted=counted: counted.append(None), 10)  # type: ignore[union-attr]
                found = register.listed(view, register.Wanted(needs=needs), OFFICE, county.now)
                driver.set_progress_handler(None, 10)  # type: ignore[union-attr]
            assert (shown, 1) == (found.lines[0].id, found.lines[0].overdue)
            steps.append(len(counted))

        assert 1.2 * steps[0] > steps[1] > 0

    def settle(self, hands: Hands, like: str, file: str, numbers: range) -> None:
        """Needs of *file* as *like*, closed."""
        with hands.node.store.database.write() as connection:
            ticket = dict(connection.execute(select(schema.tickets).where(schema.tickets.c.id == like)).one()._mapping)
            settled = [ticket | {"id": f"T{number:05}", "state": "archived"} for number in numbers]
            connection.execute(insert(schema.tickets), settled)
            connection.execute(insert(schema.traits), [{"ticket": one["id"], "name": "enterprise", "value": file} for one in settled])
