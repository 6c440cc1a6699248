"""Accounts after they were opened: suspended, resumed, stood in for; and what the journal says of it."""

from datetime import UTC, date, datetime

import pytest

from node.domain import accounts as a
from node.domain import registry as g
from node.domain.entry import Subject
from node.domain.payload import Contact, Text
from node.domain.refusal import Code, Refusal
from node.domain.ticket.extension import DecideExtension, RequestExtension
from node.domain.ticket.handling import RecordProgress
from node.domain.ticket.proxy_decision import RecordDecisionFor
from node.services.acting import act
from tests.clauses.given import COUNTY, HOUSING, a_county, handled, refuses
from tests.support.node import Hands

# Where the clock of ``handled`` comes to rest.
TODAY, FRIDAY = date(2026, 2, 13), date(2026, 2, 20)


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Hands:
    made = a_county(tmp_path_factory.mktemp("deputies"))
    for account, roles, unit in (
        ("wang", ("department",), HOUSING),
        ("chief", ("department_leader",), HOUSING),
        ("mayor", ("leader",), f"{COUNTY}-centre"),
        ("scribe", ("tracker",), f"{COUNTY}-centre"),
    ):
        act(made.node, "centre", g.OpenAccount(account, roles, unit))
    return made.at(datetime(2026, 2, 13, 2, tzinfo=UTC))


def entries(county: Hands, kind: str) -> list[tuple[str, str, object]]:
    """Who wrote entries of *kind*, in which role, and what they say."""
    with county.node.store.read() as view:
        found = [one for one in view.journal.of_subject(Subject("node", COUNTY)) if one.header.kind == kind]
    return [(one.header.actor.account, one.header.actor.role, one.folded.event) for one in found]


class TestSuspended:
    """AS25-3.2.1a: the centre suspends and resumes, at once, and the log says who did."""

    @pytest.mark.clause("AS25-3.2.1a")
    def test_a_suspended_account_acts_no_more_until_it_is_resumed(self, county: Hands) -> None:
        ticket = handled(county)
        act(county.node, "centre", a.SuspendAccount("d-housing"))
        with refuses(Code.UNAUTHENTICATED, account="d-housing"):
            act(county.node, "d-housing", RecordProgress(Text("已到现场")), ticket=ticket)
        with refuses(Code.PERMISSION_DENIED, role="department"):
            act(county.node, "d-water", a.ResumeAccount("d-housing"))
        act(county.node, "centre", a.ResumeAccount("d-housing"))
        act(county.node, "d-housing", RecordProgress(Text("已到现场")), ticket=ticket)

        assert [("centre", "office", a.AccountSuspended("d-housing"))] == entries(county, "AccountSuspended")
        assert [("centre", "office", a.AccountResumed("d-housing"))] == entries(county, "AccountResumed")

    @pytest.mark.parametrize(
        ("who", "command", "code"),
        [
            ("centre", a.SuspendAccount("operator"), Code.PERMISSION_DENIED),
            ("centre", g.CloseAccount("security"), Code.PERMISSION_DENIED),
            ("centre", a.ResetCredentials("audit", "password"), Code.PERMISSION_DENIED),
            ("security", a.SuspendAccount("security"), Code.OWN_CASE),
            ("security", g.CloseAccount("security"), Code.OWN_CASE),
            ("centre", a.SuspendAccount("centre"), Code.OWN_CASE),
            ("centre", a.SuspendAccount("nobody"), Code.ACCOUNT_UNKNOWN),
            ("centre", a.ResetCredentials("wang", "face"), Code.VALUE_NOT_OFFERED),
            ("wang", a.SuspendAccount("d-housing"), Code.PERMISSION_DENIED),
            ("operator", a.SuspendAccount("wang"), Code.PERMISSION_DENIED),
            ("audit", a.SuspendAccount("wang"), Code.PERMISSION_DENIED),
        ],
    )
    def test_administrators_are_the_security_administrators_and_nobody_is_his_own(
        self, county: Hands, who: str, command: g.NodeCommand, code: Code
    ) -> None:
        with pytest.raises(Refusal) as raised:
            act(county.node, who, command)

        assert code is raised.value.code

    def test_what_was_closed_is_opened_anew_and_not_resumed(self, county: Hands) -> None:
        act(county.node, "centre", g.OpenAccount("left", ("department",), HOUSING))
        act(county.node, "centre", g.CloseAccount("left"))

        with refuses(Code.ACCOUNT_CLOSED, account="left"):
            act(county.node, "centre", a.ResumeAccount("left"))


