"""
The moves that the engine knows: which command takes a ticket from which state to which, and under which packs.

A row is written as "from ... > to ...", every state of the left with every one of the right; "start" is what is not registered
yet.  A test walks the real ``decide`` under each pack and holds this table against what happens.  Moves of a ticket's subjects
beside it (a part, an application) are not listed: they change no state.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from node.domain.pack import Pack
from node.domain.ticket.state import State

When = Callable[[Pack], bool]


@dataclass(frozen=True)
class Move:
    """*command* takes a ticket from *source* (None: it begins) to *target*, under the packs that *uses* says."""

    source: State | None
    command: str
    target: State
    uses: When = field(compare=False)

    def used_by(self, pack: Pack) -> bool:
        """True if *pack* has this move at all."""
        return self.uses(pack)


def _always(pack: Pack) -> bool:
    return True


def _names(key: str, *wanted: str) -> When:
    """Where the pack's list under *key* has one of *wanted*, or anything if none is named."""
    return lambda pack: bool(set(pack.names(key)) & set(wanted) if wanted else pack.names(key))


def _is(key: str, *values: str) -> When:
    return lambda pack: pack.choice(key) in values


def _flag(key: str) -> When:
    return lambda pack: pack.flag(key)


def _decided_withdrawal(pack: Pack) -> bool:
    return pack.choice("withdrawal.effect") == "decided"


def _by_supervision(pack: Pack) -> bool:
    return pack.choice("rework.by") == "supervision" and "dissatisfied" in pack.names("rework.on")


def _sends_back(to: str) -> When:
    """A revisit that the pack lets send a ticket back does so itself, or says who must."""
    return lambda pack: pack.choice("rework.by") == "revisit" and bool(pack.names("rework.on")) and pack.choice("rework.to") == to


# What an application or a wish of the appellant may end.
_OPEN = "registered in_judgement supplementing formed offered dispatched objected handling reworking rechecking"
# What may be put to another level, and comes back to where it was.
_HERE = "registered in_judgement formed dispatched handling reworking"

