"""``qyzj init``, ``invite``, ``join`` and ``node``: a node begins, and the tree grows below it."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.panel import Panel
from rich.text import Text as RichText
from sqlalchemy import select

from node import config
from node.cli.console import Session, Usage, need_room, unwritable
from node.cli.pack_files import read_pack_file
from node.cli.packs import check_whole, keep_own
from node.cli.staff import node_command
from node.cli.verbs import Verbs
from node.domain.payload import Text
from node.domain.registry import InviteNode, SetNodeStatus
from node.packs.fault import Fault, FaultyPack, Rule
from node.packs.file import finder, parse_pack
from node.services.acting import Node, acting
from node.services.bodies import outcome_body
from node.services.setup import FIRST_ACCOUNTS
from node.storage import schema
from node.storage.guard import Guard

if TYPE_CHECKING:
    from federation.level import Level

OPERATOR = "operator"
# What `qyzj node` sets, by verb.
STATUSES = {"suspend": "suspended", "resume": "active", "revoke": "revoked"}

NodeCodeArgument = Annotated[str, typer.Argument(metavar="NODE", show_default=False)]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", show_default=False)]


def add_to(app: typer.Typer, verbs: Verbs) -> None:
    """Put the verbs and the noun onto the program."""
    verbs.add(app, "init", init)
    verbs.add(app, "invite", invite)
    verbs.add(app, "join", join)
    noun = verbs.group(app, "node")
    verbs.add(noun, "list", list_nodes, key="node.list")
    verbs.add(noun, "suspend", suspend, key="node.suspend")
    verbs.add(noun, "resume", resume, key="node.resume")
    verbs.add(noun, "revoke", revoke, key="node.revoke")


# --- a new node -------------------------------------------------------------------------------------------------------


def init(
    session: Session,
    node: Annotated[str, typer.Option("--node", metavar="NODE", show_default=False)],
    name: Annotated[str, typer.Option("--name", metavar="TEXT", show_default=False)],
    pack: Annotated[str, typer.Option("--pack", metavar="FILE|ID", show_default=False)],
    centre: Annotated[str, typer.Option("--centre", metavar="TEXT", show_default=False)] = "",
    database: Annotated[str, typer.Option("--database", metavar="URL", show_default=False)] = "",
    listen: Annotated[str, typer.Option("--listen", metavar="HOST:PORT", show_default=False)] = "",
    advertise: Annotated[str, typer.Option("--advertise", metavar="HOST:PORT", show_default=False)] = "",
    web: Annotated[str, typer.Option("--web", metavar="HOST:PORT", show_default=False)] = "",
    rehearsal_clock: Annotated[Path | None, typer.Option("--rehearsal-clock", metavar="FILE", show_default=False)] = None,
) -> None:
    """Make a node in the data directory; its first accounts and its recovery key are shown once."""
    given: dict[str, Any] = {"data_dir": session.data.absolute(), "node": node, "database_url": database}
    given |= {key: value for key, value in (("listen", listen), ("advertise", advertise), ("web_listen", web)) if value}
    if rehearsal_clock is not None:
        given["rehearsal_clock"] = rehearsal_clock.absolute()
        if not rehearsal_clock.is_file():
            raise Usage("file_unreadable", option="--rehearsal-clock", file=rehearsal_clock)
    settings = config.check(given)
    pack_id = _checked_pack(session, pack)
    made, recovery_key = session.parts.create(settings, name, pack_id, centre or session.say("init.centre", name=name))
    made.close()
    former = Guard(settings.guard).read()
    accounts = [{"account": account, "roles": list(roles)} for account, roles in FIRST_ACCOUNTS]
    body: dict[str, Any] = {"node": node, "name": name, "data": str(settings.data_dir), "pack": pack_id, "accounts": accounts}
    body["recovery_key"] = recovery_key
    if former is not None:
        body["former"] = {"file": str(settings.guard), "node": former.node, "epoch": former.epoch, "size": former.size}

    def lines(console: Console) -> None:
        console.print(RichText(session.say("init.made", node=node, name=name, directory=session.data), style="green"))
        table = session.table("first_accounts", "account", "roles")
        for account, roles in FIRST_ACCOUNTS:
            table.add_row(account, session.word("role", ", ".join(roles)))
        console.print(table)
        console.print(session.say("init.names"))
        console.print(session.say("init.recovery"))
        console.print(Panel(RichText(recovery_key, style="bold", no_wrap=True), expand=False))
        if former is not None:
            key = "init.former" if former.node == node else "init.former_other"
            facts = {"file": settings.guard, "node": former.node, "epoch": former.epoch, "size": former.size}
            console.print(RichText(session.say(key, **facts), style="yellow"))

    session.answer(body, lines)


def _checked_pack(session: Session, pack: str) -> str:
    """The id of a pack that can be used; a file is kept among the node's own, once it was found sound."""
    find = finder(session.data / "packs")
    if pack.endswith(".toml"):
        text = read_pack_file(Path(pack))
        pack_id = parse_pack(Path(pack).name, text).id
        check_whole(pack_id, text, finder(Path(pack).parent, session.data / "packs"))
        keep_own(session.data, pack_id, text)
        return pack_id
    found = find(pack)
    if found is None:
        raise FaultyPack([Fault(f"{pack}.toml", "", Rule.PACK_UNKNOWN, {"pack": pack})])
    check_whole(pack, found, find)
    return pack


