"""The page of a ticket: where it stands, whose turn it is, why it is due when it is, what happened, what may be done now."""

import re
from pathlib import Path

import pytest

from node.domain.entry import Subject
from node.domain.payload import Contact, Text
from node.domain.registry import OpenAccount
from node.domain.ticket.decide import DECISIONS
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.filling import FillIn
from node.domain.ticket.forming import Form
from node.domain.ticket.handling import RecordProgress
from node.domain.ticket.intake import Register
from node.services.command_fields import is_for_people, verb_of
from node.services.possible import possible_actions
from node.web.act_groups import BY_VERB, GROUPS, group_of
from tests.support.node import Hands, make_node
from tests.web.office import CLERK, PASSED, open_office
from tests.web.support import at_desk, csrf
from tests.web.test_acts import in_hand, registered

# What is taken in at one look.
group_max = 12


@pytest.fixture(scope="module")
def hands(tmp_path_factory: pytest.TempPathFactory) -> Hands:
    made = make_node(tmp_path_factory.mktemp("page") / "node")
    made.staff("housing", "tax")
    return made


@pytest.fixture(scope="module")
def ticket(hands: Hands) -> str:
    return in_hand(hands)


def verbs(page: str) -> set[str]:
    return set(re.findall(r'/do/([a-z-]+)"', page))


def not_now(page: str) -> str:
    """What cannot be done now and why, as it is read."""
    part = page[page.index('class="not-now"') :]
    return re.sub(r"\s+", "", re.sub(r"<[^>]+>", "", part[: part.index("</details>")]))


class TestPage:
    """On top what matters, then what happened."""

    def test_it_says_where_it_stands_and_whose_turn_it_is(self, hands: Hands, ticket: str) -> None:
        """State, who must act, and the clock that runs, before anything else."""
        page = at_desk(hands, "d-housing").get(f"/tickets/{ticket}").text

        head = page[page.index('class="ticket-head"') : page.index('class="main-and-side ticket"')]
        assert "办理中" in head and "现由承办部门办理" in head and "还剩10个工作日" in head

    def test_every_clock_leads_to_its_reason_day_by_day(self, hands: Hands, ticket: str) -> None:
        """The deadline receipt: counted again from the page it is the same."""
        client = at_desk(hands, "d-housing")
        links = re.findall(rf'href="(/tickets/{ticket}/clocks/[^"]+)"', client.get(f"/tickets/{ticket}").text)

        assert {200} == {client.get(link).status_code for link in links} and len(links) >= 4
        assert "按本页逐日复算，到期时间一致" in client.get(f"/tickets/{ticket}/clocks/resolve").text

    def test_a_receipt_says_its_end_in_one_form(self, hands: Hands, ticket: str) -> None:
        """「2月9日 24时」 and 「2026-02-10 00:00」 are one moment, and no proof on one paper."""
        page = at_desk(hands, "d-housing").get(f"/tickets/{ticket}/clocks/resolve").text
        (end,) = set(re.findall(r"到 (\S+ \S+) 止", page))
        (counted,) = re.findall(r"到期时间一致：(.+?)。", page)

        assert end == counted and end.endswith(" 24:00") and "00:00</p>" not in page

    def test_the_timeline_is_told_in_words_the_newest_first(self, hands: Hands, ticket: str) -> None:
        """Who, when, what; contacts are not in it."""
        page = at_desk(hands, "centre").get(f"/tickets/{ticket}").text

        line = page[page.index('class="timeline"') :]
        assert line.index("签收") < line.index("派单") < line.index("登记")
        assert "13900001111" not in page and "（已加密）" in line

    @pytest.mark.parametrize("said", ["spoken", "number"])
    def test_it_is_found_by_whatever_people_say_for_its_number(self, hands: Hands, ticket: str, said: str) -> None:
        """USERS C23: the spoken form, and the number of the pack."""
        page = at_desk(hands, "centre").get(f"/tickets/{ticket}").text
        spoken = re.findall(r'class="number spoken">([^<]+)<', page)[0]
        number = re.findall(r'class="number">(XX\d+)<', page)[0]

        assert 200 == at_desk(hands, "centre").get(f"/tickets/{spoken if said == 'spoken' else number}").status_code

    def test_another_units_is_not_found_and_neither_is_an_unknown_number(self, hands: Hands, ticket: str) -> None:
        """Scope is that of lists and searches."""
        assert 404 == at_desk(hands, "d-tax").get(f"/tickets/{ticket}").status_code
        assert 404 == at_desk(hands, "centre").get("/tickets/nothing").status_code


