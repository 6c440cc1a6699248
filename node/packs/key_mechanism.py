"""
Rows of the schema that describe a mechanism as a whole: what is recorded with its clause for pages, papers and reports.

No decision asks for them, so nobody's time depends on one.  Fixed counts of a document stand beside the list that they count:
``COUNTED`` is what the linter compares (POLICY_PACKS 2 no. 36).
"""

from collections.abc import Mapping
from dataclasses import replace

from node.packs.key import Key, Kind, choice, flag, names


def _text(pattern: str, meaning: str, required: bool = False) -> Key:
    return Key(pattern, Kind.TEXT, meaning, required)


def _recorded(*rows: Key) -> tuple[Key, ...]:
    return tuple(replace(row, is_recorded=True) for row in rows)


def _count(pattern: str, meaning: str) -> Key:
    return Key(pattern, Kind.NUMBER, meaning, most=1000)


IDENTITY = _recorded(
    _text("milestone.<name>", "a day of the document's own plan, as a date"),
    choice("organisation.model", "how the document calls the model of its organisation", words=("unit_code", "field_of_service", "group")),
    names("organisation.coordinators", "the member units that coordinate", words=("unit_code", "field_of_service", "group")),
    _count("organisation.coordinator_count", "how many of them the document names"),
    names(
        "organisation.core",
        "the member units that are core departments; all others cooperate",
        words=("unit_code", "field_of_service", "group"),
    ),
    _count("organisation.core_count", "how many core departments the document names"),
    _count("joint_meeting.fixed_count", "how many of them the document names"),
    flag("contact_officer.per_enterprise", "each enterprise may have a contact officer of its own in its industry department"),
    _count("leaders.count", "how many leaders take matters themselves"),
    _text("office.address", "printed on forms"),
    _text("office.phone", "printed on forms"),
    _text("office.email", "printed on forms"),
    _count("industries.count", "how many blocks the document names"),
)

MATTERS = _recorded(
    names(
        "matter.kinds",
        "the kinds of matters that the document tells apart beside the classes",
        required=True,
        words=("matter", "field_of_service", "red_line"),
    ),
    names("matter.stages", "stages in the life of an enterprise", words=("appeal_kind", "topic")),
    names("triage.aids", "what helps to find unit and class; a person decides", required=True),
    choice("triage.first_asked", "who is fixed as first asked", "department", "person", "office"),
    choice("acceptance.anonymous", "what happens to an anonymous need", "taken_in", "refused"),
)

INDICATORS = _recorded(
    names("kpi.indicators", "the indicators that the document names", required=True),
    names("kpi.first_level", "first-level indicators of the tree"),
    _count("kpi.first_level_count", "how many the document names"),
    names("kpi.second_level", "second-level indicators; unnamed_<n> stands for what the document counts and does not name"),
    _count("kpi.second_level_count", "how many the document names"),
    Key("kpi.target.<indicator>", Kind.NUMBER, "the target, in percent or pieces", most=100000),
    _text("kpi.target_from", "the date from which targets apply"),
    names("kpi.periods", "over which periods indicators are computed", ("month", "quarter", "half_year", "year"), required=True),
    names("kpi.tracks", "tracks in which units are ranked apart"),
)

REPORTS = _recorded(
    names("reports.kinds", "the reports that the document asks for", required=True),
    names("cases.kinds", "what the case library holds", required=True),
    Key("cases.positive_min", Kind.NUMBER, "positive cases that a bulletin must have", most=1000),
    Key("cases.negative_min", Kind.NUMBER, "negative cases that a bulletin must have", most=1000),
    choice("cases.period", "how often cases are published", "none", "month", "quarter", "year"),
    Key("cases.awards_max.<award>", Kind.NUMBER, "winners a year", most=1000),
    names("appraisal.periods", "over which periods units are appraised", ("month", "quarter", "year"), required=True),
    names("appraisal.by", "who appraises", required=True),
    names("forms.kinds", "the forms that the document prescribes", required=True, words=("paper",)),
    names("publicity.shows", "what is shown in public", required=True),
)

OFFERS = _recorded(
    names("policy_push.by", "what a policy is matched to", required=True),
    names("policy_push.platforms", "outside platforms on which a policy is listed"),
    names("training.topics", "topics of training"),
    names("training.activities", "kinds of activities"),
    names("training.audiences", "who is trained", required=True),
    choice("archive.rule", "by what rules a file is put away", "product", "archive_rules"),
)

MECHANISM: tuple[Key, ...] = (*IDENTITY, *MATTERS, *INDICATORS, *REPORTS, *OFFERS)

# A fixed count of a document: the key that holds it -> the list that it counts.
COUNTED: Mapping[str, str] = {
    "organisation.coordinator_count": "organisation.coordinators",
    "organisation.core_count": "organisation.core",
    "joint_meeting.fixed_count": "meeting.joint_meeting.fixed",
    "industries.count": "industries.blocks",
    "groups.key_enterprise_count": "groups.key_enterprise",
    "groups.industry_count": "groups.industry",
    "groups.town_count": "groups.town",
    "groups.village_count": "groups.village",
    "kpi.first_level_count": "kpi.first_level",
    "kpi.second_level_count": "kpi.second_level",
}
# What stands in for what a document counts and does not name; the node fills it in.
PLACEHOLDER = "unnamed_"
