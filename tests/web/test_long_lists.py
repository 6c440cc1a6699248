"""Lists that are longer than anybody works off, narrower than the node, or have a row that is damaged."""

import io
import re
import uuid
from itertools import product
from pathlib import Path

import pytest
from openpyxl import load_workbook
from sqlalchemy import select, update

from node.cli.console import Session
from node.cli.desks import show_outcomes
from node.cli.duties import problems
from node.cli.ledger import summary
from node.domain.entry import Actor
from node.domain.organisation import Role
from node.domain.payload import Contact, Text
from node.domain.ticket.intake import Register
from node.domain.ticket.sight import may_read
from node.services import queries
from node.services.readership import BOARD_READERS
from node.services.scope import listed_for, visible_to, walked_for
from node.storage import schema
from tests.clauses.given import a_county, completed
from tests.cli.given import PARTS
from tests.services.test_stopped_lanes import poison
from tests.support.node import make_node
from tests.web.busy_county import a_busy_day
from tests.web.office import CLERK, DIRECTOR, HANDLER, OFFICER, PHONE, Office, open_account, open_office
from tests.web.support import at_desk, csrf


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return open_office(tmp_path / "node")


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Office:
    office = open_office(tmp_path_factory.mktemp("damaged") / "node")
    wrong = office.handled[:-1] + str((int(office.handled[-1]) + 1) % 10)
    with office.hands.node.store.database.write() as connection:
        connection.execute(update(schema.tickets).where(schema.tickets.c.id == office.handled).values(id=wrong))
        for table in (schema.clocks, schema.traits, schema.desks):
            connection.execute(update(table).where(table.c.ticket == office.handled).values(ticket=wrong))
    return Office(office.hands, office.file, wrong, office.pooled)


