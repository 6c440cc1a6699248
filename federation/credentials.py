"""
Where a node keeps who it is: files in its key directory, private and never in the database.

``authority.pem``: by which it certifies its subordinates; made when the first is invited or the port is opened.
``server.pem``: what its port shows, certified by itself.  ``uplink.pem``: what it shows to its superior.
``uplink.pending.pem``: the key of a certificate that was asked for and has not come yet, so that the request can be repeated.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from federation.certificates import (
    Authority,
    Credentials,
    create_authority,
    days_left,
    issue,
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

    def days_left(self, wall: datetime) -> dict[str, int]:
        """Whole days until "authority", "server" and "uplink" end, of those that are there; negative once one has."""
        found = {}
        for name in ("authority", "server", "uplink"):
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
