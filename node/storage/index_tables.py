"""Keyed digests by which people and texts are found that stand nowhere in plain."""

from sqlalchemy import Column, Index, String, Table

from node.storage.columns import Big, metadata

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

# The text index: for each character of a text that this node holds in plain right, keyed digests of it alone and of it with the
# one behind it.  No reading, as ``lookups``.
text_grams = Table(
    "text_grams",
    metadata,
    Column("single", Big, primary_key=True, autoincrement=False),
    Column("pair", Big, primary_key=True, autoincrement=False),
    # The entry that brought the text.
    Column("taken", Big, primary_key=True, autoincrement=False),
    Index(None, "taken"),
    # The key is the whole row: kept once, not twice.
    sqlite_with_rowid=False,
)
