"""Tests of the ticket, one file an area; ``given`` has the people, the pack and the tickets that they begin with."""
