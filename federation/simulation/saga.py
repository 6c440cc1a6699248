"""Where an escalation stands as one node sees it: the states of FEDERATION 2.5, for coverage."""

from federation.simulation.world import Node

_AFTER = {
    "EscalationRequested": "REQUESTED",
    "EscalationWithdrawalRequested": "WITHDRAW_PENDING",
    "EscalationAccepted": "ACCEPTED",
    "EscalationReturned": "RETURNED",
    "EscalationWithdrawn": "WITHDRAWN",
    "DecidedAbove": "COMPLETED",
    "TransferRequested": "HANDED_DOWN",
    "TransferObjected": "OBJECTED",
    "TransferRuled": "RULED",
    "TransferAccepted": "TAKEN_DOWN",
    "TransferReturned": "SENT_BACK",
    "CustodyReturned": "GIVEN_BACK",
    "CustodyOverridden": "OVERRIDDEN",
}
STATES = tuple(_AFTER.values())
_MARKS = ", ".join("?" for _ in _AFTER)


def states(node: Node) -> list[str]:
    """The state of each escalation and transfer that the node knows of."""
    rows = node.rows(f"SELECT subject_id, kind FROM entries WHERE kind IN ({_MARKS}) ORDER BY taken", *_AFTER)
    return [_AFTER[kind] for kind in dict(rows).values()]
