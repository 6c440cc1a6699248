"""A county with its city and province, enrolled with one another and not yet at work."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from federation.server import Server
from node.storage import schema
from tests.federation.levels import Place, enrol, make_place, serve
from tests.federation.moving import OTHER, Four
from tests.federation.reconciling import Call
from tests.federation.situations import CITY, COUNTY, PROVINCE


@pytest.fixture
def county(tmp_path: Path) -> Place:
    """It serves, and has no superior yet."""
    return make_place(tmp_path, COUNTY)


@pytest.fixture
def city_url(request: pytest.FixtureRequest) -> str:
    """Where the city keeps its data: QYZJ_TEST_CITY=postgresql has every pair played with a city on PostgreSQL."""
    if os.environ.get("QYZJ_TEST_CITY") != "postgresql":
        return ""
    url: str = request.getfixturevalue("postgres_database")()
    return url


@pytest.fixture
def city(tmp_path: Path, county: Place, city_url: str) -> Place:
    """The county is enrolled with it."""
    city = make_place(tmp_path, CITY, "anshun-2025", database_url=city_url)
    enrol(county, city)
    return city


@pytest.fixture
def province(tmp_path: Path, city: Place) -> Place:
    """The city is enrolled with it."""
    province = make_place(tmp_path, PROVINCE, "guizhou")
    enrol(city, province)
    return province


@pytest.fixture
def other(tmp_path: Path, province: Place) -> Place:
    """Another city below the same province."""
    other = make_place(tmp_path, OTHER, "anshun-2025")
    enrol(other, province)
    return other


@pytest.fixture
def four(county: Place, city: Place, other: Place, province: Place) -> Four:
    """The county, both cities and the province, at work."""
    return Four(county, city, other, province)


@pytest.fixture
def port(county: Place, city: Place) -> Iterator[Server]:
    """The city's port, where the county dials."""
    server = serve(city)
    with county.level.store.database.write() as connection:
        connection.execute(update(schema.links).where(schema.links.c.peer == CITY).values(address=f"127.0.0.1:{server.port}"))
    yield server
    server.stop()


@pytest.fixture
def qyzj(capsys: pytest.CaptureFixture[str]) -> Call:
    """The command, at a level."""
    return Call(capsys)
