"""Certificates renew themselves in the last third of their life; nobody restarts for it (DESIGN 7)."""

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from federation.certificates import Credentials, certificate_to_pem, fingerprint, node_of, server_name
from federation.renewal import renew_uplink, uplink_due
from federation.retry import CallFailed, Failure, failed
from federation.server import Server
from federation.serving import Clocks, Serving
from federation.v1 import enrolment_pb2
from node.domain.refusal import Code, Refusal
from node.storage import schema
from node.storage.writer import Writer
from tests.federation.levels import WALL, Context, Place, Steady, connect, enrol, make_place, settle, until

COUNTY, CITY = "520402", "520400"
# Of 13 months, nine and a half ago: less than a third is left.
ENROLLED = WALL - timedelta(days=290)


@pytest.fixture
def walls() -> tuple[Steady, Steady]:
    return Steady(ENROLLED), Steady(ENROLLED)


@pytest.fixture
def city(tmp_path: Path, walls: tuple[Steady, Steady]) -> Place:
    place = make_place(tmp_path, CITY, "anshun-2025", wall=walls[0])
    place.files.authority(CITY, ENROLLED)
    place.files.server(CITY, ENROLLED)
    return place


@pytest.fixture
def county(tmp_path: Path, city: Place, walls: tuple[Steady, Steady]) -> Place:
    place = make_place(tmp_path, COUNTY, wall=walls[1])
    enrol(place, city)
    for wall in walls:
        wall.now = WALL
    return place


def shown(county: Place) -> str:
    return fingerprint(Credentials.read(county.files.uplink).certificate)


def renew(county: Place, city: Place, *, is_lost: bool = False) -> str:
    """Renew without a port; gives the fingerprint that is then in force."""

    def call(request: enrolment_pb2.RenewRequest) -> enrolment_pb2.RenewResponse:
        answer = city.enrolment().Renew(request, Context(Credentials.read(county.files.uplink)))  # type: ignore[arg-type]
        if is_lost:
            raise failed(Failure("DEADLINE_EXCEEDED"))
        return answer

    renew_uplink(county.level, county.files, COUNTY, CITY, call)
    return shown(county)


class TestUplink:
    """What a node shows to its superior."""

    @pytest.mark.parametrize(("days", "is_due"), [(0, False), (260, False), (266, True), (400, True)])
    def test_it_is_due_from_a_third_of_its_life_before_the_end(
        self, county: Place, walls: tuple[Steady, Steady], days: int, is_due: bool
    ) -> None:
        walls[1].now = ENROLLED + timedelta(days=days)

        assert is_due == uplink_due(county.files, county.level)

    def test_a_node_without_a_superior_has_none(self, city: Place, walls: tuple[Steady, Steady]) -> None:
        walls[0].now = WALL

        assert not uplink_due(city.files, city.level)

    def test_the_new_one_lives_thirteen_months_from_now(self, county: Place, city: Place) -> None:
        assert county.files.days_left(WALL)["uplink"] < 131

        fresh = renew(county, city)

        assert (fresh, False) == (county.link(CITY).fingerprint, uplink_due(county.files, county.level))
        assert county.files.days_left(WALL)["uplink"] >= 394

    def test_the_former_is_good_until_the_superior_has_seen_the_new_one(self, county: Place, city: Place) -> None:
        former = Credentials.read(county.files.uplink)
        fresh = renew(county, city)
        assert f"{fresh},{fingerprint(former.certificate)}" == city.link(COUNTY).fingerprint

        connect(county, city)
        settle(county, city)

        assert fresh == city.link(COUNTY).fingerprint
        with pytest.raises(Refusal) as caught:
            city.enrolment().Renew(enrolment_pb2.RenewRequest(), Context(former))  # type: ignore[arg-type]
        assert (Code.NODE_NOT_REGISTERED, "CERTIFICATE_REPLACED") == (caught.value.code, caught.value.facts["fault"])

    def test_an_answer_that_is_lost_costs_nothing(self, county: Place, city: Place) -> None:
        """The former goes on; the next look asks for the same key again."""
        former = shown(county)
        with pytest.raises(CallFailed):
            renew(county, city, is_lost=True)
        assert (former, True) == (shown(county), county.files.pending.exists())

        fresh = renew(county, city)

        assert f"{fresh},{former}" == city.link(COUNTY).fingerprint
        assert not county.files.pending.exists()

    def test_a_certificate_of_another_authority_is_not_put_into_force(self, county: Place, city: Place, tmp_path: Path) -> None:
        former = shown(county)
        stranger = make_place(tmp_path, "520500", "guizhou").files.authority("520500", WALL)

        def call(request: enrolment_pb2.RenewRequest) -> enrolment_pb2.RenewResponse:
            answer = city.enrolment().Renew(request, Context(Credentials.read(county.files.uplink)))  # type: ignore[arg-type]
            own = answer.certificates.partition(b"-----END CERTIFICATE-----\n")
            answer.certificates = own[0] + own[1] + certificate_to_pem(stranger.certificate)
            return answer

        with pytest.raises(Refusal) as caught:
            renew_uplink(county.level, county.files, COUNTY, CITY, call)

        assert (Code.PEER_IDENTITY, "CERTIFICATE_OTHER_AUTHORITY") == (caught.value.code, caught.value.facts["fault"])
        assert former == shown(county)


