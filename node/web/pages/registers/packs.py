"""Packs: what is in force here, every value with its clause, and in what two of them differ."""

from collections import defaultdict
from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response

from node.domain.pack import Pack, Rule
from node.domain.refusal import Code, Refusal
from node.domain.time import local_day
from node.packs.difference import differences
from node.packs.file import effective_pack, in_force, shipped
from node.packs.keys import find_key
from node.services.interpretations import published_notes
from node.services.pack_words import in_words, key_in_words
from node.texts.catalogue import Lang
from node.web.desk import Desk, SignedIn
from node.web.pages.registers.common import need_offered, register_page

router = APIRouter()


@dataclass(frozen=True)
class Line:
    """A value of a pack as it is shown: its key, in words where it has some, and who gave it under which clause."""

    key: str
    meaning: str
    value: str
    clause: str
    origin: str


@router.get("/registers/packs", name="packs")
def packs(request: Request, desk: SignedIn, pack: str = "", q: str = "") -> Response:
    """The adopted packs, and all values of one of them, the one in force unless another is named; *q* narrows by key or clause."""
    need_offered(desk, "packs")
    adopted, now_in_force = _adopted(desk)
    chosen = _chosen(adopted, pack) if pack else now_in_force
    groups: dict[str, list[Line]] = defaultdict(list)
    for key, rule in chosen.rules.items() if chosen is not None else ():
        line = _line(key, rule, desk.lang)
        if q.strip().casefold() in f"{key} {rule.clause} {line.value} {line.meaning}".casefold():
            groups[key.partition(".")[0]].append(line)
    with desk.node.store.read() as view:
        notes = published_notes(view)
    facts = {"adopted": adopted, "in_force": now_in_force, "chosen": chosen, "groups": dict(groups), "q": q, "notes": notes}
    return register_page(request, desk, "packs", "registers/packs.html", **facts)


@router.get("/registers/packs/difference", name="pack_difference")
def difference(request: Request, desk: SignedIn, left: str = "", right: str = "") -> Response:
    """Two packs beside each other: adopted versions, or those that come with the program."""
    need_offered(desk, "packs")
    adopted, now_in_force = _adopted(desk)
    offered = {one.name: one for one in adopted} | {id: effective_pack(id, desk.node.find_pack) for id in shipped()}
    one = offered.get(left) or now_in_force
    other = offered.get(right)
    rows = []
    if one is not None and other is not None:
        rows = [
            (
                _line(row.key, row.left or row.right, desk.lang).meaning,
                row.key,
                _line(row.key, row.left, desk.lang),
                _line(row.key, row.right, desk.lang),
            )
            for row in differences(one, other)
        ]
    facts = {"offered": offered, "left": one, "right": other, "rows": rows}
    return register_page(request, desk, "packs", "registers/pack_difference.html", **facts)


def _adopted(desk: Desk) -> tuple[list[Pack], Pack | None]:
    with desk.node.store.read() as view:
        adopted = desk.node.policies.adopted(view)
    # Of one pack's versions the one that was adopted last.
    return adopted, in_force({pack.id: pack for pack in adopted}.values(), local_day(desk.node.now()))


def _chosen(adopted: list[Pack], name: str) -> Pack:
    found = next((one for one in adopted if one.name == name), None)
    if found is None:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="pack", value=name, offered=tuple(one.id for one in adopted))
    return found


def _line(key: str, rule: Rule | None, lang: Lang) -> Line:
    if rule is None:
        return Line(key, "", "", "", "")
    row = find_key(key)
    # What a key means stands in English in the schema; a limit is said in the words of its clock.
    meaning = key_in_words(key, lang) or (row.meaning if row is not None and lang == "en" else "")
    return Line(key, meaning, in_words(key, rule.value, lang), rule.clause, rule.origin)
