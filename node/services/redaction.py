"""
A body for machines without what its reader does not see: numbers of tickets out of his scope, and whatever is said of them there
(XS25-4.3.1.4).

A dossier may be his while one of its tickets is not: a meeting has many on its agenda, and from the unit complained of one is hidden.
Bodies are as ``bodies.plain`` makes them: objects, lists, words.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from node.domain.entry import Actor
from node.services.scope import out_of_sight
from node.storage.unit_of_work import UnitOfWork, View


def unseen_in(view: View | UnitOfWork, viewer: Actor | None, body: Any) -> frozenset[str]:
    """The tickets that *body* names and *viewer* does not see."""
    return out_of_sight(view, viewer, set(words_in(body)))


def words_in(body: Any) -> Iterator[str]:
    """All words of *body*, the names of its fields too."""
    if isinstance(body, str):
        yield body
    elif isinstance(body, Mapping):
        for name, value in body.items():
            yield str(name)
            yield from words_in(value)
    elif isinstance(body, list | tuple):
        for one in body:
            yield from words_in(one)


def without(body: Any, unseen: frozenset[str]) -> Any:
    """*body* without the items of lists that name one of *unseen*, and with nothing where a field itself is one."""
    if isinstance(body, Mapping):
        return {name: without(value, unseen) for name, value in body.items() if name not in unseen}
    if isinstance(body, list | tuple):
        return [without(one, unseen) for one in body if unseen.isdisjoint(words_in(one))]
    return "" if isinstance(body, str) and body in unseen else body


def is_about_one(facts: Mapping[str, Any], unseen: frozenset[str]) -> bool:
    """True of an entry that is about one of *unseen*, rather than about several tickets or about something else."""
    return any(isinstance(value, str) and value in unseen for value in facts.values())


def dossier_without(body: Mapping[str, Any], unseen: frozenset[str]) -> dict[str, Any]:
    """
    The body of a dossier without *unseen*: ``dossier``, its ``texts`` by where they are sealed, its ``timeline``.  A text goes with what
    it belongs to, an entry with its text, and the tasks of a meeting with the item that they follow from.
    """
    if not unseen:
        return dict(body)
    dossier = without(body["dossier"], unseen)
    agenda = [one["number"] for one in body["dossier"].get("agenda", ()) if not unseen.isdisjoint(words_in(one))]
    if agenda:
        dossier["tasks"] = [one for one in dossier["tasks"] if one["item"] not in agenda]
    kept = set(words_in(dossier))
    texts = {place: said for place, said in body["texts"].items() if place in kept}
    gone = {place.partition("/")[0] for place in body["texts"] if place not in kept}
    timeline = [
        one | {"facts": without(one["facts"], unseen)}
        for one in body["timeline"]
        if one["id"] not in gone and not is_about_one(one["facts"], unseen)
    ]
    return {**body, "dossier": dossier, "texts": texts, "timeline": timeline}
