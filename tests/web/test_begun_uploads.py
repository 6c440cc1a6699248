"""A large file over a bad line: sent in pieces over real HTTP, cut in the middle, carried on, filed once."""

import hashlib
import http.client
import socket
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Route

from node.domain.refusal import Code, Refusal
from node.services import uploads
from node.services.begun_uploads import BegunUploads, Piece, begun_at_once_max, begun_hours_max
from node.storage.blobs import Blobs
from node.texts.catalogue import explain
from node.web.app import create_app
from tests.clauses.given import handled
from tests.federation.levels import WALL, until
from tests.support.node import Hands, make_node
from tests.web.browser import SitDown, serving
from tests.web.support import at_desk, csrf

FILM = b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2" + bytes(range(256)) * 12_000
NAME = "现场视频.mp4"


@dataclass
class Line:
    """A connection to the pages as one account; each call is one of its own, as after a cut."""

    port: int
    cookie: str
    sent: dict[str, str] = field(default_factory=dict)

    def call(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> http.client.HTTPResponse:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        line.request(method, path, body, self._headers(headers or {}))
        answer = line.getresponse()
        answer.read()
        return answer

    def cut(self, path: str, offset: int, body: bytes, at: int) -> None:
        """Promise the whole of *body*, send *at* bytes of it, and be gone once they have come: what is still on its way may be lost."""
        headers = self._headers({"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"})
        said = "".join(f"{name}: {value}\r\n" for name, value in (headers | {"Host": "x", "Content-Length": str(len(body))}).items())
        with socket.create_connection(("127.0.0.1", self.port)) as line:
            line.sendall(f"PATCH {path} HTTP/1.1\r\n{said}\r\n".encode() + body[:at])
            until(lambda: self.offset(path) == offset + at)

    def goes_on(self, path: str, offset: int, body: bytes) -> http.client.HTTPResponse:
        """As the page does: once more while a piece that was cut counts as on its way, which the server notices in its own time."""
        headers, answers = {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}, []

        def is_taken() -> bool:
            answers.append(self.call("PATCH", path, body, headers))
            return answers[-1].status != 429

        until(is_taken)
        return answers[-1]

    def begin(self, ticket: str, size: int) -> http.client.HTTPResponse:
        name = b64encode(NAME.encode()).decode()
        return self.call(
            "POST", f"/tickets/{ticket}/attach/parts", b"", {"Upload-Length": str(size), "Upload-Metadata": f"filename {name}"}
        )

    def offset(self, path: str) -> int:
        return int(self.call("HEAD", path).headers["Upload-Offset"])

    def _headers(self, more: dict[str, str]) -> dict[str, str]:
        return {"Cookie": f"qyzj={self.cookie}", "X-CSRF-Token": csrf, "Tus-Resumable": "1.0.0", **more}


@pytest.fixture(scope="module")
def hands(tmp_path_factory: pytest.TempPathFactory) -> Hands:
    hands = make_node(tmp_path_factory.mktemp("pieces") / "node")
    hands.staff("housing", "water")
    return hands


@pytest.fixture
def ticket(hands: Hands) -> str:
    return handled(hands)


@pytest.fixture
def line(hands: Hands) -> Iterator[Line]:
    with serving(create_app(hands.node)) as address:
        yield Line(int(address.rpartition(":")[2]), at_desk(hands, "d-housing").cookies["qyzj"])


def evidence(hands: Hands, ticket: str) -> list[str]:
    with hands.node.store.read() as view:
        found = view.readings.ticket(ticket)
    assert found is not None and found.round is not None
    return list(found.round.evidence)


class TestOverHttp:
    def test_it_goes_on_where_it_was_cut_and_is_filed_once(self, hands: Hands, ticket: str, line: Line) -> None:
        """What came before the cut is not sent again; the digest of the whole is that of the file; the same form twice files once."""
        begun = line.begin(ticket, len(FILM))
        place = begun.headers["Location"]
        line.cut(place, 0, FILM, 1_000_000)
        assert 1_000_000 == line.offset(place)
        went_on = line.goes_on(place, 1_000_000, FILM[1_000_000:])
        form = f"csrf={csrf}&kind=evidence&upload={place.rpartition('/')[2]}&command_id=01985f2e-0000-7000-8000-00000000bbbb"
        filed = [
            line.call("POST", f"/tickets/{ticket}/attach", form.encode(), {"Content-Type": "application/x-www-form-urlencoded"}).status
            for _ in range(2)
        ]

        assert (201, 204, str(len(FILM))) == (begun.status, went_on.status, went_on.headers["Upload-Offset"])
        assert ([303, 303], [hashlib.sha256(FILM).hexdigest()]) == (filed, evidence(hands, ticket))
        assert FILM == hands.node.blobs.get(evidence(hands, ticket)[0])
        assert [] == list((hands.node.data_dir / "uploads").glob("*.part"))

    def test_a_piece_that_does_not_follow_changes_nothing(self, ticket: str, line: Line) -> None:
        """One that came twice, or too early: it is told where to go on."""
        place = line.begin(ticket, len(FILM)).headers["Location"]
        line.goes_on(place, 0, FILM[:1000])

        assert [409, 409] == [line.goes_on(place, offset, FILM[offset:2000]).status for offset in (0, 1500)]
        assert 1000 == line.offset(place)
        line.call("DELETE", place)

    def test_more_than_was_said_is_refused(self, ticket: str, line: Line) -> None:
        place = line.begin(ticket, 1000).headers["Location"]

        assert 422 == line.goes_on(place, 0, FILM[:2000]).status
        assert 0 == line.offset(place)
        assert (204, 404) == (line.call("DELETE", place).status, line.call("HEAD", place).status)

    def test_half_a_file_is_not_filed(self, hands: Hands, ticket: str, line: Line) -> None:
        place = line.begin(ticket, len(FILM)).headers["Location"]
        line.goes_on(place, 0, FILM[:1000])
        form = f"csrf={csrf}&kind=evidence&upload={place.rpartition('/')[2]}".encode()

        answer = line.call("POST", f"/tickets/{ticket}/attach", form, {"Content-Type": "application/x-www-form-urlencoded"})

        assert (409, []) == (answer.status, evidence(hands, ticket))
        line.call("DELETE", place)

    @pytest.mark.parametrize("size", [0, uploads.upload_bytes_max + 1])
    def test_a_size_that_is_not_taken_makes_no_room(self, ticket: str, line: Line, size: int) -> None:
        assert 422 == line.begin(ticket, size).status

    @pytest.mark.parametrize("length", [pytest.param("9" * 5000, id="9...9"), "-1", "1e3", "９"])
    def test_a_length_that_is_no_number_is_refused_in_words(self, hands: Hands, ticket: str, length: str) -> None:
        """Python reads no number of thousands of digits: that is a mistake of whoever sent it, not of the program."""
        answer = at_desk(hands, "d-housing").post(
            f"/tickets/{ticket}/attach/parts", headers={"Upload-Length": length.encode(), "Accept": "application/problem+json"}
        )

        assert (422, *explain(Refusal(Code.MALFORMED_COMMAND, field="Upload-Length"))) == (
            answer.status_code, answer.json()["title"], answer.json()["detail"],
        )  # fmt: skip

    def test_an_offset_that_is_no_number_is_answered_with_where_it_stands(self, ticket: str, line: Line) -> None:
        place = line.begin(ticket, len(FILM)).headers["Location"]

        assert [409, 409] == [
            line.call("PATCH", place, b"", {"Upload-Offset": offset, "Content-Type": "application/offset+octet-stream"}).status
            for offset in ("9" * 5000, "x")
        ]
        line.call("DELETE", place)

    def test_nobody_else_goes_on_with_it(self, hands: Hands, ticket: str, line: Line) -> None:
        """Neither another account that may read the ticket, nor the same one by another ticket."""
        place = line.begin(ticket, 1000).headers["Location"]
        office: TestClient = at_desk(hands, "centre")
        by_header = {"upload-offset": "0", "content-type": "application/offset+octet-stream"}
        theirs = [
            office.head(place).status_code,
            office.patch(place, content=FILM[:1000], headers=by_header).status_code,
            office.delete(place).status_code,
            office.post(f"/tickets/{ticket}/attach", data={"csrf": csrf, "upload": place.rpartition("/")[2]}).status_code,
        ]

        assert ([404] * 4, 0) == (theirs, line.offset(place))
        line.call("DELETE", place)


class TestKeeping:
    """The files on the disk."""

    @pytest.fixture
    def begun(self, tmp_path: Path) -> BegunUploads:
        return BegunUploads(tmp_path)

    def test_it_is_thrown_away_a_day_after_it_was_begun(self, begun: BegunUploads, tmp_path: Path) -> None:
        one = begun.begin("li", "1", NAME, 1000, WALL)
        day = timedelta(hours=begun_hours_max)

        assert [0, 1] == [begun.expire(WALL + day - timedelta(seconds=1)), begun.expire(WALL + day)]
        assert [] == list((tmp_path / "uploads").iterdir())
        with pytest.raises(Refusal) as caught:
            begun.find(one.id, "li", "1")
        assert Code.UPLOAD_UNKNOWN is caught.value.code

    def test_an_account_begins_only_so_many_at_once(self, begun: BegunUploads) -> None:
        """Those of others, and those that are a day old, do not count."""
        for _ in range(begun_at_once_max):
            begun.begin("li", "1", NAME, 1000, WALL)
        with pytest.raises(Refusal) as caught:
            begun.begin("li", "2", NAME, 1000, WALL)

        assert Code.UPLOADS_MANY is caught.value.code
        assert begun.begin("zhao", "1", NAME, 1000, WALL) and begun.begin("li", "1", NAME, 1000, WALL + timedelta(days=1))

    def test_two_pieces_are_not_written_at_once(self, begun: BegunUploads) -> None:
        """A cut that the server has not noticed yet, and the line that came after it."""
        one = begun.begin("li", "1", NAME, 1000, WALL)
        first = begun.piece(one, 0)
        first.take(b"abc")
        with pytest.raises(Refusal) as caught:
            begun.piece(one, 0)
        first.close()
        second: Piece = begun.piece(one, 3)
        second.close()

        assert (Code.BUSY, 3) == (caught.value.code, begun.offset(one))

    def test_what_it_is_is_asked_of_the_whole_and_the_refused_is_thrown_away(self, begun: BegunUploads, tmp_path: Path) -> None:
        """A program does not come in by pieces, either."""
        content = b"MZ" + bytes(998)
        one = begun.begin("li", "1", "现场.mp4", len(content), WALL)
        piece = begun.piece(one, 0)
        piece.take(content)
        piece.close()
        with pytest.raises(Refusal) as caught:
            begun.finish(one, Blobs(tmp_path / "blobs"))

        assert (Code.FILE_TYPE, []) == (caught.value.code, list((tmp_path / "uploads").iterdir()))

    @pytest.mark.parametrize("id", ["", "..", "../blobs/x", "0" * 31, "G" * 32])
    def test_an_id_is_no_path(self, begun: BegunUploads, id: str) -> None:
        with pytest.raises(Refusal) as caught:
            begun.find(id, "li", "1")

        assert Code.UPLOAD_UNKNOWN is caught.value.code


class TestInTheBrowser:
    def test_it_goes_on_by_itself_after_a_cut_and_where_it_stood_after_the_page_was_closed(
        self, hands: Hands, ticket: str, sit_down: SitDown, tmp_path: Path
    ) -> None:
        """The third piece is cut, and comes when the line is back; the fifth is cut, and comes when the same file is chosen again."""
        page, pieces, cut_from = sit_down(hands, "d-housing"), list[int](), [1_048_576]

        def on_piece(route: Route) -> None:
            offset = int(route.request.headers.get("upload-offset", "-1"))
            if offset >= cut_from[0]:
                route.abort()
                return
            pieces.extend([offset] if offset >= 0 else [])
            route.continue_()

        def send() -> None:
            page.goto(f"/tickets/{ticket}/attach")
            page.set_input_files("#file", tmp_path / NAME)
            page.click("form[data-parts] button")

        (tmp_path / NAME).write_bytes(FILM)
        page.route("**/attach/parts/*", on_piece)
        send()
        page.wait_for_selector(".going span:text-is('网络中断，已传34%，恢复后自动接着传')")
        cut_from[0] = 2_097_152
        page.wait_for_selector(".going span:text-is('网络中断，已传68%，恢复后自动接着传')")
        page.goto("about:blank")
        cut_from[0] = len(FILM)
        send()
        page.wait_for_url(f"**/tickets/{ticket}")

        assert list(range(0, len(FILM), 524_288)) == pieces, "nothing was sent twice"
        assert [hashlib.sha256(FILM).hexdigest()] == evidence(hands, ticket)
