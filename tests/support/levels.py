"""Two or more whole nodes under one clock, joined without sockets: entries are carried by the functions that a link drives."""

from sqlalchemy import insert

from federation.mirror import Mirror
from federation.outgoing import read_down, read_up
from node.domain import registry as g
from node.domain.command import Order
from node.domain.identifier import uuid7
from node.services.registry import NODE_ACTOR
from node.storage import schema
from node.storage.payloads import recipient
from node.storage.riders import learn
from tests.support.node import Hands


def join(upper: Hands, *lowers: Hands) -> None:
    """Let *lowers* stand directly below *upper*, which has joined its own superior already."""
    with upper.node.store.read() as view:
        line = (upper.node.code, *view.head.line)
    for lower in lowers:
        _enter(upper, g.AdmitNode(lower.node.code, f"node {lower.node.code}", ""))
        _enter(lower, g.JoinSuperior(line, tuple(f"node {node}" for node in line)))
        with upper.node.store.write() as work:
            work.connection.execute(insert(schema.links).values(peer=lower.node.code, side="subordinate", status="active"))
            work.journal.adopt(lower.node.code, 1)
            learn(work.connection, _public_keys(lower))
        with lower.node.store.write() as work:
            work.connection.execute(insert(schema.links).values(peer=upper.node.code, side="superior", status="active"))
            work.head.line = line
            learn(work.connection, _public_keys(upper))


def carry_up(lower: Hands, upper: Hands) -> None:
    """Bring everything of the subtree of *lower* to *upper*, from the beginning: what is there already is left out."""
    after = 0
    while True:
        with lower.node.store.read() as view:
            batch, end = read_up(view, after), view.head.taken
        with upper.node.store.write() as work:
            taken = Mirror(upper.node.now).take(work, lower.node.code, batch.segments)
        assert taken.refusal is None
        after = batch.upto
        if after >= end:
            return


def carry_down(upper: Hands, lower: Hands) -> None:
    """Bring *lower* what *upper* owes it, from the beginning."""
    with upper.node.store.read() as view:
        batch = read_down(view, lower.node.code, 1, 0)
    with lower.node.store.write() as work:
        Mirror(lower.node.now).take_down(work, upper.node.code, 1, batch.from_seq, batch.entries)


def _enter(hands: Hands, command: g.NodeCommand) -> None:
    hands.node.handler.handle(Order(uuid7(hands.now, hands._count), NODE_ACTOR, hands.node.code, command))


def _public_keys(hands: Hands) -> dict[str, bytes]:
    ring = hands.node.store.ring
    assert ring is not None
    return {recipient(hands.node.code, reader): public for reader, public in ring.public_keys().items()}
