"""
Issue 5 item 6: what stands as a code in an entry, in a refusal or in a rule is read as words.

What a shipped pack offers and what the domain itself enumerates is written into each kind of event and each refusal that may hold it, and
read as a page shows it.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from types import SimpleNamespace
from typing import cast, get_type_hints

import pytest

from node.domain.events import EVENTS
from node.domain.letter.record import FILES
from node.domain.meeting.holding import OUTCOMES as ITEM_OUTCOMES
from node.domain.order.record import MEASURES
from node.domain.organisation import Role
from node.domain.pack import Rule
from node.domain.paper import KINDS as PAPERS
from node.domain.refusal import Code, Refusal
from node.domain.ticket.areas import AREAS
from node.domain.ticket.correction import FIELDS as CORRECTABLE
from node.domain.ticket.first_contact import JUDGEMENTS
from node.domain.ticket.intake import APPELLANT_KINDS
from node.domain.ticket.judgement import CROSSINGS, OUTCOMES
from node.domain.ticket.meetings import TONES
from node.domain.ticket.plan import STATUTORY_UNITS
from node.domain.ticket.proxy_decision import PROXIES
from node.domain.ticket.state import State, With
from node.domain.ticket.supervision import VERIFIED
from node.domain.ticket.turns import LEADER_TURNS, TURNS
from node.packs.file import effective_pack, finder, shipped
from node.services import entry_words
from node.services.acting import UNIT_FIELDS
from node.services.command_codes import codes_of, codes_with_words
from node.services.command_fields import FieldKind, command_fields, commands
from node.services.entry_words import fact_said, facts_said
from node.services.pack_words import in_words as pack_in_words
from node.services.queries import Names
from node.services.refusal_words import in_names
from node.services.ticket_view import EntryLine
from node.storage.unit_of_work import View
from node.texts.catalogue import LANGS, Lang, catalogue, explain, label, word
from tests.support.tree import ROOT

NAMES = Names({"520402": "西秀区", "520400": "安顺市"}, {"520402-housing": "住房和城乡建设局"})
NODES, UNITS = ("520402", "520400"), ("520402-housing",)
CLOCKS = codes_with_words("clock")
RETURNED = ("within_authority", "standard_unmet", "materials_incomplete", "other")
# Where a co-handler's part stands (AS25-4.4.3c).
PARTS = ("asked", "confirmed", "refused", "released", "filed")
STEPS = ("feedback", "confirm", "evaluate", "revisit", "follow_up", "close")


@cache
def packs() -> tuple[Mapping[str, Rule], ...]:
    """The rules of each pack that comes with the program, with those that it builds on."""
    return tuple(effective_pack(id, finder()).rules for id in shipped())


@cache
def offered(*keys: str) -> tuple[str, ...]:
    """Every code that a shipped pack lists under one of *keys*; a key that ends with a dot stands for all below it."""
    found: dict[str, None] = {}
    for rules in packs():
        for key, rule in rules.items():
            if any(key == one or (one[-1] == "." and key.startswith(one)) for one in keys):
                found |= dict.fromkeys(rule.value if isinstance(rule.value, tuple) else (str(rule.value),))
    return tuple(found)


def served(prefix: str) -> tuple[str, ...]:
    """What stands behind *prefix* in the keys of the shipped packs."""
    keys = {key for rules in packs() for key in rules}
    return tuple(sorted(key.removeprefix(prefix) for key in keys if key.startswith(prefix)))


# Which codes a field of an event holds; of one event's field where it is named with it.
CODES: Mapping[str, Iterable[str]] = {
    "AcceptedWithGaps.gaps": offered("acceptance.gap_items"),
    "AssessmentFiled.indicators": offered("appraisal.indicators"),
    "CaseMarked.tone": TONES,
    "CaseReported.tone": TONES,
    "CauseFound.outcome": ("reassigned", "explained"),
    "CommitmentBroken.missing": offered("acceptance.gap_items"),
    "Concealed.concealed": UNITS,
    "ConfirmationRefused.by": ("submitter", "enterprise"),
    "Confirmed.by": ("submitter", "enterprise"),
    "DecisionRecorded.decision": PROXIES,
    "DecidedAbove.decided_by": NODES,
    "DecisionRecorded.body": UNITS,
    "DecisionRecorded.decider": [one.value for one in Role],
    "DecisionRecorded.outcome": [one for proxied in PROXIES.values() for one in proxied.outcomes],
    "EscalationReturned.reason_code": (*offered("escalation.return_reasons"), *RETURNED),
    "Evaluated.satisfied": ("yes", "no"),
    "Evaluated.source": ("appellant", "recorded", "revisit"),
    "Evaluated.value": offered("evaluation.scale"),
    "FindingAnswered.answer": ("rework", "recheck"),
    "FindingExecuted.to": ("lead", "dispatch", "triage"),
    "HandlingVerified.outcome": VERIFIED,
    "LayerRaised.ground": offered("ladder.grounds."),
    "MeetingDecided.outcome": ITEM_OUTCOMES,
    "MergeConsentRecorded.answer": ("given", "refused"),
    "NotAccepted.reason": offered("acceptance.refusal_reasons"),
    "OpinionGiven.outcome": OUTCOMES,
    "JudgementClosed.outcome": OUTCOMES,
    "PrecedentSet.named": UNITS,
    "PrecedentSet.ruled_by": ("office", "government"),
    "PreliminaryReplyGiven.ground": offered("preliminary_reply.grounds"),
    "RecheckDecided.outcome": offered("recheck.outcomes"),
    "RecheckDecided.to": ("dispatch",),
    "RecheckMovedUp.decides": NODES,
    "RecheckProposed.decides": NODES,
    "RecheckProposed.ground": offered("recheck.grounds"),
    "RecheckRuled.outcome": (*offered("recheck.outcomes"), "declined"),
    "Formed.field": served("steward."),
    "IntakeFilled.field": served("steward."),
    "Registered.field": served("steward."),
    "Reworked.to": ("lead", "dispatch", "triage"),
    "StatutoryLimitEntered.unit": STATUTORY_UNITS,
    "StepReached.lapsed": STEPS,
    "SubmittedToComplaintCentre.ground": offered("complaint_centre.grounds"),
    "Supervised.ground": offered("supervision.grounds", "talk.triggers"),
    "TakenOffAgenda.outcome": ("postponed", "withdrawn"),
    "Terminated.reason": (*offered("termination.reasons"), "withdrawn"),
    "TerminationRequested.reason": offered("termination.reasons"),
    "TookIn.former_unit": STATUTORY_UNITS,
    "VerificationRecorded.result": offered("verification.results"),
    "act": LEADER_TURNS,
    "adoption": offered("completion.adoptions"),
    "appeal_kind": offered("matter.natures"),
    "appellant_kind": APPELLANT_KINDS,
    "application": codes_with_words("application"),
    "category": offered("classes"),
    "channel": offered("intake.channels"),
    "clock": (*CLOCKS, "co_handle/520402-housing", "milestone/3"),
    "complexity": offered("complexities."),
    "core_class": offered("core_class."),
    "crossing": CROSSINGS,
    "deciding_body": offered("meeting.county_decision.bodies"),
    "duty": ("guide", "precedent", "duty_list"),
    "effect": offered("follow_up.results"),
    "ended_as": (*offered("withdrawal.ends_as"), "terminated", "unconfirmed", "explained"),
    "field": CORRECTABLE,
    "finder": offered("finders."),
    "former_category": offered("classes"),
    "former_complexity": offered("complexities."),
    "former_industry": offered("enterprises.industries"),
    "former_layer": offered("ladder.layers"),
    "former_level": offered("ladder.levels"),
    "former_state": [one.value for one in State],
    "found_cause": offered("dissatisfaction.causes"),
    "ground": (*offered("extension.grounds"),),
    "grounds": offered("complexity_grounds."),
    "group": offered("groups.industry", "groups.town", "groups.village"),
    "industry": offered("enterprises.industries"),
    "judgement": JUDGEMENTS,
    "layer": offered("ladder.layers"),
    "duty_line": offered("leaders.lines"),
    "local_unit": UNITS,
    "level": offered("ladder.levels"),
    "matter": offered("intake.matters"),
    "measure": MEASURES,
    "meeting_kind": offered("meetings.kinds"),
    "paper": PAPERS,
    "passed": offered("forming.tests"),
    "path_means": offered("notice.ways"),
    "procedure": offered("acceptance.procedures"),
    "red_line": offered("red_lines"),
    "rung": offered("urging.rungs"),
    "satisfied": ("yes", "no"),
    "solvable": ("can", "cannot"),
    "solved": ("yes", "no"),
    "standard": offered("completion.standards"),
    "standard_met": ("yes", "no"),
    "consistent": ("yes", "no"),
    "step": STEPS,
    "sub_code": offered("completion.sub_codes."),
    "submission": ("plan", "progress", "close_out"),
    "suggested_by": ("lexicon", "history", "examples", "meaning"),
    "topic": offered("matter.topics."),
    # No shipped pack lists them, and a silent one takes all: those that offices know of themselves.
    "tried": (*offered("escalation.tried"), "department", "joint_office", "coordination_meeting", "task_force"),
    "way": offered("notice.ways", "contact.ways", "feedback.ways", "evaluation.ways"),
    "consent_way": offered("notice.ways"),
    "feedback_way": offered("feedback.ways"),
    "with_whom_next": [one.value for one in With],
}

# Ids, numbers, versions, digests and what people typed: nothing of it has words.
FREE = frozenset(
    {
        *("assigned_by", "batch", "bodies", "calendar", "code", "credit_code", "desk", "duty_item", "duty_list"),
        *("duty_matter", "enterprise", "enterprises", "external_number", "guide", "new", "old", "inspection"),
        *("intermediary", "into", "item", "items", "material_kinds", "merged", "number", "occasion", "other"),
        *("pack", "package", "power_item", "precedent", "receipt", "record", "replaces", "round", "short_digest"),
        *("subtype", "visit"),
    }
)
# What is called by capitals, as an APP, is a word.
LETTERS = re.compile("[a-z]{2,}")
CODE = re.compile("[a-z][a-z0-9_]+")


def holding() -> Iterator[tuple[str, str]]:
    """Each kind of event of a ticket with each of its plain fields that a timeline shows and that is no id, unit, node or person."""
    areas = {area.__name__ for area in AREAS}
    ties = (
        entry_words._TIES
        | entry_words._ACCOUNTS
        | entry_words._DOSSIERS
        | entry_words._DIGESTS
        | {*UNIT_FIELDS, "holder", "node", "county"}
    )
    for kind, event in EVENTS.items():
        for field, hint in get_type_hints(event).items():
            is_shown = f"field.{field}" in catalogue("zh-CN") and hint in (str, tuple[str, ...])
            if event.__module__ in areas and is_shown and not {field, f"{kind}.{field}"} & ties:
                yield kind, field


def is_bare(code: str, said: str, lang: Lang) -> bool:
    """No Chinese word has letters in it; of an English one a code is told by what joins its parts."""
    return bool(LETTERS.search(said)) if lang == "zh-CN" else "_" in said or (said == code and not code.isalpha() and not code.isdecimal())


class TestTimeline:
    def test_every_code_that_a_ticket_s_entry_can_hold_is_said_in_words(self) -> None:
        """Of every shipped pack and every enumeration, in both languages."""
        bare = {
            (lang, kind, field, code, fact_said(kind, field, code, NAMES, lang))
            for kind, field in holding()
            for code in CODES.get(f"{kind}.{field}", CODES.get(field, ()))
            for lang in LANGS
            if code and is_bare(code, fact_said(kind, field, code, NAMES, lang), lang)
        }

        assert [] == sorted(bare)

    def test_every_field_is_known_as_one_of_codes_or_of_none(self) -> None:
        """A new field is put into one of the two tables above, or its codes would reach the page unseen."""
        unknown = [
            (kind, field) for kind, field in holding() if f"{kind}.{field}" not in CODES and field not in CODES and field not in FREE
        ]

        assert [] == unknown

    def test_a_corrected_fact_is_read_as_it_was_registered(self) -> None:
        """Old and new value are of the field that the entry names."""
        facts = {"field": "category", "old": "complaint", "new": "consultation"}
        entry = cast(EntryLine, SimpleNamespace(kind="FactCorrected", node="520402", facts=facts, texts={}, contacts=()))

        assert ["投诉举报类", "咨询类"] == [said for _, said in facts_said(entry, NAMES, "zh-CN")][1:]


@pytest.mark.parametrize("kind", ["department", "government", "member", "office", "supervision", "town", "window"])
def test_the_kind_of_a_unit_is_a_word(kind: str) -> None:
    """The register of units showed "window" for the window of the rehearsal's hall."""
    assert not LETTERS.search(word("unit_kind", kind, "zh-CN"))


