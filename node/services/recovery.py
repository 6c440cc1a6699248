"""
A node that lost its keys opens again what it had sealed, with the recovery key that `qyzj init` printed (DESIGN 4, FEDERATION 2.3 no. 8).

The ciphertexts and the wrapped keys came back from the superior with the history; only the secret that opens them was lost.  What
others had wrapped for this node alone (a ticket that it was handed) its own recovery key does not open.
"""

from node.services import lookup_index
from node.storage import text_index
from node.storage.keyring import KeyRing, KeyRingError, parse_recovery_key
from node.storage.payloads import Recovered
from node.storage.unit_of_work import UnitOfWork


def recover(work: UnitOfWork, printed: str) -> Recovered:
    """
    Open this node's month keys with the recovery key *printed* of its former keys, wrap them for the keys that it has now, and fill
    the indexes from what can be read again.  Repeatable: with each key of those that were lost, in any order.

    Raises:
        KeyRingError: RECOVERY_KEY_LENGTH, RECOVERY_KEY_CHARACTER, RECOVERY_KEY_CHECK: a slip; RECOVERY_KEY_OTHER, if something is
            sealed and it opens nothing of it.
    """
    found = work.payloads.recover_month_keys(parse_recovery_key(printed))
    if found.sealed and not found.opened:
        raise KeyRingError("RECOVERY_KEY_OTHER")
    if found.opened:
        lookup_index.refill(work)
        text_index.refill(work.connection, work.journal, work.payloads)
    return found


def is_current(ring: KeyRing, printed: str) -> bool:
    """
    Whether *printed* is the recovery key of the keys that this node has now: what a drill asks, and nothing is changed.

    Raises:
        KeyRingError: a slip in typing.
    """
    return ring.is_recovery_key(parse_recovery_key(printed))
