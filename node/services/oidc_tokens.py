"""What is said to a provider of identities, and what its ID token must say: by authlib, which comes with the extra ``oidc``."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, import_key
from joserfc.jws import JWSRegistry

from node.services.oidc_flows import Flow

# Two clocks that nobody set are seldom further apart.
leeway_seconds = 60
# Of key pairs only: a secret that both sides know would let this node sign for the provider.
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA")
FAULTS = (JoseError, ValueError, KeyError, TypeError)


def address(endpoint: str, client: str, scopes: str, redirect: str, flow: Flow, asked: Mapping[str, str | None]) -> str:
    """Where the browser goes: the endpoint with everything that is asked for."""
    challenge = create_s256_code_challenge(flow.verifier)
    made: str = prepare_grant_uri(
        endpoint,
        client,
        "code",
        redirect_uri=redirect,
        scope=scopes,
        state=flow.state,
        nonce=flow.nonce,
        code_challenge=challenge,
        code_challenge_method="S256",
        **asked,
    )
    return made


def exchange(known: Mapping[str, Any], client: str, secret: str, code: str, flow: Flow, redirect: str) -> tuple[str, bytes, dict[str, str]]:
    """Address, body and headers of the request that changes *code* for a token; the client shows itself as the provider takes it."""
    offered = known.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    ways = ("client_secret_basic", "client_secret_post") if secret else ("none",)
    way = next((one for one in ways if one in offered), ways[0])
    body = prepare_token_request("authorization_code", code=code, redirect_uri=redirect, code_verifier=flow.verifier)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    url, headers, body = ClientAuth(client, secret, way).prepare("POST", known["token_endpoint"], headers, body)
    return url, body.encode(), headers


def claims(
    answer: Mapping[str, Any], published: Mapping[str, Any], known: Mapping[str, Any], client: str, nonce: str, now: datetime
) -> Mapping[str, Any]:
    """
    What the ID token in *answer* says, once its signature is one of the *published* keys', and it was issued by this provider, for this
    node, for this very way (*nonce*), and is good at *now*.

    Raises:
        FAULTS: it is not so.
    """
    offered = known.get("id_token_signing_alg_values_supported") or ["RS256"]
    registry = JWSRegistry(algorithms=[one for one in _ALGORITHMS if one in offered], strict_check_header=False)
    token = jwt.decode(answer["id_token"], key=_keys(published), registry=registry)
    wanted = {"iss": {"essential": True, "value": known["issuer"]}, "aud": {"essential": True, "value": client}}
    said = CodeIDToken(
        token.claims, token.header, wanted, {"nonce": nonce, "client_id": client, "access_token": answer.get("access_token")}
    )
    said.validate(int(now.timestamp()), leeway_seconds)
    if not isinstance(said["sub"], str) or not said["sub"]:
        raise ValueError("sub")
    return dict(said)


def _keys(published: Mapping[str, Any]) -> KeySet:
    """The keys that may sign; one of a kind that is not known here keeps no other from being found."""
    found = []
    for one in published["keys"]:
        if one.get("kty") in ("RSA", "EC", "OKP") and one.get("use", "sig") == "sig":
            try:
                found.append(import_key(one))
            except FAULTS:
                continue
    return KeySet(found)
