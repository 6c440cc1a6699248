"""Who and what is there: nodes, units, people, packs, duty lists, guides, turns."""

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, String, Table

from node.storage.columns import Big, metadata, string

nodes = Table(
    "nodes",
    metadata,
    Column("code", String, primary_key=True),
    string("superior"),
    string("name"),
    # "active", "suspended", "revoked".
    string("status"),
    string("fingerprint"),
    # Superiors that it left, comma between: what they still bring of it is passed by.
    string("former", server_default=""),
    # The superior that it is on its way to, once nothing of it is taken from the one that it leaves; else empty.
    string("leaving", server_default=""),
)

# A node that leaves its superior for another (FEDERATION 2.7), as its entries tell it.
reparentings = Table(
    "reparentings",
    metadata,
    Column("id", String, primary_key=True),
    string("node"),
    string("from_node"),
    string("to_node"),
    string("ordered_by"),
    # Account, role and unit of who ordered it, comma between.
    string("actor"),
    Column("effective_at", Big, nullable=False),
    Column("ordered_at", Big, nullable=False),
    # The order's: of two in one moment the later one counts.
    Column("seq", Big, nullable=False),
    string("escalations"),
    string("stage"),
    # Streams as "node/epoch/size/root", comma between: as the common superior confirmed them, as they were handed over.
    string("streams"),
    string("handed"),
    # Escalations that were open at the handover, comma between.
    string("open"),
    Column("is_forced", Boolean, nullable=False),
    string("fault"),
)

# Nodes of which a superior of theirs, this one or one below it, was told two histories (FEDERATION 2.3 no. 2), as its entries tell it.
forks = Table(
    "forks",
    metadata,
    Column("node", String, primary_key=True),
    # Who saw it, and grants the epoch that ends it.
    string("seen_by"),
    # The place that holds two entries; that or one before it.
    string("stream"),
    Column("epoch", Integer, nullable=False),
    Column("seq", Big, nullable=False),
    # The epoch that was granted since; 0: none yet.
    Column("granted", Integer, nullable=False),
)

units = Table(
    "units",
    metadata,
    Column("code", String, primary_key=True),
    string("node"),
    string("kind"),
    string("name"),
    Column("is_active", Boolean, nullable=False),
)

accounts = Table(
    "accounts",
    metadata,
    Column("node", String, primary_key=True),
    Column("id", String, primary_key=True),
    string("unit"),
    # Role values, comma between.
    string("roles"),
    Column("is_active", Boolean, nullable=False),
    # "active", "suspended" or "closed"; the second is lifted, the third is not.
    string("status", server_default="active"),
)

# Who acts for whom, from one day to another, both included.
deputies = Table(
    "deputies",
    metadata,
    Column("node", String, primary_key=True),
    Column("account", String, primary_key=True),
    Column("deputy", String, primary_key=True),
    # "deputy" or "secretary".
    string("duty"),
    # ISO dates.
    string("from_day"),
    string("to_day"),
    Index(None, "node", "deputy"),
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
    string("version"),
    Column("blob", LargeBinary, nullable=False),
    string("effective_from"),
    Column("adopted_at", Big, nullable=False),
    # The entry's: of two adoptions in one moment the later one counts.
    Column("seq", Big, nullable=False),
)

# The responsibility catalogues (权责清单): the items of every adopted version.
duty_items = Table(
    "duty_items",
    metadata,
    Column("node", String, primary_key=True),
    # SHA-256 of the version that the item belongs to.
    Column("digest", LargeBinary, primary_key=True),
    Column("code", String, primary_key=True),
    string("unit"),
    string("matter"),
    string("matter_name"),
    string("field"),
    string("law_basis"),
    string("level"),
    # ISO dates, both included; empty is open.
    string("valid_from"),
    string("valid_to"),
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
    string("definition"),
    # JSON lists of texts.
    string("examples"),
    string("key_words"),
    string("default_unit"),
)

# Who is on duty, appointed or on his turn, and events at which needs are gathered.
turns = Table(
    "turns",
    metadata,
    Column("node", String, primary_key=True),
    Column("id", String, primary_key=True),
    string("kind"),
    string("who"),
    string("place"),
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
    string("kind"),
    Index(None, "node", "member"),
)

intermediaries = Table(
    "intermediaries",
    metadata,
    Column("node", String, primary_key=True),
    Column("id", String, primary_key=True),
    string("kind"),
    string("name"),
)
