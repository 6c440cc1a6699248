"""What the status says of a link and of damage: the right sentence for each cause, and in it whom to call or what to run, and where."""

import pytest
from sqlalchemy import update

from node.domain.refusal import Code
from node.services import reconcile
from node.services.reconcile import Reconciled
from node.services.situations import Situation, situations
from node.services.status import link_lines
from node.storage import schema
from node.texts.catalogue import LANGS, text
from tests.federation.levels import WALL, Place
from tests.federation.situations import CITY, COUNTY, alarms, heartbeat_seconds


def shown(place: Place, code: str) -> Situation:
    with place.level.store.read() as view:
        found = situations(view, link_lines(view, WALL, heartbeat_seconds), place.hands.now)
    return next(one for one in found if one.code == code)


def words(one: Situation) -> dict[str, str]:
    return {lang: text(f"situation.{one.code}", lang, **{**one.facts, "peer": one.peer}) for lang in LANGS}


def stopped(place: Place, reason: str, error: str = "") -> None:
    """The link upwards stands so."""
    with place.level.store.database.write() as connection:
        its = update(schema.links).where(schema.links.c.side == "superior")
        connection.execute(its.values(status=reason, last_error=error))


def compared(place: Place, peer: str) -> None:
    with place.level.store.write() as work:
        reconcile.keep(work, Reconciled(peer, WALL, 1, 10, 0, 2))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Code.PROTOCOL_UNSUPPORTED.name, "version_protocol"),
        (Code.REHEARSAL_MISMATCH.name, "version_rehearsal"),
        (Code.MALFORMED_ENTRY.name, "version"),
        ("UNIMPLEMENTED", "version"),
    ],
)
@pytest.mark.usefixtures("city")
def test_what_does_not_fit_waits_for_people_and_says_what_it_is(county: Place, error: str, code: str) -> None:
    """To upgrade helps against versions; against an end that is a rehearsal nothing but the right data directory does."""
    stopped(county, "version", error)

    assert {code: "red"} == alarms(county)


@pytest.mark.usefixtures("city")
def test_a_superior_that_writes_nothing_just_now_is_no_matter_of_versions(county: Place) -> None:
    """As it answers what is given back to it; it goes on by itself."""
    stopped(county, "held_above", Code.NODE_HELD.name)

    assert {"held_above": "amber"} == alarms(county)


@pytest.mark.parametrize("reason", ["fault", "oversized"])
@pytest.mark.usefixtures("city")
def test_what_stands_behind_an_entry_that_does_not_pass_waits_and_people_are_told(county: Place, reason: str) -> None:
    stopped(county, reason, "INTERNAL")

    assert {reason: "red"} == alarms(county)
    said = words(shown(county, reason))
    assert "排在其后的都在等待" in said["zh-CN"] and "all that stands behind it waits" in said["en"]


@pytest.mark.parametrize(
    ("reason", "act"),
    [
        ("denied", "qyzj node list"),
        ("suspended", f"qyzj node resume {COUNTY} --reason"),
        ("unregistered", f"qyzj invite {COUNTY} --name"),
        ("clone", f"qyzj link release {COUNTY}"),
    ],
)
@pytest.mark.usefixtures("city")
def test_a_refusal_names_what_the_superior_runs(county: Place, reason: str, act: str) -> None:
    stopped(county, reason, "UNAUTHENTICATED")

    assert all(act in said for said in words(shown(county, reason)).values())


def test_what_a_superior_found_with_one_below_is_looked_at_there(county: Place, city: Place) -> None:
    """`qyzj reconcile` compares upward: at the city it names no difference with the county."""
    compared(city, COUNTY)
    compared(city, CITY)
    compared(county, CITY)

    assert {"differs_below": "red", "differs_own": "red"} == alarms(city)
    assert {"differs": "red"} == alarms(county)
    said = words(shown(city, "differs_below"))
    assert f"run at {COUNTY}" in said["en"] and f"在下级 {COUNTY} 执行" in said["zh-CN"]


def test_a_database_older_than_its_guard_names_the_way_out(county: Place) -> None:
    """Where the superior has not got it either waiting brings nothing."""
    with county.level.store.write() as work:
        work.head.held = "guard"

    for said in words(shown(county, "held_guard")).values():
        for act in (f"qyzj link grant {COUNTY} --reason", "qyzj link rejoin --reason", "qyzj link begin --reason"):
            assert act in said


def test_a_fenced_copy_says_what_to_do_where_it_is_the_only_one_left(county: Place) -> None:
    """A node that was restored from before an epoch of its own is fenced, too, and there is no other copy to be waited for."""
    with county.level.store.write() as work:
        work.head.held = "fenced"

    for said in words(shown(county, "held_fenced")).values():
        for act in ("qyzj link rejoin --reason", "qyzj link begin --reason"):
            assert act in said
