"""Decisions as pure functions over values; imports the standard library and itself."""
