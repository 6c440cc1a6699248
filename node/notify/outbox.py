"""Writing into the outbox: what an own entry tells, in the transaction that appends it."""

from collections.abc import Callable, Mapping, Sequence

from node.domain.entry import SubjectKind
from node.domain.pack import Pack
from node.notify.around import Around
from node.notify.rules import channels_of, notices_of
from node.storage import notices
from node.storage.journal import Stored
from node.storage.readings import Moved
from node.storage.unit_of_work import UnitOfWork

# The pack in force, or None where none is yet.
PackOf = Callable[[UnitOfWork], Pack | None]
_TOLD = frozenset(
    kind.value
    for kind in (SubjectKind.TICKET, SubjectKind.MEETING, SubjectKind.ORDER, SubjectKind.ENTERPRISE, SubjectKind.TASK, SubjectKind.LETTER)
)


class Announcer:
    """Turns entries into notices; *pack_of* gives the pack whose channels hold."""

    def __init__(self, pack_of: PackOf) -> None:
        self._pack_of = pack_of

    def __call__(self, work: UnitOfWork, stored: Sequence[Stored], moved: Mapping[str, Moved]) -> None:
        """Put what *stored* tells into the outbox."""
        told = [one for one in stored if one.header.subject.kind in _TOLD]
        pack = self._pack_of(work) if told else None
        if pack is None:
            return
        around, new = Around(work, {id for id, row in moved.items() if row.is_new}), list[notices.New]()
        said = set[tuple[object, ...]]()
        states = {id: row.before.state for id, row in moved.items() if row.before is not None}
        for one in told:
            id = one.header.subject.id
            row, was = moved.get(id), states.get(id, "")
            if one.header.is_line and one.header.state:
                states[id] = one.header.state
            for notice in notices_of(one.folded, was, row.before if row else None, row.after if row else None, pack, around):
                # A dispatch with its limit and its tracker is three entries and one turn.
                same = (id, notice.audience, notice.template, *sorted(notice.facts.items()))
                if same in said:
                    continue
                said.add(same)
                new += [
                    notices.New(
                        entry=one.header.id,
                        subject_kind=one.header.subject.kind,
                        subject_id=one.header.subject.id,
                        audience=notice.audience,
                        channel=channel.value,
                        template=notice.template,
                        facts=notice.facts,
                        taken=one.taken,
                        words=notice.words,
                        invites=notice.invites,
                    )
                    for channel in channels_of(notice.audience, pack)
                ]
        if new:
            notices.put(work.connection, new, work.payloads.random, told[0].header.recorded_at)
