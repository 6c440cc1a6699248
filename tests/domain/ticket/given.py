"""
What the ticket tests begin with: people, units, a calendar, a small pack, and tickets in a given state.

``play`` does with a command what ``services.handle`` does, without a journal: decide, give each event its header, fold it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from node.domain.command import Command, Facts
from node.domain.entry import Actor, Folded, Happened
from node.domain.organisation import Place, Role, Unit
from node.domain.pack import Pack, Rule, Value
from node.domain.payload import Contact, Text
from node.domain.policy import Policy
from node.domain.refusal import Refusal
from node.domain.ticket.closing import Archive, Close
from node.domain.ticket.completion import Complete
from node.domain.ticket.decide import decide
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.fold import evolve
from node.domain.ticket.forming import Form
from node.domain.ticket.intake import Register
from node.domain.ticket.revisit import RecordRevisit
from node.domain.ticket.state import State
from node.domain.ticket.ticket import Ticket
from node.domain.time import BEIJING, Limit, WorkCalendar
from node.domain.time import Unit as TimeUnit
from tests.support.heading import headed

PROVINCE, CITY, COUNTY = "520000", "520400", "520402"
OFFICE_UNIT, HOUSING, WATER = f"{COUNTY}-office", f"{COUNTY}-housing", f"{COUNTY}-water"
FINANCE, TAX, CHAMBER = f"{COUNTY}-finance", f"{COUNTY}-tax", f"{COUNTY}-chamber"
NDRC, PROMOTION = f"{COUNTY}-ndrc", f"{COUNTY}-promotion"
GOVERNMENT_UNIT, UNSTAFFED, DISSOLVED = (f"{COUNTY}-{name}" for name in ("government", "unstaffed", "dissolved"))

UNITS: Mapping[str, Unit] = {
    **{code: Unit(code, "department", staff=2) for code in (HOUSING, WATER, FINANCE, TAX, CHAMBER)},
    OFFICE_UNIT: Unit(OFFICE_UNIT, "office", staff=3),
    NDRC: Unit(NDRC, "department", staff=2),
    PROMOTION: Unit(PROMOTION, "department", staff=2),
    GOVERNMENT_UNIT: Unit(GOVERNMENT_UNIT, "government", staff=1),
    UNSTAFFED: Unit(UNSTAFFED, "department", staff=0),
    DISSOLVED: Unit(DISSOLVED, "department", staff=2, is_active=False),
}


def person(account: str, role: Role, unit: str) -> Actor:
    """Somebody with an account."""
    return Actor(account, role.value, unit)


CLERK = person("clerk", Role.WINDOW_CLERK, OFFICE_UNIT)
OFFICE = person("office", Role.OFFICE, OFFICE_UNIT)
OFFICE_2 = person("office-2", Role.OFFICE, OFFICE_UNIT)
HOUSING_DESK = person("housing", Role.DEPARTMENT, HOUSING)
HOUSING_LEADER = person("housing-leader", Role.DEPARTMENT_LEADER, HOUSING)
WATER_DESK = person("water", Role.DEPARTMENT, WATER)
FINANCE_DESK = person("finance", Role.DEPARTMENT, FINANCE)
HOUSING_MEMBER = person("housing-member", Role.MEMBER, HOUSING)
WATER_MEMBER = person("water-member", Role.MEMBER, WATER)
NDRC_STEWARD = person("ndrc", Role.STEWARD, NDRC)
PROMOTION_STEWARD = person("promotion", Role.STEWARD, PROMOTION)
GOVERNMENT = person("government", Role.GOVERNMENT, GOVERNMENT_UNIT)
OWNER = person("owner", Role.ENTERPRISE, "")
SUPERVISION = person("supervision", Role.SUPERVISION, OFFICE_UNIT)
NODE = person("node", Role.NODE, "")

WORKDAY = TimeUnit.WORKDAY


def workdays(number: int) -> Limit:
    """A limit in working days."""
    return Limit(number, WORKDAY)


# The State Council's arrangement for 2026, as the head of clauses.toml gives it.
_OFF = (
    {date(2026, 1, 1) + timedelta(days=n) for n in range(3)}
    | {date(2026, 2, 15) + timedelta(days=n) for n in range(9)}
    | {date(2026, 4, 4) + timedelta(days=n) for n in range(3)}
    | {date(2026, 5, 1) + timedelta(days=n) for n in range(5)}
)
_MAKE_UP = {date(2026, 1, 4), date(2026, 2, 14), date(2026, 2, 28), date(2026, 5, 9)}
_YEAR = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
CALENDAR = WorkCalendar("2026.1", {day: day in _MAKE_UP or (day.weekday() < 5 and day not in _OFF) for day in _YEAR}, lambda day: None)

# What the areas need of a pack; the values are those of anshun-2025 and the product defaults (POLICY_PACKS 2).
RULES: dict[str, Value] = {
    "intake.channels": (
        "window",
        "platform",
        "portal",
        "hotline_12345",
        "direct_train",
        "hotline_other",
        "visit",
        "paired_assistance_visit",
        "assigned",
        "other",
    ),
    "classes": ("consultation", "coordination", "complaint"),
    "complexities.consultation": ("plain",),
    "complexities.coordination": ("plain", "complex"),
    "complexities.complaint": ("plain", "complex"),
    "forming.tests": ("responsibility", "jurisdiction", "materials", "lawfulness"),
    "forming.confer_when_crossing": True,
    "number.form": "{prefix}{year}-{serial:05}",
    "number.prefix": "AS",
    "resolve.starts_on": "formed",
    "limit.form": workdays(1),
    "limit.dispatch": workdays(1),
    "limit.report_to_office": workdays(1),
    "limit.sort": workdays(1),
    "limit.judgement": workdays(2),
    "judgement.pauses_form": True,
    "limit.supplement_notice": workdays(1),
    "limit.supplement": workdays(10),
    "limit.supplement_in_handling": workdays(5),
    "limit.supplement_decision": workdays(1),
    "supplement.may_end": True,
    "limit.persuasion": workdays(2),
    "limit.objection_ruling": workdays(2),
    "objection.final_by": "government",
    "objection.goes_to": "office",
    "sign.on_silence": "supervise",
    "intake.own_duty": True,
    "intake.time_required": ("hotline_12345", "direct_train", "hotline_other"),
    "intake.note_required": ("other",),
    "intake.assigner_required": ("assigned",),
    "on_the_spot.classes": ("consultation",),
    "acceptance.refusal_reasons": ("unlawful", "statutory_procedure", "market_dispute"),
    "acceptance.procedure_reasons": ("statutory_procedure",),
    "acceptance.procedures": ("arbitration", "discipline", "administrative_review", "information_disclosure", "other"),
    "notice.ways": ("phone", "message", "platform", "in_person"),
    "steward.private_economy_environment": "520402-ndrc",
    "steward.business_environment": "520402-promotion",
    "steward.investment_promotion": "520402-promotion",
    "limit.sign": workdays(2),
    "limit.co_handle": workdays(2),
    "limit.resolve.consultation": workdays(1),
    "limit.resolve.coordination.plain": workdays(10),
    "limit.resolve.coordination.complex": workdays(15),
    "limit.resolve.complaint.plain": workdays(5),
    "limit.resolve.complaint.complex": workdays(15),
    # From handling to archive.
    "contact.ways": ("phone", "visit", "message"),
    "channels.online": ("platform", "portal"),
    "limit.coordination": workdays(5),
    "limit.report_back": workdays(5),
    "limit.government_ruling": workdays(5),
    "limit.co_handle_ruling": workdays(2),
    "extension.grounds": ("complex", "hard_to_verify"),
    "extension.max_count": 0,
    "limit.extension_decision": workdays(1),
    "termination.reasons": ("unreachable", "withdrawn", "unclear_online", "anonymous", "false_information"),
    "termination.unreachable_attempts": 3,
    "termination.unreachable_days": 2,
    "limit.termination_decision": workdays(2),
    "withdrawal.effect": "decided",
    "limit.withdrawal_decision": workdays(2),
    "completion.standards": ("solved", "explained", "statutory_path"),
    "completion.sub_codes.explained": ("partly", "objectively_hard"),
    "completion.papers.explained": ("explanation",),
    "completion.papers.statutory_path": ("path_means", "path_body", "path_limit"),
    "sign_and_answer.classes": ("consultation",),
    "limit.opinion": workdays(2),
    "limit.contradiction": workdays(1),
    "completion.needs": ("standard", "paper", "feedback", "evidence", "truthfulness", "co_handling"),
    "completion.call_is_evidence": ("consultation",),
    "completion.open_part": "never",
    "completion.then": "revisit",
    "feedback.ways": ("phone", "visit", "message", "paper"),
    "limit.revisit": workdays(5),
    "limit.close": workdays(2),
    "revisit.attempts": 3,
    "rework.on": ("inconsistent", "below_standard"),
    "rework.to": "lead",
    "rework.by": "revisit",
    "revisit.fields": ("consistent", "standard_met", "evaluation"),
    "evaluation.solved": True,
    "evaluation.may_change": True,
    "evaluation.ways": ("online", "message", "phone", "questionnaire", "visit"),
    "limit.evaluate": workdays(5),
    "limit.confirm": workdays(5),
    "limit.feedback": workdays(2),
    "limit.verify": workdays(5),
    "limit.follow_up": workdays(5),
    "dissatisfaction.causes": ("unsolved", "slow", "other"),
    "follow_up.results": ("resolved", "improved", "unresolved"),
    "withdrawal.ends_as": "terminated",
    "archive.retention_years": 30,
    "assessment.scores_max": 100,
    "evaluation.scale": ("satisfied", "dissatisfied"),
    "evaluation.satisfied": ("satisfied",),
    "evaluation.dissatisfied": ("dissatisfied",),
    "recheck.grounds": ("finding_disputed", "hard_to_solve"),
    "recheck.outcomes": ("stands", "partly_correct", "redo"),
    "limit.recheck_decision": workdays(2),
    "limit.recheck": workdays(10),
    "closing.needs": ("revisit", "report_back"),
    "archive.period": "month",
    "limit.archive_wait": workdays(10),
    "limit.reopen": workdays(20),
}


def a_policy(changes: Mapping[str, Value | None] | None = None, *, node: str = COUNTY, line: tuple[str, ...] = (CITY, PROVINCE)) -> Policy:
    """The small pack with *changes* laid over it (None takes a key out), at a node of the tree county, city, province."""
    rules = {key: value for key, value in {**RULES, **(changes or {})}.items() if value is not None}
    superiors = {PROVINCE: "", CITY: PROVINCE, COUNTY: CITY, "520424": CITY}
    effective = {key: Rule(value, "default", "test") for key, value in rules.items()}
    pack = Pack("test", "1", "county", date(2025, 10, 1), (), "0123456789abcdef", effective)
    return Policy(pack, CALENDAR, Place(node, line, superiors))


def beijing(text: str) -> datetime:
    """A moment in Beijing, e.g. "2026-03-02 09:00", in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING).astimezone(UTC)


