"""Pages and API for tests: a node, and clients that sit at its desks."""

from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from sqlalchemy import update

from node.services.logins import logins_of
from node.services.registry import actor_of
from node.storage import schema
from node.web.app import create_app
from node.web.desk import Desk, signed_in
from tests.support.node import Hands

csrf = "a-token-of-a-test"


def at_desk(
    hands: Hands, account: str, role: str = "", lang: str = "zh-CN", *, is_strong: bool = True, app: FastAPI | None = None
) -> TestClient:
    """
    A client that is signed in as *account*, in *role* or its first one; follows no redirect by itself.

    The session is a real one, begun without a password: what signing in itself does is tested where it stands (``test_sign_in``).
    Its token is *csrf*; the client sends it in a header too, so that a test need not put it into each form.
    *app*: one that is there already.
    """
    node, logins = hands.node, logins_of(hands.node)
    with node.store.read() as view:
        role = actor_of(view.connection, node.code, account, role).role
    now = node.wall()
    cookie, session = logins.begin(account, now, is_strong=is_strong, role=role)
    logins.set_lang(account, lang, now)
    table = schema.sessions
    with node.store.database.write() as connection:
        connection.execute(update(table).where(table.c.digest == session.digest).values(csrf=csrf))
    client = TestClient(app or create_app(node), follow_redirects=False, raise_server_exceptions=True, headers={"x-csrf-token": csrf})
    client.cookies.set("qyzj", cookie)
    return client


def desk_app(hands: Hands, account: str, role: str = "", lang: str = "zh-CN") -> FastAPI:
    """The pages and the API, with everybody who asks signed in as *account*."""
    app = create_app(hands.node)

    def desk(request: Request) -> Desk:
        with hands.node.store.read() as view:
            actor = actor_of(view.connection, hands.node.code, account, role)
            # A superior holds the accounts of its subtree, too.
            own = (hands.node.code, account)
            table = view.connection.exec_driver_sql("SELECT roles FROM accounts WHERE node = ? AND id = ?", own).scalar_one()
        found = Desk(hands.node, account, account, actor.unit, tuple(table.split(",")), actor.role, lang, csrf)  # type: ignore[arg-type]
        request.state.desk = found
        return found

    app.dependency_overrides[signed_in] = desk
    return app
