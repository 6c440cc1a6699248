"""
What a story is made of.

A story is data: who does what at which node and when, in business time.  Whoever plays it (the demo on real nodes, a test
without any) gives each command its ticket's register number and the ids that came up on the way, by ``Known``.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from node.domain.command import Command
from node.domain.payload import Contact
from node.domain.time import BEIJING

YEAR = 2026


class Known(Protocol):
    """What came up while the story was played."""

    def __getitem__(self, label: str) -> str:
        """The register number of the ticket with that label."""
        ...

    def draft(self, label: str) -> str:
        """The entry id of the last reply that was drafted on the ticket."""
        ...


Make = Callable[[Known], Command]


@dataclass(frozen=True)
class Paper:
    """An attachment that an act brings along: stored at the node, with the ticket, before the command is given."""

    file_name: str
    content: str

    @property
    def data(self) -> bytes:
        """What is stored."""
        return self.content.encode()

    @property
    def digest(self) -> str:
        """SHA-256 in hex: how a command names it."""
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True)
class Act:
    """
    One command of one person at one node.

    ``at`` is Beijing time.  ``ticket`` is the story's label of the ticket; the act whose command starts a ticket gives the
    label its number.  ``expects`` is the code of the refusal that must come, empty if it is carried out.  ``after`` is the
    kind of an entry that must have arrived at this node on this ticket first.  ``behind`` says that the person looks at a
    page so many versions old.  ``unless_back_at``: left out if that node holds the ticket, with nobody asked, already,
    because a node's standing rule did the same.
    """

    at: datetime
    node: str
    account: str
    role: str
    ticket: str
    command: Command | Make
    expects: str = ""
    after: str = ""
    papers: tuple[Paper, ...] = ()
    behind: int = 0
    unless_back_at: str = ""

    def ready(self, known: Known) -> Command:
        """The command, with what came up on the way filled in."""
        return self.command if isinstance(self.command, Command) else self.command(known)


@dataclass(frozen=True)
class UnitEntry:
    """A unit to open: its short name (the code is "<node>-<short>"), its name, its kind."""

    short: str
    name: str
    kind: str = "department"


@dataclass(frozen=True)
class AccountEntry:
    """An account to open: id, short name of its unit ("" for none), roles, the person's name."""

    account: str
    unit: str
    roles: tuple[str, ...]
    name: Contact


@dataclass(frozen=True)
class NodeEntry:
    """
    A node of the story: who it is, which pack it adopts, and whom its centre enters on the first day.

    ``first_people`` have the accounts that ``init`` opens, in the unit "centre" and in the order of its ``FIRST_ACCOUNTS``.
    """

    code: str
    name: str
    superior: str
    pack: str
    centre_name: str
    first_people: tuple[Contact, ...]
    units: tuple[UnitEntry, ...]
    accounts: tuple[AccountEntry, ...]

    def unit_of(self, account: str) -> str:
        """The code of the unit of *account*, or empty."""
        short = next((one.unit for one in self.accounts if one.account == account), CENTRE)
        return f"{self.code}-{short}" if short else ""

    def roles_of(self, account: str) -> tuple[str, ...]:
        """The roles of *account*."""
        return next((one.roles for one in self.accounts if one.account == account), FIRST_ACCOUNTS.get(account, ()))


# What `init` opens (node.services.setup): the accounts that the story uses.
CENTRE = "centre"
FIRST_ACCOUNTS = {"centre": ("office", "window_clerk"), "operator": ("operator",)}


@dataclass(frozen=True)
class LinkDown:
    """The node cannot be reached by any other from ``begin`` until ``end`` (Beijing)."""

    node: str
    begin: datetime
    end: datetime


def beijing(text: str) -> datetime:
    """A moment of the story, from "02-14 09:30", in Beijing time."""
    return datetime.fromisoformat(f"{YEAR}-{text.replace(' ', 'T')}").replace(tzinfo=BEIJING)


def day(text: str) -> date:
    """A day of the story, from "02-14"."""
    return date.fromisoformat(f"{YEAR}-{text}")
