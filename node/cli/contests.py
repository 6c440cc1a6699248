"""``qyzj contest result`` and ``appraisal scores``: what a vote came to, and what each unit was scored by whom."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer
from rich.console import Console

from node.cli.console import Session
from node.domain.contest.record import Standing
from node.domain.entry import SubjectKind
from node.domain.registry import unit_code
from node.services import dossiers
from node.services.queries import names

Id = Annotated[str, typer.Argument(metavar="ID", show_default=False)]
UnitName = Annotated[str, typer.Option("--unit", metavar="UNIT", show_default=False)]


def result(session: Session, contest: Id) -> None:
    """The votes of each group and in all, the most first (FJ23-4.2c)."""
    with session.node() as node, node.store.read() as view:
        found = dossiers.whole(view, SubjectKind.CONTEST, contest)
        called = names(view)
    body = {"contest": found.id, "state": found.state, "standings": [_plain(one) for one in found.standings]}

    def lines(console: Console) -> None:
        kind, state = session.word("contest_kind", found.contest_kind), session.word("contest_state", found.state)
        columns = ("rank", "candidate", "case_code", "enterprise_votes", "unit_votes", "total_votes")
        table = session.table("contest_result", *columns, contest_kind=kind, state=state)
        for one in found.standings:
            counts = (str(one.enterprises), str(one.units), str(one.total))
            table.add_row(str(one.rank), called.unit(one.candidate.unit), one.candidate.case_code, *counts)
        console.print(table)

    session.answer(body, lines)


def scores(session: Session, appraisal: Id, unit: UnitName = "") -> None:
    """Every score with its author and time, of one unit if it is named; former ones below the one that stands (FJ23-4.1c)."""
    with session.node() as node, node.store.read() as view:
        found = dossiers.whole(view, SubjectKind.APPRAISAL, appraisal)
        called = names(view)
        own = unit_code(node.code, unit) if unit else ""
    shown = [(is_former, one) for is_former, them in ((False, found.scores), (True, found.former_scores)) for one in them]
    shown = [(is_former, one) for is_former, one in shown if one.unit in (unit, own) or not unit]
    shown.sort(key=lambda pair: (found.units.index(pair[1].unit), found.indicators.index(pair[1].indicator), pair[0], pair[1].at))
    body = {
        "appraisal": found.id,
        "period": found.period,
        "scores": [_score(one) | {"is_former": is_former} for is_former, one in shown],
    }

    def lines(console: Console) -> None:
        table = session.table("scores", "unit", "indicator", "points", "who", "recorded", "confirmed", period=found.period)
        for is_former, one in shown:
            points = session.say("appraisal.former", points=one.points) if is_former else str(one.points)
            indicator = session.word("indicator", one.indicator)
            confirmed = session.moment(one.confirmed_at)
            table.add_row(called.unit(one.unit), indicator, points, one.author, session.moment(one.at), confirmed)
        console.print(table)

    session.answer(body, lines)


VIEWS: Mapping[str, Mapping[str, Callable[..., None]]] = {"contest": {"result": result}, "appraisal": {"scores": scores}}


def _plain(standing: Standing) -> dict[str, Any]:
    one = standing.candidate
    counts = {"enterprises": standing.enterprises, "units": standing.units, "total": standing.total}
    return {"rank": standing.rank, "candidate": one.number, "unit": one.unit, "case_code": one.case_code, **counts}


def _score(score: Any) -> dict[str, Any]:
    """For machines: everything but the words, which are sealed."""
    return {one.name: getattr(score, one.name) for one in dataclasses.fields(score) if one.name != "words"}
