"""Searching the problem library: what is found by which words, by whom, at which node, and what is left of a text that is erased."""

import json
import random
import unicodedata
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select

from node.domain.payload import Contact, Text
from node.domain.refusal import Code
from node.domain.ticket.co_handling import AddCoHandler, ConfirmCoHandling, FileContribution
from node.domain.ticket.escalation import AcceptEscalation, RequestEscalation
from node.domain.ticket.handling import RecordProgress
from node.domain.ticket.intake import Register
from node.services import rebuild, search
from node.services.registry import actor_of
from node.services.search import Found, Sought
from node.storage import schema
from node.storage.unit_of_work import Store
from tests.clauses.given import CITY, COUNTY, HOUSING, a_county, beijing, handled, refuses, registered, the
from tests.support.levels import carry_down, carry_up, join
from tests.support.node import Hands, make_node
from tests.support.tree import ROOT

MESSAGES = ROOT.parent / "shared" / "data" / "public_messages.jsonl"
ROAD, SEWER, LOAN = "厂房门口道路施工，货车进不来", "门前下水道堵塞,污水倒灌；ABC公司停产3天", "银行抽贷，融资困难，请帮助续贷"


def found(hands: Hands, text: str = "", **more: Any) -> Found:
    """What the node finds."""
    with hands.node.store.read() as view:
        return search.search(view, Sought(text, **more), hands.now)


def tickets(hands: Hands, text: str = "", **more: Any) -> list[str]:
    """The needs that the node finds, by number."""
    return sorted(one.row.id for one in found(hands, text, **more).tickets)


def grams(hands: Hands) -> set[tuple[int, int, int]]:
    """Every row of the index."""
    with hands.node.store.read() as view:
        return {tuple(row) for row in view.connection.execute(select(schema.text_grams))}


