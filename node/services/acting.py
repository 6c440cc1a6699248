"""
What every entrance of a node does, as functions: the verbs of the command line, pages, REST and the rehearsal all call these.
"""

import dataclasses
import uuid
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, TypedDict, TypeVar, Unpack

from sqlalchemy import select

from node import config
from node.domain.command import Command, Order
from node.domain.entry import Actor, SubjectKind
from node.domain.refusal import Code, Refusal
from node.domain.registry import unit_code
from node.domain.ticket.correction import Correct
from node.domain.time import local_day
from node.packs.file import Find
from node.services.clock import Sweep
from node.services.deputies import deputyship
from node.services.dossiers import find
from node.services.handle import Handler, Outcome
from node.services.parts import find_for
from node.services.policies import Policies
from node.services.queries import find_ticket
from node.services.registry import actor_with_roles
from node.storage import schema
from node.storage.blobs import Blobs
from node.storage.unit_of_work import Store, View
from node.storage.writer import Writer

C = TypeVar("C", bound=Command)


class Now(Protocol):
    """A clock."""

    def __call__(self) -> datetime: ...


class Node(Protocol):
    """A node as ``node.app`` puts it together; entrances are handed one and never import the composition root."""

    @property
    def settings(self) -> config.Settings: ...
    @property
    def store(self) -> Store: ...
    @property
    def writer(self) -> Writer: ...
    @property
    def handler(self) -> Handler: ...
    @property
    def policies(self) -> Policies: ...
    @property
    def blobs(self) -> Blobs: ...
    @property
    def sweep(self) -> Sweep: ...
    @property
    def now(self) -> Now: ...
    @property
    def wall(self) -> Now: ...
    @property
    def find_pack(self) -> Find: ...
    @property
    def code(self) -> str: ...
    @property
    def data_dir(self) -> Path: ...
    def close(self) -> None: ...


class Said(TypedDict, total=False):
    """
    What is said beside a command; everything may be missing.

    ``ticket`` is whatever a person says for a number (register number, ticket number, "0213-34-7"); ``subject`` is the id, or the
    key, of another subject.  ``id`` makes a repeat harmless; without one each call is a new command.  ``seen`` is the custody
    number and version that the person looked at.  ``behalf`` is whose deputy he acts as; ``prefer`` the role that is taken if
    several may.
    """

    ticket: str
    subject: str
    id: str
    seen: tuple[int, int] | None
    occurred_at: datetime | None
    behalf: str
    prefer: str


def act(node: Node, account: str, command: Command, **said: Unpack[Said]) -> Outcome:
    """
    Let *account* ("li", or "li:office" for one of its roles) give *command* at *node*, about what is *said*.

    Raises:
        Refusal: as ``order_of``, or what ``Handler.handle`` refuses.
    """
    return node.handler.handle(order_of(node, account, command, **said))


def order_of(node: Node, account: str, command: Command, **said: Unpack[Said]) -> Order:
    """
    What ``act`` hands to the node: who acts in which role, and whatever a person may say shortly, said in full.

    What the person does not see is not there for him, whatever he asks of it: no refusal tells that it exists, or how it stands.

    Raises:
        Refusal: ACCOUNT_UNKNOWN, NOT_THE_DEPUTY, PERMISSION_DENIED, SUBJECT_UNKNOWN.
    """
    with node.store.read() as view:
        return order_in(node, view, account, command, **said)


def order_in(node: Node, view: View, account: str, command: Command, **said: Unpack[Said]) -> Order:
    """As ``order_of``, in a snapshot that is open already."""
    actor, seats = _actor_and_seats(node, view, account, command, said.get("behalf", ""), said.get("prefer", ""))
    subject = _subject(node, view, seats, command, said.get("ticket", ""), said.get("subject", ""))
    try:
        command = _with_whole_files(view, _with_whole_units(view, _with_whole_numbers(view, command, seats)))
    except Refusal:
        # Whoever may not give it at all is told that, whatever he names beside it.
        if actor.role in _allowed(node, view, command):
            raise
        raise _denied(command, actor) from None
    return Order(said.get("id") or str(uuid.uuid4()), actor, subject, command, said.get("seen"), said.get("occurred_at"))


def _actor_and_seats(node: Node, view: View, account: str, command: Command, behalf: str, prefer: str) -> tuple[Actor, tuple[Actor, ...]]:
    """Who acts, and in which roles he looks; asked once a snapshot, for those who give the same command."""
    key = ("seats", account, prefer, type(command))
    found: tuple[Actor, tuple[Actor, ...]] | None = None if behalf else view.memo.get(key)
    if found is None:
        actor = acting(node, view, account, command, behalf=behalf, prefer=prefer)
        found = actor, _seats(view, actor, account)
        # What a deputy may give depends on more than the kind of the command.
        if not behalf:
            view.memo[key] = found
    return found


def _seats(view: View, actor: Actor, account: str) -> tuple[Actor, ...]:
    """*actor*, and the same person in his other roles, unless one was named or he acts for somebody else."""
    if actor.behalf or ":" in account:
        return (actor,)
    table = schema.accounts
    found = select(table.c.roles).where(table.c.node == view.head.node, table.c.id == account)
    roles = view.connection.execute(found).scalar_one().split(",")
    return (actor, *(dataclasses.replace(actor, role=role) for role in roles if role != actor.role))


