"""Lists in and out: the summary list of 海门 (annex 2), enterprises in bulk, the ledger that is no copy, and what was open before."""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import func, select

from node.cli.console import Session
from node.cli.ledger import ledger as write_ledger
from node.documents.sheets import SUMMARY_COLUMNS, Sheet, to_xlsx
from node.documents.sheets import summary as summary_sheet
from node.domain import registry as g
from node.domain import round_record as record
from node.domain.entry import Actor
from node.domain.list_record import ListTaken
from node.domain.payload import Contact, SealedRef, Text
from node.domain.refusal import Code
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.forming import Form
from node.domain.ticket.legacy import RegisterLegacy
from node.services import enterprises, figures, ledger, queries, ticket_view
from node.services.imports import KINDS
from node.services.imports.fault import Fault, Faulty
from node.services.imports.plan import Options, Parts, Report, run
from node.services.rounds import frame_of
from node.storage import schema
from node.storage.codec import decode_content
from node.texts.catalogue import word
from tests.clauses.given import COUNTY, HOUSING, PASSED, a_completion, a_county, beijing, completed, dispatched, refuses, registered, the
from tests.clauses.test_enterprise import a_code
from tests.cli.given import PARTS
from tests.support.node import Hands

HAIMEN, FENGJIE = "320684", "500236"
CENTRE = "centre"
PHONES = ("13812345678", "0513-82212345", "13912345679")


def imported(hands: Hands, kind: str, content: bytes, suffix: str = ".xlsx", **options: Any) -> Report:
    """The file, taken over by the centre."""
    node = hands.node
    parts = Parts(node.writer, node.handler, node.policies, node.blobs, node.now)
    return run(parts, KINDS[kind], content, suffix, Options(**({"account": CENTRE} | options)))


def faults(hands: Hands, kind: str, content: bytes, suffix: str = ".xlsx", **options: Any) -> Sequence[Fault]:
    """What is wrong with a file that is not taken."""
    before = entries(hands)
    with pytest.raises(Faulty) as refused:
        imported(hands, kind, content, suffix, **options)
    assert before == entries(hands)
    return refused.value.faults


def entries(hands: Hands) -> int:
    """How many entries the node's journal has."""
    with hands.node.store.read() as view:
        return view.connection.execute(select(func.count()).select_from(schema.entries)).scalar_one()


def a_list(*rows: tuple[str, ...], unit: str = "包场镇", reporter: str = "陈某", phone: str = "0513-82210000") -> bytes:
    """Annex 2 as a town fills it in."""
    return to_xlsx(summary_sheet(unit, reporter, phone, "海门区服务企业办", "", rows))


def three_rows() -> list[tuple[str, ...]]:
    """Three problems of a town."""
    return [
        (str(place), f"海门第{place}纺织厂", f"第{place}号问题:用电容量不足", "镇走访", f"联系人{place}", phone)
        for place, phone in enumerate(PHONES, 1)
    ]


@pytest.fixture
def haimen(tmp_path: Path) -> Hands:
    """A district under the mechanism of 海门."""
    return a_county(tmp_path, pack="haimen-2020", code=HAIMEN)


def summary_of(hands: Hands, actor: Actor) -> tuple[ledger.Reporter, list[tuple[str, ...]]]:
    """The list as it goes out: its head and its rows in words."""
    with hands.node.store.read() as view:
        called = queries.names(view)
    wanted = ledger.Wanted()
    lines, head = hands.node.writer.command(
        lambda work: (ledger.summary(work, wanted, actor, hands.now), ledger.reporter_of(work, actor, called))
    )
    rows: list[tuple[str, ...]] = []
    for one in lines:
        source = one.source or word("channel", one.channel)
        rows.append((one.number, one.enterprise, one.problem, source, one.contact, one.phone))
    return head, rows