def day_end(text: str) -> datetime:
    """24:00 in Beijing of a day, e.g. "2026-03-04": when a limit in working days ends."""
    return beijing(f"{text} 00:00") + timedelta(days=1)


MONDAY = beijing("2026-03-02 09:00")
TUESDAY = beijing("2026-03-03 09:00")
WEDNESDAY = beijing("2026-03-04 09:00")
THURSDAY = beijing("2026-03-05 09:00")
FRIDAY = beijing("2026-03-06 09:00")

# Digests of the attachments that the node has.
PHOTO, CALL_RECORD = "a1" * 32, "b2" * 32
EVIDENCE = frozenset({PHOTO, CALL_RECORD})

Step = tuple[Actor, Command, datetime]
_ids = count(1)


def facts_for(actor: Actor, others: Iterable[Ticket] = (), **more: Any) -> Facts:
    """What a decision may know: this actor, all units, *others* by id, and *more* fields of ``Facts``."""
    given = {"running_number": 1} | more.pop("given", {})
    named = {other.id: other for other in others}
    return Facts(actor, units=UNITS, others=named, given=given, **{"serial": 1, "evidence": EVIDENCE, **more})


def decided(
    ticket: Ticket | None,
    actor: Actor,
    command: Command,
    when: datetime,
    policy: Policy | None = None,
    others: Iterable[Ticket] = (),
    **more: Any,
) -> list[Happened]:
    """What follows from one command, unfolded."""
    return decide(ticket, command, facts_for(actor, others, **more), policy or POLICY, when)