# What these two name stands in the settings of a node, as its operator types it.
OF_SETTINGS = frozenset({"ADDRESS_TAKEN", "EXTRA_MISSING", "SETTING_REFUSED"})
# Parameters of the interface for programs and of the pages' own addresses, what programs alone ask for, and a list that no pack has.
OF_PROGRAMS = frozenset(
    {
        *("If-Match", "Upload-Length", "cursor", "email", "id", "kept_as", "lang", "last", "path", "since"),
        *("start_date", "url", "scope", "days", "event", "hook", "token", "enterprises.tags"),
    }
)
# What is asked of a fact that is no literal: (code, fact) -> what it may be.
FACTS: Mapping[tuple[str, str], Iterable[str]] = {
    ("CLOCK_UNKNOWN", "clock"): CLOCKS,
    ("CLASS_UNCONFIRMED", "category"): offered("classes"),
    ("CONSULTATION_MISSING", "crossing"): CROSSINGS,
    ("DECIDER_LEFT", "role"): [one.value for one in Role],
    ("DIRECT_HANDLING", "complexity"): offered("complexities."),
    ("FILLED_BEFORE", "fields"): CORRECTABLE,
    ("FIXED_PARTICIPANT", "meeting_kind"): offered("meetings.kinds"),
    ("INTRODUCTION_MISSING", "matter"): offered("intake.matters"),
    ("JOINT_HANDLING_INCOMPLETE", "missing"): offered("dispatch.needs."),
    ("JUDGED_OTHERWISE", "outcome"): OUTCOMES,
    ("LAYER_ORDER", "layer"): offered("ladder.layers"),
    ("MINUTES_MISSING", "meeting_kind"): offered("meetings.kinds"),
    ("NOT_LINKABLE", "kind"): APPELLANT_KINDS,
    ("NOT_ON_THE_SPOT", "category"): offered("classes"),
    ("NOT_THE_CONVENER", "post"): offered("leaders.posts"),
    ("ONE_LEAD_NEEDED", "outcome"): OUTCOMES,
    ("PAPER_WITHOUT_GROUND", "paper"): PAPERS,
    ("SCORES_INCOMPLETE", "missing"): offered("appraisal.indicators", "assessment.indicators"),
    ("SETTLED_BEFORE", "body"): ("office", "government"),
    ("STAGE_MISSING", "stage"): offered("closing.stages"),
    ("STEP_SKIPPED", "missing"): MEASURES,
    ("SUBJECT_TYPE_OUT_OF_SCOPE", "kind"): APPELLANT_KINDS,
    ("WRONG_STATE", "wanted"): [one.value for one in State],
    ("ALREADY_EXISTS", "kind"): ("appraisal", "leader"),
    ("CLASS_UNCONFIRMED", "core"): offered("core_class."),
    ("CLASS_UNCONFIRMED", "offered"): offered("classes"),
    ("CLASS_UNCONFIRMED", "proposed"): offered("classes"),
    ("CONTEST_STATE", "state"): codes_with_words("contest_state"),
    ("DECISION_PENDING", "application"): PROXIES,
    ("EVALUATION_MISSING", "value"): offered("evaluation.scale"),
    ("EVIDENCE_MISSING", "ground"): (*offered("termination.reasons"), "withdrawn"),
    ("FORMING_TEST_FAILED", "failed"): offered("forming.tests"),
    ("GROUND_NOT_MET", "ground"): (
        *offered("supervision.grounds", "termination.reasons", "recheck.grounds", "extension.grounds", "ladder.grounds."),
        *MEASURES,
    ),
    ("INTAKE_INCOMPLETE", "missing"): offered("intake.complete_fields"),
    ("LAYER_ORDER", "former_layer"): offered("ladder.layers"),
    ("LAYER_SKIPPED", "wanted"): offered("ladder.layers"),
    ("LETTER_KIND", "kind"): FILES,
    ("MAIN_ITEM_MISSING", "items"): offered("acceptance.gap_items"),
    ("NOTHING_PENDING", "application"): (*PROXIES, *TURNS),
    ("NOT_ELIGIBLE", "item"): offered("service_package.items"),
    ("SAMPLE_TOO_SMALL", "key"): ("revisit.sampling.rate", "revisit.sampling.floor"),
    ("NOT_COMMON", "channel"): offered("intake.channels"),
    ("NOT_ON_THE_SPOT", "offered"): offered("on_the_spot.classes"),
    ("NOT_RIPE", "missing"): ("materials", "opinions", "proposal"),
    ("ONLY_PROPOSED", "measure"): MEASURES,
    ("RED_LINE_UNCHECKED", "red_lines"): offered("red_lines"),
    ("ROLES_EXCLUDE", "roles"): [one.value for one in Role],
    ("RUNG_NOT_DUE", "clock"): CLOCKS,
    ("RUNG_NOT_DUE", "rung"): offered("urging.rungs"),
    ("STEP_SKIPPED", "measure"): MEASURES,
    ("WRONG_STATE", "state"): (
        *[one.value for one in State],
        *PARTS,
        *(f"objected, {one}" for one in ("office", "government", "first_contact")),
    ),
}


