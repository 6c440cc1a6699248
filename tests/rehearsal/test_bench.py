"""``qyzj bench``: every part runs, and says what it measured in one form.  No test looks at a time."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from federation.rehearsal.bench import PARTS, TINY, run
from federation.rehearsal.bench.figures import Figure, Measured, Part, figure, machine
from federation.rehearsal.bench.fill import fill
from federation.rehearsal.bench.pages import CODE, PACK
from node import app
from node.cli.console import Parts
from node.cli.main import program
from node.config import check
from node.domain.ticket.row import row_of

FIGURE = {"key", "value", "measured", "against", "unit", "floor", "goal", "is_cost", "rounds", "reached"}


class TestParts:
    """Each W alone, at a size that says nothing about speed."""

    @pytest.mark.parametrize(
        "name", ["W2", "limits", *(pytest.param(name, marks=pytest.mark.slow) for name in ("W1", "W3", "W4", "W5", "pages"))]
    )
    def test_a_part_gives_its_figures_as_ratios_of_one_run(self, name: str):
        """Both sides of every ratio are measured; where nothing can be measured, the part says why."""
        body = run(app.create, "test", (name,), TINY, console=Console(quiet=True)).body()

        assert {"machine", "parts"} == set(body)
        assert body == json.loads(json.dumps(body, default=list))
        assert body["parts"]
        for part in body["parts"]:
            assert part["figures"] or part["skipped"]
            for one in part["figures"]:
                assert set(one) == FIGURE
                assert one["measured"] >= 0
                assert one["reached"] in ("", "no", "floor", "goal")

    @pytest.mark.slow
    def test_nothing_is_lost_or_doubled_when_both_ends_are_killed(self):
        """W3: the city holds the county's journal, root for root."""
        (part,) = run(app.create, "test", ("W3",), TINY, console=Console(quiet=True)).parts

        assert {"lost": 0, "doubled": 0} == {name: part.counts[name] for name in ("lost", "doubled")}

    def test_the_command_offers_every_part(self):
        """`--only` knows what there is to measure."""
        from node.cli.bench import Only

        assert set(PARTS) == {one.value for one in Only}


def test_what_a_node_is_filled_with_folds_whole_to_what_its_row_says(tmp_path: Path):
    """
    Lives are repeated under ids of their own, the opener's with them: else the page of a ticket stops at its registration, while
    lists show it further on, and whoever has it in hand is answered that there is no such ticket.
    """
    listen = {"listen": "127.0.0.1:0", "web_listen": "127.0.0.1:0"}
    node, _ = app.create(check({"data_dir": tmp_path / "node", "node": CODE, **listen}), "bench", PACK, "centre")

    filled = fill(node, 200)

    with node.store.read() as view:
        rows = view.readings.rows(set(filled.own_open))
        wholes = [view.readings.ticket(one) for one in filled.own_open]
    node.close()
    assert 20 == len(rows) == len(wholes)
    assert {"registered", "formed", "dispatched", "handling", "completed"} == {row.state for row in rows.values()}
    assert rows == {whole.id: row_of(whole) for whole in wholes if whole is not None}


class TestFigures:
    """A ratio, its bounds, and whether they are reached."""

    @pytest.mark.parametrize(
        ("value", "is_cost", "reached"),
        [(0.3, False, "goal"), (0.2, False, "floor"), (0.1, False, "no"), (0.1, True, "goal"), (0.2, True, "floor"), (0.3, True, "no")],
    )
    def test_a_bound_is_a_least_or_for_a_cost_a_most(self, value: float, is_cost: bool, reached: str):
        """A rate is to be high, a cost low."""
        floor, goal = (0.25, 0.15) if is_cost else (0.15, 0.25)

        assert reached == Figure("x", value, value, 1, "", floor, goal, is_cost).reached

    def test_without_bounds_nothing_is_reached(self):
        """It only says where it stands."""
        assert "" == Figure("x", 1, 1, 1, "").reached

    def test_of_several_rounds_the_median_ratio_stands(self):
        """Both of its sides are of the same round."""
        found = figure("x", [(10, 10), (30, 10), (20, 10)], "a second")

        assert (2.0, 20, 10, (1.0, 3.0, 2.0)) == (found.value, found.measured, found.against, found.rounds)

    def test_people_see_what_was_reached_and_what_could_not_run(self):
        """One line a figure."""
        parts = (Part("W9", (Figure("sync / raw", 0.2, 2, 10, "a second", 0.15, 0.25),), {"entries": 7}), Part("W8", skipped="no server"))
        console = Console(width=200, record=True, file=io.StringIO())

        Measured(machine("1.0"), parts).show(console)

        shown = console.export_text()
        assert all(word in shown for word in ("W9 sync / raw", "floor", "W9 entries", "W8: no server", "program 1.0"))


def test_the_results_are_written_as_json(tmp_path: Path):
    """`qyzj bench --only limits --tiny --into FILE`, and the same to standard output with --json."""
    whole = program(Parts(app.build, app.create, app.set_rehearsal_clock, app.serve), "en")
    into = tmp_path / "bench.json"

    result = CliRunner().invoke(whole, ["--json", "bench", "--only", "limits", "--tiny", "--into", str(into)])

    assert 0 == result.exit_code, result.output
    assert ["limits"] == [part["name"] for part in json.loads(into.read_text())["parts"]]
    assert json.loads(into.read_text()) == json.loads(result.stdout)
