"""
The way to the provider of identities and back: begun here, bound to one browser, ended once and within minutes.

The browser holds a secret, the address a state; nonce and PKCE verifier follow from both, and the database knows a digest of them only.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, select

from node.domain import login as rules_of
from node.domain.refusal import Code, Refusal
from node.storage import schema
from node.storage.database import Database, micros

# Whoever begins more ways than people do is told to wait; each ends by itself.
flows_max = 10_000


@dataclass(frozen=True)
class Flow:
    """One way there and back: ``secret`` is the browser's, ``state`` stands in the address."""

    secret: str
    state: str

    @property
    def nonce(self) -> str:
        """What the ID token must repeat."""
        return self._derived("nonce")

    @property
    def verifier(self) -> str:
        """What shows, where the code is changed for the token, that the same side asks that began (RFC 7636: 43 characters)."""
        return self._derived("verifier")

    @property
    def digest(self) -> bytes:
        """What is kept of it."""
        return hashlib.sha256(f"{self.secret}|{self.state}".encode()).digest()

    def _derived(self, purpose: str) -> str:
        made = hmac.digest(self.secret.encode(), f"{purpose}|{self.state}".encode(), "sha256")
        return base64.urlsafe_b64encode(made).rstrip(b"=").decode()


def begin(database: Database, secret: str, back: str, now: datetime) -> Flow:
    """
    Begin a way for the browser that holds *secret*; empty: it gets one.

    Raises:
        Refusal: SIGN_IN_LOCKED, if ``flows_max`` others are under way.
    """
    table = schema.sign_in_flows
    flow = Flow(secret or secrets.token_urlsafe(32), secrets.token_urlsafe(32))
    with database.write() as connection:
        connection.execute(delete(table).where(table.c.begun_at < micros(now - timedelta(minutes=rules_of.flow_minutes_max))))
        if connection.execute(select(func.count()).select_from(table)).scalar_one() >= flows_max:
            raise Refusal(Code.SIGN_IN_LOCKED, minutes=rules_of.flow_minutes_max)
        connection.execute(insert(table).values(digest=flow.digest, back=back, begun_at=micros(now)))
    return flow


def take(database: Database, secret: str, state: str, now: datetime) -> tuple[Flow, str]:
    """
    The way that comes back, and where its person wanted to go; it is over with that, whatever follows.

    Raises:
        Refusal: OIDC_REFUSED, if this browser began no such way, if it came back before, or too late.
    """
    table = schema.sign_in_flows
    flow = Flow(secret, state)
    oldest = micros(now - timedelta(minutes=rules_of.flow_minutes_max))
    with database.write() as connection:
        back = connection.execute(select(table.c.back).where(table.c.digest == flow.digest, table.c.begun_at > oldest)).scalar()
        ended = connection.execute(delete(table).where(table.c.digest == flow.digest)).rowcount
    if back is None or ended != 1:
        raise Refusal(Code.OIDC_REFUSED)
    return flow, back