def literal(value: ast.expr) -> Iterator[str]:
    """The texts that an expression may be, as far as they stand in it."""
    match value:
        case ast.Constant(value=str(said)):
            yield said
        case ast.IfExp(body=body, orelse=other):
            yield from (*literal(body), *literal(other))
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.BoolOp(values=parts):
            for part in parts:
                yield from literal(part)


def refused() -> Iterator[tuple[str, str, str, Mapping[str, str]]]:
    """
    Each refusal of the code with each fact that stands in it as a text, and those of the table above; with the choice that it is about,
    if it is one that is not offered.
    """
    for file in sorted([*(ROOT / "node").rglob("*.py"), *(ROOT / "federation").rglob("*.py")]):
        for one in ast.walk(ast.parse(file.read_text("utf-8"))):
            match one:
                case ast.Call(func=ast.Name(id="Refusal"), args=[ast.Attribute(attr=code), *_], keywords=facts):
                    said = [(fact.arg, value) for fact in facts if fact.arg for value in literal(fact.value)]
                    about = {fact: value for fact, value in said if fact == "key"}
                    yield from ((code, fact, value, about) for fact, value in said)
    for (code, fact), values in FACTS.items():
        yield from ((code, fact, value, {}) for value in values)


def told(code: str, facts: Mapping[str, str], lang: Lang) -> str:
    """What a page says of a refusal."""
    refusal = Refusal(Code[code], **facts)
    if refusal.code is Code.VALUE_NOT_OFFERED:
        refusal = in_names(cast(View, None), refusal, lang)
    return " ".join(explain(refusal, lang))


