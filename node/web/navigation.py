"""Where each role needs to go.  It shows the way and grants nothing: what a page lets somebody do is asked where it is done."""

from dataclasses import dataclass

from node.domain.organisation import Role
from node.services.readership import ACCOUNT_READERS, AUDITORS

_TAKING_IN = frozenset({Role.WINDOW_CLERK, Role.SPECIALIST, Role.OFFICE, Role.STEWARD, Role.MEMBER})
_RUNNING = frozenset({Role.OFFICE, Role.DIRECTOR})
_IN_UNITS = frozenset({Role.DEPARTMENT, Role.DEPARTMENT_LEADER, Role.MEMBER, Role.STEWARD, Role.TRACKER})
_LEADING = frozenset({Role.LEADER, Role.GOVERNMENT})
_WATCHING = frozenset({Role.SUPERVISION, Role.DISCIPLINE, Role.ASSESSOR, Role.SUPERVISOR})
_ADMINISTERING = frozenset({Role.OPERATOR, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN})
_WORKING = frozenset(Role) - _ADMINISTERING - {Role.NODE, Role.ENTERPRISE}


@dataclass(frozen=True)
class Way:
    """A page by its fixed path; its text is "web.nav.<key>"."""

    key: str
    path: str


@dataclass(frozen=True)
class Group:
    """Ways that belong together, under a heading "web.nav.<key>"."""

    key: str
    ways: tuple[Way, ...]


_WAYS: tuple[tuple[str, tuple[tuple[str, str, frozenset[Role]], ...]], ...] = (
    (
        "desk",
        (
            ("today", "/", frozenset(Role)),
            ("leader", "/leader", _LEADING | _RUNNING),
            ("intake", "/intake", _TAKING_IN),
            ("tickets", "/tickets", _WORKING),
            ("search", "/search", _WORKING - {Role.FINDER}),
        ),
    ),
    (
        "boards",
        (
            ("triage", "/boards/triage", _RUNNING | {Role.SPECIALIST}),
            ("dispatch", "/boards/dispatch", _RUNNING | {Role.SPECIALIST, Role.STEWARD}),
            ("judgement", "/boards/judgement", _RUNNING | {Role.MEMBER}),
            ("approvals", "/boards/approvals", _RUNNING | _LEADING | {Role.DEPARTMENT_LEADER}),
            ("tray", "/boards/tray", frozenset({Role.DEPARTMENT, Role.DEPARTMENT_LEADER})),
            ("co_handling", "/boards/co-handling", _RUNNING | _IN_UNITS),
            ("objections", "/boards/objections", _RUNNING | _IN_UNITS | {Role.GOVERNMENT}),
            ("escalations", "/boards/escalations", _RUNNING | _LEADING),
            ("letters", "/boards/letters", _RUNNING | _IN_UNITS | {Role.GOVERNMENT}),
            ("supervision", "/boards/supervision", _RUNNING | _WATCHING - {Role.ASSESSOR} | {Role.DEPARTMENT, Role.DEPARTMENT_LEADER}),
            ("revisits", "/boards/revisits", _RUNNING | {Role.SPECIALIST, Role.SUPERVISION}),
            ("rounds", "/boards/rounds", _RUNNING | {Role.SUPERVISOR, Role.SUPERVISION}),
            ("meetings", "/boards/meetings", _RUNNING | _LEADING | {Role.MEMBER, Role.DEPARTMENT, Role.DEPARTMENT_LEADER}),
            ("leading", "/boards/leading", _RUNNING | _LEADING),
        ),
    ),
    (
        "registers",
        (
            ("enterprises", "/registers/enterprises", _RUNNING | _TAKING_IN | {Role.DEPARTMENT}),
            ("contacts", "/registers/contacts", _RUNNING | {Role.WINDOW_CLERK, Role.SPECIALIST}),
            ("calendar", "/registers/calendar", _WORKING - {Role.FINDER} | {Role.OPERATOR}),
            ("packs", "/registers/packs", _RUNNING | _WATCHING | {Role.OPERATOR}),
            ("what_if", "/registers/what-if", _RUNNING),
            ("channels", "/registers/channels", _RUNNING),
            ("accounts", "/registers/accounts", frozenset(map(Role, ACCOUNT_READERS))),
            ("audit", "/registers/audit", frozenset(map(Role, AUDITORS))),
            ("links", "/registers/links", _RUNNING | _WATCHING - {Role.ASSESSOR} | {Role.OPERATOR}),
            ("ledger", "/ledger", frozenset({Role.OFFICE, Role.SUPERVISION, Role.DEPARTMENT, Role.DEPARTMENT_LEADER})),
            ("export", "/export", _RUNNING | _WATCHING),
            ("first_day", "/first-day", _RUNNING | {Role.OPERATOR}),
        ),
    ),
)


def groups_of(role: str) -> tuple[Group, ...]:
    """The navigation of somebody who looks around in *role*; groups without a way for him are missing."""
    found = (
        Group(key, tuple(Way(name, path) for name, path, roles in ways if role in {one.value for one in roles})) for key, ways in _WAYS
    )
    return tuple(group for group in found if group.ways)
