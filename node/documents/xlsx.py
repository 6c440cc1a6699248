"""
A workbook of one sheet (ISO/IEC 29500), written piece by piece: the first bytes leave before the last row is made, and no more than
some rows are held as cells.  Every cell is text.
"""

import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from xml.sax.saxutils import escape, quoteattr

rows_a_piece = 200
# What XML 1.0 cannot hold, and what the name of a sheet must not.
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\]")
name_characters_max = 31
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_SHEET = "xl/worksheets/sheet1.xml"
_PLAIN, _BOLD = 1, 2
_TEXT_CELL = 'numFmtId="49" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyAlignment="1"'
_TOP = '<alignment vertical="top" wrapText="1"/></xf>'
_FIXED = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
    f'<Override PartName="/{_SHEET}" ContentType="{_KIND}.worksheet+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_KIND}.styles+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
    "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>'
    "<borders count=\"1\"><border><left/><right/><top/><bottom/><diagonal/></border></borders>"
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    f'<xf fontId="0" {_TEXT_CELL}>{_TOP}<xf fontId="1" {_TEXT_CELL}>{_TOP}</cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
}  # fmt: skip


class _Sink:
    """Where the archive is written to: it is taken away as it comes, and nobody goes back in it."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing waits."""

    def taken(self) -> bytes:
        """What was written since the last time."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def written(name: str, lines: Iterable[Sequence[str]], *, bold: frozenset[int], frozen: int, widths: Sequence[int]) -> Iterator[bytes]:
    """
    The workbook whose one sheet is called *name*, in pieces.

    Args:
        lines: the rows from the top, each the texts of its cells from the left.
        bold: numbers of the rows in bold, 1 is the first.
        frozen: so many rows stay in sight.
        widths: of the columns, in characters.
    """
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[call-overload]  # writes only
        for path, content in {**_FIXED, "xl/workbook.xml": _book(name)}.items():
            archive.writestr(_entry(path), _HEAD + content)
        with archive.open(_entry(_SHEET), "w", force_zip64=True) as sheet:
            sheet.write((_HEAD + _above(frozen, widths)).encode())
            piece: list[str] = []
            for number, line in enumerate(lines, 1):
                piece.append(_row(number, line, _BOLD if number in bold else _PLAIN))
                if len(piece) == rows_a_piece:
                    sheet.write("".join(piece).encode())
                    piece.clear()
                    yield sink.taken()
            sheet.write(("".join(piece) + "</sheetData></worksheet>").encode())
    yield sink.taken()


def _entry(path: str) -> zipfile.ZipInfo:
    """Without the time of day: the same list gives the same bytes."""
    info = zipfile.ZipInfo(path)
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def _book(name: str) -> str:
    plain = _NOT_IN_NAMES.sub(" ", _NOT_IN_XML.sub("", name))[:name_characters_max] or "1"
    sheets = f'<sheets><sheet name={quoteattr(plain)} sheetId="1" r:id="rId1"/></sheets>'
    return f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">{sheets}</workbook>'


def _above(frozen: int, widths: Sequence[int]) -> str:
    pane = f'<pane ySplit="{frozen}" topLeftCell="A{frozen + 1}" activePane="bottomLeft" state="frozen"/>'
    columns = "".join(f'<col min="{place}" max="{place}" width="{width}" customWidth="1"/>' for place, width in enumerate(widths, 1))
    views = f'<sheetViews><sheetView workbookViewId="0">{pane}</sheetView></sheetViews>'
    return f'<worksheet xmlns="{_MAIN}">{views}<cols>{columns}</cols><sheetData>'


def _row(number: int, line: Sequence[str], style: int) -> str:
    cells = "".join(
        f'<c r="{_column(place)}{number}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{_text(value)}</t></is></c>'
        for place, value in enumerate(line)
        if value
    )
    return f'<row r="{number}">{cells}</row>'


def _text(value: str) -> str:
    return escape(_NOT_IN_XML.sub("", value))


def _column(place: int) -> str:
    """0 is A, 26 is AA."""
    letters = ""
    while place >= 0:
        place, letter = divmod(place, 26)
        letters, place = chr(ord("A") + letter) + letters, place - 1
    return letters
