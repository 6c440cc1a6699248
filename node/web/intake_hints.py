"""What is shown beside an intake while it is typed: who may be calling, whether the code is one, what may be the same, what class it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from node.domain.credit_code import CreditCodeResult, Verdict
from node.domain.credit_code import check as check_credit_code
from node.domain.entry import Actor
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.services.callers import Caller, CallerFile, Typed, caller, chosen_file, earlier_needs
from node.services.drafts import Draft
from node.services.headlines import headlines
from node.services.lookup import StatusLine, status_line
from node.services.triage_inputs import KnownNeed, units_here
from node.storage.unit_of_work import View
from node.triage.duplicates import Need, likely_duplicates
from node.triage.lexicon import shipped
from node.triage.offered import SWITCH, functions_here, suggest_classes
from node.triage.suggest import Suggester, Suggestion

# Shorter texts are alike by chance.
text_characters_min = 6
same_max = 4


@dataclass(frozen=True)
class Same:
    """An earlier need that may be the same; ``reasons`` as ``duplicates.Likely``."""

    line: StatusLine
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Hints:
    """``caller`` is None before anything was looked up; ``chosen`` the file that the intake is for, ``code`` the check of its code."""

    caller: Caller | None
    chosen: CallerFile | None
    code: CreditCodeResult | None
    is_code_wrong: bool
    same: tuple[Same, ...]
    classes: tuple[Suggestion, ...]
    units: tuple[Suggestion, ...]
    # The first words of every need that is shown.
    headlines: Mapping[str, str]


def hints(view: View, draft: Draft, viewer: Actor, policy: Policy, now: datetime) -> Hints:
    """Everything that the typed fields say, for *viewer*."""
    said, code = draft.text("said").strip(), draft.text("credit_code").strip()
    checked = check_credit_code(code) if code else None
    words = "\n".join(one for one in (draft.text("title"), draft.text("appeal")) if one)
    is_on = policy.pack.flag(SWITCH) and len(words) >= text_characters_min
    found = _caller(view, said, viewer, policy, now)
    same = tuple(_same(view, draft, words, viewer, policy, now)) if is_on else ()
    shown = {line.ticket for line in (*(found.tickets if found else ()), *(one.line for one in same))}
    return Hints(
        caller=found,
        chosen=chosen_file(view, draft.text("enterprise"), viewer) if draft.text("enterprise") else None,
        code=checked,
        is_code_wrong=checked is not None and checked.verdict is Verdict.INVALID,
        same=same,
        classes=tuple(suggest_classes(words, policy.pack)) if is_on else (),
        # Without the history of dispatches, which would be read anew at every pause: triage sees the suggestion that has learnt.
        units=tuple(Suggester(shipped(), functions_here(units_here(view), policy.pack)).suggest(words)) if is_on else (),
        headlines=headlines(view, view.readings.rows(shown).values(), viewer),
    )


def _caller(view: View, said: str, viewer: Actor, policy: Policy, now: datetime) -> Caller | None:
    try:
        return caller(view, said, viewer, policy.calendar, now) if len(said) > 1 else None
    except Refusal as refusal:
        # A piece of a number that means more than one is no reason to show nothing else.
        if refusal.code is Code.FIELD_REQUIRED:
            return None
        raise


def _same(view: View, draft: Draft, words: str, viewer: Actor, policy: Policy, now: datetime) -> list[Same]:
    typed = Typed(words, draft.text("phone"), draft.text("credit_code"), draft.text("enterprise"), draft.text("matter"))
    own, earlier = earlier_needs(view, typed, viewer, now)
    found = []
    for one in likely_duplicates(_need(own), [_need(known) for known in earlier], top=same_max):
        ticket = view.readings.tickets([one.id]).get(one.id)
        if ticket is not None and ticket.is_open:
            found.append(Same(status_line(ticket, policy.calendar, now), one.reasons))
    return found


def _need(known: KnownNeed) -> Need:
    return Need(known.id, known.text, known.registered_at, known.who, known.matter)
