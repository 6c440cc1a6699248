"""The first day: from an empty node to the first dispatched ticket, each lack with its consequence."""

import html
import re
from datetime import timedelta
from pathlib import Path

import pytest

from node.domain import registry as g
from node.domain.payload import Contact
from node.services.backup import LAST, last_backup_at
from node.services.first_day import first_day, still_needed
from node.services.registry import NODE_ACTOR
from node.texts.catalogue import LANGS, Lang
from tests.clauses.given import COUNTY, HOUSING, beijing, dispatched, registered
from tests.support.node import Hands, make_node
from tests.web.api import Caller
from tests.web.support import at_desk


@pytest.fixture
def hands(tmp_path: Path) -> Hands:
    return make_node(tmp_path, now=beijing("2026-01-26 09:00"))


def missing(hands: Hands) -> set[str]:
    """The codes of what is not there."""
    return {step.code for step in first_day(hands.node).missing}


def needed(hands: Hands) -> set[str]:
    """What is needed and not there, as Today has it, too; second factors are the accounts' own matter."""
    found = {step.code for step in first_day(hands.node).missing if step.is_needed}
    with hands.node.store.read() as view:
        assert found == {step.code for step in still_needed(hands.node, view)}
    return found - {"second_factor"}


class TestFirstDay:
    """Each step is done once what it asks for is there."""

    def test_from_an_empty_node_to_the_first_dispatched_ticket(self, hands: Hands) -> None:
        assert {"units", "staff_to_come", "first_ticket", "first_dispatch"} == needed(hands)
        hands.act("node", g.OpenUnit("housing", "住房和城乡建设局"), COUNTY, account=NODE_ACTOR.account)
        assert {"staff", "first_ticket", "first_dispatch"} == needed(hands)
        hands.act("node", g.OpenAccount("d-housing", ("department",), HOUSING), COUNTY, account=NODE_ACTOR.account)
        assert {"first_ticket", "first_dispatch"} == needed(hands)
        registered(hands)
        assert {"first_dispatch"} == needed(hands)
        dispatched(hands)
        assert set() == needed(hands)

    def test_what_is_missing_is_said_with_its_own_consequence(self, hands: Hands) -> None:
        """A node that dispatches and times is not told that it cannot, because administrators lack a one-time code."""
        fresh = at_desk(hands, "centre").get("/").text
        hands.staff("housing")
        dispatched(hands)
        today, steps = (at_desk(hands, "centre").get(path).text for path in ("/", "/first-day"))

        assert "没有承办单位，诉求无处可派" in fresh and "还差1项必办" in today
        assert "三类管理员启用动态口令或证书" in today and "口令一旦泄露" in today
        assert "办完即可派出" not in steps and "不能正常派单" not in today

    @pytest.mark.parametrize("lang", LANGS)
    def test_another_system_is_told_the_same(self, hands: Hands, lang: Lang) -> None:
        """Each step with its state; of what is missing what follows and how it is done, in the words of the page."""
        office = Caller(hands, "centre", "office")
        page = html.unescape(at_desk(hands, "centre", lang=lang).get("/first-day").text)
        steps, found = first_day(hands.node).steps, office.get("/first-day", headers={"Accept-Language": lang}).json()
        without = [(one["name"], one["lack"], one["how"]) for one in found["steps"] if not one["is_done"]]

        assert [(one.code, one.is_done, one.is_needed, one.path) for one in steps] == [
            (one["code"], one["is_done"], one["is_needed"], one["page"]) for one in found["steps"]
        ]
        assert without and [] == [said for words in without for said in words if not said or said not in page]
        assert {("", "")} == {(one["lack"], one["how"]) for one in found["steps"] if one["is_done"]}
        assert (False, False) == (found["is_complete"], found["is_at_work"])

    def test_a_member_unit_is_opened_by_what_the_pack_knows_of_it(self, hands: Hands) -> None:
        """AS25-1.1c: nobody can guess its code; the form has it, and the next one follows."""
        client = at_desk(hands, "centre")
        found = [step for step in first_day(hands.node).steps if step.code == "member_units"]
        form = client.get(found[0].path).text
        unit, name = (re.search(rf'name="{one}"[^>]*value="([^"]+)"', form) for one in ("unit", "name"))
        assert unit and name
        hands.act("node", g.OpenUnit(unit[1], name[1], "member"), COUNTY, account=NODE_ACTOR.account)
        (after,) = [step for step in first_day(hands.node).steps if step.code == "member_units"]

        assert (5, 4) == (found[0].facts["count"], after.facts["count"])
        assert name[1] in str(found[0].facts["names"]) and name[1] not in str(after.facts["names"])

    def test_whose_account_has_no_name_is_said_until_it_has_one(self, hands: Hands) -> None:
        """The first four have none; what they do shows no person."""
        (step,) = [step for step in first_day(hands.node).steps if step.code == "account_names"]
        assert (False, {"names": "audit、centre、operator、security"}) == (step.is_done, step.facts)

        for account, role in (("centre", "office"), ("audit", "audit_admin"), ("operator", "operator"), ("security", "security_admin")):
            roles = ("office", "window_clerk") if account == "centre" else (role,)
            named = g.OpenAccount(account, roles, f"{COUNTY}-centre", Contact(f"{role}某"), is_named_anew=True)
            hands.act("node", named, COUNTY, account=NODE_ACTOR.account)

        assert "account_names" not in missing(hands)

    def test_a_year_without_its_calendar_is_missing_and_the_next_one_from_december(self, hands: Hands) -> None:
        assert not {"calendar", "next_calendar"} & missing(hands)
        assert "next_calendar" in missing(hands.at(beijing("2026-12-01 09:00")))
        assert "calendar" in needed(hands.at(beijing("2031-01-05 09:00")))

    def test_a_backup_counts_for_a_week(self, hands: Hands) -> None:
        assert "backup" in missing(hands)
        made = hands.node.wall()
        (hands.node.data_dir / LAST).write_text(made.isoformat())
        assert made == last_backup_at(hands.node.data_dir)
        assert "backup" not in missing(hands)
        (hands.node.data_dir / LAST).write_text((made - timedelta(days=8)).isoformat())
        assert "backup" in missing(hands)

    @pytest.mark.parametrize("lang", LANGS)
    def test_every_lack_is_told_with_its_consequence_and_what_to_do(self, hands: Hands, lang: Lang) -> None:
        shown = at_desk(hands, "centre", lang=lang).get("/first-day")

        assert 200 == shown.status_code
        assert len(missing(hands)) == shown.text.count('<li class="needed">') + shown.text.count('<li class="wanted">')
        assert f'href="/node/{COUNTY}/do/open-unit?back=/first-day"' in shown.text
        assert "{" not in shown.text.partition("<main")[2]

    def test_a_department_has_no_part_in_it(self, hands: Hands) -> None:
        hands.staff("housing")

        assert 403 == at_desk(hands, "d-housing").get("/first-day").status_code
