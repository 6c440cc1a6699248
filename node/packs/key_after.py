"""The schema's rows for what follows a completion: revisit, vote, verification, confirmation, withdrawal, archive, assessment."""

from node.domain.ticket.closed_loop import LOOP
from node.packs.key import choice, flag, limit, names, number

AFTER_COMPLETION = (
    names(
        "revisit.fields",
        "what a revisit must answer",
        ("consistent", "standard_met", "evaluation", "solved", "revisited_on"),
    ),
    choice(
        "rework.by",
        "who sends back what rework.on names: the revisit in the same breath, the office, or the supervision side after its verification",
        "revisit",
        "office",
        "supervision",
        words=("with_whom", "role"),
    ),
    names("evaluation.ways", "the ways in which the appellant votes, or is asked for his vote", required=True, words=("evaluation",)),
    flag("evaluation.solved", "the vote also says whether the problem is solved"),
    flag("evaluation.may_change", "a vote may be changed; the former one stays as an entry"),
    names("dissatisfaction.causes", "the causes that a verification finds", required=True),
    names(
        "dissatisfaction.explained_standards",
        "the standards with which the supervision side may let an explanation stand",
        words=("standard", "sub_code"),
    ),
    names("follow_up.results", "what the follow-up assessment of a second handling may come to", required=True),
    limit("verify", "the supervision side verifies what the appellant is dissatisfied with"),
    limit("follow_up", "the supervision side assesses a second handling"),
    names(
        "closing.stages",
        "stages of the closed loop of which a ticket must have a record before it is struck off",
        LOOP[:-1],
        words=("step", "application", "loop_stage", "field"),
    ),
    names(
        "confirmation.submitted_by_others",
        "channels by which somebody other than the enterprise submits, and confirms",
        words=("channel",),
    ),
    choice("withdrawal.ends_as", "what a withdrawn ticket is called", "terminated", "struck_off", "determined", words=("ended_as",)),
    flag("withdrawal.needs_note", "who grants a withdrawal writes down what was verified, or the conclusion"),
    number("archive.retention_years", "how many years an archived ticket is kept; 0 is for ever", most=100),
    names("assessment.indicators", "what a third party scores an ended ticket by; none: there is no such assessment"),
    number("assessment.scores_max", "the most points that an indicator may get", least=1, most=1000),
)
