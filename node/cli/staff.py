"""
``qyzj unit`` and ``qyzj account``: who works here.

Units and ordinary accounts are opened by the centre, administrators by the security administrator.
"""

import dataclasses
import uuid
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text as RichText
from sqlalchemy import select

from node.cli import deputies
from node.cli.console import Session, Usage
from node.cli.tokens import token
from node.cli.verbs import Verbs
from node.domain import registry as g
from node.domain.accounts import ResetCredentials
from node.domain.command import Order
from node.domain.login import start_password_hours
from node.domain.payload import Contact
from node.domain.refusal import Code, Refusal
from node.services import passwords
from node.services.acting import act
from node.services.bodies import outcome_body
from node.services.handle import Outcome
from node.services.logins import logins_of
from node.services.registry import NODE_ACTOR
from node.services.staffing import staffing
from node.services.truthfulness import untrue_completions
from node.storage import schema
from node.storage.keyring import write_private

# Who acts unless somebody is named: the operator at the machine stands in for the first accounts (services.setup).
CENTRE = "centre"
SECURITY = "security"

UnitCode = Annotated[str, typer.Argument(metavar="UNIT", show_default=False)]
AccountId = Annotated[str, typer.Argument(metavar="ACCOUNT", show_default=False)]


def add_to(app: typer.Typer, verbs: Verbs) -> None:
    """Put both nouns onto the program."""
    unit = verbs.group(app, "unit")
    verbs.add(unit, "open", open_unit, key="unit.open")
    verbs.add(unit, "close", close_unit, key="unit.close")
    verbs.add(unit, "list", list_units, key="unit.list")
    verbs.add(unit, "check", check_units, key="unit.check")
    verbs.add(unit, "record", record, key="unit.record")
    account = verbs.group(app, "account")
    verbs.add(account, "open", open_account, key="account.open")
    verbs.add(account, "close", close_account, key="account.close")
    verbs.add(account, "list", list_accounts, key="account.list")
    verbs.add(account, "password", start_password, key="account.password")
    verbs.add(account, "certificate", write_certificate, key="account.certificate")
    verbs.add(account, "oidc", bind_subject, key="account.oidc")
    verbs.add(account, "token", token, key="account.token")
    deputies.add_to(account, verbs)


def open_unit(
    session: Session,
    unit: UnitCode,
    name: Annotated[str, typer.Argument(metavar="NAME", show_default=False)],
    kind: Annotated[str, typer.Option("--kind", metavar="CODE")] = "department",
) -> None:
    """Enter a unit."""
    _node_command(session, g.OpenUnit(unit, name, kind), CENTRE, "unit.opened", id=unit, name=name)


def close_unit(session: Session, unit: UnitCode) -> None:
    """Let a unit take no tickets any more."""
    with session.node() as node:
        command = g.CloseUnit(g.unit_code(node.code, unit))
    _node_command(session, command, CENTRE, "unit.closed", id=unit)


def list_units(session: Session) -> None:
    """Every unit with its staff."""
    units, accounts = schema.units, schema.accounts
    with session.node() as node, node.store.read() as view:
        staff = list(
            view.connection.execute(select(accounts.c.unit).where(accounts.c.node == node.code, accounts.c.is_active.is_(True))).scalars()
        )
        rows = view.connection.execute(select(units).where(units.c.node == node.code).order_by(units.c.code)).all()
    body = [
        {"unit": row.code, "kind": row.kind, "name": row.name, "is_active": row.is_active, "staff": staff.count(row.code)} for row in rows
    ]

    def show(console: Console) -> None:
        table = session.table("units", "unit", "name", "kind", "staff")
        for one in body:
            table.add_row(
                one["unit"], one["name"], session.word("unit_kind", one["kind"]), str(one["staff"]), style="" if one["is_active"] else "dim"
            )
        console.print(table)

    session.answer({"units": body}, show)


def check_units(session: Session) -> None:
    """Who sits in the joint mechanism, and which member unit lacks whom; exit code 1 if one does."""
    with session.node() as node, node.store.read() as view:
        found = staffing(view, node.policies.of_node(view, node.now()).pack)

    def show(console: Console) -> None:
        members = session.table("members", "unit", "account")
        for seat in found.members:
            members.add_row(seat.unit, seat.account)
        console.print(members)
        for gap in found.gaps:
            said = session.say("unit.lacks", unit=gap.unit, role=session.word("role", gap.role), has=gap.has, wanted=gap.wanted)
            console.print(RichText(said, style="red"))

    session.answer(dataclasses.asdict(found), show)
    if found.gaps:
        raise typer.Exit(1)


def record(session: Session, unit: UnitCode) -> None:
    """Completions of the unit that a revisit found not to be so, with both entries."""
    with session.node() as node, node.store.read() as view:
        found = untrue_completions(view, unit=g.unit_code(node.code, unit))

    def show(console: Console) -> None:
        table = session.table("untrue", "ticket", "account", "statement", "finding")
        for one in found:
            table.add_row(one.ticket, one.account, one.statement, one.finding)
        console.print(table)

    session.answer({"untrue": [dataclasses.asdict(one) for one in found]}, show)


