"""Clauses of the source documents, each made as its `check` in tests/clauses.toml says: one node, one need, in process."""
