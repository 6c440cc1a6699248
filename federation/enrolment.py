"""
How a node comes to belong to its superior: invited, enrolled, joined (DESIGN 13, Identity).

At the superior: `invite` writes the file and keeps how to know it again; `Enrol` redeems it, certifies the node's key,
enters the node into the registry by an entry of this journal and adopts its stream, in one transaction.  Below: `join`
keeps its key before it asks, so that a lost answer costs nothing; then credentials, link and place are written, and all
that the node wrote since its first entry is pushed like any backlog.

A superior whose payload key becomes known, at joining or later by a `Hello`, gets the node's month keys wrapped for it;
they ride beside an entry that restates the node's place (`rewrap`), since keys travel beside entries only.
"""

import json
import tempfile
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import grpc
import structlog
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import select, update

from federation import codec, invitation, reparenting
from federation.certificates import (
    Authority,
    Credentials,
    Identity,
    certificate_to_pem,
    check_own,
    issue,
    make_request,
    node_of,
    verify_request,
)
from federation.channel import probe_identity, secure_channel
from federation.client import enrol_deadline_seconds, failure_of
from federation.credentials import KeyFiles
from federation.greeting import payload_keys
from federation.invitation import Invitation, Standing
from federation.level import Level
from federation.mirror import LEAVING
from federation.trust import Trust
from federation.v1 import enrolment_pb2, enrolment_pb2_grpc
from node.domain.command import Order
from node.domain.entry import Actor, Draft, Header, Subject, SubjectKind
from node.domain.identifier import uuid7
from node.domain.organisation import Role
from node.domain.refusal import Code, Refusal
from node.domain.registry import AdmitNode, InviteNode, JoinSuperior, SuperiorJoined
from node.domain.reparenting import ABORTED
from node.storage import schema
from node.storage.database import micros
from node.storage.keyring import KeyRing
from node.storage.payloads import Payloads
from node.storage.reparenting_readings import find
from node.storage.riders import learn
from node.storage.sealing import CodedError
from node.storage.statements import Prepared, upsert_many
from node.storage.unit_of_work import UnitOfWork, View

log = structlog.get_logger()

_NAMESPACE = uuid.UUID("6f1c1f0e-2a4b-5c8d-9e10-71797a6a0003")
REACTION_ACTOR = Actor("reaction", Role.NODE.value)


def refused(error: CodedError) -> Refusal:
    """A fault of a certificate or an invitation as the answer no."""
    code = Code.__members__.get(error.code, Code.UNAUTHENTICATED)
    facts = {name: str(fact) for name, fact in error.facts.items()}
    return Refusal(code, **({"fault": error.code} if code is Code.UNAUTHENTICATED else {}), **facts)


# --- the superior ---------------------------------------------------------------------------------------------------------


def invite(level: Level, authority: Authority, node: str, name: str, address: str, actor: Actor) -> Invitation:
    """
    Invite *node*: note it in the journal, keep how to know the invitation again, and return the file's content.

    Args:
        address: where the invited node dials in, "host:port".
        actor: the operator, or the node itself.
    Raises:
        Refusal: PERMISSION_DENIED, NODE_CODE_INVALID, ALREADY_EXISTS, NODE_REVOKED, SETTING_REFUSED (the address).
    """
    with level.store.read() as view:
        own = view.head.node
    try:
        made, standing = invitation.invite(authority, own, node, address, level.wall())
    except CodedError as error:
        is_address = error.code == "ADDRESS_MALFORMED"
        raise (Refusal(Code.SETTING_REFUSED, setting="address", fault=address) if is_address else refused(error)) from None

    def keep(work: UnitOfWork) -> None:
        order_id = uuid7(level.now(), work.payloads.random)
        level.handler.carry_out(work, Order(order_id, actor, own, InviteNode(node, name, standing.fingerprint)))
        _keep_standing(work, standing, name, "")

    level.writer.command(keep)
    return made


