"""``qyzj serve``: the node at work, until it is told to stop."""

import typer

from node.cli.console import Session
from node.cli.verbs import Verbs


def add_to(app: typer.Typer, verbs: Verbs) -> None:
    """Put the verb onto the program."""
    verbs.add(app, "serve", serve)


def serve(session: Session) -> None:
    """Listen for subordinates, keep the link to the superior, sweep the clocks."""
    session.need_node()
    node = session.parts.build(session.data, inline=False)
    try:
        body = {"node": node.code, "listen": node.settings.listen}
        session.answer(body, lambda console: console.print(session.say("serve.listening", node=node.code, address=node.settings.listen)))
        session.parts.serve(node)
    finally:
        node.close()
