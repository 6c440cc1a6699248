"""A small provider of identities on loopback: discovery, keys, codes with PKCE, signed ID tokens; it lies where a test says so."""

import base64
import hashlib
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "qyzj-520402", "a-secret-of-a-test"
REDIRECT = "http://testserver/login/oidc/back"


@dataclass
class IdentityProvider:
    """
    Signs *subject* in without asking.  What a test sets is said instead of the truth: ``claims`` in the ID token, ``lying_key`` under it,
    ``tamper`` changes the token after it was signed.
    """

    now: datetime
    subject: str = "u-1001"
    claims: dict[str, Any] = field(default_factory=dict)
    lying_key: RSAKey | None = None
    algorithm: str = "RS256"
    tamper: bool = False
    said: dict[str, Any] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"}))
    issuer: str = ""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "id_token_signing_alg_values_supported": ["RS256", "HS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            **self.said,
        }

    def authorize(self, asked: dict[str, str]) -> str:
        """Where the browser is sent back to."""
        assert ("code", "S256") == (asked["response_type"], asked["code_challenge_method"])
        assert (CLIENT, REDIRECT) == (asked["client_id"], asked["redirect_uri"])
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        return f"{REDIRECT}?{urlencode({'code': code, 'state': asked['state']})}"

    def token(self, sent: dict[str, str], authorization: str) -> dict[str, Any] | None:
        """The answer to *sent*; None: a code that is unknown, used, or asked for by somebody else."""
        asked = self.codes.pop(sent["code"], None)
        shown = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(sent["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        if asked is None or authorization != f"Basic {shown}" or challenge != asked["code_challenge"]:
            return None
        at = int(self.now.timestamp())
        claims = {"iss": self.issuer, "sub": self.subject, "aud": CLIENT, "iat": at, "exp": at + 300, "nonce": asked["nonce"]}
        claims = {name: value for name, value in {**claims, **self.claims}.items() if value is not None}
        signed = jwt.encode({"alg": self.algorithm, "kid": "k1"}, claims, self.lying_key or self.key, algorithms=[self.algorithm])
        if self.tamper:
            head, body, signature = signed.split(".")
            changed = json.loads(base64.urlsafe_b64decode(body + "=="))
            changed["sub"] = "u-other"
            signed = ".".join((head, base64.urlsafe_b64encode(json.dumps(changed).encode()).rstrip(b"=").decode(), signature))
        return {"access_token": "nothing-behind-it", "token_type": "Bearer", "id_token": signed}


@contextmanager
def listening(provider: IdentityProvider) -> Iterator[IdentityProvider]:
    """Serve *provider* on loopback; it knows its address from then on."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path == "/authorize":
                self.send_response(303)
                self.send_header("Location", provider.authorize(dict(parse_qsl(parts.query))))
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            known = {"/.well-known/openid-configuration": provider.discovery(), "/keys": {"keys": [provider.key.as_dict(private=False)]}}
            self.answer(known.get(parts.path))

        def do_POST(self) -> None:
            sent = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
            self.answer(provider.token(sent, self.headers.get("Authorization", "")))

        def answer(self, body: dict[str, Any] | None) -> None:
            content = json.dumps(body if body is not None else {"error": "invalid_grant"}).encode()
            self.send_response(200 if body is not None else 400)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
