"""
The file by which a superior's office invites one node (DESIGN 13, Identity).

It holds all that the node needs for its first call: where to dial, whom to believe there (the authority's certificate)
and what to show (a bootstrap certificate with its key: one node, one use, 72 hours).  Who has the file may enrol as that
node, so it travels like a key and is deleted after use.  The superior keeps no copy: of each invitation it keeps a
`Standing` value, which says whether an `Enrol` is the one that was invited.
"""

import json
import re
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from federation.certificates import (
    Authority,
    Credentials,
    Identity,
    IdentityError,
    certificate_to_pem,
    issue_bootstrap,
    key_from_pem,
    key_to_pem,
    node_of,
    server_name,
)
from node.storage.keyring import write_private
from node.storage.sealing import CodedError

invitation_bytes_max = 64 * 1024

_FORMAT = "qyzj-invitation"
_VERSION = 1


class InvitationError(CodedError):
    """
    An invitation cannot be used.

    Codes:
        ADDRESS_MALFORMED: not "host:port".
        INVITATION_FOREIGN: another kind of file.  INVITATION_VERSION_UNKNOWN: written by a later release.
        INVITATION_BROKEN: damaged, or its parts do not belong together (fact ``wrong``).
        INVITATION_OTHER_NODE: invites another node.
        INVITATION_NOT_YET_VALID: this machine's clock stands before it was written.  INVITATION_EXPIRED: after 72 hours.
        INVITATION_UNKNOWN: the superior wrote no such one.  INVITATION_USED: another key was enrolled with it.
    """


@dataclass(frozen=True)
class Invitation:
    """*invited* may enrol with *superior* at *address* ("host:port") by *bootstrap*, until *expires_at*."""

    address: str
    superior: str
    invited: str
    bootstrap: Credentials

    @property
    def expires_at(self) -> datetime:
        return self.bootstrap.certificate.not_valid_after_utc

    def to_json(self) -> str:
        """Return the file's text: JSON, with the certificates and the key as PEM."""
        written = {
            "format": _FORMAT,
            "version": _VERSION,
            "address": self.address,
            "superior": self.superior,
            "invited": self.invited,
            "expires_at": self.expires_at.isoformat(),
            "authority": certificate_to_pem(self.bootstrap.authority).decode(),
            "certificate": certificate_to_pem(self.bootstrap.certificate).decode(),
            "key": key_to_pem(self.bootstrap.key).decode(),
        }
        return json.dumps(written, indent=1) + "\n"

    def write(self, path: Path) -> None:
        """Write the file, for its owner's eyes only (0600)."""
        write_private(path, self.to_json().encode(), replace=True)


@dataclass(frozen=True)
class Standing:
    """
    What the superior keeps of an invitation: enough to know it again, nothing to use it with.

    *fingerprint* is the bootstrap certificate's (SHA-256, hex), *used_by* the digest of the key that was enrolled with
    it (SHA-256, hex), or empty.
    """

    invited: str
    fingerprint: str
    expires_at: datetime
    used_by: str = ""


def invite(authority: Authority, superior: str, invited: str, address: str, now: datetime) -> tuple[Invitation, Standing]:
    """
    Invite the node *invited*: return the file to hand over, and what to keep.

    Raises:
        InvitationError: ADDRESS_MALFORMED.
        IdentityError: NODE_CODE_INVALID, or the authority is not valid at *now*.
    """
    _check_address(address)
    server_name(superior)  # refuses a malformed code
    invitation = Invitation(address, superior, invited, issue_bootstrap(authority, invited, now))
    identity = node_of(invitation.bootstrap.certificate)
    return invitation, Standing(invited, identity.fingerprint, identity.valid_until)