def refused(
    ticket: Ticket | None,
    actor: Actor,
    command: Command,
    when: datetime,
    policy: Policy | None = None,
    others: Iterable[Ticket] = (),
    **more: Any,
) -> Refusal:
    """The refusal that one command gets; fails if it was carried out."""
    try:
        happened = decided(ticket, actor, command, when, policy, others, **more)
    except Refusal as refusal:
        return refusal
    raise AssertionError(f"{type(command).__name__} was not refused: {[h.event.kind() for h in happened]}")


def recorded(ticket: Ticket | None, happened: Happened, actor: Actor, when: datetime, policy: Policy | None = None) -> Folded:
    """*happened* with the header that a journal would give it."""
    entry = headed(ticket, happened, (policy or POLICY).node, actor, when, next(_ids))
    after = evolve(ticket, entry)
    return Folded(replace(entry.header, state=after.state.value, with_whom=after.with_whom.value), entry.event)


def play_all(
    tickets: Mapping[str, Ticket],
    subject: str,
    steps: Sequence[Step],
    policy: Policy | None = None,
    *,
    journal: list[Folded] | None = None,
    **more: Any,
) -> dict[str, Ticket]:
    """*tickets* after *steps* about *subject*; each command may see and change the others.  *journal* takes the entries."""
    now = dict(tickets)
    for actor, command, when in steps:
        others = [ticket for id, ticket in now.items() if id != subject]
        for happened in decided(now.get(subject), actor, command, when, policy, others, **more):
            id = happened.subject.id
            entry = recorded(now.get(id), happened, actor, when, policy)
            now[id] = evolve(now.get(id), entry)
            if journal is not None:
                journal.append(entry)
    return now