class TestRefusals:
    def test_every_code_that_a_refusal_can_name_is_said_in_words(self) -> None:
        """What its sentence and its remedy say of a fact, in both languages."""
        bare = set()
        for code, fact, value, about in refused():
            if code in OF_SETTINGS or {value, *about.values()} & OF_PROGRAMS or not value:
                continue
            for lang in LANGS:
                said = told(code, {**about, fact: value}, lang)
                # A word of English may be spelt as its code.
                is_there = re.search(rf"(?<![A-Za-z0-9_/-]){re.escape(value)}(?![A-Za-z0-9_/-])", said)
                if is_there and (LETTERS.search(value) if lang == "zh-CN" else "_" in value):
                    bare.add((code, fact, value, lang, said))

        assert [] == sorted(bare)


class TestPacks:
    def test_every_code_that_a_shipped_pack_has_is_said_in_words_where_its_values_are_listed(self) -> None:
        """`/registers/packs`: of one value with its code, which is typed to try another; of a list without."""
        bare = set()
        for rules in packs():
            for key, value in ((key, rule.value) for key, rule in rules.items()):
                codes = value if isinstance(value, tuple) else (value,) if isinstance(value, str) else ()
                for code, lang in ((code, lang) for code in codes for lang in LANGS if CODE.fullmatch(code)):
                    said = pack_in_words(key, (code,), lang) if isinstance(value, tuple) else pack_in_words(key, code, lang)
                    if said == code and is_bare(code, said, lang):
                        bare.add((lang, key, code))

        assert [] == sorted(bare)


class TestForms:
    def test_every_code_that_a_form_offers_is_said_in_words(self) -> None:
        """Of every command under every shipped pack, in both languages."""
        bare = {
            (lang, command.__name__, field.name, code)
            for pack in [effective_pack(id, finder()) for id in shipped()]
            for command in commands().values()
            for field in command_fields(command)
            if field.kind in (FieldKind.CODE, FieldKind.WORD)
            for code in codes_of(command, field.name, pack)
            for lang in LANGS
            if is_bare(code, word(field.section or field.name, code, lang), lang)
        }

        assert [] == sorted(bare)


@pytest.mark.parametrize(
    ("owners", "field", "said"),
    [
        (("AttachTaskForce", "TaskForceAttached"), "members", "专班成员"),
        (("RecordVerification", "VerificationRecorded"), "result", "核实结果"),
    ],
)
def test_a_field_that_holds_another_thing_here_is_called_by_it(owners: tuple[str, ...], field: str, said: str) -> None:
    """People are no 成员单位, and what an enterprise confirms is no 办理结果."""
    assert {said} == {label(owner, field) for owner in owners}
    assert label("", field) != said
