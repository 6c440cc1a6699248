"""
February's sampled revisits (抽访): the city calls a tenth of what each county completed.

Who is drawn nobody knows before the draw, so the story says what the appellants answer for whatever ticket it falls on:
what stands in ``ANSWERS`` for some, that all is as reported for the others, and, so that there is a finding, that it is not
for the first that is drawn in 西秀区.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from federation.rehearsal.story.act import Act, Paper, beijing
from federation.rehearsal.story.staff import CITY, GUANLING, XIXIU
from node.domain.organisation import Role
from node.domain.payload import Text
from node.domain.round import RecordCall, RevealRound, RoundCommand
from node.domain.round_record import round_id
from node.domain.ticket.closing import Close
from node.domain.ticket.completion import Complete
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.finding import AnswerFinding
from node.domain.ticket.handling import RecordProgress
from node.domain.ticket.revisit import RecordRevisit

PERIOD = "2026-02"
COUNTIES = (XIXIU.code, GUANLING.code)
# The city's own clock opens the round before the period begins, cuts the frame when a day has passed since it ended, and draws
# (FEDERATION 3.2, 3.3).  By the first of these moments it has; then its people call, and its office ends the round.
DRAWN_AT = beijing("03-02 09:20")
CALLED_FROM, CALLED_AGAIN, REVEALED_AT = beijing("03-03 09:30"), beijing("03-04 10:00"), beijing("03-06 15:00")


@dataclass(frozen=True)
class RoundAct:
    """One command about a round, by the city's office.  ``round`` is the round's id."""

    round: str
    command: RoundCommand
    at: datetime
    node: str = CITY.code
    account: str = "centre"
    role: str = Role.OFFICE.value


@dataclass(frozen=True)
class Answer:
    """What an appellant tells the city."""

    is_consistent: bool
    is_standard_met: bool
    is_satisfied: bool
    note: str


FINE = Answer(True, True, True, "企业确认办结情况属实，对结果满意。")
UNTRUE = Answer(False, True, False, "企业反映办结后情况又有反复，反馈时承诺的后续事项没有落实，与办结信息不一致。")
ANSWERS: Mapping[str, Answer] = {
    "repeated-inspections": Answer(True, True, False, "情况属实，但企业对只约谈、未处分仍不满意。"),
    "drainage": Answer(True, True, True, "情况属实，企业对逾期表示理解。"),
    "stone-road": Answer(True, True, True, "企业确认便道已修通，对整改结果满意。"),
}


def _round(county: str, command: RoundCommand, at: datetime, by: str = CITY.code) -> RoundAct:
    return RoundAct(round_id(by, county, PERIOD), command, at, by)


REVEALING = tuple(_round(county, RevealRound(), REVEALED_AT) for county in COUNTIES)


def answer_of(county: str, place: int, label: str) -> Answer:
    """What the appellant of the ticket says that was drawn *place*-th, counted from 0, in *county*."""
    return UNTRUE if county == XIXIU.code and place == 0 else ANSWERS.get(label, FINE)


def calls(county: str, drawn: Sequence[tuple[str, str]], by: str = CITY.code) -> tuple[RoundAct, ...]:
    """
    The calls of node *by* about what was *drawn* below it: (frame key, the story's label of the ticket), in the order of the draw.

    The first appellant in 关岭自治县 does not answer on the first day and does on the second.
    """
    made = []
    for place, (key, label) in enumerate(drawn):
        at = CALLED_FROM + timedelta(minutes=15 * place)
        if county == GUANLING.code and place == 0:
            made.append(_round(county, RecordCall(key, is_reached=False, note=Text("无人接听。")), at, by))
            at = CALLED_AGAIN
        said = answer_of(county, place, label)
        command = RecordCall(key, True, said.is_consistent, said.is_standard_met, said.is_satisfied, Text(said.note))
        made.append(_round(county, command, at, by))
    return tuple(sorted(made, key=lambda one: one.at))


def rework(label: str, lead: str, *, on_the_spot: bool = False) -> tuple[Act, ...]:
    """
    What follows in the county from a finding of the round on the ticket *label*, whose lead is the unit *lead*: it answers,
    works it over within the shortest limit that a class has, and the county's office calls back and closes it again.  What was
    answered ``on_the_spot`` was led by nobody, so the office sends it out first.
    """
    node, _, desk = lead.partition("-")
    result = (
        "收到市级抽访结论后，当日与企业当面核对，对反复的问题重新处理，"
        "并将反馈时承诺的后续事项逐项落实、列明完成日期和责任人，企业负责人已现场确认。"
    )
    paper = Paper(f"{label}-抽访整改.txt", f"抽访问题整改情况记录\n{result}\n")
    done = Complete("solved", Text(result), is_truthful=True, feedback_way="phone", feedback=Text(result), evidence=(paper.digest,))
    revisit = RecordRevisit(is_consistent=True, is_standard_met=True, evaluation="satisfied", remarks=Text("企业确认整改到位。"))
    department, office = Role.DEPARTMENT.value, Role.OFFICE.value
    sent = (
        Act(beijing("03-09 09:05"), node, "office-2", office, label, Dispatch(lead)),
        Act(beijing("03-09 09:15"), node, desk, department, label, Sign()),
    )
    return (
        *(sent if on_the_spot else ()),
        Act(
            beijing("03-09 09:20"),
            node,
            desk,
            department,
            label,
            AnswerFinding("rework", Text("认可抽访结论，重新办理。")),
            after="FindingRaised",
        ),
        Act(beijing("03-09 10:00"), node, desk, department, label, RecordProgress(Text("已联系企业核对具体情况，安排人员当日上门。"))),
        Act(beijing("03-09 16:00"), node, desk, department, label, done, papers=(paper,)),
        Act(beijing("03-11 10:30"), node, "office-2", office, label, revisit),
        Act(beijing("03-12 10:00"), node, "office-3", office, label, Close()),
    )
