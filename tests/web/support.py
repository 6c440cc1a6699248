"""Pages and API for tests: a node, and clients that sit at its desks."""

from fastapi import Request
from fastapi.testclient import TestClient

from node.services.registry import actor_of
from node.web.app import create_app
from node.web.desk import Desk, signed_in
from tests.support.node import Hands

csrf = "a-token-of-a-test"


def at_desk(hands: Hands, account: str, role: str = "", lang: str = "zh-CN") -> TestClient:
    """
    A client that is signed in as *account*, in *role* or its first one; sends and follows no redirect by itself.

    What signing in itself does is tested where it stands (``test_sign_in``); here the desk is given.
    """
    app = create_app(hands.node)

    def desk(request: Request) -> Desk:
        with hands.node.store.read() as view:
            actor = actor_of(view.connection, hands.node.code, account, role)
            table = view.connection.exec_driver_sql(
                "SELECT roles FROM accounts WHERE node = ? AND id = ?", (hands.node.code, account)
            ).scalar_one()
        found = Desk(hands.node, account, account, actor.unit, tuple(table.split(",")), actor.role, lang, csrf)  # type: ignore[arg-type]
        request.state.desk = found
        return found

    app.dependency_overrides[signed_in] = desk
    return TestClient(app, follow_redirects=False, raise_server_exceptions=True)
