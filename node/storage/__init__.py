"""Keeps what the domain decided: journal, readings, payloads, in one transaction."""
