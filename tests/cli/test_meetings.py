"""``qyzj meeting`` and ``qyzj leader``: a session from the invitation to its protocol, and what leaders have to see."""

import pytest

from node.cli.dossiers import NOUNS, verb_of
from node.cli.meetings import VIEWS
from node.domain.dossiers import commands_of
from node.domain.entry import SubjectKind
from tests.cli.given import APPEAL, MONDAY, PHONE, Program


def done(said: Program, *arguments: str) -> dict[str, object]:
    """The answer of a call that went well."""
    answer = said(*arguments, "--json")
    assert (0, "") == (answer.code, answer.err)
    return answer.json


def a_need(qyzj: Program) -> str:
    """A need in the office's pool."""
    return str(
        done(qyzj, "ticket", "register", "--as", "centre", "--channel", "portal", "--appeal", APPEAL, "--phone", PHONE)["ticket"]["id"]
    )


@pytest.fixture
def session(qyzj: Program) -> tuple[Program, str, list[str]]:
    """A joint judgement that is being held over two needs."""
    needs = [a_need(qyzj) for _ in range(2)]
    convened = ("meeting", "convene", "--as", "centre", "--meeting-kind", "joint_judgement", "--planned-at", MONDAY.isoformat())
    meeting = str(done(qyzj, *convened, "--units", "housing")["subject"]["id"])
    submitted = [part for need in needs for part in ("--tickets", need)]
    done(qyzj, "meeting", "submit-tickets", meeting, "--as", "centre", *submitted)
    done(qyzj, "meeting", "hold", meeting, "--as", "centre", "--present", "housing")
    return qyzj, meeting, needs


class TestSession:
    """AS25-3.2.2a, on the command line."""

    def test_a_session_is_convened_held_and_closed_with_its_protocol(self, session: tuple[Program, str, list[str]]):
        """Short names of units are enough; each need leaves with its outcome, the open one stays."""
        qyzj, meeting, needs = session
        done(qyzj, "ticket", "give-opinion", needs[0], "--as", "li", "--opinion", "应由我局办理", "--outcome", "form")
        judged = ("--agenda-item", "1", "--outcome", "form", "--conclusion", "由住建局牵头", "--leads", "housing")
        done(qyzj, "meeting", "judge-item", meeting, "--as", "centre", *judged)
        done(qyzj, "meeting", "file-minutes", meeting, "--as", "centre", "--minutes", "集中研判纪要")

        seen = done(qyzj, "meeting", "agenda", meeting)
        assert [("form", ["520402-housing"], []), ("undecided", [], ["520402-housing"])] == [
            (one["outcome"], one["opinions"], one["silent"]) for one in seen["protocol"]
        ]
        assert [needs[1]] == [one["ticket"] for one in done(qyzj, "meeting", "candidates", "joint_judgement")["candidates"]]
        assert meeting in qyzj("meeting", "list").out
        assert "研判记录" in qyzj("meeting", "agenda", meeting).out

    def test_a_refusal_says_what_to_do(self, session: tuple[Program, str, list[str]]):
        """In words, with the session by its number."""
        qyzj, meeting, needs = session
        said = qyzj(
            "ticket", "close-judgement", needs[0], "--as", "centre", "--outcome", "form", "--conclusion", "可", "--leads", "housing"
        )

        assert 0 != said.code
        assert f"正在集中研判会议“{meeting}”中研判" in said.err

    def test_whoever_is_invited_finds_it(self, qyzj: Program):
        """AS25-1.2d: the unit's desk, as it has no specialist."""
        convened = ("meeting", "convene", "--as", "centre", "--meeting-kind", "analysis_meeting", "--planned-at", "2026-01-30T09:00")
        meeting = done(qyzj, *convened, "--units", "housing")["subject"]["id"]

        assert [meeting] == [one["meeting"] for one in done(qyzj, "meeting", "invitations", "--as", "li")["invitations"]]
        assert "分析研判会" in qyzj("meeting", "invitations", "--as", "li").out


class TestLeaders:
    """The register of leaders and their lists."""

    def test_a_leader_is_found_by_his_account(self, qyzj: Program):
        """AS25-1.1b: entered, appointed, shown; what is his is on his list."""
        done(qyzj, "account", "open", "zhao", "--role", "government", "--unit", "centre", "--name", "赵某")
        done(qyzj, "leader", "enter", "--as", "centre", "--leader", "zhao")
        done(qyzj, "leader", "appoint", "zhao", "--as", "centre", "--post", "convenor")
        need = a_need(qyzj)
        done(qyzj, "ticket", "assign-leader", need, "--as", "centre", "--leader", "zhao")

        assert {"zhao": 1} == done(qyzj, "leader", "load")["load"]
        assert [(need, ["in_charge"])] == [(one["ticket"], one["reasons"]) for one in done(qyzj, "leader", "matters", "zhao")["matters"]]
        assert "召集人" in qyzj("leader", "appoint", "--help").out
        assert "领办" in qyzj("leader", "matters", "zhao").out

    def test_an_unknown_post_is_answered_with_those_of_the_pack(self, qyzj: Program):
        """In words, not as codes alone."""
        done(qyzj, "account", "open", "zhao", "--role", "leader", "--unit", "centre", "--name", "赵某")
        done(qyzj, "leader", "enter", "--as", "centre", "--leader", "zhao")

        assert "convenor（召集人）" in qyzj("leader", "appoint", "zhao", "--as", "centre", "--post", "king").err

    @pytest.mark.parametrize("view", ["load", "waiting", "flags"])
    def test_an_empty_list_is_an_answer(self, qyzj: Program, view: str):
        """A new node has nothing to show, and says so."""
        assert 0 == qyzj("leader", view).code


def test_no_view_takes_the_name_of_a_command():
    """Both are verbs of one noun."""
    for noun, views in VIEWS.items():
        verbs = [verb_of(command, noun) for command in commands_of(NOUNS[noun])]
        assert len(verbs) == len(set(verbs))
        assert set() == {*views, "list", "show"} & set(verbs)
    assert SubjectKind.LEADER is NOUNS["leader"]
