"""
The pack's local ladder as data: which layers (层次) there are, in which order, who acts on each, and what it takes to get there.

Class, layer and level are three facts of a ticket, each with its own history (XS25-4.3.0).  A layer is a rung of this node's
own ladder; a level is whose power the matter is.  ``layers`` has the commands.
"""

from dataclasses import replace

from node.domain.entry import Header
from node.domain.policy import Policy
from node.domain.ticket import triage_record as t
from node.domain.ticket.state import With
from node.domain.ticket.ticket import Ticket

# Who is timed on the ladder: the lead for its proposal, the office for passing on, the body of a layer for its decision.
LAYER_CLOCKS = ("proposal", "layer_forward", "layer_decision")
# Turns of a ticket's life on the ladder (``Layering.stage``).
PROPOSAL, FORWARD, LAYER = "proposal", "forward", "layer"
# Beside the ladder: the complaint supervision centre has it and must decide (XS25-4.3.2.2c).
BESIDE = "complaint_centre"


def layers(policy: Policy) -> tuple[str, ...]:
    """The layers, the lowest first; empty where the pack has no ladder of this kind."""
    return policy.pack.names("ladder.layers")


def body_of(layer: str, policy: Policy) -> With:
    """Who acts on *layer*; the office where the pack does not say."""
    rule = policy.pack.find(f"ladder.with.{layer}")
    return With(str(rule.value)) if rule is not None else With.OFFICE


def layer_of_kind(ticket: Ticket, kind: str, policy: Policy) -> str:
    """The layer that a lead of this *kind* of unit works on, if it is another than the ticket's (XS25-4.3.2.1a); else empty."""
    rule = policy.pack.find(f"ladder.kind.{kind}")
    layer = str(rule.value) if rule is not None else ""
    return layer if layer != ticket.classing.layer else ""


def with_layer(ticket: Ticket, layer: str, head: Header, ground: str = "", to: str = "") -> Ticket:
    """*ticket* on another layer, with the step in its history; class and level stay."""
    step = t.LayerStep(layer, ticket.classing.layer, head.recorded_at, head.actor.account, head.id, ground, to)
    return replace(
        ticket,
        classing=replace(ticket.classing, layer=layer),
        layering=replace(ticket.layering, steps=(*ticket.layering.steps, step)),
    )
