"""REST: ``/api/v1``, derived from the command classes."""
