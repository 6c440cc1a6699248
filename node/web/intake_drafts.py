"""
Intakes under way: each is a draft of its account, and a tab beside the others.

What is typed is kept at every pause, so a keeping may still be on its way when a button is pressed.  Each button therefore gives
the draft a new ``REVISION``; a keeping that carries an older one is answered and kept nowhere.  An intake that is over leaves its
mark (``ENDED``: its ticket, or "dropped"), or such a straggler would bring it back.  What was thrown away can be brought back for
``restore_minutes``, since the button stands beside the one that keeps; after that the next look at the intake leaves nothing but the mark.
"""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from node.services import drafts
from node.services.drafts import Draft
from node.services.lookup import PHONE_DIGITS_MIN
from node.services.openings import masked
from node.storage.unit_of_work import View

PREFIX = "intake/"
REVISION, ENDED, DROPPED = "revision", "ended", "dropped"
_CALLED_MAX = 8
restore_minutes = 30


@dataclass(frozen=True)
class Tab:
    """An intake that is not registered yet: ``called`` by the caller's number or the first words; empty if there is neither."""

    id: str
    called: str
    saved_at: datetime


def form_of(draft: str) -> str:
    """The key of the draft *draft*."""
    return f"{PREFIX}{draft}"


def new_id() -> str:
    """An id for an intake that begins; it is kept with the first key stroke and is the id of the command, too."""
    return str(uuid.uuid4())


def under_way(view: View, account: str) -> list[Draft]:
    """The intakes of *account* that are not over."""
    return [draft for draft in drafts.of_account(view, account, PREFIX) if not draft.text(ENDED)]


def revised(draft: Draft) -> Draft:
    """*draft* after a button was pressed."""
    return replace(draft, fields={**draft.fields, REVISION: (uuid.uuid4().hex,)})


def ended(draft: Draft, how: str) -> Draft:
    """What stays of *draft*: how it ended, and nothing that was typed."""
    return replace(draft, fields={ENDED: (how,), REVISION: (uuid.uuid4().hex,)})


def thrown_away(draft: Draft) -> Draft:
    """*draft* as it may still be brought back: under way no more, its words kept for ``restore_minutes``."""
    return replace(draft, fields={**draft.fields, ENDED: (DROPPED,), REVISION: (uuid.uuid4().hex,)})


def may_come_back(draft: Draft, now: datetime) -> bool:
    """Whether *draft* was thrown away so lately that its words are still to be had."""
    return _has_words(draft) and now - draft.saved_at <= timedelta(minutes=restore_minutes)


def is_to_be_emptied(draft: Draft, now: datetime) -> bool:
    """Whether *draft* was thrown away, and nobody wanted it back in time."""
    return _has_words(draft) and not may_come_back(draft, now)


def brought_back(draft: Draft, now: datetime) -> Draft:
    """*draft* under way again, as it was typed."""
    fields = {name: values for name, values in draft.fields.items() if name != ENDED}
    return revised(replace(draft, fields=fields, saved_at=now))


def _has_words(draft: Draft) -> bool:
    return draft.text(ENDED) == DROPPED and bool(set(draft.fields) - {ENDED, REVISION})


def tab_of(draft: Draft) -> Tab:
    """The tab of a kept draft.  A number is shown masked, since a screen has more than one reader; a name that was looked up is not."""
    phone, appeal = draft.text("phone") or draft.text("said"), draft.text("appeal")
    is_number = sum(character.isdigit() for character in phone) >= PHONE_DIGITS_MIN
    called = masked(phone) if is_number else phone[:_CALLED_MAX] or appeal[:_CALLED_MAX]
    return Tab(draft.form.removeprefix(PREFIX), called, draft.saved_at)
