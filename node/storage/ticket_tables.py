"""Tickets: their thin rows, and what else a ticket is found, timed and shown by."""

from sqlalchemy import Boolean, Column, Index, Integer, String, Table

from node.storage.columns import Big, metadata, string

tickets = Table(
    "tickets",
    metadata,
    Column("id", String, primary_key=True),
    string("origin"),
    string("holder"),
    string("asked"),
    # Every node that has or had a part: origin, holders, asked; comma between and around.
    string("parties"),
    Column("custody", Integer, nullable=False),
    # Id of the entry that opened the custody number in force.
    string("opener", server_default=""),
    Column("version", Integer, nullable=False),
    string("state"),
    string("with_whom"),
    string("pack"),
    string("category"),
    string("complexity"),
    string("layer", server_default=""),
    string("level", server_default=""),
    string("batch", server_default=""),
    string("number"),
    string("lead"),
    string("channel"),
    string("first_contact"),
    string("credit_code"),
    string("external_number"),
    Column("rounds", Integer, nullable=False),
    Column("outcomes", Integer, nullable=False),
    Column("registered_at", Big),
    Column("completed_at", Big),
    Column("completed_in_time", Boolean),
    string("standard"),
    Column("satisfied", Boolean),
    Column("solved", Boolean),
    string("evaluation", server_default=""),
    string("evaluation_way", server_default=""),
    Column("revisit_consistent", Boolean),
    Column("decided_above", Boolean, nullable=False),
    Column("handed_down", Boolean, nullable=False),
    string("terminated_for"),
    string("refused_for"),
    string("ended_as", server_default=""),
    Column("is_incomplete", Boolean, nullable=False),
    Column("changed_at", Big),
    Index(None, "holder", "state"),
    Index(None, "origin", "registered_at"),
    # What is open is a hundredth of what a node holds after years; what is not stands in lists by when it came in.
    # With the number in it, a list of what is one unit's tests each without reading it.
    Index(None, "state", "registered_at", "id"),
    Index(None, "registered_at", "id"),
    # What people say for a ticket.
    Index(None, "number"),
    # A unit's own among those of all units.
    Index("ix_tickets_lead_id", "lead", "id", sqlite_where=Column("lead") != "", postgresql_where=Column("lead") != ""),
    Index(
        "ix_tickets_first_contact_id",
        "first_contact",
        "id",
        sqlite_where=Column("first_contact") != "",
        postgresql_where=Column("first_contact") != "",
    ),
    # What came here from another level, of all that is held.
    Index(
        "ix_tickets_arrived",
        "holder",
        sqlite_where=Column("holder") != Column("origin"),
        postgresql_where=Column("holder") != Column("origin"),
    ),
    # What an enterprise has, here and below.
    Index("ix_tickets_credit_code", "credit_code", sqlite_where=Column("credit_code") != "", postgresql_where=Column("credit_code") != ""),
    Index("ix_tickets_asked", "asked", sqlite_where=Column("asked") != "", postgresql_where=Column("asked") != ""),
    Index(
        "ix_tickets_external_number",
        "external_number",
        sqlite_where=Column("external_number") != "",
        postgresql_where=Column("external_number") != "",
    ),
)

clocks = Table(
    "clocks",
    metadata,
    Column("ticket", String, primary_key=True),
    # The node that started it, and alone changes and sweeps it.
    Column("node", String, primary_key=True),
    Column("name", String, primary_key=True),
    string("owes"),
    Column("count", Integer, nullable=False),
    string("unit"),
    Column("started_at", Big, nullable=False),
    # NULL while it stands, or once it is stopped.
    Column("due_at", Big),
    Column("last_due_at", Big),
    Column("stopped_at", Big),
    Column("is_provisional", Boolean, nullable=False),
    # Rungs that went off, comma between.
    string("fired"),
    # The version of the calendar that it was counted by: another one that is adopted may count it otherwise.
    string("calendar", server_default=""),
    Index(None, "node", "due_at"),
    Index("ix_clocks_due", "due_at", "ticket", sqlite_where=Column("due_at").isnot(None), postgresql_where=Column("due_at").isnot(None)),
    # What boards ask: of a hundred clocks one is not stopped, and those that stand have no due time to be found by.
    Index(
        "ix_clocks_unstopped",
        "node",
        "name",
        "due_at",
        sqlite_where=Column("stopped_at").is_(None),
        postgresql_where=Column("stopped_at").is_(None),
    ),
    # What somebody owes, of all that is owed.
    Index(
        "ix_clocks_owed",
        "node",
        "owes",
        "due_at",
        sqlite_where=Column("stopped_at").is_(None),
        postgresql_where=Column("stopped_at").is_(None),
    ),
)

asks = Table(
    "asks",
    metadata,
    Column("id", String, primary_key=True),
    string("ticket"),
    string("kind"),
    string("node"),
    string("addressee"),
    Column("asked_at", Big, nullable=False),
    Column("is_answered", Boolean, nullable=False),
    Index(None, "addressee", "is_answered"),
    Index(None, "ticket"),
)

# What a ticket is found by besides its row: matter, topic, group, finder, receipt, enterprise ..., each as a name and a code.
traits = Table(
    "traits",
    metadata,
    Column("ticket", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("value", String, primary_key=True),
    # With the ticket: whose tickets these are is answered by the index alone.
    Index(None, "name", "value", "ticket"),
    # The key is the whole row: kept once, not twice.
    sqlite_with_rowid=False,
)

# Who has a ticket inside a unit; empty: it lies in the unit's shared tray.
desks = Table(
    "desks",
    metadata,
    Column("ticket", String, primary_key=True),
    Column("unit", String, primary_key=True),
    string("person"),
    Column("since", Big, nullable=False),
    Index(None, "unit", "person"),
)

# The receipt registers (收文登记) of units: a number a receipt, 0 where the pack keeps none.
receipts = Table(
    "receipts",
    metadata,
    Column("ticket", String, primary_key=True),
    Column("unit", String, primary_key=True),
    Column("received_at", Big, primary_key=True, autoincrement=False),
    Column("year", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    string("account"),
    string("person"),
    Index(None, "unit", "year", "number"),
)

# Rulings on whose duty a matter is (先例), one row a ruling.
precedents = Table(
    "precedents",
    metadata,
    Column("entry", String, primary_key=True),
    string("node"),
    string("ticket"),
    string("matter"),
    # Who had declined, who must take it, who ruled.
    string("unit"),
    string("named"),
    string("ruled_by"),
    # What the duty list said about the matter then.
    string("basis"),
    Column("ruled_at", Big, nullable=False),
    Index(None, "node", "matter"),
)
