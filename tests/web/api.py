"""The API for tests: a client with a token of an account."""

from collections.abc import Sequence
from typing import Any

from fastapi.testclient import TestClient

from node.services.tokens import make_token
from node.web.app import create_app
from tests.support.node import Hands

PREFIX = "/api/v1"


class Caller:
    """Another system that calls the API of a node with one token."""

    def __init__(self, hands: Hands, account: str, role: str = "", scopes: Sequence[str] = ("all",), days: int = 30) -> None:
        with hands.node.store.write() as work:
            self.token, self.secret = make_token(work, account, "a system", scopes, days, hands.node.wall(), role, now=hands.node.now())
        self.client = TestClient(
            create_app(hands.node), follow_redirects=False, headers={"Authorization": f"Bearer {self.secret}", "Accept-Language": "en"}
        )

    def get(self, path: str, **query: Any) -> Any:
        """The answer to a query."""
        headers = query.pop("headers", None)
        return self.client.get(PREFIX + path, params=query or None, headers=headers)

    def post(self, path: str, body: Any = None, *, key: str = "", seen: str = "") -> Any:
        """The answer to a command."""
        headers = {name: value for name, value in (("Idempotency-Key", key), ("If-Match", seen)) if value}
        return self.client.post(PREFIX + path, json=body if body is not None else {}, headers=headers)


def a_need(**more: Any) -> dict[str, Any]:
    """The body of a need as a caller's system would send it."""
    need = {
        "channel": "window",
        "appeal": "路面积水，货车进不来",
        "name": "王五",
        "phone": "13800000000",
        "received_at": "2026-01-26T08:50:00+08:00",
    }
    return need | more
