"""
`make rights`: who may call what, as a table: every page by ``EXPECTED``, which the tests hold to, every command by its own roles or by
those of a pack, every query of the API by ``QUERIED``, with the scope that its token must have.

A cell is "yes"; "scope": let in, and shown what his scope has; "part": only about a ticket in which he has a part; or "-".
"""

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path

from node.packs.file import effective_pack, finder
from node.services.command_fields import commands, may_give
from node.web.api.query_list import all_queries
from tests.web.test_query_rights import PARTLY, QUERIED
from tests.web.test_rights import _BLIND, _SEEING, EXPECTED, OPEN, ROLES, STAFF, Expected

YES, SCOPE, PART, NO = "yes", "scope", "part", "-"
_PAGES = "Pages (the road of the command decides besides what somebody does there)"
_COMMANDS = "Commands, by page /new/{verb}, /{kind}/{id}/do/{verb} and by the API"
_QUERIES = "Queries of the API, each with the scope that a token must have; its account is then answered as here"


def cell(expected: Expected, role: str) -> str:
    """What *role* has of a page."""
    if expected.who == OPEN:
        return YES
    if expected.who == STAFF:
        return SCOPE
    if role in expected.who:
        return YES
    return PART if role in _BLIND and expected.who == _SEEING else NO


def query_cell(path: str, role: str) -> str:
    """What *role* has of a query: of a dossier a unit has its part."""
    if path not in PARTLY:
        return cell(QUERIED[path], role)
    return PART if role in PARTLY[path] else YES if role in QUERIED[path].who else NO


def table(pack_id: str) -> Iterator[str]:
    """The lines: a heading, the roles, then a line a route; *pack_id* is the pack whose rights hold for commands."""
    wide = max(len(f"{method} {path}") for method, path in EXPECTED) + 2
    yield from _part(_PAGES, wide, ((f"{method} {path}", [cell(one, role) for role in ROLES]) for (method, path), one in _by_path()))
    pack = effective_pack(pack_id, finder())
    given = ((verb, frozenset(may_give(command, ROLES, pack))) for verb, command in sorted(commands().items()))
    yield from _part(f"{_COMMANDS}, under {pack_id}", wide, ((verb, [YES if role in who else NO for role in ROLES]) for verb, who in given))
    asked = [(f"GET /api/v1{one.path} ({one.scope})", [query_cell(one.path, role) for role in ROLES]) for one in all_queries()]
    yield from _part(_QUERIES, max(wide, *(len(name) + 2 for name, _ in asked)), asked)


def _by_path() -> list[tuple[tuple[str, str], Expected]]:
    return sorted(EXPECTED.items(), key=lambda one: (one[0][1], one[0][0]))


def _part(heading: str, wide: int, rows: Iterable[tuple[str, list[str]]]) -> Iterator[str]:
    columns = [max(len(role), 5) + 1 for role in ROLES]
    yield heading
    yield " " * wide + "".join(role.ljust(column) for role, column in zip(ROLES, columns, strict=True)).rstrip()
    for name, cells in rows:
        yield name.ljust(wide) + "".join(one.ljust(column) for one, column in zip(cells, columns, strict=True)).rstrip()
    yield ""


def main() -> None:
    parser = argparse.ArgumentParser(prog="make rights", description=__doc__)
    parser.add_argument("--pack", default="xixiu-2025", help="the pack whose rights hold for commands")
    parser.add_argument("--out", type=Path, help="a file, in place of the screen")
    given = parser.parse_args()
    said = "\n".join(table(given.pack))
    if given.out is None:
        print(said)
    else:
        given.out.write_text(said + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
