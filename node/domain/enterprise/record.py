"""What an enterprise file remembers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from node.domain.dossier import Dossier
from node.domain.entry import SubjectKind
from node.domain.payload import Reach, Words

# What a file may be about; only the first four have a unified code.
KINDS = ("enterprise", "state_owned_enterprise", "individual_business", "cooperative", "project", "person")
WITHOUT_CODE = frozenset({"project", "person"})
# How one file is tied to another: a branch to its head, an outside enterprise to a native, a project to what it became.
BRANCH, NATIVE, BECAME = "branch_of", "native_of", "became"
RELATIONS = (BRANCH, NATIVE, BECAME)
SMALL = frozenset({"small", "micro"})


@dataclass(frozen=True)
class Person:
    """Somebody to be reached at the enterprise, from ``since`` until ``until`` (None: still)."""

    since: datetime
    name: Reach | None
    phone: Reach | None
    position: Reach | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Name:
    """What it was called from ``since`` on."""

    since: datetime
    name: Words | None


@dataclass(frozen=True)
class Visit:
    """One contact with the enterprise: when, by which unit, why (无事不扰, FJ25-0.1).  ``ticket`` is what it was about, if one was."""

    on: date
    unit: str
    account: str
    purpose: str
    way: str
    ticket: str = ""


@dataclass(frozen=True)
class Draw:
    """An item of a service package that was drawn (FJ25-1.2.4b), or a benefit that was granted (AS25-3.6.2c)."""

    item: str
    at: datetime
    account: str


@dataclass(frozen=True)
class Official:
    """The account that keeps contact with the enterprise: "contact_official", "double_link_leader" ..."""

    account: str
    part: str


@dataclass(frozen=True)
class Enterprise(Dossier):
    """
    One file of one node.  It is found by its unified code (``key``), where that is no personal one.

    ``state``: "active", "became" (a project that is an enterprise now) or "closed".  ``division`` is where it is, six digits;
    ``area`` the town or subdistrict; ``block`` one of the pack's industry blocks.
    """

    kind: ClassVar[SubjectKind] = SubjectKind.ENTERPRISE

    subject_type: str = "enterprise"
    credit_code: str = ""
    is_code_doubtful: bool = False
    private_code: Reach | None = None
    names: tuple[Name, ...] = ()
    address: Reach | None = None
    division: str = ""
    area: str = ""
    size: str = ""
    industry: str = ""
    block: str = ""
    tags: tuple[str, ...] = ()
    people: tuple[Person, ...] = ()
    visits: tuple[Visit, ...] = ()
    officials: tuple[Official, ...] = ()
    draws: tuple[Draw, ...] = ()
    benefits: tuple[Draw, ...] = ()
    # A native who lives elsewhere; the natives that an enterprise from elsewhere is tied to (FJ25-1.1.3).
    is_native: bool = False
    natives: tuple[str, ...] = ()
    head: str = ""
    became: str = ""
    # A project of the park: its agent, and the steps from start to production that are done (FJ25-3.7.3b).
    is_park: bool = False
    agent: str = ""
    steps: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The unified code, where it stands in the open."""
        return self.credit_code

    @property
    def parties(self) -> frozenset[str]:
        """The files that it is tied to, and its agent."""
        return frozenset({self.head, self.became, self.agent, *self.natives}) - {""}

    @property
    def about(self) -> frozenset[str]:
        """The tickets that a contact was about."""
        return frozenset(visit.ticket for visit in self.visits if visit.ticket)

    @property
    def name(self) -> Words | None:
        """What it is called now."""
        return self.names[-1].name if self.names else None

    @property
    def person(self) -> Person | None:
        """Who is to be reached now."""
        return next((one for one in reversed(self.people) if one.until is None), None)

    @property
    def is_native_tie(self) -> bool:
        """A native from elsewhere, or tied to one: served though it is not of this place."""
        return self.is_native or bool(self.natives)

    @property
    def is_small(self) -> bool:
        """A small or micro enterprise."""
        return self.size in SMALL
