"""Supervision orders."""