class TestSummaryList:
    """海门 annex 2: problems reported by towns on one list."""

    @pytest.mark.clause("HM20-A2.1")
    def test_the_head_is_filled_from_the_account_and_a_list_without_a_reporting_unit_is_refused(self, haimen: Hands) -> None:
        """HM20-A2.1: town, person and phone on the way out; none taken without the unit on the way in."""
        for command in (
            g.OpenUnit("baochang", "包场镇", "town"),
            g.OpenAccount("chen", ("window_clerk",), f"{HAIMEN}-baochang", Contact("陈某"), Contact("0513-82210000")),
        ):
            haimen.act("office", command, HAIMEN)
        town = Actor("chen", "window_clerk", f"{HAIMEN}-baochang")
        registered(haimen, "face_to_face_visit")

        head, rows = summary_of(haimen, town)
        sheet = summary_sheet(head.unit, head.name, head.phone, "", "", rows)
        refused = faults(haimen, "summary", a_list(*three_rows(), unit=""), is_confirmed=True)

        assert ledger.Reporter("包场镇", "陈某", "0513-82210000") == head
        page = load_workbook(io.BytesIO(to_xlsx(sheet))).active
        assert "填表单位：包场镇  填报人：陈某  联系电话：0513-82210000" == page.cell(2, 1).value
        assert [(0, "填表单位", "head_missing")] == [(one.row, one.column, one.code) for one in refused]

    @pytest.mark.clause("HM20-A2.2")
    def test_what_is_exported_and_imported_elsewhere_is_equal_in_all_six_columns(self, haimen: Hands, tmp_path: Path) -> None:
        """HM20-A2.2: three tickets out, the file into an empty node, three tickets with the same six values."""
        for place, phone in enumerate(PHONES, 1):
            given = {"enterprise_name": Text(f"=海门第{place}厂"), "name": Contact(f"联系人{place}"), "phone": Contact(phone)}
            registered(haimen, "face_to_face_visit", appeal=Text(f"第{place}号问题\n换行照旧"), **given)
        actor = Actor(CENTRE, "office", f"{HAIMEN}-centre")
        _, out = summary_of(haimen, actor)
        other = a_county(tmp_path / "other", pack="haimen-2020", code="320614")

        report = imported(other, "summary", a_list(*out), is_confirmed=True)

        assert (3, 3) == (report.imported, len(report.tickets))
        assert out == summary_of(other, replace(actor, unit="320614-centre"))[1]
        assert {"grassroots_report"} == {the(other, one).intake.channel for one in report.tickets}
        assert 0 == imported(other, "summary", a_list(*out), is_confirmed=True).imported
        without = to_xlsx(
            Sheet("清单", ("填表单位：甲 填报人：乙 联系电话：0513-82210000",), SUMMARY_COLUMNS[:5], tuple(row[:5] for row in out))
        )
        missing = faults(other, "summary", without, is_confirmed=True)
        assert [("联系电话", "column_missing")] == [(one.column, one.code) for one in missing]

    @pytest.mark.clause("HM20-A2.3")
    def test_a_wrong_phone_rejects_the_list_and_a_confirmed_one_is_taken_with_time_and_account(self, haimen: Hands) -> None:
        """HM20-A2.3: row and field are named; a repeated row, an empty field and a missing confirmation are, too."""
        rows = three_rows()
        wrong = [rows[0], (*rows[1][:5], "12345"), rows[2]]
        refused = faults(haimen, "summary", a_list(*wrong), is_confirmed=True)
        assert [(5, "联系电话", "phone_form")] == [(one.row, one.column, one.code) for one in refused]
        more = faults(haimen, "summary", a_list(rows[0], ("4", *rows[0][1:]), ("5", "", *rows[2][2:])))
        assert [(0, "unconfirmed"), (5, "repeated"), (6, "required")] == [(one.row, one.code) for one in more]

        haimen.later(minutes=5)
        content = a_list(*rows)
        imported(haimen, "summary", content, is_confirmed=True)

        with haimen.node.store.read() as view:
            table = schema.entries
            found = view.connection.execute(select(table.c.content).where(table.c.kind == "ListTaken")).scalars().all()
        (taken,) = (decode_content(bytes(one)) for one in found)
        assert (haimen.now, CENTRE) == (taken.header.recorded_at, taken.header.actor.account)
        event = taken.event
        assert isinstance(event, ListTaken) and isinstance(event.reporter, SealedRef)
        assert ("summary", hashlib.sha256(content).hexdigest(), 3, True) == (
            event.list_kind, event.digest, event.count, event.is_confirmed,
        )  # fmt: skip


class TestEnterprises:
    """FJ23-1.2a: the whole register of a county in one file."""

    def rows(self, count: int, block: str = "") -> bytes:
        blocks = ("modern_agriculture", "ecological_industry", "trade_services", "unnamed_4", "unnamed_5", "unnamed_6", "unnamed_7")
        lines = ["企业名称,统一社会信用代码,板块"]
        lines += [f"奉节第{place}号企业,{a_code(FENGJIE, place)},{blocks[place % 7]}" for place in range(count)]
        if block:
            lines.append(f"奉节他类企业,{a_code(FENGJIE, count)},{block}")
        return "\n".join(lines).encode("gb18030")

    @pytest.mark.clause("FJ23-1.2a")
    @pytest.mark.parametrize("count", [70, pytest.param(8205, marks=pytest.mark.slow)])
    def test_every_row_becomes_a_file_of_its_block(self, tmp_path: Path, count: int) -> None:
        """A row with a block that nobody knows is named by its line, and the file is not taken; corrected, all of it is."""
        hands = a_county(tmp_path, pack="fengjie-2023", code=FENGJIE)

        refused = faults(hands, "enterprises", self.rows(count, "mining"), ".csv")
        report = imported(hands, "enterprises", self.rows(count), ".csv")
        again = imported(hands, "enterprises", self.rows(count), ".csv")

        assert [(count + 2, "板块", "value_unknown", "mining")] == [(one.row, one.column, one.code, one.value) for one in refused]
        assert (count, count, 0) == (report.imported, again.known, again.entries)
        with hands.node.store.read() as view:
            by_block = enterprises.by_block(view)
        assert (7, count) == (len(by_block), sum(by_block.values()))


