"""
The schema of a pack: every key that the engine knows, its type and range, and what it means.

A name in angle brackets stands for any code: ``limit.resolve.<class>.<complexity>``.  A required key must be there once all
parents are laid under a pack; the product's defaults see to most of them.  A key is added here together with the code
that asks for it: a test compares the two.  What is only recorded stands in ``key_mechanism.py``.
"""

import re
from functools import cache

from node.domain.organisation import Role
from node.domain.sampling import RATE_MIN_PERCENT
from node.domain.ticket.core_class import CORE_CLASSES
from node.packs.key import Bound, Key, Kind
from node.packs.key import choice as _choice
from node.packs.key import flag as _flag
from node.packs.key import limit as _limit
from node.packs.key import names as _names
from node.packs.key import number as _number
from node.packs.key_after import AFTER_COMPLETION
from node.packs.key_appraisal import APPRAISAL
from node.packs.key_dispatch import LOCAL_LADDER, OBJECTING, RESULTS, SORTING_AND_DISPATCH
from node.packs.key_exchange import EXCHANGE
from node.packs.key_intake import INTAKE_DETAILS
from node.packs.key_mechanism import MECHANISM
from node.packs.key_meetings import LEADERS, MEETINGS
from node.packs.key_notify import NOTIFY
from node.packs.key_pace import PACE
from node.packs.key_supervision import SUPERVISION
from node.packs.key_tasks import TASKS

__all__ = ["KEYS", "Bound", "Key", "Kind", "find_key"]


def find_key(key: str) -> Key | None:
    """The schema's row for *key*: the exact one before a family; None if the engine knows no such key."""
    exact = next((row for row in KEYS if row.pattern == key), None)
    return exact or next((row for row in _FAMILIES if _family(row.pattern).fullmatch(key)), None)


@cache
def _family(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"<[a-z_]+>", pattern)
    return re.compile(r"[A-Za-z0-9_-]+".join(re.escape(part) for part in parts))


ORGANISATION = (
    Key("bodies.government", Kind.TEXT, "the government that decides last at this level", required=True),
    Key("bodies.joint_office", Kind.TEXT, "the office that runs the hub, as documents name it", required=True),
    Key("bodies.seal", Kind.TEXT, "the body whose seal the office's documents bear", required=True),
    Key("bodies.superior", Kind.TEXT, "what exceeds this level's authority goes there", required=True),
    Key(
        "interpreter.unit",
        Kind.TEXT,
        "the unit, without its node, that alone interprets the pack and puts a new version into force",
        words=("unit_code", "field_of_service", "group"),
    ),
    Key("members.count", Kind.NUMBER, "how many member units the document names", most=100),
    _names(
        "members.units",
        "the member units, by the part of their unit code behind the node code",
        words=("unit_code", "field_of_service", "group"),
    ),
    _number("members.seats.<unit>", "how many members the unit sends into the joint mechanism; one where this is silent", least=1, most=10),
    Key("unit.<unit>.name", Kind.TEXT, "the unit's name in this node"),
    Key(
        "steward.<field>",
        Kind.TEXT,
        "the unit that judges, dispatches, coordinates and supervises needs of the field",
        words=("unit_code", "field_of_service", "group"),
    ),
    _number("staffing.<role>", "the fewest accounts of the role: of the node, or of each unit that has the role"),
    _names("rights.<command>", "the roles that may give the command, in place of the engine's own", tuple(role.value for role in Role)),
)

