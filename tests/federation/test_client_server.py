"""A superior's real port and its subordinate's real channels: mTLS on loopback, one thread pool, one status a refusal."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_status import rpc_status

from federation import codec, greeting
from federation.certificates import Credentials, create_authority, issue, new_key
from federation.channel import secure_channel
from federation.client import Superior
from federation.codec import Carried, Segment
from federation.enrolment import REACTION_ACTOR, invite, join
from federation.link import Lane
from federation.outgoing import read_up
from federation.retry import REHEARSAL, Failure
from federation.runner import Runner
from federation.server import Server
from federation.session import session_of
from federation.v1 import link_pb2, link_pb2_grpc
from node.domain.payload import Text
from node.domain.refusal import Code, Refusal
from node.domain.registry import SetNodeStatus
from node.domain.ticket.escalation import RequestEscalation
from node.storage import schema
from node.storage.writer import Writer
from node.v1 import entry_pb2
from tests.faults.proxy import Fault, Proxy
from tests.federation.levels import WALL, Place, enrol, make_place, patience_seconds, serve, until
from tests.federation.situations import failure

COUNTY, CITY = "520402", "520400"
BOOT = b"b" * 16


@pytest.fixture
def city(tmp_path: Path) -> Place:
    place = make_place(tmp_path, CITY, "anshun-2025")
    object.__setattr__(place.level, "monotonic", time.monotonic)
    object.__setattr__(place.level, "writer", Writer(place.level.store))
    return place


@pytest.fixture
def county(tmp_path: Path, city: Place) -> Place:
    county = make_place(tmp_path, COUNTY)
    enrol(county, city)
    return county


@contextmanager
def port(place: Place, listen: str = "127.0.0.1:0") -> Iterator[Server]:
    server = serve(place, listen)
    try:
        yield server
    finally:
        server.stop()


def client(county: Place, server: Server) -> Superior:
    return Superior(f"127.0.0.1:{server.port}", county.files.uplink, COUNTY, CITY, lambda: WALL)


def owed(county: Place) -> list[Segment]:
    with county.level.store.read() as view:
        return list(read_up(view, 0).segments)


def push_of(*segments: Segment) -> link_pb2.PushRequest:
    return link_pb2.PushRequest(boot_id=BOOT, segments=codec.segments_to_pb(segments))


def hello_of(county: Place) -> link_pb2.HelloRequest:
    size, root = county.position(COUNTY)
    return link_pb2.HelloRequest(
        protocol_min=1,
        protocol_max=1,
        boot_id=BOOT,
        positions=[link_pb2.Position(node=COUNTY, epoch=1, size=size, root=root)],
        down=link_pb2.DownPosition(epoch=1, size=0, root=b""),
        rehearsal=True,
        program="0.1.0",
    )


@pytest.fixture
def linked(county: Place, city: Place) -> Iterator[Superior]:
    """A channel of the county to the city's port, greeted."""
    with port(city) as server:
        superior = client(county, server)
        superior.hello(hello_of(county))
        yield superior
        superior.close()


