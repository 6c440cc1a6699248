"""Files of letters on the pages: handed in with the form, listed with what they belong to, and given to whoever may read the letter."""

import re
from base64 import b64encode
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Route
from sqlalchemy import select

from node.domain.letter.sending import AskGuidance, PublishNotice, RaiseIssue
from node.domain.payload import Text
from node.domain.registry import OpenAccount
from node.services import letter_files, uploads
from node.storage import schema
from tests.federation.exchange import Tree
from tests.federation.levels import Place
from tests.federation.test_letter_files import exchange, go_round, has, name_of, wanted
from tests.support.node import Hands, make_node
from tests.web.browser import SitDown
from tests.web.support import at_desk, csrf
from tests.web.test_attachments import PHOTO

PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%%EOF" + bytes(300_000)
TITLE, BODY = "开展走访月活动", "请于周五前报告走访情况\n\n详见附件"
ID = "01985f2e-0000-7000-8000-00000000aaaa"


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


@pytest.fixture
def city(tmp_path: Path) -> Hands:
    """A node that has nobody above and one county below it in its register of nodes: enough to ask for guidance, or to raise an issue."""
    hands = make_node(tmp_path / "node")
    hands.staff("housing", "water")
    return hands


def office(place: Place | Hands) -> TestClient:
    return at_desk(place.hands if isinstance(place, Place) else place, "centre", "office")


def issue(client: TestClient, *files: tuple[str, bytes], **fields: str) -> Any:
    """The form of a platform issue, sent as a browser sends it; without a file its field comes empty."""
    typed = {"csrf": csrf, "topic": "process", "title": TITLE, "text": BODY, "command_id": ID, **fields}
    brought = [("evidence", one) for one in files] or [("evidence", ("", b""))]
    return client.post("/new/raise-issue", data=typed, files=brought)


def the_file(client: TestClient, letter: str, content: bytes) -> Any:
    return client.get(f"/boards/letters/{letter}/files/{name_of(content)}")


def only_letter(client: TestClient) -> str:
    """The letter that the board lists."""
    (found,) = set(re.findall(r'/boards/letters/([^/"]+)"', client.get("/boards/letters").text))
    return found