class TestWords:
    """What stands in a text is found by one character and more, on both databases; what does not is not."""

    @pytest.fixture
    def county(self, tmp_path: Path, database_url: str) -> Hands:
        made = make_node(tmp_path, now=beijing("2026-02-13 10:00"), database_url=database_url)
        made.staff("housing")
        return made

    def test_words_find_exactly_what_has_them(self, county: Hands):
        """One character to a clause, across a comma, half or full width, great or small letters, and several words."""
        road, sewer, loan = (registered(county, appeal=Text(words)) for words in (ROAD, SEWER, LOAN))
        titled = registered(county, appeal=Text("请予协调"), title=Text("污水管网"))

        cases = {
            "路": [road],
            "来": [road],
            "水": [sewer, titled],
            "道": [road, sewer],
            "道路": [road],
            "路道": [],
            "下水道": [sewer],
            "污水": [sewer, titled],
            "融资困难": [loan],
            "施工，货车": [road],
            "施工,货车": [road],
            "abc公司": [sewer],
            "ＡＢＣ": [sewer],
            "3天": [sewer],
            "道路 货车": [road],
            "道路 污水": [],
            "困难　银行": [loan],
            "道路 ，": [road],
        }  # fmt: skip
        assert cases == {words: tickets(county, words) for words in cases}
        assert [len(expected) for expected in cases.values()] == [found(county, words).count for words in cases]

    def test_pairs_alone_find_nothing(self, county: Hands):
        """A text with both pairs of a word of three characters, but not the word."""
        registered(county, appeal=Text("甲乙双方与乙丙双方"))
        has_it = registered(county, appeal=Text("甲乙丙三方"))

        assert ([has_it], 1) == (tickets(county, "甲乙丙"), found(county, "甲乙丙").count)

    def test_whatever_is_written_later_is_found_too(self, county: Hands):
        """Words of the appeal and of a progress note together; each is shown where it stands."""
        ticket = handled(county, appeal=Text(ROAD))
        county.act("department", RecordProgress(Text("已会同交警现场勘查,拟开设便道")), ticket, "housing")

        (line,) = found(county, "便道 货车").tickets
        shown = [(one.event, one.field, one.words) for one in line.excerpts]
        assert [
            ("ProgressRecorded", "note", "已会同交警现场勘查,拟开设便道"),
            ("Registered", "appeal", "厂房门口道路施工，货车进不来"),
        ] == shown

    def test_an_excerpt_shows_what_stands_around(self, county: Hands):
        """Sixteen characters on either side, as they were written."""
        registered(county, appeal=Text("一" * 30 + "Ｘ道路\n施工" + "二" * 30))

        (line,) = found(county, "道路").tickets
        assert ["…" + "一" * 15 + "Ｘ道路 施工" + "二" * 13 + "…"] == [one.words for one in line.excerpts]

    def test_the_latest_come_first_and_all_are_counted(self, county: Hands):
        """Rows are limited, the count is not."""
        made = [registered(county.later(minutes=1), appeal=Text(f"道路{n}")) for n in range(5)]

        some = found(county, "道路", rows_max=2)
        assert (made[:-3:-1], 5, True) == ([one.row.id for one in some.tickets], some.count, some.is_exact)

    def test_where_too_many_may_have_a_word_the_count_says_so(self, county: Hands, monkeypatch: pytest.MonkeyPatch):
        """At most so many texts are opened for one search."""
        for _ in range(3):
            registered(county, appeal=Text("下水道堵塞"))
        monkeypatch.setattr(search, "verified_max", 2)

        many, few = found(county, "下水道"), found(county, "下水")
        assert ((2, 3, False), (3, 3, True)) == tuple((len(one.tickets), one.count, one.is_exact) for one in (many, few))

    @pytest.mark.parametrize("text", ["", "道路", "下水道堵塞"])
    @pytest.mark.parametrize("verified_max", [1_000, 3])
    def test_the_list_goes_on_behind_a_place(self, county: Hands, monkeypatch: pytest.MonkeyPatch, text: str, verified_max: int):
        """Page behind page it is the whole list, nothing twice; of one minute by number, and where only some of what was opened fits."""
        for n in range(9):
            registered(county.later(minutes=n % 2), appeal=Text(("道路", "下水道堵塞", "下水堵水道塞")[n % 3]))
        whole = [one.row.id for one in found(county, text).tickets]
        monkeypatch.setattr(search, "verified_max", verified_max)
        pages, page = list[str](), found(county, text, rows_max=2)
        counts = {page.count}
        for _ in range(9):
            pages += [one.row.id for one in page.tickets]
            counts.add(page.count)
            if page.next is None:
                break
            page = found(county, text, rows_max=2, after=page.next)

        assert whole == pages and len(whole) == (9 if not text else 3)
        assert 1 == len(counts)

    def test_erasing_leaves_nothing_to_be_found_by(self, county: Hands):
        """No row of the index is about what was erased, and a rebuild brings none back."""
        gone, kept = registered(county, appeal=Text(ROAD)), registered(county, appeal=Text("道路塌陷"))
        whole = grams(county)
        with county.node.store.write() as work:
            taken = {one.taken for one in work.journal.of_subject(the(county, gone).subject)}
            work.payloads.erase(the(county, gone).subject)

        left = grams(county)
        assert left == {row for row in whole if row[2] not in taken} != whole
        assert [kept] == tickets(county, "道路")
        assert rebuild.rebuild(county.node.store).agrees
        assert left == grams(county)
        # What is asked of its row finds it still: the number, the day, the state.
        assert sorted([gone, kept]) == tickets(county)

    def test_a_rebuild_fills_the_index_as_it_was(self, county: Hands):
        """From what was sealed, not from what was typed."""
        road, _ = registered(county, appeal=Text(ROAD)), registered(county, appeal=Text(SEWER), title=Text("堵塞"))
        whole = grams(county)
        with county.node.store.database.write() as connection:
            connection.execute(delete(schema.text_grams))
        assert [] == tickets(county, "道路")

        rebuild.rebuild(county.node.store)

        assert ([road], whole) == (tickets(county, "道路"), grams(county))

    def test_without_the_nodes_keys_no_word_finds_anything(self, county: Hands):
        """Whoever has the database alone is refused, and lists by facts all the same."""
        ticket = registered(county, appeal=Text(ROAD))
        with Store(county.node.store.database).read() as view:
            with refuses(Code.PAYLOAD_SEALED):
                search.search(view, Sought("道路"), county.now)
            assert [ticket] == [one.row.id for one in search.search(view, Sought(), county.now).tickets]

    def test_another_nodes_key_makes_other_rows(self, county: Hands, tmp_path: Path):
        """The same text at two nodes: no row of one says anything about the other."""
        other = make_node(tmp_path / "other", "520403", now=county.now)
        for hands in (county, other):
            registered(hands, appeal=Text(ROAD))

        assert set() == {row[:2] for row in grams(county)} & {row[:2] for row in grams(other)}

    @pytest.mark.parametrize(("text", "code"), [("，。！", Code.FIELD_REQUIRED), ("一 二 三 四 五 六 七 八 九", Code.TOO_MANY_WORDS)])
    def test_what_cannot_be_sought_is_refused(self, county: Hands, text: str, code: Code):
        """Signs alone, and more than eight words."""
        with refuses(code):
            found(county, text)


