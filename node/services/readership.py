"""
Who reads what is about no ticket: said once, for the page that shows it, for the query of the API and for its entries in the feed and
the web hooks.

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
