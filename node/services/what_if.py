"""
What if: a period of the node's own journal, replayed under changed rules of its packs (``qyzj pack what-if``).

What people did stays as it was, when it was: only what a pack times is other - limits, what starts them, when a warning or a
step of the ladder goes off, and which extensions would have been refused.  ``replay_keys`` says which keys that are, ``replay``
how a ticket is folded twice.  Nothing is written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import select

from node.domain.entry import Actor, Subject, SubjectKind
from node.domain.pack import Pack, Rule, Value
from node.domain.ticket.fold import in_order, line_of
from node.domain.time import local_day
from node.services.policies import Policies
from node.services.replay import replay
from node.services.replay_keys import is_replayed, need_replayed, replayed_keys
from node.services.replay_rungs import FiredRung
from node.services.replay_runs import Measured
from node.services.scope import out_of_sight
from node.storage import schema
from node.storage.unit_of_work import View

__all__ = ["FiredRung", "Measured", "WhatIf", "is_replayed", "replayed_keys", "what_if"]


@dataclass(frozen=True)
class WhatIf:
    """
    What a period would have been.  ``clocks`` are all that began in it, by start; ``counts`` how many of each kind there were,
    were late, and would have been late; ``fired`` how often each rung went off, and would have; ``late_before`` and ``late_after``
    the tickets with a late clock among them.
    """

    clocks: tuple[Measured, ...]
    counts: Mapping[str, tuple[int, int, int]]
    fired: Mapping[str, tuple[int, int]]
    late_before: tuple[str, ...]
    late_after: tuple[str, ...]

    @property
    def newly_late(self) -> tuple[Measured, ...]:
        """In time, and too late under the changed rules."""
        return tuple(one for one in self.clocks if one.would_be_late and not one.was_late)

    @property
    def no_longer_late(self) -> tuple[Measured, ...]:
        """Too late, and in time under the changed rules."""
        return tuple(one for one in self.clocks if one.was_late and not one.would_be_late)

    @property
    def fired_otherwise(self) -> tuple[Measured, ...]:
        """Clocks that would have set off other rungs, or the same at another time."""
        return tuple(one for one in self.clocks if one.fired_before != one.fired_after)


def changed(pack: Pack, changes: Mapping[str, Value]) -> Pack:
    """*pack* with *changes* laid over it."""
    return replace(pack, rules={**pack.rules, **{key: Rule(value, "default", "what-if") for key, value in changes.items()}})


def what_if(
    view: View,
    policies: Policies,
    changes: Mapping[str, Value],
    first: date | None,
    last: date | None,
    now: datetime,
    viewer: Actor | None = None,
) -> WhatIf:
    """
    Replay every clock of this node, of the tickets that *viewer* sees, that began from *first* to *last* (Beijing days, both included;
    None: no end) with *changes* in each pack that governed a ticket then.

    Raises:
        Refusal: KEY_NOT_REPLAYED, EARLIER_START_UNRECORDED or VALUE_NOT_OFFERED, for what the journal cannot answer.
    """
    policy, adopted = policies.bare(view), policies.adopted(view)
    need_replayed(changes, adopted)
    packs = {pack.digest: (pack, changed(pack, changes)) for pack in adopted}
    found: list[Measured] = []
    tickets = _tickets(view)
    hidden = out_of_sight(view, viewer, tickets)
    for ticket in tickets:
        if ticket in hidden:
            continue
        entries = [one.folded for one in view.journal.of_subject(Subject(SubjectKind.TICKET.value, ticket))]
        line = line_of(entries, policy.place.rank).entries
        if line:
            ordered = in_order(line, [one for one in entries if not one.header.is_line])
            found += replay(ordered, policy.place, packs, policy.calendar_of, now)
    chosen = [
        one
        for one in found
        if (first is None or first <= local_day(one.started_at)) and (last is None or local_day(one.started_at) <= last)
    ]
    return _counted(sorted(chosen, key=lambda one: (one.started_at, one.ticket, one.clock)))


def _tickets(view: View) -> Sequence[str]:
    table = schema.entries
    own = (table.c.node == view.head.node, table.c.subject_kind == SubjectKind.TICKET.value)
    return view.connection.execute(select(table.c.subject_id).where(*own).distinct().order_by(table.c.subject_id)).scalars().all()


def _counted(measured: Sequence[Measured]) -> WhatIf:
    kinds = sorted({one.clock.partition("/")[0] for one in measured})
    counts = {}
    for kind in kinds:
        of = [one for one in measured if one.clock.partition("/")[0] == kind]
        counts[kind] = (len(of), sum(one.was_late for one in of), sum(one.would_be_late for one in of))
    before = [rung.rung for one in measured for rung in one.fired_before]
    after = [rung.rung for one in measured for rung in one.fired_after]
    return WhatIf(
        clocks=tuple(measured),
        counts=counts,
        fired={rung: (before.count(rung), after.count(rung)) for rung in sorted({*before, *after})},
        late_before=tuple(sorted({one.ticket for one in measured if one.was_late})),
        late_after=tuple(sorted({one.ticket for one in measured if one.would_be_late})),
    )
