"""Faults on real processes: killed, cut off, slowed, filled up, restored (FEDERATION 5.2, T09 to T17)."""
