"""
The invariants of FEDERATION 2.6, each a function over the databases of all nodes that gives a sentence for each breach.

Those that speak of the run (marked ONLINE) are the observer's, at every commit; what the others look at is ``rest``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from federation.simulation.rest import Rest, differences
from federation.simulation.world import PROVINCE, TREE, Node, subtree
from node.domain.entry import Header
from node.domain.ticket.fold import FREEZING, OVERRIDING, line_of
from node.domain.ticket.ticket import Ticket
from node.services import rebuild
from node.storage.codec import decode_content
from node.storage.database import micros

if TYPE_CHECKING:
    from federation.simulation.simulation import Simulation

# An incident keeps the bytes of an entry, which are longer, or a root, or nothing.
_root_bytes = 32

Check = Callable[[Rest], Iterator[str]]

ONLINE: Mapping[str, str] = {
    "I02": "what counts as acknowledged is held above",
    "I03": "a mirror never shrinks within an epoch but by a restore",
    "I05": "no command is carried out twice",
    "I11": "I01 to I05 on the way down",
    "I13": "no place is taken twice with other bytes",
    "I14": "nothing of a former epoch is taken",
    "I16": "one holder at most; numbers only grow",
    "I17": "nobody writes under a number that is not his",
    "I23": "no two superiors take the same epoch of a node",
    "I24": "what was done is open again only by an entry",
}
NOT_CHECKED: Mapping[str, str] = {}


def at_rest(simulation: Simulation) -> list[Any]:
    """Every breach when all is over."""
    from federation.simulation.simulation import Violation

    rest = Rest(simulation)
    simulation.coverage.forks += bool(rest.conflicts)
    return [Violation(name, simulation.schedule.seconds, what) for name, check in AT_REST.items() for what in check(rest)]


# --- link and journal -------------------------------------------------------------------------------------------------------


def prefix(rest: Rest) -> Iterator[str]:
    """I01: a mirror is the beginning of the journal, byte for byte."""
    for link in rest.live():
        for writer in subtree(rest.nodes, link.child.code):
            ours, theirs = _stream(link.child, writer), _stream(link.above, writer)
            for place, (one, other) in enumerate(zip(ours, theirs, strict=False)):
                if one != other:
                    yield f"{link.name}: entry {place + 1} of {writer} differs"
                    break


def forks_are_noticed(rest: Rest) -> Iterator[str]:
    """
    I04, at the mirrors instead of at a checkpoint: where two histories are told, somebody wrote it down.

    A revoked node tells nothing any more: no greeting of it is heard, so what it wrote from then on, beside what a copy of it had
    sent before, can be compared by nobody.  I04 speaks of what a node shows later, and it shows nothing.

    A node that wrote down itself that a subordinate holds a later entry of that epoch than it has knows that all up to there may be told
    otherwise: where its superior lost the same, what a third one got by that superior can be compared by nobody else.

    Nor can a revoked node, or one below it, be told that its superior has taken back what it once sent: there it is enough that the
    superior wrote down, place by place, what it took back.
    """
    silent = {link.child.code for link in rest.links() if link.excuse == "revoked"}
    deaf = {code for child in silent for code in subtree(rest.nodes, child)}
    unnoticed = {
        (writer, holder)
        for writer, holder, spot in rest.conflicts
        if spot[2] > rest.told_below(writer, spot[1]) and not (holder in deaf and spot in rest.taken_back)
    }
    for writer, holder in sorted(unnoticed):
        if writer not in rest.forks and writer not in silent:
            yield f"{holder} holds another history of {writer} than {writer} does, and nobody noticed"


def rebuilt(rest: Rest) -> Iterator[str]:
    """I06: the readings are what the journal says."""
    for code, node in rest.nodes.items():
        found = rebuild.check(node.store)
        for one in found.differences[:3]:
            yield f"{code}: {one.table} {'/'.join(one.key)} is {one.kind} {','.join(one.columns)}"


def in_order(rest: Rest) -> Iterator[str]:
    """I07: entries of one stream were taken in its order."""
    for code, node in rest.nodes.items():
        rows = node.rows("SELECT node, epoch, seq FROM entries WHERE NOT from_above ORDER BY taken")
        last: dict[tuple[str, int], int] = {}
        for writer, epoch, seq in rows:
            if seq != last.get((writer, epoch), 0) + 1:
                yield f"{code} took {writer}/{epoch}/{seq} after {last.get((writer, epoch), 0)}"
            last[writer, epoch] = seq


def bytes_at_the_top(rest: Rest) -> Iterator[str]:
    """I08: at the province every entry is what its writer wrote, unknown kinds included."""
    province = rest.nodes[PROVINCE]
    for code in TREE:
        if code in rest.cut_off or code in rest.tainted:
            continue
        if _stream(province, code) != _stream(rest.nodes[code], code):
            yield f"the journal of {code} is another one at the province"


def links_agree(rest: Rest) -> Iterator[str]:
    """I09, and with an idle end I12: what is here is there, and known to be."""
    for link in rest.live():
        for what in differences(link):
            yield f"{link.name}: {what}"
    for link in rest.links():
        if link.excuse not in ("", "revoked"):
            yield f"{link.name} is still {link.excuse}, though operators at both ends did what they could"
    for code, node in rest.nodes.items():
        held = node.value("SELECT held FROM heads")
        if held and code not in rest.cut_off:
            yield f"{code} still writes nothing: {held}"


def poison_is_alone(rest: Rest) -> Iterator[str]:
    """I10: nothing but poison and what waits behind it is set aside."""
    for code, node in rest.nodes.items():
        for subject, reason in node.rows("SELECT subject_id, reason FROM quarantine"):
            if subject not in rest.simulation.poisoned and reason != "unknown_kind":
                yield f"{code}: {subject} is set aside: {reason}"


def nothing_lost_is_known_below(rest: Rest) -> Iterator[str]:
    """I11: what went down is held by its writer, or was given back to it, over however many levels."""
    cut = rest.cut_off | rest.simulation.cloned
    for link in rest.live():
        for writer in (link.above.code, *link.above.line):
            if cut & {link.above.code, writer}:
                continue
            ids = {id for (id,) in rest.nodes[writer].rows("SELECT id FROM entries WHERE node = ?", writer)}
            lost = [id for (id,) in link.child.rows("SELECT id FROM entries WHERE node = ?", writer) if id not in ids]
            if lost:
                yield f"{link.name}: {len(lost)} entries of {writer} are held below alone"


def down_agrees(rest: Rest) -> Iterator[str]:
    """I11: what came down is what the superior holds there, byte for byte: as `qyzj reconcile` compares it."""
    yield from nothing_lost_is_known_below(rest)
    for link in rest.live():
        if link.above.code in rest.tainted:
            continue
        sent, applied = ((row["down_epoch"], row["down_size"]) for row in (link.down, link.up))
        if sent != applied:
            yield f"{link.name}: {sent[0]}/{sent[1]} goes down, {applied[0]}/{applied[1]} is applied"
        elif link.up["down_peaks"] != link.down["down_peaks"]:
            yield f"{link.name}: the roots of the down stream differ"
        elif link.down["down_acked"] != link.down["down_size"]:
            yield f"{link.name}: the superior knows of {link.down['down_acked']} of {link.down['down_size']}"
        elif link.down_compared.count:
            places = ", ".join(f"{one.node}/{one.epoch}/{one.seq}" for one in link.down_compared.differing[:3])
            yield f"{link.name}: {link.down_compared.count} entries of what came down differ: {places}"


def incidents_are_whole(rest: Rest) -> Iterator[str]:
    """
    I15: a forked link has an incident; and of each that was ever written down both histories can be read, at the place where they part.

    Where other bytes came under a number that is taken, they are kept with the incident, beside those that stood there.  Where only a
    root was told, or that the superior contradicts itself, the histories part there or before, and each end has its own: as entries, or
    as what it kept when it left them behind.  A copy that was shut down took its side with it, and so may have who went back to an old
    backup after that.
    """
    for link in rest.links():
        if link.excuse not in ("forked", "parted"):
            continue
        if not any(node.rows("SELECT 1 FROM incidents WHERE kind = 'fork'") for node in (link.child, link.above)):
            yield f"{link.name} is forked, and no incident says so"
    for code, node in rest.nodes.items():
        for id, writer, epoch, seq, content in node.rows("SELECT id, node, epoch, seq, content FROM incidents WHERE kind = 'fork'"):
            ends = {code, writer, rest.superiors[code]} - {""}
            if len(content) > _root_bytes:
                is_readable = len(_told_at(node, (writer, epoch, seq))) > 1
            else:
                places = ((writer, epoch, place) for place in range(seq, 0, -1))
                is_readable = any(len(set().union(*(_told_at(rest.nodes[end], place) for end in ends))) > 1 for place in places)
                is_readable |= any((end, id) in rest.simulation.told_before_restore for end in ends - {code})
            if not is_readable and writer not in rest.simulation.cloned:
                yield f"{code} wrote down that {writer}/{epoch} forked at {seq} or before, and one of the two histories is nowhere"


def _told_at(node: Node, place: tuple[str, int, int]) -> set[bytes]:
    """What *node* holds, or kept as evidence, at one place of a stream: each time the bytes of an entry."""
    its = "node = ? AND epoch = ? AND seq = ?"
    rows = node.rows(f"SELECT content FROM entries WHERE {its}", *place)
    rows += node.rows(f"SELECT content FROM incidents WHERE kind IN ('fork', 'branch') AND {its}", *place)
    return {bytes(content) for (content,) in rows if len(content) > _root_bytes}


# --- handling ---------------------------------------------------------------------------------------------------------------


def one_line(rest: Rest) -> Iterator[str]:
    """I18: put together from everywhere, no ticket was handled at two levels at once."""
    for ticket_id, views in rest.tickets.items():
        if ticket_id in rest.simulation.observer.overridden or not all(rest.is_sound(one) for one in views.values()):
            continue
        entries: dict[str, Any] = {}
        for node in rest.nodes.values():
            for (content,) in node.rows("SELECT content FROM entries WHERE subject_id = ? AND subject_kind = 'ticket'", ticket_id):
                one = decode_content(bytes(content)).folded
                entries[one.header.id] = one
        line = line_of(entries.values(), _rank)
        told = _clashes_told(rest)
        for one in (*line.void, *line.clash):
            if one.header.id in told or one.header.id in rest.simulation.usurped:
                continue  # its writer was there twice, and says so; or it was no holder's
            yield f"{ticket_id}: {one.header.kind} of {one.header.node} under number {one.header.custody.number} has no effect"


def _clashes_told(rest: Rest) -> set[str]:
    twice = rest.simulation.cloned | rest.simulation.two_lives
    rows = [row for code in twice for row in rest.nodes[code].rows("SELECT content FROM incidents WHERE kind = 'clash'")]
    return {decode_content(bytes(content)).header.id for (content,) in rows}


def levels_agree(rest: Rest) -> Iterator[str]:
    """I16, I19: every level that has the ticket says the same of it, and of each of its hops."""
    for ticket_id, views in rest.tickets.items():
        if not all(rest.is_sound(one) for one in views.values()):
            continue
        told = {
            code: (one.state.value, one.custody.holder, one.custody.asked, one.custody.number, one.version, _hops(one))
            for code, one in views.items()
            if code not in rest.cut_off and code in rest.concerned(one)
        }
        if len(set(map(str, told.values()))) > 1:
            yield f"{ticket_id}: " + "; ".join(f"{code} says {said[0]} {said[1]} {said[3]}.{said[4]}" for code, said in told.items())


def escalations_end(rest: Rest) -> Iterator[str]:
    """I19: with all offices at work every escalation ends in one way."""
    if rest.simulation.plan.is_idle:
        return
    for ticket_id, views in rest.tickets.items():
        one = next(iter(views.values()))
        if rest.is_sound(one):
            for hop in one.escalations:
                if not hop.is_down and hop.outcome not in ("decided", "returned", "withdrawn", "overridden"):
                    yield f"{ticket_id}: {hop.from_node} to {hop.to_node} stands at {hop.outcome or 'asked'}"


def returned_with_reason(rest: Rest) -> Iterator[str]:
    """I21: what was returned has its reason, and its holder was who had asked."""
    for ticket_id, views in rest.tickets.items():
        for one in views.values():
            for hop in one.escalations:
                if hop.outcome == "returned" and not hop.is_down and hop.ended_number and not _is_back(one, hop):
                    yield f"{ticket_id}: returned to {hop.from_node} without effect"


def void_has_no_effect(rest: Rest) -> Iterator[str]:
    """I22: what came too late is kept as void wherever it is held, and changes nothing."""
    for ticket_id, views in rest.tickets.items():
        for code, one in views.items():
            rows = rest.nodes[code].rows("SELECT content FROM entries WHERE subject_id = ? AND subject_kind = 'ticket'", ticket_id)
            folded = [decode_content(bytes(content)).folded for (content,) in rows]
            line = line_of(folded, _rank)
            void = {entry.header.id for entry in line.void}
            if void != set(one.void):
                yield f"{code}: {ticket_id} names {len(one.void)} void entries, {len(void)} are"
            if rest.is_sound(one) and not one.is_incomplete:
                yield from (f"{code}: {ticket_id} {what}" for what in _unlawful(one, {entry.header.id: entry.header for entry in folded}))


def _unlawful(ticket: Ticket, heads: Mapping[str, Header]) -> Iterator[str]:
    """
    Openers that hold without a right to, told without the product's own fold: each was written under the one that holds before it, by
    its holder, by whom that had asked, or from above both.
    """
    id, holders = ticket.custody.opener, ticket.custody.openers
    for number in range(ticket.custody.number, 1, -1):
        head = heads[id]
        former = heads[head.custody.opener]
        holder = former.custody.holder
        asked = {
            one.addressee
            for one in heads.values()
            if one.kind in FREEZING and one.version == head.custody.follows and one.custody.opener == former.id
        }
        if holder != holders[number - 2]:
            yield f"has number {number} behind a number {number - 1} of {holder}, which {holders[number - 2]} holds"
        if head.kind != OVERRIDING and head.node not in (asked or {holder}):
            yield f"has number {number} by {head.node}, though {holder} held it and had asked {', '.join(sorted(asked)) or 'nobody'}"
        id = former.id


def overdue_is_listed(rest: Rest) -> Iterator[str]:
    """I20: an answer that is late is listed so at both ends."""
    for ticket_id, views in rest.tickets.items():
        for hop in next(iter(views.values())).escalations:
            ends = [rest.nodes[hop.from_node], rest.nodes[hop.to_node]]
            if hop.outcome or hop.is_down or not all(rest.is_sound(one) for one in views.values()):
                continue
            late = "SELECT fired FROM clocks WHERE ticket = ? AND node = ? AND name = 'escalation_answer' AND due_at < ?"
            for end in ends:
                limit = micros(rest.swept_at[hop.to_node])
                fired = end.value(late, ticket_id, hop.to_node, limit)
                if fired is not None and "overdue" not in fired:
                    yield f"{end.code}: {ticket_id} is not answered in time, and not listed so"


AT_REST: Mapping[str, Check] = {
    "I01": prefix,
    "I04": forks_are_noticed,
    "I06": rebuilt,
    "I07": in_order,
    "I08": bytes_at_the_top,
    "I09": links_agree,
    "I10": poison_is_alone,
    "I11": down_agrees,
    "I15": incidents_are_whole,
    "I18": one_line,
    "I16": levels_agree,
    "I19": escalations_end,
    "I21": returned_with_reason,
    "I22": void_has_no_effect,
}
# Looked at while offices still have to answer; I12 is I09 in the seeds whose end is idle.
ON_THE_WAY: Mapping[str, Check] = {"I20": overdue_is_listed}


def checked() -> list[str]:
    """Every invariant that is looked at."""
    return sorted({*ONLINE, *AT_REST, *ON_THE_WAY, "I12"})


def _stream(node: Node, writer: str) -> list[bytes]:
    rows = node.rows("SELECT content FROM entries WHERE node = ? ORDER BY epoch, seq", writer)
    return [bytes(content) for (content,) in rows]


def _hops(ticket: Ticket) -> tuple[object, ...]:
    return tuple((hop.ask, hop.from_node, hop.to_node, hop.outcome, hop.ended_number) for hop in ticket.escalations)


def _is_back(ticket: Ticket, hop: Any) -> bool:
    has_reason = bool(hop.return_reason) or not hop.answered_at or hop.answered_at != hop.ended_at
    return has_reason and bool(ticket.custody.openers[hop.ended_number - 1] == hop.from_node)


def _rank(code: str) -> int:
    """How high a node is, smaller is higher."""
    superior = TREE[code][0]
    return 0 if not superior else 1 + _rank(superior)
