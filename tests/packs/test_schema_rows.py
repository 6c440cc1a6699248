"""
Everything in which the five mechanisms differ is in the schema, and each of their packs says it or inherits a default.

The rows are those of the comparison of the documents, by their names there; behind each stand the keys that hold it.
"""

import re

import pytest

from node.domain.pack import Pack
from node.packs.file import HEADER, effective_pack, finder, pack_line
from node.packs.key_mechanism import COUNTED, PLACEHOLDER
from node.packs.keys import KEYS, Kind, find_key
from node.texts.catalogue import LANGS, sections

FIVE = ("fengjie-2025", "fengjie-2023", "xiangshan-2025", "haimen-2020", "anshun-2025")
# Row of the comparison -> keys; "pack.x" is x of the file's header.
ROWS: dict[str, tuple[str, ...]] = {
    # Identity and organisation
    "pack.id, node.level": ("pack.id", "pack.level"),
    "pack.effective_from": ("pack.effective_from", "milestone.<name>"),
    "pack.parent": ("pack.parents",),
    "pack.interpreter": ("pack.interpreter", "interpreter.unit"),
    "org.operator": ("bodies.joint_office",),
    "org.model": ("organisation.model", "organisation.coordinators", "organisation.core", "members.units", "members.count"),
    "org.staffing": ("staffing.<role>", "contact_officer.per_enterprise", "receipt.person_required"),
    "org.leaders": ("leaders.posts", "leaders.count", "leaders.lines"),
    "documents.seal": ("bodies.seal", "office.address", "office.phone", "office.email"),
    "subjects": ("intake.appellant_kinds",),
    "industries": ("industries.blocks", "industries.count"),
    # Intake, classes, acceptance
    "channels.online": ("channels.online", "groups.key_enterprise", "groups.industry", "groups.town", "groups.village"),
    "channels.hotline": ("channels.<group>", "intake.time_required", "intake.caller_required"),
    "channels.offline": ("channels.<group>", "intake.desk_required"),
    "channels.organised": ("channels.<group>", "occasions.kinds"),
    "channels.authority": ("channels.<group>", "intake.assigner_required", "channel.roles.<channel>"),
    "channels.federated": ("channels.<group>", "intake.channels"),
    "channels.other": ("channels.<group>", "intake.note_required"),
    "categories": ("classes",),
    "complexity": ("complexities.<class>", "complexity_grounds.<complexity>"),
    "matter.kinds": ("matter.kinds", "matter.stages", "matter.natures", "red_lines", "intake.matters"),
    "acceptance.tests": ("forming.tests", "forming.verified_first"),
    "acceptance.refusal_reasons": ("acceptance.refusal_reasons", "acceptance.procedure_reasons"),
    "acceptance.missing_materials": ("supplement.may_end", "acceptance.gap_classes", "acceptance.gap_items"),
    "triage.dedupe": ("notice.ways", "number.serial"),
    "triage.first_asked": ("triage.first_asked", "intake.judgement_first"),
    "triage.assist": ("triage.aids", "dispatch.by_duty_list"),
    "acceptance.anonymous": ("acceptance.anonymous",),
    # Clocks
    "sla.day_kind": ("limit.resolve.<class>.<complexity>", "limit.resolve.any.<complexity>"),
    "sla.clock_start": ("resolve.starts_on",),
    "sla.register": ("limit.register", "limit.form"),
    "sla.first_contact": ("limit.contact", "contact.starts_on"),
    "sla.sign_or_object": ("limit.sign", "limit.claim", "receipt.numbered"),
    "sla.consultation": ("limit.resolve.<class>.<complexity>", "limit.resolve.any.<complexity>", "on_the_spot.classes"),
    "sla.general": ("limit.resolve.<class>.<complexity>", "limit.resolve.any.<complexity>"),
    "sla.complex": ("limit.resolve.<class>.<complexity>", "limit.resolve.any.<complexity>", "limit.enter_handling.<complexity>"),
    "sla.complaint": ("limit.resolve.<class>.<complexity>", "limit.resolve.any.<complexity>"),
    "sla.special": ("statutory_limit.complexities", "limit.layer_decision", "extension.max_count"),
    "sla.month_rule": ("limit.settlement", "settlement.layers"),
    "extension": ("extension.grounds", "extension.max_count", "plan.complexities", "preliminary_reply.complexities"),
    "progress.cadence": ("limit.progress_report.<complexity>", "milestones.from_workdays", "digest.channels"),
    "warning.threshold": ("warning.last_day_time", "warning.short_left", "warning.long_left"),
    "calendar.opening": ("opening.workday", "opening.saturday", "contact.after_hours"),
    # Handling, escalation, ending
    "cohandling": ("co_handling.binding", "direct.complexities", "dispatch.needs.<complexity>", "completion.open_part"),
    "objection.ladder": ("objection.goes_to", "objection.final_by"),
    "escalation.local": ("ladder.layers", "ladder.strict", "ladder.with.<layer>"),
    "escalation.upward": ("escalation.materials_required", "escalation.power_items", "escalation.tried"),
    "transfer.down": ("limit.transfer_answer", "limit.escalation_answer"),
    "leader.cadence": ("limit.monthly_check", "limit.onsite_session", "limit.quarterly_analysis", "meetings.kinds"),
    "termination.reasons": ("termination.reasons",),
    "termination.decided_by": ("limit.termination_decision", "withdrawal.effect", "withdrawal.ends_as"),
    "completion.standards": ("completion.standards",),
    "completion.signoff": ("completion.needs", "countersignature.ways"),
    "completion.writeoff": ("completion.then", "closing.needs", "confirmation.submitted_by_others"),
    "feedback.ways": ("feedback.ways",),
    # Revisit, evaluation, rework, supervision
    "revisit.own": ("completion.then", "limit.revisit", "assessment.indicators"),
    "revisit.sample_lower": ("revisit.sampling.rate", "revisit.sampling.floor"),
    "revisit.fields": ("revisit.fields",),
    "satisfaction.scale": ("evaluation.scale", "evaluation.satisfied", "evaluation.dissatisfied", "evaluation.solved"),
    "evaluation.ways": ("evaluation.ways",),
    "rework.trigger": ("rework.on",),
    "rework.by, rework.cap": ("rework.by", "rework.to"),
    "recheck": ("recheck.outcomes", "recheck.grounds", "follow_up.results"),
    "supervision.ladder": ("urging.rungs", "supervision.measures", "supervision.grounds", "supervision.forms"),
    "supervision.talk": ("talk.triggers", "talk.quarters"),
    "publicity": ("publicity.shows",),
    # Indicators, reports, meetings, cases
    "kpi.list": ("kpi.indicators", "kpi.first_level", "kpi.second_level"),
    "kpi.targets": ("kpi.target.<indicator>", "kpi.indicators"),
    "kpi.period": ("kpi.periods", "kpi.tracks"),
    "reports": ("reports.kinds",),
    "meetings": ("meetings.kinds",),
    "cases": ("cases.kinds", "cases.positive_min", "cases.negative_min", "cases.awards_max.<award>"),
    "appraisal": ("appraisal.periods", "appraisal.by"),
    "forms": ("forms.kinds",),
    "policy_push": ("policy_push.by", "policy_push.benefit_modes", "service_package.items"),
    "training": ("training.topics", "training.activities", "training.audiences"),
    "archive": ("archive.rule", "archive.period", "archive.retention_years"),
}
PATTERNS = {row.pattern for row in KEYS}
PACKS = {id: effective_pack(id, finder()) for id in FIVE}