# --- the tree ---------------------------------------------------------------------------------------------------------


def invite(
    session: Session,
    node: NodeCodeArgument,
    name: Annotated[str, typer.Option("--name", metavar="TEXT", show_default=False)],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", show_default=False)],
    address: Annotated[str, typer.Option("--address", metavar="HOST:PORT", show_default=False)] = "",
) -> None:
    """Write the invitation file by which a node may join below this one, once, within 72 hours."""
    from federation import enrolment  # gRPC: what takes longest to load, for two verbs of many
    from federation.credentials import KeyFiles

    need_room(out)
    with session.node() as here:
        with here.store.read() as view:
            actor = acting(here, view, session.acting(OPERATOR), InviteNode(node, name, ""))
        authority = KeyFiles(here.data_dir / "keys").authority(here.code, here.wall())
        to = address or here.settings.advertise or here.settings.listen
        made = enrolment.invite(level_of(here), authority, node, name, to, actor)
        try:
            made.write(out)
        except OSError as error:
            raise unwritable(out, error) from error
    body = {"node": node, "name": name, "file": str(out), "address": made.address, "expires_at": made.expires_at}
    session.answer(
        body, lambda console: console.print(session.say("invite.made", node=node, file=out, until=session.moment(made.expires_at)))
    )


def join(
    session: Session,
    file: Annotated[Path, typer.Argument(metavar="FILE", show_default=False)],
    moved: Annotated[bool, typer.Option("--moved")] = False,
) -> None:
    """Redeem an invitation: become a subordinate of the node that wrote it; also of another one than before, where that was ordered."""
    from federation import enrolment, invitation
    from federation.credentials import KeyFiles

    if not file.is_file():
        raise Usage("file_unreadable", option="FILE", file=file)
    with session.node() as here:
        invited = invitation.read(file, here.code, here.wall())
        joined = enrolment.join(level_of(here), KeyFiles(here.data_dir / "keys"), invited, is_moved=moved)
    body = {"line": list(joined.line), "names": list(joined.names)}
    above = session.say("between").join(f"{node} {name}" for node, name in zip(joined.line, joined.names, strict=True))
    session.answer(body, lambda console: console.print(RichText(session.say("join.made", line=above), style="green")))


def level_of(node: Node) -> "Level":
    """A node among its peers, as enrolment needs it."""
    from federation.level import Level

    return Level(node.store, node.writer, node.handler, node.now, node.wall, time.monotonic)


def list_nodes(session: Session) -> None:
    """Every node that this one knows."""
    table = schema.nodes
    with session.node() as node, node.store.read() as view:
        rows = view.connection.execute(select(table).order_by(table.c.superior, table.c.code)).all()
    body = [{"node": row.code, "name": row.name, "superior": row.superior, "status": row.status} for row in rows]

    def lines(console: Console) -> None:
        shown = session.table("nodes", "node", "name", "superior", "state")
        for one in body:
            style = "" if one["status"] == "active" else "red"
            shown.add_row(one["node"], one["name"], one["superior"], session.word("node_status", one["status"]), style=style)
        console.print(shown)

    session.answer({"nodes": body}, lines)


def suspend(session: Session, node: NodeCodeArgument, reason: Reason) -> None:
    """Take nothing from a subordinate for the time being."""
    _set_status(session, node, "suspend", reason)


def resume(session: Session, node: NodeCodeArgument, reason: Reason) -> None:
    """Let a suspended subordinate come back."""
    _set_status(session, node, "resume", reason)


def revoke(session: Session, node: NodeCodeArgument, reason: Reason) -> None:
    """Shut a subordinate out for ever."""
    _set_status(session, node, "revoke", reason)


def _set_status(session: Session, node: str, verb: str, reason: str) -> None:
    outcome = node_command(session, SetNodeStatus(node, STATUSES[verb], Text(reason)), OPERATOR)

    def lines(console: Console) -> None:
        key = "node.set" if outcome.entries else "ticket.nothing"
        console.print(session.say(key, node=node, status=session.word("node_status", STATUSES[verb])))

    session.answer(outcome_body(outcome, "") | {"node": node, "status": STATUSES[verb]}, lines)
