"""Enterprise files."""