class TestPort:
    """What a port shows to its subordinates."""

    def test_a_renewed_certificate_is_shown_without_a_restart(self, county: Place, city: Place) -> None:
        with port(city, ENROLLED) as server:
            before = certificate_at(server, county)
            renewed = city.files.server(CITY, WALL)
            server.show(renewed)
            after = certificate_at(server, county)

        assert before != after
        assert fingerprint(renewed.certificate) == after


class TestServing:
    """A serving node looks by itself."""

    def test_both_ends_renew_while_they_serve(self, county: Place, city: Place, walls: tuple[Steady, Steady]) -> None:
        former, walls[0].now = shown(county), WALL
        above = serving(city, walls[0])
        above.start()
        address = {"address": f"127.0.0.1:{above.port}"}
        with county.level.store.write() as work:
            work.connection.execute(update(schema.links).where(schema.links.c.peer == CITY).values(**address))
        below = serving(county, walls[1])
        below.start()
        try:
            until(lambda: shown(county) != former)
            until(lambda: city.link(COUNTY).fingerprint == shown(county))
            county.register()
            until(lambda: county.position(COUNTY) == city.position(COUNTY))
        finally:
            below.stop()
            above.stop()


def serving(place: Place, wall: Steady) -> Serving:
    node = place.hands.node
    clocks = Clocks(node.now, wall, time.monotonic, time.sleep)
    return Serving(node.settings, node.store, Writer(node.store), node.handler, node.policies, node.sweep, clocks, "0.1.0")


@contextmanager
def port(place: Place, since: datetime) -> Iterator[Server]:
    """The port of *place*, which shows a certificate made at *since*."""
    server = Server(place.level, place.files.server(place.code, since), place.enrolment(), "127.0.0.1:0", 4)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def certificate_at(server: Server, county: Place) -> str:
    """The fingerprint that a new connection is shown."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    own = Credentials.read(county.files.uplink)
    context.load_verify_locations(cadata=certificate_to_pem(own.authority).decode())
    context.load_cert_chain(county.files.uplink)
    context.set_alpn_protocols(["h2"])
    with (
        socket.create_connection(("127.0.0.1", server.port), 10) as plain,
        context.wrap_socket(plain, server_hostname=server_name(CITY)) as secure,
    ):
        shown = secure.getpeercert(binary_form=True)
    assert shown is not None
    return node_of(ssl.DER_cert_to_PEM_cert(shown).encode()).fingerprint
