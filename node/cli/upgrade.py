"""``qyzj upgrade``: the node in the data directory, brought to this program."""

import typer
from rich.console import Console
from rich.text import Text as RichText

from node import config
from node.cli.console import Session
from node.cli.verbs import Verbs
from node.services import rebuild, upgrading
from node.storage.database import open_database
from node.storage.migrate import NEWEST


def add_to(app: typer.Typer, verbs: Verbs) -> None:
    """Put the verb onto the program."""
    verbs.add(app, "upgrade", upgrade)


def upgrade(session: Session) -> None:
    """Migrate the database, then fold everything anew: what an older program could not read takes effect."""
    session.need_node()
    database = open_database(config.load(session.data).url)
    try:
        before = upgrading.bring_up(database)
    finally:
        database.close()
    with session.node() as node:
        found = rebuild.rebuild(node.store)
    body = {"before": before, "now": NEWEST, "entries": found.entries, "quarantine": found.quarantine}

    def lines(console: Console) -> None:
        console.print(RichText(session.say("upgrade.done", **body), style="green"))
        if found.quarantine:
            console.print(RichText(session.say("lane.aside", count=found.quarantine), style="bold red"))

    session.answer(body, lines)
