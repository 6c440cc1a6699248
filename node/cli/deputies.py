"""``qyzj account suspend``, ``resume``, ``deputy``, ``end-deputy``, ``deputies``: who may act now, and in whose place."""

import dataclasses
from datetime import date
from typing import Annotated

import typer
from rich.console import Console
from sqlalchemy import select

from node.cli.console import Session
from node.cli.verbs import Verbs
from node.domain.accounts import DEPUTY, EndDeputy, NameDeputy, ResumeAccount, SuspendAccount
from node.domain.command import Command
from node.domain.payload import Text
from node.domain.refusal import Code, Refusal
from node.domain.registry import ADMINISTRATORS
from node.domain.time import local_day
from node.services.acting import Node, act
from node.services.bodies import outcome_body
from node.services.deputies import deputyships
from node.storage import schema

# Who acts unless somebody is named, as for opening and closing: administrators are the security administrator's.
_CENTRE, _SECURITY = "centre", "security"

AccountId = Annotated[str, typer.Argument(metavar="ACCOUNT", show_default=False)]
DeputyId = Annotated[str, typer.Argument(metavar="DEPUTY", show_default=False)]


def add_to(account: typer.Typer, verbs: Verbs) -> None:
    """Put the verbs onto the noun."""
    verbs.add(account, "suspend", suspend, key="account.suspend")
    verbs.add(account, "resume", resume, key="account.resume")
    verbs.add(account, "deputy", name_deputy, key="account.deputy")
    verbs.add(account, "end-deputy", end_deputy, key="account.end-deputy")
    verbs.add(account, "deputies", list_deputies, key="account.deputies")


def suspend(session: Session, account: AccountId, reason: Annotated[str, typer.Option("--reason", metavar="TEXT")] = "") -> None:
    """Let an account act no more until it is resumed; its sessions are over at once."""
    _give(session, SuspendAccount(account, Text(reason) if reason.strip() else None), account, "suspended", id=account)


def resume(session: Session, account: AccountId) -> None:
    """Let a suspended account act again."""
    _give(session, ResumeAccount(account), account, "resumed", id=account)


def name_deputy(
    session: Session,
    account: AccountId,
    deputy: DeputyId,
    until: Annotated[str, typer.Option("--to", metavar="DAY", show_default=False)],
    since: Annotated[str, typer.Option("--from", metavar="DAY", show_default=False)] = "",
    duty: Annotated[str, typer.Option("--duty", metavar="deputy|secretary")] = DEPUTY,
) -> None:
    """Let somebody act for an account that is away, both days included; from today unless a day is named."""
    with session.node() as node:
        today = local_day(node.now())
    first, last = _day("--from", since) if since else today, _day("--to", until)
    command = NameDeputy(account, deputy, first, last, duty)
    _give(
        session, command, account, "deputy_named", id=account, deputy=deputy, first=first, last=last, duty=session.word("deputy_duty", duty)
    )


def end_deputy(session: Session, account: AccountId, deputy: DeputyId) -> None:
    """Let somebody act for an account no more."""
    _give(session, EndDeputy(account, deputy), account, "deputy_ended", id=account, deputy=deputy)


def list_deputies(session: Session, account: Annotated[str, typer.Argument(metavar="[ACCOUNT]", show_default=False)] = "") -> None:
    """Who stands in for whom, past and future; of one account, on either side."""
    with session.node() as node, node.store.read() as view:
        found, today = deputyships(view.connection, node.code, account), local_day(node.now())

    def show(console: Console) -> None:
        table = session.table("deputies", "account", "deputy", "duty", "first_day", "last_day")
        for one in found:
            is_now = one.from_day <= today <= one.to_day
            said = (one.account, one.deputy, session.word("deputy_duty", one.duty), str(one.from_day), str(one.to_day))
            table.add_row(*said, style="" if is_now else "dim")
        console.print(table)

    session.answer({"deputies": [dataclasses.asdict(one) for one in found]}, show)


def _give(session: Session, command: Command, account: str, said: str, **facts: object) -> None:
    with session.node() as node:
        outcome = act(node, session.acting(_default(node, account)), command)
    key = f"account.{said}" if outcome.entries else "ticket.nothing"
    session.answer(outcome_body(outcome, ""), lambda console: console.print(session.say(key, **facts)))


def _default(node: Node, account: str) -> str:
    table = schema.accounts
    with node.store.read() as view:
        roles = view.connection.execute(select(table.c.roles).where(table.c.node == node.code, table.c.id == account)).scalar()
    return _SECURITY if roles and set(roles.split(",")) & ADMINISTRATORS else _CENTRE


def _day(option: str, said: str) -> date:
    try:
        return date.fromisoformat(said)
    except ValueError:
        raise Refusal(Code.MALFORMED_COMMAND, field=option) from None
