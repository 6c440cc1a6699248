"""``qyzj ticket package``: the archive package of a closed ticket, as a file."""

from pathlib import Path
from typing import Annotated

import typer

from node.cli.console import Session, Usage
from node.services import queries
from node.services.archive_package import package_of


def pack_ticket(
    session: Session,
    ticket: Annotated[str, typer.Argument(metavar="TICKET", show_default=False)],
    file: Annotated[Path, typer.Argument(metavar="FILE", show_default=False)],
) -> None:
    """Write the package and its digest; ``archive --digest`` names it."""
    with session.node() as node, node.store.read() as view:
        found = queries.find_ticket(view, ticket)
        whole = view.readings.ticket(found)
        package = package_of(view, found, node.blobs, node.policies.for_ticket(view, whole, node.now()))
    try:
        package.write(file)
    except OSError as error:
        raise Usage("file_unreadable", option="FILE", file=file) from error
    body = {"ticket": found, "file": str(file), "digest": package.digest, "retention_years": package.retention_years}
    said = session.say("package.written", file=file, digest=package.digest, years=package.retention_years)
    session.answer(body, lambda console: console.print(said))
