"""
The tables of a node, the same on SQLite and PostgreSQL.

``entries`` is the truth: this node's own journal and the byte-exact mirrors of its subordinates', in the order in which
this node took them (``taken``).  ``READINGS`` are folded from it in the same transaction and may be dropped and rebuilt at
any time.  The rest is what a link, a key or a blob needs beside it.  Times are microseconds since 1970 (UTC), as integers:
both databases order and compare them alike.
"""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, MetaData, String, Table, Text, UniqueConstraint

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite makes a rowid alias of INTEGER only; PostgreSQL needs 64 bits.
Big = BigInteger().with_variant(Integer(), "sqlite")


def _text(name: str, **more: object) -> Column[str]:
    return Column(name, String, nullable=False, default="", **more)  # type: ignore[arg-type]


# One row: who this node is, and the counters taken under its lock.
heads = Table(
    "heads",
    metadata,
    Column("id", Integer, primary_key=True),
    _text("node"),
    _text("name"),
    Column("epoch", Integer, nullable=False),
    # Local order of everything appended here; folding and waking count it.
    Column("taken", Big, nullable=False),
    # Reactions have looked at everything up to here.
    Column("reacted", Big, nullable=False),
    # The latest recorded_at of an own entry: a clock behind it takes no command.
    Column("last_at", Big, nullable=False),
    # The business time up to which the clock service of a rehearsal node has swept.
    Column("swept_at", Big, nullable=False, default=0),
    Column("is_rehearsal", Boolean, nullable=False),
    # Superiors, nearest first, comma between.
    _text("line"),
    _text("pack"),
)

streams = Table(
    "streams",
    metadata,
    Column("node", String, primary_key=True),
    Column("epoch", Integer, primary_key=True),
    Column("size", Big, nullable=False),
    # Compact range: the peaks of the Merkle tree over the first `size` leaves.
    Column("peaks", LargeBinary, nullable=False),
    # Set when a later epoch superseded what lies behind it.
    Column("kept", Big),
)

