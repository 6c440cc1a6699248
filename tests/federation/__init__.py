"""Tests of what passes between levels."""