class TestDeputy:
    """Somebody is away: another acts in his place, and the entry says on whose behalf."""

    def test_the_entry_says_who_did_it_and_for_whom(self, county: Hands) -> None:
        act(county.node, "chief", a.NameDeputy("chief", "wang", TODAY, FRIDAY))

        done = act(county.node, "wang", a.EndDeputy("chief", "wang"), behalf="chief")

        actor = done.entries[0].header.actor
        assert ("wang", "department_leader", HOUSING, "chief") == (actor.account, actor.role, actor.unit, actor.behalf)

    @pytest.mark.parametrize(
        ("who", "command", "code"),
        [
            ("wang", a.NameDeputy("chief", "wang", TODAY, FRIDAY), Code.PERMISSION_DENIED),
            ("chief", a.NameDeputy("chief", "chief", TODAY, FRIDAY), Code.DEPUTY_UNFIT),
            ("chief", a.NameDeputy("chief", "scribe", TODAY, FRIDAY), Code.DEPUTY_UNFIT),
            ("chief", a.NameDeputy("chief", "wang", TODAY, FRIDAY, "secretary"), Code.DEPUTY_UNFIT),
            ("centre", a.NameDeputy("wang", "operator", TODAY, FRIDAY), Code.DEPUTY_UNFIT),
            ("operator", a.NameDeputy("operator", "wang", TODAY, FRIDAY), Code.DEPUTY_UNFIT),
            ("chief", a.NameDeputy("chief", "nobody", TODAY, FRIDAY), Code.ACCOUNT_UNKNOWN),
            ("chief", a.NameDeputy("chief", "wang", FRIDAY, TODAY), Code.MALFORMED_COMMAND),
            ("chief", a.NameDeputy("chief", "wang", TODAY, date(2026, 5, 16)), Code.MALFORMED_COMMAND),
            ("chief", a.NameDeputy("chief", "wang", TODAY, FRIDAY, "friend"), Code.VALUE_NOT_OFFERED),
        ],
    )
    def test_who_may_be_one_and_who_names_him(self, county: Hands, who: str, command: g.NodeCommand, code: Code) -> None:
        with pytest.raises(Refusal) as raised:
            act(county.node, who, command)

        assert code is raised.value.code

    def test_it_ends_by_its_day_and_with_the_account(self, county: Hands) -> None:
        act(county.node, "chief", a.NameDeputy("wang", "d-housing", TODAY, TODAY))
        county.later(days=1)
        with refuses(Code.NOT_THE_DEPUTY, account="wang"):
            act(county.node, "d-housing", a.EndDeputy("wang", "d-housing"), behalf="wang")

        act(county.node, "wang", a.NameDeputy("wang", "d-housing", TODAY, FRIDAY))
        act(county.node, "centre", a.SuspendAccount("wang"))
        with refuses(Code.NOT_THE_DEPUTY, account="wang"):
            act(county.node, "d-housing", a.EndDeputy("wang", "d-housing"), behalf="wang")
        act(county.node, "centre", a.ResumeAccount("wang"))

    def test_nobody_acts_for_somebody_who_did_not_ask_him(self, county: Hands) -> None:
        with refuses(Code.NOT_THE_DEPUTY, account="chief"):
            act(county.node, "scribe", a.EndDeputy("chief", "scribe"), behalf="chief")


class TestSecretary:
    """DESIGN 10: a leader may name a secretary, who reads and records; the countersignature is the leader's own."""

    def test_he_records_what_stands_on_paper_and_countersigns_nothing(self, county: Hands) -> None:
        act(county.node, "mayor", a.NameDeputy("mayor", "scribe", county.now.date(), date(2026, 12, 31), "secretary"))
        ticket = handled(county)
        asked = RequestExtension(date(2026, 3, 20), "complex", Text("需专家论证"))
        act(county.node, "d-housing", asked, ticket=ticket)
        scan = county.node.blobs.put(b"scan")
        record = RecordDecisionFor(
            "extension", "granted", f"{COUNTY}-centre", Contact("王某"), county.now.date(), scan, Text("同意"), decider="leader"
        )

        with refuses(Code.PERMISSION_DENIED, role="secretary"):
            act(county.node, "scribe", DecideExtension(is_granted=True), ticket=ticket, behalf="mayor")
        with refuses(Code.PERMISSION_DENIED, role="leader"):
            act(county.node, "mayor", record, ticket=ticket)

        with pytest.raises(Refusal) as raised:
            act(county.node, "scribe", record, ticket=ticket, behalf="mayor")
        assert Code.VALUE_NOT_OFFERED is raised.value.code
