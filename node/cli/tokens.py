"""``qyzj account token``: tokens by which another system calls the API as an account of this node."""

import dataclasses
from typing import Annotated, Any

import typer
from rich.console import Console

from node.cli.console import Session
from node.domain.refusal import Code, Refusal
from node.services import tokens
from node.services.registry import actor_of

days_usual = 365
# As at the rest of ``qyzj account``, unless `--as` says who is at the machine.
_CENTRE = "centre"


def token(
    session: Session,
    account: Annotated[str, typer.Argument(metavar="ACCOUNT[:ROLE]", show_default=False)] = "",
    scope: Annotated[list[str] | None, typer.Option("--scope", metavar="CODE", show_default=False)] = None,
    name: Annotated[str, typer.Option("--name", metavar="TEXT", show_default=False)] = "",
    days: Annotated[int, typer.Option("--days", metavar="NUMBER")] = days_usual,
    is_list: Annotated[bool, typer.Option("--list", show_default=False)] = False,
    revoke: Annotated[str, typer.Option("--revoke", metavar="TOKEN", show_default=False)] = "",
) -> None:
    """Make a token, which is shown this once; or list those that there are, or end one."""
    id, _, role = account.partition(":")
    who, _, in_role = session.acting(_CENTRE).partition(":")
    if is_list:
        with session.node() as node, node.store.read() as view:
            found = tokens.listed(view, id)
        session.answer({"tokens": [_body(one) for one in found]}, lambda console: _show(session, console, found))
        return
    if revoke:
        with session.node() as node, node.store.write() as work:
            by = actor_of(work.connection, node.code, who, in_role)
            ended = tokens.revoke(work, revoke, node.wall(), by=by, now=node.now())
        session.answer({"token": _body(ended)}, lambda console: console.print(session.say("token.revoked", id=ended.id)))
        return
    if not id:
        raise Refusal(Code.FIELD_REQUIRED, field="account")
    with session.node() as node, node.store.write() as work:
        by = actor_of(work.connection, node.code, who, in_role)
        made, said = tokens.make_token(work, id, name, scope or (), days, node.wall(), role, by=by, now=node.now())

    def lines(console: Console) -> None:
        console.print(session.say("token.made", id=made.id, name=made.name, account=made.acts_as, until=session.moment(made.expires_at)))
        console.print(said, soft_wrap=True)

    session.answer({"token": _body(made), "secret": said}, lines)


def _body(one: tokens.Token) -> dict[str, Any]:
    return {field.name: getattr(one, field.name) for field in dataclasses.fields(one)}


def _show(session: Session, console: Console, found: list[tokens.Token]) -> None:
    table = session.table("tokens", "token", "name", "account", "scope", "until", "used")
    for one in found:
        until = session.say("token.ended") if one.revoked_at is not None else session.moment(one.expires_at)
        used = session.moment(one.used_at)
        table.add_row(one.id, one.name, one.acts_as, ", ".join(one.scopes), until, used, style="" if one.revoked_at is None else "dim")
    console.print(table)
