"""`qyzj reconcile` at a superior, which cannot dial: it asks at the next greeting."""

import json

from sqlalchemy import update

from federation import reconciling
from federation.server import Server
from node.services import reconcile_wishes
from node.storage import schema
from tests.federation.levels import WALL, Place, connect, settle, until
from tests.federation.reconciling import Call, serving_at, tamper
from tests.federation.situations import CITY, COUNTY


class TestAskedFromAbove:
    """A superior cannot dial: `qyzj reconcile` keeps the wish, says it at the next greeting, and the result comes as it does at night."""

    def test_the_wish_waits_for_the_next_greeting_and_ends_with_the_conclusion(
        self, county: Place, city: Place, port: Server, qyzj: Call
    ) -> None:
        connect(county, city)
        settle(county, city)

        code, said = qyzj(city, "reconcile")

        (asked,) = said["asked"]
        assert (0, COUNTY, True, None, False) == (code, asked["peer"], bool(asked["asked_at"]), asked["compared_at"], asked["is_too_old"])
        assert not county.session.is_asked  # type: ignore[union-attr]
        assert "被要求核对" in qyzj.plain(city, "reconcile") and "被要求核对" in qyzj.plain(city, "status")
        assert asked["asked_at"] == qyzj(city, "reconcile")[1]["asked"][0]["asked_at"], "asked once, however often it is typed"
        for _ in range(2):
            settle(county, city, seconds=51)
            assert county.session.is_asked, "until it was done"  # type: ignore[union-attr]
        assert 0 == qyzj(county, "reconcile")[0]
        settle(county, city, seconds=51)
        assert not county.session.is_asked  # type: ignore[union-attr]
        assert [None] == [link["asked_at"] for link in qyzj(city, "status")[1]["links"]]
        assert "被要求核对" not in qyzj.plain(city, "status")
        assert qyzj(city, "reconcile")[1]["asked"][0]["compared_at"]

    def test_a_serving_node_carries_it_out_and_the_superior_sees_what_differs(self, county: Place, city: Place, qyzj: Call) -> None:
        number = county.register()
        connect(county, city)
        settle(county, city)
        wire = connect(county, city)
        reconciling.reconcile_with(county.level, CITY, wire)  # this night's is done at both
        with city.level.store.write() as work:
            reconciling.look(work, city.hands.now, WALL)
        tamper(city, COUNTY, county.position(COUNTY)[0])
        assert [0, 0] == [one["differences"] for one in qyzj(city, "status")[1]["reconciled"]]
        above = serving_at(city)
        above.start()
        with county.level.store.database.write() as connection:
            connection.execute(update(schema.links).where(schema.links.c.peer == CITY).values(address=f"127.0.0.1:{above.port}"))
        with city.level.store.write() as work:
            reconcile_wishes.ask(work, WALL)
        below = serving_at(county)
        below.start()
        try:
            until(lambda: city.link(COUNTY).asked_at is None)
        finally:
            below.stop()
            above.stop()
        newest = max((row for row in city.rows(schema.reconciliations) if row.peer == COUNTY), key=lambda row: row.at)
        assert (1, [number]) == (newest.differences, [one["subject"] for one in json.loads(newest.content)["differing"]])

    def test_an_older_program_is_not_asked_and_said_to_be_so(self, county: Place, city: Place, port: Server, qyzj: Call) -> None:
        connect(county, city)
        settle(county, city)
        with city.level.store.database.write() as connection:
            connection.execute(update(schema.links).where(schema.links.c.peer == COUNTY).values(features="fetch renew reconcile"))

        code, said = qyzj(city, "reconcile")

        assert (0, [(COUNTY, None, True)]) == (code, [(one["peer"], one["asked_at"], one["is_too_old"]) for one in said["asked"]])
        assert "程序较旧" in qyzj.plain(city, "reconcile")
        settle(county, city, seconds=51)
        assert "被要求核对" in qyzj.plain(city, "reconcile"), "upgraded, it greets and can be asked"

    def test_who_may_not_call_is_not_asked(self, county: Place, city: Place, port: Server, qyzj: Call) -> None:
        connect(county, city)
        settle(county, city)
        with city.level.store.database.write() as connection:
            connection.execute(update(schema.nodes).where(schema.nodes.c.code == COUNTY).values(status="suspended"))

        assert [] == qyzj(city, "reconcile")[1]["asked"]
        assert None is city.link(COUNTY).asked_at

    def test_the_wish_survives_a_restart_of_the_superior(self, county: Place, city: Place, port: Server, qyzj: Call) -> None:
        with city.level.store.write() as work:
            reconcile_wishes.ask(work, WALL)
        connect(county, city)

        settle(county, city)

        assert county.session.is_asked  # type: ignore[union-attr]
