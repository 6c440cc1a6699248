"""
What may be done about a ticket, sorted as people ask: do I reply, pass it on, ask, look after a deadline, or only write something down?

Areas of the domain (``command_fields.AREAS``) follow the life of a ticket; of one that is in hand nearly all would stand in one list.
"""

from collections.abc import Mapping, Sequence

from node.services.possible import Action

# In the order in which they stand on the page.
_BY_AREA: Mapping[str, frozenset[str]] = {
    "take_in": frozenset({"first_contact", "offering", "judgement", "acceptance", "merging", "forming", "consent", "legacy"}),
    "reply": frozenset({"countersigning", "completion", "answering", "close_out", "confirmation", "closing"}),
    "pass_on": frozenset({"dispatching", "objection", "assignment", "co_handling", "task_force", "tracking"}),
    "upward": frozenset({"layers", "complaint_centre", "leading", "meetings", "escalation", "transfer", "custody"}),
    "ask": frozenset({"supplement", "opinion", "coordination", "submission", "proxy_decision", "applications"}),
    "deadlines": frozenset({"plan", "milestone", "extension", "due_proposal", "termination", "commitment", "turns"}),
    "records": frozenset({"intake", "filling", "enquiry", "correction", "handling", "introduction", "calls", "progress_report"}),
    "revisits": frozenset(
        {
            *("after", "revisit", "evaluation", "invitation", "verification", "follow_up", "vote_elsewhere"),
            *("rework", "recheck", "recheck_above", "rectification"),
        }
    ),
    "supervision": frozenset({"supervision", "assessment", "finding"}),
}
# Acts that people look for elsewhere than beside the rest of their area.
BY_VERB: Mapping[str, str] = {
    "give-preliminary-reply": "reply",
    "answer-solvability": "reply",
    "record-liaison": "records",
    "record-tracking": "records",
    "record-leader-act": "records",
    "record-coordination": "records",
    "set-industry": "records",
    "mark-case": "records",
    "require-site-visit": "ask",
    "ask-progress": "ask",
    "explain-missed-turn": "deadlines",
    "link-common": "records",
}
GROUPS: Sequence[str] = tuple(_BY_AREA)


def group_of(verb: str, area: str) -> str:
    """One of ``GROUPS`` for the command *verb* of an *area* of the domain."""
    return BY_VERB.get(verb) or next(group for group, areas in _BY_AREA.items() if area in areas)


def grouped(actions: Sequence[Action]) -> dict[str, list[Action]]:
    """*actions* by group, those that are empty left out, each in the order of *actions*."""
    found: dict[str, list[Action]] = {group: [] for group in GROUPS}
    for one in actions:
        found[group_of(one.verb, one.area)].append(one)
    return {group: several for group, several in found.items() if several}
