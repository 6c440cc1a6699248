"""Papers: issued once, kept as they were, printed as HTML and docx from one layout."""

import io
import re
from pathlib import Path

import pytest
from docx import Document

from node.documents.layout import Layout, Row, from_json, to_json
from node.documents.papers import layout_of
from node.documents.render import to_docx, to_html
from node.documents.stamp import Stamp
from node.domain import paper as p
from node.domain.entry import Subject
from node.domain.order.issuing import IssueOrder
from node.domain.order.record import WRITTEN
from node.domain.payload import Contact, Text
from node.domain.refusal import Code
from node.domain.ticket.handling import AddEvidence
from node.storage.dossier_readings import dossier_of
from tests.clauses.given import HOUSING, a_completion, a_county, a_revisit, completed, dispatched, handled, refuses, registered
from tests.support.node import Hands

# 海门's annex 1, label by label (HM20-A1).
ANNEX_1 = (
    "企业问题诉求部门交办单", "事项编号", "交办日期", "企业名称", "企业地址", "反映时间", "问题来源", "企业联系人", "联系电话", "企业反映",
    "主要问题", "可另附页", "主办部门", "办理情况", "求助企业", "回访情况", "对部门服务是否满意", "反映的问题是否解决",
    "其他说明", "回访日期", "备注",
)  # fmt: skip
STAMP = Stamp("HM〔2026〕1号", "办公室", "服务中心（代章）", "0123456789abcdef", "HM 1")


def built(hands: Hands, paper: str, ticket: str) -> Layout:
    """The layout of a paper as it would be issued now."""
    from node.documents.matter import matter_of

    with hands.node.store.read() as view:
        whole = view.readings.ticket(ticket)
        assert whole is not None
        return layout_of(paper, matter_of(view, whole), hands.node.policies.for_ticket(view, whole, hands.now), hands.now)


def issued(hands: Hands, paper: str, ticket: str, role: str = "office", unit: str = "") -> p.Paper:
    """A paper that was issued."""
    return the_paper(hands, hands.act(role, p.IssuePaper(paper, ticket=ticket), unit=unit).subject.id)


def the_paper(hands: Hands, paper: str) -> p.Paper:
    with hands.node.store.read() as view:
        found = dossier_of(view.journal, Subject("paper", paper))
    assert isinstance(found, p.Paper)
    return found


def words_of(html: str) -> str:
    """What a page says, without its marks."""
    return re.sub(r"<[^>]+>|\s+", "", html)


@pytest.mark.clause("HM20-3.2b")
@pytest.mark.clause("HM20-A1.1")
def test_the_assignment_form_has_every_label_and_the_tickets_own_facts(tmp_path: Path):
    """HM20-3.2b, A1.1: number, date of assignment as 年 月 日, enterprise, source and problem; the same in docx."""
    county = a_county(tmp_path)
    ticket = dispatched(county, appeal=Text("厂区经常停水"), name=Contact("某某食品厂"))
    layout = built(county, p.ASSIGNMENT, ticket)
    with county.node.store.read() as view:
        number = view.readings.ticket(ticket).number  # type: ignore[union-attr]
    html = words_of(to_html(layout, STAMP))
    docx = Document(io.BytesIO(to_docx(layout, STAMP)))
    in_docx = "".join([*(one.text for one in docx.paragraphs), *(cell.text for row in docx.tables[0].rows for cell in row.cells)])
    for label in (*ANNEX_1, number, "2026年2月13日", "某某食品厂", "政务服务大厅窗口", "厂区经常停水"):
        assert label in html
        assert label in in_docx.replace("\n", "").replace(" ", "") or label in in_docx


