"""Subjects other than tickets: dossiers of every kind, enterprise files among them, and rounds of revisits."""

from sqlalchemy import Boolean, Column, Index, Integer, String, Table

from node.storage.columns import Big, metadata, string

rounds = Table(
    "rounds",
    metadata,
    Column("id", String, primary_key=True),
    # The node that draws, and the subordinate whose tickets it draws from.
    string("node"),
    string("county"),
    string("period"),
    string("state"),
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
    string("seed"),
    Column("opened_at", Big, nullable=False),
    Column("cut_at", Big),
    Column("revealed_at", Big),
)

dossiers = Table(
    "dossiers",
    metadata,
    Column("id", String, primary_key=True),
    # A value of SubjectKind: "enterprise", "meeting", "order".
    string("kind"),
    # The node that opened it, and alone changes it.
    string("owner"),
    string("state"),
    Column("version", Integer, nullable=False),
    # What it is found by besides its id: a credit code, a number.
    string("key"),
    # Units and nodes that have a part in it, and the tickets that it is about: a comma before, between and behind.
    string("parties"),
    string("about"),
    Column("opened_at", Big, nullable=False),
    Column("changed_at", Big, nullable=False),
    Index(None, "kind", "key"),
    Index(None, "kind", "owner", "state"),
    # A paper is about one ticket, and there are as many as tickets; what is about many would be too long for an index.
    Index("ix_dossiers_about", "about", sqlite_where=Column("kind") == "paper", postgresql_where=Column("kind") == "paper"),
)

# The units and nodes of each dossier ("party") and the tickets that it is about ("about"), a row each: lists are narrowed by them.  A paper
# is about one ticket, and is found by its own index.
dossier_words = Table(
    "dossier_words",
    metadata,
    Column("dossier", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("word", String, primary_key=True),
    # That of the dossier.
    string("kind"),
    # With the dossier: which these are is answered by the index alone.
    Index("ix_dossier_words_word", "name", "word", "kind", "dossier"),
    sqlite_with_rowid=False,
)

# The enterprise files as lists and searches need them; everything else is in the file itself.
enterprises = Table(
    "enterprises",
    metadata,
    Column("id", String, primary_key=True),
    string("owner"),
    string("subject_type"),
    string("credit_code"),
    string("division"),
    string("area"),
    string("size"),
    string("industry"),
    string("block"),
    # Comma between and around.
    string("tags"),
    string("became"),
    string("head"),
    string("agent"),
    Column("is_park", Boolean, nullable=False),
    Column("is_native_tie", Boolean, nullable=False),
    # The day of the last visit or call, "2026-02-13", or empty.
    string("visited_on"),
    Index(None, "block"),
    Index(None, "credit_code"),
)