class TestPossible:
    """What a person may do now, asked of the decisions."""

    def test_the_department_is_offered_its_next_steps_and_not_the_offices(self, hands: Hands, ticket: str) -> None:
        """And the office those of a ticket in a department's hands."""
        housing = verbs(at_desk(hands, "d-housing").get(f"/tickets/{ticket}").text)
        office = verbs(at_desk(hands, "centre").get(f"/tickets/{ticket}").text)

        assert {"complete", "give-feedback", "request-extension", "add-co-handler"} <= housing
        assert {"sign", "object", "dispatch", "decide-extension"}.isdisjoint(housing)
        assert {"change-lead", "reclassify"} <= office and {"complete", "decide-extension"}.isdisjoint(office)

    @pytest.mark.parametrize("account", ["d-housing", "centre"])
    def test_what_may_be_done_stands_in_groups_that_are_read_at_a_glance(self, hands: Hands, ticket: str, account: str) -> None:
        """Walk (b): 27 verbs in one list.  The groups open without script and by keyboard."""
        page = at_desk(hands, account).get(f"/tickets/{ticket}").text
        groups = re.findall(r"<details><summary>([^<]+) <span class=\"count\">(\d+)</span></summary>", page)

        assert {"派单、转办与协办", "期限、延期与终止", "记录与更正"} <= {name for name, _ in groups}
        assert [] == [(name, count) for name, count in groups if int(count) > group_max]
        assert account == "centre" or page.index('class="next"') < page.index("<details><summary>")

    def test_every_act_about_a_ticket_has_a_group(self) -> None:
        """A new area of the domain is sorted before it is shown."""
        people = [one for one in DECISIONS if not one.starts and is_for_people(one)]

        assert set(GROUPS) == {group_of(verb_of(one), one.__module__.rpartition(".")[2]) for one in people}
        assert set() == set(BY_VERB) - {verb_of(one) for one in people}, "acts that are none any more"

    def test_what_would_surely_be_refused_is_shown_with_its_reason(self, hands: Hands, ticket: str) -> None:
        """Greyed, by the sentence that the refusal would have."""
        page = at_desk(hands, "d-housing").get(f"/tickets/{ticket}").text

        refused = page[page.index('class="not-now"') :]
        assert re.search(r'<small>[^<]*办理中[^<]*不能这样办理。</small>\s*<ul[^>]*><li><span class="grey">', refused)

    def test_beside_the_reason_stands_what_can_be_done(self, hands: Hands, ticket: str) -> None:
        """After a wrong signing (walk (b)): the office can change the lead; of a state, which ones a step takes, without the rest."""
        refused = not_now(at_desk(hands, "d-housing").get(f"/tickets/{ticket}").text)

        assert re.search(
            r"已经签收，不能再提出办理异议。提出办理异议确实不属本单位职责的，请联系服务中心，由服务中心更换牵头部门。", refused
        )
        assert ("派单" not in refused, "请打开工单" in refused) == (True, False)
        assert re.search(r"不能签收即答复。签收即答复签收即答复只限于：咨询类。", refused)

    def test_what_a_probe_typed_is_no_reason(self, tmp_path: Path) -> None:
        """A need without a class, and a ticket that has one: whoever took it in can correct both, and none speaks of "x" or nothing."""
        office = open_office(tmp_path / "node")
        client = at_desk(office.hands, CLERK)
        before = client.get(f"/tickets/{office.pooled}").text
        office.hands.act("office", FillIn(name=Contact("赵某")), office.pooled)
        office.hands.act("office", Form("coordination", passed=PASSED), office.pooled)
        after = client.get(f"/tickets/{office.pooled}").text

        assert ["correct" in verbs(one) for one in (before, after)] == [True, True]
        assert ["可选范围" in not_now(one) or "“”" in not_now(one) for one in (before, after)] == [False, False]

    def test_asking_writes_nothing(self, hands: Hands, ticket: str) -> None:
        """A probe is decided and thrown away."""
        node = hands.node
        with node.store.read() as view:
            before = view.journal.position(node.code, 1)
            found = view.readings.ticket(ticket)
            assert found is not None
            policy = node.policies.for_ticket(view, found, hands.now)
            possible_actions(view, found, "centre", "520402-centre", ("office", "leader", "supervision"), policy, hands.now)
        with node.store.read() as view:
            after = view.journal.position(node.code, 1)

        assert before == after

    def test_what_is_given_is_never_one_that_was_shown_as_impossible(self, hands: Hands, tmp_path: Path) -> None:
        """From registration to handling, each step was offered before it was taken."""
        fresh = make_node(tmp_path / "node")
        fresh.staff("housing")
        number = registered(fresh)
        offered = verbs(at_desk(fresh, "centre").get(f"/tickets/{number}").text)

        assert {"form", "ask-supplement", "not-accept", "open-judgement", "answer-on-the-spot"} <= offered
        assert {"dispatch", "close", "archive", "decide-extension"}.isdisjoint(offered)


