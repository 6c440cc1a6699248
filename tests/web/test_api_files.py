"""Files of a ticket through the API: what is taken and given out as on the pages, and who may."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from node.domain.payload import Text
from node.domain.registry import OpenAccount
from node.domain.ticket.handling import AddEvidence
from node.services import uploads
from node.web.api.document import document
from node.web.security import upload_bytes_max
from tests.clauses.given import handled
from tests.support.node import Hands, make_node
from tests.web.api import PREFIX, Caller
from tests.web.support import at_desk, csrf
from tests.web.test_attachments import PHOTO, REFUSED, TAKEN

DIGEST = hashlib.sha256(PHOTO).hexdigest()


@pytest.fixture(scope="module")
def hands(tmp_path_factory: pytest.TempPathFactory) -> Hands:
    made = make_node(tmp_path_factory.mktemp("files") / "node")
    made.staff("housing", "water")
    made.act("office", OpenAccount("firm", ("enterprise",)), made.node.code)
    return made


@pytest.fixture(scope="module")
def ticket(hands: Hands) -> str:
    return handled(hands)


@pytest.fixture(scope="module")
def housing(hands: Hands) -> Caller:
    return Caller(hands, "d-housing")


def send(caller: Caller, ticket: str, content: bytes = PHOTO, name: str = "现场.jpg", **more: Any) -> Any:
    """A file as a body of its own."""
    headers = {"Content-Type": "application/octet-stream"}
    return caller.client.post(f"{PREFIX}/tickets/{ticket}/attachments", params={"name": name}, content=content, headers=headers, **more)


def test_a_system_hands_a_photo_in_files_it_and_gets_it_back(hands: Hands, ticket: str, housing: Caller):
    """By form or as a bare body it is the same file; once an entry names it, whoever sees the ticket is given it, as a file to save."""
    form = housing.client.post(f"{PREFIX}/tickets/{ticket}/attachments", files={"file": ("现场.jpg", PHOTO, "image/jpeg")})
    bare = send(housing, ticket)
    early = housing.get(f"/tickets/{ticket}/attachments/{DIGEST}")
    filed = housing.post(f"/tickets/{ticket}/add-evidence", {"digest": form.json()["digest"], "file_name": form.json()["name"]})
    got = Caller(hands, "centre", "office").get(f"/tickets/{ticket}/attachments/{DIGEST}")

    whole = {"digest": DIGEST, "bytes": len(PHOTO), "media_type": "image/jpeg", "name": "现场.jpg"}
    assert [(201, whole)] * 2 == [(one.status_code, one.json()) for one in (form, bare)]
    assert (404, "EVIDENCE_UNKNOWN") == (early.status_code, early.json()["code"])
    assert (200, ["EvidenceAdded"]) == (filed.status_code, [one["kind"] for one in filed.json()["entries"]])
    assert (200, PHOTO, "image/jpeg") == (got.status_code, got.content, got.headers["content-type"])
    assert got.headers["content-disposition"].startswith("attachment;") and "nosniff" == got.headers["x-content-type-options"]


def test_a_ticket_that_needs_evidence_is_completed(hands: Hands, housing: Caller):
    """Nothing but the API: the file, then the completion that names it."""
    mine = handled(hands)
    digest = send(housing, mine, PHOTO + b"after").json()["digest"]
    body = {
        "standard": "solved", "result": "施工便道已开通", "is_truthful": True, "feedback_way": "phone", "feedback": "已电话告知",
        "evidence": [digest],
    }  # fmt: skip

    answer = housing.post(f"/tickets/{mine}/complete", body)

    assert (200, "completed") == (answer.status_code, answer.json()["ticket"]["state"]), answer.text
    assert 200 == housing.get(f"/tickets/{mine}/attachments/{digest}").status_code


@pytest.mark.parametrize(("extension", "name", "content"), TAKEN)
def test_what_the_pages_take_is_taken(ticket: str, housing: Caller, extension: str, name: str, content: bytes):
    """Whatever the name says."""
    answer = send(housing, ticket, content, name)

    assert (201, uploads.ACCEPTED[extension]) == (answer.status_code, answer.json()["media_type"])


@pytest.mark.parametrize(("code", "name", "content"), REFUSED)
def test_what_the_pages_refuse_is_refused(hands: Hands, ticket: str, housing: Caller, code: Any, name: str, content: bytes):
    """In the words of the API, and nothing is kept."""
    before = hands.node.blobs.names()

    answer = send(housing, ticket, content, name)

    assert (422, code.name, "application/problem+json") == (answer.status_code, answer.json()["code"], answer.headers["content-type"])
    assert before == hands.node.blobs.names()


class TestTooLarge:
    """The limit of the pages; of what is past it no more is read than tells so."""

    def test_by_form_and_as_a_body(self, ticket: str, housing: Caller, monkeypatch: pytest.MonkeyPatch):
        """A photo of one byte too many."""
        monkeypatch.setattr(uploads, "upload_bytes_max", len(PHOTO) - 1)

        answers = [
            send(housing, ticket),
            housing.client.post(f"{PREFIX}/tickets/{ticket}/attachments", files={"file": ("现场.jpg", PHOTO)}),
        ]

        assert [(422, "BLOB_TOO_LARGE")] * 2 == [(one.status_code, one.json()["code"]) for one in answers]

    def test_a_body_without_end_is_not_read_to_its_end(self, ticket: str, housing: Caller, monkeypatch: pytest.MonkeyPatch):
        """It is refused while it still comes; one that says how long it is, before it comes."""
        monkeypatch.setattr(uploads, "upload_bytes_max", 10 * len(PHOTO))
        said = housing.client.post(
            f"{PREFIX}/tickets/{ticket}/attachments",
            headers={"Content-Type": "application/octet-stream", "Content-Length": str(upload_bytes_max + 1)},
            content=b"",
        )

        assert 422 == send(housing, ticket, _endless()).status_code
        assert (413, "BODY_TOO_LARGE") == (said.status_code, said.json()["code"])


def _endless() -> Iterator[bytes]:
    for _ in range(1_000):
        yield PHOTO


class TestRights:
    """Those of the pages, within the scopes of the token."""

    @pytest.mark.parametrize(
        ("account", "role", "scopes", "status"),
        [
            ("d-housing", "", ("add-evidence",), 201),
            ("d-housing", "", ("submit-material",), 201),
            ("centre", "window_clerk", ("all",), 201),
            ("d-housing", "", ("read", "attachments", "complete"), 403),
            ("centre", "office", ("all",), 403),
            ("d-water", "", ("all",), 404),
            ("firm", "", ("all",), 403),
        ],
    )
    def test_who_hands_in(self, hands: Hands, ticket: str, account: str, role: str, scopes: tuple[str, ...], status: int):
        """Whoever sees the ticket and may file evidence or material; of another's ticket it is not told that it is there."""
        before = hands.node.blobs.names()

        answer = send(Caller(hands, account, role, scopes=scopes), ticket, PHOTO + account.encode())

        assert status == answer.status_code, answer.text
        assert status == 201 or before == hands.node.blobs.names()

    @pytest.mark.parametrize(
        ("account", "scopes", "status"),
        [
            ("centre", ("attachments",), 200),
            ("d-housing", ("read",), 200),
            ("centre", ("tickets", "add-evidence"), 403),
            ("d-water", ("all",), 404),
            ("firm", ("all",), 403),
        ],
    )
    def test_who_is_given_it(self, hands: Hands, account: str, scopes: tuple[str, ...], status: int):
        """Whoever sees the ticket, with a scope of its own."""
        mine, digest = handled(hands), hands.node.blobs.put(PHOTO)
        hands.act("department", AddEvidence(digest, Text("现场.jpg")), mine, "housing", account="d-housing")

        answer = Caller(hands, account, scopes=scopes).get(f"/tickets/{mine}/attachments/{digest}")

        assert (status, status == 200) == (answer.status_code, answer.content == PHOTO)

    def test_nobody_is_not_listened_to(self, ticket: str, housing: Caller):
        """401 without a token or with a wrong one, for either way."""
        wrong = {"Authorization": "Bearer x"}
        answers = [housing.client.get(f"{PREFIX}/tickets/{ticket}/attachments/{DIGEST}", headers=wrong), send_as(housing, ticket, wrong)]

        assert [401, 401] == [one.status_code for one in answers]

    def test_a_session_needs_the_token_of_its_forms(self, hands: Hands, ticket: str):
        """A page may call it, another site may not."""
        page = at_desk(hands, "d-housing")
        page.headers.pop("x-csrf-token", None)
        sent = {"files": {"file": ("现场.jpg", PHOTO)}}

        bare, right = (page.post(f"{PREFIX}/tickets/{ticket}/attachments", headers=one, **sent) for one in ({}, {"X-CSRF-Token": csrf}))

        assert [403, 201] == [bare.status_code, right.status_code]


