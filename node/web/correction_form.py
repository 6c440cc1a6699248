"""
The form that corrects a registered fact, in two steps that need no script: which fact, then its new value in the one field that fits.

A name or a phone is sealed and has a field of its own; of what the pack lists the new value is chosen; all else is typed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from node.domain.ticket.correction import CONTACTS
from node.web.forms import Choice, Form, FormField

# What a need may do without: its new value may be none.
_MAY_BE_EMPTIED = frozenset({"external_number", "field", "assigned_by", "topic", "group", "desk", "finder"})


def chosen_of(typed: Mapping[str, Sequence[str]], facts: Sequence[Choice]) -> str:
    """Which of *facts* is to be corrected; empty if none of them was chosen yet."""
    said = next(iter(typed.get("field", ())), "")
    return said if said in {code for code, _ in facts} else ""


def fitting(form: Form, chosen: str, choices: Mapping[str, Sequence[Choice]]) -> Form:
    """The second step: *form* with the fact that was *chosen*, the one field for its new value, and the reason."""
    by_name = {one.name: one for one in (*form.fields, *form.more)}
    words = dict(choices["field"])[chosen]
    fact = replace(by_name["field"], control="hidden", words=words, values=(chosen,), choices=())
    new = by_name["contact"] if chosen in CONTACTS else _value(by_name["value"], choices.get(f"value.{chosen}", ()))
    return replace(form, fields=(fact, replace(new, is_required=chosen not in _MAY_BE_EMPTIED), by_name["reason"]), more=())


def _value(field: FormField, offered: Sequence[Choice]) -> FormField:
    if not offered:
        return replace(field, control="line", choices=(), hint="")
    return replace(field, control="select", choices=tuple(offered), hint="")
