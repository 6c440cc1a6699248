"""
Every kind of dossier: its modules, in the order of what they build on.

A module has events (subclasses of ``DossierEvent``), commands and ``DECISIONS``; the kind is the commands' ``subject_kind``.
"""

from types import ModuleType

from node.domain import dossier, paper, support_policy, task
from node.domain.appraisal import scoring as appraisal_scoring
from node.domain.command import Command
from node.domain.contest import voting as contest_voting
from node.domain.dossier import Decision
from node.domain.enterprise import contact as enterprise_contact
from node.domain.enterprise import filing as enterprise_filing
from node.domain.enterprise import service as enterprise_service
from node.domain.entry import SubjectKind
from node.domain.leader import appointing as leader_appointing
from node.domain.leader import reporting as leader_reporting
from node.domain.letter import answering as letter_answering
from node.domain.letter import sending as letter_sending
from node.domain.meeting import agenda as meeting_agenda
from node.domain.meeting import calling as meeting_calling
from node.domain.meeting import convening as meeting_convening
from node.domain.meeting import holding as meeting_holding
from node.domain.meeting import minutes as meeting_minutes
from node.domain.order import answering as order_answering
from node.domain.order import issuing as order_issuing
from node.domain.order import proposing as order_proposing

MODULES: tuple[ModuleType, ...] = (
    dossier,
    enterprise_filing,
    enterprise_contact,
    enterprise_service,
    support_policy,
    paper,
    task,
    order_issuing,
    order_answering,
    order_proposing,
    leader_appointing,
    leader_reporting,
    meeting_convening,
    meeting_agenda,
    meeting_calling,
    meeting_holding,
    meeting_minutes,
    appraisal_scoring,
    contest_voting,
    letter_sending,
    letter_answering,
)

KINDS = frozenset(
    {
        SubjectKind.ENTERPRISE,
        SubjectKind.MEETING,
        SubjectKind.ORDER,
        SubjectKind.LEADER,
        SubjectKind.SUPPORT_POLICY,
        SubjectKind.PAPER,
        SubjectKind.TASK,
        SubjectKind.APPRAISAL,
        SubjectKind.CONTEST,
        SubjectKind.LETTER,
    }
)

DECISIONS: dict[type[Command], Decision] = {
    command: decision for module in MODULES for command, decision in getattr(module, "DECISIONS", {}).items()
}


def commands_of(kind: SubjectKind) -> list[type[Command]]:
    """The commands about dossiers of *kind*, in the order of their modules."""
    return [command for command in DECISIONS if command.subject_kind is kind]