def send_as(caller: Caller, ticket: str, headers: dict[str, str]) -> Any:
    return caller.client.post(f"{PREFIX}/tickets/{ticket}/attachments", content=PHOTO, headers=headers)


def test_a_file_of_another_ticket_is_not_given(hands: Hands, housing: Caller):
    """The digest of a file that is here, by the number of a ticket that does not name it."""
    mine, other = handled(hands), handled(hands)
    digest = send(housing, mine, PHOTO + b"mine").json()["digest"]
    housing.post(f"/tickets/{mine}/add-evidence", {"digest": digest, "file_name": "x.jpg"})

    answers = [housing.get(f"/tickets/{other}/attachments/{one}") for one in (digest, "x", "0" * 64)]

    assert [(404, "EVIDENCE_UNKNOWN")] * 3 == [(one.status_code, one.json()["code"]) for one in answers]


def test_a_file_that_has_not_come_says_so(hands: Hands, housing: Caller):
    """As a problem that a later call may find solved."""
    mine, digest = handled(hands), hands.node.blobs.put(PHOTO + b"gone")
    hands.act("department", AddEvidence(digest, Text("现场.jpg")), mine, "housing", account="d-housing")
    hands.node.blobs.discard(digest)

    answer = housing.get(f"/tickets/{mine}/attachments/{digest}")

    assert (404, "BLOB_MISSING") == (answer.status_code, answer.json()["code"])


