"""
Certificates renew themselves from a third of their life before the end, beside the links and never on their way (DESIGN 7).

``renew_uplink`` asks the superior by `Renew` for what this node shows above.  Its key is kept before it asks, and the former
certificate stays good until the superior has seen the new one, so an answer that is lost costs nothing: the next look asks
again.  What the port shows the node renews by its own authority (``KeyFiles.server``).
"""

from collections.abc import Callable

from sqlalchemy import update

from federation.certificates import Credentials, check_own, make_request, node_of, renewal_due
from federation.credentials import KeyFiles
from federation.level import Level
from federation.v1 import enrolment_pb2
from node.domain.refusal import Code, Refusal
from node.storage import schema
from node.storage.sealing import CodedError
from node.storage.unit_of_work import UnitOfWork

# How often a serving node looks whether something is due.
renewal_look_seconds = 3600.0

Call = Callable[[enrolment_pb2.RenewRequest], enrolment_pb2.RenewResponse]


def uplink_due(files: KeyFiles, level: Level) -> bool:
    """True if the node shows a certificate above whose last third has begun."""
    return files.uplink.exists() and renewal_due(Credentials.read(files.uplink).certificate, level.wall())


def renew_uplink(level: Level, files: KeyFiles, node: str, superior: str, call: Call) -> Credentials:
    """
    Renew what *node* shows to *superior*, and put it into force; channels that stand go on with the former until they redial.

    Args:
        call: `Renew`, over a channel that shows the former.
    Raises:
        CallFailed: as *call* does.
        Refusal: PEER_IDENTITY, if what came is not good here; then the former stays in force.
    """
    key = files.pending_key()
    answer = call(enrolment_pb2.RenewRequest(certificate_request=make_request(node, key)))
    try:
        credentials = Credentials.from_chain(answer.certificates, key)
        check_own(credentials, node, level.wall())
    except CodedError as error:
        raise Refusal(Code.PEER_IDENTITY, peer=superior, fault=error.code) from None
    files.keep_uplink(credentials)
    level.writer.command(lambda work: _note(work, superior, credentials))
    return credentials


def _note(work: UnitOfWork, superior: str, credentials: Credentials) -> None:
    table = schema.links
    fingerprint = node_of(credentials.certificate).fingerprint
    work.connection.execute(update(table).where(table.c.peer == superior).values(fingerprint=fingerprint))
