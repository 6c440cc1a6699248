"""What the local ladder counts: which layer solved how much (XS25-4.3.2.1a; POLICY_PACKS 2 no. 45)."""

from collections.abc import Mapping

from sqlalchemy import func, select

from node.domain.pack import Pack
from node.domain.ticket.state import DONE, With
from node.storage import schema
from node.storage.unit_of_work import View


def solved_by_layer(view: View) -> Mapping[str, int]:
    """How many of this node's own tickets are done, by the layer on which they were; what was decided above is in none."""
    table = schema.tickets
    rows = view.connection.execute(
        select(table.c.layer, func.count().label("tickets"))
        .where(
            table.c.origin == view.head.node,
            table.c.state.in_(sorted(state.value for state in DONE)),
            table.c.decided_above.is_(False),
            table.c.layer != "",
        )
        .group_by(table.c.layer)
    )
    return {row.layer: row.tickets for row in rows}


def layers_of_the_centre(pack: Pack) -> frozenset[str]:
    """The layers on which the centre's own blocks, departments or the centre itself act: what they solve counts as solved at the centre."""
    at_centre = {With.DEPARTMENT.value, With.OFFICE.value}
    return frozenset(
        layer
        for layer in pack.names("ladder.layers")
        if (rule := pack.find(f"ladder.with.{layer}")) is not None and rule.value in at_centre
    )


def solved_at_the_centre(view: View, pack: Pack) -> int:
    """How many were solved without a leader (XS25-3.2)."""
    here = layers_of_the_centre(pack)
    return sum(count for layer, count in solved_by_layer(view).items() if layer in here)
