"""The one road for every command, the clock, queries and imports."""
