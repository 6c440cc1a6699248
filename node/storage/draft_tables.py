"""What people have typed and not sent yet."""

from sqlalchemy import Column, LargeBinary, String, Table

from node.storage.columns import Big, metadata

# No reading and no truth: a row lives from the first key stroke to the sending of its form, and is sealed while it does.
drafts = Table(
    "drafts",
    metadata,
    Column("account", String, primary_key=True),
    # Which form, and of what: "intake/<draft id>", "ticket/<id>/escalate".
    Column("form", String, primary_key=True),
    # Sealed JSON: field -> what was typed into it.
    Column("sealed", LargeBinary, nullable=False),
    Column("saved_at", Big, nullable=False),
)