class TestReach:
    """Nobody finds by its words what he may not open."""

    def seen(self, county: Hands, account: str, text: str) -> list[str]:
        with county.node.store.read() as view:
            viewer = actor_of(view.connection, COUNTY, account)
        return tickets(county, text, viewer=viewer)

    def test_another_departments_need_is_not_found_by_its_words(self, tmp_path: Path):
        """What the housing department has in hand the water department does not read; the office reads all (AS25-3.1.1a)."""
        county = a_county(tmp_path)
        ticket = handled(county, appeal=Text(ROAD))

        seen = {account: self.seen(county, account, "道路") for account in ("d-housing", "d-water", "centre")}
        assert {"d-housing": [ticket], "d-water": [], "centre": [ticket]} == seen

    def test_what_a_co_handler_filed_is_no_key(self, tmp_path: Path):
        """AS25-4.4.3c: it is for the lead and the office alone; a rebuild indexes it no more than its writing did."""
        county = a_county(tmp_path)
        ticket = handled(county)
        county.act("department", AddCoHandler(f"{COUNTY}-water", Text("管线迁改")), ticket, "housing")
        county.act("department", ConfirmCoHandling(), ticket, "water")
        county.act("department", FileContribution(Text("阀门井渗漏")), ticket, "water")

        for _ in range(2):
            assert ([ticket], []) == (tickets(county, "迁改"), tickets(county, "阀门"))
            rebuild.rebuild(county.node.store)

    def test_contacts_are_in_no_index(self, tmp_path: Path):
        """Names and phones are found by the blind index, under its own rules."""
        county = a_county(tmp_path)
        registered(county, name=Contact("欧阳建国"), phone=Contact("13800009876"))

        assert [[], []] == [tickets(county, words) for words in ("欧阳", "13800009876")]


class TestLevels:
    """Only who holds a ticket finds it by its words: a mirror's texts are sealed."""

    def test_the_index_follows_custody(self, tmp_path: Path):
        """The county's need is found there, then above, with what the county had written; a rebuild finds the same."""
        county, city = a_county(tmp_path), a_county(tmp_path, code=CITY, pack="anshun-2025")
        join(city, county)
        ticket = handled(county, appeal=Text(ROAD))
        county.act("department", RecordProgress(Text("已现场勘查")), ticket, "housing")
        carry_up(county, city)

        def where(words: str) -> tuple[list[str], list[str]]:
            return tickets(county, words), tickets(city, words)

        assert (([ticket], []), set()) == (where("道路"), {row for row in grams(city) if row[2] in self.about(city, ticket)})
        assert [ticket] == tickets(city)

        county.act("office", RequestEscalation(power_item="LAND-07", reason=Text("用地指标超出权限")), ticket)
        carry_up(county, city)
        city.act("office", AcceptEscalation("coordination", "plain"), ticket)
        carry_down(city, county)

        assert city.node.code == the(county, ticket).custody.holder
        for _ in range(2):
            assert [([], [ticket])] * 3 == [where(words) for words in ("道路", "勘查", "用地指标")]
            for hands in (county, city):
                rebuild.rebuild(hands.node.store)

    @staticmethod
    def about(hands: Hands, ticket: str) -> set[int]:
        """The entries about *ticket* by their places."""
        with hands.node.store.read() as view:
            return {one.taken for one in view.journal.of_subject(the(hands, ticket).subject)}


