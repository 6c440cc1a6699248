"""
What an entry says, in words: each fact with its label, codes in the words of the catalogue, units and nodes by their names.

What ties entries together for machines (ids of asks, whole digests) is left out; what is sealed or not opened here has no words.
"""

from datetime import date, datetime, time, timedelta

from node.domain.organisation import Role
from node.domain.ticket.correction import FactCorrected
from node.domain.ticket.intake import Registered
from node.domain.time import BEIJING
from node.services.acting import UNIT_FIELDS
from node.services.queries import Names
from node.services.ticket_view import EntryLine
from node.texts.catalogue import BETWEEN, Lang, catalogue, label, text, with_more, word

# Codes of these fields are words of another section than the field's own name; of one event's field, where it is named with it.
_SECTIONS = {
    "MergeConsentRecorded.answer": "consent",
    "NotAccepted.reason": "refusal_reason",
    "Registered.field": "field_of_service",
    "StatutoryLimitEntered.unit": "limit_unit",
    "Terminated.reason": "ground",
    "VerificationRecorded.result": "verification_result",
    "answer_standard": "standard",
    "consent_way": "way",
    "core_class": "category",
    "convener_role": "role",
    "consistent": "truth",
    "decides": "with_whom",
    "feedback_way": "way",
    "former_category": "category",
    "former_complexity": "complexity",
    "former_layer": "layer",
    "former_level": "level",
    "former_state": "state",
    "grounds": "ground",
    "opened_kind": "payload_kind",
    "passed": "forming_test",
    "path_means": "way",
    "reason_code": "ground",
    "satisfied": "truth",
    "standard_met": "truth",
    "value": "evaluation",
    "with_whom_next": "with_whom",
}
_UNITS = frozenset(UNIT_FIELDS)
_NODES = frozenset({"county", "decided_by", "holder", "node", "to"})
_DOSSIERS = frozenset({"enterprise", "meeting", "new_enterprise", "old_enterprise", "order"})
_DIGESTS = frozenset({"digest", "evidence", "materials", "provided", "scan"})
# Fields that hold an account, of which some may name a unit or a role as well.
_ACCOUNTS = frozenset(
    {"account", "assessor", "convener", "deputy", "former", "leader", "members", "person", "persons", "successor", "tracker"}
)
_TIES = frozenset({"ask", "blob", "cause", "contributions", "draft", "entry", "finding", "request", "scale", "session"})
_DIGEST_CHARACTERS = 12
# Roles that act for their own unit: its name says more than the role.
_OF_UNITS = frozenset(role.value for role in (Role.DEPARTMENT, Role.DEPARTMENT_LEADER, Role.MEMBER, Role.STEWARD))


def who_said(entry: EntryLine, names: Names, lang: Lang) -> str:
    """
    The person with his role, or with its unit where it acts for that; the node itself by one word.  Of a deputy, or of a leader's
    secretary, whom he acted for.
    """
    role = word("role", entry.role, lang)
    if entry.role == Role.NODE.value:
        return role
    account, behalf = (names.person(one, entry.node) for one in (entry.account, entry.behalf))
    account = text("timeline.behalf", lang, account=account, behalf=behalf) if behalf else account
    return with_more(account, names.unit(entry.unit) if entry.unit and entry.role in _OF_UNITS else role, lang)


def facts_said(entry: EntryLine, names: Names, lang: Lang) -> list[tuple[str, str | None]]:
    """
    Label and words of each field that has a name: plain facts, then texts, then contacts, in the event's order.

    None in place of the words: sealed, or not opened here.
    """
    named = catalogue(lang)
    said: list[tuple[str, str | None]] = [
        (label(entry.kind, name, lang), _of_people(entry, name, value, names, lang) or fact_said(*_meant(entry, name), value, names, lang))
        for name, value in entry.facts.items()
        if f"field.{name}" in named and name not in _TIES
    ]
    said += [(label(entry.kind, name, lang), words) for name, words in entry.texts.items()]
    return said + [(label(entry.kind, name, lang), None) for name in entry.contacts]


def _meant(entry: EntryLine, name: str) -> tuple[str, str]:
    """The kind of event and the field whose words a fact has: what a correction replaced is said as it was on registration."""
    is_replaced = entry.kind == FactCorrected.kind() and name in ("old", "new")
    return (Registered.kind(), str(entry.facts.get("field", ""))) if is_replaced else (entry.kind, name)


def _of_people(entry: EntryLine, name: str, value: object, names: Names, lang: Lang) -> str:
    """Who is meant by an account that stands in an entry of this node; empty of any other fact."""
    if name not in _ACCOUNTS or entry.node != names.own:
        return ""
    accounts = [str(one) for one in value] if isinstance(value, tuple) else [str(value)]
    return BETWEEN[lang].join(names.person(one) for one in accounts) if any(one in names.people for one in accounts) else ""


def fact_said(kind: str, name: str, value: object, names: Names, lang: Lang) -> str:
    """A plain fact of a *kind* of event: codes in words where there are some, units and nodes by name, digests short, times Beijing's."""
    if isinstance(value, datetime):
        local = value.astimezone(BEIJING)
        # What is due at midnight is due on the day before: 24:00 belongs to the day that it closes.
        if name.endswith("due_at") and local.time() == time(0):
            return f"{local - timedelta(days=1):%Y-%m-%d} 24:00"
        return f"{local:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return word("truth", "yes" if value else "no", lang)
    many = [str(one) for one in value] if isinstance(value, tuple) else [str(value)]
    return BETWEEN[lang].join(_in_words(kind, name, many, names, lang))


def _in_words(kind: str, name: str, codes: list[str], names: Names, lang: Lang) -> list[str]:
    own = _SECTIONS.get(f"{kind}.{name}")
    if own:
        return [word(own, one, lang) for one in codes]
    if name in _UNITS:
        return [names.unit(one) for one in codes]
    if name in _NODES:
        return [names.node(one) for one in codes]
    if name in _DOSSIERS:
        return [names.dossiers.get(one, one) for one in codes]
    if name in _DIGESTS:
        return [one if len(one) <= _DIGEST_CHARACTERS else f"{one[:_DIGEST_CHARACTERS]}…" for one in codes]
    return [word(_SECTIONS.get(name, name), one, lang) for one in codes]
