"""``qyzj serve``: the node at work, until it is told to stop."""

import typer
from rich.console import Console

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
        given = node.settings
        pages = f"{'http' if given.web_tls == 'none' else 'https'}://{given.web_listen}" if given.web_listen else ""
        body = {"node": node.code, "listen": given.listen, "pages": pages}

        def show(console: Console) -> None:
            console.print(session.say("serve.listening", node=node.code, address=given.listen))
            if pages:
                console.print(session.say("serve.pages", address=pages))

        session.parts.serve(node, lambda: session.answer(body, show))
    finally:
        node.close()
