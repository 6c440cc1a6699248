"""
When a node's journal and what its superior holds of it went apart: a new epoch, granted above and begun below.

A node that was restored from an old backup and wrote on, that was lost and made anew, or whose tampered history was found
out has a *branch*: own entries that its superior never took.  What the superior holds stays, whole: others have decided by
it.  So the node takes that back, begins the epoch that was granted, which keeps all of it, and writes its branch again
behind it, with the same entry ids; only what is about a ticket that both tell of is set aside and named, for people to do
again, and a need that was registered under a number that another has gets one of its own.  Nor is anything written again that
is damaged, or stands behind such an entry about the same ticket.  The branch itself is kept as
evidence.  An operator at both ends has to say so; a node that only lags, with nothing of its own behind, follows by itself.

What is durable: one transaction takes the branch out, brings the rest in and begins the epoch, or nothing happened.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select, tuple_, update

from federation import reparenting
from federation.arriving import take_whole_or_one_by_one
from federation.client import Peer
from federation.codec import Segment, entry_from_pb
from federation.greeting import BEHIND, fenced_by
from federation.level import Level
from federation.link import batch_entries_max
from federation.mirror import ACTIVE, CLONED, FORKED, FORMER, LEAVING, Mirror
from federation.numbering import number_down_anew
from federation.reconciling import parting, positions_of
from federation.registered_anew import register_anew
from federation.taking_back import await_those_below, is_written
from federation.v1 import link_pb2
from node.domain.command import Order
from node.domain.entry import Actor, Draft, Header, Subject, SubjectKind
from node.domain.identifier import uuid7
from node.domain.payload import PayloadKind, Text
from node.domain.refusal import Code, Refusal
from node.domain.registry import EpochGranted, EpochStarted, GrantEpoch, NodeAdmitted
from node.domain.reparenting import NodeReparented
from node.services import lookup_index, reconcile
from node.services.rebuild import refold
from node.storage import schema
from node.storage.codec import decode_content
from node.storage.journal import Kept, Position, Stored, Stream
from node.storage.retaking import take_again_from_below
from node.storage.riders import KeyRow
from node.storage.sealing import month_of
from node.storage.unit_of_work import UnitOfWork

Keys = dict[PayloadKind, bytes]


@dataclass(frozen=True)
class Rejoined:
    """
    The node stands in ``epoch``.  ``fetched`` entries came back from the superior, ``again`` of the branch were written again,
    ``aside`` are the subjects of those that were not, or are damaged: people have to look at them.  ``anew`` are the numbers of
    needs among them that were registered once more, by the number that another need has.
    """

    epoch: int
    fetched: int
    again: int
    aside: tuple[str, ...]
    anew: Mapping[str, str]


@dataclass(frozen=True)
class _Way:
    """
    How the node stands to its superior: the first ``kept`` entries of its epoch are alike, ``branch`` more are its own.

    ``there`` is what the superior holds of it, by epoch; ``below`` what it holds of the nodes below.  ``parted``: streams of theirs that
    it holds with another history, by node and epoch, and how many of their entries are alike.
    """

    epoch: int
    kept: int
    branch: int
    there: dict[int, Position]
    below: tuple[Position, ...]
    parted: dict[Stream, int]

    @property
    def current(self) -> int:
        """The epoch that the superior takes from."""
        return max(self.there, default=self.epoch)


# --- the superior -----------------------------------------------------------------------------------------------------


def grant(level: Level, node: str, reason: str, actor: Actor) -> int:
    """
    Let the subordinate *node* begin a new epoch, and return its number.

    Raises:
        Refusal: PERMISSION_DENIED, NODE_UNKNOWN, NODE_REVOKED, FIELD_REQUIRED (the reason), REPARENTING_OPEN.
    """

    def carry_out(work: UnitOfWork) -> int:
        reparenting.need_to_stay(work, node)
        order_id = uuid7(level.now(), work.payloads.random)
        level.handler.carry_out(work, Order(order_id, actor, work.head.node, GrantEpoch(node, Text(reason))))
        links = schema.links
        its = (links.c.peer == node, links.c.status.in_((FORKED, CLONED)))
        work.connection.execute(update(links).where(*its).values(status=ACTIVE))
        return work.journal.current_epochs({node})[node]

    return level.writer.command(carry_out)


def release(level: Level, node: str) -> bool:
    """Let the link with *node*, of which two copies spoke, go on with whichever greets next; False if it was not stopped for that."""

    def carry_out(work: UnitOfWork) -> bool:
        links = schema.links
        its = (links.c.peer == node, links.c.side == "subordinate", links.c.status == CLONED)
        former = work.connection.execute(select(links.c.boot_id, links.c.former_boot_ids).where(*its)).first()
        if former is None:
            return False
        replaced = bytes(former.former_boot_ids) + bytes(former.boot_id)
        work.connection.execute(update(links).where(*its).values(status=ACTIVE, boot_id=b"", former_boot_ids=replaced))
        return True

    return level.writer.command(carry_out)


# --- the node itself --------------------------------------------------------------------------------------------------


def start(level: Level, reason: str, actor: Actor) -> int:
    """
    Begin a new epoch at the top of the tree, where nobody grants one, and return its number: after a restore, or beside a copy.

    It is later than any that this node is known to have begun: one that was restored from before an epoch of its own has told
    others in it, and would be taken for the old copy, or tell two histories under one number.

    Raises:
        Refusal: NOTHING_GRANTED, if this node has a superior: that one grants.
    """

    def carry_out(work: UnitOfWork) -> int:
        if work.head.line:
            raise Refusal(Code.NOTHING_GRANTED, node=work.head.node)
        position = work.journal.position(work.head.node, work.head.epoch)
        _begin(level, work, _latest_known(level, work) + 1, position, reason, actor)
        work.head.held = ""
        number_down_anew(work, without=_held_by_nobody(work))
        await_those_below(work, level.wall())
        return work.head.epoch

    return level.writer.command(carry_out)


def _latest_known(level: Level, work: UnitOfWork) -> int:
    """The highest epoch of this node that its journal, its guard or a subordinate that fenced it knows of."""
    said = level.guard.read() if level.guard is not None else None
    guarded = said.epoch if said is not None and said.node == work.head.node else 0
    return max(work.head.epoch, fenced_by(work), guarded)


def _held_by_nobody(work: UnitOfWork) -> set[int]:
    """
    Own entries, by ``taken``, that are damaged and have not gone down to anybody: no neighbour can give them back, and what goes down
    would stand still before them for ever.  The others come back from below with the new epoch (``taking_back``).
    """
    entries, down, links = schema.entries, schema.down, schema.links
    spots = [spot for spot in reconcile.damaged(work.connection) if spot[0] == work.head.node]
    its = tuple_(entries.c.node, entries.c.epoch, entries.c.seq).in_(spots)
    damaged = set(work.connection.execute(select(entries.c.taken).where(its)).scalars())
    applied = (down.c.epoch == links.c.down_epoch, down.c.down_seq <= links.c.down_acked, down.c.taken.in_(damaged))
    held = select(down.c.taken).join(links, links.c.peer == down.c.link).where(*applied)
    return damaged - set(work.connection.execute(held).scalars())


def rejoin(level: Level, end: Peer, reason: str, actor: Actor) -> Rejoined:
    """
    Take back what the superior behind *end* holds of this node, and begin the epoch that it granted.

    Raises:
        Refusal: NOTHING_GRANTED, also if what was granted was begun here before and went further than the superior knows; FORK, if
            what the superior gives is not what it says that it holds.
        CallFailed.
    """
    way = _way(level, end)
    if way.current <= way.epoch:
        with level.store.read() as view:
            raise Refusal(Code.NOTHING_GRANTED, node=view.head.node)
    return _follow(level, end, way, reason, actor)


def follow(level: Level, end: Peer, actor: Actor) -> Rejoined | None:
    """
    As ``rejoin``, without an operator, for a node that has nothing of its own behind what the superior holds, restored from
    before an epoch that it had begun itself, and for one that has just come from another superior, which holds all that it
    handed over (FEDERATION 2.7: the invitation that it joined by is its operator's word); None if neither is so.

    Raises:
        Refusal: FORK.  CallFailed.
    """
    way = _way(level, end)
    if way.current <= way.epoch:
        return None
    is_begun = way.there[way.current].size > 0
    has_moved = not is_begun and way.epoch in way.there and way.kept == way.there[way.epoch].size and _is_leaving(level)
    if not has_moved and (way.branch or not is_begun):
        if is_begun:
            level.writer.command(_hold)
        return None
    try:
        return _follow(level, end, way, "", actor)
    except Refusal as refusal:
        if refusal.code is not Code.NOTHING_GRANTED:
            raise
        level.writer.command(_hold)
        return None


def _hold(work: UnitOfWork) -> None:
    """
    Let this node write nothing more of its own (2.3 nos. 7 and 8): it has begun a later epoch in a life that it does not remember, and
    what it wrote on here would be one more branch.
    """
    work.head.held = work.head.held or FORKED


def _is_leaving(level: Level) -> bool:
    links = schema.links
    with level.store.read() as view:
        return view.connection.execute(select(links.c.peer).where(links.c.side == LEAVING)).first() is not None


def _way(level: Level, end: Peer) -> _Way:
    said = positions_of(end)
    with level.store.read() as view:
        head = view.head
        own = view.journal.position(head.node, head.epoch)
    there = {one.epoch: one for one in said if one.node == head.node}
    common = min(own.size, there[head.epoch].size) if head.epoch in there else 0
    kept = parting(level.store, end, head.node, head.epoch, common)
    below = tuple(one for one in said if one.node != head.node)
    return _Way(head.epoch, kept, own.size - kept, there, below, _parted(level, end, below))


def _parted(level: Level, end: Peer, below: Iterable[Position]) -> dict[Stream, int]:
    with level.store.read() as view:
        here = {(one.node, one.epoch): one for one in view.journal.positions()}
    found = {}
    for there in below:
        held = here.get((there.node, there.epoch))
        if held is None or held == there:
            continue
        common = min(held.size, there.size)
        kept = parting(level.store, end, there.node, there.epoch, common)
        if kept < common:
            found[there.node, there.epoch] = kept
    return found


def _follow(level: Level, end: Peer, way: _Way, reason: str, actor: Actor) -> Rejoined:
    with level.store.read() as view:
        node = view.head.node
    current = way.current
    if level.guard is not None and level.guard.goes_beyond(way.there[current]):
        raise Refusal(Code.NOTHING_GRANTED, node=node)  # known without fetching anything: the same as below
    later = [epoch for epoch in sorted(way.there) if epoch > way.epoch]
    wanted = [(epoch, way.kept if epoch == way.epoch else 0) for epoch in (way.epoch, *later) if epoch in way.there]
    segments = [segment for epoch, after in wanted for segment in _fetched(end, way.there[epoch], after)]

    def carry_out(work: UnitOfWork) -> Rejoined:
        own = work.journal.range_of(node, way.epoch)
        if work.head.epoch != way.epoch or own.size != way.kept + way.branch:
            raise Refusal(Code.BUSY, retry_after_ms=1_000)  # something was written meanwhile: look again
        given_up = _given_up(work, way)
        keys, branch = _take_out(level, work, way)
        count = _bring_in(level, work, segments)
        for epoch, _ in wanted:
            held, said = work.journal.position(node, epoch), way.there[epoch]
            if (held.size, held.root) != (said.size, said.root):
                raise Refusal(Code.FORK, node=node, epoch=epoch, seq=held.size)
        work.head.epoch = current
        if level.guard is not None and not level.guard.fits(work):
            # It was begun here before, and went further than the superior knows, which was restored, too: whoever was told of that by
            # way of the superior would hold another history of it (2.3 no. 10).
            raise Refusal(Code.NOTHING_GRANTED, node=node)
        if not way.there[current].size:
            former = max(epoch for epoch in (way.epoch, *later) if epoch != current)
            _begin(level, work, current, work.journal.position(node, former), reason, actor)
        whole = [one for one in branch if one.taken not in given_up]
        written, aside = _write_again(work, whole, keys, _told(segments), is_new=not way.kept)
        anew = register_anew(work, aside, keys, level.now())
        number_down_anew(work, [one.taken for one in branch])
        await_those_below(work, level.wall())
        # What the superior alone holds of those below comes back by the next greeting; nobody is told before where he stands, or begins
        # an epoch that would leave it out.
        work.head.held = BEHIND if any(one.size > work.journal.range_of(one.node, one.epoch).size for one in way.below) else ""
        links = schema.links
        # What the superior refused is over, and what the link waited for: the next greeting may be at once.
        afresh = {"status": ACTIVE, "last_error": "", "next_attempt_at": None, "attempts": 0}
        work.connection.execute(update(links).where(links.c.side == "superior").values(**afresh))
        over = {"side": FORMER, "status": "left", "last_error": "", "next_attempt_at": None, "attempts": 0, "waiting": 0}
        work.connection.execute(update(links).where(links.c.side == LEAVING).values(**over))
        if branch:
            _follow_those_below(work, branch[0].taken, written)
        if branch or way.parted:
            lookup_index.refill(work)
        named = [*(decode_content(one.data).header.subject.id for one in aside), *given_up.values()]
        return Rejoined(current, count, len(written), tuple(dict.fromkeys(named)), anew)

    return take_whole_or_one_by_one(level.writer, carry_out, sum(len(segment.entries) for segment in segments))


def _fetched(end: Peer, there: Position, after: int) -> Iterable[Segment]:
    while after < there.size:
        request = link_pb2.FetchRequest(node=there.node, epoch=there.epoch, from_seq=after + 1, max=batch_entries_max)
        entries = tuple(entry_from_pb(one) for one in end.fetch(request).entries)[: there.size - after]
        if not entries:
            raise Refusal(Code.FORK, node=there.node, epoch=there.epoch, seq=after + 1)
        yield Segment(there.node, there.epoch, after + 1, entries)
        after += len(entries)


def _take_out(level: Level, work: UnitOfWork, way: _Way) -> tuple[dict[Subject, Keys], list[Kept]]:
    """
    Take the branch out of the journal and of every reading; it stays as evidence.  Gives the keys of its subjects, too.

    With it goes what was taken from below of streams of which the superior holds another history: whoever wrote that has it, and
    writes it again once it stands where the superior does.
    """
    keys, branch = _keys_of_branch(work, way), list[Kept]()
    streams = {(work.head.node, way.epoch): way.kept} if way.branch else {}
    mirror = Mirror(level.now)
    for (node, epoch), kept in (streams | way.parted).items():
        out = work.journal.take_out(node, epoch, kept)
        for seq, one in enumerate(out, kept + 1):
            mirror.keep_incident(work, "branch", node, epoch, seq, one.data)
        reconcile.close_behind(work, node, epoch, kept)
        branch += out if node == work.head.node else []
    if streams or way.parted:
        refold(work)
    return keys, branch


def _given_up(work: UnitOfWork, way: _Way) -> dict[int, str]:
    """
    What of the branch nobody can give back: each damaged entry, and what stands behind it about the same ticket, which leans on it.
    By ``taken`` the subject's id.
    """
    damaged = {seq for node, epoch, seq in reconcile.damaged(work.connection) if (node, epoch) == (work.head.node, way.epoch)}
    found: dict[int, str] = {}
    broken: set[Subject] = set()
    if not damaged:
        return found
    table = schema.entries
    its = (table.c.node == work.head.node, table.c.epoch == way.epoch, table.c.seq > way.kept)
    for row in work.connection.execute(select(table).where(*its).order_by(table.c.seq)):
        subject = Subject(row.subject_kind, row.subject_id)
        # What is about the node itself stands beside anything.
        if row.seq in damaged or (subject in broken and subject.kind != SubjectKind.NODE.value):
            broken.add(subject)
            found[row.taken] = subject.id
    return found


def _keys_of_branch(work: UnitOfWork, way: _Way) -> dict[Subject, Keys]:
    table = schema.entries
    its = (table.c.node == work.head.node, table.c.epoch == way.epoch, table.c.seq > way.kept)
    rows = work.connection.execute(select(table.c.subject_kind, table.c.subject_id).where(*its).distinct()).all()
    return {subject: work.payloads.keys_of(subject) for subject in (Subject(row.subject_kind, row.subject_id) for row in rows)}


def _bring_in(level: Level, work: UnitOfWork, segments: Sequence[Segment]) -> int:
    mirror, count = Mirror(level.now), 0
    for segment in segments:
        if segment.epoch != work.head.epoch:
            work.head.epoch = segment.epoch
            work.journal.adopt(segment.node, segment.epoch)
        count += mirror.take_own(work, segment)
    return count


def _begin(level: Level, work: UnitOfWork, epoch: int, kept: Position, reason: str, actor: Actor) -> None:
    """Write the first entry of *epoch*, which keeps all of *kept*."""
    now, head = level.now(), work.head
    head.epoch = epoch
    work.journal.adopt(head.node, epoch)
    event = EpochStarted(
        name=head.name,
        is_rehearsal=head.is_rehearsal,
        previous=kept.epoch,
        kept_size=kept.size,
        kept_root=kept.root.hex(),
        reason=Text(reason) if reason else None,
    )
    subject = Subject(SubjectKind.NODE.value, head.node)
    header = Header("", 0, 0, uuid7(now, work.payloads.random), now, subject, event.kind(), actor)
    work.append([Draft(header, event)])


def _told(segments: Sequence[Segment]) -> set[Subject]:
    """What the entries that came back are about; what is about the node itself stands beside anything."""
    found = {decode_content(entry.data).header.subject for segment in segments for entry in segment.entries}
    return {subject for subject in found if subject.kind != SubjectKind.NODE.value}


def _write_again(
    work: UnitOfWork, branch: Sequence[Kept], keys: dict[Subject, Keys], told: set[Subject], *, is_new: bool
) -> tuple[list[Stored], list[Kept]]:
    """Write what of *branch* fits behind what was fetched; gives it, and the rest."""
    again: list[Kept] = []
    aside: list[Kept] = []
    wrapped: set[Subject] = set()
    for one in branch:
        head = decode_content(one.data).header
        if head.kind == EpochStarted.kind() or (is_new and head.subject.kind == SubjectKind.NODE.value):
            continue  # how a node begins that begins once more
        if head.subject in told:
            if not is_written(work, head):  # or it was written again in an epoch that came back
                aside.append(one)
            continue
        rows = [row for row in one.keys if row.subject_id and row.recipient]
        if head.subject not in wrapped:
            wrapped.add(head.subject)
            rows += work.payloads.rewrapped(head.subject, keys.get(head.subject, {}), month_of(head.recorded_at, work.head.epoch))
        again.append(Kept(one.taken, one.data, one.sealed, _once(rows)))
    written = work.journal.write_again(again)
    if work.is_one_by_one:
        for entry in written:
            work.fold_or_set_aside(entry)
    else:
        work.fold_and_route(written)
    return written, aside


def _follow_those_below(work: UnitOfWork, begun: int, written: Sequence[Stored]) -> None:
    """
    Let what came from below since the branch was *begun* stand behind what was *written* again, if a node was let in by that, went on
    in an epoch or moved: those above believe nothing of it before, and neither would this node when it folds anew.
    """
    leaned_on = [one.content.event for one in written if isinstance(one.content.event, NodeAdmitted | EpochGranted | NodeReparented)]
    if leaned_on and take_again_from_below(work.connection, work.journal, begun):
        refold(work)
    for event in leaned_on:
        if isinstance(event, NodeAdmitted):
            reparenting.send_what_concerns_the_admitted(work, event.node)
    reparenting.send_what_concerns_the_moved(work, written)


def _once(rows: Iterable[KeyRow]) -> tuple[KeyRow, ...]:
    return tuple(dict.fromkeys(rows))