class TestCalls:
    """Each call's answer, and each refusal's status with its code and facts."""

    def test_a_push_is_answered_with_the_position(self, linked: Superior, county: Place, city: Place) -> None:
        answer = linked.push(push_of(*owed(county)))

        (position,) = answer.positions
        assert (COUNTY, 1, *county.position(COUNTY)) == (position.node, position.epoch, position.size, position.root)
        assert county.contents(COUNTY) == city.contents(COUNTY)

    def test_hello_says_where_the_superior_stands(self, linked: Superior, county: Place, city: Place) -> None:
        linked.push(push_of(*owed(county)))

        answer = linked.hello(hello_of(county))

        assert [(COUNTY, *county.position(COUNTY))] == [(one.node, one.size, one.root) for one in answer.positions]
        assert ([CITY], 1, 500) == (list(answer.line), answer.protocol, answer.credit)
        assert {"520400/node", "520400/desk"} == {key.recipient for key in answer.payload_keys}
        assert "0.1.0" == city.link(COUNTY).program

    def test_a_pull_waits_until_something_comes_down(self, linked: Superior, county: Place, city: Place) -> None:
        """The long poll is woken by the commit that routed something to this link."""
        number = county.register()
        county.hands.act("office", RequestEscalation(power_item="LAND-07", reason=Text("超出权限")), number)
        linked.push(push_of(*owed(county)))
        down = linked.hello(hello_of(county)).down
        pulled: list[link_pb2.PullResponse] = []
        ask = link_pb2.PullRequest(boot_id=BOOT, down=link_pb2.DownPosition(epoch=down.epoch), max=500, wait_ms=25_000)
        thread = threading.Thread(target=lambda: pulled.append(linked.pull(ask)))
        thread.start()

        city.reactions.run()
        thread.join(patience_seconds)

        ((answer,), (entry,)) = pulled, pulled[0].entries
        assert (1, 1, [entry.content]) == (
            answer.from_seq,
            answer.down.size,
            [data for data in city.contents(CITY) if data == entry.content],
        )
        again = link_pb2.PullRequest(boot_id=BOOT, down=answer.down, max=500, wait_ms=0)
        assert 0 == len(linked.pull(again).entries)
        until(lambda: city.link(COUNTY).down_acked == 1)

    def test_a_lost_history_is_given_back(self, linked: Superior, county: Place) -> None:
        linked.push(push_of(*owed(county)))

        answer = linked.fetch(link_pb2.FetchRequest(node=COUNTY, epoch=1, from_seq=3, max=4))

        assert county.contents(COUNTY)[2:6] == [entry.content for entry in answer.entries]
        assert county.position(COUNTY) == (answer.position.size, answer.position.root)

    @pytest.mark.parametrize("boot_id", [BOOT, b""])
    def test_who_has_not_greeted_is_told_to(self, county: Place, city: Place, boot_id: bytes) -> None:
        """No boot id at all is no session, either, though nobody has one yet."""
        request = push_of(*owed(county))
        request.boot_id = boot_id
        with port(city) as server:
            superior = client(county, server)
            refused = failure(lambda: superior.push(request))
            superior.close()

        assert ("FAILED_PRECONDITION", Code.NEED_HELLO) == (refused.status, refused.code)

    @pytest.mark.parametrize("boot_id", [b"", b"b" * 15, b"b" * 17])
    def test_a_greeting_without_a_whole_boot_id_is_none(self, linked: Superior, county: Place, city: Place, boot_id: bytes) -> None:
        """A second copy would be seen by nobody; but a slip of a program stops no link."""
        request = hello_of(county)
        request.boot_id = boot_id

        refused = failure(lambda: linked.hello(request))

        assert ("INVALID_ARGUMENT", Code.MALFORMED_ENTRY) == (refused.status, refused.code)
        assert refused.refusal is not None and "boot_id" == refused.refusal.facts["field"]
        assert "active" == city.link(COUNTY).status
        assert linked.hello(hello_of(county)).credit

    @pytest.mark.parametrize(
        ("field", "spoil"),
        [
            ("superior_epoch", lambda hello: setattr(hello, "superior_epoch", 2**31)),
            ("epoch", lambda hello: setattr(hello.positions[0], "epoch", 2**31)),
            ("size", lambda hello: setattr(hello.down, "size", 2**63)),
            ("wall", lambda hello: setattr(hello.wall, "seconds", 2**62)),
        ],
    )
    def test_a_number_that_no_database_keeps_is_named(
        self, linked: Superior, county: Place, city: Place, field: str, spoil: Callable[[link_pb2.HelloRequest], None]
    ) -> None:
        request = hello_of(county)
        spoil(request)
        before = city.rows(schema.links), city.rows(schema.incidents)

        refused = failure(lambda: linked.hello(request))

        assert ("INVALID_ARGUMENT", Code.MALFORMED_ENTRY) == (refused.status, refused.code)
        assert refused.refusal is not None and field == refused.refusal.facts["field"]
        assert before == (city.rows(schema.links), city.rows(schema.incidents))

    def test_an_answer_with_such_a_number_is_none(self, linked: Superior, county: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        """A superior cannot take this node, or those below, into an epoch that nobody could write down."""
        honest = greeting.answer

        def answer(*args: Any) -> link_pb2.HelloResponse:
            said = honest(*args)
            assert isinstance(said, link_pb2.HelloResponse)
            said.line_epochs[:] = [1, 2**31]
            return said

        monkeypatch.setattr(greeting, "answer", answer)

        found = failure(lambda: linked.hello(hello_of(county)))

        assert found.refusal is not None
        assert ("INVALID_ARGUMENT", "line_epochs") == (found.status, found.refusal.facts["field"])

    def test_a_batch_too_large_is_refused_whole(self, linked: Superior, county: Place, city: Place) -> None:
        (whole,) = owed(county)
        many = replace(whole, entries=whole.entries[:1] * 501)
        heavy = replace(whole, entries=(Carried(b"x" * 600_000), Carried(b"x" * 600_000)))

        found = [failure(lambda batch=batch: linked.push(push_of(batch))) for batch in (many, heavy)]  # type: ignore[misc]

        assert [("INVALID_ARGUMENT", Code.BATCH_TOO_LARGE)] * 2 == [(one.status, one.code) for one in found]
        assert [] == city.contents(COUNTY)

    def test_what_grpc_itself_does_not_carry_comes_without_our_code(self, linked: Superior, county: Place) -> None:
        """E11: RESOURCE_EXHAUSTED is not always "busy"; without our details it means: split."""
        (whole,) = owed(county)

        found = failure(lambda: linked.push(push_of(replace(whole, entries=(Carried(b"x" * 5_000_000),)))))

        assert ("RESOURCE_EXHAUSTED", None) == (found.status, found.code)

    def test_a_malformed_entry_is_named_by_its_field(self, linked: Superior, county: Place, city: Place) -> None:
        (whole,) = owed(county)
        content = entry_pb2.EntryContent.FromString(whole.entries[2].data)
        content.seq = 9
        bad = replace(whole, entries=(*whole.entries[:2], Carried(content.SerializeToString())))

        found = failure(lambda: linked.push(push_of(bad)))

        assert found.refusal is not None
        assert ("INVALID_ARGUMENT", Code.MALFORMED_ENTRY) == (found.status, found.code)
        assert {"field": "seq", "node": COUNTY, "epoch": "1", "seq": "3"} == found.refusal.facts
        assert [] == city.contents(COUNTY)

    def test_other_bytes_under_the_same_number_are_a_fork(self, linked: Superior, county: Place, city: Place) -> None:
        (whole,) = owed(county)
        linked.push(push_of(whole))
        content = entry_pb2.EntryContent.FromString(whole.entries[2].data)
        content.cause = "another past"
        other = replace(whole, from_seq=3, entries=(Carried(content.SerializeToString()),))

        first = failure(lambda: linked.push(push_of(other)))
        then = failure(lambda: linked.push(push_of(whole)))
        greeted = linked.hello(hello_of(county))

        assert [("FAILED_PRECONDITION", Code.FORK)] * 2 == [(one.status, one.code) for one in (first, then)]
        assert 0 == greeted.credit
        assert [3] == [row.seq for row in city.rows(schema.incidents)]

    def test_a_bug_is_logged_here_and_tells_nothing_there(self, linked: Superior, county: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        def stumble(*_args: object) -> None:
            raise RuntimeError("secret detail")

        monkeypatch.setattr("federation.mirror.Mirror.take", stumble)

        found = failure(lambda: linked.push(push_of(*owed(county))))

        assert Failure("INTERNAL") == found

    def test_what_is_not_built_says_so(self, linked: Superior, county: Place) -> None:
        request = link_pb2.WitnessRequest()

        found = failure(lambda: linked._call(lambda end: end.links.Witness(request, timeout=5)))

        assert Failure("UNIMPLEMENTED") == found
        assert "witness" not in linked.hello(hello_of(county)).features


class TestIdentity:
    """Who is who, on every call."""

    def test_a_suspended_node_is_refused_on_its_next_call(self, linked: Superior, county: Place, city: Place) -> None:
        """FEDERATION 2.3 no. 21: on the connection that still stands."""
        linked.push(push_of(*owed(county)))
        city.hands.act("operator", SetNodeStatus(COUNTY, "suspended"))

        found = failure(lambda: linked.push(push_of(*owed(county))))

        assert ("PERMISSION_DENIED", Code.NODE_SUSPENDED) == (found.status, found.code)

    def test_one_node_cannot_speak_for_another(self, county: Place, city: Place, tmp_path: Path) -> None:
        """Its certificate is good, and its sister's stream is not its own."""
        sister = make_place(tmp_path, "520424")
        enrol(sister, city)
        with port(city) as server:
            superior = Superior(f"127.0.0.1:{server.port}", sister.files.uplink, "520424", CITY, lambda: WALL)
            superior.hello(hello_of(sister))
            found = failure(lambda: superior.push(push_of(*owed(county))))
            superior.close()

        assert ("PERMISSION_DENIED", Code.FOREIGN_STREAM) == (found.status, found.code)
        assert [] == city.contents(COUNTY)

    def test_a_certificate_of_another_authority_is_told_from_an_outage(self, county: Place, city: Place) -> None:
        """E8: to gRPC it is UNAVAILABLE like an absent peer; after three in a row plain TLS says which it is."""
        key, stranger = new_key(), create_authority(CITY, WALL)
        own = Credentials.read(county.files.uplink)
        forged = Credentials(issue(stranger, key.public_key(), COUNTY, WALL, server=False), key, own.authority)
        forged_file = county.files.directory / "forged.pem"
        with port(city) as server:
            superior = client(county, server)
            superior._file = forged_file
            forged.write(forged_file)
            with pytest.MonkeyPatch.context() as patched:
                patched.setattr("federation.client.check_own", lambda *_args: None)
                patched.setattr(Credentials, "read", staticmethod(lambda _path: forged))
                found = [failure(lambda: superior.hello(hello_of(county))) for _ in range(3)]
            superior.close()

        assert [None, None, Code.PEER_IDENTITY] == [one.code for one in found]
        assert {"UNAVAILABLE"} == {one.status for one in found}

    def test_nobody_there_stays_an_outage(self, county: Place, city: Place) -> None:
        with port(city) as server:
            superior = client(county, server)
        found = [failure(lambda: superior.hello(hello_of(county))) for _ in range(3)]

        assert [("UNAVAILABLE", None)] * 3 == [(one.status, one.code) for one in found]

    def test_an_own_certificate_that_has_ended_is_found_before_dialling(self, county: Place) -> None:
        superior = Superior("127.0.0.1:1", county.files.uplink, COUNTY, CITY, lambda: WALL + timedelta(days=400))

        found = failure(lambda: superior.hello(hello_of(county)))

        assert found.refusal is not None
        assert (Code.PEER_IDENTITY, "CERTIFICATE_EXPIRED") == (found.code, found.refusal.facts["fault"])

    def test_without_credentials_nobody_dials(self, county: Place) -> None:
        superior = Superior("127.0.0.1:1", county.files.directory / "nothing.pem", COUNTY, CITY, lambda: WALL)

        assert Code.PEER_IDENTITY == failure(lambda: superior.hello(hello_of(county))).code

    def test_after_closing_every_call_is_cancelled(self, linked: Superior, county: Place) -> None:
        linked.close()

        assert Failure("CANCELLED") == failure(lambda: linked.hello(hello_of(county)))


class TestSilence:
    """A connection that its path has forgotten: nobody closes it, and no answer ever comes on it."""

    def test_one_silent_call_is_enough_to_dial_anew(self, county: Place, city: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        """Kept, it would swallow every further call until the system gives it up, a quarter of an hour later."""
        monkeypatch.setattr("federation.client.hello_deadline_seconds", 1.0)
        with port(city) as server:
            wire = Proxy(server.port)
            superior = Superior(wire.address, county.files.uplink, COUNTY, CITY, lambda: WALL)
            superior.hello(hello_of(county))
            wire.break_by(Fault.STALL)
            silent = failure(lambda: superior.hello(hello_of(county)))
            wire.heal()

            monkeypatch.setattr("federation.client.hello_deadline_seconds", 10.0)
            answer = superior.hello(hello_of(county))

            assert ("DEADLINE_EXCEEDED", 2) == (silent.status, wire.opened)
            assert answer.credit
            superior.close()
            wire.close()

    def test_both_lanes_share_a_connection(self, county: Place, city: Place) -> None:
        """A return costs the superior one handshake."""
        with port(city) as server:
            wire = Proxy(server.port)
            superior = Superior(wire.address, county.files.uplink, COUNTY, CITY, lambda: WALL)
            threads = [threading.Thread(target=lambda: superior.hello(hello_of(county))) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

            assert 1 == wire.opened
            superior.close()
            wire.close()


class TestPort:
    """One port: links, enrolment, health and reflection."""

    def test_health_and_reflection_are_served(self, county: Place, city: Place) -> None:
        with port(city) as server, secure_channel(f"127.0.0.1:{server.port}", Credentials.read(county.files.uplink), CITY) as channel:
            healthy = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service="federation.v1.LinkService"))
            ask = reflection_pb2.ServerReflectionRequest(list_services="")
            (listed,) = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(iter([ask]))

        assert health_pb2.HealthCheckResponse.SERVING == healthy.status
        names = {service.name for service in listed.list_services_response.service}
        assert {"federation.v1.LinkService", "federation.v1.EnrolmentService", "grpc.health.v1.Health"} < names

    def test_a_node_joins_through_the_port(self, city: Place, tmp_path: Path) -> None:
        county = make_place(tmp_path, COUNTY)
        with port(city) as server:
            address = f"127.0.0.1:{server.port}"
            invitation = invite(city.level, city.files.authority(CITY, WALL), COUNTY, "西秀区", address, REACTION_ACTOR)
            joined = join(county.level, county.files, invitation)
            superior = client(county, server)
            superior.hello(hello_of(county))
            superior.push(push_of(*owed(county)))
            superior.close()

        assert (CITY,) == joined.line
        assert county.contents(COUNTY) == city.contents(COUNTY)

    def test_an_absent_superior_is_said_so(self, city: Place, tmp_path: Path) -> None:
        county = make_place(tmp_path, COUNTY)
        with port(city) as server:
            address = f"127.0.0.1:{server.port}"
        invitation = invite(city.level, city.files.authority(CITY, WALL), COUNTY, "西秀区", address, REACTION_ACTOR)

        with pytest.raises(Refusal) as caught:
            join(county.level, county.files, invitation)

        assert (Code.PEER_AWAY, CITY) == (caught.value.code, caught.value.facts["peer"])

    def test_a_second_server_cannot_share_the_port(self, city: Place) -> None:
        with port(city) as server, pytest.raises(Refusal) as caught:
            serve(city, f"127.0.0.1:{server.port}")

        assert (Code.ADDRESS_TAKEN, "listen") == (caught.value.code, caught.value.facts["setting"])

    def test_a_refusal_is_a_status_with_code_and_facts_and_no_sentence(self, county: Place, city: Place) -> None:
        with port(city) as server, secure_channel(f"127.0.0.1:{server.port}", Credentials.read(county.files.uplink), CITY) as channel:
            with pytest.raises(grpc.RpcError) as caught:
                link_pb2_grpc.LinkServiceStub(channel).Push(push_of(*owed(county)))
            said = rpc_status.from_call(caught.value)

        info = error_details_pb2.ErrorInfo()
        assert said.details[0].Unpack(info)
        assert ("NEED_HELLO", "qyzj", {"node": COUNTY}, "NEED_HELLO") == (info.reason, info.domain, dict(info.metadata), said.message)


class TestRunner:
    """The threads of two real nodes: they find each other, survive a restart of the superior, and stop at once."""

    def test_entries_go_up_and_answers_come_down_by_themselves(self, county: Place, city: Place) -> None:
        with port(city) as server:
            below, above = _runner(county, city, server), Runner(city.level.store, city.reactions, None, server)
            above.start()
            below.start()
            number = county.register()
            county.hands.act("office", RequestEscalation(power_item="LAND-07", reason=Text("超出权限")), number)
            until(lambda: county.link(CITY).down_size == 1)
            until(lambda: county.position(COUNTY) == city.position(COUNTY))
            began = time.monotonic()
            below.stop()
            above.stop()

        assert time.monotonic() - began < 10
        assert "running" == county.status()

    def test_a_superior_that_was_away_is_found_again(self, county: Place, city: Place) -> None:
        with port(city) as server:
            address = f"127.0.0.1:{server.port}"
            runner = _runner(county, city, server)
            runner.start()
            until(lambda: county.position(COUNTY) == city.position(COUNTY))
        county.register()
        until(lambda: county.link(CITY).attempts > 1)
        with port(city, address):
            until(lambda: county.position(COUNTY) == city.position(COUNTY))
            # The county hears of it a moment after the city has it.
            until(lambda: county.link(CITY).attempts == 0)
            runner.stop()


def _runner(county: Place, city: Place, server: Server) -> Runner:
    ends = {lane: client(county, server) for lane in Lane}
    object.__setattr__(county.level, "writer", Writer(county.level.store))
    began, wall = time.monotonic(), WALL
    session = session_of(
        county.level,
        CITY,
        ends,
        b"r" * 16,
        pace=REHEARSAL,
        hello_every=timedelta(seconds=50),
        now=lambda: wall + timedelta(seconds=time.monotonic() - began),
        sleep=threading.Event().wait,  # type: ignore[arg-type]
    )
    county.session = session
    county.steady = session.now  # type: ignore[assignment]
    return Runner(county.level.store, county.reactions, session, None, 0.05)
