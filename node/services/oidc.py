"""
The provider of identities that an operator named: OpenID Connect, authorization code with PKCE.

It says who somebody is and, in words that the operator listed, how well that was shown; accounts, roles and sessions are this node's
own.  Its signature is checked by what it publishes itself (``oidc_tokens``), and nothing is sent to, or believed from, an address that
is not TLS or this very machine.
"""

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.message import Message
from typing import IO, Any

import structlog

from node import config
from node.domain.refusal import Code, Refusal
from node.services.oidc_flows import Flow
from node.services.oidc_subjects import Identity

log = structlog.get_logger()

seconds_max = 5
answer_bytes_max = 1024 * 1024
discovery_minutes = 10
# Asked of nobody who is not signed in.
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


def provider_of(given: config.Settings) -> "Provider | None":
    """
    The provider that the settings name; None if they name none.

    Raises:
        Refusal: EXTRA_MISSING, if what it needs is not installed; SETTING_REFUSED, for a secret that cannot be read.
    """
    if not given.oidc_issuer:
        return None
    try:
        import node.services.oidc_tokens  # noqa: F401  # asked here, so that a node says so when it starts
    except ImportError:
        raise Refusal(Code.EXTRA_MISSING, setting="oidc_issuer", extra="oidc") from None
    secret = ""
    if given.oidc_secret_file is not None:
        try:
            secret = given.oidc_secret_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise Refusal(Code.SETTING_REFUSED, setting="oidc_secret_file", fault=type(error).__name__) from None
    return Provider(given, secret)


class Provider:
    """The provider of *given*, to which this node shows *secret*; empty for a client without one, whom PKCE alone protects."""

    def __init__(self, given: config.Settings, secret: str) -> None:
        self.issuer = given.oidc_issuer
        self.name = given.oidc_name
        self._client = given.oidc_client
        self._secret = secret
        self._scopes = given.oidc_scopes
        self._acr = given.oidc_acr.split()
        self._amr = given.oidc_amr.split()
        self._lock = threading.Lock()
        self._known: tuple[datetime, Mapping[str, Any]] | None = None

    def address(self, flow: Flow, redirect: str, now: datetime) -> str:
        """
        Where a browser is sent to be asked who it is; it comes back to *redirect*.

        Raises:
            Refusal: OIDC_AWAY.
        """
        from node.services import oidc_tokens

        known = self._discovered(now)
        asked = {"acr_values": " ".join(self._acr) or None}
        return oidc_tokens.address(known["authorization_endpoint"], self._client, self._scopes, redirect, flow, asked)

    def identity(self, code: str, said_issuer: str, flow: Flow, redirect: str, now: datetime) -> Identity:
        """
        Who came back with *code*.  *said_issuer* is what stands in the address beside it (RFC 9207), empty if nothing does.

        Raises:
            Refusal: OIDC_AWAY; OIDC_REFUSED, if anything about the answer is not as it must be.
        """
        from node.services import oidc_tokens

        known = self._discovered(now)
        must_say = known.get("authorization_response_iss_parameter_supported") is True
        if said_issuer != self.issuer and (said_issuer or must_say):
            raise self._refused("issuer")
        request = oidc_tokens.exchange(known, self._client, self._secret, code, flow, redirect)
        answer = self._fetch(*request)
        try:
            claims = oidc_tokens.claims(answer, self._fetch(known["jwks_uri"]), known, self._client, flow.nonce, now)
        except oidc_tokens.FAULTS as fault:
            raise self._refused(type(fault).__name__) from None
        is_strong = claims.get("acr") in self._acr or any(one in self._amr for one in claims.get("amr") or ())
        return Identity(self.issuer, claims["sub"], is_strong)

    def _discovered(self, now: datetime) -> Mapping[str, Any]:
        """What the provider publishes about itself, asked for anew after ``discovery_minutes``."""
        with self._lock:
            if self._known is not None and timedelta() <= now - self._known[0] < timedelta(minutes=discovery_minutes):
                return self._known[1]
            found = self._fetch(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
            if found.get("issuer") != self.issuer:
                raise self._refused("discovery_issuer")
            wrong = next((name for name in _ENDPOINTS if not config.is_private_url(str(found.get(name, "")))), None)
            if wrong is not None:
                raise self._refused(wrong)
            self._known = (now, found)
            return found

    def _fetch(self, url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Mapping[str, Any]:
        """What *url* answers, JSON; a body is posted."""
        request = urllib.request.Request(url, body, {"Accept": "application/json", **(headers or {})})
        try:
            with urllib.request.build_opener(_NoWayOn).open(request, timeout=seconds_max) as answer:
                found = json.loads(answer.read(answer_bytes_max))
        except urllib.error.HTTPError as error:
            if 400 <= error.code < 500 and body is not None:
                raise self._refused("code") from None
            raise self._away(f"HTTP {error.code}") from None
        except (OSError, ValueError) as error:
            raise self._away(type(error).__name__) from None
        if not isinstance(found, dict):
            raise self._away("no object")
        return found

    def _refused(self, why: str) -> Refusal:
        log.warning("identity_refused", issuer=self.issuer, error=why)
        return Refusal(Code.OIDC_REFUSED)

    def _away(self, why: str) -> Refusal:
        log.warning("identity_provider_away", issuer=self.issuer, error=why)
        return Refusal(Code.OIDC_AWAY)


class _NoWayOn(urllib.request.HTTPRedirectHandler):
    """A code and a secret meant for one address go to no other."""

    def redirect_request(self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str) -> None:
        raise urllib.error.HTTPError(req.full_url, code, msg, headers, fp)