@pytest.mark.clause("HM20-A1.5")
def test_a_long_problem_is_printed_whole_with_its_attachments(tmp_path: Path):
    """HM20-A1.5: 5,000 characters and two attachments."""
    county = a_county(tmp_path)
    problem = "".join(f"第{number}条困难。" for number in range(900))[:5000]
    ticket = handled(county, appeal=Text(problem))
    for name in ("现场照片.jpg", "合同.pdf"):
        digest = county.node.blobs.put(name.encode())
        county.act("department", AddEvidence(digest, Text(name)), ticket, "housing")
    html = words_of(to_html(built(county, p.ASSIGNMENT, ticket), STAMP))
    assert (5000, True) == (len(problem), problem in html)
    assert "附件：现场照片.jpg、合同.pdf" in html


def test_a_stored_form_keeps_the_telephone_that_the_office_had(tmp_path: Path):
    """HM20-A1.10: the three values at the end; a new form shows the new number, the old one is unchanged."""
    rules = (
        '[office]\naddress = {{ value = "行政中心1231室", clause = "HM20-A1.10" }}\n'
        'phone = {{ value = "{phone}", clause = "HM20-A1.10" }}\nemail = {{ value = "hmmfb@126.com", clause = "HM20-A1.10" }}\n'
    )
    old = a_county(tmp_path / "old", rules=rules.format(phone="82111701"))
    ticket = dispatched(old)
    first = issued(old, p.ASSIGNMENT, ticket)
    text = kept(old, first)
    assert all(value in text.foot for value in ("行政中心1231室", "82111701", "hmmfb@126.com"))

    new = a_county(tmp_path / "new", rules=rules.format(phone="82119999"))
    assert "82119999" in kept(new, issued(new, p.ASSIGNMENT, dispatched(new))).foot
    assert text == kept(old, the_paper(old, first.id))


def kept(hands: Hands, paper: p.Paper) -> Layout:
    """What an issued paper says."""
    with hands.node.store.read() as view:
        return from_json(view.payloads.open(paper.subject, paper.content))  # type: ignore[arg-type]


def test_the_joint_office_issues_and_the_service_centre_seals(tmp_path: Path):
    """AS25-1.3c: two lines, from two rules of the pack."""
    county = a_county(tmp_path, code="520400", pack="anshun-2025")
    paper = issued(county, p.RECEIPT, registered(county))
    assert ("安顺市“企业之家”联合服务工作机制办公室", "安顺市人民政府政务服务中心（代章）") == (paper.issuer, paper.seal)
    html = to_html(kept(county, paper), Stamp(paper.number, paper.issuer, paper.seal, "0" * 16, paper.id))
    assert f"{paper.issuer}\n{paper.seal}" in html


def test_papers_of_a_node_have_one_series_of_numbers(tmp_path: Path):
    """DESIGN: numbers are consecutive in the year; a withdrawn paper keeps its own and is printed as void."""
    county = a_county(tmp_path)
    first, second = (issued(county, p.RECEIPT, registered(county)) for _ in range(2))
    assert ("XX〔2026〕1号", "XX〔2026〕2号") == (first.number, second.number)
    county.act("office", p.WithdrawPaper(Text("填错")), second.id)
    assert ("withdrawn", "XX〔2026〕3号") == (the_paper(county, second.id).state, issued(county, p.RECEIPT, registered(county)).number)


@pytest.mark.parametrize("paper", [p.SUPPLEMENT, p.REFUSAL, p.EXPLANATION, p.STATUTORY_PATH, p.REPORT, p.REVISIT])
def test_no_paper_says_what_has_not_happened(tmp_path: Path, paper: str):
    """AS25-2.4c and its like: without the step there is no ground for the paper."""
    county = a_county(tmp_path)
    ticket = dispatched(county)
    with refuses(Code.PAPER_WITHOUT_GROUND, ticket=ticket, paper=paper):
        county.act("office", p.IssuePaper(paper, ticket=ticket))