class EnrolmentServer(enrolment_pb2_grpc.EnrolmentServiceServicer):
    """`EnrolmentService`.  *authority* certifies who joins."""

    def __init__(self, level: Level, authority: Authority) -> None:
        self._level = level
        self._authority = authority
        self._trust = Trust(level.wall)

    def Enrol(self, request: enrolment_pb2.EnrolRequest, context: grpc.ServicerContext) -> enrolment_pb2.EnrolResponse:
        caller = self._trust.caller(context.auth_context())
        try:
            key = verify_request(request.certificate_request, caller.node)
        except CodedError as error:
            raise refused(error) from None
        return self._level.writer.command(lambda work: self._enrol(work, caller, key, request))

    def _enrol(
        self, work: UnitOfWork, caller: Identity, key: ec.EllipticCurvePublicKey, request: enrolment_pb2.EnrolRequest
    ) -> enrolment_pb2.EnrolResponse:
        standing, name, certificate = _find_standing(work, caller.fingerprint)
        try:
            redeemed = invitation.redeem(standing, caller, key, self._level.wall())
            if request.rehearsal != work.head.is_rehearsal:
                raise Refusal(Code.REHEARSAL_MISMATCH, node=caller.node)
            _check_standing(work, caller.node)
            reparenting.check_admission(work, caller.node, request.former_superior)
            # The same key again is the same enrolment, whose answer was lost.
            pem = certificate or certificate_to_pem(issue(self._authority, key, caller.node, self._level.wall(), server=False)).decode()
        except CodedError as error:
            raise refused(error) from None
        _keep_standing(work, redeemed, name, pem)
        keys = codec.payload_keys_from_pb(request.payload_keys, (caller.node,))
        admit(self._level, work, node_of(pem.encode()), name or request.name, request.position.epoch, keys)
        return enrolment_pb2.EnrolResponse(
            certificates=pem.encode() + certificate_to_pem(self._authority.certificate),
            line=_line(work),
            payload_keys=codec.payload_keys_to_pb(payload_keys(work, work.place())),
        )

    def Renew(self, request: enrolment_pb2.RenewRequest, context: grpc.ServicerContext) -> enrolment_pb2.RenewResponse:
        caller = self._trust.caller(context.auth_context())

        def renew(work: UnitOfWork) -> bytes:
            peer = self._trust.admit(work, caller)
            key = verify_request(request.certificate_request, peer.node)
            certificate = issue(self._authority, key, peer.node, self._level.wall(), server=False)
            # The former goes on until the new one was seen to arrive: the answer may be lost.
            both = f"{node_of(certificate).fingerprint},{caller.fingerprint}"
            work.connection.execute(update(schema.links).where(schema.links.c.peer == peer.node).values(fingerprint=both))
            return certificate_to_pem(certificate)

        try:
            pem = self._level.writer.command(renew)
        except CodedError as error:
            raise refused(error) from None
        return enrolment_pb2.RenewResponse(certificates=pem + certificate_to_pem(self._authority.certificate))


def admit(level: Level, work: UnitOfWork, certified: Identity, name: str, epoch: int, keys: Mapping[str, bytes]) -> None:
    """
    Let in the node that is *certified*: its stream, now in *epoch*, is held from here on.  May be repeated.

    Raises:
        Refusal: STALE_EPOCH, NODE_HELD, CLOCK_BEHIND.
    """
    node, fingerprint = certified.node, certified.fingerprint
    is_new = _keep_subordinate(work, certified, name)
    reparenting.send_what_concerns(work, node, is_new=is_new)
    order_id = str(uuid.uuid5(_NAMESPACE, f"admit/{fingerprint}"))
    level.handler.carry_out(work, Order(order_id, REACTION_ACTOR, work.head.node, AdmitNode(node, name, fingerprint)))
    _adopt(work, node, epoch)
    learn(work.connection, keys)


def _keep_standing(work: UnitOfWork, standing: Standing, name: str, certificate: str) -> None:
    content = {
        "invited": standing.invited,
        "expires_at": standing.expires_at.isoformat(),
        "used_by": standing.used_by,
        "name": name,
        "certificate": certificate,
    }
    row = {"fingerprint": standing.fingerprint, "node": standing.invited, "content": json.dumps(content, ensure_ascii=False)}
    upsert_many(work.connection, schema.invitations, [row])


def _find_standing(work: UnitOfWork, fingerprint: str) -> tuple[Standing | None, str, str]:
    """What is kept of an invitation: how it stands, the invited node's name, and the certificate that was given for it."""
    table = schema.invitations
    found = work.connection.execute(select(table.c.content).where(table.c.fingerprint == fingerprint)).scalar()
    if found is None:
        return None, "", ""
    kept = json.loads(found)
    expires_at = datetime.fromisoformat(kept["expires_at"])
    return Standing(kept["invited"], fingerprint, expires_at, kept["used_by"]), kept["name"], kept["certificate"]


def _check_standing(work: UnitOfWork, node: str) -> None:
    """An invitation does not undo a suspension, nor a revocation."""
    table = schema.nodes
    match work.connection.execute(select(table.c.status).where(table.c.code == node)).scalar():
        case "suspended":
            raise Refusal(Code.NODE_SUSPENDED, node=node)
        case "revoked":
            raise Refusal(Code.NODE_REVOKED, node=node)


def _keep_subordinate(work: UnitOfWork, certified: Identity, name: str) -> bool:
    """True if there was no link with it."""
    table = schema.links
    values = {
        "side": "subordinate",
        "name": name,
        "fingerprint": certified.fingerprint,
        "certificate_ends_at": micros(certified.valid_until),
        "last_error": "",
    }
    if work.connection.execute(update(table).where(table.c.peer == certified.node).values(**values)).rowcount:
        return False
    work.connection.execute(table.insert().values(peer=certified.node, status="active", **values))
    return True


