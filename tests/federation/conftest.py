"""A county with its city and province, enrolled with one another and not yet at work."""

from pathlib import Path

import pytest

from tests.federation.levels import Place, enrol, make_place
from tests.federation.situations import CITY, COUNTY, PROVINCE


@pytest.fixture
def county(tmp_path: Path) -> Place:
    """It serves, and has no superior yet."""
    return make_place(tmp_path, COUNTY)


@pytest.fixture
def city(tmp_path: Path, county: Place) -> Place:
    """The county is enrolled with it."""
    city = make_place(tmp_path, CITY, "anshun-2025")
    enrol(county, city)
    return city


@pytest.fixture
def province(tmp_path: Path, city: Place) -> Place:
    """The city is enrolled with it."""
    province = make_place(tmp_path, PROVINCE, "guizhou")
    enrol(city, province)
    return province
