"""
Which codes a field of a command takes: what the pack in force offers, else what is fixed, else all that have a word.

The tables say it by the field's name, or by command and field where the same name means something else.
"""

from collections.abc import Mapping
from functools import cache

from node.domain.command import Command
from node.domain.enterprise.record import RELATIONS
from node.domain.letter.record import FILES
from node.domain.meeting.holding import OUTCOMES as ITEM_OUTCOMES
from node.domain.order.record import MEASURES
from node.domain.organisation import Role
from node.domain.pack import Pack
from node.domain.paper import KINDS as PAPERS
from node.domain.ticket.correction import FIELDS as CORRECTABLE
from node.domain.ticket.first_contact import JUDGEMENTS
from node.domain.ticket.intake import APPELLANT_KINDS
from node.domain.ticket.judgement import CROSSINGS, OUTCOMES
from node.domain.ticket.meetings import TONES
from node.domain.ticket.plan import STATUTORY_UNITS
from node.domain.ticket.supervision import VERIFIED
from node.domain.ticket.turns import LEADER_TURNS
from node.texts.catalogue import LANGS, catalogue

# Field (named with its command where it means something else in others) -> section of the words.
_SECTIONS: Mapping[str, str] = {
    "AnswerFinding.answer": "answer",
    "AnswerLetter.result": "letter_result",
    "ApplyTermination.reason": "ground",
    "AssignOfficial.part": "",
    "CloseOrder.result": "supervision_result",
    "ConveneMeeting.meeting_kind": "meeting_kind",
    "Correct.field": "field",
    "EnterStatutoryLimit.unit": "limit_unit",
    "Evaluate.value": "evaluation",
    "ExplainMissedTurn.clock": "",
    "DecideDueProposal.clock": "",
    "DrawService.item": "service_item",
    "ExtendProposal.ground": "supervision_ground",
    "GivePreliminaryReply.ground": "preliminary_ground",
    "HandDown.letter_kind": "letter_kind",
    "HandleLane.act": "lane_act",
    "IssueOrder.ground": "supervision_ground",
    "NotAccept.reason": "refusal_reason",
    "OpenAccount.account_roles": "role",
    "OpenUnit.kind": "unit_kind",
    "OrderReparenting.escalations": "reparenting_escalations",
    "ProposeOrder.ground": "supervision_ground",
    "PublishStandard.classes": "category",
    "PublishStandard.requires": "field",
    "RaiseIssue.topic": "issue_topic",
    "RecordEvaluation.value": "evaluation",
    "RecordStep.step": "park_step",
    "RecordVerification.result": "verification_result",
    "Register.field": "field_of_service",
    "RegisterLegacy.field": "field_of_service",
    "ReportLetter.result": "letter_result",
    "SetIndustry.industry": "",
    "SetNodeStatus.status": "node_status",
    "VerifyHandling.outcome": "verified",
    "VisitEnterprise.purpose": "visit_purpose",
    "act": "leader_act",
    "adoption": "adoption",
    "answer_standard": "standard",
    "appeal_kind": "appeal_kind",
    "appellant_kind": "appellant_kind",
    "block": "block",
    "category": "category",
    "channel": "channel",
    "complexity": "complexity",
    "consent_way": "way",
    "contest_kind": "contest_kind",
    "crossing": "crossing",
    "deciding_body": "deciding_body",
    "decision": "decision",
    "effect": "follow_up_result",
    "evaluation": "evaluation",
    "FillIn.field": "field_of_service",
    "Form.field": "field_of_service",
    "feedback_way": "way",
    "finder": "finder",
    "form": "supervision_form",
    "found_cause": "dissatisfaction_cause",
    "gaps": "gap_item",
    "ground": "ground",
    "grounds": "ground",
    "indicator": "indicator",
    "indicators": "indicator",
    "intermediary_kind": "intermediary_kind",
    "item_kind": "item_kind",
    "judgement": "judgement",
    "layer": "layer",
    "level": "level",
    "matter": "matter",
    "measure": "measure",
    "meeting_kind": "meeting_kind",
    "mode": "benefit_mode",
    "outcome": "outcome",
    "paper": "paper",
    "passed": "forming_test",
    "path_means": "way",
    "post": "leader_post",
    "procedure": "procedure",
    "reason_code": "return_reason",
    "red_line": "red_line",
    "relation": "relation",
    "rule": "tolerance_rule",
    "size": "enterprise_size",
    "solvable": "solvable",
    "speaks_for": "speaker",
    "standard": "standard",
    "sub_code": "sub_code",
    "subject_type": "appellant_kind",
    "tone": "case_tone",
    "topic": "topic",
    "turn_kind": "occasion_kind",
    "way": "way",
}