def read(path: Path, node: str, now: datetime) -> Invitation:
    """
    Read the invitation of *node* from a file.

    Raises:
        InvitationError: as `from_json`.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        content = file.read(invitation_bytes_max + 1)
    if len(content) > invitation_bytes_max:
        raise InvitationError("INVITATION_FOREIGN")
    return from_json(content, node, now)


def from_json(content: bytes, node: str, now: datetime) -> Invitation:
    """
    Read the invitation of *node*, and check that all of it fits together and that it is still good at *now* (wall clock).

    Raises:
        InvitationError: INVITATION_FOREIGN, _VERSION_UNKNOWN, _BROKEN, _OTHER_NODE, _NOT_YET_VALID or _EXPIRED.
    """
    fields = _fields(content)
    try:
        chain = fields["certificate"] + fields["authority"]
        bootstrap = Credentials.from_chain(chain.encode(), key_from_pem(fields["key"].encode()))
        identity = node_of(bootstrap.certificate)
        server_name(fields["superior"])
        _check_address(fields["address"])
    except (IdentityError, InvitationError) as error:
        raise InvitationError("INVITATION_BROKEN", wrong=error.code) from None
    if not identity.bootstrap or identity.node != fields["invited"]:
        raise InvitationError("INVITATION_BROKEN", wrong="invited")
    if identity.node != node:
        raise InvitationError("INVITATION_OTHER_NODE", node=node, invited=identity.node)
    _check_period(identity, now)
    return Invitation(fields["address"], fields["superior"], fields["invited"], bootstrap)


def redeem(standing: Standing | None, caller: Identity, requested: ec.EllipticCurvePublicKey, now: datetime) -> Standing:
    """
    Say whether *caller* may enrol the key *requested*, and return what to keep in place of *standing*.

    The same key again is the same enrolment, whose answer was lost; any other key is a second use.

    Args:
        standing: the one kept under ``caller.fingerprint``, or None if there is none.
        caller: as `certificates.identify` said.
    Raises:
        InvitationError: INVITATION_UNKNOWN, _NOT_YET_VALID, _EXPIRED or _USED.
    """
    if standing is None or not caller.bootstrap or (standing.fingerprint, standing.invited) != (caller.fingerprint, caller.node):
        raise InvitationError("INVITATION_UNKNOWN", node=caller.node)
    _check_period(caller, now)
    used_by = key_digest(requested)
    if standing.used_by not in ("", used_by):
        raise InvitationError("INVITATION_USED", node=caller.node)
    return replace(standing, used_by=used_by)


def key_digest(key: ec.EllipticCurvePublicKey) -> str:
    """Return SHA-256 of *key* (SubjectPublicKeyInfo, DER): 64 hex digits, lower case."""
    digest = hashes.Hash(hashes.SHA256())
    digest.update(key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo))
    return digest.finalize().hex()


def _fields(content: bytes) -> dict[str, str]:
    """The file's fields, all of them there and texts."""
    try:
        written = json.loads(content)
    except ValueError:
        raise InvitationError("INVITATION_FOREIGN") from None
    if not isinstance(written, dict) or written.get("format") != _FORMAT:
        raise InvitationError("INVITATION_FOREIGN")
    version = written.get("version")
    if version != _VERSION:
        raise InvitationError("INVITATION_VERSION_UNKNOWN", found=str(version)[:20], known=_VERSION)
    names = ("address", "superior", "invited", "authority", "certificate", "key")
    for name in names:
        if not isinstance(written.get(name), str):
            raise InvitationError("INVITATION_BROKEN", wrong=name)
    return {name: written[name] for name in names}


def _check_address(address: str) -> None:
    """A host name, an IPv4 address or an IPv6 address in brackets; a port from 1 to 65535."""
    match = re.fullmatch(r"(?:[A-Za-z0-9_.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]):([0-9]{1,5})", address)
    if match is None or not 1 <= int(match[1]) <= 65535:
        raise InvitationError("ADDRESS_MALFORMED")


def _check_period(identity: Identity, now: datetime) -> None:
    # The certificate's end is the invitation's; the date in the file is for people.
    if now < identity.valid_from:
        raise InvitationError("INVITATION_NOT_YET_VALID", valid_from=identity.valid_from.isoformat())
    if now >= identity.valid_until:
        raise InvitationError("INVITATION_EXPIRED", expires_at=identity.valid_until.isoformat())