entries = Table(
    "entries",
    metadata,
    Column("taken", Big, primary_key=True, autoincrement=False),
    Column("node", String, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("seq", Big, nullable=False),
    Column("id", String, nullable=False),
    Column("subject_kind", String, nullable=False),
    Column("subject_id", String, nullable=False),
    Column("kind", String, nullable=False),
    # Only of own entries: the command that it follows from.
    Column("cause", String),
    Column("leaf", LargeBinary, nullable=False),
    Column("content", LargeBinary, nullable=False),
    # Came down from a superior: never sent up.
    Column("from_above", Boolean, nullable=False),
    # Payloads or keys ride beside it.
    Column("is_laden", Boolean, nullable=False),
    UniqueConstraint("node", "epoch", "seq"),
    Index(None, "subject_id", "taken"),
    Index("ix_entries_cause", "cause", sqlite_where=Column("cause").isnot(None), postgresql_where=Column("cause").isnot(None)),
)

payloads = Table(
    "payloads",
    metadata,
    Column("taken", Big, primary_key=True, autoincrement=False),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("blob", LargeBinary, nullable=False),
    Column("subject_kind", String, nullable=False),
    Column("subject_id", String, nullable=False),
    # NULL once erased, or while it is still to come.
    Column("ciphertext", LargeBinary),
    Index(None, "subject_id"),
)

wrapped_keys = Table(
    "wrapped_keys",
    metadata,
    Column("kind", String, primary_key=True),
    Column("node", String, primary_key=True),
    Column("month", String, primary_key=True),
    Column("subject_kind", String, primary_key=True),
    Column("subject_id", String, primary_key=True),
    Column("recipient", String, primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
    # The entry beside which it rode.
    Column("taken", Big, nullable=False),
    Index(None, "taken"),
    Index(None, "subject_id"),
)

# Public keys that month keys are wrapped for: this node's, its superiors', its subordinates'.
payload_keys = Table(
    "payload_keys",
    metadata,
    Column("recipient", String, primary_key=True),
    Column("public_key", LargeBinary, nullable=False),
)

# What goes down a link: an index into the journal, numbered without a gap.
down = Table(
    "down",
    metadata,
    Column("link", String, primary_key=True),
    Column("epoch", Integer, primary_key=True),
    Column("down_seq", Big, primary_key=True, autoincrement=False),
    Column("taken", Big, nullable=False),
)

links = Table(
    "links",
    metadata,
    Column("peer", String, primary_key=True),
    # "superior" or "subordinate".
    _text("side"),
    _text("name"),
    _text("address"),
    # "active", "suspended", "revoked", "forked".
    _text("status"),
    _text("fingerprint"),
    Column("boot_id", LargeBinary, nullable=False, default=b""),
    Column("former_boot_ids", LargeBinary, nullable=False, default=b""),
    # Up: everything taken here up to this is durable above.
    Column("acked", Big, nullable=False, default=0),
    # Down stream of the link: head (at the superior) or what was applied (at the subordinate).
    Column("down_epoch", Integer, nullable=False, default=1),
    Column("down_size", Big, nullable=False, default=0),
    Column("down_peaks", LargeBinary, nullable=False, default=b""),
    # At the superior: what the subordinate has durably applied.
    Column("down_acked", Big, nullable=False, default=0),
    # What the peer last said it still had to send.
    Column("waiting", Big, nullable=False, default=0),
    Column("heard_at", Big),
    Column("next_attempt_at", Big),
    Column("attempts", Integer, nullable=False, default=0),
    _text("last_error"),
    _text("program"),
    Column("skew_seconds", Integer, nullable=False, default=0),
)

invitations = Table(
    "invitations",
    metadata,
    Column("fingerprint", String, primary_key=True),
    Column("node", String, nullable=False),
    Column("content", Text, nullable=False),
)

# Entries that could not be folded: kept, forwarded, replayed after an upgrade.
quarantine = Table(
    "quarantine",
    metadata,
    Column("taken", Big, primary_key=True, autoincrement=False),
    Column("subject_id", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("at", Big, nullable=False),
)

# What must never happen and is kept when it does: forks, clashes, clones.
incidents = Table(
    "incidents",
    metadata,
    Column("id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("node", String, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("seq", Big, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("at", Big, nullable=False),
)

tickets = Table(
    "tickets",
    metadata,
    Column("id", String, primary_key=True),
    _text("origin"),
    _text("holder"),
    _text("asked"),
    # Every node that has or had a part: origin, holders, asked; comma between and around.
    _text("parties"),
    Column("custody", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    _text("state"),
    _text("with_whom"),
    _text("pack"),
    _text("category"),
    _text("complexity"),
    _text("layer", server_default=""),
    _text("level", server_default=""),
    _text("batch", server_default=""),
    _text("number"),
    _text("lead"),
    _text("channel"),
    _text("first_contact"),
    _text("credit_code"),
    _text("external_number"),
    Column("rounds", Integer, nullable=False),
    Column("outcomes", Integer, nullable=False),
    Column("registered_at", Big),
    Column("completed_at", Big),
    Column("completed_in_time", Boolean),
    _text("standard"),
    Column("satisfied", Boolean),
    Column("solved", Boolean),
    _text("evaluation", server_default=""),
    _text("evaluation_way", server_default=""),
    Column("revisit_consistent", Boolean),
    Column("decided_above", Boolean, nullable=False),
    Column("handed_down", Boolean, nullable=False),
    _text("terminated_for"),
    _text("refused_for"),
    _text("ended_as", server_default=""),
    Column("is_incomplete", Boolean, nullable=False),
    Column("changed_at", Big),
    Index(None, "holder", "state"),
    Index(None, "origin", "registered_at"),
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
    _text("owes"),
    Column("count", Integer, nullable=False),
    _text("unit"),
    Column("started_at", Big, nullable=False),
    # NULL while it stands, or once it is stopped.
    Column("due_at", Big),
    Column("last_due_at", Big),
    Column("stopped_at", Big),
    Column("is_provisional", Boolean, nullable=False),
    # Rungs that went off, comma between.
    _text("fired"),
    Index(None, "node", "due_at"),
)

asks = Table(
    "asks",
    metadata,
    Column("id", String, primary_key=True),
    _text("ticket"),
    _text("kind"),
    _text("node"),
    _text("addressee"),
    Column("asked_at", Big, nullable=False),
    Column("is_answered", Boolean, nullable=False),
    Index(None, "addressee", "is_answered"),
    Index(None, "ticket"),
)

nodes = Table(
    "nodes",
    metadata,
    Column("code", String, primary_key=True),
    _text("superior"),
    _text("name"),
    # "active", "suspended", "revoked".
    _text("status"),
    _text("fingerprint"),
)

units = Table(
    "units",
    metadata,
    Column("code", String, primary_key=True),
    _text("node"),
    _text("kind"),
    _text("name"),
    Column("is_active", Boolean, nullable=False),
)

accounts = Table(
    "accounts",
    metadata,
    Column("node", String, primary_key=True),
    Column("id", String, primary_key=True),
    _text("unit"),
    # Role values, comma between.
    _text("roles"),
    Column("is_active", Boolean, nullable=False),
)

adoptions = Table(
    "adoptions",
    metadata,
    Column("node", String, primary_key=True),
    # "pack" or "calendar".
    Column("kind", String, primary_key=True),
    Column("id", String, primary_key=True),
    # Every version stays: a ticket goes on under the one that its custody term began with.
    Column("digest", String, primary_key=True),
    _text("version"),
    Column("blob", LargeBinary, nullable=False),
    _text("effective_from"),
    Column("adopted_at", Big, nullable=False),
    # The entry's: of two adoptions in one moment the later one counts.
    Column("seq", Big, nullable=False),
)

rounds = Table(
    "rounds",
    metadata,
    Column("id", String, primary_key=True),
    # The node that draws, and the subordinate whose tickets it draws from.
    _text("node"),
    _text("county"),
    _text("period"),
    _text("state"),
    Column("rate", Integer, nullable=False),
    Column("floor", Integer, nullable=False),
    Column("cut_epoch", Integer, nullable=False),
    Column("cut_from", Big, nullable=False),
    Column("cut", Big, nullable=False),
    Column("frame", Integer, nullable=False),
    Column("drawn", Integer, nullable=False),
    Column("reached", Integer, nullable=False),
    Column("findings", Integer, nullable=False),
    Column("satisfied", Integer, nullable=False),
    _text("seed"),
    Column("opened_at", Big, nullable=False),
    Column("cut_at", Big),
    Column("revealed_at", Big),
)

dossiers = Table(
    "dossiers",
    metadata,
    Column("id", String, primary_key=True),
    # A value of SubjectKind: "enterprise", "meeting", "order".
    _text("kind"),
    # The node that opened it, and alone changes it.
    _text("owner"),
    _text("state"),
    Column("version", Integer, nullable=False),
    # What it is found by besides its id: a credit code, a number.
    _text("key"),
    # Units and nodes that have a part in it, and the tickets that it is about: a comma before, between and behind.
    _text("parties"),
    _text("about"),
    Column("opened_at", Big, nullable=False),
    Column("changed_at", Big, nullable=False),
    Index(None, "kind", "key"),
    Index(None, "kind", "owner", "state"),
)

# Who has a ticket inside a unit; empty: it lies in the unit's shared tray.
desks = Table(
    "desks",
    metadata,
    Column("ticket", String, primary_key=True),
    Column("unit", String, primary_key=True),
    _text("person"),
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
    _text("account"),
    _text("person"),
    Index(None, "unit", "year", "number"),
)

# The outbox of messages.  No reading: it is written with the entry that it tells of and then lives its own life.
notices = Table(
    "notices",
    metadata,
    Column("id", String, primary_key=True),
    # The entry that it tells of, and its place in ``taken``; one entry tells one audience one thing once by each channel.
    _text("entry"),
    Column("taken", Big, nullable=False),
    _text("subject_kind"),
    _text("subject_id"),
    # "appellant", "unit:<code>", "account:<id>" or "role:<role>".
    _text("audience"),
    _text("channel"),
    _text("template"),
    # JSON: codes, numbers and dates.
    _text("facts"),
    # Where a text lies that the platform's page shows with it: entry and place; "" and 0 if there is none.
    _text("words_entry"),
    Column("words_place", Integer, nullable=False),
    _text("words_digest"),
    # "waiting", "sent", "read" or "failed".
    _text("state"),
    Column("created_at", Big, nullable=False),
    Column("next_at", Big, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("sent_at", Big),
    Column("read_at", Big),
    _text("error"),
    # Of an invitation: the secret until it is sent, its SHA-256 for ever, and when it was used.
    _text("token"),
    _text("token_digest"),
    Column("used_at", Big),
    Index(None, "state", "next_at"),
    Index(None, "audience", "state"),
    Index(None, "entry", "audience", "channel", "template", unique=True),
    Index(None, "token_digest"),
    Index(None, "subject_id"),
)

# The responsibility catalogues (权责清单): the items of every adopted version.
duty_items = Table(
    "duty_items",
    metadata,
    Column("node", String, primary_key=True),
    # SHA-256 of the version that the item belongs to.
    Column("digest", LargeBinary, primary_key=True),
    Column("code", String, primary_key=True),
    _text("unit"),
    _text("matter"),
    _text("matter_name"),
    _text("field"),
    _text("law_basis"),
    _text("level"),
    # ISO dates, both included; empty is open.
    _text("valid_from"),
    _text("valid_to"),
    Column("is_negative", Boolean, nullable=False),
    Index(None, "node", "digest", "matter"),
)

# The classification guides (诉求分类指南): the entries of every adopted version.
guide_entries = Table(
    "guide_entries",
    metadata,
    Column("node", String, primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    Column("category", String, primary_key=True),
    Column("subtype", String, primary_key=True),
    _text("definition"),
    # JSON lists of texts.
    _text("examples"),
    _text("key_words"),
    _text("default_unit"),
)

# Rulings on whose duty a matter is (先例), one row a ruling.
precedents = Table(
    "precedents",
    metadata,
    Column("entry", String, primary_key=True),
    _text("node"),
    _text("ticket"),
    _text("matter"),
    # Who had declined, who must take it, who ruled.
    _text("unit"),
    _text("named"),
    _text("ruled_by"),
    # What the duty list said about the matter then.
    _text("basis"),
    Column("ruled_at", Big, nullable=False),
    Index(None, "node", "matter"),
)

# What a ticket is found by besides its row: matter, topic, group, finder, receipt, enterprise ..., each as a name and a code.
traits = Table(
    "traits",
    metadata,
    Column("ticket", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("value", String, primary_key=True),
    Index(None, "name", "value"),
)

# The enterprise files as lists and searches need them; everything else is in the file itself.
enterprises = Table(
    "enterprises",
    metadata,
    Column("id", String, primary_key=True),
    _text("owner"),
    _text("subject_type"),
    _text("credit_code"),
    _text("division"),
    _text("area"),
    _text("size"),
    _text("industry"),
    _text("block"),
    # Comma between and around.
    _text("tags"),
    _text("became"),
    _text("head"),
    _text("agent"),
    Column("is_park", Boolean, nullable=False),
    Column("is_native_tie", Boolean, nullable=False),
    # The day of the last visit or call, "2026-02-13", or empty.
    _text("visited_on"),
    Index(None, "block"),
    Index(None, "credit_code"),
)

# Who is on duty, appointed or on his turn, and events at which needs are gathered.
turns = Table(
    "turns",
    metadata,
    Column("node", String, primary_key=True),
    Column("id", String, primary_key=True),
    _text("kind"),
    _text("who"),
    _text("place"),
    Column("begins_at", Big, nullable=False),
    Column("ends_at", Big, nullable=False),
    Index(None, "node", "kind", "begins_at"),
)

group_members = Table(
    "group_members",
    metadata,
    Column("node", String, primary_key=True),
    Column("service_group", String, primary_key=True),
    Column("member", String, primary_key=True),
    # "account" or "enterprise".
    _text("kind"),
    Index(None, "node", "member"),
)

intermediaries = Table(
    "intermediaries",
    metadata,
    Column("node", String, primary_key=True),
    Column("id", String, primary_key=True),
    _text("kind"),
    _text("name"),
)

# The blind index: keyed digests of names, phones and codes, so that somebody is found whose contacts stand nowhere in plain.
# No reading: it is filled with what is written, and refilled from the payloads that this node can open.
lookups = Table(
    "lookups",
    metadata,
    Column("kind", String, primary_key=True),
    Column("token", String, primary_key=True),
    Column("subject_kind", String, primary_key=True),
    Column("subject_id", String, primary_key=True),
    Index(None, "subject_id"),
)

READINGS = (
    tickets,
    clocks,
    asks,
    nodes,
    units,
    accounts,
    adoptions,
    rounds,
    dossiers,
    desks,
    receipts,
    duty_items,
    guide_entries,
    precedents,
    traits,
    enterprises,
    turns,
    group_members,
    intermediaries,
)
