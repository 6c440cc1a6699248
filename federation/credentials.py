"""
Where a node keeps who it is: files in its key directory, private and never in the database.

``authority.pem``: by which it certifies its subordinates; made when the first is invited or the port is opened.
``server.pem``: what its port shows, certified by itself; ``web.pem``: what its pages show to browsers, likewise.
``uplink.pem``: what it shows to its superior.
``uplink.pending.pem``: the key of a certificate that was asked for and has not come yet, so that the request can be repeated.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12

from federation.certificates import (
    Authority,
    Credentials,
    create_authority,
    days_left,
    fingerprint,
    issue,
    issue_staff,
    issue_web,
    key_from_pem,
    key_to_pem,
    new_key,
    renewal_due,
)
from node.storage.keyring import write_private


@dataclass(frozen=True)
class KeyFiles:
    """The files of one node in *directory*."""

    directory: Path

    @property
    def uplink(self) -> Path:
        """What this node shows to its superior; missing at the top and before it joined."""
        return self.directory / "uplink.pem"

    @property
    def pending(self) -> Path:
        """The key of a request whose answer has not come."""
        return self.directory / "uplink.pending.pem"

    def authority(self, node: str, wall: datetime) -> Authority:
        """The node's own authority, made at first use."""
        path = self.directory / "authority.pem"
        if not path.exists():
            create_authority(node, wall).write(path)
        return Authority.read(path)

    def server(self, node: str, wall: datetime) -> Credentials:
        """What the node's port shows: made at first use, and anew in the last third of its life."""
        path = self.directory / "server.pem"
        if not path.exists() or renewal_due(Credentials.read(path).certificate, wall):
            authority, key = self.authority(node, wall), new_key()
            Credentials(issue(authority, key.public_key(), node, wall, server=True), key, authority.certificate).write(path)
        return Credentials.read(path)

    def web(self, node: str, names: Sequence[str], wall: datetime) -> Path:
        """
        The file of what the node's pages show to browsers under *names*: made at first use, when the names become others, and anew in
        the last third of its life.
        """
        path = self.directory / "web.pem"
        if not path.exists() or not _is_web_good(Credentials.read(path).certificate, names, wall):
            authority, key = self.authority(node, wall), new_key()
            Credentials(issue_web(authority, key.public_key(), names, wall), key, authority.certificate).write(path)
        return path

    def days_left(self, wall: datetime) -> dict[str, int]:
        """Whole days until "authority", "server", "uplink" and "web" end, of those that are there; negative once one has."""
        found = {}
        for name in ("authority", "server", "uplink", "web"):
            path = self.directory / f"{name}.pem"
            if path.exists():
                read = Authority.read if name == "authority" else Credentials.read
                found[name] = days_left(read(path).certificate, wall)
        return found

    def pending_key(self) -> ec.EllipticCurvePrivateKey:
        """The key to be certified: the one of the last request, if that was never answered."""
        if not self.pending.exists():
            write_private(self.pending, key_to_pem(new_key()), replace=False)
        return key_from_pem(self.pending.read_bytes())

    def keep_uplink(self, credentials: Credentials) -> None:
        """Put new credentials into force; the request is answered."""
        credentials.write(self.uplink)
        self.pending.unlink(missing_ok=True)


@dataclass(frozen=True)
class StaffPackage:
    """A certificate of somebody of the staff with its key, PKCS #12 under a pass phrase; ``fingerprint`` is what the node knows it by."""

    content: bytes = field(repr=False)
    fingerprint: str
    until: datetime


def staff_package(authority: Authority, node: str, account: str, pass_phrase: str, wall: datetime) -> StaffPackage:
    """A fresh key of *account* of *node*, certified, for one browser; the key is kept nowhere else."""
    key = new_key()
    certificate = issue_staff(authority, key.public_key(), node, account, wall)
    # What Windows 10 and Android before 13 read, too: browsers of a county office are old.
    locked = (
        serialization.PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(50_000)
        .key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
        .hmac_hash(hashes.SHA1())
        .build(pass_phrase.encode())
    )
    content = pkcs12.serialize_key_and_certificates(account.encode(), key, certificate, [authority.certificate], locked)
    return StaffPackage(content, fingerprint(certificate), certificate.not_valid_after_utc)


def _is_web_good(certificate: x509.Certificate, names: Sequence[str], wall: datetime) -> bool:
    shown = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    held = {str(name) for name in (*shown.get_values_for_type(x509.DNSName), *shown.get_values_for_type(x509.IPAddress))}
    return held == {name.strip("[]") for name in names} and not renewal_due(certificate, wall)
