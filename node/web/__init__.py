"""Entrances over HTTP: the staff's pages and the REST API, both on the one road of a command (DESIGN 3, 10)."""
