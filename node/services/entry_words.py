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
    "CauseFound.outcome": "cause_outcome",
    "CommitmentBroken.missing": "gap_item",
    "Formed.field": "field_of_service",
    "HandlingVerified.outcome": "verified",
    "IntakeFilled.field": "field_of_service",
    "MergeConsentRecorded.answer": "consent",
    "NotAccepted.reason": "refusal_reason",
    "PreliminaryReplyGiven.ground": "preliminary_ground",
    "RecheckRuled.outcome": "recheck_ruling",
    "Registered.field": "field_of_service",
    "StatutoryLimitEntered.unit": "limit_unit",
    "Supervised.ground": "supervision_ground",
    "Terminated.reason": "ground",
    "TerminationRequested.reason": "ground",
    "TookIn.former_unit": "limit_unit",
    "VerificationRecorded.result": "verification_result",
    "act": "leader_act",
    "answer_standard": "standard",
    "by": "speaker",
    "consent_way": "way",
    "core_class": "category",
    "convener_role": "role",
    "consistent": "truth",
    "decider": "role",
    "effect": "follow_up_result",
    "feedback_way": "way",
    "former_category": "category",
    "former_complexity": "complexity",
    "former_industry": "industry",
    "former_layer": "layer",
    "former_level": "level",
    "former_state": "state",
    "found_cause": "dissatisfaction_cause",
    "gaps": "gap_item",
    "grounds": "ground",
    "indicators": "indicator",
    "lapsed": "step",
    "opened_kind": "payload_kind",
    "passed": "forming_test",
    "path_means": "way",
    "reason_code": "return_reason",
    "satisfied": "truth",
    "solved": "truth",
    "standard_met": "truth",
    "to": "sent_to",
    "tone": "case_tone",
    "value": "evaluation",
    "with_whom_next": "with_whom",
}
_UNITS = frozenset({*UNIT_FIELDS, "concealed", "local_unit", "named", "DecisionRecorded.body"})
_NODES = frozenset({"county", "decided_by", "decides", "holder", "node"})
_DOSSIERS = frozenset({"enterprise", "meeting", "new_enterprise", "old_enterprise", "order"})
_DIGESTS = frozenset({"basis", "digest", "evidence", "materials", "provided", "scan"})
# Fields that hold an account, of which some may name a unit or a role as well.
_ACCOUNTS = frozenset(
    {
        *("account", "assessor", "convener", "deputy", "former", "leader", "members", "person", "persons", "successor", "tracker"),
        "LayerRaised.to",
    }
)
_TIES = frozenset(
    {"ask", "blob", "cause", "contributions", "draft", "entry", "finding", "request", "scale", "session", "DecidedAbove.source"}
)
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
        (label(entry.kind, name, lang), _of_people(entry, name, value, names, lang) or _fact_of(entry, name, value, names, lang))
        for name, value in entry.facts.items()
        if f"field.{name}" in named and not _is_of(_TIES, entry.kind, name)
    ]
    said += [(label(entry.kind, name, lang), words) for name, words in entry.texts.items()]
    return said + [(label(entry.kind, name, lang), None) for name in entry.contacts]


def _is_of(fields: frozenset[str], kind: str, name: str) -> bool:
    return name in fields or f"{kind}.{name}" in fields


def _fact_of(entry: EntryLine, name: str, value: object, names: Names, lang: Lang) -> str:
    if entry.kind == FactCorrected.kind() and name in ("old", "new"):
        # It is a value of the field that was corrected, and reads as it does where that was registered.
        return fact_said(Registered.kind(), str(entry.facts.get("field", "")), value, names, lang)
    return fact_said(entry.kind, name, value, names, lang)


def _of_people(entry: EntryLine, name: str, value: object, names: Names, lang: Lang) -> str:
    """Who is meant by an account that stands in an entry of this node; empty of any other fact."""
    if not _is_of(_ACCOUNTS, entry.kind, name) or entry.node != names.own:
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
    if _is_of(_UNITS, kind, name):
        return [names.unit(one) for one in codes]
    if name in _NODES:
        return [names.node(one) for one in codes]
    if name in _DOSSIERS:
        return [names.dossiers.get(one, one) for one in codes]
    if name in _DIGESTS:
        return [one if len(one) <= _DIGEST_CHARACTERS else f"{one[:_DIGEST_CHARACTERS]}…" for one in codes]
    if name == "clock":
        return [clock_said(one, names, lang) for one in codes]
    return [word(_SECTIONS.get(name, name), one, lang) for one in codes]


def clock_said(name: str, names: Names, lang: Lang) -> str:
    """A clock in words, with the unit, or the number, that its name has behind its kind."""
    kind, _, rest = name.partition("/")
    return " ".join(one for one in (word("clock", kind, lang), names.unit(rest)) if one)
