"""
Places of a ticket that its own writer used twice, kept as incidents.

Two copies of one node ran: under one number two needs were registered, or one version was written twice (FEDERATION 2.3 no. 9).
One of the two takes effect (``domain.ticket.fold``); the other is kept, and people are told of it.
"""

from sqlalchemy import Connection, select

from node.domain.ticket.ticket import Ticket
from node.storage import schema
from node.storage.codec import decode_content
from node.storage.database import micros
from node.storage.statements import insert_missing

CLASH = "clash"


def keep(connection: Connection, ticket: Ticket) -> None:
    """Write down what of *ticket* clashes; the same again is the same incident, and no later entry undoes it."""
    table = schema.entries
    its = (table.c.subject_id == ticket.id, table.c.id.in_(ticket.clash))
    rows = connection.execute(select(table.c.node, table.c.epoch, table.c.seq, table.c.content).where(*its)).mappings()
    incidents = [
        {
            "id": f"{CLASH}/{row['node']}/{row['epoch']}/{row['seq']}",
            "kind": CLASH,
            "at": micros(decode_content(bytes(row["content"])).header.recorded_at),
            **row,
        }
        for row in rows
    ]
    insert_missing(connection, schema.incidents, incidents)
