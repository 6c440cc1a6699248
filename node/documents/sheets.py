"""Lists as xlsx: the summary list of annex 2 (海门), and the ledger (台账) with its fixed columns, per unit and period."""

import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

# What the name of a sheet must not have, and how long it may be.
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\]")
name_characters_max = 31
_TOP, _BOLD = Alignment(wrap_text=True, vertical="top"), Font(bold=True)

# Annex 2, in this order (HM20-A2.2).
SUMMARY_COLUMNS = ("编号", "企业名称", "存在问题", "问题来源", "企业联系人", "联系电话")
LEDGER_COLUMNS = (
    "登记号", "工单编号", "企业名称", "来源", "登记时间", "类别", "难易", "主办单位", "协办单位", "签收时间", "办理期限",
    "办结时间", "是否按期", "办结标准", "满意度", "回访结果", "当前状态", "当前责任方",
)  # fmt: skip


@dataclass(frozen=True)
class Sheet:
    """A list: title, lines above the columns, columns, rows, lines below."""

    title: str
    above: tuple[str, ...]
    columns: tuple[str, ...]
    rows: Iterable[tuple[str, ...]]
    below: tuple[str, ...] = ()


def to_xlsx(sheet: Sheet) -> bytes:
    """
    The list as a workbook of one sheet; every cell is text, so that no number loses its zeros.  Rows are asked for as they are written,
    and none is held as cells.
    """
    book = Workbook(write_only=True)
    page = book.create_sheet(_NOT_IN_NAMES.sub(" ", sheet.title)[:name_characters_max])
    head = 2 + len(sheet.above)
    for column, name in enumerate(sheet.columns, 1):
        page.column_dimensions[get_column_letter(column)].width = 40 if name in ("存在问题",) else max(14, 2 * len(name) + 2)
    page.freeze_panes = f"A{head + 1}"
    lines = chain([(sheet.title,)], ((line,) for line in sheet.above), [sheet.columns], sheet.rows, ((line,) for line in sheet.below))
    for place, line in enumerate(lines, 1):
        page.append([_cell(page, value, is_bold=place in (1, head)) for value in line])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _cell(page: Any, value: str, *, is_bold: bool) -> WriteOnlyCell:
    cell = WriteOnlyCell(page, ILLEGAL_CHARACTERS_RE.sub("", _safe(value)))
    cell.number_format, cell.alignment = "@", _TOP
    if is_bold:
        cell.font = _BOLD
    return cell


def _safe(value: str) -> str:
    """Nothing that a caller wrote is a formula when somebody opens the list."""
    return f"'{value}" if value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def summary(unit: str, reporter: str, phone: str, office: str, foot: str, rows: Sequence[tuple[str, ...]]) -> Sheet:
    """Annex 2: who reports stands above the columns (HM20-A2.1)."""
    above = (f"填表单位：{unit}  填报人：{reporter}  联系电话：{phone}",)
    below = (f"备注：请确保问题汇总清单内容信息准确无误。{foot}",)
    return Sheet(f"{office} 企业问题诉求汇总清单", above, SUMMARY_COLUMNS, tuple(rows), below)


def ledger(unit: str, period: str, rows: Sequence[tuple[str, ...]]) -> Sheet:
    """The ledger of one unit, or of the whole node, for one period."""
    return Sheet("企业诉求办理台账", (f"单位：{unit}  期间：{period}",), LEDGER_COLUMNS, tuple(rows))