INTAKE = (
    _names("intake.channels", "the ways in which an appeal comes in", required=True),
    _names("channels.online", "the channels in which the appellant registers by himself", required=True, words=("channel",)),
    _names("channels.<group>", "the channels that one article names together", words=("channel",)),
    _names("intake.appellant_kinds", "the kinds of subjects that the mechanism serves; silent: all"),
    _flag("intake.judgement_first", "a department judges whether a need is its own duty before it goes on"),
    _flag("intake.own_duty", "the first-contact department handles its own duty without a dispatch"),
    _names("intake.time_required", "channels in which the time of receipt must be given", words=("channel",)),
    _names("intake.note_required", "channels that must be described", words=("channel",)),
    _names("intake.assigner_required", "channels in which the assigning body must be given, and is reported back to", words=("channel",)),
    Key("number.form", Kind.TEXT, "the ticket number: prefix, year, month, day and serial in braces", required=True),
    Key("number.prefix", Kind.TEXT, "what ticket numbers of this node begin with", required=True),
    _names("classes", "the classes (类别) of tickets", required=True),
    _names("complexities.<class>", "the complexities that a class has", words=("complexity",)),
    Key(
        "core_class.<class>",
        Kind.CHOICE,
        "the core class that a class stands for; a core class stands for itself",
        among=CORE_CLASSES,
        words=("category",),
    ),
    Key(
        "class_of_core.<core>",
        Kind.CHOICE,
        "the class proposed for what comes as this core class; silent: the first that stands for it",
        words=("category",),
    ),
    _names("on_the_spot.classes", "the classes that may be answered on the spot", words=("category",)),
    _names("forming.tests", "what must be answered yes before a ticket is formed"),
    _flag("forming.verified_first", "the need is verified with the enterprise before a ticket is formed"),
    _flag("forming.confer_when_crossing", "what crosses regions, levels or industries is conferred on first"),
    _flag("judgement.pauses_form", "the forming limit stands while the members, who have a limit of their own, confer"),
    _flag("supplement.may_end", "a need whose material never came may be ended without a ticket"),
    _names("acceptance.refusal_reasons", "grounds on which a need is not accepted; none: everything is accepted"),
    _names("acceptance.procedure_reasons", "of these, those that must name a statutory procedure and its body", words=("refusal_reason",)),
    _names("acceptance.procedures", "the kinds of statutory procedures"),
    _names("notice.ways", "how the appellant is told, and gives his consent"),
)

LIMITS = (
    _choice("resolve.starts_on", "what starts the handling limit", "formed", "dispatched", "signed"),
    _limit("form", "from registration, or from being reported again, to the ticket", bound=Bound.AT_MOST),
    _limit("report_to_office", "the first contact reports what is not its own duty"),
    _limit("sort", "the office sorts what a department handles itself"),
    _limit("judgement", "the members confer"),
    _limit("supplement_notice", "the first contact tells what is missing"),
    _limit("supplement", "the appellant supplies what is missing, before forming"),
    _limit("supplement_in_handling", "the appellant supplies what is missing while the handling limit stands"),
    _limit("supplement_decision", "the office decides on a lapsed or requested supplement"),
    _limit("persuasion", "the first contact explains why the need is not accepted"),
    _limit("dispatch", "the office dispatches what is formed"),
    _limit("sign", "sign or object", bound=Bound.AT_MOST),
    _limit("objection_ruling", "the office rules on an objection"),
    _limit("government_ruling", "the government names the lead, or decides a failed coordination"),
    _limit("resolve", "handling, for the classes of the pack that gives it, and for what is not classed yet"),
    _limit("resolve.<class>", "handling of the class, where its complexity has no limit of its own", required=False, bound=Bound.AT_MOST),
    _limit("resolve.<class>.<complexity>", "handling of this class and complexity", required=False, bound=Bound.AT_MOST),
    _limit("resolve.any.<complexity>", "handling of this complexity, where its class has no limit", required=False, bound=Bound.AT_MOST),
    _limit("co_handle", "a co-handler confirms or refuses its part"),
    _limit("co_handle_part", "a co-handler files its part; without it, within the handling limit", required=False),
    _limit("co_handle_ruling", "the office rules on a refused part"),
    _limit("opinion", "a unit that was asked gives its opinion"),
    _limit("contradiction", "the office answers a decider who contradicts what was recorded for him"),
    _limit("coordination", "the office coordinates departments that cannot agree"),
    _limit("extension_decision", "the office decides an extension"),
    _limit("termination_decision", "the office decides a termination"),
    _limit("withdrawal_decision", "the office decides a withdrawal"),
    _limit("feedback", "the lead gives the result to the appellant after completion, where the pack asks for it then"),
    _limit("confirm", "who raised it confirms, where the pack asks for it"),
    _limit("evaluate", "the appellant votes, where the pack waits for it"),
    _limit("revisit", "the office calls back after completion", bound=Bound.AT_MOST),
    _limit("report_back", "the office reports the result to the body that assigned the need"),
    _limit("close", "the office closes what is completed and revisited"),
    _limit("sampled_revisit", "the superior calls whom it drew, before it reveals the round"),
    _limit("recheck_decision", "whether there is a recheck"),
    _limit("recheck", "the recheck itself"),
    _limit("finding_answer", "the custodian answers a superior's finding"),
    _limit("escalation_answer", "the superior accepts or returns an escalation"),
    _limit("transfer_answer", "the subordinate signs or objects to what was handed down; without it, the sign limit", required=False),
    _limit("feedback_after_decision", "the origin gives a decision from above to the appellant and completes"),
    _limit("override_wait", "how long an unanswered custody must have waited before the operators of both ends may override it"),
    _limit("archive_wait", "after the end of the sampling period, before a ticket is archived"),
    _limit("reopen", "how long the appellant may have an ended ticket taken up again"),
)

