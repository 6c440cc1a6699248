"""
Who is calling, and whether that node may: asked on every call, from certificate and registry, and closed on any doubt.

A certificate says who (``certificates.identify``); the registry of nodes (``nodes``, folded from this node's own entries)
says whether that node is still active, so `qyzj node suspend | resume | revoke` takes effect on the next call; the link's
row says which certificate is the one that was issued last.  ``links.status`` says only whether the link itself is forked or cloned.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, exists, select

from federation.certificates import AuthContext, Identity, IdentityError, identify
from node.domain.refusal import Code, Refusal
from node.domain.reparenting import ABORTED
from node.services.reconcile import DAMAGED
from node.storage import reparenting_readings, schema
from node.storage.statements import Prepared
from node.storage.unit_of_work import UnitOfWork, View

# Beside the caller's row: a greeting costs no statement for it.
_HAS_DAMAGE = exists().where(schema.incidents.c.kind == DAMAGED).label("has_damage")
_WANTED = schema.wanted_blobs.c.peer == schema.links.c.peer
_HAS_WANTED = exists().where(_WANTED).label("has_wanted")
_HAS_UNTOLD = exists().where(_WANTED, schema.wanted_blobs.c.times_asked == 0).label("has_untold")
_links, _nodes = schema.links, schema.nodes
_STANDING = Prepared(
    select(_links, _nodes.c.status.label("standing"), _nodes.c.leaving, _HAS_DAMAGE, _HAS_WANTED, _HAS_UNTOLD)
    .join(_nodes, _nodes.c.code == _links.c.peer)
    .where(_links.c.peer == bindparam("peer"), _links.c.side == "subordinate", _nodes.c.superior == bindparam("own"))
)
_NOT_ACTIVE = {"suspended": Code.NODE_SUSPENDED, "revoked": Code.NODE_REVOKED}


@dataclass(frozen=True)
class Peer:
    """
    A subordinate that may call, and its link as this transaction sees it.

    ``fingerprint`` and ``certificate_ends_at`` are of the certificate that it showed, ``known`` of the one that was
    issued last and, until that is seen, of the former.
    """

    node: str
    fingerprint: str
    certificate_ends_at: datetime
    known: tuple[str, ...]
    is_forked: bool
    boot_id: bytes
    former_boot_ids: bytes
    down_epoch: int
    down_size: int
    down_peaks: bytes
    down_acked: int
    waiting: int
    # Two copies of it spoke: neither is taken anything from until an operator decided.
    is_cloned: bool = False
    # An entry of some stream is damaged here.
    has_damage: bool = False
    # The superior that it is on its way to: what it sends is not taken here any more.
    leaving: str = ""
    # Attachments are wanted of it; and some that it was not told of.
    has_wanted: bool = False
    has_untold: bool = False
    # It is asked to compare.
    is_asked: bool = False


class Trust:
    """Judges callers.  *wall* is the wall clock: certificates know no business time."""

    def __init__(self, wall: Callable[[], datetime]) -> None:
        self._wall = wall

    def caller(self, auth_context: AuthContext) -> Identity:
        """
        Who the certificate of this call says that it is, bootstrap or node.

        Raises:
            Refusal: UNAUTHENTICATED with the fault's code.
        """
        try:
            return identify(auth_context, self._wall())
        except IdentityError as error:
            raise Refusal(Code.UNAUTHENTICATED, fault=error.code, **error.facts) from None

    def admit(self, work: UnitOfWork | View, caller: Identity) -> Peer:
        """
        The subordinate that *caller* is, if it may call now.

        Raises:
            Refusal: UNAUTHENTICATED (an invitation's certificate), NODE_NOT_REGISTERED (also for a certificate that is not the
                one issued last), REPARENTED, NODE_SUSPENDED, NODE_REVOKED.
        """
        if caller.bootstrap:
            raise Refusal(Code.UNAUTHENTICATED, fault="BOOTSTRAP_ONLY_ENROLS", node=caller.node)
        row = _STANDING.record(work.connection, peer=caller.node, own=work.head.node)
        if row is None:
            move = reparenting_readings.find(work.connection, node=caller.node)
            if move is not None and not move.is_open and move.from_node == work.head.node and move.stage != ABORTED:
                raise Refusal(Code.REPARENTED, node=caller.node, superior=move.to_node)
            raise Refusal(Code.NODE_NOT_REGISTERED, node=caller.node)
        if row.standing != "active":
            raise Refusal(_NOT_ACTIVE.get(row.standing, Code.NODE_NOT_REGISTERED), node=caller.node)
        known = tuple(row.fingerprint.split(","))
        if caller.fingerprint not in known:
            raise Refusal(Code.NODE_NOT_REGISTERED, node=caller.node, fault="CERTIFICATE_REPLACED")
        return Peer(
            node=row.peer,
            fingerprint=caller.fingerprint,
            certificate_ends_at=caller.valid_until,
            known=known,
            is_forked=row.status == "forked",
            boot_id=bytes(row.boot_id),
            former_boot_ids=bytes(row.former_boot_ids),
            down_epoch=row.down_epoch,
            down_size=row.down_size,
            down_peaks=bytes(row.down_peaks),
            down_acked=row.down_acked,
            waiting=row.waiting,
            is_cloned=row.status == "cloned",
            has_damage=bool(row.has_damage),
            leaving=row.leaving,
            has_wanted=bool(row.has_wanted),
            has_untold=bool(row.has_untold),
            is_asked=row.asked_at is not None,
        )

    def identify(self, work: UnitOfWork | View, auth_context: AuthContext) -> Peer:
        """``caller`` and ``admit`` in one.  Raises: Refusal, as those do."""
        return self.admit(work, self.caller(auth_context))