class TestForms:
    """The forms of letters take files, also without a script."""

    @pytest.mark.parametrize(
        ("role", "path"),
        [
            ("office", "/new/publish-notice"),
            ("office", "/new/ask-guidance"),
            ("office", "/new/raise-issue"),
            ("department", "/new/raise-issue"),
        ],
    )
    def test_a_letters_form_asks_for_files_and_says_which(self, tree: Tree, role: str, path: str) -> None:
        """Several at once, of the kinds that a ticket takes; the form is one that carries them."""
        account = "centre" if role == "office" else "d-housing"
        page = at_desk(tree.city.hands if "publish" in path else tree.county.hands, account, role).get(path).text

        field = re.search(r'<input [^>]*type="file"[^>]*>', page)
        assert field is not None and 'name="evidence" multiple' in field[0] and ".pdf" in field[0]
        assert 'enctype="multipart/form-data"' in page and "单个不超过50MB" in page

    def test_a_form_without_files_of_its_own_is_sent_as_before(self, tree: Tree) -> None:
        """Of an admission standard nothing is attached."""
        page = office(tree.city).get("/new/publish-standard").text

        assert "multipart" not in page and 'type="file"' not in page

    def test_several_files_are_kept_and_named_each_once(self, city: Hands) -> None:
        client = office(city)
        sent = issue(client, ("通知.pdf", PDF), ("现场.jpg", PHOTO), ("又一份.pdf", PDF))

        page = client.get(f"/boards/letters/{only_letter(client)}").text
        assert 303 == sent.status_code
        assert ["通知.pdf", "现场.jpg"] == re.findall(r'/files/[0-9a-f]{64}">([^<]+)</a>', page)
        assert "PDF，293 KB" in page and "JPG，4 KB" in page

    def test_a_form_sent_twice_is_one_letter(self, city: Hands) -> None:
        client = office(city)
        first, second = issue(client, ("通知.pdf", PDF)), issue(client, ("通知.pdf", PDF))

        assert (303, 303) == (first.status_code, second.status_code)
        only_letter(client)

    @pytest.mark.parametrize(
        ("name", "content", "said"),
        [
            ("表.docm", b"MZ" + bytes(64), "不接收这类文件"),
            ("宏.pdf", b"%PDF-1.7\n<< /JS (x) >>\n%%EOF", "内含宏、脚本"),
            ("空.pdf", b"", "空.pdf"),
        ],
        ids=["a program", "a script", "nothing"],
    )
    def test_a_file_that_is_refused_loses_nothing_that_was_typed(self, city: Hands, name: str, content: bytes, said: str) -> None:
        """Which one it is, and that all have to be chosen again; nothing is kept of the others, and there is no letter."""
        client = office(city)
        page = issue(client, ("通知.pdf", PDF), (name, content))

        assert 422 == page.status_code
        text: str = page.text
        assert (True, True, True) == (f"“{name}”" in text, said in text, "详见附件" in text)
        assert f"附件 通知.pdf、{name} 没有保留，请重新选择。" in text
        assert not city.node.blobs.has(name_of(PDF))
        assert "没有待办文书" in client.get("/boards/letters").text
        # The draft remembers it for whoever comes back to the form.
        assert "没有保留，请重新选择" in client.get("/new/raise-issue").text

    def test_a_text_that_is_missing_says_that_the_files_go_with_the_next_try(self, city: Hands) -> None:
        client = office(city)
        page = issue(client, ("通知.pdf", PDF), title="")

        assert (422, True) == (page.status_code, "附件 通知.pdf 没有保留" in page.text)
        assert not city.node.blobs.has(name_of(PDF))

    def test_what_is_too_large_is_refused(self, city: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(uploads, "upload_bytes_max", len(PDF) - 1)
        page = issue(office(city), ("通知.pdf", PDF))

        assert (422, True) == (page.status_code, "“通知.pdf”" in page.text)

    def test_a_digest_that_is_typed_opens_no_other_file_of_the_node(self, city: Hands) -> None:
        """A clerk who knows the digest of a file that he may not open gets it by no letter of his own."""
        secret = city.node.blobs.put(PHOTO)
        client = office(city)
        client.post("/new/raise-issue", data={"csrf": csrf, "topic": "process", "title": TITLE, "text": BODY, "evidence": secret})

        assert "附件1" not in client.get(f"/boards/letters/{only_letter(client)}").text


class TestInPieces:
    """A large file comes as those of tickets do: in pieces, carried on after a cut, and named by the form once it is whole."""

    @staticmethod
    def begun(client: TestClient, name: str, size: int) -> Any:
        said = {"Upload-Length": str(size), "Upload-Metadata": f"filename {b64encode(name.encode()).decode()}"}
        return client.post("/boards/letters/parts", headers=said)

    def came(self, client: TestClient, name: str, content: bytes, cut: int | None = None) -> str:
        """The id of *content* as far as *cut*, sent in two pieces."""
        place = self.begun(client, name, len(content)).headers["Location"]
        for piece in (content[:1000], content[1000:cut]):
            headers = {"Upload-Offset": client.head(place).headers["Upload-Offset"], "Content-Type": "application/offset+octet-stream"}
            assert 204 == client.patch(place, content=piece, headers=headers).status_code
        return str(place.rpartition("/")[2])

    def test_what_came_in_pieces_is_named_beside_what_came_with_the_form(self, city: Hands) -> None:
        """The same form sent twice is one letter."""
        client = office(city)
        upload = self.came(client, "通知.pdf", PDF)
        first, second = (issue(client, ("现场.jpg", PHOTO), upload=upload) for _ in range(2))

        page = client.get(f"/boards/letters/{only_letter(client)}").text
        assert (303, 303) == (first.status_code, second.status_code)
        assert ["通知.pdf", "现场.jpg"] == re.findall(r'/files/[0-9a-f]{64}">([^<]+)</a>', page)
        assert PDF == city.node.blobs.get(name_of(PDF)) and not list((city.node.data_dir / "uploads").glob("*.part"))

    def test_a_form_that_is_refused_keeps_what_came(self, city: Hands) -> None:
        """It stands there ticked, also when somebody comes back to the form, and is sent along with the next try or not."""
        client = office(city)
        upload = self.came(client, "通知.pdf", PDF)
        refused = issue(client, title="", upload=upload)
        again = client.get("/new/raise-issue").text
        box = f'<input type="checkbox" name="upload" value="{upload}" checked>'

        assert (422, True, True) == (refused.status_code, box in refused.text, box in again)
        assert "通知.pdf" in again and not city.node.blobs.has(name_of(PDF))
        issue(client, upload=upload)
        assert "通知.pdf" in client.get(f"/boards/letters/{only_letter(client)}").text

    @pytest.mark.parametrize(
        ("name", "content", "said"),
        [("表.docm", b"MZ" + bytes(2000), "不接收这类文件"), ("宏.pdf", b"%PDF-1.7\n<< /JS (x) >>\n%%EOF" + bytes(2000), "内含宏、脚本")],
        ids=["a program", "a script"],
    )
    def test_what_may_not_come_whole_does_not_come_in_pieces(self, city: Hands, name: str, content: bytes, said: str) -> None:
        """It is named and thrown away; what came beside it stays, and there is no letter."""
        client = office(city)
        good, bad = self.came(client, "通知.pdf", PDF), self.came(client, name, content)
        page = client.post(
            "/new/raise-issue",
            data={"csrf": csrf, "topic": "process", "title": TITLE, "text": BODY, "command_id": ID, "upload": [good, bad]},
        )

        assert (422, True, True) == (page.status_code, f"“{name}”" in page.text, said in page.text)
        assert (True, False) == (f'value="{good}" checked' in page.text, f'value="{bad}"' in page.text)
        assert not city.node.blobs.has(name_of(PDF)) and "没有待办文书" in client.get("/boards/letters").text

    def test_half_a_file_or_another_ones_is_told_at_the_field(self, city: Hands) -> None:
        """Nor is one that somebody began for a ticket."""
        client, other = office(city), at_desk(city, "d-housing")
        half, foreign = self.came(client, "通知.pdf", PDF, cut=2000), self.came(other, "通知.pdf", PDF)
        told = [issue(client, upload=one) for one in (half, foreign, "0" * 32)]

        assert [422] * 3 == [one.status_code for one in told]
        assert [True] * 3 == ['id="f-evidence-refused"' in one.text for one in told]
        assert "没有待办文书" in client.get("/boards/letters").text

    def test_who_writes_no_letter_with_files_makes_no_room(self, city: Hands) -> None:
        city.act("office", OpenAccount("mayor", ("leader",), f"{city.node.code}-centre"), city.node.code)

        assert [201, 403] == [self.begun(client, "通知.pdf", 5000).status_code for client in (office(city), at_desk(city, "mayor"))]

    @pytest.mark.parametrize("size", [0, uploads.upload_bytes_max + 1])
    def test_a_size_that_is_not_taken_makes_no_room(self, city: Hands, size: int) -> None:
        assert 422 == self.begun(office(city), "通知.pdf", size).status_code

    def test_the_browser_sends_several_and_goes_on_after_a_cut(self, city: Hands, sit_down: SitDown, tmp_path: Path) -> None:
        """Two large ones one after the other, the small one with the form; the third piece is cut, and comes when the line is back."""
        films = {"一.pdf": PDF + bytes(1_000_000), "二.pdf": PDF + b"%" + bytes(700_000)}
        page, pieces, cuts = sit_down(city, "centre", "office"), list[int](), [1_048_576]
        for name, content in {**films, "图.jpg": PHOTO}.items():
            (tmp_path / name).write_bytes(content)

        def on_piece(route: Route) -> None:
            offset = int(route.request.headers.get("upload-offset", "-1"))
            if offset in cuts:
                cuts.remove(offset)
                route.abort()
                return
            pieces.extend([offset] if offset >= 0 else [])
            route.continue_()

        page.route("**/boards/letters/parts/*", on_piece)
        page.goto("/new/raise-issue")
        page.select_option("#f-topic", "process")
        page.fill("#f-title", TITLE)
        page.fill("#f-text", BODY)
        page.set_input_files("#f-evidence", [tmp_path / name for name in (*films, "图.jpg")])
        page.click("button.first")
        page.wait_for_url("**/boards/letters?*")

        letter = only_letter(office(city))
        assert [0, 524_288, 1_048_576, 0, 524_288] == pieces, "nothing was sent twice"
        assert ["一.pdf", "二.pdf", "图.jpg"] == re.findall(
            r'/files/[0-9a-f]{64}">([^<]+)</a>', office(city).get(f"/boards/letters/{letter}").text
        )
        assert [True, True] == [city.node.blobs.has(name_of(content)) for content in films.values()]

    def test_to_keep_a_draft_sends_no_letter(self, city: Hands, sit_down: SitDown, tmp_path: Path) -> None:
        """Whatever file was chosen."""
        page = sit_down(city, "centre", "office")
        (tmp_path / "一.pdf").write_bytes(PDF + bytes(1_000_000))
        page.goto("/new/raise-issue")
        page.set_input_files("#f-evidence", tmp_path / "一.pdf")
        page.click("button[value=keep]")
        page.wait_for_url("**done=draft_kept*")

        assert "没有待办文书" in office(city).get("/boards/letters").text


class TestPage:
    """Who reads the letter has its files; nobody else."""

    def test_it_is_saved_under_its_name_and_never_shown_as_a_page(self, city: Hands) -> None:
        client = office(city)
        issue(client, ("通知.pdf", PDF))

        got = the_file(client, only_letter(client), PDF)

        assert (200, PDF, "application/pdf") == (got.status_code, got.content, got.headers["content-type"])
        assert "attachment; filename*=UTF-8''通知.pdf" == unquote(got.headers["content-disposition"])
        assert "nosniff" == got.headers["x-content-type-options"]

    @pytest.mark.parametrize(
        ("called", "saved"),
        [
            ("../../走访/名单.PDF", "_.._走访_名单.pdf"),
            ("名单.exe", "名单.exe.pdf"),
            ('<b>"甲"\n乙</b>.pdf', "_b__甲_乙__b_.pdf"),
        ],
        ids=["a path", "another ending", "marks"],
    )
    def test_a_name_leads_out_of_no_folder_and_says_nothing_of_the_kind(self, city: Hands, called: str, saved: str) -> None:
        """The ending is what the bytes say; on the page the name is words."""
        digest = city.node.blobs.put(PDF)
        letter = city.act("office", RaiseIssue("process", Text(TITLE), Text(BODY), (digest,), letter_files.said_names([called]))).subject.id
        client = office(city)

        page, got = client.get(f"/boards/letters/{letter}").text, the_file(client, letter, PDF)

        assert f"attachment; filename*=UTF-8''{saved}" == unquote(got.headers["content-disposition"])
        assert "<b>" not in page

    def test_one_without_a_name_is_called_as_before(self, city: Hands) -> None:
        """An older letter says none: the page gives its number, and it is saved under the title."""
        digest = city.node.blobs.put(PDF)
        letter = city.act("office", RaiseIssue("process", Text(TITLE), Text(BODY), (digest,))).subject.id
        client = office(city)

        page, got = client.get(f"/boards/letters/{letter}").text, the_file(client, letter, PDF)

        assert ">附件1</a>" in page
        assert f"{TITLE}-1.pdf" in unquote(got.headers["content-disposition"])

    def test_a_name_is_sealed_in_the_journal_and_given_over_the_api(self, city: Hands) -> None:
        """How a file is called may tell of people (DESIGN 8): no entry holds it; whoever reads the letter does."""
        client = office(city)
        issue(client, ("王某某身份证.pdf", PDF))
        letter = only_letter(client)

        with city.node.store.read() as view:
            entries = list(view.connection.execute(select(schema.entries.c.content)).scalars())
        answered = client.get(f"/api/v1/letters/{letter}").json()

        assert [] == [one for one in entries if "王某某".encode() in one]
        assert "王某某身份证.pdf" in answered["texts"].values()
        assert ["王某某身份证.pdf"] == [one["texts"]["file_names"] for one in answered["timeline"] if "file_names" in one["texts"]]

    def test_another_department_finds_nothing_and_the_author_his_own(self, city: Hands) -> None:
        """AS25-3.2.1c: the one that raised it reads it, and who runs or supervises the node."""
        digest = city.node.blobs.put(PDF)
        command = RaiseIssue("process", Text(TITLE), Text(BODY), (digest,))
        letter = city.act("department", command, unit="housing", account="d-housing").subject.id

        who = (("d-housing", "department"), ("d-water", "department"), ("centre", "office"))
        found = [the_file(at_desk(city, account, role), letter, PDF).status_code for account, role in who]

        assert [200, 404, 200] == found

    def test_a_file_that_the_letter_does_not_name_is_not_given(self, city: Hands) -> None:
        client = office(city)
        issue(client, ("通知.pdf", PDF))
        city.node.blobs.put(PHOTO)
        letter = only_letter(client)

        answers = [the_file(client, letter, PHOTO), client.get(f"/boards/letters/{letter}/files/nonsense")]

        assert [404, 404] == [one.status_code for one in answers]
        assert 404 == the_file(client, ID, PDF).status_code


class TestLevels:
    """A notice with its document, from the form at the city to the download at the county."""

    def test_nothing_is_shown_before_the_letter_is_opened_where_it_is_addressed(self, tree: Tree) -> None:
        above, below = office(tree.city), office(tree.county)
        data = {"csrf": csrf, "title": TITLE, "text": BODY}
        above.post("/new/publish-notice", data=data, files=[("evidence", ("通知.pdf", PDF))])
        letter = only_letter(above)
        tree.settle()
        exchange(tree.county)
        assert has(tree.county, PDF)

        before, early = below.get(f"/boards/letters/{letter}").text, the_file(below, letter, PDF)
        below.post(f"/boards/letters/{letter}/open", data={"csrf": csrf})
        after, late = below.get(f"/boards/letters/{letter}").text, the_file(below, letter, PDF)

        assert (False, 404) == ("通知.pdf" in before, early.status_code)
        assert (True, 200, PDF) == ("通知.pdf" in after, late.status_code, late.content)

    def test_one_that_is_not_here_yet_says_so_and_is_asked_for(self, tree: Tree) -> None:
        """The province looks at what a county asks its city."""
        digest = tree.county.hands.node.blobs.put(PHOTO)
        asked = tree.county.hands.act("office", AskGuidance(Text(TITLE), Text(BODY), evidence=(digest,))).subject.id
        tree.settle(60)
        client = office(tree.province)

        listed, first = client.get(f"/boards/letters/{asked}").text, the_file(client, asked, PHOTO)
        assert "尚未到本级" in listed
        assert (404, True) == (first.status_code, "已向相关节点索取" in first.text)
        assert f"/boards/letters/{asked}/files/{digest}" in first.text
        assert [("520400", digest, "letter")] == wanted(tree.province)

        go_round(tree)
        assert PHOTO == the_file(client, asked, PHOTO).content

    def test_a_report_and_an_answer_show_their_own_files(self, tree: Tree) -> None:
        """Each beside what it belongs to; a sister county is given neither."""
        notice = PublishNotice(Text(TITLE), Text(BODY))
        letter = tree.city.hands.act("office", notice).subject.id
        tree.settle()
        below = office(tree.county)
        sent = below.post(
            f"/letter/{letter}/do/report-letter", data={"csrf": csrf, "report": "已走访12户"}, files=[("evidence", ("现场.jpg", PHOTO))]
        )
        assert 303 == sent.status_code
        go_round(tree)

        page = office(tree.city).get(f"/boards/letters/{letter}").text
        assert "附件 node 520402" in page and "现场.jpg</a>" in page and "JPG，4 KB" in page
        assert 200 == the_file(office(tree.city), letter, PHOTO).status_code
        sister = office(tree.sister)
        sister.post(f"/boards/letters/{letter}/open", data={"csrf": csrf})
        assert 404 == the_file(sister, letter, PHOTO).status_code
