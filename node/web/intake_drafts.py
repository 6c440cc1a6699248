"""Intakes under way: each is a draft of its account, and a tab beside the others."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from node.services.drafts import Draft
from node.services.openings import masked

PREFIX = "intake/"


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


def tab_of(draft: Draft) -> Tab:
    """The tab of a kept draft.  A number is shown masked: a screen has more than one reader."""
    phone, appeal = draft.text("phone") or draft.text("said"), draft.text("appeal")
    return Tab(draft.form.removeprefix(PREFIX), masked(phone) if phone else appeal[:8], draft.saved_at)
