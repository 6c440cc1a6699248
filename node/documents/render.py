"""Printing a layout: HTML for the screen and the printer, docx for who must go on writing in it.  One model, no second content."""

import io
from functools import cache
from typing import Any

from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from node.documents.layout import Layout, Row
from node.documents.stamp import Stamp, qr_png, qr_svg

_FONT = "仿宋"
_LABEL_WIDTH, _FORM_WIDTH = Mm(24), Mm(166)


def to_html(layout: Layout, stamp: Stamp) -> str:
    """A whole page that needs nothing else; every word of people is escaped."""
    return _template().render(layout=layout, stamp=stamp, qr=Markup(qr_svg(stamp.link)))


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("node.documents", ""), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("paper.html")


def to_docx(layout: Layout, stamp: Stamp) -> bytes:
    """The same paper as a Word file."""
    document = Document()
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(22)
    style = document.styles["Normal"]
    style.font.name, style.font.size = _FONT, Pt(12)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), _FONT)
    writer = _Writer(document)
    if stamp.is_withdrawn:
        writer.line("本件已作废", WD_ALIGN_PARAGRAPH.CENTER)
    writer.line(stamp.number, WD_ALIGN_PARAGRAPH.RIGHT)
    writer.line(layout.title, WD_ALIGN_PARAGRAPH.CENTER, bold=True, size=18)
    if layout.head:
        writer.line("    ".join(f"{label}：{value}" for label, value in layout.head))
    if layout.to:
        writer.line(f"{layout.to}：")
    for text in filter(None, layout.paragraphs):
        writer.paragraph(text)
    if layout.rows:
        writer.form(layout.rows)
    if layout.attachments:
        writer.line(f"附件：{'、'.join(layout.attachments)}")
    for text in filter(None, layout.closing):
        writer.paragraph(text)
    writer.line(f"{stamp.seal_line}\n{layout.dated}", WD_ALIGN_PARAGRAPH.RIGHT)
    if layout.foot:
        writer.line(layout.foot, size=10)
    writer.line(f"核验码 {stamp.digest}", size=9)
    document.add_picture(qr_png(stamp.link), width=Mm(25))
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


class _Writer:
    def __init__(self, document: Any) -> None:
        self._document = document

    def line(self, text: str, align: WD_ALIGN_PARAGRAPH = WD_ALIGN_PARAGRAPH.LEFT, *, bold: bool = False, size: int = 12) -> None:
        paragraph = self._document.add_paragraph()
        paragraph.alignment = align
        run = paragraph.add_run(text)
        run.bold, run.font.size = bold, Pt(size)

    def paragraph(self, text: str) -> None:
        paragraph = self._document.add_paragraph(text)
        paragraph.paragraph_format.first_line_indent = Pt(24)

    def form(self, rows: tuple[Row, ...]) -> None:
        table = self._document.add_table(rows=0, cols=4)
        table.style = "Table Grid"
        for row in rows:
            cells = table.add_row().cells
            cells[0].text, cells[0].width = row.label, _LABEL_WIDTH
            if row.label_2:
                cells[1].text, cells[2].text, cells[3].text = row.value, row.label_2, row.value_2
            else:
                cells[1].merge(cells[3]).text = row.value
