"""The certificate by which browsers know this node, to be downloaded, and how to let a machine trust it; open to everybody."""

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from fastapi import APIRouter, Request
from starlette.responses import Response

from federation.certificates import fingerprint
from federation.credentials import KeyFiles
from node.services.acting import Node
from node.web.templating import page

router = APIRouter(prefix="/trust")


@router.get("", name="trust")
def trust(request: Request) -> Response:
    """One page: download, compare, import."""
    node: Node = request.app.state.node
    with node.store.read() as view:
        name = view.head.name
    authority = _authority(node)
    digits = fingerprint(authority).upper()
    grouped = ":".join(digits[start : start + 2] for start in range(0, len(digits), 2))
    return page(request, "trust.html", name=name, node=node.code, fingerprint=grouped, until=authority.not_valid_after_utc)


@router.get("/ca.crt", name="trust_certificate")
def certificate(request: Request) -> Response:
    """The certificate itself, as Windows, Kylin, UOS and phones import it (DER)."""
    node: Node = request.app.state.node
    headers = {"content-disposition": f'attachment; filename="qyzj-{node.code}.crt"'}
    return Response(_authority(node).public_bytes(Encoding.DER), media_type="application/x-x509-ca-cert", headers=headers)


def _authority(node: Node) -> x509.Certificate:
    return KeyFiles(node.data_dir / "keys").authority(node.code, node.wall()).certificate
