"""Links: what goes between this node and its superior and subordinates."""

from sqlalchemy import Column, Integer, LargeBinary, String, Table, Text

from node.storage.columns import Big, metadata, string

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
    # "superior", "subordinate", or "leaving" and "former": a superior that this node has left.
    string("side"),
    string("name"),
    string("address"),
    # "active", "suspended", "revoked", "forked".
    string("status"),
    string("fingerprint"),
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
    # What stands between: of a subordinate, why its last greeting was refused.
    string("last_error"),
    string("program"),
    Column("skew_seconds", Integer, nullable=False, default=0),
    # The superior's own epoch, the highest that it ever said: one that says a lower one is another copy of it, and fenced.
    Column("peer_epoch", Integer, nullable=False, default=1, server_default="1"),
    # The superior's epoch for which it was given back what this node holds of its former ones.
    Column("given_epoch", Integer, nullable=False, default=1, server_default="1"),
    # At the superior, which began a new epoch: how long it waits for this subordinate to give back what only that one holds.
    Column("awaited_until", Big),
    # Refusals for an epoch that is over, since the node joined.
    Column("stale", Integer, nullable=False, default=0, server_default="0"),
    # At the superior: those of its own features that the subordinate named when it greeted last, space between; NULL: it has not yet.
    Column("features", String),
    # At the superior: since when the subordinate is asked to compare; NULL: it is not.
    Column("asked_at", Big),
    # At the superior: when the certificate ends that the subordinate showed when it greeted last, or was given since.
    Column("certificate_ends_at", Big),
)

invitations = Table(
    "invitations",
    metadata,
    Column("fingerprint", String, primary_key=True),
    Column("node", String, nullable=False),
    Column("content", Text, nullable=False),
)

# In which epoch each superior is, the highest that was ever said of it in a greeting.
line_epochs = Table(
    "line_epochs",
    metadata,
    Column("node", String, primary_key=True),
    Column("epoch", Integer, nullable=False),
    # Of those above the superior: the epoch for which what this node holds of the former ones went back.
    Column("given_epoch", Integer, nullable=False, default=1, server_default="1"),
    # What was taken here up to this came before that epoch was heard of, where an earlier one had been; 0: none was.
    Column("taken", Big, nullable=False, default=0, server_default="0"),
)

# What somebody below gave back of those above this node, and is to be passed on.
relayed = Table(
    "relayed",
    metadata,
    Column("node", String, primary_key=True),
    Column("epoch", Integer, primary_key=True),
    Column("seq", Big, primary_key=True, autoincrement=False),
    Column("leaf", LargeBinary, primary_key=True),
    # The entry with what rides beside it, as it came.
    Column("entry", LargeBinary, nullable=False),
)

# Attachments that a neighbour is to give: one that an entry names, and that is not stored here.
wanted_blobs = Table(
    "wanted_blobs",
    metadata,
    Column("peer", String, primary_key=True),
    # SHA-256 in hex.
    Column("digest", String, primary_key=True),
    # Whose entries name it: "ticket" or "letter", and the id.  Each is a right of its own to get it.
    Column("kind", String, primary_key=True, server_default="ticket"),
    Column("subject", String, primary_key=True),
    Column("since", Big, nullable=False),
    # How many times the neighbour was asked: a subordinate when it greets, a superior by a call.
    Column("times_asked", Big, nullable=False, server_default="0"),
)

# What a comparison with a neighbour found: every stream that both hold, range by range.
reconciliations = Table(
    "reconciliations",
    metadata,
    Column("peer", String, primary_key=True),
    Column("at", Big, primary_key=True, autoincrement=False),
    Column("streams", Integer, nullable=False),
    Column("entries", Big, nullable=False),
    Column("differences", Integer, nullable=False),
    # JSON: what was compared and what differs, by ticket and place.
    Column("content", Text, nullable=False),
)