def _adopt(work: UnitOfWork, node: str, epoch: int) -> None:
    """
    Begin to hold the stream of who joined, or go on with it: nobody comes in an epoch that was never granted here.

    One that is over is let in: made anew, or from an old backup, the node hears by its first greeting what it is to follow into.
    """
    held = {one.epoch for one in work.journal.positions() if one.node == node}
    current = max(held, default=1)
    if not 1 <= epoch <= current:
        raise Refusal(Code.STALE_EPOCH, node=node, epoch=epoch, current=current)
    if not held:
        work.journal.adopt(node, epoch)


def _line(work: UnitOfWork) -> list[enrolment_pb2.NodeName]:
    table = schema.nodes
    names = {row.code: row.name for row in work.connection.execute(select(table.c.code, table.c.name))}
    line = [(work.head.node, work.head.name), *((node, names.get(node, "")) for node in work.head.line)]
    return [enrolment_pb2.NodeName(node=node, name=name) for node, name in line]


# --- the subordinate --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Joined:
    """Where the node now stands: its superiors, nearest first, with their names."""

    line: tuple[str, ...]
    names: tuple[str, ...]


Call = Callable[[enrolment_pb2.EnrolRequest], enrolment_pb2.EnrolResponse]


def join(level: Level, files: KeyFiles, invited: Invitation, call: Call | None = None, *, is_moved: bool = False) -> Joined:
    """
    Redeem an invitation: become the subordinate of its writer.  May be repeated after any failure.

    A node that has a superior joins another one only where its journal holds the order to (FEDERATION 2.7).  Its operator brings
    the new superior's invitation, on paper's way: address, authority and a key for one use are in that one file, none of them
    ever stands in an entry, and a machine room without a network outside needs nothing else.

    Args:
        call: how `Enrol` is called; by default over gRPC with the invitation's own certificate.
        is_moved: the operator vouches for an order that never came, because the former superior was away; the new superior
            knows whether it was given.
    Raises:
        Refusal: OTHER_SUPERIOR; what `Enrol` refused, REPARENTING_OPEN for a node that is not named yet; PEER_AWAY, PEER_IDENTITY.
    """
    with level.store.read() as view:
        need_order(view, invited.superior, is_moved=is_moved)
    key = files.pending_key()
    with level.store.read() as view:
        request = _enrol_request(view, make_request(view.head.node, key), invited.superior)
        node = view.head.node
    response = (call or _enrol_over_grpc(invited))(request)
    try:
        credentials = Credentials.from_chain(response.certificates, key)
        check_own(credentials, node, level.wall())
    except CodedError as error:
        raise Refusal(Code.PEER_IDENTITY, peer=invited.superior, fault=error.code) from None
    line, names = tuple(one.node for one in response.line), tuple(one.name for one in response.line)
    keys = codec.payload_keys_from_pb(response.payload_keys, line)

    joined = Joined(line, names)
    come_below(level, joined, invited.address, node_of(credentials.certificate).fingerprint, keys)
    files.keep_uplink(credentials)
    return joined


def come_below(level: Level, joined: Joined, address: str, fingerprint: str, keys: Mapping[str, bytes]) -> None:
    """
    Note the superior at *address* as this node's own, in one transaction, and then wrap its month keys for the new readers.

    A node that is not able to wrap them just then has joined all the same: its next session does it.

    Raises:
        Refusal: CLOCK_BEHIND, BUSY, STORAGE_FULL, NODE_HELD; it has not joined.
    """
    line, names = joined.line, joined.names

    def write(work: UnitOfWork) -> None:
        # Joining again, by a new certificate, ends what was refused to the former one: the next greeting may be at once.
        over = {"status": "active", "last_error": "", "next_attempt_at": None, "attempts": 0}
        values = {"side": "superior", "name": names[0], "address": address, "fingerprint": fingerprint, **over}
        table = schema.links
        # Where it comes from another superior the epoch that it was named for is begun at the first greeting, and only then.
        is_left = (table.c.side == "superior", table.c.peer != line[0])
        work.connection.execute(update(table).where(*is_left).values(side=LEAVING))
        if work.connection.execute(update(table).where(table.c.peer == line[0]).values(**values)).rowcount == 0:
            work.connection.execute(table.insert().values(peer=line[0], **values))
        take_place(level, work, line, dict(zip(line, names, strict=True)), keys)

    level.writer.command(write)
    try:
        level.writer.command(lambda work: rewrap(work, level.store.ring, level.now()))
    except Refusal as refusal:
        # No answer to the joining, which is done: who heard it would not keep the certificate that the new link needs.
        if refusal.code not in reparenting.UNABLE:
            raise
        log.warning("month keys wait", peer=line[0], code=refusal.code.name)


