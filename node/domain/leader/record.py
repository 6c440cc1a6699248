"""
The register of leaders: one file each, with the posts held, the enterprises and units linked, and the reports delivered.

A post may be held by one person at a time (AS25-1.1b), or by one in each line (XS25-4.3.2.3a); whoever is appointed to such a post
ends the term of who held it.  Who holds which post is an entry with its day, so a decision can be asked years later who had
the right to take it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from node.domain.dossier import Dossier, DossierCommand, DossierEvent
from node.domain.entry import SubjectKind
from node.domain.pack import Pack

IN_OFFICE, OUT_OF_OFFICE = "in_office", "out_of_office"


class LeaderEvent(DossierEvent):
    """An event of a leader's file."""

    subject_kind: ClassVar[SubjectKind] = SubjectKind.LEADER


class LeaderCommand(DossierCommand):
    """A command about a leader's file."""

    subject_kind: ClassVar[SubjectKind] = SubjectKind.LEADER


@dataclass(frozen=True)
class Term:
    """
    A post held: ``duty_line`` where there is one such post in each line.  It ends with the day ``until``, if one was set, or when it was
    ended, ``ended_at``; ``successor`` is the account that ended it by being appointed.
    """

    post: str
    duty_line: str
    since: datetime
    until: date | None = None
    ended_at: datetime | None = None
    successor: str = ""

    def is_held(self, day: date) -> bool:
        """True if it runs on *day*, the last one included."""
        return self.ended_at is None and (self.until is None or day <= self.until)


@dataclass(frozen=True)
class Delivery:
    """A report that was put before the leader: its code and digest, and when he opened it."""

    report: str
    digest: str
    delivered_at: datetime
    read_at: datetime | None = None


@dataclass(frozen=True)
class Leader(Dossier):
    """
    A leader, found by ``account``.  ``enterprises`` and ``units`` are those that he is linked to (双挂钩, HM20-3.1b): credit codes and
    unit codes.
    """

    kind: ClassVar[SubjectKind] = SubjectKind.LEADER

    account: str = ""
    terms: tuple[Term, ...] = ()
    enterprises: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    deliveries: tuple[Delivery, ...] = ()

    @property
    def key(self) -> str:
        """The account."""
        return self.account

    @property
    def parties(self) -> frozenset[str]:
        """The units that he is linked to."""
        return frozenset(self.units)

    def term(self, post: str, duty_line: str = "") -> Term | None:
        """His term in *post* that was not ended, be its last day over or not."""
        return next((one for one in self.terms if (one.post, one.duty_line) == (post, duty_line) and one.ended_at is None), None)

    def holds(self, posts: Iterable[str], day: date, duty_line: str | None = None) -> bool:
        """True if he holds one of *posts* on *day*; in *duty_line*, if one is named."""
        wanted = set(posts)
        return any(one.post in wanted and one.is_held(day) and duty_line in (None, one.duty_line) for one in self.terms)

    def posts_on(self, day: date) -> tuple[Term, ...]:
        """The terms that run on *day*."""
        return tuple(one for one in self.terms if one.is_held(day))


def is_single(pack: Pack, post: str) -> bool:
    """One person at a time holds the post, in each line where the post has lines."""
    return post in pack.names("leaders.single_posts")


def has_lines(pack: Pack, post: str) -> bool:
    """The post stands for a line (条线): each has its own."""
    return post in pack.names("leaders.lined_posts")


def leader_of(leaders: Iterable[Leader], account: str) -> Leader | None:
    """The file of *account*."""
    return next((one for one in leaders if one.account == account), None)
