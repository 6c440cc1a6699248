"""``qyzj pack diff``, ``graph``, ``what-if``, ``interpret`` and ``notes``."""

from datetime import timedelta

import pytest

from node.cli.console import EXIT_REFUSED, EXIT_USAGE
from tests.cli.given import MONDAY, Program


class TestDiff:
    """The keys in which two packs differ, both values with their clauses."""

    def test_a_city_and_its_county(self, qyzj: Program):
        """For machines each rule with its clause and origin; for people one table and the count."""
        said = qyzj("pack", "diff", "anshun-2025", "xixiu-2025", "--json").json

        differs = {row["key"]: row for row in said["differences"]}
        assert ("anshun-2025", "xixiu-2025") == (said["left"], said["right"])
        assert ("安顺市人民政府", "AS25-3.1.2") == tuple(differs["bodies.government"]["left"][name] for name in ("value", "clause"))
        assert f"anshun-2025与xixiu-2025有{len(differs)}项不同" in qyzj("pack", "diff", "anshun-2025", "xixiu-2025").out

    def test_two_mechanisms(self, qyzj: Program):
        """What only one of them has stands alone."""
        differs = {row["key"]: row for row in qyzj("pack", "diff", "fengjie-2023", "fengjie-2025", "--json").json["differences"]}

        assert {"value": "3 days", "clause": "FJ23-3.4c", "origin": "fengjie-2023"} == differs["limit.resolve.any.general"]["left"]
        assert None is differs["limit.resolve.any.simple"]["left"]


class TestGraph:
    """States, moves and who makes them."""

    def test_for_machines_and_for_people(self, qyzj: Program):
        """Each move with the roles that may make it; the table says it in words."""
        said = qyzj("pack", "graph", "haimen-2020", "--json").json

        assert {"from": "formed", "command": "Dispatch", "to": "dispatched"}.items() <= next(
            one for one in said["moves"] if one["command"] == "Dispatch"
        ).items()
        assert "not_accepted" not in said["states"]
        shown = qyzj("pack", "graph", "haimen-2020").out
        assert all(word in shown for word in ("派单", "已形成工单"))

    def test_for_graphviz(self, qyzj: Program):
        """One graph that the program dot reads."""
        drawn = qyzj("pack", "graph", "fengjie-2025", "--dot").out

        assert (True, True) == (drawn.startswith('digraph "fengjie-2025" {'), drawn.rstrip().endswith("}"))


class TestWhatIf:
    """The node's own past under other limits."""

    def test_a_ticket_that_would_have_been_late_is_named(self, qyzj: Program):
        """Formed after two working days: late under the limit of one, in time under one of four; nothing is written."""
        ticket = qyzj.register()
        qyzj.at(MONDAY + timedelta(days=3))
        before = qyzj("status", "--json").json

        said = qyzj("pack", "what-if", "--set", "limit.form=4 workdays", "--json").json
        none = qyzj("pack", "what-if", "--set", "limit.form=4 workdays", "--from", "2026-02-20", "--json").json

        assert ([ticket], []) == (said["tickets_late_before"], said["tickets_late_after"])
        assert {"clocks": 1, "late_before": 1, "late_after": 0} == said["counts"]["form"]
        assert [(ticket, "1 workday", "4 workdays")] == [
            (one["ticket"], one["limit_before"], one["limit_after"]) for one in said["no_longer_late"]
        ]
        assert {} == none["counts"]
        assert before == qyzj("status", "--json").json
        assert "原1件，改后0件" in qyzj("pack", "what-if", "--set", "limit.form=4 workdays").out

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            ("limit.form", "--set应写成"),
            ("limit.nowhere=2 workdays", "--set应写成"),
            ("limit.form=soon", "不是“limit.form”可取的值"),
            ("resolve.starts_on=whenever", "不是“resolve.starts_on”可取的值"),
            ("opening.workday=closed", "不是“opening.workday”可取的值"),
            ("warning.last_day_time=25:00", "不是“warning.last_day_time”可取的值"),
            ("extension.max_count=few", "不是“extension.max_count”可取的值"),
            ("judgement.pauses_form=perhaps", "不是“judgement.pauses_form”可取的值"),
        ],
    )
    def test_what_is_no_value_of_a_key_is_said(self, qyzj: Program, change: str, says: str):
        """The key must exist, and the value must be one that a pack could have."""
        said = qyzj("pack", "what-if", "--set", change)

        assert (EXIT_USAGE, True) == (said.code, says in said.err)

    def test_a_key_that_no_replay_answers_for_is_refused_with_those_that_can_be_tried(self, qyzj: Program):
        """Code, sentence, and the list."""
        said = qyzj("pack", "what-if", "--set", "rework.on=inconsistent")

        assert (EXIT_REFUSED, True, True) == (said.code, "KEY_NOT_REPLAYED" in said.err, "limit.sign" in said.err)

    def test_what_would_have_gone_off_is_shown(self, qyzj: Program):
        """Of one working day the warning comes at 14:00 of the last; of two with one day left, at 0:00 of the first."""
        qyzj.register()
        qyzj.at(MONDAY + timedelta(days=3))

        said = qyzj("pack", "what-if", "--set", "limit.form=2 workdays", "--json").json

        assert {"before": 1, "after": 1} == said["fired"]["early_warning"]
        assert [
            (["2026-01-27T06:00:00+00:00", "2026-01-27T16:00:00+00:00"], ["2026-01-26T16:00:00+00:00", "2026-01-28T16:00:00+00:00"])
        ] == [tuple([rung["at"] for rung in one[name]] for name in ("fired_before", "fired_after")) for one in said["fired_otherwise"]]
        assert "预警" in qyzj("pack", "what-if", "--set", "limit.form=2 workdays").out


def test_the_centre_publishes_how_a_clause_is_to_be_read(qyzj: Program):
    """FJ25-6.16, where no unit is named: the office."""
    assert "已发布AS25-4.3.1a的解释口径" in qyzj("pack", "interpret", "AS25-4.3.1a", "--note", "自派单次日起算").out

    notes = qyzj("pack", "notes", "--json").json["notes"]

    assert [("AS25-4.3.1a", "自派单次日起算", "centre")] == [(one["clause"], one["note"], one["account"]) for one in notes]
    assert "自派单次日起算" in qyzj("pack", "notes").out
