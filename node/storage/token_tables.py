"""Other systems at the API: their tokens, what they asked for under which key, and the hooks that tell them of entries."""

from sqlalchemy import Column, Index, Integer, LargeBinary, String, Table

from node.storage.columns import Big, metadata, string

# A token of a service account.  Of its secret only the SHA-256 is kept: it is random enough that nobody finds it by trying.
tokens = Table(
    "tokens",
    metadata,
    Column("id", String, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    string("account"),
    # The one role that it acts in; empty: as the account itself does.
    string("role"),
    string("name"),
    # "read", names of queries and verbs of commands, or "all"; comma between.
    string("scopes"),
    Column("created_at", Big, nullable=False),
    Column("expires_at", Big, nullable=False),
    Column("used_at", Big),
    Column("revoked_at", Big),
    Index(None, "account"),
)

# What was asked for under an idempotency key: a keyed digest of it, so that the same key never answers for something else.
requests = Table(
    "requests",
    metadata,
    Column("id", String, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("at", Big, nullable=False),
    Index(None, "at"),
)

# A subscription: entries behind ``position`` (``taken``) are posted to ``url``.  Its secret follows from the node's own, and is not kept.
hooks = Table(
    "hooks",
    metadata,
    Column("id", String, primary_key=True),
    string("account"),
    string("role"),
    string("url"),
    # Kinds of events, comma between; empty: all.
    string("kinds"),
    Column("position", Big, nullable=False),
    Column("created_at", Big, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Big, nullable=False),
    Column("delivered_at", Big),
    string("error"),
)