def test_a_letter_of_supervision_is_made_of_its_order(tmp_path: Path):
    """It says what the order demands; without an order, or from a department, there is none."""
    county = a_county(tmp_path)
    ticket = handled(county)
    order = IssueOrder("urge", "overdue", "system", tickets=(ticket,), unit=HOUSING, demand=Text("三日内书面说明"))
    number = county.act("office", order).subject.id
    made = county.act("office", p.IssuePaper(p.SUPERVISION, order=number)).subject.id
    assert ("督办函", True) == ((said := kept(county, the_paper(county, made))).title, "三日内书面说明" in said.paragraphs)
    for named, code in (({"order": "O520402-2026-0009"}, Code.SUBJECT_UNKNOWN), ({"ticket": ticket}, Code.FIELD_REQUIRED)):
        with refuses(code):
            county.act("office", p.IssuePaper(p.SUPERVISION, **named))
    with refuses(Code.FIELD_REQUIRED, field="ticket"):
        county.act("office", p.IssuePaper(p.RECEIPT, order=number))
    with refuses(Code.PERMISSION_DENIED, command="IssuePaper"):
        county.act("department", p.IssuePaper(p.SUPERVISION, order=number), unit="housing")


@pytest.mark.parametrize(
    ("role", "may"),
    [
        *(("office", True), ("supervision", True), ("government", True), ("steward", True)),
        *(("member", False), ("specialist", False), ("window_clerk", False), ("department_leader", False)),
    ],
)
def test_a_letter_of_supervision_is_issued_by_who_supervises(tmp_path: Path, role: str, may: bool):
    """AS25-4.6.1, DESIGN 10: it goes out in the joint office's name, and says what the order demands; no desk that takes needs in does."""
    county = a_county(tmp_path)
    ticket = handled(county)
    command = IssueOrder("supervise", "overdue", WRITTEN, tickets=(ticket,), demand=Text("请于本周内办结"))
    number = county.act("office", command).subject.id

    def letter() -> None:
        county.act(role, p.IssuePaper(p.SUPERVISION, order=number))

    if may:
        letter()
    else:
        with refuses(Code.PERMISSION_DENIED, command="IssuePaper"):
            letter()


@pytest.mark.parametrize("said", ["not json", "{}", "[1]", '{"title":"x","rows":["x"]}', '{"title":"x","rows":[{"label":1,"no":2}]}'])
def test_what_was_issued_as_no_layout_is_shown_as_it_stands(said: str):
    """An earlier release sealed whatever another system sent; its page must open, or nobody could withdraw it."""
    assert Layout("", paragraphs=(said,)) == from_json(said)


def test_a_department_issues_only_what_is_its_own(tmp_path: Path):
    """DESIGN 10: an explanation of its own ticket, never a receipt and never another's."""
    county = a_county(tmp_path)
    ticket = handled(county)
    county.act(
        "department", a_completion(county, standard="explained", sub_code="partly", explanation=Text("分两步实施")), ticket, "housing"
    )
    assert p.EXPLANATION == issued(county, p.EXPLANATION, ticket, "department", HOUSING).paper
    for paper, unit in ((p.EXPLANATION, "water"), (p.RECEIPT, "housing")):
        with refuses(Code.PERMISSION_DENIED, command="IssuePaper"):
            county.act("department", p.IssuePaper(paper, ticket=ticket), unit=unit)


def test_the_revisit_form_shows_what_the_office_heard(tmp_path: Path):
    """HM20-A1.8: ticks as filed."""
    county = a_county(tmp_path)
    ticket = completed(county)
    county.act("office", a_revisit(), ticket)
    html = words_of(to_html(built(county, p.REVISIT, ticket), STAMP))
    assert "满意（√）/不满意（）" in html


def test_nothing_that_somebody_wrote_is_markup():
    """A name with marks is printed as it was written."""
    layout = Layout("标题", to="甲<b>乙&丙", rows=(Row("内容", "<script>1</script>"),))
    html = to_html(layout, STAMP)
    assert ("<script>1" in html, "&lt;script&gt;1" in html, "甲&lt;b&gt;乙&amp;丙" in html) == (False, True, True)
    assert layout == from_json(to_json(layout))