def need_order(view: View, superior: str, *, is_moved: bool = False) -> None:
    """
    Need this node to have no other superior, or to have been ordered to leave it for *superior*.

    Raises:
        Refusal: OTHER_SUPERIOR.
    """
    line = view.head.line
    if not line or line[0] == superior or is_moved:
        return
    move = find(view.connection, node=view.head.node)
    if move is None or move.stage == ABORTED or move.to_node != superior:
        raise Refusal(Code.OTHER_SUPERIOR, node=view.head.node, superior=line[0], invited=superior)


def _enrol_request(view: View, certificate_request: bytes, superior: str) -> enrolment_pb2.EnrolRequest:
    head = view.head
    return enrolment_pb2.EnrolRequest(
        certificate_request=certificate_request,
        name=head.name,
        position=codec.position_to_pb(view.journal.position(head.node, head.epoch)),
        payload_keys=codec.payload_keys_to_pb(own_payload_keys(view)),
        rehearsal=head.is_rehearsal,
        former_superior=head.line[0] if head.line and head.line[0] != superior else "",
    )


_PUBLIC_KEYS = Prepared(select(schema.payload_keys.c.recipient, schema.payload_keys.c.public_key))


def own_payload_keys(view: View) -> Mapping[str, bytes]:
    """The payload public keys under which this node, and those below it, may be handed a ticket's keys."""
    place = view.place()
    found = {recipient: bytes(public) for recipient, public in _PUBLIC_KEYS.rows(view.connection)}
    own = {name: public for name, public in found.items() if name.partition("/")[0] == place.node}
    return own | {name: public for name, public in found.items() if name.endswith("/node") and place.is_below(name.partition("/")[0])}


def _enrol_over_grpc(invited: Invitation) -> Call:
    def call(request: enrolment_pb2.EnrolRequest) -> enrolment_pb2.EnrolResponse:
        with secure_channel(invited.address, invited.bootstrap, invited.superior) as channel:
            try:
                answer: enrolment_pb2.EnrolResponse = enrolment_pb2_grpc.EnrolmentServiceStub(channel).Enrol(
                    request, timeout=enrol_deadline_seconds
                )
            except grpc.RpcError as error:
                failure = failure_of(error)
                away = Refusal(Code.PEER_AWAY, peer=invited.superior, status=failure.status)
                raise failure.refusal or _identity_fault(invited) or away from None
        return answer

    return call


def _identity_fault(invited: Invitation) -> Refusal | None:
    """To gRPC a refused identity looks like an outage: one look by plain TLS, with the invitation's certificate, tells them apart."""
    with tempfile.TemporaryDirectory() as directory:
        shown = Path(directory) / "bootstrap.pem"
        invited.bootstrap.write(shown)
        is_identity = probe_identity(invited.address, shown, invited.superior) == "identity"
    return Refusal(Code.PEER_IDENTITY, peer=invited.superior, fault="REFUSED") if is_identity else None


def take_place(level: Level, work: UnitOfWork, line: tuple[str, ...], names: Mapping[str, str], keys: Mapping[str, bytes]) -> bool:
    """
    Note this node's superiors and their payload keys, if that is news; the journal says so by SuperiorJoined.

    True if month keys may have to be wrapped anew; `rewrap` does that in the next transaction, which begins with the line.
    """
    is_new = learn(work.connection, keys)
    if line == work.head.line:
        return is_new
    order_id = uuid7(level.now(), work.payloads.random)
    command = JoinSuperior(line, tuple(names.get(node, "") for node in line))
    level.handler.carry_out(work, Order(order_id, REACTION_ACTOR, work.head.node, command))
    work.head.line = line
    return True


def rewrap(work: UnitOfWork, ring: KeyRing | None, now: datetime) -> bool:
    """
    Wrap the month keys for readers that became known since; True if there were any.

    The keys ride beside an entry, so one is written that says the node's place again: it changes nothing.
    """
    probe = Payloads(work.connection, work.head.node, work.head.line, ring, work.payloads.random)
    probe.rewrap_month_keys()
    if not probe.new_keys():
        return False
    work.payloads.rewrap_month_keys()
    subject = Subject(SubjectKind.NODE.value, work.head.node)
    names = {row.code: row.name for row in work.connection.execute(select(schema.nodes.c.code, schema.nodes.c.name))}
    event = SuperiorJoined(work.head.line, tuple(names.get(node, "") for node in work.head.line))
    head = Header("", 0, 0, uuid7(now, work.payloads.random), now, subject, event.kind(), REACTION_ACTOR)
    work.append([Draft(head, event)])
    return True
