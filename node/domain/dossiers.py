"""
Every kind of dossier: its modules, in the order of what they build on.

A module has events (subclasses of ``DossierEvent``), commands and ``DECISIONS``; the kind is the commands' ``subject_kind``.
"""

from types import ModuleType

from node.domain import dossier
from node.domain.command import Command
from node.domain.dossier import Decision
from node.domain.entry import SubjectKind

MODULES: tuple[ModuleType, ...] = (dossier,)

KINDS = frozenset({SubjectKind.ENTERPRISE, SubjectKind.MEETING, SubjectKind.ORDER})

DECISIONS: dict[type[Command], Decision] = {
    command: decision for module in MODULES for command, decision in getattr(module, "DECISIONS", {}).items()
}


def commands_of(kind: SubjectKind) -> list[type[Command]]:
    """The commands about dossiers of *kind*, in the order of their modules."""
    return [command for command in DECISIONS if command.subject_kind is kind]
