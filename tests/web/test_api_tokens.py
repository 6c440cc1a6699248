"""Tokens: of an account, with scopes and an end; shown once, kept so that nobody can use what is kept."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from node.domain.accounts import TokenMade, TokenRevoked
from node.domain.entry import Actor, Subject
from node.domain.refusal import Code, Refusal
from node.domain.registry import CloseAccount, OpenAccount, unit_code
from node.domain.ticket.dispatching import Dispatch
from node.domain.ticket.forming import Form
from node.domain.time import local_day
from node.services import tokens
from node.storage import schema
from node.storage.database import micros
from node.web.api.query_list import all_queries
from tests.clauses.after_given import a_node, complete, resign
from tests.clauses.given import HOUSING
from tests.support.node import Hands, make_node
from tests.web.api import Caller, a_need
from tests.web.support import at_desk


@pytest.fixture(scope="module")
def hands(tmp_path_factory: pytest.TempPathFactory) -> Hands:
    made = make_node(tmp_path_factory.mktemp("tokens") / "node")
    made.staff("housing", "water")
    return made


class TestToken:
    """Who shows a token is its account, as long as it holds."""

    @pytest.mark.parametrize(
        "said",
        ["", "x", "qyzj", "qyzj..", "qyzj.abc.def", "qyzj.\u4f60.x", "QYZJ.a.b", "." * 50],
    )
    def test_what_never_was_a_token_opens_nothing(self, hands: Hands, said: str):
        """401, with nothing said of what was wrong."""
        caller = Caller(hands, "centre")

        answer = caller.client.get("/api/v1/node", headers={"Authorization": b"Bearer " + said.encode()})

        assert (401, "UNAUTHENTICATED", "Bearer") == (answer.status_code, answer.json()["code"], answer.headers["www-authenticate"])

    def test_an_id_with_another_secret_opens_nothing(self, hands: Hands):
        """Also the secret of another token."""
        one, other = Caller(hands, "centre"), Caller(hands, "centre")
        mixed = f"{tokens.PREFIX}.{one.token.id}.{other.secret.rpartition('.')[2]}"

        assert 401 == one.client.get("/api/v1/node", headers={"Authorization": f"Bearer {mixed}"}).status_code

    def test_a_password_is_no_token(self, hands: Hands):
        """Basic and others are not tried; nor does a cookie help who shows a wrong token."""
        assert 401 == Caller(hands, "centre").client.get("/api/v1/node", headers={"Authorization": "Basic eDp5"}).status_code

    def test_a_token_ends(self, hands: Hands):
        """On its day; and at once when it is revoked."""
        expired, revoked = Caller(hands, "centre", days=1), Caller(hands, "centre")
        before = [one.get("/node").status_code for one in (expired, revoked)]
        with hands.node.store.write() as work:
            table, past = schema.tokens, hands.node.wall() - timedelta(seconds=1)
            work.connection.execute(update(table).where(table.c.id == expired.token.id).values(expires_at=micros(past)))
            tokens.revoke(work, revoked.token.id, hands.node.wall(), now=hands.node.now())

        assert [200, 200] == before
        assert [401, 401] == [one.get("/node").status_code for one in (expired, revoked)]

    def test_with_the_account_its_tokens_end(self, hands: Hands):
        """A closed account acts through no entrance."""
        hands.act("office", OpenAccount("leaver", ("department",), unit_code("520402", "water")), "520402")
        caller = Caller(hands, "leaver")
        before = caller.get("/node").status_code
        hands.act("office", CloseAccount("leaver"), "520402")

        assert (200, 401) == (before, caller.get("/node").status_code)

    def test_what_is_kept_opens_nothing(self, hands: Hands):
        """Neither the secret nor anything that it can be made of."""
        caller = Caller(hands, "centre")
        with hands.node.store.read() as view:
            row = view.connection.execute(select(schema.tokens).where(schema.tokens.c.id == caller.token.id)).one()

        kept = {value if isinstance(value, bytes) else str(value).encode() for value in row}
        assert not any(caller.secret.rpartition(".")[2].encode() in value for value in kept)

    def test_who_made_it_and_who_ended_it_stands_in_the_journal(self, tmp_path: Path):
        """AS25-3.2.1a: every change of accounts is logged; of the secret, and of the name that people gave it, nothing is."""
        made = make_node(tmp_path / "node")
        node, security = made.node, Actor("security", "security_admin", unit_code("520402", "centre"))
        with node.store.write() as work:
            token, said = tokens.make_token(
                work, "centre", "12345 热线", ("read", "register"), 30, node.wall(), "office", by=security, now=node.now()
            )
        for _ in range(2):
            with node.store.write() as work:
                tokens.revoke(work, token.id, node.wall(), by=security, now=node.now())
        with node.store.read() as view:
            stored = [one for one in view.journal.of_subject(Subject("node", node.code)) if one.header.kind.startswith("Token")]
        page = at_desk(made, "audit").get("/registers/audit", params={"about": "registry"}).text

        last_day = local_day(token.expires_at)
        assert [
            ("security", TokenMade("centre", token.id, "office", ("read", "register"), last_day)),
            ("security", TokenRevoked("centre", token.id)),
        ] == [(one.header.actor.account, one.content.event) for one in stored]
        assert not any(word in repr(one.content) for one in stored for word in (said.rpartition(".")[2], "12345"))
        assert "生成接口令牌" in page and "撤销接口令牌" in page

    def test_a_node_that_is_held_makes_none_and_ends_what_was_stolen(self, hands: Hands):
        """It enters nothing; a token that somebody else has does not wait for that."""
        stolen = Caller(hands, "centre")
        with hands.node.store.write() as work:
            work.head.held = "forked"
        try:
            with pytest.raises(Refusal) as refused, hands.node.store.write() as work:
                tokens.make_token(work, "centre", "x", ("read",), 1, hands.node.wall(), now=hands.node.now())
            with hands.node.store.write() as work:
                size = work.head.taken
                tokens.revoke(work, stolen.token.id, hands.node.wall(), now=hands.node.now())
                assert size == work.head.taken
        finally:
            with hands.node.store.write() as work:
                work.head.held = ""

        assert (Code.NODE_HELD, 401) == (refused.value.code, stolen.get("/node").status_code)

    def test_its_last_use_is_shown(self, hands: Hands):
        """To the minute: an unused one can be ended."""
        caller = Caller(hands, "centre")
        caller.get("/node")
        with hands.node.store.read() as view:
            used = {one.id: one.used_at for one in tokens.listed(view, "centre")}[caller.token.id]

        assert used is not None and hands.node.wall() - used < timedelta(minutes=1)

    @pytest.mark.parametrize("query", sorted({one.scope for one in all_queries()}))
    def test_a_scope_opens_its_query_and_no_other(self, hands: Hands, query: str):
        """`read` opens all; the name of one opens that one."""
        assert query in tokens.QUERIES
        asked = {"lookup": "/lookup?said=王五", "tallies": "/tallies/channel", "progress": "/progress/1?code=x"}
        path = (asked | {"what-if": "/what-if?key=limit.sign&value=1%20workdays"}).get(query, f"/{query}")
        own, other = Caller(hands, "centre", scopes=(query,)), Caller(hands, "centre", scopes=("register",))

        # The code of the receipt is none; the audit is for auditors.
        assert (403 if query in ("progress", "audit") else 200) == own.get(path).status_code
        assert (403, query) == ((answer := other.get(path)).status_code, answer.json()["facts"]["command"])


@pytest.mark.clause("FJ25-2.4.4a")
def test_an_enterprise_files_follows_and_evaluates_by_its_token_alone(tmp_path: Path):
    """All three calls succeed; the ticket of another enterprise is refused with 403, to be read and to be evaluated."""
    county = a_node(tmp_path, "fengjie-2025")
    for name in ("firm", "rival"):
        county.act("office", OpenAccount(name, ("enterprise",)), county.node.code)
    firm, rival = (Caller(county, name, scopes=("register", "evaluate", "tickets")) for name in ("firm", "rival"))

    filed = firm.post("/tickets", a_need(channel="website", category="infrastructure", received_at="2026-03-02T08:30:00+08:00"))
    ticket = filed.json()["subject"]["id"]
    _handled_by_the_county(county, ticket)
    read = firm.get(f"/tickets/{ticket}")
    others = [rival.get(f"/tickets/{ticket}"), rival.post(f"/tickets/{ticket}/evaluate", {"value": "dissatisfied"})]
    voted = firm.post(f"/tickets/{ticket}/evaluate", {"value": "satisfied"})

    assert (201, 200, "completed", 200) == (filed.status_code, read.status_code, read.json()["ticket"]["state"], voted.status_code)
    assert [403, 403] == [one.status_code for one in others]
    assert ["Evaluated"] == [one["kind"] for one in voted.json()["entries"]][:1]
    assert [] == rival.get("/tickets").json()["tickets"]
    # What offices write to one another is not for him: only the papers that are meant for the appellant.
    assert {"FeedbackGiven", "Completed"} == {one["kind"] for one in read.json()["timeline"]}


def _handled_by_the_county(county: Hands, ticket: str) -> None:
    county.act("office", Form("infrastructure", "general"), ticket)
    county.act("office", Dispatch(HOUSING), ticket)
    resign(county, "fengjie-2025", ticket)
    complete(county, "fengjie-2025", ticket)
