"""Whoever cites a clause cites one that exists."""

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.support.clauses import CATALOGUE, read_catalogue
from tests.support.tree import ROOT, files, text

CITED = re.compile(r"\b(?:FJ25|FJ23|XS25|HM20|AS25)-[0-9A-Za-z.]+")
CITING = (".py", ".pyi", ".toml", ".md", ".proto", ".yaml", ".html", ".j2", ".css", ".js", ".sh")


def test_every_cited_clause_is_in_the_catalogue():
    """An id in code, packs and prose is that of a clause, or what several clauses have in common (AS25-4.2.1.1 for ...1a and ...1b)."""
    catalogue = read_catalogue()
    citing = [path for path in files(*CITING) if ROOT / path not in (CATALOGUE, Path(__file__))]

    unknown = {f"{path}: {id}" for path in citing for id in cited_ids(text(path) or "") if not stands_for(id, catalogue)}

    assert set() == unknown


@pytest.mark.parametrize(
    ("cited", "exists"),
    [
        ("AS25-4.2.1.1a", True),
        ("AS25-4.2.1.1", True),  # 4.2.1.1a and 4.2.1.1b
        ("AS25-4.2", True),
        ("AS25-4.2.1.1c", False),
        ("FJ25-1", True),
        ("AS25-9", False),
        ("HM20-A1", True),
        ("HM20-A1.1a", False),
        ("AS25-4.4.1.1", True),
        ("FJ25-4.1", False),  # not short for 4.10.1a
    ],
)
def test_a_cited_id_is_an_id_or_what_ids_begin_with(cited: str, exists: bool):
    """A beginning ends where a number ends: 4.1 does not stand for 4.10."""
    assert exists == stands_for(cited, read_catalogue())


def test_a_full_stop_after_an_id_is_not_part_of_it():
    """Ids are found in running text, alone and in lists."""
    assert ["AS25-4.4.5c", "FJ25-3.8.2"] == cited_ids("# AS25-4.4.5c: only what exceeds ...; FJ25-3.8.2/3.")


def cited_ids(prose: str) -> list[str]:
    return [match.rstrip(".") for match in CITED.findall(prose)]


def stands_for(cited: str, ids: Iterable[str]) -> bool:
    return any(id == cited or (id.startswith(cited) and not id[len(cited)].isdigit()) for id in ids)
