"""What if: a period of this node's own past under other limits; nothing is written."""

from datetime import timedelta

from fastapi import APIRouter, Request
from starlette.responses import Response

from node.domain.pack import Value
from node.domain.refusal import Code, Refusal
from node.domain.time import local_day
from node.packs.keys import find_key
from node.services.pack_changes import read_value
from node.services.pack_words import in_words, key_in_words
from node.services.what_if import WhatIf, is_replayed, what_if
from node.web.desk import Desk, SignedIn
from node.web.pages.registers.common import day_of, need_offered, register_page

router = APIRouter()
# What is replayed unless days are named.
days_back = 90
clocks_shown_max = 200


@router.get("/registers/what-if", name="what_if")
def try_on(request: Request, desk: SignedIn, key: str = "", value: str = "", since: str = "", until: str = "") -> Response:
    """The form, and what would have been late once a key and a value are given."""
    need_offered(desk, "what-if")
    today = local_day(desk.node.now())
    first, last = day_of("since", since) or today - timedelta(days=days_back), day_of("until", until) or today
    found: WhatIf | None = None
    if key:
        with desk.node.store.read() as view:
            found = what_if(view, desk.node.policies, {key: _value(key, value)}, first, last, desk.node.now(), desk.viewer)
    facts = {
        "keys": _keys(desk),
        "key": key,
        "value": value,
        "first": first,
        "last": last,
        "found": found,
        "clocks_shown_max": clocks_shown_max,
    }
    return register_page(request, desk, "what-if", "registers/what_if.html", **facts)


def _keys(desk: Desk) -> list[tuple[str, str, str]]:
    """What of the pack in force can be tried: key, what it is called, and its value now."""
    with desk.node.store.read() as view:
        pack = desk.node.policies.of_node(view, desk.node.now()).pack
    tried = ((key, rule.value) for key, rule in pack.rules.items() if is_replayed(key))
    return [(key, key_in_words(key, desk.lang) or key, in_words(key, value, desk.lang)) for key, value in tried]


def _value(key: str, said: str) -> Value:
    row = find_key(key)
    value = read_value(row, said) if row is not None else None
    if value is None:
        raise Refusal(Code.MALFORMED_COMMAND, field="value")
    return value