@pytest.mark.parametrize(("row", "keys"), ROWS.items(), ids=ROWS)
def test_each_difference_has_its_keys_and_each_pack_a_value(row: str, keys: tuple[str, ...]):
    """A document's value with its clause, or the product's with its reason: nothing in which they differ is left open."""
    assert [] == [key for key in keys if key not in PATTERNS and key.removeprefix("pack.") not in HEADER]

    assert [] == [id for id, pack in PACKS.items() if not any(said(pack, key) for key in keys)]


@pytest.mark.parametrize("id", FIVE)
def test_every_value_of_a_pack_has_a_clause_or_the_reason_of_its_default(id: str):
    """Each number with its clause id, or marked "default" with why."""
    reasons = {file.id: file.reasons for file in pack_line(id, finder())}

    unsourced = {key for key, rule in PACKS[id].rules.items() if rule.clause == "default" and not reasons[rule.origin].get(key)}
    assert set() == unsourced
    assert [] == [key for key in PACKS[id].rules if find_key(key) is None]


@pytest.mark.parametrize(
    ("id", "count", "wanted", "unnamed"),
    [
        ("fengjie-2023", "industries.count", 7, 4),
        ("fengjie-2023", "kpi.second_level_count", 12, 9),
        ("fengjie-2023", "kpi.first_level_count", 3, 0),
        ("fengjie-2023", "joint_meeting.fixed_count", 7, 7),
        ("xiangshan-2025", "organisation.core_count", 4, 0),
    ],
)
def test_what_a_document_counts_and_does_not_name_has_a_placeholder(id: str, count: str, wanted: int, unnamed: int):
    """FJ23-1.2a, FJ23-4.1b: three of seven blocks and of twelve indicators are named; the node fills in the rest."""
    listed = PACKS[id].names(COUNTED[count])

    assert (wanted, wanted) == (PACKS[id].number(count), len(listed))
    assert unnamed == sum(one.startswith(PLACEHOLDER) for one in listed)


def said(pack: Pack, key: str) -> bool:
    """True if *pack* has *key*, or one of its family; what stands in the header every pack has."""
    if key.startswith("pack."):
        return True
    family = re.compile("[A-Za-z0-9_-]+".join(map(re.escape, re.split(r"<[a-z_]+>", key))))
    return any(family.fullmatch(name) for name in pack.rules)


def test_a_row_says_the_words_of_its_codes_by_sections_that_there_are() -> None:
    """Of what has codes; in both languages."""
    named = {(row.pattern, row.kind, section) for row in KEYS for section in row.words}
    with_codes = (Kind.NAMES, Kind.CHOICE, Kind.TEXT)

    assert [] == [one for one in named if one[1] not in with_codes or not all(one[2] in sections(lang) for lang in LANGS)]
