"""
The supervision order (督办单) as a dossier, and its codes.

One kind of object for every measure from the reminder to the accountability proposal: who opened it and on what ground, whom
it addresses, what it demands by when, receipt, answer and result (AS25-4.6.1).  A talk and accountability are only ever
*proposed* by the hub; a person decides, and the talk itself is written down by the discipline side (FJ25-5.14.1a).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from node.domain.dossier import Dossier
from node.domain.entry import SubjectKind
from node.domain.organisation import Role
from node.domain.payload import Words

# 提醒, 催办, 警告, 督办, 挂牌督办, 公开曝光, 定期晾晒, 群众评议, 提醒约谈, 问责.
REMIND, URGE, WARN, SUPERVISE, LISTED = "remind", "urge", "warn", "supervise", "listed"
EXPOSURE, PUBLICATION, APPRAISAL, TALK, ACCOUNTABILITY = "exposure", "publication", "appraisal", "talk", "accountability"
MEASURES = (REMIND, URGE, WARN, SUPERVISE, LISTED, EXPOSURE, PUBLICATION, APPRAISAL, TALK, ACCOUNTABILITY)
# What nobody orders outright: it is proposed with its evidence, and a person decides.
ONLY_PROPOSED = frozenset({TALK, ACCOUNTABILITY})
# What the node never does of itself: it names a unit in public, or a person.
NEVER_AUTOMATIC = ONLY_PROPOSED | {EXPOSURE, PUBLICATION, APPRAISAL}

UNREGISTERED, MAY_OVERDUE, OVERDUE = "unregistered", "may_overdue", "overdue"
CONCENTRATED, REPEATED_REWORK, BELOW_STANDARD = "concentrated_complaints", "repeated_rework", "below_standard"
FINDING_UNANSWERED, PERFUNCTORY, LAST_IN_ROW, OTHER = "finding_unanswered", "perfunctory", "last_in_row", "other_ground"
# AS25-4.6.1.1 to .5 first; a superior's finding without an answer is of the fifth (USERS A3); the last are FJ25-5.14.1a's.
GROUNDS = (
    UNREGISTERED,
    MAY_OVERDUE,
    OVERDUE,
    CONCENTRATED,
    REPEATED_REWORK,
    BELOW_STANDARD,
    FINDING_UNANSWERED,
    PERFUNCTORY,
    LAST_IN_ROW,
    OTHER,
)

# AS25-4.6.2: 电话督办, 系统督办, 书面督办, 专项督办.
PHONE, SYSTEM, WRITTEN, SPECIAL = "phone", "system", "written", "special"
FORMS = (PHONE, SYSTEM, WRITTEN, SPECIAL)

# To whom a step of the ladder speaks: the person in charge, the unit, its leader, the supervision side.
ADDRESSEES = ("person", "unit", "leader", "supervision")

# Why a talk is proposed (FJ25-5.14.1a).
TALK_TRIGGERS = (PERFUNCTORY, OVERDUE, LAST_IN_ROW)

PROPOSED, ISSUED, RECEIVED, ANSWERED, CLOSED, DECLINED = "proposed", "issued", "received", "answered", "closed", "declined"
IN_FORCE = frozenset({ISSUED, RECEIVED, ANSWERED})
OPEN = IN_FORCE | {PROPOSED}

# Who supervises: the office, the supervision and discipline sides, the government, and a superior's supervisor.
SUPERVISING = frozenset({Role.OFFICE, Role.SUPERVISION, Role.DISCIPLINE, Role.GOVERNMENT, Role.SUPERVISOR})


@dataclass(frozen=True)
class SupervisionOrder(Dossier):
    """
    One measure of supervision.  ``tickets`` are what it is about, none for a contact that was never registered (ground 1), which
    ``reference`` names.  ``unit`` must answer, or the node ``to_node`` where the order goes to another level.

    ``issuer`` is the role in whose name it stands; the node itself acts in the office's.  ``follows``, ``started_at`` and
    ``due_at`` say which limit of the ticket a step of the ladder is about, ``times`` the how-manyth step it was.  ``evidence``
    are codes that a rule counted, such as "2026-Q1 1/4".  ``is_sealed``: unread by the levels between until ``received_at``.
    """

    kind: ClassVar[SubjectKind] = SubjectKind.ORDER

    number: str = ""
    measure: str = ""
    ground: str = ""
    form: str = ""
    unit: str = ""
    to_node: str = ""
    addressed_to: str = ""
    issuer: str = ""
    is_automatic: bool = False
    tickets: tuple[str, ...] = ()
    reference: str = ""
    demand: Words | None = None
    called_at: datetime | None = None
    team: tuple[str, ...] = ()
    plan: Words | None = None
    follows: str = ""
    times: int = 0
    started_at: datetime | None = None
    due_at: datetime | None = None
    evidence: tuple[str, ...] = ()
    finding: str = ""
    received_at: datetime | None = None
    read_at: datetime | None = None
    answered_at: datetime | None = None
    answer: Words | None = None
    cause: str = ""
    tolerance: str = ""
    result: str = ""
    closed_at: datetime | None = None
    talk_on: date | None = None
    is_sealed: bool = False

    @property
    def key(self) -> str:
        """Its number."""
        return self.number

    @property
    def parties(self) -> frozenset[str]:
        """The unit and the nodes that have a part in it."""
        return frozenset({self.owner, self.to_node, self.unit}) - {""}

    @property
    def about(self) -> frozenset[str]:
        """The tickets that it is about."""
        return frozenset(self.tickets)

    @property
    def is_open(self) -> bool:
        """Proposed, or in force and not closed."""
        return self.state in OPEN
