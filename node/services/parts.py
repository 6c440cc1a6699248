"""
Who has a part in a dossier: asked before a command about one is given, so that another's is not there for whoever gives it.

What a dossier's page shows is ``dossiers.need_sight``; this is wider by those who act in one without their unit being named in it.
"""

from sqlalchemy import select

from node.domain.appraisal.record import Appraisal
from node.domain.entry import Actor, Subject, SubjectKind
from node.domain.meeting.record import Meeting
from node.domain.order.record import SupervisionOrder
from node.domain.organisation import Role
from node.domain.refusal import Code, Refusal
from node.domain.ticket.sight import OUTSIDE
from node.services import dossiers
from node.services.enterprise_register import shown_to
from node.services.scope import sees_all, visible_to
from node.storage import schema
from node.storage.dossier_readings import dossier_of
from node.storage.unit_of_work import View

# Units call on any enterprise, and policies and ballots are published: that they exist is no secret inside.
_COMMON = frozenset({SubjectKind.ENTERPRISE, SubjectKind.SUPPORT_POLICY, SubjectKind.CONTEST, SubjectKind.TASK, SubjectKind.PAPER})
_PUBLISHED = frozenset({SubjectKind.SUPPORT_POLICY, SubjectKind.CONTEST})


def find_for(view: View, kind: SubjectKind, said: str, *actors: Actor) -> str:
    """
    The id of the dossier that *said* names, as ``dossiers.find``, if one of *actors* has a part in it.

    Raises:
        Refusal: SUBJECT_UNKNOWN, word for word the same for one that is another's.
    """
    id = dossiers.find(view, kind, said)
    if not any(_has_part(view, kind, id, actor) and id not in dossiers.hidden(view, kind, actor) for actor in actors):
        raise Refusal(Code.SUBJECT_UNKNOWN, kind=kind.value, id=said)
    return id


def _has_part(view: View, kind: SubjectKind, id: str, actor: Actor) -> bool:
    if sees_all(actor):
        return True
    if actor.role in OUTSIDE:
        return kind in _PUBLISHED or (kind is SubjectKind.ENTERPRISE and _is_own_file(view, id, actor))
    if kind in _COMMON:
        return True
    dossier = dossier_of(view.journal, Subject(kind.value, id))
    own = {actor.unit, actor.account} - {""}
    if isinstance(dossier, Appraisal) and dossier.assessor == actor.account:
        return True
    if isinstance(dossier, Meeting) and own & {*dossier.persons, dossier.convener}:
        return True
    if isinstance(dossier, SupervisionOrder) and actor.role == Role.TRACKER.value:
        return _sees_one(view, dossier.tickets, actor)
    return dossier is not None and bool(own & dossier.parties)


def _is_own_file(view: View, id: str, actor: Actor) -> bool:
    """He filed for it, or is its agent."""
    table = schema.enterprises
    return view.connection.execute(select(table.c.id).where(table.c.id == id, shown_to(actor))).scalar() is not None


def _sees_one(view: View, tickets: tuple[str, ...], actor: Actor) -> bool:
    table = schema.tickets
    return view.connection.execute(select(table.c.id).where(table.c.id.in_(tickets), visible_to(actor)).limit(1)).scalar() is not None
