"""``qyzj meeting show`` and its like: one page for every kind of dossier, with names in place of ids."""

import dataclasses
import typing
from collections.abc import Iterator
from typing import Any

import pytest

from node.cli.dossier_page import _FOR_MACHINES, _IN_THE_HEAD
from node.domain.dossier import Dossier
from node.domain.dossiers import MODULES
from node.services.numbers import short_number
from node.texts.catalogue import LANGS, Lang, catalogue
from tests.cli.given import MONDAY, Program


def done(said: Program, *arguments: str) -> dict[str, Any]:
    answer = said(*arguments, "--json")
    assert (0, "") == (answer.code, answer.err)
    return answer.json


def test_a_meeting_reads_like_a_page_of_the_office(qyzj: Program):
    """Kind and state in words, units by name, the agenda with short numbers and decisions, the tasks, who did what; no code of ours."""
    need = qyzj.register()
    convened = ("meeting", "convene", "--as", "centre", "--meeting-kind", "joint_judgement", "--planned-at", MONDAY.isoformat())
    meeting = str(done(qyzj, *convened, "--units", "housing")["subject"]["id"])
    done(qyzj, "meeting", "submit-tickets", meeting, "--as", "centre", "--tickets", need)
    done(qyzj, "meeting", "hold", meeting, "--as", "centre", "--present", "housing")
    done(qyzj, "ticket", "give-opinion", need, "--as", "li", "--opinion", "应由我局办理", "--outcome", "form")
    judged = ("--agenda-item", "1", "--outcome", "form", "--conclusion", "由住建局牵头", "--leads", "housing")
    done(qyzj, "meeting", "judge-item", meeting, "--as", "centre", *judged)

    page = qyzj("meeting", "show", meeting).out

    for shown in ("集中研判", "议程", "住建局", short_number(need), "由住建局牵头", "召集会议", "2026-01-26 09:00", "已召开"):
        assert shown in page, shown
    for hidden in ("520402-housing", "joint_judgement", "SealedRef", "{'", "+00:00", "meeting_kind", "changed_at"):
        assert hidden not in page, hidden


def test_an_enterprise_file_shows_its_name_and_no_contact(qyzj: Program):
    """The name is opened at home; a phone number is said to be sealed."""
    opened = ("enterprise", "open", "--as", "centre", "--name", "长顺水泥有限公司", "--phone", "13912345678", "--contact", "赵六")
    file = str(done(qyzj, *opened, "--credit-code", "91350100M000100Y43")["subject"]["id"])

    page = qyzj("enterprise", "show", file).out

    assert (True, True, False, False) == ("长顺水泥有限公司" in page, "（密封）" in page, "13912345678" in page, "赵六" in page)


@pytest.mark.parametrize("lang", LANGS)
def test_every_fact_of_every_kind_has_a_name(lang: Lang):
    """What a page shows is called something in both languages, whatever kind is added."""
    known = catalogue(lang)

    def ways(kind: type[Dossier], name: str) -> set[str]:
        return {f"dossier_fact.{name}", f"field.{name}", f"label.{kind.__name__}.{name}"}

    nameless = {name for kind in _kinds() for name in _facts_of(kind, set()) if not ways(kind, name) & set(known)}

    assert set() == nameless


def _kinds() -> list[type[Dossier]]:
    assert MODULES
    return [kind for kind in Dossier.__subclasses__() if kind.__module__.startswith("node.domain")]


def _facts_of(of: Any, seen: set[Any]) -> Iterator[str]:
    hints = typing.get_type_hints(of)
    for field in dataclasses.fields(of):
        if field.name in _IN_THE_HEAD | _FOR_MACHINES:
            continue
        yield field.name
        for part in _dataclasses_in(hints[field.name]):
            if part not in seen:
                seen.add(part)
                yield from _facts_of(part, seen)


def _dataclasses_in(hint: Any) -> Iterator[Any]:
    if dataclasses.is_dataclass(hint) and not hint.__module__.endswith((".payload", ".time.clock", ".time")):
        yield hint
    for part in typing.get_args(hint):
        yield from _dataclasses_in(part)
