"""The Open311 door: GeoReport v2 over the same tickets, with no personal field, under the scope of whoever asks."""

import json
import uuid
from typing import Any
from urllib.parse import urlencode

import pytest

from node.domain.registry import OpenAccount
from node.web.api import open311
from tests.support.node import Hands, make_node
from tests.web.api import Caller

DOOR = "/api/open311/v2"
FORM = {
    "service_code": "complaint",
    "description": "路面积水，货车进不来",
    "first_name": "五",
    "last_name": "王",
    "phone": "13800000000",
    "address_string": "工业路 1 号",
    "attribute[channel]": "window",
    "jurisdiction_id": "520402",
}


@pytest.fixture(scope="module")
def hands(tmp_path_factory: pytest.TempPathFactory) -> Hands:
    made = make_node(tmp_path_factory.mktemp("open311") / "node")
    for name in ("firm", "rival"):
        made.act("office", OpenAccount(name, ("enterprise",)), made.node.code)
    return made


class System:
    """Another system that knows nothing but GeoReport."""

    def __init__(self, hands: Hands, account: str, *scopes: str) -> None:
        made = Caller(hands, account, scopes=scopes or ("register", "tickets"))
        self.key, self.client = made.secret, made.client
        self.client.headers.pop("authorization")

    def get(self, path: str, **asked: str) -> Any:
        """What it reads."""
        return self.client.get(DOOR + path, params={"api_key": self.key, **asked})

    def post(self, key: str = "", **form: str) -> Any:
        """What it files, under its own id of the request if it has one."""
        body = urlencode({"api_key": self.key, **FORM, **form})
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.client.post(f"{DOOR}/requests.json", content=body, headers=headers | ({"Idempotency-Key": key} if key else {}))


def test_a_request_is_filed_and_followed(hands: Hands):
    """Its number at once; open, with its class, its limit and times of Beijing; nothing of the person and none of his words."""
    firm = System(hands, "firm")

    filed = firm.post()
    number = filed.json()[0]["service_request_id"]
    read = firm.get(f"/requests/{number}.json")
    listed = firm.get("/requests.json", status="open", service_code="complaint")

    assert (200, 200, 200) == (filed.status_code, read.status_code, listed.status_code), filed.text
    request = read.json()[0]
    assert ("520402", "open", "complaint", "2026-01-26T09:00:00+08:00") == (
        request["jurisdiction_id"],
        request["status"],
        request["service_code"],
        request["requested_datetime"],
    )
    assert request["expected_datetime"].endswith("+08:00") and request["updated_datetime"] == request["requested_datetime"]
    assert number in {one["service_request_id"] for one in listed.json()}
    for said in ("积水", "王", "13800000000", "工业路"):
        assert said not in json.dumps([read.json(), listed.json()], ensure_ascii=False)
    assert [] == firm.get("/requests.json", status="closed").json()
    assert [] == firm.get("/servicerequestupdates.json", service_request_id=number).json()


def test_a_request_that_is_sent_again_is_filed_once(hands: Hands):
    """With an id of its own, which the standard does not know: the same number again; another content, or no id, is something else."""
    firm, key = System(hands, "firm"), str(uuid.uuid4())

    first, again, other, bare = firm.post(key), firm.post(key), firm.post(key, description="别的事"), firm.post()

    assert [200, 200, 409, 200] == [one.status_code for one in (first, again, other, bare)]
    assert first.json() == again.json() != bare.json()
    assert "SAME_ID_OTHER_CONTENT" == other.json()[0]["code"]
    assert 422 == firm.post("42").status_code


def test_a_list_of_one_class_misses_nothing_behind_the_others(hands: Hands, monkeypatch: pytest.MonkeyPatch):
    """Class and time are asked of all that there is, not of the latest so many."""
    monkeypatch.setattr(open311, "rows_max", 2)
    firm = System(hands, "firm")
    wanted, early = firm.post(service_code="consultation").json()[0]["service_request_id"], hands.now
    hands.later(hours=1)
    for _ in range(2):
        firm.post()

    of_a_class = firm.get("/requests.json", service_code="consultation,nothing").json()
    of_the_time = firm.get("/requests.json", end_date=early.isoformat()).json()

    assert [wanted] == [one["service_request_id"] for one in of_a_class]
    assert wanted in {one["service_request_id"] for one in of_the_time}


def test_it_is_the_ticket_of_every_other_entrance(hands: Hands):
    """The address and the caller are where they belong: sealed."""
    number = System(hands, "firm").post().json()[0]["service_request_id"]

    first = Caller(hands, "centre", "office").get(f"/tickets/{number}").json()["timeline"][0]

    assert {"name", "phone", "address"} == set(first["contacts"])
    assert "路面积水，货车进不来" == first["texts"]["appeal"]


def test_services_are_the_classes_of_the_pack(hands: Hands):
    """By code and name."""
    found = {one["service_code"]: one["service_name"] for one in System(hands, "firm").get("/services.json").json()}

    assert "complaint" in found and all(found.values())


def test_a_request_of_somebody_else_is_refused(hands: Hands):
    """By its number as in a list."""
    number = System(hands, "firm").post().json()[0]["service_request_id"]
    rival = System(hands, "rival")

    answers = [rival.get(f"/requests/{number}.json"), rival.get("/requests.json", service_request_id=number)]

    assert [403, 403] == [one.status_code for one in answers]
    assert "PERMISSION_DENIED" == answers[0].json()[0]["code"]
    assert [] == rival.get("/requests.json").json()


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"api_key": "x"}, 401),
        ({"api_key": ""}, 401),
        ({"status": "gone"}, 422),
        ({"start_date": "2026-01-01"}, 422),
        ({"start_date": "2020-01-01T00:00:00+08:00"}, 422),
        ({"service_request_id": "1"}, 403),
    ],
)
def test_what_does_not_fit_is_refused_in_the_words_of_the_format(hands: Hands, asked: dict[str, str], status: int):
    """A list of errors with code and description; a window of 90 days at most."""
    answer = System(hands, "firm").get("/requests.json", **asked)

    assert status == answer.status_code
    assert {"code", "description"} == set(answer.json()[0])


@pytest.mark.parametrize(
    ("form", "status"),
    [({"description": ""}, 422), ({"description": "长" * 4_001}, 422), ({"jurisdiction_id": "110000"}, 404), ({"api_key": ""}, 401)],
)
def test_what_cannot_be_filed_is_refused(hands: Hands, form: dict[str, str], status: int):
    """Without a description, with one too long, for another place, or by nobody."""
    assert status == System(hands, "firm").post(**form).status_code


def test_a_key_that_only_reads_files_nothing(hands: Hands):
    """And one that only files reads nothing."""
    assert 403 == System(hands, "firm", "tickets").post().status_code
    assert 403 == System(hands, "firm", "register").get("/requests.json").status_code
