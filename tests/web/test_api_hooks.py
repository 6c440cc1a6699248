"""Web hooks: told in order, signed, again from any position; one that fails holds itself alone."""

import hmac
import http.server
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from node import app
from node.domain.accounts import HookAdded, HookRemoved
from node.domain.entry import Subject
from node.domain.payload import Contact, Text
from node.domain.refusal import Code, Refusal
from node.domain.registry import OpenAccount
from node.domain.ticket.intake import Register
from node.notify import pace
from node.services import hooks as services
from node.services.hooks import Hooks
from node.services.registry import actor_of
from node.storage import hooks
from node.storage.hooks import Hook
from tests.support.node import Hands, make_node
from tests.web.api import Caller
from tests.web.support import at_desk

NEED = Register(channel="window", appeal=Text("路面积水，货车进不来"), name=Contact("王五"), phone=Contact("13800000000"))


@dataclass
class System:
    """Another system: a server on loopback that keeps what it is told, and answers as it is told to."""

    status: int = 200
    location: str = ""
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""

    @property
    def entries(self) -> list[dict[str, Any]]:
        """Everything that it was told, in order."""
        return [entry for _, body in self.heard for entry in json.loads(body)["entries"]]


@pytest.fixture
def system() -> Iterator[System]:
    said = System()

    class Answering(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            said.heard.append((dict(self.headers), body))
            self.send_response(said.status)
            if said.location:
                self.send_header("Location", said.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    said.url = f"http://127.0.0.1:{server.server_port}/told"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield said
    server.shutdown()
    server.server_close()


@pytest.fixture
def hands(tmp_path: Path) -> Hands:
    made = make_node(tmp_path / "node")
    made.staff("housing")
    return made


@dataclass
class Wall:
    """The machine's clock, as the test moves it."""

    hands: Hands
    later: timedelta = timedelta()

    def __call__(self) -> Any:
        return self.hands.now + self.later


def telling(hands: Hands, wall: Wall) -> Hooks:
    """What tells, with retries that are spread by nothing."""
    return Hooks(hands.node.store, wall, lambda now, attempts: pace.next_attempt(now, attempts, 1))


def a_hook(hands: Hands, url: str, *kinds: str, account: str = "centre", start: int | None = None) -> tuple[Hook, str]:
    """A subscription and its secret."""
    with hands.node.store.write() as work:
        return services.add(work, account, "", url, kinds, start, hands.now, hands.now)


def the(hands: Hands, hook: Hook) -> Hook:
    """The hook as it stands."""
    with hands.node.store.read() as view:
        return hooks.one(view.connection, hook.id)


def test_it_is_told_what_happens_from_now_on_in_order(hands: Hands, system: System):
    """What is on the journal behind its position, once."""
    hands.act("office", NEED)
    a_hook(hands, system.url)
    later = [hands.act("office", NEED).subject.id for _ in range(3)]

    told = [telling(hands, Wall(hands)).run() for _ in range(2)]

    assert [3, 0] == told
    assert [("Registered", one) for one in later] == [(one["kind"], one["subject"]) for one in system.entries]


def test_who_added_and_who_removed_one_stands_in_the_journal(hands: Hands):
    """AS25-3.2.1a; with where the entries go, but no path, which may be a secret, and not told to the new one itself."""
    made, secret = a_hook(hands, "https://city.example:8443/k3y", "Registered")
    with hands.node.store.read() as view:
        assert made.position == view.head.taken
    with hands.node.store.write() as work:
        services.remove(work, made.id, actor_of(work.connection, hands.node.code, "centre"), hands.now)
    with hands.node.store.read() as view:
        stored = [one for one in view.journal.of_subject(Subject("node", hands.node.code)) if one.header.kind.startswith("Hook")]
    page = at_desk(hands, "audit").get("/registers/audit", params={"about": "registry"}).text

    assert [
        HookAdded("centre", made.id, "office", "city.example:8443", ("Registered",)),
        HookRemoved("centre", made.id),
    ] == [one.content.event for one in stored]
    assert {"centre"} == {one.header.actor.account for one in stored}
    assert not any(word in repr(one.content) for one in stored for word in (secret, "k3y"))
    assert "设置对外推送" in page and "取消对外推送" in page


def test_who_has_the_secret_knows_who_said_it_and_when(hands: Hands, system: System):
    """HMAC-SHA-256 over time and body: neither can be changed."""
    _, secret = a_hook(hands, system.url)
    hands.act("office", NEED)

    telling(hands, Wall(hands)).run()

    headers, body = system.heard[0]
    stamp, _, digest = headers["Qyzj-Signature"].removeprefix("t=").partition(",v1=")
    assert hmac.new(bytes.fromhex(secret), f"{stamp}.".encode() + body, "sha256").hexdigest() == digest
    assert int(hands.now.timestamp()) == int(stamp)


def test_no_text_and_no_contact_goes_out(hands: Hands, system: System):
    """Facts only: what people wrote stays where it is sealed."""
    a_hook(hands, system.url, start=0)
    hands.act("office", NEED)

    telling(hands, Wall(hands)).run()

    said = b"".join(body for _, body in system.heard).decode()
    assert "Registered" in said
    for secret in ("积水", "王五", "13800000000"):
        assert secret not in said and json.dumps(secret)[1:-1] not in said
    assert not {"appeal", "name", "phone"} & {name for one in system.entries if one["kind"] == "Registered" for name in one["facts"]}


def test_only_the_kinds_that_were_named(hands: Hands, system: System):
    """And the position moves over all others."""
    hook, _ = a_hook(hands, system.url, "AccountOpened", start=0)
    hands.act("office", NEED)

    telling(hands, Wall(hands)).run()

    assert {"AccountOpened"} == {one["kind"] for one in system.entries}
    with hands.node.store.read() as view:
        assert view.head.taken == the(hands, hook).position


def test_it_is_told_again_from_any_position(hands: Hands, system: System):
    """The same entries with the same ids; polling from there gives the same."""
    caller = Caller(hands, "centre", "office")
    hook, _ = a_hook(hands, system.url, start=0)
    hands.act("office", NEED)
    telling(hands, Wall(hands)).run()
    first = list(system.entries)
    system.heard.clear()
    with hands.node.store.write() as work:
        hooks.move_to(work.connection, hook.id, 2, hands.now)

    telling(hands, Wall(hands)).run()

    assert [one for one in first if one["position"] > 2] == system.entries
    assert system.entries == caller.get("/entries", after=2).json()["entries"]


def test_one_that_fails_holds_itself_alone_and_is_tried_again(hands: Hands, system: System):
    """After 30 s, then later and later; what it missed it is told when it is back."""
    other = System()
    down, _ = a_hook(hands, "http://127.0.0.1:9/nobody")
    well, _ = a_hook(hands, system.url)
    hands.act("office", NEED)
    wall = Wall(hands)

    told = telling(hands, wall).run()
    stands = the(hands, down)
    wall.later = timedelta(seconds=29)
    too_early = the(hands, down).attempts, telling(hands, wall).run(), the(hands, down).attempts
    wall.later = timedelta(seconds=31)
    telling(hands, wall).run()

    assert (1, 1, "URLError") == (told, stands.attempts, stands.error)
    assert hands.now + timedelta(seconds=30) == stands.next_at
    assert (1, 0, 1) == too_early
    assert (2, "URLError") == (the(hands, down).attempts, the(hands, down).error)
    assert the(hands, well).position > the(hands, down).position
    assert [] == other.heard


@pytest.mark.parametrize("status", [302, 307, 404, 500])
def test_every_answer_but_a_good_one_is_a_failure(hands: Hands, system: System, status: int):
    """A redirection, too: what is signed for one address goes to no other."""
    hook, _ = a_hook(hands, system.url)
    hands.act("office", NEED)
    system.status, system.location = status, system.url.replace("told", "elsewhere")

    told = telling(hands, Wall(hands)).run()
    failed = the(hands, hook)
    system.status, system.location = 200, ""
    wall = Wall(hands, timedelta(minutes=1))
    again = telling(hands, wall).run()

    assert (0, f"HTTP {status}", 1) == (told, failed.error, failed.attempts)
    assert (1, "", 0) == (again, the(hands, hook).error, the(hands, hook).attempts)
    assert 2 == len(system.heard)


def test_it_is_told_what_its_account_sees(hands: Hands, system: System):
    """A department what concerns it: nothing of a need that the office has."""
    hook, _ = a_hook(hands, system.url, account="d-housing", start=0)
    hands.act("office", NEED)

    telling(hands, Wall(hands)).run()

    assert [] == system.entries
    assert the(hands, hook).position > 0


def test_whoever_files_from_outside_has_no_hook(hands: Hands):
    """How offices deal with one another is not told to an enterprise's system."""
    hands.act("office", OpenAccount("firm", ("enterprise",)), hands.node.code)

    with pytest.raises(Refusal) as refused:
        a_hook(hands, "https://firm.example/", account="firm")

    assert Code.PERMISSION_DENIED is refused.value.code
    assert 403 == Caller(hands, "firm").get("/entries").status_code


def test_a_node_at_work_tells_its_hooks(hands: Hands, system: System):
    """With the round that sends notices; what hangs there holds up no command."""
    a_hook(hands, system.url)
    hands.act("office", NEED)

    app.tell(hands.node)()
    for thread in threading.enumerate():
        if thread.name == "notices":
            thread.join(30)

    assert ["Registered"] == [one["kind"] for one in system.entries]