class TestFacts:
    """Type, source, unit, state and day, alone and together with words."""

    def test_each_condition_narrows(self, tmp_path: Path):
        """Three needs that differ in everything."""
        county = a_county(tmp_path, "2026-02-12 10:00")
        old = registered(county, "window", appeal=Text("道路破损"), category="consultation")
        county.at(beijing("2026-02-13 10:00"))
        in_hand = handled(county, channel="platform", appeal=Text("道路积水"))
        new = registered(county.at(beijing("2026-02-14 00:00")), "visit", appeal=Text("融资困难"), first_contact="")

        cases: list[tuple[dict[str, Any], list[str]]] = [
            ({}, [old, in_hand, new]),
            ({"category": "consultation"}, [old]),
            ({"channel": "visit"}, [new]),
            ({"unit": HOUSING}, [in_hand]),
            ({"states": ("handling",)}, [in_hand]),
            ({"states": ("handling", "registered")}, [old, in_hand, new]),
            ({"since": date(2026, 2, 13)}, [in_hand, new]),
            ({"until": date(2026, 2, 13)}, [old, in_hand]),
            ({"since": date(2026, 2, 13), "until": date(2026, 2, 13)}, [in_hand]),
            ({"text": "道路", "channel": "window"}, [old]),
            ({"text": "道路", "since": date(2026, 2, 14)}, []),
        ]
        assert [sorted(expected) for _, expected in cases] == [tickets(county, **sought) for sought, _ in cases]


@pytest.fixture(scope="module", params=[250, pytest.param(None, marks=[pytest.mark.slow, pytest.mark.timeout(900)])], ids=["some", "all"])
def library(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Hands, dict[str, str]]:
    """A county that took in public messages, and what each ticket says; the messages are not part of the repository."""
    if not MESSAGES.is_file():
        pytest.skip("no public messages here")
    county = a_county(tmp_path_factory.mktemp("library"))
    said: dict[str, str] = {}
    messages = [json.loads(line) for line in MESSAGES.read_text("utf-8").splitlines()[: request.param]]
    with county.node.store.write() as work:
        for number, message in enumerate(messages):
            whose = {"name": Contact(f"网友{number}"), "phone": Contact(f"139{number:08}")}
            register = Register("window", Text(message["text"]), Text(message["subject"]), **whose)
            ticket = county.node.handler.carry_out(work, county.order("window_clerk", register)).subject.id
            said[ticket] = f"{message['subject']}\n{message['text']}"
    return county, said


@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_every_message_with_a_word_is_found_and_no_other(library: tuple[Hands, dict[str, str]], length: int):
    """Twenty pieces of real messages of each length, and twenty pieced together, against a plain look into every text."""
    county, said = library
    draw = random.Random(length)
    texts = sorted(said.values())
    letters = sorted({letter for text in texts for letter in text if letter.isalnum()})
    words = {"".join(draw.choices(letters, k=length)) for _ in range(20)}
    while len(words) < 40:
        text = draw.choice(texts)
        at = draw.randrange(len(text))
        if len(text[at : at + length]) == length and text[at : at + length].isalnum():
            words.add(text[at : at + length])

    plain = {ticket: normal(text) for ticket, text in said.items()}
    expected = {word: sorted(ticket for ticket, text in plain.items() if normal(word) in text) for word in words}
    assert any(expected.values())
    assert expected == {word: tickets(county, word, rows_max=len(said)) for word in words}


def normal(text: str) -> str:
    """Full and half width, great and small letters are one."""
    return unicodedata.normalize("NFKC", text).casefold()