def play(
    ticket: Ticket | None,
    steps: Sequence[Step],
    policy: Policy | None = None,
    *,
    others: Iterable[Ticket] = (),
    journal: list[Folded] | None = None,
    **more: Any,
) -> Ticket:
    """*ticket* after *steps*; None where the first step registers it."""
    tickets = {one.id: one for one in (*others, *((ticket,) if ticket else ()))}
    if ticket is None:
        first = play_all({}, "", steps[:1], policy, journal=journal, **more)
        (ticket,) = first.values()
        tickets, steps = tickets | first, steps[1:]
    return play_all(tickets, ticket.id, steps, policy, journal=journal, **more)[ticket.id]


CREDIT_CODE = "91350211M000100Y43"
FORM_TESTS = ("responsibility", "jurisdiction", "materials", "lawfulness")


def a_registration(**fields: Any) -> Register:
    """A coordination need at the window, first reached by the housing department; *fields* replace its own."""
    return Register(
        **{
            "channel": "window",
            "appeal": Text("The factory floor has no certificate."),
            "name": Contact("Company"),
            "phone": Contact("13800000000"),
            "first_contact": HOUSING,
            **fields,
        }
    )


def a_form(**fields: Any) -> Form:
    """Forming with all four tests passed, as a plain coordination need."""
    return Form(**{"category": "coordination", "complexity": "plain", "passed": FORM_TESTS, **fields})


def a_completion(**fields: Any) -> Complete:
    """The first standard with feedback, evidence and the statement of truth; *fields* replace its own."""
    return Complete(
        **{
            "standard": "solved",
            "result": Text("The certificate was issued."),
            "is_truthful": True,
            "feedback_way": "phone",
            "feedback": Text("Told the owner on the phone."),
            "evidence": (PHOTO,),
            **fields,
        }
    )


# What brings a ticket to a state, from the state before: the state that it ends in, and the step.
ROAD: tuple[tuple[State, Step], ...] = (
    (State.FORMED, (OFFICE, a_form(), beijing("2026-03-02 10:00"))),
    (State.DISPATCHED, (OFFICE, Dispatch(lead=HOUSING), beijing("2026-03-02 11:00"))),
    (State.HANDLING, (HOUSING_DESK, Sign(), beijing("2026-03-02 14:00"))),
    (State.COMPLETED, (HOUSING_DESK, a_completion(), beijing("2026-03-04 09:00"))),
    (State.CLOSED, (OFFICE, RecordRevisit(is_consistent=True, is_standard_met=True, evaluation="satisfied"), beijing("2026-03-05 09:00"))),
    (State.CLOSED, (OFFICE, Close(), beijing("2026-03-05 10:00"))),
    (State.ARCHIVED, (OFFICE, Archive(), beijing("2026-04-20 09:00"))),
)


def a_ticket(
    until: State = State.REGISTERED,
    policy: Policy | None = None,
    *,
    serial: int = 1,
    journal: list[Folded] | None = None,
    by: Actor = CLERK,
    at: datetime = MONDAY,
    **fields: Any,
) -> Ticket:
    """A ticket on the plain road up to *until*: registered Monday 9:00, formed 10:00, dispatched 11:00, signed 14:00."""
    steps: list[Step] = [(by, a_registration(**fields), at)]
    if until is not State.REGISTERED:
        states = [state for state, _ in ROAD]
        if until not in states:
            raise ValueError(f"no road to {until}")
        last = len(states) - states[::-1].index(until)
        steps += [step for _, step in ROAD[:last]]
    return play(None, steps, policy, journal=journal, serial=serial)


POLICY = a_policy()
