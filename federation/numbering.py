"""How what goes down is numbered once entries were taken out of the journal: anew, so that no number ever stands for two."""

from collections.abc import Collection, Sequence

from sqlalchemy import delete, insert, select, update

from node.domain.merkle import Range
from node.storage import schema
from node.storage.unit_of_work import UnitOfWork


def number_down_anew(work: UnitOfWork, gone: Sequence[int] | None = None, without: Collection[int] = ()) -> None:
    """
    Begin the down streams anew whose numbering cannot go on: no down_seq is ever used for two entries (2.3 no. 11).

    *gone* are entries that were taken out; None: every link, since others may have gone down than this database knows of.  *without*
    are entries that are here and go down no more.
    """
    down, links = schema.down, schema.links
    for link in work.connection.execute(select(links).where(links.c.side == "subordinate")).all():
        rows = work.connection.execute(
            select(down.c.taken, schema.entries.c.leaf)
            .outerjoin(schema.entries, schema.entries.c.taken == down.c.taken)
            .where(down.c.link == link.peer, down.c.epoch == link.down_epoch)
            .order_by(down.c.down_seq)
        ).all()
        if gone is not None and all(row.leaf is not None for row in rows):
            continue
        epoch = link.down_epoch + 1
        kept = [(row.taken, bytes(row.leaf)) for row in rows if row.leaf is not None and row.taken not in without]
        work.connection.execute(delete(down).where(down.c.link == link.peer, down.c.epoch == epoch))
        if kept:
            values = [{"link": link.peer, "epoch": epoch, "down_seq": seq, "taken": taken} for seq, (taken, _) in enumerate(kept, 1)]
            work.connection.execute(insert(down), values)
        progress = Range().extend([leaf for _, leaf in kept])
        changed = {"down_epoch": epoch, "down_size": progress.size, "down_peaks": progress.to_bytes() if kept else b"", "down_acked": 0}
        work.connection.execute(update(links).where(links.c.peer == link.peer).values(**changed))
