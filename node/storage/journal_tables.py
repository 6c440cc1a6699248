"""The journal: the one ordered history of a node, what rides beside its entries, and what could not or must not be in it."""

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, String, Table, UniqueConstraint

from node.storage.columns import Big, metadata, string

# One row: who this node is, and the counters taken under its lock.
heads = Table(
    "heads",
    metadata,
    Column("id", Integer, primary_key=True),
    string("node"),
    string("name"),
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
    string("line"),
    string("pack"),
    # Why this node writes nothing of its own just now: "behind", "forked", "restored", "guard", "fenced", "damaged"; empty: it does.
    string("held", server_default=""),
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
