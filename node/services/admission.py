"""Which admission standard (入库标准) is in force: the latest that a node published and did not withdraw, as far as this one knows."""

from sqlalchemy import bindparam, or_, select

from node.domain.entry import Subject, SubjectKind
from node.domain.letter.record import COMPLETE, SENT, STANDARD, Letter
from node.domain.ticket.admission import AdmissionStandard
from node.storage import schema
from node.storage.dossier_readings import dossier_of
from node.storage.statements import Prepared
from node.storage.unit_of_work import UnitOfWork, View

_dossiers = schema.dossiers.c
_IN_FORCE = Prepared(
    select(_dossiers.id)
    .where(_dossiers.kind == SubjectKind.LETTER.value, _dossiers.owner == bindparam("owner"), _dossiers.key == STANDARD)
    .where(or_(_dossiers.state == SENT, _dossiers.state == COMPLETE))
    .order_by(_dossiers.opened_at.desc(), _dossiers.id.desc())
)


def standard_of(view: View | UnitOfWork, node: str) -> AdmissionStandard | None:
    """The standard by which *node* takes what is put to it; None if it asks for nothing here."""
    if not node:
        return None
    for (id,) in _IN_FORCE.rows(view.connection, owner=node):
        letter: Letter | None = dossier_of(view.journal, Subject(SubjectKind.LETTER.value, id))
        if letter is not None and (node == view.head.node or view.head.node in letter.to_nodes):
            return AdmissionStandard(
                letter.id, node, letter.opened_at, letter.requires, letter.classes, letter.power_items, letter.material_kinds
            )
    return None
