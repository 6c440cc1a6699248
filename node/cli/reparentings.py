"""
``qyzj link reparent | decide | abort | moves``: a county leaves one city for another (FEDERATION 2.7).

The province's operator orders it; both cities and the county do their parts by themselves, as long as they serve.  Then the new
city's operator writes an invitation (``qyzj invite``) and the county's redeems it (``qyzj join``): one file, carried by hand.
"""

from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console

from node.cli.command_line import moment_of
from node.cli.console import Session
from node.cli.verbs import Verbs
from node.domain.entry import Actor
from node.domain.reparenting import STAY, AbortReparenting, DecideReparenting, OrderReparenting
from node.services.acting import Node, acting
from node.storage import reparenting_readings as readings

OPERATOR = "operator"

NodeCodeArgument = Annotated[str, typer.Argument(metavar="NODE", show_default=False)]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", show_default=False)]
Given = OrderReparenting | DecideReparenting | AbortReparenting


def add_to(noun: typer.Typer, verbs: Verbs) -> None:
    """Put the verbs onto the noun of links."""
    verbs.add(noun, "reparent", reparent, key="link.reparent")
    verbs.add(noun, "decide", decide, key="link.decide")
    verbs.add(noun, "abort", abort, key="link.abort")
    verbs.add(noun, "moves", moves, key="link.moves")


def reparent(
    session: Session,
    node: NodeCodeArgument,
    to: Annotated[str, typer.Option("--to", metavar="NODE", show_default=False)],
    reason: Reason,
    at: Annotated[str, typer.Option("--at", metavar="TIME", show_default=False)] = "",
    escalations: Annotated[str, typer.Option("--escalations", metavar="stay|move")] = STAY,
) -> None:
    """Order a node below one subordinate to move to another."""
    from federation import reparenting
    from node.cli.nodes import level_of

    effective_at: datetime | None = moment_of("at", at)
    with session.node() as here:
        actor = _actor(session, here, OrderReparenting(node, to))
        move = reparenting.order(level_of(here), node, to, reason, actor, escalations=escalations, effective_at=effective_at)
    body = {"move": move, "node": node, "to": to, "escalations": escalations, "effective_at": effective_at}
    session.answer(body, lambda console: console.print(session.say("link.reparenting", node=node, to=to)))


def decide(session: Session, node: NodeCodeArgument, reason: Reason) -> None:
    """Go on with what is held here: the former superior, or the node, does not answer."""
    from federation import reparenting
    from node.cli.nodes import level_of

    with session.node() as here:
        reparenting.decide(level_of(here), node, reason, _actor(session, here, DecideReparenting(node)))
    session.answer({"node": node}, lambda console: console.print(session.say("link.decided", node=node)))


def abort(session: Session, node: NodeCodeArgument, reason: Reason) -> None:
    """Call a move off, before the new superior is named."""
    from federation import reparenting
    from node.cli.nodes import level_of

    with session.node() as here:
        reparenting.abort(level_of(here), node, reason, _actor(session, here, AbortReparenting(node)))
    session.answer({"node": node}, lambda console: console.print(session.say("link.aborted", node=node)))


def moves(session: Session) -> None:
    """Every move that this node knows of, the newest first."""
    with session.node() as here, here.store.read() as view:
        found = readings.listed(view.connection)
    body = [
        {
            "move": one.id,
            "node": one.node,
            "from": one.from_node,
            "to": one.to_node,
            "stage": one.stage,
            "effective_at": one.effective_at,
            "escalations": one.escalations,
            "is_forced": one.is_forced,
        }
        for one in found
    ]

    def lines(console: Console) -> None:
        table = session.table("moves", "node", "former", "superior", "stage", "effective_at", "escalations")
        for one in found:
            stage, stays = session.word("reparenting_stage", one.stage), session.word("reparenting_escalations", one.escalations)
            table.add_row(one.node, one.from_node, one.to_node, stage, session.moment(one.effective_at), stays)
        console.print(table)

    session.answer({"moves": body}, lines)


def _actor(session: Session, here: Node, command: Given) -> Actor:
    with here.store.read() as view:
        return acting(here, view, session.acting(OPERATOR), command)
