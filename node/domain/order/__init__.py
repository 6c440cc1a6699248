"""Supervision orders: urging, supervision, listed supervision, exposure, talks, accountability; one dossier each."""
