"""
The answer no.

A refusal carries a code and facts (codes, numbers), never a sentence: sentence and remedy stand by code in
``node/texts``.  A released name is never reused.
"""

from enum import Enum, auto, unique
from typing import Any


@unique
class Code(Enum):
    """Each refusal's ``status`` in gRPC and whether trying again may help (``is_retryable``)."""

    # The command itself.
    MALFORMED_COMMAND = auto(), "INVALID_ARGUMENT", False
    COMMAND_UNKNOWN = auto(), "INVALID_ARGUMENT", False
    FIELD_REQUIRED = auto(), "INVALID_ARGUMENT", False
    VALUE_NOT_OFFERED = auto(), "INVALID_ARGUMENT", False
    TOO_MANY_WORDS = auto(), "INVALID_ARGUMENT", False
    UNAUTHENTICATED = auto(), "UNAUTHENTICATED", False
    PERMISSION_DENIED = auto(), "PERMISSION_DENIED", False
    # Signing in, and what a browser sends.
    SIGN_IN_REFUSED = auto(), "UNAUTHENTICATED", False
    SIGN_IN_LOCKED = auto(), "RESOURCE_EXHAUSTED", False
    CODE_REFUSED = auto(), "PERMISSION_DENIED", False
    PASSWORD_WEAK = auto(), "INVALID_ARGUMENT", False
    SECOND_FACTOR_REQUIRED = auto(), "PERMISSION_DENIED", False
    OIDC_AWAY = auto(), "UNAVAILABLE", True
    OIDC_REFUSED = auto(), "UNAUTHENTICATED", False
    OIDC_UNBOUND = auto(), "PERMISSION_DENIED", False
    OIDC_TAKEN = auto(), "ALREADY_EXISTS", False
    FORM_FOREIGN = auto(), "PERMISSION_DENIED", False
    FORM_LATE = auto(), "FAILED_PRECONDITION", False
    FORM_OTHERS = auto(), "FAILED_PRECONDITION", False
    BODY_TOO_LARGE = auto(), "INVALID_ARGUMENT", False
    OWN_CASE = auto(), "PERMISSION_DENIED", False
    ACCOUNT_CLOSED = auto(), "FAILED_PRECONDITION", False
    DEPUTY_UNFIT = auto(), "FAILED_PRECONDITION", False
    NOT_THE_DEPUTY = auto(), "PERMISSION_DENIED", False
    SUBJECT_UNKNOWN = auto(), "NOT_FOUND", False
    UNIT_UNKNOWN = auto(), "NOT_FOUND", False
    ACCOUNT_UNKNOWN = auto(), "NOT_FOUND", False
    NODE_UNKNOWN = auto(), "NOT_FOUND", False
    UNIT_UNSTAFFED = auto(), "FAILED_PRECONDITION", False
    ALREADY_EXISTS = auto(), "ALREADY_EXISTS", False
    VERSION_CONFLICT = auto(), "ABORTED", False
    SAME_ID_OTHER_CONTENT = auto(), "ALREADY_EXISTS", False
    ID_USED_UP = auto(), "ALREADY_EXISTS", False
    WRONG_STATE = auto(), "FAILED_PRECONDITION", False
    CLOCK_BEHIND = auto(), "FAILED_PRECONDITION", False
    PACK_MISSING = auto(), "FAILED_PRECONDITION", False
    PAGE_UNKNOWN = auto(), "NOT_FOUND", False

    # Intake and forming.
    CREDIT_CODE_INVALID = auto(), "INVALID_ARGUMENT", False
    SUBJECT_TYPE_OUT_OF_SCOPE = auto(), "FAILED_PRECONDITION", False
    FORMING_TEST_FAILED = auto(), "FAILED_PRECONDITION", False
    REFUSAL_NOT_ALLOWED = auto(), "FAILED_PRECONDITION", False
    MAIN_ITEM_MISSING = auto(), "FAILED_PRECONDITION", False
    NOT_VERIFIED = auto(), "FAILED_PRECONDITION", False
    CONSULTATION_MISSING = auto(), "FAILED_PRECONDITION", False
    JUDGEMENT_MISSING = auto(), "FAILED_PRECONDITION", False
    NOT_REPORTED = auto(), "FAILED_PRECONDITION", False
    NOT_ON_THE_SPOT = auto(), "FAILED_PRECONDITION", False
    NOT_AT_SIGNING = auto(), "FAILED_PRECONDITION", False
    FOREIGN_DUTY = auto(), "FAILED_PRECONDITION", False
    JUDGEMENT_OPEN = auto(), "FAILED_PRECONDITION", False
    JUDGED_OTHERWISE = auto(), "FAILED_PRECONDITION", False
    ONE_LEAD_NEEDED = auto(), "INVALID_ARGUMENT", False
    SUPPLEMENT_INCOMPLETE = auto(), "FAILED_PRECONDITION", False
    SUPPLEMENT_NOT_DUE = auto(), "FAILED_PRECONDITION", False
    ITEM_ASKED_BEFORE = auto(), "FAILED_PRECONDITION", False
    CONSENT_REQUIRED = auto(), "FAILED_PRECONDITION", False
    OTHER_APPELLANT = auto(), "FAILED_PRECONDITION", False
    APPELLANT_UNCONFIRMED = auto(), "FAILED_PRECONDITION", False
    SUBJECT_OUT_OF_SCOPE = auto(), "FAILED_PRECONDITION", False
    GROUP_UNKNOWN = auto(), "NOT_FOUND", False
    OUTSIDE_OCCASION = auto(), "FAILED_PRECONDITION", False
    APPOINTMENT_OVER = auto(), "PERMISSION_DENIED", False
    NOT_LEGACY = auto(), "FAILED_PRECONDITION", False
    LIST_UNCONFIRMED = auto(), "FAILED_PRECONDITION", False
    NOT_REHEARSAL = auto(), "FAILED_PRECONDITION", False
    NOT_COMMON = auto(), "FAILED_PRECONDITION", False
    INTAKE_INCOMPLETE = auto(), "FAILED_PRECONDITION", False
    FILLED_BEFORE = auto(), "FAILED_PRECONDITION", False
    SEEN_ALREADY = auto(), "FAILED_PRECONDITION", False
    OFFICE_COMPLAINED_OF = auto(), "FAILED_PRECONDITION", False
    NONE_ABOVE_FOR_COMPLAINT = auto(), "FAILED_PRECONDITION", False
    ALREADY_CLAIMED = auto(), "FAILED_PRECONDITION", False
    OFFER_RUNNING = auto(), "FAILED_PRECONDITION", False
    INTRODUCTION_MISSING = auto(), "FAILED_PRECONDITION", False
    NOT_ELIGIBLE = auto(), "FAILED_PRECONDITION", False
    NOT_LINKABLE = auto(), "FAILED_PRECONDITION", False
    NOT_LISTED = auto(), "NOT_FOUND", False

    SERIALS_EXHAUSTED = auto(), "RESOURCE_EXHAUSTED", False
    QUERY_REFUSED = auto(), "PERMISSION_DENIED", False

    # Dispatch and objection.
    CONSULTED_LEAD = auto(), "FAILED_PRECONDITION", False
    OBJECTION_PERIOD_OVER = auto(), "FAILED_PRECONDITION", False
    DECISION_FINAL = auto(), "FAILED_PRECONDITION", False
    MUST_SIGN = auto(), "FAILED_PRECONDITION", False
    SIGNED_BEFORE = auto(), "FAILED_PRECONDITION", False
    COORDINATION_MISSING = auto(), "FAILED_PRECONDITION", False
    EMAIL_MALFORMED = auto(), "INVALID_ARGUMENT", False
    DUTY_ITEM_UNKNOWN = auto(), "NOT_FOUND", False
    DUTY_ITEM_OTHER = auto(), "FAILED_PRECONDITION", False
    DUTY_LISTED = auto(), "FAILED_PRECONDITION", False
    DEPARTS_FROM_DUTIES = auto(), "FAILED_PRECONDITION", False
    AGAINST_PRECEDENT = auto(), "FAILED_PRECONDITION", False
    SETTLED_BEFORE = auto(), "FAILED_PRECONDITION", False
    DIRECT_HANDLING = auto(), "FAILED_PRECONDITION", False
    COMPLAINED_OF = auto(), "FAILED_PRECONDITION", False
    NO_LADDER = auto(), "FAILED_PRECONDITION", False
    LAYER_ORDER = auto(), "FAILED_PRECONDITION", False
    LAYER_SKIPPED = auto(), "FAILED_PRECONDITION", False
    PROPOSAL_MISSING = auto(), "FAILED_PRECONDITION", False

    # Handling, completion and what follows.
    EVIDENCE_UNKNOWN = auto(), "NOT_FOUND", False
    EVIDENCE_MISSING = auto(), "FAILED_PRECONDITION", False
    NOTHING_PENDING = auto(), "FAILED_PRECONDITION", False
    DECISION_PENDING = auto(), "FAILED_PRECONDITION", False
    POSITIONS_MISSING = auto(), "FAILED_PRECONDITION", False
    DEADLINE_PASSED = auto(), "FAILED_PRECONDITION", False
    PAPER_WITHOUT_GROUND = auto(), "FAILED_PRECONDITION", False
    NO_MILESTONES = auto(), "FAILED_PRECONDITION", False
    DATE_TOO_EARLY = auto(), "INVALID_ARGUMENT", False
    EXTENSIONS_USED = auto(), "FAILED_PRECONDITION", False
    PLAN_FILED = auto(), "FAILED_PRECONDITION", False
    SOLVABILITY_UNANSWERED = auto(), "FAILED_PRECONDITION", False
    ATTEMPTS_MISSING = auto(), "FAILED_PRECONDITION", False
    GROUND_NOT_MET = auto(), "FAILED_PRECONDITION", False
    FEEDBACK_MISSING = auto(), "FAILED_PRECONDITION", False
    TRUTHFULNESS_UNCONFIRMED = auto(), "FAILED_PRECONDITION", False
    COUNTERSIGNATURE_MISSING = auto(), "FAILED_PRECONDITION", False
    RECEIPT_MISSING = auto(), "FAILED_PRECONDITION", False
    PERSON_UNFIT = auto(), "FAILED_PRECONDITION", False
    JOINT_HANDLING_INCOMPLETE = auto(), "INVALID_ARGUMENT", False
    PART_BINDING = auto(), "FAILED_PRECONDITION", False
    ITEM_OPEN = auto(), "FAILED_PRECONDITION", False
    VISIT_MISSING = auto(), "FAILED_PRECONDITION", False
    RED_LINE_UNCHECKED = auto(), "FAILED_PRECONDITION", False
    SUBMISSION_MISSING = auto(), "FAILED_PRECONDITION", False
    DRAFT_CHANGED = auto(), "ABORTED", False
    PART_OPEN = auto(), "FAILED_PRECONDITION", False
    REVISIT_MISSING = auto(), "FAILED_PRECONDITION", False
    RECHECK_USED = auto(), "FAILED_PRECONDITION", False
    OPINION_MISSING = auto(), "FAILED_PRECONDITION", False
    RECTIFICATION_OPEN = auto(), "FAILED_PRECONDITION", False
    REPORT_BACK_MISSING = auto(), "FAILED_PRECONDITION", False
    CONFIRMATION_MISSING = auto(), "FAILED_PRECONDITION", False
    EVALUATION_MISSING = auto(), "FAILED_PRECONDITION", False
    FOLLOW_UP_MISSING = auto(), "FAILED_PRECONDITION", False
    STAGE_MISSING = auto(), "FAILED_PRECONDITION", False
    REVISIT_ADVERSE = auto(), "FAILED_PRECONDITION", False
    DECIDER_LEFT = auto(), "FAILED_PRECONDITION", False
    DO_NOT_CALL = auto(), "FAILED_PRECONDITION", False
    NOT_IN_BATCH = auto(), "PERMISSION_DENIED", False
    SCORES_INCOMPLETE = auto(), "INVALID_ARGUMENT", False
    IN_OPEN_ROUND = auto(), "FAILED_PRECONDITION", False
    ARCHIVE_TOO_EARLY = auto(), "FAILED_PRECONDITION", False
    REOPENED_BEFORE = auto(), "FAILED_PRECONDITION", False

    # Supervision.
    ONLY_PROPOSED = auto(), "FAILED_PRECONDITION", False
    STEP_SKIPPED = auto(), "FAILED_PRECONDITION", False
    FINDING_MISSING = auto(), "FAILED_PRECONDITION", False
    ORDER_NOT_IN_FORCE = auto(), "FAILED_PRECONDITION", False
    ORDER_NOT_PROPOSED = auto(), "FAILED_PRECONDITION", False
    LETTER_STATE = auto(), "FAILED_PRECONDITION", False
    LETTER_KIND = auto(), "FAILED_PRECONDITION", False
    NOT_ADDRESSED = auto(), "FAILED_PRECONDITION", False

    # Rounds of sampled revisits.
    SAMPLE_TOO_SMALL = auto(), "INVALID_ARGUMENT", False
    PERIOD_BEGUN = auto(), "FAILED_PRECONDITION", False
    PERIOD_ORDER = auto(), "FAILED_PRECONDITION", False
    CUT_TOO_EARLY = auto(), "FAILED_PRECONDITION", False
    WRONG_STAGE = auto(), "FAILED_PRECONDITION", False
    NOT_DRAWN = auto(), "PERMISSION_DENIED", False
    CALLS_OPEN = auto(), "FAILED_PRECONDITION", False
    FRAME_CHANGED = auto(), "FAILED_PRECONDITION", False
    COMMITMENT_BROKEN = auto(), "FAILED_PRECONDITION", False

    # Meetings and leaders.
    NOT_THE_CONVENER = auto(), "PERMISSION_DENIED", False
    FIXED_PARTICIPANT = auto(), "FAILED_PRECONDITION", False
    MEETING_STATE = auto(), "FAILED_PRECONDITION", False
    TASK_DONE = auto(), "FAILED_PRECONDITION", False
    MEETING_NOT_MISSED = auto(), "FAILED_PRECONDITION", False
    TOO_MANY_MATTERS = auto(), "FAILED_PRECONDITION", False
    NOT_RIPE = auto(), "FAILED_PRECONDITION", False
    ON_OTHER_AGENDA = auto(), "FAILED_PRECONDITION", False
    IN_SESSION = auto(), "FAILED_PRECONDITION", False
    ITEM_UNKNOWN = auto(), "NOT_FOUND", False
    ITEM_UNDECIDED = auto(), "FAILED_PRECONDITION", False
    MINUTES_MISSING = auto(), "FAILED_PRECONDITION", False
    ALREADY_LED = auto(), "FAILED_PRECONDITION", False
    NOT_LED = auto(), "FAILED_PRECONDITION", False
    LEADER_OUT_OF_OFFICE = auto(), "FAILED_PRECONDITION", False

    # Appraisals of units and contests.
    OWN_SCORE = auto(), "PERMISSION_DENIED", False
    APPRAISAL_CLOSED = auto(), "FAILED_PRECONDITION", False
    POINTS_OUT_OF_RANGE = auto(), "INVALID_ARGUMENT", False
    SCORE_MISSING = auto(), "NOT_FOUND", False
    SCORE_STANDS = auto(), "FAILED_PRECONDITION", False
    SCORES_MISSING = auto(), "FAILED_PRECONDITION", False
    CONTEST_STATE = auto(), "FAILED_PRECONDITION", False
    NOT_A_VOTER = auto(), "PERMISSION_DENIED", False
    VOTE_FOR_ITSELF = auto(), "PERMISSION_DENIED", False
    VOTED_BEFORE = auto(), "ALREADY_EXISTS", False
    VOTES_USED = auto(), "FAILED_PRECONDITION", False
    VOTING_RUNS = auto(), "FAILED_PRECONDITION", False

    # The node itself.
    ROLES_EXCLUDE = auto(), "FAILED_PRECONDITION", False
    LAST_SPECIALIST = auto(), "FAILED_PRECONDITION", False
    NODE_CODE_INVALID = auto(), "INVALID_ARGUMENT", False

    SCHEMA_NEW = auto(), "FAILED_PRECONDITION", False
    LANE_RUNS = auto(), "FAILED_PRECONDITION", False
    LANE_SET_ASIDE = auto(), "FAILED_PRECONDITION", False
    LANE_STILL_STOPS = auto(), "FAILED_PRECONDITION", False
    LANE_NEEDS_ENTRY = auto(), "FAILED_PRECONDITION", False
    SCHEMA_OLD = auto(), "FAILED_PRECONDITION", False
    SETTING_REFUSED = auto(), "INVALID_ARGUMENT", False
    ADDRESS_TAKEN = auto(), "FAILED_PRECONDITION", False
    EXTRA_MISSING = auto(), "FAILED_PRECONDITION", False
    SECRET_FILE_MISSING = auto(), "FAILED_PRECONDITION", False
    SECRET_FILE_EXPOSED = auto(), "FAILED_PRECONDITION", False
    SECRET_FILE_BROKEN = auto(), "FAILED_PRECONDITION", False

    # Custody and levels.
    NOT_HOLDER = auto(), "FAILED_PRECONDITION", False
    HANDLING_FROZEN = auto(), "FAILED_PRECONDITION", False
    TICKET_INCOMPLETE = auto(), "FAILED_PRECONDITION", False
    CLASS_UNCONFIRMED = auto(), "FAILED_PRECONDITION", False
    WITHIN_AUTHORITY = auto(), "FAILED_PRECONDITION", False
    NO_SUPERIOR = auto(), "FAILED_PRECONDITION", False
    ADMISSION_UNMET = auto(), "FAILED_PRECONDITION", False
    NOT_ASKED = auto(), "FAILED_PRECONDITION", False
    NOT_SUBORDINATE = auto(), "FAILED_PRECONDITION", False
    RECEIVER_KEY_UNKNOWN = auto(), "FAILED_PRECONDITION", False
    NOT_ABOVE = auto(), "FAILED_PRECONDITION", False
    OVERRIDE_UNCONFIRMED = auto(), "FAILED_PRECONDITION", False
    OVERRIDE_TOO_EARLY = auto(), "FAILED_PRECONDITION", False
    NOTHING_FOUND = auto(), "INVALID_ARGUMENT", False
    RULED_BEFORE = auto(), "FAILED_PRECONDITION", False
    CLOCK_UNKNOWN = auto(), "NOT_FOUND", False
    RUNG_NOT_DUE = auto(), "FAILED_PRECONDITION", False
    CALENDAR_CHANGED = auto(), "ABORTED", False
    KEY_NOT_REPLAYED = auto(), "INVALID_ARGUMENT", False
    EARLIER_START_UNRECORDED = auto(), "FAILED_PRECONDITION", False

    # Storage.
    STORAGE_FULL = auto(), "RESOURCE_EXHAUSTED", True
    BUSY = auto(), "RESOURCE_EXHAUSTED", True
    DATABASE_OLD = auto(), "FAILED_PRECONDITION", False
    DATABASE_DAMAGED = auto(), "DATA_LOSS", False
    BLOB_MISSING = auto(), "NOT_FOUND", True
    BLOB_FOREIGN = auto(), "PERMISSION_DENIED", False
    BLOB_TOO_LARGE = auto(), "INVALID_ARGUMENT", False
    FILE_TYPE = auto(), "INVALID_ARGUMENT", False
    FILE_ACTIVE = auto(), "INVALID_ARGUMENT", False
    UPLOAD_UNKNOWN = auto(), "NOT_FOUND", False
    UPLOAD_OFFSET = auto(), "ABORTED", True
    UPLOADS_MANY = auto(), "RESOURCE_EXHAUSTED", False
    BLOB_DAMAGED = auto(), "DATA_LOSS", False
    ENTRY_DAMAGED = auto(), "DATA_LOSS", False
    TICKET_UNREADABLE = auto(), "DATA_LOSS", False
    PAYLOAD_TOO_LARGE = auto(), "INVALID_ARGUMENT", False
    PAYLOAD_MISSING = auto(), "NOT_FOUND", True
    PAYLOAD_SEALED = auto(), "PERMISSION_DENIED", False
    PURPOSE_REQUIRED = auto(), "PERMISSION_DENIED", False

    # Links.
    PEER_AWAY = auto(), "UNAVAILABLE", True
    PEER_IDENTITY = auto(), "UNAVAILABLE", False
    NODE_NOT_REGISTERED = auto(), "PERMISSION_DENIED", False
    NODE_SUSPENDED = auto(), "PERMISSION_DENIED", False
    NODE_REVOKED = auto(), "PERMISSION_DENIED", False
    FOREIGN_STREAM = auto(), "PERMISSION_DENIED", False
    NEED_HELLO = auto(), "FAILED_PRECONDITION", False
    FORK = auto(), "FAILED_PRECONDITION", False
    STALE_EPOCH = auto(), "FAILED_PRECONDITION", False
    DOWN_EPOCH = auto(), "FAILED_PRECONDITION", False
    PROTOCOL_UNSUPPORTED = auto(), "FAILED_PRECONDITION", False
    REHEARSAL_MISMATCH = auto(), "FAILED_PRECONDITION", False
    CLONE_SUSPECTED = auto(), "ALREADY_EXISTS", False
    NODE_HELD = auto(), "FAILED_PRECONDITION", False
    SUPERIOR_FENCED = auto(), "FAILED_PRECONDITION", False
    NOTHING_GRANTED = auto(), "FAILED_PRECONDITION", False
    REPARENTED = auto(), "PERMISSION_DENIED", False
    HANDED_OVER = auto(), "FAILED_PRECONDITION", False
    REPARENTING_OPEN = auto(), "FAILED_PRECONDITION", False
    REPARENTING_UNKNOWN = auto(), "NOT_FOUND", False
    REPARENTING_OVER = auto(), "FAILED_PRECONDITION", False
    REPARENTING_TOO_EARLY = auto(), "FAILED_PRECONDITION", False
    OTHER_SUPERIOR = auto(), "FAILED_PRECONDITION", False
    MALFORMED_ENTRY = auto(), "INVALID_ARGUMENT", False
    BATCH_TOO_LARGE = auto(), "INVALID_ARGUMENT", False
    INVITATION_UNKNOWN = auto(), "PERMISSION_DENIED", False
    INVITATION_USED = auto(), "PERMISSION_DENIED", False
    INVITATION_EXPIRED = auto(), "PERMISSION_DENIED", False
    LINK_UNKNOWN = auto(), "PERMISSION_DENIED", False
    LINK_USED = auto(), "PERMISSION_DENIED", False
    REQUEST_MALFORMED = auto(), "INVALID_ARGUMENT", False

    def __init__(self, number: int, status: str, is_retryable: bool) -> None:
        self.number = number
        self.status = status
        self.is_retryable = is_retryable


class Refusal(Exception):
    """Nothing was written; ``code`` says why, ``facts`` fill the sentence, the log line and the peer's error details."""

    def __init__(self, code: Code, **facts: Any) -> None:
        super().__init__(code.name, facts)
        self.code = code
        self.facts: dict[str, str] = {key: _plain(value) for key, value in facts.items()}

    def __str__(self) -> str:
        inner = ", ".join(f"{key}={value}" for key, value in self.facts.items())
        return f"{self.code.name}({inner})"


def _plain(value: Any) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(_plain(one) for one in value)
    return str(value)