class TestContacts:
    """AS25-3.1.1a and DESIGN 13: opened for a purpose, and journaled."""

    def test_opening_shows_the_number_and_stands_in_the_journal(self, hands: Hands, ticket: str) -> None:
        """Once a person, ticket and day, before anything is shown."""
        client = at_desk(hands, "d-housing")

        answer = client.post(f"/tickets/{ticket}/open", data={"purpose": "handling", "csrf": csrf})

        assert 200 == answer.status_code and "13900001111" in answer.text and "王五" in answer.text
        with hands.node.store.read() as view:
            kinds = [one.header.kind for one in view.journal.of_subject(Subject("node", hands.node.code))]
        assert 1 == kinds.count("PayloadOpened")

    @pytest.mark.parametrize(
        ("account", "purpose", "status"),
        [("d-housing", "", 403), ("d-housing", "audit", 403), ("d-housing", "drawn", 403), ("d-tax", "handling", 404)],
    )
    def test_without_a_purpose_or_a_part_nothing_is_opened(
        self, hands: Hands, ticket: str, account: str, purpose: str, status: int
    ) -> None:
        """Refused, and the number is not in the answer."""
        answer = at_desk(hands, account).post(f"/tickets/{ticket}/open", data={"purpose": purpose, "csrf": csrf})

        assert status == answer.status_code and "13900001111" not in answer.text


def test_who_files_from_outside_reads_nothing_that_offices_wrote_among_themselves(tmp_path: Path) -> None:
    """AS25-2.2.7: his own filing as it concerns him; the office of the same need reads the note."""
    hands = make_node(tmp_path / "node")
    hands.staff("housing")
    hands.act("office", OpenAccount("firm", ("enterprise",)), hands.node.code)
    need = Register(channel="platform", appeal=Text("水渠堵塞"), name=Contact("王某"), phone=Contact("13800001234"))
    ticket = hands.act("enterprise", need, account="firm").subject.id
    hands.act("office", Form("coordination", "plain", ("responsibility", "jurisdiction", "materials", "lawfulness")), ticket)
    hands.act("office", Dispatch(f"{hands.node.code}-housing"), ticket)
    hands.act("department", Sign(), ticket, "housing", account="d-housing")
    hands.act("department", RecordProgress(Text("内部意见勿外传")), ticket, "housing", account="d-housing")

    inside, outside = (at_desk(hands, account).get(f"/tickets/{ticket}") for account in ("centre", "firm"))

    assert (200, 200) == (inside.status_code, outside.status_code)
    assert ("内部意见勿外传" in inside.text, "内部意见勿外传" in outside.text) == (True, False)
