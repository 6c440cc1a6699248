"""Which admission standard (入库标准) is in force: the latest that a node published and did not withdraw, as far as this one knows."""

from sqlalchemy import select

from node.domain.entry import Subject, SubjectKind
from node.domain.letter.record import COMPLETE, SENT, STANDARD, Letter
from node.domain.ticket.admission import AdmissionStandard
from node.storage import schema
from node.storage.dossier_readings import dossier_of
from node.storage.unit_of_work import UnitOfWork, View


def standard_of(view: View | UnitOfWork, node: str) -> AdmissionStandard | None:
    """The standard by which *node* takes what is put to it; None if it asks for nothing here."""
    if not node:
        return None
    table = schema.dossiers
    published = (table.c.kind == SubjectKind.LETTER.value, table.c.owner == node, table.c.key == STANDARD)
    in_force = select(table.c.id).where(*published, table.c.state.in_((SENT, COMPLETE)))
    for id in view.connection.execute(in_force.order_by(table.c.opened_at.desc(), table.c.id.desc())).scalars():
        letter: Letter | None = dossier_of(view.journal, Subject(SubjectKind.LETTER.value, id))
        if letter is not None and (node == view.head.node or view.head.node in letter.to_nodes):
            return AdmissionStandard(
                letter.id, node, letter.opened_at, letter.requires, letter.classes, letter.power_items, letter.material_kinds
            )
    return None
