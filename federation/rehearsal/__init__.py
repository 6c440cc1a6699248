"""Rehearsal: the demo, which plays a story of nine weeks on real nodes, and the simulator."""
