"""
The form that corrects a registered fact, in two steps that need no script: which fact, then its new value in the one field that fits.

Contacts and words are sealed and have a field each of their own; of what the pack lists the new value is chosen; all else is typed.
The right enterprise is looked for as at intake, by whoever takes needs in: by what it is called, its code or a number of its file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from node.domain.entry import Actor
from node.domain.ticket.correction import CONTACTS, WORDS
from node.domain.time import WorkCalendar
from node.services.callers import CallerFile, chosen_file, files_meant, looks_up
from node.storage.unit_of_work import View
from node.texts.catalogue import Lang, text, word
from node.web.forms import Choice, Form, FormField

# What a need may do without: its new value may be none.
_MAY_BE_EMPTIED = frozenset({"external_number", "field", "assigned_by", "topic", "group", "desk", "finder", "enterprise"})


ENTERPRISE = "enterprise"
# What is typed to look for the right enterprise, and the button that does it.
FIND = "find"


def chosen_of(typed: Mapping[str, Sequence[str]], facts: Sequence[Choice]) -> str:
    """Which of *facts* is to be corrected; empty if none of them was chosen yet."""
    said = next(iter(typed.get("field", ())), "")
    return said if said in {code for code, _ in facts} else ""


def fitting(form: Form, chosen: str, choices: Mapping[str, Sequence[Choice]], lang: Lang) -> Form:
    """The second step: *form* with the fact that was *chosen*, the one field for its new value, and the reason."""
    by_name = {one.name: one for one in (*form.fields, *form.more)}
    words = dict(choices["field"])[chosen]
    fact = replace(by_name["field"], control="hidden", words=words, values=(chosen,), choices=())
    new = _new(by_name, chosen, choices.get(f"value.{chosen}", ()))
    if chosen == ENTERPRISE:
        new = replace(new, hint=text("web.form.hint_of.Correct.enterprise", lang))
    return replace(form, fields=(fact, replace(new, is_required=chosen not in _MAY_BE_EMPTIED), by_name["reason"]), more=())


def searched(
    form: Form, typed: Mapping[str, Sequence[str]], view: View, viewer: Actor, calendar: WorkCalendar, now: datetime, lang: Lang
) -> Form:
    """
    *form*, if it asks for the right enterprise, with the files that were looked for to choose from; one that was chosen stays among
    them.  As it was for whoever looks nobody up.
    """
    if not looks_up(viewer) or not any(one.value == ENTERPRISE for one in form.fields if one.name == "field"):
        return form
    found = {one.id: one for one in files_meant(view, next(iter(typed.get(FIND, ())), ""), viewer, calendar, now)}
    for said in typed.get("value", ()):
        known = chosen_file(view, said, viewer) if said and said not in found else None
        found |= {known.id: known} if known is not None else {}
    choices = tuple((one.id, _line_of(one, lang)) for one in found.values())
    return replace(
        form, fields=tuple(replace(one, control="searched", choices=choices) if one.name == "value" else one for one in form.fields)
    )


def _line_of(file: CallerFile, lang: Lang) -> str:
    """What tells one file from another: its name, code, state and place, and whom it names, masked."""
    known = (file.name or text("web.intake.sealed_name", lang), file.credit_code, word("enterprise_state", file.state, lang), file.area)
    return " · ".join(one for one in (*known, " ".join(file.contacts.values())) if one)


def _new(by_name: Mapping[str, FormField], chosen: str, offered: Sequence[Choice]) -> FormField:
    if chosen in CONTACTS:
        return by_name["contact"]
    if chosen in WORDS:
        return replace(by_name["text"], control="line")
    return _value(by_name["value"], offered)


def _value(field: FormField, offered: Sequence[Choice]) -> FormField:
    if not offered:
        return replace(field, control="line", choices=(), hint="")
    return replace(field, control="select", choices=tuple(offered), hint="")
