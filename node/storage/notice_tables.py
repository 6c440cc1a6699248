"""The outbox of messages."""

from sqlalchemy import Column, Index, Integer, String, Table

from node.storage.columns import Big, metadata, string

# The outbox of messages.  No reading: it is written with the entry that it tells of and then lives its own life.
notices = Table(
    "notices",
    metadata,
    Column("id", String, primary_key=True),
    # The entry that it tells of, and its place in ``taken``; one entry tells one audience one thing once by each channel.
    string("entry"),
    Column("taken", Big, nullable=False),
    string("subject_kind"),
    string("subject_id"),
    # "appellant", "unit:<code>", "account:<id>" or "role:<role>".
    string("audience"),
    string("channel"),
    string("template"),
    # JSON: codes, numbers and dates.
    string("facts"),
    # Where a text lies that the platform's page shows with it: entry and place; "" and 0 if there is none.
    string("words_entry"),
    Column("words_place", Integer, nullable=False),
    string("words_digest"),
    # "waiting", "sent", "read" or "failed".
    string("state"),
    Column("created_at", Big, nullable=False),
    Column("next_at", Big, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("sent_at", Big),
    Column("read_at", Big),
    string("error"),
    # Of an invitation: the secret until it is sent, its SHA-256 for ever, and when it was used.
    string("token"),
    string("token_digest"),
    Column("used_at", Big),
    Index(None, "state", "next_at"),
    Index(None, "audience", "state"),
    Index(None, "entry", "audience", "channel", "template", unique=True),
    Index(None, "token_digest"),
    Index(None, "subject_id"),
    # How many of a channel wait, went out and failed.
    Index(None, "channel", "state"),
    # The last error of a channel: few messages have one.
    Index("ix_notices_error", "channel", "created_at", sqlite_where=Column("error") != "", postgresql_where=Column("error") != ""),
)
