"""
Who reads what is about no ticket, and whose boards are whose: said once, for the page that shows it, for the query of the API and for
its entries in the feed and the web hooks.

Whoever sees the node's whole subtree sees units, packs, calendars and links.  These are fewer: who drew whom, who opened what about
whom, who may sign in.
"""

from collections.abc import Mapping

from node.domain.accounts import (
    AccountResumed,
    AccountSuspended,
    CredentialsReset,
    DeputyEnded,
    DeputyNamed,
    HookAdded,
    HookRemoved,
    TokenMade,
    TokenRevoked,
)
from node.domain.entry import Event, SubjectKind
from node.domain.organisation import Role
from node.domain.refusal import Code, Refusal
from node.domain.registry import AccountClosed, AccountOpened, PayloadOpened, TicketRead

# Who reads the whole journal, and who of the centre reads whose contacts were opened; everybody reads what he opened himself.
AUDITORS = frozenset({Role.AUDIT_ADMIN.value, Role.SUPERVISION.value})
OPENING_READERS = AUDITORS | {Role.OFFICE.value, Role.DIRECTOR.value, Role.SECURITY_ADMIN.value}
# A drawn ticket is nobody's to know whom the round is about: the office that draws, and who leads or supervises it (DESIGN 8).
DRAWERS = frozenset(role.value for role in (Role.OFFICE, Role.DIRECTOR, Role.GOVERNMENT, Role.LEADER, Role.SUPERVISION, Role.SUPERVISOR))
# Who opens a letter that he did not write himself.
LETTER_READERS = frozenset(role.value for role in (Role.OFFICE, Role.OPERATOR, Role.GOVERNMENT, Role.SUPERVISOR, Role.SUPERVISION))
# Who looks accounts up (AS25-3.2.1a).
ACCOUNT_READERS = frozenset({Role.OFFICE.value, Role.DIRECTOR.value, Role.SECURITY_ADMIN.value, Role.AUDIT_ADMIN.value})
# Who sets a node up, and so reads what is missing on it.
FIRST_DAY_READERS = ACCOUNT_READERS | {Role.OPERATOR.value, Role.LEADER.value}

_OF_ACCOUNTS: tuple[type[Event], ...] = (
    *(AccountOpened, AccountClosed, AccountSuspended, AccountResumed),
    *(CredentialsReset, DeputyNamed, DeputyEnded),
    *(TokenMade, TokenRevoked, HookAdded, HookRemoved),
)
_OPENINGS: tuple[type[Event], ...] = (PayloadOpened, TicketRead)
# By the kind of an event, whatever it is about; then by the kind of what it is about.
EVENT_READERS: Mapping[str, frozenset[str]] = {
    **{event.kind(): ACCOUNT_READERS | AUDITORS for event in _OF_ACCOUNTS},
    **{event.kind(): OPENING_READERS for event in _OPENINGS},
}
SUBJECT_READERS: Mapping[str, frozenset[str]] = {SubjectKind.ROUND.value: DRAWERS, SubjectKind.LETTER.value: LETTER_READERS}

# --- boards -----------------------------------------------------------------------------------------------------------

# Who runs, leads or supervises the mechanism; whoever has parts in single tickets; who calls enterprises back.
_STAFF = frozenset(
    role.value
    for role in (
        *(Role.OFFICE, Role.DIRECTOR, Role.STEWARD, Role.SPECIALIST, Role.WINDOW_CLERK, Role.GOVERNMENT),
        *(Role.LEADER, Role.SUPERVISION, Role.DISCIPLINE, Role.SUPERVISOR),
    )
)
_PARTS = frozenset(role.value for role in (Role.DEPARTMENT, Role.DEPARTMENT_LEADER, Role.MEMBER, Role.TRACKER))
_CALLERS = frozenset(role.value for role in (Role.OFFICE, Role.DIRECTOR, Role.MEMBER, Role.SPECIALIST, Role.SUPERVISION))
BOARD_READERS: Mapping[str, frozenset[str]] = {
    "triage": _STAFF,
    "dispatch": _STAFF,
    "judgement": _STAFF | _PARTS,
    "approvals": _STAFF | _PARTS,
    "tray": frozenset({Role.DEPARTMENT.value, Role.DEPARTMENT_LEADER.value}),
    "co-handling": _STAFF | _PARTS,
    "objections": _STAFF | _PARTS,
    "escalations": _STAFF,
    "revisits": _CALLERS,
    "rounds": DRAWERS,
    "supervision": _STAFF | _PARTS,
    "letters": _STAFF | _PARTS | {Role.OPERATOR.value},
    "meetings": _STAFF | _PARTS,
    "leading": _STAFF | {Role.TRACKER.value},
}


def boards_of(role: str) -> list[str]:
    """
    The boards of *role*, in the order of the menu.

    Raises:
        Refusal: PERMISSION_DENIED, if there is none for it.
    """
    found = [name for name, roles in BOARD_READERS.items() if role in roles]
    if not found:
        raise Refusal(Code.PERMISSION_DENIED, command="boards", role=role)
    return found


def need_board(role: str, name: str) -> None:
    """
    Refuse a board that is not for *role*; what somebody sees of one that is, is his scope's.

    Raises:
        Refusal: PERMISSION_DENIED.
    """
    if role not in BOARD_READERS[name]:
        raise Refusal(Code.PERMISSION_DENIED, command=name, role=role)