# Field -> keys of the pack that say which codes it offers; a key that ends with a dot stands for all below it.
_OFFERED_BY: Mapping[str, str] = {
    "ApplyTermination.reason": "termination.reasons",
    "AskMergeConsent.way": "notice.ways",
    "CloseOrder.result": "supervision.results",
    "DecideRecheck.outcome": "recheck.outcomes",
    "DrawService.item": "service_package.items",
    "Evaluate.value": "evaluation.scale",
    "Evaluate.way": "evaluation.ways",
    "FileAssessment.scores": "",
    "GiveFeedback.way": "feedback.ways",
    "GivePreliminaryReply.ground": "preliminary_reply.grounds",
    "IssueOrder.ground": "supervision.grounds",
    "LogEnquiry.way": "notice.ways",
    "NotAccept.reason": "acceptance.refusal_reasons",
    "NotifySupplement.way": "notice.ways",
    "OpenAppraisal.indicators": "appraisal.indicators",
    "ProposeOrder.ground": "supervision.grounds",
    "ProposeRecheck.ground": "recheck.grounds",
    "RaiseIssue.topic": "letters.issue_topics",
    "RaiseLayer.ground": "ladder.grounds.",
    "RecordAttempt.way": "contact.ways",
    "RecordEvaluation.value": "evaluation.scale",
    "RecordEvaluation.way": "evaluation.ways",
    "RecordEvaluationAttempt.way": "evaluation.ways",
    "RecordPersuasion.way": "notice.ways",
    "RecordRevisit.way": "contact.ways",
    "RecordRevisitAttempt.way": "contact.ways",
    "RecordStep.step": "park.steps",
    "RecordVerification.result": "verification.results",
    "ReportProgress.way": "feedback.ways",
    "RequestExtension.ground": "extension.grounds",
    "RuleRecheck.outcome": "recheck.outcomes",
    "SubmitToComplaintCentre.ground": "complaint_centre.grounds",
    "TagEnterprise.tags": "enterprises.tags",
    "VisitEnterprise.purpose": "visits.purposes",
    "adoption": "completion.adoptions",
    "answer_standard": "completion.standards",
    "appeal_kind": "matter.natures",
    "appellant_kind": "intake.appellant_kinds",
    "block": "industries.blocks",
    "category": "classes",
    "channel": "intake.channels",
    "complexity": "complexities.",
    "consent_way": "notice.ways",
    "contest_kind": "contest.kinds",
    "duty_line": "leaders.lines",
    "effect": "follow_up.results",
    "evaluation": "evaluation.scale",
    "feedback_way": "feedback.ways",
    "finder": "finders.",
    "form": "supervision.forms",
    "found_cause": "dissatisfaction.causes",
    "gaps": "acceptance.gap_items",
    "grounds": "complexity_grounds.",
    "indicator": "appraisal.indicators",
    "industry": "enterprises.industries",
    "layer": "ladder.layers",
    "level": "ladder.levels",
    "matter": "intake.matters",
    "measure": "supervision.measures",
    "meeting_kind": "meetings.kinds",
    "mode": "policy_push.benefit_modes",
    "passed": "forming.tests",
    "post": "leaders.posts",
    "power_item": "escalation.power_items",
    "procedure": "acceptance.procedures",
    "reason_code": "escalation.return_reasons",
    "red_line": "red_lines",
    "rule": "tolerance.rules",
    "size": "enterprises.sizes",
    "standard": "completion.standards",
    "sub_code": "completion.sub_codes.",
    "topic": "matter.topics.",
    "tried": "escalation.tried",
}

# Field -> codes that no pack narrows, or that hold where a pack is silent.
_FIXED: Mapping[str, tuple[str, ...]] = {
    "CloseJudgement.outcome": OUTCOMES,
    "Correct.field": CORRECTABLE,
    "EnterStatutoryLimit.unit": STATUTORY_UNITS,
    "GiveOpinion.outcome": OUTCOMES,
    "HandDown.letter_kind": tuple(sorted(FILES)),
    "HandleLane.act": ("retried", "skipped", "reported"),
    "DecideItem.outcome": ITEM_OUTCOMES,
    "JudgeItem.outcome": OUTCOMES,
    "OpenAccount.account_roles": tuple(role.value for role in Role if role is not Role.NODE),
    "RecordLeaderAct.act": LEADER_TURNS,
    "VerifyHandling.outcome": VERIFIED,
    "appellant_kind": APPELLANT_KINDS,
    "crossing": CROSSINGS,
    "judgement": JUDGEMENTS[1:],
    "measure": MEASURES,
    "paper": PAPERS,
    "relation": RELATIONS,
    "tone": TONES,
}


def section_of(command: type[Command], field: str) -> str:
    """The section of the catalogue with the words for the codes of *field*; "" where it takes no codes."""
    own = f"{command.__name__}.{field}"
    return _SECTIONS[own] if own in _SECTIONS else _SECTIONS.get(field, "")


def codes_of(command: type[Command], field: str, pack: Pack | None = None) -> tuple[str, ...]:
    """
    The codes that *field* takes: what *pack* offers, else those that are fixed, else all that have a word.

    Empty where there is no list of them: then any code goes.  Where the pack's list depends on another field (the complexities of
    a class) it is all of them, and ``decide`` refuses what does not fit.
    """
    own = f"{command.__name__}.{field}"
    key = _OFFERED_BY[own] if own in _OFFERED_BY else _OFFERED_BY.get(field, "")
    if pack is not None and key and (offered := _offered(pack, key)):
        return offered
    if own in _FIXED or field in _FIXED:
        return _FIXED[own] if own in _FIXED else _FIXED[field]
    return codes_with_words(section_of(command, field))


# Lists of the pack that are whole: a pack that is silent has none of these, and a code of another pack means nothing here.
_WHOLE = frozenset({"complexity_grounds.", "ladder.grounds.", "ladder.layers", "ladder.levels", "red_lines"})


def has_none(command: type[Command], field: str, pack: Pack) -> bool:
    """Whether *pack* has nothing that could stand in *field*: such a field is not asked for."""
    key = _OFFERED_BY.get(f"{command.__name__}.{field}", _OFFERED_BY.get(field, ""))
    return key in _WHOLE and not _offered(pack, key)


def _offered(pack: Pack, key: str) -> tuple[str, ...]:
    if not key.endswith("."):
        return pack.names(key)
    below = [rule.value for name, rule in pack.rules.items() if name.startswith(key) and isinstance(rule.value, tuple)]
    return tuple(dict.fromkeys(code for codes in below for code in codes))


@cache
def codes_with_words(section: str) -> tuple[str, ...]:
    """Every code of *section* of the catalogues, in their order."""
    words = catalogue(LANGS[0]) if section else {}
    return tuple(key.removeprefix(f"{section}.") for key in words if key.startswith(f"{section}."))
