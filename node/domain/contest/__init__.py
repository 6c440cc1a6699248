"""Contests (评选): enterprise representatives and enterprise-related units vote for units and cases."""
