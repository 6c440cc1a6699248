"""Appraisals (考评): a third party scores the units of a period, indicator by indicator."""
