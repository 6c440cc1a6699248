"""
Forms that were sent and not taken: the session had ended, or a rule said no.  What stood in them is a draft of whoever typed it, sealed
like every draft, found by him alone, and forgotten within a day.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from node.domain import login as rules_of
from node.services import drafts
from node.services.drafts import Draft, Fields
from node.storage.unit_of_work import UnitOfWork, View

PREFIX = "kept/"
kept_bytes_max = 2 * 1024 * 1024
# Of one account; the oldest makes room.
kept_forms_max = 20
# No form has a field of such a name.
_PATH, _PAGE, _FILES = "@path", "@page", "@files"


@dataclass(frozen=True)
class KeptForm:
    """
    A form as it was sent to ``path``, from the ``page`` that it stood on; ``fields`` as the browser sent them, ``files`` the names of
    files, which are not kept.
    """

    id: str
    path: str
    page: str
    fields: Mapping[str, tuple[str, ...]]
    files: tuple[str, ...]
    at: datetime


def id_of(account: str, path: str, key: str) -> str:
    """What a form is called that *account* sends to *path*; *key* tells it from others of the same address."""
    return hashlib.sha256(f"{account}|{path}|{key}".encode()).hexdigest()[:32]


def keep(
    work: UnitOfWork, account: str, path: str, page: str, fields: Fields, files: Sequence[str], now: datetime, id: str = ""
) -> str | None:
    """
    Keep a form for *account*, as *id* or as what its command is called; the same one once more takes the place of what was there.
    Returns its id; None if it is too large.

    Raises:
        Refusal: PAYLOAD_SEALED, if this process has no keys.
    """
    if sum(len(one.encode()) for values in fields.values() for one in values) > kept_bytes_max:
        return None
    id = id or id_of(account, path, "|".join(fields.get("command_id", ())))
    others = sorted((one for one in of_account(work, account, now) if one.id != id), key=lambda one: one.at)
    for one in others[: max(0, len(others) - kept_forms_max + 1)]:
        drop(work, account, one.id)
    drafts.save(work, account, PREFIX + id, {**fields, _PATH: [path], _PAGE: [page], _FILES: list(files)}, now)
    return id


def load(view: View, account: str, id: str, now: datetime) -> KeptForm | None:
    """The form *id* of *account*; None if there is none, it is another's, or it is too old."""
    found = drafts.load(view, account, PREFIX + id)
    return None if found is None or _is_old(found, now) else _form_of(found)


def of_account(view: View | UnitOfWork, account: str, now: datetime) -> list[KeptForm]:
    """What is kept for *account*, the newest first."""
    found = [_form_of(one) for one in drafts.of_account(view, account, PREFIX) if not _is_old(one, now)]
    return sorted(found, key=lambda one: one.at, reverse=True)


def drop(work: UnitOfWork, account: str, id: str) -> None:
    """Forget a form: it was taken, or thrown away."""
    drafts.drop(work, account, PREFIX + id)


def _is_old(draft: Draft, now: datetime) -> bool:
    return now - draft.saved_at >= timedelta(hours=rules_of.former_hours_max)


def _form_of(draft: Draft) -> KeptForm:
    fields = {name: values for name, values in draft.fields.items() if not name.startswith("@")}
    id = draft.form.removeprefix(PREFIX)
    return KeptForm(id, draft.text(_PATH), draft.text(_PAGE), fields, tuple(draft.fields.get(_FILES, ())), draft.saved_at)
