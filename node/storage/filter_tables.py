"""Searches that people keep."""

from sqlalchemy import Column, String, Table

from node.storage.columns import Big, metadata, string

# No reading and no entry: how somebody arranges his own desk is nobody's history.
saved_filters = Table(
    "saved_filters",
    metadata,
    Column("account", String, primary_key=True),
    Column("name", String, primary_key=True),
    string("query"),
    Column("saved_at", Big, nullable=False),
)