def test_what_is_no_file_is_refused(ticket: str, housing: Caller):
    """A form without one, a form that is none, and a parameter that nobody knows."""
    path = f"{PREFIX}/tickets/{ticket}/attachments"
    answers = [
        housing.client.post(path, files={"other": ("a.jpg", PHOTO)}),
        housing.client.post(path, content=b"x", headers={"Content-Type": "multipart/form-data; boundary=y"}),
        housing.client.post(path, content=b"x", headers={"Content-Type": "multipart/form-data"}),
        housing.client.post(path + "?nothing=1", content=PHOTO, headers={"Content-Type": "application/octet-stream"}),
        housing.client.post(path, files={"file": ("a" * 201, PHOTO)}),
    ]

    assert [422] * 5 == [one.status_code for one in answers], [one.text for one in answers]


def test_both_stand_in_the_document(housing: Caller, tmp_path: Path):
    """With their scopes, on its page, too."""
    paths, page = document("en")["paths"], housing.client.get("/api/v1/docs").text

    handing_in, given = (
        paths[f"{PREFIX}/tickets/{{id}}/attachments"]["post"],
        paths[f"{PREFIX}/tickets/{{id}}/attachments/{{digest}}"]["get"],
    )
    assert ("add-evidence, submit-material", "attachments") == (handing_in["x-scope"], given["x-scope"])
    assert {"multipart/form-data", "application/octet-stream"} == set(handing_in["requestBody"]["content"])
    assert all(f'id="{one["operationId"]}"' in page for one in (handing_in, given))
