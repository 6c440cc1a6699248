"""The schema's rows for appraisals of units by a third party, and for contests."""

from node.packs.key import names, number

APPRAISAL = (
    names("appraisal.indicators", "the indicators by which a third party scores units; none: each appraisal names its own"),
    number("appraisal.points_max", "the most points that an indicator may get in an appraisal; the least is 0", least=1, most=1000),
    names("contest.kinds", "what enterprises and units vote on together; none: there is no such vote", required=True),
    names("contest.case_kinds", "the kinds of contest whose candidates are cases, not units"),
    number("contest.choices_max", "for how many candidates a voter may vote, each once", least=1, most=100),
)