def open_account(
    session: Session,
    account: AccountId,
    role: Annotated[list[str], typer.Option("--role", metavar="ROLE", show_default=False)],
    unit: Annotated[str, typer.Option("--unit", metavar="UNIT", show_default=False)] = "",
    name: Annotated[str, typer.Option("--name", metavar="TEXT", show_default=False)] = "",
    phone: Annotated[str, typer.Option("--phone", metavar="TEXT", show_default=False)] = "",
) -> None:
    """Open an account, or set its roles anew."""
    with session.node() as node:
        code = g.unit_code(node.code, unit) if unit else ""
    called, reached = (Contact(one) if one else None for one in (name, phone))
    command = g.OpenAccount(account, tuple(role), code, called, reached, is_named_anew=bool(name or phone))
    default = SECURITY if set(role) & g.ADMINISTRATORS else CENTRE
    _node_command(session, command, default, "account.opened", id=account, roles=role)


def close_account(session: Session, account: AccountId) -> None:
    """Let an account act no more."""
    _node_command(session, g.CloseAccount(account), CENTRE, "account.closed", id=account)


def start_password(session: Session, account: AccountId) -> None:
    """Print a start password, once; whoever stands at the machine may."""
    with session.node() as node:
        made = logins_of(node).start_password(account, node.wall())
    body = {"account": account, "password": made, "hours": start_password_hours}

    def show(console: Console) -> None:
        console.print(RichText(made, style="bold"))
        console.print(session.say("account.password", id=account, hours=start_password_hours))

    session.answer(body, show)


def write_certificate(
    session: Session, account: AccountId, out: Annotated[Path, typer.Option("--out", metavar="FILE", show_default=False)]
) -> None:
    """Write a certificate of the account with its key (PKCS #12), to be imported into a browser; the pass phrase is printed once."""
    from federation.credentials import KeyFiles, staff_package  # the links' own parts, for one verb of many

    with session.node() as node:
        logins, wall = logins_of(node), node.wall()
        phrase = passwords.start_password()
        packed = staff_package(KeyFiles(node.data_dir / "keys").authority(node.code, wall), node.code, account, phrase, wall)
        logins.add_certificate(account, packed.fingerprint, wall, packed.until)
    write_private(out, packed.content, replace=False)
    body = {"account": account, "file": str(out), "pass_phrase": phrase, "fingerprint": packed.fingerprint, "until": packed.until}

    def show(console: Console) -> None:
        console.print(RichText(phrase, style="bold"))
        console.print(session.say("account.certificate", id=account, file=out, day=packed.until.date()))

    session.answer(body, show)


def bind_subject(
    session: Session,
    account: AccountId,
    subject: Annotated[str, typer.Argument(metavar="SUBJECT", show_default=False)] = "",
    end: Annotated[bool, typer.Option("--end")] = False,
) -> None:
    """Let whom the provider of identities calls SUBJECT sign in as the account, or nobody any more; the journal notes it."""
    if end == bool(subject):
        raise Usage("subject_or_end")
    with session.node() as node:
        logins, wall, issuer = logins_of(node), node.wall(), node.settings.oidc_issuer
        if subject:
            if not issuer:
                raise Refusal(Code.SETTING_REFUSED, setting="oidc_issuer", fault="not set")
            logins.need_free(account, issuer, subject)
        command = ResetCredentials(account, "oidc")
        if session.account:
            act(node, session.account, command)
        else:
            # Whoever stands at the machine, as for start passwords; but this opens a way in that lasts, so it is an entry.
            node.handler.handle(Order(str(uuid.uuid4()), NODE_ACTOR, node.code, command))
        if subject:
            logins.bind_subject(account, issuer, subject, wall)
        else:
            logins.drop_subjects(account, wall)
    body = {"account": account, "issuer": issuer, "subject": subject}
    said = session.say("account.oidc.bound" if subject else "account.oidc.ended", **body)
    session.answer(body, lambda console: console.print(said))


def list_accounts(session: Session) -> None:
    """Every account with its roles."""
    table = schema.accounts
    with session.node() as node, node.store.read() as view:
        rows = view.connection.execute(select(table).where(table.c.node == node.code).order_by(table.c.unit, table.c.id)).all()
    body: list[dict[str, Any]] = [
        {"account": row.id, "unit": row.unit, "roles": row.roles.split(","), "is_active": row.is_active, "status": row.status}
        for row in rows
    ]

    def show(console: Console) -> None:
        shown = session.table("accounts", "account", "unit", "roles", "standing")
        for one in body:
            said = (
                one["account"],
                one["unit"],
                session.word("role", ", ".join(one["roles"])),
                session.word("account_status", one["status"]),
            )
            shown.add_row(*said, style="" if one["is_active"] else "dim")
        console.print(shown)

    session.answer({"accounts": body}, show)


def node_command(session: Session, command: g.NodeCommand, default: str) -> Outcome:
    """Give a command about the node itself, as the named account or as *default*."""
    with session.node() as node:
        return act(node, session.acting(default), command)


def _node_command(session: Session, command: g.NodeCommand, default: str, said: str, **facts: object) -> None:
    outcome = node_command(session, command, default)
    session.answer(
        outcome_body(outcome, ""), lambda console: console.print(session.say(said if outcome.entries else "ticket.nothing", **facts))
    )
