"""Files of a ticket on the pages: what is taken, what is refused, who opens them, and one that has not come yet."""

import io
import struct
import zipfile
from pathlib import Path

import pytest

from node.domain.payload import Text
from node.domain.refusal import Code, Refusal
from node.domain.ticket.handling import AddEvidence
from node.services import uploads
from node.storage.blobs import Blobs
from node.web import files
from tests.clauses.given import handled
from tests.support.node import Hands, make_node
from tests.web.support import at_desk, csrf

PHOTO = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(4000)


def zipped(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as parts:
        for name in names:
            parts.writestr(name, "x")
    return file.getvalue()


def compound(*streams: str) -> bytes:
    """The head of an Office file of the old format, with names of streams."""
    return bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504) + b"".join(name.encode("utf-16-le") + bytes(8) for name in streams)


def compound_file(*streams: str, embedded: tuple[str, ...] = ()) -> bytes:
    """A compound file (MS-CFB) with empty streams at its top, and with those of an embedded object in a folder behind them."""
    none, end = 0xFFFFFFFF, 0xFFFFFFFE
    names = ["Root Entry", *streams, *(("ObjectPool", *embedded) if embedded else ())]
    folder = 1 + len(streams)
    entries = b""
    for number, name in enumerate(names):
        kind = 5 if number == 0 else 1 if embedded and number == folder else 2
        is_last = number in (0, len(names) - 1) or (embedded and number == folder)
        child = 1 if number == 0 else number + 1 if kind == 1 else none
        called = (name + "\0").encode("utf-16-le")
        entries += called.ljust(64, b"\0") + struct.pack("<HBBIII", len(called), kind, 1, none, none if is_last else number + 1, child)
        entries += bytes(36) + struct.pack("<IQ", end, 0)
    sectors = -(-len(entries) // 512)
    table = [0xFFFFFFFD, *range(2, sectors + 1), end]
    head = (
        bytes.fromhex("d0cf11e0a1b11ae1")
        + bytes(16)
        + struct.pack("<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, end, 0, end, 0)
    )
    head += struct.pack("<109I", 0, *[none] * 108)
    return head + struct.pack("<128I", *table, *[none] * (128 - len(table))) + entries.ljust(sectors * 512, b"\0")


OFFICE = "[Content_Types].xml"
TAKEN = [
    (".jpg", "IMG_1.JPG", PHOTO),
    (".png", "a.png", b"\x89PNG\r\n\x1a\n" + bytes(64)),
    (".heic", "IMG_1.HEIC", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64)),
    (".pdf", "a.pdf", b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%%EOF"),
    (".ofd", "a.ofd", zipped("OFD.xml", "Doc_0/Document.xml")),
    (".docx", "a.docx", zipped(OFFICE, "word/document.xml")),
    (".xlsx", "a.xlsx", zipped(OFFICE, "xl/workbook.xml")),
    (".doc", "a.doc", compound("WordDocument")),
    (".xls", "a.xls", compound("Workbook")),
    (".mp4", "a.mp4", b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2" + bytes(64)),
    (".jpg", "called_otherwise.pdf", PHOTO),
]
REFUSED = [
    (Code.FILE_TYPE, "a.pdf", b"MZ" + bytes(64)),
    (Code.FILE_TYPE, "a.jpg", b"<!doctype html><script>alert(1)</script>"),
    (Code.FILE_TYPE, "a.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>'),
    (Code.FILE_TYPE, "a.zip", zipped("a.txt")),
    (Code.FILE_TYPE, "a.docx", b"PK\x03\x04broken"),
    (Code.FILE_TYPE, "a.txt", "说明".encode()),
    (Code.FILE_ACTIVE, "a.docm", zipped(OFFICE, "word/document.xml", "word/vbaProject.bin")),
    (Code.FILE_ACTIVE, "a.xls", compound("Workbook", "_VBA_PROJECT")),
    (Code.FILE_ACTIVE, "a.pdf", b"%PDF-1.7\n<< /OpenAction << /S /JavaScript /JS (x) >> >>\n%%EOF"),
    (Code.FIELD_REQUIRED, "a.jpg", b""),
]


class TestKinds:
    """By the bytes, whatever the name says."""

    @pytest.mark.parametrize(("extension", "name", "content"), TAKEN)
    def test_what_is_taken(self, tmp_path: Path, extension: str, name: str, content: bytes) -> None:
        kept = uploads.keep(Blobs(tmp_path), content, f"C:\\fakepath\\{name}")

        assert (extension, name, len(content)) == (kept.extension, kept.name, kept.size)
        assert content == Blobs(tmp_path).get(kept.digest)

    @pytest.mark.parametrize(("code", "name", "content"), REFUSED)
    def test_what_is_refused_leaves_nothing(self, tmp_path: Path, code: Code, name: str, content: bytes) -> None:
        with pytest.raises(Refusal) as caught:
            uploads.keep(Blobs(tmp_path), content, name)

        assert code is caught.value.code
        assert [] == Blobs(tmp_path).names()

    @pytest.mark.parametrize(
        ("extension", "content"),
        [
            (".xls", compound_file("Workbook", "\x05SummaryInformation")),
            (".xls", compound_file("Book")),
            (".doc", compound_file("1Table", "Data", "CompObj", "WordDocument")),
            (".doc", compound_file("WordDocument", embedded=("Workbook",))),
            (".xls", compound_file("Workbook", embedded=("WordDocument",))),
        ],
        ids=["a table", "an old table", "a text", "a text with a table in it", "a table with a text in it"],
    )
    def test_an_old_office_file_stays_what_its_streams_say(self, tmp_path: Path, extension: str, content: bytes) -> None:
        """However it is called, when it comes and when it is given out."""
        blobs = Blobs(tmp_path)
        kept = [uploads.keep(blobs, content, name) for name in ("a.doc", "a.xls", "a")]
        stored = uploads.stored(blobs, kept[0].digest)

        assert {extension} == {one.extension for one in kept}
        assert stored is not None and stored.extension == extension
        assert uploads.ACCEPTED[extension] == uploads.media_type_of(content)
        assert files.as_download(content, "名单.xls").headers["content-disposition"].endswith(extension)

    @pytest.mark.parametrize("length", [8, 40, 100, 512, 700, 1024, 1100])
    def test_a_broken_one_is_taken_by_its_name_as_before(self, tmp_path: Path, length: int) -> None:
        """What its directory says cannot be read: nobody is refused for it, and nothing runs on for ever."""
        content = compound_file("Workbook")[:length]
        circle = bytearray(compound_file("Workbook"))
        circle[512 + 4 : 512 + 8] = struct.pack("<I", 1)
        circle[1024 + 128 + 68 : 1024 + 128 + 76] = struct.pack("<II", 1, 1)

        assert [".xls", ".doc"] == [uploads.look_at(content, name) for name in ("a.xls", "a.doc")]
        assert ".xls" == uploads.look_at(bytes(circle), "a.doc")

    def test_what_is_too_large_is_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(uploads, "upload_bytes_max", len(PHOTO) - 1)

        with pytest.raises(Refusal) as caught:
            uploads.keep(Blobs(tmp_path), PHOTO, "a.jpg")

        assert Code.BLOB_TOO_LARGE is caught.value.code


class TestPages:
    @pytest.fixture
    def hands(self, tmp_path: Path) -> Hands:
        hands = make_node(tmp_path / "node")
        hands.staff("housing", "water")
        return hands

    @pytest.fixture
    def ticket(self, hands: Hands) -> str:
        return handled(hands)

    def test_a_department_hands_in_a_photo_and_whoever_may_read_the_ticket_opens_it(self, hands: Hands, ticket: str) -> None:
        desk = at_desk(hands, "d-housing")
        shown = desk.get(f"/tickets/{ticket}/attach")
        sent = desk.post(f"/tickets/{ticket}/attach", data={"csrf": csrf, "kind": "evidence"}, files={"file": ("现场.jpg", PHOTO)})

        digest = Blobs(hands.node.data_dir / "blobs").put(PHOTO)
        got = at_desk(hands, "centre").get(f"/tickets/{ticket}/attachments/{digest}")
        assert (200, 303) == (shown.status_code, sent.status_code)
        assert (200, PHOTO, "image/jpeg") == (got.status_code, got.content, got.headers["content-type"])
        assert got.headers["content-disposition"].startswith("attachment;")
        assert "nosniff" == got.headers["x-content-type-options"]

    def test_a_form_that_is_sent_twice_files_once(self, hands: Hands, ticket: str) -> None:
        desk = at_desk(hands, "d-housing")
        body = {"csrf": csrf, "kind": "evidence", "command_id": "01985f2e-0000-7000-8000-00000000aaaa"}
        for _ in range(2):
            desk.post(f"/tickets/{ticket}/attach", data=body, files={"file": ("现场.jpg", PHOTO)})

        with hands.node.store.read() as view:
            found = view.readings.ticket(ticket)
        assert found is not None and found.round is not None
        assert 1 == len(found.round.evidence)

    def test_another_department_finds_nothing(self, hands: Hands, ticket: str) -> None:
        """By a number that it guessed: neither the form nor the file."""
        digest = hands.node.blobs.put(PHOTO)
        hands.act("department", AddEvidence(digest, Text("现场.jpg")), ticket, "housing", account="d-housing")
        stranger = at_desk(hands, "d-water")

        answers = [stranger.get(f"/tickets/{ticket}/{rest}") for rest in ("attach", f"attachments/{digest}")]

        assert {404} == {one.status_code for one in answers}

    def test_a_file_of_no_entry_is_not_given(self, hands: Hands, ticket: str) -> None:
        secret = hands.node.blobs.put(PHOTO + b"of another ticket")

        answer = at_desk(hands, "centre").get(f"/tickets/{ticket}/attachments/{secret}")

        assert 404 == answer.status_code and b"another" not in answer.content

    def test_a_file_that_is_not_here_says_so_and_the_ticket_goes_on(self, hands: Hands, ticket: str) -> None:
        digest = hands.node.blobs.put(PHOTO)
        hands.act("department", AddEvidence(digest, Text("现场.jpg")), ticket, "housing", account="d-housing")
        hands.node.blobs.discard(digest)

        answer = at_desk(hands, "centre").get(f"/tickets/{ticket}/attachments/{digest}")

        assert 404 == answer.status_code
        assert "文件尚未到本级" in answer.text
