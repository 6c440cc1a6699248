"""FEDERATION 2.3, row 21: certificates that are not taken, and what is no matter of a certificate."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from federation.channel import probe_identity
from federation.client import Superior
from federation.link import Lane
from federation.retry import REHEARSAL, USUAL
from federation.server import Server
from federation.session import Session, session_of
from federation.v1 import link_pb2
from node.domain.registry import SetNodeStatus
from node.storage import schema
from node.storage.database import instant, micros
from tests.federation.levels import WALL, Place, connect, enrol, serve, settle, until
from tests.federation.situations import (
    CITY,
    COUNTY,
    agree,
    alarms,
    told,
)


class TestRow21Certificates:
    """Its table is test_identity_matrix; here is what is no matter of a certificate, and what comes in time."""

    @pytest.fixture
    def port(self, county: Place, city: Place) -> Iterator[Server]:
        server = serve(city)
        yield server
        server.stop()

    def test_an_outage_is_told_apart_from_a_certificate(self, county: Place, city: Place, port: Server) -> None:
        address = f"127.0.0.1:{port.port}"
        port.stop()
        _dial(county, city, address)

        _try(county, 6)

        assert {"away": "amber"} == alarms(county)

    @pytest.mark.parametrize(
        ("days", "expected"), [(31, {}), (30, {"uplink_ends": "amber"}), (0, {"uplink_ends": "amber"}), (-1, {"uplink_expired": "red"})]
    )
    def test_the_end_of_a_certificate_is_seen_coming(self, county: Place, days: int, expected: dict[str, str]) -> None:
        assert expected == alarms(county, certificate_days={"uplink": days, "authority": 7_000})

    @pytest.mark.parametrize(
        ("days_left", "expected"),
        [
            (31.0, {"silent_below": "amber"}),
            (30.9, {"silent_below": "amber", "certificate_ends_below": "amber"}),
            (0.0, {"silent_below": "amber", "certificate_ends_below": "amber"}),
            (-0.1, {"certificate_ended_below": "red"}),
        ],
    )
    def test_the_superior_knows_when_its_subordinate_s_certificate_ends(
        self, county: Place, city: Place, days_left: float, expected: dict[str, str]
    ) -> None:
        """Red at both ends: who looks for an outage looks in the wrong place."""
        connect(county, city)
        settle(county, city)
        assert {} == alarms(city)

        assert expected == alarms(city, wall=instant(city.link(COUNTY).certificate_ends_at) - timedelta(days=days_left))

    def test_a_new_invitation_ends_what_the_superior_says_of_an_old_certificate(self, county: Place, city: Place) -> None:
        with city.level.store.database.write() as connection:
            connection.execute(update(schema.links).where(schema.links.c.peer == COUNTY).values(certificate_ends_at=micros(WALL) - 1))
        assert {"certificate_ended_below": "red"} == alarms(city)

        enrol(county, city)

        assert {} == alarms(city)

    def test_who_calls_with_a_former_certificate_is_no_outage_to_the_superior(self, county: Place, city: Place, port: Server) -> None:
        """As after its key directory was restored; what it says once it is taken ends it."""
        known = city.link(COUNTY).fingerprint
        _replaced(city, "0" * 64)
        _dial(county, city, f"127.0.0.1:{port.port}")

        _try(county, 2)
        until(lambda: bool(city.link(COUNTY).last_error))

        assert ({"unregistered": "red"}, {"unregistered_below": "red"}) == (alarms(county), alarms(city))
        _replaced(city, known)
        county.steady.later(USUAL.probe_seconds)
        _try(county, 2)
        assert ({}, {}) == (alarms(county), alarms(city))

    @pytest.mark.parametrize(
        ("values", "above", "below"),
        [
            ({"protocol_min": 7, "protocol_max": 9}, "protocol_below", "version_protocol"),
            ({"rehearsal": False}, "rehearsal_below", "version_rehearsal"),
        ],
    )
    def test_whose_program_does_not_fit_is_no_outage_to_the_superior(
        self, county: Place, city: Place, monkeypatch: pytest.MonkeyPatch, values: dict[str, Any], above: str, below: str
    ) -> None:
        wire = connect(county, city)
        monkeypatch.setattr(wire, "hello", _saying(wire.hello, values))

        settle(county, city)
        until(lambda: bool(city.link(COUNTY).last_error))

        assert ({below: "red"}, {above: "red"}) == (alarms(county), alarms(city))
        monkeypatch.undo()
        settle(county, city, seconds=USUAL.probe_seconds)
        assert ({}, {}) == (alarms(county), alarms(city))

    def test_who_is_suspended_while_connected_is_refused_on_the_next_call(self, county: Place, city: Place, port: Server) -> None:
        _dial(county, city, f"127.0.0.1:{port.port}")
        county.register()
        _try(county, 3)
        agree(county, city)
        city.hands.act("operator", SetNodeStatus(COUNTY, "suspended"))
        county.register()

        _try(county, 2)

        assert ({"suspended": "red"}, "suspended_below") == (alarms(county), *[code for code in told(city) if "suspended" in code])
        assert county.contents(COUNTY) != city.contents(COUNTY)


# --- given ------------------------------------------------------------------------------------------------------------


def _replaced(city: Place, fingerprint: str) -> None:
    """The certificate that the city issued last to the county is this one."""
    with city.level.store.database.write() as connection:
        connection.execute(update(schema.links).where(schema.links.c.peer == COUNTY).values(fingerprint=fingerprint))


def _saying(
    hello: Callable[[link_pb2.HelloRequest], link_pb2.HelloResponse], values: dict[str, Any]
) -> Callable[..., link_pb2.HelloResponse]:
    """A greeting as another program would say it."""

    def call(request: link_pb2.HelloRequest) -> link_pb2.HelloResponse:
        for field, value in values.items():
            setattr(request, field, value)
        return hello(request)

    return call


def _dial(county: Place, city: Place, address: str, *, days: int = 0) -> Session:
    """A session over the real port."""
    wall = WALL + timedelta(days=days)
    ends = {lane: Superior(address, county.files.uplink, COUNTY, CITY, lambda: wall, probe_identity) for lane in Lane}
    county.session = session_of(
        county.level,
        CITY,
        ends,
        b"0123456789abcdef",
        pace=REHEARSAL,
        hello_every=timedelta(seconds=50),
        now=county.steady,
        sleep=lambda _seconds: None,
    )
    return county.session


def _try(county: Place, times: int) -> None:
    """As often as the link would by itself, one attempt after the other's wait."""
    assert county.session is not None
    for _ in range(times):
        while county.session.step(Lane.UP):
            pass
        county.steady.later(2)