@pytest.mark.clause("FJ25-3.6e")
def test_the_ledger_shows_what_the_tickets_are_now(tmp_path: Path) -> None:
    """FJ25-3.6e: dispatched, then completed: its sheet and its row say so at the next read; three tickets are three data rows."""
    hands = a_county(tmp_path)
    tickets = [dispatched(hands), dispatched(hands), completed(hands)]
    actor = Actor(CENTRE, "office", f"{COUNTY}-centre")

    def rows() -> list[ledger.LedgerLine]:
        with hands.node.store.read() as view:
            called = queries.names(view)
        return hands.node.writer.command(lambda work: ledger.ledger(work, ledger.Wanted(), actor, called, hands.now))

    assert [(tickets[0], "dispatched"), (tickets[1], "dispatched"), (tickets[2], "completed")] == [
        (one.ticket, one.state) for one in rows()
    ]
    hands.act("department", Sign(), tickets[0], "housing")
    hands.act("department", a_completion(hands), tickets[0], "housing")

    line = rows()[0]
    with hands.node.store.read() as view:
        page = ticket_view.ticket_page(view, tickets[0], hands.node.policies.bare(view).calendar, hands.now)
    assert ("completed", True, "solved") == (line.state, line.is_in_time, line.standard)
    assert line.state == page.ticket.state.value
    file = tmp_path / "ledger.xlsx"
    write_ledger(Session(PARTS, hands.node.data_dir, "zh-CN", as_json=True, account=CENTRE), to_file=file)
    page_rows = list(load_workbook(file).active.iter_rows(min_row=4, values_only=True))
    assert tickets == [row[0] for row in page_rows]
    assert [word("state", one.state) for one in rows()] == [row[16] for row in page_rows]


class TestLegacy:
    """USERS B15: what was open before the node began keeps its dates and says nothing of the mechanism."""

    LIST = "原编号,收到时间,受理渠道,诉求内容,联系人,联系电话\nOLD-7,2025-11-03 09:30,window,欠付工程款,周某,13800000000\n".encode()

    def test_it_has_its_real_dates_and_its_mark_and_counts_in_no_rate_and_no_frame(self, tmp_path: Path) -> None:
        """It is handled as any other; figures and the frame of a sample are as if it were not there."""
        hands = a_county(tmp_path)
        (ticket,) = imported(hands, "legacy", self.LIST, ".csv").tickets
        self.complete(hands, ticket)
        own = completed(hands)

        found = the(hands, ticket)
        assert (True, beijing("2025-11-03 09:30"), "completed") == (found.details.is_legacy, found.intake.received_at, found.state.value)
        with hands.node.store.read() as view:
            counts = figures.counts(view, hands.now)
            span = record.Span(record.Place(1, 0), record.Place(1, 10_000))
            frame = [entry.key for entry in frame_of(view, COUNTY, span)]
        assert (1, 1, 1, 1) == (counts.tickets, counts.completed, counts.on_time, counts.legacy)
        assert [f"{own}#1"] == frame

    def test_the_same_list_again_is_nothing(self, tmp_path: Path) -> None:
        """By channel and former number."""
        hands = a_county(tmp_path)

        assert [1, 0] == [imported(hands, "legacy", self.LIST, ".csv").imported for _ in range(2)]

    def test_what_was_received_since_the_node_began_is_no_old_need(self, tmp_path: Path) -> None:
        """Nobody takes a late ticket out of the rates by calling it old."""
        hands = a_county(tmp_path)
        hands.later(days=1)
        received = hands.now - timedelta(hours=1)
        given: dict[str, Any] = {"appeal": Text("x"), "phone": Contact("13800000000"), "external_number": "N-1", "received_at": received}

        with refuses(Code.NOT_LEGACY):
            hands.act("office", RegisterLegacy("window", **given))
        with refuses(Code.PERMISSION_DENIED):
            hands.act("department", RegisterLegacy("window", **given), "", "housing")

    def complete(self, hands: Hands, ticket: str) -> None:
        """Through its life."""
        hands.act("office", Form("coordination", "plain", PASSED), ticket)
        hands.act("office", Dispatch(HOUSING), ticket)
        hands.act("department", Sign(), ticket, "housing")
        hands.act("department", a_completion(hands), ticket, "housing")


def test_an_offline_ledger_keeps_what_stands_on_the_paper(tmp_path: Path) -> None:
    """AS25-4.1d: serial, unit and time of receipt; the same paper twice is one need, another day's serial 1 is another."""
    hands = a_county(tmp_path)
    text = "序号,首接单位,接收时间,联系人,联系电话,诉求内容,职责研判\n1,housing,2026-02-12 15:00,吴某,13800000000,{},foreign\n"
    first = imported(hands, "offline", text.format("围墙倒塌").encode(), ".csv")
    again = imported(hands, "offline", text.format("围墙倒塌").encode(), ".csv")
    other = imported(hands, "offline", text.format("路灯不亮").replace("02-12", "02-13").replace("15:00", "09:00").encode(), ".csv")

    assert [1, 0, 1] == [one.imported for one in (first, again, other)]
    ticket = the(hands, first.tickets[0])
    assert (f"{COUNTY}-housing", "foreign", beijing("2026-02-12 15:00")) == (
        ticket.intake.first_contact, ticket.intake.judgement, ticket.intake.received_at,
    )  # fmt: skip