def _subject(node: Node, view: View, seats: tuple[Actor, ...], command: Command, ticket: str, subject: str) -> str:
    kind = command.subject_kind
    if kind is SubjectKind.NODE:
        return subject or node.code
    if command.starts:
        return subject
    is_allowed, denied = seats[0].role in _allowed(node, view, command), _denied(command, seats[0])
    if kind is SubjectKind.TICKET:
        said = ticket or subject
        try:
            return find_ticket(view, said, *seats) if said else ""
        except Refusal as refusal:
            # The pack that governs the ticket may allow it, so it is looked for first.
            raise (refusal if is_allowed else denied) from None
    # Before it is looked for: whoever may do nothing about one is not told whether it is there.
    if not is_allowed:
        raise denied
    return find_for(view, kind, subject, *seats) if subject and kind is not SubjectKind.ROUND else subject


def _denied(command: Command, actor: Actor) -> Refusal:
    return Refusal(Code.PERMISSION_DENIED, command=type(command).__name__, role=actor.role)


def acting(node: Node, view: View, account: str, command: Command, *, behalf: str = "", prefer: str = "") -> Actor:
    """
    Who acts: the account in the role that was named, else in *prefer* if that may give *command*, else in its first role that may, else
    in its first; of a deputy in the roles of *behalf*.

    Raises:
        Refusal: ACCOUNT_UNKNOWN; PERMISSION_DENIED, if the account does not have the role; NOT_THE_DEPUTY.
    """
    name, _, role = account.partition(":")
    actor, roles = actor_with_roles(view.connection, node.code, name, role)
    if behalf:
        found = deputyship(view.connection, node.code, name, behalf, local_day(node.now()))
        found.need_may(command)
        allowed = _allowed(node, view, command)
        wanted = (role or prefer, *found.roles)
        return found.actor(next((one for one in wanted if one in found.roles and one in allowed), found.roles[0]))
    if role:
        return actor
    allowed = _allowed(node, view, command)
    fitting = sorted((one for one in roles if one in allowed), key=lambda one: one != prefer)
    return Actor(actor.account, fitting[0], actor.unit) if fitting else actor


def _allowed(node: Node, view: View, command: Command) -> frozenset[str]:
    """The roles that may give *command* under the pack in force, or by themselves where no pack is."""
    own = frozenset(role.value for role in command.roles)
    try:
        pack = node.policies.of_node(view, node.now()).pack
    except Refusal as refusal:
        if refusal.code is Code.PACK_MISSING:
            return own
        raise
    return frozenset(pack.names(f"rights.{type(command).__name__}")) or own


# Fields of commands that name units.
UNIT_FIELDS = (
    "bound", "co_handlers", "conceal_from", "first_contact", "lead", "leads",
    "members", "new_lead", "suggested", "participants", "present", "proposed_unit", "team", "unit", "units",
)  # fmt: skip
_NAMING_UNITS = frozenset(
    {SubjectKind.TICKET, SubjectKind.MEETING, SubjectKind.LEADER, SubjectKind.ORDER, SubjectKind.APPRAISAL, SubjectKind.CONTEST}
)


def _with_whole_units(view: View, command: Command) -> Command:
    """A unit of this node may be said by its short name, as it was opened: "housing" for "520402-housing"."""
    if command.subject_kind not in _NAMING_UNITS:
        return command
    named = {name: value for name in UNIT_FIELDS if (value := getattr(command, name, None))}
    if not named:
        return command
    units = set(view.connection.execute(select(schema.units.c.code)).scalars())

    def whole(said: str) -> str:
        own = unit_code(view.head.node, said)
        return own if said not in units and own in units else said

    said = {name: tuple(whole(one) for one in value) if isinstance(value, tuple) else whole(value) for name, value in named.items()}
    return _replaced(command, said)


# Fields of commands that name enterprise files.
FILE_FIELDS = ("enterprise", "enterprises")


def _with_whole_files(view: View, command: Command) -> Command:
    """An enterprise file may be said by the unified code of the enterprise, too."""
    said = {name: value for name in FILE_FIELDS if (value := getattr(command, name, None))}
    if isinstance(command, Correct) and command.field == "enterprise" and command.value:
        said["value"] = command.value

    def whole(one: str) -> str:
        return find(view, SubjectKind.ENTERPRISE, one)

    named = {name: tuple(whole(one) for one in value) if isinstance(value, tuple) else whole(value) for name, value in said.items()}
    return _replaced(command, named)


def _with_whole_numbers(view: View, command: Command, seats: tuple[Actor, ...]) -> Command:
    """Other tickets that *command* names may be said in any form, too; what nobody of *seats* sees is not there."""
    whole: dict[str, object] = {}
    for name in command.also:
        said = getattr(command, name)
        whole[name] = (
            tuple(find_ticket(view, one, *seats) for one in said)
            if isinstance(said, tuple)
            else find_ticket(view, said, *seats)
            if said
            else said
        )
    return _replaced(command, {name: value for name, value in whole.items() if value != getattr(command, name)})


def _replaced(command: C, values: Mapping[str, object]) -> C:
    """*command*, which is of a dataclass as every command is, with *values* in place of its own."""
    one: Any = command
    changed: C = dataclasses.replace(one, **values) if values else command
    return changed