_ROWS: tuple[tuple[str, str, When], ...] = (
    ("Register", "start > registered", _always),
    ("AnswerOnTheSpot", "registered > completed", _names("on_the_spot.classes")),
    ("HandleOwnDuty", "registered > handling", _flag("intake.own_duty")),
    ("Offer", "registered formed > offered", _always),
    ("Claim", "offered > handling", _always),
    ("WithdrawOffer", "offered > registered formed", _always),
    ("LapseOffer", "offered > registered formed", _always),
    ("OpenJudgement", "registered > in_judgement", _always),
    ("CloseJudgement", "in_judgement > registered", _always),
    ("AskSupplement", "registered in_judgement > supplementing", _always),
    ("ReportSupplement", "supplementing > registered handling", _always),
    ("LapseSupplement", "supplementing > handling", _always),
    ("DecideLapsed", "supplementing > registered", _always),
    ("DecideLapsed", "supplementing > terminated", _flag("supplement.may_end")),
    ("DecideSupplement", "handling > supplementing", _always),
    (
        "NotAccept",
        "registered in_judgement supplementing formed offered dispatched objected handling > not_accepted",
        _names("acceptance.refusal_reasons"),
    ),
    ("Merge", "registered in_judgement formed > merged", _always),
    ("UndoMerge", "merged > registered formed", _always),
    ("Form", "registered in_judgement > formed", _always),
    ("Dispatch", "formed > dispatched", _always),
    ("Sign", "dispatched > handling", _always),
    ("SignAndAnswer", "dispatched handling > completed", _names("sign_and_answer.classes")),
    ("DeemSigned", "dispatched > handling", _is("sign.on_silence", "deemed_signed")),
    ("Recall", "dispatched handling > formed", _always),
    ("ChangeLead", "dispatched handling > formed", _always),
    ("Object", "dispatched > objected", _is("objection.goes_to", "office")),
    ("Object", "dispatched > formed objected", _is("objection.goes_to", "first_contact")),
    ("RuleObjection", "objected > formed dispatched", _always),
    ("RuleByGovernment", "objected > dispatched", _is("objection.final_by", "government")),
    ("RuleCoordination", "handling > formed", _always),
    ("DecideTermination", "handling supplementing reworking rechecking > terminated", _names("termination.reasons")),
    ("Withdraw", f"{_OPEN} > terminated", _is("withdrawal.effect", "at_once")),
    ("Withdraw", "verifying > terminated", lambda pack: not _decided_withdrawal(pack) and _by_supervision(pack)),
    ("TakeWithdrawal", f"{_OPEN} > terminated", _is("withdrawal.effect", "at_once")),
    ("TakeWithdrawal", "verifying > terminated", lambda pack: not _decided_withdrawal(pack) and _by_supervision(pack)),
    # Also under a pack that lets a withdrawal take effect at once: it may have been asked for at another node.
    ("DecideWithdrawal", f"{_OPEN} > terminated", _always),
    ("Complete", "handling reworking > completed", _always),
    ("Confirm", "completed > handling formed", _names("closing.needs", "confirmation")),
    ("RecordRevisit", "completed > reworking formed", _sends_back("lead")),
    ("RecordRevisit", "completed > formed", _sends_back("dispatch")),
    ("RecordRevisit", "completed > verifying", _by_supervision),
    ("RecordEvaluation", "completed closed > verifying", _by_supervision),
    ("Evaluate", "completed closed > verifying", _by_supervision),
    ("ReferDissatisfaction", "completed closed > verifying", _by_supervision),
    ("TakeEvaluation", "completed closed > verifying", _by_supervision),
    ("OrderRework", "verifying > dispatched formed reworking registered", _by_supervision),
    (
        "ApproveExplanation",
        "verifying > completed",
        lambda pack: _by_supervision(pack) and bool(pack.names("dissatisfaction.explained_standards")),
    ),
    ("SendBack", "completed > reworking formed", _is("rework.by", "office")),
    ("Determine", "completed > closed", _is("rework.by", "office")),
    ("ProposeRecheck", "reworking > rechecking", _names("recheck.grounds")),
    ("AskRecheck", "completed closed > rechecking", _always),
    ("DeclineRecheck", "rechecking > completed closed reworking", _always),
    ("DecideRecheck", "rechecking > completed reworking formed", _always),
    ("ExecuteRecheckRuling", "rechecking > completed reworking formed terminated merged", _always),
    ("ExecuteRecheckRuling", "rechecking > not_accepted", _names("acceptance.refusal_reasons")),
    ("Close", "completed > closed", _always),
    ("Archive", "closed > archived", _always),
    ("Reopen", "closed archived terminated > reworking formed", _always),
    ("Reopen", "terminated > registered", _always),
    ("RequestEscalation", f"{_HERE} > escalated", _always),
    ("AcceptEscalation", "escalated > formed", _always),
    ("ReturnEscalation", f"escalated > {_HERE}", _always),
    ("WithdrawEscalation", f"escalated > {_HERE}", _always),
    ("DecideAbove", "formed handling reworking completed closed > formed handling", _always),
    ("ReturnCustody", f"formed handling dispatched reworking > {_HERE} completed", _always),
    # What another level holds comes back to where it was here, whatever became of it there.
    ("OverrideCustody", f"escalated formed offered dispatched objected handling reworking supplementing > {_HERE}", _always),
    ("TransferDown", "registered in_judgement formed handling reworking > escalated", _always),
    ("AcceptTransfer", "escalated > registered formed reworking", _always),
    ("CarryOutTransferRuling", f"escalated > {_HERE}", _always),
    (
        "ExecuteFinding",
        "completed closed archived terminated not_accepted merged > reworking formed registered",
        _always,
    ),
)


def _moves() -> Iterator[Move]:
    for command, ways, uses in _ROWS:
        sources, targets = (side.split() for side in ways.split(">"))
        for source in sources:
            for target in targets:
                if source != target:
                    yield Move(None if source == "start" else State(source), command, State(target), uses)


MOVES: tuple[Move, ...] = tuple(_moves())
