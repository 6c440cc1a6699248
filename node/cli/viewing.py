"""Who looks: whoever is named behind --as sees what his scope shows him; the operator at the machine what the node holds."""

from node.cli.console import Session
from node.domain.entry import Actor
from node.services.registry import actor_of
from node.storage.unit_of_work import View


def viewer_of(session: Session, node: str, view: View) -> Actor | None:
    """
    The account behind --as at *node*, in the role named or its first one; None if nobody is named.

    Raises:
        Refusal: ACCOUNT_UNKNOWN, UNAUTHENTICATED, PERMISSION_DENIED.
    """
    name, _, role = session.account.partition(":")
    return actor_of(view.connection, node, name, role) if name else None
