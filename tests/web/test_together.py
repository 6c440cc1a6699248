"""Commands that come at the same moment: one group, and each is answered as if it had come alone."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from fastapi.testclient import TestClient
from starlette.responses import Response

from node.domain.refusal import Code, Refusal
from node.services import rebuild
from node.services.tokens import Token
from node.storage.unit_of_work import UnitOfWork, View
from node.storage.writer import Writer
from node.web.api.together import Together
from node.web.app import create_app
from tests.support.node import Hands, make_node
from tests.web.api import Caller, a_need

KEY = "00000000-0000-7000-8000-00000000{:04}"


@pytest.fixture
def hands(tmp_path: Path, database_url: str) -> Hands:
    return make_node(tmp_path / "node", database_url=database_url)


@dataclass(frozen=True)
class Asking:
    """A request that does what it is told: fail while it is read, be refused, break while it is carried out, or go through."""

    name: str
    fault: str = ""
    token: Token | None = None

    @property
    def id(self) -> str:
        return self.name

    def begin(self, view: View) -> "Asking":
        if self.fault == "breaks the reading":
            raise ValueError(self.name)
        return self

    def carry_out(self, work: UnitOfWork) -> str:
        if self.fault == "is refused":
            raise Refusal(Code.SUBJECT_UNKNOWN, kind="ticket", id=self.name)
        if self.fault == "breaks the writing":
            raise ValueError(self.name)
        return self.name

    def answer(self, outcome: str) -> Response:
        return Response(outcome)

    def refused(self, refusal: Refusal) -> Response:
        raise refusal


def test_one_that_breaks_spoils_no_other(hands: Hands) -> None:
    """Of hundreds at once each hears of itself alone, and none is forgotten."""
    faults = ("", "breaks the reading", "is refused", "breaks the writing")
    asked = [Asking(f"{place}", faults[place % 4 if place % 10 == 0 else 0]) for place in range(300)]
    together = Together(hands.node)

    async def ask_all() -> list[Response | BaseException]:
        return await asyncio.wait_for(asyncio.gather(*map(together.carry_out, asked), return_exceptions=True), 60)

    # A loop of its own, in a thread of its own: the browser of other tests leaves one in this.
    with ThreadPoolExecutor(1) as thread:
        told = thread.submit(asyncio.run, ask_all()).result()

    expected = {"": "Response", "breaks the reading": "ValueError", "is refused": "Refusal", "breaks the writing": "ValueError"}
    assert [expected[one.fault] for one in asked] == [type(one).__name__ for one in told]
    assert [one.name for one in asked if not one.fault] == [bytes(one.body).decode() for one in told if isinstance(one, Response)]


def test_clients_at_once_file_each_need_once(hands: Hands) -> None:
    """Numbers without a gap, a repeated key one ticket, a wrong token nothing; and the readings are what a refold gives."""
    token = Caller(hands, "centre").secret
    hands.node.writer = writer = Writer(hands.node.store)
    hands.node.handler._writer = writer
    client, begun = TestClient(create_app(hands.node)), threading.Barrier(8)

    def file(clerk: int) -> list[httpx2.Response]:
        begun.wait()
        return [_filed(client, token, clerk, place) for place in range(6)]

    with client, ThreadPoolExecutor(8) as clerks:
        answers = [answer for of_one in clerks.map(file, range(8)) for answer in of_one]
    writer.close()

    made = [answer.json()["subject"]["id"] for answer in answers if answer.status_code == 201]
    again = [answer.json()["subject"]["id"] for answer in answers if answer.status_code == 200]
    assert {200: 7, 201: 33, 401: 8} == {status: sum(one.status_code == status for one in answers) for status in (200, 201, 401)}
    assert [f"{serial:05}" for serial in range(1, 34)] == sorted(one[14:19] for one in made)
    assert set(again) <= set(made) and 1 == len(set(again))
    found = rebuild.check(hands.node.store)
    assert ((), True) == (found.differences, found.agrees)


def _filed(client: TestClient, token: str, clerk: int, place: int) -> httpx2.Response:
    """What *clerk* files: needs of his own, one that all of them send, and one with a token that nobody has."""
    need, key = a_need(title=f"{clerk}-{place}"), KEY.format(clerk * 100 + place + 1)
    if place == 2:
        need, key = a_need(title="all send it"), KEY.format(9_999)
    secret = token if place != 4 else token[:-4] + "xxxx"
    headers = {"Authorization": f"Bearer {secret}", "Idempotency-Key": key}
    return client.post("/api/v1/tickets", json=need, headers=headers)