HANDLING = (
    _choice("objection.final_by", "who rules last on an objection", "office", "government", words=("with_whom", "role")),
    _flag("recall.restarts_resolve", "the handling limit begins anew after a recall or a change of lead"),
    _names(
        "dispatch.needs.<complexity>",
        "what a dispatch of this complexity must name",
        ("co_handler", "limit", "tracker"),
        words=("dispatch_need",),
    ),
    _flag("receipt.numbered", "a unit gives each assignment that it receives the next number of its register; nothing is handled before"),
    _flag("receipt.person_required", "from its receipt on a ticket has one named person in the unit"),
    _flag("co_handling.binding", "a co-handler has its part by being named: there is nothing to confirm or refuse"),
    _names("sign_and_answer.classes", "the classes that are signed and answered in one act", words=("category",)),
    _names("countersignature.ways", "how a reply is countersigned", ("online", "paper")),
    _names("red_lines", "red lines: a solution that touches one needs a statement that it was checked"),
    _names("contact.ways", "how the appellant is reached"),
    _names("feedback.ways", "how the result is given to him"),
    _names("extension.grounds", "grounds of an extension"),
    _number("extension.max_count", "how often a round may be extended; 0 is no cap"),
    _names("termination.reasons", "grounds of a termination on application; none: there is no such application"),
    _number("termination.unreachable_attempts", "attempts that must be logged before an appellant counts as unreachable", least=1),
    _number("termination.unreachable_days", "on how many days they must lie", least=1),
    _choice("withdrawal.effect", "whether a withdrawal takes effect when decided or at once", "decided", "at_once"),
    _names("authority.matters", "matters that this level decides itself: they are not escalated"),
    _names("escalation.power_items", "the superior's published power list"),
    _names("escalation.tried", "what is to be tried before an escalation"),
    _flag("escalation.materials_required", "an escalation needs material"),
    _names("escalation.return_reasons", "why an escalation is returned"),
)

