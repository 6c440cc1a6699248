"""
The form that corrects a registered fact, in two steps that need no script: which fact, then its new value in the one field that fits.

Contacts and words are sealed and have a field each of their own; of what the pack lists the new value is chosen; all else is typed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from node.domain.ticket.correction import CONTACTS, WORDS
from node.texts.catalogue import Lang, text
from node.web.forms import Choice, Form, FormField

# What a need may do without: its new value may be none.
_MAY_BE_EMPTIED = frozenset({"external_number", "field", "assigned_by", "topic", "group", "desk", "finder", "enterprise"})


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
    if chosen == "enterprise":
        new = replace(new, hint=text("web.form.hint_of.Correct.enterprise", lang))
    return replace(form, fields=(fact, replace(new, is_required=chosen not in _MAY_BE_EMPTIED), by_name["reason"]), more=())


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
