"""
FEDERATION 2.3, row 9: a need that was registered once more, and whose first registration a neighbour gave back, stands twice until
people have merged the two.
"""

import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from node.domain.payload import Text
from node.domain.ticket.merging import Merge, UndoMerge
from node.domain.ticket.opinion import AskOpinion
from node.domain.ticket.state import State
from node.domain.time import local_day
from node.services import registered_twice
from node.services.numbers import short_number
from node.services.rebuild import rebuild
from node.services.ticket_view import ticket_page
from node.storage import folds
from node.texts.catalogue import LANGS, Lang, text
from tests.cli.given import Program
from tests.federation.levels import Place, connect, settle
from tests.federation.situations import (
    COUNTY,
    agree,
    alarms,
    back_up,
    grant_to,
    rejoin_by,
    restore,
    tickets,
    told,
)
from tests.web.support import at_desk


def fork(county: Place, city: Place, province: Place, tmp_path: Path, *, is_known_below: bool) -> str:
    """
    Two copies of the city register two needs under one number: one reaches the province, about the other the county is asked, if
    it *is_known_below*.  Gives the number.
    """
    upwards, downwards = connect(city, province), connect(county, city)
    settle(county, city, province)
    before = back_up(city, tmp_path / "before.db")
    downwards.is_cut = True
    number = city.register(appeal="of the copy")
    settle(city, province)
    restore(city, before)
    upwards.is_cut, downwards.is_cut = True, False
    assert number == city.register(appeal="worked on")
    if is_known_below:
        city.hands.act("office", AskOpinion(f"{COUNTY}-housing", Text("请核实")), number)
    connect(county, city)
    settle(county, city, seconds=51)
    return number


def rejoin(county: Place, city: Place, province: Place, number: str) -> str:
    """The city follows the province into a new epoch; gives the number under which its own need was registered once more."""
    wire = connect(city, province)
    settle(county, city, province, seconds=51)
    grant_to(province, city)
    done = rejoin_by(city, wire)
    settle(county, city, province, seconds=700)
    return done.anew[number]


def other_number(place: Place, number: str) -> str:
    """What the page of the ticket says."""
    with place.level.store.read() as view:
        policy = place.hands.node.policies.bare(view)
        return ticket_page(view, number, policy.calendar, place.hands.now).other_number


def _sentence(lang: Lang, former: str, anew: str) -> str:
    return text("situation.registered_twice", lang, ticket=former, anew=anew)


def merge(place: Place, number: str, into: str) -> None:
    place.hands.act(
        "office",
        Merge(into, "phone", Text("同意合并"), local_day(place.hands.now), is_same_appellant=True),
        number,
    )


class TestGivenBack:
    """The county holds the first registration, and gives it back."""

    @pytest.fixture
    def twice(self, county: Place, city: Place, province: Place, tmp_path: Path) -> tuple[str, str]:
        """The two numbers of one need, the former first."""
        number = fork(county, city, province, tmp_path, is_known_below=True)
        return number, rejoin(county, city, province, number)

    def test_it_is_told_until_the_two_are_merged(self, county: Place, city: Place, province: Place, twice: tuple[str, str]) -> None:
        """On the status, with the command that ends it; a merge that is undone brings it back."""
        former, anew = twice
        assert "amber" == alarms(city)["registered_twice"]
        assert "registered_twice" not in told(county) | told(province), "whose need it is merges it"

        merge(city, anew, former)

        assert "registered_twice" not in told(city)
        assert (State.MERGED.value, "") == (tickets(city)[anew], other_number(city, former))
        city.hands.act("office", UndoMerge(former, Text("并错了")), anew)
        assert "amber" == alarms(city)["registered_twice"]
        merge(city, former, anew)
        assert ("", "") == (other_number(city, former), other_number(city, anew))
        settle(county, city, province, seconds=51)
        agree(county, city, province)

    def test_each_page_names_the_other_number(self, city: Place, twice: tuple[str, str]) -> None:
        former, anew = twice

        assert (anew, former) == (other_number(city, former), other_number(city, anew))

        desk: TestClient = at_desk(city.hands, "centre")
        for one, other in (twice, tuple(reversed(twice))):
            page = desk.get(f"/tickets/{one}").text
            assert text("web.ticket.twice", "zh-CN") in page
            assert re.search(rf'href="/tickets/{other}"[^>]*>{short_number(other)}<', page)
        merge(city, anew, former)
        assert all(text("web.ticket.twice", "zh-CN") not in desk.get(f"/tickets/{one}").text for one in twice)

    def test_the_command_that_the_status_names_ends_it(
        self, city: Place, twice: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """As an operator types it: the sentence is there in words and for machines, and gone once the command was carried out."""
        former, anew = twice
        qyzj = Program(tmp_path, capsys)
        qyzj.data = city.hands.node.data_dir
        told = [one for one in qyzj("status", "--json").json["situations"] if one["code"] == "registered_twice"]
        assert [("amber", {"ticket": former, "anew": anew})] == [(one["colour"], one["facts"]) for one in told]
        command = f"qyzj ticket merge {anew} --into {former}"
        assert command in told[0]["sentence"] and all(command in _sentence(lang, former, anew) for lang in LANGS)
        for one, other in (twice, twice[::-1]):
            assert other == qyzj("ticket", "show", one, "--json").json["other_number"]
            assert f"同一诉求还登记为 {other}" in qyzj("ticket", "show", one).out

        day = local_day(city.hands.now).isoformat()
        consent = ("--consent-way", "phone", "--consented-on", day, "--consent", "同意合并", "--is-same-appellant")
        assert 0 == qyzj(*command.split()[1:], "--as", "centre", *consent).code

        assert "registered_twice" not in {one["code"] for one in qyzj("status", "--json").json["situations"]}
        assert ["", ""] == [qyzj("ticket", "show", one, "--json").json["other_number"] for one in twice]

    def test_it_is_known_from_what_the_journal_holds(self, city: Place, twice: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
        """After a rebuild of all readings, too, and where one of the two does not fold: the status is there for just such a night."""
        rebuild(city.level.store)
        monkeypatch.setattr(folds, "of", lambda *_: (_ for _ in ()).throw(ZeroDivisionError()))

        with city.level.store.read() as view:
            assert [twice] == [
                (one.former, one.anew) for one in registered_twice.renumbered(view) if registered_twice.stands_twice(view, one)
            ]


def test_what_nobody_gives_back_stands_once(county: Place, city: Place, province: Place, tmp_path: Path) -> None:
    """Nobody below heard of the city's own need: under the old number stands the copy's, and the new one is the only one of its own."""
    number = fork(county, city, province, tmp_path, is_known_below=False)

    anew = rejoin(county, city, province, number)

    assert "amber" == alarms(city)["renumbered"]
    assert "registered_twice" not in told(city)
    assert ("", "") == (other_number(city, number), other_number(city, anew))
