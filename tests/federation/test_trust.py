"""Who may call: the certificate says who, the registry whether, and any doubt closes the door (and test_identity_matrix)."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete

from federation.certificates import Credentials, create_authority, issue, new_key
from federation.trust import Trust
from node.domain.refusal import Code, Refusal
from node.domain.registry import SetNodeStatus
from node.storage import schema
from tests.federation.levels import WALL, Context, Place, enrol, make_place

COUNTY, CITY = "520402", "520400"


@pytest.fixture
def city(tmp_path: Path) -> Place:
    city = make_place(tmp_path, CITY, "anshun-2025")
    county = make_place(tmp_path, COUNTY)
    enrol(county, city)
    return city


def shown(city: Place) -> Credentials:
    """What the county shows."""
    return Credentials.read(city.hands.node.data_dir.parent / COUNTY / "keys" / "uplink.pem")


def refused(city: Place, credentials: Credentials, days: int = 0) -> tuple[Code, str]:
    trust = Trust(lambda: WALL + timedelta(days=days))
    with pytest.raises(Refusal) as caught, city.level.store.read() as view:
        trust.identify(view, Context(credentials).auth_context())
    return caught.value.code, caught.value.facts.get("fault", "")


def set_status(city: Place, status: str) -> None:
    city.hands.act("operator", SetNodeStatus(COUNTY, status))


def test_a_registered_node_is_let_in(city: Place) -> None:
    with city.level.store.read() as view:
        peer = Trust(lambda: WALL).identify(view, Context(shown(city)).auth_context())

    assert (COUNTY, False) == (peer.node, peer.is_forked)


def test_resuming_lets_it_in_again(city: Place) -> None:
    set_status(city, "suspended")
    set_status(city, "active")

    with city.level.store.read() as view:
        assert COUNTY == Trust(lambda: WALL).identify(view, Context(shown(city)).auth_context()).node


def test_a_node_that_nobody_registered_is_refused(city: Place) -> None:
    key = new_key()
    authority = city.files.authority(CITY, WALL)
    stranger = Credentials(issue(authority, key.public_key(), "520424", WALL, server=False), key, authority.certificate)

    assert (Code.NODE_NOT_REGISTERED, "") == refused(city, stranger)


@pytest.mark.parametrize("table", [schema.nodes, schema.links])
def test_an_empty_registry_lets_nobody_in(city: Place, table: object) -> None:
    """Fail closed: a lost row is no open door."""
    with city.level.store.database.write() as connection:
        connection.execute(delete(table))  # type: ignore[arg-type]

    assert (Code.NODE_NOT_REGISTERED, "") == refused(city, shown(city))


def test_a_name_that_is_not_of_our_form_is_refused(city: Place) -> None:
    authority = create_authority(CITY, WALL)
    foreign = Credentials(authority.certificate, authority.key, authority.certificate)

    assert Code.UNAUTHENTICATED == refused(city, foreign)[0]
