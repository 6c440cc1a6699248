"""The verbs by which operators mend a link, at both ends."""

from pathlib import Path

from sqlalchemy import update

from federation.server import Server
from node.storage import schema
from tests.federation.levels import Place, connect, settle
from tests.federation.reconciling import Call
from tests.federation.situations import COUNTY, agree, alarms, back_up, held, restore, told


class TestVerbs:
    def test_operators_at_both_ends_mend_a_fork(self, county: Place, city: Place, port: Server, qyzj: Call, tmp_path: Path) -> None:
        """The status of each end says what to type there."""
        connect(county, city)
        settle(county, city)
        backup = back_up(county, tmp_path / "backup.db")
        county.register(appeal="first past")
        settle(county, city)
        restore(county, backup)
        county.register(appeal="second past")
        connect(county, city)
        settle(county, city)

        _, below = qyzj(county, "status")
        _, above = qyzj(city, "status")
        (down,) = [one for one in above["situations"] if one["colour"] == "red"]
        assert ("forked", "forked_below", 2) == (below["held"], down["code"], down["row"])
        assert f"qyzj link grant {COUNTY}" in down["sentence"] and "qyzj link rejoin" in below["situations"][0]["sentence"]
        refusal = qyzj(county, "link", "rejoin", "--reason", "旧备份")
        assert (2, "NOTHING_GRANTED") == (refusal[0], refusal[1]["refusal"]["code"])

        assert (0, {"node": COUNTY, "epoch": 2}) == qyzj(city, "link", "grant", COUNTY, "--reason", "旧备份")
        code, done = qyzj(county, "link", "rejoin", "--reason", "旧备份")

        assert (0, 2, 1) == (code, done["epoch"], len(done["aside"]))
        settle(county, city, seconds=51)
        agree(county, city)
        assert ("", {"renumbered": "amber"}) == (held(county), alarms(county))

    def test_a_clone_is_released_and_a_top_begins_anew(self, county: Place, city: Place, qyzj: Call) -> None:
        with city.level.store.database.write() as connection:
            connection.execute(update(schema.links).values(status="cloned"))

        assert (0, {"node": COUNTY, "released": True}) == qyzj(city, "link", "release", COUNTY)
        assert (0, {"node": COUNTY, "released": False}) == qyzj(city, "link", "release", COUNTY)
        assert (0, {"epoch": 2}) == qyzj(city, "link", "begin", "--reason", "换机")
        code, said = qyzj(county, "link", "begin", "--reason", "换机")
        assert (2, "NOTHING_GRANTED") == (code, said["refusal"]["code"])
        assert "epoch" in told(city)

    def test_a_reason_is_needed(self, city: Place, qyzj: Call) -> None:
        code, said = qyzj(city, "link", "grant", COUNTY, "--reason", "")

        assert (2, "FIELD_REQUIRED") == (code, said["refusal"]["code"])

    def test_a_superior_that_is_away_is_said_to_be(self, county: Place, city: Place, qyzj: Call) -> None:
        code, said = qyzj(county, "reconcile")

        assert (2, "PEER_AWAY") == (code, said["refusal"]["code"])
