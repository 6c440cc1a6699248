"""Tests of the rehearsal: the story plays, the demo agrees with itself."""