AFTER = (
    _names("completion.standards", "the completion standards (办结标准)", required=True),
    _names("completion.sub_codes.<standard>", "what a standard is told apart by"),
    _names(
        "completion.needs",
        "what a completion must have",
        (
            *("standard", "paper", "feedback", "evidence", "truthfulness", "countersignature", "co_handling"),
            *("contact_person", "coordination", "push", "submissions"),
        ),
        words=("step", "application", "loop_stage", "field"),
    ),
    _names(
        "completion.fields.<class>", "fields that a completion of the class, or of the matter of that code, must fill", words=("field",)
    ),
    _names("completion.papers.<standard>", "fields that make up the paper of the standard", words=("paper",)),
    _names("completion.coordination_for", "standards that need a record of the coordination", words=("standard", "sub_code")),
    _names("completion.push_first", "standards that need a push upward that came to its end", words=("standard", "sub_code")),
    _names(
        "completion.submissions_for",
        "complexities of which a plan or a report on progress must come before the completion",
        words=("complexity",),
    ),
    _names("completion.call_is_evidence", "classes for which a call record is evidence enough", words=("category",)),
    _choice("completion.open_part", "whether a ticket is completed with a confirmed part still open", "never", "with_reason"),
    _choice(
        "completion.then",
        "what a completed ticket waits for",
        "revisit",
        "confirm",
        "feedback",
        "close",
        words=("step", "application", "loop_stage", "field"),
    ),
    _number("revisit.attempts", "attempts before a revisit is filed as not reached", least=1),
    _names("rework.on", "what sends a ticket back", ("inconsistent", "below_standard", "dissatisfied", "unsolved")),
    _choice("rework.to", "where a ticket goes that is sent back", "lead", "dispatch"),
    _names("evaluation.scale", "the values of the appellant's vote", required=True, words=("evaluation",)),
    _names("evaluation.satisfied", "those that count as satisfied", words=("evaluation",)),
    _names("evaluation.dissatisfied", "those that count as dissatisfied", words=("evaluation",)),
    _names("recheck.grounds", "grounds on which the lead proposes a recheck"),
    _names("recheck.outcomes", "what a recheck may come to", ("stands", "partly_correct", "redo"), required=True),
    _names("finding.answers", "how a superior's finding may be answered", ("rework", "recheck"), required=True),
    _names(
        "closing.needs",
        "what closing waits for",
        ("revisit", "report_back", "confirmation", "feedback", "evaluation", "follow_up"),
        words=("step", "application", "loop_stage", "field"),
    ),
    _choice("archive.period", "the sampling period that archiving waits for", "none", "month", "quarter", "half_year", "year"),
    _number(
        "revisit.sampling.rate",
        "percent of each subordinate's completed tickets that this level revisits itself",
        RATE_MIN_PERCENT,
        100,
        Bound.AT_LEAST,
    ),
    _number("revisit.sampling.floor", "at least so many of them, while there are any", 1, bound=Bound.AT_LEAST),
    _choice("revisit.sampling.period", "the period of one round", "month", "quarter", "half_year", "year"),
    _number(
        "revisit.sampling.cut_hours", "hours after the end of a period for what is still on its way, before its frame is cut", most=720
    ),
)

WARNINGS = (
    Key("warning.last_day_time", Kind.TEXT, "when to warn of a limit of one day: HH:MM on its last day", required=True),
    _number("warning.quiet_office_hours", "office hours after the start within which such a limit is not warned of", most=24),
    _number("warning.short_limit_max", "limits of up to so many days are short"),
    _number("warning.short_left", "days left when to warn of a short limit"),
    _number("warning.long_left", "days left when to warn of a longer one"),
    _number("warning.hours_used_percent", "share of a limit in hours after which to warn", most=100),
)

KEYS: tuple[Key, ...] = (
    *ORGANISATION,
    *INTAKE,
    *INTAKE_DETAILS,
    *SORTING_AND_DISPATCH,
    *OBJECTING,
    *LOCAL_LADDER,
    *RESULTS,
    *LIMITS,
    *HANDLING,
    *AFTER,
    *AFTER_COMPLETION,
    *WARNINGS,
    *PACE,
    *MECHANISM,
    *MEETINGS,
    *LEADERS,
    *NOTIFY,
    *TASKS,
    *SUPERVISION,
    *APPRAISAL,
    *EXCHANGE,
)

# The most literal family first: "resolve.any.<complexity>" before "resolve.<class>.<complexity>".
_FAMILIES = sorted((row for row in KEYS if "<" in row.pattern), key=lambda row: (row.pattern.count("<"), -len(row.pattern)))