class TestCounted:
    """A list counts a thousand and says that there are more: to count all of a million would take longer than to show a page."""

    def test_beyond_what_is_counted_a_list_says_that_there_are_more_and_goes_on(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Counted to 40 here: 65 tickets are "more than 40", and the third page, where they end, knows how many there are."""
        monkeypatch.setattr(queries, "counted_max", 40)
        self._register(office, 63)
        client = at_desk(office.hands, OFFICER)

        first, second, third = (client.get(f"/tickets?page={number}").text for number in (1, 2, 3))

        assert ("40件以上" in first, "page=2" in first) == (True, True)
        assert ("40件以上" in second, "page=3" in second) == (True, True)
        assert ("<small>65件</small>" in third, "page=4" in third) == (True, False)

    def test_a_tray_says_that_there_are_more(self, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
        """The same words as its list."""
        monkeypatch.setattr(queries, "counted_max", 2)
        self._register(office, 4)

        assert '<span class="count">2件以上</span>' in at_desk(office.hands, OFFICER).get("/").text

    @staticmethod
    def _register(office: Office, count: int) -> None:
        for number in range(count):
            words = Text(f"第{number}件")
            command = Register("window", words, phone=Contact("13800002222"), received_at=office.hands.now)
            office.hands.act("window_clerk", command, account=CLERK)


class TestScope:
    """AS25-3.1.1a: what a list gathers from indexes is what a row alone would say, and what the whole ticket says."""

    def test_a_list_shows_everybody_what_he_may_read_and_nothing_else(self, tmp_path: Path) -> None:
        """Every role in every unit of a busy county."""
        county = a_busy_day(make_node(tmp_path / "node"))
        table, node = schema.tickets, county.hands.node
        with node.store.read() as view:
            wholes = [view.readings.ticket(one) for one in view.connection.execute(select(table.c.id)).scalars()]
            units = ["", *view.connection.execute(select(schema.units.c.code)).scalars()]
            for role, unit in product([one.value for one in Role], units):
                viewer = Actor("somebody", role, unit)
                may = {one.id for one in wholes if one is not None and may_read(one, viewer, view.head.node)}
                ways = listed_for(viewer), visible_to(viewer), walked_for(viewer, table.c.id)
                found = [set(view.connection.execute(select(table.c.id).where(way)).scalars()) for way in ways]
                assert (role, unit, [may] * len(ways)) == (role, unit, found)


class TestDamaged:
    """A row of the readings whose number cannot be: it is shown, and said to be damaged; the page stands."""

    @pytest.mark.parametrize(
        ("account", "path"),
        [
            *((OFFICER, path) for path in ("/", "/tickets", "/tickets?state=all", "/tickets?due=overdue", "/boards", "/boards/dispatch")),
            *((OFFICER, path) for path in ("/boards/supervision", "/registers/links", "/leader", "/search?q=施工")),
            *((DIRECTOR, path) for path in ("/", "/boards/triage", "/registers/calendar")),
            *((HANDLER, path) for path in ("/", "/tickets", "/boards/tray")),
        ],
    )
    def test_a_damaged_row_takes_no_page_down(self, damaged: Office, account: str, path: str) -> None:
        """Whoever would have seen the ticket gets the page."""
        answer = at_desk(damaged.hands, account).get(path)

        assert 200 == answer.status_code, answer.text[-2000:]

    @pytest.mark.parametrize(
        ("account", "path"), [(OFFICER, "/tickets"), (OFFICER, "/tickets?state=all"), (HANDLER, "/"), (HANDLER, "/tickets")]
    )
    def test_the_row_is_shown_with_what_is_wrong(self, damaged: Office, account: str, path: str) -> None:
        """Its number in full, and whom to tell; the others stand beside it as ever."""
        page = at_desk(damaged.hands, account).get(path).text

        assert f"{damaged.handled}（编号有误，请告知运维人员）" in page
        assert account == HANDLER or re.search(rf'href="/tickets/{damaged.pooled}" title="[^"]*">\d{{4}}-\d+-\d</a>', page)


class TestUnreadable:
    """A ticket that a list shows and that cannot be read is not "not found": its page says why, and what to do."""

    @pytest.mark.parametrize("account", [OFFICER, HANDLER])
    def test_a_row_whose_number_cannot_be_has_a_page_that_says_so(self, damaged: Office, account: str) -> None:
        """Whoever sees it in the list gets it, with the number in full and what the list has; forms and parts say the same."""
        client = at_desk(damaged.hands, account)

        answer = client.get(f"/tickets/{damaged.handled}")

        assert 409 == answer.status_code
        said = ("这张工单读不出来", "列表里的这一行已损坏", "不要重新登记", damaged.handled, "区住房和城乡建设局")
        assert all(words in answer.text for words in said)
        for part in ("do/record-progress", "attach"):
            refused = client.get(f"/tickets/{damaged.handled}/{part}")
            assert (409, True) == (refused.status_code, "列表里的这一行已损坏" in refused.text), part
        assert "TICKET_UNREADABLE" == client.get(f"/api/v1/tickets/{damaged.handled}").json()["code"]

    def test_the_operator_is_told_the_commands_and_a_clerk_whom_to_tell(self, damaged: Office) -> None:
        """Each what he can do."""
        open_account(damaged.hands, "op", ("operator",))

        told, clerk = (at_desk(damaged.hands, account).get(f"/tickets/{damaged.handled}").text for account in ("op", CLERK))

        assert ("qyzj rebuild --check" in told, "qyzj" in clerk.partition("<main")[2]) == (True, False)

    def test_who_does_not_see_the_row_in_his_list_is_told_what_is_told_of_any_number(self, damaged: Office) -> None:
        """Another bureau, and a number that no row has."""
        water = at_desk(damaged.hands, "d-water")

        hidden, never = (water.get(f"/tickets/{number}") for number in (damaged.handled, damaged.handled[:-1] + "X"))

        assert (404, 404) == (hidden.status_code, never.status_code)

    def test_missing_and_damaged_entries_are_told_apart_and_take_no_list_down(self, tmp_path: Path) -> None:
        """The row is whole, its entries are not: one need's are gone, another's cannot be decoded."""
        office = open_office(tmp_path / "node")
        entries = schema.entries
        with office.hands.node.store.database.write() as connection:
            connection.execute(update(entries).where(entries.c.subject_id == office.handled).values(subject_id="gone"))
            connection.execute(update(entries).where(entries.c.subject_id == office.pooled).values(content=b"\xff\xff\xff"))
        client = at_desk(office.hands, OFFICER)

        missing, broken = (client.get(f"/tickets/{number}") for number in (office.handled, office.pooled))

        assert (409, True) == (missing.status_code, "流水记录在本节点缺失" in missing.text)
        assert (409, True) == (broken.status_code, "流水记录有损坏" in broken.text)
        for path in ("/tickets?state=all", "/"):
            listed = client.get(path)
            assert (200, True) == (listed.status_code, f'href="/tickets/{office.pooled}"' in listed.text), path

    @pytest.mark.parametrize("account", [OFFICER, DIRECTOR, CLERK, HANDLER])
    def test_a_board_whose_ticket_is_damaged_stands_and_names_it(self, broken: Office, account: str) -> None:
        """What was to be on it is named above it by its number with the reason; the rest is listed as ever."""
        client = at_desk(broken.hands, account)
        boards = [name for name in BOARD_READERS if client.get(f"/boards/{name}").status_code != 403]

        pages = {name: client.get(f"/boards/{name}") for name in boards}

        assert boards and {name: 200 for name in boards} == {name: page.status_code for name, page in pages.items()}
        if "triage" in pages and account != CLERK:
            said = pages["triage"].text.partition('class="refusal"')[2].partition("</section>")[0]
            assert (True, True) == (f'href="/tickets/{broken.pooled}"' in said, "流水记录有损坏" in said)

    @pytest.mark.parametrize("account", [OFFICER, DIRECTOR, CLERK, HANDLER])
    def test_a_board_whose_ticket_was_set_aside_stands_and_names_it(self, poisoned: Office, account: str) -> None:
        """FEDERATION 2.3 no. 15: poison stops its own ticket, and no page of all the others."""
        client = at_desk(poisoned.hands, account)
        boards = [name for name in BOARD_READERS if client.get(f"/boards/{name}").status_code != 403]

        pages = {name: client.get(f"/boards/{name}") for name in boards}

        assert boards and {name: 200 for name in boards} == {name: page.status_code for name, page in pages.items()}
        if "triage" in pages and account != CLERK:
            said = pages["triage"].text.partition('class="refusal"')[2].partition("</section>")[0]
            assert (True, True) == (f'href="/tickets/{poisoned.pooled}"' in said, "有一条记录无法读取，已隔离" in said)

    def test_a_ticket_that_was_set_aside_has_a_page_that_says_so(self, poisoned: Office) -> None:
        """With the operator's commands; the interface for programs says the same, and the ledger has its row."""
        client = at_desk(poisoned.hands, OFFICER)
        open_account(poisoned.hands, "op", ("operator",))

        answer, told = (one.get(f"/tickets/{poisoned.pooled}") for one in (client, at_desk(poisoned.hands, "op")))

        assert (409, True) == (answer.status_code, "它有一条记录在本节点无法读取，已隔离" in answer.text)
        assert (409, True) == (told.status_code, "qyzj lane retry" in told.text)
        assert "TICKET_UNREADABLE" == client.get(f"/api/v1/tickets/{poisoned.pooled}").json()["code"]
        rows = load_workbook(io.BytesIO(client.post("/ledger", data={"csrf": csrf}).content)).active.iter_rows(values_only=True)
        assert any("已登记（读不出：它有一条记录在本节点无法读取，已隔离）" in row for row in rows)

    def test_the_ledger_and_a_table_with_texts_have_the_rest_and_name_it(self, broken: Office) -> None:
        """A row each, with the number, the state that lists have and why there is no more."""
        client = at_desk(broken.hands, OFFICER)
        readable = Register("window", Text("读得出"), phone=Contact("13800002222"), received_at=broken.hands.now)
        whole = broken.hands.act("window_clerk", readable, account=CLERK).subject.id

        taken = client.post("/ledger", data={"csrf": csrf}), client.post("/export?state=registered", data={"csrf": csrf, "texts": "1"})

        for answer in taken:
            assert 200 == answer.status_code, answer.text[:500]
            rows = {row[0]: row for row in load_workbook(io.BytesIO(answer.content)).active.iter_rows(values_only=True)}
            assert any("已登记（读不出：它的流水记录有损坏）" == one for one in rows[broken.pooled])
            assert any("已登记" == one for one in rows[whole])

    def test_reports_of_the_command_line_name_what_they_could_not_read(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Annex 2 has its row, with the reason for the problem; today's problem list and the outcomes name those that they miss."""
        monkeypatch.setenv("COLUMNS", "300")
        county = a_county(tmp_path)
        whole, damaged = completed(county), completed(county)
        with county.node.store.database.write() as connection:
            connection.execute(update(schema.entries).where(schema.entries.c.subject_id == damaged).values(content=b"\xff\xff\xff"))
        session = Session(PARTS, county.node.data_dir, "zh-CN", as_json=False, account="centre")

        said = []
        for report in (summary, problems, show_outcomes):
            report(session)
            said.append(capsys.readouterr().out)

        assert "读不出：它的流水记录有损坏" in said[0]
        for words in said[1:]:
            assert f"有1件读不出来，没有计入：{damaged}。" in words and whole not in words.partition("没有计入")[2]

    def test_intake_and_the_enterprise_s_file_stand_too(self, broken: Office) -> None:
        """The caller's needs that can be read appear; whoever takes in is not held up."""
        clerk, draft = at_desk(broken.hands, CLERK), f"/intake/{uuid.uuid4()}"
        found = clerk.post(draft, data={"csrf": csrf, "do": "find", "said": PHONE})

        assert 200 == clerk.get(found.headers["location"]).status_code
        assert 200 == at_desk(broken.hands, OFFICER).get(f"/registers/enterprises/{broken.file}").status_code


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """Of both needs one entry cannot be decoded."""
    office = open_office(tmp_path_factory.mktemp("broken") / "node")
    entries = schema.entries
    with office.hands.node.store.database.write() as connection:
        for ticket in (office.handled, office.pooled):
            connection.execute(update(entries).where(entries.c.subject_id == ticket).values(content=b"\xff\xff\xff"))
    return office


@pytest.fixture(scope="module")
def poisoned(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """Of both needs one entry does not fold."""
    office = open_office(tmp_path_factory.mktemp("poisoned") / "node")
    for ticket in (office.handled, office.pooled):
        poison(office.hands, ticket)
    return office
